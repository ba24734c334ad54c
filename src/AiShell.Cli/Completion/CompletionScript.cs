using System.Text;

namespace AiShell.Cli.Completion;

/// <summary>
/// Completion scripts that hold the whole command tree, so that a key press starts no program. Where no word fits, files
/// are offered, because most values are paths.
/// </summary>
internal static class CompletionScript
{
    public static string For(string shell, IReadOnlyList<CompletionWords> commands) => shell switch
    {
        "bash" => Bash(commands),
        "zsh" => Zsh(commands),
        _ => Fish(commands),
    };

    private static string Bash(IReadOnlyList<CompletionWords> commands)
    {
        var script = new StringBuilder(
            """
            # bash completion for ai-shell: source <(ai-shell completion bash)
            _ai_shell_words() {
              case "$1" in

            """);
        foreach (CompletionWords command in commands)
        {
            script.Append($"    '{command.Path}') echo '{string.Join(' ', command.Words.Select(word => word.Text))}' ;;\n");
        }

        return script.Append(
            """
                *) return 1 ;;
              esac
            }
            _ai_shell() {
              local current=${COMP_WORDS[COMP_CWORD]} path= next word
              for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                next="${path:+$path }$word"
                _ai_shell_words "$next" >/dev/null && path=$next
              done
              COMPREPLY=($(compgen -W "$(_ai_shell_words "$path")" -- "$current"))
            }
            complete -o default -F _ai_shell ai-shell ./ai-shell

            """).ToString();
    }

    private static string Zsh(IReadOnlyList<CompletionWords> commands)
    {
        // Not `path`: in zsh that is the array of $PATH.
        var script = new StringBuilder(
            """
            #compdef ai-shell
            # zsh completion for ai-shell: put it in a folder of $fpath as _ai-shell
            _ai_shell() {
              local -A entries
              local at= next word
              entries=(

            """);
        foreach (CompletionWords command in commands)
        {
            script.Append($"    {Quote("/" + command.Path)} {Quote(string.Join('\n', command.Words.Select(word => $"{word.Text.Replace(":", "\\:", StringComparison.Ordinal)}:{word.Description}")))}\n");
        }

        return script.Append(
            """
              )
              for word in "${(@)words[2,CURRENT-1]}"; do
                next="${at:+$at }$word"
                (( ${+entries[/$next]} )) && at=$next
              done
              local -a found
              found=("${(@f)entries[/$at]}")
              _describe 'ai-shell' found || _files
            }
            if [ "$funcstack[1]" = "_ai_shell" ] || [ "$funcstack[1]" = "_ai-shell" ]; then
              _ai_shell "$@"
            else
              compdef _ai_shell ai-shell
            fi

            """).ToString();
    }

    private static string Fish(IReadOnlyList<CompletionWords> commands)
    {
        var script = new StringBuilder(
            """
            # fish completion for ai-shell: save as ~/.config/fish/completions/ai-shell.fish
            function __ai_shell_path
                set -l at
                for word in (commandline -opc)[2..-1]
                    set -l next (string trim "$at $word")
                    contains -- "$next" $__ai_shell_paths; and set at $next
                end
                echo "$at"
            end

            """);
        script.Append("set -g __ai_shell_paths ").AppendJoin(' ', commands.Where(command => command.Path.Length > 0).Select(command => Quote(command.Path))).Append('\n');
        foreach (CompletionWords command in commands)
        {
            string here = Quote($"test (__ai_shell_path) = \"{command.Path}\"");
            foreach (CompletionWord word in command.Words)
            {
                string option = word.Text.StartsWith("--", StringComparison.Ordinal) ? $"-l {word.Text[2..]}" : $"-f -a {Quote(word.Text)}";
                script.Append($"complete -c ai-shell -n {here} {option} -d {Quote(word.Description)}\n");
            }
        }

        return script.ToString();
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
