# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's generated policy beside those of today."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy, PolicyError
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.policy_generation import (
    Comparison,
    Expected,
    Generation,
    compare,
)

ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
TRAIL: t.Final = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
UNTIL: t.Final = datetime(2026, 11, 28, tzinfo=UTC)
SINCE: t.Final = UNTIL - timedelta(days=90)
EXPECTED: t.Final = Expected(90, SINCE - timedelta(days=1), frozenset({TRAIL}), frozenset({"eu-west-1"}))


def document(*actions: str, resource: t.Any = "*", effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def generated(*documents: str, **changes: t.Any) -> Generation:
    given: dict[str, t.Any] = {"is_complete": True, "trails": (TRAIL,), "since": SINCE, "until": UNTIL, **changes}
    return Generation(documents, **given)


def run(generation: Generation, *today: str, expected: Expected = EXPECTED) -> Comparison:
    policies: list[Policy] = [parse(text) for text in today]
    return compare(generation, policies, ROLE, expected)


def test_each_action_of_today_is_kept_or_removed() -> None:
    found = run(generated(document("s3:GetBucketLocation")), document("s3:GetBucket*", "sqs:ListQueues"))
    assert found.kept == ("s3:GetBucketLocation",)
    assert "sqs:ListQueues" in found.removed and "s3:GetBucketPolicy" in found.removed
    assert found.granted == len(found.kept) + len(found.removed)
    assert found.beyond == ()


def test_parts_of_a_long_policy_count_together() -> None:
    parts = (document("s3:GetBucketLocation"), document("sqs:listqueues"))
    assert run(generated(*parts), document("s3:*", "sqs:*")).kept == ("s3:GetBucketLocation", "sqs:ListQueues")


def test_what_today_does_not_grant_is_beyond_it() -> None:
    """A denied call is recorded too, and AWS writes its action into the policy."""
    found = run(
        generated(document("iam:CreateUser", "s3:GetBucketLocation", "sqs:ListQueues")),
        document("s3:*", "sqs:*"),
        document("sqs:*", effect="Deny"),
    )
    assert (found.kept, found.beyond) == (("s3:GetBucketLocation",), ("iam:CreateUser", "sqs:ListQueues"))
    assert any("today's policies do not grant iam:CreateUser, sqs:ListQueues" in text for text in found.left_out)
    assert not any("do not grant" in text for text in run(generated(document("s3:Get*")), document("s3:*")).left_out)


def test_a_passed_role_is_named_with_the_calls_that_need_it() -> None:
    today = document("lambda:*", "iam:PassRole")
    (text,) = (text for text in run(generated(document("lambda:CreateFunction")), today).left_out if "Pass" in text)
    assert text.endswith("Calls that pass a role fail: lambda:CreateFunction")
    (text,) = (text for text in run(generated(document("lambda:GetFunction")), today).left_out if "Pass" in text)
    assert text == "iam:PassRole is not included, since CloudTrail records no event of it"
    assert not any("Pass" in text for text in run(generated(document("s3:Get*")), document("s3:*")).left_out)


def test_calls_that_aws_can_not_see_are_named() -> None:
    found = run(generated(document("s3:GetBucketLocation")), document("s3:GetObject", "rds-db:connect", "iam:GetUser"))
    assert any("calls on data" in text and text.endswith(": s3:GetObject") for text in found.left_out)
    assert any("never records" in text and text.endswith(": rds-db:connect") for text in found.left_out)
    kept = run(generated(document("s3:GetObject")), document("s3:GetObject"))
    assert not any("calls on data" in text for text in kept.left_out)


@pytest.mark.parametrize(
    ("is_complete", "text"), [(False, "isComplete is false"), (None, "isComplete is missing"), (True, None)]
)
def test_an_incomplete_policy_is_named(is_complete: t.Optional[bool], text: t.Optional[str]) -> None:
    found = run(generated(document("s3:GetBucketLocation"), is_complete=is_complete), document("s3:*"))
    assert [one[: len(text or "")] for one in found.left_out if "isComplete" in one] == ([text] if text else [])


def test_placeholders_are_no_resources() -> None:
    bucket, user = "arn:aws:s3:::${BucketName}", "arn:aws:s3:::home/${aws:username}/${*}"
    found = run(generated(document("s3:ListBucket", resource=[bucket, user, "*"])), document("s3:*"))
    assert found.placeholders == (bucket,)
    assert any(f"no valid resources or actions until somebody fills them in: {bucket}" in one for one in found.left_out)
    template = run(generated(document("s3:${Action}")), document("s3:*"))
    assert (template.placeholders, template.kept, template.beyond) == (("s3:${Action}",), (), ())


def test_a_policy_of_nothing_is_named() -> None:
    found = run(generated(), document("sqs:ListQueues"))
    assert (found.kept, found.removed) == ((), ("sqs:ListQueues",))
    assert "AWS generated no policy, since it found no call" in found.left_out


def test_a_short_window_and_an_earlier_principal_are_named() -> None:
    short = generated(document("s3:Get*"), since=UNTIL - timedelta(days=3))
    assert "AWS looked at 3 days, and not at 90" in run(short, document("s3:*")).left_out[0]
    young = Expected(90, UNTIL - timedelta(days=45), EXPECTED.trails, EXPECTED.regions)
    (text,) = (
        one for one in run(generated(document("s3:Get*")), document("s3:*"), expected=young).left_out if "ARN" in one
    )
    assert "calls before 2026-10-14T00:00:00Z, when this principal was made" in text
    assert not any("ARN" in one for one in run(generated(document("s3:Get*")), document("s3:*")).left_out)
    unknown = generated(document("s3:Get*"), since=None, until=None)
    assert run(unknown, document("s3:*")).left_out[0] == "AWS does not say which time it looked at"


def test_a_trail_of_somebody_else_is_named() -> None:
    forged = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/forged"
    found = run(generated(document("iam:*"), trails=(TRAIL, forged)), document("*"))
    assert f"AWS read {forged}, which the account does not have: ask who started the job" in found.left_out
    # In a region that was not read, nobody knows.
    elsewhere = "arn:aws:cloudtrail:us-west-2:111122223333:trail/other"
    assert not any("ask who" in one for one in run(generated(trails=(elsewhere,)), document("*")).left_out)


@pytest.mark.parametrize("text", ["{", '{"Version": "2012-10-17"}', "[]"])
def test_a_document_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(PolicyError):
        run(generated(text), document("*"))
