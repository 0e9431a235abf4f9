# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that the changes of a plan affect, and whether the requests do what the changes show.

An entry is the ARN of a user, a role or a root user; the 12 digits of an account for everybody in it; ``*`` for anybody
at all; the name of a service or of an identity provider; or ``unknown: …`` for principals that could not be read.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable

from ..arn import Principal, principal_of
from ..change import Change
from .reach import UNKNOWN, NotKnown, PlannedReach, Reach
from .request import name_surroundings
from .table import WRITES, Write

_ACCOUNT: t.Final = re.compile(r"\d{12}", re.ASCII)


def find_affected(change: Change, reach: Reach) -> tuple[str, ...]:
    """Find the principals whose access the request of a change alters, sorted."""
    write = _write(change)
    if write is None:
        return (f"{UNKNOWN}what {change.service}:{change.operation} changes",)
    try:
        return tuple(sorted(set(write.affects(change, reach))))
    except NotKnown as unknown:
        return (f"{UNKNOWN}{unknown}",)


def with_affected(changes: Iterable[Change], reach: Reach) -> tuple[Change, ...]:
    """The changes of a plan, each with those whom it affects once the changes before it are made."""
    planned = PlannedReach(reach)
    found = []
    for change in changes:
        affected = find_affected(change, planned)
        planned.note(change.operation, change.parameters, affected)
        found.append(dataclasses.replace(change, affects=affected))
    return tuple(found)


def find_newly_affected(change: Change, reach: Reach) -> tuple[str, ...]:
    """Find the principals that a change affects now beside those that its plan names. ``reach`` reads the live account.

    The target is read again and compared with the plan elsewhere, so this is only about principals that
    were added since: holders of a policy, members of a group, accounts below a node.
    """
    write = _write(change)
    if write is None or not write.can_grow:
        return ()
    planned = frozenset(change.affects)
    known = frozenset(filter(None, map(principal_of, planned)))
    return tuple(
        entry for entry in find_affected(change, reach) if entry not in planned and principal_of(entry) not in known
    )


def mismatch_of(change: Change) -> t.Optional[str]:
    """How the request of a change differs from what the change shows; None where it does what it shows.

    Of an operation that is not in the table nothing is compared: whom it affects is unknown.
    """
    write = _write(change)
    named = [*name_surroundings(change), *(write.names(change) if write else ())]
    return next(
        (
            f"the request names {_quote_name(item.what, item.asked)}, but the change shows {item.shown!r}"
            for item in named
            if not item.is_same
        ),
        None,
    )


def principals_in(affects: Iterable[str]) -> frozenset[Principal]:
    """The users and roles that are affected by name, not as part of an account or of everybody."""
    return frozenset(filter(None, map(principal_of, affects)))


def is_counted(entry: str) -> bool:
    """Whether the caps count an entry: a single principal, not an account or anybody."""
    return entry.startswith("arn:")


def unknown_in(affects: Iterable[str]) -> tuple[str, ...]:
    """The entries that stand for principals that could not be read, without their mark."""
    return tuple(entry.removeprefix(UNKNOWN) for entry in affects if entry.startswith(UNKNOWN))


def describe_affected(affects: Iterable[str], most: int = 3) -> str:
    """Describe the affected principals in a few words: some names and a count."""
    entries = tuple(affects)
    if not entries:
        return "nobody"
    names = [_name(entry) for entry in entries[:most]]
    more = len(entries) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _name(entry: str) -> str:
    if entry == "*":
        return "anybody"
    if _ACCOUNT.fullmatch(entry):
        return f"everybody in {entry}"
    principal = principal_of(entry)
    return f"{principal.kind} {entry.rpartition('/')[2]}" if principal else entry


def _write(change: Change) -> t.Optional[Write]:
    return WRITES.get(f"{change.service}:{change.operation}")


def _quote_name(what: str, asked: str) -> str:
    return f"the {what} {asked!r}" if asked else f"no {what}"
