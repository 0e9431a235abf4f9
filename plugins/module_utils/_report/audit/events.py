# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The journal against CloudTrail: which event shows which recorded change, and what only one of the two has."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS
from ..._account.moments import format_utc, parse_moment
from ..._converge.change import GLOBAL
from ..._converge.journal import Outcome
from ..document import DocumentError, decode
from .records import Recorded

SCHEMA: t.Final = "hardening.iam/audit-events/1"
USER_AGENT: t.Final = "hardening.iam"
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
ARRIVAL: t.Final = timedelta(minutes=15)
# The clock of a controller may differ so much from that of AWS, which refuses a signature that differs more.
CLOCKS: t.Final = timedelta(minutes=5)
# A change whose end is not recorded was sent within the longest life of a role session.
_LONGEST: t.Final = timedelta(hours=12)
# Calls on data, which the event history does not have:
# https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
_DATA_EVENTS: t.Final = frozenset({"sns:Publish"})
# Event sources that are called otherwise than boto3's clients, apart from hyphens.
_SOURCES: t.Final[Mapping[str, str]] = {"cloudwatch": "monitoring", "s3control": "s3", "ssoadmin": "sso"}
# Parameters of events that say what a call is about, in lower case.
_IDENTIFYING: t.Final = frozenset(
    {
        "accesskeyid",
        "analyzername",
        "configrulename",
        "groupname",
        "instanceprofilename",
        "policyarn",
        "policyid",
        "policyname",
        "rolename",
        "rule",
        "samlproviderarn",
        "servername",
        "statementid",
        "targetid",
        "username",
    }
)
# Parameters of which the record has the end only: the subscription to a standard is called otherwise than the standard.
_ENDING: t.Final = frozenset({"standardsarn"})
_TEXTS: t.Final = ("id", "time", "name", "source", "region", "user_agent", "source_ip", "arn", "error")


@dataclasses.dataclass(frozen=True)
class Event:
    """A call as CloudTrail recorded it, as far as the sheet shows it."""

    id: str
    time: datetime
    name: str
    source: str
    region: str
    user_agent: str
    source_ip: str
    arn: str
    error: str = ""
    parameters: t.Any = None

    def as_dict(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "time": format_utc(self.time)}


@dataclasses.dataclass(frozen=True)
class History:
    """The events of the callers of a run in one account. ``failures`` says by region why it was not read, or not whole.

    ``failure`` is why no region was read. ``home`` is the region that has the events of global services.
    """

    events: tuple[Event, ...] = ()
    home: str = ""
    regions: tuple[str, ...] = ()
    failures: Mapping[str, str] = dataclasses.field(default_factory=dict)
    failure: str = ""
    read_at: t.Optional[datetime] = None
    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None

    def as_document(self, account_id: str, run_id: str) -> dict[str, t.Any]:
        """The history as a file that :func:`parse_history` reads."""
        times = {name: getattr(self, name) for name in ("read_at", "since", "until")}
        return {
            "schema": SCHEMA,
            "account_id": account_id,
            "run_id": run_id,
            **{name: format_utc(value) if value else None for name, value in times.items()},
            "home": self.home,
            "regions": list(self.regions),
            "failures": dict(self.failures),
            "failure": self.failure,
            "events": [event.as_dict() for event in self.events],
        }


def parse_history(content: bytes, *, account_id: str, run_id: str, where: str) -> History:
    """The history in a file.

    :raises DocumentError: it is malformed, or of another account or run.
    """
    document = decode(content, where=where, schema=SCHEMA)
    if (document.get("account_id"), document.get("run_id")) != (account_id, run_id):
        raise DocumentError(f"{where} is of another account or run")
    try:
        times = {name: parse_moment(document[name]) for name in ("read_at", "since", "until") if document[name]}
        events = tuple(_parse_event(item) for item in document["events"])
        failures = {str(region): str(reason) for region, reason in document["failures"].items()}
        regions = tuple(map(str, document["regions"]))
        return History(events, str(document["home"]), regions, failures, str(document["failure"]), **times)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DocumentError(f"{where} is malformed: {error!r}") from error


