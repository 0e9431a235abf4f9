# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The run's own way to its journal, its reports and the trail, and what writes the trail: nothing may cut it off.

A run that can't write its journal changes nothing any longer, not even to take back the policy that is in its way. A
trail that nobody can write to hides what happened meanwhile.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ...._policy.analysis.principal_matrix import Actor, Ask, Kind, Place
from ...._policy.analysis.principal_matrix_callers import account_caller, callers_of, service_callers
from ...._policy.analysis.principal_matrix_cast import role_actor

_S3: t.Final = "s3://"
_JOURNAL: t.Final = "the journal"
_READS: t.Final = ("s3:GetObject",)
_WRITES: t.Final = ("s3:PutObject", "s3:GetObject")
# CloudTrail, AWS Config and the delivery of logs write to a bucket, and use the key that it is encrypted with.
_DELIVERING: t.Final = ("cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com")


@dataclasses.dataclass(frozen=True)
class OwnPlace:
    """A place in S3 that the run needs. ``name`` is what is there, ``writer`` the role that is assumed to reach it."""

    name: str
    bucket: str
    prefix: str = ""
    writer: str = ""
    key: str = ""
    is_written: bool = True

    @property
    def location(self) -> str:
        """As options have it."""
        return f"{_S3}{self.bucket}{f'/{self.prefix}' if self.prefix else ''}"


@dataclasses.dataclass(frozen=True)
class TrailBucket:
    """The bucket of a trail, and the key that its files are encrypted with, empty for none."""

    bucket: str
    key: str = ""


class FilePlace(t.Protocol):
    """A place of files as options name it: a directory or a place in S3, with the role and the key that reach it."""

    @property
    def location(self) -> str: ...
    @property
    def kms_key_id(self) -> t.Optional[str]: ...
    @property
    def role_arn(self) -> t.Optional[str]: ...


def find_own_places(
    *, journal: t.Optional[FilePlace] = None, reports: t.Optional[FilePlace] = None, trails: Sequence[FilePlace] = ()
) -> tuple[OwnPlace, ...]:
    """Find those of the run's places that are in S3."""
    read = (("the trail", trail, False) for trail in trails)
    places = ((_JOURNAL, journal, True), ("the reports", reports, True), *read)
    found = []
    for name, place, is_written in places:
        if place is None or not place.location.startswith(_S3):
            continue
        bucket, _slash, prefix = place.location[len(_S3) :].partition("/")
        writer, key = place.role_arn or "", place.kms_key_id or ""
        found.append(OwnPlace(name, bucket, prefix.strip("/"), writer, key, is_written=is_written))
    return tuple(found)


def find_own_way_actors(
    place: Place,
    places: Iterable[OwnPlace],
    trails: Iterable[TrailBucket],
    *,
    automation: Sequence[str],
    assessors: Sequence[str],
    entry: str,
    is_inside: bool,
) -> Iterator[Actor]:
    """Find the actors that must reach the places, as the cast of one account.

    The name of a bucket does not tell its account, so each account is taken to be the one.

    :param automation: the roles in the account that write, by ARN or by what follows the account in it.
    :param assessors: those that only read the account. They write reports, and never the journal.
    :param entry: the ARN of the owner of the credentials that the run starts with, ``is_inside`` the organization.
    """
    for own in places:
        asks = _list_asks(own, place)
        who = f"to {own.name} in {own.location}"
        for role in () if own.writer else (*automation, *assessors):
            reads_only = own.name == _JOURNAL and role not in automation
            arn = role if role.startswith("arn:") else place.arn(role)
            needed = _list_asks(dataclasses.replace(own, is_written=False), place) if reads_only else asks
            yield _name_actor(role_actor(place, arn, needed), f"{_shorten_arn(arn)} {who}")
        writer = own.writer or entry
        if writer.count(":") < 5:
            continue
        if writer.split(":")[4] == place.account_id:
            yield _name_actor(role_actor(place, writer, asks), f"{_shorten_arn(writer)} {who}")
        else:
            inside = bool(own.writer) or is_inside
            yield _name_actor(account_caller(place, writer, asks, inside=inside), f"{writer} {who}")
    for trail in trails:
        for service in _DELIVERING:
            for actor in service_callers(place, service, _list_deliveries(trail, service, place)):
                yield _name_actor(actor, f"AWS service {service} to the trail in {_S3}{trail.bucket}")


def _name_actor(actor: Actor, name: str) -> Actor:
    return dataclasses.replace(actor, kind=Kind.OWN_WAY, name=name, is_critical=False)


def _shorten_arn(arn: str) -> str:
    return arn.split(":", 5)[5]


def _list_asks(own: OwnPlace, place: Place) -> tuple[Ask, ...]:
    bucket = f"arn:{place.partition}:s3:::{own.bucket}"
    item = f"{bucket}/{own.prefix}/{place.account_id}/item" if own.prefix else f"{bucket}/{place.account_id}/item"
    actions = _WRITES if own.is_written else _READS
    region = (("aws:RequestedRegion", place.region or place.home),)
    asks = [Ask(action, item, region) for action in actions]
    asks.append(Ask("s3:ListBucket", bucket, (*region, ("s3:prefix", own.prefix))))
    if own.key:
        through = (*region, ("kms:ViaService", f"s3.{place.region or place.home}.amazonaws.com"))
        forwarded = (*through, ("aws:ViaAWSService", "true"), ("aws:CalledVia", ("s3.amazonaws.com",)))
        needed = ("kms:GenerateDataKey", "kms:Decrypt") if own.is_written else ("kms:Decrypt",)
        asks += [Ask(action, make_key_arn(own.key, place), forwarded) for action in needed]
    return tuple(asks)


def _list_deliveries(trail: TrailBucket, service: str, place: Place) -> tuple[Ask, ...]:
    bucket = f"arn:{place.partition}:s3:::{trail.bucket}"
    region = (("aws:RequestedRegion", place.region or place.home),)
    item = f"{bucket}/AWSLogs/{place.account_id}/item"
    asks = [Ask(action, item if action.endswith("Object") else bucket, region) for action in callers_of("s3")[service]]
    if trail.key:
        asks += [Ask(action, make_key_arn(trail.key, place), region) for action in callers_of("kms")[service]]
    return tuple(asks)


def make_key_arn(key: str, place: Place) -> str:
    """Make the ARN of a KMS key that is given by ARN, by id, or by an alias, which does not identify the key."""
    if ":key/" in key:
        return key
    name = "any" if "alias/" in key else key.removeprefix("key/")
    return f"arn:{place.partition}:kms:{place.region or place.home}:{place.account_id}:key/{name}"
