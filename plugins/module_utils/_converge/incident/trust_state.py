# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles of the run and the control policies of an account, as hashes: what an enforcing run found there.

If a later run finds something else, it was changed meanwhile. Policies that AWS manages count by their ARN alone: AWS
changes their content, and nobody in the account can.

Anybody who may write to the journal can forge a state. So a state that is the same never shows that an account is
trusted.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.control_policies import ControlPolicy, PolicyDocument, PolicyLevel
from ..._account.model import Role, Snapshot
from ..._account.moments import format_utc, parse_moment
from ..arn import Principal, principal_of
from ..errors import InputError
from ..journal import check_run_id
from ..ownership.evidence import clean
from ..parsing import parse
from .names import DORMANT_POLICY

SCHEMA: t.Final = "hardening.iam/trust-state/1"
#: The path of the roles that our templates make. They are kept besides the roles that a run names.
PATH: t.Final = "/iam-hardening/"
#: So many changes between runs are kept: those of the run's own roles and of control policies first, the newest ones.
MOST_CHANGES: t.Final = 50
MOST_ROLES: t.Final = 100
# No run takes so long. A state that is later than a run by more was not kept by one that was quicker.
_QUICKER: t.Final = timedelta(days=1)
# AWS attaches them to everything, and they deny nothing.
_FULL_ACCESS: t.Final = frozenset({"p-FullAWSAccess", "p-RCPFullAWSAccess"})

Parts = Mapping[str, str]
# The parts of a role. Those of policies are followed by an ARN or a name.
_ID, _TRUST, _BOUNDARY, _ATTACHED, _INLINE = "unique id", "trust policy", "boundary", "policy ", "inline policy "


@dataclasses.dataclass(frozen=True)
class Found:
    """What one run has found: by the ARN of a role its parts with their hashes, and by id the control policies.

    ``policies`` is None if they were not read. ``names`` has the names of the control policies. ``others`` are the ARNs
    of the roles that exist besides, of which it does not know the parts. ``own`` are those of the roles that the run
    named.
    """

    account_id: str
    run_id: str
    at: datetime
    roles: Mapping[str, Parts] = dataclasses.field(default_factory=dict)
    policies: t.Optional[Mapping[str, str]] = None
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    others: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, t.Any]:
        """The same as JSON has it, but for ``others``."""
        return {
            "account_id": self.account_id,
            "run_id": self.run_id,
            "at": format_utc(self.at),
            "roles": self.roles,
            "control_policies": self.policies,
            "names": self.names,
            "own": sorted(self.own),
        }

    @classmethod
    def of_dict(cls, document: Mapping[str, t.Any], others: Iterable[str] = ()) -> t.Self:
        """The same from :meth:`as_dict`.

        :raises AttributeError, InputError, KeyError, TypeError, ValueError: the document has another form.
        """
        policies = document["control_policies"]
        return cls(
            _parse_text(document["account_id"]),
            check_run_id(document["run_id"]),
            parse_moment(document["at"]),
            {arn: _parse_texts(parts) for arn, parts in document["roles"].items()},
            None if policies is None else _parse_texts(policies),
            _parse_texts(document["names"]),
            frozenset(others),
            frozenset(map(_parse_text, document["own"])),
        )


@dataclasses.dataclass(frozen=True)
class Difference:
    """Something that changed since a run. ``found_by`` is the run that found it so, empty for the present one.

    ``is_own`` says that it is no matter of another role than those that a run named.
    """

    what: str
    kept_by: str
    kept_at: datetime
    found_by: str = ""
    found_at: t.Optional[datetime] = None
    is_own: bool = True

    def describe(self) -> str:
        """Describe it in words."""
        before = f"run {self.kept_by} of {format_utc(self.kept_at)}"
        if not self.found_at:
            return f"{self.what} since {before}"
        return f"{self.what} between {before} and run {self.found_by} of {format_utc(self.found_at)}"

    def as_dict(self) -> dict[str, t.Any]:
        """The difference as JSON has it."""
        return {
            "what": self.what,
            "kept_by": self.kept_by,
            "kept_at": format_utc(self.kept_at),
            "found_by": self.found_by or None,
            "found_at": format_utc(self.found_at) if self.found_at else None,
        }


