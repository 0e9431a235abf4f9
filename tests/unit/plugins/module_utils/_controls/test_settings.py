# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thresholds: defaults of the benchmarks, values of all kinds, errors that name the option."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings, SettingsError


def test_defaults_are_those_of_the_benchmarks() -> None:
    settings = Settings.from_options(None)
    assert settings == Settings() == Settings.from_options({}) == Settings.from_options({"unused_days": None})
    assert (settings.unused_days, settings.key_age_days) == (45, 90)
    assert (settings.password_min_length, settings.password_reuse) == (14, 24)
    assert settings.password_max_age_days is None


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("unused_days", "30", 30),
        ("unused_days", 30, 30),
        ("password_max_age_days", 90, 90),
        ("grace_days", 0, 0),
        ("required_tags", ["owner", "cost-center"], ("owner", "cost-center")),
        ("required_tags", "owner, team", ("owner", "team")),
        ("required_tags", [], ()),
        ("trusted_account_ids", ["111122223333", "044455556666"], ("111122223333", "044455556666")),
        ("trusted_account_ids", 111122223333, ("111122223333",)),
        ("trusted_account_ids", "111122223333,444455556666", ("111122223333", "444455556666")),
        ("organization_analyzer_regions", ["eu-west-1", "us-gov-west-1"], ("eu-west-1", "us-gov-west-1")),
        ("organization_analyzer_regions", "*", ("*",)),
        ("approved_administrators", ["arn:*:iam::*:role/admin-*"], ("arn:*:iam::*:role/admin-*",)),
        (
            "approved_administrators",
            "arn:aws:iam::111122223333:role/a/b/ops",
            ("arn:aws:iam::111122223333:role/a/b/ops",),
        ),
    ],
)
def test_values(option: str, value: t.Any, expected: t.Any) -> None:
    assert getattr(Settings.from_options({option: value}), option) == expected


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("unused_days", 0, "a whole number from 1 to 1095"),
        ("unused_days", -1, "a whole number from 1 to 1095"),
        ("unused_days", "soon", "a whole number from 1 to 1095"),
        ("unused_days", 1.5, "a whole number from 1 to 1095"),
        ("unused_days", True, "a whole number from 1 to 1095"),
        ("password_min_length", 129, "a whole number from 6 to 128"),
        ("password_reuse", 25, "a whole number from 1 to 24"),
        ("trusted_account_ids", ["1234"], "an account id of 12 digits"),
        ("trusted_account_ids", ["acme"], "an account id of 12 digits"),
        ("required_tags", ["aws:cloudformation"], "a tag key"),
        ("organization_analyzer_regions", ["everywhere"], "the name of a region"),
        ("approved_administrators", ["*"], "the ARN of a role"),
        ("approved_administrators", ["arn:*:iam::*:role/*"], "the ARN of a role"),
        ("approved_administrators", ["arn:*:iam::*:role/path/*"], "the ARN of a role"),
        ("approved_administrators", ["arn:aws:iam::111122223333:user/admin"], "the ARN of a role"),
        ("approved_administrators", ["admin"], "the ARN of a role"),
    ],
)
def test_errors_name_option_value_and_what_is_allowed(option: str, value: t.Any, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_options({option: value})
    shown = value[0] if isinstance(value, list) else value
    assert f"thresholds.{option}: {shown!r}" in str(caught.value) and allowed in str(caught.value)


@pytest.mark.parametrize(
    ("option", "default", "low", "high"),
    [
        ("unused_days", 45, 1, 1095),
        ("key_age_days", 90, 1, 1095),
        ("root_used_days", 90, 1, 1095),
        ("grace_days", 7, 0, 90),
        ("password_min_length", 14, 6, 128),
        ("password_reuse", 24, 1, 24),
        ("password_max_age_days", None, 1, 1095),
        ("role_unused_days", 90, 1, 400),
        ("service_unused_days", 90, 1, 400),
        ("few_services", 10, 1, 100),
        ("least_used_percent", 5, 1, 100),
        ("condition_expires_days", 30, 1, 365),
        ("break_glass_used_days", 7, 1, 400),
        ("break_glass_test_days", 90, 1, 400),
    ],
)
def test_limits_of_numbers(option: str, default: t.Optional[int], low: int, high: int) -> None:
    assert getattr(Settings(), option) == default
    for value in (low, high):
        assert getattr(Settings.from_options({option: value}), option) == value
    for value in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=f"thresholds.{option}: {value} is not a whole number from {low} to"):
            Settings.from_options({option: value})


def test_an_unknown_threshold_names_near_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_options({"unused_day": 3})
    near = "unused_days or role_unused_days or service_unused_days"
    assert str(caught.value) == f"thresholds: there is no 'unused_day'; did you mean {near}?"
    with pytest.raises(SettingsError, match="did you mean approved_administrators or .* or unused_days?"):
        Settings.from_options({"zzz": 3})


def test_every_setting_is_an_option() -> None:
    for field in dataclasses.fields(Settings):
        value = getattr(Settings(), field.name)
        assert getattr(Settings.from_options({field.name: value}), field.name) == value
