# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Alerts: what the controls say of them, and the plan that leads to what is declared. No call is made here."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.event_rules import PREFIX, EventRule
from ..._account.model import Dataset, Snapshot
from ..._controls.assess import assess
from ..._controls.catalogue.event_alerts import RULES_CONTROL, THEME, occurs_in
from ..._controls.control import Control, unread_reason
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from .changes import DELETE_RULE, PUT_RULE, PUT_TARGETS, AlertWriter, describe_target, normalize
from .declared import Declared
from .surroundings import Surroundings, SurroundingsPlanner
from .topology import Place, Topology, WantedRule

MODULE: t.Final = "event_alerts"
DATASETS: t.Final = frozenset({Dataset.EVENT_RULES, Dataset.TRAILS, Dataset.ORGANIZATION})
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_MOST_TARGETS: t.Final = 5

Step = t.Union[Change, Refusal]


@dataclasses.dataclass(frozen=True)
class Observed:
    """The account with all that alerts are made of."""

    snapshot: Snapshot
    found: Surroundings


def controls() -> tuple[Control, ...]:
    """The controls on alerts."""
    return tuple(control for control in all_controls() if control.theme == THEME)


def findings(observed: Observed, *, settings: Settings, now: datetime) -> tuple[Finding, ...]:
    """The verdicts on the alerts of an account, region by region."""
    return assess(observed.snapshot, settings=settings, controls=controls(), now=now)


def make_topology(declared: Declared, snapshot: Snapshot) -> Topology:
    """Make the topology of the declaration in this account, of the regions that could be read."""
    regions = tuple(region for region in snapshot.regions if not snapshot.missing(Dataset.EVENT_RULES, region))
    organization = snapshot.organization
    management = organization is not None and organization.management_account_id == snapshot.account_id
    place = Place(
        account_id=snapshot.account_id,
        partition=snapshot.partition,
        home_region=snapshot.home_region,
        regions=regions,
        is_management_account=None if snapshot.missing(Dataset.ORGANIZATION) else management,
    )
    return Topology(declared, place)


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration. ``tags`` are those of our own besides the one that makes a thing ours."""

    declared: Declared
    tags: Mapping[str, str]

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan from what was observed to the declaration."""
        topology = make_topology(self.declared, observed.snapshot)
        writer = AlertWriter(observed.snapshot.account_id, self.tags)
        build = SurroundingsPlanner(self.declared, topology, observed.found, writer)
        rules = _RulePlanner(self.declared, observed.snapshot, topology, writer)
        steps: list[Step] = list(self._plan_steps(build, rules))
        changes = [step for step in steps if isinstance(step, Change)]
        refused = tuple(step for step in steps if isinstance(step, Refusal))
        remedies = _group_remedies(found)
        return Plan(changes=tuple(_add_remedies(change, remedies) for change in changes), refused=refused)

    def _plan_steps(self, build: SurroundingsPlanner, rules: _RulePlanner) -> Iterator[Step]:
        if not self.declared.present:
            yield from rules.remove_all()
            yield from build.withdraw_admission()
            yield from build.remove_role(rules.unread)
            return
        if not self.declared.has_destination:
            return
        hub = rules.refuse_unread_hub()
        if hub is not None:
            yield hub
            return
        role = list(build.plan_role())
        yield from role
        # Without the role nothing could be handed on, and rules would only look as if it were.
        handed_on = not any(isinstance(step, Refusal) for step in role)
        for region in build.topology.place.regions:
            steps = list(build.plan_region(region))
            yield from steps
            notifies = region in build.topology.notifying_regions
            if not any(isinstance(step, Refusal) for step in steps) and (notifies or handed_on):
                yield from rules.plan_region(region)


