# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The evidence of denials: the organization's trail in S3, or the event history of a few accounts."""

from __future__ import annotations

import dataclasses
import functools
import re
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from ..._account.activity import join_lookups as together
from ..._account.activity import look_up
from ..._account.log_files import parse_records, unpack
from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._aws.regions import ENABLED
from ..._converge.store import Store, StoreError
from ..._policy.analysis.principal_matrix import DeniedPair
from .verdict import Verdict
from .watch import (
    Denial,
    PrincipalActions,
    Question,
    WatchResult,
    find_losses,
    find_successes,
    find_suspects,
    join_results,
    watch,
)

EVIDENCE_OPERATIONS: t.Final = Operations(reads=frozenset({"cloudtrail:LookupEvents", "ec2:DescribeRegions"}))
# Two calls a second an account and region, of 50 events: more accounts than these are for the trail in S3.
MOST_LOOKED_UP: t.Final = 5
_MOST_PAGES: t.Final = 100
# A trail without any event of the last day of a soak has stopped, or has events of nobody.
_SILENCE: t.Final = timedelta(days=1)
_LOG_FILE: t.Final = re.compile(r"\.json(\.gz)?\Z")
_ACCOUNT: t.Final = re.compile(r"\d{12}")
_SHOWN: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Window:
    """A question to evidence: which policy (None: any), which accounts, since when, up to when at least, and now."""

    policy_arn: t.Optional[str]
    accounts: tuple[str, ...]
    since: datetime
    until: datetime
    now: datetime
    look_back: timedelta

    @property
    def question(self) -> Question:
        """The question to the events since the stage began."""
        return Question(self.policy_arn, self.since, self.now)

    @property
    def earliest(self) -> datetime:
        """The first moment of the time in which what principals succeeded at counts."""
        return self.since - self.look_back


class Unreadable(Exception):
    """There is no evidence; the message says why."""


class Evidence(t.Protocol):
    """A place with events."""

    source: str

    @property
    def blind_spots(self) -> Sequence[str]:
        """The parts of the question that it could not see."""

    def watch(self, window: Window) -> Mapping[str, WatchResult]:
        """Watch each account's events since the stage began. Raises Unreadable."""

    def find_successes(self, window: Window, account_id: str, denials: Sequence[Denial]) -> PrincipalActions:
        """Find the earlier successes of principals that were denied in an account. Raises Unreadable."""


def reach_verdict(
    evidence: Evidence,
    window: Window,
    insiders: Mapping[str, Collection[str]],
    expected: Collection[DeniedPair],
) -> Verdict:
    watched = evidence.watch(window)
    seen = join_results(list(watched.values()))
    if seen.newest is None:
        raise Unreadable(f"{evidence.source} has no event of {_join_some(window.accounts)} since the stage began")
    if seen.newest < min(window.until, window.now) - _SILENCE:
        raise Unreadable(f"{evidence.source} has no event in the last day of the soak time; it may have stopped")
    open_denials, foreseen, strange = find_suspects(seen.denials, insiders, expected)
    confirmed = _confirm_past_use(evidence, window, open_denials)
    found = find_losses((denial for denial in open_denials if denial.names_policy), confirmed)
    lost = {loss.pair for loss in found}
    unnamed = find_losses((denial for denial in open_denials if not denial.names_policy), confirmed)
    unknown = tuple(loss for loss in unnamed if loss.pair not in lost)
    silent = tuple(account_id for account_id in window.accounts if not watched[account_id].events)
    newcomers = {denial.pair for denial in open_denials} - lost - {loss.pair for loss in unknown}
    return Verdict(
        losses=found,
        unknown=unknown,
        source=evidence.source,
        events=seen.events,
        foreseen=foreseen,
        of_outsiders=strange + len(newcomers),
        of_other_policies=seen.of_others,
        blind_spots=(*_find_blind_spots(silent, seen), *dict.fromkeys(evidence.blind_spots)),
        silent=silent,
    )


