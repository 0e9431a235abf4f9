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
    roles = {row["role"] for row in returned["roles"]}
    for item in returned["not_denied"]:
        if item["principal"] not in roles:
            yield f"NOT DENIED: {item['principal']}: {item['reason']}; {item['next_step']}"
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
    yield from (f"left alone: {item['target']}: {item['reason']}" for item in returned["not_cut_because"])
    verb = "revoked" if writes else "to revoke"
    yield from (f"{verb}: sign-in session of {item['principal']}" for item in returned["signin_sessions"])


def _describe_role(row: Mapping[str, t.Any], *, writes: bool) -> str:
    way = "" if row["certain"] else f" (it may have been reached: {row['why'][-1]})"
    users = [user["principal"] for user in row["used_by"] if not user["goes_on"]]
    others = f"; must begin their sessions again: {', '.join(users)}" if users else ""
    before = f", those that began before {row['issued_before']}" if row["issued_before"] else ""
    state = _STATES[row["state"]] if writes or row["state"] != "cut" else "its sessions would be cut"
    return f"{row['role']}: {state}{before}{way}{others}"
