# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policies that AWS recommends for principals: of Access Analyzer, and of Security Hub V2.

AWS makes them on demand within some seconds. What it made before is asked for first, since Security Hub drops that when
it is asked to make one anew. Nothing that AWS recommends is ever applied.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .._account.analyzer_reads import FINDINGS_OPERATIONS
from .._account.model import Snapshot, User
from .._account.permissions import Permissions
from .._aws.access import Access
from .._aws.errors import AwsError, InvalidRequest, NotFound, Unsupported
from .._aws.operations import Operations
from .._policy.least_privilege.second_opinion import Advice, Adviser, Existing, Outcome, Step, find_stale
from .next_steps import explain

ANALYZER: t.Final = "accessanalyzer"
HUB: t.Final = "securityhub"
GENERATE_FINDING: t.Final = "GenerateFindingRecommendation"
GET_FINDING: t.Final = "GetFindingRecommendation"
_GENERATE_HUB: t.Final = "GenerateRecommendedPolicyV2"
_GET_HUB: t.Final = "GetRecommendedPolicyV2"
_FINDINGS_HUB: t.Final = "GetFindingsV2"

OPERATIONS: t.Final[Mapping[Adviser, Operations]] = {
    Adviser.ACCESS_ANALYZER: Operations(
        reads=frozenset({"ec2:DescribeRegions", *FINDINGS_OPERATIONS, f"{ANALYZER}:{GET_FINDING}"}),
        jobs=frozenset({f"{ANALYZER}:{GENERATE_FINDING}"}),
    ),
    Adviser.SECURITY_HUB: Operations(
        reads=frozenset(
            {"ec2:DescribeRegions", f"{HUB}:DescribeSecurityHubV2", f"{HUB}:{_FINDINGS_HUB}", f"{HUB}:{_GET_HUB}"}
        ),
        jobs=frozenset({f"{HUB}:{_GENERATE_HUB}"}),
    ),
}
# A recommendation takes some seconds; Security Hub says up to twenty.
WAITS: t.Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_STEP: t.Final = "unusedPermissionsRecommendedStep"
_UNUSED: t.Final = "unusedpermission"
# Neither service takes more values in one filter.
_MOST_VALUES: t.Final = 20

Record = Mapping[str, t.Any]
# A principal's ARN, and whom to ask about it.
Key = tuple[str, Adviser]


