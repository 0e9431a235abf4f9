# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads behind a record's coverage: the trails that cover the account, and CloudTrail's public keys."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..._account.digests import PublicKeys
from ..._account.log_places import read_digest_place
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from .selectors import TrailFacts, parse_trail

RECORD_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListPublicKeys",
        }
    )
)
Answer = Mapping[str, t.Any]


def read_trail_facts(access: Access) -> tuple[t.Optional[tuple[TrailFacts, ...]], str]:
    """Read the trails that cover the account; None and the reason if they can't be listed.

    A trail of the organization is seen from its members. Its selectors are often for its owner alone.
    """
    region = access.home_region
    try:
        answer = access.call("cloudtrail", "DescribeTrails", {"includeShadowTrails": True}, region=region)
    except AwsError as error:
        return None, f"the trails could not be listed: {error}"
    by_arn = {str(one.get("TrailARN")): one for one in answer.get("trailList") or ()}
    return tuple(_read_trail(access, by_arn[arn]) for arn in sorted(by_arn)), ""


def _read_trail(access: Access, record: Answer) -> TrailFacts:
    arn, home = str(record.get("TrailARN")), str(record.get("HomeRegion") or access.home_region)
    status, _reason = _try(lambda: access.call("cloudtrail", "GetTrailStatus", {"Name": arn}, region=home))
    selectors, reason = _try(lambda: access.call("cloudtrail", "GetEventSelectors", {"TrailName": arn}, region=home))
    return parse_trail(record, status, selectors, reason)


def _try(call: Callable[[], Answer]) -> tuple[t.Optional[Answer], str]:
    try:
        return call(), ""
    except AwsError as error:
        return None, str(error)


def read_keys_of_logs(
    access: Access, names: t.Iterable[str], *, days: int, now: datetime
) -> t.Optional[dict[str, PublicKeys]]:
    """Read the keys that CloudTrail signed the digests among files with; None if there are no digests, or no keys."""
    regions = {place.region for name in names if (place := read_digest_place(name)) is not None}
    keys = read_public_keys(access, regions, days=days, now=now) if regions else {}
    return keys if any(keys.values()) else None


def read_public_keys(access: Access, regions: t.Iterable[str], *, days: int, now: datetime) -> dict[str, PublicKeys]:
    """Read the public keys that CloudTrail signed digests with, by region. A region that can't be read has none.

    "CloudTrail uses different private/public key pairs per region."
    """
    window = {"StartTime": now - timedelta(days=days + 1), "EndTime": now}
    calls = {region: functools.partial(_list_keys, access, region, window) for region in sorted(set(regions)) if region}
    found = access.gather(calls)
    return {region: {} if isinstance(keys, AwsError) else keys for region, keys in found.items()}


def _list_keys(access: Access, region: str, window: Mapping[str, datetime]) -> PublicKeys:
    pages = access.pages("cloudtrail", "ListPublicKeys", "PublicKeyList", window, region=region)
    return {str(one["Fingerprint"]): bytes(one["Value"]) for page in pages for one in page.get("PublicKeyList") or ()}
