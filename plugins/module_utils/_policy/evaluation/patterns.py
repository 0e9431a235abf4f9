# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that the patterns of a policy give, whatever else limits it."""

from __future__ import annotations

import typing as t

from ..documents.arn import lacks_parts
from ..documents.policy import Policy, Statement
from .compiled import compile_policy
from .matching import action_matcher

# Of a service: an action that nobody named.
ANY_ACTION: t.Final = "AnyActionThatEverWillBe"
# So many of a list are named in words.
_NAMED: t.Final = 10


def is_broad(policy: Policy) -> bool:
    """Whether a policy allows actions of services that it does not name. No administrator is without such a policy.

    Looks at the patterns only: cheap, so that the evaluator need not be asked about most policies.
    """
    return any(statement.allow and _names_no_service(statement) for statement in policy.statements)


def _names_no_service(statement: Statement) -> bool:
    if statement.actions is None:
        return True
    return any("*" in service or "?" in service for service in {item.partition(":")[0] for item in statement.actions})


def is_open_somewhere(policy: Policy) -> bool:
    """Whether a policy may allow something on a resource that it does not name; no other allows anything freely."""
    return any(statement.allow and names_no_resource(statement) for statement in policy.statements)


def names_no_resource(statement: Statement) -> bool:
    """Whether a statement may speak of a resource that it does not name."""
    return statement.resources is None or any(
        "*" in item or "?" in item or lacks_parts(item) for item in statement.resources
    )


def service_patterns(policy: Policy, service: str) -> tuple[str, ...]:
    """How the policy's Allow statements cover all of a service: action patterns, or what NotAction leaves out."""
    found: list[str] = []
    action = f"{service}:{ANY_ACTION}".lower()
    for compiled in compile_policy(policy).statements_for(action):
        if compiled.allow:
            patterns = compiled.statement.actions
            found += [item for item in patterns or () if action_matcher((item,))(action)]
            found += [everything_but(compiled.statement)] if patterns is None else []
    return tuple(dict.fromkeys(found))


def service_wildcards(policy: Policy) -> tuple[str, ...]:
    """``service:*`` and NotAction in Allow, on whatever resource, as Security Hub's IAM.21 counts them."""
    found: list[str] = []
    for statement in policy.statements:
        if statement.allow and statement.actions is not None:
            found += [item for item in statement.actions if item.endswith(":*") and item != "*:*"]
        elif statement.allow:
            found.append(everything_but(statement))
    return tuple(dict.fromkeys(found))


def everything_but(statement: Statement) -> str:
    """A statement with NotAction in words."""
    names = sorted(statement.not_actions or ())
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"everything but {', '.join(names[:_NAMED])}{more}"


def names_service(policy: Policy, service: str) -> bool:
    """Whether an Allow statement covers any action of a service, on whatever resource."""
    return any(statement.allow and _covers_some(statement, service) for statement in policy.statements)


def _covers_some(statement: Statement, service: str) -> bool:
    if statement.actions is None:
        # NotAction leaves some action of a service, unless it covers the whole service.
        return not any(_is_whole(pattern, service) for pattern in statement.not_actions or ())
    prefixes = {pattern.partition(":")[0].lower() for pattern in statement.actions}
    return service in prefixes or any(
        action_matcher((prefix,))(service) for prefix in prefixes if "*" in prefix or "?" in prefix
    )


def _is_whole(pattern: str, service: str) -> bool:
    prefix, colon, action = pattern.lower().partition(":")
    return (not colon or not action.strip("*")) and action_matcher((prefix,))(service)
