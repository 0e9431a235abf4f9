# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the emulated AWS, through boto3 clients that validate requests and parse answers."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from unit.emulator.seeded import Seeded, serving
from unit.plugins.module_utils import organizing

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import rollback
from ansible_collections.hardening.iam.plugins.modules.organization_policy import ENTRY, RETURN, argument_spec
from dates import date_in

MANAGEMENT, DEV, SANDBOX = "111122223333", "222233334444", "333344445555"
BREAK_GLASS = ["arn:aws:iam::*:role/iam-hardening/break-glass"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
        "Action": "sts:AssumeRole",
    },
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
ROLES = {
    "roles": {
        "break-glass": {"trust": FROM_OUTSIDE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
    }
}

Record = dict[str, t.Any]
SEED: Record = {
    "management_account": MANAGEMENT,
    "organization": {
        "id": "o-acme123456",
        "organizational_units": ["Work/Dev", "Sandbox"],
        "control_policies": {
            "theirs": {
                "targets": ["Sandbox"],
                "document": {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
                },
            }
        },
    },
    "accounts": {
        MANAGEMENT: {"name": "management", **ROLES},
        DEV: {"name": "dev", "ou": "Work/Dev", **ROLES},
        SANDBOX: {"name": "sandbox", "ou": "Sandbox", **ROLES},
    },
}


def scp(*actions: str, sid: str = "Keep") -> Record:
    """An SCP that nobody who runs an account needs to be spared from."""
    statements = [
        {"Sid": f"{sid}{i}", "Effect": "Deny", "Action": action, "Resource": "*"} for i, action in enumerate(actions)
    ]
    return {"Version": "2012-10-17", "Statement": statements}


RCP = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutBucketPolicy",
            "Resource": "*",
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme123456"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        }
    ],
}
STOP, DELETE = "cloudtrail:StopLogging", "cloudtrail:DeleteTrail"
GONE: Record = {"state": "absent", "allow_loosen": True}


def declared(content: t.Any, *targets: Record, **fields: t.Any) -> Record:
    return {"name": "protect", "content": content, "targets": list(targets), **fields}


class Organization:
    """The organization and the module in its management account."""

    def __init__(self, directory: Path, seeded: Seeded) -> None:
        self.client = seeded.client("organizations")
        self.endpoint = seeded.endpoint
        self.journal = directory / "journal"
        self.run_number = 0

    def run(self, *policies: Record, check_mode: bool = False, **options: t.Any) -> Record:
        accepted = {"reason": "nobody works in them", "expires": date_in(180)}
        return self._run(
            ENTRY,
            argument_spec(),
            check_mode,
            policies=list(policies),
            break_glass=BREAK_GLASS,
            accept_without_evidence=[{"account": account, **accepted} for account in (DEV, SANDBOX)],
            **options,
        )

    def undo(self, run_id: str) -> Record:
        return self._run(rollback.ENTRY, rollback.argument_spec(), False, undo_run_id=run_id)

    def _run(self, entry: t.Any, spec: Record, check_mode: bool, **options: t.Any) -> Record:
        self.run_number += 1
        given = {
            "account_id": MANAGEMENT,
            "journal": str(self.journal),
            "run_id": str(self.run_number),
            "endpoint_url": self.endpoint,
            "region": "us-east-1",
            **options,
        }
        validation = ArgumentSpecValidator({**aws_argument_spec(), **spec}).validate(given)
        assert not validation.error_messages
        return execute(entry, options=validation.validated_parameters, check_mode=check_mode)

    def done(self, *policies: Record, **options: t.Any) -> Record:
        result = self.run(*policies, **options)
        assert not result.get("failed"), result
        return result

    def policies(self, kind: str = "SERVICE_CONTROL_POLICY") -> dict[str, t.Any]:
        """What each policy of a type says and what it is attached to, by name, without ids."""
        names = {item["Name"]: item["Id"] for item in self.client.list_policies(Filter=kind)["Policies"]}
        return {name: self._policy(policy_id) for name, policy_id in names.items() if "FullAWSAccess" not in name}

    def _policy(self, policy_id: str) -> tuple[t.Any, list[str], dict[str, str]]:
        content = self.client.describe_policy(PolicyId=policy_id)["Policy"]["Content"]
        targets = self.client.list_targets_for_policy(PolicyId=policy_id)["Targets"]
        tags = self.client.list_tags_for_resource(ResourceId=policy_id)["Tags"]
        return content, sorted(target["Name"] for target in targets), {tag["Key"]: tag["Value"] for tag in tags}


