# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""aws_assume_role_arns: each class of roles writes in its own, and is undone in it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest

from .conftest import EXTERNAL_ID, PROD, Ansible, MakeAnsible, Outcome, role_arn, write_inventory

RUN: t.Final = "by-class"
ROLES: t.Final = {name: role_arn(PROD, f"automation-{name}") for name in ("credentials", "policies", "detective")}


def client(ansible: Ansible, service: str, keys: t.Optional[t.Mapping[str, str]] = None) -> t.Any:
    environment = ansible.environment
    given = keys or {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    make: t.Callable[..., t.Any] = boto3.client
    return make(service, endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="us-east-1", **given)


def with_roles(ansible: Ansible) -> Ansible:
    """A role for each class, which admits who names its source identity only."""
    session = client(ansible, "sts").assume_role(
        RoleArn=role_arn(PROD, "automation"), RoleSessionName="iam-hardening", ExternalId=EXTERNAL_ID
    )["Credentials"]
    iam = client(
        ansible,
        "iam",
        {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        },
    )
    trust = iam.get_role(RoleName="automation")["Role"]["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        statement["Action"] = ["sts:AssumeRole", "sts:SetSourceIdentity"]
        statement.setdefault("Condition", {})["StringLike"] = {"sts:SourceIdentity": "job-*"}
    for arn in ROLES.values():
        iam.create_role(
            Path="/iam-hardening/", RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument=json.dumps(trust)
        )
    ansible.control.clear_log()
    return ansible


def inventory(ansible: Ansible, roles: t.Mapping[str, str], **variables: t.Any) -> Path:
    return write_inventory(
        ansible.directory,
        {"acme-prod": {"aws_account_id": PROD}},
        aws_assume_role_arn="",
        aws_assume_role_arns=roles,
        **{"aws_source_identity": "job-17", **variables},
    )


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return with_roles(make_ansible())


@pytest.fixture(scope="module")
def hardened(ansible: Ansible) -> Outcome:
    return ansible.playbook("harden", inventory=inventory(ansible, ROLES), hardening_run_id=RUN).succeeded()


def callers(outcome: Outcome, run_id: str) -> dict[str, set[str]]:
    """The names of the roles that changes were made in, by the module whose they are."""
    found: dict[str, set[str]] = {}
    for path in (outcome.directory / "journal").glob(f"{PROD}/{run_id}/*/*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("caller_arn"):
            found.setdefault(record["module"], set()).add(record["caller_arn"].split("/")[1])
    return found


def test_each_module_writes_in_the_role_of_its_class(hardened: Outcome) -> None:
    assert callers(hardened, RUN) == {
        "password_policy": {"automation-credentials"},
        "access_analyzer": {"automation-detective"},
    }


def test_the_preflight_asks_about_each_role(hardened: Outcome) -> None:
    asked = [record for record in hardened.requests if record["operation"] == "SimulatePrincipalPolicy"]
    assert {record["parameters"]["PolicySourceArn"] for record in asked} == set(ROLES.values())


def test_a_run_is_undone_in_the_same_roles(ansible: Ansible, hardened: Outcome) -> None:
    given = inventory(ansible, ROLES)
    undone = ansible.playbook("rollback", inventory=given, hardening_undo_run_id=RUN, hardening_run_id="undo")
    undone.succeeded()
    part = undone.part(PROD, "rollback")
    assert part["refused"] == [] and all(change["applied"] for change in part["changes"])
    assumed = {record["parameters"]["RoleArn"] for record in undone.requests if record["operation"] == "AssumeRole"}
    assert {ROLES["credentials"], ROLES["detective"]} <= assumed
    assert callers(undone, "undo") == {"rollback": {"automation-credentials", "automation-detective"}}


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_a_class_without_a_role_never_writes_with_other_credentials(
    ansible: Ansible, arguments: tuple[str, ...]
) -> None:
    """The credentials of the controller are an administrator's, in another account here."""
    few = {"credentials": ROLES["credentials"]}
    outcome = ansible.playbook("harden", *arguments, inventory=inventory(ansible, few), hardening_run_id="few")
    assert "aws_assume_role_arns has no role of the class detective" in outcome.output
    assert (outcome.status == 0) is bool(arguments)
    assert not [record for record in outcome.requests if record["operation"] == "CreateAnalyzer"]


def test_no_role_is_assumed_without_its_source_identity(ansible: Ansible) -> None:
    given = inventory(ansible, ROLES, aws_source_identity="alice")
    outcome = ansible.playbook("harden", inventory=given, hardening_run_id="alice")
    assert outcome.status != 0 and outcome.writes == []


def test_a_misspelt_class_stops_the_run_before_any_call(ansible: Ansible) -> None:
    given = inventory(ansible, {"credential": ROLES["credentials"]})
    outcome = ansible.playbook("harden", inventory=given)
    assert "aws_assume_role_arns: credential is not a class of roles" in outcome.output
    assert outcome.writes == []
