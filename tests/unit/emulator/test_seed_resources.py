# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets, keys and functions of a seed, with what names or keeps a role."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime

import pytest

from unit.emulator.seeded import Seeded, account, serving

ROLE: t.Final = "arn:aws:iam::123456789012:role/web"
KEY: t.Final = "11112222-3333-4444-5555-666677778888"
REGION: t.Final = "us-east-1"


def document(**statement: t.Any) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


@pytest.fixture(scope="module")
def seeded() -> t.Iterator[Seeded]:
    trust = document(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    grant = {"grantee": ROLE, "operations": ["Decrypt"], "encryption_context": {"a": "b"}}
    region = {
        "buckets": {
            "named": {"policy": document(Principal={"AWS": ROLE}, Action="s3:*", Resource="*")},
            "plain": {},
        },
        "keys": {KEY: {"grants": {"one": grant}}},
        "functions": {"web": {"role": "web", "versions": 2}},
        "instances": {
            "node": {
                "tags": {"eks:cluster-name": "apps"},
                "started_days": 3,
                "address": "10.0.0.5",
                "pod_addresses": ["10.0.0.6"],
            },
            "other": {},
        },
    }
    with serving(account(roles={"web": {"trust": trust}, "new": {"trust": trust}}, regions={REGION: region})) as found:
        yield found


def test_a_bucket_has_its_policy(seeded: Seeded) -> None:
    client = seeded.client("s3")
    assert [one["Name"] for one in client.list_buckets()["Buckets"]] == ["named", "plain"]
    policy = json.loads(client.get_bucket_policy(Bucket="named")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": ROLE}


def test_a_key_has_the_id_and_the_grants_of_the_seed(seeded: Seeded) -> None:
    client = seeded.client("kms")
    (key,) = client.list_keys()["Keys"]
    assert key == {"KeyId": KEY, "KeyArn": f"arn:aws:kms:{REGION}:123456789012:key/{KEY}"}
    (grant,) = client.list_grants(KeyId=KEY)["Grants"]
    assert (grant["GranteePrincipal"], grant["Operations"]) == (ROLE, ["Decrypt"])
    assert grant["Constraints"] == {"EncryptionContextSubset": {"a": "b"}}


def test_published_versions_keep_their_role(seeded: Seeded) -> None:
    client = seeded.client("lambda")
    client.update_function_configuration(FunctionName="web", Role=ROLE.replace("web", "new"))
    roles = {one["Version"]: one["Role"] for one in client.list_versions_by_function(FunctionName="web")["Versions"]}
    assert roles == {"$LATEST": ROLE.replace("web", "new"), "1": ROLE, "2": ROLE}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("private-ip-address", "10.0.0.5"),
        ("network-interface.addresses.private-ip-address", "10.0.0.5"),
        ("network-interface.addresses.private-ip-address", "10.0.0.6"),
    ],
)
def test_an_instance_is_found_by_its_addresses(seeded: Seeded, name: str, address: str) -> None:
    client = seeded.client("ec2")
    (found,) = client.describe_instances(Filters=[{"Name": name, "Values": [address]}])["Reservations"]
    (instance,) = found["Instances"]
    assert {"Key": "eks:cluster-name", "Value": "apps"} in instance["Tags"]
    assert (datetime.now(UTC) - instance["LaunchTime"]).days >= 2
    listed = [one["PrivateIpAddress"] for one in instance["NetworkInterfaces"][0]["PrivateIpAddresses"]]
    assert listed == ["10.0.0.5", "10.0.0.6"]


def test_the_primary_address_alone_is_that_of_the_instance(seeded: Seeded) -> None:
    client = seeded.client("ec2")
    wanted = [{"Name": "private-ip-address", "Values": ["10.0.0.6"]}]
    assert client.describe_instances(Filters=wanted)["Reservations"] == []
