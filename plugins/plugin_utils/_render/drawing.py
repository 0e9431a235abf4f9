# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The paths of privilege escalation, drawn: who ends as which administrator, and where the ways of many meet.

A drawing is a tree that grows from the administrator, so that steps which many share are drawn once. It is made of
boxes and lines of the style sheet, which turns it upright on a narrow screen. It is not for screen readers: the list
below says all that it shows, in order, and what is too much to be drawn.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections import deque
from collections.abc import Iterable, Sequence

from ...module_utils._report.paths import Path, Step, Way, by_end, counted, is_arn, kind_of, name_of, outcome
from .findings import anchor, steps_in_order
from .markup import Content, Markup, element, join
from .page import badge, table

# More than these help nobody to see anything: the lists go on.
_DRAWINGS = 12
_BOXES = 24
_BRANCHES = 6
_NAMES = 6
_SHARED = 5

_WORDS: t.Final = re.compile("(?<=:)(?=[a-zA-Z])|(?<=[a-z])(?=[A-Z])")

# A tree of more steps is drawn upright even on a wide screen.
_WIDE = 3


@dataclasses.dataclass
class _Fork:
    """What leads to one place of a tree. ``hidden`` is how many principals lie behind branches that are not drawn."""

    branches: list[_Branch] = dataclasses.field(default_factory=list)
    hidden: int = 0

    @property
    def depth(self) -> int:
        return max((1 + branch.before.depth for branch in self.branches), default=0)


@dataclasses.dataclass
class _Branch:
    """Principals that lead to a place by the same step. ``count`` is how many start here or come from before."""

    arns: list[str]
    step: Step
    count: int = 0
    before: _Fork = dataclasses.field(default_factory=_Fork)


def escalation(found: Sequence[Path], caveat: str = "") -> Content:
    """The section of the page: what paths share, a drawing and a list for each administrator, then lists alone."""
    ends = by_end(found)
    shared = _shared(found)
    note = element(
        "p",
        f"{counted([path.source for path in found])} without the rights of an administrator can get them. Each is "
        "shown with its shortest way; there may be others. A dashed line is a step that hangs on something which is "
        "not known here, such as MFA.",
        " Taking away a shared step cuts every path that it is part of." if shared else None,
        [" ", element("strong", caveat)] if caveat else None,
    )
    return [note, shared, [_figure(group) for group in ends[:_DRAWINGS]], _rest(ends[_DRAWINGS:])]


def _shared(found: Sequence[Path]) -> t.Optional[Markup]:
    """The steps that occur in the paths of several principals: to take one away cuts all of these paths."""
    uses: dict[tuple[str, str, tuple[str, ...]], int] = {}
    for path in found:
        for step in path.steps:
            key = (step.source, step.place, step.actions)
            uses[key] = uses.get(key, 0) + 1
    several = sorted(((count, key) for key, count in uses.items() if count > 1), key=lambda item: (-item[0], item[1]))
    if not several:
        return None
    rows = [
        (
            join(
                [_name(source), " → ", _name(place) if is_arn(place) else place or "itself"],
                element("div", element("code", " + ".join(actions)), class_="about"),
            ),
            f"{count} of {len(found)}",
        )
        for count, (source, place, actions) in several[:_SHARED]
    ]
    content = table("Steps that several paths share", ("Shared step", "Paths"), rows, numbers=(1,))
    return element("div", content, class_="shared")


def _figure(group: Sequence[Way]) -> Markup:
    end = group[0].end
    found = [path for way in group for path in way.paths]
    who = name_of(found[0].source) if len(found) == 1 else counted([path.source for path in found])
    severity = group[0].severity
    caption = element(
        "figcaption",
        badge(severity, severity),
        element("h3", f"{who} can become {outcome(end)}", title=end if is_arn(end) else None),
        badge("conditional", "medium") if all(way.conditions for way in group) else None,
    )
    summary = "Step by step" if len(group) == 1 else f"Step by step, {len(group)} ways"
    return element("figure", caption, _drawing(end, found), _list(summary, group), class_=f"card escalation {severity}")


def _rest(ends: Iterable[Sequence[Way]]) -> t.Optional[Markup]:
    """What is not drawn, in one list."""
    group = [way for same in ends for way in same]
    if not group:
        return None
    many = counted([path.source for way in group for path in way.paths])
    return element("div", _list(f"{many} more, step by step", group), class_=f"card escalation {group[0].severity}")


