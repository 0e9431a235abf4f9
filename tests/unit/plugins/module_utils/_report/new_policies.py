# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New policies of a principal, as ``least_privilege_info`` leaves them: what texts and pages are drawn from here."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._report.document import Report, complete
from ansible_collections.hardening.iam.plugins.module_utils._report.least_privilege_text import condense

from . import samples

POLICY: t.Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "S3Read1",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::orders/${aws:username}/*",
        }
    ],
}


def proof(**fields: t.Any) -> dict[str, t.Any]:
    return {
        "principal": "arn:aws:iam::111122223333:role/dev",
        "is_proved": True,
        "recorded": 3,
        "lost": [],
        "beyond": [],
        "unproven": [],
        "counts": {"probes": 4, "probes_failed": 0},
        **fields,
    }


def principal(**fields: t.Any) -> dict[str, t.Any]:
    """One principal with new policies."""
    return {
        "principal": "arn:aws:iam::111122223333:role/teams/dev",
        "principal_id": "AROAEXAMPLE",
        "kind": "role",
        "permission_set": None,
        "outcome": "proved",
        "reason": "",
        "documents": [
            {"name": "lp-dev-1", "kind": "managed", "document": POLICY, "size": 120, "limit": 6144, "issues": []}
        ],
        "kept": [
            {
                "action": "s3:GetObject",
                "resources": ["arn:aws:s3:::orders/*"],
                "reason": "used",
                "why": "3 recorded calls",
                "count": 3,
                "first": "2026-09-01T00:00:00Z",
                "last": "2026-11-01T00:00:00Z",
                "sources": ["trail"],
            }
        ],
        "removed": [
            {
                "service": "iam",
                "why": "not accessed in 400 days",
                "last_accessed": None,
                "actions": ["CreateUser", "ListUsers"],
                "sensitive": ["CreateUser"],
                "escalation": [],
            }
        ],
        "unknown": [
            {
                "action": "rds-db:connect",
                "resources": ["*"],
                "why": "never recorded",
                "settled_by": "ask the owner",
                "levels": [],
                "last_accessed": None,
            }
        ],
        "ungranted": [],
        "generalised": [
            {
                "actions": ["s3:GetObject"],
                "pattern": "arn:aws:s3:::orders/*",
                "level": "prefix",
                "seen": [],
                "why": "it also matches others",
                "also_matches": [],
                "needs_acceptance": True,
            }
        ],
        "totals": {
            "granted": {"before": 22321, "after": 2},
            "privileged": {"before": 12626, "after": 1},
            "services": {"before": 400, "after": 2},
            "unknown": {"all": 1, "privileged": 1},
            "paths": {"before": 1, "after": 0},
        },
        "losses": ["It can no longer call CreateUser of iam."],
        "coverage": {
            "since": "2026-08-22T00:00:00Z",
            "until": "2026-11-20T00:00:00Z",
            "events": 8806,
            "files_read": 90,
            "files_broken": 1,
            "services": {"complete": ["s3"], "partial": [], "blind": ["sqs"]},
            "notes": ["No digest was found."],
        },
        "proofs": [proof()],
        "second_opinion": [],
        "new_access": None,
        "warnings": ["the record has no end of a quarter"],
        **fields,
    }


def document(*principals: dict[str, t.Any], **fields: t.Any) -> dict[str, t.Any]:
    counts: dict[str, int] = {}
    for item in principals:
        counts[item["outcome"]] = counts.get(item["outcome"], 0) + 1
    return {
        "account_id": "111122223333",
        "account_alias": "acme",
        "created": "2026-11-20T12:00:00Z",
        "counts": counts,
        "principals": list(principals),
        "skipped": [],
        "unread": [],
        **fields,
    }


def make_report() -> Report:
    """The report of a run that generated new policies: one of each outcome."""
    found = [
        principal(),
        principal(
            principal="arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef",
            kind="permission_set",
            permission_set="Ops",
            outcome="unproven",
        ),
        principal(
            principal="arn:aws:iam::111122223333:user/old",
            kind="user",
            outcome="no_evidence",
            reason="no event could be read",
            documents=[],
            proofs=[],
        ),
    ]
    items = [
        condense(item, [f"reports/111122223333/least_privilege/{number}/README.md"])
        for number, item in enumerate(found)
    ]
    part = {"run_id": samples.run().id, "module": "least_privilege_info", "least_privilege": items}
    return complete(samples.assessment(), [*samples.parts(), part])
