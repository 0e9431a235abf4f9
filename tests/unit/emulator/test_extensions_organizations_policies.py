# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from emulator.extensions.organizations_content import is_well_formed
from emulator.extensions.organizations_policies import RCP, SCP, policy_types
from unit.emulator.seeded import Seeded, serving

DEV: t.Final = "333344445555"
DENY: t.Final = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}

Record = dict[str, t.Any]


def text(*statements: Record, **fields: t.Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **fields})


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


@pytest.fixture
def client(acme: Seeded) -> t.Any:
    return acme.client("organizations")


@contextlib.contextmanager
def expect_error(code: str, reason: t.Optional[str] = None) -> t.Iterator[None]:
    """AWS's error, with its reason where it has one."""
    with pytest.raises(ClientError) as caught:
        yield
    response: Record = dict(caught.value.response)
    assert (response["Error"]["Code"], response.get("Reason")) == (code, reason), response
    assert response["Error"]["Message"]


def create(client: t.Any, name: str = "one", kind: str = SCP, content: str = text(DENY), **fields: t.Any) -> str:
    """The id of a new policy."""
    created = client.create_policy(Name=name, Description="", Type=kind, Content=content, **fields)
    return str(created["Policy"]["PolicySummary"]["Id"])


def root_id(client: t.Any) -> str:
    return str(client.list_roots()["Roots"][0]["Id"])


def enable(client: t.Any, kind: str) -> None:
    client.enable_policy_type(RootId=root_id(client), PolicyType=kind)
    client.list_roots()


# Content


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (SCP, text(DENY)),
        (SCP, text({"Effect": "Allow", "NotAction": ["iam:*", "s3:Get?bject"], "Resource": "arn:aws:s3:::one"})),
        (SCP, text({**DENY, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Sid": "MFA"})),
        (RCP, text({**DENY, "Principal": "*"})),
        ("TAG_POLICY", '{"tags": {}}'),
    ],
)
def test_what_is_well_formed(kind: str, content: str) -> None:
    assert is_well_formed(kind, content)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (SCP, "{"),
        (SCP, "[]"),
        (SCP, "{}"),
        (SCP, json.dumps({"Statement": [DENY]})),
        (SCP, text()),
        (SCP, text(DENY, Comment="")),
        (SCP, text({**DENY, "Effect": "deny"})),
        (SCP, text({**DENY, "NotAction": "s3:*"})),
        (SCP, text({**DENY, "Action": "s3"})),
        (SCP, text({**DENY, "Principal": "*"})),
        (SCP, text({"Effect": "Deny", "Action": "s3:*"})),
        (RCP, text(DENY)),
        (RCP, text({**DENY, "Principal": "*", "Effect": "Allow"})),
        (RCP, text({**DENY, "Principal": "*", "Action": "*"})),
        (RCP, text({"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "Resource": "*"})),
        ("TAG_POLICY", "tags"),
    ],
)
def test_what_is_malformed(kind: str, content: str) -> None:
    assert not is_well_formed(kind, content)


def test_malformed_content_is_refused(client: t.Any) -> None:
    with expect_error("MalformedPolicyDocumentException"):
        create(client, content=text({**DENY, "Principal": "*"}))
    policy = create(client)
    with expect_error("MalformedPolicyDocumentException"):
        client.update_policy(PolicyId=policy, Content="{")


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10_240), (RCP, 5_120)])
def test_spaces_count(client: t.Any, kind: str, most: int) -> None:
    content = text({**DENY, **({"Principal": "*"} if kind == RCP else {})})
    policy = create(client, kind=kind, content=content.ljust(most))
    with expect_error("ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED"):
        create(client, "two", kind, content.ljust(most + 1))
    with expect_error("ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED"):
        client.update_policy(PolicyId=policy, Content=content.ljust(most + 1))


# Policies


def test_a_name_is_taken_once(client: t.Any) -> None:
    create(client)
    other = create(client, "two")
    with expect_error("DuplicatePolicyException"):
        create(client)
    with expect_error("DuplicatePolicyException"):
        client.update_policy(PolicyId=other, Name="one")
    assert client.update_policy(PolicyId=other, Name="two")["Policy"]["PolicySummary"]["Name"] == "two"


@pytest.mark.parametrize("kind", policy_types())
def test_all_types_are_known(client: t.Any, kind: str) -> None:
    content = {SCP: text(DENY), RCP: text({**DENY, "Principal": "*"})}.get(kind, '{"some": {}}')
    policy = create(client, kind=kind, content=content, Tags=[{"Key": "iam-hardening:managed", "Value": "true"}])
    summary = client.describe_policy(PolicyId=policy)["Policy"]["PolicySummary"]
    assert (summary["Type"], summary["AwsManaged"]) == (kind, False)
    assert summary["Arn"].endswith(f":policy/o-acme123456/{kind.lower()}/{policy}")
    assert summary in client.list_policies(Filter=kind)["Policies"]
    client.tag_resource(ResourceId=policy, Tags=[{"Key": "team", "Value": "red"}])
    client.untag_resource(ResourceId=policy, TagKeys=["iam-hardening:managed"])
    assert client.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "team", "Value": "red"}]


