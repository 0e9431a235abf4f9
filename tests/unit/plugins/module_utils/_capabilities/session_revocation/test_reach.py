# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    ManagedPolicy,
    Organization,
    PolicyDocument,
    PolicyLevel,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import AccountEdges
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import (
    ReachResult,
    Source,
    Walk,
)

from .accounts import (
    DATA,
    DEPLOY,
    FOREIGN,
    HOME,
    LOADER,
    NOTIFIER,
    PIPELINE,
    PROD,
    USER,
    VENDOR,
    WAREHOUSE,
    WORKER,
    allow,
    arn,
    deny,
    make_data,
    make_home,
    make_production,
    make_role,
    make_snapshot,
    make_user,
    policy,
    trust,
)

ALL: t.Final = frozenset({HOME, PROD, DATA})
LEAKED: t.Final = (Source(USER, "the user of a leaked key"),)


def walk(
    *snapshots: Snapshot,
    sources: tuple[Source, ...] = LEAKED,
    inventory: frozenset[str] = ALL,
    waits: bool = False,
) -> ReachResult:
    """The reach over these accounts, each as the other accounts read it."""
    accounts = {}
    for snapshot in snapshots:
        arns = [source.arn for source in sources]
        written = json.dumps(AccountEdges.from_snapshot(snapshot, arns).as_document())
        accounts[snapshot.account_id] = AccountEdges.from_document(json.loads(written))
    return Walk(accounts, inventory, waits=waits).run(sources)


def change_role(snapshot: Snapshot, name: str, **fields: t.Any) -> Snapshot:
    roles = tuple(dataclasses.replace(role, **fields) if role.name == name else role for role in snapshot.roles)
    return dataclasses.replace(snapshot, roles=roles)


def test_a_contained_user_is_followed_over_three_accounts() -> None:
    found = walk(make_home(), make_production(), make_data()).roles
    assert {role: one.chain for role, one in found.items()} == {
        PIPELINE: (USER, PIPELINE),
        WORKER: (USER, WORKER),
        DEPLOY: (USER, PIPELINE, DEPLOY),
        WAREHOUSE: (USER, PIPELINE, DEPLOY, WAREHOUSE),
        LOADER: (USER, PIPELINE, DEPLOY, WAREHOUSE, LOADER),
    }
    assert {role for role, one in found.items() if one.certain} >= {PIPELINE, WORKER, DEPLOY, WAREHOUSE}
    assert NOTIFIER not in found and VENDOR not in found
    assert [role for role, one in found.items() if one.is_chained] == [
        role for role in found if role not in (PIPELINE, WORKER)
    ]


def test_a_trust_that_names_the_caller_in_its_own_account_needs_no_policy() -> None:
    assert walk(make_home(), make_production(), make_data()).roles[LOADER].certain


@pytest.mark.parametrize(
    "denial",
    [
        {"inline": {"IamHardeningIncident-INC-1": policy(deny())}},
        {"inline": {"AWSRevokeOlderSessions": policy(deny())}},
    ],
)
def test_cuts_of_this_and_other_incidents_hide_nothing(denial: dict[str, t.Any]) -> None:
    home = make_home()
    pipeline = make_role(HOME, "pipeline", trust(USER), inline={"release": policy(allow(DEPLOY)), **denial["inline"]})
    home = dataclasses.replace(home, roles=(pipeline,))
    assert walk(home, make_production(), make_data()).roles[WAREHOUSE].certain


def test_a_policy_that_only_has_the_name_of_a_cut_still_allows() -> None:
    inline = {"IamHardeningIncident-INC-1": policy(allow(DEPLOY), deny())}
    home = dataclasses.replace(make_home(), roles=(make_role(HOME, "pipeline", trust(USER), inline=inline),))
    assert walk(home, make_production(), make_data()).roles[DEPLOY].certain


def test_the_boundary_of_a_quarantine_does_not_count_and_any_other_does() -> None:
    home = make_home()
    (user,) = home.users
    for name, reaches in (("iam-hardening/quarantine-deny-all", True), ("own", False)):
        boundary = arn(HOME, name, "policy")
        from_aws = dataclasses.replace(user, boundary=boundary)
        managed = make_managed(boundary, policy(deny()))
        found = walk(dataclasses.replace(home, users=(from_aws,), policies=(managed,))).roles
        assert (PIPELINE in found) is reaches


