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
_BELONGING: t.Final = re.compile(" (?:of|to|from) ")
_CONSONANT_Y: t.Final = re.compile("[^aeiou]y$")
_GLOBAL: t.Final = "global"
# So many names are listed in one sentence, and so many changes that alter somebody's access have one each.
_NAMES: t.Final = 4
_SINGLE: t.Final = 20
_STATUS_VERBS: t.Final = {"Active": "activate", "Inactive": "deactivate"}
_ROOT: t.Final = ":root"
_PASSWORD: t.Final = "console password"
_KINDS: t.Final = {
    "login_profile": _PASSWORD,
    "mfa_device": "MFA device",
    "password": _PASSWORD,
    "ssh_public_key": "SSH public key",
}


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


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of changes: those with the same verb that are made to the same kind of thing can be counted together."""

    verb: str
    thing: str

    def count(self, number: int) -> str:
        """The kind as the start of a sentence about so many changes."""
        return f"{self.verb} {plural(number, _make_plural(self.thing))}" if self.thing else self.verb


def name_kind(change: Item) -> tuple[Kind, str]:
    """The kind of a change, and the name of the thing that it is made to."""
    act = _describe(change)
    return Kind(act.verb, act.noun or (_name_thing(change["operation"]) if act.name else "")), act.name


def _name_thing(operation: str) -> str:
    """The thing that an operation is made to: ``UpdateAccessKey`` to an access key."""
    return _THINGS.get(operation) or _split(operation.removeprefix("Batch"))[1]


def describe_changes(changes: Sequence[Item], findings: Iterable[Item]) -> list[str]:
    """Describe changes, in their order.

    A change that alters somebody's access has a sentence of its own, with the detail of the first finding that it
    remedies. The others of one operation share a sentence. Of very many, those that can't be undone come first.
    """
    details = {finding["fingerprint"]: str(finding["detail"]) for finding in findings}
    single: list[str] = []
    shared: dict[tuple[str, str], list[_Act]] = {}
    apart = _choose_single(changes)
    for place, change in enumerate(changes):
        act = _describe(change)
        if place in apart:
            reason = next((details[one] for one in change.get("remedies") or () if one in details), "")
            single.append(f"{act}: {reason}" if reason else str(act))
        else:
            shared.setdefault((act.verb, act.noun), []).append(act)
    return [*single, *(_join(acts) for acts in shared.values())]


def _choose_single(changes: Sequence[Item]) -> frozenset[int]:
    """Choose the places of the changes that have a sentence of their own."""
    places = [place for place, change in enumerate(changes) if change.get("affects")]
    places.sort(key=lambda place: changes[place].get("reversible") is not False)
    return frozenset(places[:_SINGLE])


def _join(acts: Sequence[_Act]) -> str:
    """One sentence for acts of one kind: their number, the names of some, and the regions."""
    if len(acts) == 1:
        return str(acts[0])
    regions = ", ".join(sorted({act.region for act in acts if act.region}))
    names = join_names([name for name in dict.fromkeys(act.name for act in acts) if name], _NAMES)
    what = f"{acts[0].verb} {plural(len(acts), _make_plural(acts[0].noun))}" if acts[0].noun else acts[0].verb
    return f"{what}{f' in {regions}' if regions else ''}{f': {names}' if names else ''}"


def _make_plural(noun: str) -> str:
    """The plural of a noun, or of the part before what belongs to it: ``recorders of AWS Config``."""
    belonging = _BELONGING.search(noun)
    head = noun[: belonging.start()] if belonging else noun
    several = f"{head[:-1]}ies" if _CONSONANT_Y.search(head) else head if head.endswith("s") else f"{head}s"
    return several + noun[len(head) :]


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
    name = _KINDS.get(kind, kind.replace("_", " "))
    # A user has one password at most. Its id is the name of the user, or a word.
    identifier = None if name == _PASSWORD else _side(change, "id")
    return f"{name}{f' {identifier}' if identifier else ''} of {_owner(change)}"


def _owner(change: Item) -> str:
    target = str(change["target"])
    if target.endswith(_ROOT):
        return f"the root user of {target.removesuffix(_ROOT).rpartition(':')[2]}"
    return _principal(change).partition(" ")[2]


_Found = t.Optional[_Act]


def _set_credential(change: Item, _match: re.Match[str]) -> _Found:
    verb = _STATUS_VERBS.get(str(_side(change, "status")))
    return _Act(verb, "", _credential(change)) if verb else None


def _delete_credential(change: Item, match: re.Match[str]) -> _Found:
    return _Act("deactivate" if match[0].endswith(":DeactivateMFADevice") else "delete", "", _credential(change))


def _mark_credential(change: Item, match: re.Match[str]) -> _Found:
    if match[1] == "Untag":
        return _Act("remove the mark of", "", _credential(change)) if _side(change, "kind") else None
    stage = change["after"].get("stage") if isinstance(change["after"], Mapping) else None
    return _Act("mark", "", f"{_credential(change)} as {stage}") if stage else None


def _policy_version(change: Item, _match: re.Match[str]) -> _Found:
    version = _side(change, "version")
    return _Act("delete", "policy version", f"{version} of {_short_name(change['target'])}") if version else None


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
    return _Act("set", "", f"the account password policy{_list_values(change, lambda name: name.replace('_', ' '))}")


def _list_values(change: Item, show: Callable[[str], str] = str) -> str:
    """The values that differ after the change, in parentheses. A value that is left out is none afterwards."""
    old, new = (state if isinstance(state, Mapping) else {} for state in (change["before"], change["after"]))
    names = [name for name in {**new, **old} if new.get(name) != old.get(name)]
    parts = ", ".join(f"{show(str(name))} {_word(new.get(name))}" for name in names)
    return f" ({parts})" if parts else ""


def _word(value: t.Any) -> str:
    return {True: "on", False: "off", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)


def _event_target(change: Item, match: re.Match[str]) -> _Found:
    verb = "set" if match[1] == "Put" else "remove"
    return _Act(verb, "event target", _short_name(change["target"]).replace(" target ", " to "), change["region"])


def _event_rule(change: Item, _match: re.Match[str]) -> _Found:
    note = " (disabled)" if _side(change, "state") == "DISABLED" else ""
    return _Act("set", "event rule", f"{_short_name(change['target'])}{note}", change["region"])


def _hub(change: Item, match: re.Match[str]) -> _Found:
    return _Act(_HUB[match[1]], "", "", change["region"])


def _hub_controls(change: Item, _match: re.Match[str]) -> _Found:
    controls = _side(change, "controls")
    if not isinstance(controls, Mapping):
        return None
    by_status: dict[str, list[str]] = {}
    for control, status in controls.items():
        by_status.setdefault(str(status).lower(), []).append(str(control))
    said = "; ".join(f"{status}: {join_names(names, _NAMES)}" for status, names in sorted(by_status.items()))
    name = f"{_short_name(change['target'])}{f' ({said})' if said else ''}"
    return _Act("set controls of", "Security Hub standard", name, change["region"])


def _hub_parameters(change: Item, _match: re.Match[str]) -> _Found:
    name = f"{_short_name(change['target'])}{_list_values(change)}"
    return _Act("set parameters of", "Security Hub control", name, change["region"])


def _hub_findings(change: Item, _match: re.Match[str]) -> _Found:
    """The investigation of findings ends or begins again. One sentence may be of several regions, so each is named."""
    after = change["after"]
    statuses = {str(status) for status in after.values() if status} if isinstance(after, Mapping) else set()
    if not statuses:
        return None
    shown = ", ".join(sorted(statuses))
    return _Act("set", "", f"{plural(len(after), 'findings')} in Security Hub to {shown} in {change['region']}")


def _organization_policy(change: Item, match: re.Match[str]) -> _Found:
    name, kind = _side(change, "policy"), _side(change, "type")
    return _Act(match[1].lower(), "organization policy", f"{name} ({kind})") if name and kind else None


def _policy_type(change: Item, _match: re.Match[str]) -> _Found:
    return _Act("enable", "", str(change["target"]))


def _organization_attachment(change: Item, match: re.Match[str]) -> _Found:
    name, identifier = _side(change, "where"), _side(change, "attached_to")
    # Others choose the names of accounts and units.
    node = f"{name} ({identifier})" if name and identifier and name != identifier else name or identifier
    verb, preposition = ("attach", "to") if match[1] == "Attach" else ("detach", "from")
    policy = _side(change, "policy")
    return _link(verb, policy and f"policy {policy}", preposition, node)


def _sign_in_sessions(change: Item, _match: re.Match[str]) -> _Found:
    sessions = _side(change, "sessions")
    count = len(sessions) if isinstance(sessions, Mapping) else 0
    noun = "sign-in session" if count == 1 else "sign-in sessions"
    return _Act("revoke", "", f"{count or 'the'} {noun} of {_principal(change)}", change["region"])


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
        (r"iam:(Tag|Untag)User", _mark_credential),
        (r"iam:DeletePolicyVersion", _policy_version),
        (r"iam:(Attach|Detach)(?:User|Role|Group)Policy", _attach),
        (r"iam:(Put|Delete)(?:User|Role|Group)Policy", _inline),
        (r"iam:(Put|Delete)(?:User|Role)PermissionsBoundary", _boundary),
        (r"iam:(AddUserTo|RemoveUserFrom)Group", _membership),
        (r"iam:(Update|Delete)AccountPasswordPolicy", _password_policy),
        (r"organizations:(Attach|Detach)Policy", _organization_attachment),
        (r"organizations:EnablePolicyType", _policy_type),
        (r"organizations:(Create|Update|Delete)Policy", _organization_policy),
        (r"organizations:(Tag|Untag)Resource", _organization_policy),
        (r"events:PutRule", _event_rule),
        (r"events:(Put|Remove)Targets", _event_target),
        (r"securityhub:BatchUpdateStandardsControlAssociations", _hub_controls),
        (r"securityhub:UpdateSecurityControl", _hub_parameters),
        (r"securityhub:BatchUpdateFindings", _hub_findings),
        (r"signin:BatchRevokeSessions", _sign_in_sessions),
        (r"securityhub:(EnableSecurityHub|DisableSecurityHub|BatchImportFindings)", _hub),
    )
)
# The things of operations whose own names say another one.
_THINGS: t.Final[Mapping[str, str]] = {
    **dict.fromkeys(("TagUser", "UntagUser"), "credential"),
    **{f"{verb}{kind}Policy": "policy" for verb in ("Attach", "Detach") for kind in ("User", "Role", "Group")},
    **dict.fromkeys(("AttachPolicy", "DetachPolicy"), "policy"),
    "DeleteLoginProfile": _PASSWORD,
    "DeactivateMFADevice": "MFA device",
    "BatchRevokeSessions": "sign-in session",
}
# The verb and the noun of operations whose own names read badly.
_NOUNS: t.Final[Mapping[str, tuple[str, str]]] = {
    "config:PutConfigRule": ("set", "AWS Config rule"),
    "config:PutOrganizationConfigRule": ("set", "AWS Config rule of the organization"),
    "config:PutConfigurationRecorder": ("set", "recorder of AWS Config"),
    "config:PutDeliveryChannel": ("set", "delivery channel of AWS Config"),
    "events:PutPermission": ("set", "permission of event bus"),
    "iam:CreatePolicyVersion": ("write", "new version of policy"),
    "securityhub:BatchEnableStandards": ("enable", "Security Hub standard"),
    "securityhub:BatchDisableStandards": ("disable", "Security Hub standard"),
    "securityhub:BatchUpdateStandardsControlAssociations": ("set controls of", "Security Hub standard"),
    "sns:Publish": ("send", "notice to the owner"),
}
