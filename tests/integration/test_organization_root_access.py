# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Central root access: turned on, changed and off, and root credentials that go, or stay for a reason."""

from __future__ import annotations

import copy
import functools
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Lease
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.organization_root_access import ENTRY, RETURN
from ansible_collections.hardening.iam.plugins.modules.rollback import ENTRY as ROLLBACK
from dates import date_in, noon_in
from emulator.client import Emulator, EmulatorProcess

from .conftest import CHECKOUT, DEV, EXTERNAL_ID, MANAGEMENT, PROD, SANDBOX, Ansible, Record, fresh, role_arn

ORGANIZATION = f"arn:aws:organizations::{MANAGEMENT}:organization/o-acme123456/iam.amazonaws.com"
# A key that nobody used for long, and a password and MFA: all that the demo organization has, and more.
IDLE: t.Final = {
    "password": True,
    "mfa": "virtual",
    "last_used_days": 400,
    "access_keys": [{"age_days": 700, "last_used_days": 300}],
}
ALL_OF_PROD: t.Final = ["DeleteAccessKey", "DeleteLoginProfile", "DeactivateMFADevice"]


def root_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


@functools.cache
def _acme() -> Record:
    return t.cast(Record, yaml.safe_load((CHECKOUT / "tests/emulator/seeds/acme.yml").read_text(encoding="utf-8")))


def seed(
    *, features: t.Sequence[str] = ("RootCredentialsManagement",), trusted: bool = True, **roots: Record
) -> Record:
    """The organization acme, with these root users: ``prod``, ``dev``, ``sandbox``."""
    organization = copy.deepcopy(_acme())
    # Nothing else of the accounts matters here, and what is not there is not made anew for each test.
    for name, account in organization["accounts"].items():
        organization["accounts"][name] = {key: account[key] for key in ("name", "ou", "root") if key in account}
    organization["organization"]["root_features"] = list(features)
    if not trusted:
        organization["organization"]["trusted_services"].remove("iam.amazonaws.com")
    for name, root in {"prod": IDLE, **roots}.items():
        organization["accounts"][{"prod": PROD, "dev": DEV, "sandbox": SANDBOX}[name]]["root"] = root
    return organization


