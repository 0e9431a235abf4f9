# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The matrix of a change in words: who loses what in which accounts, why that is certain or not, and what allows it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ...._account.organization_tree import MemberAccount
from ...._converge.change import Refusal
from ...._policy.analysis.principal_matrix import Kind, Loss
from ...._policy.analysis.principal_matrix_callers import OTHER_SERVICES
from .change import ChangedPolicy

# So many of a list are named in a refusal.
_NAMED: t.Final = 5
_ENTER: t.Final = "sts:"


@dataclasses.dataclass(frozen=True)
class Row:
    """The losses of the cast in some accounts where they are the same."""

    accounts: tuple[MemberAccount, ...]
    losses: tuple[Loss, ...]

    def of(self, policy: str, kind: Kind) -> list[Loss]:
        """The losses of actors of one kind to a policy."""
        return [loss for loss in self.losses if loss.actor.kind is kind and policy in loss.policies]

    def as_dict(self) -> dict[str, t.Any]:
        groups: dict[t.Hashable, list[Loss]] = {}
        for loss in self.losses:
            groups.setdefault((loss.actor, loss.policies, loss.statement, loss.certain), []).append(loss)
        return {
            "accounts": [account.id for account in self.accounts],
            "losses": [_losses_as_dict(group) for group in groups.values()],
        }


def _losses_as_dict(group: Sequence[Loss]) -> dict[str, t.Any]:
    first = group[0]
    return {
        "kind": first.actor.kind.value,
        "who": first.actor.name,
        "principal": first.actor.arn,
        "locked_out": first.is_lock_out,
        "certain": first.certain,
        "policies": list(first.policies),
        "statement": first.statement,
        "actions": list(dict.fromkeys(loss.ask.action for loss in group)),
        "missing_context": sorted({key for loss in group for key in loss.missing}),
    }


def refuse_stopped_services(
    rows: Iterable[Row],
    policy: ChangedPolicy,
    *,
    accepted: Collection[str],
    entering: Mapping[str, t.Optional[Collection[str]]],
) -> Iterator[Refusal]:
    """Refuse a policy that stops AWS services, unless each of them is accepted by name.

    :param entering: the services that may assume roles, of the accounts where that is known. There the roles say who
        loses what, and are accepted by themselves.
    """
    hit: list[tuple[Row, list[Loss]]] = []
    for row in rows:
        known = entering.get(row.accounts[0].id) is not None
        lost = [
            loss
            for loss in row.of(policy.name, Kind.SERVICE)
            if loss.actor.arn not in accepted and not (known and loss.ask.action.startswith(_ENTER))
        ]
        if lost:
            hit.append((row, lost))
    if not hit:
        return
    losses = [loss for _row, found in hit for loss in found]
    names = list(dict.fromkeys(loss.actor.arn for loss in losses))
    other = f" ({OTHER_SERVICES} means the services that are not named)" if OTHER_SERVICES in names else ""
    accounts = describe_accounts([account for row, _lost in hit for account in row.accounts])
    reason = (
        f"it would deny AWS services the use of resources of {accounts}: {_describe_by_certainty(losses)}. The use of "
        "these services is not recorded. Exempt them in the denying statement (BoolIfExists "
        "aws:PrincipalIsAWSService: false), or list each of them as principal in accept_breakage, with a reason and a "
        f"date: {', '.join(names)}{other}"
    )
    yield Refusal("service_loss", reason, policy.target)


def refuse_cut_off_run(rows: Iterable[Row], policy: ChangedPolicy, *, accepted: Collection[str]) -> Iterator[Refusal]:
    """Refuse a policy that cuts the run off from its journal, reports or trail, or CloudTrail from the trail."""
    hit = [
        (row, lost)
        for row in rows
        if (lost := [loss for loss in row.of(policy.name, Kind.OWN_WAY) if loss.actor.arn not in accepted])
    ]
    if not hit:
        return
    losses = [loss for _row, found in hit for loss in found]
    accounts = describe_accounts([account for row, _lost in hit for account in row.accounts])
    names = list(dict.fromkeys(loss.actor.arn for loss in losses))
    by_resource = any(loss.layer == "rcp" for loss in losses)
    where = (
        " The name of a bucket does not show its account, so the bucket may be in one of them." if by_resource else ""
    )
    reason = (
        f"it would deny the run permissions that it needs: {_describe_by_certainty(losses)} (in {accounts}).{where} "
        "Exempt these principals or places in the denying statement, or list each principal in accept_breakage, with "
        f"a reason and a date: {_join_some(names)}"
    )
    yield Refusal("own_way", reason, policy.target)


def _describe_by_certainty(losses: Sequence[Loss]) -> str:
    """Describe losses, first those that are certain."""
    parts = []
    for certain, word in ((True, "certainly"), (False, "perhaps")):
        found = [loss for loss in losses if loss.certain is certain]
        if found:
            parts.append(f"{word} {describe_losses(found)}")
    return "; ".join(parts)


def describe_losses(lost: Sequence[Loss]) -> str:
    """Describe who would be denied which actions by which statement; actors with the same losses together."""
    by_name: dict[str, list[Loss]] = {}
    for loss in lost:
        by_name.setdefault(loss.actor.name, []).append(loss)
    names: dict[str, list[str]] = {}
    for name, found in by_name.items():
        names.setdefault(_describe_actions(found), []).append(name)
    return "; ".join(f"{', '.join(who)} ({what})" for what, who in names.items())


def _describe_actions(found: Sequence[Loss]) -> str:
    actions = _join_some(list(dict.fromkeys(loss.ask.action for loss in found)))
    statements = list(dict.fromkeys(loss.statement for loss in found if loss.statement))
    by = f" by {', '.join(statements)}" if statements else ", which no policy allows any longer"
    keys = sorted({key for loss in found for key in loss.missing})
    doubt = "" if any(loss.certain for loss in found) else f", depending on {', '.join(keys)}"
    return f"{actions}{by}{doubt}"


def _join_some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more


def describe_accounts(accounts: Iterable[MemberAccount]) -> str:
    kept = list({account.id: f"{account.name} ({account.id})" for account in accounts}.values())
    return f"{len(kept)} account{'' if len(kept) == 1 else 's'}: {_join_some(kept)}"
