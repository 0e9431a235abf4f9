# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import (
    WIDTH,
    as_json,
    join_names,
    printable,
    wrap_text,
)

from . import samples


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert not [character for character in shown if unicodedata.category(character).startswith("C")]
    assert "\n" not in shown


@given(st.text())
def test_ascii_is_ascii(text: str) -> None:
    assert printable(text, ascii_only=True).isascii()


def test_what_reads_well_in_ascii_is_replaced_by_it() -> None:
    assert printable("AKIA…7Q2M → \u201cgone\u201d", ascii_only=True) == 'AKIA...7Q2M -> "gone"'
    assert printable("AKIA…7Q2M") == "AKIA…7Q2M"
    assert "\x1b" not in printable(samples.HOSTILE)


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=1, max_size=300), max_size=20))
def test_lines_are_wrapped_at_spaces_alone(words: list[str]) -> None:
    lines = wrap_text(" ".join(words), first="  - ", rest="    ")
    assert " ".join(lines).split() == ["-", *words]
    assert all(len(line) <= WIDTH or len(line[4:].split()) == 1 for line in lines)


def test_a_long_arn_is_not_cut() -> None:
    arn = f"arn:aws:iam::222233334444:role/a-path/{'x' * 200}"
    assert f"    {arn}" in wrap_text(f"set the boundary of {arn} now", first="  - ", rest="    ")


@pytest.mark.parametrize(("limit", "shown"), [(3, "a, b, c"), (2, "a, b, … and 1 more"), (1, "a, … and 2 more")])
def test_long_lists_are_cut_and_counted(limit: int, shown: str) -> None:
    assert join_names(["a", "b", "c"], limit) == shown


@pytest.mark.parametrize(("value", "shown"), [("text", "text"), ({"b": 1, "a": "é"}, '{\n  "a": "é",\n  "b": 1\n}')])
def test_evidence_is_shown_as_people_read_it(value: object, shown: str) -> None:
    assert as_json(value) == shown
