# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policy that denies sessions of a role: its document, its moment, and where there is room for it.

A role has one policy for each incident. Its moment is a little ahead, so that sessions that are opened while AWS still
spreads the policy are denied as well. A policy that is there is only replaced if it does not say what is wanted, or if
something further up the chain was denied after its moment.

Condition keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..._account.moments import format_utc, parse_moment
from ..._incident.control_policy import NOBODY_KNOWN
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.limits import LIMITS, inline_total, size
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Kind, PolicyError

Document = Mapping[str, t.Any]

#: The first part of the names of the policies; the id of the incident follows.
INLINE_PREFIX: t.Final = "IamHardeningIncident-"
MANAGED_PATH: t.Final = "/iam-hardening/"
MANAGED_PREFIX: t.Final = "incident-"
#: So many names of a statement are kept if there is no room for all of them.
MOST_NAMES: t.Final = 40
#: IAM takes about four seconds to spread a change. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
SPREADS: t.Final = timedelta(seconds=10)
# A moment that is further ahead than this was written by somebody else, and denies people their work.
_LATEST: t.Final = timedelta(minutes=10)
_ISSUED: t.Final = "aws:TokenIssueTime"
# Of sessions and of source identities. Anything else, above all a policy variable, is not from here.
_NAME: t.Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
# An ARN of a provider or of a sign-in session, or the host of a provider without one.
_ARN: t.Final = re.compile(r"[\w+=,.@:/-]{2,512}", re.ASCII)
_PROVIDER: t.Final = "aws:FederatedProvider"
# It is in no other session: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
_SAML: t.Final = "saml:sub"
# A key of sessions whose credentials come from `aws login`, and from nothing else.
_SIGNIN: t.Final = "aws:SignInSessionArn"


class Sid(enum.StrEnum):
    """The statements, in the order in which a policy has them."""

    NOBODY_KNOWN = "OlderSessionsOfNobodyKnown"
    NAMED = "NamedSessions"
    IDENTITIES = "SourceIdentities"
    PROVIDERS = "OlderSessionsOfProviders"
    SAML = "OlderSessionsOfSaml"
    SIGNIN = "SignInSessions"
    SOURCES = "NamedSources"
    OLDER = "OlderSessions"
    ALL = "AllSessions"


@dataclasses.dataclass(frozen=True)
class Cut:
    """The sessions of one role that are to be denied.

    ``role_id`` is the unique id of the role. ``nobody_known``: those that no instance, function or identity provider
    opened. ``named`` are names of sessions, ``identities`` source identities; the sources of ``sources`` (instances,
    tasks, functions) get new credentials under the same name, so they are denied whatever the time. ``providers`` are
    of OpenID Connect, and ``saml`` means all of SAML, whose older sessions are denied. ``signin`` are the ARNs of
    sessions of ``aws login``. ``older`` and ``all`` are for roles that people name. The newest names are the last ones.
    """

    role_id: str
    nobody_known: bool = False
    named: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    saml: bool = False
    signin: tuple[str, ...] = ()
    older: bool = False
    all: bool = False

    @property
    def has_moment(self) -> bool:
        """Whether a statement depends on the time at which a session began."""
        timed = (self.older, self.nobody_known, self.named, self.identities, self.providers, self.saml)
        return not self.all and any(map(bool, timed))

    @property
    def sids(self) -> tuple[Sid, ...]:
        """The statements of the policy."""
        return tuple(sid for sid, _condition in self._list_conditions("", None))

    def make_document(self, moment: datetime, most: t.Optional[int] = None) -> dict[str, t.Any]:
        """Make the policy. With ``most`` each list has so many names only, the newest ones."""
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid.value,
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    **({"Condition": condition} if condition else {}),
                }
                for sid, condition in self._list_conditions(format_utc(moment), most)
            ],
        }

    def list_left_out(self, most: t.Optional[int]) -> tuple[str, ...]:
        """List the names that there is no room for."""
        lists = (self.named, self.identities, self.sources, self.providers, self.signin)
        return () if most is None else tuple(name for names in lists for name in names[: max(0, len(names) - most)])

    def _list_conditions(self, moment: str, most: t.Optional[int]) -> Iterator[tuple[Sid, dict[str, t.Any]]]:
        """List the statements with their conditions. Names of sessions hold no wildcard, so they are compared whole."""
        if self.all:
            # Nothing else would add to it.
            yield Sid.ALL, {}
            return
        before = {"DateLessThan": {_ISSUED: moment}}
        if not self.older:
            yield from self._list_narrow(before, most)
        if self.signin:
            yield Sid.SIGNIN, {"ArnEquals": {_SIGNIN: _keep(self.signin, most)}}
        if self.sources:
            yield Sid.SOURCES, {"StringEquals": {"aws:userid": self._list_ids(self.sources, most)}}
        if self.older:
            yield Sid.OLDER, before

    def _list_narrow(
        self, before: Mapping[str, t.Any], most: t.Optional[int]
    ) -> Iterator[tuple[Sid, dict[str, t.Any]]]:
        """List the statements about some of the older sessions."""
        if self.nobody_known:
            yield Sid.NOBODY_KNOWN, {**before, "Null": dict(NOBODY_KNOWN)}
        if self.named:
            yield Sid.NAMED, {"StringEquals": {"aws:userid": self._list_ids(self.named, most)}, **before}
        if self.identities:
            yield Sid.IDENTITIES, {"StringEquals": {"aws:SourceIdentity": _keep(self.identities, most)}, **before}
        if self.providers:
            yield Sid.PROVIDERS, {"StringEquals": {_PROVIDER: _keep(self.providers, most)}, **before}
        if self.saml:
            yield Sid.SAML, {**before, "Null": {_SAML: "false"}}

    def _list_ids(self, names: tuple[str, ...], most: t.Optional[int]) -> list[str]:
        return [f"{self.role_id}:{name}" for name in _keep(names, most)]


