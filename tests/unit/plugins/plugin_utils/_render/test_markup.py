# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import html.parser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.plugin_utils._render.markup import Markup, element, escape, join

from ...module_utils._report import samples


class Reader(html.parser.HTMLParser):
    """Collects what a browser would make of a piece of HTML."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(alphabet=st.characters(exclude_categories=["C"])))
def test_text_stays_text(text: str) -> None:
    read = Reader(element("p", text, title=text))
    assert read.tags == [("p", [("title", text)])]
    assert read.text == text


def test_what_is_hostile_is_shown() -> None:
    read = Reader(element("p", samples.HOSTILE, title=samples.HOSTILE))
    assert [tag for tag, _attributes in read.tags] == ["p"]
    assert "\x1b" not in read.text
    assert "\u202e" not in read.text


def test_markup_stands_as_it_is_and_iterables_are_flattened() -> None:
    assert element("p", [element("b", "<"), ["x", None, 1]]) == "<p><b>&lt;</b>x1</p>"
    assert join("a", Markup("<br>"), None) == "a<br>"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (True, "<p hidden></p>"),
        (False, "<p></p>"),
        (None, "<p></p>"),
        ("", '<p hidden=""></p>'),
        (0, '<p hidden="0"></p>'),
    ],
)
def test_attributes(value: bool | str | int | None, tag: str) -> None:
    assert element("p", hidden=value) == tag


@pytest.mark.parametrize(
    ("attributes", "tag"),
    [
        ({"class_": "x", "aria_label": "y"}, '<input class="x" aria-label="y">'),
        ({"name": "z", "class_": "x"}, '<input name="z" class="x">'),
    ],
)
def test_names_of_attributes(attributes: dict[str, str], tag: str) -> None:
    assert element("input", **attributes) == tag


def test_escaping_makes_the_invisible_visible() -> None:
    assert escape("a\x00b\u2066c\td") == "a\ufffdb\ufffdc\td"
