# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export import asff
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.changes import (
    FINDING_BYTES,
    Sending,
    is_import,
    make_entry,
    plan_imports,
    product_of,
    read_rejections,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.plan import (
    Assessment,
    Hub,
    Planner,
    list_costs,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import list_entries, plan_sha256
from emulator.extensions.securityhub_findings import problem_of

ACCOUNT = "222233334444"
HOME = "us-east-1"
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
OBSERVED = "2026-11-25T01:00:00Z"
PLACE = asff.Place("aws", ACCOUNT, HOME)
WAIVER = {"reason": "leaves in May", "owner": "ops", "ticket": "SEC-1", "expires": "2027-05-01"}

Record = dict[str, t.Any]


def finding(number: int = 1, **fields: t.Any) -> Record:
    return {
        "control": "access_key_unused",
        "status": "FAIL",
        "severity": "medium",
        "account_id": ACCOUNT,
        "region": "global",
        "resource": f"arn:aws:iam::{ACCOUNT}:user/svc-{number}",
        "resource_detail": "access key 1",
        "title": "Unused access keys are deactivated",
        "detail": "last used 2026-02-01 (296 days); limit 45",
        "evidence": {"observed": {"slot": 1}, "expected": "used", "source": "GetCredentialReport", "observed_at": None},
        "remediation": {"text": "Deactivate it.", "module": None, "reversible": True},
        "compliance": {"cis_7.0": ["2.11"], "nist_800_53": ["AC-2(3)"]},
        "waiver": None,
        "first_seen": "2026-11-01T00:00:00Z",
        "fingerprint": f"{number:064x}",
        **fields,
    }


def make_finding(item: Record, title: str = "Access key unused") -> asff.Asff:
    return asff.add_dates(
        asff.build_finding(asff.ReportedFinding(item, title), PLACE, observed=OBSERVED, run_id="run"), None, NOW
    )


def planner(*findings: Record, now: datetime = NOW, settled: bool = True, **fields: t.Any) -> Planner:
    assessment: Record = {
        "account_id": ACCOUNT,
        "partition": "aws",
        "run_id": "run",
        "observed": OBSERVED,
        "reported": tuple(asff.ReportedFinding(item, "Access key unused") for item in findings),
        "severities": frozenset({"critical", "high", "medium", "low"}),
        "failing": frozenset(map(asff.build_identifier, findings)),
        "settles": lambda _where: settled,
        **fields,
    }
    return Planner(Assessment(**assessment), home=HOME, now=now)


def hub(*items: Record, **fields: t.Any) -> Hub:
    return Hub({item["Id"]: {"Workflow": {"Status": "NEW"}, **item, **fields} for item in items})


def outcomes(plan: Planner, present: Hub) -> dict[str, str]:
    return {str(int(item.id.rpartition("/")[2], 16)): item.outcome for item in plan.list_sendings(HOME, present)}


# The format


def check(sent: asff.Asff) -> None:
    """Hold a finding against botocore's shapes, and against AWS's limits as the emulator has them."""
    shape = service_model("securityhub").shape_for("AwsSecurityFinding")
    report = ParamValidator().validate(sent, shape)
    assert not report.has_errors(), report.generate_report()
    assert problem_of(sent, ACCOUNT) == ""
    assert len(json.dumps(sent)) < FINDING_BYTES
    fields = sent["ProductFields"]
    assert len(fields) <= 50
    assert all(len(name) <= 128 and 0 < len(value.encode()) <= 2048 for name, value in fields.items())
    assert all(0 < len(name) <= 64 for name in sent["Compliance"].get("RelatedRequirements", ["-"]))
    assert all(resource["Id"].strip() and len(resource["Id"]) <= 512 for resource in sent["Resources"])
    assert sent["Title"].strip() and sent["Description"].strip()


def test_a_finding_in_the_format_of_aws() -> None:
    sent = make_finding(finding())
    check(sent)
    assert sent["Id"] == f"hardening.iam/{ACCOUNT}/{1:064x}"
    assert sent["ProductArn"] == f"arn:aws:securityhub:{HOME}:{ACCOUNT}:product/{ACCOUNT}/default"
    assert (sent["CreatedAt"], sent["UpdatedAt"]) == ("2026-11-01T00:00:00Z", "2026-11-25T02:00:00Z")
    assert sent["FindingProviderFields"]["Severity"] == {"Label": "MEDIUM", "Original": "medium"}
    assert sent["Compliance"]["RelatedRequirements"] == [
        "CIS AWS Foundations Benchmark v7.0.0/2.11",
        "NIST.800-53.r5 AC-2(3)",
    ]
    assert sent["ProductFields"]["hardening.iam/resource_detail"] == "access key 1"
    assert sent["ProductFields"]["hardening.iam/observed"] == '{"slot": 1}'


text = st.text(max_size=3000)


@given(
    texts=st.fixed_dictionaries(
        {
            "title": text,
            "detail": text,
            "resource": st.text(min_size=1, max_size=900).filter(str.strip),
            "resource_detail": st.none() | text,
            "remediation": st.fixed_dictionaries(
                {"text": text, "module": st.none() | st.just("x"), "reversible": st.booleans()}
            ),
            "compliance": st.dictionaries(
                st.text(max_size=80), st.lists(st.text(max_size=90), max_size=40), max_size=4
            ),
            "evidence": st.fixed_dictionaries(
                {
                    "observed": st.none() | text | st.lists(text, max_size=9),
                    "expected": text,
                    "source": text,
                    "observed_at": st.none(),
                }
            ),
        }
    ),
    title=text,
)
def test_whatever_is_said_keeps_the_limits(texts: Record, title: str) -> None:
    check(make_finding(finding(**texts), title))


def test_what_is_blank_is_left_out() -> None:
    blank = finding(
        resource_detail=" ", compliance={" ": ["\n"]}, remediation={**finding()["remediation"], "text": " "}
    )
    sent = make_finding(blank, " ")
    check(sent)
    assert sent["Compliance"] == {"Status": "FAILED"}
    assert "Remediation" not in sent
    assert sent["Title"] == "access_key_unused"


@given(st.text(max_size=200), st.integers(min_value=4, max_value=200))
def test_what_is_cut_is_cut_between_letters(value: str, limit: int) -> None:
    short = asff.cut(value, limit)
    assert len(short.encode()) <= limit
    assert short == value.strip() or short.endswith("…")


def test_half_of_a_letter_is_sent_as_what_it_was_written_as() -> None:
    assert asff.cut("a\ud800b", 100) == "a\\ud800b"


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/path/x", "AwsIamRole", None),
        (f"arn:aws:iam::{ACCOUNT}:root", "AwsAccount", f"AWS::::Account:{ACCOUNT}"),
        (f"arn:aws:iam::{ACCOUNT}:server-certificate/x", "Other", None),
        ("arn:aws:s3:::bucket", "AwsS3Bucket", None),
        ("o-1234", "Other", None),
    ],
)
def test_a_resource_is_called_as_aws_does(arn: str, kind: str, name: t.Optional[str]) -> None:
    (resource,) = make_finding(finding(resource=arn))["Resources"]
    assert (resource["Type"], resource["Id"]) == (kind, name or arn)


