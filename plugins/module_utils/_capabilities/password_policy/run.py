# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``password_policy``: its operations, and its walk on a live account."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable
from datetime import datetime

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._account.model import Dataset, Snapshot
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.capability import Capability
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .declared import Declared, describe_policy
from .plan import DELETE, THEME, UPDATE, Planner, findings, list_datasets
from .undo import DERIVATIONS

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(writes=frozenset({f"iam:{UPDATE}", f"iam:{DELETE}"})).union(
    READS[Dataset.PASSWORD_POLICY]
)
OPERATIONS: t.Final = UNDO_OPERATIONS.union(READS[Dataset.CREDENTIAL_REPORT], READS[Dataset.AUTHORIZATION_DETAILS])


def run(task: Task) -> dict[str, t.Any]:
    """Converge the password policy of an account as the options of ``task`` say."""
    try:
        planner = Planner(declared=Declared.from_options(task.options), settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(PasswordPolicy, planner), module=THEME)


class PasswordPolicy(Capability[Snapshot]):
    """The password policy of one account."""

    def __init__(self, planner: Planner, connection: Connection) -> None:
        self._planner = planner
        self._connection = connection

    def observe(self) -> Snapshot:
        wanted = list_datasets(self._planner.declared)
        return self._connection.collect(wanted)

    def findings(self, observed: Snapshot) -> tuple[Finding, ...]:
        return findings(observed, settings=self._planner.settings, now=self._planner.now)

    def plan(self, observed: Snapshot, found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed, found)

    def reread(self, change: Change) -> t.Any:
        return _reread(self._connection.access, self._planner.now, change)


def reread(access: Access, now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access, now)


REGISTRATION: t.Final = Registration(
    role="password_policy",
    module=THEME,
    writer=Writer.CREDENTIALS,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread),
    enforces=True,
    row=Row((Dataset.PASSWORD_POLICY,)),
)


def _reread(access: Access, now: datetime, _change: Change) -> t.Optional[dict[str, t.Any]]:
    snapshot = collect(access, datasets={Dataset.PASSWORD_POLICY}, regions=(), now=now)
    unread = snapshot.missing(Dataset.PASSWORD_POLICY)
    if unread:
        raise AwsError(f"the password policy can't be read: {unread_reason(unread)}")
    return describe_policy(snapshot.password_policy)
