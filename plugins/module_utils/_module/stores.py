# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where files of a run are kept: directories of the controller, and S3."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from .._aws.errors import AccessDenied, AwsError, Conflict
from .._aws.options import AccessOptions
from .._aws.s3_store import S3Store
from .._aws.tape import FILES, Answer, Call, Player, Tape
from .._converge.errors import InputError
from .._converge.store import ConflictError, DirectoryStore, Store, StoreError, Versioned
from .options import StoreOptions

P = t.ParamSpec("P")
V = t.TypeVar("V")

#: The option that locks evidence.
LOCK_OPTION: t.Final = "evidence_lock_days"
LONGEST_LOCK: t.Final = 3650
_S3: t.Final = "s3://"
# What looks like a URL would become a directory of that name.
_URL: t.Final = re.compile(r"\w+:/")
_ELSEWHERE: t.Final = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
)


def open_store(place: StoreOptions, options: Callable[[], AccessOptions], tape: t.Optional[Tape] = None) -> Store:
    """The directory, or the place in S3 with the credentials of the controller.

    Its own role is assumed for a place in S3; the account's roles are not, since reports outlive an account.
    ``options`` are asked for where they are used: a directory needs no AWS. With a ``tape``, all that is read of the
    place is recorded, or played.

    :raises AwsError: the place or the options can't work.
    :raises StoreError: the place is neither a directory nor in S3.
    """
    if tape is not None:
        return _TapedStore(place, tape, functools.cache(lambda: open_store(place, options)))
    if not place.location.startswith(_S3):
        if _URL.match(place.location):
            named = f"{place.option}: " if place.option else ""
            raise StoreError(
                f"{named}{place.location!r} is neither a directory nor a place in S3.\n"
                "Give the path of a directory, or s3://bucket/prefix."
            )
        return DirectoryStore(place.location, place.option)
    plain = dataclasses.replace(options(), assume_role_arn=place.role_arn or None, assessor_role_arn=None, tape=None)
    store = S3Store(
        place.location, plain, kms_key_id=place.kms_key_id, option=place.option, lock_until=place.lock_until
    )
    return _S3StoreWithErrors(store, place)


def lock_evidence(place: StoreOptions, options: Mapping[str, t.Any], now: datetime) -> t.Optional[StoreOptions]:
    """The same place, where objects are locked for the days of ``evidence_lock_days``; None without that option.

    :raises InputError: the option is out of range.
    """
    days = int(options.get(LOCK_OPTION) or 0)
    if not 0 <= days <= LONGEST_LOCK:
        raise InputError(f"{LOCK_OPTION}: {days} is not between 0 and {LONGEST_LOCK} days")
    if days and not place.location.startswith(_S3):
        raise InputError(
            f"{LOCK_OPTION}: {place.option} is {place.location!r}, and only S3 can lock objects. "
            f"Set {place.option} to s3://bucket/prefix, or remove {LOCK_OPTION}"
        )
    return dataclasses.replace(place, lock_until=now + timedelta(days=days)) if days else None


class _TapedStore:
    """A place whose files are recorded as they are read, or played from a recording. ``opened`` is the place itself.

    The journal is one place, wherever it is: another directory of the controller must not make it unknown.
    """

    def __init__(self, place: StoreOptions, tape: Tape, opened: Callable[[], Store]) -> None:
        self.location = place.location
        self._tape = tape
        self._opened = opened
        self._name = place.location if place.location.startswith(_S3) and place.option != "journal" else place.option

    def put(self, key: str, content: bytes) -> str:
        return self._open_to_write().put(key, content)

    def put_new(self, key: str, content: bytes) -> str:
        return self._open_to_write().put_new(key, content)

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self._play("get_versioned", key, lambda: self._opened().get_versioned(key))
        return None if found is None else Versioned(*found)

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        return self._open_to_write().swap(key, content, version)

    def get(self, key: str) -> t.Optional[bytes]:
        found = self.get_dated(key)
        return None if found is None else found[0]

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        found = self._play("get", key, lambda: self._opened().get_dated(key))
        return None if found is None else (found[0], found[1])

    def list(self, prefix: str = "") -> list[str]:
        return list(self._play("list", prefix, lambda: self._opened().list(prefix)))

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return dict(self._play("list_versioned", prefix, lambda: self._opened().list_versioned(prefix)))

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(self._play("folders", prefix, lambda: self._opened().folders(prefix)))

    def identify(self) -> str:
        return self._open_to_write().identify()

    def read_clock(self) -> datetime:
        return self._open_to_write().read_clock()

    def find_ignored_condition(self, key: str) -> str:
        return self._open_to_write().find_ignored_condition(key)

    def _open_to_write(self) -> Store:
        if isinstance(self._tape, Player):
            raise StoreError(f"{self.location}: a simulation writes nothing")
        return self._opened()

    def _play(self, operation: str, key: str, read: Callable[[], t.Any]) -> t.Any:
        def send() -> Answer:
            return {"found": read()}

        try:
            return self._tape.play(Call("", FILES, operation, self._name, {"key": key}), send)["found"]
        except AwsError as error:
            raise StoreError(f"{self.location}: {error.message}") from error


