# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on moto as the emulator extends it, with the clock moved from stage to stage."""

from __future__ import annotations

import json
import re
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
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.run import reread
from ansible_collections.hardening.iam.plugins.module_utils._converge import attempts
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.access_key_lifecycle import ENTRY, RETURN, argument_spec
from emulator.extensions.state import account_states
from emulator.server import install

ACCOUNT = "123456789012"
# A little ahead of the real time, which is what the journal has: the later of the two counts.
START = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing catches it."""


class Account:
    """An account with users and their keys, the module in it, and a clock."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.iam = boto3.client("iam", region_name="us-east-1")
        self.topic = boto3.client("sns", region_name="us-east-1").create_topic(Name="keys")["TopicArn"]
        self.journal = directory / "journal"
        self.days = 0.0
        self.run_number = 0
        self.writes: list[str] = []
        self.calls: list[str] = []
        self.kill_before: t.Optional[int] = None
        self.kill_after: t.Optional[int] = None
        self.before_write: t.Callable[[str], None] = lambda _operation: None
        self.after_report: t.Callable[[], object] = lambda: None
        self._watch(monkeypatch)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Access.call

        def call(access: Access, service: str, operation: str, *arguments: t.Any, **named: t.Any) -> t.Any:
            self.calls.append(operation)
            if f"{service}:{operation}" not in ENTRY.operations.writes:
                return original(access, service, operation, *arguments, **named)
            self.before_write(operation)
            if len(self.writes) == self.kill_before:
                raise Killed
            self.writes.append(operation)
            answer = original(access, service, operation, *arguments, **named)
            if len(self.writes) == self.kill_after:
                raise Killed
            return answer

        monkeypatch.setattr(Access, "call", call)

    def user(self, name: str, *keys: tuple[float, t.Optional[float]], service: str = "s3", **more: t.Any) -> list[str]:
        """A user with keys of that age in days, last used so many days ago, or never. Returns the ids of the keys."""
        self.iam.create_user(UserName=name, **more)
        return [self.key(name, age, used, service) for age, used in keys]

    def key(self, user: str, age: float, used: t.Optional[float], service: str = "s3") -> str:
        key_id = str(self.iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"])
        key = iam_backends[ACCOUNT]["aws"].access_keys[key_id]
        key.create_date = (self.now - timedelta(days=age)).replace(tzinfo=None)
        if used is not None:
            self.use(key_id, used, service)
        return key_id

    def use(self, key_id: str, days_ago: float = 0, service: str = "s3") -> None:
        when = (self.now - timedelta(days=days_ago)).replace(tzinfo=None)
        iam_backends[ACCOUNT]["aws"].access_keys[key_id].last_used = AccessKeyLastUsed(when, service, "us-east-1")

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.days)

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        self.run_number += 1
        account_states[ACCOUNT]["aws"].report = None
        for _twice in range(2):
            self.iam.generate_credential_report()
        self.after_report()
        self.writes, self.calls = [], []
        given = {
            "account_id": ACCOUNT,
            "journal": str(self.journal),
            "run_id": f"run-{self.run_number}",
            "now": self.now.isoformat(),
            "notify": "none",
            **options,
        }
        validation = ArgumentSpecValidator(argument_spec()).validate(given)
        assert not validation.error_messages
        return execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)

    def status(self, user: str) -> list[str]:
        return [key["Status"] for key in self.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]

    def tags(self, user: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.iam.list_user_tags(UserName=user)["Tags"]}

    def state(self) -> dict[str, t.Any]:
        """All that the module may touch, without the times in tags."""
        users = [user["UserName"] for user in self.iam.list_users()["Users"]]
        return {
            user: (self.status(user), {k: v.partition("=")[0] for k, v in self.tags(user).items()}) for user in users
        }


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Account]:
    install()
    monkeypatch.setattr(attempts, "VERIFY_WAITS", (0.0,))
    with mock_aws():
        yield Account(tmp_path, monkeypatch)


def four_steps(account: Account, **options: t.Any) -> list[str]:
    """Check, real, check again, real again; returns the writes of the real run."""
    before = account.state()
    predicted = account.run(check_mode=True, **options)
    assert account.writes == [] and account.state() == before
    done = account.run(**options)
    assert not done.get("failed"), done
    writes = account.writes
    same = ("changed", "plan_sha256", "diff", "refused", "credentials", "bring_back")
    assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
    for check_mode in (True, False):
        again = account.run(check_mode=check_mode, **options)
        assert (again["changed"], again["changes"], account.writes) == (False, [], [])
    return writes


