# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trials by boundary end at their deadline in runs that right-size nothing, such as those of harden.yml."""

from __future__ import annotations

import collections
import functools
import json
import shutil
import typing as t
from collections.abc import Callable, Iterator

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.modules import trial_deadlines
from emulator.client import EmulatorProcess

from .conftest import (
    DEV,
    EXTERNAL_ID,
    MANAGEMENT,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    fresh,
    operation_of,
    role_arn,
    write_inventory,
)
from .right_sizing import SmallBench, states

JOB: t.Final = f"arn:aws:iam::{MANAGEMENT}:role/job"
REMOVAL: t.Final = "iam:DeleteRolePermissionsBoundary"
COMMAND: t.Final = "ansible-playbook hardening.iam.right_size -e least_privilege_mode=enforce"
WIDE: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def kept(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallBench, int]]:
    """An account with a trial that has a record."""
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        bench = SmallBench(control, tmp_path_factory.mktemp("size"))
        bench.make_base()
        for stage in ("assess", "generate", "prepare", "canary"):
            bench.run(stage)
        yield bench, bench.keep()
    control.clear_faults()


@pytest.fixture
def bench(kept: tuple[SmallBench, int]) -> SmallBench:
    found, number = kept
    found.control.clear_faults()
    found.back_to(number)
    return found


def end_trials(bench: SmallBench, *, check: bool = False, **options: t.Any) -> Record:
    """Run the module, as one role of many in a run."""
    bench.runs += 1
    given = {
        "account_id": MANAGEMENT,
        "journal": str(bench.journal),
        "report_dir": str(bench.reports),
        "run_id": f"run-{bench.runs}",
        "now": bench.now.isoformat(),
        "return_findings": "all",
        **options,
    }
    return bench.result(trial_deadlines.ENTRY, check, {name: value for name, value in given.items() if value})


def list_findings(result: Record) -> list[tuple[str, str]]:
    return [(item["status"], item["resource"]) for item in result["findings"] if item["control"] == "trial_overdue"]


def test_a_trial_ends_at_the_deadline_of_its_record(bench: SmallBench) -> None:
    bench.wait(20)
    result = end_trials(bench)
    assert (result["changed"], result["trials"], bench.writes) == (False, [], [])
    assert [status for status, _resource in list_findings(result)] == ["PASS"]
    bench.wait(2)
    planned = end_trials(bench, check=True)
    assert [change["operation"] for change in planned["changes"]] == ["DeleteRolePermissionsBoundary"]
    assert list_findings(planned) == [("FAIL", JOB)]
    assert (bench.writes, bench.boundary("job") is None) == ([], False)
    result = end_trials(bench)
    assert (result["changed"], bench.writes, bench.boundary("job")) == (True, [REMOVAL], None)
    documented = yaml.safe_load(trial_deadlines.RETURN)
    assert set(documented) == set(result) - {"changed", "diff", "warnings"}
    for name in ("changes", "trials"):
        assert set(result[name][0]) == set(documented[name]["contains"])
    assert result["trials"][0]["role"] == JOB and result["trials"][0]["campaign"] == "developers"
    # Its campaign knows, and goes on from there. Nothing is left to do here.
    assert states(bench.run(None))["job"] == "lifted"
    assert end_trials(bench)["changed"] is False
    bench.approve("revert", revert=["job"])
    assert states(bench.run(None))["job"] == "reverted"


def test_a_trial_without_a_record_ends_by_the_date_of_aws(bench: SmallBench) -> None:
    shutil.rmtree(bench.journal / "campaigns")
    bench.wait(60)
    assert end_trials(bench)["changed"] is False
    bench.wait(31)
    assert (end_trials(bench)["changed"], bench.boundary("job")) == (True, None)


def test_an_approved_plan_of_something_else_keeps_no_trial(bench: SmallBench) -> None:
    plan = bench.run("revert", revert=["app"], check=True)["plan_sha256"]
    bench.wait(22)
    assert (end_trials(bench, approved_plan=plan)["changed"], bench.boundary("job")) == (True, None)


def deny(bench: SmallBench, operation: str) -> Record:
    bench.control.faults([{"kind": "error", "code": "AccessDenied", "status": 403, "operation": operation}])
    return {}


def lack_class(_bench: SmallBench) -> Record:
    """The run declares roles by class, and none for this one."""
    return {
        "assume_role_arns": {"credentials": role_arn(MANAGEMENT, "automation")},
        "assessor_role_arn": role_arn(MANAGEMENT),
        "assume_role_external_id": EXTERNAL_ID,
    }


def lack_role(_bench: SmallBench) -> Record:
    """The role is declared, and is not in the account."""
    return {
        "assume_role_arns": {"roles": role_arn(MANAGEMENT, "nobody")},
        "assessor_role_arn": role_arn(MANAGEMENT),
        "assume_role_external_id": EXTERNAL_ID,
    }


