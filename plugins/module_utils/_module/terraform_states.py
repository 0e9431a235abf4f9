# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""State files of Terraform on the controller and in S3: the objects of one account in them, read once a run."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._account.answer import Unknown, Yes
from .._account.kept import Owning
from .._account.terraform_state import MOST_BYTES, StateError, StateFile, StateResource, parse_state
from .._aws.tape import Answer
from .._converge.ownership.evidence import CertainSource, make_state_owner
from .._converge.ownership.files import OwnerFile
from .._converge.parsing import parse
from .connection import Connection
from .owner_files import describe_unread, read_file


def read_state(file: OwnerFile, connection: Connection) -> CertainSource:
    """Read the objects of the account in a state file. Another module of the run may have read it."""
    snapshot = connection.snapshot
    kept = snapshot.find((Owning.STATE, file.path))
    if kept and isinstance(kept.result, StateFile):
        return _gather(kept.result)
    begun = snapshot.begin()
    found = _read(file, connection)
    if isinstance(found, Unknown):
        return CertainSource(rest=describe_unread(file, found))
    snapshot.keep((Owning.STATE, file.path), found.value, begun=begun)
    return _gather(found.value)


def _gather(found: StateFile) -> CertainSource:
    return CertainSource({resource.key: make_state_owner(resource) for resource in reversed(found.resources)})


def _read(file: OwnerFile, connection: Connection) -> t.Union[Yes[StateFile], Unknown]:
    """Read a state. One without anything of the account may be the state of another account, or of another workspace.

    One state may have the objects of a thousand accounts: only those of this one are kept.
    """

    def parse_text(text: str) -> Answer:
        return dataclasses.asdict(parse_state(_parse_json(text), file.path))

    answer = read_file("state", file, connection, most=MOST_BYTES, parse=parse_text)
    if isinstance(answer, Unknown):
        return answer
    account_id = connection.access.caller.account_id
    if account_id not in answer.value["accounts"]:
        known = ", ".join(answer.value["accounts"][:3]) or "none"
        return Unknown(
            f"it has nothing of account {account_id}, so it may be the state of another account or workspace "
            f"(accounts in it: {known}); if it is not, name its accounts in the entry"
        )
    resources = (StateResource(**item) for item in answer.value["resources"])
    return Yes(StateFile(tuple(item for item in resources if item.key[0] == account_id)))


def _parse_json(text: str) -> t.Any:
    try:
        return parse(text, refuses_repeats=True)
    except json.JSONDecodeError as error:
        raise StateError(f"it is no JSON: {error}") from None
