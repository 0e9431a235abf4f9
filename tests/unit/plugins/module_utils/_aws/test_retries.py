# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import botocore.loaders
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotFound, translate
from ansible_collections.hardening.iam.plugins.module_utils._aws.quotas import _QUOTAS, _REASONS
from ansible_collections.hardening.iam.plugins.module_utils._aws.retries import _TRANSIENT, bare, judge


def make_error(service: str, operation: str, code: str, *, status: int = 400) -> AwsError:
    response: t.Any = {
        "Error": {"Code": code, "Message": "words of AWS"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return translate(ClientError(response, operation), service, operation, "us-east-1")


@pytest.mark.parametrize(
    ("service", "operation", "code", "status", "least"),
    [
        # "Wait a few minutes", "after waiting several minutes"
        ("iam", "CreatePolicy", "ConcurrentModification", 409, 120),
        ("iam", "UpdateLoginProfile", "EntityTemporarilyUnmodifiable", 409, 120),
        ("iam", "AttachRolePolicy", "Throttling", 400, 25),
        ("organizations", "AttachPolicy", "ConcurrentModificationException", 400, 60),
        ("organizations", "AttachPolicy", "TooManyRequestsException", 400, 60),
        ("organizations", "UpdatePolicy", "PolicyChangesInProgressException", 400, 60),
        ("sns", "CreateTopic", "ConcurrentAccess", 400, 30),
        ("sqs", "CreateQueue", "AWS.SimpleQueueService.QueueDeletedRecently", 400, 61),
        ("sqs", "CreateQueue", "QueueDeletedRecently", 400, 61),
        ("events", "PutTargets", "ConcurrentModificationException", 400, 30),
        ("securityhub", "UpdateSecurityControl", "ResourceInUseException", 400, 60),
        ("config", "PutConfigRule", "ThrottlingException", 400, 25),
    ],
)
def test_what_passes_is_waited_for_and_aws_says_that_nothing_was_done(
    service: str, operation: str, code: str, status: int, least: float
) -> None:
    verdict = judge(make_error(service, operation, code, status=status), service, operation)
    assert verdict.changed_nothing
    assert sum(verdict.waits) >= least
    assert sum(verdict.waits) < 150
    # The first attempts come soon, the later ones ever later.
    assert list(verdict.waits) == sorted(verdict.waits) and verdict.waits[0] <= 2


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("iam", "CreatePolicy", "AccessDenied", 403),
        ("iam", "CreatePolicy", "MalformedPolicyDocument", 400),
        ("iam", "CreatePolicy", "LimitExceeded", 409),
        ("iam", "AttachUserPolicy", "NoSuchEntity", 404),
        ("iam", "DeleteRole", "DeleteConflict", 409),
        ("sns", "CreateTopic", "TopicLimitExceeded", 403),
        # Another service's word for something that passes.
        ("config", "PutConfigRule", "ConcurrentAccess", 400),
        ("config", "DeleteConfigRule", "ResourceInUseException", 400),
        ("iam", "CreatePolicy", "ExpiredToken", 403),
    ],
)
def test_what_does_not_pass_is_final(service: str, operation: str, code: str, status: int) -> None:
    verdict = judge(make_error(service, operation, code, status=status), service, operation)
    assert (verdict.changed_nothing, verdict.waits) == (True, ())


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("iam", "CreateGroup", "EntityAlreadyExists"),
        ("iam", "DeleteUserPolicy", "NoSuchEntity"),
        ("iam", "DetachUserPolicy", "NoSuchEntity"),
        ("iam", "RemoveUserFromGroup", "NoSuchEntity"),
        ("organizations", "AttachPolicy", "DuplicatePolicyAttachmentException"),
        ("organizations", "DetachPolicy", "PolicyNotAttachedException"),
        ("events", "DeleteRule", "ResourceNotFoundException"),
        ("sqs", "CreateQueue", "QueueAlreadyExists"),
        ("accessanalyzer", "CreateAnalyzer", "ConflictException"),
        ("securityhub", "EnableSecurityHub", "ResourceConflictException"),
    ],
)
def test_where_somebody_else_was_quicker_reads_may_lag_for_a_while(service: str, operation: str, code: str) -> None:
    verdict = judge(make_error(service, operation, code), service, operation)
    assert verdict.changed_nothing
    assert 10 <= sum(verdict.waits) < 30