def add_assessor(bench: SmallBench) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    path = role_arn(MANAGEMENT).partition(":role")[2].rpartition("/")[0] + "/"
    bench.iam.create_role(Path=path, RoleName="assessor", AssumeRolePolicyDocument=json.dumps(trust))
    bench.iam.attach_role_policy(RoleName="assessor", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


@pytest.mark.parametrize("hinder", [lack_class, lack_role, None], ids=["class", "role", "permission"])
def test_a_run_that_may_not_end_a_trial_reports_it_and_does_not_fail(
    bench: SmallBench, hinder: t.Optional[Callable[[SmallBench], Record]]
) -> None:
    add_assessor(bench)
    bench.wait(22)
    bench.control.clear_log()
    options = hinder(bench) if hinder else deny(bench, "DeleteRolePermissionsBoundary")
    result = end_trials(bench, **options)
    bench.control.clear_faults()
    assert (result["changed"], bench.writes, bench.boundary("job") is None) == (False, [], False)
    assert list_findings(result) == [("FAIL", JOB)]
    (finding,) = (item for item in result["findings"] if item["status"] == "FAIL")
    assert COMMAND in finding["remediation"]["text"]
    if hinder is None:
        assert [item["rule"] for item in result["refused"]] == ["not_permitted"]
        assert COMMAND in result["refused"][0]["reason"]
    else:
        assert (result["mode"], COMMAND in str(result["warnings"])) == ("report", True)


def test_a_trial_that_can_not_be_read_is_not_assessed(bench: SmallBench) -> None:
    bench.wait(22)
    deny(bench, "GetPolicy")
    result = end_trials(bench)
    bench.control.clear_faults()
    assert (result["changed"], list_findings(result)) == (False, [("NOT_ASSESSED", JOB)])


def test_a_trial_whose_records_are_malformed_is_not_assessed(bench: SmallBench) -> None:
    bench.wait(22)
    for path in (bench.journal / "campaigns").rglob("*.json"):
        path.write_bytes(b"<html>")
    result = end_trials(bench)
    assert (result["changed"], list_findings(result)) == (False, [("NOT_ASSESSED", JOB)])


# The playbook


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def open_iam(ansible: Ansible) -> t.Any:
    environment = ansible.environment
    endpoint = environment["AWS_ENDPOINT_URL"]
    role = boto3.client("sts", endpoint_url=endpoint).assume_role(
        RoleArn=role_arn(DEV, "automation"), RoleSessionName="test", ExternalId=EXTERNAL_ID
    )["Credentials"]
    return boto3.client(
        "iam",
        endpoint_url=endpoint,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )


def begin_trial(ansible: Ansible, role: str, *, days_ago: int) -> None:
    """Begin a trial of a role, as a campaign did whose journal is elsewhere."""
    iam = open_iam(ansible)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}
    ansible.control.clock(offset_days=-days_ago)
    policy = iam.create_policy(
        PolicyName=f"lp-{role}-trial",
        Path="/iam-hardening/lp/",
        PolicyDocument=json.dumps(WIDE),
        Tags=[
            {"Key": "iam-hardening:managed", "Value": "true"},
            {"Key": "iam-hardening:campaign", "Value": "elsewhere"},
        ],
    )["Policy"]["Arn"]
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust), PermissionsBoundary=policy)
    ansible.control.clock(offset_days=0)


def harden(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    return ansible.playbook(
        "harden", "--tags", "trial_deadlines", *arguments, inventory=inventory, **variables
    ).succeeded()


def count_calls(outcome: Outcome) -> collections.Counter[str]:
    return collections.Counter(map(operation_of, outcome.requests))


def test_harden_ends_overdue_trials_and_asks_nothing_more_without_one(ansible: Ansible) -> None:
    # In an account without a trial the role makes no call of its own.
    assert count_calls(harden(ansible)) == count_calls(harden(ansible, trial_deadlines_mode="off"))
    begin_trial(ansible, "late", days_ago=100)
    begin_trial(ansible, "early", days_ago=10)
    planned = harden(ansible, "--check")
    assert planned.writes == []
    (change,) = planned.report(DEV)["changes"]
    assert (change["operation"], change["target"].rpartition("/")[2]) == ("DeleteRolePermissionsBoundary", "late")
    done = harden(ansible)
    assert done.writes == [REMOVAL]
    iam = open_iam(ansible)
    assert "PermissionsBoundary" not in iam.get_role(RoleName="late")["Role"]
    assert "PermissionsBoundary" in iam.get_role(RoleName="early")["Role"]
    report = done.report(DEV)
    assert not [item for item in report["findings"] if item["control"] == "trial_overdue" and item["status"] == "FAIL"]
