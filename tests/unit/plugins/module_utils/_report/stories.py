# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verdict and a hunt of one incident, as their files have them."""

from __future__ import annotations

import typing as t

Document = dict[str, t.Any]

HOME: t.Final = "222233334444"
USER: t.Final = f"arn:aws:iam::{HOME}:user/ci-deploy"
ROLE: t.Final = f"arn:aws:iam::{HOME}:role/deploy"
PARTS: t.Final = (
    *("unresolved", "credentials", "contained", "left_alone", "not_denied", "lives_on", "not_known", "not_trusted"),
    "failed",
)


def make_verdict(**more: t.Any) -> Document:
    """A containment at noon that contains everything; ``more`` are other members, or parts of ``sections``."""
    sections = {name: more.pop(name, []) for name in PARTS}
    sections["credentials"] = sections["credentials"] or ["AKIA…HIOZ: a key of the user ci-deploy"]
    sections["contained"] = sections["contained"] or [f"{USER}: everything"]
    return {
        "schema": "hardening.iam/incident-verdict/1",
        "incident_id": "INC-7",
        "at": "2026-11-28T12:00:00Z",
        "declared_by": "Ana",
        "reason": "the key is in a public repository",
        "verdict": "contained",
        "headline": "CONTAINED: everything that was found is denied",
        "failed": more.pop("fails", False),
        "reasons": [],
        "sections": sections,
        "lives_on": more.pop("lives", []),
        "confirm_until": "2026-11-29T12:00:00Z",
        "next": [{"text": "run hunt.yml", "command": ""}],
        "findings": [],
        **more,
    }


def make_call(time: str, name: str = "GetObject", source: str = "s3.amazonaws.com", **more: t.Any) -> Document:
    """A suspected call that succeeded."""
    return {
        "time": time,
        "account_id": HOME,
        "region": "us-east-1",
        "event_source": source,
        "event_name": name,
        "suspected": "yes",
        "error_code": "",
        "principal": USER,
        "access_key_id": "AKIATHPRDSKWLEAKED01",
        "source_address": "198.51.100.66",
        **more,
    }


def make_left(present: str = "true", **more: t.Any) -> Document:
    """A user that the intruder made."""
    row = {"family": "iam", "class": "principal", "account_id": HOME, "event_name": "CreateUser", "target": "tmp-9"}
    return {**row, "present": present, "suspected": "yes", "deadline": None, **more}


def make_taken(action: str = "s3:GetObject", content: str = "data", **more: t.Any) -> Document:
    """Twelve reads of objects."""
    times = {"first": "2026-11-28T09:00:00Z", "last": "2026-11-28T10:00:00Z"}
    row = {"action": action, "content": content, "suspected": 12, "uncertain": 3, "accounts": [HOME]}
    return {**row, **times, **more}


def make_hunt(*timeline: Document, **more: t.Any) -> Document:
    """A hunt at one o'clock, in which nothing is open; ``timeline`` are its calls."""
    suspected = sum(row["suspected"] == "yes" for row in timeline)
    uncertain = sum(row["suspected"] == "uncertain" for row in timeline)
    return {
        "schema": "hardening.iam/hunt/1",
        "incident_id": "INC-7",
        "created": "2026-11-28T13:00:00Z",
        "numbers": {
            "suspected": {"yes": suspected, "uncertain": uncertain, "no": 0},
            "failed": sum(bool(row["error_code"]) for row in timeline),
            "accounts": len({row["account_id"] for row in timeline}),
        },
        "record": "files",
        "since": "2026-11-28T09:00:00Z",
        "timeline": list(timeline),
        "taken": [],
        "persistence": [],
        "unfollowed": [],
        "coverage": {HOME: {"us-east-1": "complete"}},
        "secrets": [],
        "unread": [],
        "lag": {"repeat_at": ["2026-11-28T14:00:00Z", "2026-11-29T13:00:00Z"]},
        "next_steps": ["hunt again at 2026-11-28T14:00:00Z"],
        **more,
    }
