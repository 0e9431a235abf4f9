# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PasswordPolicy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy.declared import (
    AWS_DEFAULT,
    FIELDS,
    Declared,
    build_request,
    count_required_kinds,
    describe_policy,
    merge_policy,
    normalize,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .passwords import STRONG, WEAK


def declare(**options: t.Any) -> Declared:
    return Declared.from_options({"state": "present", **options})


POLICIES = st.builds(
    PasswordPolicy,
    minimum_length=st.integers(6, 128),
    require_symbols=st.booleans(),
    require_numbers=st.booleans(),
    require_uppercase=st.booleans(),
    require_lowercase=st.booleans(),
    allow_users_to_change=st.booleans(),
    max_age_days=st.none() | st.integers(1, 1095),
    reuse_prevention=st.none() | st.integers(1, 24),
    hard_expiry=st.none() | st.booleans(),
)


# The declaration


def test_every_option_sets_its_field() -> None:
    options = {
        "minimum_password_length": 20,
        "require_symbols": True,
        "require_numbers": True,
        "require_uppercase_characters": False,
        "require_lowercase_characters": False,
        "allow_users_to_change_password": True,
        "max_password_age": "90",
        "password_reuse_prevention": "12",
        "hard_expiry": True,
    }
    wanted, kept = merge_policy(None, declare(**options, allow_weaken=True))
    assert describe_policy(wanted) == {**options, "max_password_age": 90, "password_reuse_prevention": 12}
    assert not kept
    assert set(options) == set(FIELDS)


@pytest.mark.parametrize("value", ["90", 90, " 90 "])
def test_numbers_come_as_strings_too(value: t.Any) -> None:
    assert declare(max_password_age=value).settings == {"max_age_days": 90}


