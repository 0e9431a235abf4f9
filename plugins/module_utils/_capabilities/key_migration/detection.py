# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The platform of those who call with a key, by the evidence in CloudTrail. Pure.

Callers choose their user agent. So a platform is a hint for people, and the trust policy that is made by it admits
nobody but that platform.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..._policy.hunt.dependants.find import Confidence
from ..._policy.hunt.dependants.platforms import Platform, find_platform
from ..._prediction.key_users.model import Consumer
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


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody who calls with a key, with its platform. ``why`` says what shows it."""

    consumer: Consumer
    platform: Platform
    confidence: Confidence
    why: str

    @property
    def targets(self) -> frozenset[Target]:
        """The ways in which its platform gets a role; none if it is another one."""
        return _TARGETS.get(self.platform, frozenset())


@dataclasses.dataclass(frozen=True)
class Detection:
    """Those who call with one key. ``platform`` is set if their agents name the same one, and no other is possible."""

    callers: tuple[Caller, ...] = ()
    platform: t.Optional[Target] = None
    reason: str = ""


def detect(consumers: Iterable[Consumer], instances: Mapping[str, str]) -> Detection:
    """Detect the platform of a key's callers. ``instances`` has the ids of EC2 instances by their addresses."""
    callers = tuple(_describe(one, instances) for one in consumers)
    if not callers:
        return Detection(callers, reason="no calls with the key are known")
    unsure = [one for one in callers if one.confidence is Confidence.INFERRED]
    if unsure:
        name = f"{unsure[0].consumer.agent or 'a program without name'} from {unsure[0].consumer.address}"
        return Detection(callers, reason=f"the platform of {name} is not certain")
    found = {one.targets for one in callers}
    if len(found) > 1:
        return Detection(callers, reason="calls with the key come from several platforms")
    (targets,) = found
    if not targets:
        return Detection(callers, reason=f"{callers[0].platform} is no platform that is moved by this module")
    if len(targets) > 1:
        return Detection(callers, reason=f"the platform is one of {', '.join(sorted(targets))}")
    (platform,) = targets
    return Detection(callers, platform)


def _describe(consumer: Consumer, instances: Mapping[str, str]) -> Caller:
    platform = find_platform(consumer.agent, consumer.address)
    if platform not in _UNNAMED:
        return Caller(consumer, platform, Confidence.LIKELY, "its user agent names the platform")
    instance = instances.get(consumer.address)
    if instance:
        # Pods and tasks call from the address of their node as well.
        return Caller(consumer, Platform.EC2, Confidence.INFERRED, f"it calls from the address of {instance}")
    return Caller(consumer, platform, Confidence.INFERRED, "nothing names its platform")


def contradicts(detection: Detection, declared: Target) -> bool:
    """Whether the agents name platforms, and none of them is the declared one."""
    named = [one.targets for one in detection.callers if one.confidence is Confidence.LIKELY]
    return bool(named) and not any(declared in targets for targets in named)
