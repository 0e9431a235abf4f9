# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    MemberAccount,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.plugin_utils._inventory_hosts import (
    Host,
    InvalidOption,
    Listing,
    Settings,
    find_undecided,
    find_untagged,
    list_hosts,
)

MANAGEMENT, PROD, DEV, SANDBOX = "111122223333", "222233334444", "333344445555", "444455556666"
CLOSED = "555566667777"
DEFAULTS: t.Final[dict[str, t.Any]] = {
    "hostnames": "name",
    "include": [],
    "exclude": [],
    "tag_groups": [],
    "account_tags": "auto",
    "unusable_accounts": False,
    "emails": False,
    "delegated_administrators": True,
    "assessor_role_name": "iam-hardening/assessor",
    "automation_role_name": "iam-hardening/automation",
    "organization_role_name": None,
}


def account(account_id: str, name: str, parent: str, **fields: t.Any) -> MemberAccount:
    known = {"email": f"{account_id}@example.com", "state": "ACTIVE"}
    return MemberAccount(id=account_id, name=name, parent_id=parent, **{**known, **fields})


def organization(*accounts: MemberAccount, units: tuple[Unit, ...] = (), **fields: t.Any) -> OrganizationTree:
    return OrganizationTree(
        id="o-1",
        management_account_id=MANAGEMENT,
        feature_set="ALL",
        root_id="r-1",
        units=(Unit(id="r-1", name="Root", path="/"), *units),
        accounts=(account(MANAGEMENT, "management", "r-1"), *accounts),
        **fields,
    )


UNITS = (
    Unit(id="ou-1-work", name="Workloads", path="/Workloads", parent_id="r-1"),
    Unit(id="ou-1-prod", name="Production", path="/Workloads/Production", parent_id="ou-1-work"),
    Unit(id="ou-1-dev", name="Development", path="/Workloads/Development", parent_id="ou-1-work"),
    Unit(id="ou-1-box", name="Sandbox", path="/Sandbox", parent_id="r-1"),
)
TREE: t.Final = organization(
    account(PROD, "prod", "ou-1-prod"),
    account(DEV, "dev", "ou-1-dev"),
    account(SANDBOX, "sandbox", "ou-1-box"),
    account(CLOSED, "old", "ou-1-prod", state="CLOSED"),
    units=UNITS,
)


def settings(**options: t.Any) -> Settings:
    return Settings.from_options({**DEFAULTS, **options})


def list_default(tree: OrganizationTree = TREE, **options: t.Any) -> Listing:
    return list_hosts(tree, "aws", settings(**options))


def members(found: Listing, group: str) -> set[str]:
    """The hosts of a group and the groups below it."""
    below = set().union(*(members(found, child) for child in found.groups.get(group, ())))
    return below | {host.name for host in found.hosts if group in host.groups}


def host(found: Listing, name: str) -> Host:
    (only,) = [candidate for candidate in found.hosts if candidate.name == name]
    return only


def set_tags(**tags: dict[str, str]) -> OrganizationTree:
    """The tree with these tags, by the names of accounts; of others they were not read."""
    accounts = (dataclasses.replace(found, tags=tags.get(found.name)) for found in TREE.accounts)
    return dataclasses.replace(TREE, accounts=tuple(accounts))


# Groups


def test_groups_follow_the_units() -> None:
    found = list_default()
    assert found.groups["ou_root"] == ("ou_sandbox", "ou_workloads")
    assert found.groups["ou_workloads"] == ("ou_workloads_development", "ou_workloads_production")
    assert members(found, "ou_root") == members(found, "aws_accounts") == {"management", "prod", "dev", "sandbox"}
    assert members(found, "ou_workloads") == {"prod", "dev"}
    assert members(found, "organization_management") == {"management"}
    assert members(found, "account_state_active") == members(found, "aws_accounts")


def test_units_without_hosts_make_no_groups() -> None:
    found = list_default(include=[{"ou": "/Workloads/Production"}])
    assert {group for group in found.groups if group.startswith("ou_")} == {
        "ou_root",
        "ou_workloads",
        "ou_workloads_production",
    }


