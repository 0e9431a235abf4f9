# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets that a principal could read, by policies of all kinds and by events."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.secrets import (
    Principal,
    Readable,
    Secret,
    SecretKind,
    find_readable_secrets,
)

ACCOUNT: t.Final = "111122223333"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/deploy"
PREFIX: t.Final = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret"
KEY_ARN: t.Final = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1"


def allow(*actions: str, resource: str = "*", effect: str = "Allow", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def policy(*statements: t.Any) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)})


def reader(*statements: t.Any, tags: t.Optional[dict[str, str]] = None, arn: str = ROLE) -> Principal:
    return Principal(arn, Layers(identity=(policy(*statements),)), tags or {})


def secret(name: str = "db", **more: t.Any) -> Secret:
    return Secret(SecretKind.SECRET, f"{PREFIX}:{name}-AbCdEf", name, ACCOUNT, "us-east-1", **more)


def parameter(name: str = "/app/db", **more: t.Any) -> Secret:
    arn = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter{name}"
    return Secret(SecretKind.PARAMETER, arn, name, ACCOUNT, "us-east-1", **more)


def key(*statements: t.Any, is_policy_read: bool = True) -> Secret:
    own = policy(*statements) if statements else None
    return Secret(SecretKind.KEY, KEY_ARN, "alias/data", ACCOUNT, "us-east-1", "", own, is_policy_read)


DELEGATES: t.Final = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
READS: t.Final = allow("secretsmanager:GetSecretValue", "ssm:GetParameter")
DECRYPTS: t.Final = allow("kms:Decrypt")


def rows(secrets: t.Sequence[Secret], *principals: Principal, events: t.Sequence[Event] = ()) -> dict[str, Readable]:
    return {row.secret.name: row.readable for row in find_readable_secrets(secrets, principals, events)}


@pytest.mark.parametrize(
    ("item", "statements", "expected"),
    [
        (secret(), [READS], Readable.YES),
        (secret(), [allow("s3:*")], None),
        (secret(), [READS, allow("*", effect="Deny")], None),
        (secret(), [allow("secretsmanager:*", resource=f"{PREFIX}:other-*")], None),
        (secret(), [{**READS, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}], Readable.MAYBE),
        (parameter(), [READS], Readable.YES),
        (parameter(), [allow("ssm:GetParametersByPath")], Readable.YES),
        (parameter(), [allow("ssm:PutParameter")], None),
        # Its own policy gives, denies, or is not known.
        (secret(policy=policy(allow("*", Principal={"AWS": ROLE}))), [allow("s3:*")], Readable.YES),
        (secret(policy=policy(allow("*", Principal="*", effect="Deny"))), [READS], None),
        (secret(is_policy_read=False), [READS], Readable.MAYBE),
        (secret(is_policy_read=False), [allow("s3:*")], Readable.MAYBE),
        (secret(is_policy_read=False), [allow("*", effect="Deny")], None),
        # A key of another account, or one that was not listed.
        (secret(key_arn="arn:aws:kms:us-east-1:999988887777:key/k"), [READS, DECRYPTS], Readable.MAYBE),
    ],
)
def test_policies_decide(item: Secret, statements: list[t.Any], expected: Readable | None) -> None:
    assert rows([item], reader(*statements)) == ({} if expected is None else {item.name: expected})


@pytest.mark.parametrize(
    ("own", "statements", "secret_is", "key_is"),
    [
        ([DELEGATES], [READS, DECRYPTS], Readable.YES, Readable.YES),
        ([DELEGATES], [READS], None, None),
        ([allow("kms:Decrypt", Principal={"AWS": ROLE})], [READS], Readable.YES, Readable.YES),
        ([allow("kms:Encrypt", Principal={"AWS": ROLE})], [READS, DECRYPTS], None, None),
        (
            [
                {
                    **DELEGATES,
                    "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}},
                }
            ],
            [READS, DECRYPTS],
            Readable.YES,
            None,
        ),
    ],
)
def test_a_customers_key_has_to_allow_too(
    own: list[t.Any], statements: list[t.Any], secret_is: Readable | None, key_is: Readable | None
) -> None:
    found = rows([secret(key_arn=KEY_ARN), key(*own)], reader(*statements))
    assert (found.get("db"), found.get("alias/data")) == (secret_is, key_is)


