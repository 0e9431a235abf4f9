# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The graph of a hunt, drawn: from the leaked credential on the left to all that was made with it, hop by hop.

A box is a key or a session, with its user or role. Addresses stand before what was used from there. It is a picture for
the eye: the list below it says the same in words.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

Item = Mapping[str, t.Any]
View = dict[str, t.Any]

_WIDTH: t.Final = 174
_HEIGHT: t.Final = 58
_ACROSS: t.Final = 110
_DOWN: t.Final = 20
_MARGIN: t.Final = 12
_LETTERS: t.Final = 25
_LETTERS_OF_STEP: t.Final = 19
# More boxes show nothing any more. Those of suspected events come first.
_MOST: t.Final = 60
_TONES: t.Final = {"yes": "critical", "uncertain": "medium", "no": "none"}
_RANK: t.Final = {"yes": 0, "uncertain": 1, "no": 2}
_STEPS: t.Final = ("made", "switched", "came_from")


@dataclasses.dataclass
class _Place:
    column: int
    row: int = 0

    @property
    def left(self) -> int:
        return _MARGIN + self.column * (_WIDTH + _ACROSS)

    @property
    def top(self) -> int:
        return _MARGIN + self.row * (_HEIGHT + _DOWN)


def view_graph(document: Item) -> View:
    """View the boxes and lines of a document, with the size of the drawing, and how many boxes are not drawn."""
    nodes = _choose(document)
    names = {node["id"] for node in nodes}
    steps = [edge for edge in document["edges"] if edge["relation"] in _STEPS]
    steps = [edge for edge in steps if edge["from"] in names and edge["to"] in names]
    # An address leads to where the chain begins. Lines to each of its sessions would hide the chain.
    made = {edge["to"] for edge in steps if edge["relation"] != "came_from"}
    steps = [edge for edge in steps if edge["relation"] != "came_from" or edge["to"] not in made]
    places = _arrange(nodes, steps)
    columns = 1 + max((place.column for place in places.values()), default=0)
    rows = 1 + max((place.row for place in places.values()), default=0)
    return {
        "width": 2 * _MARGIN + columns * _WIDTH + (columns - 1) * _ACROSS,
        "height": 2 * _MARGIN + rows * _HEIGHT + (rows - 1) * _DOWN,
        "boxes": [_view_box(node, places[node["id"]]) for node in nodes],
        "lines": [_view_line(edge, places) for edge in steps],
        "hidden": len(_list_drawn(document)) - len(nodes),
        "steps": steps,
    }


def _list_drawn(document: Item) -> list[Item]:
    """The nodes that have a box: a user or role has none if one of its keys or sessions names it."""
    owned = {edge["to"] for edge in document["edges"] if edge["relation"] == "belongs_to"}
    return [node for node in document["nodes"] if node["kind"] not in ("user", "role") or node["id"] not in owned]


def _choose(document: Item) -> list[Item]:
    ordered = sorted(_list_drawn(document), key=lambda node: (not node["is_seed"], _RANK[node["suspected"]]))
    return ordered[:_MOST]


def _arrange(nodes: Sequence[Item], steps: Iterable[Item]) -> dict[str, _Place]:
    """Arrange nodes in columns by the number of steps to them; a box stands near what it comes from."""
    edges = [(edge["from"], edge["to"]) for edge in steps]
    columns = dict.fromkeys((node["id"] for node in nodes), 0)
    # A circle, which only a forged record has, ends with the number of nodes.
    for _round in range(len(nodes)):
        before = dict(columns)
        for source, target in edges:
            if source != target:
                columns[target] = min(max(columns[target], columns[source] + 1), len(nodes) - 1)
        if columns == before:
            break
    places: dict[str, _Place] = {}
    parents: dict[str, str] = {}
    for source, target in edges:
        parents.setdefault(target, source)
    for column in sorted(set(columns.values())):
        own = [node["id"] for node in nodes if columns[node["id"]] == column]
        own.sort(key=lambda name: places[parents[name]].row if parents.get(name) in places else 0)
        for row, name in enumerate(own):
            places[name] = _Place(column, row)
    return places


def _view_box(node: Item, place: _Place) -> View:
    owner = node["principal"].rpartition(":")[2] if node["principal"] and node["principal"] != node["id"] else ""
    where = node["account_id"] or node["kind"]
    return {
        "left": place.left,
        "top": place.top,
        "width": _WIDTH,
        "height": _HEIGHT,
        "tone": _TONES[node["suspected"]],
        "is_seed": node["is_seed"],
        "lines": [
            (place.top + 17, _shorten(node["id"].rpartition("/")[2])),
            (place.top + 33, _shorten(owner or node["kind"])),
            (place.top + 48, f"{where} · {node['events']} events" if node["kind"] != "address" else ""),
        ],
        "title": f"{node['kind']} {node['id']}",
    }


def _view_line(edge: Item, places: Mapping[str, _Place]) -> View:
    start, end = places[edge["from"]], places[edge["to"]]
    left, right = start.left + _WIDTH, end.left - 7
    from_top, to_top = start.top + _HEIGHT // 2, end.top + _HEIGHT // 2
    if end.column <= start.column:
        # Back to an earlier column: from below.
        left, right = start.left + _WIDTH // 2, end.left + _WIDTH // 2
        from_top, to_top = start.top + _HEIGHT, end.top + _HEIGHT + 7
    middle = (left + right) // 2
    return {
        "path": f"M{left} {from_top} C{middle} {from_top} {middle} {to_top} {right} {to_top}",
        "is_dashed": edge["relation"] == "came_from",
        "title": f"{edge['event_name']} {edge['time']}",
        "label": "" if edge["relation"] == "came_from" else _shorten(edge["event_name"], _LETTERS_OF_STEP),
        # Near its end: several lines begin at the same place.
        "x": right - 2,
        "y": to_top - 6,
    }


def _shorten(text: str, most: int = _LETTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
