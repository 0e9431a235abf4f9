# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the events themselves say about the trail that recorded them.

A trail records all management events, or all reads or all writes of them, "to exclude AWS KMS or Amazon RDS Data API
events" apart: selectors can't leave out another service. So reads of some service show that reads are recorded.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html

Selectors change, and two trails may share a folder. So each region has to show a kind from the beginning of its files
to their end, without long gaps.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Mapping
from datetime import date, timedelta

from ..._account.log_places import GLOBAL_REGIONS
from ..._policy.trail.callers import moment_of
from ..._policy.trail.coverage import LogClass
from ..._policy.trail.names import prefix_of

# The services that a trail may leave out, by their prefixes in policies.
_EXCLUDABLE: t.Final = frozenset({"kms", "rds-data"})
_OTHERS: t.Final = ""
# An account is rarely without a call of a kind for longer, if all of them are recorded.
_LONGEST: t.Final = timedelta(days=7)
NOTE: t.Final = (
    "nobody knows which trail wrote the log files. They have management {kinds} all the time, so it records all of "
    "these; regions without files are taken to be without calls"
)
_WORDS: t.Final[Mapping[LogClass, str]] = {LogClass.READ: "reads", LogClass.WRITE: "writes"}


@dataclasses.dataclass(frozen=True)
class SeenEvents:
    """The kinds of management events that all regions of the files show, by service: ``""`` is any but those apart.

    ``has_global`` says whether the files have the region of services such as IAM.
    """

    kinds: frozenset[tuple[str, LogClass]] = frozenset()
    has_global: bool = False

    def show(self, service: str, log_class: LogClass, *, is_global: bool) -> bool:
        """Whether the trail records all management events of a kind of a service."""
        apart = service if service in _EXCLUDABLE else _OTHERS
        return (apart, log_class) in self.kinds and (self.has_global or not is_global)

    @property
    def note(self) -> str:
        """What is inferred, as a sentence; empty for nothing."""
        words = " and ".join(word for kind, word in _WORDS.items() if (_OTHERS, kind) in self.kinds)
        return NOTE.format(kinds=words) if words else ""


class SeenScan:
    """Finds the days on which files have management events, by region, service and kind."""

    def __init__(self) -> None:
        self._days: t.Final[dict[str, set[date]]] = {}
        self._shown: t.Final[dict[tuple[str, str, LogClass], set[date]]] = {}

    def add(self, record: t.Any) -> None:
        """Look at one event, which may be malformed."""
        if not isinstance(record, Mapping):
            return
        when, region = moment_of(record), record.get("awsRegion")
        if when is None or not isinstance(region, str):
            return
        self._days.setdefault(region, set()).add(when.date())
        # A sign-in and what a service does by itself are no calls.
        if record.get("managementEvent") is not True or record.get("eventType") != "AwsApiCall":
            return
        read_only, source = record.get("readOnly"), record.get("eventSource")
        if isinstance(read_only, bool) and isinstance(source, str):
            prefix = prefix_of(source)
            service = prefix if prefix in _EXCLUDABLE else _OTHERS
            kind = LogClass.READ if read_only else LogClass.WRITE
            self._shown.setdefault((region, service, kind), set()).add(when.date())

    def find(self) -> SeenEvents:
        """Find the kinds that each region shows all the time."""
        services = {(service, kind) for _region, service, kind in self._shown}
        kinds = {
            (service, kind)
            for service, kind in services
            if all(_spans(self._shown.get((region, service, kind), set()), days) for region, days in self._days.items())
        }
        return SeenEvents(frozenset(kinds), bool(self._days.keys() & GLOBAL_REGIONS))


def _spans(shown: set[date], days: set[date]) -> bool:
    """Whether some days are spread over all of the days with files, from the first to the last."""
    if not shown:
        return False
    moments = sorted({min(days), *shown, max(days)})
    return all(after - before <= _LONGEST for before, after in itertools.pairwise(moments))
