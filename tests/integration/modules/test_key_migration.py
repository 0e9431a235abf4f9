# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on moto as the emulator extends it: over all stages, killed at each write, and attacked."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from moto import mock_aws
from moto.iam.models import AccessKeyLastUsed, iam_backends

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration import run as core
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Proposal
from ansible_collections.hardening.iam.plugins.module_utils._converge import attempts
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer, Consumers
from ansible_collections.hardening.iam.plugins.modules import rollback
from ansible_collections.hardening.iam.plugins.modules.key_migration import ENTRY, RETURN, argument_spec
from emulator import trail_logs
from emulator.server import install

ACCOUNT: t.Final = "123456789012"
REGION: t.Final = "us-east-1"
USER: t.Final = "svc"
# A little ahead of the real time, which is what the journal has: the later of the two counts.
START: t.Final = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
LISTS: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}],
}
#: The real reader, which most tests replace.
READ_CALLERS: t.Final = core.ConsumerReader.read
PROVED: t.Final = Proposal({"lp-svc-1": LISTS}, size=100)
WORKLOAD: t.Final = {"name": "job", "user": USER, "platform": "lambda"}

Result = dict[str, t.Any]


def call(key: str, calls: int, first: float, last: float, agent: str = "exec-env/AWS_Lambda_python3.13") -> Consumer:
    """Somebody who calls with a key, with the days of the first and the last call."""
    moments = (START + timedelta(days=days) for days in (first, last))
    return Consumer(key, "198.51.100.7", agent, calls, *moments)


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing after it is sent."""


class Account:
    """An account with a user whose workload moves, the module in it, and a clock."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.iam = boto3.client("iam", region_name=REGION)
        self.journal = directory / "journal"
        self.reports = directory / "reports"
        self.days = 0.0
        self.run_number = 0
        self.writes: list[str] = []
        self.kill_at: t.Optional[tuple[int, bool]] = None
        self.proposal = PROVED
        #: By the key, who calls with it.
        self.callers = lambda key: Consumers((call(key, 90, -90, -1),))
        self._watch(monkeypatch)
        monkeypatch.setattr(core.ConsumerReader, "read", lambda _reader, keys: self._read_callers(keys))
        monkeypatch.setattr(core, "read_proposals", lambda *given: dict.fromkeys(given[-1], self.proposal))

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Access.call

        def call(access: Access, service: str, operation: str, *arguments: t.Any, **named: t.Any) -> t.Any:
            send = functools.partial(original, access, service, operation, *arguments, **named)
            if f"{service}:{operation}" not in ENTRY.operations.writes:
                return send()
            if self.kill_at == (len(self.writes), False):
                raise Killed
            self.writes.append(operation)
            answer = send()
            if self.kill_at == (len(self.writes) - 1, True):
                raise Killed
            return answer

        monkeypatch.setattr(Access, "call", call)

    def _read_callers(self, keys: t.Iterable[str]) -> Consumers:
        found = [self.callers(key) for key in keys]
        gaps = {
            name: next(filter(None, (getattr(one, name) for one in found)), "")
            for name in ("failure", "older", "unasked")
        }
        return Consumers(tuple(caller for one in found for caller in one.found), **gaps)

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.days)

    def user(self) -> str:
        self.iam.create_user(UserName=USER)
        key_id = str(self.iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"])
        self.use(key_id, -1)
        return key_id

    def use(self, key_id: str, days: t.Optional[float] = None) -> None:
        when = START + timedelta(days=self.days if days is None else days)
        used = AccessKeyLastUsed(when.replace(tzinfo=None), "sqs", REGION)
        iam_backends[ACCOUNT]["aws"].access_keys[key_id].last_used = used

    def use_role(self, name: str = "job") -> None:
        role = next(one for one in iam_backends[ACCOUNT]["aws"].roles.values() if one.name == name)
        role.last_used, role.last_used_region = self.now.replace(tzinfo=None), REGION

    def options(self, stage: str, **options: t.Any) -> Result:
        self.run_number += 1
        place = self.journal / "control" / "leases" / "aws" / f"{ACCOUNT}.json"
        lease = {"break_lease": json.loads(place.read_text(encoding="utf-8"))["run_id"]} if place.exists() else {}
        return {
            "account_id": ACCOUNT,
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            "run_id": f"run-{self.run_number}",
            "now": self.now.isoformat(),
            "stage": stage,
            "workloads": [WORKLOAD],
            "verify_days": 7,
            "delete_after_days": "7",
            "event_history": False,
            "owner_default": "allow",
            "regions": [REGION],
            **lease,
            **options,
        }

    def run(self, stage: str, *, check_mode: bool = False, **options: t.Any) -> Result:
        self.writes = []
        validation = ArgumentSpecValidator(argument_spec()).validate(self.options(stage, **options))
        assert not validation.error_messages
        return execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)

    def undo(self, run_id: str) -> Result:
        self.writes = []
        spec = rollback.argument_spec()
        given = {name: value for name, value in self.options("assess").items() if name in spec}
        validation = ArgumentSpecValidator(spec).validate({**given, "undo_run_id": run_id})
        assert not validation.error_messages
        return execute(rollback.ENTRY, options=validation.validated_parameters, check_mode=False)

    def move(self, *stages: str) -> str:
        """Take the stages with a week between them; the id of the key."""
        key = self.user()
        for stage in stages:
            result = self.run(stage)
            assert not result.get("failed") and result["refused"] == [], result
            self.days += 8
            if stage == "prepare":
                self.use_role()
        return key

    @property
    def keys(self) -> dict[str, str]:
        found = self.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in found}

    @property
    def roles(self) -> list[str]:
        return [role["RoleName"] for role in self.iam.list_roles(PathPrefix="/workload/")["Roles"]]

    @property
    def policies(self) -> list[str]:
        return t.cast(list[str], self.iam.list_role_policies(RoleName="job")["PolicyNames"])

    @property
    def records(self) -> list[Path]:
        return sorted((self.journal / "migrations").rglob("*.json"))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Account]:
    install()
    monkeypatch.setattr(attempts, "VERIFY_WAITS", (0.0,))
    with mock_aws():
        yield Account(tmp_path, monkeypatch)


