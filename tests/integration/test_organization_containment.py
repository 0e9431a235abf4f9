# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account, and a user of Identity Center, can do nothing once the organization contains them, until the release."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.exceptions import ClientError
from intruder import DATA, HOME, LEAKED, PROD, USER

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.canary import (
    observe as canary,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import state_key
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import assessment_info, organization_containment, password_policy
from emulator.client import Emulator, EmulatorProcess

from .conftest import CHECKOUT, EXTERNAL_ID, MANAGEMENT, Ansible, MakeAnsible, Record, fresh, role_arn
from .containing import CHECKLIST, Response, declare
from .interrupting import kill_at_write

ENTRY: t.Final = organization_containment.ENTRY
INVENTORY: t.Final = CHECKOUT / "examples" / "inventory" / "demo_incident.yml"
PERSON: t.Final = "94482488-3041-7026-d8a7-000000000000"
COLLEAGUE: t.Final = "94482488-3041-7026-d8a7-000000000001"
OPTIONS: t.Final[Record] = {
    "entry": ENTRY,
    "member_role_arn": "arn:aws:iam::<account_id>:role/iam-hardening/assessor",
    "exempt_roles": [
        "arn:aws:iam::<account_id>:role/iam-hardening/automation-containment",
        "arn:aws:iam::<account_id>:role/iam-hardening/assessor",
    ],
    "break_glass": ["arn:aws:iam::*:role/iam-hardening/break-glass"],
}
EARLY: t.Final[Record] = {
    "state": "released",
    "checklist": CHECKLIST,
    "early_release_reason": "a test of the release",
}


@pytest.fixture(scope="module")
def seeded(emulator: EmulatorProcess) -> Iterator[tuple[EmulatorProcess, int]]:
    control = fresh(emulator, "incident")
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        yield emulator, control.snapshot()


@pytest.fixture
def response(seeded: tuple[EmulatorProcess, int], tmp_path: Path) -> Response:
    control = fresh_from(*seeded)
    return Response(control, tmp_path)


def fresh_from(emulator: EmulatorProcess, snapshot: int) -> Emulator:
    control = Emulator(emulator.url)
    control.restore(snapshot)
    control.clear_faults()
    control.clear_log()
    return control


def incident(*accounts: t.Any, **fields: t.Any) -> Record:
    return {**declare(), "keys": [], "accounts": list(accounts), **fields}


def run(response: Response, named: Record, **options: t.Any) -> Record:
    return response.run(MANAGEMENT, incident=named, **{**OPTIONS, **options})


def can_work(response: Response, account_id: str, role: str, **settings: t.Any) -> bool:
    """Whether a session of a role, judged as everybody in AWS is, may list roles."""
    (session,) = response.control.sessions(account_id, role, **settings)
    make: t.Any = boto3.client
    client = make(
        "iam",
        aws_access_key_id=session["access_key_id"],
        aws_secret_access_key=session["secret_access_key"],
        aws_session_token=session["session_token"],
    )
    try:
        client.list_roles()
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), error
        return False
    return True


def organization_state(response: Response) -> str:
    """The policies, what each is attached to, and where the accounts are."""
    client = response.client("organizations", MANAGEMENT)
    policies = {
        item["Name"]: (
            client.describe_policy(PolicyId=item["Id"])["Policy"]["Content"],
            sorted(target["TargetId"] for target in client.list_targets_for_policy(PolicyId=item["Id"])["Targets"]),
        )
        for item in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    }
    parents = {account: client.list_parents(ChildId=account)["Parents"] for account in (HOME, PROD, DATA)}
    return json.dumps([policies, parents], sort_keys=True)


def make_unit(response: Response, *, denies: bool = True) -> str:
    client = response.client("organizations", MANAGEMENT)
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="Quarantine")["OrganizationalUnit"]["Id"]
    if denies:
        keep = [
            "arn:aws:iam::*:role/iam-hardening/automation-containment",
            "arn:aws:iam::*:role/iam-hardening/break-glass",
        ]
        statement = {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": keep}},
        }
        content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        policy = client.create_policy(
            Name="quarantine-unit", Description="", Type="SERVICE_CONTROL_POLICY", Content=content
        )["Policy"]["PolicySummary"]["Id"]
        client.attach_policy(PolicyId=policy, TargetId=unit)
    return str(unit)


