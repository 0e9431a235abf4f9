# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs are compared: what differs between any two runs is masked, everything else is found."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scripts import compare_runs
from scripts.run_differences import (
    MASKS,
    Masks,
    RunOutput,
    by_module,
    count_calls,
    find_differences,
    kind_of,
    of_values,
    parse_page,
    split_output,
)

STARTED = datetime(2026, 1, 31, 12, tzinfo=UTC)
HERE, THERE = Path("/home/me/iam"), Path("/home/me/iam-before")
MASKING = Masks(checkouts=(HERE, THERE), started=STARTED, ended=STARTED + timedelta(minutes=10))
ACCOUNT = "111122223333"
JOBS = ("20260131T120002123456Z-0123abcd", "20260131T120507000000Z-89efcdab")
HASH = "a" * 64

Files = dict[str, str]
Make = t.Callable[..., RunOutput]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make what a run left: its files, the results of its one task, what it printed, and its calls."""

    def output(
        files: t.Optional[Files] = None,
        *,
        result: t.Any = None,
        printed: str = "",
        calls: t.Sequence[dict[str, t.Any]] = (),
        status: int = 0,
        is_unordered: bool = False,
    ) -> RunOutput:
        directory = tmp_path / str(len(list(tmp_path.iterdir())))
        directory.mkdir()
        for name, text in (files or {}).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        task = {"task": {"name": "Assess"}, "hosts": {"acme-prod": result or {}}}
        plays = [{"play": {"name": "Harden"}, "tasks": [task]}]
        document = {"custom_stats": {}, "global_custom_stats": {}, "plays": plays, "stats": {}}
        stdout = f"{printed}\n{json.dumps(document, indent=4)}\n"
        return RunOutput("check", status, stdout, "", directory, calls, is_unordered)

    return output


def differences(before: RunOutput, after: RunOutput) -> dict[str, list[str]]:
    return find_differences([before], [after], masks=MASKING)


def call(operation: str = "ListUsers", **parameters: t.Any) -> dict[str, t.Any]:
    return {
        "account_id": ACCOUNT,
        "region": "us-east-1",
        "service": "iam",
        "operation": operation,
        "caller_arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/assessor/iam-hardening",
        "parameters": parameters,
        "error_code": None,
    }


# Masks


@pytest.mark.parametrize(
    ("texts", "masked"),
    [
        pytest.param([f"parts/{job}/x.json" for job in JOBS], "parts/<job id>/x.json", id="job"),
        pytest.param(
            [f"{ACCOUNT}/run/{JOBS[0]}/00000{n}" for n in (1, 2)], f"{ACCOUNT}/run/<job id>/<record>", id="record"
        ),
        pytest.param([f"{HERE}/plugins", f"{THERE}/plugins"], "<checkout>/plugins", id="checkout"),
        pytest.param(["2026-01-31T12:00:00Z", "2026-01-31T12:10:00.5+00:00"], "<moment>", id="moment"),
        pytest.param(["20260131T120000Z", "20260131T120959Z"], "<moment>", id="compact-moment"),
        pytest.param(["at 2026-01-31 12:00", "at 2026-01-31 12:10"], "at <moment>", id="minutes"),
        pytest.param(["rule config-rule-abcdef", "rule config-rule-zzzzzz"], "rule <config rule id>", id="config-rule"),
        pytest.param(
            ["c2f718e6-6035-4379-bafa-a0b58d3b03fb", "02f5ce45-136f-44fa-8894-0c932e0ade0b"], "<uuid>", id="uuid"
        ),
    ],
)
def test_what_differs_between_any_two_runs_is_masked(texts: list[str], masked: str) -> None:
    assert {MASKING.text(text) for text in texts} == {masked}


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T11:58:59Z",
        "2026-01-31T12:10:01Z",
        # What hardening_now sets.
        "2026-01-31T18:00:00Z",
        "2026-01-31",
        "999999999999",
        HASH,
        f"arn:aws:iam::{ACCOUNT}:user/svc-2026",
    ],
)
def test_everything_else_is_compared(text: str) -> None:
    assert MASKING.text(text) == text


def test_numbers_that_are_moments_of_the_clock_are_masked() -> None:
    second = int(STARTED.timestamp()) + 1
    assert MASKING.value([second, second * 1000, second + 700, True, 7]) == [
        "<moment>",
        "<moment>",
        second + 700,
        True,
        7,
    ]


def test_options_and_durations_are_left_out() -> None:
    assert MASKING.value({"invocation": {"a": 1}, "changed": {"duration": 3, "b": 2}}) == {"changed": {"b": 2}}


def test_every_mask_has_its_reason() -> None:
    assert all(mask.reason.endswith(".") for mask in MASKS)


# Runs


def test_runs_that_differ_in_job_and_clock_only_are_equal(make: Make) -> None:
    runs = []
    for job, moment in zip(JOBS, ("2026-01-31T12:00:02Z", "2026-01-31T12:05:07Z"), strict=True):
        files = {
            f"journal/{ACCOUNT}/harden/{job}/000001-run.json": json.dumps({"at": moment, "module": "access_keys"}),
            f"reports/{ACCOUNT}/report.json": json.dumps({"run": {"started": moment}}),
            f"reports/{ACCOUNT}/report.html": f"<p>{moment}</p>",
            "reports/manifest.json": json.dumps({"files": {f"parts/{job}": {"sha256": moment}}}),
            "reports/manifests/00000001.json": json.dumps({"files": {f"parts/{job}": {}}, "previous": moment}),
            f"reports/fleets/{hashlib.sha256(moment.encode()).hexdigest()}.json": json.dumps({"created": moment}),
        }
        runs.append(make(files, result={"at": moment}, printed=f"Date: {moment}", calls=[call(Token=job)]))
    assert differences(*runs) == {}


REPORT = f"reports/{ACCOUNT}/report.json"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param(
            {"files": {REPORT: '{"findings": [{"title": "a"}]}'}},
            {"files": {REPORT: '{"findings": [{"title": "b"}]}'}},
            {"report": [f'check: {REPORT} .findings[0].title: "a" became "b"']},
            id="report",
        ),
        pytest.param(
            {"files": {"reports/fleet.html": '<p class="a">x</p>'}},
            {"files": {"reports/fleet.html": '<p class="b">x</p>'}},
            {"html": ["""check: reports/fleet.html [0]: "<p class='a'>" became "<p class='b'>\""""]},
            id="html",
        ),
        pytest.param(
            {"files": {"reports/a/report.txt": "x"}},
            {"files": {"reports/b/report.txt": "x"}},
            {"files": ["check: only before: reports/a/report.txt", "check: only after: reports/b/report.txt"]},
            id="names",
        ),
        pytest.param(
            {"result": {"changed": False}},
            {"result": {"changed": True}},
            {"results": ["check: .Harden / Assess / acme-prod[0].changed: false became true"]},
            id="result",
        ),
        pytest.param(
            {"printed": "one\ntwo\none"},
            {"printed": "two\none"},
            {"terminal": ["check: only before, 1 times: one"]},
            id="terminal",
        ),
        pytest.param({"status": 0}, {"status": 2}, {"status": ["check: 0 became 2"]}, id="status"),
    ],
)
def test_differences_are_found(make: Make, before: t.Any, after: t.Any, found: dict[str, list[str]]) -> None:
    assert differences(make(**before), make(**after)) == found


