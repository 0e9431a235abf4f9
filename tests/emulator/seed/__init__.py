# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds: the emulated accounts as YAML, and their way into moto's backends.

organization = seed.load("acme", now=now)
populate.apply(organization, now=now)

``emulator.seed.populate`` is imported by those who need it: it imports moto, which takes most of a second.
"""

from __future__ import annotations

from emulator.seed.identifiers import access_key_id, secret_access_key
from emulator.seed.model import Account, Organization
from emulator.seed.source import load, names
from emulator.seed.structure import SeedError

__all__ = [
    "Account",
    "Organization",
    "SeedError",
    "access_key_id",
    "load",
    "names",
    "secret_access_key",
]
