# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes that cut sessions of a role, and those that take a cut back."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..._account.policy_versions import LivePolicy
from ..._converge.change import Change, Impact
from ..._converge.identity_changes import IdentityWriter
from ..._policy.documents.limits import POLICY_VERSIONS
from .cut import MANAGED_PATH, Fit, name_inline, name_managed
from .names import INCIDENT_TAG, KIND_CUT, KIND_TRUST


@dataclasses.dataclass(frozen=True)
class LiveRole:
    """A role of the account as it is now, with the policy of the incident as far as there is one.

    ``inline`` is its document as an inline policy. ``managed`` is it as a managed one, and ``is_attached`` says whether
    the role has that. ``longest`` are the seconds that a session may last at most. ``trust`` is the trust policy.
    """

    arn: str
    role_id: str
    longest: int = 3_600
    inline: t.Any = None
    managed: t.Optional[LivePolicy] = None
    is_attached: bool = False
    trust: t.Any = None

    @property
    def present(self) -> t.Any:
        """The document that counts."""
        return self.managed.document if self.managed and self.is_attached else self.inline

    @property
    def documents(self) -> tuple[t.Any, ...]:
        """All documents that deny something now: a run that was killed may have left two."""
        attached = self.managed.document if self.managed and self.is_attached else None
        return tuple(document for document in (attached, self.inline) if document is not None)


@dataclasses.dataclass(frozen=True)
class CutWriter:
    """Makes the changes of one incident in one account."""

    account_id: str
    partition: str
    incident_id: str

    def name_policy(self, role_id: str) -> str:
        """The ARN of the managed policy of a role."""
        name = name_managed(self.incident_id, role_id)
        return f"arn:{self.partition}:iam::{self.account_id}:policy{MANAGED_PATH}{name}"

    def cut(self, live: LiveRole, fit: Fit) -> tuple[Change, ...]:
        """Give a role the policy. What it replaces goes last."""
        writer = IdentityWriter(self.account_id, KIND_CUT)
        changes = self._write_managed(writer, live, fit) if fit.is_managed else self._write_inline(writer, live, fit)
        return tuple(dataclasses.replace(change, impact=Impact.NARROWING) for change in changes)

    def cut_trust(self, live: LiveRole, document: Mapping[str, t.Any]) -> Change:
        """Give a role the trust policy without the principals of the incident."""
        change = IdentityWriter(self.account_id, KIND_TRUST).set_trust(live.arn, live.trust, document)
        return dataclasses.replace(change, impact=Impact.NARROWING)

    def _write_inline(self, writer: IdentityWriter, live: LiveRole, fit: Fit) -> Iterator[Change]:
        yield writer.put_inline(live.arn, name_inline(self.incident_id), live.inline, fit.document)
        if live.managed and live.is_attached:
            yield writer.detach(live.arn, live.managed.arn)

    def _write_managed(self, writer: IdentityWriter, live: LiveRole, fit: Fit) -> Iterator[Change]:
        arn = self.name_policy(live.role_id)
        if live.managed is None:
            description = f"Cuts sessions of {live.arn.rpartition('/')[2]}"
            tags = {INCIDENT_TAG: self.incident_id}
            yield writer.create_policy(arn, fit.document, description=description, tags=tags)
        else:
            if len(live.managed.versions) >= POLICY_VERSIONS:
                yield writer.delete_version(arn, live.managed.others[0])
            yield writer.update_policy(live.managed, fit.document)
        if not live.is_attached:
            yield writer.attach(live.arn, arn)
        if isinstance(live.inline, Mapping):
            yield writer.delete_inline(live.arn, name_inline(self.incident_id), live.inline)


def is_among(change: Change, changes: Iterable[Change]) -> bool:
    """Whether a change is one of some changes, whatever has been added to it since it was planned."""
    return any(_identify(change) == _identify(other) for other in changes)


def _identify(change: Change) -> tuple[str, str, Mapping[str, t.Any]]:
    return change.operation, change.target, change.parameters
