# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play may declare of organization policies, and what is refused as bad input before anything is called."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import (
    Content,
    Target,
    find_warnings,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .organizations import BOX, DENY, DEV, FULL, declaring

TURNED = {
    "Statement": [
        {"Action": "organizations:leaveorganization", "Sid": "B", "Resource": "*", "Effect": "Deny"},
        {"Effect": "Deny", "Sid": "A", "Action": "cloudtrail:StopLogging", "Resource": ["*"]},
    ],
    "Version": "2012-10-17",
}


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ({"ou": "/Work", "account": None, "root": False}, Target(ou="/Work")),
        ({"account": 22233334444}, Target(account="22233334444")),
        ({"account": "twin"}, Target(account="twin")),
        ({"id": BOX}, Target(id=BOX)),
        ({"id": DEV}, Target(id=DEV)),
        ({"tag": {"env": "d*"}}, Target(tag={"env": "d*"})),
        ({"root": True}, Target(root=True)),
    ],
)
def test_a_target_is_one_thing(value: t.Any, target: Target) -> None:
    assert Target.of(value, "targets[0]") == target


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "allowed is exactly one of ou, account, id, tag, root"),
        ({"ou": "/a", "id": BOX}, "exactly one"),
        ({"unit": "/a"}, "exactly one"),
        ("/a", "is not a target"),
        ({"ou": "Work"}, "is not a path of units from the root"),
        ({"id": "p-12345678"}, "is no id of a root"),
        ({"id": 22233334444}, "is no id of a root"),
        ({"tag": "env"}, "is not a mapping of tags"),
    ],
)
def test_what_is_no_target_is_refused_with_its_place(value: t.Any, said: str) -> None:
    with pytest.raises(InputError, match=r"policies\[0\]\.targets\[1\]") as refused:
        declaring({"targets": [{"root": True}, value]})
    assert said in str(refused.value)


def test_content_is_the_same_whatever_its_order_and_scalars() -> None:
    content = Content.of(DENY, SCP, "content")
    assert content.matches(TURNED, SCP)
    assert content.sha256 == Content.of(TURNED, SCP, "content").sha256
    assert " " not in content.text
    assert content.size == len(content.text)
    assert not content.matches({**DENY, "Version": "2008-10-17"}, SCP)
    other = {**DENY, "Statement": [{**DENY["Statement"][0], "Action": "cloudtrail:DeleteTrail"}, DENY["Statement"][1]]}
    assert not content.matches(other, SCP)
    assert not content.matches({"Statement": "nonsense"}, SCP)
    assert not content.matches(None, SCP)


def test_only_what_allows_something_stands_in_for_full_access() -> None:
    assert Content.of(FULL, SCP, "content").grants
    assert not Content.of(DENY, SCP, "content").grants


def test_other_types_are_compared_by_their_structure() -> None:
    content = Content.of('{ "tags": {"env": {"tag_key": {"@@assign": "Env"}}} }', "TAG_POLICY", "content")
    assert content.text == '{"tags":{"env":{"tag_key":{"@@assign":"Env"}}}}'
    assert content.matches({"tags": {"env": {"tag_key": {"@@assign": "Env"}}}}, "TAG_POLICY")
    assert not content.matches({"tags": {}}, "TAG_POLICY")
    assert not content.grants
    assert content.sha256 != Content.of("{}", "TAG_POLICY", "content").sha256
    assert find_warnings(content, "TAG_POLICY") == ()
    for wrong in ("[]", "{"):
        with pytest.raises(InputError, match="content: "):
            Content.of(wrong, "TAG_POLICY", "content")


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (SCP, {"Statement": [{"Effect": "Deny", "Action": "iaam:Nope", "Resource": "*"}]}, "invalid_service_in_action"),
        (SCP, {"Statement": [{"Effect": "Deny", "Resource": "*"}]}, "malformed_policy"),
        (RCP, {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}, ""),
    ],
)
def test_content_that_aws_would_refuse_is_bad_input(kind: str, content: t.Any, said: str) -> None:
    with pytest.raises(InputError, match=r"policies\[0\]\.content: not valid content of a") as refused:
        declaring({"content": content}, type=kind)
    assert said in str(refused.value)


def test_an_action_that_may_be_newer_than_the_catalogue_is_a_warning() -> None:
    content = Content.of(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:Nope", "Resource": "*"}},
        SCP,
        "content",
    )
    assert any("iam:Nope does not exist" in warning for warning in find_warnings(content, SCP))


def test_what_is_unwise_is_a_warning() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*", "Condition": condition}
    content = Content.of({"Version": "2012-10-17", "Statement": deny}, SCP, "content")
    assert "aws:MultiFactorAuthPresent" in " ".join(find_warnings(content, SCP))
    assert find_warnings(Content.of(DENY, SCP, "content"), SCP) == ()


def test_the_size_is_that_of_what_is_sent_and_its_limit_an_option() -> None:
    size = Content.of(DENY, SCP, "content").size
    declaring({"content": "  " * 20_000 + '{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}'})
    declaring(max_policy_size=size)
    with pytest.raises(InputError, match=rf"protect has {size} characters .*max_policy_size is {size - 1}"):
        declaring(max_policy_size=size - 1)


@pytest.mark.parametrize(
    ("kind", "content", "size", "slots"),
    [(SCP, DENY, 10_240, 10), (RCP, None, 5_120, 5), ("TAG_POLICY", {}, 10_000, 10), ("CHATBOT_POLICY", {}, 10_000, 5)],
)
def test_the_limits_are_those_of_the_type(kind: str, content: t.Any, size: int, slots: int) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": "*"}
    given = {"Version": "2012-10-17", "Statement": deny} if content is None else content
    declared = declaring({"content": given}, type=kind)
    assert (declared.max_size, declared.max_attached) == (size, slots)
    assert declared.guards_access == (kind in (SCP, RCP))


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        ({"name": " "}, {}, "is not the name of a policy"),
        ({"name": "x" * 129}, {}, "1 to 128"),
        ({"name": "FullAWSAccess"}, {}, "AWS's own policy"),
        ({"description": "x" * 513}, {}, "AWS allows 512"),
        ({}, {"max_policies_per_target": 0}, "allowed is 1 or more"),
        ({}, {"remove_full_access": ["RCPFullAWSAccess"]}, "can't be removed"),
        ({"content": {}}, {"type": "TAG_POLICY", "remove_full_access": ["FullAWSAccess"]}, "can't be removed"),
    ],
)
def test_other_bad_input_is_refused(policy: t.Any, options: t.Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        declaring(policy, **options)
    assert said in str(refused.value)


def test_no_policy_is_declared_twice() -> None:
    with pytest.raises(InputError, match="protect is declared twice"):
        declaring({}, {})


def test_tags_of_accounts_are_needed_only_where_they_choose() -> None:
    assert not declaring().needs_tags
    assert declaring({"exclude": [{"tag": {"env": "prod"}}]}).needs_tags
    assert not declaring({"targets": [{"tag": {"env": "prod"}}]}, state="absent").needs_tags
