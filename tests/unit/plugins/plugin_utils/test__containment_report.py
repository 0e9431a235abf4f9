# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a containment, where some of its files can't be written."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.plugin_utils._containment_report import run

from ._render.test_containment_text import CONTAINED, HOME, INCIDENT, NOW, credentials, seed

FILES: t.Final = ("contain_again.yml", "verdict.json", "hunt_seeds.yml", "on_call.html", "management.html")


class Store(DirectoryStore):
    """A place in which one file can't be written."""

    refused = "none"

    def put(self, key: str, content: bytes) -> str:
        if key.endswith(f"/{self.refused}"):
            raise StoreError(f"{key} is refused")
        return super().put(key, content)


@pytest.mark.parametrize("refused", [*FILES, "none"])
def test_what_was_written_before_an_error_counts(tmp_path: Path, refused: str) -> None:
    """The next run and the hunt begin with files that do not depend on the pages."""
    store = Store(str(tmp_path))
    store.refused = refused
    options = {
        "incident": {**INCIDENT, "keys": [{"id": "AKIAIOSFODNN7EXAMPLE"}], "confirm": "INC-7"},
        "containments": [credentials(HOME, seed("home"), contained=[CONTAINED])],
        "failures": [],
        "reveal_key_ids": False,
        "contain_command": "ansible-playbook contain.yml",
        "ascii": False,
        "terminal": "full",
    }
    task = Task(options=options, operations=Operations(), check_mode=False, clock=lambda: NOW)
    result = run(task, store)
    before = FILES[: FILES.index(refused)] if refused in FILES else FILES
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == set(before)
    assert result["verdict"] == "contained"
    assert bool(result["hunt"]) is ("hunt_seeds.yml" in before)
    assert ("contain_again.yml" in result["terminal"]) is ("contain_again.yml" in before)
    assert ("Pages: " in result["terminal"]) is (refused == "none")
    assert len(task.warnings) == (refused != "none")
