# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terms of a trust policy: texts that change with whom it admits, and on which conditions."""

from __future__ import annotations

import hashlib
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.trust_terms import terms
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

BOB = "arn:aws:iam::111122223333:user/bob"
SECRET = hashlib.sha256(b"secret").hexdigest()[:16]


def of(*statements: t.Mapping[str, t.Any], kinds: t.Collection[str] = ("AWS",)) -> list[str]:
    whole = [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement} for statement in statements]
    return terms(parse({"Version": "2012-10-17", "Statement": whole}, kind=Kind.TRUST), kinds)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Principal": {"AWS": BOB}}, [f"Allow AWS {BOB}"]),
        ({"Principal": "*"}, ["Allow *"]),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, []),
        ({"Principal": {"AWS": BOB, "Service": "ec2.amazonaws.com"}}, [f"Allow AWS {BOB}"]),
        ({"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}}, ["Deny Service ec2.amazonaws.com"]),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": BOB}}, [f"Deny everybody but AWS {BOB}"]),
    ],
)
def test_principals(statement: t.Mapping[str, t.Any], expected: list[str]) -> None:
    assert of(statement) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"sts:ExternalId": "secret"}}, f'StringEquals sts:ExternalId ["sha256 {SECRET}"]'),
        ({"StringEquals": {"aws:PrincipalOrgID": ["o-b", "o-a"]}}, 'StringEquals aws:PrincipalOrgID ["o-a", "o-b"]'),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, 'BoolIfExists aws:MultiFactorAuthPresent ["true"]'),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "x"}}, 'ForAnyValue:StringLike aws:TagKeys ["x"]'),
    ],
)
def test_conditions(condition: t.Mapping[str, t.Any], expected: str) -> None:
    assert of({"Principal": {"AWS": BOB}, "Condition": condition}) == [f"Allow AWS {BOB} if {expected}"]


def test_the_order_of_statements_principals_and_conditions_has_no_meaning() -> None:
    two = {"StringEquals": {"aws:PrincipalOrgID": "o-a"}, "Bool": {"aws:SecureTransport": "true"}}
    first = {"Principal": {"AWS": [BOB, "444455556666"]}, "Condition": two}
    turned = {"Principal": {"AWS": ["444455556666", BOB]}, "Condition": dict(reversed(two.items()))}
    other = {"Principal": {"AWS": BOB}}
    assert of(first, other) == of(other, turned)
    assert len(of(first, other, other)) == 2
