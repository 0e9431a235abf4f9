# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of the organization "acme" as an inventory, read by Ansible's commands as a user reads it."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml
from bench.measure import measure
from bench.organization import structure

from emulator.client import EmulatorProcess

from .conftest import (
    BIN,
    CHECKOUT,
    DEV,
    EXTERNAL_ID,
    INVENTORIES,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    operation_of,
    role_arn,
    write_inventory,
)

EXAMPLE: t.Final = INVENTORIES / "demo_organization.yml"
NAMES: t.Final = {"acme-management": MANAGEMENT, "acme-prod": PROD, "acme-dev": DEV, "acme-sandbox": SANDBOX}
GRAPH: t.Final = """\
@all:
  |--@ungrouped:
  |--@account_state_active:
  |  |--acme-management
  |  |--acme-prod
  |  |--acme-dev
  |  |--acme-sandbox
  |--@aws_accounts:
  |  |--acme-management
  |  |--acme-prod
  |  |--acme-dev
  |  |--acme-sandbox
  |--@organization_management:
  |  |--acme-management
  |--@ou_root:
  |  |--@ou_sandbox:
  |  |  |--acme-sandbox
  |  |--@ou_workloads:
  |  |  |--@ou_workloads_development:
  |  |  |  |--acme-dev
  |  |  |--@ou_workloads_production:
  |  |  |  |--acme-prod
  |  |--acme-management
"""


def source(directory: Path, **options: t.Any) -> Path:
    """A file for the plugin, with names for hosts where the options say nothing else."""
    path = directory / "organization.yml"
    content = {"plugin": "hardening.iam.organization", "hostnames": "name", **options}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def listing(ansible: Ansible, **options: t.Any) -> Outcome:
    """What ``ansible-inventory --list`` says of an inventory with these options."""
    command = ["ansible-inventory", "-i", str(source(ansible.directory, **options)), "--list"]
    return ansible.noted(*command, "--output", str(ansible.directory / "list.json"))


def inventory_of(outcome: Outcome) -> Record:
    return t.cast(Record, json.loads((outcome.directory / "list.json").read_text(encoding="utf-8")))


def failure(ansible: Ansible, **options: t.Any) -> str:
    """What is said of an inventory that can't be read, on one line. It ends the command, whatever the settings are."""
    outcome = ansible.noted("ansible-inventory", "-i", str(source(ansible.directory, **options)), "--list")
    assert outcome.status != 0
    assert not outcome.writes
    return " ".join(outcome.output.split())


def organizations(ansible: Ansible) -> t.Any:
    """A client for what a test changes in the organization."""
    environment = ansible.environment
    return boto3.client(
        "organizations",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )


def test_graph_of_the_demo(ansible: Ansible) -> None:
    done = ansible.run("ansible-inventory", "-i", str(EXAMPLE), "--graph")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == GRAPH
    document = (INVENTORIES.parents[1] / "docs" / "inventory.md").read_text(encoding="utf-8")
    assert GRAPH in document


def test_hosts_have_what_the_playbooks_need(ansible: Ansible) -> None:
    outcome = listing(ansible, organization_role_name="iam-hardening/assessor").succeeded()
    assert not outcome.writes
    hosts = inventory_of(outcome)["_meta"]["hostvars"]
    assert {name: variables["aws_account_id"] for name, variables in hosts.items()} == NAMES
    # Plain texts, which AWX imports as they are.
    assert hosts["acme-prod"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "aws_account_id": PROD,
        "aws_account_name": "acme-prod",
        "aws_account_state": "ACTIVE",
        "aws_assessor_role_arn": role_arn(PROD),
        "aws_assume_role_arn": role_arn(PROD, "automation"),
        "aws_organization_role_arn": role_arn(MANAGEMENT),
        "aws_organization_id": "o-acme123456",
        "aws_ou_id": hosts["acme-prod"]["aws_ou_ids"][-1],
        "aws_ou_ids": hosts["acme-prod"]["aws_ou_ids"],
        "aws_ou_path": "/Workloads/Production",
        "aws_partition": "aws",
    }
    assert len(hosts["acme-prod"]["aws_ou_ids"]) == 3


def verdicts(outcome: Outcome, account_id: str) -> set[tuple[str, str, str]]:
    return {
        (finding["fingerprint"], finding["control"], finding["status"])
        for finding in outcome.report(account_id)["findings"]
    }


