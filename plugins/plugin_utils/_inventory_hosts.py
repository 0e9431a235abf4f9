# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which accounts of an organization an inventory lists, as which hosts, in which groups. Pure: nothing is read here."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ..module_utils._account.account_id import is_account_id, parse_account_id
from ..module_utils._account.organization_tree import ACTIVE, MemberAccount, OrganizationTree, Unit

ACCOUNTS: t.Final = "aws_accounts"
MANAGEMENT: t.Final = "organization_management"
ADMINISTRATORS: t.Final = "organization_delegated_administrators"
TAGS_VARIABLE: t.Final = "aws_account_tags"

# Names with another meaning to Ansible: a host of this name would be used in place of it.
_RESERVED: t.Final = frozenset(
    {"all", "ungrouped", "localhost", "127.0.0.1", "::1", ACCOUNTS, MANAGEMENT, ADMINISTRATORS}
)
_ENDS_WITH_ID: t.Final = re.compile(r"\d{12}$", re.ASCII)
_ROLE: t.Final = re.compile(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)
_ANY: t.Final = "*"
# Options that name a role, and the host variables with the ARN of that role.
_ROLES: t.Final = {
    "assessor_role_name": "aws_assessor_role_arn",
    "automation_role_name": "aws_assume_role_arn",
    "organization_role_name": "aws_organization_role_arn",
}


