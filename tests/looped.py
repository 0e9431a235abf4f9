# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule that holds for each of many cases, as one test: ``pytest.mark.parametrize`` at a tenth of its cost.

It is for rules that no case fails alone, such as "a denial takes it away". A table whose rows are written by hand stays
parametrized, so that each row can be run by its name.
"""

from __future__ import annotations

import functools
import inspect
import typing as t

Test = t.Callable[..., None]


def looped(
    names: t.Union[str, t.Sequence[str]],
    cases: t.Iterable[t.Any],
    *,
    ids: t.Union[t.Callable[[t.Any], str], t.Sequence[str]] = str,
) -> t.Callable[[Test], Test]:
    """Call the test with each case; all are tried, and those that fail are named, with the error of the first.

    ``names`` are those of the arguments, several for cases that are tuples. Cases may be ``pytest.param``.
    """
    arguments = (names,) if isinstance(names, str) else tuple(names)
    listed = list(cases)
    assert listed, "without cases nothing is tested"
    written = [ids(case) for case in listed] if callable(ids) else ids
    rows = [_row(name, case, len(arguments)) for name, case in zip(written, listed, strict=True)]

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def every(**given: t.Any) -> None:
            failed: dict[str, Exception] = {}
            for name, values in rows:
                try:
                    test(**given, **dict(zip(arguments, values, strict=True)))
                except Exception as error:  # noqa: BLE001  (It is raised below.)
                    failed[name] = error
            if failed:
                count = f"{len(failed)} of {len(rows)} cases fail"
                raise AssertionError("\n  ".join([f"{count}:", *failed])) from next(iter(failed.values()))

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in arguments]
        every.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return every

    return decorate


def _row(name: str, case: t.Any, width: int) -> tuple[str, tuple[t.Any, ...]]:
    """The name and the arguments of a case."""
    # What pytest.param returns has no public class.
    values, given = getattr(case, "values", None), getattr(case, "id", None)
    if isinstance(values, tuple):
        return str(given or values), values
    return name, (case,) if width == 1 else tuple(case)
