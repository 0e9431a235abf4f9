# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The activity in the members of an organization, compared with a change of its policies: refusals and predictions.

As with boundaries, only what is safe passes unless somebody accepts it by name. Of an account that can't be read
nothing is known, which is never safe either.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from ...._account.organization_tree import MemberAccount, OrganizationTree
from ...._converge.change import Refusal
from ...._policy.analysis.principal_matrix import CONTROL_LAYERS as _CONTROL_LAYERS
from ...._policy.analysis.principal_matrix import Controls, DeniedPair
from ...._policy.documents.policy import Policy, Statement
from ...._policy.evaluation import catalogue
from ...._policy.evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ...._policy.evaluation.narrowing import ANYTHING
from ...._policy.impact.judge import Breakage, Impact, Judge, Verdict
from ...._policy.trail.usage import Use
from ...._prediction.acceptance import Acceptance, Acceptances, acceptance_of
from .change import ChangedPolicy, PolicyChange, parse_policy, takes_away
from .entries import EntryLoss, refuse_entries
from .own_way import TrailBucket
from .users import UserFacts, format_exemptions, is_about_mfa

# The action of requests against a statement that denies everything but what it names.
_ANYTHING: t.Final = "hardening:Anything"
# So many of a list are named in a refusal.
_NAMED: t.Final = 10
_ALL_WITHOUT: t.Final = ", or the account in accept_without_evidence"


@dataclasses.dataclass(frozen=True)
class MemberEvidence:
    """The evidence of one account. ``failure`` says why it is not known what is used there; then it is refused.

    ``break_glass``, ``landing_zone`` and ``entering`` are None where the principals of the account are not known.
    ``helpless`` says which of the break-glass principals could not help, and why. ``entries`` are the roles that
    somebody can no longer assume.
    """

    account: MemberAccount
    failure: str = ""
    impacts: Mapping[str, Impact] = dataclasses.field(default_factory=dict)
    break_glass: t.Optional[tuple[str, ...]] = None
    helpless: Mapping[str, str] = dataclasses.field(default_factory=dict)
    landing_zone: t.Optional[tuple[str, ...]] = None
    users: tuple[UserFacts, ...] = ()
    entries: tuple[EntryLoss, ...] = ()
    entering: t.Optional[frozenset[str]] = None
    trails: tuple[TrailBucket, ...] = ()

    def impact_of(self, arn: str) -> Impact:
        """The losses of a principal, with those of the callers that can no longer assume it."""
        known = self.impacts.get(arn, Impact(arn, ()))
        entered = tuple(entry.verdict for entry in self.entries if entry.role_arn == arn)
        return dataclasses.replace(known, verdicts=(*entered, *known.verdicts))

    @property
    def all_impacts(self) -> list[Impact]:
        """The impacts on everybody who loses anything, or might have."""
        return [self.impact_of(arn) for arn in dict.fromkeys((*self.impacts, *(e.role_arn for e in self.entries)))]


# The principals that a change can concern


@dataclasses.dataclass(frozen=True)
class Question:
    """The actions that a change may take away: ``actions`` by full name, and with ``open`` any others."""

    actions: tuple[str, ...]
    open: bool = False

    @functools.cached_property
    def services(self) -> frozenset[str]:
        """The prefixes of the services that have such an action."""
        return frozenset(name.partition(":")[0].lower() for name in self.actions)

    @functools.cached_property
    def _lower(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.actions)

    def is_about(self, use: Use) -> bool:
        """Whether the change may take away what was done."""
        if self.open:
            return True
        return use.service in self.services if use.is_service_level else use.action.lower() in self._lower


