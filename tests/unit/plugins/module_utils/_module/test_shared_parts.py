# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.shared_parts import SharedParts

ACCOUNT = "111122223333"


def test_hosts_of_one_run_and_incident_share_their_parts(tmp_path: Path) -> None:
    files = RunFiles(tmp_path / "private", b"s" * 32)
    mine = SharedParts(files, "run-1", "INC-7")
    assert mine.are_shared
    assert mine.read(ACCOUNT) is None
    assert mine.write(ACCOUNT, {"edges": 1})
    assert SharedParts(files, "run-1", "INC-7").read(ACCOUNT) == {"edges": 1}
    for other in (SharedParts(files, "run-2", "INC-7"), SharedParts(files, "run-1", "INC-8")):
        assert other.read(ACCOUNT) is None
    assert mine.read("444455556666") is None


def test_what_another_process_wrote_is_never_read(tmp_path: Path) -> None:
    directory = tmp_path / "private"
    SharedParts(RunFiles(directory, b"x" * 32), "run-1", "INC-7").write(ACCOUNT, {"edges": 1})
    assert SharedParts(RunFiles(directory, b"s" * 32), "run-1", "INC-7").read(ACCOUNT) is None


def test_without_files_nothing_is_shared() -> None:
    alone = SharedParts(None, "run-1", "INC-7")
    assert not alone.are_shared
    assert not alone.write(ACCOUNT, {})
    assert alone.read(ACCOUNT) is None
