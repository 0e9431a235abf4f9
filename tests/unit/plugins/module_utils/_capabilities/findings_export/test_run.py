# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of answers of Security Hub: those that come late, and those that take some findings and not others."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export import run
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.asff import Place
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.observe import (
    read_hubs,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.attempts import VERIFY_WAITS
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task

ACCOUNT = "222233334444"
PRODUCT = f"arn:aws:securityhub:us-east-1:{ACCOUNT}:product/{ACCOUNT}/default"


def change(after: t.Mapping[str, t.Any], target: str = f"{PRODUCT}/import/1") -> Change:
    return Change(
        account_id=ACCOUNT,
        region="us-east-1",
        service="securityhub",
        operation="BatchImportFindings",
        target=target,
        parameters={},
        before=dict.fromkeys(after),
        after=dict(after),
        kind="",
        impact=Impact.ADDITIVE,
    )


REPORT: t.Final = {
    "account_id": ACCOUNT,
    "partition": "aws",
    "run": {"id": "20261125T020000Z", "started": "2026-11-25T02:00:00Z"},
    "findings": [],
}


class Present:
    """The access of a run, and what Security Hub shows: nothing, until the test says so."""

    home_region = "us-east-1"


class Export(run.FindingsExport):
    """An export that reads Security Hub from a variable."""

    def __init__(self, unplanned: str = "") -> None:
        self.task = Task(options={}, operations=run.OPERATIONS, check_mode=False)
        self.task.__dict__["access"] = Present()
        declared = Declared(frozenset(), ocsf=False, security_hub=True)
        super().__init__(declared, REPORT, {}, (), unplanned, self.task.connection)
        self.there: t.Mapping[str, t.Any] = {}
        self._hubs = {}
        self._present = lambda _change: self.there

    def warnings(self) -> list[str]:
        self.conclude({}, completed=True)
        return self.task.warnings


@pytest.fixture
def export() -> Export:
    return Export()


def test_what_was_taken_and_does_not_show_yet_is_a_warning(export: Export) -> None:
    done = change({"a": "open"})
    export.there = {"a": None}
    # Before the write, what is there is what counts.
    assert export.reread(done) == export.there
    export.learn(done, {"FailedCount": 0, "SuccessCount": 1})
    for _wait in VERIFY_WAITS:
        assert export.reread(done) == export.there
    assert export.warnings() == []
    assert export.reread(done) == done.after
    assert export.warnings() == ["us-east-1: Security Hub accepted all findings, but does not show all of them yet"]


def test_what_shows_in_time_is_no_warning(export: Export) -> None:
    done = change({"a": "open"})
    export.learn(done, {})
    export.there = {"a": "open"}
    assert [export.reread(done) for _look in range(9)] == [done.after] * 9
    assert export.warnings() == []


def test_what_was_refused_is_not_waited_for(export: Export) -> None:
    done = change({"a": "open", "b": "open"})
    answer = {"FailedFindings": [{"Id": "b", "ErrorCode": "InvalidInput", "ErrorMessage": "no"}]}
    assert export.learn(done, answer) == {"rejected": {"b": "InvalidInput: no"}}
    export.there = {"a": "open", "b": None}
    assert export.reread(done) == done.after
    result = export.result({"changes": []})
    assert result["failed_findings"] == [{"id": "b", "control": "", "resource": "b", "reason": "InvalidInput: no"}]
    assert export.failure(result) == "Security Hub rejected 1 findings:  on b: InvalidInput: no"


class Access:
    """Security Hub as the reads need to know it: findings, or an error."""

    def __init__(self, *found: t.Any, error: t.Optional[Exception] = None) -> None:
        self.found = found
        self.error = error
        self.asked: list[t.Any] = []

    def items(self, _service: str, _operation: str, _key: str, parameters: t.Any, *, region: str) -> t.Iterator[t.Any]:
        self.asked.append((region, parameters["Filters"]))
        if self.error:
            raise self.error
        names = {item["Value"] for item in parameters["Filters"].get("Id", ())}
        return iter([item for item in self.found if not names or item["Id"] in names])

    def gather(self, calls: t.Mapping[str, t.Callable[[], t.Any]]) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for name, call in calls.items():
            try:
                found[name] = call()
            except AwsError as error:
                found[name] = error
        return found


@pytest.mark.parametrize(
    ("error", "is_off", "problem"),
    [
        (InvalidRequest("not subscribed", code="InvalidAccessException"), True, ""),
        (AccessDenied("no", code="AccessDeniedException"), False, "AccessDeniedException: no"),
    ],
)
def test_a_region_that_tells_nothing_says_why(error: Exception, is_off: bool, problem: str) -> None:
    access: t.Any = Access(error=error)
    hub = read_hubs(access, [Place("aws", ACCOUNT, "us-east-1")])["us-east-1"]
    assert (hub.is_off, hub.problem) == (is_off, problem)


def test_of_a_region_only_its_own_findings_that_are_ours_are_read() -> None:
    access: t.Any = Access({"Id": "a", "ProductArn": PRODUCT})
    hubs = read_hubs(access, [Place("aws", ACCOUNT, "us-east-1")])
    assert set(hubs["us-east-1"].findings) == {"a"}
    assert access.asked == [
        (
            "us-east-1",
            {
                "ProductArn": [{"Value": PRODUCT, "Comparison": "EQUALS"}],
                "GeneratorId": [{"Value": "hardening.iam/", "Comparison": "PREFIX"}],
            },
        )
    ]


def test_findings_of_another_product_are_no_answer() -> None:
    access: t.Any = Access({"Id": "a", "ProductArn": PRODUCT.replace(ACCOUNT, "999900001111")})
    hub = read_hubs(access, [Place("aws", ACCOUNT, "us-east-1")])["us-east-1"]
    assert "999900001111" in hub.problem


def test_nothing_is_sent_where_the_plan_of_the_run_is_not_known() -> None:
    made = Export("config_rules: it is cut off")
    made._report = {**REPORT, "scope": {"regions_assessed": ["us-east-1"]}}
    made._access = t.cast(t.Any, Access({"Id": "a", "ProductArn": PRODUCT}))
    made._access.partition, made._access.caller = "aws", types.SimpleNamespace(account_id=ACCOUNT)
    plan = made.plan(made.observe(), ())
    assert plan.changes == ()
    assert [refusal.rule for refusal in plan.refused] == ["unread"]
    assert "config_rules: it is cut off" in plan.refused[0].reason


def test_the_findings_of_a_change_are_read_twenty_at_a_time() -> None:
    shown = {"ProductArn": PRODUCT, "RecordState": "ARCHIVED", "Workflow": {"Status": "NOTIFIED"}}
    found = [{**shown, "Id": str(number)} for number in range(45)]
    access: t.Any = Access(*found)
    done = change({str(number): "open" for number in range(50)})
    assert reread(access, None)(done) == dict.fromkeys(done.after)  # type: ignore[arg-type]
    assert [len(filters["Id"]) for _region, filters in access.asked] == [20, 20, 10]
    settled = change({"1": "NEW", "49": "NEW"}, target=f"{PRODUCT}/update/1")
    assert reread(access, None)(settled) == {"1": "NOTIFIED", "49": None}  # type: ignore[arg-type]


def test_a_hub_that_was_turned_off_since_has_nothing() -> None:
    access: t.Any = Access(error=InvalidRequest("not subscribed", code="InvalidAccessException"))
    done = change({"a": "open"})
    assert reread(access, None)(done) == {"a": None}  # type: ignore[arg-type]
