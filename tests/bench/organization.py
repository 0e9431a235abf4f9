# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organizations of many accounts with nothing in them, as seeds: what is measured is how they are found."""

from __future__ import annotations

import typing as t

MANAGEMENT: t.Final = 900_000_000_000
TOP_UNITS: t.Final = 12


def structure(*, accounts: int, units: int) -> dict[str, t.Any]:
    """So many accounts, the management account among them, spread evenly over so many units on two levels."""
    paths = [f"Unit {number:02d}" for number in range(min(units, TOP_UNITS))]
    paths += [f"{paths[number % TOP_UNITS]}/Team {number:02d}" for number in range(TOP_UNITS, units)]
    return {
        "management_account": str(MANAGEMENT),
        "organization": {"id": "o-large12345", "organizational_units": paths},
        "accounts": {
            str(MANAGEMENT + number): {"name": f"Account {number}", "ou": paths[number % units] if number else None}
            for number in range(accounts)
        },
    }
