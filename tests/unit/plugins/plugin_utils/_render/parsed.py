# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTML page as a parser sees it: elements, attributes and text, one a line, whichever way they are escaped."""

from __future__ import annotations

import hashlib
import html.parser
import json


class Reader(html.parser.HTMLParser):
    """Collects what a browser would make of a piece of HTML."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.lines: list[str] = []
        self._pending = ""
        self.feed(content)
        self.close()
        self._end_text()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        self.tags.append((tag, attrs))
        shown = "".join(f" {name}" if value is None else f" {name}={json.dumps(value)}" for name, value in attrs)
        self.lines.append(f"<{tag}{shown}>")

    def handle_endtag(self, tag: str) -> None:
        self._end_text()
        self.lines.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data
        self._pending += data

    def handle_decl(self, decl: str) -> None:
        self.lines.append(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self.lines.append(f"<!--{data}-->")

    def _end_text(self) -> None:
        if self._pending:
            self.lines.append(json.dumps(self._pending))
        self._pending = ""


def parse_page(page: str) -> list[str]:
    """The parsed page as lines."""
    return Reader(page).lines


def digests(page: str) -> dict[str, str]:
    """The SHA-256 of each section of a parsed page, and of what is before, between and after them."""
    parts: dict[str, list[str]] = {"frame": []}
    part = "frame"
    for line in parse_page(page):
        if line.startswith("<section "):
            part = str(dict(Reader(line.replace('\\"', "")).tags[0][1])["id"])
        parts.setdefault(part, []).append(line)
        part = "frame" if line == "</section>" else part
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in parts.items()}
