# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError, InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.guard import (
    GuardContext,
    GuardResult,
    Limits,
    find_enforcing_objections,
    guard,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Freeze, Held
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import approve, plan_document

from .fakes import ACCOUNT, CALLER, NOW, RUN, change, user_arn
from .incident.recorded import record


def context(**fields: t.Any) -> GuardContext:
    return GuardContext(**{"principals": principals_of([CALLER]), **fields})


@dataclasses.dataclass
class Glass:
    """Break-glass principals that lack something, or nothing."""

    lack: t.Optional[str]
    taken: t.Optional[str] = None

    def objection(self, _change: Change) -> t.Optional[str]:
        return self.lack

    def loss(self, _change: Change) -> t.Optional[str]:
        return self.taken

    def expect(self, _change: Change) -> None:
        pass


def rules(refused: tuple[Refusal, ...]) -> list[str]:
    return [refusal.rule for refusal in refused]


def waiting(guarded: GuardResult) -> tuple[Refusal, ...]:
    """The refusals that an approved plan lifts."""
    return tuple(refusal for _change, refusal in guarded.held)


def test_what_no_rule_objects_to_passes_in_order() -> None:
    changes = [change("b"), change("a")]
    guarded = guard(changes, context())
    assert guarded.allowed == tuple(changes)
    assert not guarded.refused


# The caller