@pytest.fixture(scope="module")
def by_hand(make_ansible: MakeAnsible) -> dict[str, set[tuple[str, str, str]]]:
    """The verdicts on all accounts, assessed over an inventory that is written by hand."""
    ansible = make_ansible()
    accounts = {name: {"aws_account_id": account_id} for name, account_id in NAMES.items()}
    written = write_inventory(ansible.directory, accounts, aws_organization_role_arn=role_arn(MANAGEMENT))
    outcome = ansible.playbook("assess", inventory=written).succeeded()
    return {account_id: verdicts(outcome, account_id) for account_id in NAMES.values()}


@pytest.mark.parametrize("through_awx", [False, True], ids=["as it is", "as AWX imports it"])
def test_playbooks_run_the_same_on_a_static_and_a_dynamic_inventory(
    by_hand: dict[str, set[tuple[str, str, str]]], ansible: Ansible, through_awx: bool
) -> None:
    found = _export(ansible) if through_awx else EXAMPLE
    variables = {"aws_external_id": EXTERNAL_ID, "aws_regions": ["us-east-1"]}
    outcome = ansible.playbook("assess", inventory=found, **variables).succeeded()
    assert {account_id: verdicts(outcome, account_id) for account_id in NAMES.values()} == by_hand
    assert by_hand[PROD]
    assert not outcome.writes
    fleet = {account["account_id"] for account in outcome.document("fleet.json")["accounts"]}
    assert fleet == set(NAMES.values())


def _export(ansible: Ansible) -> Path:
    """What AWX makes of an inventory source: an export at first, then a script that prints it, for the job."""
    done = ansible.run("ansible-inventory", "-i", str(EXAMPLE), "--list", "--export")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    # AWX keeps hosts, groups and variables, and nothing else.
    content["_meta"] = {"hostvars": content["_meta"]["hostvars"]}
    path = ansible.directory / "hosts"
    path.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(json.dumps(content))})\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_preflight_of_accounts_chosen_by_unit(ansible: Ansible) -> None:
    outcome = ansible.playbook(
        "preflight",
        inventory=source(ansible.directory, include=[{"ou": "/Workloads"}], exclude=[{"account": "*-dev"}]),
        aws_external_id=EXTERNAL_ID,
    ).succeeded()
    assert {path.name for path in outcome.reports.iterdir()} == {PROD}
    # Excluded from the work, and still the one that the playbook of the organization runs on.
    inventory = inventory_of(listing(ansible, include=[{"ou": "/Workloads"}]).succeeded())
    assert inventory["organization_management"]["hosts"] == ["acme-management"]
    assert "acme-management" not in inventory["aws_accounts"]["hosts"]


def test_tags_make_groups_and_variables(ansible: Ansible) -> None:
    client = organizations(ansible)
    client.tag_resource(ResourceId=PROD, Tags=[{"Key": "Env", "Value": "Prod EU"}, {"Key": "Team", "Value": "pay"}])
    outcome = listing(
        ansible,
        tag_groups=["Env"],
        keyed_groups=[{"key": "aws_account_tags.Team | default('nobody')", "prefix": "team"}],
        compose={"slow": "aws_account_tags.Team | default('') == 'pay'", "label": "aws_account_name | upper"},
        groups={"workloads": "aws_ou_path.startswith('/Workloads')"},
        strict=True,
    ).succeeded()
    inventory = inventory_of(outcome)
    assert inventory["tag_env_prod_eu"]["hosts"] == inventory["team_pay"]["hosts"] == ["acme-prod"]
    assert set(inventory["team_nobody"]["hosts"]) == set(NAMES) - {"acme-prod"}
    assert set(inventory["workloads"]["hosts"]) == {"acme-prod", "acme-dev"}
    hosts = inventory["_meta"]["hostvars"]
    assert hosts["acme-prod"]["aws_account_tags"].items() >= {"Env": "Prod EU", "Team": "pay"}.items()
    assert (hosts["acme-prod"]["slow"], hosts["acme-dev"]["slow"]) == (True, False)
    assert hosts["acme-prod"]["label"] == "ACME-PROD"
    assert Counter(map(operation_of, outcome.requests))["organizations:ListTagsForResource"] == len(NAMES)


