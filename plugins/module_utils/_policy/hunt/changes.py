# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an event changed something, what kind of change it is, and what it is about.

A call that nobody knows changes something, until somebody shows the contrary.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..facts.operations import WriteClass, find_write_class, is_named_like_read
from .event import Event

# Lambda and CloudFront append the version of their API: CreateFunction20150331, AddPermission20150331v2.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_VERSION: t.Final = re.compile(r"\d{4}_?\d{2}_?\d{2}(v\d+)?$", re.ASCII)
_WORD: t.Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
_OBJECT: t.Final = re.compile(r"(arn|name|id|identifier|key|url|bucket|path|email)$", re.IGNORECASE)
_NO_OBJECT: t.Final = re.compile(r"(token|requestid|host|callerreference|dryrun|ownerid|regionname)$", re.IGNORECASE)
_DEEPEST: t.Final = 8
_MOST: t.Final = 1000
#: The longest name of an object that is taken from an event: that of an ARN in AWS's own models.
_LONGEST: t.Final = 2048


def source_of(event: Event) -> str:
    """The event's source without its domain: ``iam`` of ``iam.amazonaws.com``."""
    return _strip_domain(event.source)


def _strip_domain(source: str) -> str:
    return source.removesuffix(".cn").removesuffix(".amazonaws.com")


def name_of(event: Event) -> str:
    """The name of the operation without the version of its API: ``CreateFunction`` of ``CreateFunction20150331``."""
    return _VERSION.sub("", event.name)


def find_class(event: Event) -> t.Optional[WriteClass]:
    """Find the class of the operation that an event is about; None if the table of botocore's writes lacks it."""
    return _find_class(event.source, event.name)


@functools.lru_cache(maxsize=8192)
def _find_class(source: str, name: str) -> t.Optional[WriteClass]:
    return find_write_class(_strip_domain(source), _VERSION.sub("", name))


def changes(event: Event) -> bool:
    """Whether a successful event changed something, or handed out a credential."""
    return not event.is_failed and asks_for_change(event)


def asks_for_change(event: Event) -> bool:
    """Whether an event, failed or not, is one that changes something or hands out a credential.

    CloudTrail says whether a call only reads, and counts the opening of a session among the reads. Where a record does
    not say it, only the name of a read is one.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    if event.is_marked_write or find_class(event) is WriteClass.CREDENTIAL:
        return True
    return not event.is_read_only and not is_named_like_read(name_of(event))


def name_object(event: Event) -> str:
    """Name what an event is about: a parameter of the request, else an element of the response; empty if it has none.

    A parameter that is named after the operation counts first: ``policyArn`` of ``CreatePolicyVersion``.
    """
    words = [word.lower() for word in _WORD.findall(name_of(event))[1:]]
    found = [*list_values(event.request), *list_values(event.response)]
    named = [pair for pair in found if _OBJECT.search(pair[0]) and not _NO_OBJECT.search(pair[0]) and pair[1]]
    fitting = (value for name, value in named if any(name.startswith(word) for word in words))
    return next(fitting, next((value for _name, value in named), ""))[:_LONGEST]


def list_values(value: t.Any) -> list[tuple[str, str]]:
    """List the texts, numbers and truth values in a structure of a record, with their names in lower case."""
    found: list[tuple[str, str]] = []
    for pair in _walk(value, "", 0):
        found.append(pair)
        if len(found) >= _MOST:
            break
    return found


def _walk(value: t.Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, (str, int, float)):
        yield name, str(value)
    elif type(value) is dict or isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(inner, str(key).lower(), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, name, depth + 1)
