# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""State files of Terraform and OpenTofu: the addresses of their IAM objects, and nothing else of their content.

State files hold secrets. Only a resource's address (mode, module, type, name, index) and its attribute ``arn`` are
read. The format is version 4: https://developer.hashicorp.com/terraform/internals/json-format describes its export, and
the file itself is what ``terraform state pull`` prints.
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
# Larger than the states of whole organizations, and small enough for memory.
MOST_BYTES: t.Final = 256 * 1024 * 1024


class StateError(Exception):
    """A file is no readable state of Terraform. The message does not quote its content."""


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


def parse_state(content: bytes, place: str) -> tuple[StateResource, ...]:
    """Parse a state file into its IAM objects.

    :raises StateError: it is none, is encrypted, or has another version than 4.
    """
    if len(content) > MOST_BYTES:
        raise StateError(f"{place} has more than {MOST_BYTES // 1024 // 1024} MB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise StateError(f"{place} is no JSON") from None
    if not isinstance(document, Mapping):
        raise StateError(f"{place} is no state of Terraform")
    if "encrypted_data" in document:
        raise StateError(f"{place} is encrypted, as OpenTofu does it")
    resources = document.get("resources")
    if document.get("version") != _VERSION or not isinstance(resources, list):
        raise StateError(
            f"{place} is no state of version {_VERSION}; run `terraform state pull` with a current version"
        )
    return tuple(item for resource in resources for item in _parse_resource(resource, place))


def _parse_resource(resource: t.Any, place: str) -> Iterator[StateResource]:
    # Data sources only read: they own nothing.
    if not isinstance(resource, Mapping) or resource.get("mode") != "managed":
        return
    names = [resource.get(key) for key in ("type", "name")]
    module = resource.get("module") or ""
    instances = resource.get("instances")
    if not all(isinstance(name, str) for name in (*names, module)) or not isinstance(instances, list):
        raise StateError(f"{place} has a malformed resource")
    kind, name = (str(item) for item in names)
    for instance in instances:
        arn = _find_arn(instance)
        if arn is not None:
            address = ".".join(filter(None, (module, kind, name))) + _format_index(instance)
            yield StateResource(address, kind, name, arn, place)


def _find_arn(instance: t.Any) -> t.Optional[str]:
    attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
    arn = attributes.get("arn") if isinstance(attributes, Mapping) else None
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    if len(parts) != _ARN_PARTS or parts[0] != "arn" or parts[2] != "iam":
        return None
    return arn if parts[5].partition("/")[0] in _KINDS else None


def _format_index(instance: Mapping[str, t.Any]) -> str:
    """The index of an instance that ``count`` or ``for_each`` made."""
    index = instance.get("index_key")
    if isinstance(index, bool) or not isinstance(index, (int, str)):
        return ""
    return f"[{json.dumps(index)}]"
