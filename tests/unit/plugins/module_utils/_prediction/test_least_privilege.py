# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import Generated
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Status as Generation,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.lists import (
    Kept,
    Removed,
    Totals,
    Unknown,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.least_privilege import (
    build,
    build_coverage,
    build_principal,
    describe_losses,
)

ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
NOW: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
MADE: t.Final = Generated(ROLE, Generation.GENERATED)
PROVED: t.Final = {"is_proved": True}
OPEN: t.Final = {"is_proved": False}
BARE: t.Final = Coverage(90)


def build_one(generated: Generated = MADE, *proofs: t.Any, coverage: Coverage = BARE, **more: t.Any) -> t.Any:
    record = Record(ROLE, "AROAEXAMPLE", coverage)
    return build_principal(generated, record, kind="role", permission_set=None, proofs=proofs, **more)


@pytest.mark.parametrize(
    ("proofs", "new_access", "outcome"),
    [
        ([PROVED], None, "proved"),
        ([PROVED, PROVED], None, "proved"),
        ([PROVED, OPEN], None, "unproven"),
        ([OPEN], None, "unproven"),
        # Nothing was proved.
        ([], None, "unproven"),
        ([PROVED], {"result": "PASS"}, "proved"),
        ([PROVED], {"result": "FAIL"}, "unproven"),
        ([OPEN], {"result": "PASS"}, "unproven"),
    ],
)
def test_documents_are_proved_by_every_proof_and_without_new_access(
    proofs: list[t.Any], new_access: t.Any, outcome: str
) -> None:
    assert build_one(MADE, *proofs, new_access=new_access)["outcome"] == outcome


@pytest.mark.parametrize("status", [one for one in Generation if one is not Generation.GENERATED])
def test_without_documents_nothing_is_proved(status: Generation) -> None:
    found = build_one(dataclasses.replace(MADE, status=status, reason="why"), PROVED)
    assert (found["outcome"], found["reason"]) == (status.value, "why")


def test_a_principal_has_its_lists_and_numbers() -> None:
    generated = dataclasses.replace(
        MADE,
        kept=(Kept("s3:GetObject", ("*",), "called", "it was called", 3, NOW, NOW, ("trail",)),),
        unknown=(Unknown("sqs:SendMessage", ("*",), "not logged", "a trail"),),
        totals=Totals(9, 8, 7, 6, 5, 4, 3, 2),
        foreign=("arn:other",),
        warnings=("one",),
        window_days=90,
        digest="d",
    )
    found = build_one(generated, PROVED, paths={"before": 2, "after": 0}, notes=("two",), second_opinion=({"x": 1},))
    assert found["kept"] == [
        {
            "action": "s3:GetObject",
            "resources": ["*"],
            "why": "called",
            "reason": "it was called",
            "count": 3,
            "first": "2026-03-01T00:00:00Z",
            "last": "2026-03-01T00:00:00Z",
            "sources": ["trail"],
        }
    ]
    assert [one["action"] for one in found["unknown"]] == ["sqs:SendMessage"]
    assert found["totals"] == {
        "granted": {"before": 9, "after": 8},
        "privileged": {"before": 7, "after": 6},
        "unknown": {"all": 5, "privileged": 4},
        "services": {"before": 3, "after": 2},
        "paths": {"before": 2, "after": 0},
    }
    assert (found["principal"], found["principal_id"], found["kind"]) == (ROLE, "AROAEXAMPLE", "role")
    assert (found["warnings"], found["foreign"], found["second_opinion"]) == (["one", "two"], ["arn:other"], [{"x": 1}])
    assert (found["window_days"], found["digest"], found["new_access"]) == (90, "d", None)
    assert build_one()["totals"]["paths"] is None


def removed(action: str, why: str = "unused", **fields: t.Any) -> Removed:
    return Removed(action, why, **fields)


def test_removed_actions_are_grouped_by_service_reason_and_date() -> None:
    items = (
        removed("s3:GetObject", is_sensitive=True, escalation=("b", "a")),
        removed("s3:PutObject", escalation=("a",)),
        removed("s3:ListBucket", last_accessed=NOW),
        removed("ec2:RunInstances", "denied"),
        removed("ec2:StopInstances"),
    )
    found = build_one(dataclasses.replace(MADE, removed=items))["removed"]
    assert [(one["service"], one["why"], one["last_accessed"], one["actions"]) for one in found] == [
        ("ec2", "denied", None, ["RunInstances"]),
        ("ec2", "unused", None, ["StopInstances"]),
        ("s3", "unused", None, ["GetObject", "PutObject"]),
        ("s3", "unused", "2026-03-01T00:00:00Z", ["ListBucket"]),
    ]
    assert (found[2]["sensitive"], found[2]["escalation"]) == (["GetObject"], ["a", "b"])


def test_losses_are_named_the_sensitive_ones_first() -> None:
    items = (
        removed("ec2:RunInstances"),
        removed("glue:GetJob"),
        removed("batch:SubmitJob"),
        removed("s3:ListBucket"),
        removed("s3:GetObject", is_sensitive=True),
        removed("kms:Decrypt", is_sensitive=True),
    )
    kept = (Kept("ec2:StopInstances", ("*",), "called", ""),)
    unknown = (Unknown("glue:StartJobRun", ("*",), "", ""),)
    assert describe_losses(dataclasses.replace(MADE, removed=items, kept=kept, unknown=unknown)) == [
        "It can no longer call Decrypt of kms.",
        "It can no longer call GetObject and ListBucket of s3.",
        "It can no longer call RunInstances of ec2.",
        "It can no longer call GetJob of glue.",
        "It can no longer use batch at all.",
    ]
    assert describe_losses(MADE) == []
    many = tuple(removed(f"s3:Get{number:02d}") for number in range(11))
    one = dataclasses.replace(MADE, removed=many, kept=(Kept("s3:Put", (), "", ""),))
    assert describe_losses(one)[0].endswith("Get06, Get07 and 3 more of s3.")


def test_the_coverage_names_services_by_their_status_and_what_is_missing() -> None:
    services = (
        ServiceCoverage("sqs", Status.BLIND, ("not logged",)),
        ServiceCoverage("s3", Status.COMPLETE),
        ServiceCoverage("ec2", Status.COMPLETE),
        ServiceCoverage("kms", Status.PARTIAL, ("left out",)),
    )
    coverage = Coverage(
        90, NOW, NOW, 5, 1, 7, ("us-east-1",), {one.service: one for one in services}, ((NOW, NOW),), ("a note",)
    )
    moment = "2026-03-01T00:00:00Z"
    assert build_coverage(coverage) == {
        "asked_days": 90,
        "since": moment,
        "until": moment,
        "files_read": 5,
        "files_broken": 1,
        "events": 7,
        "regions": ["us-east-1"],
        "gaps": [{"since": moment, "until": moment}],
        "services": {"complete": ["ec2", "s3"], "partial": ["kms"], "blind": ["sqs"]},
        "reasons": {"kms": ["left out"], "sqs": ["not logged"]},
        "notes": ["a note"],
    }
    assert (build_coverage(Coverage(90))["since"], build_coverage(Coverage(90))["until"]) == (None, None)
    assert build_one(coverage=coverage)["coverage"] == build_coverage(coverage)


def test_the_document_of_an_account_counts_outcomes_and_orders_principals() -> None:
    principals = [
        {"principal": name, "outcome": outcome}
        for name, outcome in (("b", "proved"), ("a", "unproven"), ("c", "proved"))
    ]
    found = build(
        principals,
        account={"account_id": "111122223333"},
        run_id="run-1",
        created=NOW,
        skipped=({"x": "y"},),
        unread=("z",),
    )
    assert found["counts"] == {"proved": 2, "unproven": 1}
    assert [one["principal"] for one in found["principals"]] == ["a", "b", "c"]
    assert (found["account_id"], found["run_id"], found["created"]) == ("111122223333", "run-1", "2026-03-01T00:00:00Z")
    assert (found["skipped"], found["unread"]) == ([{"x": "y"}], ["z"])