@dataclasses.dataclass(frozen=True)
class TrustState:
    """What is kept of an account: what the last run found, and what earlier runs found changed, oldest first."""

    found: Found
    changes: tuple[Difference, ...] = ()

    def compare(self, now: Found, arns: t.Optional[Collection[str]] = None) -> tuple[Difference, ...]:
        """List what is no longer as it was, of the roles ``arns`` (by default all that are kept), and of the policies.

        The run's own roles, those that are asked for, and the policies come first. Nothing is said of a role that was
        not kept, and of policies that were not read.
        """
        before = self.found
        wanted = sorted((set(before.roles) if arns is None else set(arns) & set(before.roles)) - now.others)
        own = {*before.own, *now.own, *(arns or ())}
        named = [text for arn in wanted if arn in own for text in self._compare_role(arn, now)]
        others = [text for arn in wanted if arn not in own for text in self._compare_role(arn, now)]
        return (
            *(Difference(clean(text), before.run_id, before.at) for text in (*named, *_compare_policies(before, now))),
            *(Difference(clean(text), before.run_id, before.at, is_own=False) for text in others),
        )

    def _compare_role(self, arn: str, now: Found) -> Iterator[str]:
        return _compare_role(arn, self.found.roles[arn], now.roles.get(arn))

    def follow(self, now: Found) -> tuple[TrustState, tuple[Difference, ...]]:
        """The state after another run, and all that this run found changed. The state keeps the most important of it.

        A run that read the account before the one that is kept changes nothing: it was slower.
        """
        before = self.found
        if now.at < before.at <= now.at + _QUICKER:
            return self, ()
        fresh = tuple(dataclasses.replace(one, found_by=now.run_id, found_at=now.at) for one in self.compare(now))
        unread = {arn: parts for arn, parts in before.roles.items() if arn in now.others}
        known = dataclasses.replace(now, roles={**unread, **now.roles}, own=now.own | before.own & set(unread))
        if now.policies is None:
            known = dataclasses.replace(known, policies=before.policies, names=before.names)
        return TrustState(known, _limit((*self.changes, *fresh))), fresh

    def as_bytes(self) -> bytes:
        """The content of the object. No two are the same: a writer knows its own again if an answer was lost."""
        document = {
            **self.found.as_dict(),
            "schema": SCHEMA,
            "changes": [{**change.as_dict(), "own": change.is_own} for change in self.changes],
            "nonce": secrets.token_hex(16),
        }
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @classmethod
    def of_bytes(cls, content: bytes, account_id: str) -> t.Self:
        """The state in the content of an object.

        :raises ValueError: it is none, or of another account.
        """
        try:
            document = parse(content)
            if (document["schema"], document["account_id"]) != (SCHEMA, account_id):
                raise ValueError("it is not the state of the account")
            return cls(Found.of_dict(document), tuple(map(_parse_change, document["changes"][-MOST_CHANGES:])))
        except (AttributeError, InputError, KeyError, OverflowError, TypeError) as error:
            raise ValueError(f"it is not the state of an account: {error!r}") from error


def describe_found(snapshot: Snapshot, run_id: str, principals: Collection[Principal]) -> Found:
    """Describe what a run found in an account: the roles of ``principals``, and those of our templates."""
    wanted = [role for role in snapshot.roles if principal_of(role.arn) in principals or role.path.startswith(PATH)]
    # The oldest first: an intruder can make many roles, and none that is older.
    wanted.sort(key=lambda role: (principal_of(role.arn) not in principals, role.created or snapshot.observed_at))
    documents = {policy.arn: policy.default_version for policy in snapshot.policies if not policy.is_aws_managed}
    roles = {role.arn: describe_role(role, documents) for role in wanted[:MOST_ROLES]}
    others = frozenset(role.arn for role in snapshot.roles) - set(roles)
    own = frozenset(arn for arn in roles if principal_of(arn) in principals)
    return Found(snapshot.account_id, run_id, snapshot.observed_at, roles, others=others, own=own)


