# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Entry by certificate, and by the sign-in services."""

from __future__ import annotations

import typing as t

from ..model import Call, Check, Family, Rule

_ANCHOR: t.Final = "{>trustAnchorId|trustAnchorId}"
_PROFILE: t.Final = "{>profileId|profileId}"
_ASSIGNMENT: t.Final = {
    "InstanceArn": "{instanceArn}",
    "TargetId": "{targetId}",
    "TargetType": "{targetType}",
    "PermissionSetArn": "{permissionSetArn}",
    "PrincipalType": "{principalType}",
    "PrincipalId": "{principalId}",
}


def _anywhere(names: str, target: str, operation: str, check: str, **parameters: str) -> Rule:
    return Rule(
        source="rolesanywhere",
        names=tuple(names.split()),
        target=target,
        family=Family.CERTIFICATE,
        undo=Call("rolesanywhere", operation, parameters),
        check=Check(check, tuple(parameters.values())),
        models=("rolesanywhere",),
    )


_CERTIFICATES: t.Final = (
    _anywhere(
        "CreateTrustAnchor",
        "{>trustAnchorArn|>trustAnchorId}",
        "DeleteTrustAnchor",
        "rolesanywhere.anchor",
        trustAnchorId=_ANCHOR,
    ),
    _anywhere(
        "EnableTrustAnchor UpdateTrustAnchor",
        "{>trustAnchorArn|trustAnchorId}",
        "DisableTrustAnchor",
        "rolesanywhere.enabled_anchor",
        trustAnchorId=_ANCHOR,
    ),
    _anywhere(
        "CreateProfile", "{>profileArn|>profileId}", "DeleteProfile", "rolesanywhere.profile", profileId=_PROFILE
    ),
    _anywhere(
        "EnableProfile UpdateProfile",
        "{>profileArn|profileId}",
        "DisableProfile",
        "rolesanywhere.enabled_profile",
        profileId=_PROFILE,
    ),
)

_NOT_LISTED: t.Final = "whether it is still there is not read: look in Identity Center"


def _center(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call],
    check: tuple[str, ...],
    note: str = "",
    model: str = "sso-admin",
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.SIGN_IN,
        undo=undo,
        check=Check(check[0], check[1:]),
        note=note,
        models=(model,),
    )


def _sso(operation: str, **parameters: str) -> Call:
    return Call("sso-admin", operation, parameters)


_SIGN_IN: t.Final = (
    Rule(
        source="signin",
        names=("PutResourcePermissionStatement",),
        target="{>statementId}",
        family=Family.SIGN_IN,
        undo=Call("signin", "DeleteResourcePermissionStatement", {"statementId": "{>statementId}"}),
        note="whether it is still there is not read: signin:ListResourcePermissionStatements lists it",
        models=("signin",),
    ),
    Rule(
        source="signin",
        names=("PutConsoleAuthorizationConfiguration",),
        target="{>targetId|targetId|@account}",
        family=Family.SIGN_IN,
        undo=Call("signin", "DeleteConsoleAuthorizationConfiguration", {"targetId": "{>targetId|targetId}"}),
        note="whether it is still there is not read: signin:GetConsoleAuthorizationConfiguration shows it",
        models=("signin",),
    ),
    _center(
        "sso",
        "CreateAccountAssignment",
        "{principalId}",
        _sso("DeleteAccountAssignment", **_ASSIGNMENT),
        ("sso.assignment", "{instanceArn}", "{targetId}", "{permissionSetArn}", "{principalId}"),
    ),
    _center(
        "sso",
        "CreatePermissionSet",
        "{>permissionSetArn}",
        _sso("DeletePermissionSet", InstanceArn="{instanceArn}", PermissionSetArn="{>permissionSetArn}"),
        ("sso.permission_set", "{instanceArn}", "{>permissionSetArn}"),
    ),
    _center(
        "sso",
        "PutInlinePolicyToPermissionSet",
        "{permissionSetArn}",
        _sso("DeleteInlinePolicyFromPermissionSet", InstanceArn="{instanceArn}", PermissionSetArn="{permissionSetArn}"),
        ("sso.inline", "{instanceArn}", "{permissionSetArn}", "{inlinePolicy%}"),
        "the event does not show the policy before. Provision the permission set again afterwards",
    ),
    _center(
        "sso",
        "AttachManagedPolicyToPermissionSet",
        "{permissionSetArn}",
        _sso(
            "DetachManagedPolicyFromPermissionSet",
            InstanceArn="{instanceArn}",
            PermissionSetArn="{permissionSetArn}",
            ManagedPolicyArn="{managedPolicyArn}",
        ),
        ("sso.attached", "{instanceArn}", "{permissionSetArn}", "{managedPolicyArn}"),
        "provision the permission set again afterwards",
    ),
    _center(
        "sso",
        "CreateTrustedTokenIssuer",
        "{>trustedTokenIssuerArn}",
        _sso("DeleteTrustedTokenIssuer", TrustedTokenIssuerArn="{>trustedTokenIssuerArn}"),
        ("sso.token_issuer", "{>trustedTokenIssuerArn}"),
    ),
    _center(
        "sso",
        "CreateInstance",
        "{>instanceArn}",
        _sso("DeleteInstance", InstanceArn="{>instanceArn}"),
        ("sso.instance", "{>instanceArn}"),
    ),
    _center(
        "identitystore",
        "CreateGroupMembership",
        "{>membershipId}",
        Call(
            "identitystore",
            "DeleteGroupMembership",
            {"IdentityStoreId": "{identityStoreId}", "MembershipId": "{>membershipId}"},
        ),
        ("identitystore.membership", "{identityStoreId}", "{>membershipId}"),
        model="identitystore",
    ),
    _center(
        "identitystore",
        "CreateUser",
        "{>userId}",
        Call("identitystore", "DeleteUser", {"IdentityStoreId": "{identityStoreId}", "UserId": "{>userId}"}),
        ("identitystore.user", "{identityStoreId}", "{>userId}"),
        model="identitystore",
    ),
    # The console works on the directory by operations of its own, which no SDK has:
    # https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html
    Rule(
        source="sso-directory",
        names=("AddMemberToGroup", "CreateUser"),
        target="{memberId|>userId|groupId|userName}",
        family=Family.SIGN_IN,
        note=_NOT_LISTED,
    ),
)

ENTRY_RULES: t.Final[tuple[Rule, ...]] = (*_CERTIFICATES, *_SIGN_IN)
