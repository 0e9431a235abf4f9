# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From recorded uses to needs: which action was needed on which resource, how often, and under which conditions."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ..documents.arn import arn_parts
from ..documents.policy import Condition
from ..evaluation import catalogue
from ..evaluation.context import Context
from ..evaluation.narrowing import resource_types
from ..evaluation.pass_role import find_passed_role
from ..trail.coverage import Record
from ..trail.usage import Source, Use
from .ceiling import takes_resource

PASS_ROLE: t.Final = "iam:passrole"
LINKED_ROLE: t.Final = "iam:createservicelinkedrole"
_TAGS: t.Final = "ec2:createtags"
_LINKED_PATH: t.Final = "role/aws-service-role/"
_DOMAIN: t.Final = ".amazonaws.com"
# Services that use a key for data of their own, under the name that kms:ViaService has. EBS has that of EC2, and
# Aurora, Neptune and DocumentDB that of RDS, so that these are no entries. AWS lists more names. Of those it is not
# known that CloudTrail calls them the same, or that they call KMS themselves. The names have the same suffix in all
# partitions: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#viaService_table
_VIA_SERVICES: t.Final = frozenset(
    {
        "backup", "codeartifact", "dynamodb", "ecr", "elasticfilesystem", "es", "firehose", "fsx", "kafka", "kinesis",
        "lambda", "rds", "redshift", "s3", "sagemaker", "secretsmanager", "ses", "sns", "sqs", "ssm", "workspaces",
    }
)  # fmt: skip

# Conditions that follow from the meaning of a call. By action in lower case, or the prefix of a service.
MEANING: t.Final = {
    PASS_ROLE: "iam:PassedToService",
    LINKED_ROLE: "iam:AWSServiceName",
    _TAGS: "ec2:CreateAction",
    "kms": "kms:ViaService",
}
# A record should keep these keys, whatever today's policies speak of.
MEANING_KEYS: t.Final = frozenset(key.lower() for key in MEANING.values())
# What "narrowing" writes for any region and any account. In a policy "*" is the usual way to write them.
_ANY_REGION: t.Final = "*-?"
_ANY_ACCOUNT: t.Final = "?" * 12


@dataclasses.dataclass(frozen=True)
class Need:
    """One action that was needed on one thing.

    ``targets`` are the ARNs by which policies know the resource; where it ``is_known`` not to be, patterns of all that
    it may be. ``meaning`` are the conditions that follow from the call. ``contexts`` are those of the calls.
    """

    action: str
    targets: tuple[str, ...]
    is_known: bool
    contexts: frozenset[Context]
    meaning: tuple[Condition, ...] = ()
    count: int = 0
    first: t.Optional[datetime] = None
    last: t.Optional[datetime] = None
    sources: tuple[Source, ...] = ()
    is_possible: bool = False
    is_dry_run: bool = False
    invoked_by: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """The prefix of the service in policies."""
        return self.action.partition(":")[0].lower()


def is_recorded_call(use: Use) -> bool:
    """Whether a use is a call that was recorded, and no mere date of last access."""
    return use.source is not Source.LAST_ACCESSED


def exclude_named(uses: Iterable[Use]) -> Iterator[Use]:
    """Yield the recorded calls; one whose action is not known is none of the actions that other events name."""
    calls = [use for use in uses if is_recorded_call(use)]
    named = frozenset(use.action.lower() for use in calls if not use.is_service_level)
    for use in calls:
        yield dataclasses.replace(use, besides=use.besides | named) if use.is_service_level else use


def collect_needs(uses: Iterable[Use], partition: str) -> tuple[Need, ...]:
    """Collect the needs of all recorded calls of a known action, in an order that depends on nothing but them.

    The uses are those of a completed record (``complete_record``).
    """
    calls = [use for use in uses if is_recorded_call(use) and not use.is_service_level]
    groups: dict[tuple[str, tuple[str, ...], bool, bool], list[Use]] = {}
    for use in calls:
        targets, is_known = find_targets(use.action, use.resource, use.candidates, partition)
        key = (use.action.lower(), targets, is_known, bool(_read_meaning(use)))
        groups.setdefault(key, []).append(use)
    return tuple(
        _join_uses(found, targets, is_known)
        for (_action, targets, is_known, _meaning), found in sorted(groups.items(), key=lambda item: item[0])
    )


def find_targets(
    action: str, resource: t.Optional[str], candidates: Sequence[str], partition: str
) -> tuple[tuple[str, ...], bool]:
    """Find what a policy must name for a call: ARNs, or else patterns, and whether they are ARNs.

    An action without resource types is about ``*``.
    """
    # No ARN is "*": a call whose record says so may have been about anything.
    if resource is not None and resource != "*" and takes_resource(action):
        return tuple(candidates) or (resource,), True
    patterns = tuple(candidates) or resource_types(action.lower(), partition)
    if not patterns or not takes_resource(action):
        return ("*",), True
    return tuple(dict.fromkeys(shorten_pattern(pattern) for pattern in patterns)), False


