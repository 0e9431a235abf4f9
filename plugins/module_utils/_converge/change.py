# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes: planned API writes, and the plan that orders them."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping

# The region of a change of a global service.
GLOBAL: t.Final = "global"


class Impact(enum.StrEnum):
    """The effect of a change on access; narrowing and destructive changes are capped and predicted."""

    ADDITIVE = "additive"
    NARROWING = "narrowing"
    DESTRUCTIVE = "destructive"


@dataclasses.dataclass(frozen=True)
class Undo:
    """The one API write that takes a change back."""

    operation: str
    parameters: Mapping[str, t.Any]

    def as_dict(self) -> dict[str, t.Any]:
        return {"operation": self.operation, "parameters": dict(self.parameters)}


@dataclasses.dataclass(frozen=True)
class Change:
    """One planned API write.

    ``kind`` groups changes for the caps of the guard (for one ``access_key_deactivate``); ``population`` is the
    number of objects that such changes choose from. ``parameters`` is the exact request. ``planned`` is the request as
    plans show and hash it, where the exact one holds the moment at which it is sent; None where both are the same.
    ``affects`` names the principals whose access the change alters, sorted: ARNs; the 12 digits of an
    account for everybody in it; ``*`` for anybody at all; the name of a service principal. ``undoes`` is the journal's
    key of the change that this one takes back, if it is there for that. ``entry`` is the change that plans and reports
    have in its place, where several writes are one change for people: the batches of an export. Such an entry is a sum
    (``is_sum``): the journal has each of its writes with the request that undoes it.
    """

    account_id: str
    region: str
    service: str
    operation: str
    target: str
    parameters: Mapping[str, t.Any]
    before: t.Any
    after: t.Any
    kind: str
    impact: Impact
    population: int = 0
    affects: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    undo: t.Optional[Undo] = None
    undoes: str = ""
    planned: t.Optional[Mapping[str, t.Any]] = None
    entry: t.Optional[Change] = None
    is_sum: bool = False

    @property
    def request(self) -> dict[str, t.Any]:
        """The request as plans show it: two plans of the same change have the same one, whenever they are made."""
        return dict(self.parameters if self.planned is None else self.planned)

    @property
    def is_reversible(self) -> bool:
        return self.undo is not None or self.is_sum

    @property
    def narrows(self) -> bool:
        """Whether the change takes access or a credential away, or deletes something."""
        return self.impact is not Impact.ADDITIVE

    def as_dict(self, *, applied: bool = False) -> dict[str, t.Any]:
        return {
            "account_id": self.account_id,
            "region": self.region,
            "service": self.service,
            "operation": self.operation,
            "target": self.target,
            "before": self.before,
            "after": self.after,
            "affects": list(self.affects),
            "remedies": list(self.remedies),
            "reversible": self.is_reversible,
            "undo": self.undo.as_dict() if self.undo else None,
            "applied": applied,
            **({"undoes": self.undoes} if self.undoes else {}),
        }

    def as_target(self) -> dict[str, str]:
        """The operation and where it is made, and no more."""
        names = ("account_id", "region", "service", "operation", "target")
        return {name: getattr(self, name) for name in names}

    def as_entry(self) -> dict[str, t.Any]:
        """The change in a plan: everything that its hash covers, so the plan can be checked without the account."""
        return {**self.as_dict(), "request": self.request, "narrows": self.narrows}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A change, or a part of the declaration, that a guard did not let through, and why.

    ``data`` has more for programs and for the HTML report: the owner of the target, and the patch for that owner.
    """

    rule: str
    reason: str
    target: str
    operation: str = ""
    fatal: bool = False
    data: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, hash=False)

    def as_dict(self) -> dict[str, t.Any]:
        names = {"rule": self.rule, "reason": self.reason, "target": self.target, "operation": self.operation}
        return {**self.data, **names}


def content_hash(value: t.Any) -> str:
    """SHA-256 of ``value`` as canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def change_hash(change: Change) -> str:
    """Identifies a change in a plan: place, operation, target, request, affected principals, before and after.

    Whether it narrows access is a part of it too: people look at these changes first.
    """
    change = change.entry or change
    scope = [change.account_id, change.service, change.region, change.operation, change.target, change.narrows]
    said = [change.request, sorted(change.affects), content_hash(change.before), content_hash(change.after)]
    return content_hash([*scope, *said])


def plan_sha256(changes: Iterable[Change]) -> str:
    """The hash of a plan, which does not depend on the order in which its changes were found."""
    return content_hash(sorted(change_hash(change) for change, _writes in list_entries(changes)))


def list_entries(changes: Iterable[Change]) -> list[tuple[Change, list[Change]]]:
    """List changes as people see them, each with the writes that it consists of: mostly itself alone."""
    entries: list[tuple[Change, list[Change]]] = []
    shared: dict[str, list[Change]] = {}
    for change in changes:
        if change.entry is None:
            entries.append((change, [change]))
            continue
        key = change_hash(change)
        if key not in shared:
            entries.append((change.entry, shared.setdefault(key, [])))
        shared[key].append(change)
    return entries


def is_among(change: Change, changes: Iterable[Change]) -> bool:
    """Whether this very change is one of ``changes``: an equal one is another."""
    return any(change is other for other in changes)
