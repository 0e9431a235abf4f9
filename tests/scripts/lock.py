# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renews the lock files: the exact versions that development, tests and the execution environment use.

Called by "make lock", which installs uv for it. The requirements stay ranges, since they are what users resolve.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# The oldest Python that the collection supports: a universal lock holds for all from there on.
OLDEST_PYTHON = "3.11"


@dataclasses.dataclass(frozen=True)
class Lock:
    """One lock file, what it is resolved from, and the options of uv that are its own."""

    output: str
    sources: tuple[str, ...]
    options: tuple[str, ...]


UNIVERSAL = ("--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes")
LOCKS = (
    Lock("requirements-dev.lock", ("requirements-dev.txt",), UNIVERSAL),
    # The same versions as above, for those who only run the demo.
    Lock(
        "requirements.lock",
        ("requirements.txt", "tests/requirements.txt"),
        (*UNIVERSAL, "--constraint", "requirements-dev.lock"),
    ),
    Lock(
        "examples/execution-environment/execution-environment.lock",
        ("examples/execution-environment/execution-environment.in",),
        # The platform is that of the image, and its pip builds nothing.
        (
            *("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28", "--only-binary", ":all:"),
            *("--generate-hashes", "--constraint", "requirements-dev.lock"),
        ),
    ),
)
HEADER = """\
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by "make lock". Edit the requirements instead.
"""


def command_of(lock: Lock) -> list[str]:
    """The command that resolves ``lock``. Addresses of package indexes never get into the file."""
    return [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade", "--no-header", "--no-annotate"),
        *("--no-emit-index-url", "--no-emit-find-links", "--output-file", lock.output),
        *lock.options,
        *lock.sources,
    ]


def main() -> None:
    for lock in LOCKS:
        output = CHECKOUT / lock.output
        output.unlink(missing_ok=True)
        subprocess.run(command_of(lock), cwd=CHECKOUT, check=True)
        output.write_text(HEADER + output.read_text(encoding="utf-8"), encoding="utf-8")
        print(lock.output)


if __name__ == "__main__":
    main()
