# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads of all platforms leave the access keys of their users, and the one that still uses its key keeps it."""

from __future__ import annotations

import copy
import json
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import key_migration
from emulator.seed import access_key_id

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT: t.Final = "555566667777"
REGION: t.Final = "eu-west-1"
GITHUB: t.Final = "token.actions.githubusercontent.com"
ROLES: t.Final = f"arn:aws:iam::{ACCOUNT}:role/workload/"
BOTO: t.Final = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux"
NODE: t.Final = "10.0.0.5"
KEYS: t.Final = {name: access_key_id(ACCOUNT, f"svc-{name}") for name in ("task", "function")}
SECRET: t.Final = "planted-secret"
#: By the name of the workload: the program that calls with the key of its user, and what the play declares.
WORKLOADS: t.Final[dict[str, tuple[str, Record]]] = {
    "vm": (f"{BOTO} exec-env/EC2", {"instances": ["i-0123456789abcdef0"]}),
    # Their keys are in their settings.
    "task": (BOTO, {}),
    "function": (BOTO, {}),
    # It is on a node.
    "pod": (BOTO, {"namespace": "shop", "service_account": "orders"}),
    "irsa": (BOTO, {"platform": "eks_irsa", "cluster": "apps", "namespace": "shop", "service_account": "billing"}),
    "pipeline": (
        "aws-sdk-nodejs/3.9 configure-aws-credentials-for-github-actions",
        {"repository": "example/shop", "branch": "main"},
    ),
    "late": (f"{BOTO} exec-env/AWS_ECS_FARGATE", {}),
}
MOVED: t.Final = tuple(name for name in WORKLOADS if name != "late")
PLATFORMS: t.Final = {
    "vm": "ec2",
    "task": "ecs",
    "function": "lambda",
    "pod": "eks_pod_identity",
    "irsa": "eks_irsa",
    "pipeline": "github",
    "late": "ecs",
}


def declare() -> list[Record]:
    return [
        {"name": name, "user": f"svc-{name}", "region": REGION, **more} for name, (_agent, more) in WORKLOADS.items()
    ]