@pytest.fixture
def one(tmp_path: Path) -> t.Iterator[Organization]:
    with serving(SEED) as seeded:
        yield Organization(tmp_path, seeded)


def operations(result: Record) -> list[str]:
    return [change["operation"] for change in result["changes"]]


def four_steps(one: Organization, *policies: Record, kind: str = "SERVICE_CONTROL_POLICY", **options: t.Any) -> Record:
    """Check, real, check again, real again; asserts that check mode changes nothing and predicts the real run."""
    options = {"type": kind, **options}
    before = one.policies(kind)
    predicted = one.done(*policies, check_mode=True, **options)
    assert one.policies(kind) == before
    done = one.done(*policies, **options)
    same = ("changed", "plan_sha256", "diff", "refused", "lock_out")
    assert {name: predicted[name] for name in same} == {name: done[name] for name in same}
    assert all(change["applied"] for change in done["changes"])
    after = one.policies(kind)
    again = [one.done(*policies, check_mode=True, **options), one.done(*policies, **options)]
    assert one.policies(kind) == after
    assert [(result["changed"], result["changes"]) for result in again] == [(False, []), (False, [])]
    return done


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("SERVICE_CONTROL_POLICY", scp(STOP), scp(DELETE)),
        (
            "RESOURCE_CONTROL_POLICY",
            RCP,
            {**RCP, "Statement": [{**RCP["Statement"][0], "Action": "s3:DeleteBucketPolicy"}]},
        ),
        ("TAG_POLICY", {"tags": {"env": {"tag_key": {"@@assign": "Env"}}}}, {"tags": {"cost": {}}}),
    ],
)
@pytest.mark.dated
def test_create_change_and_delete_in_twelve_steps(one: Organization, kind: str, first: Record, second: Record) -> None:
    sandbox = {"ou": "/Sandbox"}
    created = four_steps(one, declared(first, sandbox, description="ours"), kind=kind)
    assert operations(created)[-2:] == ["CreatePolicy", "AttachPolicy"]
    content, targets, tags = one.policies(kind)["protect"]
    assert (json.loads(content), targets) == (first, ["Sandbox"])
    assert tags["iam-hardening:managed"] == "true"
    changed = four_steps(
        one, declared(second, {"account": "dev"}, tags={"team": "x"}), kind=kind, purge_attachments=True
    )
    assert operations(changed) == ["TagResource", "UpdatePolicy", "AttachPolicy", "DetachPolicy"]
    content, targets, _tags = one.policies(kind)["protect"]
    assert (json.loads(content), targets) == (second, ["dev"])
    deleted = four_steps(one, {"name": "protect"}, kind=kind, **GONE)
    assert operations(deleted) == ["DetachPolicy", "DeletePolicy"]
    assert "protect" not in one.policies(kind)


def test_the_order_of_statements_and_a_list_of_one_are_no_drift_and_an_action_is(one: Organization) -> None:
    target = {"ou": "/Sandbox"}
    one.done(declared(scp(STOP, DELETE), target))
    turned = scp(STOP, DELETE)
    turned["Statement"].reverse()
    turned["Statement"][0]["Action"] = [DELETE]
    assert one.done(declared(turned, target))["changes"] == []
    assert operations(one.done(declared(scp(STOP, "cloudtrail:UpdateTrail"), target))) == ["UpdatePolicy"]


