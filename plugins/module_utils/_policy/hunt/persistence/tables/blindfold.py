# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Blindfold and takeover: what watches, what limits, and the account itself."""

from __future__ import annotations

import typing as t

from ..conditions import sets
from ..deadlines import find_account_end, find_data_store_end, find_handshake_end, find_key_deletion
from ..model import Call, Check, Condition, Deadline, Family, Rule, always

_BEFORE: t.Final = "the event does not show what was there before: "
_GONE: t.Final = "it has to be made again, by the declaration of the account"


def _blind(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    check: t.Optional[tuple[str, ...]] = None,
    note: str = "",
    *,
    model: str = "",
    deadline: t.Optional[Deadline] = None,
    is_global: bool = False,
    is_urgent: bool = False,
    applies: Condition = always,
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.BLINDFOLD,
        undo=undo,
        check=Check(check[0], check[1:], is_global) if check else None,
        note=note,
        deadline=deadline,
        is_urgent=is_urgent,
        models=(model or source,),
        applies=applies,
    )


_RECORDS: t.Final = (
    _blind(
        "cloudtrail",
        "StopLogging",
        "{name}",
        Call("cloudtrail", "StartLogging", {"Name": "{name}"}),
        ("cloudtrail.stopped", "{name}"),
        is_urgent=True,
    ),
    _blind("cloudtrail", "DeleteTrail", "{name}", None, ("cloudtrail.deleted", "{name}"), _GONE, is_urgent=True),
    _blind(
        "cloudtrail",
        "PutEventSelectors",
        "{>trailARN|trailName}",
        None,
        None,
        _BEFORE + "write the event selectors of the declaration again",
        is_urgent=True,
    ),
    _blind(
        "cloudtrail",
        "UpdateTrail",
        "{>trailARN|name}",
        None,
        None,
        _BEFORE + "write the trail of the declaration again",
        is_urgent=True,
    ),
    _blind(
        "cloudtrail",
        "DeleteEventDataStore",
        "{eventDataStore}",
        Call("cloudtrail", "RestoreEventDataStore", {"EventDataStore": "{eventDataStore}"}),
        None,
        "for seven days it can be restored",
        deadline=find_data_store_end,
    ),
    _blind(
        "config",
        "StopConfigurationRecorder",
        "{configurationRecorderName}",
        Call("config", "StartConfigurationRecorder", {"ConfigurationRecorderName": "{configurationRecorderName}"}),
        ("config.stopped", "{configurationRecorderName}"),
    ),
    _blind(
        "config",
        "DeleteConfigurationRecorder",
        "{configurationRecorderName}",
        None,
        ("config.deleted", "{configurationRecorderName}"),
        _GONE,
    ),
    _blind(
        "ec2",
        "DeleteFlowLogs",
        "{flowLogId.content*|flowLogId*|flowLogIds*|item*}",
        None,
        None,
        _GONE,
    ),
    _blind("logs", "DeleteLogGroup", "{logGroupName}", None, None, "its events are lost: the log files have them"),
)

