# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.signin import (
    SigninSession,
    choose,
    choose_issued_since,
    explain_errors,
    make_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact

from .accounts import HOME, NOW, PIPELINE, PROD, USER, WORKER, arn

REGION: t.Final = "us-east-1"


def session(principal: str = USER, name: str = "one", region: str = REGION, **fields: t.Any) -> SigninSession:
    return SigninSession(region, principal, f"arn:aws:signin:{region}:{HOME}:session/{name}", **fields)


def test_a_session_is_read_from_an_answer() -> None:
    record = {
        "principalArn": USER,
        "sessionArn": "arn:x",
        "issuedAt": 1_700_000_000,
        "expiresAt": "1700003600",
        "lastUsedAt": None,
        "clientType": "CLI",
        "userAgent": "aws-cli",
    }
    found = SigninSession.from_answer(record, REGION)
    assert found == SigninSession(
        REGION,
        USER,
        "arn:x",
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        datetime(2023, 11, 14, 23, 13, 20, tzinfo=UTC),
        None,
        "CLI",
        "aws-cli",
    )
    assert found.as_dict() == {
        "region": REGION,
        "principal": USER,
        "session": "arn:x",
        "issued": "2023-11-14T22:13:20Z",
        "expires": "2023-11-14T23:13:20Z",
        "last_used": None,
        "client_type": "CLI",
        "user_agent": "aws-cli",
    }
    bare = SigninSession.from_answer({"principalArn": USER, "sessionArn": "arn:x"}, REGION)
    assert bare == SigninSession(REGION, USER, "arn:x")


@pytest.mark.parametrize("moment", ["soon", 10**20, -(10**20), "", 0])
def test_a_moment_that_is_none_is_not_known(moment: t.Any) -> None:
    record = {"principalArn": USER, "sessionArn": "arn:x", "issuedAt": moment}
    assert SigninSession.from_answer(record, REGION).issued is None


def test_sessions_are_chosen_by_their_owners() -> None:
    own, other = session(), session(WORKER)
    assert choose([other, own], [USER]) == (own,)
    assert choose([other, own], [WORKER, USER]) == tuple(sorted([own, other]))
    # ARNs of sessions have no path, and names no case.
    assert choose([session(arn(HOME, "pipeline"))], [arn(HOME, "team/Pipeline")]) == (session(arn(HOME, "pipeline")),)
    assert choose([own], [arn(PROD, "ci-deploy", "user"), arn(HOME, "ci-deploy")]) == ()
    assert choose([own], []) == ()
    # Two that are no principals are not the same one.
    assert choose([session(f"arn:aws:iam::{HOME}:root")], [f"arn:aws:iam::{HOME}:root"]) == ()


def test_sessions_are_chosen_by_their_beginning() -> None:
    before, at, after = (session(issued=NOW + timedelta(seconds=number)) for number in (-1, 0, 1))
    assert choose_issued_since([before, at, after, session()], NOW) == (at, after)
    assert choose_issued_since([after], None) == ()


def make(*sessions: SigninSession, owners: t.Iterable[str] = (USER, PIPELINE), reason: str = "INC-7") -> list[t.Any]:
    return list(make_changes(sessions, owners, account_id=HOME, reason=reason))


def test_sessions_are_revoked_five_a_call_by_owner_and_region() -> None:
    seven = [session(name=str(number)) for number in range(7)]
    found = make(*seven, session(arn(HOME, "pipeline"), "p"), session(name="e", region="eu-west-1"), reason="x" * 300)
    assert [(one.region, one.target, len(one.parameters["sessionArns"])) for one in found] == [
        (REGION, USER, 5),
        (REGION, USER, 2),
        (REGION, PIPELINE, 1),
        ("eu-west-1", USER, 1),
    ]
    arns = [name for one in found for name in one.parameters["sessionArns"]]
    assert len(arns) == len(set(arns)) == 9 and set(arns) >= {one.arn for one in seven}
    assert found[0].parameters == {
        "principalArn": USER,
        "sessionArns": [one.arn for one in seven[:5]],
        "reason": "x" * 256,
    }
    for one in found:
        named = one.parameters["sessionArns"]
        assert one.before == {"sessions": dict.fromkeys(named, "ACTIVE")}
        assert one.after == {"sessions": dict.fromkeys(named, "REVOKED")}
        assert (one.account_id, one.service, one.operation) == (HOME, "signin", "BatchRevokeSessions")
        assert (one.kind, one.impact, one.undo) == ("signin_sessions_revoked", Impact.NARROWING, None)


def test_the_change_is_about_the_owner_with_its_path() -> None:
    owner = arn(HOME, "team/pipeline")
    (found,) = make(session(arn(HOME, "pipeline")), owners=[owner])
    assert (found.target, found.parameters["principalArn"]) == (owner, arn(HOME, "pipeline"))
    assert make() == []


def test_what_aws_did_not_revoke_is_said_one_by_one() -> None:
    error = {"sessionArn": "arn:x", "code": "Busy", "message": "it is busy"}
    assert explain_errors({"errors": [error, "odd", {**error, "sessionArn": "arn:y"}]}) == (
        "arn:x: Busy: it is busy; arn:y: Busy: it is busy"
    )
    assert explain_errors({}) == explain_errors({"errors": None}) == explain_errors({"errors": []}) == ""
