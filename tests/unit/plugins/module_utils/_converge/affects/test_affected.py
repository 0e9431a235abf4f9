# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom each operation affects, and whether its request matches what the change shows."""

from __future__ import annotations

import dataclasses
import importlib
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Group,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import (
    describe_affected,
    find_affected,
    mismatch_of,
    with_affected,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import KnownReach
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.table import WRITES
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact

from ..fakes import ACCOUNT, NOW

PACKAGE: t.Final = "ansible_collections.hardening.iam.plugins.module_utils"
POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/shared"
OTHER: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/other"
SECRET: t.Final = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:key-a1b2c3"
TOPIC: t.Final = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"
QUEUE: t.Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:lost"
BUS: t.Final = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
RULE: t.Final = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/iam-hardening-root"
ORGANIZATION: t.Final = f"arn:aws:organizations::{ACCOUNT}:organization/o-acme"
SCP_ARN: t.Final = f"arn:aws:organizations::{ACCOUNT}:policy/o-acme/service_control_policy/p-protect"
MEMBERS: t.Final = ("222233334444", "333344445555", "444455556666")

Record = dict[str, t.Any]


def user(name: str, *, groups: tuple[str, ...] = (), **fields: t.Any) -> User:
    path = fields.pop("path", "/")
    given = {"attached_policies": (), "inline_policies": (), "boundary": None, **fields}
    return User(name, f"arn:aws:iam::{ACCOUNT}:user{path}{name}", path, None, groups, **given)


def role(name: str, **fields: t.Any) -> Role:
    given = {"attached_policies": (), "inline_policies": (), "boundary": None, **fields}
    trust = PolicyDocument("trust", None)
    return Role(
        name, f"arn:aws:iam::{ACCOUNT}:role/{name}", "/", None, trust, last_used=None, last_used_region=None, **given
    )


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


SNAPSHOT: t.Final = Snapshot(
    caller=Caller(ACCOUNT, arn("user", "caller"), "AIDA"),
    partition="aws",
    home_region="us-east-1",
    observed_at=NOW,
    regions=(),
    users=(
        user("ann", groups=("Team",)),
        user("bob", attached_policies=(POLICY,)),
        user("breaker", path="/iam-hardening/break-glass/"),
        user("eve", boundary=POLICY),
    ),
    groups=(
        Group("Team", arn("group", "Team"), "/", None, (POLICY,), ()),
        Group("Empty", arn("group", "Empty"), "/", None, (OTHER,), ()),
    ),
    roles=(role("app", attached_policies=(POLICY,)), role("dev", boundary=POLICY), role("none")),
)
HOLDERS: t.Final = [arn("role", "app"), arn("role", "dev"), *(arn("user", name) for name in ("ann", "bob", "eve"))]


def policy(kind: str, name: str, *targets: str) -> OrganizationPolicy:
    return OrganizationPolicy(
        id=f"p-{name}",
        arn=SCP_ARN.replace("p-protect", f"p-{name}"),
        name=name,
        type=kind,
        description="",
        is_aws_managed=False,
        content="{}",
        document=PolicyDocument(name, {}),
        targets=targets,
    )


TREE: t.Final = OrganizationTree(
    id="o-acme",
    management_account_id=ACCOUNT,
    feature_set="ALL",
    root_id="r-root",
    units=(Unit("r-root", "Root", "/"), Unit("ou-work", "Work", "/Work", "r-root")),
    accounts=tuple(
        MemberAccount(account, account, "", "ACTIVE", parent)
        for account, parent in (
            (ACCOUNT, "r-root"),
            (MEMBERS[0], "ou-work"),
            (MEMBERS[1], "ou-work"),
            (MEMBERS[2], "r-root"),
        )
    ),
    policies=(policy(SCP, "protect", "ou-work"), policy(RCP, "resources", MEMBERS[2])),
    delegated_administrators={MEMBERS[0]: ("iam.amazonaws.com",), MEMBERS[1]: ("config.amazonaws.com",)},
)
KNOWN: t.Final = KnownReach(SNAPSHOT, TREE)


def document(*principals: t.Any, **fields: t.Any) -> Record:
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": "*", **fields}
        for principal in principals
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def trust(*principals: t.Any, **fields: t.Any) -> Record:
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **fields} for principal in principals
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def make_change(operation: str, target: str = "", parameters: t.Optional[Record] = None, **fields: t.Any) -> Change:
    service, _colon, name = operation.partition(":")
    given: Record = {"region": "us-east-1" if service in ("sns", "sqs", "events") else "global", **fields}
    return Change(
        account_id=given.pop("account_id", ACCOUNT),
        service=service,
        operation=name,
        target=target,
        parameters=parameters or {},
        before=given.pop("before", None),
        after=given.pop("after", None),
        kind="x",
        impact=Impact.NARROWING,
        **given,
    )


