# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    NotFound,
    Throttled,
    Unparsable,
    Unreachable,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    RotationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.declared import Fields
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.issuing.run import (
    NOT_DELETED,
    Issuer,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import CURRENT

from ..recorded import RecordedAws, answer_secret
from ..rotations import ACCOUNT, NEW, PREVIOUS, SECRET, TARGET, USER_ID, VERSION, key, secret, user

VALUE: t.Final = "a/secret+value"
CHANGE: t.Final = RotationWriter(ACCOUNT, "aws", "us-east-1").create_key(user(key()), key(), TARGET, secret())
STORED: t.Final = answer_secret({VERSION: ["AWSPENDING"], PREVIOUS: [CURRENT]})["DescribeSecret"]
UNSTORED: t.Final = answer_secret({PREVIOUS: [CURRENT]})["DescribeSecret"]
DENIED: t.Final = AccessDenied("no", code="AccessDenied", service="x", operation="y")
CUT: t.Final = Unreachable("cut", code="ReadTimeoutError")
GARBAGE: t.Final = Unparsable("garbage", code="x")
BUSY: t.Final = Throttled("busy", code="ThrottlingException")
MISSING: t.Final = NotFound("none", code="NoSuchEntity")


class Aws(RecordedAws):
    """AWS that makes a key and answers in turn; the last answer stays."""

    def __init__(self, **answers: t.Any) -> None:
        given = {"DescribeSecret": UNSTORED, "DeleteAccessKey": {}, **answers}
        turns = {name: list(one) if isinstance(one, list) else [one] for name, one in given.items()}

        def take(name: str) -> t.Any:
            return lambda _asked: turns[name].pop(0) if len(turns[name]) > 1 else turns[name][0]

        made = {"CreateAccessKey": lambda _asked: {"AccessKey": {"AccessKeyId": NEW, "SecretAccessKey": VALUE}}}
        super().__init__({**made, **{name: take(name) for name in turns}})

    def issue(self) -> t.Any:
        issuer = Issuer(
            t.cast(t.Any, self), CHANGE, user_id=USER_ID, secret_id=SECRET, fields=Fields(), sleep=self.waits.append
        )
        return issuer.call("iam", "CreateAccessKey", {"UserName": "svc"})

    @property
    def waits(self) -> list[float]:
        return self.__dict__.setdefault("_waits", [])

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _asked, _region in self.asked)


def fail(aws: Aws) -> AwsError:
    with pytest.raises(AwsError) as raised:
        aws.issue()
    assert VALUE not in str(raised.value)
    return raised.value


def test_a_key_goes_into_its_secret_and_only_its_ids_come_back() -> None:
    aws = Aws(PutSecretValue={"ARN": SECRET})
    assert aws.issue() == {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION}
    ((asked, region),) = [(asked, region) for name, asked, region in aws.asked if name == "PutSecretValue"]
    assert json.loads(asked["SecretString"]) == {"AccessKeyId": NEW, "SecretAccessKey": VALUE}
    assert (asked["VersionStages"], asked["ClientRequestToken"], region) == (["AWSPENDING"], VERSION, "us-east-1")
    assert aws.waits == [] and aws.count("DescribeSecret") == 0 and aws.count("DeleteAccessKey") == 0
    with pytest.raises(ValueError, match="makes no access key"):
        Issuer(t.cast(t.Any, aws), CHANGE, user_id="", secret_id="", fields=Fields()).call("iam", "DeleteAccessKey")


@pytest.mark.parametrize("error", [CUT, GARBAGE, BUSY, MISSING])
def test_a_passing_error_is_repeated_and_an_answer_that_was_lost_is_looked_for(error: AwsError) -> None:
    again = Aws(PutSecretValue=[error, {"ARN": SECRET}])
    is_lost = error in (CUT, GARBAGE)
    assert again.issue()["SecretArn"] == SECRET and again.waits == [1.0]
    # A clear answer needs no look.
    assert again.count("DescribeSecret") == is_lost
    if not is_lost:
        return
    found = Aws(PutSecretValue=error, DescribeSecret=STORED)
    assert found.issue()["VersionId"] == VERSION
    assert (found.count("PutSecretValue"), found.count("DeleteAccessKey")) == (1, 0)


