# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Accounts and ARNs that the patterns of a condition match, and that somebody else can have."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator

from ..documents.arn import arn_account

_WILD: t.Final = frozenset("*?")
_ACCOUNT: t.Final = re.compile(r":(\d{12})(?::|$)", re.ASCII)


def fill_wildcards(pattern: str) -> str:
    """Return a value that a pattern matches."""
    return pattern.replace("*", "x").replace("?", "x")


def account_of(pattern: str) -> t.Optional[str]:
    """The account that an ARN names, or a pattern for ARNs of whatever shape; None for any other."""
    found = _ACCOUNT.search(pattern)
    return arn_account(pattern) or (found[1] if found and pattern.count(":") < 5 else None)


def accounts_like(patterns: Iterable[str]) -> Iterator[str]:
    """Account ids that patterns match, two for each, if they can be any: one may be the role's own."""
    for pattern in patterns:
        if set(pattern) & _WILD:
            for digit in "01":
                head, star, tail = pattern.replace("?", digit).partition("*")
                tail = tail.replace("*", "")
                found = head + digit * (12 - len(head) - len(tail) if star else 0) + tail
                if arn_account(found) == found:
                    yield found


def make_matching_arns(pattern: str, account: str, heads: tuple[str, ...]) -> Iterator[str]:
    """Make ARNs in ``account`` that a pattern is about; none if its owner can't have one.

    ``heads`` are beginnings of such ARNs, for a pattern that leaves the beginning open.
    """
    parts = pattern.split(":", 5)
    if "$" in pattern:
        return
    if len(parts) < 6:
        yield from _make_arns_with_heads(pattern, heads)
        return
    if parts[4] and not re.fullmatch(re.escape(parts[4]).replace(r"\*", ".*").replace(r"\?", "."), account):
        return
    if not parts[4] and not set(parts[5]) & _WILD:
        # The ARN has no account, as those of buckets: the name identifies the owner.
        return
    owner = account if parts[4] else ""
    free = [fill_wildcards(part) for part in parts]
    yield ":".join((free[0], heads[0].split(":")[1], *free[2:4], owner, free[5]))


def _make_arns_with_heads(pattern: str, heads: tuple[str, ...]) -> Iterator[str]:
    """Make ARNs with these heads that a pattern of less than six parts matches as a whole text."""
    matches = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")).fullmatch
    after = fill_wildcards(pattern.rpartition("*")[2])
    for head in heads:
        # Either the pattern repeats the end of the head, or something stands between the two.
        made = [*(head[:end] + after for end in range(len(head))), f"{head}{after}", f"{head}x{after}"]
        yield from [arn for arn in made if matches(arn) and _is_below(arn, head)][:1]


def _is_below(arn: str, head: str) -> bool:
    """Whether an ARN has a name after its head; those of IAM have no colon."""
    name = arn.removeprefix(head)
    return arn != name != "" and (head.endswith(":") or ":" not in name)
