# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plans of a run for people: read as they are kept, held against their hashes, and made into text and views."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..module_utils._acceptance.assumptions import list_unconfirmed
from ..module_utils._converge.errors import InputError
from ..module_utils._converge.plan import IF_APPROVED, PLANNED, check_plan
from ..module_utils._converge.plans import plan_key
from ..module_utils._converge.store import Store, StoreError
from ..module_utils._report.document import DocumentError, decode
from ..module_utils._report.plan_lines import view_account
from ..module_utils._report.plan_view import Approval, Approvals, select_open
from ..module_utils._report.states import state_of
from ._render import plan_text
from ._render.plan_html import PlanOfAccount

Report = Mapping[str, t.Any]
Plan = Mapping[str, t.Any]

#: Why an account whose plan can't be shown is left out of the hash of a run.
_UNREAD: t.Final = "its plan can't be shown"


@dataclasses.dataclass(frozen=True)
class Shape:
    """How plans are shown: where the rest is that a terminal has no room for, and in which characters."""

    page: str
    ascii_only: bool = False
    reveal_key_ids: bool = False


@dataclasses.dataclass(frozen=True)
class ShownPlan:
    """The plan of an account or of a run for people.

    ``accounts`` are those that have changes in it, with their numbers in words; ``details`` their changes for a
    terminal. ``file`` is ``plan.txt``.
    """

    approval: Approval
    text: str
    file: str
    details: tuple[str, ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()
    page: t.Optional[PlanOfAccount] = None

    @property
    def terminal(self) -> list[str]:
        """The parts for a terminal that shows everything."""
        return [self.text, *self.details]


def can_plan(reports: Sequence[Report]) -> bool:
    """Whether something ran that plans changes: an audit alone has no plan, and nothing to say of one."""
    return any(report.get("modules") or report["changes"] or report.get("incomplete") for report in reports)


def show_account(report: Report, plan: Plan, shape: Shape, *, name: str = "") -> ShownPlan:
    """The plan of one account."""
    left = select_open(plan, report["run"]["mode"])
    approvals = Approvals(reveal_key_ids=shape.reveal_key_ids)
    approvals.add(left)
    approval = approvals.view(
        plan_sha256=plan["plan_sha256"],
        no_hash_reason=plan.get("no_hash_reason"),
        unconfirmed=name_unconfirmed(_list_modules(report)),
    )
    words = view_account(left, reveal_key_ids=shape.reveal_key_ids)
    text = plan_text.render_approval(approval, page=shape.page, ascii_only=shape.ascii_only)
    whole, short = (
        plan_text.render_account(words, name=name, page=shape.page, most=most, ascii_only=shape.ascii_only)
        for most in (0, plan_text.LINES_OF_ACCOUNT)
    )
    file = plan_text.render_file(text, [whole])
    return ShownPlan(approval, text, file, tuple(filter(None, [short])), page=PlanOfAccount(approval, words))


def _list_modules(report: Report) -> set[str]:
    """The modules whose changes are left to apply."""
    return {str(change.get("module")) for change in report["changes"] if state_of(change) in (PLANNED, IF_APPROVED)}


def name_unconfirmed(modules: Collection[str]) -> list[str]:
    """Name the vital assumptions about AWS on which these modules rest and that no real account has confirmed."""
    return [assumption.id for assumption in list_unconfirmed(modules)]


class RunPlans:
    """The plans of the accounts of a run, read one after the other."""

    def __init__(self, store: Store, shape: Shape, *, names: Mapping[str, str], run_id: str) -> None:
        self._store: t.Final = store
        self._shape: t.Final = shape
        self._names: t.Final = names
        self._run_id: t.Final = run_id
        self._approvals = Approvals(reveal_key_ids=shape.reveal_key_ids)
        self._whole: list[str] = []
        self._short: list[str] = []
        self._accounts: list[tuple[str, str]] = []
        self._modules: set[str] = set()

    def add(self, report: Report) -> t.Optional[str]:
        """Add the plan of an account. Returns why its changes can't be shown, or None.

        What nobody can see must not be in the hash of the run.
        """
        try:
            plan = select_open(self._read(report), report["run"]["mode"])
            words = view_account(plan, reveal_key_ids=self._shape.reveal_key_ids)
            whole, short = (self._render(words, most) for most in (0, plan_text.LINES_OF_ACCOUNT))
            self._approvals.add(plan)
        except (ArithmeticError, AttributeError, DocumentError, InputError, LookupError, StoreError, TypeError,
                ValueError) as error:  # fmt: skip
            return f"{_UNREAD}: {error}"
        if whole:
            self._whole.append(whole)
            self._short.append(short)
            self._modules |= _list_modules(report)
            more = f" and {len(words.waiting)} more {IF_APPROVED}" if words.waiting else ""
            self._accounts.append((words.account_id, f"{len(words.planned)} planned{more}"))
        return None

    def _render(self, words: t.Any, most: int) -> str:
        name = self._names.get(words.account_id, "")
        page = f"{words.account_id}/report.html"
        return plan_text.render_account(words, name=name, page=page, most=most, ascii_only=self._shape.ascii_only)

    def _read(self, report: Report) -> Plan:
        """Read the plan of an account, as this run made it, and hold it against its hash.

        :raises InputError: it is no plan, or another one than the report has.
        """
        account, wanted = report["account_id"], report.get("plan_sha256")
        plan = self._read_at(f"{account}/plan.json")
        is_own = plan is not None and (plan.get("run_id"), plan.get("plan_sha256")) == (self._run_id, wanted)
        if not is_own and wanted:
            plan = self._read_at(plan_key(account, wanted))
        if plan is None or plan.get("plan_sha256") != wanted or plan.get("account_id") != account:
            raise InputError(f"there is no plan of this run of account {account}")
        check_plan(plan)
        return plan

    def _read_at(self, key: str) -> t.Optional[dict[str, t.Any]]:
        content = self._store.get(key)
        return None if content is None else decode(content, where=f"{self._store.location}/{key}")

    def show(
        self,
        *,
        plan_sha256: t.Optional[str],
        no_hash_reason: t.Optional[str],
        without_hash: Sequence[Mapping[str, t.Any]] = (),
    ) -> ShownPlan:
        """The plan of the run, of all accounts that were added."""
        approval = self._approvals.view(
            plan_sha256=plan_sha256,
            no_hash_reason=no_hash_reason,
            without_hash=without_hash,
            unconfirmed=name_unconfirmed(self._modules),
        )
        text = plan_text.render_approval(approval, page=self._shape.page, ascii_only=self._shape.ascii_only)
        file = plan_text.render_file(text, self._whole)
        return ShownPlan(approval, text, file, tuple(self._short), tuple(self._accounts))
