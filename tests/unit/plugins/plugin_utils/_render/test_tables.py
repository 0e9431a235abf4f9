# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import visible
from ansible_collections.hardening.iam.plugins.plugin_utils._render.tables import cell, render

from ...module_utils._report import samples


def test_a_line_a_finding() -> None:
    rows = list(csv.DictReader(io.StringIO(render(samples.complete_report()))))
    assert len(rows) == 20
    assert rows[0]["control"] == "root_no_access_key"
    assert rows[0]["cis_7.0"] == "2.4"
    assert rows[0]["nist_800_53"] == "AC-2(1), AC-6(2)"
    assert [row["waived_until"] for row in rows if row["status"] == "WAIVED"] == ["2027-03-31"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\u3000=1", "\xa0@x"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(("value", "shown"), [("alice", "alice"), (None, ""), (["a"], '[\n  "a"\n]'), ("", "")])
def test_other_cells_are_left_alone(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize("sign", ["=1", "+1", "-1", "@x", "＝1"])
@pytest.mark.parametrize("separator", [";", "; ", "|", "\t", "\n", "\n  "])
def test_a_spreadsheet_that_splits_elsewhere_finds_no_formula(separator: str, sign: str) -> None:
    """Where the comma is the decimal sign, spreadsheets split lines at semicolons, whatever is in quotes."""
    assert cell(f"role/a{separator}{sign}") == f"role/a{separator}'{sign}"


def test_what_can_not_be_seen_is_replaced() -> None:
    shown = cell("\x1b[31mroot\u202enimda\u200b\u2028\U000e0041")
    assert shown == "\ufffd[31mroot\ufffdnimda\ufffd\ufffd\ufffd"


@given(st.text(alphabet=st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"])))
def test_a_cell_comes_back_whole(text: str) -> None:
    finding = samples.finding("access_key_age", "x", detail=text)
    row = next(csv.DictReader(io.StringIO(render(samples.assessment([finding])), newline="")))
    assert row["detail"].replace("'", "") == visible(text).replace("'", "")
