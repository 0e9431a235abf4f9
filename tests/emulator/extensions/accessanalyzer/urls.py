# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of Access Analyzer; which operation is meant, moto takes from botocore's model."""

from __future__ import annotations

from emulator.extensions.accessanalyzer.responses import AccessAnalyzerResponse

url_bases = [r"https?://access-analyzer\.(.+)\.amazonaws\.com"]

url_paths = {
    "{0}/analyzer$": AccessAnalyzerResponse.dispatch,
    "{0}/analyzer/(?P<analyzer_name>[^/]+)$": AccessAnalyzerResponse.dispatch,
    "{0}/analyzer/(?P<analyzer_name>[^/]+)/archive-rule$": AccessAnalyzerResponse.dispatch,
    "{0}/analyzer/(?P<analyzer_name>[^/]+)/archive-rule/(?P<rule_name>[^/]+)$": AccessAnalyzerResponse.dispatch,
    "{0}/archive-rule$": AccessAnalyzerResponse.dispatch,
    "{0}/findingv2$": AccessAnalyzerResponse.dispatch,
    "{0}/findingv2/(?P<id>[^/]+)$": AccessAnalyzerResponse.dispatch,
    "{0}/recommendation/(?P<id>[^/]+)$": AccessAnalyzerResponse.dispatch,
    "{0}/policy/generation$": AccessAnalyzerResponse.dispatch,
    "{0}/policy/generation/(?P<job_id>[^/]+)$": AccessAnalyzerResponse.dispatch,
    "{0}/policy/validation$": AccessAnalyzerResponse.dispatch,
    "{0}/policy/check-no-new-access$": AccessAnalyzerResponse.dispatch,
    "{0}/policy/check-access-not-granted$": AccessAnalyzerResponse.dispatch,
    "{0}/tags/(?P<resource_arn>.+)$": AccessAnalyzerResponse.dispatch,
}
