# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on an emulated account: stacks in five regions, states, events, and what can't be read."""

from __future__ import annotations

import collections
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._module import ownership
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.ownership_info import ENTRY, RETURN, argument_spec
from unit.emulator.seeded import Seeded, account, serving

Record = dict[str, t.Any]

ACCOUNT: t.Final = "123456789012"
IN_ACCOUNT: t.Final = f"arn:aws:iam::{ACCOUNT}"
REGIONS: t.Final = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2")
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
}
DENY: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
TERRAFORM: t.Final = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 terraform-provider-aws/5.70"


def stacks(region: str) -> Record:
    """Two stacks with a role each, and a deleted one."""
    role = {"type": "AWS::IAM::Role", "id": f"{{name}}-{region}"}
    return {
        "app-7": {"resources": {"Role": role}},
        "last": {"resources": {"LastRole": role}},
        "gone": {"status": "DELETE_COMPLETE", "deleted_days": 3, "resources": {"Role": {**role, "id": "free"}}},
    }


def call(name: str, **parameters: t.Any) -> Record:
    agent = {"user_agent": TERRAFORM} if name.startswith("Create") else {}
    return {"principal": "role/pipeline", "call": f"iam:{name}", "parameters": parameters, **agent}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    regions: dict[str, Record] = {region: {"stacks": stacks(region)} for region in REGIONS}
    regions["us-east-1"]["calls"] = [
        call("CreateRole", roleName="by-terraform"),
        call("PutRolePolicy", roleName="free"),
    ]
    names = ("free", "last-eu-north-1", "app-7-us-west-2", "by-terraform", "pipeline", "of-state")
    roles = {name: {"trust": TRUST} for name in names}
    with serving(
        account(
            roles={**roles, "forged": {"trust": TRUST, "tags": {"managed-by": "terraform", "write": "allow"}}},
            users={"dave": {"tags": {"repo": "git/x"}}, "eve": {}},
            groups={"team": {}},
            policies={"Deploy": {"document": DENY}},
            regions=regions,
        )
    ) as seeded:
        yield seeded


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "SECONDS_BETWEEN_LOOKUPS", 0)


def run(aws: Seeded, *patterns: str, **options: t.Any) -> Record:
    place = {"account_id": ACCOUNT, "endpoint_url": aws.endpoint, "region": "us-east-1"}
    given = {**place, "arns": list(patterns), **options}
    access = {"access_key": "administrator", "secret_key": "emulated"}
    validation = ArgumentSpecValidator({**aws_argument_spec(), **argument_spec()}).validate({**access, **given})
    assert not validation.error_messages
    return execute(ENTRY, options=validation.validated_parameters, check_mode=False)


def by_name(result: Record) -> dict[str, Record]:
    return {owner["name"]: owner for owner in result["owners"]}


