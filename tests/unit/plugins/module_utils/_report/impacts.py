# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predicted impacts, as modules leave them for the report: what texts and pages are drawn from in these tests."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._report.document import Report, complete

from . import samples
from .samples import HOSTILE

Record = dict[str, t.Any]


def item(**fields: t.Any) -> Record:
    """Uses of one service for which the outcome is the same."""
    return {
        "service": "lambda",
        "actions": ["InvokeFunction"],
        "resources": [],
        "reason": "nothing in the permissions boundary developer allows it",
        "calls": 0,
        "last": None,
        "missing_context": [],
        "lost": [],
        "of": 0,
        **fields,
    }


def group(**fields: t.Any) -> Record:
    """Principals that fare alike."""
    return {
        "principals": ["arn:aws:iam::111122223333:role/app"],
        "name": "app",
        "kind": "role",
        "count": 1,
        "outcome": "safe",
        "accepted": None,
        "will_break": [],
        "may_break": [],
        "unknown_context": [],
        "no_evidence": [],
        "safe": [],
        "safe_actions": [],
        **fields,
    }


def document(*groups: Record, **fields: t.Any) -> Record:
    """The impact of a boundary."""
    return {
        "schema": "hardening.iam/impact/1",
        "account_id": "111122223333",
        "account_alias": None,
        "created": "2026-11-25T00:00:00Z",
        "change": ["the permissions boundary developer is attached"],
        "outcome": "safe",
        "counts": {"will_break": 0, "may_break": 0, "no_evidence": 0, "safe": 1},
        "groups": list(groups),
        "evidence": [],
        "blind_spots": ["a yearly job"],
        "assumed_unused": [],
        "skipped": [],
        **fields,
    }


def developers() -> Record:
    """A boundary on developers, whose names and reasons are as hostile as can be."""
    many = [f"arn:aws:iam::222233334444:role/dev-team-{number:02d}-role" for number in range(1, 13)]
    return document(
        group(
            principals=[f"arn:aws:iam::222233334444:user/{HOSTILE}"],
            name=HOSTILE,
            kind="user",
            outcome="will_break",
            will_break=[item(calls=3, last="2026-11-20T09:30:00Z", resources=["arn:aws:lambda:::function:invoices"])],
            may_break=[item(service="s3", actions=["*"], reason=HOSTILE, lost=["s3:PutObject"], of=9)],
            safe=["dynamodb"],
            safe_actions=["lambda:GetFunction"],
        ),
        group(
            principals=["arn:aws:iam::222233334444:role/app"],
            outcome="may_break",
            accepted={"principal": "app", "reason": HOSTILE, "expires": "2026-12-31"},
            unknown_context=[item(service="sts", actions=["AssumeRole"], calls=1, missing_context=["aws:SourceIp"])],
        ),
        group(
            principals=["arn:aws:iam::222233334444:role/idle"],
            name="idle",
            outcome="no_evidence",
            no_evidence=["no use of it could be read"],
        ),
        group(principals=many, name="dev-team-{01..12}-role", count=12, safe=["dynamodb", "s3"]),
        account_id="222233334444",
        outcome="will_break",
        counts={"will_break": 1, "may_break": 1, "no_evidence": 1, "safe": 12},
        evidence=[read(), read(source="trail", place="s3://logs", failure="no such bucket")],
        assumed_unused=["arn:aws:s3:::audit-*"],
        skipped=[{"principal": "arn:aws:iam::222233334444:role/aws-reserved/x", "reason": "change it there"}],
    )


def read(**fields: t.Any) -> Record:
    """One source of evidence."""
    return {
        "source": "last_accessed",
        "window_days": 400,
        "lag": "up to 4 hours",
        "place": "",
        "failure": None,
        "principals": 15,
        "of": 15,
        "records": 120,
        **fields,
    }


def make_prediction_report() -> Report:
    """The report of a run that predicted the impact of a boundary on developers."""
    part = {"run_id": samples.run().id, "module": "permissions_boundary", "impacts": [developers()]}
    return complete(samples.assessment(), [*samples.parts(), part])
