# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``event_alerts``: its operations, and its walk over the regions of a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._aws.operations import Operations
from ..._controls.settings import Settings
from ..._converge.affects.request import place_of
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from .changes import relies_on
from .declared import Declared
from .grants import BOUNDARY, GRANTS
from .observe import UNDO_OPERATIONS, acting, read_surroundings, reread
from .plan import DATASETS, MODULE, Observed, Planner, findings, list_costs, make_rule_results, make_topology
from .probe.run import OPERATIONS as PROBE_OPERATIONS
from .probe.run import ProbeOptions, run_probe
from .topology import Place, Topology
from .undo import DERIVATIONS

OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions"})).union(
    UNDO_OPERATIONS, PROBE_OPERATIONS, OWNERS_OPERATIONS, *(READS[dataset] for dataset in DATASETS)
)
_LONGEST_PROBE: t.Final = 900
_TAGS: t.Final = {"iam-hardening:collection-version": COLLECTION_VERSION}
REGISTRATION: t.Final = Registration(
    role="event_alerts",
    module=MODULE,
    writer=Writer.DETECTIVE,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on, acting=acting),
    row=Row((Dataset.TRAILS,)),
    details=(Dataset.EVENT_RULES,),
    samples={
        "iam:*": "arn:${Partition}:iam::${Account}:role/iam-hardening/iam-hardening-preflight",
        "events:*Permission": "*",
        "events:PutEvents": "arn:${Partition}:events:${Region}:${Account}:event-bus/default",
        "events:*": "arn:${Partition}:events:${Region}:${Account}:rule/iam-hardening-preflight",
        "sns:*": "arn:${Partition}:sns:${Region}:${Account}:iam-hardening-preflight",
        "sqs:*": "arn:${Partition}:sqs:${Region}:${Account}:iam-hardening-preflight",
    },
    context={
        "iam:PassRole": (("iam:PassedToService", "events.amazonaws.com"),),
        "iam:CreateRole": (("iam:PermissionsBoundary", BOUNDARY),),
        "iam:PutRolePolicy": (("iam:PermissionsBoundary", BOUNDARY),),
    },
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Converge the alerts of an account as the options of ``task`` say, or probe those that it has."""
    if task.options["probe"]:
        return run_probe(task, _parse_probe_options(task))
    try:
        declared = Declared.from_options(task.options, enforce=task.run.enforces)
        settings = settings_of(task)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(EventAlerts, declared, settings, task.regions), module=MODULE)


def _parse_probe_options(task: Task) -> ProbeOptions:
    """Parse the options of a probe. Raises TaskError: no probe can be made with them."""
    seconds = int(task.options["probe_seconds"])
    if not 1 <= seconds <= _LONGEST_PROBE:
        raise TaskError(f"probe_seconds: {seconds} is not allowed; allowed are 1 to {_LONGEST_PROBE}")
    if task.options["state"] != "present":
        raise TaskError("probe: true needs state: present, because removed rules can't be probed")
    accepted = frozenset(str(arn).strip() for arn in task.options["probe_accept"])
    return ProbeOptions(seconds, accepted, task.regions, _TAGS)


class EventAlerts(Capability[Observed]):
    """The alerts of one account."""

    _topology: Topology

    def __init__(self, declared: Declared, settings: Settings, regions: Sequence[str], connection: Connection) -> None:
        self._connection = connection
        self._regions = regions
        self._reread = reread(connection.access, connection.now)
        self._acting = acting(connection.access)
        self._declared = declared
        # A topic or a bus that is declared is no stranger's.
        trusted = (*settings.trusted_account_ids, *declared.accounts)
        self._settings = dataclasses.replace(settings, trusted_account_ids=trusted)

    def observe(self) -> Observed:
        access = self._connection.access
        regions = access.regions(self._regions)
        place = Place(access.caller.account_id, access.partition, access.home_region, regions)
        # Events of IAM occur in its home region, and people are notified in the hub.
        wanted = dict.fromkeys((*regions, access.home_region, Topology(self._declared, place).hub))
        if self._declared.bus_arn:
            wanted = dict.fromkeys((*regions, access.home_region))
        snapshot = self._connection.collect(DATASETS, tuple(wanted))
        self._topology = make_topology(self._declared, snapshot)
        return Observed(snapshot, read_surroundings(access, self._topology, snapshot))

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return findings(observed, settings=self._settings, now=self._connection.now)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return Planner(self._declared, _TAGS).plan(observed, found)

    def defines(self, change: Change) -> bool:
        """Whether a change is about the role that hands on events: the only object of IAM here."""
        return place_of(change) == self._topology.role_arn

    def reread(self, change: Change) -> t.Any:
        return self._reread(change)

    def acting(self, change: Change) -> t.Optional[Aws]:
        return self._acting(change)

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"rules": make_rule_results(self._declared, self._topology)}

    def costs(self) -> list[dict[str, t.Any]]:
        return list_costs(self._declared, self._topology)
