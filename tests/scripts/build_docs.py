# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation as a site with search: the pages, and what modules, roles and plugins say of themselves.

    python tests/scripts/build_docs.py .cache/docs

Writes DIRECTORY/html. antsibull-docs reads the collection that is installed, and Sphinx builds the pages. A warning of
either fails the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
SITE: t.Final = Path(__file__).with_name("docs_site")
REPOSITORY: t.Final = "https://github.com/hardening-iam/hardening.iam/tree/main"
# Pages, and files that they link to.
FOLDERS: t.Final = ("docs", "examples", "plugins/modules", "roles")
# Each page has its own contents beside it.
CONTENTS: t.Final = re.compile(r"^\.\. contents::\n(?:   :.*\n)*", re.MULTILINE)
LINK: t.Final = re.compile(r"(?<=\]\()(?![\w+]+:|#)([^)#\s]+)(?=\))")


def stage(source: Path) -> None:
    """Copy the pages and what they link to."""
    shutil.rmtree(source, ignore_errors=True)
    for folder in FOLDERS:
        shutil.copytree(CHECKOUT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "docsite"))
    for path in (*CHECKOUT.glob("*.md"), CHECKOUT / "LICENSE", SITE / "conf.py"):
        shutil.copy(path, source)
    for page in source.rglob("*.md"):
        page.write_text(change_links(page, source), encoding="utf-8")
    pages = (source / "README.md", SITE / "contents.md")
    (source / "index.md").write_text("\n".join(page.read_text(encoding="utf-8") for page in pages), encoding="utf-8")


def change_links(page: Path, source: Path) -> str:
    """Return a page with its links to the README as links to the first page, and those to folders to the repository."""

    def change(match: re.Match[str]) -> str:
        target = (page.parent / match[1]).resolve()
        if target == (source / "README.md").resolve():
            return match[1].replace("README.md", "index.md")
        # A site has no pages for folders.
        return f"{REPOSITORY}/{target.relative_to(source.resolve())}" if target.is_dir() else match[1]

    return LINK.sub(change, page.read_text(encoding="utf-8"))


def render_plugins(target: Path) -> None:
    """Let antsibull-docs write a page for each module, role and plugin of the installed collection."""
    # It asks for a directory that nobody else can write to.
    target.mkdir(mode=0o755)
    tools = Path(sys.executable).parent
    options = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir")
    subprocess.run(
        [tools / "antsibull-docs", "collection", *options, target, "hardening.iam"],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        check=True,
    )
    for page in target.glob("*.rst"):
        page.write_text(CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def main(directory: Path) -> int:
    """Build the site below a directory."""
    source = directory / "source"
    stage(source)
    render_plugins(source / "collections")
    shutil.rmtree(directory / "html", ignore_errors=True)
    options = ("-b", "html", "-q", "-W", "--keep-going", "-d", directory / "doctrees")
    status = subprocess.run([sys.executable, "-m", "sphinx", *options, source, directory / "html"], check=False)
    if not status.returncode:
        print(f"Open in a browser: {(directory / 'html' / 'index.html').resolve().as_uri()}")
    return status.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
