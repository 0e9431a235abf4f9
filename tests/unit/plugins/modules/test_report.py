# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hardening.iam.plugins.action.report import ActionModule
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode
from ansible_collections.hardening.iam.plugins.modules import report

from ..module_utils._report import samples


def result_of(place: Path, **options: t.Any) -> dict[str, t.Any]:
    """The module's result for options as a play gives them."""
    validation = ArgumentSpecValidator(report.argument_spec(), **report.CONSTRAINTS).validate(
        {"report_dir": str(place), **options}
    )
    assert validation.error_messages == []
    return execute(ActionModule.entry, options=validation.validated_parameters, check_mode=True)


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
    assert set(result) - {"changed"} == documented(scope)
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
    assert set(result["files"]) == {"json", "plan", "txt", "csv"}


def test_what_goes_wrong_is_a_message(tmp_path: Path) -> None:
    result = result_of(tmp_path, account_id=samples.ACCOUNT)
    assert result["failed"] is True
    assert result["msg"].startswith("account_id: no assessment of 222233334444 in ")


def test_a_place_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = result_of(tmp_path / "file", scope="fleet")
    assert result["failed"] is True
    assert str(tmp_path / "file") in result["msg"]


def test_no_aws_operation_is_declared() -> None:
    assert not ActionModule.entry.operations.reads
    assert not ActionModule.entry.operations.writes
