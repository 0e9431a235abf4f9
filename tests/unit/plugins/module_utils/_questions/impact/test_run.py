# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module: what a boundary on the developer roles of "acme" would break, and changes of other kinds."""

from __future__ import annotations

import gzip
import json
import re
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._prediction.evidence import Predictor
from ansible_collections.hardening.iam.plugins.module_utils._questions.impact.change import absolute_documents
from ansible_collections.hardening.iam.plugins.modules.policy_impact_info import ENTRY, RETURN
from unit.emulator.seeded import Seeded, serving

Record = dict[str, t.Any]

DEV: t.Final = "333344445555"
TEAM: t.Final = f"arn:aws:iam::{DEV}:role/dev-team-"
MANAGEMENT: t.Final = "111122223333"
SMALL: t.Final = "222233334444"
READER: t.Final = f"arn:aws:iam::{SMALL}:policy/Reader"


def statement(action: t.Any, resource: t.Any = "*", effect: str = "Allow", **more: t.Any) -> Record:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


BOUNDARY: t.Final = document(
    statement(["s3:*", "dynamodb:*"]),
    statement("lambda:*", f"arn:aws:lambda:*:{DEV}:function:app-*", Sid="OwnFunctions"),
    statement("iam:PassRole", f"arn:aws:iam::{DEV}:role/app/*"),
    statement(
        "iam:PutRolePolicy",
        Condition={"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{DEV}:policy/developer"}},
        Sid="OnlyBounded",
    ),
)


