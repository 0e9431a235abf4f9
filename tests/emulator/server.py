# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator: each request's way from the wire past identity, faults, regions and trust to moto, and into the log."""

from __future__ import annotations

import dataclasses
import functools
import re
import threading
import traceback
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from emulator import (
    bucket_policies,
    clock,
    contrary,
    errors,
    extensions,
    faults,
    identity,
    judge,
    paging,
    planting,
    request_log,
    seed,
    snapshots,
    speed,
    trust,
    web_identity,
    wire,
)
from emulator.clock import CLOCK
from emulator.delays import DELAYS
from emulator.extensions import cloudformation, recorded_events, root_sessions, sessions, ssm_activations
from emulator.history import History
from emulator.identity import Caller, Directory
from emulator.regions import ClosedRegions
from emulator.request_log import RequestLog
from emulator.seed import Organization, populate
from emulator.wire import Answer, Call, Environ

#: A seed's name or path, or its structure.
Source: t.TypeAlias = t.Union[str, Path, t.Mapping[str, t.Any]]

_SESSION_KEY: t.Final = re.compile(rb"<AccessKeyId>(ASIA\w+)</AccessKeyId>")


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """All that a later moment can be set back to."""

    state: bytes = dataclasses.field(repr=False)
    keys: identity.Keys
    closed_regions: t.Mapping[str, t.Collection[str]]
    offset: timedelta
    faults: t.Sequence[faults.Fault]
    contrary: frozenset[str]
    records_events: bool
    history: t.Any = dataclasses.field(repr=False)
    delays: tuple[float, int]
    log: t.Sequence[request_log.Record] = dataclasses.field(repr=False)


