# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts and ARNs that patterns leave to others."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.trust_patterns import (
    account_of,
    accounts_like,
    make_matching_arns,
)

OTHER = "555566667777"
HEAD = f"arn:aws:iam::{OTHER}:"
HEADS = (f"{HEAD}role/", f"{HEAD}user/")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("1111*", ["111100000000", "111111111111"]),
        ("11112222333?", ["111122223330", "111122223331"]),
        ("*", ["000000000000", "111111111111"]),
        ("abc*", []),
        ("111122223333", []),
        ("111122223333*", ["111122223333", "111122223333"]),
        ("1111222233334*", []),
    ],
)
def test_account_ids_that_a_pattern_matches(pattern: str, expected: list[str]) -> None:
    assert list(accounts_like([pattern])) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:iam::*:role/deploy", [f"{HEAD}role/deploy"]),
        (f"arn:aws:iam::{OTHER}:role/a*", [f"{HEAD}role/ax"]),
        ("arn:aws:iam::5555*:role/deploy", [f"{HEAD}role/deploy"]),
        ("arn:aws:iam::1111*:role/deploy", []),
        ("*/deploy", [f"{HEAD}role/deploy", f"{HEAD}user/deploy"]),
        ("*deploy", [f"{HEAD}role/deploy", f"{HEAD}user/deploy"]),
        ("*:role/deploy", [f"{HEAD}role/deploy"]),
        ("arn:*:user/bob", [f"{HEAD}user/bob"]),
        ("*:iam::*:role/deploy", [f"{HEAD}role/deploy"]),
        ("?*/deploy", [f"{HEAD}role/deploy", f"{HEAD}user/deploy"]),
        ("arn:aws:iam::*", [f"{HEAD}role/x", f"{HEAD}user/x"]),
        ("*:111122223333:role/deploy", []),
        ("*:sts::*", []),
        ("deploy", []),
        ("*/${aws:PrincipalTag/team}", []),
        ("arn:aws:iam::*:role/${aws:username}", []),
    ],
)
def test_arns_of_an_account_that_a_pattern_matches(pattern: str, expected: list[str]) -> None:
    assert list(make_matching_arns(pattern, OTHER, HEADS)) == expected


def test_names_without_an_account_say_whose_they_are() -> None:
    assert list(make_matching_arns("arn:aws:s3:::logs", OTHER, HEADS)) == []
    assert list(make_matching_arns("arn:aws:s3:::logs-*", OTHER, HEADS)) == ["arn:aws:s3:::logs-x"]


def test_resources_of_services_may_have_colons() -> None:
    head = f"arn:aws:logs:eu-west-1:{OTHER}:"
    assert list(make_matching_arns("*:log-group:app", OTHER, (head,))) == [f"{head}log-group:app"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OTHER, OTHER),
        (f"{HEAD}root", OTHER),
        (f"*:{OTHER}:role/x", OTHER),
        ("arn:aws:iam::*:role/x", None),
        (f"arn:aws:s3:::bucket:{OTHER}:x", None),
        ("*", None),
    ],
)
def test_the_account_that_a_text_names(text: str, expected: str | None) -> None:
    assert account_of(text) == expected
