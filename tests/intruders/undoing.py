# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undo: take away whatever others did to users and roles since the intruder came."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass, field

from intruders.base import EVERYTHING, Credential, Intruder


@dataclass
class State:
    """What decides on a user or role: its policies, boundary, tags, and its keys or whom it lets in."""

    attached: frozenset[str] = frozenset()
    inline: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    boundary: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    trust: str = ""


#: So long a look at a user or role counts, in seconds. What it shows is undone again and again meanwhile.
_FRESH: t.Final = 0.6

#: A call of IAM and its parameters.
Undo: t.TypeAlias = tuple[str, dict[str, t.Any]]


class Undoing:
    """Remembers users and roles as they were, and sets them back."""

    def __init__(self, intruder: Intruder) -> None:
        self._call = intruder.call
        self._before: dict[str, State] = {}
        self._plans: dict[str, tuple[float, list[Undo]]] = {}
        self._rewritten: set[str] = set()

    def remember(self, credential: Credential, *principals: str) -> None:
        """Take the present state of users and roles for what it should be."""
        for arn in principals:
            if (state := self._read(credential, arn)) is not None:
                self._before[arn] = state

    def undo(self, credential: Credential, *principals: str) -> int:
        """Set users and roles back with a credential; how many of its calls were writes."""
        return sum(self._undo(credential, arn) for arn in principals if arn in self._before)

    def _read(self, credential: Credential, arn: str) -> State | None:
        kind, name = _kind_of(arn), arn.rpartition("/")[2]
        named = {f"{kind.title()}Name": name}
        if (attached := self._call(credential, "iam", f"list_attached_{kind}_policies", **named)) is None:
            return None
        inline = self._call(credential, "iam", f"list_{kind}_policies", **named)
        found = self._call(credential, "iam", f"get_{kind}", **named)
        if inline is None or found is None:
            return None
        own = found[kind.title()]
        state = State(
            attached=frozenset(one["PolicyArn"] for one in attached["AttachedPolicies"]),
            inline=frozenset(inline["PolicyNames"]),
            tags=frozenset(tag["Key"] for tag in own.get("Tags", ())),
            boundary=own.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            trust=json.dumps(own.get("AssumeRolePolicyDocument", {}), sort_keys=True),
        )
        if kind == "user":
            listed = self._call(credential, "iam", "list_access_keys", **named) or {}
            state.keys = {key["AccessKeyId"]: key["Status"] for key in listed.get("AccessKeyMetadata", ())}
        return state

    def _undo(self, credential: Credential, arn: str) -> int:
        """The calls are made at once, one after another: each may be the one that counts."""
        read_at, calls = self._plans.get(arn, (0.0, []))
        if time.monotonic() - read_at > _FRESH:
            if (now := self._read(credential, arn)) is None:
                return 0
            calls = _list_undos(arn, now, self._before[arn])
            self._plans[arn] = (time.monotonic(), calls)
            self._rewrite(credential, now.attached - self._before[arn].attached)
        for operation, asked in calls:
            self._call(credential, "iam", operation, **asked)
        return len(calls)

    def _rewrite(self, credential: Credential, policies: t.Iterable[str]) -> None:
        """Give a policy that somebody attached another content, which counts for all that it is attached to."""
        own = [one for one in policies if ":aws:policy/" not in one and one not in self._rewritten]
        for arn in own:
            asked = {"PolicyArn": arn, "PolicyDocument": EVERYTHING, "SetAsDefault": True}
            if self._call(credential, "iam", "create_policy_version", **asked) is not None:
                self._rewritten.add(arn)


def _list_undos(arn: str, now: State, before: State) -> list[Undo]:
    """List the calls that make a user or role again what it was."""
    kind, name = _kind_of(arn), arn.rpartition("/")[2]
    named = {f"{kind.title()}Name": name}
    calls: list[Undo] = [
        ("update_access_key", {**named, "AccessKeyId": key, "Status": "Active"})
        for key, status in now.keys.items()
        if status == "Inactive" and before.keys.get(key, "Active") == "Active"
    ]
    added, gone = sorted(now.attached - before.attached), sorted(before.attached - now.attached)
    calls += [(f"detach_{kind}_policy", {**named, "PolicyArn": one}) for one in added]
    calls += [(f"attach_{kind}_policy", {**named, "PolicyArn": one}) for one in gone]
    calls += [(f"delete_{kind}_policy", {**named, "PolicyName": one}) for one in sorted(now.inline - before.inline)]
    if now.tags - before.tags:
        calls.append((f"untag_{kind}", {**named, "TagKeys": sorted(now.tags - before.tags)}))
    if now.boundary != before.boundary:
        calls.append((f"delete_{kind}_permissions_boundary", named))
    if now.trust != before.trust:
        calls.append(("update_assume_role_policy", {**named, "PolicyDocument": before.trust}))
    return calls


def _kind_of(arn: str) -> t.Literal["role", "user"]:
    return "user" if ":user/" in arn else "role"
