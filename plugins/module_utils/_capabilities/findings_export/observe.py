# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of Security Hub's findings: all of ours in a region, and those that a change is about."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._aws.access import Access
from ..._aws.errors import AwsError, Unparsable
from ..._aws.operations import Operations
from ..._converge.change import Change
from .asff import PREFIX, Item, Place, describe_finding
from .changes import WRITES, describe_workflow, is_import, product_of
from .plan import Hub

_SERVICE: t.Final = "securityhub"
_READ: t.Final = "GetFindings"
_OFF: t.Final = ("InvalidAccessException", "ResourceNotFoundException")
_PAGE: t.Final = 100
# So many values GetFindings takes for one filter.
_VALUES: t.Final = 20
# Undoing a change takes the same writes: both undo themselves.
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset({f"{_SERVICE}:{_READ}"}), writes=frozenset(f"{_SERVICE}:{name}" for name in WRITES)
)


def read_hubs(access: Access, places: Iterable[Place]) -> dict[str, Hub]:
    """Read our findings in Security Hub, by region."""
    reads = {place.region: functools.partial(_read_hub, access, place) for place in places}
    return {
        region: _make_unread(found) if isinstance(found, AwsError) else found
        for region, found in access.gather(reads).items()
    }


def _make_unread(error: AwsError) -> Hub:
    return Hub(is_off=True) if error.code in _OFF else Hub(problem=str(error))


def _read_hub(access: Access, place: Place) -> Hub:
    """Read all findings of the account's own product that we made, archived ones too.

    The product's ARN has the region: where findings come together, those of other regions stand beside them.
    """
    filters = {"ProductArn": _build_equals([place.product]), "GeneratorId": [{"Value": PREFIX, "Comparison": "PREFIX"}]}
    return Hub({item["Id"]: item for item in _read_findings(access, filters, place.region)})


def _read_findings(access: Access, filters: Mapping[str, t.Any], region: str) -> Iterator[Item]:
    (product,) = filters["ProductArn"]
    for item in access.items(_SERVICE, _READ, "Findings", {"Filters": filters, "MaxResults": _PAGE}, region=region):
        if item.get("ProductArn") != product["Value"]:
            # Findings of another product say nothing about the one that was asked for.
            message = f"AWS lists findings of {item.get('ProductArn')}, not of {product['Value']}"
            raise Unparsable(message, code="Mismatch", service=_SERVICE, operation=_READ, region=region)
        yield item


def _build_equals(values: Sequence[str]) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_read_target, access)


def _read_target(access: Access, change: Change) -> t.Any:
    shown = describe_finding if is_import(change) else describe_workflow
    try:
        found = {
            item["Id"]: item for item in _read_by_ids(access, list(change.before), product_of(change), change.region)
        }
    except AwsError as error:
        if error.code not in _OFF:
            raise
        found = {}
    return {name: shown(found.get(name)) for name in change.before}


def _read_by_ids(access: Access, ids: Sequence[str], product: str, region: str) -> Iterable[Item]:
    for start in range(0, len(ids), _VALUES):
        filters = {"ProductArn": _build_equals([product]), "Id": _build_equals(ids[start : start + _VALUES])}
        yield from _read_findings(access, filters, region)
