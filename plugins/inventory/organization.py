# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: organization
author:
  - hardening.iam contributors (@hardening-iam)
version_added: 1.0.0
short_description: The accounts of an AWS organization as hosts
description:
  - Lists the accounts of an AWS organization, each as one host, with the groups and variables that the playbooks of
    this collection use. The playbooks run the same on an inventory that is written by hand.
  - Reads any YAML file whose key C(plugin) is V(hardening.iam.organization), with any file name.
  - Reads the organization from its management account or from a delegated administrator of AWS Organizations or of an
    integrated service. Never writes.
  - 'Groups: C(aws_accounts) holds the accounts to work on. C(ou_root) holds them too, by their organizational units:
    those in C(/Workloads/Production) are in C(ou_workloads_production), which is in C(ou_workloads).
    C(organization_management) holds the management account, also where it is not to be worked on.
    C(organization_delegated_administrators) holds the accounts that a service is delegated to, in a group for each such
    as C(organization_delegated_administrator_access_analyzer). C(account_state_active), C(account_state_suspended) and
    the like hold the accounts of a state.'
  - 'Host variables of the account are C(aws_account_id) (text of 12 digits), C(aws_account_name),
    C(aws_account_state), C(aws_ou_path), C(aws_ou_id), C(aws_ou_ids) (from the root down), C(aws_organization_id),
    C(aws_partition), C(aws_account_tags) if tags were read, and C(aws_account_email) with O(emails).
  - The ARNs of the roles O(assessor_role_name), O(automation_role_name) and O(organization_role_name) are host
    variables too. C(ansible_connection) and C(ansible_python_interpreter) are set so that modules run on the
    controller.'
  - The external ID of the roles is not a variable of the inventory, because inventories are stored and displayed. Put
    C(aws_external_id) into a vaulted file, or into a credential of AWX.
extends_documentation_fragment:
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Marks the file as one for this plugin.
    type: str
    required: true
    choices: [hardening.iam.organization]
  assume_role_arn:
    description:
      - The role to read the organization with. Needed if the credentials do not belong to the management account or a
        delegated administrator.
    type: str
    env:
      - name: HARDENING_IAM_ASSUME_ROLE_ARN
  assume_role_external_id:
    description:
      - The external ID that the trust policy of O(assume_role_arn) requires.
      - Take it from the environment or by a lookup.
    type: str
    env:
      - name: HARDENING_IAM_EXTERNAL_ID
  assume_role_session_name:
    description:
      - The name of the role session, as CloudTrail records it. The default starts with V(iam-hardening).
    type: str
  assume_role_source_identity:
    description:
      - The source identity to set on the role session.
        The trust policy of the role must allow C(sts:SetSourceIdentity).
    type: str
  hostnames:
    description:
      - The names of the hosts.
      - V(id) is the id of the account, which never changes.
      - V(name) is the name of the account in lower case, with C(-) instead of characters that a host name can't have.
        If accounts share a name, the id is added. An account with the name of a group is named by its id.
      - The owners of accounts choose these names. If an account takes the name of another one, the host of the other
        account is renamed. Variables and limits for that host then no longer match.
    type: str
    choices: [name, id]
    default: id
  include:
    description:
      - The accounts to list. An account must match one of the entries. Defaults to all accounts.
      - An entry has one or more of the keys C(ou), C(account) and C(tag). An account must match all keys of the entry.
      - C(ou) is the path or id of an organizational unit, including the units below it. V(/) is the root.
      - C(account) is an account id, or the name of an account with the wildcards C(*) and C(?).
      - C(tag) maps tag keys to a value or a list of values, with the wildcards C(*) and C(?).
      - An unknown unit or account name is an error. An unknown id is a warning.
    type: list
    elements: dict
    default: []
  exclude:
    description:
      - The accounts to exclude, in the form of O(include). It takes precedence over O(include).
      - An excluded management account stays in the group C(organization_management), but in no other group.
    type: list
    elements: dict
    default: []
  tag_groups:
    description:
      - The tag keys to make groups of, with the wildcards C(*) and C(?). An account with the tag C(Environment=Prod) is
        in the group C(tag_environment_prod).
      - Takes a call for each listed account.
    type: list
    elements: str
    default: []
  account_tags:
    description:
      - The accounts whose tags are read. This takes a call for each account.
      - V(auto) reads the tags of listed accounts if O(tag_groups) is set, or if O(compose), O(groups) or
        O(keyed_groups) use C(aws_account_tags). Otherwise it reads only tags that decide, by O(include) or O(exclude),
        whether an account is listed.
      - V(always) reads the tags of all listed accounts.
    type: str
    choices: [auto, always]
    default: auto
  unusable_accounts:
    description:
      - Also lists accounts that are not V(ACTIVE), such as suspended and closed ones. They are only in the group of
        their state, such as C(account_state_suspended), so no play includes them by accident.
    type: bool
    default: false
  emails:
    description:
      - Adds the e-mail address of the account's root user to each host, as C(aws_account_email).
      - A reset of the root password starts with this address, so do not share such an inventory.
    type: bool
    default: false
  delegated_administrators:
    description:
      - Reads the delegated administrators of each service. This takes a call for each of these accounts.
    type: bool
    default: true
  assessor_role_name:
    description:
      - The role that reads in every account, with its path. Its ARN becomes C(aws_assessor_role_arn). Empty for none.
    type: str
    default: iam-hardening/assessor
  automation_role_name:
    description:
      - The role that writes in every account, with its path. Its ARN becomes C(aws_assume_role_arn). Empty for none.
    type: str
    default: iam-hardening/automation
  organization_role_name:
    description:
      - A role of the management account that may read SCPs and RCPs, with its path. Its ARN becomes
        C(aws_organization_role_arn) of all hosts. Member accounts can't read these policies themselves.
    type: str
