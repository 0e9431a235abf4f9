# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service control policies and resource control policies."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request

from .case import (
    ACCOUNT,
    ALLOWED,
    EVERYTHING,
    EXPLICIT,
    FOREIGN_ROLE,
    FULL,
    IMPLICIT,
    KEY,
    OBJECT,
    ORGANIZATIONS,
    ROLE,
    ROOT,
    SESSION,
    UNKNOWN,
    USER,
    Case,
    allow,
    deny,
    policy,
)

SCPS: t.Final = f"{ORGANIZATIONS}orgs_manage_policies_scps.html"
EVALUATION: t.Final = f"{ORGANIZATIONS}orgs_manage_policies_scps_evaluation.html"
SYNTAX: t.Final = f"{ORGANIZATIONS}orgs_manage_policies_scps_syntax.html"
RCPS: t.Final = f"{ORGANIZATIONS}orgs_manage_policies_rcps.html"
RCP_EVALUATION: t.Final = f"{ORGANIZATIONS}orgs_manage_policies_rcps_evaluation.html"
NOT_RESTRICTED: t.Final = f"{RCPS}#actions-not-restricted-by-rcps"

SERVICE_LINKED: t.Final = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"

_LEVELS: t.Final = ("root", "OU prod", f"account {ACCOUNT}")
_NO_S3: t.Final = policy("NoS3", deny("s3:*", Sid="DenyS3"))
_ONLY_S3: t.Final = policy("OnlyS3", allow("s3:*", Sid="AllowS3"))
_ONLY_SQS: t.Final = policy("OnlySqs", allow("sqs:*"))
_REGION: t.Final = policy(
    "EuropeOnly",
    deny(
        None,
        NotAction=["iam:*", "sts:*", "organizations:*"],
        Sid="DenyElsewhere",
        Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}},
    ),
)
_NOT_OTHERS: t.Final = policy(
    "NotOthers",
    deny(
        "s3:*",
        Principal="*",
        Sid="OrganizationOnly",
        Condition={
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    ),
)
_RCP_ALL: t.Final = policy("RCPFullAWSAccess", allow(Principal="*"))
_NO_SQS_FOR_ANYONE: t.Final = policy("Closed", deny("sqs:*", Principal="*"))


def _under(*scps: tuple[Policy, ...], identity: tuple[Policy, ...] = (FULL,)) -> Layers:
    return Layers(identity, scps=scps, scp_levels=_LEVELS)


def _read(principal: str = ROLE, **more: t.Any) -> Request:
    return Request("s3:GetObject", OBJECT, principal, **more)


def _behind(*rcps: tuple[Policy, ...]) -> Layers:
    return Layers((FULL,), rcps=rcps, rcp_levels=_LEVELS)


_SCPS: t.Final = (
    Case("scp-allows", EVALUATION, _read(), _under((FULL,)), ALLOWED, "identity"),
    Case("scp-grants-nothing", SCPS, _read(), _under((FULL,), identity=()), IMPLICIT, "identity"),
    Case("scp-is-silent", EVALUATION, _read(), _under((_ONLY_SQS,)), IMPLICIT, "scp"),
    Case("scp-level-without-policies", EVALUATION, _read(), _under(()), IMPLICIT, "scp"),
    Case("scp-denies", EVALUATION, _read(), _under((FULL, _NO_S3)), EXPLICIT, "scp", "NoS3", "DenyS3"),
    Case("scp-denies-something-else", EVALUATION, _read(), _under((FULL, _ONLY_SQS)), ALLOWED),
    Case("scps-of-a-level-are-or", EVALUATION, _read(), _under((_ONLY_SQS, _ONLY_S3)), ALLOWED),
    Case("scp-levels-are-and", EVALUATION, _read(), _under((FULL,), (_ONLY_SQS,), (FULL,)), IMPLICIT, "scp"),
    Case("scp-root-is-silent", EVALUATION, _read(), _under((_ONLY_SQS,), (FULL,), (FULL,)), IMPLICIT, "scp"),
    Case("scp-account-is-silent", EVALUATION, _read(), _under((FULL,), (FULL,), (_ONLY_SQS,)), IMPLICIT, "scp"),
    Case("scp-all-levels-allow", EVALUATION, _read(), _under((FULL,), (_ONLY_S3,), (FULL,)), ALLOWED),
    Case(
        "scp-denies-at-the-root", EVALUATION, _read(), _under((FULL, _NO_S3), (FULL,), (FULL,)), EXPLICIT, "scp", "NoS3"
    ),
    Case(
        "scp-denies-at-the-unit", EVALUATION, _read(), _under((FULL,), (FULL, _NO_S3), (FULL,)), EXPLICIT, "scp", "NoS3"
    ),
    Case("scp-denies-at-the-account", EVALUATION, _read(), _under((FULL,), (FULL,), (FULL, _NO_S3)), EXPLICIT, "scp"),
    Case("scp-deny-before-a-silent-level", EVALUATION, _read(), _under((_ONLY_SQS,), (FULL, _NO_S3)), EXPLICIT, "scp"),
    Case("scp-deny-alone-allows-nothing", EVALUATION, _read(), _under((policy("D", deny("sqs:*")),)), IMPLICIT, "scp"),
    Case(
        "scp-with-a-resource", SYNTAX, _read(), _under((FULL, policy("D", deny("*", "arn:aws:s3:::data/*")))), EXPLICIT
    ),
    Case(
        "scp-with-another-resource",
        SYNTAX,
        _read(),
        _under((FULL, policy("D", deny("*", "arn:aws:s3:::x/*")))),
        ALLOWED,
    ),
    Case(
        "scp-allow-with-a-resource",
        SYNTAX,
        _read(),
        _under((policy("A", allow("s3:*", "arn:aws:s3:::x/*")),)),
        IMPLICIT,
        "scp",
    ),
    Case("scp-not-action-in-allow", SYNTAX, _read(), _under((policy("A", allow(None, NotAction="iam:*")),)), ALLOWED),
    Case(
        "scp-not-action-leaves-out",
        SYNTAX,
        _read(),
        _under((policy("A", allow(None, NotAction="s3:*")),)),
        IMPLICIT,
        "scp",
    ),
    Case(
        "scp-in-the-region",
        f"{ORGANIZATIONS}orgs_manage_policies_scps_examples_general.html",
        _read(context={"aws:RequestedRegion": "eu-west-1"}),
        _under((FULL, _REGION)),
        ALLOWED,
    ),
    Case(
        "scp-out-of-the-region",
        f"{ORGANIZATIONS}orgs_manage_policies_scps_examples_general.html",
        _read(context={"aws:RequestedRegion": "us-east-1"}),
        _under((FULL, _REGION)),
        EXPLICIT,
        "scp",
        "EuropeOnly",
        "DenyElsewhere",
    ),
    Case(
        "scp-global-services-are-exempt",
        f"{ORGANIZATIONS}orgs_manage_policies_scps_examples_general.html",
        Request("iam:GetRole", ROLE, ROLE, {"aws:RequestedRegion": "us-east-1"}),
        _under((FULL, _REGION)),
        ALLOWED,
    ),
    Case(
        "scp-unknown-region",
        f"{ORGANIZATIONS}orgs_manage_policies_scps_examples_general.html",
        _read(context_complete=False),
        _under((FULL, _REGION)),
        UNKNOWN,
        "scp",
        "EuropeOnly",
        "DenyElsewhere",
        ("aws:RequestedRegion",),
    ),
    Case("scp-for-users", SCPS, _read(USER), _under((FULL, _NO_S3)), EXPLICIT, "scp"),
    Case("scp-for-sessions", SCPS, _read(SESSION), _under((FULL, _NO_S3)), EXPLICIT, "scp"),
    Case("scp-for-the-root-user", SCPS, _read(ROOT), _under((FULL, _NO_S3)), EXPLICIT, "scp"),
    Case("scp-silent-for-the-root-user", SCPS, _read(ROOT), _under((_ONLY_SQS,)), IMPLICIT, "scp"),
    Case("scp-not-for-service-linked-roles", SCPS, _read(SERVICE_LINKED), _under((FULL, _NO_S3)), ALLOWED),
    Case("scp-silent-not-for-service-linked-roles", SCPS, _read(SERVICE_LINKED), _under(()), ALLOWED),
    Case(
        "scp-not-for-sessions-of-service-linked-roles",
        SCPS,
        _read(f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForECS/task", issuer=SERVICE_LINKED),
        _under((FULL, _NO_S3)),
        ALLOWED,
    ),
    Case("management-account-has-no-scps", SCPS, _read(), EVERYTHING, ALLOWED),
    Case(
        "scp-limits-what-a-resource-policy-gives",
        SCPS,
        _read(resource_policy=policy("Bucket", allow("s3:*", Principal={"AWS": ROLE}))),
        _under((_ONLY_SQS,), identity=()),
        IMPLICIT,
        "scp",
    ),
    Case(
        "scp-limits-what-a-resource-policy-gives-to-users",
        SCPS,
        _read(USER, resource_policy=policy("Bucket", allow("s3:*", Principal={"AWS": USER}))),
        _under((FULL,), (_ONLY_SQS,), identity=()),
        IMPLICIT,
        "scp",
    ),
    Case(
        "scp-not-for-services",
        SCPS,
        _read(
            "cloudtrail.amazonaws.com",
            resource_policy=policy("B", allow(Principal={"Service": "cloudtrail.amazonaws.com"})),
        ),
        _under((FULL, _NO_S3)),
        ALLOWED,
        "resource",
    ),
)

_RCPS: t.Final = (
    Case("rcp-full-access", RCP_EVALUATION, _read(), _behind((_RCP_ALL,)), ALLOWED),
    Case("rcp-full-access-need-not-be-given", RCP_EVALUATION, _read(), _behind(()), ALLOWED),
    Case("rcp-grants-nothing", RCPS, _read(), Layers(rcps=((_RCP_ALL,),)), IMPLICIT, "identity"),
    Case(
        "rcp-denies-others",
        RCPS,
        _read(context={"aws:PrincipalOrgID": "o-zzzzzzzzzz"}),
        _behind((_RCP_ALL, _NOT_OTHERS)),
        EXPLICIT,
        "rcp",
        "NotOthers",
        "OrganizationOnly",
    ),
    Case(
        "rcp-lets-the-organization-in",
        RCPS,
        _read(context={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}),
        _behind((_RCP_ALL, _NOT_OTHERS)),
        ALLOWED,
    ),
    Case(
        "rcp-denies-at-any-level",
        RCP_EVALUATION,
        _read(context={"aws:PrincipalOrgID": "o-zzzzzzzzzz"}),
        _behind((_RCP_ALL,), (_RCP_ALL, _NOT_OTHERS), (_RCP_ALL,)),
        EXPLICIT,
        "rcp",
    ),
    Case(
        "rcp-for-the-root-user",
        RCPS,
        Request("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", ROOT),
        _behind((_NO_SQS_FOR_ANYONE,)),
        EXPLICIT,
        "rcp",
    ),
    Case("rcp-not-for-service-linked-roles", NOT_RESTRICTED, _read(SERVICE_LINKED), _behind((_NOT_OTHERS,)), ALLOWED),
    Case(
        "rcp-for-foreign-principals",
        RCPS,
        _read(
            FOREIGN_ROLE,
            context={"aws:PrincipalOrgID": "o-zzzzzzzzzz"},
            resource_account=ACCOUNT,
            resource_policy=policy("Bucket", allow("s3:*", Principal="*")),
        ),
        _behind((_RCP_ALL, _NOT_OTHERS)),
        EXPLICIT,
        "rcp",
    ),
    Case(
        "rcp-for-anybody",
        RCPS,
        _read("*", resource_policy=policy("Bucket", allow("s3:*", Principal="*"))),
        _behind((_RCP_ALL, policy("Closed", deny("s3:*", Principal="*")))),
        EXPLICIT,
        "rcp",
    ),
    Case(
        "rcp-exempts-services",
        RCPS,
        _read(
            "cloudtrail.amazonaws.com",
            resource_policy=policy("B", allow(Principal={"Service": "cloudtrail.amazonaws.com"})),
        ),
        _behind((_RCP_ALL, _NOT_OTHERS)),
        ALLOWED,
        "resource",
    ),
    Case(
        "rcp-for-supported-services-only",
        f"{RCPS}#rcp-supported-services",
        Request("ec2:RunInstances", "*", ROLE),
        _behind((policy("Closed", deny(Principal="*")),)),
        ALLOWED,
    ),
    Case(
        "rcp-not-for-retiring-grants",
        NOT_RESTRICTED,
        Request("kms:RetireGrant", KEY, ROLE),
        _behind((policy("Closed", deny("kms:*", Principal="*")),)),
        ALLOWED,
    ),
    Case(
        "rcp-not-for-trust-in-service-linked-roles",
        NOT_RESTRICTED,
        Request(
            "sts:AssumeRole",
            SERVICE_LINKED,
            "ecs.amazonaws.com",
            resource_policy=policy("Trust", allow("sts:AssumeRole", None, Principal={"Service": "ecs.amazonaws.com"})),
        ),
        _behind((policy("Closed", deny("sts:*", Principal="*")),)),
        ALLOWED,
        "resource",
    ),
    Case(
        "rcp-for-trust-in-other-roles",
        RCPS,
        Request(
            "sts:AssumeRole",
            ROLE,
            "ecs.amazonaws.com",
            resource_policy=policy("Trust", allow("sts:AssumeRole", None, Principal={"Service": "ecs.amazonaws.com"})),
        ),
        _behind((policy("Closed", deny("sts:*", Principal="*")),)),
        EXPLICIT,
        "rcp",
    ),
    Case("management-account-has-no-rcps", RCPS, _read(), EVERYTHING, ALLOWED),
    Case(
        "rcp-and-scp",
        RCPS,
        _read(),
        Layers((FULL,), scps=((FULL,),), rcps=((policy("Closed", deny("s3:*", Principal="*")),),)),
        EXPLICIT,
        "rcp",
    ),
)

CASES: t.Final = (*_SCPS, *_RCPS)
