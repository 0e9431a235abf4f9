# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which resource types a call is not about, though its action has them.

Every type of an action counts as involved, and unknown if its ARN is not known, unless one of the two tables here
rules it out. The first has types that the service reference marks as optional, with the parameters that name them: a
request without any of these is not about the type. The second has requests that name all of their resources by one
parameter, of whichever type: the types that none of the values belongs to are not involved.

What a service adds by itself is in neither: a default security group, the volumes of an image, the default option
group of RDS. Nor is what a launch template may name, where the request has one.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .kinds import Kind
from .parameters import Parameters
from .spelled import DEFAULT_BUS, read_bus

_REFERENCE: t.Final = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_{}.html"
_EC2: t.Final = (_REFERENCE.format("amazonec2"), "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_{}.html")
_ACCOUNT: t.Final = (
    _REFERENCE.format("awsaccountmanagement"),
    "https://docs.aws.amazon.com/accounts/latest/reference/API_{}.html",
)
_DYNAMODB: t.Final = (
    _REFERENCE.format("amazondynamodb"),
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_{}.html",
)
_SSM: t.Final = (
    _REFERENCE.format("awssystemsmanager"),
    "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_{}.html",
)
_GLUE: t.Final = (
    _REFERENCE.format("awsglue"),
    "https://docs.aws.amazon.com/glue/latest/webapi/API_{}.html",
)
_RDS: t.Final = (
    _REFERENCE.format("amazonrds"),
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_{}.html",
)
_EVENTS: t.Final = (
    _REFERENCE.format("amazoneventbridge"),
    "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_{}.html",
)
_SAGEMAKER: t.Final = (
    _REFERENCE.format("amazonsagemaker"),
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_{}.html",
)
_S3: t.Final = (
    _REFERENCE.format("amazons3"),
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-usage-examples.html",
)

# A stand-in for a parameter: the bucket is named by an access point, by its ARN or its alias.
ACCESS_POINT: t.Final = "(access-point)"
# "-s3alias" ends the alias of an access point, "--op-s3" that of one on an Outpost, ".mrap" one of many regions.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html
_ALIAS: t.Final = re.compile(r"(\Aarn:|-s3alias\Z|--ol-s3\Z|--op-s3\Z|\.mrap\Z)")


@dataclasses.dataclass(frozen=True)
class Absent:
    """A type that an action is not about where a request has none of ``parameters``, and none of ``unless``.

    The name of a bus decides which of the two types of rules a call is not about.
    """

    action: str
    kind: str
    parameters: tuple[str, ...]
    unless: tuple[str, ...]
    source: tuple[str, str]


# By the source, the action, and the type: the parameters, in lower case, separated by blanks.
_RUN: t.Final = {
    "elastic-gpu": "elasticgpuspecification elasticgpuspecificationset",
    "elastic-inference": "elasticinferenceaccelerator elasticinferenceacceleratorset",
    "key-pair": "keyname",
    "launch-template": "launchtemplate",
    "placement-group": "placement.groupname placement.groupid",
    "secondary-interface": "secondaryinterface secondaryinterfaceset",
    "secondary-subnet": "secondaryinterface secondaryinterfaceset",
    "snapshot": "blockdevicemapping.snapshotid",
    "spot-instances-request": "instancemarketoptions",
}
_SPOT: t.Final = {
    "key-pair": "launchspecification.keyname",
    "network-interface": "launchspecification.networkinterfaceid",
    "placement-group": "launchspecification.groupname",
    "snapshot": "launchspecification.snapshotid",
}
_CUSTOM_BUS: t.Final = "rule-on-custom-event-bus"
_DEFAULT_BUS: t.Final = "rule-on-default-event-bus"
_BUS: t.Final = {_CUSTOM_BUS: "eventbusname", _DEFAULT_BUS: "eventbusname"}
_CATALOG: t.Final = {"catalog": "catalogid"}
_POINT: t.Final = {"accesspoint": ACCESS_POINT}
_POINT_OBJECT: t.Final = {"accesspointobject": ACCESS_POINT}


