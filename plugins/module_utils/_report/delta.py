# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What became of the findings since an earlier assessment.

A finding that is missing now is resolved only where its control was assessed again in its region: a denied read, an
excluded control or a region that was left out resolves nothing. Such findings are kept aside, with the time they were
first seen, until an assessment can tell.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from .._converge.finding import Status, mask_key_ids

Item = dict[str, t.Any]

# What is wrong, accepted or not. Only these are new, resolved or changed.
_OPEN = frozenset({Status.FAIL.value, Status.WAIVED.value})
_BRIEF = (
    "fingerprint",
    "control",
    "status",
    "severity",
    "region",
    "resource",
    "resource_detail",
    "title",
    "first_seen",
)

PREVIOUS_RUN: t.Final = "previous_run"
BEFORE_CHANGES: t.Final = "before_changes"


def compare(
    report: Mapping[str, t.Any],
    previous: t.Optional[Mapping[str, t.Any]],
    before: t.Optional[Mapping[str, t.Any]] = None,
    *,
    reveal_key_ids: bool = False,
) -> dict[str, t.Any]:
    """``report`` with ``first_seen`` of its findings, with ``delta``, and with the scores from before its changes.

    :arg previous: the report of an earlier run.
    :arg before: the assessment that the present run made before it changed anything; it stands in for ``previous``
        where there is none, and it alone tells what the changes made of the scores.
    :arg reveal_key_ids: keep the key ids that an earlier report revealed.
    """
    baseline, basis = (previous, PREVIOUS_RUN) if previous is not None else (before, BEFORE_CHANGES)
    known = {} if baseline is None else _open_findings(baseline)
    findings = [_with_first_seen(finding, known, report["run"]["started"]) for finding in report["findings"]]
    if baseline is None:
        delta = _delta(None, None)
    else:
        delta = _differences(findings, known)
        delta = delta if reveal_key_ids else mask_key_ids(delta)
        delta.update(previous_run=baseline["run"]["id"], basis=basis)
    scores = report["scores"] if before is None else _with_percent_before(report["scores"], before["scores"])
    return {**report, "findings": findings, "scores": scores, "delta": delta}


def _with_percent_before(scores: Sequence[Item], earlier: Sequence[Item]) -> list[Item]:
    percents = {score["benchmark"]: score["percent"] for score in earlier}
    return [{**score, "percent_before": percents.get(score["benchmark"])} for score in scores]


def _delta(run_id: t.Optional[str], basis: t.Optional[str]) -> Item:
    return {"previous_run": run_id, "basis": basis, "new": [], "resolved": [], "changed": [], "not_assessed": []}


def _open_findings(baseline: Mapping[str, t.Any]) -> dict[str, Item]:
    """By fingerprint: what was open in ``baseline``, and what was open before and could not be assessed then."""
    started = baseline["run"]["started"]
    # What a converging module found of its own declaration came to the report after its delta, and is not compared.
    compared = [item for item in baseline["findings"] if item["control"] in baseline["controls"]]
    items = [*baseline["delta"]["not_assessed"], *(item for item in compared if item["status"] in _OPEN)]
    return {item["fingerprint"]: {**item, "first_seen": item["first_seen"] or started} for item in items}


def _with_first_seen(finding: Item, known: Mapping[str, Item], now: str) -> Item:
    if finding["status"] not in _OPEN:
        return finding
    earlier = known.get(finding["fingerprint"], {}).get("first_seen")
    return {**finding, "first_seen": earlier or finding["first_seen"] or now}


def _differences(findings: Sequence[Item], known: Mapping[str, Item]) -> Item:
    present = {finding["fingerprint"]: finding for finding in findings if finding["status"] in _OPEN}
    delta = _delta(None, None)
    delta["new"] = [key for key, item in present.items() if key not in known and item["status"] == Status.FAIL.value]
    changes = [_change(known[key], item) for key, item in present.items() if key in known]
    delta["changed"] = [change for change in changes if change]
    is_settled = settling(findings)
    for key, item in known.items():
        if key not in present:
            delta["resolved" if is_settled(item) else "not_assessed"].append(_brief(item))
    return delta


def settling(findings: Sequence[Item]) -> Callable[[Mapping[str, t.Any]], bool]:
    """Whether ``findings`` resolve an earlier one that is not among them: its control was assessed where it was found.

    Asked of the earlier finding, of which its control and region are looked at.
    """
    assessed = {(item["control"], item["region"]) for item in findings}
    gaps = {(item["control"], item["region"]) for item in findings if item["status"] == Status.NOT_ASSESSED.value}
    return lambda item: bool(_places(item) & assessed) and not _places(item) & gaps


def _places(item: Mapping[str, t.Any]) -> set[tuple[str, str]]:
    """Where the verdict on a finding may stand: a control that fails for one region passes for all of them at once."""
    return {(item["control"], item["region"]), (item["control"], "global")}


def _change(earlier: Item, present: Item) -> t.Optional[Item]:
    """How the verdict on a finding changed; its detail (an age, for one) may differ from day to day."""
    before = {name: earlier[name] for name in ("status", "severity")}
    after = {name: present[name] for name in ("status", "severity")}
    if before == after:
        return None
    return {"fingerprint": present["fingerprint"], "from": before, "to": after}


def _brief(item: Item) -> Item:
    return {name: item.get(name) for name in _BRIEF}