def test_tags_are_read_of_those_alone_whom_they_decide(ansible: Ansible) -> None:
    organizations(ansible).tag_resource(ResourceId=DEV, Tags=[{"Key": "Env", "Value": "dev"}])
    outcome = listing(ansible, include=[{"ou": "/Workloads", "tag": {"Env": "d*"}}]).succeeded()
    assert inventory_of(outcome)["aws_accounts"]["hosts"] == ["acme-dev"]
    assert Counter(map(operation_of, outcome.requests))["organizations:ListTagsForResource"] == 2
    plain = listing(ansible, include=[{"ou": "/Workloads"}]).succeeded()
    assert "organizations:ListTagsForResource" not in set(map(operation_of, plain.requests))


def test_strict_expressions_that_fail_end_the_inventory(ansible: Ansible) -> None:
    assert "aws_nothing" in failure(ansible, strict=True, compose={"x": "aws_nothing.y"})
    assert listing(ansible, compose={"x": "aws_nothing.y"}).status == 0


def test_delegated_administrators_have_groups(ansible: Ansible) -> None:
    client = organizations(ansible)
    client.register_delegated_administrator(AccountId=DEV, ServicePrincipal="access-analyzer.amazonaws.com")
    inventory = inventory_of(listing(ansible).succeeded())
    group = "organization_delegated_administrator_access_analyzer"
    assert inventory["organization_delegated_administrators"]["children"] == [group]
    assert inventory[group]["hosts"] == ["acme-dev"]
    # It may read the organization as well.
    member = listing(ansible, assume_role_arn=role_arn(DEV), assume_role_external_id=EXTERNAL_ID).succeeded()
    assert inventory_of(member) == inventory


def test_suspended_accounts_are_in_no_play_by_accident(ansible: Ansible) -> None:
    organizations(ansible).close_account(AccountId=SANDBOX)
    assert "acme-sandbox" not in inventory_of(listing(ansible).succeeded())["_meta"]["hostvars"]
    inventory = inventory_of(listing(ansible, unusable_accounts=True, groups={"every": "true"}).succeeded())
    having = {group for group, content in inventory.items() if "acme-sandbox" in content.get("hosts", [])}
    assert having == {"account_state_suspended"}


def test_what_owners_write_is_never_a_template(ansible: Ansible) -> None:
    lookup = "{{ lookup('ansible.builtin.pipe', 'touch injected') }}"
    created = organizations(ansible).create_account(AccountName=lookup, Email="x@example.com")
    account_id = created["CreateAccountStatus"]["AccountId"]
    path = source(
        ansible.directory,
        include=[{"account": account_id}],
        compose={"copied": "aws_account_name", "described": "'of ' ~ aws_account_name"},
    )
    module = ["-m", "ansible.builtin.debug", "-a", "msg={{ [aws_account_name, copied, described] }}"]
    outcome = ansible.noted("ansible", "aws_accounts", "-i", str(path), *module).succeeded()
    assert "lookup" in outcome.output
    assert not (ansible.directory / "injected").exists()


# The cache


