# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``rollback``: which modules' changes it can take back, and its walk from the journal to the account."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from .._account.collect import OPERATIONS as READS
from .._account.collect import collect
from .._account.model import Dataset
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._capabilities.access_analyzer import changes as analyzers_changes
from .._capabilities.access_analyzer import observe as _access_analyzer_reads
from .._capabilities.access_analyzer import plan as analyzers
from .._capabilities.access_keys import plan as access_keys
from .._capabilities.access_keys import run as _access_key_lifecycle
from .._capabilities.config_rules import changes as config_rules_changes
from .._capabilities.config_rules import observe as _config_rules_reads
from .._capabilities.config_rules import plan as config_rules
from .._capabilities.event_alerts import changes as event_alerts_changes
from .._capabilities.event_alerts import observe as _event_alerts_reads
from .._capabilities.event_alerts import plan as event_alerts
from .._capabilities.findings_export import observe as _findings_export_reads
from .._capabilities.findings_export import plan as findings_export
from .._capabilities.organization_policy import changes as organization_policies_changes
from .._capabilities.organization_policy import observe as _organization_policy_reads
from .._capabilities.organization_policy import plan as organization_policies
from .._capabilities.organization_root_access import changes as root_access_changes
from .._capabilities.organization_root_access import observe as _organization_root_access_reads
from .._capabilities.organization_root_access import plan as root_access
from .._capabilities.password_policy import plan as password_policy
from .._capabilities.password_policy import run as _password_policy
from .._capabilities.permissions_boundary import observe as _permissions_boundary_reads
from .._capabilities.permissions_boundary import plan as boundaries
from .._capabilities.security_hub import observe as _security_hub_reads
from .._capabilities.security_hub import plan as security_hub
from .._capabilities.user_permissions import changes as user_permissions_changes
from .._capabilities.user_permissions import observe as _user_permissions_reads
from .._capabilities.user_permissions import plan as user_permissions
from .._converge.affects.affected import with_affected
from .._converge.affects.live import ADMINISTRATORS_READS, HOLDERS_READS, NODES_READS, Live
from .._converge.break_glass import Rescue
from .._converge.change import Change, Refusal
from .._converge.errors import InputError
from .._converge.journal import Intent, check_run_id, intent_at, recorded
from .._converge.plan import Plan
from .._converge.runner import Aws, Walk
from .._converge.store import Store
from .._converge.undo import Recorded, Selection, Undoing, Unread, objection, same_module, takes_away, undoing
from .._module.converging import MALFORMED, converge, journal_store_of, tolerant
from .._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of
from .._module.task import Task, TaskError
from .._module.writers import WRITERS, lacks_role, writing_role
from .._report.plain import printable
from .requests import mismatch

MODULE: t.Final = "rollback"


@dataclasses.dataclass(frozen=True)
class Reread:
    """What a module that writes brings to a rollback.

    ``operations`` has the writes that undo its changes, and the reads of what ``of`` makes of an account and a moment:
    a function that reads the target of a recorded change, in the shape of its ``before`` and ``after``. That change
    comes out of a journal, so it has neither ``parameters`` nor ``kind``. ``relies`` says whether a change may rely on
    an earlier one of the same run, so that this is not taken away while that one stands. ``needed`` refuses those undos
    of its changes that would take something from others than the run gave it to, by the record that each takes back.
    ``acting`` is what its undos are made with, where that is not the access of the rollback.
    """

    operations: Operations
    of: Callable[[Access, datetime], Callable[[Change], t.Any]]
    relies: Callable[[Change, Change], bool] = lambda _later, _earlier: True
    needed: Callable[[Access, Sequence[Change], datetime], Mapping[str, Refusal]] = lambda _access, _undos, _now: {}
    acting: Callable[[Access], Callable[[Change], t.Optional[Aws]]] = lambda _access: lambda _undo: None


