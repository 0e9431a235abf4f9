# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Two tables of AWS's pages: actions with data events, and actions that CloudTrail never records.

If the pages leave room for doubt, an action is in a table: it then stays unknown instead of unused.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

_DOCS: t.Final = "https://docs.aws.amazon.com"
# The resource types of data events, and the services that have them.
_TYPES: t.Final = f"{_DOCS}/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html"


@dataclasses.dataclass(frozen=True)
class DataEvents:
    """Actions with data events. ``types`` are the ``resources.type`` of selectors, any of which records them."""

    service: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    source: str


@dataclasses.dataclass(frozen=True)
class Unlogged:
    """Actions that leave no event, whatever the selectors of the trail say."""

    service: str
    names: tuple[str, ...]
    reason: str
    source: str


def _row(service: str, types: str, names: str, page: str = "") -> DataEvents:
    full = tuple(f"AWS::{name}" for name in types.split())
    return DataEvents(service, full, tuple(names.split()), f"{_DOCS}/{page}" if page else _TYPES)


def _never(service: str, names: str, reason: str, page: str) -> Unlogged:
    return Unlogged(service, tuple(names.split()), reason, f"{_DOCS}/{page}")


_S3: t.Final = "AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html"
_OBJECTS: t.Final = (
    "AbortMultipartUpload DeleteObject* GetObject* ListBucket ListBucketMultipartUploads ListBucketVersions "
    "ListMultipartUploadParts PutObject*"
)
_GENERAL: t.Final = (
    f"{_OBJECTS} BypassGovernanceRetention InitiateReplication ObjectOwnerOverrideToBucketOwner ReplicateDelete "
    "ReplicateObject ReplicateTags RestoreObject UpdateObjectEncryption"
)
DATA_EVENTS: t.Final[tuple[DataEvents, ...]] = (
    _row("s3", "S3::Object S3::AccessPoint S3ObjectLambda::AccessPoint", _GENERAL, _S3),
    _row("s3express", "S3Express::Object", "CreateSession", _S3),
    _row("s3-object-lambda", "S3ObjectLambda::AccessPoint", f"{_OBJECTS} RestoreObject", _S3),
    _row("s3-outposts", "S3Outposts::Object", f"{_OBJECTS} ReplicateDelete ReplicateObject ReplicateTags", _S3),
    _row(
        "s3tables", "S3Tables::Table", "GetTableData GetTableMetadataLocation PutTableData UpdateTableMetadataLocation"
    ),
    _row("s3vectors", "S3Vectors::Index", "DeleteVectors GetVectors ListVectors PutVectors QueryVectors"),
    _row("lambda", "Lambda::Function", "Invoke*", "lambda/latest/dg/logging-using-cloudtrail.html"),
    _row(
        "dynamodb",
        "DynamoDB::Table",
        "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PartiQL* PutItem Query Scan UpdateItem",
        "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _row(
        "dynamodb",
        "DynamoDB::Stream DynamoDB::Table",
        "GetRecords GetShardIterator",
        "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _row("sns", "SNS::Topic SNS::PlatformEndpoint", "Publish", "sns/latest/dg/logging-using-cloudtrail.html"),
    _row(
        "sqs",
        "SQS::Queue",
        "ChangeMessageVisibility DeleteMessage GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues "
        "ListMessageMoveTasks ListQueueTags ListQueues ReceiveMessage SendMessage",
        "AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html",
    ),
    _row(
        "kinesis",
        "Kinesis::Stream Kinesis::StreamConsumer",
        "GetRecords GetShardIterator ListShards PutRecord PutRecords SubscribeToShard",
        "streams/latest/dev/logging-using-cloudtrail.html",
    ),
    _row("firehose", "KinesisFirehose::DeliveryStream", "PutRecord PutRecordBatch"),
    _row(
        "kinesisvideo",
        "KinesisVideo::Stream KinesisVideo::SignalingChannel",
        "ConnectAs* GetClip GetDASHStreamingSessionURL GetHLSStreamingSessionURL GetIceServerConfig GetImages "
        "GetMedia* JoinStorageSession* ListFragments PutMedia SendAlexaOfferToMaster",
    ),
    _row(
        "states",
        "StepFunctions::Activity",
        "GetActivityTask SendTaskFailure SendTaskHeartbeat SendTaskSuccess",
        "step-functions/latest/dg/procedure-cloud-trail.html",
    ),
    _row(
        "states",
        "StepFunctions::StateMachine",
        "InvokeHTTPEndpoint RevealSecrets StartSyncExecution",
        "step-functions/latest/dg/procedure-cloud-trail.html",
    ),
    _row(
        "ebs",
        "EC2::Snapshot",
        "GetSnapshotBlock ListChangedBlocks ListSnapshotBlocks PutSnapshotBlock",
        "ebs/latest/userguide/logging-ebs-apis-using-cloudtrail.html",
    ),
    _row(
        "rds-data",
        "RDS::DBCluster",
        "*",
        "AmazonRDS/latest/AuroraUserGuide/logging-using-cloudtrail-data-api.html",
    ),
    _row("dsql", "DSQL::Cluster", "DbConnect*"),
    _row("cassandra", "Cassandra::Table", "Modify Select", "keyspaces/latest/devguide/logging-using-cloudtrail.html"),
    _row("timestream", "Timestream::Database Timestream::Table", "Select"),
    _row("timestream", "Timestream::RegionalEndpoint", "DescribeEndpoints"),
    _row(
        "neptune-graph", "NeptuneGraph::Graph", "CancelQuery *DataViaQuery GetGraphSummary GetQueryStatus ListQueries"
    ),
    _row(
        "sdb",
        "SDB::Domain",
        "BatchDeleteAttributes BatchPutAttributes DeleteAttributes GetAttributes PutAttributes Select",
    ),
    _row(
        "bedrock",
        "Bedrock::AgentAlias Bedrock::InlineAgent",
        "InvokeAgent InvokeInlineAgent",
        "bedrock/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "bedrock",
        "Bedrock::FlowAlias Bedrock::FlowExecution Bedrock::PromptVersion",
        "InvokeFlow OptimizePrompt RenderPrompt StartFlowExecution",
        "bedrock/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "bedrock",
        "Bedrock::Guardrail Bedrock::KnowledgeBase",
        "ApplyGuardrail GenerateQuery Rerank Retrieve RetrieveAndGenerate",
        "bedrock/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "bedrock",
        "Bedrock::AsyncInvoke Bedrock::Model Bedrock::Session Bedrock::DataAutomationInvocation",
        "CreateInvocation GetAsyncInvoke GetInvocationStep InvokeDataAutomation* "
        "ListAsyncInvokes ListInvocation* PutInvocationStep",
        "bedrock/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row("bedrock-agentcore", "BedrockAgentCore::Runtime BedrockAgentCore::Gateway", "Invoke*"),
    _row(
        "bedrock-agentcore",
        "BedrockAgentCore::Memory",
        "BatchCreateMemoryRecords BatchDeleteMemoryRecords BatchUpdateMemoryRecords CreateEvent DeleteEvent "
        "DeleteMemoryRecord GetEvent GetMemoryRecord ListActors ListEvents ListMemoryRecords ListSessions "
        "RetrieveMemoryRecords",
    ),
    _row(
        "bedrock-agentcore",
        "BedrockAgentCore::WorkloadIdentity",
        "GetResourceApiKey GetResourceOauth2Token GetWorkload*",
    ),
    _row(
        "sagemaker",
        "SageMaker::Endpoint",
        "InvokeEndpointWithResponseStream",
        "sagemaker/latest/dg/logging-using-cloudtrail.html",
    ),
    _row("sagemaker", "SageMaker::FeatureGroup", "BatchGetRecord DeleteRecord GetRecord PutRecord"),
    _row("sagemaker", "SageMaker::ExperimentTrialComponent", "BatchPutMetrics"),
    _row("ses", "SES::ConfigurationSet SES::EmailIdentity SES::Template", "Send*"),
    _row("mobiletargeting", "Pinpoint::App", "PutEvents Send* UpdateEndpoint*"),
    _row(
        "sms-voice",
        "SMSVoice::Message SMSVoice::OriginationIdentity",
        "Send*",
        "sms-voice/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row("social-messaging", "SocialMessaging::PhoneNumberId", "*WhatsAppMessage*"),
    _row(
        "xray",
        "XRay::Trace",
        "BatchGetTrace* GetServiceGraph GetTimeSeriesServiceStatistics GetTrace* *RetrievedTraces* PutSpans* "
        "PutTraceSegments StartTraceRetrieval",
        "xray/latest/devguide/xray-api-cloudtrail.html",
    ),
    _row(
        "cloudwatch",
        "CloudWatch::Metric",
        "GetMetricData GetMetricWidgetImage",
        "AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
    ),
    _row("rum", "RUM::AppMonitor", "PutRumEvents"),
    _row(
        "networkflowmonitor",
        "NetworkFlowMonitor::Monitor NetworkFlowMonitor::Scope",
        "GetQuery* Publish StartQuery* StopQuery*",
    ),
    _row(
        "appconfig",
        "AppConfig::Configuration",
        "GetConfiguration GetLatestConfiguration StartConfigurationSession",
        "appconfig/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "appsync",
        "AppSync::GraphQLApi",
        "EventConnect EventPublish EventSubscribe GraphQL SourceGraphQL",
        "appsync/latest/devguide/cloudtrail-logging.html",
    ),
    _row(
        "cognito-identity",
        "Cognito::IdentityPool",
        "GetCredentialsForIdentity GetId GetOpenIdToken* UnlinkIdentity",
        "cognito/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _row("cloudfront-keyvaluestore", "CloudFront::KeyValueStore", "*"),
    _row("cloudtrail-data", "CloudTrail::Channel", "PutAuditEvents"),
    _row(
        "codeguru-profiler",
        "CodeGuruProfiler::ProfilingGroup",
        "BatchGetFrameMetricData ConfigureAgent GetProfile ListProfileTimes PostAgentProfile",
    ),
    _row("codewhisperer", "CodeWhisperer::Profile CodeWhisperer::Customization", "Generate*"),
    _row("dataexchange", "DataExchange::Asset", "SendApiAsset"),
    _row("ec2-instance-connect", "EC2::InstanceConnectEndpoint", "OpenTunnel"),
    _row("ecs", "ECS::ContainerInstance", "Poll StartTelemetrySession"),
    _row("geo-maps", "GeoMaps::Provider", "*"),
    _row("geo-places", "GeoPlaces::Provider", "*"),
    _row("geo-routes", "GeoRoutes::Provider", "*"),
    _row(
        "guardduty", "GuardDuty::Detector", "SendSecurityTelemetry", "guardduty/latest/ug/logging-using-cloudtrail.html"
    ),
    _row(
        "iot",
        "IoT::Thing",
        "*ThingShadow* ListRetainedMessages GetRetainedMessage",
        "iot/latest/developerguide/iot-using-cloudtrail.html",
    ),
    _row(
        "iotsitewise",
        "IoTSiteWise::Asset IoTSiteWise::TimeSeries",
        "BatchGetAssetProperty* BatchPutAssetPropertyValue ExecuteQuery GetAssetProperty* "
        "GetInterpolatedAssetPropertyValues",
    ),
    _row(
        "iottwinmaker",
        "IoTTwinMaker::Entity IoTTwinMaker::Workspace",
        "BatchPutPropertyValues ExecuteQuery GetPropertyValue*",
    ),
    _row("kendra-ranking", "KendraRanking::ExecutionPlan", "Rescore"),
    _row("machinelearning", "MachineLearning::MlModel", "Predict"),
    _row("managedblockchain", "ManagedBlockchain::Node ManagedBlockchain::Network", "GET POST"),
    _row("managedblockchain-query", "ManagedBlockchainQuery::QueryAPI", "*"),
    _row(
        "medical-imaging",
        "MedicalImaging::Datastore MedicalImaging::Imageset",
        "GetDICOM* GetImageFrame GetImageSet* SearchImageSets",
    ),
    _row("airflow", "MWAA::Environment", "PublishMetrics"),
    _row(
        "payment-cryptography",
        "PaymentCryptography::Key PaymentCryptography::Alias",
        "DecryptData EncryptData GenerateCardValidationData GenerateMac* GeneratePinData ReEncryptData "
        "TranslateKeyMaterial TranslatePinData Verify*",
    ),
    _row("qapps", "QApps::QApp QApps::QAppSession", "*"),
    _row(
        "qbusiness",
        "QBusiness::Application QBusiness::Index QBusiness::DataSource",
        "BatchDeleteDocument BatchPutDocument Chat* DeleteConversation ListConversations ListMessages "
        "PutFeedback SearchRelevantContent",
    ),
    _row(
        "servicediscovery",
        "ServiceDiscovery::Namespace ServiceDiscovery::Service",
        "DiscoverInstances*",
        "cloud-map/latest/dg/cloudtrail-data-events.html",
    ),
    _row("signer", "Signer::SigningJob Signer::SigningProfile", "GetRevocationStatus SignPayload"),
    _row(
        "ssm",
        "SSM::ManagedNode",
        "RequestManagedInstanceRoleToken",
        "systems-manager/latest/userguide/monitoring-cloudtrail-logs.html",
    ),
    _row(
        "swf",
        "SWF::Domain",
        "Count* GetWorkflowExecutionHistory List*Executions PollFor* RecordActivityTaskHeartbeat Respond* "
        "RequestCancelWorkflowExecution SignalWorkflowExecution StartWorkflowExecution "
        "TerminateWorkflowExecution",
        "amazonswf/latest/developerguide/ct-logging.html",
    ),
    _row(
        "verifiedpermissions",
        "VerifiedPermissions::PolicyStore",
        "IsAuthorized*",
        "verifiedpermissions/latest/userguide/logging-using-cloudtrail.html",
    ),
)

_INSIDE: t.Final = "the call goes to the resource itself, which checks the permission and writes no event"
_MEASURES: t.Final = "CloudTrail does not record calls that write or read measurements"
NEVER_LOGGED: t.Final[tuple[Unlogged, ...]] = (
    _never(
        "rds-db",
        "connect",
        "a connection to a database is no call of an API",
        "AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
    ),
    _never(
        "cloudwatch",
        "GetMetricStatistics ListMetrics PutMetricData",
        _MEASURES,
        "AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
    ),
    _never(
        "ssmmessages",
        "*",
        "agents and sessions hold channels open, which write no event",
        "systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html",
    ),
    _never(
        "ec2messages",
        "*",
        "agents hold channels open, which write no event",
        "systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html",
    ),
    _never(
        "logs",
        "PutLogEvents",
        "CloudTrail does not record the writing of log events",
        "AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html",
    ),
    _never(
        "events",
        "PutEvents PutPartnerEvents",
        "CloudTrail does not record the events that an application sends",
        "eventbridge/latest/userguide/eb-logging-cloudtrail.html",
    ),
    _never(
        "xray",
        "GetSampling* PutTelemetryRecords",
        "CloudTrail does not record the calls of X-Ray's agents",
        "xray/latest/devguide/xray-api-cloudtrail.html",
    ),
    _never(
        "execute-api",
        "*",
        "calls of an API behind API Gateway are in its access logs only",
        "apigateway/latest/developerguide/cloudtrail.html",
    ),
    _never(
        "iot",
        "Connect Publish Receive RetainPublish Subscribe",
        "messages of devices are in the logs of AWS IoT only",
        "iot/latest/developerguide/iot-using-cloudtrail.html",
    ),
    _never(
        "sagemaker",
        "InvokeEndpoint InvokeEndpointAsync",
        "CloudTrail records all calls of SageMaker but those of its endpoints",
        "sagemaker/latest/dg/logging-using-cloudtrail.html",
    ),
    _never(
        "timestream",
        "WriteRecords",
        "CloudTrail does not record the writing of records",
        "timestream/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never(
        "es",
        "ESHttp* ESCrossClusterGet",
        _INSIDE,
        "opensearch-service/latest/developerguide/managedomains-cloudtrailauditing.html",
    ),
    _never(
        "aoss",
        "APIAccessAll DashboardsAccessAll",
        _INSIDE,
        "opensearch-service/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never("elasticache", "Connect", _INSIDE, "AmazonElastiCache/latest/dg/auth-iam.html"),
    _never("memorydb", "Connect", _INSIDE, "memorydb/latest/devguide/auth-iam.html"),
    _never("elasticfilesystem", "Client*", _INSIDE, "efs/latest/ug/iam-access-control-nfs-efs.html"),
    _never("kafka-cluster", "*", _INSIDE, "msk/latest/developerguide/iam-access-control.html"),
    _never("neptune-db", "*", _INSIDE, "neptune/latest/userguide/cloudtrail.html"),
    _never(
        "dax",
        "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem",
        _INSIDE,
        "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never(
        "aps",
        "GetLabels GetMetricMetadata GetSeries QueryMetrics RemoteWrite",
        _MEASURES,
        "prometheus/latest/userguide/logging-using-cloudtrail.html",
    ),
    _never(
        "mediastore",
        "DeleteObject DescribeObject GetObject ListItems PutObject",
        _INSIDE,
        "mediastore/latest/ug/logging-using-cloudtrail.html",
    ),
)

# Calls that the catalogue calls writes, with events that are read-only (``readOnly: true``): a trail that records
# writes only does not have them. By service, with AWS's page.
READ_ONLY_EVENTS: t.Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "kms": (
        ("Decrypt", "DeriveSharedSecret", "Encrypt", "Generate*", "ReEncrypt*", "Sign", "Verify*"),
        f"{_DOCS}/kms/latest/developerguide/understanding-kms-entries.html",
    ),
    "sts": (("*",), f"{_DOCS}/IAM/latest/UserGuide/cloudtrail-integration.html"),
}

# Services whose first type in a row has all events of the row: an event lists all resources that it is about, and a
# selector for any of them records it.
FIRST_IS_ENOUGH: t.Final = frozenset({"dynamodb", "s3"})
