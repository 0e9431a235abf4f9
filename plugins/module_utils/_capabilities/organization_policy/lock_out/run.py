# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The guard against locking anybody out by a policy of the organization, composed: what it takes in, reads and says."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ...._account.collect import OPERATIONS as READS
from ...._account.collect import collect
from ...._account.model import Dataset
from ...._account.organization_assembly import add_organization
from ...._account.organization_tree import OrganizationTree
from ...._aws.operations import Operations
from ...._controls.control import unread_reason
from ...._converge.change import Refusal
from ...._module.arguments import ArgumentSpec
from ...._module.connection import Connection
from ...._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of
from ...._policy.analysis.own_roles import ASSESSORS, AUTOMATION
from ...._prediction.acceptance import Acceptances, acceptance_warnings
from ...._prediction.document import build, find_accepted
from ...._prediction.evidence import EVIDENCE_OPERATIONS
from ...._prediction.records.evidence_options import EVIDENCE_ARGUMENTS, EvidenceOptions
from .change import PolicyChange
from .declared import Declared
from .evidence import MemberEvidence, Verdicts, names_of
from .observe import Members, find_trail_buckets
from .own_way import OwnPlace, TrailBucket
from .plan import Guard, GuardOptions, Judgement, Observed, select_break_glass

__all__ = ["LOCK_OUT_ARGUMENTS", "LOCK_OUT_OPERATIONS", "Judgement", "LockOut"]

# doc_fragments/_lock_out.py
LOCK_OUT_ARGUMENTS: t.Final[ArgumentSpec] = {
    "allow_root_attachment": {"type": "bool", "default": False},
    "automation_roles": {"type": "list", "elements": "str", "default": list(AUTOMATION)},
    "assessor_roles": {"type": "list", "elements": "str", "default": list(ASSESSORS)},
    "way_back": {"type": "str"},
    "member_role_arn": {"type": "str"},
    "max_member_reads": {"type": "int", "default": 50},
    "accept_without_evidence": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("account", "reason", "expires")},
    },
    **EVIDENCE_ARGUMENTS,
}
LOCK_OUT_OPERATIONS: t.Final = EVIDENCE_OPERATIONS.union(
    BREAK_GLASS_OPERATIONS,
    READS[Dataset.AUTHORIZATION_DETAILS],
    READS[Dataset.CREDENTIAL_REPORT],
    Operations(reads=frozenset({"cloudtrail:DescribeTrails"})),
)

# The operation that undoes the attachment of a policy.
_TAKE_OFF: t.Final = "organizations:DetachPolicy"
# An AWS service as a principal, or all that are not known by name.


