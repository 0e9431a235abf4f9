# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a seed by name, read it, and make an :class:`~emulator.seed.model.Organization` of it."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from emulator import scale
from emulator.seed.model import Account, ControlPolicy, Organization, User
from emulator.seed.structure import SeedError, build, convert, substitute

SEEDS = Path(__file__).resolve().parent.parent / "seeds"

_TOP_LEVEL = ("organization", "management_account", "every_account", "every_member", "accounts")
_ORGANIZATION = (
    "id",
    "organizational_units",
    "trusted_services",
    "delegated_administrators",
    "root_features",
    "control_policies",
    "trail_bucket",
    "lag_seconds",
    "lateness_seconds",
    "lookups_a_second",
    "records_events",
)


_DAYS_AGO = re.compile(r"<days_ago:(\d+)>")


# libyaml's parser, where PyYAML has it, takes a fifth of the time, on every fresh start of the emulator.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without dates: the version of a policy document, 2012-10-17, is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(source: t.Union[str, Path, t.Mapping[str, t.Any]], *, now: datetime) -> Organization:
    """Read a seed: a name in ``seeds/``, a path, ``scale:accounts=50,users=50`` or the structure itself.

    ``now`` is checked to carry a time zone, since every age of the seed counts back from it.

    :raises SeedError: if there is no such seed or it says something that is not understood.
    """
    if now.tzinfo is None:
        raise SeedError("now: a moment without time zone is ambiguous")
    data = dict(_read(source))
    unknown = [key for key in data if key not in _TOP_LEVEL and not str(key).startswith("x-")]
    if unknown:
        raise SeedError(f"seed: unknown key {unknown[0]!r}; allowed: {', '.join(_TOP_LEVEL)}, x-… (ignored)")
    return _organization(_fill_dates(data, now))


def _fill_dates(value: t.Any, now: datetime) -> t.Any:
    """Replace ``<days_ago:30>`` in every string of a nested structure by the date that many days before ``now``."""
    if isinstance(value, str):
        return _DAYS_AGO.sub(lambda match: f"{now - timedelta(days=int(match[1])):%Y-%m-%d}", value)
    if isinstance(value, t.Mapping):
        return {key: _fill_dates(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_dates(item, now) for item in value]
    return value


def names() -> list[str]:
    """The seeds that can be loaded by name."""
    return sorted(path.stem for path in SEEDS.glob("*.yml"))


def _read(source: t.Union[str, Path, t.Mapping[str, t.Any]]) -> t.Mapping[str, t.Any]:
    if isinstance(source, t.Mapping):
        return source
    if isinstance(source, str) and source.startswith("scale:"):
        return scale.generate(**_scale_arguments(source.removeprefix("scale:")))
    path = SEEDS / f"{source}.yml" if str(source) in names() else Path(source)
    if not path.is_file():
        raise SeedError(f"no seed {str(source)!r}: neither a file nor one of {', '.join(names())}, scale:…")
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    if not isinstance(data, t.Mapping):
        raise SeedError(f"{path.name}: expected a mapping at the top")
    return data


def _scale_arguments(text: str) -> dict[str, int]:
    arguments: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        key, separator, value = part.partition("=")
        if key not in scale.ARGUMENTS or not separator or not value.isdigit():
            raise SeedError(f"scale: {part!r} is not understood; allowed: {', '.join(scale.ARGUMENTS)} = a number")
        arguments[key] = int(value)
    return arguments


def _organization(data: t.Mapping[str, t.Any]) -> Organization:
    settings = dict(data.get("organization") or {})
    unknown = [key for key in settings if key not in _ORGANIZATION]
    if unknown:
        raise SeedError(f"organization: unknown key {unknown[0]!r}; allowed: {', '.join(_ORGANIZATION)}")
    if settings and "id" not in settings:
        raise SeedError("organization: missing key 'id'")
    accounts = data.get("accounts")
    if not isinstance(accounts, t.Mapping) or not accounts:
        raise SeedError("accounts: expected a mapping from account ids to accounts, with at least one")
    management = str(data.get("management_account", next(iter(accounts))))
    if management not in accounts:
        raise SeedError(f"management_account: {management!r} is not one of {', '.join(map(str, accounts))}")
    tokens = {"management_account_id": management, "organization_id": str(settings.get("id", ""))}
    members = {key: _account(key, data, management=management, tokens=tokens) for key in accounts}
    organization = build(
        Organization,
        {key: value for key, value in settings.items() if key != "control_policies"},
        where="organization",
        given={
            "management_account_id": management,
            "accounts": members,
            "control_policies": convert(
                dict[str, ControlPolicy],
                # An organization lies in one partition, that of its management account.
                substitute(settings.get("control_policies"), {**tokens, "partition": members[management].partition}),
                where="organization.control_policies",
            ),
        },
    )
    _check(organization)
    return organization


def _account(
    account_id: object, data: t.Mapping[str, t.Any], *, management: str, tokens: t.Mapping[str, str]
) -> Account:
    if not isinstance(account_id, str) or not re.fullmatch(r"\d{12}", account_id):
        raise SeedError(f"accounts: {account_id!r} is not an account id: twelve digits, quoted")
    own = data["accounts"][account_id] or {}
    shared = ["every_account"] if account_id == management else ["every_account", "every_member"]
    if own.get("listed"):
        shared = []
    settings: dict[str, t.Any] = {}
    for part in (*(data.get(key) or {} for key in shared), own):
        settings = _merge(settings, part)
    own_tokens = {"account_id": account_id, "partition": str(settings.get("partition", "aws")), **tokens}
    return build(Account, substitute(settings, own_tokens), where=f"accounts.{account_id}", given={"id": account_id})


def _merge(base: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Merge two mappings; values of the second win. Lists and documents are replaced."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, t.Mapping) and isinstance(result.get(key), t.Mapping)
        result[key] = _merge(result[key], value) if both and "Statement" not in value else value
    return result


def _check(organization: Organization) -> None:
    """References that dataclasses can't express: organizational units, groups, quotas."""
    for account in organization.accounts.values():
        where = f"accounts.{account.id}"
        if account.ou is not None and account.ou not in organization.organizational_units:
            raise SeedError(
                f"{where}.ou: {account.ou!r} is not one of {', '.join(organization.organizational_units) or 'none'}"
            )
        for user in account.users.values():
            _check_user(user, account, where=f"{where}.users.{user.name}")
    for service, account_id in organization.delegated_administrators.items():
        if account_id not in organization.accounts:
            raise SeedError(f"organization.delegated_administrators.{service}: {account_id!r} is not an account")


def _check_user(user: User, account: Account, *, where: str) -> None:
    for group in user.groups:
        if group not in account.groups:
            raise SeedError(f"{where}.groups: {group!r} is not one of {', '.join(account.groups) or 'none'}")
    if len(user.access_keys) > 2:
        raise SeedError(f"{where}.access_keys: a user has two keys at most")
