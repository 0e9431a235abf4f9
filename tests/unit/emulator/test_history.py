# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge decides on what was there some seconds ago; reads show the present."""

from __future__ import annotations

import typing as t

import pytest

from emulator.client import Emulator
from emulator.seed import access_key_id
from unit.emulator.seeded import Seeded, later, running, serving
from unit.emulator.small import Aws
from unit.emulator.test_judge import (
    CI,
    HOME,
    PROD,
    SECOND,
    SEED,
    assume,
    client,
    deny,
    error,
    put_control_policy,
    text,
    works,
)

LAG: t.Final = 100


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        running()[0].history.set_lag(LAG)
        yield seeded


def test_a_denial_counts_after_the_lag_and_is_read_at_once(world: Seeded) -> None:
    admin = world.client("iam")
    admin.put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(deny()))
    assert "q" in admin.list_user_policies(UserName="ci")["PolicyNames"]
    assert works(world, CI)
    with later(seconds=LAG - 10):
        assert works(world, CI)
        admin.delete_user_policy(UserName="ci", PolicyName="q")
    with later(seconds=LAG + 1):
        assert not works(world, CI)
    # An intruder who takes it away has to wait as long.
    with later(seconds=2 * LAG):
        assert works(world, CI)


def test_keys_count_after_the_lag(world: Seeded) -> None:
    admin = world.client("iam")
    admin.update_access_key(UserName="ci", AccessKeyId=CI, Status="Inactive")
    made = admin.create_access_key(UserName="nobody")["AccessKey"]["AccessKeyId"]
    statuses = {key["AccessKeyId"]: key["Status"] for key in admin.list_access_keys(UserName="ci")["AccessKeyMetadata"]}
    assert statuses == {CI: "Inactive", SECOND: "Active"}
    assert works(world, CI)
    assert error(client(world, "iam", made).list_roles).startswith("InvalidClientTokenId")
    with later(seconds=LAG + 1):
        assert error(client(world, "iam", CI).list_roles).startswith("InvalidClientTokenId")
        assert "no identity-based policy" in error(client(world, "iam", made).list_roles)


def test_tags_and_control_policies_count_after_the_lag(world: Seeded) -> None:
    member = access_key_id(PROD, "ci")
    tags = [{"Key": "iam-hardening:quarantine", "Value": "true"}]
    client(world, "iam", member).tag_user(UserName="ci", Tags=tags)
    assert works(world, member)
    with later(seconds=LAG + 1):
        assert not works(world, member)
    put_control_policy(world, deny("iam:ListRoles"))
    deployed = assume(world, "deploy")
    assert works(world, deployed)
    with later(seconds=LAG + 1):
        assert not works(world, deployed)


def test_new_role_may_do_nothing_before_the_lag_is_over(world: Seeded) -> None:
    admin = world.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    admin.create_role(RoleName="new", AssumeRolePolicyDocument=text(document))
    admin.attach_role_policy(RoleName="new", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    session = assume(world, "new", HOME)
    assert not works(world, session)
    with later(seconds=LAG + 1):
        assert works(world, session)


def test_snapshot_keeps_the_views(world: Seeded) -> None:
    emulator, _url = running()
    world.client("iam").put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(deny()))
    taken = emulator.snapshot()
    world.client("iam").delete_user_policy(UserName="ci", PolicyName="q")
    emulator.restore(taken)
    with later(seconds=LAG + 1):
        assert not works(world, CI)
    emulator.reset(SEED)
    assert emulator.history.lag_seconds == 0


def count_seconds_until_denied(world: Seeded, session: str) -> int:
    """In how many seconds a session is denied by a control policy that has just been attached; in ten at a time."""
    for seconds in range(0, LAG + 20, 10):
        with later(seconds=seconds):
            if not works(world, session):
                return seconds
    return -1


def test_control_policies_have_a_lag_of_their_own_drawn_by_a_seed(world: Seeded) -> None:
    emulator, _url = running()
    emulator.history.set_lag(0)
    deployed, taken = assume(world, "deploy"), emulator.snapshot()
    found = set()
    for seed in range(6):
        emulator.restore(taken)
        emulator.history.set_policy_lag(LAG, seed)
        put_control_policy(world, deny("iam:ListRoles"))
        found.add(count_seconds_until_denied(world, deployed))
        # All else counts at once.
        world.client("iam").put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(deny()))
        assert not works(world, CI)
    assert found <= set(range(0, LAG + 10, 10)) and len(found) > 2
    # The same seed, the same delays.
    first = {count_again(world, emulator, taken, deployed) for _again in range(2)}
    assert len(first) == 1


