# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles that their owners change: a state of Terraform has ``app``, and a stack has ``job``.

The owners apply what the patches say, read by the parsers of their languages. No run writes anything to IAM.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping

import pytest
import yaml

from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record
from .right_sizing import ADMIN, CANARY, COMPANION, SMALL_SEED, WATCH, SmallBench, rules, states, use

pytest.importorskip("hcl2", reason="python-hcl2 is not installed; make test installs it")
terraform = pytest.importorskip("terraform_text")

STACKS: t.Final[Record] = {"shop": {"resources": {"JobRole": {"type": "AWS::IAM::Role", "id": "job"}}}}
SMALL: t.Final[Record] = SMALL_SEED["accounts"][MANAGEMENT]
EXTRA: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
}
SEED: t.Final[Record] = {
    **SMALL_SEED,
    "accounts": {
        MANAGEMENT: {
            **SMALL,
            "roles": {**SMALL["roles"], "app": {**SMALL["roles"]["app"], "inline": {"extra": EXTRA}}},
            "regions": {"us-east-1": {"stacks": STACKS}},
        }
    },
}
STATE: t.Final[Record] = {
    "version": 4,
    "resources": [
        {
            "mode": "managed",
            "type": "aws_iam_role",
            "name": "app",
            "instances": [{"attributes": {"arn": f"arn:aws:iam::{MANAGEMENT}:role/app"}}],
        }
    ],
}
FOLDER: t.Final = f"{MANAGEMENT}/least_privilege/role-"


class Terraform:
    """The owner of ``app``: it applies resources of a patch, and removes those that it names."""

    def __init__(self, iam: t.Any) -> None:
        self._iam = iam

    def add(self, text: str) -> None:
        found = terraform.read_resources(text)
        policies = {label: values for kind, label, values in found if kind == "aws_iam_policy"}
        for values in policies.values():
            self._make(values)
        for kind, _label, values in found:
            if kind == "aws_iam_role_policy_attachment":
                assert values["role"] == "${aws_iam_role.app.name}"
                label = re.fullmatch(r"\$\{aws_iam_policy\.(\w+)\.arn\}", values["policy_arn"])
                arn = make_arn(policies[label[1]]) if label else values["policy_arn"]
                self._iam.attach_role_policy(RoleName="app", PolicyArn=arn)
            if kind == "aws_iam_role_policy":
                document = json.dumps(values["policy"])
                self._iam.put_role_policy(RoleName="app", PolicyName=values["name"], PolicyDocument=document)

    def _make(self, values: Record) -> None:
        document = json.dumps(values["policy"])
        try:
            self._iam.create_policy(PolicyName=values["name"], Path=values["path"], PolicyDocument=document)
        except self._iam.exceptions.EntityAlreadyExistsException:
            self._iam.create_policy_version(PolicyArn=make_arn(values), PolicyDocument=document, SetAsDefault=True)

    def remove(self, text: str) -> list[str]:
        """Remove what the comments name, in their order; the ARNs and names of the policies."""
        found = terraform.read_resources(terraform.uncomment(text))
        names = []
        for kind, label, values in found:
            name = values.get("policy_arn") or values["name"]
            names.append(name)
            if kind == "aws_iam_role_policy_attachment":
                reference = re.fullmatch(r"\$\{aws_iam_policy\.(\w+)\.arn\}", name)
                assert reference is None, label
                self._iam.detach_role_policy(RoleName="app", PolicyArn=name)
            elif kind == "aws_iam_role_policy":
                self._iam.delete_role_policy(RoleName="app", PolicyName=name)
            else:
                assert kind == "aws_iam_policy"
                delete_policy(self._iam, f"arn:aws:iam::{MANAGEMENT}:policy/iam-hardening/lp/{name}")
        return names


