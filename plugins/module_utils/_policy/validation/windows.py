# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Spans of time in the conditions of a statement: their ends, and mistakes in them.

AWS compares ``aws:CurrentTime`` in UTC. It knows no time of the day and no day of the week.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ..documents.policy import Condition, Statement
from .draft import Draft, DraftIssue
from .holders import Holders

#: The keys that hold the time of a request.
TIME_KEYS: t.Final = frozenset({"aws:currenttime", "aws:epochtime"})
AFTER: t.Final = ("DateGreaterThan", "DateGreaterThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals")
BEFORE: t.Final = ("DateLessThan", "DateLessThanEquals", "NumericLessThan", "NumericLessThanEquals")


@dataclasses.dataclass(frozen=True)
class Window:
    """The span of time in which the conditions of a statement hold; an end is None if there is none."""

    start: t.Optional[datetime] = None
    end: t.Optional[datetime] = None


def read_moment(text: str) -> t.Optional[datetime]:
    """Read a date as conditions have it, ISO 8601 or seconds since 1970; None for anything else."""
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (OverflowError, OSError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_of_time(condition: Condition) -> bool:
    """Whether a condition compares the time of the request."""
    return condition.key.lower() in TIME_KEYS


def find_window(statement: Statement) -> t.Optional[Window]:
    """Find the window of a statement; None if no condition limits it to times, or if a date can't be read.

    Of several values one is enough, so the widest counts. Several conditions must all hold.
    """
    conditions = [condition for condition in statement.conditions if is_of_time(condition)]
    starts = [_read_all(condition.values) for condition in conditions if condition.operator in AFTER]
    ends = [_read_all(condition.values) for condition in conditions if condition.operator in BEFORE]
    if not (starts or ends) or None in starts or None in ends:
        return None
    return Window(
        max((min(moments) for moments in starts if moments), default=None),
        min((max(moments) for moments in ends if moments), default=None),
    )


def _read_all(values: Iterable[str]) -> t.Optional[list[datetime]]:
    moments = [read_moment(value) for value in values]
    found = [moment for moment in moments if moment is not None]
    return found if len(found) == len(moments) else None


def find_open_windows(draft: Draft) -> Iterator[DraftIssue]:
    """Find an Allow that begins at a time and never ends, or that ends and never begins.

    Two Denies, one before and one after, make a window together. So a Deny is not looked at.
    """
    for statement in draft.policy.statements:
        window = find_window(statement) if statement.allow else None
        if window is None or (window.start is not None and window.end is not None):
            continue
        condition, path = next(pair for pair in draft.conditions(statement) if is_of_time(pair[0]))
        missing = "end" if window.end is None else "start"
        message = f"{condition.operator} alone is no time window: {statement.label} has no {missing}"
        yield DraftIssue("time_window_with_one_end", path, message)


def find_passed_windows(draft: Draft, holders: Holders) -> Iterator[DraftIssue]:
    """Find windows that are over: the statement has no effect any more."""
    for statement in draft.policy.statements:
        window = find_window(statement)
        if window is None or window.end is None or window.end > holders.now:
            continue
        path = next(
            path
            for condition, path in draft.conditions(statement)
            if is_of_time(condition) and condition.operator in BEFORE
        )
        effect = "allows" if statement.allow else "denies"
        message = f"the time window ended at {window.end:%Y-%m-%dT%H:%MZ}, so {statement.label} {effect} nothing"
        yield DraftIssue("time_window_is_over", path, message)