def test_the_groups_that_playbooks_name_are_always_there() -> None:
    found = list_default(organization(), exclude=[{"ou": "/"}])
    assert found.groups == {"aws_accounts": (), "organization_management": ()}


@pytest.mark.parametrize(
    ("first", "second"),
    [("/a b", "/a-b"), ("/a/b", "/a b"), ("/Root", "/"), ("/Ä", "/a")],
)
def test_units_that_look_alike_keep_groups_of_their_own(first: str, second: str) -> None:
    paths = {first: "ou-1-one", second: "ou-1-two"}
    extra = {"/a": "ou-1-a"} if first == "/a/b" else {}
    units = tuple(
        Unit(id=unit_id, name=path.rpartition("/")[2], path=path, parent_id=extra.get(path.rpartition("/")[0], "r-1"))
        for path, unit_id in {**paths, **extra}.items()
        if path != "/"
    )
    places = {path: unit_id if path != "/" else "r-1" for path, unit_id in paths.items()}
    tree = organization(account(PROD, "one", places[first]), account(DEV, "two", places[second]), units=units)
    found = list_default(tree)
    (one,) = (group for group in host(found, "one").groups if group.startswith("ou_"))
    (two,) = (group for group in host(found, "two").groups if group.startswith("ou_"))
    assert one != two


def test_names_of_groups_have_the_letters_of_any_language() -> None:
    units = (Unit(id="ou-1-x", name="x", path="/本番 (1)", parent_id="r-1"), Unit("ou-1-y", "y", "/!!", "r-1"))
    found = list_default(organization(account(PROD, "a", "ou-1-x"), account(DEV, "b", "ou-1-y"), units=units))
    assert found.groups["ou_root"] == ("ou_y", "ou_本番_1")


def test_delegated_administrators_are_grouped_by_service() -> None:
    services = ("access-analyzer.amazonaws.com", "config-multiaccountsetup.amazonaws.com.cn")
    tree = dataclasses.replace(TREE, delegated_administrators={DEV: services, SANDBOX: ()})
    found = list_default(tree)
    assert found.groups["organization_delegated_administrators"] == (
        "organization_delegated_administrator_access_analyzer",
        "organization_delegated_administrator_config_multiaccountsetup",
    )
    assert members(found, "organization_delegated_administrators") == {"dev", "sandbox"}
    assert members(found, "organization_delegated_administrator_access_analyzer") == {"dev"}


def test_tags_make_groups_where_asked_for() -> None:
    tree = set_tags(prod={"Environment": "Prod EU", "Team": "a"}, dev={"Environment": ""}, sandbox={})
    found = list_default(tree, tag_groups=["Env*"])
    assert members(found, "tag_environment_prod_eu") == {"prod"}
    assert members(found, "tag_environment") == {"dev"}
    assert {group for group in found.groups if group.startswith("tag_")} == {
        "tag_environment",
        "tag_environment_prod_eu",
    }
    assert not [group for group in list_default(tree).groups if group.startswith("tag_")]


# Accounts that can't be used, and the management account


def test_closed_accounts_are_left_out() -> None:
    assert CLOSED not in {found.variables["aws_account_id"] for found in list_default().hosts}


@pytest.mark.parametrize("state", ["SUSPENDED", "CLOSED", "PENDING_CLOSURE", "PENDING_ACTIVATION"])
def test_unusable_accounts_are_in_the_group_of_their_state_alone(state: str) -> None:
    tree = organization(account(PROD, "prod", "r-1", state=state), delegated_administrators={PROD: ("x",)})
    found = list_default(tree, unusable_accounts=True)
    assert host(found, "prod").groups == (f"account_state_{state.lower()}",)
    assert not host(found, "prod").worked_on


def test_the_management_account_stays_where_the_organization_is_worked_on() -> None:
    found = list_default(include=[{"ou": "/Workloads"}], exclude=[{"account": MANAGEMENT}])
    assert host(found, "management").groups == ("organization_management",)
    assert not host(found, "management").worked_on
    assert members(found, "aws_accounts") == {"prod", "dev"}


