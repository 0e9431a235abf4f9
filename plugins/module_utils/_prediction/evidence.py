# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Prediction, composed: the evidence of use is read, and changes of layers are held against it.

Shared by the module that only predicts and by those whose guard it is.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from .._account.activity import (
    Activity,
    Lookup,
    event_history,
    join_lookups,
    last_accessed,
    look_up,
)
from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import deepen
from .._account.log_files import Change, EventScan, LogActivity, Logs, read_change
from .._account.model import Dataset, Role, Snapshot, User
from .._account.permissions import Permissions
from .._aws.errors import AwsError, RegionDenied
from .._aws.operations import Operations
from .._controls.control import unread_reason
from .._module.connection import Connection
from .._module.options import StoreOptions
from .._policy.evaluation.context import Values
from .._policy.evaluation.evaluate import Layers
from .._policy.evaluation.narrowing import ANYTHING, condition_keys
from .._policy.impact.judge import Impact, Judge
from .._policy.trail.actions import EventReader
from .._policy.trail.callers import KnownPrincipal
from .._policy.trail.coverage import Coverage, Record
from .._policy.trail.log_classes import has_all_events
from .._policy.trail.sessions import TOO_MANY_SESSIONS, SessionScan, needs_scan
from .._policy.trail.usage import Evidence, Source, Use, drop_explained_uses, merge_uses
from .records.coverage import describe_coverage
from .records.evidence import RECORD_OPERATIONS, Places, read_trail_facts
from .records.evidence_options import EvidenceOptions
from .records.sources import Sources
from .records.summary import describe_sessions, hash_uses, list_left_out, was_in_console

EVIDENCE_OPERATIONS: t.Final = OPERATIONS_OF_DATASETS[Dataset.SERVICE_LAST_ACCESSED].union(
    Operations(reads=frozenset({"cloudtrail:LookupEvents", "ec2:DescribeRegions"}))
)

# Those of read_records, which also asks what the trails record.
RECORDS_OPERATIONS: t.Final = EVIDENCE_OPERATIONS.union(RECORD_OPERATIONS)

_LOOKUP: t.Final = "LookupEvents"
_REGION_KEY: t.Final = "aws:requestedregion"
# AWS's own limit.
_PAGE: t.Final = 50
# So many users are looked up one by one; for more, and for roles, all events of a region are read.
_FEW_USERS: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Proposal:
    """The layers of one principal as they are and as they would be."""

    before: Layers
    after: Layers


