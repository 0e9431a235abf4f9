# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on moto as the emulator extends it: over all stages, killed at each write, and attacked."""

from __future__ import annotations

import functools
import json
import re
import shutil
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from moto import mock_aws
from moto.iam.models import AccessKeyLastUsed, IAMBackend, iam_backends

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    NotFound,
    Throttled,
    Unreachable,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.issuing import (
    run as issuing,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    make_version_id,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge import attempts
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Event,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import update
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import make_mark
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users import evidence as consumers
from ansible_collections.hardening.iam.plugins.modules import rollback
from ansible_collections.hardening.iam.plugins.modules.access_key_rotation import ENTRY, RETURN, argument_spec
from emulator import trail_logs
from emulator.extensions.state import account_states
from emulator.server import install

ACCOUNT = "123456789012"
REGION = "us-east-1"
USER: t.Final = "svc"
SECRET: t.Final = f"iam-hardening/access-keys/{USER}"
ARN: t.Final = f"arn:aws:iam::{ACCOUNT}:user/{USER}"
# A little ahead of the real time, which is what the journal has: the later of the two counts.
START = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)

Result = dict[str, t.Any]
CYCLE_RECORDS: t.Final = ("created", "distributed", "verified", "old_inactive", "old_deleted")
# The days on which each step is taken, and its writes. The secret has a version before, which consumers read.
CYCLE: t.Final[tuple[tuple[float, tuple[str, ...]], ...]] = (
    (0.0, ("CreateAccessKey", "PutSecretValue")),
    (0.1, ("UpdateSecretVersionStage",)),
    (14.2, ()),
    (14.3, ("UpdateAccessKey",)),
    (21.4, ("DeleteAccessKey",)),
)


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing after it is sent."""


class Account:
    """An account with a user whose key is rotated, the module in it, and a clock."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.iam = boto3.client("iam", region_name=REGION)
        self.secrets = boto3.client("secretsmanager", region_name=REGION)
        self.directory = directory
        self.journal = directory / "journal"
        self.days = 0.0
        self.run_number = 0
        self.writes: list[str] = []
        self.kill_before: t.Optional[int] = None
        self.kill_after: t.Optional[int] = None
        self.faults: dict[str, Callable[[Callable[[], t.Any]], t.Any]] = {}
        self.is_dead = False
        self._watch(monkeypatch)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Access.call

        def call(access: Access, service: str, operation: str, *arguments: t.Any, **named: t.Any) -> t.Any:
            if self.is_dead:
                raise Killed
            send = functools.partial(original, access, service, operation, *arguments, **named)
            if f"{service}:{operation}" not in ENTRY.operations.writes:
                return self.faults.get(operation, lambda send: send())(send)
            if len(self.writes) == self.kill_before:
                self.is_dead = True
                raise Killed
            self.writes.append(operation)
            answer = self.faults.get(operation, lambda send: send())(send)
            if len(self.writes) == self.kill_after:
                self.is_dead = True
                raise Killed
            return answer

        monkeypatch.setattr(Access, "call", call)

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.days)

    def user(self, *ages: float, name: str = USER, **more: t.Any) -> list[str]:
        """A user with keys of these ages in days. Returns their ids."""
        self.iam.create_user(UserName=name, **more)
        return [self.key(age, name) for age in ages]

    def key(self, age: float = 0, name: str = USER) -> str:
        key_id = str(self.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])
        iam_backends[ACCOUNT]["aws"].access_keys[key_id].create_date = (self.now - timedelta(days=age)).replace(
            tzinfo=None
        )
        return key_id

    def secret(self, **more: t.Any) -> str:
        """The secret with the old key, tagged for the user. Returns its ARN."""
        tags = [{"Key": "iam-hardening:access-key-of", "Value": USER}]
        made = self.secrets.create_secret(
            Name=SECRET, **{"SecretString": '{"AccessKeyId": "old"}', "Tags": tags, **more}
        )
        return str(made["ARN"])

    def use(self, key_id: str, days: t.Optional[float] = None) -> None:
        """Note a use of a key, at the present of the test or on another day."""
        when = START + timedelta(days=self.days if days is None else days)
        used = AccessKeyLastUsed(when.replace(tzinfo=None), "s3", REGION)
        iam_backends[ACCOUNT]["aws"].access_keys[key_id].last_used = used

    def options(self, **options: t.Any) -> Result:
        self.run_number += 1
        return {
            "account_id": ACCOUNT,
            "journal": str(self.journal),
            "report_dir": str(self.directory / "reports"),
            "run_id": f"run-{self.run_number}",
            "now": self.now.isoformat(),
            "users": [{"name": USER}],
            "delete_after_days": "7",
            "regions": [REGION],
            **self._break_lease(),
            **options,
        }

    def _break_lease(self) -> Result:
        place = self.journal / "control" / "leases" / "aws" / f"{ACCOUNT}.json"
        return {"break_lease": json.loads(place.read_text(encoding="utf-8"))["run_id"]} if place.exists() else {}

    def run(self, *, check_mode: bool = False, **options: t.Any) -> Result:
        self.writes, self.is_dead = [], False
        validation = ArgumentSpecValidator(argument_spec()).validate(self.options(**options))
        assert not validation.error_messages
        return execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)

    def undo(self, run_id: str) -> Result:
        self.writes, self.is_dead = [], False
        given = {name: value for name, value in self.options().items() if name in rollback.argument_spec()}
        validation = ArgumentSpecValidator(rollback.argument_spec()).validate({**given, "undo_run_id": run_id})
        assert not validation.error_messages
        return execute(rollback.ENTRY, options=validation.validated_parameters, check_mode=False)

    # What there is

    def note_maker(self, key_id: str, **fields: t.Any) -> None:
        """Let CloudTrail have the event of the call that made a key: that of the last attempt in the journal."""
        intents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.journal.rglob("*-intent.json"))]
        made_keys = [one for one in intents if one["change"]["operation"] == "CreateAccessKey"]
        intent = max(made_keys, key=lambda one: t.cast(str, one["at"]))
        made = iam_backends[ACCOUNT]["aws"].access_keys[key_id].create_date
        event = {
            "eventID": f"made-{key_id}",
            "eventTime": f"{made:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateAccessKey",
            "awsRegion": REGION,
            "userAgent": f"Boto3/1.40 Botocore/1.40 hardening.iam {make_mark(intent['run_id'], intent['job_id'])}",
            "userIdentity": {"type": "IAMUser", "arn": intent["caller_arn"], "accountId": ACCOUNT},
            "requestParameters": {"userName": USER},
            "responseElements": {"accessKey": {"accessKeyId": key_id, "userName": USER}},
            "recipientAccountId": ACCOUNT,
            "readOnly": False,
            "eventType": "AwsApiCall",
        }
        account_states[ACCOUNT]["aws"].events.setdefault(REGION, []).append({**event, **fields})

    @property
    def keys(self) -> dict[str, str]:
        found = self.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in found}

    def value(self, label: str = "AWSCURRENT") -> Result:
        text = self.secrets.get_secret_value(SecretId=SECRET, VersionStage=label)["SecretString"]
        return t.cast(Result, json.loads(text))

    @property
    def versions(self) -> dict[str, list[str]]:
        """The staging labels by the version that has them."""
        return t.cast(dict[str, list[str]], self.secrets.describe_secret(SecretId=SECRET)["VersionIdsToStages"])

    @property
    def records(self) -> list[str]:
        return [path.name[7:-5] for path in self.record_files]

    @property
    def record_files(self) -> list[Path]:
        return sorted((self.journal / "rotations").rglob("*.json"))

    def assert_no_key_is_lost(self) -> None:
        """There are two keys at most, and each active one that is not the old one is in the secret."""
        keys = self.keys
        assert len(keys) <= 2
        unique_id = self.iam.get_user(UserName=USER)["User"]["UserId"]
        known = {make_version_id(ACCOUNT, unique_id, key_id) for key_id in keys}
        assert len(known & set(self.versions)) >= len(keys) - 1


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Account]:
    install()
    monkeypatch.setattr(attempts, "VERIFY_WAITS", (0.0,))
    monkeypatch.setattr(issuing, "_WAITS", (0.0, 0.0))
    monkeypatch.setitem(
        t.cast(Result, consumers.ConsumerReader.__init__.__kwdefaults__), "sleep", lambda _seconds: None
    )
    with mock_aws():
        yield Account(tmp_path, monkeypatch)


