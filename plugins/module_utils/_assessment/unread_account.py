# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An account of which nothing can be read: no assessment, but a failure with its reason.

A report in which every control is NOT_ASSESSED would replace the last one that says something, and the run would
succeed as if the account had been looked at.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Collection

from .._account.model import REGIONAL, Dataset, Snapshot, Unread, UnreadKind
from .._module.task import TaskError

_DENIED: t.Final = (
    "Give {reader} the policy of the assessor (docs/permissions.md).\n"
    "If that is attached, look for a service control policy or a boundary that denies everything."
)
_SILENT: t.Final = (
    "Check the network of this machine, its proxy and its VPC endpoints, and the AWS Health Dashboard of the account.\n"
    "Then run it again for this host alone, with --limit."
)
_THROTTLED: t.Final = (
    "Something else uses up the request rate of the account: CloudTrail shows who calls.\n"
    "Run it again later for this host alone, with --limit."
)
_NEXT_STEPS: t.Final = {
    UnreadKind.DENIED: _DENIED,
    UnreadKind.REGION_DENIED: _DENIED,
    UnreadKind.THROTTLED: _THROTTLED,
    UnreadKind.UNREACHABLE: _SILENT,
    UnreadKind.UNPARSABLE: _SILENT,
}


def refuse_unread(snapshot: Snapshot, wanted: Collection[Dataset]) -> None:
    """Refuse a snapshot in which every one of the ``wanted`` datasets is unread.

    :raises TaskError: nothing could be read, with the most frequent reason and the next step.
    """
    if Dataset.AUTHORIZATION_DETAILS not in wanted or any(_was_read(snapshot, dataset) for dataset in wanted):
        return
    gaps = [gap for gap in snapshot.unread if gap.kind in _NEXT_STEPS]
    if not gaps:
        return
    kind = Counter(gap.kind for gap in gaps).most_common(1)[0][0]
    raise TaskError(
        f"account_id: nothing of account {snapshot.account_id} can be read: {_find_reason(gaps, kind)}\n"
        f"{_NEXT_STEPS[kind].format(reader=_name_reader(snapshot.caller.arn))}"
    )


def refuse_silent(snapshot: Snapshot, wanted: Collection[Dataset]) -> None:
    """Refuse a snapshot if no call for the ``wanted`` datasets was answered.

    Missing permissions are the result of a preflight, so a denied call is no reason. An account that does not answer
    costs minutes in each task that asks it.

    :raises TaskError: nothing was answered, with the reason and the next step.
    """
    if {gap.kind for gap in snapshot.unread} <= {UnreadKind.UNREACHABLE, UnreadKind.NOT_REQUESTED}:
        refuse_unread(snapshot, wanted)


def _name_reader(arn: str) -> str:
    """Name the principal that reads. The ARN of a session lacks the path of its role."""
    return f"the role {arn.split('/')[1]}" if ":assumed-role/" in arn else arn


def _was_read(snapshot: Snapshot, dataset: Dataset) -> bool:
    if dataset in REGIONAL:
        return any(snapshot.missing(dataset, region) is None for region in snapshot.regions)
    return snapshot.missing(dataset) is None


def _find_reason(gaps: Collection[Unread], kind: UnreadKind) -> str:
    """Find the first reason of this kind that comes from a call, not from one that was left out after it."""
    reasons = [gap.reason for gap in gaps if gap.kind is kind]
    return next((reason for reason in reasons if "not asked" not in reason), reasons[0])
