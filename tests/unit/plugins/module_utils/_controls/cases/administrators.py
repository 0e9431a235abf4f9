# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts for controls that excuse administrators, and for the one on people: names that prove nothing."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Role, Snapshot

from ..samples import (
    ACCOUNT,
    ADMIN,
    EVERYTHING,
    MANAGEMENT,
    MEMBER,
    ROOT,
    allow,
    arn,
    days_ago,
    document,
    of_management,
    people,
    role,
    row,
    snapshot,
    trust,
    unread,
    user,
)
from ..trust_samples import ACCESS_ROLE, CONTROL_TOWER, MFA, OF_OTHER, USER_GUIDE
from .case import Case

CDK = "https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"
CDK_NAME = f"cdk-hnb659fds-{{}}-role-{ACCOUNT}-us-east-1"
STACK_SETS = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html"
)
STACK_SETS_ADMIN = (
    f"arn:aws:iam::{MANAGEMENT}:role/aws-service-role/stacksets.cloudformation.amazonaws.com/"
    "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
)
# A role that an attacker makes is called like one that nobody looks at.
MASQUERADING = "https://attack.mitre.org/techniques/T1036/005/"
LEAST_PRIVILEGE = "CIS AWS Foundations Benchmark 7.0, 2.14: no policy that allows full administrative privileges"
FEDERATION = "CIS AWS Foundations Benchmark 7.0, 2.19, audit: no IAM users representing individuals are present"
BY_AWS = f"{USER_GUIDE}/id_roles_create-service-linked-role.html"
MALLORY = {"AWS": arn("user", "mallory")}
OF_MANAGEMENT = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}


def one(item: Role, **fields: t.Any) -> t.Callable[[], Snapshot]:
    return lambda: snapshot(**{"organization": MEMBER, "roles": (item,), **fields})


def administrator(name: str, principal: t.Any, condition: t.Any = None, **fields: t.Any) -> Role:
    return role(name, **{"trust": trust(principal, condition), "attached_policies": (ADMIN,), **fields})


def climber(name: str, principal: t.Any, **fields: t.Any) -> Role:
    """A role that can become an administrator."""
    inline = (document(allow("iam:PutRolePolicy"), name="own"),)
    return role(name, **{"trust": trust(principal), "inline_policies": inline, **fields})


def make_unused(name: str, principal: t.Any, **fields: t.Any) -> Role:
    return administrator(name, principal, last_used=days_ago(300), **fields)


def console(*names: str, **fields: t.Any) -> t.Callable[[], Snapshot]:
    return lambda: people(*(row(name, password_enabled=True) for name in names), **fields)


UNREAD = {"organization": None, "unread": (unread(Dataset.ORGANIZATION),)}
SAML = (f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp",)
USERS_BY_ARN = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}
ROLES_BY_ARN = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/awx*"}}
BACKDOORS = {
    "a user in a role named like the CDK's": (MASQUERADING, administrator("cdk-backdoor", MALLORY)),
    "a user in the CDK's deploy role": (CDK, administrator(CDK_NAME.format("deploy"), MALLORY)),
    "a foreign account in Control Tower's role": (
        CONTROL_TOWER,
        administrator("AWSControlTowerExecution", {"AWS": [OF_MANAGEMENT["AWS"], OF_OTHER]}),
    ),
    "a foreign account in the access role": (
        ACCESS_ROLE,
        administrator("OrganizationAccountAccessRole", {"AWS": OF_OTHER}),
    ),
    "a user below the path of this collection": (
        MASQUERADING,
        administrator("break-glass", MALLORY, path="/iam-hardening/"),
    ),
    "the account below that path, under a condition that users meet": (
        MASQUERADING,
        administrator("X", {"AWS": ROOT}, {"Bool": {"aws:SecureTransport": "true"}}, path="/iam-hardening/"),
    ),
    "users below that path by their ARN": (
        MASQUERADING,
        administrator("X", {"AWS": ROOT}, USERS_BY_ARN, path="/iam-hardening/"),
    ),
    "a path like that of AWS": (MASQUERADING, administrator("X", MALLORY, path="/aws-reserved-x/")),
    "a path that only contains that of AWS": (MASQUERADING, administrator("X", MALLORY, path="/x/aws-reserved/sso/")),
    "the tag of a stack": (
        CDK,
        administrator("deploy", {"AWS": ROOT}, tags={"aws:cloudformation:stack-name": "CDKToolkit"}),
    ),
    "a name of a service-linked role elsewhere": (BY_AWS, administrator("AWSServiceRoleForSupport", MALLORY)),
}
EXCUSED = {
    "the access role of the organization": (ACCESS_ROLE, administrator("OrganizationAccountAccessRole", OF_MANAGEMENT)),
    "Control Tower's role": (CONTROL_TOWER, administrator("AWSControlTowerExecution", OF_MANAGEMENT)),
    "CloudFormation in the CDK's role": (
        CDK,
        administrator(CDK_NAME.format("cfn-exec"), {"Service": "cloudformation.amazonaws.com"}),
    ),
    "StackSets in their role": (
        STACK_SETS,
        administrator("stacksets-exec-0123456789abcdef0123456789abcdef", {"AWS": STACK_SETS_ADMIN}),
    ),
    "a break-glass role with MFA": (
        "examples/bootstrap",
        administrator("break-glass", {"AWS": ROOT}, MFA, path="/iam-hardening/"),
    ),
    "roles by their ARN, below the path of this collection": (
        "examples/bootstrap",
        administrator("X", {"AWS": ROOT}, ROLES_BY_ARN, path="/iam-hardening/"),
    ),
    "a role of IAM Identity Center": (
        "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html",
        administrator("AWSReservedSSO_Admin_0123456789abcdef", MALLORY, path="/aws-reserved/sso.amazonaws.com/"),
    ),
}