class Pruning:
    """The policies that change in one account, without the statements that can't be about a principal.

    Most statements deny something to a few principals, so they need not be compared with every action of everybody.
    """

    def __init__(self, change: PolicyChange, account_id: str) -> None:
        self.before, self.after = change.controls(account_id)
        changed = [policy for policy in change.policies_at(account_id) if takes_away(policy)]
        self._names: t.Final = frozenset(policy.name for policy in changed)
        allowed = (parse_policy(policy.was) for policy in changed if policy.was is not None)
        #: Something that was allowed may be so no longer, for any principal.
        self.takes_from_all: t.Final = any(item.allow for was in allowed if was for item in was.statements)
        self._tests: t.Final[dict[int, Evaluator]] = {}
        self._made: t.Final[dict[frozenset[tuple[str, int]], tuple[Controls, Question]]] = {}

    def of(self, use: Use) -> t.Optional[tuple[Controls, Question]]:
        """Find the policies for the principal of ``use``, and what they may take away; None if that is nothing.

        ``use`` has what is known of all of its requests.
        """
        kept = frozenset(
            (policy.name, statement.index)
            for layer in _CONTROL_LAYERS
            for policy in self.after.policies(layer).values()
            for statement in policy.statements
            if policy.name in self._names and not statement.allow and self._may_apply(statement, policy, use)
        )
        if not kept and not self.takes_from_all:
            return None
        if kept not in self._made:
            self._made[kept] = self._prune_controls(kept)
        return self._made[kept]

    def _may_apply(self, statement: Statement, policy: Policy, use: Use) -> bool:
        key = id(statement)
        if key not in self._tests:
            anything = dataclasses.replace(
                statement, actions=("*",), not_actions=None, resources=("*",), not_resources=None, principals=None
            )
            deny = dataclasses.replace(policy, statements=(anything,))
            self._tests[key] = Evaluator(Layers(identity=(ANYTHING,), scps=((deny, ANYTHING),)))
        request = Request(_ANYTHING, "*", principal=use.principal_arn, context=use.context)
        return self._tests[key].decide(request).outcome is not Outcome.ALLOWED

    def _prune_controls(self, kept: frozenset[tuple[str, int]]) -> tuple[Controls, Question]:
        def prune(policy: Policy) -> Policy:
            if policy.name not in self._names:
                return policy
            left = (item for item in policy.statements if item.allow or (policy.name, item.index) in kept)
            return dataclasses.replace(policy, statements=tuple(left))

        sides = {
            layer: None if levels is None else tuple(tuple(map(prune, level)) for level in levels)
            for layer, levels in (("scps", self.after.scps), ("rcps", self.after.rcps))
        }
        controls = Controls(**sides)
        changed = [
            policy
            for layer in _CONTROL_LAYERS
            for policy in controls.policies(layer).values()
            if policy.name in self._names
        ]
        return controls, find_question(changed, is_open=self.takes_from_all)


def find_question(policies: Iterable[Policy], *, is_open: bool = False) -> Question:
    """Find the actions that the policies may take away by denying them."""
    names: dict[str, None] = {}
    for statement in (item for policy in policies for item in policy.statements if not item.allow):
        is_open = is_open or statement.not_actions is not None
        for pattern in statement.actions or ():
            found = () if pattern == "*" else catalogue.expand(pattern)
            names.update((action.full_name, None) for action in found)
            # All actions, or those of a service that is not known here.
            is_open = is_open or not found
    return Question(tuple(names), is_open)


class Concern:
    """Says of principals with the same layers whether a change may take from them what they are allowed."""

    def __init__(self, before: Layers, after: Layers, question: Question, unused: Sequence[str]) -> None:
        self._question: t.Final = question
        self._own: t.Final = Judge(before, after, unused_resources=unused)
        everything = (dataclasses.replace(layers, identity=(ANYTHING,), boundary=None) for layers in (before, after))
        self._anything: t.Final = Judge(*everything, unused_resources=unused)

    def may_lose(self, use: Use) -> bool:
        """Whether the change may take anything from the principal of ``use`` that it is allowed today, used or not.

        ``use`` has what is known of all of its requests; whatever its action is.
        """
        asked = ((self._own, action) for action in self._question.actions)
        opened = ((self._anything, _ANYTHING),) if self._question.open else ()
        return any(
            judge.verdict(dataclasses.replace(use, action=action)).outcome is not Breakage.SAFE
            for judge, action in (*opened, *asked)
        )


# Refusals and predictions


