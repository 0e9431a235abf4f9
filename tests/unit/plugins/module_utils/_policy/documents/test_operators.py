# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the condition operators."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents import operators
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.comparisons import comparison

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
DOCUMENTED = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
]


def test_exactly_the_documented_operators_are_there() -> None:
    assert sorted(operators.OPERATORS.values()) == sorted(DOCUMENTED)
    assert all(name.lower() == lower for lower, name in operators.OPERATORS.items())


def test_a_negated_operator_negates_one_that_is_none() -> None:
    assert set(operators.NEGATED) == {name for name in DOCUMENTED if "Not" in name}
    assert all(name.replace("Not", "") == positive for name, positive in operators.NEGATED.items())


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) - {"Null"}))
def test_every_operator_compares_and_negated_ones_as_what_they_negate(name: str) -> None:
    assert comparison(name, ()) is comparison(name, ())
    assert comparison(name, ())("anything") is False


def test_variables_are_for_strings_arns_and_booleans() -> None:
    # The page says of each group of operators whether "Policy variables" are supported.
    assert {name for name in DOCUMENTED if name not in operators.WITH_VARIABLES} == {
        name for name in DOCUMENTED if name.startswith(("Numeric", "Date", "Binary", "Ip", "NotIp", "Null"))
    }
