# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who depends on a credential: what was seen to use it, and what names its id."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from ..event import Event
from .platforms import Platform, find_platform, shorten_agent

_MOST_ADDRESSES: t.Final = 20
_MOST_ACTIONS: t.Final = 20


class Confidence(enum.StrEnum):
    """How sure it is that something depends on the credential.

    CERTAIN: the id of the key is in its settings. LIKELY: calls with the credential name their platform. INFERRED:
    calls came from an address, or with a tool, that is not the intruder's.
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    INFERRED = "inferred"


_ORDER: t.Final = tuple(Confidence)


@dataclasses.dataclass(frozen=True)
class Mention:
    """The id of a key in the settings of something. ``place`` is where in these, ``owner`` from its tags."""

    key_id: str
    kind: str
    resource: str
    account_id: str
    region: str
    place: str
    owner: str = ""


@dataclasses.dataclass(frozen=True)
class LastUse:
    """The last use of a key, as ``iam:GetAccessKeyLastUsed`` has it, in steps of 15 minutes."""

    key_id: str
    when: t.Optional[datetime]
    service: str = ""
    region: str = ""


@dataclasses.dataclass(frozen=True)
class Dependant:
    """Something that depends on a credential, or probably does.

    ``kind`` is the kind of resource that names the key, or ``calls``. ``count`` is the number of calls.
    """

    key_id: str
    kind: str
    resource: str
    confidence: Confidence
    platform: Platform = Platform.UNKNOWN
    account_id: str = ""
    region: str = ""
    place: str = ""
    owner: str = ""
    addresses: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    first_seen: t.Optional[datetime] = None
    last_seen: t.Optional[datetime] = None
    count: int = 0

    def to_dict(self) -> dict[str, t.Any]:
        """The row as the module returns it."""
        found = dataclasses.asdict(self)
        for name in ("first_seen", "last_seen"):
            moment: t.Optional[datetime] = found[name]
            found[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
        return {**found, "confidence": self.confidence.value, "platform": self.platform.value} | {
            name: list(found[name]) for name in ("addresses", "actions")
        }


_PLATFORMS: t.Final = {
    "function": Platform.LAMBDA,
    "task_definition": Platform.ECS,
    "build_project": Platform.CODEBUILD,
    "instance": Platform.EC2,
    "launch_template": Platform.EC2,
}


def platform_of(mention: Mention) -> Platform:
    """The platform of what names a key. A stack does not show which of its resources has it."""
    return _PLATFORMS.get(mention.kind, Platform.UNKNOWN)


def find_dependants(
    baseline: Iterable[Event], mentions: Iterable[Mention], key_ids: Collection[str]
) -> tuple[Dependant, ...]:
    """Find what depends on keys: the surest first, then by the last use.

    ``baseline`` are events that are not the intruder's. Those of other keys are left out, and failed calls count: a
    workload whose call is denied depends on the credential all the same.
    """
    rows = [*map(_describe_mention, mentions), *_group(baseline, frozenset(key_ids))]
    return tuple(sorted(dict.fromkeys(rows), key=_sort_key))


def _describe_mention(mention: Mention) -> Dependant:
    return Dependant(
        mention.key_id,
        mention.kind,
        mention.resource,
        Confidence.CERTAIN,
        platform_of(mention),
        mention.account_id,
        mention.region,
        mention.place,
        mention.owner,
    )


def _group(baseline: Iterable[Event], key_ids: frozenset[str]) -> Iterator[Dependant]:
    """Group calls by the key, the platform, and the tool or the address where there is no platform."""
    groups: dict[tuple[str, Platform, str], list[Event]] = {}
    for event in baseline:
        if event.access_key_id in key_ids:
            platform = find_platform(event.user_agent, event.source_address)
            name = shorten_agent(event.user_agent)
            if platform in (Platform.UNKNOWN, Platform.PRIVATE_NETWORK):
                name = f"{name} from {event.source_address}"
            groups.setdefault((event.access_key_id, platform, name), []).append(event)
    for (key_id, platform, name), events in groups.items():
        is_named = platform not in (Platform.UNKNOWN, Platform.PRIVATE_NETWORK)
        yield Dependant(
            key_id,
            "calls",
            name,
            Confidence.LIKELY if is_named else Confidence.INFERRED,
            platform,
            account_id=events[0].account_id,
            addresses=_limit((event.source_address for event in events), _MOST_ADDRESSES),
            actions=_limit((f"{event.service}:{event.name}" for event in events), _MOST_ACTIONS),
            first_seen=min(event.time for event in events),
            last_seen=max(event.time for event in events),
            count=len(events),
        )


def _limit(values: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value})[:most])


def _sort_key(row: Dependant) -> tuple[t.Any, ...]:
    seen = -row.last_seen.timestamp() if row.last_seen else 0.0
    return _ORDER.index(row.confidence), seen, row.key_id, row.kind, row.resource, row.place
