# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Requests that are composed of several: transactions and PartiQL statements of DynamoDB.

No action has the name of such an event. AWS authorizes each item by the action that does the same alone:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html, and each statement by the
action of its verb: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html. Examples of events:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/understanding-ddb-log-entries.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .parameters import Parameters
from .resources import Subject

Record = Mapping[str, t.Any]

_OPERATIONS: t.Final[Mapping[str, str]] = {
    "conditioncheck": "ConditionCheckItem",
    "delete": "DeleteItem",
    "put": "PutItem",
    "update": "UpdateItem",
}
_VERBS: t.Final[Mapping[str, str]] = {
    "delete": "PartiQLDelete",
    "insert": "PartiQLInsert",
    "select": "PartiQLSelect",
    "update": "PartiQLUpdate",
}
_TRANSACTION: t.Final = "TransactWriteItems"
# The actions that an event may have needed.
_POSSIBLE: t.Final[Mapping[str, Sequence[str]]] = {
    _TRANSACTION: tuple(_OPERATIONS.values()),
    "BatchExecuteStatement": tuple(_VERBS.values()),
    "ExecuteStatement": tuple(_VERBS.values()),
    "ExecuteTransaction": tuple(_VERBS.values()),
}
POSSIBLE_ACTIONS: t.Final = frozenset(name for names in _POSSIBLE.values() for name in names)
_NAME: t.Final = r'(?:"(?P<{0}>[^"]+)"|(?P<{0}_bare>\w+))'
# EXISTS is the condition of a transaction, and reads as SELECT does. Literals only follow after the name of the table.
_STATEMENT: t.Final = re.compile(
    r"\s*(?:EXISTS\s*\(\s*)?(?P<verb>SELECT\b[^\'\"]*?\bFROM|INSERT\s+INTO|UPDATE|DELETE\s+FROM)(?:\s+|(?=\"))"
    + _NAME.format("table")
    + r"(?:\s*\.\s*"
    + _NAME.format("index")
    + ")?",
    re.IGNORECASE,
)
_TABLE: t.Final = "table/"


@dataclasses.dataclass(frozen=True)
class Composed:
    """The requests that an event stands for, each as an event of the action that it needs.

    Where the request can't be read there is one for each possible action, and none ``is_certain``.
    """

    records: tuple[Record, ...]
    is_certain: bool


@dataclasses.dataclass(frozen=True)
class _Part:
    action: str
    table: str
    index: str = ""


def split_event(service: str, subject: Subject) -> t.Optional[Composed]:
    """Split an event of a composed request; None for all others. ``service`` is a prefix."""
    record = subject.record
    possible = _POSSIBLE.get(record["eventName"]) if service == "dynamodb" else None
    if possible is None:
        return None
    parts = _read_parts(record["eventName"], subject.parameters)
    tables = {_name_table(arn) for arn in subject.listed}
    if parts and (not tables or all(_name_table(part.table) in tables for part in parts)):
        return Composed(tuple(_make_record(record, part) for part in dict.fromkeys(parts)), is_certain=True)
    return Composed(tuple({**record, "eventName": action} for action in possible), is_certain=False)


def _read_parts(event_name: str, parameters: Parameters) -> t.Optional[list[_Part]]:
    """The parts of a request; None if one of them can't be read."""
    if event_name == _TRANSACTION:
        parts = [_read_item(item) for item in parameters.list_members("requestitems")]
    else:
        parts = [_read_statement(text) for text in _list_statements(parameters)]
    return None if None in parts else [part for part in parts if part is not None]


def _read_item(item: t.Any) -> t.Optional[_Part]:
    lower = {str(name).lower(): value for name, value in item.items()} if isinstance(item, Mapping) else {}
    operation, table = lower.get("operation"), lower.get("tablename")
    if not isinstance(operation, str) or not isinstance(table, str) or not table:
        return None
    action = _OPERATIONS.get(operation.lower())
    return _Part(action, table) if action is not None else None


def _list_statements(parameters: Parameters) -> Iterator[t.Any]:
    if parameters.is_given("statement"):
        yield parameters.top["statement"]
    for name in ("requestitems", "statements", "transactstatements"):
        for item in parameters.list_members(name):
            lower = {str(key).lower(): value for key, value in item.items()} if isinstance(item, Mapping) else {}
            yield lower.get("statement")


def _read_statement(text: t.Any) -> t.Optional[_Part]:
    found = _STATEMENT.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    verb = found["verb"].lower().split()[0]
    return _Part(_VERBS[verb], found["table"] or found["table_bare"], found["index"] or found["index_bare"] or "")


def _make_record(record: Record, part: _Part) -> Record:
    """The event of one part: with its table alone, in the request and among the resources."""
    request = {"tableName": part.table, **({"indexName": part.index} if part.index else {})}
    resources = [one for one in record.get("resources") or () if _is_of_table(one, part.table)]
    return {**record, "eventName": part.action, "requestParameters": request, "resources": resources}


def _is_of_table(resource: t.Any, table: str) -> bool:
    arn = resource.get("ARN") if isinstance(resource, Mapping) else None
    return isinstance(arn, str) and _name_table(arn) == _name_table(table)


def _name_table(text: str) -> str:
    """The name of a table, by its name or its ARN. A request may have either."""
    return text.partition(_TABLE)[2].partition("/")[0] if text.startswith("arn:") else text
