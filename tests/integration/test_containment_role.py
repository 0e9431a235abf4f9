# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment and its release with the policies and the trust of examples/bootstrap, each call judged by them."""

from __future__ import annotations

import functools
import json
import re
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.exceptions import ClientError
from intruder import DATA, HOME, OTHER_USER, PROD, USER, Intruder
from scripts import bootstrap_containment as containment
from scripts import generate_permissions as generate

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    CredentialQuarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import preflight_info
from emulator.client import Emulator, EmulatorProcess
from emulator.seed import source

from .conftest import EXTERNAL_ID, MANAGEMENT, Record, fresh, operation_of, role_arn
from .containing import Response, without_leaked
from .revoking import RevokingBench, find_able

IDENTITY: t.Final = "incident-INC-7"
#: Who runs Ansible here, and who runs the schedules.
PEOPLE: t.Final = f"arn:aws:iam::{MANAGEMENT}:user/emulator-administrator"
JOBS: t.Final = f"arn:aws:iam::{MANAGEMENT}:role/awx-execution"
VALUES: t.Final = {
    "AWS::Partition": "<partition>",
    "AWS::AccountId": "<account_id>",
    "IncidentPrincipalArnPattern": PEOPLE,
    "ScheduledPrincipalArnPattern": JOBS,
    "ExternalId": EXTERNAL_ID,
    "OrganizationId": "o-acme123456",
    "RoleSessionNamePattern": "iam-hardening*",
    "ContainmentSourceIdentityPattern": "incident-*",
}


