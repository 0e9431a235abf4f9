# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of identity providers of OpenID Connect, as far as the emulated AWS looks at them."""

from __future__ import annotations

import base64
import json
import time


def make_token(issuer: str, subject: str, audience: str = "sts.amazonaws.com", *, seconds: float = 3600) -> str:
    """A token as a provider issues it, but for its signature, which nobody checks."""
    claims = {"iss": f"https://{issuer}", "sub": subject, "aud": audience, "exp": time.time() + seconds}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims, "unsigned")
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