_DETECTOR: t.Final = "arn:{@partition}:guardduty:{@region}:{@account}:detector/{detectorId}"
_WATCHERS: t.Final = (
    _blind(
        "guardduty",
        "DeleteDetector",
        _DETECTOR,
        Call("guardduty", "CreateDetector", {"Enable": True}),
        ("guardduty.deleted", "{detectorId}"),
        "its findings and settings are lost",
    ),
    _blind(
        "guardduty",
        "UpdateDetector",
        _DETECTOR,
        Call("guardduty", "UpdateDetector", {"DetectorId": "{detectorId}", "Enable": True}),
        ("guardduty.disabled", "{detectorId}"),
        applies=sets("enable", "false"),
    ),
    _blind(
        "guardduty",
        "CreateFilter",
        _DETECTOR + "/filter/{name}",
        Call("guardduty", "DeleteFilter", {"DetectorId": "{detectorId}", "FilterName": "{name}"}),
        ("guardduty.filter", "{detectorId}", "{name}"),
        "findings that it has archived are not shown again",
    ),
    _blind(
        "guardduty",
        "CreateIPSet",
        _DETECTOR + "/ipset/{>ipSetId}",
        Call("guardduty", "DeleteIPSet", {"DetectorId": "{detectorId}", "IpSetId": "{>ipSetId}"}),
        ("guardduty.ip_set", "{detectorId}", "{>ipSetId}"),
        "no finding is made about addresses that it trusts",
    ),
    _blind(
        "guardduty",
        "DisassociateFromAdministratorAccount DisassociateFromMasterAccount",
        _DETECTOR,
        None,
        None,
        "its administrator has to invite the account again",
    ),
    _blind(
        "securityhub",
        "DisableSecurityHub",
        "arn:{@partition}:securityhub:{@region}:{@account}:hub/default",
        Call("securityhub", "EnableSecurityHub"),
        ("securityhub.off",),
        "its settings are kept for 90 days",
    ),
    _blind(
        "securityhub",
        "DisableSecurityHubV2",
        "arn:{@partition}:securityhub:{@region}:{@account}:hubv2",
        Call("securityhub", "EnableSecurityHubV2"),
    ),
    _blind(
        "access-analyzer",
        "DeleteAnalyzer",
        "{analyzerName}",
        None,
        ("accessanalyzer.deleted", "{analyzerName}"),
        _GONE,
        model="accessanalyzer",
    ),
    _blind(
        "access-analyzer",
        "CreateArchiveRule",
        "arn:{@partition}:access-analyzer:{@region}:{@account}:analyzer/{analyzerName}",
        Call("accessanalyzer", "DeleteArchiveRule", {"analyzerName": "{analyzerName}", "ruleName": "{ruleName}"}),
        ("accessanalyzer.archive_rule", "{analyzerName}", "{ruleName}"),
        "findings that it has archived stay archived",
        model="accessanalyzer",
    ),
    _blind(
        "monitoring",
        "DeleteAlarms",
        "{alarmNames*}",
        None,
        None,
        _GONE,
        model="cloudwatch",
    ),
    _blind(
        "monitoring",
        "DisableAlarmActions",
        "{alarmNames*}",
        Call("cloudwatch", "EnableAlarmActions", {"AlarmNames": "{alarmNames*}"}),
        None,
        model="cloudwatch",
    ),
    _blind(
        "events",
        "DisableRule",
        "arn:{@partition}:events:{@region}:{@account}:rule/{name}",
        Call("events", "EnableRule", {"Name": "{name}", "?EventBusName": "{eventBusName}"}),
        ("events.disabled_rule", "{name}", "{eventBusName|}"),
    ),
)

_USER: t.Final = "arn:{@partition}:iam::{@account}:user/{userName}"
_ROLE: t.Final = "arn:{@partition}:iam::{@account}:role/{roleName}"
_LIMITS: t.Final = (
    _blind(
        "iam",
        "DetachUserPolicy",
        _USER,
        Call("iam", "AttachUserPolicy", {"UserName": "{userName}", "PolicyArn": "{policyArn}"}),
        ("iam.detached", "user", "{userName}", "{policyArn}"),
        "look at the policy first: this call gives back what it allows, too",
        is_global=True,
    ),
    _blind(
        "iam",
        "DetachRolePolicy",
        _ROLE,
        Call("iam", "AttachRolePolicy", {"RoleName": "{roleName}", "PolicyArn": "{policyArn}"}),
        ("iam.detached", "role", "{roleName}", "{policyArn}"),
        "look at the policy first: this call gives back what it allows, too",
        is_global=True,
    ),
    _blind(
        "iam",
        "DeleteUserPolicy",
        _USER,
        None,
        ("iam.no_inline", "user", "{userName}", "{policyName}"),
        _BEFORE + "if it was a denial, write it again",
        is_global=True,
    ),
    _blind(
        "iam",
        "DeleteRolePolicy",
        _ROLE,
        None,
        ("iam.no_inline", "role", "{roleName}", "{policyName}"),
        _BEFORE + "if it was a denial, write it again",
        is_global=True,
    ),
    _blind(
        "organizations",
        "DetachPolicy",
        "{targetId}",
        Call("organizations", "AttachPolicy", {"PolicyId": "{policyId}", "TargetId": "{targetId}"}),
        ("organizations.detached", "{policyId}", "{targetId}"),
        is_global=True,
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "DisablePolicyType",
        "{rootId}",
        Call("organizations", "EnablePolicyType", {"RootId": "{rootId}", "PolicyType": "{policyType}"}),
        ("organizations.type_disabled", "{rootId}", "{policyType}"),
        "all policies of the type are detached, and have to be attached again",
        is_global=True,
        is_urgent=True,
    ),
)

