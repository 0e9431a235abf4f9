# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.reads import OPERATIONS_OF
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import SOURCES
from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from ansible_collections.hardening.iam.plugins.plugin_utils._render.table import find_service, view_table

from ...module_utils._report import samples
from .parsed import Reader


def row(control: str, report: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
    rows = view_table(report or samples.complete_report())["rows"]
    return dict(next(item for item in rows if item["finding"]["control"] == control))


def test_every_finding_has_a_row_whatever_its_status() -> None:
    report = samples.complete_report()
    view = view_table(report)
    assert [item["finding"] for item in view["rows"]] == report["findings"]
    assert view["statuses"] == ["PASS", "FAIL", "NOT_ASSESSED", "NOT_APPLICABLE", "WAIVED"]


def test_a_row_leads_to_what_the_page_says_about_it() -> None:
    report = samples.complete_report()
    page = render(report)
    for item in view_table(report)["rows"]:
        assert f'id="{item["href"]}"' in page
    assert row("root_mfa_enabled")["href"] == "control-root_mfa_enabled"
    assert row("root_no_access_key")["href"].startswith("finding-")


def test_the_account_is_named_and_not_its_root_user() -> None:
    policy = row("password_min_length")
    assert policy["name"] == policy["full"] == f"account {samples.ACCOUNT} (acme-prod)"
    root = row("root_no_access_key")
    assert (root["name"], root["full"]) == ("root", f"arn:aws:iam::{samples.ACCOUNT}:root")
    key = row("access_key_age")
    assert key["full"].endswith(f"({key['finding']['resource_detail']})")


@pytest.mark.parametrize(
    ("resource", "source", "service"),
    [
        ("arn:aws:cloudtrail:eu-west-1:1:trail/x", "DescribeTrails", "cloudtrail"),
        ("arn:aws:iam::1:root", "DescribeConfigurationRecorders", "config"),
        ("arn:aws:iam::1:root", "DescribeMetricFilters, DescribeTrails", "logs"),
        ("arn:aws:iam::1:root", "iam:GetCredentialReport", "iam"),
        ("arn:aws:iam::1:root", "", ""),
        ("eu-west-1", "x", ""),
    ],
)
def test_the_service_is_that_of_the_resource_or_of_the_evidence(resource: str, source: str, service: str) -> None:
    finding = {"control": "x", "resource": resource, "evidence": {"source": source}}
    assert find_service(finding) == service


def test_the_service_of_every_source_is_known() -> None:
    known = {name.partition(":")[2] for names in OPERATIONS_OF.values() for name in names}
    assert set(SOURCES.values()) - known == set()


def test_hostile_names_stay_text_in_the_table() -> None:
    page = render(samples.complete_report())
    table = page.partition('<section id="results">')[2].partition("</section>")[0]
    read = Reader(table)
    assert {tag for tag, _attributes in read.tags} & {"script", "img"} == set()
    assert "onerror=alert(2)" in read.text
    assert "\u202e" not in table


@pytest.mark.parametrize("resource", ["arn:", "arn:x", ":root", "", "arn"])
def test_a_resource_that_is_no_arn_has_no_service(resource: str) -> None:
    found = {**samples.assessment()["findings"][0], "resource": resource}
    assert find_service(found) == ""
