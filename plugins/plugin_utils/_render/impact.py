# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The breakage of narrowing changes in the HTML report."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._report.impact_text import OUTCOMES, describe_group, format_counts

Item = Mapping[str, t.Any]
View = dict[str, t.Any]


def view_impacts(found: Sequence[Item]) -> View:
    """Each change that was predicted."""
    return {"impacts": [_view_impact(document) for document in found]}


def count_unsafe(found: Iterable[Item]) -> int:
    """For how many principals a change is not safe."""
    return sum(count for document in found for name, count in document["counts"].items() if name != "safe")


def _view_impact(document: Item) -> View:
    return {
        "impact": document,
        "bars": _share_out(document["counts"]),
        "counts": format_counts(document["counts"]),
        "groups": [{"group": group, "called": describe_group(group)} for group in document["groups"]],
        "skipped": [f"{item['principal']}: {item['reason']}" for item in document["skipped"]],
    }


def _share_out(counts: Mapping[str, int]) -> list[View]:
    """The principals by outcome, as parts of a bar that is 100 wide."""
    total = sum(counts.values()) or 1
    bars: list[View] = []
    start = 0.0
    for name in OUTCOMES:
        if counts[name]:
            width = 100 * counts[name] / total
            bars.append({"outcome": name, "count": counts[name], "start": start, "width": width})
            start += width
    return bars
