# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Resources that nobody but AWS and this collection works on: to lose access to them is no loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .._account.model import Snapshot


@dataclasses.dataclass(frozen=True)
class AccountFacts:
    """An account, a boundary in it, and its trails: all those that log in the account, an organization's included.

    ``trail_log_groups`` are ARNs of log groups, without the ``:*`` that means their streams.
    """

    partition: str
    account_id: str
    boundary_arn: str
    trails: tuple[str, ...] = ()
    trail_buckets: tuple[str, ...] = ()
    trail_log_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot, boundary_arn: str) -> AccountFacts:
        """The facts of an account, and of one boundary in it."""
        groups = (trail.log_group_arn.removesuffix(":*") for trail in snapshot.trails if trail.log_group_arn)
        return cls(
            partition=snapshot.partition,
            account_id=snapshot.account_id,
            boundary_arn=boundary_arn,
            trails=_sort_unique(trail.arn for trail in snapshot.trails),
            trail_buckets=_sort_unique(trail.bucket for trail in snapshot.trails if trail.bucket),
            trail_log_groups=_sort_unique(groups),
        )


def list_unused_resources(facts: AccountFacts) -> tuple[str, ...]:
    """List patterns of resources that only AWS and this collection use: the trails, and the names reserved for both."""
    here = facts.partition
    own = (
        f"arn:{here}:iam::*:*/iam-hardening/*",
        f"arn:{here}:cloudwatch:*:*:alarm:iam-hardening-*",
        f"arn:{here}:events:*:*:rule/iam-hardening-*",
        f"arn:{here}:logs:*:*:log-group:/iam-hardening/*",
        f"arn:{here}:logs:*:*:log-group:aws-controltower/*",
        f"arn:{here}:s3:::iam-hardening-*",
        f"arn:{here}:s3:::aws-controltower-*",
        f"arn:{here}:sns:*:*:iam-hardening-*",
        f"arn:{here}:sqs:*:*:iam-hardening-*",
    )
    buckets = (f"arn:{here}:s3:::{bucket}{end}" for bucket in facts.trail_buckets for end in ("", "/*"))
    groups = (f"{group}{end}" for group in facts.trail_log_groups for end in ("", ":*"))
    return (*own, facts.boundary_arn, *facts.trails, *buckets, *groups)


def _sort_unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
