# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a snapshot on Security Hub beyond whether it is on: standards, aggregation, findings."""

from __future__ import annotations

import dataclasses
import re
import typing as t

# The states in which a standard judges, or will by itself. FAILED and DELETING are none of them.
SUBSCRIBED: t.Final = frozenset({"PENDING", "READY", "INCOMPLETE"})
SELF_MANAGED: t.Final = "SELF_MANAGED_SECURITY_HUB"

FOUNDATIONAL: t.Final = "aws-foundational-security-best-practices"
CIS: t.Final = "cis-aws-foundations-benchmark"

# The oldest standards are rulesets, which belong to no region: arn:…:securityhub:::ruleset/….
_PATH: t.Final = re.compile(r":(?:standards|ruleset)/(?P<slug>[^/]+)/v/(?P<version>[^/]+)$")


@dataclasses.dataclass(frozen=True, order=True)
class StandardName:
    """A standard by what its ARNs have in common over regions: ``cis-aws-foundations-benchmark``, ``5.0.0``."""

    slug: str
    version: str

    @property
    def order(self) -> tuple[int, ...]:
        """For sorting by version: 10.0.0 comes after 5.0.0."""
        return tuple(int(part) if part.isdigit() else 0 for part in self.version.split("."))

    @property
    def path(self) -> str:
        return f"{self.slug}/v/{self.version}"

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"


def standard_name(arn: str) -> t.Optional[StandardName]:
    """Return the standard of an ARN; None if the ARN names none with a version."""
    found = _PATH.search(arn)
    return StandardName(found["slug"], found["version"]) if found else None


@dataclasses.dataclass(frozen=True)
class OfferedStandard:
    """A standard that can be enabled in the region."""

    arn: str
    title: str


@dataclasses.dataclass(frozen=True)
class Subscription:
    """A standard that the region's hub has. ``status`` as AWS spells it, ``reason`` why it is no better."""

    standard: str
    arn: str
    status: str
    reason: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Aggregator:
    """The aggregator that brings the findings of other regions into one."""

    arn: str
    region: str
    mode: str
    regions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SecurityHubDetails:
    """Security Hub CSPM in one region. ``offered`` is None where AWS does not tell before the hub is on.

    ``policy`` is the configuration policy by which an administrator configures the account, if AWS shows it:
    to the delegated administrator alone, in the region where findings come together. ``aggregator_told`` says whether
    an absent aggregator is one that AWS says is not there. ``v2`` says whether the newer
    Security Hub is on as well, and is None where that is not known.
    """

    region: str
    enabled: bool
    generator: t.Optional[str] = None
    offered: t.Optional[tuple[OfferedStandard, ...]] = None
    subscriptions: tuple[Subscription, ...] = ()
    aggregator: t.Optional[Aggregator] = None
    aggregator_told: bool = True
    policy: t.Optional[str] = None
    v2: t.Optional[bool] = None


@dataclasses.dataclass(frozen=True)
class HubFinding:
    """A failed finding of one of Security Hub's own controls on IAM, which nobody has suppressed."""

    region: str
    control: str
    resource: str
    severity: str
    title: str
    id: str
