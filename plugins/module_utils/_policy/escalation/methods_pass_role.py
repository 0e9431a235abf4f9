# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Ways to a role's rights by passing the role to a service that runs the caller's code.

Passing needs ``iam:PassRole`` on the role, and the role's trust policy must admit the service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import typing as t

from .methods_schema import Fact, Gain, Method, Whom, aws, hacking, needs, pathfinding, rhino

_LAMBDA: t.Final = "lambda.amazonaws.com"
EC2: t.Final = "ec2.amazonaws.com"
TASKS: t.Final = "ecs-tasks.amazonaws.com"
_GLUE: t.Final = "glue.amazonaws.com"
_SAGEMAKER: t.Final = "sagemaker.amazonaws.com"
_BUILD: t.Final = "codebuild.amazonaws.com"
_STACKS: t.Final = "cloudformation.amazonaws.com"
_PIPELINES: t.Final = ("datapipeline.amazonaws.com", "elasticmapreduce.amazonaws.com")
_CLUSTER: t.Final = "an ECS cluster exists"


def make_pass_role_method(
    name: str,
    text: str,
    service: t.Union[str, tuple[str, ...]],
    actions: t.Union[str, tuple[str, ...]],
    *sources: str,
    facts: tuple[Fact, ...] = (),
    assumes: str = "",
) -> Method:
    """Make a method that passes a role to a service and lets it run ``actions``."""
    return Method(
        name,
        text,
        Whom.ROLE,
        Gain.TAKEOVER,
        needs(target="iam:PassRole", any=actions),
        sources,
        services=(service,) if isinstance(service, str) else service,
        facts=facts,
        assumes=assumes,
    )


PROFILE: t.Final = (Fact.INSTANCE_PROFILE,)

