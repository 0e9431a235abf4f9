# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request asks for: service, operation, parameters, access key and region, out of the bytes on the wire.

The protocols are AWS's own: query and ec2 (``Action=``), json (``X-Amz-Target``), rest-json and rest-xml (method and
path) and rpc-v2-cbor (the operation is in the path). Names are boto3's: clients ("accessanalyzer"), operations.
"""

from __future__ import annotations

import io
import json
import re
import typing as t
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import ParseError

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

Environ: t.TypeAlias = dict[str, t.Any]

UNKNOWN_OPERATION = "Unknown"

#: Clients that sign with a name other than their own, the likeliest first.
CLIENTS_BY_SIGNING_NAME: t.Mapping[str, tuple[str, ...]] = {
    "access-analyzer": ("accessanalyzer",),
    "monitoring": ("cloudwatch",),
    "sso": ("sso-admin",),
    "s3": ("s3", "s3control"),
    "ses": ("sesv2", "ses"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "tagging": ("resourcegroupstaggingapi",),
    "states": ("stepfunctions",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
}

#: The calls that need no signature, by what they are recognised: https://docs.aws.amazon.com/STS/latest/APIReference/
UNSIGNED_ACTIONS: t.Mapping[str, str] = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}

_SCOPE = re.compile(r"(?P<key>[^/\s=]+)/\d{8}/(?P<region>[^/]+)/(?P<signing_name>[^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """One API call. ``parameters`` have the names boto3 uses and values that JSON can carry."""

    service: str
    operation: str
    protocol: str
    region: str
    access_key_id: str
    parameters: t.Mapping[str, t.Any] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """The call as policies and messages name it: ``iam:CreateUser``."""
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Answer:
    """What goes back: everything of an HTTP response that is not the connection's."""

    status: int
    headers: t.Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class _Scope:
    access_key_id: str
    region: str
    signing_name: str


def read(environ: Environ, body: bytes) -> Call:
    """Read a call out of a WSGI environment and its body. Never fails: unknown parts are ``Unknown`` or empty."""
    query = _query_parameters(environ, body)
    scope = _scope(environ, query)
    service, operation, values = "", UNKNOWN_OPERATION, {}
    for candidate in CLIENTS_BY_SIGNING_NAME.get(scope.signing_name, (scope.signing_name,)):
        service = service or candidate
        model = _model(candidate)
        found = _operation(model, environ, body, query) if model else None
        if found:
            service, operation, values = candidate, found[0], found[1]
            break
    protocol = _protocol(_model(service), environ, query)
    parameters = _parameters(_model(service), operation, protocol, environ=environ, body=body, query=query, path=values)
    return Call(
        service=service,
        operation=operation,
        protocol=protocol,
        region=scope.region,
        access_key_id=scope.access_key_id,
        parameters=t.cast(dict[str, t.Any], _plain(parameters)),
    )


def with_body(environ: Environ, body: bytes) -> Environ:
    """A copy of the environment in which the body can be read (again)."""
    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _query_parameters(environ: Environ, body: bytes) -> dict[str, str]:
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    text = body.decode("utf-8", "replace") if form else environ.get("QUERY_STRING", "")
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


def _scope(environ: Environ, query: t.Mapping[str, str]) -> _Scope:
    signed = environ.get("HTTP_AUTHORIZATION", "") or query.get("X-Amz-Credential", "")
    if match := _SCOPE.search(signed):
        return _Scope(match["key"], match["region"], match["signing_name"].lower())
    return _Scope("", "us-east-1", UNSIGNED_ACTIONS.get(query.get("Action", ""), "s3"))


def _model(service: str) -> ServiceModel | None:
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def _operation(
    model: ServiceModel, environ: Environ, body: bytes, query: t.Mapping[str, str]
) -> tuple[str, dict[str, t.Any]] | None:
    """The operation's name and the parameters that its path carries."""
    named = _read_operation(environ, query)
    if named:
        return (named, {}) if named in model.operation_names else None
    if not str(model.protocol).startswith("rest-"):
        return None
    try:
        operation, values = get_service_router(str(model.service_name)).match(Request(with_body(environ, body)))
    except NotFound:
        return None
    return str(operation.name), values


def _read_operation(environ: Environ, query: t.Mapping[str, str]) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if environ.get("HTTP_SMITHY_PROTOCOL"):
        return str(environ.get("PATH_INFO", "")).rpartition("/")[2]
    return query.get("Action", "")


def _protocol(model: ServiceModel | None, environ: Environ, query: t.Mapping[str, str]) -> str:
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if model is None:
        return "query" if "Action" in query else "rest-json"
    if str(model.protocol).startswith("rest-") or model.protocol == "ec2":
        return str(model.protocol)
    return "query"


def _parameters(
    model: ServiceModel | None,
    operation: str,
    protocol: str,
    *,
    environ: Environ,
    body: bytes,
    query: t.Mapping[str, str],
    path: t.Mapping[str, t.Any],
) -> t.Mapping[str, t.Any]:
    parser = PROTOCOL_PARSERS.get(protocol)
    if model is None or parser is None or operation == UNKNOWN_OPERATION:
        return {}
    request: dict[str, t.Any] = {
        "values": query,
        "body": body,
        "headers": {},
        "url_params": path,
        "method": "",
        "url_path": "",
    }
    if protocol.startswith("rest-"):
        original = Request(with_body(environ, body))
        request |= {"values": original.values, "headers": original.headers, "url_path": original.path}
    operation_model: OperationModel = model.operation_model(operation)
    try:
        return t.cast(dict[str, t.Any], parser(operation_model).parse(request))
    except (ValueError, KeyError, TypeError, AttributeError, ParseError):
        # A malformed request is moto's to refuse; the log still tells who called what.
        return {}


def _plain(value: t.Any) -> t.Any:
    """The value as JSON can carry it; of bytes only the length (certificates, objects, images)."""
    if isinstance(value, t.Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return json.dumps(value, default=str)
