# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The variable ``hardening_owners``: declared owners, checked before anything is called."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..arn import is_declared
from ..errors import InputError
from .owner import Confidence, IamObject, Owner, Place, Write

_OPTION: t.Final = "owners"
_KEYS: t.Final = ("arn", "account", "owner", "tool", "repository", "write")
_EXAMPLE: t.Final = "arn:*:iam::*:role/app-*"
# A glob for the ARN of an object of IAM. Without a kind of its own it would also match what has no owner.
_ARN: t.Final = re.compile(r"arn:[^:]+:iam::[0-9*?]+:(role|user|group|policy|\*)(/.+)?", re.ASCII)
_ACCOUNT: t.Final = re.compile(r"[0-9]{12}|(?=[0-9]*[*?])[0-9*?]{1,12}", re.ASCII)
_UNSEEN: t.Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_LANGUAGES: t.Final[Mapping[str, str]] = {
    "cloudformation": "cloudformation",
    "cdk": "cloudformation",
    "sam": "cloudformation",
    "terraform": "terraform",
    "opentofu": "terraform",
}


@dataclasses.dataclass(frozen=True)
class DeclaredOwner:
    """One entry: the objects that its glob matches have this owner."""

    pattern: str
    owner: str
    tool: str
    repository: str
    write: Write
    number: int

    def matches(self, item: IamObject) -> bool:
        return is_declared(item.arn, (self.pattern,))

    @property
    def language(self) -> str:
        """The language of the templates of the tool; empty if it is none that patches are made for."""
        return find_language(self.tool)

    def make_owner(self) -> Owner:
        """The owner of an object that matches."""
        place = self.repository or (f"the configuration of {self.owner}" if self.owner else self.tool)
        return Owner(
            name=self.owner or self.repository or self.tool,
            tool=self.tool,
            confidence=Confidence.CERTAIN,
            place=Place(place, self.language),
            evidence=(f"hardening_owners[{self.number}] matches {self.pattern}",),
            write=self.write,
        )


def find_language(tool: str) -> str:
    """Find the language of the templates of a tool; empty if it is none that patches are made for."""
    return _LANGUAGES.get(tool.lower().removeprefix("aws "), "")


def parse_owners(given: t.Any) -> tuple[DeclaredOwner, ...]:
    """Parse the option ``owners``.

    :raises InputError: it is no list, or an entry can't be used. The message names the entry.
    """
    if given is None or given == "":
        return ()
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        raise InputError(f"{_OPTION}: {given!r} is not allowed; allowed is a list of entries with arn and owner")
    return tuple(_parse_entry(entry, number) for number, entry in enumerate(given))


def find_declared(owners: Iterable[DeclaredOwner], item: IamObject) -> t.Optional[DeclaredOwner]:
    """Find the entry that counts for an object: the first one that matches."""
    return next((owner for owner in owners if owner.matches(item)), None)


def _parse_entry(entry: t.Any, number: int) -> DeclaredOwner:
    place = f"{_OPTION}[{number}]"
    if not isinstance(entry, Mapping):
        raise InputError(f"{place}: {entry!r} is not allowed; allowed is a mapping with {', '.join(_KEYS)}")
    unknown = sorted(str(key) for key in entry if key not in _KEYS)
    if unknown:
        raise InputError(f"{place}: {', '.join(unknown)} is not allowed; allowed are {', '.join(_KEYS)}")
    texts = {key: _parse_text(entry.get(key), f"{place}.{key}") for key in _KEYS}
    if not (texts["owner"] or texts["repository"] or texts["tool"]):
        raise InputError(f"{place}: it names no owner; give at least one of owner, tool and repository")
    write = texts["write"] or Write.REFUSE.value
    if write not in list(Write):
        raise InputError(f"{place}.write: {write!r} is not allowed; allowed are {', '.join(sorted(Write))}")
    return DeclaredOwner(
        pattern=_parse_pattern(texts["arn"], texts["account"], place),
        owner=texts["owner"],
        tool=texts["tool"],
        repository=texts["repository"],
        write=Write(write),
        number=number,
    )


def _parse_pattern(arn: str, account: str, place: str) -> str:
    """The glob for ARNs that an entry gives, whole or by its account."""
    if bool(arn) == bool(account):
        raise InputError(f"{place}: give either arn, such as {_EXAMPLE}, or account, such as 1111*")
    if account:
        return f"arn:*:iam::{parse_account(account, f'{place}.account')}:*"
    if not _ARN.fullmatch(arn):
        raise InputError(
            f"{place}.arn: {arn!r} is not allowed; allowed is a glob for ARNs of roles, users, groups and policies, "
            f"such as {_EXAMPLE}"
        )
    return arn


def parse_account(value: t.Any, place: str) -> str:
    """Parse the id of an account, or a glob for ids.

    :raises InputError: it is neither. The message begins with ``place``.
    """
    account = _unquote_account(value)
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise InputError(f"{place}: {account!r} is not allowed; allowed are 12 digits in quotes, or a glob")
    return account


def _unquote_account(value: t.Any) -> t.Any:
    """An account id without quotes is a number in YAML. Zeros at its beginning are gone then."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _parse_text(value: t.Any, place: str) -> str:
    if value is None:
        return ""
    if place.endswith(".account"):
        value = _unquote_account(value)
    if not isinstance(value, str):
        raise InputError(f"{place}: {value!r} is not allowed; allowed is a text")
    if _UNSEEN.search(value):
        raise InputError(f"{place}: {value!r} is not allowed; allowed is a text of one line")
    return value.strip()
