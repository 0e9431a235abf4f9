# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Passwords and access keys of IAM users: unused, old, too many."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ..._account.model import AccessKey, CredentialRow, Dataset
from ..._account.moments import format_utc
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
from ..requirements import KEY_AGE_NIST, UNUSED_NIST

_THEME = "access_keys"
_KEYS = "access keys"
_PASSWORD = "password"
_LIFECYCLE = "hardening.iam.access_key_lifecycle"


def active_keys(scope: Scope) -> tuple[tuple[CredentialRow, AccessKey], ...]:
    """Every active key with its user. An inactive key opens nothing, so that no control reports it."""
    return tuple((row, key) for row in scope.facts.credential_rows for key in row.active_keys)


def _days(scope: Scope, row: CredentialRow, moment: t.Optional[datetime], limit: int) -> t.Optional[int]:
    """Days since a moment; without one those of the user, if these are fewer than ``limit``, else None.

    Nothing of a user is older than the user, but it may be much younger.
    """
    if moment is not None:
        return scope.days_since(moment)
    days = scope.days_since(row.created) if row.created else limit
    return days if days < limit else None


def idle_days(scope: Scope, row: CredentialRow, key: AccessKey, limit: int) -> t.Optional[int]:
    """Days without use; for a key that was never used its age. None where that may be more or less than ``limit``."""
    return _days(scope, row, key.last_used or key.last_rotated, limit)


def _key_failure(row: CredentialRow, key: AccessKey, detail: str) -> Failure:
    observed = {
        "slot": key.slot,
        "last_rotated": format_utc(key.last_rotated) if key.last_rotated else None,
        "last_used": format_utc(key.last_used) if key.last_used else None,
        "last_used_service": key.last_used_service,
    }
    return Failure(row.arn, detail, observed, resource_detail=f"access key {key.slot}")


def _report_undated_key(row: CredentialRow, key: AccessKey) -> Failure:
    return _key_failure(row, key, f"the credential report has no date of this key, {_of_user(row)}")


def _of_user(row: CredentialRow) -> str:
    return f"and its user is of {row.created:%Y-%m-%d}" if row.created else "nor of its user"


def _no_keys(unit: str = _KEYS) -> Verdict:
    return Verdict(0, unit, not_applicable="no IAM user has an active access key")


def _check_unused_keys(scope: Scope) -> Verdict:
    keys, limit = active_keys(scope), scope.settings.unused_days
    if not keys:
        return _no_keys()
    failures = []
    for row, key in keys:
        idle = idle_days(scope, row, key, limit)
        if idle is None or idle < limit:
            continue
        words = f"last used {key.last_used:%Y-%m-%d}" if key.last_used else "never used; created"
        when = f" ({idle} days)" if key.last_used else f" {idle} days ago"
        failures.append(_key_failure(row, key, f"{words}{when}; limit {limit}"))
    unknown = tuple(_report_undated_key(row, key) for row, key in keys if idle_days(scope, row, key, limit) is None)
    return Verdict(len(keys), _KEYS, tuple(failures), unjudged=unknown)


def _check_old_keys(scope: Scope) -> Verdict:
    keys, limit = active_keys(scope), scope.settings.key_age_days
    if not keys:
        return _no_keys()
    failures = []
    for row, key in keys:
        created = key.last_rotated
        if created is not None and scope.days_since(created) > limit:
            used = f"last used {key.last_used:%Y-%m-%d}" if key.last_used else "never used"
            age = f"{created:%Y-%m-%d} ({scope.days_since(created)} days)"
            detail = f"created or last reactivated {age}; limit {limit}; {used}"
            failures.append(_key_failure(row, key, detail))
    unknown = tuple(
        _report_undated_key(row, key) for row, key in keys if _days(scope, row, key.last_rotated, limit) is None
    )
    return Verdict(len(keys), _KEYS, tuple(failures), unjudged=unknown)


def _check_two_keys(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.active_keys]
    if not rows:
        return _no_keys("users")
    failures = tuple(
        Failure(row.arn, f"{len(row.active_keys)} active access keys", {"active": len(row.active_keys)})
        for row in rows
        if len(row.active_keys) > 1
    )
    return Verdict(len(rows), "users", failures)


