# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    RegionDenied,
    Throttled,
    Unparsable,
    Unreachable,
    Unsupported,
    translate,
)

BY_SCP = "User: x is not authorized to perform: y with an explicit deny in a service control policy: arn"


def answer(code: str, *, status: int = 400, message: str = "words of AWS") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetUser"
    )


def kind_of(error: AwsError) -> type[AwsError]:
    """An error's own class: isinstance would take a special one for the general one as well."""
    return type(error)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, AccessDenied),
        ("AccessDeniedException", 400, AccessDenied),
        ("UnauthorizedOperation", 403, AccessDenied),
        ("403", 403, AccessDenied),
        ("RegionDisabledException", 403, RegionDenied),
        ("OptInRequired", 401, RegionDenied),
        ("InvalidClientTokenId", 403, InvalidCredentials),
        ("UnrecognizedClientException", 403, InvalidCredentials),
        ("AuthFailure", 401, InvalidCredentials),
        ("ExpiredToken", 403, InvalidCredentials),
        ("ExpiredTokenException", 400, InvalidCredentials),
        ("SignatureDoesNotMatch", 403, InvalidCredentials),
        ("Throttling", 400, Throttled),
        ("ThrottlingException", 429, Throttled),
        ("TooManyRequestsException", 400, Throttled),
        ("RequestLimitExceeded", 503, Throttled),
        ("SlowDown", 503, Throttled),
        ("ConditionalRequestConflict", 409, Throttled),
        ("SomethingElse", 429, Throttled),
        ("InternalFailure", 500, Unreachable),
        ("ServiceUnavailable", 503, Unreachable),
        ("502", 502, Unreachable),
        ("NotImplemented", 501, Unsupported),
        ("501", 501, Unsupported),
        ("InvalidAction", 400, Unsupported),
        ("UnknownOperationException", 400, Unsupported),
        ("SubscriptionRequiredException", 400, Unsupported),
        ("NoSuchEntity", 404, NotFound),
        ("NoSuchKey", 404, NotFound),
        ("NoSuchConfigurationRecorderException", 400, NotFound),
        ("ResourceNotFoundException", 404, NotFound),
        ("TrailNotFoundException", 400, NotFound),
        ("InvalidInstanceID.NotFound", 400, NotFound),
        ("AWSOrganizationsNotInUseException", 400, NotFound),
        ("404", 404, NotFound),
        ("ValidationError", 400, InvalidRequest),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, NotFound),
        ("QueueDoesNotExist", 400, NotFound),
        ("ServiceFailure", 500, Unreachable),
        ("InternalException", 400, Unreachable),
        ("ReportGenerationLimitExceeded", 409, Throttled),
        ("EntityAlreadyExists", 409, InvalidRequest),
        ("InvalidAccessException", 401, InvalidRequest),
    ],
)
def test_answers_by_code_then_by_status(code: str, status: int, kind: type[AwsError]) -> None:
    error = translate(answer(code, status=status), "iam", "GetUser", "us-east-1")
    assert kind_of(error) is kind
    assert (error.code, error.service, error.operation, error.region) == (code, "iam", "GetUser", "us-east-1")
    assert error.message == "words of AWS"
    assert str(error) == f"iam:GetUser in us-east-1: {code}: words of AWS"


@pytest.mark.parametrize(
    ("service", "code", "status", "words"),
    [
        ("iam", "LimitExceeded", 409, "a quota of IAM, which AWS names here"),
        ("sns", "TopicLimitExceeded", 403, "the number of SNS topics in this region"),
        ("events", "LimitExceededException", 400, "the number of EventBridge rules on this bus"),
        ("config", "MaxNumberOfConfigRulesExceededException", 400, "the number of AWS Config rules in this region"),
        ("accessanalyzer", "ServiceQuotaExceededException", 402, "the number of analyzers of this type"),
        ("sqs", "OverLimit", 403, "a limit of SQS on one queue"),
        # Of a service that the table does not have.
        ("somewhere", "ThingQuotaExceeded", 403, "a quota of somewhere"),
    ],
)
def test_a_quota_that_is_used_up_is_named_with_what_to_do(service: str, code: str, status: int, words: str) -> None:
    error = translate(answer(code, status=status), service, "CreateThing", "us-east-1")
    assert kind_of(error) is QuotaExceeded
    assert error.code == code
    assert error.message.startswith(f"words of AWS (quota used up: {words}")
    assert "; delete unused ones" in error.message


def test_organizations_names_the_quota_in_a_reason() -> None:
    def translate_reason(reason: str) -> AwsError:
        refused = answer("ConstraintViolationException")
        refused.response["Reason"] = reason  # type: ignore[typeddict-unknown-key]
        return translate(refused, "organizations", "AttachPolicy", None)

    full = translate_reason("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert kind_of(full) is QuotaExceeded
    assert "policies of one type that are attached to one root, OU or account; detach one" in full.message
    assert kind_of(translate_reason("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")) is InvalidRequest


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("securityhub", "LimitExceededException", 429),
        ("ec2", "RequestLimitExceeded", 503),
        ("iam", "Throttling", 400),
    ],
)
def test_too_many_requests_are_no_quota_to_raise(service: str, code: str, status: int) -> None:
    assert kind_of(translate(answer(code, status=status), service, "X", None)) is Throttled