def test_an_intruders_roles_can_do_nothing_and_the_containment_goes_on(response: Response) -> None:
    before = organization_state(response)
    named = incident({"account_id": HOME})
    response.control.clear_log()
    planned = run(response, {**named, "confirm": ""}, check=True)
    assert [change["operation"] for change in planned["changes"]] == ["CreatePolicy", "AttachPolicy"]
    assert planned["changes"][1]["affects"] == [HOME] and planned["accounts"][0]["state"] == "to_contain"
    assert response.writes == [] and not response.journal.exists()
    assert can_work(response, HOME, "pipeline")

    contained = run(response, named)
    assert not contained.get("failed"), contained["msg"]
    assert response.writes == ["organizations:CreatePolicy", "organizations:AttachPolicy"]
    assert {role["role"].rpartition("/")[2]: role["continues"] for role in contained["accounts"][0]["roles"]} == {
        "automation-containment": True,
        "assessor": True,
        "break-glass": True,
    }
    for role in ("pipeline", "build-worker", "automation"):
        assert not can_work(response, HOME, role)
    assert can_work(response, HOME, "automation-containment")
    assert not can_work(response, HOME, "automation-containment", age_seconds=600)
    assert can_work(response, PROD, "automation")

    response.control.clear_log()
    again = run(response, named)
    assert response.writes == [] and again["changed"] is False and again["accounts"][0]["state"] == "contained"

    released = run(response, named, **EARLY)
    assert not released.get("failed"), released["msg"]
    assert response.writes == ["organizations:DetachPolicy", "organizations:DeletePolicy"]
    assert organization_state(response) == before
    assert can_work(response, HOME, "pipeline")
    record = read_record(response.store, MANAGEMENT, "INC-7.organization")
    assert record is not None and record.state is State.RELEASED
    assert run(response, named, **EARLY)["changed"] is False


def test_a_user_of_identity_center_is_denied_in_all_member_accounts(response: Response) -> None:
    before = organization_state(response)
    named = incident(identity_center_users=[{"user_id": PERSON}])
    contained = run(response, named)
    assert not contained.get("failed"), contained["msg"]
    assert contained["people"][0]["state"] == "contained" and len(contained["people"][0]["next_steps"]) == 4
    for account_id, role in ((HOME, "pipeline"), (PROD, "automation"), (DATA, "assessor")):
        assert not can_work(response, account_id, role, sort="saml", center_user_id=PERSON)
        assert can_work(response, account_id, role, sort="saml", center_user_id=COLLEAGUE)
        assert can_work(response, account_id, role)
    # A second one is added, and the first one stays although nobody names him any more.
    both = run(response, incident(identity_center_users=[{"user_id": COLLEAGUE}]))
    assert [change["operation"] for change in both["changes"]] == ["UpdatePolicy"]
    assert not can_work(response, HOME, "pipeline", sort="saml", center_user_id=PERSON)
    assert not can_work(response, HOME, "pipeline", sort="saml", center_user_id=COLLEAGUE)
    released = run(response, named, **EARLY)
    assert not released.get("failed") and released["left"] == [], released
    assert organization_state(response) == before


