# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whom an incident takes out of the trust policy of a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

#: In place of a principal: the entry that lets everybody in.
EVERYBODY: t.Final = "*"
ALLOWED_PRINCIPAL: t.Final = (
    "one principal as the trust policy has it: an account id of 12 digits in quotes, the ARN of a user, a role, a "
    "session or an identity provider, the host of a provider, or '*' for the entry that lets everybody in"
)
ALLOWED_SUBJECT: t.Final = "a subject of an OpenID Connect provider, such as repo:acme/site:ref:refs/heads/main"
_ACCOUNT: t.Final = re.compile(r"([0-9]{12})|arn:[a-z-]+:iam::([0-9]{12}):root", re.ASCII)
_NAME: t.Final = r"[\w+=,.@/-]{1,576}"
_IDENTITY: t.Final = re.compile(
    rf"arn:[a-z-]+:(iam::[0-9]{{12}}:(user|role)|sts::[0-9]{{12}}:(assumed-role|federated-user))/{_NAME}", re.ASCII
)
_PROVIDER: t.Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(oidc|saml)-provider/([\w+=,.@/:-]{1,576})", re.ASCII)
# Cognito, Google, Amazon and Facebook have no ARN.
_HOST: t.Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}", re.ASCII)
# What AWS shows in place of a user or role that was deleted.
_UNIQUE_ID: t.Final = re.compile(r"A(ID|RO)A[A-Z0-9]{12,124}", re.ASCII)
# A variable such as ${aws:username} would mean another subject for everybody.
_SUBJECT: t.Final = re.compile(r"[\x21-\x23\x25-\x7e]{1,255}", re.ASCII)
_LEAST_LITERAL: t.Final = 3


@dataclasses.dataclass(frozen=True)
class TrustCut:
    """A principal that is taken out of a trust policy. With ``subject`` only that subject of the provider is denied.

    ``leaves_nobody``: nobody may be able to assume the role then. Not ``restore``: the release leaves the principal
    out, because an intruder let it in.
    """

    principal: str
    subject: str = ""
    leaves_nobody: bool = False
    restore: bool = True

    @property
    def account_id(self) -> str:
        """The account, if the principal is a whole one."""
        match = _ACCOUNT.fullmatch(self.principal)
        return (match[1] or match[2]) if match else ""

    @property
    def is_provider(self) -> bool:
        """Whether the principal is an identity provider."""
        return bool(_PROVIDER.fullmatch(self.principal) or self.is_host)

    @property
    def is_host(self) -> bool:
        """Whether the principal is a provider that has no ARN."""
        return _HOST.fullmatch(self.principal) is not None

    @property
    def is_saml(self) -> bool:
        """Whether the principal is a provider of SAML."""
        match = _PROVIDER.fullmatch(self.principal)
        return match is not None and match[1] == "saml"

    @property
    def host(self) -> str:
        """The host of an OpenID Connect provider, which its condition keys begin with; empty for all others."""
        match = _PROVIDER.fullmatch(self.principal)
        if match is not None:
            return match[2] if match[1] == "oidc" else ""
        return self.principal if self.is_host else ""

    @property
    def label(self) -> str:
        """The principal for people."""
        return f"{self.subject} of {self.principal}" if self.subject else self.principal


def is_principal(text: str) -> bool:
    """Whether a text names one principal of a trust policy."""
    patterns = (_ACCOUNT, _IDENTITY, _PROVIDER, _HOST, _UNIQUE_ID)
    return text == EVERYBODY or any(pattern.fullmatch(text) for pattern in patterns)


def is_subject(text: str) -> bool:
    """Whether a text names subjects, with wildcards or without. One that is made of wildcards alone names everybody."""
    return bool(_SUBJECT.fullmatch(text)) and len(text.strip("*?:/")) >= _LEAST_LITERAL
