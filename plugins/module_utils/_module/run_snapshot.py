# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of an account that the modules of one run share: the assessment leaves them, and the roles plan on them."""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
import time
import typing as t
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .._account.codec import SnapshotError
from .._account.kept import Kept, Key, Owning, Result, decode, encode
from .._account.model import Dataset
from .._account.moments import format_moment, parse_moment
from .._account.source import Unreadable
from .._account.stacks import RegionStacks
from .run_files import RunFiles, RunLog

#: A read that is older is made again.
MOST_SECONDS: t.Final = 15 * 60
# The datasets that a write touches. Any other write may touch all: a new analyzer brings a role, for example.
_TOUCHED: t.Final[Mapping[str, frozenset[Dataset]]] = {
    "iam:UpdateAccountPasswordPolicy": frozenset({Dataset.PASSWORD_POLICY}),
    "iam:DeleteAccountPasswordPolicy": frozenset({Dataset.PASSWORD_POLICY}),
    "securityhub:BatchImportFindings": frozenset({Dataset.SECURITY_HUB_FINDINGS}),
    "securityhub:BatchUpdateFindings": frozenset({Dataset.SECURITY_HUB_FINDINGS}),
    # A message to people.
    "sns:Publish": frozenset(),
}
# Its policies bind all accounts.
_ORGANIZATION: t.Final = "organizations:"
_ALL: t.Final = ""
_ASSESSED: t.Final = "assessed"


class Part(enum.Enum):
    """The part of a module in the shared snapshot of its run."""

    #: It shares nothing. Its writes are noted all the same.
    NONE = "none"
    #: It reads for itself, and leaves what it read.
    FIRST = "first"
    #: It goes on from what the first module left, and opens the snapshot for those that follow.
    ASSESSMENT = "assessment"
    #: It plans on the snapshot of an assessment, and adds what that lacks.
    FOLLOWING = "following"


@dataclasses.dataclass(frozen=True)
class Binding:
    """The origin of the credentials, the account and the run that a snapshot belongs to."""

    origin: str
    account_id: str
    run_id: str