def test_what_is_aws_own_stays_as_it_is(client: t.Any) -> None:
    with expect_error("InvalidInputException", "IMMUTABLE_POLICY"):
        client.update_policy(PolicyId="p-FullAWSAccess", Content=text(DENY))
    with expect_error("InvalidInputException", "IMMUTABLE_POLICY"):
        client.delete_policy(PolicyId="p-RCPFullAWSAccess")


def test_a_policy_is_deleted_once_it_is_detached(client: t.Any) -> None:
    policy = create(client)
    client.attach_policy(PolicyId=policy, TargetId=DEV)
    with expect_error("PolicyInUseException"):
        client.delete_policy(PolicyId=policy)
    client.detach_policy(PolicyId=policy, TargetId=DEV)
    client.delete_policy(PolicyId=policy)
    with expect_error("PolicyNotFoundException"):
        client.describe_policy(PolicyId=policy)


def test_a_description_is_required_and_may_be_empty(acme: Seeded) -> None:
    with pytest.raises(ParamValidationError, match="Description"):
        acme.client("organizations").create_policy(Name="one", Type=SCP, Content=text(DENY))


# Attachments


def test_a_policy_is_attached_once_and_detached_once(client: t.Any) -> None:
    policy = create(client)
    client.attach_policy(PolicyId=policy, TargetId=DEV)
    with expect_error("DuplicatePolicyAttachmentException"):
        client.attach_policy(PolicyId=policy, TargetId=DEV)
    client.detach_policy(PolicyId=policy, TargetId=DEV)
    with expect_error("PolicyNotAttachedException"):
        client.detach_policy(PolicyId=policy, TargetId=DEV)
    for target in ("999999999999", "ou-0000-00000000"):
        with expect_error("TargetNotFoundException"):
            client.attach_policy(PolicyId=policy, TargetId=target)


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10), (RCP, 5)])
def test_a_target_has_so_many_policies(client: t.Any, kind: str, most: int) -> None:
    if kind == RCP:
        enable(client, RCP)
    content = text({**DENY, **({"Principal": "*"} if kind == RCP else {})})
    # AWS's own is the first.
    for number in range(most - 1):
        client.attach_policy(PolicyId=create(client, f"policy-{number}", kind, content), TargetId=DEV)
    with expect_error("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"):
        client.attach_policy(PolicyId=create(client, "last", kind, content), TargetId=DEV)


def test_the_last_of_its_kind_stays(client: t.Any) -> None:
    with expect_error("ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"):
        client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=DEV)
    client.attach_policy(PolicyId=create(client), TargetId=DEV)
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=DEV)
    with expect_error("InvalidInputException", "NON_DETACHABLE_POLICY"):
        client.detach_policy(PolicyId="p-RCPFullAWSAccess", TargetId=DEV)


# Types


def test_a_type_is_pending_until_the_roots_were_asked_for(client: t.Any) -> None:
    root = root_id(client)
    policy = create(client, kind=RCP, content=text({**DENY, "Principal": "*"}))
    with expect_error("PolicyTypeNotEnabledException"):
        client.attach_policy(PolicyId=policy, TargetId=root)
    pending = {"Type": RCP, "Status": "PENDING_ENABLE"}
    assert pending in client.enable_policy_type(RootId=root, PolicyType=RCP)["Root"]["PolicyTypes"]
    with expect_error("PolicyTypeNotEnabledException"):
        client.attach_policy(PolicyId=policy, TargetId=root)
    with expect_error("PolicyTypeAlreadyEnabledException"):
        client.enable_policy_type(RootId=root, PolicyType=RCP)
    assert pending in client.list_roots()["Roots"][0]["PolicyTypes"]
    assert {"Type": RCP, "Status": "ENABLED"} in client.list_roots()["Roots"][0]["PolicyTypes"]
    client.attach_policy(PolicyId=policy, TargetId=root)


def test_disabling_a_type_detaches_its_policies(client: t.Any) -> None:
    root, policy = root_id(client), create(client)
    client.attach_policy(PolicyId=policy, TargetId=DEV)
    types = client.disable_policy_type(RootId=root, PolicyType=SCP)["Root"]["PolicyTypes"]
    assert {"Type": SCP, "Status": "PENDING_DISABLE"} in types
    assert client.list_targets_for_policy(PolicyId=policy)["Targets"] == []
    client.list_roots()
    assert client.list_roots()["Roots"][0]["PolicyTypes"] == []
    with expect_error("PolicyTypeNotEnabledException"):
        client.disable_policy_type(RootId=root, PolicyType=SCP)


# Delegation


def test_a_member_to_whom_policies_are_delegated_writes_them(acme: Seeded, client: t.Any) -> None:
    member = acme.client("organizations", DEV)
    with expect_error("AccessDeniedException"):
        create(member)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"},
        "Action": ["organizations:CreatePolicy", "organizations:List*"],
        "Resource": "*",
    }
    client.put_resource_policy(Content=text(statement))
    policy = create(member)
    assert policy in {listed["Id"] for listed in member.list_policies(Filter=SCP)["Policies"]}
    with expect_error("AccessDeniedException"):
        member.delete_policy(PolicyId=policy)
    client.delete_resource_policy()
    with expect_error("AccessDeniedException"):
        member.list_roots()
    with expect_error("ResourcePolicyNotFoundException"):
        client.delete_resource_policy()
