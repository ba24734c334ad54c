using System.Globalization;
using AiShell.CodecBench;
using AiShell.Repository.Codecs;

int megabytes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8;
int pairs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
string? only = args.Length > 2 ? args[2] : null;
int highest = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : int.MaxValue;

Console.WriteLine("MB/s: plain megabytes in a second of processor time. ratio: plain bytes a stored byte.");
Console.WriteLine("speed and size /tool: ours divided by the tool's at the same level; median of the paired runs. restore: MB/s of reading back.");
DirectoryInfo folder = Directory.CreateTempSubdirectory("ai-shell-codecs-");
try
{
    foreach (PlainPart part in await PlainPart.MakeAllAsync(folder.FullName, megabytes * 1024 * 1024))
    {
        Console.WriteLine(FormattableString.Invariant($"\n{part.Title}, {part.Bytes.Length / 1e6:F1} MB"));
        Console.WriteLine($"{"codec",-6} {"level",5} {"MB/s",8} {"ratio",7} {"restore",8}   {"tool MB/s",9} {"tool ratio",10}   {"speed/tool",10} {"size/tool",9}");
        foreach (ICodec codec in CodecRegistry.All.Where(codec => codec.Name != "none" && (only ?? codec.Name) == codec.Name))
        {
            for (int level = codec.MinimumLevel; level <= Math.Min(codec.MaximumLevel, highest); level++)
            {
                Console.WriteLine(Comparison.Measure(codec, level, part, pairs, folder.FullName));
            }
        }
    }
}
finally
{
    folder.Delete(recursive: true);
}
