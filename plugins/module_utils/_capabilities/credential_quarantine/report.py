# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a run says: what is not denied, and the result as text for the terminal."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._report.plain import printable
from ..._report.sentences import describe_change
from .locate import Seed
from .plan import MISMATCH_RULE, Contained

Row = dict[str, t.Any]
_ELSEWHERE: t.Final = frozenset({"not_here"})
_AGAIN: t.Final = "run the containment again"
_ENDINGS: t.Final[Mapping[str, str]] = {
    "not_made": "failed",
    "unverified": "was made, but does not show: somebody undid it, or AWS needs longer",
}
# Rules that refuse a seed for what it is.
_OF_A_SEED: t.Final = frozenset({MISMATCH_RULE, "unresolved", "root"})
_NEXT_STEPS: t.Final[Mapping[str, str]] = {
    "seed_mismatch": "check the id of the key in the incident",
    "unresolved": "let the role of the containment read it, and run again",
    "unread": "let the role of the containment read it, and run again",
    "irreversible": "accept it by name, or attach a control policy such as deny_member_root",
    "protected": "only the owner of this principal changes it",
    "contained": "release the other incident, or add the credential to it",
}


def list_not_denied(
    contained: Sequence[Contained], result: Mapping[str, t.Any], seeds: Iterable[Seed] = ()
) -> list[Row]:
    """List what could not be denied, or is not seen to be, with the next step: that of the seed, if it has one."""
    steps = {seed.id: seed.next_step for seed in seeds if seed.next_step}
    rows = [
        _row(
            item["target"],
            item["reason"],
            (item["rule"] in _OF_A_SEED and steps.get(item["target"])) or _NEXT_STEPS.get(item["rule"], _AGAIN),
        )
        for item in result["refused"]
    ]
    for name, what in _ENDINGS.items():
        rows += [_row(item["target"], f"{item['operation']} {what}", _AGAIN) for item in result[name]]
    rows += [
        _row(one.user.arn, f"nothing denies tokens of its keys: {one.denial.problem}", "make room, and run again")
        for one in contained
        if one.denial.problem
    ]
    return rows


def _row(principal: str, reason: str, next_step: str) -> Row:
    return {"principal": principal, "reason": reason, "next_step": next_step}


def write_text(result: Mapping[str, t.Any], *, written: bool) -> str:
    """Write a containment as text: each seed, what was done, what is not denied, and what lives on.

    An account that no credential belongs to has nothing to say.
    """
    if not (result["contained"] or result["not_denied"]) and {seed["status"] for seed in result["seeds"]} <= _ELSEWHERE:
        return ""
    done = [change for change in result["changes"] if change["applied"] or not written]
    verb = "changed" if written else "to change"
    head = (
        f"Incident {result['incident_id']} in account {result['account_id']}, {result['pass']} pass: "
        f"{len(result['contained'])} contained, {len(done)} {verb}, {len(result['not_denied'])} not denied."
    )
    lines = [f"seed {seed['id']}: {seed['status']}: {seed['detail']}" for seed in result["seeds"]]
    lines += [f"{verb}: {describe_change(change)}" for change in done]
    lines += [f"NOT DENIED: {row['principal']}: {row['reason']}; {row['next_step']}" for row in result["not_denied"]]
    lines += [
        f"lives on until {row['until'] or 'somebody ends it'}, {'denied' if row['denied'] else 'NOT DENIED'}: "
        f"{row['what']} of {row['principal']}"
        for row in result["lives_on"]
    ]
    return _join(head, lines)


def write_release_text(result: Mapping[str, t.Any], *, written: bool) -> str:
    """Write a release as text: what was taken back, what is refused, and what stays."""
    done = [change for change in result["changes"] if change["applied"] or not written]
    verb = "taken back" if written else "to take back"
    head = (
        f"Release of incident {result['incident_id']} in account {result['account_id']}: {len(done)} {verb}, "
        f"{len(result['refused'])} refused, {len(result['left'])} left as they are."
    )
    lines = [f"{verb}: {describe_change(change)}" for change in done]
    lines += [f"refused ({item['rule']}): {item['reason']}" for item in result["refused"]]
    lines += [f"left: {item['operation']} on {item['target']}: {item['reason']}" for item in result["left"]]
    return _join(head, lines)


def _join(head: str, lines: Iterable[str]) -> str:
    # Names can hold line ends and other signs that move the cursor.
    return "\n".join([head, *(f"  {printable(line)}" for line in lines)])