class Verdicts:
    """The verdicts of the evidence on a change: refusals, predicted denials, and warnings."""

    def __init__(
        self,
        change: PolicyChange,
        evidence: Sequence[MemberEvidence],
        *,
        accepted: Acceptances,
        accepted_accounts: Acceptances,
        today: date,
    ) -> None:
        self._change: t.Final = change
        self._evidence: t.Final = evidence
        self._accepted: t.Final = accepted
        self._accepted_accounts: t.Final = accepted_accounts
        self._today: t.Final = today

    def find_refusals(self) -> dict[str, tuple[Refusal, ...]]:
        """Find the refusals of policies that come, change or go, by their names."""
        found: dict[str, list[Refusal]] = collections.defaultdict(list)
        for policy in self._change.policies:
            if takes_away(policy):
                found[policy.name] += [
                    *self._refuse_unread(policy),
                    *self._refuse_breakage(policy),
                    *self._refuse_entries(policy),
                ]
        return {name: tuple(refusals) for name, refusals in found.items() if refusals}

    def predict_denials(self) -> frozenset[DeniedPair]:
        """Predict the denials that somebody accepts, action by action."""
        return frozenset(
            pair
            for item in self._evidence
            for impact in item.impacts.values()
            if not impact.is_safe and self._find_acceptance(impact, item.account) is not None
            for pair in _find_pairs(item.account.id, impact)
        )

    def find_breakable(self) -> list[str]:
        """Find all that the change may break, accepted or not: ARNs, and the names of callers that lose a role."""
        unsafe = [impact.principal_arn for item in self._evidence for impact in item.all_impacts if not impact.is_safe]
        return [*unsafe, *(name for item in self._evidence for entry in item.entries for name in entry.callers)]

    def find_unread(self) -> list[MemberEvidence]:
        """Find the accounts of which it is not known what is used there."""
        return [item for item in self._evidence if item.failure]

    def find_account_warnings(self) -> list[str]:
        """Find warnings about accepted accounts: those that expired, and those that are none of the organization.

        An acceptance that is not needed gives no warning: it may be for another policy, or for a later stage.
        """
        tree = self._change.after
        known = {name for account in tree.accounts for name in names_of(account, tree)}
        warnings = []
        for item in self._accepted_accounts:
            place = f"accept_without_evidence[{item.index}]: "
            if item.is_expired(self._today):
                warnings.append(f"{place}the acceptance for {item.principal} expired on {item.expires}")
            elif item.principal not in known:
                warnings.append(
                    f"{place}{item.principal} is not an account of the organization, and not a unit with accounts"
                )
        return warnings

    def as_dict(self) -> dict[str, t.Any]:
        """The accounts that were read and their outcomes, for the result."""
        return {
            "read": [_member_as_dict(item) for item in self._evidence if not item.failure],
            "unread": [
                {
                    "account": item.account.id,
                    "name": item.account.name,
                    "reason": item.failure,
                    "accepted": accepted.reason if (accepted := self._find_account_acceptance(item.account)) else None,
                }
                for item in self.find_unread()
            ],
        }

    # Accounts that can't be read

    def _refuse_unread(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        reached = {account.id for account in self._change.after.accounts_under(policy.reaches)}
        by_reason: dict[str, list[MemberAccount]] = {}
        for item in self.find_unread():
            if item.account.id in reached and self._find_account_acceptance(item.account) is None:
                by_reason.setdefault(item.failure, []).append(item.account)
        if by_reason:
            parts = "; ".join(f"{list_accounts(accounts)}: {reason}" for reason, accounts in by_reason.items())
            reason = (
                f"without evidence of use, its effect is not known: {parts}. Let these accounts be read "
                "(member_role_arn, trail_logs), or list them in accept_without_evidence"
            )
            yield Refusal("unread_accounts", reason, policy.target)

    def _find_account_acceptance(self, account: MemberAccount) -> t.Optional[Acceptance]:
        names = names_of(account, self._change.after)
        fitting = (item for item in self._accepted_accounts if item.principal in names)
        return next((item for item in fitting if not item.is_expired(self._today)), None)

    # Principals that break

    def _find_acceptance(self, impact: Impact, account: MemberAccount) -> t.Optional[Acceptance]:
        """Find the acceptance of a breakage: by the principal, or if nothing is known of it, by its account."""
        own = acceptance_of(impact.principal_arn, self._accepted, self._today)
        return own or (self._find_account_acceptance(account) if _is_without_evidence(impact) else None)

    def _refuse_entries(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        """Refuse a policy for the roles that can no longer be assumed."""
        for item in self._evidence:
            lost = [entry for entry in item.entries if not self._accepts(entry, item.account)]
            yield from refuse_entries(policy, item.account, lost)

    def _accepts(self, entry: EntryLoss, account: MemberAccount) -> bool:
        """Whether somebody accepts it: by the role, by all who can no longer assume it, or unused by its account."""
        names = [acceptance_of(name, self._accepted, self._today) for name in entry.callers]
        if acceptance_of(entry.role_arn, self._accepted, self._today) is not None or (names and all(names)):
            return True
        return entry.verdict.outcome is Breakage.NO_EVIDENCE and self._find_account_acceptance(account) is not None

    def _refuse_breakage(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        reached = {account.id for account in self._change.after.accounts_under(policy.reaches)}
        for item in self._evidence:
            if item.account.id not in reached:
                continue
            own = {changed.name for changed in self._change.policies_at(item.account.id) if takes_away(changed)}
            unsafe = [
                impact
                for impact in item.impacts.values()
                if not impact.is_safe
                and self._find_acceptance(impact, item.account) is None
                and policy.name in _find_causes(impact, own)
            ]
            if unsafe:
                yield Refusal("prediction", _explain_breakage(policy, item, unsafe), policy.target)


def names_of(account: MemberAccount, tree: OrganizationTree) -> frozenset[str]:
    """The names by which an account may be accepted unread: its id, its name, or the path of a unit above it."""
    units = (tree.unit[target] for target in tree.lineage(account.id) if target in tree.unit)
    return frozenset({account.id, account.name, *(unit.path for unit in units if unit.parent_id is not None)})


def list_accounts(accounts: Sequence[MemberAccount]) -> str:
    """List accounts in words, the first few by name."""
    return join_some([f"{account.name} ({account.id})" for account in accounts])


def _find_causes(impact: Impact, changed: set[str]) -> set[str]:
    """Find the policies that break something of a principal; if no statement decides, all that changed."""
    unsafe = [verdict for verdict in impact.verdicts if verdict.outcome is not Breakage.SAFE]
    named = {verdict.policy for verdict in unsafe if verdict.policy in changed}
    return {name for name in named if name} if all(verdict.policy in changed for verdict in unsafe) else changed


def _explain_breakage(policy: ChangedPolicy, item: MemberEvidence, unsafe: Sequence[Impact]) -> str:
    by_summary: dict[str, list[str]] = {}
    for impact in unsafe:
        by_summary.setdefault(_summarize(impact), []).append(_shorten_arn(impact.principal_arn))
    parts = [f"{join_some(names)}: {summary}" for summary, names in by_summary.items()]
    where = f"in {item.account.name} ({item.account.id}): {'; '.join(parts[:_NAMED])}"
    if len(parts) > _NAMED:
        where += f"; and {sum(map(len, list(by_summary.values())[_NAMED:]))} more principals"
    with_mfa = {user.arn for user in item.users if user.always_has_mfa}
    users = [impact for impact in unsafe if ":user/" in impact.principal_arn and impact.principal_arn not in with_mfa]
    if is_about_mfa(policy) and users:
        return (
            f"{where}. Either let them use MFA, or exempt them in the policy:\n{format_exemptions(users, item.users)}"
        )
    return (
        f"{where}. Either change the policy to allow it, or list the principals by ARN in "
        f"accept_breakage{_ALL_WITHOUT if all(map(_is_without_evidence, unsafe)) else ''}"
    )


def _summarize(impact: Impact) -> str:
    """Summarize the breakage, in words that are the same for principals with the same losses."""
    unsafe = [verdict for verdict in impact.verdicts if verdict.outcome is not Breakage.SAFE]
    reasons = dict.fromkeys(f"{verdict.outcome.value.replace('_', ' ')}: {verdict.reason}" for verdict in unsafe)
    return join_some(list(reasons))


def join_some(names: Sequence[str]) -> str:
    """Join the first few words."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _is_without_evidence(impact: Impact) -> bool:
    """Whether nothing is known to break, since nothing is known at all."""
    return impact.outcome is Breakage.NO_EVIDENCE


def _find_pairs(account_id: str, impact: Impact) -> Iterator[DeniedPair]:
    for verdict in impact.verdicts:
        if verdict.use is not None and verdict.outcome is not Breakage.SAFE:
            for action in _find_actions(verdict, verdict.use):
                yield DeniedPair(account_id, impact.principal_arn, action)


def _find_actions(verdict: Verdict, use: Use) -> Sequence[str]:
    return verdict.lost or (use.action,)


def _member_as_dict(item: MemberEvidence) -> dict[str, t.Any]:
    outcomes = collections.Counter(impact.outcome.value for impact in item.all_impacts)
    sources = {source.value for impact in item.impacts.values() for source in impact.evidence.sources}
    return {
        "account": item.account.id,
        "name": item.account.name,
        "principals": len(item.all_impacts),
        "counts": {outcome.value: outcomes[outcome.value] for outcome in Breakage},
        "sources": sorted(sources),
        "break_glass": None if item.break_glass is None else list(item.break_glass),
    }


def _shorten_arn(arn: str) -> str:
    return arn.partition(":iam::")[2].partition(":")[2]
