# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Answers of AWS that one reader asks for: what does not parse fails as the call would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .._account.source import Unreadable
from .._aws.errors import Unparsable


@contextlib.contextmanager
def fail_as_a_call() -> Iterator[None]:
    """Raise AwsError for an answer that does not parse, as for a failed call: readers have one way to say unknown."""
    try:
        yield
    except Unreadable as error:
        raise Unparsable(error.reason) from error
