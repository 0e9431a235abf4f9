# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An incident in words: what speaks against "closed" is said, and what nobody knows is not left out."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.incident_story import (
    Story,
    tell_management,
    tell_on_call,
)

from .stories import HOME, ROLE, USER, make_call, make_hunt, make_left, make_taken, make_verdict

Tell = Callable[..., Story]
BOTH: t.Final = pytest.mark.parametrize("tell", [tell_on_call, tell_management])
BEFORE, AFTER = "2026-11-28T11:59:59Z", "2026-11-28T12:00:01Z"


def join(sentences: t.Iterable[t.Any]) -> str:
    return "\n".join(getattr(one, "text", one) for one in sentences)


@BOTH
def test_nothing_is_open_where_all_is_contained_and_hunted(tell: Tell) -> None:
    story = tell(make_verdict(), make_hunt(make_call(BEFORE)))
    assert not story.is_open
    assert join(story.open) == "Events are 5 to 15 minutes late: the newest calls are not known yet."
    assert "CONTAINED: everything that was found is denied." in join(story.closed)


@BOTH
@pytest.mark.parametrize("suspected", ["yes", "uncertain"])
def test_a_call_that_succeeded_after_the_containment_speaks_against_it(tell: Tell, suspected: str) -> None:
    story = tell(make_verdict(), make_hunt(make_call(AFTER, suspected=suspected)))
    assert story.is_open
    assert "succeeded after the containment of 2026-11-28 12:00:00 UTC: 1." in join(story.open)
    assert "speak against it" in join(story.closed)


@BOTH
@pytest.mark.parametrize(
    "call",
    [
        make_call(BEFORE),
        make_call(AFTER, error_code="AccessDenied"),
        make_call(AFTER, suspected="no"),
        make_call(AFTER, "GetCallerIdentity", "sts.amazonaws.com"),
        make_call(AFTER, "GetSessionToken", "sts.amazonaws.com.cn"),
    ],
)
def test_other_calls_do_not(tell: Tell, call: t.Any) -> None:
    """AWS answers GetCallerIdentity whatever denies it: https://docs.aws.amazon.com/STS/latest/APIReference/."""
    story = tell(make_verdict(), make_hunt(call))
    assert not story.is_open and "speak against it" not in join(story.closed)


def test_the_person_on_call_sees_the_first_calls_that_succeeded() -> None:
    calls = [make_call(AFTER, f"Get{number}") for number in range(25)]
    opened = join(tell_on_call(make_verdict(), make_hunt(*calls)).open)
    assert opened.count("Succeeded 2026-11-28 12:00:01 UTC: s3:Get") == 20
    assert "… and 5 more: see the page of the hunt." in opened
    assert tell_on_call(make_verdict(), make_hunt(*calls)).steps[0].text.startswith("Contain again")


@BOTH
def test_without_a_hunt_what_was_taken_is_not_known(tell: Tell) -> None:
    story = tell(make_verdict(), None)
    assert story.is_open
    for part in (story.what, story.taken, story.open):
        assert "Not known: nobody has hunted" in join(part)
    assert "no hunt has found a first suspicious time" in join(story.since)
    assert "hunt" in join(story.steps).lower()


@BOTH
def test_without_a_verdict_nothing_is_closed(tell: Tell) -> None:
    story = tell(None, make_hunt(make_call(BEFORE)))
    assert story.is_open
    for part in (story.closed, story.open):
        assert "Not known: no containment of this incident" in join(part)
    assert "contain" in join(story.steps).lower()


@BOTH
def test_neither_document_leaves_everything_open(tell: Tell) -> None:
    story = tell(None, None, ["Not known: a file is not JSON."])
    assert story.is_open and story.open[0] == "Not known: a file is not JSON."


@BOTH
def test_a_note_leaves_it_open(tell: Tell) -> None:
    assert tell(make_verdict(), make_hunt(), ["Not known: x."]).is_open


@BOTH
@pytest.mark.parametrize(("present", "is_open"), [("true", True), ("unknown", True), ("false", False)])
def test_what_was_left_behind_is_open_until_it_is_gone(tell: Tell, present: str, is_open: bool) -> None:
    story = tell(make_verdict(), make_hunt(persistence=[make_left(present)]))
    assert story.is_open is is_open
    assert ("Changes that are still there, or may be: 1." in join(story.open)) is is_open


OPEN_END: t.Final = {"until": "", "state": "no denial ends it", "what": "tokens", "principals": ["user/b"]}


@BOTH
@pytest.mark.parametrize(
    ("verdict", "hunt"),
    [
        ({"fails": True, "headline": "NOT DENIED 1"}, {}),
        ({"not_known": ["account 333344445555"]}, {}),
        ({"left_alone": [ROLE]}, {}),
        ({"not_trusted": ["account 222233334444"]}, {}),
        ({"lives": [OPEN_END]}, {}),
        ({}, {"coverage": {HOME: {"us-east-1": "complete", "eu-west-1": "partial"}}}),
    ],
    ids=range(6),
)
def test_it_is_open_as_long_as_a_sentence_says_what_is(tell: Tell, verdict: t.Any, hunt: t.Any) -> None:
    assert tell(make_verdict(**verdict), make_hunt(**hunt)).is_open


