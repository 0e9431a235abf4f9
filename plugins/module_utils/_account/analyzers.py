# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a snapshot on IAM Access Analyzer beyond the list of analyzers: their settings and findings."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

EXTERNAL: t.Final = "EXTERNAL_ACCESS"
UNUSED: t.Final = "UNUSED_ACCESS"
INTERNAL: t.Final = "INTERNAL_ACCESS"


def access_of(analyzer_type: str) -> str:
    """The kind of access that an analyzer looks for. AWS leaves the word out of the two types that came first."""
    _scope, _underscore, access = analyzer_type.partition("_")
    return access or EXTERNAL


@dataclasses.dataclass(frozen=True)
class Criterion:
    """The condition of a filter on one attribute of a finding; ``exists`` is None if it does not ask for that."""

    eq: tuple[str, ...] = ()
    neq: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    exists: t.Optional[bool] = None


Criteria = Mapping[str, Criterion]


@dataclasses.dataclass(frozen=True)
class ArchiveRule:
    """A rule that archives new findings by itself: they are not in the list of active findings."""

    name: str
    criteria: Criteria
    created: t.Optional[datetime] = None
    updated: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Exclusion:
    """Principals that an unused access analyzer leaves out: of accounts, or with one of the sets of tags."""

    account_ids: tuple[str, ...] = ()
    resource_tags: tuple[Mapping[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Inclusion:
    """Resources that an internal access analyzer looks at: those that fit all three."""

    account_ids: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    resource_arns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class AnalyzerDetails:
    """An analyzer as it is set up. ``managed_by`` names the AWS service that made it for itself."""

    name: str
    arn: str
    region: str
    type: str
    status: str
    status_reason: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unused_access_age: t.Optional[int] = None
    exclusions: tuple[Exclusion, ...] = ()
    inclusions: tuple[Inclusion, ...] = ()
    archive_rules: tuple[ArchiveRule, ...] = ()

    @property
    def access(self) -> str:
        return access_of(self.type)

    @property
    def of_organization(self) -> bool:
        return self.type.startswith("ORGANIZATION")


@dataclasses.dataclass(frozen=True)
class AnalyzerFinding:
    """A finding. ``type`` as AWS spells it (``ExternalAccess``, ``UnusedIAMRole``, ``InternalAccess``, …).

    ``is_public`` is only known of external access. ``error`` is the reason why the resource was not analyzed.
    """

    id: str
    analyzer_arn: str
    region: str
    type: str
    resource: str
    resource_type: str
    owner_account: str
    status: str = "ACTIVE"
    is_public: bool = False
    error: t.Optional[str] = None
    created: t.Optional[datetime] = None
    updated: t.Optional[datetime] = None
