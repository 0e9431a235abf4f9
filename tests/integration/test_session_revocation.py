# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions of an intruder over three accounts are cut, and the work of everybody else goes on."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from intruder import CHAIN, DATA, HOME, OTHER_USER, PROD, SHARED, USER, Intruder

from ansible_collections.hardening.iam.plugins.module_utils._aws import clients, sdk
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import (
    SessionRevocation,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.modules.session_revocation import RETURN
from emulator.client import EmulatorProcess
from emulator.seed import access_key_id

from .conftest import Record, role_arn
from .containing import without_leaked
from .interrupting import canonical, iam_state, kill_at_write
from .revoking import (
    ACCOUNTS,
    DECLARED,
    DENY,
    INCIDENT,
    POLICY,
    RevokingBench,
    Work,
    by_role,
    find_able,
    open_bench,
    sids,
)


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RevokingBench]:
    """The accounts before anything is contained. AWS notices changes at once."""
    with open_bench(emulator, tmp_path_factory.mktemp("revoking")) as bench:
        yield bench


OTHER_ARN: t.Final = f"arn:aws:iam::{HOME}:user/{OTHER_USER}"
WARM: t.Final = {"pass": "first"}


def open_sessions(bench: RevokingBench, account: str, role: str, **settings: t.Any) -> list[str]:
    return [one["access_key_id"] for one in bench.control.sessions(account, role, **settings)]


def can_work(key_id: str) -> bool:
    """Whether a credential can list buckets, which every role of the seed may."""
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id=key_id, aws_secret_access_key="x")
    try:
        client.list_buckets()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


def assume(key_id: str, role: str, name: str) -> str:
    sts = boto3.client("sts", region_name="us-east-1", aws_access_key_id=key_id, aws_secret_access_key="x")
    return str(sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]["AccessKeyId"])


#: It says what is not denied, and does not fail for it: the key that the intruder made for somebody else is not.
JUDGED: t.Final = {"pass": "second"}


# The plan


def test_check_mode_shows_the_plan_and_writes_nothing(bench: RevokingBench) -> None:
    bench.control.clear_log()
    bench.run_pass(check=True, **WARM)
    results = bench.run_pass(check=True, incident={**DECLARED, "confirm": ""})
    assert bench.writes == []
    assert {account: set(by_role(result)) for account, result in results.items()} == {
        HOME: {"pipeline", "build-worker"},
        PROD: {"deploy"},
        DATA: {"warehouse", "loader"},
    }
    home = by_role(results[HOME])["build-worker"]
    assert home["certain"] and home["chain"] == [f"arn:aws:iam::{HOME}:user/ci/{USER}", home["role"]]
    assert {(user["kind"], user["goes_on"]) for user in home["used_by"]} == {
        ("instance_profile", True),
        ("service", True),
        ("principal", False),
    }
    deploy = by_role(results[PROD])["deploy"]
    going_on = {user["principal"].rpartition("/")[2]: user["goes_on"] for user in deploy["used_by"]}
    assert going_on == {"pipeline": False, "release-manager": False, "token.actions.githubusercontent.com": True}
    assert by_role(results[DATA])["warehouse"]["chain"][-3:] == list(CHAIN)
    assert [one["session"].rpartition("/")[2] for one in results[HOME]["signin_sessions"]] == ["intruder-session"]
    assert "its sessions would be cut" in results[DATA]["terminal"]
    lives = {(row["principal"].rpartition("/")[2], row["denied"]) for row in results[HOME]["lives_on"]}
    assert lives == {("build-worker", True), ("pipeline", True), (USER, True)}
    assert all(change["applied"] is False for result in results.values() for change in result["changes"])


def test_every_documented_result_is_returned_and_no_other(bench: RevokingBench) -> None:
    documented = yaml.safe_load(RETURN)
    result = bench.run(HOME, incident={**DECLARED, "seen": [{"role": role_arn(HOME, "automation-containment")}]})
    # changed, diff and warnings are every module's.
    assert set(result) - {"changed", "diff", "warnings"} == set(documented)
    for name in ("changes", "roles", "not_cut_because", "unfollowed", "signin_sessions", "lives_on"):
        assert set(result[name][0]) == set(documented[name]["contains"]), name
    assert set(result["roles"][0]["used_by"][0]) == set(documented["roles"]["contains"]["used_by"]["contains"])


# Cutting


