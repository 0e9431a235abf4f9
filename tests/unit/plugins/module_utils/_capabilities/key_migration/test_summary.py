# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import Workload
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import State, Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.records import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import (
    Proposal,
    Situation,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.steps import Action, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.summary import (
    build_summary,
    render_summary,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.find import Mention
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer, Consumers

from .test_steps import ACCOUNT, FUNCTION, KEY, ROLE, TRUST, at, caller, situation

WAIT: t.Final = Step(Action.WAIT, due=at(5), reason="the key was used")


def entry(found: Situation, step: Step = WAIT, held: str = "", *, reveal: bool = True) -> dict[str, t.Any]:
    (built,) = build_summary([found], [step], [held], reveal_key_ids=reveal)
    return built


def lines(found: Situation, step: Step = WAIT, held: str = "", *, written: bool = True) -> list[str]:
    return render_summary(ACCOUNT, [entry(found, step, held)], written=written).splitlines()


def test_a_workload_is_shown_as_it_is() -> None:
    found = situation(
        region="eu-central-1", role_arn=ROLE, trust=TRUST, proposal=Proposal({"job": {"Statement": []}}, unproven="x")
    )
    built = entry(found, held="too many")
    expected = {
        "name": "job",
        "user": "svc",
        "key": KEY,
        "key_status": "Active",
        "key_last_used": "2026-02-28T00:00:00Z",
        "platform": "lambda",
        "platform_source": "detected",
        "contradicted": False,
        "contradictions": None,
        "cluster": None,
        "region": "eu-central-1",
        "callers_unknown": "",
        "named_in": [],
        "role": ROLE,
        "role_last_used": "2026-03-02T00:00:00Z",
        "trust": TRUST,
        "policies": {"job": {"Statement": []}},
        "unproven": "x",
        "state": "verified",
        "since": "2026-03-09T00:00:00Z",
        "next": "wait",
        "next_state": None,
        "due": "2026-03-06T00:00:00Z",
        "rule": "",
        "reason": "the key was used",
        "held": "too many",
        "handover": [],
    }
    assert {name: built[name] for name in expected} == expected
    assert set(built) - set(expected) == {"platform_confidence", "platform_reason", "callers"}
    ((shown),) = built["callers"]
    assert (shown["address"], shown["agent"], shown["calls"], shown["platform"]) == (
        "198.51.100.7",
        FUNCTION,
        90,
        "lambda",
    )
    assert (shown["first"], shown["last"]) == ("2025-12-01T00:00:00Z", "2026-02-28T00:00:00Z")
    assert KEY not in str(entry(found, reveal=False))


def test_of_a_user_that_is_gone_nothing_is_known() -> None:
    built = entry(Situation(Workload("job", "svc", cluster="prod")), Step(Action.REFUSE, rule="no_user", reason="gone"))
    empty = ("key", "key_status", "key_last_used", "platform", "platform_source", "role", "trust", "unproven", "state")
    assert {built[name] for name in empty} == {None}
    assert (built["user"], built["cluster"], built["policies"], built["rule"]) == ("svc", "prod", {}, "no_user")


def test_what_the_proof_leaves_open_is_shown_the_gravest_first() -> None:
    every = Proposal(failure="none", unproven="open", breakage="lost")
    for proposal, shown in (
        (every, "none"),
        (dataclasses.replace(every, failure=""), "open"),
        (Proposal(breakage="lost"), "lost"),
        (Proposal(), None),
    ):
        assert entry(situation(proposal=proposal))["unproven"] == shown
    assert "    the proof of the new policies: open" in lines(situation(proposal=Proposal(unproven="open")))


def test_a_declared_platform_needs_no_evidence() -> None:
    found = dataclasses.replace(situation(), workload=Workload("job", "svc", Target.ECS), platform=Target.ECS)
    built = entry(found)
    assert (built["platform_source"], built["platform_confidence"]) == ("declared", None)
    assert built["contradicted"] and "lambda" in built["contradictions"]
    assert any("the evidence contradicts ecs: " in line for line in lines(found))
    detected = entry(situation())
    assert detected["platform_confidence"] == situation().detection.confidence
    unclear = lines(
        dataclasses.replace(
            situation(),
            platform=None,
            detection=dataclasses.replace(situation().detection, reason="two platforms are left"),
        )
    )
    assert "platform not clear" in unclear[1] and unclear[-1] == "    two platforms are left: set platform"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(Action.PREPARE, State.PREPARED), "make the role"),
        (Step(Action.DEACTIVATE, State.KEY_INACTIVE), "deactivate the key"),
        (Step(Action.DELETE, State.KEY_DELETED), "delete the key"),
        (Step(Action.REVERT, State.REVERTED), "take back what runs made"),
        (Step(Action.RECORD, State.VERIFIED), "record that the role is used, and the key is not"),
        (Step(Action.RECORD, State.KEY_INACTIVE), "record that the key is inactive"),
        (Step(Action.RECORD, State.KEY_DELETED), "record that the key is gone"),
    ],
)
def test_the_next_step_is_named(step: Step, words: str) -> None:
    assert lines(situation(), step)[2] == f"    step of this run: {words}"
    assert lines(situation(), step, written=False)[2] == f"    next step: {words}"
    assert lines(situation(), step, "too many")[2] == "    not made: too many"


