# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How much of each service's calls the log files of one place hold."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from ..._account.digests import Chain
from ..._account.log_files import LogActivity, LogFacts
from ..._account.log_places import GLOBAL_REGIONS
from ..._account.moments import format_utc
from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ..._policy.trail.coverage import LogClass
from .selectors import TrailFacts
from .sources import Sources

# Their events are all in one region, such as us-east-1. STS has an endpoint in each. A trail of one region has them
# only there, and if it includes them.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail-by-using-the-aws-cli-update-trail.html
GLOBAL_SERVICES: t.Final = frozenset({"cloudfront", "iam", "organizations", "route53"})
# STS has an endpoint in each region, and one for all of them.
_IN_ONE_REGION: t.Final = GLOBAL_SERVICES | {"sts"}
# The first event of a window is a little younger than the window.
_EDGE: t.Final = timedelta(days=2)
_DAY: t.Final = timedelta(days=1)
# CloudTrail delivers no log file where nothing happened. A region with files on so many days rests on none.
_BUSY: t.Final = 0.8
_FEWEST_DAYS: t.Final = 10
# An account is rarely without a call for longer: its services and its monitoring make some, also on holidays.
_LONGEST_SILENCE: t.Final = timedelta(days=7)
_S3: t.Final = re.compile(r"s3://([^/]+)/?(.*)\Z")
_WHOLE_TRAIL: t.Final = re.compile(r"(AWSLogs(?P<organization>/o-[a-z0-9]+)?(/(?P<account>\d{12}))?(/CloudTrail)?)?\Z")
# The digest files are beside this folder.
_WITHOUT_DIGESTS: t.Final = re.compile(r"(\A|/)CloudTrail/?\Z")


