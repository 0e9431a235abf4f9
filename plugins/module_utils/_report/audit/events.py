# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The journal against CloudTrail: which event shows which recorded change, and what only one of the two has."""

from __future__ import annotations

import collections
import dataclasses
import json
import re
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS
from ..._account.answer import Answer, No, Unknown, Yes
from ..._account.moments import format_utc, parse_moment
from ..._converge.change import GLOBAL
from ..._converge.journal import Outcome
from ..document import DocumentError, decode
from .records import Recorded
from .state import State

SCHEMA: t.Final = "hardening.iam/audit-events/1"
USER_AGENT: t.Final = "hardening.iam"
# "CloudTrail typically delivers logs within an average of about 5 minutes of an API call. This time is not guaranteed":
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
# Before 2023 AWS said 15 minutes there. So much has to pass before anything is concluded from a missing event.
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
_TEXTS: t.Final = (
    *("id", "time", "name", "source", "region", "user_agent", "source_ip", "arn", "error"),
    *("request_id", "account_id"),
)


@dataclasses.dataclass(frozen=True)
class Event:
    """A call as CloudTrail recorded it, as far as the sheet shows it.

    ``request_id`` is AWS's id of the request, which its answer has too. ``account_id`` is the account whose trail has
    the event; another account can have an event of the same request.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """

    id: str
    time: datetime
    name: str
    source: str
    region: str
    user_agent: str
    source_ip: str
    arn: str
    error: str = ""
    request_id: str = ""
    account_id: str = ""
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
        if len({event.id for event in events}) < len(events):
            raise ValueError("two events have one id")
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
            request_id=str(record.get("requestID") or ""),
            account_id=str(record.get("recipientAccountId") or ""),
            parameters=record.get("requestParameters"),
        )
    except (KeyError, ValueError):
        return None


@dataclasses.dataclass(frozen=True)
class Shown:
    """What CloudTrail says of a recorded change. ``attempts`` are its other requests, which failed.

    ``reason`` is why the change is not verified, or what does not fit. ``is_late`` says that the request was sent after
    the end of the lease.
    """

    state: State = State.NOT_VERIFIED
    reason: str = "it was not looked at"
    event: t.Optional[Event] = None
    attempts: tuple[Event, ...] = ()
    is_late: bool = False


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The journal against CloudTrail: by the key of each change what shows it, and the events without a record.

    ``possible`` has those of them that may be of a change of the run whose record has no request id, by their ids.
    """

    shown: Mapping[str, Shown]
    unrecorded: tuple[Event, ...] = ()
    possible: Mapping[str, Recorded] = dataclasses.field(default_factory=dict)


def compare(
    changes: Sequence[Recorded], history: Answer[History], *, account_id: str, callers: Collection[str], now: datetime
) -> Comparison:
    """Find the event of each recorded change, and the events of the callers that no record explains.

    An event belongs to a change by AWS's id of the request, the account and the identity, and by nothing else.
    """
    events = history.value.events if isinstance(history, Yes) else ()
    comparing = _Comparing(changes, history, account_id, now)
    shown = {change.key: comparing.show(change) for change in changes}
    found = {event.id for one in shown.values() for event in (*([one.event] if one.event else ()), *one.attempts)}
    # Sessions of other roles may have the same name: what they called is no call of this run.
    left = tuple(event for event in events if _is_ours(event, callers) and event.id not in found)
    return Comparison(shown, left, _find_possible(left, changes))


class _Comparing:
    """The records of a run in one account, each held against the event history."""

    def __init__(self, changes: Sequence[Recorded], history: Answer[History], account_id: str, now: datetime) -> None:
        self._changes = changes
        self._history = history
        self._account_id = account_id
        self._now = now
        self._events: dict[str, list[Event]] = {}
        for event in history.value.events if isinstance(history, Yes) else ():
            self._events.setdefault(event.request_id, []).append(event)
        self._claims = collections.Counter(name for change in changes for name in change.requests)

    def show(self, change: Recorded) -> Shown:
        """What the history says of one change."""
        attempts = tuple(
            event for name in change.attempts for event in self._belonging(change, name) if self._claims[name] == 1
        )
        shown = self._judge(change)
        return dataclasses.replace(shown, attempts=tuple(event for event in attempts if event.error))

    def _judge(self, change: Recorded) -> Shown:
        found = self._belonging(change, change.request_id)
        if change.request_id and self._claims[change.request_id] > 1:
            return Shown(State.ATTENTION, "another record names the same request")
        if change.outcome in (Outcome.FAILED.value, Outcome.FOREIGN.value):
            return self._judge_unmade(found)
        if change.outcome != Outcome.APPLIED.value:
            return Shown(reason="its outcome is not known")
        if len(found) > 1:
            return Shown(reason=f"CloudTrail has {len(found)} events of its request")
        if found:
            return self._judge_event(change, found[0])
        return self._explain_lack(change)

    @staticmethod
    def _judge_unmade(found: Sequence[Event]) -> Shown:
        """A change that was not made needs no event. One that says that it was made does not fit."""
        made = next((event for event in found if not event.error), None)
        if made is not None:
            return Shown(State.ATTENTION, "CloudTrail says that the call succeeded", event=made)
        return Shown(State.VERIFIED, "", event=next(iter(found), None))

    def _judge_event(self, change: Recorded, event: Event) -> Shown:
        if event.error:
            return Shown(State.ATTENTION, f"CloudTrail says that the call failed: {event.error}", event=event)
        if not is_of(event, change):
            call = f"{event.source}:{event.name} at {format_utc(event.time)}"
            return Shown(State.ATTENTION, f"the event of its request is another call: {call}", event=event)
        return Shown(State.VERIFIED, "", event=event, is_late=_is_late(event, change, self._changes))

    def _belonging(self, change: Recorded, request_id: str) -> list[Event]:
        """The events of a request in this account by the recorded caller."""
        if not request_id or not change.caller_arn:
            return []
        of_change = (self._account_id, change.caller_arn)
        return [event for event in self._events.get(request_id, ()) if (event.account_id, event.arn) == of_change]

    def _explain_lack(self, change: Recorded) -> Shown:
        """Explain why an applied change has no event. Absence proves something only where everything was read."""
        unknown = self._explain_unread(change) or _explain_record(change)
        if unknown:
            return Shown(reason=unknown)
        other = next(iter(self._events.get(change.request_id, ())), None)
        if other is not None:
            whose = f"{other.arn or 'an unknown caller'} in account {other.account_id or 'unknown'}"
            return Shown(State.ATTENTION, f"the event of its request is of {whose}")
        read_at = self._read_at
        if read_at is None or change.last_at is None or change.last_at > read_at - ARRIVAL:
            return Shown(reason="not verified yet: events arrive up to 15 minutes late")
        return Shown(State.ATTENTION, "no event found (events arrive up to 15 minutes late)")

    @property
    def _read_at(self) -> t.Optional[datetime]:
        """When the history was read. A file may name a time that is still to come."""
        read_at = self._history.value.read_at if isinstance(self._history, Yes) else None
        return read_at and min(read_at, self._now)

    def _explain_unread(self, change: Recorded) -> str:
        """Explain why the history can't have the event of a change; empty if it can."""
        if isinstance(self._history, Unknown):
            return f"the event history was not read: {self._history.reason}"
        if isinstance(self._history, No):
            return "CloudTrail was not asked"
        history, item, at = self._history.value, change.change, change.last_at
        if f"{item['service']}:{item['operation']}" in _DATA_EVENTS:
            return "the event history has no calls on data"
        unread = _find_unread(item["region"], history)
        if unread or at is None:
            return unread or "the record has no time"
        if at < self._now - timedelta(days=EVENT_HISTORY_DAYS):
            return f"events are kept {EVENT_HISTORY_DAYS} days"
        if (history.until and at > history.until) or (history.since and at < history.since):
            return "the event history was read for another time"
        return ""


