# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The graph of a hunt: keys, sessions, principals and addresses, what made what, and what could not be followed."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterator, Mapping

from ..documents.arn import arn_account, arn_parts
from ..facts.operations import WriteClass, is_named_like_read
from .callers import is_address
from .changes import find_class, name_object
from .clusters import Suspected
from .doors import find_made, find_named, is_door
from .event import Caller, Event
from .gaps import Coverage, Reads
from .hunt import BEFORE, Outcome
from .links import OUTSIDE, find_minted, find_switch, find_target, opens_session, short_name
from .persistence.families import describe_use
from .taints import session_of


class Kind(enum.StrEnum):
    """The kinds of nodes."""

    KEY = "key"
    SESSION = "session"
    USER = "user"
    ROLE = "role"
    ADDRESS = "address"


class Relation(enum.StrEnum):
    """What an edge means."""

    MADE = "made"
    BELONGS_TO = "belongs_to"
    CAME_FROM = "came_from"
    SWITCHED = "switched"


@dataclasses.dataclass(frozen=True)
class Node:
    """A node. Its id is that of a key, an ARN, an address, or the id of a session."""

    id: str
    kind: Kind
    account_id: str = ""
    principal: str = ""
    suspected: Suspected = Suspected.NO
    is_seed: bool = False
    events: int = 0


@dataclasses.dataclass(frozen=True)
class Edge:
    """An edge, with the event that shows it first."""

    source: str
    target: str
    relation: Relation
    event: Event


@dataclasses.dataclass(frozen=True)
class Unfollowed:
    """Something that was made and whose use can't be seen."""

    source: str
    target: str
    reason: str
    account_id: str = ""
    event_id: str = ""
    access_key_id: str = ""


