# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded sessions of roles, of every sort of caller, and events that are none."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers import assumptions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.assumptions import (
    Assumption,
    AssumptionScan,
    CallerSort,
)

from .planted import ACCOUNT, NEW, NEW_ID, OLD, OLD_ID, OTHER

Record = dict[str, t.Any]

ANNA: t.Final = f"arn:aws:iam::{ACCOUNT}:user/anna"
USER: t.Final = {"type": "IAMUser", "arn": ANNA, "accountId": ACCOUNT}


def event(identity: Record, role: str = OLD, name: str = "AssumeRole", **more: t.Any) -> Record:
    return {
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-20T10:00:00Z",
        "userIdentity": identity,
        "requestParameters": {"roleArn": role, "roleSessionName": "web"},
        **more,
    }


def scan(*records: t.Any) -> tuple[Assumption, ...]:
    found = AssumptionScan({OLD: OLD_ID, NEW: ""})
    for record in records:
        found.add(record)
    return found.assumptions


def with_mfa(value: str) -> Record:
    return {"sessionContext": {"attributes": {"mfaAuthenticated": value}}}


def assumed(role: str, mfa: str = "false") -> Record:
    context = {**with_mfa(mfa)["sessionContext"], "sessionIssuer": {"arn": role}}
    return {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/x/y", "sessionContext": context}


SSO: t.Final = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0123"
DEPLOY: t.Final = f"arn:aws:iam::{OTHER}:role/deploy"
SAML: t.Final = f"arn:aws:iam::{ACCOUNT}:saml-provider/Acme"


@pytest.mark.parametrize(
    ("record", "caller", "sort"),
    [
        (event(USER), ANNA, CallerSort.PROGRAM),
        (event({**USER, **with_mfa("true")}), ANNA, CallerSort.PERSON),
        (
            event(USER, requestParameters={"roleArn": OLD, "roleSessionName": "web", "serialNumber": "arn:mfa"}),
            ANNA,
            CallerSort.PERSON,
        ),
        (event(USER, userAgent="signin.amazonaws.com"), ANNA, CallerSort.PERSON),
        (event(assumed(DEPLOY)), DEPLOY, CallerSort.ROLE),
        (event(assumed(DEPLOY, "true")), DEPLOY, CallerSort.PERSON),
        (event(assumed(SSO)), SSO, CallerSort.PERSON),
        (event({"type": "AWSAccount", "accountId": OTHER}), OTHER, CallerSort.PROGRAM),
        (
            event({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
            "ec2.amazonaws.com",
            CallerSort.SERVICE,
        ),
        (
            event({"type": "SAMLUser", "userName": "kim", "identityProvider": SAML}, name="AssumeRoleWithSAML"),
            f"kim at {SAML}",
            CallerSort.PERSON,
        ),
        (
            event(
                {"type": "WebIdentityUser", "userName": "repo:acme/shop", "identityProvider": "token.example"},
                name="AssumeRoleWithWebIdentity",
            ),
            "repo:acme/shop at token.example",
            CallerSort.PIPELINE,
        ),
        (
            event(
                {
                    "type": "WebIdentityUser",
                    "userName": "system:serviceaccount:shop:web",
                    "identityProvider": "arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A",
                },
                name="AssumeRoleWithWebIdentity",
            ),
            "system:serviceaccount:shop:web at arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A",
            CallerSort.POD,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_sort_of_a_caller(record: Record, caller: str, sort: CallerSort) -> None:
    (found,) = scan(record)
    assert (found.role_arn, found.caller, found.sort, found.session_names) == (OLD, caller, sort, ("web",))


@pytest.mark.parametrize(
    "record",
    [
        event(USER, role=f"arn:aws:iam::{ACCOUNT}:role/other"),
        event(USER, errorCode="AccessDenied"),
        event(USER, name="GetSessionToken"),
        event(USER, eventSource="iam.amazonaws.com"),
        event(USER, eventTime="yesterday"),
        event(USER, requestParameters=None),
        event(USER, requestParameters={"roleArn": [OLD]}),
        {**event(USER), "userIdentity": "anna"},
        None,
        [],
        "AssumeRole",
        {"eventName": ["AssumeRole"]},
    ],
    ids=str,
)
def test_events_that_begin_no_session_of_a_target(record: t.Any) -> None:
    assert scan(record) == ()


def answered(role_id: t.Any) -> Record:
    return event(USER, responseElements={"assumedRoleUser": {"assumedRoleId": role_id}})


def test_sessions_of_an_earlier_role_of_the_same_name_are_left_out() -> None:
    assert scan(answered(f"{NEW_ID}:web")) == ()
    (found,) = scan(answered(f"{OLD_ID}:web"), answered(None), event(USER, responseElements="none"))
    assert found.count == 3


def test_equal_callers_are_counted_once_with_the_newest_session() -> None:
    later = event(USER, eventTime="2026-11-22T10:00:00Z")
    (found,) = scan(later, event(USER), event(USER, eventTime="2026-11-21T10:00:00Z"))
    assert (found.count, found.last.day) == (3, 22)


def test_a_service_that_calls_for_a_caller_is_kept_apart() -> None:
    by_service = event({**USER, "invokedBy": "codepipeline.amazonaws.com"})
    direct, invoked = scan(event(USER), by_service)
    assert (direct.invoked_by, invoked.invoked_by) == ("", "codepipeline.amazonaws.com")


def test_strange_callers_have_words() -> None:
    assert [one.caller for one in scan(event({}), event({"type": "SAMLUser"}), event({"type": "AWSService"}))] == [
        "an AWS service",
        "an unknown caller",
        "an unknown user",
    ]


def test_callers_without_end_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "_MOST", 2)
    found = AssumptionScan({OLD: ""})
    for number in range(5):
        found.add(event({**USER, "arn": f"{ANNA}{number}"}))
    assert len(found.assumptions) == 2 and not found.is_complete
