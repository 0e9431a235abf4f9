# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.doubts import Doubts, doubt_directory
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir(mode=0o700)
    made.chmod(0o700)
    return made


def doubt(path: Path) -> Doubts:
    return doubt_directory(str(path))


def own(monkeypatch: pytest.MonkeyPatch, path: Path, user: int) -> None:
    """Let a path, and no other, belong to a user."""
    stat, lstat = Path.stat, Path.lstat

    def change(original: t.Callable[..., os.stat_result]) -> t.Any:
        def read(self: Path, **more: t.Any) -> os.stat_result:
            found = original(self, **more)
            return os.stat_result((*found[:4], user, *found[5:10])) if self == path else found

        return read

    monkeypatch.setattr(Path, "stat", change(stat))
    monkeypatch.setattr(Path, "lstat", change(lstat))


def test_a_private_directory_of_the_user_is_trusted_and_so_is_one_that_is_not_there(directory: Path) -> None:
    assert doubt(directory) == doubt(directory / "missing") == Doubts()


@pytest.mark.parametrize(
    ("mode", "refuses", "warns"),
    [
        (0o700, False, False),
        (0o755, False, False),
        (0o750, False, False),
        (0o770, False, True),
        (0o777, True, False),
        (0o702, True, False),
        (0o1777, True, False),
    ],
)
def test_a_directory_that_others_may_write_to(directory: Path, mode: int, refuses: bool, warns: bool) -> None:
    directory.chmod(mode)
    found = doubt(directory)
    assert (bool(found.refused), bool(found.warned)) == (refuses, warns)
    assert all(f"mode {mode:04o}" in text for text in (*found.refused, *found.warned))


def test_a_directory_of_another_user_is_a_warning(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.geteuid() + 4711
    own(monkeypatch, directory, other)
    found = doubt(directory)
    assert found.refused == () and f"belongs to the user with the id {other}" in found.warned[0]
    own(monkeypatch, directory, 0)
    assert doubt(directory) == Doubts()


def test_a_link_is_named_and_one_that_another_user_made_is_refused(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(directory)
    found = doubt(link)
    assert found.refused == () and "name that directory itself" in found.warned[0] and str(directory) in found.warned[0]
    directory.chmod(0o777)
    assert len(doubt(link).refused) == 1 and len(doubt(link).warned) == 1
    directory.chmod(0o700)
    lstat = Path.lstat
    other = os.geteuid() + 4711

    def read(self: Path) -> os.stat_result:
        found = lstat(self)
        return os.stat_result((*found[:4], other, *found[5:10])) if self == link else found

    monkeypatch.setattr(Path, "lstat", read)
    found = doubt(link)
    assert found.warned == () and f"the user with the id {other} made and can change" in found.refused[0]


def test_a_link_that_leads_nowhere_is_doubted_all_the_same(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")
    assert len(doubt(link).warned) == 1


def test_a_place_that_cannot_be_looked_at_is_an_error(directory: Path) -> None:
    (directory / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="can't read"):
        doubt(directory / "file" / "journal")
