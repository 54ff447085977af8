using EventLoop.Native;

namespace EventLoop.Scheduling;

/// <summary>New arrays of many megabytes on large pages of the system. Any thread.</summary>
/// <remarks>
/// The collector returns the memory of such arrays to the system, so that the next one gets every page anew: with pages of 4 KiB that takes four times as
/// long as to copy a file into them. It is a hint to the system about memory of the collector's; what it is used for remains the collector's affair.
/// <see cref="RuntimeTricks"/> has the switch; a system that refuses is not asked again.
/// </remarks>
internal static unsafe class LargePages
{
    private const int Size = 2 * 1024 * 1024;
    private const int Least = 2 * Size;
    private const int UseLargePages = 14;      // MADV_HUGEPAGE

    private static volatile bool isOff = !OperatingSystem.IsLinux() || !RuntimeTricks.MayAskForLargePages;

    /// <summary>Whether the system is asked.</summary>
    internal static bool IsOn => !isOff;

    /// <summary>Makes an array whose content is undefined.</summary>
    internal static byte[] NewArray(int length)
    {
        var array = GC.AllocateUninitializedArray<byte>(length);
        if (length >= Least && !isOff)
        {
            fixed (byte* start = array)
            {
                // The pages that belong to the array as a whole.
                nuint from = ((nuint)start + Size - 1) & ~(nuint)(Size - 1);
                nuint to = ((nuint)start + (nuint)length) & ~(nuint)(Size - 1);
                if (to > from && Libc.Advise(from, to - from, UseLargePages) != 0)
                {
                    isOff = true;
                }
            }
        }

        return array;
    }
}
