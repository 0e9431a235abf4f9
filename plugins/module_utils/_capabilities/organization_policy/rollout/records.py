# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of a rollout, kept across runs: one record an event, never written twice."""

from __future__ import annotations

import dataclasses
import enum
import json
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ...._account.moments import format_utc, parse_moment
from ...._converge.event_log import quote_name
from ...._converge.parsing import parse
from ...._policy.analysis.principal_matrix import DeniedPair
from .declared import MOST_HOURS, Target

SCHEMA: t.Final = "hardening.iam/rollout/1"


class Kind(enum.StrEnum):
    """The kinds of events of a stage.

    ``EDITED``: somebody else changed the policy while it soaked. ``CLEARED``: an approval from before the failure is no
    longer declared.
    """

    STARTED = "started"
    PASSED = "passed"
    HELD = "held"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    CLEARED = "cleared"
    FINISHED = "finished"


@dataclasses.dataclass(frozen=True)
class Event:
    """One record. Fields that a kind does not use are empty.

    ``is_first`` marks a start with which the rollout begins, whatever was before. ``attached`` are the ids that
    the policy was attached to, ``expected`` the denials that are intended or were accepted, ``losses`` those that made
    a gate fail, ``unknown`` those that held it because they name no policy. ``names_stage`` says that the declaration
    approved the stage already when its gate failed.

    ``content_sha256`` is that of the content that the stage began with. ``soak`` is how long a stage that begins is to
    be watched. ``started_at`` is when the stage began that the event is about. ``key`` is where the record was read.
    """

    kind: Kind
    stage: str
    at: datetime
    reason: str = ""
    by: str = ""
    run_id: str = ""
    content_sha256: str = ""
    is_first: bool = False
    targets: tuple[Target, ...] = ()
    attached: tuple[str, ...] = ()
    expected: tuple[DeniedPair, ...] = ()
    losses: tuple[DeniedPair, ...] = ()
    unknown: tuple[DeniedPair, ...] = ()
    names_stage: bool = False
    soak: t.Optional[timedelta] = None
    started_at: t.Optional[datetime] = None
    key: str = dataclasses.field(default="", compare=False)

    def as_bytes(self) -> bytes:
        """The record as it is kept: JSON that people can read."""
        record = {
            "schema": SCHEMA,
            "event": self.kind.value,
            "stage": self.stage,
            "at": format_utc(self.at),
            "reason": self.reason,
            "by": self.by,
            "run_id": self.run_id,
            "content_sha256": self.content_sha256,
            "is_first": self.is_first,
            "targets": [dict(target) for target in self.targets],
            "attached": list(self.attached),
            "expected": [dataclasses.asdict(pair) for pair in self.expected],
            "losses": [dataclasses.asdict(pair) for pair in self.losses],
            "unknown": [dataclasses.asdict(pair) for pair in self.unknown],
            "names_stage": self.names_stage,
            "soak_hours": None if self.soak is None else self.soak.total_seconds() / 3600,
            "started_at": None if self.started_at is None else format_utc(self.started_at),
        }
        return json.dumps(record, indent=2, default=str).encode()

    @classmethod
    def of_bytes(cls, content: bytes, *, key: str = "") -> Event:
        """The event of a record. Raises ValueError where it is none, or is cut off."""
        try:
            record = parse(content)
            if record["schema"] != SCHEMA:
                raise ValueError(f"its schema is {record['schema']!r}")
            return cls(
                kind=Kind(record["event"]),
                stage=str(record["stage"]),
                at=parse_moment(record["at"]),
                reason=str(record["reason"]),
                by=str(record["by"]),
                run_id=str(record["run_id"]),
                content_sha256=str(record["content_sha256"]),
                is_first=bool(record["is_first"]),
                targets=tuple(dict(target) for target in record["targets"]),
                attached=tuple(map(str, record["attached"])),
                expected=tuple(map(parse_pair, record["expected"])),
                losses=tuple(map(parse_pair, record["losses"])),
                unknown=tuple(map(parse_pair, record.get("unknown", ()))),
                names_stage=bool(record["names_stage"]),
                soak=_parse_soak(record.get("soak_hours")),
                started_at=None if record.get("started_at") is None else parse_moment(record["started_at"]),
                key=key,
            )
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"it is no record of a rollout: {error!r}") from error


def _parse_soak(hours: t.Any) -> t.Optional[timedelta]:
    """Parse a soak in a record. Raises ValueError if it is none that could be declared."""
    if hours is None:
        return None
    if not isinstance(hours, (int, float)) or not 0 <= hours <= MOST_HOURS:
        raise ValueError(f"its soak_hours are {hours!r}")
    return timedelta(hours=hours)


def parse_pair(record: Mapping[str, t.Any]) -> DeniedPair:
    """Parse the pair in a record or a result. Raises KeyError if it is none."""
    return DeniedPair(str(record["account_id"]), str(record["principal"]), str(record["action"]))


def make_prefix(organization_id: str, policy_type: str, policy: str) -> str:
    """Make the prefix of the keys of a policy's rollout records."""
    return f"rollouts/{organization_id}/{policy_type}/{quote_name(policy, 'policy')}/"
