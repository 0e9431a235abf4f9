# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Answers,
    Seed,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.names.observe import (
    add_near,
    ask_deletion,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.observe import READS
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import KeySeed
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion, Kind

from ...recorded import RecordedAccess
from ..users import ACCOUNT

KEY, MEANT = "AKIAEXAMPLEEXAMPLE01", "AKIAEXAMPLEEXAMPLE02"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc-backup"
UNASKED: t.Final = Answers()
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
GONE: t.Final = NotFound("none", code="NoSuchEntity")


def connect(**answers: t.Any) -> RecordedAccess:
    given = {
        "iam:ListUsers": {"Users": [{"Arn": USER}, {"Arn": f"arn:aws:iam::{ACCOUNT}:user/other"}]},
        "iam:ListAccessKeys": lambda UserName, region: {
            "AccessKeyMetadata": [{"AccessKeyId": MEANT}] if UserName == "svc-backup" else []
        },
        "iam:GetUser": lambda UserName, region: {"User": {"UserName": UserName.upper()}},
        **{f"iam:{name}": answer for name, answer in answers.items()},
    }
    return RecordedAccess(given, account_id=ACCOUNT, declared=READS)


# Names that people may have meant

LOST: t.Final = [Status.UNRESOLVED, Status.MISMATCH, Status.FOREIGN]


@pytest.mark.parametrize("status", LOST)
def test_a_key_that_is_not_found_gets_the_near_ones_with_their_users(status: Status) -> None:
    seed = Seed(KEY, "access_key", status, near=("kept",))
    (found,) = add_near(t.cast(t.Any, connect()), [seed])
    assert found.near == ("kept", f"{MEANT} of the user svc-backup")
    assert (found.id, found.status) == (KEY, status)


def test_a_password_that_is_not_found_gets_the_near_users() -> None:
    access = connect()
    seed = Seed(USER.replace("backup", "bakup"), "console_password", Status.UNRESOLVED)
    (found,) = add_near(t.cast(t.Any, access), [seed])
    assert found.near == (USER,) and "iam:ListAccessKeys" not in access.names
    (twice,) = add_near(t.cast(t.Any, access), [found])
    assert twice.near == (USER,)


def test_while_all_are_found_nothing_is_read() -> None:
    access = connect()
    seeds = (
        *(Seed(KEY, "access_key", status) for status in Status if status not in LOST),
        Seed(KEY, "session", Status.UNRESOLVED),
    )
    assert add_near(t.cast(t.Any, access), seeds) == seeds and access.names == []


def test_the_others_stay_as_they_are_and_in_their_order() -> None:
    home = Seed(KEY, "access_key", Status.HOME)
    lost = Seed(KEY, "access_key", Status.UNRESOLVED)
    first, second = add_near(t.cast(t.Any, connect()), iter([home, lost]))
    assert first == home and second.near


# Whether it was deleted


class Proofs:
    """Where a key is proven to be deleted, or is not."""

    def __init__(self, user: t.Optional[str], **answers: t.Any) -> None:
        self.access = connect(**answers)
        self.user = user
        self.asked: list[t.Any] = []

    def find(self, kind: Kind, identifier: str) -> t.Any:
        self.asked.append((kind, identifier))
        return Unknown("late") if self.user is None else Yes(Deletion("seen", self.user))

    def ask(self, seed: KeySeed, answers: Answers = UNASKED) -> Answers:
        return ask_deletion(t.cast(t.Any, self), seed, answers)


def test_of_a_key_whose_user_is_known_nothing_is_asked() -> None:
    for user in ("svc", ""):
        proofs, known = Proofs("svc"), Answers(user=user)
        assert proofs.ask(KeySeed(KEY), known) is known and proofs.asked == []


def test_the_user_of_a_deleted_key_is_that_of_the_event_else_the_declared_one() -> None:
    for of_event, declared, named in (("svc", USER, "SVC"), ("", USER, "SVC-BACKUP"), ("", "svc-x", "SVC-X")):
        proofs = Proofs(of_event)
        found = proofs.ask(KeySeed(KEY, user=declared))
        assert found.named_user == named and isinstance(found.deletion, Yes)
        assert proofs.asked == [(Kind.KEY, KEY)]
    nobody = Proofs("")
    assert nobody.ask(KeySeed(KEY)).named_user == "" and nobody.access.names == []


def test_without_a_proof_no_user_is_named() -> None:
    proofs = Proofs(None)
    found = proofs.ask(KeySeed(KEY, user=USER))
    assert isinstance(found.deletion, Unknown) and found.named_user == "" and proofs.access.names == []


def test_a_user_that_is_gone_is_none_and_one_that_cannot_be_read_counts_as_there() -> None:
    assert Proofs("svc", GetUser=GONE).ask(KeySeed(KEY)).named_user == ""
    assert Proofs("svc", GetUser=DENIED).ask(KeySeed(KEY)).named_user == "svc"