@dataclasses.dataclass(frozen=True)
class Graph:
    """Nodes in a stable order, edges by time."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    unfollowed: tuple[Unfollowed, ...]


def build_graph(outcome: Outcome, reads: Reads, *, unasked: Mapping[str, str]) -> Graph:
    """Build the graph of an outcome. ``unasked`` are keys that the event history was not asked for, with the reason."""
    builder = _Builder(outcome)
    for event in outcome.events:
        builder.add(event)
    edges = tuple(builder.edges.values())
    unfollowed = tuple(_find_unfollowed(outcome, reads, unasked))
    return Graph(tuple(sorted(builder.nodes.values(), key=_order)), edges, unfollowed)


def _order(node: Node) -> tuple[t.Any, ...]:
    return not node.is_seed, list(Kind).index(node.kind), node.id


class _Builder:
    """Collects nodes and edges."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome: t.Final = outcome
        self._question: t.Final = outcome.question
        self._keys: t.Final = outcome.scope.keys | frozenset(outcome.tainted.keys)
        self._arns: t.Final[dict[str, str]] = {}
        self.nodes: t.Final[dict[str, Node]] = {}
        self.edges: t.Final[dict[tuple[str, str, Relation], Edge]] = {}
        for event in outcome.events:
            # The ARN with the path is in the events of the principal, and not in those that name it.
            if event.principal_arn:
                self._arns.setdefault(short_name(event.principal_arn), event.principal_arn)
        for key in sorted(self._question.keys):
            self._add_node(key, _kind_of_key(key))
        for arn in sorted(self._question.principals):
            if arn.startswith("arn:"):
                self._add_principal(arn)
        for address in sorted(self._question.addresses):
            self._add_node(address, Kind.ADDRESS)

    def add(self, event: Event) -> None:
        """Add what an event shows."""
        suspected = self._outcome.find_verdict(event)
        if suspected is Suspected.NO and not self._is_near(event):
            return
        caller = self._add_caller(event, suspected)
        is_early = suspected is Suspected.NO and self._is_early(event)
        for minted in () if is_early else find_minted(event):
            self._add_node(minted.key_id, _kind_of_key(minted.key_id), minted.account_id, minted.principal, suspected)
            self._add_edge(caller, minted.key_id, Relation.MADE, event)
            if minted.principal:
                self._add_edge(minted.key_id, self._add_principal(minted.principal), Relation.BELONGS_TO, event)
        made = find_made(event)
        for principal in made.principals if made is not None and suspected is not Suspected.NO else ():
            self._add_edge(caller, self._add_principal(principal, suspected), Relation.MADE, event)
        if opens_session(event) and suspected is not Suspected.NO and find_target(event).startswith("arn:"):
            # Also if the call failed, or does not show the key: the intruder wanted this role.
            self._add_principal(find_target(event))
        switched = find_switch(event)
        if switched.startswith("arn:"):
            self._add_edge(self._add_principal(switched), caller, Relation.SWITCHED, event)
        if suspected is not Suspected.NO and is_address(event.source_address):
            self._add_node(event.source_address, Kind.ADDRESS, suspected=suspected)
            self._add_edge(event.source_address, caller, Relation.CAME_FROM, event)

    def _is_early(self, event: Event) -> bool:
        """Whether an event shows habits alone. A month of deployments would hide the graph."""
        since = self._outcome.beginning.since
        return since is not None and event.time < since - BEFORE

    def _is_near(self, event: Event) -> bool:
        """Whether an event that is not suspected is of a seed, or of what one made not long before."""
        scope = self._outcome.scope
        if event.access_key_id in self._question.keys or short_name(event.principal_arn) in scope.watched:
            return True
        return event.access_key_id in self._keys and not self._is_early(event)

    def _add_caller(self, event: Event, suspected: Suspected) -> str:
        """Add the caller of an event: its key, else its session, else its principal."""
        arn = self._arns.get(short_name(event.principal_arn), event.principal_arn)
        principal = self._add_principal(arn, suspected) if arn else ""
        account_id = event.caller_account_id or arn_account(arn) or event.account_id
        if event.access_key_id:
            node = self._add_node(
                event.access_key_id, _kind_of_key(event.access_key_id), account_id, arn, suspected, counts=True
            )
        elif session_of(event):
            node = self._add_node(self._find_session(event), Kind.SESSION, account_id, arn, suspected, counts=True)
        elif event.on_behalf_of:
            node = self._add_node(event.on_behalf_of, Kind.USER, account_id, "", suspected, counts=True)
        else:
            own = arn or event.principal_id or event.invoked_by or event.source_address or "unknown"
            return self._add_node(own, _kind_of_arn(arn), account_id, arn, suspected, counts=True)
        if principal and principal != node:
            self._add_edge(node, principal, Relation.BELONGS_TO, event)
        return node

    def _find_session(self, event: Event) -> str:
        """The node of a session that an event shows without its key: the other account has the same call with it."""
        if event.shared_event_id:
            for minted in find_minted(event):
                for mint in self._outcome.index.mints_of(minted.key_id):
                    if mint.parent_key and mint.shared_event_id == event.shared_event_id:
                        return mint.parent_key
        return session_of(event)

    def _add_principal(self, arn: str, suspected: Suspected = Suspected.NO) -> str:
        full = self._arns.get(short_name(arn), arn)
        return self._add_node(full, _kind_of_arn(full), arn_account(full) or "", full, suspected)

    def _add_node(
        self,
        name: str,
        kind: Kind,
        account_id: str = "",
        principal: str = "",
        suspected: Suspected = Suspected.NO,
        *,
        counts: bool = False,
    ) -> str:
        known = self.nodes.get(name)
        principal = self._arns.get(short_name(principal), principal)
        if known is None:
            is_seed = name in self._question.keys or name in self._question.addresses
            is_seed = is_seed or self._question.names_arn(name)
            known = Node(name, kind, account_id, principal, suspected, is_seed)
        self.nodes[name] = dataclasses.replace(
            known,
            account_id=known.account_id or account_id,
            principal=known.principal or principal,
            suspected=max(known.suspected, suspected, key=_RANK.index),
            events=known.events + counts,
        )
        return name

    def _add_edge(self, source: str, target: str, relation: Relation, event: Event) -> None:
        if source != target:
            self.edges.setdefault((source, target, relation), Edge(source, target, relation, event))


