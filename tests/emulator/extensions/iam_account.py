# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account as a whole: its summary, password policy, server certificates and service-linked roles."""

from __future__ import annotations

from datetime import UTC

from cryptography import x509
from moto.core.responses import ActionResult, EmptyResult
from moto.iam import models
from moto.iam.exceptions import EntityAlreadyExists, ValidationError
from moto.iam.models import AccountSummary, Certificate
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import clock, state_of

# What moto would make "AWSServiceRoleForaccess-analyzer": the names are the services' own, not derivable.
_LINKED_ROLES = {
    "access-analyzer": "AccessAnalyzer",
    "cloudtrail": "CloudTrail",
    "config": "Config",
    "guardduty": "AmazonGuardDuty",
    "inspector2": "AmazonInspector2",
    "macie": "AmazonMacie",
    "organizations": "Organizations",
    "securityhub": "SecurityHub",
    "sso": "SSO",
    "support": "Support",
    "trustedadvisor": "TrustedAdvisor",
}
_RANGES = {"MinimumPasswordLength": (6, 128), "MaxPasswordAge": (1, 1095), "PasswordReusePrevention": (1, 24)}


def get_account_summary(response: IamResponse) -> ActionResult:
    """GetAccountSummary: moto's counts and quotas, and what is true of the root user."""
    backend = response.backend
    root = state_of(backend).root
    with_mfa = root.mfa != "none"
    summary = AccountSummary(backend).summary_map
    summary |= {
        "AccountMFAEnabled": int(with_mfa),
        "AccountAccessKeysPresent": int(bool(root.access_keys)),
        "AccountPasswordPresent": int(root.password),
        "AccountSigningCertificatesPresent": int(bool(root.signing_certificates)),
        "MFADevicesInUse": summary["MFADevicesInUse"] + int(with_mfa),
    }
    return ActionResult({"SummaryMap": summary})


def get_account_password_policy(response: IamResponse) -> ActionResult:
    """GetAccountPasswordPolicy: what is off is not there, and whether passwords expire follows from their age."""
    policy = response.backend.get_account_password_policy()
    shape: dict[str, object] = {
        "MinimumPasswordLength": policy.minimum_password_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase_characters,
        "RequireLowercaseCharacters": policy.require_lowercase_characters,
        "AllowUsersToChangePassword": policy.allow_users_to_change_password,
        "ExpirePasswords": bool(policy.max_password_age),
    }
    optional = {
        "MaxPasswordAge": policy.max_password_age,
        "PasswordReusePrevention": policy.password_reuse_prevention,
        "HardExpiry": policy.hard_expiry,
    }
    return ActionResult({"PasswordPolicy": shape | {key: value for key, value in optional.items() if value}})


def update_account_password_policy(response: IamResponse) -> ActionResult:
    """UpdateAccountPasswordPolicy replaces the whole policy: what is not given gets AWS's default."""
    for name, (least, most) in _RANGES.items():
        value = response._get_param(name)
        if value is not None and not least <= int(value) <= most:
            bound, limit = ("greater", least) if int(value) < least else ("less", most)
            key = name[0].lower() + name[1:]
            raise ValidationError(
                f"1 validation error detected: Value '{value}' at '{key}' failed to satisfy constraint: "
                f"Member must have value {bound} than or equal to {limit}"
            )
    response.backend.update_account_password_policy(
        allow_change_password=bool(response._get_param("AllowUsersToChangePassword", False)),
        hard_expiry=bool(response._get_param("HardExpiry", False)),
        max_password_age=int(response._get_param("MaxPasswordAge") or 0),
        minimum_password_length=int(response._get_param("MinimumPasswordLength") or 6),
        password_reuse_prevention=int(response._get_param("PasswordReusePrevention") or 0),
        require_lowercase_characters=bool(response._get_param("RequireLowercaseCharacters", False)),
        require_numbers=bool(response._get_param("RequireNumbers", False)),
        require_symbols=bool(response._get_param("RequireSymbols", False)),
        require_uppercase_characters=bool(response._get_param("RequireUppercaseCharacters", False)),
    )
    return EmptyResult()


def upload_server_certificate(response: IamResponse) -> ActionResult:
    """UploadServerCertificate."""
    name = response._get_param("ServerCertificateName")
    if any(certificate.cert_name == name for certificate in response.backend.certificates.values()):
        raise EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")
    certificate = response.backend.upload_server_certificate(
        name,
        response._get_param("CertificateBody"),
        response._get_param("PrivateKey"),
        cert_chain=response._get_param("CertificateChain"),
        path=response._get_param("Path"),
    )
    certificate.upload_date = clock()
    return ActionResult({"ServerCertificateMetadata": _certificate_metadata(response, certificate)})


def list_server_certificates(response: IamResponse) -> ActionResult:
    """ListServerCertificates, with the dates of the certificates themselves."""
    found = [_certificate_metadata(response, certificate) for certificate in response.backend.certificates.values()]
    return ActionResult({"ServerCertificateMetadataList": found, "IsTruncated": False})


def get_server_certificate(response: IamResponse) -> ActionResult:
    """GetServerCertificate."""
    certificate = response.backend.get_server_certificate(response._get_param("ServerCertificateName"))
    answer: dict[str, object] = {
        "ServerCertificateMetadata": _certificate_metadata(response, certificate),
        "CertificateBody": certificate.cert_body,
    }
    if certificate.cert_chain:
        answer["CertificateChain"] = certificate.cert_chain
    return ActionResult({"ServerCertificate": answer})


def _certificate_metadata(response: IamResponse, certificate: Certificate) -> dict[str, object]:
    body = x509.load_pem_x509_certificate(certificate.cert_body.encode())
    ids = {id(stored): key for key, stored in response.backend.certificates.items()}
    return {
        "ServerCertificateName": certificate.cert_name,
        "Path": certificate.path,
        "Arn": certificate.arn,
        "UploadDate": certificate.upload_date,
        "ServerCertificateId": f"ASCA{ids[id(certificate)].upper()[:17]}",
        "Expiration": body.not_valid_after_utc.astimezone(UTC).replace(tzinfo=None),
    }


def install() -> None:
    """Replace the operations on the account, and teach moto the names of service-linked roles."""
    models.SERVICE_NAME_CONVERSION.update(_LINKED_ROLES)
    iam_operations(
        get_account_summary,
        get_account_password_policy,
        update_account_password_policy,
        upload_server_certificate,
        list_server_certificates,
        get_server_certificate,
    )
