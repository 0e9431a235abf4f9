# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact that users install: all of the collection is in it, and nothing else that lies in the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from gates.staging import CHECKOUT, tracked_files

SHIPPED = (
    *("changelogs/", "docs/", "examples/", "extensions/eda/", "LICENSES/", "meta/", "playbooks/", "plugins/", "roles/"),
)
SHIPPED_FILES = {
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "MAINTAINERS",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
}
# What lies about in the checkouts of those who run it.
SECRETS = (
    ".env",
    "ca.pem",
    "id_rsa",
    "inventory/hosts.yml",
    "vault-password.txt",
    "docs/.env",
    "examples/inventory/ours.yml",
    "group_vars/all/vault.yml",
    "host_vars/acme.yml",
    "meta/token.txt",
    "playbooks/.vault-password",
    "playbooks/group_vars/all/vault.yml",
    "playbooks/ours.yml",
    "playbooks/vars/secrets.yml",
    "plugins/modules/key.pem",
    "roles/report/files/id_rsa",
    "roles/report/vars/vault.yml",
    "journal/111122223333/run/000001-intent.json",
    "reports/111122223333/report.json",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the artifact of a checkout in which secrets lie about."""
    root = tmp_path_factory.mktemp("artifact")
    checkout = root / "checkout"
    for name in tracked_files():
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, target, follow_symlinks=False)
    for name in SECRETS:
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("secret\n", encoding="utf-8")
    (checkout / "docs" / "linked.md").symlink_to(checkout / "id_rsa")
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    subprocess.run(
        [galaxy, "collection", "build", "--output-path", root], cwd=checkout, check=True, capture_output=True
    )
    with tarfile.open(next(root.glob("*.tar.gz"))) as artifact:
        return {member.name for member in artifact.getmembers() if not member.isdir()}


def test_nothing_that_lies_about_is_in_the_artifact(names: set[str]) -> None:
    assert names & {*SECRETS, "docs/linked.md"} == set()
    assert names - set(tracked_files()) == {"FILES.json", "MANIFEST.json"}


def test_the_whole_collection_is_in_the_artifact(names: set[str]) -> None:
    wanted = {name for name in tracked_files() if name.startswith(SHIPPED) or name in SHIPPED_FILES}
    assert wanted >= SHIPPED_FILES
    assert wanted - names == set()
    assert names - wanted == {"FILES.json", "MANIFEST.json"}