def seed() -> Record:
    """An account whose users list queues and topics every day, each by its program; one may do far more."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    account = organization["accounts"][ACCOUNT]
    for name, (agent, _more) in WORKLOADS.items():
        policy = "aws:AdministratorAccess" if name == "vm" else "aws:ReadOnlyAccess"
        place = {"address": NODE} if name == "pod" else {}
        account.setdefault("users", {})[f"svc-{name}"] = {
            "created_days": 400,
            "policies": [policy],
            "access_keys": [{"age_days": 200, "last_used_days": 1, "service": "sqs"}],
        }
        account.setdefault("activity", {})[f"user/svc-{name}"] = {
            "sessions": {"key": {"agent": agent, "by": "service/ec2.amazonaws.com", **place}},
            "calls": [{"call": "sns:ListTopics", "each": "daily"}, {"call": "sqs:ListQueues", "each": "daily"}],
        }
    trust = copy.deepcopy(account["roles"]["assessor"]["trust"])
    account["roles"]["eks-apps"] = {"trust": trust, "policies": ["aws:ReadOnlyAccess"]}
    account["roles"]["resize"] = {"trust": trust}
    account["regions"] = {
        REGION: {
            "clusters": {"apps": {"role": "eks-apps", "mode": "API", "addons": ["eks-pod-identity-agent"]}},
            "instances": {"node": {"tags": {"eks:cluster-name": "apps"}, "started_days": 100, "address": NODE}},
            "functions": {"resize": {"role": "resize"}},
            "made": [
                {"call": "lambda:UpdateFunctionConfiguration", "parameters": name_in_function(KEYS["function"])},
                {"call": "ecs:RegisterTaskDefinition", "parameters": name_in_task(KEYS["task"])},
            ],
        }
    }
    account["oidc_providers"] = {GITHUB: {}}
    return organization


def name_in_function(*keys: str) -> Record:
    """The settings of a function that holds keys, each with its secret."""
    variables = {f"{kind}_{key}": value for key in keys for kind, value in (("KEY", key), ("SECRET", SECRET))}
    return {"FunctionName": "resize", "Environment": {"Variables": variables}}


def name_in_task(*keys: str) -> Record:
    """A revision of a task definition that holds keys, each with its secret."""
    variables = [{"name": name, "value": value} for key in keys for name, value in (("KEY", key), ("SECRET", SECRET))]
    container = {"name": "main", "image": "report", "memory": 128, "environment": variables}
    return {"family": "report", "containerDefinitions": [container]}


class Move:
    """The account, the runs in it, and the clock of both."""

    def __init__(self, make_ansible: MakeAnsible) -> None:
        self.ansible: Ansible = make_ansible(seed())
        self.start = datetime.now(UTC).replace(microsecond=0)
        self.days = 0.0
        self.runs = 0
        #: By ``user/NAME``, the role that makes the calls now.
        self.moved: dict[str, str] = {}
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        session = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "region_name": REGION,
        }
        self.session = session
        self.iam = client("iam", **session)
        cluster = client("eks", **session).describe_cluster(name="apps")["cluster"]
        self.issuer = cluster["identity"]["oidc"]["issuer"]
        self.iam.create_open_id_connect_provider(Url=self.issuer, ClientIDList=["sts.amazonaws.com"])
        self.inventory = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})
        self.workloads = declare()

    @property
    def now(self) -> datetime:
        return self.start + timedelta(days=self.days)

    def wait(self, days: float) -> None:
        """Move the clocks. Workloads go on with their calls, by the role where they have moved."""
        self.days += days
        self.ansible.control.clock(offset_days=self.days)
        self.ansible.control.add_calls(ACCOUNT, [], days=days, moved=self.moved)

    def give_roles(self, *names: str) -> None:
        """Do what people do: from now on these workloads call by their roles."""
        self.moved |= {f"user/svc-{name}": f"role/{name}" for name in names}

    def take_keys(self, *names: str) -> None:
        """Do the rest of what people do: take the keys out of settings."""
        client: t.Callable[..., t.Any] = boto3.client
        if "function" in names:
            client("lambda", **self.session).update_function_configuration(**name_in_function())
        if "task" in names:
            client("ecs", **self.session).register_task_definition(**name_in_task())

    def play(self, stage: str, *arguments: str) -> Outcome:
        """Run the playbook."""
        self.runs += 1
        declared = {f"key_migration_{name}": value for name, value in self._options().items()}
        return self.ansible.playbook(
            "keys_to_roles",
            *arguments,
            inventory=self.inventory,
            key_migration_mode="enforce",
            key_migration_stage=stage,
            hardening_run_id=f"run-{self.runs}",
            hardening_now=self.now.isoformat(),
            aws_regions=[REGION],
            hardening_owner_default="allow",
            hardening_max_changes=100,
            **declared,
        )

    def _options(self) -> Record:
        return {
            "workloads": self.workloads,
            "verify_days": 7,
            "delete_after_days": "7",
            # The calls are management events, which the event history has.
            "assume_logged": ["management_read", "management_write", "data"],
        }

    def run(self, stage: str, *, check: bool = False, **options: t.Any) -> Record:
        """Run the module in this process. Raises RuntimeError with the message of a run that fails."""
        self.runs += 1
        given = {
            "account_id": ACCOUNT,
            "endpoint_url": self.session["endpoint_url"],
            "access_key": self.session["aws_access_key_id"],
            "secret_key": self.session["aws_secret_access_key"],
            "region": REGION,
            "regions": [REGION],
            "journal": str(self.ansible.directory / "journal"),
            "report_dir": str(self.ansible.directory / "reports"),
            "run_id": f"run-{self.runs}",
            "now": self.now.isoformat(),
            "mode": "enforce",
            "stage": stage,
            "owner_default": "allow",
            "max_changes": 100,
            **self._options(),
            **options,
        }
        spec = {**aws_argument_spec(), **key_migration.ENTRY.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate(given)
        assert validation.error_messages == []
        result = execute(key_migration.ENTRY, options=validation.validated_parameters, check_mode=check)
        if result.get("failed"):
            raise RuntimeError(result["msg"])
        return result

    def status(self, name: str) -> t.Optional[str]:
        """The status of the key of a workload's user; None if it is gone."""
        keys = self.iam.list_access_keys(UserName=f"svc-{name}")["AccessKeyMetadata"]
        return keys[0]["Status"] if keys else None

    def trust(self, name: str) -> Record:
        (statement,) = self.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        return t.cast(Record, statement)

    def list_roles(self) -> list[str]:
        return [role["RoleName"] for role in self.iam.list_roles(PathPrefix="/workload/")["Roles"]]

    def list_records(self, name: str) -> list[str]:
        folder = self.ansible.directory / "journal" / "migrations" / ACCOUNT / name
        return [path.stem[7:] for path in sorted(folder.rglob("*.json"))]


