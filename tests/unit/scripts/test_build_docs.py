# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into the site of the documentation, before Sphinx sees it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts import build_docs


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "source"
    build_docs.stage(path)
    return path


def test_the_contents_list_every_page_once() -> None:
    text = (build_docs.SITE / "contents.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(docs/\w+)$", text, flags=re.MULTILINE)
    pages = [f"docs/{path.stem}" for path in (build_docs.CHECKOUT / "docs").glob("*.md")]
    assert sorted(listed) == sorted(pages)


def test_the_first_page_is_the_readme_with_the_contents(source: Path) -> None:
    index = (source / "index.md").read_text(encoding="utf-8")
    assert index.startswith("# hardening.iam\n")
    assert index.endswith((build_docs.SITE / "contents.md").read_text(encoding="utf-8"))


def test_files_that_pages_link_to_are_there(source: Path) -> None:
    for name in ("LICENSE", "conf.py", "docs/report.schema.json", "examples/inventory/accounts.yml"):
        assert (source / name).is_file()


def test_links_to_folders_and_to_the_readme_are_changed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "examples").mkdir()
    for name in ("README.md", "docs/a.md", "examples/x.yml"):
        (tmp_path / name).write_text("# A\n", encoding="utf-8")
    page = tmp_path / "docs" / "b.md"
    kept = "[a](a.md) [b](a.md#x) [c](#x) [d](../examples/x.yml) [e](https://example.com/examples)"
    page.write_text(f"{kept} [f](../examples) [g](../README.md)\n", encoding="utf-8")
    changed = f"[f]({build_docs.REPOSITORY}/examples) [g](../index.md)"
    assert build_docs.change_links(page, tmp_path) == f"{kept} {changed}\n"


def test_contents_of_a_page_are_left_out() -> None:
    page = "Title\n=====\n\n.. contents::\n   :local:\n   :depth: 1\n\nText\n"
    assert build_docs.CONTENTS.sub("", page) == "Title\n=====\n\n\nText\n"
