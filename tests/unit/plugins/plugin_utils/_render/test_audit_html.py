# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit sheet as a page and as text."""

from __future__ import annotations

import html.parser
import re
import typing as t
import unicodedata

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.document import to_bytes
from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH
from ansible_collections.hardening.iam.plugins.plugin_utils._render import audit_html, audit_text

from .sheets import SHEETS, hostile, sound, troubled, unknown


class Elements(html.parser.HTMLParser):
    """The names of all elements of a page in their order, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_of_others_make_no_elements() -> None:
    forged, plain = (Elements(audit_html.render(make())) for make in (hostile, troubled))
    added = set(forged.names) - set(plain.names)
    assert added == set()
    assert forged.names.count("script") == plain.names.count("script") == 1
    assert "img" not in forged.names
    assert "onerror=alert(1)" in forged.text


@pytest.mark.parametrize("name", SHEETS)
def test_text_has_no_control_characters_and_fits(name: str) -> None:
    lines = audit_text.render(SHEETS[name]()).splitlines()
    assert not [line for line in lines if any(unicodedata.category(one)[0] == "C" for one in line)]
    # The heading has the id of the run, which is not wrapped.
    assert not [line for line in lines[5:] if len(line) > WIDTH]
    assert to_bytes("\n".join(lines))


def test_a_terminal_is_not_flooded() -> None:
    sheet = troubled()
    many = {**sheet, "lines": sheet["lines"] * 100, "accounts": sheet["accounts"] * 100}
    many["requests"] = sheet["requests"] * 100
    shown = audit_text.render_summary(many, location="sheets/sheet.html")
    assert len(shown.splitlines()) < 80
    assert re.search(r"\n  \.\.\. and [0-9]{4,} more lines\n", shown)
    assert sheet["headline"]["text"].partition(".")[0][:40] in shown
    assert "attention: Events of the changes" in shown
    assert shown.endswith("Page: sheets/sheet.html\n")


def test_text_in_ascii() -> None:
    assert audit_text.render(hostile(), ascii_only=True).isascii()


@pytest.mark.parametrize(
    "said",
    [
        "after its lease",
        "no event",
        "undone",
        "made by others",
        "requested and approved",
        "not in the journal",
        "AccessDenied: sts:AssumeRole",
        "no report of the run",
        "in the inventory now",
        "11 changes are over the cap of 10",
        "eu-west-1: AccessDenied",
    ],
)
def test_the_page_shows_what_an_auditor_should_look_at(said: str) -> None:
    assert said in Elements(audit_html.render(troubled())).text


def test_a_sound_run_has_no_section_of_what_does_not_fit() -> None:
    page = audit_html.render(sound())
    assert "Nothing was found that does not fit" in page
    assert 'id="unrecorded"' not in page
    assert 'id="refused"' not in page
    assert "unbroken" in page


@pytest.mark.parametrize("name", SHEETS)
def test_text_and_page_have_the_same_headline_and_lines(name: str) -> None:
    sheet = SHEETS[name]()
    text = " ".join(audit_text.render(sheet).split())
    page = Elements(audit_html.render(sheet)).text
    assert " ".join(sheet["headline"]["text"].split())[:60] in text
    for line in sheet["lines"]:
        words = line["state"].replace("_", " ")
        assert f"{words}: {' '.join(line['title'].split())[:20]}" in text or name == "audit_hostile"
    assert ("Nothing was found that does not fit" in page) is (name == "audit")
    assert ("Nothing was found that does not fit" in text) is (name == "audit")


def test_what_is_unknown_is_said_to_be() -> None:
    text = Elements(audit_html.render(unknown())).text
    assert "Unknown. The journal has no record of who ran this" in text
    assert "No report on all accounts of the run is kept" in text
    assert "CloudTrail was not asked" in text


def test_links_lead_to_accounts_on_the_page() -> None:
    page = audit_html.render(troubled())
    assert 'href="#account-111122223333"' in page
    assert 'id="account-111122223333"' in page
    assert 'href="#account-222233334444"' not in page
