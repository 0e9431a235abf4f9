# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of Security Hub: of controls that are declared, and of what a change acts on, or has left."""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.security_hub_reads import aggregator_of
from ..._account.security_hubs import SUBSCRIBED, SecurityHubDetails
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.change import Change
from .changes import ASSOCIATIONS, CONTROL, HUB, SUBSCRIPTION, UNDO_WRITES, describe_aggregator, describe_hub
from .controls import Controls, Parameter, list_declared_pairs
from .declared import ControlWish

_SERVICE: t.Final = "securityhub"
_OFF: t.Final = ("InvalidAccessException", "ResourceNotFoundException")
_PAGE: t.Final = 100
CONTROL_READS: t.Final = Operations(
    reads=frozenset({"securityhub:BatchGetSecurityControls", "securityhub:BatchGetStandardsControlAssociations"})
)
# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        f"{_SERVICE}:{name}"
        for name in ("DescribeHub", "GetEnabledStandards", "ListFindingAggregators", "GetFindingAggregator")
    ),
    writes=frozenset(f"{_SERVICE}:{name}" for name in UNDO_WRITES),
).union(CONTROL_READS)


def read_controls(
    access: Access, wishes: Sequence[ControlWish], details: Iterable[SecurityHubDetails]
) -> dict[str, Controls]:
    """Read the declared controls, by region."""
    if not wishes:
        return {}
    reads = {item.region: functools.partial(_read_controls, access, wishes, item) for item in details if item.enabled}
    return {
        region: Controls(problem=str(found)) if isinstance(found, AwsError) else found
        for region, found in access.gather(reads).items()
    }


def _read_controls(access: Access, wishes: Sequence[ControlWish], details: SecurityHubDetails) -> Controls:
    here = [wish for wish in wishes if wish.holds_in(details.region)]
    names = sorted({wish.id for wish in here if wish.parameters})
    pairs = list_declared_pairs(here, details)
    return Controls(
        parameters=_read_parameters(access, details.region, names),
        associations=_read_associations(access, details.region, pairs),
    )


def _read_parameters(access: Access, region: str, names: Sequence[str]) -> dict[str, dict[str, Parameter]]:
    """Read the parameters of controls, by their ids. One that the region does not know is left out."""
    found: dict[str, dict[str, Parameter]] = {}
    for chunk in _split_into_chunks(names):
        answer = access.call(_SERVICE, "BatchGetSecurityControls", {"SecurityControlIds": chunk}, region=region)
        for control in answer.get("SecurityControls") or ():
            found[control["SecurityControlId"]] = {
                name: _parse_parameter(given) for name, given in (control.get("Parameters") or {}).items()
            }
    return found


def _parse_parameter(given: Mapping[str, t.Any]) -> Parameter:
    """Parse a parameter from AWS's answer: the value under the name of its type, with AWS's default as well."""
    ((kind, value),) = (given.get("Value") or {"String": None}).items()
    if given["ValueType"] == "DEFAULT":
        return Parameter(kind, None)
    return Parameter(kind, sorted(value) if isinstance(value, list) else value)


def _read_associations(access: Access, region: str, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Read the status of controls in standards, by both. A pair that does not belong together is left out."""
    found: dict[tuple[str, str], str] = {}
    for chunk in _split_into_chunks(pairs):
        ids = [{"SecurityControlId": control, "StandardsArn": standard} for control, standard in chunk]
        answer = access.call(
            _SERVICE,
            "BatchGetStandardsControlAssociations",
            {"StandardsControlAssociationIds": ids},
            region=region,
        )
        for item in answer.get("StandardsControlAssociationDetails") or ():
            found[item["SecurityControlId"], item["StandardsArn"]] = item["AssociationStatus"]
    return found


T = t.TypeVar("T")


def _split_into_chunks(values: Sequence[T]) -> Iterable[list[T]]:
    return ([*values[start : start + _PAGE]] for start in range(0, len(values), _PAGE))


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_read_target, access)


def _read_target(access: Access, change: Change) -> t.Any:
    try:
        return _read_hub_target(access, change)
    except AwsError as error:
        if error.code not in _OFF:
            raise
    if change.target.endswith(HUB):
        return describe_hub(enabled=False)
    return {"enabled": False} if SUBSCRIPTION in change.target else None


def _read_hub_target(access: Access, change: Change) -> t.Any:
    """Read the target of a change in a hub that is on; AWS refuses reads of one that is off."""
    if change.target.endswith(HUB):
        hub = access.call(_SERVICE, "DescribeHub", region=change.region)
        return describe_hub(enabled=True, generator=hub.get("ControlFindingGenerator"))
    if SUBSCRIPTION in change.target:
        return {"enabled": _is_subscribed(access, change)}
    if CONTROL in change.target:
        control = change.target.rpartition("/")[2]
        values = _read_parameters(access, change.region, [control]).get(control, {})
        return {name: values[name].value if name in values else None for name in change.before}
    if ASSOCIATIONS in change.target:
        standard = change.before["standard"]
        pairs = [(control, standard) for control in change.before["controls"]]
        found = _read_associations(access, change.region, pairs)
        return {"standard": standard, "controls": {control: found.get((control, standard)) for control, _arn in pairs}}
    return _read_aggregator(access, change.region)


def _is_subscribed(access: Access, change: Change) -> bool:
    listed = access.items(
        _SERVICE, "GetEnabledStandards", "StandardsSubscriptions", {"MaxResults": _PAGE}, region=change.region
    )
    return any(
        item["StandardsSubscriptionArn"] == change.target and item["StandardsStatus"] in SUBSCRIBED for item in listed
    )


def _read_aggregator(access: Access, region: str) -> t.Optional[dict[str, t.Any]]:
    listed = access.items(_SERVICE, "ListFindingAggregators", "FindingAggregators", region=region)
    arn = next((item["FindingAggregatorArn"] for item in itertools.islice(listed, 1)), None)
    if arn is None:
        return None
    answer = access.call(_SERVICE, "GetFindingAggregator", {"FindingAggregatorArn": arn}, region=region)
    return describe_aggregator(aggregator_of(answer))
