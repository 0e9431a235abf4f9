# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hunt for the leaked key of the seed ``incident``: by hunt.yml over HTTP, and without AWS on log files."""

from __future__ import annotations

import gzip
import hashlib
import json
import shlex
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml
from intruder import CHAIN, DATA, HOME, LEAKED, OTHER_USER, PROD, Intruder

from ansible_collections.hardening.iam.plugins.modules.credential_hunt_info import RETURN
from emulator import trail_logs

from .conftest import CHECKOUT, EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

ACCOUNTS: t.Final = {"ci": HOME, "prod": PROD, "data": DATA}
INCIDENT: t.Final = "INC-7"
INTRUDERS_AGENT, INTRUDERS_ADDRESS = "python-requests/2.32", "198.51.100.66"
MANAGEMENT: t.Final = "111122223333"


def hunt(ansible: Ansible, *arguments: str, hosts: t.Iterable[str] = ACCOUNTS, **variables: t.Any) -> Outcome:
    """Run hunt.yml over some of the accounts."""
    inventory = write_inventory(ansible.directory, {host: {"aws_account_id": ACCOUNTS[host]} for host in hosts})
    given = {"credential_hunt_access_key_ids": [LEAKED], "credential_hunt_incident_id": INCIDENT, **variables}
    return ansible.playbook("hunt", *arguments, inventory=inventory, **given)


def document_of(outcome: Outcome, name: str = "hunt.json", *, account_id: str = "") -> Record:
    folder = f"incident/{INCIDENT}/{account_id}/" if account_id else f"incident/{INCIDENT}/"
    return outcome.document(f"{folder}{name}")


def verdicts(document: Record, agent: str) -> set[str]:
    return {row["suspected"] for row in document["timeline"] if row["user_agent"] == agent}


def pairs(document: Record, relation: str) -> set[tuple[str, str]]:
    return {(edge["from"], edge["to"]) for edge in document["edges"] if edge["relation"] == relation}


@pytest.fixture(scope="module")
def first(make_ansible: MakeAnsible) -> Ansible:
    """The incident, as it is when somebody hears of it."""
    return make_ansible("incident")


@pytest.fixture(scope="module")
def found(first: Ansible) -> Outcome:
    return hunt(first).succeeded()


def list_hops(document: Record) -> list[Record]:
    """The sessions and keys that were not followed. Doors without a key stand there as well."""
    return [step for step in document["unfollowed"] if step["access_key_id"]]


def test_each_way_back_without_a_principal_is_listed(found: Outcome) -> None:
    doors = {step["to"].partition(" ")[0] for step in document_of(found)["unfollowed"]}
    print(sorted(doors))
    assert {"ec2:CreateKeyPair", "s3:PutBucketPolicy"} <= doors


def test_the_chain_is_followed_over_all_accounts(found: Outcome) -> None:
    document = document_of(found)
    made = pairs(document, "made")
    sessions = ["ASIATHPRDSKWPIPELINE", "ASIAU3HHASRZDEPLOYER", "ASIAWO645SY5WAREHOUS"]
    assert set(zip([LEAKED, *sessions], sessions, strict=False)) <= made
    assert set(zip(sessions, CHAIN, strict=True)) <= pairs(document, "belongs_to")
    nodes = {node["id"]: node for node in document["nodes"]}
    assert [nodes[name]["account_id"] for name in (LEAKED, *sessions)] == [HOME, HOME, PROD, DATA]
    assert [nodes[name]["kind"] for name in (LEAKED, sessions[0], CHAIN[0])] == ["key", "session", "role"]
    assert list_hops(document) == []
    assert {edge["shared_event_id"] for edge in document["edges"] if edge["to"] == sessions[1]} >= {
        "5a1d6a4e-0000-4000-8000-000000000002"
    }


def test_the_intruder_is_told_apart(found: Outcome) -> None:
    document = document_of(found)
    assert verdicts(document, INTRUDERS_AGENT) == {"yes"}
    assert verdicts(document, "Boto3/1.34 md/exec-env/AWS_ECS_FARGATE") == {"no"}
    by_name = {row["event_name"]: row for row in document["timeline"] if row["suspected"] == "yes"}
    assert by_name["ListAccounts"]["error_code"] == "AccessDenied"
    assert by_name["ListAccounts"]["class"] == "reconnaissance"
    assert by_name["AssumeRole"]["class"] == "escalation"
    assert all(row["reasons"] for row in document["timeline"])
    assert document["numbers"]["accounts"] == 3
    assert document["baseline"]["basis"] == "estimated"


