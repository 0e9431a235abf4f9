# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of the account's own that allow too much, and such as only look so."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    PolicyLevel,
    Snapshot,
)

from ..case_tables import cases
from ..samples import (
    ACCOUNT,
    EVERYTHING,
    allow,
    arn,
    days_ago,
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
_SERVICES: t.Final = "https://docs.aws.amazon.com/service-authorization/latest/reference"
_HUB: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide"
_LEAST: t.Final = f"{_GUIDE}/best-practices.html#grant-least-privilege"
_LOGIC: t.Final = f"{_GUIDE}/reference_policies_evaluation-logic.html"
_KEYS: t.Final = f"{_GUIDE}/reference_policies_condition-keys.html"
_DATES: t.Final = f"{_GUIDE}/reference_policies_elements_condition_operators.html#Conditions_Date"
_ACTION: t.Final = f"{_GUIDE}/reference_policies_elements_action.html"
_NOT_RESOURCE: t.Final = f"{_GUIDE}/reference_policies_elements_notresource.html"
_BOUNDARIES: t.Final = f"{_GUIDE}/access_policies_boundaries.html"
_ESCALATION: t.Final = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"
_SECRETS: t.Final = "https://attack.mitre.org/techniques/T1555/006/"
_HIDING: t.Final = "https://attack.mitre.org/techniques/T1562/008/"
_MARKETPLACE: t.Final = f"{_SERVICES}/list_awsmarketplace.html"
_ROLES: t.Final = "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/"

Build = Callable[[], Snapshot]
Accounts = Mapping[str, Build]

_MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
_TLS: t.Final = {"Bool": {"aws:SecureTransport": "true"}}
_HOME: t.Final = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
_OWN: t.Final = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
_LIMIT: t.Final = policy("Limit", allow("s3:ListAllMyBuckets"), attachment_count=0, boundary_usage_count=1)


def _deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


def _moment(days: int) -> str:
    return days_ago(-days).strftime("%Y-%m-%dT%H:%M:%SZ")


def _until(days: int) -> dict[str, t.Any]:
    """A window that ends in so many days."""
    return {
        "DateGreaterThanEquals": {"aws:CurrentTime": _moment(days - 60)},
        "DateLessThan": {"aws:CurrentTime": _moment(days)},
    }


def _account(**fields: t.Any) -> Build:
    return lambda: snapshot(**fields)


def _with_policy(*statements: t.Any, **fields: t.Any) -> Build:
    """An account with a policy that says so, beside one that is in order."""
    return _account(policies=(policy("P", *statements, **fields), policy("Other")))


def _deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


def _but(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "NotAction": list(actions), "Resource": "*", **more}


def _wherever(*statements: t.Any) -> Accounts:
    """The same statements at every place where an account keeps policies."""
    inline = (document(*statements, name="own"),)
    return {
        "in a managed policy": _with_policy(*statements),
        "in a managed policy that nobody has yet": _with_policy(*statements, attachment_count=0),
        "inline in a user": _account(users=(user(inline_policies=inline),)),
        "inline in a role of IAM Identity Center": _account(
            roles=(
                role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/", inline_policies=inline),
                role(),
            )
        ),
        "with a boundary for one of the two who have it": _account(
            policies=(policy("P", *statements), _LIMIT),
            users=(
                user("a", attached_policies=(arn("policy", "P"),), boundary=_LIMIT.arn),
                user("b", attached_policies=(arn("policy", "P"),)),
            ),
        ),
        "with conditions that the caller chooses to meet": _with_policy(
            *({**item, "Condition": {**_TLS, **_HOME, **_OWN}} for item in statements)
        ),
    }


def _limit(*statements: t.Any) -> Accounts:
    """The same statements, where they are denied or nobody gets them."""
    denied = document(allow("*"), *({**item, "Effect": "Deny"} for item in statements))
    level = PolicyLevel("r-1", "r-1", (ControlPolicy("p-1", "guardrail", "SERVICE_CONTROL_POLICY", denied),), ())
    return {
        "with MFA only": _with_policy(*({**item, "Condition": _MFA} for item in statements)),
        "and denied in the same policy": _with_policy(
            *statements, *({**item, "Effect": "Deny"} for item in statements)
        ),
        "as a denial": _with_policy(*({**item, "Effect": "Deny"} for item in statements)),
        "with a boundary for everybody who has it": _account(
            policies=(policy("P", *statements), _LIMIT),
            roles=(role(attached_policies=(arn("policy", "P"),), boundary=_LIMIT.arn),),
        ),
        "as a boundary, which gives nothing": _with_policy(*statements, attachment_count=0, boundary_usage_count=1),
        "where the organization denies it": _account(
            policies=(policy("P", *statements),), organization_policies=(level,)
        ),
        "together with everything else, which another control fails": _with_policy(*statements, EVERYTHING),
    }


def _make_cases(control: str, *statements: t.Any, source: str = _LOGIC) -> tuple[Case, ...]:
    """What holds of every rule that asks what is allowed on everything."""
    return cases(
        control,
        source,
        FAIL=_wherever(*statements),
        PASS=_limit(*statements),
        NOT_APPLICABLE={"no policy": _account(roles=(role(),))},
        NOT_ASSESSED={
            "a policy that can't be parsed": _account(
                policies=(policy("P", default_version=make_broken_document("P")),)
            )
        },
    )


def _if(operator: str, key: str, *values: str) -> Build:
    """An account that lets every object be read under a condition."""
    return _with_policy(allow("s3:GetObject", Condition={operator: {key: list(values)}}))


_TRAIL: t.Final = "arn:aws:cloudtrail:us-east-1:*:trail/acme"
_EC2: t.Final = "arn:aws:ec2:*:*"
_KEY: t.Final = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0123"
# ARNs of all resources of these actions, as the service authorization reference has them.
_ALL: t.Final[Mapping[str, tuple[str, ...]]] = {
    "*": ("organizations:LeaveOrganization",),
    "arn:aws:cloudformation:*:*:stack/*/*": ("cloudformation:CreateStack",),
    "arn:aws:cloudtrail:*:*:trail/*": ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging"),
    "arn:aws:dynamodb:*:*:table/*": ("dynamodb:DeleteTable",),
    "arn:aws:iam::*:group/*": ("iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:PutGroupPolicy"),
    "arn:aws:iam::*:policy/*": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
    "arn:aws:iam::*:role/*": (
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "sts:AssumeRole",
    ),
    "arn:aws:iam::*:user/*": ("iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateUser", "iam:PutUserPolicy"),
    "arn:aws:kms:*:*:key/*": ("kms:Decrypt", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
    "arn:aws:lambda:*:*:function:*": ("lambda:AddPermission", "lambda:UpdateFunctionCode"),
    "arn:aws:rds:*:*:db:*": ("rds:DeleteDBInstance",),
    "arn:aws:s3:::*": ("s3:DeleteBucket", "s3:PutBucketPolicy"),
    "arn:aws:s3:::*/*": ("s3:DeleteObject", "s3:GetObject"),
    "arn:aws:secretsmanager:*:*:secret:*": ("secretsmanager:GetSecretValue",),
    "arn:aws:ssm:*:*:parameter/*": ("ssm:GetParameter",),
}
_LETTERS: t.Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

CASES: t.Final[tuple[Case, ...]] = (
    *_make_cases("policy_sensitive_wildcard", allow("iam:PassRole")),
    *cases(
        "policy_sensitive_wildcard",
        f"{_SERVICES}/reference_policies_actions-resources-contextkeys.html",
        FAIL={
            f"{action} on {resource}": _with_policy(allow(action, resource=resource))
            for resource, actions in _ALL.items()
            for action in actions
        },
        PASS={
            "instances of any image, where no instance is allowed": _with_policy(
                allow("ec2:RunInstances", resource="arn:aws:ec2:*::image/*")
            ),
            "any document sent to one instance": _with_policy(
                allow("ssm:SendCommand", resource=["arn:aws:ssm:*:*:document/*", f"{_EC2}:instance/i-1"])
            ),
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        f"{_SERVICES}/list_awssystemsmanager.html",
        FAIL={
            "any document sent to any instance": _with_policy(
                allow("ssm:SendCommand", resource=["arn:aws:ssm:*:*:document/*", f"{_EC2}:instance/*"])
            ),
            "any instance of any image": _with_policy(
                allow("ec2:RunInstances", resource=[f"{_EC2}:instance/*", "arn:aws:ec2:*::image/*"])
            ),
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        _ESCALATION,
        FAIL={
            "a new version of any policy": _with_policy(allow("iam:CreatePolicyVersion")),
            "all that is called AccessKey": _with_policy(allow("iam:*AccessKey")),
            "any role passed to a new function": _with_policy(allow("iam:PassRole", "lambda:CreateFunction")),
            "the trust of every role, by their ARNs": _with_policy(
                allow("iam:UpdateAssumeRolePolicy", resource="arn:aws:iam::*:role/*")
            ),
        },
        PASS={
            "roles of applications passed to any new function": _with_policy(
                allow("iam:PassRole", resource=arn("role", "app/*")), allow("lambda:CreateFunction")
            ),
            "one's own access keys": _with_policy(
                allow("iam:CreateAccessKey", resource="arn:aws:iam::*:user/${aws:username}")
            ),
            "reading of IAM": _with_policy(allow("iam:Get*", "iam:List*", "iam:Generate*")),
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        _SECRETS,
        FAIL={
            "every secret, by their ARNs": _with_policy(
                allow("secretsmanager:GetSecretValue", resource="arn:aws:secretsmanager:*:*:secret:*")
            ),
            "every parameter, in letters of another case": _with_policy(allow("SSM:getparameter*")),
            "every object, with a question mark": _with_policy(allow("s3:?etObject", resource="arn:aws:s3:::*")),
        },
        PASS={
            "the secrets of one application": _with_policy(
                allow("secretsmanager:GetSecretValue", resource="arn:aws:secretsmanager:*:*:secret:shop/*")
            ),
            "the names of all secrets": _with_policy(
                allow("secretsmanager:ListSecrets", "secretsmanager:DescribeSecret")
            ),
            "buckets with one prefix": _with_policy(allow("s3:GetObject", resource="arn:aws:s3:::acme-*")),
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        _NOT_RESOURCE,
        FAIL={
            "all objects but those of one bucket": _with_policy(
                {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::one/*"}
            )
        },
        PASS={
            "all objects but those of all buckets": _with_policy(
                {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::*"}
            )
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        _KEYS,
        FAIL={
            "for all principals, by their ARNs": _if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:*"),
            "for whoever has an ARN": _if("Null", "aws:PrincipalArn", "false"),
            "for all users and roles, by their type": _if(
                "StringEquals", "aws:PrincipalType", "User", "AssumedRole", "FederatedUser"
            ),
            "for all but one user": _if("StringNotEquals", "aws:username", "mallory"),
            "for all but one role": _if("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/intern"),
            "from every address": _if("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
            "from every address, in two halves": _if("IpAddress", "aws:SourceIp", "0.0.0.0/1", "128.0.0.0/1"),
            "from every address but private ones": _if("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
            "since a day of last year": _if("DateGreaterThan", "aws:CurrentTime", "2025-01-01T00:00:00Z"),
            "until a day in ten years": _if("DateLessThan", "aws:CurrentTime", "2036-01-01T00:00:00Z"),
            "to resources of this account, which are meant": _if("StringEquals", "aws:ResourceAccount", ACCOUNT),
            "with a program that the caller names": _if("StringEquals", "aws:UserAgent", "backup"),
            "from a page that the caller names": _if("StringEquals", "aws:Referer", "https://example.com/"),
            "not by a service in between": _if("Bool", "aws:ViaAWSService", "false"),
        },
        PASS={
            "for one user": _if("StringEquals", "aws:username", "alice"),
            "for roles of one path": _if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/backup/*"),
            "for users, not roles": _if("StringEquals", "aws:PrincipalType", "User"),
            "from the addresses of the company": _if("IpAddress", "aws:SourceIp", "192.0.2.0/24", "198.51.100.0/24"),
            "until a day of last year": _if("DateLessThan", "aws:CurrentTime", "2025-01-01T00:00:00Z"),
            "from next year on": _if("DateGreaterThan", "aws:CurrentTime", "2027-06-01T00:00:00Z"),
            "to resources of another account": _if("StringEquals", "aws:ResourceAccount", "999988887777"),
            "by a service alone": _if("Bool", "aws:ViaAWSService", "true"),
            "to objects with the tag of one's own team": _if(
                "StringEquals", "s3:ExistingObjectTag/team", "${aws:PrincipalTag/team}"
            ),
            "through the company's endpoint": _if("StringEquals", "aws:SourceVpce", "vpce-1"),
        },
    ),
    *cases(
        "policy_sensitive_wildcard",
        f"{_GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html",
        FAIL={
            "with tags of a list, or without any": _with_policy(
                allow("iam:CreateUser", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}})
            )
        },
        PASS={
            "with a tag of a list": _with_policy(
                allow("iam:CreateUser", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}})
            )
        },
    ),
    *_make_cases("policy_assume_any_role", allow("sts:AssumeRole"), source=_ROLES),
    *cases(
        "policy_assume_any_role",
        _LEAST,
        FAIL={
            "every role of every account, by their ARNs": _with_policy(
                allow("sts:AssumeRole", resource="arn:aws:iam::*:role/*")
            ),
            "every role of this account": _with_policy(allow("sts:AssumeRole", resource=arn("role", "*"))),
            "all of STS, by a wildcard": _with_policy(allow("sts:*")),
            "everything but IAM and S3": _with_policy(_but("iam:*", "s3:*")),
        },
        PASS={
            "one role of every account": _with_policy(allow("sts:AssumeRole", resource="arn:aws:iam::*:role/reader")),
            "roles of applications": _with_policy(allow("sts:AssumeRole", resource=arn("role", "app/*"))),
            "the session of one's own user": _with_policy(allow("sts:GetSessionToken", "sts:GetCallerIdentity")),
            "any role but from an address of the company": _with_policy(
                allow("sts:AssumeRole", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
            ),
        },
    ),
    *_make_cases("policy_full_cloudtrail", allow("cloudtrail:*"), source=_HIDING),
    *cases(
        "policy_full_cloudtrail",
        _ACTION,
        FAIL={
            "spelled in capital letters": _with_policy(allow("CLOUDTRAIL:*")),
            "by a prefix of the service": _with_policy(allow("cloud*:*")),
            "everything but IAM and S3": _with_policy(_but("iam:*", "s3:*")),
            "letter by letter": _with_policy(allow(*(f"cloudtrail:{letter}*" for letter in _LETTERS))),
        },
        PASS={
            "reading": _with_policy(allow("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*")),
            "one trail": _with_policy(allow("cloudtrail:*", resource=_TRAIL)),
            "everything but IAM and CloudTrail": _with_policy(_but("iam:*", "cloudtrail:*")),
            "a service whose name begins alike": _with_policy(allow("cloudtrail-data:*")),
        },
    ),
    *_make_cases("policy_full_kms", allow("kms:*")),
    *cases(
        "policy_full_kms",
        _ACTION,
        FAIL={
            "every key, by their ARNs": _with_policy(allow("kms:*", resource="arn:aws:kms:*:*:key/*")),
            "every key of this account": _with_policy(allow("kms:*", resource=f"arn:aws:kms:*:{ACCOUNT}:key/*")),
            "by a wildcard after the colon": _with_policy(allow("kms:?*")),
        },
        PASS={
            "one key": _with_policy(allow("kms:*", resource=_KEY)),
            "using every key, which another control fails": _with_policy(allow("kms:Encrypt", "kms:Decrypt")),
            "everything but IAM and KMS": _with_policy(_but("iam:*", "kms:*")),
        },
    ),
    *_make_cases("policy_decrypt_any_key", allow("kms:Decrypt"), source=f"{_HUB}/kms-controls.html#kms-1"),
    *cases(
        "policy_decrypt_any_key",
        f"{_HUB}/kms-controls.html#kms-2",
        FAIL={
            "by encrypting anew": _with_policy(allow("kms:ReEncrypt*")),
            "by the half of encrypting anew that reads": _with_policy(
                allow("kms:ReEncryptFrom", resource="arn:aws:kms:*:*:key/*")
            ),
            "all that begins with D": _with_policy(allow("kms:D*")),
            "every key of this account": _with_policy(allow("kms:Decrypt", resource=f"arn:aws:kms:*:{ACCOUNT}:key/*")),
        },
        PASS={
            "one key": _with_policy(allow("kms:Decrypt", resource=_KEY)),
            "encrypting with every key": _with_policy(allow("kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext")),
            "only what S3 keeps": _with_policy(
                allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}})
            ),
            "only what encryption anew writes": _with_policy(allow("kms:ReEncryptTo")),
        },
    ),
    *_make_cases("policy_marketplace_subscribe", allow("aws-marketplace:Subscribe"), source=_MARKETPLACE),
    *cases(
        "policy_marketplace_subscribe",
        _MARKETPLACE,
        FAIL={
            "all of the Marketplace": _with_policy(allow("aws-marketplace:*")),
            "everything but IAM": _with_policy(_but("iam:*")),
        },
        PASS={
            "one product": _with_policy(
                allow(
                    "aws-marketplace:Subscribe",
                    Condition={"ForAnyValue:StringEquals": {"aws-marketplace:ProductId": "prod-1"}},
                )
            ),
            "looking at subscriptions, and ending them": _with_policy(
                allow("aws-marketplace:ViewSubscriptions", "aws-marketplace:Unsubscribe")
            ),
        },
    ),
    *cases(
        "condition_expires_within",
        _DATES,
        FAIL={
            "an Allow that ends in a month": _with_policy(allow("s3:GetObject", Condition=_until(29))),
            "an Allow without a start that ends tomorrow": _with_policy(
                allow("s3:GetObject", Condition={"DateLessThan": {"aws:CurrentTime": _moment(1)}})
            ),
            "a Deny that ends": _with_policy(_deny("s3:DeleteBucket", Condition=_until(3))),
            "a window that is over": _with_policy(allow("s3:GetObject", Condition=_until(-1))),
            "seconds since 1970, inline": _account(
                groups=(
                    group(
                        inline_policies=(
                            document(
                                allow(
                                    "s3:GetObject",
                                    Condition={
                                        "NumericLessThan": {"aws:EpochTime": str(int(days_ago(-5).timestamp()))}
                                    },
                                ),
                                name="own",
                            ),
                        )
                    ),
                )
            ),
            "an administrator's": _with_policy(allow("*", Condition=_until(7))),
        },
        PASS={
            "an Allow that ends later": _with_policy(allow("s3:GetObject", Condition=_until(31))),
            "an Allow that only begins": _with_policy(
                allow("s3:GetObject", Condition={"DateGreaterThan": {"aws:CurrentTime": _moment(-9)}})
            ),
            "no window": _with_policy(allow("s3:GetObject")),
            "sessions that began before": _with_policy(
                _deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": _moment(-1)}})
            ),
            "one of two dates is enough": _with_policy(
                allow("s3:GetObject", Condition={"DateLessThan": {"aws:CurrentTime": [_moment(1), _moment(99)]}})
            ),
        },
    ),
    *cases(
        "policy_service_wildcard",
        f"{_HUB}/iam-controls.html#iam-21",
        FAIL={
            "all of a service": _with_policy(allow("ec2:*")),
            "all of a service, inline": _account(
                groups=(group(inline_policies=(document(allow("sqs:*"), name="own"),)),)
            ),
            "all of a service on one resource": _with_policy(allow("s3:*", resource="arn:aws:s3:::acme/*")),
            "everything but a service on one resource": _with_policy(
                {"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::acme"}
            ),
            "one of twenty actions, with MFA": _with_policy(
                allow(*(f"ec2:Describe{letter}*" for letter in _LETTERS), "sns:*", Condition=_MFA)
            ),
            "in a policy that nobody has yet": _with_policy(allow("ec2:*"), attachment_count=0),
        },
        PASS={
            "families of actions": _with_policy(allow("ec2:Describe*", "ec2:*Tags")),
            "a denial of a whole service": _with_policy(_deny("iam:*"), allow("ec2:StartInstances")),
            "a denial of all but a service": _with_policy({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
            "a policy of AWS": _with_policy(allow("ec2:*"), is_aws_managed=True),
            "a boundary": _with_policy(allow("ec2:*"), attachment_count=0, boundary_usage_count=2),
            "an administrator, whom another control fails": _with_policy(EVERYTHING),
        },
        NOT_ASSESSED={
            "a policy that can't be parsed": _account(
                policies=(policy("P", default_version=make_broken_document("P")),)
            )
        },
    ),
)
