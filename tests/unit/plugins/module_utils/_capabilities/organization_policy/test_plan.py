# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for declared organization policies."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import ENABLED, RCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.plan import StageTargets
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import OWNED

from .organizations import (
    BOX,
    DENY,
    FULL,
    OURS,
    ROOT,
    SANDBOX,
    WORK,
    WORK_DEV,
    declaring,
    full_access,
    list_changes,
    make_plan,
    policy,
    rules,
    tree,
)

OTHER = {**DENY, "Statement": [{**DENY["Statement"][0], "Action": "cloudtrail:DeleteTrail"}]}
ALLOW = {**FULL, "Statement": [*FULL["Statement"], DENY["Statement"][0]]}
NEW = "organization policy protect (SERVICE_CONTROL_POLICY)"


def test_a_policy_is_made_tagged_and_attached() -> None:
    (desired,), plan = make_plan(
        tree(), declaring({"tags": {"team": "x"}, "targets": [{"ou": "/Work"}, {"ou": "/Box"}]})
    )
    assert list_changes(plan) == [("CreatePolicy", ""), ("AttachPolicy", BOX), ("AttachPolicy", WORK)]
    create, attach, _other = plan.changes
    assert (create.target, attach.target) == (NEW, f"{NEW} on {BOX}")
    assert create.parameters["Content"] == desired.content.text
    assert create.parameters["Tags"] == [
        {"Key": "version", "Value": "1"},
        {"Key": "team", "Value": "x"},
        {"Key": OWNED[0], "Value": OWNED[1]},
    ]
    assert attach.parameters == {"PolicyName": "protect", "PolicyType": desired.type, "TargetId": BOX}
    assert [change.impact for change in plan.changes] == [Impact.ADDITIVE, Impact.NARROWING, Impact.NARROWING]
    assert all(change.undo for change in plan.changes)


def test_nothing_is_left_to_do_where_all_is_as_declared() -> None:
    live = policy("protect", WORK, tags={**OURS, "theirs": "kept"}, description="any")
    _desired, plan = make_plan(tree(live), declaring())
    assert (plan.changes, plan.refused) == ((), ())


def test_what_is_attached_to_nothing_is_not_made_but_kept_up_to_date() -> None:
    _desired, plan = make_plan(tree(), declaring({"targets": []}))
    assert plan.changes == ()
    _desired, plan = make_plan(tree(policy()), declaring({"targets": [], "content": OTHER}))
    assert list_changes(plan) == [("UpdatePolicy", "")]
    assert plan.changes[0].impact is Impact.ADDITIVE


def test_drift_is_mended_with_one_write_that_keeps_the_rest() -> None:
    live = policy("protect", WORK, description="as it was")
    _desired, plan = make_plan(tree(live), declaring({"content": OTHER}))
    (change,) = plan.changes
    assert change.parameters["Description"] == "as it was"
    assert (change.before["document"], change.after["document"]["Statement"][0]["Action"]) == (
        DENY,
        "cloudtrail:DeleteTrail",
    )
    assert change.undo is not None and change.undo.parameters["Content"] == live.content
    assert change.impact is Impact.NARROWING
    _desired, plan = make_plan(tree(live), declaring({"description": "new"}))
    assert plan.changes[0].after["description"] == "new"


def test_tags_that_are_new_and_those_that_change_are_taken_back_by_different_writes() -> None:
    live = policy("protect", WORK, tags={**OURS, "team": "y"})
    _desired, plan = make_plan(tree(live), declaring({"tags": {"team": "x", "cost": "1"}}))
    added, changed = plan.changes
    assert (added.undo.operation, changed.undo.operation) == ("UntagResource", "TagResource")  # type: ignore[union-attr]
    assert (added.before["tags"], changed.before["tags"]) == ({"cost": None}, {"team": "y"})


def test_all_is_attached_before_anything_is_detached() -> None:
    live = [policy("protect", BOX), policy("other", BOX)]
    policies = [{}, {"name": "other", "targets": [{"ou": "/Work"}]}]
    _desired, plan = make_plan(tree(*live), declaring(*policies, purge_attachments=True))
    assert list_changes(plan) == [
        ("AttachPolicy", WORK),
        ("AttachPolicy", WORK),
        ("DetachPolicy", BOX),
        ("DetachPolicy", BOX),
    ]


def test_without_purge_other_attachments_stay() -> None:
    (desired,), plan = make_plan(tree(policy("protect", BOX, WORK)), declaring())
    assert plan.changes == ()
    assert desired.surplus == (BOX,)


@pytest.mark.parametrize("status", [None, "PENDING_DISABLE"])
def test_a_type_is_enabled_before_anything_is_attached(status: t.Optional[str]) -> None:
    _desired, plan = make_plan(tree(status=status), declaring())
    enable = plan.changes[0]
    assert (enable.operation, enable.before["status"], enable.after["status"]) == ("EnablePolicyType", status, ENABLED)
    assert enable.undo is None


def test_a_type_is_enabled_for_nothing_else() -> None:
    assert list_changes(make_plan(tree(status="PENDING_ENABLE"), declaring())[1])[0] == ("CreatePolicy", "")
    assert make_plan(tree(status=None), declaring({"targets": []}))[1].changes == ()


def test_the_root_is_refused_without_its_option() -> None:
    declared = declaring({"targets": [{"root": True}, {"ou": "/Box"}]})
    _desired, plan = make_plan(tree(), declared)
    assert list_changes(plan) == [("CreatePolicy", ""), ("AttachPolicy", BOX)]
    assert rules(plan) == [("root_attachment", "AttachPolicy")]
    _desired, plan = make_plan(tree(), declaring({"targets": [{"root": True}]}, allow_root_attachment=True))
    assert list_changes(plan)[-1] == ("AttachPolicy", ROOT)
    _desired, plan = make_plan(tree(), declaring({"targets": [{"root": True}], "content": {}}, type="TAG_POLICY"))
    assert list_changes(plan)[-1] == ("AttachPolicy", ROOT)


