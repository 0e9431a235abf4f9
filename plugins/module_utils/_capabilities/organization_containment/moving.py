# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an account loses and gains if it is moved to another unit: the control policies above it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping

from ..._account.control_policies import ControlPolicy
from ..._account.organization_tree import ENABLED, RCP, SCP, OrganizationTree, Unit
from ..._policy.documents.canonical import canonical
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError, Statement
from ..._policy.evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..._policy.evaluation.narrowing import ANYTHING

# Who stands for everybody whose name is not known. Each may have a session of its own:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
_ANYBODY: t.Final = (
    "iam::{}:role/somebody",
    "iam::{}:user/somebody",
    "iam::{}:root",
    "sts::{}:federated-user/somebody",
)
#: A denial counts only if nothing but who calls decides whether it applies.
_OF_CALLER: t.Final = "aws:principal"
_NOBODY: t.Final = Policy((Statement(0, False, actions=("*",), resources=("*",)),))
_READ: t.Final = frozenset({SCP, RCP})
#: What a break-glass role needs at least to take an account back.
_RESCUE: t.Final = "iam:UpdateAssumeRolePolicy"


@dataclasses.dataclass(frozen=True)
class Move:
    """A move of an account, before it is made.

    ``still_allowed`` are the principals that the unit does not deny everything, of those that must not go on. ``lost``
    are the control policies whose restrictions would end, and ``not_compared`` the types of policies that end with the
    unit as well, such as declarative policies. ``policies`` are the names of the SCPs that deny the account everything,
    and of those attached to the unit.
    """

    source: Unit
    destination: Unit
    before: tuple[Mapping[str, t.Any], ...]
    after: tuple[Mapping[str, t.Any], ...]
    lost: tuple[str, ...] = ()
    still_allowed: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """The move in a result."""
        return {
            "from": self.source.path,
            "to": self.destination.path,
            "policies_before": [dict(level) for level in self.before],
            "policies_after": [dict(level) for level in self.after],
            "lost": list(self.lost),
            "still_allowed": list(self.still_allowed),
            "not_compared": list(self.not_compared),
        }


def find_unit(tree: OrganizationTree, name: str) -> t.Optional[Unit]:
    """Find a unit by its id or its path. The root is none."""
    found = (unit for unit in tree.units if unit.parent_id and name in (unit.id, unit.path))
    return next(found, None)


def judge_move(tree: OrganizationTree, account_id: str, destination: Unit, must_not: Collection[str] = ()) -> Move:
    """Judge what a move would change. ``must_not`` are principals that must not go on. It makes no call."""
    after = move_in(tree, account_id, destination.id)
    anybody = (f"arn:{_partition_of(tree)}:{name.format(account_id)}" for name in _ANYBODY)
    return Move(
        source=tree.unit[tree.account[account_id].parent_id],
        destination=destination,
        before=_describe_levels(tree, account_id),
        after=_describe_levels(after, account_id),
        lost=_find_lost(tree, after, account_id),
        still_allowed=find_undenied(after, account_id, (*anybody, *must_not)),
        not_compared=_find_not_compared(tree),
        policies=_name_policies(after, account_id, destination),
    )


def find_undenied(tree: OrganizationTree, account_id: str, arns: Iterable[str]) -> tuple[str, ...]:
    """Find the principals that the SCPs above an account do not certainly deny everything."""
    denials = tuple(_list_denials(tree, account_id))
    evaluator = Evaluator(Layers(identity=(ANYTHING,), scps=((ANYTHING, *denials),)))

    def is_denied_all(arn: str) -> bool:
        # The denials are of everything, so that one action stands for all.
        decision = evaluator.decide(Request(_RESCUE, principal=arn, context_complete=False))
        return decision.outcome is Outcome.EXPLICIT_DENY

    return tuple(arn for arn in arns if not is_denied_all(arn))


def exempts_nobody(tree: OrganizationTree, account_id: str) -> bool:
    """Whether the SCPs above an account deny everything to everybody, with no exception."""
    return any(
        not statement.conditions for policy in _list_denials(tree, account_id) for statement in policy.statements
    )


def _list_denials(tree: OrganizationTree, account_id: str) -> Iterator[Policy]:
    """List what denies an account everything: denials of all actions, and a level on which nothing is allowed."""
    for level in tree.levels(account_id):
        policies = [_parse(policy) for policy in level.scps]
        if policies and not any(policy is None or any(one.allow for one in policy.statements) for policy in policies):
            yield _NOBODY
        yield from filter(None, map(_keep_denials, level.scps))


def _keep_denials(control: ControlPolicy) -> t.Optional[Policy]:
    """What a policy denies of everything; None if it does not."""
    policy = _parse(control)
    kept = tuple(filter(_denies_everything, policy.statements)) if policy else ()
    return dataclasses.replace(policy, statements=kept) if policy and kept else None


