# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Targets, and AWS with planted answers, for the tests of consumers and namers."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import (
    Found,
    Service,
    Want,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.targets import (
    Target,
    Targets,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Consumer, Namer
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy

Record = dict[str, t.Any]

ACCOUNT: t.Final = "111122223333"
OTHER: t.Final = "444455556666"
REGION: t.Final = "eu-west-1"
OLD: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev-web"
NEW: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev-web-lp"
OLD_ID: t.Final = "AROAOLDOLDOLDOLDOLD"
NEW_ID: t.Final = "AROANEWNEWNEWNEWNEW"


def statement(**more: t.Any) -> Record:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **more}


def document(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy(*statements: Record) -> Policy:
    return parse(document(*statements))


def trust(*statements: Record, **principal: t.Any) -> Policy:
    """A trust policy: of these statements, or one that lets in these principals."""
    only = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return policy(*(statements or (only,)))


def trusting(*services: str) -> Policy:
    return trust(Service=[f"{service}.amazonaws.com" for service in services])


def target(*trusts: Policy, **fields: t.Any) -> Target:
    """The role dev-web, with a new role beside it unless ``new_arn`` is empty."""
    given = {"unique_id": OLD_ID, "new_arn": NEW, "new_id": NEW_ID, "trusts": trusts}
    return Target(**{"arn": OLD, **given, **fields})


class Code(Exception):
    """An answer of AWS that is an error with this code."""


class FakeReader:
    """AWS with answers by operation: a list of items, one answer, or a function of the parameters."""

    def __init__(self, **answers: t.Any) -> None:
        self._answers = answers
        self.account_id = ACCOUNT
        self.partition = "aws"
        self.region = REGION
        self.buckets: frozenset[str] = frozenset()
        self.notes: list[tuple[Want, str, str]] = []
        self.asked: list[str] = []

    def _answer(self, operation: str, parameters: t.Optional[Mapping[str, t.Any]]) -> t.Any:
        self.asked.append(operation)
        answer = self._answers.get(operation, ())
        found = answer(parameters) if callable(answer) else answer
        if isinstance(found, Code):
            raise found
        return found

    def items(
        self, service: str, operation: str, key: str, parameters: t.Optional[Mapping[str, t.Any]] = None
    ) -> Iterator[t.Any]:
        yield from self._answer(operation, parameters)

    def ask(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, t.Any],
        *,
        about: str,
        of: Want,
        absent: Collection[str] = (),
        region: t.Optional[str] = None,
    ) -> t.Any:
        try:
            return self._answer(operation, parameters) or {}
        except Code as error:
            if str(error) not in absent:
                self.notes.append((of, about, str(error)))
        return None

    def list(
        self, service: str, operation: str, key: str, parameters: Mapping[str, t.Any], *, about: str, of: Want
    ) -> t.Optional[tuple[t.Any, ...]]:
        try:
            return tuple(self._answer(operation, parameters))
        except Code as error:
            self.notes.append((of, about, str(error)))
        return None

    def note(self, text: str, *, of: Want, about: str = "") -> None:
        self.notes.append((of, about, text))


def read(service: Service, reader: FakeReader, *targets: Target) -> list[Found]:
    return list(service.read(reader, Targets(targets)))


def read_consumers(service: Service, reader: FakeReader, *targets: Target) -> list[Consumer]:
    return [one.item for one in read(service, reader, *targets) if isinstance(one.item, Consumer)]


def read_namers(service: Service, reader: FakeReader, *targets: Target) -> list[Namer]:
    return [one.item for one in read(service, reader, *targets) if isinstance(one.item, Namer)]