@pytest.mark.parametrize(
    ("caller", "acted_on"),
    [
        (user_arn("ops/awx"), change("awx")),
        (user_arn("awx"), change("AWX")),
        (CALLER, change(target=f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation")),
        # The target is no principal, but the request names one.
        (user_arn("awx"), change(target="AKIAIOSFODNN7EXAMPLE", parameters={"UserName": "awx"})),
        (CALLER, change(target="policy", parameters={"RoleName": "Automation"})),
    ],
)
def test_acting_on_the_caller_is_fatal_for_everything(caller: str, acted_on: Change) -> None:
    with pytest.raises(GuardError) as caught:
        guard([change("somebody"), acted_on], context(principals=principals_of([caller])))
    assert rules(caught.value.refusals) == ["caller"]
    assert caught.value.refusals[0].fatal
    assert acted_on.target in str(caught.value)


def test_acting_on_a_role_of_the_chain_is_fatal() -> None:
    chain = [f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/session", CALLER]
    with pytest.raises(GuardError):
        guard([change(target=f"arn:aws:iam::{ACCOUNT}:role/hub")], context(principals=principals_of(chain)))


def test_the_same_name_in_another_account_or_of_another_kind_is_somebody_else() -> None:
    elsewhere = {"account_id": "999988887777", "target": "arn:aws:iam::999988887777:role/automation"}
    others = [change(**elsewhere), change("automation")]
    assert guard(others, context()).allowed == tuple(others)


# Never touched


def test_protected_and_break_glass_are_refused_and_the_rest_goes_on() -> None:
    protected = change(target=f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole")
    found = change(target=f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass")
    declared = change("emergency")
    guarded = guard([protected, found, declared, change("a")], context(break_glass=("arn:*:user/emergency",)))
    assert rules(guarded.refused) == ["protected", "break_glass", "break_glass"]
    assert guarded.allowed == (change("a"),)


# Through what principals share

POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/shared"
AUTOMATION: t.Final = f"arn:aws:iam::{ACCOUNT}:role/automation"
GLASS: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
OWNED_BY_AWS: t.Final = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_1"


def update(*affects: str, **fields: t.Any) -> Change:
    """A new text of a managed policy, which these have."""
    given: dict[str, t.Any] = {
        "operation": "CreatePolicyVersion",
        "target": POLICY,
        "parameters": {"PolicyArn": POLICY, "SetAsDefault": True},
        "affects": affects,
    }
    return change(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "is_fatal"),
    [
        ({}, True),
        ({"impact": Impact.DESTRUCTIVE}, True),
        # What gives access, and takes none, can lock nobody out.
        ({"impact": Impact.ADDITIVE}, False),
        # A rollback is planned as additive, whatever it does.
        ({"impact": Impact.ADDITIVE, "undoes": "key"}, True),
        # Other services than IAM do not decide on what the caller may do.
        ({"service": "sns", "operation": "SetTopicAttributes", "parameters": {}, "target": "x"}, False),
    ],
)
def test_the_caller_is_affected_through_a_policy(fields: dict[str, t.Any], is_fatal: bool) -> None:
    changed = update(user_arn("a"), AUTOMATION, **fields)
    if not is_fatal:
        assert "caller" not in rules(guard([changed], context()).refused)
        return
    with pytest.raises(GuardError, match="the permissions of the caller itself, .*: role automation"):
        guard([changed], context())


@pytest.mark.parametrize(
    ("affected", "rule", "said"),
    [
        (OWNED_BY_AWS, "protected", "AWSReservedSSO_Dev_1, which is never changed: IAM Identity Center"),
        (GLASS, "break_glass", "role break-glass"),
        (user_arn("emergency"), "break_glass", "user emergency"),
    ],
)
def test_whom_nobody_touches_is_affected_through_a_policy(affected: str, rule: str, said: str) -> None:
    among = context(break_glass=("arn:*:user/emergency",))
    guarded = guard([update(affected, user_arn("a")), update(user_arn("a"))], among)
    assert rules(guarded.refused) == [rule]
    assert said in guarded.refused[0].reason
    assert guarded.allowed == (update(user_arn("a")),)
    assert guard([update(affected, impact=Impact.ADDITIVE)], among).refused == ()
    assert rules(guard([update(affected, impact=Impact.ADDITIVE, undoes="key")], among).refused) == [rule]


def test_everybody_in_an_account_is_no_single_principal() -> None:
    changed = update(ACCOUNT, "*", "events.amazonaws.com")
    assert guard([changed], context(limits=Limits(max_changes=1))).allowed == (changed,)


def test_a_break_glass_user_is_found_by_the_path_that_iam_knows() -> None:
    """The target of a forged record lacks the path; whom the request affects was read."""
    glass = f"arn:aws:iam::{ACCOUNT}:user/iam-hardening/break-glass/breaker"
    forged = change(
        "breaker",
        operation="PutUserPermissionsBoundary",
        parameters={"UserName": "breaker", "PermissionsBoundary": POLICY},
        affects=(glass,),
        impact=Impact.ADDITIVE,
        undoes="key",
    )
    assert rules(guard([forged], context()).refused) == ["break_glass"]


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, ["affects_unknown"]),
        ({"impact": Impact.ADDITIVE}, []),
        ({"impact": Impact.ADDITIVE, "undoes": "key"}, ["affects_unknown"]),
    ],
)
def test_whom_nobody_could_read_is_a_reason_not_to_narrow(fields: dict[str, t.Any], refused: list[str]) -> None:
    guarded = guard([update("unknown: who has it (AccessDenied)", **fields)], context())
    assert rules(guarded.refused) == refused
    assert all("who has it (AccessDenied)" in refusal.reason for refusal in guarded.refused)


# What the request does


def test_a_request_that_does_something_else_than_the_change_shows_is_refused() -> None:
    """A4: a record shows a policy on svc-reports, and gives it to dev-bob."""
    forged = change(
        "svc-reports",
        operation="AttachUserPolicy",
        parameters={"UserName": "dev-bob", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        impact=Impact.ADDITIVE,
        undoes="key",
    )
    honest = dataclasses.replace(forged, parameters={**forged.parameters, "UserName": "svc-reports"})
    guarded = guard([forged, honest], context())
    assert rules(guarded.refused) == ["request_mismatch"]
    assert "'dev-bob'" in guarded.refused[0].reason and "'svc-reports'" in guarded.refused[0].reason
    assert guarded.allowed == (honest,)


def test_an_approved_plan_lifts_no_mismatch() -> None:
    forged = change("a", operation="AttachUserPolicy", parameters={"UserName": "b"})
    approved = approve(
        plan_document([forged], account_id=ACCOUNT, run_id=RUN, created=NOW), account_id=ACCOUNT, now=NOW
    )
    assert rules(guard([forged], context(approved=approved)).refused) == ["request_mismatch"]


# What could lock everybody out


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, ["no_break_glass"]),
        ({"rescue": Glass("nobody may use it")}, ["no_break_glass"]),
        ({"rescue": Glass(None)}, []),
        ({"lockout_kinds": frozenset({"boundary_put"})}, []),
    ],
)
def test_kinds_that_could_lock_out_need_a_break_glass_principal(fields: dict[str, t.Any], refused: list[str]) -> None:
    guarded = guard([change()], context(**{"lockout_kinds": frozenset({"replace"}), **fields}))
    assert rules(guarded.refused) == refused
    if refused:
        assert "hardening_break_glass" in guarded.refused[0].reason


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"replace"})])
def test_the_last_way_to_use_break_glass_is_never_taken(kinds: frozenset[str]) -> None:
    """Whether or not the kind of change needs break-glass."""
    taking = context(rescue=Glass(None, "user keeper can use glass"), lockout_kinds=kinds)
    guarded = guard([change()], taking)
    assert rules(guarded.refused) == ["last_way"]
    reason = guarded.refused[0].reason
    assert "user keeper can use glass" in reason and "Let somebody else use it first" in reason
    # Nothing is amiss where no break-glass principal is there, for kinds that need none.
    none = context(rescue=Glass("the account has none"), lockout_kinds=kinds)
    assert rules(guard([change()], none).refused) == (["no_break_glass"] if kinds else [])


