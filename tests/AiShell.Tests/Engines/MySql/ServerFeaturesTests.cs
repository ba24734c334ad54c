using AiShell.Engines.MySql;

namespace AiShell.Tests.Engines.MySql;

/// <summary>Answers to VERSION() as servers give them; of MySQL there is no server here.</summary>
public sealed class ServerFeaturesTests
{
    [Theory]
    [InlineData("10.11.19-MariaDB-0+deb12u1-log", true, 101119)]
    [InlineData("10.4.34-MariaDB-1:10.4.34+maria~ubu2004", true, 100434)]
    [InlineData("11.8.2-MariaDB-ubu2404", true, 110802)]
    [InlineData("10.6.14-6-MariaDB-enterprise-log", true, 100614)]
    [InlineData("12.0.1-MariaDB", true, 120001)]
    [InlineData("8.0.36", false, 80036)]
    [InlineData("8.0.36-0ubuntu0.22.04.1", false, 80036)]
    [InlineData("8.4.0", false, 80400)]
    [InlineData("9.1.0-commercial", false, 90100)]
    [InlineData("5.7.44-log", false, 50744)]
    [InlineData("8.0.35-27", false, 80035)]
    [InlineData("8.0.mysql_aurora.3.05.2", false, 80000)]
    [InlineData("", false, 0)]
    public void The_version_and_the_maker_are_read(string text, bool isMariaDb, int version) => Assert.Equal(new ServerFeatures(isMariaDb, version), ServerFeatures.Of(text));

    [Theory]
    [InlineData("10.4.34-MariaDB", true, false, "SHOW MASTER STATUS")]
    [InlineData("10.5.2-MariaDB", true, false, "SHOW BINLOG STATUS")]
    [InlineData("11.8.2-MariaDB", true, false, "SHOW BINLOG STATUS")]
    [InlineData("5.7.44-log", false, false, "SHOW MASTER STATUS")]
    [InlineData("8.0.36", false, true, "SHOW MASTER STATUS")]
    [InlineData("8.1.0", false, true, "SHOW MASTER STATUS")]
    [InlineData("8.2.0", false, true, "SHOW BINARY LOG STATUS")]
    [InlineData("9.1.0", false, true, "SHOW BINARY LOG STATUS")]
    public void Locks_and_statements_are_those_of_the_version(string text, bool backupStage, bool instanceLock, string binaryLog)
    {
        ServerFeatures features = ServerFeatures.Of(text);
        Assert.Equal((backupStage, instanceLock, binaryLog), (features.HasBackupStage, features.HasInstanceLock, features.BinaryLogStatus));
    }

    [Theory]
    [InlineData("10.4.34-MariaDB", true, true, false)]
    [InlineData("10.11.0-MariaDB", true, true, true)]
    [InlineData("8.0.36", false, false, false)]
    public void MySQL_has_neither_sequences_nor_history(string text, bool sequences, bool history, bool insertsHistory)
    {
        ServerFeatures features = ServerFeatures.Of(text);
        Assert.Equal((sequences, history, insertsHistory), (features.HasSequences, features.HasSystemVersioning, features.CanInsertHistory));
    }
}
