#!/bin/sh
# Make .venv and install into it: ./tools/setup.sh [dev]. Does nothing where nothing changed.
# PYTHON names the interpreter; else the first one of 3.11 or newer that is found.
set -eu
cd "$(dirname "$0")/.."
extra=${1:-}
venv=.venv
log=$venv/install.log

# Moving the checkout breaks an editable install, hence the path.
fingerprint() { { pwd; cat pyproject.toml constraints.txt; } | cksum; }

up_to_date() {
    [ -x $venv/bin/trustecg ] || return 1
    for stamp in $venv/stamp-dev $venv/stamp-$extra; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && return 0
    done
    return 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$python"; then
            echo "$python"
            return
        fi
    done
    echo "make: Python 3.11 or newer is needed: apt-get install python3.11 python3.11-venv" >&2
    exit 1
}

make_venv() {
    python=$(find_python)
    # Debian ships venv in parts: version() opens the wheels that only the package brings.
    if ! "$python" -c 'import venv, ensurepip; assert ensurepip.version()' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "make: python$version cannot make a venv: apt-get install python$version-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear $venv
}

# The CPU build is 190 MB, what the default index gives on Linux comes with gigabytes of CUDA.
cpu_index() {
    [ "$(uname)" = Linux ] || return 0
    url=https://download.pytorch.org/whl/cpu
    $venv/bin/python - $url <<'EOF' 2>/dev/null && echo "--extra-index-url $url" || true
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=3)
EOF
}

# pip prints hundreds of lines: they go to the log, a person sees one that moves.
install() {
    label=$1
    shift
    {
        echo "== pip install $*"
        $venv/bin/python -m pip install --disable-pip-version-check --no-input \
            --progress-bar off -c constraints.txt "$@" 2>&1 || echo "== failed"
    } | tee -a $log | show "$label" && return
    grep '^ *ERROR' $log | tail -n 3 >&2 || true
    echo "make: installing failed, $log tells all of it" >&2
    exit 1
}

show() {
    [ -t 1 ] && start='\r\033[K' end='' || start='' end='\n'
    count=0
    failed=0
    printf "%s ...$end" "$1"
    while read -r word rest; do
        case "$word $rest" in
            Collecting*) count=$((count + 1)) && now="$count packages, $rest" ;;
            Installing\ collected*) now="unpacking $count packages" ;;
            "== failed") failed=1 && continue ;;
            *) continue ;;
        esac
        [ -z "$start" ] || printf "$start%s: %s" "$1" "$now"
    done
    [ -z "$start" ] || printf "$start%s: done\n" "$1"
    return $failed
}

up_to_date && exit 0
$venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
: >$log
# shellcheck disable=SC2046  # an option and its value, or nothing
install "installing torch, the largest part" torch $(cpu_index)
if [ -n "$extra" ]; then
    install "installing TrustECG and what its tests need" -e ".[$extra]"
else
    install "installing TrustECG" -e .
fi
fingerprint >"$venv/stamp-$extra"