def test_kinds_that_need_approval_are_only_made_under_an_approved_plan() -> None:
    needing, other = change("a"), change("b", kind="other")
    kinds = {"approval_kinds": frozenset({"replace"})}
    guarded = guard([needing, other], context(**kinds))
    assert rules(waiting(guarded)) == ["needs_approval"] and guarded.allowed == (other,)
    assert guarded.refused == ()
    assert "hardening_approved_plan" in waiting(guarded)[0].reason
    document = plan_document([needing], account_id=ACCOUNT, run_id=RUN, created=NOW)
    approved = approve(document, account_id=ACCOUNT, now=NOW)
    guarded = guard([needing, other], context(approved=approved, **kinds))
    assert rules(guarded.refused) == ["approved_plan"] and guarded.allowed == (needing,)


def test_a_change_whose_deadline_has_passed_needs_no_place_in_the_approved_plan() -> None:
    """Only one that takes nothing, and only from what the capability calls so."""
    late = change("a", kind="late", impact=Impact.ADDITIVE)
    narrow = change("b", kind="late", impact=Impact.NARROWING)
    other = change("c", kind="other", impact=Impact.ADDITIVE)
    document = plan_document([change("d")], account_id=ACCOUNT, run_id=RUN, created=NOW)
    approved = approve(document, account_id=ACCOUNT, now=NOW)
    guarded = guard([late, narrow, other], context(approved=approved, deadline_kinds=frozenset({"late"})))
    assert guarded.allowed == (late,)
    assert rules(guarded.refused) == ["approved_plan", "approved_plan"]


# Caps


def many(count: int, **fields: t.Any) -> list[Change]:
    return [change(f"user-{number}", **fields) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "population", "limits", "refused"),
    [
        (10, 0, Limits(), 0),
        (11, 0, Limits(), 11),
        (10, 200, Limits(), 0),
        (10, 199, Limits(), 10),
        (1, 20, Limits(), 0),
        (2, 20, Limits(), 2),
        # Below 20 objects the percentage does not count.
        (10, 19, Limits(), 0),
        (1, 0, Limits(max_changes=0), 1),
        (30, 100, Limits(max_changes=30, max_percent=30), 0),
        (1, 100, Limits(max_percent=0), 1),
    ],
)
def test_caps(count: int, population: int, limits: Limits, refused: int) -> None:
    guarded = guard(many(count, population=population), context(limits=limits))
    assert (len(guarded.allowed), len(guarded.held), guarded.refused) == (count - refused, refused, ())
    assert set(rules(waiting(guarded))) <= {"cap"}


def test_a_cap_refuses_its_kind_whole_and_lets_the_others_proceed() -> None:
    others = [*many(2, kind="delete", impact=Impact.DESTRUCTIVE), *many(50, kind="tag", impact=Impact.ADDITIVE)]
    guarded = guard([*many(11), *others], context())
    assert guarded.allowed == tuple(others)
    assert "11 changes of the kind replace, max_changes is 10" in waiting(guarded)[0].reason


def test_what_another_rule_refused_does_not_count_towards_a_cap() -> None:
    protected = [change(target=f"arn:aws:iam::{ACCOUNT}:role/AWSControlTower{number}") for number in range(5)]
    assert len(guard([*many(10), *protected], context()).allowed) == 10


