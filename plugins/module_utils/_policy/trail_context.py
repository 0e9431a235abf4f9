# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The condition keys that a CloudTrail event shows.

CloudTrail records neither tags nor the age of an MFA sign-in, and of a chain of services only the last: such keys stay
unknown. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Mapping

from .context import Context, Values

Record = Mapping[str, t.Any]
# Condition keys in lower case; None for all.
Keys = t.Optional[frozenset[str]]

# By action in lower case: condition keys, and the request parameters that they are the values of. A request without the
# parameter comes without the key.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_PARAMETERS: t.Final[Mapping[str, Mapping[str, str]]] = {
    **{
        f"iam:{name}": {"iam:PermissionsBoundary": "permissionsBoundary"}
        for name in ("createrole", "createuser", "putrolepermissionsboundary", "putuserpermissionsboundary")
    },
    **{
        f"iam:{verb}{kind}policy": {"iam:PolicyARN": "policyArn"}
        for verb in ("attach", "detach")
        for kind in ("group", "role", "user")
    },
    "ec2:runinstances": {"ec2:InstanceType": "instanceType"},
    "iam:createservicelinkedrole": {"iam:AWSServiceName": "aWSServiceName"},
    "lambda:addpermission": {
        "lambda:FunctionUrlAuthType": "functionUrlAuthType",
        "lambda:Principal": "principal",
    },
    "lambda:createfunctionurlconfig": {"lambda:FunctionUrlAuthType": "authType"},
    "lambda:updatefunctionurlconfig": {"lambda:FunctionUrlAuthType": "authType"},
    "s3:listbucket": {"s3:delimiter": "delimiter", "s3:prefix": "prefix"},
    "sts:assumerole": {
        "sts:ExternalId": "externalId",
        "sts:RoleSessionName": "roleSessionName",
        "sts:SourceIdentity": "sourceIdentity",
    },
}

# What CloudTrail writes for calls between parts of AWS: which service it was is not told.
_INTERNAL: t.Final = "AWS Internal"


def context_of(record: Record, action: str, keys: Keys) -> Context:
    """The condition keys of the request behind an event, as far as it shows them, of those in ``keys``.

    ``action`` is the one, in lower case, whose own keys are looked for.
    """
    values: dict[str, Values] = {**_of_origin(record), **_of_caller(record["userIdentity"])}
    absent = _absent(record["userIdentity"])
    parameters = record.get("requestParameters")
    if isinstance(parameters, Mapping):
        for key, name in _PARAMETERS.get(action, {}).items():
            value = parameters.get(name)
            if isinstance(value, (str, bool, int)):
                values[key] = value
            elif value is None:
                absent.add(key)
    if keys is not None:
        values = {key: value for key, value in values.items() if key.lower() in keys}
        absent = {key for key in absent if key.lower() in keys}
    return Context(values, complete=False, absent=absent)


def _of_origin(record: Record) -> dict[str, Values]:
    """From where and by which way a request came."""
    found: dict[str, Values] = {}
    if _text(record.get("awsRegion")):
        found["aws:RequestedRegion"] = record["awsRegion"]
    if isinstance(record.get("tlsDetails"), Mapping):
        found["aws:SecureTransport"] = "true"
    service = record["userIdentity"].get("invokedBy")
    if _text(service):
        # A service calls with the caller's rights: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
        via = {} if service == _INTERNAL else {"aws:CalledViaLast": service, "aws:ViaAWSService": "true"}
        return {**found, **via}
    address, endpoint = record.get("sourceIPAddress"), record.get("vpcEndpointId")
    if not _is_address(address):
        return found
    found["aws:ViaAWSService"] = "false"
    if _text(record.get("userAgent")):
        found["aws:UserAgent"] = record["userAgent"]
    if _text(endpoint):
        return {**found, "aws:SourceVpce": t.cast(str, endpoint), "aws:VpcSourceIp": t.cast(str, address)}
    return {**found, "aws:SourceIp": t.cast(str, address)}


def _of_caller(identity: Record) -> dict[str, Values]:
    """What is known of the session, or of the user."""
    found: dict[str, Values] = {}
    if _text(identity.get("principalId")):
        found["aws:userid"] = identity["principalId"]
    session = identity.get("sessionContext")
    if not isinstance(session, Mapping):
        return found
    attributes = session.get("attributes")
    if isinstance(attributes, Mapping) and attributes.get("mfaAuthenticated") in ("true", "false"):
        found["aws:MultiFactorAuthPresent"] = attributes["mfaAuthenticated"]
    if _text(session.get("sourceIdentity")):
        found["aws:SourceIdentity"] = session["sourceIdentity"]
    federation = session.get("webIdFederationData")
    if isinstance(federation, Mapping) and _text(federation.get("federatedProvider")):
        found["aws:FederatedProvider"] = federation["federatedProvider"]
    return found


def _absent(identity: Record) -> set[str]:
    """The keys that requests signed with a long-term access key never have."""
    if identity.get("type") != "IAMUser" or identity.get("sessionContext"):
        return set()
    key = identity.get("accessKeyId")
    if not (isinstance(key, str) and key.startswith("AKIA")):
        return set()
    return {"aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:SourceIdentity", "aws:TokenIssueTime"}


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
