# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assessment where AWS denies, throttles, fails, hangs up or talks nonsense: less is known, and nothing crashes."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Iterator, Mapping, Sequence

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._account.model import DEEP, Dataset
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Control
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._controls.selection import datasets_for
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.assessment_info import ENTRY
from dates import noon_in
from emulator.client import Emulator, EmulatorProcess

from .conftest import DEV, EXTERNAL_ID, MANAGEMENT, Record, fresh, operation_of, role_arn

READ_DATASETS = sorted(datasets_for(all_controls()) | {Dataset.ACCOUNT_ALIASES}, key=lambda dataset: dataset.value)
READS = sorted({operation for dataset in READ_DATASETS for operation in OPERATIONS[dataset].reads})
# The management account has all that can be read but a trail with event selectors of its own and policies that bind it.
ACCOUNT_OF = {
    "cloudtrail:GetEventSelectors": DEV,
    **dict.fromkeys(OPERATIONS[Dataset.ORGANIZATION_POLICIES].reads - OPERATIONS[Dataset.ORGANIZATION].reads, DEV),
}
MOST_ATTEMPTS = 40
# What is read of single topics and keys: an alarm that fails for another reason fails without them too.
OF_SINGLE_THINGS = {"sns:GetTopicAttributes", "kms:DescribeKey", "kms:GetKeyPolicy"}


def assess(account: str, **options: t.Any) -> Record:
    """What assessment_info returns of an account in one region, with all findings."""
    validator = ArgumentSpecValidator({**aws_argument_spec(), **ENTRY.argument_spec()})
    wanted = {
        "account_id": account,
        "assessor_role_arn": role_arn(account),
        "assume_role_external_id": EXTERNAL_ID,
        "organization_role_arn": role_arn(MANAGEMENT),
        "regions": ["us-east-1"],
        "return_findings": "all",
        "now": noon_in(1000),
        **options,
    }
    validated = validator.validate(wanted)
    assert not validated.error_messages
    return execute(ENTRY, options=validated.validated_parameters, check_mode=True)


@pytest.fixture(scope="module")
def control(emulator: EmulatorProcess) -> Iterator[Emulator]:
    """The emulator as the environment's endpoint, and a collection that does not wait long before it asks again."""
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        encrypt_topic()
        yield control
    control.clear_faults()