@pytest.fixture(scope="module")
def move(make_ansible: MakeAnsible) -> Move:
    return Move(make_ansible)


def of(result: Record, name: str) -> Record:
    return next(one for one in result["workloads"] if one["name"] == name)


@pytest.mark.dated
def test_workloads_of_all_platforms_move_and_the_late_one_keeps_its_key(move: Move) -> None:
    assessed = move.run("assess")
    assert (assessed["changed"], assessed["refused"]) == (False, [])
    assert {one["name"]: one["platform"] for one in assessed["workloads"]} == PLATFORMS
    check_evidence(assessed)
    predicted = move.play("prepare", "--check", "--diff").succeeded()
    assert (predicted.writes, move.list_roles(), move.list_records("vm")) == ([], [], [])
    done = move.play("prepare").succeeded()
    assert sorted(move.list_roles()) == sorted(WORKLOADS)
    assert set(done.writes) == {"iam:CreateRole", "iam:PutRolePolicy"}
    for words in (
        "associate-iam-instance-profile",
        "taskRoleArn",
        "update-function-configuration",
        "      id-token: write",
    ):
        assert words in done.output
    for words in (
        "create-pod-identity-association --region eu-west-1 --cluster-name apps --namespace shop",
        "kubectl annotate serviceaccount",
        "update-function-configuration --region eu-west-1 --function-name resize",
        "describe-task-definition --region eu-west-1 --task-definition report",
        "the key is in the function resize in eu-west-1",
    ):
        assert words in done.output
    kept = [path.read_text(encoding="utf-8") for path in move.ansible.directory.rglob("*.*") if path.is_file()]
    assert SECRET not in done.output + predicted.output and not any(SECRET in text for text in kept)
    check_roles(move)
    assert move.run("prepare")["changed"] is False
    # Nobody has moved yet: neither proof nor retirement.
    assert {one["next"] for one in move.run("verify")["workloads"]} == {"wait"}
    assert {one["rule"] for one in move.run("retire")["refused"]} == {"not_verified"}
    move.give_roles(*MOVED)
    move.wait(8)
    verified = move.run("verify")
    assert {one["name"] for one in verified["workloads"] if one["next_state"] == "verified"} == set(MOVED)
    late = of(verified, "late")
    assert late["next"] == "wait" and late["callers"][0]["platform"] == "ecs_fargate"
    # The function is not forgotten in which nobody took the key out of the settings.
    move.take_keys("task")
    named = ("still_named", "svc-function")
    assert list_refused(move.run("retire")) == [named, ("not_verified", "svc-late")]
    assert move.status("function") == "Active"
    move.take_keys("function")
    retired = move.run("retire")
    assert list_refused(retired) == [("not_verified", "svc-late")]
    assert {name: move.status(name) for name in WORKLOADS} == {**dict.fromkeys(MOVED, "Inactive"), "late": "Active"}
    assert [one["operation"] for one in move.run("retire")["changes"]] == []
    move.wait(8)
    assert {one["operation"] for one in move.run("retire")["changes"]} == {"DeleteAccessKey"}
    assert {name: move.status(name) for name in WORKLOADS} == {**dict.fromkeys(MOVED), "late": "Active"}
    assert move.list_records("vm") == ["prepared", "verified", "key_inactive", "key_deleted"]
    assert move.list_records("late") == ["prepared"]


