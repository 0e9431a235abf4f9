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

import collections
import dataclasses
import enum
import functools
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from ..documents.arn import arn_account, arn_parts
from ..evaluation.context import Context, Values
from ..evaluation.pass_role import PassedRole, find_passed_role
from .context import ContextReader, Keys, list_parameter_keys
from .further import find_further_permissions, read_copy_source, select_version_action
from .kinds import list_kinds
from .names import actions_of, find_services, prefix_of, strip_version
from .resources import Names, Subject, Target, find_passed_role_arns, find_targets
from .usage import Source, Use, merge_uses

Record = Mapping[str, t.Any]


class SkipReason(enum.StrEnum):
    """The reasons why an event is no use of a permission, or none that can be judged."""

    MALFORMED = "it is no event as CloudTrail writes them"
    NO_PERMISSION = "it needs no permission: AWS did it, a sign-in, or an operation that is open to all"
    DENIED = "it was denied, so that nothing can be lost"
    SERVICE = "an AWS service did it by itself, or by its service-linked role"
    ROOT = "the root user did it, whom policies of principals do not limit"
    FOREIGN = "the caller is no user and no role of this account"
    OTHER = "another principal did it"


# Only these are calls; other events are sign-ins, actions of services and unusual activity.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
_CALLS: t.Final = frozenset({"AwsApiCall"})
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_FREE: t.Final = frozenset({("sts", "getcalleridentity"), ("sts", "getsessiontoken")})
# Services say in many ways that a call is not allowed. DryRunOperation says that it would have been.
_DENIALS: t.Final = frozenset(
    {"accessdenied", "authfailure", "authorizationerror", "notauthorized", "unauthorized", "unauthorizedoperation"}
)
# Cognito calls a wrong password so, in the answer to a call that was allowed:
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
_ALLOWED_ALL_THE_SAME: t.Final = frozenset({("cognito-idp", "notauthorized"), ("cognito-identity", "notauthorized")})


@dataclasses.dataclass(frozen=True)
class Call:
    """A permission that one event needed. ``resource`` is None where the event does not show it.

    Where the event's action is not known, ``action`` is ``service:*`` and ``is_service_level`` set. ``candidates`` and
    ``is_possible`` are those of a use.
    """

    principal_arn: str
    action: str
    resource: t.Optional[str]
    context: Context
    when: t.Optional[datetime]
    access_key_id: t.Optional[str] = None
    is_service_level: bool = False
    candidates: tuple[str, ...] = ()
    is_possible: bool = False


@dataclasses.dataclass(frozen=True)
class Reading:
    """The result of reading the events of a source: the uses that they show, and how many were skipped, and why."""

    uses: tuple[Use, ...]
    events: int
    skipped: Mapping[SkipReason, int]


class EventReader:
    """Reads the events of one account.

    ``principals`` are the ARNs of the users and roles that are asked about; None for all. ``names`` are ARNs of IAM
    entities that events call by their name alone. ``keys`` are the condition keys (lower case) that matter, None for
    all: others are left out, since each one that varies makes another use.
    """

    def __init__(
        self,
        *,
        principals: t.Optional[Collection[str]] = None,
        names: t.Optional[Names] = None,
        keys: Keys = None,
    ) -> None:
        self._principals: t.Final = None if principals is None else frozenset(principals)
        self._names: t.Final[Names] = names or {}
        self._keys: t.Final = keys

    def read(self, records: Iterable[t.Any], source: Source) -> Reading:
        """The uses in the events, equal ones counted together."""
        skipped: collections.Counter[SkipReason] = collections.Counter()
        uses: dict[tuple[t.Hashable, ...], Use] = {}
        events = 0
        for record in records:
            events += 1
            found = self.calls(record)
            if isinstance(found, SkipReason):
                skipped[found] += 1
                continue
            for call in found:
                key = _key_of(call)
                use = _use(call, source)
                uses[key] = merge_uses((uses[key], use))[0] if key in uses else use
        return Reading(merge_uses(uses.values()), events, skipped)

    def calls(self, record: t.Any) -> t.Union[tuple[Call, ...], SkipReason]:
        """The permissions that one event needed, or why it needed none that counts."""
        if not isinstance(record, Mapping) or not isinstance(record.get("userIdentity"), Mapping):
            return SkipReason.MALFORMED
        event_source, event_name = record.get("eventSource"), record.get("eventName")
        if not isinstance(event_source, str) or not isinstance(event_name, str):
            return SkipReason.MALFORMED
        service = prefix_of(event_source)
        free = service == "signin" or (service, event_name.lower()) in _FREE
        if free or record.get("eventType", "AwsApiCall") not in _CALLS:
            return SkipReason.NO_PERMISSION
        principal = principal_of(record["userIdentity"], self._names)
        if isinstance(principal, SkipReason):
            return principal
        if self._principals is not None and principal not in self._principals:
            return SkipReason.OTHER
        if _was_denied(record, service):
            return SkipReason.DENIED
        subject = Subject(record, self._names)
        services = find_services(service, event_name, subject.parameters)
        found = (call for one in services for call in self._calls(subject, principal, one, event_name))
        if len(services) > 1:
            # The event does not show which of the services it was.
            found = (dataclasses.replace(call, is_possible=True) for call in found)
        return tuple(found)

    def _calls(self, subject: Subject, principal: str, service: str, event_name: str) -> Iterator[Call]:
        """All permissions that one event of one service needed."""
        record = subject.record
        actions = actions_of(service, event_name)
        reader = ContextReader(record, self._keys)
        when, key = moment_of(record), _long_term_key(record["userIdentity"])
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
        known: dict[str, Values] = {}
        matters = self._keys is None or "iam:passedtoservice" in self._keys
        if matters and len(role.services) == 1 and partition == "aws":
            known["iam:PassedToService"] = role.services[0]
        for resource in find_passed_role_arns(record, role, self._names, partition):
            yield Call(principal, "iam:PassRole", resource, context.with_(known), when, key)


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