class Stack:
    """The owner of ``job``: it brings the resources of its template to what a patch says."""

    def __init__(self, iam: t.Any) -> None:
        self._iam = iam
        self._policies: dict[str, str] = {}

    def add(self, text: str) -> None:
        """The first update: the new resources, and their entries beside the old ones."""
        for name, resource in yaml.safe_load(text)["Resources"].items():
            values = resource["Properties"]
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                document = json.dumps(values["PolicyDocument"])
                named = {"PolicyName": values["ManagedPolicyName"], "Path": values["Path"]}
                self._policies[name] = self._iam.create_policy(**named, PolicyDocument=document)["Policy"]["Arn"]
        for arn in self._list_arns(text):
            self._iam.attach_role_policy(RoleName="job", PolicyArn=arn)

    def remove(self, text: str) -> list[str]:
        """The second update: it removes what is listed, and the role is as the template has it."""
        names = re.findall(r"^#   remove the managed policy (.+)$", text, re.MULTILINE)
        arns = [json.loads(name) for name in names]
        for arn in arns:
            self._iam.detach_role_policy(RoleName="job", PolicyArn=arn)
        for name in re.findall(r"^#   remove the resource (\w+)$", text, re.MULTILINE):
            delete_policy(self._iam, self._policies[name])
        attached = self._iam.list_attached_role_policies(RoleName="job")["AttachedPolicies"]
        assert {one["PolicyArn"] for one in attached} == set(self._list_arns(text))
        return arns

    def _list_arns(self, text: str) -> list[str]:
        role = yaml.safe_load(text)["Resources"]["JobRole"]
        assert (role["Type"], role["Properties"]["Policies"]) == ("AWS::IAM::Role", [])
        entries = role["Properties"]["ManagedPolicyArns"]
        return [self._policies[one["Ref"]] if isinstance(one, Mapping) else one for one in entries]


def make_arn(values: Record) -> str:
    return f"arn:aws:iam::{MANAGEMENT}:policy{values['path']}{values['name']}"


def delete_policy(iam: t.Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


class OwnedBench(SmallBench):
    """The account with the two owners. A run that writes to IAM fails."""

    owners: Mapping[str, t.Any]

    def back_to(self, number: int) -> None:
        super().back_to(number)
        self.owners = {"app": Terraform(self.iam), "job": Stack(self.iam)}

    def run(self, *arguments: t.Any, **options: t.Any) -> Record:
        self.control.clear_log()
        result = super().run(*arguments, **options)
        assert [record for record in self.control.log() if record["service"] == "iam" and not record["read_only"]] == []
        return result

    def apply(self, result: Record) -> None:
        """Apply the patches of a run as their owners do."""
        for name, text in patches(result).items():
            self.owners[name].add(text)
            self.owners[name].remove(text)


def patches(result: Record) -> dict[str, str]:
    """The texts of the patches of a run, by the names of their roles."""
    roles = {role["role"].rpartition("/")[2]: role for role in result["campaign"]["roles"]}
    return {name: role["patch"]["text"] for name, role in roles.items() if role["patch"]}


def say(result: Record, role: str, member: str) -> t.Any:
    """What a run says of a role."""
    return next(item[member] for item in result["campaign"]["roles"] if item["role"].endswith(f"/{role}"))


@pytest.fixture(scope="module")
def kept(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnedBench, int]]:
    """The account after stage prepare, and the number to come back to it."""
    with use(emulator) as control:
        bench = OwnedBench(control, tmp_path_factory.mktemp("owned"))
        state = bench.directory / "app.tfstate"
        state.write_text(json.dumps(STATE), encoding="utf-8")
        target = {"roles": ["app", "job"], "way": "by_owner", "canary": True}
        bench.options |= {"targets": [target], "terraform_state_paths": [str(state)]}
        bench.make_base(SEED)
        for stage in ("assess", "generate", "prepare"):
            assert set(states(bench.run(stage)).values()) == {"done"}
        yield bench, bench.keep()


@pytest.fixture
def bench(kept: tuple[OwnedBench, int]) -> OwnedBench:
    bench, number = kept
    bench.back_to(number)
    return bench


