# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of centralized root access, and which member accounts are meant."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.account_id import parse_account_id
from ..._account.organization_tree import OrganizationTree
from ..._controls.control import listing
from ..._controls.member_roots import CREDENTIALS_FEATURE
from ..._converge.errors import InputError
from ..._prediction.acceptance import Acceptance, Acceptances, acceptance_of, parse_acceptances

ALL: t.Final = "all"
SESSIONS_FEATURE: t.Final = "RootSessions"
ACCEPT: t.Final = "accept_use"
FEWEST_IDLE_DAYS: t.Final = 7

_FEATURE_OPTIONS: t.Final = {
    "root_credentials_management": CREDENTIALS_FEATURE,
    "root_sessions": SESSIONS_FEATURE,
}
_ROOT_ARN: t.Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:root", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The options of one run. ``trusted_access`` is None, and a feature is not in ``features``, where it stays."""

    trusted_access: t.Optional[bool]
    features: Mapping[str, bool]
    delegated_administrator: t.Optional[str]
    purge_delegated_administrators: bool
    targets: tuple[str, ...]
    exclude: tuple[str, ...]
    remove: bool
    min_idle_days: int
    acceptances: Acceptances
    now: datetime

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, now: datetime) -> t.Self:
        """The declaration. Raises InputError: it contradicts itself, or a value is not allowed."""
        features = {
            feature: bool(options[option])
            for option, feature in _FEATURE_OPTIONS.items()
            if options.get(option) is not None
        }
        declared = cls(
            trusted_access=_parse_trusted_access(options.get("trusted_access"), features),
            features=features,
            delegated_administrator=_parse_administrator(options.get("delegated_administrator")),
            purge_delegated_administrators=bool(options["purge_delegated_administrators"]),
            targets=_parse_names(options["targets"]),
            exclude=_parse_names(options["exclude"]),
            remove=bool(options["remove_root_credentials"]),
            min_idle_days=int(options["min_idle_days"]),
            acceptances=_parse_acceptances(options[ACCEPT], now),
            now=now,
        )
        declared._check()
        return declared

    def _check(self) -> None:
        if self.min_idle_days < FEWEST_IDLE_DAYS:
            raise InputError(
                f"min_idle_days: {self.min_idle_days} is not allowed; allowed is {FEWEST_IDLE_DAYS} or more"
            )
        if self.remove and not self.targets:
            raise InputError(
                "remove_root_credentials: targets is empty, so no account is selected; allowed are targets such as "
                "/Sandbox, 222233334444 or all"
            )
        if self.trusted_access is False and self.delegated_administrator:
            raise InputError("delegated_administrator: it needs trusted_access, which is declared false")

    @property
    def changes_organization(self) -> bool:
        """Whether anything of the organization itself is declared."""
        administrators = self.delegated_administrator or self.purge_delegated_administrators
        return self.trusted_access is not None or bool(self.features) or bool(administrators)

    def acceptance_of(self, root_arn: str) -> t.Optional[Acceptance]:
        """The acceptance that root's credentials may have been in use, where somebody gave one and it still holds."""
        return acceptance_of(root_arn, self.acceptances, self.now.date())


def _parse_trusted_access(given: t.Any, features: Mapping[str, bool]) -> t.Optional[bool]:
    wanted = sorted(feature for feature, on in features.items() if on)
    if given is False and wanted:
        raise InputError(f"trusted_access: {', '.join(wanted)} needs it, and it is declared false")
    if wanted:
        return True
    return None if given is None else bool(given)


def _parse_administrator(given: t.Any) -> t.Optional[str]:
    try:
        return parse_account_id(given)
    except ValueError as error:
        raise InputError(f"delegated_administrator: {error}") from error


def _parse_names(given: Iterable[t.Any]) -> tuple[str, ...]:
    return tuple(name for item in given if (name := str(item).strip()))


def _parse_acceptances(given: t.Any, now: datetime) -> Acceptances:
    acceptances = parse_acceptances(given, today=now.date(), option=ACCEPT)
    for item in acceptances:
        if not _ROOT_ARN.fullmatch(item.principal):
            raise InputError(
                f"{ACCEPT}[{item.index}].principal: {item.principal!r} is not the ARN of the root user of an account"
            )
    return acceptances


def choose_accounts(tree: OrganizationTree, targets: Sequence[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Choose the ids of the targeted member accounts, in the order of the tree. Never the management account.

    :raises InputError: the organization has no such unit or account, or the management account is named.
    """
    if tree.management_account_id in {_find_id(tree, target, "targets") for target in targets if target != ALL}:
        raise InputError(
            f"targets: {tree.management_account_id} is the management account, whose root credentials can't be "
            "restored; allowed are member accounts"
        )
    wanted = (
        _find_accounts(tree, targets, "targets")
        - _find_accounts(tree, exclude, "exclude")
        - {tree.management_account_id}
    )
    return tuple(account.id for account in tree.accounts if account.id in wanted)


def _find_accounts(tree: OrganizationTree, names: Sequence[str], option: str) -> set[str]:
    ids = {tree.root_id if name == ALL else _find_id(tree, name, option) for name in names}
    return {account.id for account in tree.accounts_under(ids)}


def _find_id(tree: OrganizationTree, name: str, option: str) -> str:
    """Find the id for a name: an id of an account, unit or root, the path of a unit, or the name of an account."""
    if name in tree.account or name in tree.unit:
        return name
    if name.startswith("/"):
        path = name.rstrip("/") or "/"
        found = [unit.id for unit in tree.units if unit.path == path]
        known = f"; it has {listing(unit.path for unit in tree.units)}"
    else:
        found = [account.id for account in tree.accounts if account.name == name]
        known = f"; allowed are {ALL}, ids, paths of units such as /Sandbox, and names of accounts"
    if len(found) > 1:
        raise InputError(f"{option}: {len(found)} accounts are named {name!r}: {', '.join(found)}; give one by its id")
    if not found:
        raise InputError(f"{option}: the organization has no {name!r}{known}")
    return found[0]
