# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each error that botocore's models name for the operations gets a next step."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, InvalidRequest, translate
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._questions.next_steps import explain
from ansible_collections.hardening.iam.plugins.module_utils._questions.recommendations import OPERATIONS

ALL: t.Final = Operations().union(*OPERATIONS.values())
STEPS: t.Final = {
    "AccessDeniedException": "Allow ",
    "ConflictException": "run again",
    "InternalServerException": "run again in some minutes",
    "InvalidInputException": "run again after that",
    "OrganizationNotFoundException": "leave out security_hub",
    "OrganizationalUnitNotFoundException": "leave out security_hub",
    "ResourceNotFoundException": "run again",
    "ThrottlingException": "run again in some minutes",
    "ValidationException": "run again after that",
}


def list_errors() -> Iterator[tuple[str, str, str, int]]:
    for name in sorted(ALL.reads | ALL.jobs):
        service, _colon, operation = name.partition(":")
        model = service_model(service)
        # The oldest botocore lacks some operations.
        if service == "ec2" or operation not in model.operation_names:
            continue
        for shape in model.operation_model(operation).error_shapes:
            yield service, operation, shape.name, shape.metadata["error"]["httpStatusCode"]


@pytest.mark.parametrize(("service", "operation", "code", "status"), list(list_errors()))
def test_each_error_of_the_models_has_a_next_step(service: str, operation: str, code: str, status: int) -> None:
    answer: t.Any = {
        "Error": {"Code": code, "Message": "AWS's words."},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    text = explain(translate(ClientError(answer, operation), service, operation, "eu-west-1"))
    assert text.startswith(f"{service}:{operation} in eu-west-1: {code}: AWS's words. ")
    assert STEPS[code] in text
    if code == "AccessDeniedException":
        prefix = {"accessanalyzer": "access-analyzer", "securityhub": "securityhub"}[service]
        assert f"Allow {prefix}:{operation.removesuffix('V2')}" in text


def test_a_denial_by_an_scp_is_no_matter_of_the_role() -> None:
    error = AccessDenied("with an explicit deny in a service control policy", service="s", operation="DoIt")
    assert explain(error).endswith("A service control policy denies it to every role of the account")


def test_another_module_has_other_words_for_a_request_that_aws_does_not_accept() -> None:
    assert explain(InvalidRequest("no such job."), "Start another one") == "no such job. Start another one"
