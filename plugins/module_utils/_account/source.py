# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The calls to AWS that a read of the snapshot needs, and the error for those that fail. No botocore, no ``_aws``."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from .model import UnreadKind

K = t.TypeVar("K")
V = t.TypeVar("V")
Record = Mapping[str, t.Any]
# Fields of the Snapshot by their name, as one read brings them.
Fields = Mapping[str, t.Any]


class Unreadable(Exception):
    """A read that can't be made: AWS refuses it or can't be reached, or its answer does not parse or comes too late.

    ``operation`` is the API operation (``iam:GetCredentialReport``), or empty for the main one of the dataset.
    ``of_region`` says that the region refuses the account whatever it asks, as far as AWS shows.
    """

    def __init__(self, kind: UnreadKind, reason: str, *, operation: str = "", of_region: bool = False) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.operation = operation
        self.of_region = of_region


class Source(t.Protocol):
    """One AWS account, as the reads see it. What its methods raise passes through the reads untouched.

    Services are named as boto3 names their clients, operations as the API does. Global services need no region.
    """

    @property
    def account_id(self) -> str:
        """The account, in 12 digits."""

    @property
    def partition(self) -> str:
        """Its partition, such as ``aws``."""

    def call(
        self, service: str, operation: str, parameters: t.Optional[Record] = None, *, region: t.Optional[str] = None
    ) -> Record:
        """The answer to one request."""

    def call_unless(
        self,
        codes: Collection[str],
        service: str,
        operation: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> t.Optional[Record]:
        """The answer to one request, or None where AWS refuses it with one of ``codes``.

        A code counts with and without the suffix ``Exception``: AWS's documents and its wire differ in that.
        """

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[Record]:
        """The structures in the list ``key``, over all pages."""

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[Record]:
        """The answers of all pages of an operation that lists ``key``, for one that lists more than that."""

    def gather(self, reads: Mapping[K, Callable[[], V]]) -> Mapping[K, t.Union[V, Unreadable]]:
        """Make all reads in parallel and return their results in order; the failure if one fails.

        Raises only where going on is pointless, since AWS does not know the credentials.
        """

    def wait(self, seconds: float) -> None:
        """Let time pass between two polls."""


# The account in an ARN, as AWS's own policies have it.
_OF_AWS: t.Final = "aws"


def check_account(source: Source, arns: Iterable[str]) -> None:
    """Check that what AWS lists as the account's own is of this account. An ARN may have no account, or AWS's.

    :raises Unreadable: it is of another one, so the answer says nothing about this one.
    """
    for arn in arns:
        owner = "".join(arn.split(":")[4:5])
        if owner not in ("", _OF_AWS, source.account_id):
            raise Unreadable(UnreadKind.UNPARSABLE, f"AWS's answer is of account {owner}, not of {source.account_id}")