def test_what_somebody_else_changed_is_put_right_and_their_tags_stay(one: Organization) -> None:
    one.done(declared(scp(STOP), {"ou": "/Sandbox"}))
    (policy_id,) = (
        item["Id"]
        for item in one.client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        if item["Name"] == "protect"
    )
    one.client.update_policy(PolicyId=policy_id, Content=json.dumps(scp("s3:DeleteBucket")), Description="by hand")
    one.client.tag_resource(ResourceId=policy_id, Tags=[{"Key": "theirs", "Value": "kept"}])
    result = one.done(declared(scp(STOP), {"ou": "/Sandbox"}, description="ours"))
    assert result["policies"][0]["drifted"]
    (finding,) = result["findings"]
    assert finding["detail"] == "its content differs from the declaration; its description differs"
    assert [change["remedies"] for change in result["changes"]] == [[finding["fingerprint"]]]
    assert one.policies()["protect"][2]["theirs"] == "kept"


def test_every_change_can_be_taken_back(one: Organization) -> None:
    before = one.policies()
    first = declared(scp(STOP), {"ou": "/Sandbox"})
    one.done(first, run_id="create")
    created = one.policies()
    one.done(declared(scp(DELETE), {"ou": "/Work"}, tags={"team": "x"}), purge_attachments=True, run_id="change")
    changed = one.policies()
    one.done({"name": "protect"}, **GONE, run_id="delete")
    for run, left in (("delete", changed), ("change", created), ("create", before)):
        result = one.undo(run)
        assert (result.get("msg"), result["refused"]) == (None, [])
        assert one.policies() == left


def test_nothing_is_written_where_a_target_is_not_there(one: Organization) -> None:
    before = one.policies()
    good = {"name": "good", "content": scp(STOP), "targets": [{"ou": "/Sandbox"}]}
    failed = one.run(good, declared(scp(STOP), {"ou": "/Nowhere"}))
    assert failed["failed"] and "policies[1].targets[0].ou: the organization has no unit /Nowhere" in failed["msg"]
    stages = [{"name": "a", "targets": [{"ou": "/Sandbox"}]}, {"name": "b", "targets": [{"account": "nobody"}]}]
    failed = one.run({"name": "good", "content": scp(STOP)}, rollout={"stages": stages})
    assert "rollout.stages[1].targets[0].account: the organization has no account named 'nobody'" in failed["msg"]
    assert one.policies() == before


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        (declared(None), {}, "policies[0].content: None is not a policy document"),
        (declared(scp("iaam:Nope")), {}, "invalid_service_in_action"),
        (declared(scp(STOP)), {"max_policy_size": 50}, "max_policy_size is 50"),
        (declared(scp(STOP), {}), {}, "policies[0].targets[0]"),
        (
            declared(scp(STOP), {"root": True}),
            {"rollout": {"stages": [{"name": "a", "targets": [{"root": True}]}]}},
            "protect has targets",
        ),
        (
            declared(None),
            {**GONE, "rollout": {"stages": [{"name": "a", "targets": [{"root": True}]}]}},
            "only with state=present",
        ),
        (
            declared(scp(STOP)),
            {"rollout": {"stages": [{"name": "a", "targets": [{"x": 1}]}]}},
            "rollout.stages[0].targets[0]",
        ),
    ],
)
def test_bad_input_fails_before_anything_is_called(
    one: Organization, policy: Record, options: Record, said: str
) -> None:
    failed = one.run(policy, endpoint_url="http://127.0.0.1:9", **options)
    assert failed["failed"]
    assert said in failed["msg"]


def test_a_policy_of_others_is_refused_unless_adopted(one: Organization) -> None:
    theirs = {"name": "theirs", "content": scp(STOP), "targets": [{"ou": "/Sandbox"}]}
    refused = one.done(theirs)
    assert [item["rule"] for item in refused["refused"]] == ["foreign"]
    assert operations(four_steps(one, theirs, adopt=True)) == ["TagResource", "UpdatePolicy"]
    assert operations(four_steps(one, {"name": "theirs"}, **GONE)) == ["DetachPolicy", "DeletePolicy"]


