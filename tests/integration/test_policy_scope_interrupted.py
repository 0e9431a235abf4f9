# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of policy_scope that are killed at each of their writes: the same policies in the end, and all taken back."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.run import PolicyScope
from ansible_collections.hardening.iam.plugins.modules import policy_scope
from dates import date_in
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record, fresh
from .interrupting import RUN, Bench

BUCKET, OBJECTS = "arn:aws:s3:::data", "arn:aws:s3:::data/*"
FULL_S3: t.Final = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
READER: t.Final = f"arn:aws:iam::{MANAGEMENT}:policy/Reader"
WRITES: t.Final = 6


def document(*actions: str) -> Record:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


WIDE: t.Final = document("s3:GetObject", "s3:ListBucket")
TRUST: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SEED: t.Final[Record] = {
    "management_account": MANAGEMENT,
    "accounts": {
        MANAGEMENT: {
            "name": "interrupted",
            "policies": {"Reader": {"document": WIDE}},
            "roles": {
                "app": {"trust": TRUST, "policies": ["Reader"], "inline": {"data": WIDE}},
                "legacy": {"trust": TRUST, "policies": ["aws:AmazonS3FullAccess"]},
                "break-glass": {
                    "trust": {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": "*"}}]},
                    "policies": ["aws:AdministratorAccess"],
                },
            },
        }
    },
}
RESOURCES: t.Final = [{"actions": ["s3:GetObject", "s3:ListBucket"], "arns": [BUCKET, OBJECTS]}]
TARGETS: t.Final = [
    {"policies": ["Reader"], "resources": RESOURCES},
    {"inline_policies": ["data"], "roles": ["app"], "resources": RESOURCES},
    {"policies": ["AmazonS3FullAccess"], "roles": ["legacy"], "copy": {"name": "legacy-s3"}, "resources": RESOURCES},
]


class ScopeBench(Bench):
    """An account with a policy of five versions, an inline policy, and a policy of AWS that gets a copy."""

    def make_base(self) -> None:
        self.control.reset(SEED)
        for number in range(4):
            self.iam.create_policy_version(PolicyArn=READER, PolicyDocument=json.dumps(document(f"sns:Get{number}*")))
        self.journal = self.base
        self.journal.mkdir()
        self.base_state = self.state()
        self._snapshot = self.control.snapshot()

    def declare(self, run_id: str = RUN) -> None:
        accepted = [{"principal": name, "reason": "test", "expires": date_in(20)} for name in ("app", "legacy")]
        self.last = self.result(
            policy_scope.ENTRY,
            targets=TARGETS,
            mode="enforce",
            run_id=run_id,
            event_history=False,
            accept_breakage=accepted,
            owner_default="allow",
            break_glass=[f"arn:aws:iam::{MANAGEMENT}:role/break-glass"],
            max_changes=100,
            max_percent=100,
        )

    def delete_own_version(self) -> None:
        """Delete the newest version of the policy, as the refusal asks for."""
        versions = self.iam.list_policy_versions(PolicyArn=READER)["Versions"]
        newest = max(versions, key=lambda item: int(item["VersionId"][1:]))
        self.iam.delete_policy_version(PolicyArn=READER, VersionId=newest["VersionId"])

    def default_version(self) -> Record:
        version = self.iam.get_policy(PolicyArn=READER)["Policy"]["DefaultVersionId"]
        found = self.iam.get_policy_version(PolicyArn=READER, VersionId=version)["PolicyVersion"]["Document"]
        return t.cast(Record, found)

    def state(self) -> str:
        """The documents of all policies, the default one apart, and all attachments. Ids of versions change."""
        found: Record = {}
        for page in self.iam.get_paginator("get_account_authorization_details").paginate():
            for policy in page["Policies"]:
                if policy["Arn"].startswith("arn:aws:iam::aws:"):
                    continue
                versions = policy["PolicyVersionList"]
                default = next(item["Document"] for item in versions if item["IsDefaultVersion"])
                found[policy["Arn"]] = [default, sorted(json.dumps(item["Document"]) for item in versions)]
            for role in page["RoleDetailList"]:
                attached = sorted(item["PolicyArn"] for item in role["AttachedManagedPolicies"])
                found[role["Arn"]] = [attached, role["RolePolicyList"]]
        return json.dumps(found, sort_keys=True)


@pytest.fixture(scope="module")
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScopeBench]:
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        bench = ScopeBench(control, tmp_path_factory.mktemp("scope"))
        bench.make_base()
        yield bench
    control.clear_faults()


@pytest.fixture(scope="module")
def undisturbed(bench: ScopeBench) -> str:
    bench.to_base()
    bench.declare()
    assert len(bench.writes) == WRITES, bench.last["refused"]
    return bench.state()


def test_second_run_writes_nothing_and_all_is_taken_back(bench: ScopeBench, undisturbed: str) -> None:
    bench.to_base()
    bench.declare()
    bench.control.clear_log()
    bench.declare("again")
    assert bench.writes == []
    result = bench.undo()
    assert result["refused"] == []
    bench.assert_at_base()


