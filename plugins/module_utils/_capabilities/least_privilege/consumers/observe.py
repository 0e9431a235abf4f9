# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading who uses the target roles of a run, and who names them: each service and region once for all of them."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ...._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ...._account.collect import collect
from ...._account.model import Dataset, Role
from ...._account.permissions import Permissions
from ...._aws.access import Access
from ...._aws.errors import AwsError, InvalidCredentials, RegionDenied
from ...._aws.operations import Operations
from ...._controls.control import unread_reason
from ...._module.connection import Connection
from ...._policy.trail.coverage import Record as UseRecord
from ...._policy.trail.usage import Use
from ..model import NOT_LOOKED_FOR, Consumer, Namer, Surroundings, UnreadNamers
from .account_policies import find_in_account
from .assumptions import Assumption
from .clusters import CLUSTERS
from .compute import COMPUTE
from .foreign import (
    find_foreign_accounts,
    find_unknown_buckets,
    find_unrecorded,
    find_used_services,
    refuse_account,
    sort_accounts,
)
from .jobs import JOBS
from .policies import BUCKETS, REPOSITORIES, SHARED_RESOURCES
from .reader import Found, Record, Service, Want
from .report import Answer, Failure, Note, Sentence, describe_failures
from .targets import Target, Targets
from .trusts import find_callers

# The placeholder for the id of an account in member_role_arn.
PLACE: t.Final = "<account_id>"

_REGIONAL: t.Final = (*COMPUTE, *JOBS, CLUSTERS, *SHARED_RESOURCES, REPOSITORIES)
_FOREIGN: t.Final = (BUCKETS, *SHARED_RESOURCES)

CONSUMERS_OPERATIONS: t.Final = Operations(
    reads=frozenset({"ec2:DescribeRegions"}).union(*(service.operations for service in (*_REGIONAL, BUCKETS)))
)
FOREIGN_OPERATIONS: t.Final = OPERATIONS_OF_DATASETS[Dataset.AUTHORIZATION_DETAILS].union(
    Operations(reads=frozenset().union(*(service.operations for service in _FOREIGN)))
)

# Those that nobody can list are named once for each role, so that "no consumer" is never read where it is not said.
UNLISTED_CONSUMERS: t.Final = (
    f"{NOT_LOOKED_FOR}SageMaker, EMR, Batch, Auto Scaling groups and launch templates, targets of EventBridge, stack "
    "sets, and what is outside of AWS: CI variables, profiles in ~/.aws/config, the role attribute at an identity "
    "provider"
)
UNLISTED_NAMERS: t.Final = UnreadNamers(
    f"{NOT_LOOKED_FOR}Lake Formation, Redshift, RDS users, Service Catalog, QuickSight, documents of Systems Manager, "
    "and the policies of API Gateway, Backup vaults, OpenSearch, access points and file systems"
)


@dataclasses.dataclass(frozen=True)
class SurroundingsRead:
    """The surroundings of all targets by ARN, and the number of calls that it took to read them."""

    surroundings: Mapping[str, Surroundings]
    calls: int


def read_surroundings(
    connection: Connection,
    permissions: Permissions,
    roles: Sequence[Role],
    new_roles: Mapping[str, str],
    *,
    records: Mapping[str, UseRecord],
    assumptions: Sequence[Assumption] = (),
    regions: Sequence[str] = (),
    member_role_arn: str = "",
) -> SurroundingsRead:
    """Read who uses ``roles`` and who names them, live, in all ``regions`` at the same time.

    ``permissions`` are of the snapshot of the account, whose roles, policies and organization policies are used as they
    are. ``new_roles`` has the ARNs of the new roles by those of the old ones, for the ways that make one. ``records``
    are the recorded uses of the targets by ARN (``read_records``), and ``assumptions`` the sessions of old and new
    roles that an :class:`~.assumptions.AssumptionScan` found in the same evidence. ``regions`` is the option: none, or
    ``enabled``, for all enabled ones. With ``member_role_arn``, in which ``<account_id>`` is replaced, other accounts
    are read where a target is used or which its trust names.

    A read that fails is a sentence in ``unread`` or an entry of ``unread_namers``, never an empty answer.

    :raises AwsError: AWS does not know the credentials (any more), or a name in ``regions`` is no region.
    """
    targets = Targets.of(permissions, roles, new_roles)
    if not targets.all:
        return SurroundingsRead({}, 0)
    uses = {target.arn: records[target.arn].uses if target.arn in records else () for target in targets.all}
    reach = connection.access.reach(regions)
    own = _read_services(connection.access, (BUCKETS, *_REGIONAL), reach.regions, targets)
    foreign = _read_foreign(connection, member_role_arn, targets, uses, reach.regions)
    parts = _Parts(
        permissions, targets, records, uses, own, foreign, tuple(_describe_reach(reach.regions, reach.enabled))
    )
    found = {target.arn: parts.combine(target, assumptions) for target in targets.all}
    calls = sum(answer.calls for answer in (*own, *(one for account in foreign for one in account.answers)))
    return SurroundingsRead(found, calls + sum(account.calls for account in foreign))


