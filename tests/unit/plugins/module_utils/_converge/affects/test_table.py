# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the requests of the table name: each as the change shows it, and not one other thing."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.table import WRITES

from ..fakes import ACCOUNT
from .test_affected import (
    APP,
    BOB,
    BUS,
    MEMBERS,
    ORGANIZATION,
    POLICY,
    QUEUE,
    ROOT,
    RULE,
    SCP_ARN,
    SECRET,
    TEAM,
    TOPIC,
    Record,
    make_change,
)

IN_HOME: t.Final[Record] = {"region": "us-east-1"}
ANALYZER: t.Final = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT}:analyzer/iam-hardening"
CONFIG: t.Final = f"arn:aws:config:us-east-1:{ACCOUNT}"
OWNERS: t.Final[list[tuple[str, str, str]]] = [
    ("User", BOB, "bob"),
    ("Role", APP, "app"),
    ("Group", TEAM, "Team"),
]
CREDENTIALS: t.Final = {
    "AccessKey": "AccessKeyId",
    "ServiceSpecificCredential": "ServiceSpecificCredentialId",
    "SSHPublicKey": "SSHPublicKeyId",
    "SigningCertificate": "CertificateId",
}

# The operations, the target, a request that matches it, more of the change, and what each parameter is called.
CASES: t.Final[list[tuple[tuple[str, ...], str, Record, Record, dict[str, str]]]] = [
    *(
        (
            (f"iam:Attach{kind}Policy", f"iam:Detach{kind}Policy"),
            target,
            {f"{kind}Name": name, "PolicyArn": POLICY},
            {"after": {"policy": POLICY}},
            {f"{kind}Name": kind.lower(), "PolicyArn": "policy"},
        )
        for kind, target, name in OWNERS
    ),
    *(
        (
            (f"iam:Put{kind}Policy", f"iam:Delete{kind}Policy"),
            target,
            {f"{kind}Name": name, "PolicyName": "inline"},
            {"before": {"inline_policy": "inline"}},
            {f"{kind}Name": kind.lower(), "PolicyName": "policy"},
        )
        for kind, target, name in OWNERS
    ),
    *(
        (
            (f"iam:Put{kind}PermissionsBoundary",),
            target,
            {f"{kind}Name": name, "PermissionsBoundary": POLICY},
            {"after": {"boundary": POLICY}},
            {f"{kind}Name": kind.lower(), "PermissionsBoundary": "boundary"},
        )
        for kind, target, name in OWNERS[:2]
    ),
    *(
        ((f"iam:Delete{kind}PermissionsBoundary",), target, {f"{kind}Name": name}, {}, {f"{kind}Name": kind.lower()})
        for kind, target, name in OWNERS[:2]
    ),
    (
        ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
        BOB,
        {"UserName": "bob", "GroupName": "Team"},
        {"after": {"group": "Team"}},
        {"UserName": "user", "GroupName": "group"},
    ),
    (
        (
            "iam:CreatePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:DeletePolicyVersion",
            "iam:DeletePolicy",
        ),
        POLICY,
        {"PolicyArn": POLICY},
        {},
        {"PolicyArn": "policy"},
    ),
    (
        ("signin:BatchRevokeSessions",),
        BOB,
        {"principalArn": BOB, "sessionArns": ["one"]},
        {"before": {"sessions": {"one": "ACTIVE"}}},
        {"principalArn": "principal"},
    ),
    (("iam:CreatePolicy",), POLICY, {"PolicyName": "shared"}, {}, {"PolicyName": "policy"}),
    (("iam:CreateGroup",), TEAM, {"GroupName": "Team", "Path": "/"}, {}, {"GroupName": "group", "Path": "group"}),
    (("iam:DeleteGroup",), TEAM, {"GroupName": "Team"}, {}, {"GroupName": "group"}),
    (("iam:CreateRole",), APP, {"RoleName": "app"}, {}, {"RoleName": "role"}),
    (("iam:UpdateAssumeRolePolicy", "iam:DeleteRole"), APP, {"RoleName": "app"}, {}, {"RoleName": "role"}),
    *(
        (
            (f"iam:Update{kind}", f"iam:Delete{kind}"),
            BOB,
            {"UserName": "bob", key: "ID1"},
            {"before": {"id": "ID1"}},
            {"UserName": "user", key: kind},
        )
        for kind, key in CREDENTIALS.items()
    ),
    (("iam:CreateAccessKey",), BOB, {"UserName": "bob"}, {}, {"UserName": "user"}),
    (
        ("secretsmanager:CreateSecret",),
        SECRET,
        {"Name": "key"},
        {**IN_HOME, "after": {"secret": "key"}},
        {"Name": "secret"},
    ),
    (
        ("secretsmanager:DeleteSecret",),
        SECRET,
        {"SecretId": "key"},
        {**IN_HOME, "before": {"secret": "key"}},
        {"SecretId": "secret"},
    ),
    (
        ("secretsmanager:UpdateSecretVersionStage",),
        SECRET,
        {"SecretId": SECRET, "VersionStage": "AWSCURRENT", "MoveToVersionId": "two"},
        {**IN_HOME, "after": {"label": "AWSCURRENT", "version": "two"}},
        {"SecretId": "secret", "VersionStage": "label", "MoveToVersionId": "version"},
    ),
    (("iam:DeleteLoginProfile",), BOB, {"UserName": "bob"}, {}, {"UserName": "user"}),
    (
        ("iam:DeactivateMFADevice",),
        ROOT,
        {"SerialNumber": "arn:mfa"},
        {"account_id": MEMBERS[0], "before": {"id": "arn:mfa"}},
        {"SerialNumber": "device"},
    ),
    (("iam:TagUser", "iam:UntagUser"), BOB, {"UserName": "bob"}, {}, {"UserName": "user"}),
    (
        ("organizations:AttachPolicy", "organizations:DetachPolicy"),
        f"{SCP_ARN} on ou-work",
        {"PolicyId": "p-protect", "TargetId": "ou-work"},
        {"before": {"attached_to": "ou-work"}},
        {"PolicyId": "policy", "TargetId": "node"},
    ),
    (
        ("organizations:UpdatePolicy", "organizations:DeletePolicy"),
        SCP_ARN,
        {"PolicyId": "p-protect"},
        {},
        {"PolicyId": "policy"},
    ),
    (
        ("organizations:CreatePolicy",),
        "protect",
        {"Name": "protect", "Type": SCP},
        {"after": {"policy": "protect", "type": SCP}},
        {"Name": "policy", "Type": "policy"},
    ),
    (
        ("organizations:TagResource", "organizations:UntagResource"),
        SCP_ARN,
        {"ResourceId": "p-protect"},
        {},
        {"ResourceId": "policy"},
    ),
    (
        ("organizations:MoveAccount",),
        f"arn:aws:organizations::{ACCOUNT}:account/o-acme/{MEMBERS[0]}",
        {"AccountId": MEMBERS[0], "SourceParentId": "ou-work", "DestinationParentId": "ou-box"},
        {"before": {"parent": "ou-work"}, "after": {"parent": "ou-box"}},
        {"AccountId": "account", "SourceParentId": "unit", "DestinationParentId": "unit"},
    ),
    (
        ("organizations:EnablePolicyType",),
        f"policy type {SCP} of r-root",
        {"PolicyType": SCP, "RootId": "r-root"},
        {},
        {"PolicyType": "policy type", "RootId": "policy type"},
    ),
    (
        ("organizations:RegisterDelegatedAdministrator", "organizations:DeregisterDelegatedAdministrator"),
        f"{ORGANIZATION}/iam.amazonaws.com/delegated_administrator/{MEMBERS[0]}",
        {"AccountId": MEMBERS[0]},
        {"after": {"setting": f"delegated_administrator/{MEMBERS[0]}"}},
        {"AccountId": "setting"},
    ),
    (("events:PutRule", "events:DeleteRule"), RULE, {"Name": "iam-hardening-root"}, {}, {"Name": "rule"}),
    (
        ("events:PutTargets",),
        f"{RULE} target a",
        {"Rule": "iam-hardening-root", "Targets": [{"Id": "a"}]},
        {},
        {"Rule": "rule"},
    ),
    (
        ("events:RemoveTargets",),
        f"{RULE} target a",
        {"Rule": "iam-hardening-root", "Ids": ["a"]},
        {},
        {"Rule": "rule"},
    ),
    (("events:TagResource", "events:UntagResource"), RULE, {"ResourceARN": RULE}, {}, {"ResourceARN": "resource"}),
    (
        ("events:PutPermission", "events:RemovePermission"),
        f"{BUS} statement own",
        {"StatementId": "own"},
        {},
        {"StatementId": "statement"},
    ),
    (("sns:CreateTopic",), TOPIC, {"Name": "alerts"}, {}, {"Name": "topic"}),
    (
        ("sns:SetTopicAttributes",),
        f"{TOPIC} Policy",
        {"TopicArn": TOPIC, "AttributeName": "Policy"},
        {},
        {"TopicArn": "topic", "AttributeName": "attribute"},
    ),
    (("sns:DeleteTopic",), TOPIC, {"TopicArn": TOPIC}, {}, {"TopicArn": "topic"}),
    (("sns:Publish",), BOB, {"TopicArn": TOPIC}, {"after": {"notice": TOPIC}}, {"TopicArn": "topic"}),
    (
        ("sns:Subscribe", "sns:Unsubscribe"),
        f"{TOPIC} subscription {QUEUE}",
        {"TopicArn": TOPIC, "Endpoint": QUEUE},
        {},
        {"TopicArn": "topic", "Endpoint": "queue"},
    ),
    (
        ("sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue"),
        QUEUE,
        {"QueueName": "lost"},
        {},
        {"QueueName": "queue"},
    ),
    (
        ("accessanalyzer:CreateAnalyzer", "accessanalyzer:UpdateAnalyzer", "accessanalyzer:DeleteAnalyzer"),
        ANALYZER,
        {"analyzerName": "iam-hardening"},
        IN_HOME,
        {"analyzerName": "analyzer"},
    ),
    (
        tuple(f"accessanalyzer:{verb}ArchiveRule" for verb in ("Create", "Update", "Delete", "Apply")),
        f"{ANALYZER}/archive-rule/known",
        {"ruleName": "known"},
        IN_HOME,
        {"ruleName": "rule"},
    ),
    (
        ("accessanalyzer:TagResource", "accessanalyzer:UntagResource"),
        ANALYZER,
        {"resourceArn": ANALYZER},
        IN_HOME,
        {"resourceArn": "analyzer"},
    ),
    (
        ("config:DeleteConfigRule",),
        f"{CONFIG}:config-rule/own",
        {"ConfigRuleName": "own"},
        IN_HOME,
        {"ConfigRuleName": "rule"},
    ),
    (
        tuple(f"config:{verb}ConfigurationRecorder" for verb in ("Delete", "Start", "Stop")),
        f"{CONFIG}:configuration-recorder/own",
        {"ConfigurationRecorderName": "own"},
        IN_HOME,
        {"ConfigurationRecorderName": "recorder"},
    ),
    (
        ("config:DeleteDeliveryChannel",),
        f"{CONFIG}:delivery-channel/own",
        {"DeliveryChannelName": "own"},
        IN_HOME,
        {"DeliveryChannelName": "channel"},
    ),
    (
        ("config:DeleteOrganizationConfigRule", "config:PutOrganizationConfigRule"),
        f"{CONFIG}:organization-config-rule/own",
        {"OrganizationConfigRuleName": "own"},
        IN_HOME,
        {"OrganizationConfigRuleName": "rule"},
    ),
    (
        ("sts:AssumeRoot",),
        MEMBERS[0],
        {"TargetPrincipal": MEMBERS[0]},
        {"account_id": MEMBERS[0]},
        {"TargetPrincipal": "account"},
    ),
]
# Settings by their names alone: nothing of the request tells one from the other but the operation.
SETTINGS: t.Final = {
    "organizations:EnableAWSServiceAccess": "trusted_access",
    "organizations:DisableAWSServiceAccess": "trusted_access",
    **{
        f"iam:{verb}Organizations{feature}": feature
        for verb in ("Enable", "Disable")
        for feature in ("RootCredentialsManagement", "RootSessions")
    },
}
# They name nothing, or nothing that a target could be compared with.
NAMELESS: t.Final = (
    "config:PutConfigRule",
    "config:PutConfigurationRecorder",
    "config:PutDeliveryChannel",
    "config:TagResource",
    "config:UntagResource",
    "iam:UpdateAccountPasswordPolicy",
    "iam:DeleteAccountPasswordPolicy",
    # Sent with the request that makes a key.
    "secretsmanager:PutSecretValue",
    "sqs:ReceiveMessage",
    # Compared below, event by event.
    "events:PutEvents",
)
EACH: t.Final = [(operation, *case) for operations, *case in CASES for operation in operations]


