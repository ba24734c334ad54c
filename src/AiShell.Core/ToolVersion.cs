namespace AiShell;

/// <summary>The version of this program, as in manifests and <c>--version</c>.</summary>
public static class ToolVersion
{
    public static string Text { get; } = typeof(ToolVersion).Assembly.GetName().Version!.ToString(3);
}
