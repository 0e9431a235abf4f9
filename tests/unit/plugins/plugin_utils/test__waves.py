# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts are in which wave."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._waves import (
    Wave,
    WavePlan,
    WavesError,
    describe_missed,
    parse_waves,
    plan_waves,
)

GROUPS: t.Final = {
    "all": ["c1", "d1", "d2", "p1", "p2", "x1"],
    "canary": ["c1"],
    "dev": ["d1", "d2"],
    "prod_a": ["p1"],
    "prod_b": ["p2", "d2"],
}


def plan(given: t.Any, limited: t.Optional[t.Collection[str]] = None) -> WavePlan:
    names = GROUPS["all"]
    return plan_waves(given, GROUPS, names, names if limited is None else limited)


def test_waves_order_the_hosts() -> None:
    found = plan([{"name": "others", "groups": ["dev"]}, ["prod_b", "prod_a"], "canary"])
    assert found.order == ["d1", "d2", "p1", "p2", "c1"]
    assert found.sizes == [2, 2, 1]
    assert [wave.name for wave, _names in found.present] == ["others", "prod_b + prod_a", "canary"]
    assert [found.find_position(name) for name in ("d1", "p2", "c1", "x1")] == [0, 1, 2, None]
    assert found.missed == ("x1",)


def test_a_host_of_two_waves_is_in_the_first() -> None:
    found = plan(["prod_b", "dev"])
    assert found.hosts == (("d2", "p2"), ("d1",))


@pytest.mark.parametrize("rest", ["rest", "all", ["all"], {"name": "everybody", "groups": "rest"}])
def test_the_last_wave_may_be_the_rest(rest: t.Any) -> None:
    found = plan(["canary", rest])
    assert found.order == ["c1", "d1", "d2", "p1", "p2", "x1"]
    assert found.missed == ()


def test_an_account_may_be_a_wave() -> None:
    assert plan(["d2", "rest"]).hosts[0] == ("d2",)


def test_limit_leaves_the_order_and_no_empty_batch() -> None:
    found = plan(["canary", "dev", "rest"], limited={"d2", "p1"})
    assert found.sizes == [1, 1]
    assert [wave.name for wave, _names in found.present] == ["dev", "rest"]
    assert found.find_position("d2") == 0
    # Ansible takes the others away by itself.
    assert found.order == ["c1", "d1", "d2", "p1", "p2", "x1"]


def test_only_hosts_of_the_run_are_missed() -> None:
    assert plan(["canary", "dev"], limited={"c1", "d1"}).missed == ()


def test_hosts_that_are_not_of_the_run_are_in_no_wave() -> None:
    found = plan_waves(["prod_b", "rest"], {**GROUPS, "prod_b": ["p2", "web-server"]}, ["p2", "c1"], ["p2", "c1"])
    assert found.order == ["p2", "c1"]


@pytest.mark.parametrize("text", ["canary, dev ,rest", '["canary", "dev", "rest"]', "- canary\n- dev\n- rest\n"])
def test_a_survey_and_an_extra_variable_send_texts(text: str) -> None:
    assert [wave.name for wave in parse_waves(text)] == ["canary", "dev", "rest"]


@pytest.mark.parametrize(("hours", "expected"), [(24, 24.0), ("0.5", 0.5), (0, 0.0)])
def test_a_soak(hours: t.Any, expected: float) -> None:
    assert parse_waves([{"name": "dev", "soak_hours": hours}]) == (Wave("dev", ("dev",), expected),)


def test_groups_that_are_numbers() -> None:
    assert parse_waves([111122223333])[0].groups == ("111122223333",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "no list of waves"),
        (5, "no list of waves"),
        ({"canary": 1}, "no list of waves"),
        ("[", r"hardening_waves: the text is not YAML: line \d, column 1"),
        ("[{groups: canary, groups: prod}]", "the key 'groups' is given a second time on line 1"),
        ([None], r"hardening_waves\[1\] is None"),
        (["canary", []], r"hardening_waves\[2\] is \[\]"),
        (["canary", [""]], r"hardening_waves\[2\]"),
        ([["canary", {}]], r"hardening_waves\[1\]"),
        ([True], r"hardening_waves\[1\] is True"),
        ([{"soak_hours": 1}], r"hardening_waves\[1\] is None"),
        ([{"name": "dev", "hosts": "x", "soak": 1}], "has hosts, soak; allowed are name, groups, soak_hours"),
        ([{"name": "dev", "soak_hours": -1}], "soak_hours is -1"),
        ([{"name": "dev", "soak_hours": "a day"}], "soak_hours is 'a day'"),
        ([{"name": "dev", "soak_hours": ".nan"}], "soak_hours"),
        ([{"name": "dev", "soak_hours": "inf"}], "soak_hours is 'inf'"),
        ([{"name": "dev", "soak_hours": True}], "soak_hours is True"),
        ([{"name": "dev", "soak_hours": 1e12}], "soak_hours is 1000000000000.0; allowed is a number from 0 to 2160"),
        (["dev", {"name": "dev", "groups": ["prod_a"]}], "two waves with the name 'dev'"),
        (["canary", "porduction"], "'porduction', which is no group or account"),
        (["rest", "canary"], "Make it the last one"),
        (["all", "canary"], "Make it the last one"),
    ],
)
def test_a_malformed_declaration(given: t.Any, message: str) -> None:
    with pytest.raises(WavesError, match=message):
        plan(given)


def test_a_group_may_be_called_rest() -> None:
    """REST interfaces have such names. It must not become all other accounts."""
    groups = {**GROUPS, "rest": ["p1"]}
    found = plan_waves(["canary", "rest", "dev"], groups, GROUPS["all"], GROUPS["all"])
    assert found.hosts == (("c1",), ("p1",), ("d1", "d2"))


def test_missed_hosts_are_named() -> None:
    assert describe_missed(["a"]).startswith("a is in no wave of hardening_waves.")
    assert describe_missed([f"a{number}" for number in range(7)]).startswith("a0, a1, a2, a3, a4 and 2 more are in no")
