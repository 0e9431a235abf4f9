# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Against the emulator, over HTTP, as a playbook would."""

from __future__ import annotations

import json
import logging
import time
import traceback
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws import access as access_module
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access, Identity, Reach
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    RegionDenied,
    Throttled,
    Unparsable,
    Unreachable,
    Unsupported,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import FenceError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from emulator.client import Emulator

from .conftest import ASSESSOR, AUTOMATION, EXTERNAL_ID, MakeAccess, operations_of

READS = [
    ("iam", "GetAccountSummary"),
    ("accessanalyzer", "ListAnalyzers"),
    ("config", "DescribeConfigurationRecorders"),
]
each_protocol = pytest.mark.parametrize(("service", "operation"), READS)

# Who is calling, and in which role


def test_nothing_is_sent_before_the_first_call(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(assume_role_arn=AUTOMATION, assume_role_external_id=EXTERNAL_ID)
    assert (access.region, access.home_region, access.partition) == ("us-east-1", "us-east-1", "aws")
    assert emulator.log() == []


def test_without_a_role_the_caller_is_the_owner_of_the_credentials(make_access: MakeAccess) -> None:
    access = make_access()
    assert access.caller.account_id == "111122223333"
    assert access.chain == (access.caller.arn,)


@pytest.mark.parametrize(
    ("check_mode", "roles", "expected"),
    [
        (True, {"assume_role_arn": AUTOMATION, "assessor_role_arn": ASSESSOR}, ASSESSOR),
        (True, {"assume_role_arn": AUTOMATION}, AUTOMATION),
        (True, {"assessor_role_arn": ASSESSOR}, ASSESSOR),
        (False, {"assume_role_arn": AUTOMATION, "assessor_role_arn": ASSESSOR}, AUTOMATION),
        (False, {"assessor_role_arn": ASSESSOR}, None),
    ],
)
def test_the_role_is_that_of_the_mode(
    check_mode: bool, roles: dict[str, str], expected: t.Optional[str], make_access: MakeAccess
) -> None:
    access = make_access(check_mode=check_mode, assume_role_external_id=EXTERNAL_ID, **roles)
    assert access.role_arn == expected
    assert access.caller.account_id == ("222233334444" if expected else "111122223333")


def test_the_chain_names_every_principal_on_the_way(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(
        assessor_role_arn=ASSESSOR,
        assume_role_external_id=EXTERNAL_ID,
        assume_role_session_name="a-session",
        assume_role_source_identity="alice",
        assume_role_duration=1800,
    )
    session = "arn:aws:sts::222233334444:assumed-role/assessor/a-session"
    assert access.caller == Identity(account_id="222233334444", arn=session, user_id=access.caller.user_id)
    assert access.chain == ("arn:aws:iam::111122223333:user/emulator-administrator", ASSESSOR, session)
    (asked,) = (record["parameters"] for record in emulator.log() if record["operation"] == "AssumeRole")
    assert asked["SourceIdentity"] == "alice"
    assert int(asked["DurationSeconds"]) == 1800


def test_the_answer_of_assume_role_says_what_get_caller_identity_would_say(
    make_access: MakeAccess, emulator: Emulator
) -> None:
    roles = {"assessor_role_arn": ASSESSOR, "assume_role_external_id": EXTERNAL_ID}
    caller = make_access(**roles).caller
    assert operations_of(emulator) == ["sts:AssumeRole"]
    asked = make_access(**roles).call("sts", "GetCallerIdentity")
    assert caller == Identity(account_id=asked["Account"], arn=asked["Arn"], user_id=asked["UserId"])


def test_a_role_is_assumed_once_and_by_one_of_many_threads(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID)
    calls: dict[int, t.Callable[[], t.Any]] = {
        number: (lambda: access.caller.arn)
        if number % 2
        else (lambda: access.call("iam", "GetAccountSummary")["SummaryMap"])
        for number in range(8)
    }
    assert not [found for found in access.gather(calls).values() if isinstance(found, AwsError)]
    assert sorted(set(operations_of(emulator))) == ["iam:GetAccountSummary", "sts:AssumeRole"]
    assert operations_of(emulator).count("sts:AssumeRole") == 1


@pytest.mark.parametrize(
    "assumed",
    [
        {},
        {"Arn": "arn:aws:sts::222233334444:assumed-role/assessor/session"},
        {"Arn": "arn:aws:iam::222233334444:role/assessor", "AssumedRoleId": "AROA:session"},
        {"Arn": "", "AssumedRoleId": "AROA:session"},
    ],
)
def test_an_answer_that_names_no_session_is_completed_by_a_call(
    make_access: MakeAccess, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, assumed: dict[str, str]
) -> None:
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID)
    real = access._call

    def call(pool: t.Any, service: str, operation: str, *rest: t.Any) -> dict[str, t.Any]:
        answer = real(pool, service, operation, *rest)
        return {**answer, "AssumedRoleUser": assumed} if operation == "AssumeRole" else answer

    monkeypatch.setattr(access, "_call", call)
    assert access.caller.account_id == "222233334444"
    assert operations_of(emulator) == ["sts:AssumeRole", "sts:GetCallerIdentity"]


class Noted:
    """Notes in memory, with the log of the emulator at each note of a write."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.facts: dict[tuple[str, bool], t.Any] = {}
        self.writes: list[tuple[str, list[str]]] = []

    def recall(self, name: str, *, of_run: bool = False) -> t.Any:
        return self.facts.get((name, of_run))

    def note(self, name: str, value: t.Any, *, of_run: bool = False) -> None:
        self.facts[name, of_run] = value

    def wrote(self, operation: str) -> None:
        self.writes.append((operation, operations_of(self.emulator)))


def noting(access: Access, notes: Noted) -> Access:
    access._open_notes = lambda _access: notes
    return access


def test_in_check_mode_another_module_of_the_run_says_who_calls_and_where(
    make_access: MakeAccess, emulator: Emulator
) -> None:
    notes = Noted(emulator)
    roles = {"assessor_role_arn": ASSESSOR, "assume_role_external_id": EXTERNAL_ID}
    first = noting(make_access(**roles), notes)
    known = (first.caller, first.chain, first.enabled_regions)
    assert operations_of(emulator) == ["sts:AssumeRole", "sts:GetCallerIdentity", "ec2:DescribeRegions"]
    emulator.clear_log()
    second = noting(make_access(**roles), notes)
    assert (second.caller, second.chain, second.enabled_regions) == known
    assert operations_of(emulator) == []
    # Another role, or another session of it, is another caller.
    for other in ({**roles, "assessor_role_arn": AUTOMATION}, {**roles, "assume_role_session_name": "other"}):
        assert noting(make_access(**other), notes).caller != known[0]
    # Credentials are never noted.
    assert "SecretAccessKey" not in repr(notes.facts)
    assert not [fact for fact in notes.facts if "very-secret" in repr(fact)]


def test_a_run_that_writes_asks_who_calls_and_by_which_way(make_access: MakeAccess, emulator: Emulator) -> None:
    notes = Noted(emulator)
    roles = {"assume_role_arn": AUTOMATION, "assume_role_external_id": EXTERNAL_ID}
    known = noting(make_access(check_mode=True, **roles), notes)
    assert known.chain
    emulator.clear_log()
    writer = noting(make_access(check_mode=False, **roles), notes)
    assert writer.chain == known.chain
    assert operations_of(emulator) == ["sts:GetCallerIdentity", "sts:AssumeRole"]


def test_a_write_is_noted_before_it_is_sent_and_when_it_ended(make_access: MakeAccess, emulator: Emulator) -> None:
    notes = Noted(emulator)
    access = noting(make_access(check_mode=False), notes)
    access.call("iam", "CreateUser", {"UserName": "noted"})
    access.call("iam", "GetUser", {"UserName": "noted"})
    access.call("iam", "DeleteUser", {"UserName": "noted"})
    with pytest.raises(NotFound):
        access.call("iam", "DeleteUser", {"UserName": "noted"})
    made, ended = ["iam:CreateUser"], ["iam:CreateUser", "iam:GetUser", "iam:DeleteUser"]
    assert notes.writes == [
        ("iam:CreateUser", []),
        ("iam:CreateUser", made),
        ("iam:DeleteUser", [*made, "iam:GetUser"]),
        ("iam:DeleteUser", ended),
        ("iam:DeleteUser", ended),
        ("iam:DeleteUser", [*ended, "iam:DeleteUser"]),
    ]


def test_a_write_with_other_credentials_may_be_in_any_account(make_access: MakeAccess, emulator: Emulator) -> None:
    notes = Noted(emulator)
    access = noting(make_access(check_mode=False), notes)
    key = {"AccessKeyId": "administrator", "SecretAccessKey": "s", "SessionToken": None}
    other = access.elsewhere(key, Operations(writes=frozenset({"iam:CreateUser", "iam:DeleteUser"})))
    other.call("iam", "CreateUser", {"UserName": "noted"})
    other.call("iam", "DeleteUser", {"UserName": "noted"})
    assert [operation for operation, _log in notes.writes] == [""] * 4


def test_a_refusing_role_is_named_and_no_secret_is_told(
    make_access: MakeAccess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id="wrong-external-id")
    with pytest.raises(AccessDenied, match=f"can't assume {ASSESSOR}") as caught:
        _caller = access.caller
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(access) + repr(vars(access))
    assert "wrong-external-id" not in told
    assert "very-secret-key" not in told


def test_a_secret_that_aws_quotes_is_masked(make_access: MakeAccess, emulator: Emulator) -> None:
    quoting = f"1 validation error detected: Value '{EXTERNAL_ID}' at 'externalId' failed to satisfy constraint"
    emulator.faults([{"kind": "error", "operation": "AssumeRole", "code": "ValidationError", "message": quoting}])
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID)
    with pytest.raises(InvalidRequest, match=r"Value '\*{8}' at 'externalId'") as caught:
        _caller = access.caller
    assert EXTERNAL_ID not in "".join(traceback.format_exception(caught.value))


def test_threads_share_clients_and_one_role_session(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID)
    calls = {number: lambda: access.call("iam", "GetAccountSummary")["SummaryMap"] for number in range(24)}
    results = access.gather(calls)
    assert len(results) == 24
    assert all(result == results[0] for result in results.values())
    assert operations_of(emulator).count("sts:AssumeRole") == 1


# Options that can't work


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"region": "nowhere"}, InvalidRequest, "region: 'nowhere' is not the name of a region"),
        (
            {"region": "us-east-1", "assume_role_arn": "arn:aws-cn:iam::111122223333:role/x"},
            InvalidRequest,
            "assume_role_arn: arn:aws-cn:iam::111122223333:role/x is of the partition aws-cn, and the region us-east-1",
        ),
        ({"aws_config": {"unheard_of": 1}}, InvalidRequest, "aws_config: .*unheard_of"),
    ],
)
def test_they_are_refused_at_once(
    options: dict[str, t.Any], kind: type[AwsError], message: str, make_access: MakeAccess, emulator: Emulator
) -> None:
    with pytest.raises(kind, match=message):
        make_access(**options)
    assert emulator.log() == []


@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_no_such_profile(
    region: str, make_access: MakeAccess, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    with pytest.raises(InvalidCredentials, match="nobody"):
        _caller = make_access(access_key="", secret_key="", profile="nobody", region=region).caller
    assert emulator.log() == []


def test_no_credentials(make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    access = make_access(access_key="", secret_key="")
    with pytest.raises(InvalidCredentials, match="no AWS credentials were found.\nGet some by aws sso login"):
        _caller = access.caller


def test_without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_module, "HAS_BOTO3", False)
    with pytest.raises(InvalidRequest, match="boto3 and botocore are required"):
        Access(AccessOptions(), operations=Operations(), check_mode=True)


# Regions


def test_regions(make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    access = make_access(region="eu-west-1")
    assert access.regions() == access.regions([]) == access.regions(["enabled"]) == access.enabled_regions
    assert access.regions(["us-west-2", "us-west-2 "]) == ("us-west-2",)
    assert {"us-east-1", "eu-west-1"} <= set(access.regions(["enabled"]))
    with pytest.raises(InvalidRequest, match="regions: 'Frankfurt'"):
        access.regions(["Frankfurt"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    assert make_access(region="").region == "eu-north-1"


def test_names_of_regions_are_checked_without_a_call(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(region="eu-west-1")
    for requested in (None, [], ["enabled"], ["us-west-2"]):
        access.check_regions(requested)
    with pytest.raises(InvalidRequest, match="regions: 'Frankfurt'"):
        access.check_regions(["Frankfurt"])
    assert emulator.log() == []


def test_reach_knows_which_regions_are_enabled_whatever_is_requested(make_access: MakeAccess) -> None:
    access = make_access(region="eu-west-1")
    for requested in (None, [], ["enabled"]):
        assert access.reach(requested) == Reach(access.enabled_regions, access.enabled_regions)
    assert access.reach(["us-west-2"]) == Reach(("us-west-2",), access.enabled_regions)


def test_reach_without_the_list_of_regions(make_access: MakeAccess, emulator: Emulator) -> None:
    """An assessment goes on with what it knows, unless all enabled regions were asked for by name."""
    emulator.faults([{"kind": "error", "operation": "DescribeRegions", "code": "UnauthorizedOperation", "status": 403}])
    access = make_access(region="eu-west-1")
    reach = access.reach()
    assert (reach.regions, reach.enabled) == (("eu-west-1", "us-east-1"), ())
    assert reach.unread is not None and "ec2:DescribeRegions" in reach.unread
    assert access.reach(["us-west-2"]).regions == ("us-west-2",)
    with pytest.raises(AccessDenied):
        access.reach(["enabled"])


def test_without_a_region_that_of_the_roles_partition(make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert make_access(region="").region == "us-east-1"
    access = make_access(region="", assessor_role_arn="arn:aws-us-gov:iam::111122223333:role/x")
    assert (access.region, access.partition) == ("us-gov-west-1", "aws-us-gov")


def test_global_services_are_called_at_home(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(region="eu-west-1")
    access.call("iam", "GetAccountSummary")
    access.call("accessanalyzer", "ListAnalyzers")
    access.call("accessanalyzer", "ListAnalyzers", region="us-west-2")
    assert [record["region"] for record in emulator.log()] == ["us-east-1", "eu-west-1", "us-west-2"]


# The fence


def test_check_mode_sends_no_write(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access()
    for call in (
        lambda: access.call("iam", "CreateUser", {"UserName": "x"}),
        lambda: access.client("iam").create_user(UserName="x"),
        lambda: list(access.pages("iam", "ListRoles", "Roles")),
    ):
        with pytest.raises(FenceError, match="check mode allows only declared reads"):
            call()
    assert emulator.log() == []


def test_outside_check_mode_declared_writes_pass_and_others_do_not(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(check_mode=False)
    access.call("iam", "CreateUser", {"UserName": "short-lived"})
    access.call("iam", "DeleteUser", {"UserName": "short-lived"})
    with pytest.raises(FenceError, match="not among the operations that the module declares"):
        access.call("iam", "DeleteRole", {"RoleName": "x"})
    assert [record["operation"] for record in emulator.writes()] == ["CreateUser", "DeleteUser"]


def test_a_defect_is_not_gathered_as_an_answer(make_access: MakeAccess) -> None:
    access = make_access()
    with pytest.raises(FenceError):
        access.gather({"defect": lambda: access.call("iam", "CreateUser", {"UserName": "x"})})
    assert access.gather({}) == {}


# Answers


def test_an_answer_comes_without_botocores_own_data(make_access: MakeAccess) -> None:
    assert set(make_access().call("iam", "GetAccountSummary")) == {"SummaryMap"}


def test_the_answer_of_a_write_keeps_the_id_of_its_request(make_access: MakeAccess, emulator: Emulator) -> None:
    """CloudTrail has the same id: a write and its event are held together by it."""
    emulator.record_events()
    access = make_access(check_mode=False)
    answer = access.call("iam", "CreateUser", {"UserName": "new"})
    assert set(answer) == {"User", "ResponseMetadata"}
    with pytest.raises(AwsError) as refused:
        access.call("iam", "CreateUser", {"UserName": "new"})
    events = [json.loads(event["CloudTrailEvent"]) for event in access.items("cloudtrail", "LookupEvents", "Events")]
    ids = {event["requestID"]: event.get("errorCode") for event in events if event["eventName"] == "CreateUser"}
    assert answer["ResponseMetadata"] == {"RequestId": next(name for name, code in ids.items() if code is None)}
    assert refused.value.request_id == next(name for name, code in ids.items() if code)
    assert refused.value.rephrase("in other words").request_id == refused.value.request_id


def test_all_pages_are_read(make_access: MakeAccess, emulator: Emulator) -> None:
    access = make_access(assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID)
    whole = [user["UserName"] for user in access.call("iam", "ListUsers")["Users"]]
    assert len(whole) > 4
    emulator.clear_log()
    assert [user["UserName"] for user in access.items("iam", "ListUsers", "Users", page_size=2)] == whole
    assert len(emulator.log()) == -(-len(whole) // 2)
    # Without a paginator in botocore.
    credentials = access.items(
        "iam", "ListServiceSpecificCredentials", "ServiceSpecificCredentials", {"AllUsers": True}
    )
    assert all(credential["Status"] for credential in credentials)
    assert list(access.items("iam", "ListAccountAliases", "AccountAliases")) == ["acme-prod"]


def test_pages_hold_their_list_and_may_be_empty(make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"NextToken": "a"}, {"Accounts": [], "NextToken": "b"}, {"Accounts": ["x"]}])
    access = make_access()
    monkeypatch.setattr(access, "call", lambda *_arguments, **_options: next(answers))
    assert [page["Accounts"] for page in access.pages("organizations", "ListAccounts", "Accounts")] == [[], [], ["x"]]


def test_a_page_without_the_list_that_aws_promises_is_no_empty_page(
    make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = make_access()
    monkeypatch.setattr(access, "call", lambda *_arguments, **_options: {"IsTruncated": False})
    with pytest.raises(Unparsable, match="the answer has no AccessKeyMetadata"):
        list(access.items("iam", "ListAccessKeys", "AccessKeyMetadata"))


def test_pages_that_repeat_end_in_an_error(make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    access = make_access()
    monkeypatch.setattr(access, "call", lambda *_arguments, **_options: {"Accounts": ["x"], "NextToken": "same"})
    pages = access.pages("organizations", "ListAccounts", "Accounts")
    assert [next(pages)["Accounts"], next(pages)["Accounts"]] == [["x"], ["x"]]
    with pytest.raises(Unparsable, match="same page token twice"):
        next(pages)


# What goes wrong


def test_typed_errors_stand_among_the_results(make_access: MakeAccess, emulator: Emulator) -> None:
    emulator.faults([{"kind": "error", "operation": "ListAnalyzers", "code": "AccessDeniedException", "status": 403}])
    access = make_access()
    results = access.gather(
        {
            "summary": lambda: access.call("iam", "GetAccountSummary"),
            "analyzers": lambda: access.call("accessanalyzer", "ListAnalyzers"),
            "user": lambda: access.call("iam", "GetUser", {"UserName": "nobody"}),
        }
    )
    assert list(results) == ["summary", "analyzers", "user"]
    assert isinstance(results["summary"], dict)
    assert isinstance(results["analyzers"], AccessDenied)
    assert isinstance(results["user"], NotFound)
    assert results["user"].code == "NoSuchEntity"


@each_protocol
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "error", "code": "AccessDenied", "status": 403}, AccessDenied),
        ({"kind": "error", "code": "Throttling", "status": 400}, Throttled),
        ({"kind": "error", "code": "InternalFailure", "status": 500}, Unreachable),
        ({"kind": "drop"}, Unreachable),
        ({"kind": "garbage"}, Unparsable),
        ({"kind": "error", "code": "NotImplemented", "status": 501}, Unsupported),
        ({"kind": "error", "code": "ExpiredToken", "status": 403}, InvalidCredentials),
    ],
    ids=lambda value: value["kind"] + value.get("code", "") if isinstance(value, dict) else "",
)
def test_a_failure_for_ever_is_typed_and_bounded(
    service: str,
    operation: str,
    fault: dict[str, t.Any],
    kind: type[AwsError],
    make_access: MakeAccess,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", _NoSleep())
    emulator.faults([{"service": service, "operation": operation, **fault}])
    access = make_access()
    with pytest.raises(kind) as caught:
        access.call(service, operation)
    assert caught.type is kind
    assert (caught.value.service, caught.value.operation, caught.value.region) == (service, operation, "us-east-1")
    assert len(emulator.log()) <= 60


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "error", "code": "Throttling", "status": 400}, Throttled),
        ({"kind": "error", "code": "ServiceFailure", "status": 500}, Unreachable),
        ({"kind": "drop"}, Unreachable),
        ({"kind": "garbage"}, Unparsable),
    ],
    ids=lambda value: value["kind"] + value.get("code", "") if isinstance(value, dict) else "",
)
def test_a_write_is_sent_once(
    fault: dict[str, t.Any], kind: type[AwsError], make_access: MakeAccess, emulator: Emulator
) -> None:
    """Who planned it reads its target again before another attempt; neither botocore nor the patience may be quicker.

    The option aws_config of the fixture asks for two attempts.
    """
    emulator.faults([{"operation": "CreateUser", **fault}])
    access = make_access(check_mode=False)
    with pytest.raises(kind):
        access.call("iam", "CreateUser", {"UserName": "never-made"})
    assert operations_of(emulator).count("iam:CreateUser") == 1
    assert access.call("iam", "GetAccountSummary")["SummaryMap"]


@each_protocol
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": "InternalFailure", "status": 500, "times": 2},
        {"kind": "drop", "times": 1},
        {"kind": "garbage", "times": 2},
        {"kind": "error", "code": "Throttling", "status": 400, "times": 20},
    ],
    ids=lambda fault: fault["kind"] + fault.get("code", ""),
)
def test_a_failure_that_passes_leaves_no_trace(
    service: str,
    operation: str,
    fault: dict[str, t.Any],
    make_access: MakeAccess,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", _NoSleep())
    access = make_access()
    undisturbed = access.call(service, operation)
    emulator.faults([{"service": service, "operation": operation, **fault}])
    assert access.call(service, operation) == undisturbed


def test_a_region_closed_by_policy_is_a_denial_that_says_so(make_access: MakeAccess, emulator: Emulator) -> None:
    message = "User: x is not authorized to perform: y with an explicit deny in a service control policy"
    emulator.faults([{"kind": "error", "code": "AccessDeniedException", "status": 403, "message": message}])
    with pytest.raises(AccessDenied) as caught:
        make_access().call("accessanalyzer", "ListAnalyzers", region="eu-north-1")
    assert caught.value.is_by_scp
    assert not isinstance(caught.value, RegionDenied)


def test_credentials_unknown_in_one_region_only_mean_the_region(make_access: MakeAccess, emulator: Emulator) -> None:
    emulator.faults([{"kind": "error", "code": "UnrecognizedClientException", "status": 403}])
    access = make_access()
    with pytest.raises(RegionDenied):
        access.call("accessanalyzer", "ListAnalyzers", region="me-south-1")
    with pytest.raises(InvalidCredentials):
        access.call("accessanalyzer", "ListAnalyzers")


def test_what_botocore_does_not_know(make_access: MakeAccess) -> None:
    access = make_access()
    with pytest.raises(Unsupported, match="iam:GetSomethingNew in us-east-1: .* does not know this operation"):
        access.call("iam", "GetSomethingNew")
    with pytest.raises(Unsupported, match="does not know this operation"):
        list(access.pages("iam", "ListSomethingNew", "Somethings"))
    with pytest.raises(Unsupported, match="no-such-service"):
        access.call("no-such-service", "GetSomething")
    with pytest.raises(InvalidRequest, match="NoSuchParameter"):
        access.call("iam", "GetUser", {"NoSuchParameter": "x"})


@pytest.mark.parametrize(("service", "kind"), [("iam", Unreachable), ("accessanalyzer", Unreachable)])
def test_nobody_answers(
    service: str, kind: type[AwsError], make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", _NoSleep())
    access = make_access(endpoint_url="http://127.0.0.1:9")
    operation = dict(READS)[service]
    with pytest.raises(kind, match="Could not connect to the endpoint URL"):
        access.call(service, operation)


def test_nobody_answers_where_the_service_is_not_offered(
    make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", _NoSleep())
    access = make_access(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(Unsupported, match="accessanalyzer has no endpoint in eu-west-9"):
        access.call("accessanalyzer", "ListAnalyzers", region="eu-west-9")


class _NoSleep:
    """The module ``time`` of botocore's endpoint, which there only sleeps between attempts."""

    def __getattr__(self, name: str) -> t.Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        """Not at all."""
