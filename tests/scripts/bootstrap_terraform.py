# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of examples/bootstrap as Terraform: the parameters, policies and trusts of the CloudFormation template."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from scripts import bootstrap_containment as containment
from scripts import bootstrap_readers as readers
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts.bootstrap_roles import BOUNDARY, Grant, Json, WritingRole

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import EVENT_BOUNDARY, PATH

_HEADER: t.Final = """\
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/scripts/generate_permissions.py, like ../iam-hardening-roles.yml: docs/permissions.md.

"""
_MAIN: t.Final = f"""\
terraform {{
  required_version = ">= 1.5"
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }}
  }}
}}

data "aws_partition" "current" {{}}

data "aws_caller_identity" "current" {{}}

locals {{
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  path      = "{PATH}"
  tags      = {{ "iam-hardening:managed" = "true" }}
"""


def variable(parameter: str) -> str:
    """A parameter of the template as a variable is called: ``AccessKeys`` as ``access_keys``."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", parameter).lower()


def files(modules: Mapping[str, Operations], parameters: Mapping[str, Json]) -> dict[str, str]:
    """The files, by name. ``parameters`` are those of the template."""
    writing = roles.writing_roles(modules)
    every = (*writing, right_sizing.make_role(modules), containment.make_role(modules))
    return {
        "variables.tf": _HEADER + "\n".join(_variable(name, given) for name, given in parameters.items()),
        "main.tf": _HEADER + _main(writing),
        "roles.tf": _HEADER + "\n".join(_roles(modules, writing)),
        "outputs.tf": _HEADER + "\n".join(_outputs(every)),
    }


def _variable(name: str, given: Json) -> str:
    lines = [f'variable "{variable(name)}" {{', f"  description = {_text(given['Description'])}"]
    default = given.get("Default")
    if given.get("AllowedValues"):
        lines += ["  type        = bool", f"  default     = {default}"]
    elif given["Type"] == "Number":
        lines += ["  type        = number", f"  default     = {default}"]
    else:
        lines += ["  type        = string"]
        lines += [] if default is None else [f"  default     = {_text(default)}"]
    lines += ["  sensitive   = true"] if given.get("NoEcho") else []
    lines += list(_validation(variable(name), given))
    return "\n".join([*lines, "}", ""])


def _validation(name: str, given: Json) -> Iterator[str]:
    if "AllowedPattern" in given:
        condition = f"can(regex({_text(given['AllowedPattern'])}, var.{name}))"
    elif "MinValue" in given:
        condition = f"var.{name} >= {given['MinValue']} && var.{name} <= {given['MaxValue']}"
    else:
        return
    yield from ("", "  validation {", f"    condition     = {condition}")
    yield from (f'    error_message = "{name} is not of the form that its description asks for."', "  }")


def _text(value: str) -> str:
    """A string of HCL: as in JSON, and without interpolation."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def _main(writing: Sequence[WritingRole]) -> str:
    lines = []
    for capability in roles.CAPABILITIES:
        chosen = f"var.{variable(capability.parameter)}"
        if capability.writer is Writer.ORGANIZATION:
            chosen = f"{chosen} && var.management_account"
        lines.append(f"  has_{capability.name} = {chosen}")
    for role in writing:
        parts = " || ".join(f"local.has_{capability.name}" for capability in role.capabilities)
        lines.append(f"  has_{role.writer} = {parts}")
    classes = " || ".join(f"local.has_{role.writer}" for role in writing)
    lines.append(f'  has_{Writer.ROLES} = var.{variable(right_sizing.TARGETS)} != ""')
    lines.append(f'  has_{Writer.CONTAINMENT} = {_INCIDENT_PRINCIPAL} != ""')
    given = f'var.{variable(containment.DORMANT)} != ""'
    lines.append(f"  has_dormant = local.has_{Writer.CONTAINMENT} && var.management_account && {given}")
    lines.append(f'  has_hunt = var.{variable(readers.PRINCIPAL)} != ""')
    lines.append(f"  never_containment = {_list_scheduled()}")
    return f"{_MAIN}\n" + "\n".join([*lines, f"  has_automation = {classes}", "}", ""])


