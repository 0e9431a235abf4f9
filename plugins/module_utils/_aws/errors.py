# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The errors of calls to AWS, as types that callers can distinguish.

Codes are those of the services in use here; if a code is not enough, the HTTP status decides. See "Common error types"
in https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and each service's own errors.
"""

from __future__ import annotations

import re
import typing as t

from . import quotas, sdk


class AwsError(Exception):
    """A call that AWS, or the way to it, refused. ``code`` is AWS's own where it gave one.

    ``request_id`` is AWS's id of the request, which CloudTrail calls ``requestID``; empty where AWS gave none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        service: str = "",
        operation: str = "",
        region: t.Optional[str] = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.service = service
        self.operation = operation
        self.region = region
        self.request_id = request_id

    def __str__(self) -> str:
        where = f" in {self.region}" if self.region else ""
        call = f"{self.service}:{self.operation}{where}: " if self.operation else ""
        code = f"{self.code}: " if self.code and self.code not in self.message else ""
        return f"{call}{code}{self.message}"

    def rephrase(self, message: str) -> t.Self:
        """Rephrase the error: the same one with another message."""
        named = {name: getattr(self, name) for name in ("code", "service", "operation", "region", "request_id")}
        return type(self)(message, **named)


class AccessDenied(AwsError):
    """The caller may not make this call."""

    @property
    def is_by_scp(self) -> bool:
        """Whether AWS says that an organization's service control policy is the reason."""
        return "service control policy" in self.message.lower()


class RegionDenied(AccessDenied):
    """The region itself is closed to the account: not opted in, disabled, or the credentials are unknown there only."""


class Throttled(AwsError):
    """Too many requests, still after patient retries."""


class Unreachable(AwsError):
    """No answer, or only server errors, still after retries."""


class Unparsable(AwsError):
    """An answer that is not what the API promises: garbage, a proxy's page, or a page token that repeats."""


class Unsupported(AwsError):
    """The service or the operation does not exist here: another partition, region, emulator or an old botocore."""


class NotFound(AwsError):
    """The requested object does not exist."""


class Conflict(AwsError):
    """Somebody else changed the object since it was read."""


class NotRecorded(AwsError):
    """Nothing was called: AWS is played from a recording, and this call is not on it."""


class QuotaExceeded(AwsError):
    """A quota of the account, the region or the organization is used up; the message says which, and what to do."""


class InvalidCredentials(AwsError):
    """No credentials, or AWS does not know them (any more)."""


class InvalidRequest(AwsError):
    """AWS (or botocore before it) does not accept the request as it is, for any other reason; see ``code``."""


