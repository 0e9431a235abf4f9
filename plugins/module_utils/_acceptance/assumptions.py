# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Assumptions about AWS on which guards, refusals and verdicts of this collection rest."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection

_GUIDE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_API: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference"
_QUOTAS: t.Final = f"{_GUIDE}/reference_iam-quotas.html"
_CONDITIONS: t.Final = f"{_GUIDE}/reference_policies_elements_condition_operators.html"
_DENIALS: t.Final = f"{_GUIDE}/troubleshoot_access-denied.html"

ALLOWED: t.Final = "allowed"


class Need(enum.StrEnum):
    """What a run must be given to try an assumption, besides a sandbox."""

    NOTHING = "nothing"
    ACCOUNT_SETTINGS = "acceptance_account_settings: true"
    JOURNAL_IN_S3 = "hardening_journal: s3://bucket/prefix"


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One assumption: what AWS does, what relies on it, and where AWS documents it.

    ``expected`` is what an experiment observes where the assumption holds. ``is_vital`` marks those on which guards and
    refusals rest most. The plans and verdicts of ``modules`` are wrong where it does not hold.
    ``confirmed`` is the date on which a real account confirmed it, or None. ``needs`` is what a run must be given to
    try it.
    """

    id: str
    statement: str
    relied_on_by: str
    source: str
    expected: str
    is_vital: bool = False
    modules: tuple[str, ...] = ()
    confirmed: t.Optional[str] = None
    needs: Need = Need.NOTHING


ASSUMPTIONS: t.Final = (
    Assumption(
        "inactive_key_is_refused",
        "A call with a deactivated access key is refused.",
        "access_keys: deactivation contains a key",
        f"{_GUIDE}/id_credentials_access-keys_update.html",
        "InvalidClientTokenId",
        is_vital=True,
        modules=("access_key_lifecycle", "access_key_rotation", "credential_quarantine", "key_migration"),
    ),
    Assumption(
        "reactivated_key_works",
        "A deactivated access key works again once it is active.",
        "access_keys: the deactivation of a key can be undone",
        f"{_API}/API_UpdateAccessKey.html",
        ALLOWED,
    ),
    Assumption(
        "third_key_is_refused",
        "A user has at most two access keys.",
        "access_keys: rotation makes the second key, and never a third",
        _QUOTAS,
        "LimitExceeded",
    ),
    Assumption(
        "user_with_key_is_kept",
        "A user that still has an access key can't be deleted.",
        "user_permissions: removal goes step by step",
        f"{_API}/API_DeleteUser.html",
        "DeleteConflict",
    ),
    Assumption(
        "attached_policy_is_kept",
        "A managed policy that is attached to a principal can't be deleted.",
        "permissions_boundary, user_permissions: detach before delete",
        f"{_API}/API_DeletePolicy.html",
        "DeleteConflict",
        is_vital=True,
        modules=("permissions_boundary", "user_permissions"),
    ),
    Assumption(
        "boundary_policy_is_kept",
        "A managed policy that is somebody's permissions boundary can't be deleted.",
        "permissions_boundary: a boundary is never lost by the deletion of its policy",
        f"{_GUIDE}/access_policies_managed-delete.html",
        "DeleteConflict",
        is_vital=True,
        modules=("permissions_boundary",),
    ),
    Assumption(
        "boundary_holders_are_listed",
        "ListEntitiesForPolicy lists the principals that have a policy as their boundary.",
        "affected principals, read again right before a write",
        f"{_API}/API_ListEntitiesForPolicy.html",
        "the user is listed",
        is_vital=True,
        modules=("permissions_boundary", "policy_scope", "user_permissions", "least_privilege"),
    ),
    Assumption(
        "sixth_version_is_refused",
        "A managed policy has at most five versions.",
        "permissions_boundary: the oldest version is removed first",
        _QUOTAS,
        "LimitExceeded",
    ),
    Assumption(
        "existing_entity_is_refused",
        "Creation of an entity whose name is taken is refused.",
        "journal: somebody else's entity is never recorded as ours",
        f"{_API}/API_CreateUser.html",
        "EntityAlreadyExists",
        is_vital=True,
        modules=("permissions_boundary", "policy_scope", "user_permissions", "least_privilege"),
    ),
    Assumption(
        "absent_attachment_is_refused",
        "The detachment of a policy that is not attached is refused.",
        "journal: somebody else's detachment is never recorded as ours",
        f"{_API}/API_DetachUserPolicy.html",
        "NoSuchEntity",
        is_vital=True,
        modules=("permissions_boundary", "policy_scope", "user_permissions", "least_privilege"),
    ),
    Assumption(
        "boundary_limits_a_user",
        "A call that the identity policies allow and the permissions boundary does not is denied.",
        "permissions_boundary; prediction; the paths of privilege escalation",
        f"{_GUIDE}/access_policies_boundaries.html",
        "AccessDenied",
        is_vital=True,
        modules=("permissions_boundary", "least_privilege"),
    ),
    Assumption(
        "denial_names_the_boundary",
        "The message of such a denial names the permissions boundary.",
        "rollout, policy_impact_info: a denial is attributed to the policy that its message names",
        _DENIALS,
        "AccessDenied",
    ),
    Assumption(
        "bool_ignores_an_absent_key",
        "A Deny with Bool on aws:MultiFactorAuthPresent does not stop an access key, whose calls lack this key.",
        "organization_mfa_pattern, organization_mfa_policy: such a policy does not enforce MFA",
        _CONDITIONS,
        ALLOWED,
        is_vital=True,
        modules=("organization_policy",),
    ),
    Assumption(
        "bool_if_exists_includes_an_absent_key",
        "A Deny with BoolIfExists on aws:MultiFactorAuthPresent stops an access key.",
        "mfa_enforcement; the losses that it predicts",
        _CONDITIONS,
        "AccessDenied",
        is_vital=True,
        modules=("organization_policy",),
    ),
    Assumption(
        "action_names_ignore_case",
        "Names of actions in policies match in any letter case.",
        "every evaluation of policies",
        f"{_GUIDE}/reference_policies_elements_action.html",
        ALLOWED,
    ),
    Assumption(
        "external_id_is_needed",
        "A role whose trust policy asks for an external id can't be assumed without it.",
        "trust_foreign_account; break-glass counts only if somebody can assume it",
        f"{_GUIDE}/id_roles_common-scenarios_third-party.html",
        "without it AccessDenied, with it allowed",
        is_vital=True,
    ),
    Assumption(
        "chained_session_is_an_hour",
        "A session that assumes a further role gets one hour at most.",
        "aws_assume_role_arn: the duration of a chained session",
        f"{_GUIDE}/id_roles.html#iam-term-role-chaining",
        "ValidationError",
    ),
    Assumption(
        "deleted_principal_becomes_an_id",
        "A trust policy names a deleted user by its unique id.",
        "trust_orphaned_principal",
        f"{_GUIDE}/reference_policies_elements_principal.html",
        "the unique id of the deleted user",
    ),
    Assumption(
        "recreated_user_is_another",
        "A user that is created again under the same name has another unique id, and no trust policy names it.",
        "evidence is bound to unique ids",
        f"{_GUIDE}/reference_identifiers.html#identifiers-unique-ids",
        "another unique id",
    ),
    Assumption(
        "new_role_was_never_used",
        "A role that nobody has assumed has no date of last use.",
        "role_unused; prediction",
        f"{_API}/API_RoleLastUsed.html",
        "no date",
    ),
    Assumption(
        "policy_is_returned_as_written",
        "IAM returns the document of a policy as it was written.",
        "plans compare the document that is there with the declared one",
        f"{_API}/API_GetPolicyVersion.html",
        "the same document",
    ),
    Assumption(
        "simulation_includes_the_boundary",
        "SimulatePrincipalPolicy judges the permissions boundary of the principal.",
        "preflight; policy_simulation_info with the engine aws",
        f"{_API}/API_SimulatePrincipalPolicy.html",
        "implicitDeny",
    ),
    Assumption(
        "details_are_complete",
        "GetAccountAuthorizationDetails has a user with its group, inline policy and boundary.",
        "every assessment and every plan",
        f"{_API}/API_GetAccountAuthorizationDetails.html",
        "group, inline policy and boundary",
    ),
    Assumption(
        "token_issue_time_cuts_sessions",
        "A Deny with DateLessThan on aws:TokenIssueTime stops running sessions of a role, and no later one.",
        "session_revocation, credential_quarantine: a cut ends sessions that are in use",
        f"{_GUIDE}/id_roles_use_revoke-sessions.html",
        "the running session is denied, a later one allowed",
        is_vital=True,
        modules=("session_revocation", "credential_quarantine", "organization_containment"),
    ),
    Assumption(
        "sessions_of_an_inactive_key_go_on",
        "A session that was opened with an access key works on after the key is deactivated.",
        "credential_quarantine: sessions are denied apart from the key",
        f"{_GUIDE}/id_credentials_temp_control-access_disable-perms.html",
        ALLOWED,
    ),
    Assumption(
        "password_policy_update_resets",
        "UpdateAccountPasswordPolicy sets a setting that the request leaves out to its default.",
        "password_policy: each request has all settings",
        f"{_API}/API_UpdateAccountPasswordPolicy.html",
        "it is reset",
        needs=Need.ACCOUNT_SETTINGS,
    ),
    Assumption(
        "principal_arn_of_a_session_is_the_role",
        "In a request of a role's session, aws:PrincipalArn is the ARN of the role and not that of the session.",
        "exemptions of control policies, containment from above",
        f"{_GUIDE}/reference_policies_condition-keys.html",
        "the ARN of the role",
        is_vital=True,
        modules=("organization_policy", "organization_containment", "session_revocation"),
    ),
    Assumption(
        "resource_tag_limits_new_keys",
        "A condition on iam:ResourceTag limits the users for whom an access key may be created.",
        "access_key_rotation: the policy of the role that rotates",
        f"{_GUIDE}/reference_policies_iam-condition-keys.html",
        "with the tag allowed, without it AccessDenied",
    ),
    Assumption(
        "denial_stays",
        "Once a call was denied by a new policy, no later call with the same credential is allowed.",
        "session_revocation, credential_quarantine: the check after a containment",
        f"{_GUIDE}/troubleshoot_general.html#troubleshoot_general_eventual-consistency",
        "denied each time",
        is_vital=True,
        modules=("session_revocation", "credential_quarantine", "organization_containment"),
    ),
    Assumption(
        "conditional_writes_are_kept",
        "The bucket of the journal refuses a write whose If-None-Match or If-Match is not met.",
        "journals, leases and approvals in S3: of two jobs one gets the lease",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
        "both conditions are kept",
        needs=Need.JOURNAL_IN_S3,
    ),
)


def list_unconfirmed(modules: Collection[str]) -> tuple[Assumption, ...]:
    """List the vital assumptions on which these modules rest and that no real account has confirmed."""
    named = frozenset(modules)
    return tuple(
        item for item in ASSUMPTIONS if item.is_vital and item.confirmed is None and not named.isdisjoint(item.modules)
    )
