# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions that lock out the principals that have a document, windows of time, and their neighbours."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.holders import Holders

from .cases import OBJECTS, Case, Json, allow, at, deny, policy, reading, statement

NOW: t.Final = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
MACHINE: t.Final = Holders(NOW, machines=("role app (lambda.amazonaws.com)",))
PERSON: t.Final = Holders(NOW)
WITH_KEYS: t.Final = Holders(NOW, with_keys=("user svc",))
TAGGER: t.Final = Holders(NOW, taggers={"ec2": ("role app",)})

_MFA: t.Final = "aws:MultiFactorAuthPresent"
_AGE: t.Final = "aws:MultiFactorAuthAge"
_IP: t.Final = {"NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}
_VPC: t.Final = {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-0abc1234def567890"}}
_VIA: t.Final = {"BoolIfExists": {"aws:ViaAWSService": "false"}}
_NOW_KEY: t.Final = "aws:CurrentTime"
_TAG: t.Final = {"StringEquals": {"aws:ResourceTag/app": "web"}}


def window(start: str, end: str, key: str = _NOW_KEY) -> Json:
    return {"DateGreaterThanEquals": {key: start}, "DateLessThan": {key: end}}


def _locks(code: str, path: t.Optional[str], document: Json, holders: Holders = MACHINE) -> Case:
    return Case(code, path, document, Kind.MANAGED, None, holders)


_MFA_CASES: t.Final = (
    _locks("mfa_locks_out_machines", at("Bool", _MFA), reading({"Bool": {_MFA: "true"}})),
    _locks("mfa_locks_out_machines", at("NumericLessThan", _AGE), reading({"NumericLessThan": {_AGE: "3600"}})),
    _locks("mfa_locks_out_machines", at("Null", _MFA), reading({"Null": {_MFA: "false"}})),
    _locks("mfa_locks_out_machines", None, reading({"Bool": {_MFA: "true"}}), PERSON),
    # A user may have a password, MFA and access keys: the prediction says which calls lack MFA.
    _locks("mfa_locks_out_machines", None, reading({"Bool": {_MFA: "true"}}), WITH_KEYS),
    _locks("mfa_locks_out_machines", None, reading({"BoolIfExists": {_MFA: "true"}})),
    # Requests without the key meet no condition on it, whatever its value is.
    _locks("mfa_locks_out_machines", at("Bool", _MFA), reading({"Bool": {_MFA: "false"}})),
    _locks("mfa_locks_out_machines", at("StringEquals", _MFA), reading({"StringEquals": {_MFA: "true"}})),
    _locks("mfa_locks_out_machines", at("Null", _AGE), reading({"Null": {_AGE: "False"}})),
    _locks("mfa_locks_out_machines", None, reading({"Null": {_AGE: "True"}})),
    _locks("mfa_locks_out_machines", None, reading({"StringNotEquals": {_MFA: "false"}})),
    _locks("mfa_locks_out_machines", None, reading({"ForAllValues:Bool": {_MFA: "true"}})),
    _locks("mfa_locks_out_machines", None, reading({"NumericLessThanIfExists": {_AGE: "3600"}})),
    _locks("mfa_deny_locks_out", at("BoolIfExists", _MFA), deny("s3:*", "*", {"BoolIfExists": {_MFA: "false"}})),
    _locks(
        "mfa_deny_locks_out", at("BoolIfExists", _MFA), deny("s3:*", "*", {"BoolIfExists": {_MFA: "false"}}), WITH_KEYS
    ),
    _locks("mfa_deny_locks_out", at("Null", _MFA), deny("s3:*", "*", {"Null": {_MFA: "true"}})),
    _locks(
        "mfa_deny_locks_out",
        at("NumericGreaterThanIfExists", _AGE),
        deny("s3:*", "*", {"NumericGreaterThanIfExists": {_AGE: "3600"}}),
    ),
    _locks("mfa_deny_locks_out", None, deny("s3:*", "*", {"BoolIfExists": {_MFA: "false"}}), PERSON),
    _locks("mfa_deny_locks_out", None, deny("s3:*", "*", {"Bool": {_MFA: "false"}})),
    # IfExists holds without the key, whatever the value is.
    _locks("mfa_deny_locks_out", at("BoolIfExists", _MFA), deny("s3:*", "*", {"BoolIfExists": {_MFA: "true"}})),
    _locks("mfa_deny_locks_out", at("StringNotEquals", _MFA), deny("s3:*", "*", {"StringNotEquals": {_MFA: "true"}})),
    _locks("mfa_deny_locks_out", None, deny("s3:*", "*", {"StringEquals": {_MFA: "false"}})),
    _locks("mfa_deny_locks_out", None, deny("s3:*", "*", {"Null": {_MFA: "false"}})),
    _locks("mfa_deny_locks_out", None, deny("s3:*", "*", {"NumericGreaterThan": {_AGE: "3600"}})),
)
_NETWORK: t.Final = "network_deny_lacks_operators"
_NETWORK_CASES: t.Final = (
    _locks(_NETWORK, at("NotIpAddressIfExists", "aws:SourceIp"), deny("s3:*", "*", _IP)),
    _locks(_NETWORK, at("NotIpAddressIfExists", "aws:SourceIp"), deny("s3:*", "*", {**_IP, **_VIA})),
    _locks(_NETWORK, at("NotIpAddressIfExists", "aws:SourceIp"), deny("s3:*", "*", {**_IP, **_VPC})),
    _locks(_NETWORK, at("StringNotEqualsIfExists", "aws:SourceVpc"), deny("s3:*", "*", {**_VPC, **_VIA})),
    _locks(
        _NETWORK,
        at("NotIpAddressIfExists", "aws:SourceIp"),
        deny("s3:*", "*", {**_IP, **_VPC, "Bool": {"aws:ViaAWSService": "true"}}),
    ),
    _locks(
        _NETWORK,
        at("NotIpAddressIfExists", "aws:SourceIp"),
        deny("s3:*", "*", {**_IP, **_VPC, "BoolIfExists": {"aws:ViaAWSService": ["true", "false"]}}),
    ),
    _locks(_NETWORK, None, deny("s3:*", "*", {**_IP, **_VPC, "BoolIfExists": {"aws:ViaAWSService": "False"}})),
    _locks(_NETWORK, None, deny("s3:*", "*", {**_IP, **_VPC, **_VIA})),
    _locks(
        _NETWORK,
        None,
        deny("s3:*", "*", {**_IP, **_VIA, "StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0abc1234def567890"}}),
    ),
    _locks(_NETWORK, None, reading({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
    # It denies an address, and nothing else.
    _locks(_NETWORK, None, deny("s3:*", "*", {"IpAddress": {"aws:SourceIp": "203.0.113.9/32"}})),
)
_ENDS: t.Final = "time_window_with_one_end"
_OVER: t.Final = "time_window_is_over"
_TIME_CASES: t.Final = (
    Case(_ENDS, at("DateGreaterThan", _NOW_KEY), reading({"DateGreaterThan": {_NOW_KEY: "2025-01-01T00:00:00Z"}})),
    Case(_ENDS, at("DateLessThan", _NOW_KEY), reading({"DateLessThan": {_NOW_KEY: "2027-01-01T00:00:00Z"}})),
    Case(
        _ENDS,
        at("NumericLessThan", "aws:EpochTime"),
        reading({"NumericLessThan": {"aws:EpochTime": "1800000000"}}),
    ),
    Case(_ENDS, None, reading(window("2026-12-01T00:00:00Z", "2026-12-08T00:00:00Z"))),
    # Together with another one it may be a window.
    Case(_ENDS, None, deny("s3:*", "*", {"DateLessThan": {_NOW_KEY: "2026-12-01T00:00:00Z"}})),
    # This ends sessions that began before.
    Case(_ENDS, None, reading({"DateGreaterThan": {"aws:TokenIssueTime": "2026-12-01T00:00:00Z"}})),
    Case(_ENDS, None, reading({"DateEquals": {_NOW_KEY: "2026-12-01"}})),
    _locks(_OVER, at("DateLessThan", _NOW_KEY), reading(window("2026-11-01", "2026-11-28T00:00:00Z")), PERSON),
    _locks(_OVER, at("DateLessThan", _NOW_KEY), deny("s3:*", "*", window("2025-01-01", "2025-02-01")), PERSON),
    _locks(_OVER, at("DateLessThan", "aws:EpochTime"), reading(window("1", "1700000000", "aws:EpochTime")), PERSON),
    # Of several values one is enough.
    _locks(
        _OVER,
        None,
        reading({**window("2025-01-01", "2026-01-01"), "DateLessThan": {_NOW_KEY: ["2026-01-01", "2027-01-01"]}}),
        PERSON,
    ),
    _locks(_OVER, None, reading(window("2026-11-01", "2026-11-28T00:00:01Z")), PERSON),
    _locks(_OVER, None, reading({"DateGreaterThan": {_NOW_KEY: "2025-01-01"}}), PERSON),
    _locks(_OVER, None, reading(window("2026-11-01", "${aws:PrincipalTag/end}")), PERSON),
)
_CHANGEABLE: t.Final = "tag_condition_is_changeable"
_TAG_CASES: t.Final = (
    _locks(_CHANGEABLE, at("StringEquals", "aws:ResourceTag/app"), allow("ec2:StopInstances", "*", _TAG), TAGGER),
    _locks(
        _CHANGEABLE,
        "Statement[1].Condition.StringEquals.aws:ResourceTag/app",
        policy(statement("Allow", "s3:GetObject", OBJECTS), statement("Allow", "ec2:StopInstances", "*", _TAG)),
        TAGGER,
    ),
    _locks(_CHANGEABLE, None, allow("rds:StopDBInstance", "*", _TAG), TAGGER),
    _locks(_CHANGEABLE, None, allow("ec2:StopInstances", "*", _TAG), PERSON),
    _locks(_CHANGEABLE, None, allow("ec2:StopInstances", "*", {"StringEquals": {"aws:PrincipalTag/a": "b"}}), TAGGER),
)
_WIDE: t.Final = "ip_range_too_wide"
_OPTIONAL: t.Final = "network_if_exists_in_allow"
_MOMENT: t.Final = "time_equals_moment"
_EMPTY: t.Final = "condition_without_values"
_INTENTION_CASES: t.Final = (
    _locks(_WIDE, at("IpAddress", "aws:SourceIp"), reading({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})),
    _locks(_WIDE, at("IpAddress", "aws:SourceIp"), reading({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "::/0"]}})),
    _locks(_WIDE, None, reading({"IpAddress": {"aws:SourceIp": ["17.0.0.0/8", "10.0.0.0/8"]}})),
    # A request through a VPC endpoint has an address of the VPC.
    _locks(_WIDE, None, reading({"IpAddress": {"aws:VpcSourceIp": "0.0.0.0/0"}})),
    _locks(
        _OPTIONAL,
        at("IpAddressIfExists", "aws:SourceIp"),
        reading({"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}),
    ),
    _locks(
        _OPTIONAL,
        None,
        reading({"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}, "StringLike": {"aws:SourceVpc": "vpc-1"}}),
    ),
    _locks(_OPTIONAL, None, reading({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
    _locks(_MOMENT, at("DateEquals", _NOW_KEY), reading({"DateEquals": {_NOW_KEY: "2026-12-01"}})),
    _locks(_MOMENT, at("DateNotEquals", _NOW_KEY), deny("s3:*", "*", {"DateNotEquals": {_NOW_KEY: "2026-12-01"}})),
    _locks(_MOMENT, None, reading({"DateEquals": {"aws:TokenIssueTime": "2026-12-01"}})),
    _locks(
        "mfa_locks_out_enrolment",
        at("Bool", _MFA),
        allow("iam:*MFADevice", "arn:aws:iam::*:user/${aws:username}", {"Bool": {_MFA: "true"}}),
        PERSON,
    ),
    # An administrator enrols others.
    _locks(
        "mfa_locks_out_enrolment",
        None,
        allow("iam:*MFADevice", "arn:aws:iam::*:user/*", {"Bool": {_MFA: "true"}}),
        PERSON,
    ),
    _locks(
        "mfa_locks_out_enrolment",
        None,
        allow("iam:DeactivateMFADevice", "arn:aws:iam::*:user/${aws:username}", {"Bool": {_MFA: "true"}}),
        PERSON,
    ),
    _locks("mfa_not_required", at("Bool", _MFA), reading({"Bool": {_MFA: ["true", "FALSE"]}}), PERSON),
    _locks("mfa_not_required", None, reading({"Bool": {_MFA: "true"}}), PERSON),
    _locks("mfa_not_required", None, deny("s3:*", "*", {"BoolIfExists": {_MFA: "false"}}), PERSON),
    _locks(
        "mfa_if_exists_in_allow", at("NumericLessThanIfExists", _AGE), reading({"NumericLessThanIfExists": {_AGE: "1"}})
    ),
    _locks(
        "mfa_if_exists_in_allow",
        None,
        reading({"Bool": {_MFA: "true"}, "NumericLessThanIfExists": {_AGE: "1"}}),
    ),
    _locks("mfa_null_check_in_deny", at("Null", _AGE), deny("s3:*", "*", {"Null": {_AGE: "true"}}), PERSON),
    _locks("mfa_null_check_in_deny", None, reading({"Null": {_AGE: "false"}}), PERSON),
    _locks(
        "mfa_deny_misses_access_keys",
        at("NumericGreaterThan", _AGE),
        deny("s3:*", "*", {"NumericGreaterThan": {_AGE: "3600"}}),
        PERSON,
    ),
    # Another Deny is about requests without MFA.
    _locks(
        "mfa_deny_misses_access_keys",
        None,
        policy(
            statement("Deny", "s3:*", "*", {"NumericGreaterThan": {_AGE: "3600"}}),
            statement("Deny", "s3:*", "*", {"BoolIfExists": {_MFA: "false"}}),
        ),
        PERSON,
    ),
    _locks(_EMPTY, at("StringEquals", "aws:username"), reading({"StringEquals": {"aws:username": []}})),
    _locks(_EMPTY, None, reading({"StringEquals": {"aws:username": "ann"}})),
)
LOCK_OUT_CASES: t.Final = (*_INTENTION_CASES, *_MFA_CASES, *_NETWORK_CASES, *_TIME_CASES, *_TAG_CASES)
