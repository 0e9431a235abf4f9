# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The regions of an account: those that are asked for, and those that it has enabled."""

from __future__ import annotations

import abc
import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence

from .errors import AwsError
from .notes import Notes
from .regions import ENABLED, parse_regions

if t.TYPE_CHECKING:
    from botocore.session import Session


_ENABLED_REGIONS: t.Final = "enabled regions"


@dataclasses.dataclass(frozen=True)
class Reach:
    """The regions to read of an account, and those that it has enabled; ``unread`` says why these are not known."""

    regions: tuple[str, ...]
    enabled: tuple[str, ...]
    unread: t.Optional[str] = None


class RegionReader(abc.ABC):
    """The part of :class:`~.access.Access` that knows the regions of its account."""

    region: str
    home_region: str
    partition: str
    _session: Session

    @functools.cached_property
    @abc.abstractmethod
    def notes(self) -> Notes:
        """The facts that the modules of one run share. Raises AwsError: no such profile."""

    @abc.abstractmethod
    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> dict[str, t.Any]:
        """The answer to one call of an operation. Raises AwsError."""

    def check_regions(self, requested: t.Optional[Sequence[str]] = None) -> None:
        """Check the names of regions without a call. Raises AwsError: one is no region of this partition."""
        names = [name.strip() for name in requested or () if name.strip()]
        if names not in ([], [ENABLED]):
            parse_regions(names, self._session, self.partition)

    def regions(self, requested: t.Optional[Sequence[str]] = None) -> tuple[str, ...]:
        """The regions to look at: those requested; for ``enabled``, or if none is requested, all enabled ones.

        :raises AwsError: a name is no region of this partition; or the account's regions can't be read.
        """
        names = [name.strip() for name in requested or () if name.strip()]
        if names in ([], [ENABLED]):
            return self.enabled_regions
        return parse_regions(names, self._session, self.partition)

    @functools.cached_property
    def enabled_regions(self) -> tuple[str, ...]:
        """The regions that the account has enabled, by default or because somebody opted in to them.

        :raises AwsError: they can't be read.
        """
        # Without AllRegions, AWS leaves out those that are not enabled:
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
        known: t.Optional[list[str]] = self.notes.recall(_ENABLED_REGIONS)
        if known is not None:
            return tuple(known)
        answer = self.call("ec2", "DescribeRegions")
        regions = sorted(region["RegionName"] for region in answer["Regions"])
        self.notes.note(_ENABLED_REGIONS, regions)
        return tuple(regions)

    def reach(self, requested: t.Optional[Sequence[str]] = None) -> Reach:
        """The regions to read, and all enabled ones: a control about every region has to know which were not read.

        If AWS does not list them and none is requested, the session's region and IAM's home region are read.

        :raises AwsError: a name is no region of this partition; or ``enabled`` is requested and can't be read.
        """
        names = [name.strip() for name in requested or () if name.strip()]
        asked = None if names in ([], [ENABLED]) else self.regions(names)
        try:
            enabled = self.enabled_regions
        except AwsError as error:
            if names == [ENABLED]:
                raise
            return Reach(asked or tuple(dict.fromkeys((self.region, self.home_region))), (), str(error))
        return Reach(asked or enabled, enabled)
