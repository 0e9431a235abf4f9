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

import typing as t
from collections.abc import Callable, Mapping

from ..evaluation.context import Context, Values
from .exclusions import parse_address

Record = Mapping[str, t.Any]
# Condition keys in lower case; None for all.
Keys = t.Optional[frozenset[str]]

# By action in lower case: condition keys, and the request parameters that they are the values of. A request without the
# parameter comes without the key. The keys and their meaning:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html,
# those of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
_HEADERS: t.Final[Mapping[str, str]] = {
    f"s3:{name}": name
    for name in (
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-grant-full-control",
        "x-amz-grant-read",
        "x-amz-grant-read-acp",
        "x-amz-grant-write",
        "x-amz-grant-write-acp",
        "x-amz-metadata-directive",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-storage-class",
        "x-amz-website-redirect-location",
    )
}
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
    **{f"s3:{name}": {"s3:VersionId": "versionId"} for name in ("getobjectversion", "deleteobjectversion")},
    "s3:putobject": _HEADERS,
    **{
        f"s3:{name}": {
            key: header for key, header in _HEADERS.items() if header.startswith(("x-amz-acl", "x-amz-grant"))
        }
        for name in ("putbucketacl", "putobjectacl")
    },
    "iam:createservicelinkedrole": {"iam:AWSServiceName": "aWSServiceName"},
    "lambda:addpermission": {
        "lambda:FunctionUrlAuthType": "functionUrlAuthType",
        "lambda:Principal": "principal",
    },
    "lambda:createfunctionurlconfig": {"lambda:FunctionUrlAuthType": "authType"},
    "lambda:updatefunctionurlconfig": {"lambda:FunctionUrlAuthType": "authType"},
    "s3:listbucket": {"s3:delimiter": "delimiter", "s3:max-keys": "max-keys", "s3:prefix": "prefix"},
    "s3:listbucketversions": {"s3:delimiter": "delimiter", "s3:max-keys": "max-keys", "s3:prefix": "prefix"},
    "sts:assumerole": {
        "sts:ExternalId": "externalId",
        "sts:RoleSessionName": "roleSessionName",
        "sts:SourceIdentity": "sourceIdentity",
    },
}
# # The same for parameters that something else replaces: a default of the service, or a launch template. Without the
# parameter the key is not known. EC2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-policy-structure.html,
# RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_service-with-iam.html
_DEFAULTED: t.Final[Mapping[str, Mapping[str, str]]] = {
    "autoscaling:createlaunchconfiguration": {"autoscaling:InstanceType": "instanceType"},
    "ec2:createvolume": {
        "ec2:VolumeIops": "iops",
        "ec2:VolumeSize": "size",
        "ec2:VolumeThroughput": "throughput",
        "ec2:VolumeType": "volumeType",
    },
    "ec2:runinstances": {"ec2:InstanceType": "instanceType"},
    "organizations:createpolicy": {"organizations:PolicyType": "type"},
    "organizations:disableawsserviceaccess": {"organizations:ServicePrincipal": "servicePrincipal"},
    "organizations:enableawsserviceaccess": {"organizations:ServicePrincipal": "servicePrincipal"},
    "rds:createdbinstance": {
        "rds:DatabaseClass": "dBInstanceClass",
        "rds:DatabaseEngine": "engine",
        "rds:DatabaseName": "dBName",
        "rds:StorageSize": "allocatedStorage",
    },
    "sns:subscribe": {"sns:Endpoint": "endpoint", "sns:Protocol": "protocol"},
}
_HIDDEN: t.Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_NO_TAGS: t.Final[Mapping[str, str]] = {}

# CloudTrail writes this for calls between parts of AWS, without the name of the service.
_INTERNAL: t.Final = "AWS Internal"


class ContextReader:
    """Reads the condition keys of one event: those of its origin and its caller once, those of its actions as asked."""

    __slots__ = ("_base", "_keys", "_parameters")

    def __init__(self, record: Record, keys: Keys, base: t.Optional[Context] = None) -> None:
        self._keys: t.Final = keys
        self._parameters: t.Final = record.get("requestParameters")
        self._base: t.Final = base if base is not None else read_base(record, keys)

    def context(self, action: str, *, but: t.Collection[str] = ()) -> Context:
        """The context of an action, given in lower case, without its own keys in ``but``, which are in lower case.

        Keys that come with a type of resource are there only where this type is asked of.
        """
        given, defaulted = _PARAMETERS.get(action), _DEFAULTED.get(action)
        if given is None and defaulted is None:
            return self._base
        values: dict[str, Values] = {}
        absent: set[str] = set()
        parameters = self._parameters
        if isinstance(parameters, dict) and "omitted" not in parameters:
            for key, name in {**(given or {}), **(defaulted or {})}.items():
                value = parameters.get(name)
                if key.lower() in but or value == _HIDDEN:
                    continue
                if isinstance(value, (str, bool, int)):
                    values[key] = value
                elif value is None and key in (given or {}):
                    absent.add(key)
        known = {key: value for key, value in values.items() if self._matters(key)}
        missing = {key for key in absent if self._matters(key)}
        return self._base.with_(known, absent=missing) if known or missing else self._base

    def _matters(self, key: str) -> bool:
        return _matters(key, self._keys)