def succeed(result: Result) -> Result:
    assert not result.get("failed"), result
    return result


def refused(result: Result) -> list[str]:
    return [refusal["rule"] for refusal in succeed(result)["refused"]]


def rotate(account: Account, steps: int = len(CYCLE)) -> tuple[str, str]:
    """Take so many steps of the cycle; the ids of the old and the new key."""
    (old,) = account.user(100)
    account.secret()
    new = ""
    for days, writes in CYCLE[:steps]:
        account.days = days
        succeed(account.run())
        assert tuple(account.writes) == writes
        new = new or next(key for key in account.keys if key != old)
        if days == 0.1:
            account.use(old, 0.05)
            account.use(new, 0.2)
    return old, new


# The stages


def test_every_stage_is_a_run_of_its_own_and_check_mode_predicts_it(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()
    for number, (days, writes) in enumerate(CYCLE):
        account.days = days
        before = account.keys, account.versions, account.records
        predicted = succeed(account.run(check_mode=True))
        assert (account.writes, (account.keys, account.versions, account.records)) == ([], before)
        done = succeed(account.run())
        assert tuple(account.writes) == writes
        same = ("changed", "plan_sha256", "diff", "refused", "rotations")
        assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
        assert len(account.records) == number + 1
        if number == 0:
            new = next(key for key in account.keys if key != old)
            # Consumers still read the old one.
            assert account.value()["AccessKeyId"] == "old" and account.value("AWSPENDING")["AccessKeyId"] == new
            account.use(new, 1)
    assert account.records == ["created", "distributed", "verified", "old_inactive", "old_deleted"]
    assert account.keys == {new: "Active"}
    assert set(account.value()) == {"AccessKeyId", "SecretAccessKey"} and account.value()["AccessKeyId"] == new
    account.days = 22
    assert succeed(account.run())["rotations"][0]["next"] == "wait"
    # Once the new key is old, it is the next one's turn.
    account.days = 120
    succeed(account.run())
    assert account.writes == ["CreateAccessKey", "PutSecretValue"] and new in account.keys


def test_a_secret_is_made_before_there_is_a_key(account: Account) -> None:
    account.user(100)
    succeed(account.run(users=[{"name": USER, "kms_key_id": "alias/keys"}]))
    assert account.writes == ["CreateSecret", "CreateAccessKey", "PutSecretValue"]
    described = account.secrets.describe_secret(SecretId=SECRET)
    assert {"Key": "iam-hardening:access-key-of", "Value": USER} in described["Tags"]
    assert described["KmsKeyId"] == "alias/keys"
    # The first version of a secret is the current one.
    assert account.value()["AccessKeyId"] in account.keys
    succeed(account.run())
    assert (account.writes, account.records) == ([], ["created", "distributed"])


def test_fields_of_the_secret_are_named_as_declared(account: Account) -> None:
    account.user(100)
    succeed(account.run(access_key_id_field="aws_access_key_id", secret_access_key_field="aws_secret_access_key"))
    assert set(account.value()) == {"aws_access_key_id", "aws_secret_access_key"}


def test_young_key_waits_until_it_is_asked_for(account: Account) -> None:
    account.user(10)
    account.secret()
    (waiting,) = succeed(account.run())["rotations"]
    assert (waiting["next"], account.writes) == ("wait", [])
    before = (account.now - timedelta(days=1)).isoformat()
    succeed(account.run(rotate_created_before=before))
    assert account.writes == ["CreateAccessKey", "PutSecretValue"]
    # Once it is done, the same declaration does nothing more.
    old = next(iter(account.keys))
    account.iam.delete_access_key(UserName=USER, AccessKeyId=old)
    for _run in range(3):
        succeed(account.run(rotate_created_before=before))
    assert len(account.keys) == 1 and account.writes == [] and account.records[-1] == "old_deleted"


def test_report_mode_and_default_write_nothing(account: Account) -> None:
    account.user(100)
    done = succeed(account.run(mode="report"))
    assert (done["changed"], account.writes, account.records) == (False, [], [])
    assert [change["operation"] for change in done["changes"]] == ["CreateSecret", "CreateAccessKey"]


@pytest.mark.parametrize("uses_old", [True, False])
def test_nothing_is_deactivated_while_the_old_key_is_used_or_the_new_one_is_not(
    account: Account, uses_old: bool
) -> None:
    old, new = rotate(account, 2)
    account.use(new, 0.2) if uses_old else iam_backends[ACCOUNT]["aws"].access_keys[new].__setattr__("last_used", None)
    for days in range(2, 40, 6):
        account.days = days
        if uses_old:
            account.use(old)
        (waiting,) = succeed(account.run())["rotations"]
        assert (waiting["next"], account.writes) == ("wait", []), days
    assert account.keys[old] == "Active"


def test_a_use_after_the_verification_delays_the_deactivation(account: Account) -> None:
    old, _new = rotate(account, 3)
    account.days = 14.25
    account.use(old)
    account.days = 14.3
    assert succeed(account.run())["rotations"][0]["next"] == "wait"
    account.days = 28.2
    assert account.keys[old] == "Active" and succeed(account.run())["changes"] == []
    account.days = 28.3
    succeed(account.run())
    assert account.writes == ["UpdateAccessKey"]


def test_a_use_between_plan_and_write_refuses_the_deactivation(account: Account) -> None:
    old, _new = rotate(account, 3)
    account.days = 14.3
    seen: list[str] = []

    def used_meanwhile(send: Callable[[], t.Any]) -> t.Any:
        seen.append("read")
        if len(seen) == 3:
            account.use(old)
        return send()

    account.faults["GetAccessKeyLastUsed"] = used_meanwhile
    assert refused(account.run()) == ["changed_meanwhile"]
    assert account.keys[old] == "Active" and account.writes == []


def test_without_deletion_the_old_key_stays_inactive(account: Account) -> None:
    old, new = rotate(account, 4)
    account.days = 100
    done = succeed(account.run(delete_after_days=""))
    assert (done["rotations"][0]["next"], account.keys) == ("wait", {old: "Inactive", new: "Active"})


def test_a_reactivated_key_is_verified_once_more(account: Account) -> None:
    old, _new = rotate(account, 4)
    account.iam.update_access_key(UserName=USER, AccessKeyId=old, Status="Active")
    account.days = 15
    account.use(old)
    account.days = 28.9
    assert succeed(account.run())["rotations"][0]["next"] == "wait"
    account.days = 29.1
    for writes in ([], ["UpdateAccessKey"]):
        succeed(account.run())
        assert account.writes == writes
    assert account.records[-3:] == ["old_inactive", "verified", "old_inactive"]


def make_call(key_id: str, address: str, days: float, agent: str = "Boto3/1.34") -> Result:
    """An event of CloudTrail: a call with a key on a day of the test."""
    return {
        "eventVersion": "1.11",
        "eventID": f"{key_id}-{address}-{days}",
        "eventTime": f"{START + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": REGION,
        "sourceIPAddress": address,
        "userAgent": agent,
        "userIdentity": {"type": "IAMUser", "accessKeyId": key_id, "userName": USER, "accountId": ACCOUNT},
        "recipientAccountId": ACCOUNT,
        "readOnly": True,
        "eventType": "AwsApiCall",
    }


def test_callers_of_the_old_key_are_named_and_delay_its_deactivation(account: Account) -> None:
    old, new = rotate(account, 2)
    events = account_states[ACCOUNT]["aws"].events.setdefault(REGION, [])

    def add(key_id: str, address: str, days: float, agent: str = "Boto3/1.34") -> None:
        events.append(make_call(key_id, address, days, agent))

    add(old, "10.1.2.3", -1)
    add(old, "10.1.2.4", -1)
    add(new, "10.1.2.4", 2)
    # IAM does not know this call yet, and the name of the program is hostile.
    add(old, "10.1.2.3", 9, "evil\x1b[2J\nroot: verified")
    account.days = 15
    done = succeed(account.run())
    (rotation,) = done["rotations"]
    assert (rotation["next"], rotation["users_moved"]) == ("wait", "1 of 3")
    # The last hour before a run does not count: a use in it may not show yet.
    assert rotation["due"] == f"{START + timedelta(days=23, hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert rotation["old_key_users"][0]["agent"] == "evil?[2J?root: verified"
    assert [one["since_new_key"] for one in rotation["old_key_users"]] == [True, False, False]
    contained = yaml.safe_load(RETURN)["rotations"]["contains"]["old_key_users"]["contains"]
    assert set(rotation["old_key_users"][0]) == set(contained)
    assert "10.1.2.3" in done["terminal"] and "\x1b" not in done["terminal"]
    account.days = 23.1
    succeed(account.run())
    assert account.records[-1] == "verified"


def test_callers_in_the_files_of_a_trail_delay_the_verification(account: Account) -> None:
    old, new = rotate(account, 2)
    place = account.directory / "logs"
    sources: Result = {"event_history": False, "trail_logs": str(place)}
    for days, state in ((15, "distributed"), (23.1, "verified"), (30.2, "old_inactive")):
        account.days = days
        calls = [make_call(new, "10.1.2.3", day) for day in range(1, int(days) + 1)]
        calls += [make_call(old, "10.1.2.3", -1), make_call(old, "10.1.2.3", 9)]
        for key, body in trail_logs.files(calls, "o-acme123456").items():
            (place / key).parent.mkdir(parents=True, exist_ok=True)
            (place / key).write_bytes(body)
        assert refused(account.run(**sources)) == []
        assert account.records[-1] == state
    assert account.keys == {old: "Inactive", new: "Active"}


DENIED_LOOKUP: t.Final = AccessDenied("not allowed", code="AccessDenied", service="cloudtrail")


@pytest.mark.parametrize("steps", [2, 3])
def test_unreadable_events_are_named_and_keep_the_old_key_as_it_is(account: Account, steps: int) -> None:
    """Neither the verification nor the deactivation follows from events that nobody could read."""
    old, _new = rotate(account, steps)
    account.days = 14.3
    records = account.records
    account.faults["LookupEvents"] = fail(DENIED_LOOKUP)
    done = account.run()
    assert refused(done) == ["users_unknown"] and "not allowed" in done["rotations"][0]["users_unknown"]
    assert any("it is not known who uses the keys" in warning for warning in done["warnings"])
    assert (account.writes, account.records, account.keys[old]) == ([], records, "Active")
    account.faults.clear()
    succeed(account.run())
    assert account.records[len(records) :] == [CYCLE_RECORDS[steps]]


def test_without_a_declared_source_of_events_the_last_use_decides(account: Account) -> None:
    rotate(account, 2)
    account.days = 14.2
    done = succeed(account.run(event_history=False))
    assert "there is no source of events" in done["rotations"][0]["users_unknown"]
    assert account.records[-1] == "verified"


# After an incident


def test_an_inactive_key_is_replaced_on_request_and_the_stages_between_collapse(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()
    account.iam.update_access_key(UserName=USER, AccessKeyId=old, Status="Inactive")
    assert refused(account.run()) == ["inactive_key"]
    succeed(account.run(replace_inactive=[USER]))
    assert account.writes == ["CreateAccessKey", "PutSecretValue"]
    new = next(key for key in account.keys if key != old)
    assert account.value()["AccessKeyId"] == new
    account.days = 0.1
    succeed(account.run())
    assert (account.writes, account.records) == ([], ["created", "old_inactive"])
    account.days = 7.2
    succeed(account.run())
    assert account.keys == {new: "Active"} and account.records[-1] == "old_deleted"


# Never two new keys, never a key whose secret is lost


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("step", "write"), [(0, 1), (0, 2), (1, 1), (3, 1), (4, 1)])
def test_killed_at_a_write_the_next_runs_go_on(account: Account, step: int, write: int, after: bool) -> None:
    (old,) = account.user(100)
    account.secret()
    used = False
    killed = False
    for number, (days, _writes) in enumerate(CYCLE):
        account.days = days
        if number == step:
            account.kill_before, account.kill_after = (None, write) if after else (write - 1, None)
            with pytest.raises(Killed):
                account.run()
            account.kill_before = account.kill_after = None
            killed = True
            if step == 0 and account.writes == ["CreateAccessKey"]:
                (left,) = account.keys.keys() - {old}
                account.note_maker(left)
                # CloudTrail shows it after some minutes.
                account.days = 0.05
        for _again in range(3):
            if killed or _again == 0:
                succeed(account.run())
                assert len(account.keys) <= 2
        account.assert_no_key_is_lost()
        news = [key for key in account.keys if key != old]
        if not used and number >= 1 and news:
            account.use(news[0], 0.2)
            used = True
    for days in (30, 31, 32, 40, 41, 42):
        account.days = days
        succeed(account.run())
    (new,) = account.keys
    assert new != old and account.value()["AccessKeyId"] == new
    assert account.records[-1] == "old_deleted"


@pytest.mark.parametrize("moment", ["journal", "rotations"])
def test_cut_off_between_the_write_and_a_record(account: Account, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = account.user(100)
    account.secret()
    original = DirectoryStore.put_new

    def put_new(store: DirectoryStore, key: str, content: bytes) -> None:
        is_last = key.startswith("rotations/") if moment == "rotations" else key.endswith("-outcome.json")
        if is_last:
            raise Killed
        original(store, key, content)

    monkeypatch.setattr(DirectoryStore, "put_new", put_new)
    with pytest.raises(Killed):
        account.run()
    monkeypatch.setattr(DirectoryStore, "put_new", original)
    # The key is in the secret, which shows without reading it: it is taken up, and not made again.
    succeed(account.run())
    assert (account.writes, account.records) == ([], ["created"])
    account.assert_no_key_is_lost()


def fail(error: AwsError) -> Callable[[Callable[[], t.Any]], t.Any]:
    def fault(_send: Callable[[], t.Any]) -> t.Any:
        raise error

    return fault


DENIED: t.Final = AccessDenied("no", code="AccessDenied", service="secretsmanager", operation="PutSecretValue")
BUSY: t.Final = Throttled("busy", code="ThrottlingException", service="secretsmanager", operation="PutSecretValue")
GONE: t.Final = Unreachable("cut", code="ReadTimeoutError", service="secretsmanager", operation="PutSecretValue")


@pytest.mark.parametrize("error", [DENIED, BUSY, GONE], ids=["denied", "throttled", "unreachable"])
def test_a_secret_that_cannot_be_written_costs_the_key_at_once(account: Account, error: AwsError) -> None:
    (old,) = account.user(100)
    account.secret()
    account.faults["PutSecretValue"] = fail(error)
    done = account.run()
    assert done["failed"] and "deleted at once" in done["msg"]
    assert account.keys == {old: "Active"} and account.records == []
    assert account.writes.count("CreateAccessKey") == account.writes.count("DeleteAccessKey")
    account.faults.clear()
    succeed(account.run())
    assert account.writes == ["CreateAccessKey", "PutSecretValue"]


def test_a_lost_answer_of_secrets_manager_is_no_loss(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()

    def lose(send: Callable[[], t.Any]) -> t.Any:
        send()
        raise GONE

    account.faults["PutSecretValue"] = lose
    succeed(account.run())
    assert account.writes == ["CreateAccessKey", "PutSecretValue"]
    assert len(account.versions) == 2 and account.records == ["created"] and old in account.keys


def lose_answer(send: Callable[[], t.Any]) -> t.Any:
    """Make the key, and lose AWS's answer."""
    send()
    raise Unreachable("cut", code="ReadTimeoutError", service="iam", operation="CreateAccessKey")


def warnings_about(done: Result, key_id: str) -> str:
    return " ".join(warning for warning in done["warnings"] if key_id in warning)


@pytest.mark.parametrize("kind", ["killed", "lost", "not deleted"])
def test_a_key_that_a_run_left_is_deleted_once_cloudtrail_shows_its_call(account: Account, kind: str) -> None:
    """Until then each run says what is true of the key, and changes nothing. The trail may be late by hours."""
    (old,) = account.user(100)
    account.secret()
    if kind == "killed":
        account.kill_after = 1
        with pytest.raises(Killed):
            account.run()
        account.kill_after = None
    else:
        account.faults["CreateAccessKey"] = lose_answer if kind == "lost" else lambda send: send()
        account.faults["PutSecretValue"] = fail(DENIED)
        account.faults["DeleteAccessKey"] = fail(AccessDenied("no", code="AccessDenied"))
        assert account.run()["failed"]
        account.faults.clear()
    (left,) = account.keys.keys() - {old}
    waits = succeed(account.run())
    command = f"aws iam update-access-key --user-name {USER} --access-key-id {left} --status Inactive"
    assert (waits["rotations"][0]["next"], account.writes, len(account.keys)) == ("wait", [], 2)
    said = warnings_about(waits, left)
    assert "is active" in said and "run again after" in said and command in said and "deleted" not in said
    account.days = 0.05
    unknown = account.run()
    assert refused(unknown) == ["two_keys"] and (account.writes, len(account.keys)) == ([], 2)
    assert "it is not known who made it" in unknown["refused"][0]["reason"]
    assert "is active" in warnings_about(unknown, left) and command in warnings_about(unknown, left)
    account.note_maker(left)
    planned = succeed(account.run(check_mode=True))
    assert "The plan is to delete it" in warnings_about(planned, left) and left in account.keys
    succeed(account.run())
    assert account.writes == ["DeleteAccessKey"] and account.keys == {old: "Active"}
    succeed(account.run())
    assert account.writes == ["CreateAccessKey", "PutSecretValue"]


def test_a_key_that_could_not_be_deleted_is_named(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()
    account.faults["PutSecretValue"] = fail(DENIED)
    account.faults["DeleteAccessKey"] = fail(AccessDenied("no", code="AccessDenied"))
    done = account.run()
    (new,) = account.keys.keys() - {old}
    assert done["failed"] and f"aws iam delete-access-key --user-name {USER} --access-key-id {new}" in done["msg"]


def test_a_key_whose_secret_was_perhaps_stored_stays(account: Account) -> None:
    """The answer of Secrets Manager is lost, and the secret can't be read: the next run finds out."""
    (old,) = account.user(100)
    account.secret()

    def lose(send: Callable[[], t.Any]) -> t.Any:
        send()
        account.faults["DescribeSecret"] = fail(DENIED)
        raise GONE

    account.faults["PutSecretValue"] = lose
    done = account.run()
    (new,) = account.keys.keys() - {old}
    assert done["failed"] and "it is not known whether Secrets Manager has stored its secret" in done["msg"]
    assert f"--access-key-id {new}" in done["msg"] and "DeleteAccessKey" not in account.writes
    account.faults.clear()
    succeed(account.run())
    assert (account.writes, account.records) == ([], ["created"])


def test_a_key_that_iam_does_not_know_yet_is_not_called_deleted(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()
    account.faults["PutSecretValue"] = fail(DENIED)
    account.faults["DeleteAccessKey"] = fail(NotFound("none", code="NoSuchEntity", operation="DeleteAccessKey"))
    done = account.run()
    (new,) = account.keys.keys() - {old}
    assert done["failed"] and f"--access-key-id {new}" in done["msg"] and "deleted at once" not in done["msg"]


def test_a_signal_between_the_two_writes_costs_the_key(account: Account) -> None:
    (old,) = account.user(100)
    account.secret()

    def interrupt(_send: Callable[[], t.Any]) -> t.Any:
        raise KeyboardInterrupt

    account.faults["PutSecretValue"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        account.run()
    assert account.keys == {old: "Active"}


# Attacks and accidents


def test_a_user_with_two_active_keys_is_refused(account: Account) -> None:
    account.user(200, 100)
    account.secret()
    assert (refused(account.run()), account.writes) == (["two_keys"], [])


def test_a_user_with_an_inactive_second_key_has_no_free_slot(account: Account) -> None:
    first, _second = account.user(200, 100)
    account.secret()
    account.iam.update_access_key(UserName=USER, AccessKeyId=first, Status="Inactive")
    assert (refused(account.run()), account.writes) == (["no_free_slot"], [])


# What a person who makes a key by hand leaves in CloudTrail; None for no event.
BY_HAND: t.Final[dict[str, t.Optional[Result]]] = {
    "trail late": None,
    "lookups denied": {},
    "own identity": {"userAgent": "aws-cli/2.31.0"},
    "own identity with our library": {"userAgent": "Boto3/1.40 hardening.iam job/another-run/1"},
    "somebody else": {"userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}},
}


@pytest.mark.parametrize("is_refused_by_aws", [True, False], ids=["failed", "killed"])
@pytest.mark.parametrize("fields", BY_HAND.values(), ids=BY_HAND.keys())
def test_a_key_that_a_person_makes_after_an_attempt_is_never_deleted(
    account: Account, fields: t.Optional[Result], is_refused_by_aws: bool
) -> None:
    """CreateAccessKey was denied, or the run was killed before it: in both cases the person makes the key by hand."""
    (old,) = account.user(100)
    account.secret()
    if is_refused_by_aws:
        account.faults["CreateAccessKey"] = fail(
            AccessDenied("no", code="AccessDenied", service="iam", operation="CreateAccessKey")
        )
        assert account.run()["failed"]
    else:
        account.kill_before = 0
        with pytest.raises(Killed):
            account.run()
        account.kill_before = None
    account.faults.clear()
    by_hand = account.key()
    iam_backends[ACCOUNT]["aws"].access_keys[by_hand].create_date = datetime.now(UTC).replace(tzinfo=None)
    if fields:
        account.note_maker(by_hand, **fields)
    if fields == {}:
        account.faults["LookupEvents"] = fail(DENIED_LOOKUP)
    for days in (0, 0.05, 1, 40):
        account.days = days
        done = succeed(account.run())
        assert account.writes == [] and account.keys == {old: "Active", by_hand: "Active"}
        assert "deleted" not in " ".join(done.get("warnings", ()))
    assert refused(done) == ["two_keys"]
    if not is_refused_by_aws:
        assert "is active" in warnings_about(done, by_hand)
        if fields and "userIdentity" in fields:
            assert "it was made by arn:aws:iam::123456789012:user/alice" in done["refused"][0]["reason"]


def test_a_key_that_a_person_makes_later_is_not_deleted(account: Account) -> None:
    account.user(100)
    account.secret()
    account.kill_before = 0
    with pytest.raises(Killed):
        account.run()
    account.kill_before = None
    account.days = 1
    account.key()
    assert refused(account.run()) == ["two_keys"] and account.writes == []


def test_a_key_made_by_hand_during_a_rotation_stops_it(account: Account) -> None:
    old, _new = rotate(account, 2)
    account.iam.delete_access_key(UserName=USER, AccessKeyId=old)
    account.key()
    assert (refused(account.run()), account.writes) == (["strange_key"], [])


def test_a_key_made_between_plan_and_write_refuses_the_new_one(account: Account) -> None:
    account.user(100)
    account.secret()
    seen: list[str] = []

    def make_meanwhile(send: Callable[[], t.Any]) -> t.Any:
        seen.append("read")
        if len(seen) == 2:
            account.key()
        return send()

    account.faults["GetUser"] = make_meanwhile
    assert refused(account.run()) == ["changed_meanwhile"]
    assert account.writes == [] and len(account.keys) == 2


def test_a_secret_that_somebody_replaced_stops_the_rotation(account: Account) -> None:
    rotate(account, 1)
    account.secrets.put_secret_value(SecretId=SECRET, SecretString='{"AccessKeyId": "evil"}')
    assert (refused(account.run()), account.writes) == (["secret_replaced"], [])


def test_a_secret_that_was_made_again_stops_the_rotation(account: Account) -> None:
    rotate(account, 1)
    account.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    assert refused(account.run()) == ["secret_gone"]
    account.secret()
    assert refused(account.run()) == ["secret_replaced"]


def test_a_version_put_between_plan_and_write_refuses_the_move(account: Account) -> None:
    rotate(account, 1)
    seen: list[str] = []

    def put_meanwhile(send: Callable[[], t.Any]) -> t.Any:
        seen.append("read")
        if len(seen) == 2:
            account.secrets.put_secret_value(SecretId=SECRET, SecretString='{"AccessKeyId": "evil"}')
        return send()

    account.faults["DescribeSecret"] = put_meanwhile
    assert refused(account.run()) == ["changed_meanwhile"]
    assert account.writes == []


def test_a_secret_that_was_made_again_after_the_plan_gets_no_key(account: Account) -> None:
    """Somebody else may read the new one."""
    (old,) = account.user(100)
    account.secret()
    seen: list[str] = []

    def make_again(send: Callable[[], t.Any]) -> t.Any:
        seen.append("read")
        if len(seen) == 2:
            account.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
            account.secret()
        return send()

    account.faults["GetUser"] = make_again
    done = account.run()
    assert done["failed"] and "deleted at once" in done["msg"]
    assert account.keys == {old: "Active"} and account.value()["AccessKeyId"] == "old"


@pytest.mark.parametrize("tag", [None, "somebody-else"])
def test_a_secret_of_somebody_else_is_not_written(account: Account, tag: t.Optional[str]) -> None:
    account.user(100)
    account.secret(Tags=[{"Key": "iam-hardening:access-key-of", "Value": tag}] if tag else [])
    assert (refused(account.run()), account.writes) == (["foreign_secret"], [])


def test_a_secret_that_is_to_be_deleted_is_not_used(account: Account) -> None:
    account.user(100)
    account.secret()
    account.secrets.delete_secret(SecretId=SECRET, RecoveryWindowInDays=7)
    assert (refused(account.run()), account.writes) == (["secret_unfit"], [])


def test_a_new_key_that_somebody_deleted(account: Account) -> None:
    old, new = rotate(account, 2)
    account.iam.delete_access_key(UserName=USER, AccessKeyId=new)
    assert refused(account.run()) == ["new_key_gone"]
    # Once consumers read the old one again, the rotation is over and may begin anew.
    (previous,) = [version for version, labels in account.versions.items() if "AWSPREVIOUS" in labels]
    (current,) = [version for version, labels in account.versions.items() if "AWSCURRENT" in labels]
    account.secrets.update_secret_version_stage(
        SecretId=SECRET, VersionStage="AWSCURRENT", MoveToVersionId=previous, RemoveFromVersionId=current
    )
    succeed(account.run())
    assert (account.writes, account.records[-1]) == ([], "rolled_back")
    succeed(account.run())
    assert account.writes == ["CreateAccessKey", "PutSecretValue"] and old in account.keys


def test_a_new_key_that_somebody_deactivated_stops_the_rotation(account: Account) -> None:
    _old, new = rotate(account, 2)
    account.iam.update_access_key(UserName=USER, AccessKeyId=new, Status="Inactive")
    assert refused(account.run()) == ["new_key_inactive"]


# The others are in the tests of the records themselves.
FORGERIES: t.Final[dict[str, Callable[[Result], Result]]] = {
    "no record": lambda _record: {"x": 1},
    "of another secret": lambda record: {**record, "secret_arn": f"{record['secret_arn']}x"},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_record_stops_the_rotation(account: Account, forgery: Callable[[Result], Result]) -> None:
    old, new = rotate(account, 2)
    last = account.record_files[-1]
    record = json.loads(last.read_text(encoding="utf-8"))
    forged = forgery({**record, "stage": "verified"})
    last.with_name("000003-verified.json").write_text(json.dumps(forged), encoding="utf-8")
    account.days = 60
    assert (refused(account.run()), account.writes) == (["state_doubt"], [])
    assert account.keys == {old: "Active", new: "Active"}


def test_a_missing_record_stops_the_rotation(account: Account) -> None:
    rotate(account, 3)
    account.record_files[1].unlink()
    assert (refused(account.run()), account.writes) == (["state_doubt"], [])


def test_a_forged_verification_deactivates_no_key_that_is_used(account: Account) -> None:
    """The record agrees with all others; what AWS says of the keys decides all the same."""
    old, new = rotate(account, 2)
    last = account.record_files[-1]
    record = {**json.loads(last.read_text(encoding="utf-8")), "stage": "verified"}
    last.with_name("000003-verified.json").write_text(json.dumps(record), encoding="utf-8")
    account.days = 20
    account.use(old)
    assert succeed(account.run())["rotations"][0]["next"] == "wait"
    assert account.keys == {old: "Active", new: "Active"} and account.writes == []


def test_records_without_a_rotation_in_aws_are_no_leave_to_delete(account: Account) -> None:
    """Records that say that a key is old, of a user who never had a rotation."""
    rotate(account, 2)
    files = account.record_files
    other = account.user(300, 200, name="victim")
    victim = account.iam.get_user(UserName="victim")["User"]
    folder = account.journal / "rotations" / ACCOUNT / "victim" / victim["UserId"]
    folder.mkdir(parents=True)
    record = json.loads(files[0].read_text(encoding="utf-8"))
    for number, stage in enumerate(("created", "distributed", "verified", "old_inactive"), start=1):
        forged = {
            **record,
            "stage": stage,
            "user_arn": victim["Arn"],
            "user_id": victim["UserId"],
            "old_key": other[0],
            "new_key": other[1],
            "version_id": make_version_id(ACCOUNT, victim["UserId"], other[1]),
            "at": "2026-01-01T00:00:00Z",
        }
        (folder / f"{number:06d}-{stage}.json").write_text(json.dumps(forged), encoding="utf-8")
    account.days = 300
    users = [{"name": "victim", "secret": "victims"}]
    assert (refused(account.run(users=users)), account.writes) == (["secret_gone"], [])


def test_a_user_that_was_made_again_has_no_past(account: Account) -> None:
    old, new = rotate(account, 2)
    for key_id in (old, new):
        account.iam.delete_access_key(UserName=USER, AccessKeyId=key_id)
    account.iam.delete_user(UserName=USER)
    account.user(1)
    assert succeed(account.run())["rotations"][0]["stage"] is None


def test_break_glass_and_missing_users_are_refused(account: Account) -> None:
    account.user(100, name="keeper", Path="/iam-hardening/break-glass/")
    users = [{"name": "keeper"}, {"name": "nobody"}]
    assert (refused(account.run(users=users)), account.writes) == (["break_glass", "no_user"], [])


def contain(account: Account, state: State) -> None:
    """Write the record of an incident that contains the user, as the modules of an incident do."""
    found = Contained(ARN, "AIDAEXAMPLE", By.SOURCE, datetime.now(UTC) - timedelta(hours=1))
    events = frozenset(
        Event(found.since, passed, "contain-1", author="ana") for passed in State if passed.rank <= state.rank
    )
    record = Record(
        ACCOUNT,
        "INC-7",
        state,
        "Ana",
        "key found in a public repository",
        contained=(found,),
        runs=frozenset({"contain-1"}),
        events=events,
    )
    update(DirectoryStore(str(account.journal)), ACCOUNT, "INC-7", lambda _present: record)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
def test_a_contained_user_is_left_alone_until_its_release(account: Account, steps: int) -> None:
    if steps:
        rotate(account, steps)
    else:
        account.user(100)
        account.secret()
    before = account.keys, account.versions, account.records
    contain(account, State.CONTAINED)
    account.days = 60
    done = account.run(replace_inactive=[USER])
    assert refused(done) == ["contained"] and "INC-7" in done["refused"][0]["reason"]
    assert (account.writes, (account.keys, account.versions, account.records)) == ([], before)


def test_an_incident_that_is_declared_after_the_plan_stops_the_write(account: Account) -> None:
    account.user(100)
    account.secret()

    def declare(send: Callable[[], t.Any]) -> t.Any:
        contain(account, State.CONTAINED)
        return send()

    account.faults["DescribeSecret"] = declare
    done = account.run()
    assert refused(done) == ["contained"] and account.writes == [] and len(account.keys) == 1


def test_two_runs_at_once_make_one_key(account: Account) -> None:
    """The second one begins while the first has made the key: it waits, since nobody knows yet whose it is."""
    account.user(100)
    account.secret()
    others: list[Result] = []

    def meanwhile(send: Callable[[], t.Any]) -> t.Any:
        if not others:
            others.append({})
            writes = account.writes
            others[0] = account.run(break_lease=None)
            account.writes = writes
        return send()

    account.faults["PutSecretValue"] = meanwhile
    succeed(account.run())
    assert (succeed(others[0])["rotations"][0]["next"], others[0]["changes"]) == ("wait", [])
    assert len(account.keys) == 2 and account.records == ["created"]
    account.assert_no_key_is_lost()


# The way back


def test_a_new_key_that_nobody_used_is_taken_back(account: Account) -> None:
    old, _new = rotate(account, 1)
    undone = succeed(account.undo("run-1"))
    assert (account.writes, account.keys) == (["DeleteAccessKey"], {old: "Active"})
    assert undone["refused"] == []
    succeed(account.run())
    assert account.records == ["created", "rolled_back"]


def test_a_new_secret_goes_with_its_key(account: Account) -> None:
    account.user(100)
    succeed(account.run())
    succeed(account.undo("run-1"))
    assert account.writes == ["DeleteAccessKey", "DeleteSecret"]
    assert account.secrets.describe_secret(SecretId=SECRET)["DeletedDate"]


def test_a_new_key_in_use_is_not_taken_back(account: Account) -> None:
    _old, new = rotate(account, 1)
    account.use(new)
    undone = succeed(account.undo("run-1"))
    assert [refusal["rule"] for refusal in undone["refused"]] == ["in_use"] and account.writes == []


def test_a_move_and_a_deactivation_are_taken_back(account: Account) -> None:
    old, new = rotate(account, 4)
    succeed(account.undo("run-4"))
    assert account.keys == {old: "Active", new: "Active"}
    succeed(account.undo("run-2"))
    assert account.value()["AccessKeyId"] == "old"
    # A run of the next night does not move it again: somebody had a reason.
    assert refused(account.run()) == ["moved_back"] and account.writes == []
    account.iam.delete_access_key(UserName=USER, AccessKeyId=new)
    succeed(account.run())
    assert account.records[-1] == "rolled_back"


# Secrets


def test_no_secret_is_in_a_result_a_journal_or_a_report(account: Account) -> None:
    results = [json.dumps(account.run(users=[{"name": "nobody"}]), default=str)]
    account.user(100)
    account.secret()
    for days, _writes in CYCLE:
        account.days = days
        results.append(json.dumps(succeed(account.run()), default=str))
        for key_id in account.keys:
            account.use(key_id, 0.2)
    secret = account.value()["SecretAccessKey"]
    assert len(secret) >= 40
    files = [path for path in account.directory.rglob("*") if path.is_file()]
    assert len(files) > 20
    for text in (*results, *(path.read_text(encoding="utf-8", errors="replace") for path in files)):
        assert secret not in text


@pytest.mark.parametrize("error", [DENIED, GONE])
def test_no_secret_is_in_an_error(account: Account, error: AwsError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an error that repeats the request."""
    account.user(100)
    account.secret()
    made: list[str] = []
    original = IAMBackend.create_access_key

    def create(*arguments: t.Any, **named: t.Any) -> t.Any:
        key = original(*arguments, **named)
        made.append(str(key.secret_access_key))
        return key

    monkeypatch.setattr(IAMBackend, "create_access_key", create)

    def repeat(_send: Callable[[], t.Any]) -> t.Any:
        raise error.rephrase(f"bad request: SecretString={made[-1]}")

    account.faults["PutSecretValue"] = repeat
    done = account.run()
    assert made and done["failed"]
    texts = [json.dumps(done, default=str), *(path.read_text() for path in account.directory.rglob("*.json"))]
    assert not [text for text in texts if any(secret in text for secret in made)]


# Input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"users": [{"name": "svc-*"}]}, "users: 'svc-*' is not the name of a user"),
        ({"users": [{"name": "a,b"}]}, "set secret to"),
        ({"users": [{"name": USER, "secret": "arn:aws:secretsmanager:us-east-1:1:secret:x"}]}, "is not allowed"),
        ({"users": [{"name": USER}, {"name": "SVC"}]}, "users: the user svc is there twice"),
        ({"users": [{"name": "a", "secret": "s"}, {"name": "b", "secret": "s"}]}, "users: the secret s"),
        ({"users": [{"name": USER, "secret_region": "Mars"}]}, "secret_region 'Mars'"),
        ({"verify_days": 6}, "verify_days: 6 is not allowed; allowed are 7 to 1095 days"),
        ({"delete_after_days": "0"}, "delete_after_days: '0' is not allowed"),
        ({"rotate_created_before": "soon"}, "rotate_created_before: 'soon' is not allowed"),
        ({"rotate_created_before": "2999-01-01T00:00:00Z"}, "a date and time that is over"),
        ({"replace_inactive": ["other"]}, "replace_inactive: 'other' is not allowed"),
        ({"secret_access_key_field": "AccessKeyId"}, "secret_access_key_field: 'AccessKeyId' is not allowed"),
        ({"access_key_id_field": ""}, "access_key_id_field: '' is not allowed"),
    ],
)
def test_bad_input_names_the_option_and_what_is_allowed(account: Account, options: Result, message: str) -> None:
    done = account.run(**options)
    assert done["failed"] and message in done["msg"] and account.writes == []


def test_every_return_value_is_documented_and_there(account: Account) -> None:
    documented = yaml.safe_load(RETURN)
    rotate(account, 1)
    account.days = 0.1
    done = succeed(account.run())
    optional = {"changed", "diff", "warnings", "terminal"}
    assert set(done) - optional == set(documented)
    (rotation,) = done["rotations"]
    assert set(rotation) == set(documented["rotations"]["contains"])
    assert not re.search("A[KS]IA[A-Z0-9]{12}", json.dumps(done["rotations"]))
    revealed = succeed(account.run(check_mode=True, reveal_key_ids=True))["rotations"][0]
    assert revealed["new_key"] in account.keys
    shutil.rmtree(account.directory / "reports")
