# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Errors in the input of one task, found before its module runs.

The playbooks check a whole run before its first task. Roles of this collection are used in other playbooks too, and
``--start-at-task`` passes by the checks of ours, so the action plugin asks here again, with what one host knows.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t
import urllib.parse
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime

from ..module_utils._account.account_id import parse_account_id
from ..module_utils._converge.journal import new_job_id
from ..module_utils._converge.run_control.fleet_caps import DEFAULT_ACCOUNTS, MANY, NUMBERS
from ..module_utils._converge.run_control.holders import name_process
from ._role_options import NO_ROLE, RoleOptions
from ._run_input import (
    ACCOUNT_ID,
    ASSESSOR,
    Host,
    account_of,
    check_roles,
    describe_missing_assessor,
    describe_missing_id,
    describe_shared_id,
    parse_account_of,
)
from ._run_notes import RunNotes
from ._slices import has_whole_inventory
from ._value_input import check_role_values
from ._variables import describe_misspelt, describe_removed, find_misspelt, find_removed, parse_ignored

_FLEET: t.Final = "fleet"
_S3: t.Final = "s3://"
_DETAILS_OPTION: t.Final = "run_details"
_CAPS_OPTION: t.Final = "fleet_caps"
_JOBS: t.Final = ("awx_job_id", "tower_job_id")
_RUN_ID: t.Final = "run_id"
# Options that hold changes back, by the variables hardening_NAME. Roles omit an option whose variable is undefined.
GUARDS: t.Final = ("approved_plan", "break_glass", "max_changes", "max_percent", "on_refusal")
# The members of the option run_details, and the variables that they come from; the first that is set wins.
RUN_DETAILS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "author": ("hardening_author", "awx_user_name", "tower_user_name"),
    "approver": ("hardening_approver",),
    "change_ticket": ("hardening_change_ticket",),
    "require_change_ticket": ("hardening_require_change_ticket",),
    "job": _JOBS,
    "commit": ("hardening_declaration_commit", "awx_project_revision"),
}
# Further options that are the same in every role, and the variables that they come from.
RUN_OPTIONS: t.Final[Mapping[str, str]] = {
    "break_lease": "hardening_break_lease",
    # Set by our playbooks, which release the lease at the end of an account.
    "keep_lease": "__hardening_keeps_lease",
    "release_lease": "__hardening_releases_lease",
    "read_ahead": "__hardening_reads_ahead",
    **{name: f"hardening_{name}" for name in ("snapshot_dir", "snapshot_kms_key_id", "snapshot_role_arn")},
}
# The members of the option fleet_caps that a user sets.
FLEET_CAPS: t.Final[Mapping[str, str]] = {name: f"hardening_{name}" for name in NUMBERS}
# The note of a run whose first wave has passed its gate.
WAVE_PASSED: t.Final = "wave_passed"


@dataclasses.dataclass(frozen=True)
class TaskInput:
    """A task that is about to run.

    ``arguments`` are the options that it was given, ``options`` the defaults of all that its module has. ``play`` names
    the play, ``hosts`` those of its hosts that ``--limit`` left. ``find_assessor`` looks for a host of the whole play
    that has an assessor role, ``count_accounts`` counts those of the inventory, and ``hash_declaration`` gives the hash
    of what is declared for the wave of the host, if there are waves. ``find_closed_gate`` explains why that wave may
    not begin. ``find_own_account`` finds the account that the inventory declares for the host. ``role`` has the
    variables of our role behind the options; none for other tasks. ``names_run`` says that the module begins a run that
    nobody has named, and does not ask what was done in one.
    """

    host: Host
    arguments: Mapping[str, t.Any]
    options: Mapping[str, t.Any]
    writes: bool
    is_of_our_role: bool
    play: str
    hosts: Collection[str]
    find_assessor: Callable[[], t.Optional[str]]
    count_accounts: Callable[[], int]
    hash_declaration: Callable[[], str]
    notes: RunNotes
    role: RoleOptions = NO_ROLE
    find_closed_gate: Callable[[], str] = str
    find_own_account: Callable[[], t.Optional[str]] = str
    names_run: bool = True

    def option(self, name: str) -> t.Any:
        """The value that the module would see; None if it has no such option."""
        value = self.arguments.get(name)
        return self.options.get(name) if value is None else value


def find_problem(task: TaskInput) -> t.Optional[str]:
    """The first error in the input of a task, or None. Nothing is asked of AWS."""
    return next(_problems(task), None)


def job_of(task: TaskInput) -> dict[str, str]:
    """The options ``job_id`` and ``job_process``, where the module has them and was given none.

    The journal is named after the job. AWX names its jobs. Anything else is one job for each process of Ansible. Two
    controllers of AWX may give the same name, so a lease is also held in the name of the process.
    """
    found = {}
    if "job_process" in task.options and not task.option("job_process"):
        found["job_process"] = task.notes.recall("job_process", _name_process)
    if "job_id" in task.options and not task.option("job_id") and not task.option("awx_job_id"):
        job = _awx_job(task) or task.notes.recall("job_id", lambda: new_job_id(datetime.now(UTC)))
        found["job_id"] = str(job)
    return found


