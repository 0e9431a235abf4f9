# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on moto as the emulator extends it: runs of password_policy, and the rollback of each."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from moto import mock_aws

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted, read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task
from ansible_collections.hardening.iam.plugins.modules import password_policy, rollback
from emulator.server import install

ACCOUNT = "123456789012"
JOB = "17"
POLICY = f"arn:aws:iam::{ACCOUNT}:account-password-policy"
WEAK = {"MinimumPasswordLength": 6, "RequireNumbers": True, "MaxPasswordAge": 365}
DECLARED: dict[str, t.Any] = {
    "minimum_password_length": 14,
    "require_symbols": True,
    "require_numbers": True,
    "require_uppercase_characters": True,
    "require_lowercase_characters": True,
}


class Account:
    """An account, a journal, and the modules that work on both."""

    def __init__(self, directory: Path) -> None:
        self.iam = boto3.client("iam", region_name="us-east-1")
        self.directory = directory
        self.store = DirectoryStore(str(directory / "journal"))

    def harden(self, run_id: str, **options: t.Any) -> dict[str, t.Any]:
        self.iam.generate_credential_report()
        self.iam.generate_credential_report()
        declared = {} if options.keys() - {"job_id"} else DECLARED
        result = self._run(password_policy.ENTRY, False, {"run_id": run_id, **declared, **options})
        assert not result.get("failed"), result
        return result

    def undo(self, undo_run_id: str, run_id: str = "undo", *, check_mode: bool = False, **options: t.Any) -> t.Any:
        return self._run(rollback.ENTRY, check_mode, {"undo_run_id": undo_run_id, "run_id": run_id, **options})

    def _run(self, entry: Entry, check_mode: bool, options: dict[str, t.Any]) -> dict[str, t.Any]:
        given = {"account_id": ACCOUNT, "journal": self.store.location, "job_id": JOB, **options}
        validation = ArgumentSpecValidator(entry.argument_spec()).validate(given)
        assert not validation.error_messages
        return execute(entry, options=validation.validated_parameters, check_mode=check_mode)

    @property
    def policy(self) -> t.Optional[dict[str, t.Any]]:
        try:
            return t.cast(dict[str, t.Any], self.iam.get_account_password_policy()["PasswordPolicy"])
        except self.iam.exceptions.NoSuchEntityException:
            return None

    def outcomes(self, run_id: str) -> list[str]:
        return [outcome.value for _intent, outcome in read_recorded(self.store, ACCOUNT, run_id)]


@pytest.fixture
def account(tmp_path: Path) -> t.Iterator[Account]:
    # Another test of this process may have done so; one that has moto as it is would depend on their order.
    install()
    with mock_aws():
        yield Account(tmp_path)


def rules(result: dict[str, t.Any]) -> list[str]:
    return [refusal["rule"] for refusal in result["refused"]]


@pytest.mark.parametrize("weak", [WEAK, None], ids=["had-a-policy", "had-none"])
def test_a_run_is_taken_back_in_four_steps(account: Account, weak: t.Optional[dict[str, t.Any]]) -> None:
    if weak:
        account.iam.update_account_password_policy(**weak)
    original = account.policy
    account.harden("run")
    hardened = account.policy
    predicted = account.undo("run", check_mode=True)
    assert account.policy == hardened != original
    done = account.undo("run")
    assert account.policy == original
    same = ("changed", "plan_sha256", "diff", "refused", "recorded", "selected", "as_before")
    assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
    assert (done["changed"], len(done["changes"]), rules(done)) == (True, 1, [])
    for again in (account.undo("run", "again", check_mode=True), account.undo("run", "again")):
        assert (again["changed"], again["changes"], again["refused"]) == (False, [], [])
        assert again["as_before"] == [{"target": POLICY, "operation": "UpdateAccountPasswordPolicy"}]
    assert not (account.directory / "journal" / ACCOUNT / "again").exists()


