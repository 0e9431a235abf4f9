# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module without AWS: old policies and log files in, the form for other tools out."""

from __future__ import annotations

import gzip
import json
import random
import typing as t
from pathlib import Path

import pytest
import trail_files
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.least_privilege_info import ENTRY

Record = dict[str, t.Any]

ROLE, OTHER = trail_files.ROLES[:2]
LOGGED: t.Final = ["management_read", "management_write", "data"]
ENTRIES: t.Final = {"action", "resource", "why"}


def allow(*actions: str, **elements: t.Any) -> Record:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


OLD: t.Final = allow("s3:*", "kms:*", "ec2:Describe*", "sqs:*")


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise AssertionError("AWS was opened")

    monkeypatch.setattr(Access, "__init__", refuse)


def ask(**options: t.Any) -> Record:
    validator = ArgumentSpecValidator({**aws_argument_spec(), **ENTRY.argument_spec()})
    validated = validator.validate({"offline": True, "now": trail_files.NOW.isoformat(), **options})
    assert not validated.error_messages
    return execute(ENTRY, options=validated.validated_parameters, check_mode=False)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("logs")
    trail_files.write_log_files(directory, 4000)
    return directory


@pytest.fixture(scope="module")
def found(logs: Path) -> Record:
    patch = pytest.MonkeyPatch()
    with patch.context():
        return ask(
            principals=[ROLE],
            trail_logs=[str(logs)],
            trail_days=60,
            old_policies={ROLE: [OLD]},
            assume_logged=LOGGED,
        )


def test_the_form_for_other_tools_is_complete(found: Record) -> None:
    assert not found.get("failed"), found.get("msg")
    (entry,) = found["results"]
    assert set(entry) == {
        *("principal", "documents", "kept", "removed", "unknown", "coverage", "proof", "reason"),
    }
    assert entry["principal"] == ROLE and entry["reason"] == ""
    assert all(set(one) == {"name", "document"} for one in entry["documents"])
    kept = {one["action"]: one for one in entry["kept"]}
    assert set(kept["s3:GetObject"]) == {"action", "resources", "count", "first", "last", "why"}
    assert kept["s3:GetObject"]["count"] > 0 and "kms:Decrypt" in kept
    removed = {one["action"] for one in entry["removed"]}
    assert "s3:DeleteBucket" in removed and "sqs:PurgeQueue" in removed
    assert not removed & set(kept)
    assert all(set(one) == {"action", "why"} for name in ("removed", "unknown") for one in entry[name])
    assert set(entry["coverage"].values()) <= {"complete", "partial", "blind"} and entry["coverage"]["s3"] == "partial"
    proof = entry["proof"]
    assert proof["recorded"] > 0 and (proof["lost"], proof["beyond"], proof["unproven"]) == ([], [], [])


def test_the_lists_are_complete_where_those_of_the_principals_are_short(found: Record) -> None:
    (entry,), (principal,) = found["results"], found["principals"]
    assert len(entry["removed"]) > 100
    assert len(principal["removed"]) <= 20


def test_without_knowledge_of_the_trail_nothing_is_removed(logs: Path) -> None:
    found = ask(principals=["role/team/*"], trail_logs=str(logs), trail_days=60, old_policies={ROLE: OLD})
    (entry,) = found["results"]
    assert entry["removed"] == [] and entry["documents"]
    assert "s3:DeleteBucket" in {one["action"] for one in entry["unknown"]}


def test_policies_are_given_by_path_text_or_structure(logs: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(OLD), encoding="utf-8")
    common = {"principals": [ROLE], "trail_logs": str(logs), "trail_days": 60, "assume_logged": LOGGED}
    results = [ask(old_policies={ROLE: [given]}, **common)["results"] for given in (str(path), json.dumps(OLD), OLD)]
    assert results[0] == results[1] == results[2]


def test_the_order_of_files_and_events_changes_nothing(logs: Path, found: Record, tmp_path: Path) -> None:
    shuffle = random.Random(5)
    for path in sorted(logs.rglob("*.json.gz")):
        records = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        shuffle.shuffle(records)
        other = tmp_path / path.relative_to(logs)
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    again = ask(
        principals=[ROLE], trail_logs=str(tmp_path), trail_days=60, old_policies={ROLE: [OLD]}, assume_logged=LOGGED
    )
    assert json.dumps(again["results"]) == json.dumps(found["results"])


