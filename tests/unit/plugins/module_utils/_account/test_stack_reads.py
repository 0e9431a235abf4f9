# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stacks of all regions, and the index of their IAM objects."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import read_stacks, reread_stacks
from ansible_collections.hardening.iam.plugins.module_utils._account.stacks import StackIndex
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access

from .fakes import ACCOUNT, HOME, OTHER, FakeAccess, deny, refusal

STRANGER: t.Final = "999988887777"


def stack(name: str, region: str = HOME, account: str = ACCOUNT, **more: t.Any) -> dict[str, t.Any]:
    return {"StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{name}/1", "StackName": name, **more}


def resource(kind: str, physical: t.Optional[str], status: str = "CREATE_COMPLETE") -> dict[str, t.Any]:
    found = {"LogicalResourceId": "Thing", "ResourceType": f"AWS::{kind}", "ResourceStatus": status}
    return {**found, "PhysicalResourceId": physical} if physical is not None else found


def index(
    stacks: t.Mapping[str, t.Any], resources: t.Mapping[str, t.Any], regions: t.Sequence[str] = (HOME, OTHER)
) -> tuple[StackIndex, FakeAccess]:
    """The index of stacks by region, and of resources by the names of stacks; what is an error is raised."""

    def list_stacks(*, StackStatusFilter: t.Sequence[str], region: str) -> t.Any:
        assert "DELETE_COMPLETE" not in StackStatusFilter
        found = stacks.get(region, [])
        return found if isinstance(found, Exception) else {"StackSummaries": found}

    def list_resources(*, StackName: str, region: str) -> t.Any:
        found = resources[StackName.split("/")[1]]
        return found if isinstance(found, Exception) else {"StackResourceSummaries": found}

    access = FakeAccess({"cloudformation:ListStacks": list_stacks, "cloudformation:ListStackResources": list_resources})
    return read_stacks(t.cast(Access, access), regions), access


def names(found: StackIndex) -> set[tuple[str, str]]:
    return {(kind, name) for _account, kind, name in found.objects}


def test_objects_are_found_by_their_physical_ids() -> None:
    listed = [
        resource("IAM::Role", "App-Role"),
        resource("IAM::ServiceLinkedRole", "AWSServiceRoleForX"),
        resource("IAM::User", "robot"),
        resource("IAM::Group", "robots"),
        resource("IAM::ManagedPolicy", f"arn:aws:iam::{ACCOUNT}:policy/path/Deploy"),
        resource("S3::Bucket", "app-bucket"),
        resource("IAM::InstanceProfile", "profile"),
    ]
    found, _access = index({OTHER: [stack("app", OTHER)]}, {"app": listed})
    assert names(found) == {
        ("role", "app-role"),
        ("role", "awsserviceroleforx"),
        ("user", "robot"),
        ("group", "robots"),
        ("policy", "deploy"),
    }
    assert found.objects[ACCOUNT, "role", "app-role"].stack.region == OTHER
    assert not found.unread


def test_what_is_gone_or_was_never_made_is_not_owned() -> None:
    listed = [
        resource("IAM::Role", "deleted", "DELETE_COMPLETE"),
        resource("IAM::Role", "kept", "DELETE_SKIPPED"),
        resource("IAM::Role", None, "CREATE_FAILED"),
        resource("IAM::Role", "stuck", "DELETE_FAILED"),
    ]
    found, _access = index({HOME: [stack("app")]}, {"app": listed})
    assert names(found) == {("role", "stuck")}


def test_a_policy_of_another_account_is_no_object_here() -> None:
    listed = [resource("IAM::ManagedPolicy", f"arn:aws:iam::{STRANGER}:policy/Deploy")]
    found, _access = index({HOME: [stack("app")]}, {"app": listed})
    assert not found.objects
    assert not found.unread


def test_an_answer_about_another_account_is_unread() -> None:
    foreign = stack("app", account=STRANGER)
    found, _access = index({HOME: [foreign]}, {"app": [resource("IAM::Role", "role")]}, regions=[HOME])
    assert not found.objects
    assert f"AWS's answer has {foreign['StackId']}, which is no stack of the account" in found.unread[0]
    found, _access = reread({OTHER: [{**foreign, **resource("IAM::User", "dave")}]}, "dave")
    assert not found.objects
    assert len(found.unread) == 1