# They start reports, and change nothing.
_HARMLESS: t.Final = frozenset({"iam:GenerateCredentialReport"})


def test_nothing_is_written_to_aws(found: Outcome) -> None:
    assert [name for name in found.writes if name not in _HARMLESS] == []


def list_planted() -> t.Iterator[tuple[str, str, str, str]]:
    """What the seed plants: account, region, the name of the event, and whether it is still there."""
    organization = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/incident.yml").read_text(encoding="utf-8"))
    for account_id, account in organization["accounts"].items():
        for region, resources in (account.get("regions") or {}).items():
            for planted in (resources.get("planted") or {}).values():
                name = planted["event"]["call"].partition(":")[2]
                yield account_id, region, name, planted.get("present", "true")


@pytest.fixture(scope="module")
def everywhere(make_ansible: MakeAnsible) -> Outcome:
    """A hunt in all regions, where something was planted."""
    return hunt(make_ansible("incident"), aws_regions=["us-east-1", "eu-central-1"]).succeeded()


def test_all_that_was_planted_is_found(everywhere: Outcome) -> None:
    document = document_of(everywhere)
    planted = list(list_planted())
    assert len(planted) > 25
    found: dict[tuple[str, str, str], set[str]] = {}
    for row in document["persistence"]:
        found.setdefault((row["account_id"], row["region"], row["event_name"]), set()).add(row["present"])
    assert {one[:3] for one in planted} <= set(found)
    wrong = [one for one in planted if one[3] not in found[one[:3]]]
    assert wrong == []
    print(f"planted: {len(planted)}, found: {sum(one[:3] in found for one in planted)}")


def test_each_planted_event_is_suspected_and_no_usual_one(everywhere: Outcome) -> None:
    document = document_of(everywhere)
    assert verdicts(document, INTRUDERS_AGENT) == {"yes"}
    usual = [row for row in document["timeline"] if row["source_address"] != INTRUDERS_ADDRESS]
    counts = {name: sum(row["suspected"] == name for row in usual) for name in ("yes", "no", "uncertain")}
    suspected = sum(row["suspected"] == "yes" for row in document["timeline"])
    print(f"planted as yes: {suspected} of {suspected}, usual: {counts}")
    wrong = [row for row in usual if row["suspected"] != "no"]
    assert [(row["event_name"], row["user_agent"], row["reasons"]) for row in wrong] == []


def test_deadlines_come_first_and_each_has_its_undo(everywhere: Outcome) -> None:
    rows = document_of(everywhere)["persistence"]
    deadlines = [row["deadline"] for row in rows if row["deadline"]]
    assert deadlines and deadlines == sorted(deadlines)
    assert [row["deadline"] for row in rows[: len(deadlines)]] == deadlines
    assert {"service": "kms", "operation": "CancelKeyDeletion"}.items() <= rows[0]["undo"].items()


def test_workloads_and_secrets_are_listed(everywhere: Outcome) -> None:
    document = document_of(everywhere)
    assert {"certain", "likely"} <= {row["confidence"] for row in document["dependants"]}
    assert any(row["used"] for row in document["secrets"])
    assert all("AKIA" not in row["place"] for row in document["dependants"])


def test_coverage_and_delay_stand_in_the_headline(found: Outcome) -> None:
    document = document_of(found)
    assert document["coverage"] == {account_id: {"us-east-1": "complete"} for account_id in sorted(ACCOUNTS.values())}
    headline = " ".join(document["headline"])
    assert "5 to 15 minutes late" in headline and "no calls on data" in headline
    assert "first suspicious time is estimated" in headline


def test_evidence_is_whole(found: Outcome) -> None:
    folder = found.reports / "incident" / INCIDENT
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {Path(name).name for name in manifest["files"]} == {
        *("hunt.json", "queries.jsonl", "records.json.gz", "seen.yml", "timeline.html", "timeline.jsonl"),
    }
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((found.reports / name).read_bytes()).hexdigest() == entry["sha256"], name
    rows = [json.loads(line) for line in (folder / "timeline.jsonl").read_text().splitlines()]
    kept = json.loads(gzip.decompress((folder / "records.json.gz").read_bytes()))
    assert len(rows) == len(kept["Records"]) == len(document_of(found)["timeline"])
    assert {row["sha256"] for row in rows} == {source["sha256"] for source in kept["sources"]}
    assert {row["source"]["place"] for row in rows} == {"event history"}
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    assert {query["account_id"] for query in queries} == set(ACCOUNTS.values())
    assert any(query["attribute"] == "AccessKeyId" and query["value"] == LEAKED for query in queries)
    page = (folder / "timeline.html").read_text()
    assert "ASIAWO645SY5WAREHOUS" in page and "<svg" in page


