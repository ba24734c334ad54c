using System.Globalization;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>
/// Reads the table of contents of pg_dump's custom format. The format has no manual; its writer is PostgreSQL's
/// pg_backup_archiver.c, and it has changed little: versions 1.14 (PostgreSQL 14 and 15), 1.15 (16) and 1.16 (17 and 18) are read.
/// </summary>
internal sealed class ArchiveReader
{
    private const int OldestVersion = 14;
    private const int NewestVersion = 16;

    private readonly byte[] _bytes;
    private int _at;
    private int _integerBytes = 4;
    private int _offsetBytes = 8;
    private int _version;

    private ArchiveReader(byte[] bytes)
    {
        _bytes = bytes;
    }

    /// <exception cref="InvalidDataException">It is not such an archive, or one of a version that is not known here.</exception>
    public static IReadOnlyList<ArchiveEntry> Read(byte[] archive)
    {
        ArchiveReader reader = new(archive);
        try
        {
            reader.ReadHeader();
            return reader.ReadEntries();
        }
        catch (Exception failure) when (failure is IndexOutOfRangeException or ArgumentException or OverflowException or FormatException)
        {
            throw new InvalidDataException("pg_dump's archive is cut short or damaged.", failure);
        }
    }

    private void ReadHeader()
    {
        if (!_bytes.AsSpan().StartsWith("PGDMP"u8))
        {
            throw new InvalidDataException("pg_dump did not write an archive.");
        }

        _at = 5;
        int major = ReadByte();
        _version = ReadByte();
        ReadByte();
        if (major != 1 || _version is < OldestVersion or > NewestVersion)
        {
            throw new InvalidDataException($"pg_dump's archive has the version {major}.{_version}; ai-shell reads 1.{OldestVersion} to 1.{NewestVersion}.");
        }

        _integerBytes = ReadByte();
        _offsetBytes = ReadByte();
        ReadByte(); // custom, directory or tar: their tables of contents are the same
        _ = _version >= 15 ? ReadByte() : ReadInteger(); // compression
        for (int field = 0; field < 7; field++)
        {
            ReadInteger(); // when it was made
        }

        ReadText(); // the database's name
        ReadText(); // the server's version
        ReadText(); // pg_dump's version
    }

    private List<ArchiveEntry> ReadEntries()
    {
        int count = ReadInteger();
        List<ArchiveEntry> entries = new(count);
        for (int entry = 0; entry < count; entry++)
        {
            entries.Add(ReadEntry());
        }

        return entries;
    }

    private ArchiveEntry ReadEntry()
    {
        int id = ReadInteger();
        ReadInteger(); // whether it has data
        (long, long) oid = (long.Parse(ReadText(), CultureInfo.InvariantCulture), long.Parse(ReadText(), CultureInfo.InvariantCulture));
        string tag = ReadText();
        string kind = ReadText();
        var section = (ArchiveSection)ReadInteger();
        string definition = ReadText();
        string drop = ReadText();
        ReadText(); // the COPY statement
        string schema = ReadText();
        string tablespace = ReadText();
        string accessMethod = ReadText();
        if (_version >= 16)
        {
            ReadInteger(); // relkind
        }

        string owner = ReadText();
        ReadText(); // whether it has OIDs
        List<int> dependencies = [];
        while (ReadTextOrNull() is { } dependency)
        {
            dependencies.Add(int.Parse(dependency, CultureInfo.InvariantCulture));
        }

        _at += 1 + _offsetBytes; // where its data lies
        return new ArchiveEntry(id, kind, tag, schema, section, definition, drop, owner, tablespace, accessMethod, dependencies) { Oid = oid };
    }

    private int ReadByte() => _bytes[_at++];

    /// <summary>A sign, then the magnitude, lowest byte first.</summary>
    private int ReadInteger()
    {
        bool negative = ReadByte() != 0;
        long value = 0;
        for (int index = 0; index < _integerBytes; index++)
        {
            value |= (long)ReadByte() << (8 * index);
        }

        return checked((int)(negative ? -value : value));
    }

    private string ReadText() => ReadTextOrNull() ?? "";

    private string? ReadTextOrNull()
    {
        int length = ReadInteger();
        if (length < 0)
        {
            return null;
        }

        string text = StrictText.Decode(_bytes.AsSpan(_at, length));
        _at += length;
        return text;
    }
}