def count_again(world: Seeded, emulator: t.Any, taken: t.Any, session: str) -> int:
    emulator.restore(taken)
    emulator.history.set_policy_lag(LAG, 4)
    put_control_policy(world, deny("iam:ListRoles"))
    return count_seconds_until_denied(world, session)


def test_a_later_change_of_a_control_policy_replaces_earlier_ones(world: Seeded) -> None:
    emulator, _url = running()
    emulator.history.set_lag(0)
    emulator.history.set_policy_lag(LAG, 1)
    deployed, organizations = assume(world, "deploy"), world.client("organizations")
    put_control_policy(world, deny("iam:ListRoles"))
    listed = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    (policy,) = (item["Id"] for item in listed if item["Name"] == "own")
    organizations.detach_policy(PolicyId=policy, TargetId=PROD)
    with later(seconds=LAG + 1):
        assert works(world, deployed)
    # A snapshot has what counts, and what will.
    organizations.attach_policy(PolicyId=policy, TargetId=PROD)
    taken = emulator.snapshot()
    emulator.history.set_policy_lag(0)
    assert not works(world, deployed)
    emulator.restore(taken)
    with later(seconds=LAG + 1):
        assert not works(world, deployed)
    emulator.reset(SEED)
    assert emulator.history.get()[3][0] == 0


def test_control_policies_of_a_root_user_have_the_lag_too(world: Seeded) -> None:
    emulator, _url = running()
    emulator.history.set_lag(0)
    emulator.history.set_policy_lag(LAG, 3)
    put_control_policy(world, deny())
    root = client(world, "iam", access_key_id(PROD, "<root_account>"))
    assert root.list_users()
    with later(seconds=LAG + 1):
        assert error(root.list_users).endswith("with an explicit deny in a service control policy")


def test_lag_and_sessions_are_set_over_http(emulator: Emulator, aws: Aws) -> None:
    emulator.reset(SEED)
    emulator.set_lag(LAG)
    emulator.set_policy_lag(LAG, 7)
    admin = aws.client("iam")
    admin.put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(deny()))
    assert aws.client("iam", key=CI).list_roles()["Roles"]
    emulator.clock(offset_days=1)
    assert error(aws.client("iam", key=CI).list_roles).endswith("explicit deny in an identity-based policy")
    emulator.clock()
    instances = emulator.sessions(PROD, "deploy", count=40, sort="instance", age_seconds=60)
    assert len({one["access_key_id"] for one in instances}) == len({one["user_id"] for one in instances}) == 40
    assert [one["user_id"] for one in emulator.sessions(PROD, "deploy", sort="instance")] == [instances[0]["user_id"]]
    named = emulator.sessions(PROD, "deploy", name="alice@example.com", sort="saml")[0]
    assert named["arn"] == f"arn:aws:sts::{PROD}:assumed-role/deploy/alice@example.com"
    assert aws.client("iam", key=named["access_key_id"]).list_roles()["Roles"]


def test_delays_of_events_are_set_over_http(emulator: Emulator, aws: Aws) -> None:
    emulator.reset(SEED)
    emulator.record_events()
    emulator.set_lateness(900)
    aws.client("iam").list_users()
    trail = aws.client("cloudtrail")
    assert trail.lookup_events()["Events"] == []
    emulator.set_lateness(0)
    assert "ListUsers" in {event["EventName"] for event in trail.lookup_events()["Events"]}
    emulator.limit_lookups(1_000)
    assert trail.lookup_events()["Events"]
    emulator.limit_lookups(0)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda emulator: emulator.set_lag(-1), "not below 0"),
        (lambda emulator: emulator.set_lateness(-1), "not below 0"),
        (lambda emulator: emulator.set_policy_lag(-1), "not below 0"),
        (lambda emulator: emulator.set_policy_lag(1, "x"), "takes"),
        (lambda emulator: emulator.limit_lookups(-1), "not below 0"),
        (lambda emulator: emulator.sessions(PROD, "absent"), "there is no role absent"),
        (lambda emulator: emulator.sessions(PROD, "deploy", colour="red"), "colour"),
    ],
)
def test_control_refuses_nonsense(emulator: Emulator, ask: t.Callable[[Emulator], object], why: str) -> None:
    with pytest.raises(RuntimeError, match=why):
        ask(emulator)
