# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARNs in parts, and the accounts in them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.arn import (
    Arn,
    arn_account,
    arn_parts,
    lacks_parts,
    root_account,
)


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:s3:::bucket/key:1", Arn("aws", "s3", "", "", "bucket/key:1")),
        (
            "arn:aws-cn:iam::111122223333:role/a/b",
            Arn("aws-cn", "iam", "", "111122223333", "role/a/b"),
        ),
        ("arn:*:*:*:*:*", Arn("*", "*", "*", "*", "*")),
        ("arn:aws:s3", None),
        ("arn:*", None),
        ("*", None),
        ("ARN:aws:s3:::bucket", None),
        ("urn:aws:s3:::bucket", None),
        ("", None),
    ],
)
def test_parts(arn: str, expected: t.Optional[Arn]) -> None:
    assert arn_parts(arn) == expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("111122223333", "111122223333"),
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws-us-gov:sts::111122223333:assumed-role/a/b", "111122223333"),
        ("arn:aws:iam::111122223333:role/a:b", "111122223333"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
        ("arn:aws:s3:::bucket", None),
        ("arn:aws:iam::1111222233334:root", None),
        ("11112222333", None),
        ("\u0661" * 12, None),
        ("111122223333\n", None),
        ("*", None),
        ("AROAEXAMPLEID", None),
        ("", None),
    ],
)
def test_account(arn: str, expected: t.Optional[str]) -> None:
    assert arn_account(arn) == expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("111122223333", "111122223333"),
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws-cn:iam::111122223333:root", "111122223333"),
        ("arn:aws:iam::111122223333:user/root", None),
        ("arn:aws:sts::111122223333:root", None),
        ("arn:aws:iam::*:root", None),
        ("root", None),
    ],
)
def test_root_account(arn: str, expected: t.Optional[str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html, accounts"""
    assert root_account(arn) == expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:s3", True),
        ("arn:aws:s3::", True),
        ("arn:aws:s3:::", False),
        ("arn:aws:iam::111122223333:role/x", False),
        ("*", False),
        ("111122223333", False),
    ],
)
def test_lacks_parts(arn: str, expected: bool) -> None:
    assert lacks_parts(arn) is expected