# Including and excluding


@pytest.mark.parametrize(
    ("options", "accounts"),
    [
        pytest.param({"include": [{"ou": "/Workloads"}]}, {"prod", "dev"}, id="a unit and all below"),
        pytest.param({"include": [{"ou": "Workloads/Production/"}]}, {"prod"}, id="slashes do not matter"),
        pytest.param({"include": [{"ou": "ou-1-box"}]}, {"sandbox"}, id="the id of a unit"),
        pytest.param({"include": [{"ou": "r-1"}]}, {"management", "prod", "dev", "sandbox"}, id="the id of the root"),
        pytest.param({"include": [{"account": "dev"}, {"account": SANDBOX}]}, {"dev", "sandbox"}, id="one or another"),
        pytest.param({"include": [{"account": int(PROD)}]}, {"prod"}, id="a number"),
        pytest.param({"include": [{"account": "?*d*"}]}, {"prod", "sandbox"}, id="wildcards"),
        pytest.param({"include": [{"ou": "/Workloads", "account": "*d*v*"}]}, {"dev"}, id="one and another"),
        pytest.param({"exclude": [{"ou": "/Workloads"}, {"account": "management"}]}, {"sandbox"}, id="exceptions"),
        pytest.param({"include": [{"ou": "/Workloads"}], "exclude": [{"account": "prod"}]}, {"dev"}, id="both"),
    ],
)
def test_accounts_are_chosen(options: dict[str, t.Any], accounts: set[str]) -> None:
    assert members(list_default(**options), "aws_accounts") == accounts


@pytest.mark.parametrize(
    ("tag", "accounts"),
    [
        ({"Env": "prod"}, {"prod"}),
        ({"Env": ["prod", "dev"]}, {"prod", "dev"}),
        ({"Env": "*"}, {"prod", "dev"}),
        ({"Env": "*", "Critical": True}, {"prod"}),
        ({"env": "prod"}, set()),
        ({"Cost": 17}, {"dev"}),
    ],
)
def test_accounts_are_chosen_by_tag(tag: dict[str, t.Any], accounts: set[str]) -> None:
    tree = set_tags(
        management={}, prod={"Env": "prod", "Critical": "true"}, dev={"Env": "dev", "Cost": "17"}, sandbox={}
    )
    assert members(list_default(tree, include=[{"tag": tag}]), "aws_accounts") == accounts


def test_accounts_of_leading_zeros_are_found() -> None:
    tree = organization(account("000000000042", "old", "r-1"))
    assert members(list_default(tree, include=[{"account": "000000000042"}]), "aws_accounts") == {"old"}


def test_a_number_is_an_id_and_gets_no_zeros() -> None:
    tree = organization(account("222233334444", "prod", "r-1"), account("022223333444", "42", "r-1"))
    assert members(list_default(tree, include=[{"account": 222233334444}]), "aws_accounts") == {"prod"}
    assert members(list_default(tree, include=[{"account": "42"}]), "aws_accounts") == {"42"}
    with pytest.raises(InvalidOption, match="account: '22223333444' is not an account id of 12 digits"):
        list_default(tree, include=[{"account": 22223333444}])
    assert members(list_default(tree, include=[{"account": "22223333444"}]), "aws_accounts") == set()


@pytest.mark.parametrize("option", ["include", "exclude"])
@pytest.mark.parametrize(
    ("selector", "complaint"),
    [
        ({}, "not a mapping of one or more of account, ou, tag"),
        ({"unit": "/x"}, "not a mapping of one or more of account, ou, tag"),
        ("prod", "not a mapping of one or more of account, ou, tag"),
        ({"ou": ""}, "ou: '' is not a text"),
        ({"ou": ["/a"]}, r"ou: \['/a'\] is not a text"),
        ({"account": None}, "account: None is not a text"),
        ({"account": True}, "account: True is not a text"),
        ({"tag": "Env"}, "tag: 'Env' is not a mapping"),
        ({"tag": {}}, "tag: {} is not a mapping"),
        ({"tag": {"Env": []}}, r"tag: Env: \[\] is neither a text"),
        ({"tag": {"Env": None}}, "tag: Env: None is neither a text"),
    ],
)
def test_what_selects_nothing_is_refused(option: str, selector: t.Any, complaint: str) -> None:
    with pytest.raises(InvalidOption, match=f"^{option}: .*{complaint}"):
        settings(**{option: [selector]})


