# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reads of an account that were made earlier in the run: how the rest of the room sees them, and their form in JSON."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .codec import SnapshotError, field_from_plain, from_plain, to_plain
from .model import Dataset, UnreadKind
from .reads import ACCOUNT_READS, REGION_READS
from .regional import Trail
from .source import Fields, Unreadable
from .stacks import RegionStacks
from .terraform_state import StateFile


class Owning(enum.Enum):
    """Reads that show who owns an object. They are no part of a snapshot, and no write to IAM changes them."""

    STACKS = "stacks"
    STATE = "terraform_state"


# What was read, and the region, the object or the file that it was read of; None for a read of the whole account.
Key = tuple[t.Union[Dataset, Owning], t.Optional[str]]
Result = t.Union[Fields, Trail, RegionStacks, StateFile, Unreadable]
_RECORDS: t.Final[Mapping[str, type[t.Any]]] = {"trail": Trail, "stacks": RegionStacks, "state": StateFile}

# Each of these reads depends on the account, the region and the time alone, or on a trail that is kept too.
_SHARED: t.Final = frozenset({*ACCOUNT_READS, *REGION_READS, Dataset.ORGANIZATION_POLICIES})
# Only these answers would be the same if they were asked for again. The others pass.
_LASTING: t.Final = frozenset({UnreadKind.DENIED, UnreadKind.UNSUPPORTED})


@dataclasses.dataclass(frozen=True)
class Kept:
    """The result of a read, and when it was observed."""

    result: Result
    observed_at: datetime


class KeptReads(t.Protocol):
    """The reads that are kept for a run."""

    def begin(self) -> float:
        """The present moment, for :meth:`keep`."""

    def find(self, key: Key) -> t.Optional[Kept]:
        """The result of a read; None if it has to be made."""

    def keep(self, key: Key, result: Result, *, begun: float) -> None:
        """Keep the result of a read that was not made before ``begun``."""


def is_shared(key: t.Any) -> bool:
    """Whether a read may be kept for other modules of the run."""
    return isinstance(key, tuple) and isinstance(key[0], Dataset) and key[0] in _SHARED


def is_lasting(result: Result) -> bool:
    """Whether the same read would have the same result a moment later, as far as AWS says."""
    return not isinstance(result, Unreadable) or result.kind in _LASTING


def encode(result: Result) -> dict[str, t.Any]:
    """The result of a read, as JSON has it."""
    if isinstance(result, Unreadable):
        return {
            "unreadable": {
                "kind": result.kind.value,
                "reason": result.reason,
                "operation": result.operation,
                "of_region": result.of_region,
            }
        }
    for name, kind in _RECORDS.items():
        if isinstance(result, kind):
            return {name: to_plain(result)}
    result = t.cast(Fields, result)
    return {"fields": {name: to_plain(value) for name, value in result.items()}}


def decode(plain: Mapping[str, t.Any]) -> Result:
    """The result of a read from :func:`encode`.

    :raises SnapshotError: it has another form.
    """
    for name, kind in _RECORDS.items():
        if name in plain:
            return t.cast(Result, from_plain(kind, plain[name], name))
    if "fields" in plain:
        return {name: field_from_plain(name, value) for name, value in plain["fields"].items()}
    try:
        failure = plain["unreadable"]
        return Unreadable(
            UnreadKind(failure["kind"]),
            failure["reason"],
            operation=failure["operation"],
            of_region=failure["of_region"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"no result of a read: {error!r}") from error