def encrypt_topic() -> None:
    """Give the topic of the management account's alarms a key that CloudWatch may use, so that keys are read."""
    allowed = {"Service": "cloudwatch.amazonaws.com"}
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
        for principal in (allowed, {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"})
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = boto3.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    boto3.client("sns").set_topic_attributes(
        TopicArn=f"arn:aws:sns:us-east-1:{MANAGEMENT}:security-alarms",
        AttributeName="KmsMasterKeyId",
        AttributeValue=key,
    )


@pytest.fixture(scope="module")
def undisturbed(control: Emulator) -> Mapping[str, Record]:
    """Results by account, without any fault."""
    results = {account: assess(account) for account in (MANAGEMENT, DEV)}
    assert not any(result.get("failed") for result in results.values())
    return results


@pytest.fixture
def faulty(control: Emulator) -> Iterator[Emulator]:
    control.clear_log()
    yield control
    control.clear_faults()


def fault(operation: str, **properties: t.Any) -> Record:
    service, _colon, name = operation.partition(":")
    return {"service": service, "operation": name, **properties}


def findings(result: Record) -> dict[tuple[t.Any, ...], Record]:
    """The findings of a result by what they are about, without the time of the observation."""
    assert "failed" not in result, result
    return {
        (item["control"], item["region"], item["resource"], item["resource_detail"]): {
            **item,
            "evidence": {**item["evidence"], "observed_at": None},
        }
        for item in result["findings"]
    }


def dependents(operation: str) -> tuple[set[str], set[str]]:
    """The controls that can say nothing without an operation, and those whose verdict may rest on it."""
    datasets = {dataset for dataset in READ_DATASETS if operation in OPERATIONS[dataset].reads}
    return _ids(control for control in all_controls() if datasets & set(control.needs)), _ids(
        control for control in all_controls() if datasets & control.datasets
    )


def _ids(controls: t.Iterable[Control]) -> set[str]:
    return {control.id for control in controls}


def assert_only_dependents_suffer(operation: str, before: Record, after: Record, reasons: Sequence[str]) -> None:
    needing, touched = dependents(operation)
    expected, found = findings(before), findings(after)
    for control in all_controls():
        was = {key: value for key, value in expected.items() if key[0] == control.id}
        now = {key: value for key, value in found.items() if key[0] == control.id}
        if control.id not in touched:
            assert now == was, control.id
        elif operation in OF_SINGLE_THINGS:
            assert_nothing_passes_unread(operation, was, now)
        elif control.id in needing and control.id in {key[0] for key in expected}:
            assert {item["status"] for item in now.values()} == {"NOT_ASSESSED"}, control.id
            for item in now.values():
                assert operation in item["detail"], item["detail"]
                assert any(reason in item["detail"] for reason in reasons), item["detail"]
        for key, item in now.items():
            # Whatever is not known never makes something pass that did not.
            assert item["status"] != "PASS" or key in was, item
    assert after["score"]["coverage_percent"] <= before["score"]["coverage_percent"]
    if operation not in OF_SINGLE_THINGS:
        assert any(reason in text for reason in reasons for text in after["unread"])


def assert_nothing_passes_unread(operation: str, was: Mapping[t.Any, Record], now: Mapping[t.Any, Record]) -> None:
    """A control that passed by what an operation tells is not assessed, and names the operation; others stay."""
    if {item["status"] for item in was.values()} == {"PASS"}:
        assert {item["status"] for item in now.values()} == {"NOT_ASSESSED"}, now
        assert all(operation in item["detail"] for item in now.values()), now
    else:
        assert {item["status"] for item in now.values()} == {item["status"] for item in was.values()}


@pytest.mark.parametrize("operation", READS)
def test_denied(faulty: Emulator, undisturbed: Mapping[str, Record], operation: str) -> None:
    account = ACCOUNT_OF.get(operation, MANAGEMENT)
    faulty.faults([fault(operation, kind="error", code="AccessDenied", status=403)])
    result = assess(account)
    assert operation in {operation_of(record) for record in faulty.log()}
    assert_only_dependents_suffer(operation, undisturbed[account], result, ["AccessDenied"])


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"kind": "error", "code": "InternalFailure", "status": 500}, id="error"),
        pytest.param({"kind": "garbage"}, id="garbage"),
    ],
)
@pytest.mark.parametrize("operation", READS)
def test_failing_for_ever(
    faulty: Emulator, undisturbed: Mapping[str, Record], operation: str, properties: Record
) -> None:
    account = ACCOUNT_OF.get(operation, MANAGEMENT)
    faulty.faults([fault(operation, **properties)])
    result = assess(account)
    attempts: dict[t.Any, int] = {}
    for record in faulty.log():
        if operation_of(record) == operation:
            key = str(record["parameters"])
            attempts[key] = attempts.get(key, 0) + 1
    assert attempts
    assert 1 < max(attempts.values()) <= MOST_ATTEMPTS
    assert_only_dependents_suffer(operation, undisturbed[account], result, ["InternalFailure", "ResponseParserError"])


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"kind": "error", "code": "InternalFailure", "status": 500, "times": 2}, id="500-twice"),
        pytest.param({"kind": "drop", "times": 1}, id="dropped-once"),
        pytest.param({"kind": "garbage", "times": 1}, id="garbage-once"),
    ],
)
def test_passing_trouble_with_every_operation(
    faulty: Emulator, undisturbed: Mapping[str, Record], properties: Record
) -> None:
    operations = [*READS, "sts:AssumeRole"]
    faulty.faults([fault(operation, **properties) for operation in operations])
    for account, before in undisturbed.items():
        assert findings(assess(account)) == findings(before)
    asked = {operation_of(record) for record in faulty.log()}
    assert set(operations) <= asked


def test_throttling_for_a_while(faulty: Emulator, undisturbed: Mapping[str, Record]) -> None:
    faulty.faults([{"kind": "error", "code": "Throttling", "status": 400, "for_seconds": 10}])
    assert findings(assess(MANAGEMENT)) == findings(undisturbed[MANAGEMENT])
    throttled = [record for record in faulty.log() if record["status"] == 400]
    assert len(throttled) > 1


@pytest.mark.parametrize(
    ("operation", "role"), [("sts:AssumeRole", role_arn(MANAGEMENT)), ("sts:GetCallerIdentity", None)]
)
@pytest.mark.parametrize("properties", [{"kind": "garbage"}, {"kind": "drop"}], ids=["garbage", "dropped"])
def test_account_that_can_not_be_entered(
    faulty: Emulator, operation: str, role: t.Optional[str], properties: Record
) -> None:
    faulty.faults([fault(operation, **properties)])
    result = assess(MANAGEMENT, assessor_role_arn=role)
    assert result["failed"]
    assert operation in result["msg"]


def test_regions_that_can_not_be_listed(faulty: Emulator) -> None:
    faulty.faults([fault("ec2:DescribeRegions", kind="error", code="UnauthorizedOperation", status=403)])
    result = assess(MANAGEMENT, regions=["enabled"])
    assert result["failed"]
    assert "ec2:DescribeRegions" in result["msg"]


@pytest.mark.parametrize(
    "operation", ["iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails", "iam:ListMFADevices"]
)
def test_denied_evidence_per_principal(faulty: Emulator, operation: str) -> None:
    before = findings(assess(MANAGEMENT, deep=True))
    faulty.faults([fault(operation, kind="error", code="AccessDenied", status=403)])
    after = findings(assess(MANAGEMENT, deep=True))
    deep = _ids(control for control in all_controls() if control.is_deep)
    changed = {key[0] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed <= _ids(control for control in all_controls() if control.datasets & DEEP)
    assert not {item["control"] for item in after.values() if item["status"] == "FAIL"} & (changed & deep)
