# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An assessment by a role that has AWS's policy SecurityAudit alone: the page names each control that it leaves out."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from security_audit import read_page

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import BY_NAME
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import assessment_info
from emulator.client import EmulatorProcess
from emulator.seed import source

from .conftest import (
    DEV,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    SANDBOX,
    MakeAnsible,
    Record,
    fresh,
    operation_of,
    role_arn,
)


def make_seed(*, is_limited: bool) -> Record:
    seed: Record = yaml.safe_load((source.SEEDS / "acme.yml").read_text(encoding="utf-8"))
    assessor = seed["every_account"]["roles"]["assessor"]
    if is_limited:
        assessor |= {"policies": ["aws:SecurityAudit"], "judged": True}
        del assessor["inline"]
    return seed


@pytest.fixture
def environment(emulator: EmulatorProcess) -> Iterator[EmulatorProcess]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield emulator


def plant_rule() -> None:
    """Make a rule of this collection whose target keeps undelivered events in a queue."""
    events, sns, sqs = (boto3.client(service) for service in ("events", "sns", "sqs"))
    rule = BY_NAME["root-activity"]
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    url = sqs.create_queue(QueueName="undelivered")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=rule.full_name, EventPattern=json.dumps(rule.pattern), State=str(rule.state))
    target = {"Id": "alerts", "Arn": topic, "DeadLetterConfig": {"Arn": queue}}
    events.put_targets(Rule=rule.full_name, Targets=[target])


def assess(process: EmulatorProcess, account: str, *, is_limited: bool, **options: t.Any) -> Record:
    """What an assessment returns, and the operations that were denied to it."""
    control = fresh(process, make_seed(is_limited=is_limited))
    plant_rule()
    control.clear_log()
    given = {
        "account_id": account,
        "assessor_role_arn": role_arn(account),
        "assume_role_external_id": EXTERNAL_ID,
        "return_findings": "all",
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **assessment_info.ENTRY.argument_spec()}).validate(given)
    assert not validation.error_messages
    result: Record = execute(assessment_info.ENTRY, options=validation.validated_parameters, check_mode=True)
    assert not result.get("failed"), result["msg"]
    denied = {operation_of(record) for record in control.log() if "Denied" in str(record["error_code"])}
    return {"findings": result["findings"], "denied": denied}


def list_unassessed(result: Record) -> set[str]:
    return {one["control"] for one in result["findings"] if one["status"] == "NOT_ASSESSED"}


@pytest.mark.parametrize(
    ("account", "options"),
    [
        (MANAGEMENT, {}),
        (PROD, {"deep": True}),
        (MANAGEMENT, {"deep": True, "detective": True}),
        (MANAGEMENT, {"scope": "organization"}),
    ],
    ids=["account", "deep", "detective", "organization"],
)
def test_the_page_names_what_security_audit_does_not_read(
    environment: EmulatorProcess, account: str, options: Record
) -> None:
    full = assess(environment, account, is_limited=False, **options)
    limited = assess(environment, account, is_limited=True, **options)
    rows = [] if "scope" in options else read_page()
    named = [row for row in rows if row.option == "–" or options.get(row.option)]
    assert list_unassessed(limited) - list_unassessed(full) == {row.control for row in named}
    assert {one["control"] for one in limited["findings"]} == {one["control"] for one in full["findings"]}
    # AWS answers some questions about the organization to its management account alone, whatever a role may do.
    assert limited["denied"] - full["denied"] == {row.action for row in named}


def test_the_playbook_reports_every_account(make_ansible: MakeAnsible) -> None:
    assessed = make_ansible(make_seed(is_limited=True)).playbook("assess").succeeded()
    for account in (MANAGEMENT, PROD, DEV, SANDBOX):
        findings = assessed.report(account)["findings"]
        unread = [one for one in findings if one["status"] == "NOT_ASSESSED"]
        denied = {one["control"] for one in unread if "AccessDenied" in one["detail"]}
        # A control policy denies a region to the whole account.
        assert denied - {"region_assessed"} == {row.control for row in read_page() if row.option == "–"}
        assert len({one["control"] for one in findings}) > 100
