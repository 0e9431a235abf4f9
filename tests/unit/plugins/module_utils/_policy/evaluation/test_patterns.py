# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.patterns import (
    is_broad,
    is_open_somewhere,
    names_service,
    service_patterns,
    service_wildcards,
)

from ..samples import allow, but, deny, policy


@pytest.mark.parametrize(
    ("statements", "patterns"),
    [
        ([allow("kms:*", "s3:*")], ("kms:*",)),
        ([allow("KMS:*"), allow("*")], ("KMS:*", "*")),
        ([but("s3:*", "iam:*")], ("everything but iam:*, s3:*",)),
        ([but("kms:*")], ()),
        ([deny("kms:*")], ()),
    ],
)
def test_patterns_of_a_service(statements: list[dict[str, t.Any]], patterns: tuple[str, ...]) -> None:
    assert service_patterns(policy(*statements), "kms") == patterns


def test_service_wildcards() -> None:
    document = policy(
        allow("s3:*", "ec2:Describe*", "*", "*:*"),
        allow("s3:*", "sqs:*", resource="arn:aws:s3:::b"),
        deny("iam:*"),
        but("iam:*"),
    )
    assert service_wildcards(document) == ("s3:*", "sqs:*", "everything but iam:*")
    many = policy(but(*(f"service{number:02}:*" for number in range(12))))
    assert service_wildcards(many)[0].endswith("service09:* and 2 more")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("bedrock:InvokeModel", resource="arn:aws:bedrock:*::foundation-model/x"), True),
        (allow("Bedrock:*"), True),
        (allow("b*:Get*"), True),
        (allow("*"), True),
        (but("iam:*"), True),
        (but("bedrock:InvokeModel"), True),
        (but("bedrock:*"), False),
        (allow("s3:*"), False),
        (deny("bedrock:*"), False),
    ],
)
def test_who_names_a_service(statement: dict[str, t.Any], expected: bool) -> None:
    assert names_service(policy(statement), "bedrock") is expected


def test_what_the_cheap_looks_say() -> None:
    assert not is_broad(policy(allow("iam:*", "s3:*"), deny("*")))
    assert is_broad(policy(but("s3:*")))
    assert is_open_somewhere(policy(allow("s3:GetObject", resource="arn:aws:s3:::b/*")))
    assert is_open_somewhere(policy(allow("s3:GetObject", resource="arn:aws:s3")))
    assert not is_open_somewhere(policy(allow("s3:GetObject", resource="arn:aws:s3:::b/key"), deny("*")))
