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

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._controls.facts import Facts
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import Known
from ..._converge.arn import principals_of
from ..._converge.errors import InputError
from ..._converge.runner import Walk
from ..._module.converging import Documents, converge, settings_of
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of, with_told_policies
from ..._module.task import Task, TaskError
from ..._prediction.document import accepted_of, build, layers_not_read
from ..._prediction.evidence import EVIDENCE_OPERATIONS, Predictor, Proposal, acceptances_of, check_evidence_options
from .changes import WRITES
from .declared import Rules
from .observe import UNDO_OPERATIONS, reread_before_taking
from .plan import DATASETS, LOCKOUT_KINDS, MODULE, Observed, Planner

# The writes that undo a change are among them: nothing is changed by who may not take it back.
OPERATIONS: t.Final = Operations(writes=frozenset(f"iam:{name}" for name in WRITES)).union(
    BREAK_GLASS_OPERATIONS, UNDO_OPERATIONS, EVIDENCE_OPERATIONS, *(READS[dataset] for dataset in DATASETS)
)


def run(task: Task) -> dict[str, t.Any]:
    """Bring the permissions of an account's users into groups, and take policies away, as the options say."""
    check_evidence_options(task)
    try:
        planner = Planner(
            rules=Rules.from_options(task.options),
            settings=settings_of(task),
            now=task.now,
            acceptances=acceptances_of(task),
            break_glass=tuple(task.options["break_glass"]),
        )
    except InputError as error:
        raise TaskError(str(error)) from error
    permissions = _Permissions(task, planner)
    return converge(task, module=MODULE, walk=permissions.walk, impacts=permissions.impacts)


class _Permissions:
    """One run, and what it observed and predicted."""

    def __init__(self, task: Task, planner: Planner) -> None:
        self._task = task
        self._planner = planner
        self._observed: t.Optional[Observed] = None

    def walk(self, access: Access) -> Walk[Observed]:
        """The walk of this run, once the account is known to be the right one."""
        # The roles of both modes and all classes: check mode, where the reader calls, is to plan what the writer would.
        roles = (*self._task.writing_roles, self._task.options.get("assessor_role_arn") or "")
        callers = principals_of([access.caller.arn, *access.chain, *roles])
        self._planner = dataclasses.replace(self._planner, callers=callers)
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, access),
            assess=self._planner.findings,
            plan=self._planner.plan,
            reread=functools.partial(reread_before_taking, access),
            lockout_kinds=LOCKOUT_KINDS,
            affected=lambda observed, changes: with_affected(changes, Known(observed.snapshot)),
            rescue=lambda observed: rescue_of(
                self._task, access, observed.snapshot, self._planner.break_glass, now=self._planner.now
            ),
        )

    def _observe(self, access: Access) -> Observed:
        """The account, and the prediction for all from whom something is to be taken."""
        task, planner = self._task, self._planner
        snapshot = with_told_policies(task, collect(access, datasets=DATASETS, regions=(), now=planner.now))
        observed = Observed(Facts(snapshot))
        proposals = planner.proposals(observed)
        if proposals:
            predictor = Predictor(task, observed.snapshot, observed.permissions)
            impacts = predictor.predict({arn: Proposal(*layers) for arn, layers in proposals.items()})
            observed = dataclasses.replace(observed, impacts=impacts)
        self._observed = observed
        return observed

    def impacts(self) -> Documents:
        """What the removals do to those who lose something, for the report; none where nobody does."""
        observed, planner = self._observed, self._planner
        if observed is None or not observed.impacts:
            return ()
        impacts = list(observed.impacts.values())
        snapshot = observed.snapshot
        document = build(
            impacts,
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            change=[removal.text for removal in planner.rules.removals],
            accepted=accepted_of(impacts, planner.acceptances, planner.now.date()),
            skipped=(),
            created=planner.now,
            unread=layers_not_read(snapshot),
            assumed=self._task.options["unused_resources"],
        )
        return (document,)
