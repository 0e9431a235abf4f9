# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries that would allow a denied call: only within the old policies, and only if they help."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.control_policies import ControlPolicy, PolicyLevel
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ManagedPolicy,
    PolicyDocument,
    Role,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    DeniedBy,
    NewDenial,
    Watched,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch import proposals
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.proposals import (
    MOST_PROPOSED,
    Basis,
    add_proposals,
    compare,
    make_entry,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import read_settings
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals.propose import Proposer
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals.subjects import Subject, describe

from ...._converge.affects.test_affected import SNAPSHOT
from ...._policy.least_privilege.samples import (
    ACCOUNT,
    DAY,
    NOW,
    ROLE,
    allow,
    call,
    deny,
    make_record,
    policy,
    settings,
)

QUEUE: t.Final = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
BUCKET: t.Final = "arn:aws:s3:::acme-jobs"
TRIAL: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/lp/lp-app-trial"
OLD: t.Final = [allow(["sqs:*", "s3:*", "iam:*", "sts:*"])]


def make_denial(action: str = "sqs:PurgeQueue", resource: str = QUEUE, **fields: t.Any) -> NewDenial:
    given = {"by": DeniedBy.OURS, "count": 3, "first": NOW - 2 * DAY, "last": NOW - DAY, **fields}
    return NewDenial(ROLE, action, resource, **given)


def make_snapshot(*statements: t.Any, **fields: t.Any) -> Snapshot:
    document = {"Version": "2012-10-17", "Statement": list(statements or OLD)}
    trust = PolicyDocument("AssumeRolePolicyDocument", {"Version": "2012-10-17", "Statement": []})
    role = Role("app", ROLE, "/dev/", None, trust, (), (PolicyDocument("old", document),), None, None, None)
    role = dataclasses.replace(role, boundary=fields.pop("boundary", None))
    return dataclasses.replace(SNAPSHOT, roles=(role,), users=(), groups=(), **fields)


def make_basis(*statements: t.Any, trial: str = "", **fields: t.Any) -> Basis:
    """A role that only sent messages, so that its documents allow nothing else."""
    permissions = Permissions(make_snapshot(*statements, **fields))
    (entity,) = permissions.snapshot.roles
    subject = Subject(entity, (ROLE,))
    records = {ROLE: make_record(call("sqs:SendMessage", QUEUE))}
    return Basis(Proposer(permissions, settings()), subject, describe(subject, permissions, {}), records, trial)


def propose(denial: NewDenial, *statements: t.Any, **fields: t.Any) -> NewDenial:
    watched = Watched(NOW - 3 * DAY, NOW, new=(denial,))
    (found,) = add_proposals(watched, make_basis(*statements, **fields), now=NOW).new
    return found


def test_a_denial_within_the_old_policies_gets_an_entry_and_a_diff() -> None:
    found = propose(make_denial(used_before=True))
    assert found.proposal == {
        "name": found.proposal["name"],
        "owner": "",
        "actions": ["sqs:PurgeQueue"],
        "resources": [QUEUE],
        "reason": "denied 3 times from 2026-11-26 to 2026-11-27; the evidence has the action as used",
        "expires": (NOW + timedelta(days=365)).date().isoformat(),
    }
    lines = found.diff.splitlines()
    assert lines[0] == "+ lp-app-1:" and all(line.startswith("+ ") for line in lines)
    statement = json.loads("".join(line[2:] for line in lines[1:]))
    assert statement.pop("Sid") and statement == {
        "Effect": "Allow",
        "Action": "sqs:PurgeQueue",
        "Resource": QUEUE,
        "Condition": {"DateLessThan": {"aws:CurrentTime": "2027-11-28T00:00:00Z"}},
    }


def test_an_entry_needs_an_owner_before_it_can_be_used() -> None:
    entry = make_entry(make_denial(), NOW)
    assert "never had" in entry["reason"]
    with pytest.raises(ValueError, match=r"always_allow\[0\]\.owner: is missing"):
        read_settings({"always_allow": [entry]}, now=NOW)
    assert read_settings({"always_allow": [{**entry, "owner": "team-jobs"}]}, now=NOW).always_allow


def test_an_entry_that_a_person_takes_over_allows_the_call() -> None:
    basis = make_basis()
    (profile,) = read_settings(
        {"always_allow": [make_entry(make_denial(), NOW) | {"owner": "x"}]}, now=NOW
    ).always_allow
    (document,) = basis.propose(profile).policies
    assert "sqs:PurgeQueue" in str(document)
    assert "sqs:PurgeQueue" not in str(basis.base.policies)


@pytest.mark.parametrize("by", [one for one in DeniedBy if one is not DeniedBy.OURS])
def test_an_entry_does_not_help_against_another_layer(by: DeniedBy) -> None:
    assert propose(make_denial(by=by)).proposal is None


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        # The old policies did not allow it.
        ("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t"),
        # Roles that are passed must be named by calls.
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/x"),
        ("iam:passrole", f"arn:aws:iam::{ACCOUNT}:role/x"),
        # A caller chose the name, so that the entry would allow more than was denied.
        ("s3:GetObject", f"{BUCKET}/*"),
        ("s3:GetObject", f"{BUCKET}/re?ort"),
        ("s3:GetObject", f"{BUCKET}/${{aws:username}}"),
        ("s3:GetObject", "*"),
        ("s3:GetObject", "arn:aws:s3:::*"),
        ("s3:GetObject", ""),
        ("s3:GetObject", "my-bucket"),
        ("s3:Get*", f"{BUCKET}/x"),
        ("*:*", ""),
        ("sqs:MadeUp", QUEUE),
    ],
)
def test_there_is_no_entry(action: str, resource: str) -> None:
    found = propose(make_denial(action, resource))
    assert (found.proposal, found.diff) == (None, "")


