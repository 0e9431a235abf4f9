# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Find the users whose credentials are in question by the reads of the whole account: only theirs are read one by one.

The credential report is up to four hours old and names no key. It only chooses; what is decided is decided on what is
read live.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.model import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Dataset,
    Snapshot,
    SshPublicKey,
    Unread,
    UnreadKind,
    User,
)
from ..._account.moments import whole_days
from ..._controls.deep import users_of_codecommit
from ..._controls.facts import Facts
from .declared import Declared, Reason
from .kinds import Credential, Kind, is_stage_tag


def find_users_in_question(facts: Facts, declared: Declared, now: datetime) -> tuple[User, ...]:
    """Find the users with a credential that may come to its next stage, or with the tag of a stage, by name.

    AWS's ``last_rotated`` is the creation of a key or a later change of its status, so a key that was switched off and
    on again looks younger than it is, and is in question later: never too early.
    """
    rows = {row.arn: row for row in facts.credential_rows}
    holders = _find_holders(facts, declared, now)
    found = (
        user
        for user in facts.snapshot.users
        if not declared.excludes(user.name, user.arn)
        and (
            any(map(is_stage_tag, user.tags))
            or user.arn in holders
            or (user.arn in rows and _has_idle(rows[user.arn], declared, now))
        )
    )
    return tuple(sorted(found, key=lambda user: user.arn))


def _has_idle(row: CredentialRow, declared: Declared, now: datetime) -> bool:
    soonest = declared.notify_after if declared.reasons <= {Reason.UNUSED, Reason.NEVER_USED} else declared.min_idle
    for key in row.access_keys:
        since = key.last_used or key.last_rotated or row.created
        idle = whole_days(since, now) if since else None
        limit = min(soonest, declared.notify_after) if key.active else declared.delete_after
        if idle is not None and limit is not None and idle >= limit:
            return True
    certificates = Kind.CERTIFICATE in declared.kinds and any(
        certificate.last_rotated is None or whole_days(certificate.last_rotated, now) >= declared.age
        for certificate in row.certificates
    )
    return certificates or (Kind.PASSWORD in declared.kinds and _has_idle_password(row, declared, now))


def _has_idle_password(row: CredentialRow, declared: Declared, now: datetime) -> bool:
    since = row.password_last_used or row.password_last_changed or row.created
    return bool(row.password_enabled) and since is not None and whole_days(since, now) >= declared.notify_after


def _find_holders(facts: Facts, declared: Declared, now: datetime) -> frozenset[str]:
    """Find users (ARNs) with credentials that are not in the report. AWS has no list of all users' SSH keys."""
    found: set[str] = set()
    if Kind.SERVICE_CREDENTIAL in declared.kinds:
        arns = {user.name: user.arn for user in facts.snapshot.users}
        found.update(
            arns[credential.user]
            for credential in facts.snapshot.service_specific_credentials
            if credential.user in arns
            and (not credential.created or whole_days(credential.created, now) >= declared.age)
        )
    if Kind.SSH_KEY in declared.kinds:
        found.update(users_of_codecommit(facts))
    return frozenset(found)


def find_reasons(
    credential: Credential, siblings: Iterable[Credential], *, facts: Facts, declared: Declared, now: datetime
) -> frozenset[Reason]:
    """Find the declared reasons that an active credential has. ``siblings`` are all credentials of its user.

    The age of an access key is that of its creation, as AWS tells it live. Which of two active keys is called the
    second does not matter: each is judged by its own last use.
    """
    if credential.kind not in (Kind.ACCESS_KEY, Kind.PASSWORD):
        return frozenset({Reason.OLD})
    found = {Reason.NEVER_USED if credential.last_used is None else Reason.UNUSED}
    if credential.kind is Kind.PASSWORD:
        return frozenset(found)
    others = [other for other in siblings if other.kind is Kind.ACCESS_KEY and other.id != credential.id]
    further: Mapping[Reason, Callable[[], bool]] = {
        Reason.OLD: lambda: whole_days(credential.created, now) > declared.age,
        Reason.SECOND: lambda: any(other.is_active for other in others),
        Reason.CONSOLE_USER: lambda: any(
            row.arn == credential.user_arn and bool(row.password_enabled) for row in facts.credential_rows
        ),
        Reason.ADMIN: lambda: credential.user_arn in facts.admin_users,
    }
    found.update(reason for reason, holds in further.items() if reason in declared.reasons and holds())
    return frozenset(found & declared.reasons)