_TAKEOVER: t.Final = (
    _blind(
        "kms",
        "ScheduleKeyDeletion",
        "{>keyId|keyId}",
        Call("kms", "CancelKeyDeletion", {"KeyId": "{keyId|>keyId}"}),
        ("kms.pending_deletion", "{keyId|>keyId}"),
        "enable the key afterwards: it is disabled",
        deadline=find_key_deletion,
    ),
    _blind(
        "kms",
        "DisableKey",
        "{keyId}",
        Call("kms", "EnableKey", {"KeyId": "{keyId}"}),
        ("kms.disabled", "{keyId}"),
    ),
    _blind(
        "kms",
        "DeleteImportedKeyMaterial",
        "{keyId}",
        None,
        ("kms.no_material", "{keyId}"),
        "import the same key material again: only its owner has it",
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "LeaveOrganization",
        "{@account}",
        None,
        ("organizations.left",),
        "the management account has to invite the account again. No policy of the organization limits it now",
        is_global=True,
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "AcceptHandshake",
        "{handshakeId}",
        None,
        ("organizations.accepted", "{handshakeId}"),
        "AWS shows an accepted handshake for 30 days: until then the other side can be read from it",
        deadline=find_handshake_end,
        is_global=True,
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "InviteOrganizationToTransferResponsibility",
        "{>handshake.id|>id}",
        Call("organizations", "CancelHandshake", {"HandshakeId": "{>handshake.id|>id}"}),
        ("organizations.requested", "{>handshake.id|>id}"),
        deadline=find_handshake_end,
        is_global=True,
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "InviteAccountToOrganization",
        "{>handshake.id|>id}",
        Call("organizations", "CancelHandshake", {"HandshakeId": "{>handshake.id|>id}"}),
        ("organizations.requested", "{>handshake.id|>id}"),
        is_global=True,
    ),
    _blind(
        "organizations",
        "RegisterDelegatedAdministrator",
        "{accountId}",
        Call(
            "organizations",
            "DeregisterDelegatedAdministrator",
            {"AccountId": "{accountId}", "ServicePrincipal": "{servicePrincipal}"},
        ),
        None,
        is_global=True,
    ),
    _blind(
        "organizations",
        "CloseAccount",
        "{accountId}",
        None,
        ("organizations.closed", "{accountId}"),
        "AWS Support can reopen the account for 90 days",
        deadline=find_account_end,
        is_global=True,
    ),
    _blind(
        "account",
        "StartPrimaryEmailUpdate",
        "{accountId|@account}",
        None,
        None,
        "the owner of the new address can reset the root user's password: compare the address",
        is_global=True,
        is_urgent=True,
    ),
    _blind(
        "account",
        "PutAlternateContact",
        "{alternateContactType}",
        Call(
            "account",
            "DeleteAlternateContact",
            {"AlternateContactType": "{alternateContactType}"},
        ),
        ("account.contact", "{alternateContactType}", "{emailAddress|}"),
        _BEFORE + "write the contact of the declaration again. AWS sends its warnings there",
        is_global=True,
    ),
)

BLINDFOLD_RULES: t.Final[tuple[Rule, ...]] = (*_RECORDS, *_WATCHERS, *_LIMITS, *_TAKEOVER)
