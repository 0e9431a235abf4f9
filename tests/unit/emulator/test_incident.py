# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of a leaked credential: the seed ``incident``, and the intruder in it."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from botocore.exceptions import ClientError
from intruder import CHAIN, DATA, HOME, LEAKED, OTHER_USER, PROD, USER, Intruder

from emulator.delays import DELAYS
from emulator.extensions.sessions import Wanted, open_sessions
from emulator.extensions.state import account_states
from emulator.seed import access_key_id
from unit.emulator.seeded import Seeded, running, serving

TYPO: t.Final = "AKIATHPRDSKW6WGDHIQZ"
DENY: t.Final = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    """The incident, without delays."""
    with serving("incident") as seeded:
        running()[0].history.set_lag(0)
        yield seeded


def admin(world: Seeded, account: str, service: str = "iam") -> t.Any:
    """A client with the automation's role, which nobody judges."""
    return world.client(service, account)


def client(world: Seeded, service: str, key: str) -> t.Any:
    return world.client(service, keys=(key, "secret"))


def fails(call: t.Callable[..., t.Any], **asked: t.Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return str(raised.value.response["Error"]["Code"])


def test_the_world_is_slow_as_aws_is() -> None:
    with serving("incident"):
        emulator, _url = running()
        assert emulator.history.lag_seconds == 4
        assert emulator.records_events
        assert DELAYS.get() == (900, 2)


def test_a_slip_of_the_finger_names_another_user(world: Seeded) -> None:
    assert sum(one != other for one, other in zip(LEAKED, TYPO, strict=True)) == 1
    users = {key: admin(world, HOME).get_access_key_last_used(AccessKeyId=key)["UserName"] for key in (LEAKED, TYPO)}
    assert users == {LEAKED: USER, TYPO: "ci-deploy-legacy"}
    assert len(admin(world, HOME).list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 2
    sts = admin(world, HOME, "sts")
    accounts = [sts.get_access_key_info(AccessKeyId=key)["Account"] for key in (LEAKED, TYPO)]
    assert accounts == [HOME, HOME]


def test_forty_instances_and_both_deployments_work(world: Seeded) -> None:
    instances = open_sessions(Wanted(HOME, "build-worker", count=40, sort="instance", age_seconds=600))
    assert len({one["arn"] for one in instances}) == 40
    assert client(world, "s3", instances[39]["access_key_id"]).list_buckets()["Buckets"]
    oidc = open_sessions(Wanted(PROD, "deploy", sort="oidc", name="release"))[0]["access_key_id"]
    assert client(world, "s3", oidc).list_buckets()["Buckets"]
    manager = client(world, "sts", access_key_id(HOME, "release-manager"))
    released = manager.assume_role(RoleArn=CHAIN[1], RoleSessionName="release-1208")["Credentials"]["AccessKeyId"]
    assert client(world, "s3", released).list_buckets()["Buckets"]
    # Only deploy is open to it.
    assert fails(manager.assume_role, RoleArn=CHAIN[0], RoleSessionName="release") == "AccessDenied"


def test_root_of_production_has_a_key(world: Seeded) -> None:
    root = client(world, "sts", access_key_id(PROD, "<root_account>"))
    assert root.get_caller_identity()["Arn"] == f"arn:aws:iam::{PROD}:root"
    assert admin(world, PROD).get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1


def test_the_chain_stands_in_the_history_of_each_account(world: Seeded) -> None:
    shared: dict[str, set[str]] = {}
    for account in (HOME, PROD, DATA):
        for event in account_states[account]["aws"].events["us-east-1"]:
            if event.get("sharedEventID"):
                shared.setdefault(event["sharedEventID"], set()).add(account)
    assert sorted(map(sorted, shared.values())) == [[HOME, PROD], [HOME, PROD], [PROD, DATA]]
    made = {
        event["responseElements"]["credentials"]["accessKeyId"]
        for account in (HOME, PROD, DATA)
        for event in account_states[account]["aws"].events["us-east-1"]
        if "credentials" in (event["responseElements"] or {})
    }
    assert len(made) == 4


def test_sign_in_sessions_are_in_home_and_production(world: Seeded) -> None:
    found = {
        account: admin(world, account, "signin").list_sessions(principalArn=f"arn:aws:iam::{account}:*")["items"]
        for account in (HOME, PROD, DATA)
    }
    assert {account: len(items) for account, items in found.items()} == {HOME: 2, PROD: 1, DATA: 0}
    assert f"arn:aws:iam::{HOME}:user/{USER}" in {item["principalArn"] for item in found[HOME]}


def test_the_control_policy_denies_by_tag_in_production_alone(world: Seeded) -> None:
    tags = [{"Key": "iam-hardening:quarantine", "Value": "true"}]
    admin(world, HOME).tag_user(UserName=USER, Tags=tags)
    assert client(world, "s3", LEAKED).list_buckets()["Buckets"]
    deployed = open_sessions(Wanted(PROD, "deploy"))[0]["access_key_id"]
    admin(world, PROD).tag_role(RoleName="deploy", Tags=tags)
    assert fails(client(world, "s3", deployed).list_buckets) == "AccessDenied"


# The intruder


def test_intruder_goes_through_all_accounts(world: Seeded) -> None:
    intruder = Intruder(world.endpoint)
    intruder.work()
    got = {(one.kind, one.account_id, one.level) for one in intruder.credentials}
    assert got == {
        ("key", HOME, 0),
        ("role", HOME, 1),
        ("role", PROD, 2),
        ("role", DATA, 3),
        ("shared", HOME, 1),
        ("token", HOME, 0),
        ("federated", HOME, 0),
        ("other", HOME, 0),
    }
    able = {(credential.kind, credential.level) for credential, _action in intruder.find_able()}
    assert able == {(kind, level) for kind, _account, level in got}


def test_intruder_undoes_a_denial_that_does_not_count_yet(world: Seeded) -> None:
    intruder = Intruder(world.endpoint)
    intruder.work()
    running()[0].history.set_lag(100)
    iam = admin(world, HOME)
    iam.put_user_policy(UserName=USER, PolicyName="deny", PolicyDocument=DENY)
    iam.attach_user_policy(UserName=USER, PolicyArn=f"arn:aws:iam::{HOME}:policy/iam-hardening/quarantine-deny-all")
    iam.update_access_key(UserName=USER, AccessKeyId=LEAKED, Status="Inactive")
    iam.put_role_policy(RoleName="pipeline", PolicyName="cut", PolicyDocument=DENY)
    intruder.work()
    assert iam.list_user_policies(UserName=USER)["PolicyNames"] == []
    assert [one["PolicyName"] for one in iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]] == [
        "deployments"
    ]
    assert {key["Status"] for key in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]} == {"Active"}
    assert iam.list_role_policies(RoleName="pipeline")["PolicyNames"] == ["release"]


def test_contained_intruder_can_do_nothing(world: Seeded) -> None:
    intruder = Intruder(world.endpoint)
    intruder.work()
    for user in (USER, OTHER_USER):
        admin(world, HOME).put_user_policy(UserName=user, PolicyName="deny", PolicyDocument=DENY)
    for role in (*CHAIN, f"arn:aws:iam::{HOME}:role/build-worker"):
        admin(world, role.split(":")[4]).put_role_policy(
            RoleName=role.rpartition("/")[2], PolicyName="cut", PolicyDocument=DENY
        )
    before = len(intruder.credentials)
    intruder.work()
    assert intruder.find_able() == []
    # But for a token, which AWS gives to every active key, and which may do as little as the user.
    assert {one.kind for one in intruder.credentials[before:]} == {"token"}
    assert admin(world, HOME).list_user_policies(UserName=USER)["PolicyNames"] == ["deny"]


def test_intruder_works_in_a_thread_until_the_block_ends(world: Seeded) -> None:
    with Intruder(world.endpoint, interval=0.01) as intruder:
        while intruder.is_at_work and intruder.rounds < 3:
            time.sleep(0.01)
    assert not intruder.is_at_work
    assert {attempt.number for attempt in intruder.succeeded()} >= {1, 2, 3}
