# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a snapshot on AWS Config beyond its recorders: rules on IAM, their verdicts, and delivery channels."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping, Sequence

from .config_catalogue import BY_IDENTIFIER, DAILY, LIST

#: what the names of this collection's rules begin with
PREFIX: t.Final = "iam-hardening-"
MANAGED: t.Final = "AWS"
NON_COMPLIANT: t.Final = "NON_COMPLIANT"
INSUFFICIENT_DATA: t.Final = "INSUFFICIENT_DATA"


@dataclasses.dataclass(frozen=True)
class ConfigRule:
    """A rule on IAM, or one that bears a name of ours.

    ``parameters`` in a form that two of them can be compared in. ``frequency`` is None for a rule that changes trigger.
    ``narrowed`` says that its scope names a tag or a single resource. ``created_by`` is the AWS service that owns it.
    ``tags`` are read of rules that bear a name of ours.
    """

    name: str
    arn: str
    region: str
    owner: str
    identifier: str
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    frequency: t.Optional[str] = None
    resource_types: tuple[str, ...] = ()
    narrowed: bool = False
    description: str = ""
    state: str = "ACTIVE"
    created_by: t.Optional[str] = None
    evaluation_modes: tuple[str, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_leaving(self) -> bool:
        """Whether it is being deleted, which may take AWS minutes."""
        return self.state.startswith("DELETING")


@dataclasses.dataclass(frozen=True)
class DeliveryChannel:
    """Where AWS Config delivers to in a region: it has one channel at most."""

    name: str
    region: str
    bucket: str
    prefix: t.Optional[str] = None
    kms_key_arn: t.Optional[str] = None
    sns_topic_arn: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class NonCompliant:
    """A resource that a rule found not to comply. ``arn`` is known of resources that AWS Config has recorded."""

    type: str
    id: str
    arn: t.Optional[str] = None
    annotation: str = ""


@dataclasses.dataclass(frozen=True)
class RuleCompliance:
    """The verdict of a rule on IAM. AWS does not list the resources of a rule that one of its services owns."""

    rule: str
    region: str
    identifier: str
    compliance: str
    created_by: t.Optional[str] = None
    resources: tuple[NonCompliant, ...] = ()


def normalize_parameters(identifier: str, parameters: Mapping[str, t.Any]) -> dict[str, str]:
    """Bring parameters into one form, so that equal ones compare equal. AWS may answer numbers and booleans.

    Letters keep their case: to a rule, ``True`` is not true. Empty parameters are dropped.
    """
    rule = BY_IDENTIFIER.get(identifier)
    known = rule.parameters if rule else {}
    texts = {name: format_value(value) for name, value in sorted(parameters.items())}
    return {
        name: _normalize_list(text) if name in known and known[name].kind == LIST else text
        for name, text in texts.items()
        if text
    }


def format_value(value: t.Any) -> str:
    """Format the value of a parameter as AWS takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(format_value(item) for item in value)
    return "" if value is None else str(value).strip()


def _normalize_list(text: str) -> str:
    return ",".join(sorted({part.strip() for part in text.split(",") if part.strip()}))


def parse_input_parameters(text: t.Optional[str]) -> Mapping[str, t.Any]:
    """Parse ``InputParameters`` to a mapping.

    :raises ValueError: it is none.
    """
    found = json.loads(text) if text else {}
    if not isinstance(found, dict):
        raise ValueError("InputParameters is no JSON object")
    return found


def frequency_of(identifier: str, reported: t.Optional[str]) -> t.Optional[str]:
    """Return how often a rule runs: once a day if AWS reports no frequency of a periodic one.

    AWS may also report a frequency of a rule that changes trigger, which means nothing.
    """
    rule = BY_IDENTIFIER.get(identifier)
    if rule is None:
        return reported
    return (reported or DAILY) if rule.is_periodic else None
