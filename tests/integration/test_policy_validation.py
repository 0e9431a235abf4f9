# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hardening.iam.policy_validation_info, as its users run it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from .conftest import DEV, EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, operation_of, role_arn

NO_CREDENTIALS: t.Final = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
DEPLOY: t.Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "arn:aws:s3:::acme/*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
    ],
}


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    """Ansible in a directory with a policy, and plays elsewhere."""
    ansible = make_ansible()
    (ansible.directory / "policies").mkdir()
    (ansible.directory / "plays").mkdir()
    (ansible.directory / "policies" / "deploy.json").write_text(json.dumps(DEPLOY, indent=2), encoding="utf-8")
    return ansible


def play(ansible: Ansible, options: Record, *claims: str, check: bool = False, **variables: t.Any) -> Outcome:
    """Run the module, then assert ``claims`` on its result, ``found``."""
    tasks: list[Record] = [
        {"hardening.iam.policy_validation_info": options, "register": "found", "ignore_errors": True},
        {"ansible.builtin.assert": {"that": list(claims)}},
    ]
    path: Path = ansible.directory / "plays" / "play.yml"
    path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    return ansible.playbook(str(path), *(["--check"] if check else []), **variables).succeeded()


@pytest.mark.parametrize("within", [True, False], ids=["in the worker", "as a module"])
def test_files_are_checked_without_credentials(ansible: Ansible, within: bool) -> None:
    outcome = play(
        ansible.with_environment(**NO_CREDENTIALS),
        {"policies": [{"document": "policies/deploy.json"}], "fail_on": "warning"},
        "found is failed and not found.changed",
        "found.findings | map(attribute='code') | list == ['invalid_action', 'pass_role_with_star_in_resource']",
        "found.findings | map(attribute='line') | list == [6, 11]",
        "found.findings[0].policy is search('/policies/deploy.json$')",
        "found.counts.warning == 1 and found.counts.security_warning == 1",
        "found.msg is search('line 6: s3:GetObjct does not exist')",
        hardening_in_process=within,
    )
    assert outcome.requests == []


def test_access_analyzer_is_asked_in_check_mode_too(ansible: Ansible) -> None:
    options = {
        "policies": [{"document": DEPLOY, "name": "deploy"}],
        "access_analyzer": True,
        "assessor_role_arn": role_arn(DEV),
        "assume_role_external_id": EXTERNAL_ID,
    }
    outcome = play(
        ansible,
        options,
        "found is success",
        "found.findings | map(attribute='sources') | list == [['local', 'access_analyzer']] * 2",
        check=True,
    )
    assert operation_of(outcome.requests[-1]) == "accessanalyzer:ValidatePolicy"
    assert outcome.writes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policies": [{"document": "policies/missing.json"}]}, "policies[0].document: can't read"),
        ({"policies": [{"document": DEPLOY, "type": "iam"}]}, "policies[0].type: 'iam' is not allowed. Set it to"),
        ({"policies": [{"document": DEPLOY}], "ignore": ["invalid_actoin"]}, "is the code of no rule"),
    ],
    ids=["no file", "no type", "no code"],
)
def test_bad_input_fails_with_the_option(ansible: Ansible, options: Record, message: str) -> None:
    outcome = ansible.module("policy_validation_info", **options)
    assert outcome.status != 0
    assert message in outcome.output
    assert outcome.requests == []
