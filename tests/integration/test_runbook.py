# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runbook that a preflight wrote, pasted into a shell with the AWS CLI: nothing of this collection helps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from intruder import HOME, LEAKED, PROD, USER

from ansible_collections.hardening.iam.plugins.module_utils._incident.from_above import DORMANT, NAME
from emulator.client import EmulatorProcess, environment

from .aws_cli import make_aws_cli
from .conftest import CHECKOUT, MANAGEMENT, MakeAnsible, Outcome
from .containing import Response

ADMINISTRATORS: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYBODY: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
}


class Shell:
    """A person at a shell, with a runbook."""

    def __init__(self, text: str, bins: Path) -> None:
        self._text = text
        self._path = f"{bins}{os.pathsep}{os.environ['PATH']}"

    def paste(self, block: str, who: Mapping[str, str], **values: str) -> str:
        """Paste a block, with values in place of the empty ones. Returns what is printed."""
        (body,) = re.findall(rf"^# BLOCK {block}\n(.*?)(?=^# BLOCK |\Z)", self._text, flags=re.DOTALL | re.MULTILINE)
        filled = re.sub(
            r"^([A-Z_]+)=$", lambda found: f"{found[1]}={values.get(found[1], '')}", body, flags=re.MULTILINE
        )
        known = "\n".join(f"{name}={value}" for name, value in values.items())
        env = {**who, "PATH": self._path, "HOME": "/nonexistent", "AWS_PAGER": ""}
        done = subprocess.run(
            ["bash"], input=f"{known}\n{filled}", env=env, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def preflight(make_ansible: MakeAnsible) -> Outcome:
    """A nightly preflight, with the inventory of the examples."""
    inventory = CHECKOUT / "examples" / "inventory" / "demo_incident.yml"
    return make_ansible("incident").playbook("preflight", inventory=inventory).succeeded()


@pytest.fixture
def response(
    preflight: Outcome, emulator: EmulatorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Response:
    """The accounts as the preflight saw them."""
    assert preflight.writes == []
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    emulator.control.set_lag(0)
    return Response(emulator.control, tmp_path)


def sign_in(response: Response, account_id: str, role: str) -> dict[str, str]:
    """The variables of a judged session of a role."""
    (session,) = response.control.sessions(account_id, role)
    variables = environment(
        response.control.url,
        access_key_id=session["access_key_id"],
        secret_access_key=session["secret_access_key"],
    )
    return {**variables, "AWS_SESSION_TOKEN": session["session_token"]}


def sign_in_as_new(response: Response, account_id: str, role: str) -> dict[str, str]:
    """The same for a new role that may do everything."""
    iam = response.client("iam", account_id)
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(ANYBODY))
    iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATORS)
    return sign_in(response, account_id, role)


def may(who: Mapping[str, str], operation: str, **parameters: t.Any) -> str:
    """The answer of IAM to a judged principal: empty, or the code of the error."""
    make: t.Any = boto3.client
    client = make(
        "iam",
        endpoint_url=who["AWS_ENDPOINT_URL"],
        aws_access_key_id=who["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=who["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=who.get("AWS_SESSION_TOKEN"),
    )
    try:
        getattr(client, operation)(**parameters)
    except ClientError as error:
        return t.cast(str, error.response["Error"]["Code"])
    return ""


def read(outcome: Outcome, account_id: str) -> str:
    return (outcome.reports / account_id / f"runbook-{account_id}.txt").read_text(encoding="utf-8")


def test_people_contain_with_the_runbook_of_last_night_alone(response: Response, preflight: Outcome) -> None:
    control = response.control
    shell = Shell(read(preflight, HOME), make_aws_cli(os.environ))
    people, eve = sign_in(response, HOME, "break-glass"), sign_in_as_new(response, HOME, "eve")
    management = environment(control.url)
    organizations = response.client("organizations", MANAGEMENT)
    dormant = organizations.create_policy(
        Name=NAME, Description="dormant", Type="SERVICE_CONTROL_POLICY", Content=DORMANT.text
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=dormant, TargetId=organizations.list_roots()["Roots"][0]["Id"])
    leaked = environment(control.url, access_key_id=LEAKED, secret_access_key="leaked")
    write = {"UserName": "report-export", "PolicyName": "door", "PolicyDocument": json.dumps(DORMANT.document)}
    assert may(eve, "put_user_policy", **write) == ""

    # Whose is it?
    assert HOME in shell.paste("sign-in", people)
    assert USER in shell.paste("whose-is-it", people, KEY_ID=LEAKED)
    # Nothing is held back before.
    assert may(leaked, "list_users") == ""
    assert "error" not in shell.paste("deny-user", people, KEY_ID=LEAKED, USER_NAME=USER).lower()
    assert may(leaked, "list_users") != ""
    # The intruder undoes it with another role, until that is denied from above.
    assert may(eve, "delete_user_policy", UserName=USER, PolicyName="iam-hardening-by-hand") == ""
    assert "NoSuchEntity" in shell.paste("wait", people)
    arn = f"arn:aws:iam::{HOME}:role/eve"
    assert "error" not in shell.paste("lock", management, NAMED_ARN=arn).lower()
    assert "service control policy" in shell.paste("wait", people)
    other = sign_in_as_new(response, HOME, "honest-admin")
    for somebody in (eve, other):
        assert may(somebody, "put_user_policy", **write) == "AccessDenied"
    assert may(eve, "list_users") == "AccessDenied"
    assert may(other, "list_users") == ""
    # Another account of the organization is not locked.
    assert may(sign_in_as_new(response, PROD, "honest-admin"), "create_user", UserName="somebody") == ""
    # This pass counts.
    assert "error" not in shell.paste("deny-user", people, KEY_ID=LEAKED, USER_NAME=USER).lower()
    assert "error" not in shell.paste("deny-role", people, ROLE_NAME="eve").lower()
    assert "error" not in shell.paste("lift", management, POLICY_ID=dormant).lower()
    assert may(other, "put_user_policy", **write) == ""
    assert may(eve, "list_users") == "AccessDenied"
    undone = shell.paste("undo", people, USER_NAME=USER, ROLE_NAME="eve")
    assert "error" not in undone.lower()
    assert may(eve, "list_users") == ""
    keys = response.client("iam", HOME).list_access_keys(UserName=USER)["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in keys}[LEAKED] == "Inactive"


def test_each_account_has_one_and_the_management_account_no_lock(preflight: Outcome) -> None:
    assert "# BLOCK lock" in read(preflight, PROD)
    text = read(preflight, MANAGEMENT)
    assert "# BLOCK lock" not in text
    assert "# This is the management account of its organization" in text
