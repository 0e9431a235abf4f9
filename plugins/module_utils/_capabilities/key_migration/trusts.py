# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The trust policy of a workload's role: only its platform may assume it, and only for this workload. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .declared import Workload
from .model import Target

Document = dict[str, t.Any]

GITHUB_ISSUER: t.Final = "token.actions.githubusercontent.com"
_AUDIENCE: t.Final = "sts.amazonaws.com"
_ASSUME: t.Final = "sts:AssumeRole"


@dataclasses.dataclass(frozen=True)
class Place:
    """The account, and the region of a workload. ``issuer`` is that of its cluster, without ``https://``."""

    account_id: str
    partition: str
    region: str
    issuer: str = ""

    def name_provider(self, platform: Target) -> str:
        """Name the identity provider that a platform needs, by its ARN; empty if it needs none."""
        issuer = {Target.GITHUB: GITHUB_ISSUER, Target.EKS_IRSA: self.issuer}.get(platform)
        return f"arn:{self.partition}:iam::{self.account_id}:oidc-provider/{issuer}" if issuer else ""

    def name_cluster(self, workload: Workload) -> str:
        """Name the cluster of a workload by its ARN."""
        return f"arn:{self.partition}:eks:{self.region}:{self.account_id}:cluster/{workload.cluster}"


def build_trust(workload: Workload, platform: Target, place: Place) -> Document:
    """Build the trust policy of a workload on a platform. What it needs is declared: ``Workload.find_lack``."""
    return {"Version": "2012-10-17", "Statement": [_BUILDERS[platform](workload, place)]}


def _trust_ec2(_workload: Workload, place: Place) -> Document:
    """EC2 sends no conditions: who may pass the role to an instance decides.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """
    suffix = ".cn" if place.partition == "aws-cn" else ""
    return _trust_service(f"ec2.amazonaws.com{suffix}")


def _trust_ecs(_workload: Workload, place: Place) -> Document:
    """ECS names the account and its region; a single cluster can't be named.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    source = f"arn:{place.partition}:ecs:{place.region}:{place.account_id}:*"
    condition = {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": place.account_id}}
    return {**_trust_service("ecs-tasks.amazonaws.com"), "Condition": condition}


def _trust_lambda(_workload: Workload, _place: Place) -> Document:
    """Lambda documents no condition for the trust policy of an execution role: who may pass the role decides.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    return _trust_service("lambda.amazonaws.com")


def _trust_pods(workload: Workload, place: Place) -> Document:
    """EKS tags each session with the cluster, the namespace and the service account of the pod.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    tags = {
        "aws:RequestTag/eks-cluster-arn": place.name_cluster(workload),
        "aws:RequestTag/kubernetes-namespace": workload.namespace,
        "aws:RequestTag/kubernetes-service-account": workload.service_account,
    }
    trust = _trust_service("pods.eks.amazonaws.com", _ASSUME, "sts:TagSession")
    return {**trust, "Condition": {"StringEquals": tags}}


def _trust_irsa(workload: Workload, place: Place) -> Document:
    """The token of a service account, of one cluster.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    subject = f"system:serviceaccount:{workload.namespace}:{workload.service_account}"
    return _trust_token(place.name_provider(Target.EKS_IRSA), place.issuer, subject)


def _trust_github(workload: Workload, place: Place) -> Document:
    """The token of a workflow, of one branch or one environment of one repository.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    kind = f"environment:{workload.environment}" if workload.environment else f"ref:refs/heads/{workload.branch}"
    subject = f"repo:{workload.repository}:{kind}"
    return _trust_token(place.name_provider(Target.GITHUB), GITHUB_ISSUER, subject)


def _trust_service(service: str, *actions: str) -> Document:
    names = list(actions) or [_ASSUME]
    action = names if len(names) > 1 else names[0]
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": action}


def _trust_token(provider: str, issuer: str, subject: str) -> Document:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:aud": _AUDIENCE, f"{issuer}:sub": subject}},
    }


_BUILDERS: t.Final = {
    Target.EC2: _trust_ec2,
    Target.ECS: _trust_ecs,
    Target.LAMBDA: _trust_lambda,
    Target.EKS_POD_IDENTITY: _trust_pods,
    Target.EKS_IRSA: _trust_irsa,
    Target.GITHUB: _trust_github,
}
