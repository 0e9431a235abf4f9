# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names in the evidence of findings: programs read them, and the fingerprints of waived reasons rest on them."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding

from .case_tables import all_cases
from .samples import judge, snapshot

#: What the evidence holds, and of which controls. Below the names of FREE each account has its own.
EVIDENCE: t.Final = (
    (
        "last_rotated, last_used, last_used_service, slot",
        "access_key_age, access_key_for_workload, access_key_of_setup, access_key_unused, admin_access_key",
    ),
    ("active", "access_key_single, console_user_without_key, external_access_analyzer, root_no_signing_certificate"),
    ("organization", "account_in_organization"),
    (
        "excused, services, services.allowed, services.used, tracked_actions, tracked_actions.allowed, "
        "tracked_actions.used, tracked_days, tracked_too_briefly, used_percent",
        "admin_mostly_unused",
    ),
    ("excused, services_allowed, services_used", "admin_over_provisioned"),
    ("attached_to, excused, inline", "admin_policy_attached"),
    ("attached_to", "admin_policy_unattached"),
    (
        "callers, not_caught",
        "alarm_bucket_policy_changes, alarm_cloudtrail_changes, alarm_config_changes, "
        "alarm_failed_sign_ins, alarm_gateway_changes, alarm_iam_policy_changes, alarm_kms_key_deletion, "
        "alarm_network_acl_changes, alarm_organization_changes, alarm_root_use, alarm_route_table_changes, "
        "alarm_security_group_changes, alarm_sign_in_without_mfa, alarm_unauthorized_calls, "
        "alarm_vpc_changes",
    ),
    ("missing", "analyzer_tagged, config_iam_rules, user_tagged"),
    ("expires", "api_key_expires, server_certificate_expired"),
    ("filter, rule", "archive_rule_broad"),
    ("last_used", "bedrock_access_stale, sagemaker_access_stale"),
    (
        "flaws, flaws.actions, flaws.detail, flaws.weakness",
        "boundary_grants_nothing, boundary_opens_iam, boundary_removable",
    ),
    ("declared, unusable, usable", "break_glass_principal"),
    ("last_used, limit_days, tag", "break_glass_tested, break_glass_unused"),
    ("features", "central_root_access"),
    ("members", "group_has_members"),
    ("policy", "cloudshell_full_access, password_policy_exists"),
    ("id, insufficient_data, regions, rules, type", "config_iam_compliant"),
    ("regions", "config_iam_recorded_once, config_records_iam"),
    ("recorders, resource_types", "config_recorder"),
    ("role", "config_recorder_role"),
    ("password_last_used", "console_password_unused"),
    ("usable", "contact_details"),
    ("distinct, registered", "contacts_distinct"),
    ("service, services", "delegated_administrators_valid"),
    ("account, delegated", "delegated_policy_administrator"),
    ("delegated_to, service, trusted_but_not_judged", "delegated_service_administrators"),
    ("kms_key_id", "event_alert_delivery"),
    ("missing, reasons", "event_alert_rules"),
    ("confirmed, pending", "event_alert_subscribers"),
    ("trails", "event_alert_trail, trail_log_group, trail_multi_region"),
    (
        "findings, owner_account, resource_type, types",
        "external_access_found, internal_access_found, unused_access_found",
    ),
    ("console_users, providers", "federated_people"),
    ("members, policies, policies.needs_mfa, policies.policy, policies.way", "group_admin"),
    ("instance_profile", "instance_role"),
    ("instances, roles_for_services, users", "management_account_without_workloads"),
    ("password", "member_root_without_password"),
    ("user", "mfa_device_unassigned"),
    ("accounts, accounts_in_all, attached", "organization_allows_something"),
    ("guardrails, path, policies", "organization_guardrails"),
    ("attached_to, cut_off, statements", "organization_mfa_pattern"),
    ("path", "organization_mfa_policy"),
    ("attached, limit, type", "organization_policy_slots"),
    ("accounts_by_unit", "organizational_units_by_environment"),
    (
        "policy, setting",
        "password_expiry, password_lowercase, password_min_length, password_number, password_reuse, "
        "password_symbol, password_uppercase",
    ),
    (
        "allows",
        "policy_assume_any_role, policy_decrypt_any_key, policy_full_cloudtrail, policy_full_kms, "
        "policy_marketplace_subscribe, policy_sensitive_wildcard, policy_service_wildcard",
    ),
    ("windows", "condition_expires_within"),
    (
        "ends_as, excused, organization_policies, path, path.actions, path.conditional, path.conditions, "
        "path.from, path.method, path.name, path.policies, path.to, path.via",
        "privilege_escalation_path",
    ),
    (
        "excused, privileged_actions, privileged_services, privileged_services.allowed, privileged_services.unused, "
        "tracked_days, tracked_too_briefly, without_evidence, worst, worst.escalation, worst.permissions_management, "
        "worst.privileged, worst.service",
        "privileged_access_unused",
    ),
    ("excused, policies, policies.needs_mfa, policies.policy, policies.way", "role_admin"),
    ("excused, missing", "role_tagged"),
    ("excused, last_used", "role_unused"),
    ("mfa, virtual_devices", "root_hardware_mfa"),
    ("mfa, password", "root_mfa_enabled"),
    ("access_keys_present, active, keys, last_used", "root_no_access_key"),
    ("access key 1, password, used_by", "root_not_used"),
    ("roles", "security_audit_role, support_role"),
    ("registered", "security_contact"),
    ("enabled, standards", "security_hub"),
    ("control, regions", "security_hub_iam_failed"),
    ("created, service", "service_credential_age"),
    ("last_rotated", "signing_certificate_age"),
    ("uploaded", "ssh_public_key_age"),
    ("path, state", "suspended_accounts_apart"),
    ("trail", "trail_encrypted, trail_log_validation"),
    (
        "terms, trusts",
        "trust_admin_mfa, trust_confused_deputy, trust_federated_subject, trust_foreign_account, "
        "trust_foreign_readonly, trust_not_public, trust_orphaned_principal",
    ),
    ("traces", "quarantine_without_incident"),
    ("denied_by", "role_sessions_revoked"),
    ("by_aws", "user_quarantined_by_aws"),
    ("policies, policies.needs_mfa, policies.policy, policies.way", "user_admin"),
    ("mfa_active, policies", "user_admin_without_mfa"),
    ("mfa_active, password_enabled", "user_console_mfa"),
    ("virtual_devices", "user_hardware_mfa"),
    ("mfa_active", "user_key_only_mfa"),
    ("attached, inline", "user_permissions_through_groups"),
    (
        "by, by.action, by.such_as, by.targets, can_become, can_make, excused, is, path, path.actions, "
        "path.conditional, path.conditions, path.from, path.method, path.name, path.policies, path.to, "
        "path.via",
        "writing_role_power",
    ),
)
FREE: t.Final = frozenset({"accounts_by_unit", "excused", "filter", "reasons"})
#: Its evidence is by the name of each standard.
BY_NAME: t.Final = "security_hub_standards"
EXPECTED: t.Final[Mapping[str, set[str]]] = {
    control: set(names.split(", ")) for names, controls in EVIDENCE for control in controls.split(", ")
}
#: What the controls count.
UNITS: t.Final = {
    *("API keys", "SSH public keys", "access keys", "accounts", "active findings", "alert rules", "analyzers"),
    *("archive rules", "attached policies", "boundaries", "break-glass principals", "contacts", "delegated accounts"),
    *("delegated administrators", "failed findings", "groups", "hubs", "instances", "levels", "metric filters"),
    *("organizations", "password policies", "policies", "principals", "recorders", "resources", "roles", "root users"),
    *("roots, units and accounts", "rules", "server certificates", "service credentials", "services"),
    *("signing certificates", "standards", "suspended accounts", "topics", "trails", "units", "users"),
    "virtual MFA devices",
}


