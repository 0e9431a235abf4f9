# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies of resources, and grants of keys, that name a role, with the calls that adapt them."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Collection, Iterator

from ...._policy.documents.parse import parse
from ...._policy.documents.policy import Policy, PolicyError
from ..model import Namer
from .naming import GRANT, find_names, is_named, may_name_roles
from .reader import Found, Reader, Record, Service, Want, make_command
from .targets import Target, Targets

# Their places in a call that adapts a policy.
NEW: t.Final = "{new}"


def read_policy(
    reader: Reader, targets: Targets, kind: str, resource: str, text: t.Any, command: str
) -> Iterator[Found]:
    """Find the targets that the policy of a resource names. One that does not parse is noted.

    ``command`` adapts the policy, with ``{new}`` in the place of the new role.
    """
    if not text:
        return
    try:
        policy = parse(text, name=resource)
    except PolicyError as error:
        reader.note(f"the policy does not parse: {error.problems[0]}", of=Want.NAMERS, about=resource)
        return
    yield from find_namers(targets, policy, kind, resource, reader.account_id, command)


def find_namers(
    targets: Targets, policy: Policy, kind: str, resource: str, account_id: str, command: str
) -> Iterator[Found]:
    """Find the targets that a policy names, and where."""
    if not may_name_roles(policy):
        return
    for target in targets.all:
        for named in find_names(policy, target):
            adapt = command.replace(NEW, target.replacement)
            yield Found(target, Namer(kind, resource, account_id, named.where, named.names_new, adapt))


def _put(*words: str, region: str = "") -> str:
    """Make the call that writes a policy whole."""
    return f"add {NEW} where the old role is named, then {make_command(*words, region=region)}"


# Buckets


def _list_buckets(reader: Reader) -> dict[str, str]:
    """List the buckets of the account, which the reader keeps, with their regions where AWS says so."""
    # AWS gives the regions only to requests with a valid parameter:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    listed = reader.items("s3", "ListBuckets", "Buckets", {"MaxBuckets": 1000})
    found = {one["Name"]: one.get("BucketRegion") or "" for one in listed}
    reader.buckets = frozenset(found)
    return found


def _read_buckets(reader: Reader, targets: Targets) -> Iterator[Found]:
    for bucket, region in _list_buckets(reader).items():
        arn = f"arn:{reader.partition}:s3:::{bucket}"
        answer = reader.ask(
            "s3",
            "GetBucketPolicy",
            {"Bucket": bucket},
            about=arn,
            of=Want.NAMERS,
            absent=("NoSuchBucketPolicy",),
            region=region or None,
        )
        command = _put("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", "file://policy.json")
        yield from read_policy(reader, targets, "bucket_policy", arn, (answer or {}).get("Policy"), command)


# Keys


