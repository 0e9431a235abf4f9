# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The same for services that are used more rarely to run something in a role."""

from __future__ import annotations

import typing as t

from .methods_pass_role import EC2, PROFILE, TASKS, make_pass_role_method
from .methods_schema import aws, pathfinding

METHODS: t.Final = (
    make_pass_role_method(
        "bedrock_create_interpreter",
        "passing a role to a new code interpreter and running code in it",
        "bedrock-agentcore.amazonaws.com",
        (
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:StartCodeInterpreterSession",
            "bedrock-agentcore:InvokeCodeInterpreter",
        ),
        pathfinding("bedrock-001"),
    ),
    make_pass_role_method(
        "apprunner_create_service",
        "passing a role to a new App Runner service",
        "tasks.apprunner.amazonaws.com",
        "apprunner:CreateService",
        pathfinding("apprunner-001"),
    ),
    make_pass_role_method(
        "states_create_and_start",
        "passing a role to a new state machine that calls AWS",
        "states.amazonaws.com",
        ("states:CreateStateMachine", "states:StartExecution"),
        aws("step-functions/latest/dg/supported-services-awssdk.html"),
    ),
    make_pass_role_method(
        "scheduler_create_schedule",
        "passing a role to a schedule that calls AWS",
        "scheduler.amazonaws.com",
        "scheduler:CreateSchedule",
        aws("scheduler/latest/UserGuide/managing-targets-universal.html"),
    ),
    make_pass_role_method(
        "ssm_start_automation",
        "passing a role to an automation that calls AWS",
        "ssm.amazonaws.com",
        "ssm:StartAutomationExecution",
        aws("systems-manager/latest/userguide/automation-setup.html"),
    ),
    make_pass_role_method(
        "emr_run_job_flow",
        "passing a role to the instances of a new EMR cluster",
        EC2,
        "elasticmapreduce:RunJobFlow",
        aws("emr/latest/ManagementGuide/emr-iam-role-for-ec2.html"),
        facts=PROFILE,
        assumes="a service role for EMR may be passed",
    ),
    make_pass_role_method(
        "emr_serverless_start_job",
        "passing a role to a job of EMR Serverless",
        "emr-serverless.amazonaws.com",
        ("emr-serverless:CreateApplication", "emr-serverless:StartJobRun"),
        aws("emr/latest/EMR-Serverless-UserGuide/security-iam-runtime-role.html"),
    ),
    make_pass_role_method(
        "batch_submit_job",
        "passing a role to a job of AWS Batch",
        TASKS,
        ("batch:RegisterJobDefinition", "batch:SubmitJob"),
        aws("batch/latest/APIReference/API_RegisterJobDefinition.html"),
        assumes="a job queue exists",
    ),
    make_pass_role_method(
        "eks_pod_identity",
        "passing a role to a service account of a Kubernetes cluster",
        "pods.eks.amazonaws.com",
        "eks:CreatePodIdentityAssociation",
        aws("eks/latest/userguide/pod-id-association.html"),
        assumes="the attacker can run a pod in an EKS cluster that has the Pod Identity agent",
    ),
    make_pass_role_method(
        "codepipeline_create",
        "passing a role to a new pipeline that runs commands",
        "codepipeline.amazonaws.com",
        "codepipeline:CreatePipeline",
        aws("codepipeline/latest/userguide/action-reference-Commands.html"),
        assumes="a source exists that the role may read",
    ),
    make_pass_role_method(
        "iot_role_alias",
        "making an alias of a role and a certificate that gets its credentials",
        "credentials.iot.amazonaws.com",
        ("iot:CreateRoleAlias", "iot:CreateKeysAndCertificate", "iot:CreatePolicy", "iot:AttachPolicy"),
        aws("iot/latest/developerguide/authorizing-direct-aws.html"),
    ),
    make_pass_role_method(
        "roles_anywhere",
        "trusting one's own certificates and making a profile of a role",
        "rolesanywhere.amazonaws.com",
        ("rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile"),
        "https://hackingthe.cloud/aws/post_exploitation/iam_roles_anywhere_persistence/",
    ),
)
