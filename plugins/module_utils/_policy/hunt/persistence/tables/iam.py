# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Users, keys, policies, roles, trusts and identity providers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import typing as t

from ..conditions import sets
from ..model import Call, Check, Condition, Family, Rule, always

_USER: t.Final = "{userName|>userName|@user}"
_USER_ARN: t.Final = "arn:{@partition}:iam::{@account}:user/" + _USER
_ROLE_ARN: t.Final = "arn:{@partition}:iam::{@account}:role/{roleName}"
_GROUP_ARN: t.Final = "arn:{@partition}:iam::{@account}:group/{groupName}"
_BEFORE: t.Final = "the event does not show what was there before: "


def _iam(
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    check: t.Optional[tuple[str, ...]] = None,
    note: str = "",
    applies: Condition = always,
) -> Rule:
    return Rule(
        source="iam",
        names=tuple(names.split()),
        target=target,
        family=Family.IAM,
        undo=undo,
        check=Check(check[0], check[1:], is_global=True) if check else None,
        note=note,
        models=("iam",),
        applies=applies,
    )


def _call(operation: str, **parameters: t.Any) -> Call:
    return Call("iam", operation, parameters)


_CREDENTIALS: t.Final = (
    _iam(
        "CreateUser",
        "{>user.arn|>arn}",
        _call("DeleteUser", UserName="{userName}"),
        ("iam.user", "{userName}", "{>userId|}"),
        "delete its keys, policies and groups first",
    ),
    _iam(
        "CreateAccessKey",
        "{>accessKeyId}",
        _call("DeleteAccessKey", UserName=_USER, AccessKeyId="{>accessKeyId}"),
        ("iam.access_key", _USER, "{>accessKeyId}"),
        "deactivate it first: a deleted key can't be asked for its last use",
    ),
    _iam(
        "UpdateAccessKey",
        "{accessKeyId}",
        _call("UpdateAccessKey", UserName=_USER, AccessKeyId="{accessKeyId}", Status="Inactive"),
        ("iam.active_access_key", _USER, "{accessKeyId}"),
        applies=sets("status", "active"),
    ),
    _iam(
        "CreateLoginProfile",
        _USER_ARN,
        _call("DeleteLoginProfile", UserName=_USER),
        ("iam.login_profile", _USER),
    ),
    _iam(
        "UpdateLoginProfile",
        _USER_ARN,
        None,
        ("iam.login_profile", _USER),
        "the password was changed: let its owner set a new one, or delete the login profile",
    ),
    _iam(
        "CreateServiceSpecificCredential ResetServiceSpecificCredential",
        "{>serviceSpecificCredentialId|serviceSpecificCredentialId}",
        _call(
            "DeleteServiceSpecificCredential",
            UserName=_USER,
            ServiceSpecificCredentialId="{>serviceSpecificCredentialId|serviceSpecificCredentialId}",
        ),
        ("iam.service_credential", _USER, "{>serviceSpecificCredentialId|serviceSpecificCredentialId}"),
    ),
    _iam(
        "UploadSSHPublicKey",
        "{>sSHPublicKeyId}",
        _call("DeleteSSHPublicKey", UserName=_USER, SSHPublicKeyId="{>sSHPublicKeyId}"),
        ("iam.ssh_key", _USER, "{>sSHPublicKeyId}"),
    ),
    _iam(
        "UploadSigningCertificate",
        "{>certificateId}",
        _call("DeleteSigningCertificate", UserName=_USER, CertificateId="{>certificateId}"),
        ("iam.signing_certificate", _USER, "{>certificateId}"),
    ),
    _iam(
        "CreateVirtualMFADevice",
        "{>serialNumber}",
        _call("DeleteVirtualMFADevice", SerialNumber="{>serialNumber}"),
        ("iam.virtual_mfa_device", "{>serialNumber}"),
        "deactivate it first if it is in use",
    ),
    _iam(
        "EnableMFADevice",
        "{serialNumber}",
        _call("DeactivateMFADevice", UserName=_USER, SerialNumber="{serialNumber}"),
        ("iam.mfa_device", _USER, "{serialNumber}"),
    ),
    _iam(
        "DeactivateMFADevice",
        "{serialNumber}",
        None,
        ("iam.no_mfa_device", _USER, "{serialNumber}"),
        "only the owner can enrol the device again: it takes two of its codes",
    ),
)

