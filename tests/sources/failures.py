# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a source fails: an operation of AWS, or a kind of file at a place."""

from __future__ import annotations

import copy
import dataclasses
import functools
import gzip
import json
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import botocore.session

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    Throttled,
    Unreachable,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import FACTS, Call

from .player import Failure, Played
from .recorder import Answer, Place, Recording

#: Options that list files which are opened as they are, and not as those of a place.
FILES: t.Final = ("terraform_state_paths",)
#: Another account than any that a seed has.
FOREIGN: t.Final = "999900001111"
_DELAY: t.Final = timedelta(hours=1)
_TOKENS: t.Final = ("Marker", "NextToken", "nextToken", "NextContinuationToken")
_PARAMETERS: t.Final = {"NextContinuationToken": "ContinuationToken"}
_TOKEN: t.Final = "of-the-next-page"
# The last 12 digits of a UUID, as the ids of users of Identity Center are, name no account.
_ACCOUNT: t.Final = re.compile(r"(?<!\d)(?<![0-9a-f]{4}-)\d{12}(?!\d)")
_UNIQUE: t.Final = re.compile(r"\bA(ROA|IDA|NPA|GPA)[A-Z0-9]{12,}\b")
_EVENT_FILE: t.Final = re.compile(r"_(\d{8}T\d{4})Z_")
_ERRORS: t.Final[Mapping[str, tuple[type[AwsError], str]]] = {
    "denied": (AccessDenied, "AccessDenied"),
    "throttled": (Throttled, "ThrottlingException"),
    "server error": (Unreachable, "InternalFailure"),
}
# Members of answers of the lists of events, with the time of each event.
_EVENTS: t.Final = {"cloudtrail:LookupEvents": ("Events", "EventTime")}

