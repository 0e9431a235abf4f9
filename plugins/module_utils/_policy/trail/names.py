# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the names of CloudTrail events to those of IAM actions.

Nearly all events are called as the action that they need, and come from a source that begins with its prefix. What is
here are the others. Where a page of the reference links an action to an operation of another name, the operation is
here; operations of Bedrock say in their documentation which permission they require. S3:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html; Lambda:
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Mapping

from ..evaluation import catalogue
from .parameters import Parameters

_DOMAIN: t.Final = ".amazonaws.com"

# Sources whose events need the permissions of a service with another prefix, "-" for ".": those of AWS's pages, and
# the names that the endpoints and signatures of the SDK have, which other events have as their source.
_SOURCES: t.Final[Mapping[str, str]] = {
    "account-access": "account-access-runtime",
    "agent-registry": "agent-registry-control",
    "appconfig": "appconfigdata",
    "application-signals": "applicationsignals",
    "appstream": "appstream2",
    "aws-marketplace": (
        "agreement-marketplace catalog-marketplace deployment-marketplace discovery-marketplace "
        "entitlement-marketplace metering-marketplace reporting-marketplace"
    ),
    "bedrock": (
        "bedrock-agent bedrock-agent-runtime bedrock-data-automation bedrock-data-automation-runtime bedrock-runtime"
    ),
    "bedrock-agentcore": "bedrock-agentcore-control",
    "cassandra": "cassandra-streams",
    "chime": "identity-chime media-pipelines-chime meetings-chime messaging-chime voice-chime",
    "cloudformation": "cloudcontrolapi",
    "cloudfront-keyvaluestore": "edgekeyvaluestore",
    "cloudhsm": "cloudhsmv2",
    "cloudsearch": "cloudsearchdomain",
    "cloudwatch": "cloudwatch-omni monitoring",
    "connect": "contact-lens",
    "detective": "api-detective",
    "dynamodb": "streams-dynamodb",
    "ecr": "api-ecr",
    "ecr-public": "api-ecr-public",
    "events": "eventsv2",
    "forecast": "forecastquery",
    "iot": "api-tunneling-iot data-ats-iot data-iot iotdata iotsecuredtunneling",
    "iotdeviceadvisor": "api-iotdeviceadvisor",
    "iotjobsdata": "data-jobs-iot iot-jobs-data",
    "iotmanagedintegrations": "api-iotmanagedintegrations",
    "iotwireless": "api-iotwireless",
    "ivs": "ivsrealtime",
    "lex": "models-lex models-v2-lex runtime-lex runtime-v2-lex",
    "mechanicalturk": "mturk-requester",
    "mediastore": "data-mediastore",
    "mediatailor": "api-mediatailor",
    "memorydb": "memory-db",
    "mgh": "migrationhub-config",
    "mobiletargeting": "pinpoint",
    "mq": "amazonmq",
    "networkmonitor": "networksynthetics",
    "partnercentral": (
        "partnercentral-account partnercentral-benefits partnercentral-channel partnercentral-marketing "
        "partnercentral-prm partnercentral-selling"
    ),
    "payment-cryptography": "controlplane-payment-cryptography dataplane-payment-cryptography",
    "personalize": "personalize-events personalize-runtime",
    "pricing": "api-pricing",
    "qapps": "data-qapps",
    "rds-data": "rdsdata rdsdataapi",
    "s3": "s3-control",
    "sagemaker": (
        "a2i-runtime-sagemaker api-sagemaker edge-sagemaker featurestore-runtime-sagemaker metrics-sagemaker "
        "runtime-sagemaker"
    ),
    "servicecatalog": "servicecatalog-appregistry",
    "ses": "email mail-manager",
    "signer": "data-signer",
    "sms-voice": "sms-voice-pinpoint",
    "tag": "tagging",
    "tax": "taxconsole",
    "timestream": "ingest-timestream query-timestream",
    "wickr": "admin-wickr",
}
_PREFIXES: t.Final[Mapping[str, str]] = {name: prefix for prefix, names in _SOURCES.items() for name in names.split()}