class Bench:
    """The module, run against an organization of its own, in this process."""

    def __init__(self, emulator: EmulatorProcess, directory: Path) -> None:
        self.directory = directory
        self._emulator = emulator
        self.control: Emulator = emulator.control
        self._runs = 0

    def start(self, **settings: t.Any) -> Bench:
        self.control = fresh(self._emulator, seed(**settings))
        return self

    def run(self, *, check: bool = False, entry: t.Any = ENTRY, **options: t.Any) -> Record:
        self._runs += 1
        self.control.clear_log()
        spec = entry.argument_spec()
        defaults = {name: argument.get("default") for name, argument in spec.items()}
        given = {
            "account_id": MANAGEMENT,
            "region": "eu-west-1",
            "journal": str(self.directory / "journal"),
            "report_dir": str(self.directory / "reports"),
            "run_id": f"run-{self._runs}",
            **({"return_findings": "all"} if "return_findings" in spec else {}),
            **options,
        }
        return execute(entry, options={**defaults, **given}, check_mode=check)

    def twice(self, **options: t.Any) -> Record:
        """Check, real, check, real: the first two agree, and the last two have nothing to do. Returns the real run."""
        predicted = self.run(check=True, **options)
        assert self.sent == []
        done = self.run(**options)
        assert not done.get("failed"), done
        assert sorted(self.sent) == sorted(change["operation"] for change in done["changes"])
        for name in ("plan_sha256", "refused", "members", "changed", "diff"):
            assert predicted[name] == done[name], name
        assert [change["applied"] for change in done["changes"]] == [True] * len(done["changes"])
        for check in (True, False):
            again = self.run(check=check, **options)
            assert (again["changed"], again["changes"]) == (False, [])
            assert self.sent == []
        return done

    @property
    def sent(self) -> list[str]:
        """The writes that arrived since the run before, refused ones included."""
        return [record["operation"] for record in self.control.writes()]

    @property
    def tasks(self) -> set[tuple[str, str]]:
        """Of each session as root that was asked for since then, the account and the task."""
        asked = [record["parameters"] for record in self.control.log() if record["operation"] == "AssumeRoot"]
        return {(item["TargetPrincipal"], item["TaskPolicyArn"]["arn"].rpartition("/")[2]) for item in asked}

    def journal(self) -> list[Record]:
        paths = sorted((self.directory / "journal").glob("[0-9]*/**/*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    return Bench(emulator, tmp_path)


def operations(result: Record) -> list[str]:
    return [change["operation"] for change in result["changes"]]


def statuses(result: Record, account: str) -> dict[str, str]:
    return {item["control"]: item["status"] for item in result["findings"] if item["account_id"] == account}


def rules(result: Record) -> dict[str, str]:
    return {refusal["target"]: refusal["rule"] for refusal in result["refused"]}


def test_twelve_steps_of_the_organization(bench: Bench) -> None:
    bench.start(features=(), trusted=False)
    created = bench.twice(root_credentials_management=True)
    assert operations(created) == ["EnableAWSServiceAccess", "EnableOrganizationsRootCredentialsManagement"]
    assert statuses(created, MANAGEMENT) == {"central_root_access": "FAIL"}
    assert created["changes"][1]["remedies"] == [created["findings"][0]["fingerprint"]]
    changed = bench.twice(root_credentials_management=True, root_sessions=True, delegated_administrator=SANDBOX)
    assert operations(changed) == ["EnableOrganizationsRootSessions", "RegisterDelegatedAdministrator"]
    moved = bench.twice(delegated_administrator=PROD, purge_delegated_administrators=True)
    assert operations(moved) == ["RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator"]
    deleted = bench.twice(
        root_credentials_management=False,
        root_sessions=False,
        purge_delegated_administrators=True,
        trusted_access=False,
    )
    assert operations(deleted) == [
        "DeregisterDelegatedAdministrator",
        "DisableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootSessions",
        "DisableAWSServiceAccess",
    ]
    assert all(change["reversible"] for change in deleted["changes"])


def test_nothing_is_turned_off_that_is_not_declared(bench: Bench) -> None:
    bench.start(features=("RootCredentialsManagement", "RootSessions"))
    result = bench.twice(root_credentials_management=True)
    assert result["changes"] == []
    assert result["organization"]["features"] == ["RootCredentialsManagement", "RootSessions"]


def test_members_are_looked_at_once_the_feature_is_on(bench: Bench) -> None:
    bench.start(features=(), trusted=False)
    declared = {"root_credentials_management": True, "targets": ["all"], "remove_root_credentials": True}
    first = bench.run(**declared)
    assert operations(first) == ["EnableAWSServiceAccess", "EnableOrganizationsRootCredentialsManagement"]
    assert set(statuses(first, PROD).values()) == {"NOT_ASSESSED"}
    assert rules(first) == {root_arn(account): "unread" for account in (PROD, DEV, SANDBOX)}
    assert any("run again" in warning for warning in first["warnings"])
    assert bench.tasks == set()
    second = bench.twice(**declared)
    assert operations(second) == [*ALL_OF_PROD, "DeleteLoginProfile", "DeactivateMFADevice"]


def test_removal_is_in_order_irreversible_and_journalled(bench: Bench) -> None:
    bench.start()
    result = bench.twice(targets=["/Workloads"], remove_root_credentials=True)
    assert operations(result) == ALL_OF_PROD
    assert statuses(result, PROD) == {
        "root_no_access_key": "FAIL",
        "member_root_without_password": "FAIL",
        "root_no_signing_certificate": "PASS",
    }
    remedied = {change["operation"]: change["remedies"] for change in result["changes"]}
    failing = {item["control"]: item["fingerprint"] for item in result["findings"] if item["account_id"] == PROD}
    assert remedied["DeleteAccessKey"] == [failing["root_no_access_key"]]
    assert remedied["DeleteLoginProfile"] == [failing["member_root_without_password"]]
    assert {(change["reversible"], change["undo"]) for change in result["changes"]} == {(False, None)}
    intents = [record for record in bench.journal() if "change" in record]
    assert [intent["change"]["operation"] for intent in intents] == ALL_OF_PROD
    assert intents[0]["change"]["before"]["id"].startswith("AKIA")
    after = bench.run(targets=["all"], mode="report")
    assert {member["name"]: member["clean"] for member in after["members"]} == {
        "acme-prod": True,
        "acme-dev": True,
        "acme-sandbox": False,
    }


def write_lease(bench: Bench, account: str) -> None:
    """Another job writes in an account."""
    now = datetime.now(UTC)
    written, ends = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now, now + timedelta(minutes=10)))
    held = {"schema": "hardening.iam/lease/1", "partition": "aws", "account_id": account, "fence": 3}
    held |= {"released": False, "run_id": "nightly", "job_id": "7", "written": written, "expires": ends}
    path = bench.directory / "journal" / "control" / "leases" / "aws" / f"{account}.json"
    path.parent.mkdir(parents=True, mode=0o700)
    (bench.directory / "journal").chmod(0o700)
    path.write_text(json.dumps(held), encoding="utf-8")


