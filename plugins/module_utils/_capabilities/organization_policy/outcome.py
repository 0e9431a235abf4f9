# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The organization after a plan, the plan after refusals, and the return value on declared policies."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence

from ..._account.model import PolicyDocument
from ..._account.organization_tree import OrganizationPolicy, OrganizationTree
from ..._converge.change import Change, Refusal
from ..._converge.organization_changes import (
    ATTACH,
    CREATE,
    DELETE,
    DETACH,
    ENABLE,
    KIND_WITHDRAW,
    TAG,
    UPDATE,
    find_policy_key,
    name_policy,
    stays_with,
)
from ..._converge.plan import Plan
from .declared import Declared
from .plan import DesiredPolicy

_Key = tuple[str, str]


def apply_changes(tree: OrganizationTree, changes: Iterable[Change]) -> OrganizationTree:
    """Apply changes to a copy of the organization."""
    policies: dict[_Key, OrganizationPolicy] = {(policy.name, policy.type): policy for policy in tree.policies}
    for change in changes:
        key = find_policy_key(change)
        if change.operation == CREATE:
            policies[key] = _add_policy(change)
        elif change.operation == UPDATE:
            policies[key] = dataclasses.replace(policies[key], **_read_new_state(change))
        elif change.operation == DELETE:
            del policies[key]
        elif change.operation in (ATTACH, DETACH):
            node = change.after["attached_to"]
            others = (target for target in policies[key].targets if target != node)
            targets = sorted((*others, node) if change.operation == ATTACH else others)
            policies[key] = dataclasses.replace(policies[key], targets=tuple(targets))
    return tree.with_policies(policies.values())


def _add_policy(change: Change) -> OrganizationPolicy:
    name, policy_type = find_policy_key(change)
    return OrganizationPolicy(
        id="", arn="", name=name, type=policy_type, is_aws_managed=False, tags={}, **_read_new_state(change)
    )


def _read_new_state(change: Change) -> dict[str, t.Any]:
    document = change.after["document"]
    return {
        "description": change.after["description"],
        "content": json.dumps(document),
        "document": PolicyDocument(name=change.after["policy"], document=document),
    }


def drop_refused_policies(plan: Plan, refusals: Mapping[str, Sequence[Refusal]]) -> Plan:
    """Drop the changes that apply refused policies, by their names, and the changes that depend on these.

    A withdrawal of a rollout is never dropped.
    """
    dropped = [change for change in plan.changes if find_policy_key(change)[0] in refusals and _applies_policy(change)]
    refused = [*plan.refused, *(refusal for found in refusals.values() for refusal in found)]
    kept = [change for change in plan.changes if not _is_among(change, dropped)]
    for other in dropped:
        for change in [change for change in kept if stays_with(change, other)]:
            kept = [item for item in kept if item is not change]
            dropped.append(change)
            refused.append(_refuse_dependent(change, other))
    if not any(change.operation == ATTACH for change in kept):
        # A type is enabled for what is attached alone.
        kept = [change for change in kept if change.operation != ENABLE]
    return Plan(tuple(kept), tuple(refused), plan.warnings)


def _applies_policy(change: Change) -> bool:
    """Whether a change makes a policy apply, so that it must not be made for a refused policy."""
    if change.operation == DETACH:
        # Detaching a policy that allows something denies it as well.
        return change.impact.value == "narrowing" and change.kind != KIND_WITHDRAW
    return change.operation in (CREATE, UPDATE, ATTACH, TAG)


def _refuse_dependent(change: Change, other: Change) -> Refusal:
    reason = f"skipped, because it depends on {other.operation} on {other.target}, which was refused"
    return Refusal("together", reason, change.target, change.operation)


def _is_among(change: Change, changes: Collection[Change]) -> bool:
    return any(change is other for other in changes)


def target_of(one: DesiredPolicy) -> str:
    """The resource of findings and the target of changes for a policy: its ARN, or its name as long as it has none."""
    return one.live.arn if one.live else name_policy(one.name, one.type)


def with_remedies(plan: Plan, remedies: Mapping[str, tuple[str, ...]], desired: Sequence[DesiredPolicy]) -> Plan:
    """Add to each change the findings that it resolves: those on the policy that it is about."""
    by_name = {(one.name, one.type): remedies.get(target_of(one), ()) for one in desired}
    changes = (
        dataclasses.replace(change, remedies=by_name.get(find_policy_key(change), ())) for change in plan.changes
    )
    return dataclasses.replace(plan, changes=tuple(changes))


def report_policies(
    tree: OrganizationTree, declared: Declared, desired: Sequence[DesiredPolicy]
) -> list[dict[str, t.Any]]:
    """Report each declared policy as it was found, for the return value ``policies``."""
    return [_report_policy(tree, declared, one) for one in desired]


def _report_policy(tree: OrganizationTree, declared: Declared, one: DesiredPolicy) -> dict[str, t.Any]:
    attached = one.live.targets if one.live else ()
    targets = one.targets if declared.present else attached
    return {
        "name": one.name,
        "type": one.type,
        "id": one.live.id if one.live else None,
        "arn": one.live.arn if one.live else None,
        "drifted": one.has_drifted if declared.present else None,
        "size": one.content.size if declared.present else None,
        "targets": [{"id": target, "name": tree.name_of(target), "attached": target in attached} for target in targets],
        "not_declared": [{"id": target, "name": tree.name_of(target)} for target in one.surplus],
        "slots": [_count_slots(tree, declared, target) for target in targets],
    }


def _count_slots(tree: OrganizationTree, declared: Declared, target: str) -> dict[str, t.Any]:
    used = sum(policy.type == declared.type and target in policy.targets for policy in tree.policies)
    return {"id": target, "used": used, "limit": declared.max_attached}


def find_obstacle(one: DesiredPolicy, result: Mapping[str, t.Any], completed: bool, *, predicted: bool) -> str:
    """Find why the changes of a policy are not all made, for people; empty if they are.

    ``completed`` says that nothing went wrong in the run. ``predicted`` asks whether they would be made.
    """
    if _is_done(one, result, predicted=predicted):
        return "" if completed or predicted else "the run failed, so its changes are not verified"
    target = target_of(one)
    reasons = (
        item["reason"]
        for item in result["refused"]
        if item["target"] == target or str(item["target"]).startswith(f"{target} on ")
    )
    return "; ".join(dict.fromkeys(reasons)) or "not all of its changes were made"


def _is_done(one: DesiredPolicy, result: Mapping[str, t.Any], *, predicted: bool) -> bool:
    """Whether a policy says now what is declared, and is attached to all that it was to be attached to, and no more.

    ``predicted``: whether it would be so after the changes of the result.
    """
    made = [
        change
        for change in result["changes"]
        if (predicted or change["applied"]) and (change["after"] or {}).get("policy") == one.name
    ]
    attached = {change["after"]["attached_to"] for change in made if change["operation"] == ATTACH}
    detached = {change["after"]["attached_to"] for change in made if change["operation"] == DETACH}
    written = any(change["operation"] in (CREATE, UPDATE) for change in made)
    is_placed = attached.issuperset(one.to_attach) and detached.issuperset(one.withdrawn)
    return is_placed and (written or not one.has_drifted)
