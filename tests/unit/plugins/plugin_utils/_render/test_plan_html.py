# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The section of a plan in the page of an account and in that of a run."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.plan_lines import view_account
from ansible_collections.hardening.iam.plugins.module_utils._report.plan_view import Approval, Approvals
from ansible_collections.hardening.iam.plugins.plugin_utils._render import account_html, fleet_html
from ansible_collections.hardening.iam.plugins.plugin_utils._render.plan_html import PlanOfAccount

from ...module_utils._report import planned, samples
from ...module_utils._report.test_fleet import fleet
from .test_hostile_names import NAMES, Elements, is_seen

COMMAND: t.Final = f"-e hardening_approved_plan={planned.HASH}"


def approve(plan: dict[str, t.Any], **members: t.Any) -> Approval:
    approvals = Approvals()
    approvals.add(plan)
    return approvals.view(**{"plan_sha256": planned.HASH, **members})


def show(plan: dict[str, t.Any], report: t.Optional[dict[str, t.Any]] = None, **members: t.Any) -> str:
    """The page of an account with this plan."""
    shown = PlanOfAccount(approve(plan, **members), view_account(plan))
    return account_html.render({**samples.complete_report(), **(report or {})}, plan=shown)


def cut_out(page: str, section: str) -> str:
    """The text of a section of a page, without its elements."""
    found = re.search(rf'<section id="{section}">.*?</section>', page, re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found.group())


def test_the_hash_stands_first_with_the_words_that_approve_it() -> None:
    text = cut_out(show(planned.plan(planned.entry())), "plan")
    assert text.startswith("Plan1 planned, in 1 accountHash: ")
    assert planned.HASH in text
    assert COMMAND in text


def test_a_plan_without_a_hash_says_why_in_its_place() -> None:
    text = cut_out(show(planned.plan(), plan_sha256=None, no_hash_reason="access_keys: it failed"), "plan")
    assert "no hash It can't be approved: access_keys: it failed" in text
    assert "hardening_approved_plan" not in text


def test_every_change_stands_there_with_its_facts_and_what_waits_apart() -> None:
    plan = planned.plan(planned.deactivation(deadline="2026-12-16T03:00:00Z"), planned.boundary("r"))
    page = show(plan)
    text = cut_out(page, "plan")
    assert "335 days old; last used 2026-08-04, 120 days before this plan" in text
    assert "deadline 2026-12-16, in 14 days" in text
    assert page.index('id="plan-planned"') < page.index('id="plan-applied-if-approved"')
    assert "Held back until the plan is approved" in text
    assert planned.KEY_ID not in page


def test_the_difference_of_a_policy_and_of_a_pattern_is_shown_whole() -> None:
    pattern = {"source": ["aws.iam"], "detail": {"eventName": [f"Event{number}" for number in range(90)]}}
    rule = planned.entry("PutRule", "rule/r", service="events", after={"pattern": pattern})
    text = cut_out(show(planned.plan(rule)), "plan")
    assert all(f"Event{number}&#34;" in text for number in range(90))
    assert "sha256" not in text


def test_findings_lead_to_the_change_of_the_plan_which_no_other_section_repeats() -> None:
    report = samples.complete_report()
    change = {**report["changes"][0], "state": "planned"}
    entry = {**planned.entry(), **{name: change[name] for name in change if name not in ("applied", "state", "module")}}
    page = show(planned.plan(entry), {"changes": [change], "refused": []})
    assert page.count('id="change-1"') == 1
    assert 'id="change-1"' in page[page.index('<section id="plan">') : page.index('<section id="changes">')]
    assert 'href="#change-1"' in page
    assert "1 change, in the plan." in cut_out(page, "changes")
    assert 'id="changes-planned"' in page


def test_a_page_without_a_plan_shows_planned_changes_as_before() -> None:
    report = samples.complete_report()
    page = account_html.render({**report, "changes": [{**report["changes"][0], "state": "planned"}]})
    assert '<section id="plan">' not in page
    assert 'id="change-1"' in page


def test_the_page_of_a_run_leads_to_the_plan_of_each_account() -> None:
    without = [{"account_id": "555566667777", "reason": "it has no report"}]
    approval = approve(planned.plan(planned.entry(), planned.boundary("r")), without_hash=without)
    listed = [("222233334444", "1 planned and 1 more applied if approved")]
    page = fleet_html.render(fleet(), approval=approval, planned=listed)
    text = cut_out(page, "plan")
    assert COMMAND in text
    assert "555566667777: it has no report" in text
    assert 'href="222233334444/report.html#plan"' in page
    assert "acme-prod: 1 planned and 1 more applied if approved" in text
    assert '<section id="plan">' not in fleet_html.render(fleet())


def test_many_kinds_of_changes_are_folded() -> None:
    approvals = Approvals()
    for plan in planned.large_fleet(20):
        approvals.add(plan)
    page = fleet_html.render(fleet(), approval=approvals.view(plan_sha256=planned.HASH))
    assert page.count("more kinds of changes</summary>") == 2


def test_names_and_arns_are_kept_whole_and_the_rest_of_a_sentence_is_not() -> None:
    arn = f"arn:aws:iam::111122223333:role/{'a-path-' * 25}x"
    entry = planned.entry("CreateRole", f"role/{'a-path-' * 25}x", unverified=[f"nobody knows {arn} yet"])
    page = show(planned.plan(entry))
    assert f'not verified: nobody knows <span class="whole">{arn}</span> yet' in page
    assert f'<code><span class="whole">{arn}</span></code>' in page


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_shows_nothing_but_itself(name: str) -> None:
    def render(called: str) -> tuple[str, str]:
        held = {"rule": called, "variable": called, "reason": called}
        cost = {"usd_month": None, "why": called}
        plan = planned.plan(
            planned.deactivation(f"user-{called}", unverified=[called], deadline="2026-12-16"),
            planned.entry("PutUserPolicy", f"user/x policy {called}", after={"inline_policy": called}, cost=cost),
            planned.boundary(called, held_by=held),
            planned.entry("PutRule", f"rule/{called}", service="events", after={"pattern": {"source": [called]}}),
        )
        members = {"plan_sha256": None, "no_hash_reason": called}
        without = [{"account_id": "111122223333", "reason": called}]
        approval = approve(plan, **members, without_hash=without)
        listed = [("222233334444", called)]
        return show(plan, **members), fleet_html.render(fleet(), linked=False, approval=approval, planned=listed)

    for page, plain in zip(render(name), render("plain"), strict=True):
        assert [hex(ord(character)) for character in set(page) if not is_seen(character)] == []
        assert Elements(page).tags == Elements(plain).tags
