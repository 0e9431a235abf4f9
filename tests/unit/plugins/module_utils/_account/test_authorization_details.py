# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.authorization_details import parse
from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._account.source import Unreadable

CREATED = datetime(2025, 1, 2, tzinfo=UTC)
DOCUMENT = {"Version": "2012-10-17", "Statement": []}
ADMIN = {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
BOUNDARY = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/edge"}


def entity(kind: str, name: str, **more: t.Any) -> dict[str, t.Any]:
    word = kind.lower()
    arn = f"arn:aws:iam::111122223333:{word}/{name}"
    return {f"{kind}Name": name, "Arn": arn, "Path": "/", "CreateDate": CREATED, **more}


def test_users() -> None:
    bare = entity("User", "adam")
    full = entity(
        "User",
        "zoe",
        GroupList=["ops", "dev"],
        AttachedManagedPolicies=[ADMIN],
        UserPolicyList=[{"PolicyName": "inline", "PolicyDocument": DOCUMENT}],
        PermissionsBoundary=BOUNDARY,
        Tags=[{"Key": "team", "Value": "web"}],
    )
    adam, zoe = parse([{"UserDetailList": [full, bare]}])["users"]
    assert (adam.name, adam.groups, adam.attached_policies, adam.inline_policies, adam.boundary) == (
        "adam",
        (),
        (),
        (),
        None,
    )
    assert (zoe.created, zoe.path, zoe.groups) == (CREATED, "/", ("dev", "ops"))
    assert zoe.attached_policies == ("arn:aws:iam::aws:policy/AdministratorAccess",)
    assert zoe.inline_policies == (PolicyDocument("inline", DOCUMENT),)
    assert zoe.boundary == "arn:aws:iam::111122223333:policy/edge"
    assert zoe.tags == {"team": "web"}


def test_groups() -> None:
    group = entity(
        "Group",
        "ops",
        GroupPolicyList=[{"PolicyName": "p", "PolicyDocument": "%7B%7D"}],
        AttachedManagedPolicies=[ADMIN],
    )
    (found,) = parse([{"GroupDetailList": [group]}])["groups"]
    assert (found.name, found.arn) == ("ops", "arn:aws:iam::111122223333:group/ops")
    assert found.inline_policies == (PolicyDocument("p", {}),)
    assert found.attached_policies == ("arn:aws:iam::aws:policy/AdministratorAccess",)


def test_roles() -> None:
    used = entity(
        "Role",
        "web",
        AssumeRolePolicyDocument=DOCUMENT,
        RoleLastUsed={"LastUsedDate": CREATED, "Region": "eu-west-1"},
        InstanceProfileList=[{"Arn": "arn:aws:iam::111122223333:instance-profile/web"}],
        PermissionsBoundary=BOUNDARY,
    )
    unused = entity("Role", "idle", AssumeRolePolicyDocument="{broken", RoleLastUsed={})
    idle, web = parse([{"RoleDetailList": [used, unused]}])["roles"]
    assert (web.trust.document, web.last_used, web.last_used_region) == (DOCUMENT, CREATED, "eu-west-1")
    assert web.instance_profiles == ("arn:aws:iam::111122223333:instance-profile/web",)
    assert web.boundary == "arn:aws:iam::111122223333:policy/edge"
    assert (idle.last_used, idle.trust.document) == (None, None)
    assert idle.trust.error is not None


def policy(arn: str, **more: t.Any) -> dict[str, t.Any]:
    version = {"VersionId": "v2", "IsDefaultVersion": True, "Document": DOCUMENT}
    old = {"VersionId": "v1", "IsDefaultVersion": False, "Document": {"Statement": "old"}}
    return {"PolicyName": arn.rpartition("/")[2], "Arn": arn, "Path": "/", "PolicyVersionList": [old, version], **more}


@pytest.mark.parametrize(
    ("arn", "is_aws_managed"),
    [
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
        ("arn:aws-us-gov:iam::aws:policy/job-function/Billing", True),
        ("arn:aws:iam::111122223333:policy/aws", False),
    ],
)
def test_policies(arn: str, is_aws_managed: bool) -> None:
    (found,) = parse([{"Policies": [policy(arn, AttachmentCount=2, UpdateDate=CREATED)]}])["policies"]
    assert (found.arn, found.is_aws_managed) == (arn, is_aws_managed)
    assert found.default_version == PolicyDocument("v2", DOCUMENT)
    assert (found.attachment_count, found.boundary_usage_count, found.updated) == (2, 0, CREATED)


def test_a_policy_without_its_default_version_is_an_error_to_report() -> None:
    record = policy("arn:aws:iam::111122223333:policy/p", PolicyVersionList=[], DefaultVersionId="v3")
    (found,) = parse([{"Policies": [record]}])["policies"]
    assert (found.default_version.name, found.default_version.document) == ("v3", None)
    assert found.default_version.error is not None


def test_all_pages_count() -> None:
    found = parse(
        [{"UserDetailList": [entity("User", "b")]}, {}, {"UserDetailList": [entity("User", "a")], "Policies": []}]
    )
    assert [user.name for user in found["users"]] == ["a", "b"]
    assert found["groups"] == found["roles"] == found["policies"] == ()


def test_an_entry_without_an_arn_is_unparsable() -> None:
    with pytest.raises(Unreadable, match="Arn is missing"):
        parse([{"UserDetailList": [{"UserName": "bob", "Path": "/"}]}])


@pytest.mark.parametrize(
    ("key", "name"),
    [("UserDetailList", "User"), ("GroupDetailList", "Group"), ("RoleDetailList", "Role"), ("Policies", "Policy")],
)
def test_a_name_that_is_missing_stands_in_the_arn(key: str, name: str) -> None:
    """One entry without its name or path must not cost all others."""
    whole = entity(name, "plain")
    bare = entity(name, "team/app/bare")
    del bare[f"{name}Name"], bare["Path"]
    at_root = entity(name, "zero")
    del at_root["Path"]
    (found,) = (tuple(members) for members in parse([{key: [whole, bare, at_root]}]).values() if members)
    assert [(one.name, one.path) for one in found] == [("plain", "/"), ("bare", "/team/app/"), ("zero", "/")]


def test_an_arn_without_a_name_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="PolicyName is missing"):
        parse([{"Policies": [{"Arn": "arn:aws:iam::111122223333:policy/", "Path": "/"}]}])


def test_an_entry_that_is_listed_twice_counts_once() -> None:
    eve = entity("User", "eve")
    assert len(parse([{"UserDetailList": [eve]}, {"UserDetailList": [dict(eve)]}])["users"]) == 1


def test_two_different_entries_of_one_name_are_not_read() -> None:
    eve, other = entity("User", "eve"), entity("User", "eve", AttachedManagedPolicies=[ADMIN])
    with pytest.raises(Unreadable, match="lists .*user/eve twice, and differently"):
        parse([{"UserDetailList": [eve, other]}])
