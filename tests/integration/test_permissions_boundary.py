# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role permissions_boundary, through ansible-playbook: created, changed, taken away, and who is left alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

import pytest

from .conftest import DEV, Ansible, MakeAnsible, Outcome, Record, operation_of, role_arn, write_inventory

ACCOUNT = "555566667777"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/developer"
ARN = f"arn:aws:iam::{ACCOUNT}:role"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
}
# Roles that let nobody in but each other would be a way for nobody.
FROM_OUTSIDE = {
    **TRUST,
    "Statement": {**TRUST["Statement"], "Principal": {"AWS": "arn:aws:iam::999988887777:root"}},
}
OWN = {
    **TRUST,
    "Statement": {**TRUST["Statement"], "Condition": {"StringEquals": {"sts:ExternalId": "acme-hardening"}}},
}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["ec2:*", "s3:*", "sqs:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ],
}
DEV_BOUNDARY = f"arn:aws:iam::{DEV}:policy/iam-hardening/boundary/developer"
USED = {"s3": {"days": 3}, "sqs": {"days": 10}}


def role(**fields: t.Any) -> Record:
    return {"trust": TRUST, "policies": ["aws:PowerUserAccess"], "last_accessed": USED, **fields}


def seed(**roles: Record) -> Record:
    """One account: developers who use S3 and SQS, one of whom uses EC2 too, and who is never touched."""
    reserved = "/aws-reserved/sso.amazonaws.com/"
    return {
        "management_account": ACCOUNT,
        "accounts": {
            ACCOUNT: {
                "name": "one",
                "roles": {
                    "assessor": {"trust": OWN, "path": "/iam-hardening/", "policies": ["aws:SecurityAudit"]},
                    "automation": {"trust": OWN, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
                    "break-glass": {
                        "trust": FROM_OUTSIDE,
                        "path": "/iam-hardening/",
                        "policies": ["aws:AdministratorAccess"],
                    },
                    "dev-{1..3}": role(),
                    "dev-ec2": role(last_accessed={**USED, "ec2": {"days": 1}}),
                    "dev-idle": role(last_accessed={}),
                    "AWSReservedSSO_Developers_0123456789abcdef": role(path=reserved),
                    "AWSReservedSSO_Developers_fedcba9876543210": role(path=reserved),
                    **roles,
                },
                "regions": {"us-east-1": {"trails": {"main": {"bucket": "one-trail", "log_group": "trail"}}}},
            }
        },
    }


PLAYBOOK = """
- hosts: aws_accounts
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: hardening.iam.permissions_boundary
"""
# Whoever may be given the boundary without anybody accepting anything.
SAFE = [{"name": "dev-?", "kind": "role"}, {"principal": f"{ARN}/aws-reserved/sso.amazonaws.com/x"}]


@dataclasses.dataclass(frozen=True)
class Account:
    """The account, and Ansible in a directory of its own."""

    ansible: Ansible

    def run(self, *arguments: str, **variables: t.Any) -> tuple[Outcome, Record]:
        """Apply the role; what it sent, and what it left of itself in the report directory."""
        directory = self.ansible.directory
        (directory / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
        inventory = write_inventory(directory, {"one": {"aws_account_id": ACCOUNT}})
        given = {f"permissions_boundary_{name}": value for name, value in variables.items()}
        # Nobody is known to own the roles.
        given["hardening_owner_default"] = "allow"
        outcome = self.ansible.playbook(
            str(directory / "play.yml"), *arguments, inventory=inventory, **given
        ).succeeded()
        return outcome, outcome.part(ACCOUNT, "permissions_boundary")


def changes(part: Record) -> list[tuple[str, str]]:
    return [(change["operation"], change["target"].rpartition("/")[2]) for change in part["changes"]]


@pytest.fixture
def one(make_ansible: MakeAnsible) -> Account:
    return Account(make_ansible(seed()))


def four_steps(one: Account, **variables: t.Any) -> Record:
    """Check, real, check again, real again; returns what the real run left."""
    predicted, part = one.run("--check", "--diff", **variables)
    assert predicted.writes == []
    done, made = one.run("--diff", **variables)
    assert part["plan_sha256"] == made["plan_sha256"]
    assert done.writes == [f"iam:{operation}" for operation, _target in changes(made)]
    assert all(change["applied"] for change in made["changes"])
    for arguments in (("--check",), ()):
        again, nothing = one.run(*arguments, **variables)
        assert (again.writes, nothing["changes"], again.recap("one")["changed"]) == ([], [], 0)
    return made


def test_create_change_and_delete_in_twelve_steps(one: Account) -> None:
    enforce = {"mode": "enforce", "targets": SAFE}
    created = four_steps(one, **enforce)
    assert changes(created) == [
        ("CreatePolicy", "developer"),
        *(("PutRolePermissionsBoundary", f"dev-{number}") for number in (1, 2, 3)),
    ]
    changed = four_steps(one, **enforce, services="dynamodb, s3, sqs, ec2")
    assert changes(changed) == [("CreatePolicyVersion", "developer")]
    deleted = four_steps(one, mode="enforce", state="absent", allow_loosen=True, delete_versions=True)
    assert changes(deleted) == [
        *(("DeleteRolePermissionsBoundary", f"dev-{number}") for number in (1, 2, 3)),
        ("DeletePolicyVersion", "developer"),
        ("DeletePolicy", "developer"),
    ]


def _in_days(days: int) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).strftime("%Y-%m-%d")


def refusals(part: Record) -> set[tuple[str, str]]:
    return {(refusal["rule"], refusal["target"].rpartition("/")[2]) for refusal in part["refused"]}


@pytest.mark.dated
def test_what_the_evidence_does_not_clear_is_refused_until_it_is_accepted(one: Account) -> None:
    everybody = {"mode": "enforce", "targets": [{"name": "dev-*"}]}
    done, part = one.run(**everybody)
    assert refusals(part) == {("prediction", "dev-ec2"), ("prediction", "dev-idle")}
    assert done.writes == ["iam:CreatePolicy", *["iam:PutRolePermissionsBoundary"] * 3]
    (reason,) = [item["reason"] for item in part["refused"] if item["target"].endswith("dev-ec2")]
    assert "ec2" in reason and "list role/dev-ec2 in accept_breakage" in reason
    far = {"principal": "dev-ec2", "reason": "it moves to Lambda", "expires": _in_days(366)}
    failed = one.ansible.playbook(
        str(one.ansible.directory / "play.yml"),
        inventory=one.ansible.directory / "inventory.json",
        **{f"permissions_boundary_{name}": value for name, value in {**everybody, "accept_breakage": [far]}.items()},
    )
    assert failed.status != 0 and "more than 365 days ahead" in failed.output
    survey = f"- {{principal: dev-ec2, reason: it moves to Lambda, expires: '{_in_days(30)}'}}"
    accepted, part = one.run(**everybody, accept_breakage=survey)
    assert accepted.writes == ["iam:PutRolePermissionsBoundary"]
    assert refusals(part) == {("prediction", "dev-idle")}


def test_by_default_nothing_is_read_and_nothing_is_done(one: Account) -> None:
    outcome, part = one.run()
    assert {operation_of(record) for record in outcome.requests} <= {"sts:AssumeRole", "sts:GetCallerIdentity"}
    assert (part["changes"], part["refused"]) == ([], [])
    outcome, part = one.run(targets=SAFE)
    assert outcome.writes == []
    assert len(part["changes"]) == 4
    assert not any(change["applied"] for change in part["changes"])


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ({"path": "/iam-hardening/"}, 3),
        ({"name": "*"}, 3),
        ({"name": "automation"}, 1),
    ],
)
def test_no_pattern_reaches_the_roles_that_this_collection_works_with(
    make_ansible: MakeAnsible, target: Record, kept: int
) -> None:
    """Given to the automation role or to break-glass, a boundary would lock out all who could take it away."""
    outcome = make_ansible(seed()).module(
        "permissions_boundary",
        account_id=ACCOUNT,
        assume_role_arn=role_arn(ACCOUNT, "automation"),
        assume_role_external_id="acme-hardening",
        event_history=False,
        owner_default="allow",
        boundaries=[{"name": "developer", "document": DOCUMENT, "targets": [target]}],
    )
    assert outcome.status == 0, outcome.output
    put = [record for record in outcome.requests if operation_of(record) == "iam:PutRolePermissionsBoundary"]
    # The pattern for all reaches those whose use the boundary allows, and the others nobody.
    reached = {"dev-1", "dev-2", "dev-3", "dev-ec2"} if target == {"name": "*"} else set()
    assert {record["parameters"]["RoleName"] for record in put} == reached
    (coverage,) = json.loads(outcome.output[outcome.output.index("{") :])["coverage"]
    assert len(coverage["kept_out"]) == kept
    assert [item["roles"] for item in coverage["permission_sets"]] == ([2] if target == {"name": "*"} else [])


