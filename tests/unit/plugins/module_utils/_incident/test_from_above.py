# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the policy of the management account denies, as the evaluator says it."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._incident.control_policy import Content
from ansible_collections.hardening.iam.plugins.module_utils._incident.from_above import (
    DORMANT,
    Lock,
    Named,
    Orders,
    list_locked_actions,
    name_canary,
    read_orders,
    write_orders,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
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
LOCK = Lock(frozenset({"222233334444"}), NOW + timedelta(minutes=60), frozenset({CONTAINMENT}))
NAMED = Named(frozenset({MALLORY}), frozenset({SESSION}), frozenset({SHARED}), NOW)
FULL = parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST: t.Final[dict[str, t.Any]] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}],
}
ACTIONS = ("s3:GetObject", "sts:AssumeRole", "iam:PassRole", "iam:ListUsers", *list_locked_actions())

actions = st.sampled_from(ACTIONS)


def write(named: Named, lock: t.Optional[Lock] = None) -> Content:
    content, left_out = write_orders(Orders(named, lock))
    assert left_out == ()
    return content


def is_allowed(
    action: str,
    arn: str,
    *,
    locked: t.Optional[Lock] = LOCK,
    at: datetime = NOW,
    issued: datetime = NOW,
    user_id: str = "-",
    account: str = "222233334444",
    resource: str = "*",
    **keys: str,
) -> bool:
    """Whether somebody whom the account allows everything may do this."""
    context = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account,
        "aws:userid": user_id,
        "aws:CurrentTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "aws:TokenIssueTime": f"{issued:%Y-%m-%dT%H:%M:%SZ}",
        **keys,
    }
    scps = (FULL, parse(write(NAMED, locked).document, kind=Kind.SCP))
    trust = parse({**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": arn}}]}, kind=Kind.TRUST)
    entered: dict[str, t.Any] = {"resource": resource}
    if action == "sts:AssumeRole":
        entered = {"resource": SHARED, "resource_policy": trust}
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
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
    ],
)
def test_instances_and_pipelines_work_on(action: str) -> None:
    assert is_allowed(action, INSTANCE)
    assert is_allowed(action, SHARED, issued=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    "key", ["ec2:SourceInstanceARN", "lambda:SourceFunctionArn", "aws:FederatedProvider", "saml:sub"]
)
def test_the_older_sessions_of_instances_functions_and_pipelines_work_on(key: str) -> None:
    """Nobody can put these keys into a session that is opened with AssumeRole."""
    before = NOW - timedelta(hours=1)
    assert is_allowed("s3:GetObject", SHARED, issued=before, **{key: "arn:aws:x::222233334444:y/z"})
    assert not is_allowed("s3:GetObject", SHARED, issued=before)
    # A role that nobody shares is denied whatever opened its session.
    assert not is_allowed("s3:GetObject", MALLORY, issued=before, **{key: "arn:aws:x::222233334444:y/z"})


@pytest.mark.parametrize(
    "action",
    ["iam:CreateAccessKey", "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy", "sts:GetFederationToken"]
    + ["sso:CreateAccountAssignment", "identitystore:CreateUser", "rolesanywhere:CreateTrustAnchor"]
    + ["organizations:LeaveOrganization"],
)
def test_what_undoes_or_mints_is_locked(action: str) -> None:
    assert action in list_locked_actions()


def test_another_account_under_the_same_policy_is_not_locked() -> None:
    other = "arn:aws:iam::333344445555:role/app/instance"
    assert is_allowed("iam:CreateUser", other, account="333344445555")


@pytest.mark.parametrize("locked", [LOCK, None], ids=["locked", "not locked"])
@pytest.mark.parametrize(("count", "fits"), [(0, True), (20, True), (150, False)])
def test_the_named_that_do_not_fit_are_listed(count: int, fits: bool, locked: t.Optional[Lock]) -> None:
    arns = frozenset(f"{ACCOUNT}:user/{'long' * 12}-{number}" for number in range(count))
    made, left_out = write_orders(Orders(Named(arns), locked))
    assert made.excess == 0
    found = read_orders(made.document)
    assert found is not None and found.lock == locked
    assert found.named.arns | set(left_out) == arns and not found.named.arns & set(left_out)
    assert fits is not bool(left_out)


@given(
    named=st.sampled_from([NAMED, Named(), Named(NAMED.arns), Named(user_ids=NAMED.user_ids)]),
    locked=st.sampled_from([LOCK, None]),
)
def test_what_a_document_says_is_read_back(named: Named, locked: t.Optional[Lock]) -> None:
    document = write(named, locked).document
    assert read_orders(document) == Orders(named, locked)
    for number in range(len(document["Statement"])):
        rest = [one for at, one in enumerate(document["Statement"]) if at != number]
        assert read_orders({**document, "Statement": [*rest, {"Effect": "Deny"}]}) is None
    assert read_orders(None) is read_orders({"Statement": 3}) is None


def test_nobody_named_and_no_lock_is_the_dormant_policy() -> None:
    assert write(Named()) == DORMANT
    layers = Layers((FULL,), scps=((FULL, parse(DORMANT.document, kind=Kind.SCP)),))
    context = {"aws:PrincipalArn": INSTANCE, "aws:PrincipalAccount": "222233334444"}
    decision = evaluate(Request("iam:CreateUser", principal=INSTANCE, context=context), layers)
    assert decision.outcome is Outcome.ALLOWED


def test_the_canary_shows_this_content_and_no_other() -> None:
    longer = Lock(LOCK.accounts, LOCK.until + timedelta(minutes=1), LOCK.exempt)
    names = [name_canary(write(NAMED, lock)) for lock in (LOCK, longer, None)]
    assert len(set(names)) == 3
    allowed = [is_allowed("iam:GetRole", CONTAINMENT, resource=f"{ACCOUNT}:role/{name}") for name in names]
    assert allowed == [False, True, True]


@pytest.mark.parametrize(
    ("named", "lock"),
    [
        (Named(shared_roles=frozenset({SHARED})), None),
        (Named(), Lock(LOCK.accounts, NOW, frozenset())),
        (Named(), Lock(frozenset(), NOW, LOCK.exempt)),
        (Named(frozenset({CONTAINMENT})), LOCK),
        (Named(), Lock(LOCK.accounts, NOW, frozenset(f"{ACCOUNT}:role/{'x' * 64}{number}" for number in range(90)))),
    ],
    ids=["no moment", "nobody exempt", "no account", "named and exempt", "too many exempt"],
)
def test_what_would_stop_the_wrong_ones_is_refused(named: Named, lock: t.Optional[Lock]) -> None:
    with pytest.raises(ValueError, match=r"moment|exempt"):
        write_orders(Orders(named, lock))


def test_a_later_write_of_a_known_verb_is_locked_too() -> None:
    assert not is_allowed("iam:AttachAgentPolicy", INSTANCE)


@pytest.mark.parametrize("count", [0, 40, 120])
def test_a_document_fits_where_aws_takes_5120_characters(count: int) -> None:
    named = Named(frozenset(f"{ACCOUNT}:user/ci/mallory-{number}" for number in range(count)))
    content, left_out = write_orders(Orders(named, LOCK))
    assert len(content.text) <= 5_120
    assert bool(left_out) is (count > 40)
