# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the simulation share: options as a module gets them, documents, results by id."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.policy_simulation_info import ENTRY

Record = dict[str, t.Any]


def statement(effect: str, *actions: str, **elements: t.Any) -> Record:
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": effect, "Action": list(actions), "Resource": "*", **elements},
    }


EVERYTHING: t.Final = statement("Allow", "*")
READ: t.Final = statement("Allow", "s3:GetObject", Sid="Read")
DENY_DELETION: t.Final = statement("Deny", "s3:Delete*", Sid="NoDeletion")


def validate_options(**options: t.Any) -> Record:
    """``options`` as Ansible hands them to a module."""
    spec = {**aws_argument_spec(), **ENTRY.argument_spec()}
    validation = ArgumentSpecValidator(spec, **ENTRY.constraints).validate(options)
    assert not validation.error_messages
    return t.cast(Record, validation.validated_parameters)


def simulate(**options: t.Any) -> Record:
    """The result of the module, which must not fail."""
    result = execute(ENTRY, options=validate_options(**options), check_mode=True)
    assert not result.get("failed"), result
    return result


def failure(**options: t.Any) -> str:
    """The message of the module, which must fail."""
    result = execute(ENTRY, options=validate_options(**options), check_mode=True)
    assert result["failed"], result
    return str(result["msg"])


def decisions(result: Record) -> list[tuple[t.Optional[str], ...]]:
    """Decision, layer, policy and statement of each result."""
    keys = ("decision", "layer", "policy", "statement")
    return [tuple(found[key] for key in keys) for found in result["results"]]