def shorten_pattern(pattern: str) -> str:
    """Write ``*`` for any region and any account in a pattern of ARNs."""
    places = {_ANY_REGION: "*", _ANY_ACCOUNT: "*"}
    return ":".join(places.get(part, part) for part in pattern.split(":"))


def spell_action(action: str) -> str:
    """An action in the case of the reference."""
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    return known.full_name if known else f"{service.lower()}:{name}"


def _join_uses(uses: Sequence[Use], targets: tuple[str, ...], is_known: bool) -> Need:
    firsts = [use.first for use in uses if use.first]
    lasts = [use.last for use in uses if use.last]
    return Need(
        action=min(spell_action(use.action) for use in uses),
        targets=targets,
        is_known=is_known,
        contexts=frozenset(use.context for use in uses),
        meaning=_join_meaning(uses),
        count=sum(use.count for use in uses),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        sources=tuple(sorted({use.source for use in uses})),
        is_possible=all(use.is_possible for use in uses),
        is_dry_run=all(use.is_dry_run for use in uses),
        invoked_by=tuple(sorted({use.invoked_by for use in uses if use.invoked_by})),
    )


# Conditions that follow from the meaning of a call


def complete_record(record: Record) -> Record:
    """Add the condition keys that follow from the meaning of calls to the contexts of a record's uses.

    Conditions on them are generated, so that a proof needs them as well. Where a key may have had one of several
    values, the context has them all: only what holds for all of them is then certain.
    """
    services = _list_receiving_services([use for use in record.uses if is_recorded_call(use)])
    uses = tuple(_complete_use(use, services) for use in record.uses)
    return dataclasses.replace(record, uses=uses)


def _complete_use(use: Use, services: Sequence[str]) -> Use:
    key = _meaning_key(use.action.lower())
    if key is None or not is_recorded_call(use) or isinstance(use.context.get(key), tuple):
        return use
    values = _derive_values(use, services)
    return dataclasses.replace(use, context=use.context.with_({key: values})) if values else use


def _derive_values(use: Use, services: Sequence[str]) -> tuple[str, ...]:
    action = use.action.lower()
    if action == PASS_ROLE:
        return (*services, *(f"{name}.cn" for name in services if ":aws-cn:" in use.principal_arn[:12]))
    if action == LINKED_ROLE and use.resource:
        return _find_linked_service(use.resource)
    if use.service == "kms":
        return _find_calling_service(use)
    return ()


def _find_linked_service(role_arn: str) -> tuple[str, ...]:
    """The service that a service-linked role belongs to: it is in the path of the role."""
    parts = arn_parts(role_arn)
    if parts is None or not parts.resource.startswith(_LINKED_PATH):
        return ()
    service = parts.resource[len(_LINKED_PATH) :].partition("/")[0]
    return (service,) if "." in service and "*" not in service else ()


def _find_calling_service(use: Use) -> tuple[str, ...]:
    """The value of ``kms:ViaService`` for a call that a service made on behalf of the principal.

    It is the name of the service and its Region, which is that of the key. Of a service that calls others, which then
    call KMS, such as CloudFormation or Athena, the record names the first one and the key the last one.
    """
    parts = arn_parts(use.resource or "")
    name = use.invoked_by.removesuffix(_DOMAIN)
    if parts is None or not parts.region or name not in _VIA_SERVICES:
        return ()
    return (f"{name}.{parts.region}{_DOMAIN}",)


def _list_receiving_services(uses: Sequence[Use]) -> tuple[str, ...]:
    """The services that recorded calls can have passed a role to, where the record does not name the service.

    A record that has the key names every service but those of calls that pass roles to one of several.
    """
    has_key = any(use.action.lower() == PASS_ROLE and _read_meaning(use) for use in uses)
    roles = (find_passed_role(action) for action in {use.action.lower() for use in uses})
    found = {
        service
        for role in roles
        if role is not None and not (has_key and len(role.services) == 1)
        for service in role.services
    }
    return tuple(sorted(found))


def _join_meaning(uses: Sequence[Use]) -> tuple[Condition, ...]:
    values = {value for use in uses for value in _read_meaning(use)}
    key = _meaning_key(uses[0].action.lower())
    return (Condition("StringEquals", key, tuple(sorted(values))),) if values and key else ()


def _meaning_key(action: str) -> t.Optional[str]:
    return MEANING.get(action) or MEANING.get(action.partition(":")[0])


def _read_meaning(use: Use) -> tuple[str, ...]:
    key = _meaning_key(use.action.lower())
    found = use.context.get(key) if key is not None else ()
    return found if isinstance(found, tuple) else ()