@pytest.mark.parametrize("order", [ACCOUNTS, tuple(reversed(ACCOUNTS))], ids=["in order", "in reverse"])
def test_two_passes_end_all_sessions_of_the_intruder_and_no_others(
    bench: RevokingBench, order: tuple[str, ...]
) -> None:
    intruder = Intruder(bench.control.url)
    intruder.work()
    instances = open_sessions(bench, HOME, "build-worker", count=40, sort="instance", age_seconds=600)
    deployment = open_sessions(bench, PROD, "deploy", sort="oidc", name="release")
    functions = [
        *open_sessions(bench, DATA, "loader", sort="function"),
        *open_sessions(bench, HOME, "notifier", sort="function"),
        *open_sessions(bench, PROD, "vendor-monitoring"),
    ]
    manager = access_key_id(HOME, "release-manager")
    before = assume(manager, CHAIN[1], "release-1208")
    bench.quarantine()
    bench.control.clear_log()
    with Work(instances) as work:
        first = bench.run_pass(*order, propagation_seconds=10, **WARM)
        second = bench.run_pass(*order, propagation_seconds=10, **JUDGED)
    # Each of the forty called during the passes, and none lost a call.
    assert work.made >= 2 * len(instances) and work.lost == []
    if order[0] != HOME:
        # What another account knows is not read yet.
        assert not first[DATA]["roles"] and first[DATA]["awaits"] == [HOME, PROD]
    assert {row["principal"] for result in second.values() for row in result["not_denied"]} == {OTHER_ARN}
    assert {account for account, result in second.items() if result["unread"]} == set()
    intruder.work()
    assert find_able(intruder, second) == []
    assert all(map(can_work, (*instances, *deployment, *functions)))
    # A session of a person that began before is gone, and one that begins after the moment is not.
    assert not can_work(before)
    bench.control.clock(offset_days=1 / 48)
    assert can_work(assume(manager, CHAIN[1], "release-1209"))
    assert {name: sids(document) for name, document in bench.documents(HOME).items()} == {
        "pipeline": ["OlderSessionsOfNobodyKnown"],
        "build-worker": ["OlderSessionsOfNobodyKnown"],
    }
    assert set(bench.documents(PROD)) == {"deploy"}
    assert set(bench.documents(DATA)) == {"warehouse", "loader"}


def test_a_further_pass_and_a_later_run_change_nothing(bench: RevokingBench) -> None:
    bench.quarantine()
    bench.run_pass(**WARM)
    bench.run_pass()
    before = {account: bench.documents(account) for account in ACCOUNTS}
    bench.control.clear_log()
    assert not any(result["changed"] for result in bench.run_pass().values())
    bench.begin_run()
    bench.run_pass(**WARM)
    results = bench.run_pass()
    assert not any(result["changed"] for result in results.values())
    assert {row["state"] for result in results.values() for row in result["roles"]} == {"denied_already"}
    assert [write for write in bench.writes if write != "sts:AssumeRole"] == []
    assert {account: bench.documents(account) for account in ACCOUNTS} == before


def test_an_intruder_who_undoes_a_cut_is_cut_again(bench: RevokingBench) -> None:
    bench.quarantine()
    bench.run_pass(**WARM)
    bench.run_pass()
    moment = bench.documents(PROD)["deploy"]
    bench.client(HOME).delete_role_policy(RoleName="pipeline", PolicyName=POLICY)
    tampered = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    bench.client(DATA).put_role_policy(RoleName="warehouse", PolicyName=POLICY, PolicyDocument=tampered)
    results = bench.run_pass()
    assert {
        account: [change["target"].rpartition("/")[2] for change in results[account]["changes"]] for account in ACCOUNTS
    } == {
        HOME: ["pipeline"],
        PROD: [],
        DATA: ["warehouse"],
    }
    assert bench.documents(PROD)["deploy"] == moment
    assert sids(bench.documents(DATA)["warehouse"]) == ["OlderSessionsOfNobodyKnown"]


def test_an_intruder_at_work_has_lost_in_the_end(bench: RevokingBench) -> None:
    with Intruder(bench.control.url, interval=1) as intruder:
        # Who is quicker decides on each attempt, and the containment has to be quicker only once.
        for _attempt in range(8):
            bench.quarantine()
            bench.run_pass(**WARM)
            results = bench.run_pass(**JUDGED)
            if not find_able(intruder, results):
                break
    results = bench.run_pass(**JUDGED)
    assert find_able(intruder, results) == []
    assert {row["principal"] for result in results.values() for row in result["not_denied"]} == {OTHER_ARN}