def test_a_move_shows_what_ends_and_is_taken_back(response: Response) -> None:
    make_unit(response)
    before = organization_state(response)
    named = incident({"account_id": PROD, "action": "move"}, quarantine_ou="/Quarantine")
    refused = run(response, named)
    # The policy quarantine, which denies by tag, is attached to the unit that it would leave.
    assert not refused["changes"] and refused["refused"][0]["rule"] == "loses_policies"
    assert "quarantine" in refused["refused"][0]["reason"] and organization_state(response) == before
    moved = run(response, {**named, "accept_lost_policies": ["quarantine"]})
    assert not moved.get("failed"), moved["msg"]
    assert moved["accounts"][0]["move"]["to"] == "/Quarantine"
    assert not can_work(response, PROD, "automation") and can_work(response, PROD, "automation-containment")
    released = run(response, named, **EARLY)
    assert not released.get("failed"), released["msg"]
    assert organization_state(response) == before


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("place", [(1, True), (2, False)], ids=["policy-made", "not-attached"])
def test_a_run_that_is_killed_is_completed_by_the_next_one(response: Response, place: tuple[int, bool]) -> None:
    write, after = place
    before = organization_state(response)
    named = incident({"account_id": HOME})
    response.control.clear_log()
    kill_at_write(response.control, functools.partial(run, response, named, run_id="killed"), write=write, after=after)
    record = read_record(response.store, MANAGEMENT, "INC-7.organization")
    assert record is not None and record.state is State.CONTAINING and HOME in record.targets
    again = run(response, named, run_id="rerun")
    assert not again.get("failed"), again["msg"]
    assert response.open_changes(MANAGEMENT) == [] and not can_work(response, HOME, "pipeline")
    kill_at_write(
        response.control, functools.partial(run, response, named, **EARLY, run_id="gone"), write=1, after=True
    )
    released = run(response, named, **EARLY, run_id="released")
    assert not released.get("failed"), released["msg"]
    assert organization_state(response) == before


def test_what_no_policy_can_contain_is_refused_with_what_people_do(response: Response) -> None:
    named = incident({"account_id": MANAGEMENT}, {"account_id": "999988887777"}, {"account_id": HOME})
    result = run(response, named, break_glass=[], exempt_roles=[], member_role_arn="")
    assert result["failed"] and response.writes == []
    assert [item["rule"] for item in result["refused"]] == ["management_account", "unknown_account", "no_break_glass"]
    # An intruder lets its own account into break-glass, so that it does not count.
    iam = response.client("iam", HOME)
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.update_assume_role_policy(RoleName="break-glass", PolicyDocument=document)
    result = run(response, incident({"account_id": HOME}))
    assert result["refused"][0]["rule"] == "no_break_glass" and "999988887777" in result["refused"][0]["reason"]
    forced = run(response, incident({"account_id": HOME, "without_break_glass": True}))
    assert not forced.get("failed"), forced["msg"]
    assert not can_work(response, HOME, "break-glass") and can_work(response, HOME, "automation-containment")


