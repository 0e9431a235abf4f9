# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The platform of a workload that uses a key, by the evidence. Pure.

Settings that have the id of the key are certain. User agents are likely: callers choose them. The tags of the instance
that has the address of a caller let EKS be inferred. Sources that contradict each other decide nothing: a person does.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._policy.hunt.dependants.find import Confidence, Mention, platform_of
from ..._policy.hunt.dependants.platforms import Platform, find_platform
from ..._prediction.key_users.model import Consumer
from ..._prediction.key_users.tally import clean
from .model import EKS, Target

_ECS: t.Final = frozenset({Target.ECS})
_TARGETS: t.Final[Mapping[Platform, frozenset[Target]]] = {
    Platform.ECS: _ECS,
    Platform.ECS_FARGATE: _ECS,
    Platform.ECS_EC2: _ECS,
    Platform.LAMBDA: frozenset({Target.LAMBDA}),
    Platform.EKS: EKS,
    Platform.EC2: frozenset({Target.EC2}),
    Platform.GITHUB_ACTIONS: frozenset({Target.GITHUB}),
}
_UNNAMED: t.Final = frozenset({Platform.UNKNOWN, Platform.PRIVATE_NETWORK})
# A node may be more than an instance: its address shows the cluster too.
_ON_INSTANCES: t.Final = _UNNAMED | {Platform.EC2, Platform.EKS}
# What an instance may run, as long as its tags say no more.
_OF_INSTANCES: t.Final = frozenset({Target.EC2, Target.ECS}) | EKS
_ORDER: t.Final = tuple(Confidence)
_NAMED: t.Final = 3
_LONGEST: t.Final = 256

Addresses = Mapping[str, "tuple[Instance, ...]"]


@dataclasses.dataclass(frozen=True)
class Instance:
    """An EC2 instance that has an address of a caller. ``clusters`` are those of EKS that its tags name."""

    id: str
    region: str
    started: datetime
    clusters: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Clue:
    """What one source says of the platform. ``targets`` are the ways to get a role there; none of another platform.

    A clue that ``is_named`` names its platform. Another one only rules platforms out.
    """

    targets: frozenset[Target]
    confidence: Confidence
    platform: Platform
    source: str
    is_named: bool = True

    @property
    def text(self) -> str:
        """The clue for people."""
        return f"{self.platform.value} ({self.confidence.value}: {self.source})"


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody who calls with a key, with its platform. ``why`` says what shows it, ``node`` where it calls from."""

    consumer: Consumer
    platform: Platform
    confidence: Confidence
    why: str
    node: t.Optional[Instance] = None

    @property
    def targets(self) -> frozenset[Target]:
        """The ways in which its platform gets a role; none if it is another one."""
        return _TARGETS.get(self.platform, frozenset())

    @property
    def name(self) -> str:
        """The caller for people."""
        return f"{self.consumer.agent or 'a program without name'} from {self.consumer.address}"


@dataclasses.dataclass(frozen=True)
class Detection:
    """Those who call with one key, what has its id in its settings, and the platform that all of this leaves.

    ``targets`` are the ways in which that platform gets a role, ``confidence`` the surest evidence for it. Without one,
    ``reason`` says why. ``unsearched`` are sentences about what could not be searched for the id of the key.
    """

    callers: tuple[Caller, ...] = ()
    mentions: tuple[Mention, ...] = ()
    clues: tuple[Clue, ...] = ()
    targets: frozenset[Target] = frozenset()
    confidence: t.Optional[Confidence] = None
    reason: str = ""
    unsearched: tuple[str, ...] = ()

    @property
    def platform(self) -> t.Optional[Target]:
        """The platform, if there is one way to get a role there."""
        return next(iter(self.targets)) if len(self.targets) == 1 else None

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters of EKS whose nodes have the addresses of callers."""
        return _unique(name for one in self.callers if one.node for name in one.node.clusters)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of what has the id of the key, and of the nodes that callers are on."""
        nodes = (one.node.region for one in self.callers if one.node)
        return _unique([*(one.region for one in self.mentions if platform_of(one) in _TARGETS), *nodes])


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def detect(
    consumers: Iterable[Consumer],
    addresses: Addresses,
    mentions: Sequence[Mention] = (),
    unsearched: tuple[str, ...] = (),
) -> Detection:
    """Detect the platform of a key's workload. ``addresses`` has the EC2 instances by their addresses."""
    callers = tuple(_describe(one, addresses) for one in consumers)
    clues = [*filter(None, map(_read_mention, mentions)), *(clue for one in callers for clue in _read_caller(one))]
    clues.sort(key=lambda clue: _ORDER.index(clue.confidence))
    found = Detection(callers, tuple(mentions), tuple(clues), unsearched=unsearched)
    reason = _find_reason(found)
    if reason:
        return dataclasses.replace(found, reason=reason)
    targets = _join(clues)
    several = f"the platform is one of {', '.join(sorted(targets))}" if len(targets) > 1 else ""
    return dataclasses.replace(found, targets=targets, confidence=clues[0].confidence, reason=several)


