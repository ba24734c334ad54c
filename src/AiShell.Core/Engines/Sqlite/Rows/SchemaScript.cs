using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// The parts of a backup before and after the rows: one script together with them, which the stock sqlite3 shell and
/// <see cref="SqlScript"/> run. Everything is one transaction, so that a script that stops leaves an empty database.
/// </summary>
/// <param name="needsSequence"><c>sqlite_sequence</c> is there though no table of the backup uses it any more.</param>
internal sealed partial class SchemaScript(SqliteSchema schema, TableSelection selection, BackupScope scope, bool needsSequence = false)
{
    /// <summary>Newer shells refuse to write sqlite_schema without it. Their own .dump asks for it in a comment.</summary>
    public const string DefensiveOff = ".dbconfig defensive off";

    private static readonly string[] AutoVacuumNames = ["NONE", "FULL", "INCREMENTAL"];

    private readonly bool _declares = scope != BackupScope.DataOnly;
    private readonly bool _hasRows = scope != BackupScope.SchemaOnly;

    /// <summary>Objects whose stored text cannot be had by running it: it ends within a comment, or the shell would change it.</summary>
    private List<SchemaObject> Rewritten => [.. Declared.Where(item => Prepare(item.Sql) != item.Sql || item.Sql.Contains("\r\n", StringComparison.Ordinal))];

    private IEnumerable<SqliteTable> Tables => selection.Tables.Where(table => !table.IsVirtual && (_hasRows || !table.IsShadow));

    private IEnumerable<SqliteTable> VirtualTables => selection.Tables.Where(table => table.IsVirtual);

    private IEnumerable<SchemaObject> Others =>
        schema.Indexes.Concat(schema.Views).Concat(schema.Triggers).Where(item => selection.Takes(item.TableName));

    private IEnumerable<SchemaObject> Declared =>
        Tables.Select(table => new SchemaObject("table", table.Name.Name, table.Name.Name, table.Sql)).Concat(Others);

    /// <summary>SQLite's own tables with rows to keep, but sqlite_sequence.</summary>
    private IEnumerable<SqliteTable> Statistics => schema.SystemTables.Where(table => _declares && _hasRows && !IsSequence(table));

    private IEnumerable<SqliteTable> MadeByHand => Statistics.Where(table => !IsStatistics1(table));

    private bool WritesSchema => _declares && ((_hasRows && VirtualTables.Any()) || Rewritten.Count > 0 || MadeByHand.Any());

    public void WriteBeforeRows(RowOutput output)
    {
        StringBuilder sql = new();
        sql.Append("-- SQLite database, backed up by ai-shell. Restore with: sqlite3 new.db < this script\n");
        if (WritesSchema)
        {
            sql.Append(DefensiveOff).Append('\n');
        }

        sql.Append("PRAGMA foreign_keys=OFF;\n");
        if (_declares)
        {
            sql.Append(CultureInfo.InvariantCulture, $"PRAGMA encoding='{schema.Encoding}';\nPRAGMA page_size={schema.PageSizeBytes};\n");
            sql.Append(CultureInfo.InvariantCulture, $"PRAGMA auto_vacuum={AutoVacuumNames[schema.AutoVacuum]};\n");
        }

        sql.Append("PRAGMA ignore_check_constraints=ON;\nBEGIN;\n");
        if (_declares)
        {
            foreach (SqliteTable table in Tables)
            {
                AppendStatement(sql, table.Sql);
            }
        }

        output.Write(Encoding.UTF8.GetBytes(sql.ToString()));
    }

    /// <param name="writeRows">Writes the rows of one of SQLite's own tables as SQL.</param>
    public void WriteAfterRows(RowOutput output, Action<SqliteTable> writeRows)
    {
        void Write(string text) => output.Write(Encoding.UTF8.GetBytes(text));
        StringBuilder sql = new();
        if (_declares)
        {
            foreach (SchemaObject item in Others)
            {
                AppendStatement(sql, item.Sql);
            }

            if (needsSequence)
            {
                string name = FreeName();
                sql.Append(CultureInfo.InvariantCulture, $"CREATE TABLE {name}(id INTEGER PRIMARY KEY AUTOINCREMENT);\nDROP TABLE {name};\n");
            }
        }

        Write(sql.ToString());
        if (_hasRows && schema.SystemTables.FirstOrDefault(IsSequence) is SqliteTable sequence)
        {
            Write("DELETE FROM sqlite_sequence;\n");
            writeRows(sequence);
        }

        if (WritesSchema)
        {
            Write("PRAGMA writable_schema=ON;\n");
        }

        foreach (SqliteTable table in Statistics)
        {
            Write(IsStatistics1(table) ? "ANALYZE sqlite_master;\n" : IfNotExists(table.Sql) + ";\n");
            Write($"DELETE FROM {SqlName.Quote(table.Name.Name)};\n");
            writeRows(table);
        }

        WriteEnd(output);
    }

