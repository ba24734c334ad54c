using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// A prepared statement without boxing. Used by one thread at a time; disposed before its connection is.
/// </summary>
internal sealed unsafe class NativeStatement : IDisposable
{
    private readonly SqliteConnection _connection;
    private nint _handle;

    /// <exception cref="AiShellException">The statement does not compile.</exception>
    public NativeStatement(SqliteConnection connection, string sql)
        : this(connection, Encoding.UTF8.GetBytes(sql), out _)
    {
    }

    /// <summary>Compiles the first statement of <paramref name="sql"/>; <paramref name="used"/> is how many bytes it took.</summary>
    public NativeStatement(SqliteConnection connection, ReadOnlySpan<byte> sql, out int used)
    {
        _connection = connection;
        fixed (byte* start = sql)
        {
            int result = NativeSqlite.Prepare(Database, start, sql.Length, 0, out _handle, out byte* tail);
            if (result != NativeSqlite.Ok)
            {
                throw Error(result);
            }

            used = (int)(tail - start);
        }
    }

    /// <summary>For the getters of <see cref="NativeSqlite"/>; 0 for a statement of nothing but white space and comments.</summary>
    public nint Handle => _handle;

    private nint Database => _connection.Handle!.DangerousGetHandle();

    /// <summary>Goes to the next row; false after the last.</summary>
    public bool Step()
    {
        int result = NativeSqlite.Step(_handle);
        return result switch
        {
            NativeSqlite.Row => true,
            NativeSqlite.Done => false,
            _ => throw Error(result),
        };
    }

    public void Reset() => _ = NativeSqlite.Reset(_handle); // it repeats the last step's error, which Step has thrown

    public void Check(int result)
    {
        if (result != NativeSqlite.Ok)
        {
            throw Error(result);
        }
    }

    public void Dispose()
    {
        _ = NativeSqlite.Finalize(_handle); // as with Reset
        _handle = 0;
    }

    private AiShellException Error(int result)
    {
        string message = Marshal.PtrToStringUTF8((nint)NativeSqlite.ErrorMessage(Database)) ?? "unknown error";
        return SqliteFailure.From(NativeSqlite.ExtendedErrorCode(Database) is var code and not 0 ? code : result, message);
    }
}