@pytest.mark.parametrize(("operation", "target", "request_", "fields", "called"), EACH)
def test_each_thing_that_a_request_names_is_compared(
    operation: str, target: str, request_: Record, fields: Record, called: dict[str, str]
) -> None:
    assert mismatch_of(make_change(operation, target, request_, **fields)) is None
    for name, what in called.items():
        other = {**request_, name: f"{request_[name]}x"}
        assert f"the request names the {what} '" in str(mismatch_of(make_change(operation, target, other, **fields))), (
            name
        )


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([{"EventBusName": BUS, "Detail": "{}"}], None),
        ([{"EventBusName": BUS, "Detail": "{ }"}], "event"),
        ([{"EventBusName": f"{BUS}-2", "Detail": "{}"}], "bus"),
        ([{"EventBusName": BUS, "Detail": "{}"}] * 2, "number of events"),
    ],
)
def test_events_are_compared_one_by_one(entries: list[Record], what: t.Optional[str]) -> None:
    change = make_change("events:PutEvents", f"{BUS} events 1", {"Entries": entries}, after={"events": ["{}"]})
    assert (what or "None") in str(mismatch_of(change))


def test_each_session_that_is_revoked_is_shown() -> None:
    shown = {"before": {"sessions": {"one": "ACTIVE"}}}
    request_ = {"principalArn": BOB, "sessionArns": ["one", "two"]}
    change = make_change("signin:BatchRevokeSessions", BOB, request_, **shown)
    assert "the request names the sessions 'one, two'" in str(mismatch_of(change))
    everybody = {"principalArn": f"arn:aws:iam::{ACCOUNT}:*", "sessionArns": ["one"]}
    assert mismatch_of(make_change("signin:BatchRevokeSessions", BOB, everybody, **shown)) is not None


