using CsCheck;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RoundTripProperties
{
    [Fact]
    public async Task Random_databases_come_back_in_every_format() =>
        await RandomDatabase.Statements.SampleAsync(
            async statements =>
            {
                using SqliteConnection source = TestDatabase.InMemory();
                foreach (string statement in statements)
                {
                    try
                    {
                        TestDatabase.Execute(source, statement);
                    }
                    catch (AiShellException refused) when (statement.StartsWith("INSERT", StringComparison.Ordinal) && (refused.Message.Contains("cannot store", StringComparison.Ordinal) || refused.Message.Contains("datatype mismatch", StringComparison.Ordinal)))
                    {
                        // OR IGNORE does not cover types that STRICT tables and rowids refuse
                    }
                }

                await RoundTrip.Check(source, partBytes: 600);
            },
            iter: Iterations,
            threads: 1,
            print: statements => string.Join(";\n", statements));

    private static long Iterations => long.TryParse(Environment.GetEnvironmentVariable("AI_SHELL_TEST_ITERATIONS"), out long iterations) ? iterations : 40;
}