@pytest.mark.parametrize(
    ("meanwhile", "parameters", "left_out"),
    [
        ("set_default_policy_version", {"PolicyArn": READER, "VersionId": "v3"}, "PolicyVersion"),
        # This is the version that is to make room.
        ("set_default_policy_version", {"PolicyArn": READER, "VersionId": "v2"}, "PolicyVersion"),
        (
            "put_role_policy",
            {"RoleName": "app", "PolicyName": "data", "PolicyDocument": json.dumps(document("s3:GetObject"))},
            "PutRolePolicy",
        ),
        ("delete_role_policy", {"RoleName": "app", "PolicyName": "data"}, "PutRolePolicy"),
        ("detach_role_policy", {"RoleName": "legacy", "PolicyArn": FULL_S3}, "AttachRolePolicy"),
    ],
    ids=["another default version", "the version that makes room", "another document", "deleted", "taken away"],
)
def test_nothing_is_prepared_for_what_changed_meanwhile(
    bench: ScopeBench, monkeypatch: pytest.MonkeyPatch, meanwhile: str, parameters: Record, left_out: str
) -> None:
    """No version is deleted in vain, and nobody gets a copy of what was just taken away."""
    bench.to_base()
    plan = PolicyScope.plan

    def plan_late(self: PolicyScope, *arguments: t.Any) -> t.Any:
        planned = plan(self, *arguments)
        getattr(bench.iam, meanwhile)(**parameters)
        bench.control.clear_log()
        return planned

    monkeypatch.setattr(PolicyScope, "plan", plan_late)
    bench.declare()
    assert not [write for write in bench.writes if left_out in write.split()[0]]
    assert "changed_meanwhile" in [refusal["rule"] for refusal in bench.last["refused"]]


@pytest.mark.parametrize("role", ["break-glass", "legacy"])
def test_a_policy_that_others_got_meanwhile_is_not_changed(
    bench: ScopeBench, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """Neither the prediction nor the proof is about them."""
    bench.to_base()
    plan = PolicyScope.plan

    def plan_late(self: PolicyScope, *arguments: t.Any) -> t.Any:
        planned = plan(self, *arguments)
        bench.iam.attach_role_policy(RoleName=role, PolicyArn=READER)
        bench.control.clear_log()
        return planned

    monkeypatch.setattr(PolicyScope, "plan", plan_late)
    bench.declare()
    assert not [write for write in bench.writes if "PolicyVersion" in write.split()[0]], bench.last["refused"]
    assert READER in [refusal["target"] for refusal in bench.last["refused"]]


def test_of_two_runs_at_once_one_writes(bench: ScopeBench, undisturbed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run breaks the lease between plan and write of the first, which then finds all as wanted."""
    bench.to_base()
    plan = PolicyScope.plan
    planning = iter(["run"])

    def plan_late(self: PolicyScope, *arguments: t.Any) -> t.Any:
        planned = plan(self, *arguments)
        if next(planning, None):
            bench.declare("second")
        return planned

    monkeypatch.setattr(PolicyScope, "plan", plan_late)
    bench.declare()
    assert bench.state() == undisturbed
    assert len(bench.writes) == WRITES
    # It deletes no version for a change that it does not make.
    assert {item["rule"] for item in bench.last["refused"]} == {"changed_meanwhile", "together"}
    assert bench.undo("second")["refused"] == []
    bench.assert_at_base()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_run_converges_and_is_taken_back(bench: ScopeBench, undisturbed: str, write: int, after: bool) -> None:
    bench.to_base()
    bench.killed(bench.declare, write=write, after=after)
    bench.declare("rerun")
    assert bench.state() == undisturbed
    assert bench.open_changes() == []
    bench.undo("rerun", "back-from-rerun")
    refused = [refusal["rule"] for refusal in bench.undo(RUN, "back-from-run")["refused"]]
    if write == 1 + (not after):
        # The version that fills the policy is of the second run, so the first one can't restore what made room.
        assert refused[-1:] == ["versions"]
        assert bench.default_version() == json.loads(bench.base_state)[READER][0]
        bench.delete_own_version()
        refused = [refusal["rule"] for refusal in bench.undo(RUN, "back-by-hand")["refused"]]
    # A write that was under way and did not come is nothing to take back.
    assert refused == ([] if after else ["not_made"])
    bench.assert_at_base()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_run_is_taken_back_at_once(bench: ScopeBench, write: int, after: bool) -> None:
    bench.to_base()
    bench.killed(bench.declare, write=write, after=after)
    assert bench.undo()["refused"] == []
    bench.assert_at_base()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 2))
def test_killed_rollback_goes_on(bench: ScopeBench, write: int, after: bool) -> None:
    bench.to_base()
    bench.declare()
    bench.control.clear_log()
    bench.killed(bench.undo, write=write, after=after)
    assert bench.undo(run_id="back-again")["refused"] == []
    bench.assert_at_base()
