# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.plugins.module_utils._report import samples

from ansible_collections.hardening.iam.plugins.action.report import ActionModule
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import Holder
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Lease
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode
from ansible_collections.hardening.iam.plugins.modules import report

RUN = "20261125T020000Z"
JOB = "20261125T020001Z"


def result_of(place: Path, *, check_mode: bool = True, **options: t.Any) -> dict[str, t.Any]:
    """The module's result for options as a play gives them."""
    validation = ArgumentSpecValidator(report.argument_spec(), **report.CONSTRAINTS).validate(
        {"report_dir": str(place), **options}
    )
    assert validation.error_messages == []
    return execute(ActionModule.entry, options=validation.validated_parameters, check_mode=check_mode)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    DirectoryStore(str(tmp_path)).put(f"{samples.ACCOUNT}/report.json", encode(samples.complete_report()))
    return tmp_path


def documented(scope: str) -> set[str]:
    """The RETURN keys that are promised for a scope."""
    returns = yaml.safe_load(report.RETURN)
    others = {"account", "fleet", "incident"} - {scope}
    return {key for key, value in returns.items() if not any(f"scope={name}" in value["returned"] for name in others)}


@pytest.mark.parametrize("scope", ["account", "fleet"])
def test_every_documented_value_is_returned_and_no_other(place: Path, scope: str) -> None:
    result = result_of(place, scope=scope, account_id=samples.ACCOUNT)
    # Ansible documents what every module may return.
    assert set(result) - {"changed", "warnings"} == documented(scope)
    types = {"str": str, "int": int, "bool": bool, "dict": dict, "list": list}
    for key, value in yaml.safe_load(report.RETURN).items():
        if key in documented(scope) and result[key] is not None:
            assert isinstance(result[key], types[value["type"]]), key


@pytest.mark.parametrize("scope", ["account", "fleet"])
def test_nothing_is_ever_changed_and_the_result_is_json(place: Path, scope: str) -> None:
    result = result_of(place, scope=scope, account_id=samples.ACCOUNT)
    assert result["changed"] is False
    assert json.loads(json.dumps(result)) == result


def test_the_samples_of_the_documentation_have_the_keys_of_the_result(place: Path) -> None:
    result = result_of(place, account_id=samples.ACCOUNT)
    returns = yaml.safe_load(report.RETURN)
    for key in ("summary", "counts", "score", "delta", "stats"):
        assert set(returns[key]["sample"]) == set(result[key]), key


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: report_dir"),
        ({"report_dir": "r"}, "scope is account but all of the following are missing: account_id"),
        ({"report_dir": "r", "scope": "fleet", "formats": ["pdf"]}, "value of formats must be one or more of"),
        ({"report_dir": "r", "scope": "fleet", "failures": [{"host": "x"}]}, "missing required arguments: reason"),
        ({"report_dir": "r", "scope": "fleet", "fail_on": "low"}, "value of fail_on must be one of"),
    ],
)
def test_bad_options_are_refused(options: dict[str, t.Any], message: str) -> None:
    validation = ArgumentSpecValidator(report.argument_spec(), **report.CONSTRAINTS).validate(options)
    assert any(message in error for error in validation.error_messages)


def test_options_may_be_the_strings_that_surveys_send(place: Path) -> None:
    result = result_of(place, account_id=int(samples.ACCOUNT), formats="txt,csv", ascii="yes", failures=[])
    assert set(result["files"]) == {"json", "plan", "plan_text", "txt", "csv"}


def test_what_goes_wrong_is_a_message(tmp_path: Path) -> None:
    result = result_of(tmp_path, account_id=samples.ACCOUNT)
    assert result["failed"] is True
    assert result["msg"].startswith("account_id: no assessment of 222233334444 in ")


def test_a_place_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = result_of(tmp_path / "file", scope="fleet")
    assert result["failed"] is True
    assert str(tmp_path / "file") in result["msg"]


@pytest.fixture
def journal(tmp_path: Path) -> DirectoryStore:
    """The place of a journal in which a job holds the lease of the account."""
    store = DirectoryStore(str(tmp_path / "journal"))
    lease_of(store).acquire()
    return store


def lease_of(store: DirectoryStore, job: str = JOB) -> Lease:
    holder = Holder(RUN, job, "password_policy", "arn:aws:sts::222233334444:assumed-role/automation/x", process="one")
    return Lease(store, holder, partition="aws", account_id=samples.ACCOUNT, clock=lambda: datetime.now(UTC))


def released_by(place: Path, journal: DirectoryStore, **options: t.Any) -> dict[str, t.Any]:
    job = {"job_id": JOB, "job_process": "one", **options}
    return result_of(place, check_mode=False, account_id=samples.ACCOUNT, journal=journal.location, run_id=RUN, **job)


def test_the_lease_is_released_after_the_report(place: Path, journal: DirectoryStore) -> None:
    result = released_by(place, journal, release_lease=True)
    assert result["run_id"] == RUN
    assert lease_of(journal, "another").find_other() is None


@pytest.mark.parametrize(
    "options",
    [{}, {"release_lease": True, "job_id": "another"}, {"release_lease": True, "scope": "fleet"}],
    ids=["not asked for", "another job", "fleet"],
)
def test_a_lease_that_is_not_to_be_released_stays(
    place: Path, journal: DirectoryStore, options: dict[str, t.Any]
) -> None:
    assert "msg" not in released_by(place, journal, **options)
    other = lease_of(journal, "a third one").find_other()
    assert other is not None and other.job_id == JOB


def test_no_lease_is_released_in_check_mode(place: Path, journal: DirectoryStore) -> None:
    options = {"account_id": samples.ACCOUNT, "journal": journal.location, "run_id": RUN, "job_id": JOB}
    assert "msg" not in result_of(place, release_lease=True, job_process="one", **options)
    assert lease_of(journal, "another").find_other() is not None


def test_a_lease_that_cannot_be_released_costs_no_report(place: Path, journal: DirectoryStore) -> None:
    (path,) = Path(journal.location).glob("control/leases/aws/*.json")
    path.write_text("{", encoding="utf-8")
    result = released_by(place, journal, release_lease=True)
    assert result["summary"]
    assert any("the lease of the account was not released, and ends by itself" in text for text in result["warnings"])


def test_no_aws_operation_is_declared() -> None:
    assert not ActionModule.entry.operations.reads
    assert not ActionModule.entry.operations.writes
