# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of policy_simulation_info as data: requests, and the layers that are given for them."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..._account.account_id import parse_account_id
from ..._module.arguments import ArgumentSpec
from ..._module.documents import absolute, policy_of
from ..._module.task import TaskError
from ..._policy.documents.policy import Kind, Policy
from ..._policy.evaluation.context import Values

# The fields of Layers that have been given, by their names.
Given = Mapping[str, t.Any]

_ACTION: t.Final = re.compile(r"[^:*?\s]+:[^:*?\s]+")
_LAYER_ARGUMENTS: t.Final[ArgumentSpec] = {
    name: {"type": "raw"} for name in ("identity", "boundary", "session", "scps", "rcps", "endpoint")
}
LAYERS_ARGUMENT: t.Final = {"type": "dict", "options": _LAYER_ARGUMENTS}

REQUEST_ARGUMENTS: t.Final[ArgumentSpec] = {
    "requests": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "id": {"type": "str"},
            "action": {"type": "str", "required": True},
            "resource": {"type": "str", "default": "*"},
            "principal": {"type": "str"},
            "context": {"type": "dict", "default": {}},
            "resource_policy": {"type": "raw"},
            "resource_account": {"type": "str"},
            "layers": LAYERS_ARGUMENT,
        },
    },
    "layers": LAYERS_ARGUMENT,
}


@dataclasses.dataclass(frozen=True)
class DeclaredRequest:
    """One request of the option ``requests``; ``option`` is its place there, for messages.

    ``given`` holds the layers that are given for it, those of the request before those of the task.
    """

    id: str
    option: str
    action: str
    resource: str
    principal: t.Optional[str]
    context: Mapping[str, Values]
    resource_policy: t.Optional[Policy]
    resource_account: t.Optional[str]
    given: Given


def parse_requests(options: Mapping[str, t.Any]) -> tuple[DeclaredRequest, ...]:
    """Parse the requests in the options of a task.

    :raises TaskError: one that no request could be, or a document that IAM would refuse; the message names the place.
    """
    given = parse_layers(options["layers"], "layers")
    requests = tuple(
        _parse_request(request, index=index, given=given) for index, request in enumerate(options["requests"])
    )
    places: dict[str, str] = {}
    for request in requests:
        if places.setdefault(request.id, request.option) != request.option:
            raise TaskError(f"{request.option}.id: {request.id!r} is the id of {places[request.id]} already")
    return requests


def absolute_documents(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task arguments that hold documents, with paths of files made absolute; for the action plugin."""
    found: dict[str, t.Any] = {}
    if isinstance(arguments.get("layers"), Mapping):
        found["layers"] = _make_layers_absolute(arguments["layers"])
    if isinstance(arguments.get("requests"), list):
        found["requests"] = [_make_request_absolute(request) for request in arguments["requests"]]
    return found


def _make_request_absolute(request: t.Any) -> t.Any:
    if not isinstance(request, Mapping):
        return request
    found = dict(request)
    if "resource_policy" in request:
        found["resource_policy"] = absolute(request["resource_policy"])
    if isinstance(request.get("layers"), Mapping):
        found["layers"] = _make_layers_absolute(request["layers"])
    return found


def _make_layers_absolute(layers: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: absolute(value) for name, value in layers.items()}


def _parse_request(request: Mapping[str, t.Any], *, index: int, given: Given) -> DeclaredRequest:
    option = f"requests[{index}]"
    action = request["action"]
    if not _ACTION.fullmatch(action):
        raise TaskError(f"{option}.action: {action!r} is not one action of one service, such as s3:GetObject")
    policy = request["resource_policy"]
    is_trust = action.lower().startswith(("sts:assumerole", "sts:tagsession", "sts:setsourceidentity"))
    kind = Kind.TRUST if is_trust else Kind.RESOURCE
    return DeclaredRequest(
        id=str(index) if request["id"] is None else request["id"],
        option=option,
        action=action,
        resource=request["resource"],
        principal=request["principal"],
        context=_parse_context(request["context"], f"{option}.context"),
        resource_policy=policy_of(policy, option=f"{option}.resource_policy", kind=kind) if policy else None,
        resource_account=_parse_account(request["resource_account"], f"{option}.resource_account"),
        given={**given, **parse_layers(request["layers"], f"{option}.layers")} if request["layers"] else given,
    )


def _parse_account(text: t.Optional[str], option: str) -> t.Optional[str]:
    try:
        return parse_account_id(text)
    except ValueError as error:
        raise TaskError(f"{option}: {error}") from error


def _parse_context(context: Mapping[str, t.Any], option: str) -> Mapping[str, Values]:
    for key, value in context.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(member, (str, bool, int, float)) for member in values):
            raise TaskError(f"{option}: {key} has the value {value!r}, which is neither a string nor a list of strings")
    return context


def parse_layers(layers: t.Optional[Mapping[str, t.Any]], option: str) -> dict[str, t.Any]:
    """Parse the given layers. An empty layer counts as given: it says that there is none."""
    given = {name: value for name, value in (layers or {}).items() if value is not None}
    return {name: _READERS[name](value, f"{option}.{name}") for name, value in given.items()}


def _parse_documents(value: t.Any, option: str, kind: Kind) -> tuple[Policy, ...]:
    """Parse a list of documents; a single one counts as a list of it."""
    if not isinstance(value, list):
        return (policy_of(value, option=option, kind=kind),) if value else ()
    return tuple(policy_of(document, option=f"{option}[{index}]", kind=kind) for index, document in enumerate(value))


def _parse_boundary(value: t.Any, option: str) -> t.Optional[Policy]:
    return policy_of(value, option=option, kind=Kind.BOUNDARY) if value else None


def _parse_endpoint(value: t.Any, option: str) -> t.Optional[Policy]:
    """Parse the policy of a VPC endpoint. Like that of a resource, it names principals."""
    return policy_of(value, option=option, kind=Kind.RESOURCE) if value else None


def _parse_levels(value: t.Any, option: str, kind: Kind) -> t.Optional[tuple[tuple[Policy, ...], ...]]:
    """Parse lists of documents, a list a level. Without any level nothing of an organization applies."""
    levels: Sequence[t.Any] = value if isinstance(value, list) else [value] if value else []
    for index, level in enumerate(levels):
        # A list of documents would be one level to some and a level each to others, with opposite decisions.
        if not isinstance(level, list):
            raise TaskError(
                f"{option}[{index}]: a {type(level).__name__} is not the list of documents of a level. {option} is a"
                " list of levels, from the root of the organization to the account, and each level a list of documents"
            )
    found = tuple(_parse_documents(level, f"{option}[{index}]", kind) for index, level in enumerate(levels))
    return found or None


_READERS: t.Final[Mapping[str, Callable[[t.Any, str], t.Any]]] = {
    "identity": lambda value, option: _parse_documents(value, option, Kind.MANAGED),
    "boundary": _parse_boundary,
    "session": lambda value, option: _parse_documents(value, option, Kind.SESSION),
    "scps": lambda value, option: _parse_levels(value, option, Kind.SCP),
    "rcps": lambda value, option: _parse_levels(value, option, Kind.RCP),
    "endpoint": _parse_endpoint,
}