_GIVEN: t.Final = (
    _iam(
        "CreateGroup",
        "{>group.arn|>arn}",
        _call("DeleteGroup", GroupName="{groupName}"),
        ("iam.group", "{groupName}"),
        "remove its users and policies first",
    ),
    _iam(
        "AddUserToGroup",
        _USER_ARN,
        _call("RemoveUserFromGroup", GroupName="{groupName}", UserName="{userName}"),
        ("iam.membership", "{userName}", "{groupName}"),
    ),
    _iam(
        "AttachUserPolicy",
        _USER_ARN,
        _call("DetachUserPolicy", UserName="{userName}", PolicyArn="{policyArn}"),
        ("iam.attached", "user", "{userName}", "{policyArn}"),
    ),
    _iam(
        "AttachRolePolicy",
        _ROLE_ARN,
        _call("DetachRolePolicy", RoleName="{roleName}", PolicyArn="{policyArn}"),
        ("iam.attached", "role", "{roleName}", "{policyArn}"),
    ),
    _iam(
        "AttachGroupPolicy",
        _GROUP_ARN,
        _call("DetachGroupPolicy", GroupName="{groupName}", PolicyArn="{policyArn}"),
        ("iam.attached", "group", "{groupName}", "{policyArn}"),
    ),
    _iam(
        "PutUserPolicy",
        _USER_ARN,
        _call("DeleteUserPolicy", UserName="{userName}", PolicyName="{policyName}"),
        ("iam.inline", "user", "{userName}", "{policyName}", "{policyDocument%|}"),
        _BEFORE + "a policy of the same name may have been there",
    ),
    _iam(
        "PutRolePolicy",
        _ROLE_ARN,
        _call("DeleteRolePolicy", RoleName="{roleName}", PolicyName="{policyName}"),
        ("iam.inline", "role", "{roleName}", "{policyName}", "{policyDocument%|}"),
        _BEFORE + "a policy of the same name may have been there",
    ),
    _iam(
        "PutGroupPolicy",
        _GROUP_ARN,
        _call("DeleteGroupPolicy", GroupName="{groupName}", PolicyName="{policyName}"),
        ("iam.inline", "group", "{groupName}", "{policyName}", "{policyDocument%|}"),
        _BEFORE + "a policy of the same name may have been there",
    ),
    _iam(
        "CreatePolicy",
        "{>policy.arn|>arn}",
        _call("DeletePolicy", PolicyArn="{>policy.arn|>arn}"),
        ("iam.policy", "{>policy.arn|>arn}"),
        "detach it everywhere first",
    ),
    _iam(
        "CreatePolicyVersion",
        "{policyArn}",
        _call("DeletePolicyVersion", PolicyArn="{policyArn}", VersionId="{>versionId}"),
        ("iam.policy_version", "{policyArn}", "{>versionId}"),
        "if it is the default version, make another one the default first",
    ),
    _iam(
        "SetDefaultPolicyVersion",
        "{policyArn}",
        None,
        ("iam.default_version", "{policyArn}", "{versionId}"),
        _BEFORE + "compare the versions, and make the right one the default",
    ),
    _iam(
        "DeleteUserPermissionsBoundary",
        _USER_ARN,
        None,
        ("iam.no_boundary", "user", "{userName}"),
        _BEFORE + "set the boundary of the declaration again",
    ),
    _iam(
        "DeleteRolePermissionsBoundary",
        _ROLE_ARN,
        None,
        ("iam.no_boundary", "role", "{roleName}"),
        _BEFORE + "set the boundary of the declaration again",
    ),
)