# By service: events, and the actions that they need, of which the first is about what the request names.
_RENAMED: t.Final[Mapping[str, Mapping[str, str]]] = {
    "apigateway": {
        "ExportApi": "GET",
        "ImportApi": "PUT",
        "ImportApiKeys": "POST",
        "ImportDocumentationParts": "PUT",
        "ImportRestApi": "POST",
        "RejectDomainNameAccessAssociation": "POST",
        "ResetAuthorizersCache": "DELETE",
        "UntagResource": "DELETE",
    },
    "bcm-pricing-calculator": {
        "BatchCreateBillScenarioCommitmentModification": "CreateBillScenarioCommitmentModification",
        "BatchCreateBillScenarioUsageModification": "CreateBillScenarioUsageModification",
        "BatchCreateWorkloadEstimateUsage": "CreateWorkloadEstimateUsage",
        "BatchDeleteBillScenarioCommitmentModification": "DeleteBillScenarioCommitmentModification",
        "BatchDeleteBillScenarioUsageModification": "DeleteBillScenarioUsageModification",
        "BatchDeleteWorkloadEstimateUsage": "DeleteWorkloadEstimateUsage",
        "BatchUpdateBillScenarioCommitmentModification": "UpdateBillScenarioCommitmentModification",
        "BatchUpdateBillScenarioUsageModification": "UpdateBillScenarioUsageModification",
        "BatchUpdateWorkloadEstimateUsage": "UpdateWorkloadEstimateUsage",
    },
    "bedrock": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
        "RetrieveAndGenerateStream": "RetrieveAndGenerate",
        "StartAsyncInvoke": "InvokeModel",
    },
    "budgets": {
        "CreateBudget": "ModifyBudget",
        "CreateNotification": "ModifyBudget",
        "CreateSubscriber": "ModifyBudget",
        "DeleteBudget": "ModifyBudget",
        "DeleteNotification": "ModifyBudget",
        "DeleteSubscriber": "ModifyBudget",
        "DescribeBudget": "ViewBudget",
        "DescribeBudgetPerformanceHistory": "ViewBudget",
        "DescribeBudgets": "ViewBudget",
        "DescribeNotificationsForBudget": "ViewBudget",
        "DescribeSubscribersForNotification": "ViewBudget",
        "UpdateBudget": "ModifyBudget",
        "UpdateNotification": "ModifyBudget",
        "UpdateSubscriber": "ModifyBudget",
    },
    "cloudfront": {"CreateDistributionWithTags": "CreateDistribution TagResource"},
    "detective": {"ListOrganizationAdminAccounts": "ListOrganizationAdminAccount"},
    "dms": {
        "DescribeDataProviders": "ListDataProviders",
        "DescribeExtensionPackAssociations": "ListExtensionPacks",
        "DescribeInstanceProfiles": "ListInstanceProfiles",
        "DescribeMetadataModelAssessments": "ListMetadataModelAssessments",
        "DescribeMetadataModelConversions": "ListMetadataModelConversions",
        "DescribeMigrationProjects": "ListMigrationProjects",
        "ModifyConversionConfiguration": "UpdateConversionConfiguration",
        "ModifyDataProvider": "UpdateDataProvider",
        "ModifyInstanceProfile": "UpdateInstanceProfile",
        "ModifyMigrationProject": "UpdateMigrationProject",
        "StartExtensionPackAssociation": "AssociateExtensionPack",
        "StartMetadataModelExportAsScript": "StartMetadataModelExportAsScripts",
    },
    "dynamodb": {"TransactGetItems": "GetItem"},
    "kms": {"ReEncrypt": "ReEncryptFrom ReEncryptTo"},
    "lambda": {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"},
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject GetObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteAccountPublicAccessBlock": "PutAccountPublicAccessBlock",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject GetObject",
    },
    "s3tables": {
        "AbortMultipartUpload": "PutTableData",
        "CompleteMultipartUpload": "PutTableData",
        "CreateMultipartUpload": "PutTableData",
        "GetObject": "GetTableData",
        "HeadObject": "GetTableData",
        "PutObject": "PutTableData",
        "UploadPart": "PutTableData",
    },
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
}

