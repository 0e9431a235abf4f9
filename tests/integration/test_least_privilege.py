# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Least privilege for the fifteen developer roles, as its users run it: the playbook once, then the module."""

from __future__ import annotations

import copy
import gzip
import json
import random
import typing as t
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import jsonschema
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

import developer_events
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Evaluator, Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Outcome as Evaluated
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import resource_types
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.needs import (
    MEANING_KEYS,
    complete_record,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Record as Evidence
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use
from ansible_collections.hardening.iam.plugins.modules import least_privilege_info, policy_validation_info
from developer_events import APPS, LABS
from emulator.activity.delivery import Place, deliver
from emulator.client import Emulator, EmulatorProcess

from .conftest import (
    CHECKOUT,
    EXTERNAL_ID,
    MANAGEMENT,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    role_arn,
    write_inventory,
)

BUCKET: t.Final = "acme-apps-logs"
REGIONS: t.Final = ["us-east-1", "eu-west-1"]
ROLES: t.Final = sorted(name for name in developer_events.account().roles if name.startswith("dev-"))
PLACE: t.Final = Place(BUCKET, "apps", "eu-west-1")
DAY: t.Final = timedelta(days=1)
# So many days of log files in the bucket are enough for most tests, and cost less.
FEW: t.Final = 20
# Writes on "*" that have a resource type, of which no call needs to be.
OPTIONAL: t.Final = frozenset({"cloudwatch:PutMetricData"})


# The playbook, for all fifteen


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible("developers")


@pytest.fixture(scope="module")
def whole(ansible: Ansible) -> Outcome:
    """The playbook has run for the fifteen roles."""
    inventory = write_inventory(ansible.directory, {"apps": {"aws_account_id": APPS}}, aws_regions=REGIONS)
    return ansible.playbook(
        "least_privilege",
        inventory=inventory,
        least_privilege_principals=["role/dev-*"],
        least_privilege_trail_logs=f"s3://{BUCKET}",
        least_privilege_event_history=False,
    ).succeeded()


@pytest.fixture(scope="module")
def written(whole: Outcome) -> dict[str, Record]:
    """The file least_privilege.json of each role, with its proof."""
    found = {}
    for path in whole.reports.glob(f"{APPS}/least_privilege/role-*/least_privilege.json"):
        proofs = json.loads(path.with_name("proof.json").read_text(encoding="utf-8"))
        found[path.parent.name.removeprefix("role-")] = {
            **json.loads(path.read_text(encoding="utf-8")),
            "proofs": proofs,
        }
    return found


def kept_actions(item: Record) -> set[str]:
    return {entry["action"] for entry in item["kept"]}


def unknown_of(item: Record, service: str) -> dict[str, str]:
    """The unknown actions of a service, with the reasons."""
    return {entry["action"]: entry["why"] for entry in item["unknown"] if entry["action"].startswith(f"{service}:")}


def removed_actions(item: Record) -> set[str]:
    return {f"{entry['service']}:{action}" for entry in item["removed"] for action in entry["actions"]}


def allowed_statements(item: Record) -> Iterator[Record]:
    for one in item["documents"]:
        yield from (statement for statement in one["document"]["Statement"] if statement["Effect"] == "Allow")


def as_list(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def test_no_recorded_call_is_lost_and_nothing_new_is_allowed(written: dict[str, Record]) -> None:
    assert sorted(written) == ROLES
    assert len(ROLES) == 15
    for name, item in written.items():
        (proof,) = item["proofs"]
        assert (proof["lost"], proof["beyond"]) == ([], []), name
        assert proof["recorded"] > 0
        # The unknown actions of RDS take roles, and no recorded call passes one.
        open_roles = ["iam:PassRole"] if name == "dev-shop-payments" else []
        assert [entry["action"] for entry in proof["unproven"]] == open_roles, name
        assert item["outcome"] == ("unproven" if open_roles else "proved"), name


def test_privileged_actions_and_escalation_paths_go(written: dict[str, Record]) -> None:
    for name, item in written.items():
        totals = item["totals"]
        assert totals["privileged"]["before"] > 10_000
        assert totals["privileged"]["after"] <= 0.05 * totals["privileged"]["before"], name
        assert totals["unknown"]["privileged"] <= 0.1 * totals["privileged"]["before"], name
        # All of them were administrators, and none of them used that.
        assert totals["paths"] == {"before": 1, "after": 0}, name


def list_open_patterns(statements: Iterable[Record]) -> list[str]:
    """The patterns of recorded calls in any Region and account: the events have both."""
    used = [one for one in statements if "Unknown" not in one["Sid"] and "Companion" not in one["Sid"]]
    return [pattern for one in used for pattern in as_list(one["Resource"]) if ":*:*:" in pattern]


def test_actions_that_write_name_resources(written: dict[str, Record]) -> None:
    for name, item in written.items():
        statements = list(allowed_statements(item))
        wide = [action for one in statements if "*" in as_list(one["Resource"]) for action in as_list(one["Action"])]
        writes = [
            known for action in set(wide) - OPTIONAL for known in catalogue.expand(action) if "Write" in known.levels
        ]
        assert [known.full_name for known in writes if known.resources] == [], name
        assert list_open_patterns(statements) == [], name
        assert all("NotAction" not in one and "NotResource" not in one for one in statements), name


def test_the_job_of_the_quarter_stays_unknown(written: dict[str, Record]) -> None:
    """It ran before the recorded calls begin: only service last accessed has it."""
    item = written["dev-shop-payments"]
    unknown = unknown_of(item, "rds")
    assert {known.full_name for known in catalogue.actions("rds").values()} == set(unknown)
    assert all("last accessed" in why for why in unknown.values())
    assert "last accessed" in unknown_of(item, "kms")["kms:CreateGrant"]
    removed = removed_actions(item)
    assert "kms:CreateGrant" not in removed
    assert not any(action.startswith("rds:") for action in removed)
    # A role without such a job loses both.
    assert {"kms:CreateGrant", "rds:DeleteDBInstance"} <= removed_actions(written["dev-shop-orders"])


def test_a_service_that_is_not_logged_keeps_what_was_accessed(written: dict[str, Record]) -> None:
    """The trail has no data events of SQS: who accessed it keeps the actions, and nobody else does."""
    assert "sqs:SendMessage" in unknown_of(written["dev-shop-orders"], "sqs")
    assert "sqs:SendMessage" in removed_actions(written["dev-shop-web"])
    for name, item in written.items():
        blind = item["coverage"]["services"]["blind"]
        assert blind
        reasons = [why for service in blind for why in unknown_of(item, service).values()]
        assert not any("was not read" in why for why in reasons), name


def test_calls_of_an_earlier_role_of_the_same_name_add_nothing(written: dict[str, Record]) -> None:
    assert not kept_actions(written["dev-platform-rebuilt"]) & {
        "dynamodb:DeleteTable",
        "s3:DeleteObject",
        "iam:CreateRole",
    }


def test_every_document_is_valid_and_fits(written: dict[str, Record]) -> None:
    documents = [one for item in written.values() for one in item["documents"]]
    assert len(documents) >= len(ROLES)
    assert all(one["size"] <= one["limit"] and one["issues"] == [] for one in documents)
    policies = [{"name": one["name"], "document": one["document"], "attached_as": one["kind"]} for one in documents]
    findings = ask(policy_validation_info.ENTRY, policies=policies)["findings"]
    assert [finding for finding in findings if finding["severity"] == "error"] == []


def test_the_account_is_only_read_and_the_report_has_a_section(whole: Outcome, written: dict[str, Record]) -> None:
    assert whole.writes == []
    shown = whole.part(APPS, "least_privilege_info")["least_privilege"]
    assert {item["principal"] for item in shown} == {item["principal"] for item in written.values()}
    page = (whole.reports / APPS / "report.html").read_text(encoding="utf-8")
    assert all(item["principal"] in page for item in written.values())
    assert "You can no longer do this" in page
    schema = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(whole.report(APPS), schema)


# The module, on the log files in a directory


@pytest.fixture(scope="module")
def moment() -> datetime:
    """The moment that all runs on a directory count from."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def events(moment: datetime) -> list[Record]:
    """The events that the trail has recorded: those that the emulated account has too."""
    return developer_events.events(now=moment, logged_only=True)


@pytest.fixture(scope="module")
def live(ansible: Ansible, emulator: EmulatorProcess) -> Iterator[Emulator]:
    """The emulator as the endpoint of this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield ansible.control


def write_logs(folder: Path, events: Iterable[Record], moment: datetime) -> Path:
    for file in deliver(events, PLACE, digests=False, now=moment):
        path = folder / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    return folder


def ask(entry: Entry, *, check_mode: bool = True, **options: t.Any) -> Record:
    """The result of a module, run in this process."""
    validator = ArgumentSpecValidator({**aws_argument_spec(), **entry.argument_spec()})
    validated = validator.validate(options)
    assert not validated.error_messages
    result = execute(entry, options=validated.validated_parameters, check_mode=check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def propose(*names: str, account: str = APPS, **options: t.Any) -> Record:
    """The result of ``least_privilege_info`` for roles, from log files in a directory."""
    given = {
        "account_id": account,
        "assume_role_arn": role_arn(account),
        "assume_role_external_id": EXTERNAL_ID,
        "organization_role_arn": role_arn(MANAGEMENT),
        "regions": REGIONS,
        "principals": [f"role/{name}" for name in names],
        "event_history": False,
        "return_lists": "all",
        **options,
    }
    return ask(least_privilege_info.ENTRY, **given)


def open_client(service: str) -> t.Any:
    """A client of boto3 in the account, as its administrators are."""
    role = boto3.client("sts").assume_role(
        RoleArn=role_arn(APPS, "automation"), RoleSessionName="forger", ExternalId=EXTERNAL_ID
    )["Credentials"]
    return boto3.client(
        service,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )


def only(result: Record) -> Record:
    (item,) = result["principals"]
    return t.cast(Record, item)


@pytest.fixture(scope="module")
def logs(events: list[Record], moment: datetime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the log files of the trail."""
    return write_logs(tmp_path_factory.mktemp("logs"), events, moment)


def test_what_is_documented_is_returned_and_nothing_else(live: Emulator, logs: Path, moment: datetime) -> None:
    result = propose("dev-data-etl", trail_logs=str(logs), now=moment.isoformat())
    documented = yaml.safe_load(least_privilege_info.RETURN)
    # Ansible's own, which no module documents.
    assert set(result) - {"changed", "terminal"} == set(documented)
    fields = documented["principals"]["contains"]
    for item in result["principals"]:
        assert set(item) == set(fields)
        for name in ("documents", "kept", "removed", "unknown", "proofs"):
            assert item[name], name
            assert set().union(*item[name]) == set(fields[name]["contains"]), name


def read_tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_second_run_writes_the_same_bytes_whatever_the_order_of_events(
    live: Emulator, events: list[Record], logs: Path, moment: datetime, tmp_path: Path
) -> None:
    chance = random.Random(16)
    shuffled = write_logs(tmp_path / "shuffled", chance.sample(events, len(events)), moment)
    assert read_tree(shuffled).keys() == read_tree(logs).keys()
    assert read_tree(shuffled) != read_tree(logs)
    for turn, folder in enumerate((logs, shuffled)):
        reports = str(tmp_path / f"reports{turn}")
        propose("dev-platform-oncall", trail_logs=str(folder), now=moment.isoformat(), report_dir=reports)
    first, second = (read_tree(tmp_path / f"reports{turn}" / APPS / "least_privilege") for turn in range(2))
    assert len(first) > 5
    assert first == second


# The last thirty days of ninety are not in the evidence


@pytest.fixture(scope="module")
def earlier(
    live: Emulator, moment: datetime, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Record], list[Record]]:
    """What the first sixty days give for all roles, and the events after them."""
    before = moment - 30 * DAY
    every = developer_events.events(now=moment, logged_only=True)
    later = [event for event in every if datetime.fromisoformat(event["eventTime"]) >= before]
    first = [event for event in every if datetime.fromisoformat(event["eventTime"]) < before]
    folder = write_logs(tmp_path_factory.mktemp("earlier"), first, before)
    result = propose(*ROLES, trail_logs=str(folder), trail_days=60, now=before.isoformat())
    return {item["principal"]: item for item in result["principals"]}, later


def test_calls_of_the_days_after_are_allowed(earlier: tuple[dict[str, Record], list[Record]], moment: datetime) -> None:
    """Each recorded call of days 61 to 90 is a request to the evaluator, which is no part of the generator.

    Service last accessed has the dates of today. What stays unknown for them does not count here.
    """
    found, later = earlier
    assert len(found) == len(ROLES)
    profiles = {f"instance-profile/{arn.rpartition('/')[2]}": arn for arn in found}
    reader = EventReader(principals=found, names=profiles, keys=MEANING_KEYS, account_id=APPS, is_detailed=True)
    read = reader.read(later, Source.TRAIL).uses
    counted: dict[str, tuple[int, int]] = {}
    for arn, item in found.items():
        assert item["coverage"]["until"] < f"{moment - 29 * DAY:%Y-%m-%d}"
        known = [one for one in allowed_statements(item) if "Unknown" not in one["Sid"]]
        policy = parse({"Version": "2012-10-17", "Statement": known})
        evaluator = Evaluator(Layers(identity=(policy,)), principal=arn)
        own = Evidence(arn, "", Coverage(30), tuple(use for use in read if use.principal_arn == arn))
        # With the condition keys that follow from a call, as kms:ViaService of one that a service makes.
        judged = [(use.count, _is_allowed(evaluator, use)) for use in complete_record(own).uses]
        counted[arn] = sum(count for count, _allowed in judged), sum(count for count, good in judged if not good)
    assert {arn: counts for arn, counts in counted.items() if counts[0] < 20 or counts[1] > 0.01 * counts[0]} == {}
    calls, lost = (sum(counts[index] for counts in counted.values()) for index in (0, 1))
    assert calls > 1000
    assert lost <= 0.01 * calls


def _is_allowed(evaluator: Evaluator, use: Use) -> bool:
    """Whether a call is allowed on all that it may have been about."""
    about = use.candidates or ((use.resource,) if use.resource else resource_types(use.action.lower(), "aws")) or ("*",)
    return all(evaluator.outcome(use.action, one, use.context) is Evaluated.ALLOWED for one in about)


# Evidence that somebody forged, that an incident made, or that is not there


def forge(events: Iterable[Record], moment: datetime, **fields: t.Any) -> Record:
    """A call of dev-shop-web that it never made: it creates a role."""
    mine = developer_events.of_principal(events, "dev-shop-web")
    made = copy.deepcopy(next(event for event in mine if event["eventSource"] == "s3.amazonaws.com"))
    for name in ("resources", "additionalEventData"):
        made.pop(name, None)
    return {
        **made,
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateRole",
        "eventTime": f"{moment - 3 * DAY:%Y-%m-%dT%H:%M:%SZ}",
        "requestParameters": {"roleName": "intruder"},
        "responseElements": None,
        "managementEvent": True,
        "eventCategory": "Management",
        "readOnly": False,
        "eventID": "f0f0f0f0-0000-4000-8000-000000000000",
        "sourceIPAddress": "198.51.100.66",
        **fields,
    }


def assert_only_less(item: Record, whole: Record) -> None:
    """Nothing is kept as used that whole evidence does not show, and there is no empty policy."""
    assert kept_actions(item) <= kept_actions(whole)
    assert "iam:CreateRole" not in kept_actions(item)
    assert all(statement["Action"] for statement in allowed_statements(item))
    assert item["documents"] or item["reason"]


@pytest.fixture(scope="module")
def web(live: Emulator, logs: Path, moment: datetime) -> Record:
    """What the whole evidence gives for dev-shop-web."""
    return only(propose("dev-shop-web", trail_logs=str(logs), now=moment.isoformat()))


def test_as_a_module_of_its_own_it_gives_the_same(ansible: Ansible, web: Record, logs: Path, moment: datetime) -> None:
    options = {
        "account_id": APPS,
        "assume_role_arn": role_arn(APPS),
        "assume_role_external_id": EXTERNAL_ID,
        "organization_role_arn": role_arn(MANAGEMENT),
        "regions": REGIONS,
        "principals": ["role/dev-shop-web"],
        "event_history": False,
        "return_lists": "all",
        "trail_logs": str(logs),
        "now": moment.isoformat(),
    }
    outcome = ansible.module("least_privilege_info", "--check", "-e", "hardening_in_process=false", **options)
    assert (outcome.succeeded().writes, list(outcome.reports.glob("**"))) == ([], [])
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    assert only(result) == web


def test_events_that_are_not_of_this_role_add_nothing(
    live: Emulator, events: list[Record], web: Record, moment: datetime, tmp_path: Path
) -> None:
    forged = forge(events, moment)
    identity = forged["userIdentity"]
    other = copy.deepcopy(identity)
    other["principalId"] = other["principalId"].replace("AROA", "AROB")
    other["sessionContext"]["sessionIssuer"]["principalId"] = other["principalId"].partition(":")[0]
    wrong = [
        {**forged, "recipientAccountId": LABS},
        {**forged, "userIdentity": other},
        {**forged, "errorCode": "AccessDenied"},
    ]
    plain = write_logs(tmp_path / "plain", [*events, forged], moment)
    assert "iam:CreateRole" in kept_actions(
        only(propose("dev-shop-web", trail_logs=str(plain), now=moment.isoformat()))
    )
    folder = write_logs(tmp_path / "forged", [*events, *wrong], moment)
    # The file lies below a day and a region of which the event is not.
    (elsewhere,) = deliver([forged], PLACE, digests=False, now=moment)
    for key in (elsewhere.key.replace("eu-west-1", "eu-north-1"), elsewhere.key.replace(APPS, LABS)):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(elsewhere.body)
    item = only(propose("dev-shop-web", trail_logs=str(folder), now=moment.isoformat()))
    assert_only_less(item, web)
    assert item["documents"]


def test_a_log_file_that_no_digest_has_and_denied_last_access_add_nothing(
    live: Emulator, events: list[Record], web: Record, moment: datetime
) -> None:
    (file,) = deliver([forge(events, moment)], PLACE, digests=False, now=moment)
    forged = {"Bucket": BUCKET, "Key": file.key.replace(".json.gz", "f.json.gz")}
    s3 = open_client("s3")
    s3.put_object(**forged, Body=file.body)
    item = only(propose("dev-shop-web", trail_logs=f"s3://{BUCKET}", trail_days=FEW))
    assert_only_less(item, web)
    assert item["documents"]
    assert any("digest" in note for note in item["coverage"]["notes"])
    s3.delete_object(**forged)
    denied = {"service": "iam", "kind": "error", "code": "AccessDenied", "status": 403}
    live.faults([{**denied, "operation": "GenerateServiceLastAccessedDetails"}])
    unread = only(propose("dev-shop-web", trail_logs=f"s3://{BUCKET}", trail_days=FEW))
    assert_only_less(unread, web)
    assert {"s3:GetObject", "s3:PutObject", "cloudfront:CreateInvalidation"} <= kept_actions(unread)
    assert unread["documents"]
    assert any("last accessed" in text for text in unread["warnings"])


def test_a_region_whose_files_were_all_deleted_removes_nothing(live: Emulator, web: Record) -> None:
    """Log files and digests of the region are gone, so that no other file names them."""
    s3 = open_client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    gone = [item["Key"] for page in pages for item in page["Contents"] if "/us-east-1/" in item["Key"]]
    assert any("CloudTrail-Digest" in key for key in gone) and any("/CloudTrail/" in key for key in gone)
    for key in gone:
        s3.delete_object(Bucket=BUCKET, Key=key)
    item = only(propose("dev-shop-web", trail_logs=f"s3://{BUCKET}", trail_days=FEW))
    wanted = "there are no digest files of trail apps in us-east-1: log files there may have been deleted"
    assert wanted in item["coverage"]["notes"]
    assert item["coverage"]["services"]["complete"] == []
    assert not kept_actions(web) & removed_actions(item)


def test_calls_of_an_incident_are_left_out(
    live: Emulator, events: list[Record], web: Record, moment: datetime, tmp_path: Path
) -> None:
    folder = write_logs(tmp_path, [*events, forge(events, moment)], moment)
    incident = {
        "since": (moment - 3 * DAY - timedelta(hours=1)).isoformat(),
        "until": (moment - 3 * DAY + timedelta(hours=1)).isoformat(),
        "source_ips": ["198.51.100.0/24"],
        "incident": "INC-7",
        "reason": "stolen laptop",
    }
    item = only(propose("dev-shop-web", trail_logs=str(folder), now=moment.isoformat(), exclude_evidence=[incident]))
    assert_only_less(item, web)
    assert [one["document"] for one in item["documents"]] == [one["document"] for one in web["documents"]]
    assert any("INC-7" in note for note in item["coverage"]["notes"])


@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
def test_log_files_that_cannot_be_read_give_no_policy(live: Emulator, web: Record, operation: str) -> None:
    live.faults([{"service": "s3", "operation": operation, "kind": "error", "code": "AccessDenied", "status": 403}])
    item = only(propose("dev-shop-web", trail_logs=f"s3://{BUCKET}"))
    assert (item["documents"], item["removed"]) == ([], [])
    assert item["reason"]
    assert item["outcome"] == "no_evidence"


def test_broken_files_add_nothing(
    live: Emulator, events: list[Record], web: Record, moment: datetime, tmp_path: Path
) -> None:
    folder = write_logs(tmp_path, events, moment)
    files = sorted(folder.rglob("*.json.gz"))
    for number, path in enumerate(files[::20]):
        content = path.read_bytes()
        path.write_bytes((content[: len(content) // 2], gzip.compress(b"{"), b"")[number % 3])
    item = only(propose("dev-shop-web", trail_logs=str(folder), now=moment.isoformat()))
    assert item["coverage"]["files_broken"] == len(files[::20])
    assert_only_less(item, web)
    for path in files:
        path.write_bytes(b"no log file")
    nothing = only(propose("dev-shop-web", trail_logs=str(folder), now=moment.isoformat()))
    assert (nothing["documents"], nothing["removed"], nothing["outcome"]) == ([], [], "no_evidence")
    assert nothing["reason"]


# One template for many accounts


def test_a_template_that_fails_in_one_account_of_two_is_named(live: Emulator, tmp_path: Path) -> None:
    """The permission set is the same in both accounts, and the template has a condition that holds in one of them."""
    reads = ["cloudformation:List*", "ec2:Describe*", "s3:Get*", "s3:List*"]
    here = {"StringEquals": {"aws:PrincipalAccount": APPS}}
    statement = {"Effect": "Allow", "Action": reads, "Resource": "*", "Condition": here}
    template = tmp_path / "reader.json"
    template.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), encoding="utf-8")
    found = {}
    for account, bucket in ((APPS, BUCKET), (LABS, "acme-labs-logs")):
        options = {"principals": ["permission_set/Reader"], "documents": [str(template)]}
        result = propose(account=account, trail_logs=f"s3://{bucket}", trail_days=FEW, **options)
        assert result["account_id"] == account
        assert account in result["terminal"]
        found[account] = only(result)
    assert {item["permission_set"] for item in found.values()} == {"Reader"}
    assert {account: item["outcome"] for account, item in found.items()} == {APPS: "proved", LABS: "unproven"}
    (proof,) = found[LABS]["proofs"]
    assert {entry["action"] for entry in proof["lost"]} >= {"cloudformation:ListStacks", "ec2:DescribeInstances"}
