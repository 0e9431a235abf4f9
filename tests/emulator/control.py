# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steering the emulator over HTTP: JSON under ``/_emulator/``. These requests are not AWS calls and are not logged.

GET            /_emulator/health   {"status": "ok", "accounts": {id: name}, "now": …}
GET, DELETE    /_emulator/log      the records; empty it
GET, PUT, DELETE /_emulator/faults the faults in force; replace them all; none
PUT            /_emulator/contrary {"assumptions": [...]}: make these assumptions of docs/acceptance.md false
PUT            /_emulator/held     {"seconds": n}: wait for a call that the fault "hold" keeps; {"held": whether one is}
PUT            /_emulator/clock    {"offset_seconds": n}
PUT            /_emulator/lag      {"seconds": n}: judged calls are decided on policies and keys of so long ago
PUT            /_emulator/policy-lag {"seconds": n, "seed": n}: control policies count after 0 to so many seconds
PUT            /_emulator/lateness {"seconds": n}: events appear so late
PUT            /_emulator/lookups  {"a_second": n}: so many LookupEvents a second in an account and region
PUT            /_emulator/sessions {"account_id": …, "role": …, "count": n, "sort": "instance", …}: credentials of them
PUT            /_emulator/service-session {"account_id": …, "service": "lambda", "name": …}: as emulator.client has it
GET            /_emulator/messages what topics delivered to their subscribers
PUT            /_emulator/event    {"account_id": …, "region": …, "event": {…} or "root-login"}: put on the bus
PUT            /_emulator/trail    {"records": true}: let CloudTrail record what the emulator is asked from now on
PUT            /_emulator/later    {"account_id": …, "calls": [...], "days": n, "moved": {…}}: see emulator.client
PUT            /_emulator/confirm  {"endpoint": …}: confirm subscriptions, as their owner does by the mailed link
PUT            /_emulator/seed     {"seed": "acme"} or {"organization": {…}}: everything starts anew; {} leaves it empty
PUT            /_emulator/snapshot {}: keep everything as it is now; {"snapshot": number}
PUT            /_emulator/restore  {"snapshot": number}: everything as it was then
DELETE         /_emulator/snapshot {"snapshot": number}: forget it
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import typing as t
from datetime import timedelta

from moto.utilities.utils import get_partition

from emulator import contrary
from emulator.activity.later import Later
from emulator.clock import CLOCK
from emulator.delays import DELAYS
from emulator.extensions import event_delivery, past, service_sessions, sessions, sns
from emulator.faults import BadFaultError, Fault
from emulator.seed import Organization, SeedError
from emulator.server import Emulator, Snapshot, Source
from emulator.wire import Answer, Environ

PREFIX: t.Final = "/_emulator/"


class BadRequestError(ValueError):
    """A control request that makes no sense; the message says what would."""


