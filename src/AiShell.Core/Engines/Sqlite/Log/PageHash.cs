using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// The XxHash128 of pages, the same as <see cref="XxHash128"/>'s (github.com/Cyan4973/xxHash, doc/xxhash_spec.md, "XXH3"; the algorithm for more than 240 bytes). The library's is not compiled ahead of
/// time for this processor, and by the time that the just-in-time compiler has come to a fast version of it, an increment of a gigabyte is done.
/// </summary>
internal static unsafe class PageHash
{
    private const int StripeBytes = 64;
    private const int StripesInBlock = 16;
    private const int SecretBytes = 192;
    private const int SecretStep = 8;
    private const uint Prime32A = 0x9E3779B1;
    private const uint Prime32B = 0x85EBCA77;
    private const uint Prime32C = 0xC2B2AE3D;
    private const ulong Prime64A = 0x9E3779B185EBCA87;
    private const ulong Prime64B = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime64C = 0x165667B19E3779F9;
    private const ulong Prime64D = 0x85EBCA77C2B2AE63;
    private const ulong Prime64E = 0x27D4EB2F165667C5;

    private static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
        0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
        0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
        0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
        0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    /// <param name="pages">Whole pages.</param>
    /// <param name="pageSize">512 or more.</param>
    public static void Hash(ReadOnlySpan<byte> pages, int pageSize, Span<UInt128> hashes)
    {
        int count = pages.Length / pageSize;
        if (!Avx2.IsSupported)
        {
            for (int i = 0; i < count; i++)
            {
                hashes[i] = XxHash128.HashToUInt128(pages.Slice(i * pageSize, pageSize));
            }

            return;
        }

        fixed (byte* first = pages, secret = Secret)
        {
            for (int i = 0; i < count; i++)
            {
                hashes[i] = Hash(first + ((long)i * pageSize), (uint)pageSize, secret);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static UInt128 Hash(byte* page, uint length, byte* secret)
    {
        ulong* sums = stackalloc ulong[] { Prime32C, Prime64A, Prime64B, Prime64C, Prime64D, Prime32B, Prime64E, Prime32A };
        Vector256<ulong> low = Vector256.Load(sums);
        Vector256<ulong> high = Vector256.Load(sums + 4);
        Vector256<ulong> prime = Vector256.Create((ulong)Prime32A);
        byte* scrambling = secret + SecretBytes - StripeBytes;
        byte* input = page;
        for (uint left = (length - 1) / StripeBytes; left > 0;)
        {
            uint stripes = Math.Min(left, StripesInBlock);
            byte* key = secret;
            for (uint stripe = 0; stripe < stripes; stripe++, input += StripeBytes, key += SecretStep)
            {
                low = Accumulate(low, input, key);
                high = Accumulate(high, input + 32, key + 32);
            }

            left -= stripes;
            if (stripes == StripesInBlock)
            {
                low = Scramble(low, scrambling, prime);
                high = Scramble(high, scrambling + 32, prime);
            }
        }

        input = page + length - StripeBytes;
        Accumulate(low, input, scrambling - 7).Store(sums);
        Accumulate(high, input + 32, scrambling - 7 + 32).Store(sums + 4);
        return new UInt128(
            Merge(sums, scrambling - 11, ~(length * Prime64B)),
            Merge(sums, secret + 11, length * Prime64A));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Accumulate(Vector256<ulong> sum, byte* input, byte* secret)
    {
        Vector256<ulong> data = Vector256.Load((ulong*)input);
        Vector256<uint> key = (data ^ Vector256.Load((ulong*)secret)).AsUInt32();
        Vector256<ulong> product = Avx2.Multiply(key, Avx2.Shuffle(key, 0b_11_11_01_01));
        return sum + Avx2.Shuffle(data.AsUInt32(), 0b_01_00_11_10).AsUInt64() + product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Scramble(Vector256<ulong> sum, byte* secret, Vector256<ulong> prime)
    {
        Vector256<ulong> key = sum ^ (sum >>> 47) ^ Vector256.Load((ulong*)secret);
        Vector256<ulong> lower = Avx2.Multiply(key.AsUInt32(), prime.AsUInt32());
        Vector256<ulong> upper = Avx2.Multiply((key >>> 32).AsUInt32(), prime.AsUInt32());
        return lower + (upper << 32);
    }

    private static ulong Merge(ulong* sums, byte* secret, ulong start)
    {
        ulong* key = (ulong*)secret;
        for (int i = 0; i < 8; i += 2)
        {
            ulong high = Math.BigMul(sums[i] ^ key[i], sums[i + 1] ^ key[i + 1], out ulong low);
            start += high ^ low;
        }

        start = (start ^ (start >> 37)) * 0x165667919E3779F9;
        return start ^ (start >> 32);
    }
}
