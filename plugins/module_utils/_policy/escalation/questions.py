# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The questions that the search for privilege escalation asks of policies: may somebody do something, and on what.

An answer is None for no; else it holds what it depends on, which is nothing for a plain yes. A request is judged with
what an attacker does not choose filled in, and with what is not known left open.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterable, Iterator

from ..documents.arn import lacks_parts
from ..documents.policy import Condition, Policy, Statement
from ..evaluation.context import Context
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..evaluation.matching import covers, overlaps, resource_matcher
from ..evaluation.variables import VERSION
from .landscape import Landscape, Subject, SubjectKind
from .layers import TAG, ReadyLayers, Relevance, all_policies, variables

# The doubts of an answer: condition keys, and sentences on what must be so.
Doubts = frozenset[str]

# A condition key in lower case with its value, or None where the request does not have it.
Keys = tuple[tuple[str, t.Union[str, tuple[str, ...], None]], ...]

CERTAIN: t.Final[Doubts] = frozenset()

# Keys that the caller chooses, so that a condition on them keeps nobody out.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_CHOSEN: t.Final = frozenset(
    {
        "aws:requestedregion",
        "aws:useragent",
        "aws:referer",
        "sts:rolesessionname",
        "sts:sourceidentity",
    }
)
_ASSOCIATED: t.Final = "iam:associatedresourcearn"
_EC2: t.Final = "ec2.amazonaws.com"
_ORGANIZATION: t.Final = ("aws:PrincipalOrgID", "aws:ResourceOrgID")
RESOURCE_TAGS: t.Final = ("iam:resourcetag/", "aws:resourcetag/")

# Keys of a request that do not depend on its target.
_OF_CALLER: t.Final = ("aws:principal", "aws:userid", "aws:username", "aws:securetransport", "aws:viaawsservice")


class Permission(t.NamedTuple):
    """A request that passes, if what is in ``doubts`` is so; ``policy`` is the one that allows it."""

    doubts: Doubts
    policy: t.Optional[str] = None


@dataclasses.dataclass(frozen=True, eq=False)
class Actor:
    """A user or role who acts, with the layers that it has by then: at first its own, later what it gave itself.

    ``boundary`` is the ARN of its permissions boundary; ``unknown`` is what is not known of it by itself.
    ``has_attached`` says that it attached a policy to itself that leads on. ``free_tags`` are the condition keys, in
    lower case, of its tags that it may set as it likes; ``target_tags`` those of the tags of ``retagged``, by ARN.
    """

    subject: Subject
    layers: Layers
    boundary: t.Optional[str] = None
    unknown: Doubts = CERTAIN
    has_attached: bool = False
    free_tags: frozenset[str] = frozenset()
    retagged: frozenset[str] = frozenset()
    target_tags: frozenset[str] = frozenset()

    @property
    def arn(self) -> str:
        """The ARN of the user or role."""
        return self.subject.arn

    @property
    def rights(self) -> t.Hashable:
        """The forms of one principal differ in this."""
        return id(self.layers), self.boundary, self.tagging

    @property
    def tagging(self) -> t.Hashable:
        """The tags that it may set; None for none."""
        return (self.free_tags, self.retagged, self.target_tags) if self.free_tags or self.retagged else None

    def sets(self, key: str, resource: str) -> bool:
        """Whether a condition key, in lower case, is a tag that it may set before a request on ``resource``."""
        return key in self.free_tags or (key in self.target_tags and resource in self.retagged)


def unknown_boundary(subject: Subject) -> Doubts:
    """The doubts about a subject: a boundary whose policy was not read may take away anything."""
    if subject.boundary_arn is None or subject.layers.boundary is not None:
        return CERTAIN
    return frozenset({f"the boundary {subject.boundary_arn.rpartition('/')[2]} allows it"})


