namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Turns a part of rows back into lines of COPY's text format, which are the canonical rows. It accepts what the format's writer
/// writes and nothing else: a byte that should not be there is an error. No row is ever held whole.
/// </summary>
internal abstract class RowReader : IDisposable
{
    /// <summary>In the order of the lines' values; known after <see cref="ReadHeader"/>.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <param name="lines">The lines' next bytes, which may begin and end anywhere.</param>
    public delegate void LinesAction(ReadOnlySpan<byte> lines);

    /// <exception cref="InvalidDataException">The part is not what its format says.</exception>
    public void ReadHeader() => Columns = Guard(ReadColumns);

    /// <summary>After the header, all rows to the end of the part.</summary>
    /// <exception cref="InvalidDataException">The part is not what its format says, or is cut short.</exception>
    public void ReadRows(LinesAction take) => Guard(() =>
    {
        ReadLines(take);
        return true;
    });

    public virtual void Dispose() => GC.SuppressFinalize(this);

    protected abstract IReadOnlyList<string> ReadColumns();

    protected abstract void ReadLines(LinesAction take);

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException damage)
        {
            throw new InvalidDataException(damage.Message, damage);
        }
    }
}
