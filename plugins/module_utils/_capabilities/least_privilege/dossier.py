# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The generated policies of a role as they are kept between stages, with what they were generated from. Pure.

A dossier is kept under its hash. It holds no moment of its own, so the same evidence gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from collections.abc import Mapping

from ..._converge.change import content_hash
from ..._converge.parsing import parse as parse_json
from ..._policy.documents.canonical import fingerprint
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Kind, Policy, PolicyError
from ..._policy.evaluation.evaluate import Layers
from ..._policy.least_privilege.principal import Principal
from ..._prediction.proposals.propose import Proposed
from .changes import NewPolicy, is_name_of, name_trial
from .owners.before import Before
from .trial import Trial, make_trial

SCHEMA: t.Final = "hardening.iam/right_size/1"
PROVED: t.Final = "proved"
UNPROVEN: t.Final = "unproven"


class DossierError(ValueError):
    """A kept dossier can't be used."""


@dataclasses.dataclass(frozen=True)
class Dossier:
    """The new policies of one role.

    ``used`` are the actions that the evidence has, in lower case, and ``unknown`` those that are kept since nobody
    knows whether they are used. ``layers_sha256`` is the hash of what limits the role from above, and
    ``evidence_sha256`` that of its record. ``summary`` has numbers and sentences for people.
    ``misfit`` says why there is no trial boundary. ``before`` are the old policies of a role that its owner changes.
    """

    role_arn: str
    role_id: str
    outcome: str
    policies: tuple[NewPolicy, ...]
    trial: t.Optional[NewPolicy] = None
    misfit: str = ""
    used: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    layers_sha256: str = ""
    evidence_sha256: str = ""
    proof_sha256: str = ""
    summary: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    before: t.Optional[Before] = None

    def as_bytes(self) -> bytes:
        """The dossier as it is kept: JSON that people can read."""
        fields = dataclasses.asdict(self)
        return json.dumps({"schema": SCHEMA, **fields}, indent=1, sort_keys=True).encode()

    @classmethod
    def of_bytes(cls, content: bytes, role_arn: str, role_id: str) -> t.Self:
        """The dossier of a role.

        :raises DossierError: it is none, is about another role, or has a document that IAM would not take.
        """
        try:
            record = parse_json(content)
            if record.pop("schema") != SCHEMA:
                raise DossierError("its schema is another")
            policies = tuple(_parse_policy(item) for item in record.pop("policies"))
            trial, before = record.pop("trial"), record["before"]
            texts = ("role_arn", "role_id", "outcome", "misfit", "layers_sha256", "evidence_sha256", "proof_sha256")
            found = cls(
                policies=policies,
                trial=None if trial is None else _parse_policy(trial),
                used=tuple(map(str, record["used"])),
                unknown=tuple(map(str, record["unknown"])),
                summary=dict(record["summary"]),
                before=None if before is None else Before.of_data(before),
                **{name: str(record[name]) for name in texts},
            )
        except DossierError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DossierError(f"it is no dossier: {error!r}") from error
        if (found.role_arn, found.role_id) != (role_arn, role_id):
            raise DossierError(f"it is about {found.role_arn} with the id {found.role_id}")
        if not found.policies:
            raise DossierError("it has no policy, and a role never gets an empty one")
        found._check_names()
        found._check_trial()
        return found

    def _check_names(self) -> None:
        """Refuse names that the policies of another role may have. Raises DossierError."""
        name = self.role_arn.rpartition("/")[2]
        for policy in self.policies:
            if not is_name_of(policy.name, name):
                raise DossierError(f"{policy.name} is no name of a policy of role/{name}")

    def _check_trial(self) -> None:
        """Refuse a trial that is not made of the policies: nothing proves a trial by itself. Raises DossierError."""
        name = self.role_arn.rpartition("/")[2]
        expected = make_trial(name_trial(name), self.parsed, self.unknown)
        if self.trial is None and isinstance(expected, str):
            return
        if self.trial is None or isinstance(expected, str) or self.trial.name != expected.policy.name:
            raise DossierError("its trial is not the one of its policies")
        if fingerprint(parse(self.trial.content)) != fingerprint(parse(expected.policy.content)):
            raise DossierError("its trial allows other calls than its policies")

    @property
    def sha256(self) -> str:
        """The hash that the dossier is kept under."""
        return hashlib.sha256(self.as_bytes()).hexdigest()

    @property
    def parsed(self) -> tuple[Policy, ...]:
        """The policies, parsed."""
        return tuple(parse(policy.content, name=policy.name) for policy in self.policies)

    @property
    def is_proved(self) -> bool:
        """Whether nothing spoke against the policies when they were generated."""
        return self.outcome == PROVED


def _parse_policy(record: Mapping[str, t.Any]) -> NewPolicy:
    policy = NewPolicy(str(record["name"]), dict(record["content"]), bool(record["is_managed"]))
    try:
        parse(policy.content, kind=Kind.MANAGED if policy.is_managed else Kind.INLINE_ROLE)
    except PolicyError as error:
        raise DossierError(f"IAM does not accept the policy {policy.name}: {error}") from error
    return policy


def make_dossier(
    proposed: Proposed, principal: Principal, summary: Mapping[str, t.Any], before: t.Optional[Before] = None
) -> Dossier:
    """Make the dossier of a role that has new policies."""
    policies = tuple(
        NewPolicy(item.name, item.document, item.kind is Kind.MANAGED) for item in proposed.generated.documents
    )
    unknown = tuple(sorted({item.action.lower() for item in proposed.generated.unknown}))
    trial = make_trial(name_trial(principal.name), proposed.policies, unknown)
    proofs = [proof.to_data() for proof in proposed.proofs]
    return Dossier(
        role_arn=proposed.subject.arn,
        role_id=proposed.record.principal_id,
        outcome=PROVED if all(proof.is_proved for proof in proposed.proofs) else UNPROVEN,
        policies=policies,
        trial=trial.policy if isinstance(trial, Trial) else None,
        misfit="" if isinstance(trial, Trial) else trial,
        used=tuple(sorted({use.action.lower() for use in proposed.record.uses if not use.is_service_level})),
        unknown=unknown,
        layers_sha256=hash_layers(principal.layers),
        evidence_sha256=proposed.record.digest,
        proof_sha256=content_hash(proofs),
        summary={**summary, "untested": list(trial.untested) if isinstance(trial, Trial) else []},
        before=before,
    )


def hash_layers(layers: Layers) -> str:
    """Hash what limits a principal beside its own policies: boundary, SCPs and RCPs, level by level."""

    def mark(levels: t.Optional[tuple[tuple[Policy, ...], ...]]) -> t.Any:
        return None if levels is None else [sorted(map(fingerprint, level)) for level in levels]

    boundary = fingerprint(layers.boundary) if layers.boundary else None
    return content_hash([boundary, mark(layers.scps), mark(layers.rcps)])
