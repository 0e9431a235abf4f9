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
    content = {"schema": SCHEMA, "snapshot": _to_plain(snapshot)}
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
    snapshot: Snapshot = _value(Snapshot, plain, "snapshot")
    unknown = tuple(
        Unread(dataset, UnreadKind.NOT_REQUESTED, _OLDER)
        for dataset, member in _LATER.items()
        if member not in plain and snapshot.missing(dataset) is None
    )
    if "enabled_regions" not in plain:
        snapshot = dataclasses.replace(snapshot, enabled_regions_unread=_OLDER)
    return dataclasses.replace(snapshot, unread=(*snapshot.unread, *unknown)) if unknown else snapshot


def _to_plain(value: t.Any) -> t.Any:
    """Convert ``value`` to the types that JSON has."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return format_moment(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _to_plain(getattr(value, name)) for name in _types_of(type(value))}
    if isinstance(value, Mapping):
        return {key: _to_plain(member) for key, member in value.items()}
    if isinstance(value, (tuple, list)):
        return [_to_plain(member) for member in value]
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


def _value(kind: t.Any, plain: t.Any, path: str) -> t.Any:
    """``plain`` as a value of the type ``kind``. ``path`` is where in the snapshot it stands."""
    if kind is t.Any:
        return plain
    origin = t.get_origin(kind)
    if origin in (t.Union, types.UnionType):
        return _parse_optional(kind, plain, path)
    if origin is tuple:
        (member_kind, _ellipsis) = t.get_args(kind)
        members = _check_type(list, plain, path)
        return tuple(_value(member_kind, member, f"{path}[{index}]") for index, member in enumerate(members))
    if origin is not None and issubclass(origin, Mapping):
        _key_kind, member_kind = t.get_args(kind)
        mapping = _check_type(dict, plain, path)
        return {key: _value(member_kind, member, f"{path}.{key}") for key, member in mapping.items()}
    if dataclasses.is_dataclass(kind):
        return _record(kind, _check_type(dict, plain, path), path)
    if issubclass(kind, enum.Enum):
        return _parse_value(kind, plain, path, "one of " + ", ".join(str(member.value) for member in kind))
    if kind is datetime:
        return _parse_value(parse_moment, _check_type(str, plain, path), path, "a date and time in ISO 8601")
    return _check_type(kind, plain, path)


def _parse_optional(kind: t.Any, plain: t.Any, path: str) -> t.Any:
    if plain is None:
        return None
    (present,) = (member for member in t.get_args(kind) if member is not types.NoneType)
    return _value(present, plain, path)


def _record(kind: t.Any, plain: Mapping[str, t.Any], path: str) -> t.Any:
    known = _types_of(kind)
    unknown = sorted(set(plain) - set(known))
    if unknown:
        raise SnapshotError(f"{path}: {', '.join(unknown)} unknown; members are {', '.join(known)}")
    missing = sorted(_list_required_fields(kind) - set(plain))
    if missing:
        raise SnapshotError(f"{path}: {', '.join(missing)} missing")
    return kind(**{name: _value(known[name], member, f"{path}.{name}") for name, member in plain.items()})


def _check_type(kind: type[t.Any], plain: t.Any, path: str) -> t.Any:
    # bool is a subclass of int, but true is no number.
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise SnapshotError(f"{path}: a {kind.__name__} is expected, not a {type(plain).__name__}")
    return plain


def _parse_value(parse: t.Callable[[t.Any], t.Any], plain: t.Any, path: str, expected: str) -> t.Any:
    try:
        return parse(plain)
    except ValueError as error:
        raise SnapshotError(f"{path}: {plain!r} is not {expected}") from error
