# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH
from ansible_collections.hardening.iam.plugins.plugin_utils._render.fleet_text import render

from ...module_utils._report import samples
from ...module_utils._report.test_fleet import STOP, WAVES, account, fleet, held_back


def test_a_line_an_account() -> None:
    text = render(fleet())
    assert (
        "  Account                 Crit  High  Med  Low  Score  Coverage  New  Gone  Done  Plan  Rep  Ref\n"
        "  222233334444 acme-prod     2    10    3    1    62%       91%    1     1     1     0    1    1\n"
        "  333344445555 acme-dev      2    10    3    1    62%       91%    0     0     1     0    1    1\n"
    ) in text


def test_failed_and_missing_accounts_and_new_criticals_are_named() -> None:
    text = render(fleet())
    assert "  - 444455556666 (acme-legacy) failed: </script>" in text
    assert "  - 555566667777 has no report of this run\n" in text
    assert "  - 222233334444: Root user has an access key: root; 1 active access key" in text
    assert "Accounts: 2 | Failed: 1 | Missing: 1" in text
    assert "Compliance Score: 61.9% (CIS AWS Foundations Benchmark v7.0)" in text


def test_lines_are_short_and_obey_nobody() -> None:
    long_name = account("999988887777", "a" * 63)
    long_name["summary"] = {"critical": 10000, "high": 10000, "medium": 10000, "low": 10000, "total": 40000}
    text = render(fleet(reports=[long_name]), title="ü", ascii_only=True)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.isascii()
    assert "\x1b" not in render(fleet())


def test_accounts_without_a_score() -> None:
    report = account("999988887777")
    text = render(fleet(reports=[{**report, "scores": []}]))
    assert "999988887777     2    10    3    1      -         -" in text
    assert "Compliance Score" not in text


def test_no_name_is_cut() -> None:
    """Accounts are known by their names: half of one may be another account's."""
    document = fleet(
        reports=[account("333344445555", "a-team-with-a-long-name-of-its-own"), account("444455556666", "b")]
    )
    for row in document["accounts"]:
        row["changes_if_approved"] = 3
    lines = render(document).splitlines()
    place = lines.index("    a-team-with-a-long-name-of-its-own")
    assert lines[place - 1].startswith("  333344445555  ")
    assert lines[place + 1].startswith("  444455556666 b")
    assert lines[place - 2].split()[-5:] == ["Done", "Plan", "Appr", "Rep", "Ref"]
    assert max(map(len, lines)) <= WIDTH


def test_a_huge_number_hides_no_account() -> None:
    document = fleet(reports=[account("333344445555", "acme-dev"), account("444455556666")])
    document["accounts"][1]["new"] = 10**90
    text = render(document)
    assert "\n  333344445555 acme-dev " in text
    assert "\n  444455556666 " in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_many_new_criticals_and_failures_stay_short() -> None:
    document = fleet()
    failed = [{"account_id": f"{number:012d}", "host": "h", "message": "no " * 500} for number in range(300)]
    text = render({**document, "new_criticals": document["new_criticals"][:1] * 900, "failed": failed}, ascii_only=True)
    assert text.count("Root user has an access key") == 20
    assert "  ... and 880 more, see fleet.json\n" in text
    assert text.count(") failed: no no") == 300
    assert text.count("    ... (see fleet.json)\n") == 300
    assert len(text.splitlines()) < 300 * 3 + 100
    assert text.isascii()
    whole = render({**document, "failed": failed[:2]})
    assert "see fleet.json" not in whole


def test_accounts_that_were_stopped_are_named_with_the_reason() -> None:
    reports = [held_back(f"{number:012}", ("stopped", f"{STOP} {samples.HOSTILE}")) for number in range(1, 26)]
    text = render(fleet(reports=reports, hosts={"000000000001": "shop"}))
    assert "CHANGES HELD BACK:\n  - stopped (25 accounts): the stop switch " in text
    assert STOP in " ".join(text.split())
    assert "    shop, 000000000002, " in text
    assert "... and 5 more" in render(fleet(reports=reports), ascii_only=True)
    assert " | Held back: 25\n" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text
    assert "HELD BACK" not in render(fleet())


def test_waves_have_their_state_and_accounts() -> None:
    text = render(fleet(waves=WAVES, hosts={"555566667777": "shop"}))
    assert "WAVES:\n  - canary (1 account): passed\n    acme-prod\n" in text
    assert "  - dev (1 account): closed: 2 refused changes, allowed are 0 (hardening_wave_max_refusals);" in text
    assert "  - prod (1 account): not begun\n    shop\n" in text
    assert "Missing: 0 | Not begun: 1\n" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text
