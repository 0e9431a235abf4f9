# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan in the terminal, in ``plan.txt`` and in the approval of AWX."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH
from ansible_collections.hardening.iam.plugins.module_utils._report.plan_lines import view_account
from ansible_collections.hardening.iam.plugins.module_utils._report.plan_view import Approvals
from ansible_collections.hardening.iam.plugins.plugin_utils._render.plan_text import (
    MOST,
    render_account,
    render_approval,
    render_file,
    render_last_lines,
)

from ...module_utils._report import planned
from .test_hostile_names import NAMES, is_seen

COMMAND: t.Final = f"-e hardening_approved_plan={planned.HASH}"
ARN_NAME: t.Final = f"{'a-long-path-' * 15}role"


def shown(*plans: dict[str, t.Any], ascii_only: bool = False, **members: t.Any) -> str:
    """The view of an approver over these plans, as text."""
    approvals = Approvals()
    for plan in plans:
        approvals.add(plan)
    approval = approvals.view(**{"plan_sha256": planned.HASH, **members})
    return render_approval(approval, page="reports/fleet.html", ascii_only=ascii_only)


@pytest.mark.parametrize("accounts", [1, 300])
def test_an_approver_reads_at_most_60_lines(accounts: int) -> None:
    without = [{"account_id": f"{number:012}", "reason": f"{number} {'failed ' * 90}"} for number in range(accounts)]
    text = shown(*planned.large_fleet(accounts), without_hash=without)
    lines = text.splitlines()
    assert len(lines) <= MOST == 60
    assert f"    {COMMAND}" in lines
    headings = [line.partition(":")[0] for line in lines if line[:1].isupper()]
    assert headings == [
        "PLAN",
        "NARROWS ACCESS OR IS NOT VERIFIED",
        "OTHER CHANGES",
        "COSTS A MONTH",
        "HELD BACK UNTIL THE PLAN IS APPROVED",
    ]
    assert "more kinds, see reports/fleet.html" in text


def test_the_hash_stands_first_with_the_words_that_approve_it() -> None:
    lines = shown(planned.plan(planned.entry())).splitlines()
    assert lines[0] == "PLAN: 1 planned, in 1 account"
    assert lines[1] == f"  Hash: {planned.HASH}"
    assert lines[3].strip() == COMMAND


def test_a_plan_without_a_hash_says_why_in_its_place() -> None:
    text = shown(planned.plan(), plan_sha256=None, no_hash_reason="the plan is incomplete: access_keys: failed")
    assert "It has no hash, so it can't be approved: the plan is incomplete: access_keys: failed" in text
    assert "hardening_approved_plan" not in text
    assert "Hash:" not in text


def test_accounts_without_a_hash_are_named_by_reason() -> None:
    without = [{"account_id": f"00000000000{number}", "reason": "it has no report"} for number in range(6)]
    text = shown(planned.plan(planned.entry()), without_hash=without)
    names = "000000000000, 000000000001, 000000000002, 000000000003, … and 2 more"
    assert f"No hash for 6 accounts ({names}): it has no report" in " ".join(text.split())


def test_costs_and_what_is_held_back_are_said() -> None:
    cost = {"usd_month": 3.5, "why": "AWS Config charges for evaluations"}
    text = shown(planned.plan(planned.boundary("r"), planned.entry(cost=cost)))
    assert "COSTS A MONTH: about 3.50 USD\n  - 3.50 USD (1 account): AWS Config charges for evaluations" in text
    assert "- 1 change in 1 account, by cap (permissions_boundary_max_changes): 12 roles" in text


def test_an_arn_of_200_characters_is_not_cut() -> None:
    target = f"role/{ARN_NAME}"
    arn = f"arn:aws:iam::111122223333:{target}"
    assert len(arn) > 200
    plan = planned.plan(planned.entry("CreateRole", target, unverified=[f"nobody knows who uses {arn} today"]))
    for text in (shown(plan), render_account(view_account(plan))):
        assert ARN_NAME in text
        assert arn in text
        assert all(len(line) <= WIDTH for line in text.splitlines() if ARN_NAME not in line)


