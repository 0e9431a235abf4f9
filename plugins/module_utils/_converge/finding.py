# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings: the verdict of a control on one resource."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._account.moments import format_utc
from .reason import reason_fingerprint

# Long-term (AKIA) and temporary (ASIA) access key ids; IAM unique ids share the alphabet but not the prefix.
# Most findings name no key at all, and one search in the whole text shows it.
_KEY_ID_PREFIX = re.compile("A[KS]IA")
# In a name an id may stand beside an underscore; ids of old keys have digits that base 32 lacks.
# A command with half an id could not be pasted.
_ACCESS_KEY_ID = re.compile(
    "(?<!--access-key-id )(?<![A-Za-z0-9])(A[KS]IA)[A-Z0-9]{8,124}?([A-Z0-9]{4})(?![A-Za-z0-9])"
)


class Status(enum.StrEnum):
    """The verdict of a control on a resource."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_ASSESSED = "NOT_ASSESSED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    WAIVED = "WAIVED"


class Severity(enum.StrEnum):
    """How much a failing control matters; declared most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for critical up to 3 for low, for sorting."""
        return _RANKS[self]


_RANKS: t.Final = {severity: rank for rank, severity in enumerate(Severity)}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The observed and the expected value, and the AWS operation that returned the observed one."""

    observed: t.Any = None
    expected: t.Any = None
    source: str = ""
    observed_at: t.Optional[datetime] = None

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "observed": self.observed,
            "expected": self.expected,
            "source": self.source,
            "observed_at": format_utc(self.observed_at) if self.observed_at else None,
        }


@dataclasses.dataclass(frozen=True)
class Remediation:
    """How to fix a failing control: text for people, and the module that does it (None: by hand)."""

    text: str
    module: t.Optional[str] = None
    reversible: bool = True

    def as_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Finding:
    """The verdict of one control on one resource of one account.

    ``resource_detail`` is the full identifier below the ARN (an access key id, for one). It takes part in the
    fingerprint in full and is masked only by :meth:`as_dict`.
    """

    control: str
    status: Status
    severity: Severity
    account_id: str
    region: str
    resource: str
    title: str
    detail: str
    evidence: Evidence
    remediation: Remediation
    compliance: Mapping[str, tuple[str, ...]]
    resource_detail: t.Optional[str] = None
    waiver: t.Optional[Mapping[str, t.Any]] = None
    first_seen: t.Optional[str] = None

    @property
    def fingerprint(self) -> str:
        """Stable across runs: SHA-256 of account, region, control, resource and full resource detail."""
        parts = (self.account_id, self.region, self.control, self.resource, self.resource_detail or "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def reason_fingerprint(self) -> t.Optional[str]:
        """The reason of a failing finding, for waivers: SHA-256 of the lasting part of its evidence, if it has one."""
        is_open = self.status in (Status.FAIL, Status.WAIVED)
        return reason_fingerprint(self.evidence.observed) if is_open else None

    def as_dict(self, *, reveal_key_ids: bool = False) -> dict[str, t.Any]:
        """The finding as results and reports show it; access key ids are cut to their last four characters."""
        said = {
            "resource": self.resource,
            "resource_detail": self.resource_detail,
            "title": self.title,
            "detail": self.detail,
            "evidence": self.evidence.as_dict(),
            "waiver": dict(self.waiver) if self.waiver is not None else None,
        }
        shown = said if reveal_key_ids or not _KEY_ID_PREFIX.search(repr(said)) else mask_key_ids(said)
        return {
            "control": self.control,
            "status": self.status.value,
            "severity": self.severity.value,
            "account_id": self.account_id,
            "region": self.region,
            "resource": shown["resource"],
            "resource_detail": shown["resource_detail"],
            "title": shown["title"],
            "detail": shown["detail"],
            "evidence": shown["evidence"],
            "remediation": self.remediation.as_dict(),
            "compliance": {framework: list(ids) for framework, ids in self.compliance.items()},
            "waiver": shown["waiver"],
            "first_seen": self.first_seen,
            "fingerprint": self.fingerprint,
            "reason_fingerprint": self.reason_fingerprint,
        }


def mask_key_ids(value: t.Any) -> t.Any:
    """``value`` (any JSON structure) with access key ids cut to prefix and last four characters, but in commands."""
    if isinstance(value, str):
        return _ACCESS_KEY_ID.sub("\\1…\\2", value)
    if isinstance(value, Mapping):
        return {mask_key_ids(key): mask_key_ids(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_key_ids(item) for item in value]
    return value