class MemoryStore:
    """A :class:`Store` that ends with its process: the reports of a simulation, which nobody reads but its modules."""

    def __init__(self, now: datetime) -> None:
        self.location = "memory"
        self._now = now
        self._files: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> str:
        self._files[key] = content
        return f"{self.location}/{key}"

    def put_new(self, key: str, content: bytes) -> str:
        if key in self._files:
            raise StoreError(f"{self.location}/{key} exists")
        return self.put(key, content)

    def get(self, key: str) -> t.Optional[bytes]:
        return self._files.get(key)

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        content = self._files.get(key)
        return None if content is None else (content, self._now)

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        content = self._files.get(key)
        return None if content is None else Versioned(content, hashlib.sha256(content).hexdigest(), self._now)

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        found = self.get_versioned(key)
        if version != (found and found[1]):
            raise ConflictError(f"{self.location}/{key} was written by somebody else")
        self.put(key, content)
        return hashlib.sha256(content).hexdigest()

    def list(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self._files if key.startswith(prefix))

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return {key: hashlib.sha256(self._files[key]).hexdigest() for key in self.list(prefix)}

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        rests = (key.removeprefix(prefix) for key in self._files if key.startswith(prefix))
        return tuple(sorted({rest.partition("/")[0] for rest in rests if "/" in rest}))

    def identify(self) -> str:
        return self.location

    def read_clock(self) -> datetime:
        return self._now

    def find_ignored_condition(self, key: str) -> str:
        return ""


class _S3StoreWithErrors:
    """S3 as a :class:`Store`: the typed errors of ``_aws`` become the one error that the protocol knows."""

    def __init__(self, store: S3Store, place: StoreOptions) -> None:
        self._store = store
        self._place = place
        self.location = store.location

    def put(self, key: str, content: bytes) -> str:
        return self._translate_errors(self._store.put, key, content)

    def put_new(self, key: str, content: bytes) -> str:
        return self._translate_errors(self._store.put_new, key, content)

    def get(self, key: str) -> t.Optional[bytes]:
        return self._translate_errors(self._store.get, key)

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        return self._translate_errors(self._store.get_dated, key)

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self._translate_errors(self._store.get_versioned, key)
        return None if found is None else Versioned(*found)

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        return self._translate_errors(self._store.swap, key, content, version)

    def list(self, prefix: str = "") -> list[str]:
        return self._translate_errors(self._store.list, prefix)

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return self._translate_errors(self._store.list_versioned, prefix)

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        return self._translate_errors(self._store.folders, prefix)

    def identify(self) -> str:
        return self._store.identity

    def read_clock(self) -> datetime:
        return self._translate_errors(self._store.read_clock)

    def find_ignored_condition(self, key: str) -> str:
        return self._translate_errors(self._store.find_ignored_condition, key)

    def _translate_errors(self, call: Callable[P, V], *arguments: P.args, **keywords: P.kwargs) -> V:
        try:
            return call(*arguments, **keywords)
        except Conflict as error:
            raise ConflictError(f"{self.location}: {error}") from error
        except AwsError as error:
            raise StoreError(self._explain(error)) from error

    def _explain(self, error: AwsError) -> str:
        """The error with the option that names the place, and the next step where there is one to name."""
        option = self._place.option
        if not option:
            return f"{self.location}: {error}"
        step = _find_next_step(error, self._place)
        return f"{option}: {self.location}: {error}" + (f"\n{step}" if step else "")


def _find_next_step(error: AwsError, place: StoreOptions) -> str:
    bucket = place.location.removeprefix(_S3).partition("/")[0]
    key = f"{place.prefix}_kms_key_id"
    if error.operation == "AssumeRole":
        return ""
    if place.lock_until and error.code == "InvalidRequest":
        return f"{LOCK_OPTION} needs a bucket with Object Lock: turn it on for {bucket}, or remove {LOCK_OPTION}."
    if error.code == "NoSuchBucket":
        return f"Create the bucket {bucket}, or correct {place.option}."
    if error.code.startswith("KMS."):
        return f"Check {key}: the key must exist in the region of the bucket, and be enabled."
    if error.code in _ELSEWHERE:
        return (
            f"The bucket {bucket} is in another region or partition. Set the region that it is in, or correct the name."
        )
    if isinstance(error, AccessDenied) and "kms:" in error.message:
        return f"Allow kms:GenerateDataKey and kms:Decrypt on the key of the bucket or of {key}."
    if isinstance(error, AccessDenied):
        lock = " and, for evidence_lock_days, s3:PutObjectRetention" if place.lock_until else ""
        return (
            f"Allow s3:PutObject, s3:GetObject and s3:ListBucket{lock} there to the credentials, or name a role that "
            f"may in {place.prefix}_role_arn."
        )
    return ""