class Questions:
    """Asks the evaluator, and remembers the answers that hold for everybody with the same policies."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self.ready: t.Final = ReadyLayers()
        self._answers: dict[t.Hashable, t.Optional[Permission]] = {}
        self._callers: dict[t.Hashable, t.Hashable] = {}
        self._conditions: dict[tuple[Condition, ...], Evaluator] = {}
        self._denials: dict[t.Hashable, frozenset[str]] = {}
        self._contexts: dict[t.Hashable, Context] = {}

    def signature(self, actor: Actor, actions: Iterable[str]) -> t.Hashable:
        """The same for all for whom the same policies decide on ``actions``; None where that is nobody else."""
        found: list[t.Hashable] = []
        for action in actions:
            relevance = self.ready.relevance(actor.layers, action)
            if relevance.unique:
                return None
            found.append((relevance.number, self._who(actor, relevance)))
        return tuple(found), id(actor.layers.scps), id(actor.layers.rcps), actor.unknown

    def _who(self, actor: Actor, relevance: Relevance) -> t.Hashable:
        """Return a key of the caller that is the same for all principals whom statements treat alike."""
        tagging = actor.tagging
        if relevance.unique:
            return actor.arn if tagging is None else (actor.arn, tagging)
        if not relevance.asked and not relevance.tags:
            return actor.subject.kind if tagging is None else (actor.subject.kind, actor.retagged, actor.target_tags)
        key = (relevance.number, actor.arn, tagging)
        if key not in self._callers:
            answers = tuple(self._is_met(actor, (condition,)) for condition in relevance.asked)
            tags = _principal_tags(actor.subject)
            own = tuple(tags.get(name) for name in relevance.tags)
            self._callers[key] = (actor.subject.kind, answers, own, tagging)
        return self._callers[key]

    def _is_met(self, actor: Actor, conditions: tuple[Condition, ...]) -> Outcome:
        """Decide whether conditions on the caller are met: allowed, or not, or not known."""
        if conditions not in self._conditions:
            statement = Statement(index=0, allow=True, actions=("*",), resources=("*",), conditions=conditions)
            self._conditions[conditions] = Evaluator(Layers(identity=(Policy((statement,), version=VERSION),)))
        request = Request("iam:GetUser", principal=actor.arn, context=self._base(actor, is_iam=True))
        return self._conditions[conditions].decide(request).outcome

    def _find_denied(self, actor: Actor, action: str, among: frozenset[str]) -> frozenset[str]:
        """Find the ARNs of ``among`` on which ``action`` is denied for sure, whatever the target is."""
        relevance = self.ready.relevance(actor.layers, action)
        key = (relevance.number, self._who(actor, relevance), action, among)
        if key not in self._denials:
            found: set[str] = set()
            for statement in self._find_denying(actor, relevance):
                patterns = statement.resources if statement.not_resources is None else statement.not_resources
                listed = frozenset().union(*(_match_arns(pattern, among) for pattern in patterns or ()))
                found |= listed if statement.not_resources is None else among - listed
            self._denials[key] = frozenset(found)
        return self._denials[key]

    def _find_denying(self, actor: Actor, relevance: Relevance) -> Iterator[Statement]:
        for compiled in relevance.own:
            statement = compiled.statement
            texts = (*(statement.resources or ()), *(statement.not_resources or ()))
            if statement.allow or any("${" in text for text in texts) or not _is_of_caller(statement):
                continue
            if not statement.conditions or self._is_met(actor, statement.conditions) is Outcome.ALLOWED:
                yield statement

    # Questions

    def may(
        self, actor: Actor, action: str, resource: str, keys: Keys = (), trust: t.Optional[Policy] = None
    ) -> t.Optional[Permission]:
        """Whether ``actor`` may do ``action`` on ``resource``; ``trust`` is the policy of a role that is assumed."""
        relevance = self.ready.relevance(actor.layers, action)
        personal = trust is not None and self.ready.is_personal(trust)
        who = (actor.arn, actor.tagging) if personal else self._who(actor, relevance)
        key = (relevance.number, who, action, resource, keys, id(trust))
        if key not in self._answers:
            self._answers[key] = self._ask(actor, action, resource, keys, trust)
        found = self._answers[key]
        if found is None or not actor.unknown:
            return found
        return Permission(found.doubts | actor.unknown, found.policy)

    def _ask(
        self, actor: Actor, action: str, resource: str, keys: Keys, trust: t.Optional[Policy]
    ) -> t.Optional[Permission]:
        decision = self.ready.evaluator(actor.layers).decide(
            Request(
                action=action,
                resource=resource,
                principal=actor.arn,
                context=self._context(actor, action, resource, keys),
                resource_policy=trust,
                resource_account=self._landscape.account_id,
            )
        )
        if decision.outcome is Outcome.ALLOWED:
            return Permission(CERTAIN, decision.policy)
        if decision.outcome is not Outcome.UNKNOWN:
            return None
        missing = frozenset(
            key
            for key in decision.missing_context
            if key.lower() not in _CHOSEN
            and not actor.sets(key.lower(), resource)
            and not (key.lower() == _ASSOCIATED and self._is_any_instance(actor, keys))
        )
        return Permission(missing, decision.policy)

    def _is_any_instance(self, actor: Actor, keys: Keys) -> bool:
        """Whether PassRole to EC2 is limited to instances of any name, which a new one fits.

        The condition key is the ARN of what the role is for, mostly of the service that it is passed to. For EC2 that
        is an instance; which other services say what is not documented, so that it stays open.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_AssociatedResourceArn
        """
        if ("iam:passedtoservice", _EC2) not in keys:
            return False
        place = ("arn", self._landscape.partition, "ec2", "*", self._landscape.account_id, "instance/*")
        values = [
            value
            for compiled in self.ready.relevance(actor.layers, "iam:PassRole").own
            for condition in compiled.statement.conditions
            if condition.key.lower() == _ASSOCIATED
            for value in condition.values
        ]
        return all(_takes_any(value, place) for value in values)

    def _context(self, actor: Actor, action: str, resource: str, keys: Keys) -> Context:
        base = self._base(actor, action.startswith("iam:"))
        target = self._landscape.by_arn.get(resource)
        values = {key: value for key, value in keys if value is not None}
        absent = [key for key, value in keys if value is None]
        if target is not None:
            for prefix in RESOURCE_TAGS:
                tags = {f"{prefix}{key}".lower(): value for key, value in target.tags.items()}
                values.update(tags)
            absent += [key for key in self._asked_tags if key.startswith(RESOURCE_TAGS) and key not in values]
            if resource in actor.retagged:
                values = {key: value for key, value in values.items() if key not in actor.target_tags}
                absent = [key for key in absent if key not in actor.target_tags]
        return base.with_(values, absent=absent) if values or absent else base

    def _base(self, actor: Actor, is_iam: bool) -> Context:
        key = (actor.arn, is_iam, actor.free_tags)
        if key not in self._contexts:
            subject, free = actor.subject, actor.free_tags
            tags = {name: value for name, value in _principal_tags(subject).items() if name not in free}
            values: dict[str, t.Union[str, bool]] = {**tags, "aws:SecureTransport": True, "aws:ViaAWSService": False}
            if self._landscape.organization_id:
                values |= dict.fromkeys(_ORGANIZATION, self._landscape.organization_id)
            if is_iam:
                values["aws:RequestedRegion"] = self._landscape.iam_region
            # Nobody calls for the attacker. A role's session may have tags beside those of the role, a user has not.
            is_user = subject.kind is SubjectKind.USER
            missing = [name for name in self._asked_tags if name.startswith(TAG) and is_user and name not in free]
            self._contexts[key] = Context(values, complete=False, absent=("aws:CalledVia", *missing))
        return self._contexts[key]

    @functools.cached_property
    def principal_tags(self) -> dict[str, str]:
        """The tags of principals that any policy asks for: their names, with the condition keys in lower case."""
        return {self._spell_tag(key): key for key in self._asked_tags if key.startswith(TAG)}

    @functools.cached_property
    def resource_tags(self) -> tuple[str, ...]:
        """The names of the tags of users and roles that any policy asks for."""
        return tuple(dict.fromkeys(self._spell_tag(key) for key in self._asked_tags if key.startswith(RESOURCE_TAGS)))

    def _spell_tag(self, key: str) -> str:
        """Return the name of a tag as a condition spells it; in lower case if only variables name it."""
        return self._spelling.get(key, key).partition("/")[2]

    @functools.cached_property
    def _spelling(self) -> dict[str, str]:
        statements = (statement for policy in self._every_policy for statement in policy.statements)
        return {condition.key.lower(): condition.key for statement in statements for condition in statement.conditions}

    @functools.cached_property
    def _every_policy(self) -> tuple[Policy, ...]:
        subjects = self._landscape.subjects
        policies = {id(policy): policy for subject in subjects for policy in all_policies(subject.layers)}
        policies |= {id(subject.trust): subject.trust for subject in subjects if subject.trust is not None}
        return tuple(policies.values())

    @functools.cached_property
    def _asked_tags(self) -> tuple[str, ...]:
        """The tags that any policy asks for: a user or role without such a tag is known not to have it."""
        keys: set[str] = set()
        for statement in (statement for policy in self._every_policy for statement in policy.statements):
            keys |= {condition.key.lower() for condition in statement.conditions} | variables(statement)
        return tuple(sorted(key for key in keys if key.startswith((TAG, *RESOURCE_TAGS))))

    # Resources

    def find_allowed(self, actor: Actor, action: str, among: frozenset[str], *, sure: bool = False) -> frozenset[str]:
        """Find the ARNs of ``among`` that a statement of the actor allows ``action`` on, whatever its conditions.

        Those on which it is denied for sure are left out. ``sure``: only by statements without conditions.
        """
        found: set[str] = set()
        for compiled in self.ready.find_allows(actor.layers, action):
            if sure and compiled.statement.conditions:
                continue
            patterns = compiled.statement.resources
            if patterns is None or "*" in patterns:
                return among - self._find_denied(actor, action, among)
            for pattern in patterns:
                found |= _match_arns(self._fill_variables(pattern, actor), among)
        return frozenset(found) - self._find_denied(actor, action, among)

    def _fill_variables(self, pattern: str, actor: Actor) -> str:
        """Fill the variables of a resource pattern: with the actor's name, and others with ``*``."""
        if "${" not in pattern:
            return pattern
        pieces = pattern.split("${")
        filled = [pieces[0]]
        for piece in pieces[1:]:
            variable, closing, rest = piece.partition("}")
            name = variable.partition(",")[0].strip().lower()
            known = actor.subject.name if name == "aws:username" and actor.subject.kind is SubjectKind.USER else "*"
            filled.append(f"{known}{rest}" if closing else piece)
        return "".join(filled)

    def make_arns(self, actor: Actor, action: str, usual: str) -> Iterator[str]:
        """Make ARNs like ``usual`` that ``action`` may be allowed on, with a name that the actor's policies match."""
        seen = set()
        for compiled in self.ready.find_allows(actor.layers, action):
            patterns = compiled.statement.resources
            for pattern in ("*",) if patterns is None else patterns:
                arn = fit_arn(self._fill_variables(pattern, actor), usual)
                if arn is not None and arn not in seen:
                    seen.add(arn)
                    yield arn