def _confirm_past_use(evidence: Evidence, window: Window, denials: Sequence[Denial]) -> PrincipalActions:
    """Confirm the earlier successes of the principals. The past of accounts without a denial is not read."""
    by_account: dict[str, list[Denial]] = {}
    for denial in denials:
        by_account.setdefault(denial.pair.account_id, []).append(denial)
    found: set[tuple[str, str]] = set()
    for account_id, its_own in by_account.items():
        found |= evidence.find_successes(window, account_id, its_own)
    return frozenset(found)


def _join_principal_actions(denials: Sequence[Denial]) -> PrincipalActions:
    return frozenset(item for denial in denials for item in denial.principal_actions)


def _find_blind_spots(silent: Sequence[str], seen: WatchResult) -> tuple[str, ...]:
    spots = []
    if silent:
        spots.append(f"there was no event of {len(silent)} accounts: {_join_some(silent)}")
    if seen.unexplained:
        spots.append(
            f"{seen.unexplained} denials name no policy; they hold the stage if the same call succeeded before it began"
        )
    if seen.misdated:
        spots.append(f"{seen.misdated} events are dated after now, so they do not count")
    return tuple(spots)


class TrailFiles:
    """The organization's trail: ``AWSLogs/<organization>/<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/``.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    """

    blind_spots: t.Final = ()

    def __init__(self, stores: Sequence[Store], organization_id: t.Optional[str], access: Access) -> None:
        """``stores`` are the places of the files. Each of them must be readable, or there is no evidence."""
        self._access = access
        self.source = ", ".join(store.location for store in stores)
        self._places = [(store, _find_base(store, organization_id)) for store in stores]

    def watch(self, window: Window) -> Mapping[str, WatchResult]:
        days = _list_days(window.since, window.now)
        parts = [(account_id, region) for account_id in window.accounts for region in self._list_regions(account_id)]

        def read(account_id: str, region: str) -> WatchResult:
            return watch(self._read_records(account_id, region, days), account_id, window.question)

        found = self._gather({part: functools.partial(read, *part) for part in parts})
        return {
            account_id: join_results([result for (owner, _region), result in found.items() if owner == account_id])
            for account_id in window.accounts
        }

    def find_successes(self, window: Window, account_id: str, denials: Sequence[Denial]) -> PrincipalActions:
        """Read day by day backwards until all is found: most people repeat what they did yesterday."""
        wanted = _join_principal_actions(denials)
        found: set[tuple[str, str]] = set()
        regions = self._list_regions(account_id)

        def read(region: str, day: date) -> PrincipalActions:
            return find_successes(self._read_records(account_id, region, [day]), window.earliest, window.since, wanted)

        # Events from just before the stage began may have been delivered the day after.
        last = min(window.since + timedelta(days=1), window.now)
        for day in reversed(_list_days(window.earliest, last)):
            if found == wanted:
                break
            results = self._gather({region: functools.partial(read, region, day) for region in regions})
            found.update(*results.values())
        return frozenset(found)

    def _list_regions(self, account_id: str) -> tuple[str, ...]:
        found = (store.folders(f"{base}{account_id}/CloudTrail/") for store, base in self._places)
        return tuple(sorted({region for regions in found for region in regions}))

    def _read_records(self, account_id: str, region: str, days: Sequence[date]) -> Iterator[t.Any]:
        for day in days:
            for copies in self._list_files(f"{account_id}/CloudTrail/{region}/{day:%Y/%m/%d}/"):
                yield from _read_copies(copies)

    def _list_files(self, folder: str) -> Iterator[list[tuple[Store, str]]]:
        """List the log files of a folder, each with its copies in other places."""
        found: dict[str, list[tuple[Store, str]]] = {}
        for store, base in self._places:
            for key in store.list(f"{base}{folder}"):
                if _LOG_FILE.search(key):
                    found.setdefault(key.rpartition("/")[2], []).append((store, key))
        yield from (found[name] for name in sorted(found))

    def _gather(self, calls: Mapping[t.Any, Callable[[], t.Any]]) -> dict[t.Any, t.Any]:
        """Make reads in parallel. Raises the error of the first that failed."""
        results = self._access.gather(calls)
        for result in results.values():
            if isinstance(result, AwsError):
                raise result
        return results


