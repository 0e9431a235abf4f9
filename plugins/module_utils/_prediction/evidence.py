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
import time
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from .._account.activity import (
    EVENT_HISTORY_DAYS,
    Activity,
    Lookup,
    event_history,
    join_lookups,
    last_accessed,
    look_up,
)
from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import deepen
from .._account.log_files import Logs, log_files
from .._account.model import Dataset, Role, Snapshot, User
from .._account.permissions import Permissions
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._aws.regions import ENABLED
from .._controls.control import unread_reason
from .._converge.errors import InputError
from .._converge.store import StoreError
from .._module.arguments import ArgumentSpec
from .._module.connection import Connection
from .._module.options import StoreOptions
from .._module.task import Task, TaskError
from .._policy.evaluation.context import Values
from .._policy.evaluation.evaluate import Layers
from .._policy.evaluation.narrowing import ANYTHING, condition_keys
from .._policy.impact.judge import Impact, Judge
from .._policy.trail.actions import EventReader
from .._policy.trail.usage import Evidence, Source, SourceRead, Use, drop_explained_uses
from .acceptance import Acceptances, parse_acceptances

# doc_fragments/_evidence.py
EVIDENCE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "trail_logs": {"type": "str"},
    "trail_logs_role_arn": {"type": "str"},
    "trail_days": {"type": "int", "default": EVENT_HISTORY_DAYS},
    "event_history": {"type": "bool", "default": True},
    "event_history_max_pages": {"type": "int", "default": 100},
    "unused_resources": {"type": "list", "elements": "str", "default": []},
    "accept_breakage": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("principal", "reason", "expires")},
    },
}
EVIDENCE_OPERATIONS: t.Final = OPERATIONS_OF_DATASETS[Dataset.SERVICE_LAST_ACCESSED].union(
    Operations(reads=frozenset({"cloudtrail:LookupEvents", "ec2:DescribeRegions"}))
)

_LOOKUP: t.Final = "LookupEvents"
_REGION_KEY: t.Final = "aws:requestedregion"
# AWS's own limit, and the numbers within which an option makes sense.
_PAGE: t.Final = 50
_MOST_DAYS: t.Final = 3650
_MOST_PAGES: t.Final = 10_000
# So many users are looked up one by one; for more, and for roles, all events of a region are read.
_FEW_USERS: t.Final = 5


@dataclasses.dataclass(frozen=True)
class EvidenceOptions:
    """The sources of evidence, the acceptances and the assumptions: the options EVIDENCE_ARGUMENTS, checked.

    ``regions`` are those to ask for event histories; none for all that are enabled. ``acceptances`` is
    ``accept_breakage``.
    """

    trail_logs: t.Optional[StoreOptions]
    trail_days: int
    event_history: bool
    event_history_max_pages: int
    unused_resources: tuple[str, ...]
    acceptances: Acceptances
    regions: tuple[str, ...]

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task, before anything is called. Raises TaskError: one can't be used."""
        options = task.options
        for name, most in (("trail_days", _MOST_DAYS), ("event_history_max_pages", _MOST_PAGES)):
            if not 1 <= options[name] <= most:
                raise TaskError(f"{name}: {options[name]} is not a number from 1 to {most}")
        for pattern in options["unused_resources"]:
            if not pattern.startswith("arn:"):
                raise TaskError(f"unused_resources: {pattern!r} is not the ARN of a resource, or a pattern for ARNs")
        regions = tuple(name for name in map(str.strip, options.get("regions") or ()) if name)
        try:
            acceptances = parse_acceptances(options["accept_breakage"], today=task.now.date())
        except InputError as error:
            raise TaskError(str(error)) from error
        return cls(
            trail_logs=find_trail_logs(options),
            trail_days=options["trail_days"],
            event_history=options["event_history"],
            event_history_max_pages=options["event_history_max_pages"],
            unused_resources=tuple(options["unused_resources"]),
            acceptances=acceptances,
            regions=() if regions == (ENABLED,) else regions,
        )

    def also_unused(self, resources: Iterable[str]) -> t.Self:
        """The same with further resources that nobody is taken to use."""
        return dataclasses.replace(self, unused_resources=tuple(dict.fromkeys((*self.unused_resources, *resources))))


def find_trail_logs(options: Mapping[str, t.Any]) -> t.Optional[StoreOptions]:
    """Find the place of CloudTrail's log files in the option ``trail_logs``; None if it is not set."""
    if not options.get("trail_logs"):
        return None
    return StoreOptions.from_options(options, "trail_logs", prefix="trail_logs")


@dataclasses.dataclass(frozen=True)
class Proposal:
    """The layers of one principal as they are and as they would be."""

    before: Layers
    after: Layers


