namespace AiShell.Cli.Output.Text;

/// <summary>A list as RFC 4180 records with a header line.</summary>
internal static class CsvText
{
    public static void Write<T>(TextWriter writer, Listing<T> listing) =>
        Write(writer, listing.Columns.Select(column => column.Title), listing.Rows.Select(row => listing.Columns.Select(column => (column.Raw ?? column.Text)(row))));

    public static void Write(TextWriter writer, IEnumerable<string> titles, IEnumerable<IEnumerable<string>> rows)
    {
        WriteRecord(writer, titles);
        foreach (IEnumerable<string> row in rows)
        {
            WriteRecord(writer, row);
        }
    }

    private static void WriteRecord(TextWriter writer, IEnumerable<string> fields)
    {
        writer.Write(string.Join(',', fields.Select(Quote)));
        writer.Write("\r\n");
    }

    private static string Quote(string field) =>
        field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
