# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the owner of a role is handed out: the patch that gives it the new policies, or its old ones again. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ...._account.model import Role
from ...._converge.change import Change
from ...._converge.identity_changes import IdentityWriter
from ...._converge.ownership.declared import find_language
from ...._converge.ownership.owner import Confidence, Owner, Place
from ...._report.least_privilege_templates import MANAGED, NO_TEMPLATE
from ...._report.role_patches import RolePatch, render_cloudformation, render_terraform
from ..changes import PATH, ChangeKind
from ..dossier import Dossier
from .before import Comparison, Contents

TERRAFORM: t.Final = "terraform"
CLOUDFORMATION: t.Final = "cloudformation"
#: By language: its name for people, and the file of a patch in it.
LANGUAGES: t.Final[Mapping[str, tuple[str, str]]] = {
    TERRAFORM: ("Terraform", "patch.tf"),
    CLOUDFORMATION: ("CloudFormation", "patch.yaml"),
}
_INLINE: t.Final = "inline"
_SURENESS: t.Final = {Confidence.CERTAIN: "", Confidence.LIKELY: " (likely)", Confidence.HINT: " (a tag says so)"}
_CDK: t.Final = (
    "In the CDK app, the role is the construct with this logical id. Add the new resources as CfnManagedPolicy,",
    "and set the two properties of the role by addPropertyOverride.",
)
_SAM: t.Final = (
    "If AWS SAM makes the role for a function, the template has no such resource: change Policies of the function.",
)


@dataclasses.dataclass(frozen=True)
class Handout:
    """A patch for the owner of a role.

    ``texts`` has it by language: in the one of its owner, or in all of them where that is not known. ``to`` is where
    the owner changes the role, and ``problem`` why there is no text. ``folder`` is where the files are in the reports,
    empty if there are none. ``returns_admin``: the role is an administrator with it.
    """

    texts: Mapping[str, str]
    language: str = ""
    to: str = ""
    problem: str = ""
    folder: str = ""
    returns_admin: bool = False

    @property
    def patch(self) -> t.Optional[dict[str, str]]:
        """The patch for results and reports; None if nobody knows its language, or it can't be written."""
        text = self.texts.get(self.language)
        return {"language": LANGUAGES[self.language][0], "text": text, "to": self.to} if text else None

    @property
    def files(self) -> dict[str, str]:
        """The texts by the names of their files; empty for the file of a language that the owner does not use."""
        return {name: self.texts.get(language, "") for language, (_words, name) in LANGUAGES.items()}

    @property
    def next(self) -> str:
        """The next step, for people."""
        if self.problem:
            return f"let the owner change the role: {self.problem}"
        if self.language:
            place = f"{self.folder}/{LANGUAGES[self.language][1]} of the reports" if self.folder else "the patch"
            return f"let the owner apply {place}; it belongs to {self.to}"
        if not self.folder:
            return (
                "declare the owner and its tool in hardening_owners, or set report_dir to get patches in all languages"
            )
        names = " or ".join(f"{name} ({words})" for words, name in LANGUAGES.values())
        who = f"there is no patch in the language of the owner ({self.to})" if self.to else "the owner is not known"
        return f"{who}: let the owner apply {names} in {self.folder} of the reports, or declare it in hardening_owners"


@dataclasses.dataclass(frozen=True)
class OwnedRole:
    """A role with all that its patch is made of.

    ``last`` is the ARN of AdministratorAccess. ``is_applied``: the role may do what the new policies allow, and nothing
    else.
    """

    role: Role
    contents: Contents
    dossier: Dossier
    owner: Owner
    campaign: str
    last: str
    folder: str = ""
    is_applied: bool = False

    @property
    def comparison(self) -> Comparison:
        """The role held against old and new policies."""
        dossier = self.dossier
        return Comparison(self.role, self.contents, dossier.policies, dossier.before, is_applied=self.is_applied)

    def sort(self, arns: Iterable[str]) -> tuple[str, ...]:
        """Sort managed policies, AdministratorAccess as the last."""
        return tuple(sorted(arns, key=lambda arn: (arn == self.last, arn)))

    @property
    def account_id(self) -> str:
        """The account of the role."""
        return self.role.arn.split(":")[4]