    private void WriteEnd(RowOutput output)
    {
        SqlLiterals literals = new(output, "UTF-8");
        void Write(string text) => output.Write(Encoding.UTF8.GetBytes(text));
        if (_declares)
        {
            foreach (SchemaObject item in Rewritten)
            {
                WriteText(output, literals, item);
            }

            foreach (SqliteTable table in VirtualTables)
            {
                WriteVirtualTable(output, literals, table);
            }

            Write(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={schema.UserVersion};\nPRAGMA application_id={schema.ApplicationId};\n"));
        }

        Write("COMMIT;\nPRAGMA ignore_check_constraints=OFF;\n");
        if (WritesSchema)
        {
            Write("PRAGMA writable_schema=RESET;\n");
        }

        if (_declares && schema.JournalMode == "wal")
        {
            Write("PRAGMA journal_mode=WAL;\n");
        }
    }

    /// <summary>
    /// Sets the text right, and the names with it: in the shell a name has lost the CR of its line ends, in the condition
    /// here just as in the statement that made the object.
    /// </summary>
    private static void WriteText(RowOutput output, SqlLiterals literals, SchemaObject item)
    {
        void Write(string text) => output.Write(Encoding.UTF8.GetBytes(text));
        void WriteLiteral(string text) => literals.WriteText(Encoding.UTF8.GetBytes(text));
        Write("UPDATE sqlite_master SET name=");
        WriteLiteral(item.Name);
        Write(",tbl_name=");
        WriteLiteral(item.TableName);
        Write(",sql=");
        WriteLiteral(item.Sql);
        Write($" WHERE type='{item.Type}' AND name={SqlName.Literal(item.Name)};\n");
        if (item.Type == "table" && item.Name.Contains("\r\n", StringComparison.Ordinal))
        {
            Write($"UPDATE sqlite_master SET name=replace(name,{SqlName.Literal(item.Name)},");
            WriteLiteral(item.Name);
            Write("),tbl_name=");
            WriteLiteral(item.Name);
            Write($" WHERE type='index' AND sql IS NULL AND tbl_name={SqlName.Literal(item.Name)};\n");
        }
    }

    /// <summary>
    /// With its rows a virtual table is only declared, as .dump does it: running CREATE would make the shadow tables
    /// again. Without rows it must be created, or it would lack what its module puts into the shadow tables.
    /// </summary>
    private void WriteVirtualTable(RowOutput output, SqlLiterals literals, SqliteTable table)
    {
        if (!_hasRows)
        {
            StringBuilder sql = new();
            AppendStatement(sql, table.Sql);
            output.Write(Encoding.UTF8.GetBytes(sql.ToString()));
            return;
        }

        output.Write("INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql) VALUES('table',"u8);
        literals.WriteText(Encoding.UTF8.GetBytes(table.Name.Name));
        output.Write((byte)',');
        literals.WriteText(Encoding.UTF8.GetBytes(table.Name.Name));
        output.Write(",0,"u8);
        literals.WriteText(Encoding.UTF8.GetBytes(table.Sql));
        output.Write(");\n"u8);
    }

    private static void AppendStatement(StringBuilder sql, string text) => sql.Append(Prepare(text)).Append(";\n");

    /// <summary>The text as it can stand before a semicolon in a script that the shell reads.</summary>
    private static string Prepare(string sql)
    {
        // Within a statement the shell takes a line "go" or "/" for its end.
        string lines = ShellTerminator().Replace(sql, " $1");
        return lines + StatementSplitter.TailOf(Encoding.UTF8.GetBytes(lines));
    }

    private static string IfNotExists(string sql) =>
        sql.StartsWith("CREATE TABLE ", StringComparison.Ordinal) ? "CREATE TABLE IF NOT EXISTS " + sql["CREATE TABLE ".Length..] : sql;

    private string FreeName()
    {
        string name = "ai_shell_sequence";
        while (schema.Find(name) is not null || Others.Any(item => string.Equals(item.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            name += "_";
        }

        return name;
    }

    private static bool IsSequence(SqliteTable table) => string.Equals(table.Name.Name, "sqlite_sequence", StringComparison.OrdinalIgnoreCase);

    private static bool IsStatistics1(SqliteTable table) => string.Equals(table.Name.Name, "sqlite_stat1", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\r?\n([ \t\f]*(?:go|/)[ \t\f]*)(?=\r?\n|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ShellTerminator();
}
