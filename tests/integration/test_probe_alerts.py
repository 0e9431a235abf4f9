# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe of alerts, through Ansible: what arrives, what does not, what is refused, and that nothing is left."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.probe.queue import (
    build_queue_policy,
)
from emulator.client import Emulator, EmulatorProcess

from .conftest import PROD, Ansible, Outcome, Record, write_inventory
from .test_event_alerts import ELSEWHERE, HOME, MAIL, TOPIC, client, emulator_says, operations, run

TEMPORARY = "iam-hardening-probe-"
QUEUE = f"arn:aws:sqs:{HOME}:{PROD}:iam-hardening-probe"


def probe(ansible: Ansible, *arguments: str, **options: t.Any) -> tuple[Record, Outcome]:
    return run(ansible, *arguments, probe=True, probe_seconds=4, **options)


def arrived(result: Record) -> dict[str, set[t.Optional[bool]]]:
    """By region, whether the messages of its rules arrived."""
    rows = result["probe"]["rules"]
    return {region: {row["arrived"] for row in rows if row["region"] == region} for region in (HOME, ELSEWHERE)}


def left(emulator: EmulatorProcess) -> list[str]:
    """All of a probe that is there, in both regions."""
    found = []
    for region in (HOME, ELSEWHERE):
        events, sqs, sns = (client(emulator, service, region=region) for service in ("events", "sqs", "sns"))
        found += [rule["Name"] for rule in events.list_rules(NamePrefix=TEMPORARY)["Rules"]]
        found += sqs.list_queues(QueueNamePrefix="iam-hardening-probe").get("QueueUrls", [])
        found += [item["Endpoint"] for item in sns.list_subscriptions()["Subscriptions"] if item["Protocol"] == "sqs"]
    return found