def fill(value: t.Any) -> t.Any:
    """What CloudFormation makes of a part of the template, in the words of a seed."""
    if isinstance(value, list):
        return [fill(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return VALUES[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return re.sub(r"\$\{([\w:]+)\}", lambda name: VALUES[name[1]], value["Fn::Sub"])
    if set(value) == {"Fn::If"}:
        return fill(value["Fn::If"][1])
    if set(value) == {"Fn::Select"}:
        place, split = value["Fn::Select"]
        separator, text = split["Fn::Split"]
        return fill(text).split(separator)[place]
    return {key: fill(item) for key, item in value.items()}


def make_seed() -> Record:
    """The accounts of an incident, where the role of containment is that of the template."""
    seed: Record = yaml.safe_load((source.SEEDS / "incident.yml").read_text(encoding="utf-8"))
    resources = generate.template_of_containment(generate.read_operations())["Resources"]
    properties = {name: resource["Properties"] for name, resource in resources.items()}
    role = properties["ContainmentRole"]
    seed["every_account"]["roles"][role["RoleName"]] = {
        "path": role["Path"],
        "trust": fill(role["AssumeRolePolicyDocument"]),
        "inline": {
            one["PolicyName"]: fill(one["PolicyDocument"])
            for one in properties.values()
            if one.get("Roles") == [{"Ref": "ContainmentRole"}]
        },
        "boundary": properties["ContainmentBoundary"]["ManagedPolicyName"],
        "judged": True,
    }
    seed["every_account"]["policies"] = {
        one["ManagedPolicyName"]: {"path": one["Path"], "document": fill(one["PolicyDocument"])}
        for one in (properties[name] for name in ("ContainmentBoundary", "DrillBoundary", "QuarantinePolicy"))
    }
    return seed


@pytest.fixture
def accounts(emulator: EmulatorProcess) -> Iterator[Emulator]:
    control = fresh(emulator, make_seed())
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CredentialQuarantine, "holds", 0.0)
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        yield control


@pytest.fixture
def response(accounts: Emulator, tmp_path: Path) -> Response:
    return Response(accounts, tmp_path)


def assume(account_id: str, **said: str) -> Callable[[str], t.Any]:
    """Makes clients with the role of containment, for people who work by hand."""
    given = {"RoleSessionName": "iam-hardening", "ExternalId": EXTERNAL_ID, "SourceIdentity": IDENTITY, **said}
    arn = role_arn(account_id, "automation-containment")
    session = boto3.client("sts").assume_role(RoleArn=arn, **given)["Credentials"]
    keys = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    return functools.partial(boto3.client, **keys)


def denied(accounts: Emulator) -> list[str]:
    return [operation_of(record) for record in accounts.log() if record["status"] == 403]


def test_a_key_is_contained_and_released(response: Response) -> None:
    before = response.state()
    result = response.contain(assume_role_source_identity=IDENTITY)
    assert (result["not_denied"], result["not_made"], result["unverified"]) == ([], [], [])
    assert all(change["applied"] for change in result["changes"])
    assert denied(response.control) == []
    assert Intruder(response.control.url).find_able() == []
    response.control.clear_log()
    released = response.release(assume_role_source_identity=IDENTITY)
    assert not released.get("failed"), released["msg"]
    assert response.state() == without_leaked(before)
    assert denied(response.control) == []


@pytest.mark.parametrize("has_boundary", [False, True], ids=["none", "one"])
def test_where_there_is_no_room_the_boundary_denies(response: Response, has_boundary: bool) -> None:
    """It takes the place of one that is there, and a release restores that."""
    iam = response.client("iam")
    filler = {"Statement": {"Effect": "Allow", "Action": [f"s3:Get{n:04}" for n in range(150)], "Resource": "*"}}
    document = json.dumps({"Version": "2012-10-17", **filler})
    iam.put_user_policy(UserName=USER, PolicyName="large", PolicyDocument=document)
    for number in range(10):
        made = iam.create_policy(PolicyName=f"one-{number}", PolicyDocument=document)["Policy"]["Arn"]
        if len(iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]) < 10:
            iam.attach_user_policy(UserName=USER, PolicyArn=made)
    if has_boundary:
        iam.put_user_permissions_boundary(UserName=USER, PermissionsBoundary=made)
    before = response.state()
    result = response.contain(assume_role_source_identity=IDENTITY)
    assert "PutUserPermissionsBoundary" in [change["operation"] for change in result["changes"] if change["applied"]]
    released = response.release(assume_role_source_identity=IDENTITY)
    assert not released.get("failed"), released["msg"]
    assert response.state() == without_leaked(before)


def test_sessions_are_cut_over_three_accounts(accounts: Emulator, tmp_path: Path) -> None:
    bench = RevokingBench(accounts, tmp_path)
    bench.begin_run()
    intruder = Intruder(accounts.url)
    intruder.work()
    bench.quarantine()
    accounts.clear_log()
    for name in ("first", "second"):
        results = bench.run_pass(**{"pass": name}, assume_role_source_identity=IDENTITY)
    assert all(bench.documents(account) for account in (HOME, PROD, DATA))
    # AWS documents no actions for the sessions of aws login, so nobody has them: those are not read, and it says so.
    assert set(denied(accounts)) <= {"signin:ListSessions"}
    assert results[HOME]["signin_unread"]
    assert find_able(intruder, results) == []
    # Of what it made for others it is told.
    assert {row["principal"].rpartition("/")[2] for row in results[HOME]["not_denied"]} == {OTHER_USER}


# Before an incident


def check_preparation(control: Emulator, **options: t.Any) -> tuple[Record, bool]:
    """The row of containment in the preflight, and whether the role was assumed for it."""
    control.clear_log()
    classes = {"policies": role_arn(HOME, "automation"), "containment": role_arn(HOME, "automation-containment")}
    given = {
        "account_id": HOME,
        "roles": ["compromise_response"],
        "regions": ["us-east-1"],
        "assessor_role_arn": role_arn(HOME, "assessor"),
        "assume_role_arns": classes,
        "assume_role_external_id": EXTERNAL_ID,
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **preflight_info.ENTRY.argument_spec()}).validate(given)
    assert not validation.error_messages
    result = execute(preflight_info.ENTRY, options=validation.validated_parameters, check_mode=True)
    assert not result.get("failed"), result["msg"]
    (row,) = (row for row in result["capabilities"] if row["capability"] == "compromise_response")
    assumed = [record for record in control.log() if operation_of(record) == "sts:AssumeRole"]
    return row, any("automation-containment" in json.dumps(record) for record in assumed)


