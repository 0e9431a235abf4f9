# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWS of recorded answers that also has lists, regions and sessions elsewhere; and what a module reaches it by."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations

from .._account.fakes import HOME, Answers, FakeAccess

Parameters = Mapping[str, t.Any]


class RecordedAccess(FakeAccess):
    """``regions`` are those that are enabled, ``others`` what the credentials of a session lead to, by their key.

    ``declared`` are the reads that the room says it makes. Another one is an error of the room.
    """

    region = HOME
    chain: t.Sequence[str] = ()

    def __init__(
        self,
        answers: Answers,
        *,
        account_id: str,
        regions: tuple[str, ...] = (HOME,),
        unread: str = "",
        declared: t.Collection[str] = (),
    ) -> None:
        super().__init__(answers, account_id=account_id)
        self.regions, self.unread = regions, unread
        self._declared = frozenset(declared)
        self.others: dict[str, tuple[t.Any, t.Any]] = {}

    def call(self, service: str, operation: str, *given: t.Any, **more: t.Any) -> dict[str, t.Any]:
        name = f"{service}:{operation}"
        assert not self._declared or name in self._declared, f"{name} is not declared"
        return super().call(service, operation, *given, **more)

    def items(
        self, service: str, operation: str, key: str, parameters: t.Optional[Parameters] = None, **more: t.Any
    ) -> Iterator[t.Any]:
        yield from self.call(service, operation, parameters, **more)[key]

    def pages(
        self, service: str, operation: str, _key: str, parameters: t.Optional[Parameters] = None, **more: t.Any
    ) -> Iterator[dict[str, t.Any]]:
        size = {"MaxResults": more["page_size"]} if "page_size" in more else {}
        yield self.call(service, operation, {**(parameters or {}), **size}, region=more["region"])

    def gather(self, calls: t.Any, workers: int = 1) -> t.Any:
        assert workers > 0
        return super().gather(calls)

    def reach(self, _regions: t.Any = None) -> t.Any:
        return types.SimpleNamespace(regions=self.regions, unread=self.unread)

    def elsewhere(self, credentials: Parameters, operations: Operations) -> t.Any:
        """The AWS of a session, which is made for these very operations."""
        access, expected = self.others[credentials["AccessKeyId"]]
        assert operations is expected
        return access


def of(answer: t.Any, **expected: t.Any) -> Callable[..., t.Any]:
    """An answer to these parameters alone."""

    def reply(*, region: t.Optional[str] = None, **given: t.Any) -> t.Any:
        assert given == expected, (given, region)
        return answer

    return reply


def each(name: str, answers: Mapping[t.Any, t.Any]) -> Callable[..., t.Any]:
    """Answers by the value of the only parameter."""

    def reply(*, region: t.Optional[str] = None, **given: t.Any) -> t.Any:
        assert list(given) == [name], (given, region)
        return answers[given[name]]

    return reply


def connect(access: RecordedAccess, now: datetime, **more: t.Any) -> t.Any:
    """What the core of a module reaches an account by. Warnings are kept."""
    warned: list[str] = []
    given = {"access": access, "now": now, "principals": frozenset(), "writes": True, **more}
    return types.SimpleNamespace(warn=warned.append, warned=warned, progress=lambda *_given: None, **given)
