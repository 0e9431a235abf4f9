# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The actions of an account's principals: from service last accessed, from the event history, and from log files."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from .._policy.evaluation import catalogue
from .._policy.trail.actions import EventReader
from .._policy.trail.callers import SkipReason, moment_of
from .._policy.trail.calls import Reading
from .._policy.trail.names import actions_of
from .._policy.trail.usage import Source, SourceRead, Use, group_by_principal
from .kept_records import KeptRecords, Records
from .model import ServiceUse
from .moments import whole_days

# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
LAST_ACCESSED_DAYS: t.Final = 400
LAST_ACCESSED_LAG: t.Final = "up to 4 hours"
LAST_ACCESSED_BLIND_SPOTS: t.Final = (
    "service last accessed counts denied attempts too, and has neither resources nor conditions",
    "service last accessed has actions of some services only, and none on data",
    "service last accessed and CloudTrail never record iam:PassRole",
)
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
EVENT_HISTORY_DAYS: t.Final = 90
TRAIL_LAG: t.Final = "about 5 minutes, at times more"
EVENT_HISTORY_BLIND_SPOTS: t.Final = (
    "the event history has only management events, and no call on data such as s3:GetObject",
)
TRAIL_BLIND_SPOTS: t.Final = ("log files have calls on data only if the trail is configured to record them",)
# "The rate of lookup requests is limited to two per second, per account, per Region":
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
SECONDS_BETWEEN_LOOKUPS: t.Final = 0.5

# AWS counts the last access of an action and of its service apart.
_CLOCKS_DIFFER: t.Final = timedelta(hours=1)
_HALF: t.Final = re.compile(r"\\u[dD][89a-fA-F]")


@dataclasses.dataclass(frozen=True)
class Activity:
    """The answer of one source about all principals. ``reading`` is there if it is made of events."""

    source: SourceRead
    uses: tuple[Use, ...] = ()
    skipped: Mapping[SkipReason, int] = dataclasses.field(default_factory=dict)
    reading: t.Optional[Reading] = None

    def of(self, principal_arn: str) -> tuple[Use, ...]:
        """The uses of one principal."""
        return self._by_principal.get(principal_arn, ())

    @functools.cached_property
    def _by_principal(self) -> Mapping[str, tuple[Use, ...]]:
        return group_by_principal(self.uses)


# Service last accessed


def uses_of_services(principal_arn: str, services: Iterable[ServiceUse]) -> tuple[Use, ...]:
    """Return the data of service last accessed on one principal, as uses.

    The actions that AWS tracks are listed one by one. If the service was used, any of its other actions may
    have been: a call on data leaves nothing but the service's own date. Where AWS leaves no other action to have been
    it, and none that it tracks has a date either, any of them may have been. The same holds for the date of a name that
    is no action.
    """
    return tuple(use for service in services if service.last_used for use in _uses_of(principal_arn, service))


def _uses_of(principal_arn: str, service: ServiceUse) -> Iterator[Use]:
    known = catalogue.actions(service.service)
    tracked: set[str] = set()
    is_unnamed = False
    for name, when in service.actions.items():
        # AWS calls some as CloudTrail does, with a date: CreateFunction20150331.
        actions = actions_of(service.service, name)
        if not actions and known:
            # The name of a request such as TransactWriteItems, or of an action that the catalogue does not have yet.
            is_unnamed = is_unnamed or when is not None
            continue
        actions = actions or (f"{service.service}:{name}",)
        tracked.update(action.lower() for action in actions)
        if when is not None:
            for action in actions:
                yield Use(principal_arn, action, Source.LAST_ACCESSED, last=when)
    untracked = not known or any(action.full_name.lower() not in tracked for action in known.values())
    if untracked or is_unnamed or not _is_explained(service):
        yield Use(
            principal_arn,
            f"{service.service}:*",
            Source.LAST_ACCESSED,
            last=service.last_used,
            is_service_level=True,
            besides=frozenset(tracked) if untracked and not is_unnamed else frozenset(),
        )


def _is_explained(service: ServiceUse) -> bool:
    """Whether one of the tracked actions was used when the service last was; a later use was one of something else."""
    dates = [when for when in service.actions.values() if when is not None]
    return service.last_used is None or (bool(dates) and max(dates) >= service.last_used - _CLOCKS_DIFFER)


def last_accessed(principal_arn: str, services: t.Optional[Sequence[ServiceUse]], *, failure: str) -> Activity:
    """Return the data of service last accessed on one principal; ``services`` is None if ``failure`` kept it unread.

    AWS lists every service that the principal may use: an empty list is no data, which never means that nothing was
    used.
    """
    if not services:
        reason = failure or "AWS has no data on it"
        return Activity(SourceRead(Source.LAST_ACCESSED, LAST_ACCESSED_DAYS, LAST_ACCESSED_LAG, failure=reason))
    uses = uses_of_services(principal_arn, services)
    read = SourceRead(
        Source.LAST_ACCESSED, LAST_ACCESSED_DAYS, LAST_ACCESSED_LAG, LAST_ACCESSED_BLIND_SPOTS, records=len(uses)
    )
    return Activity(read, uses)


# The event history


@dataclasses.dataclass(frozen=True)
class Lookup:
    """The events of one region, newest first. ``whole``: these are all that AWS keeps; else they reach to ``since``."""

    records: Records
    whole: bool
    since: t.Optional[datetime] = None


