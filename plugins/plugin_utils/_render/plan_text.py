# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan as text: for the terminal, for ``plan.txt``, and for the approval of AWX."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._report.plain import join_names, printable, wrap_text
from ...module_utils._report.plan_view import (
    IF_APPROVED,
    AccountPlan,
    Approval,
    Cost,
    Group,
    Held,
    Line,
    join_lines,
    name_rule,
)
from .text import Lines, Show

#: So many lines an approver has to read, for one account or for a thousand.
MOST: t.Final = 60
#: So many lines the changes of one account have in a terminal.
LINES_OF_ACCOUNT: t.Final = 40
# The lines of each section. What narrows access or is not verified has the rest.
_OTHERS: t.Final = 9
_COSTS: t.Final = 5
_HELD: t.Final = 6
_WITHOUT: t.Final = 3
# The lines of one item, and the names in it.
_LINES_OF_ITEM: t.Final = 3
_NAMES: t.Final = 4
_NAMES_OF_ACCOUNT: t.Final = 12
_ALL: t.Final = 1_000_000


def render_approval(approval: Approval, *, page: str, ascii_only: bool = False) -> str:
    """The view of the approver, in at most 60 lines. ``page`` is the file that has everything."""
    show = functools.partial(printable, ascii_only=ascii_only)
    head = _render_head(approval, show)
    after = [
        _render_groups("OTHER CHANGES:", approval.others, _OTHERS, page, show),
        _render_costs(approval.costs, show),
        _render_held(approval.held, page, show),
    ]
    # An empty line stands before each section.
    room = MOST - len(head) - sum(len(lines) + 1 for lines in after if lines) - 1
    first = _render_groups("NARROWS ACCESS OR IS NOT VERIFIED:", approval.first, room, page, show)
    return "\n\n".join("\n".join(lines) for lines in (head, first, *after) if lines)


def count_plan(approval: Approval) -> str:
    """The numbers of a plan, which are never added up."""
    where = f" in {plural(approval.accounts, 'accounts')}" if approval.accounts else ""
    more = f", {approval.waiting} more {IF_APPROVED}" if approval.waiting else ""
    return f"{approval.planned} planned{more}{where}"


def approve_by(plan_sha256: str) -> str:
    """What to add to a command line to apply the plan with this hash, and nothing else."""
    return f"-e hardening_approved_plan={plan_sha256}"


def _render_head(approval: Approval, show: Show) -> Lines:
    lines = [f"PLAN: {count_plan(approval)}"]
    if approval.plan_sha256 is None:
        lines += _cut(_wrap(f"It has no hash, so it can't be approved: {approval.no_hash_reason}", show), show)
    else:
        lines += [
            f"  Hash: {show(approval.plan_sha256)}",
            "  To apply exactly this, within 24 hours:",
            f"    {show(approve_by(approval.plan_sha256))}",
        ]
    return lines + _render_without(approval.without_hash, show)


def _render_without(without: Sequence[tuple[str, str]], show: Show) -> Lines:
    """The accounts that the hash does not cover, by reason."""
    by_reason: dict[str, list[str]] = {}
    for account, reason in without:
        by_reason.setdefault(reason, []).append(account)
    lines = []
    for reason, accounts in list(by_reason.items())[:_WITHOUT]:
        names = join_names(accounts, _NAMES)
        lines += _cut(_wrap(f"No hash for {plural(len(accounts), 'accounts')} ({names}): {reason}", show), show)
    more = len(by_reason) - _WITHOUT
    return [*lines, f"  {show(f'… and {more} more reasons, see fleet.json')}"] if more > 0 else lines


def _render_groups(heading: str, groups: Sequence[Group], room: int, page: str, show: Show) -> Lines:
    """The groups of a section in so many lines, its heading included."""
    lines: Lines = [heading]
    for place, group in enumerate(groups):
        own = _render_group(group, show)
        is_last = place == len(groups) - 1
        if len(lines) + len(own) > room - (0 if is_last else 1):
            changes = plural(sum(item.changes for item in groups[place:]), "changes")
            kinds = plural(len(groups) - place, "more kinds")
            return [*lines, f"  {show(f'… and {changes} of {kinds}, see {page}')}"]
        lines += own
    return lines if groups else []


def _render_group(group: Group, show: Show) -> Lines:
    lines = _cut(_wrap(f"- {describe_group(group)}", show, rest="    "), show)
    for note in group.notes[:1]:
        count = f"not verified in {plural(group.unverified, 'changes')}"
        more = f"; and {len(group.notes) - 1} more reasons" if len(group.notes) > 1 else ""
        lines += _cut(_wrap(f"{count}: {note}{more}", show, first="    ", rest="    "), show, most=2)
    return lines


