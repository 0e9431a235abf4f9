# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role policy_scope and its playbook, as users run them: policies narrowed, refused, copied, and taken back."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import typing as t
from collections import Counter

import boto3
import pytest
import yaml

from dates import date_in

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT = "555566667777"
READER = f"arn:aws:iam::{ACCOUNT}:policy/DataReader"
BUCKET, OBJECTS = "arn:aws:s3:::production-data-bucket", "arn:aws:s3:::production-data-bucket/*"
FULL_S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def statement(action: t.Any, resource: t.Any = "*", effect: str = "Allow", **elements: t.Any) -> Record:
    return {"Effect": effect, "Action": action, "Resource": resource, **elements}


def document(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(**principal: t.Any) -> Record:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


LAMBDA: t.Final = trust(Service="lambda.amazonaws.com")
PEOPLE: t.Final = trust(AWS="arn:aws:iam::999988887777:root")
DENY_DELETE: t.Final = statement("s3:DeleteBucket", effect="Deny", Sid="Keep")
WIDE: t.Final = document(statement(["s3:GetObject", "s3:ListBucket"], Sid="Read"), DENY_DELETE)


def seed(**settings: t.Any) -> Record:
    """One account: a shared policy of a function and of people, an inline policy, a policy of AWS, and break-glass."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    account = organization["accounts"][ACCOUNT]
    account["roles"] |= {
        "app": {"trust": LAMBDA, "policies": ["DataReader"], "inline": {"queue": document(statement("sqs:*"))}},
        "analyst": {"trust": PEOPLE, "policies": ["DataReader"]},
        "legacy": {"trust": LAMBDA, "policies": ["aws:AmazonS3FullAccess"]},
        "break-glass": {"trust": PEOPLE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
    }
    account.update({"policies": {"DataReader": {"document": WIDE}}, **settings})
    return organization


class Bench:
    """The account, and the role run in it."""

    def __init__(self, make_ansible: MakeAnsible, **settings: t.Any) -> None:
        self.ansible: Ansible = make_ansible(seed(**settings))
        self.runs = 0
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        self.iam = client(
            "iam",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        self.play = self.ansible.directory / "scope.yml"
        role = {"role": "hardening.iam.policy_scope"}
        self.play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
        self.inventory = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})
        self.record([])

    def record(self, calls: t.Sequence[tuple[str, str, str]]) -> None:
        """Write the trail's files of sixty days: a call on an object or a queue by each role, every fifth day.

        Resources are taken from the record of two weeks or more only, and a week without files is a gap.
        """
        now = dt.datetime.now(dt.UTC)
        logs = self.ansible.directory / "logs" / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1"
        for moment in (now - dt.timedelta(days=days) for days in range(0, 61, 5)):
            directory = logs / moment.strftime("%Y/%m/%d")
            directory.mkdir(parents=True, exist_ok=True)
            records = [event(role, source, name, moment) for role, source, name in calls or USED]
            (directory / "log.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))

    def run(self, *arguments: str, playbook: t.Optional[str] = None, **variables: t.Any) -> Outcome:
        """Run the role, or a playbook; a variable that is None is left to the role's default."""
        self.runs += 1
        declared = {
            "policy_scope_mode": "enforce",
            "policy_scope_event_history": False,
            # The account has no trail, so it is not known what wrote the files.
            "policy_scope_assume_logged": ["data"],
            "policy_scope_trail_logs": str(self.ansible.directory / "logs"),
            "hardening_run_id": f"run-{self.runs}",
            "hardening_owner_default": "allow",
            "hardening_break_glass": [f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"],
            **variables,
        }
        declared = {name: value for name, value in declared.items() if value is not None}
        return self.ansible.playbook(playbook or str(self.play), *arguments, inventory=self.inventory, **declared)

    def part(self, outcome: Outcome) -> Record:
        return outcome.part(ACCOUNT, "policy_scope")

    def versions(self, arn: str = READER) -> list[Record]:
        """The documents of a policy, the default one first, then the oldest first."""
        listed = self.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        found = [
            (
                not item["IsDefaultVersion"],
                int(item["VersionId"][1:]),
                self.iam.get_policy_version(PolicyArn=arn, VersionId=item["VersionId"])["PolicyVersion"]["Document"],
            )
            for item in listed
        ]
        return [content for _other, _number, content in sorted(found, key=lambda item: item[:2])]

    def inline(self, role: str, name: str) -> Record:
        return t.cast(Record, self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])

    def attached(self, role: str) -> list[str]:
        found = self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return sorted(item["PolicyArn"] for item in found)

    def cycle(self, writes: t.Sequence[str], *, playbook: t.Optional[str] = None, **declared: t.Any) -> Record:
        """Check, real, check again, real again; returns what the first real run left."""
        predicted = self.run("--check", "--diff", playbook=playbook, **declared).succeeded()
        assert predicted.writes == []
        done = self.run("--diff", playbook=playbook, **declared).succeeded()
        assert Counter(done.writes) == Counter(f"iam:{name}" for name in writes)
        part = done.part(ACCOUNT, playbook or "policy_scope")
        for arguments in (("--check",), ()):
            again = self.run(*arguments, playbook=playbook, **declared).succeeded()
            assert (again.writes, again.recap("bare")["changed"]) == ([], 0)
        return part


USED: t.Final = (
    ("app", "s3", "GetObject"),
    ("analyst", "s3", "GetObject"),
    ("app", "sqs", "SendMessage"),
    ("legacy", "s3", "GetObject"),
)


def event(role: str, source: str, name: str, now: dt.datetime) -> Record:
    """A recorded call of a role."""
    resources = {
        "s3": {"bucketName": "production-data-bucket", "key": "report.csv"},
        "sqs": {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/orders"},
    }
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    return {
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}},
        "eventTime": (now - dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "requestParameters": resources[source],
    }


@pytest.fixture
def bench(make_ansible: MakeAnsible) -> Bench:
    return Bench(make_ansible)


def target(**fields: t.Any) -> Record:
    """The shared policy, with the resources of the how-to."""
    return {"policies": ["DataReader"], "split": True, "resources": [{"arns": [BUCKET, OBJECTS]}], **fields}


def test_twelve_steps_of_policies_that_are_narrowed_narrowed_further_and_taken_back(bench: Bench) -> None:
    queue = {"inline_policies": ["queue"], "roles": ["app"], "seen_resources": True}
    # Create.
    made = bench.cycle(["CreatePolicyVersion", "PutRolePolicy"], policy_scope_targets=[target(), queue])
    narrowed = document(
        statement("s3:GetObject", OBJECTS, Sid="ReadObject"),
        statement("s3:ListBucket", BUCKET, Sid="ReadBucket"),
        DENY_DELETE,
    )
    assert bench.versions() == [narrowed, WIDE]
    orders = statement("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders")
    assert orders in bench.inline("app", "queue")["Statement"]
    change = next(item for item in made["changes"] if item["operation"] == "CreatePolicyVersion")
    assert [arn.rpartition("/")[2] for arn in change["affects"]] == ["analyst", "app"]
    # Change.
    window = {"start": "2026-01-01T00:00:00Z", "end": f"{date_in(20)}T00:00:00Z"}
    # A window takes something away from everybody, so each of them has to agree.
    accepted = [{"principal": name, "reason": "maintenance", "expires": date_in(20)} for name in ("app", "analyst")]
    changed = bench.cycle(
        ["CreatePolicyVersion"],
        policy_scope_targets=[target(time_window=window)],
        policy_scope_accept_breakage=accepted,
    )
    assert "DateLessThan" in json.dumps(bench.versions()[0])
    # Take back.
    assert changed["refused"] == []
    bench.cycle(["SetDefaultPolicyVersion"], playbook="rollback", hardening_undo_run_id="run-6")
    assert bench.versions()[0] == narrowed
    bench.cycle(["SetDefaultPolicyVersion", "PutRolePolicy"], playbook="rollback", hardening_undo_run_id="run-2")
    assert bench.versions()[0] == WIDE
    assert bench.inline("app", "queue") == document(statement("sqs:*"))


# Word by word from the how-to that this collection replaces, step 3.
SAMPLE: t.Final = document(
    statement(
        ["s3:GetObject", "s3:ListBucket"],
        [BUCKET, OBJECTS],
        Sid="AllowS3ReadSpecificBucket",
        Condition={
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            "DateGreaterThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"},
        },
    )
)


