# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on the emulated AWS, through boto3 clients that validate requests and parse answers."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from unit.emulator.seeded import Seeded, account, serving

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module import ownership
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.module_utils._prediction import evidence as prediction
from ansible_collections.hardening.iam.plugins.modules.permissions_boundary import ENTRY, RETURN, argument_spec
from dates import date_in, noon_in
from emulator.extensions.cloudtrail_events import record_call

ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/developer"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
}
# Roles that let nobody in but each other would be a way for nobody.
FROM_OUTSIDE = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
        "Action": "sts:AssumeRole",
    },
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SSO = "AWSReservedSSO_Developers_0123456789abcdef"
NOW = noon_in(1000)

Record = dict[str, t.Any]


def developer(**fields: t.Any) -> Record:
    """A role that used S3 and SQS."""
    used = {"s3": {"days": 3, "actions": {"ListAllMyBuckets": 3}}, "sqs": {"days": 10}}
    return {
        "trust": TRUST,
        "path": "/developers/",
        "policies": ["aws:AdministratorAccess"],
        "last_accessed": used,
        **fields,
    }


def seed(**roles: Record) -> Record:
    """An account with two developers, break-glass, a role of Identity Center, a trail, and more roles."""
    return account(
        roles={
            "dev-1": developer(),
            "dev-2": developer(),
            "break-glass": {"trust": FROM_OUTSIDE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
            SSO: developer(path="/aws-reserved/sso.amazonaws.com/"),
            **roles,
        },
        users={"dave": {"policies": ["aws:AmazonS3ReadOnlyAccess"], "tags": {"team": "dev"}}},
        regions={"us-east-1": {"trails": {"main": {"bucket": "one-trail", "log_group": "trail"}}}},
    )


def document(*services: str, **elements: t.Any) -> Record:
    """A boundary that leaves these services, protects itself, and the trail's bucket."""
    own = ("iam:*PermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [f"{name}:*" for name in services], "Resource": "*", **elements},
            {"Effect": "Deny", "Action": [*own, "iam:CreateUser", "iam:CreateRole"], "Resource": "*"},
            {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "arn:<partition>:s3:::<trail_buckets>/*"},
        ],
    }


def declared(content: t.Any, *targets: Record, **fields: t.Any) -> Record:
    return {"name": "developer", "document": content, "targets": list(targets), **fields}


DEVELOPERS: t.Final = {"path": "/developers/"}
SERVICES: t.Final = ("s3", "sqs")


class Account:
    """An account and the module in it."""

    def __init__(self, directory: Path, seeded: Seeded) -> None:
        self.iam = seeded.client("iam")
        self.endpoint = seeded.endpoint
        self.journal = directory / "journal"
        self.run_number = 0

    def run(self, *boundaries: Record, check_mode: bool = False, **options: t.Any) -> Record:
        self.run_number += 1
        given = {
            "account_id": ACCOUNT,
            "journal": str(self.journal),
            "run_id": str(self.run_number),
            "endpoint_url": self.endpoint,
            "boundaries": list(boundaries),
            "event_history": False,
            "owner_default": "allow",
            "now": NOW,
            **options,
        }
        validation = ArgumentSpecValidator({**aws_argument_spec(), **argument_spec()}).validate(given)
        assert not validation.error_messages
        return execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)

    def done(self, *boundaries: Record, **options: t.Any) -> Record:
        result = self.run(*boundaries, **options)
        assert not result.get("failed"), result
        return result

    @property
    def state(self) -> tuple[t.Any, dict[str, t.Optional[str]]]:
        """What the boundary says, and what each role has as its boundary."""
        try:
            policy = self.iam.get_policy(PolicyArn=BOUNDARY)["Policy"]
            version = self.iam.get_policy_version(PolicyArn=BOUNDARY, VersionId=policy["DefaultVersionId"])
            content = version["PolicyVersion"]["Document"]
        except self.iam.exceptions.NoSuchEntityException:
            content = None
        roles = [self.iam.get_role(RoleName=role["RoleName"])["Role"] for role in self.iam.list_roles()["Roles"]]
        found = {role["RoleName"]: role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for role in roles}
        return content, {name: arn for name, arn in found.items() if name != SSO}


@pytest.fixture
def one(tmp_path: Path) -> t.Iterator[Account]:
    with serving(seed()) as seeded:
        yield Account(tmp_path, seeded)


