# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import (
    MOST_NAMES,
    Cut,
    Room,
    Sid,
    choose_moment,
    find_moment,
    fit,
    may_stay,
    name_managed,
    widen,
)

from .accounts import NOW

ROLE_ID: t.Final = "AROAEXAMPLEID12345678"
SECOND: t.Final = timedelta(seconds=1)
MOMENT: t.Final = NOW + 30 * SECOND
BEFORE: t.Final = {"DateLessThan": {"aws:TokenIssueTime": "2026-11-27T10:05:30Z"}}
WHOLE: t.Final = Cut(ROLE_ID, nobody_known=True, named=("evil",), identities=("alice",), sources=("i-0abc",))


def conditions(cut: Cut, most: t.Optional[int] = None) -> dict[str, t.Any]:
    statements = cut.make_document(MOMENT, most)["Statement"]
    assert {(item["Effect"], item["Action"], item["Resource"]) for item in statements} == {("Deny", "*", "*")}
    return {item["Sid"]: item.get("Condition") for item in statements}


def test_a_policy_has_a_statement_for_each_way_to_know_a_session() -> None:
    assert conditions(WHOLE) == {
        "OlderSessionsOfNobodyKnown": {
            **BEFORE,
            "Null": {
                "ec2:SourceInstanceARN": "true",
                "lambda:SourceFunctionArn": "true",
                "aws:FederatedProvider": "true",
                "saml:sub": "true",
            },
        },
        "NamedSessions": {"StringEquals": {"aws:userid": [f"{ROLE_ID}:evil"]}, **BEFORE},
        "SourceIdentities": {"StringEquals": {"aws:SourceIdentity": ["alice"]}, **BEFORE},
        # The source gets new credentials under the same name, so no time lifts this.
        "NamedSources": {"StringEquals": {"aws:userid": [f"{ROLE_ID}:i-0abc"]}},
    }


def test_sessions_of_providers_and_of_aws_login_are_told_by_keys_that_sts_sets() -> None:
    provider = "arn:aws:iam::333344445555:oidc-provider/token.actions.githubusercontent.com"
    session = "arn:aws:signin:us-east-1:333344445555:session/s-1"
    cut = Cut(ROLE_ID, providers=(provider,), saml=True, signin=(session,))
    assert conditions(cut) == {
        "OlderSessionsOfProviders": {"StringEquals": {"aws:FederatedProvider": [provider]}, **BEFORE},
        "OlderSessionsOfSaml": {**BEFORE, "Null": {"saml:sub": "false"}},
        # It gets new credentials, so no time lifts this.
        "SignInSessions": {"ArnEquals": {"aws:SignInSessionArn": [session]}},
    }
    # A later run with less in the declaration takes none of it back.
    assert widen(Cut(ROLE_ID, nobody_known=True), cut.make_document(MOMENT)) == dataclasses.replace(
        cut, nobody_known=True
    )
    assert find_moment(cut.make_document(MOMENT), cut) == MOMENT
    assert not Cut(ROLE_ID, signin=(session,)).has_moment


def test_all_older_sessions_include_the_named_ones_and_not_the_sources() -> None:
    older = dataclasses.replace(WHOLE, older=True)
    assert conditions(older) == {"NamedSources": conditions(WHOLE)["NamedSources"], "OlderSessions": BEFORE}
    assert conditions(dataclasses.replace(older, all=True)) == {"AllSessions": None}
    assert not dataclasses.replace(older, all=True).has_moment
    assert not Cut(ROLE_ID, sources=("i-0abc",)).has_moment
    assert older.sids == (Sid.SOURCES, Sid.OLDER)


def test_a_policy_that_says_what_is_wanted_keeps_its_moment() -> None:
    document = json.loads(json.dumps(WHOLE.make_document(MOMENT)))
    assert find_moment(document, WHOLE) == MOMENT
    document["Statement"].reverse()
    assert find_moment(document, WHOLE) == MOMENT
    assert find_moment(Cut(ROLE_ID, all=True).make_document(MOMENT), Cut(ROLE_ID, all=True)) is not None


