# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions boundaries, such as hold, and such as those they bind get rid of."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot

from ..case_tables import cases
from ..samples import ADMIN, EVERYTHING, allow, arn, make_broken_document, policy, role, snapshot, user
from .case import Case

_GUIDE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_DELEGATING: t.Final = f"{_GUIDE}/access_policies_boundaries.html#access_policies_boundaries-delegate"
_EVALUATION: t.Final = f"{_GUIDE}/access_policies_boundaries.html#access_policies_boundaries-eval-logic"
_KEYS: t.Final = f"{_GUIDE}/reference_policies_iam-condition-keys.html"
_ESCALATION: t.Final = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"

Build = Callable[[], Snapshot]
_BOUNDARY: t.Final = arn("policy", "B")


def _deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


def _bind(*statements: t.Any, **fields: t.Any) -> Build:
    """A user and a role whose boundary says so."""
    values = {
        "users": (user("alice", boundary=_BOUNDARY),),
        "roles": (role("app", boundary=_BOUNDARY),),
        "policies": (policy("B", *statements),),
    }
    return lambda: snapshot(**{**values, **fields})


_NOT_THIS: t.Final = {"StringNotEquals": {"iam:PermissionsBoundary": _BOUNDARY}}
_WITH_THIS: t.Final = {"StringEquals": {"iam:PermissionsBoundary": _BOUNDARY}}
_STAYS: t.Final = _deny("iam:Delete*PermissionsBoundary")
_ONLY_THIS: t.Final = _deny(
    "iam:CreateRole", "iam:CreateUser", "iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary",
    Condition=_NOT_THIS,
)  # fmt: skip
_AS_WRITTEN: t.Final = _deny("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", resource=_BOUNDARY)
_PROTECTED: t.Final = (_STAYS, _ONLY_THIS, _AS_WRITTEN)
_MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

_UNKNOWN: t.Final[dict[str, Build]] = {
    "a boundary that was not read": _bind(policies=()),
    "a boundary that can't be parsed": _bind(policies=(policy("B", default_version=make_broken_document("B")),)),
}
_NONE: t.Final[dict[str, Build]] = {
    "policies of that name, which are nobody's boundary": _bind(EVERYTHING, users=(user(),), roles=(role(),))
}

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "boundary_opens_iam",
        _DELEGATING,
        FAIL={
            "all of IAM, protected": _bind(allow("iam:*"), *_PROTECTED),
            "everything, protected": _bind(EVERYTHING, *_PROTECTED),
            "everything but S3": _bind({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
            "all of IAM by a wildcard in the service": _bind(allow("i*:*")),
            "AWS's policy for administrators": _bind(users=(user(boundary=ADMIN),), roles=(), policies=()),
            "one of two boundaries": _bind(
                users=(user(boundary=arn("policy", "Other")),),
                policies=(policy("B", allow("s3:*")), policy("Other", allow("iam:*"))),
            ),
        },
        PASS={
            "one service": _bind(allow("s3:*")),
            "everything, and IAM is denied": _bind(EVERYTHING, _deny("iam:*")),
            "all of IAM with MFA": _bind(allow("s3:*"), allow("iam:*", Condition=_MFA)),
            "all of IAM on the roles of applications": _bind(allow("iam:*", resource=arn("role", "app/*"))),
            "reading of IAM": _bind(allow("iam:Get*", "iam:List*")),
        },
        NOT_ASSESSED=_UNKNOWN,
        NOT_APPLICABLE=_NONE,
    ),
    *cases(
        "boundary_removable",
        _DELEGATING,
        FAIL={
            "everything": _bind(EVERYTHING),
            "roles without it": _bind(allow("s3:*", "iam:CreateRole")),
            "off users": _bind(allow("s3:*", "iam:DeleteUser*")),
            "off its own role alone": _bind(allow("iam:*", resource=arn("role", "app"))),
            "another boundary in its place": _bind(allow("s3:*", "iam:PutRolePermissionsBoundary")),
            "what it says, written anew": _bind(EVERYTHING, _STAYS, _ONLY_THIS),
            "an older version of it": _bind(allow("s3:*", "iam:SetDefaultPolicyVersion")),
            "taking it off is denied, putting another on is not": _bind(EVERYTHING, _STAYS, _AS_WRITTEN),
        },
        PASS={
            "everything, protected": _bind(EVERYTHING, *_PROTECTED),
            "roles with this boundary": _bind(allow("s3:*"), allow("iam:CreateRole", Condition=_WITH_THIS)),
            "everything, and IAM is denied": _bind(EVERYTHING, _deny("iam:*")),
            "off another role": _bind(allow("iam:*", resource=arn("role", "other"))),
            "versions of other policies": _bind(allow("s3:*"), allow("iam:CreatePolicyVersion"), _AS_WRITTEN),
        },
        NOT_ASSESSED=_UNKNOWN,
        NOT_APPLICABLE=_NONE,
    ),
    *cases(
        "boundary_removable",
        _KEYS,
        FAIL={
            "the denial asks for another boundary": _bind(
                EVERYTHING,
                _STAYS,
                _AS_WRITTEN,
                {**_ONLY_THIS, "Condition": {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "Other")}}},
            ),
            "the denial holds for roles alone": _bind(
                EVERYTHING, _AS_WRITTEN, _ONLY_THIS, _deny("iam:DeleteRolePermissionsBoundary")
            ),
            "the denial holds without MFA": _bind(
                EVERYTHING,
                _AS_WRITTEN,
                _ONLY_THIS,
                {**_STAYS, "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
            ),
        },
    ),
    *cases(
        "boundary_grants_nothing",
        _EVALUATION,
        FAIL={
            "denials alone": _bind(_deny("iam:*")),
            "everything is denied again": _bind(allow("s3:*"), _deny("*")),
            "exactly what it allows is denied": _bind(allow("s3:GetObject"), _deny("s3:*")),
            "an action that AWS does not have": _bind(allow("s3:GetEverything")),
            "a denial of all but what it does not allow": _bind(
                allow("s3:*"), {"Effect": "Deny", "NotAction": "ec2:*", "Resource": "*"}
            ),
        },
        PASS={
            "one action": _bind(allow("s3:GetObject")),
            "everything, and everything but S3 is denied": _bind(
                EVERYTHING, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
            ),
            "one service on one bucket": _bind(allow("s3:*", resource=["arn:aws:s3:::one", "arn:aws:s3:::one/*"])),
            "everything, which another control fails": _bind(EVERYTHING),
        },
        NOT_ASSESSED=_UNKNOWN,
        NOT_APPLICABLE=_NONE,
    ),
    *cases(
        "boundary_opens_iam",
        _ESCALATION,
        FAIL={
            "as a boundary of a role that nobody uses": _bind(
                allow("iam:*"), users=(), roles=(role(last_used=None, boundary=_BOUNDARY),)
            )
        },
    ),
)