def test_an_answer_without_a_stack_is_unread_if_an_object_is_asked_for() -> None:
    """If no stack has the object, AWS answers with an error."""
    found, _access = reread({OTHER: []}, "dave")
    assert "AWS's answer has no resource, and no error" in found.unread[0]


def test_an_inline_policy_of_its_own_is_told_apart_from_its_role() -> None:
    found, _access = index({HOME: [stack("app")]}, {"app": [resource("IAM::RolePolicy", "read|other-role")]})
    assert not found.objects
    assert found.inline[(ACCOUNT, "role", "other-role"), "read"].logical_id == "Thing"


def test_outer_stacks_and_tools_are_known_without_a_further_call() -> None:
    outer = stack("outer")
    inner = stack("inner", RootId=outer["StackId"], TemplateDescription="SAM Template for orders")
    cdk = [resource("CDK::Metadata", "x"), resource("IAM::Role", "of-cdk")]
    found, access = index(
        {HOME: [outer, inner]}, {"outer": cdk, "inner": [resource("IAM::Role", "of-inner")]}, regions=[HOME]
    )
    of_cdk, of_inner = (found.objects[ACCOUNT, "role", name].stack for name in ("of-cdk", "of-inner"))
    assert (of_cdk.is_cdk, of_cdk.is_nested, of_cdk.is_sam) == (True, False, False)
    assert (of_inner.root_name, of_inner.is_nested, of_inner.is_sam) == ("outer", True, True)
    assert len(access.calls) == 3


def test_unread_regions_and_stacks_are_named_and_cost_nothing_else() -> None:
    name = "cloudformation:ListStacks"
    found, _access = index(
        {HOME: [stack("app"), stack("secret")], OTHER: deny(name, region=OTHER)},
        {"app": [resource("IAM::Role", "role")], "secret": deny("cloudformation:ListStackResources")},
    )
    assert names(found) == {("role", "role")}
    assert [reason.partition(" can't be read")[0] for reason in found.unread] == [
        f"the stacks of {OTHER}",
        f"the resources of the stack secret in {HOME}",
    ]
    assert all("not authorized" in reason for reason in found.unread)


def test_an_answer_without_a_name_is_unread() -> None:
    found, _access = index({HOME: [{"StackName": "app"}]}, {}, regions=[HOME])
    assert found.unread == (
        f"the stacks of {HOME} can't be read: AWS's answer does not parse: StackId is missing, not a string",
    )


def reread(answers: t.Mapping[str, t.Any], *physical_ids: str) -> tuple[StackIndex, FakeAccess]:
    """The stacks that have physical ids, by regions in which AWS answers so."""

    def describe(*, PhysicalResourceId: str, region: str) -> t.Any:
        missing = refusal("ValidationError", f"Stack for {PhysicalResourceId} does not exist")
        found = answers.get(region, missing)
        return found if isinstance(found, Exception) else {"StackResources": found}

    access = FakeAccess({"cloudformation:DescribeStackResources": describe})
    return reread_stacks(t.cast(Access, access), physical_ids, (HOME, OTHER)), access


def test_one_object_is_asked_for_in_every_region() -> None:
    own = {**stack("app", OTHER), **resource("IAM::User", "dave")}
    more = {**stack("app", OTHER), **resource("IAM::Role", "other")}
    found, access = reread({OTHER: [more, own]}, "dave")
    assert names(found) == {("user", "dave"), ("role", "other")}
    assert found.objects[ACCOUNT, "user", "dave"].stack.name == "app"
    assert not found.unread
    assert sorted((call.region or "", call.parameters["PhysicalResourceId"]) for call in access.calls) == [
        (OTHER, "dave"),
        (HOME, "dave"),
    ]


def test_only_the_answer_that_no_stack_has_it_is_no_failure() -> None:
    found, _access = reread({HOME: refusal("ValidationError", "1 validation error detected: too long")}, "dave")
    assert not found.objects
    assert found.unread == (
        f"the stacks of {HOME} can't be read again: ValidationError: 1 validation error detected: too long",
    )
    # A reason is named once, however many ids were asked for.
    found, _access = reread({OTHER: deny("cloudformation:DescribeStackResources", region=OTHER)}, "dave", "p|dave")
    assert len(found.unread) == 1
