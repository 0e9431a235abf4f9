# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``access_key_lifecycle``: its operations, and its walk on a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._account.model import Dataset
from ..._assessment.run import Declaration, declaration
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._controls.facts import Facts
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import Known
from ..._converge.arn import principals_of
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._converge.runner import Walk
from ..._converge.store import StoreError
from ..._module.converging import converge, journal_store_of
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of
from ..._module.task import Task, TaskError
from .candidates import users_in_question
from .changes import same_step
from .declared import Rules
from .history import PUBLISH, TAG, UNTAG, mark_of, read_history
from .kinds import OPERATIONS_OF, is_stage_tag
from .observe import OPERATIONS as LIVE_READS
from .observe import read_users, state_of
from .plan import DATASETS, MODULE, Observed, Planner, Review, commands_back

# What undoing a change takes: the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    writes=frozenset(f"iam:{name}" for name in (*(kind.update for kind in OPERATIONS_OF.values()), TAG, UNTAG) if name)
).union(LIVE_READS)
OPERATIONS: t.Final = Operations(
    writes=frozenset({f"iam:{kind.delete}" for kind in OPERATIONS_OF.values()} | {f"sns:{PUBLISH}"})
).union(BREAK_GLASS_OPERATIONS, UNDO_OPERATIONS, *(READS[dataset] for dataset in DATASETS))


def run(task: Task) -> dict[str, t.Any]:
    """Bring the access keys of an account to their next stages, as the options of ``task`` say."""
    declared = declaration(task)
    try:
        rules = Rules.from_options(task.options, key_age_days=declared.settings.key_age_days)
    except InputError as error:
        raise TaskError(str(error)) from error
    lifecycle = _Lifecycle(task, declared, rules)
    try:
        result = converge(task, module=MODULE, walk=lifecycle.walk)
    except TaskError as error:
        if "changes" in error.details:
            error.details.update(lifecycle.result(error.details))
        raise
    return {**result, **lifecycle.result(result)}


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(state_of, access, messages={})


class _Lifecycle:
    """One run: what was observed and decided, and the ids of the notices that were sent."""

    def __init__(self, task: Task, declared: Declaration, rules: Rules) -> None:
        self._task = task
        self._planner = Planner(
            rules=rules,
            settings=declared.settings,
            waivers=declared.waivers,
            run_id=task.run_id,
            now=task.now,
            break_glass=tuple(task.options["break_glass"]),
        )
        self._observed: t.Optional[Observed] = None
        self._reviews: tuple[Review, ...] = ()
        self._messages: dict[tuple[str, str], str] = {}

    def walk(self, access: Access) -> Walk[Observed]:
        """The walk of this run, once the account is known to be the right one."""
        callers = principals_of([access.caller.arn, *access.chain])
        self._planner = dataclasses.replace(self._planner, callers=callers)
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, access),
            assess=self._planner.findings,
            plan=self._plan,
            reread=functools.partial(state_of, access, messages=self._messages),
            learn=self._learn,
            stays_with=same_step,
            affected=lambda observed, changes: with_affected(changes, Known(observed.snapshot)),
            rescue=lambda observed: rescue_of(
                self._task, access, observed.snapshot, self._planner.break_glass, now=self._planner.now
            ),
        )

    def _observe(self, access: Access) -> Observed:
        planner = self._planner
        snapshot = collect(access, datasets=DATASETS, regions=(), now=planner.now)
        if any(snapshot.missing(name) for name in (Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT)):
            return Observed(snapshot)
        users = users_in_question(Facts(snapshot), planner.rules, planner.now)
        credentials, unread = read_users(access, users, planner.rules.kinds)
        tags = [value for user in users for key, value in user.tags.items() if is_stage_tag(key)]
        runs = {mark.run for mark in map(mark_of, tags) if mark}
        try:
            history, error = read_history(journal_store_of(self._task), snapshot.account_id, runs), ""
        except StoreError as failure:
            history, error = (), str(failure)
        return planner.observed(snapshot, credentials, unread, history, error)

    def _plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        self._observed = observed
        self._reviews = self._planner.reviews(observed)
        return self._planner.plan(observed, found, self._reviews)

    def _learn(self, change: Change, answer: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """SNS's word that it took a notice: what the grace counts from."""
        if change.operation != PUBLISH:
            return {}
        message = str(answer["MessageId"])
        self._messages[change.target, change.after["id"]] = message
        return {"MessageId": message}

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What this module returns beside what all converging modules do."""
        reveal = self._task.options["reveal_key_ids"]
        credentials = self._observed.credentials if self._observed else ()
        return {
            "credentials": [review.as_dict(reveal_key_ids=reveal) for review in self._reviews],
            "notices": [
                {"user": arn.rpartition("/")[2], "id": credential, "message_id": message}
                for (arn, credential), message in self._messages.items()
            ],
            "bring_back": commands_back(result["changes"], credentials),
        }
