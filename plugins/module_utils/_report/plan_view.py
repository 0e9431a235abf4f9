# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an approver reads, made of the plan documents that the hash covers, and of nothing else.

The terminal, the pages and ``plan.txt`` print these views. They decide nothing about what is shown.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from .._controls.control import plural
from .._converge.affects.affected import describe_affected
from .._converge.change import GLOBAL
from .._converge.finding import mask_key_ids
from .._converge.plan import IF_APPROVED, moment_of
from .plain import join_names
from .sentences import Kind, describe_change, name_kind

# So many names and notes of equal changes are kept: a plan of 300 accounts has thousands.
_KEPT: t.Final = 12
_NAMES_OF_AFFECTED: t.Final = 3
# So many names does a sentence about a group list.
_NAMES: t.Final = 4

Item = Mapping[str, t.Any]
Mask = Callable[[t.Any], t.Any]


@dataclasses.dataclass(frozen=True)
class Group:
    """Equal changes of all accounts.

    ``sentence`` is what they do, where all do the same; else empty, and ``names`` has the first of their targets.
    ``notes`` are the first sentences about what is not verified.
    """

    kind: Kind
    sentence: str
    names: tuple[str, ...]
    named: int
    changes: int
    accounts: int
    narrowing: int
    unverified: int
    waiting: int
    notes: tuple[str, ...]

    @property
    def comes_first(self) -> bool:
        """Whether somebody can lose access by one of the changes, or one was judged without all that it needs."""
        return bool(self.narrowing or self.unverified)


@dataclasses.dataclass(frozen=True)
class Held:
    """The changes that one rule holds back until the plan is approved, with the variable that sets the rule."""

    rule: str
    variable: str
    reason: str
    changes: int
    accounts: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """What AWS charges a month for the changes of one kind. ``usd_month`` is of those whose price is known."""

    why: str
    usd_month: float
    unknown: int
    changes: int
    accounts: int


@dataclasses.dataclass(frozen=True)
class Approval:
    """The view of an approver over all accounts.

    ``without_hash`` are the accounts whose plans the hash does not cover, each with the reason.
    """

    plan_sha256: t.Optional[str]
    no_hash_reason: str
    planned: int
    waiting: int
    accounts: int
    groups: tuple[Group, ...]
    costs: tuple[Cost, ...]
    held: tuple[Held, ...]
    without_hash: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> list[Group]:
        """The groups to look at first: they take access away, or something about them is not verified."""
        return [group for group in self.groups if group.comes_first]

    @property
    def others(self) -> list[Group]:
        """The groups that only add something."""
        return [group for group in self.groups if not group.comes_first]


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


@dataclasses.dataclass
class _Gathered:
    """The changes of one kind while the plans are read."""

    kind: Kind
    sentences: dict[str, None] = dataclasses.field(default_factory=dict)
    names: dict[str, None] = dataclasses.field(default_factory=dict)
    notes: dict[str, None] = dataclasses.field(default_factory=dict)
    accounts: set[str] = dataclasses.field(default_factory=set)
    changes: int = 0
    narrowing: int = 0
    unverified: int = 0
    waiting: int = 0

    def add(self, entry: Item, name: str, mask: Mask) -> None:
        self.changes += 1
        self.accounts.add(str(entry["account_id"]))
        self.narrowing += bool(entry.get("narrows"))
        self.waiting += entry.get("state") == IF_APPROVED
        notes = [_generalize(str(note), entry) for note in entry.get("unverified") or ()]
        self.unverified += bool(notes)
        _keep(self.sentences, mask(describe_change(entry)), 2)
        self.names.update({mask(name): None} if name else {})
        for note in notes:
            _keep(self.notes, mask(note), _KEPT)

    def as_group(self) -> Group:
        return Group(
            kind=self.kind,
            sentence=next(iter(self.sentences)) if len(self.sentences) == 1 else "",
            names=tuple(self.names)[:_KEPT],
            named=len(self.names),
            changes=self.changes,
            accounts=len(self.accounts),
            narrowing=self.narrowing,
            unverified=self.unverified,
            waiting=self.waiting,
            notes=tuple(self.notes),
        )