def _explain_record(change: Recorded) -> str:
    """Explain why no event can belong to a record; empty if one can."""
    if not change.request_id:
        return "its record has no id of a request: AWS's answer was lost, or a later run found the outcome"
    return "" if change.caller_arn else "its record names no caller"


def _find_possible(events: Iterable[Event], changes: Sequence[Recorded]) -> dict[str, Recorded]:
    """Find the events that may be of a change whose record has no request id. That is a question, and no answer."""
    open_ones = [change for change in changes if not change.request_id]
    return {
        event.id: change
        for event in events
        for change in open_ones
        if event.arn == change.caller_arn and is_of(event, change)
    }


def _is_late(event: Event, change: Recorded, changes: Sequence[Recorded]) -> bool:
    """Whether a request was sent after its lease had ended. A later record shows that the job had renewed it."""
    if change.lease is None or event.time <= change.lease.expires:
        return False
    fence = change.lease.fence
    same = [one for one in changes if one.job_id == change.job_id and one.lease and one.lease.fence == fence]
    return not any(one.at and one.lease and one.at <= event.time <= one.lease.expires for one in same)


def _is_ours(event: Event, callers: Collection[str]) -> bool:
    return event.arn in callers or USER_AGENT in event.user_agent


def is_of(event: Event, change: Recorded) -> bool:
    """Whether an event can be of this change: the operation, region, time, and the names in its request fit.

    Many events do. This can refute that an event belongs to a change, and never shows it.
    """
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


def _find_unread(region: str, history: History) -> str:
    """Why the events of a region are not known. Those of global services are in one region."""
    name = history.home if region == GLOBAL else region
    if name in history.failures:
        return f"{name}: {history.failures[name]}"
    return "" if name in history.regions else f"the event history of {name} was not read"


def find_explained(events: Iterable[Event], changes: Sequence[Recorded]) -> dict[str, Recorded]:
    """Find the events that a change of another run explains, by their ids."""
    by_request = {(name, change.caller_arn): change for change in changes for name in change.requests}
    found = {event.id: by_request.get((event.request_id, event.arn)) for event in events}
    return {name: change for name, change in found.items() if change is not None}


def explain_incomplete(history: History, last: t.Optional[datetime], now: datetime) -> str:
    """Explain why calls may be missing from a history, so that nothing follows from their absence; else empty.

    :arg last: the time of the last record of the run.
    """
    if history.failures:
        return "; ".join(f"{region}: {reason}" for region, reason in sorted(history.failures.items()))
    if history.read_at is None or last is None:
        return "it is not known when it was read, or when the run ended"
    complete = last + ARRIVAL
    if min(history.read_at, now) < complete:
        return f"events arrive up to 15 minutes late: read it again after {format_utc(complete)}"
    return ""
