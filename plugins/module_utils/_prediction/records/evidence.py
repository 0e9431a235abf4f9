# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads behind a record: places with log files, the trails that cover the account, and CloudTrail's public keys."""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.digests import PublicKeys
from ..._account.log_files import EventScan, LogActivity, LogFiles, LogPlaces, Logs, read_log_files
from ..._account.log_places import read_digest_place
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.store import StoreError
from ..._module.connection import Connection
from ..._module.options import StoreOptions
from ..._policy.trail.actions import EventReader
from ..._policy.trail.usage import Source, SourceRead
from .evidence_options import EvidenceOptions
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
_COLONS: t.Final = 5
# A place that can't be read costs the others nothing.
_ERRORS: t.Final = (AwsError, StoreError)


class Places:
    """The places with log files of one account, read side by side. They are listed once, also if read twice."""

    def __init__(
        self,
        connection: Connection,
        options: EvidenceOptions,
        account_id: str,
        open_place: Callable[[StoreOptions], Logs],
        *,
        has_signatures: bool,
    ) -> None:
        """Open the places. ``has_signatures`` says whether the signatures of digest files are checked."""
        self._connection: t.Final = connection
        self._days: t.Final = options.trail_days
        self._failed: t.Final[dict[str, str]] = {}
        self._order: t.Final = [place.location for place in options.trail_logs]
        opened: list[Logs] = []
        for place in options.trail_logs:
            try:
                opened.append(open_place(place))
            except _ERRORS as error:
                self._failed[place.location] = str(error)
        since = connection.now - timedelta(days=self._days)
        keys = self._read_keys(opened) if has_signatures else None
        self._files: t.Final = [
            LogFiles(logs, account_id, since, connection.now, keys, connection.progress) for logs in opened
        ]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._order)

    def records(self) -> t.Iterator[t.Any]:
        """All events, for a first look at them. What can't be read is found out by :meth:`read` again."""
        return LogPlaces(self._files, _ERRORS, self._connection.progress).records()

    def read(self, reader: EventReader, scans: Sequence[EventScan] = ()) -> tuple[LogActivity, ...]:
        """Read all events, at which ``scans`` look too, and return what each place has, in their order."""
        files = [one.restart() for one in self._files]
        progress = self._connection.progress
        found = read_log_files(files, reader, days=self._days, errors=_ERRORS, progress=progress, scans=scans)
        failed = (self._describe_failure(location, failure) for location, failure in self._failed.items())
        return (*found, *failed)

    def _describe_failure(self, location: str, failure: str) -> LogActivity:
        return LogActivity(SourceRead(Source.TRAIL, self._days, "", place=location, failure=failure))

    def _read_keys(self, opened: Sequence[Logs]) -> t.Optional[Mapping[str, PublicKeys]]:
        names = itertools.chain.from_iterable(map(_list_names, opened))
        return read_keys_of_logs(self._connection.access, names, days=self._days, now=self._connection.now)


def _list_names(logs: Logs) -> list[str]:
    try:
        return logs.list()
    except _ERRORS:
        # The reading of its files fails as well, and says so.
        return []


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
    owner = arn.split(":")[4] if arn.count(":") >= _COLONS else ""
    account_id = access.caller.account_id
    if selectors is None and owner not in ("", account_id):
        # AWS answers with an error about the trail, as if there were none.
        reason = f"it belongs to account {owner}, and AWS shows them only there ({reason})"
    return parse_trail(record, status, selectors, reason, account_id)


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
