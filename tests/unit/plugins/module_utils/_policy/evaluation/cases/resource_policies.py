# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of resources, within an account and between accounts."""

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
    FOREIGN_USER,
    FULL,
    IAM,
    IMPLICIT,
    NOTHING,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    USER,
    Case,
    Names,
    allow,
    deny,
    policy,
)

LOGIC: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html"
WITHIN: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-basics-single-account.html"
ACROSS: t.Final = f"{IAM}reference_policies_evaluation-logic-cross-account.html"
PRINCIPALS: t.Final = f"{IAM}reference_policies_elements_principal.html"

FOREIGN_ACCOUNT: t.Final = f"arn:aws:iam::{OTHER}:root"

Principal = t.Union[str, dict[str, Names]]


def _aws(*arns: str) -> dict[str, Names]:
    return {"AWS": list(arns)}


def _bucket(principal: Principal, **more: t.Any) -> Policy:
    return policy("Bucket", allow("s3:*", Principal=principal, **more))


def _read(principal: t.Optional[str], **more: t.Any) -> Request:
    return Request("s3:GetObject", OBJECT, principal, **more)


def _foreign(principal: str, resource_policy: t.Optional[Policy], **more: t.Any) -> Request:
    return _read(principal, resource_account=ACCOUNT, resource_policy=resource_policy, **more)


