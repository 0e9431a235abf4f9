# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real runs that the oracle of affected principals judges: one of every kind of change, each with its rollback.

The modules run in this process, as the action plugins run them in Ansible's worker.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import (
    access_key_lifecycle,
    event_alerts,
    organization_policy,
    password_policy,
    permissions_boundary,
    rollback,
    user_permissions,
)
from dates import date_in, noon_in
from emulator.client import Emulator

from .conftest import Record

ACCOUNT, APPS, BARE, OUTSIDE = "555566667777", "666677778888", "777788889999", "999900001111"
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
REGIONS = (HOME, ELSEWHERE)
RCP: t.Final = "RESOURCE_CONTROL_POLICY"
# The notices about credentials are sent on the first day; their grace is over on the second.
NOTICED, NOW = noon_in(1400), noon_in(1431)


def document(*actions: str, effect: str = "Allow", **elements: t.Any) -> Record:
    """A policy about these actions."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(*names: str, kind: str = "AWS") -> Record:
    """A trust policy that lets these principals in."""
    statement = {"Effect": "Allow", "Principal": {kind: list(names)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _role(account: str, *policies: str, **fields: t.Any) -> Record:
    return {"trust": trust(f"arn:aws:iam::{account}:root"), "policies": list(policies), **fields}


def _breaker() -> Record:
    """A break-glass role that a user of the management account can assume."""
    keeper = trust(f"arn:aws:iam::{ACCOUNT}:user/keeper")
    return {"trust": keeper, "policies": ["aws:AdministratorAccess"], "path": "/iam-hardening/"}


HOME_DIRECTORY: t.Final = document("s3:GetObject", Resource="arn:aws:s3:::home/${aws:username}/*")
SEED: t.Final[Record] = {
    "management_account": ACCOUNT,
    "organization": {"id": "o-oracle1234", "organizational_units": ["Apps/Live", "Bare"]},
    "accounts": {
        ACCOUNT: {
            "name": "management",
            "password_policy": {"minimum_length": 8, "require_numbers": True},
            "policies": {
                "Deploy": {"document": document("cloudformation:CreateStack", "s3:PutObject")},
                "Unused": {"document": document("glacier:*")},
            },
            "groups": {
                "readers": {"policies": ["aws:AmazonS3ReadOnlyAccess", "Unused"]},
                "writers": {"inline": {"mail": document("ses:SendEmail")}},
            },
            "users": {
                "dev-alice": {"policies": ["Deploy"], "inline": {"home": HOME_DIRECTORY}},
                "dev-bob": {"policies": ["Deploy"], "inline": {"home": HOME_DIRECTORY}, "path": "/team/"},
                "carol": {"groups": ["readers"], "password": {"last_used_days": 1}, "mfa": ["virtual"]},
                "dan": {"groups": ["readers"]},
                "keeper": {
                    "password": {"last_used_days": 1},
                    "mfa": ["hardware"],
                    "inline": {"break": document("sts:AssumeRole")},
                },
                "robot": {"policies": ["Unused"]},
                "poster": {"inline": {"queue": document("sqs:SendMessage")}},
                "writer": {"groups": ["writers"]},
                "keyed": {
                    "policies": ["aws:AmazonSQSFullAccess"],
                    "access_keys": [{"age_days": 400, "last_used_days": 200}],
                },
            },
            "roles": {
                "break-glass": _breaker(),
                "dev-1": _role(ACCOUNT, "aws:PowerUserAccess"),
                "dev-2": _role(ACCOUNT, "Unused", inline={"table": document("dynamodb:*", "sqs:SendMessage")}),
                "by-services": {
                    "trust": trust("lambda.amazonaws.com", "ec2.amazonaws.com", kind="Service"),
                    "inline": {"logs": document("logs:PutLogEvents")},
                },
            },
        },
        APPS: {
            "name": "apps",
            "ou": "Apps/Live",
            "root": {"password": False},
            "users": {"worker": {"policies": ["aws:AmazonSQSFullAccess"]}},
            "roles": {
                "break-glass": _breaker(),
                "pipeline": _role(APPS, "aws:PowerUserAccess"),
                "partner": {**_role(OUTSIDE), "inline": {"read": document("s3:GetObject")}},
            },
        },
        BARE: {
            "name": "bare",
            "ou": "Bare",
            "root": {"password": False},
            "users": {"other": {"policies": ["aws:AmazonSQSFullAccess"]}},
            "roles": {"break-glass": _breaker()},
        },
    },
}
BREAK_GLASS: t.Final = ["arn:aws:iam::*:role/iam-hardening/break-glass"]


@dataclasses.dataclass(frozen=True)
class Step:
    """A run: a module with its options, and what is done by hand before it."""

    name: str
    entry: Entry
    options: Record
    operations: frozenset[str]
    prepare: t.Optional[Callable[[Bench], None]] = None


@dataclasses.dataclass
class Bench:
    """The organization on the emulator, and the runs of modules in it."""

    control: Emulator
    directory: Path
    environment: t.Mapping[str, str]
    clients: dict[tuple[str, str, str], t.Any] = dataclasses.field(default_factory=dict)
    keys: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    def client(self, service: str, account: str = ACCOUNT, region: str = HOME) -> t.Any:
        """A client of the administrator of an account."""
        place = (service, account, region)
        if place not in self.clients:
            if account not in self.keys:
                self.keys[account] = self._keys(account)
            make: t.Callable[..., t.Any] = boto3.client
            url = self.environment["AWS_ENDPOINT_URL"]
            self.clients[place] = make(service, endpoint_url=url, region_name=region, **self.keys[account])
        return self.clients[place]

    def _keys(self, account: str) -> dict[str, str]:
        if account == ACCOUNT:
            return {
                "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            }
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        opened = self.client("sts").assume_role(RoleArn=role, RoleSessionName="oracle")["Credentials"]
        return {
            "aws_access_key_id": opened["AccessKeyId"],
            "aws_secret_access_key": opened["SecretAccessKey"],
            "aws_session_token": opened["SessionToken"],
        }

    def run(self, step: Step) -> Record:
        """Run the module of a step for real, and return its result."""
        spec = {**aws_argument_spec(), **step.entry.argument_spec()}
        given = {"account_id": ACCOUNT, "journal": str(self.directory / "journal"), "run_id": step.name}
        common = {"break_glass": BREAK_GLASS, "event_history": False, "max_changes": 1000, "max_percent": 100}
        common["owner_default"] = "allow"
        given |= {name: value for name, value in common.items() if name in spec}
        validation = ArgumentSpecValidator(spec).validate({**given, **step.options})
        assert not validation.error_messages, validation.error_messages
        result = execute(step.entry, options=validation.validated_parameters, check_mode=False)
        assert not result.get("failed"), result
        return result


def _undo(undone: str, *operations: str, prepare: t.Optional[Callable[[Bench], None]] = None) -> Step:
    return Step(f"{undone}_back", rollback.ENTRY, {"undo_run_id": undone}, frozenset(operations), prepare)


def _accepted(key: str, *names: str) -> list[dict[str, str]]:
    return [{key: name, "reason": "agreed for the test", "expires": date_in(30)} for name in names]


# Users and groups


def _user_steps() -> Iterator[Step]:
    groups = [{"name": "developers", "users": ["dev-*"]}]
    moved = {"CreateGroup", "AttachGroupPolicy", "PutGroupPolicy", "AddUserToGroup"}
    taken = {"DetachUserPolicy", "DeleteUserPolicy"}
    yield Step("moved", user_permissions.ENTRY, {"groups": groups}, frozenset(moved | taken))
    yield _undo(
        "moved",
        *("DeleteGroup", "DetachGroupPolicy", "DeleteGroupPolicy", "RemoveUserFromGroup"),
        *("AttachUserPolicy", "PutUserPolicy"),
    )
    removals = [
        {"policy": "Unused", "users": ["robot"], "groups": ["readers"], "roles": ["dev-2"]},
        {"policy": "queue", "users": ["poster"]},
        {"policy": "mail", "groups": ["writers"]},
    ]
    accepted = _accepted("principal", "robot", "carol", "dan", "dev-2", "poster", "writer")
    yield Step(
        "detached",
        user_permissions.ENTRY,
        {"remove_policies": removals, "accept_breakage": accepted},
        frozenset(
            ("DetachUserPolicy", "DetachGroupPolicy", "DetachRolePolicy", "DeleteUserPolicy", "DeleteGroupPolicy")
        ),
    )
    given = ("AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy", "PutUserPolicy", "PutGroupPolicy")
    yield _undo("detached", *given)


# Boundaries

BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/developer"


def _attach_elsewhere(bench: Bench) -> None:
    """The boundary is given to a user and to a group as a policy, and a user of another path carries it too."""
    iam = bench.client("iam")
    iam.attach_user_policy(UserName="robot", PolicyArn=BOUNDARY)
    iam.attach_group_policy(GroupName="readers", PolicyArn=BOUNDARY)
    iam.put_user_permissions_boundary(UserName="dev-bob", PermissionsBoundary=BOUNDARY)


def _attach_to_another(bench: Bench) -> None:
    """Between the run and its rollback the policy is given to somebody else."""
    bench.client("iam").attach_role_policy(RoleName="by-services", PolicyArn=BOUNDARY)


def _detach_elsewhere(bench: Bench) -> None:
    iam = bench.client("iam")
    iam.detach_role_policy(RoleName="by-services", PolicyArn=BOUNDARY)
    iam.detach_user_policy(UserName="robot", PolicyArn=BOUNDARY)
    iam.detach_group_policy(GroupName="readers", PolicyArn=BOUNDARY)
    iam.delete_user_permissions_boundary(UserName="dev-bob")


def _boundary_steps() -> Iterator[Step]:
    def declared(*actions: str, **options: t.Any) -> Record:
        targets = [{"name": "dev-?", "kind": "role"}]
        boundary = {"name": "developer", "document": document(*actions), "targets": targets}
        names = ("dev-1", "dev-2", "robot", "carol", "dan", "dev-bob")
        return {"boundaries": [boundary], "accept_breakage": _accepted("principal", *names), **options}

    entry = permissions_boundary.ENTRY
    first, second = ("s3:*", "sqs:*"), ("dynamodb:*", "sns:Publish")
    yield Step("bounded", entry, declared(*first), frozenset(("CreatePolicy", "PutRolePermissionsBoundary")))
    yield Step("drifted", entry, declared(*second), frozenset(("CreatePolicyVersion",)), _attach_elsewhere)
    yield _undo("drifted", "SetDefaultPolicyVersion", prepare=_attach_to_another)
    absent = declared(*first, state="absent", allow_loosen=True, delete_versions=True)
    gone = ("DeleteRolePermissionsBoundary", "DeletePolicyVersion", "DeletePolicy")
    yield Step("unbounded", entry, absent, frozenset(gone), _detach_elsewhere)
    yield _undo("unbounded", "PutRolePermissionsBoundary", "CreatePolicy")


# Credentials


def _credential_steps() -> Iterator[Step]:
    keys = {"notify": "none"}
    yield Step("noticed", access_key_lifecycle.ENTRY, {**keys, "now": NOTICED}, frozenset(("TagUser",)))
    deactivated = frozenset(("TagUser", "UpdateAccessKey"))
    yield Step("deactivated", access_key_lifecycle.ENTRY, {**keys, "now": NOW}, deactivated)
    yield _undo("deactivated", "TagUser", "UpdateAccessKey")
    kinds = ("symbols", "numbers", "uppercase_characters", "lowercase_characters")
    policy = {
        "minimum_password_length": 14,
        "allow_users_to_change_password": True,
        **{f"require_{kind}": True for kind in kinds},
    }
    yield Step("passwords", password_policy.ENTRY, policy, frozenset(("UpdateAccountPasswordPolicy",)))
    yield _undo("passwords", "UpdateAccountPasswordPolicy")


def _last_steps() -> Iterator[Step]:
    """Credentials are deleted, which nothing takes back."""
    entry = access_key_lifecycle.ENTRY
    unused = {"notify": "none", "remove_unused_passwords": True, "delete_after_days": 90, "delete_grace_days": 30}
    yield Step("noticed_again", entry, {**unused, "now": NOW}, frozenset(("TagUser", "UpdateAccessKey")))
    deleted = frozenset(("DeleteAccessKey", "DeleteLoginProfile", "UntagUser"))
    yield Step("deleted", entry, {**unused, "now": noon_in(1480)}, deleted)
    absent = {"state": "absent", "allow_weaken": True}
    gone = frozenset(("DeleteAccountPasswordPolicy",))
    yield Step("passwords_free", password_policy.ENTRY, absent, gone, _let_users_change_passwords)


def _let_users_change_passwords(bench: Bench) -> None:
    bench.client("iam").update_account_password_policy(AllowUsersToChangePassword=True)


# Topics, queues and buses


def _make_topic(bench: Bench) -> None:
    bench.client("sns").create_topic(Name="ours")
    bench.client("sqs").create_queue(QueueName="ours")


def _alert_steps() -> Iterator[Step]:
    own = {"regions": list(REGIONS), "rules": {"organizations-guardrail-change": False}}
    made = {**own, "create_topic": True, "create_dead_letter_queue": True, "receive_from_organization": True}
    created = frozenset(("CreateTopic", "CreateQueue", "PutPermission", "CreateRole", "PutRolePolicy"))
    yield Step("alerted", event_alerts.ENTRY, made, created)
    removed = ("DeleteTopic", "DeleteQueue", "RemovePermission", "DeleteRole", "DeleteRolePolicy")
    yield _undo("alerted", *removed)
    theirs = {
        **own,
        "topic_arn": f"arn:aws:sns:{HOME}:{ACCOUNT}:ours",
        "dead_letter_queue_arn": f"arn:aws:sqs:{HOME}:{ACCOUNT}:ours",
    }
    set_anew = frozenset(("SetTopicAttributes", "SetQueueAttributes"))
    yield Step("their_topic", event_alerts.ENTRY, theirs, set_anew, _make_topic)
    yield _undo("their_topic", *set_anew)


# The organization


def _make_queue(bench: Bench) -> None:
    """A queue of the member's that another account, a service and anybody may write to."""
    queues = bench.client("sqs", APPS)
    arn = f"arn:aws:sqs:{HOME}:{APPS}:inbox"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
            for principal, action in (
                ({"AWS": OUTSIDE}, "sqs:ChangeMessageVisibility"),
                ({"Service": "events.amazonaws.com"}, "sqs:SendMessage"),
                ("*", "sqs:GetQueueUrl"),
            )
        ],
    }
    queues.create_queue(QueueName="inbox", Attributes={"Policy": json.dumps(policy)})


