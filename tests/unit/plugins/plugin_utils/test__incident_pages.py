# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two pages of an incident: each run renders them from its own document and from the file of the other."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.plugin_utils._incident_pages import (
    write_pages_of_containment,
    write_pages_of_hunt,
)

from ..module_utils._report.stories import make_call, make_hunt, make_left, make_verdict
from ._render.test_hostile_names import NAMES, is_seen
from ._render.test_hunt_html import NOW, Elements, name_all

NAMED: t.Final = ("on_call.html", "management.html")
OPEN: t.Final = "something is open, or not known"
CLOSED: t.Final = "nothing that is known is open"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(str(tmp_path))


def put(store: DirectoryStore, name: str, document: t.Any) -> None:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    store.put(f"incident/INC-7/{name}", content)


def read(store: DirectoryStore, *, verdict: t.Any = None, hunt: t.Any = None) -> list[str]:
    """Both pages, as the run writes them that has this document."""
    if verdict is not None:
        places = write_pages_of_containment(store, verdict, now=NOW)
    else:
        places = write_pages_of_hunt(store, hunt, now=NOW)
    assert [place.rpartition("/")[2] for place in places] == list(NAMED)
    return [(store.get(f"incident/INC-7/{name}") or b"").decode() for name in NAMED]


def test_each_run_adds_the_document_of_the_other(store: DirectoryStore) -> None:
    put(store, "hunt.json", make_hunt(make_call("2026-11-28T11:00:00Z")))
    put(store, "verdict.json", make_verdict())
    after_containment, after_hunt = read(store, verdict=make_verdict()), read(store, hunt=make_hunt())
    for page in (*after_containment, *after_hunt):
        assert CLOSED in page and OPEN not in page


def test_what_no_other_run_has_left_is_not_known(store: DirectoryStore) -> None:
    for page in read(store, verdict=make_verdict()):
        assert OPEN in page and "nobody has hunted" in page
    for page in read(store, hunt=make_hunt()):
        assert OPEN in page and "no containment of this incident" in page


def without(document: dict[str, t.Any], *names: str) -> dict[str, t.Any]:
    return {name: value for name, value in document.items() if name not in names}


BROKEN: t.Final = {
    "no JSON": b"{",
    "doubled keys": b'{"schema": "hardening.iam/hunt/1", "schema": "hardening.iam/hunt/1"}',
    "a list": b"[]",
    "another schema": make_hunt(schema="hardening.iam/hunt/0"),
    "of another incident": make_hunt(incident_id="INC-8"),
    "a member is missing": without(make_hunt(), "taken"),
    "a row is missing a member": make_hunt(without(make_call("2026-11-28T11:00:00Z"), "principal")),
    "another type": make_hunt(persistence=7),
    "a time that is none": make_hunt(make_call("yesterday")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_hunt_that_cannot_be_read_is_not_known(store: DirectoryStore, name: str) -> None:
    put(store, "hunt.json", BROKEN[name])
    for page in read(store, verdict=make_verdict()):
        assert OPEN in page and "nobody has hunted" in page
        assert "hunt.json" in page


@pytest.mark.parametrize(
    "document",
    [
        make_verdict(incident_id="INC-8"),
        without(make_verdict(), "sections"),
        make_verdict(at="noon"),
        make_verdict(at=None),
        make_verdict(next=[{"text": "x"}]),
        make_verdict(schema="hardening.iam/incident-verdict/0"),
    ],
    ids=range(6),
)
def test_a_verdict_that_cannot_be_read_is_not_known(store: DirectoryStore, document: t.Any) -> None:
    put(store, "verdict.json", document)
    for page in read(store, hunt=make_hunt()):
        assert OPEN in page and "no containment of this incident" in page
        assert "verdict.json" in page


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_nothing_but_text(store: DirectoryStore, name: str) -> None:
    hunt = make_hunt(make_call("2026-11-28T12:30:00Z"), persistence=[make_left()])
    hostile = name_all(hunt, NAMES[name])
    kept = {"numbers", "taken", "record", "lag", "since", "created", "incident_id", "coverage"}
    hostile = {**hostile, **{member: hunt[member] for member in kept}}
    hostile["timeline"] = [{**row, "time": "2026-11-28T12:30:00Z"} for row in hostile["timeline"]]
    put(store, "verdict.json", make_verdict())
    for page, plain in zip(read(store, hunt=hostile), read(store, hunt=hunt), strict=True):
        found, usual = Elements(page), Elements(plain)
        # Words that no browser breaks are in elements of their own.
        assert {**found.tags, "span": 0} == {**usual.tags, "span": 0}
        assert not [item for item in found.attributes if item[0].startswith("on")]
        assert {character for character in found.text if not is_seen(character)} == set()