def _keep(names: tuple[str, ...], most: t.Optional[int]) -> list[str]:
    return list(names if most is None else names[-most:])


def name_inline(incident_id: str) -> str:
    """Name the inline policy of an incident."""
    return f"{INLINE_PREFIX}{incident_id}"


def name_managed(incident_id: str, role_id: str) -> str:
    """Name the managed policy of an incident for a role; no other role has it."""
    return f"{MANAGED_PREFIX}{incident_id}-{role_id}"


# The moment


def find_moment(present: t.Any, cut: Cut) -> t.Optional[datetime]:
    """Find the moment of a policy that says exactly what is wanted; None for any other policy, or for none.

    Of a policy without a moment that is the earliest one.
    """
    found = set(_list_moments(present))
    if len(found) != (1 if cut.has_moment else 0):
        return None
    try:
        moment = parse_moment(found.pop()) if found else datetime.fromtimestamp(0, UTC)
        policy = parse(present)
    except (PolicyError, ValueError):
        return None
    wanted = (cut.make_document(moment, most) for most in (None, MOST_NAMES))
    return moment if any(are_equivalent(policy, parse(document)) for document in wanted) else None


def _list_statements(document: t.Any) -> Iterator[Document]:
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    yield from (one for one in (statements if isinstance(statements, list) else ()) if isinstance(one, Mapping))


def _list_moments(document: t.Any) -> Iterator[str]:
    for statement in _list_statements(document):
        condition = statement.get("Condition")
        compared = condition.get("DateLessThan") if isinstance(condition, Mapping) else None
        if isinstance(compared, Mapping) and isinstance(compared.get(_ISSUED), str):
            yield compared[_ISSUED]


def may_stay(moment: datetime, cut: Cut, *, needed: t.Optional[datetime], now: datetime) -> bool:
    """Whether a policy with this moment still denies all that it should.

    ``needed`` is the last time at which anything further up the chain was denied, None if nothing was.
    """
    if not cut.has_moment:
        return True
    return (needed is None or moment > needed + SPREADS) and moment <= now + _LATEST


# What is denied already


def widen(cut: Cut, *present: t.Any) -> Cut:
    """Add to a cut what policies of its incident deny already: only the release takes that back.

    A statement that is not just as it was written here adds nothing.
    """
    for document in present:
        for statement in _list_statements(document):
            found = _read_statement(statement, cut.role_id)
            if found is not None and find_moment({**document, "Statement": [statement]}, found) is not None:
                cut = _merge(found, cut)
    return cut