def _keep(kept: dict[str, None], text: str, most: int) -> None:
    if len(kept) < most:
        kept[text] = None


class Approvals:
    """Reads the plans of a run one by one, so that those of a thousand accounts are never in memory at once."""

    def __init__(self, *, reveal_key_ids: bool = False) -> None:
        self._mask: Mask = _reveal if reveal_key_ids else mask_key_ids
        self._groups: dict[Kind, _Gathered] = {}
        self._held: dict[tuple[str, str], list[Item]] = {}
        self._costs: dict[str, list[Item]] = {}
        self._accounts: set[str] = set()
        self._planned = 0
        self._waiting = 0

    def add(self, plan: Item) -> None:
        """Add the plan of an account."""
        for entry in plan["changes"]:
            kind, name = name_kind(entry)
            self._groups.setdefault(kind, _Gathered(kind)).add(entry, name, self._mask)
            self._accounts.add(str(entry["account_id"]))
            is_waiting = entry.get("state") == IF_APPROVED
            self._waiting += is_waiting
            self._planned += not is_waiting
            account = {"account_id": str(entry["account_id"])}
            held, cost = entry.get("held_by"), entry.get("cost")
            if is_waiting and held:
                place = (str(held.get("rule") or ""), str(held.get("variable") or ""))
                self._held.setdefault(place, []).append({**account, "reason": str(held.get("reason") or "")})
            if cost:
                own = {**account, "usd_month": cost.get("usd_month")}
                self._costs.setdefault(str(cost.get("why") or ""), []).append(own)

    def view(
        self,
        *,
        plan_sha256: t.Optional[str],
        no_hash_reason: t.Optional[str] = None,
        without_hash: Iterable[Item] = (),
    ) -> Approval:
        """The view over the plans that were added.

        :arg plan_sha256: the hash that approves them; None where there is none, with the reason.
        :arg without_hash: the accounts that this hash does not cover, each ``{"account_id", "reason"}``.
        """
        groups = sorted((gathered.as_group() for gathered in self._groups.values()), key=_rank)
        held = [_count_held(place, items, self._mask) for place, items in self._held.items()]
        costs = [_add_up(why, items) for why, items in self._costs.items()]
        return Approval(
            plan_sha256=plan_sha256,
            no_hash_reason=self._mask(str(no_hash_reason or "")),
            planned=self._planned,
            waiting=self._waiting,
            accounts=len(self._accounts),
            groups=tuple(groups),
            costs=tuple(sorted(costs, key=lambda cost: (-cost.usd_month, cost.why))),
            held=tuple(sorted(held, key=lambda item: (-item.changes, item.rule, item.variable))),
            without_hash=tuple((str(item["account_id"]), self._mask(str(item["reason"]))) for item in without_hash),
        )


def _reveal(value: t.Any) -> t.Any:
    return value


def _rank(group: Group) -> tuple[t.Any, ...]:
    """What takes access away and is not verified comes first, and what touches many accounts before the rest."""
    is_both = bool(group.narrowing and group.unverified)
    return (
        not is_both, not group.narrowing, not group.unverified, -group.accounts, -group.changes,
        group.kind.verb, group.kind.thing,
    )  # fmt: skip


def _count_held(place: tuple[str, str], items: Sequence[Item], mask: Mask) -> Held:
    accounts = {item["account_id"] for item in items}
    return Held(*place, reason=mask(items[0]["reason"]), changes=len(items), accounts=len(accounts))


def _add_up(why: str, items: Sequence[Item]) -> Cost:
    known = [float(item["usd_month"]) for item in items if isinstance(item["usd_month"], (int, float))]
    accounts = {item["account_id"] for item in items}
    return Cost(why, round(sum(known), 2), len(items) - len(known), len(items), len(accounts))


