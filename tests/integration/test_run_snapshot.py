# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account is read once a run: the same results as where each module reads for itself, with fewer calls."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from .conftest import DEV, EXTERNAL_ID, PROD, Ansible, MakeAnsible, Outcome, Record, operation_of, role_arn

RUN: t.Final = "one-run"
#: Calls of a further account of 50 users in one region, with the default modes.
MOST_CALLS: t.Final = {"assess": 24, "harden": 80}
#: Calls for what roles plan on, which neither the preflight's table nor the assessment needs.
DETAILS: t.Final = ("config:DescribeConfigRules", "securityhub:DescribeStandards", "events:ListRules")
TIME: t.Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
CHANGE: t.Final = """\
import boto3

keys = boto3.client("sts").assume_role(
    RoleArn=%r, RoleSessionName="somebody-else", ExternalId=%r
)["Credentials"]
boto3.client(
    "iam",
    aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"],
    aws_session_token=keys["SessionToken"],
).update_account_password_policy(MinimumPasswordLength=%d)
"""


def mask(value: t.Any) -> t.Any:
    """A document without the times of its run, and without the place of its journal."""
    if isinstance(value, dict):
        return {name: mask(member) for name, member in value.items() if name not in ("clock_set_to", "journal")}
    if isinstance(value, list):
        return [mask(member) for member in value]
    return TIME.sub("<time>", value) if isinstance(value, str) else value


def documents(reports: Path) -> dict[str, Record]:
    """What a run left of its accounts, by the name of the file without the id of the job."""
    found = {}
    for path in sorted(reports.rglob("*.json")):
        name = re.sub(r"/parts/[^/]+/[^/]+/", "/parts/", path.relative_to(reports).as_posix())
        if re.fullmatch(r"\d{12}/(report|plan|parts/\w+)\.json", name):
            found[name] = mask(json.loads(path.read_text(encoding="utf-8")))
    return found


class Pair(t.NamedTuple):
    """The same run of the same accounts: with the shared snapshot, and without."""

    shared: dict[str, Record]
    alone: dict[str, Record]
    calls: Counter[str]
    calls_alone: Counter[str]


def run_both(ansible: Ansible, *arguments: str, **variables: t.Any) -> Pair:
    start = ansible.control.snapshot()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found: list[t.Any] = []
    for name, in_process in (("shared", True), ("alone", False)):
        ansible.control.restore(start)
        outcome = ansible.playbook(
            "harden",
            *arguments,
            hardening_run_id=RUN,
            hardening_now=now,
            hardening_report_dir=str(ansible.directory / name),
            hardening_journal=str(ansible.directory / f"journal-{name}"),
            hardening_in_process=in_process,
            **variables,
        ).succeeded()
        found += [documents(ansible.directory / name), Counter(map(operation_of, outcome.requests))]
    ansible.control.forget(start)
    return Pair(found[0], found[2], found[1], found[3])


@pytest.fixture(scope="module")
def checked(make_ansible: MakeAnsible) -> Pair:
    return run_both(make_ansible(), "--check", "--limit", "acme-prod,acme-dev")


@pytest.fixture(scope="module")
def enforced(make_ansible: MakeAnsible) -> Pair:
    return run_both(make_ansible(), "--limit", "acme-dev")


