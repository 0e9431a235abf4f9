# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The manifests of all runs as a chain: each names the hash of the one before, so that a removed one shows.

``manifests/<number>.json`` is a manifest. No number is written twice, so two runs that end at once follow each other.
``manifest.json`` is a copy of the newest, for people.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._converge.parsing import parse
from .._converge.store import Store, StoreError
from .document import DocumentError, decode, encode
from .manifest import SCHEMA

FOLDER: t.Final = "manifests/"
COPY: t.Final = "manifest.json"
_KEY: t.Final = re.compile(r"manifests/([0-9]{8})\.json")
_SHA256: t.Final = re.compile(r"[0-9a-f]{64}")
_LAST: t.Final = 99_999_999
# So many other runs may take the next number while this one tries to.
_ATTEMPTS: t.Final = 50
# The files of a run that no later run writes. All others are copies of the newest.
_LASTING: t.Final = re.compile(r"[0-9]{12}/(?:runs|parts|plans)/.+|(?:runs|fleets)/.+")


@dataclasses.dataclass(frozen=True)
class Link:
    """One manifest of the chain: its place, its hash, its run, and the manifest before it that it names."""

    number: int
    sha256: str
    run_id: t.Optional[str] = None
    created: t.Optional[str] = None
    previous: t.Optional[tuple[int, str]] = None
    #: Why its content is no manifest.
    problem: str = ""
    #: Whether an older version wrote it, which had no chain.
    is_adopted: bool = False


