# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reading policies, live: before and after they are changed, and for a rollback."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._account.policy_versions import LivePolicy, Version, describe_policy
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.change import Change, Impact, Refusal
from ..._module.managed_policies import (
    LIST_VERSIONS,
    POLICY_READS,
    is_attached,
    read_default_document,
    read_inline_document,
    read_policy,
)
from ..._policy.documents.limits import POLICY_VERSIONS
from .changes import (
    DELETE,
    DELETE_VERSION,
    OWNERS,
    SET_DEFAULT,
    UPDATE,
    count_versions,
    describe_version,
)

READ_OPERATIONS: t.Final = Operations(
    reads=HOLDERS_READS
    | POLICY_READS
    | {f"iam:{LIST_VERSIONS}"}
    | {f"iam:ListAttached{owner}Policies" for owner in OWNERS}
    | {f"iam:Get{owner}Policy" for owner in OWNERS}
)
# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = READ_OPERATIONS.union(
    Operations(
        writes=frozenset({f"iam:{name}" for name in (DELETE, DELETE_VERSION, SET_DEFAULT, UPDATE)})
        | {f"iam:{verb}{owner}Policy" for verb in ("Attach", "Detach", "Put") for owner in OWNERS}
    )
)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(read_target, access)


def read_target(access: Access, change: Change) -> t.Any:
    """Read the target of a change."""
    shape = change.after if change.after is not None else change.before or {}
    if "version_document" in shape:
        return _read_version(access, change.target, shape["version_document"])
    if "policy" in shape:
        return {"policy": shape["policy"], "attached": is_attached(access, change.target, shape["policy"])}
    if "inline_policy" in shape:
        name = shape["inline_policy"]
        return {"inline_policy": name, "document": read_inline_document(access, change.target, name)}
    return describe_policy(read_default_document(access, change.target))


def _read_version(access: Access, arn: str, document: t.Any) -> dict[str, t.Any]:
    live = read_policy(access, arn)
    return describe_version(document, 0 if live is None else count_versions(live, document))


def prepare_undos(
    access: Access, undos: Sequence[Change], as_before: Sequence[Change]
) -> Mapping[str, t.Union[Change, Refusal]]:
    """Find what must be done before an undo, by its record: the version that the run made is deleted, to make room.

    Without such a version the deleted one is not restored. That changes no permission: it was not the default one.
    """
    found: dict[str, t.Union[Change, Refusal]] = {}
    for undo in filter(_restores, undos):
        live = read_policy(access, undo.target)
        if live is None or not _is_full(live):
            continue
        version = _find_own_version(live, undos, as_before)
        found[undo.undoes] = _refuse_restoring(undo) if version is None else _delete_own(undo, live, version)
    return found


def _refuse_restoring(undo: Change) -> Refusal:
    reason = (
        f"the deleted version of {undo.target} is not restored: the policy has {POLICY_VERSIONS} versions, and the "
        "newest one is not known to be of that run. No permission depends on it, and the journal has its document. "
        "Roll back newer runs, or delete a version, then roll back again"
    )
    return Refusal("versions", reason, undo.target, undo.operation)


def _restores(undo: Change) -> bool:
    return undo.operation == UPDATE


def _is_full(live: LivePolicy) -> bool:
    return len(live.versions) >= POLICY_VERSIONS


def _find_own_version(live: LivePolicy, undos: Sequence[Change], as_before: Sequence[Change]) -> t.Optional[Version]:
    """Find the version that the run made, if its change is taken back too.

    It is the default one, or after an interrupted rollback the newest one. Documents of older versions may be the same.
    """
    made = [undo.before for undo in undos if undo.operation == SET_DEFAULT and undo.target == live.arn]
    if live.default is not None and describe_policy(live.document) in made:
        return live.default
    reset = [done.after for done in as_before if done.operation == UPDATE and done.target == live.arn]
    newest = live.newest
    is_own = newest is not None and not newest.is_default and describe_policy(newest.document) in reset
    return newest if is_own else None


def _delete_own(undo: Change, live: LivePolicy, version: Version) -> Change:
    count = count_versions(live, version.document)
    return Change(
        account_id=undo.account_id,
        region=undo.region,
        service=undo.service,
        operation=DELETE_VERSION,
        target=undo.target,
        parameters={"PolicyArn": undo.target, "VersionId": version.id},
        before=describe_version(version.document, count),
        after=describe_version(version.document, count - 1),
        kind="undo_own_version",
        impact=Impact.ADDITIVE,
        undoes=undo.undoes,
    )
