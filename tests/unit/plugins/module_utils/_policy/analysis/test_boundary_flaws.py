# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with boundaries: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.boundary_flaws import Flaw, Weakness, flaws
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.power import Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Decision,
    Evaluator,
    Request,
)

ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/shop"
OTHER_THAN_THIS = {"StringNotEquals": {"iam:PermissionsBoundary": ARN}}

FIRST = [f"{service}:*" for service in sorted(catalogue.services())[:20]]

Statement = dict[str, t.Any]


def allow(*actions: str, resource: str = "*", **elements: t.Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}


def deny(*actions: str, resource: str = "*", **elements: t.Any) -> Statement:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **elements}


def deny_all_but(**elements: t.Any) -> Statement:
    """With ``NotAction``, or ``NotResource``."""
    return {"Effect": "Deny", **({} if "NotResource" in elements else {"Resource": "*"}), **elements}


PROTECTED = (
    deny("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
    deny("iam:*CreateRole", "iam:CreateUser", "iam:Put*PermissionsBoundary", Condition=OTHER_THAN_THIS),
    deny("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", resource=ARN),
)


def find_flaws(*statements: Statement, arn: str = ARN, bound: tuple[str, ...] = ()) -> dict[Weakness, Flaw]:
    policy = parse({"Version": "2012-10-17", "Statement": list(statements)}, kind=Kind.BOUNDARY)
    return {flaw.weakness: flaw for flaw in flaws(policy, arn=arn, place=Place("aws", ACCOUNT), bound=bound)}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((allow("s3:*"),), id="no IAM at all"),
        pytest.param((allow("*"), *PROTECTED, deny("iam:*")), id="IAM denied"),
        pytest.param((allow("iam:Get*", "iam:List*"),), id="reads of IAM"),
        pytest.param(
            (allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": ARN}}),), id="bound"
        ),
        pytest.param(
            (allow("iam:CreatePolicyVersion", resource=f"arn:aws:iam::{ACCOUNT}:policy/app/*"),), id="other policies"
        ),
    ],
)
def test_a_sound_boundary_has_no_flaw(statements: tuple[Statement, ...]) -> None:
    assert find_flaws(*statements) == {}


def test_everything_but_the_ways_out_leaves_iam_open_all_the_same() -> None:
    assert set(find_flaws(allow("*"), *PROTECTED)) == {Weakness.OPENS_IAM}


@pytest.mark.parametrize(
    ("statements", "weakness"),
    [
        pytest.param((deny("iam:*"),), Weakness.DENIES_ONLY, id="deny only"),
        pytest.param((allow("s3:*"), deny("*")), Weakness.GRANTS_NOTHING, id="all denied"),
        pytest.param((allow("s3:Get*"), deny("s3:*")), Weakness.GRANTS_NOTHING, id="the service denied"),
        pytest.param((allow("s3:GetObjct"),), Weakness.GRANTS_NOTHING, id="no such action"),
        pytest.param(
            (allow("s3:*"), deny_all_but(NotAction="sqs:*")), Weakness.GRANTS_NOTHING, id="all denied but another"
        ),
    ],
)
def test_a_boundary_that_leaves_nothing_locks_out(statements: tuple[Statement, ...], weakness: Weakness) -> None:
    assert set(find_flaws(*statements)) == {weakness}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            (allow("s3:GetObject"), deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
            id="conditional",
        ),
        pytest.param((allow("s3:GetObject"), deny("s3:*", resource="arn:aws:s3:::secret/*")), id="some resources"),
        pytest.param(({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), id="NotAction"),
        pytest.param((allow("*"), deny_all_but(NotAction="s3:*")), id="all but some services denied"),
        pytest.param((allow("s3:*"), deny_all_but(NotAction=["s3:List*", "sqs:*"])), id="all but some actions denied"),
        pytest.param(
            ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, deny_all_but(NotAction="sqs:*")),
            id="NotAction of both",
        ),
        pytest.param(
            (allow("s3:*"), deny_all_but(Action="s3:*", NotResource="arn:aws:s3:::app-*")), id="all but some resources"
        ),
        pytest.param(
            (allow("s3:*"), deny_all_but(NotAction="s3:Get*", NotResource="arn:aws:s3:::app-*")), id="all but both"
        ),
        pytest.param((allow("*"), deny(*FIRST)), id="the first services of the alphabet denied"),
    ],
)
def test_a_boundary_that_leaves_something_does_not(statements: tuple[Statement, ...]) -> None:
    assert not {Weakness.DENIES_ONLY, Weakness.GRANTS_NOTHING} & set(find_flaws(*statements))


