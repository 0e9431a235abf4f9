# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of plugins and roles is in plain words, by the same rules as the pages of docs."""

from __future__ import annotations

import ast
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import words
import yaml

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
DOCUMENTED: t.Final = ("callback", "doc_fragments", "inventory", "lookup", "modules")
PLUGINS: t.Final = sorted(path for kind in DOCUMENTED for path in (CHECKOUT / "plugins" / kind).glob("*.py"))
ROLES: t.Final = sorted(path for name in ("meta", "tasks") for path in (CHECKOUT / "roles").glob(f"*/{name}/*.yml"))
READMES: t.Final = sorted((CHECKOUT / "roles").glob("*/README.md"))
# Marks of Ansible's documentation. Their values are shown as code.
MARKUP: t.Final = re.compile(r"\b(?:RV|[BCEIMOPV])\(([^)]*)\)")
TEXTS: t.Final = frozenset({"description", "short_description", "details", "notes", "name"})


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def find_problems(text: str) -> list[str]:
    """The problems of a text of Ansible's documentation."""
    return words.problems(MARKUP.sub(lambda match: f"`{match[1]}`", text))


def read_documents(path: Path) -> Iterator[t.Any]:
    """The YAML documents in the strings of a plugin that are assigned to a name in capitals."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            (target, *_others) = node.targets
            if isinstance(target, ast.Name) and target.id.isupper() and "\n" in node.value.value:
                yield from yaml.safe_load_all(node.value.value)


def list_texts(document: t.Any) -> Iterator[str]:
    """The texts for people in a document, wherever they are."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in TEXTS and isinstance(value, str):
                yield value
            elif key in TEXTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
                yield from value
            else:
                yield from list_texts(value)
    elif isinstance(document, list):
        for item in document:
            yield from list_texts(item)


@pytest.mark.parametrize("path", PLUGINS, ids=name_of)
def test_the_documentation_of_a_plugin_is_in_plain_words(path: Path) -> None:
    texts = [text for document in read_documents(path) for text in list_texts(document)]
    assert texts or path.name == "__init__.py"
    assert [problem for text in texts for problem in find_problems(text)] == []


@pytest.mark.parametrize("path", ROLES, ids=name_of)
def test_the_descriptions_and_task_names_of_a_role_are_in_plain_words(path: Path) -> None:
    texts = list(list_texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert texts
    assert [problem for text in texts for problem in find_problems(text)] == []


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_the_page_of_a_role_is_in_plain_words(path: Path) -> None:
    assert words.problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Tells of O(what_is_on).", ['"Tells of"'], id="word"),
        pytest.param("What is V(on).", ["begins with a question word"], id="riddle"),
        pytest.param(f"{'word ' * 29}O(one) more.", ["31 words"], id="long"),
        pytest.param(f"{'word ' * 29}V(one more).", [], id="marked words count as one"),
    ],
)
def test_problems_of_a_description(text: str, found: list[str]) -> None:
    assert [problem.split(": ")[1] for problem in find_problems(text)] == found


def test_the_texts_of_a_document_are_found_at_any_depth() -> None:
    document = {
        "options": {
            "a": {"description": ["One.", "Two."], "type": "str", "suboptions": {"b": {"description": "Three."}}}
        }
    }
    assert list(list_texts([document, {"name": "Four"}])) == ["One.", "Two.", "Three.", "Four"]


def test_an_option_may_be_called_description() -> None:
    assert list(list_texts({"options": {"description": {"description": ["Its text."], "type": "str"}}})) == [
        "Its text."
    ]
