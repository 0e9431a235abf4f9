# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of roles behind the options of modules."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._role_options import RoleOptions, load_table
from ansible_collections.hardening.iam.plugins.plugin_utils._variables import load_variables

ROLE = RoleOptions(
    options={
        "account_id": "aws_account_id",
        "regions": "aws_regions",
        "journal": "hardening_journal",
        "waivers": "hardening_waivers",
        "boundaries": "permissions_boundary_boundaries",
        "terminal": "preflight_terminal",
        "assume_role_external_id": "aws_external_id",
    },
    members={"boundaries[0].targets": "permissions_boundary_targets"},
)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("account_id: 'x' is none", "aws_account_id: 'x' is none"),
        ("regions: 'eu' is none", "aws_regions: 'eu' is none"),
        ("waivers[0].owner: missing", "hardening_waivers[0].owner: missing"),
        (
            "waivers[0]: a; waivers[1]: b\nwaivers[2]: c",
            "hardening_waivers[0]: a; hardening_waivers[1]: b\nhardening_waivers[2]: c",
        ),
        (
            "UpdatePolicy on arn:aws:iam::1:x: journal: can't write.\nLet it, or set journal to another directory.",
            "UpdatePolicy on arn:aws:iam::1:x: hardening_journal: can't write.\n"
            "Let it, or set hardening_journal to another directory.",
        ),
        ("journal (hardening_journal): others can write", "hardening_journal: others can write"),
        ("Check assume_role_external_id (not set).", "Check aws_external_id (not set)."),
        (
            "without check mode this fails: account_id: not set",
            "without check mode this fails: aws_account_id: not set",
        ),
        # Words of plain English, values and paths are left as they are.
        ("no regions: read", "no regions: read"),
        ("can't write /srv/account_id/journal", "can't write /srv/account_id/journal"),
        ("'account_id' is no value", "'account_id' is no value"),
        ("sts:AssumeRole in us-east-1: AccessDenied", "sts:AssumeRole in us-east-1: AccessDenied"),
        ("hardening_account_id is another name", "hardening_account_id is another name"),
    ],
)
def test_variables_stand_in_place_of_options(message: str, named: str) -> None:
    assert ROLE.name_variables(message, {}) == named


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({}, "permissions_boundary_targets[0]: no criterion"),
        (
            {"permissions_boundary_boundaries": [{"targets": "{{ permissions_boundary_targets }}"}]},
            "permissions_boundary_targets[0]: no criterion",
        ),
        (
            {"permissions_boundary_boundaries": [{"targets": []}]},
            "permissions_boundary_boundaries[0].targets[0]: no criterion",
        ),
    ],
)
def test_a_member_has_a_variable_of_its_own_unless_the_list_is_set(raw: dict[str, object], named: str) -> None:
    assert ROLE.name_variables("boundaries[0].targets[0]: no criterion", raw) == named


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"preflight_terminal": "full"}, "preflight_terminal"),
        ({"preflight_terminal": "{{ hardening_terminal | default('brief') }}"}, "hardening_terminal"),
    ],
)
def test_the_variable_that_a_default_takes_is_named(raw: dict[str, object], named: str) -> None:
    assert ROLE.name_variables("terminal: 'ful'", raw) == f"{named}: 'ful'"


def test_the_table_names_variables_that_exist() -> None:
    known = load_variables()
    table = load_table()
    for role in table.roles.values():
        names = {*role.options.values(), *role.members.values(), *role.checked}
        assert names <= known.names
    assert "password_policy_mode" in table.modes
    assert len(table.modes) == 18
    assert table.allowed["minimum_password_length"] == "from 6 to 128"
