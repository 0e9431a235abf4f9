# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guardrails of the role organization_guardrails: who is denied what by each, and who is not."""

from __future__ import annotations

import collections
import functools
import json
import typing as t
from datetime import UTC, datetime

import pytest
from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.guardrail_calls import find_guardrails
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import Effect
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.mfa_pattern import unsafe_mfa_denials
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import (
    Actor,
    Controls,
    Place,
    cast,
    denials,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix_services import (
    service_losses,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import LIMITS
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

from .rendering import ACCOUNT, IAM, OTHER, ROLES, Keys, denied, policy_of, rendered, sent_size

ROLE = "organization_guardrails"
DOCUMENTATION = ROLES.parent / "docs" / "guardrails.md"
ORGANIZATION = "o-exampleorgid"
SCPS = (
    "protect_hardening",
    "quarantine",
    "protect_detective",
    "require_boundary",
    "deny_long_term_credentials",
    "deny_member_root",
    "deny_role_manager",
)
# Those with exceptions, each of which has to keep the excepted names to itself.
SPARING = SCPS[:5]
# The size that every partition takes; AWS's own is twice that since 2026.
PREFERRED = 5120
TOWER, STACKS = f"{IAM}:role/AWSControlTowerExecution", f"{IAM}:role/stacksets-exec-0123456789abcdef0123456789abcdef"
PLATFORM = ["arn:*:iam::*:role/AWSControlTowerExecution", "arn:*:iam::*:role/stacksets-exec-*"]
AUTOMATION, BREAK_GLASS = f"{IAM}:role/iam-hardening/automation", f"{IAM}:role/iam-hardening/break-glass"
ACCESS = f"{IAM}:role/OrganizationAccountAccessRole"
ADMIN = f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef"
DEVELOPER, USER = f"{IAM}:role/developers/dev", f"{IAM}:user/jane"
ROOT = f"{IAM}:root"
LINKED = f"{IAM}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
BOUNDED = {"iam:PermissionsBoundary": f"{IAM}:policy/iam-hardening/boundary/developer"}
FOREIGN = {"iam:PermissionsBoundary": f"{IAM}:policy/permit-all"}
QUARANTINED = {"aws:PrincipalTag/iam-hardening:quarantine": "true"}


@functools.cache
def guardrail(name: str, *, platform: bool = False, freeze: bool = False) -> Policy:
    roles = PLATFORM if platform else []
    return policy_of(ROLE, name, platform_roles=roles, freeze_unbounded=freeze)


@functools.cache
def perimeter(trusted: t.Optional[str] = None) -> Policy:
    variables = {"organization_id": ORGANIZATION, "trusted_accounts": trusted or []}
    return policy_of(ROLE, "sts_perimeter", Kind.RCP, **variables)


def actors(*landing_zone: str) -> tuple[Actor, ...]:
    place = Place(
        ACCOUNT,
        organization_id=ORGANIZATION,
        organization_path=f"{ORGANIZATION}/r-abcd/ou-abcd-11111111/",
        management_account_id=OTHER,
        central_root=True,
    )
    return cast(place, landing_zone=landing_zone, caller=f"arn:aws:iam::{OTHER}:role/automation")


def lost(policy: Policy, *landing_zone: str, layer: t.Any = "scp") -> dict[str, set[str]]:
    """Who of the cast is denied which actions."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for loss in denials(policy, actors(*landing_zone), layer=layer):
        found[loss.actor.name].add(loss.ask.action)
    return dict(found)


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("protect_hardening", {}),
        ("quarantine", {}),
        ("protect_detective", {}),
        (
            "require_boundary",
            {"Identity Center DeveloperAccess": {"iam:CreateRole"}, "CI role by OIDC": {"iam:CreateRole"}},
        ),
        (
            "deny_long_term_credentials",
            dict.fromkeys(
                (
                    "root user",
                    "user with MFA in the console",
                    "user without MFA in the console",
                    "access key of a user",
                ),
                {"iam:CreateAccessKey"},
            ),
        ),
        (
            "deny_member_root",
            {
                "root user": {
                    "ec2:DescribeInstances",
                    "iam:CreateAccessKey",
                    "iam:ListUsers",
                    "s3:DeleteBucketPolicy",
                    "s3:ListAllMyBuckets",
                }
            },
        ),
        ("deny_role_manager", {}),
    ],
)
def test_who_of_the_cast_is_denied_what(name: str, expected: dict[str, set[str]], freeze: bool) -> None:
    """Also under Control Tower and StackSets, where they are spared."""
    landing_zone = ("role/AWSControlTowerExecution", STACKS.partition(f"{ACCOUNT}:")[2])
    assert lost(guardrail(name, platform=True, freeze=freeze), *landing_zone) == expected
    assert lost(guardrail(name, freeze=freeze)) == expected


@pytest.mark.parametrize("name", SPARING)
def test_a_landing_zone_that_is_not_spared_is_told_of(name: str) -> None:
    """It shows as lost, so that the guard against lock-outs refuses the policy."""
    landing_zone = "role/AWSControlTowerExecution"
    assert "landing zone role AWSControlTowerExecution" in lost(guardrail(name), landing_zone)


def test_the_perimeter_cuts_off_nobody_of_the_organization() -> None:
    assert lost(perimeter(), layer="rcp") == {}
    place = Place(ACCOUNT, organization_id=ORGANIZATION, organization_path=f"{ORGANIZATION}/r-abcd/")
    assert service_losses(place, Controls(), Controls(rcps=((perimeter(),),))) == ()


@pytest.mark.parametrize("name", SCPS)
def test_they_are_no_unsafe_mfa_policies_and_valid(name: str) -> None:
    assert unsafe_mfa_denials(guardrail(name)) == ()
    assert validate(rendered(ROLE, name), kind=Kind.SCP) == ()
    assert validate(rendered(ROLE, name, platform_roles=PLATFORM, freeze_unbounded=True), kind=Kind.SCP) == ()


def test_the_perimeter_is_valid() -> None:
    assert validate(rendered(ROLE, "sts_perimeter", organization_id=ORGANIZATION), kind=Kind.RCP) == ()
    trusting = rendered(ROLE, "sts_perimeter", organization_id=ORGANIZATION, trusted_accounts=[OTHER])
    assert validate(trusting, kind=Kind.RCP) == ()


# What a squatter would do with the name of somebody who is spared.
TAKING_OVER = (
    "iam:CreateRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRole",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:PassRole",
)


@looped("name", SPARING)
@looped("target", [AUTOMATION, BREAK_GLASS, ACCESS, TOWER, STACKS])
@looped("action", TAKING_OVER)
def test_nobody_makes_or_takes_over_a_spared_name(name: str, target: str, action: str) -> None:
    policy = guardrail(name, platform=True)
    for principal in (ADMIN, DEVELOPER, USER, ROOT, f"{IAM}:role/iam-hardening/assessor"):
        assert denied(policy, principal, action, target, BOUNDED), principal
    # Whoever is spared may, and so may who brings the roles into a new account; AWS's own roles are not bound.
    for principal in (AUTOMATION, BREAK_GLASS, TOWER, STACKS, LINKED):
        assert not denied(policy, principal, action, target, BOUNDED), principal


@pytest.mark.parametrize("name", SPARING)
def test_a_user_who_is_spared_is_protected_as_well(name: str) -> None:
    admin = f"{IAM}:user/emergency"
    policy = policy_of(ROLE, name, exempt=f"arn:*:iam::*:role/iam-hardening/automation, {admin}")
    for action in ("iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:AttachUserPolicy"):
        assert denied(policy, ADMIN, action, admin, BOUNDED)
        assert not denied(policy, AUTOMATION, action, admin, BOUNDED)


@looped("name", SPARING)
@looped("target", [AUTOMATION, ACCESS, TOWER])
@looped("action", ["iam:GetRole", "iam:ListRolePolicies", "sts:AssumeRole", "sts:TagSession"])
def test_spared_roles_are_read_and_assumed_as_before(name: str, target: str, action: str) -> None:
    assert not denied(guardrail(name, platform=True), ADMIN, action, target)


@looped("name", SCPS)
@looped("role", ["automation", "assessor", "break-glass"])
@looped("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:TagRole"])
def test_a_new_account_receives_its_roles(name: str, role: str, action: str) -> None:
    """Without a boundary, and with the tags of the hardening."""
    keys = {"aws:TagKeys": ["iam-hardening:managed"]} if action in ("iam:CreateRole", "iam:TagRole") else {}
    target = f"{IAM}:role/iam-hardening/{role}"
    assert not denied(guardrail(name), ACCESS, action, target, keys)
    for principal in (TOWER, STACKS):
        assert not denied(guardrail(name, platform=True), principal, action, target, keys)
        assert denied(guardrail(name), principal, action, target, keys) is (name in SPARING)


def test_who_brings_the_roles_is_a_variable() -> None:
    name = "arn:*:iam::*:role/AWSAFTExecution"
    policy = policy_of(ROLE, "require_boundary", provisioners=name)
    assert not denied(policy, f"{IAM}:role/AWSAFTExecution", "iam:CreateRole", AUTOMATION)
    assert denied(policy, f"{IAM}:role/AWSAFTExecution", "iam:CreateRole", f"{IAM}:role/other")
    assert denied(policy, ACCESS, "iam:CreateRole", AUTOMATION)
    nobody = policy_of(ROLE, "require_boundary", provisioners=[])
    assert denied(nobody, f"{IAM}:role/AWSAFTExecution", "iam:CreateRole", AUTOMATION)


@pytest.mark.parametrize("name", SCPS)
@pytest.mark.parametrize("kind", ["Role", "User"])
def test_break_glass_undoes_a_boundary(name: str, kind: str) -> None:
    target = f"{IAM}:{kind.lower()}/shop"
    policy = guardrail(name, freeze=True)
    assert not denied(policy, BREAK_GLASS, f"iam:Delete{kind}PermissionsBoundary", target, BOUNDED)
    assert not denied(policy, BREAK_GLASS, f"iam:Put{kind}PermissionsBoundary", target, FOREIGN)
    assert not denied(policy, BREAK_GLASS, f"iam:Put{kind}Policy", target, {})


BOUNDARIES = ("protect_hardening", "require_boundary")


@looped("name", BOUNDARIES)
@looped("principal", [ADMIN, DEVELOPER, USER, ROOT, ACCESS])
@looped("keys", [BOUNDED, FOREIGN, {}])
def test_nobody_else_removes_a_boundary(name: str, principal: str, keys: Keys) -> None:
    for kind in ("Role", "User"):
        target = f"{IAM}:{kind.lower()}/shop"
        assert denied(guardrail(name), principal, f"iam:Delete{kind}PermissionsBoundary", target, keys)


@looped("name", BOUNDARIES)
@looped(
    "action",
    [
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
        "TagPolicy",
    ],
)
@looped("policy", ["iam-hardening/boundary/mine", "iam-hardening/quarantine-deny-all"])
def test_the_policies_of_the_hardening_are_the_automations(name: str, action: str, policy: str) -> None:
    """Otherwise anybody makes a boundary of their own under its path."""
    target = f"{IAM}:policy/{policy}"
    assert denied(guardrail(name), ADMIN, f"iam:{action}", target)
    assert not denied(guardrail(name), AUTOMATION, f"iam:{action}", target)
    assert not denied(guardrail(name), ADMIN, f"iam:{action}", f"{IAM}:policy/shop")
    assert not denied(guardrail(name), ADMIN, "iam:GetPolicyVersion", target)


def test_boundaries_elsewhere_are_protected_there() -> None:
    policy = policy_of(ROLE, "require_boundary", boundaries="arn:*:iam::*:policy/limits/*")
    inside = {"iam:PermissionsBoundary": f"{IAM}:policy/limits/web"}
    assert denied(policy, ADMIN, "iam:CreatePolicyVersion", f"{IAM}:policy/limits/web")
    assert denied(policy, ADMIN, "iam:CreateRole", f"{IAM}:role/shop", BOUNDED)
    assert not denied(policy, ADMIN, "iam:CreateRole", f"{IAM}:role/shop", inside)


@looped("principal", [ADMIN, DEVELOPER, USER, ROOT])
@looped(
    ("action", "target"),
    [
        ("iam:CreateRole", "role/shop"),
        ("iam:CreateUser", "user/shop"),
        ("iam:PutRolePermissionsBoundary", "role/shop"),
        ("iam:PutUserPermissionsBoundary", "user/shop"),
    ],
)
def test_new_roles_and_users_need_an_approved_boundary(principal: str, action: str, target: str) -> None:
    policy, arn = guardrail("require_boundary"), f"{IAM}:{target}"
    assert denied(policy, principal, action, arn)
    assert denied(policy, principal, action, arn, FOREIGN)
    assert not denied(policy, principal, action, arn, BOUNDED)
    assert not denied(policy, AUTOMATION, action, arn)
    assert denied(policy, ACCESS, action, arn)
    assert not denied(policy, LINKED, action, arn)
    assert not denied(policy, ADMIN, "iam:CreateServiceLinkedRole", f"{IAM}:role/aws-service-role/x/AWSServiceRoleForX")


@pytest.mark.parametrize("action", ["AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"])
def test_unbounded_roles_are_frozen_on_demand(action: str) -> None:
    role = f"{IAM}:role/legacy"
    assert not denied(guardrail("require_boundary"), ADMIN, f"iam:{action}", role)
    assert denied(guardrail("require_boundary", freeze=True), ADMIN, f"iam:{action}", role)
    assert not denied(guardrail("require_boundary", freeze=True), ADMIN, f"iam:{action}", role, BOUNDED)
    assert not denied(guardrail("require_boundary", freeze=True), AUTOMATION, f"iam:{action}", role)


@pytest.mark.parametrize(
    "action", ["iam:TagRole", "iam:UntagRole", "iam:CreateUser", "iam:TagPolicy", "sts:TagSession"]
)
def test_the_tags_of_the_hardening_are_reserved(action: str) -> None:
    policy = guardrail("protect_hardening")
    target = f"{IAM}:{'policy' if action == 'iam:TagPolicy' else 'role'}/shop"
    assert denied(policy, ADMIN, action, target, {"aws:TagKeys": ["team", "iam-hardening:managed"]})
    assert not denied(policy, ADMIN, action, target, {"aws:TagKeys": ["team"]})
    assert not denied(policy, ADMIN, action, target)
    assert not denied(policy, AUTOMATION, action, target, {"aws:TagKeys": ["iam-hardening:managed"]})


@pytest.mark.parametrize("key", ["iam-hardening:quarantine", "IAM-Hardening:Quarantine"])
@pytest.mark.parametrize("action", ["iam:TagUser", "iam:UntagUser", "iam:UntagRole", "sts:TagSession"])
def test_the_tag_of_a_quarantine_is_reserved_in_any_letter_case(key: str, action: str) -> None:
    """The tag keys of users and roles are the same in any case, the values of aws:TagKeys are not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
    """
    target = f"{IAM}:{'user' if action.endswith('User') else 'role'}/shop"
    assert denied(guardrail("quarantine"), ADMIN, action, target, {"aws:TagKeys": [key]})
    assert not denied(guardrail("quarantine"), AUTOMATION, action, target, {"aws:TagKeys": [key]})


@pytest.mark.parametrize("action", ["s3:GetObject", "iam:UntagUser", "sts:AssumeRole", "ec2:RunInstances"])
def test_quarantined_principals_do_nothing(action: str) -> None:
    policy = guardrail("quarantine")
    target = AUTOMATION if action == "sts:AssumeRole" else "*"
    assert denied(policy, USER, action, target, QUARANTINED)
    assert denied(policy, DEVELOPER, action, target, QUARANTINED)
    assert not denied(policy, USER, action, target)
    assert not denied(policy, BREAK_GLASS, action, target, QUARANTINED)


@pytest.mark.parametrize("kind", ["Group", "Role", "User"])
def test_a_quarantine_is_not_detached(kind: str) -> None:
    action, target = f"iam:Detach{kind}Policy", f"{IAM}:{kind.lower()}/shop"
    for quarantine in (
        "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
        f"{IAM}:policy/iam-hardening/quarantine",
    ):
        assert denied(guardrail("quarantine"), ADMIN, action, target, {"iam:PolicyARN": quarantine})
        assert not denied(guardrail("quarantine"), BREAK_GLASS, action, target, {"iam:PolicyARN": quarantine})
    other = {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert not denied(guardrail("quarantine"), ADMIN, action, target, other)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"),
        ("cloudtrail:PutEventSelectors", f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"),
        ("config:StopConfigurationRecorder", "*"),
        ("config:DeleteDeliveryChannel", "*"),
        ("guardduty:UpdateDetector", f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/1"),
        ("guardduty:DisassociateFromAdministratorAccount", f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/1"),
        ("guardduty:DisassociateMembers", f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/1"),
        ("securityhub:DisableSecurityHub", "*"),
        ("securityhub:DisableSecurityHubV2", "*"),
        ("securityhub:DisassociateFromAdministratorAccount", "*"),
        ("access-analyzer:DeleteAnalyzer", f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/main"),
        ("access-analyzer:CreateArchiveRule", f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/main"),
        ("organizations:LeaveOrganization", "*"),
        ("account:CloseAccount", f"arn:aws:account::{ACCOUNT}:account"),
        ("events:DisableRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/iam-hardening-root"),
        ("events:RemoveTargets", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/central/iam-hardening-root"),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:iam-hardening-root"),
        ("sns:Unsubscribe", f"arn:aws:sns:us-east-1:{ACCOUNT}:iam-hardening-alerts"),
        ("sqs:PurgeQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:iam-hardening-alerts"),
    ],
)
def test_detective_services_stay_on(action: str, resource: str) -> None:
    policy = guardrail("protect_detective", platform=True)
    for principal in (ADMIN, DEVELOPER, USER, ROOT, ACCESS):
        assert denied(policy, principal, action, resource), principal
    for principal in (AUTOMATION, BREAK_GLASS, TOWER, STACKS, LINKED):
        assert not denied(policy, principal, action, resource), principal


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudtrail:LookupEvents", "*"),
        ("config:PutEvaluations", "*"),
        ("guardduty:ArchiveFindings", f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/1"),
        ("securityhub:BatchUpdateFindings", "*"),
        ("access-analyzer:ValidatePolicy", "*"),
        ("events:PutRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/nightly"),
        ("events:DescribeRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/iam-hardening-root"),
        ("sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:iam-hardening-alerts"),
        ("sqs:DeleteMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:iam-hardening-alerts"),
    ],
)
def test_detective_services_are_used(action: str, resource: str) -> None:
    assert not denied(guardrail("protect_detective"), ADMIN, action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateAccessKey", USER),
        ("iam:CreateLoginProfile", USER),
        ("iam:CreateServiceSpecificCredential", USER),
        ("iam:UploadSSHPublicKey", USER),
        ("iam:UploadSigningCertificate", USER),
        ("iam:CreateUser", f"{IAM}:user/new"),
        ("iam:CreateOpenIDConnectProvider", f"{IAM}:oidc-provider/example.com"),
        ("iam:UpdateSAMLProvider", f"{IAM}:saml-provider/idp"),
        ("iam:EnableOutboundWebIdentityFederation", "*"),
        ("iam:UpdateAccountPasswordPolicy", "*"),
        ("rolesanywhere:CreateTrustAnchor", "*"),
    ],
)
def test_long_term_credentials_are_made_by_the_automation(action: str, resource: str) -> None:
    policy = guardrail("deny_long_term_credentials", platform=True)
    for principal in (ADMIN, DEVELOPER, USER, ROOT, ACCESS):
        assert denied(policy, principal, action, resource), principal
    for principal in (AUTOMATION, BREAK_GLASS, TOWER):
        assert not denied(policy, principal, action, resource), principal


@pytest.mark.parametrize(
    "action",
    ["iam:DeleteAccessKey", "iam:UpdateAccessKey", "iam:ChangePassword", "iam:EnableMFADevice", "iam:CreateRole"],
)
def test_credentials_are_put_away_as_before(action: str) -> None:
    assert not denied(guardrail("deny_long_term_credentials"), USER, action, USER)


def test_the_root_user_of_a_member() -> None:
    policy = guardrail("deny_member_root")
    assert denied(policy, ROOT, "s3:DeleteBucketPolicy", "arn:aws:s3:::locked")
    assert not denied(policy, ROOT, "s3:DeleteBucketPolicy", "arn:aws:s3:::locked", {"aws:AssumedRoot": "true"})
    assert not denied(policy, ADMIN, "s3:DeleteBucketPolicy", "arn:aws:s3:::locked")


def test_the_role_manager() -> None:
    policy = guardrail("deny_role_manager")
    manager = {"iam:AccountPropertyNamespaces": ["RoleManager"]}
    template = {"iam:RoleTemplateARN": "arn:aws:iam::aws:role-template/PowerUserRoleTemplate"}
    assert denied(policy, ADMIN, "iam:PutAccountProperties", "*", manager)
    assert not denied(policy, ADMIN, "iam:PutAccountProperties", "*", {"iam:AccountPropertyNamespaces": ["Other"]})
    assert denied(policy, ADMIN, "iam:CreateRole", f"{IAM}:role/auto", template)
    assert not denied(policy, ADMIN, "iam:CreateRole", f"{IAM}:role/own")


OURS = {"aws:PrincipalOrgID": ORGANIZATION}
THEIRS = {"aws:PrincipalOrgID": "o-theirs12345"}
STRANGER = f"arn:aws:iam::{OTHER}:role/theirs"


@pytest.mark.parametrize(
    ("principal", "keys", "trusted", "expected"),
    [
        (DEVELOPER, OURS, None, False),
        (f"arn:aws:iam::{OTHER}:role/awx", OURS, None, False),
        (STRANGER, THEIRS, None, True),
        # An account in no organization.
        (STRANGER, {}, None, True),
        (STRANGER, THEIRS, OTHER, False),
        (STRANGER, THEIRS, f"444455556666, {OTHER}", False),
        ("lambda.amazonaws.com", {}, None, False),
        ("lambda.amazonaws.com", {"aws:SourceAccount": ACCOUNT, "aws:SourceOrgID": ORGANIZATION}, None, False),
        ("lambda.amazonaws.com", {"aws:SourceAccount": OTHER, "aws:SourceOrgID": "o-theirs12345"}, None, True),
        ("lambda.amazonaws.com", {"aws:SourceAccount": OTHER}, None, True),
        ("lambda.amazonaws.com", {"aws:SourceAccount": OTHER}, OTHER, False),
    ],
)
def test_who_assumes_roles_of_the_organization(
    principal: str, keys: Keys, trusted: t.Optional[str], expected: bool
) -> None:
    role = f"{IAM}:role/shop"
    assert denied(perimeter(trusted), principal, "sts:AssumeRole", role, keys, kind=Kind.RCP) is expected


def test_federation_enters_as_before_but_sets_no_quarantine_tag() -> None:
    provider, role = f"{IAM}:oidc-provider/token.actions.githubusercontent.com", f"{IAM}:role/ci"
    assert not denied(perimeter(), provider, "sts:AssumeRoleWithWebIdentity", role, kind=Kind.RCP)
    for key, expected in (("IAM-hardening:quarantine", True), ("team", False)):
        assert denied(perimeter(), provider, "sts:TagSession", role, {"aws:TagKeys": [key]}, kind=Kind.RCP) is expected
    own = {"aws:TagKeys": ["iam-hardening:quarantine"], **OURS}
    assert not denied(perimeter(), AUTOMATION, "sts:TagSession", role, own, kind=Kind.RCP)


# The ranges that the README documents.
TEN = [f"arn:*:iam::*:role/{'p' * 25}{number:02}" for number in range(10)]


def extremes(name: str) -> Policy:
    return policy_of(
        ROLE,
        name,
        Kind.RCP if name == "sts_perimeter" else Kind.SCP,
        exempt=TEN[:4],
        platform_roles=TEN[4:8],
        provisioners=TEN[8:],
        boundaries=[f"arn:*:iam::*:policy/{'b' * 37}{number:02}" for number in range(2)],
        freeze_unbounded=True,
        organization_id=f"o-{'a' * 32}",
        trusted_accounts=[f"{number:012}" for number in range(100)],
    )


@pytest.mark.parametrize("name", [*SCPS, "sts_perimeter"])
def test_they_fit_at_the_ends_of_the_documented_ranges(name: str) -> None:
    assert sum(map(len, TEN)) >= 450
    assert sent_size(extremes(name)) <= PREFERRED
    assert LIMITS[Kind.RCP] == PREFERRED
    assert LIMITS[Kind.SCP] >= PREFERRED


@pytest.mark.parametrize("name", [*SCPS, "sts_perimeter"])
def test_the_sizes_in_the_documentation(name: str) -> None:
    usual = policy_of(ROLE, name, Kind.RCP if name == "sts_perimeter" else Kind.SCP)
    assert f"| `{name}` | {sent_size(usual):,} | {sent_size(extremes(name)):,} |" in DOCUMENTATION.read_text()


@pytest.mark.parametrize("name", SPARING)
def test_lists_may_be_what_a_survey_sends(name: str) -> None:
    as_text = rendered(ROLE, name, platform_roles=", ".join(PLATFORM), provisioners="", freeze_unbounded="false")
    as_lists = rendered(ROLE, name, platform_roles=PLATFORM, provisioners=[])
    assert as_text == as_lists
    assert "arn:aws:" not in json.dumps(as_lists).replace("arn:aws:iam::aws:", "")


@pytest.mark.parametrize("name", [*SCPS, "sts_perimeter"])
def test_the_assessment_knows_the_guardrail(name: str) -> None:
    """As control organization_guardrails judges an account below it."""
    policy = perimeter() if name == "sts_perimeter" else guardrail(name, platform=True)
    levels = ((ANYTHING, policy),)
    scps, rcps = (((ANYTHING,),), levels) if name == "sts_perimeter" else (levels, None)
    place = Place(ACCOUNT, organization_id=ORGANIZATION)
    assert find_guardrails(Effect(place, scps=scps, rcps=rcps, now=datetime(2026, 11, 25, tzinfo=UTC)), (policy,))
