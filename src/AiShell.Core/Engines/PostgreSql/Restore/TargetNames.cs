using System.Security.Cryptography;
using System.Text;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Names for databases that stand beside a target for a while. PostgreSQL cuts names after 63 bytes.</summary>
internal static class TargetNames
{
    private const int LongestBytes = 63;

    /// <summary>A new name: the target's, cut where need be, what it is for, and a random end.</summary>
    public static string Beside(string target, string purpose)
    {
        string tail = $"_ai_shell_{purpose}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        string head = target;
        while (Encoding.UTF8.GetByteCount(head) + tail.Length > LongestBytes)
        {
            head = head[..^(char.IsLowSurrogate(head[^1]) ? 2 : 1)];
        }

        return head + tail;
    }
}