def test_a_cap_counts_the_principals_whom_one_change_affects() -> None:
    eleven = tuple(user_arn(str(number)) for number in range(11))
    guarded = guard([update(*eleven)], context())
    assert "11 principals affected by changes of the kind replace, max_changes is 10" in waiting(guarded)[0].reason
    assert guard([update(*eleven[:10])], context()).held == ()
    # Everybody counts once.
    assert guard([update(*eleven[:6]), update(*eleven[2:10])], context()).held == ()
    assert len(guard([update(*eleven[:6]), update(*eleven[2:])], context()).held) == 2
    share = guard([update(*eleven[:2], population=20)], context())
    assert "2 of 20 affected by changes of the kind replace, max_percent is 5" in waiting(share)[0].reason


@pytest.mark.parametrize("values", [{"max_changes": -1}, {"max_percent": 101}, {"max_percent": -1}])
def test_limits_are_checked(values: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(values))}: .*allowed"):
        Limits(**values)


# Approved plans


def test_an_approved_plan_lifts_caps_and_allows_exactly_its_changes() -> None:
    approved = approve(
        plan_document(many(30), account_id=ACCOUNT, run_id=RUN, created=NOW), account_id=ACCOUNT, now=NOW
    )
    # A subset, one whose before differs, and one that nobody approved.
    changes = [*many(25), change("user-26", before="older"), change("mallory")]
    guarded = guard(changes, context(approved=approved))
    assert guarded.allowed == tuple(many(25))
    assert rules(guarded.refused) == ["approved_plan", "approved_plan"]
    assert "differs" in guarded.refused[0].reason
    assert "does not have" in guarded.refused[1].reason


def test_an_approved_plan_does_not_lift_the_other_guards() -> None:
    protected = change(target=f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole")
    approved = approve(
        plan_document([protected], account_id=ACCOUNT, run_id=RUN, created=NOW), account_id=ACCOUNT, now=NOW
    )
    assert rules(guard([protected], context(approved=approved)).refused) == ["protected"]


# The declaration


@pytest.mark.parametrize(
    ("account_id", "job", "journal", "objections"),
    [
        (ACCOUNT, None, "./journal", []),
        (None, None, "./journal", ["account_id"]),
        (ACCOUNT, "17", "./journal", ["journal"]),
        (ACCOUNT, "17", "s3://bucket/journal", []),
        (None, "17", "/var/journal", ["account_id", "journal"]),
    ],
)
def test_what_enforcing_needs(
    account_id: t.Optional[str], job: t.Optional[str], journal: str, objections: list[str]
) -> None:
    found = find_enforcing_objections(account_id=account_id, awx_job_id=job, journal=journal)
    assert rules(found) == objections
    assert all(refusal.fatal and refusal.reason.startswith(f"{refusal.rule}: ") for refusal in found)


# Incidents


@pytest.mark.parametrize("impact", Impact)
def test_a_contained_principal_is_frozen_whatever_a_change_does(impact: Impact) -> None:
    frozen = Freeze(ACCOUNT, (Held("s3://journal", "INC-7", record("a"), arns=frozenset({user_arn("a")})),))
    wanted = [change("a", impact=impact), change("b", impact=impact)]
    guarded = guard(wanted, context(freeze=frozen))
    assert guarded.allowed == (wanted[1],)
    assert rules(guarded.refused) == ["contained"]
    # An approved plan does not lift it.
    plan = plan_document(wanted, account_id=ACCOUNT, run_id=RUN, created=NOW)
    approved = approve(plan, account_id=ACCOUNT, now=NOW)
    assert rules(guard(wanted, context(freeze=frozen, approved=approved)).refused) == ["contained"]
    assert rules(guard([change("a", undoes="key", impact=impact)], context(freeze=frozen)).refused) == ["contained"]


def test_a_record_that_is_not_known_refuses_the_account() -> None:
    unknown = Freeze(ACCOUNT, (Held("s3://journal", "INC-7", problem="denied"),))
    guarded = guard([change("a")], context(freeze=unknown))
    assert rules(guarded.refused) == ["incident_unreadable"]


def test_that_a_change_would_act_on_the_caller_comes_first() -> None:
    frozen = Freeze(ACCOUNT, (Held("s3://journal", "INC-7", record("awx"), arns=frozenset({user_arn("awx")})),))
    with pytest.raises(GuardError):
        guard([change("awx")], context(principals=principals_of([user_arn("awx")]), freeze=frozen))
