# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of an impact: principals that fare alike are one group."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Evidence, Source, SourceRead, Use
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import parse_acceptances
from ansible_collections.hardening.iam.plugins.module_utils._prediction.document import (
    build,
    find_accepted,
    fold_names,
    verdict_record,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/team-{}"
EVIDENCE = Evidence((SourceRead(Source.LAST_ACCESSED, 400, "4 hours", ("denied too",), records=2),))


def verdict(arn: str, outcome: Breakage, action: str = "s3:GetObject", day: int = 20, **fields: t.Any) -> Verdict:
    use = Use(arn, action, Source.TRAIL, fields.pop("resource", None), count=2, last=NOW.replace(day=day))
    return Verdict(arn, outcome, fields.pop("reason", "because"), use, **fields)


def build_document(*impacts: Impact, **options: t.Any) -> dict[str, t.Any]:
    defaults: dict[str, t.Any] = {
        "account": {"account_id": "111122223333", "account_alias": None},
        "change": ["x"],
        "accepted": {},
        "skipped": [],
        "created": NOW,
        "unread": [],
        "assumed": [],
    }
    return build(impacts, **{**defaults, **options})


def impact(name: str, *verdicts: Verdict) -> Impact:
    arn = ROLE.format(name)
    own = tuple(
        dataclasses.replace(item, principal_arn=arn, use=item.use and dataclasses.replace(item.use, principal_arn=arn))
        for item in verdicts
    )
    return Impact(arn, own, EVIDENCE)


BREAKS = verdict("", Breakage.WILL_BREAK)
SAFE = verdict("", Breakage.SAFE, "sqs:SendMessage")


def test_principals_that_fare_alike_are_one_group_whenever_they_did_it() -> None:
    later = verdict("", Breakage.WILL_BREAK, day=24)
    document = build_document(impact("1", BREAKS, SAFE), impact("2", SAFE), impact("3", later, SAFE))
    assert [(group["name"], group["outcome"]) for group in document["groups"]] == [
        ("team-1, team-3", "will_break"),
        ("team-2", "safe"),
    ]
    assert document["outcome"] == "will_break"
    assert document["counts"] == {"will_break": 2, "may_break": 0, "no_evidence": 0, "safe": 1}
    (item,) = document["groups"][0]["will_break"]
    assert (item["calls"], item["last"]) == (4, "2026-11-24T00:00:00Z")


def test_who_is_accepted_stands_apart() -> None:
    acceptance = {"principal": "team-1", "reason": "agreed", "expires": "2026-12-31"}
    document = build_document(impact("1", BREAKS), impact("2", BREAKS), accepted={ROLE.format("1"): acceptance})
    assert [(group["name"], group["accepted"]) for group in document["groups"]] == [
        ("team-1", acceptance),
        ("team-2", None),
    ]


def test_a_service_is_safe_where_all_of_it_is() -> None:
    (group,) = build_document(impact("1", BREAKS, SAFE, verdict("", Breakage.SAFE, "s3:ListBucket")))["groups"]
    assert (group["safe"], group["safe_actions"]) == (["sqs"], ["s3:ListBucket"])


def test_actions_that_one_statement_decides_are_told_together() -> None:
    by = {"layer": "boundary", "policy": "p", "statement": "S"}
    verdicts = [verdict("", Breakage.MAY_BREAK, f"s3:{name}", reason=name, **by) for name in ("Get", "Put")]
    apart = verdict("", Breakage.MAY_BREAK, "s3:Head", missing_context=("aws:SourceVpc",), **by)
    (group,) = build_document(impact("1", *verdicts, apart))["groups"]
    assert [item["actions"] for item in group["may_break"]] == [["Get", "Put"]]
    assert [item["actions"] for item in group["unknown_context"]] == [["Head"]]


def test_missing_evidence_and_what_was_not_read() -> None:
    document = build_document(
        impact("1", Verdict("", Breakage.NO_EVIDENCE, "nothing tells")), unread=["SCPs"], assumed=["arn:aws:s3:::a"]
    )
    assert document["groups"][0]["no_evidence"] == ["nothing tells"]
    assert "not read: SCPs" in document["blind_spots"]
    assert "denied too" in document["blind_spots"]
    assert document["assumed_unused"] == ["arn:aws:s3:::a"]
    assert document["evidence"] == [
        {
            "source": "last_accessed",
            "window_days": 400,
            "lag": "4 hours",
            "place": "",
            "failure": None,
            "principals": 1,
            "of": 1,
            "records": 2,
        }
    ]


def test_nobody_is_safe() -> None:
    document = build_document()
    assert (document["outcome"], document["groups"]) == ("safe", [])


def test_a_verdict_without_a_use() -> None:
    record = verdict_record(Verdict("x", Breakage.NO_EVIDENCE, "nothing tells"))
    assert (record["service"], record["action"], record["source"], record["last"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("names", "short"),
    [
        ([], ""),
        (["a", "b"], "a, b"),
        (["dev-01", "dev-02"], "dev-01, dev-02"),
        (["dev-01", "dev-02", "dev-03"], "dev-{01..03}"),
        (["dev-3-role", "dev-1-role", "dev-2-role", "x"], "dev-{1..3}-role, x"),
        (["r8", "r9", "r10", "r12", "r13"], "r{8..10,12,13}"),
        (["a1b2", "a1b3", "a1b4"], "a1b2, a1b3, a1b4"),
        (["x1", "y2", "z3"], "x1, y2, z3"),
    ],
)
def test_names_in_short(names: list[str], short: str) -> None:
    assert fold_names(names) == short


def test_only_breakage_needs_an_acceptance() -> None:
    entries = [{"principal": f"team-{name}", "reason": "agreed", "expires": "2026-12-31"} for name in ("1", "2")]
    acceptances = parse_acceptances(entries, today=NOW.date())
    found = find_accepted([impact("1", BREAKS), impact("2", SAFE), impact("3", BREAKS)], acceptances, NOW.date())
    assert found == {ROLE.format("1"): entries[0]}