@pytest.mark.parametrize("value", ["off", "OFF", "0", 0, "False", False, "no", "never"])
def test_what_switches_a_number_off(value: t.Any) -> None:
    assert declare(max_password_age=value, password_reuse_prevention=value).settings == {
        "max_age_days": None,
        "reuse_prevention": None,
    }


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_string_is_not_given(value: t.Any) -> None:
    assert declare(minimum_password_length=14, max_password_age=value, hard_expiry=value).settings == {
        "minimum_length": 14
    }


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("minimum_password_length", 5, "6 to 128 characters"),
        ("minimum_password_length", 129, "6 to 128 characters"),
        ("minimum_password_length", "off", "6 to 128 characters"),
        ("max_password_age", "1096", "1 to 1095 days, or off"),
        ("max_password_age", "-1", "1 to 1095 days, or off"),
        ("max_password_age", "90 days", "1 to 1095 days, or off"),
        ("max_password_age", True, "1 to 1095 days, or off"),
        ("password_reuse_prevention", "25", "1 to 24 passwords, or off"),
        ("password_reuse_prevention", "٣", "1 to 24 passwords, or off"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_numbers_out_of_range_are_named(option: str, value: t.Any, allowed: str, state: str) -> None:
    with pytest.raises(InputError) as caught:
        declare(state=state, **{option: value})
    assert str(caught.value) == f"{option}: {value!r} is not allowed; allowed are {allowed}"


def test_present_needs_a_setting_and_absent_ignores_them() -> None:
    with pytest.raises(InputError, match="at least one setting; allowed are minimum_password_length, .*hard_expiry"):
        declare(max_password_age="")
    assert declare(state="absent", minimum_password_length=14).settings == {}


# Merging


def test_an_unset_option_leaves_the_accounts_value() -> None:
    wanted, kept = merge_policy(WEAK, declare(minimum_password_length=14))
    assert wanted == normalize(dataclasses.replace(WEAK, minimum_length=14))
    assert not kept


def test_without_a_policy_unset_options_start_from_the_default_that_holds() -> None:
    wanted, _kept = merge_policy(None, declare(password_reuse_prevention=24))
    assert wanted == normalize(dataclasses.replace(AWS_DEFAULT, reuse_prevention=24))
    assert wanted.minimum_length == 8


@pytest.mark.parametrize(
    ("option", "value", "field", "present", "message"),
    [
        ("minimum_password_length", 12, "minimum_length", 14, "stays 14: the declared 12 is weaker"),
        ("require_symbols", False, "require_symbols", True, "stays True: the declared False is weaker"),
        ("max_password_age", "180", "max_age_days", 90, "stays 90: the declared 180 is weaker"),
        ("max_password_age", "off", "max_age_days", 90, "stays 90: the declared off is weaker"),
        ("password_reuse_prevention", "5", "reuse_prevention", 24, "stays 24: the declared 5 is weaker"),
        ("password_reuse_prevention", "off", "reuse_prevention", 24, "stays 24: the declared off is weaker"),
        ("hard_expiry", False, "hard_expiry", True, "stays True: the declared False is weaker"),
    ],
)
def test_a_weaker_setting_holds_only_when_allowed(
    option: str, value: t.Any, field: str, present: t.Any, message: str
) -> None:
    policy = dataclasses.replace(STRONG, max_age_days=90, hard_expiry=True)
    options = {option: value, "minimum_password_length": 16} if field != "minimum_length" else {option: value}
    wanted, kept = merge_policy(policy, declare(**options))
    assert getattr(wanted, field) == present
    assert [str(setting) for setting in kept] == [f"{option} {message}, and allow_weaken is not set"]
    wanted, kept = merge_policy(policy, declare(**options, allow_weaken=True))
    assert getattr(wanted, field) == declare(**options).settings[field]
    assert not kept


@pytest.mark.parametrize("value", [True, False])
def test_whether_users_may_change_their_passwords_is_never_weaker(value: bool) -> None:
    policy = dataclasses.replace(STRONG, allow_users_to_change=not value)
    wanted, kept = merge_policy(policy, declare(allow_users_to_change_password=value))
    assert wanted.allow_users_to_change is value
    assert not kept


@given(present=POLICIES, asked=POLICIES)
def test_raising_never_weakens_and_settles_at_once(present: PasswordPolicy, asked: PasswordPolicy) -> None:
    options = {option: "off" if value is None else value for option, value in (describe_policy(asked) or {}).items()}
    wish = declare(**options)
    wanted, _kept = merge_policy(present, wish)
    assert wanted.minimum_length == max(present.minimum_length, asked.minimum_length)
    assert (wanted.reuse_prevention or 0) == max(present.reuse_prevention or 0, asked.reuse_prevention or 0)
    assert (wanted.max_age_days or 9999) == min(present.max_age_days or 9999, asked.max_age_days or 9999)
    assert count_required_kinds(wanted) >= max(count_required_kinds(present), count_required_kinds(asked))
    assert merge_policy(wanted, wish)[0] == wanted


@given(present=POLICIES, asked=POLICIES)
def test_allowed_to_weaken_the_declaration_holds_as_it_is(present: PasswordPolicy, asked: PasswordPolicy) -> None:
    options = {option: "off" if value is None else value for option, value in (describe_policy(asked) or {}).items()}
    assert merge_policy(present, declare(**options, allow_weaken=True)) == (normalize(asked), ())


# Requests


def test_a_request_is_complete_and_off_is_left_out() -> None:
    assert build_request(WEAK) == {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
    }
    assert build_request(dataclasses.replace(STRONG, max_age_days=90, hard_expiry=True)) == {
        "MinimumPasswordLength": 14,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 24,
        "HardExpiry": True,
    }


@given(policy=POLICIES)
def test_requests_have_no_zero_and_nothing_derived(policy: PasswordPolicy) -> None:
    request = build_request(policy)
    assert not {"MaxPasswordAge", "PasswordReusePrevention"} & {name for name, value in request.items() if not value}
    assert "ExpirePasswords" not in request
    assert request.get("HardExpiry") is not False


def test_an_absent_hard_expiry_is_shown_as_the_false_that_it_means() -> None:
    assert describe_policy(dataclasses.replace(WEAK, hard_expiry=None)) == describe_policy(
        dataclasses.replace(WEAK, hard_expiry=False)
    )
    assert describe_policy(None) is None
