# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The registration of a capability for the rooms above: preflight, rollback, and generated permissions.

Each capability has one :class:`Registration` in its ``run``; ``_capabilities/registry.py`` lists them.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from .._account.model import Dataset, Snapshot
from .._aws.access import Access
from .._aws.operations import Operations
from .._converge.capability import Aws
from .._converge.change import Change, Refusal
from .._converge.undo_records import Derive
from .._policy.analysis.own_grants import Grants
from .writers import Writer

_NOTHING: t.Final[Mapping[str, t.Any]] = types.MappingProxyType({})
Prepare = Callable[[Access, Sequence[Change], Sequence[Change]], Mapping[str, t.Union[Change, Refusal]]]


@dataclasses.dataclass(frozen=True)
class Reversal:
    """The parts of a capability that a rollback of its changes needs.

    ``operations`` has the writes that undo its changes, and the reads of ``reread``.
    ``derivations`` has the request that takes a recorded change back, by service and operation.
    ``reread`` makes of an account and a moment a function that reads the target of a recorded change, in the shape of
    its ``before`` and ``after``. That change comes out of a journal, so it has neither ``parameters`` nor ``kind``.
    ``relies_on`` says whether a change may rely on an earlier one of the same run. The earlier one is then not taken
    away while the later one stands.
    ``refuse`` refuses undos that would take something from principals that the run did not change, by the record
    that each of them undoes.
    ``prepare`` finds what must be done before an undo, such as making room, or refuses the undo, by the record that it
    undoes. It also gets the recorded changes whose targets are as before.
    ``needs_approval`` says whether an undo is only made under an approved plan, as the module itself would make it.
    ``acting`` finds the AWS that makes an undo; without one the access of the rollback makes it.
    """

    operations: Operations
    derivations: Mapping[tuple[str, str], Derive]
    reread: Callable[[Access, datetime], Callable[[Change], t.Any]]
    relies_on: Callable[[Change, Change], bool] = lambda _later, _earlier: True
    refuse: Callable[[Access, Sequence[Change], datetime], Mapping[str, Refusal]] = lambda _access, _undos, _now: {}
    acting: Callable[[Access], Callable[[Change], t.Optional[Aws]]] = lambda _access: lambda _undo: None
    prepare: Prepare = lambda _access, _undos, _as_before: {}
    needs_approval: Callable[[Change], bool] = lambda _undo: False


@dataclasses.dataclass(frozen=True)
class Row:
    """The row of a capability in the table of the preflight.

    ``datasets`` are read for it. ``absent`` says why a region, or the account, has no object for it. A row that
    ``is_last`` stands below those of the evidence.
    """

    datasets: tuple[Dataset, ...] = ()
    absent: t.Optional[Callable[[Snapshot, str], t.Optional[str]]] = None
    is_last: bool = False


@dataclasses.dataclass(frozen=True)
class Registration:
    """One capability.

    ``role`` is the role that calls it, ``module`` its module, ``writer`` the class of the role in AWS that it writes
    with. ``operations`` are all that its module declares.
    ``enforces`` says whether it makes changes by default.
    ``grants`` are the permissions that its policy in the roles of examples/bootstrap has.
    ``details`` are datasets that it plans on besides those of its row. In check mode the preflight can read them for
    the run: a module that finds all it needs there assumes no role and makes no client.

    ``samples`` and ``context`` say what the preflight simulates: the first pattern counts that fits an action.
    ``samples`` has the ARN of what the action is about, "*" for an action about no resource, and None for an action
    that is not simulated. What it does not name is an object of IAM, as the action says.
    ``context`` has the condition keys that a request has, each with its value.
    Both may hold ``${Partition}``, ``${Account}`` and ``${Region}``.
    """

    role: str
    module: str
    writer: Writer
    operations: Operations
    reversal: Reversal
    enforces: bool = False
    row: Row = Row()
    grants: Grants = Grants()
    details: tuple[Dataset, ...] = ()
    samples: Mapping[str, t.Optional[str]] = dataclasses.field(default_factory=lambda: _NOTHING)
    context: Mapping[str, tuple[tuple[str, str], ...]] = dataclasses.field(default_factory=lambda: _NOTHING)

    @property
    def of_organization(self) -> bool:
        """Whether it changes an organization, in its management account."""
        return self.writer is Writer.ORGANIZATION
