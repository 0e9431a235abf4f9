# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assessment of an organization as a whole: faults that were made in it, denied reads, and who may ask at all."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import boto3
import jsonschema
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import ONCE
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.assessment_info import ENTRY
from dates import date_in, noon_in
from emulator.client import Emulator, EmulatorProcess

from .conftest import CHECKOUT, DEV, EXTERNAL_ID, MANAGEMENT, PROD, SANDBOX, Record, fresh, operation_of, role_arn

NOW = noon_in(0)
SCP = "SERVICE_CONTROL_POLICY"
UNSAFE = {
    "Sid": "NothingWithoutMfa",
    "Effect": "Deny",
    "NotAction": ["iam:*MFA*", "sts:*"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
KEEP = {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}
CONTROLS = {control.id for control in all_controls() if control.of_organization}
OF_TREE = CONTROLS - {"central_root_access"}
OF_POLICIES = {control.id for control in all_controls() if control.id.startswith("organization_")} & CONTROLS


def assess(account: str = MANAGEMENT, **options: t.Any) -> Record:
    """What assessment_info returns of an organization, or with ``scope`` of an account, with all findings."""
    wanted = {
        "scope": "organization",
        "account_id": account,
        "assessor_role_arn": role_arn(account),
        "assume_role_external_id": EXTERNAL_ID,
        "regions": ["us-east-1"],
        "return_findings": "all",
        **options,
    }
    return execute(ENTRY, options=validate(wanted), check_mode=True)


def validate(wanted: Record) -> Record:
    validator = ArgumentSpecValidator({**aws_argument_spec(), **ENTRY.argument_spec()})
    result = validator.validate(wanted)
    assert not result.error_messages
    return t.cast(Record, result.validated_parameters)


def statuses(result: Record) -> dict[str, set[str]]:
    """The statuses of all findings, by control."""
    assert not result.get("failed"), result
    found: dict[str, set[str]] = {}
    for finding in result["findings"]:
        found.setdefault(finding["control"], set()).add(finding["status"])
    return found


def of(result: Record, control: str) -> list[Record]:
    return [finding for finding in result["findings"] if finding["control"] == control]


@pytest.fixture(scope="module")
def control(emulator: EmulatorProcess) -> Iterator[Emulator]:
    """The emulator as the environment's endpoint."""
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield control


@pytest.fixture(scope="module")
def broken(control: Emulator) -> dict[str, str]:
    """The organization "acme" with faults of every kind, and what the new accounts are called."""
    client = boto3.client("organizations", region_name="us-east-1", endpoint_url=control.url)
    root = client.list_roots()["Roots"][0]["Id"]
    units = {
        unit["Name"]: unit["Id"]
        for unit in client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    }

    def attach(name: str, statement: t.Any, target: str) -> None:
        content = json.dumps({"Version": "2012-10-17", "Statement": statement})
        policy = client.create_policy(Name=name, Description=name, Type=SCP, Content=content)["Policy"]
        client.attach_policy(PolicyId=policy["PolicySummary"]["Id"], TargetId=target)

    attach("require-mfa", UNSAFE, units["Workloads"])
    for number in range(9):
        attach(f"keep-{number}", KEEP, PROD)
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=units["Sandbox"])
    made = {
        name: client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
        for name in ("acme-new", "acme-old")
    }
    client.close_account(AccountId=made["acme-old"])
    client.enable_aws_service_access(ServicePrincipal="config.amazonaws.com")
    client.register_delegated_administrator(AccountId=DEV, ServicePrincipal="config.amazonaws.com")
    client.register_delegated_administrator(AccountId=DEV, ServicePrincipal="macie.amazonaws.com")
    return made


@pytest.fixture(scope="module")
def found(control: Emulator, broken: dict[str, str]) -> Record:
    assert broken
    return assess()


def test_every_control_of_the_organization_is_judged_and_no_other(found: Record) -> None:
    assert statuses(found) == {
        "central_root_access": {"PASS"},
        "management_account_without_workloads": {"NOT_ASSESSED"},
        "organizational_units_by_environment": {"NOT_ASSESSED"},
        "delegated_policy_administrator": {"FAIL"},
        "delegated_service_administrators": {"FAIL"},
        "delegated_administrators_valid": {"FAIL"},
        "suspended_accounts_apart": {"FAIL"},
        "organization_guardrails": {"FAIL"},
        "organization_allows_something": {"FAIL"},
        "organization_policy_slots": {"FAIL"},
        "organization_mfa_policy": {"FAIL"},
        "organization_mfa_pattern": {"FAIL"},
    }
    assert set(statuses(found)) == CONTROLS
    assert found["unread"] == []


def test_what_fails_is_named(found: Record, broken: dict[str, str]) -> None:
    def names(control: str) -> set[str]:
        return {finding["resource_detail"] for finding in of(found, control)}

    assert names("organization_guardrails") == {"acme-new"}
    assert names("organization_mfa_policy") == {"acme-new", "acme-sandbox"}
    assert names("organization_allows_something") == {"/Sandbox"}
    assert names("organization_policy_slots") == {"acme-prod, SCPs"}
    assert names("organization_mfa_pattern") == {"require-mfa"}
    assert names("suspended_accounts_apart") == {"acme-old"}
    assert names("delegated_administrators_valid") == {"macie.amazonaws.com"}
    assert "config.amazonaws.com" not in names("delegated_service_administrators")
    (guardrail,) = of(found, "organization_guardrails")
    assert guardrail["resource"].endswith(f":account/o-acme123456/{broken['acme-new']}")
    assert guardrail["account_id"] == MANAGEMENT
    (closed,) = of(found, "organization_allows_something")
    assert closed["evidence"]["observed"]["accounts"] == [f"acme-sandbox ({SANDBOX})"]


def test_who_is_cut_off_for_want_of_mfa_is_told(found: Record) -> None:
    (finding,) = of(found, "organization_mfa_pattern")
    assert finding["evidence"]["observed"]["attached_to"] == ["/Workloads"]
    assert finding["evidence"]["observed"]["statements"] == ["NothingWithoutMfa"]
    assert "IAM Identity Center" in finding["detail"]


@pytest.mark.usefixtures("broken")
def test_the_report_is_valid_and_its_score_counts_the_organization_only(tmp_path: Path) -> None:
    result = assess(report_dir=str(tmp_path), return_findings="none")
    report = json.loads((tmp_path / MANAGEMENT / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads((CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8")))
    assert set(report["controls"]) == CONTROLS
    assert report["scope"]["populations"]["accounts"] == 6
    assert report["scope"]["populations"]["units"] == 5
    score = result["score"]
    # Of the six recommendations on organizations.
    judged = ("passed", "failed", "not_assessed")
    assert [score[name] for name in judged] == [1, 3, 2]
    assert (score["percent"], score["recommendations"], score["not_applicable"]) == (25.0, 6, 0)
    assert score["coverage_percent"] == round(100 * 4 / 6, 1)


def test_nothing_is_written_and_no_account_costs_a_call(control: Emulator) -> None:
    control.clear_log()
    assess()
    log = control.log()
    assert [operation_of(record) for record in log if not record["read_only"]] == []
    of_accounts = [record for record in log if record["operation"] in ("ListTagsForResource", "ListPoliciesForTarget")]
    policies = [record for record in log if record["operation"] == "DescribePolicy"]
    # The tags of policies, of which AWS's own have none.
    assert len(of_accounts) < len(policies)
    assert {record["account_id"] for record in log} == {MANAGEMENT}


def test_the_resource_policy_delegates(control: Emulator) -> None:
    client = boto3.client("organizations", region_name="us-east-1", endpoint_url=control.url)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{PROD}:root"},
        "Action": ["organizations:CreatePolicy", "organizations:AttachPolicy"],
        "Resource": "*",
    }
    client.put_resource_policy(Content=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    try:
        (finding,) = of(assess(include=["delegated_policy_administrator"]), "delegated_policy_administrator")
    finally:
        client.delete_resource_policy()
    assert (finding["status"], finding["detail"]) == ("PASS", f"policies may be managed by acme-prod ({PROD})")


@pytest.mark.parametrize(
    ("operation", "lost"),
    [
        ("organizations:ListRoots", OF_TREE),
        ("organizations:ListTargetsForPolicy", OF_POLICIES),
        (
            "organizations:ListDelegatedAdministrators",
            {"delegated_service_administrators", "delegated_administrators_valid"},
        ),
        ("organizations:DescribeResourcePolicy", {"delegated_policy_administrator"}),
        ("iam:ListOrganizationsFeatures", {"central_root_access"}),
    ],
)
def test_a_denied_read_is_never_a_pass(control: Emulator, found: Record, operation: str, lost: set[str]) -> None:
    service, _colon, name = operation.partition(":")
    control.faults([{"service": service, "operation": name, "kind": "error", "code": "AccessDenied", "status": 403}])
    try:
        after = assess()
    finally:
        control.clear_faults()
    before = statuses(found)
    for name, status in statuses(after).items():
        assert status == ({"NOT_ASSESSED"} if name in lost else before[name]), name
    for finding in after["findings"]:
        if finding["control"] in lost:
            assert operation in finding["detail"] and "AccessDenied" in finding["detail"]
    assert after["score"]["coverage_percent"] <= found["score"]["coverage_percent"]


def test_a_member_is_not_told_of_its_organization(control: Emulator) -> None:
    result = assess(PROD)
    assert set(statuses(result)) == CONTROLS
    assert all(status == {"NOT_ASSESSED"} for status in statuses(result).values())
    (warning,) = result["warnings"]
    assert f"account {PROD} can't read its organization" in warning
    assert "only the management account and delegated administrators can read" in warning
    assert result["score"]["percent"] is None


def test_a_delegated_administrator_may_assess_the_organization(control: Emulator, found: Record) -> None:
    result = assess(DEV)
    assert statuses(result)["organization_guardrails"] == {"FAIL"}
    assert of(result, "organization_guardrails")[0]["resource"] == of(found, "organization_guardrails")[0]["resource"]
    (workloads,) = of(result, "management_account_without_workloads")
    assert f"from account {DEV} can't read the management account" in workloads["detail"]


def test_in_an_account_the_controls_of_the_organization_are_not_assessed(control: Emulator) -> None:
    control.clear_log()
    result = assess(scope="account", include=sorted(CONTROLS))
    assert {(finding["status"], finding["detail"]) for finding in result["findings"]} == {("NOT_ASSESSED", ONCE)}
    assert {finding["control"] for finding in result["findings"]} == CONTROLS
    assert not [record for record in control.log() if record["service"] == "organizations"]


@pytest.mark.dated
@pytest.mark.usefixtures("broken")
def test_waivers_of_accounts_and_of_the_organization_are_one_list() -> None:
    common = {"reason": "on purpose", "owner": "me", "ticket": "T-1", "approved_by": "them", "expires": date_in(120)}
    waivers = [
        {
            "control": "organization_guardrails",
            "resources": ["*"],
            "accounts": ["*"],
            "reason_fingerprint": "*",
            **common,
        },
        {
            "control": "root_no_access_key",
            "resources": ["*"],
            "accounts": ["*"],
            "reason_fingerprint": "*",
            **common,
        },
    ]
    organization = assess(waivers=waivers, now=NOW)
    assert statuses(organization)["organization_guardrails"] == {"WAIVED"}
    account = assess(waivers=waivers, now=NOW, scope="account", include=["root_no_access_key"])
    assert statuses(account)["root_no_access_key"] == {"WAIVED"}
    of_the_clock = f"ages are counted from {NOW} (hardening_now), not from the clock"
    assert {*organization["warnings"], *account["warnings"]} == {of_the_clock}


def test_a_saved_snapshot_gives_the_same_findings(control: Emulator, tmp_path: Path) -> None:
    saved = str(tmp_path / "snapshot.json")
    live = assess(snapshot_path=saved, now=NOW)
    control.clear_log()
    again = assess(snapshot_path=saved, offline=True, now=NOW)
    assert again["findings"] == live["findings"]
    assert control.log() == []


def test_an_account_without_an_organization_is_told_so() -> None:
    with EmulatorProcess(seed="bare") as bare:
        result = assess_bare(bare.url)
    assert result["failed"]
    assert "belongs to no organization" in result["msg"]


def assess_bare(url: str) -> Record:
    """The assessment of an organization by an account that has none."""
    wanted = {
        "scope": "organization",
        "regions": ["us-east-1"],
        "access_key": "administrator",
        "secret_key": "emulated",
    }
    return execute(ENTRY, options=validate({**wanted, "endpoint_url": url}), check_mode=True)
