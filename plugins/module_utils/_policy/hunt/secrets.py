# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The secrets that a principal could read: all of them have to be changed, used or not."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..documents.arn import arn_parts
from ..documents.policy import Policy
from ..evaluation.context import Context, Values
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from .event import Event


class SecretKind(enum.StrEnum):
    """A kind of secret: of Secrets Manager, a SecureString of Systems Manager, or a key of KMS."""

    SECRET = "secret"
    PARAMETER = "parameter"
    KEY = "key"


class Readable(enum.StrEnum):
    """Whether a principal could read a secret. MAYBE: it depends on what is not known."""

    YES = "yes"
    MAYBE = "maybe"


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secret as it is listed, without its value.

    ``key_arn`` is the customer's key that it is encrypted with; empty for AWS's own key, which everybody in the account
    may use through the service. ``policy`` is its own policy, None if it has none. ``is_policy_read``: if not, there
    may be one.
    """

    kind: SecretKind
    arn: str
    name: str
    account_id: str
    region: str
    key_arn: str = ""
    policy: t.Optional[Policy] = None
    is_policy_read: bool = True


@dataclasses.dataclass(frozen=True)
class Principal:
    """A principal of the intruder, with the policies that held before anybody contained it."""

    arn: str
    layers: Layers
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class ReadableSecret:
    """A secret that principals could read, or did. ``reads`` is the number of events that show it being read."""

    secret: Secret
    readable: Readable
    principals: tuple[str, ...]
    reads: int = 0
    last_read: t.Optional[datetime] = None

    def to_dict(self) -> dict[str, t.Any]:
        """The row as the module returns it."""
        secret = self.secret
        return {
            "kind": secret.kind.value,
            "arn": secret.arn,
            "name": secret.name,
            "account_id": secret.account_id,
            "region": secret.region,
            "readable": self.readable.value,
            "principals": list(self.principals),
            "used": self.reads > 0,
            "reads": self.reads,
            "last_read": self.last_read.strftime("%Y-%m-%dT%H:%M:%SZ") if self.last_read else None,
        }


_ACTIONS: t.Final[Mapping[SecretKind, tuple[str, ...]]] = {
    SecretKind.SECRET: ("secretsmanager:GetSecretValue",),
    SecretKind.PARAMETER: (
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
        "ssm:GetParameterHistory",
    ),
    SecretKind.KEY: ("kms:Decrypt",),
}
_SERVICES: t.Final = {SecretKind.SECRET: "secretsmanager", SecretKind.PARAMETER: "ssm"}
# The surest last.
_NO, _MAYBE, _YES = range(3)
_DEGREES: t.Final = {Outcome.ALLOWED: _YES, Outcome.UNKNOWN: _MAYBE}
_QUARANTINE: t.Final = "iam-hardening:quarantine"


def find_readable_secrets(
    secrets: Sequence[Secret], principals: Iterable[Principal], events: Iterable[Event]
) -> tuple[ReadableSecret, ...]:
    """Find the secrets that principals could read, those that were read first.

    ``events`` are those of the intruder. A secret that one of them read is listed whatever the policies say.
    """
    readers = [(principal, Evaluator(principal.layers)) for principal in principals]
    keys = {secret.arn: secret for secret in secrets if secret.kind is SecretKind.KEY}
    reads = _find_reads(secrets, events)
    rows = [_judge(secret, readers, keys, reads.get(secret.arn, [])) for secret in secrets]
    return tuple(sorted(filter(None, rows), key=_sort_key))


def _judge(
    secret: Secret,
    readers: Iterable[tuple[Principal, Evaluator]],
    keys: Mapping[str, Secret],
    reads: Sequence[Event],
) -> t.Optional[ReadableSecret]:
    degrees = {principal.arn: _weigh(secret, principal, evaluator, keys) for principal, evaluator in readers}
    degrees |= {event.principal_arn: _YES for event in reads if event.principal_arn}
    able = {arn: degree for arn, degree in degrees.items() if degree > _NO}
    if not able and not reads:
        return None
    return ReadableSecret(
        secret,
        Readable.YES if reads or max(able.values()) == _YES else Readable.MAYBE,
        tuple(sorted(able)),
        len(reads),
        max((event.time for event in reads), default=None),
    )


def _weigh(secret: Secret, principal: Principal, evaluator: Evaluator, keys: Mapping[str, Secret]) -> int:
    """Weigh how sure it is that a principal could read a secret: the call itself, and the key that it needs."""
    own = _make_context(secret, principal)
    degree = max(_ask(action, secret, principal, evaluator, own) for action in _ACTIONS[secret.kind])
    if degree == _NO or not secret.key_arn:
        return degree
    key = keys.get(secret.key_arn)
    if key is None:
        # Of another account, or not listed: its policy is not known.
        return min(degree, _MAYBE)
    context = _make_context(key, principal, via=f"{_SERVICES[secret.kind]}.{secret.region}.amazonaws.com")
    return min(degree, _ask("kms:Decrypt", key, principal, evaluator, context))


def _ask(action: str, secret: Secret, principal: Principal, evaluator: Evaluator, context: Context) -> int:
    request = Request(
        action,
        secret.arn,
        principal.arn,
        context,
        resource_policy=secret.policy,
        resource_account=secret.account_id,
    )
    outcome = evaluator.decide(request).outcome
    if not secret.is_policy_read and outcome is not Outcome.EXPLICIT_DENY:
        # Its own policy may allow what is not allowed otherwise, and deny what is.
        return _MAYBE
    return _DEGREES.get(outcome, _NO)


def _make_context(secret: Secret, principal: Principal, via: str = "") -> Context:
    """Make the context of a call. Of tags, the mark of a containment is left out: it was not there then."""
    values: dict[str, Values] = {
        f"aws:PrincipalTag/{key}": value for key, value in principal.tags.items() if key != _QUARANTINE
    }
    if secret.kind is SecretKind.KEY:
        parts = arn_parts(principal.arn)
        values["kms:CallerAccount"] = parts.account if parts else ""
    if via:
        values["kms:ViaService"] = via
    absent = [f"aws:PrincipalTag/{_QUARANTINE}"]
    if secret.kind is SecretKind.KEY and not via:
        absent.append("kms:ViaService")
    return Context(values, complete=False, absent=absent)


# What was read


def _find_reads(secrets: Sequence[Secret], events: Iterable[Event]) -> dict[str, list[Event]]:
    """Find the events that read each secret, by its ARN."""
    names = _Names(secrets)
    found: dict[str, list[Event]] = {}
    for event in events:
        if not event.is_failed:
            for arn in dict.fromkeys(names.find(event)):
                found.setdefault(arn, []).append(event)
    return found


class _Names:
    """The secrets by all that a request may call them."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._known: t.Final[dict[tuple[SecretKind, str, str, str], str]] = {}
        for secret in secrets:
            for name in (secret.name, secret.arn, *_shorten(secret)):
                self._known[secret.kind, secret.account_id, secret.region, name] = secret.arn

    def find(self, event: Event) -> Iterator[str]:
        """Find what an event has read."""
        for kind, name in _list_names(event):
            parts = arn_parts(name)
            account = parts.account if parts else event.account_id
            arn = self._known.get((kind, account, event.region, name))
            if arn:
                yield arn
        if event.service == "ssm" and event.name == "GetParametersByPath" and _is_decrypted(event):
            yield from self._find_below(event)

    def _find_below(self, event: Event) -> Iterator[str]:
        """Find the parameters below the path of a request."""
        path = f"{str(event.request.get('path')).rstrip('/')}/"
        place = (SecretKind.PARAMETER, event.account_id, event.region)
        for (*where, name), arn in self._known.items():
            if tuple(where) == place and name.startswith(path):
                yield arn


