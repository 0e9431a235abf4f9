# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of a role in a campaign, kept across runs: one record an event, never written twice."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ..._account.moments import format_utc, parse_moment
from ..._converge.change import content_hash
from ..._converge.event_log import quote_name
from ..._converge.parsing import parse
from .model import Stage, Way

SCHEMA: t.Final = "hardening.iam/campaign/1"
_SHA256: t.Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_SIZE: t.Final = 10_240
_MOST_DAYS: t.Final = 365


class Kind(enum.StrEnum):
    """The kinds of events.

    ``OPENED``: people may use the new role, the trial began, or the owner has applied the patch. ``CLOSED``: only
    break-glass may assume the old role. ``LIFTED``: the trial ended before the cut-over.
    """

    ASSESSED = "assessed"
    GENERATED = "generated"
    PREPARED = "prepared"
    OPENED = "opened"
    CUT_OVER = "cut_over"
    WATCHED = "watched"
    CLOSED = "closed"
    RETIRED = "retired"
    LIFTED = "lifted"
    REVERTED = "reverted"


#: The stage that is done with an event.
STAGES: t.Final[Mapping[Kind, Stage]] = {
    Kind.ASSESSED: Stage.ASSESS,
    Kind.GENERATED: Stage.GENERATE,
    Kind.PREPARED: Stage.PREPARE,
    Kind.OPENED: Stage.CANARY,
    Kind.CUT_OVER: Stage.CUT_OVER,
    Kind.WATCHED: Stage.WATCH,
    Kind.CLOSED: Stage.WATCH,
    Kind.RETIRED: Stage.RETIRE,
}


@dataclasses.dataclass(frozen=True)
class Document:
    """A policy document of a role: the name of its policy, and its content by hash. ``is_trial``: as a boundary."""

    name: str
    sha256: str
    size: int
    is_trial: bool = False


def hash_documents(documents: Iterable[Document]) -> str:
    """Hash the documents of a role, so that the same documents have the same hash in whichever order."""
    return content_hash(sorted((item.name, item.sha256, item.is_trial) for item in documents))


@dataclasses.dataclass(frozen=True)
class Event:
    """One record. Fields that a kind does not use are empty.

    ``content_sha256`` is the hash of the documents that the event is about; ``documents``, ``outcome`` (whether they
    were proved) and ``layers_sha256`` (the policies above the role, as they were) are recorded with ``GENERATED``.
    ``dossier_sha256`` is the hash that the file with the documents and their proof is kept under.
    ``parallel_id`` is the id of the new role. ``soak_days`` is how long the stage that is done is to be watched, and
    ``deadline`` when its trial ends. ``break_glass`` are the ARNs that roles were closed for. ``key`` and ``stored_at``
    say where and when the store has the record.
    """

    kind: Kind
    account_id: str
    campaign: str
    role_arn: str
    role_id: str
    way: Way
    at: datetime
    is_canary: bool = False
    reason: str = ""
    by: str = ""
    run_id: str = ""
    content_sha256: str = ""
    layers_sha256: str = ""
    documents: tuple[Document, ...] = ()
    dossier_sha256: str = ""
    outcome: str = ""
    parallel_arn: str = ""
    parallel_id: str = ""
    soak_days: t.Optional[int] = None
    deadline: t.Optional[datetime] = None
    break_glass: tuple[str, ...] = ()
    number: int = dataclasses.field(default=0, compare=False)
    key: str = dataclasses.field(default="", compare=False)
    stored_at: t.Optional[datetime] = dataclasses.field(default=None, compare=False)

    def as_bytes(self) -> bytes:
        """The record as it is kept: JSON that people can read."""
        record = {
            "schema": SCHEMA,
            "event": self.kind.value,
            "account_id": self.account_id,
            "campaign": self.campaign,
            "role": self.role_arn,
            "role_id": self.role_id,
            "way": self.way.value,
            "canary": self.is_canary,
            "at": format_utc(self.at),
            "reason": self.reason,
            "by": self.by,
            "run_id": self.run_id,
            "content_sha256": self.content_sha256,
            "layers_sha256": self.layers_sha256,
            "documents": [dataclasses.asdict(item) for item in self.documents],
            "dossier_sha256": self.dossier_sha256,
            "outcome": self.outcome,
            "parallel_arn": self.parallel_arn,
            "parallel_id": self.parallel_id,
            "soak_days": self.soak_days,
            "deadline": None if self.deadline is None else format_utc(self.deadline),
            "break_glass": list(self.break_glass),
        }
        return json.dumps(record, indent=2).encode()

    @classmethod
    def of_bytes(
        cls, content: bytes, *, number: int = 0, key: str = "", stored_at: t.Optional[datetime] = None
    ) -> Event:
        """The event of a record. Raises ValueError if it is none, is cut off, or contradicts itself."""
        try:
            record = parse(content)
            if record["schema"] != SCHEMA:
                raise ValueError(f"its schema is {record['schema']!r}")
            event = cls(
                kind=Kind(record["event"]),
                way=Way(record["way"]),
                role_arn=_parse_text(record["role"]),
                at=parse_moment(record["at"]),
                is_canary=_parse_flag(record["canary"]),
                documents=tuple(map(_parse_document, record["documents"])),
                soak_days=_parse_number(record["soak_days"], _MOST_DAYS),
                deadline=None if record["deadline"] is None else parse_moment(record["deadline"]),
                break_glass=tuple(map(_parse_text, record["break_glass"])),
                **{name: _parse_text(record[name]) for name in _TEXTS},
                number=number,
                key=key,
                stored_at=stored_at,
            )
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"it is not a record of a campaign: {error!r}") from error
        _check_hashes(event)
        return event


_TEXTS: t.Final = (
    "account_id",
    "campaign",
    "role_id",
    "reason",
    "by",
    "run_id",
    "content_sha256",
    "layers_sha256",
    "dossier_sha256",
    "outcome",
    "parallel_arn",
    "parallel_id",
)


def _check_hashes(event: Event) -> None:
    # A part of a key as well.
    if event.dossier_sha256 and not _SHA256.fullmatch(event.dossier_sha256):
        raise ValueError(f"its dossier_sha256 is {event.dossier_sha256!r}")
    if event.kind is Kind.GENERATED and event.content_sha256 != hash_documents(event.documents):
        raise ValueError("its content_sha256 is not the hash of its documents")


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _parse_flag(value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _parse_number(value: t.Any, most: int) -> t.Optional[int]:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most):
        raise TypeError(f"{value!r} is not a number from 0 to {most}")
    return value


def _parse_document(record: Mapping[str, t.Any]) -> Document:
    size = _parse_number(record["size"], _MOST_SIZE)
    found = Document(
        _parse_text(record["name"]), _parse_text(record["sha256"]), size or 0, _parse_flag(record["is_trial"])
    )
    # The hash is a part of the key that the document is read from.
    if not _SHA256.fullmatch(found.sha256):
        raise ValueError(f"{record!r} is not a document")
    return found


def make_root(account_id: str, campaign: str) -> str:
    """Make the prefix of the keys of a campaign."""
    return f"campaigns/{account_id}/{quote_name(campaign, 'campaign')}/"


def make_prefix(account_id: str, campaign: str, role_name: str) -> str:
    """Make the prefix of the keys of a role in a campaign."""
    return f"{make_root(account_id, campaign)}{quote_name(role_name, 'role')}/"