def _is_of_caller(statement: Statement) -> bool:
    """Whether its conditions have nothing to do with the target of a request."""
    return all(condition.key.lower().startswith(_OF_CALLER) for condition in statement.conditions)


def _takes_any(pattern: str, place: tuple[str, ...]) -> bool:
    """Whether an ARN pattern takes resources of ``place`` whatever their name: an attacker chooses the region alone."""
    fields = pattern.split(":", 5)
    if len(fields) < 6:
        return not pattern.strip("*")
    return all(map(overlaps, fields[:5], place)) and covers(fields[5], place[5])


def _principal_tags(subject: Subject) -> dict[str, str]:
    return {f"{TAG}{name}".lower(): value for name, value in subject.tags.items()}


@functools.lru_cache(maxsize=65536)
def _match_arns(pattern: str, among: frozenset[str]) -> frozenset[str]:
    if "*" not in pattern and "?" not in pattern and not lacks_parts(pattern):
        return frozenset({pattern}) & among
    matcher = resource_matcher((pattern,), version="")
    return frozenset(filter(matcher.fixed, among))


# The kind of a resource: ``function`` of ``function:name``, ``/applications`` of ``/applications/id``.
_KIND: t.Final = re.compile("/?[^/:]+")
_NAME: t.Final = "escalation"


def fit_arn(pattern: str, usual: str) -> t.Optional[str]:
    """Fit an ARN of the kind of ``usual`` to ``pattern``; return None if there is none.

    For a function as usual, the pattern ``function:dev-*`` gives the function ``dev-escalation``.
    """
    if pattern == "*" or usual == "*":
        return usual if pattern == "*" else None
    matcher = resource_matcher((pattern,), version="")
    if matcher.fixed is not None and matcher.fixed(usual):
        return usual
    wanted, given = pattern.split(":", 5), usual.split(":", 5)
    if len(wanted) < 6:
        return None
    parts = [mine if "*" in part or "?" in part else part for part, mine in zip(wanted[:5], given[:5], strict=True)]
    kind = _KIND.match(given[5])
    resource = wanted[5].replace("*", _NAME).replace("?", "x")
    # Only the region is the attacker's choice as well.
    if [*parts[:3], parts[4]] != [*given[:3], given[4]] or kind is None or not resource.startswith(kind.group()):
        return None
    return ":".join((*parts, resource))
