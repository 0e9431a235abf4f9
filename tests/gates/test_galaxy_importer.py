# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Galaxy's importer judges the artifact that would be published."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

from scope import runs_all

from .environments import run
from .staging import Stage


def test_galaxy_importer(
    tools: t.Mapping[str, str], staged: Stage, tmp_path: Path, record_property: t.Callable[[str, object], None]
) -> None:
    """Its own run of ansible-lint repeats test_ansible_lint.py."""
    importer = [sys.executable, "-m", "galaxy_importer.main"]
    output = run(
        [*importer, "--git-clone-path", staged.collection, "--output-path", tmp_path],
        cwd=tmp_path,
        env={
            **tools,
            # It gives ansible-doc a collections path of its own, beside which only the installed packages have
            # amazon.aws.
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "true",
            "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": str(runs_all()),
        },
    )
    complaints = [line for line in output.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert not complaints, output
    assert (tmp_path / "importer_result.json").exists(), output
    if not runs_all():
        record_property("environment", "NOT REPEATED ansible-lint by the importer: make test-all runs it")
