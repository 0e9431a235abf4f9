# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temporary keys: who they are, how they were opened, and when they end."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from emulator.clock import CLOCK
from emulator.extensions.sessions import find_session
from emulator.extensions.state import Session, account_states
from emulator.seed import access_key_id
from emulator.wire import Call
from unit.emulator.seeded import Seeded, later, running, serving
from unit.emulator.test_judge import CI, HOME, PROD, SEED, allow, assume, client, error, text, works

FREE: t.Final = access_key_id(HOME, "free")


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        yield seeded


def session_of(key: str, account: str = PROD) -> Session:
    return account_states[account]["aws"].sessions[key]


def test_a_chain_keeps_who_assumed_and_the_source_identity(world: Seeded) -> None:
    tags = [{"Key": "project", "Value": "x"}, {"Key": "kept", "Value": "y"}]
    admin = client(world, "iam", access_key_id(PROD, "ci"))
    admin.update_assume_role_policy(RoleName="deploy", PolicyDocument=_trust_everything(f"arn:aws:iam::{HOME}:root"))
    first = assume(world, "deploy", SourceIdentity="alice", Tags=tags, TransitiveTagKeys=["kept"])
    second = assume(world, "next", key=first, RoleSessionName="s2")
    one, two = session_of(first), session_of(second)
    assert (one.assumed_by, one.opened_with) == (f"arn:aws:iam::{HOME}:user/ci", CI)
    assert (two.assumed_by, two.opened_with) == (f"arn:aws:sts::{PROD}:assumed-role/deploy/s1", first)
    assert (two.name, two.source_identity, two.tags) == ("s2", "alice", {"kept": "y"})
    assert two.issued >= one.issued
    assert two.issued.replace(tzinfo=CLOCK.now().tzinfo) <= CLOCK.now()
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    asked = {"RoleArn": f"arn:aws:iam::{PROD}:role/next", "RoleSessionName": "s3", "SourceIdentity": "bob"}
    assert "sts:SetSourceIdentity" in error(client(world, "sts", first).assume_role, **asked)


def test_sessions_end_by_the_emulated_clock_where_they_are_judged(world: Seeded) -> None:
    judged = assume(world, "deploy", DurationSeconds=900)
    free = assume(world, "here", HOME, key=FREE)
    with later(seconds=890):
        assert works(world, judged)
    with later(seconds=901):
        iam = client(world, "iam", judged)
        assert error(iam.list_roles) == "ExpiredToken: The security token included in the request is expired"
        assert error(client(world, "organizations", judged).list_roots).startswith("ExpiredTokenException")
        assert error(client(world, "ec2", judged).describe_instances).startswith("RequestExpired")
        assert error(client(world, "s3", judged).list_buckets).startswith("ExpiredToken: The provided")
    with later(days=9):
        assert works(world, free)


def test_session_token_has_the_permissions_of_its_user(world: Seeded) -> None:
    answer = client(world, "sts").get_session_token(DurationSeconds=3600)["Credentials"]
    token = answer["AccessKeyId"]
    assert answer["Expiration"] > CLOCK.now()
    identity = client(world, "sts", token).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{HOME}:user/ci"
    assert client(world, "s3", token).list_buckets()["Buckets"] == []
    # Without MFA it may not call IAM, and of STS AssumeRole alone.
    assert not works(world, token)
    assert error(client(world, "sts", token).get_access_key_info, AccessKeyId=CI).startswith("AccessDenied")
    assert "with session credentials" in error(client(world, "sts", token).get_session_token)
    assert works(world, assume(world, "deploy", key=token))
    # The key that made it may be deactivated: the session lives on, until its user is denied.
    admin = world.client("iam")
    admin.update_access_key(UserName="ci", AccessKeyId=CI, Status="Inactive")
    assert client(world, "s3", token).list_buckets()["Buckets"] == []
    document = allow(effect="Deny")
    admin.put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(document))
    assert "explicit deny" in error(client(world, "s3", token).list_buckets)
    with later(seconds=3601):
        assert error(client(world, "s3", token).list_buckets).startswith("ExpiredToken")


def test_session_with_mfa_may_call_iam(world: Seeded) -> None:
    asked = {"SerialNumber": f"arn:aws:iam::{HOME}:mfa/ci", "TokenCode": "123456"}
    token = client(world, "sts").get_session_token(**asked)["Credentials"]["AccessKeyId"]
    assert works(world, token)


def test_federated_session_has_what_user_and_policy_allow(world: Seeded) -> None:
    sts = client(world, "sts")
    everything = sts.get_federation_token(Name="guest", Policy=text(allow()))
    token = everything["Credentials"]["AccessKeyId"]
    arn = f"arn:aws:sts::{HOME}:federated-user/guest"
    assert everything["FederatedUser"] == {"Arn": arn, "FederatedUserId": f"{HOME}:guest"}
    assert client(world, "sts", token).get_caller_identity()["Arn"] == arn
    assert client(world, "s3", token).list_buckets()["Buckets"] == []
    assert "no identity-based policy" in error(client(world, "ec2", token).describe_instances)
    assert not works(world, token)
    bare = sts.get_federation_token(Name="guest")["Credentials"]["AccessKeyId"]
    assert "no session policy allows" in error(client(world, "s3", bare).list_buckets)


def test_session_policy_narrows(world: Seeded) -> None:
    narrow = assume(world, "deploy", Policy=text(allow("s3:*")))
    assert "no session policy allows" in error(client(world, "iam", narrow).list_roles)
    named = assume(world, "deploy", PolicyArns=[{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}])
    assert works(world, named)
    assert "no session policy allows" in error(client(world, "s3", named).list_buckets)


def test_tokens_of_users_who_are_not_judged_are_theirs_for_ever(world: Seeded) -> None:
    token = client(world, "sts", FREE).get_session_token()["Credentials"]["AccessKeyId"]
    with later(days=9):
        assert works(world, token)
        assert client(world, "sts", token).get_caller_identity()["Arn"].endswith("user/free")
    # The administrator has no user: his token is of nobody, and so again his.
    token = world.client("sts").get_session_token()["Credentials"]["AccessKeyId"]
    assert client(world, "sts", token).get_caller_identity()["Arn"].endswith("user/emulator-administrator")


def test_key_info_is_the_account_in_the_key_id(world: Seeded) -> None:
    sts = client(world, "sts", FREE)
    deployed = assume(world, "deploy")
    foreign = access_key_id("999988887777", "somebody")[:12] + "Q" + "AAAAAAA"
    asked = {key: sts.get_access_key_info(AccessKeyId=key)["Account"] for key in (CI, deployed, foreign)}
    assert asked == {CI: HOME, deployed: PROD, foreign: "999988887777"}
    # No matter whether the key is there any more.
    gone = access_key_id(PROD, "deleted", 7)
    assert sts.get_access_key_info(AccessKeyId=gone)["Account"] == PROD


def test_snapshot_keeps_sessions(world: Seeded) -> None:
    emulator, _url = running()
    key = assume(world, "deploy")
    taken = emulator.snapshot()
    other = assume(world, "deploy")
    emulator.restore(taken)
    assert works(world, key)
    with pytest.raises(ClientError):
        client(world, "iam", other).list_roles()
    caller = emulator.directory.resolve(_call(key))
    found = find_session(caller, key)
    assert found is not None
    assert found.judged


def _call(key: str) -> t.Any:
    return Call("iam", "ListRoles", "query", "us-east-1", key)


def _trust_everything(principal: str) -> str:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    return text(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}],
        }
    )