def test_a_rollback_is_a_run_of_its_own(account: Account) -> None:
    account.harden("run")
    done = account.undo("run")
    assert done["journal"] == f"{account.store.location}/{ACCOUNT}/undo/{JOB}"
    ((intent, outcome),) = read_recorded(account.store, ACCOUNT, "undo")
    assert (intent.module, outcome.value) == ("rollback", "applied")
    assert intent.change.undoes == f"{ACCOUNT}/run/{JOB}/000001"
    assert done["changes"][0]["undoes"] == intent.change.undoes


def test_a_rollback_is_taken_back_by_the_declaration_only(account: Account) -> None:
    account.harden("run")
    hardened = account.policy
    account.undo("run")
    result = account.undo("undo", "undo-undo")
    assert (result["changed"], rules(result)) == (False, ["irreversible"])
    assert "run the declaration again" in result["refused"][0]["reason"]
    account.harden("once-more")
    assert account.policy == hardened


def test_what_somebody_changed_since_stands(account: Account) -> None:
    account.harden("run")
    account.iam.update_account_password_policy(MinimumPasswordLength=30)
    changed = account.policy
    result = account.undo("run")
    assert (result["changed"], rules(result)) == (False, ["changed_since"])
    assert account.policy == changed
    assert account.undo("run", on_refusal="fail")["msg"].startswith("refused: ")


def test_runs_are_taken_back_one_after_the_other(account: Account) -> None:
    account.iam.update_account_password_policy(**WEAK)
    original = account.policy
    account.harden("first")
    account.harden("second", minimum_password_length=20)
    assert rules(account.undo("first", "too-early")) == ["changed_since"]
    account.undo("second", "undo-second")
    account.undo("first", "undo-first")
    assert account.policy == original


def test_two_changes_of_one_run_are_taken_back_in_one_go(account: Account) -> None:
    account.iam.update_account_password_policy(**WEAK)
    original = account.policy
    account.harden("run")
    account.harden("run", minimum_password_length=20)
    result = account.undo("run")
    assert (len(result["changes"]), account.policy) == (2, original)


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        ({"modules": ["password_policy"]}, 1),
        ({"operations": ["DeleteAccountPasswordPolicy"]}, 0),
        ({"targets": ["*:user/*"]}, 0),
        ({"targets": ["*password-policy"]}, 1),
        ({"exclude_targets": [POLICY]}, 0),
    ],
)
def test_a_part_of_a_run(account: Account, options: dict[str, t.Any], selected: int) -> None:
    account.harden("run")
    result = account.undo("run", **options)
    assert (result["recorded"], result["selected"], result["changed"]) == (1, selected, bool(selected))


def test_a_run_that_changed_nothing_here_is_no_error(account: Account) -> None:
    account.harden("run")
    result = account.undo("another")
    assert (result["changed"], result["recorded"], result["refused"]) == (False, 0, [])
    assert "no change of that run" in result["terminal"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run_id": "run"}, "undo_run_id: 'run' is this run itself"),
        ({"undo_run_id": "../run"}, "undo_run_id: '../run' is not allowed"),
        ({"modules": ["keys"]}, "modules: keys is not allowed; allowed are"),
        ({"account_id": "999988887777"}, "account_id: "),
        ({"account_id": ""}, "account_id: not set"),
        ({"awx_job_id": "17"}, "journal: "),
    ],
)
def test_bad_input_fails_with_its_name(account: Account, options: dict[str, t.Any], message: str) -> None:
    account.harden("run")
    hardened = account.policy
    given = {"undo_run_id": "run", "run_id": "undo", **options}
    result = account.undo(given.pop("undo_run_id"), given.pop("run_id"), **given)
    assert result["failed"] and result["msg"].startswith(message), result
    assert account.policy == hardened


def test_the_mode_report_writes_nothing_and_is_never_changed(account: Account) -> None:
    account.harden("run")
    hardened = account.policy
    result = account.undo("run", mode="report")
    assert (result["changed"], len(result["changes"]), account.policy) == (False, 1, hardened)
    assert "to roll back" in result["terminal"]


# Journals


