# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module was given and what its sources answered, recorded while a playbook runs.

A recording has the options of one run of a module, the answers of AWS in their order, and what its places of files
had. :mod:`.player` runs the module again on it, in this process, with nothing sent.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import os
import pickle
import threading
import typing as t
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import FACTS, Call
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import Store, Versioned
from ansible_collections.hardening.iam.plugins.module_utils._module import (
    connection,
    execution,
    owner_files,
    stores,
    task,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.recording import Replay
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry

#: The rooms that open places of files.
OPENERS: t.Final = (connection, owner_files, task)

Answer = t.Union[dict[str, t.Any], AwsError]
Found = t.Optional[tuple[bytes, datetime]]


@dataclasses.dataclass
class Place:
    """What one place of files had: ``files`` by key, None for what was asked for and is not there."""

    option: str
    files: dict[str, Found] = dataclasses.field(default_factory=dict)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    lists: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    folders: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False)
class Recording:
    """One run of a module: ``core`` names the function that runs it."""

    core: str
    options: Mapping[str, t.Any]
    check_mode: bool
    moment: datetime
    calls: list[tuple[Call, Answer]] = dataclasses.field(default_factory=list)
    places: dict[str, Place] = dataclasses.field(default_factory=dict)
    result: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


class RecordingTape:
    """A tape that keeps every answer, in the order of the answers."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._lock = threading.Lock()

    def play(self, call: Call, send: Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        """Make the call, and keep what comes of it."""
        try:
            answer = send()
        except AwsError as error:
            self._keep(call, error)
            raise
        self._keep(call, copy.deepcopy(answer))
        return answer

    def _keep(self, call: Call, answer: Answer) -> None:
        with self._lock:
            self._recording.calls.append((copy.deepcopy(call), answer))


class RecordingStore:
    """A place whose files are kept as the module first finds them. What it writes there itself is not kept."""

    def __init__(self, store: Store, place: Place) -> None:
        self.location = store.location
        self._store = store
        self._place = place
        self._written: set[str] = set()

    def put(self, key: str, content: bytes) -> str:
        self._written.add(key)
        return self._store.put(key, content)

    def put_new(self, key: str, content: bytes) -> str:
        self._written.add(key)
        return self._store.put_new(key, content)

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        self._written.add(key)
        return self._store.swap(key, content, version)

    def get(self, key: str) -> t.Optional[bytes]:
        found = self.get_dated(key)
        return found and found[0]

    def get_dated(self, key: str) -> Found:
        found = self._store.get_dated(key)
        self._keep(key, found)
        return found

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self._store.get_versioned(key)
        self._keep(key, found and (found.content, found.written))
        return found

    def identify(self) -> str:
        return self._store.identify()

    def read_clock(self) -> datetime:
        return self._store.read_clock()

    def find_ignored_condition(self, key: str) -> str:
        self._written.add(key)
        return self._store.find_ignored_condition(key)

    def list(self, prefix: str = "") -> list[str]:
        found = self._store.list(prefix)
        self._place.lists.setdefault(prefix, [key for key in found if key not in self._written])
        return found

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        found = self._store.list_versioned(prefix)
        self._place.lists.setdefault(prefix, [key for key in found if key not in self._written])
        for key in found:
            content = self._store.get_dated(key)
            self._keep(key, content)
        return found

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        found = self._store.folders(prefix)
        self._place.folders.setdefault(prefix, found)
        return found

    def _keep(self, key: str, found: Found) -> None:
        if key not in self._written:
            self._place.files.setdefault(key, found)


def record_all(directory: Path, set_attribute: Callable[[t.Any, str, t.Any], None], *, alone: bool = False) -> None:
    """Let each run of a module be recorded; ``set_attribute`` is what replaces the functions.

    With ``alone`` no module has what others of its run have read, so that the recording has all of it.
    """
    current: list[Recording] = []
    of_thread = threading.local()
    plain_execute, plain_open = execution.execute, stores.open_store

    def execute(entry: Entry, **given: t.Any) -> dict[str, t.Any]:
        if given.get("replay") is not None:
            return plain_execute(entry, **given)
        moment = datetime.now(UTC)
        recording = Recording(name_core(entry), copy.deepcopy(given["options"]), given["check_mode"], moment)
        current.append(recording)
        of_thread.recording = recording
        try:
            files = None if alone else given.get("files")
            given = {**given, "files": files, "replay": Replay(RecordingTape(recording), moment)}
            recording.result = plain_execute(entry, **given)
        finally:
            current.remove(recording)
            of_thread.recording = None
        path = directory / f"{moment.timestamp():.6f}-{os.getpid()}-{uuid.uuid4().hex[:6]}.pickle"
        path.write_bytes(pickle.dumps(recording))
        return dict(recording.result)

    def open_store(place: StoreOptions, options: t.Any, tape: t.Any = None) -> Store:
        store = plain_open(place, options)
        recording = getattr(of_thread, "recording", None) or (current[-1] if current else None)
        if recording is None:
            return store
        found = recording.places.setdefault(store.location, Place(place.option))
        return RecordingStore(store, found)

    set_attribute(execution, "execute", execute)
    for module in OPENERS:
        set_attribute(module, "open_store", open_store)
    set_attribute(Access, "elsewhere", tape_elsewhere)


_plain_elsewhere: t.Final = Access.elsewhere


def tape_elsewhere(self: Access, credentials: Mapping[str, t.Any], operations: t.Any) -> Access:
    """The same way to AWS with other credentials, on the same tape: its calls are those of the owner of these."""
    access = _plain_elsewhere(self, credentials, operations)
    tape = self._options.tape
    if tape is not None:
        owner = f"with {credentials['AccessKeyId']}"
        access._options = dataclasses.replace(access._options, tape=_Elsewhere(tape, owner))
    return access


class _Elsewhere:
    """A tape for the calls with other credentials."""

    def __init__(self, tape: t.Any, owner: str) -> None:
        self._tape = tape
        self._owner = owner

    def play(self, call: Call, send: Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        if call.service == FACTS and call.operation == "Region":
            return send()
        return t.cast(
            dict[str, t.Any],
            self._tape.play(dataclasses.replace(call, role=f"{self._owner} {call.role}".strip()), send),
        )


def name_core(entry: Entry) -> str:
    """Name the function that runs a module, so that another process finds the module again."""
    run: t.Any = entry.run
    while isinstance(run, functools.partial):
        run = run.func
    return f"{run.__module__}:{run.__qualname__}"
