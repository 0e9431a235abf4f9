# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module organization_policy, through Ansible: made, changed, taken away, taken back, and rolled out by stages."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import EXTERNAL_ID, MANAGEMENT, Ansible, MakeAnsible, Outcome, Record, role_arn

WORK, DEVELOPMENT, SANDBOX = "/Workloads", "/Workloads/Development", "/Sandbox"
MEMBERS = ("222233334444", "333344445555", "444455556666")


def scp(*actions: str) -> Record:
    deny = {"Sid": "Keep", "Effect": "Deny", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [deny]}


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def run(
    ansible: Ansible, *arguments: str, module: str = "organization_policy", **options: t.Any
) -> tuple[Record, Outcome]:
    """One task in the management account; its result, and what it sent."""
    now = datetime.fromisoformat(options["now"]) if "now" in options else datetime.now(UTC)
    accepted = {"reason": "nobody is to read members here", "expires": f"{now + timedelta(days=180):%Y-%m-%d}"}
    own = {
        "break_glass": ["arn:aws:iam::*:role/iam-hardening/break-glass"],
        "accept_without_evidence": [{"account": account, **accepted} for account in MEMBERS],
    }
    outcome = ansible.module(
        module,
        *arguments,
        account_id=MANAGEMENT,
        assessor_role_arn=role_arn(MANAGEMENT),
        assume_role_arn=role_arn(MANAGEMENT, "automation"),
        assume_role_external_id=EXTERNAL_ID,
        **(own if module == "organization_policy" else {}),
        **options,
    )
    # Warnings stand below the result.
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return result, outcome


def operations(result: Record) -> list[str]:
    return [change["operation"] for change in result["changes"]]


def four_steps(ansible: Ansible, *policies: Record, **options: t.Any) -> Record:
    """Check, real, check again, real again; returns what the real run said."""
    options = {"policies": list(policies), **options}
    predicted, checked = run(ansible, "--check", "--diff", **options)
    assert checked.status == 0, checked.output
    assert checked.writes == []
    made, done = run(ansible, **options)
    assert done.status == 0, done.output
    assert predicted["plan_sha256"] == made["plan_sha256"]
    assert done.writes == [f"organizations:{operation}" for operation in operations(made)]
    for arguments in (("--check",), ()):
        result, again = run(ansible, *arguments, **options)
        assert (again.status, again.writes, result["changes"], result["changed"]) == (0, [], [], False)
    return made


@pytest.mark.dated
def test_create_change_and_delete_in_twelve_steps(ansible: Ansible) -> None:
    policy = {"name": "keep", "description": "ours", "content": scp("cloudtrail:StopLogging")}
    targets = [{"ou": SANDBOX}, {"account": "acme-dev"}]
    created = four_steps(ansible, {**policy, "targets": targets}, run_id="create")
    assert operations(created) == ["CreatePolicy", "AttachPolicy", "AttachPolicy"]
    turned = {
        **policy,
        "content": {**scp("cloudtrail:stoplogging"), "Statement": scp("cloudtrail:StopLogging")["Statement"][0]},
    }
    same, _outcome = run(ansible, policies=[{**turned, "targets": targets}])
    assert same["changes"] == []
    changed = four_steps(
        ansible,
        {**policy, "content": scp("cloudtrail:DeleteTrail"), "tags": {"team": "x"}, "targets": [{"ou": WORK}]},
        purge_attachments=True,
        run_id="change",
    )
    assert operations(changed) == ["TagResource", "UpdatePolicy", "AttachPolicy", "DetachPolicy", "DetachPolicy"]
    deleted = four_steps(ansible, {"name": "keep"}, state="absent", allow_loosen=True, run_id="delete")
    assert operations(deleted) == ["DetachPolicy", "DeletePolicy"]
    back, outcome = run(ansible, module="rollback", undo_run_id="delete", run_id="back")
    assert (outcome.status, operations(back), back["refused"]) == (0, ["CreatePolicy", "AttachPolicy"], [])
    again, _outcome = run(ansible, "--check", policies=[{"name": "keep"}], state="absent", allow_loosen=True)
    assert operations(again) == ["DetachPolicy", "DeletePolicy"]


