# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Condition operators, each through a whole evaluation: an Allow under a condition, and a request with a context."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request

from .case import ALLOWED, IAM, IMPLICIT, OBJECT, ROLE, UNKNOWN, Case, Statement, allow, deny, policy

OPERATORS: t.Final = f"{IAM}reference_policies_elements_condition_operators.html"
STRING: t.Final = f"{OPERATORS}#Conditions_String"
NUMERIC: t.Final = f"{OPERATORS}#Conditions_Numeric"
DATE: t.Final = f"{OPERATORS}#Conditions_Date"
BOOLEAN: t.Final = f"{OPERATORS}#Conditions_Boolean"
BINARY: t.Final = f"{OPERATORS}#Conditions_BinaryEquals"
ADDRESS: t.Final = f"{OPERATORS}#Conditions_IPAddress"
ARN: t.Final = f"{OPERATORS}#Conditions_ARN"
IF_EXISTS: t.Final = f"{OPERATORS}#Conditions_IfExists"
NULL: t.Final = f"{OPERATORS}#Conditions_Null"
SETS: t.Final = f"{IAM}reference_policies_condition-single-vs-multi-valued-context-keys.html"
LOGIC: t.Final = f"{IAM}reference_policies_condition-logic-multiple-context-keys-or-values.html"
MFA: t.Final = f"{IAM}reference_policies_condition-keys.html#condition-keys-multifactorauthpresent"

# A name, the source, the condition block, the context, and whether the condition holds.
Row = tuple[str, str, dict[str, dict[str, t.Any]], dict[str, t.Any], bool]

_TAG: t.Final = "aws:PrincipalTag/team"
_VPCE: t.Final = "aws:SourceVpce"
_REGION: t.Final = "aws:RequestedRegion"
_AGE: t.Final = "aws:MultiFactorAuthAge"
_PRESENT: t.Final = "aws:MultiFactorAuthPresent"
_NOW: t.Final = "aws:CurrentTime"
_IP: t.Final = "aws:SourceIp"
_SOURCE: t.Final = "aws:SourceArn"
_KEYS: t.Final = "aws:TagKeys"
_TOPIC: t.Final = "arn:aws:sns:us-east-1:111122223333:orders"


def _case(row: Row) -> Case:
    name, source, condition, context, holds = row
    request = Request("s3:GetObject", OBJECT, ROLE, context)
    layers = Layers((policy("Conditional", allow("s3:*", Condition=condition)),))
    return Case(name, source, request, layers, ALLOWED if holds else IMPLICIT, layer="identity")