def _roles(modules: Mapping[str, Operations], writing: Sequence[WritingRole]) -> Iterator[str]:
    everywhere, of_organization = roles.assessor_reads(modules)
    trusted = "var.trusted_principal_arn_pattern"
    yield _trust("assessor", trusted, ("optional", "var.source_identity_pattern"))
    yield _role("assessor", "Reads what hardening.iam assesses", extra=_PRECONDITION)
    yield from _render_managed_policy("assessor-reads", roles.read_policy(roles.actions_of(everywhere)), to="assessor")
    yield from _render_managed_policy(
        "assessor-organization-reads",
        roles.organization_read_policy(roles.actions_of(of_organization)),
        count="var.management_account",
        to="assessor",
    )
    yield from _render_managed_policy(BOUNDARY, roles.boundary(modules), count="local.has_automation")
    yield from _render_managed_policy(EVENT_BOUNDARY, roles.event_boundary(), count="local.has_event_alerts")
    for role in writing:
        yield from _writing_role(role, BOUNDARY, trusted)
        for grant in role.grants:
            yield _inline(role, grant.name, grant.name, _condition(role, grant), grant.policy)
    yield from _right_sizing(modules, trusted)
    yield from _containment(modules)
    yield from _readers(modules)
    yield _trust("break_glass", "var.break_glass_principal_arn_pattern", None)
    yield _role("break-glass", "Administrator for emergencies", count=_BREAK_GLASS)
    yield _BREAK_GLASS_POLICY


def _right_sizing(modules: Mapping[str, Operations], trusted: str) -> Iterator[str]:
    role = right_sizing.make_role(modules)
    chosen = f"local.has_{role.writer}"
    reads = roles.actions_of(roles.right_sizing_reads(modules))
    yield from _render_managed_policy(
        right_sizing.ASSESSOR_READS, roles.read_policy(reads), count=chosen, to="assessor"
    )
    for parameter, name in right_sizing.ASSESSOR_SETTINGS.items():
        settings = roles.read_policy(right_sizing.settings_of(parameter, modules))
        count = f"{chosen} && var.{variable(parameter)}"
        yield from _render_managed_policy(name, settings, count=count, to="assessor")
    yield from _render_managed_policy(right_sizing.BOUNDARY, right_sizing.boundary(modules), count=chosen)
    yield from _writing_role(role, right_sizing.BOUNDARY, trusted)
    for grant in role.grants:
        condition = f"{chosen}{''.join(map(_choose, grant.parameters))}"
        yield _inline(role, grant.name, grant.name, condition, grant.policy)


def _choose(parameter: str) -> str:
    """The condition that a parameter of right-sizing is true or given; the targets are given anyway."""
    given = f"var.{variable(parameter)}"
    if parameter == right_sizing.TARGETS:
        return ""
    return f' && {given} != ""' if parameter.endswith("Arn") else f" && {given}"


def _containment(modules: Mapping[str, Operations]) -> Iterator[str]:
    role = containment.make_role(modules)
    chosen = f"local.has_{role.writer}"
    yield from _render_managed_policy(containment.QUARANTINE, containment.quarantine(), count=chosen)
    with_drills = f"{chosen} && var.{variable(containment.DRILL)}"
    yield from _render_managed_policy(containment.DRILL_BOUNDARY, containment.drill_boundary(), count=with_drills)
    reads = roles.read_policy(containment.assessor_actions(modules))
    yield from _render_managed_policy(containment.ASSESSOR_READS, reads, count=chosen, to="assessor")
    yield from _render_managed_policy(containment.BOUNDARY, containment.boundary(modules), count=chosen)
    yield _trust(
        _name(role.name),
        _INCIDENT_PRINCIPAL,
        ("required", f"var.{role.writer}_source_identity_pattern"),
        _NO_SCHEDULED_JOB,
    )
    yield _role(
        role.name,
        containment.DESCRIPTION,
        count=chosen,
        extra=f"  permissions_boundary = aws_iam_policy.{_name(containment.BOUNDARY)}[0].arn\n{_NO_SCHEDULE}",
    )
    yield _inline(role, f"{role.name}-reads", "reads", chosen, role.reads)
    yield _DORMANT
    for grant in role.grants:
        (parameter,) = grant.parameters
        further = " && var.management_account" if parameter in containment.OF_MANAGEMENT else ""
        condition = f"{chosen} && var.{variable(parameter)}{further}"
        if parameter == containment.DORMANT:
            condition = "local.has_dormant"
        yield _inline(role, f"containment-{grant.name}", grant.name, condition, grant.policy)


