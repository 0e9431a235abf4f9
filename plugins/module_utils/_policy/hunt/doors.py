# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Doors: what an event gave its caller, or anybody, to come back with, besides keys.

A door is followed by what its use shows: a principal, the name of a session, or an identity provider. Where the event
shows none of these, nobody can tell a return from other work.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ..documents.arn import arn_parts
from ..facts.operations import WriteClass
from .changes import changes, find_class, list_values, name_of
from .event import Event, Record, list_mappings
from .links import opens_session, partition_of, short_name

_DOORS: t.Final = frozenset({WriteClass.CREDENTIAL, WriteClass.PRINCIPAL, WriteClass.TRUST, WriteClass.CODE})
_REACTIVATES: t.Final = re.compile(r"(Activate|Enable|Reactivate|Restore|Resume|Unarchive)(?=[A-Z])")
_CLOSES: t.Final = re.compile(
    r"(Cancel|Deactivate|Delete|Deregister|Detach|Disable|Disassociate|Reject|Remove|Revoke|Stop|Suspend|Terminate)"
    r"(?=[A-Z]|$)"
)
_ROLE: t.Final = re.compile(r"(^|[a-z_])role(arn|name)?$|^roles?$")
_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII)
_MACHINE: t.Final = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})\Z", re.ASCII)
_TASK: t.Final = re.compile(r"arn:[\w-]+:ecs:[\w-]*:\d*:task/(?:[\w-]+/)?([\w-]+)\Z", re.ASCII)
_BUILD: t.Final = re.compile(r"[\w-]+:([0-9a-f-]{36})\Z", re.ASCII)
# Their events have parameters and answers of their own.
_NAMES_NO_ROLE: t.Final = frozenset({"iam", "signin", "sts"})
_MOST: t.Final = 50


@dataclasses.dataclass(frozen=True)
class Made:
    """Something that an event gave its caller besides keys.

    ``principals`` are the ARNs of users and roles that were made, opened to others, or that new code runs with.
    ``session_names`` are names that the sessions of a machine, task, build or function have. ``providers`` are the ARNs
    of identity providers, trust anchors and profiles. ``is_new`` says whether it was made, and did not exist before.
    """

    principals: tuple[str, ...] = ()
    session_names: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    is_new: bool = True

    def __bool__(self) -> bool:
        return bool(self.principals or self.session_names or self.providers)


def is_door(event: Event) -> bool:
    """Whether somebody can come back by what an event did.

    It made or changed a credential, a principal, a trust or code, or turned something on again.
    """
    name = name_of(event)
    if not changes(event) or _CLOSES.match(name) or ("status", "inactive") in _list_lower(event.request):
        return False
    return find_class(event) in _DOORS or bool(_REACTIVATES.match(name))


def _list_lower(record: Record) -> set[tuple[str, str]]:
    return {(name, value.lower()) for name, value in list_values(record)}


def find_made(event: Event) -> t.Optional[Made]:
    """Find what else a successful event gave its caller; None if nothing is known."""
    if event.is_failed:
        return None
    find = _FINDERS.get((event.service, name_of(event)))
    if find is None and event.service not in _NAMES_NO_ROLE and find_class(event) in _DOORS:
        find = _find_of_parameters
    found = find(event) if find is not None else None
    return found or None


def find_named(event: Event) -> tuple[str, ...]:
    """Find the users and roles that a door of IAM names, by their ARNs without paths."""
    if event.service != "iam" or not is_door(event):
        return ()
    named = ((kind, event.request.get(member)) for kind, member in (("user", "userName"), ("role", "roleName")))
    return tuple(_arn(event, kind, name) for kind, name in named if isinstance(name, str) and name)


def find_provider(event: Event, providers: t.Container[str]) -> str:
    """Find the provider of a session that an event opens among some; empty if it is none of them.

    A token's subject begins with the ARN of its provider. SAML and Roles Anywhere name theirs in the request.
    """
    if not opens_session(event) and (event.service, event.name) != ("rolesanywhere", "CreateSession"):
        return ""
    subject = event.principal_id
    ends = (match.start() for match in re.finditer(":", subject))
    candidates = [*(subject[:end] for end in ends), *(value for _name, value in list_values(event.request))]
    return next((one for one in candidates if one.startswith("arn:") and one in providers), "")


def _find_principal(member: str, kind: str, *, is_new: bool) -> Callable[[Event], Made]:
    def find(event: Event) -> Made:
        name = _text(event.request, member)
        return Made(principals=(_arn(event, kind, name),) if name else (), is_new=is_new)

    return find


def _find_providers(*, is_new: bool) -> Callable[[Event], Made]:
    def find(event: Event) -> Made:
        values = (*list_values(event.response), *list_values(event.request))
        found = dict.fromkeys(value for _name, value in values if _is_provider(value))
        ids = ((name, value) for name, value in values if name in ("trustanchorid", "profileid"))
        made = (_arn_of_anchor(event, name, value) for name, value in ids)
        return Made(providers=tuple(dict.fromkeys((*found, *made))), is_new=is_new)

    return find


