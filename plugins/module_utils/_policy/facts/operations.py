# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an operation of AWS does: whether its name is that of a read, and the class of one that writes.

A class orders what a hunt found, and never drops any of it. An operation that the table lacks may do anything.
"""

from __future__ import annotations

import enum
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from .writes import WRITES


class WriteClass(enum.StrEnum):
    """What a write may be good for in the hands of an intruder, the gravest first."""

    CREDENTIAL = "credential"
    PRINCIPAL = "principal"
    TRUST = "trust"
    CODE = "code"
    BLINDFOLD = "blindfold"
    DATA_OUT = "data_out"
    NETWORK = "network"
    SCHEDULE = "schedule"
    OTHER = "other"


# Verbs such as Test, Verify, Poll and Receive are missing: some of their operations change something.
_READ: t.Final = re.compile(
    r"(AdminGet|AdminList|BatchCheck|BatchDescribe|BatchGet|BatchList|BatchSearch|Check|Count|Describe|Detect|Discover"
    r"|Estimate|Evaluate|Filter|Get|Head|Is|List|Lookup|Preview|Query|Read|Retrieve|Scan|Search|Select|Simulate|Validate|View)(?=[A-Z]|$)"
)


def is_named_like_read(name: str) -> bool:
    """Whether an operation has the name of a read."""
    return bool(_READ.match(name))


def find_write_class(source: str, name: str) -> t.Optional[WriteClass]:
    """Find the class of a writing operation; None if the table lacks it, as all that only read.

    :param source: the first part of the event's source, such as ``iam``.
    :param name: the name of the operation, without a version.
    """
    return _classes_of(source).get(name)


def list_writes() -> Iterator[tuple[str, str]]:
    """List the source and the name of each operation in the table."""
    return ((source, name) for source in _lines() for name in _classes_of(source))


# A forged record may name any source.
@functools.lru_cache(maxsize=1024)
def _classes_of(source: str) -> Mapping[str, WriteClass]:
    """The classes of the operations of a source. A name that stands under two classes has the first."""
    found: dict[str, WriteClass] = {}
    for line in _lines().get(source, ()):
        kind, _colon, names = line.partition(": ")
        for name in names.split():
            found.setdefault(name, WriteClass(kind))
    return found


@functools.cache
def _lines() -> Mapping[str, list[str]]:
    """By each name of a source, the lines of its classes."""
    found: dict[str, list[str]] = {}
    for part in WRITES.strip().split("\n\n"):
        head, *lines = part.replace("\n  ", " ").splitlines()
        found.update(dict.fromkeys(head.split(), lines))
    return found