FULL_ACCESS: t.Final = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
SERVICE: t.Final = {"Service": "events.amazonaws.com"}
PARTNER: t.Final = {"AWS": "arn:aws:iam::999988887777:root"}
SNS: t.Final = {"Action": "sns:Publish"}
ROOT: t.Final = f"arn:aws:iam::{MEMBERS[0]}:root"
BOB, APP, TEAM = arn("user", "bob"), arn("role", "app"), arn("group", "Team")

# operation, target, request, more of the change, who is affected
CASES: t.Final[list[tuple[str, str, Record, Record, list[str]]]] = [
    ("signin:BatchRevokeSessions", BOB, {"principalArn": BOB}, {}, [BOB]),
    # Managed policies: boundaries, attachments, members of groups.
    ("iam:CreatePolicyVersion", POLICY, {"PolicyArn": POLICY, "SetAsDefault": True}, {}, HOLDERS),
    ("iam:CreatePolicyVersion", POLICY, {"PolicyArn": POLICY, "SetAsDefault": False}, {}, []),
    ("iam:CreatePolicyVersion", OTHER, {"PolicyArn": OTHER, "SetAsDefault": True}, {}, []),
    ("iam:SetDefaultPolicyVersion", POLICY, {"PolicyArn": POLICY, "VersionId": "v1"}, {}, HOLDERS),
    ("iam:DeletePolicyVersion", POLICY, {"PolicyArn": POLICY, "VersionId": "v1"}, {}, HOLDERS),
    ("iam:DeletePolicy", POLICY, {"PolicyArn": POLICY}, {}, HOLDERS),
    ("iam:CreatePolicy", POLICY, {"PolicyName": "shared"}, {}, []),
    # What somebody has.
    *(
        (f"iam:{operation}", BOB, {"UserName": "bob"}, {}, [BOB])
        for operation in (
            "AttachUserPolicy",
            "DetachUserPolicy",
            "PutUserPolicy",
            "DeleteUserPolicy",
            "PutUserPermissionsBoundary",
            "DeleteUserPermissionsBoundary",
            "TagUser",
            "UntagUser",
            "AddUserToGroup",
            "RemoveUserFromGroup",
            "UpdateAccessKey",
            "DeleteAccessKey",
            "UpdateServiceSpecificCredential",
            "DeleteServiceSpecificCredential",
            "UpdateSSHPublicKey",
            "DeleteSSHPublicKey",
            "UpdateSigningCertificate",
            "DeleteSigningCertificate",
            "DeleteLoginProfile",
        )
    ),
    *(
        (f"iam:{operation}", APP, {"RoleName": "app"}, {}, [APP])
        for operation in (
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
        )
    ),
    *(
        (f"iam:{operation}", TEAM, {"GroupName": "team"}, {}, [arn("user", "ann")])
        for operation in (
            "AttachGroupPolicy",
            "DetachGroupPolicy",
            "PutGroupPolicy",
            "DeleteGroupPolicy",
            "DeleteGroup",
        )
    ),
    ("iam:CreateGroup", arn("group", "new"), {"GroupName": "new", "Path": "/"}, {}, []),
    # Who may assume a role.
    (
        "iam:CreateRole",
        arn("role", "hands"),
        {"RoleName": "hands", "AssumeRolePolicyDocument": json.dumps(trust(SERVICE))},
        {},
        [arn("role", "hands"), "events.amazonaws.com"],
    ),
    (
        "iam:UpdateAssumeRolePolicy",
        f"{APP} trust",
        {"RoleName": "app", "PolicyDocument": json.dumps(trust(SERVICE, PARTNER))},
        {"before": {"trust": trust(SERVICE, {"AWS": BOB}, {"AWS": "AIDAEXAMPLEGONE00000"})}},
        ["999988887777", APP, BOB],
    ),
    (
        "iam:UpdateAssumeRolePolicy",
        f"{APP} trust",
        {"RoleName": "app", "PolicyDocument": json.dumps(trust({"AWS": "*"}))},
        {"before": {"trust": trust({"AWS": BOB})}},
        ["*", APP, BOB],
    ),
    (
        "iam:DeleteRole",
        APP,
        {"RoleName": "app"},
        {"before": {"role": "app", "trust": trust({"Federated": "arn:aws:iam::1:saml-provider/Okta"})}},
        [APP, "arn:aws:iam::1:saml-provider/Okta"],
    ),
    # Who may call a resource.
    (
        "sns:CreateTopic",
        TOPIC,
        {"Name": "alerts", "Attributes": {"Policy": json.dumps(document(SERVICE, **SNS))}},
        {},
        ["events.amazonaws.com"],
    ),
    (
        "sns:SetTopicAttributes",
        f"{TOPIC} Policy",
        {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": json.dumps(document(SERVICE, PARTNER))},
        {"before": {"Policy": document(PARTNER, {"AWS": BOB})}},
        [BOB, "events.amazonaws.com"],
    ),
    (
        "sns:SetTopicAttributes",
        f"{TOPIC} KmsMasterKeyId",
        {"TopicArn": TOPIC, "AttributeName": "KmsMasterKeyId", "AttributeValue": "alias/x"},
        {"before": {"KmsMasterKeyId": ""}},
        [],
    ),
    (
        "sns:DeleteTopic",
        TOPIC,
        {"TopicArn": TOPIC},
        {"before": {"topic": "alerts", "policy": document("*")}},
        ["*"],
    ),
    (
        "sqs:CreateQueue",
        QUEUE,
        {"QueueName": "lost", "Attributes": {"Policy": json.dumps(document(SERVICE))}},
        {},
        ["events.amazonaws.com"],
    ),
    (
        "sqs:SetQueueAttributes",
        f"{QUEUE} Policy",
        {"QueueName": "lost", "Attributes": {"Policy": ""}},
        {"before": {"Policy": document(SERVICE)}},
        ["events.amazonaws.com"],
    ),
    ("sqs:DeleteQueue", QUEUE, {"QueueName": "lost"}, {"before": {"queue": "lost", "policy": None}}, []),
    (
        "events:PutPermission",
        f"{BUS} statement iam-hardening-organization",
        {"StatementId": "iam-hardening-organization", "Principal": "*"},
        {},
        ["*"],
    ),
    (
        "events:RemovePermission",
        f"{BUS} statement iam-hardening-organization",
        {"StatementId": "iam-hardening-organization"},
        {"before": document(PARTNER)["Statement"][0]},
        ["999988887777"],
    ),
    # Organizations.
    *(
        (
            f"organizations:{operation}",
            f"{SCP_ARN} on {node}",
            {"PolicyId": "p-protect", "TargetId": node},
            {"before": {"policy": "protect", "type": kind, "attached_to": node}},
            found,
        )
        for operation in ("AttachPolicy", "DetachPolicy")
        for node, kind, found in (
            ("ou-work", SCP, [*MEMBERS[:2]]),
            ("r-root", SCP, [*MEMBERS]),
            (ACCOUNT, SCP, []),
            (MEMBERS[2], RCP, ["*", MEMBERS[2]]),
            ("ou-work", RCP, ["*", *MEMBERS[:2]]),
            ("r-root", "TAG_POLICY", [ACCOUNT, *MEMBERS]),
        )
    ),
    (
        "organizations:UpdatePolicy",
        SCP_ARN,
        {"PolicyId": "p-protect", "Content": "{}"},
        {"before": {"policy": "protect", "type": SCP, "document": document("*")}},
        [*MEMBERS[:2]],
    ),
    (
        "organizations:UpdatePolicy",
        SCP_ARN,
        {"PolicyId": "p-protect", "Content": json.dumps(document("*")), "Description": "new"},
        {"before": {"policy": "protect", "type": SCP, "document": document("*")}},
        [],
    ),
    (
        "organizations:UpdatePolicy",
        SCP_ARN,
        {"PolicyName": "resources", "PolicyType": RCP, "Content": "{}"},
        {"before": {"policy": "resources", "type": RCP, "document": None}},
        ["*", MEMBERS[2]],
    ),
    *(
        (f"organizations:{operation}", SCP_ARN, {"PolicyId": "p-protect"}, {}, [])
        for operation in ("CreatePolicy", "DeletePolicy", "TagResource", "UntagResource", "EnablePolicyType")
    ),
    *(
        (
            f"organizations:{operation}",
            f"{ORGANIZATION}/iam.amazonaws.com/trusted_access",
            {"ServicePrincipal": "iam.amazonaws.com"},
            {},
            ["iam.amazonaws.com"],
        )
        for operation in ("EnableAWSServiceAccess", "DisableAWSServiceAccess")
    ),
    ("organizations:MoveAccount", ORGANIZATION, {"AccountId": MEMBERS[0]}, {}, [MEMBERS[0]]),
    *(
        (f"organizations:{operation}", ORGANIZATION, {"AccountId": MEMBERS[0]}, {}, [MEMBERS[0]])
        for operation in ("RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator")
    ),
    *(
        (f"iam:{verb}Organizations{feature}", ORGANIZATION, {}, {}, [ACCOUNT, MEMBERS[0]])
        for verb in ("Enable", "Disable")
        for feature in ("RootCredentialsManagement", "RootSessions")
    ),
    # Root of a member, and the whole account.
    *(
        (f"iam:{operation}", ROOT, {}, {"account_id": MEMBERS[0]}, [ROOT])
        for operation in ("DeleteAccessKey", "DeleteSigningCertificate", "DeleteLoginProfile", "DeactivateMFADevice")
    ),
    ("sts:AssumeRoot", ROOT, {"TargetPrincipal": MEMBERS[0]}, {}, [MEMBERS[0]]),
    ("iam:CreateAccessKey", BOB, {"UserName": "bob"}, {}, [BOB]),
    # Who reads the secret calls as the user whose key it holds.
    ("secretsmanager:UpdateSecretVersionStage", SECRET, {"SecretId": SECRET}, {"after": {"user": BOB}}, [BOB]),
    ("secretsmanager:DeleteSecret", SECRET, {"SecretId": "key"}, {"before": {"user": BOB}}, [BOB]),
    *(
        (f"iam:{verb}AccountPasswordPolicy", f"arn:aws:iam::{ACCOUNT}:account-password-policy", {}, {}, [ACCOUNT])
        for verb in ("Update", "Delete")
    ),
]
NOBODY: t.Final = (
    "accessanalyzer:",
    "config:",
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "securityhub:",
    "sns:Publish",
    "sns:Subscribe",
    "sns:Unsubscribe",
    "sqs:ReceiveMessage",
    "events:PutEvents",
    *(f"events:{name}" for name in ("PutRule", "DeleteRule", "PutTargets", "RemoveTargets", "TagResource")),
    "events:UntagResource",
)


@pytest.mark.parametrize(("operation", "target", "request_", "fields", "affected"), CASES)
def test_who_is_affected(operation: str, target: str, request_: Record, fields: Record, affected: list[str]) -> None:
    assert find_affected(make_change(operation, target, request_, **fields), KNOWN) == tuple(sorted(affected))


def test_every_write_of_the_table_is_tried_above_or_changes_nobodys_access() -> None:
    tried = {case[0] for case in CASES}
    rest = sorted(set(WRITES) - tried)
    assert [name for name in rest if not name.startswith(NOBODY)] == []
    assert all(find_affected(make_change(name), KNOWN) == () for name in rest)


def read_declared_writes(link_tree: Path) -> set[str]:
    """The writes of all modules, those that undo changes included, and those of sessions as root."""
    found: set[str] = set()
    utils = link_tree / "ansible_collections/hardening/iam/plugins/module_utils"
    # The acceptance run and drills write to objects of their own alone, past the walk.
    past = {utils / "_acceptance", utils / "_capabilities" / "containment_drill"}
    for path in (path for path in utils.rglob("*.py") if not past & set(path.parents)):
        module = importlib.import_module(".".join([PACKAGE, *path.relative_to(utils).with_suffix("").parts]))
        for name in ("OPERATIONS", "UNDO_OPERATIONS", "_REMOVALS"):
            found |= getattr(getattr(module, name, None), "writes", frozenset())
    return found


def test_every_write_that_a_module_declares_has_an_entry(link_tree: Path) -> None:
    writes = read_declared_writes(link_tree)
    assert {"iam:CreatePolicyVersion", "iam:DeactivateMFADevice", "organizations:UpdatePolicy"} <= writes
    assert sorted(writes - WRITES.keys()) == []


def test_an_operation_that_the_table_lacks_affects_who_is_not_known() -> None:
    assert find_affected(make_change("iam:CreateUser", BOB, {"UserName": "bob"}), KNOWN) == (
        "unknown: what iam:CreateUser changes",
    )


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("iam:CreatePolicyVersion", {"PolicyArn": POLICY, "SetAsDefault": True}),
        ("iam:AttachGroupPolicy", {"GroupName": "Team"}),
        ("organizations:AttachPolicy", {"TargetId": "ou-work"}),
        ("organizations:UpdatePolicy", {"PolicyId": "p-protect"}),
        ("iam:EnableOrganizationsRootSessions", {}),
    ],
)
def test_what_was_not_read_is_affected_and_unknown(operation: str, parameters: Record) -> None:
    (entry,) = find_affected(make_change(operation, POLICY, parameters, before={"type": SCP}), KnownReach())
    assert entry.startswith("unknown: ")