def look_up(
    answers: Iterable[Mapping[str, t.Any]], *, max_pages: int, wait: Callable[[float], None], now: datetime
) -> Lookup:
    """The events in the answers of LookupEvents, which are asked for one by one, and at most so many.

    Between two calls half a second passes, as AWS's limit has it.
    """
    records = KeptRecords()
    is_whole, since = True, now
    for found, has_more in read_lookup_pages(answers, max_pages=max_pages, wait=wait):
        records.add(found)
        since = min([since, *(moment for moment in map(moment_of, found) if moment is not None)])
        is_whole = not has_more
    return Lookup(records, whole=is_whole, since=None if is_whole else since)


def read_lookup_pages(
    answers: Iterable[Mapping[str, t.Any]], *, max_pages: int, wait: Callable[[float], None]
) -> Iterator[tuple[tuple[t.Any, ...], bool]]:
    """The events of each answer of LookupEvents, newest first, and whether AWS has more. At most so many are read."""
    for number, answer in enumerate(answers, start=1):
        has_more = bool(answer.get("NextToken"))
        yield tuple(_record(event) for event in answer.get("Events") or ()), has_more
        if not has_more or number >= max_pages:
            return
        wait(SECONDS_BETWEEN_LOOKUPS)


def join_lookups(lookups: Sequence[Lookup]) -> Lookup:
    """Join the answers to several questions to one region. They reach as far back as the shortest one."""
    reached = [lookup.since for lookup in lookups if lookup.since is not None]
    records = KeptRecords()
    for lookup in lookups:
        records.extend(lookup.records)
    return Lookup(records, whole=all(lookup.whole for lookup in lookups), since=max(reached, default=None))


def event_history(
    lookups: Mapping[str, Lookup],
    failures: Mapping[str, str],
    reader: EventReader,
    *,
    now: datetime,
    others: t.Optional[Collection[str]] = None,
    is_enough: bool = False,
    closed: Collection[str] = (),
) -> Activity:
    """Return the events in the history of some regions; ``failures`` are the reasons why others could not be read.

    Among these, nobody of the account can call in the ``closed`` ones, which it has not enabled.
    ``others`` are the account's regions that were not asked, None where they are not known; with ``is_enough`` they do
    not matter. The window reaches back as far as the events of every region that was read.
    """
    if not lookups:
        failure = "; ".join(f"{region}: {reason}" for region, reason in failures.items()) or "no region was read"
        return Activity(SourceRead(Source.EVENT_HISTORY, EVENT_HISTORY_DAYS, TRAIL_LAG, failure=failure))
    since = now - timedelta(days=EVENT_HISTORY_DAYS)
    blind = list(EVENT_HISTORY_BLIND_SPOTS)
    for region, lookup in lookups.items():
        if not lookup.whole:
            blind.append(f"only the {len(lookup.records)} newest events of the event history in {region} were read")
            since = max(since, lookup.since or now)
    unread = {name: f"the event history in {name} could not be read: {reason}" for name, reason in failures.items()}
    blind += unread.values()
    blind += _describe_unread_regions(others)
    reading = reader.read((record for lookup in lookups.values() for record in lookup.records), Source.EVENT_HISTORY)
    return make_activity(
        Source.EVENT_HISTORY,
        reading,
        days=whole_days(since, now),
        blind_spots=tuple(blind),
        place=f"regions {', '.join(lookups)}",
        is_whole=not failures and (others == () or is_enough) and all(lookup.whole for lookup in lookups.values()),
        gaps=tuple(text for region, text in unread.items() if region not in closed),
    )


def _describe_unread_regions(regions: t.Optional[Collection[str]]) -> list[str]:
    """Describe the regions whose calls are not known: a principal that calls here may also call there."""
    if regions is None:
        return ["it is not known whether the account has other regions than those whose event history was read"]
    return [f"the event history of {len(regions)} other regions was not read (regions)"] if regions else []


def _record(event: Mapping[str, t.Any]) -> t.Any:
    """The whole event, which LookupEvents hands out as a text."""
    try:
        return load_json(event.get("CloudTrailEvent") or "")
    except (ValueError, RecursionError):
        return None


def load_json(text: str) -> t.Any:
    """Load JSON with events. Raises ValueError: it is none.

    JSON can hold halves of surrogate pairs, and no file can. A caller can put them into requests. They are replaced.
    """
    document = json.loads(text)
    return _replace_halves(document) if _HALF.search(text) else document


def _replace_halves(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_replace_halves(key): _replace_halves(item) for key, item in value.items()}
    return [_replace_halves(item) for item in value] if isinstance(value, list) else value


def make_activity(
    source: Source,
    reading: Reading,
    *,
    days: int,
    blind_spots: tuple[str, ...],
    place: str,
    is_whole: bool,
    gaps: tuple[str, ...] = (),
) -> Activity:
    """Make the answer of a source of what was read of its events."""
    blind_spots = (*blind_spots, *describe_exclusions(reading))
    read = SourceRead(
        source, days, TRAIL_LAG, blind_spots, records=reading.events, place=place, is_whole=is_whole, gaps=gaps
    )
    return Activity(read, reading.uses, reading.skipped, reading)


def describe_exclusions(reading: Reading) -> tuple[str, ...]:
    """Describe the events that exclude_evidence leaves out."""
    return tuple(f"{count} events were left out: {name}" for name, count in sorted(reading.excluded.items()))