@BOTH
def test_a_way_that_is_not_followed_is_open(tell: Tell) -> None:
    story = tell(make_verdict(), make_hunt(unfollowed=[{"from": "ASIA1", "to": ROLE, "reason": "it was not read"}]))
    assert story.is_open and "whose use the record does not show: 1." in join(story.open)


def test_both_name_what_the_verdict_has_against_it() -> None:
    verdict = make_verdict(
        fails=True,
        headline="NOT DENIED 1, UNRESOLVED 1",
        not_denied=[f"{ROLE}: it has no room"],
        unresolved=["AKIA…TYPO: nobody knows it"],
        not_known=["account 333344445555: it was not read"],
        left_alone=[f"{ROLE}: it is break-glass"],
    )
    on_call, management = join(tell_on_call(verdict, None).open), join(tell_management(verdict, None).open)
    for text in (f"Not denied: {ROLE}: it has no room.", "Not found: AKIA…TYPO", "Not known: account 333344445555"):
        assert text in on_call
    for text in ("Not denied: 1. Something still works", "Not found: 1.", "Not known: 1.", "Left alone: 1."):
        assert text in management
    assert ROLE not in management
    assert "The containment is not complete" in join(tell_management(verdict, make_hunt()).steps)


def test_what_lives_on_is_open_unless_it_is_denied() -> None:
    lives = [
        {"until": "2026-11-28T15:00:00Z", "state": "denied", "what": "sessions of the role", "principals": ["role/a"]},
        {"until": "2026-11-29T00:00:00Z", "state": "no denial ends it", "what": "tokens", "principals": ["user/b"]},
        {"until": "", "state": "NOT DENIED", "what": "keys of SSH", "principals": ["user/b", "user/c"]},
    ]
    story = tell_on_call(make_verdict(lives=lives), make_hunt())
    assert "lives on until 2026-11-28 15:00:00 UTC: sessions of the role of role/a." in join(story.closed)
    assert "No denial ends it until 2026-11-29 00:00:00 UTC: tokens of user/b." in join(story.open)
    assert "No denial ends it, until somebody ends it: keys of SSH of user/b, user/c." in join(story.open)
    assert "no denial ends: 2 kinds. Some work until somebody ends them." in join(
        tell_management(make_verdict(lives=lives), make_hunt()).open
    )
    ending = tell_management(make_verdict(lives=lives[:2]), make_hunt())
    assert "no denial ends: 1 kinds. The last ends at 2026-11-29 00:00:00 UTC." in join(ending.open)


@BOTH
def test_reads_of_data_are_counted(tell: Tell) -> None:
    taken = [make_taken(), make_taken("ssm:GetParameter"), make_taken("iam:ListUsers", "other")]
    told = join(tell(make_verdict(), make_hunt(make_call(BEFORE), taken=taken)).taken)
    assert "24 successful reads of data by suspected calls, 6 by uncertain ones." in told
    assert "15 reads of settings, or of what is not known to be data." in told


@BOTH
@pytest.mark.parametrize(("record", "words"), [("history", "The event history has none"), ("files", "Log files have")])
def test_no_read_in_the_record_is_not_said_to_be_none(tell: Tell, record: str, words: str) -> None:
    told = join(tell(make_verdict(), make_hunt(record=record)).taken)
    assert "That proves nothing" in told and words in told


@BOTH
def test_exports_and_secrets_are_named(tell: Tell) -> None:
    out = make_left(**{"class": "data_out"}, event_name="PutBucketPolicy")
    secrets = [{"reads": 2}, {"reads": 0}]
    told = join(tell(make_verdict(), make_hunt(persistence=[out], secrets=secrets, unread=["EKS secrets"])).taken)
    assert "Changes by which data can leave the accounts: 1 (PutBucketPolicy)." in told
    assert "2 secrets, parameters and keys could be read, and the record shows that of 1." in told
    assert "Not known: EKS secrets." in told


def test_the_person_on_call_has_names_and_commands() -> None:
    verdict = make_verdict(next=[{"text": "look first", "command": "ansible-playbook contain.yml --check"}])
    hunt = make_hunt(make_call(BEFORE), persistence=[make_left()], coverage={HOME: {"eu-west-1": "denied"}})
    story = tell_on_call(verdict, hunt)
    assert (story.steps[0].text, story.steps[0].command) == ("Look first.", "ansible-playbook contain.yml --check")
    assert f"Made as: {USER}." in story.what and "Made from: 198.51.100.66." in story.what
    assert f"iam in account {HOME}: CreateUser (1 still there)." in story.what
    assert f"Read not at all: eu-west-1 of account {HOME}." in story.open


def test_management_has_deadlines_and_no_commands() -> None:
    verdict = make_verdict(next=[{"text": "look first", "command": "ansible-playbook contain.yml --check"}])
    steps = tell_management(verdict, make_hunt()).steps
    assert not any(step.command for step in steps)
    assert "confirm the containment until 2026-11-29 12:00:00 UTC" in join(steps)
    assert "2026-11-28 14:00:00 UTC and 2026-11-29 13:00:00 UTC" in join(steps)
    confirmed = make_verdict(confirm_until="")
    assert "confirm the containment" not in join(tell_management(confirmed, make_hunt()).steps)
