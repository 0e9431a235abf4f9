# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of an analyzer, the filters that choose among them, and recommendations on unused permissions."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from emulator.extensions.state import clock
from emulator.extensions.unused_permissions import Recommendation, Step, recommend

Criteria = t.Mapping[str, t.Mapping[str, t.Any]]
_UNUSED_DETAILS = {
    "UnusedIAMRole": "unusedIamRoleDetails",
    "UnusedIAMUserPassword": "unusedIamUserPasswordDetails",
    "UnusedIAMUserAccessKey": "unusedIamUserAccessKeyDetails",
}


@dataclasses.dataclass
class Finding:
    """One finding; :meth:`summary` and :meth:`whole` are the shapes of the API."""

    id: str
    kind: str
    resource: str
    resource_type: str
    owner: str
    created: datetime
    status: str = "ACTIVE"
    public: bool = False
    principal: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    actions: t.Sequence[str] = ()
    access_key: t.Optional[str] = None
    error: t.Optional[str] = None
    recommendation: t.Optional[Recommendation] = None
    #: what Security Hub was asked for on this finding of the analyzer that it manages
    hub_recommendation: t.Optional[Recommendation] = None
    #: code and message of the failure of any recommendation
    recommendation_error: t.Optional[tuple[str, str]] = None

    def summary(self) -> dict[str, t.Any]:
        """The finding as ``FindingSummaryV2``."""
        shape = {
            "id": self.id,
            "findingType": self.kind,
            "resource": self.resource,
            "resourceType": self.resource_type,
            "resourceOwnerAccount": self.owner,
            "status": self.status,
            "createdAt": self.created,
            "updatedAt": self.created,
            "analyzedAt": clock(),
        }
        return {**shape, "error": self.error} if self.error else shape

    def whole(self) -> dict[str, t.Any]:
        """The finding as GetFindingV2 answers it."""
        return {**self.summary(), "findingDetails": self._details()}

    def _details(self) -> list[dict[str, t.Any]]:
        if self.kind == "UnusedPermission":
            services: dict[str, list[str]] = {}
            for action in self.actions:
                services.setdefault(action.partition(":")[0], []).append(action.partition(":")[2])
            return [
                {
                    "unusedPermissionDetails": {
                        "serviceNamespace": service,
                        "actions": [{"action": name} for name in names if name != "*"],
                    }
                }
                for service, names in services.items()
            ]
        if self.kind in _UNUSED_DETAILS:
            key = {"accessKeyId": self.access_key} if self.access_key else {}
            return [{_UNUSED_DETAILS[self.kind]: key}]
        access = {"action": list(self.actions), "principal": dict(self.principal), "condition": {}}
        if self.kind == "InternalAccess":
            return [{"internalAccessDetails": {**access, "accessType": "INTRA_ACCOUNT"}}]
        return [{"externalAccessDetails": {**access, "isPublic": self.public}}]

    def fits(self, criteria: Criteria) -> bool:
        """Whether all criteria of a filter hold."""
        return all(_holds(self._attribute(key), criterion) for key, criterion in criteria.items())

    def _attribute(self, key: str) -> t.Optional[str]:
        kind, _dot, name = key.partition(".")
        if kind == "principal":
            return self.principal.get(name)
        if key == "isPublic":
            return str(self.public).lower() if self.kind == "ExternalAccess" else None
        return t.cast(t.Optional[str], self.summary().get(key))

    def recommend(self, days: int) -> Recommendation:
        """Work out a recommendation by the uses of the last days."""
        if self.recommendation_error is not None:
            return Recommendation(error=self.recommendation_error)
        return recommend(self.owner, self.resource.split(":")[1], self.resource, days=days)

    def answer_recommendation(self) -> dict[str, t.Any]:
        """Return the recommendation as GetFindingRecommendation answers it, with all of its steps."""
        assert self.recommendation is not None
        status = self.recommendation.poll()
        shape: dict[str, t.Any] = {
            "startedAt": self.recommendation.started,
            "resourceArn": self.resource,
            "recommendationType": "UnusedPermissionRecommendation",
            "status": status,
        }
        if status == "IN_PROGRESS":
            return shape
        shape["completedAt"] = clock()
        if self.recommendation.error is not None:
            code, message = self.recommendation.error
            return {**shape, "error": {"code": code, "message": message}}
        steps = [_step(step) for step in self.recommendation.steps]
        return {**shape, "recommendedSteps": [{"unusedPermissionsRecommendedStep": step} for step in steps]}


def _step(step: Step) -> dict[str, t.Any]:
    return {
        "recommendedAction": step.action,
        "existingPolicyId": step.policy_id,
        **({"recommendedPolicy": step.recommended} if step.recommended else {}),
        **({"policyUpdatedAt": step.updated} if step.updated else {}),
    }


def _holds(value: t.Optional[str], criterion: t.Mapping[str, t.Any]) -> bool:
    if "exists" in criterion and (value is not None) is not criterion["exists"]:
        return False
    if criterion.get("eq") and value not in criterion["eq"]:
        return False
    if criterion.get("neq") and value in criterion["neq"]:
        return False
    parts = criterion.get("contains")
    return not parts or any(part in (value or "") for part in parts)