@dataclasses.dataclass(frozen=True)
class Chain:
    """All manifests of a place, oldest first; ``problems`` are where the chain breaks, ``notes`` the rest."""

    links: tuple[Link, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def find(self, run_id: str) -> t.Optional[Link]:
        """The newest manifest of a run. The check and the apply job of a workflow share theirs."""
        return next((link for link in reversed(self.links) if link.run_id == run_id), None)


@dataclasses.dataclass(frozen=True)
class FileCheck:
    """The files of a run held against its manifest. ``copies`` are those that a later run may have replaced."""

    intact: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    copies: int = 0


def manifest_key(number: int) -> str:
    """Where the manifest with this number is kept."""
    return f"{FOLDER}{number:08d}.json"


def fleet_key(content: bytes) -> str:
    """Where ``fleet.json`` of a run is kept: by its hash, as the next run replaces ``fleet.json``."""
    return f"fleets/{hashlib.sha256(content).hexdigest()}.json"


def append(store: Store, document: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Keep a manifest under the next number, and return it with that and the hash of the one before.

    :raises StoreError: the place can't be read or written.
    """
    for _attempt in range(_ATTEMPTS):
        previous = _find_last(store)
        number = previous.number + 1 if previous else 1
        if number > _LAST:
            raise StoreError(f"{store.location}/{manifest_key(_LAST)} takes the last number, so no manifest can follow")
        chained = {**document, "number": number, "previous": _name(previous) if previous else None}
        key = manifest_key(number)
        try:
            store.put_new(key, encode(chained))
        except StoreError:
            # Another run may have taken the number: this one then follows it.
            if store.get(key) is None:
                raise
        else:
            return chained
    raise StoreError(f"{store.location}/{FOLDER}: other runs took the next number {_ATTEMPTS} times; report again")


def _name(link: Link) -> dict[str, t.Any]:
    return {"number": link.number, "run_id": link.run_id, "sha256": link.sha256}


def _find_last(store: Store) -> t.Optional[Link]:
    """Find the manifest with the highest number; that of an older version, which had none, becomes number 0."""
    numbers = _list_numbers(store)
    if not numbers:
        content = store.get(COPY)
        if content is None:
            return None
        store.put_new(manifest_key(0), content)
        return _read(0, content)
    content = store.get(manifest_key(numbers[-1]))
    return _read(numbers[-1], content or b"")


def _list_numbers(store: Store) -> list[int]:
    return sorted(int(match[1]) for key in store.list(FOLDER) if (match := _KEY.fullmatch(key)))


def verify(store: Store) -> Chain:
    """Walk along all manifests and find where the chain breaks.

    :raises StoreError: the place can't be read.
    """
    links: list[Link] = []
    for number in _list_numbers(store):
        content = store.get(manifest_key(number))
        if content is not None:
            links.append(_read(number, content))
    by_number = {link.number: link for link in links}
    problems = [
        *_find_gaps(links),
        *(problem for link in links for problem in _check(link, by_number)),
        *_find_branches(links),
    ]
    notes = []
    if links and links[0].is_adopted:
        notes.append("Manifest 0 is of an older version, which kept no chain. Nothing is known about runs before it.")
    copy_problems, copy_notes = _check_copy(links, store.get(COPY))
    return Chain(tuple(links), (*problems, *copy_problems), (*notes, *copy_notes))


def _read(number: int, content: bytes) -> Link:
    digest = hashlib.sha256(content).hexdigest()
    try:
        document = decode(content, where=manifest_key(number), schema=SCHEMA)
        run_id, created = (_text(document, name) for name in ("run_id", "created"))
        if number == 0 and "number" not in document:
            return Link(number, digest, run_id, created, is_adopted=True)
        if document.get("number") != number:
            raise DocumentError(f"it has the number {document.get('number')!r}")
        return Link(number, digest, run_id, created, _previous_of(document))
    except DocumentError as error:
        return Link(number, digest, problem=f"Manifest {number} is no manifest of this chain: {error}.")


def _text(document: Mapping[str, t.Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise DocumentError(f"its {name} is no text")
    return value


def _previous_of(document: Mapping[str, t.Any]) -> t.Optional[tuple[int, str]]:
    previous = document.get("previous")
    if previous is None:
        return None
    number = previous.get("number") if isinstance(previous, Mapping) else None
    digest = previous.get("sha256") if isinstance(previous, Mapping) else None
    if not isinstance(number, int) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise DocumentError("it names no manifest before it that could be one")
    return number, digest


def _find_gaps(links: Sequence[Link]) -> Iterator[str]:
    """Numbers without a manifest. The first one is 1, or 0 for that of an older version."""
    expected = 0 if links and links[0].number == 0 else 1
    for link in links:
        if link.number > expected:
            last = link.number - 1
            what = f"Manifest {expected} is" if last == expected else f"Manifests {expected} to {last} are"
            yield f"{what} missing before manifest {link.number} ({_describe(link)}): removed, or never written."
        expected = link.number + 1


def _check(link: Link, by_number: Mapping[int, Link]) -> Iterator[str]:
    """Hold a manifest against the one before it. A missing one is a gap already."""
    if link.problem:
        yield link.problem
        return
    is_first = link.number == 0 or (link.number == 1 and 0 not in by_number)
    if link.previous is None:
        if not is_first:
            yield f"Manifest {link.number} ({_describe(link)}) names none before it, so the chain begins anew there."
        return
    number, digest = link.previous
    if number != link.number - 1:
        yield f"Manifest {link.number} ({_describe(link)}) follows manifest {number}, not {link.number - 1}."
    before = by_number.get(number)
    if before is not None and before.sha256 != digest:
        yield (
            f"Manifest {number} ({_describe(before)}) was changed after manifest {link.number} ({_describe(link)}) "
            f"was written: its hash is {before.sha256[:16]}… and not {digest[:16]}…."
        )


def _find_branches(links: Iterable[Link]) -> Iterator[str]:
    following: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        if link.previous is not None:
            following[link.previous[0]].append(link)
    for number, branch in sorted(following.items()):
        if len(branch) > 1:
            names = " and ".join(f"{link.number} ({_describe(link)})" for link in branch)
            yield f"Manifests {names} all follow manifest {number}: the chain has {len(branch)} branches there."


def _check_copy(links: Sequence[Link], content: t.Optional[bytes]) -> tuple[list[str], list[str]]:
    """Problems and notes of ``manifest.json``, which is written after the manifest that it is a copy of."""
    if not links or content is None:
        return ([f"{COPY} exists, and no manifest is kept in {FOLDER}."] if content is not None else []), []
    digest, newest = hashlib.sha256(content).hexdigest(), links[-1]
    if digest == newest.sha256:
        return [], []
    for link in links:
        if link.sha256 == digest:
            newer = f"manifest {newest.number} ({_describe(newest)}) is newer"
            why = "two runs ended at once, or one was cut off"
            return [], [f"{COPY} is a copy of manifest {link.number}, and {newer}: {why}."]
    number = _number_in(content)
    if number is not None and number > newest.number:
        return [f"Manifest {number} was removed: {COPY} is a copy of it, and {newest.number} is the last one kept."], []
    return [f"{COPY} is a copy of no manifest that is kept: it was changed."], []


def _number_in(content: bytes) -> t.Optional[int]:
    try:
        document = parse(content)
    except ValueError:
        return None
    number = document.get("number") if isinstance(document, dict) else None
    return number if isinstance(number, int) else None


def _describe(link: Link) -> str:
    return f"run {link.run_id}" if link.run_id else "unknown run"


def read_files(store: Store, link: Link) -> dict[str, str]:
    """The hashes of the files of a manifest, by their keys. What is malformed in it is left out.

    :raises StoreError: it can't be read.
    """
    try:
        files = decode(store.get(manifest_key(link.number)) or b"", where=manifest_key(link.number)).get("files")
    except DocumentError:
        return {}
    entries = files.items() if isinstance(files, dict) else ()
    return {
        key: entry["sha256"]
        for key, entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("sha256"), str)
    }


def find_replaced(store: Store, chain: Chain, link: Link, files: Mapping[str, str]) -> dict[int, list[str]]:
    """Find the files of a run that an earlier manifest of the same run has with other hashes, by the number of that.

    :arg link: the newest manifest of the run, with its ``files``.
    :raises StoreError: a manifest can't be read.
    """
    found: dict[int, list[str]] = {}
    for one in chain.links:
        if one.run_id == link.run_id and one.number < link.number and not one.problem:
            earlier = read_files(store, one)
            names = [key for key in sorted(earlier) if key in files and files[key] != earlier[key]]
            found[one.number] = [key for key in names if _LASTING.fullmatch(key)]
    return {number: keys for number, keys in found.items() if keys}


def check_files(store: Store, files: Mapping[str, str]) -> FileCheck:
    """Hold the files of a run against the hashes in its manifest, without copies that later runs replace.

    :raises StoreError: the place can't be read.
    """
    lasting = [key for key in sorted(files) if _LASTING.fullmatch(key) and ".." not in key]
    changed, missing = [], []
    for key in lasting:
        content = store.get(key)
        if content is None:
            missing.append(key)
        elif hashlib.sha256(content).hexdigest() != files[key]:
            changed.append(key)
    intact = len(lasting) - len(changed) - len(missing)
    return FileCheck(intact, tuple(changed), tuple(missing), len(files) - len(lasting))
