# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts that are declared, and accounts in which they are there already."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import (
    OWNED,
    AlertRegion,
    AlertTopic,
    EventRule,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Organization, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.changes import (
    AlertWriter,
    build_admission,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.plan import (
    Observed,
    Planner,
    make_topology,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.surroundings import (
    Role,
    Surroundings,
    SurroundingsPlanner,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.samples import ACCOUNT, snapshot, unread

HOME, OTHER = "us-east-1", "eu-west-1"
TAGS: t.Final = {"iam-hardening:collection-version": "1.0.0"}
OURS: t.Final = {**TAGS, OWNED[0]: OWNED[1]}
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:iam-hardening-alerts"
BUS = f"arn:aws:events:{HOME}:444455556666:event-bus/default"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/iam-hardening-event-forwarding"
MANAGEMENT = Organization("o-acme", ACCOUNT, "ALL")
MEMBER = Organization("o-acme", "999988887777", "ALL")
DEFAULTS: t.Final[dict[str, t.Any]] = {
    "state": "present",
    "rules": {},
    "own_rules": [],
    "ignore_principals": [],
    "topology": "forward",
    "topic_arn": None,
    "create_topic": False,
    "topic_name": "iam-hardening-alerts",
    "kms_key_id": None,
    "bus_arn": None,
    "receive_from_organization": False,
    "dead_letter_queue_arn": None,
    "create_dead_letter_queue": False,
    "dead_letter_queue_name": "iam-hardening-undelivered",
    "role_arn": None,
    "role_name": "iam-hardening-event-forwarding",
    "adopt": False,
}


def own_rule(**fields: t.Any) -> dict[str, t.Any]:
    return {
        "name": "ours",
        "title": "Ours",
        "severity": "medium",
        "pattern": {"source": ["aws.s3"]},
        "where": "everywhere",
        "reads": False,
        "names_caller": False,
        "paths": {},
        "lines": [],
        **fields,
    }


def declare(*, enforce: bool = True, **options: t.Any) -> Declared:
    return Declared.from_options({**DEFAULTS, **options}, enforce=enforce)


def empty(*regions: str, denied: t.Collection[str] = (), **fields: t.Any) -> Snapshot:
    """An account without alerts, of which some regions could not be read."""
    places = regions or (HOME, OTHER)
    return snapshot(
        regions=places,
        alert_regions=tuple(AlertRegion(region) for region in places if region not in denied),
        unread=tuple(unread(Dataset.EVENT_RULES, region=region) for region in denied),
        **fields,
    )


def make_converged(declaration: Declared, account: Snapshot) -> Observed:
    """The account with all that is declared, as AWS returns it: other orders, lists of one, more whitespace."""
    topology = make_topology(declaration, account)
    rules = [
        EventRule(
            name=wanted.name,
            arn=topology.place.arn("events", wanted.region, f"rule/{wanted.name}"),
            region=wanted.region,
            state=wanted.state,
            pattern=_otherwise(wanted.pattern),
            description=wanted.description,
            tags={**OURS, "team": "security"},
            targets=(wanted.target,),
        )
        for wanted in topology.list_rules()
    ]
    regions = tuple(
        AlertRegion(region, tuple(rule for rule in rules if rule.region == region)) for region in topology.place.regions
    )
    build = SurroundingsPlanner(declaration, topology, Surroundings(), AlertWriter(ACCOUNT, TAGS))
    organization = account.organization.id if account.organization else ""
    hub = topology.place.arn("events", topology.hub, "event-bus/default")
    return Observed(
        snapshot(
            regions=account.regions,
            alert_regions=regions,
            unread=account.unread,
            organization=account.organization,
        ),
        Surroundings(
            topics={
                topology.topic_arn(region): AlertTopic(
                    topology.topic_arn(region),
                    policy=_store(build._build_topic_policy(topology.topic_arn(region))),
                    kms_key_id=declaration.kms_key_id,
                )
                for region in topology.notifying_regions
            },
            queues={
                arn: {"queue": arn, "policy": {"Version": "2012-10-17", "Statement": [build._build_send(arn, region)]}}
                for region in topology.place.regions
                if (arn := topology.queue_arn(region))
            },
            role=Role(topology.role_arn, _store(build._trust), _store(build._permissions), OURS),
            bus_policy=_store({"Statement": [build_admission(hub, organization)]}) if organization else None,
            organization_id=organization,
        ),
    )


def _otherwise(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _otherwise(member) for key, member in reversed(value.items())}
    return [_otherwise(member) for member in reversed(value)] if isinstance(value, list) else value


def _store(document: t.Any) -> t.Any:
    """The same policy in another form: lists of one."""
    stored = json.loads(json.dumps(document))
    for statement in stored["Statement"]:
        statement["Action"] = [statement["Action"]]
    return stored


def make_plan(observed: t.Union[Observed, Snapshot], *, enforce: bool = True, **options: t.Any) -> Plan:
    state = observed if isinstance(observed, Observed) else Observed(observed, Surroundings())
    return Planner(declare(enforce=enforce, **options), TAGS).plan(state, ())


def operations(plan: Plan) -> list[str]:
    """What is written, a word a change."""
    return [f"{change.operation} {change.target.rpartition(':')[2].rpartition('/')[2]}" for change in plan.changes]


def count_operations(plan: Plan) -> dict[str, int]:
    names = [change.operation for change in plan.changes]
    return {name: names.count(name) for name in sorted(set(names))}