class InvalidOption(ValueError):
    """An option of the inventory can't be what is meant; the message names it, its value and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Selector:
    """Accounts that have all of what is given: a unit above them, a name or an id, tags.

    ``option`` is where it stands, for messages.
    """

    option: str
    unit: t.Optional[str] = None
    account: t.Optional[str] = None
    tags: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_option(cls, option: str, value: t.Any) -> Selector:
        """The selector that a member of the options ``include`` and ``exclude`` describes. Raises InvalidOption."""
        known = {"ou", "account", "tag"}
        if not isinstance(value, Mapping) or not value or not set(value) <= known:
            raise InvalidOption(f"{option}: {value!r} is not a mapping of one or more of {', '.join(sorted(known))}")
        tags = value.get("tag", {})
        if not isinstance(tags, Mapping) or ("tag" in value and not tags):
            raise InvalidOption(f"{option}: tag: {tags!r} is not a mapping of tag keys to values")
        return cls(
            option=option,
            unit=_parse_text(f"{option}: ou", value["ou"]) if "ou" in value else None,
            account=_parse_account(f"{option}: account", value["account"]) if "account" in value else None,
            tags={str(key): _parse_texts(f"{option}: tag: {key}", wanted) for key, wanted in tags.items()},
        )

    def fits(self, tree: OrganizationTree, account: MemberAccount) -> t.Optional[bool]:
        """Whether it means this account; None if that depends on tags that were not read."""
        if self.unit is not None and self.unit_id(tree) not in tree.lineage(account.id):
            return False
        if self.account is not None and not self._names(account):
            return False
        if not self.tags:
            return True
        return None if account.tags is None else _has_tags(account.tags, self.tags)

    def _names(self, account: MemberAccount) -> bool:
        wanted = self.account or ""
        return account.id == wanted or fnmatch.fnmatchcase(account.name, wanted)

    def unit_id(self, tree: OrganizationTree) -> t.Optional[str]:
        """The id of the unit that is meant, if there is such a unit."""
        wanted = self.unit or ""
        path = "/" + wanted.strip("/")
        return next((unit.id for unit in tree.units if wanted == unit.id or path == unit.path), None)

    def check(self, tree: OrganizationTree) -> None:
        """Check that its account or unit exists. A misspelt exception would be no exception. Raises InvalidOption."""
        if self.unit is not None and self.unit_id(tree) is None:
            units = ", ".join(unit.path for unit in tree.units)
            raise InvalidOption(f"{self.option}: ou: there is no {self.unit!r} in the organization, only {units}")
        if self.account is None or is_account_id(self.account):
            return
        if not any(self._names(account) for account in tree.accounts):
            raise InvalidOption(f"{self.option}: account: no account of the organization is called {self.account!r}")

    def is_gone(self, tree: OrganizationTree) -> bool:
        """Whether it names the id of an account that is not, or not any more, in the organization."""
        return self.account is not None and is_account_id(self.account) and self.account not in tree.account


def _parse_text(option: str, value: t.Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidOption(f"{option}: {value!r} is not a text")
    return str(value).strip()


def _parse_account(option: str, value: t.Any) -> str:
    """A name or an id. A number is an id: YAML makes one of an id that is not in quotes."""
    if not isinstance(value, int) or isinstance(value, bool):
        return _parse_text(option, value)
    try:
        return parse_account_id(value) or ""
    except ValueError as error:
        raise InvalidOption(f"{option}: {error}") from error


def _parse_texts(option: str, value: t.Any) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else [value]
    if not values or any(isinstance(item, (Mapping, list)) or item is None for item in values):
        raise InvalidOption(f"{option}: {value!r} is neither a text nor a list of texts")
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in values)


def _has_tags(tags: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> bool:
    return all(
        key in tags and any(fnmatch.fnmatchcase(tags[key], pattern) for pattern in patterns)
        for key, patterns in wanted.items()
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of the plugin about accounts, hosts and groups."""

    by_name: bool = True
    include: tuple[Selector, ...] = ()
    exclude: tuple[Selector, ...] = ()
    # Patterns of the keys of tags that make groups.
    tag_groups: tuple[str, ...] = ()
    # Whether the tags of all accounts that are listed are read.
    tags: bool = False
    unusable: bool = False
    emails: bool = False
    administrators: bool = True
    # Host variables, and the role whose ARN each has.
    roles: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Settings:
        """The settings among the options of the plugin. Raises InvalidOption."""
        roles = {variable: _parse_role(name, options.get(name)) for name, variable in _ROLES.items()}
        tag_groups = tuple(str(key) for key in options["tag_groups"])
        # The methods that make variables and groups ask for these by name.
        expressions = str([options.get(name) for name in ("compose", "groups", "keyed_groups")])
        return cls(
            by_name=options["hostnames"] == "name",
            include=_parse_selectors("include", options["include"]),
            exclude=_parse_selectors("exclude", options["exclude"]),
            tag_groups=tag_groups,
            tags=options["account_tags"] == "always" or bool(tag_groups) or TAGS_VARIABLE in expressions,
            unusable=options["unusable_accounts"],
            emails=options["emails"],
            administrators=options["delegated_administrators"],
            roles={variable: role for variable, role in roles.items() if role},
        )

    def check(self, tree: OrganizationTree) -> tuple[str, ...]:
        """Check that included and excluded accounts and units exist; those that are gone are in the result.

        :raises InvalidOption: a unit or a name that the organization does not have.
        """
        selectors = (*self.include, *self.exclude)
        for selector in selectors:
            selector.check(tree)
        return tuple(
            f"{selector.option}: account {selector.account} is not in the organization"
            for selector in selectors
            if selector.is_gone(tree)
        )


def _parse_selectors(option: str, values: Sequence[t.Any]) -> tuple[Selector, ...]:
    return tuple(Selector.from_option(option, value) for value in values)


def _parse_role(option: str, value: t.Optional[str]) -> str:
    name = (value or "").strip().strip("/")
    if name and not _ROLE.fullmatch(name):
        raise InvalidOption(f"{option}: {value!r} is not the name of a role, with its path before it where it has one")
    return name


def _is_any(answers: Iterable[t.Optional[bool]]) -> t.Optional[bool]:
    """Whether one of them is true; None if that is not known."""
    found = set(answers)
    return True if True in found else (None if None in found else False)