def test_the_sample_of_the_how_to_is_refused_with_its_correct_form(bench: Bench) -> None:
    """By the playbook, whose reports have the refusal and the correct form."""
    (bench.ansible.directory / "sample.json").write_text(json.dumps(SAMPLE), encoding="utf-8")
    sample = {"policies": ["DataReader"], "document": "sample.json"}
    whole = {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}
    internet = {"inline_policies": ["queue"], "roles": ["app"], "conditions": whole}
    outcome = bench.run(playbook="scope_policies", policy_scope_targets=[sample, internet]).succeeded()
    assert [name for name in outcome.writes if not name.startswith("iam:Generate")] == []
    report = outcome.report(ACCOUNT)
    refused, idle = sorted(report["refused"], key=lambda item: str(item["rule"]))
    assert (refused["rule"], idle["rule"]) == ("locks_out", "no_effect")
    assert "0.0.0.0/0 is larger than any network of one owner" in idle["reason"]
    for reason in ("role app (lambda.amazonaws.com)", "10.0.0.0/8", "is no time window"):
        assert reason in refused["reason"]
    conditions = [item.get("Condition", {}) for item in refused["corrected"]["document"]["Statement"]]
    assert set(conditions[-1]) == {"NotIpAddressIfExists", "StringNotEqualsIfExists", "BoolIfExists"}
    assert not any("Bool" in condition for condition in conditions)
    assert refused["corrected"]["trust_policy_condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    for name in ("report.txt", "report.html"):
        assert "NotIpAddressIfExists" in (outcome.reports / ACCOUNT / name).read_text(encoding="utf-8")
    assert "Roles that enforce: policy_scope" in outcome.output
    assert "password_policy" not in outcome.output


def test_a_deleted_version_comes_back_with_a_rollback(bench: Bench) -> None:
    for number in range(4):
        older = json.dumps(document(statement(f"sns:Get{number}*")))
        bench.iam.create_policy_version(PolicyArn=READER, PolicyDocument=older)
    before = bench.versions()
    assert len(before) == 5
    done = bench.run(policy_scope_targets=[target()]).succeeded()
    assert done.writes == ["iam:DeletePolicyVersion", "iam:CreatePolicyVersion"]
    undo = {"playbook": "rollback", "hardening_undo_run_id": "run-1"}
    predicted = bench.run("--check", **undo).succeeded()
    assert predicted.writes == []
    taken = bench.run(**undo).succeeded()
    assert taken.writes == ["iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:CreatePolicyVersion"]
    assert bench.versions()[0] == before[0] == WIDE
    assert sorted(map(json.dumps, bench.versions())) == sorted(map(json.dumps, before))


def test_a_policy_of_aws_is_exchanged_for_a_copy_and_back(bench: Bench) -> None:
    copied = {
        "policies": ["AmazonS3FullAccess"],
        "roles": ["legacy"],
        "copy": {"name": "legacy-s3"},
        "resources": [{"actions": ["s3:GetObject"], "arns": [OBJECTS]}],
    }
    fault = {
        "kind": "error",
        "code": "ServiceFailure",
        "status": 500,
        "operation": "DetachRolePolicy",
        "service": "iam",
    }
    bench.ansible.control.faults([fault])
    cut_off = bench.run(policy_scope_targets=[copied])
    assert cut_off.status != 0
    copy = f"arn:aws:iam::{ACCOUNT}:policy/legacy-s3"
    assert bench.attached("legacy") == sorted([FULL_S3, copy])
    bench.ansible.control.clear_faults()
    done = bench.run(policy_scope_targets=[copied]).succeeded()
    assert (done.writes, bench.attached("legacy")) == (["iam:DetachRolePolicy"], [copy])
    for number in (2, 1):
        bench.run(playbook="rollback", hardening_undo_run_id=f"run-{number}").succeeded()
    assert bench.attached("legacy") == [FULL_S3]
    assert not [
        item for item in bench.iam.list_policies(Scope="Local")["Policies"] if item["PolicyName"] == "legacy-s3"
    ]


def test_a_use_that_would_break_keeps_the_policy_for_all(bench: Bench) -> None:
    elsewhere = {"policies": ["DataReader"], "resources": [{"arns": ["arn:aws:s3:::other/*", "arn:aws:s3:::other"]}]}
    outcome = bench.run(policy_scope_targets=[elsewhere]).succeeded()
    assert outcome.writes == []
    (refused,) = bench.part(outcome)["refused"]
    assert refused["rule"] == "prediction"
    assert "will break: s3:GetObject on arn:aws:s3:::production-data-bucket/report.csv" in refused["reason"]


def test_an_unknown_owner_is_refused(bench: Bench) -> None:
    """No copy is made or attached either, where the policy of AWS has to stay."""
    copied = {"policies": ["AmazonS3FullAccess"], "roles": ["legacy"], "copy": {"name": "legacy-s3"}, "split": True}
    outcome = bench.run(policy_scope_targets=[target(), copied], hardening_owner_default=None).succeeded()
    assert outcome.writes == []
    assert {refused["rule"] for refused in bench.part(outcome)["refused"]} == {"foreign_owner", "together"}
