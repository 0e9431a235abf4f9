# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``config_rules``: its operations, and its walk over the regions of an account."""

from __future__ import annotations

import functools
import types
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset, Snapshot
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change, Refusal
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import ChangeFacts, Plan, make_cost
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .changes import PUT_ORGANIZATION_RULE, PUT_RULE, relies_on, stays_with
from .declared import Declared
from .grants import GRANTS
from .observe import MORE_READS, NO_ORGANIZATION, UNDO_OPERATIONS, acting, read_organization, read_others, reread
from .organization import NEEDED
from .plan import DATASETS, MODULE, Observed, Planner, list_costs, list_unread
from .undo import DERIVATIONS

OPERATIONS: t.Final = Operations(reads=frozenset({"ec2:DescribeRegions"})).union(
    UNDO_OPERATIONS, MORE_READS, *(READS[dataset] for dataset in DATASETS)
)
_SERVICE_LINKED: t.Final = "ServiceLinkedConfigRule"
_IN_USE: t.Final = "ResourceInUse"
# Errors of AWS that hold for all rules of a region.
_OF_REGION: t.Final[Mapping[str, tuple[str, str]]] = types.MappingProxyType(
    {
        "MaxNumberOfConfigRulesExceeded": (
            "quota",
            "the region has reached AWS Config's limit of rules: remove some, or raise the quota",
        ),
        "MaxNumberOfOrganizationConfigRulesExceeded": (
            "quota",
            "the organization has reached AWS Config's limit of rules: remove some, or raise the quota",
        ),
        "NoAvailableConfigurationRecorder": (
            "no_recorder",
            "AWS Config has no recorder there, so no rule can be created",
        ),
        "MaxNumberOfConfigurationRecordersExceeded": (
            "managed_elsewhere",
            "somebody else has created a recorder there",
        ),
        "MaxNumberOfDeliveryChannelsExceeded": (
            "managed_elsewhere",
            "somebody else has created a delivery channel there",
        ),
        **dict.fromkeys(NO_ORGANIZATION, ("organization", NEEDED)),
    }
)
_PRINCIPAL: t.Final = "config.amazonaws.com"
_RECORDER_ROLE: t.Final = (
    f"arn:${{Partition}}:iam::${{Account}}:role/aws-service-role/{_PRINCIPAL}/AWSServiceRoleForConfig"
)
_SAMPLE: t.Final = "arn:${Partition}:config:${Region}:${Account}"


def _explain_missing_recorder(snapshot: Snapshot, region: str) -> t.Optional[str]:
    return None if any(recorder.region == region for recorder in snapshot.config_recorders) else "no recorder"


REGISTRATION: t.Final = Registration(
    role="config_rules",
    module=MODULE,
    writer=Writer.DETECTIVE,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on, acting=acting),
    row=Row((Dataset.CONFIG_RECORDERS,), _explain_missing_recorder, is_last=True),
    details=(Dataset.CONFIG_RULES,),
    samples={
        "iam:PassRole": _RECORDER_ROLE,
        "config:*OrganizationConfigRule": f"{_SAMPLE}:organization-config-rule/iam-hardening-preflight",
        "config:*ConfigurationRecorder": f"{_SAMPLE}:configuration-recorder/iam-hardening-preflight/0a1b2c3d",
        "config:*DeliveryChannel": "*",
        "config:*": f"{_SAMPLE}:config-rule/iam-hardening-preflight",
    },
    context={"iam:PassRole": (("iam:PassedToService", _PRINCIPAL),)},
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Converge the rules of AWS Config as the options of ``task`` say."""
    try:
        planner = Planner(declared=Declared.from_options(task.options), settings=settings_of(task), now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(ConfigRules, planner, task.regions), module=MODULE)


class ConfigRules(Capability[Observed]):
    """The rules of AWS Config in one account: what was found, planned, and refused."""

    def __init__(self, planner: Planner, regions: Sequence[str], connection: Connection) -> None:
        self._planner = planner
        self._regions = regions
        self._connection = connection
        self._reread = reread(connection.access, planner.now)
        self._acting = acting(connection.access)
        self._rules: list[dict[str, t.Any]] = []
        self._changes: tuple[Change, ...] = ()
        self._closed: set[str] = set()

    def observe(self) -> Observed:
        declared, access = self._planner.declared, self._connection.access
        regions = access.regions(self._regions)
        if declared.iam_region and declared.iam_region not in regions:
            raise InputError(f"iam_region: {declared.iam_region} is not allowed; allowed are {', '.join(regions)}")
        snapshot = self._connection.collect(DATASETS, regions)
        open_ones = [region for region in regions if region not in list_unread(snapshot)]
        if declared.of_organization:
            return Observed(snapshot, organization=read_organization(access, open_ones))
        if not declared.recorder:
            return Observed(snapshot)
        recorded = {item.region for item in snapshot.config_recorders}
        return Observed(snapshot, read_others(access, [region for region in open_ones if region not in recorded]))

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        plan, self._rules = self._planner.plan(observed, found)
        self._changes = plan.changes
        return plan

    def reread(self, change: Change) -> t.Any:
        return self._reread(change)

    def acting(self, change: Change) -> t.Optional[Aws]:
        return self._acting(change)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """Whether a refusal stops this change as well: a region that AWS closed is not tried rule by rule."""
        is_new = change.operation in (PUT_RULE, PUT_ORGANIZATION_RULE) and change.before is None
        closed = is_new and change.region == refused.region and change.region in self._closed
        return closed or stays_with(change, refused)

    def find_refusal(self, change: Change, error: Exception) -> t.Optional[Refusal]:
        """Why AWS did not take a change, where that is no failure but a matter of who decides, or of what is there."""
        if not isinstance(error, AwsError):
            return None
        if _SERVICE_LINKED in error.message:
            return Refusal("service_linked", f"an AWS service owns it: {error}", change.target, change.operation)
        if error.code.startswith(_IN_USE):
            reason = f"AWS is still evaluating or deleting it; run again ({error})"
            return Refusal("in_progress", reason, change.target, change.operation)
        for code, (rule, reason) in _OF_REGION.items():
            if error.code.startswith(code):
                self._closed.add(change.region)
                return Refusal(rule, f"{change.region}: {reason} ({error})", change.target, change.operation)
        return None

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"rules": self._rules}

    def facts(self, change: Change) -> ChangeFacts:
        """The cost of the change."""
        return ChangeFacts(cost=make_cost(list_costs([change])))

    def costs(self) -> list[dict[str, t.Any]]:
        return list_costs(self._changes)
