# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module security_hub on a hub that does not do all it was asked for, and on controls that can't be read."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import Aggregator
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.changes import (
    HubWriter,
    describe_aggregator,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.controls import Parameter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.declared import ControlWish
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.observe import (
    read_controls,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.run import _learn
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from ..._account.fakes import ACCOUNT, HOME, NOW, OTHER, FakeAccess, deny, refusal
from ..._controls.hub_samples import CIS_5, FSBP, hub, off, standard, subscription, subscription_arn

PLACE = HubWriter("aws", ACCOUNT, HOME)
DISABLE = PLACE.associate(
    standard(FSBP),
    before={"IAM.6": "ENABLED", "IAM.9": "ENABLED"},
    after={"IAM.6": "DISABLED", "IAM.9": "DISABLED"},
    reasons={"IAM.6": "ours", "IAM.9": "ours"},
)
LENGTH = PLACE.set_parameters(
    "IAM.7", before={"Length": None}, after={"Length": 14}, types={"Length": "Integer"}, reason="ours"
)
OFF = refusal("InvalidAccessException", "not subscribed to AWS Security Hub")


class Paging(FakeAccess):
    """With the items of all pages, as Access has them."""

    def items(self, service: str, operation: str, key: str, *arguments: t.Any, **options: t.Any) -> t.Iterator[t.Any]:
        for page in self.pages(service, operation, key, *arguments, **options):
            yield from page[key]


def answering(**answers: t.Any) -> t.Any:
    return Paging({f"securityhub:{name}": answer for name, answer in answers.items()})


def present(change: Change, **answers: t.Any) -> t.Any:
    return reread(answering(**answers), NOW)(change)


# What AWS did not do


def test_what_a_batch_left_undone_is_an_error() -> None:
    """AWS answers it with success."""
    update = {"SecurityControlId": "IAM.6", "StandardsArn": standard(FSBP), "AssociationStatus": "DISABLED"}
    left = {"StandardsControlAssociationUpdate": update, "ErrorCode": "INVALID_INPUT", "ErrorReason": "no reason"}
    with pytest.raises(AwsError, match="IAM.6: no reason"):
        _learn(DISABLE, {"UnprocessedAssociationUpdates": [left]})
    assert _learn(DISABLE, {"UnprocessedAssociationUpdates": []}) == {}


def test_the_journal_keeps_the_id_of_a_new_aggregator() -> None:
    arn = "arn:aws:securityhub:us-east-1:111122223333:finding-aggregator/1"
    change = PLACE.aggregate(None, "ALL_REGIONS", ())
    assert _learn(change, {"FindingAggregatorArn": arn, "RegionLinkingMode": "ALL_REGIONS"}) == {
        "FindingAggregatorArn": arn
    }


# What a change acts on, in the shape of its before and after


def test_a_hub_is_on_or_off() -> None:
    change = PLACE.enable()
    assert present(change, DescribeHub=OFF) == change.before
    on = {"HubArn": "arn:hub", "ControlFindingGenerator": "SECURITY_CONTROL"}
    assert present(change, DescribeHub=on) == change.after


@pytest.mark.parametrize(
    ("status", "enabled"),
    [("READY", True), ("PENDING", True), ("INCOMPLETE", True), ("FAILED", False), ("DELETING", False)],
)
def test_a_standard_is_there_by_its_status(status: str, enabled: bool) -> None:
    item = {
        "StandardsArn": standard(CIS_5),
        "StandardsSubscriptionArn": subscription_arn(CIS_5),
        "StandardsStatus": status,
    }
    other = {**item, "StandardsSubscriptionArn": subscription_arn(FSBP), "StandardsStatus": "READY"}
    change = PLACE.subscribe(standard(CIS_5))
    assert present(change, GetEnabledStandards={"StandardsSubscriptions": [other, item]}) == {"enabled": enabled}


def test_in_a_hub_that_is_off_there_is_nothing() -> None:
    assert present(PLACE.subscribe(standard(CIS_5)), GetEnabledStandards=OFF) == {"enabled": False}
    assert present(LENGTH, BatchGetSecurityControls=OFF) is None
    assert present(PLACE.aggregate(None, "ALL_REGIONS", ()), ListFindingAggregators=OFF) is None


def test_a_denied_read_is_no_fact() -> None:
    with pytest.raises(AwsError):
        present(PLACE.enable(), DescribeHub=deny("securityhub:DescribeHub"))


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"ValueType": "CUSTOM", "Value": {"Integer": 14}}, 14),
        # AWS answers its default as well; to us that is none of ours.
        ({"ValueType": "DEFAULT", "Value": {"Integer": 8}}, None),
        ({"ValueType": "DEFAULT"}, None),
    ],
)
def test_a_parameter_that_has_the_default_has_no_value(given: t.Any, value: t.Any) -> None:
    answer = {"SecurityControls": [{"SecurityControlId": "IAM.7", "Parameters": {"Length": given, "Other": given}}]}
    assert present(LENGTH, BatchGetSecurityControls=answer) == {"Length": value}


