# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audit sheets that between them have every part of the page."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import timedelta

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.sheet import build

from ...module_utils._converge.fakes import ACCOUNT, NOW
from ...module_utils._report.audit.world import World, key_change, make_event, verified
from .test_hostile_names import NAMES

Sheet = dict[str, t.Any]


def sound() -> Sheet:
    """Everything fits together."""
    return build(verified().sources)


def troubled() -> Sheet:
    """Everything that an auditor should look at, at once."""
    world = World()
    users = ("alice", "bob", "carol", "dave")
    changes = [key_change(user) for user in users]
    first, second, *_others = world.change(*changes, details={"author": "ana", "approver": "Ana", "job": "4711"})
    world.change(key_change("erin"), outcome=None)
    world.change(key_change("frank"), outcome=Outcome.FAILED)
    world.change(key_change("grace"), outcome=Outcome.FOREIGN, job_id="18", details={"author": "eve"})
    world.lease(first, NOW - timedelta(seconds=1), fence=2)
    world.journal.objects[f"{ACCOUNT}/20261125T020000Z/17/000099-outcome.json"] = b"{"
    world.now = NOW + timedelta(hours=1)
    world.change(key_change("bob", undoes=second), run_id="20261125T030000Z", module="rollback")
    refused = {"rule": "max_changes", "reason": "11 changes are over the cap of 10", "operation": "UpdateAccessKey"}
    refused |= {"module": "access_keys"}
    report = world.report(*changes, refused=[{**refused, "target": user} for user in ("heidi", "ivan")])
    failures = [{"host": "acme-prod", "account_id": "222233334444", "message": "AccessDenied: sts:AssumeRole"}]
    world.keep([report], [], failures=failures, expected=["444455556666"], hosts={ACCOUNT: "acme-dev"})
    failed = make_event(key_change("frank"), errorCode="AccessDenied")
    mallory = make_event(key_change("mallory"), userAgent="aws-cli/2.31.0")
    bob = make_event(key_change("bob", undoes=second), seconds=3600)
    seen = [make_event(change) for change in changes[:3]]
    world.see(*seen, failed, mallory, bob, failures={"eu-west-1": "AccessDenied"})
    world.reports.objects["manifests/00000001.json"] = b"{"
    return build(world.sources, inventory=["777788889999"])


def unknown() -> Sheet:
    """As little as can be known of a run: one malformed record."""
    world = World()
    world.change(key_change(), details={})
    for key in world.journal.objects:
        world.journal.objects[key] = b"{"
    return build(world.sources)


def hostile() -> Sheet:
    """All hostile names at once, in every text of a sheet."""
    return t.cast(Sheet, _name_all(troubled(), "".join(text for name, text in NAMES.items() if name != "long")))


# What the page decides by.
_KEPT: t.Final = frozenset({"tone", "outcome", "state", "modes", "schema", "account_id", "lack", "region"})


def _name_all(value: t.Any, name: str, *, key: str = "") -> t.Any:
    if isinstance(value, dict):
        return {member: _name_all(value[member], name, key=member) for member in value}
    if isinstance(value, list):
        return [_name_all(member, name, key=key) for member in value]
    return name if isinstance(value, str) and key not in _KEPT else value


SHEETS: t.Final[dict[str, Callable[[], Sheet]]] = {
    "audit": sound,
    "audit_hostile": hostile,
    "audit_troubled": troubled,
    "audit_unknown": unknown,
}
