# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README lists every playbook, role, module and page, and what pages count and link to is there."""

from __future__ import annotations

import collections
import functools
import itertools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ansible_collections.hardening.iam.plugins.module_utils._acceptance import assumptions
from ansible_collections.hardening.iam.plugins.module_utils._controls import registry
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods import METHODS

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
README: t.Final = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PAGES: t.Final = sorted(
    str(path.relative_to(CHECKOUT))
    for pattern in ("*.md", "docs/*.md", "roles/*/README.md")
    for path in CHECKOUT.glob(pattern)
)
PLAYBOOK: t.Final = re.compile(r"ansible-playbook .*?(?:\bhardening\.iam\.|\bplaybooks/)([a-z]\w*)")
VARIABLE: t.Final = re.compile(r"-e '?(?:\{\")?([a-z]\w*)(?:\": |=)")
TARGET: t.Final = re.compile(r"^make ([a-z][\w-]*)", re.MULTILINE)
ANCHOR: t.Final = re.compile(r"<a id=\"(.+?)\"")


def parse(page: str) -> list[Token]:
    """Return the tokens of a Markdown page, those within paragraphs among them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    return [part for token in tokens for part in (token, *(token.children or []))]


def rows(section: str) -> list[list[str]]:
    """Return the cells of the table in a section of the README, without its head."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(section: str) -> list[str]:
    return [row[0].strip("`") for row in rows(section)]


def playbooks() -> list[str]:
    """Return the playbooks that people run: no other playbook is made of them."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (CHECKOUT / "playbooks").glob("*.yml")}
    # Events start what people start as well.
    others = [text for name, text in texts.items() if name != "plan_for_event.yml"]
    imported = {name for text in others for name in re.findall(r"import_playbook: (\S+)", text)}
    return sorted(name.removesuffix(".yml") for name in set(texts) - imported)


def test_the_readme_lists_every_playbook() -> None:
    assert sorted(names("Playbooks")) == playbooks()


def test_the_readme_lists_every_role() -> None:
    assert sorted(names("Roles")) == sorted(path.name for path in (CHECKOUT / "roles").iterdir())


def test_the_readme_lists_every_module() -> None:
    assert sorted(names("Modules")) == sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("row", rows("Roles"), ids=lambda row: row[0].strip("`"))
def test_the_readme_has_the_default_mode_of_every_role(row: list[str]) -> None:
    name = row[0].strip("`")
    path = CHECKOUT / "roles" / name / "defaults" / "main.yml"
    defaults = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    mode = defaults.get(f"{name}_mode", "")
    assert re.findall(r"`(\w+)`", row[-1]) == re.findall(r"\b(?:report|off)\b", mode) + re.findall(r"\benforce\b", mode)


def test_the_readme_has_the_number_of_controls() -> None:
    assert f"{len(registry.all_controls())} [controls](docs/controls.md)" in README


def test_a_page_has_the_numbers_of_assumptions_and_methods() -> None:
    page = (CHECKOUT / "docs" / "not_verified.md").read_text(encoding="utf-8")
    assert f"| {len(assumptions.ASSUMPTIONS)} assumptions about AWS" in page
    assert f"none of the {len(METHODS)} methods" in page
    assert not any(assumption.confirmed for assumption in assumptions.ASSUMPTIONS)


def in_code(pattern: re.Pattern[str], pages: t.Iterable[str]) -> list[str]:
    """Return what a pattern finds in the code of pages: in blocks, and in lines of text."""
    kinds = ("fence", "code_block", "code_inline")
    code = "\n".join(token.content for page in pages for token in parse(page) if token.type in kinds)
    return pattern.findall(code)


@pytest.fixture(scope="module")
def pages() -> list[str]:
    return [(CHECKOUT / name).read_text(encoding="utf-8") for name in PAGES]


def test_playbooks_in_commands_exist(pages: list[str]) -> None:
    found = in_code(PLAYBOOK, pages)
    assert len(found) > 50
    assert set(found) - {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")} == set()


def test_variables_in_commands_exist(pages: list[str]) -> None:
    known = yaml.safe_load((CHECKOUT / "playbooks" / "vars" / "known_variables.yml").read_text(encoding="utf-8"))
    found = in_code(VARIABLE, pages)
    assert len(found) > 30
    assert set(found) - {name for names in known.values() for name in names} == set()


def test_targets_of_make_in_commands_exist(pages: list[str]) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    found = in_code(TARGET, pages)
    assert len(found) > 10
    assert set(found) - set(re.findall(r"^([\w-]+):", makefile, flags=re.MULTILINE)) == set()


def test_names_in_commands_are_found() -> None:
    page = """
```shell
make demo     # make nothing
ansible-playbook -i x hardening.iam.one -e hardening_a=1 -e '{"hardening_b": 2}'
.venv/bin/ansible-playbook playbooks/two.yml -e @file.yml
```

Run `make test-all`, or make it hardening.iam.three.
"""
    assert in_code(PLAYBOOK, [page]) == ["one", "two"]
    assert in_code(VARIABLE, [page]) == ["hardening_a", "hardening_b"]
    assert in_code(TARGET, [page]) == ["demo", "test-all"]


def links(page: str) -> list[str]:
    """Return the targets of the links and images of a page."""
    keys = {"link_open": "href", "image": "src"}
    return [str(token.attrGet(keys[token.type])) for token in parse(page) if token.type in keys]


@functools.cache
def anchors(page: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them, and those that it writes itself."""
    tokens = parse(page)
    seen: collections.Counter[str] = collections.Counter()
    found = {name for token in tokens if token.type.startswith("html") for name in ANCHOR.findall(token.content)}
    for heading, text in itertools.pairwise(tokens):
        if heading.type == "heading_open":
            shown = "".join(part.content for part in text.children or [] if part.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def problem(page: Path, link: str) -> str:
    """Say what is wrong with a link of a page, if anything is."""
    path, _hash, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f"{link}: no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
        return f"{link}: no such heading"
    return ""


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    page = CHECKOUT / name
    local = [link for link in links(page.read_text(encoding="utf-8")) if not re.match(r"\w+:", link)]
    assert [found for link in local if (found := problem(page, link))] == []


def test_the_readme_links_every_page() -> None:
    pages = {name for name in PAGES if name.startswith("docs/")}
    assert pages - {link.partition("#")[0] for link in links(README)} == set()


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("other.md", ""),
        ("other.md#two-words", ""),
        ("other.md#two-words-1", ""),
        ("other.md#a_name-is-code", ""),
        ("other.md#own", ""),
        ("#here", ""),
        ("other.md#three-words", "other.md#three-words: no such heading"),
        ("#there", "#there: no such heading"),
        ("none.md", "none.md: no such file"),
    ],
)
def test_links_that_lead_nowhere_are_found(tmp_path: Path, link: str, found: str) -> None:
    (tmp_path / "other.md").write_text(
        '# Two words\n\n## Two *words*\n\n## `a_name` is code!\n\n<a id="own"></a>\n', encoding="utf-8"
    )
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n[a]({link})\n", encoding="utf-8")
    assert links(page.read_text(encoding="utf-8")) == [link]
    assert problem(page, link) == found
