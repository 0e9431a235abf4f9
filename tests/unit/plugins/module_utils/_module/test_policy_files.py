# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of new policies: a later run leaves no policy and no proof of an earlier one."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.policy_files import (
    name_folder,
    write_files,
    write_patches,
)

from .._report import new_policies

FOLDER = Path("111122223333/least_privilege/role-dev")


def write(directory: Path, *principals: dict[str, t.Any], **fields: t.Any) -> None:
    document = {"schema": "hardening.iam/least_privilege/1", **new_policies.document(*principals, **fields)}
    write_files(DirectoryStore(str(directory)), document, placeholders=False)


def test_policies_and_proofs_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    other = new_policies.principal(principal="arn:aws:iam::111122223333:role/other")
    write(tmp_path, new_policies.principal(), other)
    (tmp_path / FOLDER / "notes.txt").write_text("of a person")
    write(tmp_path, new_policies.principal(outcome="refused", reason="no", documents=[], proofs=[]))
    for name in ("lp-dev-1.json", "proof.json", "cloudformation.json"):
        assert json.loads((tmp_path / FOLDER / name).read_text()) == {
            "note": "This file was of an earlier run. The present one has no such file."
        }
    assert (tmp_path / FOLDER / "policies.tf").read_text().startswith("# This file was of an earlier run")
    assert (tmp_path / FOLDER / "notes.txt").read_text() == "of a person"
    assert json.loads((tmp_path / FOLDER / "least_privilege.json").read_text())["outcome"] == "refused"
    assert json.loads((tmp_path / FOLDER.with_name("role-other") / "proof.json").read_text())[0]["is_proved"]


def test_a_second_run_writes_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, new_policies.principal())
    before = {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()}
    write(tmp_path, new_policies.principal(), created="2026-11-21T12:00:00Z")
    assert {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()} == before


def test_a_patch_replaces_one_that_nobody_may_apply_any_more(tmp_path: Path) -> None:
    place, folder = (
        DirectoryStore(str(tmp_path)),
        name_folder("111122223333", "role", "arn:aws:iam::111122223333:role/x/dev"),
    )
    assert Path(folder) == FOLDER
    write_patches(place, folder, {"patch.tf": "", "patch.yaml": ""})
    assert not (tmp_path / FOLDER).exists()
    write_patches(place, folder, {"patch.tf": "a = 1\n", "patch.yaml": ""})
    assert {path.name: path.read_text() for path in (tmp_path / FOLDER).iterdir()} == {"patch.tf": "a = 1\n"}
    write_patches(place, folder, {"patch.tf": "", "patch.yaml": "a: 1\n"})
    assert "of an earlier run" in (tmp_path / FOLDER / "patch.tf").read_text()
    assert (tmp_path / FOLDER / "patch.yaml").read_text() == "a: 1\n"
    # New policies make the patches of earlier ones worthless.
    write(tmp_path, new_policies.principal())
    assert "of an earlier run" in (tmp_path / FOLDER / "patch.yaml").read_text()
