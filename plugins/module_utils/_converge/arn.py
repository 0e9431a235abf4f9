# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The user or role that an ARN means, in whichever form it is given."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Iterable

_BREAK_GLASS: t.Final = "/iam-hardening/break-glass"


@dataclasses.dataclass(frozen=True)
class Principal:
    """An IAM user or role, identified: its name is unique in the account without regard to case and path."""

    account_id: str
    kind: str
    name: str


def resource_of(arn: str) -> str:
    """The last part of an ARN (``role/path/name``), or the whole text where it is no ARN."""
    parts = arn.split(":", 5)
    return parts[5] if len(parts) == 6 and parts[0] == "arn" else arn


def principal_of(arn: str) -> t.Optional[Principal]:
    """The user or role that ``arn`` means, also behind an assumed role's session; None for anything else, root too.

    ARNs of sessions carry no path: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in ("iam", "sts"):
        return None
    kind, *names = parts[5].split("/")
    if kind == "assumed-role" and names:
        return Principal(parts[4], "role", names[0].lower())
    if kind in ("user", "role") and names:
        return Principal(parts[4], kind, names[-1].lower())
    return None


def principals_of(arns: Iterable[str]) -> frozenset[Principal]:
    """The users and roles behind ``arns``."""
    return frozenset(principal for principal in map(principal_of, arns) if principal)


def is_declared(arn: str, patterns: Iterable[str]) -> bool:
    """Whether ``arn`` is matched by one of the ARN globs of a variable.

    Case does not count: IAM has no two users, and no two roles, whose names differ in it alone.
    """
    return any(fnmatch.fnmatchcase(arn.lower(), pattern.lower()) for pattern in patterns)


def is_break_glass(arn: str, patterns: Iterable[str]) -> bool:
    """Whether ``arn`` is matched by one of the declared globs, or is or lies under ``/iam-hardening/break-glass``."""
    if is_declared(arn, patterns):
        return True
    kind, slash, rest = resource_of(arn).partition("/")
    if kind not in ("user", "role") or not slash:
        return False
    return f"/{rest}/".lower().startswith(f"{_BREAK_GLASS}/")