def test_a_step_that_is_not_made_says_why() -> None:
    assert lines(situation())[2] == "    waits until 2026-03-06T00:00:00Z: the key was used"
    assert lines(situation(), Step(Action.WAIT, reason="x"))[2] == "    waits: x"
    for action in (Action.REFUSE, Action.REVERT):
        assert lines(situation(), Step(action, rule="r", reason="why"), "held")[2] == "    refused: why"
    quiet = lines(situation(), Step(Action.NOTHING))
    assert lines(situation(), Step(Action.NOTHING, reason="it is done"), "held")[2] == "    it is done"
    assert len(quiet) == len(lines(situation())) - 1


def test_people_see_their_step_from_the_new_role_until_its_use() -> None:
    prepared = dataclasses.replace(
        situation(role_arn=ROLE, region="eu-central-1"), past=Past(State.PREPARED, since={State.PREPARED: at(0)})
    )
    fresh = dataclasses.replace(prepared, past=Past())
    for found, step in ((prepared, WAIT), (fresh, Step(Action.PREPARE, State.PREPARED))):
        text = entry(found, step)["handover"]
        assert any(f"--role {ROLE}" in line and "--region eu-central-1" in line for line in text)
        assert "    The step that people do:" in lines(found, step)
    for found, step in (
        (prepared, Step(Action.RECORD, State.VERIFIED)),
        (prepared, Step(Action.REVERT, State.REVERTED)),
        (fresh, WAIT),
        (situation(role_arn=ROLE), WAIT),
        (dataclasses.replace(prepared, platform=None), WAIT),
    ):
        assert entry(found, step)["handover"] == []


def test_callers_and_settings_are_named_up_to_five() -> None:
    calls = tuple(Consumer(KEY, f"198.51.100.{number}", FUNCTION, 1, at(-9), at(-8 + number)) for number in range(7))
    found = situation(consumers=Consumers(calls, failure="denied"))
    text = lines(found)
    named = [line for line in text if "the key is used from" in line]
    assert len(named) == 5 and "198.51.100.6" in named[0] and "1 call, the last 2026-02-27T00:00:00Z" in named[0]
    assert text[-2:] == ["    and from 2 more places", "    it is not known who uses the key: denied"]
    mentions = tuple(
        Mention(
            KEY,
            "function",
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f{number}",
            ACCOUNT,
            "eu-west-1",
            "env X",
            "ops",
        )
        for number in range(6)
    )
    detection = dataclasses.replace(found.detection, mentions=mentions)
    text = lines(dataclasses.replace(found, detection=detection))
    assert "    the key is in the function f0 in eu-west-1 of ops: env X (certain)" in text
    assert len([line for line in text if "(certain)" in line and "the key is in" in line]) == 5
    assert "    and in 1 more setting" in text


def test_the_heading_has_the_key_and_the_state() -> None:
    assert lines(situation())[:2] == [
        f"Move of workloads from access keys to roles in account {ACCOUNT}:",
        f"  job, with the key {KEY} of svc: lambda (detected, {situation().detection.confidence}), verified since "
        "2026-03-09T00:00:00Z",
    ]
    bare = lines(Situation(Workload("job", "svc")))
    assert bare[1] == "  job, with a key that is not known of svc: platform not clear, it has not begun"
    assert render_summary(ACCOUNT, [], written=True).endswith("no workload is declared.")


def test_names_that_others_chose_cannot_write_into_the_terminal() -> None:
    odd = Consumers((caller(agent="\x1b[31mred\n"),))
    assert "\x1b" not in "".join(lines(situation(consumers=odd)))
