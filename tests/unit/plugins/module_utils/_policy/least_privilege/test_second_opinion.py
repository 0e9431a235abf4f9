# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's recommendations beside our lists."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.second_opinion import (
    Advice,
    Adviser,
    Existing,
    Ours,
    Outcome,
    SecondOpinion,
    Step,
    Verdict,
    compare,
)

WHEN: t.Final = datetime(2026, 11, 1, 8, tzinfo=UTC)
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
WIDE: t.Final = "arn:aws:iam::222233334444:policy/wide"


def document(*actions: str, effect: str = "Allow", **more: t.Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def existing(policy_id: str = WIDE, text: str | None = None, updated: datetime | None = WHEN) -> Existing:
    return Existing(policy_id, parse(text or document("*")), updated)


def advice(*steps: Step, adviser: Adviser = Adviser.ACCESS_ANALYZER) -> Advice:
    return Advice(adviser, steps)


def replaced(*actions: str, **fields: t.Any) -> Advice:
    """The usual answer: a policy to create, and the advice to detach the present one."""
    given = {"updated": WHEN, **fields}
    return advice(Step(WIDE, document(*actions), **given), Step(WIDE, **given))


def verdicts(opinion: SecondOpinion) -> dict[str, Verdict]:
    assert opinion.outcome is Outcome.COMPARED, opinion.reason
    return {item.action: item.verdict for item in opinion.opinions}


def test_each_action_has_a_verdict() -> None:
    opinion = compare(
        replaced("s3:ListAllMyBuckets", "lambda:GetFunction", "ec2:StartInstances"),
        [existing()],
        kept=["s3:ListAllMyBuckets", "s3:GetObject"],
        removed=["iam:CreateUser", "ec2:StartInstances"],
        unknown=["lambda:GetFunction", "sqs:SendMessage"],
    )
    assert verdicts(opinion) == {
        "s3:ListAllMyBuckets": Verdict.AGREE,
        "s3:GetObject": Verdict.WOULD_REMOVE,
        "iam:CreateUser": Verdict.AGREE,
        "ec2:StartInstances": Verdict.WOULD_KEEP,
        "lambda:GetFunction": Verdict.AGREE,
        "sqs:SendMessage": Verdict.WOULD_REMOVE,
    }
    result = opinion.as_dict()
    assert result["agree"] == 3
    assert [item["action"] for item in result["aws_would_also_remove"]] == ["s3:GetObject", "sqs:SendMessage"]
    assert result["aws_would_keep"][0] | {"why": ""} == {"action": "ec2:StartInstances", "ours": "removed", "why": ""}


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("iam:PassRole", "AWS does not see which roles are passed"),
        ("s3:GetObject", "AWS does not look at calls on data"),
        ("rds-db:connect", "CloudTrail never records it, so AWS cannot see it used"),
        ("ec2:RunInstances", "AWS did not see it used in its look-back"),
    ],
)
def test_the_reason_names_what_aws_does_not_see(action: str, why: str) -> None:
    opinion = compare(replaced("ec2:StopInstances"), [existing()], kept=[action], removed=[], unknown=[])
    (only,) = opinion.opinions
    assert (only.verdict, only.why) == (Verdict.WOULD_REMOVE, why)


def test_a_whole_service_is_named_as_such() -> None:
    opinion = compare(replaced("glue:*"), [existing()], kept=[], removed=["glue:DeleteTable"], unknown=[])
    assert opinion.opinions[0].why == "AWS saw glue used and does not look at its single actions"


def test_a_policy_without_any_step_stays_as_it_is() -> None:
    held = [existing(), existing("inline", document("sqs:*"), None)]
    opinion = compare(replaced("s3:ListAllMyBuckets"), held, kept=["sqs:SendMessage"], removed=[], unknown=[])
    assert verdicts(opinion) == {"sqs:SendMessage": Verdict.AGREE}


def test_a_policy_to_detach_leaves_nothing() -> None:
    opinion = compare(advice(Step(WIDE, updated=WHEN)), [existing()], kept=["s3:GetObject"], removed=[], unknown=[])
    assert verdicts(opinion) == {"s3:GetObject": Verdict.WOULD_REMOVE}


def test_a_deny_of_everything_counts_and_one_with_a_condition_does_not() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    for text, verdict in (
        (document("s3:*", effect="Deny"), Verdict.WOULD_REMOVE),
        (document("s3:*", effect="Deny", Condition=condition), Verdict.AGREE),
    ):
        held = [existing(), existing("inline", text, None)]
        opinion = compare(replaced("s3:ListAllMyBuckets"), held, kept=["s3:ListAllMyBuckets"], removed=[], unknown=[])
        assert verdicts(opinion) == {"s3:ListAllMyBuckets": verdict}


