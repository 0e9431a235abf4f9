# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of assumptions: each has an experiment, a source and a row in the docs, and can be made false."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.assumptions import ASSUMPTIONS, list_unconfirmed
from ansible_collections.hardening.iam.plugins.module_utils._acceptance.experiments import EXPERIMENTS
from ansible_collections.hardening.iam.plugins.module_utils._acceptance.lab import PATH
from emulator import contrary, judge

CHECKOUT: t.Final = Path(__file__).resolve().parents[5]


def rows() -> dict[str, list[str]]:
    """The cells of each row of the docs' table, by the name in the first one."""
    text = (CHECKOUT / "docs" / "acceptance.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition("## Assumptions")[2], flags=re.MULTILINE)
    return {name: rest.split(" | ") for name, rest in lines}


def test_every_assumption_has_an_experiment() -> None:
    assert list(EXPERIMENTS) == [item.id for item in ASSUMPTIONS]


def test_every_assumption_names_a_page_of_aws() -> None:
    assert all(item.source.startswith("https://docs.aws.amazon.com/") for item in ASSUMPTIONS)


def test_every_assumption_can_be_made_false() -> None:
    assert {item.id for item in ASSUMPTIONS} == contrary.KNOWN
    assert judge.PATH == PATH


def test_modules_rest_on_what_they_name() -> None:
    """Only vital ones that nobody has confirmed are said of a plan, and only of plans that rest on them."""
    named = {name for item in ASSUMPTIONS for name in item.modules}
    assert named <= {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    assert all(item.is_vital for item in ASSUMPTIONS if item.modules)
    (of_keys,) = list_unconfirmed(["access_key_lifecycle"])
    assert of_keys.id == "inactive_key_is_refused"
    assert list_unconfirmed(["password_policy"]) == list_unconfirmed([]) == ()


def test_the_docs_list_every_assumption() -> None:
    expected = {
        item.id: [
            item.statement,
            item.relied_on_by,
            "yes" if item.is_vital else "",
            item.confirmed or "not yet",
            f"[AWS]({item.source})",
        ]
        for item in ASSUMPTIONS
    }
    assert rows() == expected


def test_the_release_notes_carry_the_count_of_those_that_no_real_account_confirmed() -> None:
    notes = yaml.safe_load((CHECKOUT / "changelogs/fragments/acceptance.yml").read_text(encoding="utf-8"))
    unconfirmed = sum(item.confirmed is None for item in ASSUMPTIONS)
    assert any(note.startswith(f"{unconfirmed} assumptions about AWS") for note in notes["known_issues"])
