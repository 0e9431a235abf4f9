# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Snapshots in files, and what a second role knows of the account in one: shared by the modules that read accounts."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .._account.codec import SnapshotError, from_json, to_json
from .._account.collect import OPERATIONS, with_organization_policies
from .._account.model import AccessKey, CredentialRow, Dataset, Snapshot, UnreadKind
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations
from .._converge.break_glass import FACTS, Rescue, facts_needed
from .connection import Connection
from .task import Task, TaskError

_POLICIES: t.Final = Dataset.ORGANIZATION_POLICIES
_NAME_A_ROLE: t.Final = "Name a role that may read them in organization_role_arn (aws_organization_role_arn)"
BREAK_GLASS_OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetLoginProfile", "iam:ListAccessKeys"})).union(
    *(OPERATIONS[dataset] for dataset in FACTS)
)


def _load(path: str) -> Snapshot:
    """The snapshot that the file named by the option ``snapshot_path`` holds. Raises TaskError."""
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TaskError(f"snapshot_path: can't read {path}: {error.strerror}") from error
    except SnapshotError as error:
        raise TaskError(f"snapshot_path: {path}: {error}") from error


def _save(path: str, snapshot: Snapshot) -> None:
    """Write a snapshot to the file named by the option ``snapshot_path``, for its owner's eyes. Raises TaskError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(to_json(snapshot))
    except OSError as error:
        raise TaskError(f"snapshot_path: can't write {path}: {error.strerror}") from error


@dataclasses.dataclass(frozen=True)
class SnapshotFile:
    """The file of the option ``snapshot_path``, if any; with ``offline`` it is read in place of the account."""

    path: t.Optional[str]
    offline: bool

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The two options of a module."""
        return cls(options["snapshot_path"] or None, bool(options["offline"]))

    def observe(self, task: Task, read: Callable[[Connection], Snapshot]) -> Snapshot:
        """The account that the task expects: from the file, or read now and saved to it.

        :raises TaskError: it is another account, or the file can't be read or written.
        """
        if self.offline:
            snapshot = _load(self.path or "")
            task.expect_account(snapshot.account_id)
            return snapshot
        task.expect_account(task.access.caller.account_id)
        snapshot = read(task.connection)
        if self.path:
            _save(self.path, snapshot)
        return snapshot


def rescue_of(connection: Connection, snapshot: Snapshot, patterns: Sequence[str]) -> Rescue:
    """The break-glass principals of an account, with all facts on whether somebody can use them.

    Facts that ``snapshot`` lacks are read now. A warning says that the policies of the organization could not be read.
    Most members can't read them, so nothing is refused for that.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    if not snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
        wanted = frozenset(name for name in facts_needed(snapshot, patterns) if _is_worth_reading(snapshot, name))
        snapshot = _add_facts(connection, snapshot, wanted) if wanted else snapshot
        if _POLICIES in wanted:
            snapshot = add_organization_policies(connection, snapshot)
    sign_ins = functools.cache(functools.partial(_read_sign_ins, connection.access))
    rescue = Rescue(snapshot, tuple(patterns), lambda user: sign_ins(user.name, user.arn))
    if rescue.unread_policies:
        next_step = f". {_NAME_A_ROLE}" if connection.has_organization_role_option else ""
        connection.warn(
            "break-glass principals count although SCPs and RCPs may keep them from helping: the policies of the "
            f"organization are not known ({rescue.unread_policies}){next_step}"
        )
    return rescue


def rescue_now(connection: Connection, snapshot: Snapshot, patterns: Sequence[str]) -> Rescue:
    """As :func:`rescue_of`, with what the account is now where the run writes.

    The plan may be made on what was read a quarter of an hour ago. Since then somebody may have taken the last way to
    use break-glass, and a change that locks out can't be taken back by the caller.
    """
    if not (connection.writes and connection.snapshot.finds):
        return rescue_of(connection, snapshot, patterns)
    live = dataclasses.replace(connection, snapshot=connection.snapshot.without_files())
    return rescue_of(live, live.collect({Dataset.AUTHORIZATION_DETAILS}), patterns)


def _read_sign_ins(access: Access, name: str, arn: str) -> t.Optional[CredentialRow]:
    """The password and the access keys that a user has now; None where they can't be read."""
    try:
        found = access.items("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": name})
        active = [key["Status"] == "Active" for key in found]
        has_password = _has_password(access, name)
    except NotFound:
        active, has_password = [], False
    except AwsError:
        return None
    keys = tuple(AccessKey(slot, is_active, None, None, None, None) for slot, is_active in enumerate(active, start=1))
    return CredentialRow(name, arn, None, has_password, None, None, None, False, keys, ())


def _has_password(access: Access, name: str) -> bool:
    try:
        access.call("iam", "GetLoginProfile", {"UserName": name})
    except NotFound:
        return False
    return True


def _is_worth_reading(snapshot: Snapshot, dataset: Dataset) -> bool:
    """Whether a dataset is missing. AWS denies members the policies of the organization, so they are asked for once."""
    unread = snapshot.missing(dataset)
    return unread is not None and not (dataset is _POLICIES and unread.kind is UnreadKind.DENIED)


def _add_facts(connection: Connection, snapshot: Snapshot, wanted: frozenset[Dataset]) -> Snapshot:
    more = connection.collect(wanted)
    kept = (item for item in snapshot.unread if item.dataset not in wanted)
    unread = (*kept, *(item for item in more.unread if item.dataset in wanted))
    known = {FACTS[name]: getattr(more, FACTS[name]) for name in wanted}
    return dataclasses.replace(snapshot, unread=unread, **known)


def add_organization_policies(connection: Connection, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the policies of the organization, read by the role of the option ``organization_role_arn``.

    Most members can't read these policies. The same snapshot if it has them, or if no role is given.

    :raises AwsError: the role can't be assumed.
    """
    role = connection.organization_role_arn
    if not role or snapshot.missing(_POLICIES) is None:
        return snapshot
    return with_organization_policies(connection.read_as(role, OPERATIONS[_POLICIES]), snapshot)