_DORMANT_TARGETS: t.Final = f"var.{variable(containment.DORMANT)}"
_DORMANT: t.Final = f"""\
resource "aws_organizations_policy" "dormant" {{
  count       = local.has_dormant ? 1 : 0
  name        = "{from_above.NAME}"
  description = "{containment.DORMANT_DESCRIPTION}"
  type        = "SERVICE_CONTROL_POLICY"
  tags        = {{ "{from_above.TAG[0]}" = "{from_above.TAG[1]}" }}
  content     = <<-JSON
{json.dumps(from_above.DORMANT.document, indent=2)}
JSON

  # An incident changes the content, and the release changes it back.
  lifecycle {{
    ignore_changes = [content, description]
  }}
}}

resource "aws_organizations_policy_attachment" "dormant" {{
  for_each  = local.has_dormant ? toset(split(",", {_DORMANT_TARGETS})) : toset([])
  policy_id = aws_organizations_policy.dormant[0].id
  target_id = each.value
}}
"""


def _readers(modules: Mapping[str, Operations]) -> Iterator[str]:
    chosen = "local.has_hunt"
    yield _trust(_name(readers.ROLE), f"var.{variable(readers.PRINCIPAL)}", _HUNT_IDENTITY)
    yield _role(readers.ROLE, readers.DESCRIPTION, count=chosen)
    reads, settings = roles.read_policy(readers.hunt_actions(modules)), readers.hunt_settings(modules)
    role = f"{_name(readers.ROLE)}[0]"
    yield from _render_managed_policy(readers.HUNT_READS, reads, count=chosen, to=role)
    with_settings = f"{chosen} && var.{variable(readers.HUNT_SETTINGS)}"
    yield from _render_managed_policy(readers.HUNT_POLICY, roles.read_policy(settings), count=with_settings, to=role)
    of_assessor = roles.read_policy(readers.assessor_actions(modules))
    count = f"var.{variable(readers.ASSESSOR_SETTINGS)}"
    yield from _render_managed_policy(readers.ASSESSOR_POLICY, of_assessor, count=count, to="assessor")


def _writing_role(role: WritingRole, boundary: str, trusted: str) -> Iterator[str]:
    own = f"var.{role.writer}_principal_arn_pattern"
    yield _trust(
        _name(role.name),
        f'{own} == "" ? {trusted} : {own}',
        ("required", f"var.{role.writer}_source_identity_pattern"),
    )
    yield _role(
        role.name,
        f"Makes the changes of hardening.iam, class {role.writer}",
        count=f"local.has_{role.writer}",
        extra=f"  permissions_boundary = aws_iam_policy.{_name(boundary)}[0].arn\n",
    )
    yield _inline(role, f"{role.name}-reads", "reads", f"local.has_{role.writer}", role.reads)


_HUNT_IDENTITY: t.Final = ("optional", f"var.{variable(readers.SOURCE_IDENTITY)}")
_INCIDENT_PRINCIPAL: t.Final = f"var.{variable(containment.INCIDENT_PRINCIPAL)}"


def _list_scheduled() -> str:
    """The principals of jobs, and the other roles, as Terraform lists them."""
    given = ["trusted_principal_arn_pattern", *(f"{writer}_principal_arn_pattern" for writer in roles.SCHEDULED)]
    names = [*(f"var.{name}" for name in given), json.dumps(_fill(containment.OTHER_ROLES))]
    return f"compact([{', '.join(names)}])"


_NO_SCHEDULED_JOB: t.Final = """\
  statement {
    sid     = "NoScheduledJob"
    effect  = "Deny"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = local.never_containment
    }
  }"""
