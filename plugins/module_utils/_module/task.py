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

from ansible.module_utils.common.warnings import warn

from .._account.account_id import parse_account_id
from .._account.moments import format_utc, parse_moment
from .._aws.access import Access
from .._aws.endpoints import stays_on_this_machine
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._aws.options import AccessOptions
from .._aws.s3_store import S3Store
from .._converge.errors import InputError
from .._converge.journal import check_run_id, new_job_id
from .._converge.store import DirectoryStore, Store, StoreError
from .writers import Writer, all_writing_roles, declared_roles, lacks_role, writing_role

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


# So far a run that writes may set its clock: graces, soaks and expiry dates are counted in days.
_CLOCK_TOLERANCE: t.Final = timedelta(minutes=1)

P = t.ParamSpec("P")
V = t.TypeVar("V")


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
    """One invocation of a module: validated options, the mode, the clock and, opened when first asked for, AWS."""

    def __init__(
        self,
        *,
        options: Mapping[str, t.Any],
        operations: Operations,
        check_mode: bool,
        clock: Callable[[], datetime] = _present,
        writer: t.Optional[Writer] = None,
    ) -> None:
        self.options = {name: _tidy(value) for name, value in options.items()}
        self.check_mode = check_mode
        self.warnings: list[str] = []
        self.clock = clock
        self.started = clock()
        self._operations = operations
        self._writer = writer
        # The role of a class takes its place in the options, but other classes may still write with it.
        self._one_role_for_all = self.options.get("assume_role_arn")

    @functools.cached_property
    def now(self) -> datetime:
        """The moment that ages are counted from: the option ``now`` where it is given, else the start of the task.

        A run that writes keeps to the clock, since this moment decides on graces, soaks, idle times and expiry dates.
        Only against an emulated AWS on this machine may it be set.

        :raises TaskError: the option is not an ISO 8601 date and time, or sets the clock of a run that writes.
        """
        text = self.options.get("now")
        if not text:
            return self.started
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
        return stays_on_this_machine(AccessOptions.from_options(self.options), self._operations)

    @property
    def run_id(self) -> str:
        """What the reports of one run share: the option, else the time at which the task started.

        :raises TaskError: the option can't be part of a path.
        """
        try:
            run_id = str(self.options.get("run_id") or self.started.strftime("%Y%m%dT%H%M%SZ"))
            return check_run_id(run_id, "run_id (hardening_run_id)")
        except InputError as error:
            raise TaskError(str(error)) from error

    @functools.cached_property
    def job_id(self) -> str:
        """What tells the jobs of one run apart. The action plugin gives one for its whole process.

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

    @property
    def writing_roles(self) -> tuple[str, ...]:
        """Every role that the run writes with, whichever module this is. Raises InputError: they are malformed."""
        return all_writing_roles({**self.options, "assume_role_arn": self._one_role_for_all})

    def validate(self) -> None:
        """Check the options that every module has, before anything is called. Raises TaskError."""
        for name in ("account_id", "now"):
            getattr(self, name)
        self._choose_writing_role()

    def _choose_writing_role(self) -> None:
        """Put the role of this module's class in the place of the one role for all."""
        if not self.options.get("assume_role_arns"):
            return
        try:
            self.options["assume_role_arns"] = declared_roles(self.options)
            self.options["assume_role_arn"] = writing_role(self.options, self._writer)
            # A rollback chooses by the change.
            problem = None if self._is_of_many_classes else lacks_role(self.options, self._writer)
        except InputError as error:
            raise TaskError(str(error)) from error
        if problem and not self.works_as_assessor:
            raise TaskError(problem)
        if problem and self.check_mode and self.options.get("mode") == "enforce":
            self.warn(f"without check mode this fails: {problem}")

    @property
    def _is_of_many_classes(self) -> bool:
        return self._writer is None and bool(self._operations.writes)

    def expect_account(self, found: str) -> None:
        """Refuse to go on in another account than the option ``account_id`` names. Raises TaskError."""
        if self.account_id not in (None, found):
            raise TaskError(f"account_id: the credentials belong to account {found}, not to {self.account_id}")

    @functools.cached_property
    def access(self) -> Access:
        """AWS, in the role that the mode calls for. Raises AwsError where credentials or the role don't work."""
        return Access(
            AccessOptions.from_options(self.options), operations=self._operations, check_mode=self._reads_only
        )

    @property
    def works_as_assessor(self) -> bool:
        """Whether the role that reads is assumed, and no role that writes."""
        return self._reads_only and bool(self.options.get("assessor_role_arn"))

    def access_in(self, role_arn: str) -> Access:
        """AWS in this role for writing; in the assessor's where this task only reads and there is one."""
        options = dataclasses.replace(AccessOptions.from_options(self.options), assume_role_arn=role_arn)
        return Access(options, operations=self._operations, check_mode=self._reads_only)

    def report_store(self) -> Store:
        """The place that the option ``report_dir`` names."""
        options = self.options
        return self.store(
            options["report_dir"], kms_key_id=options.get("report_kms_key_id"), role_arn=options.get("report_role_arn")
        )

    @property
    def _reads_only(self) -> bool:
        return self.check_mode or not self._operations.writes or self.options.get("mode") == "report"

    def store(self, location: str, *, kms_key_id: t.Optional[str] = None, role_arn: t.Optional[str] = None) -> Store:
        """The place named by an option: a directory, or ``s3://bucket/prefix`` with the credentials of the controller.

        ``role_arn`` is assumed for an S3 place; the account's own roles are not, since reports outlive an account.
        """
        if not location.startswith("s3://"):
            return DirectoryStore(location)
        plain = dataclasses.replace(
            AccessOptions.from_options(self.options), assume_role_arn=role_arn or None, assessor_role_arn=None
        )
        return _S3StoreWithErrors(S3Store(location, plain, kms_key_id=kms_key_id))

    def warn(self, message: str) -> None:
        """Add a warning to the result."""
        self.warnings.append(message)