notes:
  - The connection options and O(assessor_role_name), O(automation_role_name) and O(organization_role_name) may be
    templates, such as lookups.
  - If O(endpoint_url) is not set, the environment variable E(AWS_ENDPOINT_URL) is used.
  - The cache belongs to the role or user that read the organization, which is checked with STS each time.
  - It keeps the organization as AWS describes it, not the inventory. Options may be changed without flushing it, and
    missing data is read from AWS.
  - It holds no credentials, and no e-mail addresses unless O(emails) is set.
  - If the organization can't be read, or an option is wrong, the command ends with an error. Without this, Ansible
    would continue without the accounts.
seealso:
  - name: Inventory
    description: Examples, groups of your own, and AWX.
    link: https://github.com/hardening-iam/hardening.iam/tree/main/docs/inventory.md
"""

EXAMPLES = r"""
---
# All active accounts of the organization whose management account the credentials belong to.
plugin: hardening.iam.organization

---
# From a member account, with tags, and cached for an hour.
plugin: hardening.iam.organization
assume_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
assume_role_external_id: "{{ lookup('ansible.builtin.env', 'ORGANIZATION_EXTERNAL_ID') }}"
include:
  - ou: /Workloads
  - ou: /Sandbox
    tag: {Environment: [dev, test]}
exclude:
  - account: legacy-*
tag_groups: [Environment]
keyed_groups:
  - key: aws_account_tags.Team | default('nobody')
    prefix: team
compose:
  # Ten days to repair what is found where the account says so.
  access_keys_deactivate_grace_days: "10 if aws_account_tags.Tier | default('') == 'slow' else 3"
groups:
  canary: aws_ou_path.startswith('/Sandbox')
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ansible-inventory
cache_timeout: 3600

