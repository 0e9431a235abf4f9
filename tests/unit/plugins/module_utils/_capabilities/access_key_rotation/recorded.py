# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded answers of AWS about a user, its keys and its secret, and what takes them for AWS."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError

from ..._account.fakes import gather
from .rotations import ACCOUNT, SECRET, TARGET, USER, USER_ID, Key

Record = dict[str, t.Any]
REGION: t.Final = "us-east-1"
# IAM is asked there. No partition has this pair, which shows which region is meant.
HOME: t.Final = "us-gov-west-1"
CALLER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/automation"


def answer_user(*keys: Key) -> Record:
    """The answers about a user with these keys, by operation."""
    listed = [{"AccessKeyId": one.id, "Status": one.status, "CreateDate": one.created} for one in keys]
    used = {one.id: {"LastUsedDate": one.last_used} if one.last_used else {"ServiceName": "N/A"} for one in keys}
    return {
        "GetUser": {"User": {"UserName": "svc", "Arn": USER, "UserId": USER_ID}},
        "ListAccessKeys": {"AccessKeyMetadata": listed},
        "GetAccessKeyLastUsed": lambda asked: {"AccessKeyLastUsed": used[asked["AccessKeyId"]]},
    }


def answer_secret(versions: Mapping[str, t.Sequence[str]], **fields: t.Any) -> Record:
    """The answer about the secret with these labels by version."""
    tags = [{"Key": "iam-hardening:access-key-of", "Value": "svc"}, {"Key": "team", "Value": "data"}]
    described = {"ARN": SECRET, "Name": TARGET.secret, "Tags": tags, "VersionIdsToStages": versions, **fields}
    return {"DescribeSecret": described}


class RecordedAws:
    """Answers by operation: a record, an error that is raised, a function of the request, or a list of pages."""

    region = REGION
    home_region = HOME
    partition = "aws"
    chain: t.Sequence[str] = ()

    def __init__(self, answers: Record, regions: tuple[str, ...] = (HOME, REGION)) -> None:
        self.answers = answers
        self.regions = regions
        self.caller = types.SimpleNamespace(account_id=ACCOUNT, arn=CALLER)
        self.asked: list[tuple[str, t.Any, t.Optional[str]]] = []

    def call(self, _service: str, operation: str, asked: t.Any = None, *, region: t.Optional[str] = None) -> Record:
        self.asked.append((operation, asked, region))
        answer = self.answers[operation]
        answer = answer(asked) if callable(answer) else answer
        if isinstance(answer, AwsError):
            raise answer
        return dict(answer)

    def items(self, service: str, operation: str, key: str, asked: t.Any, **more: t.Any) -> Iterator[t.Any]:
        yield from self.call(service, operation, asked, **more)[key]

    def pages(
        self, _service: str, operation: str, _key: str, asked: t.Any, *, region: str, page_size: int
    ) -> Iterator[Record]:
        self.asked.append((operation, {**asked, "MaxResults": page_size}, region))
        answer = self.answers[operation]
        for page in answer(asked, region) if callable(answer) else answer:
            if isinstance(page, AwsError):
                raise page
            yield page

    def gather(self, calls: Mapping[str, Callable[[], t.Any]]) -> Record:
        return gather(calls)

    def reach(self, _regions: t.Any) -> t.Any:
        return types.SimpleNamespace(regions=self.regions)


def connect(aws: RecordedAws, now: datetime, store: t.Any = None) -> t.Any:
    """What the core of a module reaches the account by. Warnings are kept."""
    warned: list[str] = []
    return types.SimpleNamespace(
        access=aws,
        now=now,
        principals=frozenset(),
        freeze=types.SimpleNamespace(refuse_principal=lambda _arn: None),
        open_store=lambda _place: store,
        warn=warned.append,
        warned=warned,
        progress=lambda *_given: None,
    )