def read_leases(bench: Bench) -> dict[str, Record]:
    places = (bench.directory / "journal" / "control" / "leases" / "aws").glob("*.json")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in places}


def test_each_member_is_written_to_under_its_own_lease(bench: Bench) -> None:
    bench.start()
    result = bench.run(targets=["all"], remove_root_credentials=True)
    leases = read_leases(bench)
    assert leases.keys() == {MANAGEMENT, PROD, SANDBOX}
    assert {lease["released"] for lease in leases.values()} == {True}
    assert operations(result) == [*ALL_OF_PROD, "DeleteLoginProfile", "DeactivateMFADevice"]


def test_a_member_in_which_another_job_writes_is_refused_and_the_others_go_on(bench: Bench) -> None:
    bench.start()
    write_lease(bench, PROD)
    result = bench.run(targets=["all"], remove_root_credentials=True)
    assert not result.get("failed"), result
    assert rules(result) == {root_arn(PROD): "lease"}
    assert len(result["refused"]) == len(ALL_OF_PROD)
    assert f"run nightly (job 7) writes in account {PROD}" in result["refused"][0]["reason"]
    assert bench.sent == ["DeleteLoginProfile", "DeactivateMFADevice"]
    assert (PROD, "IAMDeleteRootUserCredentials") not in bench.tasks
    # Nobody's lease is released by another job.
    assert read_leases(bench)[PROD]["fence"] == 3 and not read_leases(bench)[PROD]["released"]
    broken = bench.run(targets=["all"], remove_root_credentials=True, break_lease="nightly")
    assert operations(broken) == ALL_OF_PROD
    intents = [record for record in bench.journal() if record.get("change", {}).get("account_id") == PROD]
    assert {intent["lease"]["fence"] for intent in intents} == {4}


