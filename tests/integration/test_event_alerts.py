# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module event_alerts, through Ansible: rules made, changed, taken away; and the alerts that people get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.modules.event_alerts import ENTRY, argument_spec
from emulator.client import Emulator, EmulatorProcess

from .conftest import (
    CHECKOUT,
    DEV,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    most_in_flight,
    role_arn,
)
from .interrupting import Bench, Job, comparable

HOME, ELSEWHERE = "us-east-1", "eu-west-1"
REGIONS = [HOME, ELSEWHERE]
SEVENTEEN = 17
MAIL = "secops@example.com"
TOPIC = f"arn:aws:sns:{HOME}:{PROD}:iam-hardening-alerts"
ROOT = "iam-hardening-root-activity"
BREAK_GLASS = {
    "name": "break-glass-used",
    "title": "The role for emergencies was assumed",
    "severity": "critical",
    "reads": True,
    "pattern": {"source": ["aws.sts"], "detail": {"eventName": ["AssumeRole"]}},
    "paths": {"who": "$.detail.userIdentity.arn"},
    "lines": ["By: <who>"],
}


def run(
    ansible: Ansible, *arguments: str, account: str = PROD, module: str = "event_alerts", **options: t.Any
) -> tuple[Record, Outcome]:
    """One task in an account; its result, and what it sent."""
    given = {"regions": REGIONS, **options} if module == "event_alerts" else options
    outcome = ansible.module(module, *arguments, **options_of(account), **given)
    # Warnings stand below the result.
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return result, outcome


def options_of(account: str) -> Record:
    return {
        "account_id": account,
        "assessor_role_arn": role_arn(account),
        "assume_role_arn": role_arn(account, "automation"),
        "assume_role_external_id": EXTERNAL_ID,
    }


class Step(t.NamedTuple):
    """A task of a play: its result, and what it sent."""

    result: Record
    requests: t.Sequence[Record]

    @property
    def writes(self) -> list[str]:
        return [record["operation"] for record in self.requests if not record["read_only"]]


def run_steps(ansible: Ansible, *steps: tuple[Record, Record]) -> list[Step]:
    """Tasks in one run of Ansible, which costs more than a task; ``steps`` are options and keywords of each.

    After each task the play counts what was sent so far.
    """
    count = "{{ lookup('ansible.builtin.url', log, split_lines=false) | from_json | length }}"
    tasks: list[Record] = []
    for number, (options, keywords) in enumerate(steps):
        given = {**options_of(PROD), "regions": REGIONS, **options}
        step = {"hardening.iam.event_alerts": given, "register": f"result_{number}", "ignore_errors": True}
        tasks += [{**step, **keywords}, {"ansible.builtin.set_fact": {f"sent_{number}": count}}]
    names = [[f"result_{number}", f"sent_{number}"] for number in range(len(steps))]
    tasks.append({"ansible.builtin.debug": {"msg": [[f"{{{{ {name} }}}}" for name in pair] for pair in names]}})
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (ansible.directory / "steps.yml").write_text(json.dumps([play]), encoding="utf-8")
    log = f"{ansible.control.url}/_emulator/log"
    outcome = ansible.playbook(str(ansible.directory / "steps.yml"), inventory="localhost,", log=log).succeeded()
    shown, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.rindex("ok: [localhost] => {") + 19)
    counts = [0, *(sent for _result, sent in shown["msg"])]
    return [
        Step(result, outcome.requests[start:end])
        for (result, _sent), start, end in zip(shown["msg"], counts, counts[1:], strict=False)
    ]


def operations(result: Record) -> list[str]:
    return sorted(change["operation"] for change in result["changes"])


def four_steps(ansible: Ansible, **options: t.Any) -> Record:
    """Check, real, check again, real again; returns what the real run said."""
    check: Record = {"check_mode": True}
    keywords: list[Record] = [{**check, "diff": True}, {}, check, {}]
    predicted, made, *later = run_steps(ansible, *((options, keyword) for keyword in keywords))
    assert (predicted.result["failed"], predicted.writes) == (False, []), predicted.result
    assert not made.result["failed"], made.result
    assert predicted.result["plan_sha256"] == made.result["plan_sha256"]
    assert sorted(made.writes) == operations(made.result)
    for again in later:
        result = again.result
        assert again.requests
        assert (result["failed"], again.writes, result["changes"], result["changed"]) == (False, [], [], False)
    return made.result