def _move(account: str, unit: str) -> Callable[[Bench], None]:
    """An account is moved by hand into a unit of the root."""

    def prepare(bench: Bench) -> None:
        organizations = bench.client("organizations")
        (root,) = organizations.list_roots()["Roots"]
        units = organizations.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
        (target,) = [item["Id"] for item in units if item["Name"] == unit]
        (parent,) = organizations.list_parents(ChildId=account)["Parents"]
        organizations.move_account(AccountId=account, SourceParentId=parent["Id"], DestinationParentId=target)

    return prepare


def _guarded(content: Record, unit: str = "/Apps", **options: t.Any) -> Record:
    accepted = {
        "accept_without_evidence": _accepted("account", APPS, BARE),
        "accept_breakage": _accepted("principal", "events.amazonaws.com", "amazonaws.com"),
    }
    # The account below the unit has it once more itself.
    targets = [{"ou": unit}, {"account": APPS}] if unit == "/Apps" else [{"ou": unit}]
    return {"policies": [{"name": "guard", "content": content, "targets": targets}], **accepted, **options}


def _organization_steps() -> Iterator[Step]:
    entry = organization_policy.ENTRY
    first, second = (document(action, effect="Deny") for action in ("glacier:DeleteVault", "glacier:CreateVault"))
    yield Step("guarded", entry, _guarded(first), frozenset(("CreatePolicy", "AttachPolicy")), _make_queue)
    yield Step("guarded_anew", entry, _guarded(second), frozenset(("UpdatePolicy",)))
    yield _undo("guarded_anew", "UpdatePolicy", prepare=_move(BARE, "Apps"))
    moved = _guarded(first, "/Bare", purge_attachments=True, allow_loosen=True)
    yield Step("guard_moved", entry, moved, frozenset(("AttachPolicy", "DetachPolicy")), _move(BARE, "Bare"))
    yield _undo("guard_moved", "AttachPolicy", "DetachPolicy")
    absent = {**_guarded(first), "state": "absent", "allow_loosen": True}
    yield Step("unguarded", entry, absent, frozenset(("DetachPolicy", "DeletePolicy")))
    yield _undo("unguarded", "CreatePolicy", "AttachPolicy")
    shut = document("sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", effect="Deny", Principal="*")
    rcp = {**_guarded(shut), "type": RCP}
    rcp["policies"][0]["name"] = "fence"
    yield Step("fenced", entry, rcp, frozenset(("CreatePolicy", "AttachPolicy")))
    yield _undo("fenced", "DetachPolicy", "DeletePolicy")


STEPS: t.Final[tuple[Step, ...]] = (
    *_user_steps(),
    *_boundary_steps(),
    *_credential_steps(),
    *_alert_steps(),
    *_organization_steps(),
    *_last_steps(),
)
