# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The kind of event that CloudTrail writes for an action: management read or write, data, or none at all.

A trail records management events unless a selector excludes them, and data events only if a selector asks for their
resource type. Calls that CloudTrail never records leave no trace, so that nobody can conclude that they are unused. If
the pages of AWS leave room for doubt, the action counts as a data event: it then stays unknown instead of unused.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from ..evaluation import catalogue
from ..evaluation.matching import text_matcher
from ..evaluation.truth import YES
from .coverage import Coverage, LogClass
from .log_tables import DATA_EVENTS, FIRST_IS_ENOUGH, READ_ONLY_EVENTS
from .unlogged_tables import NEVER_LOGGED, Unlogged

Matcher = t.Callable[[str], bool]
_READING: t.Final = ("batchget", "describe", "get", "list", "lookup", "search")


def log_class(action: str) -> LogClass:
    """The kind of event that CloudTrail writes for ``service:Name``.

    Management events are reads where the catalogue's only access levels are Read and List, or where their name or a
    table says so. In doubt they are reads, since a trail that leaves some out mostly leaves out reads. An action that
    the catalogue does not know counts as a data event. ``iam:PassRole`` has no event of its own: it is found in the
    requests that pass a role, most of which are management writes.
    """
    return _log_class(action.lower())


def has_all_events(coverage: Coverage, action: str) -> bool:
    """Whether a record has all events of the kind that CloudTrail writes for ``service:Name``."""
    return coverage.of(action.partition(":")[0].lower()).logged.get(log_class(action)) is YES


def never_logged_reason(action: str) -> t.Optional[str]:
    """The reason why CloudTrail never records ``service:Name``, with AWS's page; None where it can."""
    row = _find_unlogged(action.lower())
    return None if row is None else f"{row.reason} ({row.source})"


@functools.lru_cache(maxsize=32768)
def _log_class(action: str) -> LogClass:
    if _find_unlogged(action) is not None:
        return LogClass.NEVER
    levels = catalogue.access_levels(action)
    if _has_data_events(action) or not levels:
        return LogClass.DATA
    service, _colon, name = action.partition(":")
    reads = levels <= {"Read", "List"} or name.startswith(_READING) or _is_read_only(service)(name)
    return LogClass.READ if reads else LogClass.WRITE


@functools.cache
def _is_read_only(service: str) -> Matcher:
    names, _source = READ_ONLY_EVENTS.get(service, ((), ""))
    return text_matcher(tuple(name.lower() for name in names))


def _find_unlogged(action: str) -> t.Optional[Unlogged]:
    service, _colon, name = action.partition(":")
    return next((row for row, matches in _compile_unlogged().get(service, ()) if matches(name)), None)


def _has_data_events(action: str) -> bool:
    service, _colon, name = action.partition(":")
    return any(matches(name) for matches in _compile_data_events().get(service, ()))


@functools.cache
def _compile_data_events() -> Mapping[str, list[Matcher]]:
    found: dict[str, list[Matcher]] = {}
    for row in DATA_EVENTS:
        found.setdefault(row.service, []).append(text_matcher(tuple(name.lower() for name in row.names)))
    return found


@functools.cache
def _compile_unlogged() -> Mapping[str, list[tuple[Unlogged, Matcher]]]:
    found: dict[str, list[tuple[Unlogged, Matcher]]] = {}
    for row in NEVER_LOGGED:
        found.setdefault(row.service, []).append((row, text_matcher(tuple(name.lower() for name in row.names))))
    return found


@functools.cache
def list_needed_types(service: str) -> frozenset[str]:
    """The resource types that selectors must name to record all data events of a service; empty if it has none.

    Where one type has the events of the others as well, it is enough: an object's events have those of access points.
    """
    rows = (row for row in DATA_EVENTS if row.service == service)
    return frozenset(kind for row in rows for kind in (row.types[:1] if service in FIRST_IS_ENOUGH else row.types))


@functools.cache
def list_classes(service: str) -> frozenset[LogClass]:
    """The classes of events that the actions of a service have; empty for a service that the catalogue lacks."""
    return frozenset(log_class(action.full_name) for action in catalogue.actions(service).values())
