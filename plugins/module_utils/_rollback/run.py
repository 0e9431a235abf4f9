# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``rollback``: its operations, and its walk from the journal to the account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from .._account.collect import OPERATIONS as READS
from .._account.collect import collect
from .._account.model import Dataset
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._capabilities.registry import CAPABILITIES
from .._converge.affects.affected import with_affected
from .._converge.affects.live import ADMINISTRATORS_READS, HOLDERS_READS, NODES_READS, LiveReach
from .._converge.break_glass import Rescue
from .._converge.capability import Aws, Capability
from .._converge.change import Change, Refusal
from .._converge.errors import InputError
from .._converge.finding import Finding
from .._converge.journal import Intent, Outcome, check_run_id, intent_at, read_recorded
from .._converge.plan import Plan
from .._converge.store import Store
from .._converge.undo import Recorded, Selection, Undoing, Unread, is_same_module, objection, plan_undos, takes_away
from .._converge.undo_requests import find_mismatch
from .._module.connection import Connection
from .._module.converging import converge
from .._module.interrupted import MALFORMED, make_tolerant
from .._module.options import StoreOptions
from .._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of
from .._module.task import Task, TaskError
from .._module.writers import Roles, Writer
from .._report.plain import printable

MODULE: t.Final = "rollback"
# The kind of undos that are only made under an approved plan.
_APPROVED: t.Final = "undo_under_approval"
# Its role reads who may use the break-glass principals.
_OF_PERMISSIONS: t.Final = next(name for name, one in CAPABILITIES.items() if one.writer is Writer.POLICIES)

# The affected principals and the ways to break-glass are read for all modules alike.
OPERATIONS: t.Final = Operations(reads=HOLDERS_READS | NODES_READS | ADMINISTRATORS_READS).union(
    READS[Dataset.AUTHORIZATION_DETAILS],
    BREAK_GLASS_OPERATIONS,
    *(capability.reversal.operations for capability in CAPABILITIES.values()),
)


def run(task: Task) -> dict[str, t.Any]:
    """Take back the changes of a run, or some of them, as the options of ``task`` say."""
    try:
        undone = _find_run_id(task)
        selection = parse_selection(task.options)
        roles = UndoRoles.of(task.roles)
    except InputError as error:
        raise TaskError(str(error)) from error
    task.work_as(roles.first(selection.modules))
    options = _Options(undone, selection, roles, task.guards.break_glass, task.journal, task.started, task.run.writes)
    make = functools.partial(Rollback, options, access_in=_make_opener(task))
    return converge(task, make, module=MODULE)


def _find_run_id(task: Task) -> str:
    run_id = str(task.options["undo_run_id"])
    if run_id == task.run_id:
        raise InputError(f"undo_run_id: {run_id!r} is this run itself; allowed is an earlier one")
    try:
        return check_run_id(run_id)
    except InputError as error:
        raise InputError(f"undo_{error}") from error


def parse_selection(options: Mapping[str, t.Any]) -> Selection:
    """Which part of the run is meant.

    :raises InputError: a module is none that changes can be taken back of.
    """
    # An empty field of an AWX survey is an empty text, which Ansible makes a list of one.
    names = ("modules", "targets", "exclude_targets", "operations")
    given = {name: tuple(filter(None, map(str.strip, options[name]))) for name in names}
    unknown = sorted(set(given["modules"]) - CAPABILITIES.keys())
    if unknown:
        raise InputError(f"modules: {', '.join(unknown)} is not allowed; allowed are {', '.join(CAPABILITIES)}")
    return Selection(
        modules=frozenset(given["modules"]),
        targets=given["targets"],
        exclude_targets=given["exclude_targets"],
        operations=given["operations"],
    )


@dataclasses.dataclass(frozen=True)
class _Options:
    """Which run is taken back, which part of it, in which roles, and how."""

    run_id: str
    selection: Selection
    roles: UndoRoles
    break_glass: tuple[str, ...]
    journal: StoreOptions
    started: datetime
    writes: bool


def _make_opener(task: Task) -> Callable[[str], Access]:
    """How to work in the role of a class: the assessor, where there is one and nothing is written, reads for all."""
    return lambda role: task.access if task.works_as_assessor else task.access_in(role)


