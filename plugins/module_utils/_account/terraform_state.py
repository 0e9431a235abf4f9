# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""State files of Terraform and OpenTofu: the addresses of their IAM objects, and nothing else of their content.

State files hold secrets. Only a resource's address (mode, module, type, name, index) and its attribute ``arn`` are
read. The format is version 4, as Terraform and OpenTofu write and read it: internal/states/statefile/version4.go in
their sources. Version 4 also has states whose attributes an old version wrote as ``attributes_flat``.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator, Mapping

from .stacks import ObjectKey

_VERSION: t.Final = 4
_ARN_PARTS: t.Final = 6
_KINDS: t.Final = frozenset({"group", "policy", "role", "user"})
# These always have an ARN. One without it was cut off while Terraform made it, so its object is not known.
_TYPES: t.Final = frozenset({"aws_iam_group", "aws_iam_policy", "aws_iam_role", "aws_iam_user"})
_MODES: t.Final = frozenset({"data", "managed"})
# Larger than the states of whole organizations, and small enough for memory.
MOST_BYTES: t.Final = 256 * 1024 * 1024


class StateError(Exception):
    """A document is no readable state of Terraform. The message does not quote its content."""


@dataclasses.dataclass(frozen=True)
class StateResource:
    """An IAM object in a state file. ``name`` is its name in the configuration, ``place`` the file."""

    address: str
    type: str
    name: str
    arn: str
    place: str

    @property
    def key(self) -> ObjectKey:
        parts = self.arn.split(":", 5)
        kind, _slash, path = parts[5].partition("/")
        return (parts[4], kind, path.rpartition("/")[2].lower())


@dataclasses.dataclass(frozen=True)
class StateFile:
    """All that is kept of a state file: those of its IAM objects that one account has."""

    resources: tuple[StateResource, ...] = ()


@dataclasses.dataclass(frozen=True)
class State:
    """The IAM objects of a state. ``accounts`` are those of which it manages anything with an ARN."""

    resources: tuple[StateResource, ...]
    accounts: tuple[str, ...]


def parse_state(document: t.Any, place: str) -> State:
    """Parse the JSON document of a state file.

    :raises StateError: it is none, is encrypted, has another version than 4, or has a resource that can't be read.
    """
    if not isinstance(document, Mapping):
        raise StateError("it is no state of Terraform")
    if "encrypted_data" in document:
        raise StateError("it is encrypted, as OpenTofu does it")
    version, resources = document.get("version"), document.get("resources")
    # In Python, true and 4.0 can equal numbers.
    if type(version) is not int or version != _VERSION or not isinstance(resources, list):
        raise StateError(f"it is no state of version {_VERSION}; run `terraform state pull` with a current version")
    found = [item for resource in resources for item in _parse_resource(resource, place)]
    accounts = {item.arn.split(":", 5)[4] for item in found}
    own = tuple(item for item in found if _names_object(item.arn))
    return State(own, tuple(sorted(account for account in accounts if account.isdecimal())))


def _parse_resource(resource: t.Any, place: str) -> Iterator[StateResource]:
    """Parse a resource into its instances that have an ARN. Data sources only read: they own nothing."""
    mode = resource.get("mode") if isinstance(resource, Mapping) else None
    if mode not in _MODES:
        raise StateError("it has a malformed resource")
    names = [resource.get(key) for key in ("type", "name")]
    module = resource.get("module") or ""
    instances = resource.get("instances")
    if not all(isinstance(name, str) for name in (*names, module)) or not isinstance(instances, list):
        raise StateError("it has a malformed resource")
    if mode == "data":
        return
    kind, name = (str(item) for item in names)
    for instance in instances:
        address = ".".join(filter(None, (module, kind, name))) + _format_index(instance)
        arn = _find_arn(instance)
        if kind in _TYPES and not _names_object(arn):
            raise StateError("it has an IAM object without its ARN; run `terraform apply` to complete it")
        if arn.count(":") >= _ARN_PARTS - 1:
            yield StateResource(address, kind, name, arn, place)


def _names_object(arn: str) -> bool:
    """Whether an ARN is one of a role, user, group or policy of an account."""
    parts = arn.split(":", 5)
    if len(parts) != _ARN_PARTS or parts[0] != "arn" or parts[2] != "iam" or not parts[4].isdecimal():
        return False
    return parts[5].partition("/")[0] in _KINDS


def _find_arn(instance: t.Any) -> str:
    """The attribute ``arn`` of an instance; empty if it has none."""
    if not isinstance(instance, Mapping):
        raise StateError("it has a malformed resource")
    attributes = instance.get("attributes")
    if attributes is None:
        attributes = instance.get("attributes_flat") or {}
    if not isinstance(attributes, Mapping):
        raise StateError("it has a malformed resource")
    arn = attributes.get("arn")
    return arn if isinstance(arn, str) else ""


def _format_index(instance: t.Any) -> str:
    """The index of an instance that ``count`` or ``for_each`` made."""
    index = instance.get("index_key") if isinstance(instance, Mapping) else None
    if isinstance(index, bool) or not isinstance(index, (int, str)):
        return ""
    return f"[{json.dumps(index)}]"
