# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Long-term credentials of IAM users: their kinds, and by which operations each is listed, switched off and deleted."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime


class Kind(enum.StrEnum):
    """A kind of long-term credential."""

    ACCESS_KEY = "access_key"
    SERVICE_CREDENTIAL = "service_specific_credential"
    SSH_KEY = "ssh_public_key"
    CERTIFICATE = "signing_certificate"
    PASSWORD = "console_password"


@dataclasses.dataclass(frozen=True)
class Operations:
    """How IAM names what is done with credentials of one kind. ``update`` is None where there is no switching off.

    ``items`` is the list in the answer to ``read``, and None for a read that answers with the one credential there is.
    """

    label: str
    tag: str
    read: str
    items: t.Optional[str]
    identifier: str
    created: str
    update: t.Optional[str]
    delete: str


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
OPERATIONS_OF: t.Final[Mapping[Kind, Operations]] = {
    Kind.ACCESS_KEY: Operations(
        "access key",
        "iam-hardening:key-",
        "ListAccessKeys",
        "AccessKeyMetadata",
        "AccessKeyId",
        "CreateDate",
        "UpdateAccessKey",
        "DeleteAccessKey",
    ),
    Kind.SERVICE_CREDENTIAL: Operations(
        "service-specific credential",
        "iam-hardening:service-credential-",
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "CreateDate",
        "UpdateServiceSpecificCredential",
        "DeleteServiceSpecificCredential",
    ),
    Kind.SSH_KEY: Operations(
        "SSH public key",
        "iam-hardening:ssh-key-",
        "ListSSHPublicKeys",
        "SSHPublicKeys",
        "SSHPublicKeyId",
        "UploadDate",
        "UpdateSSHPublicKey",
        "DeleteSSHPublicKey",
    ),
    Kind.CERTIFICATE: Operations(
        "signing certificate",
        "iam-hardening:certificate-",
        "ListSigningCertificates",
        "Certificates",
        "CertificateId",
        "UploadDate",
        "UpdateSigningCertificate",
        "DeleteSigningCertificate",
    ),
    Kind.PASSWORD: Operations(
        "console password",
        "iam-hardening:password",
        "GetLoginProfile",
        None,
        "UserName",
        "CreateDate",
        None,
        "DeleteLoginProfile",
    ),
}

ACTIVE: t.Final = "Active"
INACTIVE: t.Final = "Inactive"


@dataclasses.dataclass(frozen=True)
class Credential:
    """One credential as it was read live, with its user.

    ``last_used`` is None where AWS has no use on record, and always for kinds of which it tells none. ``changed`` is
    the last change of the status as far as the credential report tells. ``slots`` are the numbers under which the
    report may have it: more than one where two look the same. For a password, ``id`` is the name of the user.
    """

    kind: Kind
    id: str
    user: str
    user_arn: str
    status: str
    created: datetime
    last_used: t.Optional[datetime] = None
    last_used_service: t.Optional[str] = None
    changed: t.Optional[datetime] = None
    slots: tuple[int, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def label(self) -> str:
        return OPERATIONS_OF[self.kind].label

    @property
    def tag(self) -> str:
        """The key of the user's tag that keeps the stage: AWS has no tags on credentials.

        Of an id the last four characters tell two credentials of a user apart; it has two of a kind at most, SSH keys
        aside.
        """
        prefix = OPERATIONS_OF[self.kind].tag
        return prefix if self.kind is Kind.PASSWORD else prefix + self.id[-4:]

    @property
    def idle_since(self) -> datetime:
        """The start of idleness: the last use, else the creation, or a later change of the status.

        Somebody who switches a key on means to use it. Service-specific credentials, SSH keys and certificates count by
        their age, since AWS has no last use of them.
        """
        moments = [self.last_used or self.created, self.changed if self.is_active else None]
        return max(moment for moment in moments if moment is not None)


def is_stage_tag(key: str) -> bool:
    """Whether a tag of a user is one of those that keep stages."""
    return any(key.startswith(operations.tag) for operations in OPERATIONS_OF.values())
