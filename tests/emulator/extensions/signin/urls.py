# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of AWS Sign-In; which operation is meant, moto takes from botocore's model."""

from __future__ import annotations

from emulator.extensions.signin.responses import SigninResponse

url_bases = [r"https?://signin\.(.+)\.amazonaws\.com"]

url_paths = {
    "{0}/list-sessions$": SigninResponse.dispatch,
    "{0}/get-session$": SigninResponse.dispatch,
    "{0}/batch-revoke-sessions$": SigninResponse.dispatch,
}
