# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a pass shows on the terminal."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ..._report.plain import printable

_SHOWN: t.Final = 40
_STATES: t.Final = {
    "cut": "its sessions are cut",
    "denied_already": "its sessions are denied already",
    "not_denied": "ITS SESSIONS ARE NOT DENIED",
    "gone": "the role is gone, and its sessions with it",
    "absent": "THERE IS NO SUCH ROLE; check the ARN",
}
_TRUST_STATES: t.Final = {
    "cut_already": "does not let in any more",
    "absent": "never let in",
    "not_cut": "STILL LETS IN",
}


def write_text(account_id: str, returned: Mapping[str, t.Any], *, writes: bool) -> str:
    """Write the result of a pass as text; not ``writes``: it is only a plan. Empty if there is nothing to say."""
    count, described = len(returned["roles"]), _shorten(list(_describe(returned, writes=writes)))
    if not described:
        return ""
    lines = [f"Sessions in account {account_id}: {count} {'role' if count == 1 else 'roles'} can have been reached."]
    lines += [f"  {printable(line)}" for line in described]
    return "\n".join(lines)


def _shorten(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _describe(returned: Mapping[str, t.Any], *, writes: bool) -> Iterator[str]:
    """Describe what is open first: it is what people have to act on."""
    states = {row["role"]: row["state"] for row in returned["roles"]}
    for item in returned["not_denied"]:
        # Of the others their own line says it.
        if states.get(item["principal"]) not in ("not_denied", "gone"):
            yield f"NOT DENIED: {item['principal']}: {item['reason']}; {item['next_step']}"
    for item in returned["doors"]:
        yield f"left open: {item['principal']}: {item['reason']}; {item['next_step']}"
    yield from (f"not known: {text}" for text in returned["unread"])
    for edge in returned["unfollowed"]:
        yield f"not followed: {edge['from']} to account {edge['to']}: {edge['reason']}"
    for region, why in returned["signin_unread"].items():
        yield f"sign-in sessions in {region} are not known: {why}"
    if returned["awaits"]:
        yield f"read by the next pass: {', '.join(returned['awaits'])}"
    undenied = {item["principal"] for item in returned["not_denied"]}
    for row in sorted(returned["roles"], key=lambda row: row["role"] not in undenied):
        absent = row["state"] == "gone" and row["role"] in undenied
        yield _describe_role({**row, "state": "absent"} if absent else row, writes=writes)
        yield from (_describe_trust(row["role"], cut, writes=writes) for cut in row["trust"])
    yield from (f"left alone: {item['target']}: {item['reason']}" for item in returned["not_cut_because"])
    verb = "revoked" if writes else "to revoke"
    yield from (f"{verb}: sign-in session of {item['principal']}" for item in returned["signin_sessions"])


def _describe_role(row: Mapping[str, t.Any], *, writes: bool) -> str:
    way = "" if row["certain"] else f" (it may have been reached: {row['why'][-1]})"
    users = [user["principal"] for user in row["used_by"] if not user["goes_on"]]
    others = f"; must begin their sessions again: {', '.join(users)}" if users else ""
    before = f", those that began before {row['issued_before']}" if row["issued_before"] else ""
    state = _STATES[row["state"]] if writes or row["state"] != "cut" else "its sessions would be cut"
    because = f" ({row['because']})" if row["state"] in ("cut", "denied_already") else ""
    return f"{row['role']}: {state}{before}{because}{way}{others}"


def _describe_trust(role: str, cut: Mapping[str, t.Any], *, writes: bool) -> str:
    """Describe one principal that is taken out of a trust policy, and who else uses the role or the principal."""
    principal = f"{cut['subject']} of {cut['principal']}" if cut["subject"] else cut["principal"]
    does = {"cut": "no longer lets in" if writes else "would no longer let in"}
    verb = does.get(cut["state"], _TRUST_STATES.get(cut["state"], ""))
    others = f"; it still lets in {', '.join(cut['still_lets_in'])}" if cut["still_lets_in"] else "; it lets nobody in"
    also = f"; these roles trust the principal too: {', '.join(cut['trusted_by'])}" if cut["trusted_by"] else ""
    return f"{role}: its trust policy {verb} {principal}{others}{also}"
