# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Assumptions about AWS on which guards, refusals and verdicts of this collection rest."""

from __future__ import annotations

import dataclasses
import typing as t

_GUIDE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_API: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference"
_QUOTAS: t.Final = f"{_GUIDE}/reference_iam-quotas.html"
_CONDITIONS: t.Final = f"{_GUIDE}/reference_policies_elements_condition_operators.html"
_DENIALS: t.Final = f"{_GUIDE}/troubleshoot_access-denied.html"

ALLOWED: t.Final = "allowed"


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One assumption: what AWS does, what relies on it, and where AWS documents it.

    ``expected`` is what an experiment observes where the assumption holds. ``is_vital`` marks those on which guards and
    refusals rest most. ``confirmed`` is the date on which a real account confirmed it, or None.
    """

    id: str
    statement: str
    relied_on_by: str
    source: str
    expected: str
    is_vital: bool = False
    confirmed: t.Optional[str] = None


ASSUMPTIONS: t.Final = (
    Assumption(
        "inactive_key_is_refused",
        "A call with a deactivated access key is refused.",
        "access_keys: deactivation contains a key",
        f"{_GUIDE}/id_credentials_access-keys_update.html",
        "InvalidClientTokenId",
        is_vital=True,
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
    ),
    Assumption(
        "boundary_policy_is_kept",
        "A managed policy that is somebody's permissions boundary can't be deleted.",
        "permissions_boundary: a boundary is never lost by the deletion of its policy",
        f"{_GUIDE}/access_policies_managed-delete.html",
        "DeleteConflict",
        is_vital=True,
    ),
    Assumption(
        "boundary_holders_are_listed",
        "ListEntitiesForPolicy lists the principals that have a policy as their boundary.",
        "affected principals, read again right before a write",
        f"{_API}/API_ListEntitiesForPolicy.html",
        "the user is listed",
        is_vital=True,
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
    ),
    Assumption(
        "absent_attachment_is_refused",
        "The detachment of a policy that is not attached is refused.",
        "journal: somebody else's detachment is never recorded as ours",
        f"{_API}/API_DetachUserPolicy.html",
        "NoSuchEntity",
        is_vital=True,
    ),
    Assumption(
        "boundary_limits_a_user",
        "A call that the identity policies allow and the permissions boundary does not is denied.",
        "permissions_boundary; prediction; the paths of privilege escalation",
        f"{_GUIDE}/access_policies_boundaries.html",
        "AccessDenied",
        is_vital=True,
    ),
    Assumption(
        "denial_names_the_boundary",
        "The message of such a denial names the permissions boundary.",
        "rollout, policy_impact_info: a denial is attributed to the policy that its message names",
        _DENIALS,
        "because no permissions boundary allows",
    ),
    Assumption(
        "bool_ignores_an_absent_key",
        "A Deny with Bool on aws:MultiFactorAuthPresent does not stop an access key, whose calls lack this key.",
        "organization_mfa_pattern, organization_mfa_policy: such a policy does not enforce MFA",
        _CONDITIONS,
        ALLOWED,
        is_vital=True,
    ),
    Assumption(
        "bool_if_exists_includes_an_absent_key",
        "A Deny with BoolIfExists on aws:MultiFactorAuthPresent stops an access key.",
        "mfa_enforcement; the losses that it predicts",
        _CONDITIONS,
        "AccessDenied",
        is_vital=True,
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
)
