using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Loads the parts of a backup in one of the row formats into a new database, one part after the other, in the phases'
/// order, over one connection: all of it is one transaction, which the last part commits.
/// </summary>
/// <param name="staging">A database that may be thrown away; used by nobody else while parts are loaded.</param>
internal sealed class RowLoader(SqliteConnection staging)
{
    private const int RowsBetweenCancellationChecks = 4096;

    private readonly RowBuffer _row = new();
    private bool _prepared;
    private bool _utf16;
    private bool _bigEndian;

    /// <summary>Loads a whole part. After a failure the database is of no use.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is not what its format says.</exception>
    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            Prepare();
            using ReadAheadStream ahead = new(plain);
            if (part.Phase == PartPhase.Data)
            {
                LoadRows(part, ahead, cancellationToken);
            }
            else
            {
                RunScript(part, ahead, cancellationToken);
                ReadEncoding();
            }
        },
        cancellationToken);

    private void Prepare()
    {
        if (!_prepared)
        {
            LoadingConnection.Prepare(staging);
            LoadingConnection.DisableTriggers(staging);
            ReadEncoding();
            _prepared = true;
        }
    }

    /// <summary>A script of a backup ran when the backup was made; where SQLite refuses a statement now, it is another.</summary>
    private void RunScript(BackupPart part, Stream script, CancellationToken cancellationToken)
    {
        try
        {
            SqlScript.Run(staging, script, cancellationToken);
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Failed && (raw.sqlite3_errcode(staging.Handle) & 0xFF) is raw.SQLITE_ERROR or raw.SQLITE_CONSTRAINT)
        {
            throw PartFailure.Damaged(part, 0, 0, failure);
        }
    }

    private void ReadEncoding()
    {
        using SqliteCommand command = staging.CreateCommand();
        command.CommandText = "PRAGMA main.encoding";
        string encoding = (string)command.ExecuteScalar()!;
        _utf16 = encoding != "UTF-8";
        _bigEndian = encoding == "UTF-16be";
    }

    private void LoadRows(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        RowReader reader = RowReader.Create(part, plain);
        NativeStatement? insert = null;
        long rows = 0;
        try
        {
            while (reader.Next(_row))
            {
                insert ??= new NativeStatement(staging, InsertStatement(part.Table!, reader.Columns, []));
                Insert(insert, part.Table!, reader.Columns);
                if (++rows % RowsBetweenCancellationChecks == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
        catch (FormatException failure)
        {
            throw PartFailure.Damaged(part, rows, reader.Offset, failure);
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Failed)
        {
            throw new AiShellException(ErrorKind.Failed, $"Row {rows + 1:N0} of {PartFailure.Name(part)} cannot be restored: {failure.Message}", failure.Hint, failure);
        }
        finally
        {
            insert?.Dispose();
        }
    }

    private static string InsertStatement(TableName table, IReadOnlyList<string> columns, HashSet<int> casts)
    {
        StringBuilder sql = new($"INSERT INTO main.{SqlName.Quote(table.Name)}(");
        sql.AppendJoin(',', columns.Select(SqlName.Quote)).Append(") VALUES(");
        sql.AppendJoin(',', columns.Select((_, column) => casts.Contains(column) ? "CAST(? AS TEXT)" : "?")).Append(')');
        return sql.ToString();
    }

    private void Insert(NativeStatement insert, TableName table, IReadOnlyList<string> columns)
    {
        if (_utf16 && IllFormedColumns() is { Count: > 0 } casts)
        {
            using NativeStatement special = new(staging, InsertStatement(table, columns, casts));
            InsertWithCasts(special, casts);
            return;
        }

        InsertRow(insert, _row);
    }

    private HashSet<int> IllFormedColumns()
    {
        HashSet<int> columns = [];
        CanonicalValues values = new(_row.Row);
        for (int column = 0; values.Next(); column++)
        {
            if (values.Kind == ValueKind.Text && !System.Text.Unicode.Utf8.IsValid(values.Bytes))
            {
                columns.Add(column);
            }
        }

        return columns;
    }

    /// <summary>Text with unpaired surrogates, which SQLite's own conversion from UTF-8 would garble, as the bytes it is stored as.</summary>
    private void InsertWithCasts(NativeStatement special, HashSet<int> casts)
    {
        RowBuffer stored = new();
        CanonicalValues values = new(_row.Row);
        for (int column = 0; values.Next(); column++)
        {
            switch (values.Kind)
            {
                case ValueKind.Null:
                    stored.AddNull();
                    break;
                case ValueKind.Integer:
                    stored.AddInteger(values.Integer);
                    break;
                case ValueKind.Real:
                    stored.AddReal(values.Real);
                    break;
                case ValueKind.Text when casts.Contains(column):
                    stored.AddBytes(ValueKind.Blob, Utf16Text.ToStored(values.Bytes, _bigEndian));
                    break;
                default:
                    stored.AddBytes(values.Kind, values.Bytes);
                    break;
            }
        }

        InsertRow(special, stored);
    }

    private static unsafe void InsertRow(NativeStatement insert, RowBuffer row)
    {
        // The values stay where they are until the row is in.
        fixed (byte* pinned = row.Row)
        {
            CanonicalValues values = new(row.Row);
            for (int parameter = 1; values.Next(); parameter++)
            {
                insert.Check(NativeValue.Bind(insert.Handle, parameter, in values));
            }

            _ = insert.Step();
            insert.Reset();
        }
    }
}
