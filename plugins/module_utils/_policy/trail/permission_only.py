# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Actions that no event is named as, so that a record of all events says nothing of them.

An event bears the name of an operation of an API. An action is shown by events if an operation that the SDK can call
has its name, or if the reader derives it from events of other names (``names``, ``composed``, ``further``). All other
actions count as without event: permission-only actions, and those that only the console, agents or other services
use. CloudTrail may have events of some of the latter, but no page says for all of them that it does.

Such an action is checked within another call, mostly one of the same service. ``list_callers`` has the services whose
calls need actions of others.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping

from ..evaluation import catalogue
from .composed import POSSIBLE_ACTIONS
from .further import list_derived_actions
from .names import list_renamed_actions
from .permission_only_names import PERMISSION_ONLY
from .sdk_services import SERVICES
from .unpublished_names import UNPUBLISHED

#: The reference, with the page of each service.
SOURCE: t.Final = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
# Actions without an operation in the SDK, with events under their own name all the same. PassRole is derived from the
# requests that pass a role. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html,
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html,
# https://docs.aws.amazon.com/lake-formation/latest/dg/logging-using-cloudtrail.html
_SHOWN: t.Final = frozenset(
    {
        "dynamodb:describereservedcapacity",
        "dynamodb:describereservedcapacityofferings",
        "dynamodb:purchasereservedcapacityofferings",
        "iam:passrole",
        "lakeformation:getdataaccess",
        "s3:getaccountpublicaccessblock",
    }
)
_WITHOUT_SDK: t.Final = frozenset(SERVICES["without SDK"].split())
# The share of known permission-only actions in their table, at least.
_MARKED: t.Final = 2 / 3
_PUBLISHED: t.Final = frozenset(SERVICES["published"].split())

# Services whose calls need actions of another service that no event names, by the dependent actions of the reference
# and these pages. A key is an action, or the name of an action of any service.
_WEB_ACL: t.Final = "shield wafv2"
_DELIVERIES: t.Final = (
    "apigateway chime cleanrooms ec2 elasticache kafka kafkaconnect network-firewall osis pipes route53resolver states "
    "storagegateway vpc-lattice wafv2"
)
_CONNECTIONS: t.Final = (
    "amplify apprunner cloudformation codebuild codeconnections codedeploy codeguru-reviewer codepipeline "
    "codestar-connections proton"
)
_DIRECTORIES: t.Final = (
    "connect fsx identity-sync nimble pca-connector-ad quicksight rds sso workdocs workmail workspaces"
)
_IDENTITY_CENTER: t.Final = "grafana iotfleethub iotsitewise monitron nimble signin"
_CALLERS: t.Final[Mapping[str, str]] = {
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
    "associatewebacl": _WEB_ACL,
    "associateverifiedaccessinstancewebacl": _WEB_ACL,
    "createwebaclassociation": _WEB_ACL,
    "deletewebaclassociation": _WEB_ACL,
    "describeverifiedaccessinstancewebaclassociations": _WEB_ACL,
    "describewebaclassociation": _WEB_ACL,
    "describewebaclforservice": _WEB_ACL,
    "disassociateverifiedaccessinstancewebacl": _WEB_ACL,
    "disassociatewebacl": _WEB_ACL,
    "gatewayassociatewebacl": _WEB_ACL,
    "gatewaydisassociatewebacl": _WEB_ACL,
    "gatewaygetwebaclforresource": _WEB_ACL,
    "gatewaylistresourcesforwebacl": _WEB_ACL,
    "getloadbalancerwebacl": _WEB_ACL,
    "getverifiedaccessinstancewebacl": _WEB_ACL,
    "getwebaclforresource": _WEB_ACL,
    "listassociatedservicesforwebacl": _WEB_ACL,
    "listresourcesforwebacl": _WEB_ACL,
    "setwebacl": _WEB_ACL,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    "allowvendedlogdeliveryforresource": "logs",
    "logs:createlogdelivery": _DELIVERIES,
    "logs:deletelogdelivery": _DELIVERIES,
    "logs:getlogdelivery": _DELIVERIES,
    "logs:listlogdeliveries": _DELIVERIES,
    "logs:updatelogdelivery": _DELIVERIES,
    # https://docs.aws.amazon.com/OAM/latest/APIReference/API_CreateLink.html
    "link": "oam",
    # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
    "codeconnections:passconnection": _CONNECTIONS,
    "codeconnections:useconnection": _CONNECTIONS,
    "codestar-connections:passconnection": _CONNECTIONS,
    "codestar-connections:useconnection": _CONNECTIONS,
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_bearer.html
    "sts:getservicebearertoken": "codeartifact ecr-public",
    "sts:setcontext": "aiops qbusiness",
    "appflow:useconnectorprofile": "app-integrations",
    "aws-marketplace:viewsubscriptions": "grafana",
    "billing:getbillingviewdata": "bcm-data-exports budgets ce",
    "chime:associatevoiceconnectorconnect": "connect",
    "chime:disassociatevoiceconnectorconnect": "connect",
    "ds:accessdsdata": "ds-data",
    "ds:authorizeapplication": _DIRECTORIES,
    "ds:checkalias": _DIRECTORIES,
    "ds:createidentitypooldirectory": _DIRECTORIES,
    "ds:unauthorizeapplication": _DIRECTORIES,
    "ds:updateauthorizedapplication": _DIRECTORIES,
    "ec2:attachappliancetonatgateway": "network-firewall",
    "ec2:detachappliancefromnatgateway": "network-firewall",
    "glue:passconnection": "athena cloudtrail",
    "identitystore:addregion": "sso",
    "identitystore:createidentitystore": "sso",
    "identitystore:deleteidentitystore": "sso",
    "identitystore:removeregion": "sso",
    "mediaimport:createdatabasebinarysnapshot": "rds",
    "profile:createsnapshot": "app-integrations",
    "profile:getsnapshot": "app-integrations",
    "s3tables:puttableencryption": "s3",
    "sso:createmanagedapplicationinstance": _IDENTITY_CENTER,
    "sso:deletemanagedapplicationinstance": _IDENTITY_CENTER,
    "sso:describeregisteredregions": _IDENTITY_CENTER,
    "sso:getmanagedapplicationinstance": _IDENTITY_CENTER,
    "sso:getsharedssoconfiguration": _IDENTITY_CENTER,
    "support:describesupportlevel": "evs",
}


