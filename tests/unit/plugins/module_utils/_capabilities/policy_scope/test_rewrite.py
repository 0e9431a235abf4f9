# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements on fewer resources, by type of resource, and under conditions; each rewriting is done once."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.rewrite import (
    Rewritten,
    fits_kind,
    rewrite,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import document as document_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.kinds import list_kinds

from ..user_permissions.people import allow, deny, document
from .scopes import BUCKET, OBJECTS, Record, declare, target

QUEUE: t.Final = "arn:aws:sqs:eu-west-1:111122223333:orders"
BOTH: t.Final = [{"actions": ["*"], "arns": [BUCKET, OBJECTS]}]


def narrow(*statements: Record, seen: t.Optional[t.Mapping[str, tuple[str, ...]]] = None, **fields: t.Any) -> Rewritten:
    (declared,) = declare(target(policies=["Data"], **fields)).targets
    found = rewrite(parse(document(*statements)), declared, seen or {}, partition="aws")
    again = rewrite(found.policy, declared, seen or {}, partition="aws")
    assert again.policy == found.policy, "a second run would change it again"
    return found


def statements(found: Rewritten) -> list[t.Any]:
    written: list[t.Any] = document_of(found.policy)["Statement"]
    return written


def test_each_action_gets_the_arns_of_its_type() -> None:
    found = narrow(allow("s3:GetObject", "s3:ListBucket", Sid="Read"), resources=BOTH)
    assert (
        statements(found)
        == [
            {"Sid": "ReadObject", "Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS},
            {"Sid": "ReadBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": [BUCKET, OBJECTS]},
        ]
        or statements(found)[1]["Resource"] == BUCKET
    )
    assert found.wide == ()


def test_actions_without_a_resource_and_of_other_types_stay_wide_and_are_named() -> None:
    found = narrow(allow("s3:GetObject", "s3:ListAllMyBuckets", "sqs:SendMessage"), resources=BOTH)
    assert [item["Resource"] for item in statements(found)] == [OBJECTS, "*"]
    assert {name: item.why for item in found.wide for name in item.actions} == {
        "s3:ListAllMyBuckets": "AWS knows no resource for it",
        "sqs:SendMessage": "no ARN is declared for it",
    }


def test_a_wildcard_is_kept_where_all_its_actions_are_alike() -> None:
    found = narrow(allow("s3:GetObject*"), resources=[{"actions": ["s3:*"], "arns": [OBJECTS]}])
    assert [(item["Action"], item["Resource"]) for item in statements(found)] == [("s3:GetObject*", OBJECTS)]


def test_a_rule_is_about_its_actions_only() -> None:
    rules = [{"actions": ["s3:Put*"], "arns": [OBJECTS]}]
    found = narrow(allow("s3:GetObject", "s3:PutObject"), resources=rules)
    assert {item["Action"]: item["Resource"] for item in statements(found)} == {
        "s3:GetObject": "*",
        "s3:PutObject": OBJECTS,
    }


@pytest.mark.parametrize(
    "resource",
    [OBJECTS, "arn:aws:s3:::data/reports/*", "arn:aws:s3:::other/*", "arn:aws:s3:::${aws:username}/*"],
)
def test_a_resource_that_is_not_wider_stays(resource: str) -> None:
    """What another bucket allows is not taken by a rule on this one, and a variable is another set for each."""
    found = narrow(allow("s3:GetObject", resource=resource), resources=[{"actions": ["*"], "arns": [OBJECTS]}])
    assert [item["Resource"] for item in statements(found)] == [resource]


def test_declared_patterns_that_contain_each_other_all_stay() -> None:
    """A second run took a pattern that was declared for one that is wider than another declared one."""
    wanted = ["arn:aws:s3:::data*", "arn:aws:s3:::data-1/*"]
    found = narrow(allow("s3:GetObject"), resources=[{"actions": ["*"], "arns": wanted}])
    assert [item["Resource"] for item in statements(found)] == [wanted]
    inside = narrow(allow("s3:GetObject", resource="arn:aws:s3:::data-?/*"), resources=[{"arns": wanted}])
    assert [item["Resource"] for item in statements(inside)] == ["arn:aws:s3:::data-?/*"]


def test_an_action_that_needs_further_types_stays_wide() -> None:
    """Without an image no instance can be started."""
    instance, volume = "arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*"
    about = allow("ec2:RunInstances", "ec2:StopInstances", "ec2:AttachVolume")
    found = narrow(about, resources=[{"actions": ["*"], "arns": [instance, volume]}])
    assert {item["Action"]: item["Resource"] for item in statements(found)} == {
        "ec2:RunInstances": "*",
        "ec2:StopInstances": instance,
        "ec2:AttachVolume": [instance, volume],
    }
    assert [item.why for item in found.wide] == ["each call also needs a resource of the type image"]


def test_a_deny_and_other_statements_are_left_alone() -> None:
    others = [deny("s3:*", Sid="Never"), allow("s3:GetObject", Sid="Other")]
    found = narrow(allow("s3:GetObject", Sid="Read"), *others, resources=BOTH, statements=["Re*"])
    assert statements(found)[1:] == statements(Rewritten(parse(document(*others))))


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction"),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECTS}, "NotResource"),
        (allow("*"), "allows every action"),
    ],
)
def test_what_has_no_named_actions_can_not_be_narrowed_to_resources(statement: Record, reason: str) -> None:
    (problem,) = narrow(statement, resources=BOTH).problems
    assert reason in problem


