# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One pass over an account: all reads in two rounds, and what they bring put together."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from . import alarm_reads, deep_reads, organization_reads, trail_reads
from .model import REGIONAL, Dataset, Snapshot, Unread, UnreadKind
from .reads import ACCOUNT_READS, REGION_READS
from .regional import Trail
from .source import Fields, Source, Unreadable
from .unread import list_not_requested, make_unread, unread_in_region

# How AWS refuses what belongs to another account: by the permission, or as if it did not exist.
_NOT_TOLD: t.Final = frozenset({UnreadKind.DENIED, UnreadKind.UNSUPPORTED})
_Key = tuple[Dataset, t.Optional[str]]
# The datasets of the second round, each with the dataset of the first round that it depends on.
_BEFORE: t.Final = {
    Dataset.LOG_ALARMS: Dataset.TRAILS,
    Dataset.ORGANIZATION_POLICIES: Dataset.ORGANIZATION,
    Dataset.ORGANIZATION_TREE_POLICIES: Dataset.ORGANIZATION_TREE,
    Dataset.ORGANIZATION_DELEGATIONS: Dataset.ORGANIZATION_TREE,
}
_POLICY_READERS: t.Final = (
    "only the management account and delegated administrators can read the policies of an organization"
)


def read_all(source: Source, empty: Snapshot, datasets: Collection[Dataset]) -> Snapshot:
    """``empty`` with ``datasets`` read, but for deep ones; the regional ones in each of ``empty.regions``.

    Log alarms are found by way of trails, and whether policies of an organization apply by way of the organization, so
    these are read with them. Nothing regional is read where there are no regions.
    """
    wanted = frozenset(datasets).union(before for after, before in _BEFORE.items() if after in datasets)
    if not empty.regions:
        wanted -= REGIONAL
    results = source.gather(_first_reads(source, wanted, empty.regions))
    failures = {key: found for key, found in results.items() if isinstance(found, Unreadable)}
    missing = list_not_requested(wanted)
    missing += [make_unread(dataset, failure) for (dataset, place), failure in failures.items() if place is None]
    for region in empty.regions:
        here = {dataset: failure for (dataset, place), failure in failures.items() if place == region}
        missing += unread_in_region(here, wanted, region)
    fields = _join_reads({key: found for key, found in results.items() if not isinstance(found, Unreadable)})
    trails = trail_reads.drop_duplicates(fields.pop("trails", ()))
    first = dataclasses.replace(empty, unread=tuple(missing), **fields)
    return _second_round(source, first, trails, wanted)


def _first_reads(
    source: Source, wanted: Collection[Dataset], regions: Sequence[str]
) -> Mapping[_Key, Callable[[], Fields]]:
    """The reads that need no other: the account's, the slowest first, then region by region."""
    reads: dict[_Key, Callable[[], Fields]] = {
        (dataset, None): functools.partial(account_read.read, source)
        for dataset, account_read in ACCOUNT_READS.items()
        if dataset in wanted
    }
    for region in regions:
        for dataset, region_read in REGION_READS.items():
            if dataset in wanted:
                reads[dataset, region] = functools.partial(region_read.read, source, region)
    return reads


def _join_reads(results: Mapping[_Key, Fields]) -> dict[str, t.Any]:
    """Join the fields of all reads; those of regional ones in the order of the regions."""
    fields: dict[str, t.Any] = {}
    for (_dataset, region), found in results.items():
        for name, value in found.items():
            fields[name] = value if region is None else (*fields.get(name, ()), *value)
    return fields


def _second_round(source: Source, snapshot: Snapshot, trails: Sequence[Trail], wanted: Collection[Dataset]) -> Snapshot:
    """The status of every trail, the alarms on the log groups that trails deliver to, the organization's policies."""
    groups = trail_reads.log_groups(source, trails) if Dataset.LOG_ALARMS in wanted else {}
    reads: dict[tuple[Dataset, str], Callable[[], t.Any]] = {}
    policies = Dataset.ORGANIZATION_POLICIES, source.account_id
    if policies[0] in wanted and organization_reads.is_subject(snapshot.organization, source.account_id):
        reads[policies] = functools.partial(organization_reads.read_organization_policies, source, source.account_id)
    for trail in trails:
        reads[Dataset.TRAILS, trail.arn] = functools.partial(trail_reads.with_status, source, trail)
    for region, names in groups.items():
        reads[Dataset.LOG_ALARMS, region] = functools.partial(alarm_reads.read_log_alarms, source, region, names)
    results = source.gather(reads)
    failed = {key: found for key, found in results.items() if isinstance(found, Unreadable)}
    known = {key: found for key, found in results.items() if not isinstance(found, Unreadable)}
    return dataclasses.replace(
        snapshot,
        unread=tuple(dict.fromkeys((*snapshot.unread, *_second_unread(source, snapshot, trails, failed, wanted)))),
        organization_policies=known.get(policies, {}).get("organization_policies", ()),
        trails=tuple(known.get((Dataset.TRAILS, trail.arn), trail) for trail in trails),
        **_join_reads({(Dataset.LOG_ALARMS, region): known.get((Dataset.LOG_ALARMS, region), {}) for region in groups}),
    )


