# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What members used, held against a change: what is refused, what is accepted and then expected."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, date, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    PolicyChange,
    parse_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.entries import (
    EntryLoss,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.evidence import (
    Concern,
    MemberEvidence,
    Pruning,
    Question,
    UserFacts,
    Verdicts,
    find_question,
    names_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import Acceptances, parse_acceptances

from .locking import ALL_BUT_OURS, ANYTHING, DEV, FULL, MEMBERS, ORGANIZATION, PROD, Statement, with_policy

TODAY: t.Final = date(2026, 11, 25)
LAST: t.Final = datetime(2026, 11, 1, tzinfo=UTC)
JANE: t.Final = f"arn:aws:iam::{MEMBERS[0]}:user/jane"
APP: t.Final = f"arn:aws:iam::{MEMBERS[0]}:role/app"
MFA: t.Final[Statement] = {
    "Sid": "Mfa",
    "Effect": "Deny",
    "NotAction": ["iam:ChangePassword"],
    "Resource": "*",
    "Condition": {
        "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
    },
}


def verdict(
    arn: str, outcome: Breakage, *, policy: t.Optional[str] = "guardrail", lost: tuple[str, ...] = ()
) -> Verdict:
    use = None if outcome is Breakage.NO_EVIDENCE else Use(arn, "s3:GetObject", Source.TRAIL, last=LAST)
    return Verdict(arn, outcome, "because", use, policy=policy if use else None, lost=lost)


def member(*verdicts: Verdict, users: tuple[UserFacts, ...] = ()) -> MemberEvidence:
    impacts = {item.principal_arn: Impact(item.principal_arn, (item,)) for item in verdicts}
    return MemberEvidence(ORGANIZATION.account[MEMBERS[0]], impacts=impacts, users=users)


def make_acceptances(*names: str, expires: str = "2026-12-31") -> Acceptances:
    entries = [{"principal": name, "reason": "agreed", "expires": expires} for name in names]
    return parse_acceptances(entries, today=TODAY)


def verdicts(
    *evidence: MemberEvidence,
    after: t.Optional[OrganizationTree] = None,
    principals: Acceptances = (),
    accounts: Acceptances = (),
) -> Verdicts:
    change = PolicyChange(ORGANIZATION, after or with_policy("guardrail", ALL_BUT_OURS, [DEV]))
    return Verdicts(change, evidence, accepted=principals, accepted_accounts=accounts, today=TODAY)


def refuse(found: Verdicts) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [(refusal.rule, refusal.reason) for refusal in refusals]
        for name, refusals in found.find_refusals().items()
    }


def test_only_what_is_safe_passes() -> None:
    assert refuse(verdicts(member(verdict(APP, Breakage.SAFE)))) == {}
    for outcome in (Breakage.WILL_BREAK, Breakage.MAY_BREAK, Breakage.NO_EVIDENCE):
        [(rule, reason)] = refuse(verdicts(member(verdict(APP, outcome))))["guardrail"]
        assert rule == "prediction"
        assert f"in dev ({MEMBERS[0]}): role/app: {outcome.value.replace('_', ' ')}: because" in reason


def test_what_is_accepted_by_name_passes_and_is_expected_to_be_denied() -> None:
    evidence = member(verdict(APP, Breakage.WILL_BREAK), verdict(JANE, Breakage.MAY_BREAK, lost=("s3:A", "s3:B")))
    found = verdicts(evidence, principals=make_acceptances(APP, JANE))
    assert refuse(found) == {}
    assert found.predict_denials() == {
        DeniedPair(MEMBERS[0], APP, "s3:GetObject"),
        DeniedPair(MEMBERS[0], JANE, "s3:A"),
        DeniedPair(MEMBERS[0], JANE, "s3:B"),
    }
    assert verdicts(evidence).predict_denials() == frozenset()
    assert "user/jane" in refuse(verdicts(evidence, principals=make_acceptances(APP)))["guardrail"][0][1]


def test_an_account_may_be_accepted_without_evidence_but_not_what_breaks_in_it() -> None:
    unknown, breaking = member(verdict(APP, Breakage.NO_EVIDENCE)), member(verdict(APP, Breakage.MAY_BREAK))
    assert refuse(verdicts(unknown, accounts=make_acceptances("/dev"))) == {}
    assert refuse(verdicts(breaking, accounts=make_acceptances("/dev")))
    assert verdicts(unknown, accounts=make_acceptances("/dev")).predict_denials() == frozenset()


@pytest.mark.parametrize(
    ("name", "passes"), [(MEMBERS[0], True), ("dev", True), ("/dev", True), ("/", False), ("/prod", False)]
)
def test_an_account_that_cannot_be_read_is_accepted_by_id_name_or_unit(name: str, passes: bool) -> None:
    evidence = MemberEvidence(ORGANIZATION.account[MEMBERS[0]], "no role there")
    assert (refuse(verdicts(evidence, accounts=make_acceptances(name))) == {}) is passes


def test_accounts_that_cannot_be_read_are_told_by_reason() -> None:
    evidence = [MemberEvidence(ORGANIZATION.account[account], "no role there") for account in MEMBERS]
    found = verdicts(*evidence, after=with_policy("guardrail", ALL_BUT_OURS, [DEV, PROD]))
    [(rule, reason)] = refuse(found)["guardrail"]
    assert rule == "unread_accounts"
    assert f"dev ({MEMBERS[0]}), prod ({MEMBERS[1]}): no role there" in reason
    # A policy that does not reach an account does not need to know of it.
    assert MEMBERS[1] not in refuse(verdicts(*evidence))["guardrail"][0][1]


def test_expired_acceptances_accept_nothing_and_are_told() -> None:
    evidence = MemberEvidence(ORGANIZATION.account[MEMBERS[0]], "no role there")
    found = verdicts(evidence, accounts=make_acceptances("dev", expires="2026-11-24"))
    assert refuse(found)
    assert found.find_account_warnings() == ["accept_without_evidence[0]: the acceptance for dev expired on 2026-11-24"]


def test_an_acceptance_that_fits_no_account_is_told_and_one_for_a_later_stage_is_not() -> None:
    known = member(verdict(APP, Breakage.SAFE))
    assert verdicts(known, accounts=make_acceptances("/prod")).find_account_warnings() == []
    [warning] = verdicts(known, accounts=make_acceptances("/pord")).find_account_warnings()
    assert "/pord is not an account of the organization" in warning


def test_an_account_is_named_by_all_its_units_but_the_root() -> None:
    assert names_of(ORGANIZATION.account[MEMBERS[0]], ORGANIZATION) == {MEMBERS[0], "dev", "/dev"}


def test_users_whom_mfa_would_hit_are_listed_to_be_pasted_and_stay_where_they_are() -> None:
    key = UserFacts(JANE, has_password=False, has_mfa=False, active_keys=1, last_used=LAST)
    after = with_policy("guardrail", MFA, [DEV])
    [(_rule, reason)] = refuse(verdicts(member(verdict(JANE, Breakage.WILL_BREAK), users=(key,)), after=after))[
        "guardrail"
    ]
    assert f"\n- {JANE}  # last used 2026-11-01; 1 active access key, no MFA" in reason
    assert "path" not in reason
    always = UserFacts(JANE, has_password=True, has_mfa=True, active_keys=0)
    [(_rule, reason)] = refuse(verdicts(member(verdict(JANE, Breakage.MAY_BREAK), users=(always,)), after=after))[
        "guardrail"
    ]
    assert "\n- " not in reason


def test_what_another_policy_breaks_does_not_stop_this_one() -> None:
    after = with_policy("guardrail", ALL_BUT_OURS, [DEV])
    both = after.with_policies([*after.policies, *with_policy("other", MFA, [DEV]).policies[1:]])
    found = refuse(verdicts(member(verdict(APP, Breakage.WILL_BREAK, policy="other")), after=both))
    assert set(found) == {"other"}


def test_what_was_read_is_told() -> None:
    result = verdicts(
        member(verdict(APP, Breakage.MAY_BREAK)), MemberEvidence(ORGANIZATION.account[MEMBERS[1]], "closed")
    ).as_dict()
    assert result["read"][0]["counts"] == {"will_break": 0, "may_break": 1, "no_evidence": 0, "safe": 0}
    assert result["unread"] == [{"account": MEMBERS[1], "name": "prod", "reason": "closed", "accepted": None}]


# Whom it concerns


def any_use(arn: str, *absent: str, **known: str) -> Use:
    return Use(arn, "", Source.LAST_ACCESSED, context=Context(known, complete=False, absent=absent))


def test_what_a_policy_may_take_is_what_it_denies_by_name() -> None:
    named = parse_policy(with_policy("guardrail", ALL_BUT_OURS, [DEV]).policies[1])
    assert named is not None
    question = find_question([named])
    assert not question.open
    assert set(question.actions) == {"iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"}
    assert question.is_about(Use(APP, "iam:*", Source.TRAIL, is_service_level=True))
    assert not question.is_about(Use(APP, "s3:GetObject", Source.TRAIL))
    assert Question((), open=True).is_about(Use(APP, "s3:GetObject", Source.TRAIL))
    assert not Question(()).is_about(Use(APP, "s3:GetObject", Source.TRAIL))


def test_statements_about_users_are_not_asked_of_roles() -> None:
    pruning = Pruning(PolicyChange(ORGANIZATION, with_policy("guardrail", MFA, [DEV])), MEMBERS[0])
    assert pruning.of(any_use(APP)) is None
    found = pruning.of(any_use(JANE))
    assert found is not None
    assert found[1].open
    # Those with the same layers are judged together.
    assert pruning.of(any_use(f"{JANE}-2")) is found


def test_what_another_policy_denied_before_is_not_asked_again() -> None:
    kept, mfa = (
        with_policy(name, statement, [DEV]).policies[-1] for name, statement in (("kept", ANYTHING), ("guardrail", MFA))
    )
    before, after = ORGANIZATION.with_policies([FULL, kept]), ORGANIZATION.with_policies([FULL, kept, mfa])
    pruning = Pruning(PolicyChange(before, after), MEMBERS[0])
    assert pruning.of(any_use(APP)) is None
    assert pruning.of(any_use(JANE)) is not None


def test_a_policy_that_did_not_parse_allowed_nothing() -> None:
    mfa = with_policy("guardrail", MFA, [DEV]).policies[-1]
    before = ORGANIZATION.with_policies([FULL, dataclasses.replace(mfa, content="{")])
    pruning = Pruning(PolicyChange(before, ORGANIZATION.with_policies([FULL, mfa])), MEMBERS[0])
    assert not pruning.takes_from_all
    assert pruning.of(any_use(JANE)) is not None


def test_a_tag_that_nobody_has_concerns_nobody() -> None:
    key = "aws:principaltag/quarantine"
    tagged = {**ANYTHING, "Condition": {"StringEquals": {"aws:PrincipalTag/quarantine": "true"}}}
    pruning = Pruning(PolicyChange(ORGANIZATION, with_policy("guardrail", tagged, [DEV])), MEMBERS[0])
    assert pruning.of(any_use(APP, key)) is None
    assert pruning.of(any_use(APP)) is not None


def test_a_policy_that_allowed_and_goes_concerns_everybody() -> None:
    change = PolicyChange(ORGANIZATION, ORGANIZATION.with_policies([]))
    found = Pruning(change, MEMBERS[0]).of(any_use(APP))
    assert found is not None
    assert found[1].open
    assert FULL.targets


def test_who_is_not_allowed_it_anyway_loses_nothing() -> None:
    statement = {**ALL_BUT_OURS, "Action": ["iam:CreateUser"]}
    change = PolicyChange(ORGANIZATION, with_policy("guardrail", statement, [DEV]))
    controls, question = Pruning(change, MEMBERS[0]).of(any_use(APP)) or pytest.fail("it concerns the role")

    def may_lose(*actions: str) -> bool:
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        own = parse({"Version": "2012-10-17", "Statement": [allow]}, name="own")
        before = Layers(identity=(own,), scps=change.controls(MEMBERS[0])[0].scps)
        return Concern(before, Layers(identity=(own,), scps=controls.scps), question, ()).may_lose(any_use(APP))

    assert may_lose("iam:*")
    assert not may_lose("s3:*", "iam:Get*")


def test_who_can_no_longer_assume_a_role_belongs_to_that_role() -> None:
    entries = tuple(
        EntryLoss(arn, (), ("guardrail",), Verdict(arn, Breakage.WILL_BREAK, f"nobody assumes {arn}"))
        for arn in (APP, f"{APP}-2")
    )
    found = dataclasses.replace(member(verdict(APP, Breakage.MAY_BREAK)), entries=entries)
    assert [item.reason for item in found.impact_of(APP).verdicts] == [f"nobody assumes {APP}", "because"]
    assert [item.principal_arn for item in found.all_impacts] == [APP, f"{APP}-2"]


def test_a_role_that_is_accepted_may_be_left_without_anybody_who_assumes_it() -> None:
    entry = EntryLoss(
        APP, ("ec2.amazonaws.com",), ("guardrail",), Verdict(APP, Breakage.WILL_BREAK, "nobody assumes it")
    )
    evidence = dataclasses.replace(member(), entries=(entry,))
    assert "nobody assumes it" in refuse(verdicts(evidence))["guardrail"][0][1]
    assert refuse(verdicts(evidence, principals=make_acceptances(APP))) == {}
    assert refuse(verdicts(evidence, principals=make_acceptances("ec2.amazonaws.com"))) == {}
    assert refuse(verdicts(evidence, principals=make_acceptances(f"{APP}-2")))
    # Nobody in particular can no longer assume it, so no name stands for all of them.
    unnamed = dataclasses.replace(member(), entries=(dataclasses.replace(entry, callers=()),))
    assert refuse(verdicts(unnamed, principals=make_acceptances("ec2.amazonaws.com")))
    assert refuse(verdicts(unnamed, principals=make_acceptances(APP))) == {}


def test_users_whom_something_else_than_mfa_hits_are_not_told_to_use_it() -> None:
    key = UserFacts(JANE, has_password=False, has_mfa=False, active_keys=1, last_used=LAST)
    [(_rule, reason)] = refuse(verdicts(member(verdict(JANE, Breakage.WILL_BREAK), users=(key,))))["guardrail"]
    assert "Either change the policy to allow it" in reason
    # Nor are roles, whom a policy about MFA hits.
    after = with_policy("guardrail", MFA, [DEV])
    [(_rule, reason)] = refuse(verdicts(member(verdict(APP, Breakage.WILL_BREAK)), after=after))["guardrail"]
    assert "Either change the policy to allow it" in reason


def test_what_stays_safe_is_not_expected_to_be_denied() -> None:
    both = Impact(APP, (verdict(APP, Breakage.MAY_BREAK, lost=("s3:A",)), verdict(APP, Breakage.SAFE)))
    evidence = dataclasses.replace(member(), impacts={APP: both})
    assert verdicts(evidence, principals=make_acceptances(APP)).predict_denials() == {
        DeniedPair(MEMBERS[0], APP, "s3:A")
    }


def test_what_is_told_of_a_member() -> None:
    result = verdicts(member(verdict(APP, Breakage.MAY_BREAK))).as_dict()
    text = json.dumps(result)
    assert f'"account": "{MEMBERS[0]}", "name": "dev", "principals": 1' in text
    assert '"may_break": 1' in text


@pytest.mark.parametrize(
    ("actions", "is_open"), [("*", True), ("nosuch:*", True), (["s3:GetObject", "nosuch:Do"], True), ("s3:Get*", False)]
)
def test_what_may_be_any_action_is_an_open_question(actions: t.Any, is_open: bool) -> None:
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    question = find_question([parse({"Version": "2012-10-17", "Statement": [statement]}, name="guardrail")])
    assert question.open is is_open
    allow = parse({"Version": "2012-10-17", "Statement": [{**statement, "Effect": "Allow"}]}, name="guardrail")
    assert not find_question([allow]).open


def test_statements_that_are_not_about_a_principal_are_left_out_of_what_it_gets() -> None:
    guardrail = with_policy("guardrail", MFA, [DEV]).policies[-1]
    content = json.loads(guardrail.content)
    content["Statement"].append({"Sid": "All", "Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    both = dataclasses.replace(guardrail, content=json.dumps(content))
    pruning = Pruning(PolicyChange(ORGANIZATION, ORGANIZATION.with_policies([FULL, both])), MEMBERS[0])

    def sids(arn: str) -> list[t.Optional[str]]:
        controls, _question = pruning.of(any_use(arn)) or pytest.fail("it concerns everybody")
        return [item.sid for item in controls.policies("scp")["guardrail"].statements]

    assert sids(APP) == ["All"]
    assert sids(JANE) == ["Mfa", "All"]
