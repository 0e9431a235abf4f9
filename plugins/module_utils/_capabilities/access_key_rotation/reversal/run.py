# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a rollback of a rotation looks at before it takes a new key or a new secret away."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._converge.capability import Aws, Caller
from ...._converge.change import Change, Refusal
from ...._converge.user_keys import DELETE_KEY
from ...._module.user_keys import read_keys, read_user
from ..changes import DELETE_SECRET
from ..model import Key, make_version_id
from ..observe import read_secret


def refuse_undos(access: Access, undos: Sequence[Change], _now: datetime) -> Mapping[str, Refusal]:
    """Refuse to delete a new key that somebody has used, and a secret that holds a key that stays."""
    refused: dict[str, Refusal] = {}
    deleted = {undo.target for undo in undos if _deletes_new_key(undo)}
    for undo in undos:
        problem = ""
        if _deletes_new_key(undo):
            problem = _find_use(access, undo)
        elif undo.operation == DELETE_SECRET:
            problem = _find_kept(access, undo, deleted)
        if problem:
            refused[undo.undoes] = Refusal("in_use", problem, undo.target, undo.operation)
    return refused


def _deletes_new_key(undo: Change) -> bool:
    return undo.operation == DELETE_KEY and isinstance(undo.before, Mapping) and "new_key" in undo.before


def _find_use(access: Access, undo: Change) -> str:
    try:
        key = find_new_key(access, undo)
    except AwsError as error:
        return f"the new access key can't be read: {error}"
    if key.last_used is not None:
        return f"the new access key {key.id} is in use since it was made; deactivate the old one, or rotate again"
    return ""


def find_new_key(access: Access, undo: Change) -> Key:
    """Find the one key of a user that is not the old one. Raises AwsError: there is no such key, or more than one."""
    old = str(undo.before["key"])
    others = [key for key in read_keys(access, undo.target.rpartition("/")[2]) if key.id != old]
    if len(others) != 1:
        raise AwsError(f"{undo.target} has {len(others)} access keys beside {old}, so the new one is not known")
    return others[0]


def _find_kept(access: Access, undo: Change, deleted: frozenset[str] | set[str]) -> str:
    shown = undo.before
    try:
        secret = read_secret(access, str(shown["secret"]), undo.region)
        user = read_user(access, str(shown["user"]).rpartition("/")[2])
    except AwsError as error:
        return f"the secret can't be read: {error}"
    if secret is None or not secret.labels:
        return ""
    if user is None or user.arn in deleted:
        return ""
    held = [key for key in user.keys if secret.has(make_version_id(undo.account_id, user.unique_id, key.id))]
    return f"the secret {secret.name} holds the access key {held[0].id}, which stays" if held else ""


def find_undo_access(access: Access) -> Callable[[Change], t.Optional[Aws]]:
    """Find the AWS that makes an undo: of a new key, one that looks its id up."""
    return lambda undo: _NewKeyRemover(access, undo) if _deletes_new_key(undo) else None


class _NewKeyRemover:
    """AWS for the one change that deletes a new key, whose id no plan could know. It is looked at once more."""

    def __init__(self, access: Access, undo: Change) -> None:
        self._access = access
        self._undo = undo

    @property
    def caller(self) -> Caller:
        """The principal that makes the calls."""
        return self._access.caller

    @property
    def chain(self) -> Sequence[str]:
        """The ARN of every principal on the way to the caller."""
        return self._access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> dict[str, t.Any]:
        """Delete the key. Raises AwsError: somebody has used it."""
        key = find_new_key(self._access, self._undo)
        if key.last_used is not None:
            raise AwsError(f"the new access key {key.id} of {self._undo.target} is in use, so it is not deleted")
        asked = {**(parameters or {}), "AccessKeyId": key.id}
        return self._access.call(service, operation, asked, region=region)
