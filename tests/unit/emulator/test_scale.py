# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from emulator import scale
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
