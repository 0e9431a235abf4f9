# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes to organization policies and to what they are attached to, each with the one write that takes it back.

The id of a policy is known only once it is there, and a policy that was deleted comes back with another one. So what
undoes a change, and what follows the creation of a policy, names it by ``PolicyName`` and ``PolicyType``, and the id is
asked for when the request is made.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .._account.organization_tree import OrganizationPolicy
from .change import GLOBAL, Change, Impact, Undo

SERVICE: t.Final = "organizations"
ENABLE: t.Final = "EnablePolicyType"
CREATE: t.Final = "CreatePolicy"
UPDATE: t.Final = "UpdatePolicy"
DELETE: t.Final = "DeletePolicy"
ATTACH: t.Final = "AttachPolicy"
DETACH: t.Final = "DetachPolicy"
TAG: t.Final = "TagResource"
UNTAG: t.Final = "UntagResource"

#: The tag of the policies that this collection may change and delete.
OWNED: t.Final = ("iam-hardening:managed", "true")

KIND_CREATE: t.Final = "organization_policy_create"
KIND_UPDATE: t.Final = "organization_policy_update"
KIND_ATTACH: t.Final = "organization_policy_attach"
KIND_DETACH: t.Final = "organization_policy_detach"
KIND_WITHDRAW: t.Final = "organization_policy_withdraw"
KIND_FULL_ACCESS: t.Final = "organization_policy_full_access_detach"


def is_owned(policy: OrganizationPolicy) -> bool:
    """Whether this collection made or adopted it: only then is it changed or deleted."""
    return (policy.tags or {}).get(OWNED[0]) == OWNED[1]


def name_policy(name: str, policy_type: str) -> str:
    """Name a policy that has no ARN yet."""
    return f"organization policy {name} ({policy_type})"


def describe_policy(
    policy: t.Optional[OrganizationPolicy] = None, *, document: t.Any = None, **fields: t.Any
) -> t.Optional[dict[str, t.Any]]:
    """Describe a policy for ``before`` and ``after`` of a change; None for no policy."""
    if policy is None:
        return None
    state = {"policy": policy.name, "type": policy.type, "description": policy.description}
    return {**state, "document": policy.document.document if document is None else document, **fields}


class Content(t.Protocol):
    """The content of a policy: its document, and the text that is sent to AWS."""

    @property
    def document(self) -> Mapping[str, t.Any]:
        """The document."""

    @property
    def text(self) -> str:
        """The text."""


@dataclasses.dataclass(frozen=True)
class Node:
    """A root, unit or account that a policy is attached to, with the name that people know."""

    id: str
    name: str