@pytest.fixture(scope="module", autouse=True)
def _without_waiting() -> t.Iterator[None]:
    """Polls and pages as fast as they come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(t.cast(Record, Predictor.predict.__kwdefaults__), "sleep", lambda seconds: None)
        yield


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def predict(seeded: Seeded, account: str = DEV, **options: t.Any) -> Record:
    """The result of the module in an account, as Ansible would get it."""
    access: Record = {
        "endpoint_url": seeded.endpoint,
        "access_key": "administrator",
        "secret_key": "emulated",
        "region": "us-east-1",
        "assessor_role_arn": f"arn:aws:iam::{account}:role/iam-hardening/assessor",
    }
    if account == DEV:
        access["assume_role_external_id"] = "acme-hardening"
    spec = {**aws_argument_spec(), **ENTRY.argument_spec()}
    validation = ArgumentSpecValidator(spec).validate({**access, **options})
    assert not validation.error_messages, validation.error_messages
    return execute(ENTRY, options=validation.validated_parameters, check_mode=True)


@pytest.fixture(scope="module")
def developers() -> Record:
    """The impact of the boundary on the fifteen developer roles."""
    with serving("acme") as acme:
        result = predict(acme, principals=["dev-team-*-role"], boundary=BOUNDARY)
    assert not result.get("failed"), result
    return result


# The fifteen roles: administrators that used three services, on functions called app-*, save for three of them.


def test_the_roles_by_outcome(developers: Record) -> None:
    outcomes = {entry["principal"].removeprefix(TEAM)[:2]: entry["outcome"] for entry in developers["principals"]}
    assert len(outcomes) == 15
    special = {"07": "will_break", "11": "will_break", "12": "may_break"}
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "safe"} == special
    assert developers["counts"] == {"will_break": 2, "may_break": 1, "no_evidence": 0, "safe": 12}
    assert (developers["outcome"], developers["passes"], developers["changed"]) == ("will_break", False, False)
    assert developers["blocked"] == [f"{TEAM}{number}-role" for number in ("07", "11", "12")]


@pytest.mark.parametrize(
    ("number", "action", "resource", "outcome"),
    [
        ("07", "lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{DEV}:function:invoices", "will_break"),
        ("11", "sts:AssumeRole", f"arn:aws:iam::{DEV}:role/support", "will_break"),
        ("12", "iam:PutRolePolicy", f"arn:aws:iam::{DEV}:role/app/orders", "may_break"),
    ],
)
def test_what_breaks_is_named(developers: Record, number: str, action: str, resource: str, outcome: str) -> None:
    (entry,) = (entry for entry in developers["principals"] if entry["principal"] == f"{TEAM}{number}-role")
    (use,) = entry["uses"]
    assert (use["action"], use["resource"], use["outcome"]) == (action, resource, outcome)
    assert use["source"] == "event_history"


def test_calls_of_unknown_context_stand_apart(developers: Record) -> None:
    (group,) = (group for group in developers["impact"]["groups"] if group["unknown_context"])
    assert (group["name"], group["may_break"]) == ("dev-team-12-role", [])
    (item,) = group["unknown_context"]
    assert item["missing_context"] == ["iam:PermissionsBoundary"]


def test_who_fares_alike_is_one_group(developers: Record) -> None:
    *_others, safe = developers["impact"]["groups"]
    assert safe["name"] == "dev-team-{01..06,08..10,13..15}-role"
    assert (safe["count"], safe["outcome"], safe["safe"]) == (12, "safe", ["dynamodb", "iam", "lambda", "s3"])


IN_ONE_REGION: t.Final = statement(
    "*", effect="Deny", Condition={"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
)


@pytest.mark.parametrize(
    ("more", "regions", "outcome"),
    [
        pytest.param([IN_ONE_REGION], ["us-east-1"], "may_break", id="of one region, and nothing known of the others"),
        pytest.param([], ["us-east-1"], "safe", id="in the regions that are in use"),
        pytest.param([IN_ONE_REGION], ["enabled"], "safe", id="of one region, and all were read"),
    ],
)
def test_what_is_safe_in_one_region_need_not_be_in_those_that_were_not_read(
    acme: Seeded, more: list[Record], regions: list[str], outcome: str
) -> None:
    boundary = {**BOUNDARY, "Statement": [*BOUNDARY["Statement"], *more]}
    result = predict(acme, principals=["dev-team-01-role"], boundary=boundary, regions=regions)
    lambda_uses = [use for use in result["principals"][0]["uses"] if use["action"].startswith("lambda:Update")]
    assert {use["outcome"] for use in lambda_uses} == ({outcome} if outcome != "safe" else set())


@pytest.mark.parametrize(("regions", "is_safe"), [(["enabled"], False), ([], False), (["us-east-1"], True)])
def test_enabled_regions_that_aws_does_not_list_are_not_taken_for_all(
    acme: Seeded, monkeypatch: pytest.MonkeyPatch, regions: list[str], is_safe: bool
) -> None:
    """A list says where an account works. Without one, and without AWS's answer, the other regions are unknown."""

    def refuse(_self: Access) -> tuple[str, ...]:
        raise AwsError("not authorized", service="ec2", operation="DescribeRegions", region="us-east-1")

    monkeypatch.setattr(Access, "enabled_regions", property(refuse))
    result = predict(acme, principals=["dev-team-01-role"], boundary=BOUNDARY, regions=regions)
    outcomes = {use["outcome"] for use in result["principals"][0]["uses"] if use["action"].startswith("lambda:Update")}
    assert outcomes == (set() if is_safe else {"may_break"})


def test_every_verdict_says_what_it_rests_on(developers: Record) -> None:
    for entry in developers["principals"]:
        assert entry["evidence"]["sources"] == ["last_accessed", "event_history"]
        assert entry["evidence"]["window_days"] == 400
        assert "last_accessed: up to 4 hours" in entry["evidence"]["lag"]
        assert any("iam:PassRole" in spot for spot in entry["evidence"]["blind_spots"])