def _key_of(call: Call) -> tuple[t.Hashable, ...]:
    """Return the key by which equal calls are counted together."""
    what = (call.action, call.resource, call.candidates, call.is_possible)
    return (call.principal_arn, *what, call.context, call.access_key_id)


def _use(call: Call, source: Source) -> Use:
    return Use(
        principal_arn=call.principal_arn,
        action=call.action,
        source=source,
        resource=call.resource,
        context=call.context,
        count=1,
        first=call.when,
        last=call.when,
        is_service_level=call.is_service_level,
        access_key_id=call.access_key_id,
        candidates=call.candidates,
        is_possible=call.is_possible,
    )


def principal_of(identity: Record, names: Names) -> t.Union[str, SkipReason]:
    """The ARN of the user or the role, with its path, that made a call, or why there is none.

    The ARN of a session lacks the path of its role, which the issuer of the session has; where an event leaves that
    out, ``names`` has the role. Calls that a service makes in the name of a caller (forward access sessions) are the
    caller's: they need its permissions.
    """
    kind = identity.get("type")
    if kind == "Root":
        return SkipReason.ROOT
    if kind == "AWSService":
        return SkipReason.SERVICE
    arn = identity.get("arn") if kind == "IAMUser" else None
    if kind in ("AssumedRole", "FederatedUser", "Role"):
        session = identity.get("sessionContext")
        issuer = session.get("sessionIssuer") if isinstance(session, Mapping) else None
        arn = issuer.get("arn") if isinstance(issuer, Mapping) else None
        arn = arn or _role_of_session(identity.get("arn"), names)
    parts = arn_parts(arn) if isinstance(arn, str) else None
    if parts is None or parts.resource.partition("/")[0] not in ("user", "role"):
        # Root as the issuer of a federated session among them.
        return SkipReason.FOREIGN
    return SkipReason.SERVICE if parts.resource.startswith("role/aws-service-role/") else str(arn)


def _role_of_session(session_arn: object, names: Names) -> t.Optional[str]:
    """The ARN of the role behind ``assumed-role/NAME/session``, of the same account."""
    parts = arn_parts(session_arn) if isinstance(session_arn, str) else None
    if parts is None or not parts.resource.startswith("assumed-role/"):
        return None
    role = names.get(f"role/{parts.resource.split('/')[1]}")
    return role if role and arn_account(role) == parts.account else None


def _was_denied(record: Record, service: str) -> bool:
    """Whether a call failed for want of permission; what failed otherwise may have been allowed, and counts."""
    code = record.get("errorCode")
    if not isinstance(code, str):
        return False
    name = code.rpartition(".")[2].lower().removesuffix("exception")
    return name in _DENIALS and (service, name) not in _ALLOWED_ALL_THE_SAME


def _long_term_key(identity: Record) -> t.Optional[str]:
    """The access key of a user or of the root user; those of sessions begin with ASIA."""
    key = identity.get("accessKeyId")
    return key if isinstance(key, str) and key.startswith("AKIA") else None


def _partition(arn: str) -> str:
    parts = arn_parts(arn)
    return parts.partition if parts else ""


def moment_of(record: t.Any) -> t.Optional[datetime]:
    """When an event happened; None where it does not say so."""
    text = record.get("eventTime") if isinstance(record, Mapping) else None
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
