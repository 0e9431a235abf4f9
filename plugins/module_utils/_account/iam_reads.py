# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of IAM itself: a fixed number of calls, and one more for every 1,000 objects; none per principal."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator
from datetime import datetime

from . import authorization_details, credential_report, fields
from .model import (
    CredentialReport,
    PasswordPolicy,
    ServerCertificate,
    ServiceSpecificCredential,
    UnreadKind,
    VirtualMfaDevice,
)
from .source import Fields, Record, Source, Unreadable, check_account

# The largest page of IAM's lists; the default is 100.
PAGE: t.Final = 1000

# How long AWS may take over a credential report (seconds between polls, in all: two minutes). Small accounts have
# theirs within a second or two, tens of thousands of users take a minute.
_PATIENCE: t.Final = (0.25, 0.5, 1.0, 2.0, 3.0, *(5.0,) * 23)


def read_authorization_details(source: Source) -> Fields:
    """Users, groups, roles and policies, with their documents."""
    parameters = {"Filter": list(authorization_details.FILTER), "MaxItems": PAGE}
    found = authorization_details.parse(
        source.pages("iam", "GetAccountAuthorizationDetails", "UserDetailList", parameters)
    )
    check_account(source, (entity.arn for entities in found.values() for entity in entities))
    return found


def read_credential_report(source: Source) -> Fields:
    """The credential report, made anew where AWS's own is older than four hours."""
    for seconds in (*_PATIENCE, None):
        # LimitExceeded: somebody else keeps asking for it. The report may be there all the same.
        made = source.call_unless({"LimitExceeded"}, "iam", "GenerateCredentialReport")
        if made is None or fields.text(made, "State") == "COMPLETE":
            report = _read_existing_report(source)
            if report is not None:
                return {"credential_report": report}
        if seconds is not None:
            source.wait(seconds)
    raise Unreadable(
        UnreadKind.UNREACHABLE,
        f"AWS had not finished the credential report after {sum(_PATIENCE):.0f} seconds",
        operation="iam:GenerateCredentialReport",
    )


def _read_existing_report(source: Source) -> t.Optional[CredentialReport]:
    """Read the report that AWS holds; None if it has none (any more, or yet)."""
    operation = "iam:GetCredentialReport"
    not_now = {"ReportNotPresent", "ReportExpired", "ReportInProgress"}
    answer = source.call_unless(not_now, "iam", "GetCredentialReport")
    if answer is None:
        return None
    content = answer.get("Content")
    if not isinstance(content, (bytes, str)):
        raise Unreadable(UnreadKind.UNPARSABLE, "the credential report has no content", operation=operation)
    generated: datetime = fields.require_moment(answer, "GeneratedTime")
    try:
        return credential_report.parse(content, generated=generated)
    except credential_report.CredentialReportError as error:
        raise Unreadable(UnreadKind.UNPARSABLE, f"the credential report: {error}", operation=operation) from error


def read_account_summary(source: Source) -> Fields:
    """Counts, quotas and the flags of root."""
    summary = fields.structure(source.call("iam", "GetAccountSummary"), "SummaryMap")
    return {"summary": {name: fields.number(summary, name) for name in sorted(summary)}}


def read_account_aliases(source: Source) -> Fields:
    """The account's one alias, or None."""
    aliases = source.call("iam", "ListAccountAliases").get("AccountAliases")
    if not isinstance(aliases, list):
        raise Unreadable(UnreadKind.UNPARSABLE, "AWS's answer does not parse: AccountAliases is missing")
    return {"account_alias": str(aliases[0]) if aliases else None}


def read_password_policy(source: Source) -> Fields:
    """The password policy; None where the account never set one, so that AWS's default holds."""
    answer = source.call_unless({"NoSuchEntity"}, "iam", "GetAccountPasswordPolicy")
    return {"password_policy": None if answer is None else password_policy(answer)}


