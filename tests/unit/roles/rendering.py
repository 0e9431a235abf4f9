# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies in the templates of roles, as Ansible renders them, and what they do to a request."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Mapping
from pathlib import Path

import jinja2
import jinja2.nativetypes
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.filter import core, mathstuff
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import minify
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)

ROLES = Path(__file__).resolve().parents[3] / "roles"
ACCOUNT, OTHER = "111122223333", "999988887777"
IAM = f"arn:aws:iam::{ACCOUNT}"
EVERYTHING = parse({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
# What roles need: their own policy leaves the decision to the account.
DELEGATING = parse(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
    }
)

# What templates of roles take from variables that several roles share.
SHARED: t.Final = {
    "exempt": "hardening_exempt_principals",
    "organization_id": "hardening_organization_id",
    "platform_roles": "hardening_platform_roles",
    "provisioners": "hardening_provisioners",
}

Keys = Mapping[str, t.Any]


@functools.cache
def defaults(role: str) -> Mapping[str, t.Any]:
    """The defaults of a role; those that other variables decide, as where there are none."""
    found = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    environment = jinja2.nativetypes.NativeEnvironment(undefined=jinja2.ChainableUndefined)
    environment.globals["lookup"] = lambda *_arguments, **_options: ""
    environment.globals["omit"] = "omit"
    return {
        name: environment.from_string(value).render(found) if isinstance(value, str) and "{{" in value else value
        for name, value in found.items()
    }


def evaluated(role: str, text: t.Any, *, beside: t.Optional[Keys] = None, **variables: t.Any) -> t.Any:
    """What Ansible makes of a template with the defaults of a role, but for some variables; ``omitted`` for omit.

    ``beside`` has variables of others.
    """
    declared = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    given = {**(beside or {}), **{f"{role}_{name}": value for name, value in variables.items()}}
    return Templar(loader=DataLoader(), variables={**declared, "omit": "omitted", **given}).template(_trusted(text))


def _trusted(text: t.Any) -> t.Any:
    # Not in ansible-core 2.18, which templates whatever it gets.
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return text
    return trust_as_template(text)


def rendered(role: str, template: str, **variables: t.Any) -> t.Any:
    """The document of a template with the defaults of the role, but for some variables; those in ``SHARED`` too."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"), undefined=jinja2.StrictUndefined
    )
    plugins = {**mathstuff.FilterModule().filters(), **core.FilterModule().filters()}
    environment.filters.update({name: plugin for name, plugin in plugins.items() if name not in environment.filters})
    named = {SHARED.get(name, f"{role}_{name}"): value for name, value in variables.items()}
    given = {**defaults(role), **named}
    return json.loads(environment.get_template(f"{template}.json.j2").render(given))


def policy_of(role: str, template: str, kind: Kind = Kind.SCP, **variables: t.Any) -> Policy:
    """The policy of a template."""
    return parse(rendered(role, template, **variables), name=template, kind=kind)


def sent_size(policy: Policy) -> int:
    """The characters of what is sent to AWS, which counts them all."""
    return len(minify(policy))


def denied(
    policy: Policy,
    principal: str,
    action: str,
    resource: str = "*",
    keys: t.Optional[Keys] = None,
    *,
    kind: Kind = Kind.SCP,
) -> bool:
    """Whether a policy denies what everything else allows. Whatever is not in ``keys`` is not in the request."""
    level = ((EVERYTHING, policy),)
    identity: tuple[Policy, ...] = (EVERYTHING,)
    scps, rcps = (level, None) if kind is Kind.SCP else (None, level)
    if kind is Kind.MANAGED:
        identity, scps, rcps = (EVERYTHING, policy), None, None
    request = Request(
        action,
        resource,
        principal=principal,
        context=keys or {},
        resource_policy=DELEGATING if action.startswith("sts:") else None,
        resource_account=ACCOUNT,
    )
    outcome = evaluate(request, Layers(identity=identity, scps=scps, rcps=rcps)).outcome
    assert outcome in (Outcome.ALLOWED, Outcome.EXPLICIT_DENY), f"{outcome} for {principal}: {action} {resource}"
    return outcome is Outcome.EXPLICIT_DENY
