# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who loses what by a policy of the organization: each kind of principal, by the keys that AWS gives its requests."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import (
    CRITICAL,
    Controls,
    Kind,
    Loss,
    Place,
    cast,
    denials,
    losses,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix_cast import (
    CONTROL_TOWER,
    STACK_SETS,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy

MANAGEMENT = "999988887777"
PLACE: t.Final = Place("111122223333", organization_id="o-example", management_account_id=MANAGEMENT, central_root=True)
ACTORS: t.Final = cast(PLACE, landing_zone=(CONTROL_TOWER, STACK_SETS))
AUTOMATION: t.Final = "arn:*:iam::*:role/iam-hardening/automation*"
BREAK_GLASS: t.Final = "arn:*:iam::*:role/iam-hardening/break-glass"
FULL: t.Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, t.Any], name: str = "guardrail") -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def deny(action: t.Any = "*", *, resource: t.Any = "*", **conditions: t.Any) -> dict[str, t.Any]:
    found = {"Sid": "Denies", "Effect": "Deny", "Action": action, "Resource": resource}
    return {**found, "Condition": conditions} if conditions else found


def kinds(found: Iterable[Loss]) -> set[Kind]:
    return {loss.actor.kind for loss in found}


def names(found: Iterable[Loss]) -> set[str]:
    return {loss.actor.name for loss in found}


def but(*principals: str) -> dict[str, t.Any]:
    return {"aws:PrincipalArn": list(principals)}


# The cast


def test_who_is_critical_is_whom_no_policy_is_meant_to_deny() -> None:
    assert {
        Kind.AUTOMATION,
        Kind.BREAK_GLASS,
        Kind.CALLER,
        Kind.SSO_ADMIN,
        Kind.SERVICE_LINKED,
        Kind.LANDING_ZONE,
        Kind.MANAGEMENT_ACCESS,
    } == CRITICAL
    assert {actor.kind for actor in ACTORS if actor.is_critical} == CRITICAL - {Kind.CALLER} | {Kind.ROOT_TASK}


def test_the_tasks_of_root_are_critical_only_where_root_is_managed_centrally() -> None:
    elsewhere = cast(Place("111122223333"))
    assert not any(actor.is_critical for actor in elsewhere if actor.kind is Kind.ROOT_TASK)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("automation role", "false"),
        ("break-glass role with MFA", "true"),
        ("break-glass role by federation", None),
        ("Identity Center AdministratorAccess", None),
        ("role of an EC2 instance", "false"),
        ("CI role by OIDC", None),
        ("user with MFA in the console", "true"),
        ("user without MFA in the console", "false"),
        ("access key of a user", None),
        ("access key of a workload user", None),
        ("user, by a service", "false"),
        ("federated user", None),
    ],
)
def test_mfa_is_true_false_or_absent_as_aws_has_it(name: str, value: t.Optional[str]) -> None:
    found = next(actor for actor in ACTORS if actor.name == name)
    assert dict(found.keys).get("aws:MultiFactorAuthPresent") == value


def test_break_glass_may_be_a_user() -> None:
    user = next(actor for actor in cast(PLACE, break_glass=("user/emergency",)) if actor.kind is Kind.BREAK_GLASS)
    assert user.arn == "arn:aws:iam::111122223333:user/emergency"
    assert dict(user.keys)["aws:MultiFactorAuthPresent"] == "true"


def test_the_caller_is_in_its_own_account_and_comes_from_outside_in_others() -> None:
    arn = "arn:aws:iam::111122223333:role/administrator"
    assert Kind.CALLER in {actor.kind for actor in cast(PLACE, caller=arn)}
    outside = cast(Place("444455556666"), caller=arn)
    assert Kind.CALLER not in {actor.kind for actor in outside}
    assert [actor.arn for actor in outside if actor.foreign and actor.kind is Kind.AUTOMATION] == [arn]


def test_in_another_partition_everything_has_its_arns_and_regions() -> None:
    actors = cast(Place("111122223333", partition="aws-us-gov", region="us-gov-east-1"))
    assert all(actor.arn.startswith("arn:aws-us-gov:") for actor in actors if actor.arn.startswith("arn:"))
    regions = {
        ask.action.partition(":")[0]: dict(ask.keys)["aws:RequestedRegion"] for actor in actors for ask in actor.asks
    }
    assert (regions["iam"], regions["ec2"]) == ("us-gov-west-1", "us-gov-east-1")


