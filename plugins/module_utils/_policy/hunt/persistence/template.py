# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Templates of targets and calls, which are filled with the parameters of an event.

| place | value |
|---|---|
| ``{userName}`` | the request parameter of this name |
| ``{>userId}`` | the response element of this name |
| ``{@account}`` | ``account``, ``region`` or ``partition`` of the event, or the name of the calling ``user`` |
| ``{a|b}``, ``{a|}`` | the first of these that the event has; the empty one is always there |
| ``{>instanceId*}`` | all values of this name, as a list |
| ``{instanceNames^}`` | the value of this name, if it is the only one |
| ``{>version#}`` | a number |
| ``{policy%}`` | a policy document, as JSON |

Services write the same parameter differently, and some wrap it: ``{"DeleteFlowLogsRequest": {"FlowLogId": …}}``. So a
name is looked for without regard to case, in the outermost structure first. Values are never read as templates: an
intruder chooses them.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator, Mapping

from ...documents.arn import arn_parts
from ..event import Event

_PLACE: t.Final = re.compile(r"\{([^{}]+)\}")
_DEEPEST: t.Final = 8
# The longest value that is taken from an event: that of an ARN in AWS's own models.
_LONGEST: t.Final = 2048
_LONGEST_DOCUMENT: t.Final = 100_000
_MOST: t.Final = 1000
# Of parameters that a call does not need.
OPTIONAL: t.Final = "?"

Value = t.Union[str, int, list[str]]


class Missing(Exception):
    """The event does not have a value."""


class Facts:
    """The values of one event."""

    def __init__(self, event: Event) -> None:
        self.event: t.Final = event

    @property
    def partition(self) -> str:
        """The partition of the account."""
        parts = arn_parts(self.event.principal_arn)
        if parts is not None and parts.partition:
            return parts.partition
        return next((found for start, found in _PARTITIONS.items() if self.event.region.startswith(start)), "aws")

    def find(self, place: str) -> Value:
        """Find the value of a place, without its braces. Raises Missing."""
        for name in place.split("|"):
            try:
                return self._find(name)
            except Missing:
                continue
        raise Missing(place)

    def fill(self, template: str) -> str:
        """Fill all places of a text. Raises Missing."""
        return _PLACE.sub(lambda match: _write(self.find(match.group(1))), template)

    def fill_call(self, template: t.Any) -> t.Any:
        """Fill the parameters of a call. Raises Missing if one is missing that the call needs."""
        if isinstance(template, str):
            whole = _PLACE.fullmatch(template)
            return self.find(whole.group(1)) if whole else self.fill(template)
        if isinstance(template, Mapping):
            return dict(self._fill_members(template))
        if isinstance(template, (list, tuple)):
            return [self.fill_call(item) for item in template]
        return template

    def _fill_members(self, template: Mapping[str, t.Any]) -> Iterator[tuple[str, t.Any]]:
        for name, value in template.items():
            try:
                yield name.removeprefix(OPTIONAL), self.fill_call(value)
            except Missing:
                if not name.startswith(OPTIONAL):
                    raise

    def _find(self, name: str) -> Value:
        if not name:
            return ""
        if name.startswith("@"):
            return self._find_own(name[1:])
        source: t.Any = self.event.request
        if name.startswith(">"):
            source, name = self.event.response, name[1:]
        if name.endswith("*"):
            found = list(dict.fromkeys(_collect(source, name[:-1])))[:_MOST]
            if not found:
                raise Missing(name)
            return found
        if name.endswith("^"):
            several = list(dict.fromkeys(_collect(source, name[:-1])))
            return several[0] if len(several) == 1 else _refuse(name)
        if name.endswith("%"):
            return _read_document(_look_up(source, name[:-1]))
        value = _look_up(source, name.removesuffix("#"))
        return _read_number(value) if name.endswith("#") else _read_text(value)

    def _find_own(self, name: str) -> str:
        event = self.event
        user = event.principal_arn.rpartition("/")[2] if event.caller == "user" else ""
        own = {
            "account": event.account_id,
            "region": event.region,
            "partition": self.partition,
            "user": user,
        }
        if not own[name]:
            raise Missing(name)
        return own[name]


_PARTITIONS: t.Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso"}


def _refuse(name: str) -> str:
    raise Missing(name)


def _write(value: Value) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _read_text(value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Missing("no text")
    text = str(value)
    if not text or len(text) > _LONGEST:
        raise Missing("empty, or too long")
    return text


def _read_number(value: t.Any) -> int:
    try:
        return int(_read_text(value))
    except ValueError:
        raise Missing("no number") from None


def _read_document(value: t.Any) -> str:
    """Some services record a document as a text, and others as a structure."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if not text.lstrip().startswith(("{", "%7B")) or len(text) > _LONGEST_DOCUMENT:
        raise Missing("no document")
    return text


def _look_up(source: t.Any, name: str) -> t.Any:
    """Look up a name with dots: each part in the structure that the part before has found."""
    for part in name.split("."):
        source = next(_walk(source, part.lower()), None)
        if source is None:
            raise Missing(name)
    return source


def _collect(source: t.Any, name: str) -> Iterator[str]:
    *before, last = name.split(".")
    if before:
        try:
            source = _look_up(source, ".".join(before))
        except Missing:
            return
    for value in _walk(source, last.lower()):
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str) and 0 < len(item) <= _LONGEST:
                yield item


def _walk(source: t.Any, name: str, depth: int = 0) -> Iterator[t.Any]:
    """All values of a name, those of outer structures first."""
    if depth > _DEEPEST:
        return
    if isinstance(source, Mapping):
        yield from (value for key, value in source.items() if isinstance(key, str) and key.lower() == name)
        for value in source.values():
            yield from _walk(value, name, depth + 1)
    elif isinstance(source, list):
        for item in source:
            yield from _walk(item, name, depth + 1)
