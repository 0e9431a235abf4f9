# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx, which nothing here depends on: it comes out of the wheel of an older package "ansible"."""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
import typing as t
import zipfile
from pathlib import Path

import yaml
from gates.environments import CHECKOUT, OLDEST, alone, run
from gates.staging import tool_environment

# The package has no awx.awx from version 13 on.
PACKAGE: t.Final = OLDEST.ansible
INSIDE: t.Final = "ansible_collections/awx/awx/"
PLACE: t.Final = CHECKOUT / ".cache" / "awx"


def unpack() -> Path:
    """Return a collections path with awx.awx, and with a copy of it as ansible.controller, which is not on PyPI.

    Both have the same modules. They differ in the path of the API.
    """
    stamp = PLACE / "stamp"
    with alone("awx"):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != PACKAGE:
            shutil.rmtree(PLACE, ignore_errors=True)
            _unpack_wheel(PLACE)
            _copy_as_controller(PLACE / "ansible_collections")
            stamp.write_text(PACKAGE, encoding="utf-8")
    return PLACE


def _unpack_wheel(place: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        environment = tool_environment(CHECKOUT / ".cache" / "home", Path(sys.prefix))
        run([*command, "--dest", directory, PACKAGE], cwd=CHECKOUT, env=environment)
        (wheel,) = Path(directory).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place, [name for name in archive.namelist() if name.startswith(INSIDE)])


def _copy_as_controller(collections: Path) -> None:
    controller = collections / "ansible" / "controller"
    shutil.copytree(collections / "awx" / "awx", controller)
    for name, before, after in (
        ("plugins/module_utils/controller_api.py", '_COLLECTION_TYPE = "awx"', '_COLLECTION_TYPE = "controller"'),
        ("MANIFEST.json", '"namespace": "awx",\n  "name": "awx"', '"namespace": "ansible",\n  "name": "controller"'),
    ):
        text = (controller / name).read_text(encoding="utf-8")
        assert before in text
        (controller / name).write_text(text.replace(before, after), encoding="utf-8")


def options_of(module: str) -> dict[str, dict[str, t.Any]]:
    """The options of a module of awx.awx, from its documentation."""
    source = (PLACE / INSIDE / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    assigned = {
        node.targets[0].id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    documentation = yaml.safe_load(ast.literal_eval(assigned["DOCUMENTATION"]))
    return t.cast(dict[str, dict[str, t.Any]], documentation["options"])