def test_a_contained_role_is_in_the_record_with_its_id(bench: RevokingBench) -> None:
    bench.run_pass(**WARM)
    record = read_record(DirectoryStore(str(bench.journal)), HOME, INCIDENT)
    assert record is not None
    ids = {role["RoleName"]: role["RoleId"] for role in bench.client(HOME).list_roles()["Roles"]}
    assert {(item.arn, item.unique_id, item.by) for item in record.contained} == {
        (f"arn:aws:iam::{HOME}:role/{name}", ids[name], By.CUT) for name in ("pipeline", "build-worker")
    }
    assert record.state is State.CONTAINED


def test_hosts_at_work_at_the_same_time_know_each_other_in_one_pass(
    bench: RevokingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionRevocation, "patience", 60.0)
    with ThreadPoolExecutor(3) as hosts:
        pass_ = functools.partial(bench.run, check=True, **WARM)
        results = list(hosts.map(pass_, ACCOUNTS))
    assert [set(by_role(result)) for result in results] == [
        {"pipeline", "build-worker"},
        {"deploy"},
        {"warehouse", "loader"},
    ]


def test_the_clock_of_aws_counts_if_that_of_the_controller_is_behind(
    bench: RevokingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_sessions(bench, HOME, "pipeline")

    class Late(datetime):
        @classmethod
        def now(cls, zone: t.Any = None) -> datetime:
            return datetime.now(zone) - timedelta(minutes=4)

    begin = Task.__init__

    def begin_late(self: Task, **given: t.Any) -> None:
        begin(self, **{**given, "clock": lambda: Late.now(UTC)})

    monkeypatch.setattr(Task, "__init__", begin_late)
    monkeypatch.setattr(clients, "datetime", Late)
    bench.run(HOME)
    assert not can_work(session[0])


# What people and a hunt name


def test_sessions_that_were_seen_are_cut_by_name_whatever_opened_them(bench: RevokingBench) -> None:
    name = "a=b,c.d@e-+_"
    evil = open_sessions(bench, PROD, "deploy", sort="oidc", name=name)
    good = open_sessions(bench, PROD, "deploy", sort="oidc", name="a=b,c.d@e-+")
    seen = {"role": CHAIN[1], "session_name": name}
    result = bench.run(PROD, incident={**DECLARED, "seen": [seen]})
    assert by_role(result)["deploy"]["statements"] == ["OlderSessionsOfNobodyKnown", "NamedSessions"]
    assert (can_work(evil[0]), can_work(good[0])) == (False, True)


@pytest.mark.parametrize("name", ["evil*", "a b", "${aws:username}", "x" * 65, "evil\x1b[2J"])
def test_a_name_that_no_session_can_have_is_refused_before_anything_is_read(bench: RevokingBench, name: str) -> None:
    bench.control.clear_log()
    with pytest.raises(RuntimeError, match="seen"):
        bench.run(PROD, incident={**DECLARED, "seen": [{"role": CHAIN[1], "session_name": name}]})
    assert bench.control.log() == []


def test_the_credentials_of_an_instance_stay_denied_although_it_gets_new_ones(bench: RevokingBench) -> None:
    role = f"arn:aws:iam::{HOME}:role/build-worker"
    instances = open_sessions(bench, HOME, "build-worker", count=3, sort="instance")
    client = boto3.client("sts", aws_access_key_id=instances[1], aws_secret_access_key="x")
    name = client.get_caller_identity()["Arn"].rpartition("/")[2]
    seed = {"role": role, "name": name, "sort": "instance"}
    result = bench.run(HOME, incident={**DECLARED, "keys": [], "sessions": [seed]})
    assert by_role(result)["build-worker"]["statements"] == ["NamedSources"]
    bench.control.clock(offset_days=1 / 48)
    renewed = open_sessions(bench, HOME, "build-worker", count=3, sort="instance")
    assert [can_work(key) for key in (*instances, *renewed)] == [True, False, True] * 2


@pytest.mark.parametrize(("cut", "later"), [("older_sessions", True), ("all_sessions", False)])
def test_only_a_named_role_loses_all_sessions(bench: RevokingBench, cut: str, later: bool) -> None:
    deployment = open_sessions(bench, PROD, "deploy", sort="oidc", name="release")
    result = bench.run(
        PROD, incident={**DECLARED, "keys": [], "roles": [{"arn": CHAIN[1], "cut": cut}]}, inventory_accounts=[PROD]
    )
    row = by_role(result)["deploy"]
    assert {user["goes_on"] for user in row["used_by"]} == {False}
    assert not can_work(deployment[0])
    bench.control.clock(offset_days=1 / 48)
    assert can_work(open_sessions(bench, PROD, "deploy", sort="oidc", name="release")[0]) is later
    # Its sign-in sessions too.
    (session,) = result["signin_sessions"]
    assert session["session"].endswith("deploy-console")


def test_the_role_of_the_run_itself_is_never_cut(bench: RevokingBench) -> None:
    own = role_arn(HOME, "automation-containment")
    bench.control.clear_log()
    with pytest.raises(RuntimeError, match="A person with the break-glass role"):
        bench.run(HOME, incident={**DECLARED, "roles": [own]})
    assert [write for write in bench.writes if write != "sts:AssumeRole"] == []
    # One that was only seen is listed, and the others are cut.
    result = bench.run(HOME, incident={**DECLARED, "seen": [{"role": own}]})
    assert [item["rule"] for item in result["not_cut_because"]] == ["caller"]
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker"}


def test_landing_zones_and_break_glass_are_left_alone(bench: RevokingBench) -> None:
    iam = bench.client(HOME)
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}],
        }
    )
    names = (
        "stacksets-exec-1",
        "AWSControlTowerExecution",
        "cdk-hnb659fds-deploy-role",
        "keeper",
        "victim",
    )
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    result = bench.run(HOME, break_glass=["arn:aws:iam::*:role/keeper"])
    assert {item["target"].rpartition("/")[2]: item["rule"] for item in result["not_cut_because"]} == {
        **dict.fromkeys(names[:3], "protected"),
        "keeper": "break_glass",
    }
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker", "victim"}
    assert {row["principal"].rpartition("/")[2] for row in result["lives_on"] if not row["denied"]} == set(names[:4])


