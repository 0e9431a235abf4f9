# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Snapshots as JSON, so that an assessment can be made again later, elsewhere, and of another moment.

The JSON mirrors the dataclasses of :mod:`.model`, member by member; times are UTC in ISO 8601.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import types
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .model import Dataset, Snapshot, Unread, UnreadKind
from .moments import format_moment, parse_moment

SCHEMA: t.Final = "hardening.iam/snapshot/1"
# Most values of a snapshot are of these types.
_SIMPLE: t.Final = frozenset({bool, float, int, str, type(None)})
_OLDER: t.Final = "the snapshot is older than this read"
# Members that snapshots did not have from the start. An older one does not say that there were none of them.
_LATER: t.Final = {
    Dataset.ORGANIZATION_POLICIES: "organization_policies",
    Dataset.ORGANIZATION_TREE: "organization_tree",
    Dataset.ORGANIZATION_TREE_POLICIES: "organization_tree",
    Dataset.ORGANIZATION_DELEGATIONS: "organization_tree",
    Dataset.ORGANIZATION_RESOURCE_POLICY: "organization_resource_policy",
    Dataset.SSH_PUBLIC_KEYS: "ssh_public_keys",
    Dataset.ANALYZER_DETAILS: "analyzer_details",
    Dataset.ANALYZER_FINDINGS: "analyzer_findings",
    Dataset.SECURITY_HUB_DETAILS: "security_hub_details",
    Dataset.SECURITY_HUB_FINDINGS: "security_hub_findings",
    Dataset.EVENT_RULES: "alert_regions",
    Dataset.LOG_ALARMS: "metric_alarms",
    Dataset.CONFIG_RULES: "config_rules",
    Dataset.CONFIG_COMPLIANCE: "config_compliance",
}