class Rollback(Capability[Undoing]):
    """One rollback: observe reads the journal and what is there now, plan is pure."""

    approval_kinds = frozenset({_APPROVED})

    def __init__(self, options: _Options, connection: Connection, *, access_in: Callable[[str], Access]) -> None:
        self._options = options
        # A rollback counts no ages: it looks at what is there by the clock.
        self._connection = dataclasses.replace(connection, now=options.started)
        self._access = connection.access
        self._store: Store = connection.open_store(options.journal)
        self._accesses = options.roles.accesses(connection.access, access_in)
        self._rereads = {
            name: make_tolerant(one.reversal.reread(self._accesses[name], options.started))
            for name, one in CAPABILITIES.items()
        }
        self._actings = {name: one.reversal.acting(self._accesses[name]) for name, one in CAPABILITIES.items()}
        self._made: dict[str, tuple[int, Intent]] = {}
        self._counts: dict[str, t.Any] = {}
        self._first: frozenset[tuple[str, str]] = frozenset()

    def findings(self, _observed: Undoing) -> tuple[Finding, ...]:
        return ()

    def plan(self, observed: Undoing, _found: tuple[Finding, ...]) -> Plan:
        return Plan(changes=observed.changes, refused=observed.refused)

    def rereads(self) -> Mapping[str, Callable[[Change], t.Any]]:
        return self._rereads

    def stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(self._made, change, refused)

    def add_affected(self, _observed: Undoing, changes: Sequence[Change]) -> tuple[Change, ...]:
        """The undos with those whom they affect: by the requests that will be sent, whatever the records show."""
        access = self._access
        live = LiveReach(
            access, account_id=access.caller.account_id, partition=access.partition, errors=(AwsError,), known=()
        )
        return with_affected(changes, live)

    def observe(self) -> Undoing:
        access, rereads = self._access, self._rereads
        account = access.caller.account_id
        entries = self._read_recorded(account)
        selected = tuple(entry for entry in entries if self._options.selection.has(entry[0]))
        objections = {
            intent.key: refusal
            for intent, outcome in selected
            if (refusal := _find_objection(intent, outcome, account) or self._options.roles.refusal(intent))
        }
        # Of what is not selected it matters whether it stands, where its module has something that is.
        modules = {intent.module for intent, _outcome in selected} & rereads.keys()
        readings = {
            intent.key: functools.partial(rereads[intent.module], intent.change)
            for intent, _outcome in entries
            if intent.module in modules and intent.key not in objections
        }
        present = {
            key: Unread(str(value)) if isinstance(value, AwsError) else value
            for key, value in access.gather(readings).items()
        }
        take = functools.partial(plan_undos, entries, selected=selected, present=present, relies=_relies)
        found = take(objections=objections)
        needed = self._refuse_needed(selected, found)
        if needed:
            found = take(objections={**objections, **needed})
        found = self._prepare(selected, found)
        self._remember(entries, selected, found)
        return dataclasses.replace(found, changes=tuple(map(self._mark_approval, found.changes)))

    def _mark_approval(self, undo: Change) -> Change:
        intent = self._find_intent(undo)
        capability = CAPABILITIES.get(intent.module) if intent else None
        if capability is None or not capability.reversal.needs_approval(undo):
            return undo
        return dataclasses.replace(undo, kind=_APPROVED)

    def rescue(self, _observed: Undoing) -> Rescue:
        """The break-glass principals of the account: an undo does not take the last way to use them either.

        Only what users may do is ever taken by an undo, so the role that changes that reads who may use them.
        """
        connection = dataclasses.replace(self._connection, access=self._accesses[_OF_PERMISSIONS])
        wanted = {Dataset.AUTHORIZATION_DETAILS}
        snapshot = collect(connection.access, datasets=wanted, regions=(), now=connection.now)
        return rescue_of(connection, snapshot, self._options.break_glass)

    def _read_recorded(self, account: str) -> tuple[Recorded, ...]:
        """Read the changes of the run. A record that is malformed is named in a warning, and its change stays."""
        found: list[Recorded] = []
        for intent, outcome in read_recorded(self._store, account, self._options.run_id, self._connection.warn):
            change = intent.change
            if all(state is None or isinstance(state, Mapping) for state in (change.before, change.after)):
                found.append((intent, outcome))
            else:
                self._connection.warn(
                    f"a record of the journal is ignored: before or after of {intent.key} is malformed"
                )
        return tuple(found)

    def _prepare(self, selected: Sequence[Recorded], found: Undoing) -> Undoing:
        """Put before each undo what must be done first."""
        before = {
            key: change for key, change in self._find_first(selected, found).items() if isinstance(change, Change)
        }
        self._first = frozenset((change.undoes, change.operation) for change in before.values())
        changes = (item for undo in found.changes for item in (before.get(undo.undoes), undo) if item is not None)
        return dataclasses.replace(found, changes=tuple(changes))

    def _find_first(self, selected: Sequence[Recorded], found: Undoing) -> dict[str, t.Union[Change, Refusal]]:
        """Find what must be done before each undo, or why that is not possible."""
        first: dict[str, t.Union[Change, Refusal]] = {}
        for name, undos in self._group_by_module(selected, found).items():
            recorded = [intent.change for intent, _outcome in selected if intent.module == name]
            as_before = [change for change in recorded if change in found.as_before]
            first.update(CAPABILITIES[name].reversal.prepare(self._accesses[name], undos, as_before))
        return first

    def _group_by_module(self, selected: Sequence[Recorded], found: Undoing) -> dict[str, list[Change]]:
        module_of = {intent.key: intent.module for intent, _outcome in selected}
        return {name: [undo for undo in found.changes if module_of[undo.undoes] == name] for name in CAPABILITIES}

    def _refuse_needed(self, selected: Sequence[Recorded], found: Undoing) -> dict[str, Refusal]:
        """Refuse undos that can't be prepared, or that would take from principals that the run did not change."""
        first = self._find_first(selected, found).items()
        refused = {key: refusal for key, refusal in first if isinstance(refusal, Refusal)}
        for name, undos in self._group_by_module(selected, found).items():
            refused.update(CAPABILITIES[name].reversal.refuse(self._accesses[name], undos, self._connection.now))
        return refused

    def _remember(self, entries: Sequence[Recorded], selected: Sequence[Recorded], found: Undoing) -> None:
        self._made = {intent.key: (place, intent) for place, (intent, _outcome) in enumerate(selected)}
        self._counts = {
            "recorded": len(entries),
            "selected": len(selected),
            "as_before": [{"target": change.target, "operation": change.operation} for change in found.as_before],
        }

    def acting(self, change: Change) -> t.Optional[Aws]:
        """The AWS that makes an undo: that of the module whose change it undoes, in the role of its class."""
        intent = self._find_intent(change)
        if intent is None or intent.module not in self._actings:
            return None
        return self._actings[intent.module](change) or self._accesses[intent.module]

    def caller(self, change: Change) -> t.Optional[str]:
        """The principal that makes an undo: the session in the role of the class that the change belongs to."""
        intent = self._find_intent(change)
        return self._accesses[intent.module].caller.arn if intent and intent.module in self._accesses else None

    def _find_intent(self, undo: Change) -> t.Optional[Intent]:
        """The recorded change of this run that an undo takes back; None if it is one of another run."""
        made = self._made.get(undo.undoes)
        return made[1] if made else None

    def reread(self, change: Change) -> t.Any:
        """Read the target of the change that ``change`` undoes, which may be of an interrupted rollback."""
        intent = self._find_intent(change) or intent_at(self._store, change.undoes)
        if intent.module not in self._rereads:
            raise AwsError(f"changes of {intent.module} can't be read")
        if (change.undoes, change.operation) in self._first:
            return self._rereads[intent.module](change)
        return self._rereads[intent.module](intent.change)

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        counts = {"undo_run_id": self._options.run_id, **self._counts}
        return {**counts, "terminal": render({**result, **counts}, written=self._options.writes)}


