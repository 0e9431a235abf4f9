# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From failed reads to what a snapshot says of them."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Mapping

from .model import REGIONAL, Dataset, Unread, UnreadKind
from .reads import OPERATIONS_OF, REGION_READS
from .source import Unreadable

# Among denials, a service that the region lacks says nothing.
_CLOSED: t.Final = frozenset({UnreadKind.DENIED, UnreadKind.UNSUPPORTED})


def make_unread(dataset: Dataset, failure: Unreadable, region: t.Optional[str] = None) -> Unread:
    """Make the entry of a dataset that could not be read."""
    return Unread(
        dataset=dataset,
        kind=failure.kind,
        reason=failure.reason,
        operation=failure.operation or OPERATIONS_OF[dataset][0],
        region=region,
    )


def list_not_requested(wanted: Collection[Dataset]) -> list[Unread]:
    """List all datasets except ``wanted``."""
    return [
        Unread(dataset=dataset, kind=UnreadKind.NOT_REQUESTED, reason="it was not requested")
        for dataset in Dataset
        if dataset not in wanted
    ]


def unread_in_region(
    failures: Mapping[Dataset, Unreadable], wanted: Collection[Dataset], region: str
) -> Iterator[Unread]:
    """Yield the regional datasets among ``wanted`` that failed in one region.

    Where the region refuses everything, all of them have that one reason. Alarms can't be known without trails.
    """
    datasets = [dataset for dataset in Dataset if dataset in REGIONAL and dataset in wanted]
    asked = [dataset for dataset in datasets if dataset in REGION_READS]
    denial = _denial({dataset: failures[dataset] for dataset in asked if dataset in failures}, asked=len(asked))
    for dataset in datasets:
        failure = failures.get(Dataset.TRAILS if dataset is Dataset.LOG_ALARMS else dataset)
        if denial is not None:
            operation = failure.operation if failure else ""
            yield make_unread(dataset, Unreadable(UnreadKind.REGION_DENIED, denial.reason, operation=operation), region)
        elif failure is not None:
            yield make_unread(dataset, failure, region)


def _denial(failures: Mapping[Dataset, Unreadable], *, asked: int) -> t.Optional[Unreadable]:
    """Return the refusal that shows why a whole region is closed, or None if it is not.

    A region is closed where all is denied. For a single service a plain denial is more likely a missing permission.
    """
    if len(failures) < asked or any(failure.kind not in _CLOSED for failure in failures.values()):
        return None
    telling = [failure for failure in failures.values() if failure.of_region]
    denied = {dataset: failure for dataset, failure in failures.items() if failure.kind is UnreadKind.DENIED}
    services = {OPERATIONS_OF[dataset][0].partition(":")[0] for dataset in denied}
    if telling:
        return telling[0]
    return next(iter(denied.values())) if len(services) > 1 else None
