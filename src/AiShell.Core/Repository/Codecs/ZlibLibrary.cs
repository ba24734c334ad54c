using System.Runtime.InteropServices;

namespace AiShell.Repository.Codecs;

/// <summary>
/// inflate (zlib.h) in the native half of System.IO.Compression, zlib-ng. Called directly because .NET's streams neither
/// say where a member ends in the input nor, unless a switch is set for the whole process, that it was cut short. These
/// are the functions and the structure that System.IO.Compression itself calls (pal_zlib.h);
/// if a later .NET changed them, every gzip test would fail.
/// </summary>
internal static unsafe partial class ZlibLibrary
{
    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int NoProgress = -5;

    /// <summary>A window of 2^15 bytes, and the gzip format only.</summary>
    public const int GzipWindow = 15 + 16;

    private const string Library = "libSystem.IO.Compression.Native";

    [StructLayout(LayoutKind.Sequential)]
    public struct State
    {
        public byte* NextIn;
        public byte* NextOut;
        public byte* Message;
        public void* Internal;
        public uint AvailableIn;
        public uint AvailableOut;
    }

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")]
    public static partial int InflateInit(State* state, int windowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")]
    public static partial int Inflate(State* state, int flush);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")]
    public static partial int InflateReset(State* state, int windowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")]
    public static partial int InflateEnd(State* state);
}
