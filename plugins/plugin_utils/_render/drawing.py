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
import typing as t
from collections import deque
from collections.abc import Iterable, Sequence

from ...module_utils._report.paths import Path, Step, Way, by_end, format_count, kind_of, name_of, outcome
from .findings import View, view_steps

# More than these help nobody to see anything: the lists go on.
_DRAWINGS = 12
_BOXES = 24
_BRANCHES = 6
_SHARED = 5

# A tree of more steps is drawn upright even on a wide screen.
_WIDE = 3


@dataclasses.dataclass
class _Fork:
    """The branches to one place of a tree. ``hidden`` counts the principals behind branches that are not drawn."""

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


def view_paths(found: Sequence[Path], caveat: str = "") -> View:
    """View the steps that paths share, a drawing and a list for each administrator, then lists alone."""
    ends = by_end(found)
    return {
        "principals": format_count([path.source for path in found]),
        "total": len(found),
        "caveat": caveat,
        "shared": _find_shared(found),
        "figures": [_view_figure(group) for group in ends[:_DRAWINGS]],
        "rest": _view_rest(ends[_DRAWINGS:]),
    }


def _find_shared(found: Sequence[Path]) -> list[View]:
    """The steps that occur in the paths of several principals: to take one away cuts all of these paths."""
    uses: dict[tuple[str, str, tuple[str, ...]], int] = {}
    for path in found:
        for step in path.steps:
            key = (step.source, step.place, step.actions)
            uses[key] = uses.get(key, 0) + 1
    several = sorted(((count, key) for key, count in uses.items() if count > 1), key=lambda item: (-item[0], item[1]))
    return [
        {"source": source, "place": place, "actions": actions, "count": count}
        for count, (source, place, actions) in several[:_SHARED]
    ]


def _view_figure(group: Sequence[Way]) -> View:
    end = group[0].end
    found = [path for way in group for path in way.paths]
    tree = _grow(found)
    _prune(tree)
    return {
        "end": end,
        "who": name_of(found[0].source) if len(found) == 1 else format_count([path.source for path in found]),
        "outcome": outcome(end),
        "severity": group[0].severity,
        "is_conditional": all(way.conditions for way in group),
        "tree": tree,
        "is_wide": tree.depth <= _WIDE,
        "summary": "Step by step" if len(group) == 1 else f"Step by step, {len(group)} ways",
        "ways": [_view_way(way) for way in group],
    }


def _view_rest(ends: Iterable[Sequence[Way]]) -> t.Optional[View]:
    """View the ends that are not drawn, in one list."""
    group = [way for same in ends for way in same]
    if not group:
        return None
    many = format_count([path.source for way in group for path in way.paths])
    ways = [_view_way(way) for way in group]
    return {"severity": group[0].severity, "summary": f"{many} more, step by step", "ways": ways}


def _view_way(way: Way) -> View:
    """A way in words: who can take it, and its steps with the policies behind them."""
    return {
        "links": [{"source": path.source, "fingerprint": path.finding["fingerprint"]} for path in way.paths],
        "outcome": outcome(way.end),
        "steps": view_steps(way.steps, [way.policies(place) for place in range(len(way.steps))]),
    }


def _grow(found: Iterable[Path]) -> _Fork:
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
    """Keep the boxes that are nearest to the end and have most principals."""
    left = _BOXES
    queue = deque([root])
    while queue:
        fork = queue.popleft()
        kept = min(left, _BRANCHES)
        fork.hidden = sum(branch.count for branch in fork.branches[kept:])
        fork.branches = fork.branches[:kept]
        left -= len(fork.branches)
        queue.extend(branch.before for branch in fork.branches)
