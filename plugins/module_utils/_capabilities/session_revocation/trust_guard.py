# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a cut takes the run or break-glass out of a trust policy, by name or together with others."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Iterator, Mapping

from ..._converge.incident.trust import list_openers, means
from ..._converge.incident.trust_cut import EVERYBODY, TrustCut
from ..._converge.untouchable import UntouchablePrincipals
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError

_ACCOUNT_AT: t.Final = 4
_PARTS: t.Final = 6
_GLOB: t.Final = frozenset("*?[")
_OF_EVERYBODY: t.Final = (
    "the entry for everybody has a condition, so the run or break-glass may come in by it; take it out by hand, or set "
    "cut: all_sessions"
)


@dataclasses.dataclass(frozen=True)
class TrustGuard:
    """``untouchable`` are the principals that stay let in, ``ours`` the accounts that globs of break-glass mean."""

    untouchable: UntouchablePrincipals = UntouchablePrincipals()
    ours: frozenset[str] = frozenset()

    def explain(self, cut: TrustCut, trust: t.Any) -> str:
        """Explain why a principal is not taken out of a trust policy; empty if it may be."""
        policy = _read(trust)
        named = (one.value for one in list_openers(policy) if means(cut, one)) if policy else ()
        reasons = [*self._list_reasons(cut.principal, *named)]
        if not reasons and cut.account_id and self._is_of_us(cut.account_id):
            return f"{cut.account_id} is the account of the run, or of break-glass; name the users and roles of it"
        if not reasons and policy and cut.principal == EVERYBODY and _has_condition(policy):
            return _OF_EVERYBODY
        return reasons[0] if reasons else ""

    def _list_reasons(self, *arns: str) -> Iterator[str]:
        refusals = (self.untouchable.refusal(arn) for arn in arns)
        yield from (one.reason for one in refusals if one and one.rule in ("caller", "break_glass"))

    def _is_of_us(self, account_id: str) -> bool:
        if any(caller.account_id == account_id for caller in self.untouchable.callers):
            return True
        return any(self._means(pattern, account_id) for pattern in self.untouchable.break_glass)

    def _means(self, pattern: str, account_id: str) -> bool:
        parts = pattern.split(":", _PARTS - 1)
        account = parts[_ACCOUNT_AT] if len(parts) == _PARTS else "*"
        is_glob = bool(_GLOB.intersection(account))
        return fnmatch.fnmatchcase(account_id, account) and (not is_glob or account_id in self.ours)


def _read(trust: t.Any) -> t.Optional[Policy]:
    try:
        return parse(trust) if isinstance(trust, Mapping) else None
    except PolicyError:
        return None


def _has_condition(policy: Policy) -> bool:
    """Whether a statement that lets everybody in has a condition."""
    return any(
        statement.conditions and any(value == EVERYBODY for _kind, value in statement.principals or ())
        for statement in policy.statements
        if statement.allow
    )
