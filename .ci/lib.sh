# Shared by ./test and .ci/run: what a run needs, and how long each stage took.
# Sourced from the root of the clone; not run by itself.

source .ci/tools.sh

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
