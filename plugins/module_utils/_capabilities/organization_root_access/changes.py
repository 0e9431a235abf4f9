# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes of centralized root access: on the organization, and as root of a member on its own credentials."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._account.moments import format_utc
from ..._account.root_credentials import RootCredentials
from ..._controls.member_roots import CREDENTIALS_FEATURE
from ..._converge.change import GLOBAL, Change, Impact, Undo
from .declared import SESSIONS_FEATURE

SERVICE: t.Final = "iam.amazonaws.com"
ENABLE_TRUST: t.Final = "EnableAWSServiceAccess"
DISABLE_TRUST: t.Final = "DisableAWSServiceAccess"
REGISTER: t.Final = "RegisterDelegatedAdministrator"
DEREGISTER: t.Final = "DeregisterDelegatedAdministrator"
# By feature, the operations that turn it on and off.
SWITCHES: t.Final[Mapping[str, tuple[str, str]]] = {
    CREDENTIALS_FEATURE: (
        "EnableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootCredentialsManagement",
    ),
    SESSIONS_FEATURE: ("EnableOrganizationsRootSessions", "DisableOrganizationsRootSessions"),
}

KEY: t.Final = "access_key"
CERTIFICATE: t.Final = "signing_certificate"
PASSWORD: t.Final = "password"
MFA: t.Final = "mfa_device"
# In the order in which they go: what works without MFA first, MFA only when there is nothing left that it protects.
REMOVALS: t.Final[Mapping[str, tuple[str, str]]] = {
    KEY: ("DeleteAccessKey", "AccessKeyId"),
    CERTIFICATE: ("DeleteSigningCertificate", "CertificateId"),
    PASSWORD: ("DeleteLoginProfile", ""),
    MFA: ("DeactivateMFADevice", "SerialNumber"),
}
_ORDER: t.Final = {operation: index for index, (operation, _name) in enumerate(REMOVALS.values())}

WRITES: t.Final = frozenset(
    {
        *(f"organizations:{name}" for name in (ENABLE_TRUST, DISABLE_TRUST, REGISTER, DEREGISTER)),
        *(f"iam:{name}" for switch in SWITCHES.values() for name in switch),
    }
)

Shown = t.Optional[dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class RootAccessWriter:
    """Makes the changes of one run to central root access in one organization."""

    account_id: str
    organization_arn: str

    def set_trust(self, *, on: bool, remedies: tuple[str, ...] = ()) -> Change:
        """Trusted access of IAM: without it IAM may do nothing in the organization."""
        parameters = {"ServicePrincipal": SERVICE}
        return self._switch("organizations", (ENABLE_TRUST, DISABLE_TRUST), "trusted_access", on, parameters, remedies)

    def set_feature(self, name: str, *, on: bool, remedies: tuple[str, ...] = ()) -> Change:
        """One of IAM's features for an organization."""
        return self._switch("iam", SWITCHES[name], name, on, {}, remedies)

    def set_administrator(self, account_id: str, *, on: bool) -> Change:
        """An account as IAM's delegated administrator."""
        parameters = {"AccountId": account_id, "ServicePrincipal": SERVICE}
        name = f"delegated_administrator/{account_id}"
        return self._switch("organizations", (REGISTER, DEREGISTER), name, on, parameters, ())

    def _switch(
        self,
        service: str,
        operations: tuple[str, str],
        name: str,
        on: bool,
        parameters: Mapping[str, t.Any],
        remedies: tuple[str, ...],
    ) -> Change:
        enable, disable = operations
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service=service,
            operation=enable if on else disable,
            target=f"{self.organization_arn}/{SERVICE}/{name}",
            parameters=parameters,
            before={"setting": name, "on": not on},
            after={"setting": name, "on": on},
            kind=f"root_access_{'enable' if on else 'disable'}",
            impact=Impact.ADDITIVE if on else Impact.NARROWING,
            population=1,
            remedies=remedies,
            undo=Undo(disable if on else enable, parameters),
        )


def removals(
    root: RootCredentials, *, arn: str, population: int, remedies: Mapping[str, tuple[str, ...]]
) -> tuple[Change, ...]:
    """The changes that leave root nothing, in their order. None of them can be undone."""
    return tuple(
        Change(
            account_id=root.account_id,
            region=GLOBAL,
            service="iam",
            operation=REMOVALS[shown["kind"]][0],
            target=arn,
            parameters={name: shown["id"]} if (name := REMOVALS[shown["kind"]][1]) else {},
            before=shown,
            after=None,
            kind=f"root_{shown['kind']}_remove",
            impact=Impact.DESTRUCTIVE,
            population=population,
            remedies=remedies.get(shown["kind"], ()),
        )
        for shown in describe_credentials(root)
    )


def describe_credentials(root: RootCredentials) -> list[dict[str, t.Any]]:
    """Describe each credential, in the order of removal. With its last use: one that is used between plan
    and write is left alone."""
    keys = [
        {
            "kind": KEY,
            "id": key.id,
            "status": key.status,
            "last_used": format_utc(key.last_used) if key.last_used else None,
        }
        for key in root.keys
    ]
    certificates = [
        {"kind": CERTIFICATE, "id": certificate.id, "status": certificate.status} for certificate in root.certificates
    ]
    password = []
    if root.password is not None:
        used = root.password.last_used
        password = [
            {
                "kind": PASSWORD,
                "id": PASSWORD,
                "created": format_utc(root.password.created),
                "last_used": format_utc(used) if used else None,
            }
        ]
    devices = [{"kind": MFA, "id": serial} for serial in root.mfa_devices]
    return [*keys, *certificates, *password, *devices]


def is_removal(change: Change) -> bool:
    """Whether a change takes something from root of a member. A journal keeps enough to tell."""
    return change.operation in _ORDER


def waits_for(change: Change, refused: Change) -> bool:
    """Whether a change is not made where ``refused`` is not: of one root user what comes later in the order, so that
    MFA never goes while a password stays; of the organization whatever needs the other."""
    if is_removal(change):
        return (
            is_removal(refused)
            and change.target == refused.target
            and _ORDER[change.operation] > _ORDER[refused.operation]
        )
    return refused.operation == ENABLE_TRUST or (change.operation == DISABLE_TRUST and not is_removal(refused))


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a recorded change needs an earlier one of its run: all else of the organization needs trusted access.

    A removal needs nothing afterwards, and can't be undone.
    """
    return not is_removal(later) and earlier.operation == ENABLE_TRUST
