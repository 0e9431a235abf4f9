# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sentences about reads that failed: one for each reason, not one for each object and region."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator

from .reader import Found, Service, Want
from .targets import Target


@dataclasses.dataclass(frozen=True)
class Note:
    """Something that could not be read. ``cause`` is the same for all notes that make one sentence."""

    of: Want
    cause: str
    text: str
    about: str = ""


@dataclasses.dataclass(frozen=True)
class Failure:
    """The reason why a service could not be read in a region at all; ``of_region``: nothing can be read there."""

    cause: str
    text: str
    of_region: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the reads of one service in one region found."""

    service: Service
    region: str
    found: tuple[Found, ...] = ()
    notes: tuple[Note, ...] = ()
    failure: t.Optional[Failure] = None
    buckets: t.Optional[frozenset[str]] = None
    calls: int = 0


class Sentence(t.NamedTuple):
    """A sentence about consumers or namers that are not known, and the service that it is about, if it is one."""

    of: Want
    text: str
    service: t.Optional[Service] = None

    def is_about(self, target: Target) -> bool:
        """Whether it matters for a target: only services that it trusts can use it."""
        if self.of is Want.NAMERS:
            return True
        return target.admits_services if self.service is None else target.admits(*self.service.trusted)


def describe_failures(answers: Iterable[Answer]) -> Iterator[Sentence]:
    """Describe all that the answers lack."""
    listed = list(answers)
    yield from _describe_regions(listed)
    yield from _describe_services(listed)
    yield from _describe_notes(listed)


def _describe_regions(answers: Iterable[Answer]) -> Iterator[Sentence]:
    closed: dict[str, list[str]] = {}
    for answer in answers:
        if answer.failure is not None and answer.failure.of_region:
            regions = closed.setdefault(answer.failure.text, [])
            regions += [answer.region] if answer.region not in regions else []
    for text, regions in closed.items():
        for want in Want:
            yield Sentence(want, f"nothing could be read in {', '.join(regions)}: {text}")


def _describe_services(answers: Iterable[Answer]) -> Iterator[Sentence]:
    failed: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.failure is not None and not answer.failure.of_region:
            failed.setdefault((answer.service.what, answer.failure.cause), []).append(answer)
    for same in failed.values():
        service, failure = same[0].service, same[0].failure
        regions = ", ".join(answer.region for answer in same)
        text = f"{service.what} could not be read in {regions}: {failure.text if failure else ''}"
        if service.trusted:
            yield Sentence(Want.CONSUMERS, text, service)
        if service.has_policies:
            yield Sentence(Want.NAMERS, text, service)


def _describe_notes(answers: Iterable[Answer]) -> Iterator[Sentence]:
    noted: dict[tuple[Want, str, str], list[tuple[Answer, Note]]] = {}
    for answer in answers:
        for note in answer.notes:
            noted.setdefault((note.of, answer.service.what, note.cause), []).append((answer, note))
    for (want, _what, _cause), same in noted.items():
        answer, note = same[0]
        regions = ", ".join(dict.fromkeys(one.region for one, _note in same))
        abouts = list(dict.fromkeys(one.about for _answer, one in same if one.about))
        objects = f" ({_count(abouts)})" if abouts else ""
        text = f"{answer.service.what} could not be read completely in {regions}{objects}: {note.text}"
        yield Sentence(want, text, answer.service)


def _count(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} objects, such as {names[0]}"