def rules(result: Result) -> list[str]:
    assert not result.get("failed"), result
    return [refusal["rule"] for refusal in result["refused"]]


def test_check_mode_predicts_each_stage_and_a_repeated_run_changes_nothing(account: Account) -> None:
    account.user()
    cycle = (
        ("prepare", ["CreateRole", "PutRolePolicy"]),
        ("verify", []),
        ("retire", ["UpdateAccessKey"]),
        ("retire", ["DeleteAccessKey"]),
    )
    for number, (stage, writes) in enumerate(cycle):
        predicted = account.run(stage, check_mode=True)
        assert (account.writes, len(account.records)) == ([], number)
        done = account.run(stage)
        assert account.writes == writes
        assert [one["operation"] for one in predicted["changes"]] == writes
        assert done["changed"] is predicted["changed"] is bool(writes)
        assert account.run(stage)["changed"] is False and len(account.records) == number + 1
        account.days += 8
        if stage == "prepare":
            account.use_role()
    assert (account.keys, account.roles, account.policies) == ({}, ["job"], ["lp-svc-1"])


def test_report_mode_and_default_write_nothing(account: Account) -> None:
    account.user()
    assert account.run("prepare", mode="report")["changed"] is False
    assert account.run("assess")["changed"] is False
    assert (account.roles, account.records) == ([], [])


@pytest.mark.parametrize("used", ["key", "both", "nothing"])
def test_a_key_that_is_used_is_kept(account: Account, used: str) -> None:
    key = account.user()
    account.run("prepare")
    account.days = 5
    if used == "both":
        account.use_role()
    if used != "nothing":
        account.use(key, 6)
    account.days = 12
    result = account.run("verify")
    assert result["workloads"][0]["next"] == "wait"
    assert rules(account.run("retire")) == ["not_verified"]
    assert account.keys == {key: "Active"}


def test_a_use_after_the_verification_keeps_the_key(account: Account) -> None:
    key = account.move("prepare", "verify")
    account.use(key)
    assert account.run("retire")["workloads"][0]["next"] == "wait"
    assert account.keys == {key: "Active"}