def test_changes_of_the_runs_roles_are_a_finding_and_contain_nothing(response: Response) -> None:
    response.control.set_lateness(0)
    first = run(response, declare(), check=True)["trust"][0]
    assert first["changes"] == [] and first["differences"] == []
    iam = response.client("iam", HOME)
    iam.attach_role_policy(RoleName="assessor", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    client = response.client("organizations", MANAGEMENT)
    (policy,) = (
        item["Id"]
        for item in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        if item["Name"] == "quarantine"
    )
    target = client.list_targets_for_policy(PolicyId=policy)["Targets"][0]["TargetId"]
    client.detach_policy(PolicyId=policy, TargetId=target)
    response.control.clear_log()
    result = run(response, declare(accounts=[{"account_id": PROD}]), check=True, return_findings="all")
    found = {row["account_id"]: row for row in result["trust"]}
    assert [change["operation"] for change in found[HOME]["changes"]] == ["AttachRolePolicy"]
    assert [change["operation"] for change in found[PROD]["changes"]] == ["DetachPolicy"]
    assert {one["account_id"] for one in result["findings"] if one["control"] == "account_not_trusted"} == {HOME, PROD}
    assert "add it to accounts of the incident" in result["terminal"]
    assert {change["affects"][0] for change in result["changes"] if change["affects"]} == {PROD}
    # Of an account that can't be read nothing is known.
    unknown = run(response, declare(), check=True, member_role_arn="arn:aws:iam::<account_id>:role/gone")
    assert unknown["trust"][0]["state"] == "unknown" and unknown["trust"][0]["unread"]


def harden(response: Response, run_id: str, directory: Path) -> list[str]:
    """An assessment of HOME and a module that enforces, as harden.yml has them; the warnings of the latter."""
    files = RunFiles(directory / run_id, b"s" * 32)
    options = {
        "account_id": HOME,
        "assume_role_arn": role_arn(HOME, "automation"),
        "assessor_role_arn": role_arn(HOME, "assessor"),
        "assume_role_external_id": EXTERNAL_ID,
        "report_dir": str(response.reports),
        "run_id": run_id,
    }
    of_modules: tuple[tuple[Entry, Record], ...] = (
        (assessment_info.ENTRY, {"organization_role_arn": role_arn(MANAGEMENT, "assessor"), "regions": ["us-east-1"]}),
        (password_policy.ENTRY, {"journal": str(response.journal), "mode": "enforce", "minimum_password_length": 14}),
        # The state is kept once a run.
        (password_policy.ENTRY, {"journal": str(response.journal), "mode": "enforce", "minimum_password_length": 15}),
    )
    warned: list[str] = []
    for entry, more in of_modules:
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate({**options, **more})
        assert not validation.error_messages
        result = execute(entry, options=validation.validated_parameters, check_mode=False, files=files)
        assert not result.get("failed"), result["msg"]
        warned += [str(text) for text in result.get("warnings", ()) if "may not be trusted" in str(text)]
    return warned


def test_what_differs_from_the_state_of_the_last_run_is_distrusted(response: Response, tmp_path: Path) -> None:
    """A new default version of an attached policy is no event of the role, and the events are late besides."""
    response.control.set_lateness(900)

    def find_trust(**options: t.Any) -> Record:
        return t.cast(Record, run(response, declare(), check=True, **options)["trust"][0])

    iam = response.client("iam", HOME)
    document = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    policy = iam.create_policy(
        PolicyName="extra", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]})
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="automation-containment", PolicyArn=policy)
    client = response.client("organizations", MANAGEMENT)
    denial = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "rds:*", "Resource": "*"}]}
    guard = client.create_policy(
        Name="guard", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(denial)
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=guard, TargetId=HOME)
    unknown = find_trust()
    assert unknown["state"] == "unknown" and "no earlier run kept the roles of the run" in unknown["unread"][0]
    assert harden(response, "harden-1", tmp_path) == []
    assert (find_trust()["state"], find_trust()["unread"]) == ("nothing_seen", [])

    document["Action"] = "*"
    iam.create_policy_version(
        PolicyArn=policy,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
        SetAsDefault=True,
    )
    client.detach_policy(PolicyId=guard, TargetId=HOME)
    expected = [
        f"policy {policy} of role automation-containment changed since run harden-1",
        f"control policy guard ({guard}) was detached, or the account was moved, since run harden-1",
    ]
    changed = find_trust()
    assert changed["state"] == "changed" and changed["changes"] == []
    for one, text in zip(changed["differences"], expected, strict=True):
        assert one["summary"].startswith(text)
    # With the accounts of the incident, the organization is read as a whole.
    (named,) = run(response, declare(accounts=[{"account_id": HOME}]), check=True)["trust"]
    assert [one["what"] for one in named["differences"]] == [one["what"] for one in changed["differences"]]
    # A later run does not wash it away.
    warned = harden(response, "harden-2", tmp_path)
    assert len(warned) == 2 and "see docs/incident.md" in warned[0]
    (first, _second) = find_trust()["differences"]
    assert (first["kept_by"], first["found_by"]) == ("harden-1", "harden-2")
    # A state that is no state is not known, whatever it says.
    (response.journal / state_key(HOME)).write_text("{}", encoding="utf-8")
    broken = find_trust()
    assert broken["state"] == "unknown" and "Find out who wrote there" in broken["unread"][0]


@pytest.fixture(scope="module")
def ansible(emulator: EmulatorProcess, make_ansible: MakeAnsible) -> Iterator[Ansible]:
    ansible = make_ansible()
    fresh(emulator, "incident")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield ansible


