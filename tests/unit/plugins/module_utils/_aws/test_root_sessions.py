# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws import root_sessions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, Unsupported
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import AUDIT_TASK, REMOVAL_TASK, FenceError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.root_sessions import RootSessions
from emulator.client import Emulator

from .conftest import Clock

PROD, MANAGEMENT = "222233334444", "111122223333"
SESSIONS = Operations(writes=frozenset({"sts:AssumeRoot"}))
TASKS = {
    AUDIT_TASK: Operations(reads=frozenset({"iam:GetUser", "iam:ListUsers"})),
    REMOVAL_TASK: Operations(writes=frozenset({"iam:DeleteLoginProfile"})),
}


def _sessions(emulator: Emulator, clock: Clock, *, check_mode: bool = False) -> RootSessions:
    options = AccessOptions(
        region="eu-west-1", endpoint_url=emulator.url, access_key="administrator", secret_key="very-secret-key"
    )
    access = Access(options, operations=SESSIONS, check_mode=check_mode)
    return RootSessions(access, TASKS, clock=clock)


def _list_opened(control: Emulator) -> list[dict[str, t.Any]]:
    return [record for record in control.log() if record["operation"] == "AssumeRoot"]


def test_a_session_is_root_for_one_task(emulator: Emulator, clock: Clock) -> None:
    sessions = _sessions(emulator, clock)
    user = sessions.of(PROD, AUDIT_TASK).call("iam", "GetUser")["User"]
    assert user["Arn"] == f"arn:aws:iam::{PROD}:root"
    with pytest.raises(AccessDenied):
        sessions.of(PROD, AUDIT_TASK).call("iam", "ListUsers")
    with pytest.raises(FenceError):
        sessions.of(PROD, AUDIT_TASK).call("iam", "DeleteLoginProfile")
    (opened,) = _list_opened(emulator)
    assert (opened["region"], opened["parameters"]["DurationSeconds"]) == ("eu-west-1", 900)


def test_a_session_is_used_again_until_shortly_before_its_end(emulator: Emulator, clock: Clock) -> None:
    sessions = _sessions(emulator, clock)
    first = sessions.of(PROD, AUDIT_TASK)
    clock.now = 779
    assert sessions.of(PROD, AUDIT_TASK) is first
    assert sessions.of(PROD, REMOVAL_TASK) is not first
    clock.now = 780
    assert sessions.of(PROD, AUDIT_TASK) is not first
    assert len(_list_opened(emulator)) == 3


def test_few_sessions_are_kept(emulator: Emulator, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_sessions, "_KEPT", 2)
    sessions = _sessions(emulator, clock)
    first = sessions.of(PROD, AUDIT_TASK)
    for account in ("333344445555", "444455556666"):
        sessions.of(account, AUDIT_TASK)
    assert sessions.of("444455556666", AUDIT_TASK) is sessions.of("444455556666", AUDIT_TASK)
    assert sessions.of(PROD, AUDIT_TASK) is not first


def test_check_mode_opens_sessions_for_the_audit_only(emulator: Emulator, clock: Clock) -> None:
    sessions = _sessions(emulator, clock, check_mode=True)
    assert sessions.of(PROD, AUDIT_TASK).call("iam", "GetUser")["User"]["UserId"] == PROD
    with pytest.raises(FenceError, match=AUDIT_TASK):
        sessions.of(PROD, REMOVAL_TASK)
    assert len(_list_opened(emulator)) == 1


def test_what_sts_refuses_is_told_and_no_session_is_kept(emulator: Emulator, clock: Clock) -> None:
    sessions = _sessions(emulator, clock)
    for _attempt in range(2):
        with pytest.raises(AccessDenied, match="sts:AssumeRoot"):
            sessions.of(MANAGEMENT, AUDIT_TASK)
    assert len(_list_opened(emulator)) == 2


def test_a_botocore_that_does_not_know_the_operation(clock: Clock) -> None:
    class Old(Access):
        def call(self, *_arguments: t.Any, **_keywords: t.Any) -> dict[str, t.Any]:
            raise Unsupported("the installed botocore does not know this operation")

    access = Old(AccessOptions(region="eu-west-1"), operations=SESSIONS, check_mode=True)
    with pytest.raises(Unsupported):
        RootSessions(access, TASKS, clock=clock).of(PROD, AUDIT_TASK)


def test_no_secret_is_shown(emulator: Emulator, clock: Clock) -> None:
    sessions = _sessions(emulator, clock)
    session = sessions.of(PROD, AUDIT_TASK)
    shown = f"{sessions!r} {session!r} {session._options!r}"
    assert "ROOT-SESSION-TOKEN" not in shown
    assert session._options.secret_key is not None
    assert session._options.secret_key not in shown
    assert session._options.mask_secrets(f"x {session._options.session_token}") == "x ********"
