# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is known of a credential that is not found: whether it was deleted, and what people may have meant by it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable

from ...._account.answer import Yes
from ...._aws.access import Access
from ...._aws.errors import AwsError, NotFound
from ...._converge.incident.declaration import KeySeed
from ...._incident.deletions import Kind
from ...._incident.near_names import find_near
from ...._incident.observe import Proofs, list_keys, list_user_arns
from ..locate import Answers, Seed, Status

_LOST: t.Final = frozenset({Status.UNRESOLVED, Status.MISMATCH, Status.FOREIGN})


def add_near(access: Access, seeds: Iterable[Seed]) -> tuple[Seed, ...]:
    """Add the near names of this account to the seeds that are not found. While all are, nothing is read."""
    given = tuple(seeds)
    lost = [seed for seed in given if seed.status in _LOST and seed.kind in ("access_key", "console_password")]
    users = list_user_arns(access) if lost else ()
    keys = list_keys(access, users) if any(seed.kind == "access_key" for seed in lost) else {}

    def add(seed: Seed) -> Seed:
        if seed.kind == "access_key":
            near = tuple(f"{key} of the user {keys[key]}" for key in find_near(seed.id, keys))
        else:
            near = find_near(seed.id, users)
        return dataclasses.replace(seed, near=tuple(dict.fromkeys((*seed.near, *near))))

    return tuple(add(seed) if seed in lost else seed for seed in given)


def ask_deletion(proofs: Proofs, seed: KeySeed, answers: Answers) -> Answers:
    """Ask whether a key of which IAM names no user was deleted, and whose it was."""
    if answers.user is not None:
        return answers
    deletion = proofs.find(Kind.KEY, seed.id)
    user = deletion.value.user if isinstance(deletion, Yes) else ""
    named = _find_named_user(proofs.access, user or seed.user) if isinstance(deletion, Yes) else ""
    return dataclasses.replace(answers, deletion=deletion, named_user=named)


def _find_named_user(access: Access, user: str) -> str:
    """Find the user whose key is deleted; empty if there is none. One that can't be read counts as there."""
    name = user.rpartition("/")[2]
    try:
        return str(access.call("iam", "GetUser", {"UserName": name})["User"]["UserName"]) if name else ""
    except NotFound:
        return ""
    except AwsError:
        return name
