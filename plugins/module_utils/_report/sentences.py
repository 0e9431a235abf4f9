# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes as sentences about the account: "deactivate access key …7Q2M of svc-backup".

The requests themselves are in ``plan.json``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from .._controls.control import plural
from .plain import join_names

Item = Mapping[str, t.Any]

_WORD: t.Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_GLOBAL: t.Final = "global"
# So many names are listed in one sentence, and so many changes that alter somebody's access have one each.
_NAMES: t.Final = 4
_SINGLE: t.Final = 20
_STATUS_VERBS: t.Final = {"Active": "activate", "Inactive": "deactivate"}
_KINDS: t.Final = {"access_key": "access key", "password": "console password", "login_profile": "console password"}


@dataclasses.dataclass(frozen=True)
class _Act:
    """A verb, a noun where many acts share one, the name of the thing that it is done to, and the region."""

    verb: str
    noun: str
    name: str
    region: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.noun, self.name, self.region and f"in {self.region}")))


def describe_change(change: Item) -> str:
    """Describe one change, without its reason."""
    return str(_describe(change))


def describe_changes(changes: Sequence[Item], findings: Iterable[Item]) -> list[str]:
    """Describe changes, in their order.

    A change that alters somebody's access has a sentence of its own, with the detail of the first finding that it
    remedies. The others of one operation share a sentence.
    """
    details = {finding["fingerprint"]: str(finding["detail"]) for finding in findings}
    single: list[str] = []
    shared: dict[tuple[str, str], list[_Act]] = {}
    for change in changes:
        act = _describe(change)
        if change.get("affects") and len(single) < _SINGLE:
            reason = next((details[one] for one in change.get("remedies") or () if one in details), "")
            single.append(f"{act}: {reason}" if reason else str(act))
        else:
            shared.setdefault((act.verb, act.noun), []).append(act)
    return [*single, *(_join(acts) for acts in shared.values())]


def _join(acts: Sequence[_Act]) -> str:
    """One sentence for acts of one kind: their number, the names of some, and the regions."""
    if len(acts) == 1:
        return str(acts[0])
    regions = ", ".join(sorted({act.region for act in acts if act.region}))
    names = join_names([name for name in dict.fromkeys(act.name for act in acts) if name], _NAMES)
    what = f"{acts[0].verb} {plural(len(acts), _make_plural(acts[0].noun))}" if acts[0].noun else acts[0].verb
    return f"{what}{f' in {regions}' if regions else ''}{f': {names}' if names else ''}"


def _make_plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else noun if noun.endswith("s") else f"{noun}s"


def _describe(change: Item) -> _Act:
    name = f"{change['service']}:{change['operation']}"
    for pattern, describe in _SPECIAL:
        match = pattern.fullmatch(name)
        found = describe(change, match) if match else None
        if found:
            return found
    verb, noun = _NOUNS.get(name) or _split(change["operation"])
    return _Act(verb, noun, _short_name(change["target"]), "" if change["region"] == _GLOBAL else change["region"])


def _split(operation: str) -> tuple[str, str]:
    """``CreateAnalyzer`` as verb and noun."""
    words = [word if word.isupper() else word.lower() for word in _WORD.findall(operation)]
    return words[0], " ".join(words[1:])


def _short_name(target: t.Any) -> str:
    """The name at the end of an ARN, with what follows it (``… statement x``); any other target as it is."""
    arn, separator, rest = str(target).partition(" ")
    tail = arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
    kind, slash, name = tail.partition("/")
    return f"{name if slash and kind else tail}{separator}{rest}"


def _principal(change: Item) -> str:
    """``user dev-bob``: the kind and the name without its path."""
    kind, _slash, path = str(change["target"]).split(":", 5)[-1].partition("/")
    return f"{kind} {path.rpartition('/')[2].partition(' ')[0]}"


def _name_policy(value: t.Any) -> str:
    text = str(value or "")
    return text.partition(":policy/")[2] or text


def _side(change: Item, name: str) -> t.Any:
    """A member of the state after the change, else of the one before."""
    for state in (change["after"], change["before"]):
        if isinstance(state, Mapping) and state.get(name) is not None:
            return state[name]
    return None


def _credential(change: Item) -> str:
    kind = str(_side(change, "kind") or "credential")
    identifier = _side(change, "id")
    user = _principal(change).partition(" ")[2]
    return f"{_KINDS.get(kind, kind.replace('_', ' '))}{f' {identifier}' if identifier else ''} of {user}"


_Found = t.Optional[_Act]


def _set_credential(change: Item, _match: re.Match[str]) -> _Found:
    verb = _STATUS_VERBS.get(str(_side(change, "status")))
    return _Act(verb, "", _credential(change)) if verb else None


def _delete_credential(change: Item, _match: re.Match[str]) -> _Found:
    return _Act("delete", "", _credential(change))


def _mark_credential(change: Item, _match: re.Match[str]) -> _Found:
    stage = change["after"].get("stage") if isinstance(change["after"], Mapping) else None
    return _Act("mark", "", f"{_credential(change)} as {stage}") if stage else None


