# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reads against the emulated AWS: the operations they use, their number, and what each failure costs."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account import organization_reads
from ansible_collections.hardening.iam.plugins.module_utils._account.codec import from_json, to_json
from ansible_collections.hardening.iam.plugins.module_utils._account.collect import (
    OPERATIONS,
    collect,
    with_organization_policies,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    DEEP,
    OF_ORGANIZATION,
    REGIONAL,
    Dataset,
    Snapshot,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from emulator.client import Emulator, EmulatorProcess
from emulator.seed.source import SEEDS

REGIONS = ("us-east-1", "eu-west-1")
SHALLOW = frozenset(Dataset) - DEEP - OF_ORGANIZATION
ALL_OPERATIONS = Operations().union(*OPERATIONS.values())
# Operation to the datasets that are lost with it. What trails log to is known without their status.
LOST = {
    name: {dataset for dataset in SHALLOW if name in OPERATIONS[dataset].reads}
    for name in sorted(set().union(*(OPERATIONS[dataset].reads for dataset in SHALLOW)))
}
LOST["cloudtrail:GetTrailStatus"] = LOST["cloudtrail:GetEventSelectors"] = {Dataset.TRAILS}
# No trail of the seed has selectors of its own, no policy of an organization restricts its management account, and that
# has no analyzer of unused or internal access.
NOT_CALLED = {"cloudtrail:GetEventSelectors", "accessanalyzer:GetAnalyzer", *organization_reads.OPERATIONS}
# Reads of topics, queues and their keys: without them the rules are known all the same.
OF_TOPICS = {"sns:GetTopicAttributes", "kms:DescribeKey", "kms:GetKeyPolicy"}
OF_QUEUES = {"sqs:GetQueueUrl", "sqs:GetQueueAttributes"}
# What AWS tells some accounts only: without it the rest is known all the same. The seed has nothing of the first two.
NOT_TOLD = (
    OF_TOPICS
    | OF_QUEUES
    | {
        f"securityhub:{name}"
        for name in (
            "GetFindingAggregator",
            "GetConfigurationPolicyAssociation",
            "ListFindingAggregators",
            "DescribeSecurityHubV2",
        )
    }
)
MANAGEMENT = "111122223333"
PRODUCTION = "222233334444"
SANDBOX = "444455556666"


@pytest.fixture(scope="module")
def process() -> t.Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="acme") as running:
        running.control.reset(_seed_config_rule())
        _alert(running)
        yield running


def _seed_config_rule() -> dict[str, t.Any]:
    """The organization with a rule of AWS Config in its management account, which a role breaks: the seed has none."""
    seed = t.cast(dict[str, t.Any], yaml.safe_load((SEEDS / "acme.yml").read_text(encoding="utf-8")))
    seed["accounts"][MANAGEMENT]["regions"][REGIONS[0]]["config"]["rules"] = {
        "iam-hardening-no-inline-policies": {
            "identifier": "IAM_NO_INLINE_POLICY_CHECK",
            "compliance": "NON_COMPLIANT",
            "resources": ["role/support"],
            "tags": {"team": "security"},
        }
    }
    return seed


