# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Errors in the input of a run, found before its first task: accounts, roles and names of variables."""

from __future__ import annotations

import dataclasses
import typing as t
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._account.account_id import is_account_id, parse_account_id
from ._variables import (
    MisspeltName,
    RemovedName,
    describe_misspelt,
    describe_removed,
    find_doubtful,
    find_misspelt,
    find_removed,
    parse_ignored,
)

ACCOUNT_ID: t.Final = "aws_account_id"
ASSESSOR: t.Final = "aws_assessor_role_arn"
_ROLES: t.Final = (ASSESSOR, "aws_assume_role_arn", "aws_assume_role_arns")
_IGNORE: t.Final = "hardening_ignore_variables"
_CONNECTION: t.Final = "ansible_connection"
_INTERPRETER: t.Final = "ansible_python_interpreter"
_BECOME: t.Final = "ansible_become"
_PYTHON: t.Final = "hardening_python"
_HOSTS: t.Final = "hardening_hosts"
_LOCAL: t.Final = "local"
_MOST_HOSTS_SHOWN: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Host:
    """A host of the run, which is one account.

    ``variables`` are as declared. ``value`` gives one of them with its templates filled in, and None where that is not
    possible.
    """

    name: str
    variables: Mapping[str, t.Any]
    value: Callable[[str], t.Any]

    def lacks(self, name: str) -> bool:
        """Whether the variable is not set, or is empty."""
        return self.variables.get(name) is None or self.value(name) == ""


def parse_account_of(host: Host) -> t.Optional[str]:
    """The account id that ``aws_account_id`` of a host declares, in 12 digits; None where it is not set.

    :raises ValueError: it is no account id, or it is a template that leads to nothing. Then another account than the
        declared one would be assessed: that of the credentials. Or the host is named by another account.
    """
    declared, found = host.variables.get(ACCOUNT_ID), host.value(ACCOUNT_ID)
    account_id = parse_account_id(found)
    if account_id is None and str(declared or "").strip():
        raise ValueError(
            f"{str(declared)!r} is empty, or uses a variable that is not set.\n"
            f"Set that variable. To assess the account of the credentials, remove {ACCOUNT_ID}"
        )
    if account_id and is_account_id(host.name) and account_id != host.name:
        raise ValueError(
            f"{account_id!r} is another account than the one that names the host.\n"
            f"Rename the host, or correct {ACCOUNT_ID}"
        )
    return account_id


def account_of(host: Host) -> t.Optional[str]:
    """The account that a host stands for: the declared one, or the one that names it. None: that of the credentials.

    :raises ValueError: as for :func:`parse_account_of`.
    """
    return parse_account_of(host) or (host.name if is_account_id(host.name) else None)


