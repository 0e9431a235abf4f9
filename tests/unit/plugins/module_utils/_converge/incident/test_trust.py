# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust import (
    Opener,
    cut_trust,
    list_cuts,
    list_openers,
    restore,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

HOME, PROD, FOREIGN = "222233334444", "333344445555", "999988887777"
PIPELINE: t.Final = f"arn:aws:iam::{HOME}:role/pipeline"


def arn(account: str, name: str, kind: str = "role") -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def policy(*statements: t.Any) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(*principals: str, kind: str = "AWS") -> dict[str, t.Any]:
    return {"Effect": "Allow", "Principal": {kind: list(principals)}, "Action": "sts:AssumeRole"}


GITHUB: t.Final = f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"
MANAGER: t.Final = arn(HOME, "release-manager", "user")
LAMBDA: t.Final = trust("lambda.amazonaws.com", kind="Service")
WEB: t.Final = {"Effect": "Allow", "Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity"}
ROOT: t.Final = f"arn:aws:iam::{HOME}:root"


def find_statements(*statements: t.Any, cut: TrustCut) -> list[t.Any]:
    edit = cut_trust(policy(*statements), [cut], "INC-7")
    assert edit.problem == "", edit.problem
    assert edit.document is not None
    # What is written is not written again.
    assert cut_trust(edit.document, [cut], "INC-7").document is None
    return list(edit.document["Statement"])


@pytest.mark.parametrize(
    ("entries", "principal", "kept"),
    [
        ([PIPELINE, MANAGER], PIPELINE, [MANAGER]),
        ([PIPELINE, MANAGER], PIPELINE.replace("pipeline", "Pipeline"), [MANAGER]),
        ([MANAGER, f"arn:aws:sts::{HOME}:assumed-role/pipeline/evil"], PIPELINE, [MANAGER]),
        # A session that is named is not the whole role.
        ([PIPELINE, f"arn:aws:sts::{HOME}:assumed-role/pipeline/evil", MANAGER],
         f"arn:aws:sts::{HOME}:assumed-role/pipeline/evil", [PIPELINE, MANAGER]),
        # An account is everybody in it.
        ([f"arn:aws:iam::{FOREIGN}:root", arn(FOREIGN, "x"), MANAGER], FOREIGN, [MANAGER]),
        ([FOREIGN, MANAGER], f"arn:aws:iam::{FOREIGN}:root", [MANAGER]),
        (["AROAEXAMPLEID12345678", MANAGER], "AROAEXAMPLEID12345678", [MANAGER]),
    ],
)  # fmt: skip
def test_one_principal_is_taken_out_and_the_others_stay(entries: list[str], principal: str, kept: list[str]) -> None:
    found = find_statements(LAMBDA, trust(*entries), WEB, cut=TrustCut(principal))
    is_session = "assumed-role" in principal
    assert found[:3] == [LAMBDA, trust(*kept), WEB]
    # The entry of the role still lets its session in.
    assert [one["Effect"] for one in found[3:]] == (["Deny"] if is_session and PIPELINE in entries else [])


def test_a_statement_that_names_nobody_else_goes_and_a_denial_stays() -> None:
    denial = {**trust(MANAGER), "Effect": "Deny"}
    assert find_statements(LAMBDA, trust(MANAGER), denial, cut=TrustCut(MANAGER)) == [LAMBDA, denial]
    assert find_statements(LAMBDA, WEB, cut=TrustCut(GITHUB)) == [LAMBDA]


@pytest.mark.parametrize(
    ("entry", "cut", "condition"),
    [
        (
            trust(ROOT),
            TrustCut(PIPELINE),
            {"ArnLike": {"aws:PrincipalArn": [PIPELINE, PIPELINE.replace("role/", "role/*/")]}},
        ),
        # As it is typed, the path may be wrong, and it has nothing to do with the name.
        (
            trust(ROOT),
            TrustCut(PIPELINE.replace("role/", "role/ci/")),
            {"ArnLike": {"aws:PrincipalArn": [PIPELINE, PIPELINE.replace("role/", "role/*/")]}},
        ),
        (trust("*"), TrustCut(FOREIGN), {"StringEquals": {"aws:PrincipalAccount": FOREIGN}}),
        ({**trust(), "Principal": "*"}, TrustCut(FOREIGN), {"StringEquals": {"aws:PrincipalAccount": FOREIGN}}),
        (
            {"Effect": "Allow", "NotPrincipal": {"AWS": MANAGER}, "Action": "sts:AssumeRole"},
            TrustCut(FOREIGN),
            {"StringEquals": {"aws:PrincipalAccount": FOREIGN}},
        ),
    ],
)
def test_a_principal_whom_a_wider_entry_lets_in_is_denied(entry: t.Any, cut: TrustCut, condition: t.Any) -> None:
    *kept, denial = find_statements(entry, LAMBDA, cut=cut)
    assert kept == [entry, LAMBDA]
    assert (denial["Effect"], denial["Condition"], denial["Principal"]) == ("Deny", condition, {"AWS": "*"})
    assert denial["Sid"].isalnum()