_RANK: t.Final = (Suspected.NO, Suspected.UNCERTAIN, Suspected.YES)


def _kind_of_key(key: str) -> Kind:
    return Kind.KEY if key.startswith("AKIA") else Kind.SESSION


def _kind_of_arn(arn: str) -> Kind:
    parts = arn_parts(arn)
    return Kind.ROLE if parts is not None and parts.resource.startswith("role/") else Kind.USER


# What could not be followed


def _find_unfollowed(outcome: Outcome, reads: Reads, unasked: Mapping[str, str]) -> Iterator[Unfollowed]:
    seen: set[tuple[str, str, str]] = set()
    used = {event.access_key_id for event in outcome.events}
    # The steps of events that are surely an intruder's come first: sessions, then the gravest classes.
    for event in sorted(outcome.suspects, key=lambda one: (outcome.find_verdict(one) is not Suspected.YES, _rank(one))):
        for found in _find_unfollowed_of(event, outcome, reads, unasked, used):
            if (found.source, found.target, event.name) not in seen:
                seen.add((found.source, found.target, event.name))
                yield found


def _rank(event: Event) -> int:
    if opens_session(event):
        return -1
    return list(WriteClass).index(find_class(event) or WriteClass.OTHER)


def _find_unfollowed_of(
    event: Event, outcome: Outcome, reads: Reads, unasked: Mapping[str, str], used: set[str]
) -> Iterator[Unfollowed]:
    if event.is_failed:
        return
    source = event.access_key_id or session_of(event) or event.principal_arn
    target = find_target(event)
    minted = find_minted(event)
    if opens_session(event) and not minted:
        reason = "the event does not show the key of the session"
        yield Unfollowed(source, target or event.name, reason, event.account_id, event.event_id)
    outside = OUTSIDE.get((event.service, event.name))
    if outside is not None:
        yield Unfollowed(source, f"{event.service}:{event.name}", outside, event.account_id, event.event_id)
    elif not minted and not opens_session(event) and is_door(event) and not _is_followed(event, outcome):
        what = f"{event.service}:{event.name} {name_object(event)}".rstrip()
        reason = f"the event does not tie its use to anybody. Look for {describe_use(find_class(event))}"
        yield Unfollowed(source, what, reason, event.account_id, event.event_id)
    if event.caller is Caller.ACCOUNT and _knows_caller(event, outcome):
        return
    for one in minted:
        reason = unasked.get(one.key_id) or ("" if one.key_id in used else _explain_silence(one.account_id, reads))
        if reason:
            yield Unfollowed(source, one.principal or one.key_id, reason, one.account_id, event.event_id, one.key_id)


def _is_followed(event: Event, outcome: Outcome) -> bool:
    """Whether what a door shows is followed: what was made is suspected, and what IAM names is looked at.

    A read that handed out a token, and that may be somebody else's, is no way back in.
    """
    made = find_made(event)
    is_certain = outcome.find_verdict(event) is Suspected.YES
    if not is_certain and is_named_like_read(event.name):
        return True
    return bool(find_named(event)) or (made is not None and (is_certain or made.is_new))


def _knows_caller(event: Event, outcome: Outcome) -> bool:
    """Whether the account of the caller has the same call, which shows more."""
    return any(mint.parent_key for minted in find_minted(event) for mint in outcome.index.mints_of(minted.key_id))


def _explain_silence(account_id: str, reads: Reads) -> str:
    """Explain why no event of a key was found; empty if all of its account was read: it was not used."""
    own = {region: read for (account, region), read in reads.items() if account == account_id}
    if not own or all(read.coverage is Coverage.DENIED for read in own.values()):
        return f"account {account_id} was not read"
    partial = sorted(region for region, read in own.items() if read.coverage is not Coverage.COMPLETE)
    if partial:
        return f"no event of the key was found, and account {account_id} was not read completely: {', '.join(partial)}"
    return ""