def _attach(change: Item, match: re.Match[str]) -> _Found:
    verb, preposition = ("attach", "to") if match[1] == "Attach" else ("detach", "from")
    return _link(verb, _name_policy(_side(change, "policy")), preposition, _principal(change))


def _inline(change: Item, match: re.Match[str]) -> _Found:
    policy = _side(change, "inline_policy") or str(change["target"]).partition(" policy ")[2]
    return _Act("write" if match[1] == "Put" else "delete", "inline policy", f"{policy} of {_principal(change)}")


def _boundary(change: Item, match: re.Match[str]) -> _Found:
    if match[1] == "Delete":
        return _Act("remove", "", f"the permissions boundary of {_principal(change)}")
    return _Act("set", "permissions boundary", f"{_name_policy(_side(change, 'boundary'))} of {_principal(change)}")


def _membership(change: Item, match: re.Match[str]) -> _Found:
    verb, preposition = ("add", "to") if match[1] == "AddUserTo" else ("remove", "from")
    group = _side(change, "group")
    return _link(verb, _principal(change), preposition, group and f"group {group}")


def _password_policy(change: Item, match: re.Match[str]) -> _Found:
    if match[1] == "Delete":
        return _Act("delete", "", "the account password policy")
    old, new = (state if isinstance(state, Mapping) else {} for state in (change["before"], change["after"]))
    parts = [f"{name.replace('_', ' ')} {_word(value)}" for name, value in new.items() if value != old.get(name)]
    return _Act("set", "", f"the account password policy ({', '.join(parts)})")


def _word(value: t.Any) -> str:
    return {True: "on", False: "off", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)


def _event_target(change: Item, match: re.Match[str]) -> _Found:
    verb = "set" if match[1] == "Put" else "remove"
    return _Act(verb, "event target", _short_name(change["target"]).replace(" target ", " to "), change["region"])


def _hub(change: Item, match: re.Match[str]) -> _Found:
    return _Act(_HUB[match[1]], "", "", change["region"])


def _organization_attachment(change: Item, match: re.Match[str]) -> _Found:
    node = _side(change, "where") or _side(change, "attached_to")
    verb, preposition = ("attach", "to") if match[1] == "Attach" else ("detach", "from")
    policy = _side(change, "policy")
    return _link(verb, policy and f"policy {policy}", preposition, node)


def _link(verb: str, thing: t.Any, preposition: str, to: t.Any) -> _Found:
    return _Act(verb, "", f"{thing} {preposition} {to}") if thing and to else None


_HUB: t.Final = {
    "EnableSecurityHub": "enable Security Hub",
    "DisableSecurityHub": "disable Security Hub",
    "BatchImportFindings": "send findings to Security Hub",
}
_CREDENTIALS: t.Final = "(AccessKey|ServiceSpecificCredential|SSHPublicKey|SigningCertificate)"
# The operations whose sentences need more than the target.
_SPECIAL: t.Final[tuple[tuple[re.Pattern[str], Callable[[Item, re.Match[str]], _Found]], ...]] = tuple(
    (re.compile(pattern), describe)
    for pattern, describe in (
        (f"iam:Update{_CREDENTIALS}", _set_credential),
        (f"iam:Delete{_CREDENTIALS}|iam:DeleteLoginProfile|iam:DeactivateMFADevice", _delete_credential),
        (r"iam:TagUser", _mark_credential),
        (r"iam:(Attach|Detach)(?:User|Role|Group)Policy", _attach),
        (r"iam:(Put|Delete)(?:User|Role|Group)Policy", _inline),
        (r"iam:(Put|Delete)(?:User|Role)PermissionsBoundary", _boundary),
        (r"iam:(AddUserTo|RemoveUserFrom)Group", _membership),
        (r"iam:(Update|Delete)AccountPasswordPolicy", _password_policy),
        (r"organizations:(Attach|Detach)Policy", _organization_attachment),
        (r"events:(Put|Remove)Targets", _event_target),
        (r"securityhub:(EnableSecurityHub|DisableSecurityHub|BatchImportFindings)", _hub),
    )
)
# The verb and the noun of operations whose own names read badly.
_NOUNS: t.Final[Mapping[str, tuple[str, str]]] = {
    "config:PutConfigRule": ("set", "AWS Config rule"),
    "config:PutOrganizationConfigRule": ("set", "AWS Config rule of the organization"),
    "config:PutConfigurationRecorder": ("set", "recorder of AWS Config"),
    "config:PutDeliveryChannel": ("set", "delivery channel of AWS Config"),
    "events:PutPermission": ("set", "permission of event bus"),
    "events:PutRule": ("set", "event rule"),
    "iam:CreatePolicyVersion": ("write", "new version of policy"),
    "securityhub:BatchEnableStandards": ("enable", "Security Hub standard"),
    "securityhub:BatchDisableStandards": ("disable", "Security Hub standard"),
    "securityhub:BatchUpdateStandardsControlAssociations": ("set", "controls of Security Hub standard"),
    "sns:Publish": ("send", "notice to the owner"),
}