@functools.cache
def findings() -> Mapping[str, tuple[Finding, ...]]:
    """What is found in an empty account and in all accounts of the case tables, by control."""
    found = {control.id: judge(control.id, snapshot()) for control in all_controls()}
    for case in all_cases():
        found[case.control] += judge(case.control, case.build(), **case.thresholds)
    return found


def names_in(value: t.Any, prefix: str = "") -> Iterator[str]:
    """The names in an evidence, each with those that it is below."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield f"{prefix}{name}"
            if name not in FREE:
                yield from names_in(item, f"{prefix}{name}.")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from names_in(item, prefix)


@pytest.mark.parametrize("control", [control.id for control in all_controls() if control.id != BY_NAME])
def test_the_names_in_evidence_are_known(control: str) -> None:
    found = {name for finding in findings()[control] for name in names_in(finding.evidence.observed)}
    assert found - {"population", "unit"} == EXPECTED.get(control, set())


@pytest.mark.parametrize("control", [control.id for control in all_controls()])
def test_whole_verdicts_count_what_was_judged(control: str) -> None:
    whole = [finding for finding in findings()[control] if "population" in (finding.evidence.observed or {})]
    assert {finding.evidence.observed["unit"] for finding in whole} <= UNITS
    judged = [finding for finding in whole if finding.status.value != "NOT_ASSESSED"]
    assert len({finding.evidence.observed["unit"] for finding in judged}) <= 1
    for finding in whole:
        population, unit = finding.evidence.observed["population"], finding.evidence.observed["unit"]
        # A control that does not apply found nothing of what it judges, and an account has one root.
        assert finding.status.value != "NOT_APPLICABLE" or population == 0
        assert unit != "root users" or population == (1 if finding.status.value == "PASS" else 0)
