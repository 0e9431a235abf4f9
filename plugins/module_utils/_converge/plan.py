# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of a walk, the document it is kept in, and the approval that a person gives to such a document."""

from __future__ import annotations

import dataclasses
import typing as t
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from .._account.moments import format_utc, parse_moment
from .affects.affected import describe_affected
from .change import Change, Impact, Refusal, Undo, change_hash, plan_sha256
from .errors import InputError

SCHEMA: t.Final = "hardening.iam/plan/1"
#: The states of changes in a plan. The second is of those that only a cap, or the lack of an approval, holds back.
PLANNED: t.Final = "planned"
IF_APPROVED: t.Final = "applied if approved"
_EMPTY: t.Final = "nothing would be changed, so there is nothing to approve"
APPROVAL_LASTS: t.Final = timedelta(hours=24)
# Clocks of two controllers differ a little; a plan from further ahead was not made by this collection.
_CLOCK_SKEW: t.Final = timedelta(minutes=5)
_AGAIN: t.Final = "run the check again and approve its plan (hardening_approved_plan)"


@dataclasses.dataclass(frozen=True)
class Plan:
    """The result of planning: the changes in the order to make them, the parts it refused itself, and the messages."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ApprovedPlan:
    """The changes that a person approved, by their hashes; whom they affect, by their operations and targets."""

    hashes: frozenset[str]
    affects: Mapping[tuple[str, str], frozenset[str]]

    def objection(self, change: Change) -> t.Optional[str]:
        """Why ``change`` is not covered, with the next step; None where it is."""
        if change_hash(change) in self.hashes:
            return None
        change = change.entry or change
        known = self.affects.get((change.operation, change.target))
        if known is None:
            return f"the approved plan does not have this change; {_AGAIN}"
        joined = [entry for entry in change.affects if entry not in known]
        if joined:
            return (
                f"it would now also affect {describe_affected(joined)}, which the approved plan does not name; {_AGAIN}"
            )
        return f"the approved plan has this change, but its state before or after differs now; {_AGAIN}"


#: The approval of a run in which the plan of an account had no hash.
NOTHING_APPROVED: t.Final = ApprovedPlan(frozenset(), {})


@dataclasses.dataclass(frozen=True)
class ChangeFacts:
    """What people want to know of a change before they approve it. No hash covers it, and no decision relies on it.

    ``unverified`` are sentences about what was not known when the change was judged. ``deadline`` is a moment as text.
    ``credential`` is the credential that the change touches: ``kind``, ``id``, ``user``, ``created``, ``last_used``.
    ``cost`` is what AWS charges for it: ``usd_month``, None where nobody knows, and ``why``.
    """

    unverified: tuple[str, ...] = ()
    deadline: t.Optional[str] = None
    credential: t.Optional[Mapping[str, t.Any]] = None
    cost: t.Optional[Mapping[str, t.Any]] = None

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "unverified": list(self.unverified),
            "deadline": self.deadline,
            "credential": dict(self.credential) if self.credential else None,
            "cost": dict(self.cost) if self.cost else None,
        }


def make_cost(costs: Sequence[Mapping[str, t.Any]]) -> t.Optional[dict[str, t.Any]]:
    """Make the cost of a change from what AWS charges for it: units with their counts, which a table has prices of."""
    if not costs:
        return None
    words = [f"{'?' if cost['count'] is None else cost['count']} × {cost['unit']} ({cost['note']})" for cost in costs]
    units = [{"unit": cost["unit"], "count": cost["count"]} for cost in costs]
    return {"usd_month": None, "why": "; ".join(words), "units": units}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A change in a plan, what holds it back, and the facts about it.

    ``is_waiting`` says that an approval lifts what holds it back.
    """

    change: Change
    held_by: t.Optional[Mapping[str, t.Any]] = None
    is_waiting: bool = False
    facts: Mapping[str, t.Any] = dataclasses.field(default_factory=lambda: ChangeFacts().as_dict(), hash=False)

    @property
    def state(self) -> str:
        """The state of the change in the plan."""
        return IF_APPROVED if self.is_waiting else PLANNED

    def as_dict(self) -> dict[str, t.Any]:
        said = {"state": self.state, "held_by": dict(self.held_by) if self.held_by else None}
        return {**self.change.as_entry(), **said, **self.facts}