# What is sent


def test_what_says_nothing_new_is_not_sent() -> None:
    sent = make_finding(finding())
    older = finding(
        detail="last used 2026-02-02 (297 days); limit 45",
        first_seen="2026-11-20T00:00:00Z",
        evidence={"observed": {"slot": 2}, "expected": "used", "source": "GetCredentialReport", "observed_at": None},
    )
    assert outcomes(planner(older), hub(sent)) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"severity": "high"},
        {"detail": "last used 2026-02-01 (296 days); limit 30"},
        {"status": "WAIVED", "waiver": WAIVER},
        {"remediation": {"text": "Delete it.", "module": None, "reversible": False}},
        {"compliance": {}},
    ],
)
def test_what_says_something_new_is_sent_later_than_before(fields: Record) -> None:
    present = hub(make_finding(finding()))
    (sending,) = planner(finding(**fields)).list_sendings(HOME, present)
    assert sending.outcome == "updated"
    # The same second would be ignored by AWS without a word.
    assert (sending.made["CreatedAt"], sending.made["UpdatedAt"]) == ("2026-11-01T00:00:00Z", "2026-11-25T02:00:01Z")
    assert "Workflow" not in sending.made


@pytest.mark.parametrize(("days", "sent"), [(79, {}), (80, {"1": "updated"})])
def test_a_finding_is_renewed_before_aws_deletes_it(days: int, sent: dict[str, str]) -> None:
    assert outcomes(planner(finding(), now=NOW + timedelta(days=days)), hub(make_finding(finding()))) == sent