def four_steps(one: Account, *boundaries: Record, **options: t.Any) -> Record:
    """Check, real, check again, real again; asserts that check mode changes nothing and predicts the real run."""
    before = one.state
    predicted = one.done(*boundaries, check_mode=True, **options)
    assert one.state == before
    done = one.done(*boundaries, **options)
    same = ("changed", "plan_sha256", "diff", "refused", "findings", "coverage", "predictions")
    assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
    after = one.state
    again = [one.done(*boundaries, check_mode=True, **options), one.done(*boundaries, **options)]
    assert one.state == after
    assert [result["changed"] for result in again] == [False, False]
    return done


def test_create_change_and_delete_in_twelve_steps(one: Account) -> None:
    created = four_steps(one, declared(document(*SERVICES), DEVELOPERS))
    operations = ["CreatePolicy", "PutRolePermissionsBoundary", "PutRolePermissionsBoundary"]
    assert [change["operation"] for change in created["changes"]] == operations
    content, carried = one.state
    assert carried == {"dev-1": BOUNDARY, "dev-2": BOUNDARY, "break-glass": None}
    assert content["Statement"][2]["Resource"] == "arn:aws:s3:::one-trail/*"
    changed = four_steps(one, declared(document(*SERVICES, "sns"), DEVELOPERS))
    assert [change["operation"] for change in changed["changes"]] == ["CreatePolicyVersion"]
    assert one.state[0]["Statement"][0]["Action"] == ["s3:*", "sqs:*", "sns:*"]
    gone = {"state": "absent", "allow_loosen": True, "delete_versions": True}
    deleted = four_steps(one, declared(document(*SERVICES)), **gone)
    operations = [*["DeleteRolePermissionsBoundary"] * 2, "DeletePolicyVersion", "DeletePolicy"]
    assert [change["operation"] for change in deleted["changes"]] == operations
    assert one.state == (None, {"dev-1": None, "dev-2": None, "break-glass": None})


def test_all_changes_can_be_taken_back_but_the_deletion_of_a_version(one: Account) -> None:
    one.done(declared(document(*SERVICES), DEVELOPERS))
    one.done(declared(document(*SERVICES, "sns"), DEVELOPERS))
    one.done({"name": "developer"}, state="absent", allow_loosen=True, delete_versions=True)
    store = DirectoryStore(str(one.journal))
    undos = {
        intent.change.operation: intent.change.undo.operation if intent.change.undo else None
        for run in ("1", "2", "3")
        for intent, _outcome in read_recorded(store, ACCOUNT, run)
    }
    assert undos == {
        "CreatePolicy": "DeletePolicy",
        "CreatePolicyVersion": "SetDefaultPolicyVersion",
        "PutRolePermissionsBoundary": "DeleteRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary": "PutRolePermissionsBoundary",
        "DeletePolicyVersion": None,
        "DeletePolicy": "CreatePolicy",
    }


def test_the_sixth_version_needs_room(one: Account) -> None:
    for number in range(5):
        one.done(declared(document(*SERVICES, f"s{number}"), DEVELOPERS))
    full = declared(document(*SERVICES), DEVELOPERS)
    refused = one.done(full)
    assert [(item["rule"], item["operation"]) for item in refused["refused"]] == [("versions", "DeletePolicyVersion")]
    assert "(v1)" in refused["refused"][0]["reason"]
    result = four_steps(one, full, delete_versions=True)
    assert [change["operation"] for change in result["changes"]] == ["DeletePolicyVersion", "CreatePolicyVersion"]
    assert [change["reversible"] for change in result["changes"]] == [False, True]
    assert result["changes"][0]["before"]["version"] == "v1"
    versions = one.iam.list_policy_versions(PolicyArn=BOUNDARY)["Versions"]
    assert sorted(item["VersionId"] for item in versions) == ["v2", "v3", "v4", "v5", "v6"]


def test_a_document_that_means_the_same_is_left_alone(one: Account) -> None:
    one.done(declared(document(*SERVICES), DEVELOPERS))
    other = document(*reversed(SERVICES))
    other["Statement"].reverse()
    other["Statement"][2]["Action"] = [name.upper() for name in other["Statement"][2]["Action"]]
    assert not one.done(declared(json.dumps(other, indent=2), DEVELOPERS))["changed"]