def client(emulator: EmulatorProcess, service: str, *, account: str = PROD, region: str = HOME) -> t.Any:
    """AWS as the writer of an account."""
    environment = emulator.env()
    keys = {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    sts = boto3.client("sts", endpoint_url=emulator.url, region_name=HOME, **keys)
    session = sts.assume_role(RoleArn=role_arn(account, "automation"), RoleSessionName="test", ExternalId=EXTERNAL_ID)[
        "Credentials"
    ]
    return boto3.client(
        service,
        endpoint_url=emulator.url,
        region_name=region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


@pytest.fixture(scope="module")
def shared(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def test_create_change_and_delete_in_twelve_steps(shared: Ansible) -> None:
    created = four_steps(shared, create_topic=True, create_dead_letter_queue=True)
    counts = {name: operations(created).count(name) for name in operations(created)}
    # Five rules in the hub (those of the organization are not of a member), and one that hands on from elsewhere.
    assert counts == {
        "CreateQueue": 2,
        "CreateRole": 1,
        "CreateTopic": 1,
        "PutRolePolicy": 1,
        "PutRule": 6,
        "PutTargets": 6,
    }
    assert all(change["remedies"] for change in created["changes"] if change["operation"] == "PutRule")
    assert {rule["name"]: rule["applies"] for rule in created["rules"]}["organizations-guardrail-change"] is False
    assert {cost["option"]: cost["count"] for cost in created["costs"]} == {
        "rules": 6,
        "topology": 1,
        "topic": 1,
        "dead_letter_queue": 2,
    }
    changed = four_steps(
        shared,
        create_topic=True,
        create_dead_letter_queue=True,
        rules={"assume-root": False},
        own_rules=[BREAK_GLASS],
        ignore_principals=[role_arn(PROD, "automation")],
    )
    # The rule that is off goes; that of one's own comes; what may be ignored is ignored, here and elsewhere.
    assert {name: operations(changed).count(name) for name in operations(changed)} == {
        "DeleteRule": 1,
        "PutRule": 3,
        "PutTargets": 1,
        "RemoveTargets": 1,
    }
    deleted = four_steps(shared, state="absent")
    assert {name: operations(deleted).count(name) for name in operations(deleted)} == {
        "DeleteRole": 1,
        "DeleteRolePolicy": 1,
        "DeleteRule": 6,
        "RemoveTargets": 6,
    }


def test_a_root_login_becomes_an_alert_that_people_can_read(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    made, outcome = run(ansible, create_topic=True)
    assert outcome.status == 0, outcome.output
    client(emulator, "sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint=MAIL)
    pending, _outcome = run(ansible, create_topic=True, return_findings="failed")
    assert [(item["control"], item["severity"]) for item in pending["findings"]] == [
        ("event_alert_subscribers", "medium")
    ]
    assert (pending["changed"], made["changed"]) == (False, True)
    assert emulator_says(emulator, "event", "root-login", "--account", PROD) == f"1 rules of {HOME} triggered\n"
    assert control.messages() == []
    assert emulator_says(emulator, "confirm", MAIL) == "1 subscriptions confirmed\n"
    for region in REGIONS:
        emulator_says(emulator, "event", "root-login", "--account", PROD, "--region", region)
    told = [message["message"].splitlines() for message in control.messages()]
    assert [lines[0] for lines in told] == ['"[CRITICAL] The root user was used"'] * 2
    for region, lines in zip(REGIONS, told, strict=True):
        assert lines[1].startswith(
            f'"What: ConsoleLogin (signin.amazonaws.com) in account {PROD}, region {region}, at 20'
        )
        assert lines[2] == f'"Who: arn:aws:iam::{PROD}:root, from 198.51.100.7 with Mozilla/5.0 (X11; Linux x86_64)"'
    assert emulator_says(emulator, "messages").count("[CRITICAL] The root user was used") == 2
    confirmed, _outcome = run(ansible, create_topic=True, return_findings="failed")
    assert confirmed["findings"] == []


def emulator_says(emulator: EmulatorProcess, *arguments: str) -> str:
    environment = {**os.environ, **emulator.env(), "PYTHONPATH": str(CHECKOUT / "tests")}
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout


def test_a_security_account_is_told_for_the_organization(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    security, outcome = run(ansible, account=DEV, create_topic=True, receive_from_organization=True)
    assert outcome.status == 0, outcome.output
    assert operations(security).count("PutPermission") == 1
    # Changes of the organization come to it, though it is a member.
    assert {rule["name"]: rule["applies"] for rule in security["rules"]}["organizations-guardrail-change"]
    bus = f"arn:aws:events:{HOME}:{DEV}:event-bus/default"
    member = four_steps(ansible, bus_arn=bus)
    assert operations(member) == ["CreateRole", "PutRolePolicy", "PutRule", "PutRule", "PutTargets", "PutTargets"]
    topic = TOPIC.replace(PROD, DEV)
    client(emulator, "sns", account=DEV).subscribe(TopicArn=topic, Protocol="email", Endpoint=MAIL)
    control.confirm(MAIL)
    control.put_event("root-login", account_id=PROD, region=ELSEWHERE)
    (message,) = control.messages()
    assert message["topic"] == topic
    assert f"in account {PROD}, region {ELSEWHERE}" in message["message"]


def test_what_can_not_be_delivered_lies_in_the_queue(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    run(ansible, create_topic=True, create_dead_letter_queue=True)
    closed = {"Version": "2012-10-17", "Statement": []}
    client(emulator, "sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(closed)
    )
    found, _outcome = run(
        ansible, "--check", create_topic=True, create_dead_letter_queue=True, return_findings="failed"
    )
    assert "event_alert_delivery" in {item["control"] for item in found["findings"]}
    assert operations(found) == ["SetTopicAttributes"]
    control.put_event("root-login", account_id=PROD, region=HOME)
    queues = client(emulator, "sqs")
    url = queues.get_queue_url(QueueName="iam-hardening-undelivered")["QueueUrl"]
    (message,) = queues.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"])["detail"]["eventName"] == "ConsoleLogin"
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_what_others_added_stays(ansible: Ansible, emulator: EmulatorProcess) -> None:
    options = {"create_topic": True, "regions": [HOME]}
    run(ansible, **options)
    events = client(emulator, "events")
    theirs = {"Id": "theirs", "Arn": f"arn:aws:sqs:{HOME}:{PROD}:theirs"}
    events.put_targets(Rule=ROOT, Targets=[theirs])
    arn = events.describe_rule(Name=ROOT)["Arn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "security"}])
    events.disable_rule(Name=ROOT)
    result, _outcome = run(ansible, **options)
    assert operations(result) == ["PutRule"]
    assert {target["Id"] for target in events.list_targets_by_rule(Rule=ROOT)["Targets"]} == {
        "iam-hardening-topic",
        "theirs",
    }
    gone, _outcome = run(ansible, regions=[HOME], state="absent")
    assert [refusal["rule"] for refusal in gone["refused"]] == ["targets"]
    assert events.list_targets_by_rule(Rule=ROOT)["Targets"] == [theirs]
    tags = {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    assert tags["team"] == "security"


def test_a_rule_of_others_under_our_name_is_refused_unless_adopted(ansible: Ansible, emulator: EmulatorProcess) -> None:
    events = client(emulator, "events")
    events.put_rule(Name=ROOT, EventPattern='{"source":["theirs"]}')
    options = {"create_topic": True, "regions": [HOME]}
    result, outcome = run(ansible, **options)
    assert outcome.status == 0, outcome.output
    assert [(refusal["rule"], refusal["target"].rpartition("/")[2]) for refusal in result["refused"]] == [
        ("foreign", ROOT)
    ]
    assert json.loads(events.describe_rule(Name=ROOT)["EventPattern"]) == {"source": ["theirs"]}
    adopted, _outcome = run(ansible, adopt=True, **options)
    assert operations(adopted) == ["PutRule", "PutTargets", "TagResource"]
    assert "detail-type" in json.loads(events.describe_rule(Name=ROOT)["EventPattern"])


def test_a_region_that_is_denied_costs_the_others_nothing(ansible: Ansible, control: Emulator) -> None:
    denied = {"service": "events", "kind": "error", "code": "AccessDeniedException", "status": 403}
    control.faults([{**denied, "region": ELSEWHERE}])
    result, outcome = run(ansible, create_topic=True, return_findings="all")
    assert outcome.status == 0, outcome.output
    assert {change["region"] for change in result["changes"]} == {HOME}
    statuses = {(finding["region"], finding["status"]) for finding in result["findings"]}
    assert (ELSEWHERE, "NOT_ASSESSED") in statuses
    assert (HOME, "NOT_ASSESSED") not in statuses


def test_a_topic_that_exists_keeps_the_rest_of_its_policy(ansible: Ansible, emulator: EmulatorProcess) -> None:
    topic = client(emulator, "sns").create_topic(Name="ours")["TopicArn"]
    made, outcome = run(ansible, topic_arn=topic, regions=[HOME])
    assert outcome.status == 0, outcome.output
    assert operations(made).count("SetTopicAttributes") == 1
    policy = json.loads(client(emulator, "sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert {statement["Sid"] for statement in policy["Statement"]} == {"__default_statement_ID", "IamHardeningEvents"}


def test_a_run_is_taken_back(ansible: Ansible) -> None:
    options = {"create_topic": True, "create_dead_letter_queue": True}
    made, _outcome = run(ansible, run_id="made", **options)
    back, outcome = run(ansible, module="rollback", undo_run_id="made")
    assert outcome.status == 0, outcome.output
    assert (len(back["changes"]), back["refused"]) == (len(made["changes"]), [])
    fresh, _outcome = run(ansible, "--check", **options)
    assert fresh["plan_sha256"] == made["plan_sha256"]


def test_bad_input_is_named(ansible: Ansible) -> None:
    own = {**BREAK_GLASS, "pattern": {"source": "aws.sts"}}
    mistakes: list[tuple[Record, str]] = [
        ({}, "enforce needs one of topic_arn, create_topic and bus_arn"),
        ({"create_topic": True, "topic_arn": TOPIC}, "topic_arn and create_topic"),
        ({"create_topic": True, "rules": {"root": True}}, "rules: root is not allowed"),
        ({"create_topic": True, "own_rules": [own]}, "own_rules[0].pattern.source"),
        ({"create_topic": True, "own_rules": [{**BREAK_GLASS, "lines": ["<x>"]}]}, "<x> has no path"),
        ({"create_topic": True, "kms_key_id": "alias/aws/sns"}, "kms_key_id"),
        ({"create_topic": True, "ignore_principals": ["alice"]}, "ignore_principals: 'alice'"),
        ({"topology": "topics", "topic_arn": TOPIC}, "topology: topics needs create_topic"),
    ]
    steps = run_steps(ansible, *((options, {}) for options, _message in mistakes))
    for step, (_options, message) in zip(steps, mistakes, strict=True):
        assert step.result["failed"]
        assert message in step.result["msg"]
        assert step.requests == []


def test_seventeen_regions_are_converged_side_by_side(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call takes 50 ms: to look, to make the rules of all, and to look again."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    control.faults([{"kind": "latency", "latency_ms": 50}])
    regions, most = [], []
    for check_mode in (True, False, False):
        regions.append(seventeen(tmp_path, check_mode=check_mode))
        most.append(most_in_flight(control))
    assert regions == [SEVENTEEN, SEVENTEEN, 0]
    assert min(calls["cloudtrail:DescribeTrails"] for calls in most) > 1
    assert most[1]["events:PutRule"] > 1


def seventeen(journal: Path, *, check_mode: bool) -> int:
    """Converge all enabled regions in this process; in how many of them something changes."""
    given = {name: argument.get("default") for name, argument in argument_spec().items()}
    given |= {"account_id": MANAGEMENT, "assume_role_arn": role_arn(MANAGEMENT, "automation")}
    given |= {"assessor_role_arn": role_arn(MANAGEMENT), "assume_role_external_id": EXTERNAL_ID}
    given |= {"journal": str(journal), "regions": ["enabled"], "create_topic": True}
    result = ENTRY.run(Task(options=given, operations=ENTRY.operations, check_mode=check_mode))
    return len({change["region"] for change in result["changes"]} - {"global"})


def test_a_region_that_is_not_opted_in_costs_that_region_only(ansible: Ansible, control: Emulator) -> None:
    """AWS does not know the credentials there."""
    message = "The security token included in the request is invalid."
    refused = {"kind": "error", "code": "UnrecognizedClientException", "status": 403, "message": message}
    control.faults([{**refused, "region": ELSEWHERE}])
    result, outcome = run(ansible, create_topic=True, return_findings="all")
    assert outcome.status == 0, outcome.output
    assert {change["region"] for change in result["changes"]} == {HOME}
    statuses = {(finding["region"], finding["status"]) for finding in result["findings"]}
    assert {status for region, status in statuses if region == ELSEWHERE} == {"NOT_ASSESSED"}


def test_a_rule_without_place_for_our_target_is_refused(ansible: Ansible, emulator: EmulatorProcess) -> None:
    events = client(emulator, "events")
    events.put_rule(Name=ROOT, EventPattern='{"source":["theirs"]}')
    queue = f"arn:aws:sqs:{HOME}:{PROD}:theirs"
    events.put_targets(Rule=ROOT, Targets=[{"Id": f"theirs-{number}", "Arn": queue} for number in range(5)])
    result, outcome = run(ansible, create_topic=True, regions=[HOME], adopt=True)
    assert outcome.status == 0, outcome.output
    assert [(refusal["rule"], refusal["target"].rpartition("/")[2]) for refusal in result["refused"]] == [
        ("targets", ROOT)
    ]
    assert json.loads(events.describe_rule(Name=ROOT)["EventPattern"]) == {"source": ["theirs"]}


# Runs that are cut off

QUIET = {"guardrail-tamper": False, "quarantine-attached-by-aws": False, "health-exposed-credentials": False}
DECLARED = Job(
    ENTRY,
    {
        "account_id": MANAGEMENT,
        "regions": REGIONS,
        "create_topic": True,
        "create_dead_letter_queue": True,
        "rules": {**QUIET, "organizations-guardrail-change": False},
    },
)
# The role with its policy, the topic, a queue in each region, and three rules with a target each.
WRITES = 11


@pytest.fixture
def account(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[Bench]:
    """An account without alerts, for runs of the module in this process."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    control.reset("acme")
    yield Bench(control, tmp_path)
    control.clear_faults()


def alerts() -> str:
    """All that the declaration makes, as AWS tells it."""
    found: Record = {}
    for region in REGIONS:
        events, queues = boto3.client("events", region_name=region), boto3.client("sqs", region_name=region)
        for rule in events.list_rules(NamePrefix="iam-hardening-")["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            tags = events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
            found[rule["Arn"]] = [rule, targets, sorted(tags, key=str)]
        found[f"queues of {region}"] = queues.list_queues(QueueNamePrefix="iam-hardening-").get("QueueUrls", [])
    found["topics"] = boto3.client("sns").list_topics()["Topics"]
    found["roles"] = [
        role["RoleName"] for role in boto3.client("iam").list_roles(PathPrefix="/iam-hardening/")["Roles"]
    ]
    return comparable(json.dumps(found, sort_keys=True))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_run_that_is_cut_off_goes_on_and_is_taken_back(account: Bench, write: int, after: bool) -> None:
    base = alerts()
    account.killed(lambda: account.run(DECLARED, run_id="first"), write=write, after=after)
    assert alerts() != base or (write, after) == (1, False)
    account.run(DECLARED, run_id="second")
    account.control.clear_log()
    account.run(DECLARED, run_id="third")
    assert account.writes == []
    for undone in ("second", "first"):
        account.undo(undone, f"{undone}-back", account_id=MANAGEMENT)
    assert alerts() == base


def test_a_whole_run_has_as_many_writes_as_it_is_cut_off_at(account: Bench) -> None:
    account.control.clear_log()
    account.run(DECLARED)
    assert len(account.writes) == WRITES


# The organization of the demo


def test_the_demo_tells_people_of_all_its_accounts(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    """As docs/event_alerts.md has it."""
    ansible.playbook("harden", "--tags", "event_alerts").succeeded()
    topic = TOPIC.replace(PROD, MANAGEMENT)
    assert emulator_says(emulator, "subscribe", topic, MAIL).startswith(f"{MAIL} has to confirm")
    assert emulator_says(emulator, "confirm", MAIL) == "1 subscriptions confirmed\n"
    assert emulator_says(emulator, "event", "root-login", "--account", PROD, "--region", ELSEWHERE)
    told = emulator_says(emulator, "messages").splitlines()
    assert told[0] == f"{topic} to email {MAIL}:"
    assert told[1] == '"[CRITICAL] The root user was used"'
    assert f"in account {PROD}, region {ELSEWHERE}" in told[2]
    again = ansible.playbook("harden", "--tags", "event_alerts").succeeded()
    assert again.writes == []
