# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What policies of an organization do in an account."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import (
    NAME,
    Effect,
    effect_of,
    names_account,
    uses_paths,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Kind, Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING

from ..organization_samples import deny
from ..samples import ACCOUNT, NOW

PLACE = Place(ACCOUNT, organization_id="o-acme")
WITHOUT = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def scp(*statements: t.Any) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, name="scp")


def effect(*statements: t.Any, place: Place = PLACE, regions: tuple[str, ...] = ()) -> Effect:
    levels = ((ANYTHING, *([scp(*statements)] if statements else [])),)
    return Effect(place, scps=levels, rcps=None, now=NOW, regions=regions)


def test_without_policies_nothing_is_denied() -> None:
    whole = Effect(PLACE, scps=None, rcps=None, now=NOW)
    assert not any(whole.denies(actor, "ec2:RunInstances") for actor in (*whole.ordinary, whole.root, whole.outsider))


def test_a_level_that_allows_nothing_denies_everything_to_its_own_principals() -> None:
    closed = Effect(PLACE, scps=((),), rcps=None, now=NOW)
    assert all(closed.denies(actor, "ec2:RunInstances") for actor in (*closed.ordinary, closed.root))
    # SCPs do not bind principals of other accounts.
    assert not closed.denies(closed.outsider, "s3:GetObject", "arn:{partition}:s3:::data/x")


