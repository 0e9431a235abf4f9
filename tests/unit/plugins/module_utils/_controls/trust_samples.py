# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with one role, by its trust policy; and the pages that say how AWS and identity providers judge it."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    Dataset,
    PolicyDocument,
    PolicyLevel,
    Snapshot,
)

from .samples import (
    ACCOUNT,
    ADMIN,
    MANAGEMENT,
    MEMBER,
    allow,
    document,
    policy,
    role,
    snapshot,
    trust,
    unread,
)

OTHER = "555566667777"
OF_OTHER = f"arn:aws:iam::{OTHER}:root"
OF_MANAGEMENT = f"arn:aws:iam::{MANAGEMENT}:root"
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "agreed"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
READ_ALL = policy("ReadOnlyAccess", allow("s3:Get*", "dynamodb:Get*", "ssm:Get*", "lambda:Get*"))

USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
PRINCIPAL = f"{USER_GUIDE}/reference_policies_elements_principal.html"
GLOBAL_KEYS = f"{USER_GUIDE}/reference_policies_condition-keys.html"
THIRD_PARTY = f"{USER_GUIDE}/id_roles_common-scenarios_third-party.html"
DEPUTY = f"{USER_GUIDE}/confused-deputy.html"
SHARED = f"{USER_GUIDE}/id_roles_providers_oidc_secure-by-default.html"
UNIQUE_IDS = f"{USER_GUIDE}/reference_identifiers.html#identifiers-unique-ids"
MFA_API = f"{USER_GUIDE}/id_credentials_mfa_configure-api-require.html"
GITHUB_DOCS = "https://docs.github.com/en/actions/reference/security/oidc"
TERRAFORM_DOCS = (
    "https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/aws-configuration"
)
COGNITO_DOCS = "https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html"
CIRCLECI_DOCS = "https://circleci.com/docs/openid-connect-tokens/"
BITBUCKET_DOCS = (
    "https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/"
)
READ_ONLY_DOCS = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ReadOnlyAccess.html"
MULTIVALUED = f"{USER_GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
STS_KEYS = f"{USER_GUIDE}/reference_policies_iam-condition-keys.html"
EVALUATION = f"{USER_GUIDE}/reference_policies_evaluation-logic.html"
EKS_DOCS = "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"
AUDIT_DOCS = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html"
ACCESS_ROLE = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html"
)
CONTROL_TOWER = "https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html"
EC2_ROLES = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html"
PERIMETER_DOCS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html"
PACU = "https://rhinosecuritylabs.com/aws/assume-worst-aws-assume-role-enumeration/"
GITHUB_ATTACK = "https://securitylabs.datadoghq.com/articles/exploring-github-to-aws-keyless-authentication-flaws/"
COGNITO_ATTACK = "https://rhinosecuritylabs.com/aws/attacking-aws-cognito-with-pacu-p1/"

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
COGNITO = "cognito-identity.amazonaws.com"
CIRCLECI = "oidc.circleci.com/org/0a1b"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CLUSTER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"


def org(value: str, operator: str = "StringEquals") -> dict[str, t.Any]:
    return {operator: {"aws:PrincipalOrgID": value}}


def statement(principal: t.Any, condition: t.Any = None, effect: str = "Allow") -> dict[str, t.Any]:
    found = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return {**found, "Condition": condition} if condition else found


def member(trusts: PolicyDocument, **fields: t.Any) -> t.Callable[[], Snapshot]:
    """A member of an organization with one role."""
    own = {name: value for name, value in fields.items() if name in ("attached_policies", "boundary", "path")}
    rest = {name: value for name, value in fields.items() if name not in own}
    return functools.partial(
        lambda: snapshot(**{"organization": MEMBER, **rest, "roles": (role("app", trust=trusts, **own),)})
    )


def reader(principal: t.Any, condition: t.Any = None, **fields: t.Any) -> t.Callable[[], Snapshot]:
    values = {"policies": (READ_ALL,), "attached_policies": (READ_ALL.arn,), **fields}
    return member(trust(principal, condition), **values)


def administrator(*statements: dict[str, t.Any], **fields: t.Any) -> t.Callable[[], Snapshot]:
    return member(document(*statements, name="trust"), attached_policies=(ADMIN,), **fields)


def make_federated_trust(issuer: str, condition: t.Any = None, *denials: dict[str, t.Any]) -> t.Callable[[], Snapshot]:
    principal = issuer if issuer == COGNITO else f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    action = "sts:AssumeRoleWithWebIdentity"
    allowing = {**statement({"Federated": principal}, condition), "Action": action}
    return member(document(allowing, *({**item, "Action": action} for item in denials), name="trust"))


def sub(issuer: str, value: t.Any, operator: str = "StringLike") -> dict[str, t.Any]:
    return {operator: {f"{issuer}:sub": value}}


def service(name: str, condition: t.Any = None, **fields: t.Any) -> t.Callable[[], Snapshot]:
    return member(trust({"Service": name}, condition), **fields)


def perimeter() -> tuple[PolicyLevel, ...]:
    """AWS's example of an RCP that keeps foreign identities out."""
    outsiders = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Condition": outsiders}
    return (
        PolicyLevel("r-1", "r-1", (), (ControlPolicy("p-1", "perimeter", "RESOURCE_CONTROL_POLICY", document(deny)),)),
    )


UNREAD = {"organization": None, "unread": (unread(Dataset.ORGANIZATION),)}
