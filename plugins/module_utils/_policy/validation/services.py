# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Validation of the services that a document names: in the ARNs of resources, and as principals."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

from ..documents.policy import Condition
from ..evaluation import catalogue
from ..evaluation.variables import VERSION, has_variables
from .conditions import conditions_of
from .draft import Draft, DraftIssue, PlacedText, is_wild

_FIELDS: t.Final = 6
# A service principal is its service's name below a domain of AWS, in lower case. The domains are those of the
# partitions in botocore's endpoints, and amazon.com, which some older services have.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
_DOMAINS: t.Final = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "amazon.com",
    "aws.internal",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
)
_PRINCIPAL: t.Final = re.compile(rf"([a-z0-9-]+\.)+({'|'.join(map(re.escape, _DOMAINS))})")
_CHAIN: t.Final = frozenset({"aws:calledvia", "aws:calledviafirst", "aws:calledvialast"})
# Keys whose values are service principals.
_KEYS: t.Final = _CHAIN | {
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "iam:awsservicename",
    "iam:passedtoservice",
}


def find_unknown_services(draft: Draft) -> Iterator[DraftIssue]:
    """Find ARNs of services that do not exist: no resource has such a name."""
    for statement in draft.policy.statements:
        for placed in draft.resources(statement):
            fields = placed.text.split(":", _FIELDS - 1)
            if fields[0] != "arn" or len(fields) < _FIELDS or has_variables(placed.text, version=VERSION):
                continue
            service = fields[2]
            # All resources of all services are read for a name that is no prefix, so that comes last.
            if is_wild(service) or service.lower() in catalogue.services():
                continue
            if service and service.lower() not in catalogue.arn_services():
                yield DraftIssue("invalid_service", placed.path, f"{placed.text}: no service has the name {service}")


def check_service_principals(draft: Draft) -> Iterator[DraftIssue]:
    """Find service principals that no service can have, in ``Principal`` and in conditions."""
    for statement in draft.policy.statements:
        for kind, placed in draft.principals(statement):
            if kind == "Service" and not is_wild(placed.text):
                yield from _check_service_principal(placed)
    for _statement, condition, path in conditions_of(draft):
        if condition.key.lower() not in _KEYS or condition.operator == "Null":
            continue
        for placed in draft.values(condition, path):
            if not has_variables(placed.text, version=VERSION) and not is_wild(placed.text):
                yield from _check_service_principal(placed, condition)


def _check_service_principal(placed: PlacedText, condition: t.Optional[Condition] = None) -> Iterator[DraftIssue]:
    if not _PRINCIPAL.fullmatch(placed.text):
        message = f"{placed.text} is not a service principal such as lambda.amazonaws.com, in lower case"
        yield DraftIssue("invalid_service_principal_format", placed.path, message)
    elif condition and condition.key.lower() in _CHAIN and _labels(placed.text) > 1:
        message = (
            f"{placed.text}: the services that {condition.key} is documented to name have one word before the domain"
        )
        yield DraftIssue("unusual_service_principal", placed.path, message)


def _labels(principal: str) -> int:
    """How many words stand before the domain of a service principal."""
    domain = max((one for one in _DOMAINS if principal.endswith(f".{one}")), key=len)
    return len(principal.removesuffix(f".{domain}").split("."))
