# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The answers of an account to the sweep, kept for the join of all accounts."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

from ..._account.activity import load_json
from ..._account.moments import format_moment, parse_moment
from ..._policy.hunt.persistence.model import Question
from ..._policy.hunt.persistence.state import MadeObject, State

SCHEMA: t.Final = "hardening.iam/hunt-present/1"


#: The members of a file besides the state: lists of plain rows.
_ROWS: t.Final = ("dependants", "last_used", "secrets")
Row = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Present:
    """What an account was asked at the end of a hunt. The rows are plain data, ``unread`` are sentences."""

    state: State = State()
    dependants: tuple[Row, ...] = ()
    last_used: tuple[Row, ...] = ()
    secrets: tuple[Row, ...] = ()
    unread: tuple[str, ...] = ()

    def join(self, *others: Present) -> Present:
        """Join what several accounts were asked."""
        every = (self, *others)
        return Present(
            self.state.join(*(one.state for one in others)),
            tuple(row for one in every for row in one.dependants),
            tuple(row for one in every for row in one.last_used),
            tuple(row for one in every for row in one.secrets),
            tuple(dict.fromkeys(text for one in every for text in one.unread)),
        )


def write_present(present: Present, account_id: str) -> bytes:
    """The content of a file with what an account was asked."""
    state = present.state
    document = {
        **{name: list(getattr(present, name)) for name in (*_ROWS, "unread")},
        "schema": SCHEMA,
        "account_id": account_id,
        "answers": [{**_question(one), "answer": answer} for one, answer in sorted(state.answers.items(), key=_order)],
        "reasons": [{**_question(one), "reason": reason} for one, reason in sorted(state.reasons.items(), key=_order)],
        "made": [
            {
                **_question(one.question),
                "target": one.target,
                "created": format_moment(one.created),
                "what": one.what,
                "is_exact": one.is_exact,
            }
            for one in state.made
        ],
        "read_at": {account: format_moment(moment) for account, moment in sorted(state.read_at.items())},
    }
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _question(question: Question) -> dict[str, t.Any]:
    return {
        "kind": question.kind,
        "account_id": question.account_id,
        "region": question.region,
        "key": list(question.key),
    }


def _order(item: tuple[Question, t.Any]) -> tuple[t.Any, ...]:
    question = item[0]
    return question.kind, question.account_id, question.region, question.key


def read_present(content: t.Optional[bytes], account_id: str) -> Present:
    """What an account was asked, of a file; nothing if it is malformed, or says something of another account.

    A state of one account can't answer for another, which somebody who writes to its folder alone could try.
    """
    try:
        document = load_json((content or b"").decode())
        if document["schema"] != SCHEMA or document["account_id"] != account_id:
            return Present()
        state = State(
            {_parse(one, account_id): one["answer"] is True for one in document["answers"]},
            {_parse(one, account_id): str(one["reason"]) for one in document["reasons"]},
            tuple(_parse_made(one, account_id) for one in document["made"]),
            {account_id: parse_moment(document["read_at"][account_id])} if document["read_at"] else {},
        )
        rows = {name: tuple({**row} for row in document[name]) for name in _ROWS}
        return Present(state, unread=tuple(map(str, document["unread"])), **rows)
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return Present()


def _parse(one: Mapping[str, t.Any], account_id: str) -> Question:
    if one["account_id"] != account_id:
        raise ValueError("it is of another account")
    return Question(str(one["kind"]), account_id, str(one["region"]), tuple(map(str, one["key"])))


def _parse_made(one: Mapping[str, t.Any], account_id: str) -> MadeObject:
    created = parse_moment(one["created"])
    return MadeObject(_parse(one, account_id), str(one["target"]), created, str(one["what"]), one["is_exact"] is True)
