# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single controls of Security Hub: their parameters, and the standards in which they are enabled."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import SecurityHubDetails
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.changes import HubWriter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.controls import (
    Controls,
    Outcome,
    Parameter,
    convert_value,
    list_declared_pairs,
    plan_controls,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.declared import ControlWish

from ..._controls.hub_samples import CIS_5, FSBP, HOME, NIST, hub, standard, subscription
from ..._controls.samples import ACCOUNT

PLACE = HubWriter("aws", ACCOUNT, HOME)
LENGTH, NUMBERS = "MinimumPasswordLength", "RequireNumbers"
IAM_7: t.Final = {"IAM.7": {LENGTH: Parameter("Integer", None), NUMBERS: Parameter("Boolean", False)}}
READY = hub(subscription(FSBP), subscription(CIS_5))


def wish(name: str = "IAM.6", **fields: t.Any) -> ControlWish:
    return ControlWish.from_options({"id": name, "reason": "ours", **fields})


def length(value: t.Any, **more: t.Any) -> ControlWish:
    return wish("IAM.7", parameters={LENGTH: value, **more})


def associate(**statuses: str) -> Controls:
    """IAM.6 in the standards of READY."""
    arns = {"fsbp": standard(FSBP), "cis": standard(CIS_5)}
    return Controls(associations={("IAM.6", arns[name]): status for name, status in statuses.items()})


def outcome(*wishes: ControlWish, controls: Controls, details: SecurityHubDetails = READY) -> Outcome:
    return plan_controls(wishes, details, controls, PLACE)


# Parameters


def test_a_parameter_is_set_and_those_that_are_not_named_stay() -> None:
    (change,) = outcome(length("14"), controls=Controls(IAM_7)).changes
    assert change.parameters == {
        "SecurityControlId": "IAM.7",
        "Parameters": {LENGTH: {"ValueType": "CUSTOM", "Value": {"Integer": 14}}},
        "LastUpdateReason": "ours",
    }
    assert (change.before, change.after) == ({LENGTH: None}, {LENGTH: 14})
    assert change.undo is not None
    assert change.undo.parameters["Parameters"] == {LENGTH: {"ValueType": "DEFAULT"}}


def test_a_parameter_goes_back_to_the_default_of_aws() -> None:
    known = Controls({"IAM.7": {LENGTH: Parameter("Integer", 14)}})
    (change,) = outcome(length(None), controls=known).changes
    assert change.parameters["Parameters"] == {LENGTH: {"ValueType": "DEFAULT"}}
    assert change.undo is not None
    assert change.undo.parameters["Parameters"] == {LENGTH: {"ValueType": "CUSTOM", "Value": {"Integer": 14}}}


@pytest.mark.parametrize("value", [14, "14", " 14 "])
def test_a_parameter_that_is_as_declared_is_left_alone(value: t.Any) -> None:
    known = Controls({"IAM.7": {LENGTH: Parameter("Integer", 14)}})
    assert outcome(length(value), controls=known) == Outcome()
    assert outcome(length(None), controls=Controls(IAM_7)) == Outcome()


def test_only_what_differs_is_written() -> None:
    (change,) = outcome(length(14, **{NUMBERS: "no"}), controls=Controls(IAM_7)).changes
    assert change.after == {LENGTH: 14}


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        (
            "IAM.7",
            {"maxAccessKeyAge": 60},
            "can't be set; parameters of IAM.7 that can be set: MinimumPasswordLength, Require",
        ),
        ("IAM.3", {"maxAccessKeyAge": 60}, "parameters of IAM.3 that can be set: none"),
        ("IAM.7", {LENGTH: "long"}, "is 'long'; allowed is a value of the type Integer"),
        ("IAM.7", {LENGTH: True}, "is True; allowed is a value of the type Integer"),
        ("IAM.7", {NUMBERS: "maybe"}, "is 'maybe'; allowed is a value of the type Boolean"),
    ],
)
def test_what_can_not_be_set_is_refused_with_what_can(name: str, parameters: dict[str, t.Any], reason: str) -> None:
    found = outcome(wish(name, parameters=parameters), controls=Controls({**IAM_7, "IAM.3": {}}))
    assert found.changes == []
    (refusal,) = found.refused
    assert (refusal.rule, refusal.operation) == ("parameter", "UpdateSecurityControl")
    assert reason in refusal.reason


def test_one_parameter_that_can_not_be_set_costs_the_others_nothing() -> None:
    found = outcome(length(14, other=1), controls=Controls(IAM_7))
    assert [change.after for change in found.changes] == [{LENGTH: 14}]
    assert len(found.refused) == 1


