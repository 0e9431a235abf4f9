# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How complete the record of a principal's calls is: by service, and by the kind of event that CloudTrail writes."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..evaluation.truth import Truth
from .usage import Use


class Status(enum.StrEnum):
    """How much of a service's calls the record holds. Only ``COMPLETE`` supports "was never called"."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    BLIND = "blind"


class LogClass(enum.StrEnum):
    """The kind of event that CloudTrail writes for a call. A trail's selectors choose by it.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
    """

    READ = "management_read"
    WRITE = "management_write"
    DATA = "data"
    NEVER = "never_logged"


@dataclasses.dataclass(frozen=True)
class ServiceCoverage:
    """The coverage of one service: its status, the reasons if it is not complete, and which classes are logged.

    ``logged`` says of each class whether the trails that were read recorded it over the whole window; UNKNOWN where
    the selectors could not be read. A class that the service does not have is missing.
    """

    service: str
    status: Status
    reasons: tuple[str, ...] = ()
    logged: Mapping[LogClass, Truth] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Coverage:
    """The coverage of one account's record. ``since`` and ``until`` are the window that was really read.

    ``asked_days`` is the window that was asked for. ``gaps`` are spans without files inside of it. ``notes`` are
    sentences for people, about files, digests, regions and selectors. ``inferred`` is the one of them that says what
    follows from the events alone.
    """

    asked_days: int
    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None
    files_read: int = 0
    files_broken: int = 0
    events: int = 0
    regions: tuple[str, ...] = ()
    services: Mapping[str, ServiceCoverage] = dataclasses.field(default_factory=dict)
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    notes: tuple[str, ...] = ()
    inferred: str = ""

    def of(self, service: str) -> ServiceCoverage:
        """The coverage of a service, by its prefix in policies; blind where nothing is known."""
        return self.services.get(service) or ServiceCoverage(service, Status.BLIND, ("the record has no events of it",))


@dataclasses.dataclass(frozen=True)
class Record:
    """What one principal did, as far as AWS kept it.

    ``principal_id`` is the unique id (``AROA…``, ``AIDA…``): uses of an earlier principal of the same name are left
    out. ``uses`` are successes, dry runs and dates of last access. ``denied`` are refused calls: they are never needs.
    ``is_last_accessed_read`` says whether the dates of last access are known. ``digest`` is the SHA-256 over the
    sorted sources, for proofs. ``left_out`` are the calls that ``exclude_evidence`` leaves out, refused ones too: they
    are never needs, but they explain dates of last access. ``is_console`` says whether the principal was seen in the
    console.
    """

    principal_arn: str
    principal_id: str
    coverage: Coverage
    uses: tuple[Use, ...] = ()
    denied: tuple[Use, ...] = ()
    is_last_accessed_read: bool = False
    digest: str = ""
    left_out: tuple[Use, ...] = ()
    is_console: bool = False

    @property
    def calls_left_out(self) -> int:
        """How many recorded calls ``exclude_evidence`` leaves out."""
        return sum(use.count for use in self.left_out)

    @property
    def explaining(self) -> tuple[Use, ...]:
        """All that may explain a date of last access: AWS counts refused calls as well."""
        return (*self.uses, *self.denied, *self.left_out)