def test_too_many_roles_are_not_cut_and_named_ones_are(bench: RevokingBench) -> None:
    named = [{"arn": f"arn:aws:iam::{HOME}:role/notifier"}]
    result = bench.run(HOME, incident={**DECLARED, "roles": named}, max_roles=1, **WARM)
    assert {item["rule"] for item in result["refused"]} == {"max_roles"}
    assert {item["principal"] for item in result["not_denied"]} == {CHAIN[0], SHARED}
    assert set(bench.documents(HOME)) == {"notifier"}
    with pytest.raises(RuntimeError, match="not denied: .*role/build-worker"):
        bench.run(HOME, incident={**DECLARED, "roles": named}, max_roles=1)


# Accounts that can't be read


def test_an_account_that_was_not_read_counts_as_entered_in_the_last_pass(bench: RevokingBench) -> None:
    bench.run(HOME, **WARM)
    assert bench.run(DATA, **WARM)["roles"] == []
    rows = by_role(bench.run(DATA))
    assert set(rows) == {"warehouse", "loader"}
    assert not rows["warehouse"]["certain"]
    assert f"account {PROD} was not read" in rows["warehouse"]["why"][0]


def test_denied_reads_of_roles_fail_the_last_pass_and_named_roles_are_cut(bench: RevokingBench) -> None:
    fault = {"kind": "error", "code": "AccessDenied", "service": "iam", "operation": "GetAccountAuthorizationDetails"}
    bench.control.faults([fault])
    incident = {**DECLARED, "roles": [CHAIN[1]]}
    result = bench.run(PROD, incident=incident, **WARM)
    assert "the roles of account" in result["unread"][0]
    with pytest.raises(RuntimeError, match="the roles of account"):
        bench.run(PROD, incident=incident)
    bench.control.clear_faults()
    assert set(bench.documents(PROD)) == {"deploy"}


# Sign-in sessions


def test_sign_in_sessions_of_the_source_are_revoked_and_no_others(bench: RevokingBench) -> None:
    result = bench.run(HOME)
    (session,) = result["signin_sessions"]
    assert session["user_agent"] == "python-requests/2.32" and session["last_used"]
    listed = bench.client(HOME, "signin").list_sessions(principalArn=f"arn:aws:iam::{HOME}:*")["items"]
    assert {item["sessionArn"].rpartition("/")[2]: item["status"] for item in listed} == {
        "intruder-session": "REVOKED",
        "release-manager-laptop": "ACTIVE",
    }
    evidence = list(bench.journal.glob(f"incident/{INCIDENT}/{HOME}/*.json"))
    assert "python-requests/2.32" in evidence[0].read_text(encoding="utf-8")


