# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The site of the documentation builds without a warning, works offline, and its links lead somewhere."""

from __future__ import annotations

import dataclasses
import html.parser
import sys
import typing as t
import urllib.parse
from pathlib import Path

import pytest

from .environments import run
from .staging import CHECKOUT

Attributes = list[tuple[str, t.Optional[str]]]


@dataclasses.dataclass
class Page(html.parser.HTMLParser):
    """A page of the site: its anchors, its links, and the files that a browser loads for it."""

    path: Path

    def __post_init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.loaded += [given[name] for name in ("src", "href") if name in given and tag in ("img", "link", "script")]


Site = dict[Path, Page]
# As the search has them, which takes the stems of words: of a page, of a module and of a role.
WORDS: t.Final = ("not_assess", "allow_weaken", "password_policy_mod")


@pytest.fixture(scope="module")
def site(tools: t.Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    directory = tmp_path_factory.mktemp("docs")
    run([sys.executable, CHECKOUT / "tests" / "scripts" / "build_docs.py", directory], cwd=CHECKOUT, env=tools)
    return {path: Page(path) for path in (directory / "html").rglob("*.html")}


def problem(page: Page, link: str, site: Site) -> str:
    """Say what is wrong with a link within the site, if anything is."""
    url = urllib.parse.urlsplit(link)
    if url.scheme or url.netloc:
        return ""
    target = (page.path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else page.path
    if not target.exists():
        return f"{page.path.name}: {link}: no such file"
    known = target not in site or not url.fragment or urllib.parse.unquote(url.fragment) in site[target].anchors
    return "" if known else f"{page.path.name}: {link}: no such anchor"


def test_links_of_the_site_lead_somewhere(site: Site) -> None:
    assert len([link for page in site.values() for link in page.links]) > 10_000
    assert [found for page in site.values() for link in page.links if (found := problem(page, link, site))] == []


def test_the_site_has_every_page(site: Site) -> None:
    names = {path.name for path in site}
    pages = {path.with_suffix(".html").name for path in (CHECKOUT / "docs").glob("*.md")}
    modules = {f"{path.stem}_module.html" for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    roles = {f"{path.name}_role.html" for path in (CHECKOUT / "roles").iterdir()}
    assert {"index.html", *pages, *modules, *roles} - names == set()


def test_the_site_works_offline(site: Site) -> None:
    assert [name for page in site.values() for name in page.loaded if "//" in name] == []


def test_the_search_finds_a_word_of_each_kind_of_page(site: Site) -> None:
    (search,) = (path for path in site if path.name == "search.html")
    index = search.with_name("searchindex.js").read_text(encoding="utf-8")
    assert [word for word in WORDS if word not in index] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text('<a id="here" href="#here"></a><a href="b.html"></a><a href="#there"></a>', encoding="utf-8")
    page = Page(path)
    found = [problem(page, link, {path: page}) for link in page.links]
    assert found == ["", "a.html: b.html: no such file", "a.html: #there: no such anchor"]
