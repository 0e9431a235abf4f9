# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of findings, and compliance mappings."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.reads import OPERATIONS_OF
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import (
    SOURCES,
    Scope,
    listing,
    maps,
    merge_compliance,
    plural,
    unread_reason,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings

from .samples import NOW, days_ago, snapshot, unread


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [(1, "users", "1 user"), (0, "users", "0 users"), (1, "policies", "1 policy"), (2, "policies", "2 policies")],
)
def test_plural(count: int, unit: str, text: str) -> None:
    assert plural(count, unit) == text


def test_listing_is_sorted_and_cut() -> None:
    assert listing([]) == ""
    assert listing(["b", "a"]) == "a, b"
    assert listing((str(n) for n in range(5)), 3) == "0, 1, 2 and 2 more"


@pytest.mark.parametrize(
    ("region", "operation", "text"),
    [
        (None, "iam:ListUsers", "iam:ListUsers: no"),
        ("eu-west-1", "", "no in eu-west-1"),
        (None, "", "no"),
    ],
)
def test_unread_reason(region: str | None, operation: str, text: str) -> None:
    assert unread_reason(Unread(Dataset.TRAILS, UnreadKind.DENIED, "no", operation, region)) == text


def test_mappings() -> None:
    assert maps(cis7="2.4", soc2=("CC6.1", "CC6.3")) == {"cis_7.0": ("2.4",), "soc2": ("CC6.1", "CC6.3")}
    assert merge_compliance({"a": ("1", "2")}, {"a": ("2", "3"), "b": ("4",)}, {}) == {
        "a": ("1", "2", "3"),
        "b": ("4",),
    }


@pytest.mark.parametrize("dataset", Dataset)
def test_the_source_of_a_dataset_is_an_operation_that_reads_it(dataset: Dataset) -> None:
    assert SOURCES[dataset] in {operation.partition(":")[2] for operation in OPERATIONS_OF[dataset]}


def test_scope_counts_days_and_regions() -> None:
    missing = (unread(Dataset.TRAILS, region="b"), unread(Dataset.TRAILS, UnreadKind.REGION_DENIED, "c"))
    scope = Scope(Facts(snapshot(regions=("a", "b", "c"), unread=missing)), Settings(), NOW)
    assert scope.unread_regions(Dataset.TRAILS) == ("b",)
    assert scope.missing(Dataset.TRAILS) is None
    assert (scope.days_since(days_ago(1.9)), scope.days_since(days_ago(-3))) == (1, 0)
