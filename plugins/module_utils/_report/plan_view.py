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
import re
import typing as t
from collections.abc import Collection, Iterable, Sequence

from .._controls.control import plural
from .._converge.plan import IF_APPROVED
from .plain import join_names
from .plan_lines import Item, Mask, choose_mask, generalize, name_rule
from .sentences import Kind, describe_change, name_kind

# The number of units of one change, which is another one in each account.
_COUNT: t.Final = re.compile(r"^[0-9,]+ × ")
# So many names and notes of equal changes are kept: a plan of 300 accounts has thousands.
_KEPT: t.Final = 12
# So many names does a sentence about a group list.
_NAMES: t.Final = 4


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

    ``without_hash`` are the accounts whose plans the hash does not cover, each with the reason. ``unconfirmed`` names
    vital assumptions about AWS that the plan rests on and nobody has confirmed on a real account.
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
    unconfirmed: tuple[str, ...] = ()

    @property
    def first(self) -> list[Group]:
        """The groups to look at first: they take access away, or something about them is not verified."""
        return [group for group in self.groups if group.comes_first]

    @property
    def others(self) -> list[Group]:
        """The groups that only add something."""
        return [group for group in self.groups if not group.comes_first]


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
        notes = [generalize(str(note), entry) for note in entry.get("unverified") or ()]
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
        self._mask: Mask = choose_mask(reveal_key_ids=reveal_key_ids)
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
                self._costs.setdefault(_COUNT.sub("", str(cost.get("why") or "")), []).append(own)

    def view(
        self,
        *,
        plan_sha256: t.Optional[str],
        no_hash_reason: t.Optional[str] = None,
        without_hash: Iterable[Item] = (),
        unconfirmed: Iterable[str] = (),
    ) -> Approval:
        """The view over the plans that were added.

        :arg plan_sha256: the hash that approves them; None where there is none, with the reason.
        :arg without_hash: the accounts that this hash does not cover, each ``{"account_id", "reason"}``.
        :arg unconfirmed: the names of assumptions.
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
            unconfirmed=tuple(unconfirmed),
        )


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


def describe_unconfirmed(names: Collection[str]) -> str:
    """Say that vital assumptions are not confirmed on AWS. Empty where there are none."""
    said = plural(len(names), "vital assumptions")
    return f"Not confirmed on AWS itself yet: {said} ({', '.join(names)}), see docs/acceptance.md" if names else ""


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
