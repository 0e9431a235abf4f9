# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that stop a run before its first task."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils import _value_input
from ansible_collections.hardening.iam.plugins.plugin_utils._role_options import load_table
from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import Host
from ansible_collections.hardening.iam.plugins.plugin_utils._value_input import check_role_values, check_values

ROLE = "arn:aws-us-gov:iam::111122223333:role/assessor"


def host(name: str = "a", **variables: t.Any) -> Host:
    return Host(name, variables, variables.get)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"password_policy_mode": "off", "access_keys_mode": "report", "security_hub_mode": "enforce"},
        {"password_policy_mode": False, "access_keys_mode": "OFF"},
        {"aws_regions": "enabled"},
        {"aws_regions": ["enabled"]},
        {"aws_regions": ["eu-west-1", " us-east-1"]},
        {"aws_regions": "eu-west-1, us-east-1"},
        {"aws_regions": ""},
        {"aws_regions": None},
        {
            "hardening_max_accounts_changed": 0,
            "hardening_max_fleet_changes": "20",
            "hardening_max_accounts_failed": " ",
        },
        {"aws_regions": ["us-gov-west-1"], "aws_assessor_role_arn": ROLE},
        {"hardening_owners": [{"account": "1111*", "owner": "us"}], "hardening_owned_arns": None},
        # The roles check text, as surveys of AWX send it.
        {"hardening_owners": "[{owner: x}]", "hardening_terraform_state_paths": "a.tfstate, b.tfstate"},
        {"hardening_terraform_state_paths": ["a.tfstate", {"path": "b.tfstate", "accounts": ["1111*"]}]},
    ],
)
def test_good_values(variables: dict[str, t.Any]) -> None:
    assert check_values([host(**variables)]) == []


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"password_policy_mode": "enforced"},
            "password_policy_mode of a: 'enforced' is not allowed. Set it to off, report or enforce; the nearest is "
            "enforce.",
        ),
        (
            {"hardening_fail_on": "hihg"},
            "hardening_fail_on of a: 'hihg' is not allowed. Set it to never, critical, high or new; the nearest is "
            "high.",
        ),
        ({"hardening_deep": "very"}, "hardening_deep of a: 'very' is neither true nor false. Set it to true or false."),
        (
            {"organization_guardrails_quarantine": "x"},
            "organization_guardrails_quarantine of a: 'x' is neither true nor false. Set it to true or false.",
        ),
        ({"access_keys_mode": True}, "access_keys_mode of a: True is not allowed. Set it to off, report or enforce."),
        ({"access_keys_mode": None}, "access_keys_mode of a: it is empty. Set it to off, report or enforce."),
        ({"access_keys_mode": ""}, "access_keys_mode of a: it is empty. Set it to off, report or enforce."),
    ],
)
def test_modes_and_other_choices(variables: dict[str, t.Any], problem: str) -> None:
    assert check_values([host(**variables)]) == [problem]


@pytest.mark.parametrize(
    ("variables", "start"),
    [
        ({"hardening_owners": [{"owner": "x"}]}, "hardening_owners[0] of a: give either arn, such as"),
        ({"hardening_owners": [{"arn": "x", "owner": "y"}]}, "hardening_owners[0].arn of a: 'x' is not allowed"),
        ({"hardening_terraform_state_paths": [5]}, "hardening_terraform_state_paths[0] of a: 5 is not allowed"),
        (
            {"hardening_owned_arns": [{"path": "a.json", "max_age_days": 0}]},
            "hardening_owned_arns[0].max_age_days of a: 0 is not allowed; allowed is a whole number from 1 to 90",
        ),
    ],
)
def test_owners(variables: dict[str, t.Any], start: str) -> None:
    (problem,) = check_values([host(**variables)])
    assert problem.startswith(start)


@pytest.mark.parametrize(
    ("variables", "first_line"),
    [
        (
            {"aws_regions": ["eu-west-9"]},
            "aws_regions of a: 'eu-west-9' is not a region of AWS; the nearest is eu-west-1.",
        ),
        (
            {"aws_regions": "eu-west1, eu-west-2"},
            "aws_regions of a: 'eu-west1' is not a region of AWS; the nearest is eu-west-1.",
        ),
        (
            {"aws_regions": ["eu-west-1"], "aws_assume_role_arn": ROLE},
            "aws_regions of a: 'eu-west-1' is not a region of the partition aws-us-gov, which the account is in, but "
            "of aws.",
        ),
    ],
)
def test_regions(variables: dict[str, t.Any], first_line: str) -> None:
    (problem,) = check_values([host(**variables)])
    assert problem.splitlines()[0] == first_line


def test_hosts_with_one_mistake_are_said_together() -> None:
    hosts = [host(f"host-{number}", password_policy_mode="on") for number in range(7)]
    (problem,) = check_values(hosts)
    assert problem.startswith("password_policy_mode of host-0, host-1, host-2, host-3, host-4 and 2 more: 'on'")


def test_without_botocore_no_region_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_value_input.importlib.util, "find_spec", lambda _name: None)
    _value_input.load_partitions.cache_clear()
    try:
        assert check_values([host(aws_regions=["eu-west-9"])]) == []
    finally:
        _value_input.load_partitions.cache_clear()


# What a task of a role looks at.


@pytest.mark.parametrize("given", [{"mode": None}, {"mode": ""}, {}], ids=["null", "empty", "default(omit)"])
def test_an_empty_mode_is_not_the_default_of_the_module(given: dict[str, t.Any]) -> None:
    role = load_table().roles["access_keys"]
    declared = host(access_keys_mode="{{ wanted | default(omit) }}")
    assert list(check_role_values(declared, role, given)) == [
        "access_keys_mode: it is empty. Set it to off, report or enforce."
    ]
    assert list(check_role_values(host(), role, {"mode": "report"})) == []
    assert list(check_role_values(host(), load_table().roles["assessment"], {})) == []


@pytest.mark.parametrize(
    ("role", "variable", "value", "problem"),
    [
        (
            "mfa_enforcement",
            "mfa_enforcement_enrolment",
            "selff",
            "'selff' is not allowed. Set it to self or admin; the nearest is self.",
        ),
        (
            "organization_guardrails",
            "organization_guardrails_quarantine",
            "perhaps",
            "'perhaps' is neither true nor false. Set it to true or false.",
        ),
    ],
)
def test_variables_that_are_no_option(role: str, variable: str, value: str, problem: str) -> None:
    found = load_table().roles[role]
    assert list(check_role_values(host(**{variable: value}), found, {})) == [f"{variable}: {problem}"]
    assert list(check_role_values(host(), found, {})) == []


def test_a_vaulted_value_is_not_quoted() -> None:
    tags = pytest.importorskip("ansible._internal._datatag._tags", reason="ansible-core 2.18 has no tags")
    secret = tags.VaultedValue(ciphertext="x").tag("sesame-7f3d")
    assert check_values([host(access_keys_mode=secret)]) == [
        "access_keys_mode of a: its value is not allowed. Set it to off, report or enforce."
    ]


@pytest.mark.parametrize("name", ["max_accounts_changed", "max_fleet_changes", "max_accounts_failed"])
@pytest.mark.parametrize("value", ["five", -1, 5.5, True, [1]])
def test_caps_on_a_run_are_whole_numbers(name: str, value: t.Any) -> None:
    (problem,) = check_values([host(**{f"hardening_{name}": value})])
    assert problem.startswith(f"hardening_{name} of a: ")
    assert problem.endswith(" of 0 or more.")