def change(document: dict[str, t.Any], number: int, **fields: t.Any) -> dict[str, t.Any]:
    statements = [dict(item) for item in document["Statement"]]
    statements[number].update(fields)
    return {**document, "Statement": statements}


def issued_before(value: t.Any) -> dict[str, t.Any]:
    return {"DateLessThan": {"aws:TokenIssueTime": value}}


@pytest.mark.parametrize(
    "tampered",
    [
        None,
        {},
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}},
        WHOLE.make_document(MOMENT) | {"Statement": WHOLE.make_document(MOMENT)["Statement"][1:]},
        change(WHOLE.make_document(MOMENT), 0, Effect="Allow"),
        change(WHOLE.make_document(MOMENT), 0, Resource="arn:aws:s3:::x"),
        change(
            WHOLE.make_document(MOMENT), 1, Condition={"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}
        ),
        change(WHOLE.make_document(MOMENT), 1, Condition={"DateLessThan": {"aws:TokenIssueTime": ["nonsense"]}}),
        change(WHOLE.make_document(MOMENT), 1, Condition="nonsense"),
        dataclasses.replace(WHOLE, named=("other",)).make_document(MOMENT),
        dataclasses.replace(WHOLE, role_id="AROAOTHER").make_document(MOMENT),
    ],
)
def test_any_other_policy_is_replaced(tampered: t.Any) -> None:
    assert find_moment(tampered, WHOLE) is None


def test_the_moment_is_raised_once_something_up_the_chain_was_denied_after_it() -> None:
    def stays(needed: t.Optional[timedelta], now: timedelta = timedelta(), cut: Cut = WHOLE) -> bool:
        return may_stay(MOMENT, cut, needed=None if needed is None else NOW + needed, now=NOW + now)

    assert stays(None) and stays(timedelta()) and stays(19 * SECOND)
    assert not stays(20 * SECOND) and not stays(60 * SECOND)
    # Hours later it still stays.
    assert stays(timedelta(), now=timedelta(hours=5))
    # Somebody wrote a moment far ahead, which denies people their work.
    assert not stays(timedelta(), now=-timedelta(hours=1))
    assert stays(60 * SECOND, cut=Cut(ROLE_ID, all=True))


NAMES: t.Final = tuple(f"{'n' * 55}{number:04}" for number in range(300))


def test_names_are_left_out_only_where_there_is_no_room_and_the_oldest_first() -> None:
    few = fit(dataclasses.replace(WHOLE, named=NAMES[:60]), MOMENT, Room())
    assert few is not None and not few.left_out and not few.is_managed
    many = fit(dataclasses.replace(WHOLE, named=NAMES), MOMENT, Room())
    assert many is not None and not many.is_managed
    assert many.left_out == NAMES[: 300 - MOST_NAMES]
    ids = json.dumps(many.document)
    assert NAMES[-1] in ids and NAMES[0] not in ids
    assert find_moment(many.document, dataclasses.replace(WHOLE, named=NAMES)) == MOMENT


@pytest.mark.parametrize(
    ("attached", "is_managed", "expected"),
    [(9, False, True), (10, False, None), (9, True, True)],
)
def test_a_managed_policy_takes_over_where_the_inline_ones_are_full(
    attached: int, is_managed: bool, expected: t.Optional[bool]
) -> None:
    full = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x" * 10_000, "Resource": "*"}]}
    found = fit(WHOLE, MOMENT, Room((full,), attached, 10), is_managed=is_managed)
    assert (found.is_managed if found else None) is expected


def test_a_policy_stays_where_it_is() -> None:
    found = fit(WHOLE, MOMENT, Room(), is_managed=True)
    assert found is not None and found.is_managed
    # Without a slot it moves.
    found = fit(WHOLE, MOMENT, Room(attached=10), is_managed=True)
    assert found is not None and not found.is_managed


def test_a_document_that_was_not_read_counts_nothing() -> None:
    assert fit(WHOLE, MOMENT, Room((None,))) is not None


