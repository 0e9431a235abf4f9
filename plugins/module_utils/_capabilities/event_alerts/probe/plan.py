# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The probe of alerts: whether a message gets from each rule to its topic.

AWS refuses test events with a source of its own, so that the rules themselves can't be triggered. A temporary rule
stands beside each of them, with the same target and the same input transformer, on a source of this collection; a
temporary queue at the topic shows what arrives. All has names of its own, by which a later run finds what a killed one
left.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ...._account.event_rules import OWNED, PREFIX, EventRule, EventTarget
from ...._account.model import Dataset, Snapshot
from ...._controls.control import unread_reason
from ...._controls.patterns.event_alerts_rules import BY_NAME, State
from ...._controls.patterns.event_pattern import EventPattern, example
from ...._controls.patterns.event_samples import envelope
from ...._converge.change import Change, Refusal
from ...._converge.errors import InputError
from ...._converge.plan import Plan
from ..changes import PUT_TARGETS, AlertWriter, describe_rule, describe_target
from ..declared import TEMPORARY
from ..topology import BUS_TARGET, TOPIC_TARGET, WantedRule
from .queue import build_queue_policy, is_of_probe, queue_arn

SOURCE: t.Final = "hardening.iam.probe"
KIND: t.Final = "Probe of an alert rule"
#: In place of what tells the messages of one probe from those of another, until it is sent.
TOKEN: t.Final = "<token>"
NOT_PROVEN: t.Final = (
    "not proven: that CloudTrail puts the event on the bus, that events of AWS trigger the real rule (its pattern was "
    "only checked with TestEventPattern), and that people read the messages"
)
# The most that PutEvents takes.
_MOST_EVENTS: t.Final = 10
_LAST_LINE: t.Final = "Probe <probe-token> of <probe-rule> through <probe-through> in <probe-region>"
_PATHS: t.Final[Mapping[str, str]] = {
    f"probe-{name}": f"$.detail.{name}" for name in ("token", "rule", "through", "region")
}
Step = t.Union[Change, Refusal]


@dataclasses.dataclass(frozen=True)
class Subscriber:
    """One subscription of a topic. ``arn`` is no ARN while it waits for its confirmation."""

    protocol: str
    endpoint: str
    arn: str


@dataclasses.dataclass(frozen=True)
class ProbeSurroundings:
    """The surroundings that a probe needs besides the rules, by ARN; of buses by region.

    ``listeners`` are all rules on the default bus of a region. ``unread`` has the errors of failed reads, by ARN.
    """

    subscribers: Mapping[str, tuple[Subscriber, ...]] = dataclasses.field(default_factory=dict)
    listeners: Mapping[str, tuple[EventRule, ...]] = dataclasses.field(default_factory=dict)
    queues: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    pattern_matches: Mapping[str, t.Optional[bool]] = dataclasses.field(default_factory=dict)
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Observed:
    """An account whose alerts are probed."""

    snapshot: Snapshot
    around: ProbeSurroundings


@dataclasses.dataclass(frozen=True)
class Probe:
    """One rule with one of its targets, and the rule of the topic's region by which its message gets there."""

    rule: EventRule
    target: EventTarget
    notifying: t.Optional[EventRule]

    @property
    def region(self) -> str:
        return self.rule.region

    @property
    def is_forwarded(self) -> bool:
        """Whether the target is a bus, on which another rule has to catch the event."""
        return self.target.arn.split(":")[2] == "events"

    @property
    def is_visible(self) -> bool:
        """Whether what arrives can be seen from here, which it can't at the bus of another account."""
        return self.target.arn.split(":")[4] == self.rule.arn.split(":")[4]

    @property
    def name(self) -> str:
        return shorten(self.rule)

    @property
    def way(self) -> str:
        """The key of its event and its message."""
        return f"{self.name} {self.region}"

    @property
    def temporary(self) -> str:
        """The name of the temporary rule."""
        return f"{TEMPORARY}{self.name}"

    @property
    def detail(self) -> dict[str, str]:
        """The detail of its event: the rule that notifies, the one that it goes through, and its region."""
        notifying = shorten(self.notifying) if self.notifying else self.name
        return {"token": TOKEN, "rule": notifying, "through": self.name, "region": self.region}

    @property
    def pattern(self) -> dict[str, t.Any]:
        """The events that the temporary rule catches: its own, and on a hub those of other regions too."""
        if self.is_forwarded:
            return {"source": [SOURCE], "detail": {"through": [self.name], "region": [self.region]}}
        return {"source": [SOURCE], "detail": {"rule": [self.name]}}

    def build_settings(self) -> t.Optional[dict[str, t.Any]]:
        """Build the settings of the temporary target; None where its message would look like a real one."""
        settings = dict(self.target.settings)
        if self.is_forwarded:
            return settings
        transformer = settings.get("InputTransformer")
        if not isinstance(transformer, Mapping):
            return None
        head = "PROBE: a test of this alert, nothing has happened"
        lines = [json.dumps(head), json.dumps(_LAST_LINE), str(transformer["InputTemplate"])]
        paths = {**(transformer.get("InputPathsMap") or {}), **_PATHS}
        return {**settings, "InputTransformer": {"InputPathsMap": paths, "InputTemplate": "\n".join(lines)}}