@pytest.mark.parametrize(
    ("statement", "weakness"),
    [
        (allow("iam:DeleteRolePermissionsBoundary"), Weakness.REMOVABLE),
        (allow("iam:Delete*"), Weakness.REMOVABLE),
        (allow("iam:PutUserPermissionsBoundary"), Weakness.REMOVABLE),
        (allow("iam:CreatePolicyVersion"), Weakness.REWRITABLE),
        (allow("iam:SetDefaultPolicyVersion", resource=f"arn:aws:iam::{ACCOUNT}:policy/*"), Weakness.REWRITABLE),
        (allow("iam:CreateUser"), Weakness.EVADABLE),
        (allow("iam:CreateRole"), Weakness.EVADABLE),
    ],
    ids=lambda value: "-".join(value["Action"]) if isinstance(value, dict) else str(value),
)
def test_each_way_out_is_found(statement: Statement, weakness: Weakness) -> None:
    assert weakness in find_flaws(allow("s3:*"), statement)


def test_a_condition_does_not_close_a_way_out_and_is_named() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    flaw = find_flaws(allow("iam:DeleteRolePermissionsBoundary", Condition=condition))[Weakness.REMOVABLE]
    assert flaw.keys == ("aws:MultiFactorAuthPresent",)
    assert flaw.detail.endswith("where conditions on aws:MultiFactorAuthPresent hold")


def test_a_way_out_for_one_of_those_it_binds_is_enough() -> None:
    statement = allow("iam:DeleteRolePermissionsBoundary", resource=f"arn:aws:iam::{ACCOUNT}:role/app/*")
    assert find_flaws(statement) == {}
    assert set(find_flaws(statement, bound=(ROLE,))) == {Weakness.REMOVABLE}


def test_nobody_can_rewrite_a_policy_of_aws() -> None:
    everything = allow("*")
    assert Weakness.REWRITABLE in find_flaws(everything)
    assert Weakness.REWRITABLE not in find_flaws(everything, arn="arn:aws:iam::aws:policy/PowerUserAccess")


def test_a_condition_on_iam_is_no_open_iam() -> None:
    assert Weakness.OPENS_IAM in find_flaws(allow("iam:*"))
    restricted = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    assert Weakness.OPENS_IAM not in find_flaws(allow("iam:*", Condition=restricted))
    assert Weakness.OPENS_IAM not in find_flaws(allow("iam:*", resource=f"arn:aws:iam::{ACCOUNT}:role/app/*"))


def test_the_callers_and_their_targets_are_told_apart_where_the_boundary_does() -> None:
    """The lead may take it off the others, and off itself it may not: both lie below one path."""
    lead, dev = f"arn:aws:iam::{ACCOUNT}:role/app/lead", f"arn:aws:iam::{ACCOUNT}:role/app/dev"
    condition = {"ArnEquals": {"aws:PrincipalArn": lead}}
    statement = allow("iam:DeleteRolePermissionsBoundary", resource=f"{dev}*", Condition=condition)
    assert find_flaws(statement, bound=(f"{dev}-1", f"{dev}-2")) == {}
    assert set(find_flaws(statement, bound=(f"{dev}-1", lead, f"{dev}-2"))) == {Weakness.REMOVABLE}


def test_what_users_may_do_to_themselves_is_found() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"
    statement = allow("iam:DeleteUserPermissionsBoundary", resource=own)
    users = tuple(f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("team/ann", "bob"))
    assert Weakness.REMOVABLE in find_flaws(statement, bound=users)


def test_a_boundary_of_a_thousand_is_judged_with_a_few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []
    decide = Evaluator.decide

    def count(self: Evaluator, request: Request) -> Decision:
        asked.append(request)
        return decide(self, request)

    monkeypatch.setattr(Evaluator, "decide", count)
    bound = tuple(f"arn:aws:iam::{ACCOUNT}:{kind}/dev-{n}" for n in range(500) for kind in ("role", "user"))
    assert find_flaws(allow("*"), *PROTECTED, deny("iam:*"), bound=bound) == {}
    assert len(asked) < 50


def test_a_boundary_that_allows_all_is_judged_without_reading_every_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def expand(pattern: str) -> t.NoReturn:
        raise AssertionError(f"{pattern} was read")

    monkeypatch.setattr(catalogue, "expand", expand)
    assert find_flaws(allow("*"), *PROTECTED, deny("iam:*")) == {}
