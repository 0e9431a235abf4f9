# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.trusts import (
    check_trusts,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import Part
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust import cut_trust
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent

from .users import ACCOUNT, NOW

ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/team/pipeline"
OWNER, INTRUDER = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("owner", "intruder"))
WRITER: t.Final = IdentityWriter(ACCOUNT, "trust_cut")


def trusting(*principals: str) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


BEFORE: t.Final = trusting(OWNER, INTRUDER)
AFTER: t.Final = cut_trust(BEFORE, [TrustCut(INTRUDER)], "INC-7").document


def part(before: t.Any = BEFORE, after: t.Any = AFTER, change: t.Optional[Change] = None) -> Part:
    done = change or WRITER.set_trust(ROLE, before, after)
    first = Intent(f"{ACCOUNT}/one/1/000001", "one", "session_revocation", done)
    return Part(first, dataclasses.replace(first, key=f"{ACCOUNT}/one/1/000002"), (first.key,))


def incident(role: str = ROLE, principal: str = INTRUDER, restore: bool = True) -> Incident:
    cut = {"arn": role, "cut": "trust", "principal": principal, "restore": restore}
    named = {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is here", "roles": [cut]}
    return Incident.from_option(named, now=NOW)


def check(given: Part, declared: t.Optional[Incident] = None) -> tuple[tuple[Part, ...], list[str]]:
    kept, left = check_trusts([given], declared or incident())
    assert all((row["target"], row["operation"]) == (ROLE, "UpdateAssumeRolePolicy") for row in left)
    return kept, [row["reason"] for row in left]


@pytest.mark.parametrize("role", [ROLE, f"arn:aws:iam::{ACCOUNT}:role/PIPELINE"])
def test_a_policy_that_the_declaration_explains_is_restored(role: str) -> None:
    ((kept,), left) = check(part(), incident(role))
    assert left == [] and kept.change.before == {"trust": BEFORE}
    assert (kept.last, kept.keys, kept.change.after) == (part().last, part().keys, part().change.after)


def test_whom_an_intruder_let_in_stays_out() -> None:
    kept, left = check(part(), incident(restore=False))
    assert kept == () and left == ["its trust policy stays as it is: restore is false"]


def test_of_two_who_were_cut_only_the_one_comes_back_that_people_restore() -> None:
    colleague = f"{OWNER}-2"
    before = trusting(OWNER, INTRUDER, colleague)
    after = cut_trust(before, [TrustCut(INTRUDER), TrustCut(colleague)], "INC-7").document
    left_out = incident(restore=False)
    both = dataclasses.replace(left_out, roles=(*left_out.roles, *incident(principal=colleague).roles))
    ((kept,), left) = check(part(before, after), both)
    assert left == [] and kept.change.before == {"trust": trusting(OWNER, colleague)}


@pytest.mark.parametrize("role", [f"{ROLE}2", ROLE.replace(ACCOUNT, "999988887777")])
def test_a_policy_of_a_role_that_the_declaration_does_not_name_stays(role: str) -> None:
    kept, (reason,) = check(part(), incident(role))
    assert kept == () and "the declaration does not name it" in reason


@pytest.mark.parametrize(
    "given",
    [
        # A forged state before, one that lets more in, and a last state that no cut makes of it.
        part(before=trusting(OWNER, INTRUDER, "*")),
        part(before=trusting("*")),
        part(after=trusting(INTRUDER)),
        part(after=BEFORE),
        part(change=dataclasses.replace(WRITER.set_trust(ROLE, BEFORE, t.cast(t.Any, AFTER)), before=None)),
    ],
)
def test_a_policy_that_no_declared_cut_explains_stays(given: Part) -> None:
    kept, (reason,) = check(given)
    assert kept == () and "the declaration does not explain how it was cut" in reason and "by hand" in reason


def test_the_last_state_counts_and_not_the_first() -> None:
    """Two passes cut the same policy: what the second one left is what a release meets."""
    given = part(after=trusting(OWNER, INTRUDER, "*"))
    later = dataclasses.replace(given, last=part().last)
    ((kept,), left) = check(later)
    assert left == [] and kept.change.before == {"trust": BEFORE}
    assert check(dataclasses.replace(part(), last=given.last))[0] == ()


def test_other_changes_are_no_business_of_it() -> None:
    other = part(change=WRITER.put_inline(ROLE, "x", None, trusting(OWNER)))
    assert check_trusts([other, part()], incident())[0][0] == other
    kept, left = check_trusts([other, part(), part(after=BEFORE)], incident())
    assert (len(kept), len(left)) == (2, 1)
