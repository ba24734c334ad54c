using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Runs a schema's script in memory before anything is backed up: what cannot be restored is refused while the source is
/// still there. (A collation or function that only the application has, for instance.)
/// </summary>
internal static class SchemaTrial
{
    /// <summary>The script that has proved to work.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the schema cannot be created from its own text.</exception>
    public static SchemaScript Run(SqliteSchema schema, TableSelection selection, BackupScope scope)
    {
        SchemaScript script = new(schema, selection, scope);
        if (scope == BackupScope.DataOnly)
        {
            return script;
        }

        using SqliteConnection memory = new("Data Source=:memory:;Pooling=False");
        memory.Open();
        LoadingConnection.Prepare(memory);
        try
        {
            using MemoryStream text = new();
            RowOutput output = new(text);
            script.WriteBeforeRows(output);
            bool hasSequence = schema.SystemTables.Any(table => table.Name.Name == "sqlite_sequence");
            output.Flush();
            text.Position = 0;
            SqlScript.Run(memory, text, CancellationToken.None);
            bool getsSequence = SqliteSchema.Read(memory).SystemTables.Any(table => table.Name.Name == "sqlite_sequence");
            script = new SchemaScript(schema, selection, scope, hasSequence && !getsSequence);
            text.SetLength(0);
            script.WriteAfterRows(output, _ => { });
            output.Flush();
            text.Position = 0;
            SqlScript.Run(memory, text, CancellationToken.None);
        }
        catch (AiShellException failure)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The database's schema cannot be restored from SQL: {failure.Message}",
                "Back it up with --format native, or leave the table out.",
                failure);
        }

        return script;
    }
}