def test_a_key_policy_that_was_not_read_leaves_it_open() -> None:
    found = rows([secret(key_arn=KEY_ARN), key(is_policy_read=False)], reader(READS, DECRYPTS))
    assert found == {"db": Readable.MAYBE, "alias/data": Readable.MAYBE}


def test_the_mark_of_a_containment_does_not_count() -> None:
    """A control policy may deny by this tag. The intruder read before it was there."""
    denied = allow(
        "*", effect="Deny", Condition={"StringEquals": {"aws:PrincipalTag/iam-hardening:quarantine": "true"}}
    )
    scps = ((policy(allow("*"), denied),),)
    contained = Principal(ROLE, Layers(identity=(policy(READS),), scps=scps), {"iam-hardening:quarantine": "true"})
    assert rows([secret()], contained) == {"db": Readable.YES}


# What was read


def read(source: str, name: str, request: t.Any, *, error: str = "", arn: str = ROLE, number: int = 0) -> Event:
    found = parse_event(
        {
            "eventID": f"{name}{number}",
            "eventTime": f"2026-11-27T10:00:{number:02}Z",
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "recipientAccountId": ACCOUNT,
            "userIdentity": {"type": "IAMUser", "arn": arn},
            "requestParameters": request,
            **({"errorCode": error} if error else {}),
        }
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("item", "event"),
    [
        (secret(), read("secretsmanager", "GetSecretValue", {"secretId": "db"})),
        (secret(), read("secretsmanager", "GetSecretValue", {"secretId": f"{PREFIX}:db-AbCdEf"})),
        (secret(), read("secretsmanager", "GetSecretValue", {"secretId": f"{PREFIX}:db"})),
        (secret(), read("secretsmanager", "BatchGetSecretValue", {"secretIdList": ["x", "db"]})),
        (secret(), read("kms", "Decrypt", {"encryptionContext": {"SecretARN": f"{PREFIX}:db-AbCdEf"}})),
        (parameter(), read("ssm", "GetParameter", {"name": "/app/db", "withDecryption": True})),
        (parameter(), read("ssm", "GetParameters", {"names": ["/x", "/app/db"], "withDecryption": True})),
        (parameter(), read("ssm", "GetParametersByPath", {"path": "/app", "withDecryption": True})),
        (key(), read("kms", "Decrypt", {"keyId": "k-1"})),
        (key(), read("kms", "Decrypt", {"keyId": KEY_ARN})),
    ],
)
def test_a_secret_that_was_read_is_listed_whatever_policies_say(item: Secret, event: Event) -> None:
    found = find_readable_secrets([item, secret("other")], [], [event])
    assert [(row.secret.name, row.readable, row.reads, row.principals) for row in found] == [
        (item.name, Readable.YES, 1, (ROLE,))
    ]
    assert found[0].to_dict()["used"] is True


@pytest.mark.parametrize(
    "event",
    [
        read("secretsmanager", "GetSecretValue", {"secretId": "db"}, error="AccessDenied"),
        read("secretsmanager", "GetSecretValue", {"secretId": f"{PREFIX}:d"}),
        read("secretsmanager", "DescribeSecret", {"secretId": "db"}),
        read("ssm", "GetParameter", {"name": "/app/db"}),
        read("ssm", "GetParametersByPath", {"path": "/ap", "withDecryption": True}),
        read("secretsmanager", "GetSecretValue", {"secretId": {"db": "db"}}),
        read("secretsmanager", "GetSecretValue", None),
        read("kms", "Decrypt", {"encryptionContext": "db"}),
    ],
)
def test_what_read_nothing_does_not_count(event: Event) -> None:
    """Failed calls, values that stay encrypted, other secrets, and malformed requests."""
    assert find_readable_secrets([secret(), parameter()], [], [event]) == ()


def test_what_was_read_is_first_and_counted() -> None:
    events = [read("secretsmanager", "GetSecretValue", {"secretId": "z"}, number=number) for number in range(3)]
    found = find_readable_secrets([secret("a"), secret("z")], [reader(READS)], events)
    assert [(row.secret.name, row.reads) for row in found] == [("z", 3), ("a", 0)]
    assert found[0].last_read is not None
    assert found[0].last_read.second == 2
