# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on moto as the emulator extends it, through boto3 clients that validate requests and parse answers."""

from __future__ import annotations

import typing as t
from pathlib import Path

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from moto import mock_aws

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.password_policy import ENTRY, RETURN, argument_spec
from emulator.server import install

ACCOUNT = "123456789012"
STRONG = {
    "MinimumPasswordLength": 14,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "ExpirePasswords": False,
    "PasswordReusePrevention": 24,
}
# As AWX surveys send it.
DECLARED: dict[str, t.Any] = {
    "minimum_password_length": "14",
    "require_symbols": "true",
    "require_numbers": "yes",
    "require_uppercase_characters": True,
    "require_lowercase_characters": True,
    "allow_users_to_change_password": True,
    "password_reuse_prevention": "24",
    "max_password_age": "",
}


class Account:
    """An account and the module in it."""

    def __init__(self, directory: Path) -> None:
        self.iam = boto3.client("iam", region_name="us-east-1")
        self.journal = directory / "journal"
        self.run_number = 0

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        self.run_number += 1
        # The report is made in the background; asked for twice, it is there.
        self.iam.generate_credential_report()
        self.iam.generate_credential_report()
        given = {"account_id": ACCOUNT, "journal": str(self.journal), "run_id": str(self.run_number), **options}
        validation = ArgumentSpecValidator(argument_spec()).validate(given)
        assert not validation.error_messages
        return execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)

    @property
    def policy(self) -> t.Optional[dict[str, t.Any]]:
        try:
            found = self.iam.get_account_password_policy()["PasswordPolicy"]
            # AWS leaves out what is off; moto says zero and false.
            return {key: value for key, value in found.items() if value or key not in ("MaxPasswordAge", "HardExpiry")}
        except self.iam.exceptions.NoSuchEntityException:
            return None


@pytest.fixture
def account(tmp_path: Path) -> t.Iterator[Account]:
    # Another test of this process may have done so; one that has moto as it is would depend on their order.
    install()
    with mock_aws():
        yield Account(tmp_path)


def four_steps(account: Account, **options: t.Any) -> list[bool]:
    """Check, real, check again, real again; asserts that check mode changes nothing and predicts the real run."""
    before = account.policy
    predicted = account.run(check_mode=True, **options)
    assert account.policy == before
    done = account.run(**options)
    assert not done.get("failed"), done
    same = ("changed", "plan_sha256", "diff", "refused", "findings")
    assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
    after = account.policy
    again = [account.run(check_mode=True, **options), account.run(**options)]
    assert account.policy == after
    return [done["changed"], *(result["changed"] for result in again)]


def test_create_change_and_delete_in_twelve_steps(account: Account) -> None:
    assert four_steps(account, **DECLARED) == [True, False, False]
    assert account.policy == STRONG
    assert four_steps(account, minimum_password_length=20, max_password_age=365) == [True, False, False]
    assert account.policy == {**STRONG, "MinimumPasswordLength": 20, "MaxPasswordAge": 365, "ExpirePasswords": True}
    assert four_steps(account, max_password_age="off", allow_weaken=True) == [True, False, False]
    assert account.policy == {**STRONG, "MinimumPasswordLength": 20}
    assert four_steps(account, state="absent", **DECLARED) == [False, False, False]
    assert four_steps(account, state="absent", allow_weaken=True) == [True, False, False]
    assert account.policy is None


def test_only_runs_that_change_something_leave_a_journal(account: Account) -> None:
    four_steps(account, **DECLARED)
    assert [path.name for path in (account.journal / ACCOUNT).iterdir()] == ["2"]


def test_users_whose_passwords_would_expire_are_named(account: Account) -> None:
    account.iam.create_user(UserName="alice")
    account.iam.create_login_profile(UserName="alice", Password="Correct-horse-9-battery")
    account.iam.create_user(UserName="robot")
    later = {"now": "2099-01-01T00:00:00Z", "max_password_age": 90}
    result = account.run(**DECLARED | later)
    assert (result["changed"], [refusal["rule"] for refusal in result["refused"]]) == (False, ["expiry"])
    assert "the password of alice would expire at once" in result["refused"][0]["reason"]
    assert account.policy is None
    assert account.run(**DECLARED | later, accept_expiry_of="alice")["changed"] is True
    assert account.policy == {**STRONG, "MaxPasswordAge": 90, "ExpirePasswords": True}


def test_hard_expiry_looks_for_administrators(account: Account) -> None:
    hard: dict[str, t.Any] = {**DECLARED, "hard_expiry": True}
    assert [refusal["rule"] for refusal in account.run(**hard)["refused"]] == ["hard_expiry"]
    trust = f'{{"Statement": {{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"AWS": "{ACCOUNT}"}}}}}}'
    everything = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    for name in ("first", "second"):
        account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        account.iam.put_role_policy(RoleName=name, PolicyName="admin", PolicyDocument=everything)
    assert account.run(**hard)["changed"] is True
    assert account.policy == {**STRONG, "HardExpiry": True}


def test_the_mode_report_writes_nothing_and_is_never_changed(account: Account) -> None:
    result = account.run(mode="report", **DECLARED)
    assert (result["changed"], len(result["changes"]), result["diff"][0]["before"]) == (False, 1, "")
    assert account.policy is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account_id": "999988887777"}, "account_id: "),
        ({"account_id": ""}, "account_id: not set"),
        ({"minimum_password_length": 5}, "minimum_password_length: 5 is not allowed; allowed are 6 to 128 characters"),
        ({"max_password_age": "2000"}, "max_password_age: '2000' is not allowed; allowed are 1 to 1095 days, or off"),
        ({"thresholds": {"password_length": 3}}, "thresholds: there is no 'password_length'"),
        ({"now": "tomorrow"}, "now: 'tomorrow'"),
    ],
)
def test_bad_input_fails_with_its_name(account: Account, options: dict[str, t.Any], message: str) -> None:
    result = account.run(**{**DECLARED, **options})
    assert result["failed"] and result["msg"].startswith(message)
    assert account.policy is None


def test_a_task_without_any_setting_fails(account: Account) -> None:
    assert "at least one setting" in account.run()["msg"]


def test_every_documented_result_is_returned_and_no_other(account: Account) -> None:
    documented = yaml.safe_load(RETURN)
    result = account.run(**DECLARED)
    # changed and diff are every module's.
    assert set(result) - {"changed", "diff"} == set(documented)
    assert set(result["changes"][0]) == set(documented["changes"]["contains"])
    refused = account.run(state="absent")
    assert set(refused["refused"][0]) == set(documented["refused"]["contains"])


def test_no_option_is_taken_for_a_secret() -> None:
    """Ansible would mask values, such as 14, all over the result; an external id is the one exception."""
    assert [
        name for name, spec in argument_spec().items() if "password" in name and spec.get("no_log") is not False
    ] == []
