# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A change of the organization's policies, account by account: the policies that come, change or go, and where."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import typing as t
from collections.abc import Iterable, Iterator

from ...._account.model import PolicyDocument
from ...._account.organization_tree import ENABLED, RCP, SCP, MemberAccount, OrganizationPolicy, OrganizationTree
from ...._policy.analysis.principal_matrix import CONTROL_LAYERS, Controls, Levels
from ...._policy.documents.parse import parse
from ...._policy.documents.policy import Policy, PolicyError
from ...._policy.evaluation.narrowing import ANYTHING

# Nobody works in such an account, but its policies still hold if it is opened again.
_AT_WORK: t.Final = frozenset({"ACTIVE", "PENDING_ACTIVATION"})
_LAYERS: t.Final = {SCP: "scps", RCP: "rcps"}
# AWS attaches it to the root, every unit and every account when SCPs are enabled:
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnablePolicyType.html
_FULL: t.Final = dataclasses.replace(ANYTHING, name="FullAWSAccess")
_EVERYTHING: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# A pattern that names a part of an account id holds for some accounts only.
_PART_OF_ID: t.Final = re.compile(r"\d[*?]|[*?]\d")


@dataclasses.dataclass(frozen=True)
class ChangedPolicy:
    """One policy that is not as it was: ``reaches`` are the targets on which it says something new."""

    name: str
    type: str
    reaches: tuple[str, ...]
    was: t.Optional[OrganizationPolicy] = None
    will: t.Optional[OrganizationPolicy] = None

    @property
    def target(self) -> str:
        """The target of refusals: people know a policy by its name, not by its id."""
        return f"organization policy {self.name} ({self.type})"

    @property
    def texts(self) -> tuple[str, ...]:
        """Its content, before and after."""
        return tuple(policy.content for policy in (self.was, self.will) if policy is not None)


@functools.lru_cache(maxsize=4096)
def _parse_text(name: str, content: str) -> t.Optional[Policy]:
    try:
        return parse(content, name=name)
    except PolicyError:
        return None


def parse_policy(policy: OrganizationPolicy) -> t.Optional[Policy]:
    """Parse a policy for the evaluator; None if its text does not parse. The same text gives the same object."""
    return _parse_text(policy.name, policy.content)


def takes_away(policy: ChangedPolicy) -> bool:
    """Whether a policy may take anything from anybody: by denying it, or by no longer allowing it somewhere."""
    will = parse_policy(policy.will) if policy.will is not None else None
    if will is not None and any(not statement.allow for statement in will.statements):
        return True
    was = parse_policy(policy.was) if policy.was is not None else None
    if was is None or all(not statement.allow for statement in was.statements):
        return False
    kept = set(policy.will.targets) if policy.will is not None else set()
    return was != will or not kept.issuperset(policy.was.targets if policy.was is not None else ())


