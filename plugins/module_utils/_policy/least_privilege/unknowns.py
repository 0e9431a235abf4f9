# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which actions that no call shows must stay, since nobody can know that they are unused.

An action is removable only where the record of its kind of event is complete, or where service last accessed has no
date of it. Whatever else is granted today stays, at the resources of today, and is listed with what would settle it.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..evaluation import catalogue
from ..evaluation.truth import NO, UNKNOWN, YES
from ..trail.coverage import LogClass, Record, Status
from ..trail.log_classes import log_class, never_logged_reason
from ..trail.permission_only import explain_missing_event, is_permission_only, list_callers
from ..trail.usage import Source, Use
from .needs import PASS_ROLE, is_recorded_call
from .settings import TRACKED_DAYS, Settings

# The clocks of CloudTrail and of service last accessed differ a little.
_CLOCKS_DIFFER: t.Final = timedelta(hours=1)
_SETTLED_BY: t.Final = {
    LogClass.DATA: "log the data events of {service} for a whole window, or name what it needs",
    LogClass.READ: "log the read events of {service} for a whole window",
    LogClass.WRITE: "log the write events of {service} for a whole window",
    LogClass.NEVER: "ask the owner, since CloudTrail never records it",
}


class Verdict(enum.StrEnum):
    """The outcome for an action that no call shows."""

    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The outcome for one action, its reason, when it was last accessed, and what would settle it."""

    verdict: Verdict
    why: str
    last_accessed: t.Optional[datetime] = None
    settled_by: str = ""


class Unused:
    """Judges the actions that no recorded call shows, for one principal.

    ``services`` are the prefixes of those with calls that today's policies allow; None for all of the record.
    """

    def __init__(self, record: Record, settings: Settings, services: t.Optional[Collection[str]] = None) -> None:
        self._record: t.Final = record
        self._settings: t.Final = settings
        calls = [use for use in record.explaining if is_recorded_call(use)]
        self._calls: t.Final = _find_latest(calls, lambda use: use.action.lower())
        self._used: t.Final = {use.action.lower() for use in record.uses if is_recorded_call(use)}
        self._services: t.Final = _find_latest(calls, lambda use: use.service)
        self._left_out: t.Final = {
            **_find_latest(record.left_out, lambda use: use.service),
            **_find_latest(record.left_out, lambda use: use.action.lower()),
        }
        allowed = [use for use in record.uses if is_recorded_call(use) and not use.is_possible]
        self._named: t.Final = {use.action.lower() for use in allowed}
        used = [use for use in allowed if services is None or use.service in services]
        self._used_services: t.Final = _find_latest(used, lambda use: use.service)
        dates = [use for use in record.uses if use.source is Source.LAST_ACCESSED and use.last]
        self._dates: t.Final = _find_latest(
            [use for use in dates if not use.is_service_level], lambda use: use.action.lower()
        )
        self._actions: t.Final = _group_by_service([use for use in dates if not use.is_service_level])
        self._open: t.Final = _group_by_service([use for use in dates if use.is_service_level])
        nameless = [use for use in record.uses if use.is_service_level and is_recorded_call(use)]
        self._nameless: t.Final = _group_by_service(nameless)

    def is_complete(self, action: str) -> bool:
        """Whether all calls of an action were recorded over the whole window.

        If the record has an event of an action, then events name it.
        """
        is_named = not is_permission_only(action) or action.lower() in self._named
        return is_named and self._is_recorded(action)

    def _is_recorded(self, action: str) -> bool:
        """Whether all events of the kind that an action has, or would have, were recorded over the whole window."""
        kind = log_class(action)
        coverage = self._record.coverage.of(action.partition(":")[0].lower())
        if kind is LogClass.NEVER or coverage.status is Status.BLIND:
            return False
        logged = coverage.logged.get(kind, YES if coverage.status is Status.COMPLETE else NO)
        # A person may know which events a trail logs. That files are missing or broken is known already.
        is_whole = not (self._record.coverage.gaps or self._record.coverage.files_broken)
        return logged is YES or (logged is UNKNOWN and is_whole and kind in self._settings.assume_logged)

    def list_open_dates(self) -> Iterator[Use]:
        """List the dates of last access that keep something: recent ones that complete records do not explain.

        A date of an action that is after the end of the record can't be in it. If the action was recorded before, the
        call is one more of it. A date of a service that recorded calls explain still stays open for its actions that
        were not all recorded.
        """
        for use in self._record.uses:
            if is_recorded_call(use) or use.last is None or not self._is_recent(use.last):
                continue
            if not use.is_service_level:
                if not (self.is_complete(use.action) and self._is_shown(use.action.lower(), use.last)):
                    yield use
                continue
            if not _explains(self._services.get(use.service), use.last):
                yield use
                continue
            names = [item.full_name for item in catalogue.actions(use.service).values()]
            recorded = frozenset(name.lower() for name in names if self.is_complete(name))
            if len(recorded | use.besides) < len(names):
                yield dataclasses.replace(use, besides=use.besides | recorded)

    def _is_shown(self, action: str, accessed: datetime) -> bool:
        """Whether a call explains a date, or the date is after the record and calls before it show the action.

        The newest files have no digest yet and are not read. Of a busy principal AWS knows later calls.
        """
        until = self._record.coverage.until
        is_after = until is not None and accessed >= until - _CLOCKS_DIFFER
        return _explains(self._calls.get(action), accessed) or (is_after and action in self._used)

    def judge(self, action: str) -> Judgement:
        """Judge one action that is granted and that no recorded call shows."""
        service = action.partition(":")[0].lower()
        if action.lower() == PASS_ROLE:
            return Judgement(Verdict.REMOVED, "no recorded call passes a role, and roles that are not known stay out")
        unlogged = never_logged_reason(action)
        if unlogged is not None:
            return Judgement(Verdict.UNKNOWN, unlogged, self._find_date(action), self._settle(action))
        nameless = [use for use in self._nameless.get(service, ()) if action.lower() not in use.besides]
        if nameless:
            why = f"{sum(use.count for use in nameless)} recorded calls of {service} are of an action that is not known"
            return Judgement(Verdict.UNKNOWN, why, settled_by="report the names of these events")
        return self._judge_by_dates(action, service)

    def _judge_by_dates(self, action: str, service: str) -> Judgement:
        is_complete = self.is_complete(action)
        when = self._find_date(action, only_unexplained=is_complete)
        if when is not None and self._is_recent(when):
            days = (self._settings.now - when).days
            why = f"last accessed {when.date().isoformat()}, {days} days ago, and no recorded call explains it"
            if not is_complete:
                why = f"last accessed {when.date().isoformat()}, and {self._describe(action, service)}"
            return Judgement(Verdict.UNKNOWN, why, when, self._settle(action))
        users = self._list_users(action, service)
        if users:
            why = f"{', '.join(users)} was used, and {self._describe(action, service)}"
            return Judgement(Verdict.UNKNOWN, why, None, self._settle(action))
        is_checked = is_complete or (is_permission_only(action) and self._is_recorded(action))
        if not is_checked and not self._record.is_last_accessed_read:
            why = f"{self._describe(action, service)}, and service last accessed was not read"
            return Judgement(Verdict.UNKNOWN, why, None, self._settle(action))
        return Judgement(Verdict.REMOVED, self._explain_removal(action, is_complete), self._find_date(action))

    def _list_users(self, action: str, service: str) -> tuple[str, ...]:
        """List the services that were used, and whose calls may have needed an action that no event shows.

        AWS checks such an action within another call, of the same service or of one of ``list_callers``. An action
        with a date of last access of its own needs no such guess.
        """
        if not is_permission_only(action) or any(action.lower() in use.besides for use in self._open.get(service, ())):
            return ()
        return tuple(name for name in (service, *sorted(list_callers(action))) if self._was_used(name))

    def _was_used(self, service: str) -> bool:
        """Whether a service was used, by calls that were allowed or by its date. Denied calls keep nothing."""
        called = self._used_services.get(service)
        if called is not None and self._is_recent(called):
            return True
        uses = (*self._open.get(service, ()), *self._actions.get(service, ()))
        return any(self._is_recent(use.last) and not self._is_foreign(use) for use in uses if use.last)

    def _is_foreign(self, use: Use) -> bool:
        """Whether a date is that of a call that was left out, in a record that has all calls of the service."""
        left_out = self._left_out.get(use.service if use.is_service_level else use.action.lower())
        is_whole = self._record.coverage.of(use.service).status is Status.COMPLETE
        return is_whole and _explains(left_out, t.cast(datetime, use.last))

    def _explain_removal(self, action: str, is_complete: bool) -> str:
        when = self._find_date(action)
        read = self._record.is_last_accessed_read
        if when is not None and not self._is_recent(when):
            accessed = f"last accessed {when.date().isoformat()}, longer ago than assume_unused_after"
        elif when is not None:
            calls = "calls that exclude_evidence leaves out" if self._was_left_out(action) else "recorded calls"
            accessed = f"{calls} of the service explain its date of last access"
        else:
            accessed = f"not accessed in {TRACKED_DAYS} days" if read else "service last accessed was not read"
        if is_permission_only(action) and not read:
            service = action.partition(":")[0].lower()
            days = _count_days(self._record)
            return f"no call of {service}, within which AWS would check it, in a complete record of {days} days"
        if not is_complete:
            return accessed
        return f"no call in a complete record of {_count_days(self._record)} days; {accessed}"

    def _was_left_out(self, action: str) -> bool:
        service = action.partition(":")[0].lower()
        uses = (*self._open.get(service, ()), *self._actions.get(service, ()))
        own = (use for use in uses if use.is_service_level or use.action.lower() == action.lower())
        return any(self._is_foreign(use) for use in own)

    def _find_date(self, action: str, *, only_unexplained: bool = False) -> t.Optional[datetime]:
        """Find when an action was last accessed, or may have been as one of its service.

        Dates that a recorded call explains can be left out, be it a denied one: AWS counts these as well.
        """
        lower = action.lower()
        service = lower.partition(":")[0]
        found: list[datetime] = []
        own = self._dates.get(lower)
        if own is not None and not (only_unexplained and _explains(self._calls.get(lower), own)):
            found.append(own)
        for use in self._open.get(service, ()):
            explained = only_unexplained and _explains(self._services.get(service), t.cast(datetime, use.last))
            if lower not in use.besides and not explained:
                found.append(t.cast(datetime, use.last))
        return max(found, default=None)

    def _is_recent(self, when: datetime) -> bool:
        return self._settings.now - when <= timedelta(days=self._settings.assume_unused_after)

    def _describe(self, action: str, service: str) -> str:
        unnamed = explain_missing_event(action)
        if unnamed is not None:
            return unnamed
        coverage = self._record.coverage.of(service)
        reasons = f": {'; '.join(coverage.reasons)}" if coverage.reasons else ""
        kind = log_class(action).value.replace("_", " ")
        return f"the record of the {kind} events of {service} is not complete ({coverage.status.value}{reasons})"

    def _settle(self, action: str) -> str:
        if is_permission_only(action):
            return "ask the owner, since no event names it"
        return _SETTLED_BY[log_class(action)].format(service=action.partition(":")[0].lower())


def _count_days(record: Record) -> int:
    since, until = record.coverage.since, record.coverage.until
    return (until - since).days if since and until else 0


def _explains(call: t.Optional[datetime], accessed: datetime) -> bool:
    return call is not None and call >= accessed - _CLOCKS_DIFFER


def _find_latest(uses: Iterable[Use], key: t.Callable[[Use], str]) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for use in uses:
        if use.last is not None:
            name = key(use)
            found[name] = max(use.last, found.get(name, use.last))
    return found


def _group_by_service(uses: Sequence[Use]) -> Mapping[str, Collection[Use]]:
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.service, []).append(use)
    return found