def test_what_fails_no_longer_is_archived_once() -> None:
    (sending,) = planner().list_sendings(HOME, hub(make_finding(finding()), ProductName="x", ProcessedAt="now"))
    check(sending.made)
    assert (sending.made["RecordState"], sending.made["Compliance"]["Status"]) == ("ARCHIVED", "PASSED")
    assert not {"Workflow", "ProcessedAt"} & sending.made.keys()
    assert outcomes(planner(), hub(sending.made)) == {}
    assert outcomes(planner(finding()), hub(sending.made)) == {"1": "reopened"}


def test_what_nobody_looked_at_stays() -> None:
    assert outcomes(planner(settled=False), hub(make_finding(finding()))) == {}


def test_what_is_no_longer_wanted_is_archived_as_failing() -> None:
    low = finding(severity="low")
    wanted = planner(severities=frozenset({"high"}), failing=frozenset({asff.build_identifier(low)}))
    (sending,) = wanted.list_sendings(HOME, hub(make_finding(low)))
    assert (sending.outcome, sending.made["Compliance"]["Status"]) == ("archived", "FAILED")


def test_findings_go_where_they_were_found() -> None:
    plan = planner(finding(1), finding(2, region="eu-west-1"))
    assert plan.regions(["eu-central-1"]) == ("eu-central-1", "eu-west-1", HOME)
    changes = plan.plan({HOME: Hub(), "eu-west-1": Hub()}).changes
    assert [(change.region, len(change.after)) for change in changes] == [(HOME, 1), ("eu-west-1", 1)]
    assert product_of(changes[1]) == f"arn:aws:securityhub:eu-west-1:{ACCOUNT}:product/{ACCOUNT}/default"


def test_a_hub_that_is_off_matters_where_there_is_something_to_send() -> None:
    off = {HOME: Hub(is_off=True), "eu-west-1": Hub(is_off=True)}
    refused = planner(finding()).plan(off).refused
    assert [(item.rule, item.target.split(":")[3]) for item in refused] == [("hub_off", HOME)]
    (unread,) = planner().plan({HOME: Hub(problem="denied")}).refused
    assert (unread.rule, "denied" in unread.reason) == ("unread", True)


# Investigations


@pytest.mark.parametrize(
    ("status", "workflow", "author", "record", "expected"),
    [
        ("WAIVED", "NEW", "ana", "ACTIVE", "SUPPRESSED"),
        ("WAIVED", "NOTIFIED", "ana", "ACTIVE", None),
        ("WAIVED", "SUPPRESSED", "hardening.iam", "ACTIVE", None),
        # AWS begins anew with what returns.
        ("WAIVED", "RESOLVED", "ana", "ARCHIVED", "SUPPRESSED"),
        ("FAIL", "SUPPRESSED", "hardening.iam", "ACTIVE", "NEW"),
        ("FAIL", "SUPPRESSED", "ana", "ACTIVE", None),
        ("FAIL", "RESOLVED", "hardening.iam", "ACTIVE", None),
    ],
)
def test_a_waiver_ends_what_nobody_looked_at(
    status: str, workflow: str, author: str, record: str, expected: t.Optional[str]
) -> None:
    item = finding(status=status, waiver=WAIVER if status == "WAIVED" else None)
    note = {"Text": "x", "UpdatedBy": author}
    present = hub(make_finding(item), Workflow={"Status": workflow}, Note=note, RecordState=record)
    updates = [change for change in planner(item).plan({HOME: present}).changes if not is_import(change)]
    assert [list(change.after.values()) for change in updates] == ([[expected]] if expected else [])
    for change in updates:
        assert change.undo is not None
        assert change.undo.parameters["Note"] == note
        assert list(change.before.values()) == [change.undo.parameters["Workflow"]["Status"]]


def test_a_new_finding_that_is_waived_comes_suppressed() -> None:
    (sending,) = planner(finding(status="WAIVED", waiver=WAIVER)).list_sendings(HOME, Hub())
    check(sending.made)
    assert sending.made["Workflow"] == {"Status": "SUPPRESSED"}
    assert sending.made["Note"]["Text"] == "waived: leaves in May (owner ops, ticket SEC-1, expires 2027-05-01)"


# Batches


def test_a_batch_has_a_hundred_findings() -> None:
    changes = plan_imports([Sending(None, make_finding(finding(number))) for number in range(250)], PLACE)
    assert [len(change.parameters["Findings"]) for change in changes] == [100, 100, 50]
    assert len({change.target for change in changes}) == 3


