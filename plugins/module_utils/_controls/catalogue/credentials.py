# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Credentials of IAM users besides passwords and access keys: certificates, SSH keys, credentials for one service."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..._account.model import Dataset, ServiceSpecificCredential
from ..._account.moments import format_utc
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, maps, with_unreported
from ..problem import Problem

_THEME = "access_keys"
_LIFECYCLE = "hardening.iam.access_key_lifecycle"

# Services whose long-term API keys open the service to anyone on the internet who holds them, and need not expire.
_API_KEY_SERVICES: t.Final = frozenset({"bedrock", "cloudwatch", "logs"})


def _check_old_certificates(scope: Scope) -> Verdict:
    limit = scope.settings.key_age_days
    active = [
        (row, certificate)
        for row in scope.facts.credential_rows
        for certificate in row.certificates
        if certificate.active
    ]
    if not active:
        return Verdict(0, "signing certificates", not_applicable="no IAM user has an active signing certificate")
    failures = tuple(
        Failure(
            row.arn,
            f"signing certificate of {certificate.last_rotated:%Y-%m-%d}; limit {limit} days",
            {"last_rotated": format_utc(certificate.last_rotated)},
            resource_detail=f"signing certificate {certificate.slot}",
        )
        for row, certificate in active
        if certificate.last_rotated and scope.days_since(certificate.last_rotated) > limit
    )
    unknown = tuple(
        Failure(
            row.arn,
            "the credential report has no date of this signing certificate",
            resource_detail=f"signing certificate {certificate.slot}",
        )
        for row, certificate in active
        if certificate.last_rotated is None
    )
    return Verdict(len(active), "signing certificates", failures, unjudged=unknown)


def _service_credentials(scope: Scope) -> Iterator[tuple[ServiceSpecificCredential, str]]:
    """Active service-specific credentials, with the ARN of their user."""
    arns = {user.name: user.arn for user in scope.snapshot.users}
    partition, account = scope.snapshot.partition, scope.snapshot.account_id
    for credential in scope.snapshot.service_specific_credentials:
        if credential.status == "Active":
            yield credential, arns.get(credential.user, f"arn:{partition}:iam::{account}:user/{credential.user}")


def _check_endless_api_keys(scope: Scope) -> Verdict:
    keys = [
        (item, arn) for item, arn in _service_credentials(scope) if item.service.partition(".")[0] in _API_KEY_SERVICES
    ]
    if not keys:
        return Verdict(0, "API keys", not_applicable="no IAM user has a long-term API key")
    failures = tuple(
        Failure(
            arn, f"API key for {item.service} that never expires", {"expires": None}, resource_detail=item.credential_id
        )
        for item, arn in keys
        if item.expires is None
    )
    return Verdict(len(keys), "API keys", failures)


def _check_old_service_credentials(scope: Scope) -> Verdict:
    found, limit = list(_service_credentials(scope)), scope.settings.key_age_days
    if not found:
        return Verdict(0, "service credentials", not_applicable="no IAM user has an active service-specific credential")
    failures = tuple(
        Failure(
            arn,
            f"credential for {item.service}, {scope.days_since(item.created)} days old; limit {limit}",
            {"service": item.service, "created": format_utc(item.created)},
            resource_detail=item.credential_id,
        )
        for item, arn in found
        if item.created and scope.days_since(item.created) > limit
    )
    unknown = tuple(
        Failure(arn, f"AWS names no date of this credential for {item.service}", resource_detail=item.credential_id)
        for item, arn in found
        if item.created is None
    )
    return Verdict(len(found), "service credentials", failures, unjudged=unknown)


def _check_old_ssh_keys(scope: Scope) -> Verdict:
    limit = scope.settings.key_age_days
    active = [(arn, key) for arn, keys in scope.snapshot.ssh_public_keys.items() for key in keys if key.active]
    if not active:
        reason = "no IAM user who may use CodeCommit has an active SSH public key"
        return Verdict(0, "SSH public keys", not_applicable=reason)
    failures = tuple(
        Failure(
            arn,
            f"SSH public key {scope.days_since(key.uploaded)} days old; limit {limit}",
            {"uploaded": format_utc(key.uploaded)},
            resource_detail=key.key_id,
        )
        for arn, key in active
        if scope.days_since(key.uploaded) > limit
    )
    return Verdict(len(active), "SSH public keys", failures)


_LIVE_USERS: t.Final = (Dataset.AUTHORIZATION_DETAILS,)

CONTROLS: t.Final = (
    Control(
        id="api_key_expires",
        title="Long-term API keys expire",
        problem=Problem("Long-term API key never expires", "long-term API keys never expire"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.SERVICE_SPECIFIC_CREDENTIALS,),
        uses=_LIVE_USERS,
        check=_check_endless_api_keys,
        expected="an expiry date on every long-term API key",
        rationale="Such a key is a bearer token. Anybody who reads it in a log can use it from anywhere.",
        remediation=Remediation("Replace it with short-term keys or a role, then deactivate it."),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="service_credential_age",
        title="Service-specific credentials are replaced in time",
        problem=Problem(
            "Service-specific credential older than {key_age_days} days",
            "service-specific credentials older than {key_age_days} days",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SERVICE_SPECIFIC_CREDENTIALS,),
        uses=_LIVE_USERS,
        check=_check_old_service_credentials,
        expected="no active credential older than thresholds.key_age_days",
        rationale="The credential report does not list these credentials, so a missing rotation is not noticed.",
        remediation=Remediation(
            "Reset or replace the credential. For git, use the credential helper with a role.", _LIFECYCLE
        ),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="signing_certificate_age",
        title="Signing certificates of users are replaced in time",
        problem=Problem(
            "Signing certificate older than {key_age_days} days", "signing certificates older than {key_age_days} days"
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT,),
        uses=_LIVE_USERS,
        check=with_unreported(_check_old_certificates),
        expected="no active signing certificate older than thresholds.key_age_days",
        rationale="X.509 signing certificates are for legacy interfaces, and AWS does not record their use.",
        blind="the last use of a certificate, because AWS does not record it.",
        remediation=Remediation("Deactivate the certificate, then delete it.", _LIFECYCLE),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="ssh_public_key_age",
        title="SSH public keys of users are replaced in time",
        problem=Problem(
            "SSH public key older than {key_age_days} days", "SSH public keys older than {key_age_days} days"
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.SSH_PUBLIC_KEYS,),
        check=_check_old_ssh_keys,
        expected="no active key older than thresholds.key_age_days",
        rationale="Such a key gives access to the account's source code, and AWS does not record its use.",
        blind="the last use of a key, because AWS does not record it.",
        remediation=Remediation("Use the credential helper for git with a role, then deactivate the key.", _LIFECYCLE),
        compliance=maps(soc2="CC6.1"),
    ),
)