def list_with_cache(ansible: Ansible, **options: t.Any) -> Outcome:
    place = {"cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(ansible.directory / "cache")}
    return listing(ansible, cache=True, **place, **options)


def _list_from_cache(ansible: Ansible, **options: t.Any) -> Outcome:
    return list_with_cache(ansible, **options).succeeded()


def test_the_cache_spares_every_call_until_it_is_flushed(ansible: Ansible) -> None:
    first = inventory_of(_list_from_cache(ansible))
    (kept,) = (ansible.directory / "cache").iterdir()
    text = kept.read_text(encoding="utf-8")
    assert PROD in text
    assert "@example.com" not in text and ansible.environment["AWS_SECRET_ACCESS_KEY"] not in text
    again = _list_from_cache(ansible)
    assert set(map(operation_of, again.requests)) == {"sts:GetCallerIdentity"}
    assert inventory_of(again) == first
    # Other groups of the same organization: still nothing to ask.
    fewer = _list_from_cache(ansible, exclude=[{"ou": "/Workloads"}])
    assert set(map(operation_of, fewer.requests)) == {"sts:GetCallerIdentity"}
    assert set(inventory_of(fewer)["_meta"]["hostvars"]) == {"acme-management", "acme-sandbox"}
    organizations(ansible).close_account(AccountId=SANDBOX)
    assert "acme-sandbox" in inventory_of(_list_from_cache(ansible))["_meta"]["hostvars"]
    # Not by ansible-inventory, which learnt it with ansible-core 2.19.
    command = ["ansible-playbook", "--inventory", str(ansible.directory / "organization.yml"), "hardening.iam.assess"]
    assert len(ansible.noted(*command, "--list-hosts", "--flush-cache").succeeded().requests) > 1
    after = _list_from_cache(ansible)
    assert set(map(operation_of, after.requests)) == {"sts:GetCallerIdentity"}
    assert "acme-sandbox" not in inventory_of(after)["_meta"]["hostvars"]


def test_what_the_cache_lacks_is_asked(ansible: Ansible) -> None:
    _list_from_cache(ansible)
    tagged = _list_from_cache(ansible, account_tags="always")
    assert Counter(map(operation_of, tagged.requests))["organizations:ListTagsForResource"] == len(NAMES)
    assert set(map(operation_of, _list_from_cache(ansible, account_tags="always").requests)) == {
        "sts:GetCallerIdentity"
    }


def test_the_cache_of_one_caller_is_not_for_another(ansible: Ansible) -> None:
    _list_from_cache(ansible)
    member = {"assume_role_arn": role_arn(DEV), "assume_role_external_id": EXTERNAL_ID}
    outcome = list_with_cache(ansible, **member)
    assert outcome.status != 0
    assert {"sts:AssumeRole", "organizations:ListRoots"} <= set(map(operation_of, outcome.requests))


# Names that owners choose


def rename_sandbox(make_ansible: MakeAnsible, name: str) -> Ansible:
    """Ansible for an organization whose sandbox account calls itself so, as its owner may: account:PutAccountName."""
    seed = t.cast(Record, yaml.safe_load((CHECKOUT / "tests/emulator/seeds/acme.yml").read_text(encoding="utf-8")))
    seed["accounts"][SANDBOX]["name"] = name
    return make_ansible(seed)


@pytest.mark.parametrize("name", ["ou_workloads_production", "ou_root", "aws_accounts", "Account_State_Active", "all"])
def test_an_account_that_is_named_like_a_group_is_listed_by_its_id(make_ansible: MakeAnsible, name: str) -> None:
    ansible = rename_sandbox(make_ansible, name)
    inventory = inventory_of(listing(ansible).succeeded())
    assert SANDBOX in inventory["aws_accounts"]["hosts"]
    assert set(inventory["_meta"]["hostvars"]) == {"acme-management", "acme-prod", "acme-dev", SANDBOX}
    # What the limit names is the group, and the account of that name is not in it.
    limited = ansible.run("ansible", "ou_sandbox", "-i", str(ansible.directory / "organization.yml"), "--list-hosts")
    assert limited.stdout.split()[-1] == SANDBOX


@pytest.mark.parametrize(
    "options",
    [
        {"groups": {"canary": "aws_ou_path.startswith('/Sandbox')"}},
        {"keyed_groups": [{"key": "'canary'", "separator": ""}]},
    ],
)
def test_an_account_that_is_named_like_a_group_of_the_user_ends_the_run(
    make_ansible: MakeAnsible, options: Record
) -> None:
    ansible = rename_sandbox(make_ansible, "canary")
    assert f"the account {SANDBOX} is named like the group 'canary'" in failure(ansible, **options)
    assert SANDBOX in inventory_of(listing(ansible, **{**options, "hostnames": "id"}).succeeded())["canary"]["hosts"]


def test_an_account_does_not_take_the_host_of_another_inventory(make_ansible: MakeAnsible) -> None:
    ansible = rename_sandbox(make_ansible, "Payments")
    known = write_inventory(ansible.directory, {"payments": {"aws_account_id": PROD}})
    command = ["ansible-inventory", "-i", str(known), "-i", str(source(ansible.directory)), "--list"]
    outcome = ansible.noted(*command)
    assert outcome.status != 0
    assert f"named like the host 'payments' of another inventory, which is the account {PROD}" in " ".join(
        outcome.output.split()
    )


def test_hosts_are_named_by_ids_unless_names_are_asked_for(ansible: Ansible) -> None:
    path = ansible.directory / "organization.yml"
    path.write_text("plugin: hardening.iam.organization\n", encoding="utf-8")
    done = ansible.run("ansible", "aws_accounts", "-i", str(path), "--list-hosts")
    assert set(done.stdout.split()) >= set(NAMES.values())


def test_a_playbook_without_its_inventory_fails(ansible: Ansible) -> None:
    denial = {"kind": "error", "code": "AccessDeniedException", "status": 400}
    ansible.control.faults([{**denial, "service": "organizations", "operation": "ListRoots"}])
    known = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    command = ["ansible-playbook", "-i", str(source(ansible.directory)), "-i", str(known), "hardening.iam.assess"]
    outcome = ansible.noted(*command)
    assert outcome.status != 0
    assert "the caller needs the permission organizations:ListRoots" in outcome.output
    assert not outcome.writes and "PLAY" not in outcome.output


# What can go wrong


def test_a_member_account_is_told_where_to_read(ansible: Ansible) -> None:
    message = failure(ansible, assume_role_arn=role_arn(PROD), assume_role_external_id=EXTERNAL_ID)
    assert f"account {PROD}, which may read the organization only as a delegated administrator" in message
    assert f"a role in the management account {MANAGEMENT}" in message


def test_an_account_of_no_organization_is_told_so(make_ansible: MakeAnsible) -> None:
    assert "is in no organization" in failure(make_ansible("bare"))


@pytest.mark.parametrize("operation", ["ListAccountsForParent", "ListTagsForResource"])
def test_a_denied_read_is_no_shorter_inventory(ansible: Ansible, operation: str) -> None:
    denial = {"kind": "error", "code": "AccessDeniedException", "status": 400}
    ansible.control.faults([{**denial, "service": "organizations", "operation": operation}])
    message = failure(ansible, account_tags="always")
    assert f"the caller needs the permission organizations:{operation}" in message


def test_wrong_external_ids_are_not_shown(ansible: Ansible) -> None:
    message = failure(
        ansible,
        assume_role_arn=role_arn(MANAGEMENT),
        assume_role_external_id="{{ lookup('ansible.builtin.env', 'AWS_DEFAULT_REGION') }}-is-wrong",
    )
    assert "can't assume" in message and "us-east-1-is-wrong" not in message


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"include": [{"ou": "/Workload"}]}, "include: ou: there is no '/Workload' in the organization"),
        (
            {"exclude": [{"account": "acme-prd"}]},
            "exclude: account: no account of the organization is called 'acme-prd'",
        ),
        ({"exclude": [{"unit": "/x"}]}, "not a mapping of one or more of account, ou, tag"),
        ({"automation_role_name": "a b"}, "automation_role_name: 'a b' is not the name of a role"),
        ({"assume_role_arn": "assessor"}, "assume_role_arn: 'assessor' is not the ARN of a role"),
        ({"hostnames": "mail"}, "hostnames"),
    ],
)
def test_options_that_can_t_be_meant_are_refused(ansible: Ansible, options: Record, complaint: str) -> None:
    assert complaint in failure(ansible, **options)


def test_an_account_that_has_left_is_a_warning(ansible: Ansible) -> None:
    outcome = listing(ansible, exclude=[{"account": "999988887777"}]).succeeded()
    assert "exclude: account 999988887777 is not in the organization" in " ".join(outcome.output.split())


# The budget


def test_two_thousand_accounts_in_sixty_units(
    make_ansible: MakeAnsible, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    ansible = make_ansible(structure(accounts=2000, units=60))
    command = [str(BIN / "ansible-inventory"), "-i", str(source(tmp_path)), "--list", "--output", "list.json"]
    emulator.control.clear_log()
    run = measure(command, directory=tmp_path, environment={**os.environ, **ansible.environment})
    inventory = json.loads((tmp_path / "list.json").read_text(encoding="utf-8"))
    assert len(inventory["aws_accounts"]["hosts"]) == 2000
    assert len([group for group in inventory if group.startswith("ou_")]) == 61
    calls = Counter(record["operation"] for record in emulator.control.log())
    assert calls["ListTagsForResource"] == 0
    # Pages of 20, as AWS gives them.
    assert calls["ListAccountsForParent"] >= 100
    assert sum(calls.values()) < 260
    assert run.cpu < 5.0
