# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of AWS: a narrowed copy is attached, and the original goes after it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import OWNED
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.copies import divide, name_part
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.plan import apply_changes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.subjects import list_originals
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import size
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

from ..user_permissions.people import allow, arn, deny, document, group, role, user
from .scopes import BUCKET, OBJECTS, Record, declare, make_account, make_plan, managed, refusals, steps, target

FULL: t.Final = managed(allow("s3:*"), deny("s3:DeleteBucket"), name="AmazonS3FullAccess", of_aws=True)
COPIED: t.Final = target(
    policies=["AmazonS3FullAccess"],
    roles=["app"],
    groups=["staff"],
    copy={"name": "app-s3", "path": "/team/"},
    resources=[{"actions": ["s3:Get*", "s3:Put*"], "arns": [OBJECTS, BUCKET]}],
)


def people() -> tuple[t.Any, ...]:
    return role("app", FULL.arn), role("web", FULL.arn), group("staff", FULL.arn), user("alice", groups=["staff"])


def test_attach_comes_before_detach_and_others_keep_the_original() -> None:
    snapshot = make_account(*people(), policies=[FULL])
    planned = make_plan(snapshot, COPIED)
    assert steps(planned) == [
        ("CreatePolicy", "app-s3"),
        ("AttachGroupPolicy", "staff"),
        ("AttachRolePolicy", "app"),
        ("DetachGroupPolicy", "staff"),
        ("DetachRolePolicy", "app"),
    ]
    assert make_plan(apply_changes(snapshot, planned.changes), COPIED).changes == ()


def test_seen_resources_narrow_a_copy_as_well() -> None:
    seen = {(FULL.arn, ""): {"s3:getobject": (OBJECTS,)}}
    planned = make_plan(
        make_account(*people(), policies=[FULL]), {**COPIED, "resources": [], "seen_resources": True}, seen=seen
    )
    created = planned.changes[0].after["document"]["Statement"]
    assert OBJECTS in [item["Resource"] for item in created]
    (found,) = list_originals(Permissions(make_account(*people(), policies=[FULL])), declare(COPIED))
    assert found[0].key == (FULL.arn, "")


def test_a_run_that_was_cut_off_goes_on() -> None:
    """The copy is there and attached to one of two."""
    snapshot = make_account(*people(), policies=[FULL])
    planned = make_plan(snapshot, COPIED)
    half = apply_changes(snapshot, planned.changes[:2])
    tagged = tuple(dataclasses.replace(item, tags={OWNED[0]: OWNED[1]}) for item in half.policies)
    # The same by somebody else, who could change it later.
    assert refusals(make_plan(half, COPIED)) == [("foreign", "app-s3")]
    assert steps(make_plan(dataclasses.replace(half, policies=tagged), COPIED)) == [
        ("AttachRolePolicy", "app"),
        ("DetachGroupPolicy", "staff"),
        ("DetachRolePolicy", "app"),
    ]


def test_who_would_lose_something_keeps_the_original_for_all_of_the_target() -> None:
    planned = make_plan(make_account(*people(), policies=[FULL]), COPIED, broken=["alice"])
    assert (steps(planned), [refusal.rule for refusal in planned.refused]) == ([], ["prediction"])


def test_the_name_of_a_copy_must_be_free_or_its_own() -> None:
    other = managed(allow("ec2:*"), name="APP-S3")
    planned = make_plan(make_account(*people(), policies=[FULL, other]), COPIED)
    assert refusals(planned) == [("name_taken", "APP-S3")]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"policies": ["AmazonSQSFullAccess"], "roles": ["web"], "copy": {"name": "APP-S3"}}, "name_taken"),
        ({"roles": ["web"], "copy": {"name": "app-s3", "path": "/"}}, "name_taken"),
        ({"copy": {"name": "app-s3-of-others"}}, "ambiguous"),
    ],
    ids=["another policy", "the same policy for others", "the same principals"],
)
def test_two_targets_do_not_make_the_same_copy(fields: Record, rule: str) -> None:
    """The second policy would not be made, and its principals would get the copy of the first."""
    queues = managed(allow("sqs:*"), name="AmazonSQSFullAccess", of_aws=True)
    principals = (role("app", FULL.arn), role("web", FULL.arn, queues.arn))
    planned = make_plan(make_account(*principals, policies=[FULL, queues]), COPIED, {**COPIED, "groups": [], **fields})
    assert [refusal.rule for refusal in planned.refused] == [rule]
    assert {change.target.rpartition("/")[2] for change in planned.changes} == {"app-s3", "app"}