@dataclasses.dataclass(frozen=True)
class PolicyWriter:
    """Makes the changes to one policy, which may not be there yet. ``guards_access`` says whether it can deny."""

    account_id: str
    name: str
    type: str
    live: t.Optional[OrganizationPolicy]
    guards_access: bool = True

    @property
    def target(self) -> str:
        """The target of changes: the ARN of the policy, or its name as long as it has none."""
        return self.live.arn if self.live else name_policy(self.name, self.type)

    @property
    def _name_parameters(self) -> dict[str, str]:
        return {"PolicyName": self.name, "PolicyType": self.type}

    @property
    def _id_parameters(self) -> dict[str, str]:
        return {"PolicyId": self.live.id} if self.live else self._name_parameters

    def _describe_content(self, content: Content, description: str) -> dict[str, t.Any]:
        about = {"policy": self.name, "type": self.type, "description": description}
        return {**about, "document": dict(content.document)}

    def create(self, content: Content, description: str, tags: Mapping[str, str]) -> Change:
        """Create the policy."""
        request = self._build_creation(content.text, description, {**tags, OWNED[0]: OWNED[1]})
        after = self._describe_content(content, description)
        return self._build_change(
            CREATE,
            request,
            None,
            after,
            kind=KIND_CREATE,
            undo=Undo(DELETE, self._name_parameters),
            impact=Impact.ADDITIVE,
        )

    def _build_creation(self, text: str, description: str, tags: Mapping[str, str]) -> dict[str, t.Any]:
        tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
        about = {"Name": self.name, "Type": self.type, "Description": description}
        return {**about, "Content": text, "Tags": tagged}

    def update(self, live: OrganizationPolicy, content: Content, description: str) -> Change:
        """Update content and description. Both are always sent, so that neither is ever lost."""
        request = {"PolicyId": live.id, "Description": description, "Content": content.text}
        before = {"Description": live.description, "Content": live.content}
        return self._build_change(
            UPDATE,
            request,
            describe_policy(live),
            self._describe_content(content, description),
            kind=KIND_UPDATE,
            undo=Undo(UPDATE, {**self._name_parameters, **before}),
            impact=Impact.NARROWING if self.guards_access and live.targets else Impact.ADDITIVE,
        )

    def delete(self, live: OrganizationPolicy) -> Change:
        """Delete the policy, which is attached to nothing any more. The undo creates it again."""
        creation = self._build_creation(live.content, live.description, live.tags or {})
        return self._build_change(
            DELETE,
            {"PolicyId": live.id},
            describe_policy(live),
            None,
            kind="organization_policy_delete",
            undo=Undo(CREATE, creation),
            impact=Impact.DESTRUCTIVE,
        )

    def tag(self, live: OrganizationPolicy, tags: Mapping[str, str]) -> list[Change]:
        """Set tags. New tags and changed tags are two changes, since different writes undo them."""
        present = live.tags or {}
        added = {key: value for key, value in tags.items() if key not in present}
        changed = {key: value for key, value in tags.items() if key in present and present[key] != value}
        changes = []
        if added:
            keys = {**self._name_parameters, "TagKeys": list(added)}
            changes.append(self._change_tags(live, added, dict.fromkeys(added), Undo(UNTAG, keys)))
        if changed:
            before = {key: present[key] for key in changed}
            changes.append(
                self._change_tags(
                    live, changed, before, Undo(TAG, {**self._name_parameters, "Tags": _list_tags(before)})
                )
            )
        return changes

    def _change_tags(
        self, live: OrganizationPolicy, tags: Mapping[str, str], before: Mapping[str, t.Any], undo: Undo
    ) -> Change:
        about = {"policy": self.name, "type": self.type}
        return self._build_change(
            TAG,
            {"ResourceId": live.id, "Tags": _list_tags(tags)},
            {**about, "tags": dict(before)},
            {**about, "tags": dict(tags)},
            kind="organization_policy_tag",
            undo=undo,
            impact=Impact.ADDITIVE,
        )

    def attach(self, node: Node) -> Change:
        """Attach the policy to a root, unit or account."""
        impact = Impact.NARROWING if self.guards_access else Impact.ADDITIVE
        return self._change_attachment(node, ATTACH, DETACH, kind=KIND_ATTACH, impact=impact)

    def detach(self, node: Node, *, kind: str = KIND_DETACH, narrows: bool = False) -> Change:
        """Detach the policy from a root, unit or account. ``narrows``: it allows something there."""
        impact = Impact.NARROWING if narrows else Impact.ADDITIVE
        return self._change_attachment(node, DETACH, ATTACH, kind=kind, impact=impact)

    def _change_attachment(self, node: Node, operation: str, back: str, *, kind: str, impact: Impact) -> Change:
        about = {"policy": self.name, "type": self.type, "attached_to": node.id, "where": node.name}
        # One policy has many attachments, and each of them is looked at by itself.
        return self._build_change(
            operation,
            {**self._id_parameters, "TargetId": node.id},
            {**about, "attached": operation == DETACH},
            {**about, "attached": operation == ATTACH},
            kind=kind,
            undo=Undo(back, {**self._name_parameters, "TargetId": node.id}),
            impact=impact,
            target=f"{self.target} on {node.id}",
        )

    def _build_change(
        self,
        operation: str,
        parameters: Mapping[str, t.Any],
        before: t.Any,
        after: t.Any,
        *,
        kind: str,
        undo: Undo,
        impact: Impact,
        target: str = "",
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service=SERVICE,
            operation=operation,
            target=target or self.target,
            parameters=parameters,
            before=before,
            after=after,
            kind=kind,
            impact=impact,
            undo=undo,
        )


def _list_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def enable(account_id: str, root_id: str, policy_type: str, status: t.Optional[str], wanted: str) -> Change:
    """Enable a type of policy. There is no undo: disabling it would detach all policies of the type for good.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_enable-disable.html
    """
    return Change(
        account_id=account_id,
        region=GLOBAL,
        service=SERVICE,
        operation=ENABLE,
        target=f"policy type {policy_type} of {root_id}",
        parameters={"RootId": root_id, "PolicyType": policy_type},
        before={"type": policy_type, "status": status},
        after={"type": policy_type, "status": wanted},
        kind="organization_policy_type_enable",
        impact=Impact.ADDITIVE,
    )


def find_policy_key(change: Change) -> tuple[str, str]:
    """Find the name and type of the policy that a change is about; the name is empty if it is about a type."""
    state = change.before or change.after or {}
    return state.get("policy", ""), state.get("type", "")


def stays_with(change: Change, refused: Change) -> bool:
    """Whether a change is not to be made where another one is refused.

    Nobody gets a policy that could not be brought up to date, what replaces another is attached before that goes, and
    nothing is deleted that is still attached. A stage that is withdrawn waits for nothing.
    """
    same_policy = find_policy_key(change) == find_policy_key(refused)
    if change.operation == ATTACH:
        return refused.operation == ENABLE or (same_policy and refused.operation in (CREATE, UPDATE))
    if change.operation == DETACH and change.kind != KIND_WITHDRAW:
        same_node = _find_node(change) == _find_node(refused)
        return refused.operation == ATTACH and (same_policy or same_node)
    return change.operation == DELETE and refused.operation == DETACH and same_policy


def serves(change: Change, attachment: Change) -> bool:
    """Whether a change is there only for an attachment: the policy that is made, the type that is enabled.

    A policy that is attached to nothing does nothing, and a type that was enabled is not disabled again.
    """
    if attachment.operation != ATTACH:
        return False
    same_type = find_policy_key(change)[1] == find_policy_key(attachment)[1]
    return (change.operation == ENABLE and same_type) or (
        change.operation == CREATE and find_policy_key(change) == find_policy_key(attachment)
    )


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a change of a run may rely on an earlier one: it is about the same policy, or the same target of one."""
    nodes = {_find_node(later), _find_node(earlier)}
    return find_policy_key(later) == find_policy_key(earlier) or (len(nodes) == 1 and nodes != {""})


def _find_node(change: Change) -> str:
    return str((change.before or {}).get("attached_to", ""))
