# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guardrails and MFA policies of an organization, as published, and what only looks like them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import SENSITIVE

from ..case_tables import cases
from ..organization_samples import (
    EVERYWHERE,
    PLAY,
    ROOT_ID,
    SANDBOX,
    WORKLOADS,
    acme,
    deny,
    full_access,
    policy,
    tree,
    unreadable,
)
from ..samples import allow
from .case import Case

_GUARDRAILS: t.Final = "CIS AWS Foundations 7.0, 2.1.2: guardrail policies are attached to all member accounts"
_EXAMPLES: t.Final = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html"
)
_RCPS: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html"
_TOWER: t.Final = "https://docs.aws.amazon.com/controltower/latest/controlreference/mandatory-controls.html"
_LOGIC: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
_KEYS: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
_MFA: t.Final = f"{_KEYS}#condition-keys-multifactorauthpresent"
_SELF: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html"

Build = t.Callable[[], Snapshot]
_TRAILS: t.Final = ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail")
_SPARE_PLATFORM: t.Final = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/platform-automation"}}
_FUTURE: t.Final = {"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}
_NOBODY: t.Final = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/nobody"}}
_ROLE_CALLS: t.Final = tuple(
    f"iam:{name}" for name in ("AttachRolePolicy", "DeleteRole", "PutRolePolicy", "UpdateAssumeRolePolicy")
)


def _region(*names: str, operator: str = "StringEquals") -> dict[str, t.Any]:
    return {operator: {"aws:RequestedRegion": list(names)}}


_ELSEWHERE: t.Final = _region("mars-north-1")


def _scps(*statements: t.Any, on: tuple[str, ...] = (ROOT_ID,), kind: str = "", **fields: t.Any) -> Build:
    """The organization with one more policy, a service control policy by default."""
    more = {"kind": kind} if kind else {}
    return lambda: acme(full_access(), policy("guard", *statements, on=on, **more), **fields)


def _if(condition: t.Any, *actions: str, **more: t.Any) -> dict[str, t.Any]:
    return deny(*(actions or _TRAILS), Condition=condition, **more)


def _but(*exempt: str, condition: t.Any = None, **more: t.Any) -> dict[str, t.Any]:
    """A statement that denies all but some actions."""
    statement = {"Effect": "Deny", "NotAction": list(exempt), "Resource": "*", **more}
    return {**statement, "Condition": condition} if condition else statement


def _allowing(*actions: str) -> Build:
    rest = full_access([name for name in EVERYWHERE if name != ROOT_ID])
    return lambda: acme(rest, policy("list", allow(*actions), on=(ROOT_ID,)))


# Managing one's own device, as AWS's sample policies have it.
_OWN: t.Final = (
    "iam:ChangePassword",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "sts:GetSessionToken",
)
_USERS: t.Final = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}
_WITHOUT: t.Final = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
_USERS_WITHOUT: t.Final = {**_USERS, **_WITHOUT}


def _mfa(condition: t.Any, *exempt: str, **more: t.Any) -> Build:
    return _scps(_but(*(exempt or _OWN), condition=condition, **more))


def _both(first: t.Any, second: t.Any) -> Build:
    return lambda: acme(full_access(), policy("a", first, on=(ROOT_ID,)), policy("b", second, on=(ROOT_ID,)))


def _without_play() -> Snapshot:
    accounts = tuple(item for item in tree().accounts if item.id != PLAY)
    guard = policy("guard", deny(*_TRAILS), on=(WORKLOADS,))
    return acme(full_access(), guard, accounts=accounts)


def _suspend_play() -> Snapshot:
    accounts = tuple(
        dataclasses.replace(item, state="SUSPENDED") if item.id == PLAY else item for item in tree().accounts
    )
    guard = policy("guard", deny("organizations:LeaveOrganization"), on=(WORKLOADS,))
    return acme(full_access(), guard, accounts=accounts)


CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "organization_guardrails",
        _GUARDRAILS,
        FAIL={
            "AWS's full access alone": acme,
            "one unit without": _scps(deny(*_TRAILS), on=(WORKLOADS,)),
            "attached to nothing": _scps(deny(*_TRAILS), on=()),
            "trails can be deleted, though not stopped": _scps(deny("cloudtrail:StopLogging")),
            "one bucket": _scps(deny("s3:*", Resource="arn:aws:s3:::one-bucket/*")),
            "an action that AWS does not have": _scps(deny("cloudtrail:StopEverything")),
            "a service that AWS does not have": _scps(deny("nothing:*")),
            "two actions that AWS does not have": _scps(deny("s3:DoThis", "s3:DoThat")),
        },
        PASS={
            "all that has no guardrail is gone": _without_play,
            "all that has no guardrail is suspended": _suspend_play,
        },
        NOT_ASSESSED={
            "a policy that can't be parsed": lambda: acme(
                full_access(), policy("guard", deny(*_TRAILS), on=(WORKLOADS,)), unreadable([SANDBOX])
            ),
        },
    ),
    *cases(
        "organization_guardrails",
        _LOGIC,
        FAIL={
            "a region that is none": _scps(_if(_ELSEWHERE)),
            "a user who is not there": _scps(_if(_NOBODY)),
            "not before 2099": _scps(_if(_FUTURE)),
            "two keys that exclude each other": _scps(
                _if(
                    {
                        "StringEquals": {"aws:PrincipalType": "User"},
                        "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"},
                    }
                )
            ),
            "with a tag that nobody has": _scps(_if({"StringEquals": {"aws:PrincipalTag/guarded": "yes"}})),
            "NotAction of everything": _scps(_but("*")),
            "NotResource of everything": _scps({"Effect": "Deny", "Action": list(_TRAILS), "NotResource": "*"}),
            "an RCP for a service that RCPs do not reach": _scps(deny("cloudtrail:*", Principal="*"), kind=RCP),
            "an RCP that nobody is meant by": _scps(
                deny("s3:*", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-nobody0000"}}),
                kind=RCP,
            ),
        },
        PASS={
            "for all but one role": _scps(_if(_SPARE_PLATFORM)),
            "since last year": _scps(_if({"DateGreaterThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}})),
        },
    ),
    *cases(
        "organization_guardrails",
        _EXAMPLES,
        PASS={
            "nobody leaves": _scps(deny("organizations:LeaveOrganization")),
            "regions": _scps(
                _but(
                    "iam:*",
                    "organizations:*",
                    "sts:*",
                    "support:*",
                    condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}},
                )
            ),
            "one region is closed": _scps(
                _but("iam:*", condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
            ),
            "root": _scps(_if({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}, "*")),
            "one role is protected": _scps(
                deny(*_ROLE_CALLS, Resource="arn:aws:iam::*:role/name-of-role-to-deny", Condition=_SPARE_PLATFORM)
            ),
            "AWS Config": _scps(
                deny(
                    "config:DeleteConfigRule", "config:DeleteConfigurationRecorder", "config:StopConfigurationRecorder"
                )
            ),
            "internet access": _scps(
                deny("ec2:AttachInternetGateway", "ec2:CreateInternetGateway", "ec2:CreateVpcPeeringConnection")
            ),
            "external sharing": _scps(
                _if(
                    {"Bool": {"ram:RequestedAllowsExternalPrincipals": "true"}},
                    "ram:CreateResourceShare",
                    "ram:UpdateResourceShare",
                )
            ),
            "a service is closed": _scps(deny("bedrock:*")),
            "some services only": _allowing("ec2:*", "s3:*", "iam:*"),
            "everything is denied": _scps(deny("*")),
        },
        FAIL={
            "one call of a protected role is left open": _scps(
                deny(*_ROLE_CALLS[1:], Resource="arn:aws:iam::*:role/name-of-role-to-deny")
            ),
            "a list of services that allows all of them": _allowing("*"),
        },
    ),
    *cases(
        "organization_guardrails",
        _TOWER,
        PASS={
            "the landing zone's trails": _scps(
                deny(
                    *_TRAILS,
                    "cloudtrail:PutEventSelectors",
                    Resource="arn:*:cloudtrail:*:*:trail/aws-controltower-*",
                    Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/AWSControlTowerExecution"}},
                )
            ),
        },
    ),
    *cases(
        "organization_guardrails",
        _RCPS,
        PASS={
            "only the organization reads buckets": _scps(
                deny(
                    "s3:*",
                    Principal="*",
                    Condition={
                        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme"},
                        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                    },
                ),
                kind=RCP,
            ),
            "only encrypted transport": _scps(
                deny("s3:*", "sqs:*", Principal="*", Condition={"BoolIfExists": {"aws:SecureTransport": "false"}}),
                kind=RCP,
            ),
        },
    ),
    *cases(
        "organization_mfa_policy",
        _MFA,
        FAIL={
            "none": acme,
            "with MFA, of all things": _mfa({**_USERS, "Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            "Bool, which means no access key": _mfa({**_USERS, "Bool": {"aws:MultiFactorAuthPresent": "false"}}),
            "for one user": _mfa({**_WITHOUT, **_NOBODY}),
            "for people below one path": _mfa(
                {**_WITHOUT, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/admins/*"}}
            ),
            "one bucket": _scps(deny("s3:*", Resource="arn:aws:s3:::one-bucket/*", Condition=_USERS_WITHOUT)),
            "a region that is none": _mfa({**_USERS_WITHOUT, **_ELSEWHERE}),
            "one region of many": _mfa({**_USERS_WITHOUT, **_region("us-east-1")}),
            "not before 2099": _mfa({**_USERS_WITHOUT, **_FUTURE}),
            "NotAction of everything": _mfa(_USERS_WITHOUT, "*"),
            "the example calls alone": _scps(
                deny(*(action for action, _resource in SENSITIVE), Condition=_USERS_WITHOUT)
            ),
            "a service exempt besides": _mfa(_USERS_WITHOUT, *_OWN, "sagemaker:*"),
            "with a network besides": _mfa({**_USERS_WITHOUT, "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, *_OWN),
            "NotAction of all services": _mfa(_USERS_WITHOUT, "iam:*", "s3:*", "ec2:*", "sts:*"),
            "one action": _scps(_if(_USERS_WITHOUT, "ec2:TerminateInstances")),
            "one unit without": _scps(_but(*_OWN, condition=_USERS_WITHOUT), on=(WORKLOADS,)),
            "another key": _mfa({**_USERS, "Bool": {"aws:SecureTransport": "false"}}),
            "but not from some network": _mfa({**_USERS_WITHOUT, "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            "an RCP, which reaches few services": _scps(
                deny("s3:*", "sqs:*", Principal="*", Condition=_USERS_WITHOUT), kind=RCP
            ),
            "nothing is allowed at all, by mistake": _allowing("x7:*"),
        },
        PASS={
            "users, by BoolIfExists": _mfa(_USERS_WITHOUT),
            "users, by their type": _mfa({**_WITHOUT, "StringEquals": {"aws:PrincipalType": "User"}}),
            "users, but programs": _mfa(
                {**_USERS_WITHOUT, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:user/workload/*"}}
            ),
            "users without the tag of an exception": _mfa(
                {**_USERS_WITHOUT, "StringNotEquals": {"aws:PrincipalTag/mfa": "exempt"}}
            ),
            "by two statements, of which one is for keys": _both(
                _but(*_OWN, condition={**_USERS, "Bool": {"aws:MultiFactorAuthPresent": "false"}}),
                _but(*_OWN, condition={**_USERS, "Null": {"aws:MultiFactorAuthPresent": "true"}}),
            ),
            "in the approved regions, and the others are closed": _both(
                _but(
                    *_OWN,
                    condition={**_USERS_WITHOUT, **_region("us-east-1", "eu-west-1")},
                ),
                _but("iam:*", "sts:*", condition=_region("us-east-1", "eu-west-1", operator="StringNotEquals")),
            ),
            "by the age of MFA, absent without": _mfa({**_USERS, "Null": {"aws:MultiFactorAuthAge": "true"}}),
            "everybody, which organization_mfa_pattern judges": _mfa(_WITHOUT),
            "everything is denied on purpose": _scps(deny("*")),
            "users may do nothing at all": _scps(_but("sts:GetCallerIdentity", condition=_USERS)),
        },
        NOT_ASSESSED={"a policy that can't be parsed": lambda: acme(full_access(), unreadable([ROOT_ID]))},
    ),
    *cases(
        "organization_mfa_pattern",
        _MFA,
        FAIL={
            "roles without MFA": _mfa(_WITHOUT),
            "whose session does not say": _mfa({"Null": {"aws:MultiFactorAuthPresent": "true"}}),
            "by the age of MFA": _mfa({"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}),
        },
        PASS={
            "users only": _mfa(_USERS_WITHOUT),
            "Bool, which means no workload that does not say": _mfa(
                {**_USERS, "Bool": {"aws:MultiFactorAuthPresent": "false"}}
            ),
        },
        NOT_ASSESSED={"a policy that can't be parsed": lambda: acme(full_access(), unreadable([ROOT_ID]))},
    ),
    *cases("organization_mfa_policy", _SELF, PASS={"with AWS's own list of exemptions": _mfa(_USERS_WITHOUT, *_OWN)}),
)
