# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes moto fast enough for fifty accounts.

moto searches its own folders on every request, and parses all AWS-managed policies (some 1,600) for every account and
partition: 0.7 s and 30 MB each. Here they are parsed once a partition and cloned. It also makes 1,300 machine images
for every account that has an instance, which nobody here looks at. And for every value of every answer it works out
anew by which names an object may have it, and whether XML allows its name.
"""

from __future__ import annotations

import functools
import json
import os
import typing as t

import moto.backends
import moto.core.responses
import moto.core.serialize
import moto.core.utils
import moto.iam.models
from moto.core.serialize import MISSING, AttributePicker, AttributePickerContext, get_value
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy


def install() -> None:
    """Put the caches in place; call it before moto makes the first IAM backend."""
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    modules = frozenset(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules
    names = functools.cache(moto.core.utils.method_names_from_class)
    moto.core.responses.method_names_from_class = names
    IAMBackend._init_aws_policies = _aws_policies
    AttributePicker.__call__ = _pick
    # A name that it refuses raises an error, which is not kept.
    xml = moto.core.serialize.xmltodict
    xml._validate_name = functools.cache(xml._validate_name)


def _aws_policies(backend: IAMBackend) -> list[ManagedPolicy]:
    return [_clone(template, backend.account_id) for template in _templates(backend.region_name)]


@functools.cache
def _templates(region_name: str) -> tuple[AWSManagedPolicy, ...]:
    policies = json.loads(aws_managed_policies_data).items()
    return tuple(AWSManagedPolicy.from_data(name, "aws", region_name, data) for name, data in policies)


def _clone(template: AWSManagedPolicy, account_id: str) -> AWSManagedPolicy:
    """An account's own view of the policy: who it is attached to differs, versions and documents are shared."""
    # copy.copy and the constructor register every object with moto's dashboard, which costs more than all the rest.
    policy: AWSManagedPolicy = object.__new__(AWSManagedPolicy)
    policy.__dict__.update(template.__dict__)
    policy.account_id = account_id
    return policy


def _pick(picker: AttributePicker, context: AttributePickerContext) -> t.Any:
    """moto's own, but for the names that are remembered, and one look instead of a loop at what is transformed."""
    value = None
    for name in _names(picker, context):
        found = get_value(context.obj, name, MISSING)
        if found is not MISSING:
            value = found
            break
    transformers = picker.response_transformers
    path = f"{context.key_path}.{context.key}"
    if transformers and path.endswith(tuple(transformers)):
        return next(transform for end, transform in transformers.items() if path.endswith(end))(value)
    return value


def _names(picker: AttributePicker, context: AttributePickerContext) -> tuple[str, ...]:
    """Where a value may stand: that follows from its shape, the object's class and the picker's kind alone."""
    if context.shape is None:
        return tuple(picker.get_possible_keys(context))
    known: dict[object, tuple[str, ...]] = context.shape.__dict__.setdefault("_names_of_emulator", {})
    kind = (context.key, type(context.obj), type(picker), *picker.alias_providers)
    if kind not in known:
        known[kind] = tuple(picker.get_possible_keys(context))
    return known[kind]
