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

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._controls.settings import Settings
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._converge.runner import Walk
from ..._module.converging import converge, settings_of
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from .declared import Declared
from .observe import UNDO_OPERATIONS, acting, reread, surroundings
from .plan import DATASETS, MODULE, Observed, Planner, costs, findings, told, topology_of
from .probe.run import OPERATIONS as PROBE_OPERATIONS
from .probe.run import run_probe
from .topology import Place, Topology

OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions"})).union(
    UNDO_OPERATIONS, PROBE_OPERATIONS, *(READS[dataset] for dataset in DATASETS)
)
_LONGEST_PROBE: t.Final = 900
_TAGS: t.Final = {"iam-hardening:collection-version": COLLECTION_VERSION}


def run(task: Task) -> dict[str, t.Any]:
    """Converge the alerts of an account as the options of ``task`` say, or probe those that it has."""
    if task.options["probe"]:
        _check_probe(task)
        return run_probe(task, _TAGS)
    try:
        declared = Declared.from_options(task.options, enforce=task.options["mode"] == "enforce")
        alerts = _Alerts(task, declared, settings_of(task))
    except InputError as error:
        raise TaskError(str(error)) from error
    try:
        result = converge(task, module=MODULE, walk=alerts.walk, costs=alerts.costs)
    except TaskError as error:
        if "changes" in error.details:
            error.details.update(alerts.told())
        raise
    return {**result, **alerts.told()}


def _check_probe(task: Task) -> None:
    """Refuse options that no probe can be made with. Raises TaskError."""
    seconds = task.options["probe_seconds"]
    if not 1 <= seconds <= _LONGEST_PROBE:
        raise TaskError(f"probe_seconds: {seconds} is not allowed; allowed are 1 to {_LONGEST_PROBE}")
    if task.options["state"] != "present":
        raise TaskError("probe: true goes with state: present; there is nothing to probe where the rules are removed")


class _Alerts:
    """One run."""

    def __init__(self, task: Task, declared: Declared, settings: Settings) -> None:
        self._task = task
        self._declared = declared
        # A topic or a bus that is declared is no stranger's.
        trusted = (*settings.trusted_account_ids, *declared.accounts)
        self._settings = dataclasses.replace(settings, trusted_account_ids=trusted)
        self._topology: t.Optional[Topology] = None

    def walk(self, access: Access) -> Walk[Observed]:
        """The walk of this run, once the account is known to be the right one."""
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, access),
            assess=self._assess,
            plan=self._plan,
            reread=reread(access, self._task.now),
            acting=acting(access),
        )

    def _observe(self, access: Access) -> Observed:
        regions = access.regions(self._task.options["regions"])
        place = Place(access.caller.account_id, access.partition, access.home_region, regions)
        # Events of IAM occur in its home region, and people are told in the hub.
        wanted = dict.fromkeys((*regions, access.home_region, Topology(self._declared, place).hub))
        if self._declared.bus_arn:
            wanted = dict.fromkeys((*regions, access.home_region))
        snapshot = collect(access, datasets=DATASETS, regions=tuple(wanted), now=self._task.now)
        self._topology = topology_of(self._declared, snapshot)
        return Observed(snapshot, surroundings(access, self._topology, snapshot))

    def _assess(self, observed: Observed) -> tuple[Finding, ...]:
        return findings(observed, settings=self._settings, now=self._task.now)

    def _plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return Planner(self._declared, _TAGS).plan(observed, found)

    def told(self) -> dict[str, t.Any]:
        """What this module returns beside what all converging modules do."""
        if self._topology is None:
            return {"rules": []}
        return {"rules": told(self._declared, self._topology)}

    def costs(self) -> list[dict[str, t.Any]]:
        """What the declaration costs."""
        return costs(self._declared, self._topology) if self._topology else []