def read_file(bench: SmallBench, name: str) -> str:
    return (bench.reports / f"{FOLDER}{name}").read_text(encoding="utf-8")


def test_owners_apply_the_patches_of_all_stages_and_those_of_the_way_back(bench: OwnedBench) -> None:
    owners = bench.owners
    handed = bench.run("canary")
    assert states(handed) == {"app": "waiting", "job": "waiting"}
    assert say(handed, "app", "patch")["language"] == "Terraform"
    assert say(handed, "app", "patch")["to"] == "Terraform, address aws_iam_role.app"
    assert say(handed, "job", "patch")["to"] == "stack shop (us-east-1, logical id JobRole)"
    assert read_file(bench, "app/patch.tf") == patches(handed)["app"]
    assert f"{FOLDER}job/patch.yaml of the reports" in say(handed, "job", "next")
    # The first half of each patch is not enough.
    for name, text in patches(handed).items():
        owners[name].add(text)
    half = bench.run("canary")
    assert states(half) == {"app": "waiting", "job": "waiting"}
    assert "it still allows * on *" in say(half, "app", "reason")
    assert patches(half) == patches(handed)
    taken = {name: owners[name].remove(text) for name, text in patches(half).items()}
    assert taken == {"app": ["extra", ADMIN], "job": ["arn:aws:iam::aws:policy/AmazonS3FullAccess", ADMIN]}

    after = {"canary": "soaking", "cut_over": "soaking", "watch": "done", "retire": "retired"}
    for stage, days in (("canary", 0), ("cut_over", CANARY + 1), ("watch", WATCH + 1), ("retire", 1)):
        bench.wait(days)
        result = bench.run(stage)
        assert states(result) == dict.fromkeys(owners, after[stage]), result["refused"]
        assert patches(result) == {}
    assert "of an earlier run" in read_file(bench, "app/patch.tf")
    assert states(bench.run(None)) == {"app": "retired", "job": "retired"}

    back = bench.run("revert", revert=["*"])
    assert states(back) == {"app": "waiting", "job": "waiting"}
    assert f"{ADMIN} is not attached" in say(back, "app", "reason")
    assert all("administrator again" in say(back, name, "warnings")[0] for name in owners)
    assert read_file(bench, "job/patch.yaml") == patches(back)["job"]
    for name, text in patches(back).items():
        owners[name].add(text)
    half = bench.run("revert", revert=["*"])
    assert states(half) == {"app": "waiting", "job": "waiting"}
    assert "lp-app-1 is still attached" in say(half, "app", "reason")
    for name, text in patches(half).items():
        owners[name].remove(text)
    for _time in ("first", "second"):
        assert states(bench.run("revert", revert=["*"])) == {"app": "reverted", "job": "reverted"}
    assert bench.state() == bench.base_state


def widen_policy(bench: OwnedBench) -> None:
    arn = f"arn:aws:iam::{MANAGEMENT}:policy/iam-hardening/lp/lp-app-1"
    version = bench.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = bench.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    document["Statement"].append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
    bench.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)


def add_inline(bench: OwnedBench) -> None:
    bench.iam.put_role_policy(RoleName="app", PolicyName="other", PolicyDocument=json.dumps(EXTRA))


@pytest.mark.parametrize(
    ("widen", "more"), [(widen_policy, "iam:PassRole"), (add_inline, "sqs:*")], ids=["version", "inline"]
)
def test_wider_policies_do_not_count(bench: OwnedBench, widen: Callable[[OwnedBench], None], more: str) -> None:
    bench.apply(bench.run("canary"))
    widen(bench)
    result = bench.run("canary")
    assert states(result) == {"app": "waiting", "job": "soaking"}
    assert f"it still allows {more}" in say(result, "app", "reason")
    # The patch takes the surplus as well.
    bench.apply(result)
    assert states(bench.run("canary"))["app"] == "soaking"


