# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which AWS services an RCP stops, on every service that RCPs reach; and the forms that stop none."""

from __future__ import annotations

import typing as t

from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import (
    Controls,
    Kind,
    Loss,
    Place,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix_callers import (
    OTHER_SERVICES,
    callers_of,
    list_called_services,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix_services import (
    service_losses,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue

ACCOUNT: t.Final = "111122223333"
PLACE: t.Final = Place(ACCOUNT, organization_id="o-example", organization_path="o-example/r-root/ou-dev/")
NOTHING: t.Final = Controls()
REACHED: t.Final = sorted(catalogue.rcp_services())
OUTSIDERS: t.Final = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}
SERVICES: t.Final = {"Bool": {"aws:PrincipalIsAWSService": "true"}}


def rcp(*actions: str, resource: str = "*", name: str = "guardrail", **conditions: t.Any) -> Policy:
    statement = {"Sid": "Denies", "Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": resource}
    if conditions:
        statement["Condition"] = conditions
    return parse({"Version": "2012-10-17", "Statement": [statement]}, name=name)


def find_losses(policy: Policy, **more: t.Any) -> tuple[Loss, ...]:
    return service_losses(PLACE, NOTHING, Controls(rcps=((policy,),)), **more)


def names(found: tuple[Loss, ...]) -> set[str]:
    return {loss.actor.arn for loss in found}


def test_the_catalogue_knows_the_services_that_the_table_names() -> None:
    assert len(REACHED) >= 60
    assert list_called_services() <= set(REACHED)
    known = {name for prefix in list_called_services() for names in callers_of(prefix).values() for name in names}
    missing = [name for name in known if catalogue.action(*name.split(":")) is None]
    assert missing == []


@looped("prefix", REACHED)
def test_on_every_service_that_rcps_reach_a_denial_of_services_is_certain(prefix: str) -> None:
    for conditions in (SERVICES, OUTSIDERS, {}):
        found = find_losses(rcp(f"{prefix}:*", **conditions))
        assert found
        assert OTHER_SERVICES in names(found)
        assert names(found) == {*callers_of(prefix), OTHER_SERVICES}
        assert all(loss.certain and loss.layer == "rcp" and loss.actor.kind is Kind.SERVICE for loss in found)
        assert not any(loss.is_lock_out for loss in found)


@looped("prefix", REACHED)
@looped(
    "conditions",
    [
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
        {**OUTSIDERS, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
        {
            **SERVICES,
            "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-example"},
            "Null": {"aws:SourceAccount": "false"},
        },
        {"BoolIfExists": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "a"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
    ],
    ids=["identity perimeter", "confused deputy", "TLS", "TLS version", "tag"],
)
def test_the_well_known_forms_stop_no_service(prefix: str, conditions: dict[str, t.Any]) -> None:
    assert find_losses(rcp(f"{prefix}:*", **conditions)) == ()


def test_what_depends_on_whether_a_service_tells_its_source_is_not_certain() -> None:
    found = find_losses(rcp("sqs:*", **SERVICES, StringNotEqualsIfExists={"aws:SourceOrgID": "o-example"}))
    assert names(found) == {*callers_of("sqs"), OTHER_SERVICES}
    assert {(loss.certain, loss.missing) for loss in found} == {(False, ("aws:SourceAccount", "aws:SourceOrgID"))}
    # The source of another organization is certainly none of ours.
    other = find_losses(rcp("sqs:*", **SERVICES, StringNotEqualsIfExists={"aws:SourceOrgID": "o-other"}))
    assert all(loss.certain for loss in other)


def test_services_that_never_tell_their_source_certainly_lose_what_asks_for_it() -> None:
    found = find_losses(rcp("sts:AssumeRole", **SERVICES, StringNotEqualsIfExists={"aws:SourceAccount": ACCOUNT}))
    certain = {loss.actor.arn: loss.certain for loss in found}
    assert certain["ec2.amazonaws.com"]
    assert certain["lambda.amazonaws.com"]
    assert not certain["ecs-tasks.amazonaws.com"]


def test_a_service_that_is_exempt_by_name_loses_nothing_and_the_unnamed_ones_may() -> None:
    found = find_losses(rcp("sqs:*", **SERVICES, StringNotEquals={"aws:PrincipalServiceName": "sns.amazonaws.com"}))
    assert names(found) == {"events.amazonaws.com", "s3.amazonaws.com", OTHER_SERVICES}
    assert {loss.actor.arn for loss in found if not loss.certain} == {OTHER_SERVICES}


def test_on_a_resource_that_is_named_a_loss_is_not_certain_and_elsewhere_there_is_none() -> None:
    own = find_losses(rcp("sqs:SendMessage", resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders", **SERVICES))
    assert own
    assert not any(loss.certain for loss in own)
    other = rcp("sqs:SendMessage", resource="arn:aws:sqs:us-east-1:999988887777:orders", **SERVICES)
    assert find_losses(other) == ()


def test_only_services_that_may_assume_a_role_lose_that_where_trusts_are_known() -> None:
    policy = rcp("sts:*", **OUTSIDERS)
    assert names(find_losses(policy, entering=frozenset({"glue.amazonaws.com"}))) == {"glue.amazonaws.com"}
    assert find_losses(policy, entering=frozenset()) == ()
    # That says nothing of other services.
    assert find_losses(rcp("sqs:*", **SERVICES), entering=frozenset())


def test_what_a_policy_denied_before_is_not_lost_anew() -> None:
    narrow = rcp("sqs:SendMessage", **SERVICES)
    wide = rcp("sqs:*", **SERVICES)
    before, after = Controls(rcps=((narrow,),)), Controls(rcps=((wide,),))
    found = service_losses(PLACE, before, after)
    assert names(found) == {OTHER_SERVICES}
    assert service_losses(PLACE, after, before) == ()
    assert service_losses(PLACE, after, after) == ()
    doubtful = rcp("sqs:*", **SERVICES, StringNotEqualsIfExists={"aws:SourceOrgID": "o-example"})
    assert service_losses(PLACE, Controls(rcps=((doubtful,),)), after)


def test_an_scp_stops_no_service() -> None:
    assert service_losses(PLACE, NOTHING, Controls(scps=((rcp("sqs:*"),),))) == ()