def _read_statement(statement: Document, role_id: str) -> t.Optional[Cut]:
    """The cut that has this statement alone, as far as its name and its names of sessions show."""
    condition = statement.get("Condition")
    compared = _read_compared(condition, "StringEquals")
    names = _list_names(compared.get("aws:userid"), f"{role_id}:")
    sessions = _list_names(_read_compared(condition, "ArnEquals").get(_SIGNIN), pattern=_ARN)
    cuts = {
        Sid.NOBODY_KNOWN: Cut(role_id, nobody_known=True),
        Sid.NAMED: Cut(role_id, named=names),
        Sid.IDENTITIES: Cut(role_id, identities=_list_names(compared.get("aws:SourceIdentity"))),
        Sid.SOURCES: Cut(role_id, sources=names),
        Sid.PROVIDERS: Cut(role_id, providers=_list_names(compared.get(_PROVIDER), pattern=_ARN)),
        Sid.SAML: Cut(role_id, saml=True),
        Sid.SIGNIN: Cut(role_id, signin=sessions),
        Sid.OLDER: Cut(role_id, older=True),
        Sid.ALL: Cut(role_id, all=True),
    }
    return next((cut for sid, cut in cuts.items() if sid.value == statement.get("Sid")), None)


def _read_compared(condition: t.Any, operator: str) -> Document:
    compared = condition.get(operator) if isinstance(condition, Mapping) else None
    return compared if isinstance(compared, Mapping) else {}


def _list_names(values: t.Any, prefix: str = "", pattern: re.Pattern[str] = _NAME) -> tuple[str, ...]:
    given = [values] if isinstance(values, str) else values if isinstance(values, list) else []
    texts = (value for value in given if isinstance(value, str) and value.startswith(prefix))
    return tuple(name for name in (text[len(prefix) :] for text in texts) if pattern.fullmatch(name))


def _merge(present: Cut, wanted: Cut) -> Cut:
    """What either cut denies. The names that are wanted now are the newest ones."""

    def join(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
        return (*(name for name in old if name not in new), *new)

    return Cut(
        wanted.role_id,
        nobody_known=present.nobody_known or wanted.nobody_known,
        named=join(present.named, wanted.named),
        identities=join(present.identities, wanted.identities),
        sources=join(present.sources, wanted.sources),
        providers=join(present.providers, wanted.providers),
        saml=present.saml or wanted.saml,
        signin=join(present.signin, wanted.signin),
        older=present.older or wanted.older,
        all=present.all or wanted.all,
    )


def choose_moment(moment: datetime, *present: t.Any, now: datetime) -> datetime:
    """Choose the moment of a new policy: that of one that is there, if it is later and was not made up."""
    found = [moment]
    for document in present:
        for text in _list_moments(document):
            with contextlib.suppress(ValueError):
                found.append(parse_moment(text))
    return max(one for one in found if one is moment or one <= now + _LATEST)


# Room


@dataclasses.dataclass(frozen=True)
class Room:
    """The room of a role, without the policies of this incident.

    ``inline`` are its other inline policies, ``attached`` is the number of its other managed ones, and
    ``most_attached`` how many it may have.
    """

    inline: tuple[t.Any, ...] = ()
    attached: int = 0
    most_attached: int = 10

    def takes(self, document: Document, *, is_managed: bool) -> bool:
        """Whether a policy fits."""
        if is_managed:
            return self.attached < self.most_attached and size(document, Kind.MANAGED) <= LIMITS[Kind.MANAGED]
        # What was not read counts nothing.
        others = (policy for policy in self.inline if isinstance(policy, (str, Mapping)))
        return inline_total([document, *others], Kind.INLINE_ROLE) <= LIMITS[Kind.INLINE_ROLE]


@dataclasses.dataclass(frozen=True)
class Fit:
    """A policy that there is room for. ``left_out`` are the names that it does not have."""

    document: Document
    is_managed: bool = False
    left_out: tuple[str, ...] = ()


def fit(cut: Cut, moment: datetime, room: Room, *, is_managed: bool = False) -> t.Optional[Fit]:
    """Find a place for a policy; None if there is none. ``is_managed``: it is a managed one already.

    A policy with all names is better than an inline one.
    """
    places: Iterable[bool] = (True, False) if is_managed else (False, True)
    for most in (None, MOST_NAMES):
        document = cut.make_document(moment, most)
        for managed in places:
            if room.takes(document, is_managed=managed):
                return Fit(document, managed, cut.list_left_out(most))
    return None