# API Gateway asks for the permission to use an HTTP verb; an event's name begins with what the verb does.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
_VERBS: t.Final[tuple[tuple[str, str], ...]] = (
    ("Create", "POST"),
    ("Delete", "DELETE"),
    ("Flush", "DELETE"),
    ("Generate", "POST"),
    ("Get", "GET"),
    ("Put", "PUT"),
    ("Reimport", "PUT"),
    ("TestInvoke", "POST"),
    ("Update", "PATCH"),
)
# Services that write the version of their API behind an event: CreateFunction20150331, GetFunction20150331v2.
_DATED: t.Final[Mapping[str, re.Pattern[str]]] = {
    "cloudfront": re.compile(r"\d{4}_\d{2}_\d{2}\Z"),
    "lambda": re.compile(r"(\d{8})?(v\d+)?\Z"),
}


# Sources that several services share, with the parameters that only requests to one of them have, if there are any.
# The billing console has events of several services. The control channels of Systems Manager are logged as calls to it:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html. Application Auto
# Scaling and scaling plans are reached at the endpoint of Auto Scaling, and logged as such.
# https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html,
# https://docs.aws.amazon.com/autoscaling/plans/userguide/logging-using-cloudtrail.html
_SHARED: t.Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "autoscaling": {
        "application-autoscaling": ("servicenamespace", "scalabledimension"),
        "autoscaling": ("autoscalinggroupname", "autoscalinggroupnames", "launchconfigurationname"),
        "autoscaling-plans": ("scalingplanname", "scalingplanversion", "scalingplannames"),
    },
    "billingconsole": {"aws-portal": (), "billing": (), "consolidatedbilling": (), "invoicing": (), "payments": ()},
    "ssm": {"ssm": (), "ssmmessages": ()},
}


@functools.lru_cache(maxsize=4096)
def prefix_of(event_source: str) -> str:
    """The prefix in policies of the service that an event is from: ``cloudwatch`` of ``monitoring.amazonaws.com``."""
    name = event_source.lower().removesuffix(".cn").removesuffix(_DOMAIN).replace(".", "-")
    return _PREFIXES.get(name, name)


def actions_of(service: str, event_name: str) -> tuple[str, ...]:
    """The actions, as ``service:Name``, that a caller needed for an event; empty where that is not known.

    ``service`` is a prefix. Where there is no catalogue an event that is in no table here is taken to be an action.
    """
    for name in _candidates(service, event_name):
        found = [catalogue.action(service, part) for part in name.split()]
        if all(found):
            return tuple(action.full_name for action in found if action)
    if catalogue.is_available():
        return ()
    return tuple(f"{service}:{part}" for part in list(_candidates(service, event_name))[-1].split())


def list_renamed_actions() -> t.Iterator[str]:
    """List the actions, as ``service:Name``, that events of other names show."""
    for service, events in _RENAMED.items():
        yield from (f"{service}:{name}" for names in events.values() for name in names.split())
    yield from (f"apigateway:{verb}" for _start, verb in _VERBS)


def find_services(service: str, event_name: str, parameters: Parameters) -> tuple[str, ...]:
    """The services, by their prefixes, that an event from ``service`` may be of: one, where that can be found out.

    It is the service that the parameters are of, else those that have such an action; ``service`` itself if none has.
    """
    shared = _SHARED.get(service)
    if shared is None:
        return (service,)
    found = tuple(one for one in shared if actions_of(one, event_name))
    named = tuple(one for one in found if any(parameters.has(name) for name in shared[one]))
    return named or found or (service,)


def strip_version(service: str, event_name: str) -> str:
    """The name of an event without the version of the API that some services write behind it."""
    bare = _DATED[service].sub("", event_name) if service in _DATED else event_name
    return bare or event_name


def _candidates(service: str, event_name: str) -> t.Iterator[str]:
    yield event_name
    bare = strip_version(service, event_name)
    if bare != event_name:
        yield bare
    renamed = _RENAMED.get(service, {})
    if bare in renamed:
        yield renamed[bare]
    if service == "apigateway":
        yield from (verb for start, verb in _VERBS if event_name.startswith(start))
