# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The denials since a stage or a wave began: who is denied what they had done before. Pure.

An outsider must not move it: denials count only of principals of the accounts themselves that had succeeded at the same
action before the stage began. Somebody who merely tries something is denied, and nothing else happens. Only a denial
that names the policy speaks against it. One that names no policy is unknown, and holds the stage.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from ..._converge.finding import mask_key_ids
from ..._policy.analysis.principal_matrix import DeniedPair
from ..._policy.documents.arn import arn_account
from ..._policy.trail.callers import SkipReason, moment_of, principal_of
from ..._policy.trail.names import actions_of, find_services, prefix_of
from ..._policy.trail.parameters import Parameters
from .blame import Blame, blame
from .verdict import Loss

_ACTION: t.Final = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)")
_DENIED: t.Final = re.compile(r"(AccessDenied|Unauthorized|NotAuthorized|AuthFailure|AuthorizationError)", re.I)
_LONGEST_MESSAGE: t.Final = 500

PrincipalActions = frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Denial:
    """A call that was denied. ``actions`` are those that the event needed, in lower case.

    ``names_policy`` says that AWS names the policy of the rollout. Otherwise it names none.
    """

    pair: DeniedPair
    event: str
    actions: frozenset[str]
    when: datetime
    message: str
    names_policy: bool = False

    @property
    def principal_actions(self) -> PrincipalActions:
        """The principal with each action: an earlier success at one of them shows that the principal lost something."""
        return frozenset((self.pair.principal, action) for action in self.actions)


@dataclasses.dataclass(frozen=True)
class WatchResult:
    """The denials among some events since a stage began.

    ``unexplained`` counts denials that name no policy, ``of_others`` those that name another one, and ``misdated`` the
    events that are dated after now.
    """

    denials: tuple[Denial, ...] = ()
    events: int = 0
    newest: t.Optional[datetime] = None
    unexplained: int = 0
    of_others: int = 0
    misdated: int = 0


@dataclasses.dataclass(frozen=True)
class Question:
    """Of which policy events are asked, and in which time: neither before the stage began nor after now.

    Without a policy every denial counts, whatever it names.
    """

    policy_arn: t.Optional[str]
    since: datetime
    now: datetime


def watch(records: Iterable[t.Any], account_id: str, question: Question) -> WatchResult:
    """The denials in the events of one account since the stage began, but for those that name another policy."""
    denials: list[Denial] = []
    events = unexplained = of_others = misdated = 0
    newest: t.Optional[datetime] = None
    for record in records:
        when = moment_of(record)
        if when is None or when < question.since:
            continue
        if when > question.now:
            misdated += 1
            continue
        events += 1
        newest = max(newest or when, when)
        message = find_denial_message(record)
        if message is None:
            continue
        arn = question.policy_arn
        blamed = Blame.THIS if arn is None else blame(record, message, arn)
        unexplained += blamed is Blame.UNKNOWN
        of_others += blamed is Blame.OTHER
        if blamed is not Blame.OTHER:
            denial = _build_denial(record, account_id, when, message, names_policy=blamed is Blame.THIS)
            denials += [denial] if denial else []
    return WatchResult(tuple(denials), events, newest, unexplained, of_others, misdated)


def join_results(parts: Sequence[WatchResult]) -> WatchResult:
    """Join the results of several places."""
    moments = [part.newest for part in parts if part.newest is not None]
    return WatchResult(
        tuple(denial for part in parts for denial in part.denials),
        sum(part.events for part in parts),
        max(moments, default=None),
        sum(part.unexplained for part in parts),
        sum(part.of_others for part in parts),
        sum(part.misdated for part in parts),
    )


def find_suspects(
    denials: Iterable[Denial], insiders: Mapping[str, Collection[str]], expected: Iterable[DeniedPair]
) -> tuple[tuple[Denial, ...], int, int]:
    """Find the denials that move the gate if their principals had succeeded before, and count the pairs that do not:
    those that were foreseen, and those of principals of other accounts.

    ``insiders`` are, by account, the accounts whose principals count there.
    """
    foreseen = _ExpectedDenials(expected)
    left: list[Denial] = []
    known: set[DeniedPair] = set()
    strange: set[DeniedPair] = set()
    for denial in denials:
        pair = denial.pair
        if arn_account(pair.principal) not in insiders.get(pair.account_id, ()):
            strange.add(pair)
        elif foreseen.has(denial):
            known.add(pair)
        else:
            left.append(denial)
    return tuple(left), len(known), len(strange)


