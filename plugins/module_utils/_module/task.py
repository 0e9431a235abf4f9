# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The composition kit: what a module is made of, and how it is run by a module file or inside Ansible's worker.

A module file declares one :class:`Entry`; its ``main`` and its action plugin both hand it to :func:`execute`, so the
two ways of running it can't differ in anything but where the process lives.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from .._account.account_id import parse_account_id
from .._account.moments import format_utc, parse_moment
from .._account.progress import Progress, silent
from .._aws.access import Access
from .._aws.endpoints import stays_on_this_machine
from .._aws.operations import Operations
from .._aws.options import AccessOptions
from .._aws.tape import Tape
from .._converge.errors import InputError
from .._converge.journal import check_run_id, make_mark, new_job_id
from .._converge.run_control.fleet_caps import Caps
from .._converge.run_control.holders import name_process
from .._converge.run_control.lease import Permit
from .._converge.store import Store
from .connection import Connection
from .options import FindingOptions, Guards, Run, StoreOptions
from .recording import Replay
from .run_files import RunFiles
from .run_snapshot import Binding, Part, RunSnapshot
from .stores import open_store
from .writers import OPTION as ROLES_OPTION
from .writers import Roles, Writer

# So far a run that writes may set its clock: graces, soaks and expiry dates are counted in days.
_CLOCK_TOLERANCE: t.Final = timedelta(minutes=1)
_COLONS_OF_ARN: t.Final = 5
_REPORTS: t.Final = "report_dir"


def _present() -> datetime:
    return datetime.now(UTC)


def _tidy(value: t.Any) -> t.Any:
    """A list of texts without what AWX surveys leave in it: spaces behind commas, and the one text of an empty field.

    A name with a space before it fits nothing, and what was to be left alone would not be.
    """
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [text for item in value if (text := item.strip())]
    return value


class TaskError(Exception):
    """The task can't go on: bad input, a wrong account. The message names the option, the value and what is allowed."""

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.details = details


@dataclasses.dataclass(frozen=True)
class Entry:
    """A module, without Ansible: its options, the AWS operations it may use, and its core.

    ``constraints`` holds the further keyword arguments of AnsibleModule (``required_if``, ``mutually_exclusive``, …).
    ``writer`` is the class of the role that the module writes with.
    """

    argument_spec: Callable[[], dict[str, dict[str, t.Any]]]
    operations: Operations
    run: Callable[[Task], dict[str, t.Any]]
    constraints: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    writer: t.Optional[Writer] = None


