# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Read an account into a :class:`~.model.Snapshot`. The only file of this room that knows ``_aws``."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from .._aws.access import Access
from .._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    RegionDenied,
    Throttled,
    Unparsable,
    Unreachable,
)
from .._aws.operations import Operations
from . import assemble, fields, organization_assembly, organization_tree_reads, stack_reads
from .kept import KeptReads, Key, Result, is_lasting, is_shared
from .model import DEEP, Caller, Dataset, Snapshot, Unread, UnreadKind
from .organization_tree import OrganizationTree
from .progress import Progress, silent
from .reads import OPERATIONS_OF
from .source import Record, Unreadable
from .stacks import StackIndex
from .unread import make_unread

K = t.TypeVar("K")
V = t.TypeVar("V")

#: The operations that read each dataset: every module declares those of the datasets that it collects.
OPERATIONS: t.Final[Mapping[Dataset, Operations]] = {
    dataset: Operations(reads=frozenset(names)) for dataset, names in OPERATIONS_OF.items()
}

# All else, such as a code of its own by which a service says "not for this account", is UNSUPPORTED.
_KINDS: t.Final[tuple[tuple[type[AwsError], UnreadKind], ...]] = (
    (AccessDenied, UnreadKind.DENIED),
    (Throttled, UnreadKind.THROTTLED),
    (Unreachable, UnreadKind.UNREACHABLE),
    (Unparsable, UnreadKind.UNPARSABLE),
)
# Refusals by what the account is, not by what the caller may do, whatever HTTP status they come with.
_NOT_FOR_THIS_ACCOUNT: t.Final = frozenset(
    {"AccountNotManagementOrDelegatedAdministrator", "OrganizationNotFound", "OrganizationNotInAllFeaturesMode"}
)


