# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Tell which events are an intruder's: by chains of keys, by addresses, and by habits.

A key that a suspected event made is suspected, and so is all that is done with it. An address that nobody used before,
and a suspected event came from, makes other calls from there suspected. The verdicts are found again until nothing
changes, since events come in any order and a chain may go through several accounts.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .beginning import UNSURE
from .callers import find_family, find_network, is_address
from .changes import asks_for_change
from .clusters import Clusters, Suspected, Verdict, is_by_service
from .declared import Declared
from .doors import find_made, find_provider
from .event import Caller, Event
from .habits import Habits
from .index import Index, Mint
from .links import find_minted, find_target, opens_session, short_name
from .profile import Profile, is_opening, name_session
from .question import Question
from .taints import Taint, Tainted, note, session_of

# A chain has few hops. More rounds than these only a forged record needs.
_MOST_ROUNDS: t.Final = 50
# Services that open sessions for the code that runs on them. Others, such as CloudFormation, act for who asked them.
_MACHINES: t.Final = frozenset({"ec2", "ecs", "ecs-tasks", "lambda"})
# An intruder's first tries are so long before the first call that is unlike the principal's.
_NEAR: t.Final = timedelta(days=2)
_SLEEP: t.Final = timedelta(days=14)
_OPENER: t.Final = "calls in the session, from where it was opened, are suspected"
_BEFORE: t.Final = "before the first suspicious time"
_DECLARED: t.Final = "the credential is declared leaked"


@dataclasses.dataclass(frozen=True)
class Before:
    """What anybody used before the first suspicious time: networks, and identities of persons."""

    networks: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()


