# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for an account's password policy: at most one change, and the reasons for what is not done."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Sequence
from datetime import datetime

from ..._account.model import Dataset, PasswordPolicy, Snapshot
from ..._controls.assess import assess
from ..._controls.control import Control, unread_reason
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.change import Change, Impact, Refusal, Undo
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from .declared import (
    AWS_DEFAULT_KINDS,
    Declared,
    build_request,
    count_required_kinds,
    describe_policy,
    merge_policy,
    normalize,
)
from .expiry import ADMINISTRATORS_NEEDED, find_administrators_without_password, predict_expiry

THEME: t.Final = "password_policy"
UPDATE: t.Final = "UpdateAccountPasswordPolicy"
DELETE: t.Final = "DeleteAccountPasswordPolicy"


def controls() -> tuple[Control, ...]:
    """The controls whose findings this capability can resolve."""
    return tuple(control for control in all_controls() if control.theme == THEME)


def list_datasets(declared: Declared) -> frozenset[Dataset]:
    """List the datasets that are needed for the findings, and to predict the effects of the declaration on people.

    The list of users, with which controls leave out those who are in the credential report no longer, is not worth a
    read of the whole account.
    """
    needed = {Dataset.PASSWORD_POLICY, Dataset.CREDENTIAL_REPORT}
    return frozenset(needed | {Dataset.AUTHORIZATION_DETAILS} if declared.settings.get("hard_expiry") else needed)


