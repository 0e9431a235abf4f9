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
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._converge.capability import Capability
from ..._converge.change import Change, Refusal
from ..._converge.errors import InputError
from ..._converge.finding import Finding, Status
from ..._converge.plan import ChangeFacts, Plan, make_cost
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.options import FindingOptions
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .changes import WRITES
from .declared import Declared
from .grants import GRANTS
from .observe import CONTROL_READS, UNDO_OPERATIONS, read_controls, reread
from .plan import DATASETS, MODULE, Observed, Planner, list_costs, make_hub_result, stays_with
from .undo import DERIVATIONS

# The writes that undo a change are among them: nothing is changed by who may not take it back.
OPERATIONS: t.Final = Operations(writes=frozenset(f"securityhub:{name}" for name in WRITES)).union(
    UNDO_OPERATIONS, CONTROL_READS, *(READS[dataset] for dataset in DATASETS)
)
# "This account is currently associated with a central configuration policy, so only the administrator can access this
# operation." and "Account … is managed by a configuration policy": AWS has no code of its own for it.
_CENTRAL: t.Final = re.compile("configuration policy", re.IGNORECASE)
_UNPROCESSED: t.Final = "UnprocessedAssociationUpdates"
_PRINCIPAL: t.Final = "securityhub.amazonaws.com"
_SAMPLE: t.Final = "arn:${Partition}:securityhub:${Region}:${Account}"
REGISTRATION: t.Final = Registration(
    role="security_hub",
    module=MODULE,
    writer=Writer.DETECTIVE,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread),
    row=Row((Dataset.SECURITY_HUB,), is_last=True),
    details=(Dataset.SECURITY_HUB_DETAILS,),
    samples={
        "iam:CreateServiceLinkedRole": f"arn:${{Partition}}:iam::${{Account}}:role/aws-service-role/{_PRINCIPAL}/x",
        "securityhub:BatchUpdateStandardsControlAssociations": "*",
        "securityhub:CreateFindingAggregator": "*",
        "securityhub:UpdateFindingAggregator": f"{_SAMPLE}:finding-aggregator/iam-hardening-preflight",
        "securityhub:UpdateSecurityControl": "*",
        "securityhub:*": f"{_SAMPLE}:hub/default",
    },
    context={"iam:CreateServiceLinkedRole": (("iam:AWSServiceName", _PRINCIPAL),)},
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Set Security Hub up in the regions of an account, as the options say."""
    try:
        planner = Planner(declared=Declared.from_options(task.options), settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(SecurityHub, planner, task.regions, task.findings), module=MODULE)


def _learn(change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Learn what AWS left undone: it answers a batch with success, and lists in it what it did not do."""
    failed = [
        f"{item['StandardsControlAssociationUpdate']['SecurityControlId']}: {item.get('ErrorReason')}"
        for item in answer.get(_UNPROCESSED) or ()
    ]
    if failed:
        raise AwsError("; ".join(failed), service=change.service, operation=change.operation, region=change.region)
    arn = answer.get("FindingAggregatorArn")
    return {"FindingAggregatorArn": arn} if arn else {}


class SecurityHub(Capability[Observed]):
    """Security Hub in the regions of one account: what was observed, planned, and refused."""

    _observed: Observed

    def __init__(
        self, planner: Planner, regions: Sequence[str], findings: FindingOptions, connection: Connection
    ) -> None:
        self._planner = planner
        self._regions = regions
        self._finding_options = findings
        self._connection = connection
        self._reread = reread(connection.access, planner.now)
        self._changes: tuple[Change, ...] = ()
        self._managed: list[str] = []

    def observe(self) -> Observed:
        access = self._connection.access
        regions = access.regions(self._regions)
        wanted = self._planner.declared.aggregation
        if wanted is not None and wanted.region not in regions:
            raise TaskError(f"aggregation_region: {wanted.region} is not among the regions ({', '.join(regions)})")
        snapshot = self._connection.collect(DATASETS, regions)
        controls = read_controls(access, self._planner.declared.controls, snapshot.security_hub_details)
        self._observed = Observed(snapshot, controls)
        return self._observed

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        plan = self._planner.plan(observed, found)
        self._changes = plan.changes
        return plan

    def reread(self, change: Change) -> t.Any:
        return self._reread(change)

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        return _learn(change, answer)

    def stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(change, refused) or (change.region == refused.region and change.region in self._managed)

    def find_refusal(self, change: Change, error: Exception) -> t.Optional[Refusal]:
        """The refusal of a write because an administrator configures the account; None for any other error."""
        if not isinstance(error, AccessDenied) or not _CENTRAL.search(error.message):
            return None
        self._managed.append(change.region)
        return Refusal("managed_centrally", f"managed centrally: {error.message}", change.target, change.operation)

    def result(self, result: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """The hubs; and the findings anew where a refused write showed that an administrator configures the account."""
        observed = self._observed.mark_managed(self._managed)
        hubs = {"hubs": [make_hub_result(item) for item in observed.snapshot.security_hub_details]}
        if not self._managed or "findings" not in result:
            return hubs
        wanted = self._finding_options.returned
        found = [item for item in self._planner.findings(observed) if wanted == "all" or item.status is Status.FAIL]
        return {"findings": [item.as_dict() for item in found], **hubs}

    def facts(self, change: Change) -> ChangeFacts:
        """The cost of the change."""
        return ChangeFacts(cost=make_cost(list_costs([change])))

    def costs(self) -> list[dict[str, t.Any]]:
        return list_costs(self._changes)
