# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a campaign as data and as text."""

from __future__ import annotations

import dataclasses
import json
import shlex
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Consumer,
    Namer,
    Surroundings,
    UnreadNamers,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.summary import (
    WIDTH,
    Details,
    build_summary,
    render_summary,
)

from .campaigns import (
    ACCOUNT,
    NEW_ID,
    NEW_ROLE,
    ROLE,
    ROLE_ID,
    declare,
    denial,
    live,
    moment,
    records_up_to,
    situate,
    watch,
)

REASON = {"principal": "dev-a", "reason": "agreed", "expires": "2026-02-01"}


def summarize(
    *situations: Situation, stage: t.Optional[str] = None, days: float = 6, **options: t.Any
) -> dict[str, t.Any]:
    declared = declare(stage, **options)
    steps = decide(declared, situations, now=moment(days))
    details = {ROLE: Details({"before": 20_000, "after": 12}, losses=("it can no longer delete buckets",))}
    return build_summary(declared, situations, steps, details)


def rename(situation: Situation, name: str) -> Situation:
    return dataclasses.replace(situation, role_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}")


def test_a_role_that_soaks() -> None:
    summary = summarize(situate(*records_up_to(Kind.OPENED)))
    assert (summary["campaign"], summary["stage"]) == ("developers", None)
    (role,) = summary["roles"]
    expected = {
        "role": ROLE,
        "role_id": ROLE_ID,
        "way": "parallel",
        "canary": True,
        "stage": "canary",
        "since": "2026-01-08T12:00:00Z",
        "state": "soaking",
        "days_left": 11.01,
        "deadline": "2026-03-08T12:00:00Z",
        "next": "run least_privilege_stage=cut_over",
        "parallel": {"arn": NEW_ROLE, "id": NEW_ID},
        "documents": [{"name": "lp-dev-a-1", "sha256": "a" * 64, "size": 100}],
        "outcome": "proved",
        "granted": {"before": 20_000, "after": 12},
        "privileged": {"before": None, "after": None},
        "losses": ["it can no longer delete buckets"],
        "old_role_used": {"last": None, "by": []},
        "patch": None,
    }
    assert {name: role[name] for name in expected} == expected
    json.dumps(summary, allow_nan=False)


def test_a_role_before_its_first_stage() -> None:
    (role,) = summarize(situate(live=live(new_role=None), watched=None, surroundings=None, proposal=None))["roles"]
    assert (role["stage"], role["state"], role["since"], role["parallel"]) == ("", "waiting", None, None)
    assert (role["outcome"], role["denials"], role["old_role_used"], role["deadline"]) == (None, None, None, None)
    assert (role["consumers"], role["namers"], role["namers_unread"]) == ([], [], [])


def test_what_was_read_around_a_role_with_what_is_accepted() -> None:
    surroundings = Surroundings(
        (Consumer("person", "arn:aws:iam::111122223333:user/alice", is_machine=False, move="switch the profile"),),
        (Namer("bucket_policy", "arn:aws:s3:::acme", ACCOUNT, "principal"),),
        ("not looked for: CI variables",),
        (UnreadNamers("account 444455556666 could not be read", "444455556666", blocks=True),),
    )
    situation = situate(
        *records_up_to(Kind.CUT_OVER),
        surroundings=surroundings,
        watched=watch(denial(), calls=9, old_role_last=moment(20), old_role_users=("alice",)),
    )
    accepted = {
        "accept_namers": [{**REASON, "namer": "arn:aws:s3:::acme"}, {**REASON, "namer": "444455556666"}],
        "accept_denials": [{**REASON, "action": "s3:GetObject"}],
    }
    (role,) = summarize(situation, **accepted)["roles"]
    assert role["consumers"][0]["move"] == "switch the profile"
    assert role["namers"][0]["accepted"] == "agreed"
    assert role["namers_unread"][0]["accepted"] == "agreed"
    assert (role["denials"]["calls"], role["denials"]["new"][0]["accepted"]) == (9, "agreed")
    assert role["old_role_used"] == {"last": "2026-01-25T12:00:00Z", "by": ["alice"]}
    (role,) = summarize(situation)["roles"]
    assert [role["namers"][0]["accepted"], role["denials"]["new"][0]["accepted"]] == [None, None]


