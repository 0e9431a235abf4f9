# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, account, serving


@pytest.fixture
def commercial() -> t.Iterator[Seeded]:
    with serving(account()) as seeded:
        yield seeded


def describe_regions(seeded: Seeded, **parameters: t.Any) -> dict[str, str]:
    """The opt-in status of each region in the answer to DescribeRegions."""
    answer = seeded.client("ec2").describe_regions(**parameters)
    return {region["RegionName"]: region["OptInStatus"] for region in answer["Regions"]}


def test_regions_are_listed_by_their_status(commercial: Seeded) -> None:
    client = commercial.client("account")
    enabled = client.list_regions(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])["Regions"]
    names = {region["RegionName"] for region in enabled}
    assert len(names) == 17
    assert {"us-east-1", "eu-west-1"} <= names
    assert "af-south-1" not in names
    listed = {region["RegionName"]: region["RegionOptStatus"] for region in client.list_regions()["Regions"]}
    assert listed["af-south-1"] == "DISABLED"
    assert names < set(listed)


def test_only_enabled_regions_are_described_unless_asked_otherwise(commercial: Seeded) -> None:
    enabled = describe_regions(commercial)
    assert len(enabled) == 17
    assert set(enabled.values()) == {"opt-in-not-required"}
    everything = describe_regions(commercial, AllRegions=True)
    assert everything["af-south-1"] == "not-opted-in"
    assert {name for name, status in everything.items() if status == "opt-in-not-required"} == set(enabled)
    assert not {name for name in everything if name.startswith(("us-gov-", "cn-"))}
    named = describe_regions(commercial, RegionNames=["eu-west-1", "af-south-1"])
    assert named == {"eu-west-1": "opt-in-not-required", "af-south-1": "not-opted-in"}
    with pytest.raises(ClientError, match="DryRunOperation"):
        describe_regions(commercial, DryRun=True)


def test_other_partitions_have_their_own_regions_all_enabled() -> None:
    with serving("gov") as seeded:
        assert describe_regions(seeded) == dict.fromkeys(["us-gov-east-1", "us-gov-west-1"], "opt-in-not-required")
