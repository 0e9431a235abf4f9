# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags that the actor sets on itself or on its target, so that conditions on them are met.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Subject

from .landscapes import ROOT, Document, allow, arn, deny, everything, methods, paths, policy, role, trust, user

OWN: t.Final = arn("user", "dev")
OPS: t.Final = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
SAME: t.Final = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
OPS_ROLE: t.Final = {"StringEquals": {"aws:ResourceTag/team": "ops"}}


def admin(condition: t.Any = None, **fields: t.Any) -> Subject:
    more = {"Condition": condition} if condition else {}
    return role("prod-admin", everything(), trust=trust({"AWS": ROOT}, **more), **fields)


@pytest.mark.parametrize(
    ("statements", "target"),
    [
        pytest.param([allow("sts:AssumeRole"), allow("iam:TagUser", on=OWN)], admin(OPS), id="a trust by a tag"),
        pytest.param(
            [allow("sts:AssumeRole", Condition=OPS), allow("iam:TagUser", on=OWN)], admin(), id="a permission by a tag"
        ),
        pytest.param(
            [allow("sts:AssumeRole", Condition=SAME), allow("iam:TagUser", on=OWN)],
            admin(tags={"team": "ops"}),
            id="the tag of the target",
        ),
        pytest.param(
            [
                allow("sts:AssumeRole", Condition=OPS),
                allow("iam:TagUser", on=OWN, Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
            ],
            admin(),
            id="only this tag",
        ),
        pytest.param(
            [
                allow("sts:AssumeRole"),
                deny("sts:AssumeRole", Condition={"StringNotEquals": {"aws:PrincipalTag/team": "ops"}}),
                allow("iam:TagUser", on=OWN),
            ],
            admin(),
            id="a denial by a tag",
        ),
    ],
)
def test_a_user_tags_itself(statements: list[Document], target: Subject) -> None:
    path = paths(user("dev", policy(*statements)), target)["dev"]
    assert methods(path) == ["tag_own_user", "assume_role"]
    assert path.certain
    assert path.explanation == (
        "dev can change its own rights by setting tags of one's own user that policies ask for, then become "
        "prod-admin by assuming a role"
    )


def test_a_role_tags_itself() -> None:
    rights = policy(allow("sts:AssumeRole", "iam:TagRole"))
    found = paths(role("dev", rights, trust=trust({"AWS": ROOT})), admin(OPS))
    assert methods(found["dev"])[-2:] == ["tag_own_role", "assume_role"]
    assert found["dev"].certain


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([allow("sts:AssumeRole"), allow("iam:TagUser", on=arn("user", "other"))], id="another user"),
        pytest.param(
            [
                allow("sts:AssumeRole"),
                allow("iam:TagUser", on=OWN, Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}),
            ],
            id="only another tag",
        ),
        pytest.param(
            [
                allow("sts:AssumeRole", "iam:TagUser"),
                deny("iam:TagUser", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
            ],
            id="all but this tag",
        ),
        pytest.param([allow("sts:AssumeRole")], id="no tag"),
        pytest.param([allow("iam:TagUser")], id="only tags"),
        pytest.param(
            [
                allow("sts:AssumeRole", Condition={"StringEquals": {"aws:ResourceTag/team": "ops"}}),
                allow("iam:TagUser"),
            ],
            id="the tag of somebody else",
        ),
    ],
)
def test_no_false_alarm(statements: list[Document]) -> None:
    other = user("other", active_keys=2)
    assert paths(user("dev", policy(*statements)), other, admin(OPS)) == {}


def test_a_tag_that_can_only_have_some_values_is_conditional() -> None:
    tags = allow("iam:TagUser", on=OWN, Condition={"StringEquals": {"aws:RequestTag/team": ["dev", "web"]}})
    path = paths(user("dev", policy(allow("sts:AssumeRole"), tags)), admin(OPS))["dev"]
    assert "aws:RequestTag/team" in path.conditions


def test_mfa_keeps_a_tag_conditional() -> None:
    tags = allow("iam:TagUser", on=OWN, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    path = paths(user("dev", policy(allow("sts:AssumeRole"), tags)), admin(OPS))["dev"]
    assert path.conditions == ("aws:MultiFactorAuthPresent",)


def test_a_role_is_tagged_and_assumed() -> None:
    dev = user("dev", policy(allow("sts:AssumeRole", Condition=OPS_ROLE), allow("iam:TagRole")))
    path = paths(dev, admin())["dev"]
    assert methods(path) == ["tag_roles", "assume_role"]
    assert path.certain


def test_a_user_is_tagged_and_gets_a_key() -> None:
    dev = user(
        "dev", policy(allow("iam:CreateAccessKey", Condition=OPS_ROLE), allow("iam:TagUser", on=arn("user", "boss")))
    )
    path = paths(dev, user("boss", everything()))["dev"]
    assert methods(path) == ["tag_users", "create_access_key"]
    assert path.certain


@pytest.mark.parametrize(
    "tagging",
    [
        pytest.param(allow("iam:TagRole", on=arn("role", "other")), id="another role"),
        pytest.param(
            allow("iam:TagRole", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}), id="another tag"
        ),
        pytest.param(allow("iam:TagRole", Condition=OPS_ROLE), id="only those that are tagged so"),
    ],
)
def test_no_false_alarm_on_targets(tagging: Document) -> None:
    dev = user("dev", policy(allow("sts:AssumeRole", Condition=OPS_ROLE), tagging))
    assert paths(dev, admin(), role("other")) == {}


def test_two_with_the_same_policies_differ_by_what_they_may_tag() -> None:
    """Answers are shared between principals with the same policies, but not across different tags."""
    shared = policy(allow("sts:AssumeRole", Condition=OPS), name="shared")
    tagging = policy(allow("iam:TagUser", on=arn("user", "one")), name="tagging")
    found = paths(user("one", shared, tagging), user("two", shared, tagging), admin())
    assert set(found) == {"one"}
