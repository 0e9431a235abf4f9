# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The agenda: which signals wait for a plan, which plans are open, and how many may still be made in this hour.

Signals of one account and subject are one entry, and one plan is about everything that waits of its account, since it
reads the whole account. So the agenda is never larger than the inventory, whatever anybody sends. The hourly number of
plans is shared out: each kind of signal has its own part, and one account gets a fifth of it, at least one plan. A
flood of one kind or about some accounts uses up its own part only.

A flood about one account can name more credentials than the agenda remembers. Then ids of keys that are of another
account are dropped first. The other ones that find no room are counted in their entry, and the next plan of the account
says how many there were. So a real credential is in a plan, or a plan says that its list is incomplete.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import typing as t
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from .signals import QUARANTINE, SUBJECTS, Kind, Origin, Signal, find_origin

#: A plan can be applied for so long, and then it is no longer open.
PLAN_LIFE: t.Final = timedelta(hours=24)
HOUR: t.Final = timedelta(hours=1)
FEWEST_PLANS: t.Final = 3
MOST_PLANS: t.Final = 100
#: So far the clocks of AWS and of the controller may differ.
CLOCK_SKEW: t.Final = timedelta(minutes=15)
#: Of one entry, so many resources and credentials are remembered by name. Later ones are counted.
MOST_RESOURCES: t.Final = 16
MOST_CREDENTIALS: t.Final = 30
#: More than these are not remembered, whatever the play asks for.
MOST_ASKED: t.Final = 500
#: A plan is about so many credentials, as many as an incident may name without being asked (``max_principals``).
MOST_DRAFTED: t.Final = 10
#: So many entries of each kind wait at most. Those about credentials are never more than the inventory allows.
MOST_WAITING: t.Final = 10_000
#: A credential waits until its account gets a plan. An account that no run has seen for so long is forgotten.
FORGOTTEN: t.Final = timedelta(days=14)
#: So many accounts of plans are asked about in a run, besides those of its events.
MOST_SETTLED: t.Final = 50
_SHARES_OF_PART: t.Final = 5

Place = tuple[str, str]


class Dropped(enum.StrEnum):
    """Why a signal does not wait for a plan."""

    UNKNOWN_ACCOUNT = "of an account that the inventory does not have"
    STALE = "too old"
    FUTURE = "from the future"
    OPEN_PLAN = "already in an open plan"
    BEFORE_PLAN = "older than the plan of the account"
    TOO_MANY = "too many wait"
    OTHER_ACCOUNT = "about keys that are of another account"
    LOST = "about credentials, lost before their account was known"
    WAITED = "waited for a day"
    WRONG_CLOCK = "of a job whose clock was ahead"


