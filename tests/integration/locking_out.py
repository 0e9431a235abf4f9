# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles run in one account by whoever is told to, for the tests of what would lock somebody out."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

import boto3
import yaml

from emulator.seed import access_key_id, secret_access_key

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT = "555566667777"
# An organization: its management account, a member at work, one without roles, and an account outside.
MANAGEMENT, APPS, BARE = ACCOUNT, "666677778888", "777788889999"
PARTNER: t.Final = "888899990000"
GITHUB: t.Final = "token.actions.githubusercontent.com"
# The caps are a guard of their own; where they are not what is looked at, they are out of the way.
UNCAPPED: t.Final = {"hardening_max_changes": 1000, "hardening_max_percent": 100}
# Nobody is known to own the objects of the tests.
UNOWNED: t.Final = {"hardening_owner_default": "allow"}
_PART: t.Final = {"access_keys": "access_key_lifecycle"}
_PARAMETER: t.Final = {"user": "UserName", "role": "RoleName", "group": "GroupName", "policy": "PolicyArn"}
_TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
}
# Roles that let nobody in but each other would be a way for nobody.
_FROM_OUTSIDE: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"}, "Action": "sts:AssumeRole"},
}


def document(*actions: str, effect: str = "Allow") -> Record:
    """A policy about these actions on everything."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": list(actions), "Resource": "*"}]}


def role(**fields: t.Any) -> Record:
    """A role that anybody in the account may assume."""
    return {"trust": _TRUST, **fields}


def break_glass(**fields: t.Any) -> Record:
    """A break-glass role that somebody can use, and that may do everything."""
    given = {"trust": _FROM_OUTSIDE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]}
    return {**given, **fields}


def seed(**settings: t.Any) -> Record:
    """One account with the roles of this collection and more; settings named ``roles`` come on top of those."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    account = organization["accounts"][ACCOUNT]
    own = account["roles"]
    account.update(settings)
    account["roles"] = {**own, **settings.get("roles", {})}
    return organization


def organization() -> Record:
    """A management account with break-glass, a member with people at work, and one without any role to read it by."""
    seed: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    own = seed["accounts"][MANAGEMENT]["roles"]
    reader = {
        **own["assessor"],
        "policies": ["aws:AdministratorAccess"],
    }
    breaker = break_glass(last_used_days=None, tags=own["automation"]["tags"])
    seed["organization"] = {"id": "o-test123456", "organizational_units": ["Apps", "Bare"]}
    seed["accounts"][MANAGEMENT]["roles"] = {**own, "break-glass": breaker}
    member = {"name": "apps", "ou": "Apps", "root": {"password": False}}
    member["roles"] = {
        "assessor": reader,
        "automation": own["automation"],
        "break-glass": breaker,
        "pipeline": {
            "trust": own["automation"]["trust"],
            "policies": ["aws:AdministratorAccess"],
            "last_accessed": {"lambda": {"days": 2}, "iam": {"days": 2, "actions": {"CreateRole": 2}}},
        },
        "reader": {
            "trust": own["automation"]["trust"],
            "policies": ["aws:ReadOnlyAccess"],
            "last_accessed": {"s3": {"days": 1}},
        },
    }
    member["users"] = {
        "keyed": {
            "policies": ["aws:AdministratorAccess"],
            "access_keys": [{"age_days": 75, "last_used_days": 2, "service": "s3"}],
            "last_accessed": {"s3": {"days": 2}},
        },
        "console": {
            "policies": ["aws:AdministratorAccess"],
            "password": {"last_used_days": 1},
            "mfa": ["virtual"],
            "last_accessed": {"s3": {"days": 1}},
        },
    }
    member["roles"] |= {
        "web": _entered_by({"Service": "ec2.amazonaws.com"}, last_used_days=0, last_accessed={"s3": {"days": 1}}),
        "spare": _entered_by({"Service": "lambda.amazonaws.com"}, last_used_days=None),
        "ci": _entered_by(
            {"Federated": f"arn:aws:iam::{APPS}:oidc-provider/{GITHUB}"},
            action="sts:AssumeRoleWithWebIdentity",
            last_used_days=1,
            last_accessed={"s3": {"days": 1}},
        ),
        "partner": _entered_by(
            {"AWS": f"arn:aws:iam::{PARTNER}:root"}, last_used_days=1, last_accessed={"s3": {"days": 1}}
        ),
    }
    # In use, and nothing tells for what.
    member["roles"]["quiet"] = {
        "trust": own["automation"]["trust"],
        "policies": ["aws:AmazonSQSFullAccess"],
        "last_used_days": 0,
    }
    member["users"]["caller"] = {
        "policies": ["aws:AdministratorAccess"],
        "access_keys": [{"age_days": 75, "last_used_days": 0, "service": "sts"}],
    }
    member["regions"] = {"us-east-1": {"trails": {"apps-trail": {"bucket": "apps-trail-files"}}}}
    seed["accounts"][APPS] = member
    seed["accounts"][BARE] = {"name": "bare-member", "ou": "Bare", "root": {"password": False}}
    return seed


