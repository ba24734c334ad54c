using System.Text;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.Tests.Engines.Sqlite;

public sealed class ForeignSqliteTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(x);")]
    [InlineData("-- a comment\n\n/* another\n one */ create table \"T\" (x);")]
    [InlineData("\uFEFFINSERT INTO t VALUES(1);")]
    [InlineData("  BEGIN;")]
    public void A_script_for_SQLite_is_recognised(string text) =>
        Assert.Equal(BackupFormat.Sql, _engine.Recognise(Encoding.UTF8.GetBytes(text))?.Format);

    [Theory]
    [InlineData("--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.t (x integer);")]
    [InlineData("-- MySQL dump 10.13  Distrib 8.0\nCREATE TABLE `t` (x int);")]
    [InlineData("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nCREATE TABLE `t` (x int);")]
    [InlineData("CREATE TABLE `t` (x int) ENGINE=InnoDB;")]
    [InlineData("id,name\n1,CREATE TABLE\n")]
    [InlineData("Dear all,\nCREATE TABLE is a statement.")]
    [InlineData("{\"a\": 1}")]
    [InlineData("")]
    public void Another_databases_dump_and_other_texts_are_not(string text) => Assert.Null(_engine.Recognise(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Bytes_are_a_database_only_with_its_first_words()
    {
        Assert.Equal(BackupFormat.Native, _engine.Recognise(File.ReadAllBytes(_folder.Write("a.db", "CREATE TABLE t(x)")).AsSpan(0, 4096))?.Format);
        Assert.Null(_engine.Recognise("CREATE TABLE t(x);\0"u8));
        Assert.Null(_engine.Recognise([0x1f, 0x8b, 8, 0]));
    }

    [Fact]
    public async Task A_database_file_and_a_script_are_loaded()
    {
        string path = _folder.Write("a.db", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1), (2)");
        foreach (byte[] content in new[] { await File.ReadAllBytesAsync(path), Encoding.UTF8.GetBytes(await SqliteFolder.ShellAsync(path, ".dump")) })
        {
            await using IScratchDatabase scratch = await _engine.CreateScratchAsync(near: null, _folder.Scratch, default);
            await _engine.LoadForeignAsync(scratch.Address, _engine.Recognise(content)!, new MemoryStream(content), default);

            Assert.Equal(2, Assert.Single(await _engine.DigestAsync(scratch.Address, default)).Fingerprint.Rows);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Scratch));
    }

    [Fact]
    public async Task A_file_cut_short_is_found()
    {
        byte[] whole = await File.ReadAllBytesAsync(_folder.Write("a.db", "CREATE TABLE t(x)", "INSERT INTO t VALUES(zeroblob(50000))"));
        foreach (int length in new[] { 20, 4096, whole.Length - 1 })
        {
            await using IScratchDatabase scratch = await _engine.CreateScratchAsync(near: null, _folder.Scratch, default);
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(
                () => _engine.LoadForeignAsync(scratch.Address, _engine.Recognise(whole)!, new MemoryStream(whole[..length]), default));
            Assert.Equal(ErrorKind.Integrity, failure.Kind);
        }
    }
}
