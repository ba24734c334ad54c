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
holder_lives() {
  holder=$(cat "$lock/pid" 2>/dev/null)
  if [ -n "$holder" ]; then kill -0 "$holder" 2>/dev/null; else [ -z "$(find "$lock" -maxdepth 0 -mmin +1 2>/dev/null)" ]; fi
}
announced=
until mkdir "$lock" 2>/dev/null; do
  # A dead holder's lock is inherited, not removed: between a look and a removal, another one may have made a new one.
  # Only who makes this folder in it may, and only if the holder is dead still.
  if ! holder_lives; then
    if mkdir "$lock/heir" 2>/dev/null; then
      holder_lives || break
      rmdir "$lock/heir"
    elif [ -n "$(find "$lock/heir" -maxdepth 0 -mmin +1 2>/dev/null)" ]; then
      rmdir "$lock/heir" 2>/dev/null
    fi
  fi
  if [ -z "$announced" ]; then
    announced=yes
    echo "Waiting for another build of ai-shell…" >&2
  fi
  sleep 0.2
done
echo $$ > "$lock/pid"
rmdir "$lock/heir" 2>/dev/null
trap 'rm -rf "$lock"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# publish LOG ARGUMENT…: builds into $next
publish() {
  log=$1
  shift
  DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 \
    dotnet publish "$root/src/AiShell.Cli" -c Release -v quiet --nologo --use-current-runtime \
    -p:GenerateDocumentationFile=false -p:RunAnalyzers=false --artifacts-path "$build/artifacts" -o "$next" "$@" > "$log" 2>&1 && [ -x "$next/ai-shell" ]
}

built=0
if is_due; then
  next=$build/app-$(date +%s)-$$
  # Taken before the build, so that a file saved while it runs makes the next one due.
  : > "$build/stamp.next"
  # Machine code starts in a tenth of the time; making it takes a C compiler, for its linker.
  linker=$(command -v clang || command -v gcc)
  if [ -n "$linker" ]; then
    echo "Building ai-shell (the first time takes some two minutes)…" >&2
    publish "$build/log.native" -p:PublishAot=true -p:CppCompilerAndLinker="${linker##*/}" -p:CopyOutputSymbolsToPublishDirectory=false || linker=
  fi
  if [ -z "$linker" ]; then
    rm -rf "$next"
    echo "Building ai-shell for the .NET runtime, with which it starts slower; with clang or gcc, and the C library's headers, it becomes machine code…" >&2
    publish "$build/log" --self-contained false -p:PublishReadyToRun=true || built=1
  fi
  if [ "$built" = 0 ]; then
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
  fi
fi
rm -rf "$lock"
trap - EXIT INT TERM
return $built
