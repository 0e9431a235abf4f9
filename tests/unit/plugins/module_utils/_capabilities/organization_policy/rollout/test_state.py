# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.state import (
    build_report,
    render_rollout,
    render_rollouts,
    report_obstacle,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import (
    Verdict,
)

from .test_plan import APP, PASSED, UNREADABLE, Runs, make_losses, make_unknown


def report_next_run(runs: Runs, verdict: t.Optional[Verdict], *, hours: float = 0) -> dict[str, t.Any]:
    """What is told of the next run."""
    past = runs.past
    decision = runs.run(verdict, hours=hours)
    declared = Declared.from_options(runs.options)
    seen = verdict if runs.asked else None
    return {"policy": "Deny root", **build_report(declared, past, decision, seen, now=runs.now)}


def states(result: dict[str, t.Any]) -> list[str]:
    return [stage["state"] for stage in result["stages"]]


def test_the_first_stage_begins() -> None:
    result = report_next_run(Runs(), PASSED)
    assert (result["action"], result["stage"], result["since"]) == ("start", "canary", "2026-11-25T12:00:00Z")
    assert (result["soak_left_hours"], result["soak_ends"]) == (24, "2026-11-26T12:00:00Z")
    assert (result["gate"], result["failed"], result["on_gate_failure"]) == (None, False, "hold")
    assert states(result) == ["begins", "waiting", "waiting"]
    assert result["stages"][0] == {
        "name": "canary",
        "state": "begins",
        "soak_hours": 24,
        "targets": [{"ou": "/canary"}],
    }
    assert result["next"] == "the gate of stage 'canary' is checked by the first run after 2026-11-26T12:15:00Z"


def test_a_stage_soaks() -> None:
    runs = Runs()
    runs.run()
    result = report_next_run(runs, PASSED, hours=6.5)
    assert (result["soak_left_hours"], states(result)) == (17.5, ["soaking", "waiting", "waiting"])
    assert render_rollout(result).splitlines() == [
        "Rollout of Deny root: the soak time of stage 'canary' ends at 2026-11-26T12:00:00Z",
        "  1. canary                   soaking    since 2026-11-25T12:00:00Z",
        "  2. dev                      waiting",
        "  3. prod                     waiting",
        "  soak left: 17.5 hours, until 2026-11-26T12:00:00Z",
        "  gate: nothing lost (40 events; predicted denials 0, of outsiders 0, by other policies 0)",
        "  next: the gate of stage 'canary' is checked by the first run after 2026-11-26T12:15:00Z",
    ]


def test_a_stage_is_held() -> None:
    runs = Runs()
    runs.run()
    runs.run(hours=25)
    result = report_next_run(runs, make_losses(APP), hours=25)
    assert (result["failed"], states(result)) == (True, ["passed", "held", "waiting"])
    assert result["next"] == "it waits for stage_approved: dev"
    assert f"  gate: in {APP.account_id} {APP.principal} lost s3:GetObject" in render_rollout(result).splitlines()


def test_all_that_had_begun_is_withdrawn() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(hours=25)
    assert states(report_next_run(runs, make_losses(APP), hours=25)) == ["withdrawn", "withdrawn", "waiting"]


def test_there_is_no_evidence() -> None:
    runs = Runs()
    runs.run()
    assert (
        "  gate: no evidence: no log files" in render_rollout(report_next_run(runs, UNREADABLE, hours=25)).splitlines()
    )


@pytest.mark.parametrize("more", [0, 1])
def test_all_is_done(more: int) -> None:
    runs = Runs()
    for _run in range(3 + more):
        runs.run(hours=25)
    result = report_next_run(runs, PASSED, hours=25)
    assert (result["action"], states(result), result["next"]) == ("finished", ["passed"] * 3, "nothing is due")
    assert result["soak_left_hours"] == 0


def test_a_stage_whose_changes_were_not_made_has_not_begun() -> None:
    runs = Runs()
    runs.run()
    result = report_obstacle(report_next_run(runs, PASSED, hours=25), "the lease is taken")
    assert (result["action"], states(result)) == ("not_begun", ["passed", "not begun", "waiting"])
    assert (result["since"], result["soak_ends"], result["soak_left_hours"]) == (None, None, 0.0)
    assert render_rollout(result).splitlines() == [
        "Rollout of Deny root: stage 'dev' has not begun: the lease is taken",
        "  1. canary                   passed",
        "  2. dev                      not begun",
        "  3. prod                     waiting",
        "  gate: nothing lost (40 events; predicted denials 0, of outsiders 0, by other policies 0)",
        "  next: the next run tries to begin stage 'dev' again",
    ]


def test_a_policy_that_could_not_be_detached_is_not_withdrawn() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(hours=25)
    told = report_next_run(runs, make_losses(APP), hours=25)
    result = report_obstacle(told, "the stop switch is set")
    assert (result["action"], states(result)) == ("not_withdrawn", ["not withdrawn", "not withdrawn", "waiting"])
    assert result["reason"].startswith("the policy is not detached everywhere: the stop switch is set. stage 'dev'")
    assert result["failed"]


@pytest.mark.parametrize("obstacle", ["", "something of another policy was refused"])
def test_a_run_that_had_nothing_to_make_has_no_obstacle(obstacle: str) -> None:
    runs = Runs()
    runs.run()
    told = report_next_run(runs, PASSED, hours=6.5)
    assert report_obstacle(told, obstacle) == told


def test_policies_that_go_alike_are_told_of_once() -> None:
    runs = Runs()
    runs.run()
    one = report_next_run(runs, PASSED, hours=6.5)
    other = report_next_run(runs, UNREADABLE, hours=25)
    text = render_rollouts([one, {**one, "policy": "Deny keys"}, {**other, "policy": "MFA"}])
    heads = [line for line in text.splitlines() if line.startswith("Rollout of")]
    assert [head.partition(":")[0] for head in heads] == ["Rollout of Deny root, Deny keys", "Rollout of MFA"]
    assert render_rollout(one).partition(":")[2] in text


def test_denials_that_name_no_policy() -> None:
    runs = Runs()
    runs.run()
    text = render_rollout(report_next_run(runs, make_unknown(APP), hours=25))
    assert f"  gate: AWS names no policy: in {APP.account_id} {APP.principal} lost {APP.action}" in text.splitlines()
