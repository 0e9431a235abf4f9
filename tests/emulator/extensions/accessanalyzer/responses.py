# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of Access Analyzer; parameters and answers have the shapes of botocore's model."""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from emulator.extensions.accessanalyzer import checks
from emulator.extensions.accessanalyzer.errors import (
    InvalidParameterException,
    UnprocessableEntityException,
    ValidationException,
)
from emulator.extensions.accessanalyzer.models import AccessAnalyzerBackend, accessanalyzer_backends
from emulator.extensions.accessanalyzer.validation import validate

_DEFAULT_PAGE = 100


class AccessAnalyzerResponse(BaseResponse):
    """moto calls the method that is named as the operation."""

    def __init__(self) -> None:
        super().__init__(service_name="accessanalyzer")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> AccessAnalyzerBackend:
        """The analyzers of the caller's account in the region that was called."""
        return t.cast(AccessAnalyzerBackend, accessanalyzer_backends[self.current_account][self.region])

    def create_analyzer(self) -> ActionResult:
        """PUT /analyzer."""
        analyzer = self.backend.create_analyzer(
            name=self._get_param("analyzerName"),
            kind=self._get_param("type"),
            tags=self._get_param("tags") or {},
            configuration=self._get_param("configuration"),
            archive_rules=self._get_param("archiveRules") or [],
        )
        return ActionResult({"arn": analyzer.arn})

    def get_analyzer(self) -> ActionResult:
        """GET /analyzer/{analyzerName}."""
        return ActionResult({"analyzer": self.backend.get_analyzer(self._get_param("analyzerName")).whole()})

    def list_analyzers(self) -> ActionResult:
        """GET /analyzer, by type and by page."""
        kind = self._get_param("type")
        found = [analyzer.summary() for analyzer in self.backend.analyzers.values() if kind in (None, analyzer.kind)]
        return ActionResult(self._page("analyzers", found))

    def update_analyzer(self) -> ActionResult:
        """PUT /analyzer/{analyzerName}: only the configuration can change."""
        analyzer = self.backend.update_analyzer(self._get_param("analyzerName"), self._get_param("configuration"))
        return ActionResult({"configuration": analyzer.configuration})

    def delete_analyzer(self) -> ActionResult:
        """DELETE /analyzer/{analyzerName}."""
        self.backend.delete_analyzer(self._get_param("analyzerName"))
        return EmptyResult()

    def create_archive_rule(self) -> ActionResult:
        """PUT /analyzer/{analyzerName}/archive-rule."""
        return self._put_archive_rule(new=True)

    def update_archive_rule(self) -> ActionResult:
        """PUT /analyzer/{analyzerName}/archive-rule/{ruleName}."""
        return self._put_archive_rule(new=False)

    def get_archive_rule(self) -> ActionResult:
        """GET /analyzer/{analyzerName}/archive-rule/{ruleName}."""
        rule = self.backend.get_archive_rule(self._get_param("analyzerName"), self._get_param("ruleName"))
        return ActionResult({"archiveRule": rule})

    def list_archive_rules(self) -> ActionResult:
        """GET /analyzer/{analyzerName}/archive-rule."""
        rules = self.backend.get_analyzer(self._get_param("analyzerName")).archive_rules
        return ActionResult(self._page("archiveRules", list(rules.values())))

    def delete_archive_rule(self) -> ActionResult:
        """DELETE /analyzer/{analyzerName}/archive-rule/{ruleName}."""
        name = self._get_param("ruleName")
        self.backend.get_archive_rule(self._get_param("analyzerName"), name)
        del self.backend.get_analyzer(self._get_param("analyzerName")).archive_rules[name]
        return EmptyResult()

    def apply_archive_rule(self) -> ActionResult:
        """PUT /archive-rule."""
        self.backend.apply_archive_rule(self._get_param("analyzerArn"), self._get_param("ruleName"))
        return EmptyResult()

    def list_findings_v2(self) -> ActionResult:
        """POST /findingv2, by filter and by page."""
        found = self.backend.findings(self._get_param("analyzerArn"), self._get_param("filter") or {})
        return ActionResult(self._page("findings", [finding.summary() for finding in found]))

    def get_finding_v2(self) -> ActionResult:
        """GET /findingv2/{id}."""
        return ActionResult(self.backend.finding(self._get_param("analyzerArn"), self._get_param("id")).whole())

    def generate_finding_recommendation(self) -> ActionResult:
        """POST /recommendation/{id}."""
        self.backend.recommend(self._get_param("analyzerArn"), self._get_param("id"))
        return EmptyResult()

    def get_finding_recommendation(self) -> ActionResult:
        """GET /recommendation/{id}, by page."""
        answer = self.backend.recommendation(self._get_param("analyzerArn"), self._get_param("id"))
        steps = answer.get("recommendedSteps")
        return ActionResult(answer if steps is None else {**answer, **self._page("recommendedSteps", steps)})

    def start_policy_generation(self) -> ActionResult:
        """PUT /policy/generation."""
        job = self.backend.generations.start(
            self._get_param("policyGenerationDetails")["principalArn"],
            self._get_param("cloudTrailDetails"),
            self._get_param("clientToken"),
        )
        return ActionResult({"jobId": job.id})

    def list_policy_generations(self) -> ActionResult:
        """GET /policy/generation, by page."""
        found = self.backend.generations.list_jobs(self._get_param("principalArn"))
        return ActionResult(self._page("policyGenerations", found))

    def get_generated_policy(self) -> ActionResult:
        """GET /policy/generation/{jobId}."""
        job = self.backend.generations.get(self._get_param("jobId"))
        job.poll()
        return ActionResult(job.whole(placeholders=bool(self._get_param("includeResourcePlaceholders"))))

    def cancel_policy_generation(self) -> ActionResult:
        """PUT /policy/generation/{jobId}."""
        self.backend.generations.cancel(self._get_param("jobId"))
        return EmptyResult()

    def tag_resource(self) -> ActionResult:
        """POST /tags/{resourceArn}."""
        self.backend.get_analyzer_by_arn(self._get_param("resourceArn")).tags.update(self._get_param("tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """DELETE /tags/{resourceArn}."""
        tags = self.backend.get_analyzer_by_arn(self._get_param("resourceArn")).tags
        for key in self._get_param("tagKeys"):
            tags.pop(key, None)
        return EmptyResult()

    def validate_policy(self) -> ActionResult:
        """POST /policy/validation."""
        findings = validate(self._get_param("policyDocument"), self._get_param("policyType"))
        return ActionResult(self._page("findings", findings))

    def check_no_new_access(self) -> ActionResult:
        """POST /policy/check-no-new-access."""
        new, existing = self._get_param("newPolicyDocument"), self._get_param("existingPolicyDocument")
        return _check(lambda: checks.check_no_new_access(new, existing))

    def check_access_not_granted(self) -> ActionResult:
        """POST /policy/check-access-not-granted."""
        (access,) = self._get_param("access") or [{}]
        actions, resources = access.get("actions") or [], access.get("resources") or []
        document = self._get_param("policyDocument")
        return _check(lambda: checks.check_access_not_granted(document, actions, resources))

    def list_tags_for_resource(self) -> ActionResult:
        """GET /tags/{resourceArn}."""
        return ActionResult({"tags": self.backend.get_analyzer_by_arn(self._get_param("resourceArn")).tags})

    def _put_archive_rule(self, *, new: bool) -> ActionResult:
        analyzer, name = self._get_param("analyzerName"), self._get_param("ruleName")
        self.backend.put_archive_rule(analyzer, name, self._get_param("filter"), new=new)
        return EmptyResult()

    def _page(self, key: str, found: t.Sequence[object]) -> dict[str, t.Any]:
        token = self._get_param("nextToken") or "0"
        if not str(token).isdigit():
            raise ValidationException("The nextToken is not valid.")
        start, size = int(token), int(self._get_param("maxResults") or _DEFAULT_PAGE)
        page: dict[str, t.Any] = {key: found[start : start + size]}
        if start + size < len(found):
            page["nextToken"] = str(start + size)
        return page


def _check(check: t.Callable[[], dict[str, t.Any]]) -> ActionResult:
    try:
        return ActionResult(check())
    except checks.TooComplexError as error:
        raise UnprocessableEntityException(str(error)) from error
    except checks.UnreadableError as error:
        raise InvalidParameterException(str(error)) from error