def test_a_subject_is_denied_and_the_provider_stays() -> None:
    cut = TrustCut(GITHUB, "repo:acme/site:*")
    *kept, denial = find_statements(WEB, LAMBDA, cut=cut)
    assert kept == [WEB, LAMBDA]
    assert denial["Principal"] == {"Federated": GITHUB}
    assert denial["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert denial["Condition"] == {"StringLike": {"token.actions.githubusercontent.com:sub": ["repo:acme/site:*"]}}


def test_a_forged_statement_with_our_id_is_replaced() -> None:
    cut = TrustCut(GITHUB, "repo:acme/site:*")
    *_kept, denial = find_statements(WEB, cut=cut)
    forged = {**denial, "Effect": "Allow"}
    assert find_statements(WEB, forged, cut=cut) == [WEB, denial]


def test_a_policy_that_lets_nobody_in_needs_an_acceptance() -> None:
    vendor = policy(trust(f"arn:aws:iam::{FOREIGN}:root"))
    edit = cut_trust(vendor, [TrustCut(FOREIGN)], "INC-7")
    assert edit.document is None and "nobody could assume it" in edit.problem
    (denial,) = find_statements(trust(FOREIGN), cut=TrustCut(FOREIGN, leaves_nobody=True))
    assert denial["Effect"] == "Deny"
    # An entry for everybody lets others in.
    assert find_statements(trust("*"), trust(FOREIGN), cut=TrustCut(FOREIGN))


def test_everybody_is_taken_out_but_not_of_all_but_some() -> None:
    assert find_statements(trust("*"), LAMBDA, cut=TrustCut("*")) == [LAMBDA]
    but_some = {"Effect": "Allow", "NotPrincipal": {"AWS": MANAGER}, "Action": "sts:AssumeRole"}
    assert "all but some" in cut_trust(policy(but_some, LAMBDA), [TrustCut("*")], "INC-7").problem


def test_several_are_cut_together_or_not_at_all() -> None:
    document = policy(trust(PIPELINE, MANAGER))
    both = [TrustCut(PIPELINE), TrustCut(MANAGER)]
    assert cut_trust(document, both, "INC-7").document is None
    assert cut_trust(policy(trust(PIPELINE, MANAGER), LAMBDA), both, "INC-7").document == policy(LAMBDA)


def test_a_principal_that_is_not_there_changes_nothing() -> None:
    edit = cut_trust(policy(LAMBDA), [TrustCut(FOREIGN)], "INC-7")
    assert (edit.document, edit.absent, edit.problem) == (None, (FOREIGN,), "")


def test_openers_are_all_who_are_let_in() -> None:
    document = policy(trust(MANAGER), LAMBDA, WEB, {**trust("x"), "Effect": "Deny"})
    assert list_openers(parse(document)) == (
        Opener("AWS", MANAGER),
        Opener("Service", "lambda.amazonaws.com"),
        Opener("Federated", GITHUB),
    )


# The way back


def test_a_release_restores_what_was_taken_out_and_nothing_else() -> None:
    before = policy(LAMBDA, trust(PIPELINE, MANAGER), WEB)
    cuts = [TrustCut(PIPELINE), TrustCut(GITHUB, "repo:acme/site:*")]
    after = cut_trust(before, cuts, "INC-7").document
    assert after is not None and restore(before, after, cuts, "INC-7") == before
    # Whom an intruder let in stays out.
    stays = [TrustCut(PIPELINE, restore=False), cuts[1]]
    assert restore(before, after, stays, "INC-7") == policy(LAMBDA, trust(MANAGER), WEB)


def test_a_release_believes_no_record_that_the_declaration_does_not_explain() -> None:
    cuts = [TrustCut(PIPELINE)]
    before = policy(LAMBDA, trust(PIPELINE, MANAGER))
    after = cut_trust(before, cuts, "INC-7").document
    assert after is not None
    # A forged state, a change between two passes, and a declaration that does not name the principal.
    assert restore(policy(LAMBDA, trust(PIPELINE, MANAGER, FOREIGN)), after, cuts, "INC-7") is None
    assert restore(policy(trust(PIPELINE, MANAGER)), after, cuts, "INC-7") is None
    assert restore(before, after, [], "INC-7") is None
    assert restore(after, after, cuts, "INC-7") is None


def test_the_cuts_of_a_role_are_found_however_its_arn_is_written() -> None:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository"}
    roles = [{"arn": PIPELINE.replace("pipeline", "Pipeline"), "cut": "trust", "principal": FOREIGN}, PIPELINE]
    incident = Incident.from_option({**given, "roles": roles}, now=datetime(2026, 11, 27, tzinfo=UTC))
    assert list_cuts(incident, PIPELINE) == (TrustCut(FOREIGN),)
