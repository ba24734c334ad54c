using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>How a server tells the names of tables apart (manual, lower_case_table_names).</summary>
internal sealed class TableNameCase(string setting)
{
    /// <summary>0: as they are written; 1: kept in lower case; 2: kept as they are written, and compared in lower case.</summary>
    public string Setting => setting;

    public static TableNameCase Read(MySqlSession session) => new(session.Scalar("SELECT @@lower_case_table_names")!);

    /// <summary>As the server keeps the name of a database.</summary>
    public string OfDatabase(string name) => setting == "1" ? name.ToLowerInvariant() : name;

    /// <summary>The same for all names that are one to the server.</summary>
    public string Fold(string name) => setting == "0" ? name : name.ToLowerInvariant();

    /// <summary>To the server they are one name.</summary>
    public bool IsSame(string one, string other) => Fold(one) == Fold(other);

    /// <summary>Tables, or tables and views, that would be one on the server; null where there are none.</summary>
    /// <param name="names">Each once.</param>
    public AiShellException? FindClash(IEnumerable<string> names) =>
        names.GroupBy(Fold).FirstOrDefault(group => group.Skip(1).Any()) is not { } clash ? null : new AiShellException(
            ErrorKind.Failed,
            $"{string.Join(" and ", clash.Select(name => $"'{name}'").Order(StringComparer.Ordinal))} would be one on the server, which does not tell names apart by case (lower_case_table_names = {setting}).",
            "Restore to a server with lower_case_table_names = 0, or only one of them with --tables or --exclude-tables.");
}
