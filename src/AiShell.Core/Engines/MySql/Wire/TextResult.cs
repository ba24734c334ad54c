using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.MySql.Wire;

/// <param name="CharacterSet">63 for bytes.</param>
/// <param name="Type">The protocol's number (manual, "Column Type").</param>
internal sealed record TextColumn(string Name, int CharacterSet, int Type);

/// <summary>The answer to one statement of a person's: its first result, further ones are read away (manual, "Text Resultset").</summary>
/// <param name="Columns">None where it returns no rows.</param>
/// <param name="Truncated">There were more rows than asked for.</param>
internal sealed record TextResult(IReadOnlyList<TextColumn> Columns, IReadOnlyList<byte[]?[]> Rows, bool Truncated, long Affected)
{
    private const int MoreResults = 0x0008;
    private const byte LocalFile = 0xFB;

    /// <param name="mostRows">The most rows that are kept.</param>
    /// <param name="stopsThere">Leave the rest unread; the session can then only be disposed.</param>
    /// <exception cref="ServerError">The server refused it.</exception>
    /// <exception cref="NotSupportedException">The statement wants a file of this machine.</exception>
    public static TextResult Run(MySqlSession session, string statement, int mostRows, bool stopsThere)
    {
        session.SendQuery(Encoding.UTF8.GetBytes(statement));
        TextResult result = ReadOne(session, mostRows, stopsThere, out bool more);
        while (more && !(stopsThere && result.Truncated))
        {
            ReadOne(session, 0, false, out more);
        }

        return result;
    }

    private static TextResult ReadOne(MySqlSession session, int mostRows, bool stopsThere, out bool more)
    {
        int first = session.BeginAnswer();
        if (first == 0)
        {
            PayloadReader ok = new(session.Packets.ReadRest());
            ok.ReadByte();
            long affected = (long)ok.ReadLength();
            ok.ReadLength(); // the last AUTO_INCREMENT
            more = HasMore(ok.ReadBytes(2));
            return new TextResult([], [], false, affected);
        }

        if (first == LocalFile)
        {
            session.Packets.Skip();
            session.Packets.Send([]); // no file
            ReadOne(session, 0, false, out more);
            throw new NotSupportedException("LOAD DATA LOCAL");
        }

        List<TextColumn> columns = ReadColumns(session);
        List<byte[]?[]> rows = [];
        bool truncated = false;
        more = false;
        while (!session.IsEndOfRows(session.BeginAnswer()))
        {
            truncated = rows.Count == mostRows;
            if (truncated && stopsThere)
            {
                return new TextResult(columns, rows, true, -1);
            }

            if (truncated)
            {
                session.Packets.Skip();
            }
            else
            {
                rows.Add(session.ReadRow(columns.Count));
            }
        }

        more = EndHasMore(session);
        return new TextResult(columns, rows, truncated, -1);
    }

    private static List<TextColumn> ReadColumns(MySqlSession session)
    {
        int count = (int)new PayloadReader(session.Packets.ReadRest()).ReadLength();
        List<TextColumn> columns = [];
        for (int column = 0; column < count; column++)
        {
            session.BeginAnswer();
            PayloadReader definition = new(session.Packets.ReadRest());
            for (int text = 0; text < 4; text++)
            {
                definition.ReadBytes((int)definition.ReadLength()); // catalogue, schema, alias and name of the table
            }

            string name = Encoding.UTF8.GetString(definition.ReadBytes((int)definition.ReadLength()));
            definition.ReadBytes((int)definition.ReadLength());
            definition.ReadLength();
            byte[] rest = definition.ReadBytes(7);
            columns.Add(new TextColumn(name, BinaryPrimitives.ReadUInt16LittleEndian(rest), rest[6]));
        }

        if (!session.Login.DeprecateEof)
        {
            session.BeginAnswer();
            session.Packets.Skip();
        }

        return columns;
    }

    private static bool EndHasMore(MySqlSession session)
    {
        PayloadReader end = new(session.Packets.ReadRest());
        end.ReadByte();
        if (session.Login.DeprecateEof)
        {
            end.ReadLength();
            end.ReadLength();
        }
        else
        {
            end.ReadBytes(2); // warnings
        }

        return HasMore(end.ReadBytes(2));
    }

    private static bool HasMore(byte[] status) => (BinaryPrimitives.ReadUInt16LittleEndian(status) & MoreResults) != 0;
}
