# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What least_privilege refuses: forged and missing records, slots that somebody filled, other roles and layers.

And what ends by itself: trials, whatever run comes next.
"""

from __future__ import annotations

import json
import shutil
import typing as t
from collections.abc import Callable, Iterator

import pytest

from dates import date_in
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record
from .right_sizing import ADMIN, CANARY, COMPANION, PEOPLE, SMALL_TARGETS, SmallBench, accept, rules, states, use

OPEN: t.Final[Record] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRIAL: t.Final = f"arn:aws:iam::{MANAGEMENT}:policy/iam-hardening/lp/lp-job-trial"
STAGES: t.Final = ("assess", "generate", "prepare", "canary")


@pytest.fixture(scope="module")
def prepared(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, t.Any]]:
    """The account before each of the stages up to canary, and after it."""
    with use(emulator) as control:
        bench = SmallBench(control, tmp_path_factory.mktemp("size"))
        bench.make_base()
        kept: dict[str, t.Any] = {"bench": bench}
        for stage in STAGES:
            kept[stage] = bench.keep()
            bench.run(stage)
        kept["after"] = bench.keep()
        yield kept


@pytest.fixture
def at(prepared: dict[str, t.Any]) -> Callable[[str], SmallBench]:
    """Bring the account to where a stage is next."""

    def bring(stage: str) -> SmallBench:
        bench: SmallBench = prepared["bench"]
        bench.back_to(prepared[stage])
        return bench

    return bring


At = Callable[[str], SmallBench]


def assert_refused(bench: SmallBench, stage: t.Optional[str], role: str, rule: str, reason: str = "") -> Record:
    """A run of a stage refuses a role for a reason, and writes nothing about it."""
    bench.control.clear_log()
    result = bench.run(stage)
    found = {item["rule"]: item["reason"] for item in result["refused"] if item["target"].endswith(f"/{role}")}
    assert rule in found, result["refused"]
    assert reason in found[rule]
    assert not [write for write in bench.written if role in write]
    return result


def change_record(bench: SmallBench, role: str, name: str, fields: Record) -> None:
    """Change the record of a role, as somebody can who may write to the journal."""
    (path,) = (bench.journal / "campaigns" / MANAGEMENT / "developers" / role).glob(f"*-{name}.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, **fields}), encoding="utf-8")


@pytest.mark.parametrize(
    "fields",
    [
        {"role_id": "AROAANOTHERROLE00001"},
        {"account_id": "999988887777"},
        {"campaign": "other"},
        {"at": "2099-01-01T00:00:00Z"},
        {"event": "watched"},
    ],
    ids=["id", "account", "campaign", "future", "kind"],
)
def test_a_forged_record_is_refused(at: At, fields: Record) -> None:
    bench = at("prepare")
    change_record(bench, "app", "generated", fields)
    result = assert_refused(bench, "prepare", "app", "forged_record", "contradict each other")
    # The other role goes on.
    assert states(result)["job"] == "done"


def test_a_record_of_a_soak_that_never_was_is_refused(at: At) -> None:
    """A copy of an earlier record as the one of the cut-over opens no gate."""
    bench = at("after")
    folder = bench.journal / "campaigns" / MANAGEMENT / "developers" / "job"
    (opened,) = folder.glob("*-opened.json")
    record = json.loads(opened.read_text(encoding="utf-8"))
    number = int(opened.name.partition("-")[0]) + 1
    forged = folder / f"{number:06d}-cut_over.json"
    forged.write_text(json.dumps({**record, "event": "cut_over", "number": number}), encoding="utf-8")
    assert rules(bench.run("watch"))["job"] == "forged_record"


def test_a_changed_document_is_refused(at: At) -> None:
    bench = at("prepare")
    folder = bench.journal / "campaigns" / MANAGEMENT / "developers" / "app" / "documents"
    for path in folder.iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("s3:GetObject", "iam:*"), encoding="utf-8")
    assert_refused(bench, "prepare", "app", "no_documents", "its hash is another")


def test_an_emptied_store_is_refused(at: At) -> None:
    bench = at("after")
    shutil.rmtree(bench.journal / "campaigns")
    result = bench.run("assess")
    assert rules(result) == {"app": "store_emptied", "job": "store_emptied"}
    # The way back of the trial needs no records.
    bench.approve("revert", revert=["job"])
    assert bench.boundary("job") is None


def fill_boundary(bench: SmallBench) -> None:
    bench.iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(OPEN))
    bench.iam.put_role_permissions_boundary(RoleName="job", PermissionsBoundary=f"arn:aws:iam::{MANAGEMENT}:policy/own")


def fill_role(bench: SmallBench) -> None:
    bench.iam.create_role(RoleName="app-lp", AssumeRolePolicyDocument=json.dumps(PEOPLE))


def fill_policy(bench: SmallBench) -> None:
    bench.iam.create_policy(PolicyName="lp-app-1", Path="/iam-hardening/lp/", PolicyDocument=json.dumps(OPEN))


def fill_attachments(bench: SmallBench) -> None:
    most = bench.iam.get_account_summary()["SummaryMap"]["AttachedPoliciesPerRoleQuota"]
    for number in range(most - len(bench.attached("job"))):
        arn = bench.iam.create_policy(PolicyName=f"own-{number}", PolicyDocument=json.dumps(OPEN))["Policy"]["Arn"]
        bench.iam.attach_role_policy(RoleName="job", PolicyArn=arn)


@pytest.mark.parametrize(
    ("fill", "stage", "role", "reason"),
    [
        (fill_role, "prepare", "app", "the name of the new role is taken"),
        (fill_policy, "prepare", "app", "no campaign made it; delete it"),
    ],
)
def test_a_name_that_somebody_took_is_refused(
    at: At, fill: Callable[[SmallBench], None], stage: str, role: str, reason: str
) -> None:
    bench = at(stage)
    fill(bench)
    result = assert_refused(bench, stage, role, "slot_filled", reason)
    assert states(result)[role] == "refused"


def test_a_boundary_that_somebody_set_is_refused(at: At) -> None:
    """It limits the role, so the documents were made for other layers as well."""
    bench = at("canary")
    fill_boundary(bench)
    result = bench.run("canary")
    assert rules(result)["job"] in {"slot_filled", "layers_changed"}
    bench.run("generate")
    bench.run("prepare")
    assert_refused(bench, "canary", "job", "slot_filled", "a trial needs its place")


def test_a_role_without_room_for_more_policies_is_refused(at: At) -> None:
    bench = at("after")
    fill_attachments(bench)
    bench.wait(CANARY + 1)
    assert_refused(bench, "cut_over", "job", "slot_filled", "managed policies at a time")


def test_a_role_that_was_created_again_is_refused(at: At) -> None:
    bench = at("canary")
    for arn in bench.attached("job"):
        bench.iam.detach_role_policy(RoleName="job", PolicyArn=arn)
    bench.iam.delete_role(RoleName="job")
    bench.iam.create_role(RoleName="job", AssumeRolePolicyDocument=json.dumps(PEOPLE))
    bench.iam.attach_role_policy(RoleName="job", PolicyArn=ADMIN)
    assert_refused(bench, "canary", "job", "role_recreated", "created again")
    # The revert gives the new role nothing.
    bench.run("revert", revert=["job"])
    assert bench.attached("job") == [ADMIN]


# Another campaign


def test_a_second_campaign_on_a_role_is_refused(at: At) -> None:
    bench = at("after")
    second: Record = {"campaign": "second", "targets": SMALL_TARGETS}
    for stage in ("assess", None):
        result = bench.run(stage, **second)
        assert rules(result) == {"app": "other_campaign", "job": "other_campaign"}
        assert "campaign developers has the role under way" in result["refused"][0]["reason"]
    assert not (bench.journal / "campaigns" / MANAGEMENT / "second").exists()
    # Days that it declares are none of the trial of the first one.
    bench.wait(6)
    bench.run(None, **second, canary_days=3, trial_days=4)
    bench.run("revert", **second, revert=["*"])
    assert (bench.writes, bench.boundary("job")) == ([], TRIAL)
    shutil.rmtree(bench.journal / "campaigns")
    result = bench.run("assess", **second)
    assert rules(result) == {"app": "other_campaign", "job": "other_campaign"}
    assert "by its tags campaign developers made" in json.dumps(result["refused"])


# Trials end by themselves


@pytest.mark.parametrize("stage", ["assess", "generate", "prepare", "canary", "watch", "retire", None])
def test_a_run_of_any_stage_ends_an_overdue_trial(at: At, stage: t.Optional[str]) -> None:
    bench = at("after")
    assert bench.boundary("job") == TRIAL
    bench.wait(22)
    result = bench.run(stage)
    assert bench.boundary("job") is None
    assert states(result)["job"] == "lifted"


@pytest.mark.parametrize("stage", ["assess", None])
def test_a_run_of_another_campaign_ends_it_too(at: At, stage: t.Optional[str]) -> None:
    bench = at("after")
    other = [{"roles": ["app"], "way": "by_owner", "canary": True}]
    bench.wait(20)
    bench.run(stage, campaign="other", targets=other, accept_machines=[])
    assert bench.boundary("job") == TRIAL
    bench.wait(2)
    planned = bench.run(stage, campaign="other", targets=other, accept_machines=[], check=True)
    assert [change["operation"] for change in planned["changes"]] == ["DeleteRolePermissionsBoundary"]
    bench.run(stage, campaign="other", targets=other, accept_machines=[])
    assert bench.boundary("job") is None
    assert states(bench.run(None))["job"] == "lifted"


def test_an_approved_plan_keeps_no_trial_beyond_its_deadline(at: At) -> None:
    """The deadline is a safety device. Nothing else is made that the plan does not have."""
    bench = at("after")
    plan = bench.run("revert", revert=["app"], check=True)["plan_sha256"]
    bench.wait(22)
    bench.control.clear_log()
    result = bench.run("revert", revert=["app"], approved_plan=plan)
    assert (bench.boundary("job"), states(result)["job"]) == (None, "lifted")
    # The new role is to be deleted now, which nobody approved.
    assert rules(result)["app-lp"] == "approved_plan"
    assert bench.writes == ["iam:DeleteRolePermissionsBoundary"]


def test_a_trial_without_records_ends_as_well(at: At) -> None:
    bench = at("after")
    shutil.rmtree(bench.journal / "campaigns")
    bench.wait(91)
    bench.run(None, campaign="other", targets=[], accept_machines=[])
    assert bench.boundary("job") is None


def test_a_revert_of_a_role_that_got_an_owner_says_what_the_owner_has_to_do(replaced: dict[str, t.Any]) -> None:
    bench: SmallBench = replaced["bench"]
    bench.back_to(replaced["replaced"])
    owned: Record = {"owners": [{"arn": f"arn:aws:iam::{MANAGEMENT}:role/job", "owner": "team payments"}]}
    for check in (True, False):
        result = bench.run("revert", revert=["job"], check=check, **owned)
        assert "foreign_owner" in {item["rule"] for item in result["refused"]}
        (role,) = (item for item in result["campaign"]["roles"] if item["role"].endswith("/job"))
        assert (role["state"], role["rule"]) == ("refused", "foreign_owner")
        assert "role job belongs to team payments" in role["reason"]
        assert "Let the owner do it: attach" in role["reason"] and "AdministratorAccess to role job" in role["reason"]
        assert "AdministratorAccess to role job" in result["terminal"].replace("\n    ", " ")
    assert bench.writes == []
    # The owner has done it. The rest is ours.
    for arn in bench.attached("job"):
        bench.iam.detach_role_policy(RoleName="job", PolicyArn=arn)
    for name in ("AdministratorAccess", "AmazonS3FullAccess"):
        bench.iam.attach_role_policy(RoleName="job", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    assert states(bench.run("revert", revert=["job"], **owned))["job"] == "reverted"
    assert not [item["PolicyName"] for item in bench.iam.list_policies(Scope="Local")["Policies"] if "job" in str(item)]


# Denials, extensions, and acceptances


@pytest.fixture(scope="module")
def replaced(prepared: dict[str, t.Any]) -> dict[str, t.Any]:
    """The account after the cut-over."""
    bench: SmallBench = prepared["bench"]
    bench.back_to(prepared["after"])
    bench.wait(CANARY + 1)
    result = bench.approve("cut_over")
    assert set(states(result).values()) == {"soaking"}
    return {**prepared, "replaced": bench.keep()}


def test_a_new_denial_holds_the_watch_until_a_person_accepts_it(replaced: dict[str, t.Any]) -> None:
    """It is of what was never used: a missing companion, or a probe. The run can't know which."""
    bench: SmallBench = replaced["bench"]
    bench.back_to(replaced["replaced"])
    bench.wait(CANARY + 1)
    why = "because no identity-based policy allows the secretsmanager:GetSecretValue action"
    bench.write_logs(1, [bench.make_denial("job", "secretsmanager:GetSecretValue", why)])
    assert_refused(bench, "watch", "job", "new_denial", "secretsmanager:GetSecretValue")
    accepted = accept("job", action="secretsmanager:GetSecretValue")
    assert states(bench.run("watch", accept_denials=accepted))["job"] == "done"
    assert rules(bench.run("retire"))["job"] == "new_denial"


