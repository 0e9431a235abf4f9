# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of services, as the pure files see AWS: one service in one region, read once for all targets."""

from __future__ import annotations

import dataclasses
import enum
import shlex
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from ..model import Consumer, Namer
from .targets import Match, Target, Targets

Record = Mapping[str, t.Any]


class Want(enum.Enum):
    """What a read looks for: it says who does not know enough if it fails."""

    CONSUMERS = "consumers"
    NAMERS = "namers"


class Reader(t.Protocol):
    """AWS in one account and one region. ``buckets`` are those of the account, once they are listed."""

    buckets: frozenset[str]

    @property
    def account_id(self) -> str:
        """The account, in 12 digits."""

    @property
    def partition(self) -> str:
        """Its partition, such as ``aws``."""

    @property
    def region(self) -> str:
        """The region that is read."""

    def items(self, service: str, operation: str, key: str, parameters: t.Optional[Record] = None) -> Iterator[t.Any]:
        """The items of the list ``key``, over all pages. What it raises ends the read of the service."""

    def ask(
        self,
        service: str,
        operation: str,
        parameters: Record,
        *,
        about: str,
        of: Want,
        absent: Collection[str] = (),
        region: t.Optional[str] = None,
    ) -> t.Optional[Record]:
        """The answer about one object. None if AWS answers with a code of ``absent``, or if it can't be read.

        What can't be read is noted, with ``about``.
        """

    def list(
        self, service: str, operation: str, key: str, parameters: Record, *, about: str, of: Want
    ) -> t.Optional[tuple[t.Any, ...]]:
        """All items that one object has; None if they can't be read, which is noted."""

    def note(self, text: str, *, of: Want, about: str = "") -> None:
        """Note something that could not be read, in a sentence. ``about`` is the object that is meant."""


@dataclasses.dataclass(frozen=True)
class Found:
    """A consumer or a namer of one target."""

    target: Target
    item: t.Union[Consumer, Namer]


Read = Callable[[Reader, Targets], Iterable[Found]]


@dataclasses.dataclass(frozen=True)
class Service:
    """The reads of one service in one region.

    ``what`` names the objects, for the sentence that says that they could not be read. A role can be used by them only
    if it trusts one of ``trusted``; without any they use no role. ``has_policies``: they may name a role. ``prefix``
    is that of the service in policies.
    """

    what: str
    prefix: str
    operations: frozenset[str]
    read: Read
    trusted: tuple[str, ...] = ()
    has_policies: bool = False

    def is_needed(self, targets: Targets) -> bool:
        """Whether the service can use or name any of the targets."""
        return self.has_policies or targets.admit(*self.trusted)


def make_use(match: Match, kind: str, resource: str, region: str, move: str, detail: str = "") -> Found:
    """Make the consumer of a target whose role something has."""
    found = Consumer(kind, resource, region, detail, is_machine=True, move=move, has_moved=match.has_moved)
    return Found(match.target, found)


def make_command(*words: str, region: str = "") -> str:
    """Make a command of the AWS CLI. Names in it are quoted: people paste it into a shell."""
    return shlex.join(["aws", *words, *(["--region", region] if region else [])])


def split(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Split items into groups, as operations take so many at a time."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