def test_a_principal_without_room_keeps_the_original() -> None:
    full = role("app", FULL.arn, *(arn("policy", f"P{number}") for number in range(9)))
    planned = make_plan(make_account(full, policies=[FULL]), COPIED)
    assert refusals(planned) == [("quota", "app")]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"copy": None, "roles": [], "groups": []}, "aws_managed"),
        ({"policies": ["Amazon*"]}, "ambiguous"),
    ],
)
def test_each_policy_of_aws_needs_a_copy_of_its_own(fields: Record, rule: str) -> None:
    second = managed(allow("sqs:*"), name="AmazonSQSFullAccess", of_aws=True)
    planned = make_plan(make_account(*people(), policies=[FULL, second]), {**COPIED, **fields})
    assert {refusal.rule for refusal in planned.refused} == {rule}
    assert planned.changes == ()


def test_a_large_document_is_divided_and_loses_nothing() -> None:
    statements = [
        allow("s3:GetObject", resource=[f"arn:aws:s3:::bucket-{item:02}-{number:04}/*" for number in range(100)])
        for item in range(4)
    ]
    many = allow(*(f"ec2:Describe{number:04}" for number in range(600)), Sid="Many")
    policy = parse(document(*statements, many, deny("s3:DeleteBucket")))
    parts = divide(policy)
    assert parts is not None and len(parts) > 2
    assert all(size(part, Kind.MANAGED) <= 6144 for part in parts)
    assert (
        sum(
            len(item.resources or ()) for part in parts for item in part.statements if item.actions == ("s3:GetObject",)
        )
        == 400
    )
    actions = [name for part in parts for item in part.statements for name in item.actions or () if name[:3] == "ec2"]
    assert len(actions) == len(set(actions)) == 600
    assert [item for part in parts for item in part.statements if not item.allow]


def test_a_statement_that_can_not_be_cut_is_no_copy() -> None:
    wide = [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(400)]
    assert divide(parse(document(allow("s3:GetObject", resource=wide)))) is None


def test_names_of_parts_stay_within_the_limit_and_apart() -> None:
    """Two long names that begin alike, and their parts."""
    stem = "a" * 127
    names = [f"{stem}{end}" for end in "bc"]
    parts = [name_part(name, number) for name in names for number in range(1, 13)]
    assert len({part.lower() for part in parts}) == len(parts)
    assert max(map(len, parts)) == 128
    assert [name_part(name, 1) for name in names] == names
    assert name_part("app-s3", 2) == "app-s3-2"
    assert parts == [name_part(name, number) for name in names for number in range(1, 13)]


def test_a_large_copy_with_a_long_name_is_created() -> None:
    wide = [
        allow("s3:GetObject", resource=[f"arn:aws:s3:::b-{item}-{part:04}/*" for part in range(100)])
        for item in range(4)
    ]
    large = managed(*wide, name="AmazonS3FullAccess", of_aws=True)
    long = {**COPIED, "groups": [], "copy": {"name": "a" * 128, "path": "/"}}
    planned = make_plan(make_account(role("app", large.arn), policies=[large]), long)
    created = [change.parameters["PolicyName"] for change in planned.changes if change.operation == "CreatePolicy"]
    assert len(created) > 1 and len(set(created)) == len(created)
    assert max(map(len, created)) <= 128
