# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The word of AWS beside a result: its recommendations, and its check that new policies give no new access.

Neither changes the result. AWS is asked to make recommendations only on request, and never in check mode.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Sequence

from ..._account.permissions import Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._module.task import TaskError
from ..._policy.documents.policy import Policy
from ..._policy.least_privilege.analyzer_checks import list_checks
from ..._policy.least_privilege.generate import Generated
from ..._policy.least_privilege.second_opinion import Advice, Adviser, Existing, compare
from ..next_steps import explain
from ..recommendations import OPERATIONS as OPERATIONS_OF_ADVISERS
from ..recommendations import Advisers, Asking, list_existing

ADVISERS: t.Final = [adviser.value for adviser in Adviser]
LOCAL, ANALYZER = "local", "access_analyzer"
VERIFIERS: t.Final = [LOCAL, ANALYZER]
OPERATIONS: t.Final = Operations(reads=frozenset({"accessanalyzer:CheckNoNewAccess"})).union(
    *OPERATIONS_OF_ADVISERS.values()
)

_LONGEST_WAIT: t.Final = 900
_NOT_MADE: t.Final = "AWS has made none yet"


def check_request(sources: Sequence[str], requested: bool, wait: int) -> None:
    """Check the options of the request for recommendations. Raises TaskError: one is of no use."""
    if not 0 <= wait <= _LONGEST_WAIT:
        raise TaskError(f"second_opinion_wait: {wait} is not allowed; allowed are 0 to {_LONGEST_WAIT} seconds")
    if requested and not sources:
        raise TaskError(
            "second_opinion_request: true asks nobody, since second_opinion is empty; "
            f"add {' or '.join(ADVISERS)} to second_opinion"
        )


def open_asking(
    requested: bool,
    wait: int,
    *,
    open_jobs: t.Optional[Callable[[], t.Optional[Access]]],
) -> Asking:
    """Open AWS for the request of recommendations; ``open_jobs`` is None in check mode.

    A role that can't be assumed costs nothing but the recommendations. Raises TaskError: it is of another account.
    """
    if not requested:
        return Asking(None, f"{_NOT_MADE}. Set second_opinion_request to ask for one", wait)
    if open_jobs is None:
        return Asking(None, f"{_NOT_MADE}, and check mode does not ask for one. Run without check mode", wait)
    try:
        return Asking(open_jobs(), wait=wait)
    except AwsError as error:
        return Asking(None, f"{_NOT_MADE}, and it can't be asked: {explain(error)}", wait)


def ask_advisers(
    access: Access,
    advisers: Sequence[str],
    regions: Sequence[str],
    permissions: Permissions,
    results: Iterable[Generated],
    asking: Asking,
) -> dict[str, list[dict[str, t.Any]]]:
    """Hold the recommendations of AWS beside the lists of each principal, by its ARN."""
    found = {item.principal_arn: item for item in results}
    if not advisers or not found:
        return {}
    existing = {arn: list_existing(permissions.snapshot, permissions, arn) for arn in found}
    asked = Advisers(access, [Adviser(name) for name in advisers], regions, asking)
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
