# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is wrong, in words: a control says what must hold, a finding has to say what does not.

``{names}`` in braces are thresholds of the assessment.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .._controls.settings import Settings

# Control → what one finding of it says, and what several say after their number. A control that speaks of the account
# as a whole never has several.
PROBLEMS: t.Final[Mapping[str, tuple[str, str]]] = {
    "region_assessed": ("Region could not be assessed", "regions could not be assessed"),
    # root
    "root_no_access_key": ("Root user has an access key", ""),
    "root_mfa_enabled": ("Root user can sign in without MFA", ""),
    "root_hardware_mfa": ("Root user has no hardware MFA", ""),
    "root_not_used": ("Root user was used within the last {root_used_days} days", ""),
    "root_no_signing_certificate": ("Root user has an active signing certificate", ""),
    "member_root_without_password": ("Root user of this member account has a password", ""),
    # users and their credentials
    "admin_access_key": ("Access key of an administrator", "access keys of administrators"),
    "access_key_unused": (
        "Access key unused for {unused_days} days or more",
        "access keys unused for {unused_days} days or more",
    ),
    "console_password_unused": (
        "Console password unused for {unused_days} days or more",
        "console passwords unused for {unused_days} days or more",
    ),
    "access_key_age": ("Access key older than {key_age_days} days", "access keys older than {key_age_days} days"),
    "access_key_of_setup": ("Console user has a key that was never used", "keys of console users were never used"),
    "access_key_single": ("User has two active access keys", "users have two active access keys"),
    "console_user_without_key": ("User has a password and access keys", "users have a password and access keys"),
    "access_key_for_workload": ("Workload uses a long-term access key", "workloads use long-term access keys"),
    "api_key_expires": ("Long-term API key never expires", "long-term API keys never expire"),
    "service_credential_age": (
        "Service-specific credential older than {key_age_days} days",
        "service-specific credentials older than {key_age_days} days",
    ),
    "signing_certificate_age": (
        "Signing certificate older than {key_age_days} days",
        "signing certificates older than {key_age_days} days",
    ),
    "ssh_public_key_age": (
        "SSH public key older than {key_age_days} days",
        "SSH public keys older than {key_age_days} days",
    ),
    "user_admin_without_mfa": ("IAM user is an administrator without MFA", "IAM users are administrators without MFA"),
    "user_console_mfa": ("IAM user has a console password and no MFA", "IAM users have a console password and no MFA"),
    "user_key_only_mfa": ("IAM user with access keys has no MFA", "IAM users with access keys have no MFA"),
    "user_hardware_mfa": ("Console user has virtual MFA only", "console users have virtual MFA only"),
    "user_permissions_through_groups": (
        "IAM user has permissions of its own, not through a group",
        "IAM users have permissions of their own, not through groups",
    ),
    # password policy
    "password_policy_exists": ("Account has no password policy of its own", ""),
    "password_min_length": ("Passwords may be shorter than {password_min_length} characters", ""),
    "password_reuse": ("The last {password_reuse} passwords may be used again", ""),
    "password_uppercase": ("Passwords need no upper-case letter", ""),
    "password_lowercase": ("Passwords need no lower-case letter", ""),
    "password_symbol": ("Passwords need no symbol", ""),
    "password_number": ("Passwords need no number", ""),
    "password_expiry": ("Passwords don't expire within {password_max_age_days} days", ""),
    # privileges and policies
    "boundary_opens_iam": (
        "Permissions boundary leaves all of IAM open",
        "permissions boundaries leave all of IAM open",
    ),
    "boundary_removable": (
        "Permissions boundary can be got rid of by those it binds",
        "permissions boundaries can be got rid of by those they bind",
    ),
    "boundary_grants_nothing": (
        "Permissions boundary allows nothing, so that it locks out whom it binds",
        "permissions boundaries allow nothing, so that they lock out whom they bind",
    ),
    "break_glass_principal": ("Account has no principal for emergencies that works", ""),
    "break_glass_unused": (
        "Principal for emergencies was used within {break_glass_used_days} days",
        "principals for emergencies were used within {break_glass_used_days} days",
    ),
    "break_glass_tested": (
        "No test within {break_glass_test_days} days of a principal for emergencies",
        "principals for emergencies without a test within {break_glass_test_days} days",
    ),
    "organization_policy_declared": (
        "Policy of the organization is not as declared",
        "policies of the organization are not as declared",
    ),
    "privilege_escalation_path": ("Principal can become an administrator", "principals can become administrators"),
    "writing_role_power": (
        "Role of this collection makes administrators",
        "roles of this collection make administrators",
    ),
    "policy_sensitive_wildcard": (
        'IAM policy uses wildcard Resource "*" with sensitive actions',
        'IAM policies use wildcard Resource "*" with sensitive actions',
    ),
    "policy_assume_any_role": ("Policy allows to assume every role", "policies allow to assume every role"),
    "policy_full_cloudtrail": ("Policy gives full access to CloudTrail", "policies give full access to CloudTrail"),
    "policy_full_kms": ("Policy gives full access to KMS", "policies give full access to KMS"),
    "policy_decrypt_any_key": ("Policy allows to decrypt with every key", "policies allow to decrypt with every key"),
    "policy_marketplace_subscribe": (
        "Policy allows to subscribe to anything in the AWS Marketplace",
        "policies allow to subscribe to anything in the AWS Marketplace",
    ),
    "policy_service_wildcard": ("Policy allows all actions of a service", "policies allow all actions of a service"),
    "admin_policy_attached": (
        "Policy with full administrative rights is attached",
        "policies with full administrative rights are attached",
    ),
    "admin_policy_unattached": (
        "Policy with full administrative rights lies ready",
        "policies with full administrative rights lie ready",
    ),
    "user_admin": (
        "IAM user is an administrator by a policy of its own",
        "IAM users are administrators by policies of their own",
    ),
    "group_admin": ("IAM group makes its members administrators", "IAM groups make their members administrators"),
    "role_admin": ("Role is an administrator", "roles are administrators"),
    "support_role": ("No role may handle incidents with AWS Support", ""),
    "security_audit_role": ("No role may audit the account", ""),
    "cloudshell_full_access": ("Full access to CloudShell is given", "principals have full access to CloudShell"),
    "resource_policies_not_public": (
        "Resource policy admits anonymous principals",
        "resource policies admit anonymous principals",
    ),
    # trust
    "trust_not_public": ("Role can be assumed by anybody", "roles can be assumed by anybody"),
    "trust_federated_subject": ("Federated role admits unknown subjects", "federated roles admit unknown subjects"),
    "trust_foreign_account": (
        "Role trusts a foreign account without an external id",
        "roles trust foreign accounts without an external id",
    ),
    "trust_foreign_readonly": ("Foreign account may read everything", "roles let foreign accounts read everything"),
    "trust_admin_mfa": ("Role of administrators needs no MFA", "roles of administrators need no MFA"),
    "trust_confused_deputy": (
        "Role lets a service act for other accounts",
        "roles let services act for other accounts",
    ),
    "trust_orphaned_principal": ("Role trusts a principal that is gone", "roles trust principals that are gone"),
    "role_unused": ("Role unused for {role_unused_days} days", "roles unused for {role_unused_days} days"),
    "instance_role": ("Instance has no instance role", "instances have no instance role"),
    "admin_over_provisioned": (
        "Administrator needs few of its permissions",
        "administrators need few of their permissions",
    ),
    "bedrock_access_stale": (
        "Access to Amazon Bedrock unused for {service_unused_days} days",
        "principals have access to Amazon Bedrock, unused for {service_unused_days} days",
    ),
    "sagemaker_access_stale": (
        "Access to Amazon SageMaker unused for {service_unused_days} days",
        "principals have access to Amazon SageMaker, unused for {service_unused_days} days",
    ),
    # order
    "server_certificate_expired": ("Server certificate has expired", "server certificates have expired"),
    "mfa_device_unassigned": ("Virtual MFA device belongs to nobody", "virtual MFA devices belong to nobody"),
    "user_tagged": ("IAM user lacks required tags", "IAM users lack required tags"),
    "role_tagged": ("Role lacks required tags", "roles lack required tags"),
    "analyzer_tagged": ("Access analyzer lacks required tags", "access analyzers lack required tags"),
    # what watches over the account
    "external_access_analyzer": (
        "No external access analyzer watches a region",
        "regions without an external access analyzer",
    ),
    "external_access_found": (
        "Resource is open to the outside, and nobody said that it should be",
        "resources are open to the outside, and nobody said that they should be",
    ),
    "unused_access_found": (
        "Access Analyzer finds a principal with unused access",
        "principals with unused access, found by Access Analyzer",
    ),
    "internal_access_found": (
        "Access to a critical resource was not looked at",
        "critical resources to which access was not looked at",
    ),
    "archive_rule_broad": (
        "Archive rule hides findings without naming what is meant",
        "archive rules hide findings without naming what is meant",
    ),
    "archive_rule_expired": (
        "Archive rule has expired, and still hides findings",
        "archive rules have expired, and still hide findings",
    ),
    "config_recorder": ("AWS Config does not record in a region", "regions in which AWS Config does not record"),
    "config_records_iam": ("AWS Config records IAM in no region", ""),
    "config_recorder_role": (
        "AWS Config does not use its service-linked role",
        "regions in which AWS Config does not use its service-linked role",
    ),
    "config_iam_recorded_once": ("AWS Config records IAM, and is paid for it, in more than one region", ""),
    "config_iam_rules": (
        "Managed rules of AWS Config on IAM are missing in a region",
        "regions in which managed rules of AWS Config on IAM are missing",
    ),
    "config_iam_compliant": (
        "Managed rule of AWS Config on IAM is broken",
        "breaches of managed rules of AWS Config on IAM",
    ),
    "security_hub": (
        "Security Hub is off or without a standard in a region",
        "regions in which Security Hub is off or without a standard",
    ),
    "security_hub_standards": (
        "Security Hub lacks a standard that matters in a region",
        "regions in which Security Hub lacks a standard that matters",
    ),
    "security_hub_iam_failed": (
        "Control of Security Hub on IAM is failed",
        "failed verdicts of Security Hub's controls on IAM",
    ),
    "event_alert_rules": (
        "No alert rule catches some of what matters most in a region",
        "regions in which no alert rule catches some of what matters most",
    ),
    "event_alert_delivery": (
        "Alert rule or its topic can't deliver, so that nobody is told",
        "alert rules and topics that can't deliver, so that nobody is told",
    ),
    "event_alert_trail": ("No trail logs what the alert rules wait for", ""),
    "event_alert_subscribers": (
        "Nobody has confirmed a subscription to a topic of alerts",
        "topics of alerts to which nobody has confirmed a subscription",
    ),
    "trail_multi_region": ("No trail logs the management events of every region", ""),
    "trail_log_validation": ("Trail does not validate its log files", "trails don't validate their log files"),
    "trail_encrypted": (
        "Trail does not encrypt its logs with a KMS key",
        "trails don't encrypt their logs with a KMS key",
    ),
    "trail_log_group": ("No trail delivers to a log group on which alarms can be set", ""),
    # organization and contacts
    "account_in_organization": ("Account belongs to no organization", ""),
    "central_root_access": ("Root credentials of member accounts are not managed centrally", ""),
    "organization_guardrails": ("No guardrail holds in an account", "accounts in which no guardrail holds"),
    "organization_allows_something": (
        "Service control policies deny everything, since a level allows nothing",
        "levels whose service control policies allow nothing, so that everything is denied",
    ),
    "organization_policy_slots": (
        "No further policy can be attached to a unit or account",
        "units and accounts to which no further policy can be attached",
    ),
    "organization_mfa_policy": (
        "No policy of the organization demands MFA of the account's users",
        "accounts of whose users no policy of the organization demands MFA",
    ),
    "organization_mfa_pattern": (
        "Policy of the organization cuts off roles for want of MFA",
        "policies of the organization cut off roles for want of MFA",
    ),
    "management_account_without_workloads": (
        "Management account runs workloads",
        "workloads run in the management account",
    ),
    "organizational_units_by_environment": ("Organizational units don't follow environment and sensitivity", ""),
    "delegated_policy_administrator": (
        "The organization's policies are not managed by a fit delegated administrator",
        "accounts that should not manage the organization's policies",
    ),
    "delegated_service_administrators": (
        "Integrated service has no delegated administrator",
        "integrated services have no delegated administrator",
    ),
    "delegated_administrators_valid": ("Delegation should be gone", "delegations should be gone"),
    "suspended_accounts_apart": (
        "Suspended account lies among active ones",
        "suspended accounts lie among active ones",
    ),
    "contact_details": ("Contact details of the account are incomplete", ""),
    "security_contact": ("No security contact is registered", ""),
    "contacts_distinct": ("Security, billing and operations share contacts", ""),
    "federated_people": ("People sign in as IAM users, not through federation", ""),
    "security_questions": ("Security questions are not registered", ""),
}


_DEFAULTS: t.Final = dataclasses.asdict(Settings())

# The controls on alarms differ only in what somebody is told of.
_WATCHED = "Somebody is told of "


def problem(control: str, count: int, *, title: str, thresholds: Mapping[str, t.Any]) -> str:
    """What ``count`` failing findings of a control say; ``title`` is what the control demands."""
    one, many = PROBLEMS.get(control, ("", ""))
    if many and count > 1:
        return f"{count} {many}".format_map(_values(thresholds))
    said = one.format_map(_values(thresholds)) if one else _negated(title)
    return said if count == 1 else f"{said} ({count} times)"


def watched(title: str) -> t.Optional[str]:
    """What somebody is to be told of by a control of this ``title``; None for other controls."""
    return title.removeprefix(_WATCHED) if title.startswith(_WATCHED) else None


def _negated(title: str) -> str:
    event = watched(title)
    return f"Nobody is told of {event}" if event else f"Does not hold: {title}"


def _values(thresholds: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**_DEFAULTS, **thresholds}