CASES: list[Case] = [
    *(
        Case(control, "FAIL", name, source, one(item))
        for control in ("role_admin", "admin_policy_attached")
        for name, (source, item) in BACKDOORS.items()
    ),
    *(
        Case(control, "PASS", name, source, one(item))
        for control in ("role_admin", "admin_policy_attached")
        for name, (source, item) in EXCUSED.items()
    ),
    *(
        Case(
            control,
            "NOT_ASSESSED",
            "the access role, and the organization was not read",
            ACCESS_ROLE,
            one(administrator("OrganizationAccountAccessRole", {"AWS": OF_OTHER}), **UNREAD),
        )
        for control in ("role_admin", "admin_policy_attached")
    ),
    Case(
        "admin_policy_attached",
        "FAIL",
        "an inline policy of a role named like the CDK's",
        LEAST_PRIVILEGE,
        one(role("cdk-backdoor", trust=trust(MALLORY), inline_policies=(document(EVERYTHING),))),
    ),
    Case(
        "privilege_escalation_path",
        "FAIL",
        "a role named like Control Tower's",
        MASQUERADING,
        one(climber("AWSControlTowerExecution", MALLORY)),
    ),
    Case(
        "privilege_escalation_path",
        "FAIL",
        "a role named like Account Factory's",
        MASQUERADING,
        one(climber("AWSAFTExecution", {"AWS": OF_OTHER})),
    ),
    Case(
        "privilege_escalation_path",
        "FAIL",
        "a user who may assume the CDK's role",
        CDK,
        one(
            climber(CDK_NAME.format("deploy"), {"AWS": ROOT}),
            users=(user("dev", inline_policies=(document(allow("sts:AssumeRole"), name="own"),)),),
        ),
    ),
    Case(
        "privilege_escalation_path",
        "PASS",
        "Control Tower's role",
        CONTROL_TOWER,
        one(climber("AWSControlTowerExecution", OF_MANAGEMENT)),
    ),
    Case(
        "privilege_escalation_path",
        "PASS",
        "the CDK's role, which nobody may assume",
        CDK,
        one(climber(CDK_NAME.format("deploy"), {"AWS": ROOT}), users=(user("dev"),)),
    ),
    Case("role_unused", "FAIL", "a role named like the CDK's", MASQUERADING, one(make_unused("cdk-backdoor", MALLORY))),
    Case(
        "role_unused",
        "FAIL",
        "a foreign account in the access role",
        ACCESS_ROLE,
        one(make_unused("OrganizationAccountAccessRole", {"AWS": OF_OTHER})),
    ),
    Case(
        "role_unused",
        "FAIL",
        "a user below the path of this collection",
        MASQUERADING,
        one(make_unused("break-glass", MALLORY, path="/iam-hardening/")),
    ),
    Case(
        "role_unused",
        "PASS",
        "the access role of the organization",
        ACCESS_ROLE,
        one(make_unused("OrganizationAccountAccessRole", OF_MANAGEMENT)),
    ),
    Case(
        "role_unused",
        "PASS",
        "a break-glass role with MFA",
        "examples/bootstrap",
        one(of_management("break-glass", path="/iam-hardening/", last_used=None)),
    ),
    Case("federated_people", "FAIL", "one person without a provider", FEDERATION, console("alice")),
    Case(
        "federated_people",
        "FAIL",
        "fifty people beside a provider that nobody uses",
        FEDERATION,
        console(*(f"user{number}" for number in range(50)), saml_provider_arns=SAML),
    ),
    Case(
        "federated_people",
        "FAIL",
        "one person beside IAM Identity Center",
        FEDERATION,
        console("alice", roles=(role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/"),)),
    ),
    Case(
        "federated_people",
        "PASS",
        "programs beside a provider",
        FEDERATION,
        lambda: people(row("robot"), saml_provider_arns=SAML),
    ),
    Case("federated_people", "PASS", "no user at all", FEDERATION, functools.partial(snapshot)),
    Case(
        "federated_people",
        "NOT_ASSESSED",
        "users, and the credential report was not read",
        FEDERATION,
        lambda: snapshot(users=(user(),), saml_provider_arns=SAML, unread=(unread(Dataset.CREDENTIAL_REPORT),)),
    ),
]
