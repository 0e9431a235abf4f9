# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``user_permissions``: its operations, and its walk on a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._aws.operations import Operations
from ..._controls.facts import Facts
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.break_glass import Rescue
from ..._converge.capability import Capability, Documents
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.registration import Registration, Reversal, Row
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, add_organization_policies, rescue_now
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from ..._prediction.document import build, find_accepted, layers_not_read
from ..._prediction.evidence import EVIDENCE_OPERATIONS, Predictor, Proposal
from ..._prediction.records.evidence_options import EvidenceOptions
from .changes import WRITES, relies_on
from .declared import Declared
from .grants import GRANTS
from .observe import UNDO_OPERATIONS, refuse_needed, reread, reread_before_taking
from .plan import DATASETS, LOCKOUT_KINDS, MODULE, Observed, Planner
from .undo import DERIVATIONS

# The writes that undo a change are among them: nothing is changed by who may not take it back.
OPERATIONS: t.Final = Operations(writes=frozenset(f"iam:{name}" for name in WRITES)).union(
    BREAK_GLASS_OPERATIONS,
    UNDO_OPERATIONS,
    EVIDENCE_OPERATIONS,
    OWNERS_OPERATIONS,
    *(READS[dataset] for dataset in DATASETS),
)
REGISTRATION: t.Final = Registration(
    role="user_permissions",
    module=MODULE,
    writer=Writer.POLICIES,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on, refuse_needed),
    row=Row((Dataset.AUTHORIZATION_DETAILS,)),
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Bring the permissions of an account's users into groups, and take policies away, as the options say."""
    evidence = EvidenceOptions.of(task)
    try:
        planner = Planner(
            declared=Declared.from_options(task.options),
            settings=settings_of(task),
            now=task.now,
            acceptances=evidence.acceptances,
            break_glass=task.guards.break_glass,
        )
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(UserPermissions, planner, evidence), module=MODULE)


class UserPermissions(Capability[Observed]):
    """The permissions of one account's users: what was observed and predicted."""

    lockout_kinds = LOCKOUT_KINDS
    _observed: Observed

    def __init__(self, planner: Planner, evidence: EvidenceOptions, connection: Connection) -> None:
        self._evidence = evidence
        self._planner = dataclasses.replace(planner, callers=connection.principals)
        self._connection = connection

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed, found)

    def reread(self, change: Change) -> t.Any:
        return reread_before_taking(self._connection.access, change)

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed.snapshot))

    def tags(self, observed: Observed) -> Mapping[str, Mapping[str, str]]:
        return observed.snapshot.tags_of_principals

    def rescue(self, observed: Observed) -> Rescue:
        return rescue_now(self._connection, observed.snapshot, self._planner.break_glass)

    def observe(self) -> Observed:
        """The account, and the prediction for all from whom something is to be taken."""
        connection, planner = self._connection, self._planner
        snapshot = connection.collect(DATASETS)
        snapshot = add_organization_policies(connection, snapshot)
        observed = Observed(Facts(snapshot))
        proposals = planner.make_proposals(observed)
        if proposals:
            predictor = Predictor(connection, self._evidence, observed.snapshot, observed.permissions)
            impacts = predictor.predict({arn: Proposal(*layers) for arn, layers in proposals.items()})
            observed = dataclasses.replace(observed, impacts=impacts)
        self._observed = observed
        return observed

    def impacts(self) -> Documents:
        """The effects of the removals on those who lose something; none where nobody does."""
        observed, planner = self._observed, self._planner
        if not observed.impacts:
            return ()
        impacts = list(observed.impacts.values())
        snapshot = observed.snapshot
        document = build(
            impacts,
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            change=[removal.text for removal in planner.declared.removals],
            accepted=find_accepted(impacts, planner.acceptances, planner.now.date()),
            skipped=(),
            created=planner.now,
            unread=layers_not_read(snapshot),
            assumed=self._evidence.unused_resources,
        )
        return (document,)