def test_one_more_call_is_found_whatever_the_order(make: Make) -> None:
    calls = [call(), call("GetUser", UserName="a"), call("GetUser", UserName="b")]
    assert differences(make(calls=calls), make(calls=calls[::-1])) == {}
    (line,) = differences(make(calls=calls), make(calls=[*calls, call()]))["calls"]
    assert line.startswith(f"check: only after, 1 times: {ACCOUNT} us-east-1 iam:ListUsers by arn:aws:sts::")


def test_how_often_a_report_was_asked_for_is_not_compared() -> None:
    once, thrice = (count_calls([call("GenerateCredentialReport")] * number, MASKING) for number in (1, 3))
    assert once == thrice
    assert once != count_calls([], MASKING)


def record(number: int, module: str, region: str) -> dict[str, t.Any]:
    return {"module": module, "change": {"region": region, "target": str(number)}}


def test_the_journal_is_compared_by_module_and_region() -> None:
    first = [record(1, "config_rules", "a"), record(2, "config_rules", "b"), record(3, "config_rules", "a")]
    numbered = [
        {f"{number:06}": {"intent": entry} for number, entry in enumerate(entries)}
        for entries in (first, [first[1], first[0], first[2]], [first[2], first[1], first[0]])
    ]
    records = [by_module(entries) for entries in numbered]
    assert records[0] == records[1] != records[2]