def test_sign_in_sessions_that_can_not_be_listed_are_unread_and_not_none(bench: RevokingBench) -> None:
    bench.control.faults([{"kind": "error", "code": "AccessDeniedException", "service": "signin"}])
    result = bench.run(HOME)
    assert result["signin_sessions"] == []
    assert set(result["signin_unread"]) >= {"us-east-1", "eu-west-1"}
    assert "sign-in sessions in us-east-1 are not known" in result["terminal"]
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker"}


def test_a_botocore_without_the_operation_reads_nothing_and_says_so(
    bench: RevokingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_method = sdk.xform_name
    monkeypatch.setattr(sdk, "xform_name", lambda name: "absent" if name == "ListSessions" else name_method(name))
    result = bench.run(HOME)
    assert "the installed botocore does not know this operation" in result["signin_unread"]["us-east-1"]
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker"}


# Room, and roles that change meanwhile


def fill(bench: RevokingBench, role: str, *, slots: int = 0) -> None:
    """Leave a role no room for another inline policy, and take slots for managed ones."""
    iam = bench.client(HOME)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{'x' * 9800}"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="large", PolicyDocument=document)
    for number in range(slots):
        small = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
        arn = iam.create_policy(PolicyName=f"p-{number}", PolicyDocument=small)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def test_a_managed_policy_takes_the_place_of_an_inline_one_without_room(bench: RevokingBench) -> None:
    session = open_sessions(bench, HOME, "pipeline")
    fill(bench, "pipeline")
    result = bench.run(HOME)
    assert not can_work(session[0])
    (attached,) = bench.client(HOME).list_attached_role_policies(RoleName="pipeline")["AttachedPolicies"]
    assert attached["PolicyName"].startswith(f"incident-{INCIDENT}-AROA")
    assert set(bench.documents(HOME)) == {"build-worker"}
    assert not bench.run(HOME)["changed"]
    assert bench.release(HOME)["refused"] == []
    assert bench.client(HOME).list_attached_role_policies(RoleName="pipeline")["AttachedPolicies"] == []
    assert can_work(session[0])
    assert result["not_denied"] == []


def test_without_any_room_the_role_is_not_denied_and_the_others_are(bench: RevokingBench) -> None:
    fill(bench, "pipeline", slots=10)
    result = bench.run(HOME, **WARM)
    assert [item["principal"] for item in result["not_denied"]] == [CHAIN[0]]
    assert [item["rule"] for item in result["refused"]] == ["no_room"]
    assert set(bench.documents(HOME)) == {"build-worker"}
    assert (
        "ITS SESSIONS ARE NOT DENIED" in result["terminal"].splitlines()[-3:][0]
        or "ARE NOT DENIED" in result["terminal"]
    )


def test_a_role_that_is_made_again_meanwhile_waits_for_the_next_pass(
    bench: RevokingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_affected = SessionRevocation.add_affected

    def replace_role(self: SessionRevocation, *given: t.Any) -> t.Any:
        iam = bench.client(PROD)
        role = iam.get_role(RoleName="deploy")["Role"]
        iam.delete_role_policy(RoleName="deploy", PolicyName="release")
        iam.delete_role(RoleName="deploy")
        iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]))
        return add_affected(self, *given)

    bench.run(HOME, **WARM)
    with monkeypatch.context() as patch:
        patch.setattr(SessionRevocation, "add_affected", replace_role)
        result = bench.run(PROD, **WARM)
    assert [item["rule"] for item in result["refused"]] == ["changed_meanwhile"]
    assert [item["principal"] for item in result["not_denied"]] == [CHAIN[1]]
    assert bench.documents(PROD) == {}
    assert by_role(bench.run(PROD))["deploy"]["state"] == "cut"


def test_a_run_that_fails_at_one_role_goes_on_with_the_next(bench: RevokingBench) -> None:
    fault = {"kind": "error", "code": "AccessDenied", "service": "iam", "operation": "PutRolePolicy", "times": 1}
    bench.control.faults([fault])
    with pytest.raises(RuntimeError, match="PutRolePolicy on arn:aws:iam::222233334444:role/build-worker"):
        bench.run(HOME)
    assert set(bench.documents(HOME)) == {"pipeline"}
    bench.control.clear_faults()
    bench.run(HOME)
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker"}


# Killed runs, and two at once


