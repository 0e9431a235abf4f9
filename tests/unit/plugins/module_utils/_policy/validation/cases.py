# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents that break a rule of validation, and their neighbours that do not. The rules name their pages of AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.holders import Holders

Json = dict[str, t.Any]

BUCKET, OBJECTS = "arn:aws:s3:::acme", "arn:aws:s3:::acme/*"
ROLE, ANY_ROLE = "arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/*"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
OIDC = {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One document. ``path`` is where it breaks the rule ``code``; None where it does not."""

    code: str
    path: t.Optional[str]
    document: t.Any
    kind: Kind = Kind.MANAGED
    partition: t.Optional[str] = None
    holders: t.Optional[Holders] = None


def policy(*statements: Json, **elements: t.Any) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements), **elements}


def statement(effect: str, action: t.Any, resource: t.Any = "*", condition: t.Any = None, **elements: t.Any) -> Json:
    made = {"Effect": effect, **({"Action": action} if action else {}), **({"Resource": resource} if resource else {})}
    return {**made, **({"Condition": condition} if condition else {}), **elements}


def allow(action: t.Any, resource: t.Any = "*", condition: t.Any = None, **elements: t.Any) -> Json:
    return policy(statement("Allow", action, resource, condition, **elements))


def deny(action: t.Any, resource: t.Any = "*", condition: t.Any = None, **elements: t.Any) -> Json:
    return policy(statement("Deny", action, resource, condition, **elements))


def trust(action: t.Any, principal: t.Any, condition: t.Any = None) -> Json:
    return allow(action, None, condition, Principal=principal)


def reading(condition: Json) -> Json:
    """Reading objects on a condition."""
    return allow("s3:GetObject", OBJECTS, condition)


FIRST: t.Final = "Statement[0]"
ACTION: t.Final = "Statement[0].Action"
RESOURCE: t.Final = "Statement[0].Resource"


def at(operator: str, key: str, index: t.Optional[int] = None) -> str:
    return f"Statement[0].Condition.{operator}.{key}" + ("" if index is None else f"[{index}]")


def _two(first: Json, second: Json) -> Json:
    return policy(first, second)


def _require_tag(operator: str) -> Json:
    return {operator: {"aws:ResourceTag/team": "web"}}


DOCUMENT_CASES: t.Final = (
    Case("malformed_policy", FIRST, policy({"Effect": "Allow", "Action": "s3:GetObject"})),
    Case("malformed_policy", None, allow("s3:GetObject", OBJECTS)),
    Case("policy_too_large", "", allow("s3:GetObject", [f"{BUCKET}/{number:04}/*" for number in range(300)])),
    Case("policy_too_large", None, allow("s3:GetObject", [f"{BUCKET}/{number:04}/*" for number in range(150)])),
    # Organizations counts 10,240 for an SCP, IAM 6,144 for a managed policy.
    Case("policy_too_large", None, deny("s3:GetObject", [f"{BUCKET}/{n:04}/*" for n in range(300)]), Kind.SCP),
    Case("missing_version", "", {"Statement": [statement("Allow", "s3:GetObject", OBJECTS)]}),
    Case("missing_version", None, allow("s3:GetObject", OBJECTS)),
    Case(
        "variable_unsupported_in_version",
        RESOURCE,
        allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*") | {"Version": "2008-10-17"},
    ),
    Case("variable_unsupported_in_version", None, allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*")),
    Case("variable_unsupported_in_version", None, allow("s3:GetObject", OBJECTS) | {"Version": "2008-10-17"}),
)

ACTION_CASES: t.Final = (
    Case("invalid_service_in_action", ACTION, allow("s33:GetObject")),
    Case("invalid_service_in_action", None, allow("S3:getobject")),
    Case("invalid_action", "Statement[0].Action[1]", allow(["s3:GetObject", "s3:GetObjct"])),
    Case("invalid_action", "Statement[0].NotAction", deny(None, NotAction="iam:GetUsr")),
    Case("invalid_action", None, allow(["s3:GetObject", "s3:*", "*"])),
    Case("wildcard_matches_no_action", ACTION, allow("s3:Gett*")),
    Case("wildcard_matches_no_action", None, allow(["s3:G?tObject", "*:Get*", "s3:*"])),
    Case("action_needs_all_resources", ACTION, allow("s3:ListAllMyBuckets", BUCKET)),
    Case("action_needs_all_resources", ACTION, deny("s3:ListAll*", BUCKET)),
    Case("action_needs_all_resources", None, allow("s3:ListAllMyBuckets")),
    Case("action_needs_all_resources", None, allow("ec2:*", "arn:aws:ec2:*:*:instance/*")),
    Case("resource_does_not_fit_action", ACTION, allow("s3:ListBucket", OBJECTS)),
    Case("resource_does_not_fit_action", "Statement[0].Action[1]", allow(["iam:GetRole", "iam:GetUser"], ROLE)),
    Case("resource_does_not_fit_action", ACTION, allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/a/index/b")),
    Case("resource_does_not_fit_action", ACTION, allow("*:*Item", ROLE)),
    Case("resource_does_not_fit_action", None, allow("s3:ListBucket", [BUCKET, OBJECTS])),
    Case("resource_does_not_fit_action", None, allow("s3:ListBucket", ["arn:aws:s3:::*", "arn:aws:s3*"])),
    Case("resource_does_not_fit_action", None, allow("iam:GetRole", "arn:*:iam::*:role/team/${aws:username}")),
    # Tagging works on more types than are documented for it.
    Case(
        "resource_does_not_fit_action", None, allow("secretsmanager:TagResource", "arn:aws:secretsmanager:*:*:secret:a")
    ),
    Case("resource_does_not_fit_action", None, allow("s3:GetObject", None, NotResource=BUCKET)),
    Case("resource_without_action", "Statement[0].Resource[1]", allow("s3:GetObject", [OBJECTS, KEY])),
    Case("resource_without_action", None, allow(["s3:GetObject", "kms:Decrypt"], [OBJECTS, KEY])),
    Case("several_arns_in_one", RESOURCE, allow("s3:GetBucketAcl", f"{BUCKET}, {BUCKET}2")),
    Case("several_arns_in_one", None, allow("s3:GetObject", [f"{BUCKET}/a, b", f"{BUCKET}/a,arn/*"])),
    Case("missing_arn_field", RESOURCE, allow("s3:GetObject", "arn:aws:s3:acme")),
    Case("missing_arn_field", None, allow("s3:GetObject", "arn:aws:s3:*")),
    Case("invalid_arn_account", RESOURCE, allow("iam:GetRole", "arn:aws:iam::11112222333:role/app")),
    Case("invalid_arn_account", None, allow("iam:GetPolicy", ["arn:aws:iam::aws:policy/A", "arn:aws:iam::*:policy/A"])),
    Case("arn_of_other_partition", RESOURCE, allow("s3:GetObject", OBJECTS), partition="aws-cn"),
    Case("arn_of_other_partition", None, allow("s3:GetObject", OBJECTS), partition="aws"),
    Case("arn_of_other_partition", None, allow("s3:GetObject", "arn:*:s3:::acme/*"), partition="aws-cn"),
)

CONDITION_CASES: t.Final = (
    Case(
        "invalid_condition_key_format",
        at("StringEquals", "SourceIp"),
        deny("s3:*", "*", {"StringEquals": {"SourceIp": "x"}}),
        Kind.SCP,
    ),
    Case("invalid_condition_key_format", None, deny("s3:*", "*", {"StringEquals": {"aws:username": "x"}}), Kind.SCP),
    Case(
        "invalid_global_condition_key",
        at("StringEquals", "aws:PrincipalOrgIdd"),
        reading({"StringEquals": {"aws:PrincipalOrgIdd": "o-1"}}),
    ),
    Case(
        "invalid_global_condition_key",
        None,
        reading({"StringEquals": {"AWS:principalorgid": "o-1", "aws:PrincipalTag/a": "b"}}),
    ),
    Case("invalid_service_condition_key", at("StringEquals", "s3:prefx"), reading({"StringEquals": {"s3:prefx": "a"}})),
    Case(
        "invalid_service_condition_key", at("StringEquals", "s4:prefix"), reading({"StringEquals": {"s4:prefix": "a"}})
    ),
    Case(
        "invalid_service_condition_key",
        None,
        reading({"StringEquals": {"s3:ExistingObjectTag/team": "a", "saml:aud": "b"}}),
    ),
    Case(
        "invalid_service_condition_key",
        None,
        trust(
            "sts:AssumeRoleWithWebIdentity", OIDC, {"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/AB:sub": "a"}}
        ),
        Kind.TRUST,
    ),
    Case(
        "condition_key_unsupported_by_actions",
        at("StringLike", "s3:prefix"),
        reading({"StringLike": {"s3:prefix": "home/*"}}),
    ),
    Case(
        "condition_key_unsupported_by_actions",
        None,
        allow("s3:ListBucket", BUCKET, {"StringLike": {"s3:prefix": "home/*"}}),
    ),
    Case("condition_key_unsupported_by_actions", None, reading({"StringEquals": {"s3:ExistingObjectTag/team": "a"}})),
    Case(
        "duplicate_keys_with_different_case",
        at("StringEquals", "AWS:Username"),
        reading({"StringEquals": {"aws:username": "a", "AWS:Username": "b"}}),
    ),
    Case(
        "duplicate_keys_with_different_case",
        None,
        reading({"StringEquals": {"aws:username": "a"}, "StringNotEquals": {"aws:username": "b"}}),
    ),
    Case(
        "missing_qualifier",
        at("StringEquals", "aws:TagKeys"),
        allow("ec2:CreateTags", "*", {"StringEquals": {"aws:TagKeys": "a"}}),
    ),
    Case(
        "missing_qualifier",
        None,
        allow(
            "ec2:CreateTags", "*", {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}}
        ),
    ),
    Case(
        "type_mismatch",
        at("StringEquals", "aws:SecureTransport"),
        reading({"StringEquals": {"aws:SecureTransport": "true"}}),
    ),
    Case("type_mismatch", at("NumericEquals", "aws:username"), reading({"NumericEquals": {"aws:username": "1"}})),
    Case(
        "type_mismatch",
        None,
        reading(
            {
                "Bool": {"aws:SecureTransport": True},
                "StringLike": {"aws:SourceArn": "a"},
                "NumericLessThan": {"aws:EpochTime": 5},
            }
        ),
    ),
    Case("type_mismatch_boolean", at("Bool", "aws:SecureTransport"), reading({"Bool": {"aws:SecureTransport": "yes"}})),
    Case(
        "type_mismatch_boolean",
        None,
        reading({"Bool": {"aws:SecureTransport": "TRUE"}, "Null": {"aws:username": False}}),
    ),
    Case(
        "type_mismatch_date",
        at("DateLessThan", "aws:CurrentTime"),
        reading({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}),
    ),
    Case(
        "type_mismatch_date",
        None,
        reading({"DateLessThan": {"aws:CurrentTime": ["2026-12-31T00:00:00Z", "2026-12-31", "1798675200"]}}),
    ),
    Case(
        "type_mismatch_ip_range",
        at("IpAddress", "aws:SourceIp", 1),
        reading({"IpAddress": {"aws:SourceIp": ["8.8.8.8/32", "8.8.8.8/40"]}}),
    ),
    Case("type_mismatch_ip_range", None, reading({"IpAddress": {"aws:SourceIp": ["8.8.8.8", "2600::/12"]}})),
    Case(
        "type_mismatch_number",
        at("NumericLessThan", "aws:MultiFactorAuthAge"),
        reading({"NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}}),
    ),
    Case("type_mismatch_number", None, reading({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}})),
    Case(
        "type_mismatch_string",
        at("BinaryEquals", "aws:username"),
        reading({"BinaryEquals": {"aws:username": "no base64"}}),
    ),
    Case("type_mismatch_string", None, reading({"BinaryEquals": {"aws:username": "QmluYXJ5"}})),
    Case("private_ip_address", at("IpAddress", "aws:SourceIp"), reading({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    Case(
        "private_ip_address",
        None,
        reading({"IpAddress": {"aws:SourceIp": "8.8.0.0/16", "aws:VpcSourceIp": "10.0.0.0/8"}}),
    ),
    # Ranges for documentation, which Python calls private.
    Case(
        "private_ip_address", at("IpAddress", "aws:SourceIp"), reading({"IpAddress": {"aws:SourceIp": "100.64.8.0/24"}})
    ),
    Case(
        "private_ip_address", at("IpAddress", "aws:SourceIp"), reading({"IpAddress": {"aws:SourceIp": "224.0.0.0/4"}})
    ),
    Case("private_ip_address", None, reading({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
    Case(
        "private_not_ip_address",
        at("NotIpAddress", "aws:SourceIp"),
        reading({"NotIpAddress": {"aws:SourceIp": "192.168.0.0/16"}}),
    ),
    Case("private_not_ip_address", None, reading({"NotIpAddress": {"aws:SourceIp": "8.8.0.0/16"}})),
    Case(
        "wildcard_without_like_operator",
        at("StringEquals", "aws:PrincipalTag/team"),
        reading({"StringEquals": {"aws:PrincipalTag/team": "dev-*"}}),
    ),
    Case(
        "wildcard_without_like_operator",
        None,
        reading({"StringLike": {"aws:PrincipalTag/team": "dev-*"}, "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::a*"}}),
    ),
    Case("wildcard_without_like_operator", None, reading({"StringEquals": {"aws:PrincipalTag/team": "dev-${*}"}})),
    # The shapes of AmazonSecurityLakeAdministrator and S3UnlockBucketPolicy.
    Case(
        "string_like_operator_with_arn_condition_keys",
        at("StringLikeIfExists", "aws:PrincipalArn"),
        reading({"StringLikeIfExists": {"aws:PrincipalArn": "arn:aws:iam::*:role/app-*"}}),
    ),
    Case(
        "string_like_operator_with_arn_condition_keys",
        at("StringNotLike", "aws:PrincipalArn"),
        deny("s3:*", OBJECTS, {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}),
    ),
    Case(
        "string_like_operator_with_arn_condition_keys",
        None,
        reading({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app-*"}, "StringLike": {"aws:username": "a*"}}),
    ),
    Case("string_like_operator_with_arn_condition_keys", None, reading({"StringEquals": {"aws:PrincipalArn": ROLE}})),
    Case(
        "equivalent_to_null_false",
        at("StringLike", "aws:PrincipalTag/team"),
        reading({"StringLike": {"aws:PrincipalTag/team": "*"}}),
    ),
    Case("equivalent_to_null_false", None, reading({"StringLike": {"aws:PrincipalTag/team": "?*"}})),
    Case("equivalent_to_null_false", None, reading({"StringLikeIfExists": {"aws:PrincipalTag/team": "*"}})),
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        "Statement[0].Action[1]",
        allow(["ec2:StartInstances", "iam:ListUsers"], "*", _require_tag("StringEquals")),
    ),
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        ACTION,
        allow("iam:ListUsers", "*", {"Null": {"aws:ResourceTag/team": "false"}}),
    ),
    # These hold without the key, deny, take tags with the request, or match an action that knows tags.
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        None,
        allow("iam:ListUsers", "*", _require_tag("StringEqualsIfExists")),
    ),
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        None,
        allow("iam:ListUsers", "*", _require_tag("StringNotEquals")),
    ),
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        None,
        deny("iam:ListUsers", "*", _require_tag("StringEquals")),
    ),
    Case(
        "allow_with_unsupported_tag_condition_key_for_service",
        None,
        allow(["ec2:Start*", "ec2:RunInstances", "*"], "*", _require_tag("StringEquals")),
    ),
    Case(
        "condition_never_holds",
        at("StringLike", "aws:username"),
        reading({"StringEquals": {"aws:username": "alice"}, "StringLike": {"aws:username": "b*"}}),
    ),
    Case(
        "condition_never_holds",
        at("StringNotLike", "aws:username"),
        reading({"StringEquals": {"aws:username": "alice"}, "StringNotLike": {"aws:username": "a*"}}),
    ),
    Case(
        "condition_never_holds",
        at("Null", "aws:username"),
        reading({"StringEquals": {"aws:username": "alice"}, "Null": {"aws:username": "true"}}),
    ),
    Case(
        "condition_never_holds",
        at("NumericGreaterThan", "aws:MultiFactorAuthAge"),
        reading(
            {
                "NumericLessThan": {"aws:MultiFactorAuthAge": "60"},
                "NumericGreaterThan": {"aws:MultiFactorAuthAge": "60"},
            }
        ),
    ),
    Case(
        "condition_never_holds",
        at("DateGreaterThan", "aws:CurrentTime"),
        reading(
            {
                "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T01:00:00+00:30"},
            }
        ),
    ),
    Case(
        "condition_never_holds",
        at("BoolIfExists", "aws:SecureTransport"),
        reading({"Bool": {"aws:SecureTransport": "true"}, "BoolIfExists": {"aws:SecureTransport": "false"}}),
    ),
    Case(
        "condition_never_holds",
        None,
        reading(
            {
                "StringEquals": {"aws:username": ["alice", "bob"]},
                "StringLike": {"aws:username": "b*"},
                "StringNotEquals": {"aws:username": "alice"},
                "Null": {"aws:username": "false"},
            }
        ),
    ),
    Case(
        "condition_never_holds",
        None,
        reading({"StringEqualsIfExists": {"aws:username": "alice"}, "StringLikeIfExists": {"aws:username": "b*"}}),
    ),
    Case(
        "condition_never_holds",
        None,
        reading(
            {
                "StringEquals": {"aws:username": "${aws:PrincipalTag/name}"},
                "StringNotEquals": {"aws:username": "${aws:PrincipalTag/other}"},
            }
        ),
    ),
    Case(
        "condition_never_holds",
        None,
        reading(
            {
                "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "60"},
                "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "60"},
            }
        ),
    ),
    Case(
        "condition_never_holds",
        None,
        allow(
            "ec2:CreateTags",
            "*",
            {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": "b"}},
        ),
    ),
)