def test_the_changes_of_an_account_are_sentences_with_their_facts() -> None:
    plan = planned.plan(
        planned.entry(reversible=False), planned.deactivation(deadline="2026-12-16T03:00:00Z"), planned.boundary("r")
    )
    assert render_account(view_account(plan), name="acme-prod").splitlines() == [
        "111122223333 (acme-prod): 2 planned, 1 more applied if approved",
        "  - [narrows access] deactivate access key AKIA…ZIQB of dev-bob",
        "      335 days old; last used 2026-08-04, 120 days before this plan; deadline 2026-12-16, in 14 days",
        "  - [can't be undone] create group x",
        "  APPLIED IF APPROVED:",
        "  - [narrows access] set permissions boundary developer of role r",
        "      held back by cap (permissions_boundary_max_changes): 12 roles, allowed are 10",
    ]


def test_a_terminal_has_the_first_lines_of_a_long_account_and_names_the_page() -> None:
    plan = planned.plan(*(planned.deactivation(f"user-{number}") for number in range(90)))
    words = view_account(plan)
    lines = render_account(words, page="1/report.html", most=40).splitlines()
    assert len(lines) == 41
    assert lines[-1] == "  … and 141 more lines, see 1/report.html"
    assert len(render_account(words).splitlines()) == 181


def test_the_file_has_every_account_and_every_name() -> None:
    plans = [planned.plan(*(planned.entry(target=f"group/g{number}") for number in range(60)))]
    accounts = [render_account(view_account(plan)) for plan in plans]
    text = render_file(shown(*plans), [*accounts, ""])
    assert text.startswith("PLAN: 60 planned")
    assert all(f"g{number}" in text for number in range(60))
    assert text.endswith("\n")
    assert "\n\n\n" not in text


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_shows_nothing_but_itself(name: str, ascii_only: bool) -> None:
    plan = planned.plan(
        planned.deactivation(f"user-{name}", unverified=[name], deadline=name),
        planned.entry("PutUserPolicy", f"user/x policy {name}", after={"inline_policy": name}, region=name),
        planned.boundary(name, held_by={"rule": name, "variable": name, "reason": name}),
        planned.entry("PutRule", f"rule/{name}", service="events", cost={"usd_month": None, "why": name}),
    )
    without = [{"account_id": name, "reason": name}]
    texts = [
        shown(plan, ascii_only=ascii_only, plan_sha256=None, no_hash_reason=name, without_hash=without),
        render_account(view_account(plan), name=name, ascii_only=ascii_only),
    ]
    for text in texts:
        assert all(map(is_seen, text))
        assert not ascii_only or text.isascii()
    # A name can't begin a line that looks like one of ours.
    assert not [line for line in texts[0].splitlines() if line[:1].isupper() and line.partition(":")[0] not in HEADINGS]


HEADINGS: t.Final = frozenset(
    {
        "PLAN",
        "NARROWS ACCESS OR IS NOT VERIFIED",
        "OTHER CHANGES",
        "COSTS A MONTH",
        "HELD BACK UNTIL THE PLAN IS APPROVED",
    }
)


def test_the_last_lines_are_numbers_that_are_never_added_up() -> None:
    approvals = Approvals()
    approval = approvals.view(plan_sha256=planned.HASH)
    counts = {"changes_applied": 0, "changes_planned": 29, "changes_if_approved": 10, "refused": 20}
    lines = render_last_lines(counts, approval).splitlines()
    assert lines == ["29 planned", f"10 more applied if approved: {COMMAND}", "20 refused"]
    quiet = {"changes_applied": 0, "changes_planned": 0, "changes_if_approved": 0, "refused": 0}
    assert render_last_lines(quiet, approval) == "0 planned"
    without = approvals.view(plan_sha256=None, no_hash_reason="incomplete")
    assert "10 more applied if approved (the plan has no hash)" in render_last_lines(counts, without)
    assert render_last_lines({**counts, "changes_applied": 3}, approval).startswith("3 applied\n29 planned\n")
