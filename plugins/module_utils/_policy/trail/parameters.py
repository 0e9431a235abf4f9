# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The parameters of a request, as CloudTrail records them, looked up by name.

CloudTrail writes names in its own case (``dBInstanceIdentifier``), lists of the EC2 query API as sets
(``{"items": [{"instanceId": …}]}``), and some newer EC2 requests below one more level (``CreateNatGatewayRequest``).
It leaves parameters out that are too large, and hides some values.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

# No request in use is nested deeper.
_DEEPEST: t.Final = 12
_HIDDEN: t.Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
# Values below these names are no resources: tags may be called anything, and filters only search.
_OTHER_NAMES: t.Final = frozenset(
    {"tag", "tags", "tagset", "taglist", "tagspecification", "tagspecificationset", "tagspecifications"}
    | {"filter", "filters", "filterset", "environment", "encryptioncontext"}
)


# Stands among the names that were looked up for a search in all of a request.
SEARCHED: t.Final = "(searched)"


class Parameters:
    """The parameters of a request. Names are in lower case.

    ``is_whole`` is False where CloudTrail recorded no parameters, or left them out because they were too large. Then
    the absence of a parameter shows nothing. ``was_cut`` is the latter: the request had parameters.
    """

    __slots__ = ("_nested", "asked", "is_whole", "top", "was_cut")

    def __init__(self, value: t.Any) -> None:
        given = value if isinstance(value, dict) else {}
        if len(given) == 1:
            ((name, inner),) = given.items()
            if str(name).endswith("Request") and isinstance(inner, dict):
                given = inner
        self.was_cut: t.Final = "omitted" in given
        self.is_whole: t.Final = isinstance(value, dict) and not self.was_cut
        self.top: t.Final[dict[str, t.Any]] = {str(name).lower(): inner for name, inner in given.items()}
        self._nested: t.Optional[dict[str, list[str]]] = None
        # The names that were looked up: nothing else of a request decides, but for ARNs and nested values.
        self.asked: t.Final[set[str]] = set()

    @property
    def has_list(self) -> bool:
        """Whether one of the parameters itself is a list."""
        self.asked.add(SEARCHED)
        return any(isinstance(value, list) for value in self.top.values())

    def texts(self, name: str) -> list[str]:
        """The texts that the parameter itself has: one, or those of a list. Hidden and empty ones are left out."""
        self.asked.add(name)
        return self._texts(name)

    def list_direct_texts(self) -> list[str]:
        """List the texts of all parameters themselves, without those that are nested."""
        self.asked.add(SEARCHED)
        return [text for name in self.top for text in self._texts(name)]

    def is_given(self, name: str) -> bool:
        """Whether a request has a parameter, empty or not."""
        self.asked.add(name)
        return name in self.top

    def list_members(self, name: str) -> list[t.Any]:
        """List the members of a parameter that is a list, of whatever form."""
        self.asked.update({SEARCHED, name})
        value = self.top.get(name)
        return value if isinstance(value, list) else []

    def list_texts_in(self, outer: str, name: str) -> list[str]:
        """List the texts of a parameter right below another one."""
        self.asked.update({SEARCHED, outer, name})
        value = self.top.get(outer)
        members = value.items() if isinstance(value, dict) else ()
        return [text for key, text in members if str(key).lower() == name and isinstance(text, str) and text]

    def list_keys(self, name: str) -> list[str]:
        """List the keys of a parameter that is a map."""
        self.asked.add(name)
        value = self.top.get(name)
        return [key for key in value if isinstance(key, str) and key] if isinstance(value, dict) else []

    def _texts(self, name: str) -> list[str]:
        value = self.top.get(name)
        if isinstance(value, str):
            return [value] if value and value != _HIDDEN else []
        if isinstance(value, dict) and "tag" in value and isinstance(value.get("content"), str):
            return [value["content"]]
        if isinstance(value, list):
            return [text for text in value if isinstance(text, str) and text and text != _HIDDEN]
        return []

    def find_nested(self, name: str) -> list[str]:
        """Find the texts of a parameter of this name at any depth, without those below tags and filters."""
        self.asked.add(SEARCHED)
        self.asked.add(name)
        if self._nested is None:
            self._nested = {}
            for key, value in self.top.items():
                if key not in _OTHER_NAMES:
                    _gather(value, key, self._nested, 0)
        return self._nested.get(name, [])

    def list_all(self) -> dict[str, list[str]]:
        """List all texts by the name of their parameter, at any depth, without those below tags and filters."""
        self.find_nested("")
        return self._nested or {}

    def has(self, path: str) -> bool:
        """Whether a parameter is there and not empty. ``a.b`` is the parameter ``b`` below ``a``."""
        first, dot, rest = path.partition(".")
        self.asked.add(first)
        value = self.top.get(first)
        if dot:
            return any(_has_key(value, name, 0) for name in (rest,))
        return not _is_empty(value)


def _gather(value: t.Any, name: str, found: dict[str, list[str]], depth: int) -> None:
    if isinstance(value, str):
        if value and value != _HIDDEN:
            found.setdefault(name, []).append(value)
    elif depth >= _DEEPEST:
        return
    elif isinstance(value, list):
        for member in value:
            _gather(member, name, found, depth + 1)
    elif isinstance(value, dict):
        if "tag" in value and isinstance(value.get("content"), str):
            found.setdefault(name, []).append(value["content"])
            return
        for key, member in value.items():
            lower = str(key).lower()
            if lower not in _OTHER_NAMES:
                _gather(member, lower, found, depth + 1)


def _has_key(value: t.Any, name: str, depth: int) -> bool:
    """Whether a structure has a key, in lower case, with something in it. What is nested too deep may have it."""
    if depth >= _DEEPEST:
        return True
    if isinstance(value, list):
        return any(_has_key(member, name, depth + 1) for member in value)
    if not isinstance(value, dict):
        return False
    for key, member in value.items():
        if str(key).lower() == name and not _is_empty(member):
            return True
        if _has_key(member, name, depth + 1):
            return True
    return False


def _is_empty(value: t.Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, dict) and value.get("items") == [])


def list_texts(value: t.Any, depth: int = 0) -> Iterator[str]:
    """All texts in a structure."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from list_texts(member, depth + 1)


def list_texts_below(value: t.Any, wanted: frozenset[str], depth: int = 0) -> Iterator[str]:
    """All texts at or below the parameters with one of the names, which are in lower case."""
    if depth >= _DEEPEST or not isinstance(value, (dict, list)):
        return
    if isinstance(value, list):
        for member in value:
            yield from list_texts_below(member, wanted, depth + 1)
        return
    for key, member in value.items():
        if str(key).lower() in wanted:
            yield from (text for text in list_texts(member) if text)
        else:
            yield from list_texts_below(member, wanted, depth + 1)