def test_a_control_that_the_region_does_not_have_is_named() -> None:
    found = outcome(wish("IAM.99", parameters={"x": 1}), controls=Controls(IAM_7))
    assert (found.changes, found.warnings) == ([], [f"{HOME}: Security Hub has no control IAM.99 here"])


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("14", "Integer", 14),
        (0.5, "Double", 0.5),
        ("yes", "Boolean", True),
        ("False", "Boolean", False),
        (True, "Boolean", True),
        (" x ", "String", "x"),
        ("GET", "Enum", "GET"),
        ("443, 80", "IntegerList", [80, 443]),
        ([80, "443"], "IntegerList", [80, 443]),
        ("b,a", "StringList", ["a", "b"]),
        (["B", "A"], "EnumList", ["A", "B"]),
    ],
)
def test_values_in_the_types_of_aws(value: t.Any, kind: str, expected: t.Any) -> None:
    found = convert_value(value, kind)
    assert (found, type(found)) == (expected, type(expected))


# Associations


def test_a_control_is_disabled_in_all_standards_that_have_it_with_its_reason() -> None:
    changes = outcome(wish(enabled=False), controls=associate(fsbp="ENABLED", cis="ENABLED")).changes
    assert [change.target.rpartition("control/")[2] for change in changes] == [
        "aws-foundational-security-best-practices/v/1.0.0",
        "cis-aws-foundations-benchmark/v/5.0.0",
    ]
    assert changes[0].parameters["StandardsControlAssociationUpdates"] == [
        {
            "StandardsArn": standard(FSBP),
            "SecurityControlId": "IAM.6",
            "AssociationStatus": "DISABLED",
            "UpdatedReason": "ours",
        }
    ]
    assert changes[0].undo is not None
    (undone,) = changes[0].undo.parameters["StandardsControlAssociationUpdates"]
    assert (undone["AssociationStatus"], "UpdatedReason" in undone) == ("ENABLED", False)


def test_a_control_is_meant_in_one_standard_only() -> None:
    both = associate(fsbp="ENABLED", cis="ENABLED")
    (change,) = outcome(wish(enabled=False, standards=["cis"]), controls=both).changes
    assert change.before == {"standard": standard(CIS_5), "controls": {"IAM.6": "ENABLED"}}


def test_what_others_disabled_stays_so_unless_it_is_declared_enabled() -> None:
    theirs = associate(fsbp="DISABLED", cis="ENABLED")
    assert outcome(length(14), controls=Controls(IAM_7, theirs.associations)).changes[0].operation == (
        "UpdateSecurityControl"
    )
    (change,) = outcome(wish(enabled=True), controls=theirs).changes
    assert change.after == {"standard": standard(FSBP), "controls": {"IAM.6": "ENABLED"}}
    # Whoever takes that back disables it again, which AWS wants a reason for.
    assert change.undo is not None
    assert change.undo.parameters["StandardsControlAssociationUpdates"][0]["UpdatedReason"] == "rollback"
    assert outcome(wish(enabled=False), controls=theirs).changes[0].before["standard"] == standard(CIS_5)


def test_a_standard_that_does_not_have_the_control_is_passed_over() -> None:
    (change,) = outcome(wish(enabled=False), controls=associate(cis="ENABLED")).changes
    assert change.before["standard"] == standard(CIS_5)


def test_more_controls_than_a_call_takes_are_set_in_several() -> None:
    names = [f"X.{number}" for number in range(120)]
    known = Controls(associations={(name, standard(FSBP)): "ENABLED" for name in names})
    changes = outcome(*(wish(name, enabled=False) for name in names), controls=known).changes
    assert [len(change.parameters["StandardsControlAssociationUpdates"]) for change in changes] == [100, 20]
    assert [len(change.before["controls"]) for change in changes] == [100, 20]


@pytest.mark.parametrize(
    ("status", "expected"), [("READY", 1), ("INCOMPLETE", 1), ("PENDING", 0), ("FAILED", 0), ("DELETING", 0)]
)
def test_controls_are_asked_for_in_standards_that_have_them_by_now(status: str, expected: int) -> None:
    pairs = list_declared_pairs([wish(enabled=False)], hub(subscription(NIST, status)))
    assert len(pairs) == expected


def test_only_what_is_declared_here_is_asked_for() -> None:
    wishes = [wish(enabled=False), wish("IAM.3", enabled=True, regions=["eu-west-1"]), length(14)]
    assert list_declared_pairs(wishes, READY) == (("IAM.6", standard(FSBP)), ("IAM.6", standard(CIS_5)))


def test_controls_that_can_not_be_read_are_refused_where_they_are_meant() -> None:
    problem = Controls(problem="AccessDenied")
    assert [refusal.rule for refusal in outcome(wish(enabled=False), controls=problem).refused] == ["unread"]
    assert outcome(wish(enabled=False, exclude_regions=[HOME]), controls=problem) == Outcome()
