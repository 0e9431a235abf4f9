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


def view_least_privilege(found: Sequence[Item]) -> View:
    """The principals, those that would lose the most privileged actions first."""
    ordered = sorted(found, key=lambda item: (-_count_removable(item), item["principal"]))
    return {"outcomes": OUTCOMES, "principals": [_view_principal(item) for item in ordered]}


def _count_removable(item: Item) -> int:
    return int(item["privileged"]["before"] - item["privileged"]["after"]) if item["policies"] else 0


def _view_principal(item: Item) -> View:
    granted = item["granted"]["before"]
    return {
        "item": item,
        "name": item["permission_set"] or item["principal"].rpartition("/")[2],
        "rows": [
            (words, numbers["before"], numbers["after"])
            for words, numbers in (
                ("Actions", item["granted"]),
                ("Privileged actions", item["privileged"]),
                ("Escalation paths", item["paths"]),
            )
            if numbers is not None
        ],
        "bars": _share_out(item, granted),
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
            bars.append({"name": name, "count": count, "tone": tone, "start": start, "width": width})
            start += width
    return bars