def _is_provider(text: str) -> bool:
    parts = arn_parts(text)
    kinds = ("oidc-provider/", "saml-provider/", "trust-anchor/", "profile/")
    return parts is not None and parts.service in ("iam", "rolesanywhere") and parts.resource.startswith(kinds)


def _arn_of_anchor(event: Event, name: str, value: str) -> str:
    kind = "trust-anchor" if name == "trustanchorid" else "profile"
    return f"arn:{partition_of(event)}:rolesanywhere:{event.region}:{event.account_id}:{kind}/{value}"


def _find_machines(event: Event) -> Made:
    made = list_mappings(event.response.get("instancesSet"))
    return Made(session_names=tuple(filter(None, (_text(item, "instanceId") for item in made))))


def _find_function(*, is_new: bool) -> Callable[[Event], Made]:
    def find(event: Event) -> Made:
        name = (_text(event.request, "functionName") or _text(event.response, "functionName")).rpartition(":")[2]
        return Made(session_names=(name,) if name else (), is_new=is_new)

    return find


def _find_build(event: Event) -> Made:
    found = (match for _name, value in list_values(event.response) if (match := _BUILD.match(value)))
    return Made(session_names=tuple(dict.fromkeys(f"AWSCodeBuild-{one[1]}" for one in found))[:_MOST])


def _find_tasks(event: Event) -> Made:
    found = (match for _name, value in list_values(event.response) if (match := _TASK.match(value)))
    return Made(session_names=tuple(dict.fromkeys(one[1] for one in found))[:_MOST])


def _find_of_parameters(event: Event) -> Made:
    """The users and roles in a request, such as those that code runs with, and the machines and tasks in it."""
    values = list_values(event.request)
    roles = dict.fromkeys(arn for name, value in values for arn in _list_roles(event, name, value))
    names = dict.fromkeys(name for _name, value in values for name in _list_machines(value))
    return Made(tuple(roles)[:_MOST], tuple(names)[:_MOST], is_new=False)


def _list_roles(event: Event, name: str, value: str) -> Iterator[str]:
    parts = arn_parts(value)
    if parts is not None:
        if parts.service == "iam" and parts.resource.startswith(("role/", "user/")):
            yield value
    elif find_class(event) is WriteClass.CODE and _ROLE.search(name) and _NAME.match(value):
        yield _arn(event, "role", value)


def _list_machines(value: str) -> Iterator[str]:
    task = _TASK.match(value)
    if task:
        yield task[1]
    elif _MACHINE.match(value):
        yield value


def _arn(event: Event, kind: str, name: str) -> str:
    return f"arn:{partition_of(event)}:iam::{event.account_id}:{kind}/{name}"


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


_FINDERS: t.Final[Mapping[tuple[str, str], Callable[[Event], Made]]] = {
    ("codebuild", "StartBuild"): _find_build,
    ("ec2", "RunInstances"): _find_machines,
    ("ecs", "RunTask"): _find_tasks,
    ("iam", "AddClientIDToOpenIDConnectProvider"): _find_providers(is_new=False),
    ("iam", "CreateLoginProfile"): _find_principal("userName", "user", is_new=False),
    ("iam", "CreateOpenIDConnectProvider"): _find_providers(is_new=True),
    ("iam", "CreateRole"): _find_principal("roleName", "role", is_new=True),
    ("iam", "CreateSAMLProvider"): _find_providers(is_new=True),
    ("iam", "CreateUser"): _find_principal("userName", "user", is_new=True),
    ("iam", "UpdateAssumeRolePolicy"): _find_principal("roleName", "role", is_new=False),
    ("iam", "UpdateLoginProfile"): _find_principal("userName", "user", is_new=False),
    ("iam", "UpdateOpenIDConnectProviderThumbprint"): _find_providers(is_new=False),
    ("iam", "UpdateSAMLProvider"): _find_providers(is_new=False),
    ("lambda", "CreateFunction"): _find_function(is_new=True),
    ("lambda", "UpdateFunctionCode"): _find_function(is_new=False),
    ("lambda", "UpdateFunctionConfiguration"): _find_function(is_new=False),
    ("rolesanywhere", "CreateProfile"): _find_providers(is_new=True),
    ("rolesanywhere", "CreateTrustAnchor"): _find_providers(is_new=True),
    ("rolesanywhere", "EnableProfile"): _find_providers(is_new=False),
    ("rolesanywhere", "EnableTrustAnchor"): _find_providers(is_new=False),
    ("rolesanywhere", "UpdateProfile"): _find_providers(is_new=False),
    ("rolesanywhere", "UpdateTrustAnchor"): _find_providers(is_new=False),
}


def short_principals(made: t.Optional[Made]) -> frozenset[str]:
    """The short names of the principals of something that was made."""
    return frozenset(filter(None, map(short_name, made.principals))) if made is not None else frozenset()
