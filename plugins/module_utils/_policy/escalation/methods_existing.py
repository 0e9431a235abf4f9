# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Ways to a role's rights through something that already runs in the role.

IAM does not show what runs in a role. Its trust policy shows what may, so these paths are conditional: they are there
where such a thing exists.
"""

from __future__ import annotations

import typing as t

from .methods_schema import Gain, Method, Whom, aws, hacking, needs, pathfinding, rhino

_LAMBDA: t.Final = "lambda.amazonaws.com"
_EC2: t.Final = "ec2.amazonaws.com"
_FUNCTION: t.Final = "a function runs in the role"
_INSTANCE: t.Final = "an instance runs in the role"
_NOTEBOOK: t.Final = "a notebook runs in the role"
_PROJECT: t.Final = "a build project runs in the role"
_STACK: t.Final = "a stack is deployed in the role"


def _make_method(
    name: str, text: str, service: str, actions: t.Union[str, tuple[str, ...]], assumes: str, *sources: str
) -> Method:
    return Method(
        name,
        text,
        Whom.ROLE,
        Gain.TAKEOVER,
        needs(any=actions),
        sources,
        services=(service,),
        assumes=assumes,
    )


METHODS: t.Final = (
    _make_method(
        "lambda_update_code_and_invoke",
        "changing the code of a function and invoking it",
        _LAMBDA,
        ("lambda:UpdateFunctionCode", "lambda:InvokeFunction"),
        _FUNCTION,
        pathfinding("lambda-004"),
    ),
    _make_method(
        "lambda_update_code_and_share",
        "changing the code of a function and letting another account invoke it",
        _LAMBDA,
        ("lambda:UpdateFunctionCode", "lambda:AddPermission"),
        _FUNCTION,
        pathfinding("lambda-005"),
    ),
    _make_method(
        "lambda_update_code",
        "changing the code of a function",
        _LAMBDA,
        "lambda:UpdateFunctionCode",
        f"{_FUNCTION} and is invoked",
        pathfinding("lambda-003"),
        hacking("lambdaupdatefunctioncode"),
    ),
    _make_method(
        "lambda_add_layer",
        "putting a layer below the code of a function",
        _LAMBDA,
        "lambda:UpdateFunctionConfiguration",
        f"{_FUNCTION} and is invoked",
        hacking("lambdaupdatefunctionconfiguration"),
        rhino("26-adding-a-malicious-lambda-layer-to-an-existing-lambda-function"),
    ),
    _make_method(
        "ec2_user_data",
        "changing the start script of an instance and restarting it",
        _EC2,
        ("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
        _INSTANCE,
        pathfinding("ec2-002"),
    ),
    _make_method(
        "ec2_launch_template_version",
        "changing the start script in a launch template",
        _EC2,
        ("ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
        "a launch template starts instances in the role",
        pathfinding("ec2-004"),
    ),
    _make_method(
        "ec2_instance_connect",
        "signing in to an instance with a key of one's own",
        _EC2,
        "ec2-instance-connect:SendSSHPublicKey",
        f"{_INSTANCE} and can be reached by SSH",
        pathfinding("ec2instanceconnect-003"),
    ),
    _make_method(
        "ssm_start_session",
        "opening a session on an instance",
        _EC2,
        "ssm:StartSession",
        f"{_INSTANCE} and is managed by Systems Manager",
        pathfinding("ssm-001"),
    ),
    _make_method(
        "ssm_send_command",
        "running a command on an instance",
        _EC2,
        "ssm:SendCommand",
        f"{_INSTANCE} and is managed by Systems Manager",
        pathfinding("ssm-002"),
    ),
    _make_method(
        "ssm_create_association",
        "letting State Manager run a command on an instance",
        _EC2,
        "ssm:CreateAssociation",
        f"{_INSTANCE} and is managed by Systems Manager",
        aws("systems-manager/latest/APIReference/API_CreateAssociation.html"),
    ),
    _make_method(
        "emr_add_steps",
        "running a step on a cluster",
        _EC2,
        "elasticmapreduce:AddJobFlowSteps",
        "the instances of an EMR cluster run in the role",
        aws("emr/latest/APIReference/API_AddJobFlowSteps.html"),
    ),
    _make_method(
        "cloudformation_update_stack",
        "changing the template of a stack",
        "cloudformation.amazonaws.com",
        "cloudformation:UpdateStack",
        _STACK,
        pathfinding("cloudformation-002"),
    ),
    _make_method(
        "cloudformation_change_set",
        "changing a stack by a change set",
        "cloudformation.amazonaws.com",
        ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
        _STACK,
        pathfinding("cloudformation-005"),
    ),
    _make_method(
        "codebuild_start_build",
        "starting a build with commands of one's own",
        "codebuild.amazonaws.com",
        "codebuild:StartBuild",
        _PROJECT,
        pathfinding("codebuild-002"),
    ),
    _make_method(
        "codebuild_start_batch",
        "starting a batch of builds with commands of one's own",
        "codebuild.amazonaws.com",
        "codebuild:StartBuildBatch",
        f"{_PROJECT} and allows batches",
        pathfinding("codebuild-003"),
    ),
    _make_method(
        "glue_update_dev_endpoint",
        "signing in to a development endpoint with a key of one's own",
        "glue.amazonaws.com",
        "glue:UpdateDevEndpoint",
        "a development endpoint runs in the role",
        pathfinding("glue-002"),
        hacking("glueupdatedevendpoint"),
    ),
    _make_method(
        "sagemaker_open_notebook",
        "opening a notebook",
        "sagemaker.amazonaws.com",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        _NOTEBOOK,
        pathfinding("sagemaker-004"),
        rhino("28-gaining-access-to-an-existing-sagemaker-jupyter-notebook"),
    ),
    _make_method(
        "sagemaker_notebook_script",
        "giving a notebook a start script and restarting it",
        "sagemaker.amazonaws.com",
        (
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:StopNotebookInstance",
            "sagemaker:UpdateNotebookInstance",
            "sagemaker:StartNotebookInstance",
        ),
        _NOTEBOOK,
        pathfinding("sagemaker-005"),
    ),
    _make_method(
        "sagemaker_open_domain",
        "opening SageMaker Studio as a user profile",
        "sagemaker.amazonaws.com",
        "sagemaker:CreatePresignedDomainUrl",
        "a user profile of a SageMaker domain runs in the role",
        aws("sagemaker/latest/APIReference/API_CreatePresignedDomainUrl.html"),
    ),
    _make_method(
        "bedrock_use_interpreter",
        "running code in a code interpreter",
        "bedrock-agentcore.amazonaws.com",
        ("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),
        "a code interpreter runs in the role",
        pathfinding("bedrock-002"),
    ),
    _make_method(
        "apprunner_update_service",
        "exchanging the image of an App Runner service",
        "tasks.apprunner.amazonaws.com",
        "apprunner:UpdateService",
        "an App Runner service runs in the role",
        pathfinding("apprunner-002"),
    ),
    _make_method(
        "ecs_execute_command",
        "running a command in a container",
        "ecs-tasks.amazonaws.com",
        "ecs:ExecuteCommand",
        "a task with ECS Exec runs in the role",
        aws("AmazonECS/latest/developerguide/ecs-exec.html"),
    ),
    _make_method(
        "states_update_and_start",
        "changing a state machine and starting it",
        "states.amazonaws.com",
        ("states:UpdateStateMachine", "states:StartExecution"),
        "a state machine runs in the role",
        aws("step-functions/latest/apireference/API_UpdateStateMachine.html"),
    ),
)