def test_an_action_on_two_lists_is_kept_for_the_known_reason() -> None:
    opinion = compare(
        replaced("s3:ListAllMyBuckets"), [existing()], kept=["s3:PutObject"], removed=[], unknown=["S3:putobject"]
    )
    assert [(item.action, item.ours) for item in opinion.opinions] == [("s3:PutObject", Ours.KEPT)]


@pytest.mark.parametrize(
    ("given", "held", "reason"),
    [
        (replaced("s3:*"), [existing(ADMINISTRATOR)], "which the principal does not have"),
        (replaced("s3:*"), [existing(updated=WHEN + timedelta(days=1))], "it is about the version of"),
        (replaced("s3:*", existing=document("ec2:*")), [existing()], "it is about another text of"),
        (replaced("s3:*", existing="{"), [existing()], "it is about another text of"),
        (replaced("s3:*"), [existing(), existing(text=document("sqs:*"))], "2 policies of the principal are called"),
    ],
)
def test_a_recommendation_on_other_policies_is_discarded(given: Advice, held: list[Existing], reason: str) -> None:
    opinion = compare(given, held, kept=["s3:GetObject"], removed=[], unknown=[])
    assert (opinion.outcome, opinion.opinions) == (Outcome.STALE, ())
    assert reason in opinion.reason


@pytest.mark.parametrize("updated", [WHEN, WHEN - timedelta(days=3), WHEN - timedelta(milliseconds=400)])
def test_the_date_of_the_policy_may_be_the_same_or_older(updated: datetime) -> None:
    opinion = compare(replaced("s3:*"), [existing(updated=updated)], kept=["s3:GetObject"], removed=[], unknown=[])
    assert opinion.outcome is Outcome.COMPARED


def test_the_same_text_in_another_order_is_no_other_text() -> None:
    text = document("ec2:StopInstances", "ec2:StartInstances")
    other = document("ec2:StartInstances", "ec2:StopInstances")
    given = replaced("ec2:StartInstances", existing=text)
    opinion = compare(given, [existing(text=other)], kept=["ec2:StartInstances"], removed=[], unknown=[])
    assert verdicts(opinion) == {"ec2:StartInstances": Verdict.AGREE}


def test_a_policy_without_date_and_text_is_noted() -> None:
    given = advice(Step("inline", document("s3:*")), Step("inline"))
    opinion = compare(given, [existing("inline", updated=None)], kept=[], removed=[], unknown=[])
    assert opinion.notes == ("AWS gives neither date nor text of inline, so it may have changed since",)


def test_a_text_that_is_not_known_is_not_guessed() -> None:
    held = [existing(), Existing("unread", None)]
    opinion = compare(replaced("s3:*"), held, kept=["s3:GetObject"], removed=[], unknown=[])
    assert (opinion.outcome, opinion.reason) == (Outcome.NOT_ASSESSED, "the text of the policy unread is not known")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}'])
def test_a_document_that_iam_would_refuse_is_a_failure(text: str) -> None:
    given = advice(Step(WIDE, text, WHEN), Step(WIDE, updated=WHEN))
    opinion = compare(given, [existing()], kept=["s3:GetObject"], removed=[], unknown=[])
    assert (opinion.outcome, opinion.opinions) == (Outcome.FAILED, ())


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.FAILED, Outcome.NOT_ASSESSED])
def test_no_answer_is_no_opinion(outcome: Outcome) -> None:
    none = Advice(Adviser.SECURITY_HUB, outcome=outcome, reason="denied")
    opinion = compare(none, [existing()], kept=["s3:GetObject"], removed=[], unknown=[])
    assert opinion.as_dict() == {
        "source": "security_hub",
        "status": outcome.value,
        "reason": "denied",
        "agree": 0,
        "aws_would_also_remove": [],
        "aws_would_keep": [],
        "notes": [],
    }


ACTIONS: t.Final = ("s3:ListAllMyBuckets", "ec2:StartInstances", "iam:CreateUser", "sqs:SendMessage", "kms:Decrypt")


@given(
    kept=st.sets(st.sampled_from(ACTIONS)),
    theirs=st.sets(st.sampled_from(ACTIONS), min_size=1),
)
def test_the_verdict_is_whether_both_lists_agree(kept: set[str], theirs: set[str]) -> None:
    removed = set(ACTIONS) - kept
    opinion = compare(replaced(*sorted(theirs)), [existing()], kept=kept, removed=removed, unknown=())
    assert {item.action for item in opinion.opinions} == set(ACTIONS)
    assert {item.action for item in opinion.of(Verdict.AGREE)} == (kept & theirs) | (removed - theirs)
    assert {item.action for item in opinion.of(Verdict.WOULD_REMOVE)} == kept - theirs
    assert {item.action for item in opinion.of(Verdict.WOULD_KEEP)} == removed & theirs
