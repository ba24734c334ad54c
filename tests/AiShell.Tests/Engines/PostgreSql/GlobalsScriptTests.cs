using AiShell.Engines.PostgreSql.Schema;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>pg_dumpall's statements, found in its text.</summary>
public sealed class GlobalsScriptTests
{
    private const string Script =
        """
        --
        -- it's a comment; CREATE ROLE "no";
        \restrict a'b;
        SET client_encoding = 'UTF8';
        CREATE ROLE "a;""b' --";
        ALTER ROLE "a;""b' --" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:x==;y' VALID UNTIL 'infinity';
        COMMENT ON ROLE "a;""b' --" IS E'back\\slash'' quote;\'
        CREATE ROLE "inside";';
        CREATE ROLE "PASSWORD 'x";
        ALTER ROLE "PASSWORD 'x" SET "search_path" TO 'a', 'PASSWORD ''b''';
        SECURITY LABEL FOR "p" ON ROLE "PASSWORD 'x" IS 'l';
        GRANT "a;""b' --" TO "PASSWORD 'x" WITH ADMIN OPTION, INHERIT TRUE GRANTED BY "postgres";
        GRANT SET ON PARAMETER "work_mem" TO "PASSWORD 'x";
        CREATE TABLESPACE "fast" OWNER "postgres" LOCATION '/a''b;c';
        ALTER TABLESPACE "fast" SET (random_page_cost='1.1');
        REVOKE ALL ON TABLESPACE "fast" FROM PUBLIC;
        \unrestrict a'b;

        """;

    [Fact]
    public void Statements_end_outside_quotes_and_are_known_by_what_they_are_about()
    {
        GlobalsScript script = GlobalsScript.Parse(Script);

        Assert.Equal(
            [
                GlobalsSubject.Session, GlobalsSubject.Role, GlobalsSubject.Role, GlobalsSubject.Role, GlobalsSubject.Role, GlobalsSubject.Role, GlobalsSubject.Role,
                GlobalsSubject.Membership, GlobalsSubject.Parameter, GlobalsSubject.Tablespace, GlobalsSubject.Tablespace, GlobalsSubject.Tablespace,
            ],
            script.Statements.Select(statement => statement.Subject));
        Assert.Equal(["PASSWORD 'x", "a;\"b' --"], script.Names[GlobalsScript.Roles]);
        Assert.Equal(["a;\"b' --"], script.Names[GlobalsScript.Passwords]);
        Assert.Equal(["fast"], script.Names[GlobalsScript.Tablespaces]);
        Assert.Equal(["a;\"b' --", "PASSWORD 'x"], script.Statements[7].Names);
        Assert.Equal("REVOKE ALL ON PARAMETER \"work_mem\" FROM \"PASSWORD 'x\"", script.Statements[8].Undo);
        Assert.EndsWith("\"inside\";';", script.Statements[3].Sql, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DROP ROLE \"app\";")]
    [InlineData("ALTER SYSTEM SET archive_command = 'x';")]
    [InlineData("SET ROLE \"postgres\";")]
    [InlineData("CREATE ROLE app;")]
    [InlineData("GRANT ALL ON DATABASE \"x\" TO \"y\";")]
    [InlineData("CREATE DATABASE \"x\";")]
    [InlineData("CREATE ROLE \"app")]
    [InlineData("CREATE ROLE \"app\"")]
    [InlineData("COMMENT ON ROLE \"app\" IS 'x;")]
    public void What_pg_dumpall_does_not_write_is_refused(string script) =>
        Assert.Throws<InvalidDataException>(() => GlobalsScript.Parse(script));
}
