# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New documents that lock out, do nothing, allow more, or are too large; the correct form of the how-to's sample."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.judgement import Judge
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.subjects import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.holders import Holders
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import parse_acceptances

from ..user_permissions.people import NOW, allow, arn, deny, document, role
from .scopes import BUCKET, OBJECTS, POLICY, Record

MACHINE: t.Final = Holders(NOW, machines=("role app (lambda.amazonaws.com)",))
PEOPLE: t.Final = Holders(NOW)
OLD: t.Final = (allow("s3:*"), deny("s3:DeleteBucket", Sid="Keep"))
KEPT: t.Final = deny("s3:DeleteBucket", Sid="Keep")
# Word by word from the how-to that this collection replaces, step 3.
SAMPLE: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowS3ReadSpecificBucket",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::production-data-bucket", "arn:aws:s3:::production-data-bucket/*"],
            "Condition": {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                "DateGreaterThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"},
            },
        }
    ],
}
MFA, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
DAY: t.Final = "2026-12-01T00:00:00Z"
# Conditions that do something else than they seem to, in each spelling.
OTHERWISE_ALLOWED: t.Final[tuple[Record, ...]] = (
    *(
        {operator: {"aws:SourceIp": ranges}}
        for operator in ("IpAddress", "ForAnyValue:IpAddress", "NotIpAddress")
        for ranges in ("0.0.0.0/0", ["::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["8000::/1", "::/1"], "64.0.0.0/2")
    ),
    *({"IpAddress": {"aws:SourceIp": text}} for text in ("fc00::/7", "fd00::/16", "fe80::/10", "169.254.0.0/16")),
    *({"IpAddress": {"aws:SourceIp": text}} for text in ("100.64.0.0/10", "::ffff:10.0.0.0/104", "127.0.0.1")),
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}},
    {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}},
    {"ForAllValues:IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringEquals": {"AWS:SOURCEIP": "203.0.113.7"}},
    # AWS replaces variables in texts, ARNs and truth values only.
    {"IpAddress": {"aws:SourceIp": "${aws:PrincipalTag/network}"}},
    {
        "DateGreaterThan": {"aws:CurrentTime": "${aws:PrincipalTag/start}"},
        "DateLessThan": {"aws:CurrentTime": "${aws:PrincipalTag/end}"},
    },
    {"StringLike": {"aws:SourceIp": ["203.0.113.*"]}},
    {"StringEquals": {"aws:CurrentTime": DAY}},
    {"StringLikeIfExists": {"aws:currenttime": ["2026-12-*"]}},
    {"DateEquals": {"aws:CurrentTime": DAY}},
    {"DateNotEquals": {"aws:CurrentTime": DAY}},
    {"NumericEquals": {"aws:EpochTime": "1796083200"}},
    {"NumericGreaterThan": {"aws:CurrentTime": "1796083200"}, "NumericLessThan": {"aws:CurrentTime": "1796183200"}},
    {"NumericLessThanIfExists": {AGE: "3600"}},
    {"ForAllValues:NumericLessThan": {AGE.lower(): ["3600"]}},
    {"ForAllValues:Bool": {MFA: "true"}},
    {"StringEquals": {MFA: "true"}},
    {"StringNotEquals": {MFA: "false"}},
    {"Bool": {MFA: ["true", "False"]}},
    {"Null": {MFA: "true"}},
    {"ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}},
)
OTHERWISE_DENIED: t.Final[tuple[Record, ...]] = (
    *({"Null": {key: value}} for key in (MFA, AGE) for value in ("true", ["False"])),
    *({operator: {MFA.upper(): ["False"]}} for operator in ("Bool", "ForAnyValue:Bool", "StringEquals")),
    {"NumericGreaterThan": {AGE: "3600"}},
    {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
    {"DateEquals": {"aws:CurrentTime": DAY}},
    {"DateNotEquals": {"aws:CurrentTime": DAY}},
)
# A policy that a person fills in from a correct form.
FILLED: t.Final[dict[str, str]] = {
    "<a public range": "203.0.113.0/24",
    "<the id of your VPC": "vpc-0abc1234def567890",
    "<the start": "2026-11-01T00:00:00Z",
    "<the end": "2026-12-08T00:00:00Z",
}


def judge(
    new: t.Any,
    *,
    holders: Holders = PEOPLE,
    old: t.Any = OLD,
    accepted: t.Any = (),
    arns: t.Sequence[str] = (arn("role", "app"),),
    **fields: t.Any,
) -> t.Optional[Refusal]:
    subject = Subject("Data", POLICY, None, parse(document(*old)), **fields)
    unproven = parse_acceptances(list(accepted), today=NOW.date(), option="accept_unproven")
    written = new if isinstance(new, dict) else document(*new)
    return Judge("aws", NOW.date(), unproven).find_objection(subject, parse(written), holders, arns)


def fill(document_: Record) -> Record:
    """Fill in the placeholders of a correct form."""
    text = json.dumps(document_)
    for start, value in FILLED.items():
        text = re.sub(re.escape(start) + r"[^>]*>", value, text)
    assert "<" not in text
    return t.cast(Record, json.loads(text))


def test_the_sample_of_the_how_to_is_refused_with_the_reason_and_the_correct_form() -> None:
    refusal = judge(SAMPLE, holders=MACHINE, old=[allow("s3:*")])
    assert refusal is not None and refusal.rule == "locks_out"
    for reason in ("role app (lambda.amazonaws.com)", "never in 10.0.0.0/8", "is no time window"):
        assert reason in refusal.reason
    form = refusal.data["corrected"]
    assert form["trust_policy_condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    read, list_, denied = form["document"]["Statement"]
    assert (read["Action"], read["Resource"]) == ("s3:GetObject", "arn:aws:s3:::production-data-bucket/*")
    assert (list_["Action"], list_["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::production-data-bucket")
    assert denied["Effect"] == "Deny"
    assert list(denied["Condition"]) == ["NotIpAddressIfExists", "StringNotEqualsIfExists", "BoolIfExists"]
    # What the refusal proposes passes, once a person fills it in.
    assert judge(fill(form["document"]), holders=MACHINE, old=[allow("s3:*")]) is None


@pytest.mark.parametrize(
    ("effect", "condition", "holders", "rule"),
    [
        ("Allow", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, MACHINE, "locks_out"),
        ("Allow", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, PEOPLE, "no_effect"),
        ("Deny", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, MACHINE, "locks_out"),
        ("Deny", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, PEOPLE, "no_effect"),
        ("Allow", {"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "203.0.113.0/24"]}}, PEOPLE, "no_effect"),
        ("Deny", {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, PEOPLE, "locks_out"),
        (
            "Deny",
            {"NotIpAddress": {"aws:SourceIp": "10.1.0.0/16"}, "Bool": {"aws:ViaAWSService": "false"}},
            PEOPLE,
            "locks_out",
        ),
        ("Allow", {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}, PEOPLE, "no_effect"),
        (
            "Allow",
            {
                "DateGreaterThan": {"aws:CurrentTime": "2026-12-08T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"},
            },
            PEOPLE,
            "no_effect",
        ),
        (
            "Allow",
            {
                "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2026-02-01T00:00:00Z"},
            },
            PEOPLE,
            "no_effect",
        ),
        ("Deny", {"StringNotEquals": {"aws:PrincipalOrgID": "o-acmeacme12"}}, PEOPLE, "locks_out"),
        ("Deny", {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-acmeacme12"}}, PEOPLE, "locks_out"),
        *(("Allow", condition, PEOPLE, "no_effect") for condition in OTHERWISE_ALLOWED),
        *(("Deny", condition, PEOPLE, "no_effect") for condition in OTHERWISE_DENIED),
        ("Deny", {"StringNotEquals": {"aws:SourceIp": "203.0.113.7"}}, PEOPLE, "locks_out"),
        ("Deny", {"ForAllValues:NotIpAddress": {"AWS:sourceip": ["203.0.113.0/24"]}}, PEOPLE, "locks_out"),
        (
            "Allow",
            {"StringEquals": {"aws:ResourceTag/app": "web"}},
            Holders(NOW, taggers={"s3": ("role app",)}),
            "no_effect",
        ),
    ],
)
def test_a_condition_is_refused_and_its_correct_form_is_not(
    effect: str, condition: Record, holders: Holders, rule: str
) -> None:
    about = allow("s3:GetObject", resource=OBJECTS, Sid="Read")
    added = {**about, "Sid": "Added", "Effect": effect, "Condition": condition}
    refusal = judge([added, KEPT] if effect == "Allow" else [about, added, KEPT], holders=holders)
    assert refusal is not None and refusal.rule == rule
    assert refusal.data["corrected"]["text"]
    assert judge(fill(refusal.data["corrected"]["document"]), holders=holders) is None


def test_what_was_wrong_before_is_not_judged() -> None:
    private = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    wrong = allow("sqs:*", Condition=private)
    assert judge([allow("s3:GetObject"), wrong], old=[allow("s3:*"), wrong]) is None
    # Nor is a condition of a statement that is narrowed.
    narrowed = allow("sqs:SendMessage", Condition=private)
    assert judge([narrowed], old=[wrong]) is None
    # For other actions it is new.
    moved = allow("s3:GetObject", Condition=private)
    assert judge([moved, wrong], old=[allow("s3:*"), wrong]) is not None


def test_a_condition_without_values_is_refused() -> None:
    refusal = judge([allow("s3:GetObject", Condition={"StringEquals": {"aws:RequestedRegion": []}}), KEPT])
    assert refusal is not None and refusal.rule == "no_effect"
    assert "no value to compare with" in refusal.reason


@pytest.mark.parametrize(
    ("effect", "condition"),
    [
        ("Allow", {"IpAddress": {"aws:SourceIp": ["17.0.0.0/8", "2600::/12"]}}),
        (
            "Allow",
            {
                "IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"},
                "StringEqualsIfExists": {"aws:SourceVpc": "vpc-0abc1234"},
            },
        ),
        ("Allow", {"Bool": {MFA: "true"}, "NumericLessThanIfExists": {AGE: "3600"}}),
        ("Allow", {"Null": {AGE: "false"}}),
        ("Deny", {"ForAllValues:Bool": {MFA: "false"}}),
        ("Deny", {"NumericGreaterThanIfExists": {AGE: "3600"}}),
        # A negated operator holds without the key anyway.
        (
            "Deny",
            {
                "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "StringNotEquals": {"aws:SourceVpc": "vpc-0abc1234"},
                "Bool": {"aws:ViaAWSService": "false"},
            },
        ),
    ],
)
def test_a_condition_with_the_intended_effect_passes(effect: str, condition: Record) -> None:
    about = allow("s3:GetObject", resource=OBJECTS, Sid="Read")
    added = {**about, "Sid": "Added", "Effect": effect, "Condition": condition}
    assert judge([added, KEPT] if effect == "Allow" else [about, added, KEPT]) is None


@pytest.mark.parametrize(
    ("new", "rule"),
    [
        ([allow("s3:*", "sqs:*"), KEPT], "widening"),
        ([allow("s3:*")], "widening"),
        ([allow("s3:*"), deny("s3:DeleteBucket", resource=BUCKET)], "widening"),
    ],
    ids=["another service", "a Deny is dropped", "a Deny is narrowed"],
)
def test_more_than_before_is_refused_whatever_is_accepted(new: t.Any, rule: str) -> None:
    accepted = [{"principal": "Data", "reason": "agreed", "expires": "2026-12-31"}]
    refusal = judge(new, accepted=accepted)
    assert refusal is not None and refusal.rule == rule


def test_a_dropped_condition_is_more_than_before() -> None:
    old = allow("s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "web"}})
    refusal = judge([allow("s3:GetObject")], old=[old])
    assert refusal is not None and refusal.rule == "widening"


def test_a_document_that_is_too_large_is_refused() -> None:
    wide = [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(300)]
    refusal = judge([allow("s3:GetObject", resource=wide), KEPT])
    assert refusal is not None and refusal.rule == "does_not_fit"
    assert "6,144 are allowed" in refusal.reason


def test_inline_policies_count_together() -> None:
    half = [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(200)]
    owner = role("app", one=allow("s3:GetObject", resource=half), two=allow("s3:*"))
    subject = Subject("two", "", owner, parse(document(allow("s3:*"))))
    new = parse(document(allow("s3:GetObject", resource=half)))
    refusal = Judge("aws", NOW.date()).find_objection(subject, new, PEOPLE, [owner.arn])
    assert refusal is not None and (refusal.rule, refusal.target) == ("does_not_fit", owner.arn)


HOME: t.Final = "arn:aws:s3:::home/${aws:username}/*"
OF_ALICE: t.Final = "arn:aws:s3:::home/alice/*"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([allow("s3:GetObject", resource=HOME)], [allow("s3:GetObject", resource=OF_ALICE)]),
        (
            [allow("s3:*"), deny("s3:GetObject", resource=HOME)],
            [allow("s3:*"), deny("s3:GetObject", resource=OF_ALICE)],
        ),
        (
            [allow("s3:*"), deny("s3:*", Condition={"ArnNotLike": {"aws:PrincipalArn": arn("user", "alice")}})],
            [allow("s3:*"), deny("s3:*", Condition={"ArnNotLike": {"aws:PrincipalArn": arn("user", "*")}})],
        ),
    ],
    ids=["a variable", "a variable in a Deny", "a condition on the caller"],
)
@pytest.mark.parametrize("accepted", [False, True])
def test_a_document_is_proved_for_each_principal_that_has_it(old: t.Any, new: t.Any, accepted: bool) -> None:
    """It is the same for alice, and more for bob. Acceptance does not change that."""
    alice, bob = arn("user", "alice"), arn("user", "bob")
    entries = [{"principal": "Data", "reason": "agreed", "expires": "2026-12-31"}] if accepted else []
    alone = judge(new, old=old, arns=[alice], accepted=entries)
    assert (alone is None) is accepted
    refusal = judge(new, old=old, arns=[alice, bob], accepted=entries)
    assert refusal is not None and refusal.rule == "widening"
    assert "allows more to user/bob than the old one" in refusal.reason


def test_a_document_that_is_narrower_for_each_principal_passes() -> None:
    new = allow("s3:GetObject", resource="arn:aws:s3:::home/${aws:username}/public/*")
    holders = [arn("user", name) for name in ("alice", "bob")]
    assert judge([new], old=[allow("s3:GetObject", resource=HOME)], arns=holders) is None


# Nobody can say whether these are the same buckets for all sessions of a role.
OF_SESSION: t.Final = allow("s3:GetObject", resource="arn:aws:s3:::${aws:PrincipalTag/team}/*")
NOT_PROVED: t.Final = allow(
    "s3:GetObject", resource="arn:aws:s3:::web/*", Condition={"StringEquals": {"aws:PrincipalTag/team": "web"}}
)


@pytest.mark.parametrize(
    ("name", "is_accepted"),
    [
        ("role/app/queue", True),
        ("role/team/app/queue", True),
        (f"{arn('role', 'team/app')}/queue", True),
        ("queue", False),
        ("app/queue", False),
        ("role/queue", False),
        ("role/web/queue", False),
        ("user/app/queue", False),
        ("role/other/app/queue", False),
        ("role/app/other", False),
        ("role/app", False),
        (arn("role", "team/app"), False),
        (arn("policy", "queue"), False),
    ],
)
def test_an_inline_policy_is_accepted_with_its_owner(name: str, is_accepted: bool) -> None:
    """Many principals have an inline policy of the same name, with other documents."""
    owner = dataclasses.replace(role("app", queue=OF_SESSION), arn=arn("role", "team/app"), path="/team/")
    subject = Subject("queue", "", owner, parse(document(OF_SESSION)))
    entries = [{"principal": name, "reason": "agreed", "expires": "2026-12-31"}]
    accepted = parse_acceptances(entries, today=NOW.date(), option="accept_unproven")
    refusal = Judge("aws", NOW.date(), accepted).find_objection(
        subject, parse(document(NOT_PROVED)), PEOPLE, [owner.arn]
    )
    assert (refusal is None) is is_accepted
    if refusal is not None:
        assert refusal.rule == "unproven" and "list role/app/queue in accept_unproven" in refusal.reason


@pytest.mark.parametrize("name", ["Data", "policy/Data", POLICY])
def test_a_managed_policy_is_accepted_by_its_name_or_arn(name: str) -> None:
    entries = [{"principal": name, "reason": "agreed", "expires": "2026-12-31"}]
    assert judge([NOT_PROVED], old=[OF_SESSION], accepted=entries) is None
    expired = [{**entries[0], "expires": "2026-01-31"}]
    refusal = judge([NOT_PROVED], old=[OF_SESSION], accepted=expired)
    assert refusal is not None and refusal.rule == "unproven"


def test_users_can_enrol_mfa_without_mfa() -> None:
    own = allow("iam:EnableMFADevice", resource=["arn:aws:iam::*:user/${aws:username}"], Sid="Enrol")
    condition = {"Bool": {MFA: "true"}}
    old = [allow("s3:GetObject", Sid="Read"), own]
    refusal = judge([{**item, "Condition": condition} for item in old], old=old)
    assert refusal is not None and refusal.rule == "locks_out"
    assert judge(refusal.data["corrected"]["document"], old=old) is None
    assert judge([{**old[0], "Condition": condition}, own], old=old) is None
