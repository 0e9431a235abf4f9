# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waves as Ansible knows the hosts of a run, and mistakes that are found before its first task."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import Host
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_hosts import check_waves, find_waves
from ansible_collections.hardening.iam.plugins.plugin_utils._waves import WavesError

GROUPS: t.Final = {
    "all": ["web", "a", "b", "c"],
    "aws_accounts": ["a", "b", "c"],
    "canary": ["b", "web"],
    "dev": ["c"],
}


class Templar:
    """Templates nothing."""

    def template(self, value: t.Any) -> t.Any:
        return value


class HostVars:
    def __init__(self, **variables: t.Any) -> None:
        self._variables = variables

    def raw_get(self, _name: str) -> dict[str, t.Any]:
        return self._variables


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], None]:
    """Sets ``--limit``."""
    return lambda pattern: monkeypatch.setattr(context, "CLIARGS", ImmutableDict(subset=pattern))


def order(**variables: t.Any) -> t.Optional[list[str]]:
    plan = find_waves({"groups": GROUPS, **variables}, Templar())
    return None if plan is None else plan.order


def problems(*hosts: t.Mapping[str, t.Any], **variables: t.Any) -> list[str]:
    """The mistakes in a run of these hosts, the variables of the first being those of the play."""
    given = [Host(name, values, dict(values).get) for name, values in zip("abc", hosts, strict=False)]
    first = {"inventory_hostname": "a", **hosts[0]}
    return check_waves({"groups": GROUPS, **first, **variables}, Templar(), given)


def test_only_accounts_of_the_run_are_in_waves() -> None:
    """A web server in the group of a wave never becomes an account."""
    assert order(hardening_waves=["canary", "rest"]) == ["b", "a", "c"]
    assert order(hardening_waves=["canary", "rest"], hardening_hosts="dev") == ["c"]


@pytest.mark.parametrize("variables", [{}, {"hardening_waves": ""}, {"hardening_waves": None}])
def test_no_waves(variables: dict[str, t.Any]) -> None:
    assert order(**variables) is None


def test_a_play_takes_the_waves_of_its_accounts() -> None:
    """A play has no variables of hosts before it knows its hosts."""
    assert order(hostvars=HostVars(hardening_waves=["dev", "rest"])) == ["c", "a", "b"]
    assert order(hostvars=HostVars()) is None
    assert order(hostvars=HostVars(hardening_waves=["x"]), inventory_hostname="a") is None


def test_limit_counts_for_batches(limit: t.Callable[[str], None]) -> None:
    limit("a:c")
    plan = find_waves({"groups": GROUPS, "hardening_waves": ["canary", "rest"]}, Templar())
    assert plan is not None and plan.sizes == [2]


def test_a_malformed_declaration() -> None:
    with pytest.raises(WavesError, match="no group or account"):
        order(hardening_waves=["canery"])
    (problem,) = problems({"hardening_waves": ["canery"]})
    assert "'canery', which is no group or account" in problem


def test_all_accounts_must_have_the_same_waves() -> None:
    (problem,) = problems({"hardening_waves": ["canary", "rest"]}, {"hardening_waves": ["rest"]})
    assert problem.startswith("hardening_waves differs between a and b.")
    assert problems({}, {"hardening_waves": ["rest"]})


def test_accounts_that_no_wave_has() -> None:
    (problem,) = problems({"hardening_waves": ["canary"]})
    assert problem.startswith("a, c are in no wave of hardening_waves.")


def test_a_slice_has_no_waves() -> None:
    (problem,) = problems({"hardening_waves": ["rest"], "hardening_fleet_report": "false"})
    assert "this job is a slice" in problem


@pytest.mark.parametrize("name", ["max_failures", "max_refusals", "max_new_denials", "max_unread", "wait_minutes"])
@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        *((0, True), ("3", True), ("", True), (-1, False), ("x", False), (True, False)),
        *((math.inf, False), (math.nan, False), ("inf", False), ("nan", False), (1e300, False)),
    ],
)
def test_numbers_of_the_gate(name: str, value: t.Any, is_good: bool) -> None:
    found = problems({"hardening_waves": ["rest"], f"hardening_wave_{name}": value})
    assert (found == []) is is_good


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("acme-prod", True),
        ("111122223333", True),
        ("acme.prod_1", True),
        ("acme:prod", False),
        ("acme,prod", False),
        ("!acme", False),
        ("&acme", False),
        ("~acme", False),
    ],
)
def test_a_host_whose_name_is_a_pattern_would_be_left_out(name: str, is_good: bool) -> None:
    groups = {"all": [name], "aws_accounts": [name]}
    variables = {"hardening_waves": ["rest"]}
    found = check_waves({"groups": groups, **variables}, Templar(), [Host(name, variables, variables.get)])
    assert (found == []) is is_good


def test_without_waves_nothing_is_wrong() -> None:
    assert problems({}, {}) == []
    no_hosts: list[Host] = []
    assert check_waves({"groups": GROUPS}, Templar(), no_hosts) == []
