using System.Globalization;
using System.Security.Cryptography;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A throw-away account for one scratch database. It may define everything there, and run nothing: a routine runs with the rights of whom it belongs to. Its name is told by the database's
/// number, so that whoever finds the one can drop the other.
/// </summary>
internal sealed class LimitedAccount(string database, uint number)
{
    private const string Prefix = "ai_shell_replay_";
    private const string Privileges = "SELECT, INSERT, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER";

    private readonly string _password = $"aZ0-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}"; // what rules for passwords may ask for

    public string User => UserOf(number);

    public string Name => NameOf(number);

    /// <param name="lent">Of the server's privileges (<see cref="LimitedRequirements.Lent"/>).</param>
    public void Make(MySqlSession admin, IEnumerable<string> lent)
    {
        admin.Execute($"CREATE USER {Name} IDENTIFIED BY {SqlText.Literal(_password)}");
        admin.Execute($"GRANT {Privileges} ON {SqlText.Quote(SqlText.Pattern(database))}.* TO {Name}");
        foreach (string privilege in lent)
        {
            admin.Execute($"GRANT {privilege} ON *.* TO {Name}");
        }
    }

    public ConnectionSettings Of(ConnectionSettings settings) => settings with { User = User, Password = _password };

    public static void Drop(MySqlSession admin, uint number) => admin.Execute($"DROP USER IF EXISTS {NameOf(number)}");

    private static string UserOf(uint number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:x8}");

    private static string NameOf(uint number) => $"{SqlText.Quote(UserOf(number))}@'%'";
}
