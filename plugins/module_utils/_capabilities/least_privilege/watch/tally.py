# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Counts the denials and the users of roles while events stream by. Memory grows with different denials alone. Pure."""

from __future__ import annotations

import collections
import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ...._policy.trail.actions import EventReader
from ...._policy.trail.callers import KnownPrincipal, SkipReason, moment_of, was_denied
from ...._policy.trail.names import prefix_of
from ...._policy.trail.resources import Names
from ...._prediction.denials.blame import Reason, is_said_by_caller, read_reason
from ...._prediction.denials.watch import find_actions, find_denial_message, find_named_action, shorten_message
from ..model import DeniedBy
from .roles import Count, DenialKey, Seen, WatchedRole
from .users import describe_opener, describe_session, find_assumed_id, find_assumed_role

# So many different resources of an action of a role are kept, and so many denials of a role. An intruder may ask for a
# million objects; of the others only the number is known.
MOST_RESOURCES: t.Final = 200
MOST_DENIALS: t.Final = 5000
MOST_USERS: t.Final = 100
_LONGEST_ARN: t.Final = 2048
# An event may be dated a little after now, by another clock than that of the run.
LATEST: t.Final = timedelta(hours=1)
_KINDS: t.Final[Mapping[str, DeniedBy]] = {
    "identity-based policy": DeniedBy.OURS,
    "permissions boundary": DeniedBy.BOUNDARY,
    "resource-based policy": DeniedBy.RESOURCE,
    "role trust policy": DeniedBy.RESOURCE,
    "vpc endpoint policy": DeniedBy.RESOURCE,
}
# The first words of AWS: a name behind them may quote others. A name with a space in it is not matched, so that it is
# taken from the request.
_RESOURCE: t.Final = re.compile(
    r"not authorized to perform: \S+(?: on resource: (\*|arn:\S+?)\.?"
    r"(?= (?:with|due to) an explicit deny in | because no |\s*\Z))?"
)

Record = Mapping[str, t.Any]