def _alert(running: EmulatorProcess) -> None:
    """An alert rule in the management account, whose topic is encrypted with a key: the seed has none."""
    clients = {
        service: boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=running.url,
            region_name=REGIONS[0],
            aws_access_key_id="administrator",
            aws_secret_access_key="emulated",
        )
        for service in ("events", "kms", "sns", "sqs")
    }
    key = clients["kms"].create_key()["KeyMetadata"]["KeyId"]
    topic = clients["sns"].create_topic(Name="alerts", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    clients["events"].put_rule(
        Name="iam-hardening-root-activity",
        EventPattern='{"source": ["aws.signin"]}',
        Tags=[{"Key": "team", "Value": "security"}],
    )
    clients["sqs"].create_queue(QueueName="undelivered")
    queue = f"arn:aws:sqs:{REGIONS[0]}:{MANAGEMENT}:undelivered"
    target = {"Id": "topic", "Arn": topic, "DeadLetterConfig": {"Arn": queue}}
    clients["events"].put_targets(Rule="iam-hardening-root-activity", Targets=[target])


@pytest.fixture
def emulator(process: EmulatorProcess) -> t.Iterator[Emulator]:
    process.control.clear_faults()
    process.control.clear_log()
    yield process.control
    process.control.clear_faults()


def access_to(emulator: Emulator, account_id: str | None) -> Access:
    """Access in the account's assessor role (None: as the administrator of the first account)."""
    role = f"arn:aws:iam::{account_id}:role/iam-hardening/assessor" if account_id else None
    options = AccessOptions.from_options(
        {
            "endpoint_url": emulator.url,
            "access_key": "administrator",
            "secret_key": "emulated",
            "region": "us-east-1",
            "assessor_role_arn": role,
            "assume_role_external_id": "acme-hardening",
        }
    )
    return Access(options, operations=ALL_OPERATIONS, check_mode=True)


def snapshot_of(
    access: Access,
    *,
    datasets: t.Collection[Dataset] = SHALLOW,
    regions: t.Sequence[str] = REGIONS,
    principals: t.Collection[str] = (),
) -> Snapshot:
    return collect(access, datasets=datasets, regions=regions, now=datetime.now(UTC), deep_principals=principals)


@pytest.fixture(scope="module")
def management(process: EmulatorProcess) -> Access:
    """Access to the management account, shared because most of a snapshot's time goes into making the clients."""
    return access_to(process.control, MANAGEMENT)


@pytest.fixture(scope="module")
def baseline(process: EmulatorProcess, management: Access) -> Snapshot:
    process.control.clear_faults()
    return snapshot_of(management)


def test_an_account_of_the_organization(emulator: Emulator) -> None:
    snapshot = snapshot_of(access_to(emulator, PRODUCTION))
    assert snapshot.account_id == PRODUCTION
    unread = {found.dataset: found.kind for found in snapshot.unread}
    assert unread == {
        **dict.fromkeys(DEEP | OF_ORGANIZATION, UnreadKind.NOT_REQUESTED),
        Dataset.ORGANIZATION_FEATURES: UnreadKind.UNSUPPORTED,
        Dataset.ORGANIZATION_POLICIES: UnreadKind.DENIED,
    }
    assert snapshot.organization is not None
    assert {"deploy-bot"} <= {user.name for user in snapshot.users}
    assert snapshot.credential_report is not None
    assert snapshot.credential_report.root is not None
    assert {row.arn for row in snapshot.credential_report.users} == {user.arn for user in snapshot.users}
    assert any(trail.is_logging for trail in snapshot.trails)
    assert [hub.region for hub in snapshot.security_hubs] == list(REGIONS)
    assert from_json(to_json(snapshot)) == snapshot


def test_the_management_account(baseline: Snapshot) -> None:
    assert {found.dataset for found in baseline.unread} == DEEP | OF_ORGANIZATION
    assert baseline.organization is not None
    assert baseline.organization.management_account_id == baseline.account_id
    assert [topic.confirmed for topic in baseline.alarm_topics] == [1, 0]
    assert {alarm.name for alarm in baseline.metric_alarms} == {
        name for item in baseline.log_alarms for name in item.alarms
    }


def test_the_management_account_tells_the_policies_of_a_member(emulator: Emulator, management: Access) -> None:
    member = snapshot_of(access_to(emulator, SANDBOX), datasets=[Dataset.ORGANIZATION_POLICIES], regions=())
    assert member.missing(Dataset.ORGANIZATION_POLICIES) is not None
    refused = [record for record in emulator.log() if record["service"] == "organizations"]
    assert [record["operation"] for record in refused] == ["DescribeOrganization", "ListParents"]
    loaded = with_organization_policies(management, member)
    assert loaded.missing(Dataset.ORGANIZATION_POLICIES) is None
    root, unit, account = loaded.organization_policies
    assert root.target_id.startswith("r-")
    assert (unit.target_name, account.target_id) == ("Sandbox", SANDBOX)
    assert [[scp.name for scp in level.scps] for level in (root, unit, account)] == [
        ["FullAWSAccess"],
        ["FullAWSAccess", "deny-regions"],
        ["FullAWSAccess"],
    ]
    assert from_json(to_json(loaded)) == loaded


def test_only_declared_operations_are_called_and_no_write(emulator: Emulator) -> None:
    bot = f"arn:aws:iam::{PRODUCTION}:user/deploy-bot"
    snapshot = snapshot_of(access_to(emulator, PRODUCTION), datasets=Dataset, principals=[bot])
    assert snapshot.service_last_accessed[bot]
    called = {f"{record['service']}:{record['operation']}" for record in emulator.log()}
    assert called - ALL_OPERATIONS.reads == {"sts:AssumeRole"}
    generators = {"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"}
    assert {record["operation"] for record in emulator.writes()} <= generators | {"AssumeRole"}


def test_a_region_closed_by_a_service_control_policy(emulator: Emulator) -> None:
    snapshot = snapshot_of(access_to(emulator, "444455556666"))
    assert list(snapshot.denied_regions) == ["eu-west-1"]
    assert {found.dataset for found in snapshot.unread if found.region} == REGIONAL


@pytest.mark.parametrize("name", sorted(set(LOST) - NOT_CALLED - NOT_TOLD))
def test_a_denial_costs_what_hangs_on_it_only(
    emulator: Emulator, management: Access, baseline: Snapshot, name: str
) -> None:
    service, _colon, operation = name.partition(":")
    emulator.faults(
        [{"service": service, "operation": operation, "kind": "error", "code": "AccessDenied", "status": 403}]
    )
    snapshot = snapshot_of(management)
    lost = [found for found in snapshot.unread if found.dataset in LOST[name]]
    assert {found.dataset for found in lost} == LOST[name]
    assert all(found.kind is UnreadKind.DENIED and "AccessDenied" in found.reason for found in lost)
    assert set(snapshot.unread) - set(lost) == {found for found in baseline.unread if found.dataset not in LOST[name]}
    for field in dataclasses.fields(Snapshot):
        assert field.name in ("observed_at", "unread") or _is_kept(field.name, snapshot, baseline, LOST[name])


@pytest.mark.parametrize("name", sorted(OF_QUEUES))
def test_a_denial_at_a_queue_leaves_its_rule_known(
    emulator: Emulator, management: Access, baseline: Snapshot, name: str
) -> None:
    service, _colon, operation = name.partition(":")
    emulator.faults(
        [{"service": service, "operation": operation, "kind": "error", "code": "AccessDenied", "status": 403}]
    )
    found, before = (
        taken.alert_regions[0] for taken in (snapshot_of(management, datasets=[Dataset.EVENT_RULES]), baseline)
    )
    assert found.rules == before.rules != ()
    assert found.queues and "AccessDenied" in found.queues[0].unknown
    assert before.queues and (before.queues[0].exists, before.queues[0].unknown) == (True, "")


@pytest.mark.parametrize("name", sorted(OF_TOPICS))
def test_a_denial_at_a_topic_leaves_its_rule_known(
    emulator: Emulator, management: Access, baseline: Snapshot, name: str
) -> None:
    service, _colon, operation = name.partition(":")
    emulator.faults(
        [{"service": service, "operation": operation, "kind": "error", "code": "AccessDenied", "status": 403}]
    )
    snapshot = snapshot_of(management, datasets=[Dataset.EVENT_RULES])
    assert snapshot.missing(Dataset.EVENT_RULES, REGIONS[0]) is None
    found, before = (taken.alert_regions[0] for taken in (snapshot, baseline))
    assert found.rules == before.rules != ()
    (topic,), (known,) = found.topics, before.topics
    assert known.key_policy
    assert (known.unknown, known.key_unknown) == ("", "")
    reason = topic.key_unknown if service == "kms" else topic.unknown
    assert "AccessDenied" in reason
    assert topic.policy == (known.policy if service == "kms" else None)


# The fields of datasets that do not bear their name.
FIELDS = {
    Dataset.AUTHORIZATION_DETAILS: {"users", "groups", "roles", "policies"},
    Dataset.ACCOUNT_SUMMARY: {"summary"},
    Dataset.ACCOUNT_ALIASES: {"account_alias"},
    Dataset.SAML_PROVIDERS: {"saml_provider_arns"},
    Dataset.OIDC_PROVIDERS: {"oidc_provider_arns"},
    Dataset.CONTACT_INFORMATION: {"primary_contact"},
    Dataset.SECURITY_HUB: {"security_hubs"},
    Dataset.CONFIG_RULES: {"config_rules", "delivery_channels"},
    Dataset.EVENT_RULES: {"alert_regions"},
    Dataset.LOG_ALARMS: {"log_alarms", "metric_alarms", "alarm_topics"},
}
# What moves by itself: roles are used by the reads, trails deliver.
LIVE = {"roles", "trails"}


def _is_kept(name: str, found: Snapshot, expected: Snapshot, depending: t.Collection[Dataset]) -> bool:
    own = {field for dataset in depending for field in FIELDS.get(dataset, {dataset.value})}
    if name in own:
        return True
    if name in LIVE:
        return len(getattr(found, name)) == len(getattr(expected, name))
    return bool(getattr(found, name) == getattr(expected, name))


@pytest.fixture(scope="module")
def elsewhere() -> t.Iterator[EmulatorProcess]:
    """An emulator that each test seeds for itself."""
    with EmulatorProcess(seed="bare") as running:
        yield running


def test_an_account_without_anything(elsewhere: EmulatorProcess) -> None:
    elsewhere.control.reset("bare")
    snapshot = snapshot_of(access_to(elsewhere.control, None))
    assert {found.kind for found in snapshot.unread} <= {UnreadKind.NOT_REQUESTED, UnreadKind.UNSUPPORTED}
    assert snapshot.organization is None
    assert not (snapshot.trails or snapshot.analyzers or snapshot.config_recorders or snapshot.instances)
    assert not any(hub.enabled for hub in snapshot.security_hubs)


def test_calls_for_a_large_account(elsewhere: EmulatorProcess) -> None:
    elsewhere.control.reset("scale:accounts=1,users=1000,roles=500,policies=500")
    elsewhere.control.clear_log()
    snapshot = snapshot_of(access_to(elsewhere.control, None), regions=())
    calls = elsewhere.control.log()
    assert (len(snapshot.users), len(snapshot.credential_report.users if snapshot.credential_report else ())) == (
        1000,
        1000,
    )
    assert len(snapshot.roles) >= 500
    assert sum(record["service"] == "iam" for record in calls) <= 15
    assert len(calls) <= 25
