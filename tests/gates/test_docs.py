# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""antsibull-docs judges the documentation, whatever its temporary directories are named."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from .environments import run
from .staging import Stage

Tools = t.Mapping[str, str]

LINT_DOCS = Path(__file__).with_name("lint_docs.py")
LINT = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", ".")

# Runs a Python file whose temporary names all end with an underscore.
UNLUCKY = """
import itertools, runpy, sys, tempfile
tempfile._get_candidate_names = lambda: (f"dz6rrv{number:02d}_" for number in itertools.count())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

FILTER = """
DOCUMENTATION:
  name: same
  short_description: Return the input
  description: [Return the input as it is.]
  author: [Nobody (@nobody)]
  options:
    _input: {description: [Anything.], type: raw, required: true}
EXAMPLES: "{{ 1 | acme.tiny.same }}"
RETURN:
  _value: {description: [The input.], type: raw}
"""


def test_docs_antsibull(tools: Tools, staged: Stage) -> None:
    run([sys.executable, LINT_DOCS, *LINT], cwd=staged.collection, env=tools)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection with one filter, which has nothing to complain about."""
    root = tmp_path_factory.mktemp("collections") / "ansible_collections" / "acme" / "tiny"
    (root / "plugins" / "filter").mkdir(parents=True)
    (root / "plugins" / "filter" / "same.yml").write_text(FILTER, encoding="utf-8")
    (root / "plugins" / "filter" / "same.py").write_text(
        "class FilterModule:\n    def filters(self):\n        return {'same': lambda value: value}\n", encoding="utf-8"
    )
    (root / "galaxy.yml").write_text(
        "{namespace: acme, name: tiny, version: 1.0.0, readme: README.md, authors: [Nobody]}", encoding="utf-8"
    )
    (root / "README.md").write_text("# Tiny\n", encoding="utf-8")
    # The path of a plugin's file is written down where the collection wants a link to edit it.
    (root / "docs" / "docsite").mkdir(parents=True)
    (root / "docs" / "docsite" / "links.yml").write_text(
        "edit_on_github: {repository: acme/tiny, branch: main, path_prefix: ''}", encoding="utf-8"
    )
    return root


@pytest.mark.parametrize(
    ("program", "status"),
    [
        pytest.param(Path(sys.executable).with_name("antsibull-docs"), 3, id="command"),
        pytest.param(LINT_DOCS, 0, id="gate"),
    ],
)
def test_a_temporary_name_is_no_reference(tiny: Path, tools: Tools, program: Path, status: int) -> None:
    """The command itself fails on such a name: if it no longer does, this gate no longer needs a script of its own."""
    done = subprocess.run(
        [sys.executable, "-c", UNLUCKY, str(program), *LINT],
        cwd=tiny,
        env={**tools, "ANSIBLE_COLLECTIONS_PATH": str(tiny.parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert ("Unknown target name" in done.stdout) == bool(status)