def _parse_event(item: Mapping[str, t.Any]) -> Event:
    texts = {name: item[name] for name in _TEXTS}
    if not all(isinstance(value, str) for value in texts.values()):
        raise ValueError("an event has a member that is no text")
    return Event(**{**texts, "time": parse_moment(texts["time"])}, parameters=item["parameters"])


def read_event(record: t.Any) -> t.Optional[Event]:
    """Read a record of CloudTrail that is a write; None for a read, and for what is no record.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    if not isinstance(record, Mapping) or record.get("readOnly") is not False:
        return None
    identity = record.get("userIdentity")
    try:
        return Event(
            id=str(record["eventID"]),
            time=parse_moment(str(record["eventTime"])),
            name=str(record["eventName"]),
            source=str(record["eventSource"]),
            region=str(record.get("awsRegion") or ""),
            user_agent=str(record.get("userAgent") or ""),
            source_ip=str(record.get("sourceIPAddress") or ""),
            arn=str(identity.get("arn") or "") if isinstance(identity, Mapping) else "",
            error=str(record.get("errorCode") or ""),
            parameters=record.get("requestParameters"),
        )
    except (KeyError, ValueError):
        return None


@dataclasses.dataclass(frozen=True)
class Shown:
    """A change and the event that shows it. ``attempts`` are events of the same request that failed.

    ``is_late`` says that the request was sent after the end of the lease. ``lack`` is why no event was found.
    """

    event: t.Optional[Event] = None
    attempts: tuple[Event, ...] = ()
    is_late: bool = False
    lack: str = ""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The journal against CloudTrail: by the key of each change what shows it, and the events without a record."""

    shown: Mapping[str, Shown]
    unrecorded: tuple[Event, ...] = ()


def compare(changes: Sequence[Recorded], history: History, *, callers: Collection[str], now: datetime) -> Comparison:
    """Find the event of each recorded change, and the events of the callers that no record explains."""
    # Sessions of other roles may have the same name: what they called is no evidence of this run.
    ours = [event for event in history.events if _is_ours(event, callers)]
    free = {event.id: event for event in sorted(ours, key=lambda event: event.time)}
    shown: dict[str, Shown] = {}
    for change in sorted(changes, key=lambda item: (item.at is None, item.at, item.key)):
        event, attempts = _take(change, free)
        is_late = bool(event and _is_late(event, change, changes))
        lack = "" if event else _explain_lack(change, history, now)
        shown[change.key] = Shown(event, attempts, is_late, lack)
    return Comparison(shown, tuple(free.values()))


def _take(change: Recorded, free: dict[str, Event]) -> tuple[t.Optional[Event], tuple[Event, ...]]:
    """Take the event of a change, and those of its failed attempts, out of the ``free`` ones.

    A later change may be the same request again, so a change takes one event only.
    """
    fitting = [event for event in free.values() if is_of(event, change)]
    event = _choose(change, [event for event in fitting if not event.error])
    attempts = tuple(one for one in fitting if one.error)
    for one in (*([event] if event else ()), *attempts):
        del free[one.id]
    return event, attempts


def _is_late(event: Event, change: Recorded, changes: Sequence[Recorded]) -> bool:
    """Whether a request was sent after its lease had ended. A later record shows that the job had renewed it."""
    if change.lease is None or event.time <= change.lease.expires:
        return False
    fence = change.lease.fence
    same = [one for one in changes if one.job_id == change.job_id and one.lease and one.lease.fence == fence]
    return not any(one.at and one.lease and one.at <= event.time <= one.lease.expires for one in same)


def _choose(change: Recorded, events: Sequence[Event]) -> t.Optional[Event]:
    """Choose the event of the recorded caller that is nearest to the record, else the nearest one.

    A change that failed by its record has none without an error. Anybody may send our user agent.
    """
    if change.outcome == Outcome.FAILED.value or not events:
        return None
    at = change.at
    return min(events, key=lambda event: (event.arn != change.caller_arn, abs(event.time - at) if at else timedelta()))