@pytest.mark.parametrize(
    ("selector", "complaint"),
    [
        ({"ou": "/Workload"}, "there is no '/Workload' in the organization, only /, /Workloads,"),
        ({"account": "prd"}, "no account of the organization is called 'prd'"),
        ({"account": "prd-*"}, "no account of the organization is called"),
    ],
)
def test_misspelt_exceptions_are_refused(selector: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidOption, match=f"^exclude: .*{complaint}"):
        settings(exclude=[selector]).check(TREE)


def test_an_account_that_has_left_is_told() -> None:
    wanted = settings(include=[{"account": PROD}], exclude=[{"account": "999988887777"}])
    assert wanted.check(TREE) == ("exclude: account 999988887777 is not in the organization",)


# Whose tags are read


def test_tags_are_read_of_nobody_unless_needed() -> None:
    plain = settings(include=[{"ou": "/Workloads"}], compose={"x": "aws_account_name"})
    assert not find_undecided(TREE, plain) and not find_untagged(TREE, plain)


@pytest.mark.parametrize(
    ("options", "accounts"),
    [
        ({"include": [{"tag": {"Env": "prod"}}]}, {MANAGEMENT, PROD, DEV, SANDBOX}),
        ({"include": [{"ou": "/Workloads", "tag": {"Env": "prod"}}]}, {PROD, DEV}),
        ({"include": [{"ou": "/Workloads"}, {"tag": {"Env": "x"}}]}, {MANAGEMENT, SANDBOX}),
        ({"include": [{"ou": "/Workloads"}], "exclude": [{"tag": {"Env": "x"}}]}, {PROD, DEV}),
        ({"exclude": [{"tag": {"Env": "x"}}, {"ou": "/Workloads"}]}, {MANAGEMENT, SANDBOX}),
        ({"exclude": [{"tag": {"Env": "x"}}], "unusable_accounts": True}, {MANAGEMENT, PROD, DEV, SANDBOX, CLOSED}),
    ],
)
def test_tags_that_decide_are_read_of_the_undecided(options: dict[str, t.Any], accounts: set[str]) -> None:
    assert find_undecided(TREE, settings(**options)) == accounts


@pytest.mark.parametrize(
    "option",
    [
        {"tag_groups": ["Env"]},
        {"account_tags": "always"},
        {"compose": {"team": "aws_account_tags.Team"}},
        {"groups": {"slow": "'Tier' in aws_account_tags"}},
        {"keyed_groups": [{"key": "aws_account_tags", "prefix": "tag"}]},
    ],
)
def test_tags_that_are_shown_are_read_of_every_host(option: dict[str, t.Any]) -> None:
    wanted = settings(include=[{"ou": "/Workloads"}], **option)
    assert find_untagged(TREE, wanted) == {MANAGEMENT, PROD, DEV}
    assert find_untagged(set_tags(prod={}, management={}), wanted) == {DEV}


# Host variables


def test_variables_are_those_of_an_inventory_written_by_hand() -> None:
    found = list_default(organization_role_name="/iam-hardening/assessor")
    assert host(found, "prod").variables == {
        "aws_account_id": PROD,
        "aws_account_name": "prod",
        "aws_account_state": "ACTIVE",
        "aws_assessor_role_arn": f"arn:aws:iam::{PROD}:role/iam-hardening/assessor",
        "aws_assume_role_arn": f"arn:aws:iam::{PROD}:role/iam-hardening/automation",
        "aws_organization_role_arn": f"arn:aws:iam::{MANAGEMENT}:role/iam-hardening/assessor",
        "aws_organization_id": "o-1",
        "aws_ou_id": "ou-1-prod",
        "aws_ou_ids": ["r-1", "ou-1-work", "ou-1-prod"],
        "aws_ou_path": "/Workloads/Production",
        "aws_partition": "aws",
    }