@dataclasses.dataclass(frozen=True)
class UndoRoles:
    """The role that the changes of each module are undone in, and why a module has none, by its name."""

    of_module: Mapping[str, t.Optional[str]]
    lacking: Mapping[str, str]

    @classmethod
    def of(cls, roles: Roles) -> t.Self:
        """The roles of the run, by the class of each module."""
        lacking = {name: roles.explain_lack(one.writer) for name, one in CAPABILITIES.items()}
        return cls(
            {name: roles.of(one.writer) for name, one in CAPABILITIES.items()},
            {name: problem for name, problem in lacking.items() if problem},
        )

    def first(self, modules: Collection[str]) -> t.Optional[str]:
        """A role to begin with: that of a selected module, else any."""
        chosen = (role for name, role in self.of_module.items() if name in modules)
        return next(filter(None, (*chosen, *self.of_module.values())), None)

    def accesses(self, access: Access, access_in: Callable[[str], Access]) -> dict[str, Access]:
        """The access by which the changes of each module are read and undone.

        :raises TaskError: a role belongs to another account than the one that was checked.
        """
        account = access.caller.account_id
        foreign = sorted({role for role in self.of_module.values() if role and role.split(":")[4] != account})
        if foreign:
            raise TaskError(f"aws_assume_role_arns: {', '.join(foreign)} is no role of account {account}")
        found: dict[t.Optional[str], Access] = {None: access, access.role_arn: access}
        for role in self.of_module.values():
            if role and role not in found:
                found[role] = access_in(role)
        return {name: found[role] for name, role in self.of_module.items()}

    def refusal(self, intent: Intent) -> t.Optional[Refusal]:
        """Why a change can't be undone, where no role is declared for it."""
        problem, change = self.lacking.get(intent.module), intent.change
        return Refusal("no_role", problem, change.target, change.operation) if problem else None