def rewritten(account: Account, **fields: t.Any) -> None:
    """Write the recorded change of the run otherwise."""
    path = Path(account.store.location) / ACCOUNT / "run" / JOB / "000001-intent.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "change": {**record["change"], **fields}}), encoding="utf-8")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"undo": {"operation": "DeleteUser", "parameters": {"UserName": "alice"}}}, "undeclared"),
        ({"undo": None}, "irreversible"),
        ({"account_id": "999988887777"}, "wrong_account"),
        ({"after": {"minimum_password_length": 99}}, "changed_since"),
    ],
)
def test_a_journal_that_was_tampered_with_does_nothing_else(
    account: Account, fields: dict[str, t.Any], rule: str
) -> None:
    account.iam.create_user(UserName="alice")
    account.harden("run")
    hardened = account.policy
    rewritten(account, **fields)
    assert rules(account.undo("run")) == [rule]
    assert account.policy == hardened
    assert account.iam.get_user(UserName="alice")


def test_a_broken_record_is_a_warning(account: Account) -> None:
    account.store.put(f"{ACCOUNT}/run/{JOB}/000001-intent.json", b"{")
    result = account.undo("run")
    assert (result["changed"], result["changes"]) == (False, [])
    assert any("000001-intent.json is not a journal record" in text for text in result["warnings"])


# Runs that were cut off


@pytest.mark.parametrize("was_made", [True, False])
def test_a_run_that_was_cut_off_is_taken_back_and_concluded(account: Account, was_made: bool) -> None:
    account.harden("run")
    hardened = account.policy
    (Path(account.store.location) / ACCOUNT / "run" / JOB / "000001-outcome.json").unlink()
    if not was_made:
        account.iam.delete_account_password_policy()
    result = account.undo("run")
    assert (result["changed"], len(result["as_before"])) == (was_made, not was_made)
    assert hardened is not None and account.policy is None
    assert account.outcomes("run") == ["applied" if was_made else "failed"]
    assert any("run run was cut off" in text for text in result["warnings"])


@pytest.mark.parametrize("was_made", [True, False])
def test_a_rollback_that_was_cut_off_goes_on_and_concludes(account: Account, was_made: bool) -> None:
    account.harden("run")
    account.undo("run", "cut-off")
    (Path(account.store.location) / ACCOUNT / "cut-off" / JOB / "000001-outcome.json").unlink()
    if not was_made:
        account.harden("restores-what-the-run-left")
    result = account.undo("run", "again")
    assert account.policy is None
    assert result["changed"] is not was_made
    assert account.outcomes("cut-off") == ["applied" if was_made else "failed"]
    assert not find_interrupted(account.store, ACCOUNT)


# Results


def test_every_documented_result_is_returned_and_no_other(account: Account) -> None:
    documented = yaml.safe_load(rollback.RETURN)
    account.harden("run")
    result = account.undo("run")
    assert set(result) - {"changed", "diff"} == set(documented)
    assert set(result["changes"][0]) == set(documented["changes"]["contains"])
    again = account.undo("run", "again")
    assert set(again["as_before"][0]) == set(documented["as_before"]["contains"])
    refused = account.undo("undo", "undo-undo")
    assert set(refused["refused"][0]) == set(documented["refused"]["contains"])


def test_the_part_for_the_report_has_what_was_taken_back(account: Account) -> None:
    account.harden("run")
    account.undo("run", report_dir=str(account.directory / "reports"))
    path = account.directory / "reports" / ACCOUNT / "parts" / "undo" / JOB / "rollback.json"
    part = json.loads(path.read_text(encoding="utf-8"))
    assert [(change["undoes"], change["applied"]) for change in part["changes"]] == [
        (f"{ACCOUNT}/run/{JOB}/000001", True)
    ]


# Records that say one thing and undo another

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