def test_a_role_whose_owner_is_not_known_gets_files_in_both_languages(bench: OwnedBench) -> None:
    result = bench.run("canary", terraform_state_paths=[])
    assert say(result, "app", "patch") is None
    following = say(result, "app", "next")
    assert "the owner is not known" in following
    assert f"patch.tf (Terraform) or patch.yaml (CloudFormation) in {FOLDER}app" in following
    kinds = [kind for kind, _label, _values in terraform.read_resources(read_file(bench, "app/patch.tf"))]
    assert kinds == ["aws_iam_policy", "aws_iam_role_policy_attachment"] * (len(kinds) // 2)
    assert "TheResource" in yaml.safe_load(read_file(bench, "app/patch.yaml"))["Resources"]
    # Once the owner is known, there is one file.
    bench.run("canary")
    assert "of an earlier run" in read_file(bench, "app/patch.yaml")


def test_a_role_that_can_not_be_read_holds_no_other_one(bench: OwnedBench) -> None:
    """Nobody knows whether its owner has applied the patch, so no stage goes on."""
    bench.apply(bench.run("canary"))
    add_inline(bench)
    denied = {"operation": "GetRolePolicy", "kind": "error", "code": "AccessDenied", "status": 403}
    bench.control.faults([{"service": "iam", **denied}])
    result, back = bench.run("canary"), bench.run("revert", revert=["app"])
    bench.control.clear_faults()
    assert (rules(result), states(result)["job"]) == ({"app": "not_in_force"}, "soaking")
    assert any("role/app can't be read" in text for text in result["warnings"])
    assert rules(back) == {"app": "no_documents"}


def test_only_what_is_read_live_counts(bench: OwnedBench) -> None:
    """What a run has read of the account before is out of date, as it is when an assessment has read it."""
    bench.control.faults([{"service": "iam", "operation": "GetAccountAuthorizationDetails", "kind": "stale"}])
    bench.apply(bench.run("canary"))
    assert states(bench.run("canary")) == {"app": "soaking", "job": "soaking"}
    widen_policy(bench)
    waiting = bench.run("canary")
    bench.control.clear_faults()
    assert "it still allows iam:PassRole" in say(waiting, "app", "reason")


def test_old_policies_that_changed_before_the_patch_was_applied_are_recorded_again(bench: OwnedBench) -> None:
    bench.iam.put_role_policy(RoleName="app", PolicyName="more", PolicyDocument=json.dumps(EXTRA))
    result = bench.run("canary")
    assert (rules(result)["app"], say(result, "app", "patch")) == ("changed_since", None)
    assert "of an earlier run" in read_file(bench, "app/patch.tf")
    again = bench.run("generate")
    assert say(again, "app", "reason").startswith("new documents were generated")
    assert say(again, "job", "reason") == "stage prepare is done"
    bench.run("prepare")
    state = bench.state()
    bench.apply(bench.run("canary"))
    bench.apply(bench.run("revert", revert=["*"]))
    assert states(bench.run("revert", revert=["*"])) == {"app": "reverted", "job": "reverted"}
    assert bench.state() == state


def test_policies_are_extended_within_the_old_ones_after_the_owner_has_applied_them(bench: OwnedBench) -> None:
    """The live role no longer has AdministratorAccess, so the ceiling, and the way back, come from the records."""
    bench.apply(bench.run("canary"))
    bench.run("canary")
    only: Record = {"targets": [{"roles": ["app"], "way": "by_owner", "canary": True}], "always_allow": [COMPANION]}
    for stage in ("generate", "prepare"):
        assert states(bench.run(stage, **only))["app"] == "done"
    result = bench.run("canary", **only)
    assert "it does not allow kms:GenerateDataKey" in say(result, "app", "reason")
    bench.apply(result)
    assert "kms:GenerateDataKey" in json.dumps(bench.documents("app"))
    assert states(bench.run("canary", **only))["app"] == "soaking"
    bench.apply(bench.run("revert", revert=["*"]))
    assert set(states(bench.run("revert", revert=["*"])).values()) == {"reverted"}
    assert bench.state() == bench.base_state
