# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils import _converging
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal, plan_sha256
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan, plan_document
from ansible_collections.hardening.iam.plugins.module_utils._converge.runner import Walk
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._task import Task, TaskError

from ._converge.fakes import ACCOUNT, NOW, RUN, FakeAws, FakeCaller, change, journal_of, user_arn, walk_of
from ._converge.test_finding import finding


class Bench:
    """A task with a fake account, its report directory and its journal."""

    def __init__(self, directory: Path) -> None:
        self.aws = FakeAws(a="old", b="old")
        self.reports = directory / "reports"
        self.journal = directory / "journal"
        self.walk: dict[str, t.Any] = {}
        self.impacts: list[dict[str, t.Any]] = []
        self.keeping: dict[str, t.Any] = {}
        self.task: Task

    def run(self, *changes: Change, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        defaults = {name: spec.get("default") for name, spec in _converging.CONVERGE_ARGUMENTS.items()}
        given = {
            "account_id": ACCOUNT,
            "run_id": RUN,
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            **options,
        }
        self.task = Task(
            options={**defaults, **given}, operations=Operations(), check_mode=check_mode, clock=lambda: NOW
        )
        self.task.__dict__["access"] = self.aws
        return _converging.converge(
            self.task,
            module="replace",
            walk=self._walk(changes),
            impacts=lambda: self.impacts,
            **self.keeping,
            sleep=lambda _seconds: None,
        )

    def _walk(self, changes: tuple[Change, ...]) -> t.Callable[[t.Any], Walk[str]]:
        return lambda aws: walk_of(aws, *changes, **self.walk)

    @property
    def part(self) -> dict[str, t.Any]:
        name = self.keeping.get("part", "replace")
        content = (self.reports / ACCOUNT / "parts" / f"{name}.json").read_text(encoding="utf-8")
        return t.cast(dict[str, t.Any], json.loads(content))

    @property
    def writes(self) -> list[str]:
        return [str(parameters["Name"]) for _operation, parameters in self.aws.calls]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# Modes


def test_enforcing_makes_the_changes_and_says_where_they_are_recorded(bench: Bench) -> None:
    result = bench.run(change("a"), change("b"))
    assert bench.writes == ["a", "b"]
    assert result["changed"] is True
    assert [done["applied"] for done in result["changes"]] == [True, True]
    assert result["journal"] == f"{bench.journal}/{ACCOUNT}/{RUN}"
    assert sorted(path.name for path in (bench.journal / ACCOUNT / RUN).iterdir()) == [
        "000001-intent.json",
        "000001-outcome.json",
        "000002-intent.json",
        "000002-outcome.json",
    ]
    assert bench.task.warnings == []


@pytest.mark.parametrize(("mode", "check_mode"), [("enforce", True), ("report", True), ("report", False)])
def test_what_stops_after_guard_plans_the_same_and_writes_nothing(bench: Bench, mode: str, check_mode: bool) -> None:
    result = bench.run(change("a"), mode=mode, check_mode=check_mode)
    assert not bench.writes and not bench.journal.exists()
    assert result["changed"] is (mode == "enforce")
    assert "journal" not in result
    real = bench.run(change("a"))
    different = {"mode", "changed", "journal", "changes"}
    assert {name: value for name, value in result.items() if name not in different} == {
        name: value for name, value in real.items() if name not in different
    }
    assert result["changes"] == [{**done, "applied": False} for done in real["changes"]]


def test_nothing_to_do(bench: Bench) -> None:
    result = bench.run()
    assert (result["changed"], result["changes"], result["diff"]) == (False, [], [])
    assert result["plan_sha256"] == plan_sha256([])
    assert not bench.journal.exists()


# What fails a task


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account_id": None}, "account_id: not set"),
        ({"awx_job_id": "17"}, "journal: .*AWX job 17"),
        ({"account_id": "999988887777"}, "account_id: .*999988887777"),
        ({"account_id": "acme"}, "account_id: 'acme'"),
        ({"run_id": "../x"}, "run_id: '../x'"),
        ({"max_changes": -1}, "max_changes: -1"),
        ({"approved_plan": "nowhere/plan.json"}, "approved_plan: there is no nowhere/plan.json"),
        ({"approved_plan": {"changes": 1}}, "approved_plan: not a plan"),
        ({"approved_plan": "0" * 64}, f"approved_plan: no plan with the hash 0{{64}} .* for {ACCOUNT}"),
        ({"approved_plan": "0" * 64, "report_dir": None}, "approved_plan: a hash needs report_dir"),
    ],
)
def test_bad_input_fails_before_the_first_write(bench: Bench, options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        bench.run(change("a"), **options)
    assert not bench.writes and not bench.reports.exists()


@pytest.mark.parametrize("options", [{"account_id": None}, {"awx_job_id": "17"}])
def test_an_audit_needs_less_but_says_what_the_real_run_needs(bench: Bench, options: dict[str, t.Any]) -> None:
    assert bench.run(change("a"), check_mode=True, **options)["changed"] is True
    assert [warning.partition(":")[0] for warning in bench.task.warnings] == ["without check mode this fails"]
    assert bench.run(change("a"), mode="report", **options)["changed"] is False
    assert bench.task.warnings == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("option", ["assume_role_arn", "assessor_role_arn"])
def test_acting_on_either_role_of_the_task_fails_in_every_mode(bench: Bench, option: str, check_mode: bool) -> None:
    own = f"arn:aws:iam::{ACCOUNT}:role/hardening/writer"
    with pytest.raises(TaskError, match="would act on the caller itself"):
        bench.run(change("a"), change(target=own), check_mode=check_mode, **{option: own})
    assert not bench.writes


def test_a_journal_that_can_not_be_written_changes_nothing(bench: Bench) -> None:
    bench.journal.write_text("a file where a directory should be")
    with pytest.raises(TaskError, match=f"can't write {bench.journal}") as caught:
        bench.run(change("a"))
    assert not bench.writes
    assert caught.value.details["changed"] is False


def test_a_write_that_failed_carries_what_was_done_before(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    call = bench.aws.call

    def refuse_b(service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        if parameters["Name"] == "b":
            raise AwsError("not allowed", code="AccessDenied", service=service, operation=operation)
        return call(service, operation, parameters, region=region)

    monkeypatch.setattr(bench.aws, "call", refuse_b)
    with pytest.raises(TaskError, match=f"Replace on {user_arn('b')}: .*AccessDenied: not allowed") as caught:
        bench.run(change("a"), change("b"))
    details = caught.value.details
    assert details["changed"] is True
    assert [done["applied"] for done in details["changes"]] == [True, False]
    assert len(details["diff"]) == 1
    assert bench.part["error"] == str(caught.value)


def test_a_report_that_can_not_be_written_does_not_hide_what_was_done(bench: Bench) -> None:
    bench.reports.write_text("a file where a directory should be")
    with pytest.raises(TaskError, match="can't write") as caught:
        bench.run(change("a"))
    assert caught.value.details["changed"] is True
    assert bench.writes == ["a"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_refusals_are_results_unless_they_shall_fail(bench: Bench, check_mode: bool) -> None:
    refusal = Refusal("expiry", "somebody would be locked out", "x", "Replace")
    bench.walk["plan"] = lambda _state, _findings: Plan(changes=(change("a"),), refused=(refusal,))
    result = bench.run(check_mode=True)
    assert result["refused"] == [refusal.as_dict()]
    with pytest.raises(TaskError, match="refused: somebody would be locked out") as caught:
        bench.run(on_refusal="fail", check_mode=check_mode)
    assert caught.value.details["changed"] is True
    assert caught.value.details["refused"] == [refusal.as_dict()]


# Findings and the part for the report


@pytest.mark.parametrize(("wanted", "statuses"), [("none", None), ("failed", ["FAIL"]), ("all", ["PASS", "FAIL"])])
def test_findings_as_asked_for(bench: Bench, wanted: str, statuses: t.Optional[list[str]]) -> None:
    found = (finding(status=Status.PASS), finding())
    bench.walk["assess"] = lambda _state: found
    result = bench.run(return_findings=wanted)
    shown = result.get("findings")
    assert (None if shown is None else [item["status"] for item in shown]) == statuses
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(result)
    revealed = bench.run(return_findings="failed", reveal_key_ids=True)
    assert revealed["findings"][0]["resource_detail"] == "AKIAIOSFODNN7EXAMPLE"


def test_the_part_has_what_was_predicted_and_the_result_has_not(bench: Bench) -> None:
    bench.impacts = [{"change": ["a is replaced"]}]
    assert "impacts" not in bench.run(change("a"))
    assert bench.part["impacts"] == bench.impacts


def test_costs_are_told_in_the_result_and_kept_for_the_report(bench: Bench) -> None:
    assert "costs" not in bench.run(change("a"), check_mode=True)
    costs = [{"option": "x", "unit": "y", "count": 2, "note": "z"}]
    bench.keeping = {"costs": lambda: costs}
    assert bench.run(change("a"), check_mode=True)["costs"] == costs
    assert bench.part["costs"] == costs


def test_a_module_that_runs_twice_keeps_both_parts_and_finds_its_own_plan(bench: Bench) -> None:
    bench.keeping = {"part": "replace-one"}
    planned = bench.run(change("a"), change("b"), check_mode=True, max_changes=1)
    bench.keeping = {"part": "replace-two"}
    bench.run(check_mode=True)
    assert (bench.part["module"], bench.part["changes"]) == ("replace", [])
    bench.keeping = {"part": "replace-one"}
    bench.run(change("a"), change("b"), max_changes=1, approved_plan=planned["plan_sha256"])
    assert bench.writes == ["a", "b"]


def test_findings_are_kept_for_the_report_where_no_assessment_makes_them(bench: Bench) -> None:
    bench.walk["assess"] = lambda _state: (finding(status=Status.PASS), finding())
    bench.run(return_findings="none")
    assert bench.part["findings"] == []
    bench.keeping = {"reports": True}
    bench.run(return_findings="none")
    assert [item["status"] for item in bench.part["findings"]] == ["PASS", "FAIL"]
    assert bench.part["findings"][1]["resource_detail"] == "AKIAIOSFODNN7EXAMPLE"


def test_the_part_has_what_a_cap_holds_back_so_that_it_can_be_approved(bench: Bench) -> None:
    bench.walk["plan"] = lambda _state, _findings: Plan(changes=(change("a"), change("b")), warnings=("look",))
    result = bench.run(check_mode=True, max_changes=1)
    assert not result["changes"] and len(result["refused"]) == 2
    part = bench.part
    assert part["schema"] == "hardening.iam/part/1"
    assert (part["module"], part["run_id"], part["mode"], part["check_mode"]) == ("replace", RUN, "enforce", True)
    assert part["plan"] == plan_document([change("a"), change("b")], account_id=ACCOUNT, run_id=RUN, created=NOW)
    assert part["plan_sha256"] == part["plan"]["plan_sha256"] == result["plan_sha256"]
    assert part["warnings"] == bench.task.warnings == ["look"]
    assert part["error"] is None


# Approved plans


@pytest.mark.parametrize("way", ["hash", "part", "plan", "document"])
def test_a_plan_of_a_check_run_is_approved_and_lifts_the_cap(bench: Bench, way: str, tmp_path: Path) -> None:
    held_back = bench.run(change("a"), change("b"), check_mode=True, max_changes=1)
    assert not held_back["changes"]
    plan_file = tmp_path / "plan.json"
    plan_file.write_text(json.dumps(bench.part["plan"]))
    approved = {
        "hash": held_back["plan_sha256"],
        "part": str(bench.reports / ACCOUNT / "parts" / "replace.json"),
        "plan": str(plan_file),
        "document": bench.part["plan"],
    }[way]
    result = bench.run(change("a"), change("b"), change("c"), max_changes=1, approved_plan=approved)
    assert bench.writes == ["a", "b"]
    assert [refusal["rule"] for refusal in result["refused"]] == ["approved_plan"]


def test_a_plan_of_the_account_is_found_by_its_hash(bench: Bench) -> None:
    document = plan_document([change("a")], account_id=ACCOUNT, run_id=RUN, created=NOW - timedelta(hours=3))
    (bench.reports / ACCOUNT).mkdir(parents=True)
    (bench.reports / ACCOUNT / "plan.json").write_text(json.dumps(document))
    bench.run(change("a"), max_changes=0, approved_plan=document["plan_sha256"])
    assert bench.writes == ["a"]


# Runs that were cut off


def test_a_run_that_was_cut_off_is_reported_and_a_real_run_settles_it(bench: Bench) -> None:
    store = DirectoryStore(str(bench.journal))
    journal_of(store, run_id="20261101T000000Z").intend(change("a"))
    journal_of(store, run_id="20261101T000000Z", module="other").intend(change("b"))
    bench.run(check_mode=True)
    assert bench.task.warnings == [
        f"run 20261101T000000Z was cut off at Replace on {user_arn('a')}; look at its target",
        f"run 20261101T000000Z was cut off at Replace on {user_arn('b')}; look at its target",
    ]
    bench.run()
    assert bench.task.warnings[0].endswith(f"{user_arn('a')}; what is there now says: failed")
    bench.run()
    # The other module's change stays open until that module runs.
    assert bench.task.warnings == [
        f"run 20261101T000000Z was cut off at Replace on {user_arn('b')}; look at its target"
    ]


def test_a_journal_that_can_not_be_read_is_a_warning_in_an_audit(bench: Bench) -> None:
    broken = bench.journal / ACCOUNT / "1" / "000001-intent.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    assert bench.run(change("a"), check_mode=True)["changed"] is True
    assert "whether an earlier run was cut off is not known" in bench.task.warnings[0]


def test_the_caller_of_another_account_is_refused_before_anything_is_read(bench: Bench) -> None:
    bench.aws.caller = FakeCaller(account_id="999988887777")
    bench.walk["observe"] = lambda: pytest.fail("the account was read")
    with pytest.raises(TaskError, match="999988887777"):
        bench.run(change("a"), mode="report")
