# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions of an account, as account management and EC2 list them: those enabled by default, none opted in to.

moto's EC2 lists the regions of all partitions, whether enabled or not.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

import typing as t

from boto3 import Session
from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.utilities.utils import get_partition

from emulator.extensions.registration import operations_of

# What an account of the commercial partition has from the start; other partitions have no regions to opt in to.
DEFAULT_REGIONS: t.Final = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ]
)


def list_regions(response: AccountResponse) -> ActionResult:
    """ListRegions, by opt-in status."""
    wanted: t.Sequence[str] = response._get_param("RegionOptStatusContains") or []
    regions = Session().get_available_regions("ec2", partition_name=response.partition)
    found = [
        {"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT" if _is_enabled(name) else "DISABLED"}
        for name in regions
    ]
    return ActionResult({"Regions": [item for item in found if not wanted or item["RegionOptStatus"] in wanted]})


def describe_regions(response: EC2Response) -> ActionResult:
    """DescribeRegions: the enabled ones, all with AllRegions, or those named."""
    response.error_on_dryrun()
    named: t.Sequence[str] = response._get_param("RegionNames") or []
    everything = response._get_bool_param("AllRegions")
    regions = [
        {
            "RegionName": region.name,
            "Endpoint": region.endpoint,
            "OptInStatus": "opt-in-not-required" if _is_enabled(region.name) else "not-opted-in",
        }
        for region in response.ec2_backend.regions
        if get_partition(region.name) == response.partition
        and (region.name in named if named else everything or _is_enabled(region.name))
    ]
    return ActionResult({"Regions": regions})


def _is_enabled(region: str) -> bool:
    return region in DEFAULT_REGIONS or get_partition(region) != "aws"


def install() -> None:
    """Add the operations, and account management's path."""
    operations_of(AccountResponse, list_regions)
    operations_of(EC2Response, describe_regions)
    urls.url_paths["{0}/listRegions$"] = AccountResponse.dispatch
