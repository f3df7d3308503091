#!/usr/bin/env bash
# Makes .venv with the locked packages; with "test" as argument, the foreign tools of the tests too; with
# "bench", the peers of the benchmark besides; with "cluster", what `make cluster` runs beside the locked packages.
set -euo pipefail
cd "$(dirname "$0")/.."
want="${1:-run}"

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Debian's own Python is compiled with profile-guided optimization; one that was compiled by hand often is not, and
# takes half as long again for the same work.
debians_or_any() {
    local own=/usr/bin/python3
    if new_enough $own && { [ "$(id -u)" = 0 ] || $own -c 'import ensurepip, venv' 2>/dev/null; }; then
        echo $own
    else
        echo python3
    fi
}
python="${PYTHON:-$(debians_or_any)}"

missing_packages() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [ "$want" != run ] || return 0
    case "$want" in cluster | bench) command -v haproxy >/dev/null || echo haproxy ;; esac
    [ "$want" != cluster ] || return 0
    command -v pdfsig >/dev/null || echo poppler-utils
    command -v mutool >/dev/null || echo mupdf-tools
    command -v qpdf >/dev/null || echo qpdf
    command -v openssl >/dev/null || echo openssl
    command -v xmlsec1 >/dev/null || echo xmlsec1
    command -v chromium >/dev/null || echo chromium
    # The browser driver of the tests needs it; Debian's minimal installation has it not.
    /sbin/ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || echo libatomic1
    command -v java >/dev/null || echo default-jre-headless
    [ -e /usr/share/java/preflight.jar ] || echo libpdfbox2-java
    [ -e /usr/share/java/jaxb-api.jar ] || echo libjaxb-api-java
    [ -e /usr/share/java/javax.activation.jar ] || echo libactivation-java
    # Ceph RGW, the second real server with Object Lock: a monitor, one OSD and the gateway.
    command -v ceph-mon >/dev/null || echo ceph-mon
    command -v ceph-osd >/dev/null || echo ceph-osd
    command -v radosgw >/dev/null || echo radosgw
    command -v ceph >/dev/null || echo ceph-common
    [ "$want" = bench ] || return 0
    command -v javac >/dev/null || echo default-jdk-headless
    [ -e /usr/share/java/bcpkix.jar ] || echo libbcpkix-java
    [ -e /usr/share/java/bcprov.jar ] || echo libbcprov-java
}

need=$(missing_packages | tr '\n' ' ')
if [ -n "${need// /}" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing system packages: $need"
        export DEBIAN_FRONTEND=noninteractive
        # A fresh machine may still be updating itself, and a mirror may not answer the first time.
        apt="apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3"
        # An interrupted or stale package list is not fatal by itself: the install below is.
        $apt update || true
        told=$(mktemp)
        $apt install -y --no-install-recommends $need >"$told" 2>&1 \
            || { tail -20 "$told" >&2; echo "setup: apt-get could not install: $need" >&2; exit 1; }
        rm -f "$told"
    else
        echo "setup: please install as root: apt-get install $need" >&2
        # The service itself needs only python3-venv; a missing foreign tool is a loud skip in the tests, and
        # a missing peer of the benchmark says so in its cells.
        case " $need " in *" python3-venv "*) exit 1 ;; esac
    fi
fi

if ! new_enough "$python"; then
    echo "setup: Python 3.11 or newer is needed (set PYTHON=/path/to/python3.11)" >&2
    exit 1
fi

lock=requirements/dev.txt kind=test
[ "$want" != run ] || lock=requirements/runtime.txt kind=run
stamp=".venv/.installed-$kind-$(cat "$lock" requirements/build.txt pyproject.toml | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
    # One that was interrupted while it was made has no pip, and is made again.
    { [ -e .venv/pyvenv.cfg ] && .venv/bin/python -m pip --version >/dev/null 2>&1; } || "$python" -m venv --clear .venv
    echo "setup: installing locked packages ($lock)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --retries 10 --require-hashes -r requirements/build.txt -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    rm -f .venv/.installed-"$kind"-*
    touch "$stamp"
fi
# Parser workers never write bytecode: compiled once here, each of them starts quicker.
.venv/bin/python -m compileall -q policies signer archive api