def test_a_node_that_is_not_there_and_a_policy_that_does_not_parse_are_unknown() -> None:
    gone = make_change("organizations:AttachPolicy", SCP_ARN, {"TargetId": "ou-gone"}, before={"type": SCP})
    assert find_affected(gone, KNOWN) == ("unknown: the accounts below ou-gone",)
    broken = make_change("sqs:SetQueueAttributes", QUEUE, {"Attributes": {"Policy": "{"}}, before={"Policy": None})
    assert find_affected(broken, KNOWN)[0].startswith("unknown: the principals in a policy document")
    for whole in (
        make_change("events:PutPermission", BUS, {"Policy": "{}"}),
        make_change("events:RemovePermission", BUS, {"RemoveAllPermissions": True}),
    ):
        assert find_affected(whole, KNOWN) == ("unknown: the principals in the whole policy of an event bus",)


def test_a_queue_without_a_policy_lets_nobody_in() -> None:
    assert find_affected(make_change("sqs:CreateQueue", QUEUE, {"QueueName": "lost"}), KNOWN) == ()


@pytest.mark.parametrize(
    ("target", "affected"),
    [
        ("x", arn("user", "new")),
        (arn("user", "x").replace("aws", "aws-cn"), arn("user", "new").replace("aws", "aws-cn")),
    ],
)
def test_a_user_whom_nobody_has_seen_is_affected_by_name(target: str, affected: str) -> None:
    assert find_affected(make_change("iam:AttachUserPolicy", target, {"UserName": "new"}), KNOWN) == (affected,)


