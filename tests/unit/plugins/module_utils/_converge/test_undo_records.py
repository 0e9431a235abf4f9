# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_records import (
    Record,
    UnderivableError,
    check_arn,
    says_same,
    split_tags,
)

TOPIC: t.Final = "arn:aws:sns:eu-west-1:111122223333:alerts"


def record(target: str = TOPIC, **said: t.Any) -> Record:
    undo = Undo("Undo", said) if said else None
    return Record(
        Change("111122223333", "eu-west-1", "sns", "Do", target, {}, None, None, "", Impact.ADDITIVE, undo=undo)
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:eu-west-1:111122223333:alerts",
        "arn:aws:sns:us-east-1:111122223333:alerts",
        "arn:aws:sns:eu-west-1:999988887777:alerts",
        f"{TOPIC} Policy",
        "alerts",
    ],
)
def test_an_arn_is_of_the_service_the_account_and_the_region(arn: str) -> None:
    assert check_arn(record(), TOPIC, "sns") == TOPIC
    with pytest.raises(UnderivableError, match="is nothing of sns in the account and region of the record"):
        check_arn(record(), arn, "sns")


def test_tags_that_were_not_there_are_told_from_those_with_another_value() -> None:
    assert split_tags(record(), {"a": None, "b": "c"}) == (["a"], {"b": "c"})
    with pytest.raises(UnderivableError, match="has no tags"):
        split_tags(record(), {})


@pytest.mark.parametrize("name", ["user", "group"])
def test_a_name_is_of_an_object_of_iam_in_the_account(name: str) -> None:
    assert record(f"arn:aws:iam::111122223333:{name}/team/x").name(name) == "x"
    assert record(f"arn:aws:iam::111122223333:{name}/team/x").path_and_name(name) == ("/team/", "x")
    for target in (f"arn:aws:iam::999988887777:{name}/x", "arn:aws:iam::111122223333:role/x", TOPIC):
        with pytest.raises(UnderivableError, match="of the account"):
            record(target).name(name)


def test_a_document_is_spelt_as_in_the_record_only_where_it_says_the_same() -> None:
    document = {"a": [1]}
    assert record(Policy="{}").text({"a": 1, "b": 2}, "Policy") == '{"a":1,"b":2}'
    assert record(Policy='{ "a": [1] }').text(document, "Policy") == '{ "a": [1] }'
    assert record(Policy='{"a":[2]}').text(document, "Policy") == '{"a":[1]}'
    assert record().text(document, "Policy") == '{"a":[1]}'
    assert not says_same("[" * 100_000, document)
    assert not says_same('{"a": [1], "a": [1]}', document)


@pytest.mark.parametrize("tags", ["text", [{"Key": "a"}], [{"Key": "a", "Value": 1}], [["a", "b"]]])
def test_tags_are_pairs_of_texts(tags: t.Any) -> None:
    assert record(Tags=[{"Key": "a", "Value": "b"}]).tags() == [{"Key": "a", "Value": "b"}]
    with pytest.raises(UnderivableError, match="Tags"):
        record(Tags=tags).tags()
