# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small accounts in which somebody may, or may not, get more rights."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Mapping

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import (
    Landscape,
    Subject,
    SubjectKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import Path, search
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers

ACCOUNT: t.Final = "111122223333"
ROOT: t.Final = f"arn:aws:iam::{ACCOUNT}:root"
ADMINISTRATOR_ACCESS: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"

Document = dict[str, t.Any]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def allow(*actions: str, on: t.Any = "*", **more: t.Any) -> Document:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: t.Any = "*", **more: t.Any) -> Document:
    return {"Effect": "Deny", "Action": list(actions), "Resource": on, **more}


def policy(*statements: Document, name: str = "own") -> Policy:
    return _parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), name)


@functools.lru_cache(maxsize=1024)
def _parse(text: str, name: str) -> Policy:
    # The same document is the same object, as in an account that was read.
    return parse(text, name=name)


def everything() -> Policy:
    return policy(allow("*"), name="AdministratorAccess")


def trust(principal: t.Any, **more: t.Any) -> Policy:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return policy(statement, name="trust policy")


def service(name: str) -> Policy:
    return trust({"Service": name})


def user(name: str, *identity: Policy, boundary: t.Optional[Policy] = None, **fields: t.Any) -> Subject:
    """A user without password, keys or MFA, unless ``fields`` say otherwise."""
    known = {"has_password": False, "active_keys": 0, "has_mfa": False}
    return _subject(arn("user", name), SubjectKind.USER, identity, boundary, {**known, **fields})


def role(name: str, *identity: Policy, boundary: t.Optional[Policy] = None, **fields: t.Any) -> Subject:
    return _subject(arn("role", name), SubjectKind.ROLE, identity, boundary, fields)


def group(name: str, *identity: Policy, **fields: t.Any) -> Subject:
    return _subject(arn("group", name), SubjectKind.GROUP, identity, None, fields)


def _subject(
    own: str, kind: SubjectKind, identity: tuple[Policy, ...], boundary: t.Optional[Policy], fields: Mapping[str, t.Any]
) -> Subject:
    named = {"boundary_arn": arn("policy", "boundary")} if boundary is not None else {}
    return Subject(own, kind, Layers(identity=identity, boundary=boundary), **{**named, **fields})


def landscape(*subjects: Subject, **fields: t.Any) -> Landscape:
    """An account with AdministratorAccess and the boundaries of its subjects among its policies."""
    policies = {ADMINISTRATOR_ACCESS: everything(), **fields.pop("policies", {})}
    policies |= {
        subject.boundary_arn: subject.layers.boundary
        for subject in subjects
        if subject.boundary_arn and subject.layers.boundary
    }
    return Landscape(ACCOUNT, "aws", subjects, policies, **fields)


def govern(subject: Subject, *scps: Policy, **layers: t.Any) -> Subject:
    """The same under an SCP beside AWS's full access."""
    level = (policy(allow("*"), name="FullAWSAccess"), *scps)
    return dataclasses.replace(subject, layers=dataclasses.replace(subject.layers, scps=(level,), **layers))


def paths(*subjects: Subject, **fields: t.Any) -> dict[str, Path]:
    """The paths that are found, by the name of who goes."""
    options = {name: fields.pop(name) for name in ("max_depth", "include_conditional", "methods") if name in fields}
    found = search(landscape(*subjects, **fields), **options)
    return {path.source.rpartition("/")[2]: path for path in found.paths}


def methods(path: t.Optional[Path]) -> list[str]:
    """The ids of the methods of a path, in order; none where there is no path."""
    return [step.method.id for step in path.steps] if path is not None else []
