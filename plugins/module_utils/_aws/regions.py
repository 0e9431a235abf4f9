# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Partitions and regions, from botocore's own data and the account itself: no region or ARN is spelled out here."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from . import sdk
from .errors import InvalidRequest
from .region_names import ENABLED, explain_unknown, parse_partitions

if t.TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["ENABLED", "GLOBAL_SERVICES", "home_region_of", "is_offered", "parse_regions", "partition_of"]

_DEFAULT_PARTITION: t.Final = "aws"
# Services with one endpoint a partition. They are called in IAM's home region, which also keeps them out of reach of
# policies that deny regions.
GLOBAL_SERVICES: t.Final = frozenset({"account", "iam", "organizations"})


def partition_of(session: Session, region: str) -> str:
    """The partition that ``region`` is in; regions that this botocore does not know yet are recognized by their names.

    :raises InvalidRequest: no partition has regions of this name.
    """
    try:
        return str(session.get_partition_for_region(region))
    except sdk.UnknownRegionError:
        raise InvalidRequest(f"region: {region!r} is not the name of a region, such as eu-west-1") from None


def home_region_of(session: Session, partition: t.Optional[str]) -> str:
    """The region that IAM's one endpoint in ``partition`` is in, and that its events come from.

    Taken from IAM's entry in botocore's endpoints and, for partitions where it has none, from the region that signs
    the requests to global services.
    """
    partition = partition or _DEFAULT_PARTITION
    loader = session.get_component("data_loader")
    services = {entry["partition"]: entry["services"] for entry in loader.load_data("endpoints")["partitions"]}
    endpoints = services.get(partition, {}).get("iam", {}).get("endpoints", {})
    scope = endpoints.get(f"{partition}-global", {}).get("credentialScope", {})
    if "region" in scope:
        return str(scope["region"])
    outputs = {entry["id"]: entry["outputs"] for entry in loader.load_data("partitions")["partitions"]}
    if partition not in outputs:
        raise InvalidRequest(f"{partition!r} is not a partition of AWS: one of {', '.join(sorted(outputs))}")
    return str(outputs[partition]["implicitGlobalRegion"])


def is_offered(session: Session, service: str, region: str) -> bool:
    """Whether botocore's data has an endpoint of ``service`` for ``region`` (for a global service: its partition)."""
    partition = partition_of(session, region)
    if service in GLOBAL_SERVICES:
        return bool(session.get_available_regions(service, partition, allow_non_regional=True))
    return region in session.get_available_regions(service, partition)


def parse_regions(requested: Iterable[str], session: Session, partition: str) -> tuple[str, ...]:
    """Parse the requested regions: each once, in the order given.

    A name counts only if botocore lists it: a misspelt one would be asked at an endpoint that does not exist.

    :raises InvalidRequest: one is no region of ``partition``.
    """
    partitions = parse_partitions(session.get_component("data_loader").load_data("partitions"))
    regions = tuple(dict.fromkeys(region.strip() for region in requested if region.strip()))
    for region in regions:
        problem = explain_unknown(region, partitions, partition)
        if problem:
            raise InvalidRequest(f"regions: {problem}")
    return regions
