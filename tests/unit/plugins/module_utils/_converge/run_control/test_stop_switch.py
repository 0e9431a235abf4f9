# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.stop_switch import (
    KEY,
    read_stop_switch,
    refuse_all,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from ..fakes import FakeStore, change, user_arn


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def test_no_object_is_no_stop(store: FakeStore) -> None:
    assert read_stop_switch(store) is None


@pytest.mark.parametrize("content", [b"", b"   ", b"\x00\x1b"])
def test_any_object_stops(store: FakeStore, content: bytes) -> None:
    store.objects[KEY] = content
    reason = read_stop_switch(store) or ""
    assert reason.startswith("the stop switch s3://journal/iam/control/stop is set") and reason.isprintable()


def test_its_content_is_the_reason(store: FakeStore) -> None:
    store.objects[KEY] = b"INC-7:\n\x1b[2Jcalls of app-1 fail " + b"x" * 5000
    reason = read_stop_switch(store) or ""
    assert "is set: INC-7: [2Jcalls of app-1 fail" in reason and reason.isprintable() and len(reason) < 400


def test_a_switch_that_can_not_be_read_stops(store: FakeStore) -> None:
    store.lost = True
    with pytest.raises(StoreError, match="can't be read, which counts as set: .*denied"):
        read_stop_switch(store)


def test_every_change_is_refused_by_name() -> None:
    changes = [change("a"), change("b")]
    refused = refuse_all(changes, "stopped")
    assert [one for one, _refusal in refused] == changes
    assert [refusal.as_dict() for _one, refusal in refused] == [
        {"rule": "stopped", "reason": "stopped", "target": user_arn(name), "operation": "Replace"}
        for name in ("a", "b")
    ]