def test_a_key_that_others_may_need_stays_until_a_person_accepts_it(account: Account) -> None:
    key = account.move("prepare", "verify")
    usual = call(key, 90, -90, -1)
    cases: dict[str, tuple[Consumers, bool]] = {
        "nothing is known": (Consumers(failure="closed"), True),
        "IAM knows a use that no event is of": (Consumers(), True),
        "only some are known": (Consumers((usual,), "one region is closed"), True),
        "the older ones are not known": (Consumers((usual,), older="there are more"), True),
        "no source is declared": (Consumers((usual,), unasked="there is no source"), True),
        "once in 10 days": (Consumers((usual, call(key, 5, -41, -1))), True),
        "once": (Consumers((usual, call(key, 1, -30, -30))), True),
        "once in 7 days": (Consumers((usual, call(key, 6, -36, -1))), False),
        "elsewhere since": (Consumers((usual, call(key, 50, -20, 1, "exec-env/AWS_ECS_FARGATE"))), True),
        "unnamed since": (Consumers((usual, call(key, 50, -20, 1, ""))), True),
        "elsewhere before": (Consumers((usual, call(key, 50, -20, -1, "exec-env/AWS_ECS_FARGATE"))), False),
        "late, and moved": (Consumers((call(key, 90, -90, 1),)), False),
    }
    for name, (callers, is_refused) in cases.items():
        account.callers = lambda _key, callers=callers: callers
        result = account.run("retire", check_mode=True)
        assert (name, rules(result)) == (name, ["other_callers"] if is_refused else [])
    account.callers = lambda _key: Consumers(failure="closed")
    assert rules(account.run("retire")) == ["other_callers"] and account.keys == {key: "Active"}
    accepted = {"principal": USER, "reason": "seen", "expires": f"{account.now:%Y-%m-%d}"}
    assert rules(account.run("retire", accept_unproven=[accepted])) == [] and account.keys == {key: "Inactive"}


def test_callers_in_the_files_of_a_trail_keep_the_key(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.ConsumerReader, "read", READ_CALLERS)
    key = account.move("prepare", "verify")
    lambdas, elsewhere = "exec-env/AWS_Lambda_python3.13", "exec-env/AWS_ECS_FARGATE"
    usual = [make_event(key, day, lambdas) for day in range(-30, 0)]
    # Calls of others tell that the trail still records.
    others = [make_event("AKIAIOSFODNN7EXAMPLE", account.days - 0.1, "aws-cli/2.31.0")]
    for name, calls, rule in (
        ("elsewhere", [*usual, make_event(key, 1, elsewhere), *others], ["other_callers"]),
        ("silent", usual, ["other_callers"]),
        ("moved", [*usual, *others], []),
    ):
        place = account.journal.parent / name
        for file, body in trail_logs.files(calls, "o-acme123456").items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(body)
        assert (name, rules(account.run("retire", trail_logs=str(place)))) == (name, rule)
        assert account.keys == {key: "Active" if rule else "Inactive"}


def make_event(key: str, days: float, agent: str) -> Result:
    """A call with a key on a day of the test, as CloudTrail has it."""
    identity = {"type": "IAMUser", "userName": USER, "accountId": ACCOUNT, "accessKeyId": key}
    return trail_logs.event(
        f"arn:aws:iam::{ACCOUNT}:user/{USER}",
        "sqs:ListQueues",
        when=START + timedelta(days=days),
        userIdentity=identity,
        userAgent=agent,
        sourceIPAddress="198.51.100.7",
    )


def test_a_key_that_another_workload_shares_waits_for_it(account: Account) -> None:
    both = [WORKLOAD, {**WORKLOAD, "name": "other"}]
    key = account.user()
    account.run("prepare", workloads=both)
    account.days = 8
    account.use_role("job")
    account.run("verify", workloads=both)
    waits = account.run("retire", workloads=both)
    assert (waits["workloads"][0]["next"], rules(waits), account.keys) == ("wait", ["not_verified"], {key: "Active"})
    account.use_role("other")
    account.run("verify", workloads=both)
    account.run("retire", workloads=both)
    assert (account.writes, account.keys) == (["UpdateAccessKey"], {key: "Inactive"})


