# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether the new document of a policy may be written: what its conditions do, its size, and the proof.

A new document must be contained in the old one, and must keep every Deny. What was wrong before is not judged.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..._converge.arn import resource_of
from ..._converge.change import Refusal
from ..._policy.documents.canonical import canonical
from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.limits import LIMITS, inline_total, size
from ..._policy.documents.policy import Kind, Policy, Statement
from ..._policy.evaluation.caller import caller_of
from ..._policy.evaluation.evaluate import Layers
from ..._policy.evaluation.matching import covers
from ..._policy.least_privilege.proof import Entry, prove
from ..._policy.trail.coverage import Coverage, Record
from ..._policy.validation.corrections import Correction, correct
from ..._policy.validation.holders import Holders
from ..._policy.validation.rules import Issue, Severity
from ..._policy.validation.validate import validate
from ..._prediction.acceptance import Acceptances
from .declared import Target
from .rewrite import rewrite
from .subjects import Subject

# Conditions by which principals lose access for good.
_LOCK_OUTS: t.Final = frozenset(
    {
        "deny_where_key_is_absent",
        "mfa_deny_locks_out",
        "mfa_locks_out_enrolment",
        "mfa_locks_out_machines",
        "network_deny_lacks_operators",
    }
)
# Conditions that do not do what they seem to do. All errors of the validation are among them.
_IDLE: t.Final = frozenset(
    {
        "allow_with_unsupported_tag_condition_key_for_service",
        "condition_without_values",
        "forallvalues_with_single_valued_key",
        "forallvalues_without_null_check",
        "ip_range_too_wide",
        "mfa_deny_misses_access_keys",
        "mfa_if_exists_in_allow",
        "mfa_not_required",
        "mfa_null_check_in_allow",
        "mfa_null_check_in_deny",
        "network_if_exists_in_allow",
        "tag_condition_is_changeable",
        "time_equals_moment",
        "time_window_with_one_end",
        "type_mismatch_boolean",
        "type_mismatch_date",
        "type_mismatch_ip_range",
        "type_mismatch_number",
        "type_mismatch_string",
    }
)
_CONDITION: t.Final = ".Condition."
_GLOBAL: t.Final = "aws:"
# The key of a policy variable, such as ${aws:username, 'nobody'}.
_VARIABLE: t.Final = re.compile(r"\$\{\s*([^},]+?)\s*[},]")
_TOO_LARGE: t.Final = "policy_too_large"
# So many reasons are named.
_NAMED: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Room:
    """The new documents of inline policies that the same run writes, by the keys of the policies."""

    written: Mapping[tuple[str, str], Policy] = dataclasses.field(default_factory=dict)

    def list_others(self, subject: Subject) -> list[t.Union[Policy, Mapping[str, t.Any]]]:
        """List the documents that share a limit with an inline policy, as they are once the run is over."""
        owner = subject.owner
        others = [item for item in owner.inline_policies if item.name != subject.name] if owner else []
        found = [self.written.get((subject.target, item.name), item.document) for item in others]
        return [document for document in found if document is not None]


@dataclasses.dataclass(frozen=True)
class Judge:
    """Judges new documents. ``unproven`` accepts, by policy, what is not proved."""

    partition: str
    today: dt.date
    unproven: Acceptances = ()

    def find_objection(
        self, subject: Subject, new: Policy, holders: Holders, arns: Sequence[str], *, room: t.Optional[Room] = Room()
    ) -> t.Optional[Refusal]:
        """Find why a new document is not written; None if it may be.

        ``arns`` are all who have the policy, at least one. Without ``room`` the document may be divided later.
        """
        old = subject.policy
        if old is None:
            return self._refuse(subject, "unknown", "its present document is not known")
        return (
            self._refuse_conditions(subject, old, new, holders)
            or self._refuse_unproven(subject, old, new, arns)
            or (None if room is None else self._refuse_size(subject, new, room))
        )

    def _refuse(self, subject: Subject, rule: str, reason: str, **data: t.Any) -> Refusal:
        return Refusal(rule, f"{subject.label} stays as it is: {reason}", subject.target, data=data)

    # Conditions

    def _refuse_conditions(self, subject: Subject, old: Policy, new: Policy, holders: Holders) -> t.Optional[Refusal]:
        issues = find_new_issues(old, new, holders, kind=subject.kind, partition=self.partition)
        if not issues:
            return None
        codes = {issue.code for issue in issues}
        rule = "locks_out" if codes & _LOCK_OUTS else "no_effect"
        texts = list(dict.fromkeys(issue.message for issue in issues))
        correction = correct(new, issues)
        more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
        reason = f"{'; '.join(texts[:_NAMED])}{more}"
        if correction is None:
            return self._refuse(subject, rule, reason)
        form = describe_correction(correction, self.partition)
        # Reports show the lines below the first one as they are, to be copied.
        written = json.dumps(form["document"], indent=2)
        return self._refuse(
            subject, rule, f"{reason}. Correct form: {'; '.join(correction.texts)}.\n{written}", corrected=form
        )

    # Size

    def _refuse_size(self, subject: Subject, new: Policy, room: Room) -> t.Optional[Refusal]:
        limit = LIMITS[subject.kind]
        if subject.owner is None:
            needed = size(new, subject.kind)
            hint = "declare ARNs with wildcards, or split the policy by hand"
        else:
            needed = inline_total([*room.list_others(subject), new], subject.kind)
            hint = "it counts together with the other inline policies: make it a managed policy"
        if needed <= limit:
            return None
        reason = f"the new document needs {needed:,} characters, and {limit:,} are allowed; {hint}"
        return self._refuse(subject, "does_not_fit", reason)

    # Proof

    def _refuse_unproven(self, subject: Subject, old: Policy, new: Policy, arns: Sequence[str]) -> t.Optional[Refusal]:
        principal, beyond, unproven = find_beyond(old, new, arns)
        if beyond:
            whom = f" to {resource_of(principal)}" if principal else ""
            reason = f"the new document allows more{whom} than the old one: {_list_entries(beyond)}"
            return self._refuse(subject, "widening", f"{reason}. This module only narrows")
        in_force = (item for item in self.unproven if not item.is_expired(self.today))
        if not unproven or any(map(subject.is_meant_by, in_force)):
            return None
        reason = (
            f"it is not proved that the new document allows nothing more: {_list_entries(unproven)}. To write it "
            f"anyway, list {subject.reference} in accept_unproven"
        )
        return self._refuse(subject, "unproven", reason)


