# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a declaration of alerts comes to in each region: rules with their targets, and the messages that people read.

A rule can only notify a topic of its own region. So events of other regions are handed on, by a rule that matches all
that is on there, to the default bus of the region of the topic, the hub, where rules notify; or each region has a topic
of its own. Where events go to a bus of another account, every region hands its own on to that bus, since AWS hands an
event on once, not from bus to bus.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..._account.event_rules import PREFIX, EventTarget
from ..._controls.catalogue.event_alerts import occurs_in
from ..._controls.patterns.event_alerts_rules import AlertRule, State, Where
from .declared import FORWARDER, TOPICS, Declared

TOPIC_TARGET: t.Final = f"{PREFIX}topic"
BUS_TARGET: t.Final = f"{PREFIX}bus"
# AWS takes 2,048 characters of a pattern unless the account's quota was raised.
_LONGEST: t.Final = 2048
# For a day, as often as EventBridge tries by default: stated so that what AWS returns can be compared.
_RETRY: t.Final = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}


@dataclasses.dataclass(frozen=True)
class Place:
    """The account that is converged. ``regions`` are those that were read, and can be written."""

    account_id: str
    partition: str
    home_region: str
    regions: tuple[str, ...]
    is_management_account: t.Optional[bool] = None

    def arn(self, service: str, region: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{region}:{self.account_id}:{resource}"


@dataclasses.dataclass(frozen=True)
class WantedRule:
    """A rule as it should be, with the one target that is ours."""

    name: str
    region: str
    pattern: Mapping[str, t.Any]
    state: str
    description: str
    target: EventTarget
    watches: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Topology:
    """Where the rules of a declaration go."""

    declared: Declared
    place: Place

    @property
    def hub(self) -> str:
        """The region whose rules notify: that of the topic, else IAM's home region, where most events occur."""
        arn = self.declared.topic_arn or self.declared.bus_arn
        return arn.split(":")[3] if arn else self.place.home_region

    @property
    def hands_on(self) -> bool:
        """Whether some events leave the region that they occur in, by a role that EventBridge assumes."""
        if self.declared.bus_arn:
            return bool(self.place.regions)
        return self.declared.topology != TOPICS and any(region != self.hub for region in self.place.regions)

    @property
    def notifying_regions(self) -> tuple[str, ...]:
        if self.declared.bus_arn:
            return ()
        if self.declared.topology == TOPICS:
            return self.place.regions
        return (self.hub,) if self.hub in self.place.regions else ()

    def topic_arn(self, region: str) -> str:
        return self.declared.topic_arn or self.place.arn("sns", region, self.declared.topic_name)

    def queue_arn(self, region: str) -> str:
        """The dead-letter queue for the rules of a region, which must be of that region; empty where there is none."""
        if self.declared.create_dead_letter_queue:
            return self.place.arn("sqs", region, self.declared.dead_letter_queue_name)
        arn = self.declared.dead_letter_queue_arn
        return arn if arn and arn.split(":")[3] == region else ""

    @property
    def bus_arn(self) -> str:
        """The bus that other regions hand events on to."""
        return self.declared.bus_arn or self.place.arn("events", self.hub, "event-bus/default")

    @property
    def role_arn(self) -> str:
        """The role by which events are handed on."""
        if self.declared.role_arn:
            return self.declared.role_arn
        return f"arn:{self.place.partition}:iam::{self.place.account_id}:role/iam-hardening/{self.declared.role_name}"

    def applies(self, rule: AlertRule) -> bool:
        """Whether events of ``rule`` can reach this account at all."""
        if rule.where is not Where.ORGANIZATIONS_HOME:
            return True
        return bool(self.place.is_management_account) or self.declared.receive_from_organization

    def list_rules(self) -> tuple[WantedRule, ...]:
        """List all rules, region by region, those that notify first."""
        if not self.declared.has_destination:
            return ()
        found: list[WantedRule] = []
        for region in self.place.regions:
            if region in self.notifying_regions:
                everything = self.declared.topology != TOPICS
                found += [
                    self._build_notifying_rule(rule, region)
                    for rule in self._select_rules(region, everything=everything)
                ]
            else:
                found += self._build_forwarding_rules(region)
        return tuple(found)

    def _select_rules(self, region: str, *, everything: bool = False) -> Iterator[AlertRule]:
        """Select the rules whose events occur in a region, or come to it from others."""
        home, partition = self.place.home_region, self.place.partition
        for rule in self.declared.rules:
            if self.applies(rule) and (everything or occurs_in(rule, region, home=home, partition=partition)):
                yield rule

    def _build_notifying_rule(self, rule: AlertRule, region: str) -> WantedRule:
        target = EventTarget(
            TOPIC_TARGET,
            self.topic_arn(region),
            {"InputTransformer": build_transformer(rule), **self._build_delivery(region)},
        )
        return WantedRule(
            name=rule.full_name,
            region=region,
            pattern=rule.exclude_principals(self.declared.ignore_principals),
            state=rule.state.value,
            description=f"[{rule.severity.value}] {rule.title}",
            target=target,
            watches=(rule.name,),
        )

    def _build_forwarding_rules(self, region: str) -> Iterator[WantedRule]:
        """Build as few rules as AWS's limit on patterns allows, for all that is on in a region."""
        target = EventTarget(BUS_TARGET, self.bus_arn, {"RoleArn": self.role_arn, **self._build_delivery(region)})
        groups = _group_rules(tuple(self._select_rules(region)), self.declared.ignore_principals)
        for number, group in enumerate(groups, start=1):
            reads = any(rule.state is State.WITH_READS for rule in group)
            yield WantedRule(
                name=f"{FORWARDER}-{number}",
                region=region,
                pattern=_combine_patterns([rule.exclude_principals(self.declared.ignore_principals) for rule in group]),
                state=(State.WITH_READS if reads else State.ENABLED).value,
                description="Hands on what alerts in another region or account",
                target=target,
                watches=tuple(rule.name for rule in group),
            )

    def _build_delivery(self, region: str) -> dict[str, t.Any]:
        queue = self.queue_arn(region)
        return {"RetryPolicy": dict(_RETRY), **({"DeadLetterConfig": {"Arn": queue}} if queue else {})}


def _combine_patterns(patterns: Sequence[Mapping[str, t.Any]]) -> Mapping[str, t.Any]:
    return patterns[0] if len(patterns) == 1 else {"$or": list(patterns)}


def _group_rules(rules: Sequence[AlertRule], ignored: Sequence[str]) -> list[list[AlertRule]]:
    groups: list[list[AlertRule]] = []
    for rule in rules:
        together = [*groups[-1], rule] if groups else [rule]
        length = len(minify(_combine_patterns([one.exclude_principals(ignored) for one in together])))
        if groups and length <= _LONGEST:
            groups[-1] = together
        else:
            groups.append([rule])
    return groups


def minify(document: t.Any) -> str:
    """Write JSON in the fewest characters, the same for the same document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def build_transformer(rule: AlertRule) -> dict[str, t.Any]:
    """Build the input transformer of a readable message: paths, and a template whose lines are quoted texts.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    head = f"[{rule.severity.value.upper()}] {rule.title}"
    # Angle brackets in a title would stand for a path.
    lines = [re.sub("[<>]", lambda found: {"<": "(", ">": ")"}[found[0]], head), *rule.lines]
    template = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return {"InputPathsMap": dict(rule.paths), "InputTemplate": template}
