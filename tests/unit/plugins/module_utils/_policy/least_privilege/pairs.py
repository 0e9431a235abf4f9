# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated pairs of old and narrower policies, mistakes in the new ones, and requests drawn independently of both."""

from __future__ import annotations

import copy
import dataclasses
import random
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage, Record

ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
ALICE: t.Final = "arn:aws:iam::111122223333:user/alice"
NOTHING: t.Final = Record(ROLE, "AROAEXAMPLE", Coverage(90), digest="0" * 64)

Document = dict[str, t.Any]

# Wide patterns of actions, each with narrower ones.
ACTIONS: t.Final[dict[str, tuple[str, ...]]] = {
    "*": ("s3:GetObject", "sqs:*", "ec2:Describe*", "iam:GetRole", "kms:Decrypt"),
    "s3:*": ("s3:GetObject", "S3:putobject", "s3:List*", "s3:Get*Acl", "s3:DeleteObject"),
    "s3:Get*": ("s3:GetObject", "s3:GetBucket*", "s3:getobjectacl"),
    "sqs:*": ("sqs:SendMessage", "sqs:Receive*", "SQS:sendmessage"),
    "dynamodb:*Item": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Batch*Item"),
    "ec2:Describe*": ("ec2:DescribeInstances", "ec2:DescribeV*"),
    "iam:?etRole*": ("iam:GetRole", "iam:GetRolePolicy"),
    "kms:*": ("kms:Decrypt", "kms:GenerateDataKey*"),
    "s*:Send*": ("sqs:SendMessage", "ses:SendEmail"),
    "secretsmanager:GetSecretValue": ("secretsmanager:getsecretvalue",),
}
RESOURCES: t.Final[dict[str, tuple[str, ...]]] = {
    "*": ("arn:aws:s3:::data/*", "arn:aws:sqs:eu-west-1:111122223333:jobs", "arn:aws:kms:*:111122223333:key/*"),
    "arn:aws:s3:::data*": ("arn:aws:s3:::data", "arn:aws:s3:::data/in/*", "arn:aws:s3:::data-?/x"),
    "arn:aws:s3:::logs/*": ("arn:aws:s3:::logs/2026/*", "arn:aws:s3:::logs/a"),
    "arn:aws:sqs:*:111122223333:*": ("arn:aws:sqs:eu-west-1:111122223333:jobs", "arn:aws:sqs:*:111122223333:jobs-*"),
    "arn:aws:dynamodb:eu-west-1:111122223333:table/*": ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders",),
    "arn:aws:kms:eu-west-1:111122223333:key/*": ("arn:aws:kms:eu-west-1:111122223333:key/a?c",),
    "arn:aws:s3:::home/${aws:username}/*": ("arn:aws:s3:::home/${aws:username}/in/*",),
}
VARIABLES: t.Final = frozenset(pattern for pattern in RESOURCES if "${" in pattern)
# Wide conditions, each with one that follows from it being met.
CONDITIONS: t.Final[tuple[tuple[Document, Document], ...]] = (
    ({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},) * 2,
    (
        {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
        {"StringEquals": {"AWS:requestedregion": "eu-west-1"}},
    ),
    ({"StringLike": {"aws:PrincipalTag/team": "data*"}}, {"StringEquals": {"aws:PrincipalTag/team": "data-1"}}),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "10.2.0.1"]}}),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"Bool": {"aws:MultiFactorAuthPresent": True}}),
    ({"BoolIfExists": {"aws:SecureTransport": "true"}}, {"Bool": {"aws:SecureTransport": "true"}}),
    ({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}, {"StringNotLike": {"aws:RequestedRegion": "us-*"}}),
    ({"NumericLessThan": {"s3:max-keys": "100"}}, {"NumericLessThanEquals": {"s3:max-keys": 50}}),
    (
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
    ),
    ({"Null": {"aws:SourceVpce": "false"}}, {"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
    (
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2029-06-01"}},
    ),
)
DENIALS: t.Final[tuple[Document, ...]] = (
    {"Action": "s3:Delete*", "Resource": "*"},
    {"Action": ["iam:*"], "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
    {
        "NotAction": ["s3:*", "sqs:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
    },
    {
        "Action": "*",
        "NotResource": ["arn:aws:s3:::data*", "arn:aws:sqs:*"],
        "Condition": {"Null": {"aws:SourceVpce": "true"}},
    },
    {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"},
    {"Action": "kms:*", "Resource": "*"},
)

REQUEST_ACTIONS: t.Final = (
    *("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketAcl", "s3:DeleteObject", "sqs:SendMessage"),
    *("sqs:ReceiveMessage", "sqs:DeleteQueue", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:DeleteTable"),
    *("ec2:DescribeInstances", "ec2:RunInstances", "iam:GetRole", "iam:SetRoleX", "iam:PassRole", "kms:Decrypt"),
    *("kms:PutKeyPolicy", "ses:SendEmail", "secretsmanager:GetSecretValue", "s3:GetNewThing", "lambda:InvokeFunction"),
)
REQUEST_RESOURCES: t.Final = (
    *(
        "*",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data/in/a",
        "arn:aws:s3:::data-1/x",
        "arn:aws:s3:::data2",
        "arn:aws:s3:::other",
    ),
    *(
        "arn:aws:s3:::logs/a",
        "arn:aws:s3:::logs/2026/b:c",
        "arn:aws:s3:::home/alice/in/x",
        "arn:aws:s3:::home/bob/in/x",
    ),
    *(
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        "arn:aws:sqs:us-east-1:111122223333:jobs-2",
        "arn:aws:sqs:eu-west-1:9:x",
    ),
    *("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "arn:aws:dynamodb:eu-west-1:111122223333:table/x"),
    *("arn:aws:kms:eu-west-1:111122223333:key/abc", "arn:aws:kms:us-east-1:111122223333:key/abc", ROLE),
)
REQUEST_KEYS: t.Final[dict[str, tuple[t.Any, ...]]] = {
    "aws:RequestedRegion": ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2"),
    "aws:PrincipalTag/team": ("data", "data-1", "web"),
    "aws:SourceIp": ("10.1.2.3", "10.2.0.1", "10.200.0.1", "192.0.2.1"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:SecureTransport": ("true", "false"),
    "s3:max-keys": ("10", "50", "99", "1000"),
    "aws:TagKeys": (["team"], ["team", "cost"], ["team", "other"], []),
    "aws:SourceVpce": ("vpce-1", "vpce-2"),
    "aws:CurrentTime": ("2028-01-01T00:00:00Z", "2029-07-01T00:00:00Z", "2031-01-01T00:00:00Z"),
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """Old documents, and new ones that allow no more, with the sources of the new statements.

    ``is_plain`` says that no statement that allows has NotAction, NotResource or a variable.
    """

    old: list[Document]
    new: list[Document]
    is_plain: bool

    @property
    def before(self) -> tuple[Policy, ...]:
        """The old policies."""
        return read(self.old, "old")

    @property
    def after(self) -> tuple[Policy, ...]:
        """The new policies."""
        return read(self.new, "new")


def read(documents: list[Document], name: str) -> tuple[Policy, ...]:
    """The policies of documents."""
    return tuple(parse(document, name=f"{name}-{index}") for index, document in enumerate(documents))


def draw_pair(rng: random.Random, *, plain: bool = False) -> Pair:
    """A pair: each new statement is a narrower form of an old one, and all denials are kept."""
    old = [_draw_allow(rng, plain=plain) for _index in range(rng.randint(1, 4))]
    denials = [{"Effect": "Deny", **item} for item in rng.sample(DENIALS, rng.choice((0, 1, 1, 2)))]
    new = [_narrow(rng, statement) for statement in old for _copy in range(rng.randint(0, 2))] or [_narrow(rng, old[0])]
    is_plain = not any(
        "NotAction" in item or "NotResource" in item or VARIABLES.intersection(item.get("Resource", ())) for item in old
    )
    kept = copy.deepcopy(denials)
    rng.shuffle(new)
    return Pair(_split(rng, [*old, *denials]), _split(rng, [*kept, *new]), is_plain)


def _split(rng: random.Random, statements: list[Document]) -> list[Document]:
    cut = rng.randint(1, len(statements))
    parts = [part for part in (statements[:cut], statements[cut:]) if part]
    return [{"Version": "2012-10-17", "Statement": part} for part in parts]


def _draw_allow(rng: random.Random, *, plain: bool) -> Document:
    statement: Document = {"Effect": "Allow"}
    if not plain and rng.random() < 0.15:
        statement["NotAction"] = rng.choice((["iam:*"], ["iam:*", "organizations:*", "kms:*"], ["s3:Delete*", "IAM:*"]))
    else:
        statement["Action"] = rng.sample(sorted(ACTIONS), rng.randint(1, 3))
    if not plain and rng.random() < 0.15:
        statement["NotResource"] = rng.choice(
            (["arn:aws:s3:::logs/*"], ["arn:aws:sqs:*", "arn:aws:s3:::home/${aws:username}/*"])
        )
    else:
        known = sorted(set(RESOURCES) - VARIABLES) if plain else sorted(RESOURCES)
        statement["Resource"] = rng.sample(known, rng.randint(1, 3))
    if rng.random() < 0.5:
        statement["Condition"] = copy.deepcopy(rng.choice(CONDITIONS)[0])
    return statement


def _narrow(rng: random.Random, statement: Document) -> Document:
    narrowed: Document = {"Effect": "Allow"}
    if "NotAction" in statement:
        narrowed["Action"] = rng.sample(
            ("s3:GetObject", "sqs:*", "dynamodb:GetItem", "ec2:Describe*"), rng.randint(1, 3)
        )
    else:
        narrowed["Action"] = [_choose(rng, ACTIONS, pattern) for pattern in _some(rng, statement["Action"])]
    if "NotResource" in statement:
        narrowed["Resource"] = rng.sample(("arn:aws:s3:::data/*", "arn:aws:dynamodb:*:*:table/x", "arn:aws:kms:*"), 1)
    else:
        narrowed["Resource"] = [_choose(rng, RESOURCES, pattern) for pattern in _some(rng, statement["Resource"])]
    if "Condition" in statement:
        narrowed["Condition"] = _narrow_condition(rng, statement["Condition"])
    elif rng.random() < 0.2:
        narrowed["Condition"] = copy.deepcopy(rng.choice(CONDITIONS)[1])
    return narrowed


def _some(rng: random.Random, items: list[str]) -> list[str]:
    return rng.sample(items, rng.randint(1, len(items)))


def _choose(rng: random.Random, narrower: dict[str, tuple[str, ...]], pattern: str) -> str:
    return rng.choice((pattern, *narrower[pattern]))


def _narrow_condition(rng: random.Random, condition: Document) -> Document:
    narrower = [narrow for wide, narrow in CONDITIONS if wide == condition]
    narrowed: Document = copy.deepcopy(rng.choice((condition, *narrower)))
    if rng.random() < 0.3:
        for operator, keys in rng.choice(CONDITIONS)[1].items():
            narrowed.setdefault(operator, copy.deepcopy(keys))
    return narrowed


# Mistakes


def add_action(rng: random.Random, documents: list[Document]) -> bool:
    """Add an action to a statement that allows."""
    statement = _draw_statement(rng, documents, "Allow")
    if statement is None:
        return False
    statement["Action"] = [
        *statement["Action"],
        rng.choice(("lambda:InvokeFunction", "iam:PassRole", "s3:*", "kms:Put*", "*")),
    ]
    return True


def widen_arn(rng: random.Random, documents: list[Document]) -> bool:
    """Put a wildcard at the end of an ARN, or cut it short."""
    statement = _draw_statement(rng, documents, "Allow")
    wide = {"*", *RESOURCES}
    narrow = [] if statement is None else [item for item in statement["Resource"] if item not in wide]
    if statement is None or not narrow:
        return False
    chosen = rng.choice(narrow)
    head = chosen.rpartition(":")[0]
    widened = rng.choice(("*", f"{head}:*", f"{chosen.rstrip('*')[:-2]}*"))
    statement["Resource"] = [widened if item == chosen else item for item in statement["Resource"]]
    return True


def drop_deny(rng: random.Random, documents: list[Document]) -> bool:
    """Drop a statement that denies."""
    statement = _draw_statement(rng, documents, "Deny")
    for document in documents:
        if any(item is statement for item in document["Statement"]):
            document["Statement"] = [item for item in document["Statement"] if item is not statement]
    documents[:] = [document for document in documents if document["Statement"]]
    return statement is not None


def drop_condition(rng: random.Random, documents: list[Document]) -> bool:
    """Drop the conditions of a statement that allows."""
    statement = _draw_statement(rng, documents, "Allow", "Condition")
    if statement is not None:
        del statement["Condition"]
    return statement is not None


MISTAKES: t.Final[tuple[t.Callable[[random.Random, list[Document]], bool], ...]] = (
    add_action,
    widen_arn,
    drop_deny,
    drop_condition,
)


def _draw_statement(
    rng: random.Random, documents: list[Document], effect: str, element: str = "Effect"
) -> t.Optional[Document]:
    found = [
        item for document in documents for item in document["Statement"] if item["Effect"] == effect and element in item
    ]
    return rng.choice(found) if found else None


# Requests


def draw_request(rng: random.Random) -> tuple[str, str, Document]:
    """Draw a request of a sample that is as large as the policies' vocabulary, and not made from any policy."""
    context = {key: rng.choice(values) for key, values in REQUEST_KEYS.items() if rng.random() < 0.6}
    return rng.choice(REQUEST_ACTIONS), rng.choice(REQUEST_RESOURCES), context


def find_new_access(
    before: tuple[Policy, ...], after: tuple[Policy, ...], rng: random.Random, *, requests: int, principal: str = ALICE
) -> t.Optional[tuple[str, str, Document]]:
    """Find a drawn request that only the new policies allow, or that only the old ones deny explicitly."""
    old = Evaluator(Layers(identity=before), principal=principal)
    new = Evaluator(Layers(identity=after), principal=principal)
    for _index in range(requests):
        request = draw_request(rng)
        first, second = old.outcome(*request), new.outcome(*request)
        if second is Outcome.ALLOWED is not first:
            return request
        if first is Outcome.EXPLICIT_DENY is not second:
            return request
    return None
