# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Campaigns of right-sizing in reports: what an entry of a part must be, and its text. Pure."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping

from .plain import join_names, wrap_text

Item = Mapping[str, t.Any]
Lines = list[str]
Show = Callable[[object], str]
_Check = Callable[[object], bool]

#: The stages in their order. A revert has no place in it.
STAGES: t.Final = ("assess", "generate", "prepare", "canary", "cut_over", "watch", "retire")
REVERT: t.Final = "revert"
WAYS: t.Final = {"parallel": "parallel role", "in_place": "in place", "by_owner": "by its owner"}
#: The states of roles, in the order in which people look at them.
STATES: t.Final = ("refused", "lifted", "waiting", "due", "soaking", "done", "closed", "retired", "reverted")
#: The origin of a denial, for people.
DENIED_BY: t.Final = {
    "ours": "the new policies",
    "boundary": "a permissions boundary",
    "organization": "an organization policy",
    "resource": "the policy of a resource",
    "unknown": "not known",
}
# The name becomes part of the name of a file.
_NAME: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST: t.Final = 10**9
_NAMED: t.Final = 10


def name_page(campaign: str) -> str:
    """Name the page of a campaign. It is in the folder of the report of its account."""
    return f"campaign-{campaign}.html"


def name_role(role: Item) -> str:
    """Name a role without its account and path."""
    return str(role["role"]).rpartition("/")[2]


def brief(campaign: Item, show: Show) -> Lines:
    """One campaign in the text report: the roles by state, and what those need that wait for somebody."""
    stage = f", stage {campaign['stage']}" if campaign["stage"] else ""
    lines = wrap_text(show(f"{campaign['campaign']}{stage}: {len(campaign['roles'])} roles"), first="  - ", rest="    ")
    for state in STATES:
        found = [role for role in campaign["roles"] if role["state"] == state]
        if found:
            names = join_names([name_role(role) for role in found], _NAMED)
            lines += wrap_text(show(f"{len(found)} {state}: {names}"), first="      ", rest="        ")
    reasons: dict[str, str] = {}
    for role in campaign["roles"]:
        if role["state"] in ("refused", "lifted"):
            reasons.setdefault(role["reason"], name_role(role))
        elif role["patch"] or (role["way"] == "by_owner" and role["state"] == "waiting"):
            reasons.setdefault(role["next"], name_role(role))
    for reason, name in reasons.items():
        lines += wrap_text(show(f"{name}: {reason}"), first="      ", rest="        ")
    return lines


# The form of an entry: others may write to the report directory


def is_campaign(item: object) -> bool:
    """Whether an entry of a part has the form that the module ``least_privilege`` writes."""
    return _has(_CAMPAIGN)(item)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_number(value: object) -> bool:
    # Of what is no number, nothing is true.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _one_of(*values: str) -> _Check:
    return lambda value: isinstance(value, str) and value in values


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, (list, tuple)) and all(map(check, value))


def _has(members: Mapping[str, _Check]) -> _Check:
    """Whether a value is a mapping that has each of the members. Others may follow in later versions."""
    return lambda value: (
        isinstance(value, Mapping) and all(name in value and check(value[name]) for name, check in members.items())
    )


def _is_pair(value: object) -> bool:
    """Numbers before and after, each of which may be unknown. It is empty where nothing was generated."""
    return isinstance(value, Mapping) and all(_or_none(_is_count)(value.get(name)) for name in ("before", "after"))


_REASON: t.Final = _or_none(_is_text)
_CONSUMER: t.Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("kind", "resource", "region", "detail", "move"), _is_text),
    "is_machine": _is_flag,
    "has_moved": _or_none(_is_flag),
}
_NAMER: t.Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("kind", "resource", "account_id", "where", "adapt"), _is_text),
    "names_new": _is_flag,
    "accepted": _REASON,
}
_UNREAD: t.Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("account_id", "reason"), _is_text),
    "blocks": _is_flag,
    "accepted": _REASON,
}
_DENIAL: t.Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("action", "resource", "first", "last", "message", "diff"), _is_text),
    "count": _is_count,
    "by": _one_of(*DENIED_BY),
    "used_before": _is_flag,
    "accepted": _REASON,
    "proposal": _or_none(lambda value: isinstance(value, Mapping)),
}
_DENIALS: t.Final[Mapping[str, _Check]] = {
    "since": _is_text,
    "baseline": _is_count,
    "calls": _is_count,
    "new": _list_of(_has(_DENIAL)),
    "not_watched": _list_of(_is_text),
    "failure": _REASON,
}
_ROLE: t.Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("role", "role_id", "reason", "rule", "next", "revert"), _is_text),
    **dict.fromkeys(("since", "deadline", "outcome"), _or_none(_is_text)),
    **dict.fromkeys(("granted", "privileged", "paths"), _is_pair),
    **dict.fromkeys(("losses", "warnings", "consumers_unread"), _list_of(_is_text)),
    "way": _one_of("", *WAYS),
    "canary": _is_flag,
    "stage": _one_of("", *STAGES),
    "state": _one_of(*STATES),
    "days_left": _or_none(_is_number),
    "parallel": _or_none(_has({"arn": _is_text, "id": _is_text})),
    "documents": _list_of(_has({"name": _is_text, "sha256": _is_text, "size": _is_count})),
    "consumers": _list_of(_has(_CONSUMER)),
    "namers": _list_of(_has(_NAMER)),
    "namers_unread": _list_of(_has(_UNREAD)),
    "denials": _or_none(_has(_DENIALS)),
    "old_role_used": _or_none(_has({"last": _or_none(_is_text), "by": _list_of(_is_text)})),
    "patch": _or_none(_has(dict.fromkeys(("language", "text", "to"), _is_text))),
}
_CAMPAIGN: t.Final[Mapping[str, _Check]] = {
    "campaign": lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
    "stage": _or_none(_one_of(*STAGES, REVERT)),
    "roles": _list_of(_has(_ROLE)),
}
