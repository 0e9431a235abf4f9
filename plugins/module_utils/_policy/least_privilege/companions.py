# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Permissions that recorded calls need and that no event shows. They are given only if the old policies gave them."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ..documents.arn import arn_parts
from ..documents.policy import Condition
from ..evaluation import catalogue
from ..evaluation.narrowing import resource_types
from ..trail.coverage import LogClass
from ..trail.log_classes import log_class
from .ceiling import takes_resource
from .grants import Scope, escape_arn
from .needs import Need, shorten_pattern
from .principal import Principal

# Whether the record of an action is complete, so that no event means no call.
Completeness = Callable[[str], bool]

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_OBJECT_CALLS: t.Final = frozenset(
    {"s3:getobject", "s3:getobjectversion", "s3:putobject", "s3:deleteobject", "s3:getobjecttagging"}
)
_OF_BUCKETS: t.Final = ("s3:GetBucketLocation", "s3:ListBucket")
# AWSLambdaBasicExecutionRole and AWSLambdaVPCAccessExecutionRole:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
_LOGS: t.Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_LAMBDA: t.Final = "lambda.amazonaws.com"
_VPC_WRITES: t.Final = {
    "ec2:AssignPrivateIpAddresses": ("network-interface",),
    "ec2:CreateNetworkInterface": ("network-interface", "security-group", "subnet"),
    "ec2:DeleteNetworkInterface": ("network-interface",),
    "ec2:UnassignPrivateIpAddresses": ("network-interface",),
}
_VPC_READS: t.Final = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets")
# Athena reads the catalogue and the data with the caller's permissions.
# https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
_ATHENA_CALLS: t.Final = frozenset({"athena:startqueryexecution", "athena:createpreparedstatement"})
_OF_ATHENA: t.Final = (
    "glue:BatchGetPartition", "glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions",
    "glue:GetTable", "glue:GetTables",
)  # fmt: skip
# Services whose first resource makes a service-linked role, which takes this permission once for each account.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_LINKED: t.Final[Mapping[str, str]] = {
    "autoscaling": "autoscaling.amazonaws.com",
    "config": "config.amazonaws.com",
    "ecs": "ecs.amazonaws.com",
    "eks": "eks.amazonaws.com",
    "elasticache": "elasticache.amazonaws.com",
    "elasticfilesystem": "elasticfilesystem.amazonaws.com",
    "elasticloadbalancing": "elasticloadbalancing.amazonaws.com",
    "es": "opensearchservice.amazonaws.com",
    "guardduty": "guardduty.amazonaws.com",
    "kafka": "kafka.amazonaws.com",
    "rds": "rds.amazonaws.com",
    "redshift": "redshift.amazonaws.com",
    "securityhub": "securityhub.amazonaws.com",
}
_LINKED_ACTION: t.Final = "iam:CreateServiceLinkedRole"
_OPENING: t.Final = ("describe", "list")


@dataclasses.dataclass(frozen=True)
class Companion:
    """A further permission, and the reason for it."""

    action: str
    scope: Scope
    why: str
    conditions: tuple[Condition, ...] = ()


def find_companions(needs: Sequence[Need], principal: Principal, is_complete: Completeness) -> tuple[Companion, ...]:
    """Find the companions of all needs. Where the record of an action is complete, its own events decide."""
    found = [
        *_of_objects(needs, is_complete),
        *_of_functions(principal),
        *_of_athena(needs, principal, is_complete),
        *_of_linked_roles(needs, principal),
    ]
    return tuple(sorted(set(found), key=lambda item: (item.action, item.scope.pattern, item.why)))


def _of_objects(needs: Iterable[Need], is_complete: Completeness) -> Iterator[Companion]:
    for need in needs:
        if need.action.lower() not in _OBJECT_CALLS or not need.is_known:
            continue
        for action in _OF_BUCKETS:
            if is_complete(action):
                continue
            for arn in need.targets:
                bucket = arn.partition("/")[0]
                why = f"SDKs and the console call it before {need.action}, and CloudTrail did not record it"
                yield Companion(action, Scope(escape_arn(bucket), (bucket,)), why)


def _of_functions(principal: Principal) -> Iterator[Companion]:
    if _LAMBDA in principal.trusted_services and not principal.functions:
        group = f"arn:{principal.partition}:logs:*:{principal.account}:log-group:/aws/lambda/*"
        for action in _LOGS:
            yield Companion(action, Scope(group), "a function that is not known may write its logs with this role")
    for function in principal.functions:
        parts = arn_parts(function.arn)
        if parts is None:
            continue
        name = parts.resource.split(":")[1] if ":" in parts.resource else parts.resource
        place = f"arn:{parts.partition}:{{}}:{parts.region}:{parts.account}"
        group = f"{place.format('logs')}:log-group:/aws/lambda/{name}:*"
        for action in _LOGS:
            yield Companion(action, Scope(group), f"the function {name} writes its logs with this role")
        if function.is_in_vpc:
            why = f"Lambda makes the network interfaces of the function {name} with this role"
            for action, kinds in _VPC_WRITES.items():
                for kind in kinds:
                    yield Companion(action, Scope(f"{place.format('ec2')}:{kind}/*"), why)
            for action in _VPC_READS:
                yield Companion(action, Scope("*", ("*",)), why)


def _of_athena(needs: Iterable[Need], principal: Principal, is_complete: Completeness) -> Iterator[Companion]:
    calls = sorted({need.action for need in needs if need.action.lower() in _ATHENA_CALLS})
    for action in _OF_ATHENA if calls else ():
        if not is_complete(action):
            for pattern in list_patterns(action, principal.partition):
                yield Companion(action, Scope(pattern), f"Athena calls it for {calls[0]}")


def _of_linked_roles(needs: Iterable[Need], principal: Principal) -> Iterator[Companion]:
    makes = {need.service: need.action for need in needs if need.action.partition(":")[2].startswith("Create")}
    for service, action in sorted(makes.items()):
        if service in _LINKED:
            name = _LINKED[service]
            arn = f"arn:{principal.partition}:iam::{principal.account or '*'}:role/aws-service-role/{name}/*"
            condition = Condition("StringEquals", "iam:AWSServiceName", (name,))
            why = f"{action} makes the service-linked role of {name} where an account has none"
            yield Companion(_LINKED_ACTION, Scope(arn), why, (condition,))


def list_patterns(action: str, partition: str) -> tuple[str, ...]:
    """List the patterns of all resources of an action; ``*`` alone for one that has none, or need not name one."""
    if not takes_resource(action):
        return ("*",)
    return tuple(dict.fromkeys(map(shorten_pattern, resource_types(action.lower(), partition)))) or ("*",)


# Pages of the console


def find_console_reads(granted: Iterable[str], services: Collection[str], partition: str) -> Iterator[Companion]:
    """Find the actions that show lists and descriptions of the services that were used, but none that reads data."""
    for action in granted:
        service, _colon, name = action.lower().partition(":")
        if service not in services or not name.startswith(_OPENING):
            continue
        if catalogue.access_levels(action) <= {"Read", "List"} and log_class(action) is LogClass.READ:
            for pattern in list_patterns(action, partition):
                yield Companion(action, Scope(pattern), f"pages of the console of {service} call it")
