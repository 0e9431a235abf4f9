# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The root user: no keys, no certificates, MFA, no daily use."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ..._account.model import CredentialRow, Dataset, VirtualMfaDevice
from ..._account.moments import format_utc
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, maps
from ..problem import Problem
from ..requirements import MFA_NIST

_UNIT = "root users"
_THEME = "root"


def root_row(scope: Scope) -> t.Optional[CredentialRow]:
    """The row of root in the credential report, where the report was read and has one."""
    report = scope.snapshot.credential_report
    return report.root if report else None


def has_password(scope: Scope) -> t.Optional[bool]:
    """Whether root has a password; None where neither source says so.

    Members of an organization with central root access are created without one, or had it deleted (AWS: IAM user
    guide, "Centrally manage root access").
    """
    if "AccountPasswordPresent" in scope.snapshot.summary:
        return scope.snapshot.summary["AccountPasswordPresent"] > 0
    row = root_row(scope)
    return row.password_enabled if row else None


def is_govcloud(scope: Scope) -> bool:
    """Whether root can't sign in at all: in GovCloud it has no console."""
    return scope.snapshot.partition.startswith("aws-us-gov")


def _check_no_access_key(scope: Scope) -> Verdict:
    row = root_row(scope)
    active = row.active_keys if row else ()
    present = scope.snapshot.summary.get("AccountAccessKeysPresent")
    if present is None and row is None:
        return Verdict(0, _UNIT, not_assessed="neither the account summary nor the credential report shows root's keys")
    # The summary is live, the report up to four hours old: it must not keep a deleted key alive.
    if not (present if present is not None else active):
        return Verdict(1, _UNIT, detail="root has no access key")
    used = [key.last_used for key in active if key.last_used]
    known = f" ({len(active)} active)" if active else ""
    last = f"; last used {format_utc(max(used))}" if used else "; no use recorded" if active else ""
    failure = Failure(
        scope.facts.account_arn,
        f"root has access keys{known}{last}",
        {
            "access_keys_present": present,
            "active": len(active),
            "keys": [f"access key {key.slot}" for key in active],
            "last_used": format_utc(max(used)) if used else None,
        },
    )
    return Verdict(1, _UNIT, (failure,))


def _without_password(scope: Scope) -> t.Optional[Verdict]:
    """The verdict of the MFA controls where root can't sign in; None where it may."""
    if is_govcloud(scope):
        return Verdict(0, _UNIT, not_applicable="root has no console access in this partition")
    if has_password(scope) is False:
        return Verdict(
            1, _UNIT, detail="root has no password, so nobody can sign in as root", extra={"password": False}
        )
    return None


def _check_mfa(scope: Scope) -> Verdict:
    enabled = scope.snapshot.summary.get("AccountMFAEnabled")
    if (verdict := _without_password(scope)) is not None:
        return verdict
    if enabled is None:
        return Verdict(0, _UNIT, not_assessed="the account summary does not show whether root has MFA")
    if enabled:
        return Verdict(1, _UNIT, detail="root signs in with MFA")
    failure = Failure(
        scope.facts.account_arn, "root can sign in without MFA", {"mfa": False, "password": has_password(scope)}
    )
    return Verdict(1, _UNIT, (failure,))


def _check_hardware_mfa(scope: Scope) -> Verdict:
    enabled = scope.snapshot.summary.get("AccountMFAEnabled")
    if (verdict := _without_password(scope)) is not None:
        return verdict
    if enabled is None:
        return Verdict(0, _UNIT, not_assessed="the account summary does not show whether root has MFA")
    virtual = sorted(
        device.serial_number for device in scope.snapshot.virtual_mfa_devices if _is_of_root(device, scope)
    )
    if enabled and not virtual:
        return Verdict(1, _UNIT, detail="root has MFA, and none of it is a virtual device")
    detail = (
        f"root may sign in with a virtual MFA device ({', '.join(virtual)})" if enabled else "root has no MFA at all"
    )
    return Verdict(
        1, _UNIT, (Failure(scope.facts.account_arn, detail, {"mfa": bool(enabled), "virtual_devices": virtual}),)
    )


def _is_of_root(device: VirtualMfaDevice, scope: Scope) -> bool:
    """Whether a virtual device is root's. One that was taken off root stays listed, without a user.

    The console names root's first device so; later ones bear a name of choice.
    """
    is_named = device.serial_number.endswith(":mfa/root-account-mfa-device") and device.enabled is not None
    return device.user_arn == scope.facts.account_arn or (is_named and device.user_arn is None)


def _uses(row: CredentialRow) -> dict[str, datetime]:
    """Every recorded use of root, by password and by key alike: one does not hide the other."""
    uses = {"password": row.password_last_used}
    uses.update({f"access key {key.slot}": key.last_used for key in row.access_keys})
    return {what: when for what, when in uses.items() if when is not None}


def _check_not_used(scope: Scope) -> Verdict:
    row = root_row(scope)
    if row is None:
        return Verdict(0, _UNIT, not_assessed="the credential report has no row for root")
    limit = scope.settings.root_used_days
    uses = _uses(row)
    recent = {what: when for what, when in uses.items() if scope.days_since(when) < limit}
    if not recent:
        last = f"last used {format_utc(max(uses.values()))}" if uses else "no use recorded"
        return Verdict(1, _UNIT, detail=f"{last}; limit {limit} days")
    words = "; ".join(
        f"{what} used {format_utc(when)} ({scope.days_since(when)} days ago)" for what, when in recent.items()
    )
    # Times are no reason that a waiver goes by; a use of another kind is.
    observed = {**{what: format_utc(when) for what, when in uses.items()}, "used_by": sorted(uses)}
    return Verdict(1, _UNIT, (Failure(scope.facts.account_arn, f"{words}; limit {limit} days", observed),))


