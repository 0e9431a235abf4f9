# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a policy names a role, as AWS compares: in ``Principal`` without wildcards, in conditions with them.

The principals of policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator

from ...._policy.documents.operators import NEGATED
from ...._policy.documents.policy import Condition, Policy, Statement
from ...._policy.evaluation.caller import Reach, caller_of
from ...._policy.evaluation.comparisons import comparison
from ...._policy.evaluation.matching import overlaps, resource_matcher
from ...._policy.evaluation.variables import Text, generalize
from .targets import Target

PRINCIPAL: t.Final = "principal"
CONDITION: t.Final = "condition"
RESOURCE: t.Final = "resource"
GRANT: t.Final = "grant"

_PRINCIPAL_ARN: t.Final = "aws:principalarn"
_USER_ID: t.Final = "aws:userid"
_KEYS: t.Final = (_PRINCIPAL_ARN, _USER_ID)
_WILD_OPERATORS: t.Final = frozenset({"StringLike", "ArnEquals", "ArnLike"})
_TEXT_OPERATORS: t.Final = _WILD_OPERATORS | {"StringEquals", "StringEqualsIgnoreCase"}
# A name that no policy has on purpose: a pattern that matches it as well is about all roles, and names none.
_NOBODY: t.Final = "x7-no-such-name"
_NO_ID: t.Final = "AROAX7NOSUCHIDATALL"


@dataclasses.dataclass(frozen=True)
class Named:
    """One place of a policy that names a target. ``names_new``: the policy says the same of its new role."""

    where: str
    names_new: bool


def find_names(policy: Policy, target: Target) -> tuple[Named, ...]:
    """Find the kinds of places in which a policy names the old role of a target, each once."""
    old = _Identity(target.arn, target.unique_id)
    new = _Identity(target.new_arn, target.new_id) if target.new_arn else None
    found: dict[str, bool] = {}
    for statement in policy.statements:
        for where in _list_places(statement, old, policy.version):
            known = new is not None and _says_the_same(policy, statement, where, new)
            found[where] = found.get(where, True) and known
    return tuple(Named(where, names_new) for where, names_new in found.items())


def may_name_roles(policy: Policy) -> bool:
    """Whether a policy has any place for the name of a role. Most have none, so that no target is compared."""
    return any(
        any(kind == "AWS" for kind, _one in (*(one.principals or ()), *(one.not_principals or ())))
        or any(condition.key.lower() in _KEYS for condition in one.conditions)
        or any(map(_may_be_role, (*(one.resources or ()), *(one.not_resources or ()))))
        for one in policy.statements
    )


def is_named(principal: str, arn: str, unique_id: str) -> bool:
    """Whether an entry of ``Principal``, or the grantee of a grant, is a role or a session of it."""
    return _Identity(arn, unique_id).is_principal(("AWS", principal))


@dataclasses.dataclass(frozen=True)
class _Identity:
    """A role, by its ARN and its unique id. Policies keep the id of a role that was deleted."""

    arn: str
    unique_id: str

    def is_principal(self, pair: tuple[str, str]) -> bool:
        if pair[0] != "AWS" or not self.arn:
            return False
        if self.unique_id and pair[1].partition(":")[0] == self.unique_id:
            return True
        least, most = caller_of(self.arn).find_reach(pair, set())
        # Everyone and the whole account are no names. A session of the role has a name of its own.
        is_role = least is Reach.LIMITED
        return is_role or (":assumed-role/" in pair[1] and most is Reach.DIRECT)

    def is_of(self, condition: Condition, version: str) -> bool:
        """Whether the values of a condition match the role, or sessions of it."""
        operator = NEGATED.get(condition.operator, condition.operator)
        if operator not in _TEXT_OPERATORS:
            return False
        values = [generalize(value, version=version) for value in condition.values]
        key = condition.key.lower()
        if key == _PRINCIPAL_ARN:
            return bool(self.arn) and any(self._is_arn(operator, value) for value in values)
        return key == _USER_ID and bool(self.unique_id) and any(self._is_id(operator, value) for value in values)

    def _is_arn(self, operator: str, value: str) -> bool:
        test = comparison(operator, ((Text(value),),))
        return test(self.arn) and not any(test(other) for other in self._list_others())

    def _list_others(self) -> Iterator[str]:
        """List ARNs of roles that nobody named, without a path and with that of the role."""
        head, _role, rest = self.arn.partition(":role/")
        path = rest.rpartition("/")[0]
        yield f"{head}:role/{_NOBODY}"
        if path:
            yield f"{head}:role/{path}/{_NOBODY}"

    def _is_id(self, operator: str, value: str) -> bool:
        """Whether an id of sessions, ``AROA…:name``, is about the role."""
        if operator not in _WILD_OPERATORS:
            return value.lower().startswith(f"{self.unique_id.lower()}:")
        return overlaps(value, f"{self.unique_id}:*") and not overlaps(value, f"{_NO_ID}:*")

    def is_resource(self, patterns: Iterable[str], version: str) -> bool:
        """Whether patterns of resources name the role."""
        for pattern in filter(_may_be_role, patterns if self.arn else ()):
            test = resource_matcher((generalize(pattern, version=version),), version=version).fixed
            if test is not None and test(self.arn) and not any(test(other) for other in self._list_others()):
                return True
        return False


