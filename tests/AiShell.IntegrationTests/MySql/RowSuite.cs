using System.Text;
using AiShell.Configuration;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Rows of a real server's tables, written as parts and read back.</summary>
internal static class RowSuite
{
    public static readonly BackupFormat[] Formats = [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv];

    public static async Task<MySqlSession> OpenAsync(MySqlFamilyServer server, string database)
    {
        MySqlSession session = await Server.OpenAsync(SettingsReader.Read(server.AddressOf(database), new ProcessEnvironment()), default);
        RowSelect.Prepare(session);
        return session;
    }

    public static SourceTable Table(MySqlSession session, string name)
    {
        string database = session.Scalar("SELECT DATABASE()")!;
        return ColumnListing.Read(session, database).Single(table => table.Name.Name == name);
    }

    public static (byte[] Part, TableFingerprint Fingerprint) Write(MySqlSession session, SourceTable table, BackupFormat format, string rest = "")
    {
        IRowWriter writer = RowFormats.CreateWriter(format, table);
        using MemoryStream part = new();
        writer.Begin(part);
        new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns, rest)), table.Columns).ReadToEnd(writer);
        writer.End();
        return (part.ToArray(), writer.Fingerprint);
    }

    public static TableFingerprint Read(SourceTable table, BackupFormat format, byte[] part)
    {
        BackupPart description = new(0, PartPhase.Data, table.Name, RowFormats.ExtensionOf(format), 0, part.Length, 0);
        using RowReader reader = RowFormats.CreateReader(description, new MemoryStream(part), Path.GetTempPath());
        TupleDigester digester = new();
        reader.ReadHeader();
        Assert.Equal(table.Columns.Select(column => column.Name), reader.Columns);
        while (reader.ReadRow(digester))
        {
            // to the end
        }

        return digester.Fingerprint;
    }

    /// <summary>All that must hold of a table: its rows, its parts in each format, and a copy that the stock client loads are the same.</summary>
    public static async Task<string> CheckAsync(MySqlFamilyServer server, string database, string name)
    {
        using MySqlSession session = await OpenAsync(server, database);
        SourceTable table = Table(session, name);
        TableFingerprint expected = TableDigests.Read(session, table.Name, table.Columns);
        Assert.True(expected.Rows > 0);
        foreach (BackupFormat format in Formats)
        {
            (byte[] part, TableFingerprint written) = Write(session, table, format);
            Assert.Equal(expected, written);
            Assert.Equal(expected, Read(table, format, part));
        }

        byte[] sql = Write(session, table, BackupFormat.Sql).Part;
        await server.RunAsync("", $"DROP DATABASE IF EXISTS `{database}_copy`; CREATE DATABASE `{database}_copy` CHARACTER SET latin1");
        await server.RunAsync($"{database}_copy", $"CREATE TABLE {SqlText.Quote(name)} LIKE {SqlText.Quote(database, name)}");
        await server.RunAsync($"{database}_copy", [.. "SET NAMES utf8mb4; SET time_zone='+00:00'; SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';\n"u8, .. sql]);
        using MySqlSession copy = await OpenAsync(server, $"{database}_copy");
        Assert.Equal(expected, TableDigests.Read(copy, table.Name, table.Columns));
        return Encoding.UTF8.GetString(sql);
    }

    /// <summary>The database is the same after a backup and a restore by the engine, in every format and both ways to load rows.</summary>
    public static async Task RestoreAsync(MySqlFamilyServer server, string database)
    {
        MySqlEngine engine = new();
        IReadOnlyList<TableDigest> expected = await engine.DigestAsync(server.AddressOf(database), default);
        string scratch = FastFolder.Create("ai-shell-my-scratch-");
        foreach (BackupFormat format in Formats)
        {
            MemoryBackup backup = await MemoryBackup.MakeAsync(
                engine, server.AddressOf(database), new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 2, scratch, 100_000, TimeSpan.FromSeconds(10)));
            Assert.Equal(expected, backup.Contents.Tables);
            Assert.Equal(expected, (await backup.ReadAsync(engine, new ReaderOptions(2, 0, scratch))).Tables);
            foreach (int local in (int[])[0, 1])
            {
                await server.RunAsync("", $"SET GLOBAL local_infile = {local}");
                TargetOptions options = new(TableFilter.Everything, IntoExisting: false, Replace: true, 2, scratch, TimeSpan.FromSeconds(10));
                Assert.Equal(expected, await backup.RestoreAsync(engine, server.AddressOf($"{database}_back"), options));
                Assert.Equal(expected, await engine.DigestAsync(server.AddressOf($"{database}_back"), default));
            }
        }

        Directory.Delete(scratch); // nothing is left in it
    }
}
