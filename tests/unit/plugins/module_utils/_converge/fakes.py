# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store, an account and a walk to try the runner on: one state a target, and a write that replaces it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._converge.capability import Capability
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import LeaseError
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import (
    ConflictError,
    Store,
    StoreError,
    Versioned,
)

ACCOUNT = "111122223333"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/automation/awx-1"
RUN = "20261125T020000Z"
JOB = "17"
NOW = datetime(2026, 11, 25, 2, 0, 0, tzinfo=UTC)


def set_dates(directory: Path, moment: datetime = NOW) -> None:
    """Date all files below ``directory``, which the machine dated by its own clock."""
    for path in directory.rglob("*"):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def user_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def change(name: str = "alice", **fields: t.Any) -> Change:
    """A change of one user, from ``old`` to ``new``."""
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "region": "global",
        "service": "iam",
        "operation": "Replace",
        "target": user_arn(name),
        "parameters": {"Name": name, "State": "new"},
        "before": "old",
        "after": "new",
        "kind": "replace",
        "impact": Impact.NARROWING,
        "undo": Undo("Replace", {"Name": name, "State": "old"}),
    }
    return Change(**{**given, **fields})


class FakeStore:
    """A store in memory, whose clock stands at ``now``. ``full`` makes every write fail; ``lost`` every read.

    With ``ignores`` it writes whatever the condition of a write says.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.dates: dict[str, datetime] = {}
        self.location = "s3://journal/iam"
        self.objects: dict[str, bytes] = {}
        self.full = False
        self.lost = False
        self.ignores = False
        self._swapping = threading.Lock()

    def put(self, key: str, content: bytes) -> str:
        if self.full:
            raise StoreError(f"can't write {self.location}/{key}: no space left")
        self.objects[key] = content
        self.dates[key] = self.now
        return f"{self.location}/{key}"

    def put_new(self, key: str, content: bytes) -> str:
        if key in self.objects and not self.ignores:
            raise StoreError(f"can't write {self.location}/{key}: it exists")
        return self.put(key, content)

    def get(self, key: str) -> t.Optional[bytes]:
        self._check()
        return self.objects.get(key)

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        content = self.get(key)
        return None if content is None else (content, self.dates.get(key, self.now))

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self.get_dated(key)
        return None if found is None else Versioned(found[0], hashlib.sha256(found[0]).hexdigest(), found[1])

    def identify(self) -> str:
        return self.location

    def read_clock(self) -> datetime:
        self._check()
        return self.now

    def find_ignored_condition(self, key: str) -> str:
        self.put(key, b"probe")
        return "it ignores If-None-Match" if self.ignores else ""

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        with self._swapping:
            present = self.get_versioned(key)
            if version != (present and present[1]) and not self.ignores:
                raise ConflictError(f"{self.location}/{key} was written by somebody else")
            self.put(key, content)
        return hashlib.sha256(content).hexdigest()

    def list(self, prefix: str = "") -> list[str]:
        self._check()
        return sorted(key for key in self.objects if key.startswith(prefix))

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return {key: hashlib.sha256(self.objects[key]).hexdigest() for key in self.list(prefix)}

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        rest = [key.removeprefix(prefix) for key in self.list(prefix)]
        return tuple(sorted({key.partition("/")[0] for key in rest if "/" in key}))

    def _check(self) -> None:
        if self.lost:
            raise StoreError(f"can't read {self.location}: denied")


class FakeLease:
    """A lease that counts how often it was renewed, and is lost at the renewal of that number.

    It is that of all accounts but ``taken`` ones, which another job holds.
    """

    def __init__(self, lost_at: int = 0, taken: tuple[str, ...] = ()) -> None:
        self.renewed = 0
        self.lost_at = lost_at
        self.taken = taken
        self.record = {"fence": 7, "expires": "2026-11-25T02:15:00Z"}

    def find(self, change: Change) -> FakeLease | Refusal:
        if change.account_id in self.taken:
            return Refusal("lease", "run 2 writes there", change.target, change.operation)
        return self

    def renew(self) -> None:
        self.renewed += 1
        if self.lost_at and self.renewed >= self.lost_at:
            raise LeaseError("run 2 took over the lease")


class FakeAwsError(Exception):
    """What a call of the fake AWS may raise. ``kind`` is the failure that it comes from."""

    def __init__(self, message: str, kind: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.request_id = request_id


@dataclasses.dataclass(frozen=True)
class FakeVerdict:
    """What an error of the fake AWS says."""

    changed_nothing: bool
    waits: tuple[float, ...] = ()
    waits_if_new: tuple[float, ...] = ()
    request_id: str = ""


WAITS = (1.0, 2.0, 4.0)


def judge(error: Exception, _change: Change) -> FakeVerdict:
    kind = error.kind if isinstance(error, FakeAwsError) else ""
    waits = WAITS if kind in ("busy", "dropped", "unsent", "raced") else ()
    is_answered = kind not in ("dropped", "unsent", "garbled")
    request_id = error.request_id if isinstance(error, FakeAwsError) else ""
    return FakeVerdict(is_answered, waits, WAITS if kind == "missing" else waits, request_id)


@dataclasses.dataclass(frozen=True)
class FakeCaller:
    account_id: str = ACCOUNT
    arn: str = CALLER


class FakeAws:
    """An account: the state of each user, the calls that were made, and what each next call should do wrong.

    A failure is ``refused``, ``busy`` or ``missing`` (AWS answers that it did not make the write), ``raced`` (so it
    does, since somebody else made it a moment ago), ``unsent`` (no answer, and it is not made), ``dropped`` (no answer,
    but it is made) or ``garbled`` (no answer, and something else is there afterwards). A list is one failure for each
    call. ``lag`` is how many reads still see the former state after a write.
    """

    partition = "aws"
    longest_write = 35.0

    def __init__(self, store: t.Optional[FakeStore] = None, **states: t.Any) -> None:
        self.states: dict[str, t.Any] = {user_arn(name): state for name, state in states.items()}
        self.calls: list[tuple[str, Mapping[str, t.Any]]] = []
        self.regions: list[t.Optional[str]] = []
        self.failures: dict[str, t.Union[str, list[str]]] = {}
        # Each write waits here for the others that are to be under way at the same time.
        self.together: t.Optional[threading.Barrier] = None
        self.lag = 0
        self.unreadable = False
        self.caller = FakeCaller()
        self.chain: tuple[str, ...] = ()
        self.journalled: list[list[str]] = []
        self._store = store
        self._stale: dict[str, t.Any] = {}

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return {}
        assert (service, operation) == ("iam", "Replace") and parameters is not None
        target = user_arn(parameters["Name"])
        self.calls.append((operation, parameters))
        self.regions.append(region)
        if self.together is not None:
            self.together.wait(timeout=10)
        self.journalled.append(self._store.list() if self._store else [])
        failure = self._failure(parameters["Name"])
        request_id = "" if failure in ("dropped", "unsent", "garbled") else f"request-{len(self.calls)}"
        if failure in ("refused", "busy", "missing", "unsent"):
            raise FakeAwsError("AccessDenied" if failure == "refused" else failure, failure, request_id)
        self._stale[target] = self.states.get(target)
        self.states[target] = "else" if failure == "garbled" else parameters["State"]
        if failure:
            message = "EntityAlreadyExists" if failure == "raced" else "the connection was dropped"
            raise FakeAwsError(message, failure, request_id)
        return {"ResponseMetadata": {"RequestId": request_id}}

    def _failure(self, name: str) -> str:
        failure = self.failures.get(name, "")
        if isinstance(failure, list):
            return failure.pop(0) if failure else ""
        return failure

    def reread(self, wanted: Change) -> t.Any:
        if self.unreadable:
            raise FakeAwsError("can't read")
        if self.calls and self.lag > 0:
            self.lag -= 1
            return self._stale.get(wanted.target, self.states.get(wanted.target))
        return self.states.get(wanted.target)


class FakeCapability(Capability[str]):
    """A capability that plans these changes whatever it observes. ``methods`` take the place of its own, by name."""

    def __init__(self, aws: FakeAws, *changes: Change, **methods: t.Any) -> None:
        self._aws = aws
        self._changes = changes
        for name, value in methods.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    def observe(self) -> str:
        return "state"

    def findings(self, _observed: str) -> tuple[Finding, ...]:
        return ()

    def plan(self, _observed: str, _found: tuple[Finding, ...]) -> Plan:
        return Plan(changes=self._changes)

    def reread(self, change: Change) -> t.Any:
        return self._aws.reread(change)

    def add_affected(self, _observed: str, changes: t.Sequence[Change]) -> tuple[Change, ...]:
        """As they are: whom "Replace" affects is nothing that the table of AWS's operations knows."""
        return tuple(changes)


def journal_of(
    store: Store,
    *,
    run_id: str = RUN,
    job_id: str = JOB,
    module: str = "replace",
    details: t.Optional[Mapping[str, t.Any]] = None,
) -> Journal:
    return Journal(
        store,
        account_id=ACCOUNT,
        run_id=run_id,
        job_id=job_id,
        module=module,
        caller_arn=CALLER,
        clock=lambda: NOW,
        details=details,
    )


def in_pairs(pairs: set[tuple[str, str]]) -> t.Callable[[Change, Change], bool]:
    """Whether the names of two changes are one of the pairs."""
    return lambda one, other: (str(one.parameters["Name"]), str(other.parameters["Name"])) in pairs
