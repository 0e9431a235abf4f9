# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity on a machine that reaches a package index, but not the host of pip's bootstrap script."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence
from pathlib import Path

from .environments import run
from .staging import CHECKOUT, Stage, site_packages, tool_environment

PLUGINS: t.Final = CHECKOUT / "plugins"
# Ansible loads no file of these by itself.
UTILS: t.Final = ("module_utils", "plugin_utils")
# The sanity test "import" imports each file anew, with all that the file imports. These import those of UTILS.
LOADED: t.Final = tuple(
    f"plugins/{name}" for name in sorted({path.parent.name for path in PLUGINS.glob("*/*.py")} - {*UTILS})
)
# What "make test" imports so: a file takes a second, and an action plugin is two lines, of one class.
IMPORTED: t.Final = tuple(path for path in LOADED if path != "plugins/action")
# ansible-test bootstraps pip in its virtual environments with a get-pip, which it downloads unless its cache has one of
# the pinned version. ensurepip gets a process of its own: it would leave PIP_CONFIG_FILE=/dev/null in this one.
GET_PIP = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
"""


def pinned_pip(virtual_environment: Path) -> str:
    """The version of pip that the ansible-test of an environment pins, e.g. "25.2"."""
    source = site_packages(virtual_environment) / "ansible_test" / "_internal" / "python_requirements.py"
    pin = re.search(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8"))
    assert pin, f"{source} pins pip in another way than this runner knows"
    return pin[1]


def complaints(output: str) -> str:
    """The findings in ansible-test's output, without pip's chatter; all of it when there are none, as after a crash."""
    lines = [
        line for line in output.splitlines() if line.startswith(("ERROR", "FATAL", "WARNING", "See documentation"))
    ]
    return "\n".join(lines) if any(line.startswith("ERROR") for line in lines) else output


def ansible_test_sanity(
    stage: Stage,
    *,
    virtual_environment: Path,
    python: str,
    home: Path,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    paths: Sequence[str] = (),
) -> str:
    """Run the sanity tests of the environment's ansible-core, ``only`` some or ``without`` some; returns the output.

    They look at all files, or at those below some ``paths``.
    """
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    name = f"get_pip_{pinned_pip(virtual_environment).replace('.', '_')}.py"
    (cache / name).write_text(GET_PIP, encoding="utf-8")
    output = run(
        [
            *(virtual_environment / "bin" / "ansible-test", "sanity", "--color", "no", "--python", python),
            *(word for test in only for word in ("--test", test)),
            *(word for test in without for word in ("--skip-test", test)),
            *(f"{path}/" for path in paths),
        ],
        cwd=stage.collection,
        env=tool_environment(home, virtual_environment),
        complaints=complaints,
    )
    assert "Running sanity test" in output and "All targets skipped" not in output, output
    missing = [test for test in only if f'Running sanity test "{test}"' not in output]
    assert not missing, f"{missing} did not run:\n{output}"
    return output