def test_what_was_read_is_counted(found: Outcome) -> None:
    """The planted intruder reads two secrets and one parameter, and settings."""
    taken = {row["action"]: row for row in document_of(found)["taken"] if row["suspected"]}
    assert {name for name, row in taken.items() if row["content"] == "data"} >= {"secretsmanager:GetSecretValue"}
    assert {row["content"] for row in taken.values()} == {"data", "other"}


def test_the_incident_is_described_to_the_person_on_call_and_to_management(found: Outcome) -> None:
    folder = found.reports / "incident" / INCIDENT
    on_call, management = ((folder / name).read_text() for name in ("on_call.html", "management.html"))
    for page in (on_call, management):
        assert "no containment of this incident has left its verdict here" in page
        assert "successful reads of data by suspected calls" in page
    assert CHAIN[2] in on_call and CHAIN[2] not in management
    assert f"Pages: {folder}/on_call.html, management.html" in " ".join(found.output.split())


def test_the_sessions_are_handed_to_the_containment_by_a_file(first: Ansible, found: Outcome) -> None:
    """The command that a hunt prints works, once the own file is in the place of incident.yml."""
    path = found.reports / "incident" / INCIDENT / "seen.yml"
    assert path.stat().st_mode & 0o777 == 0o600
    handed = yaml.safe_load(path.read_text())
    assert handed["compromise_response_incident_id"] == INCIDENT
    assert {one["role"] for one in handed["compromise_response_seen"]} == set(CHAIN)
    (command,) = [line for line in found.output.splitlines() if "contain.yml" in line and "ansible-playbook" in line]
    words = shlex.split(json.loads(command.strip().rstrip(",")))
    assert words[0] == "ansible-playbook" and Path(words[words.index("-i") + 1]).exists()
    assert words[-6:-2] == ["-e", "@incident.yml", "-e", f"@{path}"], words
    assert words[-2:] == ["-e", f"compromise_response_confirm={INCIDENT}"]
    planned = first.playbook(
        "contain",
        *("--check", "-e", f"@{CHECKOUT / 'examples/incident.yml'}", *words[-4:-2]),
        inventory=CHECKOUT / "examples" / "inventory" / "demo_incident.yml",
    ).succeeded()
    assert "the names that the incident gives" in " ".join(planned.output.split())


def test_a_hunt_later_asks_only_for_what_is_new(first: Ansible, found: Outcome) -> None:
    again = hunt(first).succeeded()
    lookups = [record for record in again.requests if record["operation"] == "LookupEvents"]
    assert lookups == []
    assert document_of(again)["timeline"] == document_of(found)["timeline"]


def test_check_mode_hunts_as_well(make_ansible: MakeAnsible) -> None:
    outcome = hunt(make_ansible("incident"), "--check").succeeded()
    assert verdicts(document_of(outcome), INTRUDERS_AGENT) == {"yes"}
    assert [name for name in outcome.writes if name not in _HARMLESS] == []


def test_an_account_that_is_not_in_the_inventory_is_not_followed(make_ansible: MakeAnsible) -> None:
    outcome = hunt(make_ansible("incident"), hosts=["ci", "prod"]).succeeded()
    document = document_of(outcome)
    (step,) = list_hops(document)
    assert (step["to"], step["account_id"]) == (CHAIN[2], DATA)
    assert step["reason"] == f"account {DATA} was not read"
    assert any(CHAIN[2] in sentence for sentence in document["headline"])
    assert document["next_steps"][0] == f"add {DATA} to the inventory or to trail_logs, and hunt again"