class PlaceJudge:
    """Judges the classes of services by one place. ``limits`` keep any class from being whole in its log files."""

    def __init__(self, logs: LogActivity, sources: Sources) -> None:
        self._logs: t.Final = logs
        self._sources: t.Final = sources
        self._facts: t.Final = logs.facts
        self._trails: t.Final = self._find_trails()
        self.gaps: t.Final = tuple(sorted((*self._find_digest_gaps(), *_find_empty_days(self._facts))))
        self.limits: t.Final = tuple(self._find_limits())
        self.notes: t.Final = tuple(self._find_notes())

    def judge(self, service: str, log_class: LogClass) -> tuple[Truth, str]:
        """Judge whether the place has all events of a class of a service, with the reason if not."""
        if self._logs.source.failure is not None:
            return NO, self._logs.source.failure
        if not self._trails and self._sources.seen.show(service, log_class, is_global=service in _IN_ONE_REGION):
            return (UNKNOWN, self.limits[0]) if self.limits else (YES, "")
        if not self._trails:
            return UNKNOWN, self._sources.trails_reason or "it is not known which trail wrote the log files"
        found = [self._judge_one(trail, service, log_class) for trail in self._trails]
        for wanted in (YES, UNKNOWN, NO):
            reason = next((reason for truth, reason in found if truth is wanted), None)
            if reason is not None:
                return (UNKNOWN, self.limits[0]) if wanted is YES and self.limits else (wanted, reason)
        return NO, ""

    def _judge_one(self, trail: TrailFacts, service: str, log_class: LogClass) -> tuple[Truth, str]:
        recorded = trail.records(service, log_class)
        if recorded is UNKNOWN:
            return UNKNOWN, f"the selectors of trail {trail.name} could not be read: {trail.reason}"
        if recorded is NO:
            return NO, f"trail {trail.name} does not record all of them"
        is_global = service in GLOBAL_SERVICES and trail.includes_global and trail.home_region in GLOBAL_REGIONS
        if not trail.is_multi_region and not is_global:
            return UNKNOWN, f"trail {trail.name} records the region {trail.home_region} only"
        start = self._sources.start
        if trail.is_logging is None:
            return UNKNOWN, f"it is not known since when trail {trail.name} logs"
        if trail.started is None or trail.started > start:
            when = f"since {format_utc(trail.started)}" if trail.started else "at no time that AWS names"
            return UNKNOWN, f"trail {trail.name} logs {when}"
        if not trail.is_logging:
            return UNKNOWN, f"trail {trail.name} is stopped"
        if trail.delivery_error:
            return UNKNOWN, f"trail {trail.name} can't deliver its files: {trail.delivery_error}"
        return YES, ""

    def _find_trails(self) -> tuple[TrailFacts, ...]:
        """Find the trails that wrote the log files: by their bucket, or by names in digests that AWS signed."""
        trails = self._sources.trails or ()
        place = _S3.match(self._logs.source.place)
        if place is not None:
            return tuple(trail for trail in trails if trail.bucket == place[1] and _is_whole(trail, place[2]))
        chains = self._facts.chains.values()
        if not chains or not all(chain.is_signed for chain in chains):
            return ()
        signed = {name for chain in chains for name in chain.trails}
        return tuple(trail for trail in trails if trail.digest_name in signed)

    def _find_limits(self) -> Iterator[str]:
        facts, sources = self._facts, self._sources
        if facts.broken:
            yield f"{len(facts.broken)} log files could not be read, such as {facts.broken[0]}"
        if facts.refused:
            yield f"{len(facts.refused)} log files are not confirmed by a digest file, such as {facts.refused[0]}"
        if facts.since is not None and facts.since > sources.start + _EDGE:
            days = (sources.now - facts.since).days
            yield f"the log files reach back {days} of {sources.asked_days} days"
        if facts.until is not None and facts.until < sources.now - _DAY:
            yield f"the newest event of the log files is of {format_utc(facts.until)}"
        if self.gaps:
            yield f"log files are missing since {format_utc(self.gaps[0][0])} ({len(self.gaps)} gaps)"
        for moment, name in sources.all_changes:
            yield f"a trail was changed by {name} on {format_utc(moment)}: calls before may be missing"
        if any(chain.bad for chain in facts.chains.values()):
            yield "some digest files are not as CloudTrail wrote them"
        for region, chain in sorted(facts.chains.items()):
            if chain.missing:
                count, name = len(chain.missing), chain.missing[0]
                yield f"{count} log files of {region} that digest files name are missing, such as {name}"
        yield from self._find_missing_digests()

    def _find_missing_digests(self) -> Iterator[str]:
        """Find regions that a trail writes digest files of, and the place has none: they would name the log files.

        "CloudTrail will still deliver a digest file even if there has been no API activity": so a region without any
        has lost them, perhaps together with its log files.
        """
        for trail in self._trails:
            spans = {region: chain.spans[trail.digest_name] for region, chain in self._find_chains(trail)}
            if not self._has_digest_folder or not (trail.is_validated or spans):
                continue
            covered = self._sources.regions if trail.is_multi_region else (trail.home_region,)
            missing = [region for region in covered or () if region not in spans]
            if missing:
                yield (
                    f"there are no digest files of trail {trail.name} in {', '.join(missing)}: "
                    "log files there may have been deleted"
                )
            for region, (started, _ended) in sorted(spans.items()):
                if started is None or started > self._sources.start + _EDGE:
                    when = f"begin on {format_utc(started)}" if started else "can't be read"
                    yield (
                        f"the digest files of trail {trail.name} in {region} {when}: "
                        "log files before may have been deleted"
                    )

    @property
    def _has_digest_folder(self) -> bool:
        """Whether the place would have digest files, if the trail writes any."""
        return not _WITHOUT_DIGESTS.search(self._logs.source.place)

    def _find_chains(self, trail: TrailFacts) -> Iterator[tuple[str, Chain]]:
        """Find the regions with digest files of a trail."""
        yield from ((region, one) for region, one in self._facts.chains.items() if trail.digest_name in one.spans)

    def _find_digest_gaps(self) -> Iterator[tuple[datetime, datetime]]:
        for chain in self._facts.chains.values():
            yield from (gap for gap in chain.gaps if gap[1] > self._sources.start)
            # Log files after the newest digest are ignored, so that without digests a region has no record. Those of
            # another trail do not name them.
            own = [trail.digest_name for trail in self._trails if trail.digest_name in chain.spans]
            for ended in {chain.spans[name][1] for name in own} or {chain.ended}:
                if ended is not None and ended < self._sources.now - _DAY:
                    yield (ended, self._sources.now)

    def _find_notes(self) -> Iterator[str]:
        if self._logs.source.failure is not None:
            yield f"the log files were not read: {self._logs.source.failure}"
            return
        if self._facts.late:
            yield f"{self._facts.late} log files are younger than the newest digest, and were ignored"
        yield from self._find_unverified()
        for trail in self._trails:
            if trail.is_foreign:
                yield (
                    f"trail {trail.name} belongs to account {trail.owner_id}: only there is it recorded "
                    "if somebody changes it"
                )
        days_by_region = self._facts.days.items()
        quiet = sorted(region for region, days in days_by_region if region and not _is_busy(days))
        if quiet and not self._facts.chains:
            yield f"days without log files in {', '.join(quiet)} may be days without calls"

    def _find_unverified(self) -> Iterator[str]:
        """Find log files of which nothing says that all of them are there, and as CloudTrail wrote them."""
        chains = self._facts.chains
        if not chains:
            yield "the log files are not verified, as they have no digest files: some may be changed or deleted"
            return
        if not all(chain.is_signed for chain in chains.values()):
            yield "the hashes of digest files were checked, but not their signatures"
        if self._sources.regions is None:
            yield "not verified: it is not known which regions are enabled, and so where digest files are missing"
            return
        known = {*chains, *(self._sources.regions if any(trail.is_multi_region for trail in self._trails) else ())}
        unknown = sorted({*self._sources.regions} - known)
        if unknown:
            yield f"not verified: whether there were log files in {', '.join(unknown)}, which have no digest files"