def findings(snapshot: Snapshot, *, settings: Settings, now: datetime) -> tuple[Finding, ...]:
    """The verdicts on the password policy."""
    return assess(snapshot, settings=settings, controls=controls(), now=now)


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment."""

    declared: Declared
    settings: Settings
    now: datetime

    def plan(self, snapshot: Snapshot, found: Sequence[Finding]) -> Plan:
        """The plan that leads from a snapshot to the declaration. ``found`` are the findings on that snapshot."""
        unread = snapshot.missing(Dataset.PASSWORD_POLICY)
        if unread:
            return Plan(
                refused=(_refusal(snapshot, "unread", f"the password policy is not known: {unread_reason(unread)}"),)
            )
        return self._update(snapshot, found) if self.declared.present else self._delete(snapshot)

    def _delete(self, snapshot: Snapshot) -> Plan:
        if snapshot.password_policy is None:
            return Plan()
        if not self.declared.allow_weaken:
            reason = "without it AWS's default policy would apply; to remove it, set allow_weaken"
            return Plan(refused=(_refusal(snapshot, "weakening", reason, DELETE),))
        return Plan(changes=(_change(snapshot, None, Impact.DESTRUCTIVE),))

    def _update(self, snapshot: Snapshot, found: Sequence[Finding]) -> Plan:
        present = snapshot.password_policy
        wanted, kept = merge_policy(present, self.declared)
        warnings = tuple(map(str, kept))
        if present is not None and wanted == normalize(present):
            return Plan(warnings=warnings)
        refused = tuple(
            _refusal(snapshot, rule, reason, UPDATE)
            for rule, reason in (
                ("weakening", self._explain_weakening(present, wanted)),
                ("expiry", self._find_expiry_objection(snapshot, wanted)),
                ("hard_expiry", self._find_hard_expiry_objection(snapshot, wanted)),
            )
            if reason
        )
        if refused:
            return Plan(refused=refused, warnings=warnings)
        remedied = self._find_remedies(snapshot, wanted, found)
        change = _change(snapshot, wanted, _find_impact(present, wanted), remedies=remedied)
        return Plan(changes=(change,), warnings=warnings)

    def _explain_weakening(self, present: t.Optional[PasswordPolicy], wanted: PasswordPolicy) -> str:
        if present is not None or self.declared.allow_weaken or count_required_kinds(wanted) >= AWS_DEFAULT_KINDS:
            return ""
        return (
            "the account has AWS's default policy, which requires three of four kinds of characters; a policy that "
            f"requires {count_required_kinds(wanted)} would be weaker: declare at least {AWS_DEFAULT_KINDS} of "
            "require_symbols, require_numbers, require_uppercase_characters and require_lowercase_characters, or set "
            "allow_weaken"
        )

    def _find_expiry_objection(self, snapshot: Snapshot, wanted: PasswordPolicy) -> str:
        expiry = predict_expiry(snapshot, present=snapshot.password_policy, wanted=wanted, now=self.now)
        if expiry.unknown:
            return f"the passwords that would expire at once are not known: {expiry.unknown}"
        unaccepted = [user for user in expiry.affected if user not in self.declared.accept_expiry_of]
        if not unaccepted:
            return ""
        consequence = (
            "could no longer sign in until an administrator resets it" if wanted.hard_expiry else "would expire at once"
        )
        return (
            f"with max_password_age {wanted.max_age_days} the password of {', '.join(unaccepted)} {consequence}; to "
            "accept that, list these users in accept_expiry_of"
        )

    def _find_hard_expiry_objection(self, snapshot: Snapshot, wanted: PasswordPolicy) -> str:
        present = snapshot.password_policy
        if not wanted.hard_expiry or (present and present.hard_expiry):
            return ""
        administrators = find_administrators_without_password(snapshot)
        if administrators is None:
            return (
                "it is not known whether administrators can sign in without an IAM user's password: roles were not read"
            )
        if len(administrators) >= ADMINISTRATORS_NEEDED:
            return ""
        return (
            f"with hard_expiry an expired user needs an administrator; {len(administrators)} administrator role(s) can "
            f"be assumed without an IAM user's password, {ADMINISTRATORS_NEEDED} are needed"
        )

    def _find_remedies(self, snapshot: Snapshot, wanted: PasswordPolicy, found: Iterable[Finding]) -> tuple[str, ...]:
        """Find the fingerprints of failing findings that fail no longer with the policy ``wanted``."""
        after = findings(dataclasses.replace(snapshot, password_policy=wanted), settings=self.settings, now=self.now)
        still = {finding.fingerprint for finding in after if finding.status is Status.FAIL}
        failing = (finding.fingerprint for finding in found if finding.status is Status.FAIL)
        return tuple(fingerprint for fingerprint in failing if fingerprint not in still)


def target_of(snapshot: Snapshot) -> str:
    """How the policy is called in changes: AWS gives it no ARN of its own."""
    return f"arn:{snapshot.partition}:iam::{snapshot.account_id}:account-password-policy"


def _refusal(snapshot: Snapshot, rule: str, reason: str, operation: str = "") -> Refusal:
    return Refusal(rule=rule, reason=reason, target=target_of(snapshot), operation=operation)


def _find_impact(present: t.Optional[PasswordPolicy], wanted: PasswordPolicy) -> Impact:
    """Find the impact: stricter rules hold from the next password on, but expiry holds at once and locks people out."""
    before = (present.max_age_days, bool(present.hard_expiry)) if present else (None, False)
    changed = before != (wanted.max_age_days, bool(wanted.hard_expiry))
    return Impact.NARROWING if changed and wanted.max_age_days else Impact.ADDITIVE


def _change(
    snapshot: Snapshot, wanted: t.Optional[PasswordPolicy], impact: Impact, *, remedies: tuple[str, ...] = ()
) -> Change:
    present = snapshot.password_policy
    return Change(
        account_id=snapshot.account_id,
        region="global",
        service="iam",
        operation=UPDATE if wanted else DELETE,
        target=target_of(snapshot),
        parameters=build_request(wanted) if wanted else {},
        before=describe_policy(present),
        after=describe_policy(wanted),
        kind="password_policy_update" if wanted else "password_policy_delete",
        impact=impact,
        population=1,
        remedies=remedies,
        undo=Undo(UPDATE, build_request(present)) if present else Undo(DELETE, {}),
    )
