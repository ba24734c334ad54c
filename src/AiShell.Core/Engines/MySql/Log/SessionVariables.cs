using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>What a logged statement depends on of the session that ran it (manuals, "QUERY_EVENT", "Status variables").</summary>
/// <param name="Assignments">For SET SESSION, in the terms of the server that wrote them.</param>
/// <param name="TimeZone">Null where it is of no account.</param>
/// <param name="Microsecond">Of its time, beside the event's second.</param>
/// <param name="Invoker">Who ran it, as a statement names an account; null where that is of no account.</param>
internal sealed record SessionVariables(IReadOnlyList<string> Assignments, string? TimeZone, int Microsecond, string? Invoker)
{
    private const byte Flags = 0;
    private const byte SqlMode = 1;
    private const byte CatalogWithEnd = 2;
    private const byte AutoIncrement = 3;
    private const byte CharacterSets = 4;
    private const byte Zone = 5;
    private const byte Catalog = 6;
    private const byte TimeNames = 7;
    private const byte DatabaseCollation = 8;
    private const byte TableMapForUpdate = 9;
    private const byte WrittenBytes = 10;
    private const byte Account = 11;
    private const byte UpdatedDatabases = 12;
    private const byte MySqlMicrosecond = 13;
    private const byte ExplicitDefaults = 16;
    private const byte TransactionNumber = 17;
    private const byte DefaultCollation = 18;
    private const byte RequiresPrimaryKey = 19;
    private const byte TableEncryption = 20;
    private const byte MariaDbMicrosecond = 128;

    public static SessionVariables Read(LoggedStatement statement, bool isMariaDb)
    {
        List<string> assignments = [];
        string? zone = null;
        int microsecond = 0;
        string? invoker = null;
        ReadOnlySpan<byte> rest = statement.Variables;
        while (rest.Length > 1)
        {
            byte code = rest[0];
            rest = rest[1..];
            int length = LengthOf(code, rest);
            if (length < 0 || length > rest.Length)
            {
                break; // what is not known is the last, and of no account
            }

            ReadOnlySpan<byte> value = rest[..length];
            switch (code)
            {
                case Flags:
                    AddFlags(assignments, BinaryPrimitives.ReadUInt32LittleEndian(value), isMariaDb);
                    break;
                case SqlMode:
                    assignments.Add($"sql_mode = {BinaryPrimitives.ReadUInt64LittleEndian(value)}");
                    break;
                case CharacterSets:
                    assignments.Add($"character_set_client = {BinaryPrimitives.ReadUInt16LittleEndian(value)}, collation_connection = {BinaryPrimitives.ReadUInt16LittleEndian(value[2..])}, collation_server = {BinaryPrimitives.ReadUInt16LittleEndian(value[4..])}");
                    break;
                case TimeNames:
                    assignments.Add($"lc_time_names = {BinaryPrimitives.ReadUInt16LittleEndian(value)}");
                    break;
                case Zone:
                    zone = Encoding.UTF8.GetString(value[1..]);
                    assignments.Add($"time_zone = {SqlText.Literal(zone)}");
                    break;
                case Account:
                    int user = value[0];
                    invoker = $"{SqlText.Quote(Encoding.UTF8.GetString(value.Slice(1, user)))}@{SqlText.Quote(Encoding.UTF8.GetString(value[(user + 2)..]))}";
                    break;
                case MySqlMicrosecond or MariaDbMicrosecond:
                    microsecond = value[0] | (value[1] << 8) | (value[2] << 16);
                    break;
                case ExplicitDefaults when !isMariaDb:
                    assignments.Add($"explicit_defaults_for_timestamp = {value[0]}");
                    break;
                case DefaultCollation when !isMariaDb:
                    assignments.Add($"default_collation_for_utf8mb4 = {BinaryPrimitives.ReadUInt16LittleEndian(value)}");
                    break;
                case RequiresPrimaryKey when !isMariaDb:
                    assignments.Add($"sql_require_primary_key = {value[0]}");
                    break;
                case TableEncryption when !isMariaDb:
                    assignments.Add($"default_table_encryption = {value[0]}");
                    break;
            }

            rest = rest[length..];
        }

        return new SessionVariables(assignments, zone, microsecond, invoker);
    }

    /// <summary>The whole statement that sets them.</summary>
    public string ToSql(uint second) => $"SET SESSION {string.Join(", ", [.. Assignments, string.Create(CultureInfo.InvariantCulture, $"timestamp = {second}.{Microsecond:D6}")])}";

    private static int LengthOf(byte code, ReadOnlySpan<byte> rest) => code switch
    {
        Flags or AutoIncrement or WrittenBytes => 4,
        SqlMode or TableMapForUpdate => 8,
        CharacterSets => 6,
        TimeNames or DatabaseCollation => 2,
        Zone or Catalog => 1 + rest[0],
        CatalogWithEnd => 2 + rest[0],
        Account => 1 + rest[0] is var user && user < rest.Length ? user + 1 + rest[user] : -1,
        UpdatedDatabases => LengthOfNames(rest),
        MySqlMicrosecond or MariaDbMicrosecond => 3,
        TransactionNumber => 8,
        DefaultCollation => 2,
        ExplicitDefaults or RequiresPrimaryKey or TableEncryption => 1,
        _ => -1,
    };

    /// <summary>MySQL's "Q_MTS_ACCESSED_DB_NAMES": how many, then names that end with a zero; more than there is room for are none.</summary>
    private static int LengthOfNames(ReadOnlySpan<byte> rest)
    {
        const byte TooMany = 254;
        int length = 1;
        for (int name = rest[0] == TooMany ? 0 : rest[0]; name > 0; name--)
        {
            int end = rest[length..].IndexOf((byte)0);
            if (end < 0)
            {
                return -1;
            }

            length += end + 1;
        }

        return length;
    }

    private static void AddFlags(List<string> assignments, uint flags, bool isMariaDb)
    {
        const int AutoIsNull = 14;
        const int NoCheckConstraints = 15;
        const int ExplicitTimestamps = 24;
        const int NoForeignKeyChecks = 26;
        const int NoUniqueChecks = 27;
        const int IfExists = 28;

        assignments.Add($"foreign_key_checks = {Bit(NoForeignKeyChecks) ^ 1}, unique_checks = {Bit(NoUniqueChecks) ^ 1}, sql_auto_is_null = {Bit(AutoIsNull)}");
        if (isMariaDb)
        {
            assignments.Add($"check_constraint_checks = {Bit(NoCheckConstraints) ^ 1}, explicit_defaults_for_timestamp = {Bit(ExplicitTimestamps)}, sql_if_exists = {Bit(IfExists)}");
        }

        uint Bit(int number) => (flags >> number) & 1;
    }
}
