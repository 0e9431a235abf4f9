# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policy a message of AWS names, and what a caller can put into it."""

from __future__ import annotations

import typing as t
import urllib.parse

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.blame import (
    Blame,
    blame,
)

POLICY = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"
OTHER = POLICY.replace("p-2kgnabcd", "p-otherabc")
REASON = f"with an explicit deny in a service control policy: {POLICY}"
OBJECT = "User: arn:aws:iam::123456789012:user/Matt is not authorized to perform: s3:GetObject on resource: {} {}"
BUCKET = "arn:aws:s3:::reports/"


def blame_message(message: str, **fields: t.Any) -> Blame:
    return blame({"errorCode": "AccessDenied", "errorMessage": message, **fields}, message, POLICY)


# The texts of AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
@pytest.mark.parametrize(
    ("reason", "blamed"),
    [
        (REASON, Blame.THIS),
        (f"{REASON}. Encoded authorization failure message: XQ_jqde5rHje6j9P-qke7", Blame.THIS),
        (REASON.replace("with", "due to"), Blame.THIS),
        (REASON.replace("service control policy:", "Service Control Policy:"), Blame.THIS),
        (f"with an explicit deny in a service control policy: {OTHER}", Blame.OTHER),
        (f"{REASON}2", Blame.OTHER),
        (REASON.replace("arn:aws:", "arn:aws-cn:"), Blame.OTHER),
        (REASON.replace("987654321098", "123456789012"), Blame.OTHER),
        ("with an explicit deny in a service control policy", Blame.UNKNOWN),
        ("with an explicit deny in a resource control policy", Blame.UNKNOWN),
        ("because no service control policy allows the s3:GetObject action", Blame.UNKNOWN),
        ("because no resource control policy allows the s3:GetObject action", Blame.UNKNOWN),
        ("", Blame.UNKNOWN),
        ("for a reason that nobody knows yet", Blame.UNKNOWN),
        (f"{REASON} and more", Blame.UNKNOWN),
        ("with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/p", Blame.OTHER),
        ("with an explicit deny in a permissions boundary", Blame.OTHER),
        ("with an explicit deny in a session policy", Blame.OTHER),
        ("with an explicit deny in a VPC endpoint policy", Blame.OTHER),
        ("because no identity-based policy allows the s3:GetObject action", Blame.OTHER),
        ("because no permissions boundary allows the s3:GetObject action", Blame.OTHER),
    ],
)
def test_the_texts_of_aws(reason: str, blamed: Blame) -> None:
    assert blame_message(OBJECT.format(f"{BUCKET}key", reason)) is blamed


@pytest.mark.parametrize("message", ["", "Access Denied", "You are not authorized to perform this operation."])
def test_messages_without_a_reason(message: str) -> None:
    assert blame_message(message) is Blame.UNKNOWN


# What a caller writes into the message


def test_a_key_with_the_words_does_not_hide_what_aws_says() -> None:
    parameters = {"bucketName": "reports", "key": "my reports/2026.csv"}
    message = OBJECT.format(f"{BUCKET}{parameters['key']}", REASON)
    assert blame_message(message, requestParameters=parameters) is Blame.THIS


@pytest.mark.parametrize(
    "reason", ["because no identity-based policy allows the s3:GetObject action", f"{REASON[:-8]}p-otherabc", ""]
)
def test_a_key_with_the_words_never_blames_the_policy(reason: str) -> None:
    message = OBJECT.format(f"{BUCKET}key {REASON}", reason).strip()
    assert blame_message(message, requestParameters={"bucketName": "reports", "key": f"key {REASON}"}) is Blame.UNKNOWN


def test_a_service_may_repeat_its_message() -> None:
    message = OBJECT.format(f"{BUCKET}key", REASON)
    assert blame_message(message, responseElements={"message": message}) is Blame.THIS


def test_words_in_the_middle_of_a_message_blame_nobody() -> None:
    message = OBJECT.format(f"{BUCKET}key {REASON}", "because no identity-based policy allows the s3:GetObject action")
    assert blame_message(message) is Blame.OTHER


@pytest.mark.parametrize(
    "fields",
    [
        {"requestParameters": {"key": f"key {REASON}"}},
        {"requestParameters": {"key": urllib.parse.quote(f"key {REASON}")}},
        {"requestParameters": {"key": urllib.parse.quote_plus(f"key {REASON}")}},
        {"requestParameters": {"names": [{"deep": f"key {REASON.upper()}"}]}},
        {"requestParameters": {f"key {REASON}": 1}},
        {"resources": [{"ARN": f"{BUCKET}key {REASON}"}]},
        {"userIdentity": {"arn": f"arn:aws:sts::123456789012:assumed-role/r/{REASON}"}},
        {"userAgent": "because no one knows"},
    ],
)
def test_where_the_caller_wrote_the_words_nobody_knows_who_denied(fields: dict[str, t.Any]) -> None:
    assert blame_message(OBJECT.format(f"{BUCKET}key", REASON), **fields) is Blame.UNKNOWN