def test_the_name_of_a_managed_policy_fits() -> None:
    assert len(name_managed("x" * 32, "AROA" + "X" * 60)) <= 128


# What is denied already

NARROW: t.Final = Cut(ROLE_ID, named=("new",))


@pytest.mark.parametrize("most", [None, MOST_NAMES])
def test_a_cut_keeps_all_that_is_denied_already(most: t.Optional[int]) -> None:
    present = json.loads(json.dumps(WHOLE.make_document(MOMENT, most)))
    # The newest names are the last ones.
    assert widen(NARROW, present) == dataclasses.replace(WHOLE, named=("evil", "new"))
    assert widen(NARROW, Cut(ROLE_ID, older=True).make_document(MOMENT)).older
    assert widen(NARROW, Cut(ROLE_ID, all=True).make_document(MOMENT)).all


def test_a_name_that_is_denied_already_is_denied_once() -> None:
    named = Cut(ROLE_ID, named=("evil", "new"))
    assert widen(NARROW, named.make_document(MOMENT)).named == ("evil", "new")


def test_one_name_may_stand_without_a_list() -> None:
    """IAM takes a single value as a text too."""
    only = Cut(ROLE_ID, named=("evil",)).make_document(MOMENT)
    text = change(only, 0, Condition={"StringEquals": {"aws:userid": f"{ROLE_ID}:evil"}, **BEFORE})
    assert widen(NARROW, text).named == ("evil", "new")


def test_two_policies_that_a_killed_run_left_are_both_kept() -> None:
    first, second = (Cut(ROLE_ID, named=(name,)).make_document(MOMENT) for name in ("first", "second"))
    assert set(widen(NARROW, first, second).named) == {"first", "second", "new"}


@pytest.mark.parametrize(
    "tampered",
    [
        None,
        "nonsense",
        {"Statement": "nonsense"},
        {"Version": "2012-10-17", "Statement": [None, {"Sid": "OlderSessions"}, {"Sid": ["AllSessions"]}]},
        change(Cut(ROLE_ID, all=True).make_document(MOMENT), 0, Effect="Allow"),
        change(Cut(ROLE_ID, all=True).make_document(MOMENT), 0, Resource="arn:aws:s3:::x"),
        change(Cut(ROLE_ID, all=True).make_document(MOMENT), 0, Condition={"Bool": {"aws:ViaAWSService": "true"}}),
        change(Cut(ROLE_ID, older=True).make_document(MOMENT), 0, Condition=issued_before("nonsense")),
        Cut("AROAOTHER", named=("evil",)).make_document(MOMENT),
        Cut(ROLE_ID, named=("${aws:userid}",)).make_document(MOMENT),
        Cut(ROLE_ID, identities=("a*",)).make_document(MOMENT),
    ],
)
def test_a_statement_that_somebody_forged_widens_nothing(tampered: t.Any) -> None:
    assert widen(NARROW, tampered) == NARROW


def test_names_of_earlier_declarations_leave_a_policy_that_is_full_first() -> None:
    present = Cut(ROLE_ID, named=tuple(f"old-{number:060}" for number in range(MOST_NAMES))).make_document(MOMENT)
    cut = widen(Cut(ROLE_ID, named=tuple(f"new-{number:060}" for number in range(MOST_NAMES))), present)
    found = fit(cut, MOMENT, Room(inline=({"x": "y" * 6_000},), attached=9))
    assert found is not None and len(found.left_out) == MOST_NAMES
    assert all(name.startswith("old-") for name in found.left_out)
    assert find_moment(found.document, cut) == MOMENT


def test_a_moment_that_is_none_is_not_chosen() -> None:
    for value in ("nonsense", "", "9999-99-99T00:00:00Z", ["2026-11-27T10:06:30Z"], None):
        forged = change(Cut(ROLE_ID, older=True).make_document(MOMENT), 0, Condition=issued_before(value))
        assert choose_moment(MOMENT, forged, None, now=NOW) == MOMENT