def make_dormant(response: Response) -> str:
    """Make the dormant policy as the bootstrap does, and attach it to the root; its id."""
    client = response.client("organizations", MANAGEMENT)
    made = client.create_policy(
        Name=from_above.NAME,
        Description="Denies nothing until an incident.",
        Type="SERVICE_CONTROL_POLICY",
        Content=from_above.DORMANT.text,
        Tags=[dict(zip(("Key", "Value"), from_above.TAG, strict=True))],
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=made, TargetId=client.list_roots()["Roots"][0]["Id"])
    return str(made)


def list_denied_writers(response: Response) -> list[str]:
    """List the roles whose sessions a control policy keeps from making a user."""
    denied = []
    for account_id, role in ((HOME, "automation"), (HOME, "automation-containment"), (PROD, "automation")):
        (session,) = response.control.sessions(account_id, role)
        make: t.Any = boto3.client
        client = make(
            "iam",
            aws_access_key_id=session["access_key_id"],
            aws_secret_access_key=session["secret_access_key"],
            aws_session_token=session["session_token"],
        )
        client.list_users()
        try:
            client.create_user(UserName="made-by-bystander")
            client.delete_user(UserName="made-by-bystander")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"
            denied += [f"{account_id} {role}"] if "service control policy" in str(error) else []
    return denied