@pytest.mark.parametrize(("operation", "setting"), SETTINGS.items())
def test_a_setting_is_told_by_its_name(operation: str, setting: str) -> None:
    target = f"{ORGANIZATION}/iam.amazonaws.com/{setting}"
    assert mismatch_of(make_change(operation, target, after={"setting": setting})) is None
    assert f"the setting '{setting}'" in str(mismatch_of(make_change(operation, target, after={"setting": "other"})))
    other = make_change(operation, f"{ORGANIZATION}/iam.amazonaws.com/other", after={"setting": setting})
    assert f"the setting '{setting}'" in str(mismatch_of(other))


def test_every_write_of_the_table_is_compared_or_names_nothing() -> None:
    rest = sorted(WRITES.keys() - {operation for operation, *_case in EACH} - SETTINGS.keys())
    assert [name for name in rest if not name.startswith("securityhub:") and name not in NAMELESS] == []
    assert [name for name in rest if mismatch_of(make_change(name, "x")) is not None] == []


def test_others_can_join_where_a_group_a_policy_or_a_node_has_members() -> None:
    assert {name for name, write in WRITES.items() if write.can_grow} == {
        *(f"iam:{verb}GroupPolicy" for verb in ("Attach", "Detach", "Put", "Delete")),
        "iam:DeleteGroup",
        *(f"iam:{verb}PolicyVersion" for verb in ("Create", "SetDefault", "Delete")),
        "iam:DeletePolicy",
        *(name for name in SETTINGS if name.startswith("iam:")),
        *(f"organizations:{verb}Policy" for verb in ("Attach", "Detach", "Update")),
    }