def test_given_layers_bear_on_the_proof_and_unknown_ones_pass(logs: Path) -> None:
    common: Record = {"principals": [ROLE], "trail_logs": str(logs), "trail_days": 60, "assume_logged": LOGGED}
    limited = ask(old_policies={ROLE: [OLD]}, layers={"scps": [[allow("kms:*", "ec2:*", "sqs:*")]]}, **common)
    (entry,) = limited["results"]
    assert not limited.get("failed"), limited.get("msg")
    assert {one["action"].partition(":")[0] for one in entry["proof"]["lost"]} == {"s3"}
    assert all("the layer scp as it is denies it" in one["why"] for one in entry["proof"]["lost"])


def test_a_role_that_nobody_can_change_is_answered_with_the_reason(logs: Path) -> None:
    linked = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    answer = ask(principals=[linked], trail_logs=[str(logs)], trail_days=60, old_policies={linked: [allow("ecs:*")]})
    (entry,) = answer["results"]
    assert (entry["principal"], entry["documents"], entry["kept"]) == (linked, [], [])
    assert entry["proof"] == {"recorded": 0, "lost": [], "beyond": [], "unproven": []}
    assert "service-linked role" in entry["reason"]


def test_two_accounts_are_answered_side_by_side(logs: Path) -> None:
    foreign = ROLE.replace(trail_files.ACCOUNT, "999988887777")
    found = ask(principals=["role/*"], trail_logs=str(logs), trail_days=60, old_policies={ROLE: [OLD], foreign: [OLD]})
    first, second = found["results"]
    assert (first["principal"], second["principal"]) == (ROLE, foreign)
    # Its calls are in no file, so there is no policy, and no empty one.
    assert second["documents"] == [] and second["reason"]


def test_calls_of_an_earlier_role_of_the_same_name_are_not_its_own(tmp_path: Path) -> None:
    trail_files.write_log_files(tmp_path, 800)
    newest = max(tmp_path.rglob("*.json.gz"))
    records = json.loads(gzip.decompress(newest.read_bytes()))["Records"]
    for record in records:
        identity = record["userIdentity"]
        issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
        if issuer.get("arn") == ROLE:
            issuer["principalId"] = "AROANEWERROLE0000000"
            identity["principalId"] = "AROANEWERROLE0000000:session"
            record["eventSource"], record["eventName"] = "sqs.amazonaws.com", "ListQueues"
    newest.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    found = ask(
        principals=[ROLE], trail_logs=str(tmp_path), trail_days=60, old_policies={ROLE: [OLD]}, assume_logged=LOGGED
    )
    (entry,) = found["results"]
    assert {one["action"] for one in entry["kept"] if one["count"]} == {"sqs:ListQueues"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"old_policies": {}}, "old_policies: with offline"),
        ({"old_policies": {"role/app": [OLD]}}, "the ARN of a user or role"),
        ({"old_policies": {ROLE: ["{"]}}, "old_policies"),
        ({"old_policies": {ROLE: [{"Statement": "no"}]}}, "not a policy document that IAM accepts"),
        ({"principals": ["role/nobody"]}, "matches no ARN of old_policies"),
        ({"trail_logs": "s3://bucket/logs"}, "is in S3"),
        ({"trail_logs": []}, "trail_logs: not set"),
        ({"second_opinion": ["security_hub"]}, "second_opinion: it needs AWS"),
        ({"verify_with": ["access_analyzer"]}, "access_analyzer needs AWS"),
        ({"layers": {"identity": [OLD]}}, "layers.identity"),
        ({"offline": False}, "only used with offline"),
    ],
)
def test_what_can_not_be_used_is_refused(logs: Path, options: Record, text: str) -> None:
    common = {"principals": [ROLE], "trail_logs": str(logs), "old_policies": {ROLE: [OLD]}}
    result = ask(**{**common, **options})
    assert result["failed"] and text in result["msg"]


def test_a_directory_without_files_gives_no_policy(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        (entry,) = ask(principals=[ROLE], trail_logs=str(place), old_policies={ROLE: [OLD]})["results"]
        assert entry["documents"] == [] and entry["reason"]
