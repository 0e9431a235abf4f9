# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``access_analyzer``: its operations, and its walk over the regions of a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import ChangeFacts, Plan, make_cost
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .changes import APPLY_RULE, SERVICE, relies_on, stays_with
from .declared import Declared
from .grants import GRANTS
from .observe import UNDO_OPERATIONS, AnalyzerAws, reread
from .plan import EXPIRED, MODULE, Observed, Planner, list_costs
from .undo import DERIVATIONS

_PRINCIPAL: t.Final = "access-analyzer.amazonaws.com"
_ADMINISTRATORS: t.Final = "ListDelegatedAdministrators"
_DATASETS: t.Final = frozenset({Dataset.ANALYZERS, Dataset.ANALYZER_DETAILS})

OPERATIONS: t.Final = UNDO_OPERATIONS.union(
    Operations(
        reads=frozenset({"ec2:DescribeRegions", f"organizations:{_ADMINISTRATORS}"}),
        writes=frozenset({f"{SERVICE}:{APPLY_RULE}"}),
    ),
    *(READS[dataset] for dataset in _DATASETS | {Dataset.ORGANIZATION, Dataset.ACCOUNT_SUMMARY}),
)
_ANALYZER: t.Final = "arn:${Partition}:access-analyzer:${Region}:${Account}:analyzer/iam-hardening-preflight"
REGISTRATION: t.Final = Registration(
    role="access_analyzer",
    module=MODULE,
    writer=Writer.DETECTIVE,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on),
    enforces=True,
    row=Row((Dataset.ANALYZERS,), is_last=True),
    details=(Dataset.ANALYZER_DETAILS,),
    samples={
        "iam:CreateServiceLinkedRole": f"arn:${{Partition}}:iam::${{Account}}:role/aws-service-role/{_PRINCIPAL}/x",
        "access-analyzer:ApplyArchiveRule": _ANALYZER,
        "access-analyzer:*ArchiveRule": f"{_ANALYZER}/archive-rule/iam-hardening-preflight",
        "access-analyzer:*": _ANALYZER,
    },
    context={"iam:CreateServiceLinkedRole": (("iam:AWSServiceName", _PRINCIPAL),)},
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Converge the analyzers of an account as the options of ``task`` say."""
    try:
        declared = Declared.from_options(task.options, today=task.now.date())
        planner = Planner(declared=declared, settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(AccessAnalyzer, planner, task.regions), module=MODULE)


class AccessAnalyzer(Capability[Observed]):
    """The analyzers of one account."""

    reports = frozenset({EXPIRED})
    _observed: Observed

    def __init__(self, planner: Planner, regions: Sequence[str], connection: Connection) -> None:
        self._connection = connection
        access = connection.access
        self._planner = _fill_regions(planner, access, access.regions(regions))
        applied = (rule.name for rule in self._planner.declared.rules if rule.apply_to_existing)
        self._acting = AnalyzerAws(access, access.caller.account_id, frozenset(applied))

    def observe(self) -> Observed:
        self._observed = _observe(self._connection, self._planner)
        return self._observed

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed, found)

    def reread(self, change: Change) -> t.Any:
        return self._acting.reread(change)

    def acting(self, _change: Change) -> Aws:
        return self._acting

    def stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(change, refused)

    def facts(self, change: Change) -> ChangeFacts:
        """The cost of a new analyzer of unused or internal access."""
        # Rules of analyzers are new too, and have no type.
        kind = str(change.after.get("type", "")) if change.before is None and change.after else ""
        found = [cost for cost in self.costs() if str(cost["option"]).upper() in kind.split("_")]
        return ChangeFacts(cost=make_cost(found))

    def costs(self) -> list[dict[str, t.Any]]:
        return list_costs(self._planner, self._observed.snapshot)


def _fill_regions(planner: Planner, access: Access, regions: tuple[str, ...]) -> Planner:
    """Fill in the regions of ``planner``. Unused access is IAM's, so one region is enough: its home region."""
    declared = planner.declared
    if declared.unused and not declared.unused.region:
        unused = dataclasses.replace(declared.unused, region=access.home_region)
        declared = dataclasses.replace(declared, unused=unused)
    return dataclasses.replace(planner, declared=declared, regions=regions)


def _observe(connection: Connection, planner: Planner) -> Observed:
    declared = planner.declared
    datasets = {*_DATASETS}
    if declared.unused:
        datasets.add(Dataset.ACCOUNT_SUMMARY)
    if declared.of_organization:
        datasets.add(Dataset.ORGANIZATION)
    snapshot = connection.collect(datasets, planner.all_regions)
    if not declared.of_organization:
        return Observed(snapshot)
    unread = snapshot.missing(Dataset.ORGANIZATION)
    if unread:
        return Observed(
            snapshot, f"it is not known whether the account may analyze an organization: {unread_reason(unread)}"
        )
    organization = snapshot.organization
    if organization is None:
        return Observed(snapshot, "the account belongs to no organization")
    if organization.management_account_id == snapshot.account_id:
        return Observed(snapshot)
    return Observed(snapshot, _explain_missing_delegation(connection.access, snapshot.account_id))


def _explain_missing_delegation(access: Access, account_id: str) -> t.Optional[str]:
    """Explain why a member account can't watch its organization. Only delegated administrators may list them."""
    needed = (
        f"only the management account, or a delegated administrator of {_PRINCIPAL}, can have analyzers of an "
        "organization"
    )
    try:
        administrators = access.items(
            "organizations", _ADMINISTRATORS, "DelegatedAdministrators", {"ServicePrincipal": _PRINCIPAL}
        )
        delegated = any(administrator["Id"] == account_id for administrator in administrators)
    except AwsError as error:
        return f"{needed}: {error}"
    return None if delegated else needed