def _is_whole(trail: TrailFacts, prefix: str) -> bool:
    """Whether a place holds all files of a trail, and not only those of a region or a day."""
    inside = f"{prefix.strip('/')}/"
    start = f"{trail.prefix}/" if trail.prefix else ""
    if start.startswith(inside) or inside == "/":
        return True
    folder = _WHOLE_TRAIL.match(inside[len(start) :].strip("/")) if inside.startswith(start) else None
    return folder is not None and _is_folder_of(folder, trail)


def _is_folder_of(folder: re.Match[str], trail: TrailFacts) -> bool:
    """Whether a trail writes the files of an account to a folder.

    Trails of the organization and of the account may share a bucket, and each has its own folder:
    ``AWSLogs/<organization>/<account>/`` and ``AWSLogs/<account>/``.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    """
    account = folder["account"]
    if account and trail.account_id not in ("", account):
        return False
    if folder["organization"]:
        return trail.is_organization
    return not (account and trail.is_organization)


def _find_empty_days(facts: LogFacts) -> Iterator[tuple[datetime, datetime]]:
    """Find days without any file in a region that has files on nearly all days. Digests know better."""
    for region, days in facts.days.items():
        if region and region not in facts.chains and _is_busy(days):
            first = min(days)
            span = (first + timedelta(days=number) for number in range((max(days) - first).days))
            for day in span:
                if day not in days:
                    yield (_start_of(day), _start_of(day) + _DAY)
    if not facts.chains:
        yield from _find_silence(facts)


def _find_silence(facts: LogFacts) -> Iterator[tuple[datetime, datetime]]:
    """Find long times without a file in any region. A quiet region is usual, a quiet account is not."""
    days = sorted({day for found in facts.days.values() for day in found})
    for before, after in itertools.pairwise(days):
        if after - before > _LONGEST_SILENCE:
            yield (_start_of(before) + _DAY, _start_of(after))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _is_busy(days: frozenset[date]) -> bool:
    span = (max(days) - min(days)).days + 1 if days else 0
    return span >= _FEWEST_DAYS and len(days) >= _BUSY * span
