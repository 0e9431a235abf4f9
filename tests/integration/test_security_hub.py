# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role security_hub, as its users run it: turned on, set, taken back, left alone, and in seventeen regions."""

from __future__ import annotations

import time
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT = "555566667777"
REGIONS = ("us-east-1", "eu-west-1")
SEVENTEEN = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"),
    *("eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
    *("ap-southeast-2", "ca-central-1", "sa-east-1"),
)
FOUNDATIONAL = "aws-foundational-security-best-practices/v/1.0.0"
CIS_3, CIS_5 = (f"cis-aws-foundations-benchmark/v/{version}.0.0" for version in (3, 5))
CENTRAL = "This account is currently associated with a central configuration policy, so only the administrator can"
ENABLE = {"securityhub:EnableSecurityHub": 2, "securityhub:BatchEnableStandards": 4}


def seed(regions: t.Optional[Record] = None) -> Record:
    """One account with the roles of this collection, and Security Hub as told in its regions."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    organization["accounts"][ACCOUNT]["regions"] = regions or {}
    return organization


class Bench:
    """The account, and the role run in it."""

    def __init__(self, make_ansible: MakeAnsible, **regions: Record) -> None:
        self.ansible: Ansible = make_ansible(
            seed({region.replace("_", "-"): {"security_hub": hub} for region, hub in regions.items()})
        )
        self.runs = 0
        self.playbook = self.ansible.directory / "hub.yml"
        role = {"role": "hardening.iam.security_hub"}
        self.playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
        self.inventory: Path = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})

    def client(self, region: str) -> t.Any:
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        return client(
            "securityhub",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )

    def run(self, *arguments: str, playbook: t.Optional[str] = None, **variables: t.Any) -> Outcome:
        self.runs += 1
        declared = {
            "aws_regions": list(REGIONS),
            "security_hub_mode": "enforce",
            "hardening_run_id": f"run-{self.runs}",
            **variables,
        }
        return self.ansible.playbook(playbook or str(self.playbook), *arguments, inventory=self.inventory, **declared)

    def part(self, outcome: Outcome) -> Record:
        return outcome.document(f"{ACCOUNT}/parts/security_hub.json")

    def cycle(self, writes: t.Mapping[str, int], **declared: t.Any) -> Outcome:
        """Check, real, check again, real again: what is predicted is done, once."""
        checked = self.run("--check", **declared).succeeded()
        assert checked.writes == []
        predicted = self.part(checked)
        done = self.run(**declared).succeeded()
        assert Counter(done.writes) == writes
        assert self.part(done)["plan_sha256"] == predicted["plan_sha256"]
        assert done.recap("bare")["changed"] == checked.recap("bare")["changed"] == 1
        for arguments in (("--check",), ()):
            again = self.run(*arguments, **declared).succeeded()
            assert (again.writes, again.recap("bare")["changed"]) == ([], 0)
            assert self.part(again)["changes"] == []
        return done

    def standards(self, region: str) -> set[str]:
        listed = self.client(region).get_enabled_standards()["StandardsSubscriptions"]
        return {item["StandardsSubscriptionArn"].partition("subscription/")[2] for item in listed}

    def associations(self, region: str, control: str) -> dict[str, str]:
        hub = self.client(region)
        arns = [item["StandardsArn"] for item in hub.get_enabled_standards()["StandardsSubscriptions"]]
        asked = [{"SecurityControlId": control, "StandardsArn": arn} for arn in arns]
        found = hub.batch_get_standards_control_associations(StandardsControlAssociationIds=asked)
        return {item["StandardsArn"]: item["AssociationStatus"] for item in found["StandardsControlAssociationDetails"]}

    def length(self, region: str) -> Record:
        (control,) = self.client(region).batch_get_security_controls(SecurityControlIds=["IAM.7"])["SecurityControls"]
        return t.cast(Record, control["Parameters"]["MinimumPasswordLength"])


def test_a_hub_is_turned_on_set_and_taken_back(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    bench.cycle(ENABLE)
    assert [bench.standards(region) for region in REGIONS] == [{FOUNDATIONAL, CIS_5}] * 2
    controls = [
        {"id": "IAM.6", "enabled": False, "reason": "no root credentials", "exclude_regions": ["us-east-1"]},
        {"id": "IAM.7", "reason": "ours", "parameters": {"MinimumPasswordLength": "14"}},
    ]
    writes = {
        "securityhub:UpdateSecurityControl": 2,
        "securityhub:BatchUpdateStandardsControlAssociations": 2,
        "securityhub:CreateFindingAggregator": 1,
    }
    declared = {"security_hub_controls": controls, "security_hub_aggregation_region": "us-east-1"}
    bench.cycle(writes, **declared)
    changed = bench.runs - 2
    assert set(bench.associations("eu-west-1", "IAM.6").values()) == {"DISABLED"}
    assert set(bench.associations("us-east-1", "IAM.6").values()) == {"ENABLED"}
    assert bench.length("eu-west-1") == {"ValueType": "CUSTOM", "Value": {"Integer": 14}}
    # What is no longer declared of controls stays; what is declared to go, goes, with a reason.
    disable = [{"standard": "cis", "reason": "not ours"}]
    bench.cycle(
        {"securityhub:BatchDisableStandards": 2},
        security_hub_standards=["fsbp"],
        security_hub_disable_standards=disable,
    )
    assert bench.standards("eu-west-1") == {FOUNDATIONAL}
    assert set(bench.associations("eu-west-1", "IAM.6").values()) == {"DISABLED"}
    rollback = str(bench.ansible.directory / "rollback.yml")
    role = {"role": "hardening.iam.rollback"}
    Path(rollback).write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
    for run, writes in (
        (bench.runs - 2, {"securityhub:BatchEnableStandards": 2}),
        # Of an aggregator only AWS's answer tells the id, so that one stays.
        (
            changed,
            {"securityhub:UpdateSecurityControl": 2, "securityhub:BatchUpdateStandardsControlAssociations": 2},
        ),
        (2, {"securityhub:BatchDisableStandards": 4, "securityhub:DisableSecurityHub": 2}),
    ):
        undone = bench.run(playbook=rollback, rollback_mode="enforce", rollback_undo_run_id=f"run-{run}").succeeded()
        assert Counter(undone.writes) == writes
    for region in REGIONS:
        hub = bench.client(region)
        with pytest.raises(hub.exceptions.InvalidAccessException):
            hub.describe_hub()


def test_what_others_set_stays(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible, us_east_1={"standards": [CIS_3, FOUNDATIONAL]})
    hub = bench.client("us-east-1")
    arn = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"
    theirs = {"StandardsArn": arn, "AssociationStatus": "DISABLED", "UpdatedReason": "theirs"}
    hub.batch_update_standards_control_associations(
        StandardsControlAssociationUpdates=[{**theirs, "SecurityControlId": name} for name in ("IAM.1", "IAM.6")]
    )
    custom = {"RequireNumbers": {"ValueType": "CUSTOM", "Value": {"Boolean": False}}}
    hub.update_security_control(SecurityControlId="IAM.7", Parameters=custom, LastUpdateReason="theirs")
    controls = [
        {"id": "IAM.3", "enabled": False, "reason": "ours"},
        {"id": "IAM.6", "enabled": False, "reason": "ours"},
        {"id": "IAM.7", "reason": "ours", "parameters": {"MinimumPasswordLength": 14}},
    ]
    done = bench.run(aws_regions=["us-east-1"], security_hub_controls=controls).succeeded()
    assert "securityhub:BatchDisableStandards" not in done.writes
    assert bench.standards("us-east-1") == {CIS_3, CIS_5, FOUNDATIONAL}
    for name, reason in (("IAM.1", "theirs"), ("IAM.6", "theirs"), ("IAM.3", "ours")):
        asked = [{"SecurityControlId": name, "StandardsArn": arn}]
        found = hub.batch_get_standards_control_associations(StandardsControlAssociationIds=asked)
        (detail,) = found["StandardsControlAssociationDetails"]
        assert (detail["AssociationStatus"], detail["UpdatedReason"]) == ("DISABLED", reason)
    (control,) = hub.batch_get_security_controls(SecurityControlIds=["IAM.7"])["SecurityControls"]
    assert control["Parameters"]["RequireNumbers"] == custom["RequireNumbers"]
    # Those of the standard that this run enabled come with the next one, which is told.
    assert "set by the run after this one" in done.output
    again = bench.run(aws_regions=["us-east-1"], security_hub_controls=controls).succeeded()
    assert Counter(again.writes) == {"securityhub:BatchUpdateStandardsControlAssociations": 1}
    assert bench.run(aws_regions=["us-east-1"], security_hub_controls=controls).succeeded().writes == []


@pytest.mark.parametrize("known", [True, False], ids=["administrator", "member"])
def test_an_account_that_is_configured_centrally_is_left_alone(make_ansible: MakeAnsible, known: bool) -> None:
    hub = {"standards": [CIS_3], "policy": "policy-1", "delegated_administrator": known}
    bench = Bench(make_ansible, us_east_1=hub)
    done = bench.run(aws_regions=["us-east-1"], hardening_return_findings="all").succeeded()
    part = bench.part(done)
    # A member is told by the refusal alone; after the first one nothing more is tried.
    assert done.writes == ([] if known else ["securityhub:BatchEnableStandards"])
    assert {refusal["rule"] for refusal in part["refused"]} <= {"managed_centrally", "together"}
    assert any("managed centrally" in refusal["reason"] for refusal in part["refused"])
    assert done.recap("bare")["changed"] == 0
    assert bench.standards("us-east-1") == {CIS_3}


def test_a_denied_region_costs_that_region_only(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    bench.ansible.control.faults(
        [{"kind": "error", "service": "securityhub", "region": "eu-west-1", "code": "AccessDenied", "status": 403}]
    )
    done = bench.run(hardening_return_findings="all").succeeded()
    bench.ansible.control.clear_faults()
    assert {change["region"] for change in bench.part(done)["changes"]} == {"us-east-1"}
    assert "eu-west-1: nothing is planned" in done.output
    assert bench.standards("us-east-1") == {FOUNDATIONAL, CIS_5}


@pytest.mark.parametrize("status", ["FAILED", "DELETING", "INCOMPLETE", "PENDING"])
def test_a_standard_is_judged_by_its_status(make_ansible: MakeAnsible, status: str) -> None:
    bench = Bench(make_ansible, us_east_1={"standards": [FOUNDATIONAL, CIS_5], "statuses": {CIS_5: status}})
    done = bench.run(aws_regions=["us-east-1"]).succeeded()
    assert done.writes == (["securityhub:BatchEnableStandards"] if status == "FAILED" else [])
    rules = [refusal["rule"] for refusal in bench.part(done)["refused"]]
    assert rules == (["deleting"] if status == "DELETING" else [])
    assert (f"is {status}" in done.output) == (status in ("INCOMPLETE", "PENDING"))


def test_seventeen_regions_take_less_than_four_seconds(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    # Starting Ansible is no part of it.
    _outcome, idle = timed(bench, security_hub_mode="off")
    bench.ansible.control.faults([{"kind": "latency", "latency_ms": 50}])
    for arguments, writes in ((("--check",), 0), ((), 51), ((), 0)):
        outcome, spent = timed(bench, *arguments, aws_regions=list(SEVENTEEN))
        assert len(outcome.writes) == writes
        assert spent - idle < 4
    bench.ansible.control.clear_faults()


def timed(bench: Bench, *arguments: str, **variables: t.Any) -> tuple[Outcome, float]:
    started = time.monotonic()
    outcome = bench.run(*arguments, **variables).succeeded()
    return outcome, time.monotonic() - started
