# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The recorded uses of principals, and how far each kind of evidence can be believed."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from ..evaluation.context import Context


class Source(enum.StrEnum):
    """Where AWS keeps a trace of use; the most detailed source first."""

    TRAIL = "trail"
    LAST_ACCESSED = "last_accessed"
    EVENT_HISTORY = "event_history"


_ORDER: t.Final = {source: place for place, source in enumerate(Source)}
_NAMES: t.Final = {
    Source.TRAIL: "the trail",
    Source.LAST_ACCESSED: "service last accessed",
    Source.EVENT_HISTORY: "the event history",
}
_CLOCKS_DIFFER: t.Final = timedelta(hours=1)
_NOTHING_KNOWN: t.Final = Context({}, complete=False)


@dataclasses.dataclass(frozen=True)
class Use:
    """One thing that a principal did, once or often.

    ``action`` is ``service:Name``; at service level it is ``service:*``, and which of the actions it was is not known,
    only that it need not be one of ``besides`` (full names in lower case), for which there is evidence of their own.
    ``resource`` is None if the evidence has none. ``context`` holds what is known of the condition keys, and is
    incomplete. ``principal_arn`` is the user or the role, never its session. ``access_key_id`` is the long-term key
    that signed, where that is known. ``count`` is 0 where nobody counts.

    ``candidates`` are patterns of the ARNs that it may have been about, where ``resource`` is None, and otherwise the
    ARNs by which policies know the resource, if not by its own; empty for any, or for none but its own. With
    ``is_possible`` a call that was made may have needed the permission as well, or not: that is not known.
    ``invoked_by`` is the service (``athena.amazonaws.com``) that called on the principal's behalf. ``is_dry_run`` marks
    a call that AWS only checked, and would have allowed.
    """

    principal_arn: str
    action: str
    source: Source
    resource: t.Optional[str] = None
    context: Context = _NOTHING_KNOWN
    count: int = 0
    first: t.Optional[datetime] = None
    last: t.Optional[datetime] = None
    is_service_level: bool = False
    besides: frozenset[str] = frozenset()
    access_key_id: t.Optional[str] = None
    candidates: tuple[str, ...] = ()
    is_possible: bool = False
    invoked_by: str = ""
    is_dry_run: bool = False

    @property
    def service(self) -> str:
        """The prefix of the service in policies."""
        return self.action.partition(":")[0].lower()

    @property
    def may_be_denied(self) -> bool:
        """Whether it may have been a mere attempt: service last accessed counts denied calls as well.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
        """
        return self.source is Source.LAST_ACCESSED


def merge_uses(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Merge equal uses into one, with their sum and from the first to the last use, in a stable order."""
    found: dict[tuple[t.Hashable, ...], Use] = {}
    for use in uses:
        what = (use.action.lower(), use.resource, use.candidates, use.is_possible)
        key = (use.principal_arn, *what, use.source, use.context, use.access_key_id, use.invoked_by, use.is_dry_run)
        other = found.get(key)
        found[key] = use if other is None else _join_uses(other, use)
    return tuple(sorted(found.values(), key=_place))


def group_by_principal(uses: Iterable[Use]) -> Mapping[str, tuple[Use, ...]]:
    """Group uses by their principals, so that each of many principals does not look through those of all."""
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.principal_arn, []).append(use)
    return {arn: tuple(its_own) for arn, its_own in found.items()}


def drop_explained_uses(uses: Iterable[Use], *, by: Collection[Source]) -> tuple[Use, ...]:
    """Drop dates of last use that recorded calls explain, since the calls also show the resource.

    Call this only if all calls that the sources ``by`` keep were read: otherwise there may be another call that was
    not read. AWS's two clocks may differ a little.
    """
    given = tuple(uses)
    recorded: dict[tuple[str, str], datetime] = {}
    for use in given:
        if use.source in by and use.last is not None and not (use.is_service_level or use.is_possible):
            key = (use.principal_arn, use.action.lower())
            recorded[key] = max(use.last, recorded.get(key, use.last))
    return tuple(use for use in given if not _is_explained(use, recorded))


def _is_explained(use: Use, recorded: Mapping[tuple[str, str], datetime]) -> bool:
    call = recorded.get((use.principal_arn, use.action.lower()))
    if use.source is not Source.LAST_ACCESSED or use.is_service_level or call is None or use.last is None:
        return False
    return call >= use.last - _CLOCKS_DIFFER


def _place(use: Use) -> tuple[t.Any, ...]:
    what = (use.action.lower(), use.is_possible, use.resource or "", use.candidates, use.invoked_by, use.is_dry_run)
    return (use.principal_arn, _ORDER[use.source], *what, use.access_key_id or "", use.context.sort_key)


def _join_uses(one: Use, other: Use) -> Use:
    firsts = [moment for moment in (one.first, other.first) if moment]
    lasts = [moment for moment in (one.last, other.last) if moment]
    return dataclasses.replace(
        one,
        count=one.count + other.count,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        besides=one.besides & other.besides,
    )


@dataclasses.dataclass(frozen=True)
class SourceRead:
    """One source of evidence on one principal. ``failure`` says why it could not be read; then it is worth nothing.

    ``window_days`` is how far back it reaches, ``records`` how many calls, actions or services it has. With
    ``is_whole`` every call that such a source keeps was read, of all regions and a whole quarter. ``gaps`` are the
    parts that could not be read, each with the reason; the rest counts.
    """

    source: Source
    window_days: int
    lag: str
    blind_spots: tuple[str, ...] = ()
    records: int = 0
    place: str = ""
    failure: t.Optional[str] = None
    is_whole: bool = False
    gaps: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that was looked at to learn what one principal did."""

    reads: tuple[SourceRead, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that could be read, the most telling first."""
        return tuple(sorted({read.source for read in self.reads if read.failure is None}, key=_ORDER.__getitem__))

    @property
    def windows(self) -> str:
        """How many days back each source reaches, in words, the most telling first."""
        read = sorted((read for read in self.reads if read.failure is None), key=lambda read: _ORDER[read.source])
        return ", ".join(dict.fromkeys(f"{read.window_days} of {_NAMES[read.source]}" for read in read))

    @property
    def window_days(self) -> int:
        """How many days back the farthest of the sources reaches; 0 without any."""
        return max((read.window_days for read in self.reads if read.failure is None), default=0)

    @property
    def lag(self) -> str:
        """Return the delay of each source, in words."""
        lags = dict.fromkeys(f"{read.source.value}: {read.lag}" for read in self.reads if read.failure is None)
        return "; ".join(lags)

    @property
    def failures(self) -> tuple[str, ...]:
        """The sources that could not be read, with the reason."""
        return tuple(dict.fromkeys(f"{read.source.value}: {read.failure}" for read in self.reads if read.failure))

    @property
    def gaps(self) -> tuple[str, ...]:
        """What could not be read of the sources that were asked for, whole ones and parts."""
        parts = (f"{read.source.value}: {gap}" for read in self.reads for gap in read.gaps)
        return tuple(dict.fromkeys((*self.failures, *parts)))

    @property
    def blind_spots(self) -> tuple[str, ...]:
        """List the blind spots of the sources, and the data that could not be read at all."""
        spots = (spot for read in self.reads if read.failure is None for spot in read.blind_spots)
        return tuple(dict.fromkeys((*spots, *(f"not read: {failure}" for failure in self.failures))))
