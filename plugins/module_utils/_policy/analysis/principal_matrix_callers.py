# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Callers that no SCP binds and every RCP does: AWS services, identity providers, and principals of other accounts.

The condition keys of their requests: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from .principal_matrix_cast import Actor, Kind, Place
from .principal_matrix_requests import Ask, Keys

#: Stands for the AWS services that the table below does not name. It is also the name by which they are accepted.
OTHER_SERVICES: t.Final = "amazonaws.com"

#: The tags that services give to sessions, where they give any, so that they can open them:
#: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
SESSION_TAGS: t.Final[Keys] = (
    (
        "aws:TagKeys",
        (
            "eks-cluster-arn",
            "eks-cluster-name",
            "kubernetes-namespace",
            "kubernetes-pod-name",
            "kubernetes-pod-uid",
            "kubernetes-service-account",
        ),
    ),
)
_LOG_DELIVERY: t.Final = "delivery.logs.amazonaws.com"
# Which services call which others under their own name, as AWS documents it: by the prefix of the service that is
# called, the caller and what it needs. RCPs reach more services than these, and more services call them; those are
# asked of as OTHER_SERVICES.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
# https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
_CALLERS: t.Final[Mapping[str, Mapping[str, str]]] = {
    "sts": dict.fromkeys(("ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"), "AssumeRole"),
    "s3": {
        "cloudtrail.amazonaws.com": "PutObject GetBucketAcl",
        "config.amazonaws.com": "PutObject GetBucketAcl ListBucket",
        _LOG_DELIVERY: "PutObject GetBucketAcl ListBucket",
        "logging.s3.amazonaws.com": "PutObject",
        "logdelivery.elasticloadbalancing.amazonaws.com": "PutObject",
        "s3.amazonaws.com": "PutObject",
        "cloudfront.amazonaws.com": "GetObject",
        "guardduty.amazonaws.com": "PutObject",
        "billingreports.amazonaws.com": "PutObject GetBucketAcl GetBucketPolicy",
    },
    "kms": {
        "cloudtrail.amazonaws.com": "GenerateDataKey DescribeKey",
        "config.amazonaws.com": "GenerateDataKey Decrypt",
        _LOG_DELIVERY: "GenerateDataKey Decrypt",
        "logs.amazonaws.com": "Encrypt Decrypt GenerateDataKey ReEncryptFrom ReEncryptTo DescribeKey",
        "events.amazonaws.com": "GenerateDataKey Decrypt",
        "sns.amazonaws.com": "GenerateDataKey Decrypt",
        "s3.amazonaws.com": "GenerateDataKey Decrypt",
        "cloudwatch.amazonaws.com": "GenerateDataKey Decrypt",
        "cloudfront.amazonaws.com": "Decrypt",
        "guardduty.amazonaws.com": "GenerateDataKey",
    },
    "sqs": dict.fromkeys(("events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"), "SendMessage"),
    "logs": dict.fromkeys((_LOG_DELIVERY, "events.amazonaws.com"), "CreateLogStream PutLogEvents"),
    "ecr": {"lambda.amazonaws.com": "BatchGetImage GetDownloadUrlForLayer"},
}
# They run what was given the role by iam:PassRole, and no source is documented for the moment they assume it.
_WITHOUT_SOURCE: t.Final = frozenset({"ec2.amazonaws.com", "lambda.amazonaws.com"})

# The keys that only requests of users and roles have, and those of the network that they come from. "aws:SourceIp" and
# those of endpoints are not in the context of a request that a service makes by itself.
_OF_PRINCIPALS: t.Final = (
    "aws:AssumedRoot",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalType",
    "aws:SourceIdentity",
    "aws:TokenIssueTime",
    "aws:username",
)
_OF_NETWORKS: t.Final = (
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
)
_OF_SOURCES: t.Final = ("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths")
_FORWARDED: t.Final = ("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast")
_NAMES_OF_SERVICES: t.Final = ("aws:PrincipalServiceName", "aws:PrincipalServiceNamesList")
_PRINCIPAL_TAG: t.Final = "aws:principaltag/"


def callers_of(prefix: str) -> dict[str, tuple[str, ...]]:
    """The services that call the one with a prefix under their own name, and the actions that each needs there."""
    return {
        caller: tuple(f"{prefix}:{name}" for name in names.split())
        for caller, names in _CALLERS.get(prefix, {}).items()
    }


def list_called_services() -> frozenset[str]:
    """Return the prefixes of the services whose callers the table names."""
    return frozenset(_CALLERS)


