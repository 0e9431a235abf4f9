# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README and docs are in plain words: no sentence of more than 30 words, and no word that a reader has to guess."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import words

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
DOCS: t.Final = sorted(str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "docs").glob("*.md"))
PAGES: t.Final = ["CONTRIBUTING.md", "SECURITY.md", *DOCS]
# Sentences that may be long, with the reason.
LONG: t.Final[dict[str, str]] = {}


@pytest.mark.parametrize("name", ["README.md", *PAGES])
def test_a_page_is_in_plain_words(name: str) -> None:
    assert words.problems((CHECKOUT / name).read_text(encoding="utf-8"), LONG) == []


@pytest.mark.parametrize("name", DOCS)
def test_a_page_begins_with_a_command(name: str) -> None:
    """Readers find what to do at the start, and the background after it."""
    page = (CHECKOUT / name).read_text(encoding="utf-8")
    assert words.has_code_first(page)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("# A\n\nText.\n\n```shell\nmake\n```\n", True),
        ("# A\n\n1. Do:\n\n   ```shell\n   make\n   ```\n\n## B\n", True),
        ("<!-- C -->\n\n# A\n\n    make\n", True),
        ("# A\n\nText.\n\n## B\n\n```shell\nmake\n```\n", True),
        ("# A\n\nText.\n\n## B\n\n## C\n\n```shell\nmake\n```\n", False),
        ("# A\n\n`make`\n", False),
    ],
)
def test_code_before_the_second_section_is_found(page: str, expected: bool) -> None:
    assert words.has_code_first(page) is expected


def test_a_sentence_that_may_be_long_is_there_and_long() -> None:
    pages = [(CHECKOUT / name).read_text(encoding="utf-8") for name in ("README.md", *PAGES)]
    long = {str(sentence) for page in pages for sentence in words.sentences(page) if sentence.words() > words.LONGEST}
    assert set(LONG) - long == set()


THIRTY: t.Final = " ".join(["word"] * 30)


@pytest.mark.parametrize(
    ("page", "found"),
    [
        pytest.param(f"{THIRTY} more.", ["line 1: 31 words"], id="long"),
        pytest.param(f"Short.\n\n{THIRTY}\nmore.", ["line 3: 31 words"], id="two lines"),
        pytest.param(f"* {THIRTY} more\n* short", ["line 1: 31 words"], id="item"),
        pytest.param(f"1. Short\n   * {THIRTY} more", ["line 2: 31 words"], id="item of an item"),
        pytest.param(f"> {THIRTY} more", ["line 1: 31 words"], id="quotation"),
        pytest.param(f"{THIRTY} [more](https://example.com/a/b)", ["line 1: 31 words"], id="link"),
        pytest.param(f"{THIRTY} `more than one word`", ["line 1: 31 words"], id="code"),
        pytest.param(f"{THIRTY} `a`, `b` and `c`", ["line 1: 31 words"], id="names"),
        pytest.param(f"---\na: b\n---\n{THIRTY} more", ["line 4: 31 words"], id="after front matter"),
        pytest.param(f"![{THIRTY} more](a.png)", ["line 1: 31 words"], id="image"),
        pytest.param(f"{THIRTY} e.g. more", ["line 1: 32 words"], id="abbreviation"),
        pytest.param("The user is told.", ['line 1: "told"'], id="told"),
        pytest.param("It tells of a key.", ['line 1: "tells of"'], id="tells of"),
        pytest.param("A role is spared, and mended.", ['line 1: "spared"', 'line 1: "mended"'], id="two words"),
        pytest.param("It stands\nin the table.", ['line 1: "stands in"'], id="stands in"),
        pytest.param("It hangs on it.", ['line 1: "hangs on"'], id="hangs on"),
        pytest.param("The package brings it; it brings along more.", ['line 1: "brings along"'], id="brings along"),
        pytest.param("It is nobody's to take.", ['line 1: "is nobody\'s"'], id="nobody's"),
        pytest.param("Ask whoever made it.", ['line 1: "whoever"'], id="whoever"),
        pytest.param("# It is told\n", ['line 1: "told"'], id="heading"),
        pytest.param("| a |\n|---|\n| told |", ['line 3: "told"'], id="cell"),
        pytest.param("Good. What is unknown is unsafe.", ["line 1: begins with a question word"], id="what"),
        pytest.param("* Who is meant gets it", ["line 1: begins with a question word"], id="who"),
    ],
)
def test_faults_are_found(page: str, found: list[str]) -> None:
    assert [line.rpartition(": ")[0] for line in words.problems(page)] == found


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f"W{THIRTY}. W{THIRTY}. `code` {THIRTY[5:]}", id="sentences"),
        pytest.param(f"* {THIRTY}\n* {THIRTY}", id="items"),
        pytest.param(f"{THIRTY} – / *", id="signs"),
        pytest.param(f"```text\n{THIRTY} told more.\n```", id="code block"),
        pytest.param(f"    {THIRTY} told more.", id="indented code"),
        pytest.param(f"| a |\n|---|\n| {THIRTY} more |", id="cell"),
        pytest.param(f"<!-- {THIRTY} told more. -->", id="comment"),
        pytest.param(f"---\na: {THIRTY} told more.\n---\n", id="front matter"),
        pytest.param("[a](https://example.com/told)", id="target"),
        pytest.param("Set `told` to yes.", id="inline code"),
        pytest.param("# What it does", id="heading"),
        pytest.param("What is it?", id="question"),
        pytest.param("A standalone spare understands untold whatnots, and nobody's rights change.", id="other words"),
    ],
)
def test_plain_words_are_left_alone(page: str) -> None:
    assert words.problems(page) == []


def test_a_listed_sentence_may_be_long() -> None:
    assert words.problems(f"{THIRTY} `more than one`.", [f"{THIRTY} `more than one`."]) == []


def test_the_command_names_page_and_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("It is good.\n", encoding="utf-8")
    bad.write_text("# Bad\n\nIt is told.\n", encoding="utf-8")
    command = [sys.executable, words.__file__]
    done = subprocess.run([*command, good, bad], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, f'{bad}, line 3: "told": It is told.\n')
    done = subprocess.run([*command, good], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "nothing found\n")
