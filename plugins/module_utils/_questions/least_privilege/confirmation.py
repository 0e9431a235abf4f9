# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The word of AWS beside a result: its recommendations, and its check that new policies give no new access.

Neither changes the result. Recommendations that AWS has not made yet are not asked for: that is no read.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence

from ..._account.permissions import Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._policy.documents.policy import Policy
from ..._policy.least_privilege.analyzer_checks import list_checks
from ..._policy.least_privilege.generate import Generated
from ..._policy.least_privilege.second_opinion import Advice, Adviser, Existing, compare
from ..recommendations import OPERATIONS as OPERATIONS_OF_ADVISERS
from ..recommendations import Advisers, list_existing

ADVISERS: t.Final = [adviser.value for adviser in Adviser]
LOCAL, ANALYZER = "local", "access_analyzer"
VERIFIERS: t.Final = [LOCAL, ANALYZER]
OPERATIONS: t.Final = Operations(reads=frozenset({"accessanalyzer:CheckNoNewAccess"})).union(
    *(Operations(reads=operations.reads) for operations in OPERATIONS_OF_ADVISERS.values())
)


def ask_advisers(
    access: Access,
    advisers: Sequence[str],
    regions: Sequence[str],
    permissions: Permissions,
    results: Iterable[Generated],
) -> dict[str, list[dict[str, t.Any]]]:
    """Hold the recommendations of AWS beside the lists of each principal, by its ARN."""
    found = {item.principal_arn: item for item in results}
    if not advisers or not found:
        return {}
    existing = {arn: list_existing(permissions.snapshot, permissions, arn) for arn in found}
    asked = Advisers(access, [Adviser(name) for name in advisers], regions, may_generate=False)
    return {
        arn: [_compare(advice, existing[arn], found[arn]) for advice in answers]
        for arn, answers in asked.ask(existing).items()
    }


def _compare(advice: Advice, existing: Sequence[Existing], item: Generated) -> dict[str, t.Any]:
    return compare(
        advice,
        existing,
        kept=[one.action for one in item.kept],
        removed=[one.action for one in item.removed],
        unknown=[one.action for one in item.unknown],
    ).as_dict()


def count_checks(results: Iterable[Generated]) -> int:
    """Count the calls of CheckNoNewAccess, each of which AWS charges: one for each principal with new policies."""
    return sum(bool(item.documents) for item in results)


def check_new_access(access: Access, before: Sequence[Policy], after: Sequence[Policy]) -> dict[str, t.Any]:
    """Ask AWS whether new policies give access that the old ones did not give.

    An error, such as UnprocessableEntityException for a document beyond its solver, is no PASS.
    """
    for check in list_checks(before, after):
        try:
            answer = access.call("accessanalyzer", check.operation, check.parameters)
        except AwsError as error:
            return {"source": ANALYZER, "result": "NOT_ASSESSED", "reasons": [str(error)]}
        reasons = [str(item.get("description")) for item in answer.get("reasons") or ()]
        return {"source": ANALYZER, "result": str(answer.get("result")), "reasons": reasons}
    return {"source": ANALYZER, "result": "NOT_ASSESSED", "reasons": ["there is nothing to compare"]}


def describe_checks(count: int) -> str:
    """The notice before calls that cost something."""
    return f"verify_with: {count} call{'' if count == 1 else 's'} of CheckNoNewAccess, which AWS charges"