@pytest.mark.dated
def test_what_locks_out_is_refused_whole(one: Organization) -> None:
    before = one.policies()
    refused = one.done(declared(scp("iam:*"), {"ou": "/Sandbox"}), type="SERVICE_CONTROL_POLICY")
    assert {item["rule"] for item in refused["refused"]} == {"lock_out"}
    assert refused["lock_out"]["matrix"]
    assert one.policies() == before


def test_a_rollout_goes_stage_by_stage_and_fails_loudly_where_it_is_held(one: Organization, tmp_path: Path) -> None:
    stages = [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}, {"name": "work", "targets": [{"ou": "/Work"}]}]
    policy = {"name": "protect", "content": scp(STOP)}
    checked = one.done(policy, rollout={"stages": stages}, check_mode=True)
    assert checked["rollout"][0]["action"] == "start"
    begun = four_steps(one, policy, rollout={"stages": stages})
    assert one.policies()["protect"][1] == ["Sandbox"]
    assert (begun["rollout"][0]["stage"], begun["rollout"][0]["action"]) == ("canary", "start")
    assert begun["terminal"].startswith("Rollout of protect: ")
    later = {"now": "2099-01-01T00:00:00Z", "rollout": {"stages": stages}}
    predicted = one.done(policy, check_mode=True, **later)
    assert any("without check mode this fails" in warning for warning in predicted["warnings"])
    held = one.run(policy, **later)
    assert held["failed"] and "stage 'canary' is held" in held["msg"]
    assert held["rollout"][0]["failed"] and held["changes"] == []
    assert one.policies()["protect"][1] == ["Sandbox"]


