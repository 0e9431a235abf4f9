# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role findings_export, as its users run it: exported, read back, resolved, kept as analysts left it, undone."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.modules.findings_export import ENTRY, RETURN
from dates import date_in
from emulator.client import Emulator, EmulatorProcess

from . import interrupting
from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory
from .interrupting import Job

ACCOUNT = "555566667777"
HUB: Record = {"standards": []}
IMPORT, UPDATE = "securityhub:BatchImportFindings", "securityhub:BatchUpdateFindings"
HOME = "us-east-1"


def finding(number: int = 1, **fields: t.Any) -> Record:
    """A failing finding as the assessment writes it."""
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
        "compliance": {"cis_7.0": ["2.11"]},
        "waiver": None,
        "first_seen": "2026-11-01T00:00:00Z",
        "fingerprint": f"{number:064x}",
        **fields,
    }


def passed(control: str = "access_key_unused", region: str = "global") -> Record:
    return finding(0, control=control, region=region, status="PASS", resource=f"arn:aws:iam::{ACCOUNT}:root")


WAIVER: Record = {"reason": "leaves in May", "owner": "ops", "ticket": "SEC-1", "expires": date_in(150)}


def report_of(
    run: str, findings: t.Sequence[Record], *, regions: t.Sequence[str] = (HOME,), started: str = "2026-11-25T00:00:00Z"
) -> Record:
    """A report with these findings, as an assessment leaves it."""
    return {
        "schema": "hardening.iam/report/1",
        "run": {"id": run, "started": started, "finished": started, "mode": "check", "collection_version": "1.0.0"},
        "account_id": ACCOUNT,
        "account_alias": "bare",
        "partition": "aws",
        "scope": {"regions_assessed": list(regions), "regions_not": []},
        "thresholds": {},
        "controls": {item["control"]: {} for item in findings},
        "errors": [],
        "findings": list(findings),
        "summary": {},
        "scores": [],
        "changes": [],
        "refused": [],
        "delta": {"new": [], "resolved": [], "changed": [], "not_assessed": [], "basis": None},
    }


class Bench:
    """An account with Security Hub in some regions, and the role run in it on reports that are written by hand."""

    def __init__(self, make_ansible: MakeAnsible, *hubs: str) -> None:
        organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
        organization["accounts"][ACCOUNT]["regions"] = {region: {"security_hub": HUB} for region in hubs}
        self.ansible: Ansible = make_ansible(organization)
        self.runs = 0
        self.inventory: Path = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})
        self.playbook = self.play("findings_export")

    def play(self, *roles: str) -> Path:
        path = self.ansible.directory / f"{roles[-1]}.yml"
        named = [{"role": f"hardening.iam.{role}"} for role in roles]
        path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": named}]))
        return path

    def client(self, region: str = HOME) -> t.Any:
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        return client(
            "securityhub",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )

    def found(self, region: str = HOME) -> dict[str, Record]:
        """What Security Hub has, by the number of the finding."""
        pages = self.client(region).get_paginator("get_findings").paginate()
        return {str(int(item["Id"].rpartition("/")[2], 16)): item for page in pages for item in page["Findings"]}

    def assess(self, *findings: Record, regions: t.Sequence[str] = (HOME,)) -> str:
        """Leave a report with these findings, as an assessment would; returns its run."""
        self.runs += 1
        run = f"run-{self.runs}"
        started = f"2026-11-25T0{self.runs}:00:00Z"
        report = report_of(run, findings, regions=regions, started=started)
        place = self.ansible.directory / "reports" / ACCOUNT / "report.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(report))
        return run

    def run(self, *arguments: str, playbook: t.Optional[Path] = None, **variables: t.Any) -> Outcome:
        declared = {"findings_export_mode": "enforce", "hardening_run_id": f"run-{self.runs}", **variables}
        return self.ansible.playbook(str(playbook or self.playbook), *arguments, inventory=self.inventory, **declared)

    def export(self, *findings: Record, regions: t.Sequence[str] = (HOME,), **variables: t.Any) -> Outcome:
        """Export these findings: predicted, done, and not again."""
        self.assess(*findings, regions=regions)
        checked = self.run("--check", **variables).succeeded()
        predicted = self.part(checked)
        self.planned: list[Record] = predicted["changes"]
        assert checked.writes == []
        done = self.run(**variables).succeeded()
        assert self.part(done)["plan_sha256"] == predicted["plan_sha256"]
        assert {IMPORT, UPDATE} >= set(done.writes)
        assert bool(done.writes) is bool(predicted["changes"])
        # The export to a region is one change.
        assert len({item["region"] for item in predicted["changes"]}) == len(predicted["changes"])
        assert done.recap("bare")["changed"] == checked.recap("bare")["changed"] == bool(predicted["changes"])
        for arguments in (("--check",), ()):
            again = self.run(*arguments, **variables).succeeded()
            assert (again.writes, again.recap("bare")["changed"]) == ([], 0)
        return done

    def part(self, outcome: Outcome) -> Record:
        return outcome.part(ACCOUNT, "findings_export")