def test_a_file_is_found_where_ansible_is_called(ansible: Ansible) -> None:
    (ansible.directory / "scp.json").write_text(json.dumps(scp("cloudtrail:StopLogging"), indent=4), encoding="utf-8")
    policy = {"name": "of-a-file", "content": "scp.json", "targets": [{"ou": SANDBOX}]}
    result, outcome = run(ansible, "--check", policies=[policy])
    assert outcome.status == 0, outcome.output
    assert operations(result) == ["CreatePolicy", "AttachPolicy"]
    assert result["policies"][0]["size"] < len(json.dumps(scp("cloudtrail:StopLogging"), indent=4))


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        ({"targets": [{"ou": "/Nowhere"}]}, {}, "the organization has no unit /Nowhere"),
        ({"targets": [{"account": "nobody"}]}, {}, "no account named 'nobody'"),
        ({"targets": [{"ou": WORK}], "exclude": [{"ou": DEVELOPMENT}]}, {}, "is below /Workloads"),
        ({"targets": [{"ou": WORK}]}, {"max_policy_size": 20}, "max_policy_size is 20"),
    ],
)
def test_bad_input_fails_before_anything_is_written(
    ansible: Ansible, policy: Record, options: Record, said: str
) -> None:
    declared = {"name": "bad", "content": scp("cloudtrail:StopLogging"), **policy}
    result, outcome = run(ansible, policies=[declared], **options)
    assert outcome.status != 0
    assert said in result["msg"]
    assert outcome.writes == []


@pytest.mark.parametrize(
    ("policy", "options", "rule"),
    [
        ({"targets": [{"root": True}]}, {}, "root_attachment"),
        ({"name": "deny-regions", "targets": [{"ou": SANDBOX}]}, {}, "foreign"),
        ({"targets": [{"ou": WORK}]}, {"max_policies_per_target": 2}, "slots"),
        ({"targets": [{"ou": WORK}], "content": scp("iam:*", "sts:*")}, {}, "lock_out"),
    ],
)
def test_what_a_guard_refuses_is_not_written(ansible: Ansible, policy: Record, options: Record, rule: str) -> None:
    declared = {"name": "refused", "content": scp("cloudtrail:StopLogging"), **policy}
    result, outcome = run(ansible, policies=[declared], **options)
    assert outcome.status == 0, outcome.output
    assert outcome.writes == []
    assert rule in {refusal["rule"] for refusal in result["refused"]}


def test_organizations_that_change_something_else_are_asked_again(ansible: Ansible) -> None:
    busy = {"code": "ConcurrentModificationException", "status": 409, "times": 1}
    ansible.control.faults([{"kind": "error", "service": "organizations", "operation": "AttachPolicy", **busy}])
    policy = {"name": "busy", "content": scp("cloudtrail:StopLogging"), "targets": [{"ou": SANDBOX}]}
    result, outcome = run(ansible, policies=[policy])
    ansible.control.clear_faults()
    assert outcome.status == 0, outcome.output
    assert [change["applied"] for change in result["changes"]] == [True, True]


def test_a_rollout_begins_with_its_canary_and_records_it(ansible: Ansible, tmp_path: Path) -> None:
    stages = [{"name": "canary", "targets": [{"ou": SANDBOX}]}, {"name": "work", "targets": [{"ou": WORK}]}]
    options = {"journal": str(tmp_path / "journal"), "rollout": {"stages": stages}}
    made = four_steps(ansible, {"name": "staged", "content": scp("cloudtrail:StopLogging")}, **options)
    assert operations(made) == ["CreatePolicy", "AttachPolicy"]
    assert made["rollout"][0]["stage"] == "canary"
    assert list((tmp_path / "journal" / "rollouts").rglob("*.json"))
