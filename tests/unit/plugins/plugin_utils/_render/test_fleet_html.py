# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.plugin_utils._render.fleet_html import render

from ...module_utils._report import samples
from ...module_utils._report.test_fleet import fleet
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
    assert sections == ["absent", "accounts", "new", "controls"]
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