# One policy


def test_a_denial_of_everything_spares_service_linked_roles_and_those_outside() -> None:
    found = denials(policy(deny()), ACTORS)
    assert {actor.kind for actor in ACTORS} - kinds(found) == {Kind.SERVICE_LINKED, Kind.SERVICE}
    assert not any(loss.actor.foreign for loss in found)


def test_getting_a_session_token_cannot_be_denied() -> None:
    assert "sts:GetSessionToken" not in {loss.ask.action for loss in denials(policy(deny()), ACTORS)}


def test_mfa_for_users_hits_users_without_it_alone() -> None:
    users = {"aws:PrincipalArn": "arn:*:iam::*:user/*"}
    without = {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"}
    workload = but("arn:*:iam::*:user/workload/*")
    found = denials(policy(deny(ArnLike=users, BoolIfExists=without, ArnNotLike=workload)), ACTORS)
    assert kinds(found) == {Kind.USER_WITHOUT_MFA, Kind.ACCESS_KEY}
    assert all(loss.certain and loss.statement == "Denies" for loss in found)


def test_mfa_for_everybody_locks_out_all_who_never_show_it() -> None:
    found = denials(policy(deny(BoolIfExists={"aws:MultiFactorAuthPresent": "false"})), ACTORS)
    assert {
        Kind.AUTOMATION,
        Kind.SSO_ADMIN,
        Kind.WORKLOAD,
        Kind.CI,
        Kind.FEDERATED_USER,
        Kind.FORWARDED,
    } <= kinds(found)
    assert "break-glass role with MFA" not in names(found)
    assert any(loss.is_lock_out for loss in found)


def test_mfa_that_is_false_is_not_mfa_that_is_absent() -> None:
    found = denials(policy(deny(Bool={"aws:MultiFactorAuthPresent": "false"})), ACTORS)
    assert not kinds(found) & {Kind.ACCESS_KEY, Kind.SSO_ADMIN, Kind.FEDERATED_USER}
    assert {Kind.AUTOMATION, Kind.USER_WITHOUT_MFA} <= kinds(found)


def test_a_deny_of_root_must_leave_the_tasks_of_central_root_access() -> None:
    root = {"aws:PrincipalArn": "arn:*:iam::*:root"}
    assert kinds(denials(policy(deny(ArnLike=root)), ACTORS)) == {Kind.ROOT, Kind.ROOT_TASK}
    spared = denials(policy(deny(ArnLike=root, Null={"aws:AssumedRoot": "true"})), ACTORS)
    assert kinds(spared) == {Kind.ROOT}
    assert not any(loss.is_lock_out for loss in spared)


def test_protected_boundaries_must_be_removable_by_break_glass() -> None:
    actions = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]
    assert kinds(denials(policy(deny(actions, ArnNotLike=but(AUTOMATION))), ACTORS)) == {Kind.BREAK_GLASS}
    assert denials(policy(deny(actions, ArnNotLike=but(AUTOMATION, BREAK_GLASS))), ACTORS) == ()


def test_new_accounts_must_get_their_roles() -> None:
    own = "arn:*:iam::*:role/iam-hardening/*"
    found = denials(policy(deny("iam:CreateRole", resource=own, ArnNotLike=but(AUTOMATION, BREAK_GLASS))), ACTORS)
    assert kinds(found) == {Kind.LANDING_ZONE}
    exempt = but(AUTOMATION, BREAK_GLASS, "arn:*:iam::*:role/AWSControlTowerExecution", "arn:*:iam::*:role/stacksets-*")
    assert denials(policy(deny("iam:CreateRole", resource=own, ArnNotLike=exempt)), ACTORS) == ()