def is_listed(tree: OrganizationTree, account: MemberAccount, settings: Settings) -> t.Optional[bool]:
    """Whether the inventory lists an account; None if that depends on its tags, which were not read."""
    if account.state != ACTIVE and not settings.unusable:
        return False
    included = _is_any(selector.fits(tree, account) for selector in settings.include) if settings.include else True
    excluded = _is_any(selector.fits(tree, account) for selector in settings.exclude)
    if included is False or excluded is True:
        return False
    return None if included is None or excluded is None else True


def find_undecided(tree: OrganizationTree, settings: Settings) -> frozenset[str]:
    """Find the accounts whose tags decide whether they are listed."""
    return frozenset(account.id for account in tree.accounts if is_listed(tree, account, settings) is None)


def find_untagged(tree: OrganizationTree, settings: Settings) -> frozenset[str]:
    """Find the accounts among the hosts whose tags are wanted and were not read."""
    if not settings.tags:
        return frozenset()
    hosts = (account for account in tree.accounts if _is_host(tree, account, settings))
    return frozenset(account.id for account in hosts if account.tags is None)


def _is_host(tree: OrganizationTree, account: MemberAccount, settings: Settings) -> bool:
    # The playbook of the organization needs the management account, whatever accounts the others work on.
    return account.id == tree.management_account_id or bool(is_listed(tree, account, settings))


@dataclasses.dataclass(frozen=True)
class Host:
    """An account in the inventory. One that is not ``worked_on`` is in no group but those that ask for it."""

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, t.Any]
    worked_on: bool


@dataclasses.dataclass(frozen=True)
class Listing:
    """The inventory: hosts, and each group with the groups right below it."""

    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]


def list_hosts(tree: OrganizationTree, partition: str, settings: Settings) -> Listing:
    """The accounts that ``settings`` choose, and the management account, which has a group of its own in any case."""
    unit_groups = _name_unit_groups(tree.units)
    names = _name_hosts(tree, settings, taken=_RESERVED | _find_possible_groups(tree, unit_groups, settings))
    hosts = []
    for account in tree.accounts:
        if not _is_host(tree, account, settings):
            continue
        listed = bool(is_listed(tree, account, settings))
        groups = tuple(_find_groups(tree, account, unit_groups, settings)) if listed else ()
        hosts.append(
            Host(
                name=names[account.id],
                groups=(*groups, MANAGEMENT) if account.id == tree.management_account_id else groups,
                variables=_make_variables(tree, account, partition, settings),
                worked_on=listed and account.state == ACTIVE,
            )
        )
    return Listing(hosts=tuple(hosts), groups=_build_hierarchy(tree, hosts, unit_groups))


def _find_possible_groups(tree: OrganizationTree, unit_groups: Mapping[str, str], settings: Settings) -> frozenset[str]:
    """Every group that an account of the organization is or could be in, whether or not it is listed."""
    groups = {group for account in tree.accounts for group in _find_groups(tree, account, unit_groups, settings)}
    return frozenset({*groups, *unit_groups.values()})


def _find_groups(
    tree: OrganizationTree, account: MemberAccount, unit_groups: Mapping[str, str], settings: Settings
) -> Iterator[str]:
    yield f"account_state_{_make_safe(account.state)}"
    # Nothing can be done in the others, so that no play but one that asks for them may meet them.
    if account.state != ACTIVE:
        return
    yield ACCOUNTS
    yield unit_groups[account.parent_id]
    if account.id in tree.delegated_administrators:
        services = tree.delegated_administrators[account.id]
        yield from (_name_service_group(service) for service in services) if services else (ADMINISTRATORS,)
    for key, value in sorted((account.tags or {}).items()):
        if any(fnmatch.fnmatchcase(key, pattern) for pattern in settings.tag_groups):
            yield "_".join(filter(None, ("tag", _make_safe(key), _make_safe(value))))


def _name_service_group(service: str) -> str:
    # Of access-analyzer.amazonaws.com; the names of some services have further parts, and those of China an end of .cn.
    name = re.sub(r"\.amazonaws\.com(\.cn)?$", "", service)
    return f"organization_delegated_administrator_{_make_safe(name)}"