@pytest.mark.dated
def test_a_stage_whose_gate_fails_is_withdrawn_and_stays_off_until_it_is_approved(
    one: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a principal of the canary did before and is denied since; then the same with an approval."""
    monkeypatch.setattr(organizing, "ORGANIZATION", "o-acme123456")
    begun = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=2)
    trail = organizing.Trail(tmp_path / "trail")
    for day in range(1, 4):
        trail.success(SANDBOX, begun - dt.timedelta(days=day))
    policy = {"name": "protect", "content": scp(STOP)}
    rollout = {
        "stages": [{"name": "canary", "targets": [{"ou": "/Sandbox"}], "soak_hours": 24}],
        "on_gate_failure": "withdraw",
    }
    options: Record = {"rollout": rollout, "trail_logs": str(tmp_path / "trail")}
    made = one.done(policy, now=begun.isoformat(), **options)
    assert one.policies()["protect"][1] == ["Sandbox"]
    text = f"{organizing.UNNAMED}: {made['policies'][0]['arn']}"
    trail.denial(SANDBOX, begun + dt.timedelta(hours=1), text=text)
    trail.success(SANDBOX, begun + dt.timedelta(hours=25))
    later = (begun + dt.timedelta(hours=26)).isoformat()
    failed = one.run(policy, now=later, **options)
    assert failed["failed"] and "stage 'canary' failed its gate" in failed["msg"]
    assert [(change["operation"], change["applied"]) for change in failed["changes"]] == [("DetachPolicy", True)]
    assert one.policies()["protect"][1] == []
    again = one.run(policy, now=later, **options)
    assert again["failed"] and again["changes"] == []
    approved = {**options, "rollout": {**rollout, "stage_approved": "canary"}}
    assert operations(one.done(policy, now=later, **approved)) == ["AttachPolicy"]


def test_a_stage_that_begins_anew_leaves_later_stages_attached(one: Organization, tmp_path: Path) -> None:
    """A record that is not believed must not have the policy taken off what had passed."""
    stages = [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}, {"name": "work", "targets": [{"ou": "/Work"}]}]
    policy = {"name": "protect", "content": scp(STOP)}
    journal = tmp_path / "elsewhere"
    one.done({**policy, "targets": [{"ou": "/Sandbox"}, {"ou": "/Work"}, {"account": "dev"}]}, journal=str(journal))
    begun = one.done(policy, rollout={"stages": stages}, purge_attachments=True)
    assert begun["rollout"][0]["stage"] == "canary"
    assert operations(begun) == ["DetachPolicy"]
    assert sorted(one.policies()["protect"][1]) == ["Sandbox", "Work"]


def test_a_policy_that_was_edited_while_it_was_watched_is_left_as_it_is(one: Organization) -> None:
    stages = [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}, {"name": "work", "targets": [{"ou": "/Work"}]}]
    policy = {"name": "protect", "content": scp(STOP)}
    made = one.done(policy, rollout={"stages": stages})
    edited = json.dumps(scp(DELETE))
    one.client.update_policy(PolicyId=made["policies"][0]["id"], Content=edited)
    options: Record = {"rollout": {"stages": stages}, "purge_attachments": True}
    for _run in range(2):
        held = one.run({**policy, "tags": {"team": "x"}, "description": "new"}, **options)
        assert held["failed"] and "somebody else changed the policy" in held["msg"]
        assert held["changes"] == []
        assert [item["rule"] for item in held["refused"]] == ["edited"]
    approved = {**options, "rollout": {"stages": stages, "stage_approved": "canary"}}
    restored = one.done(policy, **approved)
    assert operations(restored) == ["UpdatePolicy"]
    assert one.policies()["protect"][1] == ["Sandbox"]


def test_a_stage_that_is_refused_has_not_begun(one: Organization) -> None:
    stages = [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}]
    policy = {"name": "protect", "content": scp("iam:*")}
    for check_mode in (True, False, False):
        result = one.done(policy, rollout={"stages": stages}, check_mode=check_mode)
        (rollout,) = result["rollout"]
        assert (rollout["action"], rollout["stages"][0]["state"]) == ("not_begun", "not begun")
        assert (rollout["since"], rollout["soak_ends"], rollout["soak_left_hours"]) == (None, None, 0)
        refusal = next(item["reason"] for item in result["refused"])
        assert rollout["reason"].startswith("stage 'canary' has not begun")
        assert refusal in rollout["reason"]
        assert "begins" not in result["terminal"]
        warned = any("stage 'canary' has not begun" in warning for warning in result.get("warnings", ()))
        assert warned is not check_mode


def test_a_stage_whose_attachment_fails_has_not_begun(one: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}]
    policy = {"name": "protect", "content": scp(STOP)}
    original = Access.call

    def call(access: Access, service: str, operation: str, *given: t.Any, **named: t.Any) -> t.Any:
        if operation == "AttachPolicy":
            raise AccessDenied("no", code="AccessDeniedException", service=service, operation=operation)
        return original(access, service, operation, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Access, "call", call)
        failed = one.run(policy, rollout={"stages": stages})
    assert failed["failed"] and "AccessDenied" in failed["msg"]
    assert failed["rollout"][0]["action"] == "not_begun"
    begun = one.done(policy, rollout={"stages": stages})
    assert (begun["rollout"][0]["action"], begun["rollout"][0]["stages"][0]["state"]) == ("start", "begins")


def test_every_documented_result_is_returned_and_no_other(one: Organization) -> None:
    documented = yaml.safe_load(RETURN)
    result = one.done(
        {"name": "protect", "content": scp(STOP)}, rollout={"stages": [{"name": "a", "targets": [{"ou": "/Sandbox"}]}]}
    )
    # changed and diff are every module's; what it warns of depends.
    assert set(result) - {"changed", "diff", "warnings"} == set(documented)
    for name in ("changes", "policies"):
        assert set(result[name][0]) == set(documented[name]["contains"]), name
    assert result["policies"][0]["id"].startswith("p-")
    refused = one.done(declared(scp(STOP), {"root": True}))
    assert set(refused["refused"][0]) == set(documented["refused"]["contains"])
