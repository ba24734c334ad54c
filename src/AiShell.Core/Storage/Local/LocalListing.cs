namespace AiShell.Storage.Local;

/// <summary>Walks a local store's folders in ordinal order of keys, one folder in memory at a time on each level.</summary>
internal static class LocalListing
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false, MatchType = MatchType.Simple };

    public static IEnumerable<StoredObject> Walk(LocalFolders folders, string prefix)
    {
        string start = prefix[..(prefix.LastIndexOf('/') + 1)];
        string folder = Path.Combine(folders.Root, start);
        folders.RefuseEscape(Path.TrimEndingDirectorySeparator(folder));
        return Walk(folders, folder, start, prefix);
    }

    private static IEnumerable<StoredObject> Walk(LocalFolders folders, string folder, string folderKey, string prefix)
    {
        foreach (Entry entry in Read(folders, folder, folderKey, prefix))
        {
            if (entry.SortKey.EndsWith('/'))
            {
                foreach (StoredObject inner in Walk(folders, entry.Info.FullName, entry.SortKey, prefix))
                {
                    yield return inner;
                }
            }
            else if (Stat(entry) is { } found)
            {
                yield return found;
            }
        }
    }

    // A folder sorts as its name and a slash, because its objects' keys do: "a-b", "a.b", "a/b", "a0".
    private static List<Entry> Read(LocalFolders folders, string folder, string folderKey, string prefix)
    {
        var entries = new List<Entry>();
        try
        {
            foreach (FileSystemInfo info in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything))
            {
                if (!ObjectKey.IsSegment(info.Name) || (folderKey.Length == 0 && info.Name == LocalFolders.UnfinishedName))
                {
                    continue;
                }

                bool isFolder = info.Attributes.HasFlag(FileAttributes.Directory);
                string key = folderKey + info.Name + (isFolder ? "/" : "");
                if (!key.StartsWith(prefix, StringComparison.Ordinal) && !(isFolder && prefix.StartsWith(key, StringComparison.Ordinal)))
                {
                    continue;
                }

                if (info.LinkTarget is not null)
                {
                    // A link inside is another name of objects that are listed; one that leads outside hides objects, which must not pass in silence.
                    folders.RefuseEscape(info.FullName);
                    continue;
                }

                entries.Add(new Entry(key, info));
            }
        }
        catch (DirectoryNotFoundException)
        {
            // removed while we walk: it holds nothing now
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "list", folder);
        }

        entries.Sort(static (left, right) => string.CompareOrdinal(left.SortKey, right.SortKey));
        return entries;
    }

    private static StoredObject? Stat(Entry entry)
    {
        entry.Info.Refresh();
        return entry.Info is FileInfo { Exists: true } file
            ? new StoredObject(entry.SortKey, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero))
            : null;
    }

    private sealed record Entry(string SortKey, FileSystemInfo Info);
}
