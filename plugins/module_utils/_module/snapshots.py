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
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .._account.codec import SnapshotError, from_json, to_json
from .._account.collect import OPERATIONS, collect, with_organization_policies
from .._account.model import AccessKey, CredentialRow, Dataset, Snapshot, UnreadKind
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations
from .._aws.options import AccessOptions
from .._converge.break_glass import FACTS, Rescue, facts_needed
from .task import Task, TaskError

_POLICIES: t.Final = Dataset.ORGANIZATION_POLICIES
_NAME_A_ROLE: t.Final = "Name a role that may read them in organization_role_arn (aws_organization_role_arn)"
BREAK_GLASS_OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetLoginProfile", "iam:ListAccessKeys"})).union(
    *(OPERATIONS[dataset] for dataset in FACTS)
)


def load(path: str) -> Snapshot:
    """The snapshot that the file named by the option ``snapshot_path`` holds. Raises TaskError."""
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TaskError(f"snapshot_path: can't read {path}: {error.strerror}") from error
    except SnapshotError as error:
        raise TaskError(f"snapshot_path: {path}: {error}") from error


def save(path: str, snapshot: Snapshot) -> None:
    """Write a snapshot to the file named by the option ``snapshot_path``, for its owner's eyes. Raises TaskError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(to_json(snapshot))
    except OSError as error:
        raise TaskError(f"snapshot_path: can't write {path}: {error.strerror}") from error


def rescue_of(task: Task, access: Access, snapshot: Snapshot, patterns: Sequence[str], *, now: datetime) -> Rescue:
    """The break-glass principals of an account, with what it takes to say whether somebody can use them read now.

    A warning says that the policies of the organization could not be read. Most members can't read them, so nothing is
    refused for that.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    if not snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
        wanted = frozenset(name for name in facts_needed(snapshot, patterns) if _is_worth_reading(snapshot, name))
        snapshot = _with_facts(access, snapshot, wanted, now) if wanted else snapshot
        if _POLICIES in wanted:
            snapshot = with_told_policies(task, snapshot)
    sign_ins = functools.cache(functools.partial(_sign_ins, access))
    rescue = Rescue(snapshot, tuple(patterns), lambda user: sign_ins(user.name, user.arn))
    if rescue.unread_policies:
        next_step = f". {_NAME_A_ROLE}" if "organization_role_arn" in task.options else ""
        task.warn(
            "break-glass principals count although SCPs and RCPs may keep them from helping: the policies of the "
            f"organization are not known ({rescue.unread_policies}){next_step}"
        )
    return rescue


def _sign_ins(access: Access, name: str, arn: str) -> t.Optional[CredentialRow]:
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
    """Whether a dataset is missing. That AWS does not tell a member its policies is not asked twice."""
    unread = snapshot.missing(dataset)
    return unread is not None and not (dataset is _POLICIES and unread.kind is UnreadKind.DENIED)


def _with_facts(access: Access, snapshot: Snapshot, wanted: frozenset[Dataset], now: datetime) -> Snapshot:
    more = collect(access, datasets=wanted, regions=(), now=now)
    kept = (item for item in snapshot.unread if item.dataset not in wanted)
    unread = (*kept, *(item for item in more.unread if item.dataset in wanted))
    known = {FACTS[name]: getattr(more, FACTS[name]) for name in wanted}
    return dataclasses.replace(snapshot, unread=unread, **known)


def with_told_policies(task: Task, snapshot: Snapshot) -> Snapshot:
    """A snapshot with the policies of the organization, by the role of the option ``organization_role_arn``.

    AWS tells most members nothing of them. The same snapshot where it has them, or where no role is given.

    :raises AwsError: the role can't be assumed.
    """
    role = task.options.get("organization_role_arn")
    if not role or snapshot.missing(_POLICIES) is None:
        return snapshot
    options = AccessOptions.from_options(task.options)
    options = dataclasses.replace(options, assume_role_arn=role, assessor_role_arn=None)
    return with_organization_policies(Access(options, operations=OPERATIONS[_POLICIES], check_mode=True), snapshot)
