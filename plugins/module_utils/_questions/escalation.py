# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The search for privilege escalation, composed: an account or a saved snapshot in, paths to administrators out."""

from __future__ import annotations

import collections
import fnmatch
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import collect
from .._account.model import Dataset, Snapshot, UnreadKind
from .._account.permissions import Permissions
from .._aws.operations import Operations
from .._controls.control import unread_reason
from .._module.arguments import ORGANIZATION_ARGUMENTS, ArgumentSpec
from .._module.connection import Connection
from .._module.snapshots import SnapshotFile, add_organization_policies
from .._module.task import Task, TaskError
from .._policy.escalation.paths import MAX_DEPTH, Path, Search, search

ARGUMENTS: t.Final[ArgumentSpec] = {
    **ORGANIZATION_ARGUMENTS,
    "principals": {"type": "list", "elements": "str", "default": []},
    "max_depth": {"type": "int", "default": MAX_DEPTH},
    "include_conditional": {"type": "bool", "default": True},
    "snapshot_path": {"type": "path"},
    "offline": {"type": "bool", "default": False},
}
CONSTRAINTS: t.Final = {"required_if": [("offline", True, ["snapshot_path"])]}

_DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.CREDENTIAL_REPORT,
        Dataset.ORGANIZATION,
        Dataset.ORGANIZATION_POLICIES,
    }
)
OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS)
)

# Nobody plans longer paths, and each of their later steps is reported as a path of its own.
_DEEPEST: t.Final = 10


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``privilege_escalation_info``: its options in, its result out.

    :raises TaskError: a bad option, the credentials of another account, or policies that can't be read.
    """
    options = task.options
    depth = options["max_depth"]
    if not 1 <= depth <= _DEEPEST:
        raise TaskError(f"max_depth: {depth} is not a number of steps from 1 to {_DEEPEST}")
    file = SnapshotFile.from_options(options)
    snapshot = file.observe(task, _read)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(f"the policies of account {snapshot.account_id} can't be read: {unread_reason(unread)}")
    permissions = Permissions(snapshot)
    found = search(permissions.landscape, max_depth=depth, include_conditional=options["include_conditional"])
    chosen = _choose(options["principals"], [*permissions.principals], task.warn)
    result = _build_result(snapshot, permissions, found, chosen)
    return {**result, "snapshot": file.path} if file.path else result


def _read(connection: Connection) -> Snapshot:
    snapshot = collect(connection.access, datasets=_DATASETS, regions=(), now=connection.now)
    return add_organization_policies(connection, snapshot)


def _choose(patterns: Sequence[str], principals: Sequence[str], warn: Callable[[str], None]) -> frozenset[str]:
    """The principals that patterns match, by ARN or name; all without a pattern. Warns of patterns without a match."""
    if not patterns:
        return frozenset(principals)
    found: set[str] = set()
    for pattern in patterns:
        matching = [arn for arn in principals if _matches(arn, pattern)]
        if not matching:
            warn(f"principals: {pattern} matches no user and no role")
        found.update(matching)
    return frozenset(found)


def _matches(arn: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(arn, pattern) or fnmatch.fnmatchcase(arn.rpartition("/")[2], pattern)


def _build_result(
    snapshot: Snapshot, permissions: Permissions, found: Search, chosen: frozenset[str]
) -> dict[str, t.Any]:
    paths = [path for path in found.paths if path.source in chosen]
    administrators = {arn: conditions for arn, conditions in found.administrators.items() if arn in chosen}
    return {
        "account_id": snapshot.account_id,
        "paths": [_path_as_dict(path) for path in paths],
        "groups": _group_paths(paths),
        "methods": _count_methods(paths),
        "administrators": [{"arn": arn, "conditions": list(texts)} for arn, texts in administrators.items()],
        "counts": {
            "principals": len(chosen),
            "administrators": len(administrators),
            "certain_paths": sum(path.certain for path in paths),
            "conditional_paths": sum(not path.certain for path in paths),
        },
        "organization_policies": _describe_organization_policies(snapshot),
        "unread": _list_unread(snapshot, permissions),
    }


def _path_as_dict(path: Path) -> dict[str, t.Any]:
    return {
        "principal": path.source,
        "ends_as": path.end,
        "certain": path.certain,
        "conditions": list(path.conditions),
        "explanation": path.explanation,
        "steps": [step.record() for step in path.steps],
    }


def _group_paths(paths: Sequence[Path]) -> list[dict[str, t.Any]]:
    """Group the paths by where and how they end; those of most principals first."""
    groups: dict[tuple[t.Optional[str], tuple[str, ...], bool], list[str]] = {}
    for path in paths:
        last = path.steps[-1]
        end = None if last.source == last.target else path.end
        groups.setdefault((end, tuple(step.method.id for step in path.steps), path.certain), []).append(path.source)
    return [
        {"ends_as": end, "methods": list(methods), "certain": certain, "principals": principals}
        for (end, methods, certain), principals in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


def _count_methods(paths: Sequence[Path]) -> list[dict[str, t.Any]]:
    """Count the paths that use each method; the most used first."""
    used = {step.method.id: step.method for path in paths for step in path.steps}
    counts = collections.Counter(name for path in paths for name in {step.method.id for step in path.steps})
    return [
        {"id": name, "name": used[name].name, "paths": count, "sources": list(used[name].sources)}
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _describe_organization_policies(snapshot: Snapshot) -> str:
    if snapshot.missing(Dataset.ORGANIZATION_POLICIES) is not None:
        return "unread"
    return "applied" if snapshot.organization_policies else "none"


def _list_unread(snapshot: Snapshot, permissions: Permissions) -> list[str]:
    """List the gaps in the result: reads that failed, and documents that don't parse."""
    reads: Mapping[Dataset, str] = {
        unread.dataset: f"{unread.dataset.value}: {unread_reason(unread)}"
        for unread in snapshot.unread
        if unread.dataset in _DATASETS and unread.kind is not UnreadKind.NOT_REQUESTED
    }
    return [
        *reads.values(),
        *(f"{label} does not parse" for label in permissions.unreadable),
        *(f"the policy {name} was not read" for name in permissions.unread),
    ]
