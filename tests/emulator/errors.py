# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS errors in the shape of each protocol, so that botocore raises a ClientError with the right code.

Shapes: https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import json
import re
import typing as t
import uuid
from xml.sax.saxutils import escape

from emulator.wire import Answer, Call

#: HTTP statuses of codes, where they are not the 400 of most errors.
STATUSES: t.Mapping[str, int] = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "UnauthorizedOperation": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "InvalidAccessKeyId": 403,
    "InternalFailure": 500,
    "InternalError": 500,
    "InternalServerError": 500,
    "ServiceFailure": 500,
    "ServiceFailureException": 500,
    "NotImplemented": 501,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "RequestLimitExceeded": 503,
    "TooManyRequestsException": 429,
}

_CODE = re.compile(r'<Code>(?P<xml>[^<]+)</Code>|"__type":\s*"(?P<json>[^"]+)"')


def error(call: Call, code: str, message: str, *, status: int | None = None) -> Answer:
    """An error answer for this call; without a status the usual one of its code."""
    request_id = str(uuid.uuid4())
    content_type, body = _SHAPES.get(call.protocol, _json)(code, message, request_id)
    headers = [("Content-Type", content_type), ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
    return Answer(status or STATUSES.get(code, 400), headers, body.encode("utf-8"))


def access_denied_code(call: Call) -> str:
    """What this service calls a refusal."""
    if call.protocol == "ec2":
        return "UnauthorizedOperation"
    if call.service == "sns":
        return "AuthorizationError"
    return "AccessDenied" if call.protocol in ("query", "rest-xml") else "AccessDeniedException"


def access_denied(call: Call, message: str) -> Answer:
    """A refusal as this service words it. IAM and STS answer it with 403, the JSON services with 400."""
    return error(call, access_denied_code(call), message, status=400 if call.protocol == "json" else 403)


def invalid_credentials(call: Call) -> Answer:
    """The answer to a key that is inactive, deleted, or of another partition."""
    message = "The security token included in the request is invalid."
    if call.service == "s3":
        return error(call, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if call.protocol == "ec2":
        return error(call, "AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
    code = "InvalidClientTokenId" if call.protocol == "query" else "UnrecognizedClientException"
    return error(call, code, message, status=400 if call.protocol == "json" else 403)


def expired_credentials(call: Call) -> Answer:
    """The answer to a key of a session that is over.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
    """
    if call.protocol == "ec2":
        return error(call, "RequestExpired", "Request has expired.")
    if call.service == "s3":
        return error(call, "ExpiredToken", "The provided token has expired.", status=400)
    code = "ExpiredToken" if call.protocol == "query" else "ExpiredTokenException"
    return error(call, code, "The security token included in the request is expired")


def not_implemented(call: Call) -> Answer:
    """An operation the emulator lacks: a status and code that botocore does not retry."""
    return error(call, "NotImplemented", f"{call.action} is not implemented by the emulator")


def internal_failure(call: Call, reason: Exception) -> Answer:
    """The emulator crashed on this call."""
    return error(call, "InternalFailure", f"{call.action} crashed in the emulator: {type(reason).__name__}: {reason}")


def code_of(answer: Answer) -> str | None:
    """The code of an error answer, whoever made it; None if it is no error."""
    if answer.status < 400:
        return None
    named = next((value for name, value in answer.headers if name.lower() == "x-amzn-errortype"), "")
    if named:
        return named.partition(":")[0].rpartition("#")[2]
    match = _CODE.search(answer.body.decode("utf-8", "replace"))
    return (match["xml"] or match["json"]).rpartition("#")[2] if match else str(answer.status)


def garbage() -> Answer:
    """A success whose body no protocol can read."""
    return Answer(200, [("Content-Type", "text/html")], b"<html><body>upstream says hello</body")


def _query(code: str, message: str, request_id: str) -> tuple[str, str]:
    inner = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    return "text/xml", f"<ErrorResponse><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"


def _ec2(code: str, message: str, request_id: str) -> tuple[str, str]:
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    return (
        "text/xml",
        f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
    )


def _rest_xml(code: str, message: str, request_id: str) -> tuple[str, str]:
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message><RequestId>{request_id}</RequestId>"
    return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>'


def _json(code: str, message: str, request_id: str) -> tuple[str, str]:
    return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})


_SHAPES: t.Mapping[str, t.Callable[[str, str, str], tuple[str, str]]] = {
    "query": _query,
    "ec2": _ec2,
    "rest-xml": _rest_xml,
    "json": _json,
    "rest-json": _json,
}
