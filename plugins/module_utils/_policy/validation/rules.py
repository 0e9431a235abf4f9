# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The rules that documents are validated against, and what is said of a document that breaks one.

Where Access Analyzer's ValidatePolicy has the same check, a rule bears its issue code in lower case, so that findings
of both can be joined: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing as t
from collections.abc import Mapping

from ..documents.policy import Position

_GUIDE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_CHECKS: t.Final = f"{_GUIDE}access-analyzer-reference-policy-checks.html"
_ORGANIZATIONS: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/"
_REFERENCE: t.Final = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)


class Severity(enum.StrEnum):
    """Access Analyzer's classes of findings, the gravest first.

    ERROR: a part of the document has no effect, or AWS refuses it. SECURITY_WARNING: it allows more than is wise.
    WARNING: it may not do what it seems to. SUGGESTION: it can be simpler or safer.
    """

    ERROR = "error"
    SECURITY_WARNING = "security_warning"
    WARNING = "warning"
    SUGGESTION = "suggestion"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule. ``learn_more`` is the page of AWS that it comes from."""

    code: str
    severity: Severity
    title: str
    learn_more: str


@dataclasses.dataclass(frozen=True)
class Issue:
    """A rule that a document breaks at one place; ``path`` is such as ``Statement[2].Action[0]``, empty for the whole.

    ``position`` is known where the document is JSON text.
    """

    code: str
    severity: Severity
    title: str
    message: str
    path: str = ""
    position: t.Optional[Position] = None
    learn_more: str = ""


def _page(name: str) -> str:
    return f"{_GUIDE}{name}.html"


_OPERATORS: t.Final = _page("reference_policies_elements_condition_operators")
_KEYS: t.Final = _page("reference_policies_condition-keys")
_MULTIVALUED: t.Final = _page("reference_policies_condition-single-vs-multi-valued-context-keys")
_PASS_ROLE: t.Final = _page("id_roles_use_passrole")
_LINKED: t.Final = _page("id_roles_create-service-linked-role")
_PRINCIPAL: t.Final = _page("reference_policies_elements_principal")
_ARNS: t.Final = _page("reference_identifiers")
_SCPS: t.Final = f"{_ORGANIZATIONS}orgs_manage_policies_scps_syntax.html"
_RCPS: t.Final = f"{_ORGANIZATIONS}orgs_manage_policies_rcps_syntax.html"
_MFA: t.Final = f"{_KEYS}#condition-keys-multifactorauthpresent"

_ERRORS: t.Final = (
    ("malformed_policy", "Malformed policy document", _page("reference_policies_grammar")),
    ("policy_too_large", "Policy larger than the limit of its type", _page("reference_iam-quotas")),
    ("invalid_service_in_action", "No such service", _REFERENCE),
    ("invalid_service", "No such service in an ARN", _CHECKS),
    ("invalid_service_principal_format", "Invalid service principal", f"{_PRINCIPAL}#principal-services"),
    ("missing_arn_field", "ARN with too few fields", _ARNS),
    ("several_arns_in_one", "Several ARNs in one text", _ARNS),
    ("invalid_arn_account", "Invalid account id", _ARNS),
    ("arn_of_other_partition", "ARN of another partition", _ARNS),
    ("invalid_condition_key_format", "Condition key without a prefix", _KEYS),
    ("invalid_global_condition_key", "No such global condition key", _KEYS),
    ("invalid_service_condition_key", "No such condition key of the service", _REFERENCE),
    ("duplicate_keys_with_different_case", "Condition key given twice", _CHECKS),
    ("missing_qualifier", "Key of several values without a set operator", _MULTIVALUED),
    (
        "condition_never_holds",
        "Condition that can never be true",
        _page("reference_policies_condition-logic-multiple-context-keys-or-values"),
    ),
    ("mfa_locks_out_machines", "MFA condition that keeps out machines", _MFA),
    ("mfa_deny_locks_out", "Deny without MFA that keeps out machines or access keys", _MFA),
    ("time_window_is_over", "Time window that is over", f"{_OPERATORS}#Conditions_Date"),
    ("private_ip_address", "Private address for aws:SourceIp", f"{_KEYS}#condition-keys-sourceip"),
    ("private_not_ip_address", "Private address for aws:SourceIp", f"{_KEYS}#condition-keys-sourceip"),
    (
        "variable_unsupported_in_version",
        "Policy variable in a version without them",
        _page("reference_policies_elements_version"),
    ),
    ("unsupported_wildcard_in_principal", "Wildcard in a principal", _PRINCIPAL),
    ("unsupported_action_in_policy", "Action that this type of policy does not support", _CHECKS),
    ("mismatched_action_for_principal", "Action that this type of principal can't call", _PRINCIPAL),
    ("scp_language_of_partition", "SCP element that the partition does not support", _SCPS),
    ("rcp_syntax_error_allow", "Allow in a resource control policy", _RCPS),
    ("rcp_syntax_error_principal", "Principal other than * in a resource control policy", _RCPS),
    ("rcp_syntax_error_notaction", "NotAction in a resource control policy", _RCPS),
    ("rcp_syntax_error_action", "Every action in a resource control policy", _RCPS),
)
_SECURITY_WARNINGS: t.Final = (
    ("administrator_access", "Everything is allowed", _page("best-practices")),
    ("allow_with_not_action", "Allow with NotAction", _page("reference_policies_elements_notaction")),
    ("allow_with_not_resource", "Allow with NotResource", _page("reference_policies_elements_notresource")),
    ("allow_with_not_principal", "Allow with NotPrincipal", _page("reference_policies_elements_notprincipal")),
    ("pass_role_with_star_in_resource", "PassRole on any role", _PASS_ROLE),
    ("pass_role_with_star_in_action_and_resource", "PassRole by a wildcard, on any role", _PASS_ROLE),
    ("pass_role_with_not_resource", "PassRole with NotResource", _PASS_ROLE),
    ("assume_role_on_any_role", "AssumeRole on any role", _page("id_roles_use_permissions-to-switch")),
    ("public_principal", "Allowed to everyone", f"{_PRINCIPAL}#principal-anonymous"),
    ("forallvalues_without_null_check", "ForAllValues that is true without the key", _MULTIVALUED),
    ("forallvalues_with_single_valued_key", "ForAllValues for a key of one value", _MULTIVALUED),
    ("mfa_if_exists_in_allow", "MFA checked only if the key exists", _MFA),
    ("mfa_null_check_in_allow", "MFA checked by the presence of its key", _MFA),
    (
        "string_like_operator_with_arn_condition_keys",
        "Wildcard of a string operator in an ARN",
        f"{_OPERATORS}#Conditions_ARN",
    ),
    ("mfa_deny_misses_access_keys", "Deny without MFA that does not apply to long-term keys", _MFA),
)
_WARNINGS: t.Final = (
    # No errors, since AWS adds actions almost daily, before the reference lists them.
    ("invalid_action", "No such action", _REFERENCE),
    ("wildcard_matches_no_action", "Wildcard that matches no action", _REFERENCE),
    # No errors, since which resources an action takes is what AWS most often changes.
    ("action_needs_all_resources", "Action without resource-level permissions", _REFERENCE),
    ("resource_does_not_fit_action", "Resource of a type that the action does not support", _REFERENCE),
    ("missing_version", "No version", _page("reference_policies_elements_version")),
    ("condition_key_unsupported_by_actions", "Condition key that none of the actions has", _REFERENCE),
    ("type_mismatch", "Operator that does not fit the type of the key", _OPERATORS),
    ("type_mismatch_boolean", "Value that is neither true nor false", _OPERATORS),
    ("type_mismatch_date", "Value that is not a date", _OPERATORS),
    ("type_mismatch_ip_range", "Value that is not an address range", _OPERATORS),
    ("type_mismatch_number", "Value that is not a number", _OPERATORS),
    ("type_mismatch_string", "Value that is not base64", _OPERATORS),
    ("wildcard_without_like_operator", "Wildcard that is taken literally", _OPERATORS),
    ("deny_with_not_principal", "Deny with NotPrincipal", _page("reference_policies_elements_notprincipal")),
    ("deny_where_key_is_absent", "Deny that also applies without the key", _OPERATORS),
    ("allow_shadowed_by_deny", "Allow that a Deny overrides", _page("reference_policies_evaluation-logic")),
    ("boundary_allows_nothing", "Allows nothing", _page("access_policies_boundaries")),
    ("create_slr_with_star_in_resource", "CreateServiceLinkedRole for any service", _LINKED),
    ("create_slr_with_star_in_action_and_resource", "CreateServiceLinkedRole by a wildcard, for any service", _LINKED),
    ("unusual_service_principal", "Service principal of an unusual form", f"{_KEYS}#condition-keys-calledvia"),
    ("time_window_with_one_end", "Time window with one end", f"{_OPERATORS}#Conditions_Date"),
    (
        "network_deny_lacks_operators",
        "Deny outside of networks that lacks an operator",
        _page("reference_policies_examples_aws_deny-ip"),
    ),
    ("ip_range_too_wide", "Range of aws:SourceIp that is most of the Internet", f"{_KEYS}#condition-keys-sourceip"),
    (
        "network_if_exists_in_allow",
        "Allow that asks for an address only if there is one",
        f"{_KEYS}#condition-keys-sourceip",
    ),
    ("time_equals_moment", "Time compared with one moment", f"{_OPERATORS}#Conditions_Date"),
    ("mfa_locks_out_enrolment", "MFA needed to enrol MFA", _MFA),
    ("mfa_not_required", "Allow for requests without MFA", _MFA),
    ("mfa_null_check_in_deny", "Deny by the presence of a key of MFA", _MFA),
    ("condition_without_values", "Condition without a value", _OPERATORS),
    ("tag_condition_is_changeable", "Tag that the principal may change", _page("access_tags")),
    # Access Analyzer's check is a suggestion. Yet the statement allows less than it lists.
    (
        "allow_with_unsupported_tag_condition_key_for_service",
        "Allow by a tag that the action does not support",
        _page("access_tags"),
    ),
)
_SUGGESTIONS: t.Final = (
    ("redundant_statement", "Statement that an earlier one covers", _CHECKS),
    ("redundant_action", "Action that another one covers", _CHECKS),
    ("redundant_resource", "Resource that another one covers", _CHECKS),
    ("resource_without_action", "Resource that no action uses", _REFERENCE),
    (
        "pass_role_without_service",
        "PassRole to any service",
        f"{_page('reference_policies_iam-condition-keys')}#ck_PassedToService",
    ),
    ("equivalent_to_null_false", "Condition that only checks whether the key exists", f"{_OPERATORS}#Conditions_Null"),
    ("missing_pass_role", "Action that needs PassRole", _PASS_ROLE),
)

RULES: t.Final[Mapping[str, Rule]] = types.MappingProxyType(
    {
        code: Rule(code, severity, title, learn_more)
        for severity, rows in (
            (Severity.ERROR, _ERRORS),
            (Severity.SECURITY_WARNING, _SECURITY_WARNINGS),
            (Severity.WARNING, _WARNINGS),
            (Severity.SUGGESTION, _SUGGESTIONS),
        )
        for code, title, learn_more in rows
    }
)


def issue(code: str, message: str, path: str = "", position: t.Optional[Position] = None) -> Issue:
    """An issue of the rule ``code``."""
    rule = RULES[code]
    return Issue(code, rule.severity, rule.title, message, path, position, rule.learn_more)
