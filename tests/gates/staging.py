# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the collection outside the checkout, where ansible-test and mypy want it.

ansible-test needs a physical path that ends in ansible_collections/hardening/iam, with the dependencies beside it.
In a directory of the checkout that git ignores, it would print "All targets skipped." and succeed.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Stage:
    """The copy: `root` is a collections path, `collection` the collection in it."""

    root: Path

    @property
    def collection(self) -> Path:
        return self.root / "ansible_collections" / "hardening" / "iam"


def tracked_files() -> list[str]:
    """What a commit of the present state would hold, relative to the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True)
    names = os.fsdecode(listing.stdout).split("\0")
    return sorted({name for name in names if name and os.path.lexists(CHECKOUT / name)})


def stage(root: Path, *, virtual_environment: Path) -> Stage:
    """Copy the collection to root, and put the amazon.aws of that environment beside it."""
    staged = Stage(root=root)
    for name in tracked_files():
        target = staged.collection / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, target, follow_symlinks=False)
    # Copied, not linked: antsibull-docs would copy no file of a directory that git ignores, as it does .venv.
    dependency = Path("ansible_collections") / "amazon" / "aws"
    shutil.copytree(site_packages(virtual_environment) / dependency, root / dependency)
    return staged


def site_packages(virtual_environment: Path) -> Path:
    """The directory of installed packages of a virtual environment."""
    return next(virtual_environment.glob("lib/python3.*/site-packages"))


def tool_environment(home: Path, virtual_environment: Path, collections: t.Optional[Path] = None) -> dict[str, str]:
    """An environment for tools: a home of their own, their virtual environment first, no settings of the caller's."""
    foreign = ("ANSIBLE_", "AWS_", "PYTEST_", "VIRTUAL_ENV", "PYTHONPATH", "MYPYPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env |= {"HOME": str(home), "PATH": f"{virtual_environment / 'bin'}{os.pathsep}{env['PATH']}", "NO_COLOR": "1"}
    if collections is not None:
        # These alone, not the hundred collections of the package "ansible", which antsibull-docs would all read.
        env |= {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    home.mkdir(parents=True, exist_ok=True)
    return env