def test_a_canary_that_nobody_used_holds_every_cut_over(at: At) -> None:
    """Nobody moved to the new role, so its documents are tested by nobody."""
    bench = at("after")
    bench.wait(CANARY + 1, users=["app", "job"])
    result = bench.run("cut_over", check=True)
    assert rules(result) == {"app": "canary_failed", "job": "canary_failed"}
    assert "role/app: no call of it was recorded" in result["refused"][0]["reason"]
    assert states(bench.approve("cut_over", accept_unused=accept("app")))["app"] == "soaking"


def test_a_forged_record_of_a_revert_is_refused(replaced: dict[str, t.Any]) -> None:
    """By the records the role has its old policies back. The forger hides that it lost them, or wants no revert."""
    bench: SmallBench = replaced["bench"]
    bench.back_to(replaced["replaced"])
    folder = bench.journal / "campaigns" / MANAGEMENT / "developers" / "job"
    (last,) = folder.glob("*-cut_over.json")
    number = int(last.name.partition("-")[0]) + 1
    record = {**json.loads(last.read_text(encoding="utf-8")), "event": "reverted", "soak_days": None}
    (folder / f"{number:06d}-reverted.json").write_text(json.dumps(record), encoding="utf-8")
    for stage in ("assess", "watch", None):
        assert_refused(bench, stage, "job", "forged_record", "it has policies of the campaign")
    bench.approve("revert", revert=["job"])
    assert bench.attached("job") == [ADMIN, "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
    assert states(bench.run("assess"))["job"] == "done"


def test_policies_of_earlier_and_more_documents_are_deleted_by_a_revert(at: At) -> None:
    bench = at("generate")
    keys = [f"arn:aws:kms:us-east-1:{MANAGEMENT}:key/{number:08d}-12ab-34cd-56ef-1234567890ab" for number in range(120)]
    fields = {"owner": "team", "reason": "test", "expires": date_in(200)}
    many = [{"name": "keys", "actions": ["kms:GenerateDataKey"], "resources": keys, **fields}]
    bench.run("generate", always_allow=many)
    bench.run("prepare", always_allow=many)
    before = bench.attached("app-lp")
    bench.run("generate")
    bench.run("prepare")
    assert set(bench.attached("app-lp")) < set(before)
    bench.wait(2)
    bench.approve("revert", revert=["*"])
    assert bench.state() == bench.base_state


def test_documents_are_extended_within_the_old_policies_of_the_journal(replaced: dict[str, t.Any]) -> None:
    """The live role no longer has AdministratorAccess, so the ceiling comes from the journal."""
    bench: SmallBench = replaced["bench"]
    bench.back_to(replaced["replaced"])
    always = [COMPANION]
    result = bench.run("generate", always_allow=always)
    assert states(result)["job"] == "done", result["refused"]
    bench.run("prepare", always_allow=always)
    assert "kms:GenerateDataKey" in json.dumps(bench.documents("job"))


def test_acceptances_that_nobody_needs_are_warned_of(at: At) -> None:
    bench = at("generate")
    result = bench.run("generate", accept_machines=accept("nobody"), check=True)
    assert any("nobody" in text for text in result["warnings"])


def test_targets_can_be_exchanged_for_no_other_way(at: At) -> None:
    bench = at("prepare")
    targets = [{**SMALL_TARGETS[0], "way": "in_place"}, SMALL_TARGETS[1]]
    assert rules(bench.run("prepare", targets=targets))["app"] == "way_changed"