def count_plan(approval: Approval) -> str:
    """The numbers of a plan, which are never added up."""
    where = f", in {plural(approval.accounts, 'accounts')}" if approval.accounts else ""
    more = f" and {approval.waiting} more {IF_APPROVED}" if approval.waiting else ""
    return f"{approval.planned} planned{more}{where}"


def approve_by(plan_sha256: str) -> str:
    """What to add to a command line to apply the plan with this hash, and nothing else."""
    return f"-e hardening_approved_plan={plan_sha256}"


def describe_group(group: Group) -> str:
    """Equal changes in one sentence, with the number of accounts and what an approver has to know of them."""
    marks = [
        plural(group.accounts, "accounts"),
        _count_part(group.narrowing, group.changes, "narrow access"),
        _count_part(group.waiting, group.changes, IF_APPROVED),
    ]
    said = f" ({', '.join(filter(None, marks))})"
    if group.sentence or not group.names:
        times = f"{group.changes} times: " if group.changes > 1 else ""
        return f"{times}{group.sentence or group.kind.verb}{said}"
    names = join_names(group.names[:_NAMES], _NAMES)
    more = group.named - _NAMES
    return f"{group.kind.count(group.changes)}{said}: {names}{f', … and {more} more' if more > 0 else ''}"


def _count_part(part: int, whole: int, words: str) -> str:
    """``narrow access`` where all do, else how many of them do."""
    if not part:
        return ""
    return words if part == whole else f"{part} {words}"


def describe_price(cost: Cost) -> str:
    """What the changes of one kind cost a month, and how many of them have no known price."""
    price = f"{cost.usd_month:,.2f} USD" if cost.unknown < cost.changes else ""
    unknown = f"not known for {plural(cost.unknown, 'changes')}" if cost.unknown else ""
    return ", ".join(filter(None, (price, unknown)))


def describe_held(held: Held) -> str:
    """What one rule holds back, and why."""
    number = f"{plural(held.changes, 'changes')} in {plural(held.accounts, 'accounts')}"
    return f"{number}, by {name_rule(held.rule, held.variable)}: {held.reason}"


def list_marks(line: Line) -> list[str]:
    """What an approver has to see of a change at once."""
    marks = {"narrows access": line.narrows, "can't be undone": not line.reversible}
    return [mark for mark, is_set in marks.items() if is_set]


def describe_note(group: Group) -> str:
    """The first reason why changes of a group are not verified, and how many more there are."""
    if not group.notes:
        return ""
    more = f"; and {plural(len(group.notes) - 1, 'more reasons')}" if len(group.notes) > 1 else ""
    return f"not verified in {plural(group.unverified, 'changes')}: {group.notes[0]}{more}"


def describe_total(costs: Sequence[Cost]) -> str:
    """What all changes cost a month."""
    known = [cost.usd_month for cost in costs if cost.unknown < cost.changes]
    unknown = sum(cost.unknown for cost in costs)
    parts = [f"about {sum(known):,.2f} USD" if known else "", _count_unknown(unknown) if unknown else ""]
    return " and ".join(filter(None, parts))


def _count_unknown(changes: int) -> str:
    return f"an amount that is not known, for {plural(changes, 'changes')}"


def select_open(plan: Item, mode: str) -> Item:
    """The plan with what is left of it to approve: all of it after a check, after a real run what still waits."""
    if mode == "check":
        return plan
    return {**plan, "changes": [entry for entry in plan["changes"] if entry.get("state") == IF_APPROVED]}


def view_account(plan: Item, *, reveal_key_ids: bool = False) -> AccountPlan:
    """The plan of one account in words. What narrows access or is not verified comes first, else the plan's order."""
    mask = _reveal if reveal_key_ids else mask_key_ids
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
        facts = tuple(_generalize(fact, line.entry) for fact in line.facts)
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
    facts = tuple(f"each: {_generalize(fact, lines[0].entry)}" for fact in lines[0].facts)
    cost = lines[0].cost and f"each {lines[0].cost}"
    return dataclasses.replace(lines[0], sentence=f"{kind.count(len(lines))}{where}{which}", facts=facts, cost=cost)


def _generalize(text: str, entry: Item) -> str:
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
