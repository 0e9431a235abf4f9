# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for declared organization policies: what each is to say, where it is to be attached, and what is refused.

Nothing goes before what replaces it is there: all attachments are planned before the first detachment.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..._account.organization_tree import ENABLED, SCP, OrganizationPolicy, OrganizationTree
from ..._controls.control import listing
from ..._converge.change import Change, Refusal
from ..._converge.organization_changes import (
    ATTACH,
    DELETE,
    DETACH,
    KIND_FULL_ACCESS,
    KIND_WITHDRAW,
    OWNED,
    UPDATE,
    Node,
    PolicyWriter,
    enable,
    is_owned,
)
from ..._converge.plan import Plan
from .declared import FULL_ACCESS, Content, Declared, DeclaredPolicy, Target
from .nodes import Nodes, allows
from .targets import resolve

MODULE: t.Final = "organization_policy"


@dataclasses.dataclass(frozen=True)
class StageTargets:
    """The targets of a policy in the current stage of a rollout; from those in ``detach`` it is always detached."""

    targets: tuple[Target, ...]
    detach: tuple[Target, ...] = ()


@dataclasses.dataclass(frozen=True)
class DesiredPolicy:
    """A declared policy in an organization: where it is to be attached, and how far it is from what is declared.

    ``surplus`` is where it is attached besides, ``withdrawn`` where a rollout takes it off again.
    """

    declared: DeclaredPolicy
    type: str
    live: t.Optional[OrganizationPolicy]
    targets: tuple[str, ...]
    surplus: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.declared.name

    @property
    def content(self) -> Content:
        """The declared content. Only for policies that are to be present."""
        if self.declared.content is None:
            raise ValueError(f"{self.name} is declared absent")
        return self.declared.content

    @functools.cached_property
    def has_drifted(self) -> bool:
        """Whether it is missing, or its content is not the declared one."""
        return self.live is None or not self.content.matches(self.live.document.document, self.type)

    @property
    def is_described(self) -> bool:
        """Whether it has the declared description; if none is declared, it may have any."""
        declared = self.declared.description
        return self.live is not None and declared in (None, self.live.description)

    @property
    def to_attach(self) -> tuple[str, ...]:
        present = self.live.targets if self.live else ()
        return tuple(target for target in self.targets if target not in present)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that it is to have at least."""
        return {**self.declared.tags, OWNED[0]: OWNED[1]}

    @property
    def missing_tags(self) -> dict[str, str]:
        present = (self.live.tags if self.live else None) or {}
        return {key: value for key, value in self.tags.items() if present.get(key) != value}


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration. ``account_id`` is the account that the calls are made in."""

    declared: Declared
    account_id: str

    def resolve_policies(self, tree: OrganizationTree, stages: Mapping[str, StageTargets]) -> tuple[DesiredPolicy, ...]:
        """Resolve the declared policies in an organization. ``stages`` has the policies under a rollout, by name.

        :raises InputError: a target is not in the organization, or is ambiguous.
        """
        return tuple(self._resolve_policy(tree, policy, stages.get(policy.name)) for policy in self.declared.policies)

    def _resolve_policy(
        self, tree: OrganizationTree, policy: DeclaredPolicy, stage: t.Optional[StageTargets]
    ) -> DesiredPolicy:
        declared = self.declared
        named = (item for item in tree.policies if (item.type, item.name) == (declared.type, policy.name))
        live = next(named, None)
        if not declared.present:
            return DesiredPolicy(policy, declared.type, live, ())
        resolve_ids = functools.partial(resolve, tree, binds_management=not declared.guards_access)
        place = "rollout" if stage else policy.place
        found = resolve_ids(stage.targets if stage else policy.targets, policy.exclude, place=place)
        gone = resolve_ids(stage.detach, place=place).ids if stage else ()
        attached = live.targets if live else ()
        return DesiredPolicy(
            policy,
            declared.type,
            live,
            found.ids,
            surplus=tuple(target for target in attached if target not in (*found.ids, *gone)),
            withdrawn=tuple(target for target in gone if target in attached and target not in found.ids),
            warnings=found.warnings,
        )

    def plan(self, tree: OrganizationTree, desired: Sequence[DesiredPolicy]) -> Plan:
        """Plan all changes, before the guards judge them."""
        nodes = Nodes(tree, self.declared.type, self.declared.max_attached)
        if not self.declared.present:
            return join_plans(self._remove_policy(tree, one, nodes) for one in desired)
        attaching = [self._attach_policy(tree, one, nodes) for one in desired]
        coming = join_plans(attaching)
        going = join_plans(
            self._detach_surplus(tree, one, nodes, plan) for one, plan in zip(desired, attaching, strict=True)
        )
        full = self._detach_full_access(tree, coming, nodes) if self.declared.remove_full_access else Plan()
        wanted = any(change.operation == ATTACH for change in coming.changes)
        return join_plans([self._enable_type(tree) if wanted else Plan(), coming, full, going])

    def _build_writer(self, one: DesiredPolicy) -> PolicyWriter:
        return PolicyWriter(self.account_id, one.name, one.type, one.live, self.declared.guards_access)

    def _enable_type(self, tree: OrganizationTree) -> Plan:
        status = tree.policy_types.get(self.declared.type)
        # One that is being enabled needs no second request, only time.
        if status in (ENABLED, "PENDING_ENABLE"):
            return Plan()
        return Plan(changes=(enable(self.account_id, tree.root_id, self.declared.type, status, ENABLED),))

    # Policies that are to be present

    def _attach_policy(self, tree: OrganizationTree, one: DesiredPolicy, nodes: Nodes) -> Plan:
        refusal = self._refuse_foreign(one)
        if refusal:
            return Plan(refused=(refusal,))
        writer = self._build_writer(one)
        changes: list[Change] = []
        refused: list[Refusal] = []
        for target_id in one.live.targets if one.live else ():
            nodes.attach(target_id, one.name, allowing=one.content.grants)
        for target_id in one.to_attach:
            objection = self._find_objection(tree, one, target_id, nodes)
            if objection:
                refused.append(Refusal(*objection, f"{writer.target} on {target_id}", ATTACH))
            else:
                nodes.attach(target_id, one.name, allowing=one.content.grants)
                changes.append(writer.attach(Node(target_id, tree.name_of(target_id))))
        content = self._write_content(one, writer, is_wanted=bool(changes))
        return Plan((*content, *changes), tuple(refused), one.warnings)

    def _write_content(self, one: DesiredPolicy, writer: PolicyWriter, *, is_wanted: bool) -> Iterator[Change]:
        """Create or update the policy. One that is attached to nothing does nothing, so it is not created."""
        described = one.declared.description
        if one.live is None:
            if is_wanted:
                yield writer.create(one.content, described or "", {**self.declared.own_tags, **one.declared.tags})
            return
        yield from writer.tag(one.live, one.missing_tags)
        if one.has_drifted or not one.is_described:
            yield writer.update(one.live, one.content, one.live.description if described is None else described)

    def _refuse_foreign(self, one: DesiredPolicy) -> t.Optional[Refusal]:
        live = one.live
        operation = UPDATE if self.declared.present else DELETE
        if live is None:
            return None
        if live.is_aws_managed:
            return Refusal("protected", "never changed: AWS manages this policy", live.arn, operation)
        if is_owned(live) or (self.declared.present and self.declared.adopt):
            return None
        ways = "declare another name, or set adopt to take it over" if self.declared.present else "delete it by hand"
        reason = f"a policy named {one.name} exists without the tag {OWNED[0]}={OWNED[1]} of this collection: {ways}"
        return Refusal("foreign", reason, live.arn, operation)

    def _find_objection(
        self, tree: OrganizationTree, one: DesiredPolicy, target_id: str, nodes: Nodes
    ) -> t.Optional[tuple[str, str]]:
        """Find the rule and the reason that refuse an attachment; None if nothing does."""
        if target_id == tree.root_id and not self.declared.allow_root and self.declared.guards_access:
            reason = (
                "it would apply to every account of the organization at once; attach it to units one after the other, "
                "or set allow_root_attachment"
            )
            return "root_attachment", reason
        full = nodes.find_full(target_id)
        if full is None:
            return None
        where = tree.name_of(target_id)
        reason = (
            f"{where} has {listing(full)} attached or about to be; max_policies_per_target is "
            f"{self.declared.max_attached}, and a policy is detached only after its replacement is attached"
        )
        return "slots", reason

    # Policies that are to be detached or absent

    def _detach_surplus(self, tree: OrganizationTree, one: DesiredPolicy, nodes: Nodes, attaching: Plan) -> Plan:
        if one.live is None or any(refusal.rule in ("foreign", "protected") for refusal in attaching.refused):
            return Plan()
        purged = one.surplus if self.declared.purge else ()
        kinds = {**dict.fromkeys(purged, ""), **dict.fromkeys(one.withdrawn, KIND_WITHDRAW)}
        return self._detach_policy(tree, one.live, kinds, nodes)

    def _detach_policy(
        self, tree: OrganizationTree, live: OrganizationPolicy, kinds: Mapping[str, str], nodes: Nodes
    ) -> Plan:
        writer = PolicyWriter(self.account_id, live.name, live.type, live, self.declared.guards_access)
        changes: list[Change] = []
        refused: list[Refusal] = []
        narrows = self.declared.guards_access and allows(live.document.document)
        for target_id, kind in kinds.items():
            reason = nodes.explain_need(target_id, live.name)
            if reason:
                where = f"{writer.target} on {target_id}"
                refused.append(Refusal("last_policy", f"{tree.name_of(target_id)}: {reason}", where, DETACH))
                continue
            nodes.detach(target_id, live.name)
            given: dict[str, t.Any] = {"kind": kind} if kind else {}
            changes.append(writer.detach(Node(target_id, tree.name_of(target_id)), narrows=narrows, **given))
        return Plan(tuple(changes), tuple(refused))

    def _detach_full_access(self, tree: OrganizationTree, coming: Plan, nodes: Nodes) -> Plan:
        """Detach AWS's policy that allows everything from the targets where ours allow something instead."""
        full = next((item for item in tree.policies if item.name == FULL_ACCESS[SCP] and item.type == SCP), None)
        if full is None:
            return Plan()
        ours = {
            target_id
            for policy in self.declared.policies
            for target_id in nodes.find_targets(policy.name)
            if target_id in full.targets
        }
        order = [target_id for target_id in (*tree.unit, *tree.account) if target_id in ours]
        return self._detach_policy(tree, full, dict.fromkeys(order, KIND_FULL_ACCESS), nodes)

    def _remove_policy(self, tree: OrganizationTree, one: DesiredPolicy, nodes: Nodes) -> Plan:
        """Detach a policy from all its targets, and then delete it."""
        if one.live is None:
            return Plan()
        refusal = self._refuse_foreign(one)
        if refusal:
            return Plan(refused=(refusal,))
        if one.live.targets and not self.declared.loosen:
            names = listing(tree.name_of(target_id) for target_id in one.live.targets)
            reason = (
                f"it is attached to {names}, and its denied actions would be allowed again there; to allow that, set "
                "allow_loosen"
            )
            return Plan(refused=(Refusal("loosens", reason, one.live.arn, DELETE),))
        off = self._detach_policy(tree, one.live, dict.fromkeys(one.live.targets, ""), nodes)
        if off.refused:
            return off
        return join_plans([off, Plan(changes=(self._build_writer(one).delete(one.live),))])


def join_plans(plans: Iterable[Plan]) -> Plan:
    """Join plans in their order."""
    kept = tuple(plans)
    return Plan(
        changes=tuple(change for plan in kept for change in plan.changes),
        refused=tuple(refusal for plan in kept for refusal in plan.refused),
        warnings=tuple(dict.fromkeys(warning for plan in kept for warning in plan.warnings)),
    )
