# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose the key of a session is, by an event of a call with it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    SessionSeed,
    SessionSort,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.session_keys import (
    Bearer,
    describe_bearer,
    read_bearer,
)

ACCOUNT: t.Final = "222233334444"
KEY: t.Final = "ASIAEXAMPLEEXAMPLE11"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/ci/worker"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/ci/ci-deploy"


def event(kind: str, arn: str, principal: str, **context: t.Any) -> dict[str, t.Any]:
    return {
        "eventID": "e-1",
        "eventTime": "2026-11-28T10:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "GetCallerIdentity",
        "userIdentity": {
            "type": kind,
            "arn": arn,
            "principalId": principal,
            "accountId": ACCOUNT,
            "accessKeyId": KEY,
            "sessionContext": context,
        },
    }


def of_role(name: str = "evil", **context: t.Any) -> dict[str, t.Any]:
    issuer = {"type": "Role", "principalId": "AROAEXAMPLE", "arn": ROLE}
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/{name}"
    return event("AssumedRole", arn, f"AROAEXAMPLE:{name}", sessionIssuer=issuer, **context)


@pytest.mark.parametrize(
    ("context", "sort"),
    [
        ({}, SessionSort.OTHER),
        ({"webIdFederationData": {}}, SessionSort.OTHER),
        ({"ec2RoleDelivery": "2.0"}, SessionSort.INSTANCE),
        ({"webIdFederationData": {"federatedProvider": "arn:aws:iam::1:oidc-provider/x"}}, SessionSort.OIDC),
    ],
)
def test_the_session_of_a_role(context: dict[str, t.Any], sort: SessionSort) -> None:
    seed = SessionSeed(ROLE, "evil", "alice", sort, KEY)
    bearer = read_bearer(of_role(sourceIdentity="alice", **context), KEY)
    assert bearer == Bearer(ROLE, "AROAEXAMPLE", seed)
    assert describe_bearer(bearer) == "the key of the session evil of the role worker"


def test_the_tokens_of_a_user_and_of_root() -> None:
    assert read_bearer(event("IAMUser", USER, "AIDAEXAMPLE", attributes={}), KEY) == Bearer(USER, "AIDAEXAMPLE")
    issuer = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": USER}
    federated = event(
        "FederatedUser", f"arn:aws:sts::{ACCOUNT}:federated-user/Bob", f"{ACCOUNT}:Bob", sessionIssuer=issuer
    )
    found = read_bearer(federated, KEY)
    assert found == Bearer(USER, "AIDAEXAMPLE")
    assert describe_bearer(found) == "a token of the user ci-deploy"
    root = read_bearer(event("Root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT), KEY)
    assert root is not None and root.is_root and describe_bearer(root) == "a token of the root user"


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {**of_role(), "userIdentity": "x"},
        {**of_role(), "userIdentity": {**of_role()["userIdentity"], "accessKeyId": "ASIAEXAMPLEEXAMPLE22"}},
        # No session can have these names, and a policy must not be written with them.
        of_role("ev*"),
        of_role("${aws:username}"),
        event("AWSAccount", "", "AIDAEXAMPLE"),
        event("FederatedUser", f"arn:aws:sts::{ACCOUNT}:federated-user/Bob", f"{ACCOUNT}:Bob"),
    ],
)
def test_an_event_that_does_not_tell(record: t.Any) -> None:
    assert read_bearer(record, KEY) is None