def _denies_everything(statement: Statement) -> bool:
    return (
        not statement.allow
        and "*" in (statement.actions or ())
        and "*" in (statement.resources or ())
        and all(condition.key.lower().startswith(_OF_CALLER) for condition in statement.conditions)
    )


def _name_policies(after: OrganizationTree, account_id: str, unit: Unit) -> tuple[str, ...]:
    """Name the SCPs that hold the account. AWS's own can't be changed, and are everywhere."""
    names = {policy.name for level in after.levels(account_id) for policy in level.scps if _keep_denials(policy)}
    attached = {policy.name for policy in after.policies if policy.type == SCP and unit.id in policy.targets}
    managed = {policy.name for policy in after.policies if policy.type == SCP and policy.is_aws_managed}
    return tuple(sorted((names | attached) - managed))


def move_in(tree: OrganizationTree, account_id: str, unit_id: str) -> OrganizationTree:
    """The organization with the account below another unit."""
    accounts = (
        dataclasses.replace(account, parent_id=unit_id) if account.id == account_id else account
        for account in tree.accounts
    )
    return dataclasses.replace(tree, accounts=tuple(accounts))


def can_rescue(tree: OrganizationTree, account_id: str, arn: str) -> bool:
    """Whether the policies of the organization let a role take its account back."""
    return not is_denied(tree, account_id, arn, _RESCUE)


def is_denied(tree: OrganizationTree, account_id: str, arn: str, action: str) -> bool:
    """Whether the SCPs above an account certainly deny a role an action. One that can't be parsed denies nothing."""
    levels = [[_parse(policy) for policy in level.scps] for level in tree.levels(account_id)]
    scps = tuple(tuple(policy for policy in level if policy is not None) for level in levels if level)
    decision = Evaluator(Layers(identity=(ANYTHING,), scps=scps), principal=arn).decide(
        Request(action, principal=arn, context_complete=False)
    )
    return decision.outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY)


def _find_not_compared(tree: OrganizationTree) -> tuple[str, ...]:
    """Find the types of policies that are in force and not read. An account inherits them from its units too.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inheritance_mgmt.html
    """
    return tuple(sorted(kind for kind, status in tree.policy_types.items() if status == ENABLED and kind not in _READ))


def _partition_of(tree: OrganizationTree) -> str:
    """The partition, as the ARNs of policies have it."""
    return next((policy.arn.split(":")[1] for policy in tree.policies), "aws")


def _describe_levels(tree: OrganizationTree, account_id: str) -> tuple[Mapping[str, t.Any], ...]:
    return tuple(
        {
            "target": tree.name_of(level.target_id),
            "policies": [policy.name for policy in (*level.scps, *level.rcps)],
        }
        for level in tree.levels(account_id)
    )


def _find_lost(tree: OrganizationTree, after: OrganizationTree, account_id: str) -> tuple[str, ...]:
    """Find the policies whose restrictions end: denials that no policy has afterwards, and lists of what is allowed.

    The account keeps what is attached to itself. What can't be compared counts as lost.
    """
    kept = {policy.id for level in after.levels(account_id) for policy in (*level.scps, *level.rcps)}
    denials = {
        kind: frozenset(statement for policy in _list_policies(after, account_id, kind) for statement in _deny(policy))
        for kind in ("scps", "rcps")
    }
    lost: dict[str, None] = {}
    for level in tree.levels(account_id):
        for kind in ("scps", "rcps"):
            own: tuple[ControlPolicy, ...] = getattr(level, kind)
            gone = [policy for policy in own if policy.id not in kept]
            lost |= {policy.name: None for policy in gone if not _is_covered(_parse(policy), denials[kind])}
            if own and not any(_allows_all(_parse(policy)) for policy in own):
                lost |= {policy.name: None for policy in gone}
    return tuple(lost)


def _list_policies(tree: OrganizationTree, account_id: str, kind: str) -> Iterator[Policy]:
    for level in tree.levels(account_id):
        yield from filter(None, map(_parse, getattr(level, kind)))


def _deny(policy: Policy) -> Iterator[Statement]:
    """The denials of a policy in canonical form, without their names."""
    for statement in canonical(policy).statements:
        if not statement.allow:
            yield dataclasses.replace(statement, sid=None, index=0)


def _is_covered(policy: t.Optional[Policy], denials: Collection[Statement]) -> bool:
    if policy is None:
        return False
    everything = any(
        statement.actions == ("*",) and statement.resources == ("*",) and not statement.conditions
        for statement in denials
    )
    return everything or all(statement in denials for statement in _deny(policy))


def _allows_all(policy: t.Optional[Policy]) -> bool:
    return policy is not None and any(
        statement.allow
        and statement.actions == ("*",)
        and statement.not_actions is None
        and statement.resources in (("*",), None)
        and statement.not_resources is None
        and not statement.conditions
        for statement in canonical(policy).statements
    )


def _parse(policy: ControlPolicy) -> t.Optional[Policy]:
    if policy.document.document is None:
        return None
    try:
        return parse(policy.document.document, name=policy.name)
    except PolicyError:
        return None
