# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on persistence lists the events that the sweep looks at, each in its family."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Family
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.rules import RULES


@pytest.mark.parametrize("family", sorted({rule.family for rule in RULES}))
def test_the_page_lists_every_event(family: Family, checkout: Path) -> None:
    page = (checkout / "docs" / "persistence.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{family.value}`: "))
    listed = {
        (source, name)
        for source, names in re.findall(r"`([a-z0-9-]+)`: ((?:`\w+`(?:, )?)+)", row)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert listed == {(rule.source, name) for rule in RULES if rule.family is family for name in rule.names}


def test_the_page_names_every_family(checkout: Path) -> None:
    page = (checkout / "docs" / "persistence.md").read_text(encoding="utf-8")
    assert [family.value for family in Family if f"`{family.value}`" not in page] == []
