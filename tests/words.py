# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds long sentences and unclear words in Markdown pages.

``python tests/words.py docs/writes.md`` prints what it finds, and fails if it finds anything.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import typing as t
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST: t.Final = 30
# Takes the place of a space in inline code, which counts as one word.
JOINED: t.Final = "\ue000"
SENTENCE_END: t.Final = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[^a-z])")
WORD: t.Final = re.compile(r"\w")
CODE: t.Final = re.compile(r"`[^`]*`")
NAMES: t.Final = re.compile(r"`[^`]*`(?:(?:, | and | or |, and |, or )`[^`]*`)+")
# The field has a word for each of these: ignored, exempt, resolved, depends on.
UNCLEAR: t.Final = re.compile(
    r"""
    \b(?:
      told | tell(?:s|ing)?\ of
      | spar(?:ed|es|ing)
      | mend(?:s|ed|ing)?
      | (?:stand(?:s|ing)?|stood)\ (?:in|there)
      | (?:hang(?:s|ing)?|hung)\ on
      | (?:bring(?:s|ing)?|brought)\ along
      | (?:is|are|was|were)\ nobody's
      | whoever | whomever
    )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
RIDDLE: t.Final = re.compile(r"(?:Who|What|Whoever)\b")


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence of a page, the line where its paragraph begins, and where it is."""

    line: int
    text: str
    place: t.Literal["text", "heading", "table"]

    def words(self) -> int:
        """Return the number of words. Inline code is one word, a list of names in inline code too, a dash is none."""
        return sum(bool(WORD.search(part)) for part in NAMES.sub("names", self.text).split())

    def __str__(self) -> str:
        return self.text.replace(JOINED, " ")


def sentences(page: str) -> list[Sentence]:
    """Return the sentences of a Markdown page, without code blocks, comments, front matter and the targets of links."""
    found: list[Sentence] = []
    place: t.Literal["text", "heading", "table"] = "text"
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(_without_front_matter(page)):
        if token.map:
            line = token.map[0] + 1
        if token.type in ("heading_open", "table_open"):
            place = "heading" if token.type == "heading_open" else "table"
        elif token.type in ("heading_close", "table_close"):
            place = "text"
        elif token.type == "inline":
            for text in _plain_texts(token.children or []):
                found += [Sentence(line, part, place) for part in SENTENCE_END.split(text) if WORD.search(part)]
    return found


def problems(page: str, long: t.Container[str] = ()) -> list[str]:
    """Return a line for each fault of a page. Sentences in ``long`` may be long."""
    return [
        f"line {sentence.line}: {fault}: {sentence}" for sentence in sentences(page) for fault in faults(sentence, long)
    ]


def faults(sentence: Sentence, long: t.Container[str] = ()) -> list[str]:
    """Return what is wrong with a sentence."""
    found = []
    count = sentence.words()
    if sentence.place == "text" and count > LONGEST and str(sentence) not in long:
        found.append(f"{count} words")
    found += [f'"{match.group()}"' for match in UNCLEAR.finditer(CODE.sub("", sentence.text))]
    if sentence.place == "text" and RIDDLE.match(sentence.text) and not sentence.text.endswith("?"):
        found.append("begins with a question word")
    return found


def has_code_first(page: str) -> bool:
    """Whether a page has a command, or other code, before its second section."""
    sections = 0
    for token in MarkdownIt("commonmark").parse(_without_front_matter(page)):
        if token.type in ("fence", "code_block"):
            return True
        sections += token.type == "heading_open" and token.tag == "h2"
        if sections == 2:
            return False
    return False


def _without_front_matter(page: str) -> str:
    """Blank the front matter, so that lines keep their numbers."""
    match = re.match(r"---\n.*?\n---\n", page, re.DOTALL)
    return "\n" * match.group().count("\n") + page[match.end() :] if match else page


def _plain_texts(tokens: t.Iterable[Token]) -> list[str]:
    """Return the text of a paragraph, and the description of each of its images."""
    parts, images = [], []
    for token in tokens:
        if token.type == "image":
            images.append(token.content)
        elif token.type == "code_inline":
            parts.append("`" + re.sub(r"\s", JOINED, token.content) + "`")
        elif token.type == "text":
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return ["".join(parts).strip(), *images]


def main(names: t.Sequence[str]) -> int:
    """Print what is wrong with some pages."""
    lines = [f"{name}, {line}" for name in names for line in problems(Path(name).read_text(encoding="utf-8"))]
    print("\n".join(lines) or "nothing found")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
