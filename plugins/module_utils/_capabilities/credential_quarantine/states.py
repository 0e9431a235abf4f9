# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What was read of a user before it is contained: its credentials, its policies, and what could not be read."""

from __future__ import annotations

import dataclasses
import enum
import re
import shlex
import types
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..._account.answer import NO, Answer

ACTIVE: t.Final = "Active"
INACTIVE: t.Final = "Inactive"


class Kind(enum.StrEnum):
    """A kind of credential that IAM can switch off."""

    ACCESS_KEY = "access_key"
    SERVICE_CREDENTIAL = "service_specific_credential"
    SSH_KEY = "ssh_public_key"
    CERTIFICATE = "signing_certificate"


@dataclasses.dataclass(frozen=True)
class Calls:
    """How IAM names what is done with credentials of one kind."""

    read: str
    items: str
    identifier: str
    created: str
    update: str


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
CALLS_OF: t.Final[Mapping[Kind, Calls]] = types.MappingProxyType(
    {
        Kind.ACCESS_KEY: Calls("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "CreateDate", "UpdateAccessKey"),
        Kind.SERVICE_CREDENTIAL: Calls(
            "ListServiceSpecificCredentials",
            "ServiceSpecificCredentials",
            "ServiceSpecificCredentialId",
            "CreateDate",
            "UpdateServiceSpecificCredential",
        ),
        Kind.SSH_KEY: Calls("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "UploadDate", "UpdateSSHPublicKey"),
        Kind.CERTIFICATE: Calls(
            "ListSigningCertificates", "Certificates", "CertificateId", "UploadDate", "UpdateSigningCertificate"
        ),
    }
)


_WORDS: t.Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def build_command_back(kind: Kind, user: str, identifier: str) -> str:
    """Build the command by which people activate a credential of a user again."""
    calls = CALLS_OF[kind]
    command, option = (_WORDS.sub("-", name).lower() for name in (calls.update, calls.identifier))
    named = f"--user-name {shlex.quote(user)} --{option} {shlex.quote(identifier)}"
    return f"aws iam {command} {named} --status {ACTIVE}"


@dataclasses.dataclass(frozen=True)
class Use:
    """The last use of an access key."""

    at: datetime
    service: str = ""
    region: str = ""


@dataclasses.dataclass(frozen=True)
class Credential:
    """One credential. Of access keys alone AWS tells the last use; ``NO``: it has none on record."""

    kind: Kind
    id: str
    status: str
    created: t.Optional[datetime] = None
    use: Answer[Use] = NO

    @property
    def is_active(self) -> bool:
        """Whether it works."""
        return self.status == ACTIVE


@dataclasses.dataclass(frozen=True)
class Device:
    """A device for a second factor, with the moment at which it was enabled."""

    serial: str
    enabled: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class UserState:
    """A user as it is. ``unread`` says what could not be read, and why; that part then counts as empty."""

    arn: str
    unique_id: str = ""
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    boundary: t.Optional[str] = None
    credentials: tuple[Credential, ...] = ()
    password_created: t.Optional[datetime] = None
    password_used: t.Optional[datetime] = None
    devices: tuple[Device, ...] = ()
    attached: tuple[str, ...] = ()
    inline: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    groups: tuple[str, ...] = ()
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the user."""
        return self.arn.rpartition("/")[2]

    @property
    def keys(self) -> tuple[Credential, ...]:
        """The access keys."""
        return tuple(one for one in self.credentials if one.kind is Kind.ACCESS_KEY)


@dataclasses.dataclass(frozen=True)
class RootState:
    """The credentials of the root user of a member account."""

    account_id: str
    arn: str
    keys: tuple[Credential, ...] = ()
    certificates: tuple[Credential, ...] = ()
    password_created: t.Optional[datetime] = None
    devices: tuple[Device, ...] = ()


@dataclasses.dataclass(frozen=True)
class DenyPolicy:
    """The managed policy that denies everything, if one can be used; else ``problem`` says why not."""

    arn: str = ""
    problem: str = ""
