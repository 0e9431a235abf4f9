# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of the findings since an earlier assessment.

A finding that is missing now is resolved only where its control was assessed again in its region: a denied read, an
excluded control, a region that was left out or a resource that could not be judged resolves nothing. Such findings are
kept aside, with the time they were first seen, until an assessment can judge them.

A finding is new only if the earlier assessment would have had it. Findings of a control that it did not have, since an
upgrade added it or the declaration left it out, or of a region that it was not asked to look at, are newly assessed.
What it could not read counts as new: otherwise somebody could deny a read, open a door meanwhile, and pass for an
upgrade.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from .._controls.regions import GLOBAL, REGION_CONTROL
from .._converge.finding import Severity, Status, mask_key_ids
from .grouping import is_whole, number_groups

Item = dict[str, t.Any]

# The statuses of a fault, accepted or not. Only these are new, resolved or changed.
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

DELTA_LISTS: t.Final = ("new", "newly_assessed", "resolved", "changed", "not_assessed")
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
    :arg before: the assessment that the present run made before it changed anything; it replaces ``previous``
        where there is none, and it alone shows how the changes altered the scores.
    :arg reveal_key_ids: keep the key ids that an earlier report revealed.
    """
    baseline, basis = (previous, PREVIOUS_RUN) if previous is not None else (before, BEFORE_CHANGES)
    known = {} if baseline is None else _open_findings(baseline)
    findings = [_with_first_seen(finding, known, report["run"]["started"]) for finding in report["findings"]]
    if baseline is None:
        delta = _delta(None, None)
    else:
        delta = _differences(findings, known, baseline)
        delta = delta if reveal_key_ids else mask_key_ids(delta)
        delta.update(previous_run=baseline["run"]["id"], basis=basis, upgraded=_is_upgrade(baseline, report))
    scores = report["scores"] if before is None else _with_percent_before(report["scores"], before["scores"])
    numbers = number_groups(findings, None if baseline is None else baseline.get("finding_numbers"))
    return {**report, "findings": findings, "finding_numbers": numbers, "scores": scores, "delta": delta}


def _with_percent_before(scores: Sequence[Item], earlier: Sequence[Item]) -> list[Item]:
    percents = {score["benchmark"]: score["percent"] for score in earlier}
    return [{**score, "percent_before": percents.get(score["benchmark"])} for score in scores]


def _delta(run_id: t.Optional[str], basis: t.Optional[str]) -> Item:
    lists: Item = {name: [] for name in DELTA_LISTS}
    return {"previous_run": run_id, "basis": basis, "upgraded": False, **lists}


def _is_upgrade(baseline: Mapping[str, t.Any], report: Mapping[str, t.Any]) -> bool:
    """Whether another version of the collection, or of its catalogue, made the report before."""
    return any(
        baseline["run"].get(name) != report["run"][name] for name in ("collection_version", "control_catalog_version")
    )


def _open_findings(baseline: Mapping[str, t.Any]) -> dict[str, Item]:
    """By fingerprint: what was open in ``baseline``, and what was open before and could not be assessed then."""
    started = baseline["run"]["started"]
    # Findings of a converging module on its own declaration are added to the report after its delta, and not compared.
    compared = [item for item in baseline["findings"] if item["control"] in baseline["controls"]]
    items = [*baseline["delta"]["not_assessed"], *(item for item in compared if item["status"] in _OPEN)]
    return {item["fingerprint"]: {**item, "first_seen": item.get("first_seen") or started} for item in items}


def _with_first_seen(finding: Item, known: Mapping[str, Item], now: str) -> Item:
    if finding["status"] not in _OPEN:
        return finding
    earlier = known.get(finding["fingerprint"], {}).get("first_seen")
    return {**finding, "first_seen": earlier or finding["first_seen"] or now}


def _differences(findings: Sequence[Item], known: Mapping[str, Item], baseline: Mapping[str, t.Any]) -> Item:
    present = {finding["fingerprint"]: finding for finding in findings if finding["status"] in _OPEN}
    delta = _delta(None, None)
    could_be_seen = _make_seen_test(baseline)
    for key, item in present.items():
        if key not in known and item["status"] == Status.FAIL.value:
            delta["new" if could_be_seen(item) else "newly_assessed"].append(key)
    changes = [_change(known[key], item) for key, item in present.items() if key in known]
    delta["changed"] = [change for change in changes if change]
    is_settled = make_settled_test(findings)
    for key, item in known.items():
        if key not in present:
            delta["resolved" if is_settled(item) else "not_assessed"].append(_brief(item))
    return delta


def count_unaccepted(report: Mapping[str, t.Any]) -> dict[str, int]:
    """Count for ``fail_on: new``, by its name, the findings that nobody has seen or accepted in the report before.

    What is newly assessed counts, unless an upgrade may have added it: then nobody did anything to the account.
    """
    delta = report["delta"]
    failing, waived = Status.FAIL.value, Status.WAIVED.value
    again = sum(
        change["from"]["status"] == waived and change["to"]["status"] == failing
        for change in delta["changed"]
        if "reason_changed" in change or _is_graver(change)
    )
    newly = 0 if delta.get("upgraded") else len(delta.get("newly_assessed", ()))
    return {"new": len(delta["new"]), "newly assessed": newly, "no longer waived": again}


def _is_graver(change: Mapping[str, t.Any]) -> bool:
    """Whether a finding is worse now than what was accepted, for the same reason."""
    return Severity(change["to"]["severity"]).rank < Severity(change["from"]["severity"]).rank


def first_reported(report: Mapping[str, t.Any]) -> frozenset[str]:
    """The findings that the report before does not have, whether they are new or only newly assessed."""
    delta = report["delta"]
    return frozenset((*delta["new"], *delta.get("newly_assessed", ())))


def _make_seen_test(baseline: Mapping[str, t.Any]) -> Callable[[Item], bool]:
    """Make a test whether ``baseline`` covers the control and the region of a finding, readable or not."""
    controls, scope = baseline["controls"], baseline["scope"]
    unread = {gap["region"] for gap in scope["regions_not"] if gap.get("kind") != "left_out"}
    regions = {GLOBAL, *scope["regions_assessed"], *unread}
    return lambda item: item["control"] in controls and item["region"] in regions


def make_settled_test(findings: Sequence[Item]) -> Callable[[Mapping[str, t.Any]], bool]:
    """Make a test whether ``findings`` resolve an earlier one that they lack: its control was assessed in its region.

    The test takes the earlier finding, and looks at its control, region and resource. Where the resource is not
    given, one that could not be judged leaves all of them open.
    """
    assessed = {(item["control"], item["region"]) for item in findings}
    unknown = [item for item in findings if item["status"] == Status.NOT_ASSESSED.value]
    unread = {item["region"] for item in unknown if item["control"] == REGION_CONTROL}
    gaps: dict[tuple[str, str], set[t.Optional[str]]] = {}
    for item in unknown:
        resource = None if is_whole(item) else item["resource"]
        gaps.setdefault((item["control"], item["region"]), set()).add(resource)

    def is_settled(item: Mapping[str, t.Any]) -> bool:
        here, everywhere = (item["control"], item["region"]), (item["control"], GLOBAL)
        if here not in assessed and (everywhere not in assessed or unread & {item["region"], GLOBAL}):
            return False
        doubts = gaps.get(here, set()) | gaps.get(everywhere, set())
        return not doubts if item.get("resource") is None else not doubts & {None, item["resource"]}

    return is_settled


def _change(earlier: Item, present: Item) -> t.Optional[Item]:
    """How the verdict on a finding changed; its detail (an age, for one) may differ from day to day."""
    before = {name: earlier[name] for name in ("status", "severity")}
    after = {name: present[name] for name in ("status", "severity")}
    # Reports of an older version, and what they kept aside, do not have the reason.
    reasons = earlier.get("reason_fingerprint"), present.get("reason_fingerprint")
    for_another = all(reasons) and reasons[0] != reasons[1]
    if before == after and not for_another:
        return None
    change = {"fingerprint": present["fingerprint"], "from": before, "to": after}
    return {**change, "reason_changed": True} if for_another else change


def _brief(item: Item) -> Item:
    return {name: item.get(name) for name in _BRIEF}