def test_a_region_whose_topic_refuses_is_found_and_nothing_is_left(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    _made, outcome = run(ansible, create_topic=True, topology="topics")
    assert outcome.status == 0, outcome.output
    planned, checked = probe(ansible, "--check")
    assert (checked.status, checked.writes, planned["changed"]) == (0, [], True), checked.output
    assert {row["sent"] for row in planned["probe"]["rules"]} == {False}
    assert {row["pattern_matches"] for row in planned["probe"]["rules"]} == {True}
    assert arrived(planned) == {HOME: {None}, ELSEWHERE: {None}}
    reported, only_said = probe(ansible, mode="report")
    # No run makes the changes of the mode report, so there is nothing to approve.
    assert (only_said.writes, reported["changed"], reported["plan_sha256"]) == ([], False, None)
    assert reported["changes"] == planned["changes"]

    result, done = probe(ansible)
    assert done.status == 0, done.output
    assert (result["plan_sha256"], result["refused"]) == (planned["plan_sha256"], [])
    assert arrived(result) == {HOME: {True}, ELSEWHERE: {True}}
    assert all(0 <= row["seconds"] <= 60 for row in result["probe"]["rules"])
    assert "CloudTrail" in result["probe"]["not_proven"]
    sent = sorted(operation.partition(":")[2] for operation in done.writes)
    assert [name for name in sent if name != "ReceiveMessage"] == operations(result)
    assert left(emulator) == []
    assert control.messages() == [] or all("PROBE" in message["message"] for message in control.messages())

    closed = {"Version": "2012-10-17", "Statement": []}
    client(emulator, "sns", region=ELSEWHERE).set_topic_attributes(
        TopicArn=TOPIC.replace(HOME, ELSEWHERE), AttributeName="Policy", AttributeValue=json.dumps(closed)
    )
    result, done = probe(ansible)
    assert done.status == 0, done.output
    assert arrived(result) == {HOME: {True}, ELSEWHERE: {False}}
    assert left(emulator) == []


def test_what_is_handed_on_to_another_region_is_probed_on_its_way(ansible: Ansible, emulator: EmulatorProcess) -> None:
    _made, outcome = run(ansible, create_topic=True)
    assert outcome.status == 0, outcome.output
    result, done = probe(ansible)
    assert done.status == 0, done.output
    assert arrived(result) == {HOME: {True}, ELSEWHERE: {True}}
    forwarded = [row["target"] for row in result["probe"]["rules"] if row["region"] == ELSEWHERE]
    assert set(forwarded) == {f"arn:aws:events:{HOME}:{PROD}:event-bus/default"}
    assert left(emulator) == []


def test_people_get_no_probe_unless_their_topic_is_accepted_by_name(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    run(ansible, create_topic=True)
    client(emulator, "sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint=MAIL)
    emulator_says(emulator, "confirm", MAIL)
    refused, outcome = probe(ansible)
    assert (outcome.status, outcome.writes, refused["changes"]) == (0, [], [])
    assert {(item["rule"], item["target"]) for item in refused["refused"]} == {("subscribers", TOPIC)}
    assert arrived(refused) == {HOME: {None}, ELSEWHERE: {None}}

    accepted, outcome = probe(ansible, probe_accept=[TOPIC])
    assert outcome.status == 0, outcome.output
    assert arrived(accepted) == {HOME: {True}, ELSEWHERE: {True}}
    mails = [message["message"] for message in control.messages() if message["endpoint"] == MAIL]
    assert mails and all(mail.startswith('"PROBE: a test of this alert, nothing has happened"') for mail in mails)
    assert left(emulator) == []


def test_another_rule_that_would_be_triggered_has_to_be_accepted(ansible: Ansible, emulator: EmulatorProcess) -> None:
    run(ansible, create_topic=True)
    client(emulator, "events").put_rule(Name="catch-all", EventPattern=json.dumps({"account": [PROD]}))
    refused, _outcome = probe(ansible)
    bus = f"arn:aws:events:{HOME}:{PROD}:event-bus/default"
    assert {(item["rule"], item["target"]) for item in refused["refused"]} == {("subscribers", bus)}
    accepted, _outcome = probe(ansible, probe_accept=[bus])
    assert arrived(accepted) == {HOME: {True}, ELSEWHERE: {True}}


def test_what_a_killed_probe_left_is_removed(ansible: Ansible, emulator: EmulatorProcess) -> None:
    run(ansible, create_topic=True)
    events, sqs, sns = (client(emulator, service) for service in ("events", "sqs", "sns"))
    tags = [{"Key": "iam-hardening:managed", "Value": "true"}]
    for name in ("root-activity", "rule-that-is-gone"):
        events.put_rule(Name=f"{TEMPORARY}{name}", EventPattern='{"source": ["hardening.iam.probe"]}', Tags=tags)
        events.put_targets(Rule=f"{TEMPORARY}{name}", Targets=[{"Id": "iam-hardening-topic", "Arn": TOPIC}])
    policy = json.dumps(build_queue_policy([TOPIC], QUEUE))
    sqs.create_queue(QueueName="iam-hardening-probe", Attributes={"Policy": policy})
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    assert len(left(emulator)) == 4
    result, outcome = probe(ansible)
    assert outcome.status == 0, outcome.output
    assert arrived(result) == {HOME: {True}, ELSEWHERE: {True}}
    assert left(emulator) == []


def test_a_probe_that_fails_half_way_removes_what_it_made(
    ansible: Ansible, emulator: EmulatorProcess, control: Emulator
) -> None:
    run(ansible, create_topic=True)
    control.faults(
        [
            {
                "service": "events",
                "operation": "PutEvents",
                "kind": "error",
                "code": "AccessDeniedException",
                "status": 400,
            }
        ]
    )
    result, outcome = probe(ansible)
    assert outcome.status != 0
    assert "PutEvents" in result["msg"]
    control.faults([])
    assert left(emulator) == []


def test_the_playbook_says_what_arrived_and_fails_where_something_did_not(
    ansible: Ansible, emulator: EmulatorProcess
) -> None:
    run(ansible, create_topic=True)
    inventory = write_inventory(
        ansible.directory,
        {"prod": {"aws_account_id": PROD}},
        aws_regions=[HOME, ELSEWHERE],
        event_alerts_create_topic=True,
        event_alerts_probe_seconds=4,
    )
    checked = ansible.playbook("probe_alerts", "--check", inventory=inventory)
    assert (checked.status, checked.writes) == (0, []), checked.output
    assert "iam-hardening-root-activity: not sent; its pattern matches" in checked.output
    done = ansible.playbook("probe_alerts", inventory=inventory)
    assert done.status == 0, done.output
    assert "us-east-1: iam-hardening-root-activity: arrived after" in done.output
    assert "not proven: that CloudTrail" in done.output
    closed = {"Version": "2012-10-17", "Statement": []}
    client(emulator, "sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(closed)
    )
    failed = ansible.playbook("probe_alerts", inventory=inventory)
    assert failed.status != 0
    assert "These alerts reach nobody: iam-hardening-" in failed.output
    assert left(emulator) == []
    client(emulator, "sqs").create_queue(QueueName="iam-hardening-probe")
    unknown = ansible.playbook("probe_alerts", inventory=inventory)
    assert (unknown.status != 0, unknown.writes) == (True, [])
    assert f"Not everything was probed, see above: {QUEUE}" in unknown.output
    assert client(emulator, "sqs").list_queues()["QueueUrls"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"probe_seconds": 0}, "probe_seconds: 0"), ({"state": "absent"}, "probe: true needs state: present")],
)
def test_options_that_no_probe_can_be_made_with(ansible: Ansible, options: Record, reason: str) -> None:
    result, outcome = run(ansible, probe=True, **options)
    assert (outcome.status != 0, outcome.writes) == (True, [])
    assert reason in result["msg"]
