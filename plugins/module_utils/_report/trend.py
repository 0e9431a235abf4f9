# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The scores of the last runs. Each ``fleet.json`` has them, and hands them on to the one that replaces it.

Others may write to the place of reports: what is malformed there costs the trend and nothing else.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .._account.moments import parse_moment
from .._converge.errors import InputError
from .._converge.finding import Status
from .._converge.journal import check_run_id
from .grouping import FRAMEWORKS

# So many runs are kept, the present one included.
RUNS: t.Final = 12

_ACCOUNT: t.Final = re.compile(r"[0-9]{12}", re.ASCII)
_COUNTS: t.Final[Mapping[str, str]] = {
    Status.PASS.value: "passed",
    Status.FAIL.value: "failed",
    Status.WAIVED.value: "waived",
    Status.NOT_ASSESSED.value: "not_assessed",
    Status.NOT_APPLICABLE.value: "not_applicable",
}

Report = Mapping[str, t.Any]
Point = dict[str, t.Any]


def count_frameworks(report: Report) -> dict[str, dict[str, int]]:
    """Count the requirements of each framework of a report by their verdict."""
    found = {score["benchmark"]: {name: score[name] for name in _COUNTS.values()} for score in report["scores"]}
    for framework, requirements in (report.get("frameworks") or {}).items():
        statuses = Counter(requirement["status"] for requirement in requirements.values())
        found.setdefault(framework, {name: statuses[status] for status, name in _COUNTS.items()})
    return {framework: found[framework] for framework in FRAMEWORKS if framework in found}


def score_frameworks(reports: Sequence[Report]) -> list[dict[str, t.Any]]:
    """Score each framework over all reports: of the requirements with a verdict, the part that passes."""
    totals: dict[str, Counter[str]] = {}
    accounts: Counter[str] = Counter()
    for report in reports:
        for framework, counts in count_frameworks(report).items():
            totals.setdefault(framework, Counter()).update(counts)
            accounts[framework] += 1
    return [
        {
            "framework": framework,
            "accounts": accounts[framework],
            **{name: totals[framework][name] for name in _COUNTS.values()},
            "percent": _percent(totals[framework]),
        }
        for framework in FRAMEWORKS
        if framework in totals
    ]


def _percent(counts: Mapping[str, int]) -> t.Optional[float]:
    decided = counts["passed"] + counts["failed"]
    return round(100 * counts["passed"] / decided, 1) if decided else None


def extend(document: Report, earlier: t.Any) -> list[Point]:
    """The trend of ``document``: the last runs of the document before it, and its own.

    :arg earlier: the ``fleet.json`` of the run before, whatever it holds, or None.
    """
    own = _point(document)
    return [*(point for point in _parse(earlier) if point["run_id"] != own["run_id"])][1 - RUNS :] + [own]


def _point(document: Report) -> Point:
    scores = ((account["account_id"], account["score"]) for account in document["accounts"])
    return {
        "run_id": document["run"]["id"],
        "created": document["run"]["created"],
        "accounts": len(document["accounts"]),
        "frameworks": {
            item["framework"]: item["percent"] for item in document["frameworks"] if item["percent"] is not None
        },
        "scores": {account: score["percent"] for account, score in scores if score and score["percent"] is not None},
    }


def _parse(earlier: t.Any) -> list[Point]:
    """The points of another document, or none if one of them is malformed."""
    found = earlier.get("trend") if isinstance(earlier, Mapping) else None
    if not isinstance(found, list) or not all(map(_is_point, found)):
        return []
    names = ("run_id", "created", "accounts", "frameworks", "scores")
    return [{name: point[name] for name in names} for point in found]


def _is_point(point: t.Any) -> bool:
    if not isinstance(point, Mapping) or not isinstance(point.get("accounts"), int):
        return False
    run_id, created = point.get("run_id"), point.get("created")
    if not isinstance(run_id, str) or not isinstance(created, str):
        return False
    try:
        check_run_id(run_id)
        parse_moment(created)
    except (InputError, ValueError):
        return False
    frameworks, scores = point.get("frameworks"), point.get("scores")
    return _are_percents(frameworks, FRAMEWORKS) and _are_percents(scores, None)


def _are_percents(values: t.Any, names: t.Optional[Iterable[str]]) -> bool:
    """Whether these are percentages by the names of frameworks, or by account where no names are given."""
    if not isinstance(values, Mapping):
        return False
    known = all(name in names if names is not None else _ACCOUNT.fullmatch(name) for name in values)
    return known and all(_is_percent(value) for value in values.values())


def _is_percent(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100
