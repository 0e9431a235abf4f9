# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account id has 12 digits as it was written; nothing is ever added to it."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._account.account_id import is_account_id, parse_account_id


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_twelve_digits_stay_as_they_are(text: str) -> None:
    assert is_account_id(text)
    assert parse_account_id(text) == parse_account_id(f" {text}\n") == text
    if not text.startswith("0"):
        assert parse_account_id(int(text)) == text


@given(st.integers(max_value=10**11 - 1) | st.integers(min_value=10**12))
def test_no_other_number_becomes_an_id(number: int) -> None:
    for value in (number, str(number)):
        with pytest.raises(ValueError, match="is not an account id of 12 digits"):
            parse_account_id(value)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_nothing_is_no_id(value: t.Any) -> None:
    assert parse_account_id(value) is None


@pytest.mark.parametrize(
    "value",
    [True, False, 1.5, 222233334444.0, [], {}, "acme", "١" * 12, "11112222-333", "0x1111222233", "1234567890123"],
)
def test_what_is_no_id(value: t.Any) -> None:
    with pytest.raises(ValueError, match=r"is not an account id of 12 digits$"):
        parse_account_id(value)


@pytest.mark.parametrize("value", ["22223333444", 0, "1"])
def test_missing_digits_may_be_lost_zeros(value: t.Any) -> None:
    with pytest.raises(ValueError, match=r'must be written in quotes, such as "012345678901"'):
        parse_account_id(value)


def test_yaml_reads_some_ids_as_octal_numbers() -> None:
    value = yaml.safe_load("011122223333")
    assert isinstance(value, int)
    assert value != 11122223333
    with pytest.raises(ValueError, match=r'Write the id in quotes: "011122223333" if YAML read it as an octal number'):
        parse_account_id(value)


def test_a_number_that_is_too_long_for_an_octal_one_has_one_reading() -> None:
    with pytest.raises(ValueError, match=r'12 digits. Write the id in quotes: "022223333444" if zeros were lost$'):
        parse_account_id(22223333444)


@given(st.from_regex(r"0[0-9]{11}|0[0-7]{11}|00[0-7]{10}|[0-9]{12}", fullmatch=True))
def test_an_id_without_quotes_is_itself_or_an_error_that_names_it(text: str) -> None:
    """As Ansible reads it from YAML, and as a survey or a spreadsheet that keeps numbers hands it on."""
    for value in (yaml.safe_load(text), int(text)):
        try:
            assert parse_account_id(value) == text
        except ValueError as error:
            assert f'"{text}"' in str(error) or not value
