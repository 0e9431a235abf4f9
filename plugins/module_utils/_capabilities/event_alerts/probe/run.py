# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The probe of ``event_alerts``: what it reads, how it sends and waits, and what it says of each rule."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import threading
import time
import typing as t
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

from ...._account import fields
from ...._account.collect import collect
from ...._account.event_reads import event_rule
from ...._account.model import Dataset, Snapshot
from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._aws.operations import Operations
from ...._converge.capability import Aws, Caller, Capability
from ...._converge.change import Change
from ...._converge.finding import Finding
from ...._converge.plan import Plan
from ...._module.connection import Connection
from ...._module.converging import converge
from ...._module.task import Task, TaskError
from ..changes import DELETE_QUEUE, DELETE_RULE, EVENTS, PUT_EVENTS, REMOVE_TARGETS, UNSUBSCRIBE, AlertWriter
from ..observe import AlertAws, read_queue, reread
from ..plan import DATASETS, MODULE
from .plan import (
    NOT_PROVEN,
    TOKEN,
    Observed,
    Planner,
    Probe,
    ProbeSurroundings,
    Subscriber,
    build_trial_event,
    is_temporary,
    make_probes,
)
from .queue import queue_arn

_RECEIVE: t.Final = "ReceiveMessage"
OPERATIONS: t.Final = Operations(
    reads=frozenset({"sns:ListSubscriptionsByTopic", f"{EVENTS}:ListRules", f"{EVENTS}:TestEventPattern"}),
    writes=frozenset({f"sqs:{_RECEIVE}"}),
)
_LAST_LINE: t.Final = re.compile(r"Probe (\S+) of (\S+) through (\S+) in ([a-z0-9-]+)")
_CLEANING: t.Final = frozenset({REMOVE_TARGETS, DELETE_RULE, UNSUBSCRIBE, DELETE_QUEUE})
# SQS keeps a request open for so long until a message is there.
_PATIENCE: t.Final = 2


@dataclasses.dataclass(frozen=True)
class ProbeOptions:
    """How to probe: how many seconds to wait for messages, whom to send them to without asking, where, and the tags."""

    seconds: int
    accepted: frozenset[str]
    regions: tuple[str, ...]
    tags: Mapping[str, str]


def run_probe(task: Task, options: ProbeOptions) -> dict[str, t.Any]:
    """Probe the alerts of an account, and remove everything that the probe made."""
    made: list[AlertProbe] = []

    def make(connection: Connection) -> AlertProbe:
        made.append(AlertProbe(options, connection, renew=functools.partial(_renew_lease, task)))
        return made[0]

    try:
        return converge(task, make, module=MODULE, part="event_alerts_probe")
    except TaskError as error:
        if any(probe.has_made_something for probe in made):
            _clean(task, options, error)
        raise


def _renew_lease(task: Task) -> None:
    """Renew the lease under which the task writes. Raises StoreError: it is lost."""
    task.permit.lease.renew()


def _clean(task: Task, options: ProbeOptions, error: TaskError) -> None:
    """Remove what a probe made before it failed; the next one removes what this does not."""
    try:
        cleaning = functools.partial(AlertProbe, options, renew=functools.partial(_renew_lease, task), only_clean=True)
        converge(task, cleaning, module=MODULE, part="event_alerts_probe_cleaned")
    except TaskError as failure:
        task.warn(
            f"the probe failed ({error}), and its temporary resources could not be removed: {failure}; probe again"
        )