class Beyond(t.NamedTuple):
    """Permissions beyond the old ones, and what is not proved; of ``principal``, if it depends on who calls."""

    principal: str = ""
    proved: tuple[Entry, ...] = ()
    unproven: tuple[Entry, ...] = ()


def find_beyond(old: Policy, new: Policy, arns: Sequence[str]) -> Beyond:
    """Find what a new document allows beyond the old one, or no longer denies, to any of those who have it.

    Patterns are compared for everybody at once. Requests that show the contrary are looked for by principal, as far as
    the documents depend on who calls.
    """
    different = _list_different(arns, (old, new))
    first = _prove(old, new, different[0])
    if first.proved or not first.unproven:
        return first if len(different) > 1 else first._replace(principal="")
    found = (_prove(old, new, arn) for arn in different[1:])
    return next((other for other in found if other.proved), first)


def _prove(old: Policy, new: Policy, arn: str) -> Beyond:
    proof = prove(Layers(identity=(old,)), Layers(identity=(new,)), Record(arn, "", Coverage(0)), removed=())
    return Beyond(arn, proof.beyond, proof.unproven)


def _list_different(arns: Sequence[str], policies: Sequence[Policy]) -> tuple[str, ...]:
    """List one of all principals that are the same to documents, by the keys of their conditions and variables."""
    text = json.dumps([document_of(policy) for policy in policies])
    named = {found.lower() for found in _VARIABLE.findall(text)}
    named |= {item.key.lower() for policy in policies for one in policy.statements for item in one.conditions}
    found: dict[frozenset[tuple[str, str]], str] = {}
    for arn in arns:
        own = ((key.lower(), value) for key, value in caller_of(arn).keys(complete=True).items())
        found.setdefault(frozenset(pair for pair in own if pair[0] in named), arn)
    return tuple(found.values())


def _list_entries(entries: Sequence[Entry]) -> str:
    texts = [f"{entry.action} on {entry.resource} ({entry.why})" for entry in entries[:_NAMED]]
    more = f"; and {len(entries) - _NAMED} more" if len(entries) > _NAMED else ""
    return f"{'; '.join(texts)}{more}"


def find_new_issues(old: Policy, new: Policy, holders: Holders, *, kind: Kind, partition: str) -> tuple[Issue, ...]:
    """Find what is wrong with new and changed statements. Conditions that an Allow had before are not judged."""
    found = validate(json.dumps(document_of(new)), kind=kind, partition=partition, holders=holders)
    known = [_meaning(statement) for statement in old.statements]
    meanings = {statement.index: _meaning(statement) for statement in new.statements}
    changed = {index for index, meaning in meanings.items() if meaning not in known}
    narrowed = {index for index, meaning in meanings.items() if _has_same_conditions(meaning, known)}
    return tuple(
        issue
        for issue in found
        if _is_objection(issue)
        and (index := _find_index(issue)) in changed
        and not (index in narrowed and _CONDITION in issue.path)
    )


def _is_objection(issue: Issue) -> bool:
    if issue.code == "type_mismatch":
        # The reference has wrong types for some keys of services.
        return f".{_GLOBAL}" in issue.path.lower()
    return issue.code != _TOO_LARGE and (issue.severity is Severity.ERROR or issue.code in _LOCK_OUTS | _IDLE)


def _has_same_conditions(statement: Statement, old: Sequence[Statement]) -> bool:
    """Whether an Allow is a part of one that had the same conditions. All have the form of ``_meaning``."""
    return statement.allow and any(
        other.allow
        and other.conditions == statement.conditions
        and _are_within(statement.actions, other.actions)
        and _are_within(statement.resources, other.resources)
        for other in old
    )


def _are_within(patterns: t.Optional[Sequence[str]], wide: t.Optional[Sequence[str]]) -> bool:
    if patterns is None or wide is None:
        return False
    return all(any(covers(one.lower(), pattern.lower()) for one in wide) for pattern in patterns)


def _find_index(issue: Issue) -> t.Optional[int]:
    """The statement that an issue is about; None if it is about the whole document."""
    head = issue.path.partition(".")[0]
    number = head.removeprefix("Statement").strip("[]")
    return int(number) if number.isdigit() else None


def _meaning(statement: Statement) -> Statement:
    (found,) = canonical(Policy((dataclasses.replace(statement, sid=None),))).statements
    return found


def describe_correction(correction: Correction, partition: str) -> dict[str, t.Any]:
    """The correct form as data: in words, as a document, and the condition for trust policies if there is one.

    Statements with actions of several types are split, so that each action is on resources of its type.
    """
    split = rewrite(correction.policy, Target("", split=True), {}, partition=partition)
    found: dict[str, t.Any] = {"text": list(correction.texts), "document": document_of(split.policy)}
    if correction.trust_condition is not None:
        found["trust_policy_condition"] = dict(correction.trust_condition)
    return found
