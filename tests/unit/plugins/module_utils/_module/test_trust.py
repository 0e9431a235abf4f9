# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run keeps its roles once, of what the assessment noted; a place that can't be written stops nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import Found
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import read_state
from ansible_collections.hardening.iam.plugins.module_utils._module.run_snapshot import LastingFacts
from ansible_collections.hardening.iam.plugins.module_utils._module.trust import keep_found

from .._converge.fakes import ACCOUNT, NOW, FakeStore

ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/automation"


class Facts:
    """The facts of one run; ``found`` is what the assessment noted, None without one."""

    def __init__(self, found: t.Optional[Found] = None) -> None:
        self.values: dict[str, t.Any] = {}
        if found is not None:
            self.values["trust_found"] = {**found.as_dict(), "others": []}

    @property
    def lasting(self) -> LastingFacts:
        return LastingFacts(self.values.__setitem__, self.values.get)


def found(digest: str) -> Found:
    return Found(ACCOUNT, "run", NOW, {ROLE: {"trust policy": digest}})


def keep(facts: t.Any, store: FakeStore, run_id: str) -> list[str]:
    warned: list[str] = []
    keep_found(facts, store, run_id, warned.append)
    return warned


def test_a_run_keeps_what_its_assessment_noted_once() -> None:
    store, facts = FakeStore(), Facts(found("1"))
    assert keep(facts, store, "run-1") == []
    before = dict(store.objects)
    assert keep(facts, store, "run-1") == [] and store.objects == before
    state = read_state(store, ACCOUNT)
    assert state is not None and state.found.run_id == "run-1"
    (warning,) = keep(Facts(found("2")), store, "run-2")
    assert "trust policy of role automation changed between run run-1" in warning and "docs/incident.md" in warning


def test_without_an_assessment_nothing_is_kept() -> None:
    store = FakeStore()
    assert keep(Facts(), store, "run-1") == [] and not store.objects


def test_a_place_that_can_not_be_written_is_a_warning() -> None:
    store, facts = FakeStore(), Facts(found("1"))
    store.full = True
    (warning,) = keep(facts, store, "run-1")
    assert "is not kept for incidents" in warning
    store.full = False
    # The next module of the run tries again.
    assert keep(facts, store, "run-1") == [] and store.objects
