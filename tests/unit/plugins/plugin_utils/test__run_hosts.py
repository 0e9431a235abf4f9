# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts that a playbook works on. Machines of an inventory must never become accounts."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._fleet import has_host
from ansible_collections.hardening.iam.plugins.plugin_utils._run_hosts import RunHosts

DEV, PROD = "333344445555", "222233334444"
MANAGEMENT: t.Final = "organization_management"


def choose(*names: str, groups: t.Collection[str] = (), **options: t.Any) -> RunHosts:
    return RunHosts(names=names, groups={"all", "ungrouped", *groups}, **options)


@pytest.mark.parametrize("names", [("localhost",), (DEV,), (DEV, PROD)])
def test_hosts_without_the_group_that_stand_for_accounts(names: tuple[str, ...]) -> None:
    assert choose(*names).pattern == "all"


@pytest.mark.parametrize(
    "names", [(), ("web1",), ("localhost", "web1"), ("localhost", DEV), (DEV, "web1"), ("33334444555",)]
)
def test_other_hosts_are_never_accounts(names: tuple[str, ...]) -> None:
    found = choose(*names)
    assert found.pattern == "aws_accounts"
    message = found.describe_none()
    assert "-i localhost, (with the comma)" in message
    assert "the group aws_accounts" in message
    assert len(message.splitlines()) <= 3


def test_the_group_comes_before_all_other_hosts() -> None:
    assert choose("localhost", "web1", groups={"aws_accounts"}).pattern == "aws_accounts"
    assert choose(DEV, groups={"aws_accounts"}).pattern == "aws_accounts"


def test_the_pattern_of_the_variable_comes_first() -> None:
    found = choose("web1", groups={"aws_accounts"}, asked="ou_production")
    assert found.pattern == "ou_production"
    assert "hardening_hosts is ou_production, which matches no host" in found.describe_none()


def test_account_numbers_are_no_management_accounts() -> None:
    """organization.yml would run in every one of them."""
    assert choose(DEV, PROD, group=MANAGEMENT).pattern == MANAGEMENT
    assert choose(DEV, group=MANAGEMENT).pattern == MANAGEMENT
    assert choose("localhost", group=MANAGEMENT).pattern == "all"
    message = choose(DEV, group=MANAGEMENT).describe_none()
    assert "no group organization_management" in message
    assert "list the management account as a host of the group organization_management" in message
    assert "aws_accounts" not in message


def test_a_group_of_which_no_host_is_left() -> None:
    message = choose("web1", groups={"aws_accounts"}).describe_none()
    assert message.startswith("No account to work on: the group aws_accounts has no host that --limit leaves.\n")


def test_the_hosts_that_are_no_accounts_are_named_in_short() -> None:
    message = choose(*(f"web{number}" for number in range(300))).describe_none()
    assert "web0, web1, web2 and 297 more" in message
    assert max(map(len, message.splitlines())) < 200


@pytest.mark.parametrize("names", [(), ("web1",)])
def test_a_play_that_says_why_has_a_host(names: tuple[str, ...]) -> None:
    assert choose(*names).any_pattern == ("all" if names else "localhost")


@pytest.mark.parametrize("group", ["aws_accounts", MANAGEMENT])
@pytest.mark.parametrize("others", [(), ("web1",)])
def test_a_host_with_the_name_of_the_group_is_no_account(group: str, others: tuple[str, ...]) -> None:
    """``-i aws_accounts,`` is a host of that name, not the group."""
    found = choose(group, *others, group=group)
    assert not has_host({"all": found.names, "ungrouped": found.names}, found.pattern)
    assert f"the inventory has no group {group}" in found.describe_none()


@pytest.mark.parametrize("asked", [[], {}, 0, False])
def test_an_empty_choice_is_not_all_accounts(asked: t.Any) -> None:
    found = choose(DEV, PROD, groups={"aws_accounts"}, asked=asked)
    assert not has_host({"all": [DEV, PROD], "aws_accounts": [DEV, PROD]}, found.pattern)
    assert f"hardening_hosts is {asked}, which matches no host" in found.describe_none()


@pytest.mark.parametrize("asked", [None, "", "  "])
def test_a_choice_that_a_survey_leaves_empty_is_none(asked: t.Any) -> None:
    assert choose(DEV, groups={"aws_accounts"}, asked=asked).pattern == "aws_accounts"


def test_a_long_choice_is_shown_in_short() -> None:
    message = choose(DEV, asked=[f"account-{number}" for number in range(300)]).describe_none()
    assert max(map(len, message.splitlines())) < 250