# Every module that writes; a unit test holds the list against plugins/modules.
REREADS: t.Final[Mapping[str, Reread]] = types.MappingProxyType(
    {
        analyzers.MODULE: Reread(
            _access_analyzer_reads.UNDO_OPERATIONS, _access_analyzer_reads.reread, analyzers_changes.relies_on
        ),
        access_keys.MODULE: Reread(_access_key_lifecycle.UNDO_OPERATIONS, _access_key_lifecycle.reread),
        root_access.MODULE: Reread(
            _organization_root_access_reads.UNDO_OPERATIONS,
            _organization_root_access_reads.reread,
            root_access_changes.relies_on,
        ),
        password_policy.THEME: Reread(_password_policy.UNDO_OPERATIONS, _password_policy.reread),
        boundaries.MODULE: Reread(
            _permissions_boundary_reads.UNDO_OPERATIONS,
            _permissions_boundary_reads.reread,
            needed=_permissions_boundary_reads.other_versions,
        ),
        user_permissions.MODULE: Reread(
            _user_permissions_reads.UNDO_OPERATIONS,
            _user_permissions_reads.reread,
            user_permissions_changes.relies_on,
            _user_permissions_reads.needed_since,
        ),
        security_hub.MODULE: Reread(_security_hub_reads.UNDO_OPERATIONS, _security_hub_reads.reread),
        config_rules.MODULE: Reread(
            _config_rules_reads.UNDO_OPERATIONS,
            _config_rules_reads.reread,
            config_rules_changes.relies_on,
            acting=_config_rules_reads.acting,
        ),
        event_alerts.MODULE: Reread(
            _event_alerts_reads.UNDO_OPERATIONS,
            _event_alerts_reads.reread,
            event_alerts_changes.relies_on,
            acting=_event_alerts_reads.acting,
        ),
        findings_export.MODULE: Reread(_findings_export_reads.UNDO_OPERATIONS, _findings_export_reads.reread),
        organization_policies.MODULE: Reread(
            _organization_policy_reads.UNDO_OPERATIONS,
            _organization_policy_reads.reread,
            organization_policies_changes.relies_on,
            _organization_policy_reads.other_policies,
            acting=_organization_policy_reads.acting,
        ),
    }
)

# The affected principals and the ways to break-glass are read for all modules alike.
OPERATIONS: t.Final = Operations(reads=HOLDERS_READS | NODES_READS | ADMINISTRATORS_READS).union(
    READS[Dataset.AUTHORIZATION_DETAILS], BREAK_GLASS_OPERATIONS, *(module.operations for module in REREADS.values())
)


def run(task: Task) -> dict[str, t.Any]:
    """Take back the changes of a run, or some of them, as the options of ``task`` say."""
    try:
        undone = _undone_run(task)
        selection = selection_of(task.options)
        roles = Roles.declared(task.options)
    except InputError as error:
        raise TaskError(str(error)) from error
    task.options["assume_role_arn"] = roles.first(selection.modules)
    rollback = _Rollback(task, run_id=undone, selection=selection, roles=roles)
    result = {"undo_run_id": undone, **converge(task, module=MODULE, walk=rollback.walk)}
    result |= rollback.told
    return {**result, "terminal": shown(result, written=not task.check_mode and task.options["mode"] == "enforce")}


def _undone_run(task: Task) -> str:
    run_id = str(task.options["undo_run_id"])
    if run_id == task.run_id:
        raise InputError(f"undo_run_id: {run_id!r} is this run itself; allowed is an earlier one")
    try:
        return check_run_id(run_id)
    except InputError as error:
        raise InputError(f"undo_{error}") from error


def selection_of(options: Mapping[str, t.Any]) -> Selection:
    """Which part of the run is meant.

    :raises InputError: a module is none that changes can be taken back of.
    """
    # An empty field of an AWX survey is an empty text, which Ansible makes a list of one.
    names = ("modules", "targets", "exclude_targets", "operations")
    given = {name: tuple(filter(None, map(str.strip, options[name]))) for name in names}
    unknown = sorted(set(given["modules"]) - REREADS.keys())
    if unknown:
        raise InputError(f"modules: {', '.join(unknown)} is not allowed; allowed are {', '.join(REREADS)}")
    return Selection(
        modules=frozenset(given["modules"]),
        targets=given["targets"],
        exclude_targets=given["exclude_targets"],
        operations=given["operations"],
    )