@dataclasses.dataclass(frozen=True)
class Rules:
    """What may start a plan: known accounts, at most so many plans an hour, events of at most this age.

    A plan names ``most_drafted`` credentials at most.
    """

    accounts: frozenset[str]
    most_plans: int = 10
    longest_age: timedelta = timedelta(hours=6)
    most_drafted: int = MOST_DRAFTED

    @property
    def most_remembered(self) -> int:
        """How many credentials an entry remembers."""
        return max(MOST_CREDENTIALS, min(self.most_drafted, MOST_ASKED))

    def part_of(self, kind: Kind) -> int:
        """The part of the hourly number that a kind has for itself: half, a quarter, and the rest."""
        credential = max(1, self.most_plans // 2)
        control = max(1, (self.most_plans - credential) // 2)
        parts = {Kind.CREDENTIAL: credential, Kind.CONTROL: control}
        return parts.get(kind, self.most_plans - credential - control)

    def part_of_account(self, kind: Kind) -> int:
        """How much of that part one account may use."""
        return max(1, self.part_of(kind) // _SHARES_OF_PART)


@dataclasses.dataclass
class Entry:
    """Signals of one account and subject that wait, the first of them since ``since``.

    ``lost`` is the number of signals about credentials whose names found no room.
    """

    since: datetime
    count: int = 0
    resources: list[str] = dataclasses.field(default_factory=list)
    credentials: list[str] = dataclasses.field(default_factory=list)
    lost: int = 0

    def add(self, resources: Iterable[str], credentials: Iterable[str], lost: int = 0) -> None:
        """Add a signal, or those of a plan, with all their credentials."""
        self.count += 1
        self.lost += lost
        _extend(self.resources, resources, MOST_RESOURCES)
        self.credentials += [name for name in credentials if name and name not in self.credentials]

    def make_room(self, account_id: str, most: int) -> t.Optional[Dropped]:
        """Forget the credential that is believed least, the latest of them, if there are more than ``most``."""
        if len(self.credentials) <= most:
            return None
        worst = max(reversed(self.credentials), key=lambda name: find_origin(account_id, name))
        self.credentials.remove(worst)
        if find_origin(account_id, worst) is Origin.OTHER:
            return Dropped.OTHER_ACCOUNT
        self.lost += 1
        return Dropped.TOO_MANY


@dataclasses.dataclass(frozen=True)
class Plan:
    """The part of a plan that is about one subject: of which run it is, and of which signals.

    ``since`` is when the first of them began to wait. ``is_made`` says that its run left something. ``lost`` is the
    number of signals about credentials that it does not name.
    """

    account_id: str
    subject: str
    opened: datetime
    run_id: str
    resources: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    since: t.Optional[datetime] = None
    is_made: bool = False
    lost: int = 0

    @property
    def kind(self) -> Kind:
        return SUBJECTS[self.subject]

    @property
    def place(self) -> Place:
        return self.account_id, self.subject

    def names(self, signal: Signal) -> bool:
        """Whether the plan names what a signal of its place is about."""
        if self.kind is Kind.CREDENTIAL and signal.credential:
            return signal.credential in self.credentials
        return signal.resource in self.resources


@dataclasses.dataclass(frozen=True)
class Begun:
    """A plan of an account that was begun in the part of a kind."""

    account_id: str
    kind: Kind
    parts: tuple[Plan, ...]

    @property
    def lost(self) -> int:
        """The number of signals about credentials of the account that no plan will name."""
        return sum(part.lost for part in self.parts)


class State(enum.Enum):
    """The state of a plan that was begun: still open, made and open, applied by somebody, or never finished."""

    OPEN = enum.auto()
    MADE = enum.auto()
    APPLIED = enum.auto()
    LOST = enum.auto()


@dataclasses.dataclass
class Agenda:
    """See above. ``plans`` are open. ``made`` has all plans of the last day by time, account and kind.

    ``counts`` are the events and signals that start nothing, by reason, since ``counted_since``.
    """

    plans: list[Plan] = dataclasses.field(default_factory=list)
    made: list[tuple[datetime, str, Kind]] = dataclasses.field(default_factory=list)
    waiting: dict[Place, Entry] = dataclasses.field(default_factory=dict)
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    counted_since: t.Optional[datetime] = None

    def start(self, now: datetime) -> None:
        """Forget what is over: plans and entries of the day before, and counts of the hour before."""
        since = min(self.counted_since or now, now)
        if self.counted_since is None or now - since >= HOUR:
            self.counts, since = Counter(), now
        self.counted_since = since
        self._correct(now)
        self.plans = [plan for plan in self.plans if now - plan.opened < PLAN_LIFE]
        self.made = [item for item in self.made if now - item[0] < PLAN_LIFE]
        self._forget(
            place
            for place, entry in self.waiting.items()
            if now - entry.since >= PLAN_LIFE and SUBJECTS[place[1]] is not Kind.CREDENTIAL
        )

    def _forget(self, places: Iterable[Place]) -> None:
        for place in list(places):
            entry = self.waiting.pop(place)
            self.counts[Dropped.WAITED] += max(entry.count, 1)

    def _correct(self, now: datetime) -> None:
        """Forget the plans of a job whose clock was ahead: they would never be over. Their events wait again."""
        latest = now + CLOCK_SKEW
        wrong = [plan for plan in self.plans if plan.opened > latest]
        made = [item for item in self.made if item[0] <= latest]
        self.counts[Dropped.WRONG_CLOCK] += len(wrong) + len(self.made) - len(made)
        self.plans, self.made = [plan for plan in self.plans if plan.opened <= latest], made
        for plan in wrong:
            self._wait_again(plan, now)
        for entry in self.waiting.values():
            entry.since = min(entry.since, now)

    def find_overdue(self, now: datetime) -> list[str]:
        """The accounts of plans of which nothing is known after an hour, those of the oldest plans first."""
        late = [plan for plan in self.plans if not plan.is_made and now - plan.opened > HOUR]
        late.sort(key=lambda plan: plan.opened)
        return list(dict.fromkeys(plan.account_id for plan in late))[:MOST_SETTLED]

    def settle(self, accounts: Iterable[str], find_state: Callable[[Plan], State], now: datetime) -> None:
        """Ask what became of the plans of these accounts. The signals of a plan that was never made wait again."""
        asked, kept = set(accounts), list[Plan]()
        for plan in self.plans:
            state = find_state(plan) if plan.account_id in asked else State.OPEN
            if state is State.LOST:
                self._wait_again(plan, now)
            elif state is not State.APPLIED:
                kept.append(dataclasses.replace(plan, is_made=plan.is_made or state is State.MADE))
        self.plans = kept

    def _wait_again(self, plan: Plan, now: datetime) -> None:
        since = plan.since or plan.opened
        longest = FORGOTTEN if plan.kind is Kind.CREDENTIAL else PLAN_LIFE
        if plan.place not in self.waiting and now - since >= longest:
            # Also an account whose runs all fail is left to the nightly run after a day.
            self.counts[Dropped.WAITED] += 1
            return
        self.waiting.setdefault(plan.place, Entry(since)).add(plan.resources, plan.credentials, plan.lost)

    def take(
        self, signals: Iterable[Signal], rules: Rules, now: datetime, lost: Mapping[Place, int] = MappingProxyType({})
    ) -> None:
        """Let signals wait, or count why they don't. ``lost`` are those that were lost before, by their place."""
        self._forget(
            place
            for place, entry in self.waiting.items()
            if place[0] not in rules.accounts and now - entry.since >= FORGOTTEN
        )
        for place, count in lost.items():
            if place[0] in rules.accounts:
                self.waiting.setdefault(place, Entry(now)).lost += count
            else:
                self.counts[Dropped.UNKNOWN_ACCOUNT] += count
        plans = defaultdict(list)
        for plan in self.plans:
            plans[plan.place].append(plan)
        kinds = Counter(SUBJECTS[subject] for _account, subject in self.waiting)
        for signal in signals:
            place = signal.account_id, signal.subject
            reason = _object_to(signal, rules, now) or _find_cover(signal, plans[place])
            if not reason and place not in self.waiting and signal.kind is not Kind.CREDENTIAL:
                kinds[signal.kind] += 1
                reason = Dropped.TOO_MANY if kinds[signal.kind] > MOST_WAITING else None
            reason = reason or self._keep(signal, rules, now)
            if reason:
                self.counts[reason] += 1

    def _keep(self, signal: Signal, rules: Rules, now: datetime) -> t.Optional[Dropped]:
        """Let a signal wait. Returns why a credential had to go, which may be another one."""
        entry = self.waiting.setdefault((signal.account_id, signal.subject), Entry(now))
        if signal.kind is Kind.CREDENTIAL and not signal.credential and signal.resource not in entry.resources:
            # Its event does not say which one leaked, and no draft may leave that out.
            entry.lost += 1
        before = len(entry.credentials)
        entry.add([signal.resource], [signal.credential])
        is_new = len(entry.credentials) > before
        dropped = entry.make_room(signal.account_id, rules.most_remembered) if is_new else None
        entry.count -= dropped is not None
        return dropped

    def count_credentials(self, account: str) -> int:
        """The number of credentials of an account that wait."""
        entries = (entry for place, entry in self.waiting.items() if place[0] == account)
        return len({name for entry in entries for name in entry.credentials})

    def choose(self, rules: Rules, now: datetime, run_id: str) -> list[Begun]:
        """Begin as many plans as this hour still allows: of each kind first those of accounts with the fewest plans.

        Of credentials it is one plan in a run, since its incident needs a declaration of its own.
        """
        chosen: list[Begun] = []
        for kind in Kind:
            left = rules.part_of(kind) - sum(self._count_hour(kind, now).values())
            most = min(left, 1) if kind is Kind.CREDENTIAL else left
            queue = self._find_queue(kind, rules, now) if most > 0 else []
            chosen += [self._begin(account, kind, now, run_id, rules.most_drafted) for account in queue[:most]]
        return chosen

    def _count_hour(self, kind: Kind, now: datetime) -> Counter[str]:
        """The plans of the last hour in the part of a kind, by account."""
        return Counter(account for made, account, of in self.made if of is kind and made > now - HOUR)

    def _find_queue(self, kind: Kind, rules: Rules, now: datetime) -> list[str]:
        """The accounts with signals of a kind, in the order in which they get a plan.

        A run that sees a part of the inventory only leaves the other accounts to later runs.
        """
        hour, day = self._count_hour(kind, now), Counter(account for _made, account, _of in self.made)
        most, since = rules.part_of_account(kind), dict[str, datetime]()
        for (account, subject), entry in self.waiting.items():
            if SUBJECTS[subject] is kind and account in rules.accounts and hour[account] < most:
                since[account] = min(entry.since, since.get(account, entry.since))
        return sorted(since, key=lambda account: (day[account], since[account], account))

    def _begin(self, account: str, kind: Kind, now: datetime, run_id: str, most: int) -> Begun:
        """Begin a plan with all that waits of the account. Credentials only wait for a plan of their own kind.

        Those that the plan has no room for wait for the next one.
        """
        taken = [
            place
            for place in self.waiting
            if place[0] == account and (kind is Kind.CREDENTIAL or SUBJECTS[place[1]] is not Kind.CREDENTIAL)
        ]
        for place in taken:
            self.waiting[place].credentials.sort(key=lambda name: find_origin(account, name))
        drafted, parts = self._draw_credentials(taken, most), []
        for place in taken:
            entry = self.waiting.pop(place)
            named = tuple(name for name in entry.credentials if name in drafted)
            rest = [name for name in entry.credentials if name not in drafted]
            parts.append(Plan(*place, now, run_id, tuple(entry.resources), named, entry.since, lost=entry.lost))
            if rest:
                self.waiting[place] = Entry(entry.since, len(rest), credentials=rest)
        self.plans += parts
        self.made.append((now, account, kind))
        return Begun(account, kind, tuple(parts))

    def _draw_credentials(self, places: Iterable[Place], most: int) -> frozenset[str]:
        """The credentials of a plan: of each subject in turn. Last is what anybody in the account can cause."""
        order = sorted(places, key=lambda place: place[1] == QUARANTINE)
        turns = itertools.zip_longest(*(self.waiting[place].credentials for place in order))
        names = dict.fromkeys(name for turn in turns for name in turn if name)
        return frozenset(itertools.islice(names, most))


def _object_to(signal: Signal, rules: Rules, now: datetime) -> t.Optional[Dropped]:
    """Why a signal starts nothing, whatever plans there are; None if it may."""
    if signal.account_id not in rules.accounts:
        return Dropped.UNKNOWN_ACCOUNT
    if signal.at < now - rules.longest_age:
        return Dropped.STALE
    return Dropped.FUTURE if signal.at > now + CLOCK_SKEW else None


def _find_cover(signal: Signal, plans: Iterable[Plan]) -> t.Optional[Dropped]:
    """Why the plans of its account and subject cover a signal; None if they don't.

    A plan reads the account. What happened before that is in it, or is over. Not so a credential that leaked: only
    the plan that names it is about it.
    """
    for plan in plans:
        if plan.names(signal):
            return Dropped.OPEN_PLAN
        if signal.kind is not Kind.CREDENTIAL and signal.at < plan.opened - CLOCK_SKEW:
            return Dropped.BEFORE_PLAN
    return None


def _extend(texts: list[str], more: Iterable[str], most: int) -> None:
    for text in more:
        if len(texts) < most and text not in texts:
            texts.append(text)


def count_waiting(agenda: Agenda) -> Mapping[Place, int]:
    """The number of signals that wait, by account and subject, the oldest first."""
    entries = sorted(agenda.waiting.items(), key=lambda item: (item[1].since, item[0]))
    return {place: entry.count for place, entry in entries}
