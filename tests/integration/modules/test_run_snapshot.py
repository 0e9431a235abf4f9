# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An assessment and a role after it, in one process: what the role asks of AWS, and what it does not."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from run_texts import read_texts

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import assessment_info, password_policy
from dates import noon_in
from emulator.client import Emulator, EmulatorProcess

ACCOUNT: t.Final = "333344445555"
ASSESSOR: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/assessor"
AUTOMATION: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation"
STRONG: t.Final = {
    "require_symbols": True,
    "require_numbers": True,
    "require_uppercase_characters": True,
    "require_lowercase_characters": True,
    "allow_users_to_change_password": True,
    "password_reuse_prevention": "24",
}
POLICY: t.Final = "iam:GetAccountPasswordPolicy"
UPDATE: t.Final = "iam:UpdateAccountPasswordPolicy"
ENTER: t.Final = "sts:AssumeRole"
IDENTITY: t.Final = "sts:GetCallerIdentity"


@pytest.fixture(scope="module")
def process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="acme") as process:
        yield process


@dataclasses.dataclass
class Run:
    """The tasks of one host in one process of Ansible."""

    control: Emulator
    directory: Path
    environment: t.Mapping[str, str]

    def __post_init__(self) -> None:
        self.files = RunFiles(self.directory / "private", b"s" * 32)

    def execute(self, entry: Entry, *, check_mode: bool = True, **options: t.Any) -> dict[str, t.Any]:
        given = {
            "account_id": ACCOUNT,
            "assessor_role_arn": ASSESSOR,
            "assume_role_arn": AUTOMATION,
            "assume_role_external_id": "acme-hardening",
            "run_id": "run-1",
            "regions": ["us-east-1"],
            "access_key": "administrator",
            "secret_key": "emulated",
            "region": "us-east-1",
            "endpoint_url": self.environment["AWS_ENDPOINT_URL"],
            **options,
        }
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate({name: given[name] for name in given if name in spec})
        assert not validation.error_messages
        self.control.clear_log()
        return execute(entry, options=validation.validated_parameters, check_mode=check_mode, files=self.files)

    def assess(self, **options: t.Any) -> dict[str, t.Any]:
        # These controls need what the role needs: the password policy and the credential report.
        included = ["password_*", "access_key_unused"]
        result = self.execute(assessment_info.ENTRY, include=included, return_findings="all", **options)
        assert not result.get("failed"), result
        return result

    def converge(self, length: int = 16, **options: t.Any) -> dict[str, t.Any]:
        given = {**STRONG, "minimum_password_length": length, "journal": str(self.directory / "journal"), **options}
        return self.execute(password_policy.ENTRY, **given)

    @property
    def called(self) -> list[str]:
        return [f"{record['service']}:{record['operation']}" for record in self.control.log()]


@pytest.fixture
def run(process: EmulatorProcess, tmp_path: Path) -> Iterator[Run]:
    process.control.reset("acme")
    yield Run(process.control, tmp_path, process.env())
    process.control.clear_faults()


def test_in_check_mode_a_role_plans_on_what_was_read_and_asks_nothing(run: Run) -> None:
    now = noon_in(1000)
    alone = run.converge(run_id="alone", now=now)
    assert run.called[:2] == [ENTER, IDENTITY]
    assert POLICY in run.called
    run.assess(now=now)
    # Whose the credentials are, the assessment has asked.
    assert run.called[-1] == IDENTITY
    shared = run.converge(now=now)
    assert run.called == []
    for result in (alone, shared):
        result.pop("run_id")
    assert shared == alone
    assert shared["changes"]
    run.converge(now=now)
    assert run.called == []


@pytest.mark.parametrize(
    "options",
    [
        {"run_id": "run-2"},
        {"run_id": None},
        {"access_key": "another"},
        {"endpoint_url": None},
        {"region": "eu-west-1"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_another_run_or_way_to_credentials_reads_for_itself(
    run: Run, options: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", run.environment["AWS_ENDPOINT_URL"])
    run.assess()
    run.converge(**options)
    assert {ENTER, IDENTITY} & set(run.called)
    if "access_key" not in options:
        assert POLICY in run.called


def test_another_process_reads_for_itself_although_the_files_are_there(run: Run) -> None:
    run.assess()
    run.files = RunFiles(run.files.directory, b"t" * 32)
    run.converge()
    assert POLICY in run.called


def test_a_module_outside_of_the_process_reads_for_itself(run: Run) -> None:
    run.assess()
    run.files = t.cast(RunFiles, None)
    run.converge()
    assert POLICY in run.called


def test_an_enforcing_run_asks_who_it_is_and_reads_its_target_again(run: Run) -> None:
    run.assess()
    result = run.converge(check_mode=False)
    assert result["changed"]
    before = run.called[: run.called.index(UPDATE)]
    assert before == [ENTER, IDENTITY, POLICY]
    # The next module sees the change, and not what was read before it.
    after = run.converge()
    assert POLICY in run.called
    assert after["changes"] == []
    run.converge()
    assert run.called == []


def test_what_changed_since_it_was_read_is_named_and_read_again(run: Run) -> None:
    run.assess()
    other = Run(run.control, run.directory / "other", run.environment)
    assert other.converge(9, check_mode=False, allow_weaken=True)["changed"]
    result = run.converge(check_mode=False)
    assert [refusal["rule"] for refusal in result["refused"]] == ["changed_meanwhile"]
    assert UPDATE not in run.called
    again = run.converge(check_mode=False)
    assert again["refused"] == []
    assert again["changed"]


def test_what_was_denied_to_the_reader_is_unread_for_the_writer(run: Run) -> None:
    denied = {"kind": "error", "operation": "GetAccountPasswordPolicy", "code": "AccessDenied", "status": 403}
    run.control.faults([denied])
    assert run.assess()["unread"]
    run.control.clear_faults()
    result = run.converge(check_mode=False, return_findings="all")
    assert POLICY not in run.called
    assert result["changes"] == []
    assert {finding["status"] for finding in result["findings"]} == {"NOT_ASSESSED"}
    told = " ".join(finding["detail"] for finding in result["findings"])
    assert f"asked by {ASSESSOR}, which read the account in this run" in told


def test_a_second_assessment_reads_afresh(run: Run) -> None:
    run.assess()
    run.assess(phase="after")
    assert POLICY in run.called


def test_no_file_has_a_credential_or_is_readable_by_others(run: Run) -> None:
    run.assess()
    run.converge()
    run.converge(check_mode=False)
    kept = [path for path in run.files.directory.rglob("*") if path.is_file()]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    text = read_texts(run.files.directory)
    assert "password_policy" in text
    assert [secret for secret in ('"emulated"', '"SecretAccessKey"', '"SessionToken"') if secret in text] == []
