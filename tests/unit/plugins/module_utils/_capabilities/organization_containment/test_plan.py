# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts and users are contained, who goes on, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.changes import TAG
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    ACCOUNT,
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.documents import (
    deny_account,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.lock import LockPlan
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.members import (
    Keeper,
    Member,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.moving import (
    find_unit,
    judge_move,
    move_in,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.plan import (
    Observed,
    Planner,
    Verdict,
    list_frozen,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.report import (
    describe_role,
    list_accounts,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Held
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import (
    Node,
    PolicyWriter,
    name_policy,
)

from ..organization_policy.organizations import (
    BOX,
    DENY,
    DEV,
    MANAGEMENT,
    OURS,
    PROD,
    ROOT,
    SANDBOX,
    WORK_DEV,
    full_access,
    policy,
    tree,
)

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAME: t.Final = f"IamHardeningQuarantine-INC-7-{DEV}"
KEPT: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/break-glass"
EVERYWHERE: t.Final = (ROOT, "ou-acme-11111111", WORK_DEV, BOX, MANAGEMENT, DEV, PROD, SANDBOX)
DENY_ALL: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
TAGS: t.Final = {**OURS, TAG: "INC-7"}
INCIDENT: t.Final = Incident.from_option(
    {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is here", "accounts": [DEV]}, now=NOW
)
PERSON: t.Final = "94482488-3041-7026-d8a7-000000000000"


def judge(
    organization: OrganizationTree,
    *accounts: t.Any,
    members: t.Optional[Mapping[str, Member]] = None,
    run_accounts: frozenset[str] = frozenset(),
    reader: str = "",
    **fields: t.Any,
) -> Verdict:
    named = {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is here", "accounts": list(accounts), **fields}
    incident = Incident.from_option(named, now=NOW)
    keeper = Keeper(KEPT, is_break_glass=True)
    known = {DEV: Member(DEV, (keeper,)), PROD: Member(PROD, (keeper,))} if members is None else members
    observed = Observed(MANAGEMENT, "aws", organization, known, run_accounts)
    (verdict,) = Planner(Declared(incident, member_role_arn=reader), NOW).judge(observed)
    return verdict


def operations(verdict: Verdict) -> list[str]:
    return [change.operation for change in verdict.changes]


def rule_of(verdict: Verdict) -> str:
    assert verdict.refusal is not None and not verdict.changes
    return verdict.refusal.rule


def organization(*policies: t.Any, **fields: t.Any) -> OrganizationTree:
    return tree(full_access(*EVERYWHERE), *policies, **fields)


def own(*targets: str, content: t.Any = None, tags: t.Optional[dict[str, str]] = None) -> t.Any:
    document = deny_account([KEPT], NOW).document if content is None else content
    return policy(NAME, *targets, content=document, tags=TAGS if tags is None else tags)


def test_an_account_gets_a_policy_of_its_own() -> None:
    verdict = judge(organization(), DEV)
    assert operations(verdict) == ["CreatePolicy", "AttachPolicy"]
    create, attach = verdict.changes
    assert create.parameters["Name"] == NAME and KEPT in create.parameters["Content"]
    assert {"Key": TAG, "Value": "INC-7"} in create.parameters["Tags"]
    assert attach.parameters["TargetId"] == DEV and attach.undo is not None


def test_what_is_there_already_is_not_done_again() -> None:
    assert operations(judge(organization(own(DEV)), DEV)) == []
    assert operations(judge(organization(own()), DEV)) == ["AttachPolicy"]
    assert operations(judge(organization(own(DEV, content=DENY_ALL)), DEV)) == ["UpdatePolicy"]


def test_an_account_that_cannot_be_read_any_more_stays_contained() -> None:
    unread = {DEV: Member(DEV, problem="denied")}
    forced = {"account_id": DEV, "without_break_glass": True}
    earlier = deny_account([KEPT], NOW - timedelta(hours=3)).document
    for given in (DEV, forced):
        # Who may go on is not known any more, so that the policy stays as it is.
        assert operations(judge(organization(own(DEV, content=earlier)), given, members=unread)) == []
        assert (
            operations(judge(organization(own(DEV, content=deny_account([], NOW).document)), given, members=unread))
            == []
        )
        attached = judge(organization(own(content=deny_account([], NOW).document)), given, members=unread)
        assert operations(attached) == ["AttachPolicy"]
        again = judge(organization(own(content=earlier)), given, members=unread)
        assert again.member is not None and again.member.exempt == (KEPT,) and again.member.problem == "denied"
        assert operations(again) == ["UpdatePolicy", "AttachPolicy"]
        assert content_of(again) == deny_account([KEPT], NOW).document
    # Without a policy of this incident nothing is known.
    assert rule_of(judge(organization(), DEV, members=unread)) == "no_break_glass"
    assert rule_of(judge(organization(policy(NAME, DEV, tags={})), DEV, members=unread)) == "no_break_glass"


def test_a_policy_that_somebody_changed_is_no_model() -> None:
    unread = {DEV: Member(DEV, problem="denied")}
    made: t.Any = deny_account([KEPT], NOW).document
    rest, older = made["Statement"]
    support = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "support:*", "Resource": "*"}]}
    more = {**rest, "Condition": {**rest["Condition"], "Bool": {"aws:SecureTransport": "true"}}}
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for changed in (
        support,
        {**made, "Statement": [rest]},
        {**made, "Statement": [more, older]},
        {**made, "Statement": [rest, older, allowed]},
        {**made, "Statement": [rest, {**older, "Condition": {"DateLessThan": {"aws:TokenIssueTime": "never"}}}]},
        deny_account([f"arn:aws:iam::{DEV}:role/*"], NOW).document,
        deny_account([KEPT, KEPT.replace(DEV, PROD)], NOW).document,
        deny_account([f"arn:aws:iam::{DEV}:user/eve"], NOW).document,
    ):
        verdict = judge(organization(own(DEV, content=changed)), DEV, members=unread)
        assert operations(verdict) == ["UpdatePolicy"] and content_of(verdict) == deny_account([], NOW).document
    # Who is read keeps the roles, and older sessions end.
    weak = {**made, "Statement": [more, {**older, "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2020-01-01"}}}]}
    assert content_of(judge(organization(own(DEV, content=weak)), DEV)) == made


def test_the_role_that_reads_a_member_may_go_on_as_well() -> None:
    reader, writer = (f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/{name}" for name in ("assessor", "containment"))
    declared = Declared(INCIDENT, member_role_arn=reader, exempt_roles=(writer, reader))
    known = tuple(role.replace(ACCOUNT, DEV) for role in (writer, reader))
    assert declared.list_exempt_roles(DEV) == known
    assert dataclasses.replace(declared, exempt_roles=(writer,)).list_exempt_roles(DEV) == known
    assert Declared(INCIDENT).list_exempt_roles(DEV) == ()


def content_of(verdict: Verdict) -> t.Any:
    return json.loads(verdict.changes[0].parameters["Content"])


def test_a_session_begun_while_its_role_did_not_go_on_does_not_live_again() -> None:
    earlier = NOW - timedelta(hours=3)
    other = KEPT.replace("break-glass", "assessor")
    both = {DEV: Member(DEV, (Keeper(KEPT, is_break_glass=True), Keeper(other)))}
    # A role that went on already keeps its sessions.
    fewer = judge(organization(own(DEV, content=deny_account([KEPT, other], earlier).document)), DEV)
    assert content_of(fewer) == deny_account([KEPT], earlier).document
    # A role that goes on again does not: an intruder could come into it meanwhile.
    more = judge(organization(own(DEV, content=deny_account([KEPT], earlier).document)), DEV, members=both)
    assert operations(more) == ["UpdatePolicy"] and content_of(more) == deny_account([KEPT, other], NOW).document
    # Nor does one of an account whose policy somebody detached, since all could come into it then.
    detached = judge(organization(own(content=deny_account([KEPT], earlier).document)), DEV)
    assert operations(detached) == ["UpdatePolicy", "AttachPolicy"]
    assert content_of(detached) == deny_account([KEPT], NOW).document


@pytest.mark.parametrize(
    ("organization_of", "given", "rule"),
    [
        (organization, MANAGEMENT, "management_account"),
        (organization, "999988887777", "unknown_account"),
        (lambda: organization(status="DISABLED"), DEV, "scp_disabled"),
        (lambda: organization(policy(NAME, tags={})), DEV, "foreign"),
        (lambda: organization(policy(NAME, tags={**OURS, TAG: "INC-8"})), DEV, "foreign"),
        (lambda: organization(*(policy(f"other-{number}", DEV) for number in range(9))), DEV, "slots"),
        (organization, {"account_id": DEV, "action": "move"}, "quarantine_ou"),
        (lambda: organization(policy("deny-some", BOX)), {"account_id": DEV, "action": "move"}, "quarantine_ou"),
        (
            lambda: organization(policy("all", BOX, content=DENY_ALL), policy("guard", WORK_DEV, content=DENY)),
            {"account_id": DEV, "action": "move"},
            "no_break_glass",
        ),
    ],
)
def test_what_is_refused(organization_of: t.Callable[[], OrganizationTree], given: t.Any, rule: str) -> None:
    assert rule_of(judge(organization_of(), given, quarantine_ou="/Box")) == rule


def test_an_account_of_the_run_is_refused() -> None:
    assert rule_of(judge(organization(), DEV, run_accounts=frozenset({DEV}))) == "caller"


def test_without_break_glass_only_a_declared_account_is_contained() -> None:
    lost = {DEV: Member(DEV, (Keeper(KEPT, is_break_glass=True, problem="it lets strangers in"),))}
    verdict = judge(organization(), DEV, members=lost)
    assert rule_of(verdict) == "no_break_glass" and "lets strangers in" in str(verdict.refusal)
    forced = judge(organization(), {"account_id": DEV, "without_break_glass": True}, members=lost)
    assert (
        operations(forced) == ["CreatePolicy", "AttachPolicy"] and KEPT not in forced.changes[0].parameters["Content"]
    )


def test_a_move_names_what_ends() -> None:
    keep = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": KEPT}}}
    quarantine = policy("all", BOX, content={"Version": "2012-10-17", "Statement": [keep]})
    guarded = organization(quarantine, policy("guard", WORK_DEV))
    given = {"account_id": DEV, "action": "move"}
    verdict = judge(guarded, given, quarantine_ou=BOX)
    assert rule_of(verdict) == "loses_policies" and verdict.move is not None and verdict.move.lost == ("guard",)
    moved = judge(guarded, given, quarantine_ou=BOX, accept_lost_policies=["guard"])
    (change,) = moved.changes
    assert change.parameters == {"AccountId": DEV, "SourceParentId": WORK_DEV, "DestinationParentId": BOX}
    # The same denial under another name keeps what it keeps.
    same = dataclasses.replace(policy("guard-2", BOX), content=policy().content)
    assert operations(judge(tree(*guarded.policies, same), given, quarantine_ou=BOX)) == ["MoveAccount"]


def test_a_list_of_what_is_allowed_ends_by_a_move_too() -> None:
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    limited = tree(
        full_access(*(node for node in EVERYWHERE if node != WORK_DEV)), policy("only-s3", WORK_DEV, content=allowed)
    )
    unit = find_unit(limited, "/Box")
    assert unit is not None and judge_move(limited, DEV, unit).lost == ("only-s3",)
    assert find_unit(limited, "/") is None and find_unit(limited, ROOT) is None


def test_an_allow_with_exceptions_is_a_list_of_what_is_allowed() -> None:
    some = {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::vault/*"}
    limited = tree(
        full_access(*(node for node in EVERYWHERE if node != WORK_DEV)),
        policy("all-but-vault", WORK_DEV, content={"Version": "2012-10-17", "Statement": [some]}),
    )
    unit = find_unit(limited, "/Box")
    assert unit is not None and judge_move(limited, DEV, unit).lost == ("all-but-vault",)


def test_types_of_policies_that_are_not_compared_are_named() -> None:
    types = {SCP: "ENABLED", "TAG_POLICY": "ENABLED", "BACKUP_POLICY": "PENDING_DISABLE"}
    known = dataclasses.replace(organization(), policy_types=types)
    unit = find_unit(known, "/Box")
    assert unit is not None
    move = judge_move(known, DEV, unit)
    assert move.not_compared == ("TAG_POLICY",) and move.as_dict()["not_compared"] == ["TAG_POLICY"]


MOVED: t.Final = {"account_id": DEV, "action": "move"}


def denying(*exempt: str, **fields: t.Any) -> t.Any:
    statement: dict[str, t.Any] = {"Effect": "Deny", "Action": "*", "Resource": "*", **fields}
    if exempt:
        statement["Condition"] = {"ArnNotLike": {"aws:PrincipalArn": list(exempt)}}
    return {"Version": "2012-10-17", "Statement": [{key: value for key, value in statement.items() if value}]}


def in_unit(organization: OrganizationTree) -> OrganizationTree:
    return move_in(organization, DEV, BOX)


def test_the_policies_of_the_unit_are_judged_also_if_the_account_is_there() -> None:
    good = in_unit(organization(policy("all", BOX, content=denying("arn:aws:iam::*:role/iam-hardening/*"))))
    there = judge(good, MOVED, quarantine_ou=BOX)
    assert there.refusal is None and operations(there) == []
    for weak in (
        organization(),
        organization(policy("all", content=DENY_ALL)),
        organization(policy("all", BOX, content=denying(Action="support:*"))),
    ):
        assert rule_of(judge(in_unit(weak), MOVED, quarantine_ou=BOX)) == "quarantine_ou"


@pytest.mark.parametrize(
    ("content", "still"),
    [
        # All that an intruder does first, and no more.
        (denying(Action=["ec2:*", "iam:*", "kms:*", "s3:*", "secretsmanager:*", "sts:*"]), "role/somebody"),
        (denying(Action=None, NotAction="support:*"), "role/somebody"),
        (denying(Resource=None, NotResource="arn:aws:s3:::vault/*"), "role/somebody"),
        (denying(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}), "role/somebody"),
        (denying(Condition={"StringEquals": {"aws:ResourceAccount": DEV}}), "role/somebody"),
        (denying("arn:aws:iam::*:role/*"), "role/somebody"),
        (denying("arn:aws:iam::*:user/*"), "user/somebody"),
        (denying("arn:aws:iam::*:root"), f"{DEV}:root"),
        (denying("arn:aws:sts::*:federated-user/*"), "federated-user/somebody"),
        (DENY_ALL, ""),
        (denying("arn:aws:iam::*:role/iam-hardening/*"), ""),
    ],
)
def test_a_unit_has_to_deny_everything_to_everybody_else(content: t.Any, still: str) -> None:
    made = organization(policy("some", BOX, content=content))
    unit = find_unit(made, BOX)
    assert unit is not None
    found = judge_move(made, DEV, unit).still_allowed
    assert any(name.endswith(still) for name in found) if still else found == ()


def test_a_unit_whose_policies_allow_nothing_denies_everything() -> None:
    level = [node for node in EVERYWHERE if node != BOX]
    made = tree(full_access(*level), policy("only-denials", BOX))
    unit = find_unit(made, BOX)
    assert unit is not None and judge_move(made, DEV, unit).still_allowed == ()


def test_a_hijacked_role_that_the_unit_lets_go_on_is_no_move() -> None:
    hijacked = f"arn:aws:iam::{DEV}:role/iam-hardening/automation"
    hole = "its trust policy lets account 999988887777 in, which is contained or not in inventory_accounts"
    keepers = (Keeper(KEPT, is_break_glass=True), Keeper(hijacked, problem=hole))
    known = {DEV: Member(DEV, keepers, holes={hijacked: hole})}
    open_to_all = organization(policy("all", BOX, content=denying("arn:aws:iam::*:role/iam-hardening/*")))
    for made in (open_to_all, in_unit(open_to_all)):
        verdict = judge(made, MOVED, members=known, quarantine_ou=BOX)
        assert rule_of(verdict) == "quarantine_ou" and hijacked in str(verdict.refusal) and hole in str(verdict.refusal)
        (row,) = list_accounts([verdict], [], written=True)
        assert [role["denied"] for role in row["roles"]] == [False, False]
    closed = organization(policy("all", BOX, content=denying(KEPT)))
    verdict = judge(closed, MOVED, members=known, quarantine_ou=BOX)
    assert operations(verdict) == ["MoveAccount"]
    (row,) = list_accounts([verdict], [], written=True)
    assert [role["denied"] for role in row["roles"]] == [False, True]


def test_of_an_account_that_cannot_be_read_nobody_may_go_on_in_the_unit() -> None:
    unread = {DEV: Member(DEV, problem="denied")}
    forced = {**MOVED, "without_break_glass": True}
    some = organization(policy("all", BOX, content=denying(KEPT)))
    closed = organization(policy("all", BOX, content=DENY_ALL))
    reader = KEPT.replace(DEV, ACCOUNT).replace("break-glass", "assessor")
    assert rule_of(judge(some, forced, members=unread, quarantine_ou=BOX)) == "quarantine_ou"
    assert operations(judge(closed, forced, members=unread, quarantine_ou=BOX)) == ["MoveAccount"]
    assert rule_of(judge(closed, MOVED, members=unread, quarantine_ou=BOX)) == "no_break_glass"
    # Once it is there, it is no wonder that a role which the unit denies can't read it.
    for reads, refused in ((reader, False), (KEPT.replace(DEV, ACCOUNT), True), ("", True)):
        verdict = judge(in_unit(some), MOVED, members=unread, reader=reads, quarantine_ou=BOX)
        assert not verdict.changes and bool(verdict.refusal) is refused
    assert judge(in_unit(closed), MOVED, members=unread, quarantine_ou=BOX).refusal is None


def test_the_unit_and_its_policies_are_frozen() -> None:
    made = organization(policy("all", BOX, content=DENY_ALL), policy("guard", BOX), policy("else", WORK_DEV))
    given = {**MOVED, "without_break_glass": True}
    for where in (made, in_unit(made)):
        verdict = judge(where, given, quarantine_ou=BOX, accept_lost_policies=["else"])
        frozen = list_frozen([verdict], LockPlan())
        assert frozen == {DEV, BOX, name_policy("all", SCP), name_policy("guard", SCP)}
        held = Held("place", "INC-7.organization", targets=frozenset(frozen))
        live = policy("all", BOX, content=DENY_ALL)
        writer = PolicyWriter(MANAGEMENT, "all", SCP, live)
        assert held.find_reason(writer.update(live, deny_account([], NOW), ""))
        assert held.find_reason(writer.detach(Node(BOX, "/Box")))
        assert not held.find_reason(PolicyWriter(MANAGEMENT, "new", SCP, None).attach(Node(WORK_DEV, "/Work/Dev")))
    refused = judge(organization(), MOVED, quarantine_ou=BOX)
    assert refused.refusal and list_frozen([refused], LockPlan()) == set()


def test_denied_is_only_what_the_result_shows_as_denied() -> None:
    roles = [
        {"role": "kept", "continues": True, "denied": False},
        {"role": "closed", "continues": False, "denied": True, "reason": "a hole"},
        {"role": "open", "continues": False, "denied": False, "reason": "a hole"},
    ]
    assert [describe_role(role, "contained").partition(":")[0] for role in roles] == [
        "goes on",
        "denied as well",
        "not denied",
    ]
    assert describe_role(roles[1], "to_contain").startswith("to be denied as well")


def test_people_are_denied_at_the_root_and_none_is_dropped() -> None:
    named = [{"user_id": PERSON}]
    verdict = judge(organization(), identity_center_users=named)
    assert operations(verdict) == ["CreatePolicy", "AttachPolicy"] and verdict.changes[1].parameters["TargetId"] == ROOT
    other = PERSON[:-1] + "1"
    live = policy(
        "IamHardeningQuarantine-INC-7-people",
        ROOT,
        content={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Condition": {"StringEquals": {"identitystore:UserId": [other]}}}],
        },
        tags=TAGS,
    )
    (update,) = judge(organization(live), identity_center_users=named).changes
    assert update.operation == "UpdatePolicy" and {PERSON, other} <= set(update.parameters["Content"].split('"'))
    assert rule_of(judge(organization(status="DISABLED"), identity_center_users=named)) == "scp_disabled"
