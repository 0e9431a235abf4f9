# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From CloudTrail events to what principals used: actions, resources and the condition keys that an event shows.

The fields of an event: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
and https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html. What an
event does not show stays unknown, and is never taken to be absent.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from ..documents.arn import arn_account, arn_parts
from ..evaluation.context import Context, Values
from ..evaluation.pass_role import PassedRole, find_passed_role
from .callers import (
    KnownPrincipal,
    SkipReason,
    is_call,
    is_of_account,
    long_term_key,
    moment_of,
    needs_no_permission,
    principal_of,
    was_denied,
)
from .calls import Call, Reading
from .composed import split_event
from .context import ContextReader, Keys, list_parameter_keys
from .exclusions import Exclusion
from .further import find_further_permissions, read_copy_source, select_version_action
from .kinds import list_kinds
from .names import actions_of, find_services, prefix_of, strip_version
from .resources import Names, Subject, Target, find_passed_roles, find_targets
from .shapes import ShapeReader
from .tally import Tally
from .usage import Source

Record = Mapping[str, t.Any]


# The prefix of a service in policies. No source of CloudTrail gives another one.
_PREFIX: t.Final = re.compile(r"[a-z0-9-]{1,64}\Z")


class EventReader:
    """Reads the events of one account.

    ``principals`` are the ARNs of the users and roles that are asked about; None for all. ``names`` are ARNs of IAM
    entities that events call by their name alone. ``keys`` are the condition keys (lower case) that matter, None for
    all: others are left out, since each one that varies makes another use.

    With ``account_id`` events of other accounts are refused, with ``known`` those of earlier principals of the same
    name. ``exclusions`` are events that never become uses. ``session_tags`` are the tags of sessions, by their access
    keys. With ``is_detailed`` denied calls and sessions are kept too, and calls of services on behalf of the caller
    and dry runs stay apart.
    """

    def __init__(
        self,
        *,
        principals: t.Optional[Collection[str]] = None,
        names: t.Optional[Names] = None,
        keys: Keys = None,
        account_id: str = "",
        known: t.Optional[Mapping[str, KnownPrincipal]] = None,
        exclusions: Iterable[Exclusion] = (),
        session_tags: t.Optional[Mapping[str, Mapping[str, str]]] = None,
        is_detailed: bool = False,
    ) -> None:
        self._principals: t.Final = None if principals is None else frozenset(principals)
        self._names: t.Final[Names] = names or {}
        self._keys: t.Final = keys
        self._account_id: t.Final = account_id
        self._known: t.Final = known or {}
        self._exclusions: t.Final = tuple(exclusions)
        self._session_tags: t.Final = session_tags or {}
        self._shapes: t.Final = ShapeReader(keys, self._session_tags, is_detailed=is_detailed)
        self.is_detailed: t.Final = is_detailed

    def start(self, source: Source) -> Tally:
        """A count of the uses in the events of a source, which are added one by one."""
        return Tally(self, source)

    def read(self, records: Iterable[t.Any], source: Source) -> Reading:
        """The uses in the events, equal ones counted together."""
        tally = self.start(source)
        for record in records:
            tally.add(record)
        return tally.reading()

    def calls(self, record: t.Any) -> t.Union[tuple[Call, ...], SkipReason]:
        """The permissions that one event needed, or why it needed none that counts."""
        caller = self.find_caller(record, moment_of(record))
        if isinstance(caller, SkipReason):
            return caller
        return SkipReason.DENIED if self.is_denied(record) else self.build_calls(record, caller)[0]

    def find_caller(self, record: t.Any, when: t.Optional[datetime]) -> t.Union[str, SkipReason]:
        """The user or role that made a call, or why the event does not count."""
        if not isinstance(record, dict):
            return SkipReason.MALFORMED
        identity, event_source, event_name = (
            record.get("userIdentity"),
            record.get("eventSource"),
            record.get("eventName"),
        )
        if not (isinstance(identity, dict) and isinstance(event_source, str) and isinstance(event_name, str)):
            return SkipReason.MALFORMED
        unfit = _find_unfit(event_source, event_name)
        if unfit is SkipReason.MALFORMED:
            return unfit
        if unfit is not None or not is_call(record):
            return SkipReason.NO_PERMISSION
        caller = principal_of(identity, self._names)
        if isinstance(caller, SkipReason):
            return caller
        if self._principals is not None and caller not in self._principals:
            return SkipReason.OTHER
        if self._account_id and not is_of_account(record, caller, self._account_id):
            return SkipReason.OTHER_ACCOUNT
        known = self._known.get(caller)
        return caller if known is None or known.is_of(record, when) else SkipReason.EARLIER

    def find_exclusion(self, record: Record, when: t.Optional[datetime]) -> t.Optional[Exclusion]:
        """The entry of ``exclude_evidence`` that leaves an event out; None for none."""
        if not self._exclusions:
            return None
        return next((one for one in self._exclusions if one.matches(record, when)), None)

    def is_denied(self, record: Record) -> bool:
        """Whether a call failed for want of permission."""
        return was_denied(record, prefix_of(record["eventSource"]))

    def read_shape(self, record: Record, caller: str) -> tuple[t.Hashable, str]:
        """All that the permissions depend on that an event needed, but for the name of the object, which follows.

        None for one that is not to be kept.
        """
        return self._shapes.read(record, caller)

    def build_calls(self, record: Record, caller: str) -> tuple[tuple[Call, ...], bool]:
        """The permissions that an event needed, and whether another event of the same shape needed the same."""
        subject = Subject(record, self._names)
        event_name = record["eventName"]
        service = prefix_of(record["eventSource"])
        services = find_services(service, event_name, subject.parameters)
        composed = split_event(service, subject)
        if composed is not None:
            parts = [Subject(part, self._names) for part in composed.records]
            found = (call for part in parts for call in self._calls(part, caller, service, part.record["eventName"]))
        else:
            found = (call for one in services for call in self._calls(subject, caller, one, event_name))
        if len(services) > 1 or (composed is not None and not composed.is_certain):
            # The event does not show which of the services, or of the actions, it was.
            found = (dataclasses.replace(call, is_possible=True) for call in found)
        calls = tuple(found)
        self._shapes.learn(record, subject.parameters.asked, [call.action for call in calls])
        return calls, not subject.is_answer_read or record.get("responseElements") is None

    def _calls(self, subject: Subject, principal: str, service: str, event_name: str) -> Iterator[Call]:
        """All permissions that one event of one service needed."""
        record = subject.record
        actions = actions_of(service, event_name)
        identity = record["userIdentity"]
        reader = ContextReader(record, self._keys, self._shapes.read_base(record))
        when, key = moment_of(record), long_term_key(identity)
        if not actions:
            yield Call(principal, f"{service}:*", None, reader.context(""), when, key, is_service_level=True)
            return
        event = f"{service}:{strip_version(service, event_name)}".lower()
        shown: tuple[Target, ...] = ()
        for place, action in enumerate(actions):
            needed, targets = _select_needed(subject, event, action, actions, place)
            shown = shown or targets
            yield from self._build_calls(principal, needed, targets, reader, when, key)
            role = find_passed_role(needed)
            if role is not None:
                yield from self._read_passed_roles(record, principal, role, reader.context(needed.lower()), when, key)
        for needed, targets in find_further_permissions(subject, event, actions, shown):
            yield from self._build_calls(principal, needed, targets, reader, when, key, of=event_name)

    def _build_calls(
        self,
        principal: str,
        action: str,
        targets: tuple[Target, ...],
        reader: ContextReader,
        when: t.Optional[datetime],
        key: t.Optional[str],
        of: str = "",
    ) -> Iterator[Call]:
        """The calls of one action, one for each thing that it was authorized on. ``of`` is the event that made it."""
        lower = action.lower()
        for target in targets:
            context = reader.context(lower, but=_list_foreign_keys(lower, target.kinds))
            if lower == "ec2:createtags" and of and (self._keys is None or "ec2:createaction" in self._keys):
                context = context.with_({"ec2:CreateAction": of})
            yield Call(
                principal,
                action,
                target.resource,
                context,
                when,
                key,
                candidates=target.candidates,
                is_possible=target.is_possible,
            )

    def _read_passed_roles(
        self,
        record: Record,
        principal: str,
        role: PassedRole,
        context: Context,
        when: t.Optional[datetime],
        key: t.Optional[str],
    ) -> Iterator[Call]:
        """Read ``iam:PassRole``, which never has an event, from a request that passes roles to a service."""
        partition = _partition(principal)
        matters = partition == "aws" and (self._keys is None or "iam:passedtoservice" in self._keys)
        for resource, services in find_passed_roles(record, role, self._names, partition):
            # Of several services it was one: only what holds for each of them is certain.
            known: dict[str, Values] = {"iam:PassedToService": services} if matters else {}
            # The role must be in the account of the service's resource:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
            one = () if resource else (f"arn:{partition}:iam::{arn_account(principal)}:role/*",)
            yield Call(principal, "iam:PassRole", resource, context.with_(known), when, key, candidates=one)


