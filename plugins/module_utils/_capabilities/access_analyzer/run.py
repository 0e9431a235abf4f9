# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``access_analyzer``: its operations, and its walk over the regions of a live account."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._account.model import Dataset
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.errors import InputError
from ..._converge.runner import Walk
from ..._module.converging import converge, settings_of
from ..._module.task import Task, TaskError
from .changes import APPLY_RULE, SERVICE, stays_with
from .declared import Declared
from .observe import UNDO_OPERATIONS, Acting
from .plan import EXPIRED, MODULE, Observed, Planner, costs

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


def run(task: Task) -> dict[str, t.Any]:
    """Converge the analyzers of an account as the options of ``task`` say."""
    try:
        declared = Declared.from_options(task.options, today=task.now.date())
        planner = Planner(declared=declared, settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    work = _Work(task, planner)
    return converge(task, module=MODULE, walk=work.walk, costs=lambda: work.costs, reports=frozenset({EXPIRED}))


class _Work:
    """The walk of one task, and what it learns on the way."""

    def __init__(self, task: Task, planner: Planner) -> None:
        self._task = task
        self._planner = planner
        self.costs: list[dict[str, t.Any]] = []

    def walk(self, access: Access) -> Walk[Observed]:
        planner = _placed(self._planner, access, access.regions(self._task.options["regions"]))
        acting = Acting(
            access,
            access.caller.account_id,
            frozenset(rule.name for rule in planner.declared.rules if rule.apply_to_existing),
        )

        def observe() -> Observed:
            observed = _observed(access, planner)
            self.costs = costs(planner, observed.snapshot)
            return observed

        return Walk(
            module=MODULE,
            observe=observe,
            assess=planner.findings,
            plan=planner.plan,
            reread=acting.reread,
            acting=lambda _change: acting,
            stays_with=stays_with,
        )


def _placed(planner: Planner, access: Access, regions: tuple[str, ...]) -> Planner:
    """``planner`` for these regions. Unused access is IAM's, so that one region will do: its home."""
    declared = planner.declared
    if declared.unused and not declared.unused.region:
        unused = dataclasses.replace(declared.unused, region=access.home_region)
        declared = dataclasses.replace(declared, unused=unused)
    return dataclasses.replace(planner, declared=declared, regions=regions)


def _observed(access: Access, planner: Planner) -> Observed:
    declared = planner.declared
    datasets = {*_DATASETS}
    if declared.unused:
        datasets.add(Dataset.ACCOUNT_SUMMARY)
    if declared.of_organization:
        datasets.add(Dataset.ORGANIZATION)
    snapshot = collect(access, datasets=datasets, regions=planner.all_regions, now=planner.now)
    if not declared.of_organization:
        return Observed(snapshot)
    unread = snapshot.missing(Dataset.ORGANIZATION)
    if unread:
        return Observed(
            snapshot, f"whether the account may watch an organization is not known: {unread_reason(unread)}"
        )
    organization = snapshot.organization
    if organization is None:
        return Observed(snapshot, "the account belongs to no organization")
    if organization.management_account_id == snapshot.account_id:
        return Observed(snapshot)
    return Observed(snapshot, _delegation(access, snapshot.account_id))


def _delegation(access: Access, account_id: str) -> t.Optional[str]:
    """Why a member can't watch its organization; only those to whom it delegates may ask to whom it does."""
    needed = (
        f"analyzers of an organization belong to its management account, or to one that it delegates {_PRINCIPAL} to"
    )
    try:
        administrators = access.items(
            "organizations", _ADMINISTRATORS, "DelegatedAdministrators", {"ServicePrincipal": _PRINCIPAL}
        )
        delegated = any(administrator["Id"] == account_id for administrator in administrators)
    except AwsError as error:
        return f"{needed}: {error}"
    return None if delegated else needed