# The demo: fifteen developer roles


def converge_demo(demo: Ansible, *arguments: str, **variables: t.Any) -> tuple[Outcome, Record]:
    """Converge the boundaries of acme-dev alone, as the demo inventory declares them."""
    limited = ("--limit", "acme-dev,localhost", "--tags", "permissions_boundary")
    outcome = demo.playbook("harden", *arguments, *limited, **variables).succeeded()
    return outcome, outcome.part(DEV, "permissions_boundary")


def test_fifteen_developers_get_it_by_an_approved_plan_which_is_taken_back(make_ansible: MakeAnsible) -> None:
    demo = make_ansible()
    predicted, plan = converge_demo(demo, "--check", hardening_run_id="check")
    assert predicted.writes == []
    breaking = {f"dev-team-{number}-role" for number in ("07", "11", "12")}
    assert {name for rule, name in refusals(plan) if rule == "prediction"} == breaking
    held = [change for change in plan["plan"]["changes"] if change["state"] == "applied if approved"]
    assert [change["held_by"]["rule"] for change in held] == ["cap"] * 10
    # Neither what breaks something nor what belongs to others can be approved.
    assert not {change["target"].rpartition("/")[2] for change in plan["plan"]["changes"]} & {
        *breaking,
        "dev-team-14-role",
    }
    owned = {item["target"].rpartition("/")[2]: item for item in plan["refused"] if item["rule"] == "foreign_owner"}
    assert {name: (item["owner"]["change_it_in"], item["patch"]) for name, item in owned.items()} == {
        "dev-team-13-role": (
            "stack team-13 (eu-west-1, logical id DeveloperRole)",
            "DeveloperRole:\n  Type: AWS::IAM::Role\n  Properties:\n    # set\n"
            f'    PermissionsBoundary: "{DEV_BOUNDARY}"\n',
        ),
        "dev-team-14-role": (
            'Terraform, address module.team["14"].aws_iam_role.developer',
            f'resource "aws_iam_role" "developer" {{\n  # set\n  permissions_boundary = "{DEV_BOUNDARY}"\n}}\n',
        ),
    }
    # An index of all regions: a call for each, and one for the only stack.
    asked = [operation_of(record) for record in predicted.requests]
    assert (asked.count("cloudformation:ListStacks"), asked.count("cloudformation:ListStackResources")) == (17, 1)
    approved, part = converge_demo(demo, hardening_run_id="real", hardening_approved_plan=plan["plan_sha256"])
    assert approved.writes == ["iam:CreatePolicy", *["iam:PutRolePermissionsBoundary"] * 10]
    assert {name for _rule, name in refusals(part)} == breaking | set(owned)
    again, part = converge_demo(demo, hardening_run_id="again")
    assert (again.writes, part["changes"]) == ([], [])
    report = again.report(DEV)
    assert not [
        item for item in report["findings"] if item["control"] == "boundary_removable" and item["status"] == "FAIL"
    ]
    back = demo.playbook("rollback", "--limit", "acme-dev,localhost", hardening_undo_run_id="real").succeeded()
    assert back.writes == [*["iam:DeleteRolePermissionsBoundary"] * 10, "iam:DeletePolicy"]