def hand_out_new(owned: OwnedRole) -> Handout:
    """Hand out the patch that gives a role the new policies and takes all others, AdministratorAccess as the last."""
    names = {policy.name for policy in owned.dossier.policies if not policy.is_managed}
    arns = {f"{PATH}{policy.name}" for policy in owned.dossier.policies if policy.is_managed}
    compared = owned.comparison
    attached = [
        arn
        for arn in owned.role.attached_policies
        if _path_of(arn) not in arns and not compared.has_new_content(owned.contents.get(arn))
    ]
    inline = [
        item.name
        for item in owned.role.inline_policies
        if item.name not in names and not compared.has_new_content(item.document)
    ]
    return _hand_out(
        owned,
        f"Right-sizing of role {owned.role.name}: new policies, and no others.",
        documents=tuple(_describe(policy.name, policy.content, policy.is_managed) for policy in owned.dossier.policies),
        removed=_remove(owned, attached, inline),
        deleted=_list_deleted(compared, attached),
    )


def hand_out_old(owned: OwnedRole, *, returns_admin: bool) -> Handout:
    """Hand out the patch that gives a role its old policies again, and takes the new ones."""
    before, compared = owned.dossier.before, owned.comparison
    if before is None:
        return Handout({}, problem="its old policies are not known")
    given = compared.given
    rest = [arn for arn in owned.role.attached_policies if arn not in given.attached]
    # A policy that its owner has deleted, or that it gave the new content, comes back with its old content.
    made = [arn for arn in compared.missing if before.attached[arn] is not None and _is_changed(owned, arn)]
    inline = {
        **{item.name: item.document for item in owned.role.inline_policies if item.name not in given.inline},
        **before.inline,
    }
    kept = {arn for arn in (*before.attached, *rest) if arn not in made}
    taken = [arn for arn in given.attached if arn not in before.attached]
    admin = " It is an administrator with them." if returns_admin else ""
    found = _hand_out(
        owned,
        f"The way back of right-sizing: role {owned.role.name} gets its old policies again.{admin}",
        documents=(
            *(_describe(name, before.inline[name], False) for name in compared.missing_inline),
            *(_describe(arn, before.attached[arn], True) for arn in made),
        ),
        attached=owned.sort(arn for arn in compared.missing if arn not in made),
        removed=_remove(owned, taken, [name for name in given.inline if name not in before.inline]),
        deleted=_list_deleted(compared, taken),
        managed=owned.sort(kept),
        inline=inline,
    )
    return dataclasses.replace(found, returns_admin=returns_admin)


def _is_changed(owned: OwnedRole, arn: str) -> bool:
    return arn not in owned.contents or arn in owned.role.attached_policies


def _describe(name: str, content: t.Any, is_managed: bool) -> dict[str, t.Any]:
    """Describe a policy by its name, or by its ARN, as the templates do."""
    path, _slash, plain = _path_of(name).rpartition("/") if ":" in name else ("", "", name)
    own = {"path": f"{path}/"} if ":" in name else {}
    return {"name": plain, "kind": MANAGED if is_managed else _INLINE, "document": content, **own}


def _path_of(arn: str) -> str:
    """The path and name of a managed policy, which begins with a slash."""
    return arn.partition(":policy")[2]


def _list_deleted(compared: Comparison, arns: list[str]) -> tuple[str, ...]:
    """List the policies of the campaign among those that are taken: nobody else has them."""
    names = [_path_of(arn) for arn in arns]
    return tuple(
        name.removeprefix(PATH)
        for name in names
        if name.startswith(PATH) and compared.is_named(name.removeprefix(PATH))
    )


def _remove(owned: OwnedRole, attached: list[str], inline: list[str]) -> tuple[Change, ...]:
    writer = IdentityWriter(owned.account_id, ChangeKind.REPLACE.value)
    contents = {item.name: item.document or {} for item in owned.role.inline_policies}
    return (
        *(writer.delete_inline(owned.role.arn, name, contents[name]) for name in sorted(inline)),
        *(writer.detach(owned.role.arn, arn) for arn in owned.sort(attached)),
    )


def _hand_out(owned: OwnedRole, title: str, **fields: t.Any) -> Handout:
    owner = owned.owner
    place = owner.place or Place("")
    language = place.language or find_language(owner.tool)
    to = f"{place.text}{_SURENESS[owner.confidence]}" if owner.confidence in _SURENESS else ""
    where = f"For {to}." if to else "Its owner is not known."
    head = (title, f"{where} Made for the campaign {owned.campaign}; read it before you apply it.")
    patch = RolePatch(owned.role.arn, place, head, _list_notes(owner), **fields)
    texts = {TERRAFORM: render_terraform(patch), CLOUDFORMATION: render_cloudformation(patch)}
    found = {name: text for name, text in texts.items() if text and language in (name, "")}
    problem = NO_TEMPLATE if language == CLOUDFORMATION and not found else ""
    return Handout(found, language, to, problem, owned.folder)


def _list_notes(owner: Owner) -> tuple[str, ...]:
    tool = owner.tool.lower()
    return _CDK if tool.endswith("cdk") else _SAM if tool.endswith("sam") else ()