def _may_be_role(pattern: str) -> bool:
    """Whether a pattern of resources may be about roles: most are about other services."""
    parts = pattern.split(":", 3)
    return len(parts) > 3 and (parts[2] == "iam" or bool(set(parts[2]) & set("*?$")))


def _list_places(statement: Statement, role: _Identity, version: str) -> Iterator[str]:
    if any(role.is_principal(pair) for pair in (*(statement.principals or ()), *(statement.not_principals or ()))):
        yield PRINCIPAL
    if any(role.is_of(condition, version) for condition in statement.conditions):
        yield CONDITION
    if role.is_resource((*(statement.resources or ()), *(statement.not_resources or ())), version):
        yield RESOURCE


def _says_the_same(policy: Policy, statement: Statement, where: str, new: _Identity) -> bool:
    """Whether a policy says of the new role, in the same kind of place, all that a statement says of the old one."""
    if _is_about(statement, where, new, policy.version):
        return True
    if _excepts(statement, where):
        # Two statements that each deny all but one role deny both.
        return False
    wanted = _describe(statement, where)
    return any(
        _describe(other, where) == wanted and _is_about(other, where, new, policy.version)
        for other in policy.statements
        if other is not statement
    )


def _excepts(statement: Statement, where: str) -> bool:
    """Whether a statement names the role as one that it is not about."""
    if where == PRINCIPAL:
        return statement.not_principals is not None
    if where == RESOURCE:
        return statement.not_resources is not None
    return any(one.operator in NEGATED for one in statement.conditions if one.key.lower() in _KEYS)


def _is_about(statement: Statement, where: str, new: _Identity, version: str) -> bool:
    """Whether a statement is about the new role as well. Patterns that match all roles are about it, too."""
    if where != CONDITION:
        return where in _list_places(statement, new, version)
    # Each condition on the caller has to let it through, not just one of them.
    about = [one for one in statement.conditions if one.key.lower() in _KEYS]
    return all(_matches(one, new, version) for one in about)


def _matches(condition: Condition, role: _Identity, version: str) -> bool:
    operator = NEGATED.get(condition.operator, condition.operator)
    if operator not in _TEXT_OPERATORS:
        return True
    if condition.key.lower() == _USER_ID:
        return role.is_of(condition, version)
    test = comparison(operator, tuple((Text(generalize(value, version=version)),) for value in condition.values))
    return test(role.arn)


def _describe(statement: Statement, where: str) -> tuple[t.Any, ...]:
    """The parts of a statement without those that may name a role, so that two statements can be compared."""
    conditions = statement.conditions
    if where == CONDITION:
        conditions = tuple(one for one in conditions if one.key.lower() not in _KEYS)
    principals = None if where == PRINCIPAL else (statement.principals, statement.not_principals)
    resources = None if where == RESOURCE else (statement.resources, statement.not_resources)
    kind = (statement.not_principals is None, statement.not_resources is None)
    return (statement.allow, statement.actions, statement.not_actions, principals, resources, conditions, kind)