def refusals(result: Record) -> list[tuple[str, str]]:
    return [(refusal["rule"], refusal["target"].rpartition("/")[2]) for refusal in result["refused"]]


def test_what_was_used_and_is_not_left_is_refused_and_named(one: Account) -> None:
    result = one.done(declared(document("s3"), DEVELOPERS))
    assert refusals(result) == [("prediction", "dev-1"), ("prediction", "dev-2")]
    reason = result["refused"][0]["reason"]
    assert "sqs" in reason and "list role/developers/dev-1 in accept_breakage" in reason
    assert [change["operation"] for change in result["changes"]] == ["CreatePolicy"]
    assert {item["outcome"] for item in result["predictions"]} == {"will_break"}
    assert {use["service"] for item in result["predictions"] for use in item["uses"]} == {"sqs"}


@pytest.mark.dated
def test_breakage_is_accepted_by_name_only(one: Account) -> None:
    accepted = {"principal": "dev-2", "reason": "it moves to SNS", "expires": date_in(1030)}
    result = one.done(declared(document("s3"), DEVELOPERS), accept_breakage=[accepted])
    assert refusals(result) == [("prediction", "dev-1")]
    assert one.state[1]["dev-2"] == BOUNDARY
    assert [item["accepted"] for item in result["predictions"]] == [None, "it moves to SNS"]
    late = {**accepted, "expires": date_in(999)}
    result = one.done(declared(document("sns"), DEVELOPERS), accept_breakage=[late])
    assert ("prediction", "dev-2") in refusals(result)
    assert any("expired" in warning for warning in result["warnings"])


def test_no_evidence_is_no_reason_to_go_on(one: Account) -> None:
    result = one.done(declared(document("s3"), {"principal": "dave"}))
    assert refusals(result) == [("prediction", "dave")]
    assert result["predictions"][0]["outcome"] == "no_evidence"


def test_a_change_of_content_is_held_against_all_who_carry_it(one: Account) -> None:
    one.done(declared(document(*SERVICES), DEVELOPERS))
    before = one.state
    narrower = one.done(declared(document("s3"), {"principal": "dave"}))
    assert refusals(narrower) == [("prediction", "dev-1"), ("prediction", "dev-2"), ("content_first", "developer")]
    assert one.state == before
    assert narrower["coverage"][0]["not_selected"] == [
        f"arn:aws:iam::{ACCOUNT}:role/developers/dev-{number}" for number in (1, 2)
    ]


def test_another_boundary_is_replaced_only_when_told_to(one: Account) -> None:
    other = "arn:aws:iam::aws:policy/PowerUserAccess"
    one.iam.put_role_permissions_boundary(RoleName="dev-1", PermissionsBoundary=other)
    result = one.done(declared(document(*SERVICES), DEVELOPERS))
    assert refusals(result) == [("other_boundary", "dev-1")]
    assert result["coverage"][0]["wrong"] == [
        {"principal": f"arn:aws:iam::{ACCOUNT}:role/developers/dev-1", "boundary": other}
    ]
    found = {finding["control"]: finding["status"] for finding in result["findings"]}
    assert found["boundary_wrong"] == "FAIL"
    replaced = four_steps(one, declared(document(*SERVICES), DEVELOPERS), replace=True)
    (change,) = replaced["changes"]
    assert change["undo"]["parameters"] == {"RoleName": "dev-1", "PermissionsBoundary": other}


def test_a_policy_of_somebody_else_is_neither_changed_nor_deleted(one: Account) -> None:
    path = "/iam-hardening/boundary/"
    one.iam.create_policy(PolicyName="developer", Path=path, PolicyDocument=json.dumps(EVERYTHING))
    before = one.state
    result = one.done(declared(document(*SERVICES), DEVELOPERS))
    assert refusals(result) == [("foreign", "developer"), ("content_first", "developer")]
    gone = one.done(declared(document(*SERVICES)), state="absent", allow_loosen=True)
    assert refusals(gone) == [("foreign", "developer")]
    assert one.state == before