_WITHIN: t.Final = (
    Case(
        "either-side-identity",
        WITHIN,
        _read(USER, resource_policy=_bucket(_aws(FOREIGN_USER))),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "either-side-resource",
        WITHIN,
        _read(USER, resource_policy=_bucket(_aws(USER))),
        NOTHING,
        ALLOWED,
        "resource",
        "Bucket",
    ),
    Case(
        "neither-side", WITHIN, _read(USER, resource_policy=_bucket(_aws(FOREIGN_USER))), NOTHING, IMPLICIT, "identity"
    ),
    Case(
        "resource-policy-denies",
        WITHIN,
        _read(USER, resource_policy=policy("B", deny("s3:*", Principal="*", Sid="Closed"))),
        EVERYTHING,
        EXPLICIT,
        "resource",
        "B",
        "Closed",
    ),
    Case(
        "resource-policy-denies-the-account",
        PRINCIPALS,
        _read(ROLE, resource_policy=policy("B", deny("s3:*", Principal=_aws(ROOT)))),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "resource-policy-denies-the-role-of-a-session",
        PRINCIPALS,
        _read(SESSION, resource_policy=policy("B", deny("s3:*", Principal=_aws(ROLE)))),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "resource-policy-denies-another",
        PRINCIPALS,
        _read(ROLE, resource_policy=policy("B", deny("s3:*", Principal=_aws(USER)))),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "resource-policy-for-another-resource",
        WITHIN,
        _read(USER, resource_policy=policy("B", allow("s3:*", "arn:aws:s3:::data/x", Principal=_aws(USER)))),
        NOTHING,
        IMPLICIT,
    ),
    Case(
        "resource-policy-for-another-action",
        WITHIN,
        _read(USER, resource_policy=policy("B", allow("s3:PutObject", Principal=_aws(USER)))),
        NOTHING,
        IMPLICIT,
    ),
    Case(
        "resource-policy-needs-tls",
        f"{IAM}reference_policies_condition-keys.html#condition-keys-securetransport",
        _read(
            USER,
            context={"aws:SecureTransport": "false"},
            resource_policy=policy(
                "B", deny("s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
            ),
        ),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "user-names-have-a-case",
        f"{PRINCIPALS}#principal-users",
        _read(USER, resource_policy=_bucket(_aws(USER.replace("alice", "Alice")))),
        NOTHING,
        IMPLICIT,
    ),
    Case(
        "no-wildcard-within-a-principal",
        PRINCIPALS,
        _read(USER, resource_policy=_bucket(_aws(f"arn:aws:iam::{ACCOUNT}:user/*"))),
        NOTHING,
        IMPLICIT,
    ),
    Case(
        "everyone-is-the-user",
        f"{PRINCIPALS}#principal-anonymous",
        _read(USER, resource_policy=_bucket("*")),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "every-aws-is-the-user",
        f"{PRINCIPALS}#principal-anonymous",
        _read(USER, resource_policy=_bucket({"AWS": "*"})),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "role-with-a-path-by-its-session",
        f"{PRINCIPALS}#principal-roles",
        _read(SESSION, resource_policy=_bucket(_aws(f"arn:aws:iam::{ACCOUNT}:role/team/app"))),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case("root-user-of-the-account", PRINCIPALS, _read(ROOT, resource_policy=_bucket(_aws(ROOT))), NOTHING, ALLOWED),
    Case(
        "anybody-where-everyone-may",
        f"{PRINCIPALS}#principal-anonymous",
        _read("*", resource_policy=_bucket("*")),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "anybody-where-every-aws-may",
        f"{PRINCIPALS}#principal-anonymous",
        _read("*", resource_policy=_bucket({"AWS": "*"})),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "anybody-where-an-account-may",
        f"{PRINCIPALS}#principal-anonymous",
        _read("*", resource_policy=_bucket(_aws(ROOT))),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case("anybody-without-a-policy", LOGIC, _read("*"), EVERYTHING, IMPLICIT, "resource"),
    Case(
        "anybody-is-in-no-organization",
        f"{IAM}reference_policies_condition-keys.html#condition-keys-principalorgid",
        _read(
            "*",
            context_complete=False,
            resource_policy=_bucket("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        ),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "service",
        f"{PRINCIPALS}#principal-services",
        _read("cloudtrail.amazonaws.com", resource_policy=_bucket({"Service": "cloudtrail.amazonaws.com"})),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "another-service",
        f"{PRINCIPALS}#principal-services",
        _read("config.amazonaws.com", resource_policy=_bucket({"Service": "cloudtrail.amazonaws.com"})),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "regional-service",
        f"{PRINCIPALS}#principal-services-in-opt-in-regions",
        _read("s3.ap-east-1.amazonaws.com", resource_policy=_bucket({"Service": "s3.amazonaws.com"})),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "service-for-another-account",
        f"{IAM}confused-deputy.html",
        _read(
            "cloudtrail.amazonaws.com",
            context={"aws:SourceAccount": OTHER},
            resource_policy=_bucket(
                {"Service": "cloudtrail.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}
            ),
        ),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "service-by-condition",
        f"{IAM}reference_policies_condition-keys.html#condition-keys-principalisawsservice",
        _read(
            "cloudtrail.amazonaws.com",
            resource_policy=policy(
                "B",
                allow("s3:*", Principal={"Service": "cloudtrail.amazonaws.com"}),
                deny(
                    "s3:*",
                    Principal="*",
                    Condition={
                        "StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"},
                        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                    },
                ),
            ),
        ),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "services-have-no-identity-policies", LOGIC, _read("cloudtrail.amazonaws.com"), EVERYTHING, IMPLICIT, "resource"
    ),
)

_ACROSS: t.Final = (
    Case("both-sides", ACROSS, _foreign(FOREIGN_USER, _bucket(_aws(FOREIGN_USER))), EVERYTHING, ALLOWED, "identity"),
    Case("both-sides-by-account", ACROSS, _foreign(FOREIGN_ROLE, _bucket(_aws(FOREIGN_ACCOUNT))), EVERYTHING, ALLOWED),
    Case("both-sides-by-account-id", ACROSS, _foreign(FOREIGN_ROLE, _bucket(_aws(OTHER))), EVERYTHING, ALLOWED),
    Case(
        "both-sides-by-everyone",
        f"{PRINCIPALS}#principal-anonymous",
        _foreign(FOREIGN_USER, _bucket("*")),
        EVERYTHING,
        ALLOWED,
    ),
    Case("identity-side-alone", ACROSS, _foreign(FOREIGN_USER, _bucket(_aws(USER))), EVERYTHING, IMPLICIT, "resource"),
    Case("identity-side-without-a-policy", ACROSS, _foreign(FOREIGN_USER, None), EVERYTHING, IMPLICIT, "resource"),
    Case(
        "resource-side-alone",
        ACROSS,
        _foreign(FOREIGN_USER, _bucket(_aws(FOREIGN_USER))),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
    Case(
        "everyone-is-not-enough-abroad",
        f"{PRINCIPALS}#principal-anonymous",
        _foreign(FOREIGN_USER, _bucket("*")),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
    Case(
        "boundary-abroad",
        ACROSS,
        _foreign(FOREIGN_USER, _bucket(_aws(FOREIGN_USER))),
        Layers((FULL,), policy("B", allow("sqs:*"))),
        IMPLICIT,
        "boundary",
    ),
    Case(
        "session-arn-abroad-is-bounded",
        ACROSS,
        _foreign(
            f"arn:aws:sts::{OTHER}:assumed-role/partner/x",
            _bucket(_aws(f"arn:aws:sts::{OTHER}:assumed-role/partner/x")),
        ),
        Layers((FULL,), policy("B", allow("sqs:*"))),
        IMPLICIT,
        "boundary",
    ),
    Case(
        "scp-of-the-caller-abroad",
        ACROSS,
        _foreign(FOREIGN_USER, _bucket(_aws(FOREIGN_USER))),
        Layers((FULL,), scps=((policy("S", allow("sqs:*")),),)),
        IMPLICIT,
        "scp",
    ),
    Case(
        "deny-of-the-resource-abroad",
        ACROSS,
        _foreign(FOREIGN_USER, policy("B", allow("s3:*", Principal="*"), deny("s3:*", Principal=_aws(OTHER)))),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "account-of-the-arn",
        ACROSS,
        Request("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{OTHER}:inbox", ROLE),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case("root-user-abroad", ACROSS, _foreign(FOREIGN_ACCOUNT, _bucket(_aws(FOREIGN_ACCOUNT))), NOTHING, ALLOWED),
    Case("root-user-abroad-alone", ACROSS, _foreign(FOREIGN_ACCOUNT, None), NOTHING, IMPLICIT, "resource"),
    Case(
        "organization-abroad",
        ACROSS,
        _foreign(
            FOREIGN_USER,
            _bucket("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            context={"aws:PrincipalOrgID": "o-1"},
        ),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "another-organization-abroad",
        ACROSS,
        _foreign(
            FOREIGN_USER,
            _bucket("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            context={"aws:PrincipalOrgID": "o-2"},
        ),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
)

CASES: t.Final = (*_WITHIN, *_ACROSS)
