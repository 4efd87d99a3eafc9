# shellcheck shell=bash
# What the scripts beside this file share. It is sourced, never run.

# Ends the script with one line on stderr, under the name of the script.
die() {
  printf 'script/%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# Prints the comment at the top of the script that is running: its manual.
print_help() {
  awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$0"
}

# Prints the directory that cargo builds into, whether it was set by CARGO_TARGET_DIR, by a
# cargo configuration file or by nobody. To be called in the root of the workspace.
target_dir() {
  cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# Whether something listens on HOST PORT. Bounded, since a host may also stay silent.
port_is_taken() {
  # shellcheck disable=SC2016 # $0 and $1 belong to the inner shell
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
}

# The process group that `run_in_group` waits for; empty between two runs.
group=

# Runs a command to its end in a process group of its own, so that `stop_group "$group"` in a
# trap reaches everything the command started. It waits with `wait`, which (unlike a command in
# the foreground) a trapped signal interrupts at once. Returns the command's exit code.
run_in_group() {
  local status=0
  # Bash lets a background command ignore Ctrl-C, and so would all of its children; `env` undoes
  # that. `setsid` and not `set -m`, which stops dead when nested below a terminal.
  setsid env --default-signal=INT,QUIT "$@" </dev/null &
  group=$!
  wait "$group" || status=$?
  group=
  return "$status"
}

# Stops a process group by the id of its leader: politely, and after SECONDS_MAX by force.
stop_group() {
  local leader=$1 seconds_max=$2 tries
  [[ -n $leader ]] || return 0
  kill -TERM -- "-$leader" 2>/dev/null || return 0
  for ((tries = 0; tries < seconds_max * 10; tries++)); do
    kill -0 -- "-$leader" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$leader" 2>/dev/null || true
}
