# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How the core of a module reaches an account, once its options are checked."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from .._account.collect import collect
from .._account.model import Dataset, Snapshot
from .._account.progress import Progress, silent
from .._aws.access import Access
from .._aws.operations import Operations
from .._aws.options import AccessOptions
from .._converge.arn import Principal, principals_of
from .._converge.incident.freeze import Freeze
from .._converge.store import Store
from .options import StoreOptions
from .run_snapshot import RunSnapshot
from .stores import open_store
from .writers import Roles


@dataclasses.dataclass(frozen=True)
class Connection:
    """One account as a run reaches it.

    ``access`` is AWS in the role that the mode calls for, and ``snapshot`` has what the run has read of the account.
    ``now`` is the moment that ages are counted from, and ``warn`` adds a warning to the result. ``progress`` reports
    on long work. The role of
    ``organization_role_arn`` may read the policies of the organization, which most members can't;
    ``has_organization_role_option`` says whether the module could be given one, ``writes`` whether it may change the
    account. ``freeze`` has what the incidents of the account freeze, for a module that converges.
    """

    access: Access
    snapshot: RunSnapshot
    options: AccessOptions
    roles: Roles
    now: datetime
    warn: Callable[[str], None]
    organization_role_arn: t.Optional[str] = None
    has_organization_role_option: bool = False
    writes: bool = False
    progress: Progress = silent
    freeze: Freeze = Freeze()

    @property
    def principals(self) -> frozenset[Principal]:
        """All principals that the run calls as, in check mode and for real, and those that it comes through.

        In check mode the reader calls, and what would hit a role that writes has to be found all the same.
        """
        return principals_of([self.access.caller.arn, *self.access.chain, *self.roles.all])

    def collect(self, datasets: Collection[Dataset], regions: Sequence[str] = ()) -> Snapshot:
        """Read the account, but for what the run has read of it before. Raises as :func:`~._account.collect` does."""
        return collect(self.access, datasets=datasets, regions=regions, now=self.now, kept=self.snapshot)

    def open_store(self, place: StoreOptions) -> Store:
        """A place of files, reached from the controller."""
        return open_store(place, lambda: self.options, self.options.tape)

    def read_as(self, role_arn: str, operations: Operations) -> Access:
        """AWS in another role, for reading only, from the credentials of the controller.

        :raises AwsError: the role can't be assumed.
        """
        options = dataclasses.replace(self.options, assume_role_arn=role_arn, assessor_role_arn=None)
        return Access(options, operations=operations, check_mode=True)