class Task:
    """One invocation of a module: validated options, the mode, the clock and, opened when first asked for, AWS.

    Only the function ``run`` of a module reads ``options``; it hands typed values to what it calls.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, t.Any],
        operations: Operations,
        check_mode: bool,
        clock: Callable[[], datetime] = _present,
        writer: t.Optional[Writer] = None,
        replay: t.Optional[Replay] = None,
        files: t.Optional[RunFiles] = None,
        progress: Progress = silent,
    ) -> None:
        self.options = {name: _tidy(value) for name, value in options.items()}
        self.check_mode = check_mode
        self.warnings: list[str] = []
        self.clock = clock
        self.started = clock()
        self._operations = operations
        self._writer = writer
        self._role: t.Optional[str] = None
        self.permit = Permit()
        self._replay = replay
        self._files = files
        self._progress = progress
        self._part = Part.NONE

    @functools.cached_property
    def now(self) -> datetime:
        """The moment that ages are counted from: the option ``now`` where it is given, else the start of the task.

        A run that writes keeps to the clock, since this moment decides on graces, soaks, idle times and expiry dates.
        Only against an emulated AWS on this machine may it be set.

        :raises TaskError: the option is not an ISO 8601 date and time, or sets the clock of a run that writes.
        """
        text = self.options.get("now")
        if not text:
            return self._replay.moment if self._replay else self.started
        try:
            moment = parse_moment(text)
        except ValueError as error:
            raise TaskError(f"now: {text!r} is not an ISO 8601 date and time, such as 2026-01-31T00:00:00Z") from error
        if self._sets_the_clock(moment) and not self._reads_only and not self._is_emulated:
            raise TaskError(
                f"now (hardening_now): {text} is more than a minute from the clock, {format_utc(self.started)}. "
                "A run that writes counts from the clock. Remove hardening_now, or audit with --check."
            )
        return moment

    def _sets_the_clock(self, moment: datetime) -> bool:
        return abs(moment - self.started) > _CLOCK_TOLERANCE

    @property
    def clock_set_to(self) -> t.Optional[datetime]:
        """The moment that ages are counted from where that is not the clock's; None where it is."""
        return self.now if self._sets_the_clock(self.now) else None

    @property
    def _is_emulated(self) -> bool:
        # In whichever role: which one it is has not been checked yet.
        return stays_on_this_machine(AccessOptions.from_options(self.options), self._operations)

    @property
    def run_id(self) -> str:
        """The id that the reports of one run share: the option, else the time at which the task started.

        :raises TaskError: the option can't be part of a path.
        """
        try:
            run_id = str(self.options.get("run_id") or self.started.strftime("%Y%m%dT%H%M%SZ"))
            return check_run_id(run_id, "run_id (hardening_run_id)")
        except InputError as error:
            raise TaskError(str(error)) from error

    @property
    def given_run_id(self) -> t.Optional[str]:
        """The option ``run_id``; None where it is not given. Raises TaskError: it can't be part of a path."""
        return self.run_id if self.options.get("run_id") else None

    @functools.cached_property
    def job_id(self) -> str:
        """The id of one job of a run. The action plugin gives one for its whole process.

        A module that runs without it is a job of its own.

        :raises TaskError: the option can't be part of a path.
        """
        given = next(filter(None, (self.options.get(name) for name in ("job_id", "awx_job_id"))), None)
        try:
            return check_run_id(str(given), "job_id (awx_job_id)") if given else new_job_id(self.started)
        except InputError as error:
            raise TaskError(str(error)) from error

    @property
    def account_id(self) -> t.Optional[str]:
        """The option ``account_id``, in 12 digits.

        :raises TaskError: it is no account id.
        """
        try:
            return parse_account_id(self.options.get("account_id"))
        except ValueError as error:
            raise TaskError(f"account_id: {error}") from error

    @functools.cached_property
    def run(self) -> Run:
        """How the module runs. Raises TaskError: the id of the run or of the job can't be part of a path."""
        options = self.options
        return Run(
            id=self.run_id,
            job_id=self.job_id,
            mode=options.get("mode", "enforce"),
            check_mode=self.check_mode,
            started=self.started,
            details=options.get("run_details") or {},
            approved_plan=options.get("approved_plan"),
            awx_job_id=options.get("awx_job_id"),
            broken_lease=options.get("break_lease") or "",
            keeps_lease=bool(options.get("keep_lease")),
            # A module that runs without the action plugin is a process of its own.
            process=str(options.get("job_process") or name_process()),
        )

    @functools.cached_property
    def guards(self) -> Guards:
        """The guards that the options declare. Raises TaskError: a limit is out of range."""
        try:
            return Guards.from_options(self.options)
        except InputError as error:
            raise TaskError(str(error)) from error

    @functools.cached_property
    def fleet_caps(self) -> Caps:
        """The caps on the whole run. Raises TaskError: one is negative."""
        try:
            return Caps.from_option(self.options.get("fleet_caps"))
        except InputError as error:
            raise TaskError(str(error)) from error

    @functools.cached_property
    def findings(self) -> FindingOptions:
        """The findings that the result is to have."""
        return FindingOptions.from_options(self.options)

    @property
    def regions(self) -> tuple[str, ...]:
        """The option ``regions``, as given; none where the module has none."""
        return tuple(self.options.get("regions") or ())

    @property
    def journal(self) -> StoreOptions:
        """The place that the option ``journal`` names."""
        return StoreOptions.from_options(self.options, "journal", prefix="journal")

    @property
    def has_reports(self) -> bool:
        """Whether the option ``report_dir`` names a place for reports."""
        return bool(self.options.get("report_dir"))

    @property
    def reports(self) -> StoreOptions:
        """The place that the option ``report_dir`` names."""
        return StoreOptions.from_options(self.options, "report_dir", prefix="report")

    @functools.cached_property
    def roles(self) -> Roles:
        """Every role that the options name for work in the account. Raises InputError: they are malformed."""
        return Roles.from_options(self.options)

    def validate(self) -> None:
        """Check the options that every module has, before anything is called. Raises TaskError."""
        for name in ("account_id", "now", "given_run_id"):
            getattr(self, name)
        self._check_writing_role()
        self._check_accounts_of_roles()

    def _check_writing_role(self) -> None:
        """Refuse to write where the roles are declared by class and this module's class has none."""
        try:
            problem = self.roles.explain_lack(self._writer)
        except InputError as error:
            raise TaskError(str(error)) from error
        if self._is_of_many_classes:
            # A rollback chooses the role by the change.
            return
        if problem and not self.works_as_assessor:
            raise TaskError(problem)
        if problem and self.check_mode and self.options.get("mode") == "enforce":
            self.warn(f"without check mode this fails: {problem}")

    def _check_accounts_of_roles(self) -> None:
        """Refuse a role of another account than the option ``account_id`` names, before it is assumed."""
        if self.account_id is None:
            return
        for option, arn in self._roles_in_use.items():
            owner = arn.split(":")[4] if arn.count(":") >= _COLONS_OF_ARN else self.account_id
            if owner != self.account_id:
                raise TaskError(
                    f"account_id: {self.account_id} is not the account of {option}, which is {owner}: {arn}.\n"
                    f"Correct account_id, or name a role of {self.account_id} in {option}."
                )

    @property
    def _roles_in_use(self) -> dict[str, str]:
        """The role that the task reads with and the one that its class writes with, by the option that names it."""
        writer = self._writer
        option = ROLES_OPTION if writer is not None and writer in self.roles.by_class else "assume_role_arn"
        writing = self.roles.of(writer)
        found: dict[str, t.Optional[str]] = {"assessor_role_arn": self.roles.assessor if self._reads_only else None}
        if writer is not None or not found["assessor_role_arn"]:
            found[option] = writing
        return {name: arn for name, arn in found.items() if arn}

    @property
    def _is_of_many_classes(self) -> bool:
        return self._writer is None and bool(self._operations.writes)

    def expect_account(self, found: str) -> None:
        """Refuse to go on in another account than the option ``account_id`` names. Raises TaskError."""
        if self.account_id not in (None, found):
            raise TaskError(
                f"account_id: the credentials belong to account {found}, not to {self.account_id}.\n"
                f"Correct account_id, take credentials of {self.account_id}, or name a role of it in assume_role_arn."
            )

    @property
    def access_options(self) -> AccessOptions:
        """How to reach the account, in the role of this module's class. Raises AwsError: an option is malformed."""
        # Not kept: a rollback chooses its role by what it takes back.
        role = self._role or self.roles.of(self._writer)
        options = AccessOptions.from_options({**self.options, "assume_role_arn": role})
        return dataclasses.replace(options, tape=self._tape) if self._tape else options

    @property
    def _tape(self) -> t.Optional[Tape]:
        return self._replay.tape if self._replay else None

    def work_as(self, role_arn: t.Optional[str]) -> None:
        """Use this role in place of that of the module's class. Called before AWS is asked for anything."""
        self._role = role_arn

    def share_snapshot(self, part: Part) -> None:
        """Share the snapshot of the run, in this part. Called before AWS is asked for anything."""
        self._part = part

    def _open_snapshot(self, access: Access) -> RunSnapshot:
        role = (access.role_arn or "") if self._files else ""
        account_id = self.account_id or (role.split(":")[4] if role else None)
        binding = None
        if self._files and account_id and self.given_run_id:
            binding = Binding(self._files.seal(access.origin), account_id, self.given_run_id)
        return RunSnapshot(self._files, binding, part=self._part, reader=role, now=lambda: self.now)

    @functools.cached_property
    def access(self) -> Access:
        """AWS, in the role that the mode calls for. Raises AwsError where credentials or the role don't work."""
        return self._open(self.access_options, check_mode=self._reads_only)

    def _open(self, options: AccessOptions, *, check_mode: bool) -> Access:
        # A module with a journal writes under the lease of the account. The few others change nothing that lasts.
        has_journal = "journal" in self.options
        permit = self.permit if has_journal else None
        mark = make_mark(self.run_id, self.job_id) if has_journal else ""
        return Access(
            dataclasses.replace(options, mark=mark),
            operations=self._operations,
            check_mode=check_mode,
            permit=permit,
            open_notes=self._open_snapshot,
        )

    @functools.cached_property
    def reading_access(self) -> Access:
        """AWS for reading only, in the role of the assessor where there is one, also where the task could write."""
        return self._open(self.access_options, check_mode=True)

    def open_for_jobs(self, writer: Writer) -> t.Optional[Access]:
        """AWS for starting jobs in the role of a class, else in that of the assessor; None in check mode.

        :raises AwsError: credentials or the role don't work.
        :raises TaskError: the role is of another account than the one that is read.
        """
        if self.check_mode:
            return None
        role = self.roles.of(writer) or self.roles.assessor
        options = AccessOptions.from_options({**self.options, "assume_role_arn": role})
        access = self._open(options, check_mode=False)
        found, read = access.caller.account_id, self.reading_access.caller.account_id
        self.expect_account(found)
        if found != read:
            raise TaskError(f"{ROLES_OPTION}: {role} is of account {found}, and account {read} is read")
        return access

    def only_report(self, reason: str) -> None:
        """Report in place of writing. Called before AWS is asked for anything in the role that writes."""
        self.options["mode"] = "report"
        self.warn(reason)

    @functools.cached_property
    def connection(self) -> Connection:
        """The account as the core of a module reaches it. Raises AwsError where credentials or the role don't work."""
        return self._connect(self.access)

    @functools.cached_property
    def reading_connection(self) -> Connection:
        """The account for reading only, see :attr:`reading_access`. What the run has read of it costs no call."""
        return self._connect(self.reading_access)

    def _connect(self, access: Access) -> Connection:
        return Connection(
            access=access,
            snapshot=self._open_snapshot(access),
            options=self.access_options,
            roles=self.roles,
            now=self.now,
            warn=self.warn,
            organization_role_arn=self.options.get("organization_role_arn") or None,
            has_organization_role_option="organization_role_arn" in self.options,
            writes=not self._reads_only,
            progress=self._progress,
        )

    @property
    def works_as_assessor(self) -> bool:
        """Whether the role that reads is assumed, and no role that writes."""
        return self._reads_only and bool(self.options.get("assessor_role_arn"))

    def access_in(self, role_arn: str) -> Access:
        """AWS in this role for writing; in the assessor's where this task only reads and there is one."""
        options = dataclasses.replace(self.access_options, assume_role_arn=role_arn)
        return self._open(options, check_mode=self._reads_only)

    @property
    def _reads_only(self) -> bool:
        return self.check_mode or not self._operations.writes or self.options.get("mode") == "report"

    def open_store(self, place: StoreOptions) -> Store:
        """A place of files, with the credentials of the controller. Raises AwsError: it can't work."""
        is_report = place.option == _REPORTS
        if self._replay and self._replay.reports and is_report:
            return self._replay.reports
        # The reports of a run are its own, and so of no later one.
        return open_store(place, lambda: self.access_options, None if is_report else self._tape)

    @property
    def files(self) -> t.Optional[RunFiles]:
        """The files that the modules of one Ansible process share; None for a module that runs outside of it."""
        return self._files

    def warn(self, message: str) -> None:
        """Add a warning to the result."""
        self.warnings.append(message)
