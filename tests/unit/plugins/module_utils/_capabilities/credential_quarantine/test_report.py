# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not denied, and the text for the terminal."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import Denial
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Seed,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.plan import Contained
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.report import (
    list_not_denied,
    write_release_text,
    write_text,
)

from .users import ARN, user

CHANGE: t.Final = {
    "account_id": "222233334444",
    "service": "iam",
    "target": ARN,
    "operation": "PutUserPolicy",
    "region": "global",
    "before": {"inline_policy": "IamHardeningQuarantine", "document": None},
    "after": {"inline_policy": "IamHardeningQuarantine", "document": {}},
    "undo": {"operation": "DeleteUserPolicy", "parameters": {}},
    "applied": True,
}
RESULT: t.Final[dict[str, t.Any]] = {
    "incident_id": "INC-7",
    "account_id": "222233334444",
    "pass": "first",
    "changes": [CHANGE, {**CHANGE, "applied": False}],
    "refused": [{"rule": "seed_mismatch", "reason": "another user's", "target": "AKIA", "operation": ""}],
    "not_made": [],
    "unverified": [],
    "contained": [{"principal": ARN}],
    "seeds": [{"id": "AKIA", "status": "home", "detail": "a key of\x1b[2J\nFORGED LINE"}],
    "lives_on": [{"principal": ARN, "what": "tokens", "until": None, "denied": False}],
    "left": [{"target": ARN, "operation": "DeleteLoginProfile", "reason": "it can't be undone"}],
    "not_denied": [],
}


def contained(problem: str = "") -> list[Contained]:
    return [Contained(user(), Denial(problem=problem), ("AKIA",), ())]


def test_each_reason_for_a_gap_is_a_row_with_a_next_step() -> None:
    result = {**RESULT, "not_made": [CHANGE], "unverified": [CHANGE]}
    rows = list_not_denied(contained("no slot"), result)
    assert [row["reason"].partition(":")[0] for row in rows] == [
        "another user's",
        "PutUserPolicy failed",
        "PutUserPolicy was made, but does not show",
        "nothing denies tokens of its keys",
    ]
    assert all(row["next_step"] for row in rows)
    assert list_not_denied(contained(), {**RESULT, "refused": []}) == []


def test_the_next_step_of_a_seed_comes_before_that_of_its_rule() -> None:
    seeds = [Seed("AKIA", "access_key", Status.MISMATCH, next_step="check it"), Seed(ARN, "user", Status.HOME)]
    assert [row["next_step"] for row in list_not_denied([], RESULT, seeds)] == ["check it"]
    assert list_not_denied([], RESULT)[0]["next_step"] == "check the id of the key in the incident"
    # What is refused for another reason than what the seed is has the next step of that reason.
    for rule, expected in (("root", "check it"), ("unresolved", "check it"), ("irreversible", "accept it by name")):
        refused = [{**RESULT["refused"][0], "rule": rule}]
        (row,) = list_not_denied([], {**RESULT, "refused": refused}, seeds)
        assert row["next_step"].startswith(expected) and row["principal"] == "AKIA"


@pytest.mark.parametrize(
    ("rule", "step"),
    [
        ("unread", "let the role of the containment read it"),
        ("irreversible", "accept it by name"),
        ("protected", "only the owner of this principal"),
        ("contained", "release the other incident"),
        ("another", "run the containment again"),
    ],
)
def test_each_refusal_has_the_next_step_of_its_rule(rule: str, step: str) -> None:
    refused = [{"rule": rule, "reason": "why", "target": ARN, "operation": ""}]
    (row,) = list_not_denied([], {**RESULT, "refused": refused})
    assert row["next_step"].startswith(step)


def test_an_account_of_no_credential_has_nothing_to_say() -> None:
    row = {"principal": ARN, "reason": "why", "next_step": "do"}
    not_here = [{"id": "AKIA", "status": "not_here", "detail": "of another account"}]
    quiet = {**RESULT, "seeds": not_here, "contained": []}
    assert write_text(quiet, written=True) == ""
    for more in ({"contained": [{"principal": ARN}]}, {"not_denied": [row]}, {"seeds": RESULT["seeds"]}):
        assert write_text({**quiet, **more}, written=True).startswith("Incident INC-7")


def test_the_text_counts_and_forges_no_line() -> None:
    row = {"principal": ARN, "reason": "why", "next_step": "do"}
    text = write_text({**RESULT, "not_denied": [row]}, written=True)
    assert text.splitlines()[0] == (
        "Incident INC-7 in account 222233334444, first pass: 1 contained, 1 changed, 1 not denied."
    )
    assert "\x1b" not in text and "\nFORGED" not in text
    assert f"  NOT DENIED: {ARN}: why; do" in text.splitlines()
    assert f"  lives on until somebody ends it, NOT DENIED: tokens of {ARN}" in text.splitlines()
    assert "  seed AKIA: home: a key of" in text
    assert "2 to change" in write_text(RESULT, written=False)
    assert "  changed: write inline policy IamHardeningQuarantine of user ci-deploy" in text.splitlines()


def test_the_text_of_a_release_names_what_stays() -> None:
    text = write_release_text(RESULT, written=True)
    assert "1 taken back, 1 refused, 1 left as they are." in text
    assert f"  left: DeleteLoginProfile on {ARN}: it can't be undone" in text.splitlines()
    assert "  refused (seed_mismatch): another user's" in text.splitlines()
    assert text.startswith("Release of incident INC-7 in account 222233334444: ")
    assert "2 to take back" in write_release_text(RESULT, written=False)
