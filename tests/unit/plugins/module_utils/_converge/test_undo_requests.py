# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts import undo as event_alerts
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions import (
    undo as user_permissions,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_records import Record, UnderivableError
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import (
    Derivations,
    derive,
    find_mismatch,
)

ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
BACK: t.Final = Undo("DeleteThing", {"Name": "app"})


def record(target: str = ROLE, undo: t.Optional[Undo] = BACK, **given: t.Any) -> Change:
    values: dict[str, t.Any] = {"operation": "CreateThing", "before": None, "after": {}, "undo": undo, **given}
    return Change(
        "111122223333", "global", "iam", target=target, parameters={}, kind="", impact=Impact.ADDITIVE, **values
    )


def by(function: Callable[[Record], t.Optional[Undo]]) -> Derivations:
    return {("iam", "CreateThing"): function}


def test_the_request_comes_from_the_derivation_of_the_operation() -> None:
    found = by(lambda record: Undo("DeleteThing", {"Name": record.name("role")}))
    assert derive(record(), found) == BACK
    assert find_mismatch(record(), found) == ""
    assert find_mismatch(record(undo=None), {}) == ""


@pytest.mark.parametrize(
    ("undo", "problem"),
    [
        (Undo("DeleteThing", {"Name": "other"}), "the undo of the record has another Name"),
        (Undo("DeleteThing", {"Name": "app", "Force": True}), "the undo of the record has another Force"),
        (Undo("DetachThing", {"Name": "app"}), "its undo is DeleteThing, but the record names DetachThing"),
    ],
)
def test_a_record_that_says_otherwise_is_not_believed(undo: Undo, problem: str) -> None:
    assert find_mismatch(record(undo=undo), by(lambda _record: BACK)).startswith(problem)


def test_an_operation_that_nothing_takes_back_has_no_undo() -> None:
    assert (
        find_mismatch(record(), by(lambda _record: None))
        == "the operation has no undo, but the record names DeleteThing"
    )
    assert find_mismatch(record(), {}) == "the undo of iam:CreateThing is not known"


def test_a_malformed_record_is_underivable() -> None:
    found = by(lambda record: Undo("DeleteThing", {"Name": record.after["name"]}))
    with pytest.raises(UnderivableError, match="do not fit the operation: KeyError"):
        derive(record(), found)
    with pytest.raises(UnderivableError, match="is no state of a target"):
        derive(record(after=["a", "list"]), found)


def test_a_record_is_judged_by_its_own_capability_alone() -> None:
    """Two make the same request, and each of them knows its own records only."""
    text = '{"Version":"2012-10-17"}'
    put = ("PutRolePolicy", "policy hand-on-events")
    of_alerts = record(
        f"{ROLE} {put[1]}",
        Undo(put[0], {"RoleName": "app", "PolicyName": "hand-on-events", "PolicyDocument": text}),
        operation=put[0],
        before={"policy": {"Version": "2012-10-17"}},
    )
    of_permissions = record(
        ROLE,
        Undo(put[0], {"RoleName": "app", "PolicyName": "own", "PolicyDocument": text}),
        operation="DeleteRolePolicy",
        before={"inline_policy": "own", "document": {"Version": "2012-10-17"}},
    )
    assert not find_mismatch(of_alerts, event_alerts.DERIVATIONS)
    assert not find_mismatch(of_permissions, user_permissions.DERIVATIONS)
    assert find_mismatch(of_alerts, user_permissions.DERIVATIONS)
    assert find_mismatch(of_permissions, event_alerts.DERIVATIONS)
