# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of one account's plan in words, with all that is known about each."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from .._converge.affects.affected import describe_affected
from .._converge.change import GLOBAL
from .._converge.finding import mask_key_ids
from .._converge.plan import IF_APPROVED, moment_of
from .plain import join_names
from .sentences import Kind, describe_change, name_kind

_NAMES_OF_AFFECTED: t.Final = 3

Item = Mapping[str, t.Any]
Mask = Callable[[t.Any], t.Any]


@dataclasses.dataclass(frozen=True)
class Line:
    """One change of an account in words: ``facts`` are sentences about it, ``entry`` the change in the plan.

    ``cost`` is what it costs; empty where it is free.
    """

    sentence: str
    narrows: bool
    reversible: bool
    facts: tuple[str, ...]
    cost: str
    entry: Item

    @property
    def comes_first(self) -> bool:
        """Whether an approver looks at it first."""
        return self.narrows or bool(self.entry.get("unverified"))


@dataclasses.dataclass(frozen=True)
class AccountPlan:
    """The plan of one account in words. What waits for an approval stands apart."""

    account_id: str
    plan_sha256: t.Optional[str]
    no_hash_reason: str
    planned: tuple[Line, ...]
    waiting: tuple[Line, ...]


def list_marks(line: Line) -> list[str]:
    """What an approver has to see of a change at once."""
    marks = {"narrows access": line.narrows, "can't be undone": not line.reversible}
    return [mark for mark, is_set in marks.items() if is_set]


def choose_mask(*, reveal_key_ids: bool) -> Mask:
    """What is done to texts of a plan, which has key ids in full, before people see them."""
    return _reveal if reveal_key_ids else mask_key_ids


def _reveal(value: t.Any) -> t.Any:
    return value


def view_account(plan: Item, *, reveal_key_ids: bool = False) -> AccountPlan:
    """The plan of one account in words. What narrows access or is not verified comes first, else the plan's order."""
    mask = choose_mask(reveal_key_ids=reveal_key_ids)
    now = moment_of(plan.get("created"))
    lines: dict[bool, list[Line]] = {False: [], True: []}
    for entry in plan["changes"]:
        lines[entry.get("state") == IF_APPROVED].append(_describe_entry(mask(entry), now))
    return AccountPlan(
        account_id=str(plan["account_id"]),
        plan_sha256=plan["plan_sha256"],
        no_hash_reason=mask(str(plan.get("no_hash_reason") or "")),
        planned=tuple(sorted(lines[False], key=_comes_later)),
        waiting=tuple(sorted(lines[True], key=_comes_later)),
    )


def join_lines(lines: Sequence[Line], names: int, *, with_costs: bool = True) -> list[Line]:
    """One line for all changes of a kind of which the same is to be said, with so many names at most.

    What narrows access or is not verified comes first. Each credential has a line of its own.
    """
    lines = lines if with_costs else [dataclasses.replace(line, cost="") for line in lines]
    same: dict[tuple[t.Any, ...], list[Line]] = {}
    for place, line in enumerate(lines):
        kind, _name = name_kind(line.entry)
        apart = place if line.entry.get("credential") else -1
        facts = tuple(generalize(fact, line.entry) for fact in line.facts)
        same.setdefault((kind, line.narrows, line.reversible, facts, line.cost, apart), []).append(line)
    joined = [_join(key[0], own, names) if len(own) > 1 else own[0] for key, own in same.items()]
    return sorted(joined, key=_comes_later)


def _comes_later(line: Line) -> bool:
    return not line.comes_first


def _join(kind: Kind, lines: Sequence[Line], names: int) -> Line:
    targets = dict.fromkeys(name for line in lines if (name := name_kind(line.entry)[1]))
    regions = sorted({str(line.entry["region"]) for line in lines} - {GLOBAL})
    where = f" in {', '.join(regions)}" if regions else ""
    which = f": {join_names(list(targets), names)}" if targets else ""
    facts = tuple(f"each: {generalize(fact, lines[0].entry)}" for fact in lines[0].facts)
    cost = lines[0].cost and f"each {lines[0].cost}"
    return dataclasses.replace(lines[0], sentence=f"{kind.count(len(lines))}{where}{which}", facts=facts, cost=cost)


def generalize(text: str, entry: Item) -> str:
    """A sentence about one change as one about all of its kind: without the name of the target."""
    return text.replace(describe_affected([str(entry["target"])]), "the target")


def _describe_entry(entry: Item, now: t.Optional[datetime]) -> Line:
    narrows, affects = bool(entry.get("narrows")), list(entry.get("affects") or ())
    is_wider = narrows and bool(affects) and affects != [entry["target"]]
    held = entry.get("held_by") if entry.get("state") == IF_APPROVED else None
    facts = [
        *(f"not verified: {note}" for note in entry.get("unverified") or ()),
        _describe_credential(entry.get("credential"), now),
        _describe_deadline(entry.get("deadline"), now),
        f"narrows the access of {describe_affected(affects, most=_NAMES_OF_AFFECTED)}" if is_wider else "",
        _describe_held(held) if held else "",
    ]
    return Line(
        sentence=_describe_with_reason(entry),
        narrows=narrows,
        reversible=entry.get("reversible") is not False,
        facts=tuple(filter(None, facts)),
        cost=_describe_cost(entry.get("cost")),
        entry=entry,
    )


def _describe_with_reason(entry: Item) -> str:
    """What the change does, from what the hash covers; the reason behind it is a note that no hash covers."""
    own, kept = describe_change(entry), str(entry.get("sentence") or "")
    return kept if kept.startswith(f"{own}: ") else own


def _describe_credential(credential: t.Optional[Item], now: t.Optional[datetime]) -> str:
    """The age and the last use of the credential that a change touches, counted to the moment of the plan.

    A credential without an id is one that the change makes.
    """
    if not credential or not credential.get("id"):
        return ""
    created, last_used = credential.get("created"), credential.get("last_used")
    days = _count_days(created, now)
    age = "its age is not known" if days is None else f"{days} days old"
    if last_used is None:
        return f"{age}; its last use is not known"
    ago = _count_days(last_used, now)
    used = str(last_used) if ago is None else f"last used {str(last_used)[:10]}, {ago} days before this plan"
    return f"{age}; {used}"


def _describe_deadline(deadline: t.Optional[str], now: t.Optional[datetime]) -> str:
    if not deadline:
        return ""
    at = moment_of(deadline)
    days = None if at is None or now is None else (at - now).days
    return f"deadline {str(deadline)[:10]}" + (f", in {days} days" if days is not None and days >= 0 else "")


def _describe_cost(cost: t.Optional[Item]) -> str:
    if not cost:
        return ""
    price, why = cost.get("usd_month"), str(cost.get("why") or "")
    amount = f"costs about {price:.2f} USD a month" if isinstance(price, (int, float)) else "costs an unknown amount"
    return f"{amount}: {why}" if why else amount


def _describe_held(held: Item) -> str:
    rule = str(held.get("rule") or "")
    return f"held back by {name_rule(rule, str(held.get('variable') or ''))}: {held.get('reason') or ''}"


def name_rule(rule: str, variable: str) -> str:
    """Name what holds a change back: the rule, and the variable that sets it."""
    return f"{rule} ({variable})" if variable else rule


def _count_days(since: t.Any, until: t.Optional[datetime]) -> t.Optional[int]:
    begin = moment_of(since)
    return None if begin is None or until is None else (until - begin).days