def shorten(rule: EventRule) -> str:
    """Shorten the name of a rule by the prefix of all our names."""
    return rule.name.removeprefix(PREFIX)


def is_temporary(rule: EventRule) -> bool:
    """Whether a rule is one that a probe makes, or left: of that name and source, and ours."""
    source = rule.pattern.get("source") if isinstance(rule.pattern, Mapping) else None
    return rule.name.startswith(TEMPORARY) and rule.is_owned and source == [SOURCE]


def make_probes(snapshot: Snapshot) -> tuple[Probe, ...]:
    """Make a probe for each rule of ours that is on, with its target of ours."""
    regions = {here.region: here.rules for here in snapshot.alert_regions}
    return tuple(
        Probe(rule, target, _find_notifying_rule(regions, target))
        for rules in regions.values()
        for rule in rules
        if rule.is_owned and rule.is_enabled and not rule.name.startswith(TEMPORARY)
        for target in rule.targets
        if target.id in (TOPIC_TARGET, BUS_TARGET)
    )


def _find_notifying_rule(regions: Mapping[str, Sequence[EventRule]], target: EventTarget) -> t.Optional[EventRule]:
    """Find the first rule that notifies in the region of a bus of this account."""
    _arn, _partition, service, region, *_rest = target.arn.split(":")
    if service != "events":
        return None
    return next(
        (
            rule
            for rule in regions.get(region, ())
            if rule.is_owned and rule.is_enabled and not rule.name.startswith(TEMPORARY)
            if any(item.id == TOPIC_TARGET for item in rule.targets)
        ),
        None,
    )


def build_trial_event(rule: EventRule, snapshot: Snapshot) -> dict[str, t.Any]:
    """Build an event that should trigger a rule of ours, for TestEventPattern."""
    known = BY_NAME.get(shorten(rule))
    pattern = known.pattern if known else _choose_first_alternative(rule.pattern)
    return envelope(example(pattern), account_id=snapshot.account_id, region=rule.region)


