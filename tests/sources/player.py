# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A recorded run of a module once more, in this process, on the recorded answers; one source of it may fail.

Nothing is sent, and no file of the recorded run is touched. What the module asks beyond the recording has no answer.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import functools
import hashlib
import importlib
import re
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotRecorded
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import FACTS, Call
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import ConflictError, StoreError, Versioned
from ansible_collections.hardening.iam.plugins.module_utils._module import execution, task
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.recording import Replay
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task

from .recorder import OPENERS, Answer, Found, Place, Recording, name_core, tape_elsewhere

_MODULES: t.Final = "ansible_collections.hardening.iam.plugins"

_HASH: t.Final = re.compile(r"\b[0-9a-f]{64}\b")
# With the caps of a declaration, a change too many would only be one refusal more.
_UNCAPPED: t.Final = {"max_changes": 1000, "max_percent": 100}
_JOB: t.Final = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")

Result = dict[str, t.Any]


class Failure:
    """How one source fails. The base fails nothing."""

    def answer(self, call: Call, answer: Answer) -> Answer:
        """The answer to a call, in place of the recorded one; an error is raised."""
        del call
        return answer

    def more(self, call: Call) -> t.Optional[Answer]:
        """The answer to a call that was not recorded, such as for the page after one that was cut off."""
        del call
        return None

    def place(self, option: str, place: Place) -> Place:
        """What a place of files has, in place of what was recorded."""
        del option
        return place

    def refuses(self, option: str, key: str) -> bool:
        """Whether a key or a folder of a place can't be read."""
        del option, key
        return False

    def options(self, options: Mapping[str, t.Any], directory: Path) -> Mapping[str, t.Any]:
        """The options of the run; ``directory`` takes files that they may name."""
        del directory
        return options


@dataclasses.dataclass
class Played:
    """What came of a run: its result, what it sent to change something, and what it left at its places."""

    result: Result
    writes: list[tuple[str, str, t.Any]]
    asked: set[str]
    read: set[tuple[str, str]]
    missed: list[str]
    written: dict[str, dict[str, bytes]]
    crash: str = ""