class AlertProbe(Capability[Observed]):
    """One probe of an account."""

    _observed: Observed

    def __init__(
        self, options: ProbeOptions, connection: Connection, *, renew: Callable[[], None], only_clean: bool = False
    ) -> None:
        self._options = options
        self._connection = connection
        self._only_clean = only_clean
        self._aws = _ProbeAws(connection.access, seconds=options.seconds, renew=renew)
        self._reread = reread(connection.access, connection.now)

    @property
    def has_made_something(self) -> bool:
        return self._aws.has_called

    def observe(self) -> Observed:
        access = self._connection.access
        regions = tuple(dict.fromkeys((*access.regions(self._options.regions), access.home_region)))
        snapshot = collect(access, datasets=DATASETS, regions=regions, now=self._connection.now)
        self._observed = Observed(snapshot, _read_surroundings(access, snapshot))
        return self._observed

    def findings(self, _observed: Observed) -> tuple[Finding, ...]:
        return ()

    def plan(self, observed: Observed, _found: tuple[Finding, ...]) -> Plan:
        writer = AlertWriter(observed.snapshot.account_id, self._options.tags)
        planner = Planner(observed, writer, self._options.accepted, only_clean=self._only_clean)
        plan = planner.plan()
        visible = {probe.way for probe in make_probes(observed.snapshot) if probe.is_visible}
        self._aws.expect(plan.changes, visible)
        return plan

    def reread(self, change: Change) -> t.Any:
        return self._aws.read_sent(change) if change.operation == PUT_EVENTS else self._reread(change)

    def acting(self, _change: Change) -> Aws:
        return self._aws

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        return self._aws.learn(change, answer)

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The results of each rule and its target, and the refused probes."""
        rows = [self._make_result(probe, self._observed.around) for probe in make_probes(self._observed.snapshot)]
        return {"probe": {"rules": rows, "not_proven": NOT_PROVEN}, "rules": []}

    def _make_result(self, probe: Probe, around: ProbeSurroundings) -> dict[str, t.Any]:
        aws = self._aws
        seconds = aws.seconds_of(probe.way)
        is_known = probe.way in aws.sent and probe.is_visible
        return {
            "rule": probe.rule.name,
            "region": probe.region,
            "target": probe.target.arn,
            "pattern_matches": around.pattern_matches.get(probe.rule.arn),
            "sent": probe.way in aws.sent,
            "arrived": seconds is not None if is_known else None,
            "seconds": seconds,
        }


class _ProbeAws:
    """AWS for the writes of a probe. Before the first thing is removed, it waits for the messages that were sent.

    ``renew`` renews the lease of the account, which would end during a long wait.
    """

    def __init__(self, access: Access, *, seconds: int, renew: Callable[[], None]) -> None:
        self._access = access
        self._renew = renew
        self._acting = AlertAws(access)
        self._seconds = seconds
        self._token = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._queues: set[str] = set()
        self._visible: frozenset[str] = frozenset()
        self._made: set[str] = set()
        self.sent: dict[str, float] = {}
        self._arrived: dict[str, float] = {}
        self._waited = False
        self.has_called = False

    @property
    def caller(self) -> Caller:
        return self._access.caller

    @property
    def chain(self) -> Sequence[str]:
        return self._access.chain

    def expect(self, changes: Sequence[Change], visible: Collection[str]) -> None:
        """The queues that messages arrive in by the plan, and the events whose arrival can be seen."""
        self._visible = frozenset(visible)
        self._queues = {change.parameters["Endpoint"] for change in changes if change.operation == UNSUBSCRIBE}

    def read_sent(self, change: Change) -> t.Any:
        """Read whether events were sent: they leave no trace on the bus."""
        return change.after if change.target in self._made else None

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """Note that events were sent; the journal keeps their ids."""
        if change.operation != PUT_EVENTS:
            return {}
        self._made.add(change.target)
        return {"event_ids": [entry.get("EventId") for entry in answer.get("Entries") or ()]}

    def seconds_of(self, way: str) -> t.Optional[float]:
        """After how many seconds the message of a rule arrived; None where it did not."""
        return None if way not in self._arrived else round(self._arrived[way] - self.sent[way], 1)

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call."""
        self.has_called = True
        if operation == PUT_EVENTS:
            return self._send(parameters or {})
        if operation in _CLEANING:
            self._wait()
        return self._acting.call(service, operation, parameters, region=region)

    def _send(self, parameters: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        entries = [dict(entry) for entry in parameters["Entries"]]
        bus = str(entries[0]["EventBusName"])
        for entry in entries:
            entry["Detail"] = entry["Detail"].replace(TOKEN, self._token)
        answer = self._access.call(EVENTS, PUT_EVENTS, {"Entries": entries}, region=bus.split(":")[3])
        failed = [item for item in answer.get("Entries") or () if item.get("ErrorCode")]
        if answer.get("FailedEntryCount") or failed:
            code = failed[0]["ErrorCode"] if failed else ""
            raise AwsError(f"an event was not taken by {bus}: {code}", code=code, service=EVENTS, operation=PUT_EVENTS)
        for entry in entries:
            detail = json.loads(entry["Detail"])
            self.sent[f"{detail['through']} {detail['region']}"] = time.monotonic()
        return answer

    def _wait(self) -> None:
        """Wait until every message arrived, at most as long as the option says. Lanes of other regions wait for it."""
        with self._lock:
            # A queue that an earlier probe left may go before anything is sent.
            if self._waited or not self.sent:
                return
            self._waited = True
            end = time.monotonic() + self._seconds
            while self._is_waiting and time.monotonic() < end:
                for queue in sorted(self._queues):
                    self._renew()
                    self._receive(queue)
            self._renew()

    @property
    def _is_waiting(self) -> bool:
        return bool(self._queues) and bool((self.sent.keys() & self._visible) - self._arrived.keys())

    def _receive(self, queue: str) -> None:
        region, name = queue.split(":")[3], queue.rpartition(":")[2]
        try:
            url = self._access.call("sqs", "GetQueueUrl", {"QueueName": name}, region=region)["QueueUrl"]
            wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": _PATIENCE}
            answer = self._access.call("sqs", _RECEIVE, wanted, region=region)
        except AwsError:
            # That nothing can be seen is what the probe reports.
            time.sleep(_PATIENCE)
            return
        for message in answer.get("Messages") or ():
            self._note(str(message.get("Body") or ""))

    def _note(self, body: str) -> None:
        try:
            text = str(json.loads(body).get("Message") or "")
        except (ValueError, AttributeError):
            text = body
        found = _LAST_LINE.search(text)
        if found and found[1] == self._token and text.lstrip('"').startswith("PROBE"):
            self._arrived.setdefault(f"{found[3]} {found[4]}", time.monotonic())


def _read_surroundings(access: Access, snapshot: Snapshot) -> ProbeSurroundings:
    """Read the surroundings that a probe needs besides the rules, side by side."""
    probes = make_probes(snapshot)
    regions = [region for region in snapshot.regions if not snapshot.missing(Dataset.EVENT_RULES, region)]
    temporary = [rule for here in snapshot.alert_regions for rule in here.rules if is_temporary(rule)]
    owned = [target.arn for rule in temporary for target in rule.targets]
    owned += [probe.target.arn for probe in probes]
    topics = sorted({arn for arn in owned if arn.split(":")[2:5:2] == ["sns", snapshot.account_id]})
    reads: dict[tuple[str, str], Callable[[], t.Any]] = {}
    for topic in topics:
        reads["topic", topic] = functools.partial(_read_subscribers, access, topic)
        reads["queue", queue_arn(topic)] = functools.partial(read_queue, access, queue_arn(topic))
    for region in regions:
        reads["bus", region] = functools.partial(_read_listeners, access, region)
    for rule in {probe.rule.arn: probe.rule for probe in probes}.values():
        event = build_trial_event(rule, snapshot)
        reads["rule", rule.arn] = functools.partial(_matches_event, access, rule.region, rule.pattern, event)
    found = access.gather(reads)
    known = {key: value for key, value in found.items() if not isinstance(value, AwsError)}

    def of(kind: str) -> dict[str, t.Any]:
        return {name: value for (what, name), value in known.items() if what == kind}

    bus = f"arn:{snapshot.partition}:events:{{}}:{snapshot.account_id}:event-bus/default"
    unread = {
        bus.format(name) if what == "bus" else name: str(value)
        for (what, name), value in found.items()
        if isinstance(value, AwsError)
    }
    return ProbeSurroundings(of("topic"), of("bus"), of("queue"), of("rule"), unread)


def _read_subscribers(access: Access, topic: str) -> tuple[Subscriber, ...]:
    listed = access.items(
        "sns", "ListSubscriptionsByTopic", "Subscriptions", {"TopicArn": topic}, region=topic.split(":")[3]
    )
    return tuple(
        Subscriber(
            fields.optional_text(item, "Protocol") or "",
            fields.optional_text(item, "Endpoint") or "",
            fields.optional_text(item, "SubscriptionArn") or "",
        )
        for item in listed
    )


def _read_listeners(access: Access, region: str) -> tuple[t.Any, ...]:
    """Read all rules on the default bus, without their targets and tags."""
    listed = access.items(EVENTS, "ListRules", "Rules", {}, region=region)
    return tuple(event_rule(record, region) for record in listed)


def _matches_event(access: Access, region: str, pattern: t.Any, event: Mapping[str, t.Any]) -> bool:
    texts = {"EventPattern": json.dumps(pattern), "Event": json.dumps(event)}
    return bool(access.call(EVENTS, "TestEventPattern", texts, region=region).get("Result"))
