# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of resources and grants of keys that name a role, and policies that don't parse."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.policies import (
    BUCKETS,
    REPOSITORIES,
    SHARED_RESOURCES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import (
    Service,
    Want,
)

from .planted import ACCOUNT, NEW, OLD, OTHER, REGION, Code, FakeReader, document, read, read_namers, statement, target

Record = dict[str, t.Any]

KEYS, QUEUES, TOPICS, SECRETS, BUSES = SHARED_RESOURCES
KEY: t.Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k-1"
TOPIC: t.Final = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE: t.Final = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders"
SECRET: t.Final = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
REPOSITORY: t.Final = {"repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/web", "repositoryName": "web"}


def naming(*roles: str) -> str:
    return json.dumps(document(statement(Principal={"AWS": list(roles)})))


# For each kind: the service, the operation that lists, its items, the operation of the policy, and its answer.
KINDS: t.Final[dict[str, tuple[Service, str, list[t.Any], str, t.Callable[[t.Any], Record]]]] = {
    "bucket_policy": (BUCKETS, "ListBuckets", [{"Name": "data"}], "GetBucketPolicy", lambda text: {"Policy": text}),
    "key_policy": (
        KEYS,
        "ListKeys",
        [{"KeyId": "k-1", "KeyArn": KEY}],
        "GetKeyPolicy",
        lambda text: {"Policy": text},
    ),
    "queue_policy": (
        QUEUES,
        "ListQueues",
        [QUEUE],
        "GetQueueAttributes",
        lambda text: {"Attributes": {"Policy": text} if text else {}},
    ),
    "topic_policy": (
        TOPICS,
        "ListTopics",
        [{"TopicArn": TOPIC}],
        "GetTopicAttributes",
        lambda text: {"Attributes": {"Policy": text} if text else {}},
    ),
    "secret_policy": (
        SECRETS,
        "ListSecrets",
        [{"ARN": SECRET}],
        "GetResourcePolicy",
        lambda text: {"ResourcePolicy": text} if text else {},
    ),
    "repository_policy": (
        REPOSITORIES,
        "DescribeRepositories",
        [REPOSITORY],
        "GetRepositoryPolicy",
        lambda text: {"policyText": text},
    ),
}
ABSENT: t.Final = {
    "bucket_policy": "NoSuchBucketPolicy",
    "key_policy": "NotFoundException",
    "queue_policy": "AWS.SimpleQueueService.NonExistentQueue",
    "topic_policy": "NotFound",
    "secret_policy": "ResourceNotFoundException",
    "repository_policy": "RepositoryPolicyNotFoundException",
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def reader_of(kind: str, text: t.Any) -> FakeReader:
    _service, lists, items, asks, answer = KINDS[kind]
    return FakeReader(**{lists: items, asks: text if isinstance(text, Code) else answer(text)})


@each_kind
def test_a_policy_names_the_old_role_only_or_both(kind: str) -> None:
    service = KINDS[kind][0]
    (only,) = read_namers(service, reader_of(kind, naming(OLD)), target())
    assert (only.kind, only.account_id, only.where, only.names_new) == (kind, ACCOUNT, "principal", False)
    assert only.resource.startswith("arn:aws:") and NEW in only.adapt and "aws " in only.adapt
    (both,) = read_namers(service, reader_of(kind, naming(OLD, NEW)), target())
    assert both.names_new is True
    assert read(service, reader_of(kind, naming(f"{OLD}-other")), target()) == []


@each_kind
def test_a_resource_without_a_policy_or_that_is_gone_names_nobody(kind: str) -> None:
    for text in ("", Code(ABSENT[kind])):
        reader = reader_of(kind, text)
        assert read(KINDS[kind][0], reader, target()) == [] and reader.notes == []


@each_kind
@pytest.mark.parametrize(
    "text",
    ["{", '"*"', "[]", '{"Statement": []}', '{"Statement": {"Effect": "Maybe", "Action": "*"}}', "[" * 5000],
    ids=["cut off", "text", "list", "no statement", "no effect", "deep"],
)
def test_a_policy_that_does_not_parse_is_noted(kind: str, text: str) -> None:
    reader = reader_of(kind, text)
    assert read(KINDS[kind][0], reader, target()) == []
    ((want, about, reason),) = reader.notes
    assert want is Want.NAMERS and about.startswith("arn:aws:") and reason.startswith("the policy does not parse: ")


@each_kind
def test_a_policy_that_is_denied_is_noted(kind: str) -> None:
    reader = reader_of(kind, Code("AccessDenied"))
    assert read(KINDS[kind][0], reader, target()) == []
    assert [(want, text) for want, _about, text in reader.notes] == [(Want.NAMERS, "AccessDenied")]


def test_the_list_of_event_buses_has_their_policies() -> None:
    bus = {"Name": "shop", "Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/shop"}
    reader = FakeReader(ListEventBuses=[{**bus, "Policy": naming(OLD)}, bus])
    (found,) = read_namers(BUSES, reader, target())
    assert (found.kind, found.resource) == ("event_bus_policy", bus["Arn"])


def test_buckets_are_asked_in_their_own_region_and_kept() -> None:
    reader = FakeReader(ListBuckets=[{"Name": "a", "BucketRegion": "us-west-2"}, {"Name": "b"}])
    assert read(BUCKETS, reader, target()) == [] and reader.buckets == {"a", "b"}


def test_a_large_policy_is_read() -> None:
    others = [f"arn:aws:iam::{OTHER}:role/r{number}" for number in range(3000)]
    (found,) = read_namers(BUCKETS, reader_of("bucket_policy", naming(*others, OLD)), target())
    assert found.where == "principal"


def test_one_policy_names_several_targets() -> None:
    api = target(arn=f"{OLD}-api", new_arn="", new_id="", unique_id="")
    found = read(BUCKETS, reader_of("bucket_policy", naming(OLD, NEW, api.arn)), target(), api)
    assert {(one.target.arn, getattr(one.item, "names_new", None)) for one in found} == {(OLD, True), (api.arn, False)}


# Grants


def grant(grantee: str, *operations: str, **more: t.Any) -> Record:
    return {"GrantId": f"g-{grantee[-3:]}", "GranteePrincipal": grantee, "Operations": list(operations), **more}


def read_grants(*grants: Record) -> list[t.Any]:
    reader = FakeReader(ListKeys=[{"KeyId": "k-1", "KeyArn": KEY}], ListGrants=list(grants))
    return read_namers(KEYS, reader, target())


def test_a_grant_is_made_anew_with_its_operations_and_constraints() -> None:
    constraints = {"EncryptionContextSubset": {"purpose": "it's"}}
    (found,) = read_grants(grant(OLD, "Decrypt", "Encrypt", Constraints=constraints), grant(f"{OLD}-other", "Decrypt"))
    assert (found.kind, found.where, found.names_new) == ("key_grant", "grant", False)
    assert found.resource == f"{KEY} grant g-web"
    assert found.adapt.startswith(
        f"aws kms create-grant --key-id {KEY} --grantee-principal {NEW} --operations Decrypt Encrypt --constraints "
    )
    assert found.adapt.endswith(f"--region {REGION}")


@pytest.mark.parametrize(
    ("other", "names_new"),
    [
        (grant(NEW, "Decrypt", "Encrypt"), True),
        (grant(NEW, "Encrypt"), False),
        (grant(NEW, "Decrypt", Constraints={"EncryptionContextSubset": {"a": "b"}}), False),
        (grant(f"{NEW}-other", "Decrypt"), False),
    ],
    ids=["more operations", "other operations", "more constraints", "another role"],
)
def test_a_grant_of_the_new_role_has_to_give_the_same(other: Record, names_new: bool) -> None:
    found = {one.resource: one.names_new for one in read_grants(grant(OLD, "Decrypt"), other)}
    assert found == {f"{KEY} grant g-web": names_new}


def test_a_role_that_may_retire_a_grant_is_named_by_it() -> None:
    (found,) = read_grants(grant(f"{OLD}-other", "Decrypt", RetiringPrincipal=OLD))
    assert f"--retiring-principal {NEW}" in found.adapt and f"--grantee-principal {OLD}-other" in found.adapt


def test_grants_that_can_not_be_read_are_noted_and_the_policy_is_read() -> None:
    reader = FakeReader(
        ListKeys=[{"KeyId": "k-1", "KeyArn": KEY}],
        ListGrants=Code("AccessDeniedException"),
        GetKeyPolicy={"Policy": naming(OLD)},
    )
    (found,) = read_namers(KEYS, reader, target())
    assert found.kind == "key_policy" and reader.notes == [(Want.NAMERS, KEY, "AccessDeniedException")]