@functools.lru_cache(maxsize=8192)
def _find_unfit(event_source: str, event_name: str) -> t.Optional[SkipReason]:
    """Why no event of a source and a name is the use of a permission; None where it may be."""
    service = prefix_of(event_source)
    if not _PREFIX.match(service):
        return SkipReason.MALFORMED
    return SkipReason.NO_PERMISSION if needs_no_permission(service, event_name) else None


def _select_needed(
    subject: Subject, event: str, action: str, actions: tuple[str, ...], place: int
) -> tuple[str, tuple[Target, ...]]:
    """Select one of the actions of an event, and its targets. A copy in S3 reads another object than it writes.

    An event of KMS that needs two actions, on two keys, does not show which key is for which.
    """
    if event.startswith("s3:") and place > 0:
        return read_copy_source(subject)
    needed = select_version_action(subject, event, action)
    targets = find_targets(subject, needed.lower())
    if len(actions) > 1 and len(targets) > 1 and event.startswith("kms:"):
        keys = tuple(target.resource for target in targets if target.resource is not None)
        return needed, (Target(None, keys),)
    return needed, targets


@functools.lru_cache(maxsize=4096)
def _list_foreign_keys(action: str, kinds: tuple[str, ...]) -> frozenset[str]:
    """The condition keys of an action's parameters that come with other types of resources than ``kinds``.

    ``ec2:InstanceType`` is there where a policy is asked of the instance, and not where it is asked of the subnet.
    """
    keys = list_parameter_keys(action)
    if not keys or not kinds:
        return frozenset()
    all_kinds = list_kinds(action, "aws")
    of_types = frozenset(key for kind in all_kinds for key in kind.condition_keys)
    own = [kind.condition_keys for kind in all_kinds if kind.name in kinds]
    return (keys & of_types) - frozenset.intersection(*own) if own else frozenset()


def _partition(arn: str) -> str:
    parts = arn_parts(arn)
    return parts.partition if parts else ""