def test_taking_a_boundary_away_has_to_be_said(one: Account) -> None:
    one.done(declared(document(*SERVICES), DEVELOPERS))
    one.done(declared(document(*SERVICES, "sns"), DEVELOPERS))
    before = one.state
    absent = {"state": "absent"}
    assert refusals(one.done(declared(document("s3")), **absent)) == [("loosening", "developer")]
    assert refusals(one.done(declared(document("s3")), **absent, allow_loosen=True)) == [("versions", "developer")]
    one.iam.attach_role_policy(RoleName="dev-1", PolicyArn=BOUNDARY)
    loosen = {"allow_loosen": True, "delete_versions": True}
    assert refusals(one.done(declared(document("s3")), **absent, **loosen)) == [("in_use", "developer")]
    assert one.state == before


def test_nothing_is_done_without_a_target(one: Account) -> None:
    result = four_steps(one, declared(document("s3")))
    assert (result["changed"], result["coverage"], result["findings"]) == (False, [], [])


def test_without_break_glass_nothing_is_done(tmp_path: Path) -> None:
    without = seed()
    del without["accounts"][ACCOUNT]["roles"]["break-glass"]
    without["accounts"][ACCOUNT]["users"]["dave"]["access_keys"] = [{"age_days": 10}]
    with serving(without) as seeded:
        one = Account(tmp_path, seeded)
        before = one.state
        result = one.done(declared(document(*SERVICES), DEVELOPERS))
        assert refusals(result) == [("no_break_glass", name) for name in ("developer", "dev-1", "dev-2")]
        assert "break_glass" in result["refused"][0]["reason"]
        assert one.state == before
        # A glob for the whole organization proves nothing of an account without such a role.
        nobody = one.done(declared(document(*SERVICES), DEVELOPERS), break_glass=["arn:aws:iam::*:role/emergency"])
        assert {rule for rule, _name in refusals(nobody)} == {"no_break_glass"}
        assert "arn:aws:iam::*:role/emergency matches no user or role" in nobody["refused"][0]["reason"]
        assert one.state == before
        dave = {"break_glass": ["arn:aws:iam::*:user/Dave"]}
        unable = one.done(declared(document(*SERVICES), DEVELOPERS), **dave)
        assert "dave may not undo it: iam:DeletePolicy on" in unable["refused"][0]["reason"]
        assert one.state == before
        one.iam.attach_user_policy(UserName="dave", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        able = one.done(declared(document(*SERVICES), DEVELOPERS), **dave)
        assert able["refused"] == [] and able["changed"]


def test_principals_that_are_never_touched_are_counted_apart(one: Account) -> None:
    result = one.done(declared(document(*SERVICES), {"name": "*", "kind": "role"}))
    (coverage,) = result["coverage"]
    assert [item["principal"].rpartition("/")[2] for item in coverage["kept_out"]] == ["break-glass"]
    assert (coverage["selected"], coverage["covered"], coverage["percent"]) == (2, 0, 0.0)
    (permission_set,) = coverage["permission_sets"]
    assert (permission_set["name"], permission_set["roles"]) == ("Developers", 1)
    assert "change it there" in permission_set["note"]
    assert one.done(declared(document(*SERVICES), DEVELOPERS))["coverage"][0]["percent"] == 100.0
    (finding,) = [item for item in result["findings"] if item["resource_detail"] == "Developers"]
    assert "permission set Developers" in finding["detail"]


def impacts(one: Account, directory: Path, *boundaries: Record, **options: t.Any) -> list[Record]:
    """What a run in check mode leaves for the report."""
    one.done(*boundaries, check_mode=True, report_dir=str(directory), **options)
    part = json.loads(
        next((directory / ACCOUNT / "parts").glob("*/*/permissions_boundary.json")).read_text(encoding="utf-8")
    )
    return t.cast(list[Record], part["impacts"])


@pytest.mark.dated
def test_the_report_gets_what_was_predicted_by_those_who_fare_alike(one: Account, tmp_path: Path) -> None:
    accepted = [{"principal": "dev-2", "reason": "moves away", "expires": date_in(1300)}]
    anybody = declared(document("s3"), {"name": "*", "kind": "role"})
    (impact,) = impacts(one, tmp_path, anybody, accept_breakage=accepted, unused_resources=["arn:aws:s3:::audit-*"])
    assert impact["change"] == ["the permissions boundary developer is attached"]
    assert impact["counts"] == {"will_break": 2, "may_break": 0, "no_evidence": 0, "safe": 0}
    told = [(group["name"], group["accepted"]) for group in impact["groups"]]
    assert told == [("developers/dev-1", None), ("developers/dev-2", accepted[0])]
    (use,) = impact["groups"][0]["will_break"]
    assert use["service"] == "sqs"
    reasons = {item["principal"].rpartition("/")[2]: item["reason"] for item in impact["skipped"]}
    assert reasons.keys() == {"break-glass", SSO}
    assert "change it there" in reasons[SSO]
    assert {"arn:aws:s3:::audit-*", "arn:aws:s3:::one-trail"} <= set(impact["assumed_unused"])


def test_the_report_tells_a_change_of_content_and_nothing_where_nobody_is_narrowed(
    one: Account, tmp_path: Path
) -> None:
    boundary = declared(document(*SERVICES), DEVELOPERS)
    one.done(boundary)
    assert impacts(one, tmp_path, boundary) == []
    (impact,) = impacts(one, tmp_path, declared(document("s3"), DEVELOPERS))
    assert impact["change"] == [
        "the permissions boundary developer has its declared content, for principals that have it"
    ]
    assert [group["count"] for group in impact["groups"]] == [2]


@pytest.mark.dated
def test_a_principal_that_is_named_is_refused_whatever_is_accepted(one: Account) -> None:
    accepted = {"principal": "break-glass", "reason": "none", "expires": date_in(1300)}
    result = one.done(declared(document(*SERVICES), {"principal": "break-glass"}), accept_breakage=[accepted])
    (refusal,) = result["refused"]
    assert (refusal["rule"], refusal["operation"]) == ("break_glass", "PutRolePermissionsBoundary")
    # Nothing would allow it, so nothing is said to.
    assert "accept_breakage" not in refusal["reason"]
    assert one.state[1]["break-glass"] is None


@pytest.mark.dated
def test_what_bounds_a_principal_that_is_never_touched_says_what_it_said(one: Account) -> None:
    """The target of the change would be the policy, of which the guards know nothing."""
    one.done(declared(document(*SERVICES), DEVELOPERS))
    one.iam.put_role_permissions_boundary(RoleName="break-glass", PermissionsBoundary=BOUNDARY)
    accepted = [
        {"principal": name, "reason": "none", "expires": date_in(1300)} for name in ("break-glass", "dev-1", "dev-2")
    ]
    before = one.state
    result = one.done(declared(document("s3"), DEVELOPERS), accept_breakage=accepted)
    assert refusals(result) == [("in_use", "developer")]
    assert "break-glass; detach it from them by hand" in result["refused"][0]["reason"]
    assert one.state == before
    one.iam.delete_role_permissions_boundary(RoleName="break-glass")
    assert one.done(declared(document("s3"), DEVELOPERS), accept_breakage=accepted)["refused"] == []
    assert one.state != before


def test_a_boundary_that_only_denies_is_given_to_nobody(one: Account) -> None:
    only = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    result = one.done(declared(only, DEVELOPERS))
    assert refusals(result) == [("locks_out", "developer")]
    assert one.state == (None, {"dev-1": None, "dev-2": None, "break-glass": None})


def test_what_those_it_binds_could_do_to_a_boundary_is_said(one: Account) -> None:
    result = one.done(declared(EVERYTHING, DEVELOPERS))
    told = " ".join(result["warnings"])
    assert "iam:DeleteRolePermissionsBoundary" in told
    assert "iam:CreatePolicyVersion" in told
    assert "every action of IAM" in told
    again = {finding["control"]: finding for finding in one.done(declared(EVERYTHING, DEVELOPERS))["findings"]}
    assert again["boundary_removable"]["severity"] == "critical"
    assert again["boundary_opens_iam"]["status"] == "FAIL"


def test_whoever_is_meant_by_two_boundaries_gets_neither(one: Account) -> None:
    second = {**declared(document(*SERVICES), {"principal": "dev-2"}), "name": "second"}
    result = one.done(declared(document(*SERVICES), DEVELOPERS), second)
    assert refusals(result) == [("ambiguous", "dev-2")]
    assert one.state[1]["dev-2"] is None


def test_the_evidence_for_several_boundaries_is_read_once(one: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS answers two LookupEvents a second: the event history of a busy region takes a minute."""
    asked: list[int] = []
    look_up = prediction.look_up

    def counted(*arguments: t.Any, **options: t.Any) -> t.Any:
        asked.append(options["max_pages"])
        return look_up(*arguments, **options)

    monkeypatch.setattr(prediction, "look_up", counted)
    first = declared(document(*SERVICES), {"principal": "dev-1"})
    second = {**declared(document("s3"), {"principal": "dev-2"}), "name": "second"}
    result = one.done(first, second, event_history=True, regions=["us-east-1"], check_mode=True)
    assert len(asked) == 1
    predicted = {(item["principal"], item["boundary"]): item["outcome"] for item in result["predictions"]}
    role = f"arn:aws:iam::{ACCOUNT}:role/developers/dev"
    assert predicted == {
        (f"{role}-1", BOUNDARY): "safe",
        (f"{role}-2", BOUNDARY.replace("developer", "second")): "will_break",
    }


@pytest.mark.parametrize(
    ("boundary", "message"),
    [
        (declared("{", DEVELOPERS), "boundaries[0].document: "),
        (declared(None, DEVELOPERS), "boundaries[0].document: "),
        (declared({"Version": "2012-10-17"}, DEVELOPERS), "boundaries[0].document: "),
        (
            declared(document("<region>"), DEVELOPERS),
            "boundaries[0].document.Statement[0].Action: there is no <region>",
        ),
        (declared(document("s3", Principal="*"), DEVELOPERS), "boundaries[0].document: "),
        (declared(document("s3"), {"kind": "role"}), "boundaries[0].targets[0]: no criterion"),
        (declared(document("s3"), {"path": "developers"}), "boundaries[0].targets[0].path: 'developers'"),
        (declared(document("s3"), DEVELOPERS, name="a b"), "boundaries[0].name: 'a b'"),
        (declared(document("s3"), DEVELOPERS, path="boundary"), "boundaries[0].path: 'boundary'"),
        (declared(document(*(f"{'s' * 50}{number}" for number in range(120))), DEVELOPERS), "boundaries[0].document: "),
    ],
)
def test_bad_input_fails_before_anything_is_called(one: Account, boundary: Record, message: str) -> None:
    result = one.run(boundary, endpoint_url="http://127.0.0.1:1")
    assert result["failed"] and result["msg"].startswith(message), result["msg"]


# Owners

STACKS: t.Final[Record] = {"app": {"resources": {"Developer": {"type": "AWS::IAM::Role", "id": "dev-1"}}}}
TAKEN_BY: t.Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"


def owned(**regions: Record) -> Record:
    """The account of the other tests, with more in its regions, and a role that a pipeline runs as."""
    given = seed(pipeline={"trust": TRUST})
    (only,) = given["accounts"].values()
    only["regions"] = {name: {**only["regions"].get(name, {}), **more} for name, more in regions.items()}
    only["regions"].setdefault("us-east-1", {"trails": {"main": {"bucket": "one-trail", "log_group": "trail"}}})
    return given


def with_owners(result: Record) -> list[tuple[str, str, t.Any, bool]]:
    """The refusals: rule, name, confidence of the owner, and whether there is a patch."""
    return [
        (item["rule"], item["target"].rpartition("/")[2], item.get("owner", {}).get("confidence"), "patch" in item)
        for item in result["refused"]
    ]


def test_a_role_of_a_stack_is_refused_with_its_patch_and_nothing_of_it_is_changed(tmp_path: Path) -> None:
    with serving(owned(**{"eu-west-1": {"stacks": STACKS}})) as seeded:
        one = Account(tmp_path, seeded)
        result = one.done(declared(document(*SERVICES), DEVELOPERS))
        assert with_owners(result) == [("foreign_owner", "dev-1", "certain", True)]
        (refusal,) = result["refused"]
        assert refusal["owner"]["change_it_in"] == "stack app (eu-west-1, logical id Developer)"
        (patched,) = yaml.safe_load(refusal["patch"]).values()
        assert patched == {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": BOUNDARY}}
        assert one.state[1] == {"dev-1": None, "dev-2": BOUNDARY, "break-glass": None, "pipeline": None}
        allowed = [{"arn": f"arn:aws:iam::{ACCOUNT}:role/developers/*", "owner": "us", "write": "allow"}]
        assert not one.done(declared(document(*SERVICES), DEVELOPERS), owners=allowed)["refused"]
        assert one.state[1]["dev-1"] == BOUNDARY


def test_an_approved_plan_does_not_lift_an_owner(tmp_path: Path) -> None:
    with serving(owned(**{"eu-west-1": {"stacks": STACKS}})) as seeded:
        one = Account(tmp_path, seeded)
        reports = {"report_dir": str(tmp_path / "reports")}
        plan = one.done(declared(document(*SERVICES), DEVELOPERS), check_mode=True, **reports)
        approved = {"approved_plan": plan["plan_sha256"], "now": None, **reports}
        result = one.done(declared(document(*SERVICES), DEVELOPERS), **approved)
        assert with_owners(result) == [("foreign_owner", "dev-1", "certain", True)]


def test_by_default_an_unknown_owner_refuses_and_the_own_policy_is_made(one: Account) -> None:
    result = one.done(declared(document(*SERVICES), DEVELOPERS), owner_default="refuse")
    assert with_owners(result) == [("foreign_owner", name, "unknown", False) for name in ("dev-1", "dev-2")]
    assert [change["operation"] for change in result["changes"]] == ["CreatePolicy"]
    # The policy of the boundary is of this declaration, so its content may be narrowed.
    again = one.done(declared(document("s3"), DEVELOPERS), owner_default="refuse")
    assert [change["operation"] for change in again["changes"]] == ["CreatePolicyVersion"]


def test_bad_owners_fail_before_anything_is_written(one: Account) -> None:
    before = one.state
    result = one.run(declared(document(*SERVICES), DEVELOPERS), owners=[{"arn": "x", "owner": "y"}])
    assert result["failed"]
    assert result["msg"].startswith("owners[0].arn: 'x' is not allowed")
    assert one.state == before


def revert(one: Account, when: datetime) -> None:
    """A pipeline takes the boundary of a role away, and CloudTrail records it."""
    one.iam.delete_role_permissions_boundary(RoleName="dev-1")
    call = "iam:DeleteRolePermissionsBoundary"
    record_call(ACCOUNT, "us-east-1", principal="role/pipeline", call=call, when=when, parameters={"roleName": "dev-1"})


def test_what_the_same_caller_reverts_twice_is_a_finding_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "SECONDS_BETWEEN_LOOKUPS", 0)
    nights = [datetime.now(UTC).replace(microsecond=0) + timedelta(days=number) for number in range(4)]
    monkeypatch.setitem(Task.__init__.__kwdefaults__, "clock", lambda: nights[0])
    wanted = declared(document(*SERVICES), {"principal": "dev-1"})
    with serving(owned()) as seeded:
        one = Account(tmp_path, seeded)
        for night in [*nights[:2]]:
            result = one.done(wanted, return_findings="all")
            assert not [item for item in result["findings"] if item["control"] == "drift_war"]
            assert one.state[1]["dev-1"] == BOUNDARY
            revert(one, night + timedelta(hours=5))
            nights.pop(0)
        reports = {"report_dir": str(tmp_path / "reports"), "return_findings": "all"}
        result = one.done(wanted, **reports)
        assert with_owners(result) == [("drift_war", "dev-1", "unknown", False)]
        (finding,) = [item for item in result["findings"] if item["control"] == "drift_war"]
        assert (finding["status"], finding["severity"]) == ("FAIL", "medium")
        assert finding["detail"].startswith(f"{TAKEN_BY} reverted PutRolePermissionsBoundary 2 times")
        (part,) = (tmp_path / "reports").rglob("permissions_boundary.json")
        assert [item["control"] for item in json.loads(part.read_text(encoding="utf-8"))["findings"]] == ["drift_war"]
        assert one.state[1]["dev-1"] is None
        named = one.done(wanted, enforce_drifting=[f"arn:aws:iam::{ACCOUNT}:role/*/dev-1"])
        assert not named["refused"]
        assert one.state[1]["dev-1"] == BOUNDARY


def test_every_documented_result_is_returned_and_no_other(one: Account) -> None:
    documented = yaml.safe_load(RETURN)
    result = one.done(declared(document(*SERVICES), DEVELOPERS))
    # changed and diff are every module's.
    assert set(result) - {"changed", "diff"} == set(documented)
    for name in ("changes", "coverage", "predictions"):
        assert set(result[name][0]) == set(documented[name]["contains"]), name
    refused = one.done(declared(document("s3"), {"principal": "dave"}))
    of_owners = {"owner", "patch"}
    assert set(refused["refused"][0]) == set(documented["refused"]["contains"]) - of_owners
