# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config in a region, for the tests of its controls and of its planner."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.config_catalogue import (
    BY_NAME,
    CATALOGUE,
    Placement,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.config_rules import (
    ConfigRule,
    DeliveryChannel,
    NonCompliant,
    RuleCompliance,
    frequency_of,
    normalize_parameters,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import ConfigRecorder

from .samples import ACCOUNT, snapshot

HOME: t.Final = "us-east-1"
OTHER: t.Final = "eu-west-1"
OURS: t.Final = {"iam-hardening:managed": "true"}
ONCE: t.Final = [rule.name for rule in CATALOGUE if rule.by_default and rule.placement is Placement.ONCE]
RECORDED: t.Final = [rule.name for rule in CATALOGUE if rule.by_default and rule.placement is Placement.RECORDED]


def recorder(region: str = HOME, **fields: t.Any) -> ConfigRecorder:
    """A recorder of all types, in the home region IAM's as well."""
    values: dict[str, t.Any] = {
        "name": "default",
        "recording": True,
        "last_status": "SUCCESS",
        "all_supported": True,
        "includes_global_types": region == HOME,
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
    }
    return ConfigRecorder(region=region, **{**values, **fields})


def channel(region: str = HOME, **fields: t.Any) -> DeliveryChannel:
    return DeliveryChannel(**{"name": "default", "region": region, "bucket": "b", **fields})


def rule(name: str, region: str = HOME, *, kind: str = "", **fields: t.Any) -> ConfigRule:
    """A rule of that name of the catalogue (or of ``kind``, under another name), as we would make it."""
    managed = BY_NAME[kind or name]
    identifier = managed.identifier
    own = name if kind else f"iam-hardening-{name}"
    defaults = {
        key: item.default.replace("{partition}", "aws") for key, item in managed.parameters.items() if item.default
    }
    values: dict[str, t.Any] = {
        "name": own,
        "arn": f"arn:aws:config:{region}:{ACCOUNT}:config-rule/config-rule-{own[-6:]}",
        "region": region,
        "owner": "AWS",
        "identifier": identifier,
        "frequency": frequency_of(identifier, None),
        "resource_types": managed.resource_types,
        "tags": {} if kind else OURS,
        **fields,
    }
    return ConfigRule(**{**values, "parameters": normalize_parameters(identifier, fields.get("parameters", defaults))})


def all_rules(*, home: str = HOME, regions: t.Sequence[str] = (HOME,)) -> tuple[ConfigRule, ...]:
    """All rules of the default declaration, each where it belongs."""
    everywhere = [rule("external-analyzer", region) for region in regions]
    return (*(rule(name, home) for name in (*ONCE, *RECORDED)), *everywhere)


def verdict(name: str, region: str = HOME, compliance: str = "NON_COMPLIANT", **fields: t.Any) -> RuleCompliance:
    resources = fields.pop("resources", ())
    return RuleCompliance(
        rule=f"rule-{name}",
        region=region,
        identifier=BY_NAME[name].identifier,
        compliance=compliance,
        resources=tuple(NonCompliant(*resource) for resource in resources),
        **fields,
    )


def account(**fields: t.Any) -> Snapshot:
    """An account that records in each of its regions, IAM in its home alone."""
    regions = fields.pop("regions", (HOME,))
    values: dict[str, t.Any] = {
        "regions": regions,
        "config_recorders": tuple(map(recorder, regions)),
        "delivery_channels": tuple(map(channel, regions)),
    }
    return snapshot(**{**values, **fields})
