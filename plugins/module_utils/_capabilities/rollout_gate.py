# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The gate between two stages: who is denied since the stage began what they had done before. Pure.

An outsider must not move it: denials count only of principals of the accounts themselves that had succeeded at the same
action before the stage began. Whoever merely tries something is denied, and nothing else happens.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from .._converge.finding import mask_key_ids
from .._policy.arn import arn_account
from .._policy.principal_matrix import DeniedPair
from .._policy.trail_actions import Skipped, moment_of, principal_of
from .._policy.trail_names import actions_of, prefix_of
from .rollout_verdict import Loss

# "with an explicit deny in a service control policy", which the ARN of the policy may follow, and "because no service
# control policy allows the … action"; so for resource control policies. Older texts have capital letters.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_BY_CONTROL_POLICY: t.Final = re.compile(r"(explicit deny in a|because no) (service|resource) control policy", re.I)
_GIVES_REASON: t.Final = re.compile(r"\b(with|due to) an explicit deny\b|\bbecause no\b", re.I)
_ACTION: t.Final = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)")
_DENIED: t.Final = re.compile(r"(AccessDenied|Unauthorized|NotAuthorized|AuthFailure|AuthorizationError)", re.I)
_LONGEST_MESSAGE: t.Final = 500

Wanted = frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Denial:
    """A call that an organization's policy denied. ``actions`` are those that the event needed, in lower case."""

    pair: DeniedPair
    event: str
    actions: frozenset[str]
    when: datetime
    message: str

    @property
    def wanted(self) -> Wanted:
        """What of the past would show that the principal lost something."""
        return frozenset((self.pair.principal, action) for action in self.actions)


@dataclasses.dataclass(frozen=True)
class Watched:
    """What some events since a stage began tell. ``unexplained`` are denials of which AWS does not say the reason."""

    denials: tuple[Denial, ...] = ()
    events: int = 0
    newest: t.Optional[datetime] = None
    unexplained: int = 0


def watch(records: Iterable[t.Any], account_id: str, since: datetime) -> Watched:
    """The denials in the events of one account from ``since`` on."""
    denials: list[Denial] = []
    events = unexplained = 0
    newest: t.Optional[datetime] = None
    for record in records:
        when = moment_of(record)
        if when is None or when < since:
            continue
        events += 1
        newest = max(newest or when, when)
        message = _denied(record)
        if message is None:
            continue
        if _BY_CONTROL_POLICY.search(message):
            denial = _denial(record, account_id, when, message)
            denials += [denial] if denial else []
        elif not _GIVES_REASON.search(message):
            unexplained += 1
    return Watched(tuple(denials), events, newest, unexplained)


def joined(parts: Sequence[Watched]) -> Watched:
    """What several places tell together."""
    moments = [part.newest for part in parts if part.newest is not None]
    return Watched(
        tuple(denial for part in parts for denial in part.denials),
        sum(part.events for part in parts),
        max(moments, default=None),
        sum(part.unexplained for part in parts),
    )


def suspects(
    denials: Iterable[Denial], insiders: Mapping[str, Collection[str]], expected: Iterable[DeniedPair]
) -> tuple[tuple[Denial, ...], int, int]:
    """The denials that move the gate where their principals had succeeded before; and how many pairs do not: those that
    were foreseen, and those of principals of other accounts.

    ``insiders`` are, by account, the accounts whose principals count there.
    """
    foreseen = _Expected(expected)
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


def succeeded(records: Iterable[t.Any], before: datetime, wanted: Wanted) -> Wanted:
    """Which of the ``wanted`` principals and actions events from before a moment show to have succeeded."""
    found: set[tuple[str, str]] = set()
    principals = {principal for principal, _action in wanted}
    for record in records:
        when = moment_of(record)
        if when is None or when >= before or record.get("errorCode"):
            continue
        principal = _principal(record)
        if principal in principals:
            found.update((principal, action) for action in _actions(record) if (principal, action) in wanted)
    return frozenset(found)


def losses(denials: Iterable[Denial], confirmed: Wanted) -> tuple[Loss, ...]:
    """The denials of what principals had done before, a loss for each principal and action."""
    found: dict[DeniedPair, Loss] = {}
    for denial in sorted(denials, key=lambda denial: denial.when):
        if denial.wanted.isdisjoint(confirmed):
            continue
        known = found.get(denial.pair)
        first, count = (known.first, known.count) if known else (denial.when, 0)
        found[denial.pair] = Loss(denial.pair, count + 1, first, denial.when, denial.message)
    return tuple(found[pair] for pair in sorted(found, key=dataclasses.astuple))


class _Expected:
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


def _denied(record: Mapping[str, t.Any]) -> t.Optional[str]:
    """What AWS says of a call that it denied; None for any other event."""
    code, message = record.get("errorCode"), record.get("errorMessage")
    if not isinstance(code, str) or not _DENIED.search(code):
        return None
    return message if isinstance(message, str) else ""


def _denial(record: Mapping[str, t.Any], account_id: str, when: datetime, message: str) -> t.Optional[Denial]:
    principal = _principal(record)
    actions = _actions(record)
    if principal is None or not actions:
        return None
    # The action that the message names need not be the call's own: a put of an object may lack the use of a key.
    named = _ACTION.search(message)
    pair = DeniedPair(account_id, principal, named[1] if named else _shown(record))
    return Denial(pair, record["eventName"], actions, when, str(mask_key_ids(message[:_LONGEST_MESSAGE])))


def _principal(record: Mapping[str, t.Any]) -> t.Optional[str]:
    """The user, role or root user behind an event; None for what AWS does by itself."""
    identity = record.get("userIdentity")
    if not isinstance(identity, Mapping) or record.get("eventType", "AwsApiCall") != "AwsApiCall":
        return None
    principal = principal_of(identity, {})
    if principal is Skipped.ROOT:
        # The policies of an organization bind the root users of its members, unlike those of principals.
        arn = identity.get("arn")
        return arn if isinstance(arn, str) else None
    return None if isinstance(principal, Skipped) else principal


def _actions(record: Mapping[str, t.Any]) -> frozenset[str]:
    return frozenset(action.lower() for action in _named(record))


def _shown(record: Mapping[str, t.Any]) -> str:
    return _named(record)[0]


def _named(record: Mapping[str, t.Any]) -> tuple[str, ...]:
    """The actions that an event needed; its own name where it is not known which these are."""
    source, name = record.get("eventSource"), record.get("eventName")
    if not isinstance(source, str) or not isinstance(name, str):
        return ()
    service = prefix_of(source)
    return actions_of(service, name) or (f"{service}:{name}",)
