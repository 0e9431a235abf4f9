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

from ..._account.policy_versions import LivePolicy, describe_policy
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
    refuse_other_versions,
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


def refuse_undos(access: Access, undos: Sequence[Change], now: datetime) -> Mapping[str, Refusal]:
    """Refuse undos that would make another version the default one, or for which a policy has no room."""
    refused = dict(refuse_other_versions(access, undos, now))
    left = [undo for undo in undos if undo.undoes not in refused]
    for undo in filter(_restores, left):
        live = read_policy(access, undo.target)
        if live is not None and _is_full(live) and _find_own_version(live, left, undo) is None:
            reason = (
                f"{undo.target} has {POLICY_VERSIONS} versions, and none of them is of that run: delete one, then roll "
                "back again"
            )
            refused[undo.undoes] = Refusal("versions", reason, undo.target, undo.operation)
    return refused


def prepare_undos(access: Access, undos: Sequence[Change]) -> Mapping[str, Change]:
    """Find what must be done before an undo, by its record: the version that the run made goes, to make room."""
    found: dict[str, Change] = {}
    for undo in filter(_restores, undos):
        live = read_policy(access, undo.target)
        version = _find_own_version(live, undos, undo) if live is not None and _is_full(live) else None
        if live is not None and version is not None:
            found[undo.undoes] = _delete_own(undo, live, version)
    return found


def _restores(undo: Change) -> bool:
    return undo.operation == UPDATE


def _is_full(live: LivePolicy) -> bool:
    return len(live.versions) >= POLICY_VERSIONS


def _find_own_version(live: LivePolicy, undos: Sequence[Change], restoring: Change) -> t.Optional[str]:
    """Find the version that the run made: the default one, if its change is taken back too."""
    default = live.default
    for undo in undos:
        of_same = undo.operation == SET_DEFAULT and undo.target == restoring.target
        if of_same and default is not None and describe_policy(default.document) == undo.before:
            return default.id
    return None


def _delete_own(undo: Change, live: LivePolicy, version: str) -> Change:
    document = next(item.document for item in live.versions if item.id == version)
    count = count_versions(live, document)
    return Change(
        account_id=undo.account_id,
        region=undo.region,
        service=undo.service,
        operation=DELETE_VERSION,
        target=undo.target,
        parameters={"PolicyArn": undo.target, "VersionId": version},
        before=describe_version(document, count),
        after=describe_version(document, count - 1),
        kind="undo_own_version",
        impact=Impact.ADDITIVE,
        undoes=undo.undoes,
    )