def test_statuses_of_the_controls_that_were_changed() -> None:
    item = {"SecurityControlId": "IAM.6", "StandardsArn": standard(FSBP), "AssociationStatus": "DISABLED"}
    answer = {"StandardsControlAssociationDetails": [item, {**item, "SecurityControlId": "IAM.9"}]}
    assert present(DISABLE, BatchGetStandardsControlAssociations=answer) == DISABLE.after


def test_an_aggregator_by_its_mode_and_regions() -> None:
    described = {
        "FindingAggregatorArn": "arn:a",
        "FindingAggregationRegion": HOME,
        "RegionLinkingMode": "SPECIFIED_REGIONS",
        "Regions": ["sa-east-1", OTHER],
    }
    listed = {"FindingAggregators": [{"FindingAggregatorArn": "arn:a"}]}
    change = PLACE.aggregate(None, "SPECIFIED_REGIONS", [OTHER, "sa-east-1"])
    assert present(change, ListFindingAggregators=listed, GetFindingAggregator=described) == change.after
    assert present(change, ListFindingAggregators={"FindingAggregators": []}) == change.before
    assert describe_aggregator(Aggregator("arn:a", HOME, "ALL_REGIONS")) == {"mode": "ALL_REGIONS", "regions": []}


# The controls that are declared


def wish(**fields: t.Any) -> ControlWish:
    return ControlWish.from_options({"id": "IAM.7", "reason": "ours", **fields})


def test_only_what_is_declared_is_read_and_only_where_the_hub_is_on() -> None:
    known = {"SecurityControlId": "IAM.7", "Parameters": {"Ports": parameter("IntegerList", [443, 80])}}
    access = answering(BatchGetSecurityControls={"SecurityControls": [known]})
    found = read_controls(access, [wish(parameters={"Ports": "80"})], [hub(subscription(FSBP)), off(OTHER)])
    assert set(found) == {HOME}
    assert found[HOME].parameters == {"IAM.7": {"Ports": Parameter("IntegerList", [80, 443])}}
    assert access.names == ["securityhub:BatchGetSecurityControls"]
    assert read_controls(access, [], [hub()]) == {}


def parameter(kind: str, value: t.Any) -> dict[str, t.Any]:
    return {"ValueType": "CUSTOM", "Value": {kind: value}}


def test_more_controls_than_a_call_takes() -> None:
    access = answering(BatchGetStandardsControlAssociations={"StandardsControlAssociationDetails": []})
    wishes = [ControlWish.from_options({"id": f"X.{number}", "enabled": True}) for number in range(60)]
    read_controls(access, wishes, [hub(subscription(FSBP), subscription(CIS_5))])
    sizes = [len(call.parameters["StandardsControlAssociationIds"]) for call in access.calls]
    assert sizes == [100, 20]


def test_a_region_that_does_not_tell_of_its_controls_says_why() -> None:
    access = answering(BatchGetSecurityControls=deny("securityhub:BatchGetSecurityControls"))
    found = read_controls(access, [wish(parameters={"x": 1})], [hub(subscription(FSBP))])
    assert "not authorized" in found[HOME].problem
