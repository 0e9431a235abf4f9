# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The endpoints that never answer, so that an account costs its time-outs once and not once a call.

A call that nobody answers takes the read time-out times the attempts, two minutes. The forty reads of an account would
take a quarter of an hour, and every task of the run waits for it in all accounts.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

from .errors import AwsError, Unreachable

TIMED_OUT: t.Final = frozenset({"ConnectTimeoutError", "ReadTimeoutError"})
# Where so many endpoints are silent and none has answered, the account or the network is the reason.
_ENOUGH: t.Final = 2

# STS knows every session by itself. Its answers say nothing of the account.
_NO_SIGN: t.Final = "sts"

Endpoint = tuple[str, str]


class Silence:
    """The endpoints of one principal: which have answered, and which ran into the time-outs. Threads may share it.

    An error is an answer too. An endpoint that has answered once is always asked again: then a time-out is passing
    trouble, or a question that is too large.
    """

    def __init__(self) -> None:
        self._answered: set[Endpoint] = set()
        self._timed_out: set[Endpoint] = set()
        # Not found out from the set of answers: other threads add to that, which ends a walk over it with an error.
        self._has_answered = False

    @property
    def is_suspected(self) -> bool:
        """Whether a call ran into the time-outs and none was answered. Then one attempt is enough to find out."""
        return bool(self._timed_out) and not self._has_answered

    def refuse(self, service: str, operation: str, region: str) -> None:
        """Raise Unreachable, without a call, for an endpoint that is silent."""
        silent = self._timed_out - self._answered
        whole = len(silent) >= _ENOUGH and not self._has_answered
        if whole or (service, region) in silent:
            where = "no service answered" if whole else f"{service} did not answer"
            raise Unreachable(
                f"not asked, because {where} until the time-out before",
                code="ReadTimeoutError",
                service=service,
                operation=operation,
                region=region,
            )

    @contextlib.contextmanager
    def note(self, service: str, region: str) -> Iterator[None]:
        """Note how the attempt in this block ends."""
        try:
            yield
        except Unreachable as error:
            if error.code in TIMED_OUT:
                self._timed_out.add((service, region))
            raise
        except AwsError:
            self._note_answer(service, region)
            raise
        self._note_answer(service, region)

    def _note_answer(self, service: str, region: str) -> None:
        self._answered.add((service, region))
        if service != _NO_SIGN:
            self._has_answered = True
