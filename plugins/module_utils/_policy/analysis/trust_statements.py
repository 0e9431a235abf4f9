# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The statements of a role's trust policy, and what the organization denies beside it, put to single requests.

What a request leaves open may be so: an Allow counts where it may hold, a Deny only where it is sure to.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Iterator

from ..documents.operators import NEGATED
from ..documents.policy import Condition, Policy, Statement
from ..evaluation.caller import EVERY_AWS, EVERYONE, Caller, Reach, is_excepted
from ..evaluation.compiled import CompiledStatement, Facts, compile_policies
from ..evaluation.context import Context
from ..evaluation.truth import NO, YES

ASSUME: t.Final = "sts:assumerole"
WITH_SAML: t.Final = "sts:assumerolewithsaml"
WITH_WEB_IDENTITY: t.Final = "sts:assumerolewithwebidentity"
ASSUMING: t.Final = (ASSUME, WITH_SAML, WITH_WEB_IDENTITY)
# Conditions on these name principals, as the element Principal does.
NAMES_CALLER: t.Final = ("aws:principalaccount", "aws:principalarn")


class TrustStatements:
    """The Allow statements of a trust policy, and the Deny statements of it and of resource control policies."""

    def __init__(self, policy: Policy, role_arn: str, rcps: tuple[Policy, ...]) -> None:
        self._role = role_arn
        own, limits = compile_policies((policy,)), compile_policies(rcps)
        self._allowing: dict[str, tuple[CompiledStatement, ...]] = {}
        self._denying: dict[str, tuple[CompiledStatement, ...]] = {}
        self._values: dict[tuple[str, ...], tuple[str, ...]] = {}
        for action in ASSUMING:
            spoken = own.statements_for(action)
            self._allowing[action] = tuple(item for item in spoken if item.allow)
            # The Allow statement of AWS's RCPFullAWSAccess lets nobody in by itself.
            everywhere = (*spoken, *limits.statements_for(action))
            self._denying[action] = tuple(item for item in everywhere if not item.allow)
        self._allowing_any = tuple(dict.fromkeys(item for found in self._allowing.values() for item in found))

    def find_allows(self, action: t.Optional[str] = None) -> tuple[CompiledStatement, ...]:
        """Return the Allow statements about an action; without one, about any way to assume the role."""
        return self._allowing[action] if action else self._allowing_any

    def admits(
        self,
        item: CompiledStatement,
        caller: Caller,
        context: Context,
        action: t.Optional[str] = None,
        denied: t.Optional[Context] = None,
    ) -> bool:
        """Whether a statement may allow a request that nothing is sure to deny.

        Without ``action`` it is AssumeRole or, in a statement about others only, one of these. ``denied`` is the
        context for denials, where that is another one.
        """
        asked = action or next(each for each in ASSUMING if item in self._allowing[each])
        return self.may_allow(item, context, asked) and not self.is_denied(caller, denied or context, asked)

    def may_allow(self, item: CompiledStatement, context: Context, action: str = ASSUME) -> bool:
        """Whether the conditions of a statement may hold for a request."""
        return item.holds(self._facts(context, action), set()) is not NO

    def is_denied(self, caller: Caller, context: Context, action: str = ASSUME) -> bool:
        """Whether a Deny of the trust policy or of an RCP is sure to be about the request."""
        facts = self._facts(context, action)
        return any(
            _is_about(item.statement, caller) and item.applies(facts, set()) is YES for item in self._denying[action]
        )

    def _facts(self, context: Context, action: str) -> Facts:
        return Facts(action, self._role, lambda: context)

    def conditions(self, *keys: str, actions: Iterable[str] = ASSUMING) -> Iterator[Condition]:
        """Every condition on one of the keys (lower case), in Allow and Deny statements."""
        statements = (item for action in actions for item in (*self._allowing[action], *self._denying[action]))
        for item in dict.fromkeys(statements):
            yield from conditions_on(item.statement, *keys)

    @functools.cached_property
    def excepted(self) -> tuple[str, ...]:
        """The principals and accounts that a Deny for all others excepts, by NotPrincipal or by a condition."""
        found: list[str] = []
        for item in dict.fromkeys(item for denying in self._denying.values() for item in denying):
            found += [value for kind, value in item.statement.not_principals or () if kind == "AWS"]
            named = (each for each in conditions_on(item.statement, *NAMES_CALLER) if each.operator in NEGATED)
            found += [value for each in named for value in each.values]
        return tuple(dict.fromkeys(found))

    def values(self, *keys: str) -> tuple[str, ...]:
        """The values that conditions on one of the keys compare with."""
        if keys not in self._values:
            compared = (item for item in self.conditions(*keys) if item.operator != "Null")
            self._values[keys] = tuple(dict.fromkeys(value for item in compared for value in item.values))
        return self._values[keys]


def conditions_on(statement: Statement, *keys: str) -> tuple[Condition, ...]:
    """The conditions of a statement on one of the keys, which are given in lower case."""
    return tuple(item for item in statement.conditions if item.key.lower() in keys)


def is_for_everybody(statement: Statement) -> bool:
    """Whether a statement names no account: its conditions alone say who is meant."""
    principals = statement.principals or ()
    return EVERYONE in principals or EVERY_AWS in principals or statement.not_principals is not None


def principals_of_type(statement: Statement, wanted: str) -> tuple[str, ...]:
    """The values that a Principal element has for one type."""
    return tuple(value for kind, value in statement.principals or () if kind == wanted)


def find_wanted_values(statement: Statement, *keys: str) -> tuple[str, ...]:
    """Return the values that conditions on one of the keys ask for, without those that they exclude."""
    found = (item for item in conditions_on(statement, *keys) if item.operator not in (*NEGATED, "Null"))
    return tuple(value for item in found for value in item.values)


def _is_about(statement: Statement, caller: Caller) -> bool:
    """Whether a statement is sure to name the caller."""
    if statement.not_principals is not None:
        return is_excepted(statement.not_principals, caller, set()) is NO
    return any(caller.find_reach(pair, set())[0] > Reach.NONE for pair in statement.principals or ())
