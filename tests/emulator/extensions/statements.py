# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements that apply to a principal: enough to say which services and actions it has, and to simulate requests.

This is no policy engine: it knows the commonest condition operators and no policy variables. The tests of the
collection's own engine do not rest on this one.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import re
import typing as t

from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

Principal = t.Union[User, Group, Role, ManagedPolicy]


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement of a policy: its effect, and the actions and resources that it names or excepts."""

    source: str
    allow: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def holds(self, context: t.Mapping[str, t.Sequence[str]]) -> bool:
        """Whether all conditions are met; ``context`` has its keys in lower case."""
        return all(_holds(operator, context.get(key.lower()), values) for operator, key, values in self.conditions)

    def covers_action(self, action: str) -> bool:
        """Whether the statement speaks of the action; letter case does not matter to AWS."""
        if self.not_actions:
            return not _matches(action.lower(), self.not_actions)
        return _matches(action.lower(), self.actions)

    def covers(self, action: str, resource: str) -> bool:
        """Whether the statement speaks of the action on the resource."""
        if self.not_resources:
            named = not _matches(resource, self.not_resources)
        else:
            named = resource == "*" and "*" in self.resources or _matches(resource, self.resources)
        return named and self.covers_action(action)

    def grants_service(self, service: str) -> bool:
        """Whether an action of the service may be among those that are allowed."""
        if not self.allow:
            return False
        if self.not_actions:
            return not _matches(f"{service}:any", self.not_actions)
        return any(fnmatch.fnmatchcase(service, pattern.partition(":")[0]) for pattern in self.actions)


_TESTS: t.Final[t.Mapping[str, t.Callable[[str, str], bool]]] = {
    "StringEquals": lambda value, pattern: value == pattern,
    "StringLike": lambda value, pattern: _matches(value, _patterns(pattern)),
    "ArnLike": lambda value, pattern: _matches(value, _patterns(pattern)),
    "ArnEquals": lambda value, pattern: _matches(value, _patterns(pattern)),
    "Bool": lambda value, pattern: value.lower() == pattern.lower(),
}


def _holds(operator: str, found: t.Optional[t.Sequence[str]], values: t.Sequence[str]) -> bool:
    bare = operator.removesuffix("IfExists")
    if bare == "Null":
        return (found is None) == (values[0].lower() == "true")
    negated = "Not" in bare
    if found is None:
        return negated or operator.endswith("IfExists")
    test = _TESTS.get(bare.replace("Not", ""))
    return test is not None and negated != any(test(item, value) for item in found for value in values)


def find(backend: IAMBackend, arn: str) -> Principal:
    """The user, group, role or policy with that ARN.

    :raises NoSuchEntity: if there is none.
    """
    holders: t.Iterable[t.Union[User, Group, Role]] = [
        *backend.users.values(),
        *backend.groups.values(),
        *backend.roles.values(),
    ]
    for holder in holders:
        if holder.arn == arn:
            return holder
    if arn in backend.managed_policies:
        return backend.managed_policies[arn]
    raise NoSuchEntity(f"ARN {arn} does not exist.")


def statements_of(backend: IAMBackend, principal: Principal) -> list[Statement]:
    """Every statement that applies to the principal, a user's groups included."""
    if isinstance(principal, ManagedPolicy):
        return parse_statements(principal.arn, document_of(principal))
    found: list[Statement] = []
    for policy in principal.managed_policies.values():
        found += parse_statements(policy.arn, document_of(policy))
    for name, document in principal.policies.items():
        found += parse_statements(name, document)
    if isinstance(principal, User):
        for group in backend.get_groups_for_user(principal.name):
            found += statements_of(backend, group)
    return found


def document_of(policy: ManagedPolicy) -> str:
    """The text of the default version."""
    default = next(version for version in policy.versions if version.version_id == policy.default_version_id)
    return str(default.document)


def parse_statements(source: str, document: str) -> list[Statement]:
    """Parse the statements of a document that is called ``source``."""
    return list(_parse_once(source, document))


@functools.lru_cache(maxsize=4096)
def _parse_once(source: str, document: str) -> tuple[Statement, ...]:
    statements = json.loads(document).get("Statement", [])
    return tuple(
        Statement(
            source=source,
            allow=statement.get("Effect") == "Allow",
            actions=_patterns(statement.get("Action"), lower=True),
            not_actions=_patterns(statement.get("NotAction"), lower=True),
            resources=_patterns(statement.get("Resource")),
            not_resources=_patterns(statement.get("NotResource")),
            principals=_principals(statement.get("Principal")),
            conditions=tuple(
                (operator, key, tuple(str(value) for value in (values if isinstance(values, list) else [values])))
                for operator, keys in statement.get("Condition", {}).items()
                for key, values in keys.items()
            ),
        )
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _principals(block: t.Any) -> tuple[str, ...]:
    values = block.values() if isinstance(block, dict) else [] if block is None else [block]
    return tuple(item for value in values for item in (value if isinstance(value, list) else [value]))


def _patterns(value: t.Union[None, str, list[str]], *, lower: bool = False) -> tuple[str, ...]:
    """AWS's wildcards are ``*`` and ``?``; a bracket is an ordinary character to it."""
    values = [] if value is None else [value] if isinstance(value, str) else value
    return tuple((item.lower() if lower else item).replace("[", "[[]") for item in values)


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    return bool(patterns) and _compile(patterns).match(value) is not None


@functools.cache
def _compile(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all of them: a simulation asks about a thousand actions."""
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))
