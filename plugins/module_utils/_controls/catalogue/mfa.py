# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""MFA of IAM users: who has none, and whose is only virtual."""

from __future__ import annotations

import typing as t

from ..._account.model import CredentialRow, Dataset
from ..._converge.finding import Remediation, Severity
from ..control import (
    Control,
    Failure,
    Scope,
    Verdict,
    list_unreported_administrators,
    listing,
    maps,
    unknown_policies,
    with_unreported,
)
from ..problem import Problem
from ..requirements import MFA_NIST

_THEME = "mfa"
_USERS = "users"


def _check_console_mfa(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.password_enabled]
    if not rows:
        return Verdict(0, _USERS, not_applicable="no IAM user has a console password")
    failures = tuple(
        Failure(row.arn, "console password without MFA", {"password_enabled": True, "mfa_active": False})
        for row in rows
        if not row.mfa_active
    )
    return Verdict(len(rows), _USERS, failures, detail=f"all {len(rows)} users with a console password have MFA")


def _check_key_only_mfa(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if not row.password_enabled and row.active_keys]
    if not rows:
        return Verdict(0, _USERS, not_applicable="no IAM user has access keys without a console password")
    detail = "access keys only, no MFA device: this user can't satisfy a policy that requires MFA"
    failures = tuple(Failure(row.arn, detail, {"mfa_active": False}) for row in rows if not row.mfa_active)
    return Verdict(len(rows), _USERS, failures)


def _virtual_devices(scope: Scope) -> dict[str, list[str]]:
    """Serial numbers of assigned virtual MFA devices by the ARN of their user."""
    found: dict[str, list[str]] = {}
    for device in scope.snapshot.virtual_mfa_devices:
        if device.user_arn:
            found.setdefault(device.user_arn, []).append(device.serial_number)
    return found


def _has_hardware(scope: Scope, row: CredentialRow, virtual: list[str]) -> bool:
    """Whether a user with MFA has some that is not virtual.

    IAM lists virtual devices only, so MFA without one is a security key or a hardware token. A user with a virtual one
    may have the other kind as well, which only the list of the user's own devices shows (evidence read on request).
    """
    if not virtual:
        return True
    serials = scope.snapshot.mfa_serial_numbers.get(row.arn, ())
    return any(serial not in virtual for serial in serials)


def _check_hardware_mfa(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.password_enabled and row.mfa_active]
    if not rows:
        return Verdict(0, _USERS, not_applicable="no IAM user signs in to the console with MFA")
    virtual = _virtual_devices(scope)
    failures = []
    for row in rows:
        devices = virtual.get(row.arn, [])
        if not _has_hardware(scope, row, devices):
            admin = row.arn in scope.facts.admin_users
            detail = "administrator with a virtual MFA device only" if admin else "virtual MFA device only"
            severity = Severity.MEDIUM if admin else Severity.LOW
            failures.append(Failure(row.arn, detail, {"virtual_devices": sorted(devices)}, severity=severity))
    return Verdict(len(rows), _USERS, tuple(failures))


def _check_admin_mfa(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.arn in scope.facts.admin_users]
    failures = []
    for row in rows:
        # A user without any credential can't act, and a policy that requires MFA grants nothing without it.
        grants = [grant for grant in scope.facts.admin_users[row.arn] if not grant.needs_mfa]
        ways = [*(["console password"] if row.password_enabled else []), *_keys_in_words(row)]
        if row.mfa_active or not grants or not ways:
            continue
        policies = listing({f"{grant.policy} ({grant.way})" for grant in grants})
        detail = f"administrator by {policies} without MFA; can act with {' and '.join(ways)}"
        failures.append(Failure(row.arn, detail, {"mfa_active": False, "policies": sorted({g.policy for g in grants})}))
    none = None if rows else "no IAM user is an administrator"
    return Verdict(
        len(rows),
        _USERS,
        tuple(failures),
        unjudged=list_unreported_administrators(scope),
        not_assessed=unknown_policies(scope, scope.snapshot.users),
        not_applicable=none,
    )


def _keys_in_words(row: CredentialRow) -> list[str]:
    if not row.active_keys:
        return []
    used = [key.last_used for key in row.active_keys if key.last_used]
    last = f"last used {max(used):%Y-%m-%d}" if used else "never used"
    return [f"{len(row.active_keys)} access key{'s' if len(row.active_keys) > 1 else ''} ({last})"]


CONTROLS: t.Final = (
    Control(
        id="user_admin_without_mfa",
        title="No IAM user is an administrator without MFA",
        problem=Problem("IAM user is an administrator without MFA", "IAM users are administrators without MFA"),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_admin_mfa,
        expected="MFA for every administrator, users with access keys only included",
        rationale="One password or one leaked access key of such a user gives full control of the account.",
        remediation=Remediation(
            "Replace a workload's user with a role. Give a person's user MFA and an admin policy that requires it."
        ),
        compliance=maps(nist=("AC-6", *MFA_NIST), pci=("8.4.1", "8.4.2"), soc2=("CC6.1", "CC6.3")),
    ),
    Control(
        id="user_console_mfa",
        title="Every IAM user with a console password has MFA",
        problem=Problem("IAM user has a console password and no MFA", "IAM users have a console password and no MFA"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT,),
        uses=(Dataset.AUTHORIZATION_DETAILS,),
        check=with_unreported(_check_console_mfa),
        expected="MFA for every user with a console password",
        rationale="Passwords are guessed, phished and reused.",
        blind="whether federated people have MFA. Their identity provider requires it.",
        remediation=Remediation(
            "Have the user register a security key or passkey, or move the person to IAM Identity Center."
        ),
        compliance=maps(
            cis7="2.10", cis5="1.9", cis3="1.10", hub=("IAM.5", "IAM.19"), nist=MFA_NIST, pci="8.4.2", soc2="CC6.1"
        ),
    ),
    Control(
        id="user_key_only_mfa",
        title="Users with access keys only have MFA as well",
        problem=Problem("IAM user with access keys has no MFA", "IAM users with access keys have no MFA"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT,),
        uses=(Dataset.AUTHORIZATION_DETAILS,),
        check=with_unreported(_check_key_only_mfa),
        expected="MFA for every user who can act",
        rationale="Without an MFA device, this user can't satisfy policies that require MFA for sensitive actions.",
        remediation=Remediation("Replace the user with a role; for a person, register MFA and require it in policies."),
        compliance=maps(hub="IAM.19", nist=MFA_NIST, pci="8.4.2", soc2="CC6.1"),
    ),
    Control(
        id="user_hardware_mfa",
        title="Console users have MFA that can't be copied",
        problem=Problem("Console user has virtual MFA only", "console users have virtual MFA only"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT, Dataset.VIRTUAL_MFA_DEVICES),
        uses=(Dataset.AUTHORIZATION_DETAILS, Dataset.MFA_DEVICES, Dataset.ORGANIZATION_POLICIES),
        check=with_unreported(_check_hardware_mfa),
        expected="a security key or hardware token for every console user",
        rationale="Codes of virtual devices can be phished. Security keys can't.",
        blind=(
            "a passkey on a phone or in a password manager, because AWS lists it like a security key. Without the "
            "option `deep`, it cannot see a security key beside a virtual device."
        ),
        remediation=Remediation("Register a FIDO2 security key or passkey, administrators first."),
        compliance=maps(nist=("IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)"), soc2="CC6.1"),
    ),
)