---
# In a delegated administrator, with roles of other names.
plugin: hardening.iam.organization
profile: security
assessor_role_name: security/auditor
automation_role_name: ""
hostnames: name
"""

import re
import typing as t
from collections.abc import Collection, Iterable
from pathlib import Path

from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.hardening.iam.plugins.plugin_utils._inventory_hosts import (
    Host,
    InvalidOption,
    Listing,
    Settings,
    list_hosts,
)
from ansible_collections.hardening.iam.plugins.plugin_utils._inventory_organization import (
    Organization,
    from_document,
    identify_source,
    open_access,
    read,
    to_document,
)

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18 takes every text for a template that is not marked as unsafe

    def trust_as_template(value: str) -> str:  # type: ignore[misc]
        return value


if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

_PLUGIN_KEY = re.compile(r"""^(['"]?)plugin\1\s*:\s*(['"]?)hardening\.iam\.organization\2\s*(#.*)?$""", re.MULTILINE)
_TEMPLATES = (
    *("access_key", "secret_key", "session_token", "profile", "region", "endpoint_url"),
    *("assume_role_arn", "assume_role_external_id", "assume_role_session_name", "assume_role_source_identity"),
    *("assessor_role_name", "automation_role_name", "organization_role_name"),
)
_LOCAL = {
    "ansible_connection": trust_as_template("local"),
    "ansible_python_interpreter": trust_as_template("{{ ansible_playbook_python }}"),
}
# Without the delimiters of Jinja, and without the comment that could declare others.
_HARMLESS = re.compile(r"[\w .:/=+@,-]*")
# Beyond so many calls the user sees how far they are.
_REPORTED_EVERY = 200


class InventoryFailure(SystemExit):
    """The command ends with this message and the status 1.

    Ansible takes every other error of an inventory plugin for a warning, goes on without the hosts, and succeeds: an
    audit of no account would look like one without findings.
    """


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "hardening.iam.organization"

    def verify_file(self, path: str) -> bool:
        """By content: playbooks/organization.yml is no inventory, and no name of a file makes it one."""
        if not super().verify_file(path) or not path.endswith((".yml", ".yaml")):
            return False
        try:
            return bool(_PLUGIN_KEY.search(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return False

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        try:
            self._read_config_data(path)
            options = self._fill_templates()
            settings = Settings.from_options(options)
            organization = self._read_organization(settings, options, path, from_cache=cache)
            for warning in settings.check(organization.tree):
                self.display.warning(f"{self.NAME}: {warning}")
            self._populate(inventory, list_hosts(organization.tree, organization.partition, settings))
        # Broad, since Ansible raises plain exceptions here, and takes each one for a warning.
        except Exception as error:
            raise InventoryFailure(f"{self.NAME}: {path}: {error}") from error

    def _fill_templates(self) -> dict[str, t.Any]:
        options = dict(self.get_options())
        self.templar.available_variables = self._vars or {}
        for name in _TEMPLATES:
            value = options.get(name)
            if isinstance(value, str) and self.templar.is_template(value):
                options[name] = self.templar.template(value)
        return options

    def _read_organization(
        self, settings: Settings, options: dict[str, t.Any], path: str, *, from_cache: bool
    ) -> Organization:
        """``from_cache`` is false where the user flushes the cache, which is then filled anew."""
        access = open_access(options)
        if not options["cache"]:
            return read(access, settings, progress=self._report_progress)
        key, source = self.get_cache_key(path), identify_source(access, options)
        cached = from_document(self._read_cache(key), settings, source) if from_cache else None
        if cached:
            return cached
        organization = read(access, settings, progress=self._report_progress)
        self._cache[key] = to_document(organization, settings, source)
        return organization

    def _read_cache(self, key: str) -> object:
        try:
            return self._cache[key]
        except KeyError:
            return None

    def _report_progress(self, what: str, done: int, of: t.Optional[int]) -> None:
        line = f"{self.NAME}: {what} read: {done}" + (f" of {of}" if of is not None else "")
        self.display.v(line)
        # To standard error: ansible-inventory prints the inventory to the other one.
        if of is not None and done % _REPORTED_EVERY == 0 and done < of:
            self.display.display(line, stderr=True)

    def _populate(self, inventory: InventoryData, found: Listing) -> None:
        for group in found.groups:
            inventory.add_group(group)
        for group, below in found.groups.items():
            for child in below:
                inventory.add_child(group, child)
        # Groups of the user's own, here or in another inventory, may be named like an account.
        composed = {self._sanitize_group_name(name) for name in self.get_option("groups") or {}}
        _check_group_names(found.hosts, composed)
        for host in found.hosts:
            self._add(inventory, host)
        _check_group_names(found.hosts, inventory.groups)

    def _add(self, inventory: InventoryData, host: Host) -> None:
        # Names and tags are chosen by the owners of accounts: no template in them may ever run here.
        variables = {name: _make_inert(value) for name, value in host.variables.items()}
        _check_same_account(inventory, host)
        inventory.add_host(host.name)
        for name, value in {**variables, **_LOCAL}.items():
            inventory.set_variable(host.name, name, value)
        for group in host.groups:
            inventory.add_child(group, host.name)
        strict = self.get_option("strict")
        self._compose_variables(inventory, host.name, variables, strict=strict)
        if not host.worked_on:
            return
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)

    def _compose_variables(
        self, inventory: InventoryData, name: str, variables: dict[str, t.Any], *, strict: bool
    ) -> None:
        composed = self.get_option("compose")
        if not composed:
            return
        self._set_composite_vars(composed, variables, name, strict=strict)
        host = inventory.get_host(name)
        values = host.vars if host else {}
        for variable in composed:
            if variable in values:
                inventory.set_variable(name, variable, _make_inert(values[variable]))


def _check_group_names(hosts: Iterable[Host], groups: Collection[str]) -> None:
    """Check that no host has the name of a group. Raises InvalidOption."""
    for host in hosts:
        if host.name in groups:
            raise InvalidOption(
                f"hostnames: the account {host.variables['aws_account_id']} is named like the group {host.name!r}. "
                "Rename the group, or set hostnames to id"
            )


def _check_same_account(inventory: InventoryData, host: Host) -> None:
    """Check that a host of this name in another inventory is the same account. Raises InvalidOption.

    Owners choose the names of accounts, so two accounts may have the same one.
    """
    known = inventory.get_host(host.name)
    other = known.vars.get("aws_account_id") if known else None
    if other is not None and str(other) != host.variables["aws_account_id"]:
        raise InvalidOption(
            f"hostnames: the account {host.variables['aws_account_id']} is named like the host {host.name!r} of "
            f"another inventory, which is the account {other}. Set hostnames to id, or rename that host"
        )


def _make_inert(value: t.Any) -> t.Any:
    """``value`` with a mark on each text that a template could be in: such a text is never evaluated.

    The others count as trusted. Untrusted texts are objects in the JSON of ansible-inventory, which AWX would import.
    """
    if isinstance(value, dict):
        return {key: _make_inert(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_make_inert(member) for member in value]
    if not isinstance(value, str):
        return value
    return trust_as_template(value) if _HARMLESS.fullmatch(value) else wrap_var(value)
