# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans of a run, read from the place of reports."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Entry, plan_document
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import plan_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.plugin_utils._report_plans import (
    RunPlans,
    Shape,
    can_plan,
    show_account,
)

from ..module_utils._report import samples

RUN: t.Final = "20261202T030000Z"


def make_plan(*, waits: bool = False, run_id: str = RUN) -> dict[str, t.Any]:
    """The plan of an account with the deactivation of a key."""
    entry = Entry(samples.KEY_CHANGE, is_waiting=waits)
    return plan_document([entry], account_id=samples.ACCOUNT, run_id=run_id, created=samples.NOW)


def make_report(plan: t.Mapping[str, t.Any], *, mode: str = "check") -> dict[str, t.Any]:
    report = samples.complete_report()
    return {**report, "run": {**report["run"], "mode": mode}, "plan_sha256": plan["plan_sha256"]}


def put(place: Path, plan: t.Mapping[str, t.Any], key: str = f"{samples.ACCOUNT}/plan.json") -> None:
    DirectoryStore(str(place)).put(key, json.dumps(plan).encode())


def read(place: Path, report: t.Mapping[str, t.Any]) -> tuple[t.Optional[str], str]:
    """Why the plan of the account can't be shown, and the file of the run."""
    plans = RunPlans(DirectoryStore(str(place)), Shape("fleet.html"), names={samples.ACCOUNT: "prod"}, run_id=RUN)
    problem = plans.add(report)
    return problem, plans.show(plan_sha256="a" * 64, no_hash_reason=None).file


def test_what_is_shown_is_what_is_kept(tmp_path: Path) -> None:
    plan = make_plan()
    put(tmp_path, plan)
    problem, text = read(tmp_path, make_report(plan))
    assert problem is None
    assert text.startswith("PLAN: 1 planned, in 1 account\n")
    assert f"\n{samples.ACCOUNT} (prod): 1 planned\n" in text


def test_a_later_run_does_not_change_what_is_shown(tmp_path: Path) -> None:
    """The copy for people is of the newest run. What the hash of this one covers is kept under it."""
    plan = make_plan()
    put(tmp_path, plan, plan_key(samples.ACCOUNT, plan["plan_sha256"]))
    put(tmp_path, make_plan(run_id="later"))
    assert read(tmp_path, make_report(plan))[0] is None


@pytest.mark.parametrize("kind", ["missing", "edited", "other account", "no plan", "no JSON", "other hash"])
def test_a_plan_that_can_not_be_shown_is_a_problem_of_its_account(tmp_path: Path, kind: str) -> None:
    """Nobody can approve what nobody sees: the caller leaves the account out of the hash."""
    plan = make_plan()
    forged = {
        "edited": {**plan, "changes": [{**plan["changes"][0], "target": "arn:aws:iam::222233334444:user/other"}]},
        "other account": {**plan, "account_id": "333344445555"},
        "no plan": {"run_id": RUN, "plan_sha256": plan["plan_sha256"], "account_id": samples.ACCOUNT},
        "other hash": {**plan, "plan_sha256": "b" * 64},
        "no JSON": "nonsense",
    }
    if kind != "missing":
        put(tmp_path, t.cast(dict[str, t.Any], forged[kind]))
    problem, text = read(tmp_path, make_report(plan))
    assert problem is not None
    assert problem.startswith("its plan can't be shown: ")
    assert text.startswith("PLAN: 0 planned\n")


def test_after_a_real_run_only_what_waits_is_left_to_approve(tmp_path: Path) -> None:
    plan = make_plan()
    put(tmp_path, plan)
    assert read(tmp_path, make_report(plan, mode="enforce"))[1].startswith("PLAN: 0 planned\n")
    waiting = make_plan(waits=True)
    put(tmp_path, waiting)
    problem, text = read(tmp_path, make_report(waiting, mode="enforce"))
    assert problem is None
    assert text.startswith("PLAN: 0 planned and 1 more applied if approved, in 1 account\n")


def test_the_plan_of_one_account_has_a_text_a_file_and_a_page() -> None:
    plan = make_plan()
    shown = show_account(make_report(plan), plan, Shape(f"{samples.ACCOUNT}/report.html"), name="acme-prod")
    assert f"-e hardening_approved_plan={plan['plan_sha256']}" in shown.text
    assert shown.file.startswith(shown.text)
    assert shown.terminal[0] == shown.text
    assert shown.terminal[1].startswith(f"{samples.ACCOUNT} (acme-prod): 1 planned\n")
    assert shown.page is not None
    assert shown.page.plan.plan_sha256 == plan["plan_sha256"]


def test_a_plan_names_what_no_real_account_has_confirmed(tmp_path: Path) -> None:
    """Only of the modules whose changes are in it, and once for all accounts."""
    plan = make_plan()
    put(tmp_path, plan)
    said = "Not confirmed on AWS itself yet: 1 vital assumption (inactive_key_is_refused)"
    for module, is_said in (("access_key_lifecycle", True), ("password_policy", False)):
        report = make_report(plan)
        report["changes"] = [{**samples.KEY_CHANGE.as_dict(), "module": module, "state": "planned"}]
        shown = show_account(report, plan, Shape("report.html"))
        for text in (shown.text, read(tmp_path, report)[1]):
            assert " ".join(text.split()).count(said) == is_said
        assert bool(shown.approval.unconfirmed) is is_said
    report["changes"] = [{**report["changes"][0], "module": "access_key_lifecycle", "state": "refused"}]
    assert show_account(report, plan, Shape("report.html")).approval.unconfirmed == ()


def test_an_audit_alone_has_no_plan_to_speak_of() -> None:
    report = {**samples.complete_report(), "modules": [], "changes": [], "incomplete": []}
    assert can_plan([report]) is False
    assert can_plan([report, {**report, "modules": [{"module": "access_keys", "mode": "enforce"}]}]) is True
    assert can_plan([{**report, "incomplete": [{"module": "access_keys", "reason": "it failed"}]}]) is True
