# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How policies are named in requests, and how what a change left is read."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import InvalidRequest, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.observe import (
    find_other_policies,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import (
    Node,
    PolicyWriter,
    enable,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.organization_policies import AccessByName, reread

SCP = "SERVICE_CONTROL_POLICY"
NAMED = {"PolicyName": "protect", "PolicyType": SCP}


class FakeAccess:
    """AWS with one policy, or none that lists show yet."""

    caller = "caller"
    chain = ("role",)

    def __init__(self, *names: str, code: str = "") -> None:
        self._names = names
        self._code = code
        self.calls: list[tuple[str, t.Any]] = []

    def items(self, _service: str, operation: str, _key: str, _asked: t.Any = None) -> Iterator[Mapping[str, t.Any]]:
        listed: dict[str, list[Mapping[str, t.Any]]] = {
            "ListPolicies": [{"Id": f"p-{name}", "Name": name} for name in self._names],
            "ListTargetsForPolicy": [{"TargetId": "ou-1"}],
            "ListTagsForResource": [{"Key": "a", "Value": "1"}],
            "ListRoots": [{"PolicyTypes": [{"Type": SCP, "Status": "PENDING_ENABLE"}]}],
        }
        return iter(listed[operation])

    def call(self, _service: str, operation: str, asked: t.Any, *, region: t.Optional[str] = None) -> t.Any:
        self.calls.append((operation, asked))
        if self._code:
            raise InvalidRequest("no", code=self._code, operation=operation)
        summary = {"Id": "p-new", "Name": "protect", "Type": SCP}
        return {"Policy": {"PolicySummary": summary, "Content": '{"Statement": []}'}}


def send(operation: str, parameters: t.Any, *names: str) -> t.Any:
    access: t.Any = FakeAccess(*names)
    AccessByName(access).call("organizations", operation, parameters)
    return access.calls[-1][1]


@pytest.mark.parametrize(
    ("operation", "given", "sent"),
    [
        ("AttachPolicy", {**NAMED, "TargetId": "ou-1"}, {"PolicyId": "p-protect", "TargetId": "ou-1"}),
        ("TagResource", {**NAMED, "Tags": []}, {"ResourceId": "p-protect", "Tags": []}),
        ("UntagResource", {**NAMED, "TagKeys": ["a"]}, {"ResourceId": "p-protect", "TagKeys": ["a"]}),
        ("DeletePolicy", {"PolicyId": "p-1"}, {"PolicyId": "p-1"}),
    ],
)
def test_a_policy_is_named_by_its_id_in_the_request(operation: str, given: t.Any, sent: t.Any) -> None:
    assert send(operation, given, "other", "protect") == sent


def test_a_policy_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotFound, match="there is no SERVICE_CONTROL_POLICY named protect"):
        send("AttachPolicy", {**NAMED, "TargetId": "ou-1"}, "other")


def test_the_id_of_a_policy_that_was_made_is_remembered_as_lists_lag_behind() -> None:
    access: t.Any = FakeAccess()
    aws = AccessByName(access)
    aws.call("organizations", "CreatePolicy", {"Name": "protect", "Type": SCP})
    aws.call("organizations", "AttachPolicy", {**NAMED, "TargetId": "ou-1"})
    assert access.calls[-1] == ("AttachPolicy", {"PolicyId": "p-new", "TargetId": "ou-1"})
    assert (aws.caller, aws.chain) == ("caller", ("role",))


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("AttachPolicy", "DuplicatePolicyAttachmentException"),
        ("DetachPolicy", "PolicyNotAttachedException"),
        ("EnablePolicyType", "PolicyTypeAlreadyEnabledException"),
    ],
)
def test_what_somebody_else_did_is_not_taken_for_ours(operation: str, code: str) -> None:
    """An answer would be journalled as a change of this run, which a rollback takes back."""
    access: t.Any = FakeAccess(code=code)
    with pytest.raises(InvalidRequest, match=code):
        AccessByName(access).call("organizations", operation, {"PolicyId": "p-1"})


def test_what_a_change_left_is_read_in_its_shape() -> None:
    access: t.Any = FakeAccess("protect")
    read = reread(access, datetime(2026, 11, 25, tzinfo=UTC))
    writer = PolicyWriter("111122223333", "protect", SCP, None)
    for node, attached in (("ou-1", True), ("ou-2", False)):
        change = writer.attach(Node(node, f"/{node}"))
        assert read(change) == (change.after if attached else change.before)
    type_change = enable("111122223333", "r-1", SCP, None, "ENABLED")
    assert read(type_change) == {"type": SCP, "status": "PENDING_ENABLE"}


def test_what_is_not_there_reads_as_nothing() -> None:
    read = reread(t.cast(t.Any, FakeAccess()), datetime(2026, 11, 25, tzinfo=UTC))
    change = PolicyWriter("111122223333", "protect", SCP, None).attach(Node("ou-1", "/one"))
    assert read(change)["attached"] is False


ARN = "arn:aws:organizations::111122223333:policy/o-1/service_control_policy/"


@pytest.mark.parametrize(
    ("target", "parameters", "refused"),
    [
        (f"{ARN}p-protect on ou-1", {**NAMED, "TargetId": "ou-1"}, False),
        (f"{ARN}p-protect", NAMED, False),
        # The record shows a policy that nobody minds, and its name leads to another one.
        (f"{ARN}p-harmless on ou-1", {**NAMED, "TargetId": "ou-1"}, True),
        (f"{ARN}p-harmless", NAMED, True),
        # Deleted since and made again, with another id.
        (f"{ARN}p-gone on ou-1", {**NAMED, "TargetId": "ou-1"}, False),
        # Made by the run itself, so there was no ARN; gone, and made again before by the same rollback.
        ("organization policy protect (SERVICE_CONTROL_POLICY) on ou-1", {**NAMED, "TargetId": "ou-1"}, False),
        (f"{ARN}p-old on ou-1", {**NAMED, "PolicyName": "gone", "TargetId": "ou-1"}, False),
        (f"{ARN}p-old", {"Name": "protect", "Type": SCP}, False),
    ],
)
def test_an_undo_whose_name_leads_to_another_policy_than_its_target_is_refused(
    target: str, parameters: t.Any, refused: bool
) -> None:
    access: t.Any = FakeAccess("harmless", "protect")
    undo = Change(
        account_id="111122223333",
        region="global",
        service="organizations",
        operation="DetachPolicy",
        target=target,
        parameters=parameters,
        before={},
        after={},
        kind="undo",
        impact=Impact.ADDITIVE,
        undoes="key",
    )
    found = find_other_policies(access, [undo], datetime(2026, 11, 25, tzinfo=UTC))
    assert ([refusal.rule for refusal in found.values()], set(found)) == (
        (["undo_mismatch"], {"key"}) if refused else ([], set())
    )
