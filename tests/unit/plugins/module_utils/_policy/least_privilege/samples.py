# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals, records and uses to generate from."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import Generated, generate
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.principal import (
    Principal,
    PrincipalKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    LogClass,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

ACCOUNT: t.Final = "111122223333"
OTHER: t.Final = "444455556666"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev/app"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY: t.Final = timedelta(days=1)
EVERYTHING: t.Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
SERVICES: t.Final = (
    "athena", "cloudformation", "cloudwatch", "dynamodb", "ec2", "ecs", "elasticloadbalancing", "glue", "iam", "kms",
    "lambda", "logs", "rds-db", "s3", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "states", "sts",
)  # fmt: skip
# All of a few services: a wildcard over all services takes a second to expand.
ADMIN: t.Final = {"Effect": "Allow", "Action": [f"{service}:*" for service in SERVICES], "Resource": "*"}


def policy(*statements: Mapping[str, t.Any], version: str = "2012-10-17", name: str = "old") -> Policy:
    return parse({"Version": version, "Statement": list(statements)}, name=name)


def allow(actions: t.Any, resources: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: t.Any, resources: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def make_principal(
    *policies: Policy, arn: str = ROLE, kind: PrincipalKind = PrincipalKind.ROLE, **more: t.Any
) -> Principal:
    return Principal(arn, kind, Layers(identity=policies), **more)


def call(action: str, resource: t.Optional[str] = None, *, keys: t.Any = None, **more: t.Any) -> Use:
    given = {"count": 1, "first": NOW - 5 * DAY, "last": NOW - 2 * DAY, "source": Source.TRAIL, **more}
    return Use(ROLE, action, resource=resource, context=Context(keys or {}, complete=False), **given)


def accessed(action: str, days_ago: int, *, besides: Iterable[str] = ()) -> Use:
    """A date of service last accessed, of an action or (``service:*``) of a service."""
    return Use(
        ROLE,
        action,
        Source.LAST_ACCESSED,
        last=NOW - days_ago * DAY,
        is_service_level=action.endswith(":*"),
        besides=frozenset(besides),
    )


def cover(service: str, *, data: bool = True, read: bool = True, write: bool = True) -> ServiceCoverage:
    status = Status.COMPLETE if data and read and write else Status.PARTIAL
    logged = {LogClass.DATA: data, LogClass.READ: read, LogClass.WRITE: write}
    return ServiceCoverage(service, status, (), {kind: YES if is_in else NO for kind, is_in in logged.items()})


def blind(service: str) -> ServiceCoverage:
    logged = dict.fromkeys((LogClass.DATA, LogClass.READ, LogClass.WRITE), UNKNOWN)
    return ServiceCoverage(service, Status.BLIND, ("its events are excluded",), logged)


def make_record(
    *uses: Use, days: int = 90, but: Iterable[ServiceCoverage] = (), last_accessed: bool = True, **more: t.Any
) -> Record:
    """A record that is complete, but for the services in ``but``."""
    services = {service: cover(service) for service in SERVICES} | {item.service: item for item in but}
    coverage = Coverage(
        days, NOW - days * DAY, NOW, files_read=9, events=1000, regions=("eu-west-1",), services=services
    )
    given = {"is_last_accessed_read": last_accessed, "digest": "0" * 64, **more}
    return Record(ROLE, "AROAEXAMPLE", coverage, uses, **given)


def settings(**more: t.Any) -> Settings:
    return Settings(NOW, **more)


def run(old: t.Any, *uses: Use, record: t.Optional[Record] = None, **more: t.Any) -> Generated:
    """Generate from one old document, or from several statements, and from a complete record."""
    policies = [old] if isinstance(old, Policy) else [policy(*old)]
    return generate(make_principal(*policies), record or make_record(*uses), settings(**more))


def new_layers(found: Generated) -> Layers:
    return Layers(identity=tuple(document.policy for document in found.documents))


def statements_of(found: Generated) -> list[dict[str, t.Any]]:
    """The statements of all documents, without their ids."""
    every = [statement for document in found.documents for statement in document.document["Statement"]]
    return [{key: value for key, value in statement.items() if key != "Sid"} for statement in every]