class PlayingTape:
    """A tape that is read: each call has its recorded answers one after the other, the last one again and again."""

    def __init__(self, recording: Recording, failure: Failure, writes: t.Collection[str]) -> None:
        self._answers: dict[str, list[Answer]] = {}
        for call, answer in recording.calls:
            self._answers.setdefault(call.key, []).append(answer)
        self._given: collections.Counter[str] = collections.Counter()
        self._failure = failure
        self._writes = writes
        self._lock = threading.Lock()
        self.sent: list[tuple[str, str, t.Any]] = []
        self.asked: set[str] = set()
        self.missed: list[str] = []

    def play(self, call: Call, _send: Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        """The answer. Raises AwsError."""
        name = f"{call.service}:{call.operation}"
        with self._lock:
            self.asked.add(name)
            if name in self._writes:
                self.sent.append((name, call.region, copy.deepcopy(call.parameters)))
            answers = self._answers.get(call.key)
            position = self._given[call.key]
            self._given[call.key] += 1
        if answers is None:
            found = self._failure.more(call)
            if found is None:
                with self._lock:
                    self.missed.append(name)
                raise NotRecorded("it was not recorded", code="NotRecorded", service=call.service, operation=name)
        else:
            found = self._failure.answer(call, answers[min(position, len(answers) - 1)])
        if isinstance(found, AwsError):
            raise found
        return copy.deepcopy(found)


class PlayingStore:
    """A place of files as it was recorded, with what the run writes itself on top."""

    def __init__(self, location: str, option: str, place: t.Optional[Place], failure: Failure) -> None:
        self.location = location
        self._option = option
        self._failure = failure
        self._place = failure.place(option, place) if place else None
        self.own: dict[str, bytes] = {}
        self.read: set[tuple[str, str]] = set()

    def put(self, key: str, content: bytes) -> str:
        self.own[key] = content
        return f"{self.location}/{key}"

    def put_new(self, key: str, content: bytes) -> str:
        if key in self.own or (self._place and self._place.files.get(key)):
            raise StoreError(f"{self.location}/{key} exists")
        return self.put(key, content)

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        found = self.get_versioned(key)
        if version != (found and found[1]):
            raise ConflictError(f"{self.location}/{key} was written by somebody else")
        self.put(key, content)
        return hashlib.sha256(content).hexdigest()

    def get(self, key: str) -> t.Optional[bytes]:
        found = self.get_dated(key)
        return found and found[0]

    def get_dated(self, key: str) -> Found:
        if key in self.own:
            return self.own[key], datetime.now().astimezone()
        self._look(key)
        if self._place is None:
            return None
        if key in self._place.files:
            return self._place.files[key]
        if _HASH.search(key):
            # It is named after its content, which the recorded run did not come to.
            return None
        if any(key.startswith(prefix) and key not in keys for prefix, keys in self._place.lists.items()):
            return None
        raise StoreError(f"{self.location}/{key}: it was not recorded")

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self.get_dated(key)
        return None if found is None else Versioned(found[0], hashlib.sha256(found[0]).hexdigest(), found[1])

    def identify(self) -> str:
        return self.location

    def read_clock(self) -> datetime:
        return datetime.now().astimezone()

    def find_ignored_condition(self, key: str) -> str:
        return ""

    def list(self, prefix: str = "") -> list[str]:
        self._look(prefix)
        found = set()
        if self._place is not None:
            wider = [known for known in self._place.lists if prefix.startswith(known)]
            if not wider:
                raise StoreError(f"{self.location}/{prefix}: it was not recorded")
            found = {key for key in self._place.lists[max(wider, key=len)] if key.startswith(prefix)}
        return sorted(found | {key for key in self.own if key.startswith(prefix)})

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return {key: found[1] for key in self.list(prefix) if (found := self.get_versioned(key))}

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        self._look(prefix)
        found = {key.removeprefix(prefix).partition("/")[0] for key in self.own if key.startswith(prefix)}
        if self._place is not None:
            if prefix not in self._place.folders:
                raise StoreError(f"{self.location}/{prefix}: it was not recorded")
            found |= set(self._place.folders[prefix])
        return tuple(sorted(found))

    def _look(self, key: str) -> None:
        self.read.add((self._option, key))
        if self._failure.refuses(self._option, key):
            raise StoreError(f"{self.location}: can't read {key}: input/output error")


def play(recording: Recording, failure: Failure, directory: Path) -> Played:
    """Run the recorded module once more, with this failure; ``directory`` takes the files that the failure makes."""
    entry = entries()[recording.core]
    writes = entry.operations.writes | entry.operations.jobs
    tape = PlayingTape(recording, failure, writes)
    opened: dict[str, PlayingStore] = {}

    def open_store(place: StoreOptions, *_more: object) -> PlayingStore:
        location = place.location
        if location not in opened:
            known = next((found for at, found in recording.places.items() if _same(at, location)), None)
            opened[location] = PlayingStore(location, place.option, known, failure)
        return opened[location]

    options = dict(failure.options(recording.options, directory))
    if "snapshot_dir" in options:
        options["snapshot_dir"] = None
    options.update({name: value for name, value in _UNCAPPED.items() if name in options})
    if "return_findings" in options:
        options["return_findings"] = "all"
    crash, result = "", {}
    with _in_place_of_the_world(recording, open_store):
        try:
            result = execution.execute(
                entry,
                options=options,
                check_mode=recording.check_mode,
                replay=Replay(tape, recording.moment),
            )
        except Exception as error:  # noqa: BLE001 (whatever a malformed answer ends in)
            crash = f"{type(error).__name__}: {error}"
    return Played(
        result,
        tape.sent,
        tape.asked,
        {pair for store in opened.values() for pair in store.read},
        tape.missed,
        {location: store.own for location, store in opened.items()},
        crash,
    )


def _find_job(recording: Recording) -> str:
    """Find the id that the recorded job gave itself, which is part of the keys of its journal."""
    prefixes = (prefix for place in recording.places.values() for prefix in place.lists)
    return next((found[0] for found in map(_JOB.search, prefixes) if found), "")


def _same(one: str, other: str) -> bool:
    return one == other or (not one.startswith("s3://") and Path(one) == Path(other))


@contextlib.contextmanager
def _in_place_of_the_world(recording: Recording, open_store: Callable[..., t.Any]) -> Iterator[None]:
    job = _find_job(recording)
    with pytest.MonkeyPatch.context() as patch:
        if job:
            patch.setattr(task, "new_job_id", lambda _started: job)
        for module in OPENERS:
            patch.setattr(module, "open_store", open_store)
        patch.setattr(task, "stays_on_this_machine", lambda _options, _operations: True)
        patch.setattr(Access, "elsewhere", tape_elsewhere)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.0))
        patch.setitem(t.cast(dict[str, t.Any], Task.__init__.__kwdefaults__), "clock", lambda: recording.moment)
        for defaults, name in _list_sleepers():
            patch.setitem(defaults, name, _go_on)
        patch.setattr(time, "sleep", _go_on)
        yield


def _go_on(_seconds: float) -> None:
    """Take the place of time.sleep."""


@functools.cache
def _list_sleepers() -> list[tuple[dict[str, t.Any], str]]:
    """The defaults of keyword arguments that wait."""
    found = []
    for name, module in list(sys.modules.items()):
        if name.startswith(_MODULES):
            classes = [item for item in vars(module).values() if isinstance(item, type)]
            for function in [*vars(module).values(), *(item for kind in classes for item in vars(kind).values())]:
                defaults = getattr(function, "__kwdefaults__", None) or {}
                found += [(defaults, key) for key, value in defaults.items() if value is time.sleep]
    return found


@functools.cache
def entries() -> Mapping[str, Entry]:
    """Every module by the function that runs it."""
    cores = {name_core(entry): entry for entry in modules().values()}
    plain = (importlib.import_module(f"{_MODULES}.modules.{name}") for name in modules())
    return {**{name_core(module.ENTRY): module.ENTRY for module in plain if hasattr(module, "ENTRY")}, **cores}


@functools.cache
def modules() -> Mapping[str, Entry]:
    """Every module by its name, as its action plugin runs it."""
    checkout = Path(__file__).resolve().parents[2]
    found = {}
    for path in sorted((checkout / "plugins/modules").glob("*.py")):
        module = importlib.import_module(f"{_MODULES}.modules.{path.stem}")
        action = importlib.import_module(f"{_MODULES}.action.{path.stem}")
        found[path.stem] = action.ActionModule.entry if hasattr(action.ActionModule, "entry") else module.ENTRY
    return found


def module_of(recording: Recording) -> str:
    """The name of the module that was recorded; empty for what is no module of the collection."""
    for name, entry in modules().items():
        plain = getattr(importlib.import_module(f"{_MODULES}.modules.{name}"), "ENTRY", entry)
        if recording.core in (name_core(entry), name_core(plain)):
            return name
    return ""


__all__ = ["FACTS", "Failure", "Played", "module_of", "modules", "play"]