def find_successes(
    records: Iterable[t.Any], since: datetime, before: datetime, wanted: PrincipalActions
) -> PrincipalActions:
    """Find those of the ``wanted`` principals and actions that succeeded in events between two moments."""
    found: set[tuple[str, str]] = set()
    principals = {principal for principal, _action in wanted}
    for record in records:
        when = moment_of(record)
        if when is None or not since <= when < before or record.get("errorCode"):
            continue
        principal = _find_principal(record)
        if principal in principals:
            found.update((principal, action) for action in _find_lower_actions(record) if (principal, action) in wanted)
    return frozenset(found)


def find_losses(denials: Iterable[Denial], confirmed: PrincipalActions) -> tuple[Loss, ...]:
    """Find the denials of actions that principals had done before, as one loss for each principal and action."""
    found: dict[DeniedPair, Loss] = {}
    for denial in sorted(denials, key=lambda denial: denial.when):
        if denial.principal_actions.isdisjoint(confirmed):
            continue
        known = found.get(denial.pair)
        first, count = (known.first, known.count) if known else (denial.when, 0)
        found[denial.pair] = Loss(denial.pair, count + 1, first, denial.when, denial.message)
    return tuple(found[pair] for pair in sorted(found, key=dataclasses.astuple))


class _ExpectedDenials:
    """The denials that were foreseen or accepted, some of them as patterns such as ``s3:*``."""

    def __init__(self, pairs: Iterable[DeniedPair]) -> None:
        self._by_principal: dict[tuple[str, str], list[str]] = {}
        for pair in pairs:
            self._by_principal.setdefault((pair.account_id, pair.principal), []).append(pair.action.lower())

    def has(self, denial: Denial) -> bool:
        pair = denial.pair
        patterns = self._by_principal.get((pair.account_id, pair.principal), ())
        actions = {pair.action.lower(), *denial.actions}
        return any(fnmatch.fnmatchcase(action, pattern) for action in actions for pattern in patterns)


def find_denial_message(record: Mapping[str, t.Any]) -> t.Optional[str]:
    """Find the message of AWS for a call that it denied; None for any other event."""
    code, message = record.get("errorCode"), record.get("errorMessage")
    if not isinstance(code, str) or not _DENIED.search(code):
        return None
    return message if isinstance(message, str) else ""


def _build_denial(
    record: Mapping[str, t.Any], account_id: str, when: datetime, message: str, *, names_policy: bool
) -> t.Optional[Denial]:
    principal = _find_principal(record)
    actions = _find_lower_actions(record)
    if principal is None or not actions:
        return None
    # The action that the message names need not be the call's own: a put of an object may lack the use of a key.
    pair = DeniedPair(account_id, principal, find_named_action(message) or _choose_action(record))
    return Denial(pair, record["eventName"], actions, when, shorten_message(message), names_policy)


def find_named_action(message: str) -> str:
    """Find the action that a message of AWS names; empty if it names none."""
    named = _ACTION.search(message)
    return named[1] if named else ""


def shorten_message(message: str) -> str:
    """Shorten a message for reports, without key ids."""
    return str(mask_key_ids(message[:_LONGEST_MESSAGE]))


def _find_principal(record: Mapping[str, t.Any]) -> t.Optional[str]:
    """Find the user, role or root user behind an event; None for what AWS does by itself."""
    identity = record.get("userIdentity")
    if not isinstance(identity, Mapping) or record.get("eventType", "AwsApiCall") != "AwsApiCall":
        return None
    principal = principal_of(identity, {})
    if principal is SkipReason.ROOT:
        # The policies of an organization bind the root users of its members, unlike those of principals.
        arn = identity.get("arn")
        return arn if isinstance(arn, str) else None
    return None if isinstance(principal, SkipReason) else principal


def _find_lower_actions(record: Mapping[str, t.Any]) -> frozenset[str]:
    return frozenset(action.lower() for action in find_actions(record))


def _choose_action(record: Mapping[str, t.Any]) -> str:
    return find_actions(record)[0]


def find_actions(record: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Find the actions that an event needed, or may have needed; its own name if they are not known."""
    source, name = record.get("eventSource"), record.get("eventName")
    if not isinstance(source, str) or not isinstance(name, str):
        return ()
    services = find_services(prefix_of(source), name, Parameters(record.get("requestParameters")))
    needed = (action for service in services for action in actions_of(service, name) or (f"{service}:{name}",))
    return tuple(dict.fromkeys(needed))
