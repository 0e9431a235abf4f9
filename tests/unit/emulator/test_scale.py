# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from emulator import scale
from emulator.extensions.organizations_pages import MOST_RESULTS
from unit.emulator.seeded import serving


def test_the_same_arguments_give_the_same_organization() -> None:
    assert scale.generate(accounts=3, users=20) == scale.generate(accounts=3, users=20)


def test_sizes_are_as_asked() -> None:
    structure = scale.generate(accounts=4, users=30, roles=12, policies=9)
    assert len(structure["accounts"]) == 4
    for settings in structure["accounts"].values():
        assert (len(settings["users"]), len(settings["roles"]), len(settings["policies"])) == (30, 12, 9)


def test_an_organization_has_an_account() -> None:
    with pytest.raises(ValueError, match="accounts: at least one"):
        scale.generate(accounts=0)


def test_a_generated_account_is_varied_and_can_be_entered() -> None:
    with serving("scale:accounts=2,users=40,roles=8,policies=10") as seeded:
        iam = seeded.client("iam", "900000000001")
        details = iam.get_account_authorization_details(MaxItems=1000)
        users = details["UserDetailList"]
        assert len(users) == 40
        assert any("PermissionsBoundary" in user for user in users)
        assert any(user["UserPolicyList"] for user in users)
        assert {group for user in users for group in user["GroupList"]} == {
            "administrators",
            "auditors",
            "developers",
            "operators",
        }
        assert len([policy for policy in details["Policies"] if ":aws:policy" not in policy["Arn"]]) == 10
        while iam.generate_credential_report()["State"] != "COMPLETE":
            pass
        rows = iam.get_credential_report()["Content"].decode().splitlines()
        assert len(rows) == 42
        organization = seeded.client("organizations", "900000000001").describe_organization()["Organization"]
        assert organization["Id"] == scale.ORGANIZATION_ID


def pages_of(client: t.Any, operation: str, key: str, **parameters: str) -> list[list[dict[str, t.Any]]]:
    return [page[key] for page in client.get_paginator(operation).paginate(**parameters)]


def test_thousands_of_accounts_are_listed_in_a_tree_of_units() -> None:
    with serving("scale:accounts=2000,units=60,users=1,roles=0,policies=0") as seeded:
        client = seeded.client("organizations")
        pages = pages_of(client, "list_accounts", "Accounts")
        assert {len(page) for page in pages} == {MOST_RESULTS}
        accounts = {account["Id"]: account for page in pages for account in page}
        assert len(accounts) == 2000
        assert sum(account["Status"] == "SUSPENDED" for account in accounts.values()) == 20
        found, depths = walk(client, client.list_roots()["Roots"][0]["Id"])
        assert found == set(accounts)
        assert len(depths) == 61 and max(depths) == 3
        tags = client.list_tags_for_resource(ResourceId="900000000005")["Tags"]
        assert {"Key": "environment", "Value": "sandbox"} in tags


def walk(client: t.Any, parent: str, depth: int = 0) -> tuple[set[str], list[int]]:
    """The ids of the accounts under a root or unit, and how deep it and each unit under it lie."""
    found = {
        account["Id"]
        for page in pages_of(client, "list_accounts_for_parent", "Accounts", ParentId=parent)
        for account in page
    }
    depths = [depth]
    for page in pages_of(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        for unit in page:
            under, deeper = walk(client, unit["Id"], depth + 1)
            found |= under
            depths += deeper
    return found, depths
