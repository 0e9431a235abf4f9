# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each successful technique of an intruder is a row, with its event and a family."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import list_writes
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import find_persistence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Family, Presence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import State

from .synthetic import event
from .techniques import TECHNIQUES


def list_missing(techniques: t.Iterable[tuple[str, str]], **given: t.Any) -> list[str]:
    """The techniques that are no row, or one that says that nothing is left."""
    missing = []
    for source, name in techniques:
        found = event(source, name, **given)
        hits = find_persistence([found], State())
        if {(hit.event_id, hit.present) for hit in hits} != {(found.event_id, Presence.UNKNOWN)}:
            missing.append(f"{source}:{name}")
    return missing


def test_there_are_many() -> None:
    assert len(set(TECHNIQUES)) == len(TECHNIQUES) > 600


@pytest.mark.parametrize("given", [{}, {"readOnly": False}, {"readOnly": "false"}], ids=["unmarked", "write", "text"])
def test_every_technique_is_a_row(given: dict[str, t.Any]) -> None:
    assert list_missing(TECHNIQUES, **given) == []


def test_every_write_of_botocore_is_a_row() -> None:
    assert list_missing(list_writes(), readOnly=False) == []


def test_most_techniques_have_a_family() -> None:
    hits = find_persistence([event(source, name) for source, name in TECHNIQUES], State())
    unknown = [hit.event_name for hit in hits if hit.family is Family.UNKNOWN]
    assert len(unknown) < 0.1 * len(TECHNIQUES), unknown


def test_each_event_keeps_its_row() -> None:
    events = [event(source, name, eventID=f"{number}") for number, (source, name) in enumerate(TECHNIQUES)]
    assert {hit.event_id for hit in find_persistence(events, State())} == {one.event_id for one in events}