def make_managed(policy_arn: str, document: dict[str, t.Any]) -> ManagedPolicy:
    name = policy_arn.rpartition("/")[2]
    return ManagedPolicy(policy_arn, name, "/", PolicyDocument("v1", document), 1, 1, None, None, False)


def test_a_denial_of_the_caller_or_of_an_scp_ends_the_chain() -> None:
    level = PolicyLevel("r-1", "root", (make_scp(allow("*", action="*"), deny(Action="sts:AssumeRole")),), ())
    found = walk(make_home(organization_policies=(level,)), make_production(), make_data()).roles
    assert not found
    level = PolicyLevel("r-1", "root", (make_scp(allow("*", action="*")),), ())
    assert WAREHOUSE in walk(make_home(organization_policies=(level,)), make_production(), make_data()).roles


def make_scp(*statements: dict[str, t.Any], name: str = "scp") -> ControlPolicy:
    return ControlPolicy("p-1", name, "SERVICE_CONTROL_POLICY", PolicyDocument(name, policy(*statements)))


def test_the_scp_of_quarantine_does_not_hide_what_was_opened_before() -> None:
    tag = {"StringEquals": {"aws:PrincipalTag/iam-hardening:quarantine": "true"}}
    level = PolicyLevel("r-1", "root", (make_scp(allow("*", action="*"), deny(Condition=tag)),), ())
    assert walk(make_home(organization_policies=(level,)), make_production(), make_data()).roles[WAREHOUSE].certain


def test_a_condition_makes_the_edge_one_that_may_be_there() -> None:
    production = make_production()
    external = trust(PIPELINE, Condition={"StringEquals": {"sts:ExternalId": "acme"}})
    production = dataclasses.replace(
        production, roles=(make_role(PROD, "deploy", external, inline={"r": policy(allow(WAREHOUSE))}),)
    )
    found = walk(make_home(), production, make_data()).roles
    assert not found[DEPLOY].certain and not found[WAREHOUSE].certain
    assert found[DEPLOY].why == (f"whether role/pipeline of {HOME} may assume it depends on sts:ExternalId",)
    assert found[WAREHOUSE].why == found[DEPLOY].why


def test_the_organization_of_the_caller_is_known_where_it_was_read() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}
    anybody = make_snapshot(PROD, roles=(make_role(PROD, "deploy", trust("*", Condition=condition)),))
    for organization, reached in (("o-acme", True), ("o-other", False)):
        home = make_home(organization=Organization(organization, "111122223333", "ALL"))
        assert (DEPLOY in walk(home, anybody, inventory=frozenset({HOME, PROD})).roles) is reached
    assert not walk(make_home(), anybody).roles[DEPLOY].certain


def test_every_request_of_an_intruder_is_encrypted() -> None:
    """No endpoint of STS takes another one, so such a condition leaves no doubt."""
    for value, expected in (("true", {PIPELINE: True}), ("false", {})):
        entry = trust(USER, Condition={"Bool": {"aws:SecureTransport": value}})
        found = walk(dataclasses.replace(make_home(), roles=(make_role(HOME, "pipeline", entry),))).roles
        assert {role: one.certain for role, one in found.items()} == expected


@pytest.mark.parametrize("name", ["pipeline", "PIPELINE"])
def test_a_trust_policy_may_name_one_session_of_a_role(name: str) -> None:
    session = f"arn:aws:sts::{HOME}:assumed-role/{name}/evil"
    direct = make_snapshot(PROD, roles=(make_role(PROD, "deploy", trust(session)),))
    pipeline = make_role(HOME, "pipeline", trust(USER), inline={"o": policy(allow(DEPLOY))})
    found = walk(dataclasses.replace(make_home(), roles=(pipeline,)), direct).roles
    assert (DEPLOY in found) is (name == "pipeline")
    other = make_snapshot(PROD, roles=(make_role(PROD, "deploy", trust(session.replace(name, "other"))),))
    assert DEPLOY not in walk(dataclasses.replace(make_home(), roles=(pipeline,)), other).roles


