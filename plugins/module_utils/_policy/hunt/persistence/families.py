# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The families of what no rule is about, by the class of the operation, and what the use of each class looks like."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...facts.operations import WriteClass
from .model import Family

_BY_CLASS: t.Final[Mapping[WriteClass, Family]] = {
    WriteClass.CREDENTIAL: Family.CREDENTIAL,
    WriteClass.PRINCIPAL: Family.PRINCIPAL,
    WriteClass.TRUST: Family.TRUST,
    WriteClass.CODE: Family.CODE,
    WriteClass.BLINDFOLD: Family.BLINDFOLD,
    WriteClass.DATA_OUT: Family.SHARING,
    WriteClass.NETWORK: Family.NETWORK,
    WriteClass.SCHEDULE: Family.SCHEDULE,
}
_BY_SOURCE: t.Final[Mapping[str, Family]] = {
    "iam": Family.IAM,
    "identitystore": Family.SIGN_IN,
    "rolesanywhere": Family.CERTIFICATE,
    "signin": Family.SIGN_IN,
    "sso": Family.SIGN_IN,
    "sso-directory": Family.SIGN_IN,
}
_USES: t.Final[Mapping[t.Optional[WriteClass], str]] = {
    WriteClass.CREDENTIAL: "calls with the key, the session or the token, or a sign-in with the password",
    WriteClass.PRINCIPAL: "calls of the user or role, and sessions that it opens",
    WriteClass.TRUST: "sessions that somebody from outside opens, and calls of other accounts on the resource",
    WriteClass.CODE: "calls of the role that the code runs with, in sessions named after the machine or function",
    WriteClass.SCHEDULE: "calls of the role that the target runs with, in sessions that a service opens",
    WriteClass.BLINDFOLD: "events that are missing: something records or reports less from now on",
    WriteClass.DATA_OUT: "events where the copy went: this account has none of them",
    WriteClass.NETWORK: "traffic in flow logs: CloudTrail has no event of it",
}


def find_family(source: str, found: t.Optional[WriteClass]) -> Family:
    """Find the family of a change that no rule is about, by its source and its class."""
    if found in (None, WriteClass.OTHER):
        return Family.UNKNOWN
    if source in _BY_SOURCE and found in (WriteClass.CREDENTIAL, WriteClass.PRINCIPAL, WriteClass.TRUST):
        return _BY_SOURCE[source]
    return _BY_CLASS[t.cast(WriteClass, found)]


def describe_use(found: t.Optional[WriteClass]) -> str:
    """Describe what the use of a change looks like in the record, without a full stop."""
    return _USES.get(found, "later calls on it: what its use looks like is not known")