def _drawing(end: str, found: Iterable[Path]) -> Markup:
    fork = _tree(found)
    _prune(fork)
    if is_arn(end):
        goal = [element("small", kind_of(end), ", administrator"), element("b", _name(end))]
    else:
        goal = [element("small", end or "by itself"), element("b", "administrator")]
    shape = "tree wide" if fork.depth <= _WIDE else "tree"
    return element("div", _fork(fork), element("div", goal, class_="box goal"), class_=shape, aria_hidden="true")


def _tree(found: Iterable[Path]) -> _Fork:
    """The paths to one end, merged from there on; principals of a kind that only start at a place share a branch."""
    root = _Fork()
    known: dict[tuple[int, t.Any], _Branch] = {}
    for path in found:
        fork = root
        for step in reversed(path.steps):
            key = (id(fork), (step.source, step.edge))
            if key not in known:
                known[key] = _Branch([step.source], step)
                fork.branches.append(known[key])
            known[key].count += 1
            fork = known[key].before
    _merge(root)
    return root


def _merge(fork: _Fork) -> None:
    merged: dict[t.Any, _Branch] = {}
    for branch in fork.branches:
        _merge(branch.before)
        (source,) = branch.arns
        first = merged.setdefault((source if branch.before.branches else kind_of(source), branch.step.edge), branch)
        if first is not branch:
            first.arns.append(source)
            first.count += branch.count
    fork.branches = sorted(merged.values(), key=lambda branch: (-branch.count, branch.arns))


def _prune(root: _Fork) -> None:
    """Leave the boxes that are nearest to the end and stand for most principals."""
    left = _BOXES
    queue = deque([root])
    while queue:
        fork = queue.popleft()
        kept = min(left, _BRANCHES)
        fork.hidden = sum(branch.count for branch in fork.branches[kept:])
        fork.branches = fork.branches[:kept]
        left -= len(fork.branches)
        queue.extend(branch.before for branch in fork.branches)


def _fork(fork: _Fork) -> t.Optional[Markup]:
    branches = [_branch(branch) for branch in fork.branches]
    if fork.hidden:
        more = element("div", f"{fork.hidden} more in the list", class_="box more")
        branches.append(element("div", more, element("div", element("i"), class_="edge"), class_="branch"))
    return element("div", branches, class_="branches") if branches else None


def _branch(branch: _Branch) -> Markup:
    step = branch.step
    more = len(branch.arns) - _NAMES
    box = element(
        "div",
        element("small", kind_of(branch.arns[0]) if len(branch.arns) == 1 else counted(branch.arns)),
        [element("b", _name(arn)) for arn in branch.arns[:_NAMES]],
        element("span", f"and {more} more") if more > 0 else None,
        class_="box",
    )
    actions = [element("code", _breakable(action)) for action in step.actions]
    edge = element(
        "div",
        element("div", actions, title=step.name),
        element("i"),
        element("div", "if ", _breakable(", ".join(step.conditions))) if step.conditions else element("div"),
        class_="edge",
    )
    return element("div", _fork(branch.before), box, edge, class_="branch if" if step.conditions else "branch")


def _list(summary: str, group: Iterable[Way]) -> Markup:
    """Every way in words: what a drawing shows, the policies behind it, and links to the findings."""
    items = []
    for way in group:
        links = [[", " if place else None, _link(path)] for place, path in enumerate(way.paths)]
        allowing = [way.policies(place) for place in range(len(way.steps))]
        who = element("p", links, f" can become {outcome(way.end)}")
        items.append(element("li", who, steps_in_order(way.steps, allowing)))
    return element("details", element("summary", summary, class_="plain"), element("ol", items, class_="ways"))


def _link(path: Path) -> Markup:
    return element("a", name_of(path.source), href=f"#{anchor(path.finding['fingerprint'])}", title=path.source)


def _name(arn: str) -> Markup:
    return element("span", name_of(arn), title=arn)


def _breakable(text: str) -> Markup:
    """The name of an action or a key with places to break the line: behind its service, and before its words."""
    return join([[element("wbr") if place else None, part] for place, part in enumerate(_WORDS.split(text))])
