# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import visible
from ansible_collections.hardening.iam.plugins.plugin_utils._render.page import ENVIRONMENT, MALFORMED, Section, render

from ...module_utils._report import samples
from ...module_utils._report.test_fleet import fleet
from .parsed import Reader

PARTS: t.Final[t.Any] = ENVIRONMENT.get_template("parts.html.j2").module


def page(*sections: Section, title: str = "t") -> str:
    view = {"fleet": fleet(), "modes": "check", "linked": True}
    return render("fleet.html.j2", title=title, subtitle="s", sections=sections, footer="f", **view)


def section(identifier: str, name: str, **more: t.Any) -> Section:
    return Section(identifier, name, "fleet/absent.html.j2", {"names": {}}, **more)


def render_source(source: str, **values: t.Any) -> str:
    return ENVIRONMENT.from_string(source).render(**values)


def table(rows: str, *arguments: t.Any) -> str:
    source = f"{{% from 'parts.html.j2' import table %}}{{% call table(*arguments) %}}{rows}{{% endcall %}}"
    return render_source(source, arguments=arguments)


def test_every_template_compiles() -> None:
    names = ENVIRONMENT.list_templates()
    assert {"account.html.j2", "fleet.html.j2", "account/findings.html.j2"} <= set(names)
    assert all(ENVIRONMENT.get_template(name) for name in names)


@given(st.text(alphabet=st.characters(exclude_categories=["C"])).filter(lambda text: visible(text) == text))
def test_text_stays_text(text: str) -> None:
    read = Reader(render_source('<p title="{{ text }}">{{ text }}</p>', text=text))
    assert read.tags == [("p", [("title", text)])]
    assert read.text == text


def test_every_template_escapes_what_it_is_given() -> None:
    for name in ENVIRONMENT.list_templates():
        source = ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0] if ENVIRONMENT.loader else ""
        assert not re.search(r"\|\s*safe\b|autoescape|\bMarkup\b", source), name


def test_what_is_hostile_is_shown() -> None:
    read = Reader(page(title=samples.HOSTILE))
    assert [tag for tag, _attributes in read.tags].count("script") == 1
    assert "\x1b" not in read.text
    assert "\u202e" not in read.text
    assert "\ufffd[31m\ufffd" in read.text


def test_a_badge_of_markup_is_no_badge_of_its_text() -> None:
    for text in (Markup("<b>x</b>"), "<b>x</b>", Markup("<i>y</i>"), "<i>y</i>", True, 1, "1"):
        shown = text if isinstance(text, Markup) else escape(text)
        assert PARTS.badge(text) == f'<span class="badge none">{shown}</span>'
    assert PARTS.badge("<i>z</i>") != PARTS.badge(Markup("<i>z</i>"))


def test_what_is_unknown_is_left_out_and_what_is_missing_is_an_error() -> None:
    assert render_source("<p>{{ text }}</p>", text=None) == "<p></p>"
    with pytest.raises(MALFORMED):
        render_source("<p>{{ report['missing'] }}</p>", report={})


def test_lines_of_a_template_leave_no_white_space_behind() -> None:
    source = "<p>\n  {# a comment #}\n  {% if true %}\n    a <b>c</b> {{ d }}\n  {% endif %}\n  e\n</p>\n"
    assert render_source(source, d="\n d \n") == "<p>a <b>c</b> \n d \ne</p>"


def test_the_policy_of_the_page_names_the_hashes_of_what_it_holds() -> None:
    content = page()
    for tag in ("style", "script"):
        held = re.search(f"<{tag}>(.*?)</{tag}>", content, re.DOTALL)
        assert held is not None
        assert "SPDX" not in held[1]
        digest = base64.b64encode(hashlib.sha256(held[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in content


def test_style_and_script_come_as_they_are_written() -> None:
    """The page has them unescaped, so they must not end their element, and nothing in them may be replaced."""
    for name, file in (("style", "report.css"), ("script", "report.js")):
        content = str(ENVIRONMENT.globals[name])
        assert content.strip()
        assert visible(content) == content, file
        assert not re.search(r"</|<!--", content), file


def test_the_dark_theme_of_the_system_is_that_of_the_reader() -> None:
    style = str(ENVIRONMENT.globals["style"])
    themes = re.findall(r"^@media screen[^{]*\{ :root\S* \{(.*?)^\} \}$", style, re.DOTALL | re.MULTILINE)
    assert len(themes) == 2
    assert themes[0] == themes[1]


def test_sections_are_led_to_by_the_navigation() -> None:
    content = page(section("a", "First", count=3), section("b", "Second"))
    assert '<a href="#a">First<small data-count="a">3</small></a>' in content
    assert '<a href="#b">Second</a>' in content
    assert '<section id="b"><h2>Second</h2><div class="scroll"' in content


@pytest.mark.parametrize(
    ("percent", "shown_percent", "rings"), [(None, "–", 1), (0, "0%", 1), (61.9, "61.9%", 2), (100, "100%", 2)]
)
def test_a_ring_is_filled_as_far_as_there_is_a_verdict(percent: float | None, shown_percent: str, rings: int) -> None:
    read = Reader(PARTS.donut(percent, "label"))
    assert read.text == shown_percent
    assert [tag for tag, _attributes in read.tags].count("circle") == rings


def test_only_severities_that_occur_are_links() -> None:
    counts = {"critical": 0, "high": 2, "medium": 0, "low": 0, "total": 2}
    linked, plain = (Reader(PARTS.severity_tallies(counts, is_linked)) for is_linked in (True, False))
    assert [dict(found)["href"] for tag, found in linked.tags if tag == "a"] == ["#severity-high"]
    assert not [tag for tag, _found in plain.tags if tag == "a"]


def test_a_table_can_be_read_aloud() -> None:
    content = table("<tr></tr>", "Caption", ("Name", "Count"), (1,))
    assert '<th scope="col">Name</th><th scope="col" class="number">Count</th>' in content
    assert "<tbody><tr></tr></tbody>" in content
    assert 'aria-label="Caption"><table>' in content
    searchable = table("<tbody data-rows></tbody>", "Caption", ("Name",), (), "here", True)
    assert 'aria-label="Caption" id="here"><table data-sort>' in searchable
    assert searchable.count("<tbody") == 1