def test_a_denied_account_is_denied_in_the_coverage(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("incident")
    ansible.control.faults(
        [{"kind": "error", "service": "cloudtrail", "operation": "LookupEvents", "account_id": PROD, **_DENIED}]
    )
    document = document_of(hunt(ansible).succeeded())
    assert document["coverage"][PROD] == {"us-east-1": "denied"}
    assert any(PROD in sentence and "were not read" in sentence for sentence in document["headline"])
    assert [step["account_id"] for step in list_hops(document)] == [PROD]


_DENIED: t.Final = {"code": "AccessDeniedException", "status": 400}


def test_a_budget_ends_a_hunt_and_the_next_run_goes_on(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("incident")
    short = hunt(ansible, credential_hunt_max_calls=1, credential_hunt_passes=1).succeeded()
    document = document_of(short)
    assert "partial" in document["coverage"][HOME].values()
    assert any("max_calls" in item["reason"] for item in document["coverage_reasons"])
    whole = document_of(hunt(ansible).succeeded())
    assert list_hops(whole) == []
    assert set(whole["coverage"][HOME].values()) == {"complete"}


def test_log_files_of_the_organization_are_read_account_by_account(make_ansible: MakeAnsible) -> None:
    place = "s3://acme-organization-trail/AWSLogs/o-acme123456"
    given = {"credential_hunt_trail_logs": place, "credential_hunt_event_history": False}
    outcome = hunt(make_ansible("incident"), **given).succeeded()
    assert not any(record["operation"] == "LookupEvents" for record in outcome.requests)
    document = document_of(outcome)
    assert verdicts(document, INTRUDERS_AGENT) == {"yes"}
    assert {LEAKED, "ASIAWO645SY5WAREHOUS"} <= {node["id"] for node in document["nodes"]}
    assert {row["source"]["place"] for row in document["timeline"]} == {place}
    assert list_hops(document) == []
    # The files show both halves of a call from account to account.
    shared = [row for row in document["timeline"] if row["shared_event_id"].endswith("000000000003")]
    assert {row["account_id"] for row in shared} == {PROD, DATA}
    assert {row["suspected"] for row in shared} == {"yes"}


def test_each_member_is_documented(found: Outcome) -> None:
    document, described = document_of(found), yaml.safe_load(RETURN)
    assert {*document, "files", "folder"} == set(described)
    for name in ("nodes", "edges", "timeline", "persistence", "sessions"):
        assert document[name], name
        assert all(set(row) == set(described[name]["contains"]) for row in document[name]), name


def test_nothing_to_begin_with_is_an_error(first: Ansible) -> None:
    inventory = write_inventory(first.directory, {"ci": {"aws_account_id": HOME}})
    outcome = first.playbook("hunt", inventory=inventory)
    assert outcome.status != 0
    assert "Name at least one access key, principal, address or time to begin with." in outcome.output


# An intruder at work


@pytest.fixture(scope="module")
def attacked(make_ansible: MakeAnsible) -> Ansible:
    """The intruder works for some rounds. Its calls come from the usual address, with another agent."""
    ansible = make_ansible("incident")
    ansible.control.set_lateness(0)
    intruder = Intruder(ansible.control.url)
    for _round in range(3):
        intruder.work()
    (ansible.directory / "intruder.json").write_text(json.dumps([one.key_id for one in intruder.credentials]))
    return ansible


@pytest.fixture(scope="module")
def hunted(attacked: Ansible) -> Outcome:
    return hunt(attacked).succeeded()


def test_all_that_the_intruder_made_is_found(attacked: Ansible, hunted: Outcome) -> None:
    made = set(json.loads((attacked.directory / "intruder.json").read_text()))
    document = document_of(hunted)
    nodes = {node["id"]: node for node in document["nodes"]}
    assert made <= set(nodes)
    assert {name for name in made if nodes[name]["suspected"] != "yes"} == set()
    created = [name for name in made - {LEAKED} if name.startswith("AKIA")]
    assert created
    assert all(nodes[name]["principal"].endswith(f"/{OTHER_USER}") for name in created)


def test_each_account_has_the_other_half_of_a_shared_event(hunted: Outcome) -> None:
    document = document_of(hunted)
    shared: dict[str, set[str]] = {}
    for row in document["timeline"]:
        if row["shared_event_id"] and row["suspected"] == "yes":
            shared.setdefault(row["shared_event_id"], set()).add(row["account_id"])
    assert {PROD, DATA} <= {account for accounts in shared.values() for account in accounts}


# Without AWS


def read_events(ansible: Ansible) -> list[Record]:
    """All events of the three accounts."""
    environment = ansible.environment
    events: list[Record] = []
    make: t.Callable[..., t.Any] = boto3.client
    session = {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "region_name": "us-east-1",
    }
    ansible.control.limit_lookups(0)
    for account_id in ACCOUNTS.values():
        asked = {"RoleArn": role_arn(account_id), "RoleSessionName": "test", "ExternalId": EXTERNAL_ID}
        made = make("sts", **session).assume_role(**asked)["Credentials"]
        own = {
            **session,
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }
        for page in make("cloudtrail", **own).get_paginator("lookup_events").paginate():
            events += [json.loads(event["CloudTrailEvent"]) for event in page["Events"]]
    return events


def hunt_in_files(ansible: Ansible, events: list[Record], **options: t.Any) -> Record:
    """Run the module on log files, with an endpoint that nobody answers and without credentials."""
    folder = ansible.directory / "logs"
    for key, body in trail_logs.files(events, "o-acme123456").items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)
    nowhere = ansible.with_environment(
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_EC2_METADATA_DISABLED="true",
    )
    given = {"offline": True, "trail_logs": [str(folder)], "report_dir": "reports", "incident_id": INCIDENT, **options}
    outcome = nowhere.module("credential_hunt_info", **given).succeeded()
    assert outcome.requests == []
    return document_of(outcome)


def test_files_of_all_accounts_give_the_same(first: Ansible, found: Outcome) -> None:
    before = document_of(found)
    document = hunt_in_files(first, read_events(first), access_key_ids=[LEAKED])
    assert pairs(document, "made") >= pairs(before, "made")
    suspects = {row["event_id"] for row in before["timeline"] if row["suspected"] == "yes"}
    assert suspects <= {row["event_id"] for row in document["timeline"] if row["suspected"] == "yes"}
    assert verdicts(document, "Boto3/1.34 md/exec-env/AWS_ECS_FARGATE") == {"no"}
    assert list_hops(document) == []
    assert {account_id: set(regions.values()) for account_id, regions in document["coverage"].items()} == {
        # The intruder stopped a trail there.
        account_id: {"partial" if account_id == PROD else "complete"}
        for account_id in ACCOUNTS.values()
    }
    # The other users of the reached role, on the same day.
    releases = [row for row in document["timeline"] if row["session_name"] == "release-1207" and row["access_key_id"]]
    assert {row["suspected"] for row in releases} == {"no"}
    (row, *_others) = [row for row in document["timeline"] if row["suspected"] == "yes"]
    assert row["source"]["file"].endswith(".json.gz") and row["source"]["line"] >= 1


def test_files_that_lack_an_account_leave_a_step_open(make_ansible: MakeAnsible, first: Ansible) -> None:
    events = [event for event in read_events(first) if event["recipientAccountId"] != DATA]
    document = hunt_in_files(make_ansible("incident"), events, access_key_ids=[LEAKED])
    assert [(step["to"], step["reason"]) for step in list_hops(document)] == [
        (CHAIN[2], f"account {DATA} was not read")
    ]


def test_the_address_alone_leads_to_the_same_chain(make_ansible: MakeAnsible, first: Ansible) -> None:
    document = hunt_in_files(make_ansible("incident"), read_events(first), source_addresses=[INTRUDERS_ADDRESS])
    assert verdicts(document, INTRUDERS_AGENT) == {"yes"}
    assert {LEAKED, "ASIAWO645SY5WAREHOUS"} <= {node["id"] for node in document["nodes"]}


def test_a_single_export_is_enough(make_ansible: MakeAnsible, first: Ansible) -> None:
    ansible = make_ansible("incident")
    export = ansible.directory / "export.jsonl"
    export.write_text("".join(json.dumps(event) + "\n" for event in read_events(first)), encoding="utf-8")
    (ansible.directory / "other.jsonl").write_text("{}\n", encoding="utf-8")
    document = hunt_in_files(ansible, [], access_key_ids=[LEAKED], trail_logs="export.jsonl")
    assert verdicts(document, INTRUDERS_AGENT) == {"yes"}
    assert {row["source"]["file"] for row in document["timeline"]} == {"export.jsonl"}


HOSTILE: t.Final = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e{{ lookup('pipe', 'id') }}"


def test_hostile_text_is_nothing_but_text(make_ansible: MakeAnsible, first: Ansible) -> None:
    events = [
        {**event, "userAgent": f"{INTRUDERS_AGENT} {HOSTILE}"} if event.get("userAgent") == INTRUDERS_AGENT else event
        for event in read_events(first)
    ]
    ansible = make_ansible("incident")
    document = hunt_in_files(ansible, events, access_key_ids=[LEAKED])
    agents = {row["user_agent"] for row in document["timeline"] if row["suspected"] == "yes"}
    assert any("lookup" in agent for agent in agents)
    assert not any("\x1b" in agent or "\u202e" in agent for agent in agents)
    page = (ansible.directory / "reports" / "incident" / INCIDENT / "timeline.html").read_text()
    assert "<img" not in page and "&lt;img" in page
