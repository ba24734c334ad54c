using System.Buffers;
using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>Reads the names of character sets, the same object for the same name.</summary>
internal sealed class CharacterSetName(PartInput input)
{
    private const int Longest = 32;

    private static readonly SearchValues<byte> Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_"u8);

    private string _last = "";

    /// <summary>Up to the first byte that is not of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public string Read()
    {
        input.Require(Longest + 1);
        int end = input.Window.IndexOfAnyExcept(Letters);
        if (end is < 1 or > Longest)
        {
            throw new FormatException("a character set is expected");
        }

        if (!Ascii.Equals(_last, input.Window[..end]))
        {
            _last = Encoding.ASCII.GetString(input.Window[..end]);
        }

        input.Advance(end);
        return _last;
    }
}
