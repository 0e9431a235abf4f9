# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The actions with data events, by AWS's pages.

If the pages leave room for doubt, an action is in the table: it then stays unknown instead of unused. The types are
those of the table at
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html#logging-data-events.
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


def _row(service: str, types: str, names: str, page: str = "") -> DataEvents:
    full = tuple(f"AWS::{name}" for name in types.split())
    return DataEvents(service, full, tuple(names.split()), f"{_DOCS}/{page}" if page else _TYPES)


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
    _row("s3express", "S3Express::Object S3Express::AccessPoint", "CreateSession", _S3),
    _row("s3-object-lambda", "S3ObjectLambda::AccessPoint", f"{_OBJECTS} RestoreObject", _S3),
    _row("s3-outposts", "S3Outposts::Object", f"{_OBJECTS} ReplicateDelete ReplicateObject ReplicateTags", _S3),
    _row(
        "s3tables",
        "S3Tables::Table S3Tables::TableBucket",
        "GetTableData PutTableData",
        "AmazonS3/latest/userguide/s3-tables-logging.html",
    ),
    _row(
        "s3vectors",
        "S3Vectors::Index S3Vectors::VectorBucket",
        "DeleteVectors GetVectors ListVectors PutVectors QueryVectors",
    ),
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
        "ListQueueTags ListQueues ReceiveMessage SendMessage",
        "AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html",
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
    _row("cassandra", "Cassandra::Stream", "GetRecords GetShardIterator GetStream ListStreams"),
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
    _row("sagemaker", "SageMaker::FeatureGroup", "BatchGetRecord BatchWriteRecord DeleteRecord GetRecord PutRecord"),
    _row("sagemaker", "SageMaker::ExperimentTrialComponent", "BatchPutMetrics"),
    _row("ses", "SES::ConfigurationSet SES::EmailIdentity SES::Template", "Send*"),
    _row("mobiletargeting", "Pinpoint::App", "PutEvents Send* UpdateEndpoint*"),
    _row(
        "sms-voice",
        "SMSVoice::Message SMSVoice::OriginationIdentity SMSVoice::CarrierLookup SMSVoice::NotifyConfiguration",
        "CarrierLookup Send*",
        "sms-voice/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "social-messaging",
        "SocialMessaging::PhoneNumberId SocialMessaging::WabaId",
        "*WhatsAppCall* *WhatsAppMessage* SendWhatsApp*",
    ),
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
        "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics",
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
    _row("agent-registry", "AgentRegistry::Registry", "*Discoverable* InvokeRegistryMcp"),
    _row("aidevops", "AIDevOps::AgentSpace AIDevOps::Association AIDevOps::OperatorAppTeam AIDevOps::Service", "*"),
    _row(
        "aiops",
        "AIOps::InvestigationGroup",
        "*Fact* *Investigation *InvestigationEvent* *InvestigationResource* *InvestigationResults *Investigations "
        "*Report*",
        "AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
    ),
    _row("application-signals", "ApplicationSignals::InstrumentationConfig", "*InstrumentationConfiguration*"),
    _row("b2bi", "B2BI::Transformer", "*TransformerJob"),
    _row("backup-search", "Backup::SearchJob", "*Search*"),
    _row("bedrock-mantle", "BedrockMantle::Project", "*"),
    _row("bedrock-websearch", "BedrockWebSearch::Tool", "*"),
    _row("cloudfront-keyvaluestore", "CloudFront::KeyValueStore", "*"),
    _row("cloudtrail-data", "CloudTrail::Channel", "PutAuditEvents"),
    _row(
        "codeguru-profiler",
        "CodeGuruProfiler::ProfilingGroup",
        "BatchGetFrameMetricData ConfigureAgent GetProfile ListProfileTimes PostAgentProfile",
    ),
    _row("codewhisperer", "CodeWhisperer::Profile CodeWhisperer::Customization", "Generate*"),
    _row(
        "deadline",
        "Deadline::Fleet Deadline::Job Deadline::Queue Deadline::Worker",
        "Assume* BatchGetJobEntity *Session* *Step* *Task* *Worker* CopyJobTemplate CreateJob GetJob ListJob* Search* "
        "UpdateJob",
        "deadline-cloud/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row("dataexchange", "DataExchange::Asset", "SendApiAsset"),
    _row("ec2-instance-connect", "EC2::InstanceConnectEndpoint", "OpenTunnel"),
    _row("ecs", "ECS::ContainerInstance", "Poll StartTelemetrySession"),
    _row("eks", "EKS::Dashboard", "ListDashboard*"),
    _row(
        "events",
        "Events::EventBus Events::Endpoint",
        "PutEvents",
        "eventbridge/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "events",
        "Events::EventSource",
        "PutPartnerEvents",
        "eventbridge/latest/userguide/logging-using-cloudtrail.html",
    ),
    _row(
        "gameliftstreams",
        "GameLiftStreams::Application GameLiftStreams::StreamGroup",
        "*StreamSession*",
        "gameliftstreams/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _row("geo-maps", "GeoMaps::Provider", "*"),
    _row("geo-places", "GeoPlaces::Provider", "*"),
    _row("geo-routes", "GeoRoutes::Provider", "*"),
    _row(
        "greengrass",
        "GreengrassV2::ComponentVersion GreengrassV2::Deployment",
        "GetComponentVersionArtifact ResolveComponentCandidates",
        "greengrass/v2/developerguide/logging-using-cloudtrail.html",
    ),
    _row("guardduty", "GuardDuty::MalwareScan", "SendObjectMalwareScan"),
    _row(
        "guardduty", "GuardDuty::Detector", "SendSecurityTelemetry", "guardduty/latest/ug/logging-using-cloudtrail.html"
    ),
    _row(
        "iot",
        "IoT::Thing",
        "*ThingShadow* ListRetainedMessages GetRetainedMessage",
        "iot/latest/developerguide/iot-using-cloudtrail.html",
    ),
    _row("iot", "IoT::Tunnel", "*Tunnel*"),
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
    _row(
        "lex",
        "Lex::BotAlias Lex::Bot",
        "DeleteSession GetSession Post* PutSession Recognize* StartConversation",
    ),
    _row("machinelearning", "MachineLearning::MlModel", "Predict"),
    _row("managedblockchain", "ManagedBlockchain::Node ManagedBlockchain::Network", "GET POST"),
    _row("managedblockchain-query", "ManagedBlockchainQuery::QueryAPI", "*"),
    _row(
        "medical-imaging",
        "MedicalImaging::Datastore MedicalImaging::Imageset",
        "GetDICOM* GetImageFrame GetImageSet* SearchImageSets",
    ),
    _row("nova-act", "NovaAct::WorkflowDefinition NovaAct::WorkflowRun", "*"),
    _row("one", "One::UKey One::User", "*"),
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
        "QBusiness::Application QBusiness::Index QBusiness::DataSource QBusiness::Integration QBusiness::WebExperience",
        "BatchDeleteDocument BatchPutDocument Chat* DeleteConversation ListConversations ListMessages "
        "PutFeedback SearchRelevantContent",
    ),
    _row(
        "servicediscovery",
        "ServiceDiscovery::Namespace ServiceDiscovery::Service",
        "DiscoverInstances*",
        "cloud-map/latest/dg/cloudtrail-data-events.html",
    ),
    _row("resource-explorer-2", "ResourceExplorer2::View ResourceExplorer2::ManagedView", "Search"),
    _row("sagemaker-mlflow", "SageMaker::MlflowTrackingServer SageMaker::MlflowApp", "*"),
    _row("signer", "Signer::SigningJob Signer::SigningProfile", "GetRevocationStatus SignPayload"),
    _row(
        "ssm",
        "SSM::ManagedNode",
        "RequestManagedInstanceRoleToken",
        "systems-manager/latest/userguide/monitoring-cloudtrail-logs.html",
    ),
    _row("ssm", "SSM::ExecutionPreview", "GetExecutionPreview StartExecutionPreview"),
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