def test_what_is_not_known_of_a_call_is_no_denial() -> None:
    guard = effect(deny("s3:*", Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
    assert not guard.denies(guard.ordinary[0], "s3:GetObject")


def test_the_time_of_day_is_known() -> None:
    condition = {"DateLessThan": {"aws:CurrentTime": NOW.isoformat()}, "NumericLessThan": {"aws:EpochTime": "1"}}
    past = effect(deny("*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}))
    assert past.denies(past.ordinary[0], "s3:GetObject")
    future = effect(deny("*", Condition=condition))
    assert not future.denies(future.ordinary[0], "s3:GetObject")


def test_services_of_iam_s_region_are_asked_for_there() -> None:
    home = effect(deny("*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}))
    assert home.denies(home.root, "iam:CreateUser", region="eu-west-1")
    assert not home.denies(home.root, "ec2:RunInstances", region="eu-west-1")


@pytest.mark.parametrize(
    ("statements", "gap"),
    [
        ((), "a user without MFA may call iam:CreateUser with an access key in us-east-1"),
        ((deny("*", Condition=WITHOUT),), ""),
        (
            (deny("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),),
            "a user without MFA may call iam:CreateUser with an access key in us-east-1",
        ),
        (
            (deny("*", Condition={"Null": {"aws:MultiFactorAuthPresent": "true"}}),),
            "a user without MFA may call iam:CreateUser in the console in us-east-1",
        ),
        (
            (deny("*", Condition={**WITHOUT, "StringNotEquals": {"aws:RequestedRegion": "sa-east-1"}}),),
            "a user without MFA may call ec2:RunInstances with an access key in sa-east-1",
        ),
        (
            ({"Effect": "Deny", "NotAction": "logs:*", "Resource": "*", "Condition": WITHOUT},),
            "a user without MFA may call logs:DeleteLogGroup with an access key in us-east-1",
        ),
    ],
)
def test_what_users_may_do_without_mfa(statements: tuple[t.Any, ...], gap: str) -> None:
    assert effect(*statements).lack_of_mfa == gap


@pytest.mark.parametrize(
    "action",
    [
        "cloudformation:CreateStack",
        "cloudtrail:StopLogging",
        "dynamodb:DeleteTable",
        "ec2:RunInstances",
        "ec2:TerminateInstances",
        "iam:AttachRolePolicy",
        "iam:CreateUser",
        "kms:ScheduleKeyDeletion",
        "lambda:UpdateFunctionCode",
        "logs:DeleteLogGroup",
        "organizations:LeaveOrganization",
        "rds:DeleteDBInstance",
        "s3:DeleteBucket",
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "ssm:SendCommand",
    ],
)
def test_every_call_that_is_left_open_is_found(action: str) -> None:
    exempt = {"Effect": "Deny", "NotAction": action, "Resource": "*", "Condition": WITHOUT}
    assert effect(exempt).lack_of_mfa == f"a user without MFA may call {action} with an access key in us-east-1"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/new"),
        ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/new"),
        ("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"),
        ("ec2:TerminateInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef0"),
        ("s3:GetObject", f"arn:aws:s3:::x7-{ACCOUNT}/data"),
        ("s3:DeleteBucket", f"arn:aws:s3:::x7-{ACCOUNT}"),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/x7"),
        ("rds:DeleteDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:x7"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:x7"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x7-AbCdEf"),
        ("ssm:SendCommand", f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/x7"),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/x7"),
        ("cloudformation:CreateStack", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/x7/1"),
        ("logs:DeleteLogGroup", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:x7"),
    ],
)
def test_every_resource_that_is_left_open_is_found(action: str, resource: str) -> None:
    exempt = {"Effect": "Deny", "Action": "*", "NotResource": resource, "Condition": WITHOUT}
    assert effect(exempt).lack_of_mfa == f"a user without MFA may call {action} with an access key in us-east-1"


@pytest.mark.parametrize("path", ["user/*", "user/staff/*", "user/jane"])
def test_users_of_every_name_are_asked_about(path: str) -> None:
    """The first user has no path; those of other names are asked about in IAM's region."""
    exempt = deny("*", Condition={**WITHOUT, "ArnNotLike": {"aws:PrincipalArn": f"arn:*:iam::*:{path}"}})
    assert effect(exempt).lack_of_mfa.startswith("a user without MFA may call iam:CreateUser")


def test_strangers_are_of_another_organization_and_path() -> None:
    for key, ours in (("aws:PrincipalOrgID", "o-acme"), ("aws:PrincipalOrgPaths", "o-acme/*")):
        operator = "ForAllValues:StringNotLike" if key.endswith("Paths") else "StringNotLike"
        guard = parse(
            {
                "Version": "2012-10-17",
                "Statement": [deny("s3:*", Principal="*", Condition={operator: {key: ours}})],
            }
        )
        place = Place(ACCOUNT, organization_id="o-acme", organization_path="o-acme/r-acme/")
        perimeter = Effect(place, scps=None, rcps=((ANYTHING, guard),), now=NOW)
        assert perimeter.denies(perimeter.outsider, "s3:GetObject", "arn:{partition}:s3:::data/x")
        assert not perimeter.denies(perimeter.ordinary[0], "s3:GetObject", "arn:{partition}:s3:::data/x")


def test_a_region_of_the_account_that_is_not_listed_is_asked_about() -> None:
    exempt = deny("*", Condition={**WITHOUT, "StringNotEquals": {"aws:RequestedRegion": "xx-new-1"}})
    assert effect(exempt).lack_of_mfa == ""
    assert effect(exempt, regions=("xx-new-1",)).lack_of_mfa.endswith("in xx-new-1")


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws-eusc"])
def test_other_partitions(partition: str) -> None:
    place = Place(ACCOUNT, partition, "eusc-de-east-1" if partition == "aws-eusc" else None)
    assert effect(deny("*", Condition=WITHOUT), place=place, regions=(place.home,)).lack_of_mfa == ""
    assert effect(place=place, regions=(place.home,)).lack_of_mfa != ""


@pytest.mark.parametrize(
    "more",
    [
        {"Resource": f"arn:aws:iam::{ACCOUNT}:role/a"},
        {"Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}},
    ],
)
def test_policies_that_name_an_account(more: dict[str, t.Any]) -> None:
    policy = scp({**deny("iam:DeleteRole"), **more})
    assert names_account((policy,), ACCOUNT)
    assert not names_account((policy,), "222233334444")


def test_a_policy_may_leave_out_what_belongs_to_an_account() -> None:
    policy = scp({"Effect": "Deny", "Action": "iam:DeleteRole", "NotResource": f"arn:aws:iam::{ACCOUNT}:role/a"})
    assert names_account((policy,), ACCOUNT)


def test_policies_that_ask_for_paths() -> None:
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-acme/*"}}
    assert uses_paths((scp(deny("s3:*", Condition=condition)),))
    assert not uses_paths((scp(deny("s3:*")),))


def test_the_same_policies_are_asked_about_once() -> None:
    levels = ((ANYTHING,),)
    assert effect_of(PLACE, levels, None, NOW, ()) is effect_of(PLACE, ((ANYTHING,),), None, NOW, ())


def test_who_asks_for_the_others() -> None:
    # A name of IAM that nobody has.
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", NAME)
    whole = effect()
    found = [(actor.kind, actor.arn.partition(f":{ACCOUNT}:")[2]) for actor in (*whole.ordinary, whole.root)]
    assert found == [
        (Kind.WORKLOAD, f"role/{NAME}"),
        (Kind.CI, f"role/ci/{NAME}"),
        (Kind.USER_WITH_MFA, f"user/{NAME}"),
        (Kind.ROOT, "root"),
    ]
    assert (whole.outsider.arn, whole.outsider.foreign) == (f"arn:aws:iam::999999999999:role/{NAME}", True)
    assert not any(actor.foreign for actor in (*whole.ordinary, whole.root))
    assert dict(whole.outsider.keys)["aws:PrincipalOrgID"] == "o-x7outside0"


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"StringLike": {"aws:userid": f"AROAX7EXAMPLE:{NAME}"}}, (True, True, False, False)),
        ({"StringEquals": {"aws:userid": "AIDAX7EXAMPLE"}}, (False, False, True, False)),
        ({"Null": {"aws:SourceIdentity": "true"}}, (True, True, True, True)),
        ({"StringLike": {"aws:SourceIdentity": "*"}}, (False, False, False, False)),
        ({"DateEquals": {"aws:CurrentTime": NOW.isoformat()}}, (True, True, True, True)),
        ({"NumericEquals": {"aws:EpochTime": str(int(NOW.timestamp()))}}, (True, True, True, True)),
    ],
)
def test_what_is_known_of_those_who_ask(condition: t.Any, denied: tuple[bool, ...]) -> None:
    guard = effect(deny("*", Condition=condition))
    assert tuple(guard.denies(actor, "s3:GetObject") for actor in (*guard.ordinary, guard.root)) == denied


def test_the_regions_of_a_partition_are_asked_about() -> None:
    for partition, regions in (
        ("aws-cn", ("cn-north-1", "cn-northwest-1")),
        ("aws-us-gov", ("us-gov-east-1", "us-gov-west-1")),
        ("aws-eusc", ()),
    ):
        assert Effect(Place(ACCOUNT, partition, "x"), scps=None, rcps=None, now=NOW).regions == regions
    found = effect(regions=("eu-west-1", "xx-new-1")).regions
    assert (found[0], found[-2], found[-1]) == ("us-east-1", "sa-east-1", "xx-new-1")
    assert len(found) == len(set(found)) == 35


@pytest.mark.parametrize("action", ["ec2:RunInstances", "rds:DeleteDBInstance", "cloudtrail:StopLogging"])
def test_some_calls_are_tried_in_every_region(action: str) -> None:
    here = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": WITHOUT}
    others = {**here, "Condition": {**WITHOUT, "StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}
    exempt = {"Effect": "Deny", "NotAction": action, "Resource": "*", "Condition": WITHOUT}
    assert effect(others, exempt).lack_of_mfa == (
        f"a user without MFA may call {action} with an access key in eu-west-1"
    )


def test_an_organization_that_allows_nothing_asks_nobody_for_mfa() -> None:
    """That is an accident, which another control reports."""
    closed = Effect(PLACE, scps=((),), rcps=None, now=NOW)
    assert closed.lack_of_mfa == "a user without MFA may call iam:CreateUser with an access key in us-east-1"
    of_users = {**WITHOUT, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}
    only_s3 = scp({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, deny("s3:*", Condition=of_users))
    assert Effect(PLACE, scps=((only_s3,),), rcps=None, now=NOW).lack_of_mfa == ""


@pytest.mark.parametrize("key", ["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths", "AWS:resourceorgpaths"])
def test_both_keys_for_paths_count(key: str) -> None:
    assert uses_paths((scp(deny("s3:*", Condition={"ForAnyValue:StringLike": {key: "o-acme/*"}})),))