class LockOut:
    """Judges changes of the organization's policies before they are made."""

    def __init__(
        self, connection: Connection, declared: Declared, evidence: EvidenceOptions, places: Sequence[OwnPlace]
    ) -> None:
        self._connection = connection
        self._access = connection.access
        self._declared = declared
        self._options = evidence
        self._places = tuple(places)

    def judge(self, before: OrganizationTree, after: OrganizationTree) -> Judgement:
        """Judge the change from one tree to the other: the losses, and the refusals of its policies.

        Members that can't be read are in the result, and refused unless they are accepted.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        change = PolicyChange(before, after)
        if not change.policies:
            return Judgement()
        accepted, accounts = self._options.acceptances, self._declared.accepted_accounts
        evidence = self._read_evidence(change, accounts)
        today = self._connection.now.date()
        observed = self._observe(change, evidence)
        in_force = frozenset(item.principal for item in accepted if not item.is_expired(today))
        guard = Guard(change, self._make_options(observed, in_force), observed)
        verdicts = Verdicts(change, evidence, accepted=accepted, accepted_accounts=accounts, today=today)
        broken = [*verdicts.find_breakable(), *guard.find_lost_names()]
        for warning in (*acceptance_warnings(accepted, broken, today), *verdicts.find_account_warnings()):
            self._connection.warn(warning)
        return Judgement(
            refusals=_join_refusals(guard.find_refusals(), verdicts.find_refusals()),
            predicted=verdicts.predict_denials(),
            impacts=tuple(self._build_impact(change, item, accepted) for item in evidence if item.all_impacts),
            report={**guard.as_dict(), "evidence": verdicts.as_dict()},
        )

    def _read_evidence(self, change: PolicyChange, accepted: Acceptances) -> tuple[MemberEvidence, ...]:
        """Read the evidence of the members. Accounts that may stay unread come last if not all can be read."""
        today = self._connection.now.date()
        names = {item.principal for item in accepted if not item.is_expired(today)}
        last = {account.id for account in change.accounts if names & names_of(account, change.after)}
        return Members(self._connection, self._declared, self._options, LOCK_OUT_OPERATIONS, change).read(last=last)

    def _build_impact(self, change: PolicyChange, item: MemberEvidence, accepted: Acceptances) -> dict[str, t.Any]:
        impacts = item.all_impacts
        names = ", ".join(policy.name for policy in change.policies_at(item.account.id))
        reason = "a break-glass principal: its needed permissions are checked against the policies beforehand"
        return build(
            impacts,
            account={"account_id": item.account.id, "account_alias": item.account.name},
            change=[f"the policies of the organization change here: {names}"],
            accepted=find_accepted(impacts, accepted, self._connection.now.date()),
            skipped=[{"principal": arn, "reason": reason} for arn in item.break_glass or ()],
            created=self._connection.now,
            unread=(),
            assumed=self._options.unused_resources,
        )

    def _make_options(self, observed: Observed, accepted: frozenset[str]) -> GuardOptions:
        declared, access = self._declared, self._access
        return GuardOptions(
            partition=access.partition,
            region=access.region,
            # The writer in check mode too, where the reader calls.
            caller=self._connection.options.assume_role_arn or access.role_arn or access.caller.arn,
            entry=access.chain[0],
            caller_account=access.caller.account_id,
            automation=declared.automation,
            assessors=declared.assessors,
            break_glass=declared.break_glass,
            way_back=declared.way_back,
            allow_root_attachment=declared.allow_root_attachment,
            places=_add_keys(self._places, observed.trails),
            accepted=accepted,
        )

    def _observe(self, change: PolicyChange, evidence: Sequence[MemberEvidence]) -> Observed:
        """Join the principals and trails of the members, and those of the management account if the caller is in it."""
        tree = change.after
        break_glass = {item.account.id: item.break_glass for item in evidence}
        helpless = {arn: why for item in evidence for arn, why in item.helpless.items()}
        landing_zone = {item.account.id: item.landing_zone for item in evidence}
        if self._access.caller.account_id == tree.management_account_id:
            break_glass[tree.management_account_id], unable = self._read_management(tree)
            helpless.update(unable)
        entering = {item.account.id: item.entering for item in evidence}
        trails = (*find_trail_buckets(self._connection, change), *(trail for item in evidence for trail in item.trails))
        return Observed(break_glass, landing_zone, entering, tuple(dict.fromkeys(trails)), helpless)

    def _read_management(self, tree: OrganizationTree) -> tuple[t.Optional[tuple[str, ...]], Mapping[str, str]]:
        """Read the break-glass principals, and why some of them could not detach a policy again."""
        wanted = Dataset.AUTHORIZATION_DETAILS
        snapshot = collect(self._access, datasets={wanted}, regions=(), now=self._connection.now)
        unread = snapshot.missing(wanted)
        if unread is not None:
            reason = unread_reason(unread)
            self._connection.warn(f"the break-glass principals of the management account are not known: {reason}")
            return None, {}
        arns = (*(user.arn for user in snapshot.users), *(role.arn for role in snapshot.roles))
        patterns = self._declared.break_glass
        known = add_organization(snapshot, tree)
        rescue = rescue_of(self._connection, known, patterns)
        return select_break_glass(arns, patterns), rescue.lacks(_TAKE_OFF, _make_policy_arn(tree, snapshot.partition))


def _make_policy_arn(tree: OrganizationTree, partition: str) -> str:
    return f"arn:{partition}:organizations::{tree.management_account_id}:policy/{tree.id}/service_control_policy/p-any"


def _add_keys(places: Sequence[OwnPlace], trails: Sequence[TrailBucket]) -> tuple[OwnPlace, ...]:
    """Add the keys of trails to the places where their files are read."""
    keys = {trail.bucket: trail.key for trail in trails}
    return tuple(dataclasses.replace(place, key=place.key or keys.get(place.bucket, "")) for place in places)


def _join_refusals(*parts: Mapping[str, tuple[Refusal, ...]]) -> dict[str, tuple[Refusal, ...]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: tuple(refusal for part in parts for refusal in part.get(name, ())) for name in names}