@pytest.mark.parametrize(("error", "times"), [(CUT, 4), (GARBAGE, 4), (BUSY, 4), (MISSING, 4), (DENIED, 1)])
def test_a_secret_that_is_not_stored_costs_the_key(error: AwsError, times: int) -> None:
    """Secrets Manager shows that it has no such version, or has refused each request."""
    aws = Aws(PutSecretValue=error)
    failure = fail(aws)
    assert "the new access key was deleted at once" in failure.message and failure.code == error.code
    assert (aws.count("PutSecretValue"), aws.count("DeleteAccessKey")) == (times, 1)
    assert aws.count("DescribeSecret") == (times if error in (CUT, GARBAGE) else 0)
    assert sum(aws.waits) == (7.0 if times > 1 else 0.0)


@pytest.mark.parametrize("errors", [[CUT], [GARBAGE], [CUT, DENIED], [BUSY, CUT, BUSY]])
def test_a_key_whose_secret_was_perhaps_stored_is_not_deleted(errors: list[AwsError]) -> None:
    aws = Aws(PutSecretValue=errors, DescribeSecret=DENIED)
    failure = fail(aws)
    assert failure.code == NOT_DELETED and aws.count("DeleteAccessKey") == 0
    assert (failure.service, failure.operation) == ("iam", "DeleteAccessKey")
    assert "it is not known whether Secrets Manager has stored its secret" in failure.message
    assert "can't be read (no)" in failure.message
    assert f"aws iam delete-access-key --user-name svc --access-key-id {NEW}" in failure.message


@pytest.mark.parametrize("error", [BUSY, DENIED])
def test_requests_that_secrets_manager_refused_stored_nothing_although_nobody_can_look(error: AwsError) -> None:
    aws = Aws(PutSecretValue=error, DescribeSecret=DENIED)
    assert "deleted at once" in fail(aws).message and aws.count("DeleteAccessKey") == 1


def test_a_lost_answer_counts_although_a_later_request_is_refused() -> None:
    aws = Aws(PutSecretValue=[CUT, DENIED], DescribeSecret=[DENIED, STORED])
    assert aws.issue()["VersionId"] == VERSION


@pytest.mark.parametrize(("error", "times"), [(MISSING, 4), (CUT, 4), (DENIED, 1)])
def test_a_key_that_was_perhaps_not_deleted_is_named(error: AwsError, times: int) -> None:
    """IAM is eventually consistent: "no such key" of a key that was just made does not show that it is gone."""
    aws = Aws(PutSecretValue=DENIED, DeleteAccessKey=error)
    failure = fail(aws)
    assert failure.code == NOT_DELETED and aws.count("DeleteAccessKey") == times
    assert sum(aws.waits) == (7.0 if times > 1 else 0.0)
    assert "not known whether it was deleted" in failure.message and "deleted at once" not in failure.message
    assert f"--access-key-id {NEW}" in failure.message


@pytest.mark.parametrize("code", ["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
def test_a_deletion_is_repeated_while_iam_is_too_busy(code: str) -> None:
    busy = AwsError("busy", code=code, service="iam", operation="DeleteAccessKey")
    aws = Aws(PutSecretValue=DENIED, DeleteAccessKey=[busy, MISSING, {}])
    assert "deleted at once" in fail(aws).message and aws.count("DeleteAccessKey") == 3


def test_a_signal_costs_the_key_and_stays_what_it_is() -> None:
    def interrupt(_asked: t.Any) -> t.Any:
        raise KeyboardInterrupt

    aws = Aws()
    aws.answers["PutSecretValue"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        aws.issue()
    assert aws.count("DeleteAccessKey") == 1


@pytest.mark.parametrize("text", [VALUE, "a%2Fsecret%2Bvalue"])
def test_an_error_that_repeats_the_secret_is_masked(text: str) -> None:
    assert text not in str(fail(Aws(PutSecretValue=AwsError(f"bad: {text}", code="X"))))

    def leak(_asked: t.Any) -> t.Any:
        raise RuntimeError("x") from ValueError(VALUE)

    aws = Aws()
    aws.answers["PutSecretValue"] = leak
    assert "RuntimeError" in str(fail(aws))
