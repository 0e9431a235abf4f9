# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From what was counted to what is known of each role, and what cannot be seen at all. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ...._account.log_files import LogFacts
from ...._account.log_places import read_place
from ...._account.moments import format_utc
from ...._policy.evaluation.truth import NO, YES, Truth
from ...._policy.trail.coverage import Coverage, LogClass
from ...._policy.trail.log_classes import list_classes
from ..model import NewDenial, Watched
from .roles import Seen, WatchedRole
from .tally import MOST_RESOURCES, WatchTally

# A trail without any event of the last day has stopped.
SILENCE: t.Final = timedelta(days=1)
# So many services, users or files are named in a sentence.
_NAMED: t.Final = 10
_KINDS: t.Final[Mapping[LogClass, str]] = {
    LogClass.READ: "reads",
    LogClass.WRITE: "writes",
    LogClass.DATA: "calls on data",
}


@dataclasses.dataclass(frozen=True)
class Reading:
    """What was read for all roles: a count for each source, or the ``failure`` of one.

    ``coverage`` says which calls the sources record at all. ``limits`` are sentences about what was not read.
    ``reaches`` is the moment since when one of the sources has all events that it records; None for none at all.
    """

    now: datetime
    tallies: tuple[WatchTally, ...] = ()
    coverage: t.Optional[Coverage] = None
    limits: tuple[str, ...] = ()
    failure: str = ""
    reaches: t.Optional[datetime] = None


def conclude(role: WatchedRole, reading: Reading) -> Watched:
    """Conclude what is known of a role. Without events of the account nothing is known, and no gate passes."""
    failure = reading.failure or _find_silence(role, reading) or _find_late_start(role, reading)
    if failure:
        return Watched(role.since, reading.now, failure=failure)
    seen = _join([tally.seen[role.arn] for tally in reading.tallies])
    used = frozenset(action.lower() for action in role.used_actions)
    new = tuple(
        NewDenial(
            role.watched_arn,
            key.action,
            key.resource,
            key.by,
            count.count,
            count.first,
            count.last,
            count.message,
            key.action.lower() in used,
        )
        for key, count in seen.list_new()
    )
    return Watched(
        role.since,
        reading.now,
        seen.baseline,
        seen.calls,
        sum(count.count for count in seen.denied.values()),
        new,
        tuple(dict.fromkeys(_list_not_watched(role, reading, new))),
        seen.old_last,
        tuple(_list_users(seen)),
    )


def _join(found: Sequence[Seen]) -> Seen:
    joined = found[0] if found else Seen()
    for one in found[1:]:
        joined = joined.join(one)
    return joined


def _find_silence(role: WatchedRole, reading: Reading) -> str:
    """Say that there is no event of the account where there must be some: the run itself makes calls."""
    moments = [tally.newest for tally in reading.tallies if tally.newest is not None]
    newest = max(moments, default=None)
    if newest is None or newest < role.since:
        return f"there is no event of the account since {format_utc(role.since)}, so nobody knows what was denied"
    if newest < reading.now - SILENCE:
        return f"the newest event of the account is of {format_utc(newest)}: the trail may have stopped"
    return ""


def _find_late_start(role: WatchedRole, reading: Reading) -> str:
    """Say that the events begin after the change, as those of a young trail do."""
    if reading.reaches is None or reading.reaches <= role.since:
        return ""
    return (
        f"the events that were read begin after the change of {format_utc(role.since)}: set trail_logs to a trail that "
        "is as old, or raise event_history_max_pages"
    )


def _list_users(seen: Seen) -> Iterator[str]:
    yield from sorted(set(seen.users.values()))
    if seen.more_users:
        yield "and more"


# What leaves no event


def _list_not_watched(role: WatchedRole, reading: Reading, new: Sequence[NewDenial]) -> Iterator[str]:
    yield from reading.limits
    misdated = sum(tally.misdated for tally in reading.tallies)
    if misdated:
        yield f"{misdated} events are dated after now, so they do not count"
    if any(not denial.resource and denial.count > 1 for denial in new):
        yield f"of very many denied resources of an action, {MOST_RESOURCES} are named and the others counted together"
    if reading.coverage is not None:
        services = role.services or {action.partition(":")[0] for action in role.used_actions}
        yield from describe_unseen(services, reading.coverage)


def describe_unseen(services: Collection[str], coverage: Coverage) -> tuple[str, ...]:
    """Describe the calls of services whose denials leave no event, or perhaps none, with the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for service in sorted({service.lower() for service in services}):
        for what, reason in _find_unseen(service, coverage):
            found.setdefault((what, reason), []).append(service)
    return tuple(f"{what}: {_join_some(names)}{reason}" for (what, reason), names in found.items())


def _find_unseen(service: str, coverage: Coverage) -> Iterator[tuple[str, str]]:
    """Find the kinds of calls of a service that the sources do not have."""
    classes = list_classes(service)
    if not classes or classes == {LogClass.NEVER}:
        yield "denied calls leave no event, since CloudTrail records none of the service", ""
        return
    own = coverage.of(service)
    for kind, words in _KINDS.items():
        state = own.logged.get(kind)
        if kind in classes and state is not YES:
            yield f"denied {words} {_say(state)}", _explain(own.reasons, words)
    if LogClass.NEVER in classes:
        yield "some denied calls leave no event, since CloudTrail never records their actions", ""


def _say(state: t.Optional[Truth]) -> str:
    return "leave no event" if state is NO else "may leave no event"


def _explain(reasons: Iterable[str], words: str) -> str:
    start = f"{words}: "
    reason = next((one.removeprefix(start) for one in reasons if one.startswith(start)), "")
    return f" ({reason})" if reason else ""


def _join_some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


# Log files that can't be believed


def find_broken(facts: LogFacts, since: datetime) -> str:
    """Find log files since a moment that could not be read, or are not as CloudTrail wrote them, in words.

    A denial may be in them. Older ones only make the baseline smaller. Other files of the bucket do not matter.
    """
    missing = [name for chain in facts.chains.values() for name in chain.missing]
    bad = [name for chain in facts.chains.values() for name in chain.bad]
    for names, what in (
        (facts.broken, "log files could not be read"),
        (facts.refused, "log files are not as a digest file says"),
        (missing, "log files are missing that a digest file names"),
        (bad, "digest files are not as CloudTrail wrote them"),
    ):
        found = [name for name in names if _is_since(name, since)]
        if found:
            return f"{len(found)} {what}, such as {found[0]}: a denial may be in them"
    gaps = [gap for chain in facts.chains.values() for gap in chain.gaps if gap[1] > since]
    if gaps:
        return f"there are no digest files from {format_utc(gaps[0][0])} to {format_utc(gaps[0][1])}"
    return ""


def _is_since(name: str, since: datetime) -> bool:
    """Whether a file of CloudTrail may have events since a moment. Its day is that of its delivery."""
    if "CloudTrail" not in name:
        # A bucket may have the files of AWS Config and others as well.
        return False
    day = read_place(name).day
    return day is None or day >= since.astimezone(UTC).date()