def differences(one: t.Any, other: t.Any, path: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        return [line for name in names for line in differences(one.get(name), other.get(name), f"{path}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for number, (a, b) in pairs for line in differences(a, b, f"{path}[{number}]")]
    return [] if one == other else [f"{path}: {one!r} is not {other!r}"]


def test_findings_and_plans_of_all_roles_are_those_of_modules_that_read_for_themselves(checked: Pair) -> None:
    assert {f"{account}/{name}.json" for account in (PROD, DEV) for name in ("report", "plan")} <= set(checked.shared)
    parts = {name.rpartition("/")[2] for name in checked.shared if name.startswith(f"{DEV}/parts/")}
    assert len(parts) >= 9, parts
    assert any(part["changes"] for name, part in checked.shared.items() if "/parts/" in name and "changes" in part)
    assert differences(checked.shared, checked.alone) == []
    assert checked.calls.total() < checked.calls_alone.total() * 0.75
    assert (
        checked.calls["iam:GetAccountAuthorizationDetails"] < checked.calls_alone["iam:GetAccountAuthorizationDetails"]
    )


def test_what_is_done_is_what_modules_do_that_read_for_themselves(enforced: Pair) -> None:
    """The roles write one after the other, and each discards what it touched."""
    applied = [
        change
        for name, part in enforced.shared.items()
        if "/parts/" in name
        for change in part.get("changes", [])
        if change["applied"]
    ]
    assert len({change["service"] for change in applied}) > 2
    assert differences(enforced.shared, enforced.alone) == []


def test_a_role_that_writes_reads_for_itself_what_it_plans_on(ansible: Ansible) -> None:
    """What the assessor is refused, or what somebody else makes after the preflight, must not mislead it."""
    for arguments, reader in ((["--check"], "assessor"), ([], "automation")):
        # Else the assessment reads it too.
        outcome = ansible.playbook("harden", *arguments, "--limit", "acme-dev", hardening_detective=False).succeeded()
        found = [request for request in outcome.requests if operation_of(request) in DETAILS]
        assert {operation_of(request) for request in found} == set(DETAILS)
        assert {request["caller_arn"].split("/")[1] for request in found} == {reader}


@pytest.fixture(scope="module")
def counted(make_ansible: MakeAnsible) -> dict[tuple[str, int], Outcome]:
    """Both playbooks over two and over three accounts."""
    ansible = make_ansible("scale:accounts=4,users=50")
    accounts = sorted(ansible.control.health()["accounts"])[1:]
    found = {}
    for playbook in MOST_CALLS:
        for count in (2, 3):
            inventory = ansible.directory / f"{count}.json"
            variables = {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "aws_assessor_role_arn": role_arn("{{ aws_account_id }}"),
                "aws_external_id": EXTERNAL_ID,
                "aws_regions": ["us-east-1"],
            }
            hosts = {f"account-{account}": {"aws_account_id": account} for account in accounts[:count]}
            inventory.write_text(json.dumps({"aws_accounts": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
            # One worker, so that no two accounts ask at once for what the first of them could note.
            outcome = ansible.playbook(playbook, "--check", "--forks", "1", inventory=inventory)
            found[playbook, count] = outcome.succeeded()
    return found


@pytest.mark.parametrize("playbook", MOST_CALLS)
def test_calls_of_a_further_account(counted: dict[tuple[str, int], Outcome], playbook: str) -> None:
    few, more = (Counter(map(operation_of, counted[playbook, count].requests)) for count in (2, 3))
    further = more - few
    assert 0 < further.total() <= MOST_CALLS[playbook], further.most_common()
    # The owner of the credentials is asked for once a run.
    assert further["sts:GetCallerIdentity"] == 0
    # In the modules that have something to ask: preflight, assessment, access_keys and event_alerts.
    assert further["sts:AssumeRole"] <= (1 if playbook == "assess" else 4)
    # The preflight reads what the detective roles plan on.
    assert [further[operation] for operation in DETAILS] == [0 if playbook == "assess" else 1] * len(DETAILS)
    assert counted[playbook, 3].writes == []


@pytest.fixture
def changing(ansible: Ansible) -> Outcome:
    """Somebody else changes the password policy between the assessment and the role that enforces another."""
    script = ansible.directory / "change.py"
    script.write_text(CHANGE % (role_arn(DEV, "automation"), EXTERNAL_ID, 9), encoding="utf-8")
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.import_role": {"name": "hardening.iam.assessment"}},
                {"ansible.builtin.command": {"argv": [sys.executable, str(script)]}},
                {"ansible.builtin.import_role": {"name": "hardening.iam.password_policy"}},
            ],
        }
    ]
    (ansible.directory / "site.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
    return ansible.playbook("site.yml", "--limit", "acme-dev", hardening_run_id=RUN).succeeded()


def test_an_account_that_changed_since_it_was_read_is_named_as_such(changing: Outcome) -> None:
    part = changing.part(DEV, "password_policy")
    (refusal,) = part["refused"]
    assert refusal["rule"] == "changed_meanwhile"
    assert "somebody else changed it since it was read" in refusal["reason"]
    assert not any(change["applied"] for change in part["changes"])
    # Only the script wrote.
    assert [operation for operation in changing.writes if operation.startswith("iam:")] == [
        "iam:UpdateAccountPasswordPolicy"
    ]


def test_the_stacks_are_read_once_a_run_whatever_the_roles_write(ansible: Ansible) -> None:
    names = ("assessment", "user_permissions", "permissions_boundary")
    tasks = [{"ansible.builtin.import_role": {"name": f"hardening.iam.{name}"}} for name in names]
    (ansible.directory / "site.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    outcome = ansible.playbook(
        "site.yml",
        "--limit",
        "acme-dev",
        hardening_run_id=RUN,
        user_permissions_groups=[{"name": "developers-of-dev", "users": ["dev-*"]}],
        user_permissions_remove_policies=[],
    ).succeeded()
    # The first role writes to IAM. The second one finds the role of the stack without reading the stacks.
    assert any(change["applied"] for change in outcome.part(DEV, "user_permissions")["changes"])
    refused = outcome.part(DEV, "permissions_boundary")["refused"]
    assert "foreign_owner" in {refusal["rule"] for refusal in refused}
    called = Counter(map(operation_of, outcome.requests))
    # A call in each region that AWS enables by default, and one for the stack of the demo.
    assert (called["cloudformation:ListStacks"], called["cloudformation:ListStackResources"]) == (17, 1)
    # The only user that loses a policy of its own is asked for once more.
    assert called["cloudformation:DescribeStackResources"] == 17
