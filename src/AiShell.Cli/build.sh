# Read by the launcher `ai-shell` when a build is due; sets nothing, returns 0 when $build/current is up to date.
# Each build goes into a folder of its own and becomes current by a rename, so that programs which still run
# the one before keep their files.

if ! command -v dotnet >/dev/null 2>&1; then
  echo "Error: ai-shell cannot be built: there is no dotnet command." >&2
  echo "Hint: Install the .NET 10 SDK (https://dotnet.microsoft.com/download) and run this again." >&2
  return 1
fi
mkdir -p "$build" || return 1

# One build at a time: mkdir is atomic everywhere, also where flock(1) is missing. The holder's process id tells a
# dead holder from a slow one.
lock=$build/lock
announced=
until mkdir "$lock" 2>/dev/null; do
  holder=$(cat "$lock/pid" 2>/dev/null)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
    # Renaming first lets exactly one waiter remove it.
    mv "$lock" "$build/stale.$$" 2>/dev/null && rm -rf "$build/stale.$$"
    continue
  fi
  if [ -z "$holder" ] && [ -n "$(find "$lock" -maxdepth 0 -mmin +1 2>/dev/null)" ]; then
    mv "$lock" "$build/stale.$$" 2>/dev/null && rm -rf "$build/stale.$$"
    continue
  fi
  if [ -z "$announced" ]; then
    announced=yes
    echo "Waiting for another build of ai-shell…" >&2
  fi
  sleep 0.2
done
echo $$ > "$lock/pid"
trap 'rm -rf "$lock"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

built=0
if is_due; then
  echo "Building ai-shell (first run takes about a minute)…" >&2
  next=$build/app-$(date +%s)-$$
  # Taken before the build, so that a file saved while it runs makes the next one due.
  : > "$build/stamp.next"
  if DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 \
    dotnet publish "$root/src/AiShell.Cli" -c Release -v quiet --nologo --use-current-runtime --self-contained false \
    -p:PublishReadyToRun=true -p:GenerateDocumentationFile=false -p:RunAnalyzers=false --artifacts-path "$build/artifacts" -o "$next" \
    > "$build/log" 2>&1 && [ -x "$next/ai-shell" ]; then
    dirname "$(readlink -f "$(command -v dotnet)")" > "$build/dotnet-root"
    ln -sfn "${next##*/}" "$build/current.next" && mv -T "$build/current.next" "$build/current" \
      && touch -r "$build/stamp.next" "$build/stamp" || built=1
    # The build before this one may still be running somewhere; older ones go.
    ls -dt "$build"/app-* | tail -n +4 | while read -r old; do rm -rf "$old"; done
  else
    rm -rf "$next"
    cat "$build/log" >&2
    echo "Error: ai-shell could not be built." >&2
    echo "Hint: The messages above say why; \`dotnet --info\` must show a .NET 10 SDK." >&2
    built=1
  fi
fi
rm -rf "$lock"
trap - EXIT INT TERM
return $built