def _build_hierarchy(
    tree: OrganizationTree, hosts: Sequence[Host], unit_groups: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    used = {group for host in hosts for group in host.groups}
    children: dict[str, set[str]] = {group: set() for group in (ACCOUNTS, MANAGEMENT, *used)}
    services = {group for group in used if group.startswith(_name_service_group(""))}
    if services:
        children.setdefault(ADMINISTRATORS, set()).update(services)
    for unit in tree.units:
        if unit_groups[unit.id] in used:
            lineage = [unit_groups[unit_id] for unit_id in tree.lineage(unit.id)]
            for parent, child in zip(lineage, lineage[1:], strict=False):
                children.setdefault(parent, set()).add(child)
    return {group: tuple(sorted(below)) for group, below in sorted(children.items())}


def _make_variables(
    tree: OrganizationTree, account: MemberAccount, partition: str, settings: Settings
) -> Mapping[str, t.Any]:
    variables: dict[str, t.Any] = {
        "aws_account_id": account.id,
        "aws_account_name": account.name,
        "aws_account_state": account.state,
        "aws_organization_id": tree.id,
        "aws_ou_id": account.parent_id,
        "aws_ou_ids": list(tree.lineage(account.parent_id)),
        "aws_ou_path": tree.path_of(account.id),
        "aws_partition": partition,
    }
    for variable, role in settings.roles.items():
        owner = tree.management_account_id if variable == _ROLES["organization_role_name"] else account.id
        variables[variable] = f"arn:{partition}:iam::{owner}:role/{role}"
    if settings.emails:
        variables["aws_account_email"] = account.email
    if account.tags is not None:
        variables[TAGS_VARIABLE] = dict(account.tags)
    return variables


def _name_hosts(tree: OrganizationTree, settings: Settings, *, taken: Collection[str]) -> Mapping[str, str]:
    """The names of all accounts, listed or not: the name of one must not depend on which others are listed.

    Owners choose the names of their accounts. One that names a group, or ends like the name that another account gets
    with its id, would be worked on in place of others: such an account is named by its id.
    """
    if not settings.by_name:
        return {account.id: account.id for account in tree.accounts}
    wanted = {account.id: _make_host_name(account.name) for account in tree.accounts}
    # A closed account often has the name of the one in its place, which keeps it.
    usable = Counter(wanted[account.id] for account in tree.accounts if account.state == ACTIVE)
    every = Counter(wanted.values())
    return {
        account.id: _make_unique(
            wanted[account.id],
            account.id,
            alone=(usable if account.state == ACTIVE else every)[wanted[account.id]] == 1,
            taken=taken,
        )
        for account in tree.accounts
    }


def _make_unique(name: str, account_id: str, *, alone: bool, taken: Collection[str]) -> str:
    if not name or name in taken or _ENDS_WITH_ID.search(name):
        return account_id
    return name if alone else f"{name}-{account_id}"


def _make_host_name(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", _make_plain(name)).strip("-._")


def _make_safe(text: str) -> str:
    """``text`` as a part of the name of a group, which may have the letters of any language."""
    return re.sub(r"\W+", "_", _make_plain(text)).strip("_")


def _make_plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()


def _name_unit_groups(units: Collection[Unit]) -> Mapping[str, str]:
    """The groups of root and units. Units whose paths look alike once made safe have their ids in the names."""
    wanted = {unit.id: "ou_" + (_make_safe(unit.path) if unit.parent_id else "root") for unit in units}
    many = Counter(wanted.values())
    return {
        unit.id: wanted[unit.id]
        if many[wanted[unit.id]] == 1 and wanted[unit.id] != "ou_"
        else f"{wanted[unit.id].rstrip('_')}_{_make_safe(unit.id.rpartition('-')[2])}"
        for unit in units
    }
