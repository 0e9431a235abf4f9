# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of losses, and when a policy is refused because it stops AWS services."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    ChangedPolicy,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.rows import (
    Row,
    refuse_stopped_services,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Controls, Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix_services import (
    OTHER_SERVICES,
    service_losses,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from .locking import DEV, MEMBERS, ORGANIZATION

POLICY: t.Final = ChangedPolicy("guardrail", RCP, (DEV,))
PLACE: t.Final = Place(MEMBERS[0], organization_id="o-example", organization_path="o-example/r-root/ou-root-dev/")


def row(*actions: str, **conditions: t.Any) -> Row:
    """What an RCP takes from AWS services in one account."""
    statement = {"Sid": "Cuts", "Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": conditions}]}
    after = Controls(rcps=((parse(document, name="guardrail"),),))
    return Row((ORGANIZATION.account[MEMBERS[0]],), tuple(service_losses(PLACE, Controls(), after, entering=None)))


SERVICES: t.Final = {"Bool": {"aws:PrincipalIsAWSService": "true"}}


def refuse(
    found: Row, *, accepted: t.Collection[str] = (), entering: t.Optional[t.Collection[str]] = None, name: str = ""
) -> list[str]:
    policy = ChangedPolicy(name, RCP, (DEV,)) if name else POLICY
    given = {MEMBERS[0]: entering}
    refusals = list(refuse_stopped_services([found], policy, accepted=accepted, entering=given))
    assert all((item.rule, item.target) == ("service_loss", policy.target) for item in refusals)
    return [item.reason for item in refusals]


def test_services_that_lose_something_are_named_and_accepted_one_by_one() -> None:
    found = row("sqs:*", **SERVICES)
    names = {loss.actor.arn for loss in found.losses}
    (reason,) = refuse(found)
    assert f"dev ({MEMBERS[0]})" in reason
    assert all(name in reason for name in names)
    assert "certainly" in reason
    assert (f"({OTHER_SERVICES} means" in reason) is (OTHER_SERVICES in names)
    assert refuse(found, accepted=names) == []
    (rest,) = refuse(found, accepted=names - {sorted(names)[0]})
    assert sorted(names)[0] in rest.rpartition("and a date: ")[2]
    assert refuse(found, name="another") == []


@pytest.mark.parametrize(("entering", "count"), [(None, 1), (frozenset(), 0)])
def test_where_roles_are_known_they_say_who_comes_in(entering: t.Optional[t.Collection[str]], count: int) -> None:
    assert len(refuse(row("sts:AssumeRole", **SERVICES), entering=entering)) == count
    # What services do with resources is asked all the same.
    assert len(refuse(row("sqs:*", **SERVICES), entering=entering)) == 1


def test_what_is_told_of_a_loss() -> None:
    found = row("sqs:*", **SERVICES)
    result = found.as_dict()
    assert result["accounts"] == [MEMBERS[0]]
    for loss in result["losses"]:
        same = [item for item in found.losses if item.actor.name == loss["who"] and item.certain == loss["certain"]]
        assert loss["principal"] in {item.actor.arn for item in same}
        assert set(loss["actions"]) <= {item.ask.action for item in same}
        assert (loss["kind"], loss["policies"], loss["statement"]) == ("AWS service", ["guardrail"], "Cuts")
        assert loss["locked_out"] is False
    assert {action for loss in result["losses"] for action in loss["actions"]} == {
        item.ask.action for item in found.losses
    }
