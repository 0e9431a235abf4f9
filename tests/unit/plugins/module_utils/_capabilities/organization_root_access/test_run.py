# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.run import write_text

ORGANIZATION = {
    "id": "o-1",
    "features": ["RootCredentialsManagement"],
    "delegated_administrators": [],
}


def _member(number: int, **fields: t.Any) -> dict[str, t.Any]:
    counts = {"access_keys": 0, "signing_certificates": 0, "mfa_devices": 0, "last_used": None}
    named = {"account_id": f"{number:012}", "name": f"account {number}", "assessed": True, "reason": None}
    return {**named, **counts, "password": False, "clean": False, **fields}


def test_the_text_says_who_has_what() -> None:
    members = [
        _member(1, password=True, mfa_devices=1, last_used="2026-01-01T00:00:00Z"),
        _member(2, clean=True),
        {"account_id": "000000000003", "name": "a\x1b[31m", "assessed": False, "reason": "AccessDenied"},
        _member(4, access_keys=2),
    ]
    refused = [{"rule": "in_use", "reason": "its password was used 2 days ago"}]
    assert write_text({"organization": ORGANIZATION, "members": members}, refused).splitlines() == [
        "Central root access in o-1: on are RootCredentialsManagement; delegated administrators: none.",
        "Root users of 4 member accounts: 1 without credentials, 2 with some, 1 not assessed.",
        "  account 1 (000000000001): a password, mfa devices: 1; last used 2026-01-01T00:00:00Z",
        "  a?[31m (000000000003): not assessed: AccessDenied",
        "  account 4 (000000000004): access keys: 2; last used never recorded",
        "  refused (in_use): its password was used 2 days ago",
    ]


def test_a_large_organization_is_not_listed_whole() -> None:
    lines = write_text({"organization": ORGANIZATION, "members": [_member(n) for n in range(60)]}, ()).splitlines()
    assert (len(lines), lines[-1]) == (53, "  and 10 more")


def test_without_an_organization() -> None:
    assert write_text({"organization": None, "members": []}, ()) == (
        "Central root access: the organization is not known."
    )
    unknown = {**ORGANIZATION, "features": None}
    assert "on are not known" in write_text({"organization": unknown, "members": []}, ())
