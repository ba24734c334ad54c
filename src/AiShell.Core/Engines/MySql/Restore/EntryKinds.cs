namespace AiShell.Engines.MySql.Restore;

/// <summary>The kinds of script entries that a restore has to know.</summary>
internal static class EntryKinds
{
    public const string Database = "DATABASE";
    public const string Table = "TABLE";
    public const string Keys = "KEYS";
    public const string View = "VIEW";
    public const string Function = "FUNCTION";
    public const string Procedure = "PROCEDURE";
    public const string Package = "PACKAGE";
    public const string PackageBody = "PACKAGE BODY";
    public const string Trigger = "TRIGGER";
    public const string Event = "EVENT";
}