def _entered_by(principal: Record, *, action: str = "sts:AssumeRole", **fields: t.Any) -> Record:
    """A role that only one principal may assume."""
    trust = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {
        "trust": {"Version": "2012-10-17", "Statement": trust},
        "policies": ["aws:AmazonS3ReadOnlyAccess"],
        **fields,
    }


@dataclasses.dataclass(frozen=True)
class Case:
    """A change that would lock somebody out, and what is as it is but for one fact.

    ``locked`` is the user, role, group or policy that ``operation`` may not be sent for: ``role/name``. ``harmless`` is
    its twin; without one it is itself, in a run in which the one fact is another. ``rule`` is that of the refusal,
    ``told`` a text in its reason, ``on`` its target where that is another.
    """

    locked: str
    operation: str
    rule: str
    told: str
    harmless: str = ""
    on: str = ""

    def __str__(self) -> str:
        return f"{self.rule}-{self.locked}"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a role sent, and what it left of itself in the report directory; empty where it failed before."""

    outcome: Outcome
    part: Record

    def sent(self, operation: str, target: str) -> list[Record]:
        """The requests of an operation for ``role/name`` and its like, refused ones included."""
        kind, _slash, name = target.partition("/")
        return [
            record
            for record in self.outcome.requests
            if record["operation"] == operation
            and str(record["parameters"].get(_PARAMETER[kind])).rpartition("/")[2].lower() == name.lower()
        ]

    def made(self, operation: str, target: str) -> bool:
        """Whether such a request was sent and answered well."""
        return any(record["error_code"] is None for record in self.sent(operation, target))

    def refusals(self, target: str) -> dict[str, str]:
        """The reasons by rule for which something about ``role/name`` and its like was refused."""
        kind, _slash, name = target.partition("/")
        return {
            refusal["rule"]: refusal["reason"]
            for refusal in self.part["refused"]
            if f":{kind}/" in refusal["target"] and refusal["target"].rpartition("/")[2] == name
        }

    def is_refused(self, case: Case) -> None:
        """Assert that the change of a case was not sent, and that it is told why."""
        assert not self.sent(case.operation, case.locked)
        reasons = self.refusals(case.on or case.locked)
        assert case.told in reasons.get(case.rule, f"no {case.rule}, but {reasons}")


class Bench:
    """One account, and the roles of the collection run in it."""

    def __init__(self, make_ansible: MakeAnsible, organization: Record) -> None:
        self.ansible: Ansible = make_ansible(organization)
        self._runs = 0
        self._hosts = {"one": {"aws_account_id": ACCOUNT}}

    def client(self, service: str) -> t.Any:
        """A client of the account's administrator."""
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        return client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )

    def user(self, name: str) -> dict[str, str]:
        """The environment of a user, by its first access key."""
        key = access_key_id(ACCOUNT, name)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret_access_key(key)}

    def session(self, arn: str) -> dict[str, str]:
        """The environment of a session of a role."""
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="job-17")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def run(
        self,
        name: str,
        *arguments: str,
        caller: t.Optional[t.Mapping[str, str]] = None,
        succeeds: bool = True,
        **variables: t.Any,
    ) -> Run:
        """Apply a role, as the administrator or as ``caller``; options begin with the role's name for ``_option``."""
        self._runs += 1
        directory = self.ansible.directory
        play = {"hosts": "aws_accounts", "gather_facts": False, "roles": [f"hardening.iam.{name}"]}
        (directory / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        given = {f"{name}{option}" if option.startswith("_") else option: value for option, value in variables.items()}
        ansible = self.ansible.with_environment(**(caller or {}))
        outcome = ansible.playbook(
            str(directory / "play.yml"),
            *arguments,
            inventory=write_inventory(directory, self._hosts),
            **{f"{name}_mode": "enforce", "hardening_run_id": f"run-{self._runs}", **UNCAPPED, **UNOWNED, **given},
        )
        if not succeeds:
            assert outcome.status != 0, outcome.output
            return Run(outcome, {"refused": []})
        return Run(outcome.succeeded(), outcome.part(ACCOUNT, _PART.get(name, name)))


def harmless_in(runs: Sequence[Run], case: Case) -> bool:
    """Whether the change of a case was made to its twin in any of the runs, of which the last is the harmless one."""
    twin = case.harmless or case.locked
    looked_at = runs if case.harmless else runs[-1:]
    return any(run.made(case.operation, twin) for run in looked_at)
