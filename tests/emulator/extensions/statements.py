# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements that apply to a principal: enough to say which services and actions it has, and to simulate requests.

This is no policy engine: it knows no policy variables. The tests of the
collection's own engine do not rest on this one.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import typing as t

from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from emulator.extensions.conditions import holds, matches, patterns

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
        return all(holds(operator, context.get(key.lower()), values) for operator, key, values in self.conditions)

    def covers_action(self, action: str) -> bool:
        """Whether the statement speaks of the action; letter case does not matter to AWS."""
        if self.not_actions:
            return not matches(action.lower(), self.not_actions)
        return matches(action.lower(), self.actions)

    def covers(self, action: str, resource: str) -> bool:
        """Whether the statement speaks of the action on the resource."""
        if self.not_resources:
            named = not matches(resource, self.not_resources)
        else:
            named = resource == "*" and "*" in self.resources or matches(resource, self.resources)
        return named and self.covers_action(action)

    def grants_service(self, service: str) -> bool:
        """Whether an action of the service may be among those that are allowed."""
        if not self.allow:
            return False
        if self.not_actions:
            return not matches(f"{service}:any", self.not_actions)
        return any(fnmatch.fnmatchcase(service, pattern.partition(":")[0]) for pattern in self.actions)


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
    return [found for source, text in documents_of(backend, principal) for found in parse_statements(source, text)]


def documents_of(backend: IAMBackend, principal: Principal) -> list[tuple[str, str]]:
    """The name and the text of every policy that applies to the principal, a user's groups included."""
    if isinstance(principal, ManagedPolicy):
        return [(principal.arn, document_of(principal))]
    found = [(policy.arn, document_of(policy)) for policy in principal.managed_policies.values()]
    found += principal.policies.items()
    if isinstance(principal, User):
        for group in backend.get_groups_for_user(principal.name):
            found += documents_of(backend, group)
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
            actions=patterns(statement.get("Action"), lower=True),
            not_actions=patterns(statement.get("NotAction"), lower=True),
            resources=patterns(statement.get("Resource")),
            not_resources=patterns(statement.get("NotResource")),
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
