# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of a walk, the document it is kept in, and the approval that a person gives to such a document."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from .._account.moments import format_utc, parse_moment
from .change import Change, Impact, Refusal, Undo, change_hash, plan_sha256
from .errors import InputError

SCHEMA: t.Final = "hardening.iam/plan/1"
APPROVAL_LASTS: t.Final = timedelta(hours=24)
# Clocks of two controllers differ a little; a plan from further ahead was not made by this collection.
_CLOCK_SKEW: t.Final = timedelta(minutes=5)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What planning came to: the changes in the order to make them, the parts it refused itself, and what to tell."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ApprovedPlan:
    """The changes that a person approved, by their hashes, and where they apply."""

    hashes: frozenset[str]
    places: frozenset[tuple[str, str]]

    def objection(self, change: Change) -> t.Optional[str]:
        """Why ``change`` is not covered; None where it is."""
        if change_hash(change) in self.hashes:
            return None
        if (change.operation, change.target) in self.places:
            return "the approved plan has this change, but what it finds or leaves differs now"
        return "the approved plan does not have this change"


def plan_document(changes: Iterable[Change], *, account_id: str, run_id: str, created: datetime) -> dict[str, t.Any]:
    """A plan as it is kept and approved. It has every planned change, those that a cap holds back included."""
    kept = tuple(changes)
    return {
        "schema": SCHEMA,
        "account_id": account_id,
        "run_id": run_id,
        "created": format_utc(created),
        "plan_sha256": plan_sha256(kept),
        "changes": [change.as_dict() for change in kept],
    }


def combined_plan(
    documents: Iterable[Mapping[str, t.Any]], *, account_id: str, run_id: str
) -> t.Optional[dict[str, t.Any]]:
    """One plan for an account out of those of its modules, as old as the oldest of them; None where there are none."""
    kept = tuple(documents)
    if not kept:
        return None
    changes = (change_of(recorded) for document in kept for recorded in document["changes"])
    created = min(parse_moment(document["created"]) for document in kept)
    return plan_document(changes, account_id=account_id, run_id=run_id, created=created)


def change_of(document: Mapping[str, t.Any]) -> Change:
    """The change that a plan or a journal recorded. The exact request is not recorded, so it can't be sent again.

    :raises InputError: a field is missing.
    """
    try:
        undo = document["undo"]
        return Change(
            account_id=document["account_id"],
            region=document["region"],
            service=document["service"],
            operation=document["operation"],
            target=document["target"],
            parameters={},
            before=document["before"],
            after=document["after"],
            kind="",
            impact=Impact.ADDITIVE,
            affects=tuple(document.get("affects", ())),
            remedies=tuple(document.get("remedies", ())),
            undo=Undo(operation=undo["operation"], parameters=undo["parameters"]) if undo else None,
            undoes=document.get("undoes", ""),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"not a recorded change: {error} is missing or malformed") from error


def approve(document: t.Any, *, account_id: str, now: datetime) -> ApprovedPlan:
    """The approval that a plan document stands for.

    :raises InputError: it is no plan, of another account, edited since it was made, or older than 24 hours.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("changes"), list):
        raise InputError(f"approved_plan: not a plan; allowed is a document with the schema {SCHEMA}, or its hash")
    if document.get("account_id") != account_id:
        raise InputError(f"approved_plan: it is of the account {document.get('account_id')}, allowed is {account_id}")
    changes = tuple(change_of(recorded) for recorded in document["changes"])
    if plan_sha256(changes) != document.get("plan_sha256"):
        raise InputError("approved_plan: its changes do not match its plan_sha256, so it was edited after it was made")
    _check_age(document.get("created"), now)
    return ApprovedPlan(
        hashes=frozenset(map(change_hash, changes)),
        places=frozenset((change.operation, change.target) for change in changes),
    )


def _check_age(created: t.Any, now: datetime) -> None:
    try:
        age = now - parse_moment(created)
    except (ValueError, AttributeError) as error:
        raise InputError(f"approved_plan: created is {created!r}, allowed is an ISO 8601 date and time") from error
    if not -_CLOCK_SKEW <= age <= APPROVAL_LASTS:
        raise InputError(
            f"approved_plan: it was created {created}, allowed is at most 24 hours before {format_utc(now)}"
        )
