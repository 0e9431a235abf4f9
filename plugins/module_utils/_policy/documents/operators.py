# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names of condition operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and, for the
quantifiers, .../reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import typing as t

# The negated operators by the operator that each negates.
NEGATED: t.Final[t.Mapping[str, str]] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}

_NAMES: t.Final = (
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "NumericEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "ArnEquals",
    "ArnLike",
    "Null",
)

# Every bare operator, without quantifier and IfExists: its name in lower case, and as AWS spells it.
OPERATORS: t.Final[t.Mapping[str, str]] = {name.lower(): name for name in (*_NAMES, *NEGATED)}

# The quantifiers for keys with several values, likewise.
QUANTIFIERS: t.Final[t.Mapping[str, t.Literal["ForAllValues", "ForAnyValue"]]] = {
    "forallvalues": "ForAllValues",
    "foranyvalue": "ForAnyValue",
}

# Null asks itself whether the key is there, so AWS refuses NullIfExists.
WITHOUT_IF_EXISTS: t.Final = frozenset({"Null"})

# Where AWS replaces policy variables. Numbers, dates, addresses, binary values and Null take none.
WITH_VARIABLES: t.Final = frozenset(
    name for name in OPERATORS.values() if name.startswith(("String", "Arn")) or name == "Bool"
)