class PolicyChange:
    """The organization before and after a change of its policies."""

    def __init__(self, before: OrganizationTree, after: OrganizationTree) -> None:
        self.before: t.Final = before
        self.after: t.Final = after
        self._levels: t.Final[dict[tuple[bool, str, str], tuple[Policy, ...]]] = {}

    @functools.cached_property
    def policies(self) -> tuple[ChangedPolicy, ...]:
        """The SCPs and RCPs that come, change or go, in the order of the declaration."""
        was = {(policy.type, policy.name): policy for policy in self.before.policies if policy.type in _LAYERS}
        will = {(policy.type, policy.name): policy for policy in self.after.policies if policy.type in _LAYERS}
        found = (self._compare_policies(was.get(key), will.get(key)) for key in {**will, **was})
        return tuple(item for item in found if item is not None)

    @staticmethod
    def _compare_policies(
        was: t.Optional[OrganizationPolicy], will: t.Optional[OrganizationPolicy]
    ) -> t.Optional[ChangedPolicy]:
        old, new = set(was.targets if was else ()), set(will.targets if will else ())
        same = was is not None and will is not None and parse_policy(was) == parse_policy(will)
        reaches = sorted(old ^ new if same else old | new)
        known = will or was
        if not reaches or known is None:
            return None
        return ChangedPolicy(known.name, known.type, tuple(reaches), was, will)

    @functools.cached_property
    def after_with_full_access(self) -> OrganizationTree:
        """The organization after the change, with FullAWSAccess where the change enables SCPs."""
        if self._is_enabled(SCP):
            return self.after
        targets = (*self.after.unit, *self.after.account)
        full = OrganizationPolicy(
            id="p-FullAWSAccess",
            arn="",
            name=_FULL.name,
            type=SCP,
            description="",
            is_aws_managed=True,
            content=json.dumps(_EVERYTHING),
            document=PolicyDocument(_FULL.name, _EVERYTHING),
            targets=targets,
        )
        return self.after.with_policies((*self.after.policies, full))

    @functools.cached_property
    def has_rcps(self) -> bool:
        """Whether RCPs come, change or go, which bind every caller, AWS services too."""
        return any(policy.type == RCP for policy in self.policies)

    @functools.cached_property
    def accounts(self) -> tuple[MemberAccount, ...]:
        """The accounts in which anything changes. SCPs and RCPs do not bind the management account."""
        reached = {target for policy in self.policies for target in policy.reaches}
        management = self.after.management_account_id
        return tuple(item for item in self.after.accounts_under(reached) if item.id != management)

    @functools.cached_property
    def accounts_at_work(self) -> tuple[MemberAccount, ...]:
        """Those of them that are not closed or suspended."""
        return tuple(account for account in self.accounts if account.state in _AT_WORK)

    def policies_at(self, account_id: str) -> tuple[ChangedPolicy, ...]:
        """The changed policies that reach an account."""
        lineage = set(self.after.lineage(account_id))
        return tuple(policy for policy in self.policies if not lineage.isdisjoint(policy.reaches))

    def controls(self, account_id: str) -> tuple[Controls, Controls]:
        """The SCPs and RCPs that apply to an account, before and after. Policies that don't parse are left out."""
        pairs = {layer: tuple(self._pair_levels(account_id, kind)) for kind, layer in _LAYERS.items()}
        sides = []
        for side in (0, 1):
            levels: dict[str, t.Optional[Levels]] = {}
            for layer, found in pairs.items():
                levels[layer] = tuple(pair[side] for pair in found) or None
            sides.append(Controls(**levels))
        if not self._is_enabled(SCP):
            sides[0] = dataclasses.replace(sides[0], scps=None)
        return sides[0], sides[1]

    def _pair_levels(self, account_id: str, kind: str) -> Iterator[tuple[tuple[Policy, ...], tuple[Policy, ...]]]:
        """Pair the policies of each level before and after; a level without any, then and now, limits nothing."""
        for target in self.after.lineage(account_id):
            was, will = (self._list_level(is_after, target, kind) for is_after in (False, True))
            if kind == SCP and will and not self._is_enabled(SCP):
                will = (*will, _FULL)
            if was or will:
                yield was, will

    def _list_level(self, is_after: bool, target: str, kind: str) -> tuple[Policy, ...]:
        key = (is_after, target, kind)
        if key not in self._levels:
            tree = self.after if is_after else self.before
            attached = (policy for policy in tree.policies if policy.type == kind and target in policy.targets)
            self._levels[key] = tuple(policy for item in attached if (policy := parse_policy(item)) is not None)
        return self._levels[key]

    def _is_enabled(self, kind: str) -> bool:
        return self.before.policy_types.get(kind) == ENABLED

    # Accounts with the same losses

    def group_accounts(self) -> Iterator[tuple[MemberAccount, ...]]:
        """Group the accounts that have the same policies before and after, as far as these make a difference.

        The matrix of one of a group holds for all of it: of 2,000 accounts there are as many groups as kinds of units.
        """
        groups: dict[t.Hashable, list[MemberAccount]] = {}
        for account in self.accounts:
            groups.setdefault(self._sign_account(account), []).append(account)
        yield from (tuple(group) for group in groups.values())

    def _sign_account(self, account: MemberAccount) -> t.Hashable:
        """Sign an account by everything that decides its losses: the policies that change, and those that allow."""
        before, after = self.controls(account.id)
        changed = {policy.name for policy in self.policies_at(account.id)}
        ids = tuple(
            (name, id(policy))
            for controls in (before, after)
            for layer in CONTROL_LAYERS
            for name, policy in (*controls.policies(layer).items(), ("", None))
            if name in changed or not name
        )
        allowing = tuple(_find_allowing(controls.scps) for controls in (before, after))
        texts = [text for policy in self.policies_at(account.id) for text in policy.texts]
        own = account.id if _mentions_account(account.id, texts) else None
        path = account.parent_id if any("orgpaths" in text.lower() for text in texts) else None
        # An administrator's account has the caller in it.
        administrator = account.id if account.id in self.after.delegated_administrators else None
        return ids, allowing if allowing[0] != allowing[1] else None, own, path, administrator


def _find_allowing(levels: t.Optional[Levels]) -> tuple[tuple[int, ...], ...]:
    """Find the policies of each level that allow something."""
    return tuple(
        tuple(id(policy) for policy in level if any(statement.allow for statement in policy.statements))
        for level in levels or ()
    )


def _mentions_account(account_id: str, texts: Iterable[str]) -> bool:
    return any(account_id in text or _PART_OF_ID.search(text) for text in texts)


def build_organization_path(tree: OrganizationTree, account_id: str) -> str:
    """Build the path of an account in its organization, as condition keys have it: ``o-…/r-…/ou-…/``."""
    return "/".join((tree.id, *tree.lineage(account_id)[:-1], ""))
