# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents deny everything to those that they mean, and nothing to others."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.documents import (
    deny_account,
    deny_people,
    find_exempt,
    find_moment,
    find_people,
)
from ansible_collections.hardening.iam.plugins.module_utils._incident.control_policy import Content
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
ACCOUNT: t.Final = "222233334444"
KEPT: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
PERSON: t.Final = "94482488-3041-7026-d8a7-000000000000"


def decide(content: Content, principal: str, **context: str) -> Outcome:
    given = {name.replace("__", ":"): value for name, value in context.items()}
    layers = Layers(identity=(ANYTHING,), scps=((ANYTHING, parse(content.document)),))
    return evaluate(Request("iam:CreateUser", principal=principal, context=given), layers).outcome


@pytest.mark.parametrize(
    ("principal", "begun", "outcome"),
    [
        (KEPT, NOW + timedelta(seconds=1), Outcome.ALLOWED),
        # An intruder may hold a session that is older.
        (KEPT, NOW - timedelta(seconds=1), Outcome.EXPLICIT_DENY),
        (f"{KEPT}-2", NOW + timedelta(hours=1), Outcome.EXPLICIT_DENY),
        (f"arn:aws:iam::{ACCOUNT}:role/break-glass", NOW + timedelta(hours=1), Outcome.EXPLICIT_DENY),
        (f"arn:aws:iam::{ACCOUNT}:user/admin", None, Outcome.EXPLICIT_DENY),
        (f"arn:aws:iam::{ACCOUNT}:root", None, Outcome.EXPLICIT_DENY),
    ],
)
def test_only_new_sessions_of_exempt_roles_go_on(principal: str, begun: t.Optional[datetime], outcome: Outcome) -> None:
    context = {"aws__TokenIssueTime": format_utc(begun)} if begun else {}
    assert decide(deny_account([KEPT], NOW), principal, **context) is outcome


def test_without_exempt_roles_nobody_goes_on() -> None:
    content = deny_account([], NOW)
    assert "Condition" not in content.document["Statement"][0] and find_moment(content.document) is None
    assert decide(content, KEPT, aws__TokenIssueTime=format_utc(NOW + timedelta(hours=1))) is Outcome.EXPLICIT_DENY


def test_only_the_named_user_of_identity_center_is_denied() -> None:
    content, role = (
        deny_people([PERSON]),
        f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_a",
    )
    assert decide(content, role, identitystore__UserId=PERSON) is Outcome.EXPLICIT_DENY
    assert decide(content, role, identitystore__UserId=PERSON[:-1] + "1") is Outcome.ALLOWED
    assert decide(content, KEPT) is Outcome.ALLOWED


def test_what_a_policy_says_is_read_back_from_it() -> None:
    assert find_moment(deny_account([KEPT], NOW).document) == format_utc(NOW)
    assert find_people(deny_people(["b", "a"]).document) == ("a", "b")
    assert (
        find_exempt(deny_account([KEPT, "b"], NOW).document) == (KEPT, "b")
        and find_exempt(deny_account([], NOW).document) == ()
    )
    # The condition compares exactly, and ids have small letters: a policy with others is written anew.
    assert find_people(deny_people(["AB", "cd"]).document) == ("ab", "cd")
    for broken in (None, {}, {"Statement": "x"}, {"Statement": [None, {"Sid": "OlderSessions", "Condition": 1}]}):
        assert find_moment(broken) is None and find_people(broken) == () and find_exempt(broken) == ()


def test_too_many_exempt_roles_do_not_fit() -> None:
    many = [f"arn:aws:iam::{ACCOUNT}:role/{'x' * 64}{number}" for number in range(120)]
    assert deny_account(many, NOW).excess > 0 and deny_account(many[:10], NOW).excess == 0