_ACCESS_DENIED: t.Final = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedException",
    "UnauthorizedOperation",
}
_REGION_DENIED: t.Final = {"OptInRequired", "RegionDisabledException"}
# Tokens of an account are unknown in the regions that it has not opted in to, so outside the region where the
# credentials proved good these mean the region.
_UNKNOWN_TOKEN: t.Final = {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"}
_INVALID_CREDENTIALS: t.Final = _UNKNOWN_TOKEN | {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
}
_THROTTLED: t.Final = {
    "BandwidthLimitExceeded",
    # Organizations changes one thing at a time, and says so of another change that is under way.
    "ConcurrentModificationException",
    # S3's word for two conditional writes of one key at the same time: try again.
    "ConditionalRequestConflict",
    "EC2ThrottledException",
    "PolicyChangesInProgressException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    # IAM makes so many reports on an organization at a time.
    "ReportGenerationLimitExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
_UNREACHABLE: t.Final = {
    "InternalError",
    # Of EventBridge and Security Hub, of Access Analyzer, of Organizations, and of IAM.
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "RequestTimeout",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
}
_UNSUPPORTED: t.Final = {
    "InvalidAction",
    "NotImplemented",
    # The account can't use the service here at all, seen outside the commercial partition.
    "SubscriptionRequiredException",
    "UnknownOperation",
    "UnknownOperationException",
}
_NOT_FOUND: t.Final = {"AWSOrganizationsNotInUseException", "NotFoundException"}
_NOT_FOUND_CODE: t.Final = re.compile(
    r"^NoSuch|NotFound(Exception|Fault)?$|\.NotFound$|NonExistentQueue$|QueueDoesNotExist$"
)

_CODES: t.Final[tuple[tuple[set[str], type[AwsError]], ...]] = (
    (_ACCESS_DENIED, AccessDenied),
    (_REGION_DENIED, RegionDenied),
    (_INVALID_CREDENTIALS, InvalidCredentials),
    (_THROTTLED, Throttled),
    (_UNREACHABLE, Unreachable),
    (_UNSUPPORTED, Unsupported),
    (_NOT_FOUND, NotFound),
)
# botocore's own exceptions and the bases of others, by name: not every supported botocore has all of them.
_EXCEPTIONS: t.Final[tuple[tuple[type[AwsError], set[str]], ...]] = (
    (Unparsable, {"ChecksumError", "FlexibleChecksumError", "ResponseParserError"}),
    (Unreachable, {"ConnectionError", "HTTPClientError", "IncompleteReadError"}),
    (
        InvalidCredentials,
        {
            "CredentialRetrievalError",
            "LoginError",
            "MetadataRetrievalError",
            "NoCredentialsError",
            "PartialCredentialsError",
            "ProfileNotFound",
            "SSOError",
            "TokenRetrievalError",
        },
    ),
    (
        Unsupported,
        {
            "EndpointProviderError",
            "EndpointVariantError",
            "ServiceNotInRegionError",
            "UnknownEndpointError",
            "UnknownServiceError",
        },
    ),
)
# EC2 appends this to a denial: kilobytes that only sts:DecodeAuthorizationMessage can read.
_ENCODED: t.Final = re.compile(r"\s*Encoded authorization failure message: \S+")
_LONGEST_MESSAGE: t.Final = 1000


def _class_of(code: str, status: int) -> type[AwsError]:
    for codes, kind in _CODES:
        if code in codes:
            return kind
    if _NOT_FOUND_CODE.search(code):
        return NotFound
    by_status: dict[int, type[AwsError]] = {403: AccessDenied, 404: NotFound, 429: Throttled, 501: Unsupported}
    return by_status.get(status, Unreachable if status >= 500 else InvalidRequest)


def _of_answer(response: t.Mapping[str, t.Any], service: str, *, elsewhere: bool) -> tuple[type[AwsError], str, str]:
    error = response.get("Error") or {}
    code = str(error.get("Code") or "")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    message = _ENCODED.sub("", str(error.get("Message") or response.get("message") or f"HTTP status {status}"))
    kind = _class_of(code, status)
    # SNS answers 403 where there are too many topics, Access Analyzer 402.
    advice = quotas.advice(service, code, str(response.get("Reason") or ""))
    if advice and kind is not Throttled:
        return QuotaExceeded, code, f"{message[:_LONGEST_MESSAGE]} ({advice})"
    if kind is InvalidCredentials and elsewhere and code in _UNKNOWN_TOKEN:
        kind, message = RegionDenied, f"the account has not enabled this region ({message.rstrip('.')})"
    return kind, code, message[:_LONGEST_MESSAGE]


def _class_of_exception(exception: Exception) -> type[AwsError]:
    """The kind of an error that botocore itself raises, without an answer of AWS."""
    names = {kind.__name__ for kind in type(exception).__mro__}
    return next((kind for kind, exceptions in _EXCEPTIONS if names & exceptions), InvalidRequest)


def translate(
    exception: Exception, service: str, operation: str, region: t.Optional[str], *, elsewhere: bool = False
) -> AwsError:
    """The typed error of an exception of botocore; an :class:`AwsError` is returned as it is.

    ``elsewhere`` says that the credentials are known to be good in another region, so that an unknown token means
    that this region is closed. For any exception that is not botocore's, see who called with it: it is raised again.
    """
    if isinstance(exception, AwsError):
        return exception
    request_id = ""
    if isinstance(exception, sdk.ClientError):
        kind, code, message = _of_answer(exception.response, service, elsewhere=elsewhere)
        request_id = str(exception.response.get("ResponseMetadata", {}).get("RequestId") or "")
    elif isinstance(exception, (sdk.BotoCoreError, sdk.ResponseParserError)):
        kind = _class_of_exception(exception)
        code, message = type(exception).__name__, str(exception)[:_LONGEST_MESSAGE]
    else:
        raise exception
    return kind(message, code=code, service=service, operation=operation, region=region, request_id=request_id)