def test_statements_that_stay_alter_nobodys_access() -> None:
    before = document(SERVICE, PARTNER)
    same = {**before, "Statement": [{**item, "Sid": "x"} for item in reversed(before["Statement"])]}
    change = make_change(
        "sns:SetTopicAttributes",
        f"{TOPIC} Policy",
        {"AttributeName": "Policy", "AttributeValue": json.dumps(same)},
        before={"Policy": before},
    )
    assert find_affected(change, KNOWN) == ()
    closer = document(SERVICE, Condition={"Bool": {"aws:SecureTransport": "true"}})
    change = dataclasses.replace(
        change, parameters={**change.parameters, "AttributeValue": json.dumps(closer)}, before={"Policy": before}
    )
    assert find_affected(change, KNOWN) == ("999988887777", "events.amazonaws.com")


def test_all_but_some_is_anybody() -> None:
    excepting = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "NotPrincipal": PARTNER, "Action": "sqs:*"}}
    change = make_change("sqs:SetQueueAttributes", QUEUE, {"Attributes": {"Policy": json.dumps(excepting)}})
    assert find_affected(change, KNOWN) == ("*",)


def test_the_path_of_a_principal_is_the_one_that_iam_knows() -> None:
    """A record could show a break-glass principal without the path that tells it."""
    change = make_change("iam:PutUserPermissionsBoundary", arn("user", "breaker"), {"UserName": "breaker"})
    assert find_affected(change, KNOWN) == (arn("user", "iam-hardening/break-glass/breaker"),)


