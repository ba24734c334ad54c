using AiShell.Engines.MySql.Schema;

namespace AiShell.Tests.Engines.MySqlSchema;

public sealed class ScriptStatementsTests
{
    [Fact]
    public void Semicolons_in_names_texts_and_comments_end_nothing()
    {
        const string Script =
            "-- database {\"a\":\"b;c\"}\nSET a = 1;\nCREATE TABLE `x;``y\n;`(a int DEFAULT ';\\';' COMMENT 'it''s;', b text DEFAULT \";\\\";\") /* ; */;\n\nSET b = 2 -- ;\n;\n";

        Assert.Equal(
            ["SET a = 1", "CREATE TABLE `x;``y\n;`(a int DEFAULT ';\\';' COMMENT 'it''s;', b text DEFAULT \";\\\";\") /* ; */", "SET b = 2 -- ;\n"],
            ScriptStatements.Split(Script));
    }

    [Theory]
    [InlineData("BEGIN SELECT 1; END")]
    [InlineData("BEGIN SELECT ';;'; END")]
    [InlineData("BEGIN SELECT '$$;;$$$'; -- it's ;;\n END")]
    [InlineData("CREATE PROCEDURE ansi() SELECT \"id\", 'back\\' || 'x'")]
    [InlineData("BEGIN SELECT '\nDELIMITER ;\n'; END;")]
    public void A_delimited_statement_comes_back_as_it_was(string statement) =>
        Assert.Equal(["SET x = 1", statement, "SET x = 2"], ScriptStatements.Split($"SET x = 1;\n{ScriptStatements.Delimited(statement)}SET x = 2;\n"));

    [Fact]
    public void A_comment_at_the_end_does_not_hide_the_delimiter() =>
        Assert.Equal(["SELECT 1 -- the end\n", "SET x = 2"], ScriptStatements.Split($"{ScriptStatements.Delimited("SELECT 1 -- the end")}SET x = 2;\n"));

    [Theory]
    [InlineData("SET a = 1")]
    [InlineData("SET a = 'x;\n")]
    [InlineData("DELIMITER ;;\nSELECT 1;\nDELIMITER ;\n")]
    [InlineData("DELIMITER ;;")]
    public void What_does_not_end_is_no_script(string script) => Assert.Throws<InvalidDataException>(() => ScriptStatements.Split(script).ToList());
}