def service_callers(
    place: Place, service: str, asks: Iterable[Ask], *, keys_in_question: Iterable[str] = (), name: str = ""
) -> tuple[Actor, ...]:
    """An AWS service, once for each way in which it may call: saying for whose resource it calls, or not saying it.

    Of its own accord a service has no principal in IAM: ``aws:PrincipalOrgID`` and its like are absent, and
    ``aws:PrincipalIsAWSService`` is true. The keys of the source it sends where the integration supports it.
    ``keys_in_question`` are those that a policy asks for, of which the tags of principals are absent.
    """
    tags = [key for key in keys_in_question if key.lower().startswith(_PRINCIPAL_TAG)]
    base = _service(place, service, tuple(asks), name or f"AWS service {service}")
    absent = (*_OF_PRINCIPALS, *_OF_NETWORKS, *_FORWARDED, *tags)
    silent = dataclasses.replace(base, absent=(*absent, *_OF_SOURCES))
    if service in _WITHOUT_SOURCE:
        return (silent,)
    source: list[tuple[str, t.Union[str, tuple[str, ...]]]] = [("aws:SourceAccount", place.account_id)]
    if place.organization_id:
        source.append(("aws:SourceOrgID", place.organization_id))
    if place.organization_path:
        source.append(("aws:SourceOrgPaths", (place.organization_path,)))
    return silent, dataclasses.replace(base, keys=(*base.keys, *source), absent=absent)


def _service(place: Place, service: str, asks: tuple[Ask, ...], name: str) -> Actor:
    named: Keys = ()
    if service != OTHER_SERVICES:
        named = (("aws:PrincipalServiceName", service), ("aws:PrincipalServiceNamesList", (service,)))
    return Actor(
        Kind.SERVICE,
        name,
        service,
        place.account_id,
        asks,
        keys=(*_plain(place), ("aws:PrincipalIsAWSService", "true"), *named),
        unknown=_NAMES_OF_SERVICES if service == OTHER_SERVICES else (),
        foreign=True,
        is_whole=False,
    )


def provider_caller(place: Place, provider: str, asks: Iterable[Ask]) -> Actor:
    """Somebody with a token of an identity provider: not a principal yet, so that no key of principals is there."""
    people = ":saml-provider/" in provider
    name = f"people by {provider}" if people else f"CI with a token of {provider}"
    absent = (*_OF_PRINCIPALS, *_OF_SOURCES, *_FORWARDED, *_NAMES_OF_SERVICES, "aws:PrincipalIsAWSService")
    kind = Kind.FEDERATED_USER if people else Kind.CI
    return Actor(
        kind,
        name,
        provider,
        place.account_id,
        tuple(asks),
        keys=_plain(place),
        unknown=(),
        foreign=True,
        is_whole=False,
        absent=tuple(key for key in absent if key != "aws:FederatedProvider"),
    )


def account_caller(place: Place, principal: str, asks: Iterable[Ask], *, inside: bool) -> Actor:
    """A principal of another account, which is ``inside`` the organization or not.

    :param principal: the ARN of a user or role, or that of the account's root, which means anybody there.
    """
    anybody = principal.endswith(":root")
    arn = f"{principal[: -len('root')]}role/unknown" if anybody else principal
    keys = list(_plain(place))
    absent = [*_OF_SOURCES, *_NAMES_OF_SERVICES]
    unknown = ["aws:PrincipalArn"] if anybody else []
    if inside and place.organization_id:
        keys.append(("aws:PrincipalOrgID", place.organization_id))
    else:
        # It has another organization's id, or none at all: neither is this one's.
        absent += ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]
    return Actor(
        Kind.WORKLOAD,
        f"principals of account {arn.split(':')[4]}" if anybody else principal,
        arn,
        place.account_id,
        tuple(asks),
        keys=tuple(keys),
        unknown=tuple(unknown),
        foreign=True,
        is_whole=False,
        absent=tuple(absent),
    )


def anybody(place: Place, asks: Iterable[Ask], *, inside: bool) -> Actor:
    """A principal of which nothing is known but, where that is so, that it is ``inside`` the organization."""
    keys = [*_plain(place), ("aws:PrincipalIsAWSService", "false")]
    if inside and place.organization_id:
        keys.append(("aws:PrincipalOrgID", place.organization_id))
    return Actor(
        Kind.WORKLOAD,
        "a principal of its trust policy",
        place.arn("unknown", account_id="*"),
        place.account_id,
        tuple(asks),
        keys=tuple(keys),
        unknown=("aws:PrincipalAccount",),
        foreign=True,
        is_whole=False,
        absent=(*_OF_SOURCES, *_NAMES_OF_SERVICES),
    )


def _plain(place: Place) -> Keys:
    """The keys that all of these requests have: they are about resources of the place."""
    resource = tuple((key, value) for key, value in place.organization_keys if key.startswith("aws:Resource"))
    return (("aws:SecureTransport", "true"), ("aws:ViaAWSService", "false"), ("s3:TlsVersion", "1.3"), *resource)
