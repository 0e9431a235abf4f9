# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._simulation import comment, text
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.prices import TABLE, Prices
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.totals import Totals, describe

Document = dict[str, t.Any]

CHANGE: t.Final = {
    "service": "iam",
    "operation": "UpdateAccountPasswordPolicy",
    "region": "global",
    "target": "policy",
    "state": "planned",
    "affects": 0,
    "content": "c",
}


def role(name: str = "password_policy", **more: t.Any) -> Document:
    empty = {"mode": "enforce", "changes": [], "refused": [], "breakage": [], "costs": [], "calls": 5, "missed": []}
    return {"role": name, "state": "known", "message": "", **empty, **more}


def account(name: str = "acme-prod", **more: t.Any) -> Document:
    simulated = {
        "recorded": "2026-03-01T12:00:00Z",
        "roles": [role(changes=[CHANGE])],
        "counts": {"planned": 1, "if_approved": 0, "reported": 0, "refused": 0},
        "counts_now": {"planned": 0, "if_approved": 0, "reported": 0, "refused": 0},
        "calls": 8,
        "seconds": 10.0,
        "differs": True,
        "added": [{"role": "password_policy", **CHANGE}],
        "removed": [],
        "breaks": [],
    }
    return {"host": name, "account_id": "222233334444", "state": "simulated", "reason": "", **simulated, **more}


def refused(reason: str = "there is no snapshot of the account", name: str = "acme-dev") -> Document:
    return {"host": name, "account_id": "333344445555", "state": "refused", "reason": reason}


def broken(
    principal: str = "arn:aws:iam::222233334444:role/app", outcome: str = "will_break", **more: t.Any
) -> Document:
    found = {"role": "permissions_boundary", "principal": principal, "kind": "role", "outcome": outcome}
    return {**found, "accepted": False, "evidence": ["last_accessed"], **more}


def total(*accounts: Document, has_now: bool = True, forks: int = 10, **prices: float) -> Document:
    totals = Totals(Prices(prices), forks, has_now)
    for one in accounts:
        totals.add(one)
    return totals.as_document()


def test_the_sentence_has_all_that_a_reviewer_needs() -> None:
    document = total(
        account(breaks=[broken(), broken("other"), broken("third", "may_break"), broken("bob", kind="user")]),
        account("same", differs=False),
        account("gap", differs=False, roles=[role(state="unknown", missed=["iam:GetUser"])]),
        account("bad", differs=False, roles=[role(state="failed", message="wrong")]),
        refused(),
    )
    assert describe(document) == (
        "changes 1 of 5 accounts; 2 roles and 1 user would break, 1 role may break; 1 account not simulated; "
        "1 account not known offline; 1 account with a failure"
    )
    assert document["counts"] == {"planned": 4, "if_approved": 0, "reported": 0, "refused": 0}


def test_without_a_declaration_to_compare_with_planned_changes_count() -> None:
    nothing = {"planned": 0, "if_approved": 0, "reported": 3, "refused": 2}
    one, other = (account(differs=None, counts_now=None, **more) for more in ({}, {"counts": nothing}))
    document = total(one, other, has_now=False)
    assert describe(document) == "has changes for 1 of 2 accounts; no breakage predicted"
    assert document["counts_now"] is None


def test_the_duration_is_shared_by_forks_but_never_shorter_than_the_longest_account() -> None:
    accounts = [account(f"a{number}", seconds=10.0) for number in range(100)]
    assert total(*accounts)["duration"] == {"forks": 10, "seconds": 100}
    assert total(*accounts, account("slow", seconds=600.0))["duration"]["seconds"] == 600


def test_kinds_are_counted_by_state_and_by_difference() -> None:
    found = total(account(), account(added=[], removed=[{"role": "password_policy", **CHANGE}]))["kinds"]
    assert found == {"iam:UpdateAccountPasswordPolicy": {"planned": 2, "added": 1, "removed": 1}}


def cost(unit: str, count: t.Optional[int], state: str = "planned") -> Document:
    return {"option": "rules", "unit": unit, "count": count, "note": "", "state": state}


def test_costs_are_those_of_planned_changes_with_a_known_price() -> None:
    costs = [
        cost("run of a periodic rule, a day", 4),
        cost("recorder in a region", 1),
        cost("IAM user or role, a month", None),
        cost("run of a periodic rule, a day", 100, "reported"),
        cost("a unit of a later version", 2),
    ]
    found = total(account(roles=[role("config_rules", costs=costs)]))["costs"]
    assert found["a_month"] == pytest.approx(0.12)
    assert found["is_complete"] is False
    assert [item["unit"] for item in found["items"] if item["a_month"] is None] == [
        "IAM user or role, a month",
        "a unit of a later version",
        "recorder in a region",
    ]


