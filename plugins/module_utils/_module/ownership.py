# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The owners of IAM objects, read where they are needed: by a plan that changes some, or by a module that is asked.

Declared owners come first, then state files of Terraform and lists of owned ARNs, then one index of the stacks of all
regions, then the event history of single objects. A source that can't be read holds back what it may own, and is never
a failure.
"""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from .._account.activity import SECONDS_BETWEEN_LOOKUPS, look_up
from .._account.answer import No, Unknown, Yes
from .._account.change_events import EventHistory, parse_change_events
from .._account.collect import read_stacks, reread_stacks
from .._account.stack_reads import OPERATIONS as STACK_OPERATIONS
from .._account.stack_reads import REREAD_OPERATIONS
from .._account.stacks import StackIndex
from .._aws.access import Reach
from .._aws.errors import AwsError, InvalidCredentials
from .._aws.operations import Operations
from .._converge.arn import Principal, is_declared
from .._converge.change import Change, Refusal
from .._converge.finding import Finding
from .._converge.ownership.declared import DeclaredOwner, find_declared, parse_owners
from .._converge.ownership.drift import Recurrence, find_recurring, find_war, make_finding
from .._converge.ownership.evidence import (
    NOT_ASKED,
    CertainSource,
    Sources,
    add_stacks,
    find_owner,
    gather_stacks,
    make_stack_owner,
)
from .._converge.ownership.files import LISTS, STATES, OwnerFile, parse_files
from .._converge.ownership.history import History
from .._converge.ownership.judgement import (
    MADE_BY_HAND,
    find_held,
    find_inline,
    find_objection,
    identify,
    is_narrowing,
    list_held,
    list_held_back,
    list_keys,
    list_new,
    refuse,
)
from .._converge.ownership.owner import (
    DriftWar,
    IamObject,
    ObjectKey,
    Owner,
    Ownership,
    Unread,
    Write,
    object_of,
)
from .._converge.protected import protection_of
from .._converge.store import Store, StoreError
from .connection import Connection
from .options import Options
from .owned_arns import read_list
from .run_snapshot import RunSnapshot
from .terraform_states import read_state
from .yaml import parse_yaml

OPERATIONS: t.Final = Operations(
    reads=frozenset({*STACK_OPERATIONS, "cloudtrail:LookupEvents", "ec2:DescribeRegions", "sts:GetCallerIdentity"})
)
#: A run that writes also reads the stacks of its targets again.
PLAN_OPERATIONS: t.Final = OPERATIONS.union(Operations(reads=frozenset(REREAD_OPERATIONS)))

_PAGE: t.Final = 50
_MOST_PAGES: t.Final = 3
# AWS answers two lookups a second. A plan of more objects does not wait for the events of all.
MOST_LOOKUPS: t.Final = 20
_BEYOND: t.Final = EventHistory(
    rest=Unknown(f"its event history was not read: one plan reads those of {MOST_LOOKUPS} objects")
)
_NOT_WHOLE: t.Final = f"its event history has more than {_MOST_PAGES} pages, so only the newest events were read"


@dataclasses.dataclass(frozen=True)
class OwnershipOptions:
    """The options OWNERSHIP_ARGUMENTS, checked. ``drifting`` are ARN globs whose drift wars do not stop a run."""

    declared: tuple[DeclaredOwner, ...] = ()
    default: Write = Write.REFUSE
    states: tuple[OwnerFile, ...] = ()
    lists: tuple[OwnerFile, ...] = ()
    drifting: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Options) -> t.Self:
        """The options of a module.

        :raises InputError: an entry of ``owners``, or of the files that name owned objects, can't be used.
        :raises TaskError: its text is no YAML.
        """
        given = options.get("owners")
        if isinstance(given, str) and given.strip():
            # A survey of AWX can only give text.
            given = parse_yaml(given, option="owners", source="the text")
        return cls(
            parse_owners(given),
            Write(options.get("owner_default") or Write.REFUSE),
            parse_files(STATES, options.get(STATES)),
            parse_files(LISTS, options.get(LISTS)),
            tuple(options.get("enforce_drifting") or ()),
        )


class OwnershipReader:
    """Reads the owners of objects of one account, each source at most once."""

    def __init__(
        self, options: OwnershipOptions, connection: Connection, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._options = options
        self._connection = connection
        self._sleep = sleep
        self._has_looked_up = False
        self._histories: dict[ObjectKey, EventHistory] = {}

    def read(
        self,
        items: Sequence[IamObject],
        *,
        tags: Mapping[ObjectKey, Mapping[str, str]],
        needed: t.Optional[Sequence[ObjectKey]] = None,
        most: int = MOST_LOOKUPS,
        always: Collection[ObjectKey] = (),
    ) -> tuple[Mapping[ObjectKey, Owner], StackIndex]:
        """Read the owners of ``items``. The event history is asked for ``most`` of those that no other source knows.

        With ``needed`` it is asked for the first of these objects, and those of ``always`` among them: it decides on
        their changes.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        sources = Sources(declared=self._options.declared, tags=tags, callers=self.callers)
        left = [item for item in items if not _is_settled(item, self._options)]
        index = StackIndex()
        if left:
            sources = dataclasses.replace(sources, certain=self._files)
            left = [item for item in left if not _is_owned(item, self._files) and _needs_stacks(item, self._options)]
        if left:
            index = self._index
            sources = dataclasses.replace(sources, stacks=gather_stacks(index))
            left = [item for item in left if item.key not in index.objects]
        wanted = {item.key: item for item in left}
        if needed is not None:
            wanted = {key: wanted[key] for key in needed if key in wanted}
        asked = {*list(wanted)[:most], *(key for key in wanted if key in always)}
        others = NOT_ASKED if needed is None else _BEYOND
        events = {key: self.look_up(item) if key in asked else others for key, item in wanted.items()}
        sources = dataclasses.replace(sources, events=events)
        return {item.key: find_owner(item, sources) for item in items}, index

    @property
    def snapshot(self) -> RunSnapshot:
        """The reads that the modules of the run share."""
        return self._connection.snapshot

    @property
    def callers(self) -> frozenset[Principal]:
        """All principals that this run calls as, or comes through."""
        return self._connection.principals

    @functools.cached_property
    def _files(self) -> tuple[CertainSource, ...]:
        """The state files and lists of owned ARNs that may know objects of the account."""
        account_id = self._connection.access.caller.account_id
        states, lists = (
            [file for file in files if file.concerns(account_id)]
            for files in (self._options.states, self._options.lists)
        )
        return (
            *(read_state(file, self._connection) for file in states),
            *(read_list(file, self._connection) for file in lists),
        )

    @functools.cached_property
    def _index(self) -> StackIndex:
        """The stacks of all enabled regions: IAM is global, a stack is in one region."""
        reach = self._reach
        index = read_stacks(self._connection.access, reach.regions, self._connection.snapshot)
        if reach.unread:
            reason = f"the enabled regions can't be listed, so only some were asked for stacks: {reach.unread}"
            index = dataclasses.replace(index, unread=(reason, *index.unread))
        return index

    @functools.cached_property
    def _reach(self) -> Reach:
        return self._connection.access.reach()

    def reread_stacks(self, item: IamObject, inline: str = "") -> StackIndex:
        """Read live which stacks have an object, or its inline policy of this name.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        physical = [item.arn if item.kind == "policy" else item.name]
        # The physical id of an inline policy that is a resource of its own.
        physical += [f"{inline}|{item.name}"] if inline else []
        return reread_stacks(self._connection.access, physical, self._reach.regions)

    def look_up(self, item: IamObject) -> EventHistory:
        """The calls of the last 90 days that changed an object.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        if item.key not in self._histories:
            try:
                self._histories[item.key] = self._look_up(item)
            except InvalidCredentials:
                raise
            except AwsError as error:
                self._histories[item.key] = EventHistory(rest=Unknown(f"its event history can't be read: {error}"))
        return self._histories[item.key]

    def _look_up(self, item: IamObject) -> EventHistory:
        access = self._connection.access
        if self._has_looked_up:
            self._sleep(SECONDS_BETWEEN_LOOKUPS)
        self._has_looked_up = True
        name = item.arn if item.kind == "policy" else item.name
        question = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": name}]}
        # The events of IAM are in its home region.
        pages = access.pages(
            "cloudtrail", "LookupEvents", "Events", question, region=access.home_region, page_size=_PAGE
        )
        found = look_up(pages, max_pages=_MOST_PAGES, wait=self._sleep, now=self._connection.now)
        history = parse_change_events(found.records, account_id=item.account_id, kind=item.kind, name=item.name)
        return history if found.whole else dataclasses.replace(history, rest=Unknown(_NOT_WHOLE))


