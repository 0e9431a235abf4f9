# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The other campaigns of an account: which of them has a role under way.

Two campaigns would give their policies and trials the same names, and the revert of one would undo the other. Anybody
who can write to the journal, or who may tag, can claim that another campaign is under way. So a claim only refuses
stages. It never takes the way back, and never ends a trial.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ..._account.model import Role
from ..._converge.store import Store
from .archive import Archive, list_campaigns
from .changes import CAMPAIGN, PARALLEL_OF, Subject
from .declared import is_campaign_name
from .past import Identity, Past, replay
from .records import Kind


class OtherCampaigns:
    """The campaigns of an account beside ``own``."""

    def __init__(self, store: Store, account_id: str, own: str, now: datetime) -> None:
        self._store = store
        self._account_id = account_id
        self._own = own
        self._now = now

    def find(self, subject: Subject, trial_arn: str, roles: Iterable[Role]) -> str:
        """Explain which other campaign has a role under way; empty if none has.

        ``trial_arn`` is the policy that a trial of the role has as its boundary, and ``roles`` are those of the
        account.

        :raises StoreError: the records can't be read.
        """
        role = subject.role
        for campaign in self._roles_of:
            past = self._read(campaign, role)
            if past is not None and _is_under_way(past):
                return f"campaign {campaign} has the role under way: go on there, or revert it there first"
        campaign = self._name_trial(subject, trial_arn)
        if campaign:
            return f"the role is on trial by campaign {campaign}: go on there, or revert it there first"
        for holder, old in self._list_pairs(subject, roles):
            campaign = holder.tags.get(CAMPAIGN, "")
            if self._may_be_under_way(campaign, old):
                over = f"if that campaign is over, remove the tag {CAMPAIGN}"
                return f"by its tags campaign {campaign} made {holder.arn}: go on there, or revert it there; {over}"
        return ""

    @functools.cached_property
    def _roles_of(self) -> Mapping[str, frozenset[str]]:
        """The names of the roles that have records, in lower case, by campaign."""
        found = list_campaigns(self._store, self._account_id)
        names = [name for name in found if name != self._own and is_campaign_name(name)]
        return {name: frozenset(role.lower() for role in self._open(name).list_roles()) for name in names}

    def _open(self, campaign: str) -> Archive:
        return Archive(self._store, self._account_id, campaign)

    def _read(self, campaign: str, role: Role) -> t.Optional[Past]:
        if role.name.lower() not in self._roles_of.get(campaign, ()):
            return None
        identity = Identity(self._account_id, campaign, role.arn, role.unique_id, self._now)
        return replay(self._open(campaign).read(role.name), identity)

    def _name_trial(self, subject: Subject, trial_arn: str) -> str:
        policy = subject.live.get(trial_arn) if subject.role.boundary == trial_arn else None
        campaign = policy.tags.get(CAMPAIGN, "") if policy is not None else ""
        return campaign if campaign != self._own else ""

    def _list_pairs(self, subject: Subject, roles: Iterable[Role]) -> Iterable[tuple[Role, Role]]:
        """List the roles that were made beside another one by their tags, each with that one."""
        role = subject.role
        if subject.parallel is not None and subject.parallel.tags.get(PARALLEL_OF) == role.unique_id:
            yield subject.parallel, role
        old = next((other for other in roles if other.unique_id == role.tags.get(PARALLEL_OF)), None)
        if old is not None:
            yield role, old

    def _may_be_under_way(self, campaign: str, old: Role) -> bool:
        """Whether a campaign that a tag names may be under way: its records do not say that it is over."""
        if campaign in ("", self._own):
            return False
        past = self._read(campaign, old)
        return past is None or past.is_empty or _is_under_way(past)


def _is_under_way(past: Past) -> bool:
    """Whether a campaign has made something for a role by its records, or nobody knows whether it has."""
    has_something = past.has_prepared or past.trial is not None
    return bool(past.doubts) or (has_something and past.reached is not Kind.RETIRED)