def _check_key_of_setup(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.password_enabled]
    if not rows:
        return Verdict(0, "users", not_applicable="no IAM user has a console password")
    unused = [(row, key) for row in rows for key in row.active_keys if key.last_used is None]
    ages = [(row, key, idle_days(scope, row, key, scope.settings.grace_days)) for row, key in unused]
    failures = tuple(
        _key_failure(row, key, f"console user whose key was never used in {age} days")
        for row, key, age in ages
        if age is not None and age >= scope.settings.grace_days
    )
    unknown = tuple(_report_undated_key(row, key) for row, key, age in ages if age is None)
    return Verdict(len(rows), "users", failures, unjudged=unknown)


def _check_console_and_key(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.password_enabled or row.active_keys]
    if not rows:
        return Verdict(0, "users", not_applicable="no IAM user has a password or an active access key")
    failures = tuple(
        Failure(row.arn, "console password and active access keys in one user", {"active": len(row.active_keys)})
        for row in rows
        if row.password_enabled and row.active_keys
    )
    return Verdict(len(rows), "users", failures)


def _check_admin_keys(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.arn in scope.facts.admin_users]
    failures = []
    for row in rows:
        for key in row.active_keys:
            policies = listing({grant.policy for grant in scope.facts.admin_users[row.arn]})
            failures.append(_key_failure(row, key, f"active access key of an administrator ({policies})"))
    none = None if rows else "no IAM user is an administrator"
    return Verdict(
        len(rows),
        "users",
        tuple(failures),
        unjudged=list_unreported_administrators(scope),
        not_assessed=unknown_policies(scope, scope.snapshot.users),
        not_applicable=none,
    )


def _check_workload_keys(scope: Scope) -> Verdict:
    keys = active_keys(scope)
    if not keys:
        return _no_keys()
    failures = []
    for row, key in keys:
        service = key.last_used_service
        # A key that only opens roles (sts) or manages its own user (iam) is how people work with MFA and roles.
        if key.last_used is not None and service and service not in ("sts", "iam"):
            failures.append(_key_failure(row, key, f"long-term key used for {service} on {key.last_used:%Y-%m-%d}"))
    return Verdict(len(keys), _KEYS, tuple(failures))


def _check_unused_passwords(scope: Scope) -> Verdict:
    rows = [row for row in scope.facts.credential_rows if row.password_enabled]
    if not rows:
        return Verdict(0, "users", not_applicable="no IAM user has a console password")
    moments = [(row, _password_moment(row)) for row in rows]
    failures = tuple(
        _password_failure(scope, row, moment)
        for row, moment in moments
        if moment is not None and scope.days_since(moment) >= scope.settings.unused_days
    )
    unknown = tuple(
        Failure(row.arn, f"the credential report has no date of this password, {_of_user(row)}", None, _PASSWORD)
        for row, moment in moments
        if _days(scope, row, moment, scope.settings.unused_days) is None
    )
    return Verdict(len(rows), "users", failures, unjudged=unknown)


def _password_moment(row: CredentialRow) -> t.Optional[datetime]:
    """When a password was last used or set: one that was reset yesterday is about to be used."""
    known = [moment for moment in (row.password_last_used, row.password_last_changed) if moment is not None]
    return max(known, default=None)


def _password_failure(scope: Scope, row: CredentialRow, moment: datetime) -> Failure:
    days, used = scope.days_since(moment), row.password_last_used
    if used is None:
        history = f"never used in {days} days"
    else:
        changed = f", changed {moment:%Y-%m-%d}" if moment > used else ""
        history = f"last used {used:%Y-%m-%d} ({scope.days_since(used)} days){changed}"
    observed = {"password_last_used": format_utc(used) if used else None}
    detail = f"console password {history}; limit {scope.settings.unused_days}"
    return Failure(row.arn, detail, observed, resource_detail=_PASSWORD)


_REPORT: t.Final = (Dataset.CREDENTIAL_REPORT,)
_LIVE_USERS: t.Final = (Dataset.AUTHORIZATION_DETAILS,)

