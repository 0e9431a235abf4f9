# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from ansible_collections.hardening.iam.plugins.plugin_utils._render.page import ENVIRONMENT

from ...module_utils._report import samples
from .parsed import Reader

STYLE: t.Final = str(ENVIRONMENT.globals["style"])
SCRIPT: t.Final = str(ENVIRONMENT.globals["script"])


@pytest.fixture(scope="module")
def page() -> str:
    return render(samples.compare_report())


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    return Reader(page)


def attributes(read: Reader, name: str) -> list[str]:
    return [value or "" for _tag, found in read.tags for key, value in found if key == name]


def test_hostile_names_add_nothing_to_the_page(page: str, read: Reader) -> None:
    assert [tag for tag, _attributes in read.tags if tag == "script"] == ["script"]
    assert [tag for tag, _attributes in read.tags if tag == "img"] == []
    assert page.count("<script") == page.count("</script>") == 1
    assert not [key for _tag, found in read.tags for key, _value in found if key.startswith("on")]
    assert "onerror=alert(2)" in read.text


def test_the_browser_is_told_to_load_nothing_and_run_only_the_script(page: str, read: Reader) -> None:
    policy = next(value for value in attributes(read, "content") if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert [key for _tag, found in read.tags for key, _value in found if key in ("src", "style", "srcset")] == []
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|innerHTML|eval\(", SCRIPT)
    assert STYLE in page
    assert SCRIPT in page


def test_nothing_moves_the_targets_of_links() -> None:
    """Rows whose height is estimated until they are seen, or a scroll that takes its time, made links miss by pages."""
    assert "content-visibility: auto" not in STYLE
    assert "scroll-behavior" not in STYLE
    assert "behavior:" not in SCRIPT


def test_links_lead_somewhere(read: Reader) -> None:
    ids = attributes(read, "id")
    inner = [value.removeprefix("#") for value in attributes(read, "href") if value.startswith("#")]
    assert len(ids) == len(set(ids))
    assert set(inner) - set(ids) == set()
    assert "control-root_no_access_key" in inner


def test_links_that_are_no_links_stay_text() -> None:
    run = samples.run()
    report = samples.assessment()
    report["run"] = {**run.as_dict(), "job_url": "javascript:alert(1)"}
    assert "javascript:alert(1)" not in attributes(Reader(render(report)), "href")


def test_everything_can_be_read_without_a_script(read: Reader) -> None:
    hidden = [dict(found) for _tag, found in read.tags if "hidden" in dict(found)]
    tools = [found for found in hidden if not {"data-filters", "data-print", "data-shown"} & set(found)]
    assert [found.get("id") for found in tools] == ["theme"]
    for text in ("7 access keys older than 90 days", "Nothing limits what a key of the root user may do", "AKIA…MPL6"):
        assert text in read.text


def test_findings_carry_what_the_filters_look_at(read: Reader) -> None:
    groups = [dict(found) for tag, found in read.tags if tag == "details" and "data-rows" in dict(found)]
    assert [group["data-severity"] for group in groups] == ["critical"] * 2 + ["high"] * 2 + ["medium"] * 2 + ["low"]
    assert [group["id"] for group in groups][0] == "C-003"
    new = [dict(found) for _tag, found in read.tags if "data-new" in dict(found)]
    assert len(new) == 1


def test_the_page_can_be_used_from_the_keyboard_and_by_a_screen_reader(read: Reader) -> None:
    first = next((tag, dict(found)) for tag, found in read.tags if tag in ("a", "button", "input"))
    assert first == ("a", {"href": "#main", "class": "skip"})
    assert "main" in attributes(read, "id")
    assert [dict(found)["lang"] for tag, found in read.tags if tag == "html"] == ["en"]
    images = [dict(found) for tag, found in read.tags if tag == "svg"]
    assert all(image.get("aria-label") or image.get("aria-hidden") for image in images)
    assert [dict(found)["type"] for tag, found in read.tags if tag == "button"].count("button") == len(
        [tag for tag, _found in read.tags if tag == "button"]
    )


def test_every_framework_has_a_view(read: Reader) -> None:
    views = [value for value in attributes(read, "id") if value.startswith("framework-")]
    assert views == [
        f"framework-{name}"
        for name in ("cis_7.0", "cis_5.0", "cis_3.0", "security_hub", "nist_800_53", "pci_4.0", "soc2")
    ]


def test_changes_are_shown_as_differences(page: str) -> None:
    assert '<span class="del">-   &#34;MinimumPasswordLength&#34;: 8,</span>' in page
    assert '<span class="add">+   &#34;MinimumPasswordLength&#34;: 14,</span>' in page


def test_refusals_tell_their_reason_rule_module_and_targets() -> None:
    refusal = {**samples.REFUSAL.as_dict(), "module": "access_keys"}
    several = [{**refusal, "target": samples.arn("user", f"svc-{number}")} for number in (1, 2)]
    page = render({**samples.complete_report(), "refused": several})
    told = Reader(page[page.index('<section id="changes">') :]).text
    assert "2 targets: 6 of 31 keys exceed max_percent 5" in " ".join(told.split())
    assert told.count("6 of 31 keys exceed max_percent 5") == 1
    for text in ("cap", "access_keys", "UpdateAccessKey", "user/svc-1", "user/svc-2"):
        assert text in told


def test_a_refused_change_has_the_patch_for_its_owner_and_no_more() -> None:
    report = samples.complete_report()
    patch = 'Role:\n  # </pre><script>alert(1)</script>\n  PermissionsBoundary: "arn"\n'
    change = {**report["changes"][0], "applied": False}
    refusal = {**samples.REFUSAL.as_dict(), "module": "permissions_boundary", "change": change}
    page = render({**report, "refused": [{**refusal, "patch": patch}]})
    assert patch in Reader(page).text
    assert page.count("<script") == 1
    assert "Patch for its owner" not in render({**report, "refused": [refusal]})


def test_whom_a_change_affects_stands_in_its_entry() -> None:
    report = samples.complete_report()
    affects = [*(samples.arn("role", f"<role-{number}>") for number in range(11)), "*"]
    page = render({**report, "changes": [{**report["changes"][0], "affects": affects}]})
    told = " ".join(Reader(page[page.index('id="changes"') :]).text.split())
    assert "Affects: role <role-0>, role <role-1>" in told
    assert "role <role-9> and 2 more" in told
    assert "<role-0>" not in page


def test_what_it_costs_stands_beside_the_changes() -> None:
    page = render(samples.costing())
    told = Reader(page[page.index('id="changes"') :]).text
    assert "What it costs" in told and "1,200 × rule in a region" in told
    assert "What it costs" not in render(samples.complete_report())


def test_the_score_from_before_the_changes_stands_beside_the_one_after(read: Reader) -> None:
    told = " ".join(Reader(render(samples.report_after_changes())).text.split())
    assert "ScoreCIS AWS Foundations Benchmark v7.0: 56.5% → 62%" in told
    assert "56.5% before the changes +5.5" in told
    assert "63% → 63%" in told
    assert "before the changes" not in read.text


def test_the_delta_and_resolved_findings_are_told(read: Reader) -> None:
    for text in (
        "Since run 20261118T020000Z:",
        "+1 new",
        "−1 resolved",
        "Resolved",
        "1 applied",
        "1 reported",
        "1 refused",
    ):
        assert text in read.text


def test_an_empty_report_says_so() -> None:
    read = Reader(render(samples.assessment([], scores=[], frameworks={}, controls={}, waivers=[], errors=[])))
    assert "Nothing that was assessed fails." in read.text
    assert "Every control was assessed." in read.text
    assert "No benchmark was assessed." in read.text
    assert "data-filters" not in [name for _tag, found in read.tags for name, _value in found]


def test_a_control_that_stands_for_a_region_has_no_text_to_link_to() -> None:
    unknown: dict[str, t.Any] = {"control": "region_assessed", "detail": "not enabled", "region": "ap-east-1"}
    finding = samples.finding("root_mfa_enabled", "x", Status.NOT_ASSESSED, **unknown)
    read = Reader(render(samples.assessment([finding])))
    assert "#control-region_assessed" not in attributes(read, "href")
    assert "region_assessed" in read.text


@pytest.mark.parametrize("mode", ["check", "enforce"])
def test_the_page_says_whether_anything_could_change(mode: str) -> None:
    text = Reader(render(samples.assessment(run=samples.run(mode=mode)))).text
    assert ("check mode: nothing was changed" in text) == (mode == "check")


def test_states_of_changes_stand_apart() -> None:
    page = render(samples.complete_report())
    changes = page.partition('<section id="changes">')[2].partition("</section>")[0]
    headings = re.findall(r'id="(changes-[a-z]+|refused)"', changes)
    assert headings == ["changes-applied", "changes-reported", "refused"]


def test_a_long_difference_is_folded_and_complete() -> None:
    report = samples.complete_report()
    after = {"ids": [f"id-{number}" for number in range(200)]}
    page = render({**report, "changes": [{**report["changes"][0], "before": None, "after": after}]})
    changes = page.partition('<section id="changes">')[2].partition("</section>")[0]
    assert "144 more lines" in changes
    assert all(f"id-{number}" in changes for number in range(200))


def test_what_passes_is_shown_with_its_evidence(page: str) -> None:
    control = page.partition('id="control-root_mfa_enabled"')[2].partition("</details>")[0]
    text = " ".join(Reader(control).text.split())
    assert "pass" in text
    assert '"population": 1' in text
    assert "Source iam:GetAccountSummary" in text.replace("SourceiamGet", "Source iam:Get").replace(
        "Sourceiam", "Source iam"
    )


def test_account_findings_name_the_account(read: Reader) -> None:
    assert f"Resourceaccount {samples.ACCOUNT} (acme-prod)" in read.text
    # The ARN of the account is that of its root user, which has one finding.
    assert read.text.count(f"Resourcearn:aws:iam::{samples.ACCOUNT}:root") == 1


def test_the_framework_view_says_what_it_lacks(read: Reader) -> None:
    text = " ".join(read.text.split())
    assert "All 70 recommendations are listed. 24 of them have no control here" in text
    assert text.count("The list is not complete.") == 4


def test_the_summary_is_in_the_page_for_print() -> None:
    page = render(samples.compare_report())
    summary = page.partition('<div class="printed">')[2].partition("<nav")[0]
    text = " ".join(Reader(summary).text.split())
    for words in (
        "The gravest findings",
        "Root user has an access key",
        "1 applied",
        "1 reported",
        "1 refused",
        "SOC 2",
    ):
        assert words in text
    assert "#everything" in page


def test_no_link_leads_to_a_control_that_the_assessment_left_out() -> None:
    """Modules add findings of controls that were not asked for."""
    report = samples.compare_report()
    named = next(item["control"] for item in report["findings"] if item["status"] == "FAIL")
    controls = {name: text for name, text in report["controls"].items() if name != named}
    page = render({**report, "controls": controls})
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert named in page
    assert links - set(re.findall(r' id="([^"]+)"', page)) == set()
