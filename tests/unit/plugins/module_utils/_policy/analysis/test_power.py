# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Administrators by what policies really allow, and what is allowed on everything there is.

The rules of evaluation that the answers rest on:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import dataclasses
import string
import typing as t
from datetime import UTC, datetime

import pytest
from hypothesis import given

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.power import (
    SENSITIVE,
    Administrators,
    Analysis,
    Place,
    Power,
    depends_on_caller,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.arn import iam_region
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Decision,
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.patterns import (
    is_broad,
    is_open_somewhere,
)

from ..samples import allow, but, deny, load_managed_policies, policies, policy

Documents = t.Union[dict[str, t.Any], list[dict[str, t.Any]]]

ACCOUNT = "111122223333"
PLACE = Place("aws", ACCOUNT)
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


def analysis(*statements: dict[str, t.Any], principal: t.Optional[str] = None, **layers: t.Any) -> Analysis:
    return Analysis(Layers(identity=(policy(*statements),), **layers), PLACE, principal)


EVERYTHING = allow("*")
YES = Power()
WITH_MFA = Power(needs_mfa=True)
SERVICES = ("iam:*", "sts:*", "s3:*", "ec2:*", "lambda:*", "organizations:*", "kms:*", "cloudtrail:*", "dynamodb:*")


@pytest.mark.parametrize(
    ("statements", "power"),
    [
        pytest.param([EVERYTHING], YES, id="everything"),
        pytest.param([allow("*:*")], YES, id="everything, with a colon"),
        pytest.param([allow("s3:Get*", "*")], YES, id="everything, among others"),
        pytest.param([allow("*", resource="arn:aws:*")], YES, id="every ARN"),
        pytest.param([allow("*", resource="arn:*:*:*:*:*")], YES, id="every ARN, segment by segment"),
        pytest.param([allow("*", resource="arn:aws:s3:::bucket")], None, id="everything on one bucket"),
        pytest.param([allow("*", resource="arn:aws:iam::*:*")], None, id="everything of IAM alone"),
        pytest.param([deny("*")], None, id="a denial"),
        pytest.param([allow(*SERVICES)], None, id="many services are not all"),
        pytest.param([allow("iam:*")], None, id="IAM is a way to everything, but not everything"),
        pytest.param([but("s3:*")], YES, id="everything but one service"),
        pytest.param([but("aws-portal:*")], YES, id="everything but billing"),
        pytest.param([but("iam:*")], None, id="everything but IAM"),
        pytest.param([but("iam:*", "organizations:*", "account:*")], None, id="what PowerUserAccess leaves out"),
        pytest.param([but("iam:*"), allow("iam:*")], YES, id="split: all but IAM, and IAM"),
        pytest.param([but("iam:*"), allow("iam:Put*")], YES, id="split: all but IAM, and inline policies"),
        pytest.param([but("iam:*"), allow("iam:Get*", "iam:List*")], None, id="split: all but IAM, which is read"),
        pytest.param([but("s3:*"), but("iam:*")], YES, id="split: each leaves out another"),
        pytest.param([EVERYTHING, deny("s3:*")], YES, id="less one service"),
        pytest.param([EVERYTHING, deny("iam:*")], None, id="less IAM"),
        pytest.param([EVERYTHING, deny("iam:AttachUserPolicy", "iam:PutUserPolicy")], YES, id="less some ways"),
        pytest.param([EVERYTHING, but("s3:*", effect="Deny")], None, id="less all but one service"),
        pytest.param([allow(*[f"{letter}*:*" for letter in string.ascii_lowercase])], YES, id="by every letter"),
        pytest.param([allow(*[f"{letter}*:*" for letter in "abcdefghij"])], None, id="services by some letters"),
        pytest.param(
            [EVERYTHING, deny("iam:*", resource="arn:aws:iam::*:role/audit")], YES, id="less IAM for one role"
        ),
        pytest.param([EVERYTHING, deny("iam:*", resource="arn:aws:iam::*:*")], None, id="less IAM by its ARNs"),
        pytest.param([allow("*", Condition=MFA)], WITH_MFA, id="with MFA only"),
        pytest.param([allow("*", Condition=MFA), EVERYTHING], YES, id="with MFA, and without"),
        pytest.param(
            [EVERYTHING, but("iam:ListMFADevices", effect="Deny", Condition=NO_MFA)], WITH_MFA, id="denied without MFA"
        ),
        pytest.param(
            [EVERYTHING, deny("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})],
            YES,
            id="access keys have no such key, so Bool denies them nothing",
        ),
        pytest.param(
            [allow("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})],
            YES,
            id="IfExists lets access keys in",
        ),
        pytest.param(
            [allow("*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})],
            WITH_MFA,
            id="an age of MFA requires it",
        ),
        pytest.param([allow("*", Condition=OFFICE)], Power(keys=("aws:sourceip",)), id="from the office"),
        pytest.param([allow("*", Condition={**OFFICE, **MFA})], Power(True, ("aws:sourceip",)), id="office and MFA"),
        pytest.param(
            [EVERYTHING, deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
            YES,
            id="TLS restricts nobody",
        ),
        pytest.param(
            [
                EVERYTHING,
                but(
                    "iam:*", "sts:*", effect="Deny", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
                ),
            ],
            YES,
            id="denied regions leave an administrator",
        ),
        pytest.param(
            [allow("*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})],
            None,
            id="IAM does not answer from that region",
        ),
        pytest.param(
            [
                EVERYTHING,
                deny("iam:*", Condition={"StringNotLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/b"}}),
            ],
            Power(keys=("iam:permissionsboundary",)),
            id="may give rights within a boundary only",
        ),
    ],
)
def test_administrators(statements: list[dict[str, t.Any]], power: t.Optional[Power]) -> None:
    assert analysis(*statements).administrator() == power
    # The cheap look may be wrong in one direction only.
    assert power is None or is_broad(policy(*statements))


def test_an_arn_that_lacks_parts_is_every_resource() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns"""
    subject = analysis(allow("s3:*", "kms:Decrypt", resource="arn:aws:s3"))
    assert subject.find_unrestricted(("s3:GetObject", "kms:Decrypt")) == ("s3:GetObject",)
    assert analysis(allow("*", resource="arn:aws")).administrator() == YES


def test_an_administrator_by_several_policies() -> None:
    parts = (policy(but("iam:*")), policy(allow("iam:*")))
    assert [Analysis(Layers(identity=(part,)), PLACE).administrator() for part in parts] == [None, None]
    assert Analysis(Layers(identity=parts), PLACE).administrator() == YES
    assert all(Analysis(Layers(identity=(part,)), PLACE).contributes() for part in parts)
    assert not analysis(allow("s3:*", "sts:AssumeRole")).contributes()


@pytest.mark.parametrize(
    ("boundary", "power"),
    [
        pytest.param([allow("s3:*", "ec2:*")], None, id="some services"),
        pytest.param([EVERYTHING], YES, id="a boundary that takes nothing away"),
        pytest.param([EVERYTHING, deny("iam:*")], None, id="all but IAM"),
        pytest.param([but("s3:*")], YES, id="all but one service"),
        pytest.param([allow("*", Condition=MFA)], WITH_MFA, id="all, with MFA"),
    ],
)
def test_boundaries_take_away(boundary: list[dict[str, t.Any]], power: t.Optional[Power]) -> None:
    assert analysis(EVERYTHING, boundary=policy(*boundary)).administrator() == power
    assert analysis(allow("s3:*"), boundary=policy(*boundary)).administrator() is None


@pytest.mark.parametrize(
    ("levels", "power"),
    [
        pytest.param([[EVERYTHING], [EVERYTHING]], YES, id="full access at every level"),
        pytest.param([[EVERYTHING], [allow("s3:*")]], None, id="one level allows less"),
        pytest.param([[EVERYTHING, deny("iam:*")], [EVERYTHING]], None, id="a denial above"),
        pytest.param([[EVERYTHING], [EVERYTHING, deny("organizations:LeaveOrganization")]], YES, id="a guardrail"),
        pytest.param([[but("iam:*")], [EVERYTHING]], None, id="NotAction in Allow"),
    ],
)
def test_organizations_take_away(levels: list[list[dict[str, t.Any]]], power: t.Optional[Power]) -> None:
    scps = tuple((policy(*level),) for level in levels)
    assert analysis(EVERYTHING, scps=scps).administrator() == power


def test_conditions_on_who_it_is() -> None:
    guarded = (EVERYTHING, deny("*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}))
    power = analysis(*guarded).administrator()
    assert power == Power(keys=("aws:principalarn",))
    assert depends_on_caller(power) and not depends_on_caller(Power(keys=("aws:sourceip",)))
    assert analysis(*guarded, principal=f"arn:aws:iam::{ACCOUNT}:role/admin").administrator() == YES
    assert analysis(*guarded, principal=f"arn:aws:iam::{ACCOUNT}:user/alice").administrator() is None


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-somewhere"])
def test_every_partition_has_administrators(partition: str) -> None:
    layers = Layers(identity=(policy(allow("*", resource=f"arn:{partition}:*")),))
    assert Analysis(layers, Place(partition, ACCOUNT)).administrator() == YES
    # Where IAM is called is not known of every partition; the caller chooses the region elsewhere.
    somewhere = allow("*", Condition={"StringEquals": {"aws:RequestedRegion": iam_region(partition) or "us-east-1"}})
    assert Analysis(Layers(identity=(policy(somewhere),)), Place(partition, ACCOUNT)).administrator() == YES


def test_an_unknown_answer_without_a_reason_is_a_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Evaluator.decide

    def unknown(self: Evaluator, request: Request) -> Decision:
        return dataclasses.replace(own(self, request), outcome=Outcome.UNKNOWN, missing_context=())

    assert analysis(EVERYTHING).may("s3:GetObject")
    monkeypatch.setattr(Evaluator, "outcome", lambda *_arguments: Outcome.UNKNOWN)
    monkeypatch.setattr(Evaluator, "decide", unknown)
    assert not analysis(EVERYTHING).may("s3:GetObject")


# Actions on every resource


@pytest.mark.parametrize(
    ("statements", "free"),
    [
        pytest.param([allow("iam:PassRole")], ["iam:PassRole"], id="on everything"),
        pytest.param([allow("IAM:passrole")], ["iam:PassRole"], id="in any case"),
        pytest.param([allow("iam:PassRole", resource="arn:aws:iam::*:role/*")], ["iam:PassRole"], id="on every role"),
        pytest.param(
            [allow("iam:PassRole", resource=f"arn:aws:iam::{ACCOUNT}:role/*")],
            ["iam:PassRole"],
            id="on every role of the account",
        ),
        pytest.param([allow("iam:PassRole", resource="arn:aws:iam::*:role/app-*")], [], id="on roles of a name"),
        pytest.param([allow("s3:GetObject", resource="arn:aws:s3:::*")], ["s3:GetObject"], id="on every bucket"),
        pytest.param([allow("s3:GetObject", resource="arn:aws:s3:::b/*")], [], id="on one bucket"),
        pytest.param(
            [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*"}],
            ["s3:GetObject"],
            id="on everything but a bucket",
        ),
        pytest.param([allow("iam:PassRole", "s3:*"), deny("s3:GetObject")], ["iam:PassRole"], id="less a denial"),
        pytest.param([allow("iam:PassRole", Condition=MFA)], [], id="under a condition"),
        pytest.param(
            [allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})],
            [],
            id="for one service",
        ),
        pytest.param(
            [EVERYTHING, deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
            ["iam:PassRole", "s3:GetObject"],
            id="a condition that restricts nobody",
        ),
        pytest.param([but("iam:*")], ["s3:GetObject"], id="by NotAction"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_free_actions(statements: list[dict[str, t.Any]], free: list[str]) -> None:
    subject = analysis(*(statements or [allow("sts:GetCallerIdentity")]))
    assert list(subject.find_unrestricted(("iam:PassRole", "s3:GetObject"))) == free


@pytest.mark.parametrize(
    ("condition", "free"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, False),
        ({"StringLike": {"aws:userid": "*"}}, True),
        ({"StringLike": {"aws:userid": "AIDA*"}}, False),
        ({"StringLike": {"aws:userid": "AROA*"}}, False),
        # Sessions of roles have no user name.
        ({"StringLike": {"aws:username": "*"}}, False),
        ({"StringLikeIfExists": {"aws:username": "*"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, False),
        ({"IpAddress": {"aws:SourceIp": "128.0.0.0/1"}}, False),
        ({"Bool": {"aws:ViaAWSService": "false"}}, True),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:ResourceTag/open": "true"}}, False),
        ({"StringNotEquals": {"aws:PrincipalTag/team": "interns"}}, False),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}, True),
        ({"Null": {"aws:TagKeys": "false"}}, False),
        (MFA | {"ArnLike": {"aws:PrincipalArn": "*"}}, False),
    ],
    ids=str,
)
def test_a_condition_that_everybody_meets_restricts_nobody(condition: dict[str, t.Any], free: bool) -> None:
    assert analysis(allow("s3:GetObject", Condition=condition)).may("s3:GetObject") is free


@pytest.mark.parametrize(
    ("condition", "free"),
    [
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": "1577836800"}}, False),
    ],
    ids=str,
)
def test_a_time_that_has_come_restricts_nobody(condition: dict[str, t.Any], free: bool) -> None:
    layers = Layers(identity=(policy(allow("s3:GetObject", Condition=condition)),))
    timed = Place("aws", ACCOUNT, moment=datetime(2026, 1, 1, tzinfo=UTC))
    assert Analysis(layers, timed).may("s3:GetObject") is free
    # Without the time nothing is known.
    assert not Analysis(layers, Place("aws", ACCOUNT)).may("s3:GetObject")


def test_of_one_principal_the_conditions_on_others_are_not_asked() -> None:
    found = allow("s3:GetObject", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}})
    assert analysis(found).may("s3:GetObject")
    assert not analysis(found, principal=f"arn:aws:iam::{ACCOUNT}:role/admin").may("s3:GetObject")


def test_an_action_on_several_resources_needs_all_of_them() -> None:
    """Which resources RunInstances needs: service-authorization/latest/reference/list_amazonec2.html"""
    assert analysis(allow("ec2:RunInstances", resource="arn:aws:ec2:*:*:instance/*")).find_unrestricted(SENSITIVE) == ()
    both = allow("ec2:RunInstances", resource=["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*::image/*"])
    assert analysis(both).find_unrestricted(SENSITIVE) == ("ec2:RunInstances",)


def test_keys_have_policies_of_their_own_which_are_not_asked() -> None:
    assert analysis(allow("kms:Decrypt")).find_unrestricted(["kms:Decrypt"]) == ("kms:Decrypt",)
    assert analysis(allow("kms:Decrypt", Condition=OFFICE)).find_unrestricted(["kms:Decrypt"]) == ()


def test_what_the_caller_chooses_restricts_nobody() -> None:
    chosen = {"aws:RequestedRegion": "eu-west-1", "aws:UserAgent": "x", "aws:Referer": "y"}
    # Keys have policies of their own; the answer names the conditions nevertheless.
    for action in ("s3:GetObject", "kms:Decrypt"):
        for values in (chosen, *({name: value} for name, value in chosen.items())):
            assert analysis(allow(action, Condition={"StringEquals": values})).may(action)
            both = {"StringEquals": values, **OFFICE}
            assert not analysis(allow(action, Condition=both)).may(action)


@pytest.mark.parametrize(
    ("actions", "resources"),
    [
        ("cloudformation:CreateStack", "arn:aws:cloudformation:*:*:stack/*/*"),
        ("cloudtrail:DeleteTrail cloudtrail:StopLogging", "arn:aws:cloudtrail:*:*:trail/*"),
        ("dynamodb:DeleteTable dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/*"),
        ("ec2:RunInstances", "arn:aws:ec2:*:*:instance/* arn:aws:ec2:*::image/*"),
        ("iam:AddUserToGroup iam:AttachGroupPolicy iam:PutGroupPolicy", "arn:aws:iam::*:group/*"),
        ("iam:AttachRolePolicy iam:CreateRole iam:PassRole iam:PutRolePolicy", "arn:aws:iam::*:role/*"),
        ("iam:UpdateAssumeRolePolicy sts:AssumeRole", "arn:aws:iam::*:role/*"),
        ("iam:AttachUserPolicy iam:CreateAccessKey iam:CreateUser iam:PutUserPolicy", "arn:aws:iam::*:user/*"),
        ("iam:CreatePolicyVersion iam:SetDefaultPolicyVersion", "arn:aws:iam::*:policy/*"),
        ("kms:Decrypt kms:PutKeyPolicy kms:ReEncryptFrom kms:ScheduleKeyDeletion", "arn:aws:kms:*:*:key/*"),
        ("lambda:AddPermission lambda:GetFunction lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*"),
        ("rds:DeleteDBInstance", "arn:aws:rds:*:*:db:*"),
        ("s3:DeleteObject s3:GetObject", "arn:aws:s3:::*/*"),
        ("s3:DeleteBucket s3:PutBucketPolicy", "arn:aws:s3:::*"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:*"),
        ("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/*"),
        ("ssm:SendCommand", "arn:aws:ssm:*:*:document/* arn:aws:ec2:*:*:instance/*"),
    ],
)
def test_every_resource_of_the_type_is_every_resource(actions: str, resources: str) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/"""
    for action in actions.split():
        every = allow(action, resource=resources.split())
        assert analysis(every).may(action)
        for resource in resources.split():
            fewer = [item for item in resources.split() if item != resource]
            assert not fewer or not analysis({**every, "Resource": fewer}).may(action)
            assert not analysis({**every, "Resource": [*fewer, f"{resource}-prod"]}).may(action)


@pytest.mark.parametrize("action", ["aws-marketplace:Subscribe", "organizations:LeaveOrganization"])
def test_actions_on_the_whole_account(action: str) -> None:
    assert analysis(allow(action)).may(action)
    assert not analysis(allow(action, resource="arn:aws:organizations::*:account/*")).may(action)


def test_an_action_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    own = Analysis._may
    monkeypatch.setattr(Analysis, "_may", lambda self, action: asked.append(action) or own(self, action))
    subject = analysis(EVERYTHING)
    assert [subject.may("s3:GetObject") for _time in range(3)] == [True] * 3
    assert asked == ["s3:GetObject"]


def test_every_sensitive_action_can_be_allowed() -> None:
    assert analysis(EVERYTHING).find_unrestricted(SENSITIVE) == tuple(SENSITIVE)
    for action in SENSITIVE:
        assert analysis(allow(action)).find_unrestricted(SENSITIVE) == (action,)


@pytest.mark.parametrize(
    ("statements", "whole"),
    [
        ([allow("kms:*")], True),
        ([allow("k*:*")], True),
        ([allow("kms:*", resource="arn:aws:kms:*:*:key/*")], True),
        ([allow("kms:*", resource="arn:aws:kms:eu-west-1:111122223333:key/*")], False),
        ([allow("kms:Decrypt", "kms:Encrypt")], False),
        ([allow("kms:*"), deny("kms:*", Condition={"NotIpAddress": OFFICE["IpAddress"]})], False),
        # All but the office: everybody else may.
        ([allow("kms:*"), deny("kms:*", Condition=OFFICE)], True),
        ([but("s3:*")], True),
        ([but("kms:Decrypt")], True),
    ],
)
def test_whole_services(statements: list[dict[str, t.Any]], whole: bool) -> None:
    assert analysis(*statements).allows_whole_service("kms") is whole


def test_trails_are_all_that_cloudtrail_has() -> None:
    assert analysis(allow("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:trail/*")).allows_whole_service("cloudtrail")
    assert not analysis(allow("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:channel/*")).allows_whole_service(
        "cloudtrail"
    )


# AWS's own policies


def test_of_aws_own_policies_one_makes_an_administrator() -> None:
    powers = {}
    reading = set()
    for name, document in load_managed_policies().items():
        subject = Analysis(Layers(identity=(parse(document, name=name),)), PLACE)
        power = subject.administrator()
        if power is not None:
            powers[name] = power
        if subject.reads_everything():
            reading.add(name)
    assert powers.pop("AdministratorAccess") == YES
    # Newer ones are administrators for requests that AWS's own agents make.
    assert all(power.keys for power in powers.values())
    assert {"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"} <= reading
    assert not reading & {"SecurityAudit", "ViewOnlyAccess", "AmazonS3ReadOnlyAccess", "AmazonDynamoDBReadOnlyAccess"}


def test_limits_take_away_what_they_always_deny() -> None:
    """A network perimeter is a condition of its own: whoever is inside of it has what the policy allows."""
    wide = allow("s3:GetObject")
    for limit, free in (
        (deny("s3:*"), ()),
        (deny("*", Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), ("s3:GetObject",)),
        (deny("s3:*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-own"}}), ("s3:GetObject",)),
    ):
        for layer in ({"boundary": policy(EVERYTHING, limit)}, {"scps": ((policy(EVERYTHING, limit),),)}):
            assert analysis(wide, **layer).find_unrestricted(SENSITIVE) == free
    assert (
        analysis(allow("s3:GetObject", Condition=OFFICE), boundary=policy(EVERYTHING)).find_unrestricted(SENSITIVE)
        == ()
    )


def test_who_belongs_to_the_organization_is_within_its_perimeter() -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html"""
    outsiders = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    perimeter = policy(EVERYTHING, deny("*", Condition=outsiders))
    layers = Layers(identity=(policy(EVERYTHING),), scps=((perimeter,),))
    assert Analysis(layers, Place("aws", ACCOUNT, "o-own")).administrator() == YES
    assert Analysis(layers, Place("aws", ACCOUNT, "o-other")).administrator() is None
    assert Analysis(layers, PLACE).administrator() == Power(keys=("aws:principalorgid",))


# Many who ask


def test_administrators_of_an_account_are_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = Analysis.administrator
    monkeypatch.setattr(Analysis, "administrator", lambda self: asked.append(self) or real(self))
    everything, reading = policy(EVERYTHING), policy(allow("s3:Get*"))
    layers = Layers(identity=(reading, everything))
    subject = Administrators(PLACE)
    for number in range(100):
        assert subject.of(layers, f"arn:aws:iam::{ACCOUNT}:user/u{number}") == YES
        assert subject.of(Layers(identity=(reading,))) is None
        assert subject.alone(everything) == YES
        assert subject.alone(reading) is None
    # Of the layers and of the one policy that comes into question.
    assert len(asked) == 2
    assert subject.contributes(everything) and not subject.contributes(reading)


def test_administrators_are_asked_one_by_one_where_it_hangs_on_them() -> None:
    only = policy(EVERYTHING, deny("*", Condition={"StringNotEquals": {"aws:username": "root-ish"}}))
    subject = Administrators(PLACE)
    assert subject.alone(only) == Power(keys=("aws:username",))
    assert subject.alone(only, f"arn:aws:iam::{ACCOUNT}:user/root-ish") == YES
    assert subject.alone(only, f"arn:aws:iam::{ACCOUNT}:user/alice") is None


# Whatever the policies


@given(policies(), policies())
def test_more_limits_never_make_an_administrator(given_policy: Policy, limit: Policy) -> None:
    """A boundary and a denial only take away, and what no policy of a principal is broad enough for, none makes."""
    free = Analysis(Layers(identity=(given_policy,)), PLACE).administrator()
    bounded = Analysis(Layers(identity=(given_policy,), boundary=limit), PLACE).administrator()
    denying = Policy(tuple(dataclasses.replace(item, allow=False) for item in limit.statements), limit.version)
    denied = Analysis(Layers(identity=(given_policy, denying)), PLACE).administrator()
    for less in (bounded, denied):
        assert less is None or free is not None
        assert less is None or not less.certain or free == Power()
    assert free is None or is_broad(given_policy)


@given(policies())
def test_the_cheap_look_leaves_no_free_action_out(given_policy: Policy) -> None:
    """The cheap looks leave nothing out: an action is freely allowed just where asking for it by itself says so."""
    subject = Analysis(Layers(identity=(given_policy,)), PLACE)
    assert subject.find_unrestricted(SENSITIVE) == tuple(action for action in SENSITIVE if subject.may(action))
    assert not subject.find_unrestricted(SENSITIVE) or is_open_somewhere(given_policy)
