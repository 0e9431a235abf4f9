# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The owners of an account's IAM objects, composed: who owns them, how sure that is, and where they are changed."""

from __future__ import annotations

import collections
import itertools
import typing as t
from collections.abc import Callable, Sequence

from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import collect
from .._account.model import Dataset, Snapshot
from .._controls.control import unread_reason
from .._converge.arn import is_declared
from .._converge.errors import InputError
from .._converge.ownership.judgement import find_held_by, may_narrow
from .._converge.ownership.owner import Confidence, IamObject, ObjectKey, Owner, Ownership, Write, object_of
from .._module.arguments import OWNERS_ARGUMENTS, ArgumentSpec
from .._module.ownership import MOST_LOOKUPS, OwnershipOptions, OwnershipReader
from .._module.ownership import OPERATIONS as OWNERS_OPERATIONS
from .._module.task import Task, TaskError

ARGUMENTS: t.Final[ArgumentSpec] = {
    **OWNERS_ARGUMENTS,
    "arns": {"type": "list", "elements": "str", "default": []},
    "event_history_max_objects": {"type": "int", "default": MOST_LOOKUPS},
}
OPERATIONS: t.Final = OWNERS_OPERATIONS.union(OPERATIONS_OF_DATASETS[Dataset.AUTHORIZATION_DETAILS])

_MOST_OBJECTS: t.Final = 10_000


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``ownership_info``: its options in, its result out.

    :raises TaskError: a bad option, the credentials of another account, or objects that can't be read.
    """
    most = task.options["event_history_max_objects"]
    if not 0 <= most <= _MOST_OBJECTS:
        raise TaskError(f"event_history_max_objects: {most} is not a number from 0 to {_MOST_OBJECTS}")
    patterns = [*map(_check_pattern, task.options["arns"])]
    try:
        options = OwnershipOptions.from_options(task.options)
    except InputError as error:
        raise TaskError(str(error)) from error
    connection = task.connection
    task.expect_account(connection.access.caller.account_id)
    snapshot = collect(connection.access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=connection.now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(
            f"the roles, users, groups and policies of account {snapshot.account_id} can't be read: "
            f"{unread_reason(unread)}"
        )
    items = _choose(patterns, _list_objects(snapshot), task.warn)
    reader = OwnershipReader(options, connection)
    owners, _index = reader.read(items, tags=_key_tags(snapshot), most=most)
    return _build_result(snapshot, items, Ownership(owners=owners, default=options.default))


def _check_pattern(pattern: str) -> str:
    if not pattern.startswith("arn:"):
        raise TaskError(f"arns: {pattern!r} is not the ARN of a role, user, group or policy, or a pattern for ARNs")
    return pattern


def _list_objects(snapshot: Snapshot) -> list[IamObject]:
    """List the roles, users, groups and customer policies of an account."""
    policies = [policy for policy in snapshot.policies if not policy.is_aws_managed]
    lists: tuple[Sequence[t.Any], ...] = (snapshot.roles, snapshot.users, snapshot.groups, policies)
    arns = [str(found.arn) for found in itertools.chain.from_iterable(lists)]
    return [item for arn in arns if (item := object_of(arn)) is not None]


def _choose(patterns: Sequence[str], items: Sequence[IamObject], warn: Callable[[str], None]) -> list[IamObject]:
    """The objects that patterns match; all without a pattern. Warns of patterns without a match."""
    for pattern in patterns:
        if not any(is_declared(item.arn, [pattern]) for item in items):
            warn(f"arns: {pattern} matches no role, user, group or customer policy of the account")
    return [item for item in items if not patterns or is_declared(item.arn, patterns)]


def _key_tags(snapshot: Snapshot) -> dict[ObjectKey, dict[str, str]]:
    found = ((object_of(arn), tags) for arn, tags in snapshot.tags_of_principals.items())
    return {item.key: dict(tags) for item, tags in found if item is not None}


def _build_result(snapshot: Snapshot, items: Sequence[IamObject], ownership: Ownership) -> dict[str, t.Any]:
    owners = [(item, ownership.find_owner(item.key)) for item in items]
    counts = collections.Counter(owner.confidence.value for _item, owner in owners)
    unread = dict.fromkeys(reason for _item, owner in owners for source in owner.unread for reason in source.reasons)
    return {
        "account_id": snapshot.account_id,
        "owners": [_describe(item, owner, ownership) for item, owner in owners],
        "counts": {confidence.value: counts[confidence.value] for confidence in Confidence},
        "unread": list(unread),
    }


def _describe(item: IamObject, owner: Owner, ownership: Ownership) -> dict[str, t.Any]:
    if owner.is_certain:
        write = narrow = owner.write is Write.ALLOW
    else:
        held_by = find_held_by(item, owner, ownership)
        write = not any(source.is_certain for source in held_by)
        narrow = not held_by and may_narrow(item, owner, ownership)
    return {
        "arn": item.arn,
        "kind": item.kind,
        "name": item.name,
        **owner.as_dict(),
        "write_allowed": write,
        "narrowing_allowed": narrow,
    }
