# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module has in common: how it fails, what time it is, which account it expects, where reports go."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, Store, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task, TaskError

STARTED = datetime(2026, 11, 25, 2, 3, 4, tzinfo=UTC)


def task(**options: t.Any) -> Task:
    return Task(options=options, operations=Operations(), check_mode=True, clock=lambda: STARTED)


def raising(error: Exception) -> dict[str, t.Any]:
    def run(_task: Task) -> dict[str, t.Any]:
        raise error

    entry = Entry(argument_spec=dict, operations=Operations(), run=run)
    return execute(entry, options={}, check_mode=True)


def test_the_clock_can_be_set() -> None:
    assert task(now="2026-12-31T00:00:00Z").now == datetime(2026, 12, 31, tzinfo=UTC)
    assert task(now=None).now == STARTED


def test_a_bad_time_names_option_and_value() -> None:
    with pytest.raises(TaskError, match=r"now: 'tomorrow' is not an ISO 8601 date and time"):
        task(now="tomorrow").now  # noqa: B018


def writing(mode: str = "enforce", *, check_mode: bool = False, **options: t.Any) -> Task:
    operations = Operations(writes=frozenset({"iam:CreatePolicy"}))
    return Task(options={"mode": mode, **options}, operations=operations, check_mode=check_mode, clock=lambda: STARTED)


@pytest.mark.parametrize("moment", ["2026-11-25T02:04:05Z", "2026-11-25T02:02:03Z", "2027-11-25T02:03:04Z"])
def test_a_task_that_writes_keeps_to_the_clock(moment: str) -> None:
    with pytest.raises(TaskError, match=r"hardening_now.* more than a minute from the clock.* audit with --check"):
        writing(now=moment).validate()
    for audit in (writing("report", now=moment), writing(now=moment, check_mode=True)):
        audit.validate()
        assert audit.clock_set_to is not None


@pytest.mark.parametrize("moment", ["2026-11-25T02:04:04Z", "2026-11-25T02:02:04Z", None])
def test_clocks_may_differ_by_a_minute(moment: t.Optional[str]) -> None:
    writing(now=moment).validate()
    assert writing(now=moment).clock_set_to is None


def test_the_clock_of_an_emulated_aws_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    later = "2027-11-25T02:03:04Z"
    assert writing(now=later, endpoint_url="http://127.0.0.1:5055").now == datetime(2027, 11, 25, 2, 3, 4, tzinfo=UTC)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5055")
    writing(now=later).validate()
    with pytest.raises(TaskError, match="hardening_now"):
        writing(now=later, endpoint_url="https://iam.amazonaws.com").validate()


def test_the_run_is_named_by_the_option_or_the_start() -> None:
    assert task(run_id="42").run_id == "42"
    assert task(run_id=None).run_id == "20261125T020304Z"


def test_an_account_id_has_12_digits() -> None:
    assert task(account_id=" 012345678901 ").account_id == "012345678901"
    assert task(account_id="").account_id is None


def test_what_is_no_account_id_is_refused() -> None:
    with pytest.raises(TaskError, match=r"account_id: '12345678901' is not an account id of 12 digits\. .* in quotes"):
        task(account_id="12345678901").validate()


@pytest.mark.parametrize("given", ["acme", "1234567890123", "-1", "١٢٣"])
def test_no_account_id_is_made_of_other_texts(given: str) -> None:
    with pytest.raises(TaskError, match="account_id"):
        task(account_id=given).account_id  # noqa: B018


OTHERS: t.Final = "arn:aws:iam::222233334444:role/{}"
OWN: t.Final = "arn:aws:iam::111122223333:role/{}"


@pytest.mark.parametrize(
    ("made", "option"),
    [
        (task(account_id="111122223333", assessor_role_arn=OTHERS.format("read")), "assessor_role_arn"),
        (task(account_id="111122223333", assume_role_arn=OTHERS.format("write")), "assume_role_arn"),
        (writing(account_id="111122223333", assume_role_arn=OTHERS.format("write")), "assume_role_arn"),
    ],
)
def test_a_role_of_another_account_is_refused_before_it_is_assumed(made: Task, option: str) -> None:
    with pytest.raises(TaskError) as caught:
        made.validate()
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"account_id: 111122223333 is not the account of {option}, which is 222233334444: arn:")
    assert second == f"Correct account_id, or name a role of 111122223333 in {option}."


def test_a_role_that_the_task_does_not_use_is_not_looked_at() -> None:
    """A group of hosts may declare the role of one account, which a task that only reads does not assume."""
    roles = {"assessor_role_arn": OWN.format("read"), "assume_role_arn": OTHERS.format("write")}
    task(account_id="111122223333", **roles).validate()
    task(account_id=None, assume_role_arn=OTHERS.format("write")).validate()
    writing(account_id="111122223333", assessor_role_arn=OTHERS.format("x"), assume_role_arn=OWN.format("y")).validate()


def test_another_account_than_expected_is_refused() -> None:
    task(account_id="111122223333").expect_account("111122223333")
    task(account_id=None).expect_account("111122223333")
    with pytest.raises(TaskError, match="belong to account 222233334444, not to 111122223333"):
        task(account_id="111122223333").expect_account("222233334444")


def open_reports(**options: t.Any) -> Store:
    """The place that the options name for reports."""
    made = task(**options)
    return made.open_store(made.reports)


def test_reports_go_to_a_directory(tmp_path: Path) -> None:
    place = open_reports(report_dir=str(tmp_path))
    assert isinstance(place, DirectoryStore)
    assert place.location == str(tmp_path)


@pytest.mark.parametrize("role", [None, ""])
def test_a_place_in_s3_needs_no_role(role: t.Optional[str]) -> None:
    """An empty field of a survey, or the empty default of a role, is no role."""
    assert open_reports(report_dir="s3://bucket/prefix", report_role_arn=role).location == "s3://bucket/prefix"


def test_a_directory_needs_no_valid_options_of_aws(tmp_path: Path) -> None:
    assert open_reports(report_dir=str(tmp_path), endpoint_url="nowhere").location == str(tmp_path)
    with pytest.raises(AwsError, match="endpoint_url"):
        open_reports(report_dir="s3://bucket/prefix", endpoint_url="nowhere")


def test_failures_are_results() -> None:
    assert raising(TaskError("no", extra=1)) == {"changed": False, "failed": True, "msg": "no", "extra": 1}
    assert raising(StoreError("full")) == {"changed": False, "failed": True, "msg": "full"}
    denied = raising(AccessDenied("not authorized", code="AccessDenied", service="iam", operation="ListUsers"))
    assert (denied["failed"], denied["error_code"], denied["operation"]) == (True, "AccessDenied", "ListUsers")


def test_a_defect_is_not_taken_for_a_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())


def test_warnings_reach_the_result() -> None:
    def run(running: Task) -> dict[str, t.Any]:
        running.warn("mind the gap")
        return {"answer": 42}

    entry = Entry(argument_spec=dict, operations=Operations(), run=run)
    assert execute(entry, options={}, check_mode=False) == {
        "answer": 42,
        "changed": False,
        "warnings": ["mind the gap"],
    }


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["svc-a", " svc-b", "\nsvc-c "], ["svc-a", "svc-b", "svc-c"]),
        ([""], []),
        ([{"name": " a"}], [{"name": " a"}]),
        (" text ", " text "),
        (None, None),
    ],
    ids=["spaces behind commas", "an empty field", "mappings", "a text", "nothing"],
)
def test_lists_are_taken_as_surveys_send_them(given: t.Any, taken: t.Any) -> None:
    assert task(names=given).options["names"] == taken
