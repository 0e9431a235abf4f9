# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from emulator import seed
from emulator.seed.structure import expand
from unit.emulator.seeded import account

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def load(**settings: t.Any) -> seed.Account:
    return seed.load(account(**settings), now=NOW).accounts["123456789012"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", ["plain"]),
        ("dev-team-{01..03}-role", ["dev-team-01-role", "dev-team-02-role", "dev-team-03-role"]),
        ("{8..10}", ["8", "9", "10"]),
        ("a{1..2}b{1..2}", ["a1b1", "a1b2", "a2b1", "a2b2"]),
    ],
)
def test_names_expand_as_in_a_shell(name: str, expected: list[str]) -> None:
    assert expand(name) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"user": {}}, r"accounts.123456789012: unknown key 'user'; allowed: name, .*users"),
        (
            {"users": {"bob": {"pasword": {}}}},
            r"accounts.123456789012.users.bob: unknown key 'pasword'; allowed: path,",
        ),
        (
            {"users": {"bob": {"mfa": ["sms"]}}},
            r"users.bob.mfa\[0\]: 'sms' \(str\) is not allowed; allowed: virtual, h",
        ),
        ({"users": {"bob": {"mfa": "virtual"}}}, r"users.bob.mfa: expected a list, got 'virtual' \(str\)"),
        ({"users": {"bob": {"created_days": True}}}, r"users.bob.created_days: expected float, got True \(bool\)"),
        ({"users": {"bob": {"groups": ["staff"]}}}, r"users.bob.groups: 'staff' is not one of none"),
        ({"users": {"bob": {"access_keys": [{}, {}, {}]}}}, r"users.bob.access_keys: a user has two keys at most"),
        ({"users": {"bob-{1..3}": {}, "bob-2": {}}}, r"users: 'bob-2' is defined twice"),
        ({"users": {7: {}}}, r"users: the key 7 \(int\) must be quoted"),
        ({"roles": {"app": {}}}, r"roles.app: missing key 'trust'"),
        ({"ou": "Lab"}, r"ou: 'Lab' is not one of none"),
        ({"root": {"mfa": "fido"}}, r"root.mfa: 'fido' \(str\) is not allowed; allowed: none, virtual, hardware"),
        (
            {"regions": {"us-east-1": {"analyzers": {"a": {"type": "X"}}}}},
            r"analyzers.a.type: 'X' \(str\) is not allowed",
        ),
        ({"users": ["bob"]}, r"users: expected a mapping, got \['bob'\] \(list\)"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(settings: dict[str, t.Any], message: str) -> None:
    with pytest.raises(seed.SeedError, match=message):
        load(**settings)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"acounts": {}}, r"seed: unknown key 'acounts'; allowed: organization, management_account, every_account"),
        ({"accounts": {}}, r"accounts: expected a mapping from account ids to accounts, with at least one"),
        ({"accounts": {"42": {"name": "x"}}}, r"accounts: '42' is not an account id: twelve digits, quoted"),
        ({"accounts": {111122223333: {"name": "x"}}}, r"management_account: '111122223333' is not one of"),
        ({**account(), "organization": {"name": "x"}}, r"organization: unknown key 'name'; allowed: id,"),
        ({**account(), "organization": {"organizational_units": []}}, r"organization: missing key 'id'"),
        (
            {**account(), "organization": {"id": "o-1", "delegated_administrators": {"iam.amazonaws.com": "9"}}},
            r"organization.delegated_administrators.iam.amazonaws.com: '9' is not an account",
        ),
    ],
)
def test_the_top_of_a_seed_is_checked_too(structure: dict[str, t.Any], message: str) -> None:
    with pytest.raises(seed.SeedError, match=message):
        seed.load(structure, now=NOW)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("acmee", r"no seed 'acmee': neither a file nor one of acme, bare, clean, developers, gov, incident, scale:…"),
        ("scale:acounts=3", r"scale: 'acounts=3' is not understood; allowed: accounts, users, roles, policies"),
        ("scale:accounts=many", r"scale: 'accounts=many' is not understood"),
    ],
)
def test_an_unknown_source_is_an_error(source: str, message: str) -> None:
    with pytest.raises(seed.SeedError, match=message):
        seed.load(source, now=NOW)


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(seed.SeedError, match="now: a moment without time zone is ambiguous"):
        seed.load("bare", now=datetime(2026, 11, 24))


def test_accounts_share_what_every_account_says_and_may_replace_it() -> None:
    trust = {"Version": "2012-10-17", "Statement": {"Principal": {"AWS": "<account_id> <management_account_id>"}}}
    own: dict[str, t.Any] = {"Statement": []}
    organization = seed.load(
        {
            "x-ignored": 1,
            "management_account": "111122223333",
            "every_account": {"roles": {"reader": {"trust": trust, "tags": {"a": "1"}}}},
            "every_member": {"roles": {"member": {"trust": trust}}},
            "accounts": {
                "111122223333": {"name": "management"},
                "222233334444": {"name": "member", "roles": {"reader": {"trust": own, "tags": {"b": "2"}}}},
            },
        },
        now=NOW,
    )
    management, member = organization.management_account, organization.accounts["222233334444"]
    assert list(management.roles) == ["reader"]
    assert list(member.roles) == ["reader", "member"]
    assert management.roles["reader"].trust["Statement"]["Principal"]["AWS"] == "111122223333 111122223333"
    assert member.roles["member"].trust["Statement"]["Principal"]["AWS"] == "222233334444 111122223333"
    assert member.roles["reader"].trust == own
    assert member.roles["reader"].tags == {"a": "1", "b": "2"}
    assert organization.id is None


def test_policy_versions_are_strings_not_dates(tmp_path: t.Any) -> None:
    path = tmp_path / "dates.yml"
    path.write_text('accounts: {"123456789012": {name: one, policies: {p: {document: {Version: 2012-10-17}}}}}')
    organization = seed.load(path, now=NOW)
    assert organization.accounts["123456789012"].policies["p"].document == {"Version": "2012-10-17"}
