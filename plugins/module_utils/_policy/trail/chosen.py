# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Requests that name a resource of whichever type by one parameter, with its type in the id or in another parameter.

``ssm:AddTagsToResource`` has a ``resourceType``; an id of EC2 begins with its type.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .kinds import Kind
from .parameters import Parameters

Chosen = t.Optional[Mapping[str, Sequence[str]]]

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_EC2_IDS: t.Final[Mapping[str, str]] = {
    "acl": "network-acl",
    "ami": "image",
    "cgw": "customer-gateway",
    "cr": "capacity-reservation",
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "fleet": "fleet",
    "h": "dedicated-host",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
    "tgw-rtb": "transit-gateway-route-table",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service",
    "vpn": "vpn-connection",
}
_MANAGED: t.Final = re.compile(r"mi-")
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
_SSM_TYPES: t.Final[Mapping[str, str]] = {
    "association": "association",
    "automation": "automation-execution",
    "document": "document",
    "maintenancewindow": "maintenancewindow",
    "opsitem": "opsitem",
    "opsmetadata": "opsmetadata",
    "parameter": "parameter",
    "patchbaseline": "patchbaseline",
}
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
_ROUTE53_TYPES: t.Final[Mapping[str, str]] = {"healthcheck": "healthcheck", "hostedzone": "hostedzone"}
_SSM_TAGGING: t.Final = frozenset({"ssm:addtagstoresource", "ssm:listtagsforresource", "ssm:removetagsfromresource"})
_ROUTE53_TAGGING: t.Final = frozenset(
    {"route53:changetagsforresource", "route53:listtagsforresource", "route53:listtagsforresources"}
)
_EC2_BY_ID: t.Final = frozenset({"ec2:createtags", "ec2:deletetags", "ec2:createflowlogs"})
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html
_ORGANIZATION_IDS: t.Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\d{12}\Z"), "account"),
    (re.compile(r"ou-"), "organizationalunit"),
    (re.compile(r"r-"), "root"),
    (re.compile(r"p-"), "policy"),
    (re.compile(r"rp-"), "resourcepolicy"),
)
_ORGANIZATION: t.Final = ("targetid", "resourceid", "parentid", "childid")


def choose_kinds(parameters: Parameters, action: str, kinds: Sequence[Kind]) -> Chosen:
    """The ids by type, where a request names its resource by an id of whichever type; None where it does not."""
    if action in _EC2_BY_ID:
        return _group_by_kind(parameters.find_nested("resourceid"), lambda one: _EC2_IDS.get(one.rpartition("-")[0]))
    if action in _ROUTE53_TAGGING:
        kind = _ROUTE53_TYPES.get(_read_first(parameters, "resourcetype"))
        return _group_by_kind([*parameters.texts("resourceid"), *parameters.texts("resourceids")], lambda one: kind)
    if action.startswith("organizations:"):
        ids = [one for name in _ORGANIZATION for one in parameters.texts(name)]
        return _group_by_kind(ids, _kind_in_organization) if ids else None
    if not action.startswith("ssm:"):
        return None
    if action in _SSM_TAGGING:
        resource_type = _read_first(parameters, "resourcetype")
        kind = _SSM_TYPES.get(resource_type)
        managed = resource_type == "managedinstance"
        return _group_by_kind(parameters.texts("resourceid"), lambda one: _machine(one) if managed else kind)
    if action == "ssm:putcomplianceitems":
        return _group_by_kind(parameters.texts("resourceid"), _machine)
    if any(kind.name == "managed-instance" for kind in kinds):
        ids = [one for name in ("instanceid", "instanceids", "target") for one in parameters.texts(name)]
        return _group_by_kind(ids, _machine) if ids else None
    return None


def _read_first(parameters: Parameters, name: str) -> str:
    return next(iter(parameters.texts(name)), "").lower()


def _group_by_kind(ids: Sequence[str], kind_of: t.Callable[[str], t.Optional[str]]) -> Chosen:
    """Group ids by their type; None if there is none, or the type of one is not known."""
    found: dict[str, list[str]] = {}
    for one in ids:
        kind = kind_of(one)
        if kind is None:
            return None
        found.setdefault(kind, []).append(one)
    return found or None


def _machine(one: str) -> t.Optional[str]:
    if one.startswith("ecs:"):
        return "task"
    return "managed-instance" if _MANAGED.match(one) else "instance" if one.startswith("i-") else None


def _kind_in_organization(one: str) -> t.Optional[str]:
    return next((kind for form, kind in _ORGANIZATION_IDS if form.match(one)), None)


_MACHINES: t.Final = frozenset({"instance", "managed-instance", "task"})
_IN_ORGANIZATION: t.Final = frozenset({"account", "organizationalunit", "root"})


def list_unchosen_kinds(chosen: Chosen, kinds: Sequence[Kind], found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The types that the ids of a request are none of: ids of machines, of organizations, and those of a given type."""
    if chosen is None:
        return
    service = kinds[0].service if kinds else ""
    action = kinds[0].action if kinds else ""
    if action in _SSM_TAGGING | _ROUTE53_TAGGING | {"ec2:createtags", "ec2:deletetags"}:
        among: t.Collection[str] = {kind.name for kind in kinds}
    elif action == "ec2:createflowlogs":
        among = {kind.name for kind in kinds if not kind.is_required}
    elif service == "ssm":
        among = _MACHINES
    else:
        among = _IN_ORGANIZATION if chosen.keys() & _IN_ORGANIZATION else ()
    yield from (
        kind.name for kind in kinds if kind.name in among and kind.name not in chosen and kind.name not in found
    )
