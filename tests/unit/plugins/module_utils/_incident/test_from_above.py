# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the policies of the management account deny, as the evaluator says it."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._incident.from_above import (
    MOST_CHARACTERS,
    Lock,
    Named,
    build_policies,
    list_locked_actions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.syntax import compact
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)

ACCOUNT = "arn:aws:iam::222233334444"
MALLORY = f"{ACCOUNT}:user/ci/mallory"
INSTANCE = f"{ACCOUNT}:role/app/instance"
CONTAINMENT = f"{ACCOUNT}:role/iam-hardening-incident"
SHARED = f"{ACCOUNT}:role/deploy"
SESSION = "AROATHPRDSKW6WGDHIQZA:stolen"
NOW = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
LOCK = Lock(NOW + timedelta(minutes=60), frozenset({CONTAINMENT}))
NAMED = Named(frozenset({MALLORY}), frozenset({SESSION}), frozenset({SHARED}), NOW)
FULL = parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST: t.Final[dict[str, t.Any]] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}],
}
ACTIONS = ("s3:GetObject", "sts:AssumeRole", "iam:PassRole", "iam:ListUsers", *list_locked_actions())

actions = st.sampled_from(ACTIONS)


def is_allowed(
    action: str,
    arn: str,
    *,
    locked: t.Optional[Lock] = LOCK,
    at: datetime = NOW,
    issued: datetime = NOW,
    user_id: str = "-",
) -> bool:
    """Whether somebody whom the account allows everything may do this."""
    context = {
        "aws:PrincipalArn": arn,
        "aws:userid": user_id,
        "aws:CurrentTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "aws:TokenIssueTime": f"{issued:%Y-%m-%dT%H:%M:%SZ}",
    }
    scps = (FULL, *(parse(one, kind=Kind.SCP) for one in build_policies(NAMED, locked)))
    trust = parse({**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": arn}}]}, kind=Kind.TRUST)
    entered: dict[str, t.Any] = {"resource": SHARED, "resource_policy": trust} if action == "sts:AssumeRole" else {}
    decision = evaluate(Request(action, principal=arn, context=context, **entered), Layers((FULL,), scps=(scps,)))
    assert decision.outcome is not Outcome.UNKNOWN, decision
    return decision.outcome is Outcome.ALLOWED


@given(action=actions, locked=st.sampled_from([LOCK, None]))
def test_the_named_are_denied_everything(action: str, locked: t.Optional[Lock]) -> None:
    assert not is_allowed(action, MALLORY, locked=locked)
    assert not is_allowed(action, INSTANCE, user_id=SESSION, locked=locked)
    assert not is_allowed(action, SHARED, issued=NOW - timedelta(seconds=1), locked=locked)


@given(action=st.sampled_from(list_locked_actions()), seconds=st.integers(0, 7200))
def test_a_bystander_writes_no_identities_until_the_lock_ends(action: str, seconds: int) -> None:
    assert is_allowed(action, INSTANCE, at=NOW + timedelta(seconds=seconds)) == (seconds >= 3600)
    assert is_allowed(action, INSTANCE, locked=None)


@given(action=actions)
def test_the_exempt_go_on(action: str) -> None:
    assert is_allowed(action, CONTAINMENT)


@pytest.mark.parametrize(
    "action",
    [
        "s3:GetObject",
        "dynamodb:PutItem",
        "sts:AssumeRole",
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
        "iam:ListUsers",
    ],
)
def test_instances_and_pipelines_work_on(action: str) -> None:
    assert is_allowed(action, INSTANCE)
    assert is_allowed(action, SHARED, issued=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    "action",
    ["iam:CreateAccessKey", "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy", "sts:GetFederationToken"]
    + ["sso:CreateAccountAssignment", "identitystore:CreateUser", "rolesanywhere:CreateTrustAnchor"]
    + ["organizations:LeaveOrganization"],
)
def test_what_undoes_or_mints_is_locked(action: str) -> None:
    assert action in list_locked_actions()


@given(count=st.integers(0, 150))
def test_what_is_too_long_is_split(count: int) -> None:
    arns = frozenset(f"{ACCOUNT}:user/{'long' * 12}-{number}" for number in range(count))
    made = build_policies(Named(arns), LOCK)
    assert all(len(compact(one)) <= MOST_CHARACTERS for one in made)
    statements = [statement for one in made for statement in one["Statement"]]
    denied = [arn for one in statements for arn in one["Condition"].get("ArnEquals", {}).get("aws:PrincipalArn", ())]
    locked = [action for one in statements if one["Action"] != "*" for action in one["Action"]]
    assert (sorted(denied), sorted(locked)) == (sorted(arns), sorted(list_locked_actions()))


def test_nobody_named_and_no_lock_is_no_policy() -> None:
    assert build_policies(Named()) == ()


@pytest.mark.parametrize(
    ("named", "lock"),
    [
        (Named(shared_roles=frozenset({SHARED})), None),
        (Named(), Lock(NOW, frozenset())),
        (Named(frozenset({CONTAINMENT})), LOCK),
    ],
    ids=["no moment", "nobody exempt", "named and exempt"],
)
def test_what_would_stop_the_wrong_ones_is_refused(named: Named, lock: t.Optional[Lock]) -> None:
    with pytest.raises(ValueError, match=r"moment|exempt"):
        build_policies(named, lock)