def read_base(record: Record, keys: Keys, session_tags: Mapping[str, str] = _NO_TAGS) -> Context:
    """Read the condition keys in ``keys`` that an event shows of its origin and its caller."""
    values = {**_of_origin(record), **_of_caller(record["userIdentity"])}
    values |= {f"aws:PrincipalTag/{key}": value for key, value in session_tags.items()}
    kept = {key: value for key, value in values.items() if _matters(key, keys)}
    absent = {key for key in _absent(record["userIdentity"]) if _matters(key, keys)}
    return Context(kept, complete=False, absent=absent)


def _matters(key: str, keys: Keys) -> bool:
    return keys is None or key.lower() in keys


def list_parameter_keys(action: str) -> frozenset[str]:
    """The condition keys, in lower case, that the parameters of an action, given in lower case, are values of."""
    return _LOWER.get(action, frozenset())


_LOWER: t.Final[Mapping[str, frozenset[str]]] = {
    action: frozenset(key.lower() for key in (*_PARAMETERS.get(action, ()), *_DEFAULTED.get(action, ())))
    for action in (*_PARAMETERS, *_DEFAULTED)
}


def make_fingerprint(keys: Keys) -> Callable[[Record], t.Hashable]:
    """Make a function of all fields of an event that decide over its context, besides region and request."""
    wanted = tuple(read for names, read in _FIELDS if keys is None or keys & names)
    return lambda record: tuple([read(record) for read in wanted])


def _read_attribute(name: str) -> Callable[[Record], t.Any]:
    """A function that reads something of the session of an event."""

    def read(record: Record) -> t.Any:
        session = record["userIdentity"].get("sessionContext")
        value = session.get(name) if isinstance(session, dict) else None
        if name == "attributes":
            return value.get("mfaAuthenticated") if isinstance(value, dict) else None
        if name == "webIdFederationData":
            return value.get("federatedProvider") if isinstance(value, dict) else None
        return value

    return read


_ORIGIN: t.Final = frozenset(
    {"aws:calledvialast", "aws:sourceip", "aws:sourcevpce", "aws:useragent", "aws:viaawsservice", "aws:vpcsourceip"}
)
_ADDRESSES: t.Final = frozenset({"aws:sourceip", "aws:sourcevpce", "aws:vpcsourceip"})
# Those that :func:`_absent` names.
_OF_SESSIONS: t.Final = frozenset(
    {"aws:multifactorauthage", "aws:multifactorauthpresent", "aws:sourceidentity", "aws:tokenissuetime"}
)
# By condition keys in lower case: the fields of an event that their values come from. A test holds it against
# :func:`_of_origin` and :func:`_of_caller`.
_FIELDS: t.Final[tuple[tuple[frozenset[str], Callable[[Record], t.Any]], ...]] = (
    (_ORIGIN, lambda record: record["userIdentity"].get("invokedBy")),
    (_ORIGIN, lambda record: _is_address(record.get("sourceIPAddress"))),
    (_ADDRESSES, lambda record: (record.get("sourceIPAddress"), record.get("vpcEndpointId"))),
    (frozenset({"aws:useragent"}), lambda record: record.get("userAgent")),
    (frozenset({"aws:securetransport"}), lambda record: isinstance(record.get("tlsDetails"), dict)),
    (frozenset({"aws:userid"}), lambda record: record["userIdentity"].get("principalId")),
    (_OF_SESSIONS, lambda record: bool(record["userIdentity"].get("sessionContext"))),
    (frozenset({"aws:multifactorauthpresent"}), _read_attribute("attributes")),
    (frozenset({"aws:sourceidentity"}), _read_attribute("sourceIdentity")),
    (frozenset({"aws:federatedprovider"}), _read_attribute("webIdFederationData")),
)


def list_parameters_of_keys(keys: Keys) -> frozenset[str]:
    """The names of the parameters, in lower case, that the values of condition keys in ``keys`` come from."""
    tables = (*_PARAMETERS.values(), *_DEFAULTED.values())
    return frozenset(
        name.lower() for table in tables for key, name in table.items() if keys is None or key.lower() in keys
    )


def _of_origin(record: Record) -> dict[str, Values]:
    """From where and by which way a request came."""
    found: dict[str, Values] = {}
    if _text(record.get("awsRegion")):
        found["aws:RequestedRegion"] = record["awsRegion"]
    if isinstance(record.get("tlsDetails"), dict):
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
    """Return the known condition keys of the session, or of the user."""
    found: dict[str, Values] = {}
    if _text(identity.get("principalId")):
        found["aws:userid"] = identity["principalId"]
    session = identity.get("sessionContext")
    if not isinstance(session, dict):
        return found
    attributes = session.get("attributes")
    if isinstance(attributes, dict) and attributes.get("mfaAuthenticated") in ("true", "false"):
        found["aws:MultiFactorAuthPresent"] = attributes["mfaAuthenticated"]
    if _text(session.get("sourceIdentity")):
        found["aws:SourceIdentity"] = session["sourceIdentity"]
    federation = session.get("webIdFederationData")
    if isinstance(federation, dict) and _text(federation.get("federatedProvider")):
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
    return isinstance(value, str) and parse_address(value) is not None
