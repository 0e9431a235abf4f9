# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of every request, so that a test can assert what was asked of AWS and that no write was."""

from __future__ import annotations

import collections
import contextlib
import threading
import typing as t

from emulator.wire import Call

MASK: t.Final = "********"

SECRET_PARAMETERS: t.Final = frozenset(
    {
        "AuthenticationCode1",
        "AuthenticationCode2",
        "NewPassword",
        "OldPassword",
        "Password",
        "PrivateKey",
        "SAMLAssertion",
        "SecretAccessKey",
        "SecretBinary",
        "SecretString",
        "SessionToken",
        "TokenCode",
        "WebIdentityToken",
    }
)

READ_PREFIXES: t.Final = (
    "BatchGet",
    "Check",
    "Decode",
    "Describe",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Search",
    "Select",
    "Simulate",
    "Validate",
)

#: Calls whose names mislead: sessions change nothing in the account, tokens and secrets are no harmless reads.
READ_ONLY_EXCEPTIONS: t.Mapping[tuple[str, str], bool] = {
    ("events", "TestEventPattern"): True,
    ("iam", "GenerateCredentialReport"): True,
    ("iam", "GenerateOrganizationsAccessReport"): True,
    ("iam", "GenerateServiceLastAccessedDetails"): True,
    ("secretsmanager", "GetSecretValue"): False,
    ("sts", "AssumeRole"): True,
    ("sts", "AssumeRoleWithSAML"): True,
    ("sts", "AssumeRoleWithWebIdentity"): True,
    ("sts", "AssumeRoot"): True,
    ("sts", "GetFederationToken"): False,
    ("sts", "GetSessionToken"): False,
}


def is_read_only(service: str, operation: str) -> bool:
    """Whether the operation changes nothing, judged by its name: never by the HTTP verb."""
    exception = READ_ONLY_EXCEPTIONS.get((service, operation))
    return operation.startswith(READ_PREFIXES) if exception is None else exception


class Record(t.TypedDict):
    """One request as the log tells it."""

    time: str
    service: str
    operation: str
    account_id: str
    region: str
    access_key_id: str
    caller_arn: str
    parameters: dict[str, t.Any]
    status: int
    error_code: str | None
    read_only: bool
    in_flight: int


class RequestLog:
    """The records in the order in which the requests were answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._in_flight: collections.Counter[tuple[str, str]] = collections.Counter()

    @contextlib.contextmanager
    def count_in_flight(self, call: Call) -> t.Iterator[int]:
        """Count a call of this operation as being answered; how many of them there are now."""
        key = (call.service, call.operation)
        with self._lock:
            self._in_flight[key] += 1
            number = self._in_flight[key]
        try:
            yield number
        finally:
            with self._lock:
                self._in_flight[key] -= 1

    def append(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)

    def records(self) -> list[Record]:
        with self._lock:
            return list(self._records)

    def set(self, records: t.Sequence[Record]) -> None:
        with self._lock:
            self._records = list(records)

    def clear(self) -> None:
        self.set(())


def record(
    call: Call,
    *,
    time: str,
    account_id: str,
    caller_arn: str,
    status: int,
    error_code: str | None,
    in_flight: int,
) -> Record:
    """The record of a call; a status of 0 means that it got no answer.

    ``in_flight`` counts the calls of this operation, this one included, that had no answer yet when this one arrived.
    """
    return {
        "time": time,
        "service": call.service,
        "operation": call.operation,
        "account_id": account_id,
        "region": call.region,
        "access_key_id": call.access_key_id,
        "caller_arn": caller_arn,
        "parameters": mask(call.parameters),
        "status": status,
        "error_code": error_code,
        "read_only": is_read_only(call.service, call.operation),
        "in_flight": in_flight,
    }


def mask(parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Replace every secret of the parameters, at any depth."""
    return {key: MASK if key in SECRET_PARAMETERS else _mask_value(value) for key, value in parameters.items()}


def _mask_value(value: t.Any) -> t.Any:
    if isinstance(value, t.Mapping):
        return mask(value)
    if isinstance(value, list):
        return [_mask_value(item) for item in value]
    return value
