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
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from ..._account.answer import Unknown
from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._account.moments import format_utc
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._controls.facts import Facts
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.break_glass import Rescue
from ..._converge.capability import Capability
from ..._converge.change import Change
from ..._converge.credential_facts import find_credential
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import ChangeFacts, Plan
from ..._converge.store import StoreError
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.declaration import declaration
from ..._module.options import StoreOptions
from ..._module.registration import Registration, Reversal, Row
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_now
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .candidates import find_users_in_question
from .changes import is_same_step
from .declared import Declared
from .grants import GRANTS
from .history import PUBLISH, TAG, UNTAG, History, parse_mark, read_history
from .kinds import OPERATIONS_OF, is_stage_tag
from .observe import OPERATIONS as LIVE_READS
from .observe import read_state, read_users
from .plan import DATASETS, MODULE, Observed, Planner, Review, list_commands_back
from .undo import DERIVATIONS

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    writes=frozenset(f"iam:{name}" for name in (*(kind.update for kind in OPERATIONS_OF.values()), TAG, UNTAG) if name)
).union(LIVE_READS)
OPERATIONS: t.Final = Operations(
    writes=frozenset({f"iam:{kind.delete}" for kind in OPERATIONS_OF.values()} | {f"sns:{PUBLISH}"})
).union(BREAK_GLASS_OPERATIONS, UNDO_OPERATIONS, *(READS[dataset] for dataset in DATASETS))


def run(task: Task) -> dict[str, t.Any]:
    """Bring the access keys of an account to their next stages, as the options of ``task`` say."""
    shared = declaration(task)
    try:
        declared = Declared.from_options(task.options, key_age_days=shared.settings.key_age_days)
    except InputError as error:
        raise TaskError(str(error)) from error
    planner = Planner(
        declared=declared,
        settings=shared.settings,
        waivers=shared.waivers,
        run_id=task.run_id,
        now=task.now,
        break_glass=task.guards.break_glass,
    )
    make = functools.partial(AccessKeys, planner, journal=task.journal, reveal_key_ids=task.findings.reveal_key_ids)
    return converge(task, make, module=MODULE)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(read_state, access, messages={})


REGISTRATION: t.Final = Registration(
    role="access_keys",
    module=MODULE,
    writer=Writer.CREDENTIALS,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread),
    row=Row((Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT, Dataset.SERVICE_SPECIFIC_CREDENTIALS)),
    # Of a notice only the declaration has the topic, which may be another account's.
    samples={f"sns:{PUBLISH}": None},
    context=dict.fromkeys(("iam:TagUser", "iam:UntagUser"), (("aws:TagKeys", "iam-hardening:key-preflight"),)),
    grants=GRANTS,
)


class AccessKeys(Capability[Observed]):
    """The credentials of one account: what was observed and decided, and the ids of the notices that were sent."""

    _observed: Observed

    def __init__(
        self, planner: Planner, connection: Connection, *, journal: StoreOptions, reveal_key_ids: bool
    ) -> None:
        self._planner = dataclasses.replace(planner, callers=connection.principals)
        self._journal = journal
        self._reveal_key_ids = reveal_key_ids
        self._connection = connection
        self._reviews: tuple[Review, ...] = ()
        self._messages: dict[tuple[str, str], str] = {}

    def observe(self) -> Observed:
        access = self._connection.access
        planner = self._planner
        snapshot = self._connection.collect(DATASETS)
        if any(snapshot.missing(name) for name in (Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT)):
            return Observed(snapshot)
        users = find_users_in_question(Facts(snapshot), planner.declared, planner.now)
        credentials, unread = read_users(access, users, planner.declared.kinds)
        tags = [value for user in users for key, value in user.tags.items() if is_stage_tag(key)]
        runs = {mark.run for mark in map(parse_mark, tags) if mark}
        history = self._read_history(snapshot.account_id, runs)
        return planner.build_observed(snapshot, credentials, unread, history)

    def _read_history(self, account_id: str, runs: Collection[str]) -> History:
        try:
            store = self._connection.open_store(self._journal)
        except StoreError as error:
            return dict.fromkeys(runs, Unknown(f"the journal can't be read: {error}"))
        return read_history(store, account_id, runs)

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        self._observed = observed
        self._reviews = self._planner.make_reviews(observed)
        return self._planner.plan(observed, found, self._reviews)

    def reread(self, change: Change) -> t.Any:
        return read_state(self._connection.access, change, messages=self._messages)

    def stays_with(self, change: Change, refused: Change) -> bool:
        return is_same_step(change, refused)

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed.snapshot))

    def rescue(self, observed: Observed) -> Rescue:
        return rescue_now(self._connection, observed.snapshot, self._planner.break_glass)

    def facts(self, change: Change) -> ChangeFacts:
        """The age and last use of the credential, and when its next stage may come."""
        found = find_credential(change)
        name = (change.target, found["kind"], found["id"]) if found else None
        review = next((one for one in self._reviews if name == one.name), None)
        if found is None or review is None:
            return ChangeFacts(credential=found)
        due = review.find_next_due(self._planner.declared, self._planner.now)
        return ChangeFacts(deadline=format_utc(due) if due else None, credential={**found, **review.dates})

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """SNS's word that it took a notice: what the grace counts from."""
        if change.operation != PUBLISH:
            return {}
        message = str(answer["MessageId"])
        self._messages[change.target, change.after["id"]] = message
        return {"MessageId": message}

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {
            "credentials": [review.as_dict(reveal_key_ids=self._reveal_key_ids) for review in self._reviews],
            "notices": [
                {"user": arn.rpartition("/")[2], "id": credential, "message_id": message}
                for (arn, credential), message in self._messages.items()
            ],
            "bring_back": list_commands_back(result["changes"], self._observed.credentials),
        }