def password_policy(answer: Record) -> PasswordPolicy:
    """The policy in an answer of GetAccountPasswordPolicy, which leaves out what is off.

    :raises Unreadable: the answer holds no policy.
    """
    policy = fields.structure(answer, "PasswordPolicy")
    return PasswordPolicy(
        # AWS's default, should an answer lack it.
        minimum_length=fields.number(policy, "MinimumPasswordLength") or 6,
        require_symbols=fields.flag(policy, "RequireSymbols"),
        require_numbers=fields.flag(policy, "RequireNumbers"),
        require_uppercase=fields.flag(policy, "RequireUppercaseCharacters"),
        require_lowercase=fields.flag(policy, "RequireLowercaseCharacters"),
        allow_users_to_change=fields.flag(policy, "AllowUsersToChangePassword"),
        max_age_days=fields.number(policy, "MaxPasswordAge") or None,
        reuse_prevention=fields.number(policy, "PasswordReusePrevention") or None,
        hard_expiry=fields.optional_flag(policy, "HardExpiry"),
    )


def read_virtual_mfa_devices(source: Source) -> Fields:
    """Virtual MFA devices, root's and unassigned ones included."""
    devices = [
        VirtualMfaDevice(
            serial_number=fields.text(device, "SerialNumber"),
            user_arn=_owner(device),
            enabled=fields.moment(device, "EnableDate"),
        )
        for device in _items(source, "ListVirtualMFADevices", "VirtualMFADevices", AssignmentStatus="Any")
    ]
    check_account(source, (arn for device in devices for arn in (device.serial_number, device.user_arn) if arn))
    return {"virtual_mfa_devices": tuple(sorted(devices, key=lambda device: device.serial_number))}


def _owner(device: Record) -> t.Optional[str]:
    # An unassigned device may come with an empty structure.
    user = fields.optional_structure(device, "User")
    return fields.optional_text(user, "Arn") if user else None


def read_server_certificates(source: Source) -> Fields:
    """TLS certificates that are stored in IAM."""
    certificates = [
        ServerCertificate(
            name=fields.text(certificate, "ServerCertificateName"),
            arn=fields.text(certificate, "Arn"),
            expires=fields.require_moment(certificate, "Expiration"),
        )
        for certificate in _items(source, "ListServerCertificates", "ServerCertificateMetadataList")
    ]
    check_account(source, (certificate.arn for certificate in certificates))
    return {"server_certificates": tuple(sorted(certificates, key=lambda certificate: certificate.arn))}


def read_saml_providers(source: Source) -> Fields:
    """The ARNs of SAML providers. The API has no pages."""
    providers = fields.records(source.call("iam", "ListSAMLProviders"), "SAMLProviderList")
    return {"saml_provider_arns": _list_arns(source, providers)}


def read_oidc_providers(source: Source) -> Fields:
    """The ARNs of OpenID Connect providers. The API has no pages."""
    providers = fields.records(source.call("iam", "ListOpenIDConnectProviders"), "OpenIDConnectProviderList")
    return {"oidc_provider_arns": _list_arns(source, providers)}


def _list_arns(source: Source, records: Iterable[Record]) -> tuple[str, ...]:
    arns = sorted(fields.text(record, "Arn") for record in records)
    check_account(source, arns)
    return tuple(arns)


def read_service_specific_credentials(source: Source) -> Fields:
    """Service-specific credentials of all users."""
    credentials = [
        ServiceSpecificCredential(
            user=fields.text(credential, "UserName"),
            credential_id=fields.text(credential, "ServiceSpecificCredentialId"),
            service=fields.text(credential, "ServiceName"),
            status=fields.text(credential, "Status"),
            created=fields.moment(credential, "CreateDate"),
            expires=fields.moment(credential, "ExpirationDate"),
        )
        for credential in _items(source, "ListServiceSpecificCredentials", "ServiceSpecificCredentials", AllUsers=True)
    ]
    ordered = sorted(credentials, key=lambda credential: (credential.user, credential.credential_id))
    return {"service_specific_credentials": tuple(ordered)}


def _items(source: Source, operation: str, key: str, **parameters: t.Any) -> Iterator[Record]:
    return source.items("iam", operation, key, {**parameters, "MaxItems": PAGE})