def test_a_role_that_everybody_may_assume_is_reached_from_an_account_that_was_not_read() -> None:
    data = make_snapshot(DATA, roles=(make_role(DATA, "warehouse", trust("*")),))
    # Its own policy does not let the user come there.
    user = make_user(HOME, "ci-deploy", {"own": policy(allow(f"arn:aws:iam::{PROD}:role/*"))})
    found = walk(make_snapshot(HOME, users=(user,)), data).roles
    assert found[WAREHOUSE].chain == (USER, PROD, WAREHOUSE) and not found[WAREHOUSE].certain


def test_an_unread_policy_of_the_caller_makes_it_may() -> None:
    home = make_home()
    pipeline = make_role(HOME, "pipeline", trust(USER), attached=(arn(HOME, "unread", "policy"),))
    found = walk(dataclasses.replace(home, roles=(pipeline,)), make_production(), make_data()).roles
    assert found[PIPELINE].certain and not found[DEPLOY].certain
    assert found[DEPLOY].why == (f"it is not known whether role/pipeline of {HOME} may assume it: unread",)


def test_an_unread_trust_policy_makes_it_may() -> None:
    home = change_role(make_home(), "notifier", trust=PolicyDocument("trust policy", None, "garbage"))
    found = walk(home).roles
    assert not found[NOTIFIER].certain
    assert "its trust policy" in found[NOTIFIER].why[0]


def test_roles_of_an_account_that_was_not_read_count_as_reached_once_it_may_be_entered() -> None:
    found = walk(make_home(), make_data()).roles
    assert not found[WAREHOUSE].certain
    assert found[WAREHOUSE].chain[-2:] == (PROD, WAREHOUSE)
    assert f"account {PROD} was not read" in found[WAREHOUSE].why[0]
    # Nobody who was reached may enter it.
    pipeline = make_role(HOME, "pipeline", trust(USER))
    user = make_user(HOME, "ci-deploy", {"own": policy(allow(PIPELINE))})
    home = make_snapshot(HOME, users=(user,), roles=(pipeline,))
    assert set(walk(home, make_data()).roles) == {PIPELINE}


def test_the_first_pass_waits_for_accounts_that_were_not_read_yet() -> None:
    assert WAREHOUSE not in walk(make_home(), make_data(), waits=True).roles
    assert set(walk(make_data(), waits=True).roles) == set()
    # What names the source itself is known without its account.
    direct = make_snapshot(PROD, roles=(make_role(PROD, "deploy", trust(USER)),))
    found = walk(direct, waits=True).roles
    assert not found[DEPLOY].certain
    assert found[DEPLOY].chain == (USER, DEPLOY)


def test_foreign_accounts_are_named_and_not_followed() -> None:
    vendor = arn(FOREIGN, "ours")
    pipeline = make_role(HOME, "pipeline", trust(USER), inline={"o": policy(allow(vendor))})
    home = dataclasses.replace(make_home(), roles=(pipeline,))
    found = walk(home, make_production(), make_data())
    assert {(edge.origin, edge.to) for edge in found.unfollowed} == {(USER, "*"), (PIPELINE, FOREIGN)}
    assert vendor not in found.roles


def test_a_session_of_a_role_is_a_source_whoever_may_assume_it() -> None:
    worker = make_role(HOME, "notifier", trust("lambda.amazonaws.com", kind="Service"))
    worker = dataclasses.replace(
        worker, inline_policies=(PolicyDocument("o", policy(allow(DEPLOY))),), instance_profiles=()
    )
    production = make_snapshot(PROD, roles=(make_role(PROD, "deploy", trust(NOTIFIER)),))
    home = dataclasses.replace(make_home(), roles=(worker,))
    found = walk(home, production, sources=(Source(NOTIFIER, "a session"),)).roles
    assert {role: one.chain for role, one in found.items()} == {DEPLOY: (NOTIFIER, DEPLOY)}
    assert found[DEPLOY].is_chained