def _name_process() -> str:
    """The name of this process of Ansible, whose worker this is. AWX sets the address that it is configured with."""
    try:
        place = urllib.parse.urlsplit(os.environ.get("AWX_HOST", "")).hostname or ""
    except ValueError:
        place = ""
    return name_process(place, os.getppid())


def run_id_of(task: TaskInput) -> dict[str, str]:
    """The option ``run_id`` of a task of our roles that was given none: one for each process of Ansible.

    Our playbooks name the run, others may not, and ``--start-at-task`` passes by that task. With a name for each task
    the fleet caps would count each account alone, one role would not know the lease of the role before it, and the
    report would count the changes of an earlier run. A module that does not name the run is given the name, in whatever
    task, once another has named it.
    """
    if "run_id" not in task.options or task.option("run_id"):
        return {}
    if not task.names_run:
        named = task.notes.find(_RUN_ID)
        return {"run_id": named} if named else {}
    if not task.is_of_our_role:
        return {}
    job = str(task.host.value("awx_workflow_job_id") or _awx_job(task) or "")
    named = task.notes.recall(_RUN_ID, lambda: job or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    return {"run_id": job or named}


def account_option_of(task: TaskInput) -> dict[str, str]:
    """The option ``account_id`` of a task of our roles whose host is named by an account and declares none.

    It is asked after :func:`find_problem`, so a task that writes has a declared account.
    """
    is_ours = task.is_of_our_role and "account_id" in task.options and task.option("scope") != _FLEET
    # A survey that is left empty may send spaces.
    if not is_ours or parse_account_id(task.option("account_id")):
        return {}
    account_id = account_of(task.host)
    return {"account_id": account_id} if account_id else {}


def run_of(task: TaskInput) -> dict[str, t.Any]:
    """The options ``run_details``, ``awx_job_id`` and ``RUN_OPTIONS`` of a task of our roles that was not given them.

    They are the same in every role, come from a dozen variables, and nobody needs another value for one role. A task of
    another playbook gives its modules what it wants.
    """
    found: dict[str, t.Any] = {}
    if _takes_run_details(task):
        declaration = task.hash_declaration() if task.writes else ""
        found[_DETAILS_OPTION] = {
            **{name: _detail(task, name) for name in RUN_DETAILS},
            **({"declaration": declaration} if declaration else {}),
        }
    job = _awx_job(task)
    if task.is_of_our_role and "awx_job_id" in task.options and "awx_job_id" not in task.arguments and job:
        found["awx_job_id"] = str(job)
    if task.is_of_our_role:
        values = {name: task.host.value(RUN_OPTIONS[name]) for name in RUN_OPTIONS.keys() & task.options.keys()}
        found |= {
            name: value for name, value in values.items() if value not in (None, "") and name not in task.arguments
        }
        if not _runs_all_roles(task):
            found.pop("read_ahead", None)
    return found


def _runs_all_roles(task: TaskInput) -> bool:
    """Whether no role is left out by ``--tags`` or ``--skip-tags``."""
    chosen, left_out = (task.host.variables.get(f"ansible_{name}_tags") for name in ("run", "skip"))
    return set(chosen or ["all"]) == {"all"} and not left_out


def fleet_caps_of(task: TaskInput) -> dict[str, t.Any]:
    """The option ``fleet_caps`` of a task of our roles that was not given it."""
    if not task.is_of_our_role or _CAPS_OPTION not in task.options or _CAPS_OPTION in task.arguments:
        return {}
    values = {member: task.host.value(variable) for member, variable in FLEET_CAPS.items()}
    caps = {
        **{member: value for member, value in values.items() if value is not None and str(value).strip()},
        "is_large_inventory": _is_large_inventory(task) or _is_in_loop(task),
        "wave_passed": task.notes.find(WAVE_PASSED) is not None,
    }
    return {_CAPS_OPTION: caps}


def limit_accounts(task: TaskInput) -> t.Any:
    """How many accounts a run changes at most, as far as that is known without its journal; None for no limit.

    A declared number is returned as it is.
    """
    declared = task.host.value(FLEET_CAPS["max_accounts_changed"])
    if declared is not None and str(declared).strip():
        return declared
    return DEFAULT_ACCOUNTS if _is_large_inventory(task) else None


def _is_large_inventory(task: TaskInput) -> bool:
    """Whether the inventory has many accounts. One that may be a part of another is taken for large."""
    if not has_whole_inventory(task.host.value):
        return True
    return _count_accounts(task) > MANY


def _count_accounts(task: TaskInput) -> int:
    return int(task.notes.recall(f"{task.play} accounts", lambda: str(task.count_accounts())))


def _is_in_loop(task: TaskInput) -> bool:
    """Whether the role is in a loop over accounts, such as on localhost: the inventory does not say how many.

    It is if the only host does not have the account of the task, or if a host works on a second account.
    """
    account_id = parse_account_id(task.option("account_id")) or account_of(task.host)
    place = f"{task.play} {task.host.name}"
    # Once in a process: a loop may also set the account as a fact, which replaces that of the inventory.
    own = task.notes.recall(f"{place} is", lambda: task.find_own_account() or "")
    if account_id is None or account_id == own:
        return False
    if _count_accounts(task) == 1 or task.notes.claim(f"{place} works on", account_id) != account_id:
        task.notes.claim(f"{place} is in a loop", account_id)
    return task.notes.find(f"{place} is in a loop") is not None


def _takes_run_details(task: TaskInput) -> bool:
    return task.is_of_our_role and _DETAILS_OPTION in task.options and _DETAILS_OPTION not in task.arguments


def _detail(task: TaskInput, name: str) -> t.Any:
    values = (task.host.value(variable) for variable in RUN_DETAILS[name])
    return next((value for value in values if value is not None), False if name == "require_change_ticket" else "")


def _awx_job(task: TaskInput) -> t.Any:
    return next((job for name in _JOBS if (job := task.host.value(name))), None)


def _problems(task: TaskInput) -> Iterator[str]:
    ignore = parse_ignored(task.host.value("hardening_ignore_variables"))
    removed = find_removed(task.host.variables, ignore=ignore)
    if removed:
        yield describe_removed(removed)
    misspelt = find_misspelt(task.host.variables, ignore=ignore)
    if misspelt:
        yield describe_misspelt(misspelt)
    yield from check_role_values(task.host, task.role, task.arguments)
    if task.writes:
        yield from _check_journal(task)
        yield from _check_wave(task)
    yield from _check_defined(task)
    # A task of another playbook does not use our variables.
    if task.is_of_our_role and task.option("scope") != _FLEET:
        yield from _check_account(task)
        if not (task.option("assume_role_arn") and task.option("assessor_role_arn")):
            yield from check_roles([task.host])
        if not task.writes:
            yield from _check_assessor(task)


def _check_journal(task: TaskInput) -> Iterator[str]:
    job = _awx_job(task)
    journal = task.option("journal")
    if job and journal is not None and not str(journal).startswith(_S3):
        yield (
            f"hardening_journal is {str(journal)!r}, a directory of a container that vanishes with AWX job {job}.\n"
            "To enforce in AWX, set hardening_journal to a place such as s3://bucket/prefix."
        )


def _check_wave(task: TaskInput) -> Iterator[str]:
    """``--skip-tags always`` passes by the gates between waves."""
    closed = task.find_closed_gate() if task.is_of_our_role else ""
    if closed:
        yield (
            f"the wave of {task.host.name} may not begin: {closed}.\n"
            "Run without --skip-tags always. Then each gate is judged before its wave."
        )


def _check_defined(task: TaskInput) -> Iterator[str]:
    """Variables that use an undefined one. They would count as not set: no ticket, and no approval, would be needed."""
    details = RUN_DETAILS.values() if _takes_run_details(task) else ()
    guards = [f"hardening_{name}" for name in GUARDS if task.is_of_our_role and name in task.options]
    caps = FLEET_CAPS.values() if task.is_of_our_role and _CAPS_OPTION in task.options else ()
    for name in (*(variable for variables in details for variable in variables), *guards, *caps):
        if task.host.variables.get(name) is not None and task.host.value(name) is None:
            yield f"{name} of {task.host.name} uses a variable that is not set.\nSet that variable, or remove {name}."


def _check_account(task: TaskInput) -> Iterator[str]:
    if "account_id" not in task.options:
        return
    try:
        known = account_of(task.host)
        declared = parse_account_id(task.option("account_id")) or parse_account_of(task.host)
    except ValueError as error:
        yield f"{ACCOUNT_ID} of {task.host.name}: {error}."
        return
    account_id = declared or known
    if declared is None and (task.writes or (account_id is None and len(task.hosts) > 1)):
        yield describe_missing_id([task.host.name], enforces=task.writes)
    if account_id is not None:
        owner = task.notes.claim(f"{task.play} {account_id}", task.host.name)
        if owner != task.host.name:
            yield describe_shared_id(account_id, [task.host.name, owner])


def _check_assessor(task: TaskInput) -> Iterator[str]:
    if "assessor_role_arn" not in task.options or task.option("assessor_role_arn"):
        return
    declared = task.notes.recall(f"{task.play} {ASSESSOR}", lambda: task.find_assessor() or "")
    if declared:
        yield describe_missing_assessor([task.host.name], declared)
