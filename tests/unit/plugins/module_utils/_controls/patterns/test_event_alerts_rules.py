# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    BY_NAME,
    PREFIX,
    RULES,
    AlertRule,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern

from ..bus_events import (
    Event,
    analyzer,
    assume_root,
    call,
    envelope,
    health,
    role,
    root,
    securityhub,
    service,
    sign_in,
    user,
)

QUARANTINE = {"userName": "alice", "policyArn": "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}
ADMINISTRATOR = {"roleName": "ci", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
TO_A_GROUP = {**ADMINISTRATOR, "groupName": "admins"}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
ROOT_TASK = {
    "targetPrincipal": "222233334444",
    "taskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
}
DETACHED = {"policyId": "p-examplepolicyid111", "targetId": "ou-examplerootid111-exampleouid111"}
ANOMALY = envelope("aws.signin", "Sign-in Anomaly Alert", {"accountId": "111122223333", "anomaly": "new country"})


def invoke_as_root(by: str) -> Event:
    return {**root(), "invokedBy": by}


# Each: the rule, what happens, and whether it tells people.
EVENTS: list[tuple[str, str, Event, bool]] = [
    ("root-activity", "root signs in", sign_in(root(), mfa="Yes"), True),
    ("root-activity", "in the other spelling", sign_in(root(), detail_type="AWS Console Signin via CloudTrail"), True),
    ("root-activity", "fails to sign in", sign_in(root(), result="Failure"), True),
    ("root-activity", "calls with a key", call("s3", "ListBuckets", root(), readOnly=True), True),
    ("root-activity", "in another region", call("ec2", "RunInstances", root(), region="eu-west-1"), True),
    ("root-activity", "is invoked by AWS", call("s3", "PutObject", invoke_as_root("backup.amazonaws.com")), False),
    ("root-activity", "AWS does it", call("kms", "RotateKey", root(), eventType="AwsServiceEvent"), False),
    ("root-activity", "comes through AssumeRoot", call("iam", "ListAccessKeys", assume_root()), False),
    ("root-activity", "a user named root", call("iam", "ListUsers", user("root")), False),
    ("root-activity", "a user signs in", sign_in(user()), False),
    (
        "assume-root",
        "a session is opened",
        call("sts", "AssumeRoot", role("automation"), readOnly=True, requestParameters=ROOT_TASK),
        True,
    ),
    ("assume-root", "a role is assumed", call("sts", "AssumeRole", role()), False),
    (
        "quarantine-attached-by-aws",
        "it comes",
        call("iam", "AttachUserPolicy", user(), requestParameters=QUARANTINE),
        True,
    ),
    (
        "quarantine-attached-by-aws",
        "it goes",
        call("iam", "DetachUserPolicy", user(), requestParameters=QUARANTINE),
        True,
    ),
    (
        "quarantine-attached-by-aws",
        "one of our own of that name",
        call(
            "iam",
            "AttachUserPolicy",
            user(),
            requestParameters={
                **QUARANTINE,
                "policyArn": "arn:aws:iam::111122223333:policy/AWSCompromisedKeyQuarantineV3",
            },
        ),
        False,
    ),
    ("health-exposed-credentials", "a key is public", health(), True),
    ("health-exposed-credentials", "told by IAM", health("AWS_RISK_CREDENTIALS_COMPROMISED", "IAM"), True),
    ("health-exposed-credentials", "maintenance of IAM", health("AWS_IAM_OPERATIONAL_ISSUE", "IAM"), False),
    ("health-exposed-credentials", "trouble of EC2", health("AWS_EC2_OPERATIONAL_ISSUE", "EC2"), False),
    ("guardrail-tamper", "a trail stops", call("cloudtrail", "StopLogging", user()), True),
    (
        "guardrail-tamper",
        "in vain",
        call("config", "StopConfigurationRecorder", role(), errorCode="AccessDenied"),
        True,
    ),
    ("guardrail-tamper", "a rule goes", call("events", "DisableRule", role(), region="eu-west-1"), True),
    ("guardrail-tamper", "a trail begins", call("cloudtrail", "StartLogging", user()), False),
    ("guardrail-tamper", "another service's DeleteRule", call("waf", "DeleteRule", user()), False),
    (
        "organizations-guardrail-change",
        "an SCP goes",
        call("organizations", "DetachPolicy", role(), requestParameters=DETACHED),
        True,
    ),
    ("organizations-guardrail-change", "an account is made", call("organizations", "CreateAccount", role()), False),
    ("organizations-guardrail-change", "a policy of IAM", call("iam", "CreatePolicy", role()), False),
    ("iam-credential-and-privilege-change", "a key is made", call("iam", "CreateAccessKey", user()), True),
    ("iam-credential-and-privilege-change", "a key is read", call("iam", "ListAccessKeys", user()), False),
    ("iam-credential-and-privilege-change", "a user is deleted", call("iam", "DeleteUser", user()), False),
    (
        "admin-policy-attached",
        "to a role",
        call("iam", "AttachRolePolicy", user(), requestParameters=ADMINISTRATOR),
        True,
    ),
    (
        "admin-policy-attached",
        "to a group",
        call("iam", "AttachGroupPolicy", user(), requestParameters=TO_A_GROUP),
        True,
    ),
    (
        "admin-policy-attached",
        "refused",
        call("iam", "AttachRolePolicy", user(), requestParameters=ADMINISTRATOR, errorCode="AccessDenied"),
        False,
    ),
    (
        "admin-policy-attached",
        "one that reads",
        call(
            "iam",
            "AttachRolePolicy",
            user(),
            requestParameters={**ADMINISTRATOR, "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ),
        False,
    ),
    ("console-login-without-mfa", "so it is", sign_in(user(), region="eu-north-1"), True),
    ("console-login-without-mfa", "with MFA", sign_in(user(), mfa="Yes"), False),
    ("console-login-without-mfa", "in vain", sign_in(user(), result="Failure"), False),
    ("console-login-without-mfa", "through the identity provider", sign_in(role()), False),
    ("console-login-without-mfa", "root", sign_in(root()), False),
    ("signin-anomaly", "from elsewhere", ANOMALY, True),
    ("signin-anomaly", "as ever", sign_in(user()), False),
    ("access-analyzer-finding", "a role is shared", analyzer(), True),
    ("access-analyzer-finding", "no more", analyzer("RESOLVED"), False),
    ("access-analyzer-finding", "archived", analyzer("ARCHIVED"), False),
    ("securityhub-cspm-iam-failed", "a control fails", securityhub(), True),
    ("securityhub-cspm-iam-failed", "known already", securityhub(Workflow={"Status": "NOTIFIED"}), False),
    ("securityhub-cspm-iam-failed", "archived", securityhub(RecordState="ARCHIVED"), False),
    (
        "securityhub-cspm-iam-failed",
        "passes",
        securityhub(Compliance={"Status": "PASSED", "SecurityControlId": "IAM.4"}),
        False,
    ),
    (
        "securityhub-cspm-iam-failed",
        "of S3",
        securityhub(Compliance={"Status": "FAILED", "SecurityControlId": "S3.1"}),
        False,
    ),
    ("securityhub-cspm-iam-failed", "minor", securityhub(Severity={"Label": "MEDIUM"}), False),
]


@pytest.mark.parametrize(
    ("name", "what", "event", "alerts"), EVENTS, ids=[f"{name}: {what}" for name, what, *_rest in EVENTS]
)
def test_what_a_rule_tells_people(name: str, what: str, event: Event, alerts: bool) -> None:
    assert EventPattern(BY_NAME[name].pattern).matches(event) is alerts


def test_every_rule_is_tried_on_both() -> None:
    tried = {(name, alerts) for name, _what, _event, alerts in EVENTS}
    assert tried == {(rule.name, alerts) for rule in RULES for alerts in (True, False)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_are_what_eventbridge_takes(rule: AlertRule) -> None:
    EventPattern(rule.pattern)
    assert re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", rule.full_name) and rule.full_name.startswith(PREFIX)
    named = set(re.findall(r"<(\w+)>", " ".join(rule.lines)))
    assert named == set(rule.paths) and named, "what is said and what is read differ"
    assert all(path.startswith("$.") for path in rule.paths.values())


def at(event: Event, path: str) -> t.Any:
    """What a JSON path leads to in an event, or None."""
    found: t.Any = event
    for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        if key and isinstance(found, dict):
            found = found.get(key)
        elif index and isinstance(found, list):
            found = found[int(index)]
        else:
            return None
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_people_read_is_in_the_events(rule: AlertRule) -> None:
    events = [event for _name, _what, event, _alerts in EVENTS]
    own = [event for name, _what, event, alerts in EVENTS if name == rule.name and alerts]
    for path in rule.paths.values():
        assert re.fullmatch(r"\$(\.[\w-]+|\[\d+\])+", path)
        assert any(at(event, path) for event in events), path
    for name in ("account", "time", "region"):
        assert name not in rule.paths or all(at(event, rule.paths[name]) for event in own)


CREDENTIALS_AND_PRIVILEGES: t.Final = (
    *("AddUserToGroup", "AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy", "CreateAccessKey"),
    *("CreateLoginProfile", "CreateOpenIDConnectProvider", "CreatePolicyVersion", "CreateSAMLProvider"),
    *("CreateServiceSpecificCredential", "CreateUser", "DeactivateMFADevice"),
    *("DeleteAccountPasswordPolicy", "DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary"),
    *("DeleteVirtualMFADevice", "DisableOrganizationsRootCredentialsManagement"),
    *("DisableOrganizationsRootSessions", "EnableMFADevice", "EnableOutboundWebIdentityFederation"),
    *("PutAccountProperties", "PutGroupPolicy", "PutRolePermissionsBoundary", "PutRolePolicy"),
    *("PutUserPermissionsBoundary", "PutUserPolicy", "ResetServiceSpecificCredential"),
    *("SetDefaultPolicyVersion", "UpdateAccessKey", "UpdateAccountPasswordPolicy"),
    *("UpdateAssumeRolePolicy", "UpdateLoginProfile", "UpdateSAMLProvider"),
    *("UploadSSHPublicKey", "UploadSigningCertificate"),
)
GUARDRAIL_CHANGES: t.Final = (
    *("AttachPolicy", "CreatePolicy", "DeletePolicy", "DeleteResourcePolicy"),
    *("DeregisterDelegatedAdministrator", "DetachPolicy", "DisableAWSServiceAccess", "DisablePolicyType"),
    *("LeaveOrganization", "MoveAccount", "PutResourcePolicy", "RegisterDelegatedAdministrator"),
    *("RemoveAccountFromOrganization", "UpdatePolicy"),
)
ATTACHMENTS: t.Final = ("AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy")


@pytest.mark.parametrize(
    ("rule", "service", "names"),
    [
        ("iam-credential-and-privilege-change", "iam", CREDENTIALS_AND_PRIVILEGES),
        ("organizations-guardrail-change", "organizations", GUARDRAIL_CHANGES),
    ],
)
def test_a_rule_alerts_on_each_of_its_calls_and_no_other(rule: str, service: str, names: tuple[str, ...]) -> None:
    pattern = EventPattern(BY_NAME[rule].pattern)
    assert [name for name in names if not pattern.matches(call(service, name, role()))] == []
    assert sorted(BY_NAME[rule].pattern["detail"]["eventName"]) == sorted(names)


@pytest.mark.parametrize("policy", ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "job-function/Billing"])
def test_policies_of_administrators_are_alerted_on_wherever_they_are_attached(policy: str) -> None:
    pattern = EventPattern(BY_NAME["admin-policy-attached"].pattern)
    parameters = {"policyArn": f"arn:aws:iam::aws:policy/{policy}"}
    events = [call("iam", name, user(), requestParameters=parameters) for name in ATTACHMENTS]
    assert {pattern.matches(event) for event in events} == {policy != "job-function/Billing"}


@pytest.mark.parametrize("code", ["AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"])
def test_both_codes_for_exposed_keys_are_alerted_on(code: str) -> None:
    assert EventPattern(BY_NAME["health-exposed-credentials"].pattern).matches(health(code))


@pytest.mark.parametrize("kind", ["Unused Access Finding for IAM entities", "Internal Access Finding"])
def test_every_kind_of_finding_of_access_analyzer_is_alerted_on(kind: str) -> None:
    pattern = EventPattern(BY_NAME["access-analyzer-finding"].pattern)
    assert pattern.matches({**analyzer(), "detail-type": kind})


@pytest.mark.parametrize("label", ["CRITICAL", "HIGH", "LOW"])
def test_severe_findings_of_security_hub_are_alerted_on(label: str) -> None:
    pattern = EventPattern(BY_NAME["securityhub-cspm-iam-failed"].pattern)
    assert pattern.matches(securityhub(Severity={"Label": label})) is (label != "LOW")


def test_rules_for_what_only_reads_see_it() -> None:
    """AssumeRoot and sign-ins count among the reads, which rules of the plain state are not given."""
    assert {rule.name for rule in RULES if rule.state is State.WITH_READS} == {
        "root-activity",
        "assume-root",
        "console-login-without-mfa",
    }


def test_the_rules_of_high_signal_are_on_by_default() -> None:
    assert [rule.name for rule in RULES if rule.by_default] == [
        "root-activity",
        "assume-root",
        "quarantine-attached-by-aws",
        "health-exposed-credentials",
        "guardrail-tamper",
        "organizations-guardrail-change",
    ]


# Ignored principals

PIPELINE = ["arn:aws:iam::*:role/deployer", "arn:aws:iam::111122223333:user/robots/*"]


@pytest.mark.parametrize(
    ("who", "alerts"),
    [
        (role("deployer"), False),
        (role("deployer2"), True),
        # The name alone is not enough: anybody may make a role of it below another path.
        (role("deployer", path="/other/"), True),
        ({**user("x"), "arn": "arn:aws:iam::111122223333:user/robots/x"}, False),
        (user("robots"), True),
        (root(), True),
        (service(), True),
    ],
    ids=["role", "other role", "other path", "user", "other user", "root", "service"],
)
def test_pipelines_are_ignored_by_their_arn(who: Event, alerts: bool) -> None:
    rule = BY_NAME["iam-credential-and-privilege-change"]
    pattern = EventPattern(rule.exclude_principals(PIPELINE))
    assert pattern.matches(call("iam", "CreateAccessKey", who)) is alerts
    assert not pattern.matches(call("iam", "ListAccessKeys", who))


def test_what_a_rule_asks_of_the_caller_stays_asked() -> None:
    pattern = EventPattern(BY_NAME["console-login-without-mfa"].exclude_principals(PIPELINE))
    assert pattern.matches(sign_in(user()))
    assert not pattern.matches(sign_in(role("other"))) and not pattern.matches(sign_in(user(), mfa="Yes"))


def test_root_and_what_names_no_caller_can_not_be_ignored() -> None:
    everybody = ["*"]
    assert EventPattern(BY_NAME["root-activity"].exclude_principals(everybody)).matches(sign_in(root()))
    assert EventPattern(BY_NAME["health-exposed-credentials"].exclude_principals(everybody)).matches(health())
    assert BY_NAME["guardrail-tamper"].exclude_principals([]) is BY_NAME["guardrail-tamper"].pattern
