# Read by the benchmarks: paired runs of two commands on the same data, printed as ratios of medians.
# Each run is measured by GNU time: wall seconds, processor seconds of it and its children, the largest process's memory.

need() {
  local missing=()
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  if [ ${#missing[@]} -gt 0 ]; then apt-get update -qq && apt-get install -y -qq "${missing[@]}" >&2; fi
}

# run NAME COMMAND: appends 'wall cpu kilobytes' to $work/NAME.runs
run() {
  command time -o "$work/time" -f '%e %U %S %M' bash -c "set -eo pipefail; $2" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  awk '{ printf "%.2f %.2f %d\n", $1, $2 + $3, $4 }' "$work/time" >> "$work/$1.runs"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
column() { awk -v c="$2" '{ print $c }' "$work/$1.runs"; }

# pair TITLE PREPARE OURS THEIRS: runs both $pairs times, in turn, PREPARE before each, and prints the medians.
# The ratio is the median of the pairs' ratios: below 1 is faster than the peer.
pair() {
  local title=$1 prepare=$2 ours=$3 theirs=$4 i
  rm -f "$work"/ours.runs "$work"/theirs.runs
  for i in $(seq "$pairs"); do
    if [ $((i % 2)) = 1 ]; then
      bash -c "$prepare"; run ours "$ours"; bash -c "$prepare"; run theirs "$theirs"
    else
      bash -c "$prepare"; run theirs "$theirs"; bash -c "$prepare"; run ours "$ours"
    fi
  done
  local ratio
  ratio=$(paste "$work/ours.runs" "$work/theirs.runs" | awk '{ print $1 / ($4 ? $4 : 0.01) }' | median)
  printf '%-58s ratio %.2f   %6.2f s : %6.2f s   cpu %6.2f : %6.2f   memory %4d : %4d MiB\n' "$title" "$ratio" \
    "$(column ours 1 | median)" "$(column theirs 1 | median)" "$(column ours 2 | median)" "$(column theirs 2 | median)" \
    "$(($(column ours 3 | sort -n | tail -1) / 1024))" "$(($(column theirs 3 | sort -n | tail -1) / 1024))"
}