@dataclasses.dataclass(frozen=True)
class RunProblems:
    """``errors`` stop the run, ``warnings`` do not."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_run(
    hosts: Sequence[Host],
    *,
    enforces: bool,
    find_assessor: Callable[[], t.Optional[str]],
    interpreter: str,
    extra: Mapping[str, t.Any],
) -> RunProblems:
    """Check all hosts of a run in one pass.

    ``find_assessor`` is as for :func:`check_assessors`, ``interpreter`` as for :func:`find_overridden`. ``extra`` are
    the extra variables.
    """
    removed: set[RemovedName] = set()
    misspelt: set[MisspeltName] = set()
    doubtful: set[MisspeltName] = set()
    for host in hosts:
        ignore = parse_ignored(host.value(_IGNORE)) if _IGNORE in host.variables else ()
        removed.update(find_removed(host.variables, ignore=ignore))
        misspelt.update(find_misspelt(host.variables, ignore=ignore))
        doubtful.update(find_doubtful(host.variables, ignore=ignore))
    errors = [describe_removed(sorted(removed))] if removed else []
    errors += [describe_misspelt(sorted(misspelt))] if misspelt else []
    errors += check_accounts(hosts, enforces=enforces)
    errors += check_roles(hosts)
    errors += check_assessors(hosts, find_assessor)
    errors += check_connection(extra)
    errors += check_choice_of_hosts(hosts, extra)
    warnings = [f"Nothing reads {item.name}; {item.nearest} does." for item in sorted(doubtful)]
    warnings += find_overridden(hosts, interpreter=interpreter, extra=extra)
    return RunProblems(tuple(errors), tuple(warnings))


def check_accounts(hosts: Sequence[Host], *, enforces: bool) -> list[str]:
    """Check the account ids of a run; two hosts with one id would change one account at the same time."""
    problems: list[str] = []
    missing: list[Host] = []
    by_id: dict[str, list[str]] = defaultdict(list)
    for host in hosts:
        try:
            account_id, is_declared = account_of(host), parse_account_of(host) is not None
        except ValueError as error:
            problems.append(f"{ACCOUNT_ID} of {host.name}: {error}.")
            continue
        if not is_declared and (enforces or account_id is None):
            missing.append(host)
        if account_id is not None:
            by_id[account_id].append(host.name)
    problems = _shorten(problems, "more hosts have a malformed one")
    problems += _shorten([describe_shared_id(*item) for item in by_id.items() if len(item[1]) > 1], "more are shared")
    if missing and (enforces or len(hosts) > 1):
        problems.append(describe_missing_id([host.name for host in missing], enforces=enforces))
    return problems


def check_roles(hosts: Sequence[Host]) -> list[str]:
    """Roles whose ARN uses a variable that is not set.

    To Ansible such a role is not declared: another one would be assumed, or the credentials be used as they are.
    """
    problems = []
    for name in _ROLES:
        unusable = [host.name for host in hosts if host.variables.get(name) is not None and host.value(name) is None]
        if unusable:
            problems.append(
                f"{name} of {_listing(unusable)} uses a variable that is not set.\n"
                f"Most likely {ACCOUNT_ID} is missing: set it to the 12 digits of the account."
            )
    return problems


def check_assessors(hosts: Iterable[Host], find_assessor: Callable[[], t.Optional[str]]) -> list[str]:
    """Hosts that have no assessor role while others have one.

    There, check mode would read with the role that writes, and nobody would notice. ``find_assessor`` names a host of
    the whole fleet that has an assessor role; it is called only if a host has none.
    """
    without = [host.name for host in hosts if host.lacks(ASSESSOR)]
    declared = find_assessor() if without else None
    return [describe_missing_assessor(without, declared)] if declared else []


def find_overridden(hosts: Iterable[Host], *, interpreter: str, extra: Container[str]) -> list[str]:
    """Name the variables of hosts that the plays override, since they run on the controller.

    ``interpreter`` is that of the controller, which ``hardening_python`` replaces. ``extra`` are the names of extra
    variables (``-e``): these override the plays.
    """
    overridden: dict[tuple[str, str], list[str]] = defaultdict(list)
    for host in hosts:
        if _BECOME not in extra and not host.lacks(_BECOME) and boolean(host.value(_BECOME), strict=False):
            overridden[_BECOME, "the user who starts them"].append(host.name)
        for name, wanted in ((_CONNECTION, _LOCAL), (_INTERPRETER, str(host.value(_PYTHON) or interpreter))):
            if name not in extra and not host.lacks(name) and host.value(name) != wanted:
                overridden[name, wanted].append(host.name)
    return [
        f"{name} of {_listing(names)} is ignored: the playbooks of hardening.iam run on the controller, with {wanted}."
        for (name, wanted), names in overridden.items()
    ]


def check_connection(extra: Mapping[str, t.Any]) -> list[str]:
    """Check that no extra variable (``-e``) sends the run to other machines: hosts are accounts, not machines."""
    given = extra.get(_CONNECTION, _LOCAL)
    if given == _LOCAL:
        return []
    return [
        f"{_CONNECTION} is {given!r} on the command line. Remove it: hosts are accounts, and nothing connects to them."
    ]


def check_choice_of_hosts(hosts: Iterable[Host], extra: Container[str]) -> list[str]:
    """Check that no host has the variable that chooses the hosts: plays are chosen before hosts have variables."""
    names = [] if _HOSTS in extra else [host.name for host in hosts if _HOSTS in host.variables]
    if not names:
        return []
    return [
        f"{_HOSTS} of {_listing(names)} is set in the inventory, where it has no effect.\n"
        f"Set it on the command line (-e {_HOSTS}=…), in a survey, or below vars of import_playbook."
    ]


def describe_missing_id(names: Sequence[str], *, enforces: bool) -> str:
    """The error for hosts without an account id."""
    what = "A run that enforces needs it" if enforces else "A run of several hosts needs it for each of them"
    return (
        f"{ACCOUNT_ID} is not set for {_listing(names)}. {what}.\n"
        "Set it to the 12 digits of the account that the host stands for, or leave the host out with --limit."
    )


def describe_missing_assessor(names: Sequence[str], declared: str) -> str:
    """The error for hosts that would read with the role that writes."""
    return (
        f"{ASSESSOR} is declared for {declared} and missing for {_listing(names)}.\n"
        "There, check mode would read with the role that writes. Declare an assessor role for all of them or none."
    )


def describe_shared_id(account_id: str, names: Sequence[str]) -> str:
    """The error for hosts with one account id."""
    return (
        f"{names[0]}: another host has the same {ACCOUNT_ID}, {account_id}: {_listing(names[1:])}.\n"
        "Every account is one host. Remove the others, or leave them out with --limit or hardening_hosts."
    )


def _listing(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_HOSTS_SHOWN} more" if len(names) > _MOST_HOSTS_SHOWN else ""
    return ", ".join(names[:_MOST_HOSTS_SHOWN]) + more


def _shorten(problems: list[str], rest: str) -> list[str]:
    left = len(problems) - _MOST_HOSTS_SHOWN
    return [*problems[:_MOST_HOSTS_SHOWN], f"{left} {rest}."] if left > 0 else problems