def test_seen_resources_replace_wide_ones_unless_they_are_declared() -> None:
    seen = {"sqs:sendmessage": (QUEUE,), "s3:getobject": ("arn:aws:s3:::seen/*",)}
    found = narrow(allow("s3:GetObject", "sqs:SendMessage"), seen=seen, seen_resources=True, resources=BOTH)
    assert {item["Action"]: item["Resource"] for item in statements(found)} == {
        "s3:GetObject": OBJECTS,
        "sqs:SendMessage": QUEUE,
    }
    unseen = narrow(allow("sqs:SendMessage"), seen_resources=True)
    assert [item.why for item in unseen.wide] == ["no recorded call shows its resource"]


def test_split_by_type_keeps_conditions() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/a": "b"}}
    mixed = allow("s3:GetObject", "s3:ListBucket", "sqs:SendMessage", resource=[BUCKET, OBJECTS], Condition=condition)
    found = statements(narrow(mixed, split=True))
    assert [(item["Action"], item["Resource"]) for item in found] == [
        ("s3:GetObject", OBJECTS),
        ("s3:ListBucket", BUCKET),
        # It has no effect on these resources, and stays as it is.
        ("sqs:SendMessage", [BUCKET, OBJECTS]),
    ]
    assert {str(item["Condition"]) for item in found} == {str(condition)}


def test_statement_ids_stay_unique() -> None:
    given = [allow("s3:GetObject", "s3:ListBucket", Sid="A"), allow("s3:GetObject", Sid="AObject")]
    sids = [item["Sid"] for item in statements(narrow(*given, resources=BOTH))]
    assert len(sids) == len(set(sids)) == 3


def test_conditions_are_added_once_and_take_the_place_of_the_same_key() -> None:
    old = allow("s3:GetObject", resource=OBJECTS, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "9000"}})
    (found,) = statements(narrow(old, mfa={"max_age": 600}))
    assert found["Condition"] == {
        "NumericLessThan": {"aws:MultiFactorAuthAge": "600"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
    }


def test_a_network_is_a_deny_of_three_operators_for_each_statement() -> None:
    network = {"ip_ranges": ["203.0.113.0/24"], "vpcs": ["vpc-0abc1234def567890"], "vpc_endpoints": ["vpce-0123456789"]}
    allowing, denying = statements(narrow(allow("s3:GetObject", resource=OBJECTS, Sid="Read"), network=network))
    assert allowing == {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS}
    assert denying == {
        "Sid": "ReadKnownNetworks",
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": OBJECTS,
        "Condition": {
            "NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"},
            "StringNotEqualsIfExists": {
                "aws:SourceVpc": "vpc-0abc1234def567890",
                "aws:SourceVpce": "vpce-0123456789",
            },
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        },
    }


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        ({"ip_ranges": ["198.51.100.0/24"]}, True),
        ({"ip_ranges": ["203.0.113.0/24", "198.51.100.0/24"]}, True),
        ({"vpcs": ["vpc-0fff1234def567890"]}, True),
        ({}, False),
    ],
)
def test_a_second_deny_of_other_networks_would_deny_both(change: Record, is_refused: bool) -> None:
    network = {"ip_ranges": ["203.0.113.0/24"], "vpcs": ["vpc-0abc1234def567890"]}
    (first,) = declare(target(policies=["Data"], network=network)).targets
    (second,) = declare(target(policies=["Data"], network={**network, **change})).targets
    old = rewrite(parse(document(allow("s3:GetObject"), allow("sqs:SendMessage"))), first, {}, partition="aws").policy
    found = rewrite(old, second, {}, partition="aws")
    assert bool(found.problems) is is_refused
    assert all("a Deny is never changed" in problem for problem in found.problems)
    others = parse(document(allow("sns:Publish"), *document_of(old)["Statement"]))
    (third,) = declare(target(policies=["Data"], network={**network, **change})).targets
    assert len(rewrite(others, third, {}, partition="aws").problems) == is_refused


def test_a_window_has_both_ends_in_one_block() -> None:
    window = {"start": "2026-12-01T00:00:00Z", "end": "2026-12-08T00:00:00Z"}
    (found,) = statements(narrow(allow("s3:GetObject"), time_window=window))
    assert found["Condition"] == {
        "DateGreaterThanEquals": {"aws:CurrentTime": window["start"]},
        "DateLessThan": {"aws:CurrentTime": window["end"]},
    }


def test_a_document_takes_the_place_of_all() -> None:
    given = document(allow("s3:GetObject", resource=OBJECTS))
    assert statements(narrow(allow("s3:*"), document=given)) == document_of(parse(given))["Statement"]


@pytest.mark.parametrize(
    ("action", "arn", "fits"),
    [
        ("s3:getobject", OBJECTS, True),
        ("s3:getobject", BUCKET, False),
        ("s3:getobject", "arn:aws:s3:::da*", True),
        ("s3:listbucket", OBJECTS, False),
        ("s3:listbucket", "arn:aws:s3:::da*", True),
        ("s3:listbucket", "*", True),
        ("sqs:sendmessage", QUEUE, True),
        ("sqs:sendmessage", "arn:aws:sqs:*", True),
        ("sqs:sendmessage", OBJECTS, False),
        ("dynamodb:getitem", "arn:aws:dynamodb:*:*:table/?rders", True),
        ("dynamodb:getitem", "arn:aws:dynamodb:*:*:table/orders/index/*", False),
    ],
)
def test_patterns_fit_the_types_that_they_can_be_about(action: str, arn: str, fits: bool) -> None:
    assert any(fits_kind(arn, kind) for kind in list_kinds(action, "aws")) is fits