class Emulator:
    """One emulated AWS. moto's state is a process's, so there is one of these in a process.

    ``lock`` guards moto, which is not thread-safe: hold it for every look at its state.
    """

    def __init__(self) -> None:
        install()
        self.lock = threading.RLock()
        self.history = History()
        self.directory = Directory(self.history.status_of)
        self.faults = faults.Faults()
        self.log = RequestLog()
        self.closed_regions = ClosedRegions()
        self.contrary: frozenset[str] = frozenset()
        #: Whether CloudTrail records what the emulator is asked.
        self.records_events = False
        self._moto = _Dispatcher(create_backend_app)
        #: Counts the states that were set; a call belongs to the one that it arrived in.
        self._states = 0

    def reset(self, source: Source | None = None) -> Organization | None:
        """Start anew: no faults, an empty log, real time, and of AWS nothing but what the seed says.

        Raises SeedError if the seed is not understood; a seed that cannot be read leaves everything as it was.
        """
        now = datetime.now(UTC)
        with self.lock:
            organization = None if source is None else seed.load(source, now=now)
            self._states += 1
            CLOCK.offset = timedelta(0)
            self.history.set_lag(0)
            self.history.set_policy_lag(0)
            DELAYS.set()
            self.faults.set(())
            self.set_contrary(())
            self.records_events = False
            self.log.clear()
            populate.reset()
            if organization is None:
                self.directory.reset()
                self.closed_regions.set({})
                return None
            self.directory.reset(organization.management_account_id)
            self.closed_regions.set({key: account.denied_regions for key, account in organization.accounts.items()})
            DELAYS.set(organization.lateness_seconds, organization.lookups_a_second)
            populate.apply(organization, now=now)
            planting.plant(organization, self._ask_moto, now=now)
            self.history.set_lag(organization.lag_seconds)
            self.records_events = organization.records_events
            return organization

    def set_contrary(self, assumptions: t.Iterable[str]) -> None:
        """Make these assumptions about AWS false, and all others true."""
        self.contrary = frozenset(assumptions)
        self.directory.inactive_keys_work = "inactive_key_is_refused" in self.contrary

    def snapshot(self) -> Snapshot:
        """Keep everything as it is now."""
        with self.lock:
            return Snapshot(
                state=snapshots.take(),
                keys=self.directory.keys(),
                closed_regions=self.closed_regions.get(),
                offset=CLOCK.offset,
                faults=self.faults.get(),
                contrary=self.contrary,
                records_events=self.records_events,
                history=self.history.get(),
                delays=DELAYS.get(),
                log=self.log.records(),
            )

    def restore(self, snapshot: Snapshot) -> None:
        """Set everything back. Faults in force strike as if they had just been set."""
        with self.lock:
            self._states += 1
            snapshots.restore(snapshot.state)
            self.directory.restore(snapshot.keys)
            self.closed_regions.set(snapshot.closed_regions)
            CLOCK.offset = snapshot.offset
            self.faults.set(snapshot.faults)
            self.set_contrary(snapshot.contrary)
            self.records_events = snapshot.records_events
            self.history.set(snapshot.history)
            DELAYS.set(*snapshot.delays)
            self.log.set(snapshot.log)

    def handle(self, environ: Environ, body: bytes) -> Answer:
        """Answer a call.

        Raises ConnectionDroppedError if a fault says so, or if a reset or restore came while a fault delayed the call:
        it must neither change the new state nor stand in its log.
        """
        call = wire.read(environ, body)
        with self.log.count_in_flight(call) as in_flight:
            return self._answer(call, in_flight, environ, body)

    def _answer(self, call: Call, in_flight: int, environ: Environ, body: bytes) -> Answer:
        try:
            with self.lock:
                arrived_in = self._states
                caller = self.directory.resolve(call)
        except identity.UnknownKeyError as unknown:
            is_over = isinstance(unknown, identity.ExpiredKeyError)
            refused = errors.expired_credentials(call) if is_over else errors.invalid_credentials(call)
            return self._log(call, in_flight, None, refused)
        struck = self.faults.strike(call, caller.account_id)
        held = next((fault for fault in struck if fault.kind == "hold"), None)
        try:
            if held and not held.after:
                self.faults.hold(held)
            answer = faults.inflict(struck, call)
            if arrived_in != self._states:
                raise faults.ConnectionDroppedError(call.action)
        except faults.ConnectionDroppedError:
            if arrived_in == self._states:
                self._log(call, in_flight, caller, Answer(0, (), b""))
            raise
        stale = any(fault.kind == "stale" for fault in struck)
        if answer is None and stale:
            answer = self.faults.former(call, caller.account_id)
        if answer is None:
            with self.lock:
                answer = self._refusal(call, caller) or self._ask_moto(call, caller, environ, body)
                answer = contrary.contradict(answer, call, caller, self.contrary)
            if stale:
                self.faults.remember(call, caller.account_id, answer)
        self._log(call, in_flight, caller, answer, environ)
        if held and held.after:
            self.faults.hold(held)
        if any(fault.kind == "drop" for fault in struck):
            raise faults.ConnectionDroppedError(call.action)
        return answer

    def _refusal(self, call: Call, caller: Caller) -> Answer | None:
        refusal = self.closed_regions.refusal(call, caller) or judge.refusal(call, caller, self.history, self.contrary)
        if refusal is None and (call.service, call.operation) == ("sts", "AssumeRole"):
            is_open = "external_id_is_needed" in self.contrary
            refusal = None if is_open else trust.refusal(call, caller)
        if (call.service, call.operation) == ("sts", "AssumeRoleWithWebIdentity"):
            refusal = web_identity.refusal(call)
        refusal = refusal or bucket_policies.refusal(call, caller) or root_sessions.refusal(call, caller)
        return contrary.withdraw(refusal, self.contrary)

    def _ask_moto(self, call: Call, caller: Caller, environ: Environ, body: bytes) -> Answer:
        environ = wire.with_body(environ, body)
        contrary.drop_conditions(environ, self.contrary)
        identity.announce(environ, caller)
        if call.service == "cloudformation":
            cloudformation.install()
        if call.service == "ssm":
            ssm_activations.install()
        if call.service == "eks":
            # Importing it takes a while, and few ask for clusters.
            from emulator.extensions import eks

            eks.install()
        try:
            stream, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
            answer = Answer(int(status.split()[0]), headers.to_wsgi_list(), b"".join(stream))
        except NotImplementedError:
            return errors.not_implemented(call)
        # Whatever moto trips over is the emulator's failure: the client gets AWS's 500, the developer the traceback.
        except Exception as crash:  # noqa: BLE001
            traceback.print_exc()
            return errors.internal_failure(call, crash)
        self._note(call, caller, answer)
        if call.parameters.get("TokenCode") and (opened := _SESSION_KEY.search(answer.body)):
            self.directory.remember_mfa(opened[1].decode())
        return errors.not_implemented(call) if _lacks_path(call, answer) else answer

    def _note(self, call: Call, caller: Caller, answer: Answer) -> None:
        """Keep what later calls are judged by."""
        if call.service == "sts":
            sessions.note(call, caller, answer)
        elif call.service in ("iam", "organizations") and not request_log.is_read_only(call.service, call.operation):
            judge.note(call, caller, answer)
            self.history.note()

    def _log(
        self, call: Call, in_flight: int, caller: Caller | None, answer: Answer, environ: Environ | None = None
    ) -> Answer:
        record = request_log.record(
            call,
            time=CLOCK.now().isoformat(),
            account_id=caller.account_id if caller else "",
            caller_arn=caller.arn if caller else "",
            status=answer.status,
            error_code=errors.code_of(answer),
            in_flight=in_flight,
        )
        self.log.append(record)
        if self.records_events and caller and environ:
            with self.lock:
                agent = str(environ.get("HTTP_USER_AGENT", ""))
                recorded_events.record_request(record, caller, user_agent=agent, answer=answer)
        return answer


@functools.cache
def install() -> None:
    """Make moto what the emulator needs, once in a process: caches, clock, identities, extensions, pages."""
    speed.install()
    clock.install()
    identity.install()
    bucket_policies.install()
    extensions.install()
    paging.install()


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, remembering which backend a host leads to: it tries 250 patterns on each request."""

    def __init__(self, create_app: t.Callable[[t.Any], t.Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str, t.Any] = {}

    def get_backend_for_host(self, host: str | None) -> t.Any:
        if host is None:
            return None
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        if self._backends[host] is None:
            raise NotImplementedError(host)
        return self._backends[host]


def _lacks_path(call: Call, answer: Answer) -> bool:
    """moto routes REST services by path, and flask answers a path that it does not know with its own page."""
    content_type = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    return answer.status == 404 and call.service != "s3" and content_type.startswith("text/html")