def test_roles_that_trust_each_other_end_the_walk() -> None:
    one = make_role(HOME, "one", trust(USER, arn(HOME, "two")))
    two = make_role(HOME, "two", trust(arn(HOME, "one")))
    user = make_user(HOME, "ci-deploy")
    found = walk(make_snapshot(HOME, users=(user,), roles=(one, two))).roles
    assert {role: found[role].chain for role in found} == {
        arn(HOME, "one"): (USER, arn(HOME, "one")),
        arn(HOME, "two"): (USER, arn(HOME, "one"), arn(HOME, "two")),
    }


def test_a_forged_part_of_an_account_is_refused() -> None:
    for forged in ({}, {"schema": "other"}, {**AccountEdges(HOME, "aws").as_document(), "nodes": [{}]}):
        with pytest.raises(ValueError, match="part|schema"):
            AccountEdges.from_document(forged)


def test_the_part_of_an_account_has_only_what_decides() -> None:
    secret = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::salaries/*"}
    home = make_snapshot(
        HOME,
        users=(make_user(HOME, "ci-deploy", {"p": policy(secret, allow("*"))}), make_user(HOME, "other")),
        roles=(make_role(HOME, "notifier", trust("lambda.amazonaws.com", kind="Service")),),
    )
    written = json.dumps(AccountEdges.from_snapshot(home, [USER]).as_document())
    assert "salaries" not in written and "user/other" not in written and "notifier" not in written
    assert "ci-deploy" in written


def make_crowd(count: int) -> Snapshot:
    """An account whose roles may all assume each other."""
    root = f"arn:aws:iam::{HOME}:root"
    roles = [make_role(HOME, f"r-{number}", trust(root), inline={"p": policy(allow("*"))}) for number in range(count)]
    return make_snapshot(HOME, users=(make_user(HOME, "ci-deploy", {"p": policy(allow("*"))}),), roles=tuple(roles))


def test_each_role_is_judged_once_where_all_may_assume_all(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    decide = Walk._decide

    def count(self: Walk, caller: t.Any, role: t.Any, **more: t.Any) -> t.Any:
        judged.append(role.arn)
        return decide(self, caller, role, **more)

    monkeypatch.setattr(Walk, "_decide", count)
    assert len(walk(make_crowd(300)).roles) == 300
    assert len(judged) == 300


def test_all_callers_are_found_for_the_roles_of_the_own_account() -> None:
    edges = {HOME: AccountEdges.from_snapshot(make_crowd(3), [USER])}
    found = Walk(edges, frozenset({HOME}), waits=False).run(LEAKED, HOME)
    names = {arn(HOME, f"r-{number}") for number in range(3)}
    assert {role: set(callers) for role, callers in found.callers.items()} == {role: {USER, *names} for role in names}
    first = arn(HOME, "r-0")
    assert found.list_upstream(first) == {USER, *names} - {first}


def test_a_caller_without_permissions_is_not_judged_for_roles_that_trust_the_account() -> None:
    crowd = make_crowd(3)
    weak = dataclasses.replace(crowd, users=(make_user(HOME, "ci-deploy"),))
    assert walk(weak).roles == {}


def test_a_source_that_another_one_can_reach_has_callers() -> None:
    sources = (*LEAKED, Source(WORKER, "a session"), Source(NOTIFIER, "a session"))
    edges = {HOME: AccountEdges.from_snapshot(make_home(), [source.arn for source in sources])}
    found = Walk(edges, frozenset({HOME}), waits=False).run(sources, HOME)
    assert found.is_reached(WORKER) and found.list_upstream(WORKER) == {USER}
    # Only services may assume it.
    assert not found.is_reached(NOTIFIER)
    # Nobody else is in the wrong hands.
    alone = Walk(edges, frozenset({HOME}), waits=False).run(sources[1:2], HOME)
    assert not alone.is_reached(WORKER)


def test_a_source_has_callers_however_many_roles_were_reached() -> None:
    edges = {HOME: AccountEdges.from_snapshot(make_crowd(202), [USER])}
    first = arn(HOME, "r-0")
    found = Walk(edges, frozenset({HOME}), waits=False).run((*LEAKED, Source(first, "a session")), HOME)
    # Of the others the nearest ones, which are the ones that are cut.
    assert first in found.callers and len(found.callers) == 31