def test_who_joins_by_an_earlier_change_is_affected_by_a_later_one() -> None:
    plan = [
        make_change("iam:AddUserToGroup", arn("user", "eve"), {"UserName": "eve", "GroupName": "Empty"}),
        make_change("iam:AttachGroupPolicy", arn("group", "Empty"), {"GroupName": "Empty", "PolicyArn": POLICY}),
        make_change("iam:AttachRolePolicy", arn("role", "none"), {"RoleName": "none", "PolicyArn": OTHER}),
        make_change("iam:PutRolePermissionsBoundary", APP, {"RoleName": "app", "PermissionsBoundary": OTHER}),
        make_change("iam:CreatePolicyVersion", OTHER, {"PolicyArn": OTHER, "SetAsDefault": True}),
        make_change(
            "organizations:AttachPolicy",
            f"{SCP_ARN} on {MEMBERS[2]}",
            {"PolicyId": "p-protect", "TargetId": MEMBERS[2]},
            before={"type": SCP},
        ),
        make_change(
            "organizations:UpdatePolicy", SCP_ARN, {"PolicyId": "p-protect"}, before={"type": SCP, "document": None}
        ),
    ]
    affected = [change.affects for change in with_affected(plan, KNOWN)]
    assert affected[1] == (arn("user", "eve"),)
    assert affected[4] == (APP, arn("role", "none"), arn("user", "eve"))
    assert affected[6] == MEMBERS
    # Nothing of it stays in what is known.
    assert find_affected(plan[1], KNOWN) == ()


