using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>Reads what is to be sent.</summary>
internal static class FileReads
{
    /// <exception cref="ArgumentOutOfRangeException">It is no part that a file could have.</exception>
    internal static void CheckRange(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, long.MaxValue - offset);
    }

    /// <summary>Blocks as long as the disk takes; never on a pipe or a terminal, which it refuses.</summary>
    /// <exception cref="IOException">The file cannot be read; it says why.</exception>
    /// <exception cref="NotSupportedException">It has no positions.</exception>
    internal static int Read(SafeFileHandle file, Span<byte> into, long offset)
    {
        try
        {
            _ = RandomAccess.GetLength(file);      // throws where there are no positions
            return RandomAccess.Read(file, into, offset);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException("The file cannot be sent: its handle was not opened for reading.", refused);
        }
        catch (NotSupportedException refused)
        {
            throw new NotSupportedException("A pipe or a terminal has no positions and cannot be sent as a file: read it, and write what was read.", refused);
        }
    }
}