class Forger:
    """Writes records into the journal of an account, as anybody can who may write there."""

    def __init__(self, account: Account) -> None:
        self.account = account
        for name in ("svc-reports", "dev-bob"):
            account.iam.create_user(UserName=name)
        account.iam.create_role(
            RoleName="emergency", Path="/iam-hardening/break-glass/", AssumeRolePolicyDocument=json.dumps(TRUST)
        )

    def record(self, operation: str, target: str, before: t.Any, after: t.Any, undo: t.Any, module: str) -> None:
        change = {
            "account_id": ACCOUNT,
            "region": "global",
            "service": "iam",
            "operation": operation,
            "target": target,
            "before": before,
            "after": after,
            "affects": [],
            "remedies": [],
            "reversible": True,
            "undo": {"operation": undo[0], "parameters": undo[1]},
            "applied": True,
        }
        head = {"schema": "hardening.iam/journal/1", "run_id": "forged", "job_id": JOB, "module": module}
        key = f"{ACCOUNT}/forged/{JOB}/000001"
        self.account.store.put(f"{key}-intent.json", json.dumps({**head, "change": change}).encode())
        self.account.store.put(f"{key}-outcome.json", json.dumps({**head, "outcome": "applied"}).encode())

    def undo(self, **options: t.Any) -> dict[str, t.Any]:
        result = self.account.undo("forged", **options)
        assert not result.get("failed"), result
        return t.cast(dict[str, t.Any], result)

    def attached(self, name: str) -> list[str]:
        found = self.account.iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in found]

    def boundary(self, role: str) -> t.Optional[str]:
        found = self.account.iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary") or {}
        return t.cast(t.Optional[str], found.get("PermissionsBoundaryArn"))


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def forger(account: Account) -> Forger:
    return Forger(account)


