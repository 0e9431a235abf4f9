# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The alert rules of the collection: what each watches for, where its events occur, and what people read.

Events of CloudTrail reach the default bus alone, and only where a trail logs:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.event_rules import PREFIX
from ..._converge.finding import Severity

# AWS's documents and the events themselves spell the second one differently, so both are matched.
_API_CALL: t.Final = "AWS API Call via CloudTrail"
_SIGN_IN: t.Final = ("AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail")
_CONSOLE_ACTION: t.Final = "AWS Console Action via CloudTrail"


class State(enum.StrEnum):
    """The state of a rule. ``ENABLED`` leaves out what only reads, which sts:AssumeRoot and sign-ins count among.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
    """

    ENABLED = "ENABLED"
    WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


class Where(enum.StrEnum):
    """The regions that the events of a rule occur in."""

    EVERYWHERE = "every region"
    IAM_HOME = "the home region of IAM"
    ORGANIZATIONS_HOME = "the home region of Organizations, in the management account"
    HEALTH = "the home region of IAM, where AWS Health sends what is global, and every other"


@dataclasses.dataclass(frozen=True)
class AlertRule:
    """A rule as it is declared, without its targets.

    ``paths`` and ``lines`` are those of the input transformer: JSON paths by name, and the lines of the message, in
    which ``<name>`` stands for what a path leads to. ``by_default`` says whether it is on unless declared otherwise.
    ``caller`` says whether its events name a caller, so that some can be ignored.
    """

    name: str
    title: str
    severity: Severity
    pattern: Mapping[str, t.Any]
    where: Where
    state: State = State.ENABLED
    by_default: bool = False
    caller: bool = True
    paths: Mapping[str, str] = dataclasses.field(default_factory=dict)
    lines: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name of the rule in EventBridge."""
        return f"{PREFIX}{self.name}"

    def exclude_principals(self, principals: Sequence[str]) -> Mapping[str, t.Any]:
        """Exclude events of ``principals`` from the pattern: ARNs of users and roles, in which ``*`` is a wildcard.

        The caller of a session is its role. An event with neither has no principal to exclude.
        """
        if not principals or not self.caller:
            return self.pattern
        others = [{"anything-but": {"wildcard": list(principals)}}]
        absent = [{"exists": False}]
        issuer = {"sessionContext": {"sessionIssuer": {"arn": others}}}
        itself = {"arn": others, "sessionContext": {"sessionIssuer": {"arn": absent}}}
        nobody = {"arn": absent, "sessionContext": {"sessionIssuer": {"arn": absent}}}
        detail = self.pattern["detail"]
        identity = detail.get("userIdentity", {})
        alternatives = [{"userIdentity": _merge_patterns(identity, who)} for who in (issuer, itself, nobody)]
        rest = {key: value for key, value in detail.items() if key != "userIdentity"}
        return {**self.pattern, "detail": {**rest, "$or": alternatives}}


def _merge_patterns(one: Mapping[str, t.Any], other: Mapping[str, t.Any]) -> dict[str, t.Any]:
    merged = dict(one)
    for key, value in other.items():
        inner = merged.get(key)
        merged[key] = (
            _merge_patterns(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


_CALL_PATHS: t.Final[Mapping[str, str]] = {
    "account": "$.account",
    "region": "$.detail.awsRegion",
    "time": "$.detail.eventTime",
    "event": "$.detail.eventName",
    "source": "$.detail.eventSource",
    "who": "$.detail.userIdentity.arn",
    "address": "$.detail.sourceIPAddress",
    "agent": "$.detail.userAgent",
    "error": "$.detail.errorCode",
    "id": "$.detail.eventID",
}
_CALL_LINES: t.Final = (
    "What: <event> (<source>) in account <account>, region <region>, at <time>",
    "Who: <who>, from <address> with <agent>",
    "Refused with: <error>",
    "CloudTrail event: <id>",
)


def _make_call_pattern(service: str, names: Sequence[str], **more: t.Any) -> dict[str, t.Any]:
    """Make the pattern of calls that CloudTrail records of one service."""
    detail = {"eventSource": [f"{service}.amazonaws.com"], "eventName": list(names), **more}
    return {"source": [f"aws.{service}"], "detail-type": [_API_CALL], "detail": detail}


def _make_call_rule(
    *, paths: t.Optional[Mapping[str, str]] = None, lines: Sequence[str] = (), **fields: t.Any
) -> AlertRule:
    return AlertRule(
        paths={**_CALL_PATHS, **(paths or {})}, lines=(*_CALL_LINES[:2], *lines, *_CALL_LINES[2:]), **fields
    )


_POLICY: t.Final = {"policy": "$.detail.requestParameters.policyArn"}

RULES: t.Final = (
    _make_call_rule(
        name="root-activity",
        title="The root user was used",
        severity=Severity.CRITICAL,
        where=Where.EVERYWHERE,
        state=State.WITH_READS,
        by_default=True,
        caller=False,
        pattern={
            "detail-type": [_API_CALL, *_SIGN_IN, _CONSOLE_ACTION],
            "detail": {
                # A call by AWS in the name of root has an invoker; a session of AssumeRoot is no use of root's own
                # credentials, and has a rule of its own.
                "userIdentity": {
                    "type": ["Root"],
                    "invokedBy": [{"exists": False}],
                    "sessionContext": {"assumedRoot": [{"exists": False}]},
                },
                "eventType": [{"anything-but": ["AwsServiceEvent"]}],
            },
        },
    ),
    _make_call_rule(
        name="assume-root",
        title="A session as root of a member account was opened",
        severity=Severity.HIGH,
        where=Where.EVERYWHERE,
        state=State.WITH_READS,
        by_default=True,
        pattern=_make_call_pattern("sts", ["AssumeRoot"]),
        paths={
            "target": "$.detail.requestParameters.targetPrincipal",
            "task": "$.detail.requestParameters.taskPolicyArn.arn",
        },
        lines=("Root of: <target>, for <task>",),
    ),
    _make_call_rule(
        name="quarantine-attached-by-aws",
        title="AWS quarantined a user whose key leaked, or the quarantine was taken away",
        severity=Severity.CRITICAL,
        where=Where.IAM_HOME,
        by_default=True,
        caller=False,
        pattern=_make_call_pattern(
            "iam",
            ["AttachUserPolicy", "DetachUserPolicy"],
            requestParameters={"policyArn": [{"wildcard": "arn:*:iam::aws:policy/AWSCompromisedKeyQuarantine*"}]},
        ),
        paths={**_POLICY, "user": "$.detail.requestParameters.userName"},
        lines=("User: <user>, policy <policy>",),
    ),
    AlertRule(
        name="health-exposed-credentials",
        title="AWS found credentials of this account in public",
        severity=Severity.CRITICAL,
        where=Where.HEALTH,
        by_default=True,
        caller=False,
        pattern={
            "source": ["aws.health"],
            "detail-type": ["AWS Health Event"],
            "detail": {"service": ["RISK", "IAM"], "eventTypeCode": [{"prefix": "AWS_RISK_CREDENTIALS_"}]},
        },
        paths={
            "account": "$.account",
            "time": "$.time",
            "code": "$.detail.eventTypeCode",
            "entities": "$.detail.affectedEntities",
            "text": "$.detail.eventDescription[0].latestDescription",
        },
        lines=("What: <code> in account <account>, at <time>", "Affected: <entities>", "<text>"),
    ),
    _make_call_rule(
        name="guardrail-tamper",
        title="What watches this account is being switched off",
        severity=Severity.HIGH,
        where=Where.EVERYWHERE,
        by_default=True,
        pattern={
            "detail-type": [_API_CALL],
            "detail": {
                "eventSource": [
                    f"{service}.amazonaws.com"
                    for service in ("access-analyzer", "cloudtrail", "config", "events", "guardduty", "securityhub")
                ],
                "eventName": [
                    "BatchDisableStandards",
                    "DeleteAnalyzer",
                    "DeleteConfigRule",
                    "DeleteConfigurationRecorder",
                    "DeleteDeliveryChannel",
                    "DeleteDetector",
                    "DeleteRule",
                    "DeleteTrail",
                    "DisableRule",
                    "DisableSecurityHub",
                    "DisableSecurityHubV2",
                    "DisassociateFromAdministratorAccount",
                    "PutEventSelectors",
                    "RemoveTargets",
                    "StopConfigurationRecorder",
                    "StopLogging",
                    "UpdateDetector",
                    "UpdateTrail",
                ],
            },
        },
    ),
    _make_call_rule(
        name="organizations-guardrail-change",
        title="The guardrails of the organization were changed",
        severity=Severity.HIGH,
        where=Where.ORGANIZATIONS_HOME,
        by_default=True,
        pattern=_make_call_pattern(
            "organizations",
            [
                "AttachPolicy",
                "CreatePolicy",
                "DeletePolicy",
                "DeleteResourcePolicy",
                "DeregisterDelegatedAdministrator",
                "DetachPolicy",
                "DisableAWSServiceAccess",
                "DisablePolicyType",
                "LeaveOrganization",
                "MoveAccount",
                "PutResourcePolicy",
                "RegisterDelegatedAdministrator",
                "RemoveAccountFromOrganization",
                "UpdatePolicy",
            ],
        ),
        paths={"policy": "$.detail.requestParameters.policyId", "target": "$.detail.requestParameters.targetId"},
        lines=("Policy: <policy>, target <target>",),
    ),
    _make_call_rule(
        name="iam-credential-and-privilege-change",
        title="Credentials or permissions were changed",
        severity=Severity.MEDIUM,
        where=Where.IAM_HOME,
        pattern=_make_call_pattern(
            "iam",
            [
                "AddUserToGroup",
                "AttachGroupPolicy",
                "AttachRolePolicy",
                "AttachUserPolicy",
                "CreateAccessKey",
                "CreateLoginProfile",
                "CreateOpenIDConnectProvider",
                "CreatePolicyVersion",
                "CreateSAMLProvider",
                "CreateServiceSpecificCredential",
                "CreateUser",
                "DeactivateMFADevice",
                "DeleteAccountPasswordPolicy",
                "DeleteRolePermissionsBoundary",
                "DeleteUserPermissionsBoundary",
                "DeleteVirtualMFADevice",
                "DisableOrganizationsRootCredentialsManagement",
                "DisableOrganizationsRootSessions",
                "EnableMFADevice",
                "EnableOutboundWebIdentityFederation",
                "PutAccountProperties",
                "PutGroupPolicy",
                "PutRolePermissionsBoundary",
                "PutRolePolicy",
                "PutUserPermissionsBoundary",
                "PutUserPolicy",
                "ResetServiceSpecificCredential",
                "SetDefaultPolicyVersion",
                "UpdateAccessKey",
                "UpdateAccountPasswordPolicy",
                "UpdateAssumeRolePolicy",
                "UpdateLoginProfile",
                "UpdateSAMLProvider",
                "UploadSSHPublicKey",
                "UploadSigningCertificate",
            ],
        ),
        paths={"user": "$.detail.requestParameters.userName", "role": "$.detail.requestParameters.roleName", **_POLICY},
        lines=("User: <user>, role: <role>, policy: <policy>",),
    ),
    _make_call_rule(
        name="admin-policy-attached",
        title="A policy of administrators was attached",
        severity=Severity.HIGH,
        where=Where.IAM_HOME,
        pattern=_make_call_pattern(
            "iam",
            ["AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy"],
            requestParameters={
                "policyArn": [
                    {"suffix": ":policy/AdministratorAccess"},
                    {"suffix": ":policy/IAMFullAccess"},
                    {"suffix": ":policy/PowerUserAccess"},
                ]
            },
            errorCode=[{"exists": False}],
        ),
        paths={
            "user": "$.detail.requestParameters.userName",
            "role": "$.detail.requestParameters.roleName",
            "group": "$.detail.requestParameters.groupName",
            **_POLICY,
        },
        lines=("Policy: <policy>, user: <user>, role: <role>, group: <group>",),
    ),
    _make_call_rule(
        name="console-login-without-mfa",
        title="A user signed in without MFA",
        severity=Severity.MEDIUM,
        where=Where.EVERYWHERE,
        pattern={
            "source": ["aws.signin"],
            "detail-type": list(_SIGN_IN),
            "detail": {
                "eventSource": ["signin.amazonaws.com"],
                "eventName": ["ConsoleLogin"],
                "userIdentity": {"type": ["IAMUser"]},
                "responseElements": {"ConsoleLogin": ["Success"]},
                "additionalEventData": {"MFAUsed": [{"anything-but": ["Yes"]}]},
            },
        },
        state=State.WITH_READS,
    ),
    AlertRule(
        name="signin-anomaly",
        title="AWS found a sign-in unusual",
        severity=Severity.HIGH,
        where=Where.EVERYWHERE,
        caller=False,
        pattern={"source": ["aws.signin"], "detail-type": ["Sign-in Anomaly Alert"]},
        paths={"account": "$.account", "region": "$.region", "time": "$.time", "detail": "$.detail"},
        lines=("What: an unusual sign-in in account <account>, region <region>, at <time>", "<detail>"),
    ),
    AlertRule(
        name="access-analyzer-finding",
        title="Access Analyzer found access",
        severity=Severity.HIGH,
        where=Where.EVERYWHERE,
        caller=False,
        pattern={
            "source": ["aws.access-analyzer"],
            "detail-type": [
                "Access Analyzer Finding",
                "Unused Access Finding for IAM entities",
                "Internal Access Finding",
            ],
            "detail": {"status": ["ACTIVE"]},
        },
        paths={
            "account": "$.account",
            "region": "$.region",
            "kind": "$.detail-type",
            "resource": "$.detail.resource",
            "id": "$.detail.id",
        },
        lines=("What: <kind> in account <account>, region <region>", "Resource: <resource>", "Finding: <id>"),
    ),
    AlertRule(
        name="securityhub-cspm-iam-failed",
        title="A control of Security Hub for IAM failed",
        severity=Severity.HIGH,
        where=Where.EVERYWHERE,
        caller=False,
        pattern={
            "source": ["aws.securityhub"],
            "detail-type": ["Security Hub Findings - Imported"],
            "detail": {
                "findings": {
                    "Compliance": {"Status": ["FAILED"], "SecurityControlId": [{"prefix": "IAM."}]},
                    "RecordState": ["ACTIVE"],
                    "Workflow": {"Status": ["NEW"]},
                    "Severity": {"Label": ["CRITICAL", "HIGH"]},
                }
            },
        },
        paths={
            "account": "$.detail.findings[0].AwsAccountId",
            "region": "$.region",
            "title": "$.detail.findings[0].Title",
            "resource": "$.detail.findings[0].Resources[0].Id",
            "label": "$.detail.findings[0].Severity.Label",
        },
        lines=("What: <label>: <title> in account <account>, region <region>", "Resource: <resource>"),
    ),
)

BY_NAME: t.Final[Mapping[str, AlertRule]] = {rule.name: rule for rule in RULES}
