# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who is hit at once when passwords begin to expire, or when expired ones can no longer be replaced by their owners."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable
from datetime import datetime, timedelta

from ..._account.model import CredentialRow, Dataset, PasswordPolicy, Role, Snapshot
from ..._controls.control import unread_reason
from ..._controls.facts import Facts

# With hard expiry an expired user needs an administrator who gets in without an IAM user's password; and that one too
# can be on holiday.
ADMINISTRATORS_NEEDED: t.Final = 2


@dataclasses.dataclass(frozen=True)
class Expiry:
    """The effects of a change of the password policy on existing passwords.

    ``affected`` are users whose password can't be used as before from the moment of the change; ``unknown`` says why
    that is not known.
    """

    affected: tuple[str, ...] = ()
    unknown: str = ""


def predict_expiry(
    snapshot: Snapshot, *, present: t.Optional[PasswordPolicy], wanted: PasswordPolicy, now: datetime
) -> Expiry:
    """The users who are newly hit when ``wanted`` replaces ``present``. Root is under no password policy.

    A shorter maximum age holds at once for passwords that exist; with hard expiry, users whose password has expired
    can't set a new one themselves.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    """
    if not wanted.max_age_days or not _hits_more(present, wanted):
        return Expiry()
    unread = snapshot.missing(Dataset.CREDENTIAL_REPORT)
    if unread or snapshot.credential_report is None:
        return Expiry(unknown=unread_reason(unread) if unread else "there is no credential report")
    expired = _find_expired(snapshot.credential_report.users, wanted.max_age_days, now)
    hardened = wanted.hard_expiry and not (present and present.hard_expiry)
    if not hardened and present and present.max_age_days:
        expired -= _find_expired(snapshot.credential_report.users, present.max_age_days, now, unknown_age=False)
    return Expiry(affected=tuple(sorted(expired)))


def _hits_more(present: t.Optional[PasswordPolicy], wanted: PasswordPolicy) -> bool:
    if present is None or not present.max_age_days:
        return True
    shorter = t.cast(int, wanted.max_age_days) < present.max_age_days
    return shorter or bool(wanted.hard_expiry and not present.hard_expiry)


def _find_expired(rows: Iterable[CredentialRow], days: int, now: datetime, *, unknown_age: bool = True) -> set[str]:
    """Find users whose password is older than ``days``. One of unknown age counts as ``unknown_age`` says."""
    limit = timedelta(days=days)
    return {
        row.user
        for row in rows
        if row.password_enabled
        and not row.is_root
        and (unknown_age if row.password_last_changed is None else now - row.password_last_changed >= limit)
    }


def find_administrators_without_password(snapshot: Snapshot) -> t.Optional[tuple[str, ...]]:
    """Find administrator roles (ARNs) that people can assume without an IAM user's password; None if not known.

    Counted are roles that trust more than AWS services, those of IAM Identity Center included.
    """
    if snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
        return None
    facts = Facts(snapshot)
    roles = (role for role in snapshot.roles if not role.is_service_linked and _lets_people_in(facts, role))
    return tuple(role.arn for role in roles if _is_administrator(facts, role))


def _lets_people_in(facts: Facts, role: Role) -> bool:
    """Whether a trust policy is known to let in anyone but services: accounts, other roles, an identity provider."""
    trust = facts.trust(role)
    return trust is not None and trust.lets_people_in()


def _is_administrator(facts: Facts, role: Role) -> bool:
    """Whether a role is known to be one: not only under conditions, MFA aside, nor with policies that are not known."""
    known = not facts.permissions.unknown(role.arn) and not facts.permissions.unknown_boundary(role.arn)
    return known and any(not grant.keys for grant in facts.grants_of(role))