def test_the_terminal_shows_it(developers: Record) -> None:
    text = developers["terminal"]
    assert "Principals: 2 will break, 1 may break, 12 safe" in text
    assert "12 roles: dev-team-{01..06,08..10,13..15}-role: SAFE\n  safe for dynamodb, iam, lambda, s3" in text
    assert "service last accessed: 400 days" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_denied_call_is_no_use(developers: Record) -> None:
    """dev-team-15-role was denied ec2:RunInstances."""
    assert "ec2" not in json.dumps(developers["impact"]["groups"])


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        ({"event_history": False}, {"may_break": 2}),
        ({"event_history": False, "boundary": document(statement("*"))}, {"safe": 2}),
        ({"event_history": False, "boundary": document(statement("ec2:*"))}, {"will_break": 2}),
        (
            {
                "event_history": False,
                "boundary": document(
                    statement("*"), statement("lambda:*", "arn:aws:lambda:*:*:function:ops-*", "Deny")
                ),
            },
            {"may_break": 2},
        ),
        (
            {
                "event_history": False,
                "boundary": document(
                    statement("*"), statement("lambda:*", "arn:aws:lambda:*:*:function:ops-*", "Deny")
                ),
                "unused_resources": ["arn:aws:lambda:*:*:function:ops-*"],
            },
            {"safe": 2},
        ),
    ],
    ids=[
        "dates alone do not tell the functions",
        "all kept",
        "all lost",
        "a denial somewhere",
        "where nothing is used",
    ],
)
def test_by_service_last_accessed_alone(acme: Seeded, options: Record, outcomes: dict[str, int]) -> None:
    result = predict(acme, principals=["dev-team-01-role", "dev-team-02-role"], **{"boundary": BOUNDARY, **options})
    assert {name: count for name, count in result["counts"].items() if count} == outcomes, result


def test_breakage_is_accepted_by_name(acme: Seeded) -> None:
    accepted = [
        {
            "principal": name,
            "reason": "agreed",
            "expires": (datetime.now(UTC) + timedelta(days=days)).date().isoformat(),
        }
        for name, days in (
            ("dev-team-07-role", 30),
            (f"{TEAM}11-role", 1),
            ("dev-team-12-role", -1),
            ("dev-team-01-role", 9),
        )
    ]
    principals = [f"dev-team-{number}-role" for number in ("07", "11", "12", "01")]
    result = predict(acme, principals=principals, boundary=BOUNDARY, accept_breakage=accepted)
    assert (result["passes"], result["blocked"]) == (False, [f"{TEAM}12-role"])
    assert [group["accepted"] is not None for group in result["impact"]["groups"]] == [True, True, False, False]
    assert "accepted until" in result["terminal"]
    assert len(result["warnings"]) == 2


# Other changes, in an account where everybody is told apart.


STRUCTURE: t.Final[Record] = {
    "organization": {"id": "o-small12345"},
    "accounts": {
        MANAGEMENT: {"name": "management"},
        SMALL: {
            "name": "small",
            "policies": {
                "Reader": {"document": document(statement("s3:Get*"), statement("sqs:*"))},
                "Unused": {"document": document(statement("s3:*"))},
            },
            "groups": {"readers": {"policies": ["Reader"]}},
            "users": {
                "alice": {
                    "policies": ["Reader"],
                    "inline": {"queues": document(statement("sns:*"))},
                    "last_accessed": {"sqs": {"days": 1}, "sns": {"days": 2}},
                    "access_keys": [{}],
                },
                "bob": {"groups": ["readers"], "last_accessed": {"sqs": {"days": 1}}},
                "carol": {"policies": ["Reader"]},
            },
            "roles": {
                "assessor": {
                    "path": "/iam-hardening/",
                    "policies": ["aws:AdministratorAccess"],
                    "trust": {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
                            "Action": "sts:AssumeRole",
                        },
                    },
                },
            },
            "service_linked_roles": ["support.amazonaws.com"],
            "regions": {"us-east-1": {"calls": [{"principal": "user/alice", "call": "sqs:CreateQueue", "count": 60}]}},
        },
    },
}


