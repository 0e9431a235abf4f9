# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in any output, file or argument that others can see, however loud Ansible is told to be."""

from __future__ import annotations

import json
import re

import pytest
from scope import runs_all

from .conftest import DEV, EXTERNAL_ID, PROD, Ansible, MakeAnsible, Outcome, role_arn, write_inventory

SECRET_KEY = "of-secret-keys/this+is+one"
SESSION_TOKEN = "of-session-tokens//this=is=one"
WRONG_EXTERNAL_ID = "an-external-id-of-nobody"
SECRETS = (SECRET_KEY, SESSION_TOKEN, EXTERNAL_ID, WRONG_EXTERNAL_ID)
OF_THE_ENVIRONMENT = {"AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION_TOKEN}


# A run as loud as this takes as long as five others: "make test" has the way that people use.
WAYS = {"in-process": True, **({"as-module": False} if runs_all() else {})}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS.keys())
def outcome(make_ansible: MakeAnsible, request: pytest.FixtureRequest) -> Outcome:
    """An enforcing run, as loud as it gets: one account works, in one the role is wrong, in one the external id."""
    ansible = make_ansible().with_environment(**OF_THE_ENVIRONMENT)
    # Ansible itself shows the variables on its command line, so those with a secret come from the inventory.
    inventory = write_inventory(
        ansible.directory,
        {
            "works": {"aws_account_id": DEV},
            "wrong-role": {
                "aws_account_id": PROD,
                "aws_assume_role_arn": role_arn(PROD, "nobody"),
                "aws_assessor_role_arn": role_arn(PROD, "nobody"),
            },
            "wrong-id": {"aws_account_id": "444455556666", "aws_external_id": WRONG_EXTERNAL_ID},
        },
    )
    return ansible.playbook(
        "harden",
        "-vvvv",
        "--diff",
        inventory=inventory,
        hardening_in_process=request.param,
        hardening_report_dir=str(ansible.directory / "reports"),
        hardening_journal=str(ansible.directory / "journal"),
    )


def assert_no_secret(text: str, where: str) -> None:
    for secret in SECRETS:
        assert secret not in text, f"{secret} in {where}"


def test_run_went_as_far_as_it_should(outcome: Outcome) -> None:
    assert outcome.status != 0
    assert outcome.writes == ["iam:UpdateAccountPasswordPolicy"]
    failed = {failure["host"] for failure in outcome.document("fleet.json")["failed"]}
    assert failed == {"wrong-role", "wrong-id"}


def test_output_holds_no_secret(outcome: Outcome) -> None:
    assert_no_secret(outcome.output, "the output")


def test_files_hold_no_secret(outcome: Outcome) -> None:
    files = [path for path in outcome.directory.rglob("*") if path.is_file() and path.name != "inventory.json"]
    assert any("journal" in str(path) for path in files)
    assert any(path.name == "report.html" for path in files)
    for path in files:
        assert_no_secret(path.read_text(encoding="utf-8", errors="replace"), str(path))


def test_key_ids_are_masked_in_reports(outcome: Outcome) -> None:
    report = json.dumps(outcome.report(DEV))
    assert not re.search("AKIA[A-Z0-9]", report)


@pytest.mark.parametrize("in_process", [True, False])
def test_options_hold_no_secret(make_ansible: MakeAnsible, in_process: bool) -> None:
    ansible: Ansible = make_ansible()
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "hardening.iam.account_inventory_info": {
                        "access_key": "AKIAIOSFODNN7EXAMPLE",
                        "secret_key": SECRET_KEY,
                        "session_token": SESSION_TOKEN,
                        "assessor_role_arn": role_arn(PROD, name),
                        "assume_role_external_id": WRONG_EXTERNAL_ID if name == "assessor" else EXTERNAL_ID,
                    },
                    "ignore_errors": True,
                }
                for name in ("assessor", "nobody", "automation")
            ],
        }
    ]
    (ansible.directory / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    variables = json.dumps({"hardening_in_process": in_process})
    outcome = ansible.noted("ansible-playbook", "play.yml", "-vvv", "--extra-vars", variables)
    # The last of the three works.
    assert '"users"' in outcome.output
    assert_no_secret(outcome.output, "the output")