class _S3StoreWithErrors:
    """S3 as a :class:`Store`: the typed errors of ``_aws`` become the one error that the protocol knows."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self.location = store.location

    def put(self, key: str, content: bytes) -> str:
        return self._translated(self._store.put, key, content)

    def put_new(self, key: str, content: bytes) -> str:
        return self._translated(self._store.put_new, key, content)

    def get(self, key: str) -> t.Optional[bytes]:
        return self._translated(self._store.get, key)

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        return self._translated(self._store.get_dated, key)

    def list(self, prefix: str = "") -> list[str]:
        return self._translated(self._store.list, prefix)

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        return self._translated(self._store.folders, prefix)

    def _translated(self, call: Callable[P, V], *arguments: P.args, **keywords: P.kwargs) -> V:
        try:
            return call(*arguments, **keywords)
        except AwsError as error:
            raise StoreError(f"{self.location}: {error}") from error


def execute(entry: Entry, *, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Run a module's core and return its result; a failure has ``failed`` and ``msg``, never a traceback."""
    task = Task(options=options, operations=entry.operations, check_mode=check_mode, writer=entry.writer)
    try:
        task.validate()
        result = entry.run(task)
    except TaskError as error:
        result = {"failed": True, "msg": str(error), **error.details}
    except StoreError as error:
        result = {"failed": True, "msg": str(error)}
    except AwsError as error:
        result = {"failed": True, "msg": str(error), "error_code": error.code, "operation": error.operation}
    if task.warnings:
        result["warnings"] = [*result.get("warnings", []), *task.warnings]
    return {"changed": False, **result}


def finish(module: AnsibleAWSModule, entry: Entry) -> t.NoReturn:
    """Run ``entry`` as the module ``module`` and leave the process with its result."""
    result = execute(entry, options=module.params, check_mode=module.check_mode)
    # Not module.warn: amazon.aws would hand the warnings to exit_json, which ansible-core deprecates.
    for warning in result.pop("warnings", []):
        warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