def describe_role(role: Role, documents: Mapping[str, PolicyDocument]) -> dict[str, str]:
    """Describe a role by its parts, each with a hash. ``documents`` are the customer managed policies by their ARN."""
    parts = {_ID: _hash(role.unique_id), _TRUST: _hash_document(role.trust)}
    for arn in role.attached_policies:
        parts[f"{_ATTACHED}{arn}"] = _hash_managed(arn, documents)
    for policy in role.inline_policies:
        parts[f"{_INLINE}{policy.name}"] = _hash_document(policy)
    if role.boundary:
        parts[_BOUNDARY] = _hash(f"{role.boundary} {_hash_managed(role.boundary, documents)}")
    return parts


def add_policies(found: Found, levels: Iterable[PolicyLevel]) -> Found:
    """Add the control policies on all levels above an account, and on it. Of the dormant one the content may change."""
    policies = {policy.id: policy for level in levels for policy in (*level.scps, *level.rcps)}
    return dataclasses.replace(
        found,
        policies={key: _hash_content(one) for key, one in policies.items() if key not in _FULL_ACCESS},
        names={key: one.name for key, one in policies.items() if key not in _FULL_ACCESS},
    )


def _limit(changes: Sequence[Difference]) -> tuple[Difference, ...]:
    """The most important changes, oldest first: roles of strangers, who can make many, drive out none of the run's."""
    ranked = sorted(range(len(changes)), key=lambda place: (changes[place].is_own, place))
    return tuple(changes[place] for place in sorted(ranked[-MOST_CHANGES:]))


def _compare_role(arn: str, before: Parts, now: t.Optional[Parts]) -> Iterator[str]:
    name = f"role {arn.rpartition('/')[2]}"
    if now is None:
        yield f"{name} was deleted"
        return
    for part in sorted({*before, *now}):
        old, new = before.get(part), now.get(part)
        if old != new:
            verb = "changed" if old and new else "was removed" if old else "was added"
            yield f"{part} of {name} {verb}"


def _compare_policies(before: Found, now: Found) -> Iterator[str]:
    """Compare control policies. A further one is no reason for distrust: what is denied stays denied."""
    if before.policies is None or now.policies is None:
        return
    for key, digest in sorted(before.policies.items()):
        present = now.policies.get(key)
        if present != digest:
            name = f"control policy {before.names.get(key, key)} ({key})"
            yield f"{name} changed" if present else f"{name} was detached, or the account was moved,"


def _hash_managed(arn: str, documents: Mapping[str, PolicyDocument]) -> str:
    document = documents.get(arn)
    return _hash_document(document) if document else _hash(arn)


def _hash_content(policy: ControlPolicy) -> str:
    return _hash(policy.name) if policy.name == DORMANT_POLICY else _hash_document(policy.document)


def _hash_document(policy: PolicyDocument) -> str:
    return _hash(policy.error or "" if policy.document is None else json.dumps(policy.document, sort_keys=True))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _parse_texts(given: t.Any) -> dict[str, str]:
    return {_parse_text(name): _parse_text(value) for name, value in given.items()}


def _parse_change(item: Mapping[str, t.Any]) -> Difference:
    return Difference(
        clean(_parse_text(item["what"])),
        check_run_id(item["kept_by"]),
        parse_moment(item["kept_at"]),
        check_run_id(item["found_by"]),
        parse_moment(item["found_at"]),
        item.get("own", True) is True,
    )