# One inline policy, a managed one in two writes, and the sign-in session.
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("write", "after"), [(1, False), (2, True), (3, False), (3, True), (4, True)])
def test_a_killed_run_is_completed_by_the_next_and_released(bench: RevokingBench, write: int, after: bool) -> None:
    fill(bench, "pipeline")
    state = canonical(iam_state(bench.client(HOME)))
    kill_at_write(bench.control, functools.partial(bench.run, HOME), write=write, after=after)
    bench.begin_run()
    result = bench.run(HOME)
    assert {row["state"] for row in result["roles"]} <= {"cut", "denied_already"}
    assert not result["not_denied"]
    assert not find_interrupted(DirectoryStore(str(bench.journal)), HOME)
    bench.release(HOME)
    assert canonical(iam_state(bench.client(HOME))) == state


def test_two_runs_at_once_leave_one_policy(bench: RevokingBench) -> None:
    def run_as(number: int) -> Record:
        return bench.run(HOME, run_id=f"run-{number}", job_id=f"job-{number}", **WARM)

    with ThreadPoolExecutor(2) as jobs:
        results = list(jobs.map(run_as, (7, 8)))
    assert set(bench.documents(HOME)) == {"pipeline", "build-worker"}
    made = [change["target"] for result in results for change in result["changes"] if change["applied"]]
    assert {CHAIN[0], SHARED} <= set(made)
    assert not bench.run(HOME, run_id="run-9")["not_denied"]


# Release


def test_a_release_takes_back_only_the_policies_of_the_incident(bench: RevokingBench) -> None:
    bench.run_pass(**WARM)
    bench.run_pass()
    iam = bench.client(PROD)
    other = {"RoleName": "deploy", "PolicyName": "IamHardeningIncident-INC-8", "PolicyDocument": DENY}
    iam.put_role_policy(**other)
    iam.put_role_policy(**{**other, "RoleName": "vendor-monitoring", "PolicyName": POLICY})
    bench.begin_run()
    planned = bench.release(PROD, check=True)
    assert [change["operation"] for change in planned["changes"]] == ["DeleteRolePolicy"]
    bench.release(PROD)
    assert set(iam.list_role_policies(RoleName="deploy")["PolicyNames"]) == {"release", other["PolicyName"]}
    assert set(bench.documents(PROD)) == {"vendor-monitoring"}
    record = read_record(DirectoryStore(str(bench.journal)), PROD, INCIDENT)
    assert record is not None and record.state is State.RELEASED
    assert not bench.release(PROD)["changed"]


@pytest.mark.parametrize("is_full", [False, True], ids=["inline", "managed"])
def test_the_release_of_the_source_ends_the_incident(bench: RevokingBench, is_full: bool) -> None:
    if is_full:
        fill(bench, "pipeline")
    state = canonical(iam_state(bench.client(HOME)))
    assert bench.run_quarantine(HOME)["contained"]
    bench.run(HOME, **WARM)
    bench.run(HOME)
    assert bench.release(HOME)["refused"] == []
    record = read_record(DirectoryStore(str(bench.journal)), HOME, INCIDENT)
    assert record is not None and record.state is State.RELEASED
    assert canonical(iam_state(bench.client(HOME))) == without_leaked(state)


def test_a_release_leaves_a_policy_that_somebody_changed(bench: RevokingBench) -> None:
    bench.run(HOME)
    allow = DENY.replace("Deny", "Allow")
    bench.client(HOME).put_role_policy(RoleName="pipeline", PolicyName=POLICY, PolicyDocument=allow)
    result = bench.release(HOME)
    assert "pipeline" in {item["target"].rpartition("/")[2] for item in result["left"]}
    assert set(bench.documents(HOME)) == {"pipeline"}


def test_a_release_without_a_record_changes_nothing(bench: RevokingBench) -> None:
    bench.client(HOME).put_role_policy(RoleName="pipeline", PolicyName=POLICY, PolicyDocument=DENY)
    assert bench.release(HOME)["changes"] == []
    assert set(bench.documents(HOME)) == {"pipeline"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"propagation_seconds": 5}, "propagation_seconds: 5 is not allowed"),
        ({"max_roles": -1}, "max_roles: -1 is not allowed"),
        ({"inventory_accounts": ["12"]}, "inventory_accounts: "),
        ({"incident": {**DECLARED, "confirm": ""}}, "confirm"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(bench: RevokingBench, options: Record, message: str) -> None:
    bench.control.clear_log()
    with pytest.raises(RuntimeError, match=message):
        bench.run(HOME, **options)
    assert bench.control.log() == []