def _share_kinds(names: str, kinds: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Map several actions to the same types."""
    return dict.fromkeys(names.split(), kinds)


_TABLE: t.Final[Mapping[tuple[str, tuple[str, str], str], Mapping[str, Mapping[str, str]]]] = {
    ("ec2", _EC2, "launchtemplate"): {
        "RunInstances": _RUN,
    },
    ("ec2", _EC2, ""): {
        "AllocateAddress": {"ipam-pool": "ipampoolid", "ipv4pool-ec2": "publicipv4pool"},
        "AssociateAddress": {"instance": "instanceid networkinterfaceid"},
        "AssociateRouteTable": {
            "internet-gateway": "gatewayid",
            "ipv4pool-ec2": "publicipv4pool",
            "subnet": "subnetid",
            "vpn-gateway": "gatewayid",
        },
        "AssociateSubnetCidrBlock": {"ipam-pool": "ipv6ipampoolid"},
        "AssociateVpcCidrBlock": {"ipam-pool": "ipv4ipampoolid ipv6ipampoolid", "ipv6pool-ec2": "ipv6pool"},
        "CreateNatGateway": {"elastic-ip": "allocationid secondaryallocationid availabilityzoneaddress"},
        "CreateReplaceRootVolumeTask": {"image": "imageid", "snapshot": "snapshotid"},
        "CreateSubnet": {"ipam-pool": "ipv4ipampoolid ipv6ipampoolid"},
        "CreateTransitGatewayRoute": {"transit-gateway-attachment": "transitgatewayattachmentid"},
        "CreateVolume": {"snapshot": "snapshotid"},
        "CreateVpc": {"ipam-pool": "ipv4ipampoolid ipv6ipampoolid", "ipv6pool-ec2": "ipv6pool"},
        "CreateVpcEndpoint": {"route-table": "routetableid", "subnet": "subnetid subnetconfiguration"},
        "CreateVpnConnection": {
            "transit-gateway": "transitgatewayid",
            "transit-gateway-attachment": "transitgatewayid",
            "vpn-concentrator": "vpnconcentratorid",
            "vpn-gateway": "vpngatewayid",
        },
        "ModifyInstanceAttribute": {"security-group": "groupset", "volume": "blockdevicemapping"},
        "ModifyNetworkInterfaceAttribute": {"security-group": "groupset"},
        "ModifyVpcEndpoint": {
            "route-table": "addroutetableid removeroutetableid",
            "security-group": "addsecuritygroupid removesecuritygroupid",
            "subnet": "addsubnetid removesubnetid subnetconfiguration",
        },
        "RegisterImage": {"snapshot": "blockdevicemapping.snapshotid"},
        "ReplaceTransitGatewayRoute": {"transit-gateway-attachment": "transitgatewayattachmentid"},
        "RequestSpotInstances": _SPOT,
    },
    ("account", _ACCOUNT, ""): {
        **_share_kinds(
            "DeleteAlternateContact DisableRegion EnableRegion GetAccountInformation GetAlternateContact "
            "GetContactInformation GetRegionOptStatus ListRegions PutAccountName PutAlternateContact "
            "PutContactInformation",
            {"accountinorganization": "accountid"},
        ),
        "GetGovCloudAccountInformation": {"accountinorganization": "standardaccountid"},
    },
    ("dynamodb", _DYNAMODB, ""): {
        "DescribeContributorInsights": {"index": "indexname"},
        "PartiQLSelect": {"index": "indexname"},
        "Query": {"index": "indexname"},
        "Scan": {"index": "indexname"},
        "UpdateContributorInsights": {"index": "indexname"},
    },
    ("ssm", _SSM, ""): {
        "CreateAssociation": {"instance": "instanceid targets targetmaps", "managed-instance": "instanceid targets"},
        "SendCommand": {
            "bucket": "outputs3bucketname",
            "instance": "instanceids targets",
            "managed-instance": "instanceids targets",
        },
        "UpdateAssociation": {"instance": "targets targetmaps", "managed-instance": "targets targetmaps"},
    },
    ("glue", _GLUE, ""): _share_kinds(
        "BatchCreatePartition BatchDeletePartition BatchDeleteTable BatchDeleteTableVersion "
        "BatchGetPartition BatchUpdatePartition CreateDatabase CreatePartition CreatePartitionIndex "
        "CreateTable CreateUserDefinedFunction DeleteColumnStatisticsForPartition "
        "DeleteColumnStatisticsForTable DeleteDatabase DeletePartition DeletePartitionIndex "
        "DeleteTable DeleteTableVersion DeleteUserDefinedFunction GetColumnStatisticsForPartition "
        "GetColumnStatisticsForTable GetDatabase GetPartition GetPartitionIndexes GetPartitions "
        "GetTable GetTableVersion GetTableVersions GetTables GetUserDefinedFunction "
        "GetUserDefinedFunctions UpdateColumnStatisticsForPartition UpdateColumnStatisticsForTable "
        "UpdateDatabase UpdatePartition UpdateTable UpdateUserDefinedFunction",
        _CATALOG,
    ),
    ("rds", _RDS, ""): {
        "CreateDBInstance": {"cluster": "dbclusteridentifier", "secgrp": "dbsecuritygroups"},
        "ModifyDBInstance": {"secgrp": "dbsecuritygroups"},
    },
    ("events", _EVENTS, ""): _share_kinds(
        "DeleteRule DescribeRule DisableRule EnableRule ListTargetsByRule PutRule PutTargets RemoveTargets",
        _BUS,
    ),
    ("sagemaker", _SAGEMAKER, ""): {
        "CreateTrainingJob": {"training-plan": "resourceconfig.trainingplanarn"},
        "InvokeEndpoint": {"inference-component": "inferencecomponentname"},
        "InvokeEndpointWithResponseStream": {"inference-component": "inferencecomponentname"},
    },
    ("s3", _S3, ""): {
        **_share_kinds(
            "AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging "
            "DeleteObjectVersion DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes "
            "GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectVersion GetObjectVersionAcl "
            "GetObjectVersionAttributes GetObjectVersionTagging ListMultipartUploadParts PutObject "
            "PutObjectAcl PutObjectLegalHold PutObjectRetention PutObjectTagging PutObjectVersionAcl "
            "PutObjectVersionTagging RestoreObject UpdateObjectEncryption",
            _POINT_OBJECT,
        ),
        **_share_kinds(
            "GetBucketAcl GetBucketCORS GetBucketLocation GetBucketNotification GetBucketPolicy "
            "ListBucket ListBucketVersions",
            _POINT,
        ),
    },
}

# Requests that name all of their resources by one parameter, of whichever type.
# By service: the API reference, the parameter, and the actions.
_ALL_IN_ONE: t.Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "elasticloadbalancing": (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_{}.html",
        {
            "listenerarn": (
                "AddListenerCertificates CreateRule DeleteListener ModifyListener ModifyListenerAttributes "
                "RemoveListenerCertificates"
            ),
            "loadbalancerarn": (
                "CreateListener ModifyCapacityReservation SetIpAddressType SetSecurityGroups SetSubnets"
            ),
            "rulearn": "DeleteRule ModifyRule",
        },
    ),
    "ec2": (
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_{}.html",
        {"resourceid": "CreateTags DeleteTags"},
    ),
    "iam": (
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_{}.html",
        {
            "arn": "GenerateServiceLastAccessedDetails ListPoliciesGrantingServiceAccess",
            "policysourcearn": "GetContextKeysForPrincipalPolicy SimulatePrincipalPolicy",
            "serialnumber": "DeleteVirtualMFADevice",
        },
    ),
    "dynamodb": (
        "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_{}.html",
        {"resourcearn": "DeleteResourcePolicy GetResourcePolicy ListTagsOfResource PutResourcePolicy"},
    ),
    "states": (
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_{}.html",
        {"executionarn": "DescribeExecution", "statemachinearn": "ListExecutions", "mapRunArn": "ListExecutions"},
    ),
    "route53": (
        "https://docs.aws.amazon.com/Route53/latest/APIReference/API_{}.html",
        {"resourceid": "ChangeTagsForResource ListTagsForResource", "resourceids": "ListTagsForResources"},
    ),
    "ssm": (
        "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_{}.html",
        {
            "instanceid": "ListInstanceAssociations UpdateInstanceInformation",
            "instanceids": "DescribeInstancePatchStates",
            "resourceid": "AddTagsToResource ListTagsForResource PutComplianceItems RemoveTagsFromResource",
            "target": "GetConnectionStatus",
        },
    ),
    "organizations": (
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_{}.html",
        {
            "childid": "ListParents",
            "parentid": (
                "CreateOrganizationalUnit ListAccountsForParent ListChildren ListOrganizationalUnitsForParent"
            ),
            "resourceid": "ListTagsForResource TagResource UntagResource",
            "targetid": "ListPoliciesForTarget",
        },
    ),
}
# The tagging operations of nearly all services: one ARN, the tags, and nothing else. A test holds that against the
# models of the SDK for each service that has them.
# https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
TAGGING: t.Final = frozenset(
    {"listtags", "listtagsforresource", "tagresource", "untagresource", "addtags", "removetags"}
)
TAGGED_BY: t.Final = ("resourcearn", "arn", "resource", "resourcename", "resourceid", "resourceidlist")


@functools.cache
def list_absent_rules() -> Mapping[str, Mapping[str, Absent]]:
    """The first table: by action and type, both in lower case."""
    found: dict[str, dict[str, Absent]] = {}
    for (service, (reference, page), unless), actions in _TABLE.items():
        for name, kinds in actions.items():
            for kind, parameters in kinds.items():
                action = f"{service}:{name}".lower()
                source = reference, page.format(name)
                found.setdefault(action, {})[kind] = Absent(
                    f"{service}:{name}", kind, tuple(parameters.split()), tuple(unless.split()), source
                )
    return found


@functools.cache
def list_all_in_one_rules() -> Mapping[str, tuple[tuple[str, ...], str]]:
    """The second table: by action in lower case, the parameters, one of which names the resources, and the source."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for service, (page, rows) in _ALL_IN_ONE.items():
        for parameter, names in rows.items():
            for name in names.split():
                action = f"{service}:{name}".lower()
                parameters = found[action][0] if action in found else ()
                found[action] = (*parameters, parameter.lower()), page.format(name)
    return found


def rule_out(
    action: str, kinds: Sequence[Kind], parameters: Parameters, found: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The types that a call is not about. ``found`` are the ARNs by type that the event shows."""
    if not parameters.is_whole:
        return
    rules = list_absent_rules().get(action, {})
    for kind in kinds:
        rule = rules.get(kind.name)
        if rule is not None and not kind.is_required and _is_absent(rule, parameters, found):
            yield kind.name
    service, _colon, name = action.partition(":")
    given = list_all_in_one_rules().get(action, (TAGGED_BY if name in TAGGING else (), ""))[0]
    values = next((texts for one in given if (texts := _values(one, parameters))), [])
    if values and len(values) <= len({arn for arns in found.values() for arn in arns}):
        yield from (kind.name for kind in kinds if kind.places and kind.name not in found)


def _values(name: str, parameters: Parameters) -> list[str]:
    return parameters.texts(name) or parameters.find_nested(name)


def _is_absent(rule: Absent, parameters: Parameters, found: Mapping[str, Sequence[str]]) -> bool:
    if ACCESS_POINT in rule.parameters:
        names = parameters.texts("bucketname")
        return len(names) == 1 and rule.kind not in found and not _ALIAS.search(names[0])
    if rule.kind in (_CUSTOM_BUS, _DEFAULT_BUS):
        # A rule is on one bus: the name of this decides, and not whether there is one.
        bus = read_bus(parameters)
        return bus is not None and (bus == DEFAULT_BUS) == (rule.kind == _CUSTOM_BUS)
    return not any(parameters.has(name) for name in (*rule.parameters, *rule.unless))