def _choose_first_alternative(pattern: t.Any) -> Mapping[str, t.Any]:
    alternatives = pattern.get("$or") if isinstance(pattern, Mapping) else None
    found: Mapping[str, t.Any] = alternatives[0] if alternatives else pattern
    return found


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans a probe. ``accepted`` are the ARNs of topics and buses whose other subscribers may get its messages.

    With ``only_clean`` nothing but what an earlier probe left is removed.
    """

    observed: Observed
    writer: AlertWriter
    accepted: frozenset[str] = frozenset()
    only_clean: bool = False

    def plan(self) -> Plan:
        """Plan to make, send and remove, in this order."""
        probes, refused = self._select_probes()
        topics = sorted({probe.target.arn for probe in probes if not probe.is_forwarded})
        steps = [*self._prepare(probes, topics), *self._send(probes), *self._clean_up(probes, topics)]
        return Plan(changes=tuple(steps), refused=refused)

    def _select_probes(self) -> tuple[tuple[Probe, ...], tuple[Refusal, ...]]:
        if self.only_clean:
            return (), ()
        judged = [(probe, self._find_objection(probe)) for probe in make_probes(self.observed.snapshot)]
        objections = dict.fromkeys(objection for _probe, objection in judged if objection)
        refused = [Refusal(*objection, PUT_TARGETS) for objection in objections]
        for region in self.observed.snapshot.regions:
            missing = self.observed.snapshot.missing(Dataset.EVENT_RULES, region)
            if missing:
                refused.append(Refusal("unread", unread_reason(missing), self._bus(region), PUT_TARGETS))
        # An event that is handed on to a rule that is not probed arrives nowhere.
        through = {probe.rule.arn for probe, objection in judged if not objection}
        kept = [
            probe
            for probe, objection in judged
            if not objection and (probe.notifying is None or probe.notifying.arn in through)
        ]
        return tuple(kept), tuple(refused)

    def _find_objection(self, probe: Probe) -> t.Optional[tuple[str, str, str]]:
        """Why a probe is not made: the rule of the guard, the reason, and of what."""
        around, target = self.observed.around, probe.target.arn
        account = self.observed.snapshot.account_id
        bus = self._bus(probe.region)
        if bus in around.unread:
            return "unread", f"the rules on the bus are not known: {around.unread[bus]}", bus
        if self._is_taken(probe):
            arn = self._temporary_arn(probe)
            return "foreign", "a rule with the name of the temporary one exists that no probe created", arn
        others = self._find_other_listeners(probe)
        if others and bus not in self.accepted:
            return "subscribers", f"other rules get its events as well ({', '.join(others)}); {_ACCEPT}", bus
        if probe.is_forwarded:
            return self._find_bus_objection(probe)
        if target.split(":")[4] != account:
            return "foreign", "it belongs to another account, so no queue can be subscribed to it here", target
        if target in around.unread:
            return "unread", f"its subscriptions are not known: {around.unread[target]}", target
        queue = queue_arn(target)
        if queue in around.unread:
            return "unread", f"it is not known whether there is a queue of that name: {around.unread[queue]}", queue
        if self._is_foreign(queue):
            return "foreign", "a queue with the name of the temporary one exists that no probe created", queue
        if probe.build_settings() is None:
            return (
                "transformer",
                "the target has no input transformer, so its message would not show that it is a probe",
                probe.rule.arn,
            )
        people = [item for item in around.subscribers.get(target, ()) if item.endpoint != queue_arn(target)]
        if people and target not in self.accepted:
            reason = f"{len(people)} subscribers would get messages that begin with PROBE; {_ACCEPT}"
            return "subscribers", reason, target
        return None

    def _find_bus_objection(self, probe: Probe) -> t.Optional[tuple[str, str, str]]:
        """Why what is handed on to a bus is not probed."""
        target = probe.target.arn
        if not probe.is_visible:
            reason = f"it is the bus of another account, whose rules can't be seen; {_ACCEPT}"
            return None if target in self.accepted else ("subscribers", reason, target)
        if probe.notifying is None:
            reason = "no notifying rule is known in its region: add that region to regions, or converge the rules"
            return "no_topic", reason, target
        return None

    def _find_other_listeners(self, probe: Probe) -> list[str]:
        """The rules of others that the event of a probe triggers on the default bus of its region."""
        given = {"detail-type": KIND, "source": SOURCE, "detail": probe.detail}
        event = envelope(given, account_id=self.writer.account_id, region=probe.region)
        temporary = {rule.name for rule in self._list_temporary(probe.region)}
        return sorted(
            rule.name
            for rule in self.observed.around.listeners.get(probe.region, ())
            if rule.is_enabled and rule.name not in temporary and _may_match(rule, event)
        )

    def _is_taken(self, probe: Probe) -> bool:
        """Whether somebody else has a rule of the name that the temporary one would have."""
        own = {rule.name for rule in self._list_temporary(probe.region)}
        listed = self.observed.around.listeners.get(probe.region, ())
        return probe.temporary not in own and any(rule.name == probe.temporary for rule in listed)

    def _is_foreign(self, queue: str) -> bool:
        live = self.observed.around.queues.get(queue)
        return live is not None and not is_of_probe(live, queue)

    @staticmethod
    def _temporary_arn(probe: Probe) -> str:
        return f"{probe.rule.arn.rpartition('/')[0]}/{probe.temporary}"

    def _bus(self, region: str) -> str:
        partition = self.observed.snapshot.partition
        return f"arn:{partition}:events:{region}:{self.writer.account_id}:event-bus/default"

    def _prepare(self, probes: Sequence[Probe], topics: Sequence[str]) -> Iterator[Change]:
        """Prepare the queue and its subscription, then the temporary rules; those of an earlier probe are used."""
        queues: dict[str, list[str]] = {}
        for topic in topics:
            queues.setdefault(queue_arn(topic), []).append(topic)
        for queue, served in queues.items():
            live = self.observed.around.queues.get(queue)
            policy = build_queue_policy(served, queue)
            if live is None:
                yield self.writer.create_queue(queue, policy)
            elif live.get("policy") != policy:
                # Of an earlier probe of other topics. SQS makes a queue of the same name after a minute.
                yield self.writer.delete_queue(queue, live.get("policy"))
                yield self.writer.create_queue(queue, policy)
            for topic in served:
                if all(item.endpoint != queue for item in self.observed.around.subscribers.get(topic, ())):
                    yield self.writer.subscribe(topic, queue)
        for probe in probes:
            yield from self._plan_rule(probe)

    def _plan_rule(self, probe: Probe) -> Iterator[Change]:
        target = EventTarget(probe.target.id, probe.target.arn, probe.build_settings() or {})
        wanted = self._build_wanted_rule(probe, target)
        arn = self._temporary_arn(probe)
        live = next((rule for rule in self._list_temporary(probe.region) if rule.name == probe.temporary), None)
        after = self.writer.put_rule(wanted, arn, live)
        if describe_rule(live) != after.after:
            yield after
        present = next((item for item in (live.targets if live else ()) if item.id == target.id), None)
        if describe_target(present) != describe_target(target):
            yield self.writer.put_target(probe.temporary, arn, probe.region, target, present)

    def _build_wanted_rule(self, probe: Probe, target: EventTarget) -> WantedRule:
        return WantedRule(
            name=probe.temporary,
            region=probe.region,
            pattern=probe.pattern,
            state=State.ENABLED.value,
            description="Temporary, of a probe of the alerts; may be deleted",
            target=target,
            watches=(),
        )

    def _send(self, probes: Sequence[Probe]) -> Iterator[Change]:
        for region in dict.fromkeys(probe.region for probe in probes):
            bus = self._bus(region)
            entries = [
                {
                    "Source": SOURCE,
                    "DetailType": KIND,
                    "Detail": json.dumps(probe.detail, sort_keys=True),
                    "EventBusName": bus,
                }
                for probe in probes
                if probe.region == region
            ]
            for start in range(0, len(entries), _MOST_EVENTS):
                number = start // _MOST_EVENTS + 1
                yield self.writer.put_events(bus, number, entries[start : start + _MOST_EVENTS])

    def _clean_up(self, probes: Sequence[Probe], topics: Sequence[str]) -> Iterator[Change]:
        """Remove everything of this probe, and of earlier ones."""
        for rule in (*(self._build_temporary_rule(probe) for probe in probes), *self._find_left_rules(probes)):
            for target in rule.targets:
                yield _make_final(self.writer.remove_target(rule, target))
            yield _make_final(self.writer.delete_rule(rule))
        around = self.observed.around
        queues = {queue_arn(topic): self._build_policy(topic, topics) for topic in topics}
        left = {queue: live for queue, live in around.queues.items() if live and not self._is_foreign(queue)}
        queues |= {queue: live.get("policy") for queue, live in left.items() if queue not in queues}
        subscribed = {(topic, queue_arn(topic)) for topic in topics}
        subscribed |= {
            (topic, item.endpoint)
            for topic, found in around.subscribers.items()
            for item in found
            if item.endpoint == queue_arn(topic) and not self._is_foreign(item.endpoint)
        }
        for topic, queue in sorted(subscribed):
            yield self.writer.unsubscribe(topic, queue)
        for queue, policy in queues.items():
            yield self.writer.delete_queue(queue, policy)

    def _build_policy(self, topic: str, topics: Sequence[str]) -> dict[str, t.Any]:
        queue = queue_arn(topic)
        return build_queue_policy([other for other in topics if queue_arn(other) == queue], queue)

    def _build_temporary_rule(self, probe: Probe) -> EventRule:
        """Build the temporary rule of a probe as it will be."""
        target = EventTarget(probe.target.id, probe.target.arn, probe.build_settings() or {})
        wanted = self._build_wanted_rule(probe, target)
        live = next((rule for rule in self._list_temporary(probe.region) if rule.name == probe.temporary), None)
        others = tuple(item for item in (live.targets if live else ()) if item.id != target.id)
        return EventRule(
            name=wanted.name,
            arn=self._temporary_arn(probe),
            region=probe.region,
            state=wanted.state,
            pattern=wanted.pattern,
            description=wanted.description,
            tags={OWNED[0]: OWNED[1]},
            targets=(*others, target),
        )

    def _find_left_rules(self, probes: Sequence[Probe]) -> Iterator[EventRule]:
        """Find temporary rules that an earlier probe left, and this one does not make."""
        made = {(probe.region, probe.temporary) for probe in probes}
        for here in self.observed.snapshot.alert_regions:
            yield from (rule for rule in self._list_temporary(here.region) if (rule.region, rule.name) not in made)

    def _list_temporary(self, region: str) -> tuple[EventRule, ...]:
        here = (item for item in self.observed.snapshot.alert_regions if item.region == region)
        return tuple(rule for item in here for rule in item.rules if is_temporary(rule))


_ACCEPT: t.Final = "to allow that, list it in probe_accept"


def _make_final(change: Change) -> Change:
    """Make a change final for a rollback: nobody wants a temporary rule again."""
    return dataclasses.replace(change, undo=None)


def _may_match(rule: EventRule, event: Mapping[str, t.Any]) -> bool:
    if not isinstance(rule.pattern, Mapping):
        return False
    try:
        return EventPattern(rule.pattern).matches(event)
    except InputError:
        # A pattern of AWS's newer syntax may match anything.
        return True