def test_what_was_just_made_may_not_be_known_everywhere_yet() -> None:
    missing = make_error("iam", "AttachGroupPolicy", "NoSuchEntity", status=404)
    verdict = judge(missing, "iam", "AttachGroupPolicy")
    assert verdict.waits == () and sum(verdict.waits_if_new) >= 30
    denied = make_error("iam", "AttachGroupPolicy", "AccessDenied", status=403)
    assert judge(denied, "iam", "AttachGroupPolicy").waits_if_new == ()
    # On what this run made, a deletion waits no less than on what it did not make.
    gone = judge(make_error("iam", "DeleteGroup", "NoSuchEntity"), "iam", "DeleteGroup")
    assert sum(gone.waits_if_new) >= sum(gone.waits) > 0


@pytest.mark.parametrize(
    ("exception", "is_answered"),
    [
        (ConnectionClosedError(endpoint_url="u"), False),
        (ReadTimeoutError(endpoint_url="u"), False),
        # Nothing was sent.
        (ConnectTimeoutError(endpoint_url="u"), True),
    ],
)
def test_no_answer_leaves_it_open_whether_a_write_was_made(exception: Exception, is_answered: bool) -> None:
    verdict = judge(translate(exception, "iam", "CreateGroup", None), "iam", "CreateGroup")
    assert verdict.changed_nothing is is_answered
    assert verdict.waits


def test_a_failure_of_aws_leaves_it_open_too() -> None:
    verdict = judge(make_error("iam", "CreateGroup", "ServiceFailure", status=500), "iam", "CreateGroup")
    assert not verdict.changed_nothing and verdict.waits


@pytest.mark.parametrize(("operation", "request_id"), [("CreateUser", "4I7J"), ("TagUser", "")])
def test_only_an_answer_of_the_write_itself_says_which_request_it_was(operation: str, request_id: str) -> None:
    error = AwsError("refused", code="AccessDenied", service="iam", operation=operation, request_id="4I7J")
    assert judge(error, "iam", "CreateUser").request_id == request_id


def test_an_error_of_another_call_leaves_the_write_open() -> None:
    """An archive rule is made, and then applied: where AWS refuses the second, the first was made all the same."""
    error = make_error("accessanalyzer", "ApplyArchiveRule", "AccessDeniedException", status=403)
    assert not judge(error, "accessanalyzer", "CreateArchiveRule").changed_nothing


def test_an_error_of_another_kind_is_final() -> None:
    verdict = judge(ValueError("x"), "iam", "CreateGroup")
    assert (verdict.changed_nothing, verdict.waits, verdict.waits_if_new) == (False, (), ())
    assert judge(NotFound("there is none", service="iam", operation="X"), "iam", "X").waits == ()


# The tables, against botocore's models


def codes_of(service: str) -> set[str]:
    """The codes of a service, as botocore has them in exceptions or, for query protocols, in the answer."""
    shapes = botocore.loaders.Loader().load_service_model(service, "service-2")["shapes"]
    modeled = {name: shape for name, shape in shapes.items() if shape.get("exception")}
    return {bare(shape.get("error", {}).get("code") or name) for name, shape in modeled.items()}


@pytest.mark.parametrize("service", sorted(_TRANSIENT))
def test_every_code_that_passes_is_one_of_its_service(service: str) -> None:
    assert set(_TRANSIENT[service]) <= codes_of(service)


@pytest.mark.parametrize("service", sorted(_QUOTAS))
def test_every_code_of_a_quota_is_one_of_its_service(service: str) -> None:
    assert set(_QUOTAS[service]) <= codes_of(service)


def test_the_documentation_lists_every_code_that_passes(checkout: Path) -> None:
    page = (checkout / "docs" / "writes.md").read_text(encoding="utf-8")
    codes = [code for codes in _TRANSIENT.values() for code in codes]
    assert [code for code in codes if f"`{code}`" not in page and f"`{code}Exception`" not in page] == []


def test_every_reason_is_one_of_organizations() -> None:
    shapes = botocore.loaders.Loader().load_service_model("organizations", "service-2")["shapes"]
    assert set(_REASONS) <= set(shapes["ConstraintViolationExceptionReason"]["enum"])
