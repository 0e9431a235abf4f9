# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan for organization policies leaves, and what is left of it after refusals."""

from __future__ import annotations

import dataclasses

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.outcome import (
    apply_changes,
    drop_refused_policies,
    report_policies,
    with_remedies,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.plan import StageTargets
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import (
    relies_on,
    serves,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from .organizations import BOX, DENY, FULL, WORK, declaring, full_access, make_plan, policy, tree
from .organizations import list_changes as shown

OTHER = {**DENY, "Statement": [{**DENY["Statement"][0], "Action": "cloudtrail:DeleteTrail"}]}
MOVED = tree(policy("protect", BOX))
REFUSED = {"protect": (Refusal("lock_out", "it would lock out", "protect"),)}


def moving(**options: object) -> Plan:
    return make_plan(MOVED, declaring({"content": OTHER}, purge_attachments=True, **options))[1]


def test_after_the_changes_the_organization_is_as_declared() -> None:
    left = apply_changes(MOVED, moving().changes)
    (found,) = (item for item in left.policies if item.name == "protect")
    assert found.targets == (WORK,)
    assert found.document.document["Statement"][0]["Action"] == "cloudtrail:DeleteTrail"
    assert "cloudtrail:DeleteTrail" in found.content
    made = apply_changes(tree(), make_plan(tree(), declaring({"description": "new"}))[1].changes)
    assert [(item.targets, item.description) for item in made.policies if item.name == "protect"] == [((WORK,), "new")]
    gone = apply_changes(MOVED, make_plan(MOVED, declaring(state="absent", allow_loosen=True))[1].changes)
    assert [item.name for item in gone.policies] == ["FullAWSAccess"]


def test_a_refused_policy_does_not_come_and_nothing_goes_for_it() -> None:
    left = drop_refused_policies(moving(), REFUSED)
    assert left.changes == ()
    assert [refusal.rule for refusal in left.refused] == ["lock_out", "together"]
    assert "skipped, because it depends on AttachPolicy" in left.refused[1].reason


def test_no_type_is_enabled_for_what_is_refused() -> None:
    plan = make_plan(tree(status=None), declaring())[1]
    assert shown(plan)[0][0] == "EnablePolicyType"
    assert drop_refused_policies(plan, REFUSED).changes == ()


def test_others_come_all_the_same() -> None:
    plan = make_plan(tree(), declaring({}, {"name": "second"}))[1]
    assert shown(drop_refused_policies(plan, REFUSED)) == [("CreatePolicy", ""), ("AttachPolicy", WORK)]


def test_what_a_rollout_withdraws_is_never_held_back() -> None:
    allowing = tree(policy("protect", BOX, content=FULL))
    plan = make_plan(allowing, declaring({"content": FULL}), protect=StageTargets((), (Target(ou="/Box"),)))[1]
    assert shown(drop_refused_policies(plan, REFUSED)) == [("DetachPolicy", BOX)]


def test_taking_off_what_allows_is_held_back_and_the_deletion_with_it() -> None:
    allowing = tree(policy("protect", BOX, content=FULL), full_access(BOX))
    plan = make_plan(allowing, declaring(state="absent", allow_loosen=True))[1]
    assert [change.operation for change in plan.changes] == ["DetachPolicy", "DeletePolicy"]
    assert drop_refused_policies(plan, REFUSED).changes == ()


def by_operation(plan: Plan) -> dict[str, Change]:
    return {change.operation: change for change in plan.changes}


def test_who_stays_away_with_whom() -> None:
    changes = by_operation(moving())
    update, attach, detach = (changes[name] for name in ("UpdatePolicy", "AttachPolicy", "DetachPolicy"))
    assert stays_with(attach, update)
    assert stays_with(detach, attach)
    assert not stays_with(update, attach)
    assert not stays_with(dataclasses.replace(detach, kind="organization_policy_withdraw"), attach)
    removal = by_operation(make_plan(MOVED, declaring(state="absent", allow_loosen=True))[1])
    assert stays_with(removal["DeletePolicy"], removal["DetachPolicy"])
    enable = by_operation(make_plan(tree(status=None), declaring())[1])
    assert stays_with(enable["AttachPolicy"], enable["EnablePolicyType"])
    assert stays_with(enable["AttachPolicy"], enable["CreatePolicy"])


def test_a_policy_and_its_type_are_there_for_attachments_alone() -> None:
    changes = by_operation(make_plan(tree(status=None), declaring())[1])
    enable, create, attach = (changes[name] for name in ("EnablePolicyType", "CreatePolicy", "AttachPolicy"))
    assert serves(enable, attach) and serves(create, attach)
    other = dataclasses.replace(attach, before={**attach.before, "policy": "other"})
    assert serves(enable, other) and not serves(create, other)
    assert not serves(enable, dataclasses.replace(attach, before={**attach.before, "type": "TAG_POLICY"}))
    assert not serves(attach, attach) and not serves(enable, create)
    assert not serves(by_operation(moving())["UpdatePolicy"], attach)


def test_changes_of_one_policy_or_one_target_rely_on_each_other() -> None:
    _create, attach, _other, second, third = make_plan(
        tree(), declaring({}, {"name": "other", "targets": [{"ou": "/Work"}, {"ou": "/Box"}]})
    )[1].changes
    assert relies_on(second, attach) or relies_on(third, attach)
    assert not (relies_on(second, attach) and relies_on(third, attach))
    changes = by_operation(moving())
    assert relies_on(changes["DetachPolicy"], changes["UpdatePolicy"])


def test_changes_mend_the_findings_on_their_policy() -> None:
    desired, plan = make_plan(MOVED, declaring())
    marked = with_remedies(plan, {desired[0].live.arn: ("mark",)}, desired)  # type: ignore[union-attr]
    assert {change.remedies for change in marked.changes} == {("mark",)}


def test_what_is_told_of_each_policy() -> None:
    declared = declaring()
    desired, _plan = make_plan(MOVED, declared)
    assert report_policies(MOVED, declared, desired) == [
        {
            "name": "protect",
            "type": "SERVICE_CONTROL_POLICY",
            "id": "p-protect",
            "arn": desired[0].live.arn,  # type: ignore[union-attr]
            "drifted": False,
            "size": desired[0].content.size,
            "targets": [{"id": WORK, "name": "/Work", "attached": False}],
            "not_declared": [{"id": BOX, "name": "/Box"}],
            "slots": [{"id": WORK, "used": 1, "limit": 10}],
        }
    ]
    gone = declaring(state="absent")
    (row,) = report_policies(MOVED, gone, make_plan(MOVED, gone)[0])
    assert (row["drifted"], row["size"], row["targets"]) == (
        None,
        None,
        [{"id": BOX, "name": "/Box", "attached": True}],
    )