def test_a_key_waits_for_a_workload_whose_key_is_not_clear(account: Account) -> None:
    key = account.move("prepare", "verify")
    other = str(account.iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"])
    unclear = [WORKLOAD, {**WORKLOAD, "name": "other"}]
    result = account.run("retire", workloads=unclear)
    assert result["workloads"][0]["next"] == "wait" and account.keys == {key: "Active", other: "Active"}
    account.run("retire", workloads=[WORKLOAD, {**WORKLOAD, "name": "other", "key": other}])
    assert account.keys == {key: "Inactive", other: "Active"}


@pytest.mark.parametrize(("write", "after"), [(0, False), (0, True), (1, False), (1, True)])
def test_killed_while_the_role_is_made_the_next_run_goes_on(account: Account, write: int, after: bool) -> None:
    account.user()
    account.kill_at = (write, after)
    with pytest.raises(Killed):
        account.run("prepare")
    account.kill_at = None
    assert rules(account.run("prepare")) == []
    assert (account.roles, account.policies) == (["job"], ["lp-svc-1"])
    assert [path.name[7:] for path in account.records] == ["prepared.json"]


def test_what_a_killed_run_made_is_taken_back_without_a_record(account: Account) -> None:
    account.user()
    account.kill_at = (1, False)
    with pytest.raises(Killed):
        account.run("prepare")
    account.kill_at = None
    assert account.roles == ["job"]
    account.run("revert", revert=["job"])
    assert account.roles == []
    # A role of the same name that somebody makes later is theirs.
    trust = account.run("assess")["workloads"][0]["trust"]
    account.iam.create_role(Path="/workload/", RoleName="job", AssumeRolePolicyDocument=json.dumps(trust))
    assert rules(account.run("prepare")) == ["role_taken"]
    assert account.run("revert", revert=["job"])["changed"] is False


@pytest.mark.parametrize("write", [0, 1])
def test_a_role_that_somebody_made_in_place_of_ours_stays(account: Account, write: int) -> None:
    """The answer to CreateRole is recorded, or (of the first write) lost: then the moment and the trust count."""
    account.user()
    account.kill_at = (write, True)
    with pytest.raises(Killed):
        account.run("prepare")
    account.kill_at = None
    trust = account.run("assess")["workloads"][0]["trust"]
    for name in account.policies:
        account.iam.delete_role_policy(RoleName="job", PolicyName=name)
    account.iam.delete_role(RoleName="job")
    account.iam.create_role(
        Path="/workload/", RoleName="job", AssumeRolePolicyDocument=json.dumps(trust if write else LISTS)
    )
    assert rules(account.run("revert", revert=["job"])) == ["not_ours"]
    if not write:
        account.iam.update_assume_role_policy(RoleName="job", PolicyDocument=json.dumps(trust))
        role = next(one for one in iam_backends[ACCOUNT]["aws"].roles.values() if one.name == "job")
        made, role.create_date = role.create_date, role.create_date + timedelta(hours=1)
        assert rules(account.run("revert", revert=["job"])) == ["not_ours"]
        role.create_date = made
        assert account.run("revert", revert=["job"])["changed"] and account.roles == []
    else:
        assert rules(account.run("prepare")) == ["role_taken"] and account.roles == ["job"]


def test_a_trust_policy_that_somebody_changes_while_it_is_recorded_stops_the_move(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.user()
    opened = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    read_role = core.read_role

    def change(access: Access, arn: str) -> t.Any:
        account.iam.update_assume_role_policy(RoleName="job", PolicyDocument=json.dumps(opened))
        return read_role(access, arn)

    monkeypatch.setattr(core, "read_role", change)
    account.run("prepare")
    assert rules(account.run("verify")) == ["role_changed"]


def test_two_runs_at_once_record_one_stage(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.user()
    write, is_first = core.Archive.write, [True]

    def race(archive: core.Archive, event: t.Any, log: t.Any) -> None:
        if is_first.pop() if is_first else False:
            other = dataclasses.replace(event, key_id="AKIAOTHEROTHEROTHER1")
            write(archive, other, log)
        write(archive, event, log)

    monkeypatch.setattr(core.Archive, "write", race)
    result = account.run("prepare")
    assert result["failed"] and "000001-prepared.json" in result["msg"]
    assert len(account.records) == 1


def test_killed_while_the_key_is_deactivated_the_next_run_records_it(account: Account) -> None:
    key = account.move("prepare", "verify")
    account.kill_at = (0, True)
    with pytest.raises(Killed):
        account.run("retire")
    account.kill_at = None
    assert account.run("retire")["workloads"][0]["next"] == "record"
    assert account.keys == {key: "Inactive"}
    account.run("revert", revert=["job"])
    assert account.keys == {key: "Active"}


def test_a_key_that_a_killed_run_deactivated_works_again_while_the_role_is_in_use(account: Account) -> None:
    key = account.move("prepare", "verify")
    account.kill_at = (0, True)
    with pytest.raises(Killed):
        account.run("retire")
    account.kill_at = None
    assert account.keys == {key: "Inactive"}
    account.use_role()
    back = account.run("revert", revert=["job"])
    assert (account.writes, account.keys, rules(back)) == (["UpdateAccessKey"], {key: "Active"}, ["role_in_use"])


def test_the_role_stays_where_the_key_is_gone(account: Account) -> None:
    key = account.move("prepare")
    account.iam.delete_access_key(UserName=USER, AccessKeyId=key)
    account.days += 8
    assert rules(account.run("revert", revert=["job"])) == ["key_deleted"]
    assert (account.writes, account.roles) == ([], ["job"])


def test_a_rollback_leaves_the_role_without_an_active_key_of_its_user(account: Account) -> None:
    key = account.move("prepare", "verify")
    role = next(one for one in iam_backends[ACCOUNT]["aws"].roles.values() if one.name == "job")
    role.last_used = None
    account.iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Inactive")
    assert {one["rule"] for one in account.undo("run-1")["refused"]} >= {"no_key"}
    assert account.roles == ["job"]
    account.iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Active")
    assert rules(account.undo("run-1")) == [] and account.roles == []


def test_a_user_that_does_not_exist_is_refused_by_name(account: Account) -> None:
    result = account.run("assess", workloads=[{**WORKLOAD, "user": "nobody"}])
    assert rules(result) == ["no_user"]
    assert "with a key that is not known of nobody" in result["terminal"]


def test_a_role_of_somebody_else_is_refused_and_stays(account: Account) -> None:
    account.user()
    for path in ("/", "/workload/"):
        account.iam.create_role(Path=path, RoleName="job", AssumeRolePolicyDocument=json.dumps(LISTS))
        # The tags are those of our roles, and prove nothing.
        tags = [{"Key": "iam-hardening:workload", "Value": "job"}, {"Key": "iam-hardening:managed", "Value": "true"}]
        account.iam.tag_role(RoleName="job", Tags=tags)
        assert rules(account.run("prepare")) == ["role_taken"]
        assert account.run("revert", revert=["job"])["changed"] is False
        account.iam.delete_role(RoleName="job")


def test_a_role_that_somebody_replaced_or_opened_stops_the_move(account: Account) -> None:
    account.move("prepare")
    opened = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    account.iam.update_assume_role_policy(RoleName="job", PolicyDocument=json.dumps(opened))
    assert rules(account.run("verify")) == ["role_changed"]
    account.iam.delete_role_policy(RoleName="job", PolicyName="lp-svc-1")
    account.iam.delete_role(RoleName="job")
    assert rules(account.run("verify")) == ["role_gone"]
    account.iam.create_role(Path="/workload/", RoleName="job", AssumeRolePolicyDocument=json.dumps(opened))
    assert rules(account.run("verify")) == ["role_replaced"]
    assert rules(account.run("revert", revert=["job"])) == ["not_ours"]


@pytest.mark.parametrize(
    ("proposal", "rule"),
    [
        (Proposal(failure="there is no record"), "no_policies"),
        (Proposal({"a": LISTS}, 100, unproven="a call is unknown"), "unproven"),
        (Proposal({"a": LISTS}, 100, breakage="sqs:SendMessage on *"), "would_break"),
        (Proposal({"a": LISTS}, 10_241), "does_not_fit"),
    ],
    ids=["failure", "unproven", "breakage", "size"],
)
def test_policies_without_proof_make_no_role(account: Account, proposal: Proposal, rule: str) -> None:
    account.user()
    account.proposal = proposal
    assert rules(account.run("prepare")) == [rule]
    accepted = {"principal": USER, "reason": "seen", "expires": f"{account.now:%Y-%m-%d}"}
    assert bool(rules(account.run("prepare", accept_unproven=[accepted]))) is (rule != "unproven")


def test_a_forged_record_stops_the_move_and_retires_no_key(account: Account) -> None:
    key = account.move("prepare")
    (first,) = account.records
    record = json.loads(first.read_text(encoding="utf-8"))
    forged = first.with_name("000002-verified.json")
    for change in ({"role_id": "AROAOTHER"}, {"user_id": "AIDAOTHER"}, {"at": "2099-01-01T00:00:00Z"}, {"schema": "x"}):
        forged.write_text(json.dumps({**record, "state": "verified", **change}), encoding="utf-8")
        assert rules(account.run("retire")) == ["state_doubt"]
    # One that looks right only skips a stage: what AWS says of the key decides.
    forged.write_text(json.dumps({**record, "state": "verified"}), encoding="utf-8")
    account.use(key)
    assert account.run("retire")["workloads"][0]["next"] == "wait"
    assert account.keys == {key: "Active"}


def test_break_glass_users_and_roles_are_refused(account: Account) -> None:
    account.user()
    for arn in (f"arn:aws:iam::{ACCOUNT}:user/{USER}", f"arn:aws:iam::{ACCOUNT}:role/workload/*"):
        assert rules(account.run("prepare", break_glass=[arn])) == ["break_glass"]
    assert account.roles == []


def test_a_move_is_taken_back_in_use_and_out_of_use(account: Account) -> None:
    key = account.move("prepare", "verify", "retire")
    account.use_role()
    back = account.run("revert", revert=["job"])
    assert (account.writes, rules(back), account.keys) == (["UpdateAccessKey"], ["role_in_use"], {key: "Active"})
    account.days += 8
    account.run("revert", revert=["job"])
    assert (account.writes, account.roles) == (["DeleteRolePolicy", "DeleteRole"], [])
    assert account.run("revert", revert=["job"])["changed"] is False
    # Another move can begin.
    assert rules(account.run("prepare")) == [] and account.roles == ["job"]


def test_who_takes_a_move_back_is_not_told_to_do_it(account: Account) -> None:
    account.user()
    (prepared,) = account.run("prepare")["workloads"]
    (reverted,) = account.run("revert", revert=["job"])["workloads"]
    assert prepared["handover"] and reverted["handover"] == []


def test_a_key_that_somebody_else_deactivated_stays_inactive(account: Account) -> None:
    key = account.move("prepare", "verify")
    account.iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Inactive")
    assert account.run("retire")["workloads"][0]["next"] == "record"
    assert rules(account.run("revert", revert=["job"])) == ["not_ours"]
    assert account.keys == {key: "Inactive"}


def test_a_rollback_takes_the_runs_back_unless_the_role_is_in_use(account: Account) -> None:
    key = account.move("prepare", "verify", "retire")
    assert account.undo("run-3")["changed"] is True and account.keys == {key: "Active"}
    account.use_role()
    # The time of a rollback is that of the clock, which is the begin of the test.
    assert "in_use" in [one["rule"] for one in account.undo("run-1")["refused"]]
    assert account.roles == ["job"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workloads": [{**WORKLOAD, "name": "../x"}]}, "'../x'"),
        ({"workloads": [{**WORKLOAD, "user": "*"}]}, "'*'"),
        ({"workloads": [WORKLOAD, {**WORKLOAD, "name": "JOB"}]}, "there twice"),
        ({"workloads": [{**WORKLOAD, "cluster": "apps"}]}, "not for the platform lambda"),
        ({"role_path": "/iam-hardening/x/"}, "role_path"),
        ({"verify_days": 6}, "verify_days"),
        ({"revert": ["job"]}, "revert"),
        ({"boundary": "arn:aws:iam::1:policy/x"}, "boundary"),
    ],
)
def test_bad_input_names_the_option_and_what_is_allowed(account: Account, options: Result, words: str) -> None:
    result = account.run("prepare", **options)
    assert result["failed"] and words in result["msg"]
    assert account.writes == []


def test_every_return_value_is_documented_and_there(account: Account) -> None:
    key = account.user()
    documented = yaml.safe_load(RETURN)
    done = account.run("prepare")
    optional = {"changed", "diff", "warnings", "terminal"}
    assert set(done) - optional == set(documented)
    (workload,) = done["workloads"]
    assert set(workload) == set(documented["workloads"]["contains"])
    assert key not in json.dumps(done["workloads"])
    assert account.run("verify", reveal_key_ids=True)["workloads"][0]["key"] == key