def count_seconds() -> float:
    """Seconds since this machine started. All its processes count the same, and nobody can set this clock.

    Where the system has such a clock, it goes on while the machine is suspended.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def discard_all(files: RunFiles) -> None:
    """Discard all that is kept, of every account."""
    RunSnapshot(files, None, part=Part.NONE, reader="", now=lambda: datetime.now(UTC)).wrote("")


@dataclasses.dataclass(frozen=True)
class LastingFacts:
    """Facts of one account that no write to it changes, such as the records of earlier runs."""

    note: Callable[[str, t.Any], None]
    recall: Callable[[str], t.Any]


class RunSnapshot:
    """The reads of one account that are kept for its run.

    ``reader`` is the role that the module reads in, empty without one. ``now`` is the moment that the module counts
    ages from. Without ``files`` or ``binding`` nothing is shared.
    """

    def __init__(
        self,
        files: t.Optional[RunFiles],
        binding: t.Optional[Binding],
        *,
        part: Part,
        reader: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = count_seconds,
    ) -> None:
        self._files = files
        self._binding = binding
        self._part = part
        self._reader = reader
        self._now = now
        self.begin = clock
        self._logs: dict[str, RunLog] = {}
        is_open = self._is_open()
        self._finds = (part is Part.ASSESSMENT and not is_open) or (part is Part.FOLLOWING and is_open)
        self._keeps = part in (Part.FIRST, Part.ASSESSMENT) or (part is Part.FOLLOWING and is_open)

    def _is_open(self) -> bool:
        return self._read(_ASSESSED) is not None

    def open(self) -> None:
        """Let the modules that follow plan on what is kept: the assessment is complete."""
        if self._part is Part.ASSESSMENT:
            self._write(_ASSESSED, value=True)

    @property
    def finds(self) -> bool:
        """Whether the module goes on from what others of the run have read."""
        return self._finds

    def without_files(self) -> RunSnapshot:
        """The same for a module that reads all for itself."""
        return RunSnapshot(None, None, part=self._part, reader=self._reader, now=self._now, clock=self.begin)

    def find(self, key: Key) -> t.Optional[Kept]:
        """The result of a read that is kept; None if it has to be made."""
        kind, place = key
        discarded = (kind.value,) if isinstance(kind, Owning) else (kind.value, _ALL)
        found = self._read_fresh("read", kind.value, place, discarded=discarded) if self._finds else None
        if found is None:
            return None
        try:
            return Kept(self._name_reader(decode(found["result"]), found["reader"]), parse_moment(found["observed_at"]))
        except SnapshotError:
            return None

    def keep(self, key: Key, result: Result, *, begun: float) -> None:
        """Keep the result of a read that was not made before ``begun``."""
        if self._keeps and self._files is not None and not self._files.for_facts_only:
            kind, place = key
            record = {
                "result": encode(result),
                "reader": self._reader,
                "observed_at": format_moment(self._now()),
                "begun": begun,
            }
            self._write("read", kind.value, place, value=record)

    def recall(self, name: str, *, of_run: bool = False) -> t.Any:
        """A fact that another module of the run noted."""
        return self._recall(name, discarded=(_ALL,), of_run=of_run)

    def _recall(self, name: str, *, discarded: t.Collection[str], of_run: bool = False) -> t.Any:
        found = self._read_fresh("fact", name, discarded=discarded, of_run=of_run) if self._finds else None
        return found["value"] if found else None

    @property
    def lasting(self) -> LastingFacts:
        """The facts that no write to the account changes."""
        return LastingFacts(self.note, functools.partial(self._recall, discarded=()))

    def note(self, name: str, value: t.Any, *, of_run: bool = False) -> None:
        """Note a fact for the modules that follow."""
        if self._keeps:
            self._write("fact", name, value={"value": value, "begun": self.begin()}, of_run=of_run)

    def wrote(self, operation: str) -> None:
        """Discard what a write touches. It is called before the write is sent, and when it has ended.

        In doubt that is all of the account, or all of every account.
        """
        if not operation or self._binding is None or operation.startswith(_ORGANIZATION):
            self._discard("", _ALL)
        for name in _TOUCHED.get(operation, [_ALL]):
            self._discard(self._binding.account_id if self._binding else "", name)

    def discard(self) -> None:
        """Discard all that is kept of the account: somebody else changes it too."""
        for name in (_ALL, *(kind.value for kind in Owning)):
            self._discard(self._binding.account_id if self._binding else "", name)

    def _discard(self, account_id: str, name: str) -> None:
        # For every origin and run: somebody else's snapshot of the account is out of date too.
        if self._files is None or self._files.write(json.dumps(["discarded", account_id, name]), self.begin()):
            return
        # The disk is full, say. Without the note, others would plan on what was there before the write.
        self._files.clear()

    def _name_reader(self, result: Result, reader: str) -> Result:
        """Name the role that was refused a read, if it is another one than the role of this module."""
        if not isinstance(result, (RegionStacks, Unreadable)) or reader == self._reader:
            return result
        asked = f"(asked by {reader or 'the credentials of the controller'}, which read the account in this run)"
        if isinstance(result, RegionStacks):
            return dataclasses.replace(result, unread=tuple(f"{reason} {asked}" for reason in result.unread))
        return Unreadable(
            result.kind,
            f"{result.reason} {asked}",
            operation=result.operation,
            of_region=result.of_region,
        )

    def _read_fresh(
        self, *name: t.Optional[str], discarded: t.Collection[str], of_run: bool = False
    ) -> t.Optional[dict[str, t.Any]]:
        """A record that is not too old, and was begun after the last write that touched it."""
        found: t.Optional[dict[str, t.Any]] = self._read(*name, of_run=of_run)
        if found is None or not 0 <= self.begin() - found["begun"] <= MOST_SECONDS:
            return None
        if of_run:
            return found
        return found if found["begun"] > self._find_discarded(discarded) else None

    def _find_discarded(self, names: t.Collection[str]) -> float:
        """The time of the last write that touched one of ``names``; later than all where nothing is shared."""
        if self._files is None or self._binding is None:
            return math.inf
        places = [("", _ALL), *((self._binding.account_id, name) for name in names)]
        return max(self._files.read(json.dumps(["discarded", *place])) or 0.0 for place in places)

    def _read(self, *name: t.Optional[str], of_run: bool = False) -> t.Any:
        log = self._find_log(of_run)
        return None if log is None else log.read(json.dumps(name))

    def _write(self, *name: t.Optional[str], value: t.Any, of_run: bool = False) -> None:
        log = self._find_log(of_run)
        if log is not None:
            log.write(json.dumps(name), value)

    def _find_log(self, of_run: bool) -> t.Optional[RunLog]:
        """The file of the account, or of all accounts that the same credentials reach in this run."""
        if self._files is None or self._binding is None:
            return None
        account_id = "" if of_run else self._binding.account_id
        if account_id not in self._logs:
            name = json.dumps([self._binding.origin, self._binding.run_id, account_id])
            self._logs[account_id] = self._files.log(name)
        return self._logs[account_id]
