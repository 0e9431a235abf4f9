# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that somebody in an account chose, in every format that people look at: they show nothing but themselves."""

from __future__ import annotations

import collections
import csv
import html.parser
import io
import json
import typing as t
import unicodedata
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report import ocsf
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode, to_bytes
from ansible_collections.hardening.iam.plugins.plugin_utils._render import account_html, junit, sarif, tables, text

from ...module_utils._report import samples

Report = dict[str, t.Any]

# What of a finding, or of a change, an account has a say in.
CHOSEN: t.Final = frozenset({"resource", "resource_detail", "detail", "observed", "target", "reason", "account_alias"})
NAMES: t.Final = {
    "markup": "</script></pre><b>x</b><img src=x onerror=alert(1)>\"'`]]>&lt;",
    "terminal": "\x1b[2J\x1b]0;x\x07\x9b31m\x08",
    "directions": "\u202egnp.exe\u2066\u200f\u061c",
    "invisible": "ad\u200bmin\u00ad\u2060\ufeff\u3164\U000e0041",
    "line ends": "a\u2028b\u2029c\x0b\x0c\x85d",
    "no characters": "\x00\ufffe\uffff\ud800",
    "templates": "{{ lookup('ansible.builtin.pipe', 'id') }}{% raw %}{#",
    "formula": "=cmd|' /C calc'!A0",
    "formula within": "a;=HYPERLINK(1)|@x",
    "long": "x" * 512,
    "look-alikes": "\u0430dmin\uff0f\u2024\u2044",
}
FORMATS: t.Final[dict[str, Callable[[Report], str]]] = {
    "text": text.render,
    "text in ASCII": lambda report: text.render(report, ascii_only=True),
    "html": account_html.render,
    "csv": tables.render,
    "junit": junit.render,
    "sarif": lambda report: json.dumps(sarif.build(report), ensure_ascii=False),
    "ocsf": ocsf.render,
}


def name_all(value: t.Any, name: str, *, key: str = "") -> t.Any:
    """A report in which all that an account has a say in is called so."""
    if isinstance(value, dict):
        return {member: name_all(value[member], name, key=member) for member in value}
    if isinstance(value, list):
        return [name_all(member, name, key=key) for member in value]
    return f"arn:aws:iam::{samples.ACCOUNT}:role/{name}" if isinstance(value, str) and key in CHOSEN else value


def is_seen(character: str) -> bool:
    return character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")


class Elements(html.parser.HTMLParser):
    """The elements of a page, with the handlers and addresses in them."""

    def __init__(self, page_text: str) -> None:
        super().__init__()
        self.tags: collections.Counter[str] = collections.Counter()
        self.feed(page_text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, t.Optional[str]]]) -> None:
        # Long names may be broken, and long values stand in an element of their own.
        self.tags[tag] += tag not in ("wbr", "pre", "span")
        assert not [name for name, _value in attrs if name.startswith("on")]
        for name, value in attrs:
            assert name not in ("href", "src") or (value or "").startswith(("#", "https://", "data:image/")), value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMATS)
def test_a_hostile_name_shows_nothing_but_itself(form: str, name: str) -> None:
    report = name_all(samples.compare_report(), NAMES[name])
    shown = FORMATS[form](report)
    lines = shown.replace("\r\n", "\n") if form == "csv" else shown
    assert [hex(ord(character)) for character in set(lines) if not is_seen(character)] == []
    assert to_bytes(shown).decode() == shown
    if form == "html":
        plain = account_html.render(name_all(samples.compare_report(), "plain"))
        assert Elements(shown).tags == Elements(plain).tags
    elif form == "junit":
        assert ElementTree.fromstring(shown).tag == "testsuites"
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(shown)))
        assert len(rows) == 1 + len(report["findings"])
        assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    elif form in ("sarif", "ocsf"):
        assert [json.loads(line) for line in shown.splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_the_report_itself_keeps_the_name(name: str) -> None:
    """It is the record: what a name is made of stays, escaped where JSON needs it."""
    report = name_all(samples.compare_report(), NAMES[name])
    assert json.loads(encode(report)) == report
