# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The caller of a request, and how the Principal element of a resource's policy names it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t
from collections.abc import Mapping

from ..documents.arn import root_account
from .truth import NO, UNKNOWN, YES, Truth

Pair = tuple[str, str]

# Alike for people; only the first also means services and users of identity providers.
EVERYONE: t.Final[Pair] = ("*", "*")
EVERY_AWS: t.Final[Pair] = ("AWS", "*")

_SERVICE_LINKED: t.Final = "role/aws-service-role/"
# Roles that AWS makes under a path of its own, which the ARN of their sessions does not show.
_WITH_PATH: t.Final = ("AWSReservedSSO_", "AWSServiceRoleFor")


class CallerKind(enum.Enum):
    """The kind of principal that makes a request. ROLE is any session of a role, SESSION a certain one."""

    USER = "user"
    ROLE = "role"
    SESSION = "session"
    FEDERATED_USER = "federated user"
    ROOT = "root user"
    SERVICE = "service"
    PROVIDER = "identity provider"
    ANONYMOUS = "anonymous"
    UNNAMED = "unnamed"


# They have no policies of their own: only the policy of the resource gives them permissions.
WITHOUT_IDENTITY: t.Final = frozenset({CallerKind.SERVICE, CallerKind.PROVIDER, CallerKind.ANONYMOUS})


class Reach(enum.IntEnum):
    """How directly a resource's policy grants something to a caller, weakest first.

    ACCOUNT leaves it to the caller's account, which has to allow it with identity-based policies. LIMITED is limited
    by what boundary and session policies leave out, DIRECT is not.
    """

    NONE = 0
    ACCOUNT = 1
    LIMITED = 2
    DIRECT = 3


