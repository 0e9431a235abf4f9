# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for centralized root access: what the organization is to have on, and which roots are to lose what. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._account.organization_tree import OrganizationTree
from ..._account.root_credentials import RootCredentials
from ..._controls.member_roots import (
    CREDENTIALS_FEATURE,
    central_finding,
    member_findings,
    not_in_organization,
    unread_findings,
)
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from ..._prediction.acceptance import acceptance_warnings
from .changes import (
    CERTIFICATE,
    DISABLE_TRUST,
    KEY,
    PASSWORD,
    SERVICE,
    RootAccessWriter,
    describe_credentials,
    removals,
)
from .declared import ACCEPT, Declared
from .use import find_use_objections

MODULE: t.Final = "organization_root_access"
_ALL_FEATURES: t.Final = "ALL"
_REMEDIED: t.Final = {
    "root_no_access_key": KEY,
    "root_no_signing_certificate": CERTIFICATE,
    "member_root_without_password": PASSWORD,
}


@dataclasses.dataclass(frozen=True)
class Observed:
    """The observed state. ``tree`` is None where it could not be read, or is missing (``is_outside``): see ``reason``.

    ``features`` is None where they could not be read. ``members`` has, of each account that is meant, the credentials
    of its root user, or why they are not known.
    """

    account_id: str
    partition: str
    tree: t.Optional[OrganizationTree] = None
    is_outside: bool = False
    reason: str = ""
    features: t.Optional[frozenset[str]] = None
    members: Mapping[str, t.Union[RootCredentials, str]] = dataclasses.field(default_factory=dict)

    @property
    def is_management_account(self) -> bool:
        """Whether the calls are made from where the organization can be changed."""
        return self.tree is not None and self.tree.management_account_id == self.account_id

    def root_arn(self, account_id: str) -> str:
        """The ARN of the root user of an account."""
        return f"arn:{self.partition}:iam::{account_id}:root"

    @property
    def roots(self) -> tuple[RootCredentials, ...]:
        """The root users whose credentials are known."""
        return tuple(member for member in self.members.values() if isinstance(member, RootCredentials))


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment."""

    declared: Declared
    now: datetime

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on the organization, and on the root users of the members that are meant."""
        return (self._judge_central_access(observed), *self._judge_members(observed))

    def _judge_central_access(self, observed: Observed) -> Finding:
        # Findings on the organization are those of its management account, wherever they were seen from.
        account = observed.tree.management_account_id if observed.tree else observed.account_id
        arn = observed.root_arn(account)
        if observed.is_outside:
            return not_in_organization(account_id=account, arn=arn, reason=observed.reason, now=self.now)
        return central_finding(
            account_id=account, arn=arn, features=observed.features, reason=observed.reason, now=self.now
        )

    def _judge_members(self, observed: Observed) -> Iterator[Finding]:
        for account_id, member in observed.members.items():
            arn = observed.root_arn(account_id)
            if isinstance(member, RootCredentials):
                yield from member_findings(member, arn=arn, now=self.now)
            else:
                yield from unread_findings(account_id, arn=arn, reason=member, now=self.now)

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan that leads from what was observed to the declaration. ``found`` are the findings on that."""
        if observed.tree is None:
            return self._plan_nothing(observed)
        on, off, refused = self._plan_organization(observed, observed.tree, found)
        removed, refused_members = self._plan_members(observed, found)
        warnings = self._list_warnings(observed, on)
        return Plan(changes=(*on, *removed, *off), refused=(*refused, *refused_members), warnings=warnings)

    def _plan_nothing(self, observed: Observed) -> Plan:
        if not self.declared.changes_organization and not self.declared.targets:
            return Plan()
        rule = "no_organization" if observed.is_outside else "unread"
        return Plan(refused=(Refusal(rule, observed.reason, observed.root_arn(observed.account_id)),))

    def _plan_organization(
        self, observed: Observed, tree: OrganizationTree, found: Sequence[Finding]
    ) -> tuple[list[Change], list[Change], list[Refusal]]:
        """Plan the settings to turn on, those to turn off, and the refusals."""
        writer = RootAccessWriter(observed.account_id, _organization_arn(observed, tree))
        failing = tuple(item.fingerprint for item in found[:1] if item.status is Status.FAIL)
        on, off = self._turn_on(observed, tree, writer, failing), self._turn_off(observed, tree, writer)
        objection = self._find_objection(observed, tree, [*on, *off])
        if not objection or not (on or off):
            return on, off, []
        refusals = [
            Refusal(rule, reason, change.target, change.operation)
            for change in (*on, *off)
            for rule, reason in (objection,)
        ]
        return [], [], refusals

    def _find_objection(
        self, observed: Observed, tree: OrganizationTree, changes: Iterable[Change]
    ) -> t.Optional[tuple[str, str]]:
        if not observed.is_management_account:
            where = f"{tree.management_account_id} is the management account, and only it may change this"
            return "management_account", f"the credentials belong to {observed.account_id}; {where}"
        if tree.feature_set != _ALL_FEATURES:
            return "all_features", f"the organization {tree.id} has only consolidated billing; it needs all features"
        administrator = self.declared.delegated_administrator
        if administrator == tree.management_account_id:
            return "delegated_administrator", "the management account can't be its own delegated administrator"
        if administrator and administrator not in tree.account:
            return "delegated_administrator", f"{administrator} is no account of the organization {tree.id}"
        if observed.features is None and any(change.service == "iam" for change in changes):
            return "unread", f"the enabled features are not known: {observed.reason}"
        return None

    def _turn_on(
        self, observed: Observed, tree: OrganizationTree, writer: RootAccessWriter, remedies: tuple[str, ...]
    ) -> list[Change]:
        changes = []
        needed = self.declared.trusted_access or self.declared.delegated_administrator is not None
        if needed and SERVICE not in tree.trusted_services:
            changes.append(writer.set_trust(on=True))
        present = observed.features or frozenset()
        for feature, wanted in self.declared.features.items():
            if wanted and feature not in present:
                changes.append(
                    writer.set_feature(feature, on=True, remedies=remedies if feature == CREDENTIALS_FEATURE else ())
                )
        wanted_administrator = self.declared.delegated_administrator
        if wanted_administrator and wanted_administrator not in list_administrators(tree):
            changes.append(writer.set_administrator(wanted_administrator, on=True))
        return changes

    def _turn_off(self, observed: Observed, tree: OrganizationTree, writer: RootAccessWriter) -> list[Change]:
        """Plan the settings that are declared off. AWS ends trusted access only without a delegated administrator."""
        changes = []
        if self.declared.purge_delegated_administrators:
            others = [item for item in list_administrators(tree) if item != self.declared.delegated_administrator]
            changes += [writer.set_administrator(account, on=False) for account in others]
        present = observed.features or frozenset()
        for feature, wanted in self.declared.features.items():
            if not wanted and feature in present:
                changes.append(writer.set_feature(feature, on=False))
        if self.declared.trusted_access is False and SERVICE in tree.trusted_services:
            changes.append(writer.set_trust(on=False))
        return changes

    def _plan_members(self, observed: Observed, found: Sequence[Finding]) -> tuple[list[Change], list[Refusal]]:
        if not self.declared.remove:
            return [], []
        changes: list[Change] = []
        refused: list[Refusal] = []
        for account_id, member in observed.members.items():
            arn = observed.root_arn(account_id)
            if not isinstance(member, RootCredentials):
                refused.append(Refusal("unread", f"root's credentials are not known: {member}", arn))
                continue
            planned = removals(
                member, arn=arn, population=len(observed.members), remedies=_group_remedies(found, account_id)
            )
            objection = self._explain_use(member, arn) if planned else ""
            if objection:
                refused.append(Refusal("in_use", objection, arn))
            else:
                changes += planned
        return changes, refused

    def _explain_use(self, root: RootCredentials, arn: str) -> str:
        if self.declared.acceptance_of(arn):
            return ""
        objections = find_use_objections(root, min_idle_days=self.declared.min_idle_days, now=self.now)
        if not objections:
            return ""
        return (
            f"root may still be in use: {'; '.join(objections)} (min_idle_days is {self.declared.min_idle_days}); to "
            f"remove them anyway, list {arn} in {ACCEPT}"
        )

    def _list_warnings(self, observed: Observed, on: Collection[Change]) -> tuple[str, ...]:
        warnings = self._list_acceptance_warnings(observed)
        if self.declared.targets and any(change.after["setting"] == CREDENTIALS_FEATURE for change in on):
            warnings.append(
                "members can be audited only once root_credentials_management is on: run again after this run"
            )
        if self.declared.trusted_access is False and observed.tree is not None:
            kept = sorted(
                (observed.features or frozenset()) - {name for name, on in self.declared.features.items() if not on}
            )
            left = list_administrators(observed.tree) if not self.declared.purge_delegated_administrators else ()
            if kept or left:
                warnings.append(
                    f"{DISABLE_TRUST}: {', '.join([*kept, *left])} stays, so AWS may refuse to end trusted access"
                )
        return tuple(warnings)

    def _list_acceptance_warnings(self, observed: Observed) -> list[str]:
        broken = [
            observed.root_arn(root.account_id)
            for root in observed.roots
            if find_use_objections(root, min_idle_days=self.declared.min_idle_days, now=self.now)
        ]
        return acceptance_warnings(self.declared.acceptances, broken, self.now.date(), option=ACCEPT)


def list_administrators(tree: OrganizationTree) -> tuple[str, ...]:
    """List the accounts that administer IAM for the organization."""
    return tuple(account for account, services in tree.delegated_administrators.items() if SERVICE in services)


def make_result(observed: Observed) -> dict[str, t.Any]:
    """Make the module's result on the organization and its members: counts, and no key ids."""
    tree = observed.tree
    organization = None
    if tree is not None:
        organization = {
            "id": tree.id,
            "management_account_id": tree.management_account_id,
            "trusted_access": SERVICE in tree.trusted_services,
            "features": None if observed.features is None else sorted(observed.features),
            "delegated_administrators": list(list_administrators(tree)),
        }
    members = [_make_member_result(tree, *item) for item in observed.members.items()] if tree else []
    return {"organization": organization, "members": members}


def _make_member_result(
    tree: OrganizationTree, account_id: str, member: t.Union[RootCredentials, str]
) -> dict[str, t.Any]:
    named = {"account_id": account_id, "name": tree.account[account_id].name}
    if not isinstance(member, RootCredentials):
        return {**named, "assessed": False, "reason": member}
    return {
        **named,
        "assessed": True,
        "reason": None,
        "password": member.password is not None,
        "access_keys": len(member.keys),
        "signing_certificates": len(member.certificates),
        "mfa_devices": len(member.mfa_devices),
        "last_used": format_utc(member.last_used) if member.last_used else None,
        "clean": not describe_credentials(member),
    }


def _organization_arn(observed: Observed, tree: OrganizationTree) -> str:
    owner = tree.management_account_id
    return f"arn:{observed.partition}:organizations::{owner}:organization/{tree.id}"


def _group_remedies(found: Iterable[Finding], account_id: str) -> dict[str, tuple[str, ...]]:
    """Group the failing findings on an account by the kind of credential whose removal resolves them."""
    return {
        _REMEDIED[finding.control]: (finding.fingerprint,)
        for finding in found
        if finding.account_id == account_id and finding.status is Status.FAIL and finding.control in _REMEDIED
    }
