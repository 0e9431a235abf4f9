# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guardrails hold where all of their calls are denied, and not where one is left open."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.guardrail_calls import (
    GUARDRAILS,
    Guardrail,
    find_guardrails,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import Effect
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING

from ..organization_samples import deny
from ..samples import ACCOUNT, NOW

STRANGERS = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme"}}
PLACE = Place(ACCOUNT, organization_id="o-acme", organization_path="o-acme/r-acme/")


def guardrails(*statements: t.Any, rcp: bool = False) -> tuple[str, ...]:
    """The guardrails that hold with these statements, as an SCP or an RCP."""
    policy = parse({"Version": "2012-10-17", "Statement": list(statements)})
    levels = ((ANYTHING, policy),)
    scps, rcps = (((ANYTHING,),), levels) if rcp else (levels, None)
    return find_guardrails(Effect(PLACE, scps=scps, rcps=rcps, now=NOW), (policy,))


def condition_of(rail: Guardrail) -> dict[str, t.Any]:
    """A condition that means the calls of a guardrail, and as few others as possible."""
    if rail.who == "root":
        return {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
    if rail.who == "outsider":
        return STRANGERS
    return {"StringEquals": dict(rail.keys)} if rail.keys else {}


def denial(rail: Guardrail, *calls: str) -> dict[str, t.Any]:
    condition = condition_of(rail)
    if "aws:SourceIp" in dict(rail.keys):
        condition = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    more = {"Principal": "*"} if rail.who == "outsider" else {}
    return deny(*calls, **more, **({"Condition": condition} if condition else {}))


@pytest.mark.parametrize("rail", GUARDRAILS, ids=lambda rail: rail.name)
def test_a_guardrail_holds_where_all_of_its_calls_are_denied(rail: Guardrail) -> None:
    outsider = rail.who == "outsider"
    for choice in (0, -1):
        calls = [call.split("|")[choice] for call in rail.calls.split()]
        assert rail.name in guardrails(denial(rail, *calls), rcp=outsider)
        for left in calls if len(calls) > 1 else ():
            some = [call for call in calls if call != left]
            assert rail.name not in guardrails(denial(rail, *some), rcp=outsider)


@pytest.mark.parametrize("rail", GUARDRAILS, ids=lambda rail: rail.name)
def test_no_guardrail_holds_without_a_policy_or_for_somebody_only(rail: Guardrail) -> None:
    assert guardrails(deny("x7:Nothing")) == ()
    calls = [action for call in rail.calls.split() for action in call.split("|")]
    somebody = {"StringEquals": {"aws:PrincipalTag/team": "x"}}
    assert rail.name not in guardrails(deny(*calls, Condition=somebody))


@pytest.mark.parametrize(
    "exempt", ["arn:*:iam::*:role/*", "arn:*:iam::*:user/*"], ids=["roles are exempt", "users are exempt"]
)
def test_a_guardrail_is_for_users_and_roles_alike(exempt: str) -> None:
    exception = {"ArnNotLike": {"aws:PrincipalArn": exempt}}
    assert guardrails(deny("organizations:LeaveOrganization", Condition=exception)) == ()


TRAIL_CALLS = ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging")


@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1", "eu-west-1", "ap-*", "ca-west-?"])
def test_a_guardrail_is_for_every_region(region: str) -> None:
    assert guardrails(deny(*TRAIL_CALLS, Condition={"StringNotLike": {"aws:RequestedRegion": region}})) == ()
    own = deny("ec2:CreateDefault*", Condition={"StringNotLike": {"aws:RequestedRegion": region}})
    assert guardrails(own) == ()
    service = deny("bedrock:*", Condition={"StringNotLike": {"aws:RequestedRegion": region}})
    assert guardrails(service) == ()


@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1", "eu-west-1", "eu-*"])
def test_a_guardrail_in_some_regions_does_not_hold(region: str) -> None:
    assert guardrails(deny(*TRAIL_CALLS, Condition={"StringLike": {"aws:RequestedRegion": region}})) == ()


def test_names_of_regions_are_found_in_either_case() -> None:
    condition = {"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": "EU-West-1"}}
    assert guardrails(deny(*TRAIL_CALLS, Condition=condition)) == ()


def test_a_partition_whose_regions_are_not_known_has_one() -> None:
    place = Place(ACCOUNT, "aws-eusc", "eusc-de-east-1", organization_id="o-acme")
    policy = parse({"Version": "2012-10-17", "Statement": [deny("organizations:LeaveOrganization")]})
    effect = Effect(place, scps=((ANYTHING, policy),), rcps=None, now=NOW)
    assert find_guardrails(effect, (policy,)) == ("nobody leaves the organization",)


def test_a_guardrail_that_leaves_out_the_resources_of_a_region_does_not_hold() -> None:
    others = {"Effect": "Deny", "Action": list(TRAIL_CALLS), "NotResource": "arn:aws:cloudtrail:eu-west-1:*:trail/*"}
    assert guardrails(others) == ()


def test_a_condition_on_something_else_leaves_no_region_out() -> None:
    condition = {"StringNotLike": {"aws:PrincipalTag/region": "eu-west-1", "aws:PrincipalTag/team": "*"}}
    assert guardrails(deny(*TRAIL_CALLS), deny("x7:Nothing", Condition=condition)) == ("CloudTrail goes on logging",)