class Control:
    """Answers control requests, and hands every other request to the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._accounts: dict[str, str] = {}
        self._snapshots: dict[int, tuple[Snapshot, dict[str, str]]] = {}
        self._numbers = itertools.count(1)
        # The snapshot that everything is still as in, if any.
        self._present: int | None = None
        self._routes: t.Mapping[tuple[str, str], t.Callable[[t.Any], t.Any]] = {
            ("GET", "health"): self._health,
            ("GET", "log"): lambda _data: emulator.log.records(),
            ("DELETE", "log"): lambda _data: emulator.log.clear(),
            ("GET", "faults"): lambda _data: [dataclasses.asdict(fault) for fault in emulator.faults.get()],
            ("PUT", "faults"): self._put_faults,
            ("DELETE", "faults"): lambda _data: emulator.faults.set(()),
            ("PUT", "contrary"): self._put_contrary,
            ("PUT", "held"): lambda data: {"held": emulator.faults.wait_until_held(float(data["seconds"]))},
            ("PUT", "clock"): self._put_clock,
            ("PUT", "lag"): self._put_lag,
            ("PUT", "policy-lag"): self._put_policy_lag,
            ("PUT", "lateness"): self._put_lateness,
            ("PUT", "lookups"): self._put_lookups,
            ("PUT", "sessions"): self._put_sessions,
            ("PUT", "service-session"): self._put_service_session,
            ("GET", "messages"): lambda _data: sns.messages(),
            ("PUT", "event"): self._put_event,
            ("PUT", "trail"): self._put_trail,
            ("PUT", "later"): self._put_later,
            ("PUT", "confirm"): lambda data: {"confirmed": sns.confirm(str(data["endpoint"]))},
            ("PUT", "seed"): self._put_seed,
            ("PUT", "snapshot"): self._put_snapshot,
            ("PUT", "restore"): self._put_restore,
            ("DELETE", "snapshot"): self._delete_snapshot,
        }

    def handle(self, environ: Environ, body: bytes) -> Answer:
        """Answer any request. Raises ConnectionDroppedError if a fault says so."""
        path = str(environ["PATH_INFO"])
        if not path.startswith(PREFIX):
            return self._call(environ, body)
        method, name = environ["REQUEST_METHOD"], path.removeprefix(PREFIX)
        if method != "GET" and name not in ("snapshot", "restore"):
            self._present = None
        route = self._routes.get((method, name))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return _json(404, {"error": f"there is no {environ['REQUEST_METHOD']} {path}; there are: {known}"})
        try:
            return _json(200, route(json.loads(body or b"{}")))
        except (BadRequestError, BadFaultError, SeedError, json.JSONDecodeError) as error:
            return _json(400, {"error": str(error)})

    def _call(self, environ: Environ, body: bytes) -> Answer:
        self._present = None
        try:
            return self._emulator.handle(environ, body)
        finally:
            # A snapshot may have been restored meanwhile.
            self._present = None

    def seed(self, source: Source | None) -> Organization | None:
        """Start anew with this seed. Raises SeedError."""
        organization = self._emulator.reset(source)
        accounts = organization.accounts if organization else {}
        self._accounts = {key: account.name for key, account in accounts.items()}
        return organization

    def _health(self, _data: t.Any) -> dict[str, t.Any]:
        return {"status": "ok", "accounts": self._accounts, "now": CLOCK.now().isoformat()}

    def _put_faults(self, data: t.Any) -> list[dict[str, t.Any]]:
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise BadRequestError("faults are a list of objects")
        self._emulator.faults.set([Fault.parse(item) for item in data])
        return data

    def _put_clock(self, data: t.Any) -> dict[str, t.Any]:
        seconds = data.get("offset_seconds") if isinstance(data, dict) else None
        if not isinstance(seconds, (int, float)) or set(data) != {"offset_seconds"}:
            raise BadRequestError('the clock takes {"offset_seconds": number}')
        CLOCK.offset = timedelta(seconds=seconds)
        return self._health(None)

    def _put_lag(self, data: t.Any) -> dict[str, t.Any]:
        with self._emulator.lock:
            self._emulator.history.set_lag(_seconds(data))
        return self._health(None)

    def _put_policy_lag(self, data: t.Any) -> dict[str, t.Any]:
        seed = data.get("seed") if isinstance(data, dict) else None
        if not isinstance(seed, int):
            raise BadRequestError('the lag of control policies takes {"seconds": number, "seed": number}')
        with self._emulator.lock:
            self._emulator.history.set_policy_lag(_seconds({"seconds": data.get("seconds")}), seed)
        return self._health(None)

    def _put_lateness(self, data: t.Any) -> dict[str, t.Any]:
        with self._emulator.lock:
            DELAYS.set(_seconds(data), DELAYS.lookups_a_second)
        return self._health(None)

    def _put_lookups(self, data: t.Any) -> dict[str, t.Any]:
        number = data.get("a_second") if isinstance(data, dict) else None
        if not isinstance(number, int) or number < 0 or set(data) != {"a_second"}:
            raise BadRequestError('it takes {"a_second": number}, not below 0')
        with self._emulator.lock:
            DELAYS.set(DELAYS.lateness_seconds, number)
        return self._health(None)

    def _put_sessions(self, data: t.Any) -> list[dict[str, str]]:
        try:
            with self._emulator.lock:
                return sessions.open_sessions(sessions.Wanted(**data))
        except (TypeError, ValueError) as error:
            raise BadRequestError(f"sessions are those of emulator.extensions.sessions.Wanted: {error}") from error

    def _put_service_session(self, data: t.Any) -> dict[str, str]:
        try:
            with self._emulator.lock:
                return service_sessions.open_session(**data)
        except (TypeError, ValueError) as error:
            raise BadRequestError(f"no service opens this session: {error}") from error

    def _put_contrary(self, data: t.Any) -> dict[str, t.Any]:
        names = data.get("assumptions") if isinstance(data, dict) else None
        if not isinstance(names, list) or not set(names) <= contrary.KNOWN:
            raise BadRequestError(f'{{"assumptions": [...]}} of {", ".join(sorted(contrary.KNOWN))}')
        self._emulator.set_contrary(names)
        return self._health(None)

    def _put_event(self, data: t.Any) -> dict[str, t.Any]:
        if not isinstance(data, dict) or set(data) != {"account_id", "region", "event"}:
            raise BadRequestError('an event is {"account_id": …, "region": …, "event": {…} or "root-login"}')
        account_id, region, event = data["account_id"], data["region"], data["event"]
        if event == "root-login":
            event = event_delivery.root_login(account_id, region, partition=get_partition(region))
        if not isinstance(event, dict):
            raise BadRequestError('there is one event by name: "root-login"')
        return {"triggered": event_delivery.put(account_id, region, event)}

    def _put_trail(self, data: t.Any) -> dict[str, t.Any]:
        if not isinstance(data, dict) or not isinstance(data.get("records"), bool):
            raise BadRequestError('the trail takes {"records": true or false}')
        self._emulator.records_events = data["records"]
        return self._health(None)

    def _put_later(self, data: t.Any) -> dict[str, t.Any]:
        if not isinstance(data, dict) or set(data) != {"account_id", "calls", "days", "moved"}:
            raise BadRequestError('later calls are {"account_id": …, "calls": [{"principal": "role/NAME", …}], …}')
        try:
            calls = [Later.parse(item) for item in data["calls"]]
            return {"events": past.add_later(data["account_id"], calls, days=data["days"], moved=data["moved"])}
        except ValueError as error:
            raise BadRequestError(str(error)) from error

    def _put_seed(self, data: t.Any) -> dict[str, t.Any]:
        if not isinstance(data, dict) or len(data) > 1 or not set(data) <= {"seed", "organization"}:
            raise BadRequestError('a seed is {"seed": name or path}, {"organization": {…}} or {} for nothing')
        self.seed(next(iter(data.values()), None))
        return self._health(None)

    def _put_snapshot(self, _data: t.Any) -> dict[str, t.Any]:
        number = next(self._numbers)
        self._snapshots[number] = (self._emulator.snapshot(), self._accounts)
        self._present = number
        return {"snapshot": number}

    def _put_restore(self, data: t.Any) -> dict[str, t.Any]:
        number = self._number(data)
        snapshot, self._accounts = self._snapshots[number]
        # Faults may have ended by themselves.
        if number != self._present or snapshot.faults:
            self._emulator.restore(snapshot)
        self._present = number
        return self._health(None)

    def _delete_snapshot(self, data: t.Any) -> None:
        del self._snapshots[self._number(data)]

    def _number(self, data: t.Any) -> int:
        number = data.get("snapshot") if isinstance(data, dict) else None
        if number not in self._snapshots:
            raise BadRequestError(f"there is no snapshot {number!r}; there are: {sorted(self._snapshots)}")
        return t.cast(int, number)


def _seconds(data: t.Any) -> float:
    seconds = data.get("seconds") if isinstance(data, dict) else None
    if not isinstance(seconds, (int, float)) or seconds < 0 or set(data) != {"seconds"}:
        raise BadRequestError('it takes {"seconds": number}, not below 0')
    return seconds


def _json(status: int, data: t.Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(data).encode())