def plan_document(
    entries: Iterable[t.Union[Change, Entry]],
    *,
    account_id: str,
    run_id: str,
    created: datetime,
    author: t.Any = None,
    incomplete: Sequence[str] = (),
) -> dict[str, t.Any]:
    """A plan as it is kept and approved: the changes to be made, and those that only an approval is missing for.

    ``author`` is the person whose run made the plan, where that is known; a list, if several jobs of the run made it.
    ``incomplete`` are the reasons why changes may be missing. Such a plan has no hash, and neither has an empty one.
    """
    kept = [entry if isinstance(entry, Entry) else Entry(entry) for entry in entries]
    reason = _explain_no_hash(kept, incomplete)
    return {
        "schema": SCHEMA,
        "account_id": account_id,
        "run_id": run_id,
        "created": format_utc(created),
        "author": author,
        "plan_sha256": None if reason else plan_sha256(entry.change for entry in kept),
        "no_hash_reason": reason,
        "incomplete": list(incomplete),
        "changes": [entry.as_dict() for entry in kept],
    }


def _explain_no_hash(entries: Sequence[t.Any], incomplete: Sequence[str]) -> t.Optional[str]:
    if incomplete:
        return f"the plan is incomplete: {'; '.join(incomplete)}"
    return None if entries else _EMPTY


def combine_plans(
    documents: Iterable[Mapping[str, t.Any]], *, account_id: str, run_id: str, incomplete: Sequence[str] = ()
) -> t.Optional[dict[str, t.Any]]:
    """Combine the plans of an account's modules into one, as old as the oldest of them; None if there are none."""
    kept = tuple(documents)
    if not kept:
        return None
    entries = [parse_entry(recorded) for document in kept for recorded in document["changes"]]
    reasons = [str(reason) for document in kept for reason in document.get("incomplete") or ()]
    created = min(parse_moment(document["created"]) for document in kept)
    authors = list(dict.fromkeys(author for document in kept for author in authors_of(document)))
    author = authors if len(authors) > 1 else next(iter(authors), None)
    given: dict[str, t.Any] = {"account_id": account_id, "run_id": run_id, "author": author}
    return plan_document(entries, created=created, incomplete=list(dict.fromkeys([*incomplete, *reasons])), **given)


def parse_entry(recorded: Mapping[str, t.Any]) -> Entry:
    """Parse an entry of a plan with its facts.

    :raises InputError: the entry is malformed.
    """
    change = parse_planned_change(recorded)
    held_by, facts = recorded.get("held_by"), {name: recorded.get(name) for name in ChangeFacts().as_dict()}
    facts["unverified"] = facts["unverified"] or []
    of_shape = (
        (held_by, Mapping), (facts["credential"], Mapping), (facts["cost"], Mapping), (facts["deadline"], str)
    )  # fmt: skip
    if not all(value is None or isinstance(value, shape) for value, shape in of_shape):
        raise InputError("not an entry of a plan: held_by, credential, cost or deadline is malformed")
    if not _is_list_of_texts(facts["unverified"]):
        raise InputError("not an entry of a plan: unverified is malformed")
    return Entry(change, held_by, recorded.get("state") == IF_APPROVED, facts)


def authors_of(document: Mapping[str, t.Any]) -> list[str]:
    """The persons whose jobs made a plan, as far as its document names them."""
    named = document.get("author")
    return [str(author) for author in (named if isinstance(named, list) else [named]) if author]