def test_denials_that_name_resources_in_part_hold_together() -> None:
    """Each names another part of the ARN, and both mean the same trail."""
    stop = deny("cloudtrail:StopLogging", Resource=f"arn:*:cloudtrail:*:{ACCOUNT}:trail/main")
    for name in ("main", "mai?"):
        delete = deny("cloudtrail:DeleteTrail", Resource=f"arn:aws:cloudtrail:*:*:trail/{name}")
        assert guardrails(stop, delete) == ("CloudTrail goes on logging",)


def test_braces_in_the_name_of_a_resource_are_no_placeholders() -> None:
    assert guardrails(deny(*TRAIL_CALLS, Resource="arn:aws:cloudtrail:*:*:trail/{x}y{")) == ()


def test_a_region_that_is_closed() -> None:
    but_iam = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}
    one = {**but_iam, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}
    assert guardrails(one) == ("eu-west-1 is closed",)
    some = {**one, "NotAction": ["iam:*", "rds:*"]}
    assert guardrails(some) == ()


def test_a_service_that_is_closed() -> None:
    assert "bedrock is closed" in guardrails(deny("bedrock:*"))
    assert "bedrock is closed" not in guardrails(deny("bedrock:Get*", "bedrock:List*"))


@pytest.mark.parametrize("left", ["Create", "Delete", "Get", "List"])
def test_a_service_of_which_some_calls_are_left_is_not_closed(left: str) -> None:
    verbs = [verb for verb in ("Create", "Delete", "Get", "List") if verb != left]
    assert "bedrock is closed" not in guardrails(deny(*(f"bedrock:{verb}*" for verb in verbs)))
    assert "bedrock is closed" in guardrails(deny(*(f"bedrock:{verb}*" for verb in (*verbs, left))))


def test_an_allow_list_closes_services_that_few_organizations_use() -> None:
    some = parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]})
    found = find_guardrails(Effect(PLACE, scps=((some,),), rcps=None, now=NOW), (some,))
    services = {name.removesuffix(" is closed") for name in found if name.endswith(" is closed") and "-" not in name}
    assert services == {"gamelift", "groundstation", "iottwinmaker", "managedblockchain", "robomaker", "workspaces"}
    assert "nobody leaves the organization" in found
    assert "networks stay inside" not in found


def test_a_service_is_closed_only_by_its_whole_name() -> None:
    assert guardrails(deny("bed*:*")) == ("statement 1 is denied",)


@pytest.mark.parametrize(
    "service",
    ["access-analyzer", "cloudtrail", "config", "guardduty", "iam", "organizations", "securityhub", "sts"],
)
def test_some_calls_on_what_the_table_lists_are_no_guardrail_of_the_organizations_own(service: str) -> None:
    assert guardrails(deny(f"{service}:DescribeX7*", "ec2:CreateDefault*")) == ()


def test_two_calls_or_a_wildcard_are_several() -> None:
    assert guardrails(deny("ec2:CreateDefaultVpc", "ec2:CreateDefaultSubnet")) == ("statement 1 is denied",)
    assert guardrails(deny("ec2:CreateDefaultVp?")) == ()
    assert guardrails(deny("*")) != ()
    assert not any(name.startswith("statement") for name in guardrails(deny("*")))


def test_actions_that_no_service_has_do_not_count() -> None:
    assert guardrails(deny("ec2:DescribeX7", "ec2:GetX7")) == ()
    assert guardrails(deny("ec2:CreateDefaultVpc", "ec2:GetX7")) == ()
    assert guardrails(deny("ec2:DescribeX7*")) == ()


def test_what_the_organization_chose_itself() -> None:
    own = {**deny("ec2:CreateDefaultVpc", "ec2:CreateDefaultSubnet"), "Sid": "NoDefaults"}
    assert guardrails(own) == ("NoDefaults is denied",)
    assert guardrails(deny("ec2:CreateDefaultVpc")) == ()
    assert guardrails(deny("ec2:CreateDefault*")) == ("statement 1 is denied",)
    # The table knows better which calls on these belong together.
    assert guardrails(deny("cloudtrail:StopLogging", "cloudtrail:CreateTrail")) == ()
    assert guardrails(deny("ec2:CreateDefault*", Resource="arn:aws:ec2:*:*:vpc/vpc-1")) == ()


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:cloudtrail:*:*:trail/aws-controltower-*", "arn:*:cloudtrail:*:*:trail/main", "*"],
)
def test_a_resource_that_the_denial_names(resource: str) -> None:
    found = guardrails(deny("cloudtrail:DeleteTrail", "cloudtrail:StopLogging", Resource=resource))
    assert found == ("CloudTrail goes on logging",)


def test_a_resource_of_another_kind() -> None:
    calls = ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging")
    assert guardrails(deny(*calls, Resource="arn:aws:cloudtrail:*:*:channel/x")) == ()


def test_mfa_is_a_guardrail() -> None:
    condition = {
        "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
    }
    found = guardrails({"Effect": "Deny", "NotAction": "sts:*", "Resource": "*", "Condition": condition})
    assert found == ("users need MFA",)


def test_the_documentation_lists_every_guardrail() -> None:
    text = (Path(__file__).parents[6] / "docs" / "organization.md").read_text(encoding="utf-8")
    for rail in GUARDRAILS:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {rail.name} |"))
        assert re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", line.partition("; with")[0]) == re.split(r"[ |]", rail.calls)
        assert re.findall(r"`(\w+:\w+)`", line.partition("; with")[2]) == [key for key, _value in rail.keys]
