using System.CommandLine;
using System.Globalization;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Cli.Commands;

internal sealed class QueryCommand : SessionCommand
{
    private readonly Argument<string> _statement = new("statement") { Description = "One statement in the database's own language" };
    private readonly Option<string> _database = CommonOptions.Database();
    private readonly Option<string> _limit = new("--limit") { Description = "At most so many rows", HelpName = "n" };
    private readonly Option<bool> _write = new("--write") { Description = "Allow the statement to change the database" };

    public QueryCommand()
        : base("query", "Run one statement; read-only unless --write")
    {
        Add(_statement);
        Add(_database);
        Add(_limit);
        Add(_write);
        AddListFormat();
    }

    public override string? Operation => "query";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell query 'select count(*) from orders' -d shop",
        "ai-shell query 'select * from customers' -d shop --format csv --limit 100",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        ResolvedDatabase database = session.Databases.Resolve(parse.GetValue(_database));
        session.SubjectDatabase = database.Name;
        int limit = Backups.ListCommand.LimitOf(parse.GetValue(_limit));
        QueryResult result = await session.EngineOf(database.Address).QueryAsync(
            database.Address, parse.GetRequiredValue(_statement), new QueryOptions(parse.GetValue(_write), limit == int.MaxValue ? null : limit), cancellationToken);
        var document = new QueryDocument(result.Columns, result.Rows, result.Truncated, result.RowsAffected < 0 ? null : result.RowsAffected);
        session.Output.Show(new Answer<QueryDocument>(document, Documents.Default.QueryDocument, page => Print(session, page, result)));
        return 0;
    }

    private static void Print(Session session, TextPage page, QueryResult result)
    {
        if (session.Values.Csv)
        {
            CsvText.Write(session.Terminal.Out, result.Columns, result.Rows.Select(row => row.Select(Raw)));
            return;
        }

        if (result.Columns.Count > 0)
        {
            bool[] numbers = [.. result.Columns.Select((_, at) => result.Rows.Count > 0 && result.Rows.All(row => row[at] is long or double or decimal or null))];
            page.Table(result.Columns, numbers, [.. result.Rows.Select(row => row.Select(Text).ToArray())]);
        }

        if (result.Truncated)
        {
            session.Output.Say("There are more rows; --limit shows more.");
        }

        if (result.RowsAffected >= 0)
        {
            session.Output.Say($"{result.RowsAffected} rows changed.");
        }
    }

    private static string Text(object? value) => value is null ? "NULL" : Raw(value);

    private static string Raw(object? value) => value switch
    {
        null => "",
        byte[] bytes => $"x'{Convert.ToHexStringLower(bytes)}'",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