def detached(policy: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    return {"policy": policy, "attached": True}, {"policy": policy, "attached": False}


@pytest.mark.parametrize(
    "undo",
    [
        pytest.param({"UserName": "dev-bob", "PolicyArn": ADMIN}, id="user and policy"),
        pytest.param({"UserName": "dev-bob", "PolicyArn": READ}, id="user"),
        pytest.param({"UserName": "svc-reports", "PolicyArn": ADMIN}, id="policy"),
        pytest.param({"UserName": "svc-reports", "PolicyArn": READ, "More": "x"}, id="more"),
    ],
)
def test_a_record_that_would_give_somebody_else_a_policy_is_refused(forger: Forger, undo: dict[str, str]) -> None:
    target = arn("user", "svc-reports")
    forger.record("DetachUserPolicy", target, *detached(READ), ("AttachUserPolicy", undo), "user_permissions")
    result = forger.undo()
    assert (rules(result), result["changed"]) == (["undo_mismatch"], False)
    assert "can't be trusted" in result["refused"][0]["reason"]
    assert forger.attached("dev-bob") == forger.attached("svc-reports") == []


def test_the_harmless_twin_is_taken_back(forger: Forger) -> None:
    undo = {"UserName": "svc-reports", "PolicyArn": READ}
    target = arn("user", "svc-reports")
    forger.record("DetachUserPolicy", target, *detached(READ), ("AttachUserPolicy", undo), "user_permissions")
    assert rules(forger.undo()) == []
    assert (forger.attached("svc-reports"), forger.attached("dev-bob")) == ([READ], [])


def test_a_campaign_gives_nothing_back_without_an_approved_plan(forger: Forger) -> None:
    forger.account.iam.create_role(RoleName="dev", AssumeRolePolicyDocument=json.dumps(TRUST))
    undo = {"RoleName": "dev", "PolicyArn": ADMIN}
    forger.record(
        "DetachRolePolicy", arn("role", "dev"), *detached(ADMIN), ("AttachRolePolicy", undo), "least_privilege"
    )
    result = forger.undo()
    assert (rules(result), result["changed"]) == (["needs_approval"], False)


def test_the_plan_of_a_rollback_has_the_request(forger: Forger) -> None:
    undo = {"UserName": "svc-reports", "PolicyArn": READ}
    target = arn("user", "svc-reports")
    forger.record("DetachUserPolicy", target, *detached(READ), ("AttachUserPolicy", undo), "user_permissions")
    reports = forger.account.directory / "reports"
    planned = forger.undo(check_mode=True, report_dir=str(reports))["plan_sha256"]
    plan = json.loads((reports / ACCOUNT / "plans" / f"{planned}.json").read_text(encoding="utf-8"))
    assert [entry["request"] for entry in plan["changes"]] == [undo]


def test_an_operation_that_does_not_take_the_change_back_is_refused(forger: Forger) -> None:
    undo = {"RoleName": "emergency", "PermissionsBoundary": ADMIN}
    before, after = {"boundary": READ}, {"boundary": None}
    forger.record(
        "DeleteUserPermissionsBoundary",
        arn("user", "dev-bob"),
        before,
        after,
        ("PutRolePermissionsBoundary", undo),
        "permissions_boundary",
    )
    result = forger.undo()
    assert (rules(result), forger.boundary("emergency")) == (["undo_mismatch"], None)


@pytest.mark.parametrize("second", [False, True])
def test_the_last_way_to_use_break_glass_is_not_taken_back(forger: Forger, second: bool) -> None:
    """A run put the only user who can use it into the group that lets users in."""
    iam = forger.account.iam
    iam.attach_role_policy(RoleName="emergency", PolicyArn=ADMIN)
    iam.create_group(GroupName="keepers")
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    iam.put_group_policy(GroupName="keepers", PolicyName="assume", PolicyDocument=document)
    members = ["svc-reports", *(["dev-bob"] if second else [])]
    for name in members:
        iam.create_login_profile(UserName=name, Password="Correct-horse-battery-1")
        iam.add_user_to_group(GroupName="keepers", UserName=name)
    for _twice in range(2):
        iam.generate_credential_report()
    named = {"GroupName": "keepers", "UserName": "svc-reports"}
    states = tuple({"group": "keepers", "member": is_member} for is_member in (False, True))
    target = arn("user", "svc-reports")
    forger.record("AddUserToGroup", target, *states, ("RemoveUserFromGroup", named), "user_permissions")
    result = forger.undo()
    assert rules(result) == ([] if second else ["last_way"])
    left = [user["UserName"] for user in iam.get_group(GroupName="keepers")["Users"]]
    assert left == (["dev-bob"] if second else ["svc-reports"])
    if not second:
        assert "user svc-reports can use emergency" in result["refused"][0]["reason"]


def test_a_boundary_on_break_glass_is_refused_and_on_its_own_target_put_back(forger: Forger) -> None:
    before, after = {"boundary": READ}, {"boundary": None}
    target = arn("user", "dev-bob")
    for name, expected in (("emergency", ["undo_mismatch"]), ("dev-bob", [])):
        undo = {"UserName": name, "PermissionsBoundary": READ}
        operation = "PutUserPermissionsBoundary"
        forger.record("DeleteUserPermissionsBoundary", target, before, after, (operation, undo), "permissions_boundary")
        assert rules(forger.undo(run_id=f"undo-{name}")) == expected
    bob = forger.account.iam.get_user(UserName="dev-bob")["User"]
    assert bob["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ


def test_a_record_cannot_choose_another_version_of_a_policy(forger: Forger) -> None:
    iam = forger.account.iam
    sound, wide = (
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": a, "Resource": "*"}]}
        for a in ("s3:*", "*")
    )
    policy = iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(wide))["Policy"]["Arn"]
    narrow = {**sound, "Statement": [{**sound["Statement"][0], "Action": "s3:GetObject"}]}
    for document in (sound, narrow):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(document), SetAsDefault=True)

    def record(version: str) -> None:
        undo = ("SetDefaultPolicyVersion", {"PolicyArn": policy, "VersionId": version})
        states = {"document": sound}, {"document": narrow}
        forger.record("CreatePolicyVersion", policy, *states, undo, "permissions_boundary")

    for number, version in enumerate(("v1", "v9")):
        record(version)
        assert rules(forger.undo(run_id=f"undo-{number}")) == ["undo_mismatch"]
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v3"
    record("v2")
    assert rules(forger.undo(run_id="undo-9")) == []
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v2"


