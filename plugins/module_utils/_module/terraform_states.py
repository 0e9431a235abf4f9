# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""State files of Terraform on the controller and in S3: the objects of one account in them, read once a run."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable

from .._account.kept import Owning
from .._account.stacks import ObjectKey
from .._account.terraform_state import MOST_BYTES, StateError, StateFile, StateResource, parse_state
from .._aws.errors import AwsError
from .._aws.tape import FILES, Answer, Call
from .._converge.store import StoreError, expand_path
from .connection import Connection
from .options import StoreOptions
from .stores import open_store

OPTION: t.Final = "terraform_state_paths"
_S3: t.Final = "s3://"


def read_states(
    places: Iterable[str], connection: Connection
) -> tuple[dict[ObjectKey, StateResource], tuple[str, ...]]:
    """The objects of all state files, and the reasons why others can't be read."""
    found: dict[ObjectKey, StateResource] = {}
    unread: list[str] = []
    for place in places:
        resources, problem = _read_once(place, connection)
        if problem:
            unread.append(f"a state of Terraform can't be read ({OPTION}): {problem}")
        for resource in resources:
            found.setdefault(resource.key, resource)
    return found, tuple(unread)


def _read_once(place: str, connection: Connection) -> tuple[tuple[StateResource, ...], str]:
    """The objects of a state file, or why it can't be read. Another module of the run may have read it."""
    snapshot = connection.snapshot
    kept = snapshot.find((Owning.STATE, place))
    if kept and isinstance(kept.result, StateFile):
        return kept.result.resources, ""
    begun = snapshot.begin()
    answer = _read(place, connection)
    account_id = connection.access.caller.account_id
    resources = [StateResource(**item) for item in answer.get("found", ())]
    # One state may have the objects of a thousand accounts.
    own = tuple(resource for resource in resources if resource.key[0] == account_id)
    if "problem" not in answer:
        snapshot.keep((Owning.STATE, place), StateFile(own), begun=begun)
    return own, str(answer.get("problem", ""))


def _read(place: str, connection: Connection) -> Answer:
    # A file of the controller is there in a simulation too.
    tape = connection.options.tape if place.startswith(_S3) else None
    parse = functools.partial(_parse, place, connection)
    try:
        return tape.play(Call("", FILES, "state", place), parse) if tape else parse()
    except AwsError as error:
        return {"problem": str(error)}


def _parse(place: str, connection: Connection) -> Answer:
    """The objects of a state file, or why it can't be read: a recording has these, and nothing else of the file."""
    try:
        return {"found": [dataclasses.asdict(item) for item in parse_state(_load(place, connection), place)]}
    except (AwsError, OSError, StateError, StoreError) as error:
        return {"problem": str(error)}


def _load(place: str, connection: Connection) -> bytes:
    if place.startswith(_S3):
        prefix, _slash, name = place.rpartition("/")
        # Not the store of the connection: a recording would have the file, with its secrets.
        content = open_store(StoreOptions(prefix, option=OPTION), lambda: connection.options).get(name)
        if content is None:
            raise StateError(f"{place} does not exist")
        return content
    with expand_path(place, OPTION).open("rb") as file:
        return file.read(MOST_BYTES + 1)
