namespace AiShell.Engines.MySql;

/// <summary>
/// Writes rows as parts of one of the formats, and fingerprints them as it goes. <see cref="Begin"/>, rows, <see cref="End"/>; then the
/// next part may begin. A part of no rows is empty: it is none.
/// </summary>
internal interface IRowWriter : IRowSink
{
    /// <summary>Of all rows so far, in all parts.</summary>
    TableFingerprint Fingerprint { get; }

    /// <summary>Rows go to this stream, by way of a buffer.</summary>
    void Begin(Stream part);

    /// <summary>After a whole row: it and all before it are in the stream.</summary>
    void Flush();

    /// <summary>After the part's last row: everything is in the stream.</summary>
    void End();
}
