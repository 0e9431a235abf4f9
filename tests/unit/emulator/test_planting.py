# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the intruder of a seed left behind: the objects are there, and each has its event."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest
from intruder import DATA, HOME, PROD

from emulator import seed
from emulator.extensions.state import account_states
from emulator.planting import list_planted
from emulator.seed.model import Planted
from unit.emulator.seeded import Seeded, account, running, serving

FAMILIES: t.Final = set(t.get_args(t.get_type_hints(Planted)["family"]))


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving("incident") as seeded:
        running()[0].history.set_lag(0)
        yield seeded


def events() -> dict[str, dict[str, t.Any]]:
    """All events by their ids."""
    return {
        event["eventID"]: event
        for account_id in (HOME, PROD, DATA)
        for listed in account_states[account_id]["aws"].events.values()
        for event in listed
    }


def test_each_family_is_planted_and_has_its_event(world: Seeded) -> None:
    places = list(list_planted(world.organization))
    assert {place.planted.family for place in places} == FAMILIES
    recorded = events()
    for place in places:
        event = recorded[place.event_id]
        assert event["eventName"] == place.planted.event.call.partition(":")[2]
        assert event["recipientAccountId"] == place.account_id
        assert "<kept:" not in repr(event), place.name


def test_ids_are_known_before_the_seed_is_applied(world: Seeded) -> None:
    loaded = seed.load("incident", now=datetime.now(UTC))
    assert [place.event_id for place in list_planted(loaded)] == [
        place.event_id for place in list_planted(world.organization)
    ]
    assert len({place.event_id for place in list_planted(loaded)}) == len(list(list_planted(loaded)))


def test_objects_are_there(world: Seeded) -> None:
    iam = world.client("iam", HOME)
    keys = iam.list_access_keys(UserName="svc-metrics")["AccessKeyMetadata"]
    created = [event for event in events().values() if event["eventName"] == "CreateAccessKey"]
    assert [key["AccessKeyId"] for key in keys] == [created[0]["responseElements"]["accessKey"]["accessKeyId"]]
    functions = world.client("lambda", PROD).list_functions()["Functions"]
    assert {one["FunctionName"] for one in functions} == {"checkout", "checkout-audit", "health-probe"}
    keys = world.client("kms", PROD).list_keys()["Keys"]
    states = [world.client("kms", PROD).describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in keys]
    assert states == ["PendingDeletion"]
    assert len(world.client("ec2", HOME, region="eu-central-1").describe_instances()["Reservations"]) == 1


def test_planting_stands_in_no_log(world: Seeded) -> None:
    """A test counts the calls of what it tests."""
    assert running()[0].log.records() == []
    assert not [event for event in events().values() if "emulator-administrator" in repr(event["userIdentity"])]


def test_a_state_with_planted_objects_can_be_kept(world: Seeded) -> None:
    emulator, client = running()[0], world.client("lambda", PROD)
    kept = emulator.snapshot()
    client.delete_function(FunctionName="health-probe")
    emulator.restore(kept)
    assert client.get_function_url_config(FunctionName="health-probe")["AuthType"] == "NONE"


def test_parameters_can_be_kept(world: Seeded) -> None:
    """moto's dictionary of parameters is one that pickle can't make by itself."""
    emulator, client = running()[0], world.client("ssm", HOME)
    kept = emulator.snapshot()
    client.delete_parameter(Name="/ci/signing")
    emulator.restore(kept)
    assert client.get_parameter(Name="/ci/signing")["Parameter"]["Type"] == "SecureString"


def test_a_step_that_fails_says_so() -> None:
    planted = {
        "family": "iam",
        "event": {"principal": "user/eve", "call": "iam:CreateUser"},
        "steps": [{"call": "iam:AttachUserPolicy", "parameters": {"UserName": "nobody", "PolicyArn": "a" * 20}}],
    }
    structure = account(users={"eve": {}}, regions={"us-east-1": {"planted": {"wrong": planted}}})
    with pytest.raises(RuntimeError, match="NoSuchEntity"), serving(structure):
        pass
