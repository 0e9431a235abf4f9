# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transactions and PartiQL statements of DynamoDB: the actions and the tables are in the request.

The events have the form of those in
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/understanding-ddb-log-entries.html.
"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import composed
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.calls import Call
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

from .events import ACCOUNT, Record, event

TABLES = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table"
WRITES = ("ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem")
STATEMENTS = ("PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate")


def calls(record: Record) -> tuple[Call, ...]:
    found = EventReader().calls(record)
    assert isinstance(found, tuple)
    return found


def listed(*tables: str) -> list[Record]:
    return [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": f"{TABLES}/{name}"} for name in tables]


def write(*items: t.Any, tables: t.Sequence[str] = ("music",), **more: t.Any) -> Record:
    request = {"requestItems": list(items), **more}
    return event("dynamodb:TransactWriteItems", requestParameters=request, resources=listed(*tables))


def item(operation: t.Any, table: str = "music", name: str = "tableName") -> Record:
    return {"operation": operation, name: table, "key": {"Artist": "No One You Know"}}


def execute(*statements: t.Any, tables: t.Sequence[str] = ("music",)) -> Record:
    """An event of one statement, or of several in a batch."""
    name, request = "ExecuteStatement", {"statement": statements[0]}
    if len(statements) > 1:
        name, request = "BatchExecuteStatement", {"requestItems": [{"statement": one} for one in statements]}
    return event(f"dynamodb:{name}", requestParameters=request, resources=listed(*tables))


def certain(record: Record) -> list[tuple[str, t.Optional[str]]]:
    found = calls(record)
    assert not any(call.is_service_level or call.is_possible for call in found)
    return [(call.action.partition(":")[2], call.resource and call.resource.rpartition("table/")[2]) for call in found]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (write(item("Put")), [("PutItem", "music")]),
        (
            # In the documentation some names begin with a capital letter.
            write(item("Put"), item("Update"), item("Delete", name="TableName"), item("ConditionCheck")),
            [("PutItem", "music"), ("UpdateItem", "music"), ("DeleteItem", "music"), ("ConditionCheckItem", "music")],
        ),
        (write(item("Put"), item("Put")), [("PutItem", "music")]),
        (
            write(item("Put", "music"), item("Delete", "films"), tables=("music", "films")),
            [("PutItem", "music"), ("DeleteItem", "films")],
        ),
        # Without a list of resources the names in the request count.
        (write(item("Update", "films"), tables=()), [("UpdateItem", "films")]),
        (write(item("Put", f"{TABLES}/music")), [("PutItem", "music")]),
    ],
)
def test_a_transaction_needs_the_action_of_each_of_its_items(record: Record, expected: t.Any) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    assert certain(record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (execute("SELECT * FROM music WHERE Artist = 'No One' AND nonKeyAttr = ***(Redacted)"), "PartiQLSelect"),
        (execute('select Artist, Year\n  from "music" where Artist = ?'), "PartiQLSelect"),
        (execute("INSERT INTO music VALUE {'Artist' : ***(Redacted)}"), "PartiQLInsert"),
        (execute('UPDATE "music" SET Album = ***(Redacted) WHERE Artist = ?'), "PartiQLUpdate"),
        (execute("DELETE FROM music WHERE Artist = ' from films'"), "PartiQLDelete"),
        (execute("EXISTS(SELECT * FROM music WHERE Artist = ?)"), "PartiQLSelect"),
    ],
)
def test_a_statement_needs_the_action_of_its_verb(record: Record, expected: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html"""
    assert {action for action, _table in certain(record)} == {expected}
    assert "music" in {table for _action, table in certain(record)}


def test_a_batch_needs_the_actions_of_all_statements() -> None:
    record = execute("UPDATE music SET a = 1 WHERE b = 2", 'INSERT INTO "films" VALUE {}', tables=("music", "films"))
    assert certain(record) == [("PartiQLUpdate", "music"), ("PartiQLInsert", "films")]


def test_a_query_of_an_index_needs_the_index() -> None:
    """The permission on the table alone does not allow it."""
    found = calls(execute('SELECT * FROM "music"."by-year" WHERE Year = 1999'))
    assert f"{TABLES}/music/index/by-year" in {call.resource for call in found}


@pytest.mark.parametrize(
    ("record", "possible"),
    [
        (event("dynamodb:TransactWriteItems"), WRITES),
        (event("dynamodb:ExecuteStatement"), STATEMENTS),
        (event("dynamodb:ExecuteTransaction"), STATEMENTS),
        (write(), WRITES),
        (write("Put"), WRITES),
        (write(item("Put"), item("Merge")), WRITES),
        (write(item(["Put"])), WRITES),
        (write({"operation": "Put"}), WRITES),
        # A table that the event does not list: nobody knows which of the two is right.
        (write(item("Put", "films")), WRITES),
        (execute("HIDDEN_DUE_TO_SECURITY_REASONS"), STATEMENTS),
        (execute("DROP TABLE music"), STATEMENTS),
        (execute("SELECT * FROM films"), STATEMENTS),
        (execute("UPDATE music SET a = 1", "?"), STATEMENTS),
        (execute(7), STATEMENTS),
    ],
)
def test_if_a_request_cannot_be_read_each_of_the_actions_is_possible(record: Record, possible: t.Any) -> None:
    found = calls(record)
    assert {call.action for call in found} == {f"dynamodb:{name}" for name in possible}
    assert all(call.is_possible and not call.is_service_level for call in found)


def test_a_request_that_was_left_out_may_have_needed_each_of_the_actions() -> None:
    found = calls(event("dynamodb:TransactWriteItems", requestParameters={"omitted": True}))
    assert {call.action for call in found} >= {f"dynamodb:{name}" for name in WRITES}
    assert all(call.is_possible for call in found)


def test_events_of_the_same_name_and_other_requests_are_kept_apart() -> None:
    """The reader takes events of the same shape as one: the items of a transaction belong to the shape."""
    reader = EventReader(keys=frozenset())
    records = [
        *(write(item("Put"), clientRequestToken=str(number)) for number in range(3)),
        write(item("Delete")),
        execute("SELECT * FROM music"),
        execute("DELETE FROM music WHERE a = 1"),
    ]
    uses = {(use.action, use.count) for use in reader.read(records, Source.TRAIL).uses if use.resource}
    assert uses >= {
        ("dynamodb:PutItem", 3),
        ("dynamodb:DeleteItem", 1),
        ("dynamodb:PartiQLSelect", 1),
        ("dynamodb:PartiQLDelete", 1),
    }


def test_the_tables_of_names_lead_to_actions() -> None:
    for event_name, actions in composed._POSSIBLE.items():
        assert catalogue.action("dynamodb", event_name) is None, f"{event_name} is an action by itself"
        for name in actions:
            assert catalogue.action("dynamodb", name), name
