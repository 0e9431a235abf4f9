# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Users, providers and entries by certificate: how to see whether they are still there."""

from __future__ import annotations

import typing as t

from .probe import (
    Answer,
    Judgement,
    Key,
    Probe,
    equals,
    give_parameters,
    holds_document,
    lists,
    name_parameters,
    negates,
    split_parts,
)

_GONE: t.Final = ("NoSuchEntity",)
_NO_RESOURCE: t.Final = ("ResourceNotFoundException",)


def _user(kind: str, operation: str, items: str, member: str) -> Probe:
    """A read of what a user has."""
    judge = lists(items, member, 1)
    return Probe(kind, "iam", operation, lambda key: {"UserName": key[0]}, judge, _GONE, items=items)


def _is_active_key(answer: Answer, key: Key) -> Judgement:
    return any(
        item.get("AccessKeyId") == key[1] and item.get("Status") == "Active"
        for item in answer.get("AccessKeyMetadata") or ()
    )


def _is_default_version(answer: Answer, key: Key) -> Judgement:
    return any(
        item.get("VersionId") == key[1] and bool(item.get("IsDefaultVersion")) for item in answer.get("Versions") or ()
    )


def _has_thumbprint(answer: Answer, key: Key) -> Judgement:
    today = {str(one).lower() for one in answer.get("ThumbprintList") or ()}
    return bool(today & {one.lower() for one in split_parts(key[1])})


_IAM: t.Final = (
    _user("iam.access_key", "ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
    Probe(
        "iam.active_access_key",
        "iam",
        "ListAccessKeys",
        lambda key: {"UserName": key[0]},
        _is_active_key,
        _GONE,
        items="AccessKeyMetadata",
    ),
    Probe("iam.login_profile", "iam", "GetLoginProfile", name_parameters("UserName"), absent=_GONE),
    _user(
        "iam.service_credential",
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
    ),
    _user("iam.ssh_key", "ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
    _user("iam.signing_certificate", "ListSigningCertificates", "Certificates", "CertificateId"),
    _user("iam.mfa_device", "ListMFADevices", "MFADevices", "SerialNumber"),
    Probe(
        "iam.no_mfa_device",
        "iam",
        "ListMFADevices",
        lambda key: {"UserName": key[0]},
        negates(lists("MFADevices", "SerialNumber", 1)),
        _GONE,
        items="MFADevices",
    ),
    Probe(
        "iam.policy_version",
        "iam",
        "ListPolicyVersions",
        lambda key: {"PolicyArn": key[0]},
        lists("Versions", "VersionId", 1),
        _GONE,
        items="Versions",
    ),
    Probe(
        "iam.default_version",
        "iam",
        "ListPolicyVersions",
        lambda key: {"PolicyArn": key[0]},
        _is_default_version,
        _GONE,
        items="Versions",
    ),
    Probe(
        "iam.oidc_client",
        "iam",
        "GetOpenIDConnectProvider",
        lambda key: {"OpenIDConnectProviderArn": key[0]},
        lambda answer, key: key[1] in (answer.get("ClientIDList") or ()),
        _GONE,
    ),
    Probe(
        "iam.oidc_thumbprint",
        "iam",
        "GetOpenIDConnectProvider",
        lambda key: {"OpenIDConnectProviderArn": key[0]},
        _has_thumbprint,
        _GONE,
    ),
    Probe(
        "iam.outbound_federation",
        "iam",
        "GetOutboundWebIdentityFederationInfo",
        give_parameters(),
        equals("JwtVendingEnabled", values=(True,)),
        ("FeatureDisabledException", "FeatureDisabled"),
    ),
)

_ANYWHERE: t.Final = (
    Probe(
        "rolesanywhere.anchor", "rolesanywhere", "GetTrustAnchor", name_parameters("trustAnchorId"), absent=_NO_RESOURCE
    ),
    Probe(
        "rolesanywhere.enabled_anchor",
        "rolesanywhere",
        "GetTrustAnchor",
        name_parameters("trustAnchorId"),
        equals("trustAnchor", "enabled", values=(True,)),
        _NO_RESOURCE,
    ),
    Probe("rolesanywhere.profile", "rolesanywhere", "GetProfile", name_parameters("profileId"), absent=_NO_RESOURCE),
    Probe(
        "rolesanywhere.enabled_profile",
        "rolesanywhere",
        "GetProfile",
        name_parameters("profileId"),
        equals("profile", "enabled", values=(True,)),
        _NO_RESOURCE,
    ),
)

_CENTER: t.Final = (
    Probe(
        "sso.assignment",
        "sso-admin",
        "ListAccountAssignments",
        lambda key: {"InstanceArn": key[0], "AccountId": key[1], "PermissionSetArn": key[2]},
        lists("AccountAssignments", "PrincipalId", 3),
        _NO_RESOURCE,
        items="AccountAssignments",
    ),
    Probe(
        "sso.permission_set",
        "sso-admin",
        "DescribePermissionSet",
        name_parameters("InstanceArn", "PermissionSetArn"),
        absent=_NO_RESOURCE,
    ),
    Probe(
        "sso.inline",
        "sso-admin",
        "GetInlinePolicyForPermissionSet",
        lambda key: {"InstanceArn": key[0], "PermissionSetArn": key[1]},
        holds_document("InlinePolicy"),
        _NO_RESOURCE,
    ),
    Probe(
        "sso.attached",
        "sso-admin",
        "ListManagedPoliciesInPermissionSet",
        lambda key: {"InstanceArn": key[0], "PermissionSetArn": key[1]},
        lists("AttachedManagedPolicies", "Arn", 2),
        _NO_RESOURCE,
        items="AttachedManagedPolicies",
    ),
    Probe(
        "sso.token_issuer",
        "sso-admin",
        "DescribeTrustedTokenIssuer",
        name_parameters("TrustedTokenIssuerArn"),
        absent=_NO_RESOURCE,
    ),
    Probe("sso.instance", "sso-admin", "DescribeInstance", name_parameters("InstanceArn"), absent=_NO_RESOURCE),
    Probe(
        "identitystore.membership",
        "identitystore",
        "DescribeGroupMembership",
        name_parameters("IdentityStoreId", "MembershipId"),
        absent=_NO_RESOURCE,
    ),
    Probe(
        "identitystore.user",
        "identitystore",
        "DescribeUser",
        name_parameters("IdentityStoreId", "UserId"),
        absent=_NO_RESOURCE,
    ),
)

IDENTITY_PROBES: t.Final[tuple[Probe, ...]] = (*_IAM, *_ANYWHERE, *_CENTER)
