# Shared by ./test and .ci/run: where built things are kept, what a run needs, how long each stage took.
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

# --- what a run needs ---------------------------------------------------------------------------

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

# --- stages -------------------------------------------------------------------------------------

run_log=$(mktemp)
stage_names=()
stage_times=()
stage_now=
started=${EPOCHREALTIME/[.,]/}
stage_started=$started

# stage NAME COMMAND...: runs a command, a failure of which ends the run, and remembers how long it took.
stage() {
    stage_now=$1
    stage_started=${EPOCHREALTIME/[.,]/}
    shift
    printf '\n== %s\n' "$stage_now"
    "$@"
    stage_end "$stage_now"
}

stage_end() {
    stage_names+=("$1")
    stage_times+=($((${EPOCHREALTIME/[.,]/} - stage_started)))
    stage_now=
}

# logged COMMAND...: keeps what a test run prints, for its closing line.
logged() {
    "$@" 2>&1 | tee "$run_log"
}

# Last of all, whether the run succeeded or not: the times, then the test runner's closing line.
finish() {
    [[ -z $stage_now ]] || stage_end "$stage_now (failed)"
    local at
    printf '\n%-28s %9s\n' stage seconds
    for at in "${!stage_names[@]}"; do
        seconds "${stage_names[at]}" "${stage_times[at]}"
    done
    seconds total $((${EPOCHREALTIME/[.,]/} - started))
    sed 's/\x1b\[[0-9;]*m//g' "$run_log" | grep -E '^ +Summary \[' | tail -n 1 || true
    rm -f "$run_log"
}

seconds() {
    printf '%-28s %7d.%d\n' "$1" $(($2 / 1000000)) $(($2 / 100000 % 10))
}

trap finish EXIT