@pytest.mark.parametrize(
    "broken",
    [
        {"after": ["a", "list"]},
        {"after": {"policy": READ}, "before": {"x": 1}},
        {"before": "text"},
        {"target": "nowhere"},
        {"service": "sts"},
        {"operation": "DetachNothing"},
    ],
)
def test_a_malformed_record_takes_nothing_back_and_stops_no_other(forger: Forger, broken: dict[str, t.Any]) -> None:
    forger.account.harden("forged")
    undo = {"UserName": "svc-reports", "PolicyArn": READ}
    target = arn("user", "svc-reports")
    forger.account.store.put(f"{ACCOUNT}/forged/{JOB}/000002-intent.json", b"")
    path = forger.account.directory / "journal" / ACCOUNT / "forged" / JOB
    hardened = (path / "000001-intent.json").read_bytes(), (path / "000001-outcome.json").read_bytes()
    forger.record("DetachUserPolicy", target, *detached(READ), ("AttachUserPolicy", undo), "user_permissions")
    record = json.loads((path / "000001-intent.json").read_text(encoding="utf-8"))
    record["change"].update(broken)
    (path / "000002-intent.json").write_text(json.dumps(record), encoding="utf-8")
    (path / "000001-intent.json").write_bytes(hardened[0])
    (path / "000001-outcome.json").write_bytes(hardened[1])
    (path / "foo-intent.json").write_text("{}", encoding="utf-8")
    result = forger.undo()
    assert [change["target"] for change in result["changes"]] == [POLICY]
    assert result["warnings"]
    assert forger.attached("svc-reports") == []


def test_a_journal_can_not_make_a_rollback_act_on_its_caller(forger: Forger) -> None:
    caller = boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"].rpartition("/")[2]
    forger.account.iam.create_user(UserName=caller)
    undo = ("AttachUserPolicy", {"UserName": caller, "PolicyArn": READ})
    forger.record("DetachUserPolicy", arn("user", caller), *detached(READ), undo, "user_permissions")
    result = forger.account.undo("forged")
    assert result["failed"] and "would act on the caller itself" in result["msg"]
    assert forger.attached(caller) == []


def test_what_somebody_else_made_is_left_to_them(account: Account) -> None:
    account.harden("run")
    hardened = account.policy
    path = account.directory / "journal" / ACCOUNT / "run" / JOB / "000001-outcome.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), "outcome": "foreign"}), encoding="utf-8"
    )
    result = account.undo("run")
    assert (rules(result), result["changed"], account.policy) == (["foreign"], False, hardened)


# Several jobs of one run


def test_a_rollback_takes_all_jobs_of_a_run_the_newest_first(account: Account) -> None:
    account.iam.update_account_password_policy(**WEAK)
    original = account.policy
    # By its name the job that came second sorts first.
    account.harden("run", job_id="99")
    account.harden("run", job_id="100", **{**DECLARED, "minimum_password_length": 20})
    assert (account.policy or {})["MinimumPasswordLength"] == 20
    folder = account.directory / "journal" / ACCOUNT / "run"
    assert sorted(path.name for path in folder.iterdir()) == ["100", "99"]
    done = account.undo("run")
    assert (done["recorded"], rules(done), account.policy) == (2, [], original)
    undone = [change["undoes"] for change in done["changes"]]
    assert undone == [f"{ACCOUNT}/run/{job}/000001" for job in ("100", "99")]


def test_a_run_of_an_older_version_is_taken_back_too(account: Account) -> None:
    """Its journal is named after the run alone."""
    account.iam.update_account_password_policy(**WEAK)
    original = account.policy
    account.harden("run")
    folder = account.directory / "journal" / ACCOUNT / "run"
    for path in sorted((folder / JOB).iterdir()):
        record = json.loads(path.read_text(encoding="utf-8"))
        del record["job_id"]
        (folder / path.name).write_text(json.dumps(record), encoding="utf-8")
        path.unlink()
    account.harden("run", job_id="18", **{**DECLARED, "minimum_password_length": 20})
    done = account.undo("run")
    assert (done["recorded"], rules(done), account.policy) == (2, [], original)
    assert [change["undoes"] for change in done["changes"]] == [f"{ACCOUNT}/run/18/000001", f"{ACCOUNT}/run/000001"]


