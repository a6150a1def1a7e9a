# Where built things are kept, and what a run needs. Shared by ./test, .ci/run and .ci/peers.
# Sourced from the root of the clone; not run by itself.

set -euo pipefail
exec </dev/null

cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/satchel
# Clones share their built dependencies; where there is no such folder, each keeps its own.
{ mkdir -p "$cache/tools" "$cache/target" && [[ -w $cache/target ]]; } 2>/dev/null || cache=$PWD/target
tools=$cache/tools
if [[ $cache == "$PWD/target" ]]; then
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache}
else
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
fi
export PATH="$tools/bin:$PATH"

fail() {
    echo "$1" >&2
    exit 1
}

# need_packages WHAT PACKAGE...: installs Debian packages, or says what is missing.
need_packages() {
    local what=$1
    shift
    command -v apt-get >/dev/null || fail "$what is missing, and this is no Debian: install it by hand"
    local as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# need_cargo_tool NAME VERSION: builds a cargo subcommand once for all clones; any version already there will do.
need_cargo_tool() {
    cargo "${1#cargo-}" --version >/dev/null 2>&1 && return
    # Built in a folder of its own: its release artefacts have no use afterwards.
    env -u CARGO_TARGET_DIR cargo install "$1" --version "$2" --locked --root "$tools"
}

# Prints the path of a Chromium or Chrome, or fails.
chromium_path() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

# Prints the path of chromedriver, or fails.
chromedriver_path() {
    # Debian's children put it beside the browser and not always on the path.
    command -v chromedriver || { [[ -x /usr/lib/chromium-browser/chromedriver ]] && echo /usr/lib/chromium-browser/chromedriver; }
}

# Where the engine lies that checks pages for accessibility.
axe_version=4.14.1
axe_path() {
    echo "$tools/axe-core-$axe_version.js"
}

# Fetches that engine once for all clones: one file of its package, whose contents are pinned. Nothing of the package is run.
need_axe() {
    [[ ! -s $(axe_path) ]] || return 0
    command -v npm >/dev/null || need_packages npm npm
    local folder
    folder=$(mktemp -d)
    (
        cd "$folder"
        npm pack --silent --ignore-scripts "axe-core@$axe_version" >/dev/null
        tar -xzf "axe-core-$axe_version.tgz" package/axe.min.js
        echo "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c  package/axe.min.js" | sha256sum --check --quiet
    ) || fail "axe-core could not be fetched as it is pinned"
    # Whoever looks meanwhile finds none of it or all.
    mv "$folder/package/axe.min.js" "$(axe_path)"
    rm -rf "$folder"
}