_STRINGS: list[Row] = [
    ("string-equals", STRING, {"StringEquals": {_TAG: "blue"}}, {_TAG: "blue"}, True),
    ("string-equals-case", STRING, {"StringEquals": {_TAG: "blue"}}, {_TAG: "Blue"}, False),
    ("string-equals-no-wildcard", STRING, {"StringEquals": {_TAG: "bl*"}}, {_TAG: "blue"}, False),
    ("string-equals-one-of", STRING, {"StringEquals": {_TAG: ["red", "blue"]}}, {_TAG: "blue"}, True),
    ("string-equals-none-of", STRING, {"StringEquals": {_TAG: ["red", "green"]}}, {_TAG: "blue"}, False),
    ("string-equals-missing", STRING, {"StringEquals": {_TAG: "blue"}}, {}, False),
    ("string-not-equals", STRING, {"StringNotEquals": {_TAG: "red"}}, {_TAG: "blue"}, True),
    ("string-not-equals-same", STRING, {"StringNotEquals": {_TAG: "blue"}}, {_TAG: "blue"}, False),
    ("string-not-equals-one-of", STRING, {"StringNotEquals": {_TAG: ["red", "blue"]}}, {_TAG: "blue"}, False),
    ("string-not-equals-missing", STRING, {"StringNotEquals": {_TAG: "blue"}}, {}, True),
    ("string-ignore-case", STRING, {"StringEqualsIgnoreCase": {_TAG: "BLUE"}}, {_TAG: "blue"}, True),
    ("string-ignore-case-other", STRING, {"StringEqualsIgnoreCase": {_TAG: "RED"}}, {_TAG: "blue"}, False),
    ("string-not-ignore-case", STRING, {"StringNotEqualsIgnoreCase": {_TAG: "BLUE"}}, {_TAG: "blue"}, False),
    ("string-not-ignore-case-missing", STRING, {"StringNotEqualsIgnoreCase": {_TAG: "x"}}, {}, True),
    ("string-like", STRING, {"StringLike": {_TAG: "bl*"}}, {_TAG: "blue"}, True),
    ("string-like-question-mark", STRING, {"StringLike": {_TAG: "b??e"}}, {_TAG: "blue"}, True),
    ("string-like-whole", STRING, {"StringLike": {_TAG: "lu"}}, {_TAG: "blue"}, False),
    ("string-like-case", STRING, {"StringLike": {_TAG: "BL*"}}, {_TAG: "blue"}, False),
    ("string-like-missing", STRING, {"StringLike": {_TAG: "*"}}, {}, False),
    ("string-not-like", STRING, {"StringNotLike": {_TAG: "r*"}}, {_TAG: "blue"}, True),
    ("string-not-like-same", STRING, {"StringNotLike": {_TAG: "b*"}}, {_TAG: "blue"}, False),
    ("string-not-like-missing", STRING, {"StringNotLike": {_TAG: "*"}}, {}, True),
    ("key-in-any-case", STRING, {"StringEquals": {"AWS:principaltag/TEAM": "blue"}}, {_TAG: "blue"}, True),
]

