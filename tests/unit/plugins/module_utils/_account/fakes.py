# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWS made of prepared answers, in place of Access."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Identity
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, InvalidRequest

ACCOUNT: t.Final = "111122223333"
NOW: t.Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONG_AGO: t.Final = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
HOME: t.Final = "us-east-1"
OTHER: t.Final = "eu-west-1"

K = t.TypeVar("K")
V = t.TypeVar("V")
Answer = t.Union[dict[str, t.Any], AwsError]
Answers = Mapping[str, t.Union[Answer, list[Answer], Callable[..., Answer]]]


@dataclasses.dataclass(frozen=True)
class Call:
    """One request that arrived."""

    name: str
    region: t.Optional[str]
    parameters: Mapping[str, t.Any]


class FakeAccess:
    """Answers by ``service:Operation``: always the same one, one after the other (a list; the last one stays), or what
    a function of the parameters and ``region`` returns. An error is raised. All else is denied, in so many words.
    """

    def __init__(self, answers: Answers, *, account_id: str = ACCOUNT, partition: str = "aws") -> None:
        self.caller = Identity(
            account_id=account_id, arn=f"arn:{partition}:iam::{account_id}:user/me", user_id="AIDAME"
        )
        self.partition = partition
        self.home_region = HOME
        self.calls: list[Call] = []
        self._answers = {name: list(found) if isinstance(found, list) else found for name, found in answers.items()}

    @property
    def names(self) -> list[str]:
        """What was called, in order."""
        return [call.name for call in self.calls]

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> dict[str, t.Any]:
        name = f"{service}:{operation}"
        self.calls.append(Call(name, region, dict(parameters or {})))
        answer = self._answers.get(name, deny(name, region=region))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(**(parameters or {}), region=region)
        if isinstance(answer, AwsError):
            raise answer
        return answer

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[dict[str, t.Any]]:
        asked = dict(parameters or {})
        while True:
            answer = self.call(service, operation, asked, region=region)
            yield {**answer, key: answer.get(key) or []}
            if "Marker" not in answer:
                return
            asked["Marker"] = answer["Marker"]

    def gather(self, calls: Mapping[K, Callable[[], V]]) -> dict[K, t.Union[V, AwsError]]:
        return gather(calls)


def gather(calls: Mapping[K, Callable[[], V]]) -> dict[K, t.Union[V, AwsError]]:
    """The results of calls or their errors, one call after the other."""
    results: dict[K, t.Union[V, AwsError]] = {}
    for key, function in calls.items():
        try:
            results[key] = function()
        except AwsError as error:
            results[key] = error
    return results


def refusal(
    code: str,
    message: str = "no",
    *,
    kind: type[AwsError] = InvalidRequest,
    name: str = "iam:Anything",
    region: t.Optional[str] = None,
) -> AwsError:
    """What ``_aws`` raises where AWS refuses ``service:Operation`` with ``code``."""
    service, _colon, operation = name.partition(":")
    return kind(message, code=code, service=service, operation=operation, region=region)


def deny(name: str, *, region: t.Optional[str] = None, because: str = "") -> AwsError:
    """A denial of ``service:Operation``."""
    message = f"not authorized to perform {name}{because}"
    return refusal("AccessDenied", message, kind=AccessDenied, name=name, region=region)


def read(
    access: FakeAccess, *datasets: Dataset, regions: Sequence[str] = (HOME,), principals: Collection[str] = ()
) -> Snapshot:
    """The snapshot of some datasets; polls don't wait."""
    return collect(
        t.cast(t.Any, access),
        datasets=datasets,
        regions=regions,
        now=NOW,
        deep_principals=principals,
        sleep=lambda _seconds: None,
    )


def unread_of(snapshot: Snapshot, dataset: Dataset, region: t.Optional[str] = None) -> tuple[str, str, str]:
    """Kind, reason and operation of a dataset that must be missing."""
    unread = snapshot.missing(dataset, region)
    assert unread is not None, f"{dataset.value} was read"
    return unread.kind.value, unread.reason, unread.operation
