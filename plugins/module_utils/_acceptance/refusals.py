# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an account is a sandbox in which experiments harm nobody. A fact that could not be read is a refusal."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from .._controls.control import listing

MAX_OBJECTS: t.Final = 5
KEY_IDLE_DAYS: t.Final = 45
_NAMED: t.Final = 3
# A choice of characters in a pattern, such as ``[a-z]`` or ``[!0]``, which may be nearly all there are.
_BRACKETS: t.Final = re.compile(r"\[!?\]?[^]]*\]")


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key of a user: when it was used last, or None for never."""

    id: str
    owner: str
    last_used: t.Optional[datetime]


@dataclasses.dataclass(frozen=True)
class Facts:
    """The facts of an account. ``unknown`` has, by fact, why it could not be read.

    ``names`` are the account's name and alias. ``objects`` counts users, roles and customer policies, without those
    that AWS or a landing zone made and those that an earlier run of the acceptance left. In ``closed_regions`` the
    organization lets the account do nothing.
    """

    account_id: str
    names: tuple[str, ...] = ()
    management_account_id: t.Optional[str] = None
    delegated_for: tuple[str, ...] = ()
    organization_trails: tuple[str, ...] = ()
    aggregators: tuple[str, ...] = ()
    identity_centers: tuple[str, ...] = ()
    closed_regions: tuple[str, ...] = ()
    objects: Mapping[str, int] = dataclasses.field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    root_has_keys: bool = False
    own_key: t.Optional[str] = None
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)


def refuse(facts: Facts, *, account_id: str, pattern: str, now: datetime) -> tuple[str, ...]:
    """Refuse experiments in an account, with reasons; empty if they are allowed."""
    return (
        *_refuse_other_account(facts, account_id, pattern),
        *_refuse_organization_duties(facts),
        *_refuse_use(facts, now),
        *(f"{fact} could not be read: {reason}" for fact, reason in sorted(facts.unknown.items())),
    )


def _refuse_other_account(facts: Facts, account_id: str, pattern: str) -> list[str]:
    problems = []
    if facts.account_id != account_id:
        problems.append(f"the credentials belong to account {facts.account_id}, not to {account_id}")
    if not any(map(str.isalnum, _BRACKETS.sub("", pattern))):
        problems.append("acceptance_account_pattern fits every account: give at least one letter of the sandbox's name")
    elif not any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in facts.names):
        known = ", ".join(facts.names) or "neither a name nor an alias"
        problems.append(f"acceptance_account_pattern {pattern} fits neither name nor alias of the account ({known})")
    return problems


def _refuse_organization_duties(facts: Facts) -> list[str]:
    problems = []
    if facts.management_account_id == facts.account_id:
        problems.append("it is the management account of an organization")
    named = {
        "it is a delegated administrator of": facts.delegated_for,
        "it has a trail of the organization:": facts.organization_trails,
        "it collects findings or configuration of others:": facts.aggregators,
        "it has an instance of IAM Identity Center:": facts.identity_centers,
    }
    return [*problems, *(f"{what} {listing(names, _NAMED)}" for what, names in named.items() if names)]


def _refuse_use(facts: Facts, now: datetime) -> list[str]:
    problems = [
        f"it has {count} {kind}, and {MAX_OBJECTS} are allowed"
        for kind, count in facts.objects.items()
        if count > MAX_OBJECTS
    ]
    if facts.root_has_keys:
        problems.append("root has an access key, and AWS does not reliably record its use")
    limit = now - timedelta(days=KEY_IDLE_DAYS)
    used = [key for key in facts.keys if key.id != facts.own_key and key.last_used and key.last_used > limit]
    problems += [
        f"an access key of {key.owner} was used on {key.last_used:%Y-%m-%d}, within {KEY_IDLE_DAYS} days"
        for key in used
        if key.last_used
    ]
    return problems
