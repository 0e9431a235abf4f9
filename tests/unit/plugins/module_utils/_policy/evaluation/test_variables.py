# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy variables.

Every rule is from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html where no other
page is named.
"""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import (
    ABSENT,
    UNKNOWN_KEY,
    Context,
    Missing,
    Values,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.variables import (
    VERSION,
    fill,
    generalize,
    has_variables,
    possible,
    template,
)

OLD = "2008-10-17"


def fill_text(text: str, values: t.Mapping[str, Values], *, version: str = VERSION) -> t.Union[str, Missing]:
    """The text with its variables filled, with backslashes before wildcards that are none."""
    result = fill(template(text, version=version), Context(values), set())
    if isinstance(result, Missing):
        return result
    return "".join(
        "".join(f"\\{char}" if piece.literal and char in "*?" else char for char in piece.text) for piece in result
    )


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        pytest.param("home/${aws:username}/*", {"aws:username": "ann"}, "home/ann/*", id="value"),
        pytest.param("${AWS:UserName}", {"aws:username": "ann"}, "ann", id="key-in-any-case"),
        pytest.param(
            "${aws:PrincipalTag/Cost Center}", {"aws:principaltag/cost center": "7"}, "7", id="tag-with-space"
        ),
        pytest.param("${a}${b}-${a}", {"a": "1", "b": "2"}, "12-1", id="several"),
        pytest.param("${a}", {"a": "*"}, r"\*", id="wildcard-in-a-value-is-none"),
        pytest.param("${a}", {"a": "${b}", "b": "x"}, "${b}", id="value-is-not-searched-again"),
        pytest.param("${a}", {}, ABSENT, id="absent"),
        pytest.param("x${a}y${b}", {"a": "1"}, ABSENT, id="one-absent"),
        pytest.param("${a}", {"a": []}, ABSENT, id="no-value"),
        pytest.param("${a}", {"a": ""}, "", id="empty-value"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        pytest.param("${aws:TagKeys}", {"aws:TagKeys": ["a", "b"]}, ABSENT, id="multivalued-is-no-variable"),
        pytest.param("b-${aws:PrincipalTag/team, 'company-wide'}", {}, "b-company-wide", id="default"),
        pytest.param("b-${aws:PrincipalTag/team, 'all'}", {"aws:PrincipalTag/team": "y"}, "b-y", id="default-unused"),
        pytest.param("${a,'x*'}", {}, r"x\*", id="default-is-literal"),
        pytest.param("${a, ''}", {}, "", id="empty-default"),
        pytest.param("${*}${?}${$}", {}, r"\*\?$", id="escapes"),
        pytest.param("${$}{a}", {"a": "1"}, "${a}", id="escaped-dollar-starts-no-variable"),
        pytest.param("*?$", {}, "*?$", id="no-variables"),
        pytest.param("${", {}, "${", id="unclosed"),
        pytest.param("${}", {}, "${}", id="empty"),
        pytest.param("${a", {"a": "1"}, "${a", id="unclosed-name"),
        pytest.param("${a, x}", {"a": "1"}, "${a, x}", id="default-without-quotes"),
    ],
)
def test_fill(text: str, values: dict[str, Values], expected: t.Union[str, Missing]) -> None:
    assert fill_text(text, values) == expected


@pytest.mark.parametrize("text", ["${aws:username}", "${*}", "${a, 'b'}"])
def test_the_older_version_has_no_variables(text: str) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    assert fill_text(text, {"aws:username": "ann", "a": "b"}, version=OLD) == text
    assert not has_variables(text, version=OLD)
    assert has_variables(text, version=VERSION)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # "only in the resource portion of the ARN. This portion of the ARN appears after the fifth colon (:)"
        ("arn:aws:s3:::b-${aws:username}", "arn:aws:s3:::b-ann"),
        ("arn:aws:s3:::${aws:username}:${aws:username}", "arn:aws:s3:::ann:ann"),
        ("arn:aws:s3::${aws:username}:b", "arn:aws:s3::${aws:username}:b"),
        ("arn:aws:${aws:username}:::${aws:username}", "arn:aws:${aws:username}:::ann"),
        ("${aws:username}", "ann"),
    ],
)
def test_where_variables_are_replaced_in_a_resource(resource: str, expected: str) -> None:
    result = fill(template(resource, version=VERSION, resource=True), Context({"aws:username": "ann"}), set())
    assert not isinstance(result, Missing)
    assert "".join(piece.text for piece in result) == expected


def test_what_is_unknown_is_named_as_written() -> None:
    missing: set[str] = set()
    context = Context({"a": "1"}, complete=False)
    assert fill(template("${a}/${Aws:UserName}/${C, 'x'}", version=VERSION), context, missing) is UNKNOWN_KEY
    assert missing == {"Aws:UserName", "C"}


def test_a_variable_known_to_be_absent_outweighs_unknown_ones() -> None:
    missing: set[str] = set()
    context = Context({}, complete=False, absent=("b",))
    assert fill(template("${a}${b}", version=VERSION), context, missing) is ABSENT
    assert missing == set()


def test_possible() -> None:
    pieces = possible(template("${a}/${b}", version=VERSION), Context({"a": "*"}, complete=False))
    assert [(piece.text, piece.literal) for piece in pieces if piece.text] == [("*", True), ("/", False), ("*", False)]


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("home/${aws:username}/x", VERSION, "home/*/x"),
        ("home/${aws:username}", OLD, "home/${aws:username}"),
        ("home/*", VERSION, "home/*"),
    ],
)
def test_generalized(text: str, version: str, expected: str) -> None:
    assert generalize(text, version=version) == expected


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_text_can_be_split_and_filled(text: str, values: dict[str, str]) -> None:
    without = text.replace("${", "")
    assert fill_text(without, values) == without
    fill_text("${" + text, values)


@given(st.text(alphabet="ab*?$ {}':,"), st.text())
def test_a_value_stays_as_it_is(text: str, value: str) -> None:
    result = fill(template("${k}", version=VERSION), Context({"k": value}), set())
    assert not isinstance(result, Missing)
    assert [piece for piece in result if piece.text] == ([(value, True)] if value else [])
    template(text, version=VERSION)