def match_keys_to_report(
    row: t.Optional[CredentialRow], keys: Sequence[Credential], report: CredentialReport
) -> list[Credential]:
    """Match the access keys of a user to the credential report, which has numbers where the API has ids.

    AWS does not say which key gets which number. The values that both have decide; where two ways fit equally well, a
    key carries both numbers, and the later of the dates.
    """
    known = row.access_keys if row else ()
    # A key that was made after the report has no number: any of the keys may be the one.
    slots: list[t.Optional[AccessKey]] = [*known, *[None] * (len(keys) - len(known))]
    ways = list(itertools.permutations(slots, len(keys)))
    costs = [sum(_count_differences(key, slot) for key, slot in zip(keys, way, strict=True) if slot) for way in ways]
    best = [way for way, cost in zip(ways, costs, strict=True) if cost == min(costs)]
    meant = [[slot for way in best if (slot := way[place])] for place in range(len(keys))]
    return [_add_report_dates(key, found, report) for key, found in zip(keys, meant, strict=True)]


def _count_differences(key: Credential, slot: AccessKey) -> int:
    created_later = slot.last_rotated is not None and key.created > slot.last_rotated
    return sum((key.is_active != slot.active, key.last_used != slot.last_used, key.created != slot.last_rotated)) + (
        4 if created_later else 0
    )


def _add_report_dates(key: Credential, slots: Sequence[AccessKey], report: CredentialReport) -> Credential:
    """Add to a key its last change of status: if the report still shows the other status, the change came later."""
    dates = [slot.last_rotated if slot.active == key.is_active else report.generated for slot in slots]
    later = [date for date in dates if date is not None and date > key.created]
    numbers = tuple(sorted({slot.slot for slot in slots}))
    return dataclasses.replace(key, changed=max(later, default=None), slots=numbers)


def add_live_keys(snapshot: Snapshot, credentials: Iterable[Credential]) -> Snapshot:
    """Add to ``snapshot`` the creation and last use of the access keys that were read live, for the findings."""
    known: dict[tuple[str, int], Credential] = {
        (credential.user_arn, credential.slots[0]): credential
        for credential in credentials
        if credential.kind is Kind.ACCESS_KEY and len(credential.slots) == 1
    }
    report = snapshot.credential_report
    if report is None or not known:
        return snapshot
    rows = tuple(dataclasses.replace(row, access_keys=_merge_live_keys(row, known)) for row in report.users)
    return dataclasses.replace(snapshot, credential_report=dataclasses.replace(report, users=rows))


def _merge_live_keys(row: CredentialRow, known: Mapping[tuple[str, int], Credential]) -> tuple[AccessKey, ...]:
    def live(key: AccessKey) -> AccessKey:
        credential = known.get((row.arn, key.slot))
        if credential is None:
            return key
        return dataclasses.replace(
            key,
            active=credential.is_active,
            last_rotated=credential.created,
            last_used=credential.last_used,
            last_used_service=credential.last_used_service,
        )

    return tuple(map(live, row.access_keys))


def add_ssh_keys(snapshot: Snapshot, credentials: Iterable[Credential], unread: Mapping[str, str]) -> Snapshot:
    """Add to ``snapshot`` the SSH keys among ``credentials``.

    They are then all that there are, unless ``unread`` says of a user, by its ARN, why its keys could not be read.
    """
    found: dict[str, tuple[SshPublicKey, ...]] = {}
    for item in credentials:
        if item.kind is Kind.SSH_KEY:
            key = SshPublicKey(item.id, item.is_active, item.created)
            found[item.user_arn] = (*found.get(item.user_arn, ()), key)
    gaps = tuple(gap for gap in snapshot.unread if gap.dataset is not Dataset.SSH_PUBLIC_KEYS)
    if unread:
        arn, reason = min(unread.items())
        gaps += (Unread(Dataset.SSH_PUBLIC_KEYS, UnreadKind.UNREACHABLE, f"{arn}: {reason}"),)
    return dataclasses.replace(snapshot, ssh_public_keys=found, unread=gaps)
