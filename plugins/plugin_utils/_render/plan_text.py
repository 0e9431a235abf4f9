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
from ...module_utils._converge.plan import IF_APPROVED
from ...module_utils._report.plain import join_names, printable, wrap_text
from ...module_utils._report.plan_lines import AccountPlan, Line, join_lines, list_marks
from ...module_utils._report.plan_view import (
    Approval,
    Cost,
    Group,
    approve_by,
    count_plan,
    describe_group,
    describe_held,
    describe_note,
    describe_price,
    describe_total,
    describe_unconfirmed,
)
from .text import Lines, Show

#: So many lines an approver has to read, for one account or for a thousand.
MOST: t.Final = 60
#: So many lines the changes of one account have in a terminal.
LINES_OF_ACCOUNT: t.Final = 18
# The lines of each section. What narrows access or is not verified has the rest.
_OTHERS: t.Final = 9
_COSTS: t.Final = 5
_HELD: t.Final = 6
_WITHOUT: t.Final = 3
# The lines of one item, and of one that narrows access or is not verified; the names in it.
_LINES_OF_ITEM: t.Final = 2
_LINES_OF_FIRST: t.Final = 3
_NAMES: t.Final = 4
_NAMES_OF_ACCOUNT: t.Final = 6
_ALL: t.Final = 1_000_000


def render_approval(approval: Approval, *, page: str, ascii_only: bool = False) -> str:
    """The view of the approver, in at most 60 lines. ``page`` is the file that has everything."""
    show = functools.partial(printable, ascii_only=ascii_only)
    head, after = (
        _render_head(approval, show),
        [_render_costs(approval.costs, show), _render_held(approval, page, show)],
    )
    # An empty line stands before each section.
    room = MOST - len(head) - sum(len(lines) + 1 for lines in after if lines)
    render = functools.partial(_render_groups, page=page, show=show)
    others = render("OTHER CHANGES:", approval.others, _OTHERS)
    first = render("NARROWS ACCESS OR IS NOT VERIFIED:", approval.first, room - len(others) - 2)
    others = render("OTHER CHANGES:", approval.others, room - len(first) - 2)
    return "\n\n".join("\n".join(lines) for lines in (head, first, others, *after) if lines)


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
    lines += _render_without(approval.without_hash, show)
    unconfirmed = describe_unconfirmed(approval.unconfirmed)
    return lines + (_wrap(unconfirmed, show) if unconfirmed else [])


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


def _render_groups(heading: str, groups: Sequence[Group], room: int, *, page: str, show: Show) -> Lines:
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
    most = _LINES_OF_FIRST if group.comes_first else _LINES_OF_ITEM
    lines = _cut(_wrap(f"- {describe_group(group)}", show), show, most=most)
    note = describe_note(group)
    return [*lines, *(_cut(_wrap(note, show, first="    "), show) if note else [])]


def _render_costs(costs: Sequence[Cost], show: Show) -> Lines:
    if not costs:
        return []
    lines = [f"COSTS A MONTH: {show(describe_total(costs))}"]
    for cost in costs[:_COSTS]:
        text = f"- {describe_price(cost)} ({plural(cost.accounts, 'accounts')}): {cost.why}"
        lines += _cut(_wrap(text, show), show, most=1 if len(costs) > 1 else _LINES_OF_ITEM)
    left = len(costs) - _COSTS
    return [*lines, f"  {show(f'… and {left} more')}"] if left > 0 else lines


def _render_held(approval: Approval, page: str, show: Show) -> Lines:
    held = approval.held
    lines: Lines = []
    for place, item in enumerate(held):
        own = _cut(_wrap(f"- {describe_held(item)}", show, rest="    "), show)
        if len(lines) + len(own) > _HELD - 1:
            rules = plural(len(held) - place, "more rules")
            lines.append(f"  {show(f'… and by {rules}, see {page}')}")
            break
        lines += own
    return ["HELD BACK UNTIL THE PLAN IS APPROVED:", *lines] if lines else []


def _wrap(text: str, show: Show, *, first: str = "  ", rest: str = "    ") -> Lines:
    return wrap_text(show(text), first=first, rest=rest)


def _cut(lines: Lines, show: Show, *, most: int = _LINES_OF_ITEM) -> Lines:
    """The first lines of an item. Lines are left out as a whole, so that no name is cut."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} {show('…')}"]


def render_account(
    plan: AccountPlan, *, name: str = "", page: str = "", most: int = 0, ascii_only: bool = False
) -> str:
    """The changes of one account in sentences; those that wait for an approval stand apart. Empty if there are none.

    :arg most: so many lines at most, and where the rest is: ``page``. 0: all of them, with all names and costs.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    render = functools.partial(_render_lines, is_whole=not most, show=show)
    lines = render(plan.planned)
    lines += [f"  {IF_APPROVED.upper()}:", *render(plan.waiting)] if plan.waiting else []
    if not lines:
        return ""
    if most and len(lines) > most:
        left = len(lines) - most + 1
        lines = [*lines[: most - 1], f"  {show(f'… and {left} more lines, see {page}')}"]
    called = f"{plan.account_id} ({name})" if name and name != plan.account_id else plan.account_id
    more = f", {len(plan.waiting)} more {IF_APPROVED}" if plan.waiting else ""
    return "\n".join([f"{show(called)}: {len(plan.planned)} planned{more}", *lines])


def _render_lines(lines: Sequence[Line], *, is_whole: bool, show: Show) -> Lines:
    shown: Lines = []
    for line in join_lines(lines, _ALL if is_whole else _NAMES_OF_ACCOUNT, with_costs=is_whole):
        shown += _wrap(f"- {''.join(f'[{mark}] ' for mark in list_marks(line))}{line.sentence}", show)
        said = "; ".join(filter(None, (*line.facts, line.cost)))
        shown += _wrap(said, show, first="      ", rest="      ") if said else []
    return shown


def render_file(approval: str, accounts: Sequence[str]) -> str:
    """``plan.txt``: the view of the approver, and below it each account."""
    return "\n\n".join([approval, *filter(None, accounts)]) + "\n"


def render_last_lines(counts: Mapping[str, int], approval: Approval) -> str:
    """The end of the terminal: numbers that are never added up, each in a line of its own.

    :arg counts: ``changes_applied``, ``changes_planned``, ``changes_if_approved`` and ``refused``.
    """
    lines = [f"{counts['changes_applied']} applied"] if counts["changes_applied"] else []
    lines.append(f"{counts['changes_planned']} planned")
    waiting = counts["changes_if_approved"]
    if waiting:
        how = f": {approve_by(approval.plan_sha256)}" if approval.plan_sha256 else " (the plan has no hash)"
        lines.append(f"{waiting} more {IF_APPROVED}{how}")
    return "\n".join([*lines, *([f"{counts['refused']} refused"] if counts["refused"] else [])])