def test_changes_of_a_run_in_no_order_are_compared_by_region(make: Make) -> None:
    changes = [{"region": "a", "target": "1"}, {"region": "b", "target": "2"}]
    texts = [
        {
            f"reports/{ACCOUNT}/plan.json": json.dumps({"changes": order, "plan_sha256": value}),
            f"reports/{ACCOUNT}/plans/{value}.json": json.dumps({"changes": order}),
            f"reports/{ACCOUNT}/report.txt": "\n".join(change["target"] for change in order),
        }
        for order, value in ((changes, HASH), (changes[::-1], "b" * 64))
    ]
    runs = [make(files) for files in texts]
    assert differences(*runs).keys() == {"files", "plan", "text"}
    unordered = [dataclasses.replace(run, is_unordered=True) for run in runs]
    assert differences(*unordered) == {}


# Parts


def test_a_page_is_compared_as_parsed() -> None:
    page = parse_page("<p id='a' class=b>it&#39;s\n  here<br></p>")
    assert page == parse_page('<p class="b" id="a">it&#x27;s here<br></p>')
    assert page != parse_page('<p class="b" id="a">its here<br></p>')


def test_values_of_other_types_differ() -> None:
    assert list(of_values({"a": 1, "b": [1]}, {"a": True, "b": [1, 2], "c": None})) == [
        ".a: 1 became true",
        ".b: 1 items became 2",
        ".c: only after",
    ]


def test_a_run_without_results_is_an_error() -> None:
    with pytest.raises(ValueError, match="printed no results: ERROR"):
        split_output("ERROR! no such playbook")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"reports/{ACCOUNT}/plans/{HASH}.json", "plans"),
        (f"reports/{ACCOUNT}/plan.json", "plan"),
        ("reports/fleet.json", "fleet"),
        ("journal/rollouts/x/000001-started.json", "journal"),
        (f"reports/{ACCOUNT}/findings.ocsf.jsonl", "other"),
    ],
)
def test_kinds_of_files(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_only_new_files_of_a_run_are_copied(tmp_path: Path) -> None:
    kept, seen = tmp_path / "kept", dict[Path, int]()
    report = tmp_path / "run/reports/report.json"
    report.parent.mkdir(parents=True)
    for name, text in (("first", "{}"), ("second", None), ("third", "[]")):
        if text is not None:
            report.write_text(text, encoding="utf-8")
        compare_runs.copy_new(tmp_path / "run", kept / name, seen)
    assert [path.relative_to(kept).as_posix() for path in sorted(kept.rglob("*.json"))] == [
        "first/reports/report.json",
        "third/reports/report.json",
    ]


def test_what_was_found_decides_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_runs.tell({}, 1) == 0
    assert capsys.readouterr().out == "equal\n"
    assert compare_runs.tell({"calls": ["one", "two"]}, 1) == 1
    assert capsys.readouterr().out == "\nCalls to AWS: 2 differences\n  one\n"