_NO_SCHEDULE: t.Final = f"""
  lifecycle {{
    precondition {{
      condition     = !contains(local.never_containment, {_INCIDENT_PRINCIPAL})
      error_message = "The incident_principal_arn_pattern must not be that of jobs: nobody could assume the role."
    }}
  }}
"""


_PRECONDITION: t.Final = """
  lifecycle {
    precondition {
      condition     = var.organization_id != "" || nonsensitive(var.external_id != "")
      error_message = "Give the organization_id, an external_id, or both."
    }
  }
"""
_BREAK_GLASS: t.Final = 'var.break_glass_principal_arn_pattern != ""'
_BREAK_GLASS_POLICY: t.Final = f"""\
resource "aws_iam_role_policy_attachment" "break_glass" {{
  count      = {_BREAK_GLASS} ? 1 : 0
  role       = aws_iam_role.break_glass[0].name
  policy_arn = "arn:${{local.partition}}:iam::aws:policy/AdministratorAccess"
}}
"""


def _name(name: str) -> str:
    return name.replace("-", "_")


def _condition(role: WritingRole, grant: Grant) -> str:
    capability = next(item for item in role.capabilities if item.parameter == grant.parameters[0])
    given = (f'var.{variable(parameter)} != ""' for parameter in grant.parameters[1:])
    return " && ".join((f"local.has_{capability.name}", *given))


def _role(name: str, description: str, *, count: str = "", extra: str = "") -> str:
    return "\n".join(
        [
            f'resource "aws_iam_role" "{_name(name)}" {{',
            *([f"  count                = {count} ? 1 : 0"] if count else []),
            f'  name                 = "{name}"',
            "  path                 = local.path",
            f'  description          = "{description}"',
            "  max_session_duration = var.max_session_duration",
            f"  assume_role_policy   = data.aws_iam_policy_document.{_name(name)}_trust{'[0]' if count else ''}.json",
            f"  tags                 = local.tags\n{extra}}}",
            "",
        ]
    )


def _render_managed_policy(name: str, document: Json, *, count: str = "", to: str = "") -> Iterator[str]:
    index = "[0]" if count else ""
    counted = [f"  count  = {count} ? 1 : 0"] if count else []
    head = [f'resource "aws_iam_policy" "{_name(name)}" {{', *counted, f'  name   = "{name}"', "  path   = local.path"]
    yield "\n".join([*head, _document(document), "}", ""])
    if to:
        yield "\n".join(
            [
                f'resource "aws_iam_role_policy_attachment" "{_name(name)}" {{',
                *([f"  count      = {count} ? 1 : 0"] if count else []),
                f"  role       = aws_iam_role.{to}.name",
                f"  policy_arn = aws_iam_policy.{_name(name)}{index}.arn",
                "}",
                "",
            ]
        )


def _inline(role: WritingRole, label: str, name: str, condition: str, document: Json) -> str:
    return "\n".join(
        [
            f'resource "aws_iam_role_policy" "{_name(label)}" {{',
            f"  count  = {condition} ? 1 : 0",
            f'  name   = "{name}"',
            f"  role   = aws_iam_role.{_name(role.name)}[0].id",
            _document(document),
            "}",
            "",
        ]
    )


def _document(document: Json) -> str:
    """A policy as a text with places to fill in, which is JSON before and after."""
    text = _fill(json.dumps(document, indent=2))
    return f"  policy = <<-JSON\n{text}\nJSON"


def _fill(text: str) -> str:
    # IAM fills in what is left: for Terraform a second dollar makes it plain text.
    filled = text.replace(containment.DORMANT_ARN, "${aws_organizations_policy.dormant[0].arn}")
    return re.sub(r"\$\{(\w+)\}", _place, filled).replace("${aws:", "$${aws:")


def _place(match: re.Match[str]) -> str:
    local = {"Partition": "local.partition", "Account": "local.account"}
    return f"${{{local.get(match[1]) or f'var.{variable(match[1])}'}}}"


