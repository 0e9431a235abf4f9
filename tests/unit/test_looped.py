# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A looped test notices what a parametrized one does."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from looped import looped


def fails(test: t.Callable[..., None], **given: t.Any) -> list[str]:
    """The lines of the error."""
    with pytest.raises(AssertionError) as caught:
        test(**given)
    assert isinstance(caught.value.__cause__, Exception)
    return str(caught.value).splitlines()


def test_every_case_is_tried_and_each_that_fails_is_named() -> None:
    tried: list[int] = []

    @looped("number", range(6), ids=lambda number: f"case {number}")
    def test(number: int) -> None:
        tried.append(number)
        assert number % 3
        if number == 4:
            raise KeyError(number)

    assert fails(test) == ["3 of 6 cases fail:", "  case 0", "  case 3", "  case 4"]
    assert tried == list(range(6))


def test_nothing_is_raised_where_all_is_well() -> None:
    looped("number", range(6))(lambda number: None)()


def test_loops_in_loops_try_all_pairs() -> None:
    tried: list[tuple[str, int]] = []

    @looped("letter", "ab", ids=["first", "second"])
    @looped("number", [1, 2])
    def test(letter: str, number: int) -> None:
        tried.append((letter, number))
        assert (letter, number) != ("b", 2)

    assert fails(test) == ["1 of 2 cases fail:", "  second"]
    assert tried == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_test_without_cases_is_refused() -> None:
    with pytest.raises(AssertionError, match="nothing is tested"):
        looped("number", [])


@looped(("first", "second"), [(1, 2), pytest.param(3, 4, id="more")])
@pytest.mark.parametrize("third", [5, 6])
def test_pytest_gives_the_other_arguments(tmp_path: pathlib.Path, first: int, second: int, third: int) -> None:
    assert (first, second) in {(1, 2), (3, 4)}
    assert third in {5, 6}
    assert tmp_path.is_dir()


def test_the_name_of_a_parameter_set_is_given() -> None:
    @looped(("first", "second"), [(1, 2), pytest.param(3, 4, id="more"), pytest.param(5, 6)])
    def test(first: int, second: int) -> None:
        assert first < 2

    assert fails(test) == ["2 of 3 cases fail:", "  more", "  (5, 6)"]
