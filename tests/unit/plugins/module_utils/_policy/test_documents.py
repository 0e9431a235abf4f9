# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements by themselves: matching, wildcards, conditions, principals."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy import documents

ALLOW: dict[str, t.Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "iam:PassRole", True),
        ("iam:*", "IAM:passrole", True),
        ("iam:Pass?ole", "iam:PassRole", True),
        ("iam:Pass?ole", "iam:Passole", False),
        ("iam:Pass*", "iam:PassRole", True),
        ("s3:Get.bject", "s3:GetObject", False),
        ("s3:[G]et*", "s3:GetObject", False),
        ("iam", "iam:PassRole", False),
        ("", "iam:PassRole", False),
    ],
)
def test_matches(pattern: str, text: str, expected: bool) -> None:
    assert documents.matches(pattern, text) is expected


@given(st.text(), st.text())
def test_a_text_always_matches_itself_and_star(prefix: str, text: str) -> None:
    literal = text.replace("*", "").replace("?", "")
    assert documents.matches(literal, literal)
    assert documents.matches(
        prefix.replace("?", "").replace("*", "") + "*", prefix.replace("?", "").replace("*", "") + text
    )


@pytest.mark.parametrize(
    ("document", "count"),
    [
        (None, 0),
        ({}, 0),
        ({"Statement": ALLOW}, 1),
        ({"Statement": [ALLOW, ALLOW]}, 2),
        ({"Statement": [ALLOW, "rubbish", None]}, 1),
        ({"Statement": "rubbish"}, 0),
    ],
)
def test_statements(document: t.Any, count: int) -> None:
    assert len(documents.statements(document)) == count


def test_allowing_leaves_denials_out() -> None:
    assert documents.allowing({"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}]}) == (ALLOW,)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Action": "iam:*"}, True),
        ({"Action": ["s3:*", "IAM:PASSROLE"]}, True),
        ({"Action": "s3:*"}, False),
        ({"NotAction": "s3:*"}, True),
        ({"NotAction": ["iam:Pass*"]}, False),
        ({"NotAction": []}, True),
        ({}, False),
        ({"Action": 7}, False),
    ],
)
def test_covers_action(statement: dict[str, t.Any], expected: bool) -> None:
    assert documents.covers_action(statement, "iam:PassRole") is expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Resource": "*"}, True),
        ({"Resource": ["arn:aws:s3:::b", "*"]}, True),
        ({"Resource": "arn:aws:s3:::b/*"}, False),
        ({"Resource": "arn:*:*:*:*:*"}, True),
        ({"Resource": "arn:aws:iam::*:role/*"}, False),
        ({"NotResource": "arn:aws:s3:::b"}, True),
        ({}, False),
    ],
)
def test_covers_every_resource(statement: dict[str, t.Any], expected: bool) -> None:
    assert documents.covers_every_resource(statement) is expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (ALLOW, True),
        ({**ALLOW, "Action": "*:*"}, True),
        ({**ALLOW, "Action": ["s3:Get*", "*"]}, True),
        ({**ALLOW, "Effect": "Deny"}, False),
        ({**ALLOW, "Resource": "arn:aws:s3:::b"}, False),
        ({**ALLOW, "Action": "iam:*"}, False),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}, False),
        ({"Effect": "Allow", "NotAction": "aws-portal:*", "Resource": "*"}, True),
    ],
)
def test_grants_everything(statement: dict[str, t.Any], expected: bool) -> None:
    assert documents.grants_everything(statement) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"AWS:multifactorauthpresent": True}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": ["True"]}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, True),
        ({"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": 3600}}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"Bool": "rubbish"}, False),
        ("rubbish", False),
        ({}, False),
    ],
)
def test_requires_mfa(condition: t.Any, expected: bool) -> None:
    assert documents.requires_mfa({**ALLOW, "Condition": condition}) is expected


def test_freely_allowed_counts_unconditional_statements_on_everything() -> None:
    wanted = {"iam:PassRole", "s3:GetObject", "kms:Decrypt", "ec2:RunInstances"}
    document = {
        "Statement": [
            {"Effect": "Allow", "Action": ["iam:PassRole", "s3:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"Null": {"a": "true"}}},
            {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*"},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
        ]
    }
    assert documents.freely_allowed(document, wanted) == {"iam:PassRole"}
    assert documents.freely_allowed(None, wanted) == frozenset()


def test_a_conditional_denial_takes_nothing_back() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert documents.freely_allowed({"Statement": [ALLOW, deny]}, {"iam:PassRole"}) == {"iam:PassRole"}


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", (("AWS", "*"),)),
        ({"AWS": "111122223333"}, (("AWS", "111122223333"),)),
        ({"AWS": ["a", "b"], "Service": "c"}, (("AWS", "a"), ("AWS", "b"), ("Service", "c"))),
        ("rubbish", ()),
        (None, ()),
    ],
)
def test_principals(principal: t.Any, expected: tuple[tuple[str, str], ...]) -> None:
    assert documents.principals({"Principal": principal}) == expected


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("111122223333", "111122223333"),
        ("arn:aws-us-gov:iam::111122223333:role/path/r", "111122223333"),
        ("arn:aws:iam::aws:policy/AdministratorAccess", None),
        ("AIDAEXAMPLEEXAMPLE", None),
        ("*", None),
    ],
)
def test_arn_account(arn: str, account: t.Optional[str]) -> None:
    assert documents.arn_account(arn) == account