@pytest.mark.usefixtures("impatient")
def test_nobody_but_the_run_writes_identities_in_a_locked_account(
    response: Response, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the assessor nothing is judged here, so that the canary shows nothing.
    monkeypatch.setattr(canary, "MOST_SECONDS", 0.1)
    response.control.set_lateness(0)
    make_dormant(response)
    before, source = organization_state(response), f"arn:aws:iam::{HOME}:user/ci/ci-deploy"
    files = RunFiles(tmp_path / "shared", b"s" * 32)
    named = {**declare(), "identity_lock": {"accounts": [HOME]}}
    given: Record = {"run_id": "locks", "files": files}
    for run_id in ("locks", "killed"):
        part = {"edges": {"sources": [source]}, "cut_at": {}}
        assert files.write(json.dumps(["incident", run_id, named["id"], HOME]), part)
    response.control.clear_log()
    planned = run(response, named, check=True, **given)
    assert [change["operation"] for change in planned["changes"]] == ["UpdatePolicy"]
    assert response.writes == [] and planned["identity_lock"]["written"] is False
    (row,) = planned["identity_lock"]["accounts"]
    assert [one["principal"] for one in row["stops"]] == [f"arn:aws:iam::{HOME}:role/pipeline"]
    assert row["stops_unread"] == ""
    killed = functools.partial(run, response, named, **{**given, "run_id": "killed"})
    kill_at_write(response.control, killed, write=1, after=True)
    locked = run(response, named, **given)
    assert not locked.get("failed"), locked["msg"]
    assert response.writes == ["organizations:UpdatePolicy"] and locked["identity_lock"]["denied"] == [source]
    assert "it did not show within" in locked["identity_lock"]["accounts"][0]["reason"]
    assert list_denied_writers(response) == [f"{HOME} automation"]

    response.control.clear_log()
    again = run(response, named, **given)
    assert response.writes == [] and again["changed"] is False
    # What the run has written is no reason for distrust.
    assert [row["changes"] for row in again["trust"]] == [[]]
    # A controller that dies leaves no account locked.
    response.control.clock(offset_days=0.1)
    try:
        assert list_denied_writers(response) == []
    finally:
        response.control.clock()
    released = run(response, named, **EARLY)
    assert not released.get("failed") and released["left"] == [], released
    assert organization_state(response) == before


def test_identities_are_locked_while_the_incident_is_contained(ansible: Ansible) -> None:
    seed = yaml.safe_load((CHECKOUT / "tests" / "emulator" / "seeds" / "incident.yml").read_text(encoding="utf-8"))
    # The canary is a call of the assessor.
    seed["every_account"]["roles"]["assessor"]["judged"] = True
    ansible.control.reset(seed)
    ansible.control.set_lag(2)
    response = Response(ansible.control, ansible.directory)
    dormant = make_dormant(response)
    before = organization_state(response)
    named = {
        **declare(),
        "confirm": "",
        "identity_lock": {"accounts": [HOME, MANAGEMENT], "minutes": 30},
        # What the intruder of the seed left behind. While it works, the lock stays.
        "minted_keys": "deactivate",
        "users": [f"arn:aws:iam::{HOME}:user/svc-metrics"],
        "roles": [
            {
                "arn": f"arn:aws:iam::{HOME}:role/nightly-export",
                "cut": "trust",
                "principal": "arn:aws:iam::999988887777:root",
                "restore": False,
            }
        ],
    }
    given: Record = {"hardening_incident": named, "compromise_response_confirm": named["id"]}
    ansible.control.clear_log()
    planned = ansible.playbook("contain", "--check", inventory=INVENTORY, **given)
    shown = " ".join(planned.output.split())
    assert planned.status == 0 and f"account {HOME}: identities would be locked until" in shown, planned.output
    alone = ansible.playbook("contain", "--check", "--limit", "acme-ci", inventory=INVENTORY, **given)
    assert "WARNING: identity_lock is declared, but only a host of the group organization_management" in alone.output
    assert ansible.control.writes() == []
    contained = ansible.playbook("contain", inventory=INVENTORY, **given, compromise_response_recheck_seconds=1)
    assert contained.status == 0, contained.output
    shown = " ".join(contained.output.split())
    assert f"account {HOME}: identities are locked until" in shown and "that it holds was measured after" in shown
    assert f"account {MANAGEMENT}: identities are NOT LOCKED: no control policy binds the management account" in shown
    updates = [call for call in ansible.control.writes() if call["operation"] == "UpdatePolicy"]
    contents = [from_above.read_orders(json.loads(call["parameters"]["Content"])) for call in updates]
    assert [bool(one and one.lock) for one in contents] == [True, False] and {
        call["parameters"]["PolicyId"] for call in updates
    } == {dormant}
    (locked, lifted) = contents
    assert locked and locked.lock and lifted and locked.lock.accounts == {HOME}
    assert role_arn(HOME, "automation-containment") in locked.lock.exempt
    assert f"arn:aws:iam::{HOME}:user/ci/ci-deploy" in lifted.named.arns and lifted.named.user_ids
    # A run that is killed after its first pass leaves the lock, and the next preflight shows it.
    client = response.client("organizations", MANAGEMENT)
    client.update_policy(PolicyId=dormant, Content=updates[0]["parameters"]["Content"])
    limited = ("--limit", "organization_management")
    checked = ansible.playbook("preflight", *limited, inventory=INVENTORY, preflight_roles=["compromise_response"])
    shown = " ".join(checked.output.split())
    assert f"the identity lock of incident {named['id']} holds in {HOME} until" in shown, checked.output
    client.update_policy(PolicyId=dormant, Content=updates[1]["parameters"]["Content"])
    names = [f"arn:aws:iam::{HOME}:user/svc-metrics/password"]
    checklist = {**CHECKLIST, "looked_at": {"by": "Ben", "statement": "it is ours", "names": names}}
    given |= {"compromise_response_checklist": checklist, "compromise_response_early_release_reason": "a test of it"}
    released = ansible.playbook("release", inventory=INVENTORY, **given)
    assert released.status == 0, released.output
    assert organization_state(response) == before


class Undoer:
    """Another administrator of the account, who gives the leaked key back again and again, and is not known to us."""

    def __init__(self, response: Response) -> None:
        (session,) = response.control.sessions(HOME, "automation", age_seconds=0)
        make: t.Any = boto3.client
        self.client = make(
            "iam",
            aws_access_key_id=session["access_key_id"],
            aws_secret_access_key=session["secret_access_key"],
            aws_session_token=session["session_token"],
        )
        self.undone = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Undoer:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ends.set()
        self._thread.join()

    def _go_on(self) -> None:
        deny_all = f"arn:aws:iam::{HOME}:policy/iam-hardening/quarantine-deny-all"
        while not self._ends.wait(0.2):
            for undo in (
                functools.partial(self.client.update_access_key, AccessKeyId=LEAKED, Status="Active", UserName=USER),
                functools.partial(self.client.detach_user_policy, UserName=USER, PolicyArn=deny_all),
                functools.partial(self.client.untag_user, UserName=USER, TagKeys=["iam-hardening:quarantine"]),
                functools.partial(
                    self.client.delete_user_policy, UserName=USER, PolicyName="iam-hardening-quarantine-INC-7"
                ),
            ):
                with contextlib.suppress(ClientError):
                    undo()
                    self.undone += 1


def test_a_race_that_is_lost_in_the_account_is_won_from_above(ansible: Ansible) -> None:
    seed = yaml.safe_load((CHECKOUT / "tests" / "emulator" / "seeds" / "incident.yml").read_text(encoding="utf-8"))
    seed["every_account"]["roles"]["assessor"]["judged"] = True
    ansible.control.reset(seed)
    response = Response(ansible.control, ansible.directory)
    make_dormant(response)
    named = {**declare(), "id": "INC-8", "confirm": ""}
    given: Record = {"hardening_incident": named, "compromise_response_confirm": "INC-8"}
    undone = "user/ci/ci-deploy: it was still changed in the last pass"
    with Undoer(response) as undoer:
        lost = ansible.playbook("contain", inventory=INVENTORY, **given, compromise_response_recheck_seconds=5)
        assert lost.status == 2 and undoer.undone, lost.output
        shown = " ".join(lost.output.split())
        assert f'add to the incident identity_lock: {{accounts: ["{HOME}"' in shown and undone in shown, lost.output
        named["identity_lock"] = {"accounts": [HOME], "minutes": 60}
        won = ansible.playbook("contain", inventory=INVENTORY, **given, compromise_response_recheck_seconds=5)
        shown = " ".join(won.output.partition("Containment of")[2].split())
        assert "CREDENTIALS" in shown and undone not in shown, won.output
    make: t.Any = boto3.client
    leaked = make("iam", aws_access_key_id=LEAKED, aws_secret_access_key="leaked")
    with pytest.raises(ClientError, match="service control policy|security token"):
        leaked.list_roles()


def test_the_playbooks_contain_an_account_on_the_host_of_the_organization(ansible: Ansible) -> None:
    ansible.control.set_lag(0)
    named = {**incident({"account_id": HOME}, identity_center_users=[{"user_id": PERSON}]), "confirm": ""}
    given: Record = {"hardening_incident": named, "compromise_response_confirm": named["id"]}
    response = Response(ansible.control, ansible.directory)
    before = organization_state(response)
    # A module that fails holds back none of the others.
    limited = ("--check", "--limit", "organization_management")
    partial = ansible.playbook(
        "contain", *limited, inventory=INVENTORY, **given, compromise_response_accept_irreversible="nonsense"
    )
    assert partial.status != 0
    shown = partial.output.partition("Plan of the containment of")[2]
    assert f"account {HOME}: everything, but for" in shown
    failed = " ".join(shown.partition("FAILED:")[2].split())
    assert "Contain the credentials, or release them: " in failed and "nonsense" in failed, partial.output
    assert "Fail where one of them failed" not in failed
    contained = ansible.playbook("contain", inventory=INVENTORY, **given, compromise_response_recheck_seconds=1)
    assert contained.status == 0, contained.output
    shown = contained.output.partition("Containment of")[2]
    assert f"account {HOME}: everything, but for automation-containment, assessor, break-glass" in shown
    assert f"Identity Center user {PERSON}: everything in all member accounts" in shown
    assert not can_work(response, HOME, "pipeline") and can_work(response, HOME, "automation-containment")
    assert not can_work(response, DATA, "assessor", sort="saml", center_user_id=PERSON)
    given |= {"compromise_response_checklist": CHECKLIST, "compromise_response_early_release_reason": "a test of it"}
    released = ansible.playbook("release", inventory=INVENTORY, **given)
    assert released.status == 0, released.output
    assert organization_state(response) == before
