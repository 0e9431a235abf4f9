# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/privilege_escalation.md is what the methods say."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.generate_escalation_doc import SECTIONS, TARGET, render

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods import METHODS
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods_schema import Method


def test_the_file_is_in_step_with_the_methods() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run tests/scripts/generate_escalation_doc.py"


def test_the_file_is_that_of_this_checkout(checkout: Path) -> None:
    assert checkout / "docs" / "privilege_escalation.md" == TARGET


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.id)
def test_every_method_is_in_one_section(method: Method) -> None:
    assert sum(belongs(method) for belongs in SECTIONS.values()) == 1
