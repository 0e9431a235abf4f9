# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Administrators by their policies, policies that look like theirs, and roles that an account should have."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    ManagedPolicy,
    PolicyLevel,
    Snapshot,
    User,
)

from ..case_tables import cases
from ..samples import (
    ADMIN,
    EVERYTHING,
    MEMBER,
    allow,
    arn,
    document,
    group,
    make_broken_document,
    policy,
    role,
    snapshot,
    user,
)
from .case import Case

_GUIDE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_MANAGED: t.Final = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference"
_FULL: t.Final = "CIS AWS Foundations 7.0, 2.14: no policy that allows full administrative privileges is attached"
_HUB: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1"
_NOT_ACTION: t.Final = f"{_GUIDE}/reference_policies_elements_notaction.html"
_BOUNDARIES: t.Final = f"{_GUIDE}/access_policies_boundaries.html"
_LOGIC: t.Final = f"{_GUIDE}/reference_policies_evaluation-logic.html"
_SCPS: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"
_ATTACK: t.Final = "https://attack.mitre.org/techniques/T1098/003/"
_ESCALATION: t.Final = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"
_GROUPS: t.Final = "CIS AWS Foundations 7.0, 2.13: IAM users receive permissions only through groups"
_SUPPORT: t.Final = "CIS AWS Foundations 7.0, 2.15: a support role exists to manage incidents with AWS Support"
_AUDITOR: t.Final = f"{_GUIDE}/access_policies_job-functions.html"
_SHELL: t.Final = "CIS AWS Foundations 7.0, 2.20: access to AWSCloudShellFullAccess is restricted"

Build = t.Callable[[], Snapshot]


