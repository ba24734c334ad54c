namespace AiShell.Engines.MySql;

/// <summary>
/// Turns a part of rows back into rows. It accepts what the format's writer writes and nothing else: a byte that should not be there is an
/// error. No row is ever held whole.
/// </summary>
internal abstract class RowReader : IDisposable
{
    /// <summary>In the order of the rows' values; known after <see cref="ReadHeader"/>.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <exception cref="InvalidDataException">The part is not what its format says.</exception>
    public void ReadHeader()
    {
        try
        {
            Columns = ReadColumns();
        }
        catch (FormatException damage)
        {
            throw new InvalidDataException(damage.Message, damage);
        }
    }

    /// <summary>After the header: tells the next row.</summary>
    /// <returns>False at the end of the part.</returns>
    /// <exception cref="InvalidDataException">The part is not what its format says, or is cut short. What was told of the row does not count.</exception>
    public bool ReadRow(IRowSink sink)
    {
        try
        {
            return ReadNext(sink);
        }
        catch (FormatException damage)
        {
            throw new InvalidDataException(damage.Message, damage);
        }
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    protected abstract IReadOnlyList<string> ReadColumns();

    protected abstract bool ReadNext(IRowSink sink);
}
