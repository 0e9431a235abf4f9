# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/controls.md is what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts.generate_controls_doc import TARGET, render

from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls


@pytest.fixture(scope="module")
def text() -> str:
    return render()


def test_the_file_is_in_step_with_the_catalogue(text: str) -> None:
    assert TARGET.read_text(encoding="utf-8") == text, "run tests/scripts/generate_controls_doc.py"


def test_the_file_is_that_of_this_checkout(checkout: Path) -> None:
    assert checkout / "docs" / "controls.md" == TARGET


@pytest.mark.parametrize("control", [control.id for control in all_controls()])
def test_every_control_has_a_section_that_links_reach(text: str, control: str) -> None:
    assert text.count(f'<a id="{control}"></a>') == 1
    assert f"[{control}](#{control})" in text


def test_every_link_has_a_target(text: str) -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == set(re.findall(r'<a id="([^"]+)">', text))
