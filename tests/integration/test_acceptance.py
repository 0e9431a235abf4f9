# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/acceptance.yml: it tries a sandbox, refuses other accounts, and shows an AWS that is not as assumed."""

from __future__ import annotations

import json
import typing as t

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.assumptions import ASSUMPTIONS

from .conftest import MANAGEMENT, Ansible, MakeAnsible, Outcome, Record

SANDBOX: t.Final = "555566667777"
PATH: t.Final = "/iam-hardening/acceptance/"
VITAL: t.Final = [item.id for item in ASSUMPTIONS if item.is_vital]


def sandbox(**more: t.Any) -> Record:
    """An account with nothing in it, which is called a sandbox."""
    return {
        "management_account": SANDBOX,
        "accounts": {SANDBOX: {"name": "bare", "alias": "team-sandbox", "root": {"mfa": "hardware"}, **more}},
    }


def accept(ansible: Ansible, *arguments: str, account: str = SANDBOX, **variables: t.Any) -> Outcome:
    return ansible.playbook(
        "acceptance",
        *arguments,
        inventory="localhost,",
        acceptance_account_id=account,
        **{"acceptance_account_pattern": "*sandbox*", "acceptance_patience": 0, **variables},
    )


def written_outside(outcome: Outcome) -> list[str]:
    """What was written that no path or name places among the objects of the acceptance."""
    return [
        record["operation"]
        for record in outcome.requests
        if not record["read_only"] and "acceptance" not in json.dumps(record["parameters"])
    ]


@pytest.fixture
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(sandbox())


def client(ansible: Ansible, service: str = "iam") -> t.Any:
    environment = ansible.environment
    make: t.Callable[..., t.Any] = boto3.client
    return make(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def left(ansible: Ansible) -> list[str]:
    """The ARNs of all that is below the path of the acceptance."""
    iam = client(ansible)
    lists = {"users": "Users", "groups": "Groups", "roles": "Roles", "policies": "Policies"}
    return [
        item["Arn"]
        for name, key in lists.items()
        for item in getattr(iam, f"list_{name}")(PathPrefix=PATH)[key]
        if item["Path"].startswith(PATH)
    ]


def test_every_assumption_is_tried_and_nothing_is_left(ansible: Ansible) -> None:
    outcome = accept(ansible).succeeded()
    assert f"{len(ASSUMPTIONS)} as expected, 0 not as expected, 0 not observed" in outcome.output
    assert outcome.output.index("Costs:") < outcome.output.index("as expected")
    assert outcome.writes and written_outside(outcome) == []
    assert left(ansible) == []


def test_an_aws_that_is_not_as_assumed_shows_in_the_table(ansible: Ansible) -> None:
    """The ten assumptions on which guards and refusals rest most, each made false."""
    assert len(VITAL) == 10
    ansible.control.make_false(*VITAL)
    outcome = accept(ansible, acceptance_include=[*VITAL, "third_key_is_refused"])
    assert outcome.status != 0
    for name in VITAL:
        assert f"NOT AS EXPECTED  {name}:" in outcome.output
    assert "as expected      third_key_is_refused" in outcome.output
    assert "10 assumptions are not as expected" in outcome.output


def test_check_mode_writes_nothing(ansible: Ansible) -> None:
    outcome = accept(ansible, "--check").succeeded()
    assert "Accepted as a sandbox" in outcome.output
    assert outcome.writes == []


def test_the_sandbox_must_be_named(ansible: Ansible) -> None:
    outcome = accept(ansible, account="")
    assert "Name the sandbox" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


def test_the_management_account_is_refused(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    outcome = accept(ansible, account=MANAGEMENT, acceptance_account_pattern="acme*")
    assert "it is the management account of an organization" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


DOCUMENT: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
OLD: t.Final[Record] = {
    "users": {
        "acceptance-old-01": {
            "path": PATH,
            "created_days": 1,
            "access_keys": [{"age_days": 1}, {"age_days": 1, "status": "Inactive"}],
            "policies": ["acceptance-old-02"],
            "inline": {"inline": DOCUMENT},
            "boundary": "acceptance-old-02",
            "groups": ["acceptance-old-03"],
        },
        "somebody": {"path": "/iam-hardening/acceptance-of-others/"},
    },
    "groups": {"acceptance-old-03": {"path": PATH, "created_days": 1}},
    "policies": {
        "acceptance-old-02": {
            "path": PATH,
            "created_days": 1,
            "document": DOCUMENT,
            "older_documents": [DOCUMENT],
        }
    },
}


def test_the_objects_of_a_killed_run_are_removed(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(sandbox(**OLD))
    outcome = accept(ansible, acceptance_include=["third_key_is_refused"]).succeeded()
    assert outcome.output.count("Removed from an earlier run") == 3
    assert left(ansible) == []
    assert [user["UserName"] for user in client(ansible).list_users()["Users"]] == ["somebody"]


def test_the_objects_of_a_run_that_may_be_under_way_stay(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(sandbox(**OLD))
    client(ansible).create_user(UserName="acceptance-new-01", Path=PATH)
    outcome = accept(ansible)
    assert "another run may be under way" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


def test_account_settings_are_restored_from_the_journal(ansible: Ansible) -> None:
    iam = client(ansible)
    given = {"MinimumPasswordLength": 9, "RequireNumbers": True, "AllowUsersToChangePassword": True}
    iam.update_account_password_policy(**given)
    before = iam.get_account_password_policy()["PasswordPolicy"]
    only = ["third_key_is_refused"]
    outcome = accept(ansible, acceptance_include=only, acceptance_account_settings=True).succeeded()
    assert "raised; a second run changed nothing; restored from the journal" in " ".join(outcome.output.split())
    assert outcome.writes.count("iam:UpdateAccountPasswordPolicy") == 2
    assert iam.get_account_password_policy()["PasswordPolicy"] == before
    unasked = accept(ansible, acceptance_include=only).succeeded()
    assert "iam:UpdateAccountPasswordPolicy" not in unasked.writes
