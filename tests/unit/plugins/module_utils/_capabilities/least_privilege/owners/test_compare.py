# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether live policies allow what new ones do, and nothing else, however they are written."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.compare import compare
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from ..samples import ROLE, allow

Record = dict[str, t.Any]
WANTED: t.Final = allow("s3:GetObject", "sqs:SendMessage")


def find_difference(*live: Record) -> str:
    return compare(ROLE, [parse(one) for one in live], [parse(WANTED)]).reason


def test_policies_that_allow_the_same() -> None:
    assert find_difference(WANTED) == ""
    assert find_difference(allow("sqs:SendMessage"), allow("s3:GetObject")) == ""


def deny(action: str) -> Record:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        ([allow("s3:GetObject", "sqs:*")], "it still allows sqs:* on *"),
        ([WANTED, allow("*")], "it still allows * on *"),
        ([WANTED, {"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], "it still allows"),
        ([allow("s3:GetObject")], "it does not allow sqs:SendMessage on *"),
        ([WANTED, deny("s3:*")], "it does not allow s3:* on *"),
        ([], "it does not allow"),
    ],
    ids=["wider", "administrator", "all but", "narrower", "denied", "none"],
)
def test_policies_that_allow_more_or_less(live: list[Record], reason: str) -> None:
    assert find_difference(*live).startswith(reason)


SECURE: t.Final[Record] = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": SECURE},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": ["s3:*"], "NotResource": "arn:aws:s3:::x"},
    ],
)
def test_the_very_same_policies_are_the_same_whatever_they_say(statement: Record) -> None:
    document = {"Version": "2012-10-17", "Statement": [statement]}
    written = {**document, "Statement": [{**statement, "Sid": "Other"}]}
    for live in ([document, WANTED], [WANTED, written], [WANTED, document, WANTED]):
        assert compare(ROLE, [parse(one) for one in live], [parse(document), parse(WANTED)]).reason == ""


def test_of_many_differences_three_are_shown() -> None:
    more = ("dynamodb:GetItem", "ec2:RunInstances", "kms:Decrypt", "sns:Publish")
    for count, end in ((3, ""), (4, " and 1 more")):
        found = find_difference(WANTED, allow(*more[:count]))
        shown = found.removeprefix("it still allows ").removesuffix(end).split(", ")
        assert found.endswith(end) and len(shown) == 3
        assert {text.removesuffix(" on *") for text in shown} <= set(more)
    assert find_difference().count(" on *") == 2
