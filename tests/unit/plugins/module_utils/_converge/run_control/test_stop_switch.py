# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._converge import store as store_module
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.stop_switch import (
    KEY,
    read_stop_switch,
    refuse_all,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from ..fakes import FakeStore, change, user_arn


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def read(store: FakeStore) -> str:
    """The reason of a switch that is set."""
    answer = read_stop_switch(store)
    assert isinstance(answer, Yes)
    return answer.value


def test_no_object_is_no_stop(store: FakeStore) -> None:
    assert read_stop_switch(store) == NO


@pytest.mark.parametrize("content", [b"", b"   ", b"\x00\x1b"])
def test_any_object_stops(store: FakeStore, content: bytes) -> None:
    store.objects[KEY] = content
    reason = read(store)
    assert reason.startswith("the stop switch s3://journal/iam/control/stop is set") and reason.isprintable()


def test_its_content_is_the_reason(store: FakeStore) -> None:
    store.objects[KEY] = b"INC-7:\n\x1b[2Jcalls of app-1 fail " + b"x" * 5000
    reason = read(store)
    assert "is set: INC-7: [2Jcalls of app-1 fail" in reason and reason.isprintable() and len(reason) < 400


def test_a_switch_that_can_not_be_read_is_not_absent(store: FakeStore) -> None:
    store.lost = True
    answer = read_stop_switch(store)
    assert isinstance(answer, Unknown)
    first, step = answer.reason.splitlines()
    assert first.startswith("the stop switch can't be read, which counts as set: ") and first.endswith("denied.")
    assert step == "Find out who wrote s3://journal/iam/control/stop, and remove it to go on."


@pytest.mark.parametrize("kind", ["broken link", "named pipe", "directory", "too large", "broken link to control"])
def test_whatever_is_in_its_place_counts_as_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(store_module, "_MOST_CONTROL_BYTES", 3)
    place = tmp_path / "control" / "stop"
    if kind == "broken link to control":
        place.parent.symlink_to(tmp_path / "nowhere")
    else:
        place.parent.mkdir()
    if kind == "broken link":
        place.symlink_to(tmp_path / "nowhere")
    elif kind == "named pipe":
        os.mkfifo(place)
    elif kind == "directory":
        place.mkdir()
    elif kind == "too large":
        place.write_bytes(b"INC-7")
    answer = read_stop_switch(DirectoryStore(str(tmp_path), "journal"))
    assert isinstance(answer, Unknown) and "counts as set: journal: can't read " in answer.reason


def test_every_change_is_refused_by_name() -> None:
    changes = [change("a"), change("b")]
    refused = refuse_all(changes, "stopped")
    assert [one for one, _refusal in refused] == changes
    assert [refusal.as_dict() for _one, refusal in refused] == [
        {"rule": "stopped", "reason": "stopped", "target": user_arn(name), "operation": "Replace"}
        for name in ("a", "b")
    ]
