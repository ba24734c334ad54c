using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Tests.Engines.MySql;

public sealed class ServerErrorsTests
{
    [Theory]
    [InlineData(1142, "SELECT command denied to user 'u'@'%' for table `shop`.`t`", ErrorKind.Failed, "docs/mysql.md")]
    [InlineData(1205, "Lock wait timeout exceeded; try restarting transaction", ErrorKind.Busy, "--lock-wait")]
    [InlineData(1203, "User u already has more than 'max_user_connections' active connections", ErrorKind.Unreachable, "--jobs")]
    [InlineData(1153, "Got a packet bigger than 'max_allowed_packet' bytes", ErrorKind.Failed, "max_allowed_packet")]
    [InlineData(1419, "You do not have the SUPER privilege and binary logging is enabled", ErrorKind.Failed, "log_bin_trust_function_creators")]
    [InlineData(1449, "The user specified as a definer ('x'@'%') does not exist", ErrorKind.Failed, "--definer")]
    [InlineData(1114, "The table 't' is full", ErrorKind.Failed, "space")]
    [InlineData(1030, "Got error 28 \"No space left on device\" from storage engine InnoDB", ErrorKind.Failed, "space")]
    [InlineData(3, "Error writing file '/tmp/MLx' (Errcode: 28 \"No space left on device\")", ErrorKind.Failed, "space")]
    [InlineData(1290, "The MariaDB server is running with the --read-only option so it cannot execute this statement", ErrorKind.Failed, "read_only")]
    [InlineData(1194, "Table 't' is marked as crashed and should be repaired", ErrorKind.Failed, "--exclude-tables")]
    [InlineData(1927, "Connection was killed", ErrorKind.Failed, "Try again")]
    public void Errors_become_what_a_person_can_do(int number, string message, ErrorKind kind, string hint)
    {
        AiShellException failure = ServerErrors.Translate(new ServerError(number, "HY000", message), "table 'orders'");
        Assert.Equal(kind, failure.Kind);
        Assert.Contains(hint, failure.Hint, StringComparison.Ordinal);
        Assert.Contains("table 'orders'", failure.Message, StringComparison.Ordinal);
        Assert.Contains(message.TrimEnd('.'), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Others_keep_their_number() =>
        Assert.Contains("1690", ServerErrors.Translate(new ServerError(1690, "22003", "BIGINT value is out of range"), "x").Message, StringComparison.Ordinal);
}