CONTROLS: t.Final = (
    Control(
        id="admin_access_key",
        title="No administrator has an access key",
        problem=Problem("Access key of an administrator", "access keys of administrators"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.CREDENTIAL_REPORT, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_admin_keys,
        expected="no active access key for users with an administrator's policy",
        rationale="A leaked key is enough to control the account. MFA protects it only if the policy requires MFA.",
        remediation=Remediation(
            "Give the work a role with the permissions that it needs, then deactivate the key.", _LIFECYCLE
        ),
        compliance=maps(nist=("AC-6", "AC-2(1)"), pci="7.2.1", soc2=("CC6.1", "CC6.3")),
    ),
    Control(
        id="access_key_unused",
        title="Unused access keys are deactivated",
        problem=Problem(
            "Access key unused for {unused_days} days or more", "access keys unused for {unused_days} days or more"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_unused_keys),
        expected="used, or younger than, thresholds.unused_days",
        rationale="The theft of an unused key is not noticed. A key that was never used counts by its age.",
        blind="use within the last four hours, because the credential report may be that old.",
        remediation=Remediation("Deactivate the key, wait, then delete it in a later run.", _LIFECYCLE),
        compliance=maps(
            cis7="2.11", cis5="1.11", cis3="1.12", hub=("IAM.22", "IAM.8"), nist=UNUSED_NIST, pci="8.2.6", soc2="CC6.1"
        ),
    ),
    Control(
        id="console_password_unused",
        title="Unused console passwords are removed",
        problem=Problem(
            "Console password unused for {unused_days} days or more",
            "console passwords unused for {unused_days} days or more",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_unused_passwords),
        expected="used, or changed, within thresholds.unused_days",
        rationale="People leave, and their passwords stay.",
        blind="sign-ins within the last four hours, because the credential report may be that old.",
        remediation=Remediation(
            "Delete the login profile of the user once its owner agrees.", _LIFECYCLE, reversible=False
        ),
        compliance=maps(
            cis7="2.11", cis5="1.11", cis3="1.12", hub=("IAM.22", "IAM.8"), nist=UNUSED_NIST, pci="8.2.6", soc2="CC6.1"
        ),
    ),
    Control(
        id="access_key_age",
        title="Access keys are replaced in time",
        problem=Problem("Access key older than {key_age_days} days", "access keys older than {key_age_days} days"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_old_keys),
        expected="no active key older than thresholds.key_age_days",
        rationale="The older a key, the more places hold a copy of it.",
        blind="the age of the secret if a key was deactivated and activated again. AWS then returns the later date.",
        remediation=Remediation(
            "Move the work to a role, or rotate the key. This collection deactivates no key for its age alone.",
            _LIFECYCLE,
        ),
        compliance=maps(
            cis7="2.12", cis5="1.13", cis3="1.14", hub="IAM.3", nist=KEY_AGE_NIST, pci=("8.3.9", "8.6.3"), soc2="CC6.1"
        ),
    ),
    Control(
        id="access_key_of_setup",
        title="Console users have no access key from their creation that was never used",
        problem=Problem("Console user has a key that was never used", "keys of console users were never used"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_key_of_setup),
        expected="no unused key of a console user older than thresholds.grace_days",
        rationale="Keys that are created together with a user often stay in welcome mails.",
        remediation=Remediation("Deactivate the key. Create a new one only on request.", _LIFECYCLE),
        compliance=maps(cis5="1.10", cis3="1.11", soc2="CC6.1"),
    ),
    Control(
        id="access_key_single",
        title="No user has two active access keys",
        problem=Problem("User has two active access keys", "users have two active access keys"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_two_keys),
        expected="at most one active access key a user",
        rationale="The second key is for rotation. If both keys stay active, a rotation was not finished.",
        remediation=Remediation("Finish the rotation. Deactivate the older key once it is unused.", _LIFECYCLE),
        compliance=maps(cis5="1.12", cis3="1.13", soc2="CC6.1"),
    ),
    Control(
        id="console_user_without_key",
        title="People and programs don't share a user",
        problem=Problem("User has a password and access keys", "users have a password and access keys"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_console_and_key),
        expected="a console password or access keys, not both",
        rationale="Logs do not show whether the person or the program acted. The program stops when the person leaves.",
        blind="whether a person uses the key of a user without a password.",
        remediation=Remediation("Give the program a role or a user of its own."),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="access_key_for_workload",
        title="Workloads don't use long-term access keys",
        problem=Problem("Workload uses a long-term access key", "workloads use long-term access keys"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_REPORT,
        uses=_LIVE_USERS,
        check=with_unreported(_check_workload_keys),
        expected="keys are used for sts and iam only, if at all",
        rationale="Roles give the same access with credentials that expire.",
        blind="the use of a key before its last use, because AWS records only the last service.",
        remediation=Remediation(
            "Use an instance, task or function role, IAM Roles Anywhere, or OIDC federation for CI."
        ),
        compliance=maps(soc2="CC6.1"),
    ),
)