def _describe_reach(regions: Sequence[str], enabled: Sequence[str]) -> Iterator[Sentence]:
    others = sorted({*enabled} - {*regions})
    if others or not enabled:
        text = f"{len(others)} other regions were not looked at (regions)"
        if not enabled:
            text = "AWS did not list the regions of the account, so that others were not looked at"
        for want in Want:
            yield Sentence(want, text)


# Services


def _read_services(
    access: Access, services: Iterable[Service], regions: Sequence[str], targets: Targets
) -> tuple[Answer, ...]:
    jobs = [
        (service, region)
        for service in services
        if service.is_needed(targets)
        for region in ((access.region,) if service is BUCKETS else regions)
    ]
    reads = {number: functools.partial(_read, access, *job, targets) for number, job in enumerate(jobs)}
    answers = access.gather(reads)
    for answer in answers.values():
        if isinstance(answer, AwsError):
            raise answer
    return tuple(answer for answer in answers.values() if isinstance(answer, Answer))


def _read(access: Access, service: Service, region: str, targets: Targets) -> Answer:
    reader = _AwsReader(access, region)
    found: list[Found] = []
    failure = None
    try:
        found.extend(service.read(reader, targets))
    except InvalidCredentials:
        raise
    except AwsError as error:
        failure = Failure(f"{error.code or type(error).__name__}", str(error), isinstance(error, RegionDenied))
    except (KeyError, TypeError) as error:
        failure = Failure("answer", f"an answer of AWS lacks {error}")
    buckets = reader.buckets if service is BUCKETS and failure is None else None
    return Answer(service, region, tuple(found), tuple(reader.notes), failure, buckets, reader.calls)


class _AwsReader:
    """An :class:`Access` as a :class:`~.reader.Reader` of one region. Each thread has its own."""

    def __init__(self, access: Access, region: str) -> None:
        self._access: t.Final = access
        self.account_id = access.caller.account_id
        self.partition = access.partition
        self.region = region
        self.notes: t.Final[list[Note]] = []
        self.buckets: frozenset[str] = frozenset()
        self.calls = 0

    def items(self, service: str, operation: str, key: str, parameters: t.Optional[Record] = None) -> Iterator[t.Any]:
        self.calls += 1
        for number, page in enumerate(self._access.pages(service, operation, key, parameters, region=self.region)):
            self.calls += 1 if number else 0
            yield from page[key]

    def ask(
        self,
        service: str,
        operation: str,
        parameters: Record,
        *,
        about: str,
        of: Want,
        absent: Collection[str] = (),
        region: t.Optional[str] = None,
    ) -> t.Optional[Record]:
        self.calls += 1
        try:
            return self._access.call(service, operation, parameters, region=region or self.region)
        except AwsError as error:
            if error.code.removesuffix("Exception") not in {code.removesuffix("Exception") for code in absent}:
                self._note_error(error, of=of, about=about)
        return None

    def list(
        self, service: str, operation: str, key: str, parameters: Record, *, about: str, of: Want
    ) -> t.Optional[tuple[t.Any, ...]]:
        try:
            return tuple(self.items(service, operation, key, parameters))
        except AwsError as error:
            self._note_error(error, of=of, about=about)
        return None

    def _note_error(self, error: AwsError, *, of: Want, about: str) -> None:
        """Note an error. Where AWS refuses a whole region, the read of the service ends."""
        if isinstance(error, (InvalidCredentials, RegionDenied)):
            raise error
        code = f"{error.code}: " if error.code and error.code not in error.message else ""
        text = f"{error.service}:{error.operation}: {code}{error.message}"
        self.notes.append(Note(of, f"{error.operation} {error.code}", text, about))

    def note(self, text: str, *, of: Want, about: str = "") -> None:
        self.notes.append(Note(of, text, text, about))


# Other accounts


@dataclasses.dataclass(frozen=True)
class _Account:
    """What was read of another account. ``failure`` says why it could not be read at all."""

    account_id: str
    answers: tuple[Answer, ...] = ()
    found: tuple[Found, ...] = ()
    unread: tuple[UnreadNamers, ...] = ()
    failure: str = ""
    calls: int = 0


def _read_foreign(
    connection: Connection,
    member_role_arn: str,
    targets: Targets,
    uses: Mapping[str, Sequence[Use]],
    regions: Sequence[str],
) -> tuple[_Account, ...]:
    by_target = {target.arn: find_foreign_accounts(target, uses[target.arn]) for target in targets.all}
    wanted, left = sort_accounts(by_target)
    found = [_Account(account_id, failure=f"no more than {len(wanted)} accounts are read") for account_id in left]
    for account_id in wanted:
        if not member_role_arn:
            found.append(_Account(account_id, failure="member_role_arn is not set"))
            continue
        about = [target for target in targets.all if account_id in by_target[target.arn]]
        found.append(_read_account(connection, member_role_arn, account_id, Targets(about), regions))
    return tuple(found)


