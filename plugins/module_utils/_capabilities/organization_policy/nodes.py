# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The attachments of each root, unit and account while a plan is made: their slots, and those it must not lose."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..._account.organization_tree import SCP, OrganizationTree


class Nodes:
    """The attachments of one type of policy, kept up to date with what is planned."""

    def __init__(self, tree: OrganizationTree, policy_type: str, limit: int) -> None:
        self._type = policy_type
        self._limit = limit
        self._attached: dict[str, dict[str, bool]] = defaultdict(dict)
        # AWS counts policies until they are detached, and detachments come last.
        self._counted: dict[str, dict[str, None]] = defaultdict(dict)
        for policy in tree.policies:
            if policy.type == policy_type:
                for target_id in policy.targets:
                    self.attach(target_id, policy.name, allowing=allows(policy.document.document))

    def attach(self, target_id: str, name: str, *, allowing: bool) -> None:
        """Note that a policy is attached. ``allowing``: it allows something."""
        self._attached[target_id][name] = allowing
        self._counted[target_id][name] = None

    def detach(self, target_id: str, name: str) -> None:
        """Note that a policy is detached."""
        self._attached[target_id].pop(name, None)

    def find_targets(self, name: str) -> tuple[str, ...]:
        """Find the targets that have the policy."""
        return tuple(target_id for target_id, names in self._attached.items() if name in names)

    def find_full(self, target_id: str) -> t.Optional[tuple[str, ...]]:
        """Find the policies that fill all slots of a target; None if a slot is left."""
        names = tuple(self._counted.get(target_id, {}))
        return names if len(names) >= self._limit else None

    def explain_need(self, target_id: str, name: str) -> t.Optional[str]:
        """Explain why a policy can't be detached from a target; None if it can.

        Without any SCP a level allows nothing, whatever all others say, and AWS refuses to detach the last one:
        https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html
        """
        if self._type != SCP:
            return None
        others = {other: allowing for other, allowing in self._attached.get(target_id, {}).items() if other != name}
        if not others:
            return f"{name} is the last SCP there, and without an SCP everything is denied; attach another one first"
        if self._attached[target_id].get(name) and not any(others.values()):
            return (
                f"{name} is the last SCP there that allows anything, so everything would be denied; first attach one "
                "that allows something"
            )
        return None


def allows(document: t.Any) -> bool:
    """Whether a document as AWS keeps it has a statement that allows something."""
    if not isinstance(document, Mapping):
        return False
    statements = document.get("Statement")
    members: Sequence[t.Any] = statements if isinstance(statements, list) else [statements]
    return any(isinstance(item, Mapping) and item.get("Effect") == "Allow" for item in members)