def test_the_stop_switch_is_read_before_each_member(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start()
    take = Lease.acquire

    def pull(lease: Lease, *given: t.Any, **named: t.Any) -> t.Any:
        if PROD in lease._key:
            (bench.directory / "journal" / "control" / "stop").write_text("INC-7", encoding="utf-8")
        return take(lease, *given, **named)

    monkeypatch.setattr(Lease, "acquire", pull)
    result = bench.run(targets=["all"], remove_root_credentials=True)
    # The member that has begun is completed.
    assert bench.sent == ALL_OF_PROD
    assert rules(result) == {root_arn(SANDBOX): "stopped"}


def test_check_mode_and_report_open_no_session_that_could_write(bench: Bench) -> None:
    bench.start()
    declared = {"targets": ["all"], "remove_root_credentials": True}
    for options in ({"check": True}, {"mode": "report"}):
        assert operations(bench.run(**declared, **options))[:3] == ALL_OF_PROD
        assert bench.tasks == {(account, "IAMAuditRootUserCredentials") for account in (PROD, DEV, SANDBOX)}
        assert bench.sent == []


def test_sessions_are_short_and_regional(bench: Bench) -> None:
    bench.start()
    bench.run(targets=["all"], mode="report")
    asked = [record for record in bench.control.log() if record["operation"] == "AssumeRoot"]
    assert {record["parameters"]["DurationSeconds"] for record in asked} == {900}
    assert {record["region"] for record in asked} == {"eu-west-1"}


def test_only_what_is_idle_goes(bench: Bench) -> None:
    recent = {**IDLE, "access_keys": [{"age_days": 700, "last_used_days": 5}]}
    certified = {"password": False, "mfa": "none", "signing_certificates": 1}
    new = {"password": True, "mfa": "hardware", "created_days": 3}
    bench.start(prod=recent, dev=certified, sandbox=new)
    result = bench.twice(targets=["all"], remove_root_credentials=True)
    assert result["changes"] == []
    assert rules(result) == {root_arn(account): "in_use" for account in (PROD, DEV, SANDBOX)}
    reasons = {refusal["target"]: refusal["reason"] for refusal in result["refused"]}
    assert "was used 5 days ago" in reasons[root_arn(PROD)]
    assert "AWS does not record" in reasons[root_arn(DEV)]
    assert "was created only 3 days ago" in reasons[root_arn(SANDBOX)]


@pytest.mark.dated
def test_what_may_be_in_use_goes_where_it_is_accepted_by_name(bench: Bench) -> None:
    bench.start(prod={**IDLE, "last_used_days": 2, "signing_certificates": 2}, sandbox={**IDLE, "last_used_days": 2})
    accepted = {"principal": root_arn(PROD), "reason": "moved to a role, IAM-7", "expires": date_in(30)}
    options = {"targets": [PROD, SANDBOX], "remove_root_credentials": True, "now": noon_in(0)}
    result = bench.run(**options, accept_use=[accepted])
    assert operations(result) == [
        "DeleteAccessKey",
        "DeleteSigningCertificate",
        "DeleteSigningCertificate",
        "DeleteLoginProfile",
        "DeactivateMFADevice",
    ]
    assert rules(result) == {root_arn(SANDBOX): "in_use"}
    bench.start(prod={**IDLE, "last_used_days": 2})
    expired = bench.run(**{**options, "targets": [PROD]}, accept_use=[{**accepted, "expires": date_in(-1)}])
    assert rules(expired) == {root_arn(PROD): "in_use"}
    assert any(f"expired on {date_in(-1)}" in warning for warning in expired["warnings"])


def test_management_account_keeps_its_root(bench: Bench) -> None:
    bench.start()
    named = bench.run(targets=[MANAGEMENT], remove_root_credentials=True)
    assert named["failed"]
    assert "management account" in named["msg"]
    result = bench.run(targets=["all", "/"], remove_root_credentials=True)
    assert MANAGEMENT not in {member["account_id"] for member in result["members"]}
    assert MANAGEMENT not in {account for account, _task in bench.tasks}
    assert root_arn(MANAGEMENT) not in {change["target"] for change in result["changes"]}


def test_break_glass_root_is_left_alone(bench: Bench) -> None:
    bench.start()
    result = bench.twice(targets=["all"], remove_root_credentials=True, break_glass=[root_arn(PROD)])
    assert {change["target"] for change in result["changes"]} == {root_arn(SANDBOX)}
    assert rules(result) == {root_arn(PROD): "break_glass"}


def test_caps_hold_and_no_mfa_goes_while_a_password_stays(bench: Bench) -> None:
    bench.start()
    result = bench.twice(targets=["all"], remove_root_credentials=True, max_changes=1)
    # One key is within the cap, two passwords are not, and MFA stays with them.
    assert operations(result) == ["DeleteAccessKey"]
    assert rules(result) == {root_arn(PROD): "cap", root_arn(SANDBOX): "cap"}
    assert {refusal["operation"] for refusal in result["refused"]} == {"DeleteLoginProfile", "DeactivateMFADevice"}


def test_approved_plan_lifts_the_cap(bench: Bench) -> None:
    bench.start()
    declared = {"targets": ["all"], "remove_root_credentials": True, "max_changes": 1}
    plan = bench.run(check=True, **declared)["plan_sha256"]
    result = bench.run(**declared, approved_plan=plan)
    assert operations(result) == [*ALL_OF_PROD, "DeleteLoginProfile", "DeactivateMFADevice"]


def test_wrong_account_and_member_account(bench: Bench) -> None:
    bench.start()
    declared = {"targets": ["all"], "remove_root_credentials": True, "root_sessions": True}
    wrong = bench.run(account_id=PROD, **declared)
    assert "belong to account" in wrong["msg"]
    assert bench.tasks == set()
    roles = {"assume_role_arn": role_arn(PROD, "automation"), "assume_role_external_id": EXTERNAL_ID}
    member = bench.run(account_id=PROD, **roles, **declared)
    assert not member["changed"]
    assert rules(member) == {root_arn(PROD): "unread"}
    assert bench.tasks == set()


def test_delegated_administrator_removes_but_changes_nothing_of_the_organization(bench: Bench) -> None:
    bench.start()
    bench.run(delegated_administrator=PROD)
    roles = {"assume_role_arn": role_arn(PROD, "automation"), "assume_role_external_id": EXTERNAL_ID}
    result = bench.run(account_id=PROD, **roles, targets=[SANDBOX], remove_root_credentials=True, root_sessions=True)
    assert operations(result) == ["DeleteLoginProfile", "DeactivateMFADevice"]
    assert rules(result) == {f"{ORGANIZATION}/RootSessions": "management_account"}


def test_account_without_an_organization(bench: Bench) -> None:
    bench.control = fresh(bench._emulator, "bare")
    result = bench.run(account_id="555566667777", root_credentials_management=True)
    assert statuses(result, "555566667777") == {"central_root_access": "NOT_APPLICABLE"}
    assert rules(result) == {root_arn("555566667777"): "no_organization"}


@pytest.mark.parametrize("fault", ["deny", "drop"])
def test_member_that_cannot_be_looked_at_costs_the_others_nothing(bench: Bench, fault: str) -> None:
    bench.start()
    kind = {"deny": {"kind": "error", "code": "AccessDenied"}, "drop": {"kind": "drop"}}[fault]
    bench.control.faults([{**kind, "service": "iam", "operation": "ListMFADevices", "account_id": SANDBOX}])
    result = bench.run(targets=["all"], remove_root_credentials=True)
    assert set(statuses(result, SANDBOX).values()) == {"NOT_ASSESSED"}
    assert "NOT_ASSESSED" not in statuses(result, PROD).values()
    assert operations(result) == ALL_OF_PROD
    assert rules(result) == {root_arn(SANDBOX): "unread"}
    reason = next(member["reason"] for member in result["members"] if member["account_id"] == SANDBOX)
    assert "ListMFADevices" in reason


def test_operation_that_does_not_exist_here_is_not_assessed(bench: Bench) -> None:
    bench.start()
    bench.control.faults([{"kind": "error", "operation": "AssumeRoot", "code": "InvalidAction", "status": 400}])
    result = bench.run(targets=[PROD], mode="report")
    assert set(statuses(result, PROD).values()) == {"NOT_ASSESSED"}
    bench.control.faults([{"kind": "error", "operation": "ListOrganizationsFeatures", "code": "NotImplemented"}])
    result = bench.run(root_sessions=True)
    assert statuses(result, MANAGEMENT) == {"central_root_access": "NOT_ASSESSED"}
    assert rules(result) == {f"{ORGANIZATION}/RootSessions": "unread"}
    assert bench.sent == []


def test_credential_that_was_used_meanwhile_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start()
    from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access import (
        run as module,
    )

    read = module.read_state

    def used(access: t.Any, opened: t.Any, change: t.Any) -> t.Any:
        found = read(access, opened, change)
        return found if change.operation != "DeleteLoginProfile" else {**found, "last_used": "2026-11-25T00:00:00Z"}

    monkeypatch.setattr(module, "read_state", used)
    result = bench.run(targets=[PROD], remove_root_credentials=True)
    assert bench.sent == ["DeleteAccessKey"]
    assert [refusal["rule"] for refusal in result["refused"]] == ["changed_meanwhile", "together"]


def test_organization_is_rolled_back_and_roots_are_not(bench: Bench) -> None:
    bench.start(features=("RootCredentialsManagement",))
    done = bench.run(root_sessions=True, delegated_administrator=PROD, targets=[SANDBOX], remove_root_credentials=True)
    back = bench.run(entry=ROLLBACK, undo_run_id=done["run_id"])
    assert operations(back) == ["DeregisterDelegatedAdministrator", "DisableOrganizationsRootSessions"]
    assert {refusal["target"] for refusal in back["refused"]} == {root_arn(SANDBOX)}
    assert {task for _account, task in bench.tasks} <= {"IAMAuditRootUserCredentials"}
    left = bench.run(mode="report")["organization"]
    assert (left["features"], left["delegated_administrators"]) == (["RootCredentialsManagement"], [])


def test_everything_that_is_documented_is_returned_and_nothing_else(bench: Bench) -> None:
    bench.start()
    documented = yaml.safe_load(RETURN)
    bench.control.faults([{"kind": "error", "code": "AccessDenied", "operation": "GetUser", "account_id": SANDBOX}])
    result = bench.run(targets=["all"], remove_root_credentials=True, root_sessions=True)
    # Ansible's own, which no module documents.
    assert set(result) - {"changed", "diff", "warnings"} == set(documented)
    for key in ("changes", "refused"):
        assert set().union(*result[key]) == set(documented[key]["contains"]), key
    assert set(result["organization"]) == set(documented["organization"]["contains"])
    assert set().union(*result["members"]) == set(documented["members"]["contains"])
    assert {member["assessed"] for member in result["members"]} == {True, False}


def test_bad_input_fails_before_anything_is_called(bench: Bench) -> None:
    bench.start()
    for options, told in (
        ({"targets": ["/Nowhere"]}, "/Nowhere"),
        ({"targets": ["nobody"]}, "'nobody'"),
        ({"remove_root_credentials": True}, "targets is empty"),
        ({"min_idle_days": 3}, "7 or more"),
        ({"root_sessions": True, "trusted_access": False}, "trusted_access"),
        ({"delegated_administrator": "security"}, "12 digits"),
        ({"accept_use": [{"principal": "root", "reason": "x", "expires": date_in(30)}]}, "root user"),
    ):
        failed = bench.run(**options)
        assert failed["failed"], options
        assert told in failed["msg"]
        assert bench.sent == []
        assert bench.tasks == set()


@pytest.mark.parametrize("in_process", [True, False])
def test_session_credentials_show_nowhere(
    bench: Bench, ansible: Ansible, emulator: EmulatorProcess, in_process: bool
) -> None:
    """STS's secrets of the emulator are told apart by their beginning; nothing that begins so may be anywhere."""
    fresh(emulator, seed())
    outcome = ansible.playbook(
        str(CHECKOUT / "extensions/molecule/organization_root_access/converge.yml"),
        "-vvvv",
        "--diff",
        hardening_in_process=in_process,
        hardening_report_dir=str(ansible.directory / "reports"),
        hardening_journal=str(ansible.directory / "journal"),
    ).succeeded()
    assert "iam:DeleteLoginProfile" in outcome.writes
    sessions = {record["access_key_id"] for record in outcome.requests if record["caller_arn"].endswith(":root")}
    assert len(sessions) == 2
    files = [path.read_text(errors="replace") for path in ansible.directory.rglob("*.json")]
    assert len(files) > 3
    for text in (outcome.output, *files):
        assert not [key for key in sessions if key in text]
        assert "SecretAccessKey" not in text
        assert "SessionToken" not in text
        assert "ROOT-SESSION-TOKEN" not in text
