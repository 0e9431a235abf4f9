# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run in the terminal."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH
from ansible_collections.hardening.iam.plugins.plugin_utils._render.run_text import (
    choose_detail,
    render_accounts,
    render_files,
)

from ...module_utils._report import samples


@pytest.mark.parametrize(
    ("asked", "accounts", "detail"),
    [("auto", 1, "summary"), ("auto", 5, "summary"), ("auto", 6, "brief"), ("full", 300, "full"), ("none", 1, "none")],
)
def test_detail(asked: str, accounts: int, detail: str) -> None:
    assert choose_detail(asked, accounts) == detail


def test_findings_come_by_severity_and_then_changes() -> None:
    text = render_accounts([samples.complete_report()])
    headings = [line for line in text.splitlines() if line[:1].isupper()]
    assert headings[0] == "CRITICAL FINDINGS:"
    assert [heading.partition(" ")[0] for heading in headings[:4]] == ["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    assert any(heading.startswith(("PLANNED", "CHANGES", "ONLY REPORTED")) for heading in headings[4:])
    assert "[C-001]" in text


def test_the_accounts_are_named_where_there_are_several() -> None:
    one, other = samples.complete_report(), {**samples.complete_report(), "account_alias": "acme-dev"}
    assert "(acme-dev):" not in render_accounts([other])
    text = render_accounts([one, other])
    assert text.count("(acme-dev):") >= 2


def test_low_findings_of_several_accounts_are_cut_and_counted() -> None:
    report = samples.complete_report()
    low = next(
        finding for finding in report["findings"] if finding["severity"] == "low" and finding["status"] == "FAIL"
    )
    findings = [{**low, "control": f"low_{number}", "fingerprint": str(number)} for number in range(8)]
    controls = {f"low_{number}": report["controls"][low["control"]] for number in range(8)}
    many = {**report, "findings": findings, "controls": {**report["controls"], **controls}}
    alone, together = render_accounts([many]), render_accounts([many, report])
    assert alone.count("[L-") == 8
    assert "… and 3 more kinds, see the report of the account" in together
    assert "more kinds, see" not in alone


def test_lines_are_short_and_obey_nobody() -> None:
    text = render_accounts([samples.complete_report(), samples.costing()], ascii_only=True)
    assert text.isascii()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= WIDTH + 2


def test_states_are_never_added_up() -> None:
    report = samples.complete_report()
    changes = [{**report["changes"][0], "state": state} for state in ("planned", "reported", "applied")]
    text = render_accounts([{**report, "changes": changes, "refused": []}])
    assert "\nCHANGES:\n" in text
    # The plan of a check is shown by itself, from the document that is approved.
    assert "PLANNED" not in text
    assert "ONLY REPORTED (the role is in mode report, so no run makes them):\n  - 1 changes" not in text
    assert "- 1 change: " in text


def test_a_real_run_says_which_changes_it_did_not_make() -> None:
    """A module that failed leaves changes that are planned and not made, though nobody asked for check mode."""
    report = samples.complete_report()
    stopped = {**report, "run": {**report["run"], "mode": "enforce"}}
    stopped["changes"] = [{**report["changes"][0], "state": "planned"}]
    text = render_accounts([stopped])
    assert "PLANNED CHANGES (this run did not make them):\n" in text
    assert "without --check" not in text


def test_the_page_is_named_last() -> None:
    report = samples.complete_report()
    lines = render_files([report], "./reports", formats=["html", "txt"], is_fleet=True).splitlines()
    assert lines == ["REPORTS:", f"  ./reports/{samples.ACCOUNT}/report.html"]
    assert render_files([], "r", formats=["html"], is_fleet=True).splitlines()[-1] == "  r/fleet.html"
    many = render_files([report] * 6, "r", formats=[], is_fleet=True).splitlines()
    assert many == ["REPORTS:", "  r/<account id>/report.json", "  r/fleet.json"]


def test_the_report_of_the_run_is_named_where_other_accounts_failed() -> None:
    lines = render_files([samples.complete_report()], "r", formats=["html"], is_fleet=True, without=2).splitlines()
    assert lines == ["REPORTS:", f"  r/{samples.ACCOUNT}/report.html", "  r/fleet.html"]


def test_many_reasons_are_counted_in_ascii_too() -> None:
    refused = [
        {"rule": "r", "reason": str(number), "operation": "", "module": "m", "target": "x"} for number in range(9)
    ]
    text = render_accounts([{**samples.complete_report(), "refused": refused}], ascii_only=True)
    assert "  ... and 4 changes refused for 4 reasons, see report.json\n" in f"{text}\n"
    assert text.isascii()