def test_the_preflight_assumes_the_role_as_people_do(accounts: Emulator) -> None:
    row, was_assumed = check_preparation(accounts, assume_role_source_identity=IDENTITY)
    assert (row["state"], row["reason"], row["missing_actions"]) == ("READY", "", [])
    assert was_assumed
    row, was_assumed = check_preparation(accounts)
    assert row["state"] == "READY"
    assert row["reason"] == f"{PEOPLE} may not assume it, so that was not tried"
    assert not was_assumed


def test_the_preflight_says_what_containment_lacks(accounts: Emulator, response: Response) -> None:
    row, _was_assumed = check_preparation(accounts, assume_role_arns={"policies": role_arn(HOME, "automation")})
    assert (row["state"], row["missing_actions"]) == ("MISSING", [])
    assert "no role of the class containment" in row["reason"]
    iam, jobs = response.client("iam"), "arn:aws:iam::*:role/nightly-*"
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {**anybody, "Condition": {"ArnLike": {"aws:PrincipalArn": jobs}}}
    for name in ("automation", "automation-containment"):
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    iam.delete_role_policy(RoleName="automation-containment", PolicyName="inline")
    row, _was_assumed = check_preparation(accounts)
    assert row["state"] == "MISSING"
    assert f"{jobs} may assume" in row["reason"]
    assert row["missing_actions"] == ["iam:DeleteUserPolicy", "iam:PutUserPolicy"]


# Nobody else


@pytest.mark.parametrize("identity", ["awx-42", ""])
def test_a_job_without_an_incident_writes_nothing(response: Response, identity: str) -> None:
    said = {"assume_role_source_identity": identity} if identity else {}
    result = response.run(**said)
    assert result["failed"]
    assert response.writes == []


def test_the_role_does_not_free_itself(accounts: Emulator) -> None:
    iam = assume(HOME)("iam")
    own = "automation-containment"
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    boundary = f"arn:aws:iam::{HOME}:policy/iam-hardening/{containment.BOUNDARY}"
    attempts: list[Callable[[], t.Any]] = [
        lambda: iam.delete_role_permissions_boundary(RoleName=own),
        lambda: iam.put_role_policy(RoleName=own, PolicyName="more", PolicyDocument=allow),
        lambda: iam.update_assume_role_policy(RoleName=own, PolicyDocument=allow),
        lambda: iam.create_policy_version(PolicyArn=boundary, PolicyDocument=allow, SetAsDefault=True),
        lambda: iam.put_role_policy(RoleName="break-glass", PolicyName="more", PolicyDocument=allow),
        lambda: iam.delete_role_policy(RoleName="assessor", PolicyName="reads"),
        lambda: iam.attach_user_policy(UserName=USER, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
        lambda: iam.create_access_key(UserName=USER),
        lambda: assume(HOME)("sts").assume_role(RoleArn=role_arn(HOME, "automation"), RoleSessionName="more"),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_root_of_a_member_is_audited_and_not_unlocked(accounts: Emulator) -> None:
    sts = assume(MANAGEMENT)("sts")
    task = "arn:aws:iam::aws:policy/root-task/"
    audit = {"TargetPrincipal": PROD, "TaskPolicyArn": {"arn": f"{task}IAMAuditRootUserCredentials"}}
    assert sts.assume_root(**audit)["Credentials"]["AccessKeyId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_root(TargetPrincipal=PROD, TaskPolicyArn={"arn": f"{task}S3UnlockBucketPolicy"})
