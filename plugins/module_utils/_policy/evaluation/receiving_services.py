# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals of services that roles are handed to: by service, by parameter of the request, and by action.

They are those that the trust policies name which the guides give for these roles:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet-prerequisites.html,
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html,
https://docs.aws.amazon.com/vm-import/latest/userguide/required-permissions.html,
https://docs.aws.amazon.com/batch/latest/userguide/IAM_policies.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping


def list_services(service: str) -> tuple[str, ...]:
    """List the principals that roles are for which the actions of a service take, in the partition ``aws``."""
    return _SERVICES.get(service, (f"{service}.amazonaws.com",))


def find_services(action: str, parameter: str) -> tuple[str, ...]:
    """Find the principals that a role in one parameter of an action (``service:Name``) may be for."""
    service = action.partition(":")[0]
    by_parameter = _BY_PARAMETER.get(service, {}).get(parameter.lower(), ())
    return _BY_ACTION.get(action) or by_parameter or list_services(service)


# Where roles are not only for a principal that is named as the service's prefix.
_SERVICES: t.Final[Mapping[str, tuple[str, ...]]] = {
    "apprunner": ("build.apprunner.amazonaws.com", "tasks.apprunner.amazonaws.com"),
    "autoscaling": ("autoscaling.amazonaws.com", "ec2.amazonaws.com"),
    "batch": ("batch.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "spotfleet.amazonaws.com"),
    "chime": ("mediapipelines.chime.amazonaws.com",),
    "cloudwatch": ("cloudwatch.amazonaws.com", "streams.metrics.cloudwatch.amazonaws.com"),
    "config": ("config.amazonaws.com", "ssm.amazonaws.com"),
    "datapipeline": ("datapipeline.amazonaws.com", "ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"),
    "drs": ("ec2.amazonaws.com",),
    "ec2": ("ec2.amazonaws.com", "spotfleet.amazonaws.com", "vmie.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
    "ecs": ("ecs.amazonaws.com", "ecs-tasks.amazonaws.com"),
    "eks": ("ec2.amazonaws.com", "eks.amazonaws.com", "eks-fargate-pods.amazonaws.com", "pods.eks.amazonaws.com"),
    "elasticbeanstalk": ("ec2.amazonaws.com", "elasticbeanstalk.amazonaws.com"),
    "elasticmapreduce": ("ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"),
    "guardduty": ("malware-protection-plan.guardduty.amazonaws.com",),
    "iam": ("ec2.amazonaws.com",),
    "imagebuilder": ("ec2.amazonaws.com", "imagebuilder.amazonaws.com"),
    "iot": ("credentials.iot.amazonaws.com", "iot.amazonaws.com"),
    "mgn": ("ec2.amazonaws.com",),
    "osis": ("osis-pipelines.amazonaws.com",),
    "pcs": ("ec2.amazonaws.com",),
    "rds": ("export.rds.amazonaws.com", "monitoring.rds.amazonaws.com", "rds.amazonaws.com"),
    "redshift-serverless": ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com"),
    "s3": ("access-grants.s3.amazonaws.com", "batchoperations.s3.amazonaws.com", "s3.amazonaws.com"),
}

# Of the services with several principals: which of them a parameter is for, by its name in lower case.
_BY_PARAMETER: t.Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "apprunner": {
        "accessrolearn": ("build.apprunner.amazonaws.com",),
        "instancerolearn": ("tasks.apprunner.amazonaws.com",),
    },
    "autoscaling": {
        "iaminstanceprofile": ("ec2.amazonaws.com",),
        "rolearn": ("autoscaling.amazonaws.com",),
        "servicelinkedrolearn": ("autoscaling.amazonaws.com",),
    },
    "batch": {
        "executionrolearn": ("ecs-tasks.amazonaws.com",),
        "instancerole": ("ec2.amazonaws.com",),
        "jobrolearn": ("ecs-tasks.amazonaws.com",),
        "servicerole": ("batch.amazonaws.com",),
        "spotiamfleetrole": ("spotfleet.amazonaws.com",),
        "taskrolearn": ("ecs-tasks.amazonaws.com",),
    },
    "config": {
        "automationassumerole": ("ssm.amazonaws.com",),
        "rolearn": ("config.amazonaws.com",),
    },
    "ec2": {
        "delivercrossaccountrole": ("vpc-flow-logs.amazonaws.com",),
        "deliverlogspermissionarn": ("vpc-flow-logs.amazonaws.com",),
        "iamfleetrole": ("spotfleet.amazonaws.com",),
        "iaminstanceprofile": ("ec2.amazonaws.com",),
        "rolename": ("vmie.amazonaws.com",),
    },
    "ecs": {
        "executionrolearn": ("ecs-tasks.amazonaws.com",),
        "infrastructurerolearn": ("ecs.amazonaws.com",),
        "role": ("ecs.amazonaws.com",),
        "rolearn": ("ecs.amazonaws.com",),
        "taskrolearn": ("ecs-tasks.amazonaws.com",),
    },
    "elasticmapreduce": {
        "autoscalingrole": ("application-autoscaling.amazonaws.com", "elasticmapreduce.amazonaws.com"),
        "jobflowrole": ("ec2.amazonaws.com",),
        "servicerole": ("elasticmapreduce.amazonaws.com",),
    },
    "imagebuilder": {
        "executionrole": ("imagebuilder.amazonaws.com",),
        "instanceprofilename": ("ec2.amazonaws.com",),
    },
    "rds": {
        "iamrolearn": ("export.rds.amazonaws.com",),
        "monitoringrolearn": ("monitoring.rds.amazonaws.com",),
        "rolearn": ("rds.amazonaws.com",),
        "s3ingestionrolearn": ("rds.amazonaws.com",),
    },
    "s3": {
        "iamrolearn": ("access-grants.s3.amazonaws.com",),
        "role": ("s3.amazonaws.com",),
        "rolearn": ("batchoperations.s3.amazonaws.com",),
    },
}
# Where an action alone tells. https://docs.aws.amazon.com/eks/latest/userguide/security-iam.html
_BY_ACTION: t.Final[Mapping[str, tuple[str, ...]]] = {
    "eks:CreateCluster": ("eks.amazonaws.com",),
    "eks:CreateFargateProfile": ("eks-fargate-pods.amazonaws.com", "eks.amazonaws.com"),
    "eks:CreateNodegroup": ("ec2.amazonaws.com", "eks.amazonaws.com"),
    "eks:CreatePodIdentityAssociation": ("pods.eks.amazonaws.com",),
    "eks:UpdatePodIdentityAssociation": ("pods.eks.amazonaws.com",),
}
