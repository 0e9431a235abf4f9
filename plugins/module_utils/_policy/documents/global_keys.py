# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The condition keys that belong to no service, which the Service Authorization Reference has only in part.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

# By type, as the catalogue names types: the keys as AWS spells them. A key that ends with a slash is followed by the
# key of a tag.
_KEYS: t.Final[Mapping[str, str]] = {
    "ARN": (
        "aws:ChatbotSourceArn aws:PrincipalArn aws:SignInSessionArn aws:SourceArn aws:SourceVpcArn "
        "codebuild:BuildArn codebuild:ProjectArn ec2:SourceInstanceArn lambda:SourceFunctionArn ssm:SourceInstanceArn"
    ),
    "ArrayOfString": (
        "aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths "
        "aws:TagKeys aws:VpceOrgPaths"
    ),
    "Bool": (
        "aws:AssumedRoot aws:IsMcpServiceAction aws:MultiFactorAuthPresent aws:PrincipalIsAWSService "
        "aws:SecureTransport aws:ViaAWSMCPService aws:ViaAWSService"
    ),
    "Date": "aws:CurrentTime aws:EpochTime aws:TokenIssueTime",
    "IPAddress": "aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp",
    "Numeric": "aws:MultiFactorAuthAge ec2:RoleDelivery",
    "String": (
        "aws:CalledViaAWSMCP aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider "
        "aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalServiceName aws:PrincipalTag/ aws:PrincipalType "
        "aws:referer aws:RequestedRegion aws:RequestTag/ aws:ResourceAccount aws:ResourceOrgID aws:ResourceTag/ "
        "aws:SourceAccount aws:SourceIdentity aws:SourceOrgID aws:SourceVpc aws:SourceVpce aws:UserAgent aws:userid "
        "aws:username aws:VpceAccount aws:VpceOrgID "
        "glue:CredentialIssuingService glue:RoleAssumedBy identitystore:UserId"
    ),
}

# Key in lower case → type.
TYPES: t.Final[Mapping[str, str]] = {key.lower(): kind for kind, keys in _KEYS.items() for key in keys.split()}

# Key in lower case → as AWS spells it.
SPELLING: t.Final[Mapping[str, str]] = {key.lower(): key for keys in _KEYS.values() for key in keys.split()}

# Keys that requests have only in some circumstances, where those are easily overlooked: calls that services make, calls
# that don't come through a VPC endpoint, principals outside of an organization, long-term credentials. Left out are the
# keys of requested tags and of tags on resources, by which one does mean to deny what is not tagged.
_SOMETIMES: t.Final = (
    "aws:MultiFactorAuthAge aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalServiceName aws:PrincipalTag/ "
    "aws:ResourceOrgID aws:ResourceOrgPaths aws:SourceAccount aws:SourceArn aws:SourceIdentity aws:SourceIp "
    "aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpcArn aws:SourceVpce aws:username "
    "aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:VpcSourceIp"
)
SOMETIMES_ABSENT: t.Final = frozenset(_SOMETIMES.lower().split())


def stem(key: str) -> str:
    """A key in lower case, without the tag's key behind the slash: ``aws:principaltag/``."""
    head, slash, _tag = key.lower().partition("/")
    return head + slash


def global_type(key: str) -> t.Optional[str]:
    """The type of a global key in any case, None for any other key."""
    return TYPES.get(stem(key))