@pytest.mark.parametrize("code", ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"])
def test_credentials_that_are_good_elsewhere_mean_a_closed_region(code: str) -> None:
    assert kind_of(translate(answer(code), "ec2", "DescribeRegions", "me-south-1", elsewhere=True)) is RegionDenied


def test_credentials_that_ended_are_bad_everywhere() -> None:
    assert kind_of(translate(answer("ExpiredToken"), "ec2", "X", "me-south-1", elsewhere=True)) is InvalidCredentials


@pytest.mark.parametrize(
    ("message", "is_by_scp"),
    [
        (BY_SCP, True),
        ("because no service control policy allows the iam:GetUser action", True),
        ("because no identity-based policy allows the iam:GetUser action", False),
    ],
)
def test_denials_by_a_service_control_policy_are_told_apart(message: str, is_by_scp: bool) -> None:
    error = translate(answer("AccessDenied", message=message), "iam", "GetUser", None)
    assert isinstance(error, AccessDenied)
    assert error.is_by_scp is is_by_scp


def test_what_nobody_can_read_is_left_out_of_a_message() -> None:
    message = f"You are not authorized. Encoded authorization failure message: {'x' * 3000}"
    error = translate(answer("UnauthorizedOperation", message=message), "ec2", "DescribeInstances", None)
    assert error.message == "You are not authorized."
    assert len(translate(answer("X", message="y" * 5000), "ec2", "X", None).message) == 1000


def test_an_answer_without_a_message_still_says_something() -> None:
    error = translate(ClientError({"ResponseMetadata": {"HTTPStatusCode": 503}}, "X"), "iam", "X", None)
    assert kind_of(error) is Unreachable
    assert str(error) == "iam:X: HTTP status 503"


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("EndpointConnectionError", {"endpoint_url": "u"}, Unreachable),
        ("ConnectTimeoutError", {"endpoint_url": "u"}, Unreachable),
        ("ReadTimeoutError", {"endpoint_url": "u"}, Unreachable),
        ("ConnectionClosedError", {"endpoint_url": "u"}, Unreachable),
        ("SSLError", {"endpoint_url": "u", "error": "e"}, Unreachable),
        ("IncompleteReadError", {"actual_bytes": 1, "expected_bytes": 2}, Unreachable),
        ("NoCredentialsError", {}, InvalidCredentials),
        ("PartialCredentialsError", {"provider": "p", "cred_var": "v"}, InvalidCredentials),
        ("CredentialRetrievalError", {"provider": "p", "error_msg": "m"}, InvalidCredentials),
        ("ProfileNotFound", {"profile": "p"}, InvalidCredentials),
        ("UnauthorizedSSOTokenError", {}, InvalidCredentials),
        ("UnknownServiceError", {"service_name": "s", "known_service_names": "n"}, Unsupported),
        ("EndpointProviderError", {"msg": "m"}, Unsupported),
        ("ParamValidationError", {"report": "r"}, InvalidRequest),
        ("NoRegionError", {}, InvalidRequest),
    ],
)
def test_exceptions_of_botocore_itself(name: str, fields: dict[str, t.Any], kind: type[AwsError]) -> None:
    exception = getattr(botocore.exceptions, name)(**fields)
    error = translate(exception, "iam", "GetUser", None)
    assert kind_of(error) is kind
    assert error.code == name


def test_an_unreadable_answer() -> None:
    assert kind_of(translate(ResponseParserError("no XML"), "iam", "GetUser", None)) is Unparsable


def test_typed_errors_stay_and_strange_ones_are_not_swallowed() -> None:
    error = NotFound("gone", code="NoSuchEntity")
    assert translate(error, "iam", "GetUser", None) is error
    with pytest.raises(ZeroDivisionError):
        translate(ZeroDivisionError(), "iam", "GetUser", None)


def test_other_words_for_the_same_error() -> None:
    error = AccessDenied("before", code="AccessDenied", service="iam", operation="GetUser", region="us-east-1")
    other = error.rephrase("after: AccessDenied")
    assert kind_of(other) is AccessDenied
    assert str(other) == "iam:GetUser in us-east-1: after: AccessDenied"
    assert str(AwsError("only words")) == "only words"


# Codes as AWS's API references have them, by what a run does on them.
SAME_CODES: t.Final[t.Mapping[type[AwsError], t.Sequence[str]]] = {
    AccessDenied: [
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    ],
    InvalidCredentials: [
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
    ],
    Throttled: [
        "BandwidthLimitExceeded",
        "ConcurrentModificationException",
        "EC2ThrottledException",
        "PolicyChangesInProgressException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequests",
        "TransactionInProgressException",
    ],
    Unreachable: ["InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "ServiceUnavailable"],
    Unsupported: ["NotImplemented", "UnknownOperation"],
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in SAME_CODES.items() for code in codes])
def test_a_code_means_the_same_whatever_the_status(kind: type[AwsError], code: str) -> None:
    """Services answer with 400 where others answer with 403 or 429: the status alone tells nothing."""
    assert kind_of(translate(answer(code, status=400), "iam", "GetUser", "us-east-1")) is kind