# A role for each class


CLASSES = {
    writer: f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation-{writer}"
    for writer in ("credentials", "policies", "detective")
}


@pytest.fixture
def roles(account: Account) -> dict[str, str]:
    """A role of each class that anybody of the account may assume."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for arn in CLASSES.values():
        account.iam.create_role(Path="/iam-hardening/", RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument=trust)
    return CLASSES


def assumed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every call of IAM with the role that it is made in, as they come."""
    calls: list[tuple[str, str]] = []
    plain = Access.call

    def recorded_call(self: Access, service: str, operation: str, *arguments: t.Any, **keywords: t.Any) -> t.Any:
        if service == "iam":
            calls.append((operation, (self.role_arn or "").rpartition("-")[2]))
        return plain(self, service, operation, *arguments, **keywords)

    monkeypatch.setattr(Access, "call", recorded_call)
    return calls


def test_each_change_is_undone_in_the_role_of_its_class(
    account: Account, roles: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account.harden("r1", assume_role_arns=roles, **DECLARED)
    calls = assumed(monkeypatch)
    result = account.undo("r1", assume_role_arns=roles)
    assert not result.get("failed"), result
    assert account.policy is None
    assert {role for operation, role in calls if "PasswordPolicy" in operation} == {"credentials"}
    assert ("DeleteAccountPasswordPolicy", "credentials") in calls


def test_the_journal_names_the_role_of_each_class(account: Account, forger: Forger, roles: dict[str, str]) -> None:
    account.harden("forged", job_id="16", assume_role_arns=roles, **DECLARED)
    undo = ("AttachUserPolicy", {"UserName": "svc-reports", "PolicyArn": READ})
    forger.record("DetachUserPolicy", arn("user", "svc-reports"), *detached(READ), undo, "user_permissions")
    done = forger.undo(assume_role_arns=roles)
    assert (rules(done), forger.attached("svc-reports"), account.policy) == ([], [READ], None)

    def callers(kind: str) -> list[str]:
        paths = sorted((Path(account.store.location) / ACCOUNT / "undo" / JOB).glob(f"*-{kind}.json"))
        arns = [json.loads(path.read_text(encoding="utf-8"))["caller_arn"] for path in paths]
        return [arn.split("/")[1].removeprefix("automation-") for arn in arns]

    assert sorted(callers("run")) == ["credentials", "policies"]
    made_by = dict(zip([change["operation"] for change in done["changes"]], callers("intent"), strict=True))
    assert made_by == {"AttachUserPolicy": "policies", "DeleteAccountPasswordPolicy": "credentials"}


def test_a_change_whose_class_has_no_role_is_refused(account: Account, roles: dict[str, str]) -> None:
    account.harden("r1", assume_role_arns=roles, **DECLARED)
    present = account.policy
    result = account.undo("r1", assume_role_arns={"policies": roles["policies"]})
    assert rules(result) == ["no_role"]
    assert "no role of the class credentials" in result["refused"][0]["reason"]
    assert account.policy == present


def test_a_role_of_another_account_undoes_nothing(account: Account, roles: dict[str, str]) -> None:
    account.harden("r1", assume_role_arns=roles, **DECLARED)
    present = account.policy
    foreign = "arn:aws:iam::999988887777:role/iam-hardening/automation-policies"
    result = account.undo("r1", assume_role_arns={**roles, "policies": foreign})
    assert result["failed"] and f"{foreign} is no role of account {ACCOUNT}" in result["msg"]
    assert account.policy == present


def test_no_role_that_writes_is_changed_by_another(account: Account, roles: dict[str, str]) -> None:
    """All of them are of the run, whichever one calls."""
    task = Task(
        options={"assume_role_arns": roles, "assume_role_arn": roles["policies"], "assessor_role_arn": None},
        operations=password_policy.ENTRY.operations,
        check_mode=True,
    )
    assert task.connection.principals >= principals_of(roles.values())
