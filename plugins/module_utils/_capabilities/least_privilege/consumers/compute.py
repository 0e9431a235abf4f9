# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Instances, functions and tasks that have a role, with the calls that move them to another one."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from .policies import read_policy
from .reader import Found, Reader, Record, Service, Want, make_command, make_use, split
from .targets import Match, Targets

_ALL: t.Final = "$LATEST"
# More families of task definitions than these are not read one by one.
_MOST_FAMILIES: t.Final = 500
# AWS takes so many in one call: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_SERVICES: t.Final = 10
_TASKS: t.Final = 100


# Instances


def _read_instances(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the instances that have an instance profile of a role. Their state does not matter."""
    if not targets.has_profiles:
        return
    for one in reader.items("ec2", "DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations"):
        match = targets.find_by_profile((one.get("IamInstanceProfile") or {}).get("Arn") or "")
        if match is None or one.get("State") in ("disassociating", "disassociated"):
            continue
        arn = f"arn:{reader.partition}:ec2:{reader.region}:{reader.account_id}:instance/{one['InstanceId']}"
        profile = one["IamInstanceProfile"]["Arn"].rpartition("/")[2]
        move = _move_instance(match, one["AssociationId"], reader.region)
        yield make_use(match, "instance", arn, reader.region, move, f"instance profile {profile}")


def _move_instance(match: Match, association: str, region: str) -> str:
    """An instance profile has one role, and a running instance one profile: the new role needs a profile of its own."""
    name = match.target.new_name
    held = match.target.new_instance_profiles
    profile = held[0].rpartition("/")[2] if held else name
    made = (
        make_command("iam", "create-instance-profile", "--instance-profile-name", profile),
        make_command("iam", "add-role-to-instance-profile", "--instance-profile-name", profile, "--role-name", name),
    )
    replace = ("ec2", "replace-iam-instance-profile-association", "--association-id", association)
    replaced = make_command(*replace, "--iam-instance-profile", f"Name={profile}", region=region)
    return " && ".join((*(() if held else made), replaced))


# Functions


def _read_functions(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the functions, their policies, and the published versions of those that have a role of a target.

    A published version keeps the role that the function had:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """
    for function in reader.items("lambda", "ListFunctions", "Functions"):
        arn, name = function["FunctionArn"], function["FunctionName"]
        match = targets.find(function.get("Role"))
        if match is not None:
            yield make_use(match, "function", arn, reader.region, _move_function(match, name, reader.region), name)
            yield from _read_versions(reader, targets, function)
        asked = {"FunctionName": name}
        answer = reader.ask(
            "lambda", "GetPolicy", asked, about=arn, of=Want.NAMERS, absent=("ResourceNotFoundException",)
        )
        if answer is not None:
            adapt = ("lambda", "add-permission", "--function-name", name, "--statement-id", "<id>", "--action")
            command = make_command(*adapt, "lambda:InvokeFunction", "--principal", "{new}", region=reader.region)
            yield from read_policy(reader, targets, "function_policy", arn, answer.get("Policy"), command)


def _move_function(match: Match, name: str, region: str) -> str:
    update = ("lambda", "update-function-configuration", "--function-name", name, "--role", match.target.replacement)
    return make_command(*update, region=region)


def _read_versions(reader: Reader, targets: Targets, function: Record) -> Iterator[Found]:
    name, arn = function["FunctionName"], function["FunctionArn"]
    listed = reader.list(
        "lambda", "ListVersionsByFunction", "Versions", {"FunctionName": name}, about=arn, of=Want.CONSUMERS
    )
    held: dict[str, list[str]] = {}
    for one in listed or ():
        if one.get("Version") != _ALL:
            held.setdefault(one.get("Role") or "", []).append(str(one.get("Version")))
    for role, versions in held.items():
        match = targets.find(role)
        if match is not None:
            detail = f"{name}, versions {', '.join(versions)}: a published version keeps its role"
            move = _move_versions(name, versions, reader.region)
            yield make_use(match, "function_version", arn, reader.region, move, detail)


def _move_versions(name: str, versions: list[str], region: str) -> str:
    named = ("--function-name", name)
    steps = (
        make_command("lambda", "publish-version", *named, region=region),
        make_command(
            "lambda", "update-alias", *named, "--name", "<alias>", "--function-version", "<new version>", region=region
        ),
        *(make_command("lambda", "delete-function", *named, "--qualifier", one, region=region) for one in versions[:5]),
    )
    return "after the function itself: " + " && ".join(steps)


# Tasks


def _read_tasks(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the newest task definition of each family, and what the services and tasks of clusters run."""
    definitions = _Definitions(reader, targets)
    families = list(reader.items("ecs", "ListTaskDefinitionFamilies", "families", {"status": "ACTIVE"}))
    if len(families) > _MOST_FAMILIES:
        text = f"only {_MOST_FAMILIES} of {len(families)} families of task definitions were read"
        reader.note(text, of=Want.CONSUMERS)
    for family in families[:_MOST_FAMILIES]:
        yield from definitions.find(family, "task_definition", family)
    for cluster in reader.items("ecs", "ListClusters", "clusterArns"):
        yield from _read_cluster(reader, targets, definitions, cluster)


def _read_cluster(reader: Reader, targets: Targets, definitions: _Definitions, cluster: str) -> Iterator[Found]:
    asked = {"cluster": cluster}
    services = reader.list("ecs", "ListServices", "serviceArns", asked, about=cluster, of=Want.CONSUMERS)
    for group in split(services or (), _SERVICES):
        answer = reader.ask("ecs", "DescribeServices", {**asked, "services": group}, about=cluster, of=Want.CONSUMERS)
        for one in (answer or {}).get("services") or ():
            yield from definitions.find(one["taskDefinition"], "task", one["serviceArn"], cluster)
    tasks = reader.list("ecs", "ListTasks", "taskArns", asked, about=cluster, of=Want.CONSUMERS)
    for group in split(tasks or (), _TASKS):
        answer = reader.ask("ecs", "DescribeTasks", {**asked, "tasks": group}, about=cluster, of=Want.CONSUMERS)
        for one in (answer or {}).get("tasks") or ():
            if not str(one.get("group") or "").startswith("service:"):
                yield from definitions.find(one["taskDefinitionArn"], "task", one["taskArn"])
            yield from _find_overrides(reader, targets, one)


def _find_overrides(reader: Reader, targets: Targets, task: Record) -> Iterator[Found]:
    given = task.get("overrides") or {}
    for key in ("taskRoleArn", "executionRoleArn"):
        match = targets.find(given.get(key))
        if match is not None:
            move = f"start it anew with {key}={match.target.replacement} in --overrides of aws ecs run-task"
            yield make_use(match, "task", task["taskArn"], reader.region, move, f"{key} of its overrides")


class _Definitions:
    """The task definitions of one region, each read once."""

    def __init__(self, reader: Reader, targets: Targets) -> None:
        self._reader = reader
        self._targets = targets
        self._known: dict[str, t.Optional[Record]] = {}

    def find(self, name: str, kind: str, resource: str, cluster: str = "") -> Iterator[Found]:
        """Find the roles in a task definition, which ``resource`` runs: a service of ``cluster``, or else a task."""
        definition = self._read(name)
        if definition is None:
            return
        arn = definition["taskDefinitionArn"]
        for key in ("taskRoleArn", "executionRoleArn"):
            match = self._targets.find(definition.get(key))
            if match is not None:
                shown = arn if kind == "task_definition" else resource
                move = _move_task(match, key, definition["family"], self._reader.region, resource, cluster)
                yield make_use(match, kind, shown, self._reader.region, move, f"{key} of {arn.rpartition('/')[2]}")

    def _read(self, name: str) -> t.Optional[Record]:
        if name not in self._known:
            answer = self._reader.ask(
                "ecs", "DescribeTaskDefinition", {"taskDefinition": name}, about=name, of=Want.CONSUMERS
            )
            self._known[name] = None if answer is None else answer["taskDefinition"]
            if answer is not None:
                self._known[answer["taskDefinition"]["taskDefinitionArn"]] = answer["taskDefinition"]
        return self._known[name]


def _move_task(match: Match, key: str, family: str, region: str, resource: str, cluster: str) -> str:
    """A task definition can't be changed: a new revision has the new role, and the service is moved to it."""
    register = make_command("ecs", "register-task-definition", "--cli-input-json", "file://task.json", region=region)
    text = f"set {key}={match.target.replacement} in the definition of {family}, then {register}"
    if not cluster:
        return text
    update = ("ecs", "update-service", "--cluster", cluster.rpartition("/")[2], "--service")
    return f"{text} && {make_command(*update, resource.rpartition('/')[2], '--task-definition', family, region=region)}"


COMPUTE: t.Final = (
    Service(
        "the instances of EC2",
        "ec2",
        frozenset({"ec2:DescribeIamInstanceProfileAssociations"}),
        _read_instances,
        trusted=("ec2",),
    ),
    Service(
        "the functions of Lambda",
        "lambda",
        frozenset({"lambda:GetPolicy", "lambda:ListFunctions", "lambda:ListVersionsByFunction"}),
        _read_functions,
        trusted=("lambda", "edgelambda"),
        has_policies=True,
    ),
    Service(
        "the tasks of ECS",
        "ecs",
        frozenset(
            {"ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListClusters"}
            | {"ecs:ListServices", "ecs:ListTaskDefinitionFamilies", "ecs:ListTasks"}
        ),
        _read_tasks,
        trusted=("ecs-tasks", "ecs"),
    ),
)