def _trust(name: str, pattern: str, source_identity: t.Optional[tuple[str, str]], *further_statements: str) -> str:
    """Who may assume a role; without a source identity it is that for emergencies, which asks for MFA instead."""
    account = f'split(":", {pattern})[4]' if "?" not in pattern else f'split(":", ({pattern}))[4]'
    counts = {"assessor": "", "break_glass": _BREAK_GLASS}
    count = counts.get(name, f"local.has_{name.rpartition('_')[2]}")
    caller = [
        _block("ArnLike", "aws:PrincipalArn", pattern),
        _dynamic("StringEquals", "aws:PrincipalOrgID", "var.organization_id"),
    ]
    if source_identity is None:
        said = [
            _block("Bool", "aws:MultiFactorAuthPresent", '"true"'),
            _block("NumericLessThan", "aws:MultiFactorAuthAge", '"3600"'),
        ]
        statements = [_statement("PeopleWithFreshMfa", ["sts:AssumeRole"], account, [*caller, *said])]
    else:
        needed, value = source_identity
        identity = _block if needed == "required" else _dynamic
        said = [
            _dynamic("StringEquals", "sts:ExternalId", "var.external_id"),
            _block("StringLike", "sts:RoleSessionName", "var.role_session_name_pattern"),
            identity("StringLike", "sts:SourceIdentity", value),
        ]
        further = ["sts:SetSourceIdentity", "sts:TagSession"]
        statements = [
            _statement("ExecutionIdentity", ["sts:AssumeRole"], account, [*caller, *said]),
            _statement("SourceIdentityAndTags", further, account, caller),
        ]
    head = [f'data "aws_iam_policy_document" "{name}_trust" {{', *([f"  count = {count} ? 1 : 0"] if count else [])]
    return "\n".join([*head, *statements, *further_statements, "}", ""])


def _statement(sid: str, actions: Sequence[str], account: str, conditions: Sequence[str]) -> str:
    lines = [
        "  statement {",
        f'    sid     = "{sid}"',
        f"    actions = {json.dumps(actions)}",
        "    principals {",
        '      type        = "AWS"',
        f"      identifiers = [{account}]",
        "    }",
        *conditions,
        "  }",
    ]
    return "\n".join(lines)


def _block(test: str, key: str, value: str) -> str:
    lines = [
        "    condition {",
        f'      test     = "{test}"',
        f'      variable = "{key}"',
        f"      values   = [{value}]",
        "    }",
    ]
    return "\n".join(lines)


def _dynamic(test: str, key: str, value: str) -> str:
    """A condition that is left out where nothing is given. Terraform counts nothing by a sensitive value."""
    lines = [
        '    dynamic "condition" {',
        f'      for_each = nonsensitive({value} == "") ? [] : [true]',
        "      content {",
        f'        test     = "{test}"',
        f'        variable = "{key}"',
        f"        values   = [{value}]",
        "      }",
        "    }",
    ]
    return "\n".join(lines)


def _outputs(writing: Sequence[WritingRole]) -> Iterator[str]:
    yield _output("assessor_role_arn", "For aws_assessor_role_arn", "aws_iam_role.assessor.arn")
    parts = (
        f"local.has_{role.writer} ? {{ {role.writer} = aws_iam_role.{_name(role.name)}[0].arn }} : {{}}"
        for role in writing
    )
    lines = "".join(f"    {part},\n" for part in parts)
    yield _output("assume_role_arns", "For aws_assume_role_arns", f"merge(\n{lines}  )")
    yield _output("hunt_role_arn", "For aws_assessor_role_arn of a hunt", "one(aws_iam_role.assessor_hunt[*].arn)")
    boundary = f"one(aws_iam_policy.{_name(EVENT_BOUNDARY)}[*].arn)"
    yield _output("event_alerts_role_permissions_boundary", "For event_alerts_role_permissions_boundary", boundary)
    yield _output("break_glass_role_arn", "For hardening_break_glass", "one(aws_iam_role.break_glass[*].arn)")


def _output(name: str, description: str, value: str) -> str:
    return "\n".join([f'output "{name}" {{', f'  description = "{description}"', f"  value       = {value}", "}", ""])