@dataclasses.dataclass(frozen=True)
class _RulePlanner:
    """Plans the rules of an account from those that were found."""

    declared: Declared
    snapshot: Snapshot
    topology: Topology
    writer: AlertWriter

    @property
    def unread(self) -> tuple[str, ...]:
        """The regions whose rules are not known."""
        read = self.topology.place.regions
        return tuple(region for region in self.snapshot.regions if region not in read)

    def refuse_unread_hub(self) -> t.Optional[Refusal]:
        """Refuse to plan anything where the region that all events go to could not be read."""
        hub = self.topology.hub
        unread = self.snapshot.missing(Dataset.EVENT_RULES, hub)
        if self.declared.bus_arn or not unread:
            return None
        reason = f"the rules of {hub}, which notifies people, are not known: {unread_reason(unread)}"
        return Refusal("unread", reason, self.topology.place.arn("events", hub, f"rule/{PREFIX}*"), PUT_RULE)

    def plan_region(self, region: str) -> Iterator[Step]:
        """Plan every rule that is wanted in a region, then remove those of ours that are not wanted any more."""
        live = {rule.name: rule for rule in self._list_live(region)}
        wanted = [rule for rule in self.topology.list_rules() if rule.region == region]
        for rule in wanted:
            yield from self._converge(rule, live.get(rule.name))
        names = {rule.name for rule in wanted}
        for name, present in live.items():
            if name not in names:
                yield from self._remove(present)

    def remove_all(self) -> Iterator[Step]:
        """Remove all rules of ours."""
        for region in self.topology.place.regions:
            for rule in self._list_live(region):
                yield from self._remove(rule)

    def _list_live(self, region: str) -> tuple[EventRule, ...]:
        return next((item.rules for item in self.snapshot.alert_regions if item.region == region), ())

    def _converge(self, wanted: WantedRule, live: t.Optional[EventRule]) -> Iterator[Step]:
        arn = self.topology.place.arn("events", wanted.region, f"rule/{wanted.name}")
        objection = self._find_objection(wanted, live)
        if objection:
            yield Refusal(*objection, arn, PUT_RULE)
            return
        if live is None or _differs(wanted, live):
            yield self.writer.put_rule(wanted, arn, live)
        if live is not None:
            yield from self.writer.tag_rule(live)
        present = {target.id: target for target in live.targets} if live else {}
        target = present.get(wanted.target.id)
        if describe_target(target) != describe_target(wanted.target):
            yield self.writer.put_target(wanted.name, arn, wanted.region, wanted.target, target)
        for other in present.values():
            if live is not None and other.id.startswith(PREFIX) and other.id != wanted.target.id:
                yield self.writer.remove_target(live, other)

    def _find_objection(self, wanted: WantedRule, live: t.Optional[EventRule]) -> t.Optional[tuple[str, str]]:
        if live is None:
            return None
        if live.managed_by:
            return "managed", f"the rule is managed by {live.managed_by} and is never changed"
        if not live.is_owned and not self.declared.adopt:
            return "foreign", (
                "a rule of this name exists that this collection did not create; set adopt to take it over"
            )
        others = [target for target in live.targets if not target.id.startswith(PREFIX)]
        if len(others) >= _MOST_TARGETS:
            return "targets", f"the rule has {len(others)} targets of others, and EventBridge allows {_MOST_TARGETS}"
        return None

    def _remove(self, live: EventRule) -> Iterator[Step]:
        """Remove a rule of ours with its targets of ours. A rule with a target of others stays, without ours."""
        if live.managed_by or not live.is_owned:
            return
        others = [target.id for target in live.targets if not target.id.startswith(PREFIX)]
        for target in live.targets:
            if target.id.startswith(PREFIX):
                yield self.writer.remove_target(live, target)
        if others:
            reason = f"others have added targets to the rule ({', '.join(others)}), so only our target is removed"
            yield Refusal("targets", reason, live.arn, DELETE_RULE)
        else:
            yield self.writer.delete_rule(live)


def _differs(wanted: WantedRule, live: EventRule) -> bool:
    return (normalize(wanted.pattern), wanted.state, wanted.description) != (
        normalize(live.pattern),
        live.state,
        live.description,
    )


def _group_remedies(found: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """Group the fingerprints of findings that fail for want of rules, by region."""
    remedies: dict[str, tuple[str, ...]] = {}
    for finding in found:
        if finding.control == RULES_CONTROL and finding.status is Status.FAIL:
            remedies[finding.region] = (*remedies.get(finding.region, ()), finding.fingerprint)
    return remedies


def _add_remedies(change: Change, remedies: Mapping[str, tuple[str, ...]]) -> Change:
    if change.operation not in (PUT_RULE, PUT_TARGETS):
        return change
    return dataclasses.replace(change, remedies=remedies.get(change.region, ()))


def make_rule_results(declared: Declared, topology: Topology) -> list[dict[str, t.Any]]:
    """Make the results of the rules that are on: their subject, the regions of their events, and why none can come."""
    place = topology.place
    return [
        {
            "name": rule.name,
            "title": rule.title,
            "severity": rule.severity.value,
            "applies": topology.applies(rule),
            "regions": [
                region
                for region in place.regions
                if occurs_in(rule, region, home=place.home_region, partition=place.partition)
            ]
            if topology.applies(rule)
            else [],
            "reason": "" if topology.applies(rule) else "only the management account sees changes of the organization",
        }
        for rule in declared.rules
    ]


def list_costs(declared: Declared, topology: Topology) -> list[dict[str, t.Any]]:
    """List the costs as AWS's units and their counts. The count of events is not known beforehand."""
    if not (declared.present and declared.has_destination):
        return []
    handing_on = sorted({rule.region for rule in topology.list_rules() if rule.target.settings.get("RoleArn")})
    notifying = topology.notifying_regions
    queues = [region for region in topology.place.regions if topology.queue_arn(region)]
    key = declared.kms_key_id
    listed = (
        (
            "rules",
            "rule on the default bus",
            len(topology.list_rules()),
            "rules and events of AWS's own services are free",
        ),
        (
            "topology",
            "region that forwards events",
            len(handing_on),
            "each forwarded event is billed as a custom event",
        ),
        ("topic", "topic", len(notifying), "each message is billed by SNS, by e-mail after the first 1,000 a month"),
        ("dead_letter_queue", "queue", len(queues), "requests are billed by SQS after the first million a month"),
        ("kms_key_id", "key", len(notifying) if key else 0, "a call of KMS for a message, besides the key itself"),
    )
    return [
        {"option": option, "unit": unit, "count": count, "note": note} for option, unit, count, note in listed if count
    ]
