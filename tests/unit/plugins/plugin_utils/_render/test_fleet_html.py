# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.plugin_utils._render import account_html
from ansible_collections.hardening.iam.plugins.plugin_utils._render.fleet_html import render

from ...module_utils._report import large_fleet, samples
from ...module_utils._report.test_fleet import STOP, WAVES, account, fleet, held_back
from .parsed import Reader
from .test_account_html import attributes


def test_each_account_leads_to_its_report() -> None:
    links = attributes(Reader(render(fleet())), "href")
    assert "222233334444/report.html" in links
    assert "333344445555/report.html" in links
    assert "333344445555/report.html#control-access_key_age" in links


def test_where_accounts_have_no_page_nothing_leads_to_it() -> None:
    links = attributes(Reader(render(fleet(), linked=False)), "href")
    assert [link for link in links if "report.html" in link] == []


def test_failed_and_missing_accounts_stand_first() -> None:
    read = Reader(render(fleet()))
    sections = [dict(found)["id"] for tag, found in read.tags if tag == "section"]
    assert sections == ["absent", "accounts", "frameworks", "new", "controls"]
    assert "acme-legacy" in read.text
    assert "555566667777" in read.text


def test_a_hostile_message_adds_nothing_to_the_page() -> None:
    read = Reader(render(fleet()))
    tags = [tag for tag, _attributes in read.tags]
    assert tags.count("script") == 1
    assert "img" not in tags


def test_the_worst_account_comes_first() -> None:
    document = fleet()
    document["accounts"][1]["summary"] = {**document["accounts"][1]["summary"], "critical": 9}
    text = Reader(render(document)).text
    assert text.index("acme-dev") < text.index("acme-prod")


def test_a_run_without_reports_has_a_page() -> None:
    text = Reader(render(fleet(reports=[]))).text
    assert "0 accounts" in text
    assert "No account has a report of this run." in text
    assert "No benchmark was assessed." in text
    assert samples.ACCOUNT in text


def test_accounts_are_named_by_host_else_by_alias_else_by_number() -> None:
    hosts = {samples.ACCOUNT: "prod-host", "333344445555": "333344445555", "555566667777": "gone"}
    reports = [account("333344445555", "acme-dev"), account("444455556666"), samples.compare_report()]
    text = Reader(render(fleet(reports=reports, failures=[], hosts=hosts))).text
    for name in ("prod-host", "acme-dev", "444455556666", "gone"):
        assert name in text
    assert "acme-prod" not in text


def test_accounts_are_grouped_by_unit_where_that_is_known() -> None:
    read = Reader(render(fleet(units={samples.ACCOUNT: "/Workloads/Prod"})))
    text = read.text[read.text.index("Search accounts") :]
    assert text.index("/Workloads/Prod") < text.index("acme-prod") < text.index("No organizational unit known")
    assert "organizational unit" not in Reader(render(fleet())).text


def test_changes_and_refusals_lead_to_the_page_of_the_account() -> None:
    links = attributes(Reader(render(fleet())), "href")
    page = account_html.render(samples.compare_report())
    places = [link.partition("#")[2] for link in links if link.startswith(f"{samples.ACCOUNT}/report.html#")]
    assert {"refused", "changes-applied", "changes-reported"} <= set(places)
    assert [place for place in places if f'id="{place}"' not in page] == []


def test_frameworks_have_a_score_and_a_trend() -> None:
    document = fleet(earlier=fleet(run_id="before"))
    section = render(document).partition('<section id="frameworks">')[2].partition("</section>")[0]
    text = " ".join(Reader(section).text.split())
    assert "CIS AWS Foundations Benchmark v7.0" in text and "SOC 2" in text
    assert "The line shows the last 2 runs." in text
    labels = [value for value in attributes(Reader(section), "aria-label") if value.startswith("Trend")]
    assert labels[0] == "Trend: 2026-11-25 61.9%, 2026-11-25 61.9%"
    assert "no earlier run" in Reader(render(fleet())).text


def test_a_forged_trend_adds_nothing_to_the_page() -> None:
    earlier = fleet(run_id="before")
    earlier["trend"][0]["frameworks"] = {samples.HOSTILE: 1}
    assert render(fleet(earlier=earlier)) == render(fleet())


def test_waves_are_shown_with_links_to_accounts_that_have_a_report() -> None:
    read = Reader(render(fleet(waves=WAVES, failures=[])))
    sections = [dict(found)["id"] for tag, found in read.tags if tag == "section"]
    assert sections[:2] == ["absent", "waves"]
    assert "2 refused changes, allowed are 0" in read.text
    assert "not begun" in read.text
    assert "img" not in [tag for tag, _attributes in read.tags]
    links = attributes(read, "href")
    assert "333344445555/report.html" in links
    assert "555566667777/report.html" not in links


def test_changes_held_back_are_shown_with_links_to_the_reports_of_their_accounts() -> None:
    reports = [held_back(f"{number:012}", ("stopped", f"{STOP} {samples.HOSTILE}")) for number in range(1, 151)]
    read = Reader(render(fleet(reports=reports, failures=[], expected=[])))
    sections = [dict(found)["id"] for tag, found in read.tags if tag == "section"]
    assert sections[0] == "held-back"
    assert "stopped" in read.text
    assert STOP in read.text
    assert "… and 50 more, in fleet.json" in read.text
    assert "img" not in [tag for tag, _attributes in read.tags]
    assert "000000000100/report.html" in attributes(read, "href")


def test_the_page_of_a_thousand_accounts_is_small_enough_to_open() -> None:
    document = large_fleet.thousand()
    content = render(document)
    assert len(content.encode()) < 5_000_000
    read = Reader(content)
    accounts = large_fleet.ACCOUNTS - large_fleet.LOST
    rows = [dict(found) for tag, found in read.tags if tag == "tr" and dict(found).get("class") == "row"]
    assert len(rows) == accounts
    for number in range(large_fleet.LOST, large_fleet.ACCOUNTS):
        assert f"{large_fleet.account_id(number)}/report.html" in content
    # Nothing is expanded, and what is folded is no more than a reader looks at.
    assert ("open", None) not in [found for tag, attributes in read.tags if tag == "details" for found in attributes]
    assert len(read.tags) < 60_000
    assert f"… and {accounts - 100} more, in fleet.json" in read.text
    assert f"… and {len(document['new_criticals']) - 200} more, in fleet.json" in read.text


def test_the_page_of_a_few_accounts_leaves_nothing_out() -> None:
    assert "more, in fleet.json" not in Reader(render(fleet())).text