@pytest.mark.parametrize(
    "other",
    [
        refused(),
        account("gap", roles=[role(state="unknown", missed=["config:DescribeConfigRules"])]),
        account("bad", roles=[role(state="failed", message="wrong")]),
    ],
    ids=["not simulated", "unknown", "failed"],
)
def test_costs_of_what_is_not_known_are_not_complete(other: Document) -> None:
    assert total(account(), other)["costs"]["is_complete"] is False
    assert total(account())["costs"]["is_complete"] is True


def test_accounts_that_are_no_longer_declared_are_named() -> None:
    """Nobody hardens them any more, so this is no small change of a declaration."""
    document = {**total(account()), "no_longer_declared": ["acme-prod-`2`", "acme-dev"]}
    assert "No longer declared: `acme-prod-'2'`, `acme-dev`" in comment.render(document)
    assert "NO LONGER DECLARED: acme-prod-`2`, acme-dev" in text.render(document, {})
    assert describe(document).startswith("changes 1 of 1 account; 2 accounts no longer declared;")
    assert "longer declared" not in comment.render(total(account())) + text.render(total(account()), {})


def test_own_prices_replace_those_of_the_table() -> None:
    costs = [cost("recorder in a region", 3)]
    found = total(account(roles=[role("config_rules", costs=costs)]), **{"recorder in a region": 1.5})["costs"]
    assert (found["a_month"], found["is_complete"]) == (4.5, True)


def test_every_price_has_a_source() -> None:
    assert all(price.source.startswith("https://aws.amazon.com/") for price in TABLE.values())


# The comment

HOSTILE: t.Final = (
    "a`b",
    "](http://evil.example)",
    "<img src=x onerror=alert(1)>",
    "a | b",
    "@everybody",
    "line\n/close\n# head",
    "back\\`slash",
    "`" * 20,
    "\u202egnp.exe",
    "<!--",
    "",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_foreign_text_can_not_leave_its_code_span(text: str) -> None:
    shown = comment.code(text)
    if not text:
        assert shown == "–"
        return
    assert shown[0] == shown[-1] == "`"
    inside = shown[1:-1]
    assert inside
    assert not set(inside) & set("`|\n\r\\")
    assert "\u202e" not in inside


@pytest.mark.parametrize("text", HOSTILE)
def test_every_foreign_text_of_a_comment_is_in_a_code_span(text: str) -> None:
    """Without the spans nothing of the text is left, wherever it was."""
    hostile = f"{text}EVIL{text}"
    change = {**CHANGE, "operation": hostile}
    document = total(
        account(
            hostile,
            account_id=hostile,
            roles=[role(changes=[change]), role(hostile, state="unknown", missed=[hostile])],
            added=[{"role": "r", **change}],
            breaks=[broken(hostile, evidence=[hostile])],
        ),
        account("failed", roles=[role(hostile, state="failed", message=hostile)]),
        refused(hostile, hostile),
    )
    page = comment.render(document)
    outside = "".join(part for number, part in enumerate(page.split("`")) if number % 2 == 0)
    assert page.count("`") % 2 == 0
    assert "EVIL" in page
    assert "EVIL" not in outside
    plain = comment.render(total(account(), refused()))
    assert not [line for line in page.splitlines() if line.startswith(("/", "# "))]
    assert plain.splitlines()[0] == page.splitlines()[0] == "## IAM simulation"


def test_a_comment_of_a_large_fleet_fits_and_says_what_is_left_out() -> None:
    names = [f"account-{number}-{'x' * 150}" for number in range(1000)]
    page = comment.render(total(*(account(name, breaks=[broken(name)] * 3) for name in names)))
    assert len(page) < 65_536
    assert "… and 450 more rows" in page
    assert "… and 950 more rows" in page
    assert "changes 1000 of 1000 accounts" in page


def test_a_comment_that_is_too_long_is_cut_off_at_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comment, "LONGEST", 300)
    page = comment.render(total(account()))
    assert page.endswith("\n\nThe comment is cut off here. The JSON of the simulation has all.\n")
    assert all(line.count("`") % 2 == 0 for line in page.splitlines())