def _join(clues: Iterable[Clue]) -> frozenset[Target]:
    """The ways that all clues leave."""
    return functools.reduce(frozenset.intersection, (clue.targets for clue in clues))


def _find_reason(found: Detection) -> str:
    """Find why the evidence shows no platform; empty if it shows one."""
    named = [clue for clue in found.clues if clue.is_named]
    if not found.callers and not found.mentions:
        return "no calls with the key are known"
    if not any(clue.confidence is Confidence.CERTAIN for clue in named):
        unsure = [one for one in found.callers if one.confidence is Confidence.INFERRED and one.node is None]
        if unsure:
            return f"the platform of {unsure[0].name} is not certain"
    if not named:
        return f"{describe_mention(found.mentions[0])} has the key, and does not show what uses it"
    platforms = {clue.platform for clue in named}
    if len(platforms) == 1 and not named[0].targets:
        return f"{named[0].platform.value} is no platform that is moved by this module"
    if not _join(found.clues):
        return f"the evidence names several platforms: {_list(found.clues)}"
    return ""


def _list(clues: Iterable[Clue]) -> str:
    """List clues for people, one of each platform, the surest first."""
    found: dict[Platform, str] = {}
    for clue in clues:
        found.setdefault(clue.platform, clue.text)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(list(found.values())[:_NAMED]) + more


# The sources


def describe_mention(mention: Mention) -> str:
    """Describe what has the id of a key in its settings. Others chose the names."""
    name = clean(mention.resource.rpartition(":")[2] if mention.kind == "function" else mention.resource, _LONGEST)
    return f"the {mention.kind.replace('_', ' ')} {name} in {mention.region}"


def describe_place(mention: Mention) -> str:
    """Describe where in these settings the id is."""
    return clean(mention.place, _LONGEST)


def _read_mention(mention: Mention) -> t.Optional[Clue]:
    platform = platform_of(mention)
    if platform in _UNNAMED:
        return None
    targets = _TARGETS.get(platform, frozenset())
    return Clue(targets, Confidence.CERTAIN, platform, f"the key is in {describe_mention(mention)}")


def _read_caller(caller: Caller) -> Iterator[Clue]:
    if caller.confidence is Confidence.LIKELY:
        yield Clue(caller.targets, caller.confidence, caller.platform, f"the user agent of {caller.name}")
    elif caller.platform is Platform.EC2:
        yield Clue(_OF_INSTANCES, caller.confidence, caller.platform, caller.why, is_named=False)
    if caller.node is not None:
        yield Clue(EKS, Confidence.INFERRED, Platform.EKS, f"{caller.name} is on {_name_node(caller.node)}")


def _name_node(node: Instance) -> str:
    return f"{node.id}, a node of the cluster {', '.join(node.clusters)}"


def list_addresses(consumers: Iterable[Consumer]) -> frozenset[str]:
    """List the addresses of callers that may be on an instance. Services have names in place of addresses."""
    found = {one.address for one in consumers if find_platform(one.agent, one.address) in _ON_INSTANCES}
    return frozenset(filter(_is_address, found))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _describe(consumer: Consumer, addresses: Addresses) -> Caller:
    platform = find_platform(consumer.agent, consumer.address)
    # An instance that was started later has the address of another one.
    owners = [one for one in addresses.get(consumer.address, ()) if one.started <= consumer.last]
    node = _find_node(owners) if platform in _ON_INSTANCES else None
    if platform not in _UNNAMED:
        return Caller(consumer, platform, Confidence.LIKELY, "its user agent names the platform", node)
    if node is not None:
        why = f"it calls from the address of {_name_node(node)}"
        return Caller(consumer, Platform.EKS, Confidence.INFERRED, why, node)
    if owners:
        # Pods and tasks call from the address of their node as well.
        why = f"it calls from the address of {' or '.join(one.id for one in owners[:_NAMED])}"
        return Caller(consumer, Platform.EC2, Confidence.INFERRED, why)
    return Caller(consumer, platform, Confidence.INFERRED, "nothing names its platform")


def _find_node(owners: Sequence[Instance]) -> t.Optional[Instance]:
    """Find the node that has an address. Networks that don't know each other may have the same addresses."""
    if len({(one.region, one.clusters) for one in owners}) != 1 or not owners[0].clusters:
        return None
    return owners[0]


# What was declared


def find_contradictions(detection: Detection, declared: Target) -> str:
    """Find the evidence against a declared platform: certain one, or if none is for it. Empty if there is none."""
    named = [clue for clue in detection.clues if clue.is_named]
    against = [clue for clue in named if declared not in clue.targets]
    if len(against) < len(named):
        against = [clue for clue in against if clue.confidence is Confidence.CERTAIN]
    return _list(against)