Change = Callable[[t.Any], t.Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """One failure of one source."""

    source: str
    kind: str
    failure: Failure


def list_cases(recording: Recording, full: Played) -> Iterator[Case]:
    """List each failure of each source that a run used."""
    answers: dict[str, list[tuple[Call, Answer]]] = {}
    for call, answer in recording.calls:
        answers.setdefault(f"{call.service}:{call.operation}", []).append((call, answer))
    # What was recorded after a write has its effect, so a write that fails can't be played.
    for name in sorted((full.asked & answers.keys()) - {name for name, _region, _parameters in full.writes}):
        yield from _list_answers(name, answers[name], recording.moment)
    yield from _list_files(recording)


# Answers of AWS


@dataclasses.dataclass(frozen=True)
class Changed(Failure):
    """The answers of one operation, changed; errors stay as they are."""

    name: str
    change: Change
    key: str = ""

    def answer(self, call: Call, answer: Answer) -> Answer:
        if f"{call.service}:{call.operation}" != self.name or self.key not in ("", call.key):
            return answer
        return answer if isinstance(answer, AwsError) else self.change(copy.deepcopy(answer))


@dataclasses.dataclass(frozen=True)
class Failed(Failure):
    """Each call of one operation ends in an error, or one call of it."""

    name: str
    error: str
    key: str = ""

    def answer(self, call: Call, answer: Answer) -> Answer:
        if f"{call.service}:{call.operation}" != self.name or self.key not in ("", call.key):
            return answer
        kind, code = _ERRORS[self.error]
        return kind(self.error, code=code, service=call.service, operation=call.operation, region=call.region or None)


@dataclasses.dataclass
class Paged(Failure):
    """The first page of an operation has ``share`` of its items; the page after has them all, or fails."""

    name: str
    token: str
    is_cut: bool
    rest: dict[str, Answer] = dataclasses.field(default_factory=dict)

    def answer(self, call: Call, answer: Answer) -> Answer:
        if f"{call.service}:{call.operation}" != self.name or isinstance(answer, AwsError):
            return answer
        parameter = _PARAMETERS.get(self.token, self.token)
        following = dataclasses.replace(call, parameters={**call.parameters, parameter: _TOKEN})
        self.rest[following.key] = answer
        found = copy.deepcopy(answer)
        for member, items in found.items():
            if isinstance(items, list):
                found[member] = items[: len(items) // 2] if self.is_cut else []
        found[self.token] = _TOKEN
        if "IsTruncated" in _output(self.name):
            found["IsTruncated"] = True
        return found

    def more(self, call: Call) -> t.Optional[Answer]:
        if call.key not in self.rest:
            return None
        if self.is_cut:
            return Unreachable("cut off", code="InternalFailure", service=call.service, operation=call.operation)
        return self.rest[call.key]


def _list_answers(name: str, answers: list[tuple[Call, Answer]], moment: datetime) -> Iterator[Case]:
    service = name.partition(":")[0]
    for error in _ERRORS:
        yield Case(name, error, Failed(name, error))
    keys = list(dict.fromkeys(call.key for call, _answer in answers))
    if len(keys) > 1:
        yield Case(name, "denied once", Failed(name, "denied", keys[-1]))
    good = [answer for _call, answer in answers if not isinstance(answer, AwsError)]
    if not good:
        return
    account = functools.partial(_replace_accounts, {})
    yield Case(name, "other account", Changed(name, account))
    if any(_UNIQUE.search(repr(answer)) for answer in good):
        yield Case(name, "other identity", Changed(name, _replace_identities))
    if service == FACTS:
        return
    has_items = any(isinstance(items, list) and items for answer in good for items in answer.values())
    token = next((token for token in _TOKENS if token in _output(name)), None)
    if token and has_items:
        yield Case(name, "empty page", Paged(name, token, is_cut=False))
        yield Case(name, "cut off", Paged(name, token, is_cut=True))
    if token and "IsTruncated" in _output(name):
        yield Case(name, "cut off silently", Changed(name, lambda answer: {**answer, "IsTruncated": True, token: ""}))
    if has_items:
        yield Case(name, "doubled", Changed(name, _double))
    for member in sorted(_required(name)):
        yield Case(name, f"malformed: no {member}", Changed(name, functools.partial(_leave_out, member)))
    for member in sorted(
        {name for answer in good for name, value in answer.items() if isinstance(value, (list, dict))}
    ):
        yield Case(name, f"malformed: {member} is text", Changed(name, functools.partial(_spoil, member)))
    if name in _EVENTS:
        yield Case(name, "late", Changed(name, functools.partial(_delay, *_EVENTS[name], moment - _DELAY)))


def _double(answer: dict[str, t.Any]) -> dict[str, t.Any]:
    return {member: [*items, *items] if isinstance(items, list) else items for member, items in answer.items()}


def _leave_out(member: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in answer.items() if name != member}


def _spoil(member: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: "unreadable" if name == member else value for name, value in answer.items()}


def _delay(member: str, time: str, end: datetime, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**answer, member: [event for event in answer.get(member, ()) if event[time] <= end]}


def _replace_accounts(_more: object, value: t.Any) -> t.Any:
    return _replace(_ACCOUNT, lambda _found: FOREIGN, value)


def _replace_identities(value: t.Any) -> t.Any:
    return _replace(_UNIQUE, lambda found: found[0][:-6] + "OTHER7", value)


def _replace(pattern: re.Pattern[str], by: Callable[[re.Match[str]], str], value: t.Any) -> t.Any:
    if isinstance(value, str):
        return pattern.sub(by, value)
    if isinstance(value, bytes):
        return pattern.sub(by, value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [_replace(pattern, by, item) for item in value]
    if isinstance(value, tuple):
        return tuple(_replace(pattern, by, item) for item in value)
    if isinstance(value, dict):
        return {_replace(pattern, by, name): _replace(pattern, by, item) for name, item in value.items()}
    return value


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@functools.cache
def _shape(name: str) -> t.Any:
    service, _colon, operation = name.partition(":")
    return _session().get_service_model(service).operation_model(operation).output_shape


def _output(name: str) -> t.Collection[str]:
    """The members that an answer of an operation may have."""
    shape = _shape(name)
    return frozenset(shape.members) if shape else frozenset()


def _required(name: str) -> t.Collection[str]:
    """The members that AWS says each answer has."""
    shape = _shape(name)
    return frozenset(shape.required_members) if shape else frozenset()


# Files


@dataclasses.dataclass(frozen=True)
class Unreadable(Failure):
    """No file of a kind can be read, nor a folder of them listed."""

    option: str
    kind: str

    def refuses(self, option: str, key: str) -> bool:
        return option == self.option and kind_of(key) == self.kind


@dataclasses.dataclass(frozen=True)
class Rewritten(Failure):
    """Every file of a kind has another content; without content it is not there."""

    option: str
    kind: str
    change: Callable[[str, bytes], t.Optional[bytes]]

    def place(self, option: str, place: Place) -> Place:
        if option != self.option:
            return place
        files = dict(place.files)
        gone = set()
        for key, found in place.files.items():
            if found and kind_of(key) == self.kind:
                content = self.change(key, found[0])
                files[key] = None if content is None else (content, found[1])
                gone |= {key} if content is None else set()
        lists = {prefix: [key for key in keys if key not in gone] for prefix, keys in place.lists.items()}
        return dataclasses.replace(place, files=files, lists=lists)


def kind_of(key: str) -> str:
    """The kind of a file by its key: the key without what differs from account to account and from run to run."""
    folder, _slash, name = key.rpartition("/")
    parts = [part for part in folder.split("/") if part and not any(char.isdigit() for char in part)]
    ending = name.partition(".")[2]
    stem = name.partition(".")[0]
    shown = stem if stem and not any(char.isdigit() for char in stem) and not folder.endswith("campaigns") else "*"
    return "/".join([*parts, f"{shown}.{ending}" if ending else shown])


@dataclasses.dataclass(frozen=True)
class Replaced(Failure):
    """Every file here that an option lists has another content; without content it is not there."""

    option: str
    change: Callable[[bytes], t.Optional[bytes]]

    def options(self, options: Mapping[str, t.Any], directory: Path) -> Mapping[str, t.Any]:
        changed = []
        for number, place in enumerate(options[self.option]):
            path = Path(place)
            if path.is_file():
                content = self.change(path.read_bytes())
                path = directory / f"{number}-{path.name}"
                path.unlink(missing_ok=True)
                if content is not None:
                    path.write_bytes(content)
            changed.append(str(path) if not str(place).startswith("s3://") else place)
        return {**options, self.option: changed}


def _list_replaced(recording: Recording) -> Iterator[Case]:
    for option in FILES:
        if any(Path(place).is_file() for place in recording.options.get(option) or ()):
            for name, change in {**_CONTENTS, "missing": lambda _content: None, "compressed": gzip.compress}.items():
                yield Case(f"{option}: a file", name, Replaced(option, change))


def _list_files(recording: Recording) -> Iterator[Case]:
    yield from _list_replaced(recording)
    seen: set[tuple[str, str]] = set()
    for place in recording.places.values():
        for key in [*place.files, *place.lists, *place.folders]:
            kind = (place.option, kind_of(key))
            if kind in seen:
                continue
            seen.add(kind)
            yield Case(f"{kind[0]}: {kind[1]}", "denied", Unreadable(*kind))
            if any(found and kind_of(name) == kind[1] for name, found in place.files.items()):
                yield from _list_contents(*kind, recording.moment)


def _list_contents(option: str, kind: str, moment: datetime) -> Iterator[Case]:
    changes = {name: functools.partial(_ignore_key, change) for name, change in _CONTENTS.items()}
    if option == "trail_logs":
        changes["late"] = functools.partial(_hold_back, moment - _DELAY)
    for name, change in changes.items():
        yield Case(f"{option}: {kind}", name, Rewritten(option, kind, change))


def _ignore_key(change: Callable[[bytes], t.Optional[bytes]], _key: str, content: bytes) -> t.Optional[bytes]:
    return change(content)


def _hold_back(end: datetime, key: str, content: bytes) -> t.Optional[bytes]:
    match = _EVENT_FILE.search(key)
    if match and datetime.strptime(match[1] + "+0000", "%Y%m%dT%H%M%z") > end:
        return None
    return content


def _repeat_keys(content: bytes) -> bytes:
    """A JSON object that has each of its members a second time, empty. The last one counts for most readers."""
    try:
        document = json.loads(content)
    except ValueError:
        return content
    if not isinstance(document, dict) or not document:
        return content
    empty = {list: [], dict: {}, str: "", bool: False, int: 0}
    repeated = {name: empty.get(type(value)) for name, value in document.items() if isinstance(value, (list, dict))}
    if not repeated:
        return content
    return json.dumps(document).encode()[:-1] + b", " + json.dumps(repeated).encode()[1:]


# What becomes of the content of a file.
_CONTENTS: t.Final[Mapping[str, Callable[[bytes], t.Optional[bytes]]]] = {
    "empty": lambda _content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "malformed": lambda _content: b"<html>\x00",
    "wrong types": lambda _content: b"[7, null]",
    "doubled keys": _repeat_keys,
    "doubled": lambda content: content + content,
    "other account": lambda content: t.cast(bytes, _replace_accounts({}, content)),
}