_NUMBERS: list[Row] = [
    ("numeric-equals", NUMERIC, {"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    ("numeric-equals-is-no-text", NUMERIC, {"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10.0"}, True),
    ("numeric-not-equals", NUMERIC, {"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, True),
    ("numeric-not-equals-missing", NUMERIC, {"NumericNotEquals": {"s3:max-keys": "10"}}, {}, True),
    ("numeric-less", NUMERIC, {"NumericLessThan": {_AGE: "3600"}}, {_AGE: "900"}, True),
    ("numeric-less-is-no-text", NUMERIC, {"NumericLessThan": {_AGE: "3600"}}, {_AGE: "10000"}, False),
    ("numeric-less-at-the-limit", NUMERIC, {"NumericLessThan": {_AGE: "3600"}}, {_AGE: "3600"}, False),
    ("numeric-less-equals", NUMERIC, {"NumericLessThanEquals": {_AGE: "3600"}}, {_AGE: "3600"}, True),
    ("numeric-greater", NUMERIC, {"NumericGreaterThan": {_AGE: "3600"}}, {_AGE: "3601"}, True),
    ("numeric-greater-equals", NUMERIC, {"NumericGreaterThanEquals": {_AGE: "3600"}}, {_AGE: "3600"}, True),
    ("numeric-missing", NUMERIC, {"NumericLessThan": {_AGE: "3600"}}, {}, False),
    ("numeric-of-no-number", NUMERIC, {"NumericLessThan": {_AGE: "3600"}}, {_AGE: "soon"}, False),
]

_DATES: list[Row] = [
    ("date-before", DATE, {"DateLessThan": {_NOW: "2026-12-31T23:59:59Z"}}, {_NOW: "2026-11-24T10:00:00Z"}, True),
    ("date-not-before", DATE, {"DateLessThan": {_NOW: "2026-01-01T00:00:00Z"}}, {_NOW: "2026-11-24T10:00:00Z"}, False),
    ("date-after", DATE, {"DateGreaterThan": {_NOW: "2026-01-01T00:00:00Z"}}, {_NOW: "2026-11-24T10:00:00Z"}, True),
    ("date-day-only", DATE, {"DateGreaterThan": {_NOW: "2026-01-01"}}, {_NOW: "2026-11-24T10:00:00Z"}, True),
    ("date-equals", DATE, {"DateEquals": {_NOW: "2026-11-24T10:00:00Z"}}, {_NOW: "2026-11-24T10:00:00Z"}, True),
    ("date-not-equals", DATE, {"DateNotEquals": {_NOW: "2026-11-24T10:00:00Z"}}, {_NOW: "2026-11-25T10:00:00Z"}, True),
    (
        "date-at-the-limit",
        DATE,
        {"DateLessThanEquals": {_NOW: "2026-11-24T10:00:00Z"}},
        {_NOW: "2026-11-24T10:00:00Z"},
        True,
    ),
    ("date-in-seconds", DATE, {"DateGreaterThan": {"aws:EpochTime": "1000"}}, {"aws:EpochTime": "2000"}, True),
    ("date-missing", DATE, {"DateLessThan": {"aws:TokenIssueTime": "2026-12-31T00:00:00Z"}}, {}, False),
    ("date-not-equals-missing", DATE, {"DateNotEquals": {"aws:TokenIssueTime": "2026-12-31T00:00:00Z"}}, {}, True),
]

_BOOLEANS: list[Row] = [
    ("bool", BOOLEAN, {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
    ("bool-as-json", BOOLEAN, {"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": True}, True),
    ("bool-other", BOOLEAN, {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "false"}, False),
    ("bool-missing", BOOLEAN, {"Bool": {"aws:SecureTransport": "false"}}, {}, False),
    # Requests with long-term keys do not have the key at all.
    ("mfa-false-and-no-key", MFA, {"Bool": {_PRESENT: "false"}}, {}, False),
    ("mfa-false-if-exists-and-no-key", MFA, {"BoolIfExists": {_PRESENT: "false"}}, {}, True),
    ("mfa-true-if-exists-and-no-key", MFA, {"BoolIfExists": {_PRESENT: "true"}}, {}, True),
    ("mfa-true", MFA, {"Bool": {_PRESENT: "true"}}, {_PRESENT: "true"}, True),
]

_BINARIES: list[Row] = [
    ("binary", BINARY, {"BinaryEquals": {"test:key": "QmluYXJ5VmFsdWU="}}, {"test:key": "QmluYXJ5VmFsdWU="}, True),
    ("binary-other", BINARY, {"BinaryEquals": {"test:key": "QmluYXJ5VmFsdWU="}}, {"test:key": "QUFBQQ=="}, False),
]

_ADDRESSES: list[Row] = [
    ("address-in-range", ADDRESS, {"IpAddress": {_IP: "203.0.113.0/24"}}, {_IP: "203.0.113.9"}, True),
    ("address-out-of-range", ADDRESS, {"IpAddress": {_IP: "203.0.113.0/24"}}, {_IP: "203.0.114.9"}, False),
    ("address-alone", ADDRESS, {"IpAddress": {_IP: "203.0.113.9"}}, {_IP: "203.0.113.9"}, True),
    (
        "address-one-of",
        ADDRESS,
        {"IpAddress": {_IP: ["198.51.100.0/24", "203.0.113.0/24"]}},
        {_IP: "203.0.113.9"},
        True,
    ),
    ("address-six", ADDRESS, {"IpAddress": {_IP: "2001:db8:1234:5678::/64"}}, {_IP: "2001:db8:1234:5678::1"}, True),
    ("address-six-other", ADDRESS, {"IpAddress": {_IP: "2001:db8::/64"}}, {_IP: "2001:db8:1::1"}, False),
    ("address-six-in-four", ADDRESS, {"IpAddress": {_IP: "203.0.113.0/24"}}, {_IP: "2001:db8::1"}, False),
    ("not-address", ADDRESS, {"NotIpAddress": {_IP: "203.0.113.0/24"}}, {_IP: "192.0.2.1"}, True),
    ("not-address-in-range", ADDRESS, {"NotIpAddress": {_IP: "203.0.113.0/24"}}, {_IP: "203.0.113.9"}, False),
    ("not-address-missing", ADDRESS, {"NotIpAddress": {_IP: "203.0.113.0/24"}}, {}, True),
    ("address-missing", ADDRESS, {"IpAddress": {_IP: "0.0.0.0/0"}}, {}, False),
]

_ARNS: list[Row] = [
    ("arn-equals", ARN, {"ArnEquals": {_SOURCE: _TOPIC}}, {_SOURCE: _TOPIC}, True),
    ("arn-equals-wildcard", ARN, {"ArnEquals": {_SOURCE: "arn:aws:sns:*:111122223333:*"}}, {_SOURCE: _TOPIC}, True),
    ("arn-like", ARN, {"ArnLike": {_SOURCE: "arn:aws:sns:*:*:ord*"}}, {_SOURCE: _TOPIC}, True),
    ("arn-like-other", ARN, {"ArnLike": {_SOURCE: "arn:aws:sqs:*:*:*"}}, {_SOURCE: _TOPIC}, False),
    ("arn-like-with-too-few-parts", ARN, {"ArnLike": {_SOURCE: "arn:aws:sqs:*"}}, {_SOURCE: _TOPIC}, False),
    ("arn-not-like-with-too-few-parts", ARN, {"ArnNotLike": {_SOURCE: "arn:aws:sqs:*"}}, {_SOURCE: _TOPIC}, True),
    ("arn-like-one-with-too-few-parts", ARN, {"ArnLike": {_SOURCE: ["arn:aws", _TOPIC]}}, {_SOURCE: _TOPIC}, True),
    ("arn-like-case", ARN, {"ArnLike": {_SOURCE: "arn:aws:sns:*:*:ORDERS"}}, {_SOURCE: _TOPIC}, False),
    ("arn-not-like", ARN, {"ArnNotLike": {_SOURCE: "arn:aws:sqs:*:*:*"}}, {_SOURCE: _TOPIC}, True),
    ("arn-not-equals", ARN, {"ArnNotEquals": {_SOURCE: _TOPIC}}, {_SOURCE: _TOPIC}, False),
    ("arn-not-equals-missing", ARN, {"ArnNotEquals": {_SOURCE: _TOPIC}}, {}, True),
    ("arn-missing", ARN, {"ArnLike": {_SOURCE: "arn:*:*:*:*:*"}}, {}, False),
    ("string-like-on-an-arn", STRING, {"StringLike": {_SOURCE: "arn:aws:sns:*"}}, {_SOURCE: _TOPIC}, True),
]

_EXISTENCE: list[Row] = [
    ("if-exists-missing", IF_EXISTS, {"StringEqualsIfExists": {_TAG: "blue"}}, {}, True),
    ("if-exists-same", IF_EXISTS, {"StringEqualsIfExists": {_TAG: "blue"}}, {_TAG: "blue"}, True),
    ("if-exists-other", IF_EXISTS, {"StringEqualsIfExists": {_TAG: "blue"}}, {_TAG: "red"}, False),
    ("if-exists-negated-missing", IF_EXISTS, {"StringNotEqualsIfExists": {_TAG: "blue"}}, {}, True),
    ("if-exists-like", IF_EXISTS, {"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}, {}, True),
    ("if-exists-address", IF_EXISTS, {"IpAddressIfExists": {_IP: "203.0.113.0/24"}}, {}, True),
    ("if-exists-arn", IF_EXISTS, {"ArnLikeIfExists": {_SOURCE: "arn:aws:sqs:*:*:*"}}, {_SOURCE: _TOPIC}, False),
    ("if-exists-number", IF_EXISTS, {"NumericLessThanIfExists": {_AGE: "3600"}}, {}, True),
    ("null-true-missing", NULL, {"Null": {_TAG: "true"}}, {}, True),
    ("null-true-there", NULL, {"Null": {_TAG: "true"}}, {_TAG: "blue"}, False),
    ("null-false-there", NULL, {"Null": {_TAG: "false"}}, {_TAG: "blue"}, True),
    ("null-false-missing", NULL, {"Null": {_TAG: "false"}}, {}, False),
    ("null-of-an-empty-set", NULL, {"Null": {_KEYS: "true"}}, {_KEYS: []}, True),
]

_SETS: list[Row] = [
    ("all-values", SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["a"]}, True),
    ("all-values-not-one", SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["a", "c"]}, False),
    ("all-values-missing", SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {}, True),
    ("all-values-empty", SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: []}, True),
    ("all-values-like", SETS, {"ForAllValues:StringLike": {_KEYS: "team-*"}}, {_KEYS: ["team-a", "team-b"]}, True),
    ("any-value", SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["c", "a"]}, True),
    ("any-value-none", SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["c", "d"]}, False),
    ("any-value-missing", SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a", "b"]}}, {}, False),
    ("any-value-empty", SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: []}, False),
    ("any-value-not", SETS, {"ForAnyValue:StringNotEquals": {_KEYS: ["a"]}}, {_KEYS: ["a", "b"]}, True),
    ("all-values-not", SETS, {"ForAllValues:StringNotEquals": {_KEYS: ["a"]}}, {_KEYS: ["a", "b"]}, False),
    ("all-values-not-clean", SETS, {"ForAllValues:StringNotEquals": {_KEYS: ["a"]}}, {_KEYS: ["b", "c"]}, True),
    (
        "all-values-but-there",
        SETS,
        {"ForAllValues:StringEquals": {_KEYS: ["a"]}, "Null": {_KEYS: "false"}},
        {},
        False,
    ),
]

_TOGETHER: list[Row] = [
    ("keys-are-and", LOGIC, {"StringEquals": {_TAG: "blue", _REGION: "eu-west-1"}}, {_TAG: "blue"}, False),
    (
        "keys-are-and-both",
        LOGIC,
        {"StringEquals": {_TAG: "blue", _REGION: "eu-west-1"}},
        {_TAG: "blue", _REGION: "eu-west-1"},
        True,
    ),
    (
        "operators-are-and",
        LOGIC,
        {"StringEquals": {_TAG: "blue"}, "Bool": {"aws:SecureTransport": "true"}},
        {_TAG: "blue", "aws:SecureTransport": "false"},
        False,
    ),
    ("values-are-or", LOGIC, {"StringEquals": {_VPCE: ["vpce-1", "vpce-2"]}}, {_VPCE: "vpce-2"}, True),
    ("negated-values-are-nor", LOGIC, {"StringNotEquals": {_VPCE: ["vpce-1", "vpce-2"]}}, {_VPCE: "vpce-3"}, True),
    (
        "negated-values-one-is-enough",
        LOGIC,
        {"StringNotEquals": {_VPCE: ["vpce-1", "vpce-2"]}},
        {_VPCE: "vpce-2"},
        False,
    ),
]


def _open(name: str, *statements: Statement) -> Case:
    """ "Each of the six colon-delimited components of the ARN is checked separately": of fewer, nothing is said."""
    layers = Layers((policy("Conditional", *statements),))
    return Case(
        name, ARN, Request("s3:GetObject", OBJECT, ROLE, {_SOURCE: _TOPIC}), layers, UNKNOWN, missing=(_SOURCE,)
    )


_OPEN: t.Final = (
    _open("arn-like-may-need-six-parts", allow(Condition={"ArnLike": {_SOURCE: "arn:aws:sns:*"}})),
    _open("arn-not-like-may-need-six-parts", allow(Condition={"ArnNotLike": {_SOURCE: "arn:aws:sns"}})),
    _open("deny-by-arn-may-need-six-parts", allow(), deny(Condition={"ArnEquals": {_SOURCE: "arn:aws:sns:us-east-1"}})),
)

CASES: t.Final = (
    *map(
        _case,
        (
            *_STRINGS,
            *_NUMBERS,
            *_DATES,
            *_BOOLEANS,
            *_BINARIES,
            *_ADDRESSES,
            *_ARNS,
            *_EXISTENCE,
            *_SETS,
            *_TOGETHER,
        ),
    ),
    *_OPEN,
)
