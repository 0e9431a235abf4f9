# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies of principals in the HTML report: what is granted, used and removable."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._report.least_privilege_text import OUTCOMES

Item = Mapping[str, t.Any]
View = dict[str, t.Any]

# The outcomes in a table that a narrow page has room for.
_RESULTS: t.Final = {
    **OUTCOMES, "proved": "proved", "unproven": "not proved", "does_not_fit": "does not fit",
}  # fmt: skip
# An administrator loses forty services: so many of them are shown before the reader asks for the rest.
_FIRST: t.Final = 6


def view_least_privilege(found: Sequence[Item]) -> View:
    """The principals, those that would lose the most privileged actions first."""
    ordered = sorted(found, key=lambda item: (-_count_removable(item), item["principal"]))
    principals = [_view_principal(item, f"new-policies-{place}") for place, item in enumerate(ordered, 1)]
    return {"outcomes": OUTCOMES, "results": _RESULTS, "principals": principals}


def _count_removable(item: Item) -> int:
    return int(item["privileged"]["before"] - item["privileged"]["after"]) if item["policies"] else 0


def _view_principal(item: Item, anchor: str) -> View:
    """One principal. The cells are those of the table of all principals; without new policies there are no numbers."""
    rows = [
        (words, f"{numbers['before']:,}", f"{numbers['after']:,}")
        for words, numbers in (
            ("Actions", item["granted"]),
            ("Privileged actions", item["privileged"]),
            ("Escalation paths", item["paths"]),
        )
        if numbers is not None
    ]
    cells = [f"{before} → {after}" for _words, before, after in rows] if item["policies"] else []
    return {
        "item": item,
        "anchor": anchor,
        "name": item["permission_set"] or item["principal"].rpartition("/")[2],
        "rows": rows,
        "cells": [*cells, *[""] * (3 - len(cells)), f"{item['unknown']:,}" if item["policies"] else ""],
        "bars": _share_out(item, item["granted"]["before"]),
        "losses": item["losses"][:_FIRST],
        "more_losses": item["losses"][_FIRST:],
    }


def _share_out(item: Item, granted: int) -> list[View]:
    """The granted actions as parts of a bar that is 100 wide: used, unknown and removable."""
    if not granted or not item["policies"]:
        return []
    parts = (
        ("used", item["used"], "good"),
        ("unknown", item["unknown"], "medium"),
        ("removable", item["removed"], "high"),
    )
    total = sum(count for _name, count, _tone in parts) or 1
    bars: list[View] = []
    start = 0.0
    for name, count, tone in parts:
        if count:
            width = 100 * count / total
            bars.append({"name": name, "count": f"{count:,}", "tone": tone, "start": start, "width": width})
            start += width
    return bars
