# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How changes to analyzers are made, where somebody else is quicker and AWS has no room for one more."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import Criterion
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._aws.retries import judge
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer import changes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.observe import (
    AnalyzerAws,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import LeaseError

from ..._account.fakes import ACCOUNT, HOME, NOW, FakeAccess, refusal

THEIRS: t.Final = f"arn:aws:access-analyzer:{HOME}:{ACCOUNT}:analyzer/theirs"
SNAPSHOT: t.Final = Snapshot(
    caller=Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/me", "AIDAME"),
    partition="aws",
    home_region=HOME,
    observed_at=datetime(2026, 11, 25, tzinfo=UTC),
    regions=(HOME,),
)
CREATE: t.Final = changes.create(
    SNAPSHOT,
    HOME,
    name="ours",
    kind="ACCOUNT",
    wanted=changes.build_setup(None, (), ()),
    tags={"iam-hardening:managed": "true"},
    remedies=(),
)
RULE: t.Final = changes.change_rule(
    SNAPSHOT, HOME, CREATE.target, name="partner", present=None, wanted={"id": Criterion(eq=("x",))}
)
QUOTA: t.Final = refusal("ServiceQuotaExceededException", "too many", name="accessanalyzer:CreateAnalyzer")
MISSING: t.Final = refusal("ResourceNotFoundException", "no such", kind=NotFound, name="accessanalyzer:GetAnalyzer")


class Listing(FakeAccess):
    """Its lists are of one page."""

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[dict[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> t.Iterator[dict[str, t.Any]]:
        yield from self.call(service, operation, parameters, region=region)[key]


def list_analyzers(**fields: t.Any) -> dict[str, t.Any]:
    return {"analyzers": [{"arn": THEIRS, "name": "theirs", "type": "ACCOUNT", "status": "ACTIVE", **fields}]}


def acting(found: dict[str, t.Any], *, applied: frozenset[str] = frozenset(), **answers: t.Any) -> AnalyzerAws:
    given = {f"accessanalyzer:{name}": answer for name, answer in answers.items()}
    fake = Listing(
        {"accessanalyzer:ListAnalyzers": found, "accessanalyzer:GetAnalyzer": MISSING, **given},
    )
    return AnalyzerAws(t.cast(Access, fake), ACCOUNT, applied)


def list_calls(made: AnalyzerAws) -> list[str]:
    return [name.partition(":")[2] for name in t.cast(FakeAccess, made.access).names]


def test_where_somebody_else_was_quicker_what_was_wanted_is_there() -> None:
    made = acting(list_analyzers(), CreateAnalyzer=QUOTA)
    with pytest.raises(AwsError, match=f"too many; there is {THEIRS}") as caught:
        made.call(CREATE.service, CREATE.operation, CREATE.parameters, region=HOME)
    # AWS refused this very call, so that the change counts as somebody else's.
    assert judge(caught.value, CREATE.service, CREATE.operation).changed_nothing
    assert made.reread(CREATE) == CREATE.after
    # A rollback goes by what is there: it is not ours, so that nothing of it is taken away.
    assert reread(made.access, NOW)(CREATE) == {"existing": THEIRS}


@pytest.mark.parametrize(
    "found",
    [{"analyzers": []}, list_analyzers(status="FAILED"), list_analyzers(managedBy="securityhubv2.amazonaws.com")],
)
def test_a_quota_without_an_analyzer_that_will_do_is_an_error(found: dict[str, t.Any]) -> None:
    made = acting(found, CreateAnalyzer=QUOTA)
    with pytest.raises(AwsError, match="too many"):
        made.call(CREATE.service, CREATE.operation, CREATE.parameters, region=HOME)
    assert made.reread(CREATE) is None


def test_the_quota_of_rules_is_an_error_and_no_analyzer_is_looked_for() -> None:
    made = acting(list_analyzers(), CreateArchiveRule=QUOTA)
    with pytest.raises(AwsError, match="too many"):
        made.call(RULE.service, RULE.operation, RULE.parameters, region=HOME)
    assert list_calls(made) == ["CreateArchiveRule"]


@pytest.mark.parametrize(("applied", "calls"), [({"partner"}, ["CreateArchiveRule", "ApplyArchiveRule"]), ((), None)])
def test_a_rule_archives_what_was_found_before_it_where_that_is_declared(
    applied: t.Collection[str], calls: t.Optional[list[str]]
) -> None:
    made = acting(list_analyzers(), applied=frozenset(applied), CreateArchiveRule={}, ApplyArchiveRule={})
    made.call(RULE.service, RULE.operation, RULE.parameters, region=HOME)
    assert list_calls(made) == (calls or ["CreateArchiveRule"])
    last = t.cast(FakeAccess, made.access).calls[-1]
    assert last.parameters.get("analyzerArn", CREATE.target) == CREATE.target


def test_a_rule_is_ours_where_the_lease_ends_before_it_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lease that is lost before a write says that the write changed nothing, and what is there is somebody else's."""
    made = acting(list_analyzers(), applied=frozenset({"partner"}), CreateArchiveRule={})
    call = made.access.call

    def lose(service: str, operation: str, *rest: t.Any, **named: t.Any) -> t.Any:
        if operation == "ApplyArchiveRule":
            raise LeaseError("the lease is lost")
        return call(service, operation, *rest, **named)

    monkeypatch.setattr(made.access, "call", lose)
    with pytest.raises(AwsError, match="the lease is lost") as caught:
        made.call(RULE.service, RULE.operation, RULE.parameters, region=HOME)
    assert not judge(caught.value, RULE.service, RULE.operation).changed_nothing