def list_refused(result: Record) -> list[tuple[str, str]]:
    return [(one["rule"], one["target"].rpartition("/")[2]) for one in result["refused"]]


def check_evidence(assessed: Record) -> None:
    """Each platform is shown by another source."""
    confidence = {one["name"]: one["platform_confidence"] for one in assessed["workloads"]}
    assert confidence == {
        **dict.fromkeys(("task", "function"), "certain"),
        **dict.fromkeys(("vm", "pipeline", "late"), "likely"),
        "pod": "inferred",
        "irsa": None,
    }
    function, pod = of(assessed, "function"), of(assessed, "pod")
    (named,) = function["named_in"]
    assert (named["kind"], named["region"]) == ("function", REGION)
    assert named["place"].startswith("environment KEY_")
    assert pod["cluster"] == "apps" and "a node of the cluster apps" in pod["callers"][0]["why"]


def check_roles(move: Move) -> None:
    """Each role admits its workload alone, and has what was called and no more."""
    issuer = move.issuer.removeprefix("https://")
    assert move.trust("vm") == {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    assert move.trust("task")["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert move.trust("pod")["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/apps",
        "aws:RequestTag/kubernetes-namespace": "shop",
        "aws:RequestTag/kubernetes-service-account": "orders",
    }
    assert move.trust("irsa")["Condition"]["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": "system:serviceaccount:shop:billing",
    }
    assert move.trust("pipeline")["Condition"]["StringEquals"] == {
        f"{GITHUB}:aud": "sts.amazonaws.com",
        f"{GITHUB}:sub": "repo:example/shop:ref:refs/heads/main",
    }
    for name in WORKLOADS:
        allowed: set[str] = set()
        for policy in move.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = move.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            actions = [one["Action"] for one in document["Statement"] if one["Effect"] == "Allow"]
            allowed |= {action for one in actions for action in ([one] if isinstance(one, str) else one)}
        assert allowed >= {"sns:ListTopics", "sqs:ListQueues"}
        assert "iam:CreateUser" not in allowed and "*" not in allowed, json.dumps(sorted(allowed))


def test_a_move_is_taken_back(make_ansible: MakeAnsible) -> None:
    move = Move(make_ansible)
    move.workloads = [one for one in declare() if one["name"] in ("task", "vm")]
    move.iam.create_role(RoleName="vm", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    prepared = move.run("prepare")
    assert [one["rule"] for one in prepared["refused"]] == ["role_taken"]
    assert move.list_roles() == ["task"]
    move.give_roles("task")
    move.take_keys("task")
    move.wait(8)
    assert of(move.run("verify"), "task")["next_state"] == "verified"
    move.run("retire")
    assert move.status("task") == "Inactive"
    # The key works again at once. The role stays while its workload uses it.
    back = move.run("revert", revert=["task"])
    assert [one["operation"] for one in back["changes"]] == ["UpdateAccessKey"]
    assert [one["rule"] for one in back["refused"]] == ["role_in_use"]
    assert (move.status("task"), move.list_roles()) == ("Active", ["task"])
    move.moved.clear()
    move.wait(8)
    assert move.run("revert", revert=["task"], check=True)["changed"] is True
    assert move.list_roles() == ["task"]
    move.run("revert", revert=["task"])
    assert move.list_roles() == []
    assert move.list_records("task")[-1] == "reverted"
    assert move.run("revert", revert=["task"])["changed"] is False