def test_roles_are_of_the_partition_and_can_be_none() -> None:
    found = list_hosts(TREE, "aws-us-gov", settings(automation_role_name="", assessor_role_name="auditor"))
    variables = host(found, "dev").variables
    assert variables["aws_assessor_role_arn"] == f"arn:aws-us-gov:iam::{DEV}:role/auditor"
    assert "aws_assume_role_arn" not in variables and "aws_organization_role_arn" not in variables


@pytest.mark.parametrize("name", ["arn:aws:iam::111122223333:role/x", "a b", "a//b", "{{ x }}"])
def test_what_is_no_name_of_a_role_is_refused(name: str) -> None:
    with pytest.raises(InvalidOption, match="^automation_role_name: .* is not the name of a role"):
        settings(automation_role_name=name)


def test_addresses_and_tags_are_shown_where_wanted_and_read() -> None:
    tree = set_tags(prod={"Env": "prod"})
    found = list_default(tree, emails=True)
    assert host(found, "prod").variables["aws_account_email"] == f"{PROD}@example.com"
    assert host(found, "prod").variables["aws_account_tags"] == {"Env": "prod"}
    assert "aws_account_tags" not in host(found, "dev").variables
    assert "aws_account_email" not in host(list_default(tree), "prod").variables


# Names of hosts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Log Archive", "log-archive"),
        ("prod.eu_1", "prod.eu_1"),
        ("web[1:3],db:&x!", "web-1-3-db-x"),
        ("-dash-", "dash"),
        ("Zürich", "zurich"),
        ("本番", PROD),
        ("", PROD),
        ("localhost", PROD),
        ("All", PROD),
        ("aws_accounts", PROD),
        ("127.0.0.1", PROD),
        # The host of another account with the same name, and that of the other account by its id.
        (f"app-1-{DEV}", PROD),
        (DEV, PROD),
    ],
)
def test_names_suit_hosts(name: str, expected: str) -> None:
    found = list_default(organization(account(PROD, name, "r-1")))
    assert {candidate.name for candidate in found.hosts} == {"management", expected}


def test_accounts_that_share_a_name_are_told_apart() -> None:
    tree = organization(account(PROD, "App 1", "r-1"), account(DEV, "app-1", "r-1"))
    assert members(list_default(tree), "aws_accounts") == {"management", f"app-1-{PROD}", f"app-1-{DEV}"}
    # Not by what happens to be listed.
    assert members(list_default(tree, include=[{"account": PROD}]), "aws_accounts") == {f"app-1-{PROD}"}


def test_an_account_keeps_its_name_beside_its_closed_predecessor() -> None:
    tree = organization(account(PROD, "app", "r-1"), account(DEV, "app", "r-1", state="CLOSED"))
    found = list_default(tree, unusable_accounts=True)
    assert {candidate.name for candidate in found.hosts} == {"management", "app", f"app-{DEV}"}


def test_ids_can_be_names() -> None:
    assert members(list_default(hostnames="id"), "aws_accounts") == {MANAGEMENT, PROD, DEV, SANDBOX}


@pytest.mark.parametrize(
    "name",
    ["ou_root", "ou_workloads", "OU_Workloads_Production", "account_state_active", "tag_env_prod", "ou_sandbox"],
)
def test_no_host_is_named_like_a_group(name: str) -> None:
    """Whatever an account calls itself: not even like a group in which nobody is listed."""
    tree = organization(account(SANDBOX, name, "ou-1-box", tags={"Env": "prod"}), units=UNITS)
    found = list_default(tree, tag_groups=["Env"])
    assert {candidate.name for candidate in found.hosts} == {"management", SANDBOX}
    assert not {candidate.name for candidate in found.hosts} & {
        *found.groups,
        *(group for item in found.hosts for group in item.groups),
    }
