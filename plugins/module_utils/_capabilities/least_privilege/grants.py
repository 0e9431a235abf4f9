# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that least_privilege needs beyond the list of its operations.

Its role has a stack of its own in examples/bootstrap, whose policies depend on the ways and stages that are chosen.
"""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

# The names of the preflight, which nobody has: the policies of examples/bootstrap allow them beside the targets.
_TARGET: t.Final = f"{IAM}role/iam-hardening-preflight"
_NEW_ROLE: t.Final = f"{IAM}role/iam-hardening-preflight-lp"
_POLICY: t.Final = f"{IAM}policy/iam-hardening/lp/iam-hardening-preflight"
_BOUNDARY_KEY: t.Final = "iam:PermissionsBoundary"
_BOUNDARY: t.Final = (_BOUNDARY_KEY, f"{IAM}policy/iam-hardening/automation-preflight")

#: What the preflight asks about: the new role for all that every way but in_place needs, else a target.
SAMPLES: t.Final = {
    "iam:*RolePermissionsBoundary": _TARGET,
    "iam:*Role*": _NEW_ROLE,
    "iam:*Policy*": _POLICY,
}
CONTEXT: t.Final = {
    "iam:*RolePermissionsBoundary": ((_BOUNDARY_KEY, _POLICY),),
    "iam:AttachRolePolicy": (("iam:PolicyARN", _POLICY), _BOUNDARY),
    "iam:*Role*": (_BOUNDARY,),
}

GRANTS: t.Final = Grants(
    purposes={
        "cloudformation:DescribeStacks": "least_privilege: the service roles of stacks",
        "codebuild:BatchGetProjects": "least_privilege: the role of each build project",
        "codebuild:ListProjects": "least_privilege: the build projects",
        "ec2:DescribeIamInstanceProfileAssociations": "least_privilege: the instances that run with a role",
        "ecr:DescribeRepositories": "least_privilege: the container repositories",
        "ecr:GetRepositoryPolicy": "least_privilege: whether a repository's policy names a role",
        "ecs:DescribeServices": "least_privilege: the task definition that each service runs",
        "ecs:DescribeTaskDefinition": "least_privilege: the roles of a task definition",
        "ecs:DescribeTasks": "least_privilege: the task definition of each running task",
        "ecs:ListClusters": "least_privilege: the clusters of ECS",
        "ecs:ListServices": "least_privilege: the services of each cluster",
        "ecs:ListTaskDefinitionFamilies": "least_privilege: the task definitions that could still be started",
        "ecs:ListTasks": "least_privilege: the running tasks of each cluster",
        "eks:DescribeAccessEntry": "least_privilege: the groups that a role has in a cluster",
        "eks:DescribeCluster": "least_privilege: the role and the authentication mode of a cluster",
        "eks:DescribePodIdentityAssociation": "least_privilege: the role of an association of pods",
        "eks:ListAccessEntries": "least_privilege: whether a role may enter a cluster",
        "eks:ListAssociatedAccessPolicies": "least_privilege: what a role may do in a cluster",
        "eks:ListClusters": "least_privilege: the clusters of EKS",
        "eks:ListPodIdentityAssociations": "least_privilege: the pods that run with a role",
        "events:ListEventBuses": "least_privilege: whether the policy of an event bus names a role",
        "glue:GetJobs": "least_privilege: the role of each job",
        "iam:GetPolicy": "least_privilege: a policy of a campaign, before and after it is changed",
        "iam:GetPolicyVersion": "least_privilege: the content of the policies of a campaign",
        "iam:GetRole": "least_privilege: a role, before and after it is changed",
        "iam:GetRolePolicy": "least_privilege: an inline policy of a role, before and after it is changed",
        "iam:ListAttachedRolePolicies": "least_privilege: the policies of a role, before and after they are changed",
        "iam:ListPolicyVersions": "least_privilege: the versions of a policy, of which AWS keeps five",
        "iam:ListRolePolicies": "least_privilege: the inline policies of a role that its owner changes",
        "kms:ListGrants": "least_privilege: the grants that name a role",
        "kms:ListKeys": "least_privilege: the keys whose policies and grants are read",
        "lambda:GetPolicy": "least_privilege: whether a function's policy names a role",
        "lambda:ListVersionsByFunction": "least_privilege: the versions of a function, which keep the role they had",
        "s3:GetBucketPolicy": "least_privilege: whether a bucket's policy names a role",
        "s3:ListBuckets": "least_privilege: the buckets",
        "secretsmanager:GetResourcePolicy": "least_privilege: whether a secret's policy names a role",
        "secretsmanager:ListSecrets": "least_privilege: the secrets, without their values",
        "sns:ListTopics": "least_privilege: the topics whose policies are read",
        "sqs:ListQueues": "least_privilege: the queues whose policies are read",
        "stepfunctions:DescribeStateMachine": "least_privilege: the role of a state machine",
        "stepfunctions:ListStateMachineVersions": "least_privilege: the versions of a state machine, which keep a role",
        "stepfunctions:ListStateMachines": "least_privilege: the state machines",
    },
)