class SnapshotError(ValueError):
    """The text is no snapshot that this version can read; the message names the place in it."""


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as JSON text; the same snapshot always gives the same text."""
    content = {"schema": SCHEMA, "snapshot": to_plain(snapshot)}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def from_json(text: str) -> Snapshot:
    """The snapshot of :func:`to_json`. Members with a default may be missing, so that older snapshots can be read.

    What an older snapshot could not hold yet is unread in it.

    :raises SnapshotError: not JSON, another schema, or content that does not fit.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SnapshotError(f"not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else None
        raise SnapshotError(f"schema: {found!r} is not {SCHEMA!r}")
    plain: t.Any = content.get("snapshot")
    snapshot: Snapshot = from_plain(Snapshot, plain, "snapshot")
    unknown = tuple(
        Unread(dataset, UnreadKind.NOT_REQUESTED, _OLDER)
        for dataset, member in _LATER.items()
        if member not in plain and snapshot.missing(dataset) is None
    )
    if "enabled_regions" not in plain:
        snapshot = dataclasses.replace(snapshot, enabled_regions_unread=_OLDER)
    return dataclasses.replace(snapshot, unread=(*snapshot.unread, *unknown)) if unknown else snapshot


def to_plain(value: t.Any) -> t.Any:
    """Convert ``value`` to the types that JSON has."""
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, (tuple, list)):
        return [to_plain(member) for member in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return format_moment(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _types_of(type(value))}
    if isinstance(value, Mapping):
        return {key: to_plain(member) for key, member in value.items()}
    return value


@functools.cache
def _types_of(kind: type[t.Any]) -> Mapping[str, t.Any]:
    """The types of a dataclass's fields by their names."""
    hints = t.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@functools.cache
def _list_required_fields(kind: type[t.Any]) -> frozenset[str]:
    missing = dataclasses.MISSING
    return frozenset(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is missing and field.default_factory is missing
    )


def field_from_plain(name: str, plain: t.Any) -> t.Any:
    """``plain`` as the value of a field of the snapshot.

    :raises SnapshotError: there is no such field, or the value does not fit.
    """
    if name not in _types_of(Snapshot):
        raise SnapshotError(f"{name}: the snapshot has no such field")
    return from_plain(_types_of(Snapshot)[name], plain, name)


def from_plain(kind: t.Any, plain: t.Any, path: str) -> t.Any:
    """``plain`` as a value of the type ``kind``. ``path`` is its place in the snapshot.

    :raises SnapshotError: it does not fit.
    """
    try:
        return _make_parser(kind)(plain)
    except _MisfitError as misfit:
        raise SnapshotError(f"{path}{''.join(reversed(misfit.place))}: {misfit.reason}") from misfit


def prepare() -> None:
    """Make the parsers of all types that are in a snapshot, for this process and its forks."""
    _make_parser(Snapshot)


class _MisfitError(Exception):
    """A value that does not fit its type; ``place`` is the way to it, from the inside."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place: list[str] = []


Parser = t.Callable[[t.Any], t.Any]


@functools.cache
def _make_parser(kind: t.Any) -> Parser:
    """Make the function that turns what JSON has into a value of a type. An account is thousands of such values."""
    if kind is t.Any:
        return lambda plain: plain
    origin = t.get_origin(kind)
    if origin in (t.Union, types.UnionType):
        (present,) = (member for member in t.get_args(kind) if member is not types.NoneType)
        parse = _make_parser(present)
        return lambda plain: None if plain is None else parse(plain)
    if origin is tuple:
        return functools.partial(_parse_items, _make_parser(t.get_args(kind)[0]))
    if origin is not None and issubclass(origin, Mapping):
        return functools.partial(_parse_members, _make_parser(t.get_args(kind)[1]))
    if dataclasses.is_dataclass(kind):
        record: t.Any = kind
        parsers = {name: _make_parser(member) for name, member in _types_of(record).items()}
        return functools.partial(_parse_record, record, parsers, _list_required_fields(record))
    if issubclass(kind, enum.Enum):
        allowed = "one of " + ", ".join(str(member.value) for member in kind)
        return functools.partial(_parse_value, kind, allowed)
    if kind is datetime:
        return lambda plain: _parse_value(parse_moment, "a date and time in ISO 8601", _check_type(str, plain))
    return functools.partial(_check_type, kind)


def _parse_items(parse: Parser, plain: t.Any) -> tuple[t.Any, ...]:
    items = []
    for index, item in enumerate(_check_type(list, plain)):
        try:
            items.append(parse(item))
        except _MisfitError as misfit:
            misfit.place.append(f"[{index}]")
            raise
    return tuple(items)


def _parse_members(parse: Parser, plain: t.Any) -> dict[str, t.Any]:
    members = {}
    for key, member in _check_type(dict, plain).items():
        try:
            members[key] = parse(member)
        except _MisfitError as misfit:
            misfit.place.append(f".{key}")
            raise
    return members


def _parse_record(kind: t.Any, parsers: Mapping[str, Parser], required: frozenset[str], plain: t.Any) -> t.Any:
    members = _check_type(dict, plain)
    if not members.keys() <= parsers.keys():
        unknown = sorted(members.keys() - parsers.keys())
        raise _MisfitError(f"{', '.join(unknown)} unknown; members are {', '.join(parsers)}")
    if not required <= members.keys():
        raise _MisfitError(f"{', '.join(sorted(required - members.keys()))} missing")
    values = {}
    for name, member in members.items():
        try:
            values[name] = parsers[name](member)
        except _MisfitError as misfit:
            misfit.place.append(f".{name}")
            raise
    return kind(**values)


def _check_type(kind: type[t.Any], plain: t.Any) -> t.Any:
    # bool is a subclass of int, but true is no number.
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise _MisfitError(f"a {kind.__name__} is expected, not a {type(plain).__name__}")
    return plain


def _parse_value(parse: Parser, expected: str, plain: t.Any) -> t.Any:
    try:
        return parse(plain)
    except ValueError as error:
        raise _MisfitError(f"{plain!r} is not {expected}") from error
