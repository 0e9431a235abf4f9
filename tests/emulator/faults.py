# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: latency, errors, dropped connections and garbage, for the calls a test names."""

from __future__ import annotations

import fnmatch
import random
import threading
import time
import typing as t
from dataclasses import dataclass, fields

from emulator import errors
from emulator.wire import Answer, Call

KINDS: t.Final = ("latency", "error", "drop", "garbage")

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

    ``times`` is how often it strikes, ``for_seconds`` how long after it was set, ``probability`` how likely each time.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    account_id: str | None = None
    region: str | None = None
    probability: float = 1.0
    times: int | None = None
    for_seconds: float | None = None
    latency_ms: float = 0.0
    code: str = "InternalFailure"
    status: int | None = None
    message: str | None = None

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
        )


@dataclass
class _Armed:
    fault: Fault
    until: float | None
    left: int | None


class Faults:
    """The faults in force. Chance is seeded anew whenever they are set, so that a run repeats."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._random = random.Random(0)

    def set(self, faults: t.Sequence[Fault]) -> None:
        """Replace all faults by these."""
        now = time.monotonic()
        with self._lock:
            self._random = random.Random(0)
            self._armed = [
                _Armed(fault, None if fault.for_seconds is None else now + fault.for_seconds, fault.times)
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
                if self._random.random() >= armed.fault.probability:
                    continue
                armed.left = None if armed.left is None else armed.left - 1
                struck.append(armed.fault)
        return struck


def inflict(struck: t.Sequence[Fault], call: Call) -> Answer | None:
    """Sleep as the latencies say; the answer that the fault gives instead of AWS's, if any.

    Never call it under the server's lock: requests that wait must overlap. Raises ConnectionDroppedError.
    """
    delay = sum(fault.latency_ms for fault in struck) / 1000
    if delay:
        time.sleep(delay)
    fault = next((fault for fault in struck if fault.kind != "latency"), None)
    if fault is None:
        return None
    if fault.kind == "drop":
        raise ConnectionDroppedError(call.action)
    if fault.kind == "garbage":
        return errors.garbage()
    message = fault.message or MESSAGES.get(fault.code, f"Injected {fault.code} on {call.action}")
    return errors.error(call, fault.code, message, status=fault.status)


def _alive(armed: _Armed, now: float) -> bool:
    return armed.left != 0 and (armed.until is None or now < armed.until)
