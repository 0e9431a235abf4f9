# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The resources that a CloudTrail event is about, and the roles that its request hands to a service.

Few events list their resources; for the others an ARN that stands in the request or in the answer does, or the names in
the request, put in the place of the placeholders of the resource types that the action has. A resource that can't be
told for certain is left out.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from . import catalogue
from .arn import arn_parts
from .matching import text_matcher
from .narrowing import resource_types
from .pass_role import PassedRole

Record = Mapping[str, t.Any]
# The ARN of ``role/NAME``, ``user/NAME`` or ``group/NAME``: requests and events call IAM's entities without their path.
Names = Mapping[str, str]

_PLACEHOLDER: t.Final = re.compile(r"\$\{([A-Za-z0-9]+)\}")
# Placeholders that requests call otherwise.
_ALIASES: t.Final[Mapping[str, tuple[str, ...]]] = {
    "objectname": ("key",),
    "topicname": ("name",),
}
# IAM's entities lie below a path that requests do not name.
_WITH_PATH: t.Final = frozenset({"rolenamewithpath", "usernamewithpath", "groupnamewithpath", "policynamewithpath"})
_ENTITIES: t.Final = ("role", "user", "group")
# No request in use is nested deeper.
_DEEPEST: t.Final = 12


def resources_of(record: Record, action: str, names: Names) -> tuple[str, ...]:
    """The ARNs of the resources of an event, of the types that ``action`` (lower case) is about; empty if not known."""
    arn = record["userIdentity"].get("arn")
    parts = arn_parts(arn) if isinstance(arn, str) else None
    patterns = resource_types(action, parts.partition if parts else "aws")
    if not patterns or patterns == ("*",):
        return ()
    matches = text_matcher(patterns)
    listed = [arn for arn in _listed(record) if matches(arn)]
    if listed:
        return tuple(dict.fromkeys(listed))
    mentioned = (*_strings(record.get("requestParameters")), *_strings(record.get("responseElements")))
    told = [text for text in mentioned if text.startswith("arn:") and matches(text)]
    if told:
        return tuple(dict.fromkeys(told))
    named = tuple(arn for arn in _named_entities(record, names) if matches(arn))
    return named or tuple(_filled(record, action, parts.partition if parts else "aws"))


def passed_roles(record: Record, role: PassedRole, names: Names, partition: str) -> tuple[t.Optional[str], ...]:
    """The ARNs of the roles that a request hands to a service; None for one that it does not name by an ARN.

    Instance profiles hold roles, of which the request does not speak. Empty where no role is handed over.
    """
    parameters = record.get("requestParameters")
    if not isinstance(parameters, Mapping):
        return ()
    found: dict[t.Optional[str], None] = {}
    if not role.parameters:
        texts = (text for text in _strings(parameters) if ":iam::" in text and ":role/" in text)
        return tuple(dict.fromkeys(texts))
    wanted = frozenset(name.lower() for name in role.parameters)
    for text in _values_of(parameters, wanted):
        parts = arn_parts(text)
        if parts is not None:
            found[text if parts.partition == partition and parts.resource.startswith("role/") else None] = None
        else:
            found[names.get(f"role/{text.rpartition('/')[2]}")] = None
    return tuple(found)


def _listed(record: Record) -> Iterator[str]:
    resources = record.get("resources")
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, Mapping) and isinstance(resource.get("ARN"), str):
            yield resource["ARN"]


def _strings(value: t.Any, depth: int = 0) -> Iterator[str]:
    """All texts in a structure."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, (Mapping, list)):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(member, depth + 1)


def _values_of(value: t.Any, wanted: frozenset[str], depth: int = 0) -> Iterator[str]:
    """All texts at or below the parameters with one of the names, which are in lower case."""
    if depth >= _DEEPEST or not isinstance(value, (Mapping, list)):
        return
    if isinstance(value, list):
        for member in value:
            yield from _values_of(member, wanted, depth + 1)
        return
    for key, member in value.items():
        if str(key).lower() in wanted:
            yield from (text for text in _strings(member) if text)
        else:
            yield from _values_of(member, wanted, depth + 1)


def _named_entities(record: Record, names: Names) -> Iterator[str]:
    parameters = record.get("requestParameters")
    if not isinstance(parameters, Mapping):
        return
    for kind in _ENTITIES:
        name = parameters.get(f"{kind}Name")
        arn = names.get(f"{kind}/{name}")
        if arn is not None:
            yield arn


def _filled(record: Record, action: str, partition: str) -> Iterator[str]:
    """ARNs made of the types of resources of an action with the names in the request in their places."""
    parameters = record.get("requestParameters")
    if not isinstance(parameters, Mapping):
        return
    given = {str(key).lower(): value for key, value in parameters.items() if isinstance(value, str) and value}
    places = {
        "partition": partition,
        "region": record.get("awsRegion"),
        "account": record.get("recipientAccountId"),
    }
    for template in _templates(action):
        arn = _with_names(template, places, given)
        if arn is not None:
            yield arn
            # An object is in a bucket: what names both is about the former.
            return


def _with_names(template: str, places: Mapping[str, t.Any], given: Mapping[str, str]) -> t.Optional[str]:
    own = 0
    filled: list[str] = []
    for index, piece in enumerate(_PLACEHOLDER.split(template)):
        if index % 2 == 0:
            filled.append(piece)
            continue
        name = piece.lower()
        value = places[name] if name in places else _value(name, given)
        if not isinstance(value, str) or not value or value.startswith("arn:"):
            return None
        own += name not in places
        filled.append(value)
    return "".join(filled) if own else None


def _value(name: str, given: Mapping[str, str]) -> t.Optional[str]:
    if name in _WITH_PATH:
        return None
    return next((given[alias] for alias in (name, *_ALIASES.get(name, ())) if alias in given), None)


@functools.lru_cache(maxsize=4096)
def _templates(action: str) -> tuple[str, ...]:
    """The formats of the ARNs of an action's resources, those with the most placeholders first."""
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    types = catalogue.resource_types(service)
    found = [types[kind.lower()].arn for kind in known.resources if kind.lower() in types] if known else []
    return tuple(sorted(found, key=lambda arn: -arn.count("${")))