def parse_planned_change(entry: t.Any) -> Change:
    """Parse an entry of a plan into its change, with the request.

    :raises InputError: the entry is malformed.
    """
    change = change_of(entry)
    request, narrows = entry.get("request"), entry.get("narrows")
    if not isinstance(request, Mapping):
        raise InputError("not an entry of a plan: request is missing or malformed")
    if not isinstance(narrows, bool):
        raise InputError("not an entry of a plan: narrows is missing or malformed")
    impact = Impact.NARROWING if narrows else Impact.ADDITIVE
    return dataclasses.replace(change, parameters=dict(request), impact=impact)


def check_plan(document: t.Any) -> tuple[Change, ...]:
    """The changes of a plan document.

    :raises InputError: it is no plan, or was edited since it was made.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise InputError(f"not a plan: its schema is not {SCHEMA}")
    entries = document.get("changes")
    if not isinstance(entries, list):
        raise InputError("not a plan: it has no list of changes")
    changes = tuple(parse_planned_change(entry) for entry in entries)
    has_hash = not _explain_no_hash(changes, document.get("incomplete") or ())
    if document.get("plan_sha256") != (plan_sha256(changes) if has_hash else None):
        raise InputError("its changes do not match its plan_sha256, so it was edited after it was made")
    return changes


def change_of(document: Mapping[str, t.Any]) -> Change:
    """The change that a plan or a journal recorded, without its request: what a record says is never sent as it is.

    :raises InputError: a field is missing or malformed.
    """
    try:
        for name in ("account_id", "region", "service", "operation", "target"):
            if not isinstance(document[name], str):
                raise TypeError(repr(name))
        for name in ("affects", "remedies"):
            if not _is_list_of_texts(document.get(name, ())):
                raise TypeError(repr(name))
        undo = document["undo"]
        if undo and not (isinstance(undo["operation"], str) and isinstance(undo["parameters"], Mapping)):
            raise TypeError("'undo'")
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
            undoes=str(document.get("undoes", "")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a recorded change: {error} is missing or malformed") from error


def _is_list_of_texts(value: t.Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def approve(
    document: t.Any, *, account_id: str, now: datetime, times: t.Optional[Iterable[t.Optional[datetime]]] = None
) -> ApprovedPlan:
    """The approval that a plan document stands for.

    :arg times: the moments at which runs made this very plan; by default that of the document alone.
    :raises InputError: it is no plan, of another account, edited since it was made, or older than 24 hours.
    """
    try:
        changes = check_plan(document)
    except InputError as error:
        raise InputError(f"approved_plan: {error}") from error
    if document.get("plan_sha256") is None:
        raise InputError(f"approved_plan: it has no hash: {document.get('no_hash_reason')}")
    if document.get("account_id") != account_id:
        raise InputError(f"approved_plan: it is of the account {document.get('account_id')}, allowed is {account_id}")
    _check_age((moment_of(document.get("created")),) if times is None else tuple(times), now)
    affects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in changes:
        affects[change.operation, change.target].update(change.affects)
    return ApprovedPlan(
        hashes=frozenset(map(change_hash, changes)),
        affects={place: frozenset(entries) for place, entries in affects.items()},
    )


def moment_of(created: t.Any) -> t.Optional[datetime]:
    """The moment that a record names; None if it names none."""
    try:
        return parse_moment(created)
    except (ValueError, AttributeError):
        return None


def is_fresh(made: t.Optional[datetime], now: datetime) -> bool:
    """Whether a plan of the moment ``made`` may still be approved; not if the moment is not known."""
    return made is not None and -_CLOCK_SKEW <= now - made <= APPROVAL_LASTS


def _check_age(times: Sequence[t.Optional[datetime]], now: datetime) -> None:
    if not any(is_fresh(made, now) for made in times):
        newest = max((format_utc(made) for made in times if made), default="at an unknown time")
        raise InputError(
            f"approved_plan: it was created {newest}, allowed is at most 24 hours before {format_utc(now)}; {_AGAIN}"
        )
