# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the events themselves say about the trail that recorded them.

A trail records all management events, or all reads or all writes of them, "to exclude AWS KMS or Amazon RDS Data API
events" apart: selectors can't leave out another service. So one read is enough to know that reads are recorded.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._policy.trail.coverage import LogClass
from ..._policy.trail.names import prefix_of

# The services that a trail may leave out, by their prefixes in policies.
_EXCLUDABLE: t.Final[Mapping[str, str]] = {"kms": "kms", "rdsdata": "rds-data"}
NOTE: t.Final = (
    "nobody knows which trail wrote the log files. They have management {kinds}, so it records all of these; regions "
    "without files are taken to be without calls"
)
_WORDS: t.Final[Mapping[LogClass, str]] = {LogClass.READ: "reads", LogClass.WRITE: "writes"}


@dataclasses.dataclass(frozen=True)
class SeenEvents:
    """The kinds of management events that files have, and those of services that a trail may leave out."""

    kinds: frozenset[LogClass] = frozenset()
    of_excludable: frozenset[tuple[str, LogClass]] = frozenset()

    def show(self, service: str, log_class: LogClass) -> bool:
        """Whether the trail records all management events of a kind of a service."""
        if service in _EXCLUDABLE.values():
            return (service, log_class) in self.of_excludable
        return log_class in self.kinds

    @property
    def note(self) -> str:
        """What is inferred, as a sentence; empty for nothing."""
        words = " and ".join(word for kind, word in _WORDS.items() if kind in self.kinds)
        return NOTE.format(kinds=words) if words else ""


class SeenScan:
    """Finds the kinds of management events in files."""

    def __init__(self) -> None:
        self._kinds: t.Final[set[LogClass]] = set()
        self._excludable: t.Final[set[tuple[str, LogClass]]] = set()

    def add(self, record: t.Any) -> None:
        """Look at one event, which may be malformed."""
        if not isinstance(record, Mapping) or record.get("managementEvent") is not True:
            return
        read_only, source = record.get("readOnly"), record.get("eventSource")
        if not isinstance(read_only, bool) or not isinstance(source, str):
            return
        kind = LogClass.READ if read_only else LogClass.WRITE
        service = _EXCLUDABLE.get(prefix_of(source))
        if service is None:
            self._kinds.add(kind)
        else:
            self._excludable.add((service, kind))

    def find(self) -> SeenEvents:
        """All that was seen."""
        return SeenEvents(frozenset(self._kinds), frozenset(self._excludable))