def _check_no_certificate(scope: Scope) -> Verdict:
    row = root_row(scope)
    if row is None:
        return Verdict(0, _UNIT, not_assessed="the credential report has no row for root")
    active = [certificate for certificate in row.certificates if certificate.active]
    if not active:
        return Verdict(1, _UNIT, detail="root has no active signing certificate")
    failure = Failure(
        scope.facts.account_arn, f"root has {len(active)} active signing certificates", {"active": len(active)}
    )
    return Verdict(1, _UNIT, (failure,))


def _check_member_without_password(scope: Scope) -> Verdict:
    if scope.facts.organization is None:
        return Verdict(0, _UNIT, not_applicable="the account belongs to no organization")
    if scope.facts.is_management_account:
        return Verdict(0, _UNIT, not_applicable="the management account must keep its root credentials")
    present = has_password(scope)
    if present is None:
        return Verdict(
            0, _UNIT, not_assessed="neither the account summary nor the credential report shows root's password"
        )
    if not present:
        return Verdict(1, _UNIT, detail="root of this member account has no password")
    return Verdict(
        1, _UNIT, (Failure(scope.facts.account_arn, "root of this member account has a password", {"password": True}),)
    )


CONTROLS: t.Final = (
    Control(
        id="root_no_access_key",
        title="The root user has no access key",
        problem=Problem("Root user has an access key"),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=(Dataset.ACCOUNT_SUMMARY,),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_no_access_key,
        expected="no access key, active or not",
        rationale="No policy of the account limits root. Anybody who finds its key controls the account, without MFA.",
        remediation=Remediation(
            "Find the workload that uses the key and give it a role. Then delete the key as root, or in a member "
            "account centrally through sts:AssumeRoot with the task policy IAMDeleteRootUserCredentials.",
            reversible=False,
        ),
        compliance=maps(
            cis7="2.4",
            cis5="1.3",
            cis3="1.4",
            hub="IAM.4",
            nist=("AC-2(1)", "AC-3(15)", "AC-3(7)", "AC-6", "AC-6(10)", "AC-6(2)"),
            pci=("7.2.1", "8.2.2"),
            soc2=("CC6.1", "CC6.3"),
        ),
    ),
    Control(
        id="root_mfa_enabled",
        title="The root user signs in with MFA, or can't sign in",
        problem=Problem("Root user can sign in without MFA"),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=(Dataset.ACCOUNT_SUMMARY,),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_mfa,
        expected="MFA for root, or no root password",
        rationale="A root password alone gives full access. Without a root password, nobody can sign in as root.",
        remediation=Remediation(
            "Register two FIDO2 security keys for root. In member accounts, delete root's password centrally instead."
        ),
        compliance=maps(
            cis7="2.5", cis5="1.4", cis3="1.5", hub="IAM.9", nist=MFA_NIST, pci=("8.4.1", "8.4.2"), soc2="CC6.1"
        ),
    ),
    Control(
        id="root_hardware_mfa",
        title="The root user's MFA is hardware, or root can't sign in",
        problem=Problem("Root user has no hardware MFA"),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=(Dataset.ACCOUNT_SUMMARY, Dataset.VIRTUAL_MFA_DEVICES),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_hardware_mfa,
        expected="MFA for root without any virtual device, or no root password",
        rationale=(
            "The seed of a virtual device can be copied, and it is often on a phone that is used for other purposes."
        ),
        blind="a passkey on a phone or in a password manager, because AWS lists it like a security key.",
        remediation=Remediation(
            "Register FIDO2 security keys or a hardware token for root, then remove root's virtual devices."
        ),
        compliance=maps(
            cis7="2.6", cis5="1.5", cis3="1.6", hub="IAM.6", nist=MFA_NIST, pci=("8.4.1", "8.4.2"), soc2="CC6.1"
        ),
    ),
    Control(
        id="root_not_used",
        title="The root user is not used for daily work",
        problem=Problem("Root user was used within the last {root_used_days} days"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT,),
        check=_check_not_used,
        expected="no use of root's password or keys within thresholds.root_used_days",
        rationale="Few tasks need root. Guardrails do not limit root, and its use is hard to trace to a person.",
        blind="the person and the purpose of the use. CloudTrail has both.",
        remediation=Remediation(
            "Find out who used root and for which task. Give that task a role, and alert on every use of root."
        ),
        compliance=maps(cis7="2.7", cis5="1.6", cis3="1.7", hub="IAM.20", soc2=("CC6.1", "CC6.3")),
    ),
    Control(
        id="root_no_signing_certificate",
        title="The root user has no active signing certificate",
        problem=Problem("Root user has an active signing certificate"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT,),
        check=_check_no_certificate,
        expected="no active X.509 signing certificate",
        rationale="A signing certificate is one more long-term credential of root that no MFA protects.",
        remediation=Remediation(
            "Delete the certificate, as root or centrally through sts:AssumeRoot.", reversible=False
        ),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="member_root_without_password",
        title="Root of a member account has no password",
        problem=Problem("Root user of this member account has a password"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.ORGANIZATION, Dataset.ACCOUNT_SUMMARY),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_member_without_password,
        expected="no root password in member accounts",
        rationale="The organization can do root tasks centrally. A root password in each account can be stolen.",
        blind="whether somebody can recover the password by the e-mail address of the account.",
        remediation=Remediation(
            "Turn on central root access in the organization and delete the password through sts:AssumeRoot."
        ),
        compliance=maps(soc2="CC6.1"),
        # That a member has no password does not say that the organization manages them centrally.
        stands_for=maps(cis7="2.1.1"),
    ),
)
