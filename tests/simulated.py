# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulation held against the real run with the same declaration afterwards.

``make test`` has two accounts, ``make bench`` a hundred.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._report.states import IF_APPROVED, changes_of

Record = dict[str, t.Any]

# The declaration that is simulated. One role reports, and one is off.
WANTED: t.Final[Record] = {
    "password_policy_minimum_password_length": 20,
    "access_analyzer_mode": "report",
    "security_hub_mode": "off",
}
_MODULES: t.Final = {
    "password_policy": "password_policy",
    "access_keys": "access_key_lifecycle",
    "user_permissions": "user_permissions",
    "permissions_boundary": "permissions_boundary",
    "access_analyzer": "access_analyzer",
    "config_rules": "config_rules",
    "event_alerts": "event_alerts",
}


def check_real_run(simulation: Path, reports: Path, accounts: Sequence[str]) -> Record:
    """Check that the real run planned, refused and applied in these accounts what was simulated; return the counts."""
    applied = refused = 0
    for account in accounts:
        document = _read(simulation / "accounts" / f"{account}.json")
        roles = {role["role"]: role for role in document["roles"]}
        assert roles.pop("security_hub")["state"] == "off"
        assert roles.pop("findings_export")["state"] in ("not_simulated", "off")
        assert roles.pop("trial_deadlines")["state"] in ("not_simulated", "off")
        assert set(roles) == set(_MODULES)
        for name, role in roles.items():
            part = _read_part(reports / account, _MODULES[name])
            assert role["state"] == "known", (account, name, role["missed"], role["message"])
            assert _sign(role["changes"]) == _sign(changes_of(part)), (account, name)
            assert _sign_refusals(role["refused"]) == _sign_refusals(part["refused"]), (account, name)
            applied += sum(change["applied"] for change in part["changes"])
            refused += len(part["refused"])
        assert {change["state"] for change in roles["access_analyzer"]["changes"]} <= {"reported"}
    counts = t.cast(Record, _read(simulation / "simulation.json")["counts"])
    assert counts["planned"] == applied > 0
    assert counts["refused"] == refused
    return counts


def _read(path: Path) -> Record:
    return t.cast(Record, json.loads(path.read_text(encoding="utf-8")))


def _read_part(account: Path, module: str) -> Record:
    """Read what a module left for the report of the account, in the newest run that has it."""
    found = account.glob(f"parts/*/**/{module}.json")
    return _read(max(found, key=lambda path: path.stat().st_mtime_ns))


def _sign(changes: Iterable[Record]) -> list[tuple[str, ...]]:
    """What changes, and whether only an approval is missing. A real run has applied what was planned."""
    names = ("service", "operation", "region", "target")
    return sorted((*(change[name] for name in names), str(change["state"] == IF_APPROVED)) for change in changes)


def _sign_refusals(refusals: Iterable[Record]) -> list[tuple[str, ...]]:
    return sorted((item["rule"], item["operation"] or "", item["target"], item["reason"]) for item in refusals)