@pytest.fixture
def small() -> t.Iterator[Seeded]:
    with serving(STRUCTURE) as seeded:
        yield seeded


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        ({"detach_policies": ["Reader"]}, {"alice": "will_break", "bob": "safe"}),
        ({"detach_policies": [READER]}, {"alice": "will_break", "bob": "safe"}),
        ({"detach_policies": ["queues"]}, {"alice": "will_break", "bob": "safe"}),
        ({"detach_policies": ["Reader"], "attach_policies": [READER]}, {"alice": "safe", "bob": "safe"}),
        (
            {"detach_policies": ["Reader"], "attach_policies": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"]},
            {"alice": "safe", "bob": "safe"},
        ),
        (
            {"replace_policies": [{"policy": READER, "document": document(statement("s3:Get*"))}]},
            {"alice": "will_break", "bob": "will_break"},
        ),
        (
            {"replace_policies": [{"policy": "Reader", "document": document(statement("sqs:*"))}]},
            {"alice": "safe", "bob": "safe"},
        ),
        ({"boundary": READER}, {"alice": "will_break", "bob": "safe"}),
        ({"boundary": f"arn:aws:iam::{SMALL}:policy/Unused"}, {"alice": "will_break", "bob": "will_break"}),
        ({"boundary": "arn:aws:iam::aws:policy/PowerUserAccess"}, {"alice": "safe", "bob": "safe"}),
        ({"scps": [document(statement("sns:*", effect="Deny"))]}, {"alice": "will_break", "bob": "safe"}),
        ({"session_policies": [document(statement("sqs:*"))]}, {"alice": "will_break", "bob": "safe"}),
    ],
    ids=[
        "detached by name",
        "detached by ARN",
        "an inline policy",
        "attached again",
        "attached instead",
        "replaced for members of a group too",
        "replaced by one that keeps what is used",
        "a boundary by ARN",
        "a boundary that nobody has yet",
        "a boundary of AWS's",
        "an SCP",
        "a session policy",
    ],
)
def test_changes(small: Seeded, options: Record, outcomes: dict[str, str]) -> None:
    result = predict(small, SMALL, principals=["alice", "bob"], **options)
    assert not result.get("failed"), result
    found = {entry["principal"].rpartition("/")[2]: entry["outcome"] for entry in result["principals"]}
    assert found == outcomes, result["terminal"]


def test_no_data_never_means_unused(small: Seeded) -> None:
    result = predict(small, SMALL, principals=["carol"], boundary=document(statement("s3:*")))
    (entry,) = result["principals"]
    assert (entry["outcome"], result["passes"]) == ("no_evidence", False)
    assert "but it may still be needed" in entry["summary"]


def test_event_history_of_few_users_is_asked_by_name_and_cut_where_the_option_says(small: Seeded) -> None:
    result = predict(
        small, SMALL, principals=["alice"], boundary=document(statement("sqs:*")), event_history_max_pages=1
    )
    (history,) = (read for read in result["impact"]["evidence"] if read["source"] == "event_history")
    assert history["records"] == 50
    assert any("the 50 newest events of the event history" in spot for spot in result["impact"]["blind_spots"])


def test_log_files_are_read_first(small: Seeded, tmp_path: Path) -> None:
    alice = f"arn:aws:iam::{SMALL}:user/alice"
    record = {
        "userIdentity": {"type": "IAMUser", "arn": alice, "userName": "alice"},
        "eventTime": (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventType": "AwsApiCall",
        "requestParameters": {"bucketName": "data", "key": "k"},
    }
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))
    result = predict(
        small,
        SMALL,
        principals=["alice"],
        boundary=document(statement(["sqs:*", "sns:*"])),
        trail_logs=str(tmp_path / "logs"),
    )
    (entry,) = result["principals"]
    assert entry["evidence"]["sources"] == ["trail", "last_accessed", "event_history"]
    (use,) = entry["uses"]
    assert (use["action"], use["resource"], use["source"]) == ("s3:GetObject", "arn:aws:s3:::data/k", "trail")


def test_log_files_that_can_not_be_read_are_told_of(small: Seeded, tmp_path: Path) -> None:
    result = predict(
        small, SMALL, principals=["alice"], boundary=document(statement("sqs:*")), trail_logs=str(tmp_path / "none")
    )
    assert "NOT READ for 1 of 1 principals: no events in" in re.sub(r"\s+", " ", result["terminal"])