# Requests and targets


@pytest.mark.parametrize(("operation", "target", "request_", "fields", "affected"), CASES)
def test_a_request_that_matches_its_target_is_told_from_others(
    operation: str, target: str, request_: Record, fields: Record, affected: list[str]
) -> None:
    """Each request above that names something, with another name: never the same."""
    names = ("UserName", "RoleName", "GroupName", "PolicyArn", "TopicArn", "QueueName", "TargetId", "StatementId")
    names += ("PolicyId", "PolicyName", "Name", "TargetPrincipal")
    for name in set(names) & request_.keys():
        forged = make_change(operation, target, {**request_, name: f"{request_[name]}-x"}, **fields)
        assert mismatch_of(forged) is not None, name


BEFORE: t.Final = {"policy": "protect", "type": SCP, "attached_to": "ou-work"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (make_change("iam:AttachUserPolicy", BOB, {"UserName": "BOB"}), None),
        (make_change("iam:AttachUserPolicy", BOB, {"UserName": "dev-bob"}), "the user 'dev-bob'"),
        (make_change("iam:AttachUserPolicy", BOB, {}), "no user"),
        (make_change("iam:AttachUserPolicy", APP, {"UserName": "app"}), "the user 'app'"),
        (make_change("iam:AttachUserPolicy", BOB, {"UserName": "bob"}, account_id="999988887777"), "the account"),
        (
            make_change(
                "iam:AttachUserPolicy",
                BOB,
                {"UserName": "bob", "PolicyArn": OTHER},
                after={"policy": POLICY, "attached": True},
            ),
            "the policy",
        ),
        (
            make_change(
                "iam:AddUserToGroup", BOB, {"UserName": "bob", "GroupName": "admins"}, after={"group": "readers"}
            ),
            "the group 'admins'",
        ),
        (
            make_change(
                "iam:PutUserPermissionsBoundary",
                BOB,
                {"UserName": "bob", "PermissionsBoundary": OTHER},
                after={"boundary": POLICY},
            ),
            "the boundary",
        ),
        # What AWS owns is of no account, and a bare name of none either.
        (make_change("organizations:DeletePolicy", FULL_ACCESS, {"PolicyId": "p-FullAWSAccess"}), None),
        (make_change("config:TagResource", "arn:aws:s3:::bucket"), None),
        (make_change("config:TagResource", "a:b:c:eu-west-1:999988887777:name"), None),
        (make_change("config:TagResource", "arn:aws:c:eu-west-1:999988887777"), None),
        # A global change is made where its service has its one endpoint.
        (make_change("sns:DeleteTopic", TOPIC, {"TopicArn": TOPIC}, region="global"), None),
        # Without a user's name IAM acts on who calls.
        (make_change("iam:UpdateAccessKey", BOB, {"AccessKeyId": "AKIA1"}), "no user"),
        (make_change("iam:UpdateAccessKey", BOB, {"UserName": "bob", "AccessKeyId": "A"}, before={"id": "B"}), "'A'"),
        (make_change("iam:DeleteLoginProfile", ROOT, {"UserName": "bob"}, account_id=MEMBERS[0]), "the user 'bob'"),
        (make_change("iam:TagUser", BOB, {"UserName": "bob", "Tags": [{"Key": "iam-hardening:x", "Value": ""}]}), None),
        (
            make_change("iam:TagUser", BOB, {"UserName": "bob", "Tags": [{"Key": "team", "Value": "x"}]}),
            "the tag 'team'",
        ),
        (make_change("iam:UntagUser", BOB, {"UserName": "bob", "TagKeys": ["team"]}), "the tag 'team'"),
        (make_change("iam:CreatePolicy", POLICY, {"PolicyName": "shared", "Path": "/x/"}), "policy/x/shared"),
        (
            make_change("sns:Publish", BOB, {"TopicArn": TOPIC}, after={"notice": f"{TOPIC}-2"}, region="us-east-1"),
            "topic",
        ),
        (make_change("sns:DeleteTopic", TOPIC, {"TopicArn": TOPIC}, region="eu-west-1"), "the region 'eu-west-1'"),
        (make_change("events:RemoveTargets", f"{RULE} target a", {"Rule": "iam-hardening-root", "Ids": ["a"]}), None),
        (
            make_change("events:RemoveTargets", f"{RULE} target a", {"Rule": "iam-hardening-root", "Ids": ["a", "b"]}),
            "the target 'a, b'",
        ),
        (make_change("events:DeleteRule", RULE, {"Name": "other"}), "the rule 'other'"),
        (
            make_change(
                "organizations:DetachPolicy",
                f"{SCP_ARN} on ou-work",
                {"PolicyName": "protect", "PolicyType": SCP, "TargetId": "ou-work"},
                before=BEFORE,
            ),
            None,
        ),
        (
            make_change(
                "organizations:DetachPolicy",
                f"{SCP_ARN} on ou-work",
                {"PolicyName": "FullAWSAccess", "PolicyType": SCP, "TargetId": "ou-work"},
                before=BEFORE,
            ),
            "FullAWSAccess",
        ),
        (
            make_change(
                "organizations:DeregisterDelegatedAdministrator",
                f"{ORGANIZATION}/iam.amazonaws.com/delegated_administrator/{MEMBERS[0]}",
                {"AccountId": MEMBERS[1]},
                before={"setting": f"delegated_administrator/{MEMBERS[0]}", "on": True},
            ),
            MEMBERS[1],
        ),
        (
            make_change(
                "iam:DisableOrganizationsRootSessions",
                f"{ORGANIZATION}/iam.amazonaws.com/RootCredentialsManagement",
                {},
                before={"setting": "RootCredentialsManagement", "on": True},
            ),
            "RootSessions",
        ),
    ],
)
def test_a_request_that_does_something_else_than_its_change_shows(change: Change, said: t.Optional[str]) -> None:
    difference = mismatch_of(change)
    assert difference is None if said is None else said in (difference or "")


# In words


@pytest.mark.parametrize(
    ("affects", "words"),
    [
        ((), "nobody"),
        (("*",), "anybody"),
        ((ACCOUNT,), f"everybody in {ACCOUNT}"),
        ((APP, BOB), "role app, user bob"),
        ((APP, BOB, "*", ACCOUNT, ROOT), "role app, user bob, anybody and 2 more"),
        (("events.amazonaws.com",), "events.amazonaws.com"),
    ],
)
def test_who_is_affected_in_words(affects: tuple[str, ...], words: str) -> None:
    assert describe_affected(affects) == words