@dataclasses.dataclass(frozen=True)
class Caller:
    """A principal. ``issuer`` is the ARN of the role or user behind it, where that is known and is not itself."""

    kind: CallerKind
    arn: str = ""
    account: t.Optional[str] = None
    issuer: t.Optional[str] = None

    @functools.cached_property
    def role_name(self) -> t.Optional[str]:
        """The name of the role, unique in its account whatever the path."""
        if self.kind is CallerKind.ROLE:
            return self.arn.rpartition("/")[2]
        return self.arn.split("/")[1] if self.kind is CallerKind.SESSION else None

    @functools.cached_property
    def role_arn(self) -> t.Optional[str]:
        """The ARN of the role with its path; None where it is no role or the path is not known."""
        if self.kind is CallerKind.ROLE:
            return self.arn
        if self.kind is not CallerKind.SESSION or self.role_name is None:
            return None
        if self.issuer or self.role_name.startswith(_WITH_PATH):
            return self.issuer
        # Most roles have no path. Of those that do, the issuer has to be given.
        prefix, partition, _rest = self.arn.split(":", 2)
        return f"{prefix}:{partition}:iam::{self.account}:role/{self.role_name}"

    @functools.cached_property
    def is_service_linked(self) -> bool:
        """Whether it is a service-linked role, which neither SCPs nor RCPs affect."""
        return any(arn.partition(":iam::")[2].partition(":")[2].startswith(_SERVICE_LINKED) for arn in self._role_arns)

    @property
    def _role_arns(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.role_arn, self.issuer)))

    @functools.cached_property
    def direct(self) -> frozenset[Pair]:
        """The entries of a Principal element that mean this caller itself."""
        if self.kind is CallerKind.SERVICE:
            return frozenset({EVERYONE, ("Service", self.arn)})
        if self.kind is CallerKind.PROVIDER:
            return frozenset({EVERYONE, ("Federated", self.arn)})
        # The ARN of a role means its sessions, but other rules hold for it.
        own = {("AWS", self.arn)} if self.arn and self.kind is not CallerKind.ROLE else set()
        return frozenset({EVERYONE, EVERY_AWS, *own})

    def find_reach(self, pair: Pair, missing: set[str]) -> tuple[Reach, Reach]:
        """Find how an entry of a Principal element means this caller: at least and at most, if that is not known.

        ``missing`` receives the context keys that would decide.
        """
        if pair in self.direct:
            return Reach.DIRECT, Reach.DIRECT
        kind, value = pair
        if kind == "AWS" and self.account is not None and root_account(value) == self.account:
            reach = Reach.DIRECT if self.kind is CallerKind.ROOT else Reach.ACCOUNT
            return reach, reach
        if kind == "CanonicalUser" and self.kind not in WITHOUT_IDENTITY:
            # It stands for an account, by a number that does not show which.
            return Reach.NONE, Reach.ACCOUNT
        if kind == "AWS" and self.kind is CallerKind.UNNAMED:
            missing.add("aws:PrincipalArn")
            return Reach.NONE, Reach.DIRECT
        if kind != "AWS" or self.kind in WITHOUT_IDENTITY:
            return Reach.NONE, Reach.NONE
        return self._find_reach_of_arn(value, missing)

    def _find_reach_of_arn(self, arn: str, missing: set[str]) -> tuple[Reach, Reach]:
        parts = arn.split(":", 5)
        least = most = Reach.NONE
        if len(parts) < 6 or parts[4] != self.account:
            return least, most
        kind, *path = parts[5].split("/")
        if kind == "role" and self.role_name is not None and path[-1:] == [self.role_name]:
            least = most = Reach.LIMITED
        elif kind == "assumed-role" and self.kind is CallerKind.ROLE and path[:1] == [self.role_name]:
            missing.add("aws:userid")
            most = Reach.DIRECT
        elif kind == "user" and self.kind is CallerKind.FEDERATED_USER and self.issuer in (None, arn):
            most = Reach.LIMITED
            least = most if self.issuer else least
        return least, most

    def keys(self, *, complete: bool) -> dict[str, str]:
        """The condition keys that follow from who calls, for a complete context or for one that leaves things open.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        found = {"aws:PrincipalType": _TYPES[self.kind]} if self.kind in _TYPES else {}
        if self.account is not None:
            found["aws:PrincipalAccount"] = self.account
        if self.kind is CallerKind.ANONYMOUS:
            return found | {"aws:PrincipalAccount": "anonymous", "aws:userid": "anonymous"}
        if self.kind is CallerKind.SERVICE:
            return found | {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": self.arn}
        if self.kind in (CallerKind.PROVIDER, CallerKind.UNNAMED):
            return found
        found["aws:PrincipalIsAWSService"] = "false"
        arn = self.role_arn if self.role_name is not None else self.arn
        # A session of a role whose path is not known: only a request that says all means that there is none.
        if arn and (complete or self.kind is not CallerKind.SESSION or self.issuer):
            found["aws:PrincipalArn"] = arn
        if self.kind is CallerKind.USER:
            found["aws:username"] = self.arn.rpartition("/")[2]
        if self.kind is CallerKind.ROOT and self.account is not None:
            found["aws:userid"] = self.account
        return found

    def absent_keys(self) -> tuple[str, ...]:
        """The condition keys of principals that requests of this caller never have."""
        if self.kind is CallerKind.UNNAMED:
            return ()
        if self.kind in (CallerKind.ANONYMOUS, CallerKind.PROVIDER):
            return (*_OF_SIGNED, "aws:username", "aws:PrincipalServiceName")
        if self.kind is CallerKind.SERVICE:
            return ("aws:username",)
        return ("aws:PrincipalServiceName", *(() if self.kind is CallerKind.USER else ("aws:username",)))


_OF_SIGNED: t.Final = ("aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths")

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
_TYPES: t.Final[Mapping[CallerKind, str]] = {
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.SESSION: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
    CallerKind.ROOT: "Account",
    CallerKind.ANONYMOUS: "Anonymous",
}

_KINDS: t.Final[Mapping[str, CallerKind]] = {
    "user": CallerKind.USER,
    "role": CallerKind.ROLE,
    "assumed-role": CallerKind.SESSION,
    "federated-user": CallerKind.FEDERATED_USER,
    "oidc-provider": CallerKind.PROVIDER,
    "saml-provider": CallerKind.PROVIDER,
    "root": CallerKind.ROOT,
}

# Identity providers that AWS knows by name: they are no services, whatever their names look like.
_PROVIDERS: t.Final = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)


@functools.lru_cache(maxsize=16384)
def caller_of(principal: t.Optional[str], account: t.Optional[str] = None, issuer: t.Optional[str] = None) -> Caller:
    """The caller that a request's ``principal`` means (see ``Request``); ``account`` goes before the ARN's."""
    if principal is None:
        return Caller(CallerKind.UNNAMED, account=account)
    if principal == "*":
        return Caller(CallerKind.ANONYMOUS)
    parts = principal.split(":", 5)
    if len(parts) < 6:
        kind = CallerKind.PROVIDER if principal in _PROVIDERS else CallerKind.SERVICE
        return Caller(kind, principal)
    words = parts[5].split("/")
    kind = _KINDS.get(words[0], CallerKind.UNNAMED)
    if kind is CallerKind.SESSION and len(words) < 3:
        kind = CallerKind.UNNAMED
    own = None if kind is CallerKind.PROVIDER else account or parts[4] or None
    return Caller(kind, "" if kind is CallerKind.UNNAMED else principal, own, issuer)


def is_excepted(pairs: tuple[Pair, ...], caller: Caller, missing: set[str]) -> Truth:
    """Tell whether NotPrincipal excepts the caller: NO means that the statement is about it.

    Besides the user or role its account has to be listed, or else "the policy might deny access to the entire
    account", depending on the service, which is neither yes nor no:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    reaches = [caller.find_reach(pair, missing) for pair in pairs]
    least = [reach for reach, _most in reaches]
    if max(least, default=Reach.NONE) < Reach.LIMITED:
        return UNKNOWN if any(most >= Reach.LIMITED for _least, most in reaches) else NO
    if caller.account is None or caller.kind is CallerKind.ROOT or EVERYONE in pairs or EVERY_AWS in pairs:
        return YES
    whole = Reach.ACCOUNT in least and (caller.kind is not CallerKind.SESSION or Reach.LIMITED in least)
    return YES if whole else UNKNOWN