def _is_ours(event: Event, callers: Collection[str]) -> bool:
    return event.arn in callers or USER_AGENT in event.user_agent


def is_of(event: Event, change: Recorded) -> bool:
    """Whether an event may be of this change: the operation, region, time, and the names in its request fit."""
    item = change.change
    if event.name != item["operation"] or _service_of(event.source) != _source_of(item["service"]):
        return False
    if item["region"] not in (GLOBAL, event.region):
        return False
    return _is_in_time(event, change) and _fits_names(event.parameters, change)


def _source_of(service: str) -> str:
    name = service.replace("-", "")
    return _SOURCES.get(name, name)


def _service_of(source: str) -> str:
    return source.partition(".")[0].replace("-", "")


def _is_in_time(event: Event, change: Recorded) -> bool:
    if change.at is None:
        return True
    end = change.ended or change.at + _LONGEST
    return change.at - CLOCKS <= event.time <= max(end, change.at) + CLOCKS


def _fits_names(parameters: t.Any, change: Recorded) -> bool:
    """Whether each name in the request is one in the record. The record has no request, but its target and states."""
    given = [(name.lower(), value) for name, value in _walk(parameters) if value]
    wanted = {value for name, value in given if name in _IDENTIFYING}
    wanted |= {value.partition("/")[2] or value for name, value in given if name in _ENDING}
    if not wanted:
        return True
    text = json.dumps(change.change, ensure_ascii=False, default=str)
    return all(re.search(rf"(?<![\w+=.@-]){re.escape(value)}(?![\w+=.@-])", text) for value in wanted)


def _walk(value: t.Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in the parameters of a request, each with the name of its member. Redacted ones are left out."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _walk(member, str(key))
    elif isinstance(value, list):
        for member in value:
            yield from _walk(member, name)
    elif isinstance(value, str) and "***" not in value and not value.startswith("HIDDEN_"):
        yield name, value


def _explain_lack(change: Recorded, history: History, now: datetime) -> str:
    """Explain why a change has no event. One that was not made needs none."""
    if change.outcome in (Outcome.FAILED.value, Outcome.FOREIGN.value):
        return ""
    item = change.change
    if history.failure:
        return f"unknown: the event history was not read: {history.failure}"
    if f"{item['service']}:{item['operation']}" in _DATA_EVENTS:
        return "unknown: the event history has no calls on data"
    unread = _find_unread(item["region"], history)
    if unread:
        return f"unknown: {unread}"
    at = change.ended or change.at
    if at is None:
        return "unknown: the record has no time"
    if at < now - timedelta(days=EVENT_HISTORY_DAYS):
        return f"unknown: events are kept {EVENT_HISTORY_DAYS} days"
    if (history.until and at > history.until) or (history.since and at < history.since):
        return "unknown: the event history was read for another time"
    if change.outcome == Outcome.UNKNOWN.value:
        return "no event found, so the change was probably not made"
    if at > (history.read_at or now) - ARRIVAL:
        return "no event found yet: events arrive up to 15 minutes late"
    return f"no event found (events arrive up to 15 minutes late, and are kept {EVENT_HISTORY_DAYS} days)"


def _find_unread(region: str, history: History) -> str:
    """Why the events of a region are not known. Those of global services are in one region."""
    name = history.home if region == GLOBAL else region
    if name in history.failures:
        return f"{name}: {history.failures[name]}"
    return "" if name in history.regions else f"the event history of {name} was not read"


def find_explained(events: Iterable[Event], changes: Sequence[Recorded]) -> dict[str, Recorded]:
    """Find the events that a change of another run explains, by their ids. One change explains one event."""
    free = {event.id: event for event in events}
    taken = ((change, *_take(change, free)) for change in changes)
    return {event.id: change for change, one, attempts in taken for event in (*([one] if one else ()), *attempts)}