def is_permission_only(action: str) -> bool:
    """Whether no event is named as an action, in any case, nor shows by another name that it was needed."""
    return explain_missing_event(action) is not None


def explain_missing_event(action: str) -> t.Optional[str]:
    """Explain why no event shows an action, in any case; None if events show it, or if the catalogue lacks it."""
    return _explain_missing_event(action.lower())


def list_callers(action: str) -> frozenset[str]:
    """List the other services whose calls may need an action that no event names, by their prefixes."""
    lower = action.lower()
    found = _CALLERS.get(lower) or _CALLERS.get(lower.partition(":")[2]) or ""
    return frozenset(found.split()) - {lower.partition(":")[0]}


@functools.lru_cache(maxsize=32768)
def _explain_missing_event(action: str) -> t.Optional[str]:
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    if known is None or action in _list_shown():
        return None
    if name in _list_marked(service):
        return f"no event names {known.full_name}, which AWS lists as permission-only"
    if service in _WITHOUT_SDK or service not in _PUBLISHED or name in UNPUBLISHED.get(service, "").lower().split():
        return f"no event is known to name {known.full_name}, since the SDK has no such operation"
    return None


@functools.cache
def _list_marked(service: str) -> frozenset[str]:
    """List the permission-only actions of a service, in lower case, with those that AWS added to their table."""
    known = frozenset(PERMISSION_ONLY.get(service, "").split())
    found = set(known)
    for table in catalogue.split_tables(service):
        if len(known.intersection(table)) >= len(table) * _MARKED:
            found.update(table)
    return frozenset(name.lower() for name in found)


@functools.cache
def _list_shown() -> frozenset[str]:
    return _SHOWN.union(name.lower() for name in _list_derived())


def _list_derived() -> Iterator[str]:
    yield from list_renamed_actions()
    yield from list_derived_actions()
    yield from (f"dynamodb:{name}" for name in POSSIBLE_ACTIONS)
