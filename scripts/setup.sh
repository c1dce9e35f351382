#!/usr/bin/env bash
# Installs what `make demo` and `make test` need and this machine lacks. Debian; asks nothing.
#   scripts/setup.sh demo   to build and run the demonstration
#   scripts/setup.sh test   that, and the outside judges of the test suite
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() { # need COMMAND-OR-FILE PACKAGE
    if ! command -v "$1" >/dev/null 2>&1 && [ ! -e "$1" ]; then packages+=("$2"); fi
}

need cc build-essential
need curl curl
need /usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc fonts-noto-cjk
need /usr/share/fonts/truetype/hanazono/HanaMinB.ttf fonts-hanazono
need /usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf fonts-lxgw-wenkai
need pdfsig poppler-utils
if [ "${1:-demo}" = test ]; then
    need qpdf qpdf
    need zbarimg zbar-tools
    need openssl openssl
    need certutil libnss3-tools
    need python3 python3
    python3 -c 'import ensurepip' >/dev/null 2>&1 || packages+=(python3-venv)
fi

if [ ${#packages[@]} -gt 0 ]; then
    echo "installing: ${packages[*]}"
    sudo=""
    if [ "$(id -u)" != 0 ]; then sudo="sudo"; fi
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v ${sudo:-true} >/dev/null 2>&1; then
        echo "请以 root 身份在 Debian 上安装以上软件包后重试 (install these packages as root, then try again)" >&2
        exit 1
    fi
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if ! command -v cargo >/dev/null 2>&1 && [ ! -x "$HOME/.cargo/bin/cargo" ]; then
    echo "installing: rust (rustup)"
    curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh | sh -s -- -q -y --profile minimal --default-toolchain none
fi

# Programs from PyPI, each in a place of its own, made anew where others are asked for.
from_pypi() {
    local place=target/tools/$1
    shift
    if [ "$(cat "$place/installed" 2>/dev/null)" != "$*" ]; then
        echo "installing: $* (PyPI) into $place"
        rm -rf "$place"
        mkdir -p target/tools
        python3 -m venv "$place"
        "$place/bin/pip" install --quiet --disable-pip-version-check "$@"
        echo "$*" >"$place/installed"
    fi
}

if [ "${1:-demo}" = test ]; then
    from_pypi pyhanko 'pyhanko[etsi]==0.38.0' 'pyhanko-cli==0.6.0'
    from_pypi openapi 'openapi-spec-validator==0.9.0' 'openapi-schema-validator==0.9.0' 'jsonschema==4.26.0'
    from_pypi easyofd 'easyofd==20260427'
    from_pypi makers 'pdfsignerpy==0.3.1' 'pypdf==6.21.4' 'pypdfium2==5.15.2' 'reportlab==5.1.0'
fi