class Predictor:
    """Predicts what changes do to principals of one account."""

    def __init__(
        self,
        connection: Connection,
        options: EvidenceOptions,
        snapshot: Snapshot,
        permissions: Permissions,
        scans: Sequence[EventScan] = (),
    ) -> None:
        self._connection = connection
        self._options = options
        self._snapshot = snapshot
        self._permissions = permissions
        self._scans: t.Final = tuple(scans)
        self._judges: dict[Proposal, Judge] = {}
        # Regions are read by several threads.
        self._pages_read = itertools.count(1)

    def current(self, arn: str) -> Layers:
        """The layers of a principal today. Identity policies that could not be read are assumed to allow everything.

        Otherwise what these allow would pass for not allowed, and for no loss.
        """
        layers = self._permissions.layers(arn)
        if self._permissions.unknown(arn):
            return dataclasses.replace(layers, identity=(*layers.identity, ANYTHING))
        return layers

    def predict(
        self, proposals: Mapping[str, Proposal], *, sleep: Callable[[float], None] = time.sleep
    ) -> dict[str, Impact]:
        """Predict the impact on each principal, by its ARN. Evidence that can't be read is named in the impacts.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        changed = {arn: proposal for arn, proposal in proposals.items() if proposal.before != proposal.after}
        keys = condition_keys(layers for item in changed.values() for layers in (item.before, item.after))
        book = self._read(sorted(changed), keys, sleep) if changed else Book()
        return {arn: self._judge_impact(arn, proposal, book, keys) for arn, proposal in proposals.items()}

    def _judge_impact(self, arn: str, proposal: Proposal, book: Book, keys: frozenset[str]) -> Impact:
        if proposal not in self._judges:
            self._judges[proposal] = Judge(
                proposal.before,
                proposal.after,
                resource_policies=self._trusts,
                unused_resources=self._options.unused_resources,
            )
        known, absent = self._find_known_keys(arn, keys), self._find_absent_keys(arn, keys)
        uses = book.uses(arn)
        if known or absent:
            uses = tuple(dataclasses.replace(use, context=use.context.under(known, absent=absent)) for use in uses)
        return self._judges[proposal].impact(arn, uses, book.evidence(arn))

    @functools.cached_property
    def _trusts(self) -> Mapping[str, t.Any]:
        policies = ((role.arn, self._permissions.trust(role.arn)) for role in self._snapshot.roles)
        return {arn: policy for arn, policy in policies if policy is not None}

    def _find_known_keys(self, arn: str, keys: frozenset[str]) -> dict[str, Values]:
        """Find the condition keys whose values are known of a principal, of those that matter."""
        entity = self._permissions.entities[arn]
        known: dict[str, Values] = {}
        if isinstance(entity, (User, Role)):
            known = {f"aws:PrincipalTag/{key}": value for key, value in entity.tags.items()}
        if self._snapshot.organization is not None:
            known["aws:PrincipalOrgID"] = self._snapshot.organization.id
        return {key: value for key, value in known.items() if key.lower() in keys}

    def _find_absent_keys(self, arn: str, keys: frozenset[str]) -> Collection[str]:
        """Find the condition keys, of those that matter, that no request of a principal has."""
        return ()

    def read_records(
        self, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None]
    ) -> dict[str, Record]:
        """Read the records of principals: see :func:`read_records`."""
        if not arns:
            return {}
        book = self._read(arns, keys, sleep, is_detailed=True)
        access = self._connection.access
        trails, reason = read_trail_facts(access)
        history = next((one for one in book.shared if one.source.source is Source.EVENT_HISTORY), None)
        reach = access.reach(self._options.regions)
        sources = Sources(
            self._options.trail_days,
            self._connection.now,
            tuple(one for one in book.shared if isinstance(one, LogActivity)),
            history,
            history_regions=reach.regions if history is not None else (),
            trails=trails,
            trails_reason=reason,
            regions=None if reach.unread else reach.enabled,
            changes=book.changes,
        )
        coverage = describe_coverage(sources)
        return {arn: self._make_record(arn, book, coverage) for arn in arns}

    def _make_record(self, arn: str, book: Book, coverage: Coverage) -> Record:
        entity = self._permissions.entities[arn]
        uses, denied = book.uses(arn, is_recorded=functools.partial(has_all_events, coverage)), book.list_denials(arn)
        left_out, accessed = list_left_out(arn, book.shared), book.accessed.get(arn)
        notes = describe_sessions(arn, book.shared)
        if accessed is not None and accessed.source.failure is not None:
            notes = (*notes, f"service last accessed was not read: {accessed.source.failure}")
        return Record(
            principal_arn=arn,
            principal_id=entity.unique_id if isinstance(entity, (User, Role)) else "",
            coverage=dataclasses.replace(coverage, notes=(*coverage.notes, *notes)),
            uses=uses,
            denied=denied,
            is_last_accessed_read=accessed is not None and accessed.source.failure is None,
            digest=hash_uses(uses, denied, left_out),
            left_out=left_out,
            is_console=was_in_console(arn, book.shared),
        )

    # Reading

    def _read(
        self, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None], *, is_detailed: bool = False
    ) -> Book:
        account_id = self._snapshot.account_id
        places = Places(self._connection, self._options, account_id, self._open_trail, has_signatures=is_detailed)
        lookups = self._read_history(arns, keys, sleep) if self._options.event_history else None
        reader = self._make_reader(arns, keys, places, lookups, is_detailed=is_detailed)
        trail = places.read(reader, self._scans) if places else ()
        history = () if lookups is None else (lookups.read(reader, self._scans),)
        changes = () if lookups is None else lookups.find_changes()
        accessed = self._read_last_accessed(arns, sleep)
        return Book((*trail, *history), accessed, changes)

    def _make_reader(
        self,
        arns: Sequence[str],
        keys: frozenset[str],
        places: Places,
        lookups: t.Optional[_History],
        *,
        is_detailed: bool,
    ) -> EventReader:
        """Make the reader of all events. Where tags or addresses of sessions decide, the events are read twice."""
        scan = SessionScan(self._options.exclusions)
        if needs_scan(keys, self._options.exclusions):
            for record in itertools.chain(() if lookups is None else lookups.records(), places.records()):
                scan.add(record)
        if not scan.is_complete:
            self._connection.warn(TOO_MANY_SESSIONS)
        entities = self._permissions.entities
        found = {arn: one for arn in arns if isinstance(one := entities[arn], (User, Role))}
        known = {arn: KnownPrincipal(one.unique_id, one.created) for arn, one in found.items()}
        return EventReader(
            principals=arns,
            names=dict(list_names(entities)),
            keys=keys,
            account_id=self._snapshot.account_id,
            known=known,
            exclusions=scan.list_exclusions(),
            session_tags=scan.tags,
            is_detailed=is_detailed,
        )

    def _open_trail(self, place: StoreOptions) -> Logs:
        """A place with log files. Raises AwsError: it can't work."""
        return self._connection.open_store(place)

    def _read_last_accessed(self, arns: Collection[str], sleep: Callable[[float], None]) -> dict[str, Activity]:
        wanted = Dataset.SERVICE_LAST_ACCESSED
        deep = deepen(self._connection.access, self._snapshot, principals=arns, datasets={wanted}, sleep=sleep)
        unread = deep.missing(wanted)
        failure = unread_reason(unread) if unread else ""
        return {arn: last_accessed(arn, deep.service_last_accessed.get(arn), failure=failure) for arn in arns}

    def _read_history(self, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None]) -> _History:
        access = self._connection.access
        regions, others = self._find_regions()
        reads = {region: functools.partial(self._look_up, region, arns, sleep) for region in regions}
        found = access.gather(reads)
        return _History(
            {region: result for region, result in found.items() if isinstance(result, Lookup)},
            {region: str(result) for region, result in found.items() if isinstance(result, AwsError)},
            others,
            self._connection.now,
            # The regions that are listed are taken for all that are in use, unless it is regions that the change is
            # about.
            is_enough=bool(self._options.regions) and _REGION_KEY not in keys,
            closed=frozenset(region for region, result in found.items() if isinstance(result, RegionDenied)),
        )

    def _find_regions(self) -> tuple[tuple[str, ...], t.Optional[tuple[str, ...]]]:
        """The regions to ask, without any listed all that are enabled; and the account's others, None if not known."""
        reach = self._connection.access.reach(self._options.regions)
        others = None if reach.unread else tuple(sorted({*reach.enabled} - {*reach.regions}))
        return reach.regions, others

    def _look_up(self, region: str, arns: Sequence[str], sleep: Callable[[float], None]) -> Lookup:
        """The event history of one region. Of a role AWS can't be asked by name: its events bear those of sessions."""
        users = [arn.rpartition("/")[2] for arn in arns if _find_kind(arn) == "user"]
        whole_region: list[dict[str, t.Any]] = [{}]
        by_name = [{"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": name}]} for name in users]
        questions = by_name if len(users) == len(arns) <= _FEW_USERS else whole_region
        most = self._options.event_history_max_pages
        now = self._connection.now
        try:
            return join_lookups(
                [look_up(self._pages(region, question), max_pages=most, wait=sleep, now=now) for question in questions]
            )
        except OSError as error:
            raise AwsError(f"the events could not be kept until they are read: {error}") from error

    def _pages(self, region: str, question: Mapping[str, t.Any]) -> Iterator[dict[str, t.Any]]:
        access = self._connection.access
        for page in access.pages("cloudtrail", _LOOKUP, "Events", question, region=region, page_size=_PAGE):
            self._connection.progress("pages of the event history", next(self._pages_read), None)
            yield page