METHODS: t.Final = (
    make_pass_role_method(
        "lambda_create_and_invoke",
        "passing a role to a new function and invoking it",
        _LAMBDA,
        ("lambda:CreateFunction", "lambda:InvokeFunction"),
        pathfinding("lambda-001"),
        hacking("iampassrole-lambdacreatefunction-lambdainvokefunction"),
    ),
    make_pass_role_method(
        "lambda_create_with_event_source",
        "passing a role to a new function and letting events start it",
        _LAMBDA,
        ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
        pathfinding("lambda-002"),
        hacking("iampassrole-lambdacreateeventsourcemapping-lambdacreatefunction"),
    ),
    make_pass_role_method(
        "lambda_create_and_share",
        "passing a role to a new function and letting another account invoke it",
        _LAMBDA,
        ("lambda:CreateFunction", "lambda:AddPermission"),
        pathfinding("lambda-006"),
        hacking("iampassrole-lambdaaddpermission-lambdacreatefunction"),
    ),
    make_pass_role_method(
        "lambda_exchange_role",
        "passing a role to a function whose code one may change",
        _LAMBDA,
        ("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"),
        aws("lambda/latest/api/API_UpdateFunctionConfiguration.html"),
        pathfinding("lambda-003"),
        assumes="a function exists that is invoked",
    ),
    make_pass_role_method(
        "ec2_run_instances",
        "passing a role to a new instance",
        EC2,
        "ec2:RunInstances",
        pathfinding("ec2-001"),
        hacking("iampassrole-ec2runinstances"),
        facts=PROFILE,
    ),
    make_pass_role_method(
        "ec2_run_instances_with_new_profile",
        "making an instance profile of a role and passing it to a new instance",
        EC2,
        ("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile", "ec2:RunInstances"),
        pathfinding("ec2-001"),
        aws("IAM/latest/APIReference/API_AddRoleToInstanceProfile.html"),
    ),
    make_pass_role_method(
        "ec2_request_spot_instances",
        "passing a role to a new spot instance",
        EC2,
        "ec2:RequestSpotInstances",
        pathfinding("ec2-003"),
        facts=PROFILE,
    ),
    make_pass_role_method(
        "ec2_request_spot_fleet",
        "passing a role to the instances of a new spot fleet",
        EC2,
        "ec2:RequestSpotFleet",
        aws("AWSEC2/latest/UserGuide/spot-fleet-prerequisites.html"),
        facts=PROFILE,
        assumes="a role for Spot Fleet may be passed",
    ),
    make_pass_role_method(
        "ec2_create_fleet",
        "passing a role to the instances of a new fleet by a launch template",
        EC2,
        ("ec2:CreateLaunchTemplate", "ec2:CreateFleet"),
        aws("AWSEC2/latest/UserGuide/ec2-fleet-prerequisites.html"),
        facts=PROFILE,
        assumes="the service-linked role of EC2 Fleet exists",
    ),
    make_pass_role_method(
        "ec2_associate_profile",
        "passing a role to an instance that runs",
        EC2,
        "ec2:AssociateIamInstanceProfile",
        aws("AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html"),
        facts=PROFILE,
        assumes="an instance without a role exists that the attacker can sign in to",
    ),
    make_pass_role_method(
        "ec2_replace_profile",
        "exchanging the role of an instance that runs",
        EC2,
        "ec2:ReplaceIamInstanceProfileAssociation",
        aws("AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html"),
        facts=PROFILE,
        assumes="an instance exists that the attacker can sign in to",
    ),
    make_pass_role_method(
        "autoscaling_launch_configuration",
        "passing a role to the instances of an Auto Scaling group by a launch configuration",
        EC2,
        ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
        hacking(
            "iampassrole-autoscalingcreateautoscalinggroup-or-autoscalingupdateautoscalinggroup-"
            "autoscalingcreatelaunchconfiguration"
        ),
        facts=PROFILE,
    ),
    make_pass_role_method(
        "autoscaling_launch_template",
        "passing a role to the instances of an Auto Scaling group by a launch template",
        EC2,
        ("ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"),
        hacking(
            "iampassrole-autoscalingcreateautoscalinggroup-or-autoscalingupdateautoscalinggroup-ec2createlaunchtemplate"
        ),
        facts=PROFILE,
    ),
    make_pass_role_method(
        "autoscaling_update_group",
        "passing a role to the instances of an Auto Scaling group that exists",
        EC2,
        ("autoscaling:CreateLaunchConfiguration", "autoscaling:UpdateAutoScalingGroup"),
        hacking(
            "iampassrole-autoscalingcreateautoscalinggroup-or-autoscalingupdateautoscalinggroup-"
            "autoscalingcreatelaunchconfiguration"
        ),
        facts=PROFILE,
        assumes="an Auto Scaling group exists",
    ),
    make_pass_role_method(
        "cloudformation_create_stack",
        "passing a role to a new stack",
        _STACKS,
        "cloudformation:CreateStack",
        pathfinding("cloudformation-001"),
        hacking("iampassrole-cloudformationcreatestack"),
    ),
    make_pass_role_method(
        "cloudformation_new_change_set",
        "passing a role to a new stack by a change set",
        _STACKS,
        ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
        pathfinding("cloudformation-005"),
        aws("AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html"),
    ),
    make_pass_role_method(
        "cloudformation_update_stack_with_role",
        "passing a role to a stack that exists",
        _STACKS,
        "cloudformation:UpdateStack",
        pathfinding("cloudformation-002"),
        aws("AWSCloudFormation/latest/APIReference/API_UpdateStack.html"),
        assumes="a stack exists",
    ),
    make_pass_role_method(
        "cloudformation_create_stack_set",
        "passing a role to a new stack set",
        _STACKS,
        ("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
        pathfinding("cloudformation-003"),
    ),
    make_pass_role_method(
        "cloudformation_update_stack_set",
        "passing a role to a stack set that exists",
        _STACKS,
        "cloudformation:UpdateStackSet",
        pathfinding("cloudformation-004"),
        assumes="a stack set exists",
    ),
    make_pass_role_method(
        "codebuild_create_and_build",
        "passing a role to a new build project and starting it",
        _BUILD,
        ("codebuild:CreateProject", "codebuild:StartBuild"),
        pathfinding("codebuild-001"),
    ),
    make_pass_role_method(
        "codebuild_create_and_batch",
        "passing a role to a new build project and starting a batch",
        _BUILD,
        ("codebuild:CreateProject", "codebuild:StartBuildBatch"),
        pathfinding("codebuild-004"),
    ),
    make_pass_role_method(
        "codebuild_exchange_role",
        "passing a role to a build project that exists and starting it",
        _BUILD,
        ("codebuild:UpdateProject", "codebuild:StartBuild"),
        aws("codebuild/latest/APIReference/API_UpdateProject.html"),
        pathfinding("codebuild-002"),
        assumes="a build project exists",
    ),
    make_pass_role_method(
        "datapipeline_create",
        "passing a role to a new pipeline",
        _PIPELINES,
        ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
        pathfinding("datapipeline-001"),
        hacking(
            "iampassrole-datapipelineactivatepipeline-datapipelinecreatepipeline-datapipelineputpipelinedefinition"
        ),
    ),
    make_pass_role_method(
        "ecs_new_cluster_service",
        "passing a role to the tasks of a new service in a new cluster",
        TASKS,
        ("ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
        pathfinding("ecs-001"),
    ),
    make_pass_role_method(
        "ecs_new_cluster_task",
        "passing a role to a task in a new cluster",
        TASKS,
        ("ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
        pathfinding("ecs-002"),
    ),
    make_pass_role_method(
        "ecs_create_service",
        "passing a role to the tasks of a new service",
        TASKS,
        ("ecs:RegisterTaskDefinition", "ecs:CreateService"),
        pathfinding("ecs-003"),
        assumes=_CLUSTER,
    ),
    make_pass_role_method(
        "ecs_run_task",
        "passing a role to a new task",
        TASKS,
        ("ecs:RegisterTaskDefinition", "ecs:RunTask"),
        pathfinding("ecs-004"),
        assumes=_CLUSTER,
    ),
    make_pass_role_method(
        "ecs_run_task_with_other_role",
        "running a task that exists with another role and another command",
        TASKS,
        "ecs:RunTask",
        hacking("iampassrole-ecsruntask"),
        assumes="an ECS cluster and a task definition exist",
    ),
    make_pass_role_method(
        "ecs_start_task",
        "passing a role to a new task on an instance of a cluster",
        TASKS,
        ("ecs:RegisterTaskDefinition", "ecs:StartTask"),
        pathfinding("ecs-005"),
        hacking("iampassrole-ecsstarttask-ecsregistercontainerinstance-ecsderegistercontainerinstance"),
        assumes="an ECS cluster with a registered instance exists",
    ),
    make_pass_role_method(
        "ecs_start_task_with_other_role",
        "starting a task that exists on an instance of a cluster, with another role and another command",
        TASKS,
        "ecs:StartTask",
        aws("AmazonECS/latest/APIReference/API_StartTask.html"),
        assumes="an ECS cluster with a registered instance and a task definition exist",
    ),
    make_pass_role_method(
        "ecs_update_service",
        "passing a role to the tasks of a service that exists",
        TASKS,
        ("ecs:RegisterTaskDefinition", "ecs:UpdateService"),
        aws("AmazonECS/latest/APIReference/API_UpdateService.html"),
        assumes="an ECS service exists",
    ),
    make_pass_role_method(
        "glue_create_dev_endpoint",
        "passing a role to a new development endpoint",
        _GLUE,
        "glue:CreateDevEndpoint",
        pathfinding("glue-001"),
        hacking("iampassrole-gluecreatedevendpoint"),
    ),
    make_pass_role_method(
        "glue_create_job_and_run",
        "passing a role to a new Glue job and running it",
        _GLUE,
        ("glue:CreateJob", "glue:StartJobRun"),
        pathfinding("glue-003"),
        hacking("iampassrole-gluecreatejob"),
    ),
    make_pass_role_method(
        "glue_create_job_and_trigger",
        "passing a role to a new Glue job and letting a trigger run it",
        _GLUE,
        ("glue:CreateJob", "glue:CreateTrigger"),
        pathfinding("glue-004"),
    ),
    make_pass_role_method(
        "glue_update_job_and_run",
        "passing a role to a Glue job that exists and running it",
        _GLUE,
        ("glue:UpdateJob", "glue:StartJobRun"),
        pathfinding("glue-005"),
        hacking("iampassrole-glueupdatejob"),
        assumes="a Glue job exists",
    ),
    make_pass_role_method(
        "glue_update_job_and_trigger",
        "passing a role to a Glue job that exists and letting a trigger run it",
        _GLUE,
        ("glue:UpdateJob", "glue:CreateTrigger"),
        pathfinding("glue-006"),
        assumes="a Glue job exists",
    ),
    make_pass_role_method(
        "glue_create_session",
        "passing a role to a new interactive session and running code in it",
        _GLUE,
        ("glue:CreateSession", "glue:RunStatement"),
        aws("glue/latest/dg/glue-is-security.html"),
    ),
    make_pass_role_method(
        "sagemaker_create_notebook",
        "passing a role to a new notebook and opening it",
        _SAGEMAKER,
        ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
        pathfinding("sagemaker-001"),
        rhino("27-passing-a-role-to-a-new-sagemaker-jupyter-notebook"),
    ),
    make_pass_role_method(
        "sagemaker_create_training_job",
        "passing a role to a training job",
        _SAGEMAKER,
        "sagemaker:CreateTrainingJob",
        pathfinding("sagemaker-002"),
    ),
    make_pass_role_method(
        "sagemaker_create_processing_job",
        "passing a role to a processing job",
        _SAGEMAKER,
        "sagemaker:CreateProcessingJob",
        pathfinding("sagemaker-003"),
    ),
)