def _second_unread(
    source: Source,
    snapshot: Snapshot,
    trails: Iterable[Trail],
    failed: Mapping[tuple[Dataset, str], Unreadable],
    wanted: Collection[Dataset],
) -> Iterator[Unread]:
    """Yield the datasets of the second round that failed, or that could not be asked for.

    What is not known of a multi-region trail, or of a log group in a region that nobody looks at, is not known of any
    region. A member account can't read the status of its organization's trail, and can't change that.
    """
    organization = snapshot.missing(Dataset.ORGANIZATION)
    if organization is not None and Dataset.ORGANIZATION_POLICIES in wanted:
        yield dataclasses.replace(organization, dataset=Dataset.ORGANIZATION_POLICIES)
    homes = {trail.arn: None if trail.is_multi_region else trail.home_region for trail in trails}
    foreign = {trail.arn for trail in trails if trail_reads.is_foreign(trail, source)}
    for (dataset, place), failure in failed.items():
        if place in foreign and failure.kind in _NOT_TOLD:
            continue
        region = homes[place] if dataset is Dataset.TRAILS else place
        yield _explain_unread(make_unread(dataset, failure, region if region in snapshot.regions else None))


def _explain_unread(failed: Unread) -> Unread:
    """Explain a refused read of policies: a member cannot read its own policies, whatever its permissions."""
    if failed.dataset is not Dataset.ORGANIZATION_POLICIES or failed.kind is not UnreadKind.DENIED:
        return failed
    return dataclasses.replace(failed, reason=f"{failed.reason} ({_POLICY_READERS})")


def read_policies(source: Source, snapshot: Snapshot) -> Snapshot:
    """``snapshot`` with the policies of its organization, read by way of ``source``, which may be another account's."""
    dataset = Dataset.ORGANIZATION_POLICIES
    if snapshot.missing(Dataset.ORGANIZATION) or not organization_reads.is_subject(
        snapshot.organization, snapshot.account_id
    ):
        return snapshot
    read = functools.partial(organization_reads.read_organization_policies, source, snapshot.account_id)
    found = source.gather({dataset: read})[dataset]
    kept = tuple(known for known in snapshot.unread if known.dataset is not dataset)
    if isinstance(found, Unreadable):
        return dataclasses.replace(snapshot, unread=(*kept, _explain_unread(make_unread(dataset, found))))
    return dataclasses.replace(snapshot, unread=kept, **found)


def read_deep(
    source: Source, snapshot: Snapshot, principals: Collection[str], datasets: Collection[Dataset]
) -> Snapshot:
    """``snapshot`` with the deep ``datasets`` read of some principals, by their ARNs."""
    arns = sorted(set(principals))
    reads: dict[tuple[Dataset, str], Callable[[], t.Any]] = {}
    if Dataset.SERVICE_LAST_ACCESSED in datasets:
        for arn in arns:
            key = Dataset.SERVICE_LAST_ACCESSED, arn
            reads[key] = functools.partial(deep_reads.read_service_last_accessed, source, arn)
    of_users: dict[Dataset, Callable[[Source, str], t.Any]] = {
        Dataset.MFA_DEVICES: deep_reads.read_mfa_devices,
        Dataset.SSH_PUBLIC_KEYS: deep_reads.read_ssh_public_keys,
    }
    for dataset in (dataset for dataset in of_users if dataset in datasets):
        for arn in (arn for arn in arns if ":user/" in arn):
            reads[dataset, arn] = functools.partial(of_users[dataset], source, arn.rpartition("/")[2])
    results = source.gather(reads)
    failed = {dataset: found for (dataset, _arn), found in results.items() if isinstance(found, Unreadable)}
    kept = (known for known in snapshot.unread if known.dataset not in datasets)
    return dataclasses.replace(
        snapshot,
        unread=(*kept, *(make_unread(dataset, failure) for dataset, failure in failed.items())),
        service_last_accessed={**snapshot.service_last_accessed, **_read_of(results, Dataset.SERVICE_LAST_ACCESSED)},
        mfa_serial_numbers={**snapshot.mfa_serial_numbers, **_read_of(results, Dataset.MFA_DEVICES)},
        ssh_public_keys={**snapshot.ssh_public_keys, **_read_of(results, Dataset.SSH_PUBLIC_KEYS)},
    )


def _read_of(results: Mapping[tuple[Dataset, str], t.Any], wanted: Dataset) -> Mapping[str, t.Any]:
    """Return the data on each principal; one that is gone has nothing."""
    return {
        arn: found
        for (dataset, arn), found in results.items()
        if dataset is wanted and found is not None and not isinstance(found, Unreadable)
    }
