using System.Text;
using AiShell.Engines.MySql.Foreign;

namespace AiShell.Tests.Engines.MySql;

public sealed class DatabaseFilterTests
{
    private static string Filter(string script)
    {
        DatabaseFilter filter = new();
        return string.Concat(script.Split('\n').Select(line => $"{line}\n").Where(line => filter.Takes(Encoding.UTF8.GetBytes(line)))).TrimEnd('\n');
    }

    [Theory]
    [InlineData("USE sakila;")]
    [InlineData("use `a``b` ;")]
    [InlineData("DROP SCHEMA IF EXISTS sakila;")]
    [InlineData("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;")]
    [InlineData("/*!40000 DROP DATABASE IF EXISTS `shop`*/;")]
    [InlineData("create schema if not exists sakila default character set latin1;\r")]
    public void What_chooses_the_database_goes(string line) => Assert.Equal("SELECT 1;\nSELECT 2;", Filter($"SELECT 1;\n{line}\nSELECT 2;"));

    [Theory]
    [InlineData("INSERT INTO t VALUES ('a\nUSE x;\nb');")]
    [InlineData("INSERT INTO t VALUES ('it\\'s\nUSE x;\n');\nINSERT INTO t VALUES ('\\\\');")]
    [InlineData("INSERT INTO t VALUES ('it''s;\nUSE x;\n', \"\n'USE y;\n\");")]
    [InlineData("CREATE TABLE `odd ;\nUSE x;\n`(a int);")]
    [InlineData("/* a comment\nUSE x;\n*/\nSELECT 1;")]
    [InlineData("CREATE TABLE t(\nuse int);")]
    [InlineData("DELIMITER ;;\nCREATE PROCEDURE p() BEGIN\nSELECT 1;\nDROP DATABASE x;\nEND;;\nDELIMITER ;\nSELECT 1;")]
    [InlineData("SELECT 'use x;';\nUSE_IT;")]
    public void What_only_looks_so_stays(string script) => Assert.Equal(script, Filter(script));

    [Theory]
    [InlineData("-- it's a comment\nUSE x;")]
    [InlineData("# it's a comment\nUSE x;")]
    [InlineData("/* it's; */ SELECT 1;\nUSE x;")]
    [InlineData("INSERT INTO t VALUES ('a;', \"b';\", `c\";`);\nUSE x;")]
    [InlineData("DELIMITER //\nSELECT ';' //\nDELIMITER ;\nUSE x;")]
    [InlineData("/*!50003 SET x = 'a' */ ;\nUSE x;")]
    public void After_quotes_and_comments_a_statement_is_one_again(string script) => Assert.Equal(script[..^"\nUSE x;".Length], Filter(script));

    [Fact]
    public void Two_databases_are_refused()
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Filter("CREATE DATABASE `a`;\nUSE `a`;\nSELECT 1;\nUSE b;"));

        Assert.Equal(ErrorKind.Refused, failure.Kind);
        Assert.Contains("'a', 'b'", failure.Message, StringComparison.Ordinal);
    }
}
