# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: latency, errors, dropped and held connections, and garbage, for the calls a test names."""

from __future__ import annotations

import fnmatch
import json
import random
import threading
import time
import typing as t
from dataclasses import dataclass, fields

from emulator import errors
from emulator.request_log import is_read_only
from emulator.wire import Answer, Call

KINDS: t.Final = ("latency", "error", "drop", "garbage", "hold", "stale")

MESSAGES: t.Mapping[str, str] = {
    "Throttling": "Rate exceeded",
    "ThrottlingException": "Rate exceeded",
    "RequestLimitExceeded": "Request limit exceeded.",
    "TooManyRequestsException": "Too Many Requests",
    "InternalFailure": "The request processing has failed because of an unknown error, exception or failure.",
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
}


class BadFaultError(ValueError):
    """A fault that was asked for cannot be: the message says what is allowed."""


class ConnectionDroppedError(Exception):
    """The connection is to be closed without an answer."""


@dataclass(frozen=True)
class Fault:
    """What befalls which calls. Service and operation are globs; what is None does not restrict.

    ``read_only`` restricts to reads or to writes. ``skip`` is how many of the calls concerned pass before it strikes,
    ``times`` how often it then does, ``for_seconds`` how long after it was set, ``probability`` how likely each time.

    The kind "drop" drops the connection before the call takes effect, or with ``after`` once it has.
    The kind "hold" lets a caller wait until the faults are set anew, for a test that kills it there, and then drops the
    connection: before the call takes effect, so that it never does, or with ``after`` once it has. Where ``drops`` is
    false the call goes on instead, and meets what happened meanwhile.

    The kind "stale" answers as it did when the same question was first asked while the fault is set: IAM's reads lag
    behind its writes, GetAccountAuthorizationDetails most of all.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    account_id: str | None = None
    region: str | None = None
    read_only: bool | None = None
    probability: float = 1.0
    skip: int = 0
    times: int | None = None
    for_seconds: float | None = None
    latency_ms: float = 0.0
    code: str = "InternalFailure"
    status: int | None = None
    message: str | None = None
    after: bool = False
    drops: bool = True

    @classmethod
    def parse(cls, raw: t.Mapping[str, t.Any]) -> Fault:
        """A fault from JSON. Raises BadFaultError on an unknown key or kind."""
        allowed = [field.name for field in fields(cls)]
        unknown = sorted(set(raw) - set(allowed))
        if unknown:
            raise BadFaultError(f"unknown key {', '.join(unknown)}; allowed: {', '.join(allowed)}")
        if raw.get("kind") not in KINDS:
            raise BadFaultError(f"kind is {raw.get('kind')!r}; allowed: {', '.join(KINDS)}")
        return cls(**raw)

    def concerns(self, call: Call, account_id: str) -> bool:
        """Whether this call is one of those the fault is for."""
        return (
            fnmatch.fnmatchcase(call.service, self.service or "*")
            and fnmatch.fnmatchcase(call.operation, self.operation or "*")
            and self.account_id in (None, account_id)
            and self.region in (None, call.region)
            and self.read_only in (None, is_read_only(call.service, call.operation))
        )


@dataclass
class _Armed:
    fault: Fault
    until: float | None
    left: int | None
    skip: int


class Faults:
    """The faults in force. Chance is seeded anew whenever they are set, so that a run repeats."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = threading.Condition(self._lock)
        self._generation = 0
        self._holding = 0
        self._armed: list[_Armed] = []
        self._random = random.Random(0)
        self._answers: dict[str, Answer] = {}

    def set(self, faults: t.Sequence[Fault]) -> None:
        """Replace all faults by these. Calls that are held are let go, and their connections dropped."""
        now = time.monotonic()
        with self._lock:
            self._generation += 1
            self._holding = 0
            self._held.notify_all()
            self._random = random.Random(0)
            self._answers = {}
            self._armed = [
                _Armed(fault, None if fault.for_seconds is None else now + fault.for_seconds, fault.times, fault.skip)
                for fault in faults
            ]

    def get(self) -> list[Fault]:
        """The faults that can still strike."""
        now = time.monotonic()
        with self._lock:
            return [armed.fault for armed in self._armed if _alive(armed, now)]

    def strike(self, call: Call, account_id: str) -> list[Fault]:
        """The faults that befall this call, which uses them up: all latencies and at most one of the other kinds."""
        now = time.monotonic()
        struck: list[Fault] = []
        with self._lock:
            for armed in self._armed:
                other = armed.fault.kind != "latency"
                if other and any(fault.kind != "latency" for fault in struck):
                    continue
                if not _alive(armed, now) or not armed.fault.concerns(call, account_id):
                    continue
                if armed.skip:
                    armed.skip -= 1
                    continue
                if self._random.random() >= armed.fault.probability:
                    continue
                armed.left = None if armed.left is None else armed.left - 1
                struck.append(armed.fault)
        return struck

    def former(self, call: Call, account_id: str) -> Answer | None:
        """The answer that the same question had before, for the kind "stale"."""
        with self._lock:
            return self._answers.get(_question(call, account_id))

    def remember(self, call: Call, account_id: str, answer: Answer) -> None:
        """Keep an answer for :meth:`former`."""
        with self._lock:
            self._answers[_question(call, account_id)] = answer

    def hold(self, fault: Fault) -> None:
        """Keep this thread until the faults are set anew. Raises ConnectionDroppedError then, if the fault drops."""
        with self._held:
            generation = self._generation
            self._holding += 1
            self._held.notify_all()
            self._held.wait_for(lambda: self._generation != generation)
        if fault.drops:
            raise ConnectionDroppedError("held")

    def wait_until_held(self, seconds: float) -> bool:
        """Wait for a call to be held, at most so long; whether one is."""
        with self._held:
            return self._held.wait_for(lambda: self._holding > 0, timeout=seconds)


def inflict(struck: t.Sequence[Fault], call: Call) -> Answer | None:
    """Sleep as the latencies say; the answer that the fault gives instead of AWS's, if any.

    Never call it under the server's lock: requests that wait must overlap. Raises ConnectionDroppedError.
    """
    delay = sum(fault.latency_ms for fault in struck) / 1000
    if delay:
        time.sleep(delay)
    fault = next((fault for fault in struck if fault.kind != "latency"), None)
    if fault is None or fault.kind in ("hold", "stale"):
        return None
    if fault.kind == "drop":
        if fault.after:
            return None
        raise ConnectionDroppedError(call.action)
    if fault.kind == "garbage":
        return errors.garbage()
    message = fault.message or MESSAGES.get(fault.code, f"Injected {fault.code} on {call.action}")
    return errors.error(call, fault.code, message, status=fault.status)


def _question(call: Call, account_id: str) -> str:
    """What is asked, whoever asks."""
    return json.dumps([account_id, call.region, call.action, call.parameters], sort_keys=True, default=str)


def _alive(armed: _Armed, now: float) -> bool:
    return armed.left != 0 and (armed.until is None or now < armed.until)
