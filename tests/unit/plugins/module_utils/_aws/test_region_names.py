# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of regions that do not exist, and the one that was probably meant."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.region_names import (
    Partitions,
    explain_unknown,
    find_nearest,
    parse_partitions,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    return parse_partitions(new_session().get_component("data_loader").load_data("partitions"))


@pytest.mark.parametrize("partition", [None, "aws"])
def test_a_region_is_no_problem(partitions: Partitions, partition: t.Optional[str]) -> None:
    assert explain_unknown("eu-west-1", partitions, partition) is None


def test_pseudo_regions_are_no_regions(partitions: Partitions) -> None:
    assert explain_unknown("aws-global", partitions) is not None


@pytest.mark.parametrize(
    ("name", "partition", "first_line"),
    [
        ("eu-west-9", None, "'eu-west-9' is not a region of AWS; the nearest is eu-west-1."),
        ("eu-west1", "aws", "'eu-west1' is not a region of the partition aws; the nearest is eu-west-1."),
        ("EU-CENTRAL-1", None, "'EU-CENTRAL-1' is not a region of AWS; the nearest is eu-central-1."),
        ("Frankfurt", None, "'Frankfurt' is not a region of AWS; the nearest is eu-central-1."),
        ("*", None, "'*' is not a region of AWS."),
        (
            "us-gov-west-1",
            "aws",
            "'us-gov-west-1' is not a region of the partition aws, which the account is in, but of aws-us-gov.",
        ),
    ],
)
def test_an_unknown_region_is_explained(
    partitions: Partitions, name: str, partition: t.Optional[str], first_line: str
) -> None:
    problem = explain_unknown(name, partitions, partition)
    assert problem is not None
    assert problem.splitlines()[0] == first_line
    assert "'enabled' alone" in problem


def test_enabled_goes_alone(partitions: Partitions) -> None:
    problem = explain_unknown("enabled", partitions, "aws")
    assert problem is not None
    assert "goes alone" in problem


def test_the_nearest_is_of_the_partition(partitions: Partitions) -> None:
    problem = explain_unknown("us-gov-west-2", partitions, "aws-us-gov")
    assert problem is not None
    assert "the nearest is us-gov-west-1" in problem
    assert find_nearest("xyzzy", partitions["aws"]) is None