def test_a_batch_has_six_megabytes() -> None:
    large = {"UserDefinedFields": {"x": "y" * 200_000}}
    changes = plan_imports([Sending(None, make_finding(finding(number)) | large) for number in range(70)], PLACE)
    assert max(len(json.dumps(change.parameters["Findings"])) for change in changes) <= 6 * 1024 * 1024
    assert sum(len(change.parameters["Findings"]) for change in changes) == 70


def test_what_undoes_a_batch_is_taken_by_aws_and_leaves_what_was_there() -> None:
    present = hub(make_finding(finding(1)), make_finding(finding(2)))
    (change,) = planner(finding(1, severity="high"), finding(3)).plan({HOME: present}).changes
    assert change.undo is not None
    undone = {item["Id"]: item for item in change.undo.parameters["Findings"]}
    for sent in change.parameters["Findings"]:
        check(undone[sent["Id"]])
        assert undone[sent["Id"]]["UpdatedAt"] > sent["UpdatedAt"]
    assert {name: asff.describe_finding(item) for name, item in undone.items()} == change.before
    # It says less than it did, so the next export sends it once more.
    assert outcomes(planner(finding(1), finding(2)), Hub(undone)) == {"1": "updated", "2": "updated"}


def test_what_was_not_taken_is_told_with_the_reason() -> None:
    imported = {"FailedFindings": [{"Id": "a", "ErrorCode": "InvalidInput", "ErrorMessage": "no"}]}
    updated = {
        "UnprocessedFindings": [{"FindingIdentifier": {"Id": "b"}, "ErrorCode": "NotFound", "ErrorMessage": "gone"}]
    }
    assert read_rejections(imported) == {"a": "InvalidInput: no"}
    assert read_rejections(updated) == {"b": "NotFound: gone"}
    assert read_rejections({"FailedCount": 0, "FailedFindings": []}) == {}


def test_what_is_sent_is_counted() -> None:
    plan = planner(finding(1), finding(2), finding(3, severity="high"))
    present = hub(make_finding(finding(1)), make_finding(finding(3)), make_finding(finding(4)))
    counts = plan.count_outcomes(HOME, present)
    assert counts == {
        "region": HOME,
        "enabled": True,
        "created": 1,
        "updated": 1,
        "reopened": 0,
        "archived": 1,
        "unchanged": 1,
    }
    assert [item["count"] for item in list_costs([counts])] == [3]
    assert list_costs([plan.count_outcomes(HOME, Hub(is_off=True))]) == []
    assert plan.count_outcomes(HOME, Hub(problem="denied"))["enabled"] is None


def turn_on(region: str) -> dict[str, t.Any]:
    """What the plan of a run has, that turns Security Hub on there."""
    return {"service": "securityhub", "operation": "EnableSecurityHub", "region": region, "remedies": []}


def test_a_plan_that_turns_the_hub_on_does_not_refuse_the_export_to_it() -> None:
    hubs = {HOME: Hub(is_off=True), "eu-west-1": Hub(is_off=True)}
    one, other = finding(1), finding(2, region="eu-west-1")
    found = dataclasses.replace(planner(one, other), planned=[turn_on(HOME)]).plan(hubs)
    assert [change.region for change in found.changes] == [HOME]
    assert [(item.rule, item.target.split(":")[3]) for item in found.refused] == [("hub_off", "eu-west-1")]


def test_the_export_to_a_region_is_one_change_without_findings() -> None:
    changes = plan_imports([Sending(None, make_finding(finding(number))) for number in range(250)], PLACE)
    other = plan_imports([Sending(None, make_finding(finding(7)))], PLACE)
    ((shown, writes),) = list_entries(changes)
    assert (writes, shown.is_reversible, shown.parameters) == (changes, True, {"ProductArn": PLACE.product})
    assert plan_sha256(changes) == plan_sha256(other) == plan_sha256([make_entry(PLACE)])


def test_a_plan_that_resolves_findings_has_the_export_that_archives_them() -> None:
    """It has none where they were never sent: nothing is left to send then."""
    item = finding(1)
    sent = {made["Id"]: made for made in [make_finding(item)]}
    known = dataclasses.replace(planner(item), planned=[{**turn_on("x"), "remedies": [item["fingerprint"]]}])
    assert not planner(item).plan({HOME: Hub(sent)}).changes
    assert known.plan({HOME: Hub(sent)}).changes == (make_entry(dataclasses.replace(PLACE, region=HOME)),)
    assert known.plan({HOME: Hub()}).changes == ()
