#!/usr/bin/env bash
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Prints the path of the best Python for this project, and on stderr which one it is and what was passed over.
# usage: pick-python.sh [VERSION...]     (default: 3.13 3.12 3.11, the first that works wins)
# PYTHON=... in the environment settles the choice.
#
# A candidate counts when it runs, is of that version, and can make a virtual environment: version managers leave shims
# on PATH that only fail, and Debian packs ensurepip separately.
set -u

probe='
import ensurepip, os, sys, venv
ensurepip.version()
print("%d.%d" % sys.version_info[:2], "%d.%d.%d" % sys.version_info[:3], os.path.realpath(sys.executable))
'
passed_over=""

works() { # CANDIDATE WANTED -> 0, $version, $full and $real; or 1, and why in $passed_over
    local answer
    if ! answer=$("$1" -I -c "$probe" 2>/dev/null); then
        passed_over+="  passed over: $1 (does not run, or has no ensurepip)"$'\n'
        return 1
    fi
    read -r version full real <<<"$answer"
    [ -z "$2" ] || [ "$version" = "$2" ] || return 1
}

candidates() { # VERSION -> one path a line
    type -aP "python$1"
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1"*/bin/python"$1" /opt/python*/bin/python"$1" 2>/dev/null
    type -aP python3 python
}

say_and_exit() {
    printf 'Python %s (%s)\n%s' "$full" "$real" "$passed_over" | awk '!seen[$0]++' >&2
    echo "$real"
    exit 0
}

if [ -n "${PYTHON:-}" ] && [ $# -eq 0 ]; then
    works "$PYTHON" "" && say_and_exit
    echo "PYTHON=$PYTHON cannot make a virtual environment" >&2
    exit 1
fi
wanted=("$@")
[ $# -gt 0 ] || wanted=(3.13 3.12 3.11)
for version_wanted in "${wanted[@]}"; do
    while read -r candidate; do
        works "$candidate" "$version_wanted" && say_and_exit
    done < <(candidates "$version_wanted" | awk '!seen[$0]++')
done
printf 'No usable Python of %s (with venv and ensurepip).\n%s' "${wanted[*]}" "$passed_over" | awk '!seen[$0]++' >&2
exit 1
