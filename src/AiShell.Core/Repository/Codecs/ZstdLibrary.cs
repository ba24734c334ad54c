using System.Runtime.InteropServices;

namespace AiShell.Repository.Codecs;

/// <summary>
/// The advanced and the streaming interface of libzstd (zstd.h), which the ZstdNet package ships for Linux, Windows and macOS.
/// Bound directly: measured faster than the managed port, and its own streams hide whether a frame was complete.
/// </summary>
internal static unsafe partial class ZstdLibrary
{
    public const int CompressionLevel = 100;
    public const int ChecksumFlag = 201;
    private const string Library = "libzstd";

    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    /// <exception cref="InvalidDataException">libzstd reports an error.</exception>
    public static nuint Check(nuint result) => IsError(result) == 0
        ? result
        : throw new InvalidDataException($"The zstd stream is corrupt: {Marshal.PtrToStringUTF8(ErrorName(result))}.");

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreateCompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetParameter(nint context, int parameter, int value);

    /// <summary>The most bytes that a frame of so many plain bytes can take.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    public static partial nuint CompressBound(nuint plainBytes);

    /// <summary>Compresses all of the source into one frame, which says how many bytes it holds.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_compress2")]
    public static partial nuint CompressFrame(nint context, byte* target, nuint targetBytes, byte* source, nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint result);
}