def test_an_action_without_resources_is_about_any() -> None:
    found = propose(make_denial("s3:ListAllMyBuckets", "*"))
    assert found.proposal is not None and found.proposal["resources"] == ["*"]


def test_an_old_denial_stays() -> None:
    assert propose(make_denial(), *OLD, deny("sqs:PurgeQueue")).proposal is None
    assert propose(make_denial(), *OLD, deny("sqs:PurgeQueue", f"{QUEUE}2")).proposal is not None


def test_an_old_condition_that_is_not_known_to_hold_gives_no_entry() -> None:
    condition = {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}
    assert propose(make_denial(), allow("sqs:*", **condition)).proposal is None


def test_what_an_scp_denies_as_well_gives_no_entry() -> None:
    def forbid(action: str) -> dict[str, t.Any]:
        document = {"Version": "2012-10-17", "Statement": [allow("*"), deny(action)]}
        scp = ControlPolicy("p-1", "limits", "SERVICE_CONTROL_POLICY", PolicyDocument("limits", document))
        return {"organization_policies": (PolicyLevel("r-1", "root", (scp,), ()),)}

    assert propose(make_denial(), **forbid("sqs:PurgeQueue")).proposal is None
    assert propose(make_denial(), **forbid("sqs:DeleteQueue")).proposal is not None


@pytest.mark.parametrize(("trial", "has_proposal"), [(TRIAL, True), ("", False), (f"{TRIAL}-other", False)])
def test_only_the_boundary_of_the_trial_is_changed_with_the_documents(trial: str, has_proposal: bool) -> None:
    version = PolicyDocument("v1", {"Version": "2012-10-17", "Statement": [allow("sqs:SendMessage")]})
    boundary = ManagedPolicy(TRIAL, "lp-app-trial", "/iam-hardening/lp/", version, 0, 1, None, None, False)
    found = propose(make_denial(), trial=trial, policies=(boundary,), boundary=TRIAL)
    assert (found.proposal is not None) is has_proposal


def test_policies_that_could_not_be_read_give_no_entry() -> None:
    basis = make_basis()
    (role,) = basis.proposer.permissions.snapshot.roles
    role = dataclasses.replace(role, attached_policies=(f"arn:aws:iam::{ACCOUNT}:policy/unread",))
    snapshot = dataclasses.replace(basis.proposer.permissions.snapshot, roles=(role,))
    unread = dataclasses.replace(basis, proposer=Proposer(Permissions(snapshot), settings()))
    assert add_proposals(Watched(NOW, NOW, new=(make_denial(),)), unread, now=NOW).new[0].proposal is None


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kms:GenerateDataKey", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/other"),
        ("sts:AssumeRole", "arn:aws:iam::999988887777:role/other"),
    ],
)
def test_a_policy_of_the_resource_that_must_allow_too_does_so(action: str, resource: str) -> None:
    """Otherwise AWS had named it, and not the policies of the role."""
    assert propose(make_denial(action, resource), *OLD, allow("kms:*")).proposal is not None


def test_several_denials_are_proved_together_and_each_has_its_own_statement() -> None:
    other = make_denial("s3:GetObject", f"{BUCKET}/a.csv")
    passed = make_denial("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/x")
    watched = Watched(NOW, NOW, new=(make_denial(), passed, other))
    basis = make_basis()
    first, second, third = add_proposals(watched, basis, now=NOW).new
    assert second is passed
    assert "sqs:PurgeQueue" in first.diff and "s3:GetObject" not in first.diff
    assert "s3:GetObject" in third.diff and "sqs:PurgeQueue" not in third.diff


def test_entries_are_tried_alone_if_they_are_not_proved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = proposals._is_as_proved

    def is_as_proved(base: t.Any, extended: t.Any) -> bool:
        return "s3:GetObject" not in str(extended.policies) and proved(base, extended)

    monkeypatch.setattr(proposals, "_is_as_proved", is_as_proved)
    watched = Watched(NOW, NOW, new=(make_denial(), make_denial("s3:GetObject", f"{BUCKET}/a.csv")))
    first, second = add_proposals(watched, make_basis(), now=NOW).new
    assert (first.proposal is None, second.proposal is None) == (False, True)


def test_a_statement_that_moves_to_another_document_is_no_difference() -> None:
    def write(name: str, *actions: str) -> Policy:
        return policy(*(allow(action) for action in actions), name=name)

    before = [write("one", "s3:GetObject", "sqs:SendMessage")]
    after = [write("one", "s3:GetObject"), write("two", "sqs:SendMessage", "sqs:PurgeQueue")]
    text = compare(before, after)
    assert text.startswith("+ two:") and "PurgeQueue" in text and "SendMessage" not in text and "GetObject" not in text
    assert compare(after, before).startswith("- two:")
    assert compare(before, after, "s3:GetObject") == compare(before, before) == ""


def test_a_flood_of_denials_is_not_generated_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Sequence[NewDenial]] = []

    def note(denials: t.Sequence[NewDenial], *_rest: t.Any) -> dict[int, NewDenial]:
        asked.append(denials)
        return {}

    monkeypatch.setattr(proposals, "_propose", note)
    probes = [make_denial(resource=f"{QUEUE}{number}", count=9) for number in range(50)]
    watched = Watched(NOW, NOW, new=(*probes, make_denial(used_before=True, count=1)))
    assert add_proposals(watched, make_basis(), now=NOW).new == watched.new
    assert [len(denials) for denials in asked] == [MOST_PROPOSED, 1, 1, 1]
    assert asked[0][0].used_before
