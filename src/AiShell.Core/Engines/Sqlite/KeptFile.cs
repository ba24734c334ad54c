using System.Text.Json;
using AiShell.Engines.Sqlite.Log;
using AiShell.IO;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite;

/// <summary>What stands beside a copy that was kept: the note, and what all its pages sum up to; without the sum the copy was being changed.</summary>
internal sealed record KeptFile(string Note, string? Image)
{
    public const string Name = "kept.json";

    public static string ImageOf(string copy)
    {
        TableFingerprint sum = PageHashing.OfFile(copy);
        return $"{sum.Rows} {sum.ToHex()}";
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is damaged.</exception>
    public static KeptFile Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new KeptFile(document.RootElement.GetProperty("note").GetRawText(), document.RootElement.GetProperty("image").GetString());
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{path}' is damaged.", "Remove its folder, and restore anew without --continue.", damage);
        }
    }

    /// <summary>Durable, and whole or not at all.</summary>
    public void Write(string folder)
    {
        string path = Path.Combine(folder, Name);
        using (SafeFileHandle file = File.OpenHandle(path + ".new", FileMode.Create, FileAccess.Write))
        {
            DatabaseFile.MakePrivate(file);
            using MemoryStream content = new();
            using (Utf8JsonWriter writer = new(content))
            {
                writer.WriteStartObject();
                writer.WriteString("image", Image);
                writer.WritePropertyName("note");
                writer.WriteRawValue(Note);
                writer.WriteEndObject();
            }

            FileWrites.Write(file, content.GetBuffer().AsSpan(0, (int)content.Length), 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(path + ".new", path, overwrite: true);
        FolderSync.Flush(folder);
        FolderSync.Flush(Path.GetDirectoryName(folder)!);
    }
}
