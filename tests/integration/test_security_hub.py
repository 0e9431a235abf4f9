# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role security_hub, as its users run it: turned on, set, taken back, left alone, and in seventeen regions."""

from __future__ import annotations

import contextlib
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.modules.security_hub import ENTRY, argument_spec
from emulator.client import Emulator, EmulatorProcess

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, most_in_flight, write_inventory
from .interrupting import Bench as Interrupted
from .interrupting import Job

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
        return outcome.part(ACCOUNT, "security_hub")

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
        undone = bench.run(playbook=rollback, rollback_mode="enforce", hardening_undo_run_id=f"run-{run}").succeeded()
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
    assert "the next run sets the controls of" in done.output
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


@pytest.fixture
def account(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[Interrupted]:
    """The account with the hub off, for runs of the module in this process."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    control.reset(seed())
    bench = Interrupted(control, tmp_path)
    yield bench
    control.clear_faults()


def test_seventeen_regions_are_converged_side_by_side(account: Interrupted) -> None:
    """Each call takes 50 ms: to look, to turn the hub on with two standards in each, and to look again."""
    account.control.faults([{"kind": "latency", "latency_ms": 50}])
    made, most = [], []
    for check_mode in (True, False, False):
        options = {name: argument.get("default") for name, argument in argument_spec().items()}
        options |= {"account_id": ACCOUNT, "journal": str(account.journal), "regions": list(SEVENTEEN)}
        task = Task(options=options, operations=ENTRY.operations, check_mode=check_mode)
        result = ENTRY.run(task)
        most.append(most_in_flight(account.control))
        made.append(len(result["changes"]))
    assert made == [3 * len(SEVENTEEN), 3 * len(SEVENTEEN), 0]
    assert min(calls["securityhub:DescribeHub"] for calls in most) > 1
    assert most[1]["securityhub:EnableSecurityHub"] > 1


DECLARED = Job(ENTRY, {"account_id": ACCOUNT, "regions": list(REGIONS)})


def hubs() -> dict[str, list[str]]:
    """The standards of the hub in each region; a region in which it is off has no entry."""
    found = {}
    for region in REGIONS:
        client = boto3.client("securityhub", region_name=region)
        with contextlib.suppress(client.exceptions.InvalidAccessException):
            listed = client.get_enabled_standards()["StandardsSubscriptions"]
            found[region] = sorted(item["StandardsArn"].rpartition("standards/")[2] for item in listed)
    return found


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 7))
def test_a_run_that_is_cut_off_goes_on_and_is_taken_back(account: Interrupted, write: int, after: bool) -> None:
    whole = {region: [FOUNDATIONAL, CIS_5] for region in REGIONS}
    account.killed(lambda: account.run(DECLARED, run_id="first"), write=write, after=after)
    # The other region goes on while the write is held; one that never arrived leaves something undone.
    assert after or hubs() != whole
    account.run(DECLARED, run_id="second")
    assert hubs() == whole
    account.control.clear_log()
    account.run(DECLARED, run_id="third")
    assert account.writes == []
    for run in ("second", "first"):
        account.undo(run, f"{run}-back", account_id=ACCOUNT)
    assert hubs() == {}


def test_a_region_to_aggregate_in_must_be_among_the_regions(account: Interrupted) -> None:
    elsewhere = Job(ENTRY, {**DECLARED.options, "aggregation_region": "sa-east-1"})
    with pytest.raises(RuntimeError, match="aggregation_region: sa-east-1 is not among the regions"):
        account.run(elsewhere)
    assert account.writes == []


def test_a_region_that_is_not_opted_in_costs_that_region_only(account: Interrupted) -> None:
    """AWS does not know the credentials there."""
    account.control.faults(
        [
            {
                "kind": "error",
                "region": "eu-west-1",
                "code": "UnrecognizedClientException",
                "status": 403,
                "message": "The security token included in the request is invalid.",
            }
        ]
    )
    result = account.result(ENTRY, **DECLARED.options, return_findings="all")
    assert {change["region"] for change in result["changes"]} == {"us-east-1"}
    statuses = {(item["region"], item["status"]) for item in result["findings"]}
    assert {status for region, status in statuses if region == "eu-west-1"} == {"NOT_ASSESSED"}
    assert ("us-east-1", "NOT_ASSESSED") not in statuses