def test_a_target_without_a_free_slot_is_refused_before_anything_is_made() -> None:
    _desired, plan = make_plan(tree(policy("one", WORK)), declaring(max_policies_per_target=2))
    assert plan.changes == ()
    assert rules(plan) == [("slots", "AttachPolicy")]
    assert "/Work has FullAWSAccess, one attached" in plan.refused[0].reason
    assert "max_policies_per_target is 2" in plan.refused[0].reason


def test_what_is_declared_together_fills_the_slots_together() -> None:
    _desired, plan = make_plan(tree(), declaring({}, {"name": "second"}, max_policies_per_target=2))
    assert rules(plan) == [("slots", "AttachPolicy")]
    assert plan.refused[0].target.startswith("organization policy second")


def test_a_policy_of_our_name_that_is_not_ours_is_refused_unless_adopted() -> None:
    organization = tree(policy("protect", BOX, content=OTHER, tags={}))
    _desired, plan = make_plan(organization, declaring())
    assert plan.changes == ()
    assert rules(plan) == [("foreign", "UpdatePolicy")]
    _desired, plan = make_plan(organization, declaring(adopt=True, purge_attachments=True))
    assert list_changes(plan) == [
        ("TagResource", ""),
        ("UpdatePolicy", ""),
        ("AttachPolicy", WORK),
        ("DetachPolicy", BOX),
    ]
    _desired, plan = make_plan(organization, declaring(adopt=True, allow_loosen=True, state="absent"))
    assert rules(plan) == [("foreign", "DeletePolicy")]


def test_a_policy_of_aws_is_never_touched() -> None:
    _desired, plan = make_plan(tree(policy("protect", BOX, managed=True)), declaring(adopt=True))
    assert rules(plan) == [("protected", "UpdatePolicy")]


def test_what_is_to_be_gone_is_detached_and_deleted() -> None:
    organization = tree(policy("protect", WORK, BOX))
    _desired, plan = make_plan(organization, declaring(state="absent"))
    assert rules(plan) == [("loosens", "DeletePolicy")]
    assert "/Box, /Work" in plan.refused[0].reason
    _desired, plan = make_plan(organization, declaring(state="absent", allow_loosen=True))
    assert [change.operation for change in plan.changes] == ["DetachPolicy", "DetachPolicy", "DeletePolicy"]
    assert plan.changes[-1].impact is Impact.DESTRUCTIVE
    assert make_plan(tree(), declaring(state="absent"))[1].changes == ()
    assert [change.operation for change in make_plan(tree(policy()), declaring(state="absent"))[1].changes] == [
        "DeletePolicy"
    ]


@pytest.mark.parametrize(
    ("others", "said"),
    [([], "is the last SCP there"), ([policy("deny", WORK)], "is the last SCP there that allows anything")],
)
def test_no_target_loses_the_last_policy_that_allows_anything(others: t.Any, said: str) -> None:
    organization = tree(policy("protect", WORK, content=ALLOW), full_access(ROOT), *others)
    _desired, plan = make_plan(organization, declaring(state="absent", allow_loosen=True))
    assert plan.changes == ()
    assert rules(plan) == [("last_policy", "DetachPolicy")]
    assert said in plan.refused[0].reason


def test_full_access_goes_only_where_it_is_named_and_replaced() -> None:
    _desired, plan = make_plan(tree(), declaring({"content": ALLOW}, remove_full_access=["FullAWSAccess"]))
    assert list_changes(plan) == [("CreatePolicy", ""), ("AttachPolicy", WORK), ("DetachPolicy", WORK)]
    assert plan.changes[-1].impact is Impact.NARROWING
    assert "p-FullAWSAccess on" in plan.changes[-1].target
    _desired, plan = make_plan(tree(), declaring(remove_full_access=["FullAWSAccess"]))
    assert rules(plan) == [("last_policy", "DetachPolicy")]
    again = tree(policy("protect", WORK, content=ALLOW), full_access(ROOT))
    assert make_plan(again, declaring({"content": ALLOW}, remove_full_access=["FullAWSAccess"]))[1].changes == ()


def test_a_rollout_says_what_the_targets_are() -> None:
    organization = tree(policy("protect", BOX))
    declared = declaring({"targets": []})
    _desired, plan = make_plan(
        organization, declared, protect=StageTargets((Target(ou="/Box"), Target(ou="/Work/Dev")))
    )
    assert list_changes(plan) == [("AttachPolicy", WORK_DEV)]
    (desired,), plan = make_plan(
        organization, declared, protect=StageTargets((), (Target(ou="/Box"), Target(ou="/Work")))
    )
    assert list_changes(plan) == [("DetachPolicy", BOX)]
    assert (desired.withdrawn, desired.surplus) == ((BOX,), ())
    assert plan.changes[0].kind == "organization_policy_withdraw"


def test_rcps_take_what_targets_lack_and_keep_nothing_back() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": "*"}
    live = policy("protect", SANDBOX, kind=RCP, content={"Version": "2012-10-17", "Statement": [deny]})
    declared = declaring({"content": live.document.document}, type=RCP, state="absent", allow_loosen=True)
    _desired, plan = make_plan(tree(live), declared)
    assert [change.operation for change in plan.changes] == ["DetachPolicy", "DeletePolicy"]
