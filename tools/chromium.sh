#!/bin/sh
# See to it that the browser tests find a Chromium, or say in one line how to get one.
set -eu
cd "$(dirname "$0")/.."

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v $name >/dev/null 2>&1 && exit 0
done
playwright_has_one() {
    .venv/bin/python - <<'EOF'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
EOF
}
playwright_has_one && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Debian's chromium ..."
    if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends chromium; } >.venv/chromium.log 2>&1; then
        exit 0
    fi
fi
echo "installing Playwright's chromium ..."
.venv/bin/python -m playwright install chromium >>.venv/chromium.log 2>&1 && exit 0
echo "make: the browser tests need a Chromium: apt-get install chromium" >&2
exit 1