@dataclasses.dataclass(frozen=True)
class _History:
    """The event histories of some regions, before their events are read."""

    lookups: Mapping[str, Lookup]
    failures: Mapping[str, str]
    others: t.Optional[tuple[str, ...]]
    now: datetime
    is_enough: bool
    closed: frozenset[str] = frozenset()

    def records(self) -> Iterator[t.Any]:
        """All events."""
        for lookup in self.lookups.values():
            yield from lookup.records

    def find_changes(self) -> tuple[Change, ...]:
        """Find the calls that changed a trail."""
        found = (read_change(record) for record in self.records())
        return tuple(sorted({change for change in found if change is not None}))

    def read(self, reader: EventReader, scans: Sequence[EventScan]) -> Activity:
        """Read the uses in all events, at which ``scans`` look as well."""
        for record in self.records() if scans else ():
            for scan in scans:
                scan.add(record)
        return event_history(
            self.lookups,
            self.failures,
            reader,
            now=self.now,
            others=self.others,
            is_enough=self.is_enough,
            closed=self.closed,
        )


def read_records(
    connection: Connection,
    options: EvidenceOptions,
    snapshot: Snapshot,
    permissions: Permissions,
    principals: Collection[str],
    *,
    keys: frozenset[str],
    scans: Sequence[EventScan] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Record]:
    """Read the records of what principals did, by their ARNs. ``keys`` are the condition keys that matter.

    All principals share one reading of files and events, and one coverage. A source that can't be read lowers it.
    ``scans`` look at the same events.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    predictor = Predictor(connection, options, snapshot, permissions, scans)
    return predictor.read_records(sorted(set(principals)), keys, sleep)


@dataclasses.dataclass(frozen=True)
class Book:
    """All evidence that was read: ``shared`` sources of all principals, and service last accessed by principal.

    ``changes`` are calls in the event history that changed a trail.
    """

    shared: tuple[Activity, ...] = ()
    accessed: Mapping[str, Activity] = dataclasses.field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    def _of(self, arn: str) -> tuple[Activity, ...]:
        return (*self.shared, *((self.accessed[arn],) if arn in self.accessed else ()))

    def uses(self, arn: str, *, is_recorded: t.Optional[Callable[[str], bool]] = None) -> tuple[Use, ...]:
        """The uses of a principal, by any source. ``is_recorded`` says whether all calls of an action were recorded.

        If not, its recorded calls do not explain its date of last access: there may be others in another region.
        """
        activities = self._of(arn)
        readings = {activity.source.source: activity.reading for activity in activities if activity.reading is not None}
        left_out = tuple(use for one in readings.values() for use in one.find_left_out(arn))
        # Only a source that was read whole knows all calls. Those that were left out explain dates, if they are kept.
        hidden = {source for source, one in readings.items() if one.excluded and not one.left_out}
        whole = {activity.source.source for activity in activities if activity.source.is_whole} - hidden
        given: dict[bool, list[Use]] = {False: [], True: []}
        for use in (use for activity in activities for use in activity.of(arn)):
            is_open = is_recorded is not None and use.may_be_denied and not is_recorded(use.action)
            given[is_open].append(use)
        known = (use for uses in given.values() for use in drop_explained_uses((*uses, *left_out), by=whole))
        dropped = {id(use) for use in left_out}
        return tuple(use for use in known if id(use) not in dropped)

    def list_denials(self, arn: str) -> tuple[Use, ...]:
        """The calls of a principal that were refused."""
        readings = (activity.reading for activity in self.shared if activity.reading is not None)
        return merge_uses(use for reading in readings for use in reading.find_denied(arn))

    def evidence(self, arn: str) -> Evidence:
        """The evidence that was read for a principal."""
        return Evidence(tuple(activity.source for activity in self._of(arn)))


def list_names(entities: Mapping[str, t.Any]) -> Iterator[tuple[str, str]]:
    """The names that events may have instead of ARNs: of principals, and of instance profiles for their roles."""
    for arn, entity in entities.items():
        yield f"{_find_kind(arn)}/{entity.name}", arn
        if isinstance(entity, Role):
            yield from ((f"instance-profile/{one.rpartition('/')[2]}", arn) for one in entity.instance_profiles)


def _find_kind(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]