def _find_base(store: Store, organization_id: t.Optional[str]) -> str:
    """Find the folder that has those of the accounts: ``trail_logs`` may point above or into it."""
    places = [name for name in (organization_id or "", *_list_organizations(store, organization_id)) if name]
    for base in (*(f"AWSLogs/{name}/" for name in places), *(f"{name}/" for name in places), "AWSLogs/", ""):
        if any(_ACCOUNT.fullmatch(name) for name in store.folders(base)):
            return base
    wanted = f"AWSLogs/{organization_id}" if organization_id else "folder AWSLogs"
    raise Unreadable(f"there is no {wanted} with accounts in {store.location}")


def _list_organizations(store: Store, organization_id: t.Optional[str]) -> list[str]:
    """List the organizations with logs, if none is asked for. Of several, nobody knows which one is meant."""
    if organization_id:
        return []
    found = [name for base in ("AWSLogs/", "") for name in store.folders(base) if name.startswith("o-")]
    return found if len(found) == 1 else []


def _read_copies(copies: Sequence[tuple[Store, str]]) -> Iterator[t.Any]:
    """Read the events of files with the same name, once where they have the same content."""
    seen: list[bytes] = []
    for store, key in copies:
        content = unpack(store.get(key))
        records = parse_records(content)
        if records is None or content is None:
            raise StoreError(f"{store.location}/{key} can't be read: it is no log file of CloudTrail")
        if content not in seen:
            seen.append(content)
            yield from records


class EventHistories:
    """The event history of a few accounts, each read in a role of its own.

    A region that the organization closes can't be asked. If it is not the policy in question that closes it, nothing
    can be lost there to that policy.
    """

    source = "the event history"

    def __init__(self, open_account: Callable[[str], Access], *, is_about_regions: bool) -> None:
        self._open_account = open_account
        self._is_about_regions = is_about_regions
        self.blind_spots: list[str] = []

    def watch(self, window: Window) -> Mapping[str, WatchResult]:
        found: dict[str, WatchResult] = {}
        for account_id in window.accounts:
            records = self._read_records(account_id, [{"StartTime": window.since}], window.now)
            found[account_id] = watch(records, account_id, window.question)
        return found

    def find_successes(self, window: Window, account_id: str, denials: Sequence[Denial]) -> PrincipalActions:
        """Look up only the names of calls that were denied: a month of all events of an account is too much."""
        times = {"StartTime": window.earliest, "EndTime": window.since}
        names = sorted({denial.event for denial in denials})
        questions = [
            {**times, "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]} for name in names
        ]
        records = self._read_records(account_id, questions, window.now)
        return find_successes(records, window.earliest, window.since, _join_principal_actions(denials))

    def _read_records(self, account_id: str, questions: Sequence[Mapping[str, t.Any]], now: datetime) -> list[t.Any]:
        access = self._open_account(account_id)

        def read(region: str) -> tuple[t.Any, ...]:
            def answers(question: Mapping[str, t.Any]) -> Iterator[dict[str, t.Any]]:
                return access.pages("cloudtrail", "LookupEvents", "Events", question, region=region, page_size=50)

            found = together(
                [look_up(answers(one), max_pages=_MOST_PAGES, wait=time.sleep, now=now) for one in questions]
            )
            if not found.whole:
                text = f"the event history of {account_id} in {region} is longer than {_MOST_PAGES} pages"
                raise AwsError(f"{text}: set trail_logs to the organization's trail")
            return tuple(found.records)

        regions = access.regions([ENABLED])
        results = access.gather({region: functools.partial(read, region) for region in regions})
        closed = [region for region, result in results.items() if self._is_closed(result)]
        records: list[t.Any] = []
        for region, result in results.items():
            if isinstance(result, AwsError) and (region not in closed or len(closed) == len(regions)):
                raise result
            records += () if isinstance(result, AwsError) else result
        if closed:
            self.blind_spots.append(
                f"the organization closes {_join_some(closed)} to {account_id}, which were not read"
            )
        return records

    def _is_closed(self, result: t.Union[tuple[t.Any, ...], AwsError]) -> bool:
        return isinstance(result, AccessDenied) and result.is_by_scp and not self._is_about_regions


def _list_days(since: datetime, until: datetime) -> list[date]:
    """List the days in UTC from one moment to another."""
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _join_some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