class Judge:
    """Judges the events of a hunt."""

    def __init__(
        self,
        question: Question,
        events: Sequence[Event],
        profiles: Mapping[str, Profile],
        index: Index,
        since: t.Optional[datetime],
        before: Before = Before(),
    ) -> None:
        """``events`` are sorted by time. ``since`` is the first suspicious time, None if there is none.

        ``before`` is what anybody used before that time.
        """
        self._before_all: t.Final = before
        self._question: t.Final = question
        self._events: t.Final = events
        self._profiles: t.Final = profiles
        self._index: t.Final = index
        self._since: t.Final = since
        self._callers: t.Final = {
            event.shared_event_id: event
            for event in events
            if event.shared_event_id and event.caller is not Caller.ACCOUNT
        }
        #: By the key of a session, the addresses that it was used from, in the order of time.
        self._addresses: t.Final = _list_addresses(events)
        self._declared: t.Final = Declared(question, events, index)
        self._habits: t.Final = Habits(filter(self._declared.has, events), since and since - UNSURE)
        self.tainted = Tainted()
        self._clusters = self._make_clusters()
        #: By the key of a session, the verdicts on what the caller did itself with it.
        self._own: dict[str, set[Suspected]] = {}
        #: By the key of a session, the addresses of suspected calls.
        self._suspected_from: dict[str, set[str]] = {}

    def judge(self) -> dict[str, Verdict]:
        """Judge all events, and return the verdicts by the events' ids."""
        verdicts: dict[str, Verdict] = {}
        before: tuple[int, ...] = ()
        for _round in range(_MOST_ROUNDS):
            verdicts = {event.event_id: self._judge_and_taint(event) for event in self._events}
            own = self._list_sessions(verdicts)
            self._suspected_from = self._list_suspected_addresses(verdicts)
            now = self.tainted.count()
            if now == before and own == self._own:
                break
            self._own = own
            before = now
            self._clusters = self._make_clusters()
        return verdicts

    def _list_sessions(self, verdicts: Mapping[str, Verdict]) -> dict[str, set[Suspected]]:
        found: collections.defaultdict[str, set[Suspected]] = collections.defaultdict(set)
        for event in self._events:
            if event.access_key_id.startswith("ASIA") and not is_by_service(event):
                found[event.access_key_id].add(verdicts[event.event_id].suspected)
        return dict(found)

    def _list_suspected_addresses(self, verdicts: Mapping[str, Verdict]) -> dict[str, set[str]]:
        found: collections.defaultdict[str, set[str]] = collections.defaultdict(set)
        for event in self._events:
            if event.access_key_id and verdicts[event.event_id].suspected is Suspected.YES:
                found[event.access_key_id].add(event.source_address)
        return dict(found)

    def _make_clusters(self) -> Clusters:
        late = (event for event in self._events if self._is_late(event))
        return Clusters(late, self._profiles, touched=frozenset(self.tainted.touched))

    def _is_late(self, event: Event) -> bool:
        return self._since is not None and event.time >= self._since

    def _judge_and_taint(self, event: Event) -> Verdict:
        verdict = self._judge(event)
        if verdict.suspected is not Suspected.NO:
            self._taint(event, verdict)
        return verdict

    # Verdicts

    def _judge(self, event: Event) -> Verdict:
        found = self._judge_by_place(event)
        if found.suspected is not Suspected.NO or not self._declared.has(event):
            return found
        # From the usual place at the usual hour only the call itself tells an intruder.
        lack = self._habits.explain_change(event)
        if not lack and not self._is_late(event):
            lack = self._habits.explain_place(event)
        return Verdict(Suspected.UNCERTAIN, (lack, _DECLARED, *found.reasons)) if lack else found

    def _judge_by_place(self, event: Event) -> Verdict:
        if not self._is_late(event):
            return self._judge_early(event)
        judges = (self._judge_opened, self._judge_chain, self._judge_address, self._judge_identity)
        verdict = next((found for judge in judges if (found := judge(event)) is not None), None)
        if verdict is not None:
            return verdict
        twin = self._find_twin(event)
        if twin is not None:
            return self._judge(twin)
        return (
            self._judge_service(event)
            or self._judge_opener(event)
            or self._judge_opening(event)
            or self._judge_session(event)
            or self._judge_sleeper(event, self._clusters.judge(event))
        )

    def _find_twin(self, event: Event) -> t.Optional[Event]:
        """Find the same call in the account of the caller, which shows the caller."""
        return self._callers.get(event.shared_event_id) if event.caller is Caller.ACCOUNT else None

    def _judge_early(self, event: Event) -> Verdict:
        twin = self._find_twin(event)
        if twin is not None:
            return self._judge(twin)
        if event.source_address in self._question.addresses:
            return Verdict(Suspected.UNCERTAIN, ("before the first suspicious time, from an address that you named",))
        is_near = self._since is not None and event.time >= self._since - _NEAR
        found = self._judge_opened(event) or self._judge_address(event) if is_near else None
        return found or Verdict(Suspected.NO, (_BEFORE, self._describe_early(event)))

    def _describe_early(self, event: Event) -> str:
        """Say what else speaks for a call before the first suspicious time: the time alone says nothing."""
        if not self._declared.has(event):
            return "the caller is not declared leaked"
        return "the days before have such calls" if asks_for_change(event) else "a read from a usual place"

    def _judge_chain(self, event: Event) -> t.Optional[Verdict]:
        """Judge by what was made for the caller; None if nothing is known."""
        found = self._find_taint(event)
        if found is None:
            return None
        taint, what = found
        if not taint.is_doubtful:
            return Verdict(Suspected.YES, (taint.describe(what),))
        by_habits = self._clusters.judge(event)
        if by_habits.suspected is Suspected.YES:
            return by_habits
        return Verdict(Suspected.UNCERTAIN, (taint.describe(what), *by_habits.reasons))

    def _find_taint(self, event: Event) -> t.Optional[tuple[Taint, str]]:
        tainted = self.tainted
        if event.access_key_id in tainted.keys:
            return tainted.keys[event.access_key_id], f"the key {event.access_key_id}"
        if event.shared_event_id and event.shared_event_id in tainted.shared:
            taint = tainted.shared[event.shared_event_id]
            if taint.event_id != event.event_id:
                return taint, "this is the same call in another account, which"
        if not event.access_key_id and session_of(event) in tainted.sessions:
            return tainted.sessions[session_of(event)], f"the session {session_of(event)}"
        if event.caller is Caller.ACCOUNT:
            for minted in find_minted(event):
                if minted.key_id in tainted.keys:
                    return tainted.keys[minted.key_id], f"the key {minted.key_id}, which this event shows,"
        principal = short_name(event.principal_arn)
        if principal in tainted.principals:
            return tainted.principals[principal], f"the principal {principal}"
        if event.caller is Caller.ROLE and event.session_name in tainted.names:
            return tainted.names[event.session_name], f"the machine or function {event.session_name}"
        provider = find_provider(event, tainted.providers)
        return (tainted.providers[provider], f"the provider {provider}") if provider else None

    def _judge_address(self, event: Event) -> t.Optional[Verdict]:
        """Judge by the address that the call came from; None if it says nothing."""
        address = event.source_address
        if address in self._question.addresses:
            if address in self._clusters.profile_of(event).addresses:
                found = self._clusters.judge(event)
                if found.suspected is Suspected.NO:
                    return Verdict(
                        Suspected.UNCERTAIN, ("from an address that you named, and a usual one", *found.reasons)
                    )
                return found
            return Verdict(Suspected.YES, ("from an address that you named, which is not in the baseline",))
        agents = self.tainted.addresses.get(address)
        if agents is None:
            return None
        by_habits = self._clusters.judge(event)
        if by_habits.suspected is Suspected.YES:
            return by_habits
        reason = f"from {address}, which nobody used before the suspected events"
        if find_family(event.user_agent) in agents:
            return Verdict(Suspected.YES, (reason,), is_inference=True)
        return Verdict(Suspected.UNCERTAIN, (reason, "with another agent than theirs"), is_inference=True)

    def _judge_identity(self, event: Event) -> t.Optional[Verdict]:
        """Judge by the source identity, or the user of Identity Center, that all sessions of a chain have."""
        found = next((one for one in identities_of(event) if one in self.tainted.identities), None)
        if found is None:
            return None
        by_habits = self._clusters.judge(event)
        if by_habits.suspected is Suspected.YES:
            return by_habits
        reason = f"the identity {found}, which nobody had before the suspected events"
        return Verdict(Suspected.UNCERTAIN, (reason,), is_inference=True)

    def _judge_service(self, event: Event) -> t.Optional[Verdict]:
        """Judge a session that a service opens for a machine or a function; None for anything else."""
        if event.caller is not Caller.SERVICE or not opens_session(event) or not _is_for_machine(event):
            return None
        tainted, target = self.tainted, short_name(find_target(event))
        asked = event.request.get("roleSessionName")
        name = asked if isinstance(asked, str) else ""
        taint = tainted.principals.get(target) or tainted.names.get(name)
        if taint is not None:
            what = f"the role {target}" if target in tainted.principals else f"the machine or function {name}"
            return Verdict(Suspected.UNCERTAIN if taint.is_doubtful else Suspected.YES, (taint.describe(what),))
        if target in tainted.touched:
            return Verdict(Suspected.UNCERTAIN, (f"an intruder changed the role {target}",))
        return Verdict(Suspected.NO, ("a service opened the session for its own machine or function",))

    def _judge_opener(self, event: Event) -> t.Optional[Verdict]:
        """Judge who opened a session and shows no ARN, by who else opened those of the role; None for anything else.

        Without such habits the session is judged by what was done with it.
        """
        if not is_opening(event):
            return None
        found = self._clusters.judge(event)
        if any(minted.key_id in self._question.keys for minted in find_minted(event)):
            return found
        return found if found.suspected is Suspected.YES else Verdict(Suspected.NO, found.reasons)

    def _judge_opened(self, event: Event) -> t.Optional[Verdict]:
        """Judge a session, and its opening, by the calls from where a stranger opened it; None for anything else."""
        keys = [minted.key_id for minted in find_minted(event)] if is_opening(event) else [event.access_key_id]
        known = ((self._suspected_from.get(key, ()), mint) for key in keys for mint in self._index.mints_of(key))
        if any(_is_of_stranger(mint) and mint.address in suspected for suspected, mint in known):
            return Verdict(Suspected.YES, (_OPENER,), is_inference=True)
        return None

    def _judge_session(self, event: Event) -> t.Optional[Verdict]:
        """Judge what a service did in a session by what the caller did itself with it; None for anything else."""
        if not is_by_service(event) or event.access_key_id not in self._own:
            return None
        if self._own[event.access_key_id] != {Suspected.YES}:
            return None
        return Verdict(Suspected.YES, ("all other calls in this session are suspected",), is_inference=True)

    def _judge_sleeper(self, event: Event, found: Verdict) -> Verdict:
        """Judge calls of a user that you named, and that nobody used in the days before."""
        if found.suspected is not Suspected.UNCERTAIN or not self._has_slept(event):
            return found
        reason = f"you named it, and nobody used it in the {_SLEEP.days} days before, in which others worked"
        sign = self._clusters.find_sign(event, self._before_all.networks)
        if not sign:
            # A job of each quarter sleeps as well.
            return Verdict(Suspected.UNCERTAIN, (reason, *found.reasons))
        return Verdict(Suspected.YES, (reason, sign, *found.reasons), is_inference=True)

    def _has_slept(self, event: Event) -> bool:
        """Whether nobody used a user of the seeds for long, in an account of which the record reaches back."""
        question, index = self._question, self._index
        is_named = event.access_key_id in question.keys or question.names_principal(event)
        if not is_named or event.caller not in (Caller.USER, Caller.ROOT) or self._since is None:
            return False
        # Somebody made it, so that a first use is nothing unusual.
        if index.mints_of(event.access_key_id) or short_name(event.principal_arn) in index.made:
            return False
        first = index.firsts.get(event.account_id)
        return (
            first is not None
            and first <= self._since - _SLEEP
            and not self._profiles.get(short_name(event.principal_arn))
        )

    def _judge_opening(self, event: Event) -> t.Optional[Verdict]:
        """Judge a session by who opened it; None if that is not known, or it is none."""
        if event.access_key_id in self._question.keys:
            # A session that leaked was opened by its owner.
            return None
        mints = self._index.mints_of(event.access_key_id)
        opened = next((mint for mint in mints if mint.minted.is_session and not self._is_suspected(mint)), None)
        if opened is None:
            return None
        by = opened.parent or opened.parent_id or "a caller of another account"
        reason = f"{by} opened the session by event {opened.event_id}, which is not suspected"
        by_habits = self._clusters.judge(event)
        if _is_of_stranger(opened) and by_habits.suspected is Suspected.YES:
            return by_habits
        has_moved = self._has_moved(event, opened) and self._clusters.profile_of(event).is_enough
        if not has_moved or by_habits.suspected is Suspected.NO:
            return Verdict(Suspected.NO, (reason,))
        if is_address(opened.address):
            return Verdict(by_habits.suspected, (*by_habits.reasons, f"the session was opened from {opened.address}"))
        if len(self._addresses[event.access_key_id]) > 1 or find_family(event.user_agent) not in (
            self._clusters.profile_of(event).families
        ):
            return by_habits
        moves = "nobody else used the session, so that the machine may have moved"
        return Verdict(Suspected.UNCERTAIN, (*by_habits.reasons, moves))

    def _has_moved(self, event: Event, opened: Mint) -> bool:
        """Whether a call comes from elsewhere than the session was opened from.

        A service opens the sessions of machines and functions, and shows no address of theirs. Then the first call with
        the session shows it; and the habits, where the machine has any, since a thief may be faster than the machine.
        """
        if not is_address(event.source_address):
            return False
        if is_address(opened.address):
            return event.source_address != opened.address
        own = self._profiles.get(name_session(event))
        first = next(iter(self._addresses[event.access_key_id]))
        return event.source_address != first or (own is not None and own.is_enough)

    def _is_suspected(self, mint: Mint) -> bool:
        return mint.minted.key_id in self.tainted.keys

    # What suspected events lead to

    def _taint(self, event: Event, verdict: Verdict) -> None:
        is_doubtful = verdict.suspected is Suspected.UNCERTAIN
        tainted = self.tainted
        taint = Taint(event.event_id, tainted.chain_of(event), is_doubtful)
        for minted in find_minted(event):
            # A key that was only turned on again works for its owner as well.
            note(tainted.keys, minted.key_id, taint if minted.is_new else _doubt(taint))
            if minted.session_id:
                note(tainted.sessions, minted.session_id, taint)
        if event.shared_event_id:
            note(tainted.shared, event.shared_event_id, taint)
        self._taint_made(event, taint)
        if is_doubtful:
            return
        for identity in identities_of(event):
            if identity not in self._before_all.identities:
                note(tainted.identities, identity, taint)
        if is_by_service(event):
            return
        if is_address(event.source_address) and find_network(event.source_address) not in self._before_all.networks:
            tainted.addresses.setdefault(event.source_address, set()).add(find_family(event.user_agent))

    def _taint_made(self, event: Event, taint: Taint) -> None:
        """Taint what an event made, and unless it may be somebody else's, what it changed."""
        made = find_made(event)
        if made is None or (taint.is_doubtful and not made.is_new):
            return
        tainted, mild = self.tainted, taint if made.is_new else _doubt(taint)
        for principal in made.principals:
            note(tainted.principals if made.is_new else tainted.touched, short_name(principal), taint)
        for name in made.session_names:
            note(tainted.names, name, mild)
        for provider in made.providers:
            note(tainted.providers, provider, mild)


def _doubt(taint: Taint) -> Taint:
    return dataclasses.replace(taint, is_doubtful=True)


def _is_of_stranger(mint: Mint) -> bool:
    """Whether the caller who opened a session is one of another account, or with a token: that clears nobody."""
    return not mint.parent and bool(mint.parent_id)


def _is_for_machine(event: Event) -> bool:
    caller = event.invoked_by or event.source_address
    # A role that is linked to a service nobody else can assume:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    return caller.partition(".")[0] in _MACHINES or ":role/aws-service-role/" in find_target(event)


def _list_addresses(events: Sequence[Event]) -> Mapping[str, Mapping[str, None]]:
    found: collections.defaultdict[str, dict[str, None]] = collections.defaultdict(dict)
    for event in events:
        if event.access_key_id and is_address(event.source_address):
            found[event.access_key_id].setdefault(event.source_address)
    return found


def identities_of(event: Event) -> tuple[str, ...]:
    """The identities of a person that an event shows, which stay with all sessions of a chain."""
    asked = event.request.get("sourceIdentity") if opens_session(event) else None
    found = (event.source_identity, asked if isinstance(asked, str) else "", event.on_behalf_of)
    return tuple(dict.fromkeys(filter(None, found)))