def describe_group(group: Group) -> str:
    """Equal changes in one sentence, with the number of accounts and what an approver has to know of them."""
    marks = [
        plural(group.accounts, "accounts"),
        _count_part(group.narrowing, group.changes, "narrow access"),
        _count_part(group.waiting, group.changes, IF_APPROVED),
    ]
    said = f" ({', '.join(filter(None, marks))})"
    if group.sentence:
        times = f"{group.changes} times: " if group.changes > 1 else ""
        return f"{times}{group.sentence}{said}"
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


def _render_costs(costs: Sequence[Cost], show: Show) -> Lines:
    if not costs:
        return []
    total = sum(cost.usd_month for cost in costs)
    unknown = sum(cost.unknown for cost in costs)
    more = f", and what {plural(unknown, 'changes')} cost is not known" if unknown else ""
    lines = [f"COSTS A MONTH: about {total:,.2f} USD{more}"]
    for cost in costs[:_COSTS]:
        text = f"- {describe_price(cost)} ({plural(cost.accounts, 'accounts')}): {cost.why}"
        lines += _cut(_wrap(text, show), show, most=1 if len(costs) > 1 else _LINES_OF_ITEM)
    left = len(costs) - _COSTS
    return [*lines, f"  {show(f'… and {left} more')}"] if left > 0 else lines


def _render_held(held: Sequence[Held], page: str, show: Show) -> Lines:
    lines: Lines = []
    for place, item in enumerate(held):
        own = _cut(_wrap(f"- {describe_held(item)}", show, rest="    "), show)
        if len(lines) + len(own) > _HELD - 1:
            rules = plural(len(held) - place, "more rules")
            lines.append(f"  {show(f'… and by {rules}, see {page}')}")
            break
        lines += own
    return ["HELD BACK UNTIL THE PLAN IS APPROVED:", *lines] if lines else []


def describe_held(held: Held) -> str:
    """What one rule holds back, and why."""
    number = f"{plural(held.changes, 'changes')} in {plural(held.accounts, 'accounts')}"
    return f"{number}, by {name_rule(held.rule, held.variable)}: {held.reason}"


def _wrap(text: str, show: Show, *, first: str = "  ", rest: str = "    ") -> Lines:
    return wrap_text(show(text), first=first, rest=rest)


def _cut(lines: Lines, show: Show, *, most: int = _LINES_OF_ITEM) -> Lines:
    """The first lines of an item. Lines are left out as a whole, so that no name is cut."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} {show('…')}"]


def render_account(
    plan: AccountPlan, *, name: str = "", page: str = "", most: int = 0, ascii_only: bool = False
) -> str:
    """The changes of one account in sentences; those that wait for an approval stand apart. Empty if there are none.

    :arg most: so many lines at most, and where the rest is: ``page``. 0: all of them, with all names.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    names = _NAMES_OF_ACCOUNT if most else _ALL
    lines = [*_render_lines(plan.planned, names, show)]
    if plan.waiting:
        lines += [f"  {IF_APPROVED.upper()}:", *_render_lines(plan.waiting, names, show)]
    if not lines:
        return ""
    if most and len(lines) > most:
        left = len(lines) - most + 1
        lines = [*lines[: most - 1], f"  {show(f'… and {left} more lines, see {page}')}"]
    called = f"{plan.account_id} ({name})" if name and name != plan.account_id else plan.account_id
    more = f", {len(plan.waiting)} more {IF_APPROVED}" if plan.waiting else ""
    return "\n".join([f"{show(called)}: {len(plan.planned)} planned{more}", *lines])


def _render_lines(lines: Sequence[Line], names: int, show: Show) -> Lines:
    shown: Lines = []
    for line in join_lines(lines, names):
        shown += _wrap(f"- {''.join(f'[{mark}] ' for mark in list_marks(line))}{line.sentence}", show)
        shown += _wrap("; ".join(line.facts), show, first="      ", rest="      ") if line.facts else []
    return shown


def list_marks(line: Line) -> list[str]:
    """What an approver has to see of a change at once."""
    marks = {"narrows access": line.narrows, "can't be undone": not line.reversible}
    return [mark for mark, is_set in marks.items() if is_set]


def render_file(approval: str, accounts: Sequence[str]) -> str:
    """``plan.txt``: the view of the approver, and below it each account."""
    return "\n\n".join([approval, *filter(None, accounts)]) + "\n"


def render_last_lines(counts: Mapping[str, int], plan_sha256: t.Optional[str], no_hash_reason: t.Optional[str]) -> str:
    """The end of the terminal: numbers that are never added up, each in a line of its own.

    :arg counts: ``changes_applied``, ``changes_planned``, ``changes_if_approved`` and ``refused``.
    """
    lines = [f"{counts['changes_applied']} applied"] if counts["changes_applied"] else []
    lines.append(f"{counts['changes_planned']} planned")
    waiting = counts.get("changes_if_approved", 0)
    if waiting:
        how = f": {approve_by(plan_sha256)}" if plan_sha256 else f" (no hash: {no_hash_reason})"
        lines.append(f"{waiting} more {IF_APPROVED}{how}")
    return "\n".join([*lines, *([f"{counts['refused']} refused"] if counts["refused"] else [])])
