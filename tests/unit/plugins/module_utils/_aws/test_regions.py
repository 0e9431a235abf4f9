# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._aws.regions import (
    home_region_of,
    is_offered,
    parse_regions,
    partition_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session


@pytest.mark.parametrize(
    ("region", "partition", "home"),
    [
        ("eu-west-1", "aws", "us-east-1"),
        ("us-gov-east-1", "aws-us-gov", "us-gov-west-1"),
        ("cn-northwest-1", "aws-cn", "cn-north-1"),
        ("us-iso-west-1", "aws-iso", "us-iso-east-1"),
        ("us-isob-east-1", "aws-iso-b", "us-isob-east-1"),
        # Without an entry for IAM in botocore's endpoints.
        ("eu-isoe-west-1", "aws-iso-e", "eu-isoe-west-1"),
        ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1"),
        # Younger than this botocore.
        ("eu-west-9", "aws", "us-east-1"),
    ],
)
def test_partitions_and_their_home_regions(region: str, partition: str, home: str) -> None:
    session = new_session()
    assert partition_of(session, region) == partition
    assert home_region_of(session, partition) == home


def test_no_partition_known_means_the_commercial_one() -> None:
    assert home_region_of(new_session(), None) == "us-east-1"


def test_strange_names() -> None:
    with pytest.raises(InvalidRequest, match="region: 'nowhere' is not the name of a region"):
        partition_of(new_session(), "nowhere")
    with pytest.raises(InvalidRequest, match="'aws-moon' is not a partition of AWS: one of aws,"):
        home_region_of(new_session(), "aws-moon")


@pytest.mark.parametrize(
    ("service", "region", "offered"),
    [
        ("iam", "eu-west-1", True),
        ("account", "us-east-1", True),
        ("account", "us-gov-west-1", False),
        ("ec2", "eu-west-1", True),
        ("ec2", "eu-west-9", False),
        ("securityhub", "us-gov-west-1", True),
    ],
)
def test_where_a_service_is_offered(service: str, region: str, offered: bool) -> None:
    assert is_offered(new_session(), service, region) is offered


def test_requested_regions_are_cleaned_and_keep_their_order() -> None:
    assert parse_regions(["eu-west-1", " us-east-1 ", "", "eu-west-1"], new_session(), "aws") == (
        "eu-west-1",
        "us-east-1",
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["europe"], "regions: 'europe' is not a region of the partition aws; the nearest is eu-"),
        (
            ["eu-west-1", "eu-west-9"],
            "regions: 'eu-west-9' is not a region of the partition aws; the nearest is eu-west-1.",
        ),
        (["us-gov-west-1"], "'us-gov-west-1' is not a region of the partition aws, .* but of aws-us-gov."),
        (["eu-west-1", "enabled"], "regions: 'enabled' stands for all regions, so it goes alone."),
        (["eu-west-1; rm"], "regions: 'eu-west-1; rm' is not a region"),
    ],
)
def test_what_is_no_region_of_the_partition_is_refused(names: t.Sequence[str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        parse_regions(names, new_session(), "aws")