# Break-glass

ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("more", "stays"),
    [
        *(("", True), ("password", False), ("second", False), ("second without credentials", True)),
        # The credential report of AWS is from before.
        *(("second until just now", True), ("second since just now", False)),
    ],
)
def test_the_last_key_of_the_only_user_who_can_use_break_glass_stays(account: Account, more: str, stays: bool) -> None:
    account.user("keeper", (400, 60))
    account.user("bob", (400, 60))
    if more == "password":
        account.iam.create_login_profile(UserName="keeper", Password="Correct-horse-battery-1")
    keys = account.user("second", *([(10, 1)] if more in ("second", "second until just now") else []))
    users = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("keeper", "second")]
    trust = {"Effect": "Allow", "Principal": {"AWS": users}, "Action": "sts:AssumeRole"}
    account.iam.create_role(
        RoleName="break-glass",
        Path="/iam-hardening/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    account.iam.attach_role_policy(RoleName="break-glass", PolicyArn=ADMINISTRATOR)
    account.run()
    if more == "second until just now":
        account.after_report = lambda: account.iam.delete_access_key(UserName="second", AccessKeyId=keys[0])
    if more == "second since just now":
        account.after_report = lambda: account.iam.create_login_profile(
            UserName="second", Password="Correct-horse-battery-1"
        )
    account.days = 14
    done = account.run()
    assert account.status("bob") == ["Inactive"]
    assert account.status("keeper") == (["Active"] if stays else ["Inactive"])
    refused = {refusal["rule"]: refusal for refusal in done["refused"]}
    assert refused.keys() == ({"last_way", "together"} if stays else set())
    if stays:
        assert "user keeper can use break-glass, which then can be used by nobody" in refused["last_way"]["reason"]


# The stages


def test_notice_deactivation_and_deletion_in_twelve_steps(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    options = {"notify": account.topic, "delete_after_days": "90", "delete_grace_days": 30}
    assert four_steps(account, **options) == ["Publish", "TagUser"]
    assert account.status("svc-backup") == ["Active"]
    account.days = 13.9
    assert four_steps(account, **options) == []
    account.days = 14
    assert four_steps(account, **options) == ["TagUser", "UpdateAccessKey"]
    assert account.status("svc-backup") == ["Inactive"]
    account.days = 43.9
    assert four_steps(account, **options) == []
    account.days = 44
    assert four_steps(account, **options) == ["DeleteAccessKey", "UntagUser"]
    assert (account.status("svc-backup"), account.tags("svc-backup")) == ([], {})
    assert key.startswith("AKIA")


def test_a_notice_leaves_the_id_of_its_message_in_result_and_journal(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    result = account.run(notify=account.topic)
    (notice,) = result["notices"]
    assert (notice["user"], notice["id"]) == ("svc-backup", key)
    content = "".join(path.read_text() for path in account.journal.rglob("*-outcome.json"))
    assert f'"MessageId": "{notice["message_id"]}"' in content
    assert account.tags("svc-backup") == {
        f"iam-hardening:key-{key[-4:]}": f"noticed={account.now:%Y-%m-%dT%H:%M:%SZ} notice=sns run=run-1"
    }


def test_the_command_that_brings_a_key_back_is_in_the_result(account: Account) -> None:
    (key,) = account.user("svc backup".replace(" ", "+"), (400, 60))
    account.run()
    account.days = 14
    result = account.run()
    assert result["bring_back"] == [
        f"aws iam update-access-key --user-name svc+backup --access-key-id {key} --status Active"
    ]


def test_a_deactivation_is_undone_by_activation_and_a_deletion_by_nothing(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    seeded = account.state()
    account.run()
    account.days = 14
    account.run()
    undone = []
    for run in ("run-2", "run-1"):
        for intent, _outcome in reversed(list(read_recorded(DirectoryStore(str(account.journal)), ACCOUNT, run))):
            undo = intent.change.undo
            assert undo and reread(access(), START)(intent.change) == intent.change.after
            undone.append(undo.operation)
            getattr(account.iam, re.sub("(?<!^)(?=[A-Z])", "_", undo.operation).lower())(**undo.parameters)
    assert undone == ["UpdateAccessKey", "TagUser", "UntagUser"]
    assert account.state() == seeded


def access() -> Access:
    options = AccessOptions.from_options(dict.fromkeys(argument_spec()))
    return Access(options, operations=ENTRY.operations, check_mode=True)


def test_nothing_comes_to_any_stage_without_saying_how_owners_are_told(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    result = account.run(notify=None)
    assert [refusal["rule"] for refusal in result["refused"]] == ["notify"]
    assert account.writes == []


def test_nothing_is_deleted_unless_declared(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    for days in (0, 14, 400, 1000):
        account.days = days
        account.run()
    assert account.status("svc-backup") == ["Inactive"]


def test_without_the_right_to_tag_nothing_is_deactivated(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    account.run()
    account.days = 14

    def deny(operation: str) -> None:
        if operation == "TagUser":
            raise AwsError("not authorized to perform: iam:TagUser", code="AccessDenied")

    account.before_write = deny
    result = account.run()
    assert result["failed"] and "iam:TagUser" in result["msg"]
    assert account.status("svc-backup") == ["Active"]


# Wrong key killed: what happened to others


def test_c7n_842_the_second_key_of_a_user_is_not_caught_with_the_first(account: Account) -> None:
    """cloud-custodian#842: "several production keys get deleted when the second (old) key was caught in the filter"."""
    idle, busy = account.user("deploy", (400, 200), (500, 0.5))
    cycle(account, stage_reasons=["unused", "never_used", "old", "second"], delete_after_days="90")
    left = account.iam.list_access_keys(UserName="deploy")["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in left} == {busy: "Active"}
    assert idle != busy


def cycle(account: Account, uses: t.Sequence[str] = (), **options: t.Any) -> None:
    """All stages to the end, while the keys that are in use are used every day."""
    for days in (0, 14, 28, 44, 58, 90, 120, 200):
        account.days = days
        for user in account.iam.list_users()["Users"]:
            for key in account.iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
                used = account.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
                if "LastUsedDate" in used and used["LastUsedDate"] > START - timedelta(days=1):
                    account.use(key["AccessKeyId"])
        account.run(**options)


def test_c7n_6732_age_does_not_disable_a_key_that_was_used_the_same_day(account: Account) -> None:
    """cloud-custodian#6732: a mix of ages disabled keys that were used on the same day."""
    account.user("old-but-busy", (900, 0.1))
    cycle(account, stage_reasons=["unused", "never_used", "old"], min_idle_days=7, delete_after_days="45")
    assert account.status("old-but-busy") == ["Active"]
    assert account.tags("old-but-busy") == {}


def test_c7n_3274_unused_means_unused_and_not_created_long_ago(account: Account) -> None:
    """cloud-custodian#3274: the documentation said unused, the code went by the creation."""
    account.user("veteran", (2000, 10))
    account.user("forgotten", (100, 50))
    result = account.run()
    assert [item["user"] for item in result["credentials"]] == ["forgotten"]


def test_c7n_2302_the_id_of_the_key_is_told(account: Account) -> None:
    """cloud-custodian#2302: no key id in the report, so that nobody could tell which key was meant."""
    (key,) = account.user("svc-backup", (400, 60))
    account.run()
    account.days = 14
    result = account.run(reveal_key_ids=True)
    assert {change["before"]["id"] for change in result["changes"]} == {key}
    assert result["credentials"][0]["id"] == key


def test_security_hq_1430_a_job_that_was_repaired_does_not_deactivate_38_keys_at_once(account: Account) -> None:
    """guardian/security-hq#1430: a repaired job deactivated 38 keys without a warning."""
    for number in range(38):
        account.user(f"svc-{number:02}", (400, 300))
    account.run()
    assert not any("Inactive" in account.status(f"svc-{number:02}") for number in range(38))
    account.days = 14
    result = account.run()
    assert {refusal["rule"] for refusal in result["refused"]} == {"cap"}
    assert account.writes == [] and "max_changes is 10" in result["refused"][0]["reason"]


def test_security_hq_280_owners_are_told_and_given_time(account: Account) -> None:
    """guardian/security-hq#280, #293: warn, two weeks, then disable."""
    account.user("svc-backup", (400, 60))
    for days, status in ((0, "Active"), (7, "Active"), (13, "Active"), (14, "Inactive")):
        account.days = days
        account.run(notify=account.topic)
        assert account.status("svc-backup") == [status]


def test_prowler_645_a_fresh_key_is_not_unused(account: Account) -> None:
    """prowler#645: a key made a moment ago was flagged as unused."""
    account.user("newcomer", (1, None))
    assert account.run()["credentials"] == []


def test_prowler_1929_an_inactive_key_is_left_alone(account: Account) -> None:
    """prowler#1929: inactive keys were flagged."""
    (key,) = account.user("switched-off", (400, 200))
    account.iam.update_access_key(UserName="switched-off", AccessKeyId=key, Status="Inactive")
    result = account.run()
    assert (result["credentials"], result["changes"]) == ([], [])


def test_prowler_2847_key_2_does_not_overwrite_key_1(account: Account) -> None:
    """prowler#2847: what was found of the second key overwrote the first."""
    first, second = account.user("twins", (400, 100), (300, 100))
    account.run()
    assert set(account.tags("twins")) == {f"iam-hardening:key-{key[-4:]}" for key in (first, second)}
    account.days = 14
    account.run()
    assert account.status("twins") == ["Inactive", "Inactive"]


def test_prowler_2008_a_user_that_is_gone_from_the_account_but_not_from_the_report_is_nobody(account: Account) -> None:
    """prowler#2008: a deleted user failed for four more hours."""
    (key,) = account.user("leaver", (400, 200))
    account.iam.generate_credential_report()
    original = account.iam.generate_credential_report
    account.iam.delete_access_key(UserName="leaver", AccessKeyId=key)
    account.iam.delete_user(UserName="leaver")
    account.iam.generate_credential_report = lambda: None
    result = account.run()
    account.iam.generate_credential_report = original
    assert (result["credentials"], result["refused"]) == ([], [])


def test_a_dry_run_is_the_default_of_the_role_and_check_mode_never_writes(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    for options in ({"mode": "report"}, {}):
        result = account.run(check_mode=not options, **options)
        assert account.writes == [] and len(result["changes"]) == 1


# What is never touched


def test_a_key_used_since_the_notice_is_kept_and_its_tag_goes(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    account.run()
    account.days = 10
    account.use(key)
    account.run()
    assert account.writes == ["UntagUser"] and account.tags("svc-backup") == {}
    account.days = 60
    account.run()
    assert account.status("svc-backup") == ["Active"]


def test_a_key_used_between_plan_and_write_is_kept(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    account.run()
    account.days = 14
    account.before_write = lambda operation: account.use(key) if operation == "TagUser" else None
    result = account.run()
    assert account.status("svc-backup") == ["Active"]
    assert [refusal["rule"] for refusal in result["refused"]] == ["changed_meanwhile"]
    account.before_write = lambda _operation: None
    account.run()
    assert account.tags("svc-backup") == {}


def test_a_reactivated_key_begins_anew_and_counts_from_its_reactivation(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    account.run()
    account.days = 14
    account.run()
    account.iam.update_access_key(UserName="svc-backup", AccessKeyId=key, Status="Active")
    account.run()
    assert account.writes == ["UntagUser"] and account.status("svc-backup") == ["Active"]
    account.days = 40
    account.run()
    assert account.writes == []


def test_an_smtp_user_is_staged_by_name_only(account: Account) -> None:
    account.user("ses-smtp-user.20240131", (400, 200))
    account.user("mailer", (400, 200), service="ses")
    result = account.run()
    assert [refusal["rule"] for refusal in result["refused"]] == ["ses_smtp", "ses_smtp"]
    assert account.writes == []
    account.run(accept_ses_smtp_users=["mailer"])
    assert list(account.tags("mailer")) and not account.tags("ses-smtp-user.20240131")


def test_a_waived_key_is_left_alone(account: Account) -> None:
    first, second = account.user("svc-a", (400, 200), (400, 190))
    account.user("svc-b", (400, 200))
    waiver = {
        "control": "access_key_unused",
        "accounts": ["*"],
        "reason": "runs once a year",
        "owner": "ops",
        "ticket": "T-1",
        "approved_by": "ciso",
        "expires": (START + timedelta(days=30)).date().isoformat(),
    }
    account.run(waivers=[{**waiver, "resources": [second]}, {**waiver, "resources": ["user/svc-b"]}])
    assert list(account.tags("svc-a")) == [f"iam-hardening:key-{first[-4:]}"]
    assert account.tags("svc-b") == {}


def test_break_glass_protected_and_excluded_users_are_left_alone(account: Account) -> None:
    account.user("emergency", (400, None), Path="/iam-hardening/break-glass/")
    account.user("sealed", (400, None))
    account.user("alice", (400, None), Path="/aws-reserved/")
    account.user("annual", (400, 200))
    result = account.run(break_glass=[f"arn:aws:iam::{ACCOUNT}:user/seal*"], exclude_users=["annual"])
    assert sorted(refusal["rule"] for refusal in result["refused"]) == ["break_glass", "break_glass", "protected"]
    assert account.writes == []


def test_a_user_named_as_a_role_of_the_cdk_is_like_any_other(account: Account) -> None:
    account.user("cdk-deploy", (400, None))
    result = account.run()
    assert (result["refused"], account.writes) == ([], ["TagUser"])


def test_the_callers_own_user_is_never_touched_and_holds_up_nobody_else(account: Account) -> None:
    """moto's caller is the user "moto"."""
    account.user("moto", (400, 200), (400, 190))
    account.user("svc-backup", (400, 60))
    for days in (0, 14, 28):
        account.days = days
        result = account.run(delete_after_days="90")
        assert {refusal["rule"] for refusal in result["refused"]} == {"caller"}
    assert (account.status("moto"), account.tags("moto")) == (["Active", "Active"], {})
    assert account.status("svc-backup") == ["Inactive"]


def test_an_approved_plan_lifts_the_cap_for_exactly_what_it_has(account: Account, tmp_path: Path) -> None:
    for number in range(12):
        account.user(f"svc-{number:02}", (400, 60))
    account.run()
    account.days = 14
    reports = str(tmp_path / "reports")
    planned = account.run(check_mode=True, report_dir=reports)
    assert {refusal["rule"] for refusal in planned["refused"]} == {"cap"}
    account.user("latecomer", (400, 60))
    account.days = 14.2
    done = account.run(report_dir=reports, approved_plan=planned["plan_sha256"])
    assert {refusal["rule"] for refusal in done["refused"]} == {"approved_plan"}
    assert all(account.status(f"svc-{number:02}") == ["Inactive"] for number in range(12))
    assert (account.status("latecomer"), account.tags("latecomer")) == (["Active"], {})


# What tags are believed


def test_a_forged_tag_deactivates_nothing(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    long_ago = f"{account.now - timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    forged = {"Key": f"iam-hardening:key-{key[-4:]}", "Value": f"noticed={long_ago} notice=none run=run-0"}
    account.iam.tag_user(UserName="svc-backup", Tags=[forged])
    account.run(check_mode=True)
    result = account.run()
    assert account.writes == ["TagUser"] and account.status("svc-backup") == ["Active"]
    assert "begins again at the first stage: the journal has no record of run run-0" in result["warnings"][0]


def test_a_tag_that_was_dated_back_counts_from_the_time_in_the_journal(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    account.run()
    long_ago = f"{account.now - timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    forged = {"Key": f"iam-hardening:key-{key[-4:]}", "Value": f"noticed={long_ago} notice=none run=run-1"}
    account.iam.tag_user(UserName="svc-backup", Tags=[forged])
    account.days = 13
    account.run()
    assert account.writes == []
    account.days = 15
    account.run()
    assert account.status("svc-backup") == ["Inactive"]


def test_tags_count_alone_where_that_is_declared(account: Account) -> None:
    account.user("svc-backup", (400, 60))
    account.run()
    account.days = 14
    account.run(journal=f"{account.journal}-lost")
    assert account.status("svc-backup") == ["Active"]
    account.days = 28
    account.run(journal=f"{account.journal}-lost-again", trust_tags=True)
    assert account.status("svc-backup") == ["Inactive"]


# Cut off


@pytest.mark.parametrize("when", ["kill_before", "kill_after"])
def test_killed_at_any_write_the_rerun_comes_to_the_same_state(account: Account, when: str) -> None:
    for number in range(6):
        account.user(f"svc-{number}", (400, 60))
    account.run()
    account.days = 14
    setattr(account, when, 1)
    survived = 0
    while True:
        try:
            account.run()
            break
        except Killed:
            survived += 1
            setattr(account, when, 1 + survived % 3)
    assert survived >= 4
    assert all(account.status(f"svc-{number}") == ["Inactive"] for number in range(6))
    setattr(account, when, None)
    account.run()
    assert account.writes == []


# Further kinds


def test_passwords_go_after_notice_and_grace_only_where_declared(account: Account) -> None:
    account.iam.create_user(UserName="alice")
    account.iam.create_login_profile(UserName="alice", Password="Correct-horse-9-battery")
    account.days = 60
    assert four_steps(account) == []
    assert four_steps(account, remove_unused_passwords=True) == ["TagUser"]
    account.days = 74
    assert four_steps(account, remove_unused_passwords=True) == ["DeleteLoginProfile", "UntagUser"]
    with pytest.raises(account.iam.exceptions.NoSuchEntityException):
        account.iam.get_login_profile(UserName="alice")


def test_service_credentials_go_by_age_only_where_declared(account: Account) -> None:
    account.iam.create_user(UserName="bot")
    made = account.iam.create_service_specific_credential(UserName="bot", ServiceName="bedrock.amazonaws.com")
    credential = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    account.days = 100
    assert four_steps(account) == []
    staged = {"stage_credentials": ["service_specific_credential", "signing_certificate", "ssh_public_key"]}
    assert four_steps(account, **staged) == ["TagUser"]
    account.days = 114
    assert four_steps(account, **staged) == ["TagUser", "UpdateServiceSpecificCredential"]
    listed = account.iam.list_service_specific_credentials(UserName="bot")["ServiceSpecificCredentials"]
    assert [(item["ServiceSpecificCredentialId"], item["Status"]) for item in listed] == [(credential, "Inactive")]


def test_ssh_keys_of_those_who_may_use_codecommit_go_by_age(account: Account) -> None:
    for name in ("git", "other"):
        account.iam.create_user(UserName=name)
        account.iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody="ssh-rsa AAAA")
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codecommit:*","Resource":"*"}}'
    account.iam.put_user_policy(UserName="git", PolicyName="git", PolicyDocument=policy)
    account.days = 100
    assert four_steps(account, stage_credentials=["ssh_public_key"]) == ["TagUser"]
    assert list(account.tags("git")) and not account.tags("other")
    account.days = 114
    assert four_steps(account, stage_credentials=["ssh_public_key"]) == ["TagUser", "UpdateSSHPublicKey"]


# Scale


def test_calls_grow_with_pages_and_principals_touched_and_not_with_users(account: Account) -> None:
    """500 users with 700 keys, 12 of them idle."""
    for number in range(500):
        keys = ((300, 1), (200, 2)) if number < 200 else ((300, 1),)
        account.user(f"user-{number:03}", *keys)
    for number in range(12):
        account.user(f"idle-{number:02}", (300, 200))
    account.run(check_mode=True)
    reads = len(account.calls)
    live = account.calls.count("ListAccessKeys") + account.calls.count("GetAccessKeyLastUsed")
    assert live == 24
    assert reads - live <= 12, account.calls


# Input and results


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_idle_days": 6}, "min_idle_days: 6 is not allowed; allowed are 7 to 1095 days"),
        ({"deactivate_grace_days": 0}, "deactivate_grace_days: 0 is not allowed; allowed are 1 to 1095 days"),
        ({"delete_after_days": "soon"}, "delete_after_days: 'soon' is not allowed"),
        ({"delete_after_days": "30"}, "delete_after_days: 30 is not allowed; allowed are deactivate_after_days (45)"),
        ({"deactivate_after_days": 30}, "deactivate_after_days: 30 is not allowed; allowed are notify_after_days (45)"),
        ({"notify": "me@example.com"}, "notify: 'me@example.com' is not allowed; allowed is the ARN of an SNS topic"),
        ({"accept_ses_smtp_users": ["*"]}, "accept_ses_smtp_users: '*' is not allowed; allowed are names of users"),
        ({"thresholds": {"key_age": 3}}, "thresholds: there is no 'key_age'"),
        ({"waivers": [{"control": "x"}]}, "waivers[0]"),
        ({"account_id": ""}, "account_id: not set"),
    ],
)
def test_bad_input_fails_with_its_name(account: Account, options: dict[str, t.Any], message: str) -> None:
    result = account.run(**options)
    assert result["failed"] and message in result["msg"]
    assert account.writes == []


def test_every_documented_result_is_returned_and_no_other(account: Account) -> None:
    documented = yaml.safe_load(RETURN)
    account.user("svc-backup", (400, 60))
    account.user("mailer", (400, 200), service="ses")
    result = account.run(notify=account.topic)
    # changed, diff and warnings are every module's.
    assert set(result) - {"changed", "diff", "warnings"} == set(documented)
    for name in ("changes", "refused", "credentials", "notices"):
        assert set(result[name][0]) == set(documented[name]["contains"]), name


def test_ids_are_masked_in_findings_and_reviews_and_whole_in_changes(account: Account) -> None:
    (key,) = account.user("svc-backup", (400, 60))
    result = account.run()
    assert key not in str(result["credentials"]) and key not in str(result["findings"])
    assert result["credentials"][0]["id"] == f"AKIA…{key[-4:]}"
    assert result["changes"][0]["after"]["id"] == key
