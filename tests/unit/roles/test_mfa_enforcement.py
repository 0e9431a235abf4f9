# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of the role mfa_enforcement: who is denied what without MFA, and who is not."""

from __future__ import annotations

import collections
import functools
import json
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import Effect
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.mfa_pattern import unsafe_mfa_denials
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import (
    Place,
    cast,
    denials,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import LIMITS, size
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

from .rendering import ACCOUNT, IAM, OTHER, ROLES, Keys, denied, policy_of, rendered, sent_size

ROLE = "mfa_enforcement"
PREFERRED = 5120
AUTOMATION, BREAK_GLASS = f"{IAM}:role/iam-hardening/automation", f"{IAM}:role/iam-hardening/break-glass"
ACCESS = f"{IAM}:role/OrganizationAccountAccessRole"
ADMIN = f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef"
WORKLOAD = f"{IAM}:role/application"
JANE, JOE = f"{IAM}:user/jane", f"{IAM}:user/people/joe"
BACKUP, MAILER = f"{IAM}:user/workload/backup", f"{IAM}:user/mailer"
LINKED = f"{IAM}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
WITH_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:ViaAWSService": "false"}
IN_CONSOLE = {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"}
# Requests signed with access keys do not have the key.
SIGNED = {"aws:ViaAWSService": "false"}
FORWARDED = {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "true"}
WITHOUT_MFA = (IN_CONSOLE, SIGNED, {})
# What anybody may do without MFA, to themselves.
OWN = ("iam:ChangePassword", "iam:GetUser", "iam:ListMFADevices", "iam:ResyncMFADevice")
ENROLLING = ("iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice", "iam:EnableMFADevice")
WORK = ("s3:GetObject", "ec2:RunInstances", "iam:CreateAccessKey", "sts:GetFederationToken", "iam:DeactivateMFADevice")


@functools.cache
def scp(enrolment: str = "self", *, exempt: t.Optional[str] = None) -> Policy:
    return policy_of(ROLE, "scp", enrolment=enrolment, exempt_users=exempt or [])


@functools.cache
def identity(enrolment: str = "self") -> Policy:
    return policy_of(ROLE, "identity", Kind.MANAGED, enrolment=enrolment)


def resource_of(action: str, user: str) -> str:
    if action in ("iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"):
        return f"{IAM}:mfa/phone"
    return user if action.startswith("iam:") else "*"


def lost(policy: Policy) -> dict[str, set[str]]:
    """Who of the cast is denied which actions."""
    place = Place(ACCOUNT, organization_id="o-exampleorgid", management_account_id=OTHER, central_root=True)
    found: dict[str, set[str]] = collections.defaultdict(set)
    for loss in denials(policy, cast(place, caller=f"arn:aws:iam::{OTHER}:role/automation")):
        found[loss.actor.name].add(loss.ask.action)
    return dict(found)


DAILY = {"ec2:DescribeInstances", "iam:CreateAccessKey", "iam:ListUsers", "s3:GetObject", "s3:ListAllMyBuckets"}


def test_who_of_the_cast_is_denied_what() -> None:
    """Nobody but users without MFA: not one role, not Identity Center, not CI, no service that acts for a user."""
    assert lost(scp()) == {"user without MFA in the console": DAILY, "access key of a user": DAILY}
    assert lost(scp("admin")) == {
        "user without MFA in the console": {*DAILY, "iam:EnableMFADevice"},
        "access key of a user": DAILY,
    }


def test_the_policy_of_how_tos_is_refused_with_whom_it_would_cut_off() -> None:
    statement = {
        "Sid": "DenyAllExceptMFA",
        "Effect": "Deny",
        "NotAction": [
            "iam:CreateVirtualMFADevice",
            "iam:EnableMFADevice",
            "iam:ListMFADevices",
            "iam:ResyncMFADevice",
            "sts:GetSessionToken",
        ],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    policy = parse({"Version": "2012-10-17", "Statement": [statement]}, name="RequireMFA", kind=Kind.SCP)
    assert [denial.statement for denial in unsafe_mfa_denials(policy)] == ["DenyAllExceptMFA"]
    assert {
        "automation role",
        "assessor role",
        "break-glass role by federation",
        "role of the management account",
        "Identity Center AdministratorAccess",
        "Identity Center DeveloperAccess",
        "CI role by OIDC",
        "role of an EC2 instance",
        "role of a Lambda function",
        "role of an ECS task",
        "root user by AssumeRoot",
        "user, by a service",
    } <= set(lost(policy))


@pytest.mark.parametrize("enrolment", ["self", "admin"])
def test_ours_are_not_unsafe_and_valid(enrolment: str) -> None:
    assert unsafe_mfa_denials(scp(enrolment)) == ()
    assert unsafe_mfa_denials(identity(enrolment)) == ()
    assert validate(rendered(ROLE, "scp", enrolment=enrolment), kind=Kind.SCP) == ()
    assert validate(rendered(ROLE, "scp", enrolment=enrolment, exempt_users=[MAILER]), kind=Kind.SCP) == ()
    assert validate(rendered(ROLE, "identity", enrolment=enrolment), kind=Kind.MANAGED, partition="aws") == ()


@pytest.mark.parametrize("keys", WITHOUT_MFA)
@pytest.mark.parametrize("user", [JANE, JOE])
@pytest.mark.parametrize(("kind", "name"), [(Kind.SCP, "scp"), (Kind.MANAGED, "identity")])
def test_users_without_mfa(kind: Kind, name: str, user: str, keys: Keys) -> None:
    for enrolment, expected in (("self", False), ("admin", True)):
        policy = (scp if name == "scp" else identity)(enrolment)
        for action in WORK:
            assert denied(policy, user, action, resource_of(action, user), keys, kind=kind), action
        for action in OWN:
            assert not denied(policy, user, action, user, keys, kind=kind), action
        for action in ENROLLING:
            assert denied(policy, user, action, resource_of(action, user), keys, kind=kind) is expected, action


@pytest.mark.parametrize("enrolment", ["self", "admin"])
def test_users_with_mfa_and_services_that_act_for_users(enrolment: str) -> None:
    for keys in (WITH_MFA, FORWARDED):
        for action in (*WORK, *OWN, *ENROLLING):
            assert not denied(scp(enrolment), JANE, action, resource_of(action, JANE), keys)


@pytest.mark.parametrize("action", ["iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:ChangePassword"])
@pytest.mark.parametrize("other", [JOE, f"{IAM}:user/x/not-jane", f"{IAM}:user/xjane", f"{IAM}:user/jane/x"])
def test_without_mfa_nobody_enrols_for_others(action: str, other: str) -> None:
    """Otherwise a stolen access key gives the device to an administrator who has none yet."""
    for keys in WITHOUT_MFA:
        assert denied(scp(), JANE, action, other, keys)
        assert denied(identity(), JANE, action, other, keys, kind=Kind.MANAGED)
    assert not denied(scp(), JANE, action, other, WITH_MFA)


@pytest.mark.parametrize("principal", [ADMIN, WORKLOAD, AUTOMATION, BREAK_GLASS, LINKED, f"{IAM}:root"])
@pytest.mark.parametrize("enrolment", ["self", "admin"])
def test_nobody_but_users_needs_mfa(principal: str, enrolment: str) -> None:
    for keys in (*WITHOUT_MFA, FORWARDED):
        for action in ("s3:GetObject", "iam:CreateAccessKey", "iam:EnableMFADevice"):
            assert not denied(scp(enrolment), principal, action, resource_of(action, JANE), keys)


def test_exempt_users_by_path_and_by_arn() -> None:
    listed = scp(exempt=f"{MAILER}, {IAM}:user/old/*")
    for action in ("s3:GetObject", "ses:SendEmail"):
        assert not denied(listed, BACKUP, action, "*", SIGNED)
        assert not denied(listed, MAILER, action, "*", SIGNED)
        assert not denied(listed, f"{IAM}:user/old/printer", action, "*", SIGNED)
        assert denied(listed, JANE, action, "*", SIGNED)
        assert denied(scp(), MAILER, action, "*", SIGNED)
    assert denied(listed, f"{IAM}:user/mailer2", "s3:GetObject", "*", SIGNED)


@pytest.mark.parametrize("paths", ["/workload/", "workload", ["/workload/", "/robots/ci/"]])
def test_paths_in_any_form(paths: t.Any) -> None:
    policy = policy_of(ROLE, "scp", exempt_paths=paths)
    assert not denied(policy, BACKUP, "s3:GetObject", "*", SIGNED)
    assert denied(policy, f"{IAM}:user/robots/ci/deploy", "s3:GetObject", "*", SIGNED) is isinstance(paths, str)
    assert denied(policy, f"{IAM}:user/workloads", "s3:GetObject", "*", SIGNED)


MAKING_EXEMPT = (
    "iam:CreateUser",
    "iam:UpdateUser",
    "iam:CreateAccessKey",
    "iam:AttachUserPolicy",
    "iam:PutUserPolicy",
    "iam:CreateServiceSpecificCredential",
    "iam:UploadSSHPublicKey",
    "iam:EnableMFADevice",
    "iam:DeleteUserPermissionsBoundary",
    "iam:TagUser",
)


@pytest.mark.parametrize("target", [BACKUP, MAILER])
@pytest.mark.parametrize("action", MAKING_EXEMPT)
def test_only_who_is_spared_makes_or_changes_exempt_users(action: str, target: str) -> None:
    """With MFA or without. A change of path needs the permission on the new ARN too, says API_UpdateUser."""
    policy = scp(exempt=MAILER)
    for principal in (ADMIN, WORKLOAD, JANE, BACKUP, f"{IAM}:root", ACCESS):
        assert denied(policy, principal, action, target, WITH_MFA), principal
    for principal in (AUTOMATION, BREAK_GLASS):
        assert not denied(policy, principal, action, target), principal
    assert not denied(policy, ADMIN, "iam:GetUser", target)


@pytest.mark.parametrize("action", ["iam:CreateLoginProfile", "iam:UpdateLoginProfile"])
def test_workload_users_get_no_console_password_from_anybody(action: str) -> None:
    for principal in (ADMIN, AUTOMATION, BREAK_GLASS):
        assert denied(scp(), principal, action, BACKUP)
    assert not denied(scp(), AUTOMATION, action, JANE)


@pytest.mark.parametrize("target", [AUTOMATION, BREAK_GLASS, ACCESS])
@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:PassRole"]
)
def test_nobody_takes_a_name_that_may_change_exempt_users(target: str, action: str) -> None:
    for principal in (ADMIN, JANE, BACKUP):
        assert denied(scp(), principal, action, target, WITH_MFA)
    for principal in (AUTOMATION, BREAK_GLASS, ACCESS):
        assert not denied(scp(), principal, action, target)


def test_without_exempt_users_nothing_is_spared() -> None:
    whole = rendered(ROLE, "scp", exempt_paths=[], exempt_users="")
    assert [statement["Sid"] for statement in whole["Statement"]] == ["DenyUsersWithoutMfa", "WithoutMfaOnlyOnesOwn"]
    assert "ArnNotLike" not in whole["Statement"][0]["Condition"]
    policy = parse(whole, kind=Kind.SCP)
    assert denied(policy, BACKUP, "s3:GetObject", "*", SIGNED)


# The ranges that the README documents.
TEN = [f"arn:*:iam::*:role/{'p' * 25}{number:02}" for number in range(10)]
TWENTY = [f"{IAM}:user/{'u' * 12}{number:02}" for number in range(20)]


@pytest.mark.parametrize("enrolment", ["self", "admin"])
def test_they_fit_at_the_ends_of_the_documented_ranges(enrolment: str) -> None:
    assert sum(map(len, TEN)) >= 450
    assert sum(map(len, TWENTY)) >= 900
    given: dict[str, t.Any] = {
        "enrolment": enrolment,
        "exempt_paths": ["/workload/", "/service/", "/ci/"],
        "exempt_users": TWENTY,
        "exempt": TEN[:4],
        "platform_roles": TEN[4:8],
        "provisioners": TEN[8:],
    }
    most = sent_size(policy_of(ROLE, "scp", **given))
    assert most <= PREFERRED
    text = (ROLES.parent / "docs" / "guardrails.md").read_text(encoding="utf-8")
    assert f"| MFA, `enrolment: {enrolment}` | {sent_size(scp(enrolment)):,} | {most:,} |" in text
    managed = policy_of(ROLE, "identity", Kind.MANAGED, **given)
    assert size(managed, Kind.MANAGED) <= LIMITS[Kind.MANAGED]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_identity_policy_names_its_partition(partition: str) -> None:
    """IAM takes a wildcard there in conditions only."""
    whole = rendered(ROLE, "identity", partition=partition)
    resources = [arn for statement in whole["Statement"] for arn in _listed(statement.get("Resource", []))]
    resources += [arn for statement in whole["Statement"] for arn in statement.get("NotResource", [])]
    assert {arn.split(":")[1] for arn in resources if arn != "*"} == {partition}


def test_the_identity_policy_lets_users_enrol_themselves() -> None:
    allowed = {
        action
        for statement in rendered(ROLE, "identity")["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert {"iam:EnableMFADevice", "iam:CreateVirtualMFADevice"} <= allowed
    strict = json.dumps(rendered(ROLE, "identity", enrolment="admin")["Statement"][:2])
    assert "EnableMFADevice" not in strict
    assert "CreateVirtualMFADevice" not in strict


@pytest.mark.parametrize("enrolment", ["self", "admin"])
def test_the_assessment_takes_the_policy_for_a_demand_of_mfa(enrolment: str) -> None:
    """As control organization_mfa_policy judges an account below it."""
    levels = ((ANYTHING, scp(enrolment)),)
    effect = Effect(Place(ACCOUNT), scps=levels, rcps=None, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert effect.lack_of_mfa == ""


def _listed(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
