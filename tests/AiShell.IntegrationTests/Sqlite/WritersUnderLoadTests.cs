using System.Diagnostics;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A writer that moves money without a pause while backups are made: each backup is one moment, and the writer goes on.</summary>
public sealed class WritersUnderLoadTests(ITestOutputHelper output) : IDisposable
{
    private const int Accounts = 200;
    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(10);
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(BackupFormat.Native)]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task In_WAL_mode_no_commit_is_ever_refused(BackupFormat format)
    {
        // No busy timeout: had the writer to wait for us at all, it would fail.
        (int commits, TimeSpan longest) = await BackUpWhileWritingAsync("wal", format, fillerMegabytes: 16, rounds: 3, TimeSpan.Zero);
        output.WriteLine($"{commits} commits, the longest took {longest.TotalMilliseconds:N0} ms");
    }

    /// <summary>
    /// A reader of a rollback-journal database keeps writers from committing: that is SQLite's design. Two windows are copied in short strokes;
    /// a writer that commits between them makes us copy again, in the end under one lock.
    /// </summary>
    [Theory]
    [InlineData("delete", BackupFormat.Native)]
    [InlineData("truncate", BackupFormat.Native)]
    [InlineData("persist", BackupFormat.Sql)]
    public async Task With_a_rollback_journal_a_writer_waits_for_a_moment_only_and_spoils_no_copy(string journalMode, BackupFormat format)
    {
        (int commits, TimeSpan longest) = await BackUpWhileWritingAsync(journalMode, format, fillerMegabytes: 80, rounds: 1, Generous);
        output.WriteLine($"{commits} commits, the longest took {longest.TotalMilliseconds:N0} ms");
        Assert.True(longest < Generous, $"A commit took {longest}.");
    }

    private async Task<(int Commits, TimeSpan Longest)> BackUpWhileWritingAsync(string journalMode, BackupFormat format, int fillerMegabytes, int rounds, TimeSpan lockWait)
    {
        string path = _folder.Write(
            "bank.db",
            $"PRAGMA journal_mode = {journalMode}; PRAGMA synchronous = OFF",
            "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER)",
            "CREATE TABLE transfer(id INTEGER PRIMARY KEY, amount INTEGER)",
            $"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Accounts}) INSERT INTO account SELECT i, 1000 FROM n",
            "CREATE TABLE filler(x)",
            $"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {fillerMegabytes}) INSERT INTO filler SELECT randomblob(1000000) FROM n",
            "CREATE TABLE spread(id INTEGER PRIMARY KEY, balance INTEGER)",
            $"INSERT INTO spread SELECT id, -balance FROM account");
        using CancellationTokenSource stop = new();
        using SemaphoreSlim written = new(0);
        Task<(int, TimeSpan)> writer = Task.Factory.StartNew(
            () => Transfer(path, lockWait, written, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAny(written.WaitAsync(), writer);
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                SnapshotOptions options = new(format, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 8 << 20, Generous);
                MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, DatabaseAddress.OfFile(path), options);
                string copy = _folder.PathOf($"copy-{round}.db");
                await backup.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), new TargetOptions(TableFilter.Everything, false, false, 2, _folder.Scratch, Generous));

                // The two tables lie at the two ends of the file: money would be lost between them if the copy were of two moments.
                Assert.Equal(0, SqliteFolder.Scalar(copy, "SELECT (SELECT sum(balance) FROM account) + (SELECT sum(balance) FROM spread)"));
                Assert.Equal(0, SqliteFolder.Scalar(copy, "SELECT 200000 - sum(balance) - (SELECT total(amount) FROM transfer) FROM account"));
                File.Delete(copy);
            }
        }
        finally
        {
            await stop.CancelAsync();
        }

        (int commits, TimeSpan longest) = await writer;
        Assert.True(commits > rounds, $"Only {commits} commits.");
        return (commits, longest);
    }

    private static (int Commits, TimeSpan Longest) Transfer(string path, TimeSpan lockWait, SemaphoreSlim written, CancellationToken stop)
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Writer, lockWait);
        SqliteSession.Execute(connection, "PRAGMA synchronous = OFF");
        int commits = 0;
        TimeSpan longest = TimeSpan.Zero;
        while (!stop.IsCancellationRequested)
        {
            int id = (commits % Accounts) + 1;
            long start = Stopwatch.GetTimestamp();
            SqliteSession.Execute(
                connection,
                $"BEGIN IMMEDIATE; UPDATE account SET balance = balance - 1 WHERE id = {id}; INSERT INTO transfer(amount) VALUES(1); UPDATE spread SET balance = balance + 1 WHERE id = {id}; COMMIT");
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            longest = took > longest ? took : longest;
            if (commits++ == 0)
            {
                written.Release();
            }
        }

        return (commits, longest);
    }
}