class WatchTally:
    """Counts what the events of one source say of the watched roles of one account.

    ``known`` are the unique ids of the roles, by ARN: another role of the same name is another principal.
    """

    def __init__(
        self,
        roles: Sequence[WatchedRole],
        *,
        account_id: str,
        now: datetime,
        known: Mapping[str, KnownPrincipal],
        names: t.Optional[Names] = None,
    ) -> None:
        self._now: t.Final = now
        self._account_id: t.Final = account_id
        self._known: t.Final = known
        self._roles: t.Final = {role.arn: role for role in roles}
        self._by_new: t.Final = {role.new_arn: role for role in roles if role.new_arn}
        self._reader: t.Final = EventReader(
            principals={*self._roles, *self._by_new},
            names=names,
            keys=frozenset(),
            account_id=account_id,
            known=known,
        )
        self._baselines: t.Final = {role.arn: role.find_baseline(now) for role in roles}
        self._resources: t.Final[collections.Counter[tuple[str, str, bool]]] = collections.Counter()
        self.seen: t.Final = {role.arn: Seen() for role in roles}
        self.newest: t.Optional[datetime] = None
        self.misdated = 0

    def add(self, record: t.Any) -> None:
        """Count one event."""
        when = moment_of(record)
        if when is None or record.get("recipientAccountId") not in (None, self._account_id):
            return
        if when > self._now + LATEST:
            self.misdated += 1
            return
        if self.newest is None or when > self.newest:
            self.newest = when
        self._note_assumption(record, when)
        caller = self._reader.find_caller(record, when)
        if isinstance(caller, SkipReason):
            return
        role = self._by_new.get(caller)
        if role is not None:
            self._note_call(record, role, when)
            return
        role = self._roles[caller]
        if role.new_arn:
            self._note_old_use(role, when, lambda: describe_session(record), is_opening=False)
            self._note_baseline(record, role, when)
        elif when >= role.since:
            self._note_call(record, role, when)
        else:
            self._note_baseline(record, role, when)

    # Who uses the old role

    def _note_assumption(self, record: Record, when: datetime) -> None:
        arn = find_assumed_role(record)
        role = self._roles.get(arn) if arn is not None else None
        if role is None or not role.new_arn:
            return
        shown, known = find_assumed_id(record), self._known[role.arn].unique_id
        if not shown or not known or shown == known:
            self._note_old_use(role, when, lambda: describe_opener(record), is_opening=True)

    def _note_old_use(
        self, role: WatchedRole, when: datetime, describe: t.Callable[[], tuple[str, str]], *, is_opening: bool
    ) -> None:
        seen = self.seen[role.arn]
        if seen.old_last is None or when > seen.old_last:
            seen.old_last = when
        if when < role.since:
            return
        session, text = describe()
        # The events that open sessions know more, and may come later or from another region.
        if session in seen.users and not is_opening:
            return
        if session not in seen.users and len(seen.users) >= MOST_USERS:
            seen.more_users = True
            return
        seen.users[session] = text

    # Denials

    def _note_call(self, record: Record, role: WatchedRole, when: datetime) -> None:
        if when < role.since:
            return
        seen = self.seen[role.arn]
        seen.calls += 1
        found = self._read_denial(record, role)
        if found is None:
            return
        key, message = found
        if key not in seen.denied:
            key = self._limit_resources(key, role, len(seen.denied), is_before=False)
        count = seen.denied.get(key)
        if count is None:
            seen.denied[key] = Count(1, when, when, message)
        else:
            count.add(when, message)

    def _note_baseline(self, record: Record, role: WatchedRole, when: datetime) -> None:
        first, last = self._baselines[role.arn]
        if not first <= when < last:
            return
        found = self._read_denial(record, role)
        if found is None:
            return
        seen = self.seen[role.arn]
        if when >= last - (self._now - role.since):
            seen.baseline += 1
        key = found[0]
        if key not in seen.before:
            key = self._limit_resources(key, role, len(seen.before), is_before=True)
            # Without a resource it excuses nothing.
            seen.before |= {key} if key.resource else set()

    def _limit_resources(self, key: DenialKey, role: WatchedRole, size: int, *, is_before: bool) -> DenialKey:
        """Keep the resource of a denial that was not seen before, as long as there are few."""
        group = (role.arn, key.action, is_before)
        if size >= MOST_DENIALS:
            return DenialKey("*:*", "", key.by)
        if self._resources[group] >= MOST_RESOURCES:
            return DenialKey(key.action, "", key.by)
        self._resources[group] += 1
        return key

    def _read_denial(self, record: Record, role: WatchedRole) -> t.Optional[tuple[DenialKey, str]]:
        message = find_denial_message(record)
        service = prefix_of(record["eventSource"])
        # Cognito calls the wrong password of an app's user so, which is no denial.
        if message is None or (service.startswith("cognito-") and not was_denied(record, service)):
            return None
        reason = read_reason(record, message)
        action = find_named_action(message)
        # A reason is only read where no caller has put the words of one into the request.
        is_believed = reason is not None or not is_said_by_caller(record)
        resource = self._find_resource(record, role, action, message if is_believed else "")
        key = DenialKey(action or _name_event(record), resource, _judge(reason, role))
        return key, shorten_message(message)

    def _find_resource(self, record: Record, role: WatchedRole, action: str, message: str) -> str:
        """Find the resource that AWS names, or else that of the request."""
        named = _RESOURCE.search(message)
        if named is not None and named[1] and len(named[1]) <= _LONGEST_ARN:
            return named[1]
        calls, _is_alike = self._reader.build_calls(record, role.watched_arn)
        wanted = action.lower()
        found = (call.resource for call in calls if not wanted or call.action.lower() == wanted)
        resource = next(found, None) or ""
        return resource if len(resource) <= _LONGEST_ARN else ""


def _judge(reason: t.Optional[Reason], role: WatchedRole) -> DeniedBy:
    """Judge whose policy denied. A session policy is the caller's own, so that nobody is to blame for it."""
    if reason is None:
        return DeniedBy.UNKNOWN
    if reason.is_of_organization:
        return DeniedBy.ORGANIZATION
    found = _KINDS.get(reason.kind, DeniedBy.UNKNOWN)
    if found is DeniedBy.BOUNDARY and role.trial_boundary_arn and reason.arn in ("", role.trial_boundary_arn):
        return DeniedBy.OURS
    return found


def _name_event(record: Record) -> str:
    actions = find_actions(record)
    return actions[0] if actions else f"{prefix_of(record['eventSource'])}:{record['eventName']}"
