# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight of all accounts in the terminal."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.plugin_utils._render.preflight_text import count_missing, render


def row(capability: str, state: str = "READY", reason: str = "", actions: t.Sequence[str] = ()) -> dict[str, t.Any]:
    return {"capability": capability, "state": state, "reason": reason, "missing_actions": list(actions)}


def account(number: int, *rows: dict[str, t.Any], **modes: t.Any) -> dict[str, t.Any]:
    return {"account_id": str(number) * 12, "capabilities": list(rows), "modes": modes}


DENIED: t.Final = row("user_permissions", "MISSING", "denied", ["iam:DetachUserPolicy"])


def test_one_table_of_what_is_missing_in_all_accounts() -> None:
    silent = [row(name, "MISSING", "no answer") for name in "bc"]
    accounts = [account(1, row("a"), DENIED), account(2, row("a")), account(3, *silent)]
    assert count_missing(accounts) == 3
    assert render(accounts, is_whole=False).splitlines() == [
        "Preflight of 3 accounts: 2 of them lack something",
        "  111111111111  MISSING  user_permissions: denied; iam:DetachUserPolicy",
        "  333333333333  MISSING  b, c: no answer",
    ]


def test_accounts_that_lack_the_same_share_a_line() -> None:
    actions = [f"events:Action{number}" for number in range(20)]
    many = [account(number, row("event_alerts", "MISSING", "", actions)) for number in range(1, 10)]
    lines = render([*many, account(0, DENIED)], is_whole=False).splitlines()
    assert lines[0] == "Preflight of 10 accounts: 10 of them lack something"
    assert lines[1].startswith(
        "  111111111111, 222222222222, 333333333333, 444444444444, … and 5 more  MISSING  event_al"
    )
    text = " ".join(" ".join(lines).split())
    assert "events:Action11, … and 8 more 000000000000 MISSING user_permissions: denied; iam:DetachUserPolicy" in text
    assert "events:Action19" in render(many, is_whole=True)


def test_nothing_is_missing() -> None:
    accounts = [account(1, row("a"))]
    assert render(accounts, is_whole=False) == "Preflight of 1 account: nothing is missing"
    assert "111111111111  READY  a" in render(accounts, is_whole=True)


def test_modes_that_differ_are_counted() -> None:
    accounts = [account(1, a="enforce", b="off", c="report"), account(2, a="enforce", b=False, c="Enforce")]
    assert render(accounts, is_whole=False).splitlines()[1:] == [
        "Roles that enforce: a, c (in 1)",
        "Roles that only report: c (in 1)",
        "Roles that are off: b",
    ]


def test_hostile_reasons_stay_on_one_line() -> None:
    text = render([account(1, row("a", "MISSING", "x\x1b[31m\nSUMMARY"))], is_whole=False)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


def test_nothing_is_said_to_be_there_in_an_account_that_failed() -> None:
    failures = [{"host": "dev\x1b[2J", "reason": "AccessDenied\nask"}]
    assert render([account(1, row("a"))], failures=failures, is_whole=False).splitlines() == [
        "Preflight of 2 accounts: 1 failed, nothing is missing in the others",
        "  dev?[2J  FAILED  AccessDenied ask",
    ]
    lacking = render([account(1, DENIED), account(2, row("a"))], failures=failures, is_whole=False)
    assert lacking.startswith("Preflight of 3 accounts: 1 failed, 1 of the others lacks something\n")
    many = [{"host": f"h{number}", "reason": "no " * 500} for number in range(300)]
    assert len(render([], failures=many, is_whole=False, ascii_only=True).splitlines()) == 1 + 300 * 3
    assert render([], failures=failures, is_whole=False).startswith("Preflight of 1 account: 1 failed\n")


def test_what_another_policy_refuses_and_what_is_not_known_is_shown_as_such() -> None:
    refused = {**row("access_keys", "REFUSED", "refused by an SCP"), "refused_actions": ["iam:UpdateAccessKey"]}
    unknown = {
        **row("password_policy", "UNKNOWN", "HTTP status 500"),
        "unknown_actions": ["iam:GetAccountPasswordPolicy"],
    }
    text = render([account(1, refused), account(2, unknown), account(3, row("a", "READY", ""))], is_whole=False)
    assert text.splitlines()[0] == "Preflight of 3 accounts: 1 of them lacks something, in 1 something is not known"
    assert "  111111111111  REFUSED  access_keys: refused by an SCP; refused: iam:UpdateAccessKey" in text
    assert "UNKNOWN password_policy: HTTP status 500; not known: iam:GetAccountPasswordPolicy" in " ".join(text.split())
    first = render([account(2, unknown)], is_whole=False).splitlines()[0]
    assert first == "Preflight of 1 account: nothing is known to be missing, in 1 something is not known"