def _is_decrypted(event: Event) -> bool:
    """Whether a request asks for values in clear text; others are answered with what only KMS can read."""
    return str(event.request.get("withDecryption")).lower() == "true"


def _shorten(secret: Secret) -> Iterator[str]:
    """The ARN of a secret ends with six letters of AWS's own, which a request may leave out."""
    if secret.kind is SecretKind.SECRET:
        yield secret.arn.rpartition("-")[0]
    if secret.kind is SecretKind.KEY:
        yield secret.arn.rpartition("/")[2]


def _list_names(event: Event) -> Iterator[tuple[SecretKind, str]]:
    request = event.request
    if event.service == "secretsmanager" and event.name in ("GetSecretValue", "BatchGetSecretValue"):
        yield from _name(SecretKind.SECRET, request.get("secretId"), request.get("secretIdList"))
    elif event.service == "ssm" and event.name in _PARAMETER_READS and _is_decrypted(event):
        yield from _name(SecretKind.PARAMETER, request.get("name"), request.get("names"))
    elif event.service == "kms" and event.name == "Decrypt":
        yield from _name(SecretKind.KEY, request.get("keyId"))
        # The services pass the secret on to KMS.
        given = request.get("encryptionContext")
        context = given if isinstance(given, Mapping) else {}
        yield from _name(SecretKind.SECRET, context.get("SecretARN"))
        yield from _name(SecretKind.PARAMETER, context.get("PARAMETER_ARN"))


def _name(kind: SecretKind, *values: t.Any) -> Iterator[tuple[SecretKind, str]]:
    for value in values:
        for name in value if isinstance(value, list) else (value,):
            if isinstance(name, str) and name:
                yield kind, name


_PARAMETER_READS: t.Final = ("GetParameter", "GetParameters", "GetParameterHistory")
_KINDS: t.Final = tuple(SecretKind)


def _sort_key(row: ReadableSecret) -> tuple[t.Any, ...]:
    secret = row.secret
    is_sure = row.readable is Readable.YES
    return row.reads == 0, not is_sure, _KINDS.index(secret.kind), secret.account_id, secret.region, secret.name
