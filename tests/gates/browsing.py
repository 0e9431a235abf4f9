# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chromium for the gates and the pictures, driven by Node. What these need of npm is pinned in ``browser/``."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

from .environments import CHECKOUT, alone

SOURCE: t.Final = Path(__file__).with_name("browser")
PLACE: t.Final = CHECKOUT / ".cache" / "browser"
BROWSERS: t.Final = ("chromium", "chromium-browser", "google-chrome")
# The oldest Node that puppeteer-core runs on.
NODE: t.Final = 18

Job = dict[str, t.Any]


class Missing(Exception):
    """This machine lacks what starts a browser; the message names it."""


class Browser:
    """Chromium with the packages that drive it, made ready once."""

    def __init__(self) -> None:
        self._chromium = _find("HARDENING_CHROMIUM", BROWSERS)
        self._node = _find("HARDENING_NODE", ("node", "nodejs"))
        _check_node(self._node)
        _install()

    def do(self, script: str, jobs: t.Sequence[Job]) -> str:
        """Run a script of ``browser/`` with jobs on its standard input; what it prints comes back."""
        done = subprocess.run(
            [self._node, PLACE / script],
            input=json.dumps(jobs),
            env={**os.environ, "HARDENING_CHROMIUM": self._chromium},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script} exited with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def inspect(self, jobs: t.Sequence[Job]) -> tuple[list[t.Any], list[str]]:
        """Do the jobs of ``inspect.mjs``: a result for each, and the problems that the pages had by themselves."""
        answer = json.loads(self.do("inspect.mjs", jobs))
        return answer["found"], answer["problems"]


def _find(variable: str, names: t.Sequence[str]) -> str:
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise Missing(f"no {names[0]} on this machine")
    return found


def _check_node(node: str) -> None:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)", version)
    if not major or int(major[1]) < NODE:
        raise Missing(f"node {version.strip() or 'of no version'} is older than {NODE}")


def _install() -> None:
    """Install the pinned packages, again if their lock changed, and copy the scripts beside them."""
    wanted = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = PLACE / "stamp"
    with alone("browser"):
        PLACE.mkdir(parents=True, exist_ok=True)
        for source in SOURCE.iterdir():
            shutil.copy2(source, PLACE / source.name)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        npm = shutil.which("npm")
        if not npm:
            raise Missing("no npm on this machine")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"npm ci did not get axe-core and puppeteer-core: {done.stderr.strip()[-300:]}")
        stamp.write_text(wanted, encoding="utf-8")