_ROLES: t.Final = (
    _iam(
        "CreateRole",
        "{>role.arn|>arn}",
        _call("DeleteRole", RoleName="{roleName}"),
        ("iam.role", "{roleName}", "{>roleId|}"),
        "delete its policies and take it out of instance profiles first",
    ),
    _iam(
        # The name comes from a template, and is in the response alone.
        "AcquireRole",
        "{>role.arn|>arn}",
        _call("DeleteRole", RoleName="{>roleName}"),
        ("iam.role", "{>roleName}", "{>roleId|}"),
        "delete its policies and take it out of instance profiles first",
    ),
    _iam(
        "UpdateAssumeRolePolicy",
        _ROLE_ARN,
        None,
        ("iam.trust", "{roleName}", "{policyDocument%}"),
        _BEFORE + "write the trust policy of the declaration again",
    ),
    _iam(
        "UpdateRole",
        _ROLE_ARN,
        None,
        None,
        _BEFORE + "compare the longest session durations. Sessions that are open keep theirs",
    ),
    _iam(
        "AddRoleToInstanceProfile",
        "arn:{@partition}:iam::{@account}:instance-profile/{instanceProfileName}",
        _call("RemoveRoleFromInstanceProfile", InstanceProfileName="{instanceProfileName}", RoleName="{roleName}"),
        ("iam.profile_role", "{instanceProfileName}", "{roleName}"),
    ),
    _iam(
        "CreateOpenIDConnectProvider",
        "{>openIDConnectProviderArn}",
        _call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn="{>openIDConnectProviderArn}"),
        ("iam.oidc_provider", "{>openIDConnectProviderArn}"),
    ),
    _iam(
        "AddClientIDToOpenIDConnectProvider",
        "{openIDConnectProviderArn}",
        _call(
            "RemoveClientIDFromOpenIDConnectProvider",
            OpenIDConnectProviderArn="{openIDConnectProviderArn}",
            ClientID="{clientID}",
        ),
        ("iam.oidc_client", "{openIDConnectProviderArn}", "{clientID}"),
    ),
    _iam(
        "UpdateOpenIDConnectProviderThumbprint",
        "{openIDConnectProviderArn}",
        None,
        ("iam.oidc_thumbprint", "{openIDConnectProviderArn}", "{thumbprintList*}"),
        _BEFORE + "compare the thumbprints with those of the identity provider",
    ),
    _iam(
        "CreateSAMLProvider",
        "{>sAMLProviderArn}",
        _call("DeleteSAMLProvider", SAMLProviderArn="{>sAMLProviderArn}"),
        ("iam.saml_provider", "{>sAMLProviderArn}"),
    ),
    _iam(
        "UpdateSAMLProvider",
        "{sAMLProviderArn}",
        None,
        None,
        _BEFORE + "upload the metadata of the identity provider again",
    ),
    _iam(
        "EnableOutboundWebIdentityFederation",
        "arn:{@partition}:iam::{@account}:root",
        _call("DisableOutboundWebIdentityFederation"),
        ("iam.outbound_federation",),
    ),
    _iam(
        "CreateDelegationRequest",
        "{>delegationRequestId}",
        _call("RejectDelegationRequest", DelegationRequestId="{>delegationRequestId}"),
    ),
    _iam(
        "AcceptDelegationRequest",
        "{delegationRequestId}",
        None,
        None,
        "an accepted request can't be taken back: revoke the sessions of its product, and ask AWS Support",
    ),
    _iam(
        "PutAccountProperties",
        "arn:{@partition}:iam::{@account}:root",
        None,
        None,
        _BEFORE + "compare them with iam:GetAccountProperties",
    ),
)

IAM_RULES: t.Final[tuple[Rule, ...]] = (*_CREDENTIALS, *_GIVEN, *_ROLES)
