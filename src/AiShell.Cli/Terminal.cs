using System.Text;

namespace AiShell.Cli;

/// <summary>The three standard streams and whether a person sits at them; replaced in tests.</summary>
/// <param name="OutputIsTerminal">Standard output is shown to a person, not read by a program.</param>
/// <param name="Width">Columns of the terminal.</param>
internal sealed record Terminal(
    TextReader In, TextWriter Out, TextWriter Error, bool InputIsTerminal, bool OutputIsTerminal, bool ErrorIsTerminal, int Width)
{
    public static Terminal OfProcess()
    {
        bool outputIsTerminal = !Console.IsOutputRedirected;
        bool errorIsTerminal = !Console.IsErrorRedirected;
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new Terminal(
            new StreamReader(Console.OpenStandardInput(), utf8),
            new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true },
            new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true },
            !Console.IsInputRedirected,
            outputIsTerminal,
            errorIsTerminal,
            (outputIsTerminal || errorIsTerminal) && Console.WindowWidth is > 20 and var width ? width : 80);
    }
}