def _is_settled(item: IamObject, options: OwnershipOptions) -> bool:
    """Whether no source could say more about an object than its declaration or its name."""
    declared = find_declared(options.declared, item)
    if declared is None:
        return protection_of(item.arn) is not None
    # For a refusal, a stack or a state still knows where the object is changed.
    return declared.write is Write.ALLOW


def _is_owned(item: IamObject, sources: Iterable[CertainSource]) -> bool:
    return any(item.key in source.owners for source in sources)


def _needs_stacks(item: IamObject, options: OwnershipOptions) -> bool:
    """Whether a stack may have an object: of a declared one, only if its tool makes stacks."""
    declared = find_declared(options.declared, item)
    return declared is None or declared.language == "cloudformation"


class PlanOwners:
    """The owners of the objects that one plan changes: nothing is read if it changes none.

    ``journal`` shows which changes were made before; None if the run is not meant to write.
    """

    def __init__(
        self, reader: OwnershipReader, options: OwnershipOptions, journal: t.Optional[Store], now: datetime
    ) -> None:
        self._reader = reader
        self._options = options
        self._journal = journal
        self._now = now
        self.findings: tuple[Finding, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self._known: t.Optional[Ownership] = None
        self._new: frozenset[ObjectKey] = frozenset()
        self._reread: dict[tuple[ObjectKey, str], StackIndex] = {}

    def read(
        self, changes: Sequence[Change], own: frozenset[ObjectKey], tags: Mapping[str, Mapping[str, str]]
    ) -> t.Optional[Ownership]:
        """Read the owners of the objects that ``changes`` change, and the drift wars about them.

        ``own`` are objects that the declaration defines, ``tags`` those of principals by ARN.
        """
        self._new = new = list_keys(list_new(changes))
        items = [item for item in list_held(changes) if item.key not in new]
        if not items:
            return None
        needed = _select_for_events(items, changes, self._options)
        by_key = {item.key: tags_of for arn, tags_of in tags.items() if (item := object_of(arn))}
        owners, index = self._reader.read(items, tags=by_key, needed=needed, always=own)
        self._known = Ownership(
            # Nobody owns yet what the plan creates.
            owners={**owners, **dict.fromkeys(new, Owner())},
            inline={place: make_stack_owner(found) for place, found in index.inline.items()},
            own=own | new,
            default=self._options.default,
            wars=self._find_wars(changes, owners),
        )
        self.warnings = list_held_back(changes, self._known)
        return self._known

    def refuse_now(self, change: Change) -> t.Optional[Refusal]:
        """Refuse a change that takes access from an object, if a stack has taken over the object since the plan.

        The index of a run may be a quarter of an hour old. So the stacks are asked again before the write. A module
        that shares nothing has just read the index.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        item = find_held(change)
        if self._known is None or not self._reader.snapshot.finds:
            return None
        if item is None or item.key in self._new or not is_narrowing(change):
            return None
        known = self._known.find_owner(item.key)
        if known.write is Write.ALLOW:
            return None
        inline = find_inline(change)
        place = (item.key, inline)
        if place not in self._reread:
            self._reread[place] = self._reader.reread_stacks(item, inline)
        objection = find_objection(change, add_stacks(self._known, item.key, self._reread[place]))
        return refuse(change, objection) if objection else None

    def _find_wars(
        self, changes: Sequence[Change], owners: Mapping[ObjectKey, Owner]
    ) -> dict[tuple[str, ...], t.Union[Yes[DriftWar], Unread]]:
        """Find the changes that somebody keeps reverting, or of which that is not known."""
        open_changes = [change for change in changes if (item := find_held(change)) and _is_open(item, owners)]
        if self._journal is None or not open_changes:
            return {}
        answers: dict[tuple[str, ...], t.Union[Yes[DriftWar], No, Unread]]
        try:
            recurring = find_recurring(self._open_history(self._journal, open_changes[0].account_id), open_changes)
            answers = {identify(item.change): self._judge(item) for item in recurring}
        except StoreError as error:
            unread = Unread(f"the journal can't be read: {error}", "the journal", "correct hardening_journal")
            answers = {identify(change): unread for change in open_changes}
        drifting = {identify(one) for one in open_changes if is_declared(one.target, self._options.drifting)}
        return {place: war for place, war in answers.items() if not isinstance(war, No) and place not in drifting}

    def _open_history(self, journal: Store, account_id: str) -> History:
        return History(journal, account_id, now=self._now, memory=self._reader.snapshot.lasting)

    def _judge(self, recurrence: Recurrence) -> t.Union[Yes[DriftWar], No, Unread]:
        history = self._reader.look_up(recurrence.item)
        war = find_war(recurrence, history, self._reader.callers, now=self._now)
        finding = make_finding(recurrence, war, now=self._now)
        self.findings += (finding,) if finding else ()
        return war


def _is_open(item: IamObject, owners: Mapping[ObjectKey, Owner]) -> bool:
    """Whether an object existed before, and its owner does not decide already."""
    return item.key in owners and not owners[item.key].is_certain


def _select_for_events(
    items: Iterable[IamObject], changes: Iterable[Change], options: OwnershipOptions
) -> list[ObjectKey]:
    """Select the objects whose events can name an owner that refuses: those that lose access, unless all may.

    Those come first of which an unknown owner does not refuse already.
    """
    if options.default is Write.ALLOW:
        return []
    narrowed = {item.key for change in changes if is_narrowing(change) and (item := find_held(change))}
    chosen = [item for item in items if item.key in narrowed]
    chosen.sort(key=lambda item: (item.kind not in MADE_BY_HAND, item.key))
    return [item.key for item in chosen]