def stays_with(made: Mapping[str, tuple[int, Intent]], undo: Change, refused: Change) -> bool:
    """Whether a change is not to be taken back where a later one, which relies on it, is not.

    ``made`` has the recorded changes by their keys, each with its place in the order in which the run made them.
    """
    (position, earlier), (later_position, later) = made[undo.undoes], made[refused.undoes]
    return takes_away(undo) and position < later_position and _relies(later, earlier)


def _relies(later: Intent, earlier: Intent) -> bool:
    if not is_same_module(later, earlier):
        return False
    try:
        capability = CAPABILITIES.get(later.module)
        return capability is None or capability.reversal.relies_on(later.change, earlier.change)
    except MALFORMED:
        # One of the two records can't be read, so the earlier change is not undone before the later one.
        return True


def _find_objection(intent: Intent, outcome: Outcome, account_id: str) -> t.Optional[Refusal]:
    """Find why a recorded change can't be undone, by the capability that made it; the present state does not matter."""
    capability = CAPABILITIES.get(intent.module)
    writes = capability.reversal.operations.writes if capability else frozenset[str]()
    derivations = capability.reversal.derivations if capability else {}
    derived = functools.partial(find_mismatch, derivations=derivations)
    return objection(intent, outcome, account_id=account_id, writes=writes, mismatch=derived)


def render(result: Mapping[str, t.Any], *, written: bool) -> str:
    """Render the outcome for the terminal: a line that counts, then one a change."""
    changes = [change for change in result["changes"] if change["applied"] or not written]
    refused, as_before = result["refused"], result["as_before"]
    head = f"Rollback of run {result['undo_run_id']} in account {result['account_id']}: "
    if not result["recorded"]:
        return f"{head}the journal has no change of that run."
    done = "rolled back" if written else "to roll back"
    counts = [f"{len(changes)} {done}", f"{len(refused)} refused", f"{len(as_before)} already as before"]
    left_out = result["recorded"] - result["selected"]
    counts += [f"{left_out} not selected"] if left_out else []
    # Names in a record can hold line ends and other signs that move the cursor.
    lines = [f"  {done}: " + printable(f"{change['operation']} on {change['target']}") for change in changes]
    lines += [f"  refused ({refusal['rule']}): {printable(refusal['reason'])}" for refusal in refused]
    return "\n".join([f"{head}{', '.join(counts)}.", *lines])