class Counted:
    """What is called, by operation and by what it is asked; calls in ``closed`` regions are denied."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *closed: str) -> None:
        self.calls: list[tuple[str, str]] = []
        original = Access.call

        def call(access: Access, service: str, operation: str, *given: t.Any, region: t.Any = None) -> Record:
            asked = given[0] if given else None
            self.calls.append((operation, f"{region} {json.dumps(asked, sort_keys=True)}"))
            if region in closed and service == "cloudformation":
                raise AccessDenied("a service control policy", code="AccessDenied", service=service, region=region)
            return original(access, service, operation, *given, region=region)

        monkeypatch.setattr(Access, "call", call)

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _asked in self.calls)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_all_objects_of_the_account(aws: Seeded, tmp_path: Path) -> None:
    state = {
        "version": 4,
        "resources": [
            {
                "mode": "managed",
                "type": "aws_iam_role",
                "name": "app",
                "module": "module.app",
                "instances": [{"attributes": {"arn": f"{IN_ACCOUNT}:role/of-state", "password": "hunter2"}}],
            }
        ],
    }
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps(state), encoding="utf-8")
    result = run(aws, terraform_state_paths=[str(path)])
    found = {name: owner["confidence"] for name, owner in by_name(result).items()}
    assert found == {
        "Deploy": "unknown",
        "app-7-us-west-2": "certain",
        "by-terraform": "likely",
        "dave": "hint",
        "eve": "unknown",
        "forged": "hint",
        # The stack that had it is deleted.
        "free": "unknown",
        "last-eu-north-1": "certain",
        "of-state": "certain",
        "pipeline": "unknown",
        "team": "unknown",
    }
    assert result["counts"] == dict(collections.Counter(found.values()))
    assert by_name(result)["of-state"]["change_it_in"] == "Terraform, address module.app.aws_iam_role.app"
    assert "hunter2" not in json.dumps(result)
    assert "cli" in by_name(result)["free"]["evidence"][0]
    assert result["unread"] == []


def test_a_forged_tag_allows_nothing(aws: Seeded) -> None:
    found = by_name(run(aws, f"{IN_ACCOUNT}:role/forged", f"{IN_ACCOUNT}:role/pipeline", f"{IN_ACCOUNT}:user/*"))
    assert not found["forged"]["narrowing_allowed"]
    assert not found["pipeline"]["narrowing_allowed"]
    # On a user, where an unknown owner is none, a tag refuses.
    assert (found["eve"]["narrowing_allowed"], found["dave"]["narrowing_allowed"]) == (True, False)


def test_in_an_unread_region_an_owner_is_unknown_and_never_none(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    Counted(monkeypatch, "eu-north-1")
    result = run(aws, f"{IN_ACCOUNT}:role/last-eu-north-1", f"{IN_ACCOUNT}:role/app-7-us-west-2")
    found = by_name(result)
    unread = found["last-eu-north-1"]
    assert (unread["confidence"], unread["write_allowed"], unread["narrowing_allowed"]) == ("unknown", False, False)
    assert unread["unread"] == ["the stacks of eu-north-1 can't be read: AccessDenied: a service control policy"]
    assert result["unread"] == unread["unread"]
    assert (found["app-7-us-west-2"]["confidence"], found["app-7-us-west-2"]["unread"]) == ("certain", [])


def test_declared_owners_decide(aws: Seeded, counted: Counted) -> None:
    owners = [
        {"arn": f"{IN_ACCOUNT}:role/last-*", "owner": "team app", "write": "allow"},
        {"account": "1234*", "owner": "platform", "repository": "git/platform"},
    ]
    found = by_name(run(aws, f"{IN_ACCOUNT}:role/last-eu-north-1", f"{IN_ACCOUNT}:role/free", owners=owners))
    assert (found["last-eu-north-1"]["owner"], found["last-eu-north-1"]["write_allowed"]) == ("team app", True)
    assert (found["free"]["owner"], found["free"]["write_allowed"]) == ("platform", False)
    assert found["free"]["change_it_in"] == "git/platform"
    assert counted.count("ListStacks") == 0


def test_owners_may_be_given_as_text(aws: Seeded) -> None:
    text = f"[{{arn: '{IN_ACCOUNT}:role/free', owner: x, write: allow}}]"
    (owner,) = run(aws, f"{IN_ACCOUNT}:role/free", owners=text)["owners"]
    assert owner["owner"] == "x"


def test_the_default_allows_what_is_not_certain(aws: Seeded) -> None:
    found = by_name(run(aws, owner_default="allow"))
    assert {name for name, owner in found.items() if not owner["narrowing_allowed"]} == {
        "app-7-us-west-2",
        "last-eu-north-1",
    }


def test_the_number_of_event_histories_is_limited(aws: Seeded, counted: Counted) -> None:
    result = run(aws, f"{IN_ACCOUNT}:role/by-terraform", f"{IN_ACCOUNT}:role/free", event_history_max_objects=1)
    assert counted.count("LookupEvents") == 1
    assert by_name(result)["free"]["unread"] == ["its event history was not read"]
    assert by_name(result)["by-terraform"]["confidence"] == "likely"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.tfstate", None, "No such file"),
        ("bad.tfstate", "{", "is no JSON"),
        ("encrypted.tfstate", '{"encrypted_data": "x"}', "is encrypted"),
    ],
)
def test_an_unread_state_makes_owners_unknown(
    aws: Seeded, tmp_path: Path, name: str, content: t.Optional[str], reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    result = run(aws, f"{IN_ACCOUNT}:role/free", terraform_state_paths=[str(tmp_path / name)])
    assert len(result["unread"]) == 1
    assert result["unread"][0].startswith(f"{tmp_path / name} can't be used: ")
    assert reason in result["unread"][0]
    assert not result["owners"][0]["write_allowed"]


def test_a_state_in_s3_is_read_and_one_that_is_gone_is_named(aws: Seeded) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="states")
    resource = {"mode": "managed", "type": "aws_iam_role", "name": "free"}
    instances = [{"attributes": {"arn": f"{IN_ACCOUNT}:role/free"}}]
    body = json.dumps({"version": 4, "resources": [{**resource, "instances": instances}]})
    s3.put_object(Bucket="states", Key="app/terraform.tfstate", Body=body)
    paths = ["s3://states/app/terraform.tfstate", "s3://states/gone.tfstate"]
    (owner,) = run(aws, f"{IN_ACCOUNT}:role/free", terraform_state_paths=paths)["owners"]
    assert (owner["tool"], owner["confidence"]) == ("Terraform", "certain")
    result = run(aws, f"{IN_ACCOUNT}:role/pipeline", terraform_state_paths=paths)
    assert "s3://states/gone.tfstate can't be used: it does not exist" in result["unread"][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"owners": [{"owner": "x"}]}, "owners[0]: give either arn"),
        ({"owners": "a: ["}, "owners: the text is not YAML"),
        ({"arns": ["free"]}, "arns: 'free' is not the ARN"),
        ({"event_history_max_objects": -1}, "event_history_max_objects: -1 is not a number"),
    ],
)
def test_a_bad_option_fails_before_any_call(aws: Seeded, counted: Counted, options: Record, message: str) -> None:
    result = run(aws, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert not counted.calls


def test_a_pattern_without_a_match_is_a_warning(aws: Seeded) -> None:
    result = run(aws, f"{IN_ACCOUNT}:role/nobody-*")
    assert result["owners"] == []
    assert result["warnings"] == [
        f"arns: {IN_ACCOUNT}:role/nobody-* matches no role, user, group or customer policy of the account"
    ]


def test_the_result_is_documented(aws: Seeded) -> None:
    documented = yaml.safe_load(RETURN)
    result = run(aws)
    assert set(documented) == set(result) - {"changed"}
    assert set(documented["owners"]["contains"]) == set(result["owners"][0])
