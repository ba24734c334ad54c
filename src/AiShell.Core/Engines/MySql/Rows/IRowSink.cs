namespace AiShell.Engines.MySql;

/// <summary>
/// Takes rows value by value, in the order of the columns. Whoever reads rows, from the server or from a part, tells them to one of these;
/// whoever writes them, into a part, a digest or the server, is one. Values may come in pieces, so that none has to fit into memory.
/// </summary>
internal interface IRowSink
{
    void BeginRow();

    void Null();

    /// <summary>A number as its literal: <c>-12</c>, <c>3.1400</c>, <c>1e300</c>. One form for each value: as the server writes it; floats as short as reads back the same.</summary>
    void Number(ReadOnlySpan<byte> literal);

    /// <summary>Text, dates and times too: UTF-8 in <see cref="Piece"/>s, then <see cref="EndValue"/>.</summary>
    void BeginText();

    /// <summary>Bytes, in <see cref="Piece"/>s, then <see cref="EndValue"/>.</summary>
    /// <param name="characterSet">As <see cref="Snapshot.SourceColumn.RawCharacterSet"/>; null for binary.</param>
    void BeginBytes(string? characterSet);

    /// <summary>The value's next bytes, as they are: nothing is escaped. May cut a character.</summary>
    void Piece(ReadOnlySpan<byte> bytes);

    void EndValue();

    void EndRow();
}
