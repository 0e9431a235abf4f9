# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a hunt keeps in the place of reports: raw records with their source, and what the event history was asked.

So a later run goes on, and the accounts of one run find what the others found. Others may write there too: what is
malformed is left out, and a record is believed no more than one in a log file.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ..._account.activity import load_json
from ..._account.log_files import unpack
from ..._account.moments import format_moment, parse_moment
from ..._policy.hunt.event import Event, Origin, hash_record, parse_event
from ..._policy.hunt.gaps import Coverage, RegionRead

RECORDS: t.Final = "hardening.iam/hunt-records/1"
STATE: t.Final = "hardening.iam/hunt-state/1"
_HASH: t.Final = re.compile(r"[0-9a-f]{64}\Z")
# Members of requests and answers that are secrets, or hold some. CloudTrail hides most of them itself.
_SECRETS: t.Final = frozenset(
    {
        *(
            "sessiontoken",
            "secretaccesskey",
            "password",
            "newpassword",
            "oldpassword",
            "masteruserpassword",
            "userdata",
        ),
        *("secretstring", "secretbinary", "plaintext", "privatekey", "keymaterial", "token", "idtoken", "refreshtoken"),
        *("webidentitytoken", "samlassertion", "accesstoken"),
    }
)
_HIDDEN: t.Final = "HIDDEN_BY_HARDENING_IAM"
_DEPTH: t.Final = 20


@dataclasses.dataclass(frozen=True)
class KeptRecord:
    """A record without its secrets, where it was read, and the hash of the record as it was."""

    record: t.Any
    origin: Origin
    sha256: str

    @classmethod
    def of(cls, record: t.Any, origin: Origin) -> t.Self:
        """Keep a raw record."""
        return cls(hide_secrets(record), origin, hash_record(record))

    def parse(self) -> t.Optional[Event]:
        """The event in it; None if it is none."""
        event = parse_event(self.record, self.origin)
        if event is None:
            return None
        # An event without an id has the hash for it, which is that of the record with its secrets.
        event_id = self.sha256 if event.event_id == event.sha256 else event.event_id
        return dataclasses.replace(event, event_id=event_id, sha256=self.sha256)


def hide_secrets(value: t.Any, depth: int = _DEPTH) -> t.Any:
    """A record without session tokens, passwords and the like."""
    if not depth:
        return _HIDDEN
    if isinstance(value, Mapping):
        return {
            name: _HIDDEN
            if str(name).lower() in _SECRETS and isinstance(inner, str)
            else hide_secrets(inner, depth - 1)
            for name, inner in value.items()
        }
    return [hide_secrets(inner, depth - 1) for inner in value] if isinstance(value, list) else value


def write_records(records: Iterable[KeptRecord]) -> bytes:
    """The content of a file with records, in the form of CloudTrail's log files, with their sources beside them."""
    found = sorted(records, key=lambda one: (str(one.record.get("eventTime")), one.sha256))
    document = {
        "schema": RECORDS,
        "Records": [one.record for one in found],
        "sources": [{**dataclasses.asdict(one.origin), "sha256": one.sha256} for one in found],
    }
    # Without the time, so that the same records make the same file.
    return gzip.compress(json.dumps(document, sort_keys=True).encode(), mtime=0)


def read_records(content: t.Optional[bytes]) -> list[KeptRecord]:
    """Read the records in a file; none if it is malformed."""
    document = _load(unpack(content))
    records, sources = document.get("Records"), document.get("sources")
    if document.get("schema") != RECORDS or not isinstance(records, list) or not isinstance(sources, list):
        return []
    return [
        _parse_record(record, source)
        for record, source in zip(records, sources, strict=False)
        if isinstance(record, Mapping) and isinstance(source, Mapping)
    ]


def _parse_record(record: Mapping[str, t.Any], source: Mapping[str, t.Any]) -> KeptRecord:
    place, file, line, sha256 = (source.get(name) for name in ("place", "file", "line", "sha256"))
    origin = Origin(
        place if isinstance(place, str) else "",
        file if isinstance(file, str) else "",
        line if type(line) is int else 0,
    )
    is_hash = isinstance(sha256, str) and _HASH.match(sha256)
    return KeptRecord(record, origin, str(sha256) if is_hash else hash_record(record))


@dataclasses.dataclass(frozen=True, order=True)
class Lookup:
    """A question to the event history of a region: an attribute with its value; both empty for all events."""

    attribute: str
    value: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """What was read of the answer to a question in a region: the events from ``low`` to ``high``.

    It is done if ``low`` is where the question begins. ``error`` is the last one.
    """

    low: datetime
    high: datetime
    is_done: bool
    calls: int = 0
    events: int = 0
    error: str = ""
    is_denied: bool = False


@dataclasses.dataclass
class HuntState:
    """What the event history of an account was asked, by question and region."""

    account_id: str
    asked: dict[tuple[Lookup, str], Asked] = dataclasses.field(default_factory=dict)
    regions: dict[str, RegionRead] = dataclasses.field(default_factory=dict)
    queries: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    def as_bytes(self) -> bytes:
        """The content of the file."""
        document = {
            "schema": STATE,
            "account_id": self.account_id,
            "asked": [
                {
                    **dataclasses.asdict(lookup),
                    "region": region,
                    **dataclasses.asdict(asked),
                    "low": format_moment(asked.low),
                    "high": format_moment(asked.high),
                }
                for (lookup, region), asked in sorted(self.asked.items())
            ],
            "regions": {
                region: {"coverage": read.coverage.value, "reasons": list(read.reasons)}
                for region, read in sorted(self.regions.items())
            },
            "queries": self.queries,
        }
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @classmethod
    def of_bytes(cls, content: t.Optional[bytes], account_id: str) -> t.Self:
        """The state in the content of a file; an empty one if it is malformed, or of another account."""
        document = _load(content)
        if document.get("schema") != STATE or document.get("account_id") != account_id:
            return cls(account_id)
        try:
            return cls(
                account_id,
                dict(map(_parse_asked, document["asked"])),
                {str(region): _parse_read(read) for region, read in document["regions"].items()},
                [dict(query) for query in document["queries"]],
            )
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return cls(account_id)

    def list_reads(self) -> Iterator[tuple[tuple[str, str], RegionRead]]:
        """What was read, by account and region."""
        yield from (((self.account_id, region), read) for region, read in self.regions.items())


def _parse_asked(one: Mapping[str, t.Any]) -> tuple[tuple[Lookup, str], Asked]:
    asked = Asked(
        low=parse_moment(one["low"]),
        high=parse_moment(one["high"]),
        is_done=one["is_done"] is True,
        calls=int(one["calls"]),
        events=int(one["events"]),
        error=str(one["error"]),
        is_denied=one["is_denied"] is True,
    )
    return (Lookup(str(one["attribute"]), str(one["value"])), str(one["region"])), asked


def _parse_read(read: Mapping[str, t.Any]) -> RegionRead:
    return RegionRead(Coverage(read["coverage"]), tuple(map(str, read["reasons"])))


def _load(content: t.Optional[bytes]) -> dict[str, t.Any]:
    try:
        document = load_json((content or b"").decode())
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