def test_what_hangs_on_a_key_that_nobody_knows_may_be_lost() -> None:
    found = denials(policy(deny("iam:*", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"})), ACTORS)
    assert found
    assert not any(loss.certain for loss in found)
    assert {loss.missing for loss in found} == {("aws:SourceIp",)}


def test_regions_are_those_that_principals_work_in() -> None:
    elsewhere = deny("ec2:*", StringNotEquals={"aws:RequestedRegion": ["eu-central-1"]})
    assert denials(policy(elsewhere), ACTORS)
    here = cast(Place("111122223333", region="eu-central-1"))
    assert denials(policy(elsewhere), here) == ()


def test_a_tag_of_quarantine_is_nobody_s() -> None:
    tagged = deny(StringEquals={"aws:PrincipalTag/iam-hardening:quarantine": "true"})
    assert denials(policy(tagged), ACTORS) == ()


# Resource control policies


def perimeter(organization: str) -> dict[str, t.Any]:
    outside = {"aws:PrincipalOrgID": organization}
    return {
        **deny("sts:AssumeRole", StringNotEqualsIfExists=outside, BoolIfExists={"aws:PrincipalIsAWSService": "false"}),
        "Principal": "*",
    }


def test_the_perimeter_of_the_organization_lets_its_own_and_services_in() -> None:
    assert denials(policy(perimeter("o-example")), ACTORS, layer="rcp") == ()


def test_the_perimeter_of_another_organization_keeps_automation_out() -> None:
    found = denials(policy(perimeter("o-other")), ACTORS, layer="rcp")
    assert "a principal that assumes the roles of this collection" in names(found)
    assert any(loss.is_lock_out for loss in found)
    assert Kind.SERVICE not in kinds(found)


def test_automation_that_comes_from_outside_the_organization_is_kept_out_by_its_perimeter() -> None:
    actors = cast(PLACE, entry="arn:aws:iam::444455556666:role/awx", entry_outside=True)
    found = denials(policy(perimeter("o-example")), actors, layer="rcp")
    assert {(loss.actor.arn, loss.is_lock_out) for loss in found} == {("arn:aws:iam::444455556666:role/awx", True)}
    within = cast(PLACE, entry="arn:aws:iam::444455556666:role/awx")
    assert denials(policy(perimeter("o-example")), within, layer="rcp") == ()


# Changes


def controls(*levels: tuple[Policy, ...]) -> Controls:
    return Controls(scps=levels)


EVERYTHING: t.Final = policy(FULL, name="FullAWSAccess")
NARROW: t.Final = policy(deny("iam:DeletePolicy"))
WIDE: t.Final = policy(deny(["iam:DeletePolicy", "iam:CreatePolicy"]))


def test_a_policy_that_was_there_takes_nothing_anew() -> None:
    before = controls((EVERYTHING,), (EVERYTHING, NARROW))
    assert losses(ACTORS, before, before) == ()
    # Nor if it moves to another level.
    assert losses(ACTORS, before, controls((EVERYTHING, NARROW), (EVERYTHING,))) == ()


def test_a_policy_that_changes_takes_what_it_did_not_deny_before() -> None:
    found = losses(ACTORS, controls((EVERYTHING, NARROW)), controls((EVERYTHING, WIDE)))
    assert {(loss.ask.action, loss.policies) for loss in found} == {("iam:CreatePolicy", ("guardrail",))}
    assert losses(ACTORS, controls((EVERYTHING, WIDE)), controls((EVERYTHING, NARROW))) == ()


def test_a_second_policy_that_denies_the_same_counts() -> None:
    other = policy(deny("iam:DeletePolicy"), name="another")
    found = losses(ACTORS, controls((EVERYTHING, NARROW)), controls((EVERYTHING, NARROW, other)))
    assert {loss.policies for loss in found} == {("another",)}


def test_what_nothing_allows_any_longer_is_lost_without_a_statement() -> None:
    found = losses(ACTORS, controls((EVERYTHING,)), controls((policy({**FULL, "Action": "s3:*"}, name="only-s3"),)))
    assert kinds(found) >= {Kind.AUTOMATION, Kind.BREAK_GLASS}
    assert {loss.statement for loss in found} == {None}
    assert {loss.policies for loss in found} == {("FullAWSAccess", "only-s3")}
    assert not any(loss.ask.action.startswith("s3:") for loss in found)


def test_a_level_that_allows_as_before_takes_nothing() -> None:
    same = policy({**FULL, "Sid": "Everything"}, name="everything-else")
    assert losses(ACTORS, controls((EVERYTHING,)), controls((same,))) == ()
