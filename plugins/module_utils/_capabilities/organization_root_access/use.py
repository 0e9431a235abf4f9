# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether the credentials of a root user may still be in use, as far as AWS tells."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ..._account.moments import format_utc, whole_days
from ..._account.root_credentials import RootCredentials
from ..._converge.finding import mask_key_ids

# A credential from before AWS kept track may have been used before that, or since on an old record.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_access-advisor.html
_PASSWORDS_TRACKED: t.Final = datetime(2014, 10, 20, tzinfo=UTC)
_KEYS_TRACKED: t.Final = datetime(2015, 4, 22, tzinfo=UTC)


def find_use_objections(root: RootCredentials, *, min_idle_days: int, now: datetime) -> tuple[str, ...]:
    """Find the objections to root having used none of its credentials within ``min_idle_days``; empty if none.

    That AWS knows of no use is no proof, unless it kept track since the credential was made, and long enough.
    """
    objections = []
    if root.password is not None:
        created, used = root.password.created, root.password.last_used
        objections.append(_find_objection("its password", created, used, _PASSWORDS_TRACKED, min_idle_days, now))
    for key in root.keys:
        name = f"its access key {mask_key_ids(key.id)}"
        objections.append(_find_objection(name, key.created, key.last_used, _KEYS_TRACKED, min_idle_days, now))
    for certificate in root.certificates:
        if certificate.status == "Active":
            objections.append(f"AWS does not record the use of its signing certificate {certificate.id}")
    return tuple(filter(None, objections))


def _find_objection(
    name: str, created: datetime, used: t.Optional[datetime], tracked: datetime, min_idle_days: int, now: datetime
) -> str:
    if used is not None:
        days = whole_days(used, now)
        return f"{name} was used {days} days ago ({format_utc(used)})" if days < min_idle_days else ""
    if created < tracked:
        return f"{name} was created on {created:%Y-%m-%d}, before AWS recorded its use"
    days = whole_days(created, now)
    return f"{name} was created only {days} days ago" if days < min_idle_days else ""
