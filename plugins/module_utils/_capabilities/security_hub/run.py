# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``security_hub``: its operations, and its walk over the regions of an account."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Mapping

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._converge.change import Change, Refusal
from ..._converge.errors import InputError
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from ..._converge.runner import Walk
from ..._module.converging import converge, settings_of
from ..._module.task import Task, TaskError
from .changes import WRITES
from .declared import Declared
from .observe import CONTROL_READS, UNDO_OPERATIONS, read_controls, reread
from .plan import DATASETS, MODULE, Observed, Planner, costs, stays_with, told

# The writes that undo a change are among them: nothing is changed by who may not take it back.
OPERATIONS: t.Final = Operations(writes=frozenset(f"securityhub:{name}" for name in WRITES)).union(
    UNDO_OPERATIONS, CONTROL_READS, *(READS[dataset] for dataset in DATASETS)
)
# "This account is currently associated with a central configuration policy, so only the administrator can access this
# operation." and "Account … is managed by a configuration policy": AWS has no code of its own for it.
_CENTRAL: t.Final = re.compile("configuration policy", re.IGNORECASE)
_UNPROCESSED: t.Final = "UnprocessedAssociationUpdates"


def run(task: Task) -> dict[str, t.Any]:
    """Set Security Hub up in the regions of an account, as the options say."""
    try:
        planner = Planner(declared=Declared.from_options(task.options), settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    hubs = _Hubs(task, planner)
    try:
        result = converge(task, module=MODULE, walk=hubs.walk, costs=hubs.costs)
    except TaskError as error:
        error.details.update(hubs.told() if error.details else {})
        raise
    return {**result, **hubs.findings(result), **hubs.told()}


class _Hubs:
    """One run: what it observed, planned, and was refused."""

    def __init__(self, task: Task, planner: Planner) -> None:
        self._task = task
        self._planner = planner
        self._observed: t.Optional[Observed] = None
        self._changes: tuple[Change, ...] = ()
        self._managed: list[str] = []

    def walk(self, access: Access) -> Walk[Observed]:
        """The walk of this run, once the account is known to be the right one."""
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, access),
            assess=self._planner.findings,
            plan=self._plan,
            reread=reread(access, self._planner.now),
            learn=_learn,
            stays_with=self._stays_with,
            declined=self._declined,
        )

    def _observe(self, access: Access) -> Observed:
        regions = access.regions(self._task.options["regions"])
        wanted = self._planner.declared.aggregation
        if wanted is not None and wanted.region not in regions:
            raise TaskError(f"aggregation_region: {wanted.region} is not among the regions ({', '.join(regions)})")
        snapshot = collect(access, datasets=DATASETS, regions=regions, now=self._planner.now)
        controls = read_controls(access, self._planner.declared.controls, snapshot.security_hub_details)
        self._observed = Observed(snapshot, controls)
        return self._observed

    def _plan(self, observed: Observed, found: t.Sequence[Finding]) -> Plan:
        plan = self._planner.plan(observed, found)
        self._changes = plan.changes
        return plan

    def _stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(change, refused) or (change.region == refused.region and change.region in self._managed)

    def _declined(self, change: Change, error: Exception) -> t.Optional[Refusal]:
        """Why a write was refused by whoever configures the account; None where it is another refusal."""
        if not isinstance(error, AccessDenied) or not _CENTRAL.search(error.message):
            return None
        self._managed.append(change.region)
        return Refusal("managed_centrally", f"managed centrally: {error.message}", change.target, change.operation)

    def findings(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The findings anew where a refused write told who configures the account: that was not to be read before."""
        if self._observed is None or not self._managed or "findings" not in result:
            return {}
        found = self._planner.findings(self._observed.managed_in(self._managed))
        wanted = self._task.options["return_findings"]
        return {"findings": [item.as_dict() for item in found if wanted == "all" or item.status is Status.FAIL]}

    def told(self) -> dict[str, t.Any]:
        """What the result says beside findings and changes."""
        if self._observed is None:
            return {"hubs": []}
        observed = self._observed.managed_in(self._managed)
        return {"hubs": [told(item) for item in observed.snapshot.security_hub_details]}

    def costs(self) -> list[dict[str, t.Any]]:
        """What the plan costs."""
        return costs(self._changes)


def _learn(change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """What came of a change: AWS answers a batch with success and tells in it what it did not do."""
    failed = [
        f"{item['StandardsControlAssociationUpdate']['SecurityControlId']}: {item.get('ErrorReason')}"
        for item in answer.get(_UNPROCESSED) or ()
    ]
    if failed:
        raise AwsError("; ".join(failed), service=change.service, operation=change.operation, region=change.region)
    arn = answer.get("FindingAggregatorArn")
    return {"FindingAggregatorArn": arn} if arn else {}