class _Rollback:
    """The walk of one rollback: observe reads the journal and what is there now, plan is pure."""

    def __init__(self, task: Task, *, run_id: str, selection: Selection, roles: Roles) -> None:
        self._task = task
        self._roles = roles
        self._run_id = run_id
        self._selection = selection
        self._store: Store = journal_store_of(task)
        self._made: dict[str, tuple[int, Intent]] = {}
        self.told: dict[str, t.Any] = {"recorded": 0, "selected": 0, "as_before": []}

    def walk(self, access: Access) -> Walk[Undoing]:
        accesses = self._roles.accesses(self._task, access)
        rereads = {name: tolerant(module.of(accesses[name], self._task.started)) for name, module in REREADS.items()}
        actings = {name: module.acting(accesses[name]) for name, module in REREADS.items()}
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, accesses, rereads),
            assess=lambda _undoing: (),
            plan=lambda undoing, _findings: Plan(changes=undoing.changes, refused=undoing.refused),
            reread=functools.partial(self._reread, rereads),
            rereads=rereads,
            acting=functools.partial(self._acting, accesses, actings),
            caller=functools.partial(self._caller, accesses),
            stays_with=lambda undo, refused: stays_with(self._made, undo, refused),
            affected=functools.partial(_affected, access),
            rescue=functools.partial(self._rescue, accesses[user_permissions.MODULE]),
        )

    def _observe(self, accesses: Mapping[str, Access], rereads: Mapping[str, Callable[[Change], t.Any]]) -> Undoing:
        access = self._task.access
        account = access.caller.account_id
        entries = self._recorded(account)
        selected = tuple(entry for entry in entries if self._selection.has(entry[0]))
        objections = {
            intent.key: refusal
            for intent, outcome in selected
            if (
                refusal := objection(
                    intent, outcome, account_id=account, writes=_writes(intent.module), mismatch=mismatch
                )
                or self._roles.refusal(intent)
            )
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
        take = functools.partial(undoing, entries, selected=selected, present=present, relies=_relies)
        found = take(objections=objections)
        needed = self._needed(accesses, selected, found)
        if needed:
            found = take(objections={**objections, **needed})
        self._remember(entries, selected, found)
        return found

    def _rescue(self, access: Access, _undoing: Undoing) -> Rescue:
        """The break-glass principals of the account: an undo does not take the last way to use them either.

        Only what users may do is ever taken by an undo, so the role that changes that reads who may use them.
        """
        now = self._task.started
        snapshot = collect(access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=now)
        return rescue_of(self._task, access, snapshot, tuple(self._task.options["break_glass"]), now=now)

    def _recorded(self, account: str) -> tuple[Recorded, ...]:
        """The changes of the run. A record that is malformed is named in a warning, and its change stays."""
        found: list[Recorded] = []
        for intent, outcome in recorded(self._store, account, self._run_id, self._task.warn):
            change = intent.change
            if all(state is None or isinstance(state, Mapping) for state in (change.before, change.after)):
                found.append((intent, outcome))
            else:
                self._task.warn(f"a record of the journal is ignored: before or after of {intent.key} is malformed")
        return tuple(found)

    def _needed(
        self, accesses: Mapping[str, Access], selected: Sequence[Recorded], found: Undoing
    ) -> dict[str, Refusal]:
        """The undos by which others than those whom the run changed would lose something."""
        module_of = {intent.key: intent.module for intent, _outcome in selected}
        refused: dict[str, Refusal] = {}
        for name, module in REREADS.items():
            undos = [undo for undo in found.changes if module_of[undo.undoes] == name]
            refused.update(module.needed(accesses[name], undos, self._task.started))
        return refused

    def _remember(self, entries: Sequence[Recorded], selected: Sequence[Recorded], found: Undoing) -> None:
        self._made = {intent.key: (place, intent) for place, (intent, _outcome) in enumerate(selected)}
        self.told = {
            "recorded": len(entries),
            "selected": len(selected),
            "as_before": [{"target": change.target, "operation": change.operation} for change in found.as_before],
        }

    def _acting(
        self,
        accesses: Mapping[str, Access],
        actings: Mapping[str, Callable[[Change], t.Optional[Aws]]],
        undo: Change,
    ) -> t.Optional[Aws]:
        """What an undo is made with, as the module has it whose change it takes back, in the role of its class."""
        intent = self._intent(undo)
        if intent is None or intent.module not in actings:
            return None
        return actings[intent.module](undo) or accesses[intent.module]

    def _caller(self, accesses: Mapping[str, Access], undo: Change) -> t.Optional[str]:
        """Who makes an undo: the session in the role of the class that the change belongs to."""
        intent = self._intent(undo)
        return accesses[intent.module].caller.arn if intent and intent.module in accesses else None

    def _intent(self, undo: Change) -> t.Optional[Intent]:
        """The recorded change of this run that an undo takes back; None if it is one of another run."""
        made = self._made.get(undo.undoes)
        return made[1] if made else None

    def _reread(self, rereads: Mapping[str, Callable[[Change], t.Any]], change: Change) -> t.Any:
        """What is there now of the change that ``change`` takes back, maybe one of a rollback that was cut off."""
        intent = self._intent(change) or intent_at(self._store, change.undoes)
        if intent.module not in rereads:
            raise AwsError(f"how to read what {intent.module} changed is not known")
        return rereads[intent.module](intent.change)


def _affected(access: Access, _undoing: Undoing, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The undos with those whom they affect: by the requests that will be sent, whatever the records show."""
    live = Live(access, account_id=access.caller.account_id, partition=access.partition, errors=(AwsError,), known=())
    return with_affected(changes, live)


@dataclasses.dataclass(frozen=True)
class Roles:
    """The role that the changes of each module are undone in, and why a module has none, by its name."""

    of_module: Mapping[str, t.Optional[str]]
    lacking: Mapping[str, str]

    @classmethod
    def declared(cls, options: Mapping[str, t.Any]) -> t.Self:
        """As the options say. Raises InputError: they are malformed."""
        lacking = {name: lacks_role(options, WRITERS[name]) for name in REREADS}
        return cls(
            {name: writing_role(options, WRITERS[name]) for name in REREADS},
            {name: problem for name, problem in lacking.items() if problem},
        )

    def first(self, modules: Collection[str]) -> t.Optional[str]:
        """A role to begin with: that of a selected module, else any."""
        chosen = (role for name, role in self.of_module.items() if name in modules)
        return next(filter(None, (*chosen, *self.of_module.values())), None)

    def accesses(self, task: Task, access: Access) -> dict[str, Access]:
        """What the changes of each module are read and undone with.

        :raises TaskError: a role belongs to another account than the one that was checked.
        """
        account = access.caller.account_id
        foreign = sorted({role for role in self.of_module.values() if role and role.split(":")[4] != account})
        if foreign:
            raise TaskError(f"aws_assume_role_arns: {', '.join(foreign)} is no role of account {account}")
        found: dict[t.Optional[str], Access] = {None: access, access.role_arn: access}
        for role in self.of_module.values():
            if role and role not in found:
                found[role] = access if task.works_as_assessor else task.access_in(role)
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
    if not same_module(later, earlier):
        return False
    try:
        return later.module not in REREADS or REREADS[later.module].relies(later.change, earlier.change)
    except MALFORMED:
        # What one of the two says can't be read, so nothing is taken away from under the other.
        return True


def _writes(module: str) -> frozenset[str]:
    return REREADS[module].operations.writes if module in REREADS else frozenset()


def shown(result: Mapping[str, t.Any], *, written: bool) -> str:
    """The outcome as text for the terminal: a line that counts, then one a change."""
    changes = [change for change in result["changes"] if change["applied"] or not written]
    refused, as_before = result["refused"], result["as_before"]
    head = f"Rollback of run {result['undo_run_id']} in account {result['account_id']}: "
    if not result["recorded"]:
        return f"{head}the journal has no change of that run."
    done = "taken back" if written else "to take back"
    counts = [f"{len(changes)} {done}", f"{len(refused)} refused", f"{len(as_before)} as before already"]
    left_out = result["recorded"] - result["selected"]
    counts += [f"{left_out} not selected"] if left_out else []
    # What a record names can hold line ends and other signs that move the cursor.
    lines = [f"  {done}: " + printable(f"{change['operation']} on {change['target']}") for change in changes]
    lines += [f"  refused ({refusal['rule']}): {printable(refusal['reason'])}" for refusal in refused]
    return "\n".join([f"{head}{', '.join(counts)}.", *lines])
