# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that least_privilege needs beyond the list of its operations."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._policy.analysis.own_grants import IAM, Grants

# All that a campaign makes has such a name or path.
_NEW_ROLES: t.Final = (f"{IAM}role/*-lp",)
_POLICIES: t.Final = (f"{IAM}policy/iam-hardening/lp/*",)
# The operations that read who uses a role and who names it, by what is read with them.
_SURROUNDINGS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "the stacks that use a role": ("cloudformation:DescribeStacks",),
    "the builds that use a role": ("codebuild:BatchGetProjects", "codebuild:ListProjects"),
    "the instances that use a role": ("ec2:DescribeIamInstanceProfileAssociations",),
    "the policies of repositories that name a role": ("ecr:DescribeRepositories", "ecr:GetRepositoryPolicy"),
    "the services that use a role": ("ecs:DescribeServices", "ecs:ListServices"),
    "the tasks that use a role": (
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTasks",
    ),
    "the access entries that name a role": (
        "eks:DescribeAccessEntry",
        "eks:ListAccessEntries",
        "eks:ListAssociatedAccessPolicies",
    ),
    "the clusters and their pods that use a role": ("eks:DescribeCluster", "eks:ListClusters"),
    "the pods that use a role": ("eks:DescribePodIdentityAssociation", "eks:ListPodIdentityAssociations"),
    "the policies of event buses that name a role": ("events:ListEventBuses",),
    "the jobs that use a role": ("glue:GetJobs",),
    "the grants of keys that name a role": ("kms:ListGrants",),
    "the policies and grants of keys that name a role": ("kms:ListKeys",),
    "the policies of functions that name a role": ("lambda:GetPolicy",),
    "the versions of functions that keep a role": ("lambda:ListVersionsByFunction",),
    "the policies of buckets that name a role": ("s3:GetBucketPolicy", "s3:ListBuckets"),
    "the policies of secrets that name a role": ("secretsmanager:GetResourcePolicy", "secretsmanager:ListSecrets"),
    "the policies of topics that name a role": ("sns:ListTopics",),
    "the policies of queues that name a role": ("sqs:ListQueues",),
    "the state machines that use a role": (
        "stepfunctions:DescribeStateMachine",
        "stepfunctions:ListStateMachineVersions",
        "stepfunctions:ListStateMachines",
    ),
}
GRANTS: t.Final = Grants(
    resources={
        "iam:CreateRole": _NEW_ROLES,
        "iam:DeleteRole": _NEW_ROLES,
        "iam:TagRole": _NEW_ROLES,
        **{
            f"iam:{name}": _POLICIES
            for name in (
                "CreatePolicy",
                "CreatePolicyVersion",
                "DeletePolicy",
                "DeletePolicyVersion",
                "SetDefaultPolicyVersion",
                "TagPolicy",
            )
        },
    },
    # A boundary is only set for a trial. It narrows the role, whatever else somebody calls with this permission.
    conditions={"iam:PutRolePermissionsBoundary": {"ArnLike": {"iam:PermissionsBoundary": list(_POLICIES)}}},
    purposes={
        **{
            operation: f"least_privilege: {read}"
            for read, operations in _SURROUNDINGS.items()
            for operation in operations
        },
        "iam:GetPolicy": "least_privilege: a policy of a campaign, before and after it is changed",
        "iam:GetPolicyVersion": "least_privilege: the content of the policies of a campaign",
        "iam:GetRole": "least_privilege: a role, before and after it is changed",
        "iam:GetRolePolicy": "least_privilege: an inline policy of a role, before and after it is changed",
        "iam:ListAttachedRolePolicies": "least_privilege: the policies of a role, before and after they are changed",
        "iam:ListPolicyVersions": "least_privilege: the versions of a policy, of which AWS keeps five",
    },
)