@pytest.mark.parametrize("broken", ["stacks", "state"])
def test_what_an_unread_source_may_own_is_held_back_with_one_line(make_ansible: MakeAnsible, broken: str) -> None:
    """The role of team 13 is a stack's and that of team 14 is Terraform's, and nobody can know that."""
    demo = make_ansible()
    given: Record = {}
    if broken == "stacks":
        demo.control.faults(
            [{"kind": "error", "code": "AccessDenied", "service": "cloudformation", "region": "eu-west-1"}]
        )
    else:
        given["hardening_terraform_state_paths"] = [{"path": str(demo.directory / "gone.tfstate"), "accounts": [DEV]}]
    outcome, part = converge_demo(demo, hardening_run_id=broken, hardening_max_changes=100, **given)
    assert outcome.writes == ["iam:CreatePolicy"]
    owned = {name for rule, name in refusals(part) if rule == "foreign_owner"}
    # The others would lose what they use.
    assert owned == {f"dev-team-{number:02}-role" for number in range(1, 16) if number not in (7, 11, 12)}
    named = {"stacks": "CloudFormation: the stacks of eu-west-1", "state": "hardening_terraform_state_paths[0]: "}
    (line,) = [text for text in part["warnings"] if "held back" in text]
    # One is refused in the name of the source that was read.
    assert line.startswith(f"11 objects are held back by {named[broken]}")
    assert "objects are held back by" in " ".join(outcome.output.split())


def test_the_owners_of_the_developers_are_found_without_a_write(make_ansible: MakeAnsible) -> None:
    outcome = make_ansible().module(
        "ownership_info",
        account_id=DEV,
        assessor_role_arn=role_arn(DEV),
        assume_role_external_id="acme-hardening",
        arns=[f"arn:aws:iam::{DEV}:role/dev-team-1[2-4]-role"],
        event_history_max_objects=0,
    )
    assert (outcome.status, outcome.writes) == (0, []), outcome.output
    result = json.loads(outcome.output[outcome.output.index("{") :])
    assert {item["name"]: (item["confidence"], item["change_it_in"]) for item in result["owners"]} == {
        "dev-team-12-role": ("unknown", None),
        "dev-team-13-role": ("certain", "stack team-13 (eu-west-1, logical id DeveloperRole)"),
        "dev-team-14-role": ("unknown", None),
    }
    assert result["unread"] == ["its event history was not read"]