def _aws(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{name}"


def _deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


def _but(*actions: str, effect: str = "Allow") -> dict[str, t.Any]:
    return {"Effect": effect, "NotAction": list(actions), "Resource": "*"}


def _account(**fields: t.Any) -> Build:
    return lambda: snapshot(**fields)


def _inline(*statements: t.Any) -> tuple[t.Any, ...]:
    return (document(*statements, name="own"),)


# Documents that make an administrator, and such as make none, both by what they allow and whatever they are called.
_POWERFUL: t.Final[dict[str, tuple[t.Any, ...]]] = {
    "everything": (EVERYTHING,),
    "*:* in place of *": (allow("*:*"),),
    "everything but one harmless action": (_but("health:DescribeEvents"),),
    "everything but IAM, and IAM in another statement": (_but("iam:*"), allow("iam:*")),
    "everything but S3, which is denied": (EVERYTHING, _deny("s3:*")),
}
_HARMLESS: t.Final[dict[str, tuple[t.Any, ...]]] = {
    "everything, and everything is denied again": (EVERYTHING, _deny("*")),
    "everything but IAM, as PowerUserAccess has it": (_but("iam:*", "organizations:*", "account:*"),),
    "reading everything": (allow("*:Get*", "*:List*", "*:Describe*"),),
    "everything on one bucket": (allow("*", resource=["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]),),
}


def _with_unattached(*statements: t.Any, **fields: t.Any) -> Build:
    return _account(policies=(policy("ReadOnly", *statements, **{"attachment_count": 0, **fields}),))


def _user(*statements: t.Any, **fields: t.Any) -> Build:
    """A user with an inline policy that says so."""
    return _account(users=(user(inline_policies=_inline(*statements), **fields),))


def _group(*statements: t.Any, **fields: t.Any) -> Build:
    return _account(
        groups=(group("readers", inline_policies=_inline(*statements), **fields),), users=(user(groups=("readers",)),)
    )


def _halves(**fields: t.Any) -> tuple[ManagedPolicy, ...]:
    """Two managed policies that make an administrator together, and none alone."""
    return (policy("MostServices", _but("iam:*"), **fields), policy("Identities", allow("iam:*"), **fields))


_HALVES: t.Final = (arn("policy", "MostServices"), arn("policy", "Identities"))
_LIMIT: t.Final = policy("Limit", allow("s3:*"), attachment_count=0, boundary_usage_count=1)
_NO_LIMIT: t.Final = policy("Limit", EVERYTHING, attachment_count=0, boundary_usage_count=1)


_ADMINISTRATOR: t.Final = user(attached_policies=(ADMIN,))


def _with_guardrail(only: User, *statements: t.Any) -> Build:
    """An account with one user, in an organization that leaves this."""
    scps = (ControlPolicy("p-1", "guardrail", "SERVICE_CONTROL_POLICY", document(*statements)),)
    levels = (PolicyLevel("r-1", "r-1", scps, ()),)
    return _account(users=(only,), organization=MEMBER, organization_policies=levels)


# Roles that should exist, and a policy that nobody should have


def _holders(name: str, **fields: t.Any) -> dict[str, Build]:
    """Accounts in which an AWS managed policy is attached, but to no role."""
    return {
        "nobody has it": _account(roles=(role(),)),
        "a user alone has it": _account(users=(user(attached_policies=(_aws(name),)),), roles=(role(),)),
        "a group alone has it": _account(groups=(group(attached_policies=(_aws(name),)),), roles=(role(),)),
        "a role is called so": _account(roles=(role(name),)),
        "a role has it as its boundary": _account(roles=(role(boundary=_aws(name)),)),
        "a role has a policy of the account with that name": _account(
            roles=(role(attached_policies=(arn("policy", name),)),), policies=(policy(name),)
        ),
        **fields,
    }


_WITH_SHELL: t.Final = (_aws("AWSCloudShellFullAccess"),)
_LIMITED_SHELL: t.Final = policy(
    "Shell", allow("cloudshell:*"), _deny("cloudshell:GetFileDownloadUrls", "cloudshell:GetFileUploadUrls")
)


CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "admin_policy_unattached",
        _HUB,
        FAIL={f"{name}, called ReadOnly": _with_unattached(*statements) for name, statements in _POWERFUL.items()},
        PASS={name: _with_unattached(*statements) for name, statements in _HARMLESS.items()},
        NOT_ASSESSED={
            "a policy that can't be parsed": _account(
                policies=(policy("P", default_version=make_broken_document("P"), attachment_count=0),)
            )
        },
    ),
    *cases(
        "admin_policy_unattached",
        _BOUNDARIES,
        FAIL={
            "only with MFA": _with_unattached(
                {**EVERYTHING, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}}
            )
        },
        PASS={
            "everything, as a boundary": _account(policies=(_NO_LIMIT,)),
            "everything, attached, which another control fails": _with_unattached(EVERYTHING, attachment_count=1),
            "AWS's own, which nobody can delete": _account(
                policies=(
                    policy("AdministratorAccess", EVERYTHING, arn=ADMIN, is_aws_managed=True, attachment_count=0),
                )
            ),
        },
    ),
    *cases(
        "user_admin",
        _FULL,
        FAIL={
            **{f"{name}, inline": _user(*statements) for name, statements in _POWERFUL.items()},
            "AWS's policy": _account(users=(user(attached_policies=(ADMIN,)),)),
            "one of two users": _account(users=(user("a"), user("b", attached_policies=(ADMIN,)))),
        },
        PASS={name: _user(*statements) for name, statements in _HARMLESS.items()},
    ),
    *cases(
        "user_admin",
        _ESCALATION,
        FAIL={
            "two policies that are harmless alone": _account(
                users=(user(attached_policies=_HALVES),), policies=_halves()
            ),
            "half by itself and half by a group": _account(
                users=(user(inline_policies=_inline(allow("iam:*")), groups=("most",)),),
                groups=(group("most", inline_policies=_inline(_but("iam:*"))),),
            ),
        },
        PASS={
            "by a group, which the control of groups fails": _account(
                users=(user(groups=("admins",)),), groups=(group(attached_policies=(ADMIN,)),)
            ),
            "a policy of AWS whose name begins like the administrator's": _account(
                users=(user(attached_policies=(_aws("AdministratorAccess-Amplify"),)),),
                policies=(
                    policy(
                        "AdministratorAccess-Amplify",
                        allow("amplify:*", "cloudformation:*"),
                        arn=_aws("AdministratorAccess-Amplify"),
                        is_aws_managed=True,
                    ),
                ),
            ),
        },
        NOT_ASSESSED={
            "a policy that was not read": _account(users=(user(attached_policies=(arn("policy", "Gone"),)),)),
            "a policy that can't be parsed": _account(users=(user(inline_policies=(make_broken_document("own"),)),)),
        },
    ),
    *cases(
        "user_admin",
        _BOUNDARIES,
        FAIL={
            "a boundary that leaves everything": _account(
                users=(user(attached_policies=(ADMIN,), boundary=_NO_LIMIT.arn),), policies=(_NO_LIMIT,)
            ),
        },
        PASS={
            "a boundary that leaves S3": _account(
                users=(user(attached_policies=(ADMIN,), boundary=_LIMIT.arn),), policies=(_LIMIT,)
            ),
            "AWS's policy as a boundary alone": _account(users=(user(boundary=ADMIN),)),
            "AWS's policy, and an inline policy that denies everything": _account(
                users=(user(attached_policies=(ADMIN,), inline_policies=_inline(_deny("*"))),)
            ),
        },
    ),
    *cases(
        "user_admin",
        _SCPS,
        PASS={"where the organization denies IAM": _with_guardrail(_ADMINISTRATOR, EVERYTHING, _deny("iam:*"))},
        FAIL={"where the organization denies S3": _with_guardrail(_ADMINISTRATOR, EVERYTHING, _deny("s3:*"))},
    ),
    *cases(
        "group_admin",
        _ATTACK,
        FAIL={
            **{f"{name}, called readers": _group(*statements) for name, statements in _POWERFUL.items()},
            "AWS's policy, without members so far": _account(groups=(group(attached_policies=(ADMIN,)),)),
            "two policies that are harmless alone": _account(
                groups=(group("readers", attached_policies=_HALVES),), policies=_halves()
            ),
        },
        PASS={
            **{f"{name}, called admins": _group(*statements) for name, statements in _HARMLESS.items()},
            "members who are administrators by themselves": _account(
                users=(user(groups=("readers",), attached_policies=(ADMIN,)),), groups=(group("readers"),)
            ),
            "AWS's policy, and everything is denied inline": _account(
                groups=(group(attached_policies=(ADMIN,), inline_policies=_inline(_deny("*"))),)
            ),
        },
        NOT_ASSESSED={
            "a policy that was not read": _account(groups=(group(attached_policies=(arn("policy", "Gone"),)),))
        },
        NOT_APPLICABLE={"no group": _account(users=(user(attached_policies=(ADMIN,)),))},
    ),
    *cases(
        "group_admin",
        _NOT_ACTION,
        FAIL={"NotAction of a service that does not exist": _group(_but("nothing:*"))},
        PASS={"Deny with NotAction, which allows nothing": _group(_but("s3:*", effect="Deny"))},
    ),
    *cases(
        "user_permissions_through_groups",
        _GROUPS,
        FAIL={
            "an attached policy": _account(users=(user(attached_policies=(_aws("ReadOnlyAccess"),)),)),
            "an inline policy": _user(allow("s3:GetObject")),
            "an attached policy beside those of a group": _account(
                users=(user(groups=("admins",), attached_policies=(_aws("job-function/Billing"),)),), groups=(group(),)
            ),
            "one of two users": _account(users=(user("a"), user("b", inline_policies=_inline(allow("s3:*"))))),
            "an inline policy that only denies": _user(_deny("*")),
        },
        PASS={
            "by groups alone": _account(users=(user(groups=("admins",)),), groups=(group(attached_policies=(ADMIN,)),)),
            "a boundary, which gives nothing": _account(users=(user(boundary=_LIMIT.arn),), policies=(_LIMIT,)),
            "roles with policies of their own": _account(
                users=(user(),), roles=(role(attached_policies=(ADMIN,), inline_policies=_inline(EVERYTHING)),)
            ),
        },
        NOT_APPLICABLE={"no user": _account(roles=(role(attached_policies=(ADMIN,)),))},
    ),
    *cases(
        "support_role",
        _SUPPORT,
        FAIL=_holders(
            "AWSSupportAccess",
            **{
                "AWS's own role for its support staff alone": _account(
                    roles=(
                        role(
                            "AWSServiceRoleForSupport",
                            path="/aws-service-role/support.amazonaws.com/",
                            attached_policies=(_aws("aws-service-role/AWSSupportServiceRolePolicy"),),
                        ),
                    )
                ),
                "an administrator, who would do as well": _account(roles=(role(attached_policies=(ADMIN,)),)),
            },
        ),
        PASS={
            "a role of another name": _account(roles=(role("on-duty", attached_policies=(_aws("AWSSupportAccess"),)),)),
            "one of IAM Identity Center": _account(
                roles=(
                    role(
                        "AWSReservedSSO_Support_0123456789abcdef",
                        path="/aws-reserved/sso.amazonaws.com/",
                        attached_policies=(_aws("AWSSupportAccess"),),
                    ),
                )
            ),
            "a role in another partition": _account(
                partition="aws-cn",
                roles=(role(attached_policies=("arn:aws-cn:iam::aws:policy/AWSSupportAccess",)),),
            ),
        },
    ),
    *cases(
        "security_audit_role",
        _AUDITOR,
        FAIL=_holders(
            "SecurityAudit",
            **{"a role that may read everything": _account(roles=(role(attached_policies=(_aws("ReadOnlyAccess"),)),))},
        ),
        PASS={
            "a role of another name": _account(roles=(role("checker", attached_policies=(_aws("SecurityAudit"),)),)),
            "a role that may do more": _account(
                roles=(role("checker", attached_policies=(_aws("SecurityAudit"), _aws("job-function/ViewOnlyAccess"))),)
            ),
        },
    ),
    *cases(
        "cloudshell_full_access",
        _SHELL,
        FAIL={
            "a user": _account(users=(user(attached_policies=_WITH_SHELL),)),
            "a group without members": _account(groups=(group(attached_policies=_WITH_SHELL),)),
            "a role": _account(roles=(role(attached_policies=_WITH_SHELL),)),
            "one of IAM Identity Center": _account(
                roles=(
                    role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/", attached_policies=_WITH_SHELL),
                )
            ),
        },
        PASS={
            "nobody": _account(users=(user(),), groups=(group(),), roles=(role(),)),
            "as a boundary, which gives nothing": _account(users=(user(boundary=_WITH_SHELL[0]),)),
            "a policy of one's own without the transfer of files": _account(
                users=(user(attached_policies=(_LIMITED_SHELL.arn,)),), policies=(_LIMITED_SHELL,)
            ),
        },
    ),
)