def _read_keys(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the policy and the grants of each key: two calls for each key."""
    for one in reader.items("kms", "ListKeys", "Keys"):
        key, arn = one["KeyId"], one["KeyArn"]
        asked = {"KeyId": key, "PolicyName": "default"}
        answer = reader.ask("kms", "GetKeyPolicy", asked, about=arn, of=Want.NAMERS, absent=("NotFoundException",))
        put = ("kms", "put-key-policy", "--key-id", key, "--policy-name", "default", "--policy", "file://policy.json")
        text = (answer or {}).get("Policy")
        yield from read_policy(reader, targets, "key_policy", arn, text, _put(*put, region=reader.region))
        grants = reader.list("kms", "ListGrants", "Grants", {"KeyId": key}, about=arn, of=Want.NAMERS)
        for target in targets.all:
            yield from _find_grants(reader, target, arn, grants or ())


def _find_grants(reader: Reader, target: Target, key_arn: str, grants: Collection[Record]) -> Iterator[Found]:
    """Find the grants that name a role. A grant can't be edited: the new role gets one of its own.

    https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    for grant in grants:
        for member in ("GranteePrincipal", "RetiringPrincipal"):
            if not is_named(grant.get(member) or "", target.arn, target.unique_id):
                continue
            equal = any(_is_equal(grant, other, member, target) for other in grants)
            resource = f"{key_arn} grant {grant['GrantId']}"
            adapt = _create_grant(grant, member, target, key_arn)
            yield Found(target, Namer("key_grant", resource, reader.account_id, GRANT, equal, adapt))


def _is_equal(grant: Record, other: Record, member: str, target: Target) -> bool:
    """Whether another grant gives the new role at least the same, under the same constraints."""
    if not target.new_arn or not is_named(other.get(member) or "", target.new_arn, target.new_id):
        return False
    gives = set(other.get("Operations") or ()) >= set(grant.get("Operations") or ())
    return gives and other.get("Constraints") in (grant.get("Constraints"), None, {})


def _create_grant(grant: Record, member: str, target: Target, key_arn: str) -> str:
    grantee, retiring = grant.get("GranteePrincipal") or "", grant.get("RetiringPrincipal") or ""
    if member == "GranteePrincipal":
        grantee = target.replacement
    else:
        retiring = target.replacement
    words = ["kms", "create-grant", "--key-id", key_arn, "--grantee-principal", grantee]
    words += ["--operations", *(grant.get("Operations") or ())]
    words += ["--retiring-principal", retiring] if retiring else []
    constraints = grant.get("Constraints")
    words += ["--constraints", json.dumps(constraints, sort_keys=True)] if constraints else []
    return make_command(*words, region=key_arn.split(":")[3])


# Other resources


def _read_queues(reader: Reader, targets: Targets) -> Iterator[Found]:
    for url in reader.items("sqs", "ListQueues", "QueueUrls", {"MaxResults": 1000}):
        arn = f"arn:{reader.partition}:sqs:{reader.region}:{reader.account_id}:{url.rpartition('/')[2]}"
        asked = {"QueueUrl": url, "AttributeNames": ["Policy"]}
        answer = reader.ask("sqs", "GetQueueAttributes", asked, about=arn, of=Want.NAMERS, absent=_NO_QUEUE)
        text = ((answer or {}).get("Attributes") or {}).get("Policy")
        put = ("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", "file://attributes.json")
        yield from read_policy(reader, targets, "queue_policy", arn, text, _put(*put, region=reader.region))


_NO_QUEUE: t.Final = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def _read_topics(reader: Reader, targets: Targets) -> Iterator[Found]:
    for one in reader.items("sns", "ListTopics", "Topics"):
        arn = one["TopicArn"]
        asked = {"TopicArn": arn}
        answer = reader.ask("sns", "GetTopicAttributes", asked, about=arn, of=Want.NAMERS, absent=("NotFound",))
        text = ((answer or {}).get("Attributes") or {}).get("Policy")
        put = ("sns", "set-topic-attributes", "--topic-arn", arn, "--attribute-name", "Policy", "--attribute-value")
        command = _put(*put, "file://policy.json", region=reader.region)
        yield from read_policy(reader, targets, "topic_policy", arn, text, command)


def _read_secrets(reader: Reader, targets: Targets) -> Iterator[Found]:
    for one in reader.items("secretsmanager", "ListSecrets", "SecretList"):
        arn = one["ARN"]
        gone = ("ResourceNotFoundException",)
        answer = reader.ask(
            "secretsmanager", "GetResourcePolicy", {"SecretId": arn}, about=arn, of=Want.NAMERS, absent=gone
        )
        put = ("secretsmanager", "put-resource-policy", "--secret-id", arn, "--resource-policy", "file://policy.json")
        text = (answer or {}).get("ResourcePolicy")
        yield from read_policy(reader, targets, "secret_policy", arn, text, _put(*put, region=reader.region))


def _read_repositories(reader: Reader, targets: Targets) -> Iterator[Found]:
    for one in reader.items("ecr", "DescribeRepositories", "repositories"):
        arn, name = one["repositoryArn"], one["repositoryName"]
        none = ("RepositoryNotFoundException", "RepositoryPolicyNotFoundException")
        asked = {"repositoryName": name}
        answer = reader.ask("ecr", "GetRepositoryPolicy", asked, about=arn, of=Want.NAMERS, absent=none)
        put = ("ecr", "set-repository-policy", "--repository-name", name, "--policy-text", "file://policy.json")
        text = (answer or {}).get("policyText")
        yield from read_policy(reader, targets, "repository_policy", arn, text, _put(*put, region=reader.region))


def _read_buses(reader: Reader, targets: Targets) -> Iterator[Found]:
    for one in reader.items("events", "ListEventBuses", "EventBuses"):
        put = ("events", "put-permission", "--event-bus-name", one["Name"], "--policy", "file://policy.json")
        command = _put(*put, region=reader.region)
        yield from read_policy(reader, targets, "event_bus_policy", one["Arn"], one.get("Policy"), command)


BUCKETS: t.Final = Service(
    "the policies of buckets",
    "s3",
    frozenset({"s3:GetBucketPolicy", "s3:ListBuckets"}),
    _read_buckets,
    has_policies=True,
)
# Those that are read in other accounts as well: few calls, and where roles of other accounts are named most often.
SHARED_RESOURCES: t.Final = (
    Service(
        "the policies and grants of keys",
        "kms",
        frozenset({"kms:GetKeyPolicy", "kms:ListGrants", "kms:ListKeys"}),
        _read_keys,
        has_policies=True,
    ),
    Service(
        "the policies of queues",
        "sqs",
        frozenset({"sqs:GetQueueAttributes", "sqs:ListQueues"}),
        _read_queues,
        has_policies=True,
    ),
    Service(
        "the policies of topics",
        "sns",
        frozenset({"sns:GetTopicAttributes", "sns:ListTopics"}),
        _read_topics,
        has_policies=True,
    ),
    Service(
        "the policies of secrets",
        "secretsmanager",
        frozenset({"secretsmanager:GetResourcePolicy", "secretsmanager:ListSecrets"}),
        _read_secrets,
        has_policies=True,
    ),
    Service(
        "the policies of event buses", "events", frozenset({"events:ListEventBuses"}), _read_buses, has_policies=True
    ),
)
REPOSITORIES: t.Final = Service(
    "the policies of repositories",
    "ecr",
    frozenset({"ecr:DescribeRepositories", "ecr:GetRepositoryPolicy"}),
    _read_repositories,
    has_policies=True,
)