def collect(
    access: Access,
    *,
    datasets: Collection[Dataset],
    regions: Sequence[str],
    now: datetime,
    deep_principals: Collection[str] = (),
    kept: t.Optional[KeptReads] = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """Read ``datasets`` of one account, in parallel: those of the account once, regional ones in each of ``regions``.

    Reads that ``kept`` has are not made again, and those that are made are kept there. The snapshot is as old as its
    oldest part.

    A dataset that can't be read is listed in the snapshot's ``unread`` with AWS's reason. The others are not affected.
    The deep datasets are read of the principals whose ARNs are ``deep_principals``, see :func:`deepen`. ``sleep``
    passes the time between polls of AWS's generators.

    :raises AwsError: there is no account to read: no credentials, or AWS does not know them (any more).
    """
    identity = access.caller
    empty = Snapshot(
        caller=Caller(account_id=identity.account_id, arn=identity.arn, user_id=identity.user_id),
        partition=access.partition,
        home_region=access.home_region,
        observed_at=now,
        regions=tuple(dict.fromkeys(regions)),
    )
    source = _AwsSource(access, sleep, kept)
    snapshot = assemble.read_all(source, empty, datasets)
    snapshot = organization_assembly.read_organization(source, snapshot, datasets)
    snapshot = assemble.read_deep(source, snapshot, deep_principals, DEEP & frozenset(datasets))
    return dataclasses.replace(snapshot, observed_at=min([now, *source.moments]))


def deepen(
    access: Access,
    snapshot: Snapshot,
    *,
    principals: Collection[str],
    datasets: Collection[Dataset] = DEEP,
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """``snapshot`` with the evidence that costs calls per principal, for the principals whose ARNs are given.

    Both mappings are keyed by ARN; MFA devices are read of the users among the principals. A principal that is gone is
    left out. Where one can't be read the dataset is unread, and what was read of the others is there all the same.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    return assemble.read_deep(_AwsSource(access, sleep), snapshot, principals, datasets)


def with_organization_policies(access: Access, snapshot: Snapshot) -> Snapshot:
    """Add the policies that the organization puts on the account to ``snapshot``, as ``access`` reads them.

    That may be access to the management account or to a delegated administrator, which members are not.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    return assemble.read_policies(_AwsSource(access, time.sleep), snapshot)


def organization_tree(
    access: Access,
    *,
    policy_types: Collection[str] = (),
    delegations: bool = False,
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> OrganizationTree:
    """The organization of ``access``, which is its management account or one that it delegates to.

    With the policies of ``policy_types``, of those that are enabled, and with ``delegations`` where asked for.

    :raises AwsError: a part of it can't be read. What is returned is whole.
    """
    source = _AwsSource(access, sleep)
    with _raise_failures():
        tree = organization_tree_reads.read_tree(source, progress=progress)
        tree = organization_tree_reads.with_policies(source, tree, policy_types)
        return organization_tree_reads.with_delegations(source, tree) if delegations else tree


def with_account_tags(
    access: Access,
    tree: OrganizationTree,
    *,
    account_ids: t.Optional[Collection[str]] = None,
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> OrganizationTree:
    """``tree`` with the tags of its accounts, or of those in ``account_ids``: a call for each.

    :raises AwsError: those of an account can't be read.
    """
    with _raise_failures():
        return organization_tree_reads.with_tags(
            _AwsSource(access, sleep), tree, account_ids=account_ids, progress=progress
        )


def read_stacks(access: Access, regions: Collection[str], kept: t.Optional[KeptReads] = None) -> StackIndex:
    """The stacks of these regions, with their IAM objects: a call for each page of stacks and of a stack's resources.

    Regions that ``kept`` has are not read again.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    return stack_reads.read_stack_index(_AwsSource(access, time.sleep), regions, kept)


def reread_stacks(access: Access, physical_ids: Collection[str], regions: Collection[str]) -> StackIndex:
    """The stacks of these regions that have one of the physical ids now: a call for each of them in every region.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    return stack_reads.reread_stacks(_AwsSource(access, time.sleep), physical_ids, regions)


@contextlib.contextmanager
def _raise_failures() -> Iterator[None]:
    """Raise a failed read as an error, for callers that need the whole."""
    try:
        yield
    except Unreadable as failure:
        service, _colon, operation = failure.operation.partition(":")
        kind = next((error for error, kind in _KINDS if kind is failure.kind), AwsError)
        raise kind(failure.reason, service=service, operation=operation) from failure


def probe(access: Access, calls: Mapping[Dataset, Callable[[], t.Any]]) -> tuple[Unread, ...]:
    """Which of ``calls``, one a dataset, fail, and why, in the words of a snapshot; the answers are not kept.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    results = _AwsSource(access, time.sleep).gather(calls)
    return tuple(make_unread(dataset, found) for dataset, found in results.items() if isinstance(found, Unreadable))


class _AwsSource:
    """An :class:`Access` as a :class:`~.source.Source`."""

    def __init__(self, access: Access, sleep: Callable[[float], None], kept: t.Optional[KeptReads] = None) -> None:
        self._access = access
        self._kept = kept
        # The times at which the kept reads were made.
        self.moments: list[datetime] = []
        self.account_id = access.caller.account_id
        self.partition = access.partition
        self.wait = sleep

    def call(
        self, service: str, operation: str, parameters: t.Optional[Record] = None, *, region: t.Optional[str] = None
    ) -> Record:
        return self._access.call(service, operation, parameters, region=region)

    def call_unless(
        self,
        codes: Collection[str],
        service: str,
        operation: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> t.Optional[Record]:
        try:
            return self._access.call(service, operation, parameters, region=region)
        except AwsError as error:
            if _bare_code(error) in codes:
                return None
            raise

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[Record]:
        for page in self.pages(service, operation, key, parameters, region=region):
            yield from fields.records(page, key)

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[Record]:
        return self._access.pages(service, operation, key, parameters, region=region)

    def gather(self, reads: Mapping[K, Callable[[], V]]) -> Mapping[K, t.Union[V, Unreadable]]:
        known = self._find_kept(reads)
        begun = self._kept.begin() if self._kept else 0.0
        results = self._access.gather({key: _attempt(read) for key, read in reads.items() if key not in known})
        made = {key: _convert_failure(result) for key, result in results.items()}
        for key, result in made.items():
            if self._kept and is_shared(key) and is_lasting(t.cast(Result, result)):
                self._kept.keep(t.cast(Key, key), t.cast(Result, result), begun=begun)
        return {key: known[key] if key in known else made[key] for key in reads}

    def _find_kept(self, keys: Collection[K]) -> dict[K, t.Any]:
        found = {key: self._kept.find(t.cast(Key, key)) for key in keys if is_shared(key)} if self._kept else {}
        known = {key: kept for key, kept in found.items() if kept is not None}
        self.moments += [kept.observed_at for kept in known.values()]
        return {key: kept.result for key, kept in known.items()}


def _attempt(read: Callable[[], V]) -> Callable[[], t.Union[V, Unreadable]]:
    def attempt() -> t.Union[V, Unreadable]:
        try:
            return read()
        except Unreadable as failure:
            return failure

    return attempt


def _convert_failure(result: t.Union[V, Unreadable, AwsError]) -> t.Union[V, Unreadable]:
    """Convert a failure of ``_aws`` to a failed read. Invalid credentials are raised, since they fail all reads."""
    if isinstance(result, InvalidCredentials):
        raise result
    if not isinstance(result, AwsError):
        return result
    kind = next((kind for error, kind in _KINDS if isinstance(result, error)), UnreadKind.UNSUPPORTED)
    if _bare_code(result) in _NOT_FOR_THIS_ACCOUNT:
        kind = UnreadKind.UNSUPPORTED
    return Unreadable(
        kind,
        f"{result.code}: {result.message}" if result.code and result.code not in result.message else result.message,
        operation=f"{result.service}:{result.operation}" if result.operation else "",
        of_region=isinstance(result, RegionDenied) or (isinstance(result, AccessDenied) and result.is_by_scp),
    )


def _bare_code(error: AwsError) -> str:
    return error.code.removesuffix("Exception")
