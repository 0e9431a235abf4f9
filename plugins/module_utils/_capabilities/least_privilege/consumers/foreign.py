# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Other accounts in which a role is used, or which its trust names: their policies may name the role.

The record says where the role was used. Nobody can list the policies of all accounts in the world.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping

from ...._policy.documents.arn import arn_account, arn_parts
from ...._policy.trail.coverage import Record, Status
from ...._policy.trail.usage import Use
from ..model import UnreadNamers
from .targets import Target

# More accounts than these are not read in one run.
MOST_ACCOUNTS: t.Final = 20
_NAMED_BUCKETS: t.Final = 5
_S3: t.Final = "s3"


def find_foreign_accounts(target: Target, uses: Iterable[Use]) -> dict[str, str]:
    """Find the accounts other than its own that a role is known to have to do with, each with the reason."""
    found: dict[str, str] = {}
    for use in uses:
        for arn in filter(None, (use.resource, *use.candidates)):
            account_id = arn_account(arn)
            if account_id and account_id != target.account_id:
                found.setdefault(account_id, f"the role used {use.action} on {arn} there")
    for account_id in _list_trusted(target):
        found.setdefault(account_id, "the trust policy of the role names principals of it")
    return found


def _list_trusted(target: Target) -> Iterator[str]:
    """List the accounts of the principals that the trusts name."""
    for trust in target.trusts:
        for statement in trust.statements:
            for kind, principal in statement.principals or ():
                account_id = arn_account(principal) if kind == "AWS" and statement.allow else None
                if account_id and account_id != target.account_id:
                    yield account_id


def find_used_services(uses: Iterable[Use]) -> frozenset[str]:
    """Find the services that a role used, by their prefixes in policies."""
    return frozenset(use.service for use in uses)


def find_unknown_buckets(uses: Iterable[Use], known: t.Optional[Collection[str]]) -> tuple[UnreadNamers, ...]:
    """Find the buckets that a role used and that are in no account that was read: their policies may name it.

    The ARN of a bucket does not show its account. ``known`` are the buckets that were listed, None if none could be.
    """
    if known is None:
        return ()
    used = {name for use in uses if use.resource and (name := _find_bucket(use.resource))}
    missing = sorted(used - set(known))
    if not missing:
        return ()
    more = f" and {len(missing) - _NAMED_BUCKETS} others" if len(missing) > _NAMED_BUCKETS else ""
    shown = ", ".join(missing[:_NAMED_BUCKETS])
    reason = f"the role used buckets that no account that was read has, and whose policies may name it: {shown}{more}"
    return (UnreadNamers(reason, blocks=True),)


def find_unrecorded(record: t.Optional[Record]) -> tuple[UnreadNamers, ...]:
    """Find what the record of a role does not tell: the buckets that it used, whose policies may name it.

    ``record`` is None where none was read. Most trails leave the calls on objects out, which is said, and blocks
    nothing. That nothing of S3 was recorded is another thing where the role is known to have used it, or may have.
    """
    if record is None:
        return (UnreadNamers("no record of the role was read: it is not known which buckets it used", blocks=True),)
    coverage = record.coverage.of(_S3)
    if coverage.status is Status.COMPLETE:
        return ()
    may_use = not record.is_last_accessed_read or any(use.service == _S3 for use in record.explaining)
    reason = f"it is not known which buckets the role used: {'; '.join(coverage.reasons) or 'they were not recorded'}"
    return (UnreadNamers(reason, blocks=may_use and coverage.status is Status.BLIND),)


def _find_bucket(arn: str) -> str:
    parts = arn_parts(arn)
    if parts is None or (parts.service, parts.region, parts.account) != (_S3, "", ""):
        return ""
    name = parts.resource.partition("/")[0]
    return "" if set(name) & set("*?$") else name


def refuse_account(account_id: str, reason: str, why: str) -> UnreadNamers:
    """Make the entry of an account that can't be read, and in which the role is known to be used."""
    return UnreadNamers(f"account {account_id} could not be read: {why}; {reason}", account_id, blocks=True)


def sort_accounts(by_target: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sort the accounts of all targets into those that are read and those that are too many."""
    every = sorted({account_id for found in by_target.values() for account_id in found})
    return tuple(every[:MOST_ACCOUNTS]), tuple(every[MOST_ACCOUNTS:])