def _read_account(
    connection: Connection, member_role_arn: str, account_id: str, targets: Targets, regions: Sequence[str]
) -> _Account:
    try:
        access = connection.read_as(member_role_arn.replace(PLACE, account_id), FOREIGN_OPERATIONS)
        if access.caller.account_id != account_id:
            text = f"the role of member_role_arn is in account {access.caller.account_id}: write {PLACE} into its ARN"
            return _Account(account_id, failure=text)
        snapshot = collect(access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=connection.now)
        answers = _read_services(access, _FOREIGN, regions, targets)
    except AwsError as error:
        return _Account(account_id, failure=str(error))
    missing = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if missing is not None:
        return _Account(account_id, answers, failure=unread_reason(missing))
    found, unread = find_in_account(Permissions(snapshot), targets)
    return _Account(account_id, answers, tuple(found), tuple(unread), calls=1)


# The surroundings of one role


@dataclasses.dataclass(frozen=True)
class _Parts:
    """All that was read, for all targets."""

    permissions: Permissions
    targets: Targets
    records: Mapping[str, UseRecord]
    uses: Mapping[str, Sequence[Use]]
    own: tuple[Answer, ...]
    foreign: tuple[_Account, ...]
    reach: tuple[Sentence, ...]

    def combine(self, target: Target, assumptions: Sequence[Assumption]) -> Surroundings:
        """Combine what was read about one target."""
        found = [*self._policies[0], *(one for answer in self.own for one in answer.found)]
        items = [one.item for one in found if one.target == target]
        consumers = [item for item in items if isinstance(item, Consumer)]
        consumers += find_callers(target, assumptions)
        namers, unread_namers = self._combine_foreign(target)
        sentences = [one for one in (*self.reach, *self._failures) if one.is_about(target)]
        used = find_used_services(self.uses[target.arn])
        unread_namers += [
            UnreadNamers(one.text, blocks=one.service is not None and one.service.prefix in used)
            for one in sentences
            if one.of is Want.NAMERS
        ]
        return Surroundings(
            consumers=tuple(dict.fromkeys(consumers)),
            namers=tuple(dict.fromkeys([*(item for item in items if isinstance(item, Namer)), *namers])),
            unread=(*_list_unread_consumers(target, sentences), UNLISTED_CONSUMERS),
            unread_namers=(*self._policies[1], *self._of_organization, *unread_namers, UNLISTED_NAMERS),
        )

    @functools.cached_property
    def _policies(self) -> tuple[list[Found], list[UnreadNamers]]:
        return find_in_account(self.permissions, self.targets)

    @functools.cached_property
    def _of_organization(self) -> tuple[UnreadNamers, ...]:
        missing = self.permissions.snapshot.missing(Dataset.ORGANIZATION_POLICIES)
        if missing is None:
            return ()
        return (UnreadNamers(f"the policies of the organization could not be read: {unread_reason(missing)}"),)

    @functools.cached_property
    def _failures(self) -> tuple[Sentence, ...]:
        return tuple(describe_failures(self.own))

    def _combine_foreign(self, target: Target) -> tuple[list[Namer], list[UnreadNamers]]:
        """Combine what the other accounts say of a target, of those that it has to do with."""
        reasons = find_foreign_accounts(target, self.uses[target.arn])
        namers: list[Namer] = []
        unread: list[UnreadNamers] = []
        for account in self.foreign:
            if account.account_id not in reasons:
                continue
            found = (*account.found, *(one for answer in account.answers for one in answer.found))
            namers += [one.item for one in found if one.target == target and isinstance(one.item, Namer)]
            unread += _list_unread(account, reasons[account.account_id])
        unread += find_unknown_buckets(self.uses[target.arn], self._buckets)
        unread += find_unrecorded(self.records.get(target.arn))
        return namers, unread

    @functools.cached_property
    def _buckets(self) -> t.Optional[frozenset[str]]:
        """The buckets of all accounts that were read; None where those of this account could not be listed."""
        if not any(answer.buckets is not None for answer in self.own):
            return None
        answers = (*self.own, *(answer for account in self.foreign for answer in account.answers))
        return frozenset().union(*(answer.buckets for answer in answers if answer.buckets is not None))


def _list_unread_consumers(target: Target, sentences: Iterable[Sentence]) -> Iterator[str]:
    if not target.is_trust_known:
        yield "the trust policy does not parse: it is not known who may assume the role"
    for one in sentences:
        if one.of is Want.CONSUMERS:
            yield one.text


def _list_unread(account: _Account, reason: str) -> list[UnreadNamers]:
    if account.failure:
        return [refuse_account(account.account_id, reason, account.failure)]
    found = [dataclasses.replace(one, account_id=account.account_id) for one in account.unread]
    for one in describe_failures(account.answers):
        found.append(UnreadNamers(f"account {account.account_id}: {one.text}", account.account_id, blocks=True))
    text = f"account {account.account_id}: its functions, repositories, clusters and organization were not looked at"
    return [*found, UnreadNamers(text, account.account_id)]
