# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from ansible_collections.hardening.iam.plugins.plugin_utils._render.changes import list_changes
from ansible_collections.hardening.iam.plugins.plugin_utils._render.remedies import Remedies, Remedy

from ...module_utils._report import samples
from .parsed import Reader

Report = dict[str, t.Any]
MODULE: t.Final = "access_key_lifecycle"
KEY: t.Final = "svc-backup"


def finding(report: Report, resource: str) -> dict[str, t.Any]:
    return next(item for item in report["findings"] if item["resource"].endswith(resource))


def remedy(report: Report, resource: str = "/dev-alice") -> Remedy:
    return Remedies(report, list_changes(report)).find(finding(report, resource))


def reporting(**more: t.Any) -> Report:
    return {**samples.complete_report(), "changes": [], "refused": [], "modules": [], **more}


def refusal(**more: t.Any) -> dict[str, t.Any]:
    return {**samples.REFUSAL.as_dict(), "module": MODULE, **more}


@pytest.mark.parametrize("state", ["planned", "reported", "applied"])
def test_a_finding_has_the_changes_that_remedy_it(state: str) -> None:
    report = samples.complete_report()
    change = next(item for item in report["changes"] if item["operation"] == "UpdateAccessKey")
    found = remedy({**report, "changes": [{**change, "state": state}]}, KEY)
    assert [(entry.change["operation"], entry.state) for entry in found.entries] == [("UpdateAccessKey", state)]
    assert found.states == (state,)
    assert found.reason is None


def test_a_change_that_a_guard_holds_back_is_shown_with_its_reason() -> None:
    change = next(item for item in samples.complete_report()["changes"] if item["operation"] == "UpdateAccessKey")
    found = remedy(reporting(refused=[refusal(change=change)]), KEY)
    (entry,) = found.entries
    assert entry.state == "refused"
    assert entry.refusal is not None
    assert entry.refusal["reason"] == samples.REFUSAL.reason


@pytest.mark.parametrize(
    ("more", "text", "state", "target"),
    [
        ({"modules": []}, "did not look at this account: its role is off", "", ""),
        ({"modules": [{"module": MODULE, "mode": "enforce"}]}, "plans no change here: the declaration", "", ""),
        ({"modules": [{"module": MODULE, "mode": None}]}, "left no result", "", "run"),
        ({"incomplete": [{"module": MODULE, "reason": "x"}]}, "its result is missing", "", "run"),
        ({"incomplete": [{"module": f"7/{MODULE}.json", "reason": "x"}]}, "its result is missing", "", "run"),
        ({"refused": [refusal(target=samples.arn("user", "dev-alice"))]}, "cap: 6 of 31", "refused", "refusal-1"),
        ({"refused": [refusal(target=f"{samples.arn('user', 'dev-alice')} policy x")]}, "cap", "refused", "refusal-1"),
        ({"refused": [refusal(target=samples.arn("user", "dev-alice2"))]}, "It refused others", "", "refused"),
        ({"refused": [refusal(module="other", target=samples.arn("user", "dev-alice"))]}, "did not look", "", ""),
    ],
)
def test_a_finding_without_a_change_says_why(more: Report, text: str, state: str, target: str) -> None:
    found = remedy(reporting(**more))
    assert found.entries == ()
    assert found.reason is not None
    assert text in found.reason.text
    assert (found.reason.state, found.reason.target) == (state, target)
    assert found.states == ((state,) if state else ())


def test_a_finding_of_a_region_is_refused_where_its_region_is_named() -> None:
    place = "arn:aws:access-analyzer:eu-west-1:1:analyzer/x"
    report = reporting(refused=[refusal(module="access_analyzer", target=place)])
    regional = {item["region"]: item for item in report["findings"] if item["control"] == "external_access_analyzer"}
    remedies = Remedies(report, [])
    refused, other = (remedies.find(regional[region]).reason for region in ("eu-west-1", "us-east-1"))
    assert refused is not None and other is not None
    assert (refused.state, other.state) == ("refused", "")


def test_a_first_step_on_the_same_resource_is_named_and_not_taken_for_the_remedy() -> None:
    change = {**samples.complete_report()["changes"][0], "remedies": [], "state": "planned", "module": MODULE}
    found = remedy(reporting(changes=[change]), KEY)
    assert found.entries == ()
    assert found.reason is not None
    assert "No change remedies it yet. On the same resource this is planned: " in found.reason.text
    assert (found.reason.state, found.reason.target) == ("", "change-1")
    other = remedy(reporting(changes=[change]), "/dev-alice").reason
    assert other is not None
    assert "did not look" in other.text


def test_a_control_without_a_module_is_remedied_by_hand() -> None:
    found = remedy(samples.complete_report(), "/deploy-bot")
    assert found.reason is not None
    assert "by hand" in found.reason.text


def test_reports_of_older_versions_do_not_say_which_modules_ran() -> None:
    report = reporting()
    del report["modules"]
    found = remedy(report)
    assert found.reason is not None
    assert found.reason.text == "This run plans no change for it."


def test_the_page_shows_change_affected_principals_and_reason_in_the_finding() -> None:
    report = samples.complete_report()
    changes = [{**change, "affects": [samples.arn("user", KEY)]} for change in report["changes"]]
    page = render({**report, "changes": changes})
    findings = page.partition('<section id="findings">')[2].partition("</section>")[0]
    anchor = f'id="finding-{finding(report, KEY)["fingerprint"][:16]}"'
    shown = findings.partition(anchor)[2].partition("</details>")[0]
    text = " ".join(Reader(shown).text.split())
    assert re.search('<span class="badge none">reported</span> <a href="#change-1">[^<]*access key', shown)
    assert "iam:UpdateAccessKey on arn:aws:iam::222233334444:user/svc-backup#" in text
    assert '"Status": "Inactive"' in text
    assert "Affects: user svc-backup" in text
    assert 'href="#change-1"' in shown
    assert 'id="change-1"' in page
    assert findings.count("No module of this collection makes this change.") == 6
