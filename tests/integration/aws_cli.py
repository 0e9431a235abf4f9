# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS CLI, in a virtual environment of its own: it needs an older docutils than the documentation does."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

from gates.environments import CHECKOUT, alone, run

_VERSION: t.Final = "awscli==1.46.3"


def make_aws_cli(env: t.Mapping[str, str]) -> Path:
    """The directory with the command ``aws``, made on the first call and when the version changes."""
    directory = CHECKOUT / ".cache" / "environments" / "aws-cli"
    stamp = directory / "stamp"
    with alone("aws-cli"):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != f"{_VERSION} {sys.version}":
            run([sys.executable, "-m", "venv", "--clear", directory], cwd=CHECKOUT, env=env)
            pip = [directory / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            run([*pip, "--no-compile", _VERSION], cwd=CHECKOUT, env=env)
            stamp.write_text(f"{_VERSION} {sys.version}", encoding="utf-8")
    return directory / "bin"
