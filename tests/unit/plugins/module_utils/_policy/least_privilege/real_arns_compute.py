# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded calls of compute, delivery and identities, as in ``real_arns``."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from .real_arns import ACCOUNT, ELSEWHERE, FOREIGN, REGION, ROLE, UUID, Row, arn, row


def _list_containers() -> Iterator[Row]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html."""
    full = arn("ecs", "task-definition/web:3")
    yield row("ecs:RunTask", {"taskDefinition": full, "cluster": "c1"}, full, "task-definition/web2:3")
    yield row("ecs:RunTask", {"taskDefinition": "web:3", "cluster": "c1"}, full, "task-definition/web2:3")
    yield row("ecs:RunTask", {"taskDefinition": "web", "cluster": "c1"}, full, "task-definition/web2:3")
    yield row(
        "ecs:RegisterTaskDefinition",
        {"family": "web", "taskRoleArn": ROLE},
        full,
        "task-definition/web2:1",
        also=(("iam:PassRole", ROLE),),
    )
    yield row("ecs:UpdateService", {"cluster": "c1", "service": "s1"}, "service/c1/s1", "service/c1/s2")
    yield row(
        "ecs:UpdateService", {"cluster": arn("ecs", "cluster/c1"), "service": "s1"}, "service/c1/s1", "service/c2/s1"
    )
    yield row("ecs:DescribeServices", {"services": ["s1"]}, "service/default/s1", "service/c1/s1")
    yield row(
        "ecs:CreateService",
        {"cluster": "c1", "serviceName": "s1", "taskDefinition": "web"},
        "service/c1/s1",
        "service/c1/s2",
    )
    yield row("ecs:StopTask", {"cluster": "c1", "task": UUID}, f"task/c1/{UUID}", f"task/c2/{UUID}")
    yield row("ecs:DescribeClusters", {"clusters": ["c1"]}, "cluster/c1", "cluster/c2")
    yield row("ecr:BatchGetImage", {"repositoryName": "team/web"}, "repository/team/web", "repository/team/api")
    shared = arn("ecr", "repository/web", account=FOREIGN)
    yield row("ecr:BatchGetImage", {"registryId": FOREIGN, "repositoryName": "web"}, shared, "repository/web")
    request = {"jobName": "j", "jobQueue": "fast", "jobDefinition": "load:2"}
    also = tuple(("batch:SubmitJob", arn("batch", name)) for name in ("job-definition/load:2", "job-definition/load"))
    yield row(
        "batch:SubmitJob",
        request,
        "job-queue/fast",
        "job-queue/slow",
        also=also,
        never=(("batch:SubmitJob", arn("batch", "job-definition/other:1")),),
    )
    yield row("eks:DescribeCluster", {"name": "k1"}, "cluster/k1", "cluster/k2")


def _list_compute() -> Iterator[Row]:
    """EC2 gives what is made an id, so that the ARN of the request ends in ``*``.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policy-structure.html#EC2_ARN_Format
    """
    run = {
        "instancesSet": {"items": [{"imageId": "ami-0123456789abcdef0", "minCount": 1, "maxCount": 1}]},
        "subnetId": "subnet-0123456789abcdef0", "groupSet": {"items": [{"groupId": "sg-0123456789abcdef0"}]},
        "instanceType": "t3.micro",
    }  # fmt: skip
    also = tuple(
        ("ec2:RunInstances", text)
        for text in (
            f"arn:aws:ec2:{REGION}::image/ami-0123456789abcdef0", arn("ec2", "subnet/subnet-0123456789abcdef0"),
            arn("ec2", "security-group/sg-0123456789abcdef0"), arn("ec2", "network-interface/*"),
            arn("ec2", "volume/*"),
        )
    )  # fmt: skip
    never = (
        ("ec2:RunInstances", f"arn:aws:ec2:{REGION}::image/ami-0aaaaaaaaaaaaaaaa"),
        ("ec2:RunInstances", arn("ec2", "subnet/subnet-0aaaaaaaaaaaaaaaa")),
    )
    # A subnet of another account that is shared with this one: the request does not tell whose it is.
    # https://github.com/terraform-aws-modules/terraform-aws-iam/issues/227
    also = (*also, ("ec2:RunInstances", arn("ec2", "subnet/subnet-0123456789abcdef0", account=FOREIGN)))
    yield row("ec2:RunInstances", run, "instance/*", arn("ec2", "instance/*", ELSEWHERE), also=also, never=never)
    for name, kind, request in (
        ("CreateVpc", "vpc", {"cidrBlock": "10.0.0.0/16"}),
        ("CreateVolume", "volume", {"size": 8, "zone": "eu-central-1a"}),
        ("CreateInternetGateway", "internet-gateway", {}),
        ("AllocateAddress", "elastic-ip", {"domain": "vpc"}),
        ("CreateLaunchTemplate", "launch-template", {"launchTemplateName": "lt"}),
    ):
        yield row(
            f"ec2:{name}",
            request,
            f"{kind}/*",
            arn("ec2", f"{kind}/*", ELSEWHERE),
            never=((f"ec2:{name}", arn("ec2", f"{kind}/*", account=FOREIGN)),),
        )
    vpc = (("ec2:CreateSecurityGroup", arn("ec2", "vpc/vpc-0123456789abcdef0")),)
    yield row(
        "ec2:CreateSecurityGroup",
        {"groupName": "g", "vpcId": "vpc-0123456789abcdef0"},
        "security-group/*",
        arn("ec2", "security-group/*", ELSEWHERE),
        also=vpc,
    )
    volume = (("ec2:CreateSnapshot", arn("ec2", "volume/vol-0123456789abcdef0")),)
    yield row(
        "ec2:CreateSnapshot",
        {"volumeId": "vol-0123456789abcdef0"},
        f"arn:aws:ec2:{REGION}::snapshot/*",
        f"arn:aws:ec2:{ELSEWHERE}::snapshot/*",
        also=volume,
    )
    yield row("ec2:CreateKeyPair", {"keyName": "k"}, "key-pair/k", "key-pair/k2")
    yield from _list_shared()
    yield row(
        "ec2:AuthorizeSecurityGroupIngress",
        {"groupId": "sg-0123456789abcdef0"},
        "security-group/sg-0123456789abcdef0",
        "security-group/sg-0aaaaaaaaaaaaaaaa",
    )
    yield row(
        "ec2:TerminateInstances",
        {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}},
        "instance/i-0123456789abcdef0",
        arn("ec2", "instance/i-0123456789abcdef0", ELSEWHERE),
    )
    group = "autoScalingGroup:x:autoScalingGroupName"
    yield row("autoscaling:SetDesiredCapacity", {"autoScalingGroupName": "g"}, f"{group}/g", f"{group}/h")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/load-balancer-authentication-access-control.html
    elb = "elasticloadbalancing"
    yield row(
        f"{elb}:CreateLoadBalancer",
        {"name": "lb", "type": "application"},
        "loadbalancer/app/lb/*",
        "loadbalancer/app/lc/*",
    )
    yield row(
        f"{elb}:CreateLoadBalancer", {"name": "lb", "type": "network"}, "loadbalancer/net/lb/*", "loadbalancer/app/lb/*"
    )
    yield row(f"{elb}:CreateLoadBalancer", {"loadBalancerName": "lb"}, "loadbalancer/lb", "loadbalancer/lc")
    yield row(f"{elb}:CreateTargetGroup", {"name": "tg", "protocol": "HTTP"}, "targetgroup/tg/*", "targetgroup/th/*")
    target = arn(elb, "targetgroup/tg/0123456789abcdef")
    yield row(f"{elb}:RegisterTargets", {"targetGroupArn": target}, target, "targetgroup/tg/0123456789abcde0")


def _list_shared() -> Iterator[Row]:
    """What AWS or another account owns: the request has its id alone.

    https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/sharing-managed-prefix-lists.html,
    https://docs.aws.amazon.com/vpc/latest/ipam/share-pool-ipam.html
    """
    for name, given in (("GetManagedPrefixListEntries", "pl-a3a144ca"), ("ModifyManagedPrefixList", "pl-a3a144ca")):
        yield row(
            f"ec2:{name}",
            {f"{name}Request": {"PrefixListId": given}},
            f"arn:aws:ec2:{REGION}:aws:prefix-list/{given}",
            f"arn:aws:ec2:{REGION}:aws:prefix-list/pl-a3a144cb",
            also=tuple((f"ec2:{name}", arn("ec2", f"prefix-list/{given}", account=one)) for one in (ACCOUNT, FOREIGN)),
            never=((f"ec2:{name}", f"arn:aws:ec2:{ELSEWHERE}:aws:prefix-list/{given}"),),
        )
    pool = "ipam-pool/ipam-pool-0123456789abcdef0"
    yield row(
        "ec2:AllocateIpamPoolCidr",
        {"AllocateIpamPoolCidrRequest": {"IpamPoolId": "ipam-pool-0123456789abcdef0"}},
        f"arn:aws:ec2::{FOREIGN}:{pool}",
        f"arn:aws:ec2::{FOREIGN}:ipam-pool/ipam-pool-0aaaaaaaaaaaaaaaa",
        also=(("ec2:AllocateIpamPoolCidr", f"arn:aws:ec2::{ACCOUNT}:{pool}"),),
    )


def _list_delivery() -> Iterator[Row]:
    yield row("cloudformation:DescribeStacks", {"stackName": "net"}, f"stack/net/{UUID}", f"stack/net2/{UUID}")
    stack = arn("cloudformation", f"stack/net/{UUID}")
    yield row("cloudformation:DeleteStack", {"stackName": stack}, stack, f"stack/net2/{UUID}")
    yield row("codepipeline:StartPipelineExecution", {"name": "release"}, "release", "nightly")
    yield row(
        "codepipeline:CreatePipeline",
        {"pipeline": {"name": "release", "stages": [{"name": "Build"}]}},
        "release",
        "Build",
    )
    yield row(
        "codepipeline:PutApprovalResult",
        {"pipelineName": "release", "stageName": "Prod", "actionName": "Approve"},
        "release/Prod/Approve",
        "release/Prod/Deploy",
    )
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    paths = f"arn:aws:apigateway:{REGION}::"
    api = {"restApiId": "abc123"}
    for name, action, path, other in (
        ("GetRestApi", "GET", "/restapis/abc123", "/restapis/abc124"),
        ("CreateDeployment", "POST", "/restapis/abc123/deployments", "/restapis/abc124/deployments"),
        ("GetRestApis", "GET", "/restapis", "/restapis/abc123"),
    ):
        request = api if "abc123" in path else {}
        yield row(f"apigateway:{name}", request, f"{paths}{path}", f"{paths}{other}", f"apigateway:{action}")
    yield row("codebuild:StartBuild", {"projectName": "web"}, "project/web", "project/api")
    yield row("codebuild:BatchGetProjects", {"names": ["web"]}, "project/web", "project/api")
    yield row("codebuild:BatchGetBuilds", {"ids": [f"web:{UUID}"]}, "project/web", "project/api")
    # An id of a build may be its ARN. https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html
    build = arn("codebuild", f"build/web:{UUID}")
    for name, request in (
        ("StopBuild", {"id": build}), ("RetryBuild", {"id": build}), ("StopBuild", {"id": f"web:{UUID}"}),
        ("BatchGetBuilds", {"ids": [build]}), ("BatchDeleteBuilds", {"ids": [build]}),
    ):  # fmt: skip
        never = ((f"codebuild:{name}", arn("codebuild", "project/arn")),)
        yield row(f"codebuild:{name}", request, "project/web", "project/api", never=never)
    yield row("codecommit:GitPull", {"repositoryName": "web"}, "web", "api")
    zone = {"hostedZoneId": "/hostedzone/Z123"}
    yield row(
        "route53:ChangeResourceRecordSets",
        zone,
        "arn:aws:route53:::hostedzone/Z123",
        "arn:aws:route53:::hostedzone/Z124",
        region="us-east-1",
    )
    rule = {"configRule": {"configRuleName": "r"}}
    yield row(
        "config:PutConfigRule",
        rule,
        "config-rule/config-rule-abcdef",
        arn("config", "config-rule/config-rule-abcdef", ELSEWHERE),
    )
    yield row("config:DescribeConfigRules", {}, "*")
    yield row("backup:CreateBackupVault", {"backupVaultName": "daily"}, "backup-vault:daily", "backup-vault:weekly")
    yield row(
        "wafv2:GetWebACL",
        {"name": "w", "scope": "REGIONAL", "id": UUID},
        f"regional/webacl/w/{UUID}",
        f"regional/webacl/v/{UUID}",
    )
    yield row(
        "wafv2:CreateIPSet", {"name": "w", "scope": "REGIONAL"}, f"regional/ipset/w/{UUID}", f"regional/ipset/v/{UUID}"
    )
    yield row(
        "cloudfront:CreateInvalidation",
        {"distributionId": "E1"},
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/E2",
        region="us-east-1",
    )


def _list_identities() -> Iterator[Row]:
    """Requests have no path. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html."""

    def iam(name: str, request: t.Any, resource: str, other: str, **more: t.Any) -> Row:
        made = (f"arn:aws:iam::{ACCOUNT}:{text}" for text in (resource, other))
        return row(f"iam:{name}", request, *made, region="us-east-1", **more)

    yield iam("GetRole", {"roleName": "web"}, "role/app/web", "role/app/web2")
    yield iam("AttachRolePolicy", {"roleName": "web", "policyArn": "arn:aws:iam::aws:policy/A"}, "role/web", "role/api")
    yield iam("CreateRole", {"roleName": "web", "path": "/app/"}, "role/app/web", "role/web")
    yield iam("CreateUser", {"userName": "bob"}, "user/bob", "user/alice")
    yield iam("GetPolicy", {"policyArn": f"arn:aws:iam::{ACCOUNT}:policy/team/p"}, "policy/team/p", "policy/team/q")
    linked = "role/aws-service-role"
    yield iam(
        "CreateServiceLinkedRole",
        {"aWSServiceName": "ecs.amazonaws.com"},
        f"{linked}/ecs.amazonaws.com/AWSServiceRoleForECS",
        f"{linked}/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
    )
    role = f"arn:aws:iam::{FOREIGN}:role/deploy"
    yield row("sts:AssumeRole", {"roleArn": role, "roleSessionName": "x"}, role, f"arn:aws:iam::{FOREIGN}:role/admin")
    pass_role = (("iam:PassRole", ROLE),)
    never = (("iam:PassRole", f"{ROLE}2"),)
    create = {"functionName": "app", "role": ROLE, "runtime": "python3.13"}
    yield row(
        "lambda:CreateFunction20150331",
        create,
        "function:app",
        "function:b",
        "lambda:CreateFunction",
        also=pass_role,
        never=never,
    )


COMPUTE: t.Final = (
    *_list_containers(),
    *_list_compute(),
    *_list_delivery(),
    *_list_identities(),
)