@dataclasses.dataclass(frozen=True)
class Answer:
    """How far a recommendation is: ``status`` is AWS's, ``error`` its reason for a failure."""

    status: str
    steps: tuple[Step, ...] = ()
    error: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether AWS is done with it, in whichever way."""
        return self.status in ("SUCCEEDED", "FAILED")


@dataclasses.dataclass(frozen=True)
class Finding:
    """A finding on unused permissions, by which a recommendation is asked for. Security Hub has no analyzer there."""

    adviser: Adviser
    id: str
    region: str
    analyzer_arn: str = ""

    def generate(self, access: Access) -> None:
        """Ask AWS to make a recommendation. Raises AwsError."""
        if self.adviser is Adviser.SECURITY_HUB:
            access.call(HUB, _GENERATE_HUB, {"MetadataUid": self.id}, region=self.region)
        else:
            access.call(ANALYZER, GENERATE_FINDING, self._named, region=self.region)

    def read(self, access: Access) -> t.Optional[Answer]:
        """Read the recommendation; None as long as AWS does not know it. Raises AwsError."""
        try:
            if self.adviser is Adviser.SECURITY_HUB:
                parameters: Record = {"MetadataUid": self.id}
                return _hub_answer(
                    list(access.pages(HUB, _GET_HUB, "RecommendationSteps", parameters, region=self.region))
                )
            pages = access.pages(ANALYZER, GET_FINDING, "recommendedSteps", self._named, region=self.region)
            return _analyzer_answer(list(pages))
        except NotFound:
            return None

    @property
    def _named(self) -> Record:
        return {"analyzerArn": self.analyzer_arn, "id": self.id}


def _analyzer_answer(pages: Sequence[Record]) -> Answer:
    inner = (step.get(_STEP, {}) for page in pages for step in page["recommendedSteps"])
    steps = tuple(
        Step(str(one.get("existingPolicyId", "")), one.get("recommendedPolicy"), one.get("policyUpdatedAt"))
        for one in inner
    )
    return Answer(pages[0]["status"], steps, _error_text(pages[0].get("error") or {}, "code", "message"))


def _hub_answer(pages: Sequence[Record]) -> Answer:
    inner = (step.get("UnusedPermissions", {}) for page in pages for step in page["RecommendationSteps"])
    steps = tuple(
        Step(
            str(one.get("ExistingPolicyId", "")),
            one.get("RecommendedPolicy"),
            one.get("PolicyUpdatedAt"),
            one.get("ExistingPolicy"),
        )
        for one in inner
    )
    return Answer(pages[0].get("Status", ""), steps, _error_text(pages[0].get("Error") or {}, "Code", "Message"))


def _error_text(error: Record, code: str, message: str) -> str:
    return f"{error.get(code, 'FAILED')}: {error.get(message, 'AWS gave no reason')}"


def list_existing(snapshot: Snapshot, permissions: Permissions, principal_arn: str) -> tuple[Existing, ...]:
    """List the policies of a user, those of its groups included, or of a role, as recommendations name them."""
    entity = permissions.entities[principal_arn]
    groups = [group for group in snapshot.groups if isinstance(entity, User) and group.name in entity.groups]
    updated = {policy.arn: policy.updated for policy in snapshot.policies}
    managed = dict.fromkeys(arn for holder in (entity, *groups) for arn in holder.attached_policies)
    inline = (document for holder in (entity, *groups) for document in holder.inline_policies)
    return (
        *(Existing(arn, permissions.policy(arn), updated.get(arn)) for arn in managed),
        *(Existing(one.name, permissions.parse(one, f"inline policy {one.name}")) for one in inline),
    )


@dataclasses.dataclass(frozen=True)
class Asking:
    """Whether AWS is asked to make recommendations: with ``jobs``, which may start them. Without it ``why_not`` says
    why AWS is not asked. ``wait`` is how many seconds a recommendation that AWS is making is waited for."""

    jobs: t.Optional[Access]
    why_not: str = ""
    wait: float = sum(WAITS)


@dataclasses.dataclass(frozen=True)
class Advisers:
    """The advisers to ask: ``access`` and the regions where they may be."""

    access: Access
    advisers: Sequence[Adviser]
    regions: Sequence[str]
    asking: Asking
    sleep: Callable[[float], None] = time.sleep
    seconds: Callable[[], float] = time.monotonic

    def ask(self, existing: Mapping[str, Sequence[Existing]]) -> dict[str, tuple[Advice, ...]]:
        """Ask about all principals at once: by the ARN of each, with its policies of today, an advice of each adviser.

        All of them are waited for together.
        """
        found: dict[str, list[Advice]] = {arn: [] for arn in existing}
        questions: dict[Key, Finding] = {}
        for adviser in self.advisers:
            for arn, finding in self._find(adviser, list(existing)).items():
                if isinstance(finding, Finding):
                    questions[arn, adviser] = finding
                else:
                    found[arn].append(finding)
        for (arn, _adviser), advice in self._answer(questions, existing).items():
            found[arn].append(advice)
        order = list(self.advisers)
        return {arn: tuple(sorted(items, key=lambda item: order.index(item.adviser))) for arn, items in found.items()}

    # The findings

    def _find(self, adviser: Adviser, arns: Sequence[str]) -> dict[str, t.Union[Finding, Advice]]:
        """Find what to ask an adviser by: of each principal a finding, or the reason why there is none."""
        find = self._find_in_hub if adviser is Adviser.SECURITY_HUB else self._find_in_analyzers
        try:
            findings = find(arns)
        except _NoAdviser as none:
            return {arn: Advice(adviser, outcome=none.outcome, reason=str(none)) for arn in arns}
        except AwsError as error:
            return {arn: Advice(adviser, outcome=Outcome.NOT_ASSESSED, reason=explain(error)) for arn in arns}
        nothing = Advice(
            adviser, outcome=Outcome.ABSENT, reason="AWS has no active finding on unused permissions of the principal"
        )
        return {arn: findings.get(arn, nothing) for arn in arns}

    def _find_in_analyzers(self, arns: Sequence[str]) -> dict[str, Finding]:
        listed = self._gather_regions(
            lambda region: [
                analyzer["arn"]
                for analyzer in self.access.items(ANALYZER, "ListAnalyzers", "analyzers", region=region)
                if str(analyzer.get("type")).endswith("UNUSED_ACCESS") and analyzer.get("status") == "ACTIVE"
            ]
        )
        places = [(region, arn) for region, found in listed.items() for arn in found]
        if not places:
            regions = ", ".join(listed)
            raise _NoAdviser(f"there is no active analyzer of unused access in {regions}", Outcome.ABSENT)
        found: dict[str, Finding] = {}
        for region, analyzer in places:
            for item in self._list_analyzer_findings(region, analyzer, arns):
                finding = Finding(Adviser.ACCESS_ANALYZER, item["id"], region, analyzer)
                found.setdefault(item.get("resource", ""), finding)
        return found

    def _list_analyzer_findings(self, region: str, analyzer: str, arns: Sequence[str]) -> Iterator[Record]:
        for some in _chunks(arns):
            filters = {
                "status": {"eq": ["ACTIVE"]},
                "findingType": {"eq": ["UnusedPermission"]},
                "resource": {"eq": some},
            }
            parameters = {"analyzerArn": analyzer, "filter": filters}
            yield from self.access.items(ANALYZER, "ListFindingsV2", "findings", parameters, region=region)

    def _find_in_hub(self, arns: Sequence[str]) -> dict[str, Finding]:
        enabled = self._gather_regions(self._has_hub)
        regions = [region for region, is_on in enabled.items() if is_on]
        if not regions:
            raise _NoAdviser(f"Security Hub V2 is not enabled in {', '.join(enabled)}", Outcome.ABSENT)
        # Each enabled region has all findings on unused access, since IAM is global.
        region = self.access.home_region if self.access.home_region in regions else regions[0]
        found: dict[str, Finding] = {}
        for some in _chunks(arns):
            conditions = [
                {"FieldName": "resources.uid", "Filter": {"Value": arn, "Comparison": "EQUALS"}} for arn in some
            ]
            filters = {"CompositeFilters": [{"StringFilters": conditions, "Operator": "OR"}]}
            parameters = {"Filters": filters}
            for item in self.access.items(HUB, _FINDINGS_HUB, "Findings", parameters, region=region):
                for arn in _subjects(item):
                    found.setdefault(arn, Finding(Adviser.SECURITY_HUB, item["metadata"]["uid"], region))
        return found

    def _has_hub(self, region: str) -> bool:
        try:
            self.access.call(HUB, "DescribeSecurityHubV2", region=region)
        except NotFound:
            return False
        return True

    def _gather_regions(self, read: Callable[[str], t.Any]) -> dict[str, t.Any]:
        """Read in every region. One that cannot be read counts only if no other has anything."""
        regions = self.access.regions(self.regions)
        results = self.access.gather({region: functools.partial(read, region) for region in regions})
        answered = {region: result for region, result in results.items() if not isinstance(result, AwsError)}
        errors = [result for result in results.values() if isinstance(result, AwsError)]
        if answered:
            # A service that a region does not offer is not there.
            errors = [error for error in errors if not isinstance(error, Unsupported)]
        if errors and not any(answered.values()):
            raise _NoAdviser(explain(errors[0]), Outcome.NOT_ASSESSED)
        return answered

    # The recommendations

    def _answer(
        self, questions: Mapping[Key, Finding], existing: Mapping[str, Sequence[Existing]]
    ) -> dict[Key, Advice]:
        done: dict[Key, Advice] = {}
        first = self._read(questions)
        missing: dict[Key, Finding] = {}
        for key, answer in first.items():
            if isinstance(answer, AwsError) or (answer is not None and self._is_current(answer, existing[key[0]])):
                self._settle(done, key, answer)
            elif answer is None or answer.is_ready:
                missing[key] = questions[key]
        self._generate(missing, first, done)
        outdated = {key: answer for key in missing if isinstance(answer := first[key], Answer)}
        self._poll({key: finding for key, finding in questions.items() if key not in done}, outdated, done)
        return done

    def _is_current(self, answer: Answer, existing: Sequence[Existing]) -> bool:
        """Whether an answer that AWS had already is of use: a failure, or one on other policies, may be repeated."""
        return answer.status == "SUCCEEDED" and not find_stale(answer.steps, existing)

    def _generate(
        self,
        missing: Mapping[Key, Finding],
        first: Mapping[Key, t.Union[Answer, AwsError, None]],
        done: dict[Key, Advice],
    ) -> None:
        jobs = self.asking.jobs
        if jobs is None:
            for key in missing:
                self._settle(done, key, first[key] or _NotMade(self.asking.why_not, Outcome.NOT_ASKED))
            return
        calls = {key: functools.partial(finding.generate, jobs) for key, finding in missing.items()}
        for key, result in self.access.gather(calls).items():
            if isinstance(result, AwsError):
                self._settle(done, key, result)

    def _poll(self, pending: dict[Key, Finding], outdated: Mapping[Key, Answer], done: dict[Key, Advice]) -> None:
        """Wait for what AWS is making. An answer that was outdated before AWS was asked anew is none."""
        end = self.seconds() + self.asking.wait
        for wait in itertools.chain(WAITS, itertools.repeat(WAITS[-1])):
            for key, answer in self._read(pending).items():
                if isinstance(answer, AwsError) or (answer and answer.is_ready and not _is_same(answer, outdated, key)):
                    self._settle(done, key, answer)
                    del pending[key]
            left = end - self.seconds()
            if not pending or left <= 0:
                break
            self.sleep(min(wait, left))
        for key in pending:
            reason = f"AWS has not made it after {self.asking.wait:.0f} seconds: run again"
            self._settle(done, key, _NotMade(reason, Outcome.NOT_READY))

    @property
    def _again(self) -> str:
        """The step after a recommendation that failed."""
        if self.asking.jobs is None:
            return "Set second_opinion_request, and run without check mode, to ask for another one"
        return "The next run asks for another one"

    def _read(self, questions: Mapping[Key, Finding]) -> dict[Key, t.Union[Answer, AwsError, None]]:
        calls = {key: functools.partial(finding.read, self.access) for key, finding in questions.items()}
        return dict(self.access.gather(calls))

    def _settle(self, done: dict[Key, Advice], key: Key, answer: t.Union[Answer, AwsError, _NotMade]) -> None:
        _arn, adviser = key
        if isinstance(answer, Answer):
            failed = answer.status == "FAILED"
            done[key] = Advice(
                adviser,
                () if failed else answer.steps,
                Outcome.FAILED if failed else Outcome.COMPARED,
                f"{answer.error.rstrip('.')}. {self._again}" if failed else "",
            )
            return
        if isinstance(answer, _NotMade):
            done[key] = Advice(adviser, outcome=answer.outcome, reason=str(answer))
            return
        # AWS's refusal of the request itself, such as on a finding that was closed meanwhile, is its answer.
        refused = isinstance(answer, InvalidRequest)
        done[key] = Advice(adviser, outcome=Outcome.FAILED if refused else Outcome.NOT_ASSESSED, reason=explain(answer))


class _NoAdviser(Exception):
    """There is nobody to ask; the message says why."""

    def __init__(self, reason: str, outcome: Outcome) -> None:
        super().__init__(reason)
        self.outcome = outcome


class _NotMade(_NoAdviser):
    """There is no recommendation; the message says why."""


def _is_same(answer: Answer, outdated: Mapping[Key, Answer], key: Key) -> bool:
    """Whether AWS still gives the old recommendation. A failure may well repeat in the same words."""
    return answer.status == "SUCCEEDED" and outdated.get(key) == answer


def _chunks(arns: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(arns), _MOST_VALUES):
        yield list(arns[start : start + _MOST_VALUES])


def _subjects(finding: t.Any) -> Iterable[str]:
    """The principals of a finding on unused permissions; none of another one, or of one that is closed.

    Findings are OCSF, of which botocore's model says nothing.
    """
    if not isinstance(finding, Mapping) or finding.get("activity_name") == "Close":
        return ()
    info, metadata = finding.get("finding_info"), finding.get("metadata")
    if not isinstance(info, Mapping) or not isinstance(metadata, Mapping) or not metadata.get("uid"):
        return ()
    kinds = "".join(str(kind) for kind in info.get("types") or ()).replace(" ", "").lower()
    if _UNUSED not in kinds:
        return ()
    resources = finding.get("resources") or ()
    return [str(resource["uid"]) for resource in resources if isinstance(resource, Mapping) and resource.get("uid")]