def test_findings_come_change_go_and_return(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    bench.export(finding(1), finding(2), passed("root_not_used"))
    first = bench.found()
    assert first.keys() == {"1", "2"}
    assert first["1"]["CreatedAt"] == "2026-11-01T00:00:00Z"
    assert first["1"]["ProductArn"] == f"arn:aws:securityhub:{HOME}:{ACCOUNT}:product/{ACCOUNT}/default"
    assert first["1"]["Title"] == "Access key unused for 45 days or more"
    assert first["1"]["Severity"]["Label"] == "MEDIUM"
    assert first["1"]["Resources"][0]["Id"] == finding(1)["resource"]
    # A day later it is older, which is no news; another severity is.
    older = finding(1, detail="last used 2026-02-01 (297 days); limit 45", first_seen="2026-11-20T00:00:00Z")
    assert bench.export(older, finding(2)).writes == []
    done = bench.export(older, finding(2, severity="high"))
    assert done.writes == [IMPORT]
    second = bench.found()
    assert second["1"] == first["1"]
    assert second["2"]["Severity"]["Label"] == "HIGH"
    assert second["2"]["UpdatedAt"] > first["2"]["UpdatedAt"]
    assert second["2"]["CreatedAt"] == first["2"]["CreatedAt"]
    bench.export(passed())
    third = bench.found()
    assert {item["RecordState"] for item in third.values()} == {"ARCHIVED"}
    assert {item["Compliance"]["Status"] for item in third.values()} == {"PASSED"}
    bench.export(finding(1))
    assert {name: item["RecordState"] for name, item in bench.found().items()} == {"1": "ACTIVE", "2": "ARCHIVED"}


def test_what_nobody_looked_at_stays(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    bench.export(finding(1), finding(2, control="role_unused"))
    denied = finding(0, status="NOT_ASSESSED", detail="AccessDenied")
    assert bench.export(denied).writes == []
    assert {item["RecordState"] for item in bench.found().values()} == {"ACTIVE"}


def test_what_an_analyst_decided_stays(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    bench.export(finding(1), finding(2), finding(3))
    hub = bench.client()
    for number, workflow in ((1, "NOTIFIED"), (2, "SUPPRESSED")):
        item = bench.found()[str(number)]
        hub.batch_update_findings(
            FindingIdentifiers=[{"Id": item["Id"], "ProductArn": item["ProductArn"]}],
            Workflow={"Status": workflow},
            Note={"Text": "looking at it", "UpdatedBy": "ana"},
            Severity={"Label": "LOW"},
            UserDefinedFields={"case": "17"},
        )
    # Not even with a waiver, nor where the finding says something new.
    waived = {"status": "WAIVED", "waiver": WAIVER}
    done = bench.export(finding(1, **waived), finding(2, severity="critical"), finding(3, **waived))
    assert Counter(done.writes) == {IMPORT: 1, UPDATE: 1}
    found = bench.found()
    for number, workflow in ((1, "NOTIFIED"), (2, "SUPPRESSED")):
        item = found[str(number)]
        assert item["Workflow"]["Status"] == workflow
        assert item["Note"]["Text"] == "looking at it"
        assert item["Severity"]["Label"] == "LOW"
        assert item["UserDefinedFields"] == {"case": "17"}
    assert found["2"]["FindingProviderFields"]["Severity"]["Label"] == "CRITICAL"
    assert found["3"]["Workflow"]["Status"] == "SUPPRESSED"
    assert "SEC-1" in found["3"]["Note"]["Text"]
    # Once the waiver is gone, what it suppressed is open again, and what the analyst suppressed is not.
    bench.export(finding(1), finding(2, severity="critical"), finding(3))
    statuses = {name: item["Workflow"]["Status"] for name, item in bench.found().items()}
    assert statuses == {"1": "NOTIFIED", "2": "SUPPRESSED", "3": "NEW"}


@pytest.mark.dated
def test_a_waived_finding_comes_suppressed(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    assert bench.export(finding(1, status="WAIVED", waiver=WAIVER)).writes == [IMPORT]
    (item,) = bench.found().values()
    assert (item["Workflow"]["Status"], item["Note"]["UpdatedBy"]) == ("SUPPRESSED", "hardening.iam")


def test_many_come_in_batches_of_a_hundred(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    done = bench.export(*(finding(number) for number in range(1, 251)))
    assert done.writes == [IMPORT] * 3
    assert (len(bench.planned), len(bench.found())) == (1, 250)


def test_what_is_not_taken_is_told_one_by_one_and_keeps_nothing_else(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    # Of another account than the caller's, which Security Hub takes from nobody.
    foreign = finding(7, account_id="999988887777")
    bench.assess(foreign, *(finding(number) for number in range(100, 250)))
    done = bench.run()
    assert done.status != 0
    assert "Security Hub rejected 1 findings: access_key_unused on svc-7" in done.output
    assert "does not match the account of the caller" in done.output
    assert (done.writes, len(bench.found())) == ([IMPORT] * 2, 150)


def test_a_hub_that_is_off_costs_that_region_only(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    regions = (HOME, "eu-west-1", "eu-west-2")
    here = [finding(number, region=region) for number, region in enumerate(regions, start=2)]
    bench.ansible.control.faults(
        [{"kind": "error", "service": "securityhub", "region": "eu-west-2", "code": "AccessDenied", "status": 403}]
    )
    done = bench.export(finding(1), *here, regions=regions)
    bench.ansible.control.clear_faults()
    assert bench.found().keys() == {"1", "2"}
    refused = {item["target"].split(":")[3]: item["rule"] for item in bench.part(done)["refused"]}
    assert refused == {"eu-west-1": "hub_off", "eu-west-2": "unread"}


def test_only_some_severities_are_exported_and_all_are_withdrawn(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    findings = [finding(1), finding(2, severity="critical"), finding(3, severity="low")]
    bench.export(*findings)
    bench.export(*findings, findings_export_severities="critical, medium")
    states = {name: item["RecordState"] for name, item in bench.found().items()}
    assert states == {"1": "ACTIVE", "2": "ACTIVE", "3": "ARCHIVED"}
    # What fails still has not passed.
    assert bench.found()["3"]["Compliance"]["Status"] == "FAILED"
    assert bench.export(*findings, findings_export_severities="").writes == [IMPORT]
    bench.export(*findings, findings_export_severities=[])
    assert {item["RecordState"] for item in bench.found().values()} == {"ARCHIVED"}


def test_a_rollback_takes_an_export_back(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    bench.export(finding(1), finding(2))
    done = bench.export(finding(2, severity="high", status="WAIVED", waiver=WAIVER), finding(3))
    assert Counter(done.writes) == {IMPORT: 1, UPDATE: 1}
    before = bench.found()
    assert (before["1"]["RecordState"], before["3"]["RecordState"]) == ("ARCHIVED", "ACTIVE")
    rollback = bench.play("rollback")
    undone = bench.run(
        playbook=rollback,
        rollback_mode="enforce",
        hardening_undo_run_id=f"run-{bench.runs}",
        hardening_run_id="undo",
    ).succeeded()
    assert Counter(undone.writes) == {IMPORT: 1, UPDATE: 1}
    after = bench.found()
    assert (after["2"]["Severity"]["Label"], after["2"]["Workflow"]["Status"]) == ("MEDIUM", "NEW")
    assert (after["1"]["RecordState"], after["3"]["RecordState"]) == ("ACTIVE", "ARCHIVED")
    # The next export says all of it again.
    bench.export(finding(2), finding(1))
    assert bench.found()["2"]["Remediation"]["Recommendation"]["Text"] == "Deactivate it."


def test_an_account_is_assessed_exported_and_read_back(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, HOME)
    playbook = bench.play("assessment", "findings_export")
    done = bench.run(playbook=playbook, hardening_run_id="first").succeeded()
    report = done.report(ACCOUNT)
    failing = {
        f"hardening.iam/{ACCOUNT}/{item['fingerprint']}" for item in report["findings"] if item["status"] == "FAIL"
    }
    pages = (
        bench.client()
        .get_paginator("get_findings")
        .paginate(Filters={"GeneratorId": [{"Value": "hardening.iam/", "Comparison": "PREFIX"}]})
    )
    assert {item["Id"] for page in pages for item in page["Findings"]} == failing != set()
    path = done.reports / ACCOUNT / "findings.ocsf.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {event["finding_info"]["uid"] for event in events} == {name.rpartition("/")[2] for name in failing}
    assert {(event["class_uid"], event["metadata"]["version"]) for event in events} == {(2003, "1.5.0")}
    again = bench.run(playbook=playbook, hardening_run_id="second").succeeded()
    assert again.writes == []


def test_without_security_hub_the_file_alone_is_written(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    bench.assess(finding(1))
    done = bench.run("--check", findings_export_security_hub=False).succeeded()
    assert done.requests == []
    assert (done.reports / ACCOUNT / "findings.ocsf.jsonl").exists()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"hardening_run_id": "another"}, "no assessment of 555566667777 of run another"),
        ({"findings_export_severities": ["urgent"]}, "severities: urgent is not allowed; allowed are critical"),
        ({"findings_export_global_region": "moon-1"}, "moon-1"),
    ],
)
def test_bad_input_writes_nothing(make_ansible: MakeAnsible, variables: Record, told: str) -> None:
    bench = Bench(make_ansible, HOME)
    bench.assess(finding(1))
    done = bench.run(**variables)
    assert done.status != 0
    assert told in done.output
    assert done.writes == []


# In this process, where a run can be cut off and time can be skipped


class Alone(interrupting.Bench):
    """An account with Security Hub in two regions, and the module run in it without Ansible."""

    REGIONS = (HOME, "eu-west-1")

    def __init__(self, control: Emulator, directory: Path) -> None:
        super().__init__(control, directory)
        self.reports = directory / "reports"
        hubs = {region: {"security_hub": HUB} for region in self.REGIONS}
        control.reset({"management_account": ACCOUNT, "accounts": {ACCOUNT: {"name": "alone", "regions": hubs}}})

    def assess(self, *findings: Record, run: str = "run") -> None:
        place = self.reports / ACCOUNT / "report.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(report_of(run, findings, regions=self.REGIONS)))

    def options(self, **options: t.Any) -> Record:
        return {"account_id": ACCOUNT, "report_dir": str(self.reports), "now": "2026-11-25T12:00:00Z", **options}

    def export(self, **options: t.Any) -> Record:
        return self.result(ENTRY, **self.options(**options))

    def open(self) -> dict[str, str]:
        """How far the investigation of active findings is, by id."""
        filters = {"RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}]}
        found: dict[str, str] = {}
        for region in self.REGIONS:
            pages = boto3.client("securityhub", region_name=region).get_paginator("get_findings")
            for page in pages.paginate(Filters=filters):
                found |= {item["Id"]: item["Workflow"]["Status"] for item in page["Findings"]}
        return found


@pytest.fixture
def alone(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[Alone]:
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    yield Alone(control, tmp_path)
    control.clear_faults()


def test_everything_that_is_documented_is_returned_and_nothing_else(alone: Alone) -> None:
    documented = yaml.safe_load(RETURN)
    alone.assess(finding(1), finding(2, account_id="999988887777"), finding(3, region="eu-west-1"))
    alone.control.faults(
        [{"kind": "error", "service": "securityhub", "region": "eu-west-1", "code": "AccessDenied", "status": 403}]
    )

    def failing(task: Task) -> Record:
        with pytest.raises(TaskError, match="rejected 1 findings") as raised:
            ENTRY.run(task)
        return raised.value.details

    result = alone.result(dataclasses.replace(ENTRY, run=failing), **alone.options(run_id="run"))
    # Ansible's own, which no module documents.
    assert set(result) - {"changed", "diff"} == set(documented)
    for key in ("changes", "refused", "costs", "exported", "failed_findings"):
        assert set(result[key][0]) == set(documented[key]["contains"]), key
    # The export is one change. The journal has what each of its calls takes, and what takes it back.
    undone = f"hardening.iam/{ACCOUNT}/{1:064x}"
    assert (result["changes"][0]["undo"], result["changes"][0]["reversible"]) == (None, True)
    intents = (alone.journal / ACCOUNT).glob("*/*/*-intent.json")
    assert any(undone in intent.read_text(encoding="utf-8") for intent in intents)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 5))
def test_a_run_that_is_cut_off_goes_on_and_is_taken_back(alone: Alone, write: int, after: bool) -> None:
    """Two batches and a waiver in one region, and a batch in another."""
    alone.assess(finding(500), run="before")
    alone.export(run_id="before")
    many = [finding(number) for number in range(1, 151)]
    waived = finding(500, status="WAIVED", waiver=WAIVER)
    alone.assess(*many, waived, finding(600, region="eu-west-1"))
    declared = Job(ENTRY, {name: value for name, value in alone.options().items() if name != "now"})
    before = alone.open()
    alone.killed(lambda: alone.run(declared, run_id="run"), write=write, after=after)
    alone.run(declared, run_id="run")
    assert len(alone.open()) == 152
    assert sorted(set(alone.open().values())) == ["NEW", "SUPPRESSED"]
    alone.control.clear_log()
    alone.run(declared, run_id="run")
    assert alone.writes == []
    alone.undo("run", "back", account_id=ACCOUNT)
    assert alone.open() == before


def test_key_ids_are_cut_even_where_the_report_reveals_them(alone: Alone) -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    alone.assess(
        finding(1, resource_detail=key, detail=f"{key} is old", evidence={**finding()["evidence"], "observed": key})
    )
    alone.export(run_id="run")
    (item,) = boto3.client("securityhub", region_name=HOME).get_findings()["Findings"]
    assert item["Description"] == "AKIA…MPLE is old"
    assert key not in json.dumps(item)
    written = [path for path in alone.reports.rglob("*") if path.is_file() and path.name != "report.json"]
    assert len(written) == 3
    assert not [path for path in written if key in path.read_text(encoding="utf-8")]


def test_throttling_is_waited_out(alone: Alone) -> None:
    alone.assess(finding(1))
    slow = {"kind": "error", "service": "securityhub", "code": "ThrottlingException", "status": 429, "times": 2}
    alone.control.faults([slow])
    alone.export(run_id="run")
    assert len(alone.open()) == 1


def test_a_report_in_a_bucket_is_exported_from_there(alone: Alone) -> None:
    s3 = boto3.client("s3", region_name=HOME)
    s3.create_bucket(Bucket="reports")
    body = json.dumps(report_of("run", [finding(1)]))
    s3.put_object(Bucket="reports", Key=f"iam/{ACCOUNT}/report.json", Body=body)
    result = alone.export(run_id="run", report_dir="s3://reports/iam")
    assert len(alone.open()) == 1
    key = f"iam/{ACCOUNT}/findings.ocsf.jsonl"
    assert result["files"] == {"ocsf": f"s3://reports/{key}"}
    (event,) = s3.get_object(Bucket="reports", Key=key)["Body"].read().decode().splitlines()
    assert json.loads(event)["finding_info"]["uid"] == finding(1)["fingerprint"]