def test_the_command_of_a_revert_is_one_that_the_declaration_takes() -> None:
    (role,) = summarize(rename(situate(*records_up_to(Kind.OPENED)), "dev+a=b,c.d@e-f_g"))["roles"]
    *_command, options = shlex.split(role["revert"])
    assert json.loads(options) == {
        "least_privilege_campaign": "developers",
        "least_privilege_stage": "revert",
        "least_privilege_revert": ["dev+a=b,c.d@e-f_g"],
    }


def test_roles_in_the_same_state_are_one_line() -> None:
    soaking = [rename(situate(*records_up_to(Kind.OPENED)), name) for name in ("dev-a", "dev-b", "dev-c")]
    waiting = rename(situate(live=live(new_role=None)), "dev-d")
    refused = rename(situate(*records_up_to(Kind.OPENED), "it is cut off"), "dev-e")
    assert render_summary(summarize(*soaking, waiting, refused)) == (
        "Right-sizing of developers\n"
        "  canary: 3 roles, 11 days left: dev-a, dev-b, dev-c\n"
        "  waiting: 1 role: dev-d\n"
        "    nothing was done yet\n"
        "    next: run least_privilege_stage=assess\n"
        "  refused: 1 role: dev-e\n"
        "    the records contradict each other (000005-x.json: it is cut off); move away\n"
        "    what no run wrote, or revert"
    )


def test_what_a_run_does() -> None:
    text = render_summary(summarize(situate(*records_up_to(Kind.PREPARED)), stage="canary"))
    assert text == (
        "Right-sizing of developers, stage canary\n  due: 1 role: dev-a\n    stage canary begins; it takes 14 days"
    )
    done = render_summary(summarize(situate(*records_up_to(Kind.OPENED)), days=40))
    assert "canary done: 1 role: dev-a\n    next: run least_privilege_stage=cut_over" in done


def test_after_a_real_run_nothing_is_called_due() -> None:
    reached = {"dev-a": Kind.OPENED, "dev-b": Kind.GENERATED, "dev-c": Kind.PREPARED}
    roles = [rename(situate(*records_up_to(kind)), name) for name, kind in reached.items()]
    summary = summarize(*roles, stage="canary", days=3)
    for role in summary["roles"][:2]:
        role["reason"], role["state"] = "what was done", "soaking" if role["stage"] == "canary" else "done"
    text = render_summary(summary, [str(role["role"]) for role in summary["roles"][:2]])
    assert text == (
        "Right-sizing of developers, stage canary\n"
        "  done in this run: 1 role: dev-a\n"
        "    what was done\n"
        "    now soaking, 14 days left\n"
        "  done in this run: 1 role: dev-b\n"
        "    what was done\n"
        "    next: run least_privilege_stage=prepare\n"
        "  not done: 1 role: dev-c\n"
        "    not all of its changes were made, and the next run goes on\n"
        "    next: see what was refused or failed"
    )


def test_no_line_is_longer_than_a_terminal_and_no_name_moves_the_cursor() -> None:
    names = [f"dev-{number:02d}-with-a-long-name" for number in range(30)]
    text = render_summary(summarize(*(rename(situate(*records_up_to(Kind.OPENED)), name) for name in names)))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "and 20 more" in text
    evil = summarize(rename(situate(*records_up_to(Kind.OPENED)), "dev\x1b[2J\nrefused"))
    assert "\x1b" not in render_summary(evil)
    assert len(render_summary(evil).splitlines()) == 2


def test_a_campaign_without_roles() -> None:
    assert render_summary(summarize()) == "Right-sizing of developers\n  no roles"


def test_a_closed_a_retired_and_a_lifted_role() -> None:
    closed = situate(*records_up_to(Kind.CLOSED), live=live(is_closed=True))
    assert "closed: 1 role, 20 days left: dev-a" in render_summary(summarize(closed, days=42))
    retired = situate(*records_up_to(Kind.RETIRED), live=live(is_closed=True))
    assert "retired: 1 role: dev-a" in render_summary(summarize(retired, days=90))
    lifted = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=live(new_role=None, has_documents=False))
    assert "lifted: 1 role: dev-a" in render_summary(summarize(lifted, days=9))
