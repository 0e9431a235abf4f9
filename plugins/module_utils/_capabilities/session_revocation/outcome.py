# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a pass has not denied: sessions that go on, principals that a role still trusts, and sources that stay open."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.declaration import Incident
from ..._converge.incident.trust import Opener, cut_trust, list_openers
from ..._converge.incident.trust_cut import TrustCut
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import PolicyError
from .openings import NEXT_STEP, describe_open, find_open, list_unsourced
from .plan import Observed, Verdict
from .signin import REVOKE
from .targets import is_same_role

Row = dict[str, str]
#: The ARN of a role, and the principal that its trust policy does not let in.
Absent = tuple[str, str]
_FAILED: t.Final = "a change failed"
_AGAIN: t.Final = "run the containment again"
_CHECK: t.Final = "check principal of the role in the incident"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """``undenied`` are the roles whose sessions go on, ``trusting`` those whose trust policy is not as wanted.

    ``unrevoked`` are the owners whose sign-in sessions are not revoked, and ``open`` the roles of which somebody can
    open new sessions. ``absent`` are roles with principals that their trust policies never let in. ``rows`` has all of
    these, each with the reason and the next step.
    """

    undenied: tuple[str, ...] = ()
    trusting: frozenset[str] = frozenset()
    unrevoked: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    absent: frozenset[Absent] = frozenset()
    rows: tuple[Row, ...] = ()


class _Results:
    """The parts of a result that say what was not made."""

    def __init__(self, result: Mapping[str, t.Any]) -> None:
        self._refused = result["refused"]
        self._unverified = result["unverified"]
        self._failed = (*result["not_made"], *result["unverified"])

    def list_open(self, *, among: Sequence[str] = (), without: Sequence[str] = ()) -> set[str]:
        """List the targets of what was refused or failed, of some operations or of all but some."""
        return {
            item["target"]
            for item in (*self._refused, *self._failed)
            if (item.get("operation") in among if among else item.get("operation") not in without)
        }

    def explain(self, arn: str, operation: str = "") -> str:
        """Explain why something was not done to a role: of one operation, or of the policy that cuts it."""
        others = (SET_TRUST, REVOKE)

        def is_about(item: Mapping[str, t.Any]) -> bool:
            own = item.get("operation") == operation if operation else item.get("operation") not in others
            return item["target"] == arn and own

        reasons = [item["reason"] for item in self._refused if is_about(item)]
        is_unseen = any(is_about(item) for item in self._unverified)
        return "; ".join(reasons) or ("it does not show when it is read again" if is_unseen else _FAILED)


def find_absent(
    verdicts: Sequence[Verdict], earlier: Sequence[tuple[str, t.Any]], incident_id: str
) -> frozenset[Absent]:
    """Find the principals that trust policies do not let in, and did not before a pass of the incident: slips.

    ``earlier`` are roles with their trust policies as they were before those passes changed them.
    """
    return frozenset(
        (arn, cut.label)
        for verdict in verdicts
        for arn, cut in ((verdict.target.arn, cut) for cut in verdict.target.trust_cuts)
        if verdict.edit and cut.label in verdict.edit.absent and not _was_there(arn, cut, earlier, incident_id)
    )


def _was_there(arn: str, cut: TrustCut, earlier: Sequence[tuple[str, t.Any]], incident_id: str) -> bool:
    found = [trust for role, trust in earlier if is_same_role(role, arn) and isinstance(trust, Mapping)]
    edits = (cut_trust(trust, [dataclasses.replace(cut, leaves_nobody=True)], incident_id) for trust in found)
    return any(edit.removed or edit.denied for edit in edits)


def judge_outcome(
    observed: Observed,
    verdicts: Sequence[Verdict],
    incident: Incident,
    result: Mapping[str, t.Any],
    absent: frozenset[Absent] = frozenset(),
) -> Outcome:
    """Judge what is not denied in the end, or would not be. ``absent`` is what :func:`find_absent` found."""
    results = _Results(result)
    without = (SET_TRUST, REVOKE)
    broken = results.list_open(without=without)
    undenied = tuple(verdict.target.arn for verdict in verdicts if _is_undenied(verdict, broken))
    trusting = frozenset(
        verdict.target.arn
        for verdict in verdicts
        if verdict.trust_refusal
        or (verdict.trust_change and verdict.target.arn in results.list_open(among=[SET_TRUST]))
    )
    unrevoked = frozenset(results.list_open(among=[REVOKE]))
    openings = dict(_list_openings(observed, verdicts, incident, trusting))
    rows = [
        *({"principal": arn, "reason": results.explain(arn), "next_step": _AGAIN} for arn in undenied),
        *(_explain_trust(verdict, results) for verdict in verdicts if verdict.target.arn in trusting),
        *(
            {"principal": arn, "reason": f"its trust policy does not let in {label}", "next_step": _CHECK}
            for arn, label in sorted(absent)
        ),
        *({"principal": arn, "reason": text, "next_step": NEXT_STEP} for arn, text in openings.items()),
        *(
            {
                "principal": arn,
                "reason": f"its sign-in sessions (aws login) go on: {results.explain(arn, REVOKE)}",
                "next_step": _AGAIN,
            }
            for arn in sorted(unrevoked)
        ),
    ]
    return Outcome(undenied, trusting, unrevoked, frozenset(openings), absent, tuple(rows))


def _is_undenied(verdict: Verdict, broken: Iterable[str]) -> bool:
    """Whether the sessions of a target go on: it is refused, or its policy was not written or does not show."""
    own = {verdict.target.arn, *(change.target for change in verdict.changes)}
    return verdict.refusal is not None or (not verdict.is_gone and bool(own.intersection(broken)))


def _explain_trust(verdict: Verdict, results: _Results) -> Row:
    arn = verdict.target.arn
    names = ", ".join(cut.label for cut in verdict.target.trust_cuts)
    reason = f"it still lets in {names}: {results.explain(arn, SET_TRUST)}"
    return {"principal": arn, "reason": reason, "next_step": _AGAIN}


def _list_openings(
    observed: Observed, verdicts: Sequence[Verdict], incident: Incident, trusting: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """List the roles whose sources stay open, with the reason."""
    named = [verdict for verdict in verdicts if verdict.target.is_named and not verdict.is_gone]
    for verdict in named:
        target = verdict.target
        openers = read_openers(verdict.trust)
        cuts = () if target.arn in trusting else target.trust_cuts
        if openers is None and not target.cut.all and list_unsourced(incident, [target.arn]):
            yield target.arn, "its trust policy can't be read, so it is not known who can open sessions"
            continue
        found = find_open(incident, target, openers or (), cuts, is_sourced=target.arn in observed.sourced)
        if found:
            yield target.arn, describe_open(found)


def read_openers(trust: t.Any) -> t.Optional[tuple[Opener, ...]]:
    """Read whom a trust policy lets in; None if it can't be read."""
    try:
        return list_openers(parse(trust))
    except PolicyError:
        return None