def test_roles_that_nobody_can_change_are_left_out(small: Seeded) -> None:
    result = predict(small, SMALL, principals=["*"], boundary=document(statement("*")))
    (skipped,) = result["impact"]["skipped"]
    assert "service-linked role" in skipped["reason"]
    assert "not judged: arn:aws:iam::222233334444:role/aws-service-role/support" in re.sub(
        r"\s+", " ", result["terminal"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no change is given"),
        ({"boundary": document(statement("s3:*")), "principals": ["nobody*"]}, "principals: 'nobody*' matches no user"),
        ({"boundary": {"Version": "2012-10-17"}}, "boundary"),
        (
            {"boundary": f"arn:aws:iam::{SMALL}:policy/none"},
            f"boundary: there is no policy arn:aws:iam::{SMALL}:policy/none",
        ),
        ({"scps": ["{"]}, "scps[0]"),
        ({"detach_policies": ["x"], "trail_days": 0}, "trail_days: 0 is not a number from 1 to 3650"),
        ({"detach_policies": ["x"], "event_history_max_pages": 0}, "event_history_max_pages: 0"),
        ({"detach_policies": ["x"], "unused_resources": ["bucket"]}, "unused_resources: 'bucket' is not the ARN"),
        (
            {"detach_policies": ["x"], "accept_breakage": [{"principal": "*", "reason": "r", "expires": "2026-12-31"}]},
            "accept_breakage[0].principal: '*' is a pattern",
        ),
        ({"detach_policies": ["x"], "account_id": DEV}, f"account_id: {DEV} is not the account of"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_refused_by_name(small: Seeded, options: Record, message: str) -> None:
    result = predict(small, SMALL, **{"principals": ["alice"], **options})
    assert result.get("failed"), result
    assert message in result["msg"]


def test_a_policy_that_nobody_has_is_warned_of(small: Seeded) -> None:
    result = predict(small, SMALL, principals=["alice"], detach_policies=["Raeder"])
    assert result["outcome"] == "safe"
    assert any("Raeder is not a policy of any of the principals" in warning for warning in result["warnings"])


@pytest.mark.parametrize(("wanted", "uses"), [("none", 0), ("unsafe", 1), ("all", 2)])
def test_uses_are_returned_as_asked(small: Seeded, wanted: str, uses: int) -> None:
    options = {"boundary": document(statement("sqs:*")), "event_history": False, "return_uses": wanted}
    result = predict(small, SMALL, principals=["alice"], terminal="none", **options)
    assert len(result["principals"][0]["uses"]) == uses
    assert "terminal" not in result


def test_every_documented_key_is_returned_and_no_other(developers: Record) -> None:
    documented = yaml.safe_load(RETURN)
    assert set(documented) == set(developers) - {"changed", "terminal"}
    entry = next(entry for entry in developers["principals"] if entry["uses"])
    assert set(documented["principals"]["contains"]) == set(entry)
    assert set(documented["principals"]["contains"]["uses"]["contains"]) == set(entry["uses"][0])
    assert set(documented["principals"]["contains"]["evidence"]["contains"]) == set(entry["evidence"])


def test_relative_places_start_where_ansible_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = absolute_documents(
        {
            "boundary": "b.json",
            "attach_policies": [READER, "a.json", {"Statement": []}],
            "replace_policies": [{"policy": "p", "document": "r.yml"}, "odd"],
            "principals": ["x"],
        }
    )
    assert found == {
        "boundary": str(tmp_path / "b.json"),
        "attach_policies": [READER, str(tmp_path / "a.json"), {"Statement": []}],
        "replace_policies": [{"policy": "p", "document": str(tmp_path / "r.yml")}, "odd"],
    }
    assert absolute_documents({"boundary": READER}) == {"boundary": READER}


# exclude_evidence


def test_calls_of_an_incident_do_not_count_and_the_result_says_so(acme: Seeded) -> None:
    """The date of last access stays: nobody knows whether it is of one of the ignored calls."""
    entry = {"since": "2020-01-01T00:00:00Z", "incident": "INC-42", "reason": "a stolen session"}
    result = predict(
        acme, principals=["dev-team-07-role"], boundary=BOUNDARY, return_uses="all", exclude_evidence=[entry]
    )
    (role,) = result["principals"]
    assert role["outcome"] == "may_break"
    assert {use["source"] for use in role["uses"]} == {"last_accessed"}
    assert any("events were left out: INC-42 (a stolen session)" in spot for spot in role["evidence"]["blind_spots"])


def test_an_entry_that_leaves_out_everything_is_refused(acme: Seeded) -> None:
    result = predict(acme, principals=["dev-team-07-role"], boundary=BOUNDARY, exclude_evidence=[{"reason": "x"}])
    assert result["failed"]
    assert result["msg"].startswith("exclude_evidence[0]: it would leave out all evidence.")