class Predictor:
    """Predicts what changes do to principals of one account."""

    def __init__(
        self, connection: Connection, options: EvidenceOptions, snapshot: Snapshot, permissions: Permissions
    ) -> None:
        self._connection = connection
        self._options = options
        self._snapshot = snapshot
        self._permissions = permissions
        self._judges: dict[Proposal, Judge] = {}

    def current(self, arn: str) -> Layers:
        """The layers of a principal today. Identity policies that could not be read are assumed to allow everything.

        Otherwise what these allow would pass for not allowed, and for no loss.
        """
        layers = self._permissions.layers(arn)
        if self._permissions.unknown(arn):
            return dataclasses.replace(layers, identity=(*layers.identity, ANYTHING))
        return layers

    def read_uses(
        self, arns: Collection[str], *, sleep: Callable[[float], None] = time.sleep
    ) -> dict[str, tuple[Use, ...]]:
        """Read what principals did, by their ARNs, without the conditions of their calls.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        book = self._read(sorted(arns), frozenset(), sleep) if arns else Book()
        return {arn: book.uses(arn) for arn in arns}

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

    # Reading

    def _read(self, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None]) -> Book:
        names = {f"{_find_kind(arn)}/{entity.name}": arn for arn, entity in self._permissions.entities.items()}
        reader = EventReader(principals=arns, names=names, keys=keys)
        trail = self._read_trail(reader)
        accessed = self._read_last_accessed(arns, sleep)
        history = self._read_history(reader, arns, keys, sleep) if self._options.event_history else None
        return Book(tuple(source for source in (trail, history) if source is not None), accessed)

    def _read_trail(self, reader: EventReader) -> t.Optional[Activity]:
        place, days = self._options.trail_logs, self._options.trail_days
        if place is None:
            return None
        try:
            logs = self._open_trail(place)
            return log_files(logs, reader, account_id=self._snapshot.account_id, now=self._connection.now, days=days)
        except (AwsError, StoreError) as error:
            return Activity(SourceRead(Source.TRAIL, days, "", place=place.location, failure=str(error)))

    def _open_trail(self, place: StoreOptions) -> Logs:
        """The place of the trail's files. Raises AwsError: it can't work."""
        return self._connection.open_store(place)

    def _read_last_accessed(self, arns: Collection[str], sleep: Callable[[float], None]) -> dict[str, Activity]:
        wanted = Dataset.SERVICE_LAST_ACCESSED
        deep = deepen(self._connection.access, self._snapshot, principals=arns, datasets={wanted}, sleep=sleep)
        unread = deep.missing(wanted)
        failure = unread_reason(unread) if unread else ""
        return {arn: last_accessed(arn, deep.service_last_accessed.get(arn), failure=failure) for arn in arns}

    def _read_history(
        self, reader: EventReader, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None]
    ) -> Activity:
        access = self._connection.access
        regions, others = self._find_regions()
        reads = {region: functools.partial(self._look_up, region, arns, sleep) for region in regions}
        found = access.gather(reads)
        lookups = {region: result for region, result in found.items() if isinstance(result, Lookup)}
        failures = {region: str(result) for region, result in found.items() if isinstance(result, AwsError)}
        # The regions that are listed are taken for all that are in use, unless it is regions that the change is about.
        listed = bool(self._options.regions) and _REGION_KEY not in keys
        return event_history(lookups, failures, reader, now=self._connection.now, others=others, is_enough=listed)

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
        return join_lookups(
            [look_up(self._pages(region, question), max_pages=most, wait=sleep, now=now) for question in questions]
        )

    def _pages(self, region: str, question: Mapping[str, t.Any]) -> Iterator[dict[str, t.Any]]:
        return self._connection.access.pages("cloudtrail", _LOOKUP, "Events", question, region=region, page_size=_PAGE)


@dataclasses.dataclass(frozen=True)
class Book:
    """All evidence that was read: ``shared`` sources of all principals, and service last accessed by principal."""

    shared: tuple[Activity, ...] = ()
    accessed: Mapping[str, Activity] = dataclasses.field(default_factory=dict)

    def _of(self, arn: str) -> tuple[Activity, ...]:
        return (*self.shared, *((self.accessed[arn],) if arn in self.accessed else ()))

    def uses(self, arn: str) -> tuple[Use, ...]:
        """The uses of a principal, by any source."""
        activities = self._of(arn)
        whole = {activity.source.source for activity in activities if activity.source.is_whole}
        return drop_explained_uses((use for activity in activities for use in activity.of(arn)), by=whole)

    def evidence(self, arn: str) -> Evidence:
        """The evidence that was read for a principal."""
        return Evidence(tuple(activity.source for activity in self._of(arn)))


def _find_kind(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]
